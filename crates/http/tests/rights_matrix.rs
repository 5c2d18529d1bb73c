//! Nobody sees or touches a case outside their rights: every operation that shows or changes a case, every
//! list, count, export and the live stream, against a small evaluator written independently.
//!
//! The normal run takes a sample of the triples (person × case × operation); `YIWANG_FULL=1` takes all.

use app::ports::{Append, PutRecord, Store};
use app::{App, Parts};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use case::{ApprovalKind, Case, Command, Level, Place, Procedure, Report, Source};
use kernel::{
    Actor, CaseId, CaseNumber, CityCode, ClassKey, DepartmentId, GridCode, PersonId, Point, Post, Role,
    Scope, Timestamp,
};
use serde_json::{Value, json};
use spatial::mercator::TileId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use testkit::{FixedClock, MemoryBlobs, MemoryStore};
use tower::ServiceExt;
use uuid::Uuid;
use yiwang_http::{HttpOptions, RateLimits};

// Under the name that the shared reader knows it by.
extern crate spatial as yiwang_spatial;

#[path = "../../spatial/tests/engine/reading.rs"]
#[allow(dead_code)] // shared with the tests of the tiles themselves
mod reading;

const CITY: u32 = 990_200;
/// Monday 2026-03-02 09:00 in Shanghai.
const NOW: Timestamp = Timestamp(1_772_413_200_000);
const CLASSES: [&str; 3] = ["2026-component-01001", "2026-component-01037", "2026-event-06013"];
/// Two streets in each of three districts.
const STREETS: [&str; 6] = ["990201001", "990201002", "990202001", "990202002", "990203001", "990203002"];

#[derive(Clone)]
struct Person {
    id: PersonId,
    posts: Vec<Post>,
}

/// The reference: who may see a case, said once more in as few words as possible.
fn sees(person: &Person, case: &Case) -> bool {
    person.posts.iter().any(|post| {
        let grid = case.report.place.grid.as_ref().map(|g| g.as_str().to_owned());
        let area = post.scope.areas.is_empty()
            || post.scope.areas.iter().any(|a| grid.as_ref().is_some_and(|g| g.starts_with(a.as_str())));
        let class = post.scope.classes.is_empty()
            || case.class.as_ref().is_some_and(|c| post.scope.classes.contains(c));
        match post.role {
            Role::IntakeOperator | Role::ShiftLeader | Role::Dispatcher | Role::Leader | Role::Supervisor => {
                area && class
            }
            Role::DepartmentOfficer => {
                let mut touched = case.departments.clone();
                touched.extend(case.department());
                touched.extend(case.stage.assignment().into_iter().flat_map(|to| to.assisting.clone()));
                area && class && touched.iter().any(|d| below(*d, post.department))
            }
            Role::Handler => case.stage.handler() == Some(person.id) || worked(person, case),
            Role::Collector => {
                (!post.scope.areas.is_empty() && area && class)
                    || case.stage.collector() == Some(person.id)
                    || case.reported_by == Some(person.id)
                    || worked(person, case)
            }
            Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin => false,
        }
    })
}

/// What one had in hand stays in sight.
fn worked(person: &Person, case: &Case) -> bool {
    case.handled_by.contains(&person.id) || case.collected_by.contains(&person.id)
}

/// Departments: 1 centre; 10 with its sub-units 11 and 12; 20 with 21.
fn below(department: DepartmentId, ancestor: DepartmentId) -> bool {
    department == ancestor || (ancestor.0.is_multiple_of(10) && department.0 / 10 == ancestor.0 / 10)
}

fn city() -> CityCode {
    CityCode::new(CITY).expect("six digits")
}

fn record<T: serde::Serialize>(kind: &str, key: impl ToString, value: T) -> PutRecord {
    let value = serde_json::to_value(value).expect("a record serialises");
    PutRecord { kind: kind.to_owned(), key: key.to_string(), expected_version: 0, value: Some(value) }
}

/// Every role over three areas and two class scopes, and in three departments where departments count.
fn people() -> Vec<Person> {
    let areas: [&[&str]; 3] = [&[], &["990201"], &["990202001", "990203"]];
    let classes: [&[&str]; 2] = [&[], &["2026-component-01037"]];
    let mut people = Vec::new();
    for role in Role::ALL {
        let departments: &[u32] = if role.handles() { &[10, 11, 20] } else { &[1] };
        for department in departments {
            for area in areas {
                for class in classes {
                    let id = PersonId(u32::try_from(people.len()).expect("few") + 1);
                    let scope = Scope {
                        areas: area.iter().map(|a| a.parse().expect("a code")).collect(),
                        classes: class.iter().map(|c| c.parse().expect("a class")).collect(),
                    };
                    let posts = vec![Post { role, department: DepartmentId(*department), scope }];
                    people.push(Person { id, posts });
                }
            }
        }
    }
    people
}

