//! Registered things with every version they had, and the sequences their codes come from.

use crate::Store;
use crate::db::{Conn, Doing};
use crate::read::whole;
use crate::statement::{
    COUNT_ON, COUNT_THINGS, KEEP_THINGS, LIST_THINGS, LOCK_THING_HEAD, MOVE_THING_HEAD, PUT_THING_COMMAND,
    PUT_THINGS, RAISE_COUNT, TAKEN_CODES, THING, THING_BY_CODE, THING_COMMAND, THING_HEAD, THING_HISTORY,
    THING_VERSIONS, THINGS_BY_CODE, THINGS_BY_SERIAL, THINGS_SINCE,
};
use crate::value::{Row, Value, values};
use app::ports::things::{THINGS_PER_READ_MAX, THINGS_PER_WRITE_MAX};
use app::ports::{
    PutThing, PutThingDone, PutThings, StoreError, StoredThing, ThingCount, ThingQuery, ThingStore,
};
use async_trait::async_trait;
use kernel::{CityCode, PersonId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const WRITING: &str = "write registered things";
const READING: &str = "read registered things";
const HISTORY_MAX: u32 = 1_000;

#[async_trait]
impl ThingStore for Store {
    async fn put_things(&self, put: PutThings) -> Result<Vec<PutThingDone>, StoreError> {
        if put.puts.is_empty() {
            return Ok(Vec::new());
        }
        if put.puts.len() > THINGS_PER_WRITE_MAX {
            return Err(StoreError::Failed { doing: WRITING, cause: "too many things at once".into() });
        }
        self.writer.transact(move |conn| Box::pin(async move { write(conn, put).await })).await
    }

    async fn thing(&self, city: CityCode, serial: u64) -> Result<Option<StoredThing>, StoreError> {
        let row = self.reader().await?.row(THING, values![city, signed(serial)]).await.doing(READING)?;
        row.map(|row| stored_thing("things", &row)).transpose()
    }

    async fn things_by_serial(
        &self,
        city: CityCode,
        serials: &[u64],
    ) -> Result<Vec<StoredThing>, StoreError> {
        let asked = &serials[..serials.len().min(THINGS_PER_READ_MAX as usize)];
        let unique: BTreeSet<u64> = asked.iter().copied().collect();
        let keys = unique.into_iter().map(|serial| Value::Int(signed(serial))).collect();
        let rows = self
            .reader()
            .await?
            .rows_many(&THINGS_BY_SERIAL, &[Value::from(city)], keys)
            .await
            .doing(READING)?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let thing = stored_thing("things", row)?;
            found.insert(thing.serial, thing);
        }
        Ok(asked.iter().filter_map(|serial| found.remove(serial)).collect())
    }

    async fn thing_by_code(
        &self,
        city: CityCode,
        register: &str,
        code: &str,
    ) -> Result<Option<StoredThing>, StoreError> {
        let values = values![city, register, code];
        let row = self.reader().await?.row(THING_BY_CODE, values).await.doing(READING)?;
        row.map(|row| stored_thing("things", &row)).transpose()
    }

    async fn things_by_code(
        &self,
        city: CityCode,
        register: &str,
        codes: &[String],
    ) -> Result<Vec<StoredThing>, StoreError> {
        let asked = &codes[..codes.len().min(THINGS_PER_READ_MAX as usize)];
        let keys = asked.iter().map(|code| Value::from(code.as_str())).collect();
        let rows = self
            .reader()
            .await?
            .rows_many(&THINGS_BY_CODE, &[Value::from(city), Value::from(register)], keys)
            .await
            .doing(READING)?;
        rows.iter().map(|row| stored_thing("things", row)).collect()
    }

    async fn list_things(&self, city: CityCode, query: &ThingQuery) -> Result<Vec<StoredThing>, StoreError> {
        let text = query.text.as_deref().unwrap_or_default().to_lowercase();
        let values = values![
            city,
            query.register.as_str(),
            query.after.as_deref().unwrap_or_default(),
            query.class.as_deref().unwrap_or_default(),
            format!("{}%", escaped(&text)),
            format!("%{}%", escaped(&text)),
            query.with_removed,
            query.limit.min(THINGS_PER_READ_MAX),
        ];
        let rows = self.reader().await?.rows(LIST_THINGS, values).await.doing(READING)?;
        rows.iter().map(|row| stored_thing("things", row)).collect()
    }

    async fn thing_history(
        &self,
        city: CityCode,
        serial: u64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError> {
        let mut conn = self.reader().await?;
        let Some(now) = conn.row(THING, values![city, signed(serial)]).await.doing(READING)? else {
            return Ok(Vec::new());
        };
        let mut versions = vec![stored_thing("things", &now)?];
        let rest = limit.min(HISTORY_MAX).saturating_sub(1);
        let rows = conn
            .rows(THING_HISTORY, values![city, signed(serial), versions[0].version, rest])
            .await
            .doing(READING)?;
        for row in &rows {
            versions.push(stored_thing("thing_history", row)?);
        }
        versions.truncate(limit as usize);
        Ok(versions)
    }

    async fn things_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError> {
        let values = values![city, position, limit.min(THINGS_PER_READ_MAX)];
        let rows = self.reader().await?.rows(THINGS_SINCE, values).await.doing(READING)?;
        rows.iter().map(|row| stored_thing("things", row)).collect()
    }

    async fn things_head(&self, city: CityCode) -> Result<(i64, u64), StoreError> {
        let row = self.reader().await?.row(THING_HEAD, values![city]).await.doing(READING)?;
        let Some(row) = row else { return Ok((0, 0)) };
        let serial = row.int(1).doing(READING)?;
        Ok((row.int(0).doing(READING)?, unsigned("thing_heads", &city.to_string(), serial)?))
    }

    async fn count_things(&self, city: CityCode) -> Result<Vec<ThingCount>, StoreError> {
        let rows = self.reader().await?.rows(COUNT_THINGS, values![city]).await.doing(READING)?;
        rows.iter()
            .map(|row| {
                let count = row.int(2).doing(READING)?;
                Ok(ThingCount {
                    register: row.text(0).doing(READING)?,
                    class: row.text(1).doing(READING)?,
                    count: unsigned("things", "count", count)?,
                })
            })
            .collect()
    }

    async fn take_sequence(&self, city: CityCode, name: &str, count: u32) -> Result<u64, StoreError> {
        let name = sequence(name);
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    let doing = "take numbers";
                    let row = conn.row(COUNT_ON, values![city, name.as_str(), count]).await.doing(doing)?;
                    let last = row.ok_or(sqlx::Error::RowNotFound).and_then(|row| row.int(0)).doing(doing)?;
                    unsigned("counters", &name, last - i64::from(count) + 1)
                })
            })
            .await
    }

    async fn raise_sequence(&self, city: CityCode, name: &str, used: u64) -> Result<(), StoreError> {
        let values = values![city, sequence(name), signed(used)];
        self.run(RAISE_COUNT, values, "raise a sequence").await
    }
}

