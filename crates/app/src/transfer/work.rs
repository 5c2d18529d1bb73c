//! The passes through a file: trying every row, and writing them. Whatever ends in the middle goes on from where
//! its record says, and what was written since is known from the things themselves.

use super::address::UnderstoodAddresses;
use super::component::{self, Batch, Pass};
use super::entry::UnderstoodEntries;
use super::plan::{Mode, Target};
use super::receive::{blocking, failed};
use super::row::Mapping;
use super::{Counts, FAULTS_MAX, FAULTS_SHOWN, Fault, Held, State};
use crate::app::{App, is_stale};
use crate::config::Config;
use crate::error::{AppError, FieldProblem};
use crate::ports::files::{FileRow, Reading};
use crate::ports::things::THINGS_PER_WRITE_MAX;
use crate::ports::{COMPONENTS, PutThings};
use kernel::{Millis, PersonId};
use pack::Register;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::ops::ControlFlow;
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long a transfer is ours; renewed with each saving.
const LEASE: Millis = Millis::minutes(1);
/// How often progress is saved, and a wish to stop is seen.
pub(super) const SAVE_EVERY: Millis = Millis::seconds(5);
/// Bytes of one batch of rows: rows of a few hundred bytes fill it to the number, monstrous ones do not.
const BATCH_BYTES: usize = 16 << 20;
/// How often a batch is worked out anew because somebody else was quicker.
const TRIES: usize = 5;

/// Where a pass ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// The process is stopping; another goes on.
    Left,
    /// Somebody asked to stop.
    Stopped,
    /// A row was wrong where none may be.
    Wrong,
}

/// Faults of a pass: the first for the screen, many for the table, all for the count.
struct Faults {
    shown: Vec<Fault>,
    spool: File,
    count: u64,
}

impl Faults {
    async fn add(&mut self, faults: Vec<Fault>) -> Result<(), AppError> {
        if faults.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for fault in &faults {
            if self.count < FAULTS_MAX {
                text.push_str(&serde_json::to_string(fault).unwrap_or_default());
                text.push('\n');
            }
            self.count += 1;
        }
        let room = FAULTS_SHOWN.saturating_sub(self.shown.len());
        self.shown.extend(faults.into_iter().take(room));
        let mut spool = self.spool.try_clone().map_err(|cause| failed("keep the faults", cause))?;
        blocking("keep the faults", move || spool.write_all(text.as_bytes()))
            .await?
            .map_err(|cause| failed("keep the faults", cause))
    }
}

/// Rows understood, by what they become.
enum Understood {
    Components(component::Understood),
    Entries(Box<Register>, UnderstoodEntries),
    Addresses(UnderstoodAddresses),
}

impl Pass {
    fn understand(
        &mut self,
        config: &Config,
        target: &Target,
        rows: &[FileRow],
    ) -> Result<Understood, AppError> {
        Ok(match target {
            Target::Components => Understood::Components(self.understand_components(config, rows)),
            Target::Register { register } => {
                let register = config.packs.register(register).ok_or(AppError::NotFound("register"))?;
                let read = self.understand_entries(config, register, rows);
                Understood::Entries(Box::new(register.clone()), read)
            }
            Target::Addresses => Understood::Addresses(self.understand_addresses(rows)),
        })
    }
}

impl App {
    /// Works on the transfers of every city; `go_on` is asked between batches. Answers how many came to an end.
    ///
    /// # Errors
    /// When the store fails; the transfer is taken again after its lease.
    pub async fn work_transfers(&self, go_on: &(dyn Fn() -> bool + Send + Sync)) -> Result<u32, AppError> {
        let mut finished = 0;
        if self.files().is_err() {
            return Ok(0);
        }
        for city in self.cities() {
            // Every change of a record moves this; while nothing moved there is nothing new to do.
            let version = self.store().records_version(city).await?;
            if self.0.transfers_seen.lock().get(&city) == Some(&version) {
                continue;
            }
            let mut idle = true;
            for mut held in self.held_transfers(city).await? {
                if !held.transfer.state.is_working() {
                    continue;
                }
                idle = false;
                if self.now() < held.transfer.lease_until {
                    continue;
                }
                if !go_on() {
                    return Ok(finished);
                }
                match self.lease(&mut held).await {
                    Ok(()) => {}
                    Err(AppError::Stale) => continue,
                    Err(other) => return Err(other),
                }
                let id = held.id;
                match self.work_transfer(held, go_on).await {
                    Ok(true) => finished += 1,
                    Ok(false) => {}
                    // Taken over by another process, or removed.
                    Err(AppError::Stale) => {}
                    Err(error) => {
                        tracing::warn!(%city, %id, error = %error, "a transfer failed and is tried again");
                        return Err(error);
                    }
                }
            }
            if idle {
                self.0.transfers_seen.lock().insert(city, version);
            }
        }
        Ok(finished)
    }

