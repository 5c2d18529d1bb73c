//! Reporting a case.

use crate::caller::Caller;
use crate::case::spoken;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use app::App;
use app::step::ReportIn;
use app::view::CaseView;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(report))
}

/// Reports a case (上报).
///
/// The client makes the id, so that a report may be sent twice: the second answer is the same.
#[utoipa::path(post, path = "/api/cases", tag = "case", operation_id = "report_case", request_body = ReportIn,
    responses((status = 201, description = "The case", body = CaseView, headers(("location" = String), ("etag" = String)))))]
async fn report(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ReportIn>,
) -> Result<impl IntoResponse, HttpError> {
    let view = app.report_case(&caller.actor, body).await?.view;
    let location = format!("/api/cases/{}", view.line.id);
    let tag = super::see::tag(&view, caller.language);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location), (header::ETAG, tag)],
        Json(spoken(view, caller.language)),
    ))
}
