//! The street network: roads on the borders of communities, lanes inside them, all with names.

use super::layout::{Layout, Metres};
use super::{Dice, Named};
use crate::plane::{Piece, node};
use crate::shape::{FastMap, Shape, Vertex, square};
use std::collections::BTreeSet;

/// How wide and busy a street is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreetClass {
    /// 主干路: the ring and the borders of streets (街道).
    Arterial,
    /// 次干路: the borders of communities.
    Secondary,
    /// 支路: inside communities.
    Local,
}

impl StreetClass {
    /// Kerb to kerb.
    #[must_use]
    pub const fn width_m(self) -> f64 {
        match self {
            Self::Arterial => 26.0,
            Self::Secondary => 18.0,
            Self::Local => 9.0,
        }
    }

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Arterial => "arterial",
            Self::Secondary => "secondary",
            Self::Local => "local",
        }
    }
}

/// A street by its centre line. Several lines may have one name where a street is interrupted.
#[derive(Debug, Clone, PartialEq)]
pub struct Street {
    pub name: String,
    pub class: StreetClass,
    pub line: Vec<Vertex>,
    /// Metres from where door numbers begin to the first vertex.
    pub from_m: f64,
}

/// Mean distance between lanes; with the borders this gives about 9 km of street in a km².
const LANE_SPACING_M: f64 = 270.0;
/// A lane shorter than this, or this near to a border along which it runs, is not built.
const LANE_LEAST_M: f64 = 130.0;
const LANE_CLEAR_M: f64 = 65.0;
/// Lanes lean a little off the compass, as in most towns.
const LEAN: f64 = 0.035;
/// Roads go on as long as they turn less than about 50°.
const STRAIGHT_COSINE: f64 = 0.64;

const FIRST: [&str; 60] = [
    "东风", "胜利", "健康", "民生", "玉清", "福寿", "和平", "建设", "人民", "解放", "新华", "文化", "工业",
    "青年", "友谊", "光明", "向阳", "团结", "振兴", "兴业", "永安", "长宁", "泰和", "安顺", "平安", "吉祥",
    "金泉", "银枫", "翠竹", "丹桂", "梅园", "兰亭", "松涛", "柳荫", "桃源", "杏林", "槐香", "梧桐", "紫薇",
    "海棠", "芙蓉", "月季", "鸢飞", "凤凰", "白鹭", "鹤翔", "清溪", "碧波", "龙泉", "虎山", "北宫", "东明",
    "西环", "南湖", "创新", "科苑", "学府", "崇文", "尚德", "惠民",
];
const SECOND: [&str; 8] = ["", "东", "西", "南", "北", "新", "中", "大"];

/// Names that are given once each: 街 runs east and west, 路 north and south, 巷 and 里 are lanes.
struct Names {
    next: usize,
    order: Vec<usize>,
}

impl Names {
    fn new(dice: &mut Dice) -> Self {
        let mut order: Vec<usize> = (0..FIRST.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, dice.below(i + 1));
        }
        Self { next: 0, order }
    }

    fn take(&mut self, end: &str) -> String {
        let (round, at) = (self.next / FIRST.len(), self.next % FIRST.len());
        self.next += 1;
        let first = FIRST[self.order[at]];
        let second = SECOND[round % SECOND.len()];
        match round / SECOND.len() {
            0 => format!("{first}{second}{end}"),
            n => format!("{first}{second}{}{end}", ordinal(n + 1)),
        }
    }
}

/// 二, 三 … 十, 十一 …
fn ordinal(n: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match n {
        0..=9 => DIGITS[n].to_owned(),
        10..=19 => format!("十{}", DIGITS[n - 10]),
        _ => format!("{}十{}", ordinal(n / 10), DIGITS[n % 10]),
    }
}

pub(super) fn draw(layout: &Layout, communities: &[Named], dice: &mut Dice) -> Vec<Street> {
    let mut roads = Names::new(dice);
    let mut streets = borders(layout, communities, &mut roads);
    lanes(layout, dice, &mut streets);
    streets
}

fn east_west(line: &[Vertex], layout: &Layout) -> bool {
    let (Some(a), Some(b)) = (line.first(), line.last()) else { return true };
    let (a, b) = (layout.frame.metres(*a), layout.frame.metres(*b));
    (a.0 - b.0).abs() >= (a.1 - b.1).abs()
}

