//! Appending facts: what one append becomes as rows, and how a whole group of them is written.

use crate::db::Conn;
use crate::statement::{
    COMMANDS, COUNT_ON, DROP_MOMENTS, LOCK_HEAD, MOMENTS, MOVE_HEAD, PUT_CASES, PUT_COMMANDS, PUT_FACTS,
    PUT_MOMENTS, PUT_NOTICES, PUT_PHOTOS, PUT_REPORTERS, PUT_SECRETS, PUT_WORDS, VERSIONS,
};
use crate::value::{Value, values};
use crate::words;
use app::ports::{Append, Appended, Notice, Outcome, Reporter, StoreError};
use case::{Case, Moment};
use kernel::{CaseId, CityCode, ClockKind, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Counter of the outbox ids of a city.
pub(crate) const OUTBOX: &str = "outbox";

/// An append as rows, made by the caller's task so that the writer only binds.
#[derive(Debug)]
pub(crate) struct Prepared {
    city: CityCode,
    id: CaseId,
    expected_version: u32,
    version: u32,
    number: String,
    stage: u8,
    reported_at: Timestamp,
    updated_at: Timestamp,
    state: String,
    /// Sequence number, time, record as JSON.
    facts: Vec<(u32, Timestamp, String)>,
    command: Option<Uuid>,
    words: Option<String>,
    reporter: Option<Reporter>,
    secret_hash: Option<String>,
    notices: Vec<NoticeRow>,
    photos: Vec<(String, u64)>,
    moments: Vec<(ClockKind, Moment, Timestamp)>,
}

/// A notice as its row of the outbox.
#[derive(Debug)]
pub(crate) struct NoticeRow {
    channel: String,
    recipient: String,
    body: String,
}

impl NoticeRow {
    pub(crate) fn of(notice: Notice) -> Result<Self, StoreError> {
        let body = json(&notice)?;
        Ok(Self { channel: notice.channel, recipient: notice.to, body })
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|cause| StoreError::Failed { doing: "write a value as JSON", cause: Box::new(cause) })
}

impl Prepared {
    /// Fails when the facts do not lead from the expected version to the state: then nothing may be written.
    pub(crate) fn of(append: Append) -> Result<Self, StoreError> {
        let Append { city, state, expected_version, facts, .. } = &append;
        let in_order = facts.iter().zip(expected_version + 1..).all(|(record, seq)| record.seq == seq);
        let fits = usize::try_from(state.version - (*expected_version).min(state.version)) == Ok(facts.len());
        if !in_order || !fits || state.version == 0 || state.city != *city {
            let cause =
                format!("version {} after {} facts on {expected_version}", state.version, facts.len());
            return Err(StoreError::Failed {
                doing: "append facts that do not lead to their case",
                cause: cause.into(),
            });
        }
        let rows = facts.iter().map(|record| Ok((record.seq, record.at, json(record)?)));
        Ok(Self {
            city: *city,
            id: state.id,
            expected_version: *expected_version,
            version: state.version,
            number: state.number.to_string(),
            stage: state.stage.name().number(),
            reported_at: state.reported_at,
            updated_at: state.updated_at,
            state: json(state)?,
            facts: rows.collect::<Result<_, StoreError>>()?,
            moments: moments(state),
            command: append.command,
            words: append.words.map(|tokens| words::document(&tokens)),
            reporter: append.reporter,
            secret_hash: append.secret_hash,
            notices: append.notices.into_iter().map(NoticeRow::of).collect::<Result<_, _>>()?,
            photos: append.photo_hashes,
        })
    }

    fn key(&self) -> Key {
        (self.city, self.id)
    }
}

/// Each pair of clock and moment once: a table row is one.
fn moments(state: &Case) -> Vec<(ClockKind, Moment, Timestamp)> {
    let mut moments = state.moments();
    moments.sort_unstable();
    moments.dedup_by_key(|(clock, moment, _)| (*clock, *moment));
    moments
}

type Key = (CityCode, CaseId);

#[derive(Debug, Clone, Copy)]
struct Seen {
    version: u32,
    serial: u32,
    position: i64,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    last_position: i64,
    cases: u32,
}

/// What is known of the store, and then of the group as it is decided one batch after the other.
#[derive(Default)]
struct Known {
    heads: BTreeMap<CityCode, Head>,
    cases: HashMap<Key, Seen>,
    commands: HashMap<(CityCode, Uuid), (CaseId, u32)>,
    moments: HashMap<Key, HashMap<(String, String), i64>>,
}

/// Writes a group inside the caller's transaction. Each batch is all or nothing: a stale one is answered
/// with its own error and the others are written. `Err` means that nothing of the group may stand.
pub(crate) async fn write(
    conn: &mut Conn,
    batches: &[&[Prepared]],
) -> Result<Vec<Result<Vec<Appended>, StoreError>>, sqlx::Error> {
    let mut known = read(conn, batches).await?;
    let mut accepted: Vec<(&Prepared, Seen)> = Vec::new();
    let mut commands = Vec::new();
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        results.push(decide(&mut known, batch, &mut accepted, &mut commands));
    }
    if !accepted.is_empty() {
        write_rows(conn, &known, &accepted, commands).await?;
    }
    Ok(results)
}

