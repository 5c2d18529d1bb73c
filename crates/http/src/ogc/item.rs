//! Features: a page of a collection, or one.

use crate::door::Door;
use crate::extract::Path;
use crate::language::Language;
use crate::ogc::answer::{Asked, CRS84, Fault, Format, GEOJSON, JSON, html, json};
use crate::ogc::landing::{base, link, self_links};
use crate::ogc::page::{Page, anchor, cell, word};
use crate::ogc::reader::Reader;
use crate::ogc::time::period;
use app::FieldProblem;
use app::features::{Feature, FeatureQuery, PAGE_MAX};
use app::section::Section;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json as value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const LIMIT: usize = 10;
const KNOWN: [&str; 6] = ["limit", "after", "bbox", "bbox-crs", "crs", "datetime"];
/// Columns of the table of a page; the feature itself shows all.
const COLUMNS: usize = 10;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(items)).routes(routes!(item))
}

fn feature(address: &str, one: &Feature) -> Value {
    value!({
        "type": "Feature",
        "id": one.id,
        "geometry": one.geometry,
        "properties": one.properties,
        "links": [link("self", GEOJSON, &format!("{address}/items/{}?f=json", one.id), &one.id)],
    })
}

fn question(asked: &Asked) -> Result<FeatureQuery, Fault> {
    for name in ["crs", "bbox-crs"] {
        if asked.get(name).is_some_and(|crs| crs != CRS84) {
            return Err(Fault::of(FieldProblem::new(name, "unknown_crs").with("known", CRS84)));
        }
    }
    let out_of_range =
        || Fault::of(FieldProblem::new("limit", "out_of_range_max").with("max", PAGE_MAX as u64));
    let limit = match asked.get("limit") {
        // A greater number means as many as there may be.
        Some(text) => text.parse::<u64>().map_err(|_| out_of_range())?,
        None => LIMIT as u64,
    };
    if limit == 0 {
        return Err(out_of_range());
    }
    Ok(FeatureQuery {
        limit: usize::try_from(limit).unwrap_or(PAGE_MAX).min(PAGE_MAX),
        after: asked.get("after").map(str::to_owned),
        section: Section::read(asked.get("bbox"), None)?,
        period: period(asked.get("datetime"))?,
        properties: asked.rest(&KNOWN),
    })
}

/// A page of features. Further parameters are properties that must be equal.
#[utoipa::path(get, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(("collection" = String, Path, max_length = 80),
        ("limit" = Option<u32>, Query, description = "10 when left out; 5,000 at most are answered", minimum = 1),
        ("bbox" = Option<String>, Query, description = "Four or six numbers: west,south,east,north", max_length = 200),
        ("bbox-crs" = Option<String>, Query, description = "CRS84 only", max_length = 200),
        ("crs" = Option<String>, Query, description = "CRS84 only", max_length = 200),
        ("datetime" = Option<String>, Query, description = "A moment or an interval `a/b`, `../b`, `a/..`", max_length = 100),
        ("after" = Option<String>, Query, description = "Of the `next` link", max_length = 100),
        ("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10)),
    responses((status = 200, description = "Features",
        content((Value = "application/geo+json"), (String = "text/html")))))]
