//! The drawn city of the map's measurements: 20,936 unit grids and 960,000 components of `demo/weifang`, and what is
//! added to make a round million.

use ::city::Catalogue;
use kernel::{Cgcs2000, ClassKey, GridCode, Point};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use spatial::region::{GridRow, UnitGrids};
use spatial::shape::{Shape, Vertex};
use spatial::town::{Anchor, Mix, Named, Plan, Spot, Town};

const MIX: &str = include_str!("../../../demo/weifang/class_mix.csv");
pub const GRIDS: usize = 20_936;
/// Streets of each of the four counties and communities of each street: about as many as there are.
const STREETS: u32 = 12;
const COMMUNITIES: u32 = 7;

/// The city, drawn from its seed.
pub struct Drawn {
    pub town: Town,
    pub mix: Mix,
    pub grids: UnitGrids,
    /// In order of code, as degrees.
    pub shapes: Vec<(GridCode, geo::MultiPolygon<f64>)>,
}

/// A component as the measurements need it.
#[derive(Debug, Clone)]
pub struct Made {
    pub code: String,
    pub class: ClassKey,
    pub name: String,
    pub grid: GridCode,
    pub wkt: String,
    pub state: &'static str,
}

const STATES: [&str; 4] = ["intact", "damaged", "lost", "abandoned"];

pub fn draw() -> anyhow::Result<Drawn> {
    let anchor = |code: &str, east, north| -> anyhow::Result<Anchor> {
        Ok(Anchor { county: code.parse()?, east, north })
    };
    let plan = Plan {
        seed: 370_700,
        middle: (119.13, 36.71),
        area_m2: 209_000_000.0,
        grids: GRIDS,
        patrol_grids: 351,
        supervision_grids: 53,
        shops: 25_717,
        anchors: vec![
            anchor("370702", -0.8, -0.1)?,
            anchor("370703", 0.3, 1.0)?,
            anchor("370704", 0.35, -1.0)?,
            anchor("370705", 0.55, 0.05)?,
        ],
    };
    let (mut streets, mut communities) = (Vec::new(), Vec::new());
    for anchor in &plan.anchors {
        for street in 1..=STREETS {
            let code = format!("{}{street:03}", anchor.county);
            streets.push(Named { code: code.parse()?, name: format!("街道{code}") });
            for community in 1..=COMMUNITIES {
                let code = format!("{code}{community:03}");
                communities.push(Named { code: code.parse()?, name: format!("社区{code}") });
            }
        }
    }
    let town = Town::draw(&communities, &streets, &plan)?;
    let mix = Mix::from_csv(MIX, Catalogue::national_ref())?;
    let mut shapes: Vec<(GridCode, geo::MultiPolygon<f64>)> =
        town.divided.grids.iter().map(|grid| (grid.code.clone(), polygons(&grid.shape))).collect();
    shapes.sort_by(|a, b| a.0.cmp(&b.0));
    let rows =
        shapes.iter().map(|(code, shape)| GridRow { code: code.clone(), grade: None, shape: shape.clone() });
    let grids = UnitGrids::new(rows.collect())?;
    Ok(Drawn { town, mix, grids, shapes })
}

fn polygons(shape: &Shape) -> geo::MultiPolygon<f64> {
    let mut rings = shape
        .to_degrees()
        .into_iter()
        .map(|ring| ring.into_iter().map(|[x, y]| geo::Coord { x, y }).collect::<geo::LineString<f64>>());
    let outer = rings.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
    geo::MultiPolygon(vec![geo::Polygon::new(outer, rings.collect())])
}

/// A polygon as well-known text with every digit that counts.
pub fn wkt(shape: &geo::MultiPolygon<f64>) -> String {
    let ring = |line: &geo::LineString<f64>| {
        let places: Vec<String> = line.coords().map(|c| format!("{:.7} {:.7}", c.x, c.y)).collect();
        format!("({})", places.join(","))
    };
    let parts: Vec<String> = shape
        .0
        .iter()
        .map(|part| {
            let rings: Vec<String> =
                std::iter::once(part.exterior()).chain(part.interiors()).map(ring).collect();
            format!("({})", rings.join(","))
        })
        .collect();
    format!("MULTIPOLYGON({})", parts.join(","))
}

impl Drawn {
    /// The components of the mix, then copies of points a few metres aside until there are `count`.
    pub fn components(&self, count: usize) -> impl Iterator<Item = Made> + '_ {
        let codes: Vec<GridCode> = self.town.divided.grids.iter().map(|grid| grid.code.clone()).collect();
        let mut dice = SmallRng::seed_from_u64(11);
        let own = self.town.components(&self.mix);
        let more = self.town.components(&self.mix).filter(|placed| matches!(placed.spot, Spot::Point(_)));
        own.map(|placed| (placed, false))
            .chain(more.map(|placed| (placed, true)))
            .take(count)
            .enumerate()
            .map(move |(n, (placed, copy))| {
                let mut spot = placed.spot;
                let mut code = placed.code();
                if copy {
                    if let Spot::Point(at) = &mut spot {
                        at.x += dice.random_range(-300..300);
                        at.y += dice.random_range(-300..300);
                    }
                    // Sequences of the drawn ones end far below.
                    let sequence = 900_000 + n % 100_000;
                    code.replace_range(code.len() - 6.., &format!("{sequence:06}"));
                }
                let at = spot.at();
                let grid = at.point().and_then(|point| self.grids.at(point)).cloned();
                Made {
                    code,
                    class: placed.class.class.clone(),
                    name: placed.class.name.clone(),
                    grid: grid.unwrap_or_else(|| codes[placed.grid].clone()),
                    wkt: spot.wkt(),
                    state: STATES[if placed.chance.is_multiple_of(20) {
                        usize::try_from(placed.chance / 20 % 4).unwrap_or_default()
                    } else {
                        0
                    }],
                }
            })
    }

    /// Random places inside the box around the city, the same for the same seed.
    pub fn places(&self, count: usize, seed: u64) -> Vec<Point<Cgcs2000>> {
        let bounds = self.grids.all_bounds();
        let mut dice = SmallRng::seed_from_u64(seed);
        let Some(b) = bounds else { return Vec::new() };
        (0..count)
            .filter_map(|_| {
                let (lng, lat) = (dice.random_range(b.west..b.east), dice.random_range(b.south..b.north));
                // As positions are kept: other programs get the same number.
                let at = Vertex::from_degrees(lng, lat)?;
                at.point()
            })
            .collect()
    }

    /// Places inside the built-up area.
    pub fn inside(&self, count: usize, seed: u64) -> Vec<Point<Cgcs2000>> {
        let all = self.places(count * 4, seed);
        all.into_iter().filter(|point| self.grids.at(*point).is_some()).take(count).collect()
    }
}