    async fn lease(&self, held: &mut Held) -> Result<(), AppError> {
        held.transfer.lease_until = self.now() + LEASE;
        self.save_transfer(held).await
    }

    /// Saves progress over a record that somebody may have asked to stop meanwhile.
    pub(super) async fn went_on(&self, held: &mut Held) -> Result<(), AppError> {
        for _ in 0..TRIES {
            match self.lease(held).await {
                Err(AppError::Stale) => {
                    let there = self.held_transfer(held.city, held.id).await?;
                    // Only a wish to stop may come between; anything else means that it is not ours any more.
                    if !there.transfer.stop_asked || held.transfer.stop_asked {
                        return Err(AppError::Stale);
                    }
                    held.transfer.stop_asked = true;
                    held.version = there.version;
                }
                other => return other,
            }
        }
        Err(AppError::Stale)
    }

    /// True when it came to an end.
    async fn work_transfer(
        &self,
        mut held: Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        let worked = self.transfer_step(&mut held, go_on).await;
        match worked {
            Ok(ended) => {
                if ended {
                    held.transfer.finished_at = Some(self.now());
                }
                held.transfer.lease_until = kernel::Timestamp::default();
                self.save_transfer(&mut held).await?;
                Ok(ended)
            }
            Err(AppError::Invalid(problems)) => {
                // The file or the mapping: trying again changes nothing.
                held.transfer.why = reason(&problems);
                tracing::info!(city = %held.city, id = %held.id, why = held.transfer.why, "a transfer cannot go on");
                if held.transfer.state == State::Running && held.transfer.since.is_some() {
                    held.transfer.state = State::Undoing;
                    held.transfer.lease_until = kernel::Timestamp::default();
                    self.save_transfer(&mut held).await?;
                    return Ok(false);
                }
                held.transfer.state = State::Failed;
                held.transfer.finished_at = Some(self.now());
                self.save_transfer(&mut held).await?;
                Ok(true)
            }
            Err(other) => Err(other),
        }
    }

    async fn transfer_step(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        let city = held.city;
        match held.transfer.state {
            State::Checking => {
                let at = self.store().things_head(city).await?.0;
                let end = self.pass(held, false, go_on).await?;
                held.transfer.state = match end {
                    End::Left => return Ok(false),
                    End::Stopped => State::Looked,
                    End::Whole | End::Wrong => State::Checked,
                };
                held.transfer.proved_at =
                    (end == End::Whole && held.transfer.counts.wrong == 0).then_some(at);
                Ok(true)
            }
            State::Running => {
                let plan = held.transfer.plan.as_ref();
                let mode = plan.map(|plan| plan.mode).unwrap_or_default();
                let addresses = plan.is_some_and(|plan| plan.target == Target::Addresses);
                if held.transfer.since.is_none() {
                    let at = self.store().things_head(city).await?.0;
                    if mode == Mode::AllOrNothing && held.transfer.proved_at != Some(at) {
                        match self.pass(held, false, go_on).await? {
                            End::Left => return Ok(false),
                            End::Stopped => {
                                held.transfer.state = State::Cancelled;
                                return Ok(true);
                            }
                            End::Whole | End::Wrong if held.transfer.counts.wrong > 0 => {
                                held.transfer.state = State::Failed;
                                return Ok(true);
                            }
                            End::Whole | End::Wrong => {}
                        }
                    }
                    held.transfer.since = Some(self.store().things_head(city).await?.0);
                    held.transfer.done = 0;
                    held.transfer.counts = Counts::default();
                    held.transfer.started_at = Some(self.now());
                    self.went_on(held).await?;
                }
                match self.pass(held, true, go_on).await? {
                    End::Left => Ok(false),
                    End::Whole => {
                        held.transfer.state = State::Done;
                        self.noted(held).await?;
                        Ok(true)
                    }
                    End::Stopped if mode == Mode::BestEffort => {
                        held.transfer.state = State::Cancelled;
                        self.noted(held).await?;
                        Ok(true)
                    }
                    // The versions before stay in the store, but nothing puts them back.
                    End::Stopped | End::Wrong if addresses => {
                        held.transfer.state = State::Failed;
                        held.transfer.counts.left = held.transfer.counts.new + held.transfer.counts.changed;
                        self.noted(held).await?;
                        Ok(true)
                    }
                    End::Stopped | End::Wrong => {
                        held.transfer.state = State::Undoing;
                        self.went_on(held).await?;
                        self.undo(held, go_on).await
                    }
                }
            }
            State::Undoing => self.undo(held, go_on).await,
            _ => Ok(true),
        }
    }

