//! Vector tiles (Mapbox Vector Tile 2.1), written straight from what is in memory.
//!
//! A [`Layer`] is filled feature by feature and a tile is its layers one after another. Coordinates are rounded
//! as PostGIS rounds them (`ST_AsMVTGeom`: to the nearest unit, halves to even), and what lies in the buffer is
//! kept, its edge included.

mod geometry;
mod region;
mod spots;
mod things;

pub use region::region_layer;
pub use spots::{Describe, Spot, spot_bounds, spot_layer};
pub use things::{CLUSTER_UNITS, EACH_FROM, EACH_MAX, Extra, ShapeLayer, ThingLayer};

use crate::mercator::{EXTENT, TileId};
use geo::{Coord, LineString};
use std::collections::HashMap;

/// Units that a layer reaches beyond its tile unless it says otherwise: a symbol of 16 pixels at the edge is
/// drawn by both tiles.
pub const BUFFER: u16 = 64;
/// Cluster ids have this bit; ids of things lie below.
pub const CLUSTER_BIT: u64 = 1 << 52;

/// A value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Real(f64),
    Truth(bool),
}

/// A value as it is written, which is also what makes two values one.
type Written = Box<[u8]>;

/// The attributes of the next feature, as pairs of a key and a value of its layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<u8>);

/// One layer of a tile.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    name: String,
    features: Vec<u8>,
    count: usize,
    keys: Vec<String>,
    key_places: HashMap<String, u32>,
    values: Vec<u8>,
    value_places: HashMap<Written, u32>,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// What a point with a serial of seven digits and three attributes takes.
const POINT_BYTES: usize = 26;
/// Bytes of attributes up to which a point is written the quick way.
const SHORT_TAGS: u8 = 48;
const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

impl Layer {
    /// Names of layers must differ within a tile.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Makes room for so many points.
    fn reserve(&mut self, points: usize) {
        self.features.reserve(points * POINT_BYTES);
    }

    /// Features so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an attribute to `tags`, which may be kept for any number of features of this layer.
    pub fn tag(&mut self, tags: &mut Tags, key: &str, value: Value) {
        let key = self.key(key);
        let value = self.value(value);
        put_varint(&mut tags.0, u64::from(key));
        put_varint(&mut tags.0, u64::from(value));
    }

    fn key(&mut self, key: &str) -> u32 {
        if let Some(&place) = self.key_places.get(key) {
            return place;
        }
        let place = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push(key.to_owned());
        self.key_places.insert(key.to_owned(), place);
        place
    }

    fn value(&mut self, value: Value) -> u32 {
        self.scratch.clear();
        let to = &mut self.scratch;
        match value {
            Value::Text(text) => {
                put_field(to, 1, WIRE_BYTES);
                put_varint(to, text.len() as u64);
                to.extend_from_slice(text.as_bytes());
            }
            Value::Real(number) => {
                put_field(to, 3, WIRE_EIGHT_BYTES);
                to.extend_from_slice(&number.to_le_bytes());
            }
            Value::Number(number) => {
                // Type 5 is for whole numbers, type 6 for those that may be negative.
                let (field, number) = match u64::try_from(number) {
                    Ok(number) => (5, number),
                    Err(_) => (6, zigzag_long(number)),
                };
                put_field(to, field, WIRE_VARINT);
                put_varint(to, number);
            }
            Value::Truth(truth) => {
                put_field(to, 7, WIRE_VARINT);
                put_varint(to, u64::from(truth));
            }
        }
        if let Some(&place) = self.value_places.get(self.scratch.as_slice()) {
            return place;
        }
        let place = u32::try_from(self.value_places.len()).unwrap_or(u32::MAX);
        put_field(&mut self.values, 4, WIRE_BYTES);
        put_varint(&mut self.values, self.scratch.len() as u64);
        self.values.extend_from_slice(&self.scratch);
        self.value_places.insert(self.scratch.as_slice().into(), place);
        place
    }

    /// Adds a point.
    #[inline]
    pub fn point(&mut self, id: u64, tags: &Tags, x: i32, y: i32) {
        let mut shape = [0_u8; 11];
        shape[0] = 9; // one MoveTo
        let mut end = 1;
        for number in [zigzag(x), zigzag(y)] {
            end += write_varint(&mut shape[end..], u64::from(number));
        }
        let shape = &shape[..end];
        match u8::try_from(tags.0.len()) {
            Ok(length) if length <= SHORT_TAGS => self.short_feature(id, &tags.0, length, shape),
            _ => self.feature(id, tags, Kind::Point, shape),
        }
    }

