//! Reading cases. A row is believed only when it is the case it says it is.

use crate::Store;
use crate::db::{Doing, Engine};
use crate::statement::{
    CASE, CASE_BY_NUMBER, CASE_BY_SECRET, CASES_BY_PHONE, CASES_BY_SERIAL, CHANGED_SINCE, CITIES, COMMAND,
    ERASE_NOTICES, ERASE_REPORTER, FACTS, FACTS_OF, HEAD, REPORTER, REPORTERS_OF, SEARCH, SEARCH_NEWEST,
    SIMILAR_PHOTOS,
};
use crate::value::{Row, Value, values};
use crate::words;
use app::ports::{Reporter, StoreError, StoredCase};
use case::{Case, FactRecord};
use city::tokens::QueryToken;
use kernel::{CaseId, CityCode, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

/// Serials answered by one search.
const FOUND_MAX: u32 = 50_000;
/// Newest cases among which a frequent word is looked for: 20 ms of one core.
const NEWEST_LOOKED_THROUGH: u32 = 100_000;
/// Hits that are fetched from all over the table in about 50 ms.
const FETCHED_AT_EASE: u64 = 10_000;
/// Longest page of cases.
const PAGE_MAX: u32 = 10_000;
/// Longest list of serials or ids that may be asked for.
const SERIALS_MAX: usize = 1_000;
/// Photos compared with a new one, newest first: some weeks of a large city.
const PHOTOS_COMPARED_MAX: i64 = 50_000;
const PHOTOS_ANSWERED_MAX: usize = 50;

impl Store {
    pub(crate) async fn case(&self, city: CityCode, id: CaseId) -> Result<Option<StoredCase>, StoreError> {
        self.one_case(CASE, values![city, id], city).await
    }

    pub(crate) async fn case_by_number(
        &self,
        city: CityCode,
        number: &str,
    ) -> Result<Option<StoredCase>, StoreError> {
        self.one_case(CASE_BY_NUMBER, values![city, number], city).await
    }

    pub(crate) async fn case_by_secret(
        &self,
        city: CityCode,
        hash: &str,
    ) -> Result<Option<StoredCase>, StoreError> {
        self.one_case(CASE_BY_SECRET, values![city, hash], city).await
    }

    async fn one_case(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        city: CityCode,
    ) -> Result<Option<StoredCase>, StoreError> {
        let row = self.reader().await?.row(sql, values).await.doing("read a case")?;
        row.map(|row| stored_case(city, &row)).transpose()
    }

    async fn many_cases(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        city: CityCode,
    ) -> Result<Vec<StoredCase>, StoreError> {
        let rows = self.reader().await?.rows(sql, values).await.doing("read cases")?;
        rows.iter().map(|row| stored_case(city, row)).collect()
    }

    pub(crate) async fn cases_by_serial(
        &self,
        city: CityCode,
        serials: &[u32],
    ) -> Result<Vec<StoredCase>, StoreError> {
        let asked = &serials[..serials.len().min(SERIALS_MAX)];
        let mut unique: Vec<u32> = asked.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let keys = unique.into_iter().map(Value::from).collect();
        let rows = self
            .reader()
            .await?
            .rows_many(&CASES_BY_SERIAL, &[Value::from(city)], keys)
            .await
            .doing("read cases")?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let case = stored_case(city, row)?;
            found.insert(case.serial, case);
        }
        Ok(asked.iter().filter_map(|serial| found.remove(serial)).collect())
    }

    pub(crate) async fn changed_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        self.many_cases(CHANGED_SINCE, values![city, position, limit.min(PAGE_MAX)], city).await
    }

    pub(crate) async fn cases_by_phone(
        &self,
        city: CityCode,
        phone: &str,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        self.many_cases(CASES_BY_PHONE, values![city, phone, limit.min(PAGE_MAX)], city).await
    }

    pub(crate) async fn facts(&self, city: CityCode, id: CaseId) -> Result<Vec<FactRecord>, StoreError> {
        let rows = self.reader().await?.rows(FACTS, values![city, id]).await.doing("read facts")?;
        let rows = rows.iter().map(read_fact).collect::<Result<Vec<_>, _>>().doing("read facts")?;
        fact_records(city, id, rows)
    }

    pub(crate) async fn facts_of(
        &self,
        city: CityCode,
        ids: &[CaseId],
    ) -> Result<Vec<Vec<FactRecord>>, StoreError> {
        let asked = &ids[..ids.len().min(SERIALS_MAX)];
        let mut unique = asked.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let keys = unique.into_iter().map(Value::from).collect();
        let rows = self
            .reader()
            .await?
            .rows_many(&FACTS_OF, &[Value::from(city)], keys)
            .await
            .doing("read facts")?;
        let mut found: HashMap<CaseId, Vec<(i64, i64, String)>> = HashMap::new();
        for row in &rows {
            let id = case_id("facts", &row.bytes(3).doing("read facts")?)?;
            found.entry(id).or_default().push(read_fact(row).doing("read facts")?);
        }
        let mut records = HashMap::with_capacity(found.len());
        for (id, mut rows) in found {
            rows.sort_unstable_by_key(|(seq, _, _)| *seq);
            records.insert(id, fact_records(city, id, rows)?);
        }
        Ok(asked.iter().map(|id| records.get(id).cloned().unwrap_or_default()).collect())
    }

    pub(crate) async fn command(&self, city: CityCode, command: Uuid) -> Result<Option<CaseId>, StoreError> {
        let values = values![city, command.as_bytes().to_vec()];
        let row = self.reader().await?.row(COMMAND, values).await.doing("read a command")?;
        let bytes = row.map(|row| row.bytes(0)).transpose().doing("read a command")?;
        bytes.map(|bytes| case_id("commands", &bytes)).transpose()
    }

    pub(crate) async fn head(&self, city: CityCode) -> Result<(i64, u32), StoreError> {
        let row = self.reader().await?.row(HEAD, values![city]).await.doing("read the head")?;
        let Some(row) = row else { return Ok((0, 0)) };
        let position = row.int(0).doing("read the head")?;
        let cases = whole("city_heads", &city.to_string(), row.int(1).doing("read the head")?)?;
        Ok((position, cases))
    }

    pub(crate) async fn cities(&self) -> Result<Vec<CityCode>, StoreError> {
        let rows = self.reader().await?.rows(CITIES, Vec::new()).await.doing("read cities")?;
        rows.iter()
            .map(|row| row.int(0).doing("read cities").and_then(|code| city_code("city_heads", code)))
            .collect()
    }

    pub(crate) async fn search(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Vec<u32>, StoreError> {
        let engine = self.db.engine();
        let Some(question) = words::question(engine, tokens) else { return Ok(Vec::new()) };
        let values = values![question, city, limit.min(FOUND_MAX)];
        let rows = self.reader().await?.rows_once(SEARCH.of(engine), values).await.doing("search")?;
        serials(&rows)
    }

    /// SQLite keeps the hits of a token in the order of the cases; PostgreSQL has to fetch every hit to know
    /// which case it is, so there a word of many cases is looked for among the newest only.
    pub(crate) async fn search_newest(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Option<Vec<u32>>, StoreError> {
        let engine = self.db.engine();
        let question = words::question(engine, tokens);
        let (Engine::Postgres, Some(question), true) = (engine, question, limit > 0) else { return Ok(None) };
        let (_, cases) = self.head(city).await?;
        let from = cases.saturating_sub(NEWEST_LOOKED_THROUGH);
        let values = values![question, city, limit.min(FOUND_MAX), from];
        let rows = self.reader().await?.rows_once(SEARCH_NEWEST.of(engine), values).await.doing("search")?;
        let found = serials(&rows)?;
        let (Some(oldest), true) = (found.last(), found.len() == limit as usize) else { return Ok(None) };
        // As many in all as the newest part lets expect.
        let expected = u64::from(limit) * u64::from(cases) / u64::from(cases.saturating_sub(*oldest).max(1));
        Ok((expected > FETCHED_AT_EASE).then_some(found))
    }

    pub(crate) async fn reporter(&self, city: CityCode, id: CaseId) -> Result<Option<Reporter>, StoreError> {
        let row = self.reader().await?.row(REPORTER, values![city, id]).await.doing("read a reporter")?;
        row.as_ref().map(reporter).transpose().doing("read a reporter")
    }

    pub(crate) async fn reporters_of(
        &self,
        city: CityCode,
        ids: &[CaseId],
    ) -> Result<Vec<Option<Reporter>>, StoreError> {
        let asked = &ids[..ids.len().min(SERIALS_MAX)];
        let mut unique = asked.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let keys = unique.into_iter().map(Value::from).collect();
        let doing = "read reporters";
        let rows = self.reader().await?.rows_many(&REPORTERS_OF, &[Value::from(city)], keys).await;
        let mut found = HashMap::new();
        for row in &rows.doing(doing)? {
            let id = case_id("reporters", &row.bytes(6).doing(doing)?)?;
            found.insert(id, reporter(row).doing(doing)?);
        }
        Ok(asked.iter().map(|id| found.get(id).cloned()).collect())
    }

    /// Messages still waiting for the reporter's phone or mailbox go too.
    pub(crate) async fn erase_reporter(&self, city: CityCode, id: CaseId) -> Result<(), StoreError> {
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    let Some(row) =
                        conn.row(ERASE_REPORTER, values![city, id]).await.doing("erase a reporter")?
                    else {
                        return Ok(());
                    };
                    for address in
                        [row.text(0).doing("erase a reporter")?, row.text(1).doing("erase a reporter")?]
                    {
                        conn.run(ERASE_NOTICES, values![city, id, address])
                            .await
                            .doing("erase a reporter")?;
                    }
                    Ok(())
                })
            })
            .await
    }

    pub(crate) async fn similar_photos(
        &self,
        city: CityCode,
        hash: u64,
        distance: u32,
        since: Timestamp,
    ) -> Result<Vec<(CaseId, u32)>, StoreError> {
        let values = values![city, since, PHOTOS_COMPARED_MAX];
        let rows = self.reader().await?.rows(SIMILAR_PHOTOS, values).await.doing("compare photos")?;
        let mut nearest: HashMap<CaseId, u32> = HashMap::new();
        for row in &rows {
            let apart = (row.int(1).doing("compare photos")?.cast_unsigned() ^ hash).count_ones();
            if apart <= distance {
                let id = case_id("photo_hashes", &row.bytes(0).doing("compare photos")?)?;
                nearest.entry(id).and_modify(|least| *least = apart.min(*least)).or_insert(apart);
            }
        }
        let mut nearest: Vec<(CaseId, u32)> = nearest.into_iter().collect();
        nearest.sort_unstable_by_key(|(id, apart)| (*apart, std::cmp::Reverse(*id)));
        nearest.truncate(PHOTOS_ANSWERED_MAX);
        Ok(nearest)
    }
}

