//! Who could take a case on: departments, collectors, handlers; and handing a shift over.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use crate::i18n;
use crate::language::Language;
use app::App;
use app::dispatching::{CollectorView, HandOverView, HandlerView, ProposalView};
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(proposals))
        .routes(routes!(proposals_at))
        .routes(routes!(collectors))
        .routes(routes!(handlers))
        .routes(routes!(hand_over))
}

/// Departments proposed for a case, best first, each with its reason.
#[utoipa::path(get, path = "/api/cases/{id}/proposals", tag = "dispatching",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    responses((status = 200, body = Vec<ProposalView>)))]
async fn proposals(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<ProposalView>>, HttpError> {
    Ok(Json(spoken(app.proposals(&caller.actor, &id).await?, caller.language)))
}

fn spoken(mut proposals: Vec<ProposalView>, language: Language) -> Vec<ProposalView> {
    for proposal in &mut proposals {
        proposal.reason.message = i18n::because(language, &proposal.reason);
    }
    proposals
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ClassAndPlace {
    /// Class key.
    #[param(max_length = 40)]
    class: String,
    #[param(minimum = -180, maximum = 180)]
    lng: Option<f64>,
    #[param(minimum = -90, maximum = 90)]
    lat: Option<f64>,
}

/// Departments proposed for a class at a place, before there is a case.
#[utoipa::path(get, path = "/api/proposals", tag = "dispatching", params(ClassAndPlace),
    responses((status = 200, body = Vec<ProposalView>)))]
async fn proposals_at(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ClassAndPlace>,
) -> Result<Json<Vec<ProposalView>>, HttpError> {
    Ok(Json(spoken(app.proposals_at(&caller.actor, &query.class, query.lng, query.lat)?, caller.language)))
}

/// Collectors who could confirm or verify a case: on shift there first.
#[utoipa::path(get, path = "/api/cases/{id}/collectors", tag = "dispatching",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    responses((status = 200, body = Vec<CollectorView>)))]
async fn collectors(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<CollectorView>>, HttpError> {
    Ok(Json(app.collectors_for(&caller.actor, &id).await?))
}

/// Handlers of the department that has the case, the least busy first.
#[utoipa::path(get, path = "/api/cases/{id}/handlers", tag = "dispatching",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    responses((status = 200, body = Vec<HandlerView>)))]
async fn handlers(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<HandlerView>>, HttpError> {
    Ok(Json(app.handlers_for(&caller.actor, &id).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandOver {
    /// Whose tasks; the caller's own when left out.
    from: Option<u32>,
    to: u32,
}

/// Moves every open task of a person to another (交班).
#[utoipa::path(post, path = "/api/shifts/hand-over", tag = "dispatching", request_body = HandOver,
    responses((status = 200, body = HandOverView)))]
async fn hand_over(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<HandOver>,
) -> Result<Json<HandOverView>, HttpError> {
    Ok(Json(app.hand_over_shift(&caller.actor, body.from, body.to).await?))
}
