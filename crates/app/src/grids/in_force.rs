//! The edition that counts today, made ready for questions; kept until another one counts.

use crate::app::App;
use crate::config::{GridSource, KnownGrids};
use crate::error::AppError;
use crate::ports::{GridEdition, StoreError, StoredGrid};
use city::AreaGrade;
use jiff::civil::Date;
use kernel::CityCode;
use serde::Deserialize;
use spatial::region::{GridRow, UnitGrids};
use spatial::wkt;
use std::sync::Arc;

impl App {
    /// The grids that count on `today`: those this process holds when they still do, else read from the store.
    pub(crate) async fn grids_in_force(&self, city: CityCode, today: Date) -> Result<KnownGrids, AppError> {
        let editions = self.store().grid_editions(city).await?;
        let held = self.config(city).map(|config| config.grids_from.clone()).unwrap_or_default();
        let until = editions.iter().map(|edition| edition.valid_from).filter(|day| *day > today).min();
        let Some(edition) = edition_on(&editions, today) else {
            // The rectangles of the record, until the first edition counts.
            let held = if held.edition() == 0 { held } else { KnownGrids::default() };
            return Ok(KnownGrids { until, ..held });
        };
        let source = GridSource::Edition(edition.edition);
        if held.source == source {
            return Ok(KnownGrids { until, ..held });
        }
        let grids = Arc::new(self.read_grids(city, edition.edition).await?);
        Ok(KnownGrids { source, grids, until })
    }

    /// The grids of an edition, ready to be asked.
    pub(crate) async fn read_grids(&self, city: CityCode, edition: u32) -> Result<UnitGrids, AppError> {
        let stored = self.store().grids(city, Some(edition)).await?;
        let made = tokio::task::spawn_blocking(move || ready(stored)).await.map_err(|_| AppError::Busy)?;
        Ok(made?)
    }
}

/// The edition that counts on a day; editions come newest first.
#[must_use]
pub fn edition_on(editions: &[GridEdition], day: Date) -> Option<&GridEdition> {
    editions.iter().find(|edition| edition.valid_from <= day)
}

/// The only attribute the use cases ask of every grid.
#[derive(Deserialize)]
struct Graded {
    #[serde(default)]
    grade: Option<AreaGrade>,
}

fn ready(stored: Vec<StoredGrid>) -> Result<UnitGrids, StoreError> {
    let rows = stored.into_iter().map(|grid| {
        let graded: Graded = serde_json::from_str(&grid.body).map_err(|why| corrupt(&grid.code, &why))?;
        let shape = wkt::polygons(&grid.shape).map_err(|why| corrupt(&grid.code, &why))?;
        Ok(GridRow { code: grid.code, grade: graded.grade, shape })
    });
    let rows: Vec<GridRow> = rows.collect::<Result<_, StoreError>>()?;
    UnitGrids::new(rows).map_err(|why| corrupt(&"all", &why))
}

pub(super) fn corrupt(id: &dyn std::fmt::Display, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table: "unit_grids", id: id.to_string(), why: why.to_string() }
}
