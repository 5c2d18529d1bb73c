//! Taking steps of the loop.

use crate::caller::Caller;
use crate::case::spoken;
use crate::door::Door;
use crate::error::{HttpError, Problem};
use crate::extract::{Json, Path};
use app::App;
use app::step::{StepIn, StepRequest};
use app::view::CaseView;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(take_step)).routes(routes!(take_steps))
}

/// Takes one step on a case: `step` names it, the other fields belong to it.
///
/// A refusal answers 409 (403 when the caller's role is why) with its code, the reason, and what would make it possible.
#[utoipa::path(post, path = "/api/cases/{id}/steps", tag = "case", operation_id = "take_step",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    request_body = StepRequest,
    responses((status = 200, description = "The case after the step", body = CaseView, headers(("etag" = String)))))]
async fn take_step(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<StepRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let view = app.take_step(&caller.actor, &id, body).await?;
    let tag = super::see::tag(&view, caller.language);
    Ok(([(header::ETAG, tag)], Json(spoken(view, caller.language))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<String>,
    step: StepIn,
}

#[derive(Serialize, ToSchema)]
struct RefusedOfBatch {
    id: String,
    problem: Problem,
}

#[derive(Serialize, ToSchema)]
struct BatchView {
    /// Cases that took the step.
    done: Vec<String>,
    /// Cases that did not, each with its own reason.
    refused: Vec<RefusedOfBatch>,
}

/// Takes the same step on many cases, each by itself.
#[utoipa::path(post, path = "/api/cases/steps", tag = "case", operation_id = "take_steps", request_body = Batch,
    responses((status = 200, body = BatchView)))]
async fn take_steps(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Batch>,
) -> Result<Json<BatchView>, HttpError> {
    let batch = app.take_steps(&caller.actor, body.ids, body.step).await?;
    let refused = batch.refused.into_iter();
    Ok(Json(BatchView {
        done: batch.done,
        refused: refused
            .map(|one| RefusedOfBatch { id: one.id, problem: HttpError::from(one.error).problem() })
            .collect(),
    }))
}
