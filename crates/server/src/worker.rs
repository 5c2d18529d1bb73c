//! What goes on without being asked: clocks, messages, catching up with other processes, saving the columns.

use crate::config::{Config, Retention};
use crate::open;
use app::App;
use app::ports::{Forget, Forgotten, Messenger, QueuedNotice};
use app::registers::Offered;
use futures::StreamExt;
use kernel::{CityCode, Millis};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::TryRecvError;
use tokio_util::sync::CancellationToken;

/// Messages sent at once; a gateway that takes 10 s each still takes 48 a minute.
const SENDING_MAX: usize = 8;
/// Messages taken at once.
const TAKEN_MAX: u32 = 64;
/// How long a taken message is ours. Eight rounds of the slowest adapter fit.
const LEASE: Millis = Millis::minutes(10);
/// First pause after a failure; it doubles each time.
const FIRST_PAUSE: Millis = Millis::minutes(1);
const LONGEST_PAUSE: Millis = Millis::hours(6);
/// After so many failures, about two days, a message is given up and kept as failed.
const ATTEMPTS_MAX: u32 = 15;

const TICK: Duration = Duration::from_secs(1);
const CATCH_UP: Duration = Duration::from_secs(3);
/// How soon what another process of a cluster changed is on this one's map.
const CATCH_UP_THINGS: Duration = Duration::from_millis(200);
/// Beside an embedded store only the command line writes.
const CATCH_UP_THINGS_EMBEDDED: Duration = Duration::from_secs(1);
const SAVE_COLUMNS: Duration = Duration::from_secs(600);
/// How often it is looked for things to forget.
const FORGET: Duration = Duration::from_secs(600);
/// Rows of each kind in one write, and the room left to other writes after it.
const FORGOTTEN_AT_ONCE: u32 = 500;
const BETWEEN_FORGETTING: Duration = Duration::from_millis(250);
const REMIND: Duration = Duration::from_secs(24 * 3600);

/// Runs `step` every `pause` until `stop`; waits longer while it fails.
async fn every<F, S>(name: &'static str, pause: Duration, stop: CancellationToken, mut step: F)
where
    F: FnMut() -> S,
    S: Future<Output = anyhow::Result<()>>,
{
    let mut wait = pause;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        match step().await {
            Ok(()) => wait = pause,
            Err(error) => {
                wait = (wait * 2).min(Duration::from_secs(60)).max(pause);
                metrics::counter!("yiwang_worker_failures_total", "worker" => name).increment(1);
                tracing::warn!(worker = name, error = format!("{error:#}"), "failed, will try again");
            }
        }
    }
}

/// `work`, left where it is when the server stops: what was not finished is taken again by the next one.
async fn given_up(
    stop: CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => Ok(()),
    }
}

/// Takes what is due: warnings, the end of suspensions, automatic steps.
pub async fn clocks(app: App, stop: CancellationToken) {
    let stopping = stop.clone();
    every("clocks", TICK, stop, || given_up(stopping.clone(), tick(app.clone()))).await;
}

async fn tick(app: App) -> anyhow::Result<()> {
    let report = app.tick().await?;
    for (kind, count) in [("warned", report.warned), ("overdue", report.overdue), ("resumed", report.resumed)]
    {
        metrics::counter!("yiwang_due_moments_total", "kind" => kind).increment(u64::from(count));
    }
    Ok(())
}

/// Sends what is queued.
pub async fn messages(app: App, messenger: Arc<dyn Messenger>, stop: CancellationToken) {
    let stopping = stop.clone();
    every("messages", TICK, stop, || send_all(app.clone(), messenger.clone(), stopping.clone())).await;
}

