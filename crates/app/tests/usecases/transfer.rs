//! Files brought in: tried first, all or nothing or as good as it goes, gone on with after a crash, taken back
//! whole, and the same file again changes nothing.

use crate::world::{World, city, record};
use app::AppError;
use app::ports::files::{FileFormat, Files, Look, Reading, RowWriter, TakeRow, TextEncoding, Writing};
use app::ports::{COMPONENTS, PutRecord, ThingQuery};
use app::registers::EntryQuery;
use app::transfer::State;
use app::transfer::export::ExportAsk;
use app::transfer::plan::{FieldMap, Mode, Plan, ShapeFrom, Target};
use app::transfer::view::TransferView;
use city::component::Component;
use kernel::{Millis, Role};
use outside::geo::GeoFiles;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const CREDIT: &str = "91330100799655058B";

/// Readers that can be told to fall over at a row, as a process does that is killed.
struct Flaky {
    inner: GeoFiles,
    /// 0 never; else the row of a reading at which it panics.
    falls_at: AtomicU64,
    /// Readings that pass before it may fall.
    spared: AtomicU64,
}

impl Files for Flaky {
    fn spool(&self) -> std::io::Result<File> {
        self.inner.spool()
    }
    fn look(&self, file: &File, encoding: Option<TextEncoding>) -> Result<Look, app::FieldProblem> {
        self.inner.look(file, encoding)
    }
    fn read(&self, file: &File, how: &Reading, take: TakeRow<'_>) -> Result<(), app::FieldProblem> {
        if self.spared.load(Ordering::SeqCst) > 0 {
            self.spared.fetch_sub(1, Ordering::SeqCst);
            return self.inner.read(file, how, take);
        }
        let falls_at = self.falls_at.load(Ordering::SeqCst);
        let mut row = 0;
        let mut broken = false;
        self.inner.read(file, how, &mut |one| {
            row += 1;
            if row == falls_at {
                broken = true;
                return ControlFlow::Break(());
            }
            take(one)
        })?;
        assert!(!broken, "killed at row {row}");
        Ok(())
    }
    fn write(&self, how: &Writing) -> std::io::Result<Box<dyn RowWriter>> {
        self.inner.write(how)
    }
}

struct Desk {
    w: World,
    files: Arc<Flaky>,
}

impl Desk {
    async fn new() -> Self {
        let w = World::new().await;
        let name = |zh: &str| json!({ "zh": zh, "en": zh });
        let divisions: Vec<PutRecord> = [
            ("990400", None, "示范市"),
            ("990401", Some("990400"), "示范区"),
            ("990401001", Some("990401"), "一街"),
            ("990401001001", Some("990401001"), "一社区"),
            ("990401002", Some("990401"), "二街"),
            ("990401002001", Some("990401002"), "二社区"),
        ]
        .into_iter()
        .map(|(code, parent, zh)| {
            record("divisions", code, json!({ "code": code, "parent": parent, "name": name(zh) }))
        })
        .collect();
        w.store.put_records(city(), None, w.app.now(), divisions).await.expect("a store");
        w.app.refresh_config(city()).await.expect("divisions");
        let files = Arc::new(Flaky {
            inner: GeoFiles::new(std::env::temp_dir()),
            falls_at: AtomicU64::new(0),
            spared: AtomicU64::new(0),
        });
        w.app.bring_files(files.clone());
        Self { w, files }
    }

    async fn upload(&self, name: &str, bytes: &[u8]) -> TransferView {
        let mut incoming =
            self.w.app.receive_transfer(&self.w.who(Role::SystemAdmin), name).await.expect("the right");
        for piece in bytes.chunks(1_000_003) {
            incoming.take(piece).await.expect("taken");
        }
        incoming.done().await.expect("a file that can be read")
    }

    async fn start(&self, id: uuid::Uuid, plan: &Plan, dry: bool) {
        let admin = self.w.who(Role::SystemAdmin);
        self.w.app.start_transfer(&admin, id, plan.clone(), dry).await.expect("started");
    }

    async fn see(&self, id: uuid::Uuid) -> TransferView {
        self.w.app.see_transfer(&self.w.who(Role::SystemAdmin), id).await.expect("there")
    }

    async fn worked(&self, id: uuid::Uuid, plan: &Plan, dry: bool) -> TransferView {
        self.start(id, plan, dry).await;
        self.w.app.work_transfers(&|| true).await.expect("worked");
        self.see(id).await
    }

