//! Work too long for a request: kept as a record, carried out by the worker in bounded batches, gone on with
//! after a restart. Whoever asks again while it runs lets it begin anew.

use crate::app::App;
use crate::error::AppError;
use crate::line::person_view;
use crate::ports::{PutRecord, StoreError, StoredRecord};
use crate::rights;
use crate::view::PersonView;
use kernel::{Actor, CityCode, Millis, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Kind of the records jobs are kept in. Not part of the configuration.
pub(crate) const RECORDS: &str = "jobs";
/// How long a taken job is ours. It is renewed with each saving, so another process takes over a minute after
/// this one died.
const LEASE: Millis = Millis::minutes(1);
/// How often progress is saved: what a crash makes us do twice. Each saving is a version of a record.
const SAVE_EVERY: Millis = Millis::seconds(10);
/// Other processes read a changed configuration within three seconds; what they still wrote under the old one
/// is then there to be seen.
const SETTLE: Millis = Millis::seconds(5);
/// How often a record that others write too is tried.
const TRIES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// The calendar changed: every open clock is worked out anew.
    RecomputeClocks,
    /// The ten acceptance queries.
    Check,
    /// Another edition of the grids is in force: what is registered is moved to the grid it now lies in.
    SettleGrids,
}

impl JobKind {
    pub const ALL: [Self; 3] = [Self::RecomputeClocks, Self::Check, Self::SettleGrids];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecomputeClocks => "recompute_clocks",
            Self::Check => "check",
            Self::SettleGrids => "settle_grids",
        }
    }

    const fn waits(self) -> Millis {
        match self {
            Self::RecomputeClocks => SETTLE,
            // What others still register under the grids before is then there to be seen.
            Self::SettleGrids => SETTLE,
            Self::Check => Millis::ZERO,
        }
    }

    /// Whether what was done before a restart counts; a reading keeps what it read in memory and begins anew.
    const fn goes_on(self) -> bool {
        matches!(self, Self::RecomputeClocks)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    #[default]
    Waiting,
    Running,
    Done,
}

impl JobState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
        }
    }
}

/// A job as its record holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Job {
    pub state: JobState,
    pub asked_at: Timestamp,
    pub asked_by: Option<PersonId>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub lease_until: Timestamp,
    /// Cases or things looked through, of how many.
    pub done: u32,
    pub total: u32,
    pub changed: u32,
    /// Cases that could not be worked on; each is in the log.
    pub failed: u32,
    /// What the last finished run found, and when.
    pub result: Value,
    pub result_at: Option<Timestamp>,
}

impl Job {
    pub fn is_done(&self) -> bool {
        self.state == JobState::Done
    }

    pub fn was_never_asked(&self) -> bool {
        self.asked_at == Timestamp::default()
    }
}

/// A job as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobView {
    /// `recompute_clocks`, `check` or `settle_grids`.
    pub job: String,
    /// `none` (never asked for), `waiting`, `running` or `done`.
    pub state: String,
    pub asked_at: Option<i64>,
    pub asked_by: Option<PersonView>,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    /// Cases or things looked through, of how many.
    pub done: u32,
    pub total: u32,
    pub changed: u32,
    /// Those that could not be worked on; each is in the log.
    pub failed: u32,
}

/// A job this process works on.
pub(crate) struct Held {
    pub city: CityCode,
    pub kind: JobKind,
    pub job: Job,
    version: u32,
    saved_at: Timestamp,
}

