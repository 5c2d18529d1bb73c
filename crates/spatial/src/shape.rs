//! Polygons on a fixed grid of 1e-7 degree (about a centimetre). Neighbours share their vertices exactly, so
//! that "no gap, no overlap" is a statement about integers and not about rounding.

use kernel::{Cgcs2000, Point};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Steps of the fixed grid in one degree.
pub const STEPS_PER_DEGREE: f64 = 1e7;

/// A position on the fixed grid, CGCS2000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vertex {
    /// Longitude in 1e-7 degree.
    pub x: i32,
    /// Latitude in 1e-7 degree.
    pub y: i32,
}

impl Vertex {
    /// The nearest position of the fixed grid; `None` when the numbers are no place on the earth.
    #[must_use]
    pub fn from_degrees(lng: f64, lat: f64) -> Option<Self> {
        Point::<Cgcs2000>::new(lng, lat).map(Self::of)
    }

    #[must_use]
    pub fn of(point: Point<Cgcs2000>) -> Self {
        Self { x: to_steps(point.lng() * STEPS_PER_DEGREE), y: to_steps(point.lat() * STEPS_PER_DEGREE) }
    }

    #[must_use]
    pub fn lng(self) -> f64 {
        f64::from(self.x) / STEPS_PER_DEGREE
    }

    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.y) / STEPS_PER_DEGREE
    }

    /// The position in degrees; `None` only for a vertex made by hand off the earth.
    #[must_use]
    pub fn point(self) -> Option<Point<Cgcs2000>> {
        Point::new(self.lng(), self.lat())
    }

    /// Metres to another vertex, flat at their own latitude; good within a city.
    #[must_use]
    pub fn metres_to(self, other: Self) -> f64 {
        let scale = Scale::at(f64::midpoint(f64::from(self.y), f64::from(other.y)));
        let (dx, dy) = (f64::from(other.x) - f64::from(self.x), f64::from(other.y) - f64::from(self.y));
        (square(dx * scale.x) + square(dy * scale.y)).sqrt()
    }
}

/// Rounds to a step. Saturates at the range of `i32`, which is wider than the earth.
#[allow(clippy::cast_possible_truncation)] // saturation is what is wanted
pub(crate) fn to_steps(value: f64) -> i32 {
    value.round() as i32
}

/// Metres in one step, east and north, at a latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub x: f64,
    pub y: f64,
}

impl Scale {
    /// `y` is a latitude in steps. Series of the WGS-84 ellipsoid, good to a millimetre in a kilometre. The
    /// cosine is summed here, because the one of the system may differ in the last digit between machines and
    /// a drawn city must not.
    #[must_use]
    pub fn at(y: f64) -> Self {
        let phi = (y / STEPS_PER_DEGREE).to_radians();
        let c1 = cosine(phi);
        let c2 = 2.0 * c1 * c1 - 1.0;
        let c3 = 4.0 * c1 * c1 * c1 - 3.0 * c1;
        let c4 = 2.0 * c2 * c2 - 1.0;
        Self {
            x: (111_412.84 * c1 - 93.5 * c3) / STEPS_PER_DEGREE,
            y: (111_132.954 - 559.822 * c2 + 1.175 * c4) / STEPS_PER_DEGREE,
        }
    }
}

/// Cosine by its series, the same on every machine; good to 1e-11 between -π and π.
pub(crate) fn cosine(phi: f64) -> f64 {
    let squared = phi * phi;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 0.0);
    for _ in 0..12 {
        term *= -squared / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum
}

/// A product, the same on every machine; `powi` does not promise that.
pub(crate) fn square(x: f64) -> f64 {
    x * x
}

/// Twice the signed area of the triangle `a b c`: positive when it turns left. Exact.
pub(crate) fn cross(a: Vertex, b: Vertex, c: Vertex) -> i128 {
    let d = |p: i32, q: i32| i128::from(p) - i128::from(q);
    d(b.x, a.x) * d(c.y, a.y) - d(b.y, a.y) * d(c.x, a.x)
}

/// A rectangle of the fixed grid, its edges included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub west: i32,
    pub south: i32,
    pub east: i32,
    pub north: i32,
}

