//! A small city with one person for each role and a few more, whose names nobody outside may learn.

use app::ports::{PutRecord, Store};
use app::step::{ReportIn, StepRequest};
use app::{App, AppError, Parts};
use case::{Case, FactRecord};
use kernel::{Actor, CaseId, CityCode, PersonId, Role, Timestamp};
use serde_json::{Value, json};
use std::io::Cursor;
use std::sync::Arc;
use testkit::{ManualClock, MemoryBlobs, MemoryStore};
use uuid::Uuid;

/// Road damage: 5 working days.
pub const CLASS: &str = "2026-event-06013";
pub const OTHER_CLASS: &str = "2026-component-01037";
/// Monday 2026-03-02 09:00 in Shanghai.
pub const NOW: Timestamp = Timestamp(1_772_413_200_000);

pub const BUREAU: u32 = 10;
pub const CLEANING: u32 = 11;
pub const ROADS: u32 = 20;

pub const ROADS_OFFICER: u32 = 21;
pub const SECOND_INTAKE: u32 = 22;

pub struct World {
    pub app: App,
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
}

pub fn city() -> CityCode {
    CityCode::new(990_400).expect("six digits")
}

pub fn record(kind: &str, key: impl ToString, value: Value) -> PutRecord {
    PutRecord { kind: kind.to_owned(), key: key.to_string(), expected_version: 0, value: Some(value) }
}

/// Name of a person or account as it must never leave the house.
pub fn secret_name(id: u32) -> String {
    format!("机密姓名{id}")
}

fn person_record(id: u32, role: Role, department: u32) -> PutRecord {
    let value = json!({ "id": id, "account": format!("account{id}"), "department": department,
        "name": { "zh": secret_name(id), "en": format!("Hidden Name {id}") },
        "posts": [{ "role": role, "department": department }] });
    record("people", id, value)
}

fn records() -> Vec<PutRecord> {
    let name = |zh: &str, en: &str| json!({ "zh": zh, "en": en });
    let mut records = vec![record(
        "settings",
        "city",
        json!({ "name": name("示范市", "Model City"), "lng": 116.0, "lat": 36.0, "zoom": 11.0,
                "bounds": [115.0, 35.0, 117.0, 37.0], "edition": "2026", "default_language": "zh" }),
    )];
    for (id, parent, kind, zh) in [
        (1, None, "supervision_center", "监督中心"),
        (BUREAU, None, "responsible", "城管局"),
        (CLEANING, Some(BUREAU), "responsible", "环卫所"),
        (ROADS, None, "responsible", "市政公司"),
    ] {
        let value = json!({ "id": id, "code": format!("D{id}"), "parent": parent, "name": name(zh, "Department"),
            "level": "city", "kind": kind });
        records.push(record("departments", id, value));
    }
    for role in Role::ALL {
        records.push(person_record(person(role).0, role, if role.handles() { CLEANING } else { 1 }));
    }
    records.push(person_record(ROADS_OFFICER, Role::DepartmentOfficer, ROADS));
    records.push(person_record(SECOND_INTAKE, Role::IntakeOperator, 1));
    let grids = "code,community_code,west,south,east,north\n\
        990401001001001,990401001001,116.000,36.000,116.010,36.010\n\
        990401002001001,990401002001,116.010,36.000,116.020,36.010\n";
    records.push(record("unit_grids", "all", json!(grids)));
    let procedure = serde_json::to_value(case::Procedure::standard(1)).expect("json");
    records.push(record("procedures", 1, procedure));
    records
}

pub fn person(role: Role) -> PersonId {
    let at = Role::ALL.iter().position(|one| *one == role).expect("every role");
    PersonId(u32::try_from(at).expect("few") + 1)
}

/// A UUIDv7 of its own each time.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

pub fn place() -> Value {
    json!({ "lng": 116.005, "lat": 36.005, "address": "中山路 1 号" })
}