async fn items(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &KNOWN, true)?;
    let page = door.app.features(&caller.actor, &id, &question(&asked)?).await?;
    let (base, language) = (base(&door), caller.language);
    let address = format!("{base}/collections/{id}");
    let next = page.next.as_ref().map(|after| {
        let format = if asked.format == Format::Html { "html" } else { "json" };
        format!("{address}/items?{}", asked.query_with(&[("after", after), ("f", format)]))
    });
    if asked.format == Format::Html {
        return Ok(html(table(
            language,
            &base,
            &address,
            &id,
            &page.features,
            next.as_deref(),
            page.matched,
        )));
    }
    let mut links = self_links(&asked, &format!("{address}/items"), GEOJSON);
    links.push(link("collection", JSON, &format!("{address}?f=json"), &id));
    links.extend(next.map(|next| link("next", GEOJSON, &next, "next")));
    let features: Vec<Value> = page.features.iter().map(|one| feature(&address, one)).collect();
    let now = jiff::Timestamp::from_millisecond(door.app.now().millis()).map(|at| at.to_string());
    let mut document = value!({
        "type": "FeatureCollection",
        "timeStamp": now.unwrap_or_default(),
        "numberReturned": features.len(),
        "links": links,
        "features": features,
    });
    if let Some(matched) = page.matched {
        document["numberMatched"] = value!(matched);
    }
    Ok(json(GEOJSON, &document))
}

fn table(
    language: Language,
    base: &str,
    address: &str,
    id: &str,
    features: &[Feature],
    next: Option<&str>,
    matched: Option<u64>,
) -> String {
    let mut page = Page::new(language, &word(language, "items"), base)
        .under(format!("{base}/collections?f=html"), &word(language, "collections"))
        .under(format!("{address}?f=html"), id);
    if let Some(matched) = matched {
        page.soft(&format!("{}: {matched}", word(language, "matched")));
    }
    let mut names: Vec<String> = Vec::new();
    for name in features.iter().flat_map(|one| one.properties.keys()) {
        if names.len() < COLUMNS && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let rows: Vec<Vec<String>> = features
        .iter()
        .map(|one| {
            let own = anchor(&format!("{address}/items/{}?f=html", one.id), &one.id);
            let cells = names.iter().map(|name| cell(one.properties.get(name).unwrap_or(&Value::Null)));
            std::iter::once(own).chain(cells).collect()
        })
        .collect();
    let heads: Vec<String> = std::iter::once("id".to_owned()).chain(names.iter().cloned()).collect();
    page.table(&heads, &rows);
    if let Some(next) = next {
        page.links(&[(next.to_owned(), word(language, "next"))]);
    }
    page.finish(&format!("{address}/items?f=json"))
}

/// One feature.
#[utoipa::path(get, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path, max_length = 80), ("feature" = String, Path, max_length = 200),
        ("f" = Option<String>, Query, description = "`json` or `html`", max_length = 10),
        ("crs" = Option<String>, Query, description = "CRS84 only", max_length = 200)),
    responses((status = 200, description = "The feature",
        content((Value = "application/geo+json"), (String = "text/html")))))]
async fn item(
    State(door): State<Door>,
    Reader(caller): Reader,
    headers: HeaderMap,
    Path((id, fid)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &headers, &["crs"], false)?;
    question(&asked)?;
    let one = door.app.feature(&caller.actor, &id, &fid).await?;
    let (base, language) = (base(&door), caller.language);
    let address = format!("{base}/collections/{id}");
    if asked.format == Format::Html {
        let mut page = Page::new(language, &one.id, &base)
            .under(format!("{base}/collections?f=html"), &word(language, "collections"))
            .under(format!("{address}/items?f=html"), &id);
        let mut rows: Vec<Vec<String>> = one
            .properties
            .iter()
            .map(|(name, value)| vec![cell(&Value::from(name.as_str())), cell(value)])
            .collect();
        let place: String = one.geometry.to_string().chars().take(400).collect();
        rows.push(vec![
            word(language, "place"),
            format!("<code>{}</code>", crate::ogc::page::escape(&place)),
        ]);
        page.table(&[word(language, "property"), word(language, "value")], &rows);
        return Ok(html(page.finish(&format!("{address}/items/{}?f=json", one.id))));
    }
    let mut document = feature(&address, &one);
    let mut links = self_links(&asked, &format!("{address}/items/{}", one.id), GEOJSON);
    links.push(link("collection", JSON, &format!("{address}?f=json"), &id));
    document["links"] = Value::from(links);
    Ok(json(GEOJSON, &document))
}