    /// The same bytes as [`Self::feature`], put together on the stack and appended at once: there are tens of
    /// thousands of them on a tile.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // all lengths are below 100
    fn short_feature(&mut self, id: u64, tags: &[u8], tags_length: u8, shape: &[u8]) {
        let mut bytes = [0_u8; 2 + 11 + 2 + SHORT_TAGS as usize + 2 + 2 + 11];
        bytes[2] = 1 << 3 | WIRE_VARINT;
        let mut end = 3 + write_varint(&mut bytes[3..], id);
        if tags_length > 0 {
            bytes[end] = 2 << 3 | WIRE_BYTES;
            bytes[end + 1] = tags_length;
            bytes[end + 2..end + 2 + tags.len()].copy_from_slice(tags);
            end += 2 + tags.len();
        }
        let rest = [3 << 3 | WIRE_VARINT, Kind::Point as u8, 4 << 3 | WIRE_BYTES, shape.len() as u8];
        bytes[end..end + 4].copy_from_slice(&rest);
        bytes[end + 4..end + 4 + shape.len()].copy_from_slice(shape);
        end += 4 + shape.len();
        bytes[0] = 2 << 3 | WIRE_BYTES;
        bytes[1] = (end - 2) as u8;
        self.features.extend_from_slice(&bytes[..end]);
        self.count += 1;
    }

    /// Adds lines, each of two or more different places; others are left out.
    pub(crate) fn lines(&mut self, id: u64, tags: &Tags, lines: &[Vec<[i32; 2]>]) {
        let mut pen = Pen::default();
        for line in lines.iter().filter(|line| line.len() >= 2) {
            pen.line(line);
        }
        if !pen.bytes.is_empty() {
            self.feature(id, tags, Kind::Line, &pen.bytes);
        }
    }

    /// Adds the stretches of a line, given as longitudes and latitudes, that touch a tile.
    pub fn line_on(&mut self, id: u64, tags: &Tags, tile: TileId, line: &[[f64; 2]]) {
        let line: LineString<f64> = line.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
        let stretches = geometry::Window::new(tile, BUFFER).line(&line);
        self.lines(id, tags, &stretches);
    }

    /// Adds a polygon: of each part the outer ring, counter-clockwise as the numbers go, then its holes,
    /// clockwise; no ring repeats its first place.
    pub(crate) fn polygon(&mut self, id: u64, tags: &Tags, parts: &[Vec<Vec<[i32; 2]>>]) {
        let mut pen = Pen::default();
        for ring in parts.iter().flatten() {
            pen.line(ring);
            put_varint(&mut pen.bytes, u64::from(command(CLOSE_PATH, 1)));
        }
        if !pen.bytes.is_empty() {
            self.feature(id, tags, Kind::Polygon, &pen.bytes);
        }
    }

    #[inline]
    fn feature(&mut self, id: u64, tags: &Tags, kind: Kind, shape: &[u8]) {
        let tags_length = if tags.0.is_empty() { 0 } else { 1 + length(tags.0.len()) + tags.0.len() };
        let size = 1 + varint_length(id) + tags_length + 2 + 1 + length(shape.len()) + shape.len();
        let to = &mut self.features;
        put_field(to, 2, WIRE_BYTES);
        put_varint(to, size as u64);
        put_field(to, 1, WIRE_VARINT);
        put_varint(to, id);
        if !tags.0.is_empty() {
            put_field(to, 2, WIRE_BYTES);
            put_varint(to, tags.0.len() as u64);
            to.extend_from_slice(&tags.0);
        }
        to.extend_from_slice(&[3 << 3 | WIRE_VARINT, kind as u8]);
        put_field(to, 4, WIRE_BYTES);
        put_varint(to, shape.len() as u64);
        to.extend_from_slice(shape);
        self.count += 1;
    }

    /// Appends the layer to a tile; a layer without features leaves nothing behind.
    pub fn finish(self, tile: &mut Vec<u8>) {
        if self.count == 0 {
            return;
        }
        let mut ends = Vec::new();
        for key in &self.keys {
            put_field(&mut ends, 3, WIRE_BYTES);
            put_varint(&mut ends, key.len() as u64);
            ends.extend_from_slice(key.as_bytes());
        }
        ends.extend_from_slice(&self.values);
        put_field(&mut ends, 5, WIRE_VARINT);
        put_varint(&mut ends, u64::from(EXTENT));

        let mut head = vec![15 << 3 | WIRE_VARINT, 2];
        put_field(&mut head, 1, WIRE_BYTES);
        put_varint(&mut head, self.name.len() as u64);
        head.extend_from_slice(self.name.as_bytes());

        let size = head.len() + self.features.len() + ends.len();
        tile.reserve(size + 8);
        put_field(tile, 3, WIRE_BYTES);
        put_varint(tile, size as u64);
        for part in [&head, &self.features, &ends] {
            tile.extend_from_slice(part);
        }
    }
}

