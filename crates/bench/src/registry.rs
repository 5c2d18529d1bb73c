//! A store with a million components of the drawn city, made once and kept, and the application over it.

use crate::Place;
use crate::city::{self, Keys, Wall};
use crate::town::{Drawn, Made};
use anyhow::Context;
use app::App;
use app::ports::{COMPONENTS, PutThing, PutThings, TimeSource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Instant;
use store::Store;

/// Changes with what is filled in.
const MADE_BY: u32 = 1;
const AT_ONCE: usize = 5_000;

#[derive(Serialize, Deserialize)]
struct Note {
    by: u32,
    count: usize,
    keys: Keys,
}

/// The application over a store with so many components, and keys to its doors.
pub async fn filled(place: &Place, drawn: &Drawn, count: usize) -> anyhow::Result<(App, Keys)> {
    let data = place.folder.join(format!("components-{count}"));
    let note = data.join("made.json");
    let kept = std::fs::read(&note).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
    if let Some(kept) = kept.filter(|kept| kept.by == MADE_BY && kept.count == count) {
        eprintln!("  using {}", data.display());
        return Ok((open(&city::database(&data)).await?, kept.keys));
    }
    eprintln!("  filling {} with {count} components", data.display());
    let keys = city::make_in(&data).await?;
    let app = open(&city::database(&data)).await?;
    let began = Instant::now();
    let mut batch = Vec::with_capacity(AT_ONCE);
    for made in drawn.components(count) {
        batch.push(put(&made, 0, None));
        if batch.len() == AT_ONCE {
            write(&app, std::mem::take(&mut batch)).await?;
        }
    }
    write(&app, batch).await?;
    eprintln!("  filled in {:.1} s", began.elapsed().as_secs_f64());
    std::fs::write(&note, serde_json::to_vec(&Note { by: MADE_BY, count, keys: keys.clone() })?)?;
    Ok((app, keys))
}

async fn open(target: &str) -> anyhow::Result<App> {
    let began = Instant::now();
    let store = Store::open(target).await.context("the store")?;
    let app = city::open(store).await?;
    eprintln!("  opened in {:.1} s", began.elapsed().as_secs_f64());
    Ok(app)
}

pub async fn write(app: &App, puts: Vec<PutThing>) -> anyhow::Result<Vec<app::ports::PutThingDone>> {
    if puts.is_empty() {
        return Ok(Vec::new());
    }
    let put = PutThings { city: city::code(), by: None, at: Wall.now(), command: None, puts };
    Ok(app.commit_things(put).await?)
}

/// A component as its row: new, or the next version of one. `flags` is what a change is recognised by.
pub fn put(made: &Made, flags: u8, next: Option<(u64, u32)>) -> PutThing {
    let body = json!({
        "code": made.code, "name": made.name, "state": made.state, "place": made.wkt, "grid": made.grid,
        "supervisor": { "code": "11370700004310123X", "name": "市城市管理局" },
        "owner": { "code": "91370700MA3C0000XX", "name": "市政设施养护中心" },
        "maintainer": { "code": "91370700MA3C0001XX", "name": "市政工程养护有限公司" },
        "first_on": "2024-05-20", "source": "实测", "accuracy": "B", "flags": flags,
    });
    PutThing {
        serial: next.map(|(serial, _)| serial),
        register: COMPONENTS.to_owned(),
        code: made.code.clone(),
        name: made.name.clone(),
        class: made.class.to_string(),
        expected_version: next.map_or(0, |(_, version)| version),
        removed: false,
        change: "{}".to_owned(),
        body: body.to_string(),
    }
}
