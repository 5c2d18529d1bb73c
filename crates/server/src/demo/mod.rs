//! The demo: a real city's year of cases played through the loop up to now, and simulated staff who go on
//! working from there. Everything it needs is inside the binary.

mod chance;
mod data;
mod history;
mod live;
mod photos;
mod setup;
mod staff;
mod story;
#[cfg(test)]
mod tests;

use crate::config::Demo;
use anyhow::{Context, bail};
use app::{App, DemoAccount};
use data::Data;
use history::{History, Progress};
use jiff::tz::TimeZone;
use setup::city_code;
use staff::Staff;
use std::sync::Arc;
use story::{Plan, weeks_to};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The rule's seed: the same history every time.
const SEED: u64 = 990_100;

/// How the demo shall run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub kind: Demo,
    /// 1 is about one new report a minute by day; 0 stands still.
    pub speed: f64,
    /// Only the last so many days of the history.
    pub days: Option<u16>,
}

/// The demo city, written and ready to be brought to life.
pub struct Prepared {
    history: Option<History>,
    options: Options,
}

/// The accounts of the log-in page; none without a demo.
///
/// # Errors
/// When the tables in the binary do not fit together.
pub fn accounts(kind: Demo) -> anyhow::Result<Vec<DemoAccount>> {
    if kind == Demo::Off { Ok(Vec::new()) } else { Ok(setup::accounts(&Data::load()?)) }
}

/// Makes the demo city when the store does not have it yet.
///
/// # Errors
/// When the store belongs to another city: its accounts would become known to everyone.
pub async fn prepare(app: &App, options: Options) -> anyhow::Result<Option<Prepared>> {
    if options.kind == Demo::Off {
        return Ok(None);
    }
    if app.cities().iter().any(|city| *city != city_code()) {
        bail!("the store holds a real city: the demo needs a data directory of its own (--data DIR)");
    }
    let data = Arc::new(tokio::task::spawn_blocking(Data::load).await??);
    let known = Progress::load(app).await?;
    let zone = TimeZone::get("America/New_York").context("the time zone of the demo city")?;
    let now = app.now();
    let rows = {
        let data = data.clone();
        tokio::task::spawn_blocking(move || data.cases()).await??
    };
    let today = jiff::Timestamp::from_millisecond(now.millis())?.to_zoned(zone.clone()).date();
    let last = rows.last().context("the case file is empty")?.opened.date();
    let weeks = known.map_or_else(|| weeks_to(last, today), |(progress, _)| progress.weeks);
    if app.cities().is_empty() {
        setup::write(app, &data, weeks).await?;
        tracing::info!(weeks, "demo: the city is ready");
    }
    if options.kind == Demo::Empty {
        return Ok(Some(Prepared { history: None, options }));
    }
    let seed = known.map_or(SEED, |(progress, _)| progress.seed);
    let plan = {
        let data = data.clone();
        tokio::task::spawn_blocking(move || Plan::new(&data, rows, &zone, weeks, seed)).await??
    };
    let (progress, version) = match known {
        Some(found) => found,
        None => (Progress::begin(&plan, weeks, options.days, now), 0),
    };
    let staff = Arc::new(Staff::new(&data)?);
    let history = History { app: app.clone(), data, staff, plan: Arc::new(plan), progress, version };
    Ok(Some(Prepared { history: Some(history), options }))
}

impl Prepared {
    /// Plays the history, then keeps the city alive until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let Some(mut history) = self.history else { return };
        let (first, latest_days) = oneshot::channel();
        let live = live::Live::new(&history, self.options.speed);
        let must_open = !history.progress.opened;
        let living = async {
            if latest_days.await.is_err() || self.options.speed <= 0.0 {
                return;
            }
            live.run(must_open, &stop).await;
        };
        let playing = async {
            let result = async {
                history.play_all(&stop, first).await?;
                history.progress.opened = true;
                history.save().await?;
                history.follow(&stop).await
            };
            if let Err(error) = result.await {
                tracing::error!(error = format!("{error:#}"), "demo: the history stopped; the next start goes on");
            }
        };
        tokio::join!(living, playing);
    }
}