    async fn noted(&self, held: &Held) -> Result<(), AppError> {
        let c = &held.transfer.counts;
        let detail = format!(
            "{}: {} rows, {} new, {} changed, {} unchanged, {} wrong",
            held.transfer.name, c.rows, c.new, c.changed, c.unchanged, c.wrong
        );
        tracing::info!(city = %held.city, id = %held.id, detail, "a transfer is done");
        if held.transfer.plan.as_ref().is_some_and(|plan| plan.target == Target::Addresses) {
            let city = self.city(held.city)?;
            if !city.places.is_filling() {
                self.catch_up_places(&city).await?;
            }
        }
        self.note(held.city, held.transfer.by, "import", &held.id.to_string(), &detail, "").await
    }

    async fn undo(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        if !self.take_back(held, go_on).await? {
            return Ok(false);
        }
        held.transfer.state = if held.transfer.stop_asked { State::Cancelled } else { State::Failed };
        self.noted(held).await?;
        Ok(true)
    }

    /// Goes through the file once. `done` and `counts` go on from where they are.
    async fn pass(
        &self,
        held: &mut Held,
        writes: bool,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<End, AppError> {
        let config = self.config(held.city)?;
        let reading = held.transfer.look.reading.clone().ok_or(AppError::NotFound("file"))?;
        let plan = held.transfer.plan.clone().ok_or(AppError::NotFound("mapping"))?;
        let mapping = Mapping::new(&plan, &config, &reading)?;
        let now = self.now();
        let today = config.calendar.local_date(now);
        let by = held.transfer.by.unwrap_or(PersonId(0));
        let mut pass = Pass::new(mapping, held.id, by, now, today);
        pass.writes = writes;
        if !writes {
            held.transfer.done = 0;
            held.transfer.counts = Counts::default();
            held.transfer.started_at = Some(now);
        }
        let register = match &plan.target {
            Target::Components => Some(COMPONENTS),
            Target::Register { register } => Some(register.as_str()),
            Target::Addresses => None,
        };
        if let Some(register) = register.filter(|_| !pass.mapping.has("code")) {
            pass.known = self.known_things(held.city, register).await?;
        }
        let mut faults = self.faults_of(held, writes).await?;
        let file = self.spooled(&held.transfer).await?;
        let skip = held.transfer.done;
        let (mut batches, reader) = self.batches(file, reading)?;
        let mut saved_at = now;
        let mut passed = 0u64;
        let mut number = 0u64;
        let mut end = End::Whole;
        while let Some(rows) = batches.recv().await {
            number += 1;
            passed += rows.len() as u64;
            if passed <= skip {
                // In already; seen all the same, so that a repetition further down is found.
                pass.understand(&config, &plan.target, &rows)?;
                continue;
            }
            if held.transfer.stop_asked || !go_on() {
                end = if held.transfer.stop_asked { End::Stopped } else { End::Left };
                break;
            }
            let count = rows.len() as u64;
            let batch = self.batch(held, &config, &plan.target, &mut pass, rows, number).await?;
            let wrong = batch.counts.wrong > 0;
            faults.add(batch.faults).await?;
            add(&mut held.transfer.counts, &batch.counts);
            held.transfer.done += count;
            if writes && wrong && plan.mode == Mode::AllOrNothing {
                end = End::Wrong;
            } else if self.now() - saved_at >= SAVE_EVERY {
                held.transfer.faults.clone_from(&faults.shown);
                self.went_on(held).await?;
                saved_at = self.now();
            }
            if end != End::Whole {
                break;
            }
        }
        drop(batches);
        let read = reader.await.map_err(|cause| failed("read a file", cause))?;
        if end == End::Whole {
            read.map_err(|problem| AppError::Invalid(vec![problem]))?;
        }
        self.keep_faults(held, faults).await?;
        Ok(end)
    }

    async fn batch(
        &self,
        held: &Held,
        config: &Config,
        target: &Target,
        pass: &mut Pass,
        rows: Vec<FileRow>,
        number: u64,
    ) -> Result<Batch, AppError> {
        let understood = pass.understand(config, target, &rows)?;
        drop(rows);
        for _ in 0..TRIES {
            let mut batch = match &understood {
                Understood::Components(rows) => self.plan_components(config, pass, rows).await?,
                Understood::Entries(register, rows) => {
                    self.plan_entries(config, register, pass, rows).await?
                }
                Understood::Addresses(rows) => self.plan_addresses(config, rows).await?,
            };
            if !pass.writes || batch.puts.is_empty() && batch.addresses.is_empty() {
                return Ok(batch);
            }
            if !batch.addresses.is_empty() {
                let puts = std::mem::take(&mut batch.addresses);
                self.store().put_addresses(held.city, held.transfer.by, self.now(), puts).await?;
                return Ok(batch);
            }
            let put = PutThings {
                city: held.city,
                by: held.transfer.by,
                at: self.now(),
                command: Some(command(held, number)),
                puts: std::mem::take(&mut batch.puts),
            };
            match self.write_things(put).await {
                Ok(()) => return Ok(batch),
                // Somebody changed one of them, or took its code, since it was read.
                Err(error) if is_stale(&error) || matches!(error, AppError::Invalid(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Err(AppError::Busy)
    }

    pub(super) async fn write_things(&self, put: PutThings) -> Result<(), AppError> {
        self.commit_things(put).await?;
        Ok(())
    }

    /// Reads the file on a thread of its own, a batch or two ahead of the writing.
    #[allow(clippy::type_complexity)]
    fn batches(
        &self,
        file: File,
        reading: Reading,
    ) -> Result<(mpsc::Receiver<Vec<FileRow>>, tokio::task::JoinHandle<Result<(), FieldProblem>>), AppError>
    {
        let files = self.files()?;
        let (send, receive) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || {
            let mut rows = Vec::new();
            let mut bytes = 0;
            let mut give = |row: FileRow| {
                bytes += weight(&row);
                rows.push(row);
                if rows.len() < THINGS_PER_WRITE_MAX && bytes < BATCH_BYTES {
                    return ControlFlow::Continue(());
                }
                bytes = 0;
                match send.blocking_send(std::mem::take(&mut rows)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            };
            let read = files.read(&file, &reading, &mut give);
            if !rows.is_empty() {
                // Nobody waits for the rest of a pass that was broken off.
                let _ = send.blocking_send(rows);
            }
            read
        });
        Ok((receive, reader))
    }

    /// The faults so far: of a pass that goes on those of its beginning.
    async fn faults_of(&self, held: &mut Held, goes_on: bool) -> Result<Faults, AppError> {
        let files = self.files()?;
        let mut spool = blocking("keep the faults", move || files.spool())
            .await?
            .map_err(|cause| failed("keep the faults", cause))?;
        let mut shown = Vec::new();
        let mut count = 0;
        if goes_on && held.transfer.done > 0 {
            shown.clone_from(&held.transfer.faults);
            count = held.transfer.counts.faults;
            let mut before = Vec::new();
            match &held.transfer.faults_key {
                Some(key) => before.extend_from_slice(&self.0.blobs.get(key).await?.unwrap_or_default()),
                // Of a process that died only those on the screen are left.
                None => {
                    for fault in &shown {
                        before.extend(serde_json::to_vec(fault).unwrap_or_default());
                        before.push(b'\n');
                    }
                }
            }
            spool = blocking("keep the faults", move || spool.write_all(&before).map(|()| spool))
                .await?
                .map_err(|cause| failed("keep the faults", cause))?;
        }
        Ok(Faults { shown, spool, count })
    }

    async fn keep_faults(&self, held: &mut Held, faults: Faults) -> Result<(), AppError> {
        let Faults { shown, mut spool, count } = faults;
        held.transfer.faults = shown;
        held.transfer.faults_key = None;
        if count > 0 {
            let bytes = blocking("keep the faults", move || {
                let mut bytes = Vec::new();
                spool.rewind()?;
                spool.read_to_end(&mut bytes)?;
                std::io::Result::Ok(bytes)
            })
            .await?
            .map_err(|cause| failed("keep the faults", cause))?;
            held.transfer.faults_key = Some(self.put_part(held.city, bytes.into(), "jsonl").await?);
        }
        Ok(())
    }
}

fn add(all: &mut Counts, more: &Counts) {
    all.rows += more.rows;
    all.new += more.new;
    all.changed += more.changed;
    all.unchanged += more.unchanged;
    all.wrong += more.wrong;
    all.faults += more.faults;
}

/// The command of a batch: the same batch of the same run is done once.
fn command(held: &Held, number: u64) -> Uuid {
    use sha2::{Digest, Sha256};
    let run = held.transfer.started_at.unwrap_or_default().millis();
    let digest = Sha256::digest(format!("{}/{run}/{number}", held.id).as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn weight(row: &FileRow) -> usize {
    let cells: usize = row.cells.iter().map(|cell| cell.len() + 24).sum();
    let vertices = row.shape.as_ref().map_or(0, super::wkt::vertices_of);
    cells + vertices * 16 + 64
}

fn reason(problems: &[FieldProblem]) -> String {
    let one = |p: &FieldProblem| {
        let why = p.params.get("why").and_then(serde_json::Value::as_str).unwrap_or_default();
        format!("{} {} {why}", p.field, p.code).trim().to_owned()
    };
    problems.iter().take(5).map(one).collect::<Vec<_>>().join("; ")
}

/// Reads the faults of a transfer, one at a time.
pub(super) fn read_faults(bytes: &[u8]) -> impl Iterator<Item = Fault> + '_ {
    bytes
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|l| serde_json::from_slice(l).ok())
}
