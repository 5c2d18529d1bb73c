//! Registers and their entries.

use crate::attachment::{SizeWord, bytes_answer};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::registers::{
    EntryHistoryLine, EntryIn, EntryPage, EntryQuery, EntryStepRequest, EntryView, RaiseIn, RaisedView,
    RegisterView,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(registers))
        .routes(routes!(entries, create_entry))
        .routes(routes!(entry))
        .routes(routes!(history))
        .routes(routes!(step))
        .routes(routes!(raise))
        .routes(routes!(file))
}

/// The registers the caller may see, as their packs define them: for forms and lists.
#[utoipa::path(get, path = "/api/registers", tag = "registers", responses((status = 200, body = Vec<RegisterView>)))]
async fn registers(State(app): State<App>, caller: Caller) -> Result<Json<Vec<RegisterView>>, HttpError> {
    Ok(Json(app.registers(&caller.actor).await?))
}

/// Entries of a register, filtered, sorted, a page at a time.
#[utoipa::path(get, path = "/api/registers/{register}", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"), EntryQuery),
    responses((status = 200, body = EntryPage)))]
async fn entries(
    State(app): State<App>,
    caller: Caller,
    Path(register): Path<String>,
    Query(query): Query<EntryQuery>,
) -> Result<Json<EntryPage>, HttpError> {
    Ok(Json(app.list_entries(&caller.actor, &register, &query).await?))
}

/// Makes an entry. The client's id makes it safe to send twice.
#[utoipa::path(post, path = "/api/registers/{register}", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$")),
    request_body = EntryIn, responses((status = 201, body = EntryView)))]
async fn create_entry(
    State(app): State<App>,
    caller: Caller,
    Path(register): Path<String>,
    Json(body): Json<EntryIn>,
) -> Result<(StatusCode, Json<EntryView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.create_entry(&caller.actor, &register, body).await?)))
}

/// One entry with its documents, relations, cases and what the caller may do.
#[utoipa::path(get, path = "/api/registers/{register}/{code}", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    responses((status = 200, body = EntryView)))]
async fn entry(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
) -> Result<Json<EntryView>, HttpError> {
    Ok(Json(app.see_entry(&caller.actor, &register, &code).await?))
}

/// Every version of an entry, newest first.
#[utoipa::path(get, path = "/api/registers/{register}/{code}/history", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    responses((status = 200, body = Vec<EntryHistoryLine>)))]
async fn history(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
) -> Result<Json<Vec<EntryHistoryLine>>, HttpError> {
    Ok(Json(app.entry_history(&caller.actor, &register, &code).await?))
}

/// Changes, moves, closes or removes an entry.
#[utoipa::path(post, path = "/api/registers/{register}/{code}/steps", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    request_body = EntryStepRequest, responses((status = 200, body = EntryView)))]
async fn step(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
    Json(body): Json<EntryStepRequest>,
) -> Result<Json<EntryView>, HttpError> {
    Ok(Json(app.step_entry(&caller.actor, &register, &code, body).await?))
}

/// Raises a case on an entry, through the ordinary report.
#[utoipa::path(post, path = "/api/registers/{register}/{code}/cases", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$")),
    request_body = RaiseIn, responses((status = 201, body = RaisedView)))]
async fn raise(
    State(app): State<App>,
    caller: Caller,
    Path((register, code)): Path<(String, String)>,
    Json(body): Json<RaiseIn>,
) -> Result<(StatusCode, Json<RaisedView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.raise_case(&caller.actor, &register, &code, body).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhichSize {
    #[serde(default)]
    #[param(inline)]
    size: SizeWord,
}

/// A photo or paper of an entry, its inspections or its offences.
#[utoipa::path(get, path = "/api/registers/{register}/{code}/attachments/{id}", tag = "registers",
    params(("register" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$"),
        ("code" = String, Path, max_length = 40, pattern = "^[0-9]{6,12}[A-Z]{1,6}[0-9]{3,20}$"),
        ("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"), WhichSize),
    responses((status = 200, description = "Photo or video", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 206, description = "The part asked for", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 304, description = "As the caller has it")))]
async fn file(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((register, code, id)): Path<(String, String, String)>,
    Query(query): Query<WhichSize>,
) -> Result<Response, HttpError> {
    let (bytes, kind) = app.entry_attachment(&caller.actor, &register, &code, &id, query.size.into()).await?;
    Ok(bytes_answer(&headers, &id, query.size, bytes, &kind))
}
