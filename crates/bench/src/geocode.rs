//! Places by words: real questions about Boston and Hong Kong, and made-up ones about a drawn city, over one
//! geocoder of a million entries.

use crate::timing::Timing;
use crate::{Figures, town};
use anyhow::Context;
use flate2::read::GzDecoder;
use kernel::{Cgcs2000, Point};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;
use spatial::geocode::{Ask, Entry, Filling, Geocoder, Kind, Shape};
use spatial::shape::Vertex;
use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

macro_rules! data {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../", $path)).as_slice()
    };
}

/// An answer so near to the expected place is right.
const RIGHT_M: f64 = 150.0;
/// Pieces of one name so near to each other are one street.
const ONE_STREET_M: f64 = 300.0;
/// Made-up questions beside the real ones.
const MADE_UP: usize = 4_000;

#[derive(Deserialize)]
struct Question {
    city: String,
    query: String,
    lng: f64,
    lat: f64,
}

#[derive(Deserialize)]
struct Case {
    street: String,
    neighborhood: String,
    lon: f64,
    lat: f64,
}

#[derive(Deserialize)]
struct Road {
    name: String,
    line_lonlat: String,
}

#[derive(Deserialize)]
struct Poi {
    class: String,
    lon: f64,
    lat: f64,
    name: String,
    #[serde(default)]
    name_en: String,
}

#[derive(Deserialize)]
struct Neighborhood {
    neighborhood: String,
    street_code: String,
}

fn rows<T: serde::de::DeserializeOwned>(bytes: &[u8], packed: bool) -> anyhow::Result<Vec<T>> {
    let read =
        |from: &mut dyn std::io::Read| csv::Reader::from_reader(from).deserialize().collect::<Result<_, _>>();
    let mut plain = bytes;
    Ok(if packed { read(&mut GzDecoder::new(bytes))? } else { read(&mut plain)? })
}

fn entry(id: String, kind: Kind, zh: &str, en: &str, area: &str, shape: Shape) -> Entry {
    Entry {
        id,
        kind,
        name_zh: zh.to_owned(),
        name_en: en.to_owned(),
        aliases: Vec::new(),
        door: None,
        area: area.to_owned(),
        shape,
        weight: 100,
        source: "bench".to_owned(),
        valid_from: None,
        valid_until: None,
    }
}

/// What goes into the geocoder, and how many were refused.
struct Fill {
    filling: Filling,
    count: usize,
    refused: usize,
}

impl Fill {
    fn put(&mut self, entry: &Entry) {
        match self.filling.put(entry) {
            Ok(()) => self.count += 1,
            Err(_) => self.refused += 1,
        }
    }
}

pub fn run(wanted: usize) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let started = Instant::now();
    let mut fill = Fill { filling: Filling::default(), count: 0, refused: 0 };
    boston(&mut fill)?;
    hongkong(&mut fill)?;
    let real = fill.count;
    let asked = drawn(&mut fill, wanted)?;
    let (count, refused) = (fill.count, fill.refused);
    let geocoder = fill.filling.done();
    figures.put("entries", count as f64);
    figures.put("real_entries", real as f64);
    figures.put("refused", refused as f64);
    figures.put("fill_s", started.elapsed().as_secs_f64());
    figures.put("memory_mb", geocoder.memory_bytes() as f64 / 1_048_576.0);
    let begun = Instant::now();
    let image = geocoder.to_image();
    figures.put("image_write_s", begun.elapsed().as_secs_f64());
    figures.put("image_mb", image.len() as f64 / 1_048_576.0);
    let begun = Instant::now();
    drop(Geocoder::from_image(&image)?);
    figures.put("image_read_s", begun.elapsed().as_secs_f64());
    drop(image);

    let mut all = Timing::default();
    let questions: Vec<Question> = rows(data!("crates/spatial/tests/data/geocode_queries.csv"), false)?;
    let mut by_city: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for question in &questions {
        let place: Point<Cgcs2000> = Point::new(question.lng, question.lat).context("a position")?;
        let begun = Instant::now();
        let answers = geocoder.find(&question.query, &Ask { limit: 5, ..Ask::default() });
        all.since(begun);
        let right: Vec<bool> = answers.iter().map(|a| a.at.metres_to(&place) <= RIGHT_M).collect();
        let count = by_city.entry(&question.city).or_default();
        count.0 += 1;
        count.1 += u32::from(right.first() == Some(&true));
        count.2 += u32::from(right.contains(&true));
    }
    all.tell("real questions");
    let (mut asked_real, mut first, mut five) = (0, 0, 0);
    for (city, (asked, right, among)) in by_city {
        figures.put(&format!("hit_rate_{city}"), f64::from(right) / f64::from(asked));
        (asked_real, first, five) = (asked_real + asked, first + right, five + among);
    }
    figures.put("queries_real", f64::from(asked_real));
    figures.put("hit_rate", f64::from(first) / f64::from(asked_real));
    figures.put("hit_rate_among_five", f64::from(five) / f64::from(asked_real));
    let mut made = Timing::default();
    for text in &asked {
        let begun = Instant::now();
        std::hint::black_box(geocoder.find(text, &Ask::default()));
        made.since(begun);
    }
    made.tell("made-up questions");
    all.merge(made);
    figures.put("queries", all.len() as f64);
    figures.put("p50_ms", all.percentile(0.5));
    figures.put("p99_ms", all.percentile(0.99));
    figures.put("worst_ms", all.percentile(1.0));
    let mut back = Timing::default();
    let mut dice = SmallRng::seed_from_u64(5);
    for _ in 0..MADE_UP {
        let (lng, lat) = (dice.random_range(119.05..119.21), dice.random_range(36.65..36.77));
        let Some(at) = Point::new(lng, lat) else { continue };
        let begun = Instant::now();
        std::hint::black_box(geocoder.address_of(at, None));
        back.since(begun);
    }
    back.tell("from a position to its address");
    figures.put("reverse_p99_ms", back.percentile(0.99));
    Ok(figures)
}

