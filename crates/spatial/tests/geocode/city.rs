//! Address stores made of the real data of two cities.

use flate2::read::GzDecoder;
use kernel::{Cgcs2000, Point};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use yiwang_spatial::geocode::{Entry, Geocoder, Kind, Shape};

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/boston").join(name)
}

fn open(path: &Path) -> Box<dyn Read> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_some_and(|e| e == "gz") { Box::new(GzDecoder::new(file)) } else { Box::new(file) }
}

pub fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(open(path));
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

pub fn point(lng: &str, lat: &str) -> Point<Cgcs2000> {
    Point::new(lng.parse().expect("a number"), lat.parse().expect("a number")).expect("in range")
}

pub fn entry(id: String, kind: Kind, zh: &str, en: &str, shape: Shape) -> Entry {
    Entry {
        id,
        kind,
        name_zh: zh.to_owned(),
        name_en: en.to_owned(),
        aliases: Vec::new(),
        door: None,
        area: String::new(),
        shape,
        weight: 100,
        source: "test".to_owned(),
        valid_from: None,
        valid_until: None,
    }
}

/// One address of five is kept out of the index: the geocoder has to place it between its neighbours.
fn held_out(address: &str) -> bool {
    address.bytes().map(u32::from).sum::<u32>() % 5 == 0
}

pub fn boston() -> Geocoder {
    let mut entries = Vec::new();
    let shapes: serde_json::Value = serde_json::from_reader(open(&demo("areas.geojson"))).expect("GeoJSON");
    let number = |v: &serde_json::Value| v.as_f64().expect("a number");
    for feature in shapes["features"].as_array().expect("features") {
        let text = |key: &str| feature["properties"][key].as_str().unwrap_or_default().to_owned();
        let polygons = feature["geometry"]["coordinates"].as_array().expect("polygons");
        let rings: Vec<Vec<Point<Cgcs2000>>> = polygons
            .iter()
            .flat_map(|p| p.as_array().expect("rings"))
            .map(|ring| {
                let ring = ring.as_array().expect("a ring");
                ring.iter().map(|p| Point::new(number(&p[0]), number(&p[1])).expect("in range")).collect()
            })
            .collect();
        let at = rings[0][0];
        let mut region =
            entry(text("code"), Kind::Region, &text("name_zh"), &text("name_en"), Shape::Area { at, rings });
        region.area = text("code");
        if region.id == "990100" {
            region.aliases = vec!["Boston".to_owned(), "Boston MA".to_owned()];
        }
        entries.push(region);
    }
    let area_of: HashMap<String, String> = rows(&demo("neighborhoods.csv"))
        .into_iter()
        .map(|mut row| {
            (row.remove("neighborhood").expect("column"), row.remove("street_code").expect("column"))
        })
        .collect();

    // Pieces of one name that lie within 300 m of each other are one street.
    let mut pieces: HashMap<String, Vec<Vec<Point<Cgcs2000>>>> = HashMap::new();
    for row in rows(&demo("osm_named_roads.csv.gz")) {
        let line = row["line_lonlat"].split(';').map(|p| {
            let (lng, lat) = p.split_once(' ').expect("two numbers");
            point(lng, lat)
        });
        pieces.entry(row["name"].clone()).or_default().push(line.collect());
    }
    let mut names: Vec<String> = pieces.keys().cloned().collect();
    names.sort();
    for name in names {
        let mut clusters: Vec<Vec<Vec<Point<Cgcs2000>>>> = Vec::new();
        for piece in pieces.remove(&name).expect("known") {
            let near = |c: &Vec<Vec<Point<Cgcs2000>>>| {
                c.iter().flatten().any(|a| piece.iter().any(|b| a.metres_to(b) < 300.0))
            };
            let (mut joined, apart): (Vec<_>, Vec<_>) = clusters.into_iter().partition(near);
            let mut one: Vec<Vec<Point<Cgcs2000>>> = joined.drain(..).flatten().collect();
            one.push(piece);
            clusters = apart;
            clusters.push(one);
        }
        for (i, lines) in clusters.into_iter().enumerate() {
            entries.push(entry(format!("street/{name}/{i}"), Kind::Street, "", &name, Shape::Lines(lines)));
        }
    }

    let mut seen: HashMap<(String, String), u32> = HashMap::new();
    for row in rows(&demo("boston311_2015.csv.gz")) {
        let (street, lng, lat) = (&row["street"], &row["lon"], &row["lat"]);
        let unlocated = lng.starts_with("-71.0587") && lat.starts_with("42.3594");
        if unlocated || !street.starts_with(|c: char| c.is_ascii_digit()) || held_out(street) {
            continue;
        }
        let Some((number, name)) = street.split_once(' ').filter(|(n, _)| *n != "0") else { continue };
        let area = area_of.get(&row["neighborhood"]).cloned().unwrap_or_default();
        let count = seen.entry((street.clone(), area.clone())).or_default();
        *count += 1;
        if *count > 1 {
            continue;
        }
        let mut door =
            entry(format!("door/{area}/{street}"), Kind::Door, "", name, Shape::Point(point(lng, lat)));
        door.door = Some(number.to_owned());
        door.area = area;
        entries.push(door);
    }
    for (i, row) in rows(&demo("osm_poi.csv.gz")).into_iter().enumerate() {
        if !row["name"].is_empty() {
            let at = Shape::Point(point(&row["lon"], &row["lat"]));
            let mut poi = entry(format!("poi/{i}"), Kind::Poi, "", &row["name"], at);
            poi.weight = weight(&row["class"]);
            entries.push(poi);
        }
    }
    let (geocoder, faults) = Geocoder::build(entries);
    // Names of one sign (♿) and numbers beyond 99999.
    assert!(faults.len() < 20, "{:?}", &faults[..20]);
    geocoder
}

