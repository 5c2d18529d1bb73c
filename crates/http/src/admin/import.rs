//! Tables of an old system brought in.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query, Upload};
use app::import::{ImportView, may_import};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes of a table: the 100,000 rows of one import at 300 bytes each, and the wrapping of the form.
const IMPORT_MAX: usize = 32 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(import).layer(DefaultBodyLimit::max(IMPORT_MAX)))
}

/// The form of an import.
#[derive(ToSchema)]
#[allow(dead_code)] // Describes the form; it is read part by part.
struct TableForm {
    /// A table with a header line: CSV (UTF-8 or GBK) or XLSX.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DryRun {
    /// Only say what each row would do.
    #[serde(default)]
    dry_run: bool,
}

/// Brings in a CSV (UTF-8 or GBK) or XLSX table of `departments`, `people`, `responsibility` or `cases`.
///
/// One wrong row of the configuration and nothing of it is written; cases are taken one by one. What is
/// wrong with rows is part of the answer: at most 500 problems, with their line and column.
#[utoipa::path(post, path = "/api/import/{kind}", tag = "administration",
    params(("kind" = String, Path, pattern = "^(departments|people|responsibility|cases)$"), DryRun),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ImportView)))]
async fn import(
    State(door): State<Door>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<DryRun>,
    request: Request,
) -> Result<Json<ImportView>, HttpError> {
    // Before the bytes are taken in.
    may_import(&caller.actor, &kind)?;
    let read = door.options.read_table.clone().ok_or_else(HttpError::not_found)?;
    let upload = Upload::from_request(request, &door).await?;
    let table = tokio::task::spawn_blocking(move || read(&upload.bytes))
        .await
        .map_err(|_| HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))?
        .map_err(|problem| HttpError::invalid(vec![problem]))?;
    Ok(Json(door.app.import(&caller.actor, &kind, &table, query.dry_run).await?))
}
