//! Kill -9 at random moments under load: every acknowledged write must be there afterwards.
//!
//! A round starts the server on the same data, asks for what was acknowledged before, sends again what was
//! never answered, lets writers report and take steps, and kills the server at a random moment. Some rounds on
//! PostgreSQL kill its postmaster too.

use crate::client::{Client, request};
use crate::load::Reports;
use crate::server::{Server, run as command};
use crate::{Figures, Place, Stores, city};
use anyhow::{Context, bail};
use kernel::Role;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::postgres::Fixture;
use tokio::task::LocalSet;
use uuid::Uuid;

const REPORTERS: u64 = 12;
const STEPPERS: u64 = 12;
/// Facts beyond the report: claim, comment, ask for confirmation, comments.
const STEPS_OF_A_CASE: u32 = 5;
/// Older cases looked at again after each crash; all are at the end.
const LOOKED_AT_AGAIN: usize = 300;
const PROVED_EVERY: u32 = 10;
const POSTMASTER_EVERY: u32 = 4;
const CHECKERS: usize = 8;

/// What the writers were told, kept outside the server.
#[derive(Default)]
struct Heard {
    /// Version each case had at its last acknowledged write.
    versions: HashMap<Uuid, u32>,
    /// Acknowledged since the last look.
    fresh: Vec<Uuid>,
    /// Cases free to take a step, with how many they took.
    waiting: Vec<(Uuid, u32)>,
    /// Reports without an answer: they may be there or not, and may be sent again.
    doubtful: HashMap<Uuid, Vec<u8>>,
    reports: u64,
    steps: u64,
    statuses: BTreeMap<u16, u64>,
}

type Shared = Rc<RefCell<Heard>>;

pub async fn run(place: &Place, rounds: u32, stores: Stores, seed: u64) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    figures.put("rounds", f64::from(rounds));
    if stores.sqlite() {
        let data = place.folder.join("crash");
        let keys = city::make_in(&data).await?;
        let target = city::database(&data);
        let story = Story { place, data: &data, database: None, target, fixture: None, keys };
        story.run(rounds, seed, "", &mut figures).await.context("SQLite")?;
        std::fs::remove_dir_all(&data)?;
    }
    if stores.postgres() {
        let fixture = Arc::new(Fixture::start_durable()?);
        let database = fixture.database().await?;
        let data = place.folder.join("crash-pg");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&data)?;
        let keys = city::make(&database).await?;
        let target = database.clone();
        let story =
            Story { place, data: &data, database: Some(&database), target, fixture: Some(fixture), keys };
        story.run(rounds, seed, "pg_", &mut figures).await.context("PostgreSQL")?;
        std::fs::remove_dir_all(&data)?;
    }
    Ok(figures)
}

struct Story<'a> {
    place: &'a Place,
    data: &'a Path,
    database: Option<&'a str>,
    target: String,
    fixture: Option<Arc<Fixture>>,
    keys: city::Keys,
}

