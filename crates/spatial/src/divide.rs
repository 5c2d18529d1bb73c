//! Divides communities into unit grids (单元网格划分) of about 10,000 m² along streets and boundaries.
//!
//! All communities are cut in one plane, so neighbours share every vertex: inside a community there is no gap and
//! no overlap, exactly. Streets cut first; what they leave too small or too thin joins a neighbour, what is too
//! large is cut across its length into pieces of about one size. The same input gives the same grids.

mod cut;
mod order;
mod split;

pub use order::reading_order;

use crate::plane::{Piece, Plane, node};
use crate::shape::{FastMap, Locator, Ring, Shape, Vertex};
use city::area::PlaceLevel;
use kernel::GridCode;
use split::Cells;

/// Grids of one community: the sequence has three digits.
pub const GRIDS_PER_COMMUNITY_MAX: usize = 999;
/// Vertices of all communities and streets of one call; a province's districts hold fewer.
pub const VERTICES_MAX: usize = 4_000_000;

/// A community (社区) to be divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// 12 digits.
    pub code: GridCode,
    pub shape: Shape,
}

/// How to divide.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Size aimed at, in m². Source: `standards/codes.md` §3, about 10,000 in built-up areas.
    pub target_m2: f64,
    /// The exact number of grids wanted over all communities; overrides `target_m2`.
    pub count: Option<usize>,
    /// Vertices, ends of streets and boundaries nearer than this become one, in metres.
    pub snap_m: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { target_m2: 10_000.0, count: None, snap_m: 0.5 }
    }
}

/// One unit grid as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// 15 digits.
    pub code: GridCode,
    /// Position of its community in the input.
    pub community: usize,
    pub shape: Shape,
    pub area_m2: f64,
}

/// Communities divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Divided {
    /// By community as given, then by sequence.
    pub grids: Vec<Grid>,
    /// The communities again, with every vertex their grids put on the boundary. Store these: their union is
    /// exactly that of the grids. They differ from the input by less than `snap_m`.
    pub outlines: Vec<Shape>,
}

/// Why communities cannot be divided.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DivideProblem {
    #[error("{code} is not the code of a community: 12 digits are expected")]
    NotACommunity { code: GridCode },
    #[error("community {code} is there twice")]
    CommunityTwice { code: GridCode },
    #[error("community {code} encloses no area")]
    NoArea { code: GridCode },
    #[error("communities {one} and {other} overlap")]
    Overlap { one: GridCode, other: GridCode },
    #[error("community {code} would have {grids} grids of {target_m2} m²; {GRIDS_PER_COMMUNITY_MAX} at most")]
    TooMany { code: GridCode, grids: usize, target_m2: f64 },
    #[error("{wanted} grids cannot be made of these communities; {made} can")]
    Count { wanted: usize, made: usize },
    #[error("the target of {0} m² is not between 100 and 10,000,000")]
    Target(f64),
    #[error("{0} vertices are more than {VERTICES_MAX}")]
    TooLarge(usize),
}

impl DivideProblem {
    /// The stable code under which the text for people is found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotACommunity { .. } => "not_a_community",
            Self::CommunityTwice { .. } => "community_twice",
            Self::NoArea { .. } => "no_area",
            Self::Overlap { .. } => "communities_overlap",
            Self::TooMany { .. } => "too_many_grids",
            Self::Count { .. } => "count_out_of_reach",
            Self::Target(_) => "target_out_of_range",
            Self::TooLarge(_) => "too_much_data",
        }
    }
}

/// Marks of edges in the plane; where lines coincide the greater one stays.
const CUT: u32 = 0;
const STREET: u32 = 1;
const OUTLINE: u32 = 2;

