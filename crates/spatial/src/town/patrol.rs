//! Patrol grids (巡查网格) and supervision grids (监督网格): sets of adjacent unit grids of about one size, patrol grids
//! nested in supervision grids, supervision grids in streets (街道) as far as the numbers allow.

use super::{Plan, TownProblem};
use crate::divide::Divided;
use crate::shape::{FastMap, Vertex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A set of unit grids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutySet {
    /// 6 digits of the county, `Z` for a patrol grid or `J` for a supervision grid, 4 digits. There is no
    /// national code: `standards/codes.md` §3 proposes `Z`, `J` is ours.
    pub code: String,
    pub name: String,
    /// Positions in `divided.grids`, in order.
    pub grids: Vec<u32>,
    /// Of a patrol grid: its supervision grid, by position.
    pub within: Option<usize>,
}

/// Rounds in which the parts move their middles; they settle in three or four.
const ROUNDS: usize = 5;

pub(super) fn draw(
    divided: &Divided,
    plan: &Plan,
    street_names: &BTreeMap<&str, &str>,
) -> Result<(Vec<DutySet>, Vec<DutySet>), TownProblem> {
    let grids = &divided.grids;
    let map = Map::new(divided);
    let mut by_street: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (i, grid) in (0_u32..).zip(grids) {
        by_street.entry(&grid.code.as_str()[..9]).or_default().push(i);
    }
    let (supervise, patrol) = (plan.supervision_grids, plan.patrol_grids);
    if supervise < by_street.len() || supervise > grids.len() {
        return Err(TownProblem::Count { what: "supervision grids", wanted: supervise });
    }
    if patrol < supervise || patrol > grids.len() {
        return Err(TownProblem::Count { what: "patrol grids", wanted: patrol });
    }
    let sizes: Vec<usize> = by_street.values().map(Vec::len).collect();
    let mut supervision: Vec<DutySet> = Vec::new();
    let mut numbers: BTreeMap<(String, char), u32> = BTreeMap::new();
    let mut code = |first: u32, letter: char| {
        let county = grids[first as usize].code.as_str()[..6].to_owned();
        let number = numbers.entry((county.clone(), letter)).or_default();
        *number += 1;
        format!("{county}{letter}{number:04}")
    };
    for ((street, list), parts) in by_street.iter().zip(apportion(&sizes, supervise)) {
        let name = street_names.get(street).copied().unwrap_or(street);
        for (n, part) in (1..).zip(map.partition(list, parts)) {
            let Some(first) = part.first() else { continue };
            supervision.push(DutySet {
                code: code(*first, 'J'),
                name: format!("{name}第{n}监督网格"),
                grids: part,
                within: None,
            });
        }
    }
    let sizes: Vec<usize> = supervision.iter().map(|set| set.grids.len()).collect();
    let mut patrols = Vec::new();
    for ((at, set), parts) in supervision.iter().enumerate().zip(apportion(&sizes, patrol)) {
        for (n, part) in (1..).zip(map.partition(&set.grids, parts)) {
            let Some(first) = part.first() else { continue };
            let name = set.name.replace("监督网格", &format!("-{n}巡查网格"));
            patrols.push(DutySet { code: code(*first, 'Z'), name, grids: part, within: Some(at) });
        }
    }
    if supervision.len() != supervise {
        return Err(TownProblem::Count { what: "supervision grids", wanted: supervise });
    }
    if patrols.len() != patrol {
        return Err(TownProblem::Count { what: "patrol grids", wanted: patrol });
    }
    Ok((supervision, patrols))
}

/// Hands out `total` parts by size, one at least to each, none more than it has grids.
fn apportion(sizes: &[usize], total: usize) -> Vec<usize> {
    let mut parts = vec![1; sizes.len()];
    let mut heap: BinaryHeap<(usize, Reverse<usize>)> = BinaryHeap::new();
    // Size over the next part, in thousandths, as whole numbers.
    let key = |size: usize, parts: usize| size * 2_000 / (2 * parts + 1);
    for (i, size) in sizes.iter().enumerate().filter(|(_, size)| **size > 1) {
        heap.push((key(*size, 1), Reverse(i)));
    }
    for _ in sizes.len()..total {
        let Some((_, Reverse(i))) = heap.pop() else { break };
        parts[i] += 1;
        if parts[i] < sizes[i] {
            heap.push((key(sizes[i], parts[i]), Reverse(i)));
        }
    }
    parts
}

/// Grids and who lies beside whom.
struct Map {
    centres: Vec<Vertex>,
    areas: Vec<u64>,
    beside: Vec<Vec<u32>>,
}

impl Map {
    fn new(divided: &Divided) -> Self {
        let mut edges: FastMap<(Vertex, Vertex), u32> = FastMap::default();
        let mut beside: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); divided.grids.len()];
        for (i, grid) in (0_u32..).zip(&divided.grids) {
            for (a, b) in grid.shape.edges() {
                if let Some(other) = edges.get(&(b, a)) {
                    beside[i as usize].insert(*other);
                    beside[*other as usize].insert(i);
                }
                edges.insert((a, b), i);
            }
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole m²
        let areas = divided.grids.iter().map(|grid| grid.area_m2.max(1.0) as u64).collect();
        let nowhere = Vertex { x: 0, y: 0 };
        let centres = divided.grids.iter().map(|g| g.shape.centroid().unwrap_or(nowhere)).collect();
        Self { centres, areas, beside: beside.into_iter().map(|set| set.into_iter().collect()).collect() }
    }

    /// Cuts a set into `parts` sets, each connected where the whole is, of about one area.
    fn partition(&self, list: &[u32], parts: usize) -> Vec<Vec<u32>> {
        if parts <= 1 {
            return vec![list.to_vec()];
        }
        let mut seeds = self.far_apart(list, parts);
        let mut grown = self.grow(list, &seeds);
        for _ in 0..ROUNDS {
            let moved: Vec<u32> = grown.iter().map(|part| self.middle(part)).collect();
            if moved == seeds {
                break;
            }
            seeds = moved;
            grown = self.grow(list, &seeds);
        }
        for part in &mut grown {
            part.sort_unstable();
        }
        grown.sort_by_key(|part| part.first().copied());
        grown
    }

    fn far_apart(&self, list: &[u32], parts: usize) -> Vec<u32> {
        let mut seeds = vec![list[0]];
        let mut nearest: Vec<i64> = list.iter().map(|i| self.far(*i, list[0])).collect();
        while seeds.len() < parts {
            let Some(at) = (0..list.len()).max_by_key(|at| (nearest[*at], Reverse(*at))) else { break };
            seeds.push(list[at]);
            for (far, i) in nearest.iter_mut().zip(list) {
                *far = (*far).min(self.far(*i, list[at]));
            }
        }
        seeds
    }

    fn far(&self, one: u32, other: u32) -> i64 {
        let (a, b) = (self.centres[one as usize], self.centres[other as usize]);
        let (dx, dy) = (i64::from(a.x) - i64::from(b.x), i64::from(a.y) - i64::from(b.y));
        // A step east is about four fifths of a step north at the latitudes of the demo.
        dx * dx * 16 / 25 + dy * dy
    }

    /// The grid nearest to the mean of a set.
    fn middle(&self, part: &[u32]) -> u32 {
        let n = i64::try_from(part.len()).unwrap_or(1).max(1);
        let sum = |f: fn(&Vertex) -> i32| {
            part.iter().map(|i| i64::from(f(&self.centres[*i as usize]))).sum::<i64>() / n
        };
        let (x, y) = (sum(|v| v.x), sum(|v| v.y));
        part.iter()
            .copied()
            .min_by_key(|i| {
                let v = self.centres[*i as usize];
                let (dx, dy) = (i64::from(v.x) - x, i64::from(v.y) - y);
                (dx * dx * 16 / 25 + dy * dy, *i)
            })
            .unwrap_or_default()
    }

    /// Lets all parts grow from their seeds, always the smallest next, each by the grid nearest to its seed.
    fn grow(&self, list: &[u32], seeds: &[u32]) -> Vec<Vec<u32>> {
        let mut open: BTreeSet<u32> = list.iter().copied().collect();
        let mut parts: Vec<Vec<u32>> = vec![Vec::new(); seeds.len()];
        let mut edge: Vec<BinaryHeap<Reverse<(i64, u32)>>> = vec![BinaryHeap::new(); seeds.len()];
        let mut turns: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut sizes = vec![0_u64; seeds.len()];
        for (n, seed) in seeds.iter().enumerate() {
            if open.remove(seed) {
                parts[n].push(*seed);
                sizes[n] = self.areas[*seed as usize];
                edge[n]
                    .extend(self.beside[*seed as usize].iter().map(|i| Reverse((self.far(*i, *seed), *i))));
                turns.push(Reverse((sizes[n], n)));
            }
        }
        while let Some(Reverse((_, n))) = turns.pop() {
            while let Some(Reverse((_, next))) = edge[n].pop() {
                if open.remove(&next) {
                    parts[n].push(next);
                    sizes[n] += self.areas[next as usize];
                    let beside = &self.beside[next as usize];
                    let seed = seeds[n];
                    edge[n].extend(
                        beside.iter().filter(|i| open.contains(i)).map(|i| Reverse((self.far(*i, seed), *i))),
                    );
                    turns.push(Reverse((sizes[n], n)));
                    break;
                }
            }
        }
        // What no part could reach (the whole was not connected) goes to the part with the nearest seed.
        for left in open {
            let nearest = (0..seeds.len()).min_by_key(|n| (self.far(left, seeds[*n]), *n));
            if let Some(n) = nearest {
                parts[n].push(left);
            }
        }
        parts
    }
}
