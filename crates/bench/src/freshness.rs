//! How soon a written change is on the tile: writes on a durable store beside readers who look at their screens again
//! and again with the tags of what they have.

use crate::timing::Timing;
use crate::town::{self, Drawn, Made};
use crate::{Figures, Place, city, mvt, registry};
use anyhow::bail;
use app::App;
use app::tiles::{LayerFilter, ThingFilter, TileAnswer, Wish};
use kernel::{Actor, Role};
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use spatial::mercator::TileId;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WRITES_PER_S: u32 = 1_000;
const READS_PER_S: u32 = 2_000;
/// Changes written by one call: what a survey team or an import sends.
const AT_ONCE: usize = 10;
/// Screens at different corners of the city, each with four tiles.
const SCREENS: usize = 20;
const READERS: usize = 4;
const ZOOM: u8 = 17;

/// What was written and not seen yet: by serial, the mark and when it was acknowledged.
type Waiting = Arc<Mutex<HashMap<u64, Pending>>>;

struct Pending {
    flags: u8,
    sent: Instant,
}

struct Target {
    made: Made,
    serial: u64,
    version: u32,
}

pub async fn run(place: &Place, count: usize, seconds: u32) -> anyhow::Result<Figures> {
    let drawn = town::draw()?;
    let (app, _) = registry::filled(place, &drawn, count).await?;
    let actor = app.actor_of_person(city::code(), city::person(Role::Leader, 0))?;
    let tiles = screens(&drawn);
    let targets = targets(&app, &actor, &drawn, &tiles, count).await?;
    eprintln!("  {} tiles on {SCREENS} screens, {} components on them", tiles.len(), targets.len());
    let waiting = Waiting::default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (visible, reads, unchanged, writes) = tokio::task::spawn_blocking({
        let (app, actor, waiting) = (app.clone(), actor.clone(), waiting.clone());
        move || -> anyhow::Result<_> {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
            runtime.block_on(both(app, actor, tiles, targets, waiting, seconds))
        }
    })
    .await??;
    visible.tell("from sending a change to a tile that shows it");
    let lost =
        waiting.lock().values().filter(|pending| pending.sent.elapsed() > Duration::from_secs(2)).count();
    let mut figures = Figures::default();
    figures.put("visible_p99_ms", visible.percentile(0.99));
    figures.put("visible_p50_ms", visible.percentile(0.5));
    figures.put("writes_per_s", writes as f64 / f64::from(seconds));
    figures.put("reads_per_s", reads as f64 / f64::from(seconds));
    figures.put("reads_unchanged_share", unchanged as f64 / reads.max(1) as f64);
    figures.put("seen", visible.len() as f64);
    figures.put("never_seen", lost as f64);
    figures.put("components", count as f64);
    Ok(figures)
}

fn screens(drawn: &Drawn) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for at in drawn.inside(SCREENS, 77) {
        let tile = TileId::at(at.lng(), at.lat(), ZOOM);
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            tiles.extend(TileId::new(ZOOM, tile.x() + dx, tile.y() + dy));
        }
    }
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

/// Points that lie on one of the tiles: those whose changes can be seen.
async fn targets(
    app: &App,
    actor: &Actor,
    drawn: &Drawn,
    tiles: &[TileId],
    count: usize,
) -> anyhow::Result<Vec<Target>> {
    let mut shown: HashSet<u64> = HashSet::new();
    for tile in tiles {
        if let TileAnswer::Tile { body, .. } =
            app.tile(actor, "components", *tile, &all(), Wish::default()).await?
        {
            let inside = |place: &[i32; 2]| place.iter().all(|at| (0..4_096).contains(at));
            let points = mvt::features(&body)?.into_iter().filter(|f| f.kind == 1 && inside(&f.places[0]));
            shown.extend(points.map(|feature| feature.id));
        }
    }
    let mut targets = Vec::new();
    for (n, made) in drawn.components(count).enumerate() {
        let serial = n as u64 + 1;
        if shown.contains(&serial) {
            let stored = app.thing_line(actor, serial).await?;
            targets.push(Target { made, serial, version: stored.version });
        }
    }
    Ok(targets)
}

fn all() -> LayerFilter {
    LayerFilter::Things(ThingFilter::default())
}

