//! Addresses of the demo city: its real streets and places, and the doors its cases were reported at.

use super::data::{Data, Row, packed};
use super::setup::city_code;
use anyhow::Context;
use app::places::{AddressIn, AddressRow};
use app::{App, Config};
use kernel::{Cgcs2000, GridCode, Point};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// Pieces of one name that lie so near to each other are one street.
const ONE_STREET_M: f64 = 300.0;
const SOURCE: &str = "OpenStreetMap 2021";

#[derive(Debug, Deserialize)]
struct Road {
    name: String,
    line_lonlat: String,
}

#[derive(Debug, Deserialize)]
struct Poi {
    class: String,
    lon: f64,
    lat: f64,
    name: String,
}

type Line = Vec<Point<Cgcs2000>>;

fn roads() -> anyhow::Result<BTreeMap<String, Vec<Line>>> {
    let rows: Vec<Road> = packed("osm_named_roads.csv.gz")?;
    let mut pieces: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for row in rows {
        let point = |pair: &str| {
            let (lng, lat) = pair.split_once(' ')?;
            Point::new(lng.parse().ok()?, lat.parse().ok()?)
        };
        let line: Option<Line> = row.line_lonlat.split(';').map(point).collect();
        let line = line.with_context(|| format!("the line of {}", row.name))?;
        if line.len() > 1 {
            pieces.entry(row.name).or_default().push(line);
        }
    }
    Ok(pieces)
}

/// Names of the streets that have a line, as they compare.
///
/// # Errors
/// When the file is damaged.
pub fn road_names() -> anyhow::Result<HashSet<String>> {
    Ok(roads()?.keys().map(|name| plain(name)).collect())
}

/// A name in small letters with its last word in full: `Beacon St` is `beacon street`.
#[must_use]
pub fn plain(name: &str) -> String {
    const SHORT: [(&str, &str); 12] = [
        ("st", "street"),
        ("ave", "avenue"),
        ("av", "avenue"),
        ("rd", "road"),
        ("dr", "drive"),
        ("pl", "place"),
        ("sq", "square"),
        ("ter", "terrace"),
        ("pkwy", "parkway"),
        ("blvd", "boulevard"),
        ("ln", "lane"),
        ("ct", "court"),
    ];
    let name = name.trim().to_lowercase();
    match name.rsplit_once(' ') {
        Some((first, last)) => {
            let last = SHORT.iter().find(|(short, _)| *short == last).map_or(last, |(_, long)| long);
            format!("{first} {last}")
        }
        None => name,
    }
}

fn row(kind: &str, name: &str, place: String, source: &str) -> AddressRow {
    AddressRow {
        kind: kind.to_owned(),
        name_zh: String::new(),
        name_en: name.to_owned(),
        aliases: Vec::new(),
        door: None,
        area: String::new(),
        place,
        weight: 100,
        source: source.to_owned(),
        valid_from: None,
        valid_until: None,
    }
}

/// The street office a position lies in; nothing outside the city's grids.
fn area(config: &Config, at: Point<Cgcs2000>) -> Option<String> {
    config.grids.at(at).map(GridCode::as_str).and_then(|code| code.get(..9)).map(str::to_owned)
}

fn text(line: &[Point<Cgcs2000>]) -> String {
    line.iter().map(|p| format!("{} {}", p.lng(), p.lat())).collect::<Vec<_>>().join(", ")
}

