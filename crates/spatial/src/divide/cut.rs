//! Where to cut a polygon so that both parts have the sizes wanted and are compact.

use crate::plane::Plane;
use crate::shape::{Scale, Vertex, cross, square, to_steps, touches};
use std::cmp::Ordering;

/// Lines tried in each direction.
const LINES: u32 = 23;
/// Cuts tried exactly before a polygon counts as not divisible.
const TRIES: usize = 24;
/// A cut that ends nearer than this share of a grid's side to a corner ends in the corner.
const CORNER_SHARE: f64 = 0.08;
/// A cut keeps this far from corners it does not end in, in metres.
const CLEAR_M: f64 = 0.5;

/// One end of a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// At the start of this half-edge of the polygon, counted from its first.
    Corner(usize),
    /// On this half-edge.
    Edge(usize, Vertex),
}

/// A cut through a polygon; the part from `from` to `to` along the ring gets `share` of the pieces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub from: End,
    pub to: End,
    pub share: usize,
}

/// A polygon in metres from its first corner, with running sums of area and length.
struct Flat {
    points: Vec<(f64, f64)>,
    /// Twice the area of the fan up to each corner; one more entry for the whole.
    area2: Vec<f64>,
    length: Vec<f64>,
}

impl Flat {
    fn new(ring: &[Vertex], scale: Scale) -> Self {
        let first = ring[0];
        let points: Vec<(f64, f64)> = ring
            .iter()
            .map(|v| {
                (
                    (f64::from(v.x) - f64::from(first.x)) * scale.x,
                    (f64::from(v.y) - f64::from(first.y)) * scale.y,
                )
            })
            .collect();
        let (mut area2, mut length) = (vec![0.0], vec![0.0]);
        for (i, a) in points.iter().enumerate() {
            let b = points[(i + 1) % points.len()];
            area2.push(area2[i] + a.0 * b.1 - a.1 * b.0);
            length.push(length[i] + distance(*a, b));
        }
        Self { points, area2, length }
    }

    fn count(&self) -> usize {
        self.points.len()
    }

    fn total_area(&self) -> f64 {
        self.area2[self.count()] / 2.0
    }

    fn perimeter(&self) -> f64 {
        self.length[self.count()]
    }

