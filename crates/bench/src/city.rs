//! A city of six hundred unit grids, forty departments and two hundred people, and the keys to its doors.

use anyhow::Context;
use app::ports::{PutRecord, Store as _, TimeSource};
use app::{App, Parts};
use case::Procedure;
use kernel::calendar::{CalendarSpec, Zone};
use kernel::{CityCode, DepartmentId, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use store::Store;
use testkit::MemoryBlobs;

pub const GRIDS: u32 = 600;
const GRIDS_A_ROW: u32 = 30;
/// Side of a grid in degrees.
const SIDE: f64 = 0.01;
const WEST: f64 = 116.0;
const SOUTH: f64 = 36.0;
pub const DEPARTMENTS: u32 = 40;
/// The centre, above the departments that handle.
pub const CENTRE: DepartmentId = DepartmentId(1);

pub fn code() -> CityCode {
    CityCode::new(990_300).expect("six digits")
}

/// The department that handles, by its place in the list.
pub const fn department(place: u32) -> DepartmentId {
    DepartmentId(10 + place)
}

/// How many people a role has; the handling ones for each department.
pub const fn people_of(role: Role) -> u32 {
    match role {
        Role::Collector => 40,
        Role::IntakeOperator => 16,
        Role::ShiftLeader | Role::Dispatcher => 8,
        Role::DepartmentOfficer => DEPARTMENTS,
        Role::Handler => DEPARTMENTS * 2,
        Role::Leader => 4,
        Role::Supervisor => 2,
        Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin => 1,
    }
}

/// The `place`-th person of a role. Officers and handlers follow the departments.
pub fn person(role: Role, place: u32) -> PersonId {
    let hundred = Role::ALL.iter().position(|one| *one == role).unwrap_or_default();
    PersonId(u32::try_from(hundred).unwrap_or_default() * 1_000 + 1_000 + place % people_of(role))
}

/// The department of an officer or handler by place.
pub const fn department_of(place: u32) -> DepartmentId {
    department(place % DEPARTMENTS)
}

/// Code, community, west, south, east, north.
pub fn grid(place: u32) -> (String, String, f64, f64) {
    let (district, rest) = (place / 150, place % 150);
    let (street, rest) = (rest / 25, rest % 25);
    let (community, unit) = (rest / 5, rest % 5);
    let community = format!("{}{:03}{:03}", 990_301 + district, street + 1, community + 1);
    let west = WEST + f64::from(place % GRIDS_A_ROW) * SIDE;
    let south = SOUTH + f64::from(place / GRIDS_A_ROW) * SIDE;
    (format!("{community}{:03}", unit + 1), community, west, south)
}

fn record(kind: &str, key: impl ToString, value: Value) -> PutRecord {
    PutRecord { kind: kind.to_owned(), key: key.to_string(), expected_version: 0, value: Some(value) }
}

fn records() -> anyhow::Result<Vec<PutRecord>> {
    let name = |zh: String, en: String| json!({ "zh": zh, "en": en });
    let calendar = CalendarSpec {
        days: ::city::holiday::days(&::city::holiday::china()),
        ..CalendarSpec::chinese(Zone::shanghai())
    };
    let mut records = vec![
        record(
            "settings",
            "city",
            json!({ "name": name("测量市".into(), "Measured City".into()), "lng": 116.15, "lat": 36.1, "zoom": 11.0,
                "bounds": [115.9, 35.9, 116.5, 36.4], "edition": "2026", "default_language": "zh" }),
        ),
        record("calendars", "main", serde_json::to_value(&calendar)?),
        record("procedures", 1, serde_json::to_value(Procedure::standard(1))?),
    ];
    let mut department = |id: u32, kind: &str| {
        records.push(record(
            "departments",
            id,
            json!({ "id": id, "code": format!("D{id}"), "name": name(format!("第{id}单位"), format!("Unit {id}")),
                "level": "city", "kind": kind }),
        ));
    };
    department(CENTRE.0, "supervision_center");
    (0..DEPARTMENTS).for_each(|place| department(self::department(place).0, "responsible"));
    for role in Role::ALL {
        for place in 0..people_of(role) {
            let id = person(role, place).0;
            let department = if role.handles() { department_of(place) } else { CENTRE };
            // Half of the collectors and a quarter of the dispatchers work in one district only.
            let one_district = match role {
                Role::Collector => place % 2 == 1,
                Role::Dispatcher => place % 4 == 3,
                _ => false,
            };
            let areas: Vec<String> =
                if one_district { vec![(990_301 + place % 4).to_string()] } else { Vec::new() };
            records.push(record(
                "people",
                id,
                json!({ "id": id, "account": format!("p{id}"), "name": name(format!("王{id}"), format!("Wang {id}")),
                    "department": department,
                    "posts": [{ "role": role, "department": department, "scope": { "areas": areas } }] }),
            ));
        }
    }
    let mut grids = String::from("code,community_code,west,south,east,north\n");
    for place in 0..GRIDS {
        let (code, community, west, south) = grid(place);
        grids.push_str(&format!(
            "{code},{community},{west:.6},{south:.6},{:.6},{:.6}\n",
            west + SIDE,
            south + SIDE
        ));
    }
    records.push(record("unit_grids", "all", json!(grids)));
    Ok(records)
}

#[derive(Debug, Clone, Copy)]
pub struct Wall;

impl TimeSource for Wall {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// API tokens, some of each role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keys(pub Vec<(Role, String)>);

impl Keys {
    pub fn all_of(&self, role: Role) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(of, _)| *of == role).map(|(_, token)| token.as_str())
    }

    pub fn of(&self, role: Role) -> &str {
        self.all_of(role).next().unwrap_or_default()
    }
}

