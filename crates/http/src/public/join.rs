//! "Is it one of these?": known problems nearby, and joining one.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use crate::limit::Doing;
use app::duplicates::DuplicateQuery;
use app::public::{PublicNearView, PublicReported};
use app::step::ReporterIn;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(public_duplicates)).routes(routes!(me_too))
}

/// Open problems near a place that look like this one.
#[utoipa::path(post, path = "/api/public/duplicates", tag = "public", request_body = DuplicateQuery,
    responses((status = 200, body = Vec<PublicNearView>)))]
async fn public_duplicates(
    State(door): State<Door>,
    guest: Guest,
    Json(body): Json<DuplicateQuery>,
) -> Result<Json<Vec<PublicNearView>>, HttpError> {
    Ok(Json(door.app.public_duplicates(guest.city, body).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeToo {
    /// UUIDv7 made by the client.
    id: uuid::Uuid,
    reporter: Option<ReporterIn>,
}

/// Joins an open problem; the answer's secret opens a follow page of one's own.
#[utoipa::path(post, path = "/api/public/cases/{case}/me-too", tag = "public",
    params(("case" = String, Path, description = "Identity of the known case", format = Uuid)),
    request_body = MeToo, responses((status = 201, body = PublicReported)))]
async fn me_too(
    State(door): State<Door>,
    guest: Guest,
    Path(case): Path<String>,
    Json(body): Json<MeToo>,
) -> Result<(StatusCode, Json<PublicReported>), HttpError> {
    door.limit(Doing::PublicReport, guest.visitor())?;
    Ok((StatusCode::CREATED, Json(door.app.me_too(guest.city, &case, body.id, body.reporter).await?)))
}
