//! The map in memory says what the store says, whoever wrote and in whatever order.

use crate::world::{self, NOW, World};
use app::ground::facet;
use app::ground::snapshot;
use app::ports::{PutThing, PutThings, Store};
use app::{App, Parts, Saved};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::{ManualClock, MemoryBlobs, MemoryStore};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn parts(store: Arc<dyn Store>) -> Parts {
    Parts {
        store,
        blobs: Arc::new(MemoryBlobs::default()),
        time: Arc::new(ManualClock::at(NOW)),
        public_url: "https://city.test".into(),
        demo_accounts: Vec::new(),
    }
}

fn body(dice: &mut Dice) -> String {
    let (lng, lat) = (116.0 + dice.roll(200) as f64 / 10_000.0, 36.0 + dice.roll(100) as f64 / 10_000.0);
    let place = match dice.roll(8) {
        0 => format!("LINESTRING({lng} {lat}, {} {lat})", lng + 0.001),
        1 => {
            let (e, n) = (lng + 0.001, lat + 0.001);
            format!("POLYGON(({lng} {lat}, {e} {lat}, {e} {n}, {lng} {n}, {lng} {lat}))")
        }
        2 => "nowhere".to_owned(),
        _ => format!("POINT({lng} {lat})"),
    };
    let state = ["intact", "damaged", "lost"][dice.roll(3) as usize];
    let band = ["green", "red", ""][dice.roll(3) as usize];
    json!({ "place": place, "state": state, "band": band, "flags": dice.roll(4) }).to_string()
}

/// One write of a few things by one process: new ones, changed ones, removed ones.
async fn write(app: &App, known: &mut BTreeMap<u64, PutThing>, dice: &mut Dice) {
    let mut puts: Vec<PutThing> = Vec::new();
    for _ in 0..=dice.roll(4) {
        let old = known.values().nth(dice.roll(known.len() as u64 * 2 + 3) as usize);
        let put = match old {
            Some(old) if puts.iter().all(|put| put.serial != old.serial) => {
                PutThing { removed: dice.roll(6) == 0, body: body(dice), ..old.clone() }
            }
            _ => PutThing {
                serial: None,
                register: ["component", "shop"][dice.roll(2) as usize].to_owned(),
                code: format!("{}-{}", known.len(), dice.roll(1 << 30)),
                name: "灯".into(),
                class: ["2026-component-01037", "2026-component-02001", ""][dice.roll(3) as usize].to_owned(),
                expected_version: 0,
                removed: false,
                change: "[]".into(),
                body: body(dice),
            },
        };
        puts.push(put);
    }
    let put = PutThings { city: world::city(), by: None, at: NOW, command: None, puts: puts.clone() };
    for (put, done) in puts.into_iter().zip(app.commit_things(put).await.expect("it is written")) {
        known.insert(
            done.serial,
            PutThing { serial: Some(done.serial), expected_version: done.version, ..put },
        );
    }
}

/// Everything the map says of everything, in words, so that the order of dictionaries does not matter.
fn told(app: &App) -> Vec<String> {
    let city = app.city(world::city()).expect("open");
    let map = city.ground.read();
    let words = |id: u64, place: String| {
        let traits = map.traits(id).expect("it is there");
        let class = map.things.classes().name(traits.class).unwrap_or_default().to_owned();
        let state = map.things.classes().state_name(traits.state).unwrap_or_default();
        let grid = map.grid(traits.grid).map(ToString::to_string).unwrap_or_default();
        format!("{id} {place} {class} {state} {grid} {} {}", traits.flags, traits.facets)
    };
    let mut all: Vec<String> =
        map.things.iter().map(|thing| words(thing.id, format!("{:?}", thing.position))).collect();
    all.extend(map.things.iter_shapes().map(|shape| words(shape.id, format!("{:?}", shape.bounds()))));
    all.sort();
    all
}

async fn opened(store: &Arc<dyn Store>) -> App {
    App::open(parts(store.clone())).await.expect("the city opens")
}

async fn catch_up(app: &App) {
    app.catch_up_things(&app.city(world::city()).expect("open")).await.expect("a store");
}

