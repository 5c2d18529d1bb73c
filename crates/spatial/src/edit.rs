//! Drawing unit grids (网格绘制): a new grid fits itself between those that are there, a line splits one, several
//! become one, and one that is redrawn takes from its neighbours and gives to them.
//!
//! All lines are noded in one plane and faces handed to owners, so whatever comes out shares every vertex with
//! what lies beside it: drawing makes no gap and no overlap.

use crate::divide::outline;
use crate::plane::{Piece, Plane, node, passes};
use crate::shape::{Extent, FastMap, Locator, Ring, Shape, Vertex, cross};

/// Ends of lines and vertices nearer than this many steps (about 30 cm) to others become one with them: less than
/// anybody can see while drawing.
const SNAP_STEPS: i64 = 30;
/// Faces narrower than this, on average, come from rounding, in metres.
const NARROW_M: f64 = 0.3;

/// Why something cannot be drawn so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditProblem {
    #[error("nothing is left: the place belongs to other grids, or lies outside the community")]
    NothingLeft,
    #[error("the grid would fall into pieces")]
    InPieces,
    #[error("the line does not cross the grid from side to side")]
    NotAcross,
    #[error("the grids do not lie side by side")]
    NotAdjacent,
    #[error("the grid would lie around another")]
    HasHole,
}

impl EditProblem {
    /// The stable code under which the text for people is found.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NothingLeft => "nothing_left",
            Self::InPieces => "in_pieces",
            Self::NotAcross => "not_across",
            Self::NotAdjacent => "not_adjacent",
            Self::HasHole => "has_hole",
        }
    }
}

/// Faces of noded lines, each with a point inside.
struct Faces {
    plane: Plane,
    faces: Vec<(u32, Shape, Vertex)>,
}

impl Faces {
    fn new(lines: impl IntoIterator<Item = (Vertex, Vertex)>) -> Self {
        let pieces: Vec<Piece> = lines.into_iter().map(|(a, b)| Piece { a, b, mark: 0 }).collect();
        let mut plane = Plane::new(node(&pieces, SNAP_STEPS));
        plane.prune(|_| true);
        let mut holes: FastMap<u32, Vec<Ring>> = FastMap::default();
        for (hole, face) in plane.faces_around_holes() {
            if let Some(face) = face {
                holes.entry(face).or_default().push(plane.ring(hole));
            }
        }
        let mut faces = Vec::new();
        for cycle in (0..plane.cycles()).filter(|cycle| plane.has_cycle(*cycle)) {
            let outer = plane.ring(cycle);
            if outer.area2() <= 0 {
                continue;
            }
            let shape = Shape { outer, holes: holes.remove(&cycle).unwrap_or_default() };
            if let Some(inner) = shape.inner_point() {
                faces.push((cycle, shape, inner));
            }
        }
        Self { plane, faces }
    }

    fn shapes(&self, mut of: impl FnMut(usize) -> bool) -> Vec<Shape> {
        (0..self.faces.len()).filter(|at| of(*at)).map(|at| self.faces[at].1.clone()).collect()
    }

    /// The owner among `owners` with whom a face shares the longest border.
    fn longest_neighbour(&self, face: usize, owners: &[Option<usize>]) -> Option<usize> {
        let by_cycle: FastMap<u32, usize> =
            self.faces.iter().enumerate().map(|(at, (cycle, ..))| (*cycle, at)).collect();
        let mut shared: Vec<(usize, f64)> = Vec::new();
        for h in self.plane.walk(self.faces[face].0) {
            let beside = by_cycle.get(&self.plane.cycle_of(h ^ 1)).filter(|other| **other != face);
            let Some(owner) = beside.and_then(|other| owners[*other]) else { continue };
            let metres = self.plane.tail_vertex(h).metres_to(self.plane.head_vertex(h));
            match shared.iter_mut().find(|(one, _)| *one == owner) {
                Some((_, sum)) => *sum += metres,
                None => shared.push((owner, metres)),
            }
        }
        shared
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
            .map(|(owner, _)| owner)
    }
}

/// One polygon of faces that lie side by side.
fn one_polygon(faces: &[Shape]) -> Result<Shape, EditProblem> {
    if faces.is_empty() {
        return Err(EditProblem::NothingLeft);
    }
    let drawn = outline(faces);
    if drawn.holes.iter().any(|ring| ring.area2() > 0) {
        return Err(EditProblem::InPieces);
    }
    if !drawn.holes.is_empty() {
        return Err(EditProblem::HasHole);
    }
    Ok(drawn)
}

