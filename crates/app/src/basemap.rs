//! Base maps (底图): files of the city's own and pictures of others, each with its datum named, as records the
//! system administrator edits.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem, Problems};
use crate::view::Words;
use city::L10n;
use kernel::CityCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The kind of record.
pub const KIND: &str = "basemaps";
/// Pictures drawn one on another: a ground and its names, and perhaps borders.
const LAYERS_MAX: usize = 4;
const SUBDOMAINS_MAX: usize = 10;
const ADDRESS_MAX: usize = 1_000;
const TEXT_MAX: usize = 200;
const ZOOM_MAX: u8 = 22;

/// How the tiles of a base map are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A file of vector tiles in the OpenMapTiles schema, below `/basemap/`.
    Pmtiles,
    /// Pictures counted from the north-west, as most are.
    Xyz,
    /// Pictures counted from the south-west.
    Tms,
    /// Pictures of a web map tile service (WMTS) in Web Mercator, such as 天地图.
    Wmts,
}

/// The datum that a base map is drawn in. What is not that of our own data is shifted before it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    Cgcs2000,
    Wgs84,
    Gcj02,
    Bd09,
}

impl Datum {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cgcs2000 => "cgcs2000",
            Self::Wgs84 => "wgs84",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }
}

/// A base map as a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basemap {
    pub name: L10n,
    pub service: Service,
    /// The file's name, or addresses of pictures drawn one on another, with `{z}`, `{x}`, `{y}` (or `{TileMatrix}`,
    /// `{TileCol}`, `{TileRow}`), and where needed `{s}` and `{key}`.
    pub urls: Vec<String>,
    pub datum: Datum,
    /// What stands for `{key}`. It is sent to every screen that shows the map.
    #[serde(default)]
    pub key: String,
    /// What stands for `{s}`, such as 0 to 7.
    #[serde(default)]
    pub subdomains: Vec<String>,
    /// What its owner wants to be named by.
    #[serde(default)]
    pub attribution: String,
    #[serde(default)]
    pub min_zoom: u8,
    #[serde(default = "last_zoom")]
    pub max_zoom: u8,
    /// Of a file: a deeper zoom that covers a part of the city only.
    #[serde(default)]
    pub detail_zoom: Option<u8>,
    /// Pixels of a picture's side: 256 or 512.
    #[serde(default = "tile_size")]
    pub tile_size: u16,
    /// The smallest is shown first.
    #[serde(default)]
    pub order: u16,
}

const fn last_zoom() -> u8 {
    18
}

const fn tile_size() -> u16 {
    256
}

/// A base map ready to be shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BasemapView {
    pub id: String,
    pub name: Words,
    /// `vector` (a PMTiles file) or `raster`.
    pub kind: &'static str,
    /// Layers drawn one on another, each with its addresses: any of them gives the same tile.
    pub layers: Vec<Vec<String>>,
    /// `cgcs2000`, `wgs84`, `gcj02` or `bd09`.
    pub datum: &'static str,
    /// Rows are counted from the south.
    pub tms: bool,
    pub attribution: String,
    pub min_zoom: u8,
    pub max_zoom: u8,
    pub detail_zoom: Option<u8>,
    pub tile_size: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BasemapsView {
    pub basemaps: Vec<BasemapView>,
}

/// The base maps of a city, ready to be shown, and the addresses their pictures come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Basemaps {
    pub views: Vec<BasemapView>,
    /// `https://host` of others, in order.
    pub origins: BTreeSet<String>,
}

