//! Drafts of the next edition: draw, check, hand in, publish.

use super::{bounds, done};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::error::Problems;
use app::grids::draft::{DraftDetail, DraftIn, DraftView};
use app::grids::edit::EditIn;
use app::grids::findings::FindingsView;
use app::grids::publish::DraftStepIn;
use axum::extract::{DefaultBodyLimit, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes of one edit: an import of 20,936 polygons as GeoJSON is 15 MB.
const EDIT_MAX: usize = 48 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(grid_drafts, start_grid_draft))
        .routes(routes!(grid_draft))
        .routes(routes!(grid_draft_geojson))
        .routes(routes!(check_grid_draft))
        .routes(routes!(step_grid_draft))
        .routes(routes!(edit_grid_draft).layer(DefaultBodyLimit::max(EDIT_MAX)))
}

#[derive(Serialize, ToSchema)]
struct GridDrafts {
    items: Vec<DraftView>,
}

/// Drafts of the grid system, newest first.
#[utoipa::path(get, path = "/api/grids/drafts", tag = "grids", responses((status = 200, body = GridDrafts)))]
async fn grid_drafts(State(app): State<App>, caller: Caller) -> Result<Json<GridDrafts>, HttpError> {
    Ok(Json(GridDrafts { items: app.grid_drafts(&caller.actor).await? }))
}

/// Begins a draft from the latest edition.
#[utoipa::path(post, path = "/api/grids/drafts", tag = "grids", request_body = DraftIn,
    responses((status = 200, body = DraftDetail)))]
async fn start_grid_draft(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<DraftIn>,
) -> Result<Json<DraftDetail>, HttpError> {
    Ok(Json(app.start_grid_draft(&caller.actor, body).await?))
}

/// One draft: what it changes, and its steps.
#[utoipa::path(get, path = "/api/grids/drafts/{id}", tag = "grids", params(("id" = String, Path, max_length = 20)),
    responses((status = 200, body = DraftDetail)))]
async fn grid_draft(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DraftDetail>, HttpError> {
    Ok(Json(app.see_grid_draft(&caller.actor, &id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Boxed {
    /// `west,south,east,north` in degrees.
    #[param(max_length = 100)]
    bbox: Option<String>,
}

/// Grids and outlines of communities as a draft has them, GeoJSON. `state` says `added` or `changed`.
#[utoipa::path(get, path = "/api/grids/drafts/{id}/geojson", tag = "grids",
    params(("id" = String, Path, max_length = 20), Boxed), responses((status = 200, body = Object)))]
async fn grid_draft_geojson(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<Boxed>,
) -> Result<Json<Value>, HttpError> {
    let mut problems = Problems::default();
    let bounds = bounds(query.bbox.as_ref(), &mut problems);
    done(problems)?;
    Ok(Json(app.draw_grid_draft(&caller.actor, &id, bounds).await?))
}

/// Everything wrong with the grids as a draft has them, each with its place.
#[utoipa::path(get, path = "/api/grids/drafts/{id}/check", tag = "grids",
    params(("id" = String, Path, max_length = 20)), responses((status = 200, body = FindingsView)))]
async fn check_grid_draft(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<FindingsView>, HttpError> {
    Ok(Json(app.check_grid_draft(&caller.actor, &id).await?))
}

/// Draws, reshapes, splits, merges, voids, divides, imports, renumbers, repairs; undoes and does again.
#[utoipa::path(post, path = "/api/grids/drafts/{id}/edits", tag = "grids",
    params(("id" = String, Path, max_length = 20)), request_body = EditIn,
    responses((status = 200, body = DraftDetail)))]
async fn edit_grid_draft(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<EditIn>,
) -> Result<Json<DraftDetail>, HttpError> {
    Ok(Json(app.edit_grid_draft(&caller.actor, &id, body).await?))
}

/// Hands a draft in, sends it back, publishes it as the next edition, or gives it up.
#[utoipa::path(post, path = "/api/grids/drafts/{id}/steps", tag = "grids",
    params(("id" = String, Path, max_length = 20)), request_body = DraftStepIn,
    responses((status = 200, body = DraftDetail)))]
async fn step_grid_draft(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<DraftStepIn>,
) -> Result<Json<DraftDetail>, HttpError> {
    Ok(Json(app.step_grid_draft(&caller.actor, &id, body).await?))
}
