//! Unit grids and outlines of communities as shapes on the fixed grid: what is drawn on, checked and published.

use super::in_force::corrupt;
use crate::app::App;
use crate::error::AppError;
use crate::ports::{StoreError, StoredGrid};
use city::GridAttributes;
use city::area::{self, PlaceLevel};
use kernel::{CityCode, GridCode};
use serde::{Deserialize, Serialize};
use spatial::check::GridRow;
use spatial::divide::{Community, outline};
use spatial::edit;
use spatial::region::UnitGrids;
use spatial::shape::{Locator, Shape};
use spatial::wkt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A unit grid, or the outline of a community.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    pub shape: Shape,
    pub attributes: GridAttributes,
}

/// By code: 15 digits for grids, 12 for outlines of communities.
pub type Areas = BTreeMap<GridCode, Arc<Area>>;

/// An area as a step of a draft keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub shape: String,
    #[serde(flatten)]
    pub attributes: GridAttributes,
}

impl Kept {
    pub fn of(area: &Area) -> Self {
        Self { shape: wkt::write(&area.shape), attributes: area.attributes.clone() }
    }

    pub fn read(&self, code: &GridCode) -> Result<Area, StoreError> {
        let attributes = self.attributes.clone();
        Ok(Area { shape: one_shape(code, &self.shape)?, attributes })
    }
}

#[must_use]
pub fn is_grid(code: &GridCode) -> bool {
    PlaceLevel::of(code) == PlaceLevel::UnitGrid
}

/// The community of a grid; of a community, itself.
#[must_use]
pub fn community_of(code: &GridCode) -> GridCode {
    area::prefix(code, PlaceLevel::Community).unwrap_or_else(|| code.clone())
}

/// The grids among areas, in order of code.
pub fn grids(areas: &Areas) -> impl Iterator<Item = (&GridCode, &Arc<Area>)> {
    areas.iter().filter(|(code, _)| is_grid(code))
}

pub(crate) fn read_area(stored: &StoredGrid) -> Result<Area, StoreError> {
    let attributes: GridAttributes =
        serde_json::from_str(&stored.body).map_err(|why| corrupt(&stored.code, &why))?;
    Ok(Area { shape: one_shape(&stored.code, &stored.shape)?, attributes })
}

fn one_shape(code: &GridCode, text: &str) -> Result<Shape, StoreError> {
    let shapes = wkt::shapes(text).map_err(|why| corrupt(code, &why))?;
    shapes.into_iter().next().ok_or_else(|| corrupt(code, &"no polygon"))
}

impl App {
    /// The areas of an edition; of edition 0, the rectangles of the city's record.
    pub(crate) async fn areas_of_edition(&self, city: CityCode, edition: u32) -> Result<Areas, AppError> {
        if edition == 0 {
            let config = self.config(city)?;
            let rectangles = match config.grids_from.edition() {
                0 => config.grids.clone(),
                _ => Arc::new(self.rectangles(city).await?),
            };
            let area = |grid: &spatial::region::UnitGrid| {
                let drawn = grid.outline.to_multi_polygon();
                let shape = wkt::shape(drawn.0.first()?)?;
                let attributes = GridAttributes { grade: grid.value, ..attributes_of(&shape) };
                Some((grid.key.clone(), Arc::new(Area { shape, attributes })))
            };
            return Ok(rectangles.iter().filter_map(area).collect());
        }
        let mut stored = self.store().grids(city, Some(edition)).await?;
        stored.extend(self.store().grid_outlines(city, Some(edition)).await?);
        let read = move || {
            let area = |one: &StoredGrid| Ok((one.code.clone(), Arc::new(read_area(one)?)));
            stored.iter().map(area).collect::<Result<Areas, StoreError>>()
        };
        Ok(tokio::task::spawn_blocking(read).await.map_err(|_| AppError::Busy)??)
    }
}

impl App {
    /// The rectangles of the city's record, which the first edition took the place of.
    async fn rectangles(&self, city: CityCode) -> Result<UnitGrids, AppError> {
        let records = self.store().records(city, "unit_grids").await?;
        let table = records.iter().find_map(|record| record.value.as_ref()?.as_str());
        let read = table.and_then(|table| city::Grids::from_csv(table).ok());
        Ok(read.map(|grids| UnitGrids::from(&grids)).unwrap_or_default())
    }
}

/// What follows from the shape alone.
#[must_use]
pub fn attributes_of(shape: &Shape) -> GridAttributes {
    GridAttributes { area_m2: whole_m2(shape), ..GridAttributes::default() }
}

#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an area is not negative and below 2^53
pub fn whole_m2(shape: &Shape) -> u64 {
    shape.area_m2().max(0.0).round() as u64
}

/// Rows as the checks want them.
#[must_use]
pub fn rows(areas: &Areas) -> Vec<GridRow> {
    grids(areas).map(|(code, area)| GridRow { code: code.to_string(), shape: area.shape.clone() }).collect()
}

/// The communities the grids divide: outlines that were drawn or imported, and for the others the outline of what
/// their grids cover. Of these only what is missing inside can be known, not what is missing at the border.
#[must_use]
pub fn communities(areas: &Areas) -> Vec<Community> {
    let mut found: Vec<Community> = areas
        .iter()
        .filter(|(code, _)| !is_grid(code))
        .map(|(code, area)| Community { code: code.clone(), shape: area.shape.clone() })
        .collect();
    let drawn: BTreeSet<GridCode> = found.iter().map(|community| community.code.clone()).collect();
    let mut others: BTreeMap<GridCode, Vec<Shape>> = BTreeMap::new();
    for (code, area) in grids(areas) {
        let community = community_of(code);
        if !drawn.contains(&community) {
            others.entry(community).or_default().push(area.shape.clone());
        }
    }
    if others.is_empty() {
        return found;
    }
    let all: Vec<Shape> = grids(areas).map(|(_, area)| area.shape.clone()).collect();
    let covered = Locator::new(&all);
    for (code, shapes) in others {
        let mut shape = covered_outline(shapes);
        // A hole that no grid fills is a gap and not a part of somebody else.
        shape.holes.retain(|hole| {
            let inner = Shape::plain(hole.clone()).inner_point();
            hole.area2() > 0 || inner.is_some_and(|inner| covered.at(inner).is_some())
        });
        found.push(Community { code, shape });
    }
    found.sort_by(|a, b| a.code.cmp(&b.code));
    found
}

/// The outline of grids that may lack each other's corners on their edges.
fn covered_outline(shapes: Vec<Shape>) -> Shape {
    let plain = outline(&shapes);
    let sum: i128 = shapes.iter().flat_map(Shape::rings).map(|ring| ring.area2()).sum();
    let whole: i128 = plain.rings().map(|ring| ring.area2()).sum();
    let slits = plain.holes.iter().any(|hole| hole.area2() == 0);
    if whole == sum && !slits {
        return plain;
    }
    let others: Vec<&Shape> = shapes.iter().collect();
    let mut noded = shapes.clone();
    for (at, shape) in edit::share(&shapes, &others) {
        noded[at] = shape;
    }
    outline(&noded)
}
