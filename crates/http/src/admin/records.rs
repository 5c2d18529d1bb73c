//! Configuration records with version and history.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Path, Query};
use app::App;
use app::records::RecordView;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(records))
        .routes(routes!(record, put_record, remove_record))
        .routes(routes!(record_history))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Words that occur in the record.
    #[param(max_length = 100)]
    q: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Records {
    items: Vec<RecordView>,
}

/// All records of a kind, such as `departments`, `people`, `calendars` or `procedures`.
#[utoipa::path(get, path = "/api/records/{kind}", tag = "administration",
    params(("kind" = String, Path, max_length = 40, pattern = "^[a-z_]+$"), Search),
    responses((status = 200, body = Records)))]
async fn records(
    State(app): State<App>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<Search>,
) -> Result<Json<Records>, HttpError> {
    if query.q.as_ref().is_some_and(|q| q.chars().count() > 100) {
        return Err(HttpError::invalid(vec![app::FieldProblem::new("q", "too_long").with("max", 100)]));
    }
    Ok(Json(Records { items: app.records(&caller.actor, &kind, query.q.as_deref()).await? }))
}

/// One record; its version is the tag to change it with.
#[utoipa::path(get, path = "/api/records/{kind}/{key}", tag = "administration",
    params(("kind" = String, Path, max_length = 40, pattern = "^[a-z_]+$"), ("key" = String, Path, min_length = 1, max_length = 200),
        ("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, body = RecordView, headers(("etag" = String))), (status = 304, description = "As the caller has it")))]
async fn record(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Response, HttpError> {
    let view = app.record(&caller.actor, &kind, &key).await?;
    let tag = etag::of_version(view.version);
    Ok(etag::answer(&headers, &tag, || Json(view)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Put {
    /// The whole record, in the shape of its kind.
    #[schema(value_type = Object)]
    value: Value,
}

/// Writes a record. Changing one needs `If-Match` with its version, making one `If-None-Match: *`.
#[utoipa::path(put, path = "/api/records/{kind}/{key}", tag = "administration",
    params(("kind" = String, Path, max_length = 40, pattern = "^[a-z_]+$"), ("key" = String, Path, min_length = 1, max_length = 200),
        ("if-match" = Option<String>, Header, description = "Version the change is based on", max_length = 40),
        ("if-none-match" = Option<String>, Header, description = "`*` for a new record", max_length = 40)),
    request_body = Put, responses((status = 200, body = RecordView, headers(("etag" = String)))))]
async fn put_record(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((kind, key)): Path<(String, String)>,
    Json(body): Json<Put>,
) -> Result<Response, HttpError> {
    let version = etag::expected_version(&headers)?;
    written(&app, &caller, (&kind, &key), version, Some(body.value)).await
}

/// Removes a record; its history stays. Refused while something still uses it.
#[utoipa::path(delete, path = "/api/records/{kind}/{key}", tag = "administration",
    params(("kind" = String, Path, max_length = 40, pattern = "^[a-z_]+$"), ("key" = String, Path, min_length = 1, max_length = 200),
        ("if-match" = Option<String>, Header, description = "Version the removal is based on", max_length = 40)),
    responses((status = 200, body = RecordView, headers(("etag" = String)))))]
async fn remove_record(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Response, HttpError> {
    let version = etag::expected_version(&headers)?;
    written(&app, &caller, (&kind, &key), version, None).await
}

async fn written(
    app: &App,
    caller: &Caller,
    (kind, key): (&str, &str),
    version: u32,
    value: Option<Value>,
) -> Result<Response, HttpError> {
    let view = app.put_record(&caller.actor, kind, key, version, value).await?;
    Ok(([(header::ETAG, etag::of_version(view.version))], Json(view)).into_response())
}

/// Every version of a record, newest first.
#[utoipa::path(get, path = "/api/records/{kind}/{key}/history", tag = "administration",
    params(("kind" = String, Path, max_length = 40, pattern = "^[a-z_]+$"), ("key" = String, Path, min_length = 1, max_length = 200)),
    responses((status = 200, body = Records)))]
async fn record_history(
    State(app): State<App>,
    caller: Caller,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<Records>, HttpError> {
    Ok(Json(Records { items: app.record_history(&caller.actor, &kind, &key).await? }))
}
