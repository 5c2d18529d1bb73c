//! Accounts of people, for the security administrator.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use app::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(reset_password)).routes(routes!(unlock)).routes(routes!(end_sessions))
}

#[derive(Serialize, ToSchema)]
struct OneTimePassword {
    /// Shown this once; the person must choose another when signing in.
    password: String,
}

/// Gives a person a new one-time password.
#[utoipa::path(post, path = "/api/people/{id}/password-reset", tag = "administration", params(("id" = u32, Path)),
    responses((status = 200, body = OneTimePassword)))]
async fn reset_password(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<u32>,
) -> Result<Json<OneTimePassword>, HttpError> {
    Ok(Json(OneTimePassword { password: app.reset_password(&caller.actor, id).await? }))
}

/// Unlocks an account after too many failures.
#[utoipa::path(post, path = "/api/people/{id}/unlock", tag = "administration", params(("id" = u32, Path)),
    responses((status = 204, description = "Unlocked")))]
async fn unlock(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<u32>,
) -> Result<StatusCode, HttpError> {
    app.unlock(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session and token of a person.
#[utoipa::path(delete, path = "/api/people/{id}/sessions", tag = "administration", params(("id" = u32, Path)),
    responses((status = 204, description = "Ended")))]
async fn end_sessions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<u32>,
) -> Result<StatusCode, HttpError> {
    app.end_sessions(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
