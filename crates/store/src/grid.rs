//! The grid system in numbered editions.

use crate::Store;
use crate::db::{Conn, Doing};
use crate::read::whole;
use crate::statement::{
    COUNT_GRIDS, COUNT_RECORDS_VERSION, END_GRID, GRID_EDITIONS, GRID_HISTORY, GRID_IN_FORCE,
    GRIDS_OF_EDITION, LATEST_EDITION, PUT_GRID_EDITION, PUT_GRIDS, VOIDED_GRIDS,
};
use crate::value::{Row, values};
use app::ports::{GridChange, GridEdition, GridStore, StoreError, StoredGrid};
use async_trait::async_trait;
use city::area::PlaceLevel;
use jiff::civil::Date;
use kernel::{CityCode, GridCode, PersonId, Timestamp};
use std::collections::BTreeSet;

const WRITING: &str = "publish grids";
const READING: &str = "read grids";

#[async_trait]
impl GridStore for Store {
    async fn grids(&self, city: CityCode, edition: Option<u32>) -> Result<Vec<StoredGrid>, StoreError> {
        self.rows_of_edition(city, edition, PlaceLevel::UnitGrid).await
    }

    async fn grid_outlines(
        &self,
        city: CityCode,
        edition: Option<u32>,
    ) -> Result<Vec<StoredGrid>, StoreError> {
        self.rows_of_edition(city, edition, PlaceLevel::Community).await
    }

    async fn voided_grids(&self, city: CityCode) -> Result<Vec<StoredGrid>, StoreError> {
        let rows = self.reader().await?.rows(VOIDED_GRIDS, values![city]).await.doing(READING)?;
        rows.iter().map(stored_grid).collect()
    }

    async fn grid_history(&self, city: CityCode, code: &GridCode) -> Result<Vec<StoredGrid>, StoreError> {
        let values = values![city, code.as_str()];
        let rows = self.reader().await?.rows(GRID_HISTORY, values).await.doing(READING)?;
        rows.iter().map(stored_grid).collect()
    }

    async fn grid_editions(&self, city: CityCode) -> Result<Vec<GridEdition>, StoreError> {
        let rows = self.reader().await?.rows(GRID_EDITIONS, values![city]).await.doing(READING)?;
        rows.iter().map(stored_edition).collect()
    }

    async fn publish_grids(
        &self,
        city: CityCode,
        expected: u32,
        valid_from: Date,
        by: Option<PersonId>,
        at: Timestamp,
        note: &str,
        changes: Vec<GridChange>,
    ) -> Result<GridEdition, StoreError> {
        let edition = GridEdition {
            edition: expected + 1,
            valid_from,
            published_at: at,
            published_by: by,
            note: note.to_owned(),
            grids: 0,
            added: 0,
            changed: 0,
            removed: 0,
        };
        self.writer
            .transact(move |conn| Box::pin(async move { publish(conn, city, edition, changes).await }))
            .await
    }
}

impl Store {
    async fn rows_of_edition(
        &self,
        city: CityCode,
        edition: Option<u32>,
        level: PlaceLevel,
    ) -> Result<Vec<StoredGrid>, StoreError> {
        let digits = i64::try_from(level.digits()).unwrap_or(i64::MAX);
        let values = values![city, edition.unwrap_or(u32::MAX), digits];
        let rows = self.reader().await?.rows(GRIDS_OF_EDITION, values).await.doing(READING)?;
        rows.iter().map(stored_grid).collect()
    }
}