/// One address of five is kept out: it has to be placed between its neighbours.
fn held_out(address: &str) -> bool {
    address.bytes().map(u32::from).sum::<u32>().is_multiple_of(5)
}

fn boston(fill: &mut Fill) -> anyhow::Result<()> {
    let shapes: serde_json::Value = serde_json::from_slice(data!("demo/boston/areas.geojson"))?;
    for feature in shapes["features"].as_array().into_iter().flatten() {
        let text = |key: &str| feature["properties"][key].as_str().unwrap_or_default();
        let rings: Vec<Vec<Point<Cgcs2000>>> = feature["geometry"]["coordinates"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|part| part.as_array().into_iter().flatten())
            .filter_map(serde_json::Value::as_array)
            .map(|ring| ring.iter().filter_map(|p| Point::new(p[0].as_f64()?, p[1].as_f64()?)).collect())
            .collect();
        let Some(at) = rings.first().and_then(|ring| ring.first()).copied() else { continue };
        let code = text("code");
        let shape = Shape::Area { at, rings };
        let mut region = entry(code.to_owned(), Kind::Region, text("name_zh"), text("name_en"), code, shape);
        if code == "990100" {
            region.aliases = vec!["Boston".to_owned(), "Boston MA".to_owned()];
        }
        fill.put(&region);
    }
    let areas: BTreeMap<String, String> =
        rows::<Neighborhood>(data!("demo/boston/neighborhoods.csv"), false)?
            .into_iter()
            .map(|row| (row.neighborhood, row.street_code))
            .collect();
    let mut pieces: BTreeMap<String, Vec<Vec<Point<Cgcs2000>>>> = BTreeMap::new();
    for road in rows::<Road>(data!("demo/boston/osm_named_roads.csv.gz"), true)? {
        let point = |pair: &str| {
            let (lng, lat) = pair.split_once(' ')?;
            Point::new(lng.parse().ok()?, lat.parse().ok()?)
        };
        pieces.entry(road.name).or_default().push(road.line_lonlat.split(';').filter_map(point).collect());
    }
    for (name, pieces) in pieces {
        let mut streets: Vec<Vec<Vec<Point<Cgcs2000>>>> = Vec::new();
        for piece in pieces {
            let near = |street: &Vec<Vec<Point<Cgcs2000>>>| {
                street.iter().flatten().any(|a| piece.iter().any(|b| a.metres_to(b) < ONE_STREET_M))
            };
            let (joined, apart): (Vec<_>, Vec<_>) = streets.into_iter().partition(near);
            streets = apart;
            streets.push(joined.into_iter().flatten().chain([piece.clone()]).collect());
        }
        for (i, lines) in streets.into_iter().enumerate() {
            fill.put(&entry(format!("street/{name}/{i}"), Kind::Street, "", &name, "", Shape::Lines(lines)));
        }
    }
    let mut seen: HashSet<(String, String)> = HashSet::new();
    for case in rows::<Case>(data!("demo/boston/boston311_2015.csv.gz"), true)? {
        let nowhere = (case.lon + 71.0587).abs() < 1e-4 && (case.lat - 42.3594).abs() < 1e-4;
        let Some((number, name)) = case.street.split_once(' ').filter(|(n, _)| *n != "0") else { continue };
        if nowhere || !number.starts_with(|c: char| c.is_ascii_digit()) || held_out(&case.street) {
            continue;
        }
        let area = areas.get(&case.neighborhood).cloned().unwrap_or_default();
        let Some(at) = Point::new(case.lon, case.lat) else { continue };
        if seen.insert((case.street.clone(), area.clone())) {
            let id = format!("door/{area}/{}", case.street);
            let mut door = entry(id, Kind::Door, "", name, &area, Shape::Point(at));
            door.door = Some(number.to_owned());
            fill.put(&door);
        }
    }
    pois(fill, data!("demo/boston/osm_poi.csv.gz"), "boston", "")
}