/// The application over a store of our own, for as long as no server runs on it.
pub async fn open(store: Store) -> anyhow::Result<App> {
    let parts = Parts {
        store: Arc::new(store),
        blobs: Arc::new(MemoryBlobs::default()),
        time: Arc::new(Wall),
        public_url: "http://bench".into(),
        demo_accounts: Vec::new(),
    };
    Ok(App::open(parts).await?)
}

/// Makes the city in an empty store, with keys for some people of each role.
pub async fn make(target: &str) -> anyhow::Result<Keys> {
    let store = Store::open(target).await?;
    let app = open(store.clone()).await?;
    app.put_checked(code(), None, records()?).await.map_err(told)?;
    let mut keys = Vec::new();
    let roles = [
        Role::Leader,
        Role::IntakeOperator,
        Role::ShiftLeader,
        Role::Dispatcher,
        Role::DepartmentOfficer,
        Role::Handler,
        Role::Collector,
        Role::Supervisor,
    ];
    for role in roles {
        for place in 0..people_of(role).min(16) {
            let actor = app.actor_of_person(code(), person(role, place)).map_err(told)?;
            keys.push((role, app.create_token(&actor, "bench", 30).await.map_err(told)?.token));
        }
    }
    let keys = Keys(keys);
    drop(app);
    store.close().await?;
    Ok(keys)
}

/// An application error with every field it names.
pub fn told(error: app::AppError) -> anyhow::Error {
    match &error {
        app::AppError::Invalid(problems) => anyhow::anyhow!("{problems:?}"),
        _ => error.into(),
    }
}

/// Makes the folder anew and the city in it, on SQLite.
pub async fn make_in(folder: &Path) -> anyhow::Result<Keys> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    make(&database(folder)).await
}

/// The SQLite file a server finds in its data folder.
pub fn database(folder: &Path) -> String {
    folder.join("yiwang.db").to_string_lossy().into_owned()
}

/// Every case of the store by id, with its version.
pub async fn versions(target: &str) -> anyhow::Result<std::collections::HashMap<uuid::Uuid, u32>> {
    let store = Store::open(target).await.context("could not open the store")?;
    let mut found = std::collections::HashMap::new();
    let mut position = 0;
    loop {
        let page = store.changed_since(code(), position, 2_000).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        found.extend(page.iter().map(|stored| (stored.case.id.0, stored.case.version)));
    }
    store.close().await?;
    Ok(found)
}
