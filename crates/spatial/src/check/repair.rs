//! Mends what can be mended without asking: notation, rounding, legacy codes. What is left is reported.

use super::grid::{is_simple, normal};
use super::{GridRow, Limits, Report, check_grids};
use crate::divide::{Community, grid_code, reading_order};
use crate::plane::{Snapper, passes};
use crate::shape::{FastMap, Ring, Shape, Vertex};
use city::codes;
use std::collections::BTreeMap;

/// How far the mending goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RepairOptions {
    /// Vertices and edges nearer than this are drawn together, in metres; at most 2.
    pub snap_m: f64,
    /// Number the grids of each community anew in reading order. Off by default: codes may be in use already.
    pub renumber: bool,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self { snap_m: 0.2, renumber: false }
    }
}

/// What was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repair {
    /// A 14-digit code got its zero, or spaces around a code went.
    Code,
    /// A ring was turned, closed once instead of twice, or freed of repeated vertices and spikes.
    Ring,
    /// Vertices moved, by less than the snap, onto those of neighbours.
    Snapped,
    /// The sequence was issued anew.
    Renumbered,
}

impl Repair {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Ring => "ring",
            Self::Snapped => "snapped",
            Self::Renumbered => "renumbered",
        }
    }
}

/// One repair of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    pub repair: Repair,
    /// The row's position.
    pub row: usize,
    pub before: String,
    pub after: String,
}

/// The grid system after mending.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// In the order given.
    pub rows: Vec<GridRow>,
    /// With the vertices their grids have on the boundary.
    pub communities: Vec<Community>,
    pub mended: Vec<Mended>,
    /// What is still wrong.
    pub left: Report,
}

/// Mends what is safe. No vertex moves by more than `snap_m`, no row is added or taken away.
#[must_use]
pub fn repair(
    rows: &[GridRow],
    communities: &[Community],
    options: &RepairOptions,
    limits: &Limits,
) -> Repaired {
    let mut rows = rows.to_vec();
    let mut communities = communities.to_vec();
    let mut mended = Vec::new();
    for (i, row) in rows.iter_mut().enumerate() {
        let after = codes::unit_grid(row.code.trim());
        if let Ok(after) = after
            && after.as_str() != row.code
        {
            let before = std::mem::replace(&mut row.code, after.to_string());
            mended.push(Mended { repair: Repair::Code, row: i, before, after: row.code.clone() });
        }
        if let (Some(shape), turned, repeated) = normal(&row.shape)
            && (turned || repeated)
        {
            mended.push(note(Repair::Ring, i, &row.code));
            row.shape = shape;
        }
    }
    for community in &mut communities {
        if let (Some(shape), _, _) = normal(&community.shape) {
            community.shape = shape;
        }
    }
    snap(&mut rows, &mut communities, options, &mut mended);
    if options.renumber {
        renumber(&mut rows, &mut mended);
    }
    let left = check_grids(&rows, &communities, limits);
    Repaired { rows, communities, mended, left }
}

fn note(repair: Repair, row: usize, code: &str) -> Mended {
    Mended { repair, row, before: code.to_owned(), after: code.to_owned() }
}