#[tokio::test]
async fn after_any_writes_of_two_processes_the_map_is_the_one_rebuilt_from_the_store() {
    for seed in 0..20 {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let one = World::on(store.clone()).await.app;
        let two = opened(&store).await;
        let (mut known, mut dice) = (BTreeMap::new(), Dice(seed));
        for _ in 0..60 {
            match dice.roll(5) {
                0 => catch_up(&one).await,
                1 => catch_up(&two).await,
                2 => write(&two, &mut known, &mut dice).await,
                _ => write(&one, &mut known, &mut dice).await,
            }
        }
        catch_up(&one).await;
        catch_up(&two).await;
        let fresh = opened(&store).await;
        let expected = told(&fresh);
        assert!(expected.len() > 20, "seed {seed}");
        assert_eq!(told(&one), expected, "seed {seed}");
        assert_eq!(told(&two), expected, "seed {seed}");
    }
}

#[tokio::test]
async fn a_saved_map_is_gone_on_with_and_one_of_another_store_is_not() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let app = World::on(store.clone()).await.app;
    let (mut known, mut dice) = (BTreeMap::new(), Dice(7));
    for _ in 0..10 {
        write(&app, &mut known, &mut dice).await;
    }
    let bytes = app.city(world::city()).expect("open").ground_snapshot().expect("it is written");
    for _ in 0..10 {
        write(&app, &mut known, &mut dice).await;
    }
    let read = |bytes: &[u8]| snapshot::read_from(&mut &*bytes);
    let saved = || Saved { grounds: vec![read(&bytes).expect("it is read")], ..Saved::default() };
    let again = App::open_with(parts(store.clone()), saved()).await.expect("the city opens");
    assert_eq!(told(&again), told(&app));

    let other: Arc<dyn Store> = Arc::new(MemoryStore::default());
    World::on(other.clone()).await;
    let elsewhere = App::open_with(parts(other), saved()).await.expect("the city opens");
    assert!(told(&elsewhere).is_empty(), "things of another store are on no map");

    for at in [0, 9, 13, 30, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(read(&damaged).is_err(), "a changed bit at {at} is noticed");
    }
}

#[tokio::test]
async fn a_change_is_on_the_map_and_told_at_once_with_where_it_was_and_is() {
    let world = World::new().await;
    let mut heard = world.app.live().listen_things();
    let put = |serial, version, body: serde_json::Value| PutThings {
        city: world::city(),
        by: None,
        at: NOW,
        command: None,
        puts: vec![PutThing {
            serial,
            register: "shop".into(),
            code: "S1".into(),
            name: "小店".into(),
            class: "food".into(),
            expected_version: version,
            removed: false,
            change: "{}".into(),
            body: body.to_string(),
        }],
    };
    let at = |lng: f64| json!({ "place": format!("POINT({lng} 36.005)"), "state": "open", "band": "green" });
    let done = world.app.commit_things(put(None, 0, at(116.005))).await.expect("it is written");
    let serial = done[0].serial;
    world.app.commit_things(put(Some(serial), 1, at(116.015))).await.expect("it is written");
    let stale = world.app.commit_things(put(Some(serial), 1, at(116.001))).await;
    assert!(matches!(stale, Err(app::AppError::Stale)), "{stale:?}");

    let first = heard.try_recv().expect("told");
    assert_eq!(first.serials.as_deref(), Some(&[serial][..]));
    let second = heard.try_recv().expect("told");
    let bounds = second.bounds.expect("it is on the map");
    assert!(bounds.west < 116.006 && bounds.east > 116.014, "before and after: {bounds:?}");
    assert!(second.version > first.version && second.registers.contains("shop"));
    assert!(heard.try_recv().is_err(), "what was not written is not told");

    let city = world.app.city(world::city()).expect("open");
    let map = city.ground.read();
    let thing = map.things.get(serial).expect("on the map");
    assert_eq!(map.grid(thing.traits.grid).map(ToString::to_string).as_deref(), Some("990401002001001"));
    assert_eq!(facet::band(thing.traits.facets), Some("green"));
    assert_eq!(map.classes_of("shop").map(|(_, name)| name).collect::<Vec<_>>(), ["shop/food"]);
}
