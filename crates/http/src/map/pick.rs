//! What lies at a place, what lies in a section, and the line of any registered thing.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::pick::{HitsView, ThingLine, ThingsPage};
use app::section::Section;
use app::tiles::ThingFilter;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How far a finger misses at the zoom at which things are drawn one by one.
const METRES: f64 = 20.0;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(things_at)).routes(routes!(things_in)).routes(routes!(thing))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct At {
    #[param(minimum = -180, maximum = 180)]
    lng: f64,
    #[param(minimum = -90, maximum = 90)]
    lat: f64,
    /// How far things may be from the place; 20 when left out.
    #[param(minimum = 0, maximum = 500)]
    metres: Option<f64>,
    /// Layers to look at, in this order; all when left out.
    #[serde(default)]
    layers: Vec<String>,
}

/// What lies at a place: things and cases near it, the grids it is in.
#[utoipa::path(get, path = "/api/things/at", tag = "map", params(At), responses((status = 200, body = HitsView)))]
async fn things_at(
    State(app): State<App>,
    caller: Caller,
    Query(at): Query<At>,
) -> Result<Json<HitsView>, HttpError> {
    let layers: Vec<String> = at
        .layers
        .iter()
        .flat_map(|one| one.split(','))
        .map(str::to_owned)
        .filter(|l| !l.is_empty())
        .collect();
    let metres = at.metres.unwrap_or(METRES);
    Ok(Json(app.things_at(&caller.actor, at.lng, at.lat, metres, &layers).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct In {
    /// `components`, or a register.
    #[param(max_length = 80)]
    layer: String,
    /// west,south,east,north in degrees.
    #[param(max_length = 200)]
    bbox: Option<String>,
    /// A POLYGON in well-known text instead of a box.
    #[param(max_length = 8000)]
    within: Option<String>,
    #[serde(default)]
    class: Vec<String>,
    #[serde(default)]
    major: Vec<String>,
    #[serde(default)]
    state: Vec<String>,
    /// `next` of the page before.
    after: Option<u64>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// The things of a layer in a box or polygon, a page at a time: what the map shows, as a list.
#[utoipa::path(get, path = "/api/things", tag = "map", params(In), responses((status = 200, body = ThingsPage)))]
async fn things_in(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<In>,
) -> Result<Json<ThingsPage>, HttpError> {
    let section = Section::read(asked.bbox.as_deref(), asked.within.as_deref())?;
    let filter = ThingFilter { class: asked.class, major: asked.major, state: asked.state };
    let (after, limit) = (asked.after.unwrap_or(0), asked.limit.unwrap_or(50));
    Ok(Json(app.things_in(&caller.actor, &asked.layer, &filter, section, after, limit).await?))
}

/// Any registered thing as one line, by its id on the tiles.
#[utoipa::path(get, path = "/api/things/{serial}", tag = "map", params(("serial" = u64, Path, minimum = 1)),
    responses((status = 200, body = ThingLine)))]
async fn thing(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<u64>,
) -> Result<Json<ThingLine>, HttpError> {
    Ok(Json(app.thing_line(&caller.actor, serial).await?))
}