/// Borders chained to roads that run on straight.
fn borders(layout: &Layout, communities: &[Named], names: &mut Names) -> Vec<Street> {
    let street = |i: u32| &communities[i as usize].code.as_str()[..9];
    let edges: Vec<(Vertex, Vertex, StreetClass)> = layout
        .borders
        .iter()
        .filter_map(|(a, b, left, right)| {
            let class = match (left, right) {
                (None, None) => return None,
                (Some(l), Some(r)) if street(*l) == street(*r) => StreetClass::Secondary,
                _ => StreetClass::Arterial,
            };
            Some((*a, *b, class))
        })
        .collect();
    let mut at: FastMap<Vertex, Vec<usize>> = FastMap::default();
    for (i, (a, b, _)) in edges.iter().enumerate() {
        at.entry(*a).or_default().push(i);
        at.entry(*b).or_default().push(i);
    }
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by(|p, q| {
        let length = |i: &usize| edges[*i].0.metres_to(edges[*i].1);
        length(q).total_cmp(&length(p)).then(p.cmp(q))
    });
    let mut used = vec![false; edges.len()];
    let mut streets = Vec::new();
    for first in order {
        if used[first] {
            continue;
        }
        used[first] = true;
        let (a, b, class) = edges[first];
        let mut line = vec![a, b];
        for _ in 0..2 {
            while let Some(next) = straight_on(&line, class, &edges, &at, &used, layout) {
                used[next] = true;
                let end = line.last().copied().unwrap_or(a);
                line.push(if edges[next].0 == end { edges[next].1 } else { edges[next].0 });
            }
            line.reverse();
        }
        let name = names.take(if east_west(&line, layout) { "街" } else { "路" });
        streets.push(Street { name, class, line, from_m: 0.0 });
    }
    streets
}

/// The edge that goes on from the end of a line with the least turn.
fn straight_on(
    line: &[Vertex],
    class: StreetClass,
    edges: &[(Vertex, Vertex, StreetClass)],
    at: &FastMap<Vertex, Vec<usize>>,
    used: &[bool],
    layout: &Layout,
) -> Option<usize> {
    let (end, before) = (line.last()?, line.get(line.len().checked_sub(2)?)?);
    let way = |from: &Vertex, to: &Vertex| -> Metres {
        let (p, q) = (layout.frame.metres(*from), layout.frame.metres(*to));
        let far = (square(q.0 - p.0) + square(q.1 - p.1)).sqrt().max(1e-9);
        ((q.0 - p.0) / far, (q.1 - p.1) / far)
    };
    let heading = way(before, end);
    at.get(end)?
        .iter()
        .copied()
        .filter(|i| !used[*i] && edges[*i].2 == class)
        .map(|i| {
            let to = if edges[i].0 == *end { edges[i].1 } else { edges[i].0 };
            let on = way(end, &to);
            (heading.0 * on.0 + heading.1 * on.1, i, to)
        })
        // A line that would close on itself ends instead.
        .filter(|(straight, _, to)| *straight > STRAIGHT_COSINE && !line.contains(to))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
        .map(|(_, i, _)| i)
}

/// Lanes on a wide-meshed lattice over the city, each community building most of its parts.
fn lanes(layout: &Layout, dice: &mut Dice, streets: &mut Vec<Street>) {
    let rings: Vec<Vec<Metres>> = layout
        .shapes
        .iter()
        .map(|shape: &Shape| shape.outer.0.iter().map(|v| layout.frame.metres(*v)).collect())
        .collect();
    for (end, normal, along) in [("巷", (-LEAN, 1.0), (1.0, LEAN)), ("里", (1.0, LEAN), (-LEAN, 1.0))] {
        let mut names = Names::new(dice);
        let heights = |ring: &[Metres]| -> (f64, f64) {
            ring.iter()
                .map(|p| p.0 * normal.0 + p.1 * normal.1)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)))
        };
        let spans: Vec<(f64, f64)> = rings.iter().map(|ring| heights(ring)).collect();
        let (low, high) =
            spans.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s.0), h.max(s.1)));
        let mut level = low + LANE_SPACING_M / 2.0;
        while level < high {
            let mut parts: Vec<(f64, f64)> = Vec::new();
            for (ring, span) in rings.iter().zip(&spans) {
                let built = dice.unit() < 0.9;
                if built && level > span.0 && level < span.1 {
                    parts.extend(lane_parts(ring, normal, along, level));
                }
            }
            let name = names.take(end);
            parts.sort_by(|a, b| a.0.total_cmp(&b.0));
            let start = parts.first().map_or(0.0, |p| p.0);
            for run in joined(&parts) {
                let place = |s: f64| {
                    let norm = along.0 * along.0 + along.1 * along.1;
                    let (x, y) = (s * along.0 + level * normal.0, s * along.1 + level * normal.1);
                    layout.frame.vertex((x / norm, y / norm))
                };
                let line = vec![place(run.0), place(run.1)];
                streets.push(Street {
                    name: name.clone(),
                    class: StreetClass::Local,
                    line,
                    from_m: run.0 - start,
                });
            }
            level += LANE_SPACING_M * dice.between(0.82, 1.18);
        }
    }
}

