//! The address store: rows for the geocoder, with every version they had.

use crate::Store;
use crate::db::{Conn, Doing};
use crate::read::whole;
use crate::statement::{
    ADDRESS, ADDRESS_HEAD, ADDRESS_HISTORY, ADDRESS_VERSIONS, ADDRESSES_SINCE, COUNT_ADDRESSES, COUNT_ON,
    KEEP_ADDRESSES, PUT_ADDRESSES,
};
use crate::value::{Row, Value, values};
use app::ports::addresses::ADDRESSES_PER_WRITE_MAX;
use app::ports::{AddressStore, PutAddress, StoreError, StoredAddress};
use async_trait::async_trait;
use kernel::{CityCode, PersonId, Timestamp};
use std::collections::{BTreeSet, HashMap};

const WRITING: &str = "write addresses";
const READING: &str = "read addresses";
/// Counter of the positions of a city's addresses.
const POSITIONS: &str = "addresses";
const PAGE_MAX: u32 = 20_000;

#[async_trait]
impl AddressStore for Store {
    async fn put_addresses(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutAddress>,
    ) -> Result<Vec<u32>, StoreError> {
        if puts.is_empty() {
            return Ok(Vec::new());
        }
        if puts.len() > ADDRESSES_PER_WRITE_MAX {
            return Err(StoreError::Failed { doing: WRITING, cause: "too many addresses at once".into() });
        }
        self.writer.transact(move |conn| Box::pin(async move { write(conn, city, by, at, puts).await })).await
    }

    async fn address(&self, city: CityCode, id: &str) -> Result<Option<StoredAddress>, StoreError> {
        let row = self.reader().await?.row(ADDRESS, values![city, id]).await.doing(READING)?;
        row.map(|row| stored_address("addresses", &row)).transpose()
    }

    async fn address_history(&self, city: CityCode, id: &str) -> Result<Vec<StoredAddress>, StoreError> {
        let mut conn = self.reader().await?;
        let Some(now) = conn.row(ADDRESS, values![city, id]).await.doing(READING)? else {
            return Ok(Vec::new());
        };
        let mut versions = vec![stored_address("addresses", &now)?];
        let rows = conn.rows(ADDRESS_HISTORY, values![city, id, versions[0].version]).await.doing(READING)?;
        for row in &rows {
            versions.push(stored_address("address_history", row)?);
        }
        Ok(versions)
    }

    async fn addresses_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredAddress>, StoreError> {
        let values = values![city, position, limit.min(PAGE_MAX)];
        let rows = self.reader().await?.rows(ADDRESSES_SINCE, values).await.doing(READING)?;
        rows.iter().map(|row| stored_address("addresses", row)).collect()
    }

    async fn addresses_head(&self, city: CityCode) -> Result<(i64, u64), StoreError> {
        let mut conn = self.reader().await?;
        let head = conn.row(ADDRESS_HEAD, values![city, POSITIONS]).await.doing(READING)?;
        let position = head.map(|row| row.int(0)).transpose().doing(READING)?.unwrap_or_default();
        let count = conn.row(COUNT_ADDRESSES, values![city]).await.doing(READING)?;
        let count = count.map(|row| row.int(0)).transpose().doing(READING)?.unwrap_or_default();
        Ok((position, u64::try_from(count).unwrap_or_default()))
    }
}

async fn write(
    conn: &mut Conn,
    city: CityCode,
    by: Option<PersonId>,
    at: Timestamp,
    puts: Vec<PutAddress>,
) -> Result<Vec<u32>, StoreError> {
    let stale = |id: &str| StoreError::StaleRecord { kind: "addresses".to_owned(), key: id.to_owned() };
    // First, because it locks: nobody else changes addresses of this city meanwhile.
    let count = u32::try_from(puts.len()).unwrap_or(u32::MAX);
    let last = conn.row(COUNT_ON, values![city, POSITIONS, count]).await.doing(WRITING)?;
    let last = last.ok_or(sqlx::Error::RowNotFound).and_then(|row| row.int(0)).doing(WRITING)?;
    let keys = puts.iter().map(|put| Value::from(put.id.as_str())).collect();
    let rows = conn.rows_many(&ADDRESS_VERSIONS, &[Value::from(city)], keys).await.doing(WRITING)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let is = (row.int(1).doing(WRITING)?, row.int(2).doing(WRITING)? != 0, row.text(3).doing(WRITING)?);
        found.insert(row.text(0).doing(WRITING)?, is);
    }
    let person = by.map(|person| i64::from(person.0));
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    let mut fresh = Vec::with_capacity(puts.len() * 8);
    let mut versions = Vec::with_capacity(puts.len());
    for (position, put) in (last - i64::from(count) + 1..).zip(puts) {
        if !seen.insert(put.id.clone()) {
            return Err(stale(&put.id));
        }
        let (version, removed, body) = found.remove(&put.id).unwrap_or((0, true, String::new()));
        let version = whole("addresses", &put.id, version)?;
        let fits = match put.expected_version {
            None => true,
            Some(0) => removed,
            Some(expected) => !removed && expected == version,
        };
        if !fits || removed && put.body.is_none() {
            return Err(stale(&put.id));
        }
        if version > 0 {
            kept.push(Value::from(put.id.as_str()));
        }
        versions.push(version + 1);
        // What was taken out keeps its last words, for the history.
        let (gone, body) = put.body.map_or((true, body), |body| (false, body));
        fresh.extend(values![city, put.id, version + 1, position, gone, at, person, body]);
    }
    if !kept.is_empty() {
        conn.run_many(&KEEP_ADDRESSES, &[Value::from(city)], kept).await.doing(WRITING)?;
    }
    conn.run_many(&PUT_ADDRESSES, &[], fresh).await.doing(WRITING)?;
    Ok(versions)
}

/// Columns: id, version, position, removed, changed_at, changed_by, body.
fn stored_address(table: &'static str, row: &Row) -> Result<StoredAddress, StoreError> {
    let id = row.text(0).doing(READING)?;
    let by = row.opt_int(5).doing(READING)?;
    Ok(StoredAddress {
        version: whole(table, &id, row.int(1).doing(READING)?)?,
        position: row.int(2).doing(READING)?,
        removed: row.int(3).doing(READING)? != 0,
        changed_at: Timestamp(row.int(4).doing(READING)?),
        changed_by: by.map(|person| whole(table, &id, person).map(PersonId)).transpose()?,
        body: row.text(6).doing(READING)?,
        id,
    })
}
