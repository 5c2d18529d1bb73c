//! The demo: a real city's year of cases played through the loop up to now, and simulated staff who go on
//! working from there. Everything it needs is inside the binary.

mod chance;
mod data;
mod history;
mod live;
mod photos;
mod places;
pub mod registers;
mod setup;
mod staff;
mod story;
#[cfg(test)]
mod tests;
pub mod weifang;

use crate::config::Demo;
use anyhow::{Context, bail};
use app::{App, DemoAccount};
use data::Data;
use history::{History, Progress};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use kernel::Timestamp;
use setup::city_code;
use staff::Staff;
use std::path::Path;
use std::sync::Arc;
use story::{Plan, weeks_to};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The rule's seed: the same history every time.
const SEED: u64 = 990_100;
/// The last day of the case file.
const LAST_DAY: Date = date(2015, 9, 22);

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
    app: App,
    data: Arc<Data>,
    weeks: i64,
    known: Option<(Progress, u32)>,
    began_at: Timestamp,
    options: Options,
}

/// The accounts of the log-in page; none without a demo.
///
/// # Errors
/// When the tables in the binary do not fit together.
pub fn accounts(kind: Demo) -> anyhow::Result<Vec<DemoAccount>> {
    match kind {
        Demo::Off => Ok(Vec::new()),
        Demo::Weifang => weifang::accounts(),
        Demo::Boston | Demo::Empty => Ok(setup::accounts(&Data::load()?)),
    }
}

/// Makes the demo city when the store does not have it yet. The large one takes minutes, which nobody is answered in.
///
/// # Errors
/// When the store belongs to another city: its accounts would become known to everyone.
pub async fn prepare(app: &App, options: Options, data_dir: &Path) -> anyhow::Result<Option<Prepared>> {
    if options.kind == Demo::Off {
        return Ok(None);
    }
    if options.kind == Demo::Weifang {
        weifang::make(app, weifang::SEED, 1_000, data_dir).await?;
        return Ok(None);
    }
    if app.cities().iter().any(|city| *city != city_code()) {
        bail!("the store holds a real city: the demo needs a data directory of its own (--data DIR)");
    }
    let data = Arc::new(tokio::task::spawn_blocking(Data::load).await??);
    let known = Progress::load(app).await?;
    let began_at = app.now();
    let today = jiff::Timestamp::from_millisecond(began_at.millis())?.to_zoned(zone()?).date();
    let weeks = known.map_or_else(|| weeks_to(LAST_DAY, today), |(progress, _)| progress.weeks);
    if app.cities().is_empty() {
        setup::write(app, &data, weeks).await?;
        tracing::info!(weeks, "demo: the city is ready");
    }
    let config = app.config(city_code())?;
    let streets = tokio::task::spawn_blocking(move || places::streets(&config)).await??;
    places::write(app, streets).await.context("could not write the streets of the demo city")?;
    Ok(Some(Prepared { app: app.clone(), data, weeks, known, began_at, options }))
}

fn zone() -> anyhow::Result<TimeZone> {
    TimeZone::get("America/New_York").context("the time zone of the demo city")
}

impl Prepared {
    /// Plays the history, then keeps the city alive until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.addresses().await {
            tracing::error!(
                error = format!("{error:#}"),
                "demo: no doors and places; the next start tries again"
            );
        }
        if self.options.kind == Demo::Empty {
            return;
        }
        if let Err(error) = self.live(&stop).await {
            tracing::error!(
                error = format!("{error:#}"),
                "demo: the history stopped; the next start goes on"
            );
        }
    }

    /// Doors and places of interest: there a few seconds after the start.
    async fn addresses(&self) -> anyhow::Result<()> {
        let (data, config) = (self.data.clone(), self.app.config(city_code())?);
        let entries = tokio::task::spawn_blocking(move || places::doors_and_places(&data, &config)).await??;
        places::write(&self.app, entries).await
    }

    async fn live(self, stop: &CancellationToken) -> anyhow::Result<()> {
        let seed = self.known.map_or(SEED, |(progress, _)| progress.seed);
        let (data, weeks, zone) = (self.data.clone(), self.weeks, zone()?);
        let plan = tokio::task::spawn_blocking(move || Plan::new(&data, data.cases()?, &zone, weeks, seed))
            .await??;
        let (progress, version) = match self.known {
            Some(found) => found,
            None => (Progress::begin(&plan, weeks, self.options.days, self.began_at), 0),
        };
        let staff = Arc::new(Staff::new(&self.data)?);
        let plan = Arc::new(plan);
        let mut history = History { app: self.app, data: self.data, staff, plan, progress, version };
        let (first, latest_days) = oneshot::channel();
        let live = live::Live::new(&history, self.options.speed);
        let (must_open, speed) = (!history.progress.opened, self.options.speed);
        let living = async {
            if latest_days.await.is_ok() && speed > 0.0 {
                live.run(must_open, stop).await;
            }
            Ok(())
        };
        let playing = async {
            history.play_all(stop, first).await?;
            if !stop.is_cancelled() {
                history.progress.opened = true;
                history.save().await?;
            }
            history.follow(stop).await
        };
        let (played, lived): (anyhow::Result<()>, anyhow::Result<()>) = tokio::join!(playing, living);
        played.and(lived)
    }
}