/// Divides `communities` along `streets` (polylines).
///
/// # Errors
/// See [`DivideProblem`]; nothing is answered by halves.
pub fn divide(
    communities: &[Community],
    streets: &[Vec<Vertex>],
    options: &Options,
) -> Result<Divided, DivideProblem> {
    check_input(communities, streets, options)?;
    let mut pieces = Vec::new();
    for (a, b) in communities.iter().flat_map(|community| community.shape.edges()) {
        pieces.push(Piece { a, b, mark: OUTLINE });
    }
    for street in streets {
        pieces.extend(street.windows(2).map(|pair| Piece { a: pair[0], b: pair[1], mark: STREET }));
    }
    let steps = (options.snap_m.clamp(0.0, 20.0) / 0.01).max(3.0);
    #[allow(clippy::cast_possible_truncation)] // 3 to 2,000
    let mut plane = Plane::new(node(&pieces, steps as i64));
    plane.prune(|mark| mark < OUTLINE);
    let labels = label(&plane, communities)?;
    let mut cells = Cells::new(plane, labels);
    cells.bridge_holes();
    let areas = cells.areas_by_community(communities.len());
    if let Some(at) = areas.iter().position(|area| *area <= 0.0) {
        return Err(DivideProblem::NoArea { code: communities[at].code.clone() });
    }
    let total: f64 = areas.iter().sum();
    #[allow(clippy::cast_precision_loss)] // far fewer than 2^52 grids
    let target = options.count.map_or(options.target_m2, |count| total / count.max(1) as f64);
    cells.merge_small(target, options.count);
    cells.split_large(target, options.count);
    if let Some(wanted) = options.count {
        cells.meet_count(target, wanted).map_err(|made| DivideProblem::Count { wanted, made })?;
    }
    finish(&cells, communities, target)
}

fn check_input(
    communities: &[Community],
    streets: &[Vec<Vertex>],
    options: &Options,
) -> Result<(), DivideProblem> {
    if !(100.0..=10_000_000.0).contains(&options.target_m2) {
        return Err(DivideProblem::Target(options.target_m2));
    }
    let vertices = communities.iter().flat_map(|c| c.shape.rings()).map(|ring| ring.0.len()).sum::<usize>()
        + streets.iter().map(Vec::len).sum::<usize>();
    if vertices > VERTICES_MAX {
        return Err(DivideProblem::TooLarge(vertices));
    }
    let mut seen = std::collections::BTreeSet::new();
    for community in communities {
        if PlaceLevel::of(&community.code) != PlaceLevel::Community {
            return Err(DivideProblem::NotACommunity { code: community.code.clone() });
        }
        if !seen.insert(&community.code) {
            return Err(DivideProblem::CommunityTwice { code: community.code.clone() });
        }
        if community.shape.outer.area2() == 0 {
            return Err(DivideProblem::NoArea { code: community.code.clone() });
        }
    }
    Ok(())
}

/// The community of each counter-clockwise cycle.
fn label(plane: &Plane, communities: &[Community]) -> Result<Vec<Option<u32>>, DivideProblem> {
    let shapes: Vec<Shape> = communities.iter().map(|community| community.shape.clone()).collect();
    let locator = Locator::new(&shapes);
    let mut holes: FastMap<u32, Vec<Ring>> = FastMap::default();
    for (hole, face) in plane.faces_around_holes() {
        if let Some(face) = face {
            holes.entry(face).or_default().push(plane.ring(hole));
        }
    }
    let mut labels = vec![None; plane.cycles() as usize];
    for cycle in 0..plane.cycles() {
        if !plane.has_cycle(cycle) {
            continue;
        }
        let outer = plane.ring(cycle);
        if outer.area2() <= 0 {
            continue;
        }
        let face = Shape { outer, holes: holes.remove(&cycle).unwrap_or_default() };
        let Some(inner) = face.inner_point() else { continue };
        let mut over = locator.all_at(inner);
        let Some(one) = over.next() else { continue };
        // Faces narrower than the snap may be covered twice by rounding; real overlaps are wider.
        if let Some(other) = over.next()
            && face.area_m2() > face.perimeter_m()
        {
            return Err(DivideProblem::Overlap {
                one: communities[one].code.clone(),
                other: communities[other].code.clone(),
            });
        }
        labels[cycle as usize] = u32::try_from(one).ok();
    }
    Ok(labels)
}