/// Landmarks weigh more than furniture.
fn weight(class: &str) -> u8 {
    match class {
        "museum" | "hospital" | "railway" | "stadium" | "college" | "town_hall" | "library"
        | "attraction" => 180,
        "bus" | "gate" | "bicycle_parking" | "bicycle_rental" | "parking" | "entrance" | "information" => 40,
        _ => 100,
    }
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// Names of the Hong Kong map hold Chinese and English in one field, mostly in this order.
pub fn split_name(name: &str, en: &str) -> (String, String) {
    let Some(last) = name.char_indices().rfind(|(_, c)| is_han(*c)) else {
        return (String::new(), name.to_owned());
    };
    let first = name.find(is_han).unwrap_or(0);
    let cut = name[last.0..].find(' ').map_or(name.len(), |i| last.0 + i);
    let (zh, tail) = name.split_at(cut);
    if first == 0 && !tail.trim().is_empty() {
        return (zh.trim().to_owned(), tail.trim().to_owned());
    }
    if first > 0 && name[..first].ends_with(' ') {
        return (name[first..].trim().to_owned(), name[..first].trim().to_owned());
    }
    (name.to_owned(), en.to_owned())
}

pub fn hongkong() -> Geocoder {
    let mut entries = Vec::new();
    let at = point("114.15", "22.35");
    let mut region = entry("810000".to_owned(), Kind::Region, "香港", "Hong Kong", Shape::Point(at));
    region.area = "810000".to_owned();
    region.aliases = vec!["香港特别行政区".to_owned(), "HK".to_owned()];
    entries.push(region);
    for (i, row) in rows(&data("hongkong_named_places.csv.gz")).into_iter().enumerate() {
        let (zh, en) = split_name(&row["name"], &row["name_en"]);
        let mut poi =
            entry(format!("poi/{i}"), Kind::Poi, &zh, &en, Shape::Point(point(&row["lon"], &row["lat"])));
        poi.weight = weight(&row["class"]);
        poi.area = "810000".to_owned();
        entries.push(poi);
    }
    let (geocoder, faults) = Geocoder::build(entries);
    assert!(faults.len() < 20, "{:?}", &faults[..20]);
    geocoder
}