fn sequence(name: &str) -> String {
    format!("sequence:{name}")
}

/// What a person typed, taken by letter inside LIKE.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

async fn write(conn: &mut Conn, put: PutThings) -> Result<Vec<PutThingDone>, StoreError> {
    let PutThings { city, by, at, command, puts } = put;
    if let Some(command) = command {
        let known =
            conn.row(THING_COMMAND, values![city, command.as_bytes().to_vec()]).await.doing(WRITING)?;
        if let Some(row) = known {
            let text = row.text(0).doing(WRITING)?;
            let done: Vec<(u64, u32, i64)> = serde_json::from_str(&text).map_err(|why| {
                StoreError::Corrupt { table: "thing_commands", id: command.to_string(), why: why.to_string() }
            })?;
            return Ok(done
                .into_iter()
                .map(|(serial, version, position)| PutThingDone { serial, version, position })
                .collect());
        }
    }
    // First, because it locks: nobody else changes things of this city meanwhile.
    let head = conn.row(LOCK_THING_HEAD, values![city]).await.doing(WRITING)?;
    let head = head.ok_or(sqlx::Error::RowNotFound).doing(WRITING)?;
    let mut position = head.int(0).doing(WRITING)?;
    let mut last_serial = head.int(1).doing(WRITING)?;
    check_versions(conn, city, &puts).await?;
    check_codes(conn, city, &puts).await?;

    let old: Vec<Value> = puts.iter().filter_map(|put| put.serial).map(|s| Value::Int(signed(s))).collect();
    if !old.is_empty() {
        conn.run_many(&KEEP_THINGS, &[Value::from(city)], old).await.doing(WRITING)?;
    }
    let person = by.map(|person| i64::from(person.0));
    let mut done = Vec::with_capacity(puts.len());
    let mut rows = Vec::with_capacity(puts.len() * 13);
    for put in puts {
        position += 1;
        let serial = match put.serial {
            Some(serial) => signed(serial),
            None => {
                last_serial += 1;
                last_serial
            }
        };
        let version = put.expected_version + 1;
        done.push(PutThingDone { serial: unsigned("things", &put.code, serial)?, version, position });
        rows.extend(values![
            city,
            serial,
            put.register,
            put.code,
            put.name,
            put.class,
            version,
            position,
            put.removed,
            at,
            person,
            put.change,
            put.body,
        ]);
    }
    conn.run_many(&PUT_THINGS, &[], rows).await.doing(WRITING)?;
    conn.run(MOVE_THING_HEAD, values![city, position, last_serial]).await.doing(WRITING)?;
    if let Some(command) = command {
        let answer: Vec<_> = done.iter().map(|one| (one.serial, one.version, one.position)).collect();
        let answer = serde_json::to_string(&answer)
            .map_err(|why| StoreError::Failed { doing: WRITING, cause: Box::new(why) })?;
        let values = values![city, command.as_bytes().to_vec(), at, answer];
        conn.run(PUT_THING_COMMAND, values).await.doing(WRITING)?;
    }
    Ok(done)
}

