//! Shapes as GeoJSON, as the map and other programs read and write them.

use crate::error::{FieldProblem, Problems};
use serde::Deserialize;
use serde_json::{Value, json};
use spatial::shape::{Shape, Vertex};

/// Vertices of one drawn polygon or line: more than anybody draws, and a community's border has fewer.
pub const VERTICES_MAX: usize = 20_000;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Geometry {
    Polygon { coordinates: Vec<Vec<Vec<f64>>> },
    MultiPolygon { coordinates: Vec<Vec<Vec<Vec<f64>>>> },
}

/// One polygon; a MultiPolygon of one part is one too.
///
/// # Errors
/// What is wrong with it, named by `field`.
pub fn read_polygon(geometry: &Value, field: &str) -> Result<Shape, FieldProblem> {
    let rings = match Geometry::deserialize(geometry) {
        Ok(Geometry::Polygon { coordinates }) => coordinates,
        Ok(Geometry::MultiPolygon { mut coordinates }) if coordinates.len() == 1 => {
            coordinates.pop().unwrap_or_default()
        }
        Ok(Geometry::MultiPolygon { .. }) => return Err(FieldProblem::new(field, "in_pieces")),
        Err(_) => return Err(FieldProblem::new(field, "not_a_polygon")),
    };
    if rings.iter().map(Vec::len).sum::<usize>() > VERTICES_MAX {
        return Err(FieldProblem::new(field, "too_many").with("max", VERTICES_MAX as u64));
    }
    let flat: Option<Vec<Vec<[f64; 2]>>> = rings
        .iter()
        .map(|ring| ring.iter().map(|p| Some([*p.first()?, *p.get(1)?])).collect::<Option<Vec<_>>>())
        .collect();
    let shape = flat.and_then(|rings| Shape::from_degrees(rings.iter().map(Vec::as_slice)));
    match shape {
        Some(shape) if shape.outer.0.len() >= 3 && shape.outer.area2() != 0 => Ok(shape),
        _ => Err(FieldProblem::new(field, "not_a_polygon")),
    }
}

/// A line of two vertices at least.
pub fn read_line(line: &[[f64; 2]], field: &str, problems: &mut Problems) -> Vec<Vertex> {
    let read: Option<Vec<Vertex>> = line.iter().map(|[lng, lat]| Vertex::from_degrees(*lng, *lat)).collect();
    match read {
        Some(line) if (2..=VERTICES_MAX).contains(&line.len()) => line,
        _ => {
            problems.add(field, "not_a_line");
            Vec::new()
        }
    }
}

#[must_use]
pub fn geometry(shape: &Shape) -> Value {
    json!({ "type": "Polygon", "coordinates": shape.to_degrees() })
}

#[must_use]
pub fn collection(features: Vec<Value>, left_out: usize) -> Value {
    json!({ "type": "FeatureCollection", "features": features, "left_out": left_out })
}
