//! Shapes as well-known text (WKT), as the address store keeps them: a street may have several lines, an estate
//! several parts.

use super::Shape;
use kernel::{Cgcs2000, Point};
use std::fmt;

/// Characters of one text: 50,000 positions in full precision.
const TEXT_MAX: usize = 2_400_000;

/// Why a text is no shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadShape {
    #[error("POINT, LINESTRING, MULTILINESTRING, POLYGON or MULTIPOLYGON is expected")]
    Kind,
    #[error("position {at} of the text is not understood")]
    Unreadable { at: usize },
    #[error("a position is not on the earth")]
    OutOfRange,
    #[error("a line needs two positions, a ring three")]
    TooFew,
    #[error("the text is too long")]
    TooLong,
}

type Line = Vec<Point<Cgcs2000>>;

impl Shape {
    /// Reads POINT, LINESTRING, MULTILINESTRING, POLYGON or MULTIPOLYGON, in any case of letters; heights are
    /// read over. The position of an area is the middle of its box where that lies inside, else its first corner.
    ///
    /// # Errors
    /// See [`BadShape`].
    pub fn from_wkt(text: &str) -> Result<Self, BadShape> {
        if text.len() > TEXT_MAX {
            return Err(BadShape::TooLong);
        }
        let open = text.find('(').ok_or(BadShape::Kind)?;
        let head = text[..open].trim().to_ascii_uppercase();
        let kind = head.split_ascii_whitespace().next().unwrap_or_default();
        let depth = match kind {
            "POINT" | "LINESTRING" => 1,
            "MULTILINESTRING" | "POLYGON" => 2,
            "MULTIPOLYGON" => 3,
            _ => return Err(BadShape::Kind),
        };
        let mut lines = read(text, open, depth)?;
        match kind {
            "POINT" => match lines.first().map(Vec::as_slice) {
                Some([point]) => Ok(Self::Point(*point)),
                _ => Err(BadShape::TooFew),
            },
            "LINESTRING" | "MULTILINESTRING" => {
                if lines.iter().any(|line| line.len() < 2) {
                    return Err(BadShape::TooFew);
                }
                Ok(Self::Lines(lines))
            }
            _ => {
                for ring in &mut lines {
                    if ring.len() > 1 && ring.first() == ring.last() {
                        ring.pop();
                    }
                    if ring.len() < 3 {
                        return Err(BadShape::TooFew);
                    }
                }
                let at = middle(&lines).ok_or(BadShape::TooFew)?;
                Ok(Self::Area { at, rings: lines })
            }
        }
    }
}

/// The lists of positions between brackets `depth` deep, which begin at `at`.
fn read(text: &str, mut at: usize, depth: usize) -> Result<Vec<Line>, BadShape> {
    let bytes = text.as_bytes();
    let (mut open, mut lines, mut closed) = (0_usize, Vec::new(), false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' if open < depth && !closed => {
                open += 1;
                if open == depth {
                    let end = text[at..].find(')').map(|n| at + n).ok_or(BadShape::Unreadable { at })?;
                    lines.push(positions(&text[at + 1..end], at + 1)?);
                    open -= 1;
                    at = end;
                    closed = open == 0;
                }
            }
            b')' if open > 0 => {
                open -= 1;
                closed = open == 0;
            }
            b',' if open > 0 => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => return Err(BadShape::Unreadable { at }),
        }
        at += 1;
    }
    if closed && !lines.is_empty() { Ok(lines) } else { Err(BadShape::Unreadable { at }) }
}

fn positions(text: &str, at: usize) -> Result<Line, BadShape> {
    let position = |pair: &str| {
        let mut numbers = pair.split_ascii_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(lng)), Some(Ok(lat))) => Point::new(lng, lat).ok_or(BadShape::OutOfRange),
            _ => Err(BadShape::Unreadable { at }),
        }
    };
    text.split(',').map(position).collect()
}