fn records(people: &[Person]) -> Vec<PutRecord> {
    let name = |text: &str| json!({ "zh": text, "en": text });
    let mut records = vec![record(
        "settings",
        "city",
        json!({ "name": name("示范"), "lng": 116.0, "lat": 36.0, "zoom": 11.0, "bounds": [115.0, 35.0, 117.0, 37.0],
                "edition": "2026", "default_language": "zh" }),
    )];
    for (id, parent, kind) in [
        (1, None, "supervision_center"),
        (10, None, "responsible"),
        (11, Some(10), "responsible"),
        (12, Some(10), "responsible"),
        (20, None, "responsible"),
        (21, Some(20), "responsible"),
    ] {
        let value = json!({ "id": id, "code": format!("D{id}"), "parent": parent, "name": name("部门"), "level": "city", "kind": kind });
        records.push(record("departments", id, value));
    }
    for person in people {
        let value = json!({ "id": person.id, "account": format!("person{}", person.id), "name": name("人员"),
                            "department": person.posts[0].department, "posts": person.posts });
        records.push(record("people", person.id, value));
    }
    let mut grids = String::from("code,community_code,west,south,east,north\n");
    for (i, street) in STREETS.iter().enumerate() {
        let west = 116.0 + i as f64 * 0.01;
        grids.push_str(&format!("{street}001001,{street}001,{west:.3},36.000,{:.3},36.010\n", west + 0.01));
    }
    records.push(record("unit_grids", "all", grids));
    let mut history = Procedure::history(1);
    history.fast_channels = vec![case::procedure::FastChannel {
        name: "any".into(),
        sources: Vec::new(),
        classes: Vec::new(),
        areas: Vec::new(),
        file: true,
        dispatch: true,
        audit_percent: 0,
    }];
    records.push(record("procedures", 1, history));
    records
}

