//! Questions to the things: near, in a box, in a polygon, along a road, counts.

use super::shape::{Geometry, Shape};
use super::{ClassPlace, ClassSet, Entry, LEAF_ZOOM, Leaf, Mixed, Thing, Things, Traits};
use crate::mercator::{self, Square, TileId, TileRange, ZOOM_MAX};
use crate::outline::{Outline, Plane, bounds_of, meet, widen};
use crate::raster::{Cell, Raster};
use crate::tile::CLUSTER_UNITS;
use city::grid::Bounds;
use geo::LineString;
use kernel::{Cgcs2000, Point};
use std::cmp::Ordering;
use std::fmt;

/// Candidates from which on a raster of the polygon pays for itself.
const RASTER_FROM: usize = 4096;
const PLANE_METRES: f64 = 20_000.0;

/// Whether somebody may see a thing: its serial and what is known of it.
pub type Only<'a> = &'a (dyn Fn(u64, &Traits) -> bool + Sync);

/// Which things somebody asks for, or may see. The default admits all.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    pub classes: Option<&'a ClassSet>,
    /// Bit n of the four words is state n.
    pub states: Option<&'a [u64; 4]>,
    /// At least one of these bits must be among the facets of a thing; 0 asks for none.
    pub facets: u64,
    /// What no set can say, such as rights by unit grid.
    pub only: Option<Only<'a>>,
}

impl fmt::Debug for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("classes", &self.classes)
            .field("states", &self.states)
            .field("facets", &self.facets)
            .field("only", &self.only.is_some())
            .finish()
    }
}

impl Filter<'_> {
    #[inline]
    #[must_use]
    pub fn admits(&self, id: u64, traits: &Traits) -> bool {
        self.admits_state(traits.state)
            && self.classes.is_none_or(|classes| classes.contains(traits.class))
            && (self.facets == 0 || self.facets & traits.facets != 0)
            && self.only.is_none_or(|only| only(id, traits))
    }

    #[inline]
    pub(crate) fn admits_state(&self, state: u8) -> bool {
        self.states.is_none_or(|states| states[usize::from(state / 64)] >> (state % 64) & 1 == 1)
    }

    #[inline]
    pub(crate) fn admits_entry(&self, entry: &Entry) -> bool {
        self.admits(entry.id, &entry.traits())
    }
}

/// A thing beside a road.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    pub thing: Thing,
    /// Metres from the beginning of the road to the place nearest to the thing.
    pub along: f64,
    /// Metres from the road.
    pub aside: f64,
}

impl Things {
    /// The `count` nearest points within `metres`, nearest first; of equally near ones, the smaller id.
    #[must_use]
    pub fn nearest(
        &self,
        point: Point<Cgcs2000>,
        metres: f64,
        count: usize,
        filter: &Filter,
    ) -> Vec<(Thing, f64)> {
        if count == 0 || self.leaves.is_empty() {
            return Vec::new();
        }
        let spot = bounds_of([point.lng(), point.lat()], [point.lng(), point.lat()]);
        let widest = widen(&spot, metres);
        let mut found = Found { count, metres, plane: Plane::at(point), point, best: Vec::new() };
        // Rings of cells around the point: what a ring cannot hold lies beyond its cells.
        let cells = mercator::side(LEAF_ZOOM);
        let coldest = widest.north.abs().max(widest.south.abs()).min(89.0).to_radians().cos();
        let cell_metres = 2.0 * std::f64::consts::PI * 6_371_008.8 * coldest / cells;
        let (x, y) = mercator::project(point.lng(), point.lat());
        let (cx, cy) = mercator::cell(x, y, LEAF_ZOOM);
        let (px, py) = (x * cells, y * cells);
        let mut seen = 0;
        for ring in 0_u32.. {
            let beyond = f64::from(ring.saturating_sub(1)) * cell_metres;
            if beyond > found.reach() {
                break;
            }
            if seen > self.leaves.len() {
                // Few things over a wide land: going through all cells is quicker than through empty rings.
                found.best.clear();
                self.leaves_in(&Square::of(&widest)).for_each(|leaf| found.look(leaf, filter));
                break;
            }
            for (x, y) in ring_cells(cx, cy, ring) {
                seen += 1;
                let far = gap(px, x).hypot(gap(py, y)) * cell_metres;
                if far > found.reach() {
                    continue;
                }
                if let Some(leaf) = self.leaf(x, y) {
                    found.look(leaf, filter);
                }
            }
        }
        found.best.into_iter().map(|(far, thing)| (thing, far)).collect()
    }

    /// Points in a box, its edges included.
    pub fn in_box<'a>(&'a self, bounds: &Bounds, filter: &'a Filter) -> impl Iterator<Item = Thing> + 'a {
        self.entries_in(*bounds, filter).map(Entry::thing)
    }