impl Extent {
    /// `None` for no vertices.
    pub fn of(vertices: impl IntoIterator<Item = Vertex>) -> Option<Self> {
        vertices
            .into_iter()
            .map(|v| Self { west: v.x, south: v.y, east: v.x, north: v.y })
            .reduce(|a, b| a.union(&b))
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    #[must_use]
    pub const fn meets(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }

    #[must_use]
    pub const fn holds(&self, v: Vertex) -> bool {
        v.x >= self.west && v.x <= self.east && v.y >= self.south && v.y <= self.north
    }
}

/// A closed ring; the first vertex is not repeated at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ring(pub Vec<Vertex>);

impl Ring {
    /// Each edge with its two ends.
    pub fn edges(&self) -> impl Iterator<Item = (Vertex, Vertex)> + '_ {
        let next = self.0.iter().copied().cycle().skip(1);
        self.0.iter().copied().zip(next)
    }

    /// Twice the signed area in square steps: positive when counter-clockwise. Exact.
    #[must_use]
    pub fn area2(&self) -> i128 {
        let Some(first) = self.0.first().copied() else { return 0 };
        self.0.windows(2).map(|pair| cross(first, pair[0], pair[1])).sum()
    }

    /// Signed area in m² at the ring's own latitude.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        let Some(extent) = self.extent() else { return 0.0 };
        let scale = Scale::at(f64::midpoint(f64::from(extent.south), f64::from(extent.north)));
        #[allow(clippy::cast_precision_loss)] // a city's area in steps is far below 2^52 m²
        let doubled = self.area2() as f64;
        doubled * 0.5 * scale.x * scale.y
    }

    #[must_use]
    pub fn perimeter_m(&self) -> f64 {
        let Some(first) = self.0.first() else { return 0.0 };
        let scale = Scale::at(f64::from(first.y));
        self.edges()
            .map(|(a, b)| {
                let dx = (f64::from(b.x) - f64::from(a.x)) * scale.x;
                let dy = (f64::from(b.y) - f64::from(a.y)) * scale.y;
                (dx * dx + dy * dy).sqrt()
            })
            .sum()
    }

    #[must_use]
    pub fn extent(&self) -> Option<Extent> {
        Extent::of(self.0.iter().copied())
    }

    /// True for a point inside. Of polygons that share an edge exactly one holds a point on it (the one to the
    /// east or north), because the test is exact and treats the point as shifted by less than a step.
    #[must_use]
    pub fn holds(&self, p: Vertex) -> bool {
        let mut inside = false;
        for (a, b) in self.edges() {
            if (a.y > p.y) != (b.y > p.y) {
                // To the left of the edge, seen upwards.
                let turn = cross(a, b, p);
                if (turn > 0) == (b.y > a.y) && turn != 0 {
                    inside = !inside;
                }
            }
        }
        inside
    }
}

/// A polygon: an outer ring and its holes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape {
    /// Counter-clockwise.
    pub outer: Ring,
    /// Clockwise.
    pub holes: Vec<Ring>,
}

impl Shape {
    #[must_use]
    pub const fn plain(outer: Ring) -> Self {
        Self { outer, holes: Vec::new() }
    }

