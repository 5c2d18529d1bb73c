//! The card of a component and its history.

use crate::attachment::{SizeWord, bytes_answer};
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Path, Query};
use app::App;
use app::components::{ComponentView, HistoryView};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(component))
        .routes(routes!(component_history))
        .routes(routes!(component_attachment))
}

/// The identity card of a component: the 18 standard attributes, further fields, relations, papers, cases.
#[utoipa::path(get, path = "/api/components/{code}", tag = "components",
    params(("code" = String, Path, description = "Code, or `s` and its id on the map", min_length = 2, max_length = 20, pattern = "^(s[0-9]{1,16}|[0-9]{16,17})$"),
        ("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, body = ComponentView, headers(("etag" = String))), (status = 304, description = "As the caller has it")))]
async fn component(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> Result<Response, HttpError> {
    let view = app.see_component(&caller.actor, &code).await?;
    // Cases and departments change without the component: the tag is of the whole answer.
    let text = serde_json::to_string(&view).unwrap_or_default();
    let tag = etag::tag(&[&text]);
    Ok(etag::answer(&headers, &tag, || Json(view)))
}

#[derive(Serialize, ToSchema)]
struct ComponentHistory {
    /// Newest first.
    items: Vec<HistoryView>,
}

/// Who changed what of a component, and when.
#[utoipa::path(get, path = "/api/components/{code}/history", tag = "components",
    params(("code" = String, Path, min_length = 16, max_length = 17, pattern = "^[0-9]{16,17}$")),
    responses((status = 200, body = ComponentHistory)))]
async fn component_history(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<ComponentHistory>, HttpError> {
    Ok(Json(ComponentHistory { items: app.component_history(&caller.actor, &code).await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    #[serde(default)]
    #[param(inline)]
    size: SizeWord,
}

/// A photo or paper that a component holds.
#[utoipa::path(get, path = "/api/components/{code}/attachments/{id}", tag = "components",
    params(("code" = String, Path, min_length = 16, max_length = 17, pattern = "^[0-9]{16,17}$"),
        ("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"), Which),
    responses((status = 200, description = "Photo", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 206, description = "The part asked for", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 304, description = "As the caller has it")))]
async fn component_attachment(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<Which>,
) -> Result<Response, HttpError> {
    let (bytes, kind) = app.component_attachment(&caller.actor, &code, &id, query.size.into()).await?;
    Ok(bytes_answer(&headers, &id, query.size, bytes, &kind))
}
