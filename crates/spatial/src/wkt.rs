//! Polygons as well-known text (WKT), as the store keeps them: on the fixed grid of [`crate::shape`], so that
//! what is written is read back to the last digit.

use crate::shape::{STEPS_PER_DEGREE, Shape};
use geo::{Coord, LineString, MultiPolygon, Polygon};
use std::fmt::Write as _;

/// Vertices of one text: as many as an outline may have.
const VERTICES_MAX: usize = 4_000_000;

/// Why a text is no polygon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWkt {
    #[error("neither POLYGON nor MULTIPOLYGON")]
    NotAPolygon,
    #[error("not well-known text: character {at} is not expected there")]
    Unreadable { at: usize },
    #[error("more than {VERTICES_MAX} vertices")]
    TooLong,
}

/// Reads a POLYGON or MULTIPOLYGON; a third or fourth coordinate is left out.
///
/// # Errors
/// See [`BadWkt`].
pub fn polygons(text: &str) -> Result<MultiPolygon<f64>, BadWkt> {
    let mut reader = Reader { text, at: 0, vertices: 0 };
    let many = match reader.word().to_ascii_uppercase().as_str() {
        "POLYGON" => false,
        "MULTIPOLYGON" => true,
        _ => return Err(BadWkt::NotAPolygon),
    };
    // "POLYGON Z (…)" and the like.
    reader.word();
    let found = if many { reader.list(Reader::polygon)? } else { vec![reader.polygon()?] };
    reader.space();
    if reader.at == text.len() { Ok(MultiPolygon(found)) } else { Err(reader.bad()) }
}

/// Reads polygons as shapes of the fixed grid, one for each part.
///
/// # Errors
/// As [`polygons`], or a position that is not on the earth.
pub fn shapes(text: &str) -> Result<Vec<Shape>, BadWkt> {
    let read = polygons(text)?;
    read.0.iter().map(|part| shape(part).ok_or(BadWkt::NotAPolygon)).collect()
}

/// A polygon on the fixed grid; `None` when a position is not on the earth.
#[must_use]
pub fn shape(polygon: &Polygon<f64>) -> Option<Shape> {
    let rings: Vec<Vec<[f64; 2]>> = std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .map(|line| line.0.iter().map(|c| [c.x, c.y]).collect())
        .collect();
    Shape::from_degrees(rings.iter().map(Vec::as_slice))
}

/// The same for readers of this crate's regions.
#[must_use]
pub fn to_polygons(shape: &Shape) -> MultiPolygon<f64> {
    let mut rings = shape
        .to_degrees()
        .into_iter()
        .map(|ring| ring.into_iter().map(|[x, y]| Coord { x, y }).collect::<LineString<f64>>());
    let Some(outer) = rings.next() else { return MultiPolygon(Vec::new()) };
    MultiPolygon(vec![Polygon::new(outer, rings.collect())])
}

/// Writes a POLYGON with exactly the vertices of the shape.
#[must_use]
pub fn write(shape: &Shape) -> String {
    let mut text = String::with_capacity(16 + shape.rings().map(|ring| ring.0.len() + 1).sum::<usize>() * 24);
    text.push_str("POLYGON(");
    for (i, ring) in shape.rings().enumerate() {
        text.push_str(if i > 0 { ",(" } else { "(" });
        for (j, vertex) in ring.0.iter().chain(ring.0.first()).enumerate() {
            if j > 0 {
                text.push(',');
            }
            degrees(&mut text, vertex.x);
            text.push(' ');
            degrees(&mut text, vertex.y);
        }
        text.push(')');
    }
    text.push(')');
    text
}

