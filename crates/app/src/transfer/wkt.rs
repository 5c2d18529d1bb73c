//! Well-known text in whatever numbers a file uses: degrees, or metres of a projection.

use crate::ports::files::{RawShape, VERTICES_MAX};
use std::fmt::Write;

/// Brackets inside brackets of the deepest shape, a MULTIPOLYGON.
const DEPTH_MAX: usize = 3;

/// Reads POINT, LINESTRING, POLYGON and their MULTI kinds in any case of letters; Z and M are read over, and a
/// leading `SRID=…;` too.
///
/// # Errors
/// A code for the message table.
pub fn parse(text: &str) -> Result<RawShape, &'static str> {
    let text = text.trim();
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.to_ascii_uppercase().starts_with("SRID=") => rest.trim(),
        _ => text,
    };
    let open = text.find('(').ok_or("bad_wkt")?;
    let head = text[..open].trim().to_ascii_uppercase();
    let mut words = head.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let kind = kind.strip_suffix("ZM").or_else(|| kind.strip_suffix(['Z', 'M'])).unwrap_or(kind);
    if words.any(|word| !matches!(word, "Z" | "M" | "ZM")) {
        return Err("bad_wkt");
    }
    let mut reader = Reader { rest: &text[open..], vertices: 0 };
    let node = reader.node(0)?;
    if !reader.rest.trim().is_empty() {
        return Err("bad_wkt");
    }
    match kind {
        "POINT" => match node.vertices()?.as_slice() {
            [point] => Ok(RawShape::Point(*point)),
            _ => Err("bad_wkt"),
        },
        "LINESTRING" => Ok(RawShape::Line(node.vertices()?)),
        "POLYGON" => Ok(RawShape::Polygon(node.lists()?)),
        // Both `(1 2, 3 4)` and `((1 2), (3 4))` are written.
        "MULTIPOINT" => match node {
            Node::Vertices(points) => Ok(RawShape::Points(points)),
            Node::Nodes(_) => Ok(RawShape::Points(node.lists()?.into_iter().flatten().collect())),
        },
        "MULTILINESTRING" => Ok(RawShape::Lines(node.lists()?)),
        "MULTIPOLYGON" => match node {
            Node::Nodes(parts) => {
                Ok(RawShape::Polygons(parts.into_iter().map(Node::lists).collect::<Result<_, _>>()?))
            }
            Node::Vertices(_) => Err("bad_wkt"),
        },
        _ => Err("unknown_geometry"),
    }
}

enum Node {
    Vertices(Vec<[f64; 2]>),
    Nodes(Vec<Node>),
}

impl Node {
    fn vertices(self) -> Result<Vec<[f64; 2]>, &'static str> {
        match self {
            Self::Vertices(points) => Ok(points),
            Self::Nodes(_) => Err("bad_wkt"),
        }
    }

    fn lists(self) -> Result<Vec<Vec<[f64; 2]>>, &'static str> {
        match self {
            Self::Nodes(nodes) => nodes.into_iter().map(Self::vertices).collect(),
            Self::Vertices(_) => Err("bad_wkt"),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    vertices: usize,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node, &'static str> {
        if depth >= DEPTH_MAX || !self.eat('(') {
            return Err("bad_wkt");
        }
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('(') {
            let mut nodes = Vec::new();
            loop {
                nodes.push(self.node(depth + 1)?);
                if self.eat(')') {
                    return Ok(Node::Nodes(nodes));
                }
                if !self.eat(',') {
                    return Err("bad_wkt");
                }
            }
        }
        let end = self.rest.find(')').ok_or("bad_wkt")?;
        let (inside, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        let mut points = Vec::new();
        for pair in inside.split(',') {
            let mut numbers = pair.split_whitespace();
            let mut next = || numbers.next().and_then(|text| text.parse::<f64>().ok());
            let (Some(x), Some(y)) = (next(), next()) else { return Err("bad_wkt") };
            points.push([x, y]);
            self.vertices += 1;
            if self.vertices > VERTICES_MAX {
                return Err("too_many_vertices");
            }
        }
        Ok(Node::Vertices(points))
    }
}

/// How many vertices a shape has.
#[must_use]
pub fn vertices_of(shape: &RawShape) -> usize {
    match shape {
        RawShape::Point(_) => 1,
        RawShape::Line(points) | RawShape::Points(points) => points.len(),
        RawShape::Polygon(lists) | RawShape::Lines(lists) => lists.iter().map(Vec::len).sum(),
        RawShape::Polygons(parts) => parts.iter().flatten().map(Vec::len).sum(),
    }
}

/// The shape as well-known text.
#[must_use]
pub fn write(shape: &RawShape) -> String {
    let mut out = String::new();
    match shape {
        RawShape::Point(point) => {
            out.push_str("POINT");
            vertices(&mut out, std::slice::from_ref(point));
        }
        RawShape::Line(line) => {
            out.push_str("LINESTRING");
            vertices(&mut out, line);
        }
        RawShape::Polygon(rings) => {
            out.push_str("POLYGON");
            lists(&mut out, rings);
        }
        RawShape::Points(points) => {
            out.push_str("MULTIPOINT");
            vertices(&mut out, points);
        }
        RawShape::Lines(lines) => {
            out.push_str("MULTILINESTRING");
            lists(&mut out, lines);
        }
        RawShape::Polygons(parts) => {
            out.push_str("MULTIPOLYGON(");
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                lists(&mut out, part);
            }
            out.push(')');
        }
    }
    out
}