/// Locks the heads of the cities and reads what the batches meet: few statements, however many batches.
async fn read(conn: &mut Conn, batches: &[&[Prepared]]) -> Result<Known, sqlx::Error> {
    let mut known = Known::default();
    // In the order of the cities, so that two processes never wait for each other.
    let mut by_city: BTreeMap<CityCode, Vec<&Prepared>> = BTreeMap::new();
    for one in batches.iter().flat_map(|batch| batch.iter()) {
        by_city.entry(one.city).or_default().push(one);
    }
    for (city, appends) in by_city {
        let head = conn.row(LOCK_HEAD, values![city]).await?.ok_or(sqlx::Error::RowNotFound)?;
        known.heads.insert(city, Head { last_position: head.int(0)?, cases: small(head.int(1)?)? });
        let lead = values![city];
        let ids = distinct(appends.iter().map(|one| one.id));
        for row in conn.rows_many(&VERSIONS, &lead, ids).await? {
            let seen =
                Seen { version: small(row.int(1)?)?, serial: small(row.int(2)?)?, position: row.int(3)? };
            known.cases.insert((city, case_id(row.bytes(0)?)?), seen);
        }
        let commands: HashSet<Uuid> = appends.iter().filter_map(|one| one.command).collect();
        let commands =
            commands.into_iter().map(|command| Value::Bytes(command.as_bytes().to_vec())).collect();
        for row in conn.rows_many(&COMMANDS, &lead, commands).await? {
            let command = case_id(row.bytes(0)?)?.0;
            known.commands.insert((city, command), (case_id(row.bytes(1)?)?, small(row.int(2)?)?));
        }
        // A new case has no moments yet.
        let changed = distinct(appends.iter().filter(|one| one.expected_version > 0).map(|one| one.id));
        for row in conn.rows_many(&MOMENTS, &lead, changed).await? {
            let moments = known.moments.entry((city, case_id(row.bytes(0)?)?)).or_default();
            moments.insert((row.text(1)?, row.text(2)?), row.int(3)?);
        }
    }
    Ok(known)
}

fn distinct(ids: impl Iterator<Item = CaseId>) -> Vec<Value> {
    ids.collect::<HashSet<_>>().into_iter().map(Value::from).collect()
}

