//! A polygon made ready for questions: does it hold a point, how far is it, what does it touch.
//!
//! Edges are half open, as for rectangles: a point on an edge belongs to the side north or east of it. So of
//! two outlines that share an edge, vertex by vertex, exactly one holds a point of it. Sides of edges are
//! decided exactly, whatever the rounding.

use city::grid::Bounds;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use kernel::{Cgcs2000, Point};
use robust::{Coord as Exact, orient2d};

/// Places nearer than this (a tenth of a millimetre) are one place.
pub(crate) const TOUCH_DEGREES: f64 = 1e-9;
/// Metres of a degree of latitude on the sphere of [`Point::metres_to`].
pub(crate) const METRES_PER_DEGREE: f64 = 111_195.08;
/// Vertices of one outline: the coast of a province has fewer.
const VERTICES_MAX: usize = 4_000_000;
/// Edges looked at for one point, when the outline is not spiteful.
const EDGES_PER_BAND: usize = 4;
const BANDS_MAX: usize = 16_384;
const ENTRIES_PER_VERTEX_MAX: usize = 8;

/// Why a polygon cannot be a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOutline {
    #[error("it encloses no area")]
    NoArea,
    #[error("a vertex is not on the earth")]
    OffTheEarth,
    #[error("it has more than {VERTICES_MAX} vertices")]
    TooLong,
}

/// A polygon with any number of parts and holes, in degrees.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Ring after ring, each closed: its first vertex stands again at its end.
    vertices: Box<[[f64; 2]]>,
    rings: Box<[Ring]>,
    bounds: Bounds,
    /// Horizontal bands of equal height: edges that meet band `i` are
    /// `bands[bands[i]..bands[i + 1]]`, each by the place of its first vertex.
    bands: Box<[u32]>,
    bands_per_degree: f64,
}

#[derive(Debug, Clone, Copy)]
struct Ring {
    end: u32,
    hole: bool,
}

impl Outline {
    /// Rings without area are left out; outer rings are turned counter-clockwise, holes clockwise.
    ///
    /// # Errors
    /// [`BadOutline`] when nothing with an area is left, or a number is none of a position.
    pub fn new(shape: &MultiPolygon<f64>) -> Result<Self, BadOutline> {
        let (mut vertices, mut rings) = (Vec::new(), Vec::new());
        for part in &shape.0 {
            if !push_ring(&mut vertices, &mut rings, part.exterior(), false)? {
                continue;
            }
            for hole in part.interiors() {
                push_ring(&mut vertices, &mut rings, hole, true)?;
            }
        }
        Self::from_rings(vertices, rings)
    }

    fn from_rings(vertices: Vec<[f64; 2]>, rings: Vec<Ring>) -> Result<Self, BadOutline> {
        let Some(first) = vertices.first() else { return Err(BadOutline::NoArea) };
        if vertices.len() > VERTICES_MAX {
            return Err(BadOutline::TooLong);
        }
        let mut bounds = Bounds { west: first[0], south: first[1], east: first[0], north: first[1] };
        for [lng, lat] in &vertices {
            bounds.west = bounds.west.min(*lng);
            bounds.south = bounds.south.min(*lat);
            bounds.east = bounds.east.max(*lng);
            bounds.north = bounds.north.max(*lat);
        }
        let mut outline = Self {
            vertices: vertices.into_boxed_slice(),
            rings: rings.into_boxed_slice(),
            bounds,
            bands: Box::default(),
            bands_per_degree: 0.0,
        };
        outline.make_bands();
        Ok(outline)
    }

    fn make_bands(&mut self) {
        let mut count = (self.vertices.len() / EDGES_PER_BAND).clamp(1, BANDS_MAX);
        let spans = loop {
            #[allow(clippy::cast_precision_loss)] // at most BANDS_MAX
            let per_degree = count as f64 / (self.bounds.north - self.bounds.south);
            self.bands_per_degree = if per_degree.is_finite() { per_degree } else { 0.0 };
            let spans = self.spans(count);
            let entries: usize = spans.iter().map(|(_, low, high)| high - low + 1).sum();
            // A comb of tall teeth would stand in every band.
            if count == 1 || entries <= self.vertices.len() * ENTRIES_PER_VERTEX_MAX {
                break spans;
            }
            count = count.div_ceil(2);
        };
        let mut starts = vec![0_u32; count + 1];
        for &(_, low, high) in &spans {
            starts[low..=high].iter_mut().for_each(|n| *n += 1);
        }
        let mut next = u32::try_from(count + 1).unwrap_or(u32::MAX);
        for start in &mut starts {
            (*start, next) = (next, next + *start);
        }
        let mut table = starts.clone();
        table.resize(next as usize, 0);
        for &(i, low, high) in &spans {
            for start in &mut starts[low..=high] {
                table[*start as usize] = i;
                *start += 1;
            }
        }
        self.bands = table.into_boxed_slice();
    }