/// Whoever changes a thing must have seen its latest version; one call changes it once.
async fn check_versions(conn: &mut Conn, city: CityCode, puts: &[PutThing]) -> Result<(), StoreError> {
    let stale =
        |put: &PutThing| StoreError::StaleThing { register: put.register.clone(), code: put.code.clone() };
    let changed: Vec<(u64, &PutThing)> =
        puts.iter().filter_map(|put| put.serial.map(|serial| (serial, put))).collect();
    if let Some(put) = puts.iter().find(|put| put.serial.is_none() && put.expected_version != 0) {
        return Err(stale(put));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let keys = changed.iter().map(|(serial, _)| Value::Int(signed(*serial))).collect();
    let rows = conn.rows_many(&THING_VERSIONS, &[Value::from(city)], keys).await.doing(WRITING)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let is = (row.int(1).doing(WRITING)?, row.text(2).doing(WRITING)?, row.text(3).doing(WRITING)?);
        found.insert(row.int(0).doing(WRITING)?, is);
    }
    for (serial, put) in changed {
        match found.remove(&signed(serial)) {
            Some((version, register, code))
                if version == i64::from(put.expected_version)
                    && register == put.register
                    && code == put.code => {}
            _ => return Err(stale(put)),
        }
    }
    Ok(())
}

/// A new thing's code was never in use in its register.
async fn check_codes(conn: &mut Conn, city: CityCode, puts: &[PutThing]) -> Result<(), StoreError> {
    let taken = |register: &str, code: &str| StoreError::CodeTaken {
        register: register.to_owned(),
        code: code.to_owned(),
    };
    let mut fresh: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for put in puts.iter().filter(|put| put.serial.is_none()) {
        if !fresh.entry(&put.register).or_default().insert(&put.code) {
            return Err(taken(&put.register, &put.code));
        }
    }
    for (register, codes) in fresh {
        let keys = codes.into_iter().map(Value::from).collect();
        let rows = conn
            .rows_many(&TAKEN_CODES, &[Value::from(city), Value::from(register)], keys)
            .await
            .doing(WRITING)?;
        if let Some(row) = rows.first() {
            return Err(taken(register, &row.text(0).doing(WRITING)?));
        }
    }
    Ok(())
}

/// Columns: serial, register, code, name, class, version, position, removed, changed_at, changed_by, change, body.
fn stored_thing(table: &'static str, row: &Row) -> Result<StoredThing, StoreError> {
    let id = row.int(0).doing(READING)?.to_string();
    let changed_by = row.opt_int(9).doing(READING)?;
    Ok(StoredThing {
        serial: unsigned(table, &id, row.int(0).doing(READING)?)?,
        register: row.text(1).doing(READING)?,
        code: row.text(2).doing(READING)?,
        name: row.text(3).doing(READING)?,
        class: row.text(4).doing(READING)?,
        version: whole(table, &id, row.int(5).doing(READING)?)?,
        position: row.int(6).doing(READING)?,
        removed: row.int(7).doing(READING)? != 0,
        changed_at: Timestamp(row.int(8).doing(READING)?),
        changed_by: changed_by.map(|person| whole(table, &id, person).map(PersonId)).transpose()?,
        change: row.text(10).doing(READING)?,
        body: row.text(11).doing(READING)?,
    })
}

/// Serials are below 2^52; a larger one is nobody's.
fn signed(serial: u64) -> i64 {
    i64::try_from(serial).unwrap_or(i64::MAX)
}

fn unsigned(table: &'static str, id: &str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt {
        table,
        id: id.to_owned(),
        why: format!("{number} is negative"),
    })
}
