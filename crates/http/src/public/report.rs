//! Reporting without an account.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use crate::limit::Doing;
use app::public::{PublicReportIn, PublicReported};
use axum::extract::State;
use axum::http::StatusCode;
use case::Source;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(public_report))
}

/// Reports a problem. The answer's secret opens the follow page; it is shown here only.
///
/// The client makes the id, so that a report may be sent twice: the second time finds the same case.
#[utoipa::path(post, path = "/api/public/cases", tag = "public", request_body = PublicReportIn,
    responses((status = 201, description = "A new case", body = PublicReported), (status = 200, description = "This report had arrived before", body = PublicReported)))]
async fn public_report(
    State(door): State<Door>,
    guest: Guest,
    Json(body): Json<PublicReportIn>,
) -> Result<(StatusCode, Json<PublicReported>), HttpError> {
    door.limit(Doing::PublicReport, guest.visitor())?;
    let done = door.app.public_report(guest.city, body, Source::CitizenWeb).await?;
    let status = if done.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(done)))
}
