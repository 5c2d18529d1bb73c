//! Lines and polygons as a tile shows them: projected, clipped to the buffer, rounded, thinned, valid.

use crate::mercator::{EXTENT, TileId, project};
use crate::outline::Outline;
use geo::LineString;
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

/// Zooms below this are thinned to half a pixel; from here on every vertex that rounding leaves is kept.
const WHOLE_FROM: u8 = 14;
/// A pixel of a tile of 512 is eight units.
const HALF_PIXEL: f64 = 4.0;
/// Rings longer than this are not tried for simplicity pair by pair.
const PAIRS_MAX: usize = 96;
/// Rounds of mending; real outlines settle in the first.
const MENDS_MAX: usize = 6;

/// A line that bends nowhere but in whole units.
pub type Path = Vec<[i32; 2]>;

/// The part of the plane a layer keeps.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    tile: TileId,
    low: f64,
    high: f64,
}

impl Window {
    pub fn new(tile: TileId, buffer: u16) -> Self {
        Self { tile, low: -f64::from(buffer), high: f64::from(EXTENT) + f64::from(buffer) }
    }

    fn tolerance(&self) -> f64 {
        if self.tile.z() < WHOLE_FROM { HALF_PIXEL } else { 0.0 }
    }

    fn units(&self, lng: f64, lat: f64) -> [f64; 2] {
        let (x, y) = project(lng, lat);
        let (x, y) = self.tile.units(x, y);
        [x, y]
    }

    #[inline]
    pub fn holds(&self, x: f64, y: f64) -> bool {
        x >= self.low && x <= self.high && y >= self.low && y <= self.high
    }

    fn holds_all(&self, places: &[[f64; 2]]) -> bool {
        places.iter().all(|[x, y]| self.holds(*x, *y))
    }

    /// The stretches of a line inside the window.
    pub fn line(&self, line: &LineString<f64>) -> Vec<Path> {
        let places: Vec<[f64; 2]> = line.coords().map(|c| self.units(c.x, c.y)).collect();
        let mut stretches: Vec<Vec<[f64; 2]>> = Vec::new();
        let mut open = false;
        for pair in places.windows(2) {
            let Some((a, b)) = self.clip_segment(pair[0], pair[1]) else {
                open = false;
                continue;
            };
            match stretches.last_mut() {
                Some(stretch) if open => stretch.push(b),
                _ => stretches.push(vec![a, b]),
            }
            open = b == pair[1];
        }
        let whole = stretches.iter().map(|stretch| self.rounded(stretch));
        whole.filter(|path| path.len() >= 2).collect()
    }

    /// Rounds, drops repeated places, thins.
    fn rounded(&self, places: &[[f64; 2]]) -> Path {
        let mut path: Path = places.iter().map(|[x, y]| [super::whole(*x), super::whole(*y)]).collect();
        path.dedup();
        thin(&path, self.tolerance())
    }

