//! A part of the map somebody asks about: a box, a polygon, or everything; and the things in it.

use crate::error::AppError;
use crate::ground::Map;
use city::component::Place;
use city::grid::Bounds;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use spatial::outline::Outline;
use spatial::points::shape::Shape;
use spatial::points::{Filter, Traits};
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Vertices of a polygon drawn by hand; a question in an address has no room for more.
const VERTICES_MAX: usize = 1_000;

/// A part of the map.
#[derive(Debug, Clone, Default)]
pub enum Section {
    #[default]
    Everywhere,
    /// One box, or two on both sides of the date line.
    Boxes(Vec<Bounds>),
    Polygon(Arc<Outline>),
}

impl Section {
    /// Reads `west,south,east,north` in degrees (or six numbers with heights, which count for nothing), or a
    /// POLYGON in well-known text.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming `bbox` or `within`.
    pub fn read(bbox: Option<&str>, within: Option<&str>) -> Result<Self, AppError> {
        match (bbox, within) {
            (Some(_), Some(_)) => Err(AppError::invalid("within", "bbox_or_within")),
            (Some(text), None) => Self::of_box(text),
            (None, Some(text)) => Self::of_polygon(text),
            (None, None) => Ok(Self::Everywhere),
        }
    }

    fn of_box(text: &str) -> Result<Self, AppError> {
        let bad = || AppError::invalid("bbox", "not_a_box");
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse::<f64>().ok().filter(|n| n.is_finite()))
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        let [west, south, east, north] = match numbers[..] {
            [west, south, east, north] | [west, south, _, east, north, _] => [west, south, east, north],
            _ => return Err(bad()),
        };
        let on_earth =
            west.abs() <= 180.0 && east.abs() <= 180.0 && south.abs() <= 90.0 && north.abs() <= 90.0;
        if !on_earth || south > north {
            return Err(bad());
        }
        let one = |west, east| Bounds { west, south, east, north };
        Ok(Self::Boxes(if west <= east {
            vec![one(west, east)]
        } else {
            vec![one(west, 180.0), one(-180.0, east)]
        }))
    }

    fn of_polygon(text: &str) -> Result<Self, AppError> {
        let bad = || AppError::invalid("within", "not_a_polygon");
        let Ok(Place::Polygon(rings)) = Place::from_wkt(text) else { return Err(bad()) };
        if rings.iter().map(Vec::len).sum::<usize>() > VERTICES_MAX {
            return Err(AppError::invalid("within", "too_long"));
        }
        let mut lines = rings
            .iter()
            .map(|ring| ring.iter().map(|p| Coord { x: p.lng(), y: p.lat() }).collect::<LineString<f64>>());
        let outer = lines.next().ok_or_else(bad)?;
        let shape = MultiPolygon(vec![Polygon::new(outer, lines.collect())]);
        Ok(Self::Polygon(Arc::new(Outline::new(&shape).map_err(|_| bad())?)))
    }

    /// True for a place inside.
    #[must_use]
    pub fn holds(&self, lng: f64, lat: f64) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Boxes(boxes) => {
                boxes.iter().any(|b| lng >= b.west && lng <= b.east && lat >= b.south && lat <= b.north)
            }
            Self::Polygon(outline) => outline.holds(lng, lat),
        }
    }

    /// Boxes around it; `None` when it is everywhere.
    #[must_use]
    pub fn boxes(&self) -> Option<Vec<Bounds>> {
        match self {
            Self::Everywhere => None,
            Self::Boxes(boxes) => Some(boxes.clone()),
            Self::Polygon(outline) => Some(vec![outline.bounds()]),
        }
    }

    /// Whether a line or polygon counts as inside: its box meets a box, its anchor lies in a polygon.
    fn takes(&self, shape: &Shape) -> bool {
        match self {
            Self::Everywhere | Self::Boxes(_) => true,
            Self::Polygon(outline) => shape.anchor().is_some_and(|at| outline.holds(at.lng(), at.lat())),
        }
    }

    /// Calls `visit` with every thing inside that the filter admits, in no order, each once.
    pub(crate) fn each_thing(&self, map: &Map, filter: &Filter, mut visit: impl FnMut(u64, &Traits)) {
        let things = &map.things;
        let Some(boxes) = self.boxes() else {
            let points = things.iter().filter(|thing| filter.admits(thing.id, &thing.traits));
            points.for_each(|thing| visit(thing.id, &thing.traits));
            let shapes = things.iter_shapes().filter(|shape| filter.admits(shape.id, &shape.traits));
            return shapes.for_each(|shape| visit(shape.id, &shape.traits));
        };
        match self {
            Self::Polygon(outline) => {
                things.within(outline, filter).for_each(|thing| visit(thing.id, &thing.traits));
            }
            _ => boxes
                .iter()
                .flat_map(|bounds| things.in_box(bounds, filter))
                .for_each(|thing| visit(thing.id, &thing.traits)),
        }
        // A shape across the date line would stand in both boxes.
        let mut seen = Vec::new();
        for shape in boxes.iter().flat_map(|bounds| things.shapes_in_box(bounds, filter)) {
            if self.takes(shape) && !seen.contains(&shape.id) {
                visit(shape.id, &shape.traits);
                if boxes.len() > 1 {
                    seen.push(shape.id);
                }
            }
        }
    }

    /// The smallest serials above `after`, at most `limit` in order, and how many things there are in all.
    pub(crate) fn serials(&self, map: &Map, filter: &Filter, after: u64, limit: usize) -> (Vec<u64>, u64) {
        let mut total = 0;
        let mut smallest: BinaryHeap<u64> = BinaryHeap::with_capacity(limit + 1);
        self.each_thing(map, filter, |serial, _| {
            total += 1;
            if serial <= after
                || smallest.peek().is_some_and(|most| smallest.len() >= limit && serial > *most)
            {
                return;
            }
            smallest.push(serial);
            if smallest.len() > limit {
                smallest.pop();
            }
        });
        (smallest.into_sorted_vec(), total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_polygons_are_read_and_bad_ones_named() {
        let good = ["1,2,3,4", " 1.5, -2 ,3,4", "1,2,0,3,4,9", "170,-5,-170,5", "0,0,0,0"];
        for text in good {
            assert!(Section::read(Some(text), None).is_ok(), "{text}");
        }
        for text in ["", "1,2,3", "1,2,3,x", "1,5,3,4", "1,2,3,4,5", "-181,0,0,1", "NaN,0,1,1"] {
            assert!(Section::read(Some(text), None).is_err(), "{text}");
        }
        assert!(Section::read(None, Some("POLYGON((0 0,1 0,1 1,0 0))")).is_ok());
        for text in ["POINT(1 1)", "POLYGON((0 0,1 0,0 0))", "x", "POLYGON((0 0,1 1,2 2,0 0))"] {
            assert!(Section::read(None, Some(text)).is_err(), "{text}");
        }
        assert!(Section::read(Some("1,2,3,4"), Some("POLYGON((0 0,1 0,1 1,0 0))")).is_err());
    }

    #[test]
    fn a_box_across_the_date_line_holds_both_sides() {
        let section = Section::read(Some("170,-5,-170,5"), None).expect("good");
        assert!(section.holds(175.0, 0.0) && section.holds(-175.0, 0.0) && section.holds(180.0, 5.0));
        assert!(!section.holds(0.0, 0.0) && !section.holds(175.0, 6.0));
    }
}