impl Story<'_> {
    async fn run(&self, rounds: u32, seed: u64, prefix: &str, figures: &mut Figures) -> anyhow::Result<()> {
        eprintln!("crash rounds on {}", if self.database.is_some() { "PostgreSQL" } else { "SQLite" });
        let mut dice = SmallRng::seed_from_u64(seed);
        let heard = Shared::default();
        let mut slowest_start = Duration::ZERO;
        for round in 1..=rounds {
            let server = Server::start(self.place, self.data, self.database)?;
            slowest_start = slowest_start.max(server.ready_in);
            self.look(&server, &heard, &mut dice).await.with_context(|| format!("round {round}"))?;
            let for_ms = dice.random_range(100..2_500);
            let postmaster = self.fixture.is_some() && round % POSTMASTER_EVERY == 0;
            let before = heard.borrow().reports + heard.borrow().steps;
            self.load_and_kill(server, &heard, &mut dice, Duration::from_millis(for_ms), postmaster).await?;
            let written = heard.borrow().reports + heard.borrow().steps - before;
            if round % PROVED_EVERY == 0 || round == rounds {
                self.prove()?;
                eprintln!(
                    "  round {round}: killed after {for_ms} ms and {written} writes; {} cases; replay and check are clean",
                    heard.borrow().versions.len()
                );
            }
        }
        // Whoever looks last sees all.
        let server = Server::start(self.place, self.data, self.database)?;
        self.look(&server, &heard, &mut dice).await?;
        server.stop()?;
        let stored = city::versions(&self.target).await?;
        let heard = heard.borrow();
        let lost: Vec<String> = heard
            .versions
            .iter()
            .filter(|(id, version)| stored.get(*id).is_none_or(|found| found < *version))
            .map(|(id, version)| format!("{id}: acknowledged {version}, stored {:?}", stored.get(id)))
            .collect();
        if !lost.is_empty() {
            lost.iter().take(20).for_each(|line| eprintln!("  lost: {line}"));
            bail!("{} acknowledged cases are lost or older", lost.len());
        }
        eprintln!("  answers by status: {:?}", heard.statuses);
        figures.put(&format!("{prefix}reports_acknowledged"), heard.reports as f64);
        figures.put(&format!("{prefix}steps_acknowledged"), heard.steps as f64);
        figures.put(&format!("{prefix}writes_lost"), 0.0);
        figures.put(&format!("{prefix}slowest_start_s"), slowest_start.as_secs_f64());
        Ok(())
    }

    /// Everything acknowledged since the last look is there, and a sample of what was before. What was not
    /// answered is sent again and must be accepted once.
    async fn look(&self, server: &Server, heard: &Shared, dice: &mut SmallRng) -> anyhow::Result<()> {
        let mut ids = std::mem::take(&mut heard.borrow_mut().fresh);
        {
            let heard = heard.borrow();
            let all: Vec<Uuid> = heard.versions.keys().copied().collect();
            let some = all.len().min(LOOKED_AT_AGAIN);
            ids.extend((0..some).map(|_| all[dice.random_range(0..all.len())]));
        }
        ids.sort_unstable();
        ids.dedup();
        let token = self.keys.of(Role::Leader);
        let parts =
            ids.chunks(ids.len().div_ceil(CHECKERS).max(1)).map(|part| look_at(server, part, token, heard));
        for lost in futures_join(parts.collect()).await {
            let lost = lost?;
            if !lost.is_empty() {
                lost.iter().take(20).for_each(|line| eprintln!("  lost: {line}"));
                bail!("{} acknowledged writes are lost", lost.len());
            }
        }
        let again = std::mem::take(&mut heard.borrow_mut().doubtful);
        let mut client = server.client().await?;
        for (id, request) in again {
            let answer = client.send(&request).await?;
            if !matches!(answer.status, 200 | 201) {
                bail!(
                    "report {id} sent again was answered {}: {}",
                    answer.status,
                    String::from_utf8_lossy(answer.body)
                );
            }
            let mut heard = heard.borrow_mut();
            heard.versions.insert(id, 1);
            heard.reports += 1;
        }
        Ok(())
    }

    async fn load_and_kill(
        &self,
        server: Server,
        heard: &Shared,
        dice: &mut SmallRng,
        length: Duration,
        postmaster: bool,
    ) -> anyhow::Result<()> {
        let reports = Rc::new(Reports::new());
        let local = LocalSet::new();
        let mut writers = Vec::new();
        for _ in 0..REPORTERS {
            let (reports, heard, address) = (reports.clone(), heard.clone(), server.address.clone());
            let dice = SmallRng::seed_from_u64(dice.random());
            writers.push(local.spawn_local(report_on(address, reports, heard, dice)));
        }
        let tokens: Vec<&str> = self.keys.all_of(Role::IntakeOperator).collect();
        let tokens: Rc<[String]> = tokens.into_iter().map(str::to_owned).collect();
        for _ in 0..STEPPERS {
            let (heard, address) = (heard.clone(), server.address.clone());
            let dice = SmallRng::seed_from_u64(dice.random());
            writers.push(local.spawn_local(step_on(address, tokens.clone(), heard, dice)));
        }
        let fixture = self.fixture.clone().filter(|_| postmaster);
        // Which of the two dies first is chance.
        let server_first = dice.random::<bool>();
        local
            .run_until(async move {
                tokio::time::sleep(length).await;
                let crash = || async {
                    match fixture {
                        Some(fixture) => tokio::task::spawn_blocking(move || fixture.crash())
                            .await?
                            .map_err(anyhow::Error::from),
                        None => Ok(()),
                    }
                };
                if server_first {
                    server.kill()?;
                    crash().await?;
                } else {
                    crash().await?;
                    server.kill()?;
                }
                // A writer ends when its connection does.
                for writer in writers {
                    writer.await?;
                }
                anyhow::Ok(())
            })
            .await
    }

    /// Every row equals its facts, and no case took a way the loop does not have.
    fn prove(&self) -> anyhow::Result<()> {
        let replayed = command(self.place, self.data, self.database, &["replay", "--all"])?;
        let said = String::from_utf8_lossy(&replayed.stdout).into_owned();
        if !replayed.status.success() {
            bail!("replay --all: {said}{}", String::from_utf8_lossy(&replayed.stderr));
        }
        // The other rows of the check judge a city's work, not the store.
        let checked = command(self.place, self.data, self.database, &["check"])?;
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        let row =
            said.lines().find(|line| line.trim_start().starts_with("4  ")).context("check has no row 4")?;
        if !row.contains("  ok") {
            bail!("check: {said}");
        }
        Ok(())
    }
}

