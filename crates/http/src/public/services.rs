//! What the public may report, and where it is.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::session::CityView;
use app::vocabulary::{PlaceHit, PlaceView, ServiceView};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(public_services))
        .routes(routes!(public_place_search))
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Words {
    #[param(max_length = 200)]
    q: String,
}

/// Streets whose name holds the words.
#[utoipa::path(get, path = "/api/public/places/search", tag = "public", params(Words),
    responses((status = 200, body = Vec<PlaceHit>)))]
async fn public_place_search(
    State(app): State<App>,
    guest: Guest,
    Query(query): Query<Words>,
) -> Result<Json<Vec<PlaceHit>>, HttpError> {
    Ok(Json(app.search_places(guest.city, &query.q, 10)?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct At {
    #[param(minimum = -180, maximum = 180)]
    lng: f64,
    #[param(minimum = -90, maximum = 90)]
    lat: f64,
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