/// Steps as degrees without a digit too many.
fn degrees(text: &mut String, steps: i32) {
    #[allow(clippy::cast_possible_truncation)] // a constant of 1e7
    const STEPS: u32 = STEPS_PER_DEGREE as u32;
    let magnitude = steps.unsigned_abs();
    let sign = if steps < 0 { "-" } else { "" };
    // Writing to a text cannot fail.
    let _ = write!(text, "{sign}{}.{:07}", magnitude / STEPS, magnitude % STEPS);
    let kept = text.trim_end_matches('0').trim_end_matches('.').len();
    text.truncate(kept);
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    vertices: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn bad(&self) -> BadWkt {
        BadWkt::Unreadable { at: self.at }
    }

    fn space(&mut self) {
        self.at += self.rest().iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let start = self.at;
        self.at += self.rest().iter().take_while(|b| b.is_ascii_alphabetic()).count();
        &self.text[start..self.at]
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.rest().first() == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, BadWkt>) -> Result<Vec<T>, BadWkt> {
        if !self.takes(b'(') {
            return Err(self.bad());
        }
        let mut found = vec![item(self)?];
        while self.takes(b',') {
            found.push(item(self)?);
        }
        if self.takes(b')') { Ok(found) } else { Err(self.bad()) }
    }

    fn polygon(&mut self) -> Result<Polygon<f64>, BadWkt> {
        let mut rings = self.list(|reader| reader.list(Self::position).map(LineString))?.into_iter();
        let outer = rings.next().ok_or(BadWkt::NotAPolygon)?;
        Ok(Polygon::new(outer, rings.collect()))
    }

    fn position(&mut self) -> Result<Coord<f64>, BadWkt> {
        self.vertices += 1;
        if self.vertices > VERTICES_MAX {
            return Err(BadWkt::TooLong);
        }
        let found = Coord { x: self.number()?, y: self.number()? };
        // Height and measure.
        for _ in 0..2 {
            self.space();
            if self.rest().first().is_some_and(|b| !matches!(b, b',' | b')')) {
                self.number()?;
            }
        }
        Ok(found)
    }

    fn number(&mut self) -> Result<f64, BadWkt> {
        self.space();
        let start = self.at;
        let length = self.rest().iter().take_while(|b| b.is_ascii_digit() || b".+-eE".contains(b)).count();
        let found = self.text[start..start + length].parse().map_err(|_| self.bad())?;
        self.at += length;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Ring, Vertex};
    use proptest::prelude::*;

    #[test]
    fn polygons_are_read_with_holes_parts_and_heights() {
        let table = [
            ("POLYGON((0 0,1 0,1 1,0 0))", 1, 0),
            ("polygon Z ((0 0 5, 1 0 5, 1 1 5, 0 0 5), (0.1 0.1 1,0.2 0.1 1,0.2 0.2 1,0.1 0.1 1))", 1, 1),
            ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)), ((2 2,3 2,3 3,2 2)))", 2, 0),
            (" POLYGON ( ( -1e0 0 , 1 0 , 1 1 , -1 0 ) ) ", 1, 0),
        ];
        for (text, parts, holes) in table {
            let read = polygons(text).expect(text);
            assert_eq!((read.0.len(), read.0[0].interiors().len()), (parts, holes), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_their_place() {
        let table = [
            ("", BadWkt::NotAPolygon),
            ("POINT(1 2)", BadWkt::NotAPolygon),
            ("POLYGON EMPTY", BadWkt::Unreadable { at: 13 }),
            ("POLYGON((0 0,1 x))", BadWkt::Unreadable { at: 15 }),
            ("POLYGON((0 0,1 0,1 1,0 0)) x", BadWkt::Unreadable { at: 27 }),
            ("POLYGON((0 0,1 0,1 1,0 0)", BadWkt::Unreadable { at: 25 }),
        ];
        for (text, problem) in table {
            assert_eq!(polygons(text), Err(problem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shape_is_read_back_to_the_last_digit(
            corners in proptest::collection::vec((-1_800_000_000..1_800_000_000_i32, -900_000_000..900_000_000_i32), 3..30),
        ) {
            let ring = Ring(corners.into_iter().map(|(x, y)| Vertex { x, y }).collect());
            let mut drawn = Shape::plain(ring);
            prop_assume!(drawn.outer.area2() != 0 && drawn.outer.0.first() != drawn.outer.0.last());
            if drawn.outer.area2() < 0 {
                drawn.outer.0.reverse();
            }
            let text = write(&drawn);
            prop_assert_eq!(&shapes(&text).expect("reads back"), &[drawn.clone()]);
            prop_assert_eq!(polygons(&text).expect("reads back"), to_polygons(&drawn));
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise(text in "(MULTI)?POLYGON ?[-(), 0-9.eE]{0,60}") {
            let _ = polygons(&text);
        }
    }
}