async fn publish(
    conn: &mut Conn,
    city: CityCode,
    mut edition: GridEdition,
    changes: Vec<GridChange>,
) -> Result<GridEdition, StoreError> {
    // First, because it locks; and other processes read the grids again with the rest of the configuration.
    conn.run(COUNT_RECORDS_VERSION, values![city]).await.doing(WRITING)?;
    let number = edition.edition;
    let stale = || StoreError::StaleRecord { kind: "grid_editions".to_owned(), key: number.to_string() };
    let latest = conn.row(LATEST_EDITION, values![city]).await.doing(WRITING)?;
    let latest = latest.map(|row| Ok((row.int(0)?, row.text(1)?))).transpose().doing(WRITING)?;
    let (found, since) = latest.unwrap_or_default();
    if found != i64::from(number) - 1 || edition.valid_from.to_string() < since {
        return Err(stale());
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(changes.len() * 5);
    for change in changes {
        let (code, put) = match change {
            GridChange::Put { code, body, shape } => (code, Some((body, shape))),
            GridChange::Remove { code } => (code, None),
        };
        if !seen.insert(code.clone()) {
            return Err(stale());
        }
        let in_force = conn.row(GRID_IN_FORCE, values![city, code.as_str()]).await.doing(WRITING)?.is_some();
        if in_force {
            conn.run(END_GRID, values![city, code.as_str(), number]).await.doing(WRITING)?;
        }
        let one = u32::from(PlaceLevel::of(&code) == PlaceLevel::UnitGrid);
        match (in_force, put.is_some()) {
            (true, true) => edition.changed += one,
            (true, false) => edition.removed += one,
            (false, true) => edition.added += one,
            (false, false) => return Err(stale()),
        }
        if let Some((body, shape)) = put {
            rows.extend(values![city, code.as_str(), number, body, shape]);
        }
    }
    conn.run_many(&PUT_GRIDS, &[], rows).await.doing(WRITING)?;
    let count = conn.row(COUNT_GRIDS, values![city]).await.doing(WRITING)?;
    let count = count.map(|row| row.int(0)).transpose().doing(WRITING)?.unwrap_or_default();
    edition.grids = whole("unit_grids", "count", count)?;
    let values = values![
        city,
        number,
        edition.valid_from.to_string(),
        edition.published_at,
        edition.published_by.map(|person| i64::from(person.0)),
        edition.note.as_str(),
        edition.grids,
        edition.added,
        edition.changed,
        edition.removed,
    ];
    conn.run(PUT_GRID_EDITION, values).await.doing(WRITING)?;
    Ok(edition)
}

/// Columns: code, from_edition, until_edition, body, shape.
fn stored_grid(row: &Row) -> Result<StoredGrid, StoreError> {
    let text = row.text(0).doing(READING)?;
    let code: GridCode = text.parse().map_err(|_| StoreError::Corrupt {
        table: "unit_grids",
        id: text.clone(),
        why: "the code is no grid code".to_owned(),
    })?;
    let until = row.opt_int(2).doing(READING)?;
    Ok(StoredGrid {
        code,
        from_edition: whole("unit_grids", &text, row.int(1).doing(READING)?)?,
        until_edition: until.map(|edition| whole("unit_grids", &text, edition)).transpose()?,
        body: row.text(3).doing(READING)?,
        shape: row.text(4).doing(READING)?,
    })
}

/// Columns: edition, valid_from, published_at, published_by, note, grids, added, changed, removed.
fn stored_edition(row: &Row) -> Result<GridEdition, StoreError> {
    const TABLE: &str = "grid_editions";
    let id = row.int(0).doing(READING)?.to_string();
    let number = |column: usize| whole(TABLE, &id, row.int(column).doing(READING)?);
    let day = row.text(1).doing(READING)?;
    let by = row.opt_int(3).doing(READING)?;
    Ok(GridEdition {
        edition: number(0)?,
        valid_from: day.parse().map_err(|_| StoreError::Corrupt {
            table: TABLE,
            id: id.clone(),
            why: format!("{day:?} is no date"),
        })?,
        published_at: Timestamp(row.int(2).doing(READING)?),
        published_by: by.map(|person| whole(TABLE, &id, person).map(PersonId)).transpose()?,
        note: row.text(4).doing(READING)?,
        grids: number(5)?,
        added: number(6)?,
        changed: number(7)?,
        removed: number(8)?,
    })
}