    /// Each edge that is not level, with the first and last band it meets.
    fn spans(&self, count: usize) -> Vec<(u32, usize, usize)> {
        self.edge_starts()
            .filter_map(|i| {
                let (a, b) = self.edge(i);
                let spans = || (i, self.band(a[1].min(b[1]), count), self.band(a[1].max(b[1]), count));
                (a[1] != b[1]).then(spans)
            })
            .collect()
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a negative number becomes 0
    fn band(&self, lat: f64, count: usize) -> usize {
        (((lat - self.bounds.south) * self.bands_per_degree) as usize).min(count - 1)
    }

    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Rings in order: of each part the outer one, then its holes. Each begins and ends with one vertex.
    pub fn rings(&self) -> impl Iterator<Item = (&[[f64; 2]], bool)> {
        let mut start = 0;
        self.rings.iter().map(move |ring| {
            let slice = &self.vertices[start..ring.end as usize];
            start = ring.end as usize;
            (slice, ring.hole)
        })
    }

    #[must_use]
    pub fn vertex_count(&self) -> usize {
        self.vertices.len()
    }

    /// As others draw it.
    #[must_use]
    pub fn to_multi_polygon(&self) -> MultiPolygon<f64> {
        let mut parts: Vec<Polygon<f64>> = Vec::new();
        for (ring, hole) in self.rings() {
            let line: LineString<f64> = ring.iter().map(|&[x, y]| Coord { x, y }).collect();
            match parts.last_mut() {
                Some(part) if hole => part.interiors_push(line),
                _ => parts.push(Polygon::new(line, Vec::new())),
            }
        }
        MultiPolygon(parts)
    }

    /// Whether the point lies inside; of its edge, only the western and southern sides count.
    #[inline]
    #[must_use]
    pub fn holds(&self, lng: f64, lat: f64) -> bool {
        let b = &self.bounds;
        if !(lng >= b.west && lng <= b.east && lat >= b.south && lat <= b.north) {
            return false;
        }
        let count = self.bands[0] as usize - 1;
        let band = self.band(lat, count);
        let edges = &self.bands[self.bands[band] as usize..self.bands[band + 1] as usize];
        let mut inside = false;
        for &i in edges {
            let (a, b) = self.edge(i);
            let (low, high) = if a[1] < b[1] { (a, b) } else { (b, a) };
            if low[1] <= lat && lat < high[1] && is_west_of(low, high, lng, lat) {
                inside = !inside;
            }
        }
        inside
    }

    /// The place on the outline nearest to a point, and its distance in metres.
    #[must_use]
    pub fn nearest_edge(&self, point: Point<Cgcs2000>) -> (Point<Cgcs2000>, f64) {
        let plane = Plane::at(point);
        let mut best = (f64::INFINITY, [self.bounds.west, self.bounds.south]);
        for i in self.edge_starts() {
            let (a, b) = self.edge(i);
            let (square, along) = plane.to_segment(a, b);
            if square < best.0 {
                best = (square, [a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along]);
            }
        }
        let place = Point::new(best.1[0], best.1[1]).unwrap_or(point);
        (place, point.metres_to(&place))
    }

    /// Metres from a point to the outline, 0 inside.
    #[must_use]
    pub fn metres_to(&self, point: Point<Cgcs2000>) -> f64 {
        if self.holds(point.lng(), point.lat()) { 0.0 } else { self.nearest_edge(point).1 }
    }

    /// True when the point lies within [`TOUCH_DEGREES`] of an edge.
    pub(crate) fn edge_touches(&self, lng: f64, lat: f64) -> bool {
        self.edge_starts().any(|i| {
            let (a, b) = self.edge(i);
            touches(a, b, [lng, lat])
        })
    }

    /// True when the outlines share an edge, a part of one, or a corner.
    #[must_use]
    pub fn touches(&self, other: &Self) -> bool {
        if !meet(&self.bounds, &other.bounds, TOUCH_DEGREES) {
            return false;
        }
        // Of two shapes that touch, one has a corner on an edge of the other.
        self.corners_touch(other) || other.corners_touch(self)
    }

    fn corners_touch(&self, other: &Self) -> bool {
        let near: Vec<u32> = other
            .edge_starts()
            .filter(|&i| {
                let (a, b) = other.edge(i);
                meet(&self.bounds, &bounds_of(a, b), TOUCH_DEGREES)
            })
            .collect();
        self.vertices.iter().filter(|v| meet(&other.bounds, &bounds_of(**v, **v), TOUCH_DEGREES)).any(|v| {
            near.iter().any(|&i| {
                let (a, b) = other.edge(i);
                touches(a, b, *v)
            })
        })
    }

    /// A point well inside, however it is shaped: the centroid where that is inside, else the middle of the
    /// widest stretch of a level line.
    #[must_use]
    pub fn centre(&self) -> Point<Cgcs2000> {
        let [lng, lat] = self.centroid();
        let middle = Point::new(lng, lat).filter(|_| self.holds(lng, lat));
        middle.or_else(|| self.widest_middle()).unwrap_or_else(|| self.corner())
    }

    fn corner(&self) -> Point<Cgcs2000> {
        Point::new(self.vertices[0][0], self.vertices[0][1]).expect("vertices are on the earth")
    }

    fn centroid(&self) -> [f64; 2] {
        let [x0, y0] = self.vertices[0];
        let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
        for i in self.edge_starts() {
            let (a, b) = self.edge(i);
            let (ax, ay, bx, by) = (a[0] - x0, a[1] - y0, b[0] - x0, b[1] - y0);
            let cross = ax * by - bx * ay;
            area += cross;
            x += (ax + bx) * cross;
            y += (ay + by) * cross;
        }
        [x0 + x / (3.0 * area), y0 + y / (3.0 * area)]
    }

    fn widest_middle(&self) -> Option<Point<Cgcs2000>> {
        const LINES: u32 = 15;
        let mut best: Option<(f64, f64, f64)> = None;
        for line in 1..=LINES {
            let lat = self.bounds.south
                + (self.bounds.north - self.bounds.south) * f64::from(line) / f64::from(LINES + 1);
            let mut crossings: Vec<f64> = self
                .edge_starts()
                .filter_map(|i| {
                    let (a, b) = self.edge(i);
                    ((a[1] <= lat) != (b[1] <= lat))
                        .then(|| a[0] + (b[0] - a[0]) * (lat - a[1]) / (b[1] - a[1]))
                })
                .collect();
            crossings.sort_unstable_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let (width, middle) = (pair[1] - pair[0], f64::midpoint(pair[0], pair[1]));
                if best.is_none_or(|(widest, ..)| width > widest) && self.holds(middle, lat) {
                    best = Some((width, middle, lat));
                }
            }
        }
        best.and_then(|(_, lng, lat)| Point::new(lng, lat))
    }

