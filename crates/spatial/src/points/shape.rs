//! Things that are lines or polygons: roads, pipes, green spaces. Found by their boxes.
//!
//! Each stands in one cell: that of its north-western corner, at the zoom whose cells are just as large as its
//! box. So it reaches at most into the next cell, and a search looks one cell further west and north.

use super::{Mixed, Traits, key};
use crate::mercator::{self, Square};
use crate::outline::{Outline, bounds_of, meet, union};
use city::grid::Bounds;
use geo::{LineString, MultiLineString};
use kernel::{Cgcs2000, Point};

/// The finest zoom of the cells.
const FINEST: u8 = 17;

/// What a thing looks like when it is more than a point.
#[derive(Debug, Clone)]
pub enum Geometry {
    Lines(MultiLineString<f64>),
    Area(Outline),
}

impl Geometry {
    /// `None` for a line that has no two vertices or a vertex that is not on the earth.
    #[must_use]
    pub fn lines(lines: MultiLineString<f64>) -> Option<Self> {
        let on_earth = |line: &LineString<f64>| {
            line.0.len() >= 2
                && line
                    .coords()
                    .all(|c| c.x.is_finite() && c.y.is_finite() && c.x.abs() <= 180.0 && c.y.abs() <= 90.0)
        };
        (!lines.0.is_empty() && lines.iter().all(on_earth)).then_some(Self::Lines(lines))
    }

    fn bounds(&self) -> Bounds {
        match self {
            Self::Area(outline) => outline.bounds(),
            Self::Lines(lines) => lines
                .iter()
                .flat_map(|line| line.coords())
                .map(|c| bounds_of([c.x, c.y], [c.x, c.y]))
                .reduce(|a, b| union(&a, &b))
                .unwrap_or(Bounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 }),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Area(outline) => outline.bytes(),
            Self::Lines(lines) => lines.iter().map(|line| line.0.capacity() * 16 + 24).sum(),
        }
    }
}

/// A registered line or polygon.
#[derive(Debug, Clone)]
pub struct Shape {
    pub id: u64,
    pub traits: Traits,
    geometry: Geometry,
    bounds: Bounds,
}

impl Shape {
    #[must_use]
    pub fn new(id: u64, traits: Traits, geometry: Geometry) -> Self {
        let bounds = geometry.bounds();
        Self { id, traits, geometry, bounds }
    }

    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// A vertex to locate it by: the middle one of its first line, the first of a polygon.
    #[must_use]
    pub fn anchor(&self) -> Option<Point<Cgcs2000>> {
        match &self.geometry {
            Geometry::Lines(lines) => {
                let line = lines.0.first()?;
                let vertex = line.0.get(line.0.len() / 2)?;
                Point::new(vertex.x, vertex.y)
            }
            Geometry::Area(outline) => {
                let (ring, _) = outline.rings().next()?;
                let [lng, lat] = *ring.first()?;
                Point::new(lng, lat)
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes {
    slots: Vec<Option<Shape>>,
    free: Vec<u32>,
    places: Mixed<u32>,
    levels: [Mixed<Cell>; FINEST as usize + 1],
}

/// It stays when its last shape leaves, because its version must never go back.
#[derive(Debug, Clone, Default)]
struct Cell {
    version: u64,
    shapes: Vec<u32>,
}

/// The level and cell of a shape.
fn home(bounds: &Bounds) -> (u8, u64) {
    let square = Square::of(bounds);
    let size = (square.east - square.west).max(square.south - square.north);
    let level = (0..=FINEST).rev().find(|level| size <= 1.0 / mercator::side(*level)).unwrap_or_default();
    let (x, y) = mercator::cell(square.west, square.north, level);
    (level, key(x, y))
}

impl Shapes {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn get(&self, id: u64) -> Option<&Shape> {
        self.slots[*self.places.get(&id)? as usize].as_ref()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Shape> {
        self.slots.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Shape> {
        self.slots.iter_mut().flatten()
    }

    pub fn all_changed(&mut self, version: u64) {
        self.levels.iter_mut().flat_map(Mixed::values_mut).for_each(|cell| cell.version = version);
    }

    /// The id must be new.
    pub fn insert(&mut self, shape: Shape, version: u64) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let (level, cell) = home(&shape.bounds);
        let cell = self.levels[usize::from(level)].entry(cell).or_default();
        cell.version = version;
        cell.shapes.push(place);
        self.places.insert(shape.id, place);
        self.slots[place as usize] = Some(shape);
    }

    pub fn remove(&mut self, id: u64, version: u64) -> Option<Shape> {
        let place = self.places.remove(&id)?;
        let shape = self.slots[place as usize].take()?;
        let (level, cell) = home(&shape.bounds);
        if let Some(cell) = self.levels[usize::from(level)].get_mut(&cell) {
            cell.version = version;
            cell.shapes.retain(|other| *other != place);
        }
        self.free.push(place);
        Some(shape)
    }

    /// Shapes whose boxes meet the square, in order of id.
    pub fn in_square<'a>(&'a self, square: &Square) -> Vec<&'a Shape> {
        let bounds = square.bounds();
        let mut found: Vec<&Shape> = self
            .cells_in(square)
            .flat_map(|cell| cell.shapes.iter())
            .filter_map(|&place| self.slots[place as usize].as_ref())
            .filter(|shape| meet(&shape.bounds, &bounds, 0.0))
            .collect();
        found.sort_unstable_by_key(|shape| shape.id);
        found
    }

    pub fn version_in(&self, square: &Square) -> u64 {
        self.cells_in(square).map(|cell| cell.version).max().unwrap_or_default()
    }

    fn cells_in<'a>(&'a self, square: &Square) -> impl Iterator<Item = &'a Cell> + use<'a> {
        let square = *square;
        (0_u8..).zip(&self.levels).filter(|(_, cells)| !cells.is_empty()).flat_map(move |(level, cells)| {
            let (columns, rows) = square.cells(level);
            let (x0, x1) = (columns.start().saturating_sub(1), *columns.end());
            let (y0, y1) = (rows.start().saturating_sub(1), *rows.end());
            let count = (u64::from(x1 - x0) + 1) * (u64::from(y1 - y0) + 1);
            let (all, some) = if count > cells.len() as u64 {
                let within = move |key: &u64| {
                    let (x, y) = (*key >> 32, *key & u64::from(u32::MAX));
                    (u64::from(x0)..=u64::from(x1)).contains(&x)
                        && (u64::from(y0)..=u64::from(y1)).contains(&y)
                };
                (Some(cells.iter().filter(move |(key, _)| within(key)).map(|(_, cell)| cell)), None)
            } else {
                let some = (y0..=y1).flat_map(move |y| (x0..=x1).map(move |x| key(x, y)));
                (None, Some(some.filter_map(move |key| cells.get(&key))))
            };
            all.into_iter().flatten().chain(some.into_iter().flatten())
        })
    }

    pub fn bytes(&self) -> usize {
        let cells: usize =
            self.levels.iter().flat_map(Mixed::values).map(|c| c.shapes.capacity() * 4 + 48).sum();
        let shapes: usize = self.iter().map(|shape| shape.geometry.bytes()).sum();
        cells + shapes + self.slots.capacity() * size_of::<Option<Shape>>() + self.places.capacity() * 16
    }
}