/// Serials as the searches answer them: one text with commas, or none.
fn serials(rows: &[Row]) -> Result<Vec<u32>, StoreError> {
    let found = rows.first().map(|row| row.opt_text(0)).transpose().doing("search")?.flatten();
    let serial = |text: &str| {
        text.parse().map_err(|_| StoreError::Corrupt {
            table: "words",
            id: text.to_owned(),
            why: "it is no serial".to_owned(),
        })
    };
    found.map_or_else(|| Ok(Vec::new()), |found| found.split(',').map(serial).collect())
}

/// Columns: name, phone, email, public, callback, language.
fn reporter(row: &Row) -> Result<Reporter, sqlx::Error> {
    Ok(Reporter {
        name: row.text(0)?,
        phone: row.text(1)?,
        email: row.text(2)?,
        public: row.int(3)? != 0,
        callback: row.int(4)? != 0,
        language: row.text(5)?,
    })
}

fn read_fact(row: &Row) -> Result<(i64, i64, String), sqlx::Error> {
    Ok((row.int(0)?, row.int(1)?, row.text(2)?))
}

/// Facts of one case in the order of their numbers: none may be missing.
fn fact_records(
    city: CityCode,
    id: CaseId,
    rows: Vec<(i64, i64, String)>,
) -> Result<Vec<FactRecord>, StoreError> {
    let mut facts = Vec::with_capacity(rows.len());
    for (place, (seq, at, body)) in (1..).zip(rows) {
        let corrupt =
            |why: String| StoreError::Corrupt { table: "facts", id: format!("{city}/{id}/{place}"), why };
        let record: FactRecord = serde_json::from_str(&body).map_err(|error| corrupt(error.to_string()))?;
        if seq != place || i64::from(record.seq) != place || record.at.0 != at {
            return Err(corrupt(format!("fact {seq} stands where {place} must be")));
        }
        facts.push(record);
    }
    Ok(facts)
}

