//! Surveys of components: rounds, captures, samples, progress, ownership, the yearly duty.

use crate::attachment::{SizeWord, bytes_answer};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Path, Query};
use app::App;
use app::components::ComponentPage;
use app::surveys::{
    CaptureIn, CapturePage, CaptureQuery, CaptureView, DecisionIn, DecisionView, DutyQuery, DutyView,
    NewRound, OwnershipAsk, OwnershipPage, OwnershipQuery, OwnershipView, ProgressQuery, ProgressView,
    RoundIn, RoundView, SampleIn, SampleView, VisitIn,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(surveys, begin_survey))
        .routes(routes!(survey_duty))
        .routes(routes!(unconfirmed, ask_ownership))
        .routes(routes!(survey, change_survey))
        .routes(routes!(survey_progress))
        .routes(routes!(survey_tasks))
        .routes(routes!(captures, capture))
        .routes(routes!(capture_attachment))
        .routes(routes!(decide_captures))
        .routes(routes!(samples, draw_sample))
        .routes(routes!(visit_sample))
}

#[derive(Serialize, ToSchema)]
struct Rounds {
    items: Vec<RoundView>,
}

/// Survey rounds, the latest first, with how far each has come.
#[utoipa::path(get, path = "/api/surveys", tag = "surveys", responses((status = 200, body = Rounds)))]
async fn surveys(State(app): State<App>, caller: Caller) -> Result<Json<Rounds>, HttpError> {
    Ok(Json(Rounds { items: app.surveys(&caller.actor).await? }))
}

/// Begins a round.
#[utoipa::path(post, path = "/api/surveys", tag = "surveys", request_body = NewRound,
    responses((status = 201, body = RoundView)))]
async fn begin_survey(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewRound>,
) -> Result<(StatusCode, Json<RoundView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.begin_survey(&caller.actor, body).await?)))
}

/// Components not surveyed within a year, by area (年度更新).
#[utoipa::path(get, path = "/api/surveys/duty", tag = "surveys", params(DutyQuery),
    responses((status = 200, body = DutyView)))]
async fn survey_duty(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DutyQuery>,
) -> Result<Json<DutyView>, HttpError> {
    Ok(Json(app.survey_duty(&caller.actor, &query)?))
}

/// Components whose ownership is yet to be confirmed: an officer's own department's, or everybody's.
#[utoipa::path(get, path = "/api/surveys/ownership", tag = "surveys", params(OwnershipQuery),
    responses((status = 200, body = OwnershipPage)))]
async fn unconfirmed(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OwnershipQuery>,
) -> Result<Json<OwnershipPage>, HttpError> {
    Ok(Json(app.unconfirmed(&caller.actor, &query).await?))
}

/// Asks departments to confirm what they own: counts by department, and a message to each officer.
#[utoipa::path(post, path = "/api/surveys/ownership", tag = "surveys", request_body = OwnershipAsk,
    responses((status = 200, body = OwnershipView)))]
async fn ask_ownership(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<OwnershipAsk>,
) -> Result<Json<OwnershipView>, HttpError> {
    Ok(Json(app.ask_ownership(&caller.actor, body).await?))
}

/// One round.
#[utoipa::path(get, path = "/api/surveys/{survey}", tag = "surveys", params(("survey" = String, Path, format = Uuid)),
    responses((status = 200, body = RoundView)))]
async fn survey(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<RoundView>, HttpError> {
    Ok(Json(app.survey(&caller.actor, &id).await?))
}

/// Changes a round: people, dates, the end. Needs `If-Match` with its version.
#[utoipa::path(put, path = "/api/surveys/{survey}", tag = "surveys",
    params(("survey" = String, Path, format = Uuid),
        ("if-match" = Option<String>, Header, description = "Version the change is based on", max_length = 40)),
    request_body = RoundIn, responses((status = 200, body = RoundView)))]
async fn change_survey(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<RoundIn>,
) -> Result<Json<RoundView>, HttpError> {
    let version = etag::expected_version(&headers)?;
    Ok(Json(app.change_survey(&caller.actor, &id, version, body).await?))
}

/// How far a round has come, by area and by person.
#[utoipa::path(get, path = "/api/surveys/{survey}/progress", tag = "surveys",
    params(("survey" = String, Path, format = Uuid), ProgressQuery), responses((status = 200, body = ProgressView)))]
