//! Where a component is: a point, a line or a polygon, written as well-known text (WKT).

use crate::catalogue::Geometry;
use crate::text::FieldProblem;
use kernel::{Cgcs2000, Point};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Vertices of one component; the outline of a large park has a few hundred.
pub const VERTICES_MAX: usize = 10_000;
/// Characters of one WKT text: room for the vertices in full precision.
const WKT_MAX: usize = VERTICES_MAX * 48;

/// The geometry of a component (空间表达), CGCS2000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    Point(Point<Cgcs2000>),
    /// Two vertices at least.
    Line(Vec<Point<Cgcs2000>>),
    /// The outer ring and its holes, each closed: the first vertex again at the end.
    Polygon(Vec<Vec<Point<Cgcs2000>>>),
}

impl Place {
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        match self {
            Self::Point(_) => Geometry::Point,
            Self::Line(_) => Geometry::Line,
            Self::Polygon(_) => Geometry::Polygon,
        }
    }

    /// A vertex to show it by: the point, the middle vertex of a line, the first of a polygon.
    #[must_use]
    pub fn anchor(&self) -> Option<Point<Cgcs2000>> {
        match self {
            Self::Point(point) => Some(*point),
            Self::Line(line) => line.get(line.len() / 2).copied(),
            Self::Polygon(rings) => rings.first().and_then(|ring| ring.first()).copied(),
        }
    }

    /// Reads `POINT`, `LINESTRING` or `POLYGON`, in any case of letters. A `Z` value is read over.
    ///
    /// # Errors
    /// A problem of field `place` in both languages.
    pub fn from_wkt(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.len() > WKT_MAX {
            return Err(bad("too_long", "图形数据过长", "the geometry is too long"));
        }
        let open = text.find('(').ok_or_else(|| unreadable("缺少括号", "a bracket is missing"))?;
        let kind = text[..open].trim().to_ascii_uppercase();
        let kind = kind.trim_end_matches(" ZM").trim_end_matches([' ', 'Z', 'M']);
        let body = text[open..].trim();
        match kind {
            "POINT" => {
                let points = ring(inner(body)?)?;
                match points.as_slice() {
                    [point] => Ok(Self::Point(*point)),
                    _ => Err(unreadable("点只能有一个坐标", "a point has one position")),
                }
            }
            "LINESTRING" => {
                let points = ring(inner(body)?)?;
                if points.len() < 2 || points.iter().all(|p| *p == points[0]) {
                    return Err(bad(
                        "too_few_vertices",
                        "线至少要有两个不同的点",
                        "a line needs two different points",
                    ));
                }
                Ok(Self::Line(points))
            }
            "POLYGON" => {
                let mut rings = Vec::new();
                let mut vertices = 0;
                for part in split_rings(inner(body)?)? {
                    let mut points = ring(inner(part)?)?;
                    if points.first() != points.last() {
                        return Err(bad(
                            "ring_open",
                            "多边形没有闭合",
                            "a ring of the polygon is not closed",
                        ));
                    }
                    points.dedup();
                    vertices += points.len();
                    if points.len() < 4 {
                        return Err(bad(
                            "too_few_vertices",
                            "多边形至少要有三个不同的点",
                            "a polygon needs three different points",
                        ));
                    }
                    rings.push(points);
                }
                if vertices > VERTICES_MAX {
                    return Err(too_many());
                }
                Ok(Self::Polygon(rings))
            }
            _ => Err(unreadable(
                "只支持 POINT、LINESTRING、POLYGON",
                "POINT, LINESTRING or POLYGON is expected",
            )),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |points: &[Point<Cgcs2000>]| {
            points.iter().map(|p| format!("{} {}", p.lng(), p.lat())).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Point(point) => write!(f, "POINT({})", list(&[*point])),
            Self::Line(line) => write!(f, "LINESTRING({})", list(line)),
            Self::Polygon(rings) => {
                let rings: Vec<String> = rings.iter().map(|ring| format!("({})", list(ring))).collect();
                write!(f, "POLYGON({})", rings.join(", "))
            }
        }
    }
}

impl TryFrom<String> for Place {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::from_wkt(&text).map_err(|problem| problem.to_string())
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

fn bad(code: &'static str, zh: &str, en: &str) -> FieldProblem {
    FieldProblem::new("place", code, zh, en)
}

fn unreadable(zh: &str, en: &str) -> FieldProblem {
    bad("unreadable", &format!("图形数据无法识别：{zh}"), &format!("the geometry cannot be read: {en}"))
}

fn too_many() -> FieldProblem {
    bad(
        "too_many_vertices",
        &format!("图形最多 {VERTICES_MAX} 个点"),
        &format!("a geometry has at most {VERTICES_MAX} vertices"),
    )
}

fn inner(text: &str) -> Result<&str, FieldProblem> {
    text.trim()
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(|| unreadable("括号不成对", "the brackets do not match"))
}

/// The bracketed parts of `(…), (…)`.
fn split_rings(text: &str) -> Result<Vec<&str>, FieldProblem> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(')').ok_or_else(|| unreadable("括号不成对", "the brackets do not match"))?;
        parts.push(&rest[..=end]);
        rest = rest[end + 1..].trim_start().trim_start_matches(',').trim_start();
    }
    Ok(parts)
}

fn ring(text: &str) -> Result<Vec<Point<Cgcs2000>>, FieldProblem> {
    let mut points = Vec::new();
    for pair in text.split(',') {
        let mut numbers = pair.split_whitespace().map(str::parse::<f64>);
        let (Some(Ok(lng)), Some(Ok(lat))) = (numbers.next(), numbers.next()) else {
            return Err(unreadable("坐标不是数字", "a coordinate is not a number"));
        };
        let point = Point::new(lng, lat).ok_or_else(|| {
            bad("out_of_range", "坐标超出经纬度范围", "a coordinate is outside the range of degrees")
        })?;
        points.push(point);
        if points.len() > VERTICES_MAX {
            return Err(too_many());
        }
    }
    Ok(points)
}
