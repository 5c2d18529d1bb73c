//! Where a program begins: the landing page and what it may rely on.

use crate::door::Door;
use crate::ogc::answer::{Asked, Fault, Format, HTML, JSON, html, json};
use crate::ogc::definition::OPENAPI;
use crate::ogc::page::{Page, word};
use crate::ogc::reader::Reader;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json as value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const CONFORMS_TO: [&str; 4] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
];

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(landing))
        // Clients that put a slash after every folder.
        .route("/ogc/", axum::routing::get(landing))
        .routes(routes!(conformance))
}

/// The address below which everything of this interface lies.
#[must_use]
pub fn base(door: &Door) -> String {
    format!("{}/ogc", door.options.public_url)
}

/// A link as the standard has it.
#[must_use]
pub fn link(rel: &str, kind: &str, href: &str, title: &str) -> Value {
    value!({ "rel": rel, "type": kind, "href": href, "title": title })
}

/// Links of a document to itself in both formats.
#[must_use]
pub fn self_links(asked: &Asked, address: &str, kind: &str) -> Vec<Value> {
    let at = |format: &str| format!("{address}?{}", asked.query_with(&[("f", format)]));
    let (own, other) = match asked.format {
        Format::Json => (("self", kind, "json"), ("alternate", HTML, "html")),
        Format::Html => (("self", HTML, "html"), ("alternate", kind, "json")),
    };
    [own, other].map(|(rel, kind, format)| link(rel, kind, &at(format), rel)).to_vec()
}

/// The landing page of OGC API Features.
#[utoipa::path(get, path = "/ogc", tag = "ogc",
    params(("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "Where everything is",
        content((Value = "application/json"), (String = "text/html")))))]
async fn landing(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &[], false)?;
    let (base, language) = (base(&door), caller.language);
    let config = door.app.config(caller.actor.city)?;
    let city = language.pick(&config.settings.name).to_owned();
    let title = format!("{city} · {}", word(language, "title"));
    if asked.format == Format::Html {
        let mut page = Page::new(language, &title, &base);
        page.soft(&word(language, "about"));
        page.links(&[
            (format!("{base}/collections?f=html"), word(language, "collections")),
            (format!("{base}/api?f=html"), word(language, "definition")),
            (format!("{base}/conformance?f=html"), word(language, "conformance")),
        ]);
        page.heading(&word(language, "how"));
        page.soft(&word(language, "how_text"));
        return Ok(html(page.finish(&format!("{base}?f=json"))));
    }
    let mut links = self_links(&asked, &base, JSON);
    links.extend([
        link("service-desc", OPENAPI, &format!("{base}/api?f=json"), "OpenAPI 3.0"),
        link("service-doc", HTML, &format!("{base}/api?f=html"), &word(language, "definition")),
        link("conformance", JSON, &format!("{base}/conformance?f=json"), &word(language, "conformance")),
        link("data", JSON, &format!("{base}/collections?f=json"), &word(language, "collections")),
    ]);
    Ok(json(JSON, &value!({ "title": title, "description": word(language, "about"), "links": links })))
}

/// The parts of the standard that are kept.
#[utoipa::path(get, path = "/ogc/conformance", tag = "ogc",
    params(("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "Conformance classes",
        content((Value = "application/json"), (String = "text/html")))))]
async fn conformance(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &[], false)?;
    let address = format!("{}/conformance", base(&door));
    if asked.format == Format::Html {
        let mut page = Page::new(caller.language, &word(caller.language, "conformance"), &base(&door));
        page.links(&CONFORMS_TO.map(|class| (class.to_owned(), class.to_owned())));
        return Ok(html(page.finish(&format!("{address}?f=json"))));
    }
    let links = self_links(&asked, &address, JSON);
    Ok(json(JSON, &value!({ "conformsTo": CONFORMS_TO, "links": links })))
}