async fn survey_progress(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ProgressQuery>,
) -> Result<Json<ProgressView>, HttpError> {
    Ok(Json(app.survey_progress(&caller.actor, &id, &query).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Pages {
    #[param(max_length = 20)]
    after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What the caller still has to see: components of their areas not surveyed since the round began.
#[utoipa::path(get, path = "/api/surveys/{survey}/tasks", tag = "surveys",
    params(("survey" = String, Path, format = Uuid), Pages), responses((status = 200, body = ComponentPage)))]
async fn survey_tasks(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<Pages>,
) -> Result<Json<ComponentPage>, HttpError> {
    Ok(Json(app.survey_tasks(&caller.actor, &id, query.after, query.limit).await?))
}

/// What was captured in a round; collectors see their own.
#[utoipa::path(get, path = "/api/surveys/{survey}/captures", tag = "surveys",
    params(("survey" = String, Path, format = Uuid), CaptureQuery), responses((status = 200, body = CapturePage)))]
async fn captures(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<CaptureQuery>,
) -> Result<Json<CapturePage>, HttpError> {
    Ok(Json(app.captures(&caller.actor, &id, &query).await?))
}

/// Takes a capture in: confirmed, not found, to be corrected, or new. Safe to send twice.
#[utoipa::path(post, path = "/api/surveys/{survey}/captures", tag = "surveys", params(("survey" = String, Path, format = Uuid)),
    request_body = CaptureIn, responses((status = 201, body = CaptureView)))]
async fn capture(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<CaptureIn>,
) -> Result<(StatusCode, Json<CaptureView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.capture(&caller.actor, &id, body).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    #[serde(default)]
    #[param(inline)]
    size: SizeWord,
}

/// A photo of a capture.
#[utoipa::path(get, path = "/api/surveys/{survey}/captures/{capture}/attachments/{id}", tag = "surveys",
    params(("survey" = String, Path, format = Uuid), ("capture" = String, Path, format = Uuid),
        ("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"), Which),
    responses((status = 200, description = "Photo", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 206, description = "The part asked for", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 304, description = "As the caller has it")))]
async fn capture_attachment(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((survey, capture, id)): Path<(String, String, String)>,
    Query(query): Query<Which>,
) -> Result<Response, HttpError> {
    let held = (survey.as_str(), capture.as_str());
    let (bytes, kind) = app.capture_attachment(&caller.actor, held, &id, query.size.into()).await?;
    Ok(bytes_answer(&headers, &id, query.size, bytes, &kind))
}

/// Takes captures over into the registry, or refuses them.
#[utoipa::path(post, path = "/api/surveys/{survey}/decisions", tag = "surveys", params(("survey" = String, Path, format = Uuid)),
    request_body = DecisionIn, responses((status = 200, body = DecisionView)))]
async fn decide_captures(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<DecisionIn>,
) -> Result<Json<DecisionView>, HttpError> {
    Ok(Json(app.decide_captures(&caller.actor, &id, body).await?))
}

#[derive(Serialize, ToSchema)]
struct Samples {
    items: Vec<SampleView>,
}

/// Samples of a round with what second visits found.
#[utoipa::path(get, path = "/api/surveys/{survey}/samples", tag = "surveys", params(("survey" = String, Path, format = Uuid)),
    responses((status = 200, body = Samples)))]
async fn samples(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Samples>, HttpError> {
    Ok(Json(Samples { items: app.samples(&caller.actor, &id).await? }))
}

/// Draws a sample by a seed.
#[utoipa::path(post, path = "/api/surveys/{survey}/samples", tag = "surveys", params(("survey" = String, Path, format = Uuid)),
    request_body = SampleIn, responses((status = 201, body = SampleView)))]
async fn draw_sample(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<SampleIn>,
) -> Result<(StatusCode, Json<SampleView>), HttpError> {
    Ok((StatusCode::CREATED, Json(app.draw_sample(&caller.actor, &id, body).await?)))
}

/// What a second visit found; never by who captured it.
#[utoipa::path(post, path = "/api/surveys/{survey}/samples/{sample}/visits", tag = "surveys",
    params(("survey" = String, Path, format = Uuid), ("sample" = String, Path, format = Uuid)),
    request_body = VisitIn, responses((status = 200, body = SampleView)))]
async fn visit_sample(
    State(app): State<App>,
    caller: Caller,
    Path((id, sample)): Path<(String, String)>,
    Json(body): Json<VisitIn>,
) -> Result<Json<SampleView>, HttpError> {
    Ok(Json(app.visit_sample(&caller.actor, &id, &sample, body).await?))
}
