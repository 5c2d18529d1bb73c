//! The faces of the plane on their way to become grids: joined where too small, cut where too large.

use super::cut::{self, Cut, End, ring_of, stretch, within_corner};
use super::{CUT, OUTLINE, STREET};
use crate::plane::{NONE, Plane, Rays};
use crate::shape::{Ring, Vertex, to_steps};
use std::collections::{BTreeSet, BinaryHeap};

/// A face below this share of the target joins a neighbour.
const SMALL_SHARE: f64 = 0.4;
/// A face more stretched than this (a strip of about 1 : 12) joins a neighbour whatever its size.
const STRETCH_MAX: f64 = 2.6;
/// A face made by joining that is larger than this share of the target is avoided.
const LARGE_SHARE: f64 = 1.7;

#[derive(Debug, Clone, Copy, Default)]
struct Face {
    community: Option<u32>,
    area: f64,
    perimeter: f64,
}

pub(super) struct Cells {
    plane: Plane,
    /// By cycle.
    faces: Vec<Face>,
}

impl Cells {
    pub fn new(plane: Plane, labels: Vec<Option<u32>>) -> Self {
        let faces = labels.into_iter().map(|community| Face { community, ..Face::default() }).collect();
        let mut cells = Self { plane, faces };
        for cycle in 0..cells.plane.cycles() {
            cells.measure(cycle);
        }
        cells
    }

    fn measure(&mut self, cycle: u32) {
        if self.plane.has_cycle(cycle) && self.faces[cycle as usize].community.is_some() {
            let ring = self.plane.ring(cycle);
            let face = &mut self.faces[cycle as usize];
            face.area = ring.area_m2();
            face.perimeter = ring.perimeter_m();
        }
    }

