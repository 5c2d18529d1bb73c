//! Prints how fast the engine is on this machine, on a made city of 20,936 grids and a million components.
//!
//! `cargo run --release -p yiwang-spatial --example measure`; with a folder as argument it also writes the grids,
//! components, probes and tiles there, for a comparison with another program.

#[path = "../tests/engine/made.rs"]
#[allow(dead_code)]
mod made;

use geo::polygon;
use kernel::{Cgcs2000, CityCode, Point};
use made::{CORNER, Dice, STEP};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::RwLock;
use std::time::{Duration, Instant};
use yiwang_spatial::mercator::TileId;
use yiwang_spatial::outline::Outline;
use yiwang_spatial::points::{ClassPlace, ClassSet, Filter, Things, Traits};
use yiwang_spatial::region::UnitGrids;
use yiwang_spatial::snapshot::{self, Mark};
use yiwang_spatial::tile::{ThingLayer, Value, region_layer};

const GRIDS: usize = 20_936;
const WIDE: u32 = 152;
const HIGH: u32 = 138;
const COMPONENTS: u64 = 1_000_000;
const CLASSES: u16 = 150;

fn main() {
    let folder = std::env::args().nth(1);
    let grids = grids();
    let things = things(&grids);
    tiles(&things, &grids);
    questions(&things);
    image(&grids, &things);
    if let Some(folder) = folder {
        dump(Path::new(&folder), &grids, &things).expect("the folder can be written");
    }
    freshness(things);
}

