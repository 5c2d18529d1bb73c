//! Edit batches: drawn up, checked, looked over, published as one.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::edits::{EditCommand, EditQuery, EditReport, EditStep, EditView, NewEdit};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(edits, begin_edit))
        .routes(routes!(edit))
        .routes(routes!(add_to_edit))
        .routes(routes!(undo_in_edit))
        .routes(routes!(check_edit))
        .routes(routes!(step_edit))
}

#[derive(Serialize, ToSchema)]
struct Edits {
    items: Vec<EditView>,
}

/// Batches of edits, newest first: one's own, and those in review or published.
#[utoipa::path(get, path = "/api/edits", tag = "edits", params(EditQuery), responses((status = 200, body = Edits)))]
async fn edits(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<EditQuery>,
) -> Result<Json<Edits>, HttpError> {
    Ok(Json(Edits { items: app.edits(&caller.actor, &query).await? }))
}

/// Begins a batch.
#[utoipa::path(post, path = "/api/edits", tag = "edits", request_body = NewEdit,
    responses((status = 201, body = EditView)))]
async fn begin_edit(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewEdit>,
) -> Result<(StatusCode, Json<EditView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.begin_edit(&caller.actor, body).await?)))
}

/// A batch with its commands.
#[utoipa::path(get, path = "/api/edits/{edit}", tag = "edits", params(("edit" = String, Path, format = Uuid)),
    responses((status = 200, body = EditView)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EditView>, HttpError> {
    Ok(Json(app.edit(&caller.actor, &id).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddCommand {
    command: EditCommand,
}

/// Adds a command to one's own draft; one that could not be carried out is refused.
#[utoipa::path(post, path = "/api/edits/{edit}/commands", tag = "edits", params(("edit" = String, Path, format = Uuid)),
    request_body = AddCommand, responses((status = 200, body = EditView)))]
async fn add_to_edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<AddCommand>,
) -> Result<Json<EditView>, HttpError> {
    Ok(Json(app.add_to_edit(&caller.actor, &id, body.command).await?))
}

/// Takes the last command back (undo).
#[utoipa::path(delete, path = "/api/edits/{edit}/commands/last", tag = "edits", params(("edit" = String, Path, format = Uuid)),
    responses((status = 200, body = EditView)))]
async fn undo_in_edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EditView>, HttpError> {
    Ok(Json(app.undo_in_edit(&caller.actor, &id).await?))
}

/// What is wrong with a batch as things stand: codes, versions, places, neighbours.
#[utoipa::path(get, path = "/api/edits/{edit}/check", tag = "edits", params(("edit" = String, Path, format = Uuid)),
    responses((status = 200, body = EditReport)))]
async fn check_edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EditReport>, HttpError> {
    Ok(Json(app.check_edit(&caller.actor, &id).await?))
}

/// Submits, returns, publishes or discards a batch. Publishing writes all of it or nothing.
#[utoipa::path(post, path = "/api/edits/{edit}/steps", tag = "edits", params(("edit" = String, Path, format = Uuid)),
    request_body = EditStep, responses((status = 200, body = EditView)))]
async fn step_edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<EditStep>,
) -> Result<Json<EditView>, HttpError> {
    Ok(Json(app.step_edit(&caller.actor, &id, body).await?))
}
