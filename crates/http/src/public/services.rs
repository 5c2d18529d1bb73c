//! What the public may report, and where it is.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use crate::place::find::{At, Words};
use app::App;
use app::places::{PlaceFound, PlaceView};
use app::session::CityView;
use app::vocabulary::ServiceView;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(public_services))
        .routes(routes!(public_find_places))
        .routes(routes!(public_place_at))
}

#[derive(Serialize, ToSchema)]
struct PublicServices {
    city: CityView,
    /// Of the city, for those who would rather call.
    phone: String,
    services: Vec<ServiceView>,
}

/// The classes citizens may choose, with the questions each asks.
#[utoipa::path(get, path = "/api/public/services", tag = "public", responses((status = 200, body = PublicServices)))]
async fn public_services(State(app): State<App>, guest: Guest) -> Result<Json<PublicServices>, HttpError> {
    Ok(Json(PublicServices {
        city: app.city_view(guest.city)?,
        phone: app.config(guest.city)?.settings.phone.clone(),
        services: app.public_services(guest.city)?,
    }))
}

/// Places that some words may mean, best first.
#[utoipa::path(get, path = "/api/public/places/find", tag = "public", params(Words),
    responses((status = 200, body = Vec<PlaceFound>)))]
async fn public_find_places(
    State(app): State<App>,
    guest: Guest,
    Query(query): Query<Words>,
) -> Result<Json<Vec<PlaceFound>>, HttpError> {
    Ok(Json(app.public_places(guest.city, &query.ask()?)?))
}

/// What lies at a position.
#[utoipa::path(get, path = "/api/public/places/at", tag = "public", params(At), responses((status = 200, body = PlaceView)))]
async fn public_place_at(
    State(app): State<App>,
    guest: Guest,
    Query(query): Query<At>,
) -> Result<Json<PlaceView>, HttpError> {
    Ok(Json(app.place_at(guest.city, query.lng, query.lat)?))
}