#[allow(clippy::cast_precision_loss)]
fn ms(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

fn size() -> (f64, f64) {
    (f64::from(WIDE), f64::from(HIGH))
}

fn probes(count: usize, seed: u64) -> Vec<Point<Cgcs2000>> {
    let mut dice = Dice(seed);
    let (wide, high) = size();
    (0..count)
        .filter_map(|_| {
            let (x, y) = (dice.share() * (wide - 1.0) + 0.5, dice.share() * (high - 1.0) + 0.5);
            Point::new(CORNER[0] + x * STEP[0], CORNER[1] + y * STEP[1])
        })
        .collect()
}

#[allow(clippy::cast_precision_loss)]
fn grids() -> UnitGrids {
    let mut rows = made::grids(WIDE, HIGH, 3);
    rows.truncate(GRIDS);
    let changed = rows[10_000].clone();
    let start = Instant::now();
    let mut grids = UnitGrids::new(rows).expect("good grids");
    println!("grids {} built_ms {:.0} bytes {}", grids.len(), ms(start.elapsed()), grids.regions().bytes());
    let points = probes(1_000_000, 7);
    let mut best = f64::INFINITY;
    let mut found = 0;
    for _ in 0..5 {
        let start = Instant::now();
        found = points.iter().filter(|point| black_box(grids.at(**point)).is_some()).count();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("locate points_per_s {:.0} found {found}", points.len() as f64 / best);
    let start = Instant::now();
    for _ in 0..200 {
        grids.put(changed.clone()).expect("good");
    }
    println!("replace_one_grid_us {:.1}", ms(start.elapsed()) * 1000.0 / 200.0);
    grids
}

#[allow(clippy::cast_precision_loss)]
fn things(grids: &UnitGrids) -> Things {
    let (wide, high) = size();
    let mut dice = Dice(42);
    let mut things = made::registry(CLASSES);
    let made: Vec<_> = (1..=COMPONENTS)
        .map(|id| {
            let mut thing = made::component(&mut dice, id, CLASSES, wide, high);
            let place = thing.position.point().and_then(|point| grids.regions().place_at(point));
            thing.traits.grid = place.unwrap_or(yiwang_spatial::points::NOWHERE);
            thing
        })
        .collect();
    let start = Instant::now();
    for thing in &made {
        things.put(*thing);
    }
    let rate = made.len() as f64 / start.elapsed().as_secs_f64();
    println!(
        "things {} put_per_s {rate:.0} bytes_each {:.1}",
        things.len(),
        things.bytes() as f64 / made.len() as f64
    );
    let start = Instant::now();
    things.shrink();
    println!(
        "shrink_ms {:.0} bytes_each {:.1}",
        ms(start.elapsed()),
        things.bytes() as f64 / made.len() as f64
    );
    things
}

fn tiles(things: &Things, grids: &UnitGrids) {
    let all = |_: u64, _: &Traits| true;
    let few: ClassSet = (0..7).map(ClassPlace).collect();
    let filters = [
        ("all", Filter::default()),
        ("closure", Filter { only: Some(&all), ..Filter::default() }),
        ("classes", Filter { classes: Some(&few), ..Filter::default() }),
    ];
    for z in [0, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18] {
        for (name, filter) in &filters {
            let made = timed(z, |tile| {
                let mut bytes = Vec::new();
                things.layer(tile, filter, &ThingLayer::default()).finish(&mut bytes);
                bytes.len()
            });
            println!("tile things z{z} {name} {made}");
        }
    }
    for z in [11, 12, 13, 14, 15, 16] {
        let made = timed(z, |tile| {
            let mut bytes = Vec::new();
            region_layer(grids.regions(), tile, "grids", 64, |grid, layer, tags| {
                layer.tag(tags, "code", Value::Text(grid.key.as_str()));
                grid.key.as_str().parse().ok()
            })
            .finish(&mut bytes);
            bytes.len()
        });
        println!("tile grids z{z} {made}");
    }
    for z in [8, 10, 13, 14, 16] {
        let made = timed(z, |tile| usize::try_from(things.tile_version(tile, 64)).unwrap_or_default());
        println!("tile version z{z} {made}");
    }
}

fn timed(z: u8, mut make: impl FnMut(TileId) -> usize) -> String {
    let mut times = Vec::new();
    let mut sizes = Vec::new();
    for point in probes(if z < 9 { 60 } else { 300 }, u64::from(z)) {
        let tile = TileId::at(point.lng(), point.lat(), z);
        let start = Instant::now();
        sizes.push(black_box(make(tile)));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    sizes.sort_unstable();
    let at = |share: usize| (times.len() - 1) * share / 100;
    format!(
        "p50_ms {:.3} p99_ms {:.3} max_ms {:.3} bytes_p50 {}",
        ms(times[at(50)]),
        ms(times[at(99)]),
        ms(times[times.len() - 1]),
        sizes[at(50)]
    )
}

#[allow(clippy::cast_precision_loss)]
fn questions(things: &Things) {
    let points = probes(20_000, 3);
    let rare: ClassSet = [ClassPlace(140)].into_iter().collect();
    for (name, metres, filter) in [
        ("any_50m", 50.0, Filter::default()),
        ("rare_2km", 2000.0, Filter { classes: Some(&rare), ..Filter::default() }),
    ] {
        let start = Instant::now();
        let found: usize = points.iter().map(|point| things.nearest(*point, metres, 5, &filter).len()).sum();
        println!(
            "nearest5 {name} us {:.2} found {found}",
            ms(start.elapsed()) * 1000.0 / points.len() as f64
        );
    }
    let (x, y) = (CORNER[0], CORNER[1]);
    let star = polygon![
        (x: x, y: y), (x: x + 0.08, y: y + 0.03), (x: x + 0.16, y: y), (x: x + 0.13, y: y + 0.06),
        (x: x + 0.16, y: y + 0.12), (x: x + 0.08, y: y + 0.08), (x: x + 0.01, y: y + 0.11),
    ];
    let area = Outline::new(&geo::MultiPolygon(vec![star])).expect("an area");
    let start = Instant::now();
    let found = things.within(&area, &Filter::default()).count();
    println!("within_polygon ms {:.2} found {found}", ms(start.elapsed()));
    let start = Instant::now();
    let counts = things.counts_within(&area, &Filter::default()).len();
    println!("counts_within ms {:.2} classes {counts}", ms(start.elapsed()));
    let road = geo::LineString::from(vec![(x + 0.01, y + 0.01), (x + 0.03, y + 0.012), (x + 0.05, y + 0.03)]);
    let start = Instant::now();
    let found = things.along(&road, 20.0, &Filter::default()).len();
    println!("along_road_5km ms {:.2} found {found}", ms(start.elapsed()));
}

#[allow(clippy::cast_precision_loss)]
fn image(grids: &UnitGrids, things: &Things) {
    let mark = Mark { city: CityCode::new(370_700).expect("six digits"), position: 1 };
    let start = Instant::now();
    let bytes = snapshot::encode(mark, grids, things).expect("writes");
    println!("snapshot write_ms {:.0} bytes {}", ms(start.elapsed()), bytes.len());
    let start = Instant::now();
    let (_, grids2, things2) = snapshot::decode(&bytes).expect("reads");
    println!("snapshot read_ms {:.0} grids {} things {}", ms(start.elapsed()), grids2.len(), things2.len());
    drop(things2);
    let start = Instant::now();
    let rows = grids.iter().map(|grid| yiwang_spatial::region::GridRow {
        code: grid.key.clone(),
        grade: grid.value,
        shape: grid.outline.to_multi_polygon(),
    });
    let anew = UnitGrids::new(rows.collect()).expect("good grids");
    println!("grids {} rebuilt_ms {:.0}", anew.len(), ms(start.elapsed()));
}

/// 1,000 writes a second beside 2,000 tile reads a second that ask for the version first, behind a lock.
fn freshness(things: Things) {
    const SECONDS: u64 = 5;
    let (wide, high) = size();
    let things = RwLock::new(things);
    let start = Instant::now();
    let end = start + Duration::from_secs(SECONDS);
    let (writes, reads) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut dice = Dice(1);
            paced(start, end, 1000, || {
                let id = dice.below(COMPONENTS) + 1;
                let thing = made::component(&mut dice, id, CLASSES, wide, high);
                things.write().expect("no reader fails").put(thing);
            })
        });
        let reader = scope.spawn(|| {
            let tiles: Vec<TileId> = probes(500, 5)
                .iter()
                .enumerate()
                .map(|(n, p)| TileId::at(p.lng(), p.lat(), [14, 15, 16, 17][n % 4]))
                .collect();
            let mut known = std::collections::HashMap::new();
            let mut next = 0;
            let mut made = 0;
            let times = paced(start, end, 2000, || {
                let tile = tiles[next % tiles.len()];
                next += 1;
                let things = things.read().expect("no writer fails");
                let version = things.tile_version(tile, 64);
                if known.insert(tile, version) != Some(version) {
                    let mut bytes = Vec::new();
                    things.layer(tile, &Filter::default(), &ThingLayer::default()).finish(&mut bytes);
                    made += usize::from(!bytes.is_empty());
                }
            });
            println!("freshness tiles_made {made}");
            times
        });
        (writer.join().expect("writes"), reader.join().expect("reads"))
    });
    for (name, mut times) in [("writes", writes), ("reads", reads)] {
        times.sort_unstable();
        let at = |share: usize| ms(times[(times.len() - 1) * share / 100]);
        println!(
            "freshness {name} {} in {SECONDS} s, done after p50_ms {:.3} p99_ms {:.3}",
            times.len(),
            at(50),
            at(99)
        );
    }
}

