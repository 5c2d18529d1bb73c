//! Keeping the address store: a list, one address with its versions, changes.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Path, Query};
use app::App;
use app::places::{AddressPage, AddressRow, AddressView};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_addresses))
        .routes(routes!(address, put_address, remove_address))
        .routes(routes!(address_history))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wish {
    /// Words: answers are ranked then, and there is one page only.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(max_length = 10, pattern = "^(region|zone|street|door|poi)$")]
    kind: Option<String>,
    /// `next` of the page before.
    #[param(max_length = 80)]
    after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// Addresses in order of identity, or those found by words.
#[utoipa::path(get, path = "/api/places", tag = "places", params(Wish),
    responses((status = 200, body = AddressPage)))]
async fn list_addresses(
    State(app): State<App>,
    caller: Caller,
    Query(wish): Query<Wish>,
) -> Result<Json<AddressPage>, HttpError> {
    let limit = match wish.limit.unwrap_or(50) {
        limit @ 1..=200 => usize::from(limit),
        _ => return Err(HttpError::field("limit", "out_of_range")),
    };
    let (q, kind, after) = (wish.q.as_deref(), wish.kind.as_deref(), wish.after.as_deref());
    let kind = kind.filter(|kind| !kind.is_empty());
    Ok(Json(app.list_addresses(&caller.actor, q, kind, after, limit).await?))
}

/// One address; its version is the tag to change it with.
#[utoipa::path(get, path = "/api/places/{id}", tag = "places",
    params(("id" = String, Path, min_length = 1, max_length = 80),
        ("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, body = AddressView, headers(("etag" = String))), (status = 304, description = "As the caller has it")))]
async fn address(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let view = app.see_address(&caller.actor, &id).await?;
    let tag = etag::of_version(view.version.unwrap_or_default());
    Ok(etag::answer(&headers, &tag, || Json(view)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutPlace {
    value: AddressRow,
}

/// Writes an address. Changing one needs `If-Match` with its version, making one `If-None-Match: *`.
#[utoipa::path(put, path = "/api/places/{id}", tag = "places",
    params(("id" = String, Path, min_length = 1, max_length = 80),
        ("if-match" = Option<String>, Header, description = "Version the change is based on", max_length = 40),
        ("if-none-match" = Option<String>, Header, description = "`*` for a new address", max_length = 40)),
    request_body = PutPlace, responses((status = 200, body = AddressView, headers(("etag" = String)))))]
async fn put_address(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<PutPlace>,
) -> Result<Response, HttpError> {
    let version = etag::expected_version(&headers)?;
    written(&app, &caller, &id, version, Some(body.value)).await
}

/// Takes an address out; its history stays.
#[utoipa::path(delete, path = "/api/places/{id}", tag = "places",
    params(("id" = String, Path, min_length = 1, max_length = 80),
        ("if-match" = Option<String>, Header, description = "Version the removal is based on", max_length = 40)),
    responses((status = 200, body = AddressView, headers(("etag" = String)))))]
async fn remove_address(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let version = etag::expected_version(&headers)?;
    written(&app, &caller, &id, version, None).await
}

async fn written(
    app: &App,
    caller: &Caller,
    id: &str,
    version: u32,
    value: Option<AddressRow>,
) -> Result<Response, HttpError> {
    let view = app.put_address(&caller.actor, id, version, value).await?;
    let tag = etag::of_version(view.version.unwrap_or_default());
    Ok(([(header::ETAG, tag)], Json(view)).into_response())
}

#[derive(Serialize, ToSchema)]
struct AddressVersions {
    items: Vec<AddressView>,
}

/// Every version of an address, newest first.
#[utoipa::path(get, path = "/api/places/{id}/history", tag = "places",
    params(("id" = String, Path, min_length = 1, max_length = 80)),
    responses((status = 200, body = AddressVersions)))]
async fn address_history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AddressVersions>, HttpError> {
    Ok(Json(AddressVersions { items: app.address_history(&caller.actor, &id).await? }))
}