impl Basemap {
    /// Everything wrong with a record; fields begin with `prefix`.
    pub fn check(&self, prefix: &str, problems: &mut Problems) {
        let field = |name: &str| format!("{prefix}.{name}");
        problems.bounded(&field("name"), &self.name.zh, TEXT_MAX);
        problems.bounded(&field("name"), &self.name.en, TEXT_MAX);
        problems.bounded(&field("attribution"), &self.attribution, TEXT_MAX);
        problems.bounded(&field("key"), &self.key, TEXT_MAX);
        if self.name.zh.trim().is_empty() && self.name.en.trim().is_empty() {
            problems.add(field("name"), "required");
        }
        if self.min_zoom > self.max_zoom || self.max_zoom > ZOOM_MAX {
            problems.push(FieldProblem::new(field("max_zoom"), "out_of_range_max").with("max", ZOOM_MAX));
        }
        if ![256, 512].contains(&self.tile_size) {
            problems.add(field("tile_size"), "unknown_value");
        }
        let plain = |text: &String| {
            !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if self.subdomains.len() > SUBDOMAINS_MAX || !self.subdomains.iter().all(plain) {
            problems.add(field("subdomains"), "unknown_value");
        }
        let layers = if self.service == Service::Pmtiles { 1 } else { LAYERS_MAX };
        if self.urls.is_empty() {
            problems.add(field("urls"), "required");
        }
        if self.urls.len() > layers {
            problems.push(FieldProblem::new(field("urls"), "too_many").with("max", layers as u64));
        }
        for (at, url) in self.urls.iter().enumerate() {
            self.check_url(&format!("{prefix}.urls[{at}]"), url, problems);
        }
    }

    fn check_url(&self, field: &str, url: &str, problems: &mut Problems) {
        problems.bounded(field, url, ADDRESS_MAX);
        if self.service == Service::Pmtiles {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if !is_file(url) || !url.chars().all(plain) {
                problems.add(field, "no_file");
            }
            return;
        }
        let url = normal(url);
        let wanted: Vec<&str> =
            ["{z}", "{x}", "{y}"].into_iter().filter(|part| !url.contains(part)).collect();
        let ours = url.starts_with("/basemap/");
        let host = origin(&url.replace("{s}", "0"));
        // What stands in a header may hold nothing that would end it.
        let sound =
            url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ';' | '<' | '>' | '\\'));
        if !wanted.is_empty() || !sound || (!ours && host.is_none()) {
            let wanted = if wanted.is_empty() { vec!["{z}", "{x}", "{y}"] } else { wanted };
            problems.push(FieldProblem::new(field, "not_a_tile_address").with("wanted", wanted.join(" ")));
        }
        if url.contains("{key}") && self.key.trim().is_empty() {
            problems.push(FieldProblem::new(field, "key_missing").with("wanted", "{key}"));
        }
        if url.contains("{s}") && self.subdomains.is_empty() {
            problems.push(FieldProblem::new(field, "key_missing").with("wanted", "{s}"));
        }
    }

    fn view(&self, id: &str) -> BasemapView {
        let vector = self.service == Service::Pmtiles;
        BasemapView {
            id: id.to_owned(),
            name: words(&self.name),
            kind: if vector { "vector" } else { "raster" },
            layers: self.urls.iter().map(|url| self.addresses(url)).collect(),
            datum: self.datum.as_str(),
            tms: self.service == Service::Tms,
            attribution: self.attribution.clone(),
            min_zoom: self.min_zoom,
            max_zoom: self.max_zoom,
            detail_zoom: self.detail_zoom.filter(|_| vector),
            tile_size: self.tile_size,
        }
    }

    /// The addresses of one layer, with everything filled in but the tile.
    fn addresses(&self, url: &str) -> Vec<String> {
        if self.service == Service::Pmtiles {
            return vec![format!("/basemap/{url}")];
        }
        let url = normal(url).replace("{key}", self.key.trim());
        if url.contains("{s}") {
            return self.subdomains.iter().map(|s| url.replace("{s}", s)).collect();
        }
        vec![url]
    }
}

fn is_file(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("pmtiles"))
}

/// The places of a tile's numbers under the names we use.
fn normal(url: &str) -> String {
    url.replace("{TileMatrix}", "{z}").replace("{TileCol}", "{x}").replace("{TileRow}", "{y}")
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    host.chars().all(plain).then(|| format!("{scheme}://{host}"))
}

impl Basemaps {
    /// Of the records; `file` is the one the settings name, which needs no record.
    #[must_use]
    pub fn of(records: &BTreeMap<String, Basemap>, file: &str) -> Self {
        let mut sorted: Vec<(&String, &Basemap)> = records.iter().collect();
        sorted.sort_by_key(|(id, map)| (map.order, *id));
        let mut views: Vec<BasemapView> = sorted.into_iter().map(|(id, map)| map.view(id)).collect();
        let own = format!("/basemap/{file}");
        if !file.is_empty() && !views.iter().any(|view| view.layers.concat().contains(&own)) {
            // As the demo's file is: covers the city to 13, its middle to 14.
            let plain = BasemapView {
                id: "city".into(),
                name: Words { zh: "城市底图".into(), en: "City map".into() },
                kind: "vector",
                layers: vec![vec![own]],
                datum: Datum::Wgs84.as_str(),
                tms: false,
                attribution: "© OpenMapTiles © OpenStreetMap contributors".into(),
                min_zoom: 8,
                max_zoom: 13,
                detail_zoom: Some(14),
                tile_size: 512,
            };
            views.insert(0, plain);
        }
        let origins =
            views.iter().flat_map(|view| view.layers.iter().flatten()).filter_map(|url| origin(url));
        Self { origins: origins.collect(), views }
    }
}