/// A picture that looks like no picture of another `seed`.
fn picture(seed: u32) -> image::DynamicImage {
    let tile = |x: u32, y: u32| {
        let mut n = (x / 20 + 8 * (y / 20)).wrapping_add(seed.wrapping_mul(0x9e37_79b1));
        for factor in [0x85eb_ca6b, 0xc2b2_ae35] {
            n = (n ^ (n >> 15)).wrapping_mul(factor);
        }
        (n >> 24) as u8
    };
    image::DynamicImage::ImageRgb8(image::RgbImage::from_fn(160, 160, |x, y| {
        image::Rgb([tile(x, y), tile(x, y).wrapping_add(9), tile(x, y) / 2])
    }))
}

pub fn png(seed: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(seed).write_to(&mut bytes, image::ImageFormat::Png).expect("a picture is written");
    bytes.into_inner()
}

/// The same picture, smaller and with losses: other bytes, the same sight.
pub fn jpeg(seed: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let small = picture(seed).resize(120, 120, image::imageops::FilterType::Triangle);
    small.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture is written");
    bytes.into_inner()
}

impl World {
    pub async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::default())).await
    }

    /// On any store; it gets the city when it has none.
    pub async fn on(store: Arc<dyn Store>) -> Self {
        let clock = ManualClock::at(NOW);
        if store.cities().await.expect("a store").is_empty() {
            store.put_records(city(), None, NOW, records()).await.expect("records are written");
        }
        let parts = Parts {
            store: store.clone(),
            blobs: Arc::new(MemoryBlobs::default()),
            time: Arc::new(clock.clone()),
            public_url: "https://city.test".into(),
            demo_accounts: Vec::new(),
        };
        let app = App::open(parts).await.expect("the city opens");
        Self { app, store, clock }
    }

    pub fn who(&self, role: Role) -> Actor {
        self.as_person(person(role).0)
    }

    pub fn as_person(&self, id: u32) -> Actor {
        self.app.actor_of_person(city(), PersonId(id)).expect("active")
    }

    pub async fn photo(&self, seed: u32) -> String {
        self.upload(png(seed)).await
    }

    pub async fn upload(&self, bytes: Vec<u8>) -> String {
        self.app.put_public_attachment(city(), bytes.into()).await.expect("a picture").id
    }

    pub async fn evidence(&self, seed: u32, kind: &str) -> Value {
        json!([{ "attachment": self.photo(seed).await, "kind": kind }])
    }

    /// A report at the desk with a photo; `more` adds or replaces fields.
    pub async fn report_json(&self, text: &str, more: Value) -> Value {
        let mut report = json!({ "id": new_id(), "source": "hotline", "text": text, "class": CLASS, "place": place(),
            "evidence": self.evidence(1, "near").await });
        for (field, value) in more.as_object().into_iter().flatten() {
            report[field] = value.clone();
        }
        report
    }

    pub async fn try_report(&self, actor: &Actor, sent: Value) -> Result<Value, AppError> {
        let sent: ReportIn = serde_json::from_value(sent).expect("a report");
        let done = self.app.report_case(actor, sent).await?;
        let mut view = serde_json::to_value(done.view).expect("json");
        view["created"] = json!(done.created);
        Ok(view)
    }

    /// Id of a case just reported at the desk.
    pub async fn reported(&self, text: &str, more: Value) -> String {
        let sent = self.report_json(text, more).await;
        let view = self.try_report(&self.who(Role::IntakeOperator), sent).await.expect("the report is taken");
        view["id"].as_str().expect("an id").to_owned()
    }

    pub async fn attempt(&self, actor: &Actor, id: &str, step: Value) -> Result<Value, AppError> {
        let request: StepRequest = serde_json::from_value(step).expect("a step");
        let view = self.app.take_step(actor, id, request).await?;
        Ok(serde_json::to_value(view).expect("json"))
    }

    /// A step that must be taken; answers the case as its actor sees it.
    #[track_caller]
    pub fn go<'a>(&'a self, role: Role, id: &'a str, step: Value) -> impl Future<Output = Value> + use<'a> {
        let actor = self.who(role);
        let caller = std::panic::Location::caller();
        async move {
            let said = step.to_string();
            let done = self.attempt(&actor, id, step).await;
            done.unwrap_or_else(|error| panic!("{said} by {role:?} at {caller}: {error:?}"))
        }
    }

    pub async fn stage(&self, id: &str) -> String {
        self.case(id).await.stage.name().as_str().to_owned()
    }

    pub async fn case(&self, id: &str) -> Case {
        let id: CaseId = id.parse().expect("an id");
        self.store.case(city(), id).await.expect("a store").expect("the case is there").case
    }

    pub async fn facts(&self, id: &str) -> Vec<FactRecord> {
        self.store.facts(city(), id.parse().expect("an id")).await.expect("a store")
    }

    /// The step that leads to each stage of the plain way, by whom, and what it carries.
    pub async fn way(&self, department: u32) -> Vec<(&'static str, Role, Value)> {
        let handler = person(Role::Handler);
        let collector = person(Role::Collector);
        let here = json!({ "lng": 116.005, "lat": 36.005 });
        let mut way = vec![
            ("accepted", Role::IntakeOperator, json!({ "step": "accept", "opinion": "内部意见一" })),
            ("filed", Role::ShiftLeader, json!({ "step": "file", "criterion": 1, "opinion": "内部意见二" })),
            (
                "dispatched",
                Role::Dispatcher,
                json!({ "step": "dispatch", "department": department, "opinion": "内部意见三" }),
            ),
            ("handling", Role::DepartmentOfficer, json!({ "step": "sign_for" })),
            (
                "handling",
                Role::DepartmentOfficer,
                json!({ "step": "assign", "handler": handler, "note": "内部意见四" }),
            ),
        ];
        let after = self.evidence(2, "after").await;
        let seen = self.evidence(3, "on_spot").await;
        way.extend([
            ("replied", Role::Handler, json!({ "step": "reply", "text": "已修补", "evidence": after })),
            ("ready_to_verify", Role::Dispatcher, json!({ "step": "pass_on", "opinion": "内部意见五" })),
            ("verifying", Role::IntakeOperator, json!({ "step": "request_verification", "collector": collector, "note": "内部意见六" })),
            (
                "verified",
                Role::Collector,
                json!({ "step": "answer_verification", "outcome": "passed", "opinion": "内部意见七", "evidence": seen, "position": here }),
            ),
            (
                "verified",
                Role::IntakeOperator,
                json!({ "step": "call_back", "reached": true, "satisfied": true, "remark": "内部意见八" }),
            ),
            ("closed", Role::ShiftLeader, json!({ "step": "close", "opinion": "内部意见九" })),
        ]);
        way
    }

    /// Walks the plain way until `stage` is reached for the last time on it.
    pub async fn bring(&self, id: &str, stage: &str) {
        let way = self.way(CLEANING).await;
        let end = way.iter().rposition(|(to, _, _)| *to == stage).expect("a stage of the plain way");
        for (to, role, step) in way.into_iter().take(end + 1) {
            self.go(role, id, step).await;
            assert_eq!(self.stage(id).await, to);
        }
    }

    /// Everything about a case and the city's order of commits: equal before and after means nothing happened.
    pub async fn trace(&self, id: &str) -> (Case, usize, (i64, u32), i64) {
        let head = self.store.head(city()).await.expect("a store");
        let records = self.store.records_version(city()).await.expect("a store");
        (self.case(id).await, self.facts(id).await.len(), head, records)
    }

    /// Templates of the messages that wait for this address.
    pub async fn told(&self, address: &str) -> Vec<String> {
        let queued = self.store.take_notices(self.app.now(), 0, 10_000).await.expect("a store");
        queued.into_iter().filter(|q| q.notice.to == address).map(|q| q.notice.template).collect()
    }

    /// No row differs from what its facts add up to.
    pub async fn proved(&self) {
        let report = self.app.replay(city(), None).await.expect("a store");
        assert!(report.differing.is_empty(), "{:?}", report.differing);
        assert!(report.cases > 0);
    }
}