    /// The part of a segment inside the window (Liang and Barsky).
    fn clip_segment(&self, a: [f64; 2], b: [f64; 2]) -> Option<([f64; 2], [f64; 2])> {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let step = b[axis] - a[axis];
            for (room, toward) in [(a[axis] - self.low, -step), (self.high - a[axis], step)] {
                if toward == 0.0 {
                    if room < 0.0 {
                        return None;
                    }
                } else if toward > 0.0 {
                    to = to.min(room / toward);
                } else {
                    from = from.max(room / toward);
                }
            }
        }
        if from > to {
            return None;
        }
        let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        Some((if from == 0.0 { a } else { at(from) }, if to == 1.0 { b } else { at(to) }))
    }

    /// The polygon inside the window: parts, each an outer ring and its holes, valid and wound as tiles want it.
    pub fn polygon(&self, outline: &Outline) -> Vec<Vec<Path>> {
        let mut rings: Vec<Path> = Vec::new();
        let mut inside = true;
        let mut places: Vec<[f64; 2]> = Vec::new();
        for (ring, _) in outline.rings() {
            places.clear();
            places.extend(ring[..ring.len() - 1].iter().map(|[lng, lat]| self.units(*lng, *lat)));
            if !self.holds_all(&places) {
                inside = false;
                // A little wider than the window, so that numbers stay small and the exact cut is made on
                // whole units.
                self.trim(&mut places);
            }
            let mut path: Path = places.iter().map(|[x, y]| [super::whole(*x), super::whole(*y)]).collect();
            path.dedup();
            while path.len() > 1 && path.first() == path.last() {
                path.pop();
            }
            let path = thin_ring(&path, self.tolerance());
            if path.len() >= 3 {
                rings.push(path);
            }
        }
        match &mut rings[..] {
            [] => return Vec::new(),
            [only] if inside && is_simple(only) => {
                if doubled_area(only) < 0 {
                    only.reverse();
                }
                return vec![rings];
            }
            _ => {}
        }
        self.cut(&rings)
    }

    /// Cuts with the window. Rounding the crossings may cross other edges, so the result is united with itself
    /// until it stays as it is.
    #[allow(clippy::cast_possible_truncation)] // the window is small
    fn cut(&self, rings: &[Path]) -> Vec<Vec<Path>> {
        let (low, high) = (self.low as i32, self.high as i32);
        let window = vec![[low, low], [high, low], [high, high], [low, high]];
        let mut parts = overlay(rings.iter(), Some(&window), FillRule::EvenOdd);
        if let [part] = &parts[..]
            && let [ring] = &part[..]
            && is_simple(ring)
        {
            return parts;
        }
        for _ in 0..MENDS_MAX {
            let mended = overlay(parts.iter().flatten(), None, FillRule::NonZero);
            let settled = same_rings(&parts, &mended);
            parts = mended;
            if settled {
                break;
            }
        }
        parts
    }

    /// Cuts a ring by the four sides of a wider window (Sutherland and Hodgman).
    fn trim(&self, places: &mut Vec<[f64; 2]>) {
        const WIDER: f64 = 1024.0;
        let (low, high) = (self.low - WIDER, self.high + WIDER);
        for (axis, limit, sign) in [(0, low, 1.0), (0, high, -1.0), (1, low, 1.0), (1, high, -1.0)] {
            let room = |place: &[f64; 2]| (place[axis] - limit) * sign;
            if places.iter().all(|place| room(place) >= 0.0) {
                continue;
            }
            let ring = std::mem::take(places);
            let Some(&last) = ring.last() else { return };
            let mut before = last;
            for place in ring {
                let (a, b) = (room(&before), room(&place));
                if (a < 0.0) != (b < 0.0) {
                    let t = a / (a - b);
                    let mut crossing =
                        [before[0] + (place[0] - before[0]) * t, before[1] + (place[1] - before[1]) * t];
                    crossing[axis] = limit;
                    places.push(crossing);
                }
                if b >= 0.0 {
                    places.push(place);
                }
                before = place;
            }
        }
    }
}

/// What the rings enclose, within the window if there is one.
fn overlay<'a>(
    rings: impl Iterator<Item = &'a Path> + Clone,
    window: Option<&Path>,
    fill: FillRule,
) -> Vec<Vec<Path>> {
    let points = |ring: &'a Path| ring.iter().map(|[x, y]| IntPoint::new(*x, *y));
    let count = rings.clone().map(Vec::len).sum::<usize>() + 4;
    let mut overlay = Overlay::new_custom(count, IntOverlayOptions::ogc(), Solver::default());
    rings.for_each(|ring| overlay.add_path_iter(points(ring), ShapeType::Subject));
    let rule = match window {
        None => OverlayRule::Subject,
        Some(window) => {
            let corners: Vec<IntPoint> = window.iter().map(|[x, y]| IntPoint::new(*x, *y)).collect();
            overlay.add_contour(&corners, ShapeType::Clip);
            OverlayRule::Intersect
        }
    };
    overlay
        .overlay(rule, fill)
        .into_iter()
        .map(|part| part.into_iter().map(|ring| ring.into_iter().map(|p| [p.x, p.y]).collect()).collect())
        .collect()
}

/// Whether two results have the same rings, wherever each begins.
fn same_rings(a: &[Vec<Path>], b: &[Vec<Path>]) -> bool {
    let sorted = |parts: &[Vec<Path>]| {
        let turned = |ring: &Path| {
            let start = (0..ring.len()).min_by_key(|i| ring[*i]).unwrap_or_default();
            [&ring[start..], &ring[..start]].concat()
        };
        let mut rings: Vec<Path> = parts.iter().flatten().map(turned).collect();
        rings.sort_unstable();
        rings
    };
    sorted(a) == sorted(b)
}

fn doubled_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| cross([0, 0], *a, *b)).sum()
}

