//! Words the forms need.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Query};
use app::App;
use app::vocabulary::{ClassHitView, VocabularyView};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(vocabulary)).routes(routes!(search_classes))
}

/// Departments, classes with their conditions, people, divisions, templates, the procedure in force.
#[utoipa::path(get, path = "/api/vocabulary", tag = "vocabulary",
    params(("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, body = VocabularyView, headers(("etag" = String))), (status = 304, description = "As the caller has it")))]
async fn vocabulary(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let view = app.vocabulary(&caller.actor)?;
    let (version, person) =
        (view.version.to_string(), caller.actor.person_id().map_or(0, |p| p.0).to_string());
    let tag = etag::tag(&["vocabulary", &caller.actor.city.to_string(), &version, &person]);
    Ok(etag::answer(&headers, &tag, || Json(view)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Words {
    #[param(max_length = 200)]
    q: String,
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u16>,
}

impl Words {
    fn limit(&self) -> Result<usize, HttpError> {
        within_limit(self.limit, 20)
    }
}

fn within_limit(limit: Option<u16>, otherwise: u16) -> Result<usize, HttpError> {
    match limit.unwrap_or(otherwise) {
        limit @ 1..=50 => Ok(usize::from(limit)),
        _ => Err(HttpError::field("limit", "out_of_range")),
    }
}

/// Classes that may be meant by some words, best first: Chinese, pinyin initials, English.
#[utoipa::path(get, path = "/api/classes/search", tag = "vocabulary", params(Words),
    responses((status = 200, body = Vec<ClassHitView>)))]
async fn search_classes(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Words>,
) -> Result<Json<Vec<ClassHitView>>, HttpError> {
    let limit = query.limit()?;
    Ok(Json(app.search_classes(caller.actor.city, &query.q, caller.language.as_str(), limit)?))
}