/// Cases in every kind of hands, over all streets and classes.
fn cases(config: &app::Config, people: &[Person]) -> Vec<Append> {
    let who = |role: Role, department: u32| {
        let found = people.iter().find(|p| {
            let post = &p.posts[0];
            post.role == role
                && post.department.0 == department
                && post.scope.areas.is_empty()
                && post.scope.classes.is_empty()
        });
        found.expect("everybody is there")
    };
    let actor = |person: &Person| Actor::person(city(), person.id, person.posts.clone());
    let collectors: Vec<&Person> = people.iter().filter(|p| p.posts[0].role == Role::Collector).collect();
    let handlers: Vec<&Person> = people.iter().filter(|p| p.posts[0].role == Role::Handler).collect();
    let mut appends = Vec::new();
    let mut number = 0u32;
    for street in STREETS.iter().map(Some).chain([None]) {
        for (at, class) in CLASSES.iter().enumerate() {
            for kind in 0..7u32 {
                number += 1;
                let i = number as usize;
                let system = Actor::system(city(), "any", 1);
                let ctx = config.context(1, NOW).expect("the procedure is there");
                let id =
                    CaseId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)));
                let grid: Option<GridCode> = street.map(|s| format!("{s}001001").parse().expect("a grid"));
                let point =
                    grid.as_ref().and_then(|g| config.grids.centre(g)).or_else(|| Point::new(116.5, 36.5));
                let by_collector = kind == 6;
                let report = Report {
                    source: if by_collector { Source::Collector } else { Source::Hotline },
                    text: format!("井盖 test {number}"),
                    place: Place { point, grid, address: "东风街".into() },
                    class: Some(class.parse::<ClassKey>().expect("a class")),
                    component: None,
                    evidence: Vec::new(),
                    urgent: false,
                    consultation: false,
                    wants_answer: false,
                    attributes: BTreeMap::new(),
                };
                let reporter =
                    if by_collector { actor(collectors[i % collectors.len()]) } else { system.clone() };
                let command = Command::Report {
                    id,
                    number: CaseNumber::new(city(), 20_260_302, number),
                    report,
                    procedure: 1,
                    parent: None,
                    level: Level::City,
                };
                let mut done = case::decide::run(None, command, &reporter, &ctx).expect("a report is taken");
                let department = DepartmentId([10, 11, 12, 20, 21][(i + at) % 5]);
                let officer = actor(who(Role::DepartmentOfficer, if department.0 < 20 { 10 } else { 20 }));
                let mut step = |command: Command, by: &Actor| {
                    let more =
                        case::decide::run(Some(&done.case), command, by, &ctx).expect("the script is legal");
                    done.case = more.case;
                    done.records.extend(more.records);
                };
                if kind == 1 {
                    let collector = collectors[i % collectors.len()].id;
                    step(
                        Command::RequestConfirmation { collector, note: String::new() },
                        &actor(who(Role::IntakeOperator, 1)),
                    );
                }
                if (2..6).contains(&kind) {
                    step(Command::Accept { opinion: String::new() }, &system);
                    let standard = case::command::Standard {
                        class: class.parse().expect("a class"),
                        criterion: 1,
                        criterion_text: "条件".into(),
                        closing_text: "标准".into(),
                        limit: kernel::TimeLimit::work_hours(4),
                        due: None,
                    };
                    step(Command::File { standard, opinion: String::new(), procedure: 1 }, &system);
                }
                if (3..6).contains(&kind) {
                    let assisting = if i.is_multiple_of(4) {
                        vec![DepartmentId(if department.0 < 20 { 21 } else { 12 })]
                    } else {
                        Vec::new()
                    };
                    step(Command::Dispatch { department, assisting, opinion: String::new() }, &system);
                }
                if kind == 4 {
                    step(Command::SignFor, &officer);
                    step(
                        Command::Assign { handler: handlers[i % handlers.len()].id, note: String::new() },
                        &officer,
                    );
                }
                if kind == 5 {
                    let ask = Command::RequestApproval {
                        approval: ApprovalKind::Return,
                        reason: "不属于我单位".into(),
                        extra: None,
                        until: None,
                        evidence: Vec::new(),
                    };
                    step(ask, &officer);
                    let dispatcher = actor(who(Role::Dispatcher, 1));
                    step(
                        Command::Approve { approval: ApprovalKind::Return, opinion: String::new() },
                        &dispatcher,
                    );
                    let other = DepartmentId(if department.0 < 20 { 21 } else { 11 });
                    step(
                        Command::Reassign {
                            department: other,
                            assisting: Vec::new(),
                            opinion: String::new(),
                        },
                        &dispatcher,
                    );
                }
                appends.push(Append {
                    city: city(),
                    state: done.case,
                    expected_version: 0,
                    facts: done.records,
                    command: None,
                    words: None,
                    reporter: None,
                    secret_hash: None,
                    notices: Vec::new(),
                    photo_hashes: Vec::new(),
                });
            }
        }
    }
    appends
}

struct World {
    app: App,
    router: Router,
    people: Vec<Person>,
    cases: Vec<Case>,
    tokens: BTreeMap<PersonId, String>,
}

async fn world() -> World {
    let store = Arc::new(MemoryStore::default());
    let people = people();
    store.put_records(city(), None, NOW, records(&people)).await.expect("records are written");
    let parts = Parts {
        store: store.clone(),
        blobs: Arc::new(MemoryBlobs::default()),
        time: Arc::new(FixedClock(NOW)),
        public_url: "http://test".into(),
        demo_accounts: Vec::new(),
    };
    let app = App::open(parts).await.expect("the city opens");
    let config = app.config(city()).expect("the city is there");
    let appends = cases(&config, &people);
    let states: Vec<Case> = appends.iter().map(|a| a.state.clone()).collect();
    app.commit_bulk(appends).await.expect("cases are written");
    let mut tokens = BTreeMap::new();
    for person in &people {
        let actor = app.actor_of_person(city(), person.id).expect("active");
        let token = app.create_token(&actor, "test", 1).await.expect("a token").token;
        tokens.insert(person.id, token);
    }
    let options = HttpOptions { limits: RateLimits::NONE, ..HttpOptions::default() };
    let router = yiwang_http::router(app.clone(), options);
    World { app, router, people, cases: states, tokens }
}

