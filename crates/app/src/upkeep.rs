//! What must happen by itself: warnings at 80 % and 100 %, resuming at a date, moved deadlines after the
//! calendar or the procedure changed (T26, T47).

use crate::app::App;
use crate::draft::Draft;
use crate::error::AppError;
use crate::job::Held;
use crate::list_cases::NEWEST;
use crate::notices;
use crate::ports::{DueMoment, Notice, StoredCase};
use crate::rights;
use case::{Case, Command, Moment};
use futures::StreamExt;
use index::{Filter, Query, Visibility};
use kernel::{Actor, CityCode, ClockKind, Millis, PersonId, Role, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

const DUE_AT_ONCE: u32 = 500;
const LEASE_MS: i64 = 60_000;
const PAGE: usize = 500;
/// Serials looked through between two looks at whether to go on.
const BATCH: u32 = 500;
/// Deadlines written together: they share a sync of the store.
const WRITTEN_TOGETHER: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TickReport {
    pub warned: u32,
    pub overdue: u32,
    pub resumed: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationView {
    pub to: u32,
    pub cases: u32,
    pub changed: u32,
    pub dry_run: bool,
    pub changes: Vec<MigrationChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationChange {
    pub id: String,
    pub number: String,
    pub from: u32,
    pub clock: String,
    pub old_due_at: Option<i64>,
    pub new_due_at: Option<i64>,
}

/// So many failures in one round are not about single cases.
const FAILURES_MAX: usize = 5;
/// A deadline that passed longer ago is no news: it came with an import, a restored backup or the demo's history,
/// and every list shows the case as overdue anyway.
const TOLD_WITHIN: Millis = Millis::days(7);

/// Changes named in the answer; the rest is only counted.
const CHANGES_SHOWN: usize = 500;

impl App {
    /// Works off everything that has fallen due. Called about once a second.
    ///
    /// # Errors
    /// When the store fails; what was not done is taken again after the lease.
    pub async fn tick(&self) -> Result<TickReport, AppError> {
        let mut report = TickReport::default();
        loop {
            let moments = self.store().take_due(self.now(), LEASE_MS, DUE_AT_ONCE).await?;
            let full = moments.len() == DUE_AT_ONCE as usize;
            let mut ended = Vec::with_capacity(moments.len());
            let mut failed = Vec::new();
            for moment in moments {
                match self.due(&moment, &mut report).await {
                    Ok(told) => ended.push((moment, told)),
                    // One damaged case must not keep the others waiting; a store that is gone fails them all.
                    Err(error) => failed.push(error),
                }
                if failed.len() == FAILURES_MAX {
                    break;
                }
            }
            // One write for all of them: after an import or a long stop there are tens of thousands.
            self.store().done_due(ended).await?;
            if let Some(error) = failed.pop() {
                return Err(error);
            }
            if !full {
                return Ok(report);
            }
        }
    }

    /// Does what falls due; answers what is to be said about it when it ends.
    async fn due(&self, moment: &DueMoment, report: &mut TickReport) -> Result<Vec<Notice>, AppError> {
        let stored = self.store().case(moment.city, moment.case).await?;
        let Some(stored) = stored.filter(|s| s.case.is_open()) else { return Ok(Vec::new()) };
        let config = self.config(moment.city)?;
        let mut told = Vec::new();
        match moment.moment.as_str() {
            "resume" => {
                let system = Actor::system(moment.city, "resume_at_date", 1);
                let command = Command::Resume { reason: String::new() };
                match self.run_step(&system, &config, stored, command, None, Vec::new()).await {
                    Ok(()) => report.resumed += 1,
                    // A person was quicker.
                    Err(AppError::Refused(_) | AppError::Stale) => {}
                    Err(other) => return Err(other),
                }
            }
            word => {
                let template = if word == "warn" { "clock_warn" } else { "clock_due" };
                if word == "warn" {
                    report.warned += 1
                } else {
                    report.overdue += 1
                }
                if news(&stored.case, moment, self.now()) {
                    told = self
                        .whose_turn(&stored.case)
                        .into_iter()
                        .map(|p| with_clock(&stored.case, p, template, moment))
                        .collect();
                }
            }
        }
        Ok(told)
    }

    /// The people whose next move it is: a named one, else the officers of the department or the desk's owner.
    fn whose_turn(&self, case: &Case) -> Vec<PersonId> {
        let Ok(config) = self.config(case.city) else { return Vec::new() };
        match case.waits_for() {
            Some((_, _, Some(person))) => vec![person],
            Some((role, Some(department), None)) => config
                .people
                .values()
                .filter(|p| {
                    p.active && p.posts.iter().any(|post| post.role == role && post.department == department)
                })
                .map(|p| p.id)
                .take(20)
                .collect(),
            _ => case.intake.into_iter().chain(case.claimed_by).collect(),
        }
    }

    /// Moves the open deadlines of every running case after the calendar changed, a batch at a time; `false`
    /// when it was told to stop before the end. A case that was moved before is left as it is, so that a
    /// batch may be done twice.
    pub(crate) async fn recompute_clocks(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        self.refresh_config(held.city).await?;
        held.job.total = self.store().head(held.city).await?.1;
        while held.job.done < held.job.total {
            if !go_on() {
                return Ok(false);
            }
            let end = held.job.done.saturating_add(BATCH).min(held.job.total);
            let open = self.open_among(held.city, held.job.done..end)?;
            let stored = self.store().cases_by_serial(held.city, &open).await?;
            let calendar = self.config(held.city)?.calendar.version();
            let app = self.clone();
            let mut moved = futures::stream::iter(stored)
                .map(move |stored| {
                    let (app, id) = (app.clone(), stored.case.id);
                    let command = Command::RecomputeClocks { calendar };
                    async move { (id, app.by_system(stored, command, "calendar_changed").await) }
                })
                .buffer_unordered(WRITTEN_TOGETHER);
            while let Some((id, done)) = moved.next().await {
                match done {
                    Ok(moved) => held.job.changed += u32::from(moved),
                    Err(error @ AppError::ProcedureMissing(_)) => {
                        held.job.failed += 1;
                        tracing::warn!(city = %held.city, case = %id, %error, "a deadline was not moved");
                    }
                    Err(other) => return Err(other),
                }
            }
            drop(moved);
            held.job.done = end;
            self.job_went_on(held).await?;
        }
        Ok(true)
    }

    /// Which of these serials are open cases.
    fn open_among(&self, city: CityCode, serials: std::ops::Range<u32>) -> Result<Vec<u32>, AppError> {
        let filter = Filter { ended: Some(false), ..Filter::default() };
        let held = self.city(city)?;
        let query = Query { filter: &filter, visibility: &Visibility::All, now: self.now(), within: None };
        let index = held.index.read();
        Ok(serials.filter(|serial| index.matches(*serial, &query)).collect())
    }

    /// Moves running cases to another version of the procedure; `dry_run` only says what would change.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown version, [`AppError::Forbidden`] for anyone but the system administrator.
    pub async fn migrate_procedure(
        &self,
        actor: &Actor,
        to: u32,
        dry_run: bool,
    ) -> Result<MigrationView, AppError> {
        rights::only(actor, Role::SystemAdmin, "migrate procedures")?;
        let config = self.config(actor.city)?;
        if !config.procedures.contains_key(&to) {
            return Err(AppError::NotFound("procedure version"));
        }
        let mut view = MigrationView { to, cases: 0, changed: 0, dry_run, changes: Vec::new() };
        let system = Actor::system(actor.city, "procedure_migrate", to);
        for stored in self.running(actor.city).await? {
            view.cases += 1;
            let before = stored.case.clone();
            if before.procedure == to {
                continue;
            }
            let mut draft = Draft::of(stored);
            match draft.step(Command::Migrate { procedure: to }, &system, &config, self.now()) {
                Ok(()) => {}
                Err(AppError::Refused(_)) => continue,
                Err(other) => return Err(other),
            }
            view.changed += 1;
            note_changes(&before, &draft.state, &mut view.changes);
            if !dry_run {
                self.commit(vec![draft.into_append(None, None)]).await?;
            }
        }
        if !dry_run {
            let detail = format!("{} of {} cases", view.changed, view.cases);
            self.note(actor.city, actor.person_id(), "procedure_migrated", &to.to_string(), &detail, "")
                .await?;
        }
        Ok(view)
    }

    /// Every open case of a city.
    async fn running(&self, city: CityCode) -> Result<Vec<StoredCase>, AppError> {
        let filter = Filter { ended: Some(false), ..Filter::default() };
        let serials = {
            let held = self.city(city)?;
            let query =
                Query { filter: &filter, visibility: &Visibility::All, now: self.now(), within: None };
            let index = held.index.read();
            index.page(&query, NEWEST, None, usize::MAX >> 1).serials
        };
        let mut cases = Vec::with_capacity(serials.len());
        for page in serials.chunks(PAGE) {
            cases.extend(self.store().cases_by_serial(city, page).await?);
        }
        Ok(cases)
    }

    async fn by_system(&self, stored: StoredCase, command: Command, rule: &str) -> Result<bool, AppError> {
        let config = self.config(stored.case.city)?;
        let id = stored.case.id;
        let system = Actor::system(stored.case.city, rule, 1);
        let mut stored = Some(stored);
        for _ in 0..4 {
            let Some(current) = stored.take() else { return Ok(false) };
            let mut draft = Draft::of(current);
            match draft.step(command.clone(), &system, &config, self.now()) {
                Ok(()) if !draft.facts.is_empty() => {}
                Ok(()) | Err(AppError::Refused(_)) => return Ok(false),
                Err(other) => return Err(other),
            }
            match self.commit(vec![draft.into_append(None, None)]).await {
                Ok(_) => return Ok(true),
                Err(error) if crate::app::is_stale(&error) => {
                    stored = self.store().case(config.city, id).await?
                }
                Err(other) => return Err(other),
            }
        }
        Ok(false)
    }
}

/// Whether it is worth saying that `moment` has come: not long afterwards, and no warning of a deadline that has
/// passed itself meanwhile.
fn news(case: &Case, moment: &DueMoment, now: Timestamp) -> bool {
    let passed = |(clock, which, at): (ClockKind, Moment, Timestamp)| {
        clock == moment.clock && which == Moment::Due && at <= now
    };
    let outrun = moment.moment == Moment::Warn.as_str() && case.moments().into_iter().any(passed);
    !outrun && moment.at + TOLD_WITHIN >= now
}

fn with_clock(case: &Case, person: PersonId, template: &str, moment: &DueMoment) -> Notice {
    let mut notice = notices::to_person(case, person, template);
    notice.params.insert("clock".into(), moment.clock.as_str().into());
    notice
}

fn note_changes(before: &Case, after: &Case, changes: &mut Vec<MigrationChange>) {
    for clock in after.clocks.iter().filter(|clock| clock.ended_at.is_none()) {
        let old = before.clock(clock.kind).and_then(kernel::Clock::due_at);
        if old != clock.due_at() && changes.len() < CHANGES_SHOWN {
            changes.push(MigrationChange {
                id: before.id.to_string(),
                number: before.number.to_string(),
                from: before.procedure,
                clock: clock.kind.as_str().to_owned(),
                old_due_at: old.map(kernel::Timestamp::millis),
                new_due_at: clock.due_at().map(kernel::Timestamp::millis),
            });
        }
    }
}