/// Positive when `c` lies to the left of the way from `a` to `b`.
fn cross(a: [i32; 2], b: [i32; 2], c: [i32; 2]) -> i64 {
    let d = |p: [i32; 2], axis: usize| i64::from(p[axis]) - i64::from(a[axis]);
    d(b, 0) * d(c, 1) - d(c, 0) * d(b, 1)
}

/// Drops places from which the line without them is no farther than `tolerance` (Douglas and Peucker); with 0,
/// those on straight stretches.
fn thin(path: &[[i32; 2]], tolerance: f64) -> Path {
    if path.len() < 3 {
        return path.to_vec();
    }
    let mut keep = vec![false; path.len()];
    keep[0] = true;
    keep[path.len() - 1] = true;
    let mut open = vec![(0, path.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let farthest = (first + 1..last)
            .map(|i| (i, square_to(path[first], path[last], path[i])))
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((i, square)) = farthest
            && square > tolerance * tolerance
        {
            keep[i] = true;
            open.push((first, i));
            open.push((i, last));
        }
    }
    path.iter().zip(keep).filter(|(_, keep)| *keep).map(|(place, _)| *place).collect()
}

/// The same for a ring: its first place and the one farthest from it stay.
fn thin_ring(ring: &[[i32; 2]], tolerance: f64) -> Path {
    if ring.len() < 4 {
        return ring.to_vec();
    }
    // Where the ring begins is of no meaning: a corner of its box is one of its places for certain.
    let start = (0..ring.len()).min_by_key(|i| ring[*i]).unwrap_or_default();
    let turned: Path = ring[start..].iter().chain(&ring[..=start]).copied().collect();
    let far = (1..turned.len() - 1)
        .max_by_key(|i| {
            let (dx, dy) = (turned[*i][0] - turned[0][0], turned[*i][1] - turned[0][1]);
            i64::from(dx).pow(2) + i64::from(dy).pow(2)
        })
        .unwrap_or(1);
    let mut path = thin(&turned[..=far], tolerance);
    path.pop();
    path.extend(thin(&turned[far..], tolerance));
    path.pop();
    path
}

/// Square of the distance from a place to a segment.
fn square_to(a: [i32; 2], b: [i32; 2], p: [i32; 2]) -> f64 {
    let d = |to: [i32; 2], axis: usize| f64::from(to[axis]) - f64::from(a[axis]);
    let (dx, dy, px, py) = (d(b, 0), d(b, 1), d(p, 0), d(p, 1));
    let length = dx * dx + dy * dy;
    let t = if length == 0.0 { 0.0 } else { ((px * dx + py * dy) / length).clamp(0.0, 1.0) };
    // On a straight line the cross product is exactly 0, the difference of products below might not be.
    if dx * py == dy * px && (0.0..=1.0).contains(&t) && (t > 0.0 && t < 1.0) {
        return 0.0;
    }
    (px - dx * t).powi(2) + (py - dy * t).powi(2)
}

/// True when a ring with an area neither crosses nor touches itself. Says false of long rings without looking.
fn is_simple(ring: &[[i32; 2]]) -> bool {
    let n = ring.len();
    if !(3..=PAIRS_MAX).contains(&n) || doubled_area(ring) == 0 {
        return false;
    }
    let edge = |i: usize| (ring[i], ring[(i + 1) % n]);
    for i in 0..n {
        let (a, b) = edge(i);
        let (_, c) = edge((i + 1) % n);
        // The next edge may not run back over this one.
        let back = i64::from(a[0] - b[0]) * i64::from(c[0] - b[0])
            + i64::from(a[1] - b[1]) * i64::from(c[1] - b[1])
            > 0;
        if back && cross(a, b, c) == 0 {
            return false;
        }
        for j in i + 2..n {
            if i == 0 && j == n - 1 {
                continue;
            }
            let (p, q) = edge(j);
            if meet(a, b, p, q) {
                return false;
            }
        }
    }
    true
}

/// Whether two segments have a place in common.
fn meet(a: [i32; 2], b: [i32; 2], p: [i32; 2], q: [i32; 2]) -> bool {
    for axis in 0..2 {
        if a[axis].max(b[axis]) < p[axis].min(q[axis]) || p[axis].max(q[axis]) < a[axis].min(b[axis]) {
            return false;
        }
    }
    let sides = |a, b, p, q| cross(a, b, p).signum() * cross(a, b, q).signum() <= 0;
    sides(a, b, p, q) && sides(p, q, a, b)
}