/// What a shape drawn freely becomes between the grids that are there: the part of it inside `within` (when
/// given) that no other grid covers; of several such parts the largest.
///
/// # Errors
/// [`EditProblem::NothingLeft`], or [`EditProblem::HasHole`] when it would lie around another grid.
pub fn fit(drawn: &Shape, others: &[&Shape], within: Option<&Shape>) -> Result<Shape, EditProblem> {
    let near = near(drawn, others);
    let faces = Faces::new(
        drawn
            .edges()
            .chain(near.iter().flat_map(|shape| shape.edges()))
            .chain(within.into_iter().flat_map(Shape::edges)),
    );
    let taken = Locator::new(&near.iter().map(|shape| (*shape).clone()).collect::<Vec<_>>());
    let free = |inner: Vertex| {
        drawn.holds(inner) && taken.at(inner).is_none() && within.is_none_or(|shape| shape.holds(inner))
    };
    let kept = faces.shapes(|at| free(faces.faces[at].2) && !narrow(&faces.faces[at].1));
    let mut parts = parts(kept);
    parts.sort_by(|a, b| sum(b).total_cmp(&sum(a)));
    one_polygon(parts.first().ok_or(EditProblem::NothingLeft)?)
}

/// The pieces a line cuts a grid into, in the order of their western edges.
///
/// # Errors
/// [`EditProblem::NotAcross`] when the line leaves the grid whole.
pub fn split(shape: &Shape, line: &[Vertex]) -> Result<Vec<Shape>, EditProblem> {
    let cut = line.windows(2).map(|pair| (pair[0], pair[1]));
    let faces = Faces::new(shape.edges().chain(cut));
    let mut pieces = faces.shapes(|at| shape.holds(faces.faces[at].2) && !narrow(&faces.faces[at].1));
    if pieces.len() < 2 {
        return Err(EditProblem::NotAcross);
    }
    if pieces.iter().any(|piece| !piece.holes.is_empty()) {
        return Err(EditProblem::HasHole);
    }
    pieces.sort_by_key(|piece| piece.extent().map(|extent| (extent.west, -i64::from(extent.north))));
    Ok(pieces)
}

/// One grid made of several.
///
/// # Errors
/// [`EditProblem::NotAdjacent`] when they do not hang together by edges.
pub fn merge(shapes: &[&Shape]) -> Result<Shape, EditProblem> {
    let faces = Faces::new(shapes.iter().flat_map(|shape| shape.edges()));
    let kept = faces.shapes(|at| shapes.iter().any(|shape| shape.holds(faces.faces[at].2)));
    one_polygon(&kept).map_err(|problem| match problem {
        EditProblem::InPieces => EditProblem::NotAdjacent,
        other => other,
    })
}

/// A grid redrawn as `drawn`: it takes what it now covers from the grids beside it, and what it leaves goes to the
/// one it shares the longest border with. Answers its own shape first, then those of `others` that changed, by
/// position.
///
/// # Errors
/// When a grid would lose everything, fall into pieces, or lie around another.
pub fn redraw(
    old: &Shape,
    drawn: &Shape,
    others: &[&Shape],
    within: Option<&Shape>,
) -> Result<(Shape, Vec<(usize, Shape)>), EditProblem> {
    let both = Extent::of(old.edges().chain(drawn.edges()).map(|(a, _)| a));
    let beside: Vec<usize> = (0..others.len())
        .filter(|at| others[*at].extent().zip(both).is_some_and(|(one, other)| one.meets(&other)))
        .collect();
    let shapes: Vec<Shape> = beside.iter().map(|at| others[*at].clone()).collect();
    let faces = Faces::new(
        old.edges()
            .chain(drawn.edges())
            .chain(shapes.iter().flat_map(Shape::edges))
            .chain(within.into_iter().flat_map(Shape::edges)),
    );
    // Owner 0 is the grid itself, the others follow.
    let mut owners: Vec<Option<usize>> = faces
        .faces
        .iter()
        .map(|(_, _, inner)| {
            let own = drawn.holds(*inner) && within.is_none_or(|shape| shape.holds(*inner));
            if own { Some(0) } else { shapes.iter().position(|shape| shape.holds(*inner)).map(|at| at + 1) }
        })
        .collect();
    let before = owners.clone();
    let beside_it: Vec<Option<usize>> = before.iter().map(|owner| owner.filter(|one| *one != 0)).collect();
    for (at, (_, shape, inner)) in faces.faces.iter().enumerate() {
        let left = before[at].is_none() && old.holds(*inner);
        if left || (before[at] == Some(0) && narrow(shape) && !old.holds(*inner)) {
            // What the grid gives up goes to a grid beside it; only what lies beside none stays its own.
            let given = faces.longest_neighbour(at, &beside_it);
            owners[at] =
                given.or_else(|| faces.longest_neighbour(at, &before).filter(|_| left)).or(before[at]);
        }
    }
    let mut drawn = Vec::with_capacity(beside.len() + 1);
    for owner in 0..=beside.len() {
        drawn.push(one_polygon(&faces.shapes(|at| owners[at] == Some(owner)))?);
    }
    if let Some(both) = both {
        straighten(&mut drawn, within, &both);
    }
    let mut drawn = drawn.into_iter();
    let own = drawn.next().ok_or(EditProblem::NothingLeft)?;
    let changed = beside.into_iter().zip(drawn).filter(|(at, drawn)| !same(drawn, others[*at]));
    Ok((own, changed.collect()))
}