    #[inline]
    fn edge(&self, i: u32) -> ([f64; 2], [f64; 2]) {
        (self.vertices[i as usize], self.vertices[i as usize + 1])
    }

    /// Places of the first vertices of all edges.
    fn edge_starts(&self) -> impl Iterator<Item = u32> {
        let mut start = 0;
        self.rings.iter().flat_map(move |ring| {
            let edges = start..ring.end - 1;
            start = ring.end;
            edges
        })
    }

    /// Edges as pairs of vertices.
    pub(crate) fn edges(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        self.edge_starts().map(|i| self.edge(i))
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.vertices) + size_of_val(&*self.rings) + size_of_val(&*self.bands)
    }

    /// Numbers for a snapshot: rings as (length, hole), then all vertices.
    pub(crate) fn parts(&self) -> (Vec<(u32, bool)>, &[[f64; 2]]) {
        let mut start = 0;
        let rings = self.rings.iter().map(|ring| {
            let length = ring.end - start;
            start = ring.end;
            (length, ring.hole)
        });
        (rings.collect(), &self.vertices)
    }

    /// The reverse of [`Self::parts`]; `None` when the parts are none of an outline.
    pub(crate) fn from_parts(lengths: &[(u32, bool)], vertices: Vec<[f64; 2]>) -> Option<Self> {
        let mut rings = Vec::with_capacity(lengths.len());
        let mut end = 0_u32;
        for &(length, hole) in lengths {
            let start = end as usize;
            end = end.checked_add(length)?;
            let ring = vertices.get(start..end as usize)?;
            if ring.len() < 4 || ring.first() != ring.last() || (rings.is_empty() && hole) {
                return None;
            }
            rings.push(Ring { end, hole });
        }
        let whole = end as usize == vertices.len() && vertices.iter().all(|v| on_the_earth(*v));
        whole.then_some(())?;
        Self::from_rings(vertices, rings).ok()
    }
}

fn on_the_earth([lng, lat]: [f64; 2]) -> bool {
    Point::<Cgcs2000>::new(lng, lat).is_some()
}

