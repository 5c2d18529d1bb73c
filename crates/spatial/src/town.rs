//! A drawn city (示范城市): real division codes and names, invented geometry. Communities as Voronoi cells of a
//! built-up area, a street network with names, unit grids inside the communities, patrol and supervision grids of
//! adjacent unit grids, components along the streets and in the blocks, shops on the fronts.
//!
//! Nothing here is a survey: every place is drawn from the seed, and the same seed draws the same city on every
//! machine. Components and shops come one by one, so that a million of them need no memory.

mod component;
mod dice;
mod layout;
mod mix;
mod patrol;
mod shop;
mod street;

pub use component::{Components, Placed, Spot};
pub use mix::{Mix, MixProblem, MixRow, Where};
pub use patrol::DutySet;
pub use shop::{Shop, Shops, TRADES, Trade};
pub use street::{Street, StreetClass};

use crate::divide::{self, Community, DivideProblem, Divided, Options};
use crate::shape::{Locator, Shape, Vertex};
use dice::Dice;
use kernel::GridCode;
use std::collections::BTreeMap;
use street::Segment;

/// A division by code and Chinese name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub code: GridCode,
    pub name: String,
}

/// Where a county lies in the drawn city: east and north of the middle, in halves of its width and height.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    pub county: GridCode,
    pub east: f64,
    pub north: f64,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub seed: u64,
    /// The middle of the built-up area, in degrees.
    pub middle: (f64, f64),
    pub area_m2: f64,
    pub grids: usize,
    pub patrol_grids: usize,
    pub supervision_grids: usize,
    pub shops: usize,
    pub anchors: Vec<Anchor>,
}

/// Why a city cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TownProblem {
    #[error("there is no community to draw")]
    NoCommunity,
    #[error("the code {0} is not one of a street (9 digits) or a community (12)")]
    Code(GridCode),
    #[error("the middle or the area of the city is not usable")]
    Place,
    #[error("community {0} could not be drawn; try another seed")]
    Lost(GridCode),
    #[error("the number of {what}, {wanted}, does not fit the city")]
    Count { what: &'static str, wanted: usize },
    #[error(transparent)]
    Divide(#[from] DivideProblem),
}

/// A drawn city without its components and shops, which [`Town::components`] and [`Town::shops`] give.
#[derive(Debug, Clone)]
pub struct Town {
    pub streets: Vec<Street>,
    /// As given, in order of code.
    pub communities: Vec<Named>,
    /// Grids and the outlines of the communities, in the order of `communities`.
    pub divided: Divided,
    pub patrol: Vec<DutySet>,
    pub supervision: Vec<DutySet>,
    plan: Plan,
    locator: Locator,
    segments: Vec<Segment>,
}

impl Town {
    /// Draws the communities given. `streets` are the divisions of 9 digits, for the names of duty grids.
    ///
    /// # Errors
    /// See [`TownProblem`].
    pub fn draw(communities: &[Named], streets: &[Named], plan: &Plan) -> Result<Self, TownProblem> {
        let mut communities = communities.to_vec();
        communities.sort_by(|a, b| a.code.cmp(&b.code));
        if let Some(wrong) = communities.iter().find(|c| c.code.as_str().len() != 12) {
            return Err(TownProblem::Code(wrong.code.clone()));
        }
        if let Some(wrong) = streets.iter().find(|s| s.code.as_str().len() != 9) {
            return Err(TownProblem::Code(wrong.code.clone()));
        }
        let street_names: BTreeMap<&str, &str> =
            streets.iter().map(|s| (s.code.as_str(), s.name.as_str())).collect();
        let mut dice = Dice::new(plan.seed);
        let layout = layout::draw(&communities, plan, &mut dice)?;
        let streets = street::draw(&layout, &communities, &mut dice);
        let drawn: Vec<Community> = communities
            .iter()
            .zip(&layout.shapes)
            .map(|(c, shape)| Community { code: c.code.clone(), shape: shape.clone() })
            .collect();
        let lines: Vec<Vec<Vertex>> = streets.iter().map(|street| street.line.clone()).collect();
        let options = Options { count: Some(plan.grids), ..Options::default() };
        let divided = divide::divide(&drawn, &lines, &options)?;
        let (supervision, patrol) = patrol::draw(&divided, plan, &street_names)?;
        let shapes: Vec<Shape> = divided.grids.iter().map(|grid| grid.shape.clone()).collect();
        let segments = street::segments(&streets);
        if segments.is_empty() {
            return Err(TownProblem::Place);
        }
        Ok(Self {
            streets,
            communities,
            patrol,
            supervision,
            plan: plan.clone(),
            locator: Locator::new(&shapes),
            segments,
            divided,
        })
    }

    /// Components in the numbers of the mix, class by class; each in exactly one unit grid.
    #[must_use]
    pub fn components<'a>(&'a self, mix: &'a Mix) -> Components<'a> {
        Components::new(self, mix)
    }

    /// The shops, in order of their number.
    #[must_use]
    pub fn shops(&self) -> Shops<'_> {
        Shops::new(self)
    }

    /// Which unit grid holds a point: its position in `divided.grids`.
    #[must_use]
    pub fn grid_at(&self, v: Vertex) -> Option<usize> {
        self.locator.at(v)
    }

    /// The index of the grids, in the order of `divided.grids`.
    #[must_use]
    pub const fn locator(&self) -> &Locator {
        &self.locator
    }
}

/// Of a table of communities those that lie in one of the counties and are urban: residents' committees
/// (居民委员会) have numbers 001 to 199 below their street, villages 200 to 399.
pub fn urban<'a>(communities: impl IntoIterator<Item = &'a Named>, counties: &[GridCode]) -> Vec<Named> {
    communities
        .into_iter()
        .filter(|row| counties.iter().any(|county| row.code.is_within(county)))
        .filter(|row| row.code.as_str().get(9..).and_then(|n| n.parse::<u16>().ok()).is_some_and(|n| n < 200))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
