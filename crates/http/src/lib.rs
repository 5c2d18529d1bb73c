//! The doors of the application: REST under `/api` with its OpenAPI document, the live stream, Open311.
//!
//! An endpoint reads the request, calls one use case, shapes the reply. Rules live in `case`, rights in `app`.

pub mod admin;
pub mod attachment;
pub mod caller;
pub mod case;
pub mod context;
pub mod door;
pub mod error;
pub mod etag;
pub mod extract;
pub mod filters;
pub mod health;
pub mod i18n;
pub mod inbox;
pub mod language;
pub mod ledger;
pub mod limit;
pub mod live;
pub mod local_time;
pub mod map;
pub mod network;
pub mod ogc;
pub mod oidc;
pub mod open311;
pub mod openapi;
pub mod options;
pub mod place;
pub mod print;
pub mod public;
pub mod register;
pub mod session;
pub mod table;
pub mod telemetry;
pub mod transfer;
pub mod vocabulary;

use crate::door::Door;
use crate::error::HttpError;
use app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::OnceLock;
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use utoipa_axum::router::OpenApiRouter;

pub use crate::i18n::because_message;
pub use crate::language::Language;
pub use crate::network::Network;
pub use crate::options::{HttpOptions, OidcProvider, RateLimits, TableReader};

/// Bytes of an ordinary request: a report with 4,000 characters and 20 photos named is 20 kB, a procedure 60 kB.
const BODY_MAX: usize = 1024 * 1024;

fn documented() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(oidc::routes())
        .merge(vocabulary::routes())
        .merge(place::routes())
        .merge(case::routes())
        .merge(attachment::routes())
        .merge(ledger::routes())
        .merge(admin::routes())
        .merge(transfer::routes())
        .merge(inbox::routes())
        .merge(live::routes())
        .merge(map::routes())
        .merge(register::routes())
        .merge(public::routes())
        .merge(open311::routes())
        .merge(ogc::routes())
        .merge(health::routes())
}

/// The OpenAPI 3.1 document of every operation.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    openapi::complete(documented().into_openapi())
}

/// Everything the server answers. Needs connection info (`ConnectInfo<SocketAddr>`) to know addresses.
pub fn router(app: App, options: HttpOptions) -> Router {
    let door = Door::new(app, options);
    let (routes, _) = documented().split_for_parts();
    let squeeze = DefaultPredicate::new()
        .and(NotForContentType::const_new("video/"))
        .and(NotForContentType::const_new("application/pdf"))
        .and(NotForContentType::const_new("application/vnd."));
    routes
        .route("/api/openapi.json", get(document))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(no_such_method)
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(door.clone(), telemetry::guard))
        .layer(from_fn_with_state(door.clone(), telemetry::watch))
        .layer(CompressionLayer::new().compress_when(squeeze))
        .with_state(door)
}

async fn document(headers: HeaderMap) -> Response {
    static TEXT: OnceLock<(String, String)> = OnceLock::new();
    let (text, tag) = TEXT.get_or_init(|| {
        let text = openapi().to_json().unwrap_or_default();
        let tag = etag::tag(&[&text]);
        (text, tag)
    });
    etag::answer(&headers, tag, || ([(header::CONTENT_TYPE, "application/json")], text.as_str()))
}

async fn no_such_method() -> HttpError {
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
}

/// What no route answers: the web pages, or nothing.
async fn elsewhere(State(door): State<Door>, request: Request) -> Response {
    let path = request.uri().path();
    let ours = ["/api", "/open311", "/ogc", "/metrics", "/healthz"];
    let is_ours = ours
        .iter()
        .any(|p| path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    match (&door.options.pages, is_ours) {
        (Some(pages), false) => match pages.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        _ => HttpError::not_found().into_response(),
    }
}
