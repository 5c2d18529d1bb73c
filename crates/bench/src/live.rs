//! From a fact to every open screen: listeners of all roles, while cases are reported and moved on.

use crate::client::{Client, find, request};
use crate::load::Reports;
use crate::server::Server;
use crate::timing::Timing;
use crate::{Figures, Place, city};
use anyhow::{Context, bail};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::json;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::task::LocalSet;
use tokio::time::Instant;
use uuid::Uuid;

/// Facts a second: half of them new reports, half steps on them.
const FACTS_PER_SECOND: u32 = 50;
/// Open screens of one person, as many as the server allows.
const SCREENS_OF_A_PERSON: usize = 32;

/// What is on its way: when it was sent, and when its writer heard that it is on disk.
#[derive(Default)]
struct Told {
    sent: HashMap<(Uuid, u32), Instant>,
    acknowledged: HashMap<(Uuid, u32), Instant>,
    seen: Vec<((Uuid, u32), Instant)>,
    listening: usize,
}

type Board = Rc<RefCell<Told>>;

pub async fn run(place: &Place, listeners: usize, seconds: u32) -> anyhow::Result<Figures> {
    let data = place.folder.join("live");
    let keys = city::make_in(&data).await?;
    let server = Server::start(place, &data, None)?;
    let board = Board::default();
    let local = LocalSet::new();
    for number in 0..listeners {
        // Round and round: every role has its share of the screens.
        let (_, token) = &keys.0[number % keys.0.len()];
        if number / keys.0.len() >= SCREENS_OF_A_PERSON {
            bail!("there are too few people for {listeners} listeners");
        }
        let (token, board, address) = (token.clone(), board.clone(), server.address.clone());
        local.spawn_local(async move {
            if let Err(error) = listen(&address, &token, &board).await {
                eprintln!("  a listener ended: {error:#}");
            }
        });
    }
    let intake = keys.of(kernel::Role::IntakeOperator).to_owned();
    let writing = write(&server.address, &intake, &board, listeners, seconds);
    local.run_until(writing).await?;
    drop(local);

    let told = board.borrow();
    let (mut from_sending, mut from_commit) = (Timing::default(), Timing::default());
    for (fact, at) in &told.seen {
        let Some(sent) = told.sent.get(fact) else { continue };
        from_sending.push(at.duration_since(*sent));
        // A screen may hear before the writer does.
        let acknowledged = told.acknowledged.get(fact).copied().unwrap_or(*at);
        from_commit.push(at.saturating_duration_since(acknowledged));
    }
    from_sending.tell("from sending the request");
    from_commit.tell("from the acknowledgement");
    if from_sending.len() == 0 {
        bail!("nobody heard anything");
    }
    let mut figures = Figures::default();
    // A fact is one when its writer hears that it is on disk; what it took before is the writer's wait.
    figures.put("fact_to_browser_p99_ms", from_commit.percentile(0.99));
    figures.put("fact_to_browser_p50_ms", from_commit.percentile(0.5));
    figures.put("request_to_browser_p99_ms", from_sending.percentile(0.99));
    figures.put("listeners", listeners as f64);
    figures.put("facts", told.acknowledged.len() as f64);
    figures.put("deliveries", told.seen.len() as f64);
    figures.put("rss_mb", server.memory_mb()?);
    server.stop()?;
    std::fs::remove_dir_all(&data)?;
    Ok(figures)
}

/// Reads events for ever and notes when each came.
async fn listen(address: &str, token: &str, board: &Board) -> anyhow::Result<()> {
    let client = Client::connect(address).await?;
    let mut stream = client.listen(&request("GET", "/api/live", token, "")).await?;
    let mut buffer: Vec<u8> = Vec::with_capacity(8 * 1024);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            bail!("the stream ended");
        }
        let now = Instant::now();
        // An event ends with an empty line; chunk lengths stand between events.
        while let Some(end) = find(&buffer, b"\n\n") {
            let event = std::str::from_utf8(&buffer[..end]).unwrap_or_default();
            if event.contains("event: hello") {
                board.borrow_mut().listening += 1;
            } else if let Some(fact) = fact_of(event) {
                board.borrow_mut().seen.push((fact, now));
            }
            buffer.drain(..end + 2);
        }
    }
}

fn fact_of(event: &str) -> Option<(Uuid, u32)> {
    if !event.contains("event: case") {
        return None;
    }
    let id = event.split("\"id\":\"").nth(1)?.get(..36)?;
    let version = event.split("\"version\":").nth(1)?;
    let version: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((id.parse().ok()?, version.parse().ok()?))
}

async fn write(
    address: &str,
    intake: &str,
    board: &Board,
    listeners: usize,
    seconds: u32,
) -> anyhow::Result<()> {
    let began = Instant::now();
    while board.borrow().listening < listeners {
        if began.elapsed() > Duration::from_secs(60) {
            bail!("only {} listeners were let in", board.borrow().listening);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("  {listeners} listeners");
    let reports = Reports::new();
    let mut dice = SmallRng::seed_from_u64(11);
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..seconds * FACTS_PER_SECOND / 2 {
        let (id, report) = reports.next(&mut dice);
        let (address, intake, board) = (address.to_owned(), intake.to_owned(), board.clone());
        let at = begin + Duration::from_secs(2) / FACTS_PER_SECOND * number;
        tasks.push(tokio::task::spawn_local(async move {
            tokio::time::sleep_until(at).await;
            let mut client = Client::connect(&address).await?;
            fact(&mut client, &board, (id, 1), &report, 201).await?;
            tokio::time::sleep_until(at + Duration::from_millis(700)).await;
            let step = json!({ "command_id": Uuid::now_v7(), "step": "claim" }).to_string();
            let step = request("POST", &format!("/api/cases/{id}/steps"), &intake, &step);
            fact(&mut client, &board, (id, 2), &step, 200).await
        }));
    }
    for task in tasks {
        task.await??;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

async fn fact(
    client: &mut Client,
    board: &Board,
    fact: (Uuid, u32),
    bytes: &[u8],
    wanted: u16,
) -> anyhow::Result<()> {
    board.borrow_mut().sent.insert(fact, Instant::now());
    let answer = client.send(bytes).await.context("a writer was cut off")?;
    if answer.status != wanted {
        bail!("answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    board.borrow_mut().acknowledged.insert(fact, Instant::now());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_fact() {
        let id = Uuid::now_v7();
        let event =
            format!("id: 7\nevent: case\ndata: {{\"at\":1,\"id\":\"{id}\",\"position\":7,\"version\":12}}");
        assert_eq!(fact_of(&event), Some((id, 12)));
        assert_eq!(fact_of("event: ping\ndata: {}"), None);
    }
}
