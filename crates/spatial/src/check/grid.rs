//! Checks of unit grids against themselves and against the communities they divide.
//!
//! Where the boundaries of a community's grids add up exactly to its own boundary, edge by edge, there is no gap,
//! no overlap and no crossing, and nothing more is computed. Only where they do not, the lines are noded and
//! each face asked who covers it.

use super::{Finding, FindingKind, Limits, Report};
use crate::divide::{Community, reading_order};
use crate::plane::{Piece, Plane, node};
use crate::shape::{Extent, FastMap, Locator, Ring, Shape, Vertex, touches};
use city::codes;
use kernel::GridCode;
use std::collections::BTreeMap;

/// A unit grid as it stands in the data; nothing about it is taken for granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow {
    pub code: String,
    pub shape: Shape,
}

/// A row read as far as it can be.
struct Read {
    /// Rings turned the right way, without repeated vertices; `None` when too little is left.
    shape: Option<Shape>,
    simple: bool,
    code: Option<GridCode>,
    /// Position in the communities.
    community: Option<usize>,
}

/// Checks the grids of a city. With no communities only the grids themselves are checked, and no code is unknown.
#[must_use]
pub fn check_grids(rows: &[GridRow], communities: &[Community], limits: &Limits) -> Report {
    let mut findings = Vec::new();
    let known: BTreeMap<&str, usize> =
        communities.iter().enumerate().map(|(i, c)| (c.code.as_str(), i)).collect();
    let reads: Vec<Read> = rows.iter().map(|row| read(row, &known, limits, &mut findings)).collect();
    duplicates(rows, &reads, &mut findings);
    let outlines: Vec<Shape> = communities.iter().map(|c| normal(&c.shape).0.unwrap_or_default()).collect();
    if communities.is_empty() {
        let all: Vec<usize> = (0..rows.len()).collect();
        covers(&Group { rows, reads: &reads, own: &all, others: &[], outline: None }, limits, &mut findings);
    } else {
        community_overlaps(communities, &outlines, limits, &mut findings);
        topology(rows, &reads, communities, &outlines, limits, &mut findings);
    }
    sequences(rows, &reads, &mut findings);
    Report::new(findings, limits.each_max)
}

fn read(row: &GridRow, known: &BTreeMap<&str, usize>, limits: &Limits, findings: &mut Vec<Finding>) -> Read {
    let (shape, turned, repeated) = normal(&row.shape);
    let place = place_of(shape.as_ref().unwrap_or(&row.shape));
    let mut say = |kind, amount| {
        if let Some((at, extent)) = place {
            findings.push(Finding { kind, codes: vec![row.code.clone()], at, extent, amount });
        } else {
            let (at, extent) = nowhere();
            findings.push(Finding { kind, codes: vec![row.code.clone()], at, extent, amount });
        }
    };
    let code = codes::unit_grid(&row.code).ok();
    if code.is_none() {
        say(FindingKind::BadGridCode, None);
    } else if row.code.len() == 14 {
        say(FindingKind::LegacyGridCode, None);
    }
    let community = code.as_ref().and_then(|code| known.get(code.as_str().get(..12)?).copied());
    if code.is_some() && community.is_none() && !known.is_empty() {
        say(FindingKind::UnknownCommunity, None);
    }
    let Some(shape) = shape else {
        say(FindingKind::TooFewVertices, None);
        return Read { shape: None, simple: false, code, community };
    };
    if turned {
        say(FindingKind::RingOrder, None);
    }
    if repeated {
        say(FindingKind::RepeatedVertex, None);
    }
    let simple = is_simple(&shape);
    if !simple {
        say(FindingKind::SelfCrossing, None);
    }
    let area = shape.area_m2();
    if 2.0 * area / shape.perimeter_m().max(f64::MIN_POSITIVE) < limits.narrow_m {
        say(FindingKind::Sliver, Some(area));
    }
    if area < limits.area_m2.0 {
        say(FindingKind::TooSmall, Some(area));
    }
    if area > limits.area_m2.1 {
        say(FindingKind::TooLarge, Some(area));
    }
    Read { shape: Some(shape), simple, code, community }
}

/// A shape without repeated vertices and spikes, its rings turned the right way; then whether a ring had to be
/// turned and whether a vertex was repeated. `None` when fewer than three vertices are left.
pub(super) fn normal(shape: &Shape) -> (Option<Shape>, bool, bool) {
    let (mut turned, mut repeated) = (false, false);
    let mut clean = |ring: &Ring, hole: bool| {
        let mut vertices = ring.0.clone();
        let before = vertices.len();
        loop {
            let n = vertices.len();
            let twice = (0..n).find(|i| {
                let (a, b, c) = (vertices[(i + n - 1) % n], vertices[*i], vertices[(i + 1) % n]);
                n > 1 && (b == c || a == c)
            });
            let Some(at) = twice else { break };
            vertices.remove(at);
        }
        repeated |= vertices.len() != before;
        let mut ring = Ring(vertices);
        if ring.0.len() < 3 || ring.area2() == 0 {
            return None;
        }
        if (ring.area2() < 0) != hole {
            ring.0.reverse();
            turned = true;
        }
        Some(ring)
    };
    let outer = clean(&shape.outer, false);
    let holes: Vec<Ring> = shape.holes.iter().filter_map(|hole| clean(hole, true)).collect();
    (outer.map(|outer| Shape { outer, holes }), turned, repeated)
}

