//! Following a case by its secret link, and what its reporter may do.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use crate::limit::Doing;
use app::public::{PublicCaseView, PublicStepIn};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(public_case))
        .routes(routes!(rate))
        .routes(routes!(reopen))
        .routes(routes!(remind))
        .routes(routes!(add))
}

/// A case as its reporter may see it: its way so far, photos, and what may be done.
#[utoipa::path(get, path = "/api/public/cases/{case}", tag = "public",
    params(("case" = String, Path, description = "Secret of the follow link", min_length = 1, max_length = 60)),
    responses((status = 200, body = PublicCaseView)))]
async fn public_case(
    State(door): State<Door>,
    guest: Guest,
    Path(secret): Path<String>,
) -> Result<Json<PublicCaseView>, HttpError> {
    Ok(Json(door.app.public_case(guest.city, &secret).await?))
}

async fn take(
    door: &Door,
    guest: &Guest,
    secret: &str,
    step: PublicStepIn,
) -> Result<Json<PublicCaseView>, HttpError> {
    door.limit(Doing::PublicReport, guest.visitor())?;
    Ok(Json(door.app.public_step(guest.city, secret, step).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublicRating {
    #[schema(minimum = 1, maximum = 5)]
    stars: u8,
    #[serde(default)]
    #[schema(max_length = 500)]
    remark: String,
}

/// Rates the result, once, after the case is closed.
#[utoipa::path(post, path = "/api/public/cases/{case}/rate", tag = "public",
    params(("case" = String, Path, description = "Secret of the follow link", min_length = 1, max_length = 60)),
    request_body = PublicRating, responses((status = 200, body = PublicCaseView)))]
async fn rate(
    State(door): State<Door>,
    guest: Guest,
    Path(secret): Path<String>,
    Json(body): Json<PublicRating>,
) -> Result<Json<PublicCaseView>, HttpError> {
    take(&door, &guest, &secret, PublicStepIn::Rate { stars: body.stars, remark: body.remark }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublicReason {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Says that the problem is still there, after the case is closed.
#[utoipa::path(post, path = "/api/public/cases/{case}/reopen", tag = "public",
    params(("case" = String, Path, description = "Secret of the follow link", min_length = 1, max_length = 60)),
    request_body = PublicReason, responses((status = 200, body = PublicCaseView)))]
async fn reopen(
    State(door): State<Door>,
    guest: Guest,
    Path(secret): Path<String>,
    Json(body): Json<PublicReason>,
) -> Result<Json<PublicCaseView>, HttpError> {
    take(&door, &guest, &secret, PublicStepIn::Reopen { reason: body.reason }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublicReminder {
    #[serde(default)]
    #[schema(max_length = 500)]
    text: String,
}

/// Reminds the city of an open case, once a day.
#[utoipa::path(post, path = "/api/public/cases/{case}/remind", tag = "public",
    params(("case" = String, Path, description = "Secret of the follow link", min_length = 1, max_length = 60)),
    request_body = PublicReminder, responses((status = 200, body = PublicCaseView)))]
async fn remind(
    State(door): State<Door>,
    guest: Guest,
    Path(secret): Path<String>,
    Json(body): Json<PublicReminder>,
) -> Result<Json<PublicCaseView>, HttpError> {
    take(&door, &guest, &secret, PublicStepIn::Remind { text: body.text }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublicAddition {
    #[schema(min_length = 1, max_length = 500)]
    text: String,
    /// Ids answered by the public upload.
    #[serde(default)]
    #[schema(max_items = 9)]
    photos: Vec<String>,
}

/// Adds words and photos to an open case.
#[utoipa::path(post, path = "/api/public/cases/{case}/add", tag = "public",
    params(("case" = String, Path, description = "Secret of the follow link", min_length = 1, max_length = 60)),
    request_body = PublicAddition, responses((status = 200, body = PublicCaseView)))]
async fn add(
    State(door): State<Door>,
    guest: Guest,
    Path(secret): Path<String>,
    Json(body): Json<PublicAddition>,
) -> Result<Json<PublicCaseView>, HttpError> {
    if body.photos.len() > 9 {
        return Err(HttpError::invalid(vec![app::FieldProblem::new("photos", "too_many").with("max", 9)]));
    }
    take(&door, &guest, &secret, PublicStepIn::Add { text: body.text, photos: body.photos }).await
}
