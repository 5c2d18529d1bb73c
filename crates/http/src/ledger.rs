//! Ledgers (回退、作废、延期、挂账台账) and the overview by department.

use crate::caller::Caller;
use crate::case::export;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use crate::table::TableFormat;
use app::App;
use app::ledger::{LedgerQuery, LedgerView, OverviewView};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(ledger)).routes(routes!(export_ledger)).routes(routes!(overview))
}

/// A ledger with its share of all cases: `return`, `void`, `extension` or `suspension`.
#[utoipa::path(get, path = "/api/ledgers/{kind}", tag = "ledger",
    params(("kind" = String, Path, max_length = 20, pattern = "^(return|void|extension|suspension)$"), LedgerQuery),
    responses((status = 200, body = LedgerView)))]
async fn ledger(
    State(app): State<App>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<LedgerView>, HttpError> {
    Ok(Json(app.ledger(&caller.actor, &kind, &query).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Reported from, epoch milliseconds.
    from: Option<i64>,
    /// Reported before, epoch milliseconds.
    to: Option<i64>,
    department: Option<u32>,
    #[param(inline)]
    format: TableFormat,
}

/// The cases of a ledger as a file. Written into the audit log.
#[utoipa::path(get, path = "/api/ledgers/{kind}/export", tag = "ledger",
    params(("kind" = String, Path, max_length = 20, pattern = "^(return|void|extension|suspension)$"), ExportQuery),
    responses((status = 200, description = "The file", content(
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
async fn export_ledger(
    State(app): State<App>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, HttpError> {
    if !app::rights::features(&caller.actor).contains(&"export") {
        return Err(app::AppError::Forbidden("export").into());
    }
    let asked = LedgerQuery { from: query.from, to: query.to, department: query.department };
    let view = app.ledger(&caller.actor, &kind, &asked).await?;
    let detail = format!("{} of {} rows", view.items.len(), view.count);
    app.note_export(&caller.actor, &format!("ledger {kind}"), &detail, &caller.address.to_string()).await?;
    export::table("ledger", view.items, &app, &caller)?.answer(query.format).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Span {
    /// Reported from, epoch milliseconds.
    from: Option<i64>,
    /// Reported before, epoch milliseconds.
    to: Option<i64>,
}

/// Figures of every department; each is the count of the list with the same filter.
#[utoipa::path(get, path = "/api/overview", tag = "ledger", params(Span), responses((status = 200, body = OverviewView)))]
async fn overview(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Span>,
) -> Result<Json<OverviewView>, HttpError> {
    Ok(Json(app.overview(&caller.actor, query.from, query.to).await?))
}
