//! Collections taken away as files. Every export is written into the audit log.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use app::App;
use app::transfer::export::ExportAsk;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use tokio_util::io::ReaderStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of the file sent at once.
const PIECE: usize = 256 * 1024;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(export_collection))
}

/// A collection as a file: `components`, or the unit `grids` of the latest edition.
///
/// `x-rows` says how many rows it holds, `x-left-out` how many cannot be expressed in the coordinate system
/// asked for.
#[utoipa::path(get, path = "/api/exports/{collection}", tag = "transfer",
    params(("collection" = String, Path, pattern = "^[a-z_]{1,40}$"), ExportAsk),
    responses((status = 200, description = "The file", headers(("x-rows" = u64), ("x-left-out" = u64)), content(
        (String = "text/csv"), (String = "application/geo+json"), (String = "application/zip"),
        (String = "application/vnd.flatgeobuf"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
async fn export_collection(
    State(app): State<App>,
    caller: Caller,
    Path(collection): Path<String>,
    Query(ask): Query<ExportAsk>,
) -> Result<Response, HttpError> {
    let made = app.export_collection(&caller.actor, &collection, &ask, &caller.address.to_string()).await?;
    let file = tokio::fs::File::from_std(made.file);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file, PIECE)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(made.format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-rows", HeaderValue::from(made.rows));
    headers.insert("x-left-out", HeaderValue::from(made.left_out));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", made.name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
