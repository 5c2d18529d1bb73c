//! Duty grids and the rotation of teams. A duty grid itself is the record `duty_grids`.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use app::App;
use app::grids::duty::{DutyGridsView, RotationIn, RotationView};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(duty_grids)).routes(routes!(rotate_duty_grids))
}

/// Duty, supervision, patrol and handler grids: sets of unit grids with people; and what none or several hold.
#[utoipa::path(get, path = "/api/duty-grids", tag = "grids", responses((status = 200, body = DutyGridsView)))]
async fn duty_grids(State(app): State<App>, caller: Caller) -> Result<Json<DutyGridsView>, HttpError> {
    Ok(Json(app.duty_grids(&caller.actor)?))
}

/// Plans the rotation of teams (`dry_run`), or carries it out: people and their shifts move on from a day.
#[utoipa::path(post, path = "/api/duty-grids/rotation", tag = "grids", request_body = RotationIn,
    responses((status = 200, body = RotationView)))]
async fn rotate_duty_grids(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<RotationIn>,
) -> Result<Json<RotationView>, HttpError> {
    Ok(Json(app.rotate_duty_grids(&caller.actor, body).await?))
}
