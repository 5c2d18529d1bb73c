//! Geometry in metres around a place, and a grid of cells that says which entries lie near. Within a city the
//! earth is flat enough: a degree of longitude is shortened by the cosine of the latitude and that is all.

use super::names::List;
use super::words::KeyMap;
use kernel::{Cgcs2000, Point};

/// A position in steps of 1e-7 degree, one centimetre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    pub x: i32,
    pub y: i32,
}

const STEPS: f64 = 1e7;
/// Metres of a degree on the sphere the kernel measures on.
const DEGREE_M: f64 = 111_195.080_233_532_9;
/// Side of a cell in steps: 0.002 degree, some 220 m north to south.
const CELL: i32 = 20_000;
const CELL_M: f64 = 222.39;
/// Cells a shape is filed under. What covers more (a whole city) is kept apart and looked at every time.
const CELLS_MAX: usize = 2_048;
/// The place of those few.
const LARGE: u64 = u64::MAX;

impl Spot {
    pub fn of(point: Point<Cgcs2000>) -> Self {
        // In range by the type of the point, so the products fit: 180e7 < 2^31.
        Self { x: (point.lng() * STEPS).round() as i32, y: (point.lat() * STEPS).round() as i32 }
    }

    /// Clamped to the globe.
    pub fn at(lng: f64, lat: f64) -> Self {
        let step = |v: f64, most: f64| (v.clamp(-most, most) * STEPS).round() as i32;
        Self { x: step(lng, 180.0), y: step(lat, 90.0) }
    }

    pub fn lng(self) -> f64 {
        f64::from(self.x) / STEPS
    }

    pub fn lat(self) -> f64 {
        f64::from(self.y) / STEPS
    }

    pub fn point(self) -> Point<Cgcs2000> {
        // A spot is made from a point or clamped; a hand-made image is checked when it is read.
        Point::new(self.lng(), self.lat()).unwrap_or_else(|| Self::at(self.lng(), self.lat()).point())
    }

    /// Metres east and north of `origin`.
    pub fn metres_from(self, origin: Self) -> (f64, f64) {
        let narrow = origin.lat().to_radians().cos();
        let step = DEGREE_M / STEPS;
        (
            (f64::from(self.x) - f64::from(origin.x)) * step * narrow,
            (f64::from(self.y) - f64::from(origin.y)) * step,
        )
    }

    pub fn moved(self, east_m: f64, north_m: f64) -> Self {
        let narrow = self.lat().to_radians().cos().max(0.01);
        Self::at(self.lng() + east_m / (DEGREE_M * narrow), self.lat() + north_m / DEGREE_M)
    }

    pub fn distance(self, other: Self) -> f64 {
        let (x, y) = other.metres_from(self);
        x.hypot(y)
    }

    pub fn between(self, other: Self, share: f64) -> Self {
        Self::at(
            self.lng() + (other.lng() - self.lng()) * share,
            self.lat() + (other.lat() - self.lat()) * share,
        )
    }
}

/// The nearest place of a line to a spot.
#[derive(Debug, Clone, Copy)]
pub struct Foot {
    pub line: usize,
    /// Metres along that line.
    pub along: f64,
    pub spot: Spot,
    pub distance: f64,
    /// Metres to the left of the line's direction; negative to the right.
    pub left: f64,
}