    /// Reads rings in degrees, closed or not, the outer one first; turns them the way this type wants.
    /// `None` when a position is not on the earth or there is no ring.
    #[must_use]
    pub fn from_degrees<'a>(rings: impl IntoIterator<Item = &'a [[f64; 2]]>) -> Option<Self> {
        let mut read = Vec::new();
        for ring in rings {
            let mut vertices =
                ring.iter().map(|[lng, lat]| Vertex::from_degrees(*lng, *lat)).collect::<Option<Vec<_>>>()?;
            if vertices.len() > 1 && vertices.first() == vertices.last() {
                vertices.pop();
            }
            let hole = !read.is_empty();
            let mut ring = Ring(vertices);
            if (ring.area2() < 0) != hole {
                ring.0.reverse();
            }
            read.push(ring);
        }
        let mut rings = read.into_iter();
        Some(Self { outer: rings.next()?, holes: rings.collect() })
    }

    /// The outer ring, then the holes, to be changed.
    pub fn rings_mut(&mut self) -> impl Iterator<Item = &mut Ring> {
        std::iter::once(&mut self.outer).chain(&mut self.holes)
    }

    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }

    pub fn edges(&self) -> impl Iterator<Item = (Vertex, Vertex)> + '_ {
        self.rings().flat_map(Ring::edges)
    }

    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.outer.area_m2().abs() - self.holes.iter().map(|hole| hole.area_m2().abs()).sum::<f64>()
    }

    #[must_use]
    pub fn perimeter_m(&self) -> f64 {
        self.rings().map(Ring::perimeter_m).sum()
    }

    #[must_use]
    pub fn extent(&self) -> Option<Extent> {
        self.outer.extent()
    }

    /// See [`Ring::holds`].
    #[must_use]
    pub fn holds(&self, p: Vertex) -> bool {
        self.rings().filter(|ring| ring.holds(p)).count() % 2 == 1
    }

    /// True when the whole segment lies inside without touching the edge.
    #[must_use]
    pub fn holds_segment(&self, a: Vertex, b: Vertex) -> bool {
        self.holds(a) && self.holds(b) && !self.edges().any(|(c, d)| touches(a, b, c, d))
    }

    /// Centre of gravity of the outer ring.
    #[must_use]
    pub fn centroid(&self) -> Option<Vertex> {
        let first = *self.outer.0.first()?;
        let (mut sx, mut sy, mut sum) = (0.0, 0.0, 0.0);
        for pair in self.outer.0.windows(2) {
            let x = |v: Vertex| f64::from(v.x) - f64::from(first.x);
            let y = |v: Vertex| f64::from(v.y) - f64::from(first.y);
            let (a, b) = (pair[0], pair[1]);
            let weight = x(a) * y(b) - x(b) * y(a);
            sx += (x(a) + x(b)) * weight;
            sy += (y(a) + y(b)) * weight;
            sum += weight;
        }
        if sum == 0.0 {
            return Some(first);
        }
        let at = |origin: i32, s: f64| to_steps(f64::from(origin) + s / (3.0 * sum));
        Some(Vertex { x: at(first.x, sx), y: at(first.y, sy) })
    }

    /// A point well inside: the middle of the widest of a few horizontal cuts. `None` for a polygon too thin
    /// to hold a vertex of the fixed grid.
    #[must_use]
    pub fn inner_point(&self) -> Option<Vertex> {
        let rings: Vec<&Ring> = self.rings().collect();
        inner_point(&rings)
    }

    /// Rings in degrees, closed, the outer one first.
    #[must_use]
    pub fn to_degrees(&self) -> Vec<Vec<[f64; 2]>> {
        let closed = |ring: &Ring| {
            let first = ring.0.first();
            ring.0.iter().chain(first).map(|v| [v.lng(), v.lat()]).collect()
        };
        self.rings().map(closed).collect()
    }
}

/// The middle of the widest horizontal cut through the area the rings enclose by even and odd.
pub(crate) fn inner_point(rings: &[&Ring]) -> Option<Vertex> {
    const CUTS: i32 = 7;
    let extent = rings.iter().filter_map(|ring| ring.extent()).reduce(|a, b| a.union(&b))?;
    let height = i64::from(extent.north) - i64::from(extent.south);
    let mut best: Option<(f64, Vertex)> = None;
    for cut in 1..=CUTS {
        let y = i64::from(extent.south) + height * i64::from(cut) / i64::from(CUTS + 1);
        let y = i32::try_from(y).ok()?;
        let mut crossings: Vec<f64> = rings
            .iter()
            .flat_map(|ring| ring.edges())
            .filter(|(a, b)| (a.y > y) != (b.y > y))
            .map(|(a, b)| {
                let t = (f64::from(y) - f64::from(a.y)) / (f64::from(b.y) - f64::from(a.y));
                f64::from(a.x) + t * (f64::from(b.x) - f64::from(a.x))
            })
            .collect();
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let width = pair[1] - pair[0];
            if width >= 2.0 && best.is_none_or(|(widest, _)| width > widest) {
                best = Some((width, Vertex { x: to_steps(f64::midpoint(pair[0], pair[1])), y }));
            }
        }
    }
    best.map(|(_, v)| v)
}

/// True when two closed segments have a point in common. Exact.
pub(crate) fn touches(a: Vertex, b: Vertex, c: Vertex, d: Vertex) -> bool {
    let boxed = |p: Vertex, q: Vertex| Extent::of([p, q]);
    let meets = boxed(a, b).zip(boxed(c, d)).is_some_and(|(one, other)| one.meets(&other));
    if !meets {
        return false;
    }
    let (s1, s2) = (cross(a, b, c).signum(), cross(a, b, d).signum());
    let (s3, s4) = (cross(c, d, a).signum(), cross(c, d, b).signum());
    s1 * s2 <= 0 && s3 * s4 <= 0
}