async fn send_all(app: App, messenger: Arc<dyn Messenger>, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let taken = app.store().take_notices(app.now(), LEASE.0, TAKEN_MAX).await?;
        let full = taken.len() == TAKEN_MAX as usize;
        let (sender, messenger) = (app.clone(), messenger.clone());
        let mut sent = futures::stream::iter(taken)
            .map(move |queued| deliver(sender.clone(), messenger.clone(), queued))
            .buffer_unordered(SENDING_MAX);
        let mut done: BTreeMap<CityCode, Vec<i64>> = BTreeMap::new();
        while let Some(result) = sent.next().await {
            if let Some((city, id)) = result? {
                done.entry(city).or_default().push(id);
            }
        }
        // One write for the page: messages of a busy hour must not compete with its reports.
        for (city, ids) in done {
            app.store().done_notices(city, &ids).await?;
        }
        if !full || stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// City and number of the message when it was sent.
async fn deliver(
    app: App,
    messenger: Arc<dyn Messenger>,
    queued: QueuedNotice,
) -> anyhow::Result<Option<(CityCode, i64)>> {
    let channel = queued.notice.channel.clone();
    match messenger.send(&queued.notice).await {
        Ok(()) => {
            metrics::counter!("yiwang_messages_total", "channel" => channel, "result" => "sent").increment(1);
            Ok(Some((queued.city, queued.id)))
        }
        Err(reason) => {
            metrics::counter!("yiwang_messages_total", "channel" => channel.clone(), "result" => "failed")
                .increment(1);
            let again_at = pause_after(queued.attempts).map(|pause| app.now() + pause);
            tracing::warn!(city = %queued.city, id = queued.id, channel, attempts = queued.attempts + 1, reason,
                given_up = again_at.is_none(), "a message was not sent");
            app.store().failed_notice(queued.city, queued.id, &reason, again_at).await?;
            Ok(None)
        }
    }
}

/// How long to wait after a failure, when there were `attempts` before it; `None` gives up.
fn pause_after(attempts: u32) -> Option<Millis> {
    if attempts + 1 >= ATTEMPTS_MAX {
        return None;
    }
    Some(Millis((FIRST_PAUSE.0 << attempts.min(20)).min(LONGEST_PAUSE.0)))
}

/// Sees what other processes wrote: the command line, or the other members of a cluster.
pub async fn others(app: App, stop: CancellationToken) {
    let stopping = stop.clone();
    every("others", CATCH_UP, stop, || given_up(stopping.clone(), see_others(app.clone()))).await;
}

async fn see_others(app: App) -> anyhow::Result<()> {
    for code in app.store().cities().await? {
        match app.city(code) {
            Ok(city) => {
                app.refresh_config(code).await?;
                app.catch_up(&city).await?;
                app.catch_up_places(&city).await?;
            }
            Err(_) => app.open_city(code).await?,
        }
    }
    Ok(())
}

/// Puts on the map what other processes changed.
pub async fn things_of_others(app: App, embedded: bool, stop: CancellationToken) {
    let stopping = stop.clone();
    let pause = if embedded { CATCH_UP_THINGS_EMBEDDED } else { CATCH_UP_THINGS };
    every("things", pause, stop, || given_up(stopping.clone(), see_things(app.clone()))).await;
}

async fn see_things(app: App) -> anyhow::Result<()> {
    for code in app.cities() {
        app.catch_up_things(&*app.city(code)?).await?;
    }
    Ok(())
}

/// Forgets what has been kept long enough.
pub async fn forgetting(app: App, kept: Retention, stop: CancellationToken) {
    let stopping = stop.clone();
    every("forgetting", FORGET, stop, || forget(app.clone(), kept.clone(), stopping.clone())).await;
}

async fn forget(app: App, kept: Retention, stop: CancellationToken) -> anyhow::Result<()> {
    let now = app.now();
    let ago = |days: u32| now - Millis::days(i64::from(days));
    let before = Forget {
        commands: ago(kept.commands_days),
        audit: ago(kept.audit_days),
        messages: ago(kept.messages_days),
        sessions: now,
    };
    loop {
        let gone = app.store().forget(&before, FORGOTTEN_AT_ONCE).await?;
        for (kind, count) in [
            ("commands", gone.commands),
            ("audit", gone.audit),
            ("messages", gone.messages),
            ("sessions", gone.sessions),
        ] {
            metrics::counter!("yiwang_forgotten_total", "kind" => kind).increment(count);
        }
        if gone != Forgotten::default() {
            tracing::info!(?gone, "forgotten after the time they are kept");
        }
        if gone.most() < u64::from(FORGOTTEN_AT_ONCE) {
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(BETWEEN_FORGETTING) => {}
        }
    }
}

/// Saves the columns now and then, so that the next start is quick.
pub async fn columns(config: Config, app: App, stop: CancellationToken) {
    every("columns", SAVE_COLUMNS, stop, || save_columns(config.clone(), app.clone())).await;
}

async fn save_columns(config: Config, app: App) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || open::save_columns(&config, &app)).await?
}

/// Works off what is too long for a request, such as moving deadlines after the calendar changed.
pub async fn jobs(app: App, stop: CancellationToken) {
    let stopping = stop.clone();
    every("jobs", TICK, stop, || {
        let (app, stopping) = (app.clone(), stopping.clone());
        async move {
            app.work_jobs(&move || !stopping.is_cancelled()).await?;
            Ok(())
        }
    })
    .await;
}