fn middle(rings: &[Line]) -> Option<Point<Cgcs2000>> {
    let ring = rings.first()?;
    let first = ring.first()?;
    let (mut west, mut east, mut south, mut north) = (first.lng(), first.lng(), first.lat(), first.lat());
    for p in ring {
        (west, east) = (west.min(p.lng()), east.max(p.lng()));
        (south, north) = (south.min(p.lat()), north.max(p.lat()));
    }
    let centre = Point::new(f64::midpoint(west, east), f64::midpoint(south, north))?;
    let mut inside = false;
    let mut before = ring.last()?;
    for corner in ring {
        let ((ax, ay), (bx, by)) = ((corner.lng(), corner.lat()), (before.lng(), before.lat()));
        if (ay > centre.lat()) != (by > centre.lat())
            && centre.lng() < (bx - ax) * (centre.lat() - ay) / (by - ay) + ax
        {
            inside = !inside;
        }
        before = corner;
    }
    Some(if inside { centre } else { *first })
}

/// Well-known text with seven decimals, one centimetre: what the geocoder keeps.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |line: &[Point<Cgcs2000>], ring: bool| {
            let again = line.first().filter(|_| ring);
            let all = line.iter().chain(again);
            all.map(|p| format!("{} {}", rounded(p.lng()), rounded(p.lat()))).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Point(point) => write!(f, "POINT({})", list(&[*point], false)),
            Self::Lines(lines) => match lines.as_slice() {
                [line] => write!(f, "LINESTRING({})", list(line, false)),
                lines => {
                    let all: Vec<String> = lines.iter().map(|l| format!("({})", list(l, false))).collect();
                    write!(f, "MULTILINESTRING({})", all.join(", "))
                }
            },
            Self::Area { rings, .. } => {
                let all: Vec<String> = rings.iter().map(|r| format!("({})", list(r, true))).collect();
                write!(f, "POLYGON({})", all.join(", "))
            }
        }
    }
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let table = [
            "POINT(119.1 36.7)",
            "LINESTRING(119.1 36.7, 119.2 36.7)",
            "MULTILINESTRING((119.1 36.7, 119.2 36.7), (119.3 36.7, 119.4 36.75))",
            "POLYGON((0 0, 2 0, 2 2, 0 2, 0 0), (0.5 0.5, 1 0.5, 1 1, 0.5 0.5))",
        ];
        for text in table {
            let shape = Shape::from_wkt(text).expect(text);
            assert_eq!(shape.to_string(), text);
            assert_eq!(Shape::from_wkt(&text.to_lowercase()), Ok(shape));
        }
        assert!(Shape::from_wkt("POINT Z (119.1 36.7 12.5)").is_ok());
    }

    #[test]
    fn an_area_stands_in_its_middle_or_on_its_edge() {
        let at = |text: &str| match Shape::from_wkt(text) {
            Ok(Shape::Area { at, .. }) => (at.lng(), at.lat()),
            other => panic!("{other:?}"),
        };
        assert_eq!(at("POLYGON((0 0, 2 0, 2 2, 0 2, 0 0))"), (1.0, 1.0));
        assert_eq!(at("POLYGON((0 0, 2 0, 2 0.2, 0.2 0.2, 0.2 2, 0 2, 0 0))"), (0.0, 0.0));
        assert_eq!(at("MULTIPOLYGON(((0 0, 2 0, 2 2, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"), (1.0, 1.0));
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        let table = [
            ("", BadShape::Kind),
            ("CIRCLE(1 2)", BadShape::Kind),
            ("POINT(1)", BadShape::Unreadable { at: 6 }),
            ("POINT(1 2", BadShape::Unreadable { at: 5 }),
            ("POINT(1 2) x", BadShape::Unreadable { at: 11 }),
            ("POINT(200 2)", BadShape::OutOfRange),
            ("LINESTRING(1 2)", BadShape::TooFew),
            ("POLYGON((0 0, 1 1, 0 0))", BadShape::TooFew),
            ("POLYGON(0 0, 1 1, 0 0)", BadShape::Unreadable { at: 8 }),
        ];
        for (text, why) in table {
            assert_eq!(Shape::from_wkt(text), Err(why), "{text}");
        }
    }
}