impl App {
    /// Works off the jobs of every city; `go_on` is asked between batches, and what is left when it says no is
    /// gone on with later. Answers how many were finished.
    ///
    /// # Errors
    /// When the store fails; the job is taken again after its lease.
    pub async fn work_jobs(&self, go_on: &(dyn Fn() -> bool + Send + Sync)) -> Result<u32, AppError> {
        let mut finished = 0;
        for city in self.cities() {
            self.ask_settling(city).await?;
            for kind in JobKind::ALL {
                if !go_on() {
                    return Ok(finished);
                }
                let Some(mut held) = self.take_job(city, kind).await? else { continue };
                let worked = match kind {
                    JobKind::RecomputeClocks => self.recompute_clocks(&mut held, go_on).await,
                    JobKind::Check => self.check_in_pages(&mut held, go_on).await,
                    JobKind::SettleGrids => self.settle_grids(&mut held, go_on).await,
                };
                match worked {
                    Ok(true) => {
                        self.finish_job(&mut held).await?;
                        finished += 1;
                    }
                    Ok(false) => return Ok(finished),
                    // Asked for anew meanwhile, or taken over: its record belongs to someone else now.
                    Err(AppError::Stale) => {}
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(finished)
    }

    async fn take_job(&self, city: CityCode, kind: JobKind) -> Result<Option<Held>, AppError> {
        let Some((record, mut job)) = self.read_job(city, kind).await? else { return Ok(None) };
        let now = self.now();
        let due = match job.state {
            JobState::Waiting => now >= job.asked_at + kind.waits(),
            JobState::Running => now >= job.lease_until,
            JobState::Done => false,
        };
        if !due {
            return Ok(None);
        }
        if job.state == JobState::Running {
            tracing::warn!(%city, job = kind.as_str(), done = job.done, "a job was left unfinished and goes on");
        }
        if !kind.goes_on() {
            job.done = 0;
        }
        job.state = JobState::Running;
        job.started_at.get_or_insert(now);
        let mut held = Held { city, kind, job, version: record.version, saved_at: now };
        match self.save_job(&mut held).await {
            Ok(()) => Ok(Some(held)),
            // Another process was quicker.
            Err(AppError::Stale) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn read_job(&self, city: CityCode, kind: JobKind) -> Result<Option<(StoredRecord, Job)>, AppError> {
        let records = self.store().records(city, RECORDS).await?;
        let Some(record) = records.into_iter().find(|record| record.key == kind.as_str()) else {
            return Ok(None);
        };
        let value = record.value.clone().unwrap_or_default();
        let job = serde_json::from_value(value).map_err(|why| StoreError::Corrupt {
            table: "records",
            id: format!("{city}/{RECORDS}/{}", record.key),
            why: why.to_string(),
        })?;
        Ok(Some((record, job)))
    }

    async fn save_job(&self, held: &mut Held) -> Result<(), AppError> {
        let now = self.now();
        held.job.lease_until = now + LEASE;
        let put = put(held.kind, held.version, &held.job);
        let versions = self.store().put_records(held.city, None, now, vec![put]).await?;
        held.version = versions.first().copied().unwrap_or(held.version + 1);
        held.saved_at = now;
        Ok(())
    }

    /// Saves progress when it is time to.
    pub(crate) async fn job_went_on(&self, held: &mut Held) -> Result<(), AppError> {
        if self.now() - held.saved_at < SAVE_EVERY {
            return Ok(());
        }
        let Job { done, total, changed, .. } = held.job;
        tracing::info!(city = %held.city, job = held.kind.as_str(), done, total, changed, "a job goes on");
        self.save_job(held).await
    }

    async fn finish_job(&self, held: &mut Held) -> Result<(), AppError> {
        held.job.state = JobState::Done;
        held.job.finished_at = Some(self.now());
        let Job { total, changed, failed, .. } = held.job;
        tracing::info!(city = %held.city, job = held.kind.as_str(), total, changed, failed, "a job is done");
        match self.save_job(held).await {
            Err(AppError::Stale) => Ok(()),
            other => other,
        }
    }

    /// The record that asks for a job, to be written together with what makes it necessary.
    pub(crate) async fn asked_job(
        &self,
        city: CityCode,
        kind: JobKind,
        by: Option<PersonId>,
    ) -> Result<PutRecord, AppError> {
        let before = self.read_job(city, kind).await?;
        let version = before.as_ref().map_or(0, |(record, _)| record.version);
        let last = before.map(|(_, job)| job).unwrap_or_default();
        let job = Job {
            asked_at: self.now(),
            asked_by: by,
            result: last.result,
            result_at: last.result_at,
            ..Job::default()
        };
        Ok(put(kind, version, &job))
    }

    /// Writes records together with the job they make necessary; tried again when only the job's own record
    /// was changed meanwhile.
    pub(crate) async fn put_with_job(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        puts: Vec<PutRecord>,
        kind: JobKind,
    ) -> Result<(), AppError> {
        for _ in 0..TRIES {
            let mut all = puts.clone();
            all.push(self.asked_job(city, kind, by).await?);
            match self.store().put_records(city, by, self.now(), all).await {
                Ok(_) => return Ok(()),
                Err(StoreError::StaleRecord { kind, .. }) if kind == RECORDS => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(AppError::Busy)
    }

    /// The jobs of the city.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for those who do not administer the system.
    pub async fn jobs(&self, actor: &Actor) -> Result<Vec<JobView>, AppError> {
        rights::one_of(actor, &[Role::SystemAdmin, Role::AuditAdmin], "read the jobs")?;
        let mut views = Vec::with_capacity(JobKind::ALL.len());
        for kind in JobKind::ALL {
            views.push(self.job_view(actor.city, kind).await?.0);
        }
        Ok(views)
    }

    pub(crate) async fn job_view(&self, city: CityCode, kind: JobKind) -> Result<(JobView, Job), AppError> {
        let config = self.config(city)?;
        let found = self.read_job(city, kind).await?;
        let state = found.as_ref().map_or("none", |(_, job)| job.state.as_str());
        let job = found.as_ref().map(|(_, job)| job.clone()).unwrap_or_default();
        let view = JobView {
            job: kind.as_str().to_owned(),
            state: state.to_owned(),
            asked_at: found.is_some().then(|| job.asked_at.millis()),
            asked_by: job.asked_by.map(|id| person_view(&config, id)),
            started_at: job.started_at.map(Timestamp::millis),
            finished_at: job.finished_at.map(Timestamp::millis),
            done: job.done,
            total: job.total,
            changed: job.changed,
            failed: job.failed,
        };
        Ok((view, job))
    }
}

fn put(kind: JobKind, expected_version: u32, job: &Job) -> PutRecord {
    let value = serde_json::to_value(job).ok();
    PutRecord { kind: RECORDS.to_owned(), key: kind.as_str().to_owned(), expected_version, value }
}
