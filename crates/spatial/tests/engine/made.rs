//! A made city: crooked unit grids without gap or overlap, and components in them. The same from the same seed.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use yiwang_spatial::points::{ClassPlace, NOWHERE, Position, Thing, Things, Traits};
use yiwang_spatial::region::GridRow;

/// The south-western corner.
pub const CORNER: [f64; 2] = [119.05, 36.65];
/// About 100 m each way.
pub const STEP: [f64; 2] = [0.001_12, 0.000_9];

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    pub fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).expect("small")
    }
}

/// The same offset for the same corner or edge, whoever asks: from -1 to 1.
fn waver(kind: u64, a: u32, b: u32) -> [f64; 2] {
    let mut dice = Dice(kind << 60 ^ u64::from(a) << 30 ^ u64::from(b));
    [dice.share() * 2.0 - 1.0, dice.share() * 2.0 - 1.0]
}

fn corner(x: u32, y: u32) -> Coord<f64> {
    let [dx, dy] = waver(1, x, y);
    Coord {
        x: CORNER[0] + (f64::from(x) + dx * 0.25) * STEP[0],
        y: CORNER[1] + (f64::from(y) + dy * 0.25) * STEP[1],
    }
}

/// An edge between two corners with `bends` places between them; the same from both sides.
fn edge(kind: u64, x: u32, y: u32, bends: u32) -> Vec<Coord<f64>> {
    let (a, b) = (corner(x, y), if kind == 2 { corner(x + 1, y) } else { corner(x, y + 1) });
    let bend = |i: u32| {
        let t = f64::from(i) / f64::from(bends + 1);
        let [dx, dy] = waver(kind + 2 * u64::from(i), x, y);
        Coord {
            x: a.x + (b.x - a.x) * t + dx * 0.05 * STEP[0],
            y: a.y + (b.y - a.y) * t + dy * 0.05 * STEP[1],
        }
    };
    std::iter::once(a).chain((1..=bends).map(bend)).chain([b]).collect()
}

/// `columns` × `rows` grids, each of `4 * (bends + 1)` corners.
pub fn grids(columns: u32, rows: u32, bends: u32) -> Vec<GridRow> {
    let mut made = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            let mut ring = edge(2, x, y, bends);
            ring.extend(&edge(3, x + 1, y, bends)[1..]);
            ring.extend(edge(2, x, y + 1, bends).iter().rev().skip(1));
            ring.extend(edge(3, x, y, bends).iter().rev().skip(1));
            let n = y * columns + x;
            let code = format!("370701{:03}{:03}{:03}", n / 90_000 + 1, n / 900 % 100 + 1, n % 900 + 1);
            made.push(GridRow {
                code: code.parse().expect("a grid code"),
                grade: None,
                shape: MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())]),
            });
        }
    }
    made
}

pub const STATES: [&str; 4] = ["intact", "damaged", "missing", "removed"];

/// Empty things that know `classes` classes in five groups, and the states.
pub fn registry(classes: u16) -> Things {
    let mut things = Things::new();
    for n in 0..classes {
        let group = format!("{:02}", n % 5 + 1);
        things.class(&format!("2026-component-{group}{:03}", n / 5 + 1), &group).expect("room");
    }
    for state in STATES {
        things.state(state).expect("room");
    }
    things
}

/// A component near a street, anywhere in a city of `width` × `height` grids; half of all are of the first
/// tenth of the classes.
#[allow(clippy::cast_possible_truncation)]
pub fn component(dice: &mut Dice, id: u64, classes: u16, width: f64, height: f64) -> Thing {
    let (mut x, mut y) = (dice.share() * width, dice.share() * height);
    match dice.below(3) {
        0 => x = x.round() + dice.share() * 0.1,
        1 => y = y.round() + dice.share() * 0.1,
        _ => {}
    }
    let common = dice.below(2) == 0;
    let class = dice.below(if common { u64::from(classes.div_ceil(10)) } else { u64::from(classes) });
    let state = if dice.below(10) < 8 { 0 } else { dice.below(4) };
    Thing {
        id,
        position: Position {
            lng_e7: ((CORNER[0] + x * STEP[0]) * 1e7) as i32,
            lat_e7: ((CORNER[1] + y * STEP[1]) * 1e7) as i32,
        },
        traits: Traits {
            class: ClassPlace(class as u16),
            state: state as u8,
            flags: 0,
            facets: 1 << dice.below(8),
            grid: NOWHERE,
        },
    }
}

/// So many components, numbered from 1.
pub fn components(count: u64, classes: u16, width: f64, height: f64, seed: u64) -> Things {
    let mut dice = Dice(seed);
    let mut things = registry(classes);
    for id in 1..=count {
        things.put(component(&mut dice, id, classes, width, height));
    }
    things
}
