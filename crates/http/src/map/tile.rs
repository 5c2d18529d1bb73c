//! Vector tiles of what is live.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Path, from_form};
use crate::filters::Filters;
use app::FieldProblem;
use app::tiles::{LayerFilter, ThingFilter, TileAnswer, Wish};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use spatial::mercator::{TileId, ZOOM_MAX};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const MVT: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(tile))
}

/// Filters of a layer of things.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Things {
    /// Class keys of components, kinds of another register; of several one must hold. Of cases, their class.
    class: Vec<String>,
    /// Major classes: the first two digits of the class.
    major: Vec<String>,
    /// States such as `damaged`.
    state: Vec<String>,
    city: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Grids {
    /// Edition of the grid system; the one in force when missing. Of the layers `grids` and `duty_grids`.
    #[param(minimum = 1)]
    edition: Option<u32>,
    city: Option<String>,
}

/// One vector tile (MVT 2.1) of what is live, as the caller may see it.
///
/// Layers are those of `GET /api/layers`: `components`, each register by its id, `cases` (takes the filters of
/// `GET /api/cases` but `q`, `bbox` and pages), `grids`, `duty_grids`. Below zoom 14 things and cases are clustered:
/// a cluster has `count`. The tag changes with what lies on the tile; a reader who has it is answered 304.
#[utoipa::path(get, path = "/api/tiles/{layer}/{z}/{x}/{y}", tag = "map",
    params(("layer" = String, Path, description = "A layer of `GET /api/layers`", max_length = 80),
        ("z" = u8, Path, minimum = 0, maximum = 22), ("x" = u32, Path, minimum = 0), ("y" = u32, Path, minimum = 0),
        Things, Grids,
        ("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, description = "The tile; empty when nothing is on it", content_type = "application/vnd.mapbox-vector-tile", body = Vec<u8>,
            headers(("etag" = String))),
        (status = 304, description = "As the caller has it")))]
async fn tile(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    Path((layer, z, x, y)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpError> {
    let tile = tile_id(&z, &x, &y)?;
    let filter = filter_of(&layer, query.as_deref().unwrap_or_default())?;
    let known = known_tags(&headers);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let wish = Wish { known: &known, gzip: takes_gzip(&headers) };
    let answer = door.app.tile(&caller.actor, &layer, tile, &filter, wish).await?;
    let (mut response, tag) = match answer {
        TileAnswer::Unchanged { tag } => (StatusCode::NOT_MODIFIED.into_response(), tag),
        TileAnswer::Tile { tag, body, squeezed } => {
            let mut response = ([(header::CONTENT_TYPE, MVT)], body).into_response();
            if squeezed {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            (response, tag)
        }
    };
    let out = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("W/\"{tag}\"")) {
        out.insert(header::ETAG, value);
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("cookie, authorization, accept-encoding"));
    Ok(response)
}

/// The tile of three numbers, or what is wrong with them.
fn tile_id(z: &str, x: &str, y: &str) -> Result<TileId, HttpError> {
    let mut problems = Vec::new();
    let z = z.parse::<u8>().ok().filter(|z| *z <= ZOOM_MAX);
    if z.is_none() {
        problems.push(FieldProblem::new("z", "out_of_range_max").with("max", u64::from(ZOOM_MAX)));
    }
    let last = z.map_or(u32::MAX, |z| (1_u32 << z) - 1);
    let mut along = |field: &str, text: &str| {
        let at = text.parse::<u32>().ok().filter(|at| *at <= last);
        if at.is_none() {
            problems.push(FieldProblem::new(field, "out_of_range_max").with("max", u64::from(last)));
        }
        at
    };
    let (x, y) = (along("x", x), along("y", y));
    match (z, x, y) {
        (Some(z), Some(x), Some(y)) => TileId::new(z, x, y).ok_or_else(HttpError::not_found),
        _ => Err(HttpError::invalid(problems)),
    }
}

fn filter_of(layer: &str, query: &str) -> Result<LayerFilter, HttpError> {
    Ok(match layer {
        "cases" => LayerFilter::Cases(Box::new(Filters::<()>::read(query)?.list)),
        "grids" | "duty_grids" => {
            let grids: Grids = from_form(query.as_bytes())?;
            LayerFilter::Grids { edition: grids.edition }
        }
        _ => {
            let things: Things = from_form(query.as_bytes())?;
            LayerFilter::Things(ThingFilter { class: things.class, major: things.major, state: things.state })
        }
    })
}

/// What the caller has, without quotation marks.
fn known_tags(headers: &HeaderMap) -> Vec<String> {
    etag::known(headers).map(|tag| tag.trim_matches('"').to_owned()).collect()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| {
        list.split(',').any(|one| {
            let mut parts = one.split(';');
            let gzip = parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case("gzip"));
            gzip && !parts.any(|q| q.trim().replace(' ', "") == "q=0")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_tile_are_named() {
        let fields = |z: &str, x: &str, y: &str| match tile_id(z, x, y) {
            Ok(_) => Vec::new(),
            Err(error) => {
                assert_eq!(error.status, 422);
                error.fields.into_iter().map(|problem| problem.field).collect()
            }
        };
        let table: [(&str, &str, &str, &[&str]); 8] = [
            ("0", "0", "0", &[]),
            ("14", "16383", "0", &[]),
            ("14", "16384", "-1", &["x", "y"]),
            ("22", "4194303", "4194303", &[]),
            ("23", "0", "0", &["z"]),
            ("x", "y", "z", &["z", "x", "y"]),
            ("3", "1.5", "2", &["x"]),
            ("99999999999", "0", "0", &["z"]),
        ];
        for (z, x, y, expected) in table {
            assert_eq!(fields(z, x, y), expected, "{z}/{x}/{y}");
        }
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        let table = [("gzip, br", true), ("br;q=1.0, GZIP;q=0.8", true), ("gzip;q=0", false), ("br", false)];
        for (value, expected) in table {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
