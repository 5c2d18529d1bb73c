//! The ten acceptance queries on the live store, and the jobs that go on in the background.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use app::App;
use app::check::CheckView;
use app::job::JobView;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(check, start_check)).routes(routes!(jobs))
}

/// What the last check found, and how far one that runs has come.
#[utoipa::path(get, path = "/api/check", tag = "administration", responses((status = 200, body = CheckView)))]
async fn check(State(app): State<App>, caller: Caller) -> Result<Json<CheckView>, HttpError> {
    Ok(Json(app.last_check(&caller.actor).await?))
}

/// Asks for a check. It reads every fact of the city in the background; one that waits or runs already goes on.
#[utoipa::path(post, path = "/api/check", tag = "administration",
    responses((status = 202, description = "It will run, or runs already", body = CheckView)))]
async fn start_check(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<CheckView>), HttpError> {
    Ok((StatusCode::ACCEPTED, Json(app.ask_check(&caller.actor).await?)))
}

/// Work that goes on in the background: moving deadlines after the calendar changed, the acceptance check.
#[utoipa::path(get, path = "/api/jobs", tag = "administration", responses((status = 200, body = Vec<JobView>)))]
async fn jobs(State(app): State<App>, caller: Caller) -> Result<Json<Vec<JobView>>, HttpError> {
    Ok(Json(app.jobs(&caller.actor).await?))
}
