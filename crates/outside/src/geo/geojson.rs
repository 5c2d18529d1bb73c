//! GeoJSON (RFC 7946), as one FeatureCollection or one feature a line; both are read and written feature by
//! feature, and never is more than one feature in memory.

use super::source::{Bounded, Cursor, Room};
use super::{Stopped, bad};
use app::FieldProblem;
use app::ports::files::{COLUMNS_MAX, FileRow, RawShape, RowFault, TakeRow, VERTICES_MAX};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;

/// Bytes of one feature: the outline of a province in full detail has about 10 MB.
const FEATURE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Separates the features of RFC 8142, which else are lines like others.
const RECORD_SEPARATOR: u8 = 0x1e;

/// What a reading finds besides rows.
#[derive(Debug, Default)]
pub struct Found {
    /// Name of the system in the `crs` member that older writers add.
    pub crs: Option<String>,
}

/// Which columns are wanted: those known, or all that come up.
pub enum Columns<'a> {
    Known(&'a [String]),
    Collect(&'a mut Vec<String>),
}

struct Taker<'a, 'b> {
    columns: Columns<'a>,
    places: BTreeMap<String, usize>,
    take: TakeRow<'b>,
    stopped: bool,
}

impl<'a, 'b> Taker<'a, 'b> {
    fn new(columns: Columns<'a>, take: TakeRow<'b>) -> Self {
        let known: &[String] = match &columns {
            Columns::Known(names) => names,
            Columns::Collect(names) => names,
        };
        let places = known.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self { columns, places, take, stopped: false }
    }

    fn feature(&mut self, feature: &Value, row: u64) -> ControlFlow<()> {
        let mut fault = None;
        let mut cells = vec![String::new(); self.places.len()];
        let empty = serde_json::Map::new();
        let properties = match &feature["properties"] {
            Value::Object(properties) => properties,
            Value::Null => &empty,
            _ => {
                fault = Some(("", "bad_feature"));
                &empty
            }
        };
        if feature["type"] != "Feature" {
            fault = Some(("", "bad_feature"));
        }
        let id = match &feature["id"] {
            Value::Null => None,
            _ if properties.contains_key("id") => None,
            id => Some(id),
        };
        let given = properties.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in given.chain(id.map(|id| ("id", id))) {
            let at = match (self.places.get(name), &mut self.columns) {
                (Some(at), _) => *at,
                (None, Columns::Collect(names)) if names.len() < COLUMNS_MAX => {
                    names.push(name.to_owned());
                    self.places.insert(name.to_owned(), names.len() - 1);
                    cells.push(String::new());
                    names.len() - 1
                }
                (None, _) => continue,
            };
            if let Some(cell) = cells.get_mut(at) {
                *cell = text(value);
            }
        }
        let shape = match shape(&feature["geometry"]) {
            Ok(shape) => shape,
            Err(code) => {
                fault = Some(("shape", code));
                None
            }
        };
        let fault = fault.map(|(field, code)| RowFault { field: field.to_owned(), code });
        let flow = (self.take)(FileRow { row, cells, shape, fault });
        self.stopped |= flow.is_break();
        flow
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

fn shape(geometry: &Value) -> Result<Option<RawShape>, &'static str> {
    if geometry.is_null() {
        return Ok(None);
    }
    let kind = geometry["type"].as_str().ok_or("bad_geometry")?;
    let coordinates = &geometry["coordinates"];
    let mut left = VERTICES_MAX;
    Ok(Some(match kind {
        "Point" => RawShape::Point(vertex(coordinates)?),
        "LineString" => RawShape::Line(list(coordinates, &mut left)?),
        "Polygon" => RawShape::Polygon(lists(coordinates, &mut left)?),
        "MultiPoint" => RawShape::Points(list(coordinates, &mut left)?),
        "MultiLineString" => RawShape::Lines(lists(coordinates, &mut left)?),
        "MultiPolygon" => {
            let parts = coordinates.as_array().ok_or("bad_geometry")?;
            RawShape::Polygons(parts.iter().map(|part| lists(part, &mut left)).collect::<Result<_, _>>()?)
        }
        _ => return Err("unknown_geometry"),
    }))
}

fn vertex(value: &Value) -> Result<[f64; 2], &'static str> {
    match value.as_array().map(Vec::as_slice) {
        Some([x, y, ..]) => Ok([x.as_f64().ok_or("bad_geometry")?, y.as_f64().ok_or("bad_geometry")?]),
        _ => Err("bad_geometry"),
    }
}

fn list(value: &Value, left: &mut usize) -> Result<Vec<[f64; 2]>, &'static str> {
    let points = value.as_array().ok_or("bad_geometry")?;
    *left = left.checked_sub(points.len()).ok_or("too_many_vertices")?;
    if points.is_empty() {
        return Err("bad_geometry");
    }
    points.iter().map(vertex).collect()
}

fn lists(value: &Value, left: &mut usize) -> Result<Vec<Vec<[f64; 2]>>, &'static str> {
    let all = value.as_array().ok_or("bad_geometry")?;
    if all.is_empty() {
        return Err("bad_geometry");
    }
    all.iter().map(|one| list(one, left)).collect()
}

fn broken(why: &serde_json::Error) -> FieldProblem {
    bad("file_bad_geojson", why)
}

