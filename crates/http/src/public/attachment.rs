//! Photos of the public, in and out. What comes out carries no metadata.

use crate::attachment::{SizeWord, UPLOAD_MAX, UploadForm, bytes_answer};
use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query, Upload};
use crate::limit::Doing;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(put_public_attachment).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .routes(routes!(public_attachment))
}

#[derive(Serialize, ToSchema)]
struct PublicUpload {
    /// To be named in the report.
    id: String,
    content_type: String,
}

/// Stores a photo for a report that follows.
#[utoipa::path(post, path = "/api/public/attachments", tag = "public",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = PublicUpload)))]
async fn put_public_attachment(
    State(door): State<Door>,
    guest: Guest,
    upload: Upload,
) -> Result<(StatusCode, Json<PublicUpload>), HttpError> {
    door.limit(Doing::Upload, guest.visitor())?;
    let stored = door.app.put_public_attachment(guest.city, upload.bytes).await?;
    Ok((StatusCode::CREATED, Json(PublicUpload { id: stored.id, content_type: stored.content_type })))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Secret of the follow link.
    #[param(min_length = 1, max_length = 60)]
    secret: String,
    #[serde(default)]
    #[param(inline)]
    size: SizeWord,
}

/// A photo of the case the secret belongs to.
#[utoipa::path(get, path = "/api/public/attachments/{id}", tag = "public",
    params(("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"), Which),
    responses((status = 200, description = "Photo", content((String = "image/jpeg"), (String = "image/png"), (String = "image/webp"))),
        (status = 206, description = "The part asked for", content((String = "image/jpeg"), (String = "image/png"), (String = "image/webp"))),
        (status = 304, description = "As the caller has it")))]
async fn public_attachment(
    State(door): State<Door>,
    guest: Guest,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<Which>,
) -> Result<Response, HttpError> {
    let (bytes, kind) = door.app.public_attachment(guest.city, &query.secret, &id, query.size.into()).await?;
    Ok(bytes_answer(&headers, &id, query.size, bytes, &kind))
}