    async fn components(&self) -> Vec<Component> {
        let mut all = Vec::new();
        let mut query = ThingQuery { register: COMPONENTS.to_owned(), limit: 5_000, ..ThingQuery::default() };
        loop {
            let page = self.w.store.list_things(city(), &query).await.expect("a store");
            query.after = page.last().map(|thing| thing.code.clone());
            let full = page.len() == 5_000;
            for thing in page {
                let component: Component = serde_json::from_str(&thing.body).expect("a component");
                assert_eq!(component.code.to_string(), thing.code);
                all.push(component);
            }
            if !full {
                return all;
            }
        }
    }
}

/// `id,kind,lon,lat,name` with classes by a column's words.
fn plan() -> Plan {
    let column = |name: &str| FieldMap { column: Some(name.to_owned()), ..FieldMap::default() };
    let fixed = |value: &str| FieldMap { otherwise: Some(value.to_owned()), ..FieldMap::default() };
    let values = [("tree", "2026-component-03001"), ("lamp", "2026-component-01037")];
    let class = FieldMap {
        values: values.map(|(word, class)| (word.to_owned(), class.to_owned())).into(),
        ..column("kind")
    };
    let fields = [
        ("source_id", column("id")),
        ("class", class),
        ("name", column("name")),
        ("supervisor_code", fixed(CREDIT)),
        ("supervisor_name", fixed("园林局")),
    ];
    Plan {
        target: Target::Components,
        crs: "cgcs2000".to_owned(),
        shape: ShapeFrom::Xy { x: "lon".to_owned(), y: "lat".to_owned() },
        fields: fields.map(|(field, map)| (field.to_owned(), map)).into(),
        mode: Mode::AllOrNothing,
    }
}

/// A class of the national table whose geometry is a point, for rows of kind `tree`.
fn tree_class(w: &World) -> String {
    let config = w.app.config(city()).expect("a city");
    let found = config.catalogue.iter().find(|class| {
        class.entry.key.to_string().starts_with("2026-component-03")
            && class.entry.geometry == Some(city::catalogue::Geometry::Point)
    });
    found.expect("a point class of major 03").entry.key.to_string()
}

fn plan_for(w: &World) -> Plan {
    let mut plan = plan();
    let class = plan.fields.get_mut("class").expect("mapped");
    class.values.insert("tree".to_owned(), tree_class(w));
    plan
}

fn table(rows: usize) -> String {
    let mut text = String::from("id,kind,lon,lat,name\n");
    for i in 0..rows {
        let (x, y) = ((i * 7_919) % 19_000, (i * 104_729) % 9_000);
        let kind = if i % 3 == 0 { "lamp" } else { "tree" };
        text.push_str(&format!(
            "T{i},{kind},{:.6},{:.6},No {i}\n",
            116.000_5 + x as f64 * 1e-6,
            36.000_5 + y as f64 * 1e-6
        ));
    }
    text
}

#[tokio::test]
async fn a_file_is_tried_written_once_and_changes_nothing_the_second_time() {
    let desk = Desk::new().await;
    let plan = plan_for(&desk.w);
    let file = desk.upload("assets.csv", table(40).as_bytes()).await;
    assert_eq!((file.rows, file.format, file.columns.len()), (40, FileFormat::Csv, 5));
    let admin = desk.w.who(Role::SystemAdmin);
    let guess = desk.w.app.guess_plan(&admin, file.id, Target::Components).await.expect("a guess");
    assert_eq!(guess.shape, plan.shape);
    let tried = desk.worked(file.id, &plan, true).await;
    assert_eq!(
        (tried.state, tried.counts.new, tried.counts.wrong),
        (State::Checked, 40, 0),
        "{:?}",
        tried.faults
    );
    assert!(desk.components().await.is_empty(), "a dry run writes nothing");

    let done = desk.worked(file.id, &plan, false).await;
    assert_eq!((done.state, done.counts.new, done.done), (State::Done, 40, 40), "{:?}", done.faults);
    let all = desk.components().await;
    let codes: BTreeSet<String> = all.iter().map(|c| c.code.to_string()).collect();
    assert_eq!((all.len(), codes.len()), (40, 40), "every code once");
    let config = desk.w.app.config(city()).expect("a city");
    for component in &all {
        let at = component.place.anchor().expect("a point");
        assert_eq!(config.grids.at(at), Some(&component.grid), "in its grid");
        assert!(component.street_name.ends_with('街'), "named by its grid");
    }

    let again = desk.upload("assets.csv", table(40).as_bytes()).await;
    let head = desk.w.store.things_head(city()).await.expect("a store");
    let again = desk.worked(again.id, &plan, false).await;
    assert_eq!((again.state, again.counts.unchanged, again.counts.new), (State::Done, 40, 0));
    assert_eq!(desk.w.store.things_head(city()).await.expect("a store"), head, "nothing was written");

    let changed = table(40).replace("No 7\n", "Old elm\n").replace("T9,lamp", "T90,lamp");
    let changed = desk.upload("assets.csv", changed.as_bytes()).await;
    let changed = desk.worked(changed.id, &plan, false).await;
    let c = &changed.counts;
    assert_eq!((c.changed, c.new, c.unchanged), (1, 1, 38), "{:?}", changed.faults);
    assert!(desk.components().await.iter().any(|c| c.name == "Old elm" && c.version == 2));
}

