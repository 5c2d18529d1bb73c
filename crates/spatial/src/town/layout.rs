//! The outline of the city and the Voronoi cells of its communities.

use super::{Dice, Named, Plan, TownProblem};
use crate::plane::{Piece, Plane, node};
use crate::shape::{FastMap, Scale, Shape, Vertex, cosine, square, to_steps};
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// A place in metres east and north of the middle.
pub(super) type Metres = (f64, f64);

/// A county: its anchor and the positions of its communities.
type Anchored = (Metres, Vec<usize>);

/// Corners of the drawn outline.
const CORNERS: u32 = 60;
/// Vertices of neighbouring cells nearer than this many steps (about 60 cm) are one.
const SNAP_STEPS: i64 = 60;

/// What is drawn first.
pub(super) struct Layout {
    /// By community.
    pub shapes: Vec<Shape>,
    /// Edges between communities, or between one and the outside: ends and the communities on both sides.
    pub borders: Vec<(Vertex, Vertex, Option<u32>, Option<u32>)>,
    pub frame: Frame,
}

/// Turns metres into vertices and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    x: f64,
    y: f64,
    pub scale: Scale,
}

impl Frame {
    pub fn vertex(&self, (east, north): Metres) -> Vertex {
        Vertex { x: to_steps(self.x + east / self.scale.x), y: to_steps(self.y + north / self.scale.y) }
    }

    pub fn metres(&self, v: Vertex) -> Metres {
        ((f64::from(v.x) - self.x) * self.scale.x, (f64::from(v.y) - self.y) * self.scale.y)
    }
}

pub(super) fn draw(communities: &[Named], plan: &Plan, dice: &mut Dice) -> Result<Layout, TownProblem> {
    if communities.is_empty() {
        return Err(TownProblem::NoCommunity);
    }
    let middle = Vertex::from_degrees(plan.middle.0, plan.middle.1).ok_or(TownProblem::Place)?;
    if !(10_000.0..=20_000_000_000.0).contains(&plan.area_m2) || plan.middle.1.abs() > 80.0 {
        return Err(TownProblem::Place);
    }
    let frame =
        Frame { x: f64::from(middle.x), y: f64::from(middle.y), scale: Scale::at(f64::from(middle.y)) };
    let outline = outline(plan.area_m2, dice);
    let mut centres = vec![(0.0, 0.0); communities.len()];
    place_counties(communities, plan, &outline, dice, &mut centres);
    let cells = voronoi(&centres, &outline);
    let mut pieces = Vec::new();
    for cell in &cells {
        for (i, p) in cell.iter().enumerate() {
            let q = cell[(i + 1) % cell.len()];
            pieces.push(Piece { a: frame.vertex(*p), b: frame.vertex(q), mark: 0 });
        }
    }
    let plane = Plane::new(node(&pieces, SNAP_STEPS));
    let mut by_cycle: FastMap<u32, u32> = FastMap::default();
    let faces: Vec<(u32, Shape)> = (0..plane.cycles())
        .map(|cycle| (cycle, Shape::plain(plane.ring(cycle))))
        .filter(|(_, shape)| shape.outer.area2() > 0)
        .collect();
    let mut shapes = Vec::with_capacity(communities.len());
    for (number, (centre, community)) in (0_u32..).zip(centres.iter().zip(communities)) {
        let at = frame.vertex(*centre);
        let found = faces.iter().find(|(_, shape)| shape.holds(at));
        let (cycle, shape) = found.ok_or_else(|| TownProblem::Lost(community.code.clone()))?;
        by_cycle.insert(*cycle, number);
        shapes.push(shape.clone());
    }
    let side = |h: u32| by_cycle.get(&plane.cycle_of(h)).copied();
    let borders = (0..plane.len())
        .step_by(2)
        .map(|h| (plane.tail_vertex(h), plane.head_vertex(h), side(h), side(h ^ 1)))
        .collect();
    Ok(Layout { shapes, borders, frame })
}

