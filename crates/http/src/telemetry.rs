//! What is written and counted about every request. Labels are route patterns, never identities.

use crate::context::{self, Context};
use crate::door::Door;
use crate::error::HttpError;
use crate::language::Language;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Gives every request its number, language, time limit, log line and figures.
pub async fn watch(State(door): State<Door>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = trace_id(request.headers());
    let language = Language::of(request.headers());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %method, route, trace_id);
    let context = Context { trace_id: trace_id.clone(), language };
    let limit = if takes_long(&route, request.headers()) { PATIENCE } else { door.options.timeout };
    let answer = async move {
        match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let mut late = HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout");
                late.retry_after_s = Some(5);
                late.into_response()
            }
        }
    };
    let mut response = context::inside(context, answer).instrument(span.clone()).await;
    let status = response.status();
    let took = started.elapsed();
    let labels = [("method", method.to_string()), ("route", route), ("status", status.as_str().to_owned())];
    metrics::counter!("yiwang_http_requests_total", &labels).increment(1);
    metrics::histogram!("yiwang_http_request_seconds", &labels).record(took.as_secs_f64());
    span.in_scope(|| {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), took_ms, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), took_ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        response.headers_mut().insert("x-trace-id", value);
    }
    response
}

/// For what moves many bytes or reads the whole city: a video over a slow phone line takes minutes.
const PATIENCE: Duration = Duration::from_secs(300);

fn takes_long(route: &str, headers: &HeaderMap) -> bool {
    let whole_city =
        route.ends_with("/export") || route.ends_with("/migrate") || route.starts_with("/api/exports/");
    whole_city || crate::extract::essence(headers) == "multipart/form-data"
}

/// The caller's own number when it sent a sound `traceparent` (W3C Trace Context), else a new one.
fn trace_id(headers: &HeaderMap) -> String {
    let own = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(|text| {
        let id = text.split('-').nth(1)?;
        let sound =
            id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
        sound.then(|| id.to_ascii_lowercase())
    });
    own.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string())
}

/// What every answer tells the browser to keep to.
pub async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(self)"),
    );
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| policy(&door.app.basemap_origins()));
    if door.options.secure_cookie {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Own scripts only; the map draws in a worker made from a blob, styles are set by the page's components.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; \
    worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// With base maps of others, pictures may come from where those are, and from nowhere else.
fn policy(origins: &BTreeSet<String>) -> HeaderValue {
    let plain = HeaderValue::from_static(POLICY);
    if origins.is_empty() {
        return plain;
    }
    let more: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let text = POLICY.replace("blob:; media-src", &format!("blob:{more}; media-src"));
    let text = text.replace("connect-src 'self'", &format!("connect-src 'self'{more}"));
    HeaderValue::from_str(&text).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_may_come_from_the_base_maps_and_scripts_never() {
        assert_eq!(policy(&BTreeSet::new()), HeaderValue::from_static(POLICY));
        let origins = BTreeSet::from(["https://t0.example".to_owned(), "https://t1.example:8443".to_owned()]);
        let policy = policy(&origins);
        let text = policy.to_str().unwrap();
        assert!(
            text.contains("img-src 'self' data: blob: https://t0.example https://t1.example:8443;"),
            "{text}"
        );
        assert!(text.contains("connect-src 'self' https://t0.example https://t1.example:8443;"), "{text}");
        assert!(text.contains("script-src 'self';"), "{text}");
    }

    #[test]
    fn a_sound_trace_parent_is_kept() {
        let with = |text: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static("traceparent"),
                HeaderValue::from_static(text),
            )])
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&with("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")), id);
        for bad in ["", "00-xyz-1-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            let made = trace_id(&with(bad));
            assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()));
        }
    }
}
