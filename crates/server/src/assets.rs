//! The pages and the base map, from inside the binary. A city's own base map lies in `data_dir/basemap`.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::io::SeekFrom;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Pages;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../demo/basemap"]
struct Basemap;

/// Paths that belong to interfaces: an unknown one is not a page.
const NOT_PAGES: &[&str] = &["api", "open311", "ogc", "basemap", "assets", "healthz", "metrics"];

/// Base-map bytes sent without a range or read at once from a file: a map asks for far less.
const PIECE_MAX: u64 = 64 * 1024 * 1024;

/// Serves `/basemap/*` and every page.
pub fn router(data_dir: &Path) -> Router {
    let own: Arc<PathBuf> = Arc::new(data_dir.join("basemap"));
    let maps = Router::new().route("/basemap/{*path}", get(basemap)).with_state(own);
    Router::new().fallback(page).merge(maps)
}

async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let known = if path.is_empty() { None } else { Pages::get(path).map(|file| (path, file)) };
    if known.is_none()
        && (NOT_PAGES.contains(&first) || path.rsplit('/').next().is_some_and(|last| last.contains('.')))
    {
        return StatusCode::NOT_FOUND.into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET, HEAD")]).into_response();
    }
    if let Some((path, file)) = known {
        // Names under assets/ hold a hash of what is in them.
        let cache =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        return whole(&file, path, cache, &headers);
    }
    let index = match first {
        "citizen" => "citizen/index.html",
        "street" => "street/index.html",
        _ => "index.html",
    };
    match Pages::get(index) {
        Some(file) => whole(&file, index, "no-cache", &headers),
        None => (StatusCode::OK, [("content-type", "text/html; charset=utf-8")], NOT_BUILT).into_response(),
    }
}

const NOT_BUILT: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>一网 · Yiwang</title>\
<h1>网页没有构建 · The pages were not built</h1>\
<p>服务器在运行，但编译时跳过了网页（YIWANG_SKIP_WEB）。请不带该变量重新编译。</p>\
<p>The server runs, but was compiled without its pages (YIWANG_SKIP_WEB). Compile again without that variable.</p>\
<p><a href=\"/api/openapi.json\">/api/openapi.json</a></p></html>";

fn bytes_of(file: &EmbeddedFile) -> Bytes {
    match &file.data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => Bytes::from(data.clone()),
    }
}

fn etag_of(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]))
}

fn whole(file: &EmbeddedFile, path: &str, cache: &'static str, headers: &HeaderMap) -> Response {
    let etag = etag_of(file);
    let common = [
        (ETAG, etag.clone()),
        (CACHE_CONTROL, cache.to_owned()),
        (CONTENT_TYPE, content_type(path).to_owned()),
    ];
    if is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, bytes_of(file)).into_response()
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(',').any(|one| one.trim().trim_start_matches("W/") == etag))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        "pbf" => "application/x-protobuf",
        _ => "application/octet-stream",
    }
}