pub fn foot<'a>(lines: impl Iterator<Item = &'a [Spot]>, spot: Spot) -> Option<Foot> {
    let mut best: Option<Foot> = None;
    for (index, line) in lines.enumerate() {
        let mut along = 0.0;
        for pair in line.windows(2) {
            let (a, b) = (pair[0].metres_from(spot), pair[1].metres_from(spot));
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let length = dx.hypot(dy);
            let t =
                if length > 0.0 { (-(a.0 * dx + a.1 * dy) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
            let (x, y) = (a.0 + dx * t, a.1 + dy * t);
            let distance = x.hypot(y);
            if best.is_none_or(|b| distance < b.distance) {
                let side = if dx * -a.1 - dy * -a.0 >= 0.0 { 1.0 } else { -1.0 };
                let spot = pair[0].between(pair[1], t);
                best = Some(Foot {
                    line: index,
                    along: along + length * t,
                    spot,
                    distance,
                    left: side * distance,
                });
            }
            along += length;
        }
    }
    best
}

/// The place `along` metres from the start of a line, moved `left` metres off it.
pub fn place_along(line: &[Spot], along: f64, left: f64) -> Option<Spot> {
    let mut rest = along.max(0.0);
    let pairs = line.len().saturating_sub(1);
    for (i, pair) in line.windows(2).enumerate() {
        let (dx, dy) = pair[1].metres_from(pair[0]);
        let length = dx.hypot(dy);
        if rest <= length || i + 1 == pairs {
            let t = if length > 0.0 { (rest / length).min(1.0) } else { 0.0 };
            let on = pair[0].between(pair[1], t);
            let (nx, ny) = if length > 0.0 { (-dy / length, dx / length) } else { (0.0, 0.0) };
            return Some(on.moved(nx * left, ny * left));
        }
        rest -= length;
    }
    None
}

pub fn line_length(line: &[Spot]) -> f64 {
    line.windows(2).map(|p| p[0].distance(p[1])).sum()
}

/// The middle of the longest line.
pub fn middle<'a>(lines: impl Iterator<Item = &'a [Spot]>) -> Spot {
    let longest = lines.max_by(|a, b| line_length(a).total_cmp(&line_length(b))).unwrap_or(&[]);
    let first = longest.first().copied().unwrap_or(Spot { x: 0, y: 0 });
    place_along(longest, line_length(longest) / 2.0, 0.0).unwrap_or(first)
}

/// Places where two streets meet or come within `gap_m`; those nearer than 60 m to each other are one.
pub fn crossings<'a>(
    a: impl Iterator<Item = &'a [Spot]> + Clone,
    b: impl Iterator<Item = &'a [Spot]> + Clone,
    gap_m: f64,
) -> Vec<(Spot, f64)> {
    let mut found: Vec<(Spot, f64)> = Vec::new();
    // A bound on the work for a pair of ring roads: segment pairs looked at.
    let mut budget = 400_000usize;
    let boxed: Vec<(&[Spot], [i32; 4])> = b.map(|l| (l, bounds(l))).collect();
    for line in a {
        let near = grown(bounds(line), gap_m);
        for (other, other_bounds) in &boxed {
            if !overlap(near, *other_bounds) {
                continue;
            }
            for pair in line.windows(2) {
                let reach = grown(bounds(pair), gap_m);
                if !overlap(reach, *other_bounds) {
                    continue;
                }
                for cross in other.windows(2) {
                    budget = budget.saturating_sub(1);
                    if budget == 0 {
                        return found;
                    }
                    if !overlap(reach, bounds(cross)) {
                        continue;
                    }
                    let (spot, gap) = meeting(pair, cross);
                    if gap > gap_m {
                        continue;
                    }
                    match found.iter_mut().find(|(known, _)| known.distance(spot) < 60.0) {
                        Some(known) if gap < known.1 => *known = (spot, gap),
                        Some(_) => {}
                        None => found.push((spot, gap)),
                    }
                }
            }
        }
    }
    found
}

fn bounds(line: &[Spot]) -> [i32; 4] {
    line.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |[w, s, e, n], p| {
        [w.min(p.x), s.min(p.y), e.max(p.x), n.max(p.y)]
    })
}

fn grown([w, s, e, n]: [i32; 4], metres: f64) -> [i32; 4] {
    let up = (metres / DEGREE_M * STEPS) as i32;
    let narrow = (f64::from(n) / STEPS).to_radians().cos().abs().max(0.01);
    let side = (metres / (DEGREE_M * narrow) * STEPS) as i32;
    [w.saturating_sub(side), s.saturating_sub(up), e.saturating_add(side), n.saturating_add(up)]
}

const fn overlap(a: [i32; 4], b: [i32; 4]) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

/// Where two segments cross, or the middle between their nearest places, and how far apart these are.
fn meeting(a: &[Spot], b: &[Spot]) -> (Spot, f64) {
    let origin = a[0];
    let (p, q) = (a[1].metres_from(origin), (b[0].metres_from(origin), b[1].metres_from(origin)));
    let d = (q.1.0 - q.0.0, q.1.1 - q.0.1);
    let denominator = p.0 * d.1 - p.1 * d.0;
    if denominator.abs() > 1e-9 {
        let t = (q.0.0 * d.1 - q.0.1 * d.0) / denominator;
        let u = (q.0.0 * p.1 - q.0.1 * p.0) / denominator;
        if (0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u) {
            return (a[0].between(a[1], t), 0.0);
        }
    }
    let ends = [(a[0], b), (a[1], b), (b[0], a), (b[1], a)];
    let nearest = ends.into_iter().filter_map(|(end, line)| {
        let foot = foot(std::iter::once(line), end)?;
        Some((end.between(foot.spot, 0.5), foot.distance))
    });
    nearest.min_by(|x, y| x.1.total_cmp(&y.1)).unwrap_or((origin, f64::INFINITY))
}

