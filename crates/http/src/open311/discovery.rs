//! Where and what this endpoint is.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::open311::answer::{Errors, Format, answer};
use crate::open311::document::Piece;
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// When this interface last changed.
const CHANGESET: &str = "2026-11-01T00:00:00+00:00";

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(discovery_xml)).routes(routes!(discovery_json))
}

/// Discovery (XML).
#[utoipa::path(get, path = "/open311/v2/discovery.xml", tag = "open311",
    responses((status = 200, body = String, content_type = "text/xml"), (status = "4XX", description = "Errors", body = String, content_type = "text/xml")))]
async fn discovery_xml(State(door): State<Door>, guest: Result<Guest, HttpError>) -> Response {
    answer(Format::Xml, "discovery", discovery(&door, guest))
}

/// Discovery (JSON).
#[utoipa::path(get, path = "/open311/v2/discovery.json", tag = "open311",
    responses((status = 200, body = serde_json::Value), (status = "4XX", description = "Errors", body = serde_json::Value)))]
async fn discovery_json(State(door): State<Door>, guest: Result<Guest, HttpError>) -> Response {
    answer(Format::Json, "discovery", discovery(&door, guest))
}

fn discovery(door: &Door, guest: Result<Guest, HttpError>) -> Result<Piece, Errors> {
    let guest = guest?;
    let config = door.app.config(guest.city)?;
    let name = guest.language.pick(&config.settings.name);
    let contact = format!("{name} {}", config.settings.phone);
    let keys = if door.options.open311_key_required {
        format!("{}: ask the system administrator for an API token", door.options.public_url)
    } else {
        "no key is needed".to_owned()
    };
    let endpoint = Piece::Object(vec![
        ("specification", Piece::text("http://wiki.open311.org/GeoReport_v2")),
        ("url", Piece::text(format!("{}/open311/v2", door.options.public_url))),
        ("changeset", Piece::text(CHANGESET)),
        ("type", Piece::text(if config.settings.demo { "test" } else { "production" })),
        ("formats", Piece::List("format", vec![Piece::text("text/xml"), Piece::text("application/json")])),
    ]);
    Ok(Piece::Object(vec![
        ("changeset", Piece::text(CHANGESET)),
        ("contact", Piece::text(contact.trim())),
        ("key_service", Piece::text(keys)),
        ("endpoints", Piece::List("endpoint", vec![endpoint])),
    ]))
}
