//! Registering and changing components.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use app::App;
use app::components::{BatchIn, ComponentBatchView, ComponentStepRequest, ComponentView, RegisterIn};
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(register_component))
        .routes(routes!(step_component))
        .routes(routes!(change_components))
}

/// Registers a component; its code is issued unless one is given.
#[utoipa::path(post, path = "/api/components", tag = "components", request_body = RegisterIn,
    responses((status = 201, body = ComponentView)))]
async fn register_component(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<RegisterIn>,
) -> Result<(StatusCode, Json<ComponentView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.register_component(&caller.actor, body).await?)))
}

/// Takes a step: change, move, set the state, confirm ownership, survey, remove.
#[utoipa::path(post, path = "/api/components/{code}/steps", tag = "components",
    params(("code" = String, Path, min_length = 16, max_length = 17, pattern = "^[0-9]{16,17}$")),
    request_body = ComponentStepRequest, responses((status = 200, body = ComponentView)))]
async fn step_component(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    Json(body): Json<ComponentStepRequest>,
) -> Result<Json<ComponentView>, HttpError> {
    Ok(Json(app.step_component(&caller.actor, &code, body).await?))
}

/// Changes all components of a selection, at most 5,000, in one piece; with `dry_run` only says what would happen.
#[utoipa::path(post, path = "/api/components/batch", tag = "components", request_body = BatchIn,
    responses((status = 200, body = ComponentBatchView)))]
async fn change_components(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<BatchIn>,
) -> Result<Json<ComponentBatchView>, HttpError> {
    Ok(Json(app.change_components(&caller.actor, body).await?))
}