/// Streets with their lines, those that touch the city.
///
/// # Errors
/// When the file is damaged.
pub fn streets(config: &Config) -> anyhow::Result<Vec<AddressIn>> {
    let mut entries = Vec::new();
    for (name, pieces) in roads()? {
        let mut streets: Vec<Vec<Line>> = Vec::new();
        for piece in pieces {
            let near = |street: &Vec<Line>| {
                street.iter().flatten().any(|a| piece.iter().any(|b| a.metres_to(b) < ONE_STREET_M))
            };
            let (joined, apart): (Vec<_>, Vec<_>) = streets.into_iter().partition(near);
            streets = apart;
            streets.push(joined.into_iter().flatten().chain([piece.clone()]).collect());
        }
        for lines in streets {
            let Some(area) = lines.iter().flatten().find_map(|at| area(config, *at)) else { continue };
            let lines: Vec<String> = lines.iter().map(|line| format!("({})", text(line))).collect();
            let street = row("street", &name, format!("MULTILINESTRING({})", lines.join(", ")), SOURCE);
            let id = format!("street.{}", entries.len() + 1);
            entries.push(AddressIn { id, row: Some(AddressRow { area, ..street }) });
        }
    }
    Ok(entries)
}

/// Doors of the case file, and places of interest with a name.
///
/// # Errors
/// When a file is damaged.
pub fn doors_and_places(data: &Data, config: &Config) -> anyhow::Result<Vec<AddressIn>> {
    let mut entries = Vec::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    for case in data.cases()? {
        let Some((number, street, at)) = door(&case) else { continue };
        let Some(area) = area(config, at) else { continue };
        if seen.insert((case.street.to_lowercase(), area.clone())) {
            let door = row("door", street, format!("POINT({})", text(&[at])), "Boston 311 2015");
            let door = AddressRow { door: Some(number.to_owned()), area, ..door };
            entries.push(AddressIn { id: format!("door.{}", seen.len()), row: Some(door) });
        }
    }
    for (at, poi) in packed::<Poi>("osm_poi.csv.gz")?.into_iter().enumerate() {
        let Some(point) = Point::new(poi.lon, poi.lat) else { continue };
        // Some names are a sign only (♿).
        if !poi.name.chars().any(char::is_alphanumeric) {
            continue;
        }
        if let Some(area) = area(config, point) {
            let place = row("poi", &poi.name, format!("POINT({})", text(&[point])), SOURCE);
            let place = AddressRow { area, weight: weight(&poi.class), ..place };
            entries.push(AddressIn { id: format!("poi.{}", at + 1), row: Some(place) });
        }
    }
    Ok(entries)
}

fn door(case: &Row) -> Option<(&str, &str, Point<Cgcs2000>)> {
    let (number, street) = case.street.split_once(' ')?;
    let numbered = number.starts_with(|c: char| c.is_ascii_digit()) && number != "0" && number.len() <= 12;
    let value: u32 = number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
    let at = case.point?;
    (numbered && (1..=99_999).contains(&value) && street.chars().any(char::is_alphabetic)).then_some((
        number,
        street.trim(),
        at,
    ))
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

/// Writes entries that the store does not have yet.
///
/// # Errors
/// When they cannot be written.
pub async fn write(app: &App, entries: Vec<AddressIn>) -> anyhow::Result<()> {
    let Some(last) = entries.last() else { return Ok(()) };
    let code = city_code();
    // Written in order, so the last one says that all are there.
    if app.store().address(code, &last.id).await?.is_some() {
        return Ok(());
    }
    let put = app.put_addresses_bulk(code, None, entries).await?;
    for fault in put.faults.iter().take(3) {
        tracing::warn!(?fault, "demo: an address was left out");
    }
    app.catch_up_places(&*app.city(code)?).await?;
    tracing::info!(addresses = put.written, left_out = put.faults.len(), "demo: addresses are there");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_however_they_are_shortened() {
        for (short, long) in [("Beacon St", "Beacon Street"), ("BLUE HILL Ave ", "Blue Hill Avenue")] {
            assert_eq!(plain(short), plain(long));
        }
    }

    #[test]
    fn most_streets_of_the_cases_have_a_line() {
        let names = road_names().unwrap();
        assert!(names.len() > 3_000);
        let streets = Data::load().unwrap().streets;
        let lined = streets.iter().filter(|row| names.contains(&plain(&row.name))).count();
        assert!(lined * 5 > streets.len() * 2, "{lined} of {}", streets.len());
    }
}