/// Draws vertices together and gives every edge the vertices that lie on it. Those of communities stay where
/// they are; a row whose polygon would suffer stays as it was.
fn snap(
    rows: &mut [GridRow],
    communities: &mut [Community],
    options: &RepairOptions,
    mended: &mut Vec<Mended>,
) {
    #[allow(clippy::cast_possible_truncation)] // 1 to 200
    let steps = (options.snap_m.clamp(0.0, 2.0) * 100.0).round().max(1.0) as i32;
    let mut snapper = Snapper::new(i64::from(steps));
    for vertex in communities.iter().flat_map(|c| c.shape.rings()).flat_map(|ring| &ring.0) {
        snapper.id(*vertex);
    }
    for vertex in rows.iter().flat_map(|row| row.shape.rings()).flat_map(|ring| &ring.0) {
        snapper.id(*vertex);
    }
    let mut filed: FastMap<(i32, i32), Vec<u32>> = FastMap::default();
    for (id, v) in (0_u32..).zip(&snapper.vertices) {
        filed.entry(file(*v)).or_default().push(id);
    }
    let mut redraw = |shape: &Shape| {
        let mut ring = |ring: &Ring| {
            let ids: Vec<u32> = ring.0.iter().map(|v| snapper.id(*v)).collect();
            let mut out = Vec::with_capacity(ids.len());
            for (i, a) in ids.iter().enumerate() {
                let b = ids[(i + 1) % ids.len()];
                let (p, q) = (snapper.vertices[*a as usize], snapper.vertices[b as usize]);
                out.push(p);
                out.extend(between(p, q, &filed, &snapper.vertices, f64::from(steps)));
            }
            out.dedup();
            Ring(out)
        };
        Shape { outer: ring(&shape.outer), holes: shape.holes.iter().map(&mut ring).collect() }
    };
    for community in communities {
        let drawn = redraw(&community.shape);
        if is_simple(&drawn) {
            community.shape = drawn;
        }
    }
    for (i, row) in rows.iter_mut().enumerate() {
        let drawn = redraw(&row.shape);
        let (Some(drawn), _, _) = normal(&drawn) else { continue };
        if drawn != row.shape && is_simple(&drawn) {
            if moved(&row.shape, &drawn) {
                mended.push(note(Repair::Snapped, i, &row.code));
            }
            row.shape = drawn;
        }
    }
}

/// True when a vertex is not where it was; vertices added on an edge are no repair worth telling.
fn moved(old: &Shape, new: &Shape) -> bool {
    let kept: std::collections::BTreeSet<Vertex> = new.rings().flat_map(|r| r.0.iter().copied()).collect();
    old.rings().flat_map(|r| &r.0).any(|v| !kept.contains(v))
}

/// Side of the cells in which vertices are filed, in steps (about 20 m).
const FILE_STEPS: i32 = 2_000;

fn file(v: Vertex) -> (i32, i32) {
    (v.x.div_euclid(FILE_STEPS), v.y.div_euclid(FILE_STEPS))
}

/// Vertices on the way from `p` to `q`, in order.
fn between(
    p: Vertex,
    q: Vertex,
    filed: &FastMap<(i32, i32), Vec<u32>>,
    vertices: &[Vertex],
    near: f64,
) -> Vec<Vertex> {
    let (low, high) = (
        file(Vertex { x: p.x.min(q.x), y: p.y.min(q.y) }),
        file(Vertex { x: p.x.max(q.x), y: p.y.max(q.y) }),
    );
    let mut found: Vec<(i128, Vertex)> = Vec::new();
    for x in low.0 - 1..=high.0 + 1 {
        for y in low.1 - 1..=high.1 + 1 {
            for id in filed.get(&(x, y)).into_iter().flatten() {
                let v = vertices[*id as usize];
                if v != p && v != q && passes(p, q, v, near) {
                    let d = |to: i32, from: i32| i128::from(to) - i128::from(from);
                    let along = d(v.x, p.x) * d(q.x, p.x) + d(v.y, p.y) * d(q.y, p.y);
                    found.push((along, v));
                }
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, v)| v).collect()
}

fn renumber(rows: &mut [GridRow], mended: &mut Vec<Mended>) {
    let mut by_community: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        if let Ok(code) = codes::unit_grid(&row.code) {
            by_community.entry(code.as_str()[..12].to_owned()).or_default().push(i);
        }
    }
    for (community, mut list) in by_community {
        let Ok(community) = community.parse() else { continue };
        list.sort_by(|a, b| rows[*a].code.cmp(&rows[*b].code));
        let shapes: Vec<Shape> = list.iter().map(|i| rows[*i].shape.clone()).collect();
        for (sequence, at) in (1..).zip(reading_order(&shapes)) {
            let Some(code) = grid_code(&community, sequence) else { break };
            let row = list[at];
            if rows[row].code != code.as_str() {
                let before = std::mem::replace(&mut rows[row].code, code.to_string());
                let after = rows[row].code.clone();
                mended.push(Mended { repair: Repair::Renumbered, row, before, after });
            }
        }
    }
}