async fn both(
    app: App,
    actor: Actor,
    tiles: Vec<TileId>,
    targets: Vec<Target>,
    waiting: Waiting,
    seconds: u32,
) -> anyhow::Result<(Timing, u64, u64, u64)> {
    if targets.len() < AT_ONCE * 10 {
        bail!("only {} components on the screens", targets.len());
    }
    let begin = Instant::now() + Duration::from_millis(200);
    let end = begin + Duration::from_secs(u64::from(seconds));
    let writer = tokio::spawn(write(app.clone(), targets, waiting.clone(), begin, end));
    let readers: Vec<_> = (0..READERS)
        .map(|n| {
            let own: Vec<TileId> = tiles.iter().copied().skip(n).step_by(READERS).collect();
            tokio::spawn(read(app.clone(), actor.clone(), own, waiting.clone(), begin, end))
        })
        .collect();
    let writes = writer.await??;
    let (mut timing, mut reads, mut unchanged) = (Timing::default(), 0, 0);
    for reader in readers {
        let (own, count, same) = reader.await??;
        timing.merge(own);
        reads += count;
        unchanged += same;
    }
    Ok((timing, reads, unchanged, writes))
}

async fn write(
    app: App,
    mut targets: Vec<Target>,
    waiting: Waiting,
    begin: Instant,
    end: Instant,
) -> anyhow::Result<u64> {
    let mut dice = SmallRng::seed_from_u64(3);
    let step = Duration::from_secs(1) * u32::try_from(AT_ONCE)? / WRITES_PER_S;
    let (mut due, mut written, mut flags) = (begin, 0_u64, 0_u8);
    while due < end {
        tokio::time::sleep_until(due.into()).await;
        due += step;
        flags = flags.checked_add(1).unwrap_or(1);
        let mut chosen: Vec<usize> = Vec::with_capacity(AT_ONCE);
        while chosen.len() < AT_ONCE {
            let at = dice.random_range(0..targets.len());
            if !chosen.contains(&at) {
                chosen.push(at);
            }
        }
        let puts = chosen
            .iter()
            .map(|at| {
                let target = &targets[*at];
                registry::put(&target.made, flags, Some((target.serial, target.version)))
            })
            .collect();
        let sent = Instant::now();
        {
            let mut waiting = waiting.lock();
            for at in &chosen {
                waiting.insert(targets[*at].serial, Pending { flags, sent });
            }
        }
        let done = registry::write(&app, puts).await?;
        for (at, done) in chosen.iter().zip(done) {
            targets[*at].version = done.version;
        }
        written += AT_ONCE as u64;
    }
    Ok(written)
}

async fn read(
    app: App,
    actor: Actor,
    tiles: Vec<TileId>,
    waiting: Waiting,
    begin: Instant,
    end: Instant,
) -> anyhow::Result<(Timing, u64, u64)> {
    let mut known: HashMap<TileId, String> = HashMap::new();
    let (mut timing, mut reads, mut unchanged) = (Timing::default(), 0, 0);
    let step = Duration::from_secs(1) * u32::try_from(READERS)? / READS_PER_S;
    let mut due = begin;
    // A little longer than the writer, for its last changes.
    let end = end + Duration::from_millis(500);
    for tile in tiles.iter().cycle() {
        if due >= end {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        due += step;
        let tags: Vec<&str> = known.get(tile).map(String::as_str).into_iter().collect();
        let wish = Wish { known: &tags, gzip: false };
        reads += 1;
        match app.tile(&actor, "components", *tile, &all(), wish).await? {
            TileAnswer::Unchanged { .. } => unchanged += 1,
            TileAnswer::Tile { tag, body, .. } => {
                let now = Instant::now();
                known.insert(*tile, tag);
                let features = mvt::features(&body)?;
                let mut waiting = waiting.lock();
                for feature in features {
                    let seen = |pending: &Pending| Some(u64::from(pending.flags)) == feature.flags;
                    if waiting.get(&feature.id).is_some_and(seen)
                        && let Some(pending) = waiting.remove(&feature.id)
                    {
                        timing.push(now.duration_since(pending.sent));
                    }
                }
            }
        }
    }
    Ok((timing, reads, unchanged))
}
