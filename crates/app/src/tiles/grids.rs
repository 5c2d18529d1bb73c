//! Unit grids and duty grids on a tile.

use super::Sheet;
use super::layer::{DUTY_LAYER, GRID_LAYER};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use city::grid::Bounds;
use city::roster::DutyGrid;
use kernel::{Actor, CityCode, GridCode};
use parking_lot::Mutex;
use spatial::mercator::{EXTENT, TileId, project, side};
use spatial::region::UnitGrids;
use spatial::tile::{BUFFER, Value, region_layer};
use std::collections::HashMap;
use std::sync::Arc;

/// Grids smaller than two pixels would only be a grey stain.
const SMALLEST_UNITS: f64 = 16.0;

pub(super) struct GridPen {
    grids: Arc<UnitGrids>,
    edition: u32,
    /// Of the records: the rectangles of a city without an edition, and the duty grids, stand in them.
    version: i64,
    duty: Option<DutyOf>,
}

/// The duty grid of a unit grid, by the longest code that covers it.
#[derive(Default)]
struct DutyOf(HashMap<String, usize>, Vec<DutyGrid>);

impl DutyOf {
    fn new(duty_grids: &[DutyGrid]) -> Self {
        let areas = duty_grids
            .iter()
            .enumerate()
            .flat_map(|(at, duty)| duty.areas.iter().map(move |area| (area.as_str().to_owned(), at)));
        Self(areas.collect(), duty_grids.to_vec())
    }

    fn of(&self, grid: &GridCode) -> Option<&DutyGrid> {
        let lengths = [15, 12, 9, 6].into_iter();
        let at =
            lengths.filter_map(|length| grid.as_str().get(..length)).find_map(|code| self.0.get(code))?;
        self.1.get(*at)
    }
}

impl App {
    pub(super) async fn grid_pen(
        &self,
        actor: &Actor,
        config: &Config,
        edition: Option<u32>,
        duty: bool,
    ) -> Result<GridPen, AppError> {
        let in_force = config.grids_from.edition();
        let (grids, edition) = match edition {
            Some(edition) if edition != in_force => {
                (self.grids_of_edition(actor.city, edition).await?, edition)
            }
            _ => (config.grids.clone(), in_force),
        };
        let duty = duty.then(|| DutyOf::new(&config.roster.duty_grids));
        Ok(GridPen { grids, edition, version: config.version, duty })
    }
}

/// Editions of earlier or later days, ready to be drawn: a person compares two or three. An edition never changes.
#[derive(Default)]
pub(super) struct Editions(Mutex<Vec<(EditionOf, Arc<UnitGrids>)>>);

type EditionOf = (CityCode, u32);

const EDITIONS_KEPT: usize = 3;

impl App {
    /// The grids of an edition that is not in force.
    async fn grids_of_edition(&self, city: CityCode, edition: u32) -> Result<Arc<UnitGrids>, AppError> {
        let key = (city, edition);
        let kept = &self.0.tiles.editions.0;
        if let Some((_, grids)) = kept.lock().iter().find(|(own, _)| *own == key) {
            return Ok(grids.clone());
        }
        let known = self.store().grid_editions(city).await?;
        if !known.iter().any(|own| own.edition == edition) {
            return Err(AppError::NotFound("edition"));
        }
        let grids = Arc::new(self.read_grids(city, edition).await?);
        let mut kept = kept.lock();
        kept.retain(|(own, _)| *own != key);
        kept.truncate(EDITIONS_KEPT - 1);
        kept.insert(0, (key, grids.clone()));
        Ok(grids)
    }
}

impl GridPen {
    pub fn asked(&self) -> String {
        format!("{} {}", self.edition, self.duty.is_some())
    }

    pub fn version(&self) -> u64 {
        self.version.unsigned_abs()
    }

    pub fn draw(&self, tile: TileId) -> Sheet {
        let mut body = Vec::new();
        let name = if self.duty.is_some() { DUTY_LAYER } else { GRID_LAYER };
        region_layer(self.grids.regions(), tile, name, BUFFER, |grid, layer, tags| {
            if across(tile, &grid.outline.bounds()) < SMALLEST_UNITS {
                return None;
            }
            let code = grid.key.as_str();
            match &self.duty {
                Some(duty) => {
                    let duty = duty.of(&grid.key)?;
                    layer.tag(tags, "duty_grid", Value::Text(&duty.code));
                    layer.tag(tags, "name", Value::Text(&duty.name.zh));
                    layer.tag(tags, "name_en", Value::Text(&duty.name.en));
                }
                None => {
                    if let Some(grade) = grid.value {
                        layer.tag(tags, "grade", Value::Text(grade.as_str()));
                    }
                }
            }
            layer.tag(tags, "code", Value::Text(code));
            // Fifteen digits are below 2^53.
            code.parse().ok()
        })
        .finish(&mut body);
        Sheet { body, version: self.version(), until: 0 }
    }
}

/// How many units of the tile it is wide or high.
fn across(tile: TileId, bounds: &Bounds) -> f64 {
    let ((west, north), (east, south)) =
        (project(bounds.west, bounds.north), project(bounds.east, bounds.south));
    (east - west).max(south - north) * side(tile.z()) * f64::from(EXTENT)
}
