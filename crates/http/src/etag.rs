//! Versions of what was read: answers 304 when the reader has it, refuses a write on an old one.

use crate::error::HttpError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A weak tag over `parts`: equal parts, equal meaning.
#[must_use]
pub fn tag(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("W/\"{}\"", hex::encode(&hash.finalize()[..12]))
}

/// Answers `body` with its tag, or 304 without building it when the caller has it.
pub fn answer<R: IntoResponse>(headers: &HeaderMap, tag: &str, body: impl FnOnce() -> R) -> Response {
    let mut response =
        if has(headers, tag) { StatusCode::NOT_MODIFIED.into_response() } else { body().into_response() };
    let out = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(tag) {
        out.insert(header::ETAG, value);
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("cookie, authorization, accept-language"));
    response
}

fn has(headers: &HeaderMap, tag: &str) -> bool {
    known(headers).any(|wanted| wanted == "*" || wanted == tag.trim_start_matches("W/"))
}

/// The tags of what the caller has, whether weak or strong.
pub fn known(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
}

/// The version a write is based on: `If-Match: "7"`, or `If-None-Match: *` for something new (0).
///
/// # Errors
/// 428 when neither is there, 412 when the tag is not one of ours.
pub fn expected_version(headers: &HeaderMap) -> Result<u32, HttpError> {
    if let Some(value) = headers.get(header::IF_MATCH) {
        let text = value.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
        return text.parse().map_err(|_| HttpError::new(StatusCode::PRECONDITION_FAILED, "stale"));
    }
    let new = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == b"*");
    if new { Ok(0) } else { Err(HttpError::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required")) }
}

/// The tag of a record: its version.
#[must_use]
pub fn of_version(version: u32) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_reader_with_the_same_tag_gets_no_body() {
        let tag = tag(&["a", "b"]);
        assert_ne!(tag, super::tag(&["ab", ""]));
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(&format!("\"x\", {tag}")).unwrap());
        assert_eq!(answer(&headers, &tag, || "body").status(), 304);
        assert_eq!(answer(&HeaderMap::new(), &tag, || "body").status(), 200);
    }

    #[test]
    fn a_write_says_what_it_is_based_on() {
        assert_eq!(expected_version(&with(header::IF_MATCH, "\"7\"")).unwrap(), 7);
        assert_eq!(expected_version(&with(header::IF_MATCH, "7")).unwrap(), 7);
        assert_eq!(expected_version(&with(header::IF_NONE_MATCH, "*")).unwrap(), 0);
        assert_eq!(expected_version(&with(header::IF_MATCH, "\"x\"")).unwrap_err().status, 412);
        assert_eq!(expected_version(&HeaderMap::new()).unwrap_err().status, 428);
    }
}