#[tokio::test]
async fn wrong_rows_are_named_and_stop_all_or_only_themselves() {
    let desk = Desk::new().await;
    let plan = plan_for(&desk.w);
    let text = table(5)
        + "X1,bush,116.005,36.005,Bush\nX2,lamp,117.5,36.005,Far\nX3,lamp,x,36.005,No\nT1,tree,116.005,36.005,Twice\nX4,lamp,36.005,116.005,Swapped\n";
    let file = desk.upload("bad.csv", text.as_bytes()).await;
    let tried = desk.worked(file.id, &plan, true).await;
    let wrong: Vec<(u64, &str, &str)> =
        tried.faults.iter().map(|f| (f.row, f.field.as_str(), f.code.as_str())).collect();
    assert_eq!(
        wrong,
        [
            (7, "class", "untranslated"),
            (8, "grid", "outside_grids"),
            (9, "shape", "not_numbers"),
            (10, "source_id", "twice_in_file"),
            (11, "shape", "coordinate_swapped"),
        ]
    );
    assert_eq!(tried.faults[1].lng, Some(117.5), "a fault has its place, so that the map can show it");
    let refused = desk.worked(file.id, &plan, false).await;
    assert_eq!((refused.state, refused.counts.wrong), (State::Failed, 5));
    assert!(desk.components().await.is_empty(), "all or nothing");
    let best = Plan { mode: Mode::BestEffort, ..plan };
    let done = desk.worked(file.id, &best, false).await;
    assert_eq!((done.state, done.counts.new, done.counts.wrong), (State::Done, 5, 5));
    assert_eq!(desk.components().await.len(), 5);
    let admin = desk.w.who(Role::SystemAdmin);
    let kept = desk.w.app.transfer_faults(&admin, file.id).await.expect("a table");
    assert_eq!(kept.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_leaves_nothing_twice_and_nothing_out() {
    let desk = Desk::new().await;
    let plan = plan_for(&desk.w);
    let file = desk.upload("many.csv", table(12_000).as_bytes()).await;
    desk.files.spared.store(1, Ordering::SeqCst);
    desk.files.falls_at.store(11_000, Ordering::SeqCst);
    desk.start(file.id, &plan, false).await;
    desk.w.app.work_transfers(&|| true).await.expect_err("killed while writing");
    let half = desk.components().await.len();
    assert_eq!(half, 10_000, "two batches are in");
    desk.files.falls_at.store(0, Ordering::SeqCst);
    assert_eq!(desk.w.app.work_transfers(&|| true).await.expect("its lease still runs"), 0);
    desk.w.clock.advance(Millis::minutes(2));
    assert_eq!(desk.w.app.work_transfers(&|| true).await.expect("gone on with"), 1);
    let done = desk.see(file.id).await;
    assert_eq!((done.state, done.counts.new, done.counts.unchanged), (State::Done, 12_000, 0));
    let all = desk.components().await;
    let ids: BTreeSet<&str> = all.iter().map(|c| c.source_id.as_str()).collect();
    let codes: BTreeSet<String> = all.iter().map(|c| c.code.to_string()).collect();
    assert_eq!((all.len(), ids.len(), codes.len()), (12_000, 12_000, 12_000));
    assert!(all.iter().all(|c| c.version == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_takes_back_what_was_written_all_or_nothing() {
    let desk = Desk::new().await;
    let plan = plan_for(&desk.w);
    let first = desk.upload("first.csv", table(10).as_bytes()).await;
    assert_eq!(desk.worked(first.id, &plan, false).await.state, State::Done);
    let text = table(12_000).replace("No 3\n", "Another\n");
    let file = desk.upload("many.csv", text.as_bytes()).await;
    desk.files.spared.store(1, Ordering::SeqCst);
    desk.files.falls_at.store(11_000, Ordering::SeqCst);
    desk.start(file.id, &plan, false).await;
    desk.w.app.work_transfers(&|| true).await.expect_err("killed while writing");
    desk.files.falls_at.store(0, Ordering::SeqCst);
    let admin = desk.w.who(Role::SystemAdmin);
    desk.w.app.stop_transfer(&admin, file.id).await.expect("asked");
    desk.w.clock.advance(Millis::minutes(2));
    desk.w.app.work_transfers(&|| true).await.expect("taken back");
    let stopped = desk.see(file.id).await;
    assert_eq!((stopped.state, stopped.counts.undone, stopped.counts.left), (State::Cancelled, 9_991, 0));
    let in_force: Vec<Component> = desk.components().await;
    assert_eq!(in_force.len(), 10, "only what was there before");
    assert!(in_force.iter().any(|c| c.name == "No 3"), "a changed name is as it was");
}

#[tokio::test]
async fn only_the_system_administrator_brings_files_in_and_exports_come_back_as_they_were() {
    let desk = Desk::new().await;
    let plan = plan_for(&desk.w);
    let file = desk.upload("assets.csv", table(20).as_bytes()).await;
    desk.worked(file.id, &plan, false).await;
    for role in [Role::SecurityAdmin, Role::Collector, Role::Dispatcher] {
        let no = desk.w.app.transfers(&desk.w.who(role)).await;
        assert!(matches!(no, Err(AppError::Forbidden(_))), "{role:?}");
    }
    let leader = desk.w.who(Role::Leader);
    for format in FileFormat::ALL {
        let ask = ExportAsk { format, encoding: None, crs: None, class: None, area: None, state: None };
        let made = desk.w.app.export_collection(&leader, "components", &ask, "test").await.expect("a file");
        assert_eq!(made.rows, 20);
        let bytes = {
            use std::io::Read;
            let (mut file, mut bytes) = (made.file, Vec::new());
            file.read_to_end(&mut bytes).expect("read");
            bytes
        };
        let back = desk.upload("back", &bytes).await;
        let admin = desk.w.who(Role::SystemAdmin);
        let mut guess = desk.w.app.guess_plan(&admin, back.id, Target::Components).await.expect("a guess");
        if format == FileFormat::Shapefile {
            // Names of columns have ten letters at most there.
            for (field, column) in [("supervisor_code", "supervisor"), ("supervisor_name", "superviso2")] {
                let map = FieldMap { column: Some(column.to_owned()), ..FieldMap::default() };
                guess.fields.insert(field.to_owned(), map);
            }
        }
        let tried = desk.worked(back.id, &guess, true).await;
        assert_eq!(
            (tried.counts.unchanged, tried.counts.wrong),
            (20, 0),
            "{format:?}: {:?} {:?}",
            tried.faults.first(),
            guess
        );
    }
    let ask = ExportAsk {
        format: FileFormat::Csv,
        encoding: None,
        crs: None,
        class: None,
        area: Some("990401002".to_owned()),
        state: None,
    };
    let some = desk.w.app.export_collection(&leader, "components", &ask, "test").await.expect("a file");
    assert!(some.rows > 0 && some.rows < 20, "{}", some.rows);
    let no = desk.w.app.export_collection(&desk.w.who(Role::Collector), "components", &ask, "test").await;
    assert!(matches!(no, Err(AppError::Forbidden(_))));
}

/// A mapping as the columns suggest it, onto the positions of `lon` and `lat`.
async fn guessed(desk: &Desk, id: uuid::Uuid, target: Target) -> Plan {
    let admin = desk.w.who(Role::SystemAdmin);
    desk.w.app.guess_plan(&admin, id, target).await.expect("a guess")
}

#[tokio::test]
async fn shops_come_from_a_file_go_into_one_and_come_back_the_same() {
    let desk = Desk::new().await;
    let packs = crate::registers::shelf(&[]);
    assert_eq!(desk.w.app.offer_packs(packs).await.expect("a store"), []);
    let to = || Target::Register { register: "shop".to_owned() };
    let text = "编号,名称,kind,经度,纬度,street_address,open_fire,documents.licence.number\n\
        S1,王记面馆,food,116.0051,36.005,中山路 1 号,是,B-1\n\
        S2,李记五金,,116.0052,36.005,中山路 2 号,否,\n\
        S3,孙记小吃,food,116.0053,36.005,中山路 3 号,也许,B-3\n";
    let file = desk.upload("shops.csv", text.as_bytes()).await;
    let plan = guessed(&desk, file.id, to()).await;
    assert!(plan.fields.contains_key("fields.street_address"), "{:?}", plan.fields.keys());
    let tried = desk.worked(file.id, &plan, true).await;
    let wrong: Vec<(u64, &str, &str)> =
        tried.faults.iter().map(|f| (f.row, f.field.as_str(), f.code.as_str())).collect();
    assert_eq!(wrong, [(3, "kind", "required"), (4, "fields.open_fire", "not_a_boolean")]);

    let good = text.replace("S2,李记五金,,", "S2,李记五金,retail,").replace("也许", "无");
    let file = desk.upload("shops.csv", good.as_bytes()).await;
    let done = desk.worked(file.id, &plan, false).await;
    assert_eq!((done.state, done.counts.new, done.counts.wrong), (State::Done, 3, 0), "{:?}", done.faults);
    let admin = desk.w.who(Role::SystemAdmin);
    let listed = desk.w.app.list_entries(&admin, "shop", &EntryQuery::default()).await.expect("listed");
    let codes: BTreeSet<&str> = listed.items.iter().map(|one| one.code.as_str()).collect();
    assert_eq!((listed.total, codes.len()), (3, 3), "every code once");

    let again = desk.upload("shops.csv", good.as_bytes()).await;
    let again = desk.worked(again.id, &plan, false).await;
    assert_eq!((again.counts.unchanged, again.counts.new), (3, 0));

    let ask: ExportAsk = serde_json::from_value(json!({ "format": "csv" })).expect("an ask");
    let made = desk.w.app.export_collection(&admin, "shop", &ask, "").await.expect("a file");
    assert_eq!(made.rows, 3);
    let mut bytes = Vec::new();
    let mut out = made.file;
    out.read_to_end(&mut bytes).expect("readable");
    let back = desk.upload("shop.csv", &bytes).await;
    let plan = guessed(&desk, back.id, to()).await;
    assert!(plan.fields.contains_key("code"), "what goes out is found again by its code");
    let back = desk.worked(back.id, &plan, false).await;
    assert_eq!(
        (back.state, back.counts.unchanged, back.counts.wrong),
        (State::Done, 3, 0),
        "{:?}",
        back.faults
    );

    let changed = String::from_utf8(bytes).expect("text").replace("李记五金", "李记灯具");
    let file = desk.upload("shop.csv", changed.as_bytes()).await;
    let done = desk.worked(file.id, &plan, false).await;
    assert_eq!((done.counts.changed, done.counts.unchanged), (1, 2));
}

#[tokio::test]
async fn addresses_come_from_a_file_and_are_found() {
    let desk = Desk::new().await;
    let text = "id,kind,name_zh,lng,lat,area\n\
        p-1,poi,人民广场,116.005,36.005,990401\n\
        p-2,palace,王宫,116.006,36.005,990401\n";
    let file = desk.upload("places.csv", text.as_bytes()).await;
    let plan = guessed(&desk, file.id, Target::Addresses).await;
    let tried = desk.worked(file.id, &plan, true).await;
    assert_eq!((tried.counts.new, tried.counts.wrong, tried.faults[0].row), (1, 1, 3), "{:?}", tried.faults);
    let best = Plan { mode: Mode::BestEffort, ..plan };
    let done = desk.worked(file.id, &best, false).await;
    assert_eq!((done.state, done.counts.new), (State::Done, 1), "{}", done.why);
    let admin = desk.w.who(Role::SystemAdmin);
    let found = desk.w.app.list_addresses(&admin, Some("人民广场"), None, None, 5).await.expect("listed");
    assert_eq!(found.items.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["p-1"]);
    let again = desk.worked(file.id, &best, false).await;
    assert_eq!((again.counts.unchanged, again.counts.new), (1, 0));
}