/// Columns: id, serial, version, position, state.
fn stored_case(city: CityCode, row: &Row) -> Result<StoredCase, StoreError> {
    let read = || Ok((row.bytes(0)?, row.int(1)?, row.int(2)?, row.int(3)?, row.text(4)?));
    let (id, serial, version, position, state): (Vec<u8>, i64, i64, i64, String) =
        read().doing("read a case")?;
    let id = case_id("cases", &id)?;
    let corrupt = |why: String| StoreError::Corrupt { table: "cases", id: format!("{city}/{id}"), why };
    let case: Case = serde_json::from_str(&state).map_err(|error| corrupt(error.to_string()))?;
    if case.id != id || case.city != city || i64::from(case.version) != version {
        return Err(corrupt(format!(
            "it holds version {} of case {} of city {}",
            case.version, case.id, case.city
        )));
    }
    Ok(StoredCase { serial: whole("cases", &id.to_string(), serial)?, position, case })
}

pub(crate) fn case_id(table: &'static str, bytes: &[u8]) -> Result<CaseId, StoreError> {
    Uuid::from_slice(bytes).map(CaseId).map_err(|error| StoreError::Corrupt {
        table,
        id: hex::encode(bytes),
        why: error.to_string(),
    })
}

pub(crate) fn city_code(table: &'static str, code: i64) -> Result<CityCode, StoreError> {
    u32::try_from(code).ok().and_then(CityCode::new).ok_or_else(|| StoreError::Corrupt {
        table,
        id: code.to_string(),
        why: "its city has not six digits".to_owned(),
    })
}

pub(crate) fn whole(table: &'static str, id: &str, value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::Corrupt {
        table,
        id: id.to_owned(),
        why: format!("{value} is no small whole number"),
    })
}