fn hongkong(fill: &mut Fill) -> anyhow::Result<()> {
    let at = Point::new(114.15, 22.35).context("a position")?;
    let mut region = entry("810000".into(), Kind::Region, "香港", "Hong Kong", "810000", Shape::Point(at));
    region.aliases = vec!["香港特别行政区".to_owned(), "HK".to_owned()];
    fill.put(&region);
    pois(fill, data!("crates/spatial/tests/data/hongkong_named_places.csv.gz"), "hongkong", "810000")
}

fn pois(fill: &mut Fill, bytes: &[u8], city: &str, area: &str) -> anyhow::Result<()> {
    for (i, row) in rows::<Poi>(bytes, true)?.into_iter().enumerate() {
        let Some(at) = Point::new(row.lon, row.lat).filter(|_| !row.name.is_empty()) else { continue };
        let (zh, en) = split_name(&row.name, &row.name_en);
        let mut poi = entry(format!("{city}/{i}"), Kind::Poi, &zh, &en, area, Shape::Point(at));
        // Landmarks weigh more than furniture.
        poi.weight = match row.class.as_str() {
            "museum" | "hospital" | "railway" | "stadium" | "college" | "town_hall" | "library"
            | "attraction" => 180,
            "bus" | "gate" | "bicycle_parking" | "bicycle_rental" | "parking" | "entrance"
            | "information" => 40,
            _ => 100,
        };
        fill.put(&poi);
    }
    Ok(())
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// Names of the Hong Kong map hold Chinese and English in one field, mostly in this order.
fn split_name(name: &str, en: &str) -> (String, String) {
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

/// The drawn city: streets, unit grids, shops, and doors along its streets until there are enough. Answers the
/// made-up questions.
fn drawn(fill: &mut Fill, wanted: usize) -> anyhow::Result<Vec<String>> {
    let drawn = town::draw()?;
    let town = &drawn.town;
    let mut dice = SmallRng::seed_from_u64(3);
    let at = |v: Vertex| v.point();
    for (i, street) in town.streets.iter().enumerate() {
        let line: Vec<_> = street.line.iter().filter_map(|v| at(*v)).collect();
        fill.put(&entry(format!("s{i}"), Kind::Street, &street.name, "", "", Shape::Lines(vec![line])));
    }
    for grid in &town.divided.grids {
        let Some(point) = grid.shape.inner_point().and_then(at) else { continue };
        let code = grid.code.as_str();
        fill.put(&entry(
            format!("g{code}"),
            Kind::Grid,
            code,
            "",
            code.get(..12).unwrap_or(""),
            Shape::Point(point),
        ));
    }
    let mut shops = Vec::new();
    for shop in town.shops() {
        let Some(point) = at(shop.at) else { continue };
        fill.put(&entry(format!("p{}", shop.number), Kind::Poi, &shop.name, "", "", Shape::Point(point)));
        shops.push(shop.name);
    }
    let mut round = 0;
    while fill.count < wanted {
        for (i, street) in town.streets.iter().enumerate() {
            let (Some(a), Some(b)) = (street.line.first(), street.line.last()) else { continue };
            // Each round closes the numbers in between.
            for n in 0..40_u32 {
                if fill.count >= wanted {
                    break;
                }
                let number = round * 40 + n + 1;
                let share = dice.random_range(0.0..1.0);
                let between = |p: i32, q: i32| p + (f64::from(q - p) * share) as i32 + dice_step(number);
                let spot = Vertex { x: between(a.x, b.x), y: between(a.y, b.y) };
                let Some(point) = at(spot) else { continue };
                let mut door =
                    entry(format!("d{i}.{number}"), Kind::Door, &street.name, "", "", Shape::Point(point));
                door.door = Some(number.to_string());
                fill.put(&door);
            }
        }
        round += 1;
        anyhow::ensure!(round < 2_000, "the drawn city has too few streets for {wanted} entries");
    }
    let mut asked = Vec::with_capacity(MADE_UP);
    for i in 0..MADE_UP {
        let street =
            |dice: &mut SmallRng| town.streets[dice.random_range(0..town.streets.len())].name.as_str();
        let (one, other) = (street(&mut dice), street(&mut dice));
        let shop = &shops[dice.random_range(0..shops.len())];
        let number = dice.random_range(1..300);
        asked.push(match i % 8 {
            0 => format!("{one}{number}号"),
            1 => format!("{one}与{other}路口"),
            2 => shop.clone(),
            3 => format!("{shop}东北{number}米"),
            4 => one.to_owned(),
            5 => format!("{one}{number}号对面"),
            6 => shop.chars().take(3).collect(),
            _ => format!("第{number}个不知道的地方{}", one.chars().take(1).collect::<String>()),
        });
    }
    Ok(asked)
}

/// A few metres aside, so that doors do not lie on one another.
const fn dice_step(number: u32) -> i32 {
    (number % 7) as i32 * 20 - 60
}
