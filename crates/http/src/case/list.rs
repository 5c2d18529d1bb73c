//! Finding cases: lists, counts, points for the map, the workbench.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use crate::filters::{Extra, Filters};
use app::App;
use app::list_cases::{CountView, GEO_MAX, WorkbenchView};
use app::list_query::ListQuery;
use app::view::{CaseLine, CasePage};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_cases))
        .routes(routes!(count_cases))
        .routes(routes!(geo_cases))
        .routes(routes!(workbench))
        .routes(routes!(callers))
}

/// Cases the caller may see, by any combination of filters, a page at a time.
#[utoipa::path(get, path = "/api/cases", tag = "case", params(ListQuery), responses((status = 200, body = CasePage)))]
async fn list_cases(
    State(app): State<App>,
    caller: Caller,
    filters: Filters<()>,
) -> Result<Json<CasePage>, HttpError> {
    Ok(Json(app.list_cases(&caller.actor, &filters.list).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Grouping {
    /// Count by `stage`, `light`, `department`, `class`, `major`, `source`, `level`, `area`, `street`,
    /// `community`, `grid`, `handler`, `collector`, `intake`, `day` or `closed_day`.
    #[param(max_length = 20)]
    group_by: Option<String>,
}

impl Extra for Grouping {
    const NAMES: &'static [&'static str] = &["group_by"];
}

/// How many cases match, in groups when asked.
#[utoipa::path(get, path = "/api/cases/count", tag = "case", params(ListQuery, Grouping),
    responses((status = 200, body = CountView)))]
async fn count_cases(
    State(app): State<App>,
    caller: Caller,
    filters: Filters<Grouping>,
) -> Result<Json<CountView>, HttpError> {
    Ok(Json(app.count_cases(&caller.actor, &filters.list, filters.own.group_by.as_deref()).await?))
}

#[derive(Serialize, ToSchema)]
struct PointGeometry {
    /// `Point`
    #[serde(rename = "type")]
    kind: &'static str,
    /// Longitude, latitude.
    coordinates: [f64; 2],
}

#[derive(Serialize, ToSchema)]
struct PointProperties {
    /// Good for `GET /api/cases/{id}`, as the id is.
    number: String,
    stage: String,
    light: String,
    class: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PointFeature {
    /// `Feature`
    #[serde(rename = "type")]
    kind: &'static str,
    geometry: PointGeometry,
    properties: PointProperties,
}

#[derive(Serialize, ToSchema)]
struct PointCollection {
    /// `FeatureCollection`
    #[serde(rename = "type")]
    kind: &'static str,
    features: Vec<PointFeature>,
    /// How many match in all; more than the features when there are too many to draw.
    total: u32,
}

/// Matching cases as points for the map (GeoJSON), at most 20,000.
#[utoipa::path(get, path = "/api/cases/geo", tag = "case", params(ListQuery),
    responses((status = 200, body = PointCollection, content_type = "application/geo+json")))]
async fn geo_cases(
    State(app): State<App>,
    caller: Caller,
    filters: Filters<()>,
) -> Result<impl IntoResponse, HttpError> {
    let (points, total) = app.geo_cases(&caller.actor, &filters.list, GEO_MAX).await?;
    let features = points
        .into_iter()
        .map(|p| PointFeature {
            kind: "Feature",
            geometry: PointGeometry { kind: "Point", coordinates: [p.lng, p.lat] },
            properties: PointProperties { number: p.number, stage: p.stage, light: p.light, class: p.class },
        })
        .collect();
    let body = Json(PointCollection { kind: "FeatureCollection", features, total });
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], body))
}

/// The caller's queues with their counts and lights.
#[utoipa::path(get, path = "/api/workbench", tag = "case", responses((status = 200, body = WorkbenchView)))]
async fn workbench(State(app): State<App>, caller: Caller) -> Result<Json<WorkbenchView>, HttpError> {
    Ok(Json(app.workbench(&caller.actor).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Phone {
    /// Spaces and hyphens do not count.
    #[param(min_length = 5, max_length = 40)]
    phone: String,
}

/// Earlier cases from a phone number, newest first (intake only).
#[utoipa::path(get, path = "/api/callers", tag = "case", params(Phone), responses((status = 200, body = Vec<CaseLine>)))]
async fn callers(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Phone>,
) -> Result<Json<Vec<CaseLine>>, HttpError> {
    Ok(Json(app.callers(&caller.actor, &query.phone).await?))
}