/// Decides one batch against what is known, and adds it to that when it is accepted.
fn decide<'a>(
    known: &mut Known,
    batch: &'a [Prepared],
    accepted: &mut Vec<(&'a Prepared, Seen)>,
    commands: &mut Vec<(&'a Prepared, Uuid)>,
) -> Result<Vec<Appended>, StoreError> {
    let repeated =
        batch.iter().find_map(|one| known.commands.get(&(one.city, one.command?)).map(|of| (one.city, *of)));
    if let Some((city, (case, version))) = repeated {
        return Ok(batch.iter().map(|one| repeated_answer(known, one, (city, case), version)).collect());
    }
    let mut versions: HashMap<Key, Option<u32>> = HashMap::new();
    for one in batch {
        let version =
            versions.entry(one.key()).or_insert_with(|| known.cases.get(&one.key()).map(|seen| seen.version));
        match *version {
            None if one.expected_version > 0 => return Err(StoreError::Stale { id: one.id }),
            Some(_) if one.expected_version == 0 => return Err(StoreError::Exists { id: one.id }),
            Some(version) if version != one.expected_version => return Err(StoreError::Stale { id: one.id }),
            _ => *version = Some(one.version),
        }
    }
    let mut answers = Vec::with_capacity(batch.len());
    for one in batch {
        let head = known.heads.entry(one.city).or_insert(Head { last_position: 0, cases: 0 });
        head.last_position += 1;
        let seen = known.cases.entry(one.key()).or_insert_with(|| {
            head.cases += 1;
            Seen { version: 0, serial: head.cases - 1, position: 0 }
        });
        seen.version = one.version;
        seen.position = head.last_position;
        if let Some(command) = one.command {
            let new = known.commands.insert((one.city, command), (one.id, one.version)).is_none();
            if new {
                commands.push((one, command));
            }
        }
        accepted.push((one, *seen));
        answers.push(Appended { outcome: Outcome::Written, serial: seen.serial, position: seen.position });
    }
    Ok(answers)
}

/// The same command again. A case that the first run knew under another id (a child made anew) is answered
/// with the case the command was about.
fn repeated_answer(known: &Known, one: &Prepared, about: Key, version: u32) -> Appended {
    let seen = known.cases.get(&one.key()).or_else(|| known.cases.get(&about));
    let (serial, position) = seen.map_or((0, 0), |seen| (seen.serial, seen.position));
    Appended { outcome: Outcome::Repeated { version }, serial, position }
}

async fn write_rows(
    conn: &mut Conn,
    known: &Known,
    accepted: &[(&Prepared, Seen)],
    commands: Vec<(&Prepared, Uuid)>,
) -> Result<(), sqlx::Error> {
    let mut last: HashMap<Key, (&Prepared, Seen)> = HashMap::new();
    let mut words: BTreeMap<(CityCode, u32), &str> = BTreeMap::new();
    let mut reporters: BTreeMap<Key, &Reporter> = BTreeMap::new();
    let mut facts = Vec::with_capacity(accepted.len() * 6);
    let mut secrets = Vec::new();
    let mut photos = Vec::new();
    let mut notices: BTreeMap<CityCode, Vec<(&Prepared, &NoticeRow)>> = BTreeMap::new();
    for (one, seen) in accepted {
        last.insert(one.key(), (one, *seen));
        for (seq, at, body) in &one.facts {
            facts.extend(values![one.city, one.id, *seq, seen.position, *at, body.as_str()]);
        }
        if let Some(body) = &one.words {
            words.insert((one.city, seen.serial), body);
        }
        if let Some(reporter) = &one.reporter {
            reporters.insert(one.key(), reporter);
        }
        if let Some(hash) = &one.secret_hash {
            secrets.extend(values![one.city, hash.as_str(), one.id]);
        }
        for (attachment, hash) in &one.photos {
            photos.extend(values![one.city, one.id, attachment.as_str(), hash.cast_signed(), one.updated_at]);
        }
        for notice in &one.notices {
            notices.entry(one.city).or_default().push((one, notice));
        }
    }
    // In the order of serials, so that the engines append rather than insert in between.
    let mut last: Vec<(&Prepared, Seen)> = last.into_values().collect();
    last.sort_unstable_by_key(|(one, seen)| (one.city, seen.serial));

    let mut cases = Vec::with_capacity(last.len() * 10);
    let mut moments = Vec::new();
    let mut gone: BTreeMap<CityCode, Vec<Value>> = BTreeMap::new();
    for (one, seen) in &last {
        cases.extend(values![
            one.city,
            one.id,
            seen.serial,
            one.number.as_str(),
            one.version,
            seen.position,
            u32::from(one.stage),
            one.reported_at,
            one.updated_at,
            one.state.as_str()
        ]);
        let mut before = known.moments.get(&one.key()).cloned().unwrap_or_default();
        for (clock, moment, at) in &one.moments {
            let stands = before.remove(&(clock.as_str().to_owned(), moment.as_str().to_owned()));
            // A moment that stands keeps its lease, and stays done when it is.
            if stands != Some(at.0) {
                moments.extend(values![one.city, one.id, clock.as_str(), moment.as_str(), *at]);
            }
        }
        for ((clock, moment), _) in before {
            gone.entry(one.city).or_default().extend(values![one.id, clock, moment]);
        }
    }
    conn.run_many(&PUT_CASES, &[], cases).await?;
    conn.run_many(&PUT_FACTS, &[], facts).await?;
    let commands = commands.into_iter().flat_map(|(one, command)| {
        values![one.city, command.as_bytes().to_vec(), one.id, one.version, one.updated_at]
    });
    conn.run_many(&PUT_COMMANDS, &[], commands.collect()).await?;
    for (city, rows) in gone {
        conn.run_many(&DROP_MOMENTS, &[Value::from(city)], rows).await?;
    }
    conn.run_many(&PUT_MOMENTS, &[], moments).await?;
    let words = words.into_iter().flat_map(|((city, serial), body)| values![city, serial, body]);
    conn.run_many(&PUT_WORDS, &[], words.collect()).await?;
    let reporters = reporters.into_iter().flat_map(|((city, id), reporter)| reporter_row(city, id, reporter));
    conn.run_many(&PUT_REPORTERS, &[], reporters.collect()).await?;
    conn.run_many(&PUT_SECRETS, &[], secrets).await?;
    conn.run_many(&PUT_PHOTOS, &[], photos).await?;
    for (city, rows) in notices {
        let rows = rows.into_iter().map(|(one, notice)| (Some(one.id), one.updated_at, notice)).collect();
        queue(conn, city, rows).await?;
    }
    for (city, head) in &known.heads {
        conn.run(MOVE_HEAD, values![*city, head.last_position, head.cases]).await?;
    }
    Ok(())
}

fn reporter_row(city: CityCode, id: CaseId, reporter: &Reporter) -> Vec<Value> {
    let Reporter { name, phone, email, public, callback, language } = reporter;
    values![city, id, name.as_str(), phone.as_str(), email.as_str(), *public, *callback, language.as_str()]
}

/// Puts notices of one city into the outbox.
pub(crate) async fn queue(
    conn: &mut Conn,
    city: CityCode,
    notices: Vec<(Option<CaseId>, Timestamp, &NoticeRow)>,
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(notices.len()).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let row = conn.row(COUNT_ON, values![city, OUTBOX, count]).await?.ok_or(sqlx::Error::RowNotFound)?;
    let mut rows = Vec::with_capacity(notices.len() * 7);
    for (id, (case, at, notice)) in (row.int(0)? - count + 1..).zip(notices) {
        let case = case.map(|case| case.0.as_bytes().to_vec());
        rows.extend(values![
            city,
            id,
            case,
            notice.channel.as_str(),
            notice.recipient.as_str(),
            notice.body.as_str(),
            at
        ]);
    }
    conn.run_many(&PUT_NOTICES, &[], rows).await
}

fn small(value: i64) -> Result<u32, sqlx::Error> {
    u32::try_from(value).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn case_id(bytes: Vec<u8>) -> Result<CaseId, sqlx::Error> {
    Uuid::from_slice(&bytes).map(CaseId).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