/// A rounded, slightly uneven shape of exactly the area, wider than high; convex, so that cells stay whole.
fn outline(area: f64, dice: &mut Dice) -> Vec<Metres> {
    let phases: Vec<(f64, f64)> =
        (0..3).map(|_| (dice.between(0.0, 2.0 * PI), dice.between(0.2, 1.0))).collect();
    let turned = |angle: f64| cosine((angle + PI).rem_euclid(2.0 * PI) - PI);
    let points: Vec<Metres> = (0..CORNERS)
        .map(|i| {
            let angle = 2.0 * PI * f64::from(i) / f64::from(CORNERS);
            let (east, north) = (turned(angle), turned(angle - PI / 2.0));
            // Between a circle and a square, with three slow waves.
            let boxy = 1.0 / (square(square(east)) + square(square(north))).sqrt().sqrt();
            let waves: f64 = phases
                .iter()
                .zip(2..)
                .map(|((phase, size), n)| size * turned(f64::from(n) * angle + phase) * 0.03)
                .sum();
            let radius = 0.5 * (1.0 + boxy) * (1.0 + waves);
            (1.12 * radius * east, radius * north / 1.12)
        })
        .collect();
    let points = hull(points);
    let grow = (area / ring_area(&points)).sqrt();
    points.into_iter().map(|(x, y)| (x * grow, y * grow)).collect()
}

