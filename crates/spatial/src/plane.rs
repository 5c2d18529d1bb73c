//! A plane cut by lines: lines are noded on the fixed grid, faces found, edges split, added and removed. Both
//! sides of an edge are one record, so whatever moves stays shared by its two neighbours.

use crate::shape::{Extent, FastMap, Ring, Vertex, cross, to_steps};

/// No face, no edge.
pub(crate) const NONE: u32 = u32::MAX;
/// Rounds of noding; the second round is normally the last, a bend of half a step seldom makes another.
const ROUNDS_MAX: usize = 12;

/// A line piece with a mark; where pieces coincide the greater mark stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub a: Vertex,
    pub b: Vertex,
    pub mark: u32,
}

/// Vertices closer than a distance become one.
pub(crate) struct Snapper {
    snap: i64,
    cells: FastMap<(i32, i32), Vec<u32>>,
    pub vertices: Vec<Vertex>,
}

impl Snapper {
    fn cell(&self, v: Vertex) -> (i32, i32) {
        let part = |n: i32| i32::try_from(i64::from(n).div_euclid(self.snap.max(1))).unwrap_or(i32::MAX - 1);
        (part(v.x), part(v.y))
    }

    pub fn new(snap: i64) -> Self {
        Self { snap: snap.max(1), cells: FastMap::default(), vertices: Vec::new() }
    }

    /// The vertex at or near `v`, which is kept when there is none.
    pub fn id(&mut self, v: Vertex) -> u32 {
        let (cx, cy) = self.cell(v);
        let mut best: Option<(i64, u32)> = None;
        for x in cx - 1..=cx + 1 {
            for y in cy - 1..=cy + 1 {
                for id in self.cells.get(&(x, y)).into_iter().flatten() {
                    let far = squared(v, self.vertices[*id as usize]);
                    if best.is_none_or(|(nearest, _)| far < nearest) {
                        best = Some((far, *id));
                    }
                }
            }
        }
        if let Some((far, id)) = best
            && far < (self.snap * self.snap).max(1)
        {
            return id;
        }
        let id = u32::try_from(self.vertices.len()).unwrap_or(NONE);
        self.vertices.push(v);
        self.cells.entry((cx, cy)).or_default().push(id);
        id
    }
}

fn squared(a: Vertex, b: Vertex) -> i64 {
    let (dx, dy) = (i64::from(a.x) - i64::from(b.x), i64::from(a.y) - i64::from(b.y));
    dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy))
}

/// Lines cut at every meeting: the vertices, and edges between them that meet at vertices only.
pub(crate) struct Noded {
    pub vertices: Vec<Vertex>,
    pub edges: Vec<(u32, u32, u32)>,
}

/// Cuts pieces where they meet. Ends and crossings closer than `snap` steps become one vertex, and a piece that
/// passes a vertex closer than `snap` is bent through it. `snap` 0 counts as 1.
pub(crate) fn node(pieces: &[Piece], snap: i64) -> Noded {
    let snap = snap.max(1);
    let mut snapper = Snapper::new(snap);
    let mut edges: Vec<(u32, u32, u32)> =
        pieces.iter().map(|piece| (snapper.id(piece.a), snapper.id(piece.b), piece.mark)).collect();
    unite(&mut edges);
    for _ in 0..ROUNDS_MAX {
        let splits = meetings(&edges, &mut snapper);
        if splits.is_empty() {
            break;
        }
        edges = split(&edges, splits, &snapper.vertices);
        unite(&mut edges);
    }
    Noded { vertices: snapper.vertices, edges }
}

/// One record for each pair of ends, no piece without length, in the order of first sight.
fn unite(edges: &mut Vec<(u32, u32, u32)>) {
    let mut seen: FastMap<(u32, u32), usize> = FastMap::default();
    let mut kept: Vec<(u32, u32, u32)> = Vec::with_capacity(edges.len());
    for (a, b, mark) in edges.drain(..) {
        if a == b {
            continue;
        }
        match seen.entry((a.min(b), a.max(b))) {
            std::collections::hash_map::Entry::Occupied(at) => {
                let old = &mut kept[*at.get()];
                old.2 = old.2.max(mark);
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(kept.len());
                kept.push((a, b, mark));
            }
        }
    }
    *edges = kept;
}