impl App {
    /// The base maps of a city, the first one first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn basemaps(&self, city: CityCode) -> Result<BasemapsView, AppError> {
        let config: std::sync::Arc<Config> = self.config(city)?;
        Ok(BasemapsView { basemaps: config.basemaps.views.clone() })
    }

    /// Addresses of others that the pages of any city here may load pictures from.
    #[must_use]
    pub fn basemap_origins(&self) -> BTreeSet<String> {
        let cities = self.0.cities.read();
        cities.values().flat_map(|city| city.config.read().basemaps.origins.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(service: Service, urls: &[&str]) -> Basemap {
        Basemap {
            name: L10n { zh: "天地图".into(), en: "Tianditu".into() },
            service,
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            datum: Datum::Cgcs2000,
            key: "k1".into(),
            subdomains: vec!["0".into(), "1".into()],
            attribution: String::new(),
            min_zoom: 1,
            max_zoom: 18,
            detail_zoom: None,
            tile_size: 256,
            order: 0,
        }
    }

    const TIANDITU: &str = "https://t{s}.tianditu.gov.cn/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=vec\
        &STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}&tk={key}";

    #[test]
    fn what_cannot_be_an_address_is_named() {
        let of = |map: &Basemap| {
            let mut problems = Problems::default();
            map.check("basemaps/x", &mut problems);
            problems.into_vec().into_iter().map(|p| (p.field, p.code)).collect::<Vec<_>>()
        };
        assert_eq!(of(&map(Service::Wmts, &[TIANDITU])), []);
        assert_eq!(of(&map(Service::Pmtiles, &["weifang.pmtiles"])), []);
        assert_eq!(of(&map(Service::Xyz, &["/basemap/tiles/{z}/{x}/{y}.png"])), []);
        let bad = [
            (map(Service::Xyz, &[]), "urls", "required"),
            (map(Service::Xyz, &["https://a.b/{z}/{x}.png"]), "urls[0]", "not_a_tile_address"),
            (map(Service::Xyz, &["ftp://a.b/{z}/{x}/{y}"]), "urls[0]", "not_a_tile_address"),
            (map(Service::Xyz, &["/etc/{z}/{x}/{y}"]), "urls[0]", "not_a_tile_address"),
            (map(Service::Xyz, &["https://a.b; script-src *;/{z}/{x}/{y}"]), "urls[0]", "not_a_tile_address"),
            (map(Service::Xyz, &["https:///{z}/{x}/{y}"]), "urls[0]", "not_a_tile_address"),
            (map(Service::Pmtiles, &["../secret.pmtiles"]), "urls[0]", "no_file"),
            (map(Service::Pmtiles, &["a.zip"]), "urls[0]", "no_file"),
            (Basemap { key: " ".into(), ..map(Service::Wmts, &[TIANDITU]) }, "urls[0]", "key_missing"),
            (Basemap { subdomains: vec![], ..map(Service::Wmts, &[TIANDITU]) }, "urls[0]", "key_missing"),
            (Basemap { max_zoom: 23, ..map(Service::Wmts, &[TIANDITU]) }, "max_zoom", "out_of_range_max"),
            (Basemap { tile_size: 100, ..map(Service::Wmts, &[TIANDITU]) }, "tile_size", "unknown_value"),
            (
                Basemap { subdomains: vec!["a.b".into()], ..map(Service::Wmts, &[TIANDITU]) },
                "subdomains",
                "unknown_value",
            ),
        ];
        for (map, field, code) in bad {
            assert!(
                of(&map).contains(&(format!("basemaps/x.{field}"), code)),
                "{:?} {:?}",
                map.urls,
                of(&map)
            );
        }
    }

    #[test]
    fn addresses_come_ready_to_use_and_their_hosts_are_known() {
        let names = TIANDITU.replace("vec_w", "cva_w").replace("LAYER=vec", "LAYER=cva");
        let records = BTreeMap::from([
            ("sky".to_owned(), Basemap { order: 2, ..map(Service::Wmts, &[TIANDITU, &names]) }),
            ("own".to_owned(), Basemap { order: 1, ..map(Service::Pmtiles, &["own.pmtiles"]) }),
        ]);
        let maps = Basemaps::of(&records, "boston.pmtiles");
        let ids: Vec<&str> = maps.views.iter().map(|view| view.id.as_str()).collect();
        assert_eq!(ids, ["city", "own", "sky"]);
        assert_eq!(maps.views[1].layers, [["/basemap/own.pmtiles"]]);
        let sky = &maps.views[2];
        assert_eq!((sky.layers.len(), sky.layers[0].len(), sky.kind), (2, 2, "raster"));
        assert!(
            sky.layers[1][1].starts_with("https://t1.tianditu.gov.cn/cva_w/wmts?"),
            "{}",
            sky.layers[1][1]
        );
        assert!(
            sky.layers[0][0].ends_with("&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=k1"),
            "{}",
            sky.layers[0][0]
        );
        let origins: Vec<&str> = maps.origins.iter().map(String::as_str).collect();
        assert_eq!(origins, ["https://t0.tianditu.gov.cn", "https://t1.tianditu.gov.cn"]);
        assert_eq!(Basemaps::of(&records, "own.pmtiles").views.len(), 2);
        assert!(Basemaps::of(&BTreeMap::new(), "").views.is_empty());
    }
}
