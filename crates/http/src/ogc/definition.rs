//! The definition of this interface in OpenAPI 3.0, the version the standard names; the one of everything else
//! is 3.1.

use crate::door::Door;
use crate::ogc::answer::{Asked, Fault, Format, html};
use crate::ogc::landing::base;
use crate::ogc::page::{Page, escape, word};
use crate::ogc::reader::Reader;
use app::features::PAGE_MAX;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(definition))
}

/// The definition of `/ogc` in OpenAPI 3.0.
#[utoipa::path(get, path = "/ogc/api", tag = "ogc",
    params(("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "OpenAPI 3.0",
        content((Value = "application/vnd.oai.openapi+json;version=3.0"), (String = "text/html")))))]
async fn definition(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &[], false)?;
    let base = base(&door);
    let document = document(&base);
    if asked.format == Format::Html {
        let language = caller.language;
        let mut page = Page::new(language, &word(language, "definition"), &base);
        let rows: Vec<Vec<String>> = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(path, item)| {
                let parameters: Vec<&str> = item["get"]["parameters"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|one| one["name"].as_str())
                    .collect();
                let what = item["get"]["summary"].as_str().unwrap_or_default();
                vec![
                    format!("<code>GET {}</code>", escape(path)),
                    escape(what),
                    escape(&parameters.join(", ")),
                ]
            })
            .collect();
        let heads = ["address", "about_it", "parameters"].map(|code| word(language, code));
        page.table(&heads, &rows);
        return Ok(html(page.finish(&format!("{base}/api?f=json"))));
    }
    Ok(crate::ogc::answer::json(OPENAPI, &document))
}

fn document(base: &str) -> Value {
    let text = |name: &str, place: &str, about: &str| {
        json!({ "name": name, "in": place, "required": place == "path", "description": about, "schema": { "type": "string" },
                "style": if place == "path" { "simple" } else { "form" }, "explode": false })
    };
    let format = json!({ "name": "f", "in": "query", "required": false, "style": "form", "explode": false,
        "schema": { "type": "string", "enum": ["json", "html"] } });
    let limit = json!({ "name": "limit", "in": "query", "required": false, "style": "form", "explode": false,
        "schema": { "type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 10 } });
    let bbox = json!({ "name": "bbox", "in": "query", "required": false, "style": "form", "explode": false,
        "schema": { "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } } });
    let answers = |kind: &str, schema: &str| {
        let problem = json!({ "description": "Not answered", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/exception" } } } });
        let good = json!({ "description": "Answered", "content": {
            kind: { "schema": { "$ref": format!("#/components/schemas/{schema}") } },
            "text/html": { "schema": { "type": "string" } } } });
        json!({ "200": good, "400": problem, "401": problem, "404": problem, "500": problem })
    };
    let get = |id: &str, summary: &str, parameters: Vec<Value>, responses: Value| json!({ "get": { "operationId": id, "summary": summary, "tags": ["Features"], "parameters": parameters, "responses": responses } });
    let collection = text("collectionId", "path", "id of a collection");
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Yiwang OGC API Features", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0" } },
        "servers": [{ "url": base }],
        "security": [{ "basic": [] }, { "bearer": [] }],
        "tags": [{ "name": "Features" }],
        "paths": {
            "/": get("getLandingPage", "Landing page", vec![format.clone()], answers("application/json", "landingPage")),
            "/conformance": get("getConformance", "Conformance classes", vec![format.clone()], answers("application/json", "confClasses")),
            "/api": get("getApi", "This definition", vec![format.clone()], answers(OPENAPI, "any")),
            "/collections": get("getCollections", "Collections", vec![format.clone()], answers("application/json", "collections")),
            "/collections/{collectionId}": get("describeCollection", "One collection", vec![collection.clone(), format.clone()],
                answers("application/json", "collection")),
            "/collections/{collectionId}/items": get("getFeatures", "Features",
                vec![collection.clone(), limit, bbox, text("datetime", "query", "a moment or an interval"),
                    text("after", "query", "of the next link"),
                    json!({ "name": "properties", "in": "query", "required": false, "style": "form", "explode": true,
                        "description": "any property of the collection that may be asked for",
                        "schema": { "type": "object", "additionalProperties": { "type": "string" } } }),
                    format.clone()],
                answers("application/geo+json", "featureCollection")),
            "/collections/{collectionId}/items/{featureId}": get("getFeature", "One feature",
                vec![collection, text("featureId", "path", "id of a feature"), format], answers("application/geo+json", "feature")),
        },
        "components": {
            "securitySchemes": { "basic": { "type": "http", "scheme": "basic", "description": "an API token as password" },
                "bearer": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "any": { "type": "object" },
                "exception": { "type": "object", "required": ["code"], "properties": { "code": { "type": "string" }, "detail": { "type": "string" } } },
                "link": { "type": "object", "required": ["href", "rel"], "properties": { "href": { "type": "string" }, "rel": { "type": "string" },
                    "type": { "type": "string" }, "title": { "type": "string" } } },
                "links": { "type": "array", "items": { "$ref": "#/components/schemas/link" } },
                "landingPage": { "type": "object", "required": ["links"], "properties": { "title": { "type": "string" }, "description": { "type": "string" },
                    "links": { "$ref": "#/components/schemas/links" } } },
                "confClasses": { "type": "object", "required": ["conformsTo"], "properties": { "conformsTo": { "type": "array", "items": { "type": "string" } } } },
                "collection": { "type": "object", "required": ["id", "links"], "properties": { "id": { "type": "string" }, "title": { "type": "string" },
                    "description": { "type": "string" }, "links": { "$ref": "#/components/schemas/links" }, "extent": { "type": "object" },
                    "itemType": { "type": "string" }, "crs": { "type": "array", "items": { "type": "string" } } } },
                "collections": { "type": "object", "required": ["links", "collections"], "properties": { "links": { "$ref": "#/components/schemas/links" },
                    "collections": { "type": "array", "items": { "$ref": "#/components/schemas/collection" } } } },
                "feature": { "type": "object", "required": ["type", "geometry", "properties"], "properties": { "type": { "type": "string", "enum": ["Feature"] },
                    "id": { "type": "string" }, "geometry": { "type": "object", "nullable": true }, "properties": { "type": "object", "nullable": true },
                    "links": { "$ref": "#/components/schemas/links" } } },
                "featureCollection": { "type": "object", "required": ["type", "features"], "properties": { "type": { "type": "string", "enum": ["FeatureCollection"] },
                    "features": { "type": "array", "items": { "$ref": "#/components/schemas/feature" } }, "links": { "$ref": "#/components/schemas/links" },
                    "timeStamp": { "type": "string", "format": "date-time" }, "numberMatched": { "type": "integer", "minimum": 0 },
                    "numberReturned": { "type": "integer", "minimum": 0 } } },
            },
        },
    })
}
