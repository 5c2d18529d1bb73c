//! Components one by one: along the streets at even steps with some play, in the blocks spread over the grids.

use super::dice::Dice;
use super::street::StreetClass;
use super::{Mix, MixRow, Town, Where};
use crate::check::Site;
use crate::shape::{Ring, Scale, Shape, Vertex, to_steps};
use city::Geometry;
use std::collections::BTreeMap;

/// Components keep this far from the ends of a street piece, so that those of crossing streets never meet.
const END_CLEAR_M: f64 = 28.0;
/// Near a crossing means up to this far from the end of the piece.
const CROSSING_REACH_M: f64 = 10.0;
/// A street piece shorter than this carries nothing.
const PIECE_LEAST_M: f64 = 80.0;
/// Places tried inside a grid before its inner point is taken.
const TRIES: u64 = 12;

/// Where a component stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    Point(Vertex),
    Line([Vertex; 2]),
    /// Counter-clockwise.
    Area([Vertex; 4]),
}

impl Spot {
    /// A point of it.
    #[must_use]
    pub const fn at(&self) -> Vertex {
        match self {
            Self::Point(v) => *v,
            Self::Line([a, _]) => *a,
            Self::Area([a, ..]) => *a,
        }
    }

    /// As well-known text, with seven decimals.
    #[must_use]
    pub fn wkt(&self) -> String {
        let pair = |v: &Vertex| format!("{:.7} {:.7}", v.lng(), v.lat());
        match self {
            Self::Point(v) => format!("POINT({})", pair(v)),
            Self::Line([a, b]) => format!("LINESTRING({}, {})", pair(a), pair(b)),
            Self::Area(ring) => {
                let text: Vec<String> = ring.iter().chain(ring.first()).map(pair).collect();
                format!("POLYGON(({}))", text.join(", "))
            }
        }
    }

    /// Calls `use_` with the spot as the checks read it.
    pub fn with_site<T>(&self, use_: impl FnOnce(Site<'_>) -> T) -> T {
        match self {
            Self::Point(v) => use_(Site::Point(*v)),
            Self::Line(line) => use_(Site::Line(line)),
            Self::Area(ring) => use_(Site::Area(&Shape::plain(Ring(ring.to_vec())))),
        }
    }
}

/// A component drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    pub class: &'a MixRow,
    /// The unit grid it lies in, by position in `divided.grids`.
    pub grid: usize,
    /// Six digits.
    pub division: &'a str,
    /// From 1, unique in division and class.
    pub sequence: u32,
    pub spot: Spot,
    /// The street it stands on, by position in `streets`.
    pub street: Option<usize>,
    /// A number drawn for it, for whatever else a demo wants to vary (state, dates).
    pub chance: u64,
}

impl Placed<'_> {
    /// The 17-digit component code.
    #[must_use]
    pub fn code(&self) -> String {
        format!("{}{}{:06}", self.division, self.class.class.code(), self.sequence)
    }
}

/// The street pieces open to a class, with the length before each.
struct Track {
    pieces: Vec<u32>,
    before: Vec<f64>,
    length: f64,
}

impl Track {
    fn new(town: &Town, place: Where) -> Self {
        let open = |class: StreetClass| match place {
            Where::Road => class != StreetClass::Local,
            Where::Front => class != StreetClass::Arterial,
            _ => true,
        };
        let mut track = Self { pieces: Vec::new(), before: Vec::new(), length: 0.0 };
        for (i, segment) in (0_u32..).zip(&town.segments) {
            if segment.length_m >= PIECE_LEAST_M && open(town.streets[segment.street].class) {
                track.pieces.push(i);
                track.before.push(track.length);
                track.length += if place == Where::Crossing {
                    2.0 * CROSSING_REACH_M
                } else {
                    segment.length_m - 2.0 * END_CLEAR_M
                };
            }
        }
        track
    }

    /// The piece at a distance, and metres from its start.
    fn at(&self, town: &Town, place: Where, distance: f64) -> Option<(usize, f64)> {
        let i = self.before.partition_point(|before| *before <= distance).checked_sub(1)?;
        let piece = self.pieces[i] as usize;
        let into = distance - self.before[i];
        let length = town.segments[piece].length_m;
        let along = if place == Where::Crossing && into >= CROSSING_REACH_M {
            length - END_CLEAR_M - (into - CROSSING_REACH_M)
        } else {
            END_CLEAR_M + into
        };
        Some((piece, along))
    }
}

/// See [`Town::components`].
pub struct Components<'a> {
    town: &'a Town,
    mix: &'a Mix,
    tracks: BTreeMap<Where, Track>,
    divisions: Vec<&'a str>,
    /// The division of each grid.
    of_grid: Vec<u32>,
    row: usize,
    number: usize,
    sequences: Vec<u32>,
    /// Components of this row placed in each grid, for those in blocks.
    in_grid: Vec<u32>,
}

