//! Citizen reports through HTTP: how many a second when as many as possible are sent, and how long each
//! takes when a thousand a second are.

use crate::client::Client;
use crate::load::Reports;
use crate::server::Server;
use crate::timing::Timing;
use crate::{Figures, Place, Stores, city};
use anyhow::{Context, bail};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::json;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::postgres::Fixture;
use tokio::task::LocalSet;
use uuid::Uuid;

/// Connections of the closed loop, each with one report under way.
const CALLERS: u64 = 64;
const WARM_UP: Duration = Duration::from_secs(3);
const CLOSED_FOR: Duration = Duration::from_secs(12);
/// Connections of the open loop: enough that a slow answer keeps no later report waiting.
const OPEN_CALLERS: u64 = 256;
const PER_SECOND: u32 = 1_000;

pub async fn run(place: &Place, stores: Stores, seconds: u32) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    figures.peers.insert(
        "signalen_cpu_ms_per_report".into(),
        json!({ "value": 169, "origin": "constant from the project's research: Signalen (Django) on such a machine; not measured here" }),
    );
    if stores.sqlite() {
        eprintln!("intake on SQLite");
        let data = place.folder.join("intake");
        let keys = city::make_in(&data).await?;
        drop(keys);
        measure(place, &data, None, "", seconds, &mut figures).await?;
        std::fs::remove_dir_all(&data)?;
    }
    if stores.postgres() {
        eprintln!("intake on PostgreSQL");
        let fixture = Fixture::start_durable()?;
        let database = fixture.database().await?;
        let data = place.folder.join("intake-pg");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&data)?;
        city::make(&database).await?;
        measure(place, &data, Some(&database), "pg_", seconds, &mut figures).await?;
        std::fs::remove_dir_all(&data)?;
    }
    Ok(figures)
}

async fn measure(
    place: &Place,
    data: &Path,
    database: Option<&str>,
    prefix: &str,
    seconds: u32,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let server = Server::start(place, data, database)?;
    let mut acknowledged = closed(&server, WARM_UP).await?.0;
    let before = server.cpu_seconds()?;
    let (ids, took, timing) = closed(&server, CLOSED_FOR).await?;
    timing.tell("closed loop");
    figures.put(&format!("{prefix}reports_per_s"), ids.len() as f64 / took.as_secs_f64());
    let cpu = (server.cpu_seconds()? - before) * 1e3 / ids.len() as f64;
    figures.put(&format!("{prefix}cpu_ms_per_report"), cpu);
    acknowledged.extend(ids);

    let before = server.cpu_seconds()?;
    let (ids, timing) = open(&server, seconds).await?;
    timing.tell("open loop");
    figures.put(&format!("{prefix}p99_ms_at_1000_per_s"), timing.percentile(0.99));
    figures.put(&format!("{prefix}p50_ms_at_1000_per_s"), timing.percentile(0.5));
    let cpu = (server.cpu_seconds()? - before) * 1e3 / ids.len() as f64;
    figures.put(&format!("{prefix}cpu_ms_per_report_at_1000_per_s"), cpu);
    acknowledged.extend(ids);
    server.stop()?;
    all_there(&database.map_or_else(|| city::database(data), str::to_owned), &acknowledged).await
}

/// A measurement that loses writes is none.
async fn all_there(target: &str, acknowledged: &[Uuid]) -> anyhow::Result<()> {
    let stored: HashMap<Uuid, u32> = city::versions(target).await?;
    let lost = acknowledged.iter().filter(|id| !stored.contains_key(id)).count();
    if lost > 0 || stored.len() != acknowledged.len() {
        bail!("{} acknowledged, {} stored, {lost} lost", acknowledged.len(), stored.len());
    }
    eprintln!("  all {} acknowledged reports are in the store, and no other", acknowledged.len());
    Ok(())
}

async fn post(client: &mut Client, request: &[u8]) -> anyhow::Result<()> {
    let answer = client.send(request).await?;
    if answer.status != 201 {
        bail!("answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(())
}

/// As many as the server takes: each caller sends its next report when the last was acknowledged.
async fn closed(server: &Server, length: Duration) -> anyhow::Result<(Vec<Uuid>, Duration, Timing)> {
    let reports = Rc::new(Reports::new());
    let began = Instant::now();
    let local = LocalSet::new();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (reports, address) = (reports.clone(), server.address.clone());
            local.spawn_local(async move {
                let mut client = Client::connect(&address).await?;
                let mut dice = SmallRng::seed_from_u64(u64::from(began.elapsed().subsec_nanos()) + caller);
                let (mut ids, mut timing) = (Vec::new(), Timing::default());
                while began.elapsed() < length {
                    let (id, request) = reports.next(&mut dice);
                    let sent = Instant::now();
                    post(&mut client, &request).await?;
                    timing.since(sent);
                    ids.push(id);
                }
                anyhow::Ok((ids, timing))
            })
        })
        .collect();
    local.await;
    let took = began.elapsed();
    let (mut ids, mut timing) = (Vec::new(), Timing::default());
    for caller in callers {
        let (own, times) = caller.await??;
        ids.extend(own);
        timing.merge(times);
    }
    Ok((ids, took, timing))
}

/// A thousand a second whatever the server does; each waits from the moment it was to be sent.
async fn open(server: &Server, seconds: u32) -> anyhow::Result<(Vec<Uuid>, Timing)> {
    let reports = Rc::new(Reports::new());
    let next = Rc::new(Cell::new(0_u32));
    let count = seconds * PER_SECOND;
    let began = tokio::time::Instant::now() + Duration::from_millis(200);
    let local = LocalSet::new();
    let callers: Vec<_> = (0..OPEN_CALLERS)
        .map(|caller| {
            let (reports, next, address) = (reports.clone(), next.clone(), server.address.clone());
            local.spawn_local(async move {
                let mut client = Client::connect(&address).await?;
                let mut dice = SmallRng::seed_from_u64(caller);
                let (mut ids, mut timing) = (Vec::new(), Timing::default());
                loop {
                    let number = next.get();
                    if number >= count {
                        return anyhow::Ok((ids, timing));
                    }
                    next.set(number + 1);
                    let (id, request) = reports.next(&mut dice);
                    let due = began + Duration::from_secs(1) / PER_SECOND * number;
                    tokio::time::sleep_until(due).await;
                    post(&mut client, &request).await.context("open loop")?;
                    timing.push(due.elapsed());
                    ids.push(id);
                }
            })
        })
        .collect();
    local.await;
    let (mut ids, mut timing) = (Vec::new(), Timing::default());
    for caller in callers {
        let (own, times) = caller.await??;
        ids.extend(own);
        timing.merge(times);
    }
    Ok((ids, timing))
}