fn split(
    edges: &[(u32, u32, u32)],
    mut splits: Vec<(u32, u32)>,
    vertices: &[Vertex],
) -> Vec<(u32, u32, u32)> {
    splits.sort_unstable();
    splits.dedup();
    let mut out = Vec::with_capacity(edges.len() + splits.len());
    let mut at = 0;
    for (number, (a, b, mark)) in (0_u32..).zip(edges.iter().copied()) {
        let from = at;
        while at < splits.len() && splits[at].0 == number {
            at += 1;
        }
        let start = vertices[a as usize];
        let end = vertices[b as usize];
        let along = |id: u32| {
            let v = vertices[id as usize];
            (i128::from(v.x) - i128::from(start.x)) * (i128::from(end.x) - i128::from(start.x))
                + (i128::from(v.y) - i128::from(start.y)) * (i128::from(end.y) - i128::from(start.y))
        };
        let mut middle: Vec<u32> = splits[from..at].iter().map(|(_, id)| *id).collect();
        middle.sort_by_key(|id| along(*id));
        let mut last = a;
        for id in middle {
            out.push((last, id, mark));
            last = id;
        }
        out.push((last, b, mark));
    }
    out
}

/// Every vertex at which an edge has to be split.
fn meetings(edges: &[(u32, u32, u32)], snapper: &mut Snapper) -> Vec<(u32, u32)> {
    let mut splits = Vec::new();
    let near = f64::from(i32::try_from(snapper.snap).unwrap_or(i32::MAX));
    let ends = |number: u32, vertices: &[Vertex]| {
        let (a, b, _) = edges[number as usize];
        (vertices[a as usize], vertices[b as usize])
    };
    for (one, other) in pairs(edges, &snapper.vertices, snapper.snap) {
        let (ia, ib, _) = edges[one as usize];
        let (ic, id, _) = edges[other as usize];
        let (a, b) = ends(one, &snapper.vertices);
        let (c, d) = ends(other, &snapper.vertices);
        let mut touched = false;
        for (edge, p, q, v, number) in
            [(one, a, b, c, ic), (one, a, b, d, id), (other, c, d, a, ia), (other, c, d, b, ib)]
        {
            let (s, t, _) = edges[edge as usize];
            if number == s || number == t {
                continue;
            }
            if passes(p, q, v, near) {
                splits.push((edge, number));
                touched = true;
            }
        }
        let shared = ia == ic || ia == id || ib == ic || ib == id;
        if touched || shared {
            continue;
        }
        if let Some(v) = crossing(a, b, c, d) {
            let number = snapper.id(v);
            if number != ia && number != ib {
                splits.push((one, number));
            }
            if number != ic && number != id {
                splits.push((other, number));
            }
        }
    }
    splits
}

/// True when `v` lies nearer than `near` to the inside of the segment.
pub(crate) fn passes(a: Vertex, b: Vertex, v: Vertex, near: f64) -> bool {
    let d = |p: i32, q: i32| f64::from(p) - f64::from(q);
    let (ux, uy) = (d(b.x, a.x), d(b.y, a.y));
    let (wx, wy) = (d(v.x, a.x), d(v.y, a.y));
    let square = ux * ux + uy * uy;
    let along = ux * wx + uy * wy;
    if along <= 0.0 || along >= square {
        return false;
    }
    let off = ux * wy - uy * wx;
    off == 0.0 || off * off < near * near * square
}

fn crossing(a: Vertex, b: Vertex, c: Vertex, d: Vertex) -> Option<Vertex> {
    let (s1, s2) = (cross(a, b, c), cross(a, b, d));
    let (s3, s4) = (cross(c, d, a), cross(c, d, b));
    if s1.signum() * s2.signum() >= 0 || s3.signum() * s4.signum() >= 0 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // a fraction along the segment
    let t = s3 as f64 / (s3 - s4) as f64;
    let at = |p: i32, q: i32| to_steps(f64::from(p) + t * (f64::from(q) - f64::from(p)));
    Some(Vertex { x: at(a.x, b.x), y: at(a.y, b.y) })
}