    fn entries_in<'a>(&'a self, bounds: Bounds, filter: &'a Filter) -> impl Iterator<Item = &'a Entry> + 'a {
        let e7 = |degrees: f64| degrees * 1e7;
        let (west, east) = (e7(bounds.west) - 0.5, e7(bounds.east) + 0.5);
        let (south, north) = (e7(bounds.south) - 0.5, e7(bounds.north) + 0.5);
        // Positions are rounded, so an edge may lie half a step inside the next cell.
        let wide = Bounds { west: west / 1e7, south: south / 1e7, east: east / 1e7, north: north / 1e7 };
        self.leaves_in(&Square::of(&wide)).flat_map(|leaf| &leaf.entries).filter(move |entry| {
            let (lng, lat) = (f64::from(entry.position.lng_e7), f64::from(entry.position.lat_e7));
            lng >= west && lng <= east && lat >= south && lat <= north && filter.admits_entry(entry)
        })
    }

    /// Points inside a polygon.
    pub fn within<'a>(&'a self, area: &'a Outline, filter: &'a Filter) -> impl Iterator<Item = Thing> + 'a {
        self.entries_within(area, filter).map(Entry::thing)
    }

    fn entries_within<'a>(
        &'a self,
        area: &'a Outline,
        filter: &'a Filter,
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        let bounds = area.bounds();
        let candidates: usize = self.leaves_in(&Square::of(&bounds)).map(|leaf| leaf.entries.len()).sum();
        let raster = (candidates > RASTER_FROM).then(|| Raster::new(std::iter::once((0, area))));
        self.entries_in(bounds, filter).filter(move |entry| {
            let (lng, lat) = (entry.position.lng(), entry.position.lat());
            match raster.as_ref().map(|raster| raster.at(lng, lat)) {
                Some(Cell::Nothing) => false,
                Some(Cell::Whole(_)) => true,
                Some(Cell::Some(_)) | None => area.holds(lng, lat),
            }
        })
    }

    /// Points within `metres` of a road, in order of the distance along it, then of id. A point near two
    /// stretches counts at the nearer.
    #[must_use]
    pub fn along(&self, road: &LineString<f64>, metres: f64, filter: &Filter) -> Vec<Beside> {
        let mut found: Mixed<Beside> = Mixed::default();
        let mut before = 0.0;
        for segment in road.lines() {
            let (a, b) = ([segment.start.x, segment.start.y], [segment.end.x, segment.end.y]);
            let start: Option<Point<Cgcs2000>> = Point::new(a[0], a[1]);
            let Some((start, end)) = start.zip(Point::new(b[0], b[1])) else { continue };
            let length = start.metres_to(&end);
            let area = Square::of(&widen(&bounds_of(a, b), metres));
            for entry in self.leaves_in(&area).flat_map(|leaf| &leaf.entries) {
                let Some(point) = entry.position.point() else { continue };
                let (square, along) = Plane::at(point).to_segment(a, b);
                if square.sqrt() > metres || !filter.admits_entry(entry) {
                    continue;
                }
                let beside =
                    Beside { thing: entry.thing(), along: before + along * length, aside: square.sqrt() };
                let kept = found.entry(entry.id).or_insert(beside);
                if beside.aside < kept.aside {
                    *kept = beside;
                }
            }
            before += length;
        }
        let mut found: Vec<Beside> = found.into_values().collect();
        found.sort_unstable_by(|a, b| a.along.total_cmp(&b.along).then(a.thing.id.cmp(&b.thing.id)));
        found
    }

    /// Points whose place lies on a tile, without its buffer.
    pub fn on_tile<'a>(&'a self, tile: TileId, filter: &'a Filter) -> impl Iterator<Item = Thing> + 'a {
        self.leaves_in(&tile.square(0.0))
            .flat_map(|leaf| &leaf.entries)
            .filter(move |entry| {
                mercator::cell(entry.x(), entry.y, tile.z()) == (tile.x(), tile.y())
                    && filter.admits_entry(entry)
            })
            .map(Entry::thing)
    }

    /// Lines and polygons whose boxes meet the bounds, in order of id.
    pub fn shapes_in_box<'a, 'f>(
        &'a self,
        bounds: &Bounds,
        filter: &'f Filter<'f>,
    ) -> impl Iterator<Item = &'a Shape> + use<'a, 'f> {
        let bounds = *bounds;
        self.shapes.in_square(&Square::of(&bounds)).into_iter().filter(move |shape| {
            meet(&shape.bounds(), &bounds, 0.0) && filter.admits(shape.id, &shape.traits)
        })
    }

    /// Lines and polygons within `metres`, nearest first; 0 inside a polygon.
    #[must_use]
    pub fn shapes_near<'a>(
        &'a self,
        point: Point<Cgcs2000>,
        metres: f64,
        filter: &Filter,
    ) -> Vec<(&'a Shape, f64)> {
        let spot = bounds_of([point.lng(), point.lat()], [point.lng(), point.lat()]);
        let plane = Plane::at(point);
        let mut found: Vec<(&'a Shape, f64)> = self
            .shapes_in_box(&widen(&spot, metres), filter)
            .map(|shape| (shape, metres_to_shape(shape, point, &plane)))
            .filter(|(_, far)| *far <= metres)
            .collect();
        found.sort_by(|(a, a_far), (b, b_far)| a_far.total_cmp(b_far).then(a.id.cmp(&b.id)));
        found
    }

    /// Points of each class in a box; classes without any are left out.
    #[must_use]
    pub fn counts_in_box(&self, bounds: &Bounds, filter: &Filter) -> Vec<(ClassPlace, u32)> {
        self.counted(self.entries_in(*bounds, filter))
    }

    /// Points of each class inside a polygon; classes without any are left out.
    #[must_use]
    pub fn counts_within(&self, area: &Outline, filter: &Filter) -> Vec<(ClassPlace, u32)> {
        self.counted(self.entries_within(area, filter))
    }

    fn counted<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Vec<(ClassPlace, u32)> {
        let mut counts = vec![0_u32; self.classes.len()];
        for entry in entries {
            if let Some(count) = counts.get_mut(usize::from(entry.class.0)) {
                *count += 1;
            }
        }
        (0..).map(ClassPlace).zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// Tiles that a change touches, by zoom: ranges rather than lists, because a long line touches many.
    /// `buffer` is that of the layer.
    #[must_use]
    pub fn changed_tiles(
        old: Option<&Bounds>,
        new: Option<&Bounds>,
        zooms: std::ops::RangeInclusive<u8>,
        buffer: u16,
    ) -> Vec<TileRange> {
        let mut ranges = Vec::new();
        // A cluster may stand anywhere in its cell, and its cell in the buffer of the next tile.
        let wide = buffer.saturating_add(CLUSTER_UNITS);
        for z in *zooms.start()..=(*zooms.end()).min(ZOOM_MAX) {
            for bounds in [old, new].into_iter().flatten() {
                let range = TileRange::touching(bounds, z, wide);
                if !ranges.contains(&range) {
                    ranges.push(range);
                }
            }
        }
        ranges
    }
}

fn metres_to_shape(shape: &Shape, point: Point<Cgcs2000>, plane: &Plane) -> f64 {
    match shape.geometry() {
        Geometry::Area(outline) => outline.metres_to(point),
        Geometry::Lines(lines) => lines
            .iter()
            .flat_map(LineString::lines)
            .map(|line| plane.to_segment([line.start.x, line.start.y], [line.end.x, line.end.y]).0)
            .min_by(f64::total_cmp)
            .map_or(f64::INFINITY, f64::sqrt),
    }
}

/// The best so far, nearest first.
struct Found {
    count: usize,
    metres: f64,
    point: Point<Cgcs2000>,
    plane: Plane,
    best: Vec<(f64, Thing)>,
}

impl Found {
    /// What lies farther away is of no interest.
    fn reach(&self) -> f64 {
        if self.best.len() < self.count {
            return self.metres;
        }
        self.best.last().map_or(self.metres, |(far, _)| *far)
    }

    fn look(&mut self, leaf: &Leaf, filter: &Filter) {
        for entry in &leaf.entries {
            let (x, y) = self.plane.metres(entry.position.lng(), entry.position.lat());
            let reach = self.reach();
            // The plane is good to a percent for tens of kilometres; the sphere decides.
            let far_off = reach < PLANE_METRES && x.hypot(y) > reach * 1.05 + 1.0;
            if far_off || !filter.admits_entry(entry) {
                continue;
            }
            let far = entry.position.point().map_or(f64::INFINITY, |p| self.point.metres_to(&p));
            if far > reach {
                continue;
            }
            let order = |(other, thing): &(f64, Thing)| match other.total_cmp(&far) {
                Ordering::Equal => thing.id < entry.id,
                order => order == Ordering::Less,
            };
            let place = self.best.partition_point(order);
            self.best.insert(place, (far, entry.thing()));
            self.best.truncate(self.count);
        }
    }
}

/// How far a place is from a cell along one side, in cells.
fn gap(place: f64, cell: u32) -> f64 {
    let cell = f64::from(cell);
    (cell - place).max(place - cell - 1.0).max(0.0)
}

/// Cells at a distance of `ring` cells, inside the world.
fn ring_cells(cx: u32, cy: u32, ring: u32) -> impl Iterator<Item = (u32, u32)> {
    let (cx, cy, r) = (i64::from(cx), i64::from(cy), i64::from(ring));
    let level = (-r..=r).flat_map(move |dx| [(dx, -r), (dx, r)]);
    let upright = (1 - r..r).flat_map(move |dy| [(-r, dy), (r, dy)]);
    let last = (1_u32 << LEAF_ZOOM) - 1;
    level
        .chain(upright)
        // The ring of 0 is one cell, told twice.
        .take(if ring == 0 { 1 } else { usize::MAX })
        .filter_map(move |(dx, dy)| {
            let (x, y) = (u32::try_from(cx + dx).ok()?, u32::try_from(cy + dy).ok()?);
            (x <= last && y <= last).then_some((x, y))
        })
}