fn finish(cells: &Cells, communities: &[Community], target: f64) -> Result<Divided, DivideProblem> {
    let mut by_community: Vec<Vec<Shape>> = vec![Vec::new(); communities.len()];
    for (community, ring) in cells.rings() {
        by_community[community as usize].push(Shape::plain(ring));
    }
    let mut divided = Divided { grids: Vec::new(), outlines: Vec::new() };
    for (number, (shapes, community)) in by_community.into_iter().zip(communities).enumerate() {
        if shapes.len() > GRIDS_PER_COMMUNITY_MAX {
            return Err(DivideProblem::TooMany {
                code: community.code.clone(),
                grids: shapes.len(),
                target_m2: target.round(),
            });
        }
        divided.outlines.push(outline(&shapes));
        for (sequence, at) in (1..).zip(reading_order(&shapes)) {
            let shape = shapes[at].clone();
            let code = grid_code(&community.code, sequence)
                .ok_or_else(|| DivideProblem::NotACommunity { code: community.code.clone() })?;
            divided.grids.push(Grid { code, community: number, area_m2: shape.area_m2(), shape });
        }
    }
    Ok(divided)
}

/// The code of the `sequence`-th grid of a community; `None` outside 1 to 999 or when `community` has not 12
/// digits.
#[must_use]
pub fn grid_code(community: &GridCode, sequence: usize) -> Option<GridCode> {
    let fits = (1..=GRIDS_PER_COMMUNITY_MAX).contains(&sequence)
        && PlaceLevel::of(community) == PlaceLevel::Community;
    if fits { format!("{community}{sequence:03}").parse().ok() } else { None }
}

/// The legacy code (CJ/T 213-2005, 14 digits) of a grid; `None` above sequence 99, which has no legacy code. The
/// way back is `city::codes::unit_grid`.
#[must_use]
pub fn legacy_code(code: &GridCode) -> Option<String> {
    let text = code.as_str();
    (text.len() == 15 && text.as_bytes()[12] == b'0').then(|| format!("{}{}", &text[..12], &text[13..]))
}

/// The boundary of shapes that tile an area: what is left when shared edges cancel out.
#[must_use]
pub fn outline(shapes: &[Shape]) -> Shape {
    let mut single: FastMap<(Vertex, Vertex), i32> = FastMap::default();
    for (a, b) in shapes.iter().flat_map(Shape::edges) {
        if single.get(&(b, a)).is_some_and(|n| *n > 0) {
            *single.entry((b, a)).or_default() -= 1;
        } else {
            *single.entry((a, b)).or_default() += 1;
        }
    }
    let mut left: Vec<(Vertex, Vertex)> =
        single.into_iter().filter(|(_, n)| *n > 0).map(|(edge, _)| edge).collect();
    left.sort_unstable();
    let mut rings = chain(&left);
    rings.sort_by_key(|ring| std::cmp::Reverse(ring.area2()));
    let mut rings = rings.into_iter();
    Shape { outer: rings.next().unwrap_or_default(), holes: rings.collect() }
}

/// Joins sorted directed edges to rings; at a vertex with several ways out the one furthest to the left is
/// taken, so that rings touch but do not cross.
fn chain(edges: &[(Vertex, Vertex)]) -> Vec<Ring> {
    let mut used = vec![false; edges.len()];
    let mut rings = Vec::new();
    for first in 0..edges.len() {
        if used[first] {
            continue;
        }
        used[first] = true;
        let mut ring = vec![edges[first].0];
        let mut at = first;
        while edges[at].1 != edges[first].0 {
            let (from, via) = edges[at];
            let low = edges.partition_point(|(a, _)| *a < via);
            let ways = edges[low..].iter().take_while(|(a, _)| *a == via).count();
            let next = (low..low + ways)
                .filter(|i| !used[*i])
                .min_by(|p, q| cut::turn_order(from, via, edges[*p].1, edges[*q].1));
            let Some(next) = next else { break };
            used[next] = true;
            ring.push(via);
            at = next;
        }
        rings.push(Ring(ring));
    }
    rings
}

#[cfg(test)]
mod tests;
