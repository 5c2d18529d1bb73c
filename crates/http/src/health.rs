//! Whether the server works, for those who watch it.

use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A store that takes longer to say a word is not well.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(health))
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `failing`
    status: &'static str,
    version: &'static str,
}

/// Whether the server and its store work.
#[utoipa::path(get, path = "/healthz", tag = "operating",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn health(State(door): State<Door>) -> Response {
    let well = matches!(tokio::time::timeout(PATIENCE, door.app.store().ping()).await, Ok(Ok(())));
    let status = if well { "ok" } else { "failing" };
    let code = if well { axum::http::StatusCode::OK } else { axum::http::StatusCode::SERVICE_UNAVAILABLE };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (code, no_store, Json(Health { status, version: env!("CARGO_PKG_VERSION") })).into_response()
}

/// Figures in the text form of Prometheus. Not part of the API document.
pub async fn metrics(State(door): State<Door>) -> Result<Response, HttpError> {
    let handle = door.options.metrics.as_ref().ok_or_else(HttpError::not_found)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response())
}
