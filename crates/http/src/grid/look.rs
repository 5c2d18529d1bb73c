//! Reading the grids, today's and those of another day.

use super::{bounds, day, done, place};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::error::Problems;
use app::grids::look::{
    GridAtView, GridCardView, GridDiffView, GridEditionView, GridPage, GridQuery, PAGE_MAX,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(grids))
        .routes(routes!(grids_geojson))
        .routes(routes!(grid_at))
        .routes(routes!(grid_editions))
        .routes(routes!(grid_edition))
        .routes(routes!(grid))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Code of a division.
    #[param(max_length = 15)]
    area: Option<String>,
    /// `west,south,east,north` in degrees.
    #[param(max_length = 100)]
    bbox: Option<String>,
    /// As they were on this day, `yyyy-mm-dd`.
    #[param(max_length = 10)]
    on: Option<String>,
    /// As in this edition; goes before `on`.
    edition: Option<u32>,
    /// The last code of the page before.
    #[param(max_length = 15)]
    after: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

impl Which {
    fn read(&self) -> Result<GridQuery, HttpError> {
        let mut problems = Problems::default();
        let limit = usize::from(self.limit.unwrap_or(100));
        if !(1..=PAGE_MAX).contains(&limit) {
            problems.add("limit", "out_of_range");
        }
        let query = GridQuery {
            area: place("area", self.area.as_ref(), &mut problems),
            bounds: bounds(self.bbox.as_ref(), &mut problems),
            on: day(self.on.as_ref(), &mut problems),
            edition: self.edition,
            after: place("after", self.after.as_ref(), &mut problems),
            limit,
        };
        done(problems)?;
        Ok(query)
    }
}

/// Unit grids in order of code, by division, box, day or edition.
#[utoipa::path(get, path = "/api/grids", tag = "grids", params(Which), responses((status = 200, body = GridPage)))]
async fn grids(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Which>,
) -> Result<Json<GridPage>, HttpError> {
    Ok(Json(app.list_grids(&caller.actor, &query.read()?).await?))
}

/// Unit grids as a GeoJSON FeatureCollection (CGCS2000); at most 5,000, `left_out` says how many more there are.
#[utoipa::path(get, path = "/api/grids/geojson", tag = "grids", params(Which),
    responses((status = 200, body = Object)))]
async fn grids_geojson(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Which>,
) -> Result<Json<Value>, HttpError> {
    Ok(Json(app.draw_grids(&caller.actor, &query.read()?).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Spot {
    #[param(minimum = -180, maximum = 180)]
    lng: f64,
    #[param(minimum = -90, maximum = 90)]
    lat: f64,
    /// On this day, `yyyy-mm-dd`; today when absent.
    #[param(max_length = 10)]
    on: Option<String>,
}

/// The unit grid of a place, today or on another day: "which grid was this in May?"
#[utoipa::path(get, path = "/api/grids/at", tag = "grids", params(Spot),
    responses((status = 200, body = GridAtView)))]
async fn grid_at(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Spot>,
) -> Result<Json<GridAtView>, HttpError> {
    let mut problems = Problems::default();
    let on = day(query.on.as_ref(), &mut problems);
    done(problems)?;
    Ok(Json(app.grid_at(&caller.actor, query.lng, query.lat, on).await?))
}

#[derive(Serialize, ToSchema)]
struct GridEditions {
    items: Vec<GridEditionView>,
}

/// Editions of the grid system, newest first.
#[utoipa::path(get, path = "/api/grids/editions", tag = "grids", responses((status = 200, body = GridEditions)))]
async fn grid_editions(State(app): State<App>, caller: Caller) -> Result<Json<GridEditions>, HttpError> {
    Ok(Json(GridEditions { items: app.grid_editions(&caller.actor).await? }))
}

/// One edition and what it changed of the one before.
#[utoipa::path(get, path = "/api/grids/editions/{edition}", tag = "grids", params(("edition" = u32, Path)),
    responses((status = 200, body = GridDiffView)))]
async fn grid_edition(
    State(app): State<App>,
    caller: Caller,
    Path(edition): Path<u32>,
) -> Result<Json<GridDiffView>, HttpError> {
    Ok(Json(app.grid_edition(&caller.actor, edition).await?))
}

/// One unit grid with its attributes, outline, neighbours and every version; a voided one too.
#[utoipa::path(get, path = "/api/grids/{code}", tag = "grids",
    params(("code" = String, Path, pattern = "^[0-9]{14,15}$")), responses((status = 200, body = GridCardView)))]
async fn grid(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<GridCardView>, HttpError> {
    let code = city::codes::unit_grid(&code).map_err(|_| HttpError::not_found())?;
    Ok(Json(app.see_grid(&caller.actor, &code).await?))
}