    fn live(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.plane.cycles())
            .filter(|c| self.plane.has_cycle(*c) && self.faces[*c as usize].community.is_some())
    }

    pub fn areas_by_community(&self, communities: usize) -> Vec<f64> {
        let mut areas = vec![0.0; communities];
        for cycle in self.live() {
            if let Some(community) = self.faces[cycle as usize].community {
                areas[community as usize] += self.faces[cycle as usize].area;
            }
        }
        areas
    }

    pub fn rings(&self) -> impl Iterator<Item = (u32, Ring)> + '_ {
        self.live().filter_map(|cycle| {
            self.faces[cycle as usize].community.map(|community| (community, self.plane.ring(cycle)))
        })
    }

    /// Joins holes to the ring around them by two cuts each, west and east, so that every face is one ring; and
    /// opens rings that touch themselves.
    pub fn bridge_holes(&mut self) {
        let around = self.plane.faces_around_holes();
        let inner: Vec<u32> = around
            .into_iter()
            .filter(|(_, face)| face.is_some_and(|f| self.faces[f as usize].community.is_some()))
            .map(|(hole, _)| hole)
            .collect();
        if !inner.is_empty() {
            let mut rays = Rays::new(&self.plane);
            for hole in inner {
                let ends = self.plane.walk(hole).into_iter().map(|h| self.plane.tail(h));
                let mut ends: Vec<u32> = ends.collect();
                ends.sort_by_key(|id| self.plane.vertices[*id as usize]);
                let (Some(west), Some(east)) = (ends.first().copied(), ends.last().copied()) else {
                    continue;
                };
                for (from, side) in [(west, -1.0), (east, 1.0)] {
                    self.bridge(&mut rays, from, side);
                }
            }
        }
        self.open_pinched();
    }

    fn bridge(&mut self, rays: &mut Rays, from: u32, side: f64) {
        let start = self.plane.vertices[from as usize];
        let Some((hit, x)) = rays.hit(&self.plane, start, side) else { return };
        let (tail, head) = (self.plane.tail_vertex(hit), self.plane.head_vertex(hit));
        let at = Vertex { x: to_steps(x), y: start.y };
        let target = if near(at, tail) {
            hit
        } else if near(at, head) {
            self.plane.next_of(hit)
        } else {
            let other = self.face_of(hit ^ 1);
            let fresh = self.plane.split_edge(hit, at);
            rays.add(&self.plane, fresh);
            debug_assert_eq!(other, self.face_of(hit ^ 1));
            fresh
        };
        let cycle = self.plane.cycle_of(target);
        let to = self.plane.tail_vertex(target);
        let Some(own) = self.corner(from, to) else { return };
        let Some(target) = self.corner(self.plane.tail(target), start).or(Some(target)) else { return };
        let community = self.faces[cycle as usize].community;
        // The ring keeps its number; a hole's cycle joins it.
        let (edge, fresh) = self.plane.connect(target, own, CUT);
        rays.add(&self.plane, edge);
        if let Some(fresh) = fresh {
            self.faces.resize(self.plane.cycles() as usize, Face::default());
            self.faces[fresh as usize].community = community;
            self.measure(fresh);
        }
        self.measure(self.plane.cycle_of(edge ^ 1));
        self.measure(self.plane.cycle_of(edge));
    }

    /// The half-edge that leaves `id` and has `to` in the corner on its left.
    fn corner(&self, id: u32, to: Vertex) -> Option<u32> {
        let at = self.plane.vertices[id as usize];
        let mut first = NONE;
        for h in 0..self.plane.len() {
            if self.plane.is_alive(h) && self.plane.tail(h) == id {
                first = h;
                break;
            }
        }
        if first == NONE {
            return None;
        }
        let mut h = first;
        loop {
            let before = self.plane.tail_vertex(self.plane.prev_of(h));
            let after = self.plane.head_vertex(h);
            if before == after || within_corner(before, at, after, to) {
                return Some(h);
            }
            h = self.plane.next_of(h ^ 1);
            if h == first {
                return None;
            }
        }
    }

    fn face_of(&self, h: u32) -> Option<u32> {
        self.faces.get(self.plane.cycle_of(h) as usize).and_then(|face| face.community)
    }

    /// A ring that visits a vertex twice encloses part of itself: a cut from the far end of that part opens it.
    fn open_pinched(&mut self) {
        let pinched: Vec<u32> = self.live().filter(|cycle| self.pinch(*cycle).is_some()).collect();
        if pinched.is_empty() {
            return;
        }
        let mut rays = Rays::new(&self.plane);
        // Each cut opens one pinch at least; a ring has no more of them than vertices.
        let mut queue = pinched;
        let mut left = self.plane.vertices.len();
        while let Some(cycle) = queue.pop() {
            let Some((from, side)) = self.pinch(cycle) else { continue };
            if left == 0 {
                return;
            }
            left -= 1;
            let known = self.plane.cycles();
            self.bridge(&mut rays, from, side);
            queue.push(cycle);
            queue.extend(known..self.plane.cycles());
        }
    }

    /// The vertex from which to open a ring that touches itself, and the way to look.
    fn pinch(&self, cycle: u32) -> Option<(u32, f64)> {
        let walk = self.plane.walk(cycle);
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let twice = walk.iter().map(|h| self.plane.tail(*h)).find(|id| !seen.insert(*id))?;
        let first = walk.iter().position(|h| self.plane.tail(*h) == twice)?;
        let again = walk.iter().skip(first + 1).position(|h| self.plane.tail(*h) == twice)? + first + 1;
        let parts = [walk[first..again].to_vec(), [&walk[again..], &walk[..first]].concat()];
        // The enclosed part runs clockwise.
        let part = parts
            .into_iter()
            .find(|part| Ring(part.iter().map(|h| self.plane.tail_vertex(*h)).collect()).area2() < 0)?;
        let mut ends: Vec<u32> = part.iter().map(|h| self.plane.tail(*h)).collect();
        ends.sort_by_key(|id| self.plane.vertices[*id as usize]);
        let (west, east) = (*ends.first()?, *ends.last()?);
        if west == twice { Some((east, 1.0)) } else { Some((west, -1.0)) }
    }

    /// Joins what streets and boundaries left too small or too thin to a neighbour in the same community.
    pub fn merge_small(&mut self, target: f64, count: Option<usize>) {
        let small = |face: &Face| {
            face.area < target * SMALL_SHARE || stretch(face.area, face.perimeter) > STRETCH_MAX
        };
        let mut heap: BinaryHeap<Smallest> = self.smallest();
        let mut cells = heap.len();
        let most = count.unwrap_or(usize::MAX);
        while let Some(Smallest(key, cycle)) = heap.pop() {
            if !self.is_current(cycle, key) {
                continue;
            }
            if !small(&self.faces[cycle as usize]) && cells <= most {
                if key > area_key(target * 4.0) {
                    break;
                }
                continue;
            }
            if let Some(joined) = self.merge(cycle, target) {
                cells -= 1;
                heap.push(Smallest(area_key(self.faces[joined as usize].area), joined));
            }
        }
    }

    fn smallest(&self) -> BinaryHeap<Smallest> {
        self.live().map(|c| Smallest(area_key(self.faces[c as usize].area), c)).collect()
    }

    fn is_current(&self, cycle: u32, key: u64) -> bool {
        self.plane.has_cycle(cycle) && area_key(self.faces[cycle as usize].area) == key
    }

    /// Joins a face to the neighbour with which it makes the best shape; answers the face they are now, `None`
    /// when no neighbour can be joined.
    fn merge(&mut self, cycle: u32, target: f64) -> Option<u32> {
        let own = self.faces[cycle as usize];
        let walk = self.plane.walk(cycle);
        let other = |h: &u32| self.plane.cycle_of(*h ^ 1);
        // Runs of edges shared with one neighbour; the walk is turned to begin with a run.
        let turn = (0..walk.len()).find(|i| {
            let before = walk[(i + walk.len() - 1) % walk.len()];
            other(&walk[*i]) != other(&before)
        })?;
        let walk: Vec<u32> = [&walk[turn..], &walk[..turn]].concat();
        let mut runs: Vec<(u32, &[u32])> = Vec::new();
        for run in walk.chunk_by(|a, b| other(a) == other(b)) {
            runs.push((other(&run[0]), run));
        }
        let mut best: Option<(f64, u32, Vec<u32>)> = None;
        for (neighbour, run) in &runs {
            let face = self.faces.get(*neighbour as usize).copied().unwrap_or_default();
            let once = runs.iter().filter(|(n, _)| n == neighbour).count() == 1;
            let outline = run.iter().any(|h| self.plane.mark_of(*h) == OUTLINE);
            if *neighbour == cycle
                || face.community != own.community
                || !once
                || outline
                || self.meet_elsewhere(&walk, *neighbour, run)
            {
                continue;
            }
            let length = |h: &u32| self.plane.tail_vertex(*h).metres_to(self.plane.head_vertex(*h));
            let shared: f64 = run.iter().map(length).sum();
            let street: f64 =
                run.iter().filter(|h| self.plane.mark_of(**h) == STREET).map(length).sum::<f64>() / shared;
            let area = own.area + face.area;
            let shape = stretch(area, own.perimeter + face.perimeter - 2.0 * shared);
            let large = (area / (target * LARGE_SHARE) - 1.0).max(0.0);
            let cost = shape + large * 0.5 + street * 0.3;
            if best.as_ref().is_none_or(|(least, _, _)| cost < *least) {
                best = Some((cost, *neighbour, run.to_vec()));
            }
        }
        let (_, neighbour, run) = best?;
        for h in run {
            self.plane.remove(h);
        }
        let joined = if self.plane.has_cycle(cycle) { cycle } else { neighbour };
        self.measure(joined);
        Some(joined)
    }

    /// True when a face and its neighbour share a vertex beside the run of edges between them: joined, their ring
    /// would touch itself there.
    fn meet_elsewhere(&self, walk: &[u32], neighbour: u32, run: &[u32]) -> bool {
        let along: BTreeSet<u32> =
            run.iter().flat_map(|h| [self.plane.tail(*h), self.plane.tail(*h ^ 1)]).collect();
        let own: BTreeSet<u32> =
            walk.iter().map(|h| self.plane.tail(*h)).filter(|id| !along.contains(id)).collect();
        self.plane.walk(neighbour).iter().any(|h| own.contains(&self.plane.tail(*h)))
    }

    /// Cuts every face into as many pieces as its area asks for.
    pub fn split_large(&mut self, target: f64, count: Option<usize>) {
        let faces: Vec<u32> = self.live().collect();
        let mut wanted: Vec<usize> = faces
            .iter()
            .map(|c| {
                let pieces = self.faces[*c as usize].area / target;
                // With a count, the rest is handed out below.
                whole(if count.is_some() { pieces.floor() } else { pieces.round() })
            })
            .collect();
        if let Some(count) = count {
            let mut given: usize = wanted.iter().sum();
            let key = |at: usize, n: usize| -> u64 {
                #[allow(clippy::cast_precision_loss)] // far fewer than 2^52 pieces
                area_key(self.faces[faces[at] as usize].area / (n as f64 + 0.5))
            };
            let mut heap: BinaryHeap<(u64, std::cmp::Reverse<usize>)> =
                wanted.iter().enumerate().map(|(at, n)| (key(at, *n), std::cmp::Reverse(at))).collect();
            while given < count {
                let Some((_, std::cmp::Reverse(at))) = heap.pop() else { break };
                wanted[at] += 1;
                given += 1;
                heap.push((key(at, wanted[at]), std::cmp::Reverse(at)));
            }
        }
        for (face, pieces) in faces.into_iter().zip(wanted) {
            self.split_into(face, pieces);
        }
    }

    /// Cuts a face into `pieces`; answers how many it could make.
    fn split_into(&mut self, face: u32, pieces: usize) -> usize {
        let mut stack = vec![(face, pieces)];
        let mut made = 0;
        while let Some((face, pieces)) = stack.pop() {
            if pieces < 2 {
                made += 1;
                continue;
            }
            let (walk, ring) = ring_of(&self.plane, face);
            let Some(cut) = cut::best(&ring, pieces) else {
                made += 1;
                continue;
            };
            let share = cut.share;
            let (part, rest) = self.apply(face, &walk, cut);
            stack.push((rest, pieces - share));
            stack.push((part, share));
        }
        made
    }

    /// Makes a cut; answers the part from its start to its end along the ring, and the rest.
    fn apply(&mut self, face: u32, walk: &[u32], cut: Cut) -> (u32, u32) {
        // A cut never has both ends on one edge, so splitting at one end leaves the half-edge of the other.
        let mut place = |end: End| match end {
            End::Corner(i) => walk[i],
            End::Edge(i, v) => self.plane.split_edge(walk[i], v),
        };
        let (from, to) = (place(cut.from), place(cut.to));
        // `to` → `from` closes the part that runs from `from` to `to`: the new cycle.
        let (_, fresh) = self.plane.connect(to, from, CUT);
        let community = self.faces[face as usize].community;
        let fresh = fresh.unwrap_or(face);
        self.faces.resize(self.plane.cycles() as usize, Face::default());
        self.faces[fresh as usize].community = community;
        self.measure(fresh);
        self.measure(face);
        (fresh, face)
    }

    /// Cuts the largest or joins the smallest faces until there are `wanted`; otherwise how many there are.
    pub fn meet_count(&mut self, target: f64, wanted: usize) -> Result<(), usize> {
        let mut now = self.live().count();
        if now < wanted {
            let mut heap: BinaryHeap<(u64, std::cmp::Reverse<u32>)> =
                self.live().map(|c| (area_key(self.faces[c as usize].area), std::cmp::Reverse(c))).collect();
            while now < wanted {
                let Some((_, std::cmp::Reverse(cycle))) = heap.pop() else { return Err(now) };
                let known = self.plane.cycles();
                if self.split_into(cycle, 2) == 2 {
                    now += 1;
                    for c in std::iter::once(cycle).chain(known..self.plane.cycles()) {
                        heap.push((area_key(self.faces[c as usize].area), std::cmp::Reverse(c)));
                    }
                }
            }
        }
        let mut heap = self.smallest();
        while now > wanted {
            let Some(Smallest(key, cycle)) = heap.pop() else { return Err(now) };
            if !self.is_current(cycle, key) {
                continue;
            }
            if let Some(joined) = self.merge(cycle, target) {
                now -= 1;
                heap.push(Smallest(area_key(self.faces[joined as usize].area), joined));
            }
        }
        Ok(())
    }
}

/// A heap of these gives the smallest area first, and of equal ones the first face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Smallest(u64, u32);

impl Ord for Smallest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.0, other.1).cmp(&(self.0, self.1))
    }
}

impl PartialOrd for Smallest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Square millimetres, for exact comparison in heaps.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // areas are positive and far below 2^63 mm²
fn area_key(area: f64) -> u64 {
    (area.max(0.0) * 1e6) as u64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at least 1, at most area / 100 m²
fn whole(pieces: f64) -> usize {
    pieces.max(1.0) as usize
}

fn near(a: Vertex, b: Vertex) -> bool {
    /// About 3 cm: nearer, a new vertex could not be told from the old one.
    const STEPS: i64 = 3;
    (i64::from(a.x) - i64::from(b.x)).abs() <= STEPS && (i64::from(a.y) - i64::from(b.y)).abs() <= STEPS
}
