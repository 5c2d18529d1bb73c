//! From the start of the process to the first list over a million cases, its memory at rest, its size.

use crate::server::Server;
use crate::timing::Timing;
use crate::{Figures, Place, fill};
use anyhow::bail;
use kernel::Role;
use std::time::Duration;

const ROUNDS: u32 = 5;
const IDLE: Duration = Duration::from_secs(10);
const MB: f64 = 1024.0 * 1024.0;

pub async fn run(place: &Place, cases: u32) -> anyhow::Result<Figures> {
    let (data, keys) = fill::filled(place, cases).await?;
    let mut figures = Figures::default();
    let mut ready = Timing::default();
    for round in 1..=ROUNDS {
        // Each start finds the columns its predecessor saved when it stopped.
        let server = Server::start(place, &data, None)?;
        let mut client = server.client().await?;
        let answer = client.get("/api/cases?limit=50", keys.of(Role::Leader)).await?;
        let took = server.started.elapsed();
        let value = answer.json()?;
        if answer.status != 200 || value["total"].as_u64() != Some(u64::from(cases)) {
            bail!("the first list was answered {} with {} cases", answer.status, value["total"]);
        }
        eprintln!(
            "  listening after {:.3} s, first list after {:.3} s",
            server.ready_in.as_secs_f64(),
            took.as_secs_f64()
        );
        ready.push(took);
        if round == ROUNDS {
            tokio::time::sleep(IDLE).await;
            figures.put("idle_rss_mb", server.memory_mb()?);
        }
        drop(client);
        server.stop()?;
    }
    // The middle of five: one start among others' work says little.
    figures.put("ready_s", ready.percentile(0.5) / 1e3);
    figures.put("ready_worst_s", ready.percentile(1.0) / 1e3);
    figures.put("binary_mb", std::fs::metadata(&place.program)?.len() as f64 / MB);
    figures.put("cases", f64::from(cases));
    Ok(figures)
}