/// A hasher for small integer keys; the maps of this crate are asked, never walked, so order does not matter.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_i32(&mut self, value: i32) {
        self.write_u64(u64::from(value.cast_unsigned()));
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// Which of many shapes hold a point. Answers are exact; see [`Ring::holds`] for points on an edge.
#[derive(Debug, Clone, Default)]
pub struct Locator {
    shapes: Vec<(Extent, Shape)>,
    extent: Option<Extent>,
    /// Side of a raster cell in steps.
    cell: i64,
    columns: i64,
    /// Cell `i` lists `items[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    items: Vec<u32>,
}

/// Raster cells for each shape: bounds memory, keeps lists at a handful.
const CELLS_PER_SHAPE: i64 = 4;

impl Locator {
    /// Shapes keep their numbers: the answer of [`Locator::at`] is the position in `shapes`. A shape without
    /// vertices is never found.
    #[must_use]
    pub fn new(shapes: &[Shape]) -> Self {
        let nowhere = Extent { west: 1, south: 1, east: 0, north: 0 };
        let shapes: Vec<(Extent, Shape)> =
            shapes.iter().map(|shape| (shape.extent().unwrap_or(nowhere), shape.clone())).collect();
        let real = || shapes.iter().filter(|(extent, _)| extent.west <= extent.east);
        let Some(extent) = real().map(|(extent, _)| *extent).reduce(|a, b| a.union(&b)) else {
            return Self { shapes, ..Self::default() };
        };
        let width = i64::from(extent.east) - i64::from(extent.west) + 1;
        let height = i64::from(extent.north) - i64::from(extent.south) + 1;
        let most = i64::try_from(shapes.len()).unwrap_or(i64::MAX / 8) * CELLS_PER_SHAPE;
        let mut cell = 1_i64;
        while (width / cell + 1).saturating_mul(height / cell + 1) > most.max(64) {
            cell += cell / 4 + 1;
        }
        let (columns, rows) = (width / cell + 1, height / cell + 1);
        let mut found =
            Self { shapes, extent: Some(extent), cell, columns, starts: Vec::new(), items: Vec::new() };
        let total = usize::try_from(columns * rows).unwrap_or_default();
        let mut starts = vec![0_u32; total + 1];
        for (extent, _) in &found.shapes {
            found.cells(extent).for_each(|cell| starts[cell + 1] += 1);
        }
        for cell in 0..total {
            starts[cell + 1] += starts[cell];
        }
        let mut next = starts.clone();
        let mut items = vec![0_u32; starts[total] as usize];
        for (number, (extent, _)) in (0_u32..).zip(&found.shapes) {
            for cell in found.cells(extent) {
                items[next[cell] as usize] = number;
                next[cell] += 1;
            }
        }
        found.starts = starts;
        found.items = items;
        found
    }

    /// The first shape, by number, that holds the point.
    #[must_use]
    pub fn at(&self, p: Vertex) -> Option<usize> {
        self.all_at(p).next()
    }