impl World {
    async fn ask(
        &self,
        person: PersonId,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Vec<u8>) {
        let token = self.tokens.get(&person).map(|t| format!("Bearer {t}")).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", token);
        }
        if matches!(method, "PUT" | "DELETE") {
            request = request.header("if-match", "\"1\"");
        }
        request = request.extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))));
        let request = match body {
            Some(value) => request
                .header("content-type", "application/json")
                .body(Body::from(value.to_string()))
                .expect("a request"),
            None => request.body(Body::empty()).expect("a request"),
        };
        let response = self.router.clone().oneshot(request).await.expect("never fails");
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.expect("a body");
        (status, bytes.to_vec())
    }

    async fn json(&self, person: PersonId, path: &str) -> (StatusCode, Value) {
        let (status, bytes) = self.ask(person, "GET", path, None).await;
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

/// Steps tried on every case; the version is wrong on purpose, so that a seen case answers 412 and nothing moves.
const STEPS: [&str; 12] = [
    r#"{"step":"close"}"#,
    r#"{"step":"claim"}"#,
    r#"{"step":"accept"}"#,
    r#"{"step":"decline","reason":"x"}"#,
    r#"{"step":"file","criterion":1}"#,
    r#"{"step":"dispatch","department":10}"#,
    r#"{"step":"reply","text":"x"}"#,
    r#"{"step":"pass_on"}"#,
    r#"{"step":"force_close","order":"x"}"#,
    r#"{"step":"comment","text":"x"}"#,
    r#"{"step":"urge","level":"urge","requirement":"x"}"#,
    r#"{"step":"request_extension","reason":"x"}"#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_or_touches_a_case_outside_their_rights() {
    let world = world().await;
    let full = std::env::var_os("YIWANG_FULL").is_some();
    let mut triples = 0u64;
    let mut leaks: Vec<String> = Vec::new();
    for (p, person) in world.people.iter().enumerate() {
        for (c, case) in world.cases.iter().enumerate() {
            if !full && !(p + c).is_multiple_of(19) {
                continue;
            }
            let seen = sees(person, case);
            let id = case.id;
            for part in ["", "/facts", "/proposals", "/collectors", "/handlers"] {
                let (status, _) = world.ask(person.id, "GET", &format!("/api/cases/{id}{part}"), None).await;
                triples += 1;
                let fits = if seen {
                    status == StatusCode::OK || status == StatusCode::FORBIDDEN
                } else {
                    !status.is_success()
                };
                let exact = part.is_empty() && seen != (status == StatusCode::OK);
                if !fits || exact {
                    leaks.push(format!(
                        "GET {id}{part} by {:?}: {status}, expected seen={seen}",
                        person.posts
                    ));
                }
            }
            for step in STEPS {
                let mut body: Value = serde_json::from_str(step).expect("json");
                body["version"] = json!(999_999);
                let (status, _) =
                    world.ask(person.id, "POST", &format!("/api/cases/{id}/steps"), Some(body)).await;
                triples += 1;
                let expected = if seen { StatusCode::PRECONDITION_FAILED } else { StatusCode::NOT_FOUND };
                if status != expected {
                    leaks
                        .push(format!("{step} on {id} by {:?}: {status}, expected {expected}", person.posts));
                }
            }
        }
    }
    println!("{triples} triples, {} leaks", leaks.len());
    assert!(leaks.is_empty(), "{} leaks, first: {:#?}", leaks.len(), &leaks[..leaks.len().min(5)]);
    assert!(triples >= if full { 100_000 } else { 5_000 }, "only {triples} triples");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_counts_maps_exports_and_queues_show_the_same_cases_and_no_more() {
    let world = world().await;
    let mut compared = 0u64;
    for person in &world.people {
        let expected: Vec<String> =
            world.cases.iter().filter(|case| sees(person, case)).map(|case| case.id.to_string()).collect();
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) =
                world.json(person.id, &format!("/api/cases?limit=60&sort=number{cursor}")).await;
            if status == StatusCode::FORBIDDEN {
                assert!(
                    expected.is_empty(),
                    "{:?} may list nothing but sees {}",
                    person.posts,
                    expected.len()
                );
                break;
            }
            assert_eq!(status, StatusCode::OK, "{page}");
            assert_eq!(page["total"].as_u64(), Some(expected.len() as u64), "{:?}", person.posts);
            for item in page["items"].as_array().expect("items") {
                found.push(item["id"].as_str().expect("an id").to_owned());
                assert!(item.get("reporter").is_none(), "a list never says who reported");
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        found.sort_unstable();
        let mut wanted = expected.clone();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{:?}", person.posts);
        for by in ["stage", "department", "class", "street"] {
            let (status, count) = world.json(person.id, &format!("/api/cases/count?group_by={by}")).await;
            if status == StatusCode::OK {
                // A department counts with its sub-units: the groups at the top are what adds up.
                let top = |key: &str| by != "department" || ["0", "1", "10", "20"].contains(&key);
                let sum: u64 = count["groups"]
                    .as_array()
                    .expect("groups")
                    .iter()
                    .filter(|g| top(g["key"].as_str().unwrap_or_default()))
                    .filter_map(|g| g["count"].as_u64())
                    .sum();
                assert_eq!(
                    (count["total"].as_u64(), sum),
                    (Some(expected.len() as u64), expected.len() as u64)
                );
            }
            compared += 1;
        }
        let (status, geo) = world.json(person.id, "/api/cases/geo").await;
        if status == StatusCode::OK {
            let text = geo.to_string();
            for case in world.cases.iter().filter(|case| !sees(person, case)) {
                assert!(!text.contains(&case.id.to_string()), "the map leaks {}", case.id);
                compared += 1;
            }
        }
        let (status, csv) = world.ask(person.id, "GET", "/api/cases/export?format=csv", None).await;
        if status == StatusCode::OK {
            let text = String::from_utf8_lossy(&csv);
            for case in &world.cases {
                assert_eq!(
                    text.contains(case.number.as_str()),
                    sees(person, case),
                    "export of {:?}",
                    person.posts
                );
                compared += 1;
            }
        }
    }
    println!("{compared} comparisons");
    assert!(compared > 10_000);
}

/// Numbers of the cases on the tiles of a zoom, of every tile that holds a case.
async fn on_tiles(world: &World, person: PersonId, z: u8) -> (BTreeSet<String>, i64) {
    let tiles: BTreeSet<TileId> = world
        .cases
        .iter()
        .filter_map(|case| case.report.place.point)
        .map(|point| TileId::at(point.lng(), point.lat(), z))
        .collect();
    let (mut numbers, mut count) = (BTreeSet::new(), 0);
    for tile in tiles {
        let path = format!("/api/tiles/cases/{z}/{}/{}", tile.x(), tile.y());
        let (status, body) = world.ask(person, "GET", &path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        for feature in reading::tile(&body).into_iter().flat_map(|layer| layer.features) {
            count += feature.number("count").unwrap_or(1);
            if let Some(reading::Read::Text(number)) = feature.get("number") {
                numbers.insert(number.clone());
            }
        }
    }
    (numbers, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiles_and_features_hold_no_case_that_a_list_would_hide() {
    let world = world().await;
    let mut compared = 0u64;
    for person in &world.people {
        let seen: BTreeSet<String> = world
            .cases
            .iter()
            .filter(|case| sees(person, case))
            .map(|case| case.number.as_str().to_owned())
            .collect();
        let (deep, _) = on_tiles(&world, person.id, 16).await;
        assert_eq!(deep, seen, "tiles of {:?}", person.posts);
        // Every case lies on the one tile of zoom 5: what is clustered is counted by the same rights.
        let (_, count) = on_tiles(&world, person.id, 5).await;
        assert_eq!(count, seen.len() as i64, "clusters of {:?}", person.posts);
        let (status, page) = world.json(person.id, "/ogc/collections/cases/items?limit=1000").await;
        assert_eq!(status, StatusCode::OK);
        let features = page["features"].as_array().expect("features").iter();
        let found: BTreeSet<String> =
            features.map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(found, seen, "features of {:?}", person.posts);
        let (_, hits) =
            world.json(person.id, "/api/things/at?lng=116.005&lat=36.005&metres=500&layers=cases").await;
        for hit in hits["items"].as_array().expect("items") {
            assert!(seen.contains(hit["case"]["number"].as_str().expect("a number")), "{:?}", person.posts);
        }
        compared += world.cases.len() as u64 * 3;
    }
    println!("{compared} comparisons");
    assert!(compared > 10_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_stream_tells_only_of_cases_one_may_see() {
    let world = world().await;
    let mut compared = 0u64;
    for person in &world.people {
        let actor = world.app.actor_of_person(city(), person.id).expect("active");
        let rights = world.app.sees(&actor).expect("rights");
        for (serial, case) in world.cases.iter().enumerate() {
            let change = app::live::Change {
                city: city(),
                position: 1,
                serial: u32::try_from(serial).expect("few"),
                id: case.id,
                version: case.version,
                stage: case.stage.name().as_str(),
                facts: vec!["commented"],
                at: NOW.millis(),
            };
            assert_eq!(rights.change(&change), sees(person, case), "{:?} {}", person.posts, case.id);
            compared += 1;
        }
    }
    println!("{compared} comparisons");
}

/// Operations anybody may call, operations any signed-in person may call, and the roles of the others.
/// An operation of the OpenAPI document that stands in none of them fails the test.
fn operation_roles(method: &str, path: &str) -> Option<Allowed> {
    use Role::{
        AuditAdmin, Collector, DepartmentOfficer, Dispatcher, Handler, IntakeOperator, Leader, SecurityAdmin,
        ShiftLeader, Supervisor, SystemAdmin,
    };
    if path.starts_with("/api/public/") || path.starts_with("/open311/") || path.starts_with("/api/oidc/") {
        return Some(Allowed::Anybody);
    }
    Some(match (method, path) {
        ("get", "/healthz" | "/api/login-options") | ("post" | "delete", "/api/session") => Allowed::Anybody,
        (
            "get",
            "/api/me" | "/api/me/tokens" | "/api/vocabulary" | "/api/workbench" | "/api/views" | "/api/inbox",
        )
        | (
            "post",
            "/api/me/password"
            | "/api/me/tokens"
            | "/api/attachments"
            | "/api/duplicates"
            | "/api/shifts/hand-over",
        )
        | ("put", "/api/views")
        | ("delete", "/api/me/tokens/{id}" | "/api/inbox/{id}")
        | (
            "get",
            "/api/classes/search"
            | "/api/places"
            | "/api/places/find"
            | "/api/places/at"
            | "/api/places/{id}"
            | "/api/places/{id}/history"
            | "/api/holidays"
            | "/api/live"
            | "/api/basemaps",
        ) => Allowed::SignedIn,
        // What a layer and a collection show is the matrix above.
        (
            "get",
            "/api/tiles/{layer}/{z}/{x}/{y}"
            | "/api/layers"
            | "/api/things"
            | "/api/things/at"
            | "/api/things/{serial}",
        ) => Allowed::SignedIn,
        ("get", path) if path.starts_with("/ogc") => Allowed::SignedIn,
        // What a case shows and takes is the matrix above.
        (
            "get",
            "/api/cases"
            | "/api/cases/count"
            | "/api/cases/geo"
            | "/api/cases/{id}"
            | "/api/cases/{id}/facts"
            | "/api/cases/{id}/proposals"
            | "/api/cases/{id}/collectors"
            | "/api/cases/{id}/handlers"
            | "/api/cases/{id}/print"
            | "/api/attachments/{id}",
        )
        | ("post", "/api/cases/{id}/steps" | "/api/cases/steps" | "/api/cases/{id}/join" | "/api/cases") => {
            Allowed::SignedIn
        }
        (
            "get",
            "/api/cases/export" | "/api/ledgers/{kind}" | "/api/ledgers/{kind}/export" | "/api/overview",
        ) => Allowed::Roles(&[ShiftLeader, Dispatcher, Leader, Supervisor, DepartmentOfficer]),
        (
            "get",
            "/api/components"
            | "/api/components/summary"
            | "/api/components/{code}"
            | "/api/components/{code}/history"
            | "/api/components/{code}/qr.svg"
            | "/api/components/{code}/attachments/{id}",
        ) => Allowed::SignedIn,
        ("post", "/api/components" | "/api/components/batch" | "/api/surveys" | "/api/surveys/ownership")
        | ("put", "/api/surveys/{survey}") => Allowed::Roles(&[SystemAdmin]),
        // Confirming ownership is an officer's too, of their own department.
        ("post", "/api/components/{code}/steps") => Allowed::Roles(&[SystemAdmin, DepartmentOfficer]),
        (
            "get",
            "/api/edits"
            | "/api/edits/{edit}"
            | "/api/edits/{edit}/check"
            | "/api/surveys"
            | "/api/surveys/duty"
            | "/api/surveys/{survey}"
            | "/api/surveys/{survey}/progress"
            | "/api/surveys/{survey}/tasks"
            | "/api/surveys/{survey}/captures"
            | "/api/surveys/{survey}/captures/{capture}/attachments/{id}"
            | "/api/surveys/{survey}/samples",
        )
        | ("post", "/api/edits/{edit}/steps" | "/api/surveys/{survey}/samples/{sample}/visits") => {
            Allowed::Roles(&[SystemAdmin, Collector, Leader, Supervisor, ShiftLeader])
        }
        ("post", "/api/edits" | "/api/edits/{edit}/commands" | "/api/surveys/{survey}/captures")
        | ("delete", "/api/edits/{edit}/commands/last") => Allowed::Roles(&[SystemAdmin, Collector]),
        ("post", "/api/surveys/{survey}/decisions" | "/api/surveys/{survey}/samples") => {
            Allowed::Roles(&[SystemAdmin, Leader, Supervisor, ShiftLeader])
        }
        ("get", "/api/surveys/ownership") => {
            Allowed::Roles(&[SystemAdmin, Leader, Supervisor, ShiftLeader, DepartmentOfficer])
        }
        ("get", "/api/callers") => Allowed::Roles(&[IntakeOperator, ShiftLeader]),
        ("get", "/api/proposals") => {
            Allowed::Roles(&[IntakeOperator, ShiftLeader, Dispatcher, Leader, Supervisor])
        }
        ("get", "/api/audit") => Allowed::Roles(&[AuditAdmin]),
        // Which registers and entries one sees is the pack's to say; its tests are beside the use cases.
        ("get", path) if path == "/api/registers" || path.starts_with("/api/registers/") => Allowed::SignedIn,
        ("post", path) if path.starts_with("/api/registers/") => Allowed::SignedIn,
        ("get" | "post", path) if path == "/api/packs" || path.starts_with("/api/packs/") => {
            Allowed::Roles(&[SystemAdmin])
        }
        ("get" | "post", "/api/check") => Allowed::Roles(&[SystemAdmin, AuditAdmin, Leader]),
        ("get", "/api/jobs") => Allowed::Roles(&[SystemAdmin, AuditAdmin]),
        ("get", "/api/catalogue")
        | (
            "get",
            "/api/records/{kind}" | "/api/records/{kind}/{key}" | "/api/records/{kind}/{key}/history",
        ) => Allowed::NotRoles(&[Collector, Handler, DepartmentOfficer, AuditAdmin]),
        ("post", "/api/places/batch" | "/api/places/batch/table") => Allowed::SignedIn,
        ("put" | "delete", "/api/places/{id}") => Allowed::Roles(&[SystemAdmin]),
        ("put" | "delete", "/api/records/{kind}/{key}") => Allowed::Roles(&[SystemAdmin]),
        (
            "get",
            "/api/grids"
            | "/api/grids/geojson"
            | "/api/grids/at"
            | "/api/grids/editions"
            | "/api/grids/editions/{edition}"
            | "/api/grids/{code}"
            | "/api/duty-grids"
            | "/api/divisions",
        ) => Allowed::SignedIn,
        (
            "get",
            "/api/grids/drafts"
            | "/api/grids/drafts/{id}"
            | "/api/grids/drafts/{id}/geojson"
            | "/api/grids/drafts/{id}/check",
        )
        | ("post", "/api/grids/drafts/{id}/steps") => {
            Allowed::Roles(&[SystemAdmin, ShiftLeader, Leader, Supervisor])
        }
        ("post", "/api/grids/drafts" | "/api/grids/drafts/{id}/edits" | "/api/divisions/load") => {
            Allowed::Roles(&[SystemAdmin])
        }
        ("post", "/api/duty-grids/rotation") => Allowed::Roles(&[SystemAdmin, ShiftLeader]),
        ("post", "/api/import/{kind}") => Allowed::Roles(&[SystemAdmin]),
        (
            "get" | "post" | "put" | "delete",
            "/api/transfers"
            | "/api/transfers/{id}"
            | "/api/transfers/{id}/look"
            | "/api/transfers/{id}/guess"
            | "/api/transfers/{id}/places"
            | "/api/transfers/{id}/check"
            | "/api/transfers/{id}/run"
            | "/api/transfers/{id}/stop"
            | "/api/transfers/{id}/faults"
            | "/api/transfer-fields"
            | "/api/transfer-profiles"
            | "/api/transfer-profiles/{name}",
        ) => Allowed::Roles(&[SystemAdmin]),
        ("get", "/api/exports/{collection}") => {
            Allowed::Roles(&[SystemAdmin, ShiftLeader, Dispatcher, Leader, Supervisor, DepartmentOfficer])
        }
        ("post", "/api/procedures/{v}/migrate") => Allowed::Roles(&[SystemAdmin]),
        (
            "post" | "delete",
            "/api/people/{id}/password-reset" | "/api/people/{id}/unlock" | "/api/people/{id}/sessions",
        ) => Allowed::Roles(&[SecurityAdmin]),
        _ => return None,
    })
}

enum Allowed {
    Anybody,
    SignedIn,
    Roles(&'static [Role]),
    NotRoles(&'static [Role]),
}

/// A body that can be read, so that the right is what refuses it.
fn body_of(method: &str, path: &str) -> Option<Value> {
    const ID: &str = "01960000-0000-7000-8000-000000000000";
    let lamp = json!({ "place": "POINT(116.005 36.005)", "accuracy": "A", "class": "2026-component-01037" });
    let round = json!({ "name": "普查", "from": "2026-03-01", "until": "2026-04-01" });
    Some(match (method, path) {
        ("post", "/api/components") => lamp,
        ("post", "/api/components/batch") => json!({ "select": { "grid": ["990201"] }, "state": "lost" }),
        ("post", "/api/components/{code}/steps") => json!({ "step": "remove", "reason": "x" }),
        ("post", "/api/edits") => json!({ "id": ID, "title": "x" }),
        ("post", "/api/edits/{edit}/commands") => {
            json!({ "command": { "kind": "register", "component": lamp } })
        }
        ("post", "/api/edits/{edit}/steps") => json!({ "step": "publish" }),
        ("post", "/api/surveys") => json!({ "id": ID, "round": round }),
        ("put", "/api/surveys/{survey}") => round,
        ("post", "/api/surveys/ownership") => json!({ "select": {} }),
        ("post", "/api/surveys/{survey}/captures") => {
            json!({ "id": ID, "kind": "confirm", "code": "99020101037000001" })
        }
        ("post", "/api/surveys/{survey}/decisions") => json!({ "captures": [ID], "accept": true }),
        ("post", "/api/surveys/{survey}/samples") => {
            json!({ "id": ID, "count": 1, "seed": 1, "error_percent_max": 5 })
        }
        ("post", "/api/surveys/{survey}/samples/{sample}/visits") => json!({ "capture": ID, "agrees": true }),
        ("put" | "post", path) if path.starts_with("/api/places") => {
            json!({ "value": { "kind": "poi", "place": "POINT(116 36)" } })
        }
        ("put" | "post", _) => json!({ "value": {} }),
        _ => return None,
    })
}

/// A path with something plausible in its holes.
fn filled(path: &str) -> String {
    let path = path.replace("/api/records/{kind}", "/api/records/calendars");
    let path = path
        .replace("/api/ledgers/{kind}", "/api/ledgers/return")
        .replace("/api/import/{kind}", "/api/import/departments")
        .replace("/api/exports/{collection}", "/api/exports/components")
        .replace("/api/transfer-profiles/{name}", "/api/transfer-profiles/mine");
    let path = path.replace("{code}", "99020101037000001");
    let path = path.replace("/people/{id}", "/people/1").replace("{key}", "main").replace("{v}", "2");
    let path = path.replace("/api/packs/{id}", "/api/packs/signs");
    let query = match path.as_str() {
        "/api/callers" => "?phone=5550100",
        "/api/proposals" => "?class=2026-component-01001",
        "/api/catalogue" => "?edition=2026",
        "/api/cases/export" | "/api/ledgers/return/export" => "?format=csv",
        "/api/exports/components" => "?format=csv",
        "/api/transfer-profiles/mine" => "?version=1",
        _ => "",
    };
    format!("{path}{query}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_the_document_refuses_the_wrong_roles_and_strangers() {
    let world = world().await;
    let document = serde_json::to_value(yiwang_http::openapi()).expect("a document");
    let stranger = PersonId(u32::MAX);
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            if !["get", "post", "put", "delete", "patch"].contains(&method.as_str()) {
                continue;
            }
            let allowed = operation_roles(method, path)
                .unwrap_or_else(|| panic!("{method} {path} has no row in this test: who may call it?"));
            if matches!(allowed, Allowed::Anybody) {
                continue;
            }
            let target = filled(path);
            let (status, _) = world.ask(stranger, &method.to_uppercase(), &target, None).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} answers strangers");
            for role in Role::ALL {
                let fits = match allowed {
                    Allowed::Roles(roles) => roles.contains(&role),
                    Allowed::NotRoles(roles) => !roles.contains(&role),
                    Allowed::Anybody | Allowed::SignedIn => true,
                };
                if fits || target.starts_with("/api/live") {
                    continue;
                }
                let person = world.people.iter().find(|p| p.posts[0].role == role).expect("every role");
                let body = body_of(method, path);
                let (status, _) = world.ask(person.id, &method.to_uppercase(), &target, body).await;
                checked += 1;
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} by {role:?}");
            }
        }
    }
    println!("{checked} wrong roles refused");
    assert!(checked > 50);
}