/// Above this many edges they are compared in order of longitude.
const FEW_EDGES: usize = 24;

pub(super) fn is_simple(shape: &Shape) -> bool {
    for ring in shape.rings() {
        let mut vertices = ring.0.clone();
        vertices.sort_unstable();
        if vertices.windows(2).any(|pair| pair[0] == pair[1]) {
            return false;
        }
    }
    let mut edges: Vec<(Vertex, Vertex)> = shape.edges().collect();
    if edges.len() > FEW_EDGES {
        edges.sort_by_key(|(a, b)| a.x.min(b.x));
    }
    let sorted = edges.len() > FEW_EDGES;
    for (i, (a, b)) in edges.iter().enumerate() {
        for (c, d) in &edges[i + 1..] {
            if sorted && c.x.min(d.x) > a.x.max(b.x) {
                break;
            }
            if b == c || d == a {
                // Neighbours meet in their common end; lying on each other is a fault.
                let (via, p, q) = if b == c { (*b, *a, *d) } else { (*a, *b, *c) };
                let flat = crate::shape::cross(via, p, q) == 0;
                let d = |to: i32, from: i32| i128::from(to) - i128::from(from);
                let same_way = d(p.x, via.x) * d(q.x, via.x) + d(p.y, via.y) * d(q.y, via.y) > 0;
                if flat && same_way {
                    return false;
                }
                continue;
            }
            if touches(*a, *b, *c, *d) {
                return false;
            }
        }
    }
    true
}

fn nowhere() -> (Vertex, Extent) {
    let at = Vertex { x: 0, y: 0 };
    (at, Extent { west: 0, south: 0, east: 0, north: 0 })
}

fn place_of(shape: &Shape) -> Option<(Vertex, Extent)> {
    let extent = shape.extent()?;
    Some((shape.inner_point().or_else(|| shape.outer.0.first().copied())?, extent))
}

fn duplicates(rows: &[GridRow], reads: &[Read], findings: &mut Vec<Finding>) {
    let mut by_code: FastMap<&str, Vec<usize>> = FastMap::default();
    for (i, read) in reads.iter().enumerate() {
        let text = read.code.as_ref().map_or(rows[i].code.as_str(), GridCode::as_str);
        by_code.entry(text).or_default().push(i);
    }
    for list in by_code.into_values().filter(|list| list.len() > 1) {
        for i in list {
            let (at, extent) = place_of(&rows[i].shape).unwrap_or_else(nowhere);
            let codes = vec![rows[i].code.clone()];
            findings.push(Finding { kind: FindingKind::DuplicateGridCode, codes, at, extent, amount: None });
        }
    }
}

/// Faces covered by two communities.
fn community_overlaps(
    communities: &[Community],
    outlines: &[Shape],
    limits: &Limits,
    findings: &mut Vec<Finding>,
) {
    let mut sides: FastMap<(Vertex, Vertex), (u32, u32)> = FastMap::default();
    for (a, b) in outlines.iter().flat_map(Shape::edges) {
        let entry = sides.entry((a.min(b), a.max(b))).or_default();
        if a < b { entry.0 += 1 } else { entry.1 += 1 }
    }
    // An edge with one community on each side, or none on one, tells of no overlap; only edges that meet others
    // elsewhere than in vertices do, and those are found by noding what is not shared.
    let loose: Vec<usize> = (0..outlines.len())
        .filter(|i| {
            outlines[*i].edges().any(|(a, b)| sides.get(&(a.min(b), a.max(b))).is_none_or(|n| *n != (1, 1)))
        })
        .collect();
    let locator = Locator::new(outlines);
    let pieces: Vec<Piece> =
        loose.iter().flat_map(|i| outlines[*i].edges()).map(|(a, b)| Piece { a, b, mark: 0 }).collect();
    let mut areas: BTreeMap<(usize, usize), Found> = BTreeMap::new();
    for_faces(&pieces, limits, |face, inner| {
        let over: Vec<usize> = locator.all_at(inner).collect();
        for (n, one) in over.iter().enumerate() {
            for other in &over[n + 1..] {
                areas.entry((*one, *other)).or_default().add(face, inner);
            }
        }
    });
    for ((one, other), found) in areas {
        let codes = vec![communities[one].code.to_string(), communities[other].code.to_string()];
        findings.extend(found.finding(FindingKind::CommunityOverlap, codes));
    }
}