/// Adds a ring; false when it encloses nothing.
fn push_ring(
    vertices: &mut Vec<[f64; 2]>,
    rings: &mut Vec<Ring>,
    line: &LineString<f64>,
    hole: bool,
) -> Result<bool, BadOutline> {
    let start = vertices.len();
    for c in &line.0 {
        let vertex = [c.x, c.y];
        if !on_the_earth(vertex) {
            return Err(BadOutline::OffTheEarth);
        }
        if vertices.len() == start || vertices.last() != Some(&vertex) {
            vertices.push(vertex);
        }
    }
    if vertices.len() > start && vertices.last() != Some(&vertices[start]) {
        vertices.push(vertices[start]);
    }
    let area = doubled_area(&vertices[start..]);
    if vertices.len() - start < 4 || area == 0.0 {
        vertices.truncate(start);
        return Ok(false);
    }
    if (area < 0.0) != hole {
        vertices[start..].reverse();
    }
    if vertices.len() > VERTICES_MAX {
        return Err(BadOutline::TooLong);
    }
    rings.push(Ring { end: u32::try_from(vertices.len()).map_err(|_| BadOutline::TooLong)?, hole });
    Ok(true)
}

/// Positive when the ring runs counter-clockwise.
fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x0, y0]) = ring.first() else { return 0.0 };
    ring.windows(2).map(|w| (w[0][0] - x0) * (w[1][1] - y0) - (w[1][0] - x0) * (w[0][1] - y0)).sum()
}

/// Whether an edge from `low` up to `high` lies west of the point, or under it.
#[inline]
fn is_west_of(low: [f64; 2], high: [f64; 2], lng: f64, lat: f64) -> bool {
    let (west, east) = if low[0] < high[0] { (low[0], high[0]) } else { (high[0], low[0]) };
    if lng < west {
        return false;
    }
    lng >= east
        || orient2d(
            Exact { x: low[0], y: low[1] },
            Exact { x: high[0], y: high[1] },
            Exact { x: lng, y: lat },
        ) <= 0.0
}

pub(crate) fn bounds_of(a: [f64; 2], b: [f64; 2]) -> Bounds {
    Bounds { west: a[0].min(b[0]), south: a[1].min(b[1]), east: a[0].max(b[0]), north: a[1].max(b[1]) }
}

/// Whether two bounds meet, or come within `degrees` of it.
pub(crate) fn meet(a: &Bounds, b: &Bounds, degrees: f64) -> bool {
    a.west <= b.east + degrees
        && b.west <= a.east + degrees
        && a.south <= b.north + degrees
        && b.south <= a.north + degrees
}

#[must_use]
pub fn union(a: &Bounds, b: &Bounds) -> Bounds {
    Bounds {
        west: a.west.min(b.west),
        south: a.south.min(b.south),
        east: a.east.max(b.east),
        north: a.north.max(b.north),
    }
}

/// Bounds widened so that everything within `metres` of them lies inside.
pub(crate) fn widen(bounds: &Bounds, metres: f64) -> Bounds {
    // One percent for the sphere, which the plane of a city is not quite.
    let lat = metres * 1.01 / METRES_PER_DEGREE;
    let farthest = (bounds.south.abs().max(bounds.north.abs()) + lat).min(89.0);
    let lng = lat / farthest.to_radians().cos();
    Bounds {
        west: bounds.west - lng,
        south: bounds.south - lat,
        east: bounds.east + lng,
        north: bounds.north + lat,
    }
}

fn touches(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> bool {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let along = along(dx, dy, p[0] - a[0], p[1] - a[1]);
    (a[0] + dx * along - p[0]).abs() <= TOUCH_DEGREES && (a[1] + dy * along - p[1]).abs() <= TOUCH_DEGREES
}

/// How far along a segment its place nearest to a point is, from 0 to 1.
fn along(dx: f64, dy: f64, px: f64, py: f64) -> f64 {
    let square = dx * dx + dy * dy;
    if square == 0.0 { 0.0 } else { ((px * dx + py * dy) / square).clamp(0.0, 1.0) }
}

/// The flat metres around a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    lng: f64,
    lat: f64,
    metres_per_lng: f64,
}

impl Plane {
    pub fn at(point: Point<Cgcs2000>) -> Self {
        let metres_per_lng = METRES_PER_DEGREE * point.lat().to_radians().cos();
        Self { lng: point.lng(), lat: point.lat(), metres_per_lng }
    }

    pub fn metres(&self, lng: f64, lat: f64) -> (f64, f64) {
        ((lng - self.lng) * self.metres_per_lng, (lat - self.lat) * METRES_PER_DEGREE)
    }

    /// Square of the distance from the origin to a segment, and how far along the segment, from 0 to 1.
    pub fn to_segment(self, a: [f64; 2], b: [f64; 2]) -> (f64, f64) {
        let ((ax, ay), (bx, by)) = (self.metres(a[0], a[1]), self.metres(b[0], b[1]));
        let (dx, dy) = (bx - ax, by - ay);
        let along = along(dx, dy, -ax, -ay);
        let (x, y) = (ax + dx * along, ay + dy * along);
        (x * x + y * y, along)
    }
}
