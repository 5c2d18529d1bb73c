//! Plays the city's year into the store: the latest days first, the rest behind, the rows to come when their
//! hour comes. Can be stopped at any moment and goes on where it was.

use super::data::Data;
use super::setup::{HISTORY, city_code};
use super::staff::Staff;
use super::story::{Plan, Teller};
use anyhow::Context;
use app::history::{PlayError, play};
use app::ports::{Append, PutRecord, StoreError};
use app::{App, AppError, Config};
use kernel::{CaseNumber, Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Cases of one chunk: a commit takes a fraction of a second.
const CHUNK: usize = 500;
/// What is played first.
const FIRST_DAYS: i64 = 60;
/// How often rows are looked for whose hour has come.
const NEXT_ROWS_EVERY: Duration = Duration::from_secs(15);
const KIND: &str = "demo";
const KEY: &str = "history";

/// How far the history is. Kept in the store beside the city's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub weeks: i64,
    pub seed: u64,
    /// Cases from `down` up to `up` are played, and none below `low` will be.
    pub low: usize,
    pub down: usize,
    pub up: usize,
    /// Where the first stretch, the latest days, ends: the city is alive from there on.
    pub first: usize,
    /// The moment up to which the cases before `first` are told, whenever they are.
    pub began_at: Timestamp,
    /// The staff's opening work was done.
    #[serde(default)]
    pub opened: bool,
}

impl Progress {
    /// A beginning with the last `days` of the plan, or all of it, seen from `now`.
    #[must_use]
    pub fn begin(plan: &Plan, weeks: i64, days: Option<u16>, now: Timestamp) -> Self {
        let at = |moment: Timestamp| plan.cases.partition_point(|case| case.opened < moment);
        let low = days.map_or(0, |days| at(now - Millis::days(i64::from(days))));
        let first = at(now - Millis::days(FIRST_DAYS)).max(low);
        Self {
            weeks,
            seed: plan.seed,
            low,
            down: first,
            up: first,
            first: at(now + Millis(1)),
            began_at: now,
            opened: false,
        }
    }

    /// Reads what an earlier run left, with the version of the record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(app: &App) -> anyhow::Result<Option<(Self, u32)>> {
        let records = app.store().records(city_code(), KIND).await?;
        let found = records.into_iter().find(|record| record.key == KEY);
        let Some((version, value)) = found.and_then(|record| Some((record.version, record.value?))) else {
            return Ok(None);
        };
        Ok(Some((serde_json::from_value(value).context("the demo's progress cannot be read")?, version)))
    }
}

/// The history of the city and everything needed to tell it.
pub struct History {
    pub app: App,
    pub data: Arc<Data>,
    pub staff: Arc<Staff>,
    pub plan: Arc<Plan>,
    pub progress: Progress,
    pub version: u32,
}

/// What was made of a stretch of rows.
#[derive(Debug, Default)]
pub struct Made {
    pub appends: Vec<Append>,
    /// Rows whose detours the loop refused, told without them.
    pub plain: usize,
    /// Rows that could not be told at all.
    pub failed: Vec<(u64, PlayError)>,
}

/// Tells the stories of `cases` with their numbers.
///
/// # Errors
/// When nobody of the staff fits a row.
pub fn make(
    (data, staff, plan, config): (&Data, &Staff, &Plan, &Config),
    window: Range<usize>,
    now: Timestamp,
    cases: Vec<(usize, CaseNumber)>,
) -> anyhow::Result<Made> {
    let teller = Teller { data, staff, config, plan, window, now };
    let mut made = Made { appends: Vec::with_capacity(cases.len()), ..Made::default() };
    for (at, number) in cases {
        let told = play(config, HISTORY, teller.story(at, number.clone(), false)?);
        let told = match told {
            Ok(append) => Ok(append),
            Err(_) => {
                made.plain += 1;
                play(config, HISTORY, teller.story(at, number, true)?)
            }
        };
        match told {
            Ok(append) => made.appends.push(append),
            Err(problem) => made.failed.push((plan.cases[at].row.id, problem)),
        }
    }
    Ok(made)
}