/// Works on files that are brought in; apart from the jobs, which must not wait for a million rows.
pub async fn transfers(app: App, stop: CancellationToken) {
    let stopping = stop.clone();
    every("transfers", TICK, stop, || {
        let (app, stopping) = (app.clone(), stopping.clone());
        async move {
            app.work_transfers(&move || !stopping.is_cancelled()).await?;
            Ok(())
        }
    })
    .await;
}

/// Says when the holidays of the coming year are missing: once a day in the log, once a month to the
/// system administrators.
pub async fn reminders(app: App, stop: CancellationToken) {
    loop {
        for code in app.cities() {
            match app.remind_of_holidays(code).await {
                Ok(Some(year)) => {
                    tracing::warn!(city = %code, year, "the calendar has no holidays for this year; limits will be wrong");
                }
                Ok(None) => {}
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!(city = %code, error = format!("{error:#}"), "could not remind of the holidays");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REMIND) => {}
        }
    }
}

/// How often the folder of packs is looked at, and the rules of registers.
const PACKS: Duration = Duration::from_secs(2);
const REGISTERS: Duration = Duration::from_secs(1);
/// How often every open case of a register is asked for: other processes of a cluster close some.
const ALL_CASES: u32 = 60;

/// Takes over packs that were dropped into the data directory or changed there.
pub async fn packs(app: App, folder: PathBuf, stop: CancellationToken) {
    let seen = Arc::new(Mutex::new(None));
    let stopping = stop.clone();
    every("packs", PACKS, stop, || {
        given_up(stopping.clone(), see_packs(app.clone(), folder.clone(), seen.clone()))
    })
    .await;
}

/// `seen` is what the folder looked like when it was last taken over, and for how many cities.
async fn see_packs(
    app: App,
    folder: PathBuf,
    seen: Arc<Mutex<Option<(crate::packs::Look, usize)>>>,
) -> anyhow::Result<()> {
    let at = folder.clone();
    let look = tokio::task::spawn_blocking(move || crate::packs::look(&at)).await??;
    let now = (look, app.cities().len());
    if seen.lock().as_ref() == Some(&now) {
        return Ok(());
    }
    let offered = tokio::task::spawn_blocking(move || crate::packs::all(&folder)).await??;
    let offered = offered.into_iter().map(|one| Offered { folder: one.folder, own: one.own }).collect();
    for problem in app.offer_packs(offered).await? {
        tracing::warn!("packs/{problem}");
    }
    *seen.lock() = Some(now);
    Ok(())
}

/// Raises what the rules of registers say, and moves entries on when their cases end.
pub async fn registers(app: App, stop: CancellationToken) {
    let mut changes = app.live().listen();
    let mut rounds = 0u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REGISTERS) => {}
        }
        let mut all = rounds.is_multiple_of(ALL_CASES);
        rounds = rounds.wrapping_add(1);
        loop {
            match changes.try_recv() {
                Ok(change) => app.register_case_changed(&change),
                Err(TryRecvError::Lagged(_)) => all = true,
                Err(_) => break,
            }
        }
        for city in app.cities() {
            match app.tick_registers(city, all).await {
                Ok(report) => {
                    for (kind, count) in [
                        ("raised", report.raised),
                        ("ended", report.ended),
                        ("recoloured", report.recoloured),
                    ] {
                        metrics::counter!("yiwang_register_entries_total", "kind" => kind)
                            .increment(u64::from(count));
                    }
                }
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    metrics::counter!("yiwang_worker_failures_total", "worker" => "registers").increment(1);
                    tracing::warn!(%city, error = format!("{error:#}"), "the rules of registers failed, will try again");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_less_and_less_often_and_then_given_up() {
        let pauses: Vec<_> = (0..ATTEMPTS_MAX).map(pause_after).collect();
        assert_eq!(pauses[0], Some(Millis::minutes(1)));
        assert_eq!(pauses[3], Some(Millis::minutes(8)));
        assert_eq!(pauses[9], Some(Millis::hours(6)));
        assert_eq!(pauses[14], None);
        let whole: i64 = pauses.iter().flatten().map(|p| p.0).sum();
        assert!((Millis::hours(24).0..Millis::hours(72).0).contains(&whole), "{whole}");
    }

    #[tokio::test]
    async fn a_worker_that_fails_waits_and_goes_on_until_it_is_stopped() {
        tokio::time::pause();
        let stop = CancellationToken::new();
        let mut rounds = 0;
        let stopper = stop.clone();
        every("test", Duration::from_secs(1), stop, || {
            rounds += 1;
            let round = rounds;
            let stopper = stopper.clone();
            async move {
                if round == 5 {
                    stopper.cancel();
                }
                if round < 3 { anyhow::bail!("not yet") } else { Ok(()) }
            }
        })
        .await;
        assert_eq!(rounds, 5);
    }
}
