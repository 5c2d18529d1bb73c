//! A start with the drawn city in the store: 960,000 components, 25,717 shops, their places and grids.

use crate::server::{self, Server};
use crate::timing::Timing;
use crate::{Figures, Place, city};
use anyhow::bail;
use kernel::{CityCode, Role};
use std::time::{Duration, Instant};
use store::Store;

const ROUNDS: u32 = 5;
const IDLE: Duration = Duration::from_secs(10);
/// The first manhole cover of the first district.
const COMPONENT: &str = "37070201001000001";

pub async fn run(place: &Place) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let data = place.folder.join("weifang");
    let made = data.join("made");
    if !made.exists() {
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&data)?;
        eprintln!("  making the city, which takes minutes");
        let begun = Instant::now();
        let output = server::run(place, &data, None, &["demo", "weifang"])?;
        if !output.status.success() {
            bail!("the city was not made: {}", String::from_utf8_lossy(&output.stderr));
        }
        figures.put("make_s", begun.elapsed().as_secs_f64());
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            eprintln!("  {line}");
        }
        std::fs::write(&made, b"")?;
    }
    let token = token(&data).await?;
    let mut ready = Timing::default();
    for round in 1..=ROUNDS {
        let server = Server::start(place, &data, None)?;
        let mut client = server.client().await?;
        let answer = client.get(&format!("/api/places/find?q={COMPONENT}"), &token).await?;
        let took = server.started.elapsed();
        let found = answer.json()?;
        if answer.status != 200 || found[0]["id"] != COMPONENT || found[0]["grid"].is_null() {
            bail!("a component was asked for: {} {found}", answer.status);
        }
        let answer = client
            .get("/api/places/find?q=%E4%BA%BA%E6%B0%91%E5%B9%BF%E5%9C%BA%E4%B8%9C200%E7%B1%B3", &token)
            .await?;
        if answer.json()?[0]["placed"] != "offset" {
            bail!("the square was not found: {}", answer.json()?);
        }
        eprintln!(
            "  listening after {:.3} s, first answer after {:.3} s",
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
    let store = Store::open(&city::database(&data)).await?;
    let counts = app::ports::ThingStore::count_things(&store, code()?).await?;
    let of = |register: &str| {
        counts.iter().filter(|c| c.register == register).map(|c| c.count).sum::<u64>() as f64
    };
    figures.put("components", of("component"));
    figures.put("shops", of("shop"));
    store.close().await?;
    Ok(figures)
}

fn code() -> anyhow::Result<CityCode> {
    CityCode::new(370_700).ok_or_else(|| anyhow::anyhow!("six digits"))
}

/// A token of the first intake operator.
async fn token(data: &std::path::Path) -> anyhow::Result<String> {
    let store = Store::open(&city::database(data)).await?;
    let app = city::open(store.clone()).await?;
    let config = app.config(code()?)?;
    let operator =
        config.people.values().find(|p| p.posts.iter().any(|post| post.role == Role::IntakeOperator));
    let Some(operator) = operator else { bail!("nobody takes calls") };
    let actor = app.actor_of_person(code()?, operator.id)?;
    let token = app.create_token(&actor, "bench", 30).await?.token;
    drop(app);
    store.close().await?;
    Ok(token)
}
