//! Divisions: as they are on a day, and a table of them brought in.

use super::{day, done};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::divisions::{DivisionsIn, DivisionsLoadView, DivisionsView};
use app::error::Problems;
use axum::extract::{DefaultBodyLimit, State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes of a table: the national one of 44,703 rows is 1.4 MB.
const TABLE_MAX: usize = 8 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(divisions))
        .routes(routes!(load_divisions).layer(DefaultBodyLimit::max(TABLE_MAX)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OnDay {
    /// `yyyy-mm-dd`; today when absent.
    #[param(max_length = 10)]
    on: Option<String>,
}

/// Divisions that count on a day, in order of code, with the number of their unit grids.
#[utoipa::path(get, path = "/api/divisions", tag = "grids", params(OnDay),
    responses((status = 200, body = DivisionsView)))]
async fn divisions(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OnDay>,
) -> Result<Json<DivisionsView>, HttpError> {
    let mut problems = Problems::default();
    let on = day(query.on.as_ref(), &mut problems);
    done(problems)?;
    Ok(Json(app.list_divisions(&caller.actor, on)?))
}

/// Checks a table of divisions (`dry_run`), or brings it in: all of it or nothing.
#[utoipa::path(post, path = "/api/divisions/load", tag = "grids", request_body = DivisionsIn,
    responses((status = 200, body = DivisionsLoadView)))]
async fn load_divisions(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<DivisionsIn>,
) -> Result<Json<DivisionsLoadView>, HttpError> {
    Ok(Json(app.load_divisions(&caller.actor, body).await?))
}