/// Pairs of edges whose boxes come within `margin`, each once, in order.
fn pairs(edges: &[(u32, u32, u32)], vertices: &[Vertex], margin: i64) -> Vec<(u32, u32)> {
    let boxes: Vec<[i64; 4]> = edges
        .iter()
        .map(|(a, b, _)| {
            let (a, b) = (vertices[*a as usize], vertices[*b as usize]);
            [
                i64::from(a.x.min(b.x)) - margin,
                i64::from(a.y.min(b.y)) - margin,
                i64::from(a.x.max(b.x)) + margin,
                i64::from(a.y.max(b.y)) + margin,
            ]
        })
        .collect();
    if boxes.is_empty() {
        return Vec::new();
    }
    // Cells as wide as a usual edge, so that a cell meets a handful of them.
    let count = i64::try_from(boxes.len()).unwrap_or(1);
    let cell = (boxes.iter().map(|b| (b[2] - b[0]).max(b[3] - b[1])).sum::<i64>() / count).max(1) * 3 / 2 + 1;
    let mut filed: Vec<(i64, i64, u32)> = Vec::with_capacity(boxes.len() * 3);
    for (number, (box_, (a, b, _))) in (0_u32..).zip(boxes.iter().zip(edges)) {
        let (a, b) = (vertices[*a as usize], vertices[*b as usize]);
        let (low, high) = if a.x <= b.x { (a, b) } else { (b, a) };
        for column in box_[0].div_euclid(cell)..=box_[2].div_euclid(cell) {
            // The part of the edge inside this column, so that a long slanted edge is not filed everywhere.
            let (south, north) = slab(low, high, column * cell - margin, (column + 1) * cell + margin);
            for row in (south - margin).div_euclid(cell)..=(north + margin).div_euclid(cell) {
                filed.push((column, row, number));
            }
        }
    }
    filed.sort_unstable();
    let mut found = Vec::new();
    for group in filed.chunk_by(|a, b| a.0 == b.0 && a.1 == b.1) {
        for (i, (_, _, one)) in group.iter().enumerate() {
            for (_, _, other) in &group[i + 1..] {
                let (p, q) = (&boxes[*one as usize], &boxes[*other as usize]);
                if p[0] <= q[2] && q[0] <= p[2] && p[1] <= q[3] && q[1] <= p[3] {
                    found.push((*one, *other));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn slab(low: Vertex, high: Vertex, from: i64, to: i64) -> (i64, i64) {
    let (x0, y0) = (i64::from(low.x), i64::from(low.y));
    let (x1, y1) = (i64::from(high.x), i64::from(high.y));
    if x1 == x0 {
        return (y0.min(y1), y0.max(y1));
    }
    let at = |x: i64| {
        let x = x.clamp(x0, x1);
        let y = i128::from(y1 - y0) * i128::from(x - x0) / i128::from(x1 - x0);
        y0 + i64::try_from(y).unwrap_or_default()
    };
    let (one, other) = (at(from), at(to));
    (one.min(other) - 1, one.max(other) + 1)
}

/// Half-edges: `h` and `h ^ 1` are the two sides of one edge; the face of `h` lies on its left.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    pub vertices: Vec<Vertex>,
    origin: Vec<u32>,
    next: Vec<u32>,
    prev: Vec<u32>,
    /// The cycle a half-edge belongs to; a face has one cycle, and one more for each hole.
    cycle: Vec<u32>,
    mark: Vec<u32>,
    alive: Vec<bool>,
    /// One half-edge of each cycle, [`NONE`] when the cycle is gone.
    start: Vec<u32>,
}

impl Plane {
    pub fn new(noded: Noded) -> Self {
        let mut plane = Self { vertices: noded.vertices, ..Self::default() };
        let mut outgoing: Vec<Vec<u32>> = vec![Vec::new(); plane.vertices.len()];
        for (a, b, mark) in noded.edges {
            let h = plane.push_edge(a, b, mark);
            outgoing[a as usize].push(h);
            outgoing[b as usize].push(h ^ 1);
        }
        for (number, list) in outgoing.iter_mut().enumerate() {
            let centre = plane.vertices[number];
            list.sort_by(|p, q| {
                let (p, q) = (plane.head_vertex(*p), plane.head_vertex(*q));
                half(centre, p).cmp(&half(centre, q)).then_with(|| 0.cmp(&cross(centre, p, q)))
            });
            for (i, h) in list.iter().enumerate() {
                let before = list[(i + list.len() - 1) % list.len()];
                plane.link(*h ^ 1, before);
            }
        }
        for h in 0..plane.len() {
            if plane.cycle[h as usize] == NONE {
                let cycle = plane.new_cycle(h);
                plane.relabel(h, cycle);
            }
        }
        plane
    }

    fn push_edge(&mut self, a: u32, b: u32, mark: u32) -> u32 {
        let h = self.len();
        self.origin.extend([a, b]);
        self.next.extend([NONE, NONE]);
        self.prev.extend([NONE, NONE]);
        self.cycle.extend([NONE, NONE]);
        self.mark.push(mark);
        self.alive.push(true);
        h
    }

    fn link(&mut self, h: u32, after: u32) {
        self.next[h as usize] = after;
        self.prev[after as usize] = h;
    }

    fn new_cycle(&mut self, h: u32) -> u32 {
        let cycle = u32::try_from(self.start.len()).unwrap_or(NONE);
        self.start.push(h);
        cycle
    }

    fn relabel(&mut self, h: u32, cycle: u32) {
        let mut at = h;
        loop {
            self.cycle[at as usize] = cycle;
            at = self.next[at as usize];
            if at == h {
                break;
            }
        }
        self.start[cycle as usize] = h;
    }

    /// Half-edges ever made; gone ones are [`Plane::is_alive`] no more.
    pub fn len(&self) -> u32 {
        u32::try_from(self.origin.len()).unwrap_or(NONE)
    }

    pub fn is_alive(&self, h: u32) -> bool {
        self.alive[(h >> 1) as usize]
    }

    pub fn cycles(&self) -> u32 {
        u32::try_from(self.start.len()).unwrap_or(NONE)
    }

    pub fn has_cycle(&self, cycle: u32) -> bool {
        self.start[cycle as usize] != NONE
    }

    pub fn cycle_of(&self, h: u32) -> u32 {
        self.cycle[h as usize]
    }

    pub fn mark_of(&self, h: u32) -> u32 {
        self.mark[(h >> 1) as usize]
    }

    pub fn next_of(&self, h: u32) -> u32 {
        self.next[h as usize]
    }

    pub fn prev_of(&self, h: u32) -> u32 {
        self.prev[h as usize]
    }

    pub fn tail_vertex(&self, h: u32) -> Vertex {
        self.vertices[self.origin[h as usize] as usize]
    }

    pub fn tail(&self, h: u32) -> u32 {
        self.origin[h as usize]
    }

    pub fn head_vertex(&self, h: u32) -> Vertex {
        self.tail_vertex(h ^ 1)
    }

    /// The half-edges of a cycle, in order.
    pub fn walk(&self, cycle: u32) -> Vec<u32> {
        let start = self.start[cycle as usize];
        let mut found = Vec::new();
        let mut at = start;
        while at != NONE {
            found.push(at);
            at = self.next[at as usize];
            if at == start {
                break;
            }
        }
        found
    }

    pub fn ring(&self, cycle: u32) -> Ring {
        Ring(self.walk(cycle).into_iter().map(|h| self.tail_vertex(h)).collect())
    }

    /// Removes edges that have the same cycle on both sides (loose ends, sticks between two rings), and so ends
    /// that lead nowhere, as long as `may` allows.
    pub fn prune(&mut self, may: impl Fn(u32) -> bool) {
        loop {
            let loose: Vec<u32> = (0..self.len())
                .step_by(2)
                .filter(|h| {
                    self.is_alive(*h) && self.cycle_of(*h) == self.cycle_of(*h ^ 1) && may(self.mark_of(*h))
                })
                .collect();
            if loose.is_empty() {
                return;
            }
            for h in loose {
                self.remove(h);
            }
        }
    }

    /// Cuts an edge at a vertex of the fixed grid; answers the half-edge that starts there on `h`'s side.
    pub fn split_edge(&mut self, h: u32, at: Vertex) -> u32 {
        let id = u32::try_from(self.vertices.len()).unwrap_or(NONE);
        self.vertices.push(at);
        let t = h ^ 1;
        let (after, before) = (self.next[h as usize], self.prev[t as usize]);
        let far = self.origin[t as usize];
        let fresh = self.push_edge(id, far, self.mark_of(h));
        self.origin[t as usize] = id;
        self.cycle[fresh as usize] = self.cycle[h as usize];
        self.cycle[(fresh ^ 1) as usize] = self.cycle[t as usize];
        // A loose end turns back on itself: `after` is `t` then.
        if after == t {
            self.link(fresh, fresh ^ 1);
        } else {
            self.link(fresh, after);
            self.link(before, fresh ^ 1);
        }
        self.link(h, fresh);
        self.link(fresh ^ 1, t);
        fresh
    }

    /// Adds an edge between the corners before `h1` and `h2`. In one cycle it splits it in two, the new one on
    /// the side of `h2`; between two cycles it makes them one, that of `h1`. Answers the half-edge `h1` → `h2`
    /// and the new cycle, if any.
    pub fn connect(&mut self, h1: u32, h2: u32, mark: u32) -> (u32, Option<u32>) {
        let (c1, c2) = (self.cycle_of(h1), self.cycle_of(h2));
        let e = self.push_edge(self.tail(h1), self.tail(h2), mark);
        let (p1, p2) = (self.prev[h1 as usize], self.prev[h2 as usize]);
        self.link(p1, e);
        self.link(e, h2);
        self.link(p2, e ^ 1);
        self.link(e ^ 1, h1);
        if c1 == c2 {
            let fresh = self.new_cycle(e);
            self.relabel(e ^ 1, c1);
            self.relabel(e, fresh);
            (e, Some(fresh))
        } else {
            self.start[c2 as usize] = NONE;
            self.relabel(e, c1);
            (e, None)
        }
    }

    /// Takes an edge away. Two cycles become the one of `h`; where both sides were one cycle already, a loose
    /// end goes, or the cycle falls in two. Answers the cycle that is no more or the new one.
    pub fn remove(&mut self, h: u32) {
        let t = h ^ 1;
        let (ch, ct) = (self.cycle_of(h), self.cycle_of(t));
        let (p, n) = (self.prev[h as usize], self.next[h as usize]);
        let (tp, tn) = (self.prev[t as usize], self.next[t as usize]);
        if p != t {
            self.link(p, tn);
        }
        if n != t {
            self.link(tp, n);
        }
        self.alive[(h >> 1) as usize] = false;
        self.cycle[h as usize] = NONE;
        self.cycle[t as usize] = NONE;
        if ch != ct {
            self.start[ct as usize] = NONE;
            self.start[ch as usize] = NONE;
            let rest = if p != t { p } else { tp };
            if rest != h && rest != t {
                self.relabel(rest, ch);
            }
            return;
        }
        self.start[ch as usize] = NONE;
        let ends: Vec<u32> =
            [(p, t), (tp, h)].into_iter().filter(|(e, own)| e != own).map(|(e, _)| e).collect();
        // A loose end leaves one cycle; a stick between two rings leaves two.
        if let Some(first) = ends.first() {
            self.relabel(*first, ch);
        }
        if let Some(second) = ends.get(1)
            && p != t
            && n != t
            && !self.walk(ch).contains(second)
        {
            let fresh = self.new_cycle(*second);
            self.relabel(*second, fresh);
        }
    }

    /// For each cycle that runs clockwise (the outside of a group of edges) the face around it: the cycle that
    /// runs counter-clockwise, or `None` for the open plane.
    pub fn faces_around_holes(&self) -> Vec<(u32, Option<u32>)> {
        let holes: Vec<u32> = (0..self.cycles())
            .filter(|cycle| self.has_cycle(*cycle) && self.ring(*cycle).area2() <= 0)
            .collect();
        let mut upward = Rays::new(self);
        let mut around: FastMap<u32, Option<u32>> = FastMap::default();
        let hits: Vec<Option<u32>> = holes
            .iter()
            .map(|cycle| {
                let leftmost = self.walk(*cycle).into_iter().map(|h| self.tail_vertex(h)).min();
                leftmost.and_then(|v| upward.west_of(self, v)).map(|h| self.cycle_of(h))
            })
            .collect();
        let direct: FastMap<u32, Option<u32>> = holes.iter().copied().zip(hits.iter().copied()).collect();
        for hole in &holes {
            // From hole to hole westwards until a face answers; each step goes further west, so it ends.
            let mut at = direct.get(hole).copied().flatten();
            while let Some(next) = at.and_then(|cycle| direct.get(&cycle)) {
                at = *next;
            }
            around.insert(*hole, at);
        }
        holes.into_iter().map(|hole| (hole, around.get(&hole).copied().flatten())).collect()
    }
}

/// 0 for directions from east (included) up to west, 1 for the rest.
fn half(centre: Vertex, v: Vertex) -> u8 {
    u8::from(v.y < centre.y || (v.y == centre.y && v.x < centre.x))
}

/// Edges by bands of latitude, to shoot along a parallel.
pub(crate) struct Rays {
    south: i64,
    band: i64,
    bands: Vec<Vec<u32>>,
}

impl Rays {
    pub fn new(plane: &Plane) -> Self {
        let extent = Extent::of(plane.vertices.iter().copied());
        let (south, north) = extent.map_or((0, 0), |e| (i64::from(e.south), i64::from(e.north)));
        let count = i64::from(plane.len() / 64).clamp(1, 4_096);
        let band = (north - south) / count + 1;
        let mut bands = vec![Vec::new(); usize::try_from(count).unwrap_or(1)];
        for h in (0..plane.len()).step_by(2).filter(|h| plane.is_alive(*h)) {
            let (a, b) = (i64::from(plane.tail_vertex(h).y), i64::from(plane.head_vertex(h).y));
            let (from, to) = ((a.min(b) - south) / band, (a.max(b) - south) / band);
            for i in from..=to {
                if let Some(list) = usize::try_from(i).ok().and_then(|i| bands.get_mut(i)) {
                    list.push(h);
                }
            }
        }
        Self { south, band, bands }
    }

    /// The nearest edge west of a vertex at its latitude, as the half-edge whose left side looks east.
    pub fn west_of(&mut self, plane: &Plane, v: Vertex) -> Option<u32> {
        self.hit(plane, v, -1.0).map(|(h, _)| h)
    }

    /// The nearest edge west (`side` -1) or east (1) and the longitude in steps at which it is met. The
    /// half-edge answered has the vertex on its left.
    pub fn hit(&mut self, plane: &Plane, v: Vertex, side: f64) -> Option<(u32, f64)> {
        let row = usize::try_from((i64::from(v.y) - self.south) / self.band).ok()?;
        let mut best: Option<(f64, f64, u32, f64)> = None;
        for h in self.bands.get(row)?.iter().filter(|h| plane.is_alive(**h)) {
            let (a, b) = (plane.tail_vertex(*h), plane.head_vertex(*h));
            if (a.y > v.y) == (b.y > v.y) {
                continue;
            }
            let slope = (f64::from(b.x) - f64::from(a.x)) / (f64::from(b.y) - f64::from(a.y));
            let x = f64::from(a.x) + slope * (f64::from(v.y) - f64::from(a.y));
            let far = (x - f64::from(v.x)) * side;
            let turn = cross(a, b, v);
            if turn == 0 || far <= 0.0 {
                continue;
            }
            // Of edges that meet at one place, the one nearer just above it.
            let rank = slope * side;
            if best.is_none_or(|(f, r, _, _)| far < f || (far == f && rank < r)) {
                best = Some((far, rank, if turn > 0 { *h } else { *h ^ 1 }, x));
            }
        }
        best.map(|(_, _, h, x)| (h, x))
    }

    /// An edge that was added later.
    pub fn add(&mut self, plane: &Plane, h: u32) {
        let (a, b) = (i64::from(plane.tail_vertex(h).y), i64::from(plane.head_vertex(h).y));
        let (from, to) = ((a.min(b) - self.south) / self.band, (a.max(b) - self.south) / self.band);
        for i in from..=to {
            if let Some(list) = usize::try_from(i).ok().and_then(|i| self.bands.get_mut(i)) {
                list.push(h & !1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v(x: i32, y: i32) -> Vertex {
        Vertex { x, y }
    }

    fn box_at(x: i32, y: i32, side: i32) -> Vec<Piece> {
        let corners = [v(x, y), v(x + side, y), v(x + side, y + side), v(x, y + side)];
        (0..4).map(|i| Piece { a: corners[i], b: corners[(i + 1) % 4], mark: 0 }).collect()
    }

    fn faces(plane: &Plane) -> Vec<i128> {
        let mut areas: Vec<i128> = (0..plane.cycles())
            .filter(|cycle| plane.has_cycle(*cycle))
            .map(|cycle| plane.ring(cycle).area2() / 2)
            .filter(|area| *area > 0)
            .collect();
        areas.sort_unstable();
        areas
    }

    #[test]
    fn a_cross_in_a_box_makes_four_faces() {
        let mut pieces = box_at(0, 0, 1_000);
        pieces.push(Piece { a: v(500, -100), b: v(500, 1_100), mark: 1 });
        pieces.push(Piece { a: v(0, 400), b: v(1_000, 400), mark: 1 });
        let mut plane = Plane::new(node(&pieces, 1));
        plane.prune(|mark| mark == 1);
        assert_eq!(faces(&plane), [200_000, 200_000, 300_000, 300_000]);
    }

    #[test]
    fn a_box_inside_a_box_is_a_hole_of_it() {
        let mut pieces = box_at(0, 0, 1_000);
        pieces.extend(box_at(300, 300, 200));
        pieces.extend(box_at(600, 300, 200));
        let plane = Plane::new(node(&pieces, 1));
        let outer =
            (0..plane.cycles()).find(|c| plane.ring(*c).area2() == 2_000_000).expect("the outer face");
        let around: Vec<Option<u32>> = plane.faces_around_holes().into_iter().map(|(_, f)| f).collect();
        assert_eq!(around.iter().filter(|f| **f == Some(outer)).count(), 2);
        assert_eq!(around.iter().filter(|f| f.is_none()).count(), 1);
    }

    #[test]
    fn splitting_connecting_and_removing_keep_the_area() {
        let mut plane = Plane::new(node(&box_at(0, 0, 1_000), 1));
        let face = (0..plane.cycles()).find(|c| plane.ring(*c).area2() > 0).expect("a face");
        let walk = plane.walk(face);
        let low = plane.split_edge(walk[0], v(500, 0));
        let high = plane.split_edge(walk[2], v(500, 1_000));
        let (edge, fresh) = plane.connect(low, high, 7);
        assert!(fresh.is_some());
        assert_eq!(faces(&plane), [500_000, 500_000]);
        plane.remove(edge);
        assert_eq!(faces(&plane), [1_000_000]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn after_noding_no_two_edges_cross(
            lines in proptest::collection::vec((0..2_000_i32, 0..2_000_i32, 0..2_000_i32, 0..2_000_i32), 1..25)
        ) {
            let pieces: Vec<Piece> =
                lines.iter().map(|(a, b, c, d)| Piece { a: v(*a, *b), b: v(*c, *d), mark: 0 }).collect();
            let noded = node(&pieces, 1);
            for (i, (a, b, _)) in noded.edges.iter().enumerate() {
                for (c, d, _) in &noded.edges[i + 1..] {
                    let at = |id: &u32| noded.vertices[*id as usize];
                    prop_assert!(crossing(at(a), at(b), at(c), at(d)).is_none());
                }
            }
            // Signed areas of all cycles of a plane cancel out: each edge is walked once each way.
            let plane = Plane::new(noded);
            let sum: i128 = (0..plane.cycles()).map(|c| plane.ring(c).area2()).sum();
            prop_assert_eq!(sum, 0);
        }
    }
}