fn lists(out: &mut String, all: &[Vec<[f64; 2]>]) {
    out.push('(');
    for (at, list) in all.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        vertices(out, list);
    }
    out.push(')');
}

fn vertices(out: &mut String, points: &[[f64; 2]]) {
    out.push('(');
    for (at, [x, y]) in points.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        // Writing to a String cannot fail.
        let _ = write!(out, "{x} {y}");
    }
    out.push(')');
}

impl RawShape {
    /// The first vertex, to show it by.
    #[must_use]
    pub fn first(&self) -> Option<[f64; 2]> {
        match self {
            Self::Point(point) => Some(*point),
            Self::Line(points) | Self::Points(points) => points.first().copied(),
            Self::Polygon(rings) | Self::Lines(rings) => rings.first()?.first().copied(),
            Self::Polygons(parts) => parts.first()?.first()?.first().copied(),
        }
    }

    /// The same shape with every vertex turned into another.
    ///
    /// # Errors
    /// The first one `turn` answers.
    pub fn turned<E>(&self, mut turn: impl FnMut([f64; 2]) -> Result<[f64; 2], E>) -> Result<Self, E> {
        let mut list = |points: &[[f64; 2]]| points.iter().map(|p| turn(*p)).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Self::Point(point) => Self::Point(turn(*point)?),
            Self::Line(points) => Self::Line(list(points)?),
            Self::Points(points) => Self::Points(list(points)?),
            Self::Polygon(rings) => Self::Polygon(rings.iter().map(|r| list(r)).collect::<Result<_, E>>()?),
            Self::Lines(lines) => Self::Lines(lines.iter().map(|l| list(l)).collect::<Result<_, E>>()?),
            Self::Polygons(parts) => {
                let mut turned = Vec::with_capacity(parts.len());
                for part in parts {
                    turned.push(part.iter().map(|r| list(r)).collect::<Result<_, E>>()?);
                }
                Self::Polygons(turned)
            }
        })
    }

    /// A MULTI shape of one part as that part; anything else as it is.
    #[must_use]
    pub fn single(self) -> Self {
        match self {
            Self::Points(mut points) if points.len() == 1 => Self::Point(points.swap_remove(0)),
            Self::Lines(mut lines) if lines.len() == 1 => Self::Line(lines.swap_remove(0)),
            Self::Polygons(mut parts) if parts.len() == 1 => Self::Polygon(parts.swap_remove(0)),
            other => other,
        }
    }

    /// `point`, `line`, `polygon` or `multi`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Point(_) => "point",
            Self::Line(_) => "line",
            Self::Polygon(_) => "polygon",
            Self::Points(_) | Self::Lines(_) | Self::Polygons(_) => "multi",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_as_they_are_written() {
        let table = [
            ("POINT(1 2)", "POINT(1 2)"),
            ("point z (1 2 9)", "POINT(1 2)"),
            ("SRID=4490;POINTZ(1 2 9)", "POINT(1 2)"),
            ("LINESTRING (1 2,3 4)", "LINESTRING(1 2, 3 4)"),
            ("MULTIPOINT((1 2),(3 4))", "MULTIPOINT(1 2, 3 4)"),
            ("MultiLineString((1 2,3 4),(5 6,7 8))", "MULTILINESTRING((1 2, 3 4), (5 6, 7 8))"),
            (
                "MULTIPOLYGON(((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1)),((9 9,8 9,8 8,9 9)))",
                "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1)), ((9 9, 8 9, 8 8, 9 9)))",
            ),
        ];
        for (text, expected) in table {
            let shape = parse(text).expect(text);
            assert_eq!(write(&shape), expected);
            assert_eq!(parse(expected), Ok(shape));
        }
        let table = [
            ("", "bad_wkt"),
            ("POINT", "bad_wkt"),
            ("POINT(1)", "bad_wkt"),
            ("POINT(1 2", "bad_wkt"),
            ("POINT(1 2) x", "bad_wkt"),
            ("POINT((1 2))", "bad_wkt"),
            ("POLYGON(1 2, 3 4)", "bad_wkt"),
            ("((((((((((1 2))))))))))", "bad_wkt"),
            ("CIRCLE(1 2)", "unknown_geometry"),
        ];
        for (text, code) in table {
            assert_eq!(parse(text), Err(code), "{text}");
        }
    }

    #[test]
    fn a_multi_shape_of_one_part_is_that_part() {
        let one = parse("MULTIPOLYGON(((0 0,4 0,4 4,0 0)))").expect("a shape").single();
        assert_eq!((one.kind(), one.first()), ("polygon", Some([0.0, 0.0])));
        assert_eq!(parse("MULTIPOINT(1 2, 3 4)").expect("a shape").single().kind(), "multi");
    }
}
