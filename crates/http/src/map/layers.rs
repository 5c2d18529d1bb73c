//! What the map can show this caller, and how many there are in a section of it.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::layers::LayersView;
use app::section::Section;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(layers))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// west,south,east,north in degrees; counts are those inside.
    #[param(max_length = 200)]
    bbox: Option<String>,
    /// A POLYGON in well-known text instead of a box.
    #[param(max_length = 8000)]
    within: Option<String>,
}

/// Layers with their classes and states, counted for this caller: everywhere, in a box, or in a polygon.
///
/// Of cases, open ones are counted.
#[utoipa::path(get, path = "/api/layers", tag = "map", params(Asked), responses((status = 200, body = LayersView)))]
async fn layers(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<LayersView>, HttpError> {
    let section = Section::read(asked.bbox.as_deref(), asked.within.as_deref())?;
    Ok(Json(app.layers(&caller.actor, section).await?))
}
