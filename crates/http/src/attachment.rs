//! Evidence in and out, for the parties of a case.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query, Upload};
use crate::limit::Doing;
use app::attachments::{AttachmentView, Size};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The largest video and the form around it.
pub const UPLOAD_MAX: usize = media::Limits::STANDARD.video_bytes + 64 * 1024;

/// The form of an upload.
#[derive(ToSchema)]
#[allow(dead_code)] // Describes the form; it is read part by part.
pub struct UploadForm {
    /// A photo (JPEG, PNG, WebP) or a short video (MP4, WebM).
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(put_attachment).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .routes(routes!(attachment))
}

/// Stores a photo or video; its id is the SHA-256 of its bytes, so that the same one may be sent twice.
#[utoipa::path(post, path = "/api/attachments", tag = "attachment",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = AttachmentView)))]
async fn put_attachment(
    State(door): State<Door>,
    caller: Caller,
    upload: Upload,
) -> Result<(StatusCode, Json<AttachmentView>), HttpError> {
    door.limit(Doing::Upload, caller.visitor())?;
    Ok((StatusCode::CREATED, Json(door.app.put_attachment(&caller.actor, upload.bytes).await?)))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizeWord {
    Thumb,
    #[default]
    Full,
}

impl From<SizeWord> for Size {
    fn from(word: SizeWord) -> Self {
        match word {
            SizeWord::Thumb => Self::Thumb,
            SizeWord::Full => Self::Full,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    #[serde(default)]
    #[param(inline)]
    size: SizeWord,
    /// The case that shows it; needed unless the caller uploaded it.
    #[param(max_length = 36)]
    case: Option<String>,
}

/// The bytes of an attachment or its thumbnail.
#[utoipa::path(get, path = "/api/attachments/{id}", tag = "attachment",
    params(("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"), Which),
    responses((status = 200, description = "Photo or video", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 206, description = "The part asked for", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "video/mp4"), (String = "video/webm"))),
        (status = 304, description = "As the caller has it")))]
async fn attachment(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<Which>,
) -> Result<Response, HttpError> {
    let (bytes, kind) =
        door.app.attachment(&caller.actor, &id, query.case.as_deref(), query.size.into()).await?;
    Ok(bytes_answer(&headers, &id, query.size, bytes, &kind))
}

/// Content never changes under its id: it may be kept for good, by this browser alone. Videos are asked
/// for in parts.
pub fn bytes_answer(headers: &HeaderMap, id: &str, size: SizeWord, bytes: Bytes, kind: &str) -> Response {
    let tag = format!("\"{id}-{size:?}\"");
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes());
    let total = bytes.len();
    let part = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(|text| range(text, total));
    let mut response = match (same, part) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some((from, to))) => {
            let mut response = Response::new(Body::from(bytes.slice(from..to)));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            if let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{}/{total}", to - 1)) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            response
        }
        (false, None) => Response::new(Body::from(bytes)),
    };
    let out = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, value);
    }
    if let Ok(value) = HeaderValue::from_str(kind) {
        out.insert(header::CONTENT_TYPE, value);
    }
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    // Nothing uploaded is ever run, even if a browser should take it for a page.
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    response
}

/// One range of bytes, end exclusive; anything else is answered whole.
fn range(text: &str, total: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.checked_add(1)?.min(total)),
        (Ok(from), Err(_)) if to.is_empty() => (from, total),
        (Err(_), Ok(last)) if from.is_empty() => (total.checked_sub(last)?, total),
        _ => return None,
    };
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_others_are_ignored() {
        let table = [
            ("bytes=0-9", Some((0, 10))),
            ("bytes=90-", Some((90, 100))),
            ("bytes=-10", Some((90, 100))),
            ("bytes=50-500", Some((50, 100))),
            ("bytes=100-", None),
            ("bytes=5-4", None),
            ("bytes=0-1,5-6", None),
            ("bytes=-500", None),
            ("lines=1-2", None),
            ("bytes=0-18446744073709551615", None),
        ];
        for (text, expected) in table {
            assert_eq!(range(text, 100), expected, "{text}");
        }
    }

    #[test]
    fn a_known_attachment_is_not_sent_again() {
        let mut headers = HeaderMap::new();
        let first = bytes_answer(&headers, "ab", SizeWord::Thumb, Bytes::from_static(b"123"), "image/jpeg");
        assert_eq!(
            (first.status().as_u16(), &first.headers()["content-type"]),
            (200, &HeaderValue::from_static("image/jpeg"))
        );
        headers.insert(header::IF_NONE_MATCH, first.headers()["etag"].clone());
        assert_eq!(bytes_answer(&headers, "ab", SizeWord::Thumb, Bytes::new(), "image/jpeg").status(), 304);
    }
}