impl History {
    /// Saves how far it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save(&mut self) -> anyhow::Result<()> {
        let put = PutRecord {
            kind: KIND.to_owned(),
            key: KEY.to_owned(),
            expected_version: self.version,
            value: Some(serde_json::to_value(self.progress)?),
        };
        self.app.store().put_records(city_code(), None, self.app.now(), vec![put]).await?;
        self.version += 1;
        Ok(())
    }

    fn due(&self, now: Timestamp) -> usize {
        self.plan.cases.partition_point(|case| case.opened <= now)
    }

    /// Plays everything up to now. `first` is told when the latest days are in.
    ///
    /// # Errors
    /// When the store fails; the next start goes on.
    pub async fn play_all(
        &mut self,
        stop: &CancellationToken,
        first: tokio::sync::oneshot::Sender<()>,
    ) -> anyhow::Result<()> {
        let total = self.due(self.app.now()).saturating_sub(self.progress.low);
        let mut line = Line::new(total);
        // The newest rows last, so that the newest cases have the highest serial numbers.
        let mut stretches: VecDeque<Range<usize>> = VecDeque::new();
        let (mut at, due) = (self.progress.up, self.due(self.app.now()));
        while at < due {
            // What came after the beginning is seen from now, what came before from then.
            let bound = if at < self.progress.first { self.progress.first.min(due) } else { due };
            let end = (at + CHUNK).min(bound);
            stretches.push_back(at..end);
            at = end;
        }
        let latest = stretches.len();
        let mut at = self.progress.down;
        while at > self.progress.low {
            let from = at.saturating_sub(CHUNK).max(self.progress.low);
            stretches.push_back(from..at);
            at = from;
        }
        let mut first = Some(first);
        let (mut done, mut resumed) = (0, [true, true]);
        let mut next: Option<Made> = None;
        while let Some(stretch) = stretches.pop_front() {
            if stop.is_cancelled() {
                return Ok(());
            }
            if done >= latest
                && let Some(first) = first.take()
            {
                // Nobody may wait any more when the server stops.
                let _ = first.send(());
                tracing::info!(cases = self.progress.up - self.progress.down, "demo: the latest days are in");
            }
            let upward = done < latest;
            let made = match next.take() {
                Some(made) => made,
                None => self.made(stretch.clone()).await?,
            };
            let made = self.without_stored(made, &mut resumed[usize::from(upward)]).await?;
            self.report_failed(&made);
            let following = async {
                match stretches.front() {
                    Some(following) => self.made(following.clone()).await.map(Some),
                    None => Ok(None),
                }
            };
            let (written, following) = tokio::join!(self.app.commit_bulk(made.appends), following);
            written.context("could not write the demo's history")?;
            next = following?;
            if upward {
                self.progress.up = stretch.end;
            } else {
                self.progress.down = stretch.start;
            }
            self.save().await?;
            done += 1;
            line.show(self.progress.up - self.progress.down, stretches.is_empty());
        }
        if let Some(first) = first {
            let _ = first.send(());
        }
        if let Some(plan) = Arc::get_mut(&mut self.plan) {
            plan.forget(self.progress.up);
        }
        tracing::info!(
            cases = self.progress.up - self.progress.down,
            quarantined = self.plan.quarantined,
            to_come = self.plan.cases.len() - self.progress.up,
            took_ms = u64::try_from(line.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "demo: the history is complete"
        );
        Ok(())
    }

    /// Lets the file's last rows arrive at their own hour, seen by every screen.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn follow(&mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        while self.progress.up < self.plan.cases.len() {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(NEXT_ROWS_EVERY) => {}
            }
            let due = self.due(self.app.now());
            if due <= self.progress.up {
                continue;
            }
            let made = self.made(self.progress.up..due).await?;
            self.report_failed(&made);
            for append in made.appends {
                match self.app.add_played(append).await {
                    Ok(()) | Err(AppError::Store(StoreError::Exists { .. })) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            self.progress.up = due;
            self.save().await?;
        }
        Ok(())
    }

    /// Numbers the cases of a stretch and tells them on a thread of their own.
    async fn made(&self, stretch: Range<usize>) -> anyhow::Result<Made> {
        let city = self.app.city(city_code())?;
        let config = city.config.read().clone();
        let now = if stretch.start < self.progress.first { self.progress.began_at } else { self.app.now() };
        let window = self.progress.low..self.progress.first;
        let mut days: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for at in stretch {
            days.entry(config.calendar.yyyymmdd(self.plan.cases[at].opened)).or_default().push(at);
        }
        let mut cases = Vec::new();
        for (day, list) in days {
            let count = u32::try_from(list.len())?;
            let numbers = self.app.store().next_numbers(city_code(), day, count).await?;
            cases.extend(list.into_iter().zip(numbers));
        }
        let (data, staff, plan) = (self.data.clone(), self.staff.clone(), self.plan.clone());
        tokio::task::spawn_blocking(move || make((&data, &staff, &plan, &config), window, now, cases)).await?
    }

    /// A run that was cut off may have written part of its last chunk.
    async fn without_stored(&self, mut made: Made, resumed: &mut bool) -> anyhow::Result<Made> {
        if std::mem::take(resumed) {
            let mut missing = Vec::with_capacity(made.appends.len());
            for append in made.appends {
                if self.app.store().case(city_code(), append.state.id).await?.is_none() {
                    missing.push(append);
                }
            }
            made.appends = missing;
        }
        Ok(made)
    }

    fn report_failed(&self, made: &Made) {
        for (row, problem) in &made.failed {
            tracing::error!(row, %problem, "demo: a row could not be told");
        }
    }
}

/// The progress line: on a terminal one line that grows, elsewhere a line in the log now and then.
struct Line {
    total: usize,
    terminal: bool,
    began: Instant,
    last: Option<Instant>,
}

impl Line {
    fn new(total: usize) -> Self {
        Self { total, terminal: std::io::stderr().is_terminal(), began: Instant::now(), last: None }
    }

    fn show(&mut self, done: usize, ended: bool) {
        let every = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
        if !ended && self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last = Some(Instant::now());
        metrics::gauge!("yiwang_demo_cases_played").set(f64::from(u32::try_from(done).unwrap_or(u32::MAX)));
        let percent = done * 100 / self.total.max(1);
        if self.terminal {
            let filled = percent.min(100) / 5;
            let end = if ended { "\n" } else { "" };
            eprint!(
                "\r演示数据 · demo data [{}{}] {percent:>3} %  {done} / {}{end}",
                "#".repeat(filled),
                "-".repeat(20 - filled),
                self.total
            );
        } else {
            tracing::info!(done, of = self.total, percent, "demo: history");
        }
    }
}
