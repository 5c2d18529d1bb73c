//! Configuration records with their history.

use crate::Store;
use crate::db::Doing;
use crate::read::whole;
use crate::statement::{
    COUNT_RECORDS_VERSION, PUT_RECORD, PUT_RECORD_HISTORY, RECORD_HISTORY, RECORD_VERSION, RECORDS,
    RECORDS_VERSION,
};
use crate::value::{Row, values};
use app::ports::{PutRecord, StoreError, StoredRecord};
use kernel::{CityCode, PersonId, Timestamp};

impl Store {
    pub(crate) async fn records(&self, city: CityCode, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = self.reader().await?.rows(RECORDS, values![city, kind]).await.doing("read records")?;
        rows.iter().map(|row| stored_record("records", row)).collect()
    }

    pub(crate) async fn record_history(
        &self,
        city: CityCode,
        kind: &str,
        key: &str,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = self
            .reader()
            .await?
            .rows(RECORD_HISTORY, values![city, kind, key])
            .await
            .doing("read a history")?;
        rows.iter().map(|row| stored_record("record_history", row)).collect()
    }

    pub(crate) async fn put_records(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutRecord>,
    ) -> Result<Vec<u32>, StoreError> {
        if puts.is_empty() {
            return Ok(Vec::new());
        }
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    // First, because it locks: nobody else changes records of this city meanwhile.
                    conn.run(COUNT_RECORDS_VERSION, values![city]).await.doing("put records")?;
                    let mut versions = Vec::with_capacity(puts.len());
                    for put in puts {
                        let PutRecord { kind, key, expected_version, value } = put;
                        let stale = || StoreError::StaleRecord { kind: kind.clone(), key: key.clone() };
                        let found = conn
                            .row(RECORD_VERSION, values![city, kind.as_str(), key.as_str()])
                            .await
                            .doing("put records")?;
                        let version = match found {
                            None => 0,
                            Some(row) => {
                                let signed = row.int(0).doing("put records")?;
                                let version = whole("records", &key, signed.saturating_abs())?;
                                let removed = signed < 0;
                                // A removed record may be made anew; its versions go on, so does its history.
                                if removed && expected_version != 0 || !removed && expected_version != version
                                {
                                    return Err(stale());
                                }
                                version
                            }
                        };
                        if version == 0 && (expected_version != 0 || value.is_none()) {
                            return Err(stale());
                        }
                        let version = version + 1;
                        let person = by.map(|person| i64::from(person.0));
                        let value = value.map(|value| value.to_string());
                        let values = values![city, kind, key, version, at, person, value];
                        conn.run(PUT_RECORD, values.clone()).await.doing("put records")?;
                        conn.run(PUT_RECORD_HISTORY, values).await.doing("put records")?;
                        versions.push(version);
                    }
                    Ok(versions)
                })
            })
            .await
    }

    pub(crate) async fn records_version(&self, city: CityCode) -> Result<i64, StoreError> {
        let row = self
            .reader()
            .await?
            .row(RECORDS_VERSION, values![city])
            .await
            .doing("read the records' version")?;
        Ok(row.map(|row| row.int(0)).transpose().doing("read the records' version")?.unwrap_or(0))
    }
}

/// Columns: kind, key, version, changed_at, changed_by, value.
fn stored_record(table: &'static str, row: &Row) -> Result<StoredRecord, StoreError> {
    let read =
        || Ok((row.text(0)?, row.text(1)?, row.int(2)?, row.int(3)?, row.opt_int(4)?, row.opt_text(5)?));
    type Columns = (String, String, i64, i64, Option<i64>, Option<String>);
    let (kind, key, version, changed_at, changed_by, value): Columns = read().doing("read records")?;
    let id = format!("{kind}/{key}");
    let value = value.map(|text| serde_json::from_str(&text)).transpose();
    let value =
        value.map_err(|error| StoreError::Corrupt { table, id: id.clone(), why: error.to_string() })?;
    Ok(StoredRecord {
        version: whole(table, &id, version)?,
        changed_at: Timestamp(changed_at),
        changed_by: changed_by.map(|person| whole(table, &id, person).map(PersonId)).transpose()?,
        kind,
        key,
        value,
    })
}