/// The parts of a lattice line inside a community that are worth building.
fn lane_parts(ring: &[Metres], normal: Metres, along: Metres, level: f64) -> Vec<(f64, f64)> {
    let n = ring.len();
    let height = |p: Metres| p.0 * normal.0 + p.1 * normal.1 - level;
    let mut met: Vec<f64> = Vec::new();
    for i in 0..n {
        let (p, q) = (ring[i], ring[(i + 1) % n]);
        let (hp, hq) = (height(p), height(q));
        if (hp > 0.0) != (hq > 0.0) {
            let t = hp / (hp - hq);
            let at = (p.0 + t * (q.0 - p.0), p.1 + t * (q.1 - p.1));
            met.push(at.0 * along.0 + at.1 * along.1);
        }
    }
    met.sort_by(f64::total_cmp);
    let norm = along.0 * along.0 + along.1 * along.1;
    met.chunks_exact(2)
        .filter(|pair| pair[1] - pair[0] >= LANE_LEAST_M)
        .filter(|pair| {
            // Not along a border: both quarter points keep away from it.
            [0.25, 0.5, 0.75].iter().all(|share| {
                let s = pair[0] + share * (pair[1] - pair[0]);
                let at = ((s * along.0 + level * normal.0) / norm, (s * along.1 + level * normal.1) / norm);
                (0..n).all(|i| off(at, ring[i], ring[(i + 1) % n]) >= LANE_CLEAR_M)
            })
        })
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

fn off(p: Metres, a: Metres, b: Metres) -> f64 {
    let (ux, uy) = (b.0 - a.0, b.1 - a.1);
    let norm = ux * ux + uy * uy;
    let t = if norm == 0.0 { 0.0 } else { (((p.0 - a.0) * ux + (p.1 - a.1) * uy) / norm).clamp(0.0, 1.0) };
    (square(p.0 - a.0 - t * ux) + square(p.1 - a.1 - t * uy)).sqrt()
}

/// Parts that follow each other without a break, as one.
fn joined(parts: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut runs: Vec<(f64, f64)> = Vec::new();
    for part in parts {
        match runs.last_mut() {
            Some(last) if part.0 - last.1 < 1.0 => last.1 = part.1,
            _ => runs.push(*part),
        }
    }
    runs
}

/// A straight piece of street between two crossings or bends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub a: Vertex,
    pub b: Vertex,
    pub street: usize,
    pub length_m: f64,
    /// Metres from where door numbers begin to `a`.
    pub from_m: f64,
}

/// Every street cut at its crossings.
pub(super) fn segments(streets: &[Street]) -> Vec<Segment> {
    let mut pieces = Vec::new();
    for (mark, street) in (0_u32..).zip(streets) {
        pieces.extend(street.line.windows(2).map(|pair| Piece { a: pair[0], b: pair[1], mark }));
    }
    let noded = node(&pieces, SNAP_STEPS);
    let mut seen: BTreeSet<(Vertex, Vertex)> = BTreeSet::new();
    let mut found = Vec::with_capacity(noded.edges.len());
    for (a, b, mark) in noded.edges {
        let (a, b) = (noded.vertices[a as usize], noded.vertices[b as usize]);
        let street = &streets[mark as usize];
        if !seen.insert((a.min(b), a.max(b))) {
            continue;
        }
        let from_m = street.from_m + along(&street.line, a);
        found.push(Segment { a, b, street: mark as usize, length_m: a.metres_to(b), from_m });
    }
    found.sort_by_key(|segment| (segment.street, segment.a));
    found
}

/// As when the grids are drawn: half a metre.
const SNAP_STEPS: i64 = 50;

/// Metres along a line to the place on it nearest to `v`.
fn along(line: &[Vertex], v: Vertex) -> f64 {
    let mut walked = 0.0;
    let mut best = (f64::INFINITY, 0.0);
    for pair in line.windows(2) {
        let length = pair[0].metres_to(pair[1]);
        let (to, rest) = (pair[0].metres_to(v), pair[1].metres_to(v));
        // Off the line by the excess of the two ways over the direct one.
        let excess = to + rest - length;
        if excess < best.0 {
            best = (excess, walked + to.min(length));
        }
        walked += length;
    }
    best.1
}