/// Reads a FeatureCollection.
///
/// # Errors
/// When it is no JSON from some place on, or holds no features.
pub fn read_collection(file: &File, columns: Columns<'_>, take: TakeRow<'_>) -> Result<Found, FieldProblem> {
    let cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    let (bounded, room) = Bounded::new(cursor, FEATURE_BYTES_MAX);
    let source = Marked(BufReader::with_capacity(64 * 1024, bounded), true);
    let mut json = serde_json::Deserializer::from_reader(source);
    let mut taker = Taker::new(columns, take);
    let mut crs = None;
    let seed = Collection { taker: &mut taker, room: &room, crs: &mut crs };
    match seed.deserialize(&mut json) {
        Ok(true) => json.end().map_err(|why| broken(&why))?,
        Ok(false) => return Err(bad("file_no_features", &"")),
        Err(_) if taker.stopped => {}
        Err(why) => return Err(broken(&why)),
    }
    Ok(Found { crs })
}

/// Skips a byte-order mark, which JSON forbids and editors write.
struct Marked<R>(R, bool);

impl<R: BufRead> Read for Marked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if std::mem::take(&mut self.1) && self.0.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
            self.0.consume(3);
        }
        self.0.read(buffer)
    }
}

struct Collection<'t, 'a, 'b, 'r> {
    taker: &'t mut Taker<'a, 'b>,
    room: &'r Room,
    crs: &'r mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Collection<'_, '_, '_, '_> {
    type Value = bool;
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collection<'_, '_, '_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut seen = false;
        while let Some(key) = map.next_key::<String>()? {
            self.room.again();
            match key.as_str() {
                "features" if !seen => {
                    seen = true;
                    map.next_value_seed(Features { taker: &mut *self.taker, room: self.room })?;
                }
                "features" => return Err(A::Error::custom("features is there twice")),
                "crs" => {
                    let value: Value = map.next_value()?;
                    *self.crs = value["properties"]["name"].as_str().map(str::to_owned);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(seen)
    }
}

struct Features<'t, 'a, 'b, 'r> {
    taker: &'t mut Taker<'a, 'b>,
    room: &'r Room,
}

impl<'de> DeserializeSeed<'de> for Features<'_, '_, '_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut row = 0;
        loop {
            self.room.again();
            let Some(feature) = list.next_element::<Value>()? else { return Ok(()) };
            row += 1;
            if self.taker.feature(&feature, row).is_break() {
                return Err(A::Error::custom(Stopped));
            }
        }
    }
}

/// Reads one feature a line; a line that is none is a fault of that row only.
///
/// # Errors
/// When the file cannot be read, or a line is longer than the longest that is read.
pub fn read_lines(file: &File, columns: Columns<'_>, take: TakeRow<'_>) -> Result<Found, FieldProblem> {
    let cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    let mut source = BufReader::with_capacity(256 * 1024, cursor);
    let mut taker = Taker::new(columns, take);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let read = (&mut source)
            .take(FEATURE_BYTES_MAX as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|cause| bad("file_unreadable", &cause))?;
        if read == 0 {
            return Ok(Found::default());
        }
        number += 1;
        if read > FEATURE_BYTES_MAX {
            return Err(bad(
                "file_bad_geojson",
                &format!("line {number} is longer than the longest that is read"),
            ));
        }
        let plain = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line);
        let plain = plain.strip_prefix(&[RECORD_SEPARATOR]).unwrap_or(plain).trim_ascii();
        if plain.is_empty() {
            continue;
        }
        let feature = serde_json::from_slice(plain).unwrap_or(Value::Null);
        if taker.feature(&feature, number).is_break() {
            return Ok(Found::default());
        }
    }
}

/// True when the first JSON value of a text is a whole feature, so that a feature a line is meant.
pub fn is_lines(beginning: &[u8]) -> bool {
    let plain = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning);
    if plain.first() == Some(&RECORD_SEPARATOR) {
        return true;
    }
    let mut depth = 0usize;
    let (mut text, mut escaped) = (false, false);
    for (at, byte) in plain.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let first: Result<Value, _> = serde_json::from_slice(&plain[..=at]);
                    return first.is_ok_and(|value| value["type"] == "Feature");
                }
            }
            _ => {}
        }
    }
    // One feature longer than the beginning: its type comes before the rest in what writers write.
    let head = String::from_utf8_lossy(&plain[..plain.len().min(200)]).replace([' ', '\n', '\r', '\t'], "");
    head.starts_with("{\"type\":\"Feature\",")
}

/// Writes a feature, its type first: by that other programs tell a feature a line from a collection.
pub fn write_feature<W: Write>(
    out: &mut W,
    properties: &[(&str, Value)],
    shape: Option<&RawShape>,
) -> io::Result<()> {
    out.write_all(b"{\"type\":\"Feature\",\"properties\":{")?;
    for (at, (name, value)) in properties.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"},\"geometry\":")?;
    let (kind, coordinates) = match shape {
        None => return out.write_all(b"null}"),
        Some(RawShape::Point(point)) => ("Point", serde_json::to_string(point)),
        Some(RawShape::Line(points)) => ("LineString", serde_json::to_string(points)),
        Some(RawShape::Polygon(rings)) => ("Polygon", serde_json::to_string(rings)),
        Some(RawShape::Points(points)) => ("MultiPoint", serde_json::to_string(points)),
        Some(RawShape::Lines(lines)) => ("MultiLineString", serde_json::to_string(lines)),
        Some(RawShape::Polygons(parts)) => ("MultiPolygon", serde_json::to_string(parts)),
    };
    write!(out, "{{\"type\":\"{kind}\",\"coordinates\":{}}}}}", coordinates?)
}