/// Faces that say the same thing, together.
#[derive(Default)]
struct Found {
    area: f64,
    width: f64,
    largest: f64,
    at: Option<Vertex>,
    extent: Option<Extent>,
}

impl Found {
    fn add(&mut self, face: &Shape, inner: Vertex) {
        let area = face.area_m2();
        self.area += area;
        self.width = self.width.max(2.0 * area / face.perimeter_m());
        if area > self.largest {
            self.largest = area;
            self.at = Some(inner);
        }
        self.extent = match (self.extent, face.extent()) {
            (Some(a), Some(b)) => Some(a.union(&b)),
            (a, b) => a.or(b),
        };
    }

    fn finding(self, kind: FindingKind, codes: Vec<String>) -> Option<Finding> {
        Some(Finding { kind, codes, at: self.at?, extent: self.extent?, amount: Some(self.area) })
    }
}

fn topology(
    rows: &[GridRow],
    reads: &[Read],
    communities: &[Community],
    outlines: &[Shape],
    limits: &Limits,
    findings: &mut Vec<Finding>,
) {
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); communities.len()];
    let mut orphans = Vec::new();
    for (i, read) in reads.iter().enumerate() {
        match read.community {
            Some(community) => own[community].push(i),
            None => orphans.push(i),
        }
    }
    let around: FastMap<usize, ()> = if orphans.is_empty() {
        FastMap::default()
    } else {
        let locator = Locator::new(outlines);
        let extents = orphans.iter().filter_map(|i| reads[*i].shape.as_ref()?.extent());
        extents.flat_map(|extent| locator.near(&extent)).map(|community| (community, ())).collect()
    };
    let unclean: Vec<usize> = (0..communities.len())
        .filter(|i| around.contains_key(i) || !adds_up(reads, &own[*i], &outlines[*i]))
        .collect();
    if unclean.is_empty() {
        return;
    }
    let shapes: Vec<Shape> = reads.iter().map(|read| read.shape.clone().unwrap_or_default()).collect();
    let locator = Locator::new(&shapes);
    for i in unclean {
        let Some(extent) = outlines[i].extent() else { continue };
        let others: Vec<usize> =
            locator.near(&extent).into_iter().filter(|row| reads[*row].community != Some(i)).collect();
        let group = Group {
            rows,
            reads,
            own: &own[i],
            others: &others,
            outline: Some((&communities[i], &outlines[i])),
        };
        covers(&group, limits, findings);
    }
}

/// True when the directed edges of the grids, the shared ones cancelled out, are those of the outline. The sum of
/// the grids' winding numbers is then that of the community everywhere, and each grid's is 0 or 1.
fn adds_up(reads: &[Read], own: &[usize], outline: &Shape) -> bool {
    let mut balance: FastMap<(Vertex, Vertex), i32> = FastMap::default();
    let mut add = |a: Vertex, b: Vertex, sign: i32| {
        let (key, sign) = if a < b { ((a, b), sign) } else { ((b, a), -sign) };
        *balance.entry(key).or_default() += sign;
    };
    for read in own.iter().map(|i| &reads[*i]) {
        let Some(shape) = read.shape.as_ref().filter(|_| read.simple) else { return false };
        shape.edges().for_each(|(a, b)| add(a, b, 1));
    }
    outline.edges().for_each(|(a, b)| add(a, b, -1));
    balance.values().all(|n| *n == 0)
}

/// Grids looked at together: those of a community (or all), and what else lies around.
struct Group<'a> {
    rows: &'a [GridRow],
    reads: &'a [Read],
    own: &'a [usize],
    others: &'a [usize],
    outline: Option<(&'a Community, &'a Shape)>,
}

