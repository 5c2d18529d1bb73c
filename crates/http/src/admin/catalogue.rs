//! The whole catalogue, and the holiday table that comes with the program.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::catalogue::CatalogueView;
use axum::extract::State;
use city::holiday::{self, Holidays};
use kernel::Edition;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(catalogue)).routes(routes!(holidays))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    #[param(value_type = String, pattern = "^(2013|2026)$")]
    edition: Edition,
}

/// Every class of an edition with its criteria and its counterpart in the other edition.
#[utoipa::path(get, path = "/api/catalogue", tag = "administration", params(Asked), responses((status = 200, body = CatalogueView)))]
async fn catalogue(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<CatalogueView>, HttpError> {
    Ok(Json(app.catalogue(&caller.actor, asked.edition)?))
}

/// Days off and make-up working days of mainland China by year, each year with how sure it is.
#[utoipa::path(get, path = "/api/holidays", tag = "administration", responses((status = 200, body = Object)))]
async fn holidays(_caller: Caller) -> Json<Holidays> {
    Json(holiday::china())
}