impl<'a> Components<'a> {
    pub(super) fn new(town: &'a Town, mix: &'a Mix) -> Self {
        let mut tracks = BTreeMap::new();
        for row in mix.rows.iter().filter(|row| row.place != Where::Block) {
            tracks.entry(row.place).or_insert_with(|| Track::new(town, row.place));
        }
        let mut divisions: Vec<&str> = Vec::new();
        let of_grid = town
            .divided
            .grids
            .iter()
            .map(|grid| {
                let county = &grid.code.as_str()[..6];
                let at = divisions.iter().position(|d| *d == county).unwrap_or_else(|| {
                    divisions.push(county);
                    divisions.len() - 1
                });
                u32::try_from(at).unwrap_or_default()
            })
            .collect();
        let sequences = vec![0; divisions.len()];
        let in_grid = vec![0; town.divided.grids.len()];
        Self { town, mix, tracks, divisions, of_grid, row: 0, number: 0, sequences, in_grid }
    }

    fn place(
        &mut self,
        row: &'a MixRow,
        number: usize,
        dice: &mut Dice,
    ) -> Option<(Spot, usize, Option<usize>)> {
        if row.place == Where::Block {
            return self.in_block(row, number, dice);
        }
        let track = self.tracks.get(&row.place)?;
        if track.length <= 0.0 {
            return self.in_block(row, number, dice);
        }
        #[allow(clippy::cast_precision_loss)] // below a million
        let distance = (number as f64 + 0.5 + dice.between(-0.2, 0.2)) * track.length / row.count as f64;
        let (piece, along) = track.at(self.town, row.place, distance)?;
        let segment = self.town.segments[piece];
        let street = segment.street;
        let off = offset(row.place, self.town.streets[street].class.width_m(), dice);
        let side = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
        // The outer ring has the city on one side only.
        for off in [off * side, -off * side] {
            let walk = Walk::new(segment.a, segment.b, segment.length_m);
            let spot = match row.geometry {
                Geometry::Point => Spot::Point(walk.at(along, off)),
                Geometry::Line => {
                    let half = dice.between(6.0, 18.0);
                    Spot::Line([walk.at(along - half, off), walk.at(along + half, off)])
                }
                Geometry::Polygon => {
                    let (half, deep) = (dice.between(2.0, 7.0), dice.between(1.0, 2.2));
                    Spot::Area(walk.rectangle(along, off, half, deep))
                }
            };
            if let Some((spot, grid)) = self.fit(spot) {
                return Some((spot, grid, Some(street)));
            }
        }
        let (spot, grid, _) = self.in_block(row, number, dice)?;
        Some((spot, grid, None))
    }

    /// Shrinks lines and areas towards their middle until one grid holds them whole.
    fn fit(&self, spot: Spot) -> Option<(Spot, usize)> {
        let middle = match spot {
            Spot::Point(v) => v,
            Spot::Line([a, b]) => between(a, b, 0.5),
            Spot::Area([a, _, c, _]) => between(a, c, 0.5),
        };
        let grid = self.town.locator.at(middle)?;
        let shape = self.town.locator.shape(grid);
        let mut spot = spot;
        for _ in 0..8 {
            let whole = match spot {
                Spot::Point(_) => true,
                Spot::Line([a, b]) => shape.holds_segment(a, b),
                Spot::Area(ring) => (0..4).all(|i| shape.holds_segment(ring[i], ring[(i + 1) % 4])),
            };
            if whole {
                return Some((spot, grid));
            }
            let shrink = |v: Vertex| between(middle, v, 0.6);
            spot = match spot {
                Spot::Point(v) => Spot::Point(v),
                Spot::Line(line) => Spot::Line(line.map(shrink)),
                Spot::Area(ring) => Spot::Area(ring.map(shrink)),
            };
        }
        None
    }