/// All at once on this thread.
async fn futures_join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in waiting.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// What is missing or older than acknowledged.
async fn look_at(server: &Server, ids: &[Uuid], token: &str, heard: &Shared) -> anyhow::Result<Vec<String>> {
    let mut client = server.client().await?;
    let mut lost = Vec::new();
    for id in ids {
        let wanted = heard.borrow().versions.get(id).copied().unwrap_or_default();
        let answer = client.get(&format!("/api/cases/{id}"), token).await?;
        let found = if answer.status == 200 { answer.json()?["version"].as_u64() } else { None };
        if found.is_none_or(|found| found < u64::from(wanted)) {
            lost.push(format!("{id}: acknowledged {wanted}, found {found:?} ({})", answer.status));
        }
    }
    Ok(lost)
}

/// Reports until the connection is cut.
async fn report_on(address: String, reports: Rc<Reports>, heard: Shared, mut dice: SmallRng) {
    let Ok(mut client) = Client::connect(&address).await else { return };
    loop {
        let (id, request) = reports.next(&mut dice);
        let Ok(answer) = client.send(&request).await else {
            heard.borrow_mut().doubtful.insert(id, request);
            return;
        };
        let status = answer.status;
        let mut heard = heard.borrow_mut();
        *heard.statuses.entry(status).or_default() += 1;
        if matches!(status, 200 | 201) {
            heard.versions.insert(id, 1);
            heard.fresh.push(id);
            heard.waiting.push((id, 0));
            heard.reports += 1;
        } else {
            // Refused is not acknowledged: it may still have been written.
            heard.doubtful.insert(id, request);
        }
    }
}

/// Takes steps on reported cases until the connection is cut.
async fn step_on(address: String, tokens: Rc<[String]>, heard: Shared, mut dice: SmallRng) {
    let Ok(mut client) = Client::connect(&address).await else { return };
    let since = Instant::now();
    loop {
        let chosen = {
            let mut heard = heard.borrow_mut();
            let count = heard.waiting.len();
            if count == 0 { None } else { Some(heard.waiting.swap_remove(dice.random_range(0..count))) }
        };
        let Some((id, steps)) = chosen else {
            if since.elapsed() > Duration::from_secs(30) {
                return;
            }
            // Nothing to do yet; also notices when the server is gone.
            if client.get("/healthz", "").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        // Whoever claims a case goes on with it.
        let token = &tokens[usize::from(id.as_bytes()[15]) % tokens.len()];
        let command_id = Uuid::now_v7();
        let step = match steps {
            0 => json!({ "command_id": command_id, "step": "claim" }),
            2 => json!({ "command_id": command_id, "step": "request_confirmation",
                "collector": city::person(Role::Collector, 0), "note": "请现场核实" }),
            _ => json!({ "command_id": command_id, "step": "comment", "text": format!("第 {steps} 条备注") }),
        };
        let bytes = request("POST", &format!("/api/cases/{id}/steps"), token, &step.to_string());
        let Ok(answer) = client.send(&bytes).await else { return };
        let status = answer.status;
        let version = answer.json().ok().and_then(|view| view["version"].as_u64());
        let mut heard = heard.borrow_mut();
        *heard.statuses.entry(status).or_default() += 1;
        if let (200, Some(version)) = (status, version.and_then(|version| u32::try_from(version).ok())) {
            heard.versions.insert(id, version);
            heard.fresh.push(id);
            heard.steps += 1;
            if steps + 1 < STEPS_OF_A_CASE {
                heard.waiting.push((id, steps + 1));
            }
        }
    }
}
