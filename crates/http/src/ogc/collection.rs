//! The collections and what each holds.

use crate::door::Door;
use crate::extract::Path;
use crate::language::Language;
use crate::ogc::answer::{Asked, CRS84, Fault, Format, GEOJSON, HTML, JSON, html, json};
use crate::ogc::landing::{base, link, self_links};
use crate::ogc::page::{Page, anchor, escape, word};
use crate::ogc::reader::Reader;
use app::features::Collection;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json as value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(collections)).routes(routes!(collection))
}

/// A collection as the standard describes it.
fn document(base: &str, language: Language, one: &Collection, own: Vec<Value>) -> Value {
    let address = format!("{base}/collections/{}", one.id);
    let mut links = own;
    links.push(link("items", GEOJSON, &format!("{address}/items?f=json"), language.pick(&one.title)));
    links.push(link("items", HTML, &format!("{address}/items?f=html"), language.pick(&one.title)));
    let mut extent = serde_json::Map::new();
    if let Some(b) = &one.bounds {
        extent
            .insert("spatial".into(), value!({ "bbox": [[b.west, b.south, b.east, b.north]], "crs": CRS84 }));
    }
    if one.moment.is_some() {
        let gregorian = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian";
        extent.insert("temporal".into(), value!({ "interval": [[null, null]], "trs": gregorian }));
    }
    value!({
        "id": one.id,
        "title": language.pick(&one.title),
        "description": language.pick(&one.about),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent,
        "links": links,
    })
}

/// The collections the caller may see.
#[utoipa::path(get, path = "/ogc/collections", tag = "ogc",
    params(("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "Collections",
        content((Value = "application/json"), (String = "text/html")))))]
async fn collections(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &[], false)?;
    let (base, language) = (base(&door), caller.language);
    let all = door.app.collections(&caller.actor).await?;
    let address = format!("{base}/collections");
    if asked.format == Format::Html {
        let mut page = Page::new(language, &word(language, "collections"), &base);
        let heads = ["collection", "about_it", "filters"].map(|code| word(language, code));
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| {
                vec![
                    anchor(&format!("{address}/{}?f=html", one.id), language.pick(&one.title)),
                    escape(language.pick(&one.about)),
                    escape(&one.filters.join(", ")),
                ]
            })
            .collect();
        page.table(&heads, &rows);
        return Ok(html(page.finish(&format!("{address}?f=json"))));
    }
    let documents: Vec<Value> = all
        .iter()
        .map(|one| {
            let own = format!("{address}/{}?f=json", one.id);
            document(&base, language, one, vec![link("self", JSON, &own, language.pick(&one.title))])
        })
        .collect();
    let links = self_links(&asked, &address, JSON);
    Ok(json(JSON, &value!({ "links": links, "collections": documents })))
}

/// One collection.
#[utoipa::path(get, path = "/ogc/collections/{collection}", tag = "ogc",
    params(("collection" = String, Path, max_length = 80),
        ("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "The collection",
        content((Value = "application/json"), (String = "text/html")))))]
async fn collection(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &[], false)?;
    let (base, language) = (base(&door), caller.language);
    let one = door.app.collection(&caller.actor, &id).await?;
    let address = format!("{base}/collections/{}", one.id);
    if asked.format == Format::Html {
        let page = Page::new(language, language.pick(&one.title), &base);
        let mut page = page.under(format!("{base}/collections?f=html"), &word(language, "collections"));
        page.soft(language.pick(&one.about));
        page.links(&[(format!("{address}/items?f=html"), word(language, "items"))]);
        page.heading(&word(language, "filters"));
        page.soft(&format!("bbox, datetime, limit, {}", one.filters.join(", ")));
        return Ok(html(page.finish(&format!("{address}?f=json"))));
    }
    let links = self_links(&asked, &address, JSON);
    Ok(json(JSON, &document(&base, language, &one, links)))
}