/// Takes out vertices on straight edges that are a corner of nobody any more, as far as `extent` reaches: shapes
/// that do not reach into it may have the others.
fn straighten(shapes: &mut [Shape], within: Option<&Shape>, extent: &Extent) {
    let mut corners: FastMap<Vertex, ()> = FastMap::default();
    for ring in shapes.iter().flat_map(Shape::rings) {
        corners.extend(bends(ring).filter(|(_, bent)| *bent).map(|(v, _)| (v, ())));
    }
    corners.extend(within.into_iter().flat_map(Shape::rings).flat_map(|ring| &ring.0).map(|v| (*v, ())));
    for shape in shapes {
        let straight = |ring: &Ring| {
            let kept = bends(ring).filter(|(v, _)| corners.contains_key(v) || !extent.holds(*v));
            Ring(kept.map(|(v, _)| v).collect())
        };
        shape.rings_mut().for_each(|ring| *ring = straight(ring));
    }
}

/// Each vertex of a ring, and whether the ring turns there.
fn bends(ring: &Ring) -> impl Iterator<Item = (Vertex, bool)> + '_ {
    let n = ring.0.len();
    (0..n).map(move |at| {
        let (before, v, after) = (ring.0[(at + n - 1) % n], ring.0[at], ring.0[(at + 1) % n]);
        (v, cross(before, v, after) != 0)
    })
}

/// Gives the edges of `others` the vertices of `changed` that lie on them, so that what lies side by side shares
/// every vertex again. Answers those that changed, by position.
#[must_use]
pub fn share(changed: &[Shape], others: &[&Shape]) -> Vec<(usize, Shape)> {
    let mut vertices: Vec<Vertex> = changed.iter().flat_map(Shape::rings).flat_map(|r| r.0.clone()).collect();
    vertices.sort_unstable();
    vertices.dedup();
    let Some(extent) = Extent::of(vertices.iter().copied()) else { return Vec::new() };
    #[allow(clippy::cast_precision_loss)] // thirty
    let near = SNAP_STEPS as f64;
    let mut found = Vec::new();
    for (at, other) in others.iter().enumerate() {
        if !other.extent().is_some_and(|one| one.meets(&extent)) {
            continue;
        }
        let own: FastMap<Vertex, ()> = other.rings().flat_map(|ring| &ring.0).map(|v| (*v, ())).collect();
        let mut added = false;
        let mut shared = |ring: &Ring| {
            let mut drawn = Vec::with_capacity(ring.0.len());
            for (p, q) in ring.edges() {
                drawn.push(p);
                let mut on_the_way: Vec<(i128, Vertex)> = vertices
                    .iter()
                    .filter(|v| !own.contains_key(v) && passes(p, q, **v, near))
                    .map(|v| (along(p, q, *v), *v))
                    .collect();
                on_the_way.sort_unstable();
                added |= !on_the_way.is_empty();
                drawn.extend(on_the_way.into_iter().map(|(_, v)| v));
            }
            Ring(drawn)
        };
        let outer = shared(&other.outer);
        let holes = other.holes.iter().map(&mut shared).collect();
        if added {
            found.push((at, Shape { outer, holes }));
        }
    }
    found
}

fn along(p: Vertex, q: Vertex, v: Vertex) -> i128 {
    let d = |to: i32, from: i32| i128::from(to) - i128::from(from);
    d(v.x, p.x) * d(q.x, p.x) + d(v.y, p.y) * d(q.y, p.y)
}

/// Whether two shapes have the same rings, wherever they begin.
#[must_use]
pub fn same(a: &Shape, b: &Shape) -> bool {
    let turned = |ring: &Ring| {
        let first = (0..ring.0.len()).min_by_key(|at| ring.0[*at]).unwrap_or(0);
        let mut vertices = ring.0.clone();
        vertices.rotate_left(first);
        vertices
    };
    let all = |shape: &Shape| {
        let mut holes: Vec<_> = shape.holes.iter().map(turned).collect();
        holes.sort();
        (turned(&shape.outer), holes)
    };
    all(a) == all(b)
}