    /// Area and outer length of the part from `p` on edge `i` forward to `q` on edge `j`.
    fn part(&self, (i, p): (usize, (f64, f64)), (j, q): (usize, (f64, f64))) -> (f64, f64) {
        let n = self.count();
        let (a, b) = (self.points[(i + 1) % n], self.points[j]);
        let fan = |u: (f64, f64), w: (f64, f64)| u.0 * w.1 - u.1 * w.0;
        let (area, length) = if j > i {
            (self.area2[j] - self.area2[i + 1], self.length[j] - self.length[i + 1])
        } else {
            (
                self.area2[n] - self.area2[i + 1] + self.area2[j],
                self.length[n] - self.length[i + 1] + self.length[j],
            )
        };
        let area = area + fan(p, a) + fan(b, q) + fan(q, p);
        (area / 2.0, length + distance(p, a) + distance(b, q))
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (square(a.0 - b.0) + square(a.1 - b.1)).sqrt()
}

/// How far a part is from a square, 0 for a square and more for longer ones.
pub(super) fn stretch(area: f64, perimeter: f64) -> f64 {
    if area <= 0.0 { f64::INFINITY } else { perimeter * perimeter / (16.0 * area) - 1.0 }
}

/// The best cut of a ring into `pieces` (at least 2) that is valid on the fixed grid; `None` when there is none.
pub(super) fn best(ring: &[Vertex], pieces: usize) -> Option<Cut> {
    let n = ring.len();
    if n < 3 || pieces < 2 {
        return None;
    }
    let scale = Scale::at(f64::from(ring[0].y));
    let flat = Flat::new(ring, scale);
    #[allow(clippy::cast_precision_loss)] // a few hundred pieces
    let side = (flat.total_area() / pieces as f64).max(1.0).sqrt();
    let mut found: Vec<(f64, Cut)> = Vec::new();
    for direction in directions(&flat) {
        lines(&flat, ring, scale, direction, pieces, side, &mut found);
    }
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    found.into_iter().take(TRIES).map(|(_, cut)| cut).find(|cut| is_valid(ring, scale, *cut))
}

/// Unit normals of the lines to try: across and along the three longest sides, and the two axes.
fn directions(flat: &Flat) -> Vec<(f64, f64)> {
    let n = flat.count();
    let mut sides: Vec<(f64, usize)> =
        (0..n).map(|i| (distance(flat.points[i], flat.points[(i + 1) % n]), i)).collect();
    sides.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut found = vec![(1.0, 0.0), (0.0, 1.0)];
    for (length, i) in sides.into_iter().take(3).filter(|(length, _)| *length > 0.0) {
        let (a, b) = (flat.points[i], flat.points[(i + 1) % n]);
        let (ux, uy) = ((b.0 - a.0) / length, (b.1 - a.1) / length);
        for normal in [(ux, uy), (-uy, ux)] {
            let known = found.iter().any(|(x, y)| (x * normal.0 + y * normal.1).abs() > 0.999);
            if !known {
                found.push(normal);
            }
        }
    }
    found
}

fn lines(
    flat: &Flat,
    ring: &[Vertex],
    scale: Scale,
    normal: (f64, f64),
    pieces: usize,
    side: f64,
    found: &mut Vec<(f64, Cut)>,
) {
    let heights: Vec<f64> = flat.points.iter().map(|p| p.0 * normal.0 + p.1 * normal.1).collect();
    let (low, high) =
        heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let mut met: Vec<(f64, usize, (f64, f64))> = Vec::new();
    for line in 1..=LINES {
        let level = low + (high - low) * f64::from(line) / f64::from(LINES + 1);
        met.clear();
        for i in 0..flat.count() {
            let j = (i + 1) % flat.count();
            if (heights[i] > level) == (heights[j] > level) {
                continue;
            }
            let t = (level - heights[i]) / (heights[j] - heights[i]);
            let (a, b) = (flat.points[i], flat.points[j]);
            let p = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            met.push((p.1 * normal.0 - p.0 * normal.1, i, p));
        }
        met.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in met.chunks_exact(2) {
            let (p, q) = ((pair[0].1, pair[0].2), (pair[1].1, pair[1].2));
            if let Some(rated) = rate(flat, ring, scale, p, q, pieces, side) {
                found.push(rated);
            }
        }
    }
}

/// The cost of a cut: how uneven, how long, how stretched its parts; less is better.
fn rate(
    flat: &Flat,
    ring: &[Vertex],
    scale: Scale,
    p: (usize, (f64, f64)),
    q: (usize, (f64, f64)),
    pieces: usize,
    side: f64,
) -> Option<(f64, Cut)> {
    #[allow(clippy::cast_precision_loss)] // a few hundred pieces
    let all = pieces as f64;
    let (area, length) = flat.part(p, q);
    let total = flat.total_area();
    let chord = distance(p.1, q.1);
    if chord < CLEAR_M {
        return None;
    }
    let exact = area / total * all;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped between 1 and pieces - 1
    let share = exact.round().clamp(1.0, all - 1.0) as usize;
    #[allow(clippy::cast_precision_loss)]
    let given = share as f64;
    let off = (exact - given).abs();
    if off > 0.45 {
        return None;
    }
    let rest = (total - area, flat.perimeter() - length);
    let bend = stretch(area, length + chord) + stretch(rest.0, rest.1 + chord);
    let uneven = (given / all - 0.5).abs();
    let cost = 1.2 * off + 0.8 * bend + 0.5 * chord / total.sqrt() + 0.6 * uneven;
    let cut = Cut { from: end(flat, ring, scale, p, side)?, to: end(flat, ring, scale, q, side)?, share };
    Some((cost, cut))
}

fn end(flat: &Flat, ring: &[Vertex], scale: Scale, (i, p): (usize, (f64, f64)), side: f64) -> Option<End> {
    let j = (i + 1) % flat.count();
    let near = (side * CORNER_SHARE).max(2.0 * CLEAR_M);
    let (to_start, to_end) = (distance(p, flat.points[i]), distance(p, flat.points[j]));
    if to_start.min(to_end) < near {
        return Some(End::Corner(if to_start <= to_end { i } else { j }));
    }
    let first = ring[0];
    let v = Vertex {
        x: to_steps(f64::from(first.x) + p.0 / scale.x),
        y: to_steps(f64::from(first.y) + p.1 / scale.y),
    };
    (v != ring[i] && v != ring[j]).then_some(End::Edge(i, v))
}

fn is_valid(ring: &[Vertex], scale: Scale, cut: Cut) -> bool {
    let n = ring.len();
    let place = |end: End| match end {
        End::Corner(i) => ring[i],
        End::Edge(_, v) => v,
    };
    let (a, b) = (place(cut.from), place(cut.to));
    let joined = match (cut.from, cut.to) {
        (End::Corner(i), End::Corner(j)) => i == j || (i + 1) % n == j || (j + 1) % n == i,
        (End::Corner(c), End::Edge(e, _)) | (End::Edge(e, _), End::Corner(c)) => c == e || c == (e + 1) % n,
        (End::Edge(i, _), End::Edge(j, _)) => i == j,
    };
    if joined || a == b {
        return false;
    }
    let own = |i: usize, end: End| match end {
        End::Corner(c) => c == i || c == (i + 1) % n,
        End::Edge(e, _) => e == i,
    };
    for i in 0..n {
        if !own(i, cut.from) && !own(i, cut.to) && touches(a, b, ring[i], ring[(i + 1) % n]) {
            return false;
        }
        if ring[i] != a && ring[i] != b && metres_off(a, b, ring[i], scale) < CLEAR_M {
            return false;
        }
    }
    // Inside just after it leaves `a`: between the edge that leaves `a` and the one that comes to it.
    let (before, after) = match cut.from {
        End::Corner(c) => (ring[(c + n - 1) % n], ring[(c + 1) % n]),
        End::Edge(e, _) => (ring[e], ring[(e + 1) % n]),
    };
    within_corner(before, a, after, b)
}

/// True when the way from `at` to `to` runs inside the corner `before at after` of a counter-clockwise ring.
pub(super) fn within_corner(before: Vertex, at: Vertex, after: Vertex, to: Vertex) -> bool {
    let left_of_out = cross(at, after, to) > 0;
    let left_of_in = cross(before, at, to) > 0;
    if cross(before, at, after) >= 0 { left_of_out && left_of_in } else { left_of_out || left_of_in }
}

fn metres_off(a: Vertex, b: Vertex, v: Vertex, scale: Scale) -> f64 {
    let m = |p: Vertex| {
        ((f64::from(p.x) - f64::from(a.x)) * scale.x, (f64::from(p.y) - f64::from(a.y)) * scale.y)
    };
    let (u, w) = (m(b), m(v));
    let norm = u.0 * u.0 + u.1 * u.1;
    let t = if norm == 0.0 { 0.0 } else { ((u.0 * w.0 + u.1 * w.1) / norm).clamp(0.0, 1.0) };
    distance((u.0 * t, u.1 * t), w)
}

/// Orders two ways out of `via`, come from `from`: the sharper left turn first.
pub(super) fn turn_order(from: Vertex, via: Vertex, p: Vertex, q: Vertex) -> Ordering {
    let class = |to: Vertex| match cross(from, via, to).signum() {
        1 => 0,
        0 => 1,
        _ => 2,
    };
    class(p).cmp(&class(q)).then_with(|| 0.cmp(&cross(via, q, p)))
}

/// Half-edges of a face with their starts.
pub(super) fn ring_of(plane: &Plane, cycle: u32) -> (Vec<u32>, Vec<Vertex>) {
    let walk = plane.walk(cycle);
    let ring = walk.iter().map(|h| plane.tail_vertex(*h)).collect();
    (walk, ring)
}
