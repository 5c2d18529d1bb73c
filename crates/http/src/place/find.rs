//! Where is this, and what is here.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::places::{PlaceAsk, PlaceFound, PlaceView};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(find_places)).routes(routes!(place_at))
}

/// What is asked of the places.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Words {
    /// An address, a crossing, a place and a distance from it, a door number, a name, a code, two numbers.
    #[param(max_length = 200)]
    pub q: String,
    /// `longitude,latitude`: among equals the nearer place comes first.
    #[param(max_length = 60, pattern = "^-?[0-9.]+,-?[0-9.]+$")]
    pub near: Option<String>,
    /// Kinds wanted, separated by commas: `region`, `zone`, `street`, `door`, `poi`, `component`, `grid`.
    #[param(max_length = 80, pattern = "^[a-z]+(,[a-z]+)*$")]
    pub kinds: Option<String>,
    /// Code of a division: among equals what lies in it comes first.
    #[param(max_length = 12, pattern = "^[0-9]{6,12}$")]
    pub area: Option<String>,
    #[param(minimum = 1, maximum = 50)]
    pub limit: Option<u16>,
}

impl Words {
    /// # Errors
    /// 422 for a limit or a position that is none.
    pub fn ask(self) -> Result<PlaceAsk, HttpError> {
        let limit = match self.limit {
            None => 0,
            Some(limit @ 1..=50) => usize::from(limit),
            Some(_) => return Err(HttpError::field("limit", "out_of_range")),
        };
        Ok(PlaceAsk {
            q: self.q,
            near: self.near.as_deref().filter(|near| !near.is_empty()).map(position).transpose()?,
            kinds: kinds(self.kinds.as_deref()),
            area: self.area.filter(|area| !area.is_empty()),
            limit,
        })
    }
}

/// `longitude,latitude` as numbers.
///
/// # Errors
/// 422 for anything else.
pub fn position(text: &str) -> Result<(f64, f64), HttpError> {
    let numbers = text
        .split_once(',')
        .and_then(|(lng, lat)| Some((lng.trim().parse().ok()?, lat.trim().parse().ok()?)));
    numbers.ok_or_else(|| HttpError::field("near", "malformed"))
}

#[must_use]
pub fn kinds(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Places that some words may mean, best first, with the unit grid each lies in.
#[utoipa::path(get, path = "/api/places/find", tag = "places", params(Words),
    responses((status = 200, body = Vec<PlaceFound>)))]
async fn find_places(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Words>,
) -> Result<Json<Vec<PlaceFound>>, HttpError> {
    Ok(Json(app.find_places(&caller.actor, &query.ask()?).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct At {
    #[param(minimum = -180, maximum = 180)]
    pub lng: f64,
    #[param(minimum = -90, maximum = 90)]
    pub lat: f64,
}

/// What lies at a position: address in words, divisions, unit grid, duty grids, street, door, landmark.
#[utoipa::path(get, path = "/api/places/at", tag = "places", params(At), responses((status = 200, body = PlaceView)))]
async fn place_at(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<At>,
) -> Result<Json<PlaceView>, HttpError> {
    Ok(Json(app.place_at(caller.actor.city, query.lng, query.lat)?))
}