impl Tags {
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Writes places as steps from the place before, across all rings of a feature.
#[derive(Default)]
struct Pen {
    bytes: Vec<u8>,
    x: i32,
    y: i32,
}

impl Pen {
    fn line(&mut self, line: &[[i32; 2]]) {
        let Some((first, rest)) = line.split_first() else { return };
        put_varint(&mut self.bytes, u64::from(command(MOVE_TO, 1)));
        self.step(*first);
        put_varint(&mut self.bytes, u64::from(command(LINE_TO, rest.len())));
        rest.iter().for_each(|place| self.step(*place));
    }

    fn step(&mut self, [x, y]: [i32; 2]) {
        put_varint(&mut self.bytes, u64::from(zigzag(x - self.x)));
        put_varint(&mut self.bytes, u64::from(zigzag(y - self.y)));
        (self.x, self.y) = (x, y);
    }
}

fn command(id: u32, count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX >> 3) << 3 | id
}

const WIRE_VARINT: u8 = 0;
const WIRE_EIGHT_BYTES: u8 = 1;
const WIRE_BYTES: u8 = 2;

fn put_field(to: &mut Vec<u8>, field: u8, wire: u8) {
    to.push(field << 3 | wire);
}

#[inline]
fn put_varint(to: &mut Vec<u8>, number: u64) {
    let mut bytes = [0; 10];
    let end = write_varint(&mut bytes, number);
    to.extend_from_slice(&bytes[..end]);
}

#[inline]
fn write_varint(to: &mut [u8], mut number: u64) -> usize {
    let mut at = 0;
    while number >= 0x80 {
        to[at] = number.to_le_bytes()[0] | 0x80;
        number >>= 7;
        at += 1;
    }
    to[at] = number.to_le_bytes()[0];
    at + 1
}

fn varint_length(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

fn length(bytes: usize) -> usize {
    varint_length(bytes as u64)
}

fn zigzag(number: i32) -> u32 {
    (number << 1 ^ number >> 31).cast_unsigned()
}

fn zigzag_long(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// Rounds to the nearest whole number, halves to even, as `rint` does: far faster than the library's function
/// where the processor's own instruction may not be used. Right for numbers below 2^51; larger ones are far
/// outside any tile.
#[inline]
fn rounded(units: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (units + SHIFT) - SHIFT
}

/// A coordinate of a tile as a whole number; callers have clipped it.
#[inline]
#[allow(clippy::cast_possible_truncation)] // far outside the tile it saturates
fn whole(units: f64) -> i32 {
    rounded(units) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_written_byte_by_byte() {
        // MVT 2.1, 4.3.5.3 and 4.3.5.5: a line and a multipolygon.
        let mut pen = Pen::default();
        pen.line(&[[2, 2], [2, 10], [10, 10]]);
        assert_eq!(pen.bytes, [9, 4, 4, 18, 0, 16, 16, 0]);
        let mut layer = Layer::new("x");
        let parts = vec![
            vec![vec![[0, 0], [10, 0], [10, 10], [0, 10]]],
            vec![vec![[11, 11], [20, 11], [20, 20], [11, 20]], vec![[13, 13], [13, 17], [17, 17], [17, 13]]],
        ];
        layer.polygon(1, &Tags::default(), &parts);
        let expected = [
            9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8,
            8, 0, 0, 7, 15,
        ];
        assert!(layer.features.ends_with(&expected), "{:?}", layer.features);
    }

    #[test]
    fn a_point_is_written_alike_the_quick_way_and_the_other() {
        for (tags, id) in
            [(0, 0), (0, u64::MAX), (1, 127), (20, 128), (48, 1 << 40), (49, 7), (200, u64::MAX)]
        {
            let tags = Tags(vec![3; tags]);
            let (mut quick, mut other) = (Layer::new("x"), Layer::new("x"));
            quick.point(id, &tags, -64, 4160);
            other.feature(id, &tags, Kind::Point, &[9, 127, 0x80, 0x41]);
            assert_eq!(quick.features, other.features);
        }
    }

    #[test]
    fn equal_values_are_written_once_and_unequal_kinds_apart() {
        let mut layer = Layer::new("x");
        let mut tags = Tags::default();
        for value in [Value::Number(1), Value::Truth(true), Value::Number(1), Value::Real(1.0)] {
            layer.tag(&mut tags, "k", value);
        }
        assert_eq!(layer.value_places.len(), 3);
        assert_eq!(tags.0, [0, 0, 0, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn rounding_is_that_of_rint() {
        for k in -40_000..40_000_i32 {
            for units in [f64::from(k) / 8.0, f64::from(k) * 1e6 + 0.5, f64::from(k) * 0.123_456_7] {
                assert_eq!(rounded(units), units.round_ties_even(), "{units}");
            }
        }
    }

    #[test]
    fn lengths_of_varints_are_right_at_their_borders() {
        for bit in 0..64 {
            for number in [(1_u64 << bit) - 1, 1 << bit, u64::MAX >> (63 - bit)] {
                let mut bytes = Vec::new();
                put_varint(&mut bytes, number);
                assert_eq!(bytes.len(), varint_length(number), "{number}");
            }
        }
    }
}