    /// In the grid whose turn it is, at a place of a sequence that fills a square evenly.
    fn in_block(
        &mut self,
        row: &MixRow,
        number: usize,
        dice: &mut Dice,
    ) -> Option<(Spot, usize, Option<usize>)> {
        let grids = self.town.divided.grids.len();
        let spread = (number as u128 * grids as u128) / (row.count.max(1) as u128);
        let turn = usize::try_from(spread).ok()?;
        // Classes begin at different grids, so that rare ones do not pile up in the first community.
        let shift =
            usize::try_from(Dice::for_item(self.town.plan.seed, self.row as u64).next() % grids as u64)
                .ok()?;
        let at = (turn + shift) % grids;
        let shape = self.town.locator.shape(at);
        let extent = shape.extent()?;
        let mut start = Dice::for_item(self.town.plan.seed ^ 0x5eed, (self.row as u64) << 32 | at as u64);
        let (x0, y0) = (start.unit(), start.unit());
        let first = u64::from(self.in_grid[at]) * TRIES;
        self.in_grid[at] += 1;
        let (half, deep) = (dice.between(3.0, 12.0), dice.between(3.0, 9.0));
        for try_ in first..first + TRIES {
            // The plastic number's fractions leave no clusters (R2 sequence).
            #[allow(clippy::cast_precision_loss)] // small numbers
            let n = try_ as f64;
            let (u, w) = ((x0 + n * 0.754_877_666_246_693).fract(), (y0 + n * 0.569_840_290_998_053).fract());
            let p = Vertex {
                x: to_steps(f64::from(extent.west) + u * (f64::from(extent.east) - f64::from(extent.west))),
                y: to_steps(
                    f64::from(extent.south) + w * (f64::from(extent.north) - f64::from(extent.south)),
                ),
            };
            if shape.holds(p)
                && let Some((spot, grid)) = self.fit(standing(p, row.geometry, half, deep))
                && grid == at
            {
                return Some((spot, at, None));
            }
        }
        let (spot, grid) = self.fit(standing(shape.inner_point()?, row.geometry, half, deep))?;
        Some((spot, grid, None))
    }
}

/// A component around a point, along the compass.
fn standing(p: Vertex, geometry: Geometry, half: f64, deep: f64) -> Spot {
    let scale = Scale::at(f64::from(p.y));
    let v = |east: f64, north: f64| Vertex {
        x: to_steps(f64::from(p.x) + east / scale.x),
        y: to_steps(f64::from(p.y) + north / scale.y),
    };
    match geometry {
        Geometry::Point => Spot::Point(p),
        Geometry::Line => Spot::Line([v(-half, 0.0), v(half, 0.0)]),
        Geometry::Polygon => Spot::Area([v(-half, -deep), v(half, -deep), v(half, deep), v(-half, deep)]),
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = Placed<'a>;

    fn next(&mut self) -> Option<Placed<'a>> {
        loop {
            let row = self.mix.rows.get(self.row)?;
            if self.number >= row.count {
                self.row += 1;
                self.number = 0;
                self.sequences.fill(0);
                self.in_grid.fill(0);
                continue;
            }
            let number = self.number;
            self.number += 1;
            let mut dice = Dice::for_item(self.town.plan.seed, (self.row as u64) << 40 | number as u64);
            let Some((spot, grid, street)) = self.place(row, number, &mut dice) else { continue };
            let division = self.of_grid[grid] as usize;
            self.sequences[division] += 1;
            return Some(Placed {
                class: row,
                grid,
                division: self.divisions[division],
                sequence: self.sequences[division],
                spot,
                street,
                chance: dice.next(),
            });
        }
    }
}

fn offset(place: Where, width: f64, dice: &mut Dice) -> f64 {
    let kerb = width / 2.0;
    match place {
        Where::Carriageway => dice.between(1.0, kerb - 0.8),
        Where::Kerb | Where::Road => kerb + dice.between(0.3, 0.6),
        Where::Pavement | Where::Crossing => kerb + dice.between(0.8, 2.8),
        Where::Front => kerb + dice.between(4.0, 5.5),
        Where::Block => 0.0,
    }
}

fn between(a: Vertex, b: Vertex, share: f64) -> Vertex {
    let at = |p: i32, q: i32| to_steps(f64::from(p) + share * (f64::from(q) - f64::from(p)));
    Vertex { x: at(a.x, b.x), y: at(a.y, b.y) }
}

/// Along a straight piece of street, in metres.
pub(super) struct Walk {
    a: Vertex,
    scale: Scale,
    /// The direction of the piece.
    way: (f64, f64),
}

impl Walk {
    pub fn new(a: Vertex, b: Vertex, length: f64) -> Self {
        let scale = Scale::at(f64::midpoint(f64::from(a.y), f64::from(b.y)));
        let way = (
            (f64::from(b.x) - f64::from(a.x)) * scale.x / length,
            (f64::from(b.y) - f64::from(a.y)) * scale.y / length,
        );
        Self { a, scale, way }
    }

    /// `off` metres to the left.
    pub fn at(&self, along: f64, off: f64) -> Vertex {
        let east = self.way.0 * along - self.way.1 * off;
        let north = self.way.1 * along + self.way.0 * off;
        Vertex {
            x: to_steps(f64::from(self.a.x) + east / self.scale.x),
            y: to_steps(f64::from(self.a.y) + north / self.scale.y),
        }
    }

    fn rectangle(&self, along: f64, off: f64, half: f64, deep: f64) -> [Vertex; 4] {
        // Away from the street only, so that the near side keeps its distance.
        let (near, far) = if off > 0.0 { (off, off + 2.0 * deep) } else { (off - 2.0 * deep, off) };
        [
            self.at(along - half, near),
            self.at(along + half, near),
            self.at(along + half, far),
            self.at(along - half, far),
        ]
    }
}
