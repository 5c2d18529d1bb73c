//! Reports of what is known already.

use crate::caller::Caller;
use crate::case::spoken;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use app::App;
use app::duplicates::{DuplicateQuery, DuplicateView, JoinIn};
use app::view::CaseView;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(find_duplicates)).routes(routes!(join_case))
}

/// Open cases that may be the same problem, likeliest first; asked while a report is typed.
#[utoipa::path(post, path = "/api/duplicates", tag = "case", request_body = DuplicateQuery,
    responses((status = 200, body = Vec<DuplicateView>)))]
async fn find_duplicates(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<DuplicateQuery>,
) -> Result<Json<Vec<DuplicateView>>, HttpError> {
    Ok(Json(app.find_duplicates(&caller.actor, body).await?))
}

/// Joins a caller's report to a known case: it is kept as a duplicate, and its reporter stays informed.
#[utoipa::path(post, path = "/api/cases/{id}/join", tag = "case",
    params(("id" = String, Path, description = "Identity or number of the known case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    request_body = JoinIn, responses((status = 201, description = "The duplicate", body = CaseView)))]
async fn join_case(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<JoinIn>,
) -> Result<(StatusCode, Json<CaseView>), HttpError> {
    let view = app.join_case(&caller.actor, &id, body).await?;
    Ok((StatusCode::CREATED, Json(spoken(view, caller.language))))
}
