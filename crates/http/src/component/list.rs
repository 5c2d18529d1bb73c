//! Lists and counts of components.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::components::{ComponentPage, ComponentQuery, ComponentSummary};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(components)).routes(routes!(component_summary))
}

/// Components by class, grid, state, place or words. Removed ones are not listed.
#[utoipa::path(get, path = "/api/components", tag = "components", params(ComponentQuery),
    responses((status = 200, body = ComponentPage)))]
async fn components(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ComponentQuery>,
) -> Result<Json<ComponentPage>, HttpError> {
    Ok(Json(app.list_components(&caller.actor, &query).await?))
}

/// How many there are by class and state, confirmed, and not surveyed within a year. Takes no words.
#[utoipa::path(get, path = "/api/components/summary", tag = "components", params(ComponentQuery),
    responses((status = 200, body = ComponentSummary)))]
async fn component_summary(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ComponentQuery>,
) -> Result<Json<ComponentSummary>, HttpError> {
    let found = tokio::task::spawn_blocking(move || app.summarise_components(&caller.actor, &query)).await;
    Ok(Json(found.map_err(|_| app::AppError::Busy)??))
}