/// Counter-clockwise convex hull.
fn hull(mut points: Vec<Metres>) -> Vec<Metres> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let turn = |o: Metres, a: Metres, b: Metres| (a.0 - o.0) * (b.1 - o.1) - (a.1 - o.1) * (b.0 - o.0);
    let half = |points: &mut dyn Iterator<Item = Metres>| {
        let mut chain: Vec<Metres> = Vec::new();
        for p in points {
            while chain.len() > 1 && turn(chain[chain.len() - 2], chain[chain.len() - 1], p) <= 0.0 {
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut lower = half(&mut points.iter().copied());
    lower.extend(half(&mut points.iter().rev().copied()));
    lower
}

fn ring_area(ring: &[Metres]) -> f64 {
    let n = ring.len();
    (0..n).map(|i| ring[i].0 * ring[(i + 1) % n].1 - ring[i].1 * ring[(i + 1) % n].0).sum::<f64>() / 2.0
}

/// The part of a convex ring where `nx·x + ny·y ≤ level`.
fn clip(ring: &[Metres], (nx, ny): (f64, f64), level: f64) -> Vec<Metres> {
    let height = |p: Metres| p.0 * nx + p.1 * ny - level;
    let mut out = Vec::with_capacity(ring.len() + 1);
    for (i, p) in ring.iter().enumerate() {
        let q = ring[(i + 1) % ring.len()];
        let (hp, hq) = (height(*p), height(q));
        if hp <= 0.0 {
            out.push(*p);
        }
        if (hp < 0.0 && hq > 0.0) || (hp > 0.0 && hq < 0.0) {
            let t = hp / (hp - hq);
            out.push((p.0 + t * (q.0 - p.0), p.1 + t * (q.1 - p.1)));
        }
    }
    out
}

/// Cuts a convex ring by a line across `normal` so that the low side has `share` of the area.
fn halve(ring: &[Metres], normal: (f64, f64), share: f64) -> (Vec<Metres>, Vec<Metres>) {
    let heights = ring.iter().map(|p| p.0 * normal.0 + p.1 * normal.1);
    let (mut low, mut high) =
        heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let wanted = ring_area(ring) * share;
    for _ in 0..40 {
        let level = f64::midpoint(low, high);
        if ring_area(&clip(ring, normal, level)) < wanted { low = level } else { high = level }
    }
    let level = f64::midpoint(low, high);
    (clip(ring, normal, level), clip(ring, (-normal.0, -normal.1), -level))
}

/// Gives each county a part of the area by its anchor, each street a part of its county, and each community a
/// place in its street.
fn place_counties(
    communities: &[Named],
    plan: &Plan,
    ring: &[Metres],
    dice: &mut Dice,
    centres: &mut [Metres],
) {
    let mut counties: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, community) in communities.iter().enumerate() {
        counties.entry(&community.code.as_str()[..6]).or_default().push(i);
    }
    let anchored = counties
        .into_iter()
        .map(|(code, list)| {
            let anchor = plan.anchors.iter().find(|a| a.county.as_str() == code);
            (anchor.map_or((0.0, 0.0), |a| (a.east, a.north)), list)
        })
        .collect();
    let mut stack: Vec<(Vec<Anchored>, Vec<Metres>)> = vec![(anchored, ring.to_vec())];
    while let Some((mut counties, ring)) = stack.pop() {
        if counties.len() < 2 {
            let list = counties.pop().map(|(_, list)| list).unwrap_or_default();
            place_streets(communities, list, ring, dice, centres);
            continue;
        }
        // Where the anchors lie furthest apart, along either axis, the counties part.
        let mut best: Option<(f64, bool, usize)> = None;
        for along in [true, false] {
            let key = |c: &Anchored| if along { c.0.0 } else { c.0.1 };
            counties.sort_by(|a, b| key(a).total_cmp(&key(b)));
            for i in 1..counties.len() {
                let gap = key(&counties[i]) - key(&counties[i - 1]);
                if best.is_none_or(|(widest, _, _)| gap > widest) {
                    best = Some((gap, along, i));
                }
            }
        }
        let (along, at) = best.map_or((true, 1), |(_, along, at)| (along, at));
        counties.sort_by(|a, b| {
            let key = |c: &Anchored| if along { c.0.0 } else { c.0.1 };
            key(a).total_cmp(&key(b))
        });
        let rest = counties.split_off(at);
        let size = |list: &[Anchored]| list.iter().map(|(_, l)| l.len()).sum::<usize>();
        let normal = if along { (1.0, 0.0) } else { (0.0, 1.0) };
        let (low, high) = halve(&ring, normal, share(size(&counties), size(&rest)));
        stack.push((counties, low));
        stack.push((rest, high));
    }
}

#[allow(clippy::cast_precision_loss)] // counts of communities
fn share(one: usize, other: usize) -> f64 {
    one as f64 / (one + other).max(1) as f64
}

fn place_streets(
    communities: &[Named],
    list: Vec<usize>,
    ring: Vec<Metres>,
    dice: &mut Dice,
    centres: &mut [Metres],
) {
    let street = |i: usize| &communities[i].code.as_str()[..9];
    let mut stack = vec![(list, ring)];
    while let Some((list, ring)) = stack.pop() {
        if let [only] = list.as_slice() {
            centres[*only] = jittered_centre(&ring, dice);
            continue;
        }
        if list.is_empty() {
            continue;
        }
        // In the middle, but between two streets as long as there is more than one.
        let middle = list.len() / 2;
        let cut = (1..list.len())
            .filter(|i| street(list[*i - 1]) != street(list[*i]))
            .min_by_key(|i| i.abs_diff(middle))
            .unwrap_or(middle);
        let span = |f: fn(&Metres) -> f64| {
            let (low, high) =
                ring.iter().map(f).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
            high - low
        };
        let normal = if span(|p| p.0) >= span(|p| p.1) { (1.0, 0.0) } else { (0.0, 1.0) };
        let (low, high) = halve(&ring, normal, share(cut, list.len() - cut));
        stack.push((list[..cut].to_vec(), low));
        stack.push((list[cut..].to_vec(), high));
    }
}

fn jittered_centre(ring: &[Metres], dice: &mut Dice) -> Metres {
    let n = ring.len();
    let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
    for i in 0..n {
        let (p, q) = (ring[i], ring[(i + 1) % n]);
        let weight = p.0 * q.1 - q.0 * p.1;
        x += (p.0 + q.0) * weight;
        y += (p.1 + q.1) * weight;
        sum += weight;
    }
    let side = (sum / 2.0).abs().sqrt();
    let jitter = side * 0.09;
    (x / (3.0 * sum) + dice.between(-jitter, jitter), y / (3.0 * sum) + dice.between(-jitter, jitter))
}

/// The cell of each centre: the outline, less what is nearer to another centre.
fn voronoi(centres: &[Metres], outline: &[Metres]) -> Vec<Vec<Metres>> {
    let far = |a: Metres, b: Metres| square(a.0 - b.0) + square(a.1 - b.1);
    let mut cells = Vec::with_capacity(centres.len());
    for (i, own) in centres.iter().enumerate() {
        let mut others: Vec<(f64, Metres)> = centres
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, other)| (far(*own, *other), *other))
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut cell = outline.to_vec();
        for (away, other) in others {
            let reach = cell.iter().map(|p| far(*own, *p)).fold(0.0, f64::max);
            // A bisector further away than every corner cuts nothing, nor do the ones after it.
            if away > 4.0 * reach {
                break;
            }
            let normal = (other.0 - own.0, other.1 - own.1);
            let half = f64::midpoint(own.0, other.0) * normal.0 + f64::midpoint(own.1, other.1) * normal.1;
            cell = clip(&cell, normal, half);
        }
        cells.push(cell);
    }
    cells
}