    /// Every shape that holds the point, by number.
    pub fn all_at(&self, p: Vertex) -> impl Iterator<Item = usize> + '_ {
        self.candidates(p).iter().map(|i| *i as usize).filter(move |i| {
            let (extent, shape) = &self.shapes[*i];
            extent.holds(p) && shape.holds(p)
        })
    }

    /// Shapes whose extent meets `extent`, each once, in order.
    #[must_use]
    pub fn near(&self, extent: &Extent) -> Vec<usize> {
        let mut found: Vec<u32> = self
            .cells(extent)
            .flat_map(|cell| self.list(cell))
            .copied()
            .filter(|i| self.shapes[*i as usize].0.meets(extent))
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|i| i as usize).collect()
    }

    #[must_use]
    pub fn shape(&self, number: usize) -> &Shape {
        &self.shapes[number].1
    }

    fn list(&self, cell: usize) -> &[u32] {
        &self.items[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }

    fn candidates(&self, p: Vertex) -> &[u32] {
        let Some(extent) = self.extent.filter(|extent| extent.holds(p)) else { return &[] };
        let column = (i64::from(p.x) - i64::from(extent.west)) / self.cell;
        let row = (i64::from(p.y) - i64::from(extent.south)) / self.cell;
        usize::try_from(row * self.columns + column).map_or(&[], |cell| self.list(cell))
    }

    fn cells(&self, extent: &Extent) -> impl Iterator<Item = usize> + use<> {
        let all = self.extent.filter(|all| all.meets(extent) && extent.west <= extent.east);
        let (cell, columns) = (self.cell.max(1), self.columns);
        let span = all.map(|all| {
            let part =
                |value: i32, low: i32, high: i32| (i64::from(value.clamp(low, high)) - i64::from(low)) / cell;
            (
                part(extent.west, all.west, all.east)..=part(extent.east, all.west, all.east),
                part(extent.south, all.south, all.north)..=part(extent.north, all.south, all.north),
            )
        });
        span.into_iter().flat_map(move |(xs, ys)| {
            ys.flat_map(move |row| {
                xs.clone().filter_map(move |column| usize::try_from(row * columns + column).ok())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(west: i32, south: i32, side: i32) -> Shape {
        let v = |x, y| Vertex { x, y };
        Shape::plain(Ring(vec![
            v(west, south),
            v(west + side, south),
            v(west + side, south + side),
            v(west, south + side),
        ]))
    }

    #[test]
    fn areas_and_lengths_are_metres_at_their_latitude() {
        // At 36.7° N a degree is 89,360 m east and 110,973 m north on the ellipsoid of WGS-84.
        let shape =
            Shape::from_degrees([
                &[[119.0, 36.695], [119.01, 36.695], [119.01, 36.705], [119.0, 36.705]][..],
            ])
            .expect("a square");
        assert!((shape.area_m2() / (893.60 * 1109.73) - 1.0).abs() < 2e-4, "{}", shape.area_m2());
        assert!((shape.perimeter_m() / (2.0 * (893.60 + 1109.73)) - 1.0).abs() < 2e-4);
        let a = Vertex::from_degrees(119.0, 36.7).expect("a place");
        let b = Vertex::from_degrees(119.01, 36.7).expect("a place");
        let sphere = a.point().expect("a place").metres_to(&b.point().expect("a place"));
        assert!((a.metres_to(b) / sphere - 1.0).abs() < 5e-3);
    }

    #[test]
    fn rings_are_turned_and_closed_ones_opened() {
        let shape = Shape::from_degrees([
            &[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]][..],
            &[[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.4]][..],
        ])
        .expect("a square with a hole");
        assert_eq!(shape.outer.0.len(), 4);
        assert!(shape.outer.area2() > 0 && shape.holes[0].area2() < 0);
        assert!(!shape.holds(Vertex::from_degrees(0.3, 0.3).expect("a place")));
        assert!(shape.holds(Vertex::from_degrees(0.1, 0.1).expect("a place")));
        let inner = shape.inner_point().expect("a point inside");
        assert!(shape.holds(inner));
        assert!(Shape::from_degrees([&[[0.0, 91.0]][..]]).is_none());
    }

    proptest! {
        #[test]
        fn a_point_lies_in_exactly_one_of_the_squares_that_tile_a_plane(x in 0..400_i32, y in 0..400_i32) {
            let squares: Vec<Shape> =
                (0..16).map(|i| block((i % 4) * 100, (i / 4) * 100, 100)).collect();
            let locator = Locator::new(&squares);
            let p = Vertex { x, y };
            let found: Vec<usize> = locator.all_at(p).collect();
            prop_assert_eq!(found.len(), 1);
            let brute: Vec<usize> = (0..16).filter(|i| squares[*i].holds(p)).collect();
            prop_assert_eq!(found, brute);
        }

        #[test]
        fn the_inner_point_is_inside_any_triangle_that_is_not_thin(
            (ax, ay, bx, by, cx, cy) in (0..9_000_i32, 0..9_000_i32, 0..9_000_i32, 0..9_000_i32, 0..9_000_i32, 0..9_000_i32)
        ) {
            let v = |x, y| Vertex { x, y };
            let mut ring = Ring(vec![v(ax, ay), v(bx, by), v(cx, cy)]);
            prop_assume!(ring.area2().abs() > 400_000);
            if ring.area2() < 0 { ring.0.reverse(); }
            let shape = Shape::plain(ring);
            prop_assert!(shape.holds(shape.inner_point().expect("not thin")));
        }
    }
}