fn covers(group: &Group<'_>, limits: &Limits, findings: &mut Vec<Finding>) {
    let members: Vec<usize> = group.own.iter().chain(group.others).copied().collect();
    let shapes: Vec<Shape> =
        members.iter().map(|i| group.reads[*i].shape.clone().unwrap_or_default()).collect();
    let outline = group.outline.map(|(_, outline)| outline);
    let pieces: Vec<Piece> =
        shapes.iter().chain(outline).flat_map(Shape::edges).map(|(a, b)| Piece { a, b, mark: 0 }).collect();
    let locator = Locator::new(&shapes);
    let is_own = |at: usize| at < group.own.len();
    let mut outside: BTreeMap<usize, Found> = BTreeMap::new();
    let mut overlaps: BTreeMap<(usize, usize), Found> = BTreeMap::new();
    for_faces(&pieces, limits, |face, inner| {
        let inside = outline.is_none_or(|outline| outline.holds(inner));
        let over: Vec<usize> = locator.all_at(inner).collect();
        if inside && over.is_empty() && outline.is_some() {
            let mut found = Found::default();
            found.add(face, inner);
            let kind = if found.width < limits.sliver_m { FindingKind::SliverGap } else { FindingKind::Gap };
            let mut codes: Vec<String> = group.outline.iter().map(|(c, _)| c.code.to_string()).collect();
            codes.extend(neighbours(face, &locator, &members, group));
            findings.extend(found.finding(kind, codes));
            return;
        }
        if !inside {
            for at in over.iter().filter(|at| is_own(**at)) {
                outside.entry(members[*at]).or_default().add(face, inner);
            }
        }
        // Grids of other communities that reach in are reported there; those of no community are not.
        let counts = |at: &&usize| is_own(**at) || group.reads[members[**at]].community.is_none();
        let counted: Vec<&usize> = over.iter().filter(counts).collect();
        for (n, one) in counted.iter().enumerate() {
            for other in &counted[n + 1..] {
                if is_own(**one) || is_own(**other) || inside {
                    overlaps.entry((members[**one], members[**other])).or_default().add(face, inner);
                }
            }
        }
    });
    let code = |i: usize| group.rows[i].code.clone();
    for (i, found) in outside {
        let all = group.reads[i].shape.as_ref().map_or(0.0, Shape::area_m2);
        let kind = if found.area > all * 0.9 {
            FindingKind::OutsideCommunity
        } else {
            FindingKind::CrossesCommunity
        };
        let community = group.outline.map(|(c, _)| c.code.to_string());
        findings.extend(found.finding(kind, std::iter::once(code(i)).chain(community).collect()));
    }
    for ((one, other), found) in overlaps {
        let thin = found.width < limits.sliver_m;
        let kind = if thin { FindingKind::SliverOverlap } else { FindingKind::Overlap };
        findings.extend(found.finding(kind, vec![code(one), code(other)]));
    }
}

/// Codes of own grids around a gap; eight are enough to find it by.
fn neighbours(face: &Shape, locator: &Locator, members: &[usize], group: &Group<'_>) -> Vec<String> {
    let Some(extent) = face.extent() else { return Vec::new() };
    locator
        .near(&extent)
        .into_iter()
        .filter(|at| {
            let shape = locator.shape(*at);
            face.edges().any(|(a, b)| shape.edges().any(|(c, d)| touches(a, b, c, d)))
        })
        .take(8)
        .map(|at| group.rows[members[at]].code.clone())
        .collect()
}

/// Calls `each` for the faces between the pieces that are wider than the tolerance, with a point inside.
fn for_faces(pieces: &[Piece], limits: &Limits, mut each: impl FnMut(&Shape, Vertex)) {
    let plane = Plane::new(node(pieces, 1));
    let mut holes: FastMap<u32, Vec<Ring>> = FastMap::default();
    for (hole, face) in plane.faces_around_holes() {
        if let Some(face) = face {
            holes.entry(face).or_default().push(plane.ring(hole));
        }
    }
    for cycle in (0..plane.cycles()).filter(|cycle| plane.has_cycle(*cycle)) {
        let outer = plane.ring(cycle);
        if outer.area2() <= 0 {
            continue;
        }
        let face = Shape { outer, holes: holes.remove(&cycle).unwrap_or_default() };
        if 2.0 * face.area_m2() / face.perimeter_m() < limits.tolerance_m {
            continue;
        }
        if let Some(inner) = face.inner_point() {
            each(&face, inner);
        }
    }
}

/// In each community whose codes are readable and unique: do they run in reading order?
fn sequences(rows: &[GridRow], reads: &[Read], findings: &mut Vec<Finding>) {
    let mut by_community: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, read) in reads.iter().enumerate() {
        if let (Some(code), Some(_)) = (&read.code, &read.shape) {
            by_community.entry(&code.as_str()[..12]).or_default().push(i);
        }
    }
    for (_, mut list) in by_community {
        list.sort_by(|a, b| reads[*a].code.cmp(&reads[*b].code));
        let shapes: Vec<Shape> = list.iter().filter_map(|i| reads[*i].shape.clone()).collect();
        let wrong: Vec<usize> = reading_order(&shapes)
            .into_iter()
            .enumerate()
            .filter(|(n, at)| n != at)
            .map(|(_, at)| at)
            .collect();
        let Some(first) = wrong.first() else { continue };
        let Some((at, _)) = place_of(&shapes[*first]) else { continue };
        let extent = wrong.iter().filter_map(|at| shapes[*at].extent()).reduce(|a, b| a.union(&b));
        let codes = wrong.iter().map(|at| rows[list[*at]].code.clone()).collect();
        if let Some(extent) = extent {
            findings.push(Finding { kind: FindingKind::SequenceOrder, codes, at, extent, amount: None });
        }
    }
}
