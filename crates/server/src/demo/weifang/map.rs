//! The base map of the drawn city: its streets and their names as vector tiles in one PMTiles file, in the layers
//! of the OpenMapTiles schema that the pages draw. There is nothing else, because nothing else was drawn.

use super::Made;
use anyhow::Context;
use spatial::mercator::TileId;
use spatial::tile::{Layer, Tags, Value};
use spatial::town::StreetClass;
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the file under `basemap/`.
pub const FILE: &str = "weifang-drawn.pmtiles";
/// The pages ask from the first to the last.
const ZOOMS: std::ops::RangeInclusive<u8> = 8..=14;
/// Lanes appear from here.
const LANES_FROM: u8 = 12;

/// Writes the file into `folder` unless it is there.
pub fn write(made: &Made, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(FILE);
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let part = folder.join(format!("{FILE}.part"));
    std::fs::write(&part, archive(made)).with_context(|| format!("could not write {}", part.display()))?;
    std::fs::rename(&part, &file)?;
    Ok(())
}

struct Drawn {
    line: Vec<[f64; 2]>,
    class: &'static str,
    name: String,
    lane: bool,
}

fn archive(made: &Made) -> Vec<u8> {
    let streets: Vec<Drawn> = made
        .town
        .streets
        .iter()
        .map(|street| Drawn {
            line: street.line.iter().map(|v| [v.lng(), v.lat()]).collect(),
            class: match street.class {
                StreetClass::Arterial => "primary",
                StreetClass::Secondary => "secondary",
                StreetClass::Local => "minor",
            },
            name: street.name.clone(),
            lane: street.class == StreetClass::Local,
        })
        .collect();
    let ends = |at: usize, first: f64, better: fn(f64, f64) -> f64| {
        streets.iter().flat_map(|s| &s.line).map(|p| p[at]).fold(first, better)
    };
    let west = ends(0, 180.0, f64::min);
    let east = ends(0, -180.0, f64::max);
    let south = ends(1, 90.0, f64::min);
    let north = ends(1, -90.0, f64::max);
    let mut tiles: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for z in ZOOMS {
        let (first, last) = (TileId::at(west, north, z), TileId::at(east, south, z));
        for x in first.x()..=last.x() {
            for y in first.y()..=last.y() {
                let bytes = TileId::new(z, x, y).map(|tile| tile_of(&streets, tile)).unwrap_or_default();
                if !bytes.is_empty() {
                    tiles.insert(number(z, x, y), bytes);
                }
            }
        }
    }
    packed(&tiles, [west, south, east, north])
}

fn tile_of(streets: &[Drawn], tile: TileId) -> Vec<u8> {
    let (mut roads, mut names) = (Layer::new("transportation"), Layer::new("transportation_name"));
    for (id, street) in (1_u64..).zip(streets) {
        if street.lane && tile.z() < LANES_FROM {
            continue;
        }
        let mut tags = Tags::default();
        roads.tag(&mut tags, "class", Value::Text(street.class));
        roads.line_on(id, &tags, tile, &street.line);
        let mut tags = Tags::default();
        names.tag(&mut tags, "class", Value::Text(street.class));
        names.tag(&mut tags, "name", Value::Text(&street.name));
        names.line_on(id, &tags, tile, &street.line);
    }
    let mut bytes = Vec::new();
    roads.finish(&mut bytes);
    names.finish(&mut bytes);
    bytes
}

/// Number of a tile along the Hilbert curve. Source: PMTiles 3, "Tile ID".
fn number(z: u8, x: u32, y: u32) -> u64 {
    let before = ((1_u64 << (2 * z)) - 1) / 3;
    let (mut x, mut y, mut along) = (i64::from(x), i64::from(y), 0_u64);
    for bit in (0..z).rev() {
        let side = 1_i64 << bit;
        let (right, up) = (u64::from(x & side != 0), u64::from(y & side != 0));
        along += (1_u64 << (2 * bit)) * ((3 * right) ^ up);
        if up == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
    }
    before + along
}

fn varint(to: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        to.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    to.push(n as u8);
}

/// Header, directory, description and tiles. Source: PMTiles 3.
fn packed(tiles: &BTreeMap<u64, Vec<u8>>, [west, south, east, north]: [f64; 4]) -> Vec<u8> {
    const HEADER: u64 = 127;
    let mut directory = Vec::new();
    varint(&mut directory, tiles.len() as u64);
    let mut before = 0;
    for number in tiles.keys() {
        varint(&mut directory, number - before);
        before = *number;
    }
    for _ in tiles {
        varint(&mut directory, 1);
    }
    for bytes in tiles.values() {
        varint(&mut directory, bytes.len() as u64);
    }
    // Each follows the one before.
    for at in 0..tiles.len() {
        varint(&mut directory, u64::from(at == 0));
    }
    let about = serde_json::json!({
        "name": "Weifang (drawn)", "attribution": "示范城市，程序绘制 · drawn, not surveyed",
        "vector_layers": [
            { "id": "transportation", "fields": { "class": "String" } },
            { "id": "transportation_name", "fields": { "class": "String", "name": "String" } },
        ],
    })
    .to_string();
    let data: u64 = tiles.values().map(|bytes| bytes.len() as u64).sum();
    let (directory_length, about_length, count) =
        (directory.len() as u64, about.len() as u64, tiles.len() as u64);
    let about_at = HEADER + directory_length;
    let data_at = about_at + about_length;
    let mut file = b"PMTiles\x03".to_vec();
    for n in
        [HEADER, directory_length, about_at, about_length, data_at, 0, data_at, data, count, count, count]
    {
        file.extend_from_slice(&n.to_le_bytes());
    }
    // In order; nothing is compressed; Mapbox vector tiles.
    file.extend_from_slice(&[1, 1, 1, 1, *ZOOMS.start(), *ZOOMS.end()]);
    let e7 = |degrees: f64| ((degrees * 1e7).round() as i32).to_le_bytes();
    for degrees in [west, south, east, north] {
        file.extend_from_slice(&e7(degrees));
    }
    file.push(12);
    file.extend_from_slice(&e7(f64::midpoint(west, east)));
    file.extend_from_slice(&e7(f64::midpoint(south, north)));
    file.extend_from_slice(&directory);
    file.extend_from_slice(about.as_bytes());
    for bytes in tiles.values() {
        file.extend_from_slice(bytes);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_numbered_as_the_format_says() {
        // The examples of the specification.
        let table = [
            ((0, 0, 0), 0),
            ((1, 0, 0), 1),
            ((1, 0, 1), 2),
            ((1, 1, 1), 3),
            ((1, 1, 0), 4),
            ((2, 0, 0), 5),
            ((12, 3_423, 1_763), 19_078_479),
        ];
        for ((z, x, y), expected) in table {
            assert_eq!(number(z, x, y), expected, "{z}/{x}/{y}");
        }
    }
}