/// Even-odd rule over all rings, so holes are outside.
pub fn contains<'a>(rings: impl Iterator<Item = &'a [Spot]>, spot: Spot) -> bool {
    let mut inside = false;
    let (x, y) = (f64::from(spot.x), f64::from(spot.y));
    for ring in rings {
        let mut before = ring.len().saturating_sub(1);
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[before]);
            let (ay, by) = (f64::from(a.y), f64::from(b.y));
            if (ay > y) != (by > y) {
                let (ax, bx) = (f64::from(a.x), f64::from(b.x));
                if x < (bx - ax) * (y - ay) / (by - ay) + ax {
                    inside = !inside;
                }
            }
            before = i;
        }
    }
    inside
}

pub fn cell(spot: Spot) -> u64 {
    cell_at(spot.x.div_euclid(CELL), spot.y.div_euclid(CELL))
}

fn cell_at(column: i32, row: i32) -> u64 {
    (u64::from((column + 100_000).cast_unsigned()) << 32) | u64::from((row + 100_000).cast_unsigned())
}

pub fn cells_of<'a>(lines: impl Iterator<Item = &'a [Spot]>, is_area: bool) -> Vec<u64> {
    let mut cells = Vec::new();
    for line in lines {
        if is_area {
            let [w, s, e, n] = bounds(line).map(|v| v.div_euclid(CELL));
            let count = (i64::from(e) - i64::from(w) + 1) * (i64::from(n) - i64::from(s) + 1);
            if count > CELLS_MAX as i64 {
                return vec![LARGE];
            }
            for column in w..=e {
                cells.extend((s..=n).map(|row| cell_at(column, row)));
            }
        } else {
            for pair in line.windows(2) {
                let reach = (pair[0].x.abs_diff(pair[1].x)).max(pair[0].y.abs_diff(pair[1].y));
                let steps = reach / (CELL.unsigned_abs() / 2) + 1;
                if steps as usize > CELLS_MAX {
                    return vec![LARGE];
                }
                cells.extend(
                    (0..=steps).map(|i| cell(pair[0].between(pair[1], f64::from(i) / f64::from(steps)))),
                );
            }
        }
        cells.sort_unstable();
        cells.dedup();
        if cells.len() > CELLS_MAX {
            return vec![LARGE];
        }
    }
    cells
}

/// Which entries lie in or cross which cell.
#[derive(Debug, Default)]
pub struct Ground {
    cells: KeyMap<u64, List>,
}

impl Ground {
    pub fn add(&mut self, slot: u32, cells: &[u64]) {
        for cell in cells {
            match self.cells.get_mut(cell) {
                Some(list) => list.push(slot),
                None => {
                    self.cells.insert(*cell, List::One(slot));
                }
            }
        }
    }

    pub fn drop(&mut self, slot: u32, cells: &[u64]) {
        for cell in cells {
            let empty = match self.cells.get_mut(cell) {
                Some(List::One(only)) => *only == slot,
                Some(List::Many(all)) => {
                    all.retain(|s| *s != slot);
                    all.is_empty()
                }
                None => false,
            };
            if empty {
                self.cells.remove(cell);
            }
        }
    }

    pub fn settle(&mut self) {
        for list in self.cells.values_mut() {
            if let List::Many(all) = list {
                all.shrink_to_fit();
            }
        }
    }

    /// Entries of the cell of this spot and the large ones.
    pub fn here(&self, spot: Spot) -> impl Iterator<Item = u32> {
        let own = self.cells.get(&cell(spot)).map_or(&[][..], List::as_slice);
        let large = self.cells.get(&LARGE).map_or(&[][..], List::as_slice);
        own.iter().chain(large).copied()
    }

