//! Inspections, offences, scores.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::registers::{
    DuePage, DueQuery, InspectIn, OffenceIn, RecordsView, ScoreQuery, ScoresView, WithdrawIn,
};
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(scores))
        .routes(routes!(due))
        .routes(routes!(entry_records))
        .routes(routes!(inspect))
        .routes(routes!(offend))
        .routes(routes!(withdraw))
}

/// Scores of a period by district, street or community.
#[utoipa::path(get, path = "/api/registers/{register}/scores", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"), ScoreQuery),
    responses((status = 200, body = ScoresView)))]
async fn scores(
    State(app): State<App>,
    caller: Caller,
    Path(register): Path<String>,
    Query(query): Query<ScoreQuery>,
) -> Result<Json<ScoresView>, HttpError> {
    Ok(Json(app.register_scores(&caller.actor, &register, &query).await?))
}

/// Inspections that are due, the longest overdue first.
#[utoipa::path(get, path = "/api/registers/{register}/due", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"), DueQuery),
    responses((status = 200, body = DuePage)))]
async fn due(
    State(app): State<App>,
    caller: Caller,
    Path(register): Path<String>,
    Query(query): Query<DueQuery>,
) -> Result<Json<DuePage>, HttpError> {
    Ok(Json(app.due_inspections(&caller.actor, &register, &query).await?))
}

/// Inspections and offences of an entry, newest first.
#[utoipa::path(get, path = "/api/registers/{register}/{code}/records", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    responses((status = 200, body = RecordsView)))]
async fn entry_records(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
) -> Result<Json<RecordsView>, HttpError> {
    Ok(Json(app.entry_records(&caller.actor, &register, &code).await?))
}

/// Records an inspection: the whole checklist, answered.
#[utoipa::path(post, path = "/api/registers/{register}/{code}/inspections", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    request_body = InspectIn, responses((status = 201, body = RecordsView)))]
async fn inspect(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
    Json(body): Json<InspectIn>,
) -> Result<(StatusCode, Json<RecordsView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.inspect_entry(&caller.actor, &register, &code, body).await?)))
}

/// Records an offence.
#[utoipa::path(post, path = "/api/registers/{register}/{code}/offences", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    request_body = OffenceIn, responses((status = 201, body = RecordsView)))]
async fn offend(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
    Json(body): Json<OffenceIn>,
) -> Result<(StatusCode, Json<RecordsView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.record_offence(&caller.actor, &register, &code, body).await?)))
}

/// Takes an offence back: it stays to be seen and costs nothing any more.
#[utoipa::path(post, path = "/api/registers/{register}/{code}/offences/{offence}/withdraw", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$"),
        ("offence" = String, Path, max_length = 12, pattern = "^[0-9]{6,12}$")),
    request_body = WithdrawIn, responses((status = 200, body = RecordsView)))]
async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path((register, code, offence)): Path<(String, String, String)>,
    Json(body): Json<WithdrawIn>,
) -> Result<Json<RecordsView>, HttpError> {
    Ok(Json(app.withdraw_offence(&caller.actor, &register, &code, &offence, body).await?))
}