/// A part of the base map; PMTiles reads it by byte ranges.
async fn basemap(
    State(own): State<Arc<PathBuf>>,
    UrlPath(path): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let relative = Path::new(&path);
    if !relative.components().all(|c| matches!(c, Component::Normal(_))) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Some(response) = from_folder(&own.join(relative), &path, &headers).await {
        return response;
    }
    let embedded = if path.ends_with(".md") { None } else { Basemap::get(&path) };
    let Some(file) = embedded else { return StatusCode::NOT_FOUND.into_response() };
    let etag = etag_of(&file);
    let bytes = bytes_of(&file);
    let length = bytes.len() as u64;
    match wanted(&headers, &etag, length) {
        Wanted::Known => not_modified(&etag),
        Wanted::Impossible => impossible(length),
        Wanted::All => {
            piece(StatusCode::OK, &path, &etag, 0..=length.saturating_sub(1), length, bytes.into())
        }
        Wanted::Part(range) => {
            let slice = bytes.slice(to_usize(*range.start())..=to_usize(*range.end()));
            piece(StatusCode::PARTIAL_CONTENT, &path, &etag, range, length, slice.into())
        }
    }
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

async fn from_folder(file: &Path, path: &str, headers: &HeaderMap) -> Option<Response> {
    let mut file = tokio::fs::File::open(file).await.ok()?;
    let metadata = file.metadata().await.ok().filter(std::fs::Metadata::is_file)?;
    let length = metadata.len();
    let changed = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
    let etag = format!("\"{length:x}-{changed:x}\"");
    let (status, range) = match wanted(headers, &etag, length) {
        Wanted::Known => return Some(not_modified(&etag)),
        Wanted::Impossible => return Some(impossible(length)),
        Wanted::All => (StatusCode::OK, 0..=length.saturating_sub(1)),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
    };
    let size = if length == 0 { 0 } else { range.end() - range.start() + 1 };
    if size > PIECE_MAX {
        let rest = tokio_util::io::ReaderStream::new(file.take(length));
        // Only the whole file is ever larger than a piece; it is streamed, not held.
        return Some(if status == StatusCode::OK {
            piece(status, path, &etag, range, length, Body::from_stream(rest))
        } else {
            impossible(length)
        });
    }
    file.seek(SeekFrom::Start(*range.start())).await.ok()?;
    let mut bytes = Vec::with_capacity(to_usize(size));
    file.take(size).read_to_end(&mut bytes).await.ok()?;
    Some(piece(status, path, &etag, range, length, bytes.into()))
}

fn not_modified(etag: &str) -> Response {
    (StatusCode::NOT_MODIFIED, [(ETAG, etag.to_owned())]).into_response()
}

fn impossible(length: u64) -> Response {
    (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{length}"))]).into_response()
}

fn piece(
    status: StatusCode,
    path: &str,
    etag: &str,
    range: RangeInclusive<u64>,
    length: u64,
    body: Body,
) -> Response {
    let size = if length == 0 { 0 } else { range.end() - range.start() + 1 };
    let mut response = (
        status,
        [
            (ETAG, etag.to_owned()),
            (CACHE_CONTROL, "public, max-age=86400".to_owned()),
            (CONTENT_TYPE, content_type(path).to_owned()),
            (ACCEPT_RANGES, "bytes".to_owned()),
            (CONTENT_LENGTH, size.to_string()),
        ],
        body,
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {}-{}/{length}", range.start(), range.end()))
    {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(RangeInclusive<u64>),
    Known,
    Impossible,
}

/// What the request asks for. Several ranges at once are answered with the whole, as RFC 9110 allows.
fn wanted(headers: &HeaderMap, etag: &str, length: u64) -> Wanted {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(range) = text(RANGE).and_then(|v| v.strip_prefix("bytes=")) else {
        return if is_known(headers, etag) { Wanted::Known } else { Wanted::All };
    };
    if text(axum::http::header::IF_RANGE).is_some_and(|v| v != etag) {
        return Wanted::All;
    }
    let Some((from, to)) = range.split_once('-') else { return Wanted::All };
    let parsed = match (from.trim().parse::<u64>(), to.trim()) {
        (Ok(from), "") => Some(from..=length.saturating_sub(1)),
        (Ok(from), to) => match to.parse::<u64>() {
            Ok(to) if from <= to => Some(from..=to.min(length.saturating_sub(1))),
            _ => return Wanted::All,
        },
        (Err(_), to) if from.trim().is_empty() => match to.parse::<u64>() {
            Ok(0) => None,
            Ok(last) => Some(length.saturating_sub(last)..=length.saturating_sub(1)),
            Err(_) => return Wanted::All,
        },
        _ => return Wanted::All,
    };
    match parsed {
        Some(range) if *range.start() < length => Wanted::Part(range),
        _ => Wanted::Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use tower::ServiceExt;

    fn ranged(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RANGE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let table = [
            ("bytes=0-9", Wanted::Part(0..=9)),
            ("bytes=90-", Wanted::Part(90..=99)),
            ("bytes=-5", Wanted::Part(95..=99)),
            ("bytes=-500", Wanted::Part(0..=99)),
            ("bytes=50-500", Wanted::Part(50..=99)),
            ("bytes=100-", Wanted::Impossible),
            ("bytes=-0", Wanted::Impossible),
            ("bytes=9-0", Wanted::All),
            ("bytes=0-1,5-6", Wanted::All),
            ("lines=1-2", Wanted::All),
        ];
        for (value, expected) in table {
            assert_eq!(wanted(&ranged(value), "\"x\"", 100), expected, "{value}");
        }
    }

    async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap())
    }

    #[tokio::test]
    async fn the_base_map_is_read_by_ranges_from_the_binary_and_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("basemap")).unwrap();
        std::fs::write(folder.path().join("basemap/own.pmtiles"), b"0123456789").unwrap();
        std::fs::write(folder.path().join("secret.txt"), b"no").unwrap();
        let router = router(folder.path());
        let get = |path: &str, range: Option<&str>| {
            let mut request = Request::get(path);
            if let Some(range) = range {
                request = request.header(RANGE, range);
            }
            request.body(Body::empty()).unwrap()
        };
        let (status, headers, body) = ask(&router, get("/basemap/own.pmtiles", Some("bytes=2-4"))).await;
        assert_eq!((status, &body[..]), (StatusCode::PARTIAL_CONTENT, &b"234"[..]));
        assert_eq!(headers[CONTENT_RANGE], "bytes 2-4/10");
        let (status, _, body) = ask(&router, get("/basemap/own.pmtiles", None)).await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"0123456789"[..]));

        let (status, headers, body) = ask(&router, get("/basemap/boston.pmtiles", Some("bytes=0-6"))).await;
        assert_eq!((status, &body[..]), (StatusCode::PARTIAL_CONTENT, &b"PMTiles"[..]));
        let again = Request::get("/basemap/boston.pmtiles").header(IF_NONE_MATCH, &headers[ETAG]);
        assert_eq!(ask(&router, again.body(Body::empty()).unwrap()).await.0, StatusCode::NOT_MODIFIED);
        let glyphs = get("/basemap/glyphs/Noto%20Sans%20Regular/0-255.pbf", None);
        assert_eq!(ask(&router, glyphs).await.0, StatusCode::OK);

        for outside in [
            "/basemap/../secret.txt",
            "/basemap/%2e%2e/secret.txt",
            "/basemap/%2Fetc/passwd",
            "/basemap/README.md",
        ] {
            assert_eq!(ask(&router, get(outside, None)).await.0, StatusCode::NOT_FOUND, "{outside}");
        }
    }

    #[tokio::test]
    async fn unknown_paths_are_pages_but_not_below_the_interfaces() {
        let folder = tempfile::tempdir().unwrap();
        let router = router(folder.path());
        let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
        for page in ["/", "/cases?stage=filed", "/citizen/f/abc", "/street/"] {
            let (status, headers, body) = ask(&router, get(page)).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{page}");
            assert!(!body.is_empty());
        }
        for missing in ["/api/nothing", "/assets/lost.js", "/favicon.ico", "/open311/v9/x"] {
            assert_eq!(ask(&router, get(missing)).await.0, StatusCode::NOT_FOUND, "{missing}");
        }
        let post = Request::post("/cases").body(Body::empty()).unwrap();
        assert_eq!(ask(&router, post).await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