/// Does something so many times a second; answers how long after its moment each was done.
fn paced(start: Instant, end: Instant, per_second: u32, mut work: impl FnMut()) -> Vec<Duration> {
    let mut times = Vec::new();
    let step = Duration::from_secs(1) / per_second;
    let mut due = start;
    while due < end {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        work();
        times.push(due.elapsed());
        due += step;
    }
    times
}

fn dump(folder: &Path, grids: &UnitGrids, things: &Things) -> std::io::Result<()> {
    let mut text = String::new();
    for grid in grids.iter() {
        let rings: Vec<String> = grid
            .outline
            .rings()
            .map(|(ring, _)| ring.iter().map(|[x, y]| format!("{x} {y}")).collect::<Vec<_>>().join(","))
            .collect();
        let _ = writeln!(text, "{}\tPOLYGON(({}))", grid.key, rings.join("),("));
    }
    std::fs::write(folder.join("grids.tsv"), &text)?;
    text.clear();
    for thing in things.iter() {
        let (p, t) = (thing.position, thing.traits);
        let _ = writeln!(text, "{}\t{}\t{}\t{}\t{}", thing.id, p.lng(), p.lat(), t.class.0, t.state);
    }
    std::fs::write(folder.join("things.tsv"), &text)?;
    text.clear();
    for point in probes(1_000_000, 11) {
        let code = grids.at(point).map_or("", |code| code.as_str());
        let _ = writeln!(text, "{}\t{}\t{code}", point.lng(), point.lat());
    }
    std::fs::write(folder.join("probes.tsv"), &text)?;
    for (n, point) in probes(40, 13).iter().enumerate() {
        let z = [14, 14, 16, 18, 12][n % 5];
        let tile = TileId::at(point.lng(), point.lat(), z);
        let mut bytes = Vec::new();
        let options = ThingLayer { buffer: 256, ..ThingLayer::default() };
        things.layer(tile, &Filter::default(), &options).finish(&mut bytes);
        region_layer(grids.regions(), tile, "grids", 256, |grid, layer, tags| {
            layer.tag(tags, "code", Value::Text(grid.key.as_str()));
            grid.key.as_str().parse().ok()
        })
        .finish(&mut bytes);
        std::fs::write(folder.join(format!("{z}-{}-{}.mvt", tile.x(), tile.y())), bytes)?;
    }
    Ok(())
}