    /// Offers entries in cells farther and farther away until `each` says the distance in metres beyond which
    /// nothing can matter any more. An entry may be offered more than once.
    pub fn outwards(&self, spot: Spot, mut each: impl FnMut(u32) -> f64, at_most_m: f64) {
        let (column, row) = (spot.x.div_euclid(CELL), spot.y.div_euclid(CELL));
        let narrow = CELL_M * spot.lat().to_radians().cos().max(0.05);
        let mut reach = at_most_m;
        for ring in 0..=64i32 {
            // Everything in this ring of cells is at least so far away.
            if f64::from((ring - 1).max(0)) * narrow > reach {
                return;
            }
            for dx in -ring..=ring {
                let step = if dx.abs() == ring { 1 } else { (2 * ring).max(1) };
                let mut dy = -ring;
                while dy <= ring {
                    if let Some(list) = self.cells.get(&cell_at(column + dx, row + dy)) {
                        for slot in list.as_slice() {
                            reach = reach.min(each(*slot));
                        }
                    }
                    dy += step;
                }
            }
        }
    }

    pub fn memory(&self) -> usize {
        let lists = self.cells.values().map(|l| match l {
            List::One(_) => 0,
            List::Many(all) => all.capacity() * 4 + 16,
        });
        self.cells.capacity() * 33 + lists.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Vec<Spot> {
        points.iter().map(|(x, y)| Spot::at(*x, *y)).collect()
    }

    #[test]
    fn streets_meet_where_they_cross() {
        let (a, b) = (line(&[(119.0, 36.7), (119.1, 36.7)]), line(&[(119.05, 36.65), (119.05, 36.75)]));
        let met = crossings(std::iter::once(&a[..]), std::iter::once(&b[..]), 30.0);
        assert_eq!(met.len(), 1);
        assert!(met[0].0.distance(Spot::at(119.05, 36.7)) < 0.1 && met[0].1 == 0.0);
        let short = line(&[(119.05, 36.7002), (119.05, 36.75)]);
        let near = crossings(std::iter::once(&a[..]), std::iter::once(&short[..]), 30.0);
        assert!(near.len() == 1 && (near[0].1 - 22.2).abs() < 0.2, "{near:?}");
        assert!(crossings(std::iter::once(&a[..]), std::iter::once(&short[..]), 10.0).is_empty());
    }

    #[test]
    fn a_foot_knows_how_far_along_and_on_which_side() {
        let road = line(&[(119.0, 36.7), (119.01, 36.7), (119.01, 36.71)]);
        let foot = foot(std::iter::once(&road[..]), Spot::at(119.005, 36.7001)).expect("near");
        assert!((foot.distance - 11.1).abs() < 0.1 && foot.left > 0.0);
        let back = place_along(&road, foot.along, foot.left).expect("on the line");
        assert!(back.distance(Spot::at(119.005, 36.7001)) < 0.1);
    }

    #[test]
    fn rings_hold_what_is_inside_and_not_their_holes() {
        let outer = line(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let hole = line(&[(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]);
        let rings = [&outer[..], &hole[..]];
        for (x, y, expected) in [(0.2, 0.2, true), (0.5, 0.5, false), (1.5, 0.5, false), (0.7, 0.9, true)] {
            assert_eq!(contains(rings.into_iter(), Spot::at(x, y)), expected, "{x} {y}");
        }
    }

    #[test]
    fn going_outwards_meets_every_entry_within_reach() {
        let mut ground = Ground::default();
        let spots: Vec<Spot> = (0..400u32)
            .map(|i| Spot::at(119.0 + f64::from(i % 20) * 0.0013, 36.7 + f64::from(i / 20) * 0.0017))
            .collect();
        for (i, spot) in spots.iter().enumerate() {
            ground.add(i as u32, &[cell(*spot)]);
        }
        let here = Spot::at(119.0121, 36.7168);
        let mut met = Vec::new();
        ground.outwards(
            here,
            |slot| {
                met.push(slot);
                f64::INFINITY
            },
            800.0,
        );
        met.sort_unstable();
        met.dedup();
        for (i, spot) in spots.iter().enumerate() {
            if spot.distance(here) <= 800.0 {
                assert!(met.contains(&(i as u32)), "{i}");
            }
        }
        ground.drop(7, &[cell(spots[7])]);
        assert!(!ground.here(spots[7]).any(|s| s == 7));
    }
}
