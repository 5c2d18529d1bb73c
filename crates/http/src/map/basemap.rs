//! Base maps the city has configured.

use crate::caller::{Caller, Guest};
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use app::App;
use app::basemap::BasemapsView;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(basemaps)).routes(routes!(public_basemaps))
}

/// The base maps of the city, the first one first: addresses ready to use, the datum of each named.
#[utoipa::path(get, path = "/api/basemaps", tag = "map", responses((status = 200, body = BasemapsView)))]
async fn basemaps(State(app): State<App>, caller: Caller) -> Result<Json<BasemapsView>, HttpError> {
    Ok(Json(app.basemaps(caller.actor.city)?))
}

/// The same for people without account.
#[utoipa::path(get, path = "/api/public/basemaps", tag = "public", responses((status = 200, body = BasemapsView)))]
async fn public_basemaps(State(app): State<App>, guest: Guest) -> Result<Json<BasemapsView>, HttpError> {
    Ok(Json(app.basemaps(guest.city)?))
}