fn near<'a>(drawn: &Shape, others: &[&'a Shape]) -> Vec<&'a Shape> {
    let extent = drawn.extent();
    let meets = |shape: &&&Shape| shape.extent().zip(extent).is_some_and(|(one, other)| one.meets(&other));
    others.iter().filter(meets).copied().collect()
}

fn narrow(shape: &Shape) -> bool {
    2.0 * shape.area_m2() / shape.perimeter_m().max(f64::MIN_POSITIVE) < NARROW_M
}

fn sum(shapes: &[Shape]) -> f64 {
    shapes.iter().map(Shape::area_m2).sum()
}

/// Faces by whether they hang together by edges.
fn parts(faces: Vec<Shape>) -> Vec<Vec<Shape>> {
    let mut by_edge: FastMap<(Vertex, Vertex), usize> = FastMap::default();
    for (at, face) in faces.iter().enumerate() {
        by_edge.extend(face.edges().map(|edge| (edge, at)));
    }
    let mut part = vec![usize::MAX; faces.len()];
    let mut count = 0;
    for first in 0..faces.len() {
        if part[first] != usize::MAX {
            continue;
        }
        let mut waiting = vec![first];
        part[first] = count;
        while let Some(at) = waiting.pop() {
            for (a, b) in faces[at].edges() {
                if let Some(other) = by_edge.get(&(b, a)).filter(|other| part[**other] == usize::MAX) {
                    part[*other] = count;
                    waiting.push(*other);
                }
            }
        }
        count += 1;
    }
    let mut found = vec![Vec::new(); count];
    for (face, part) in faces.into_iter().zip(part) {
        found[part].push(face);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const X: i32 = 1_191_000_000;
    const Y: i32 = 367_000_000;

    fn v(x: i32, y: i32) -> Vertex {
        Vertex { x: X + x, y: Y + y }
    }

    fn block(west: i32, south: i32, east: i32, north: i32) -> Shape {
        Shape::plain(Ring(vec![v(west, south), v(east, south), v(east, north), v(west, north)]))
    }

    fn area(shape: &Shape) -> i128 {
        shape.rings().map(Ring::area2).sum()
    }

    #[test]
    fn a_drawn_grid_fills_what_is_free_and_shares_its_corners() {
        let community = block(0, 0, 30_000, 10_000);
        let (west, east) = (block(0, 0, 10_000, 10_000), block(20_000, 0, 30_000, 10_000));
        // Drawn over both neighbours and over the border of the community.
        let drawn = block(5_000, -3_000, 25_000, 15_000);
        let fitted = fit(&drawn, &[&west, &east], Some(&community)).expect("a place between");
        assert!(same(&fitted, &block(10_000, 0, 20_000, 10_000)), "{fitted:?}");
        assert_eq!(fit(&block(1_000, 1_000, 9_000, 9_000), &[&west], None), Err(EditProblem::NothingLeft));
        let ring = fit(&block(-5_000, -5_000, 15_000, 15_000), &[&west], None);
        assert_eq!(ring, Err(EditProblem::HasHole));
    }

    #[test]
    fn a_line_across_splits_and_any_other_does_not() {
        let grid = block(0, 0, 10_000, 10_000);
        let pieces = split(&grid, &[v(4_000, -100), v(4_000, 10_100)]).expect("across");
        assert_eq!(pieces.len(), 2);
        assert!(same(&pieces[0], &block(0, 0, 4_000, 10_000)));
        assert_eq!(pieces.iter().map(area).sum::<i128>(), area(&grid));
        assert_eq!(split(&grid, &[v(4_000, -100), v(4_000, 5_000)]), Err(EditProblem::NotAcross));
        assert_eq!(split(&grid, &[v(-9_000, 0), v(-9_000, 500)]), Err(EditProblem::NotAcross));
        // A line that ends just short of the edge is taken for one that reaches it.
        assert_eq!(split(&grid, &[v(12, 5_000), v(9_990, 5_000)]).map(|pieces| pieces.len()), Ok(2));
    }

    #[test]
    fn neighbours_merge_and_strangers_do_not() {
        let (a, b, far) = (block(0, 0, 100, 100), block(100, 0, 200, 100), block(300, 0, 400, 100));
        let (a, b, far) = (scaled(&a), scaled(&b), scaled(&far));
        let one = merge(&[&a, &b]).expect("side by side");
        assert_eq!(area(&one), area(&a) + area(&b));
        assert_eq!(merge(&[&a, &far]), Err(EditProblem::NotAdjacent));
    }

    fn scaled(shape: &Shape) -> Shape {
        Shape::plain(Ring(shape.outer.0.iter().map(|p| v((p.x - X) * 100, (p.y - Y) * 100)).collect()))
    }

    #[test]
    fn a_redrawn_grid_takes_from_one_side_and_gives_to_the_other() {
        let (a, b, c) =
            (block(0, 0, 10_000, 10_000), block(10_000, 0, 20_000, 10_000), block(20_000, 0, 30_000, 10_000));
        let drawn = block(8_000, 0, 17_000, 10_000);
        let (own, changed) = redraw(&b, &drawn, &[&a, &c], None).expect("a new line");
        assert!(same(&own, &drawn));
        assert_eq!(changed.len(), 2);
        assert_eq!((changed[0].0, changed[1].0), (0, 1));
        assert!(same(&changed[0].1, &block(0, 0, 8_000, 10_000)));
        assert_eq!(area(&changed[1].1), area(&block(17_000, 0, 30_000, 10_000)));
        let swallowed = redraw(&b, &block(-10, -10, 20_000, 10_010), &[&a, &c], None);
        assert_eq!(swallowed, Err(EditProblem::NothingLeft));
    }

    #[test]
    fn the_ends_of_a_new_line_become_vertices_of_the_grids_beside_it() {
        let (a, b) = (block(0, 0, 10_000, 10_000), block(10_000, 0, 20_000, 10_000));
        let pieces = split(&a, &[v(-100, 5_000), v(10_100, 5_003)]).expect("across");
        let shared = share(&pieces, &[&b]);
        assert_eq!(shared.len(), 1);
        let all: Vec<Shape> = pieces.into_iter().chain([shared[0].1.clone()]).collect();
        assert_eq!(outline(&all).holes, [], "edge by edge, nothing lies between them");
        assert_eq!(all.iter().map(area).sum::<i128>(), area(&a) + area(&b));
        assert_eq!(share(&all[..2], &[&all[2]]), [], "once is enough");
    }

    proptest! {
        #[test]
        fn splitting_keeps_the_area_and_every_point_is_in_one_piece(
            (ay, by) in (-20_000..40_000_i32, -20_000..40_000_i32),
            points in proptest::collection::vec((0..20_000_i32, 0..20_000_i32), 1..20),
        ) {
            let grid = block(0, 0, 20_000, 20_000);
            if let Ok(pieces) = split(&grid, &[v(-1_000, ay), v(21_000, by)]) {
                let total: f64 = pieces.iter().map(Shape::area_m2).sum();
                prop_assert!((total - grid.area_m2()).abs() < grid.area_m2() * 0.01);
                for (x, y) in points {
                    let held = pieces.iter().filter(|piece| piece.holds(v(x, y))).count();
                    prop_assert!(held <= 1);
                }
            }
        }

        #[test]
        fn redrawing_moves_lines_and_makes_no_gap_and_no_overlap(
            corners in proptest::collection::vec((2_000..28_000_i32, 2_000..28_000_i32), 3..7),
        ) {
            // Nine blocks; the middle one is redrawn.
            let blocks: Vec<Shape> = (0..9)
                .map(|i| block(i % 3 * 10_000, i / 3 * 10_000, (i % 3 + 1) * 10_000, (i / 3 + 1) * 10_000))
                .collect();
            let centre = v(15_000, 15_000);
            let mut ring: Vec<Vertex> = corners.into_iter().map(|(x, y)| v(x, y)).collect();
            ring.sort_by(|p, q| {
                let angle = |p: &Vertex| f64::from(p.y - centre.y).atan2(f64::from(p.x - centre.x));
                angle(p).total_cmp(&angle(q))
            });
            let drawn = Shape::plain(Ring(ring));
            prop_assume!(drawn.outer.area2() > 100_000_000);
            let others: Vec<&Shape> = (0..9).filter(|i| *i != 4).map(|i| &blocks[i]).collect();
            if let Ok((own, changed)) = redraw(&blocks[4], &drawn, &others, None) {
                let mut after: Vec<Shape> = others.iter().map(|shape| (*shape).clone()).collect();
                for (at, shape) in changed {
                    after[at] = shape;
                }
                after.push(own);
                let locator = Locator::new(&after);
                for x in (500..30_000).step_by(1_900) {
                    for y in (500..30_000).step_by(1_900) {
                        prop_assert_eq!(locator.all_at(v(x, y)).count(), 1, "{} {}", x, y);
                    }
                }
            }
        }
    }
}
