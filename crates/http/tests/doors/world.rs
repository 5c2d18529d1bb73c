//! A small city with one person for each role, and a way to ask its server.

use app::ports::{PutRecord, Store};
use app::{App, Parts};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use kernel::{CityCode, PersonId, Role, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{ManualClock, MemoryBlobs, MemoryStore};
use tower::ServiceExt;
use yiwang_http::{HttpOptions, RateLimits};

pub const CLASS: &str = "2026-event-06013";
pub const PASSWORD: &str = "Correct7horse";
/// Monday 2026-03-02 09:00 in Shanghai.
pub const NOW: Timestamp = Timestamp(1_772_413_200_000);

pub struct World {
    pub app: App,
    pub router: Router,
    pub clock: ManualClock,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The problem's code, after checking that it is a whole problem document.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32);
        assert_ne!(problem["detail"], problem["code"], "no text for {}", problem["code"]);
        problem["code"].as_str().unwrap().to_owned()
    }
}

pub fn city() -> CityCode {
    CityCode::new(990_300).unwrap()
}

fn record(kind: &str, key: impl ToString, value: Value) -> PutRecord {
    PutRecord { kind: kind.to_owned(), key: key.to_string(), expected_version: 0, value: Some(value) }
}

fn records() -> Vec<PutRecord> {
    let name = |zh: &str, en: &str| json!({ "zh": zh, "en": en });
    let mut records = vec![record(
        "settings",
        "city",
        json!({ "name": name("示范市", "Model City"), "lng": 116.0, "lat": 36.0, "zoom": 11.0,
                "bounds": [115.0, 35.0, 117.0, 37.0], "edition": "2026", "default_language": "zh",
                "phone": "12319", "jurisdiction": "model.city" }),
    )];
    for (id, kind, zh) in [(1, "supervision_center", "监督中心"), (10, "responsible", "市政公司")] {
        let value = json!({ "id": id, "code": format!("D{id}"), "name": name(zh, "Department"), "level": "city", "kind": kind });
        records.push(record("departments", id, value));
    }
    for (at, role) in Role::ALL.iter().enumerate() {
        let department = if role.handles() { 10 } else { 1 };
        let value = json!({ "id": at + 1, "account": role.as_str(), "name": name("王某", "Wang"),
            "department": department, "posts": [{ "role": role, "department": department }] });
        records.push(record("people", at + 1, value));
    }
    let mut grids = String::from("code,community_code,west,south,east,north\n");
    grids.push_str("990301001001001,990301001001,116.000,36.000,116.010,36.010\n");
    records.push(record("unit_grids", "all", json!(grids)));
    records
}

pub fn person(role: Role) -> PersonId {
    PersonId(u32::try_from(Role::ALL.iter().position(|r| *r == role).unwrap()).unwrap() + 1)
}

pub async fn world() -> World {
    world_with(HttpOptions { limits: RateLimits::NONE, ..HttpOptions::default() }).await
}

pub async fn world_with(options: HttpOptions) -> World {
    let store = Arc::new(MemoryStore::default());
    store.put_records(city(), None, NOW, records()).await.unwrap();
    let clock = ManualClock::at(NOW);
    let parts = Parts {
        store,
        blobs: Arc::new(MemoryBlobs::default()),
        time: Arc::new(clock.clone()),
        public_url: "https://city.test".into(),
        demo_accounts: Vec::new(),
    };
    let app = App::open(parts).await.unwrap();
    for role in Role::ALL {
        app.set_password_unchecked(city(), person(role), PASSWORD, false).await.unwrap();
    }
    let router =
        yiwang_http::router(app.clone(), HttpOptions { public_url: "https://city.test".into(), ..options });
    World { app, router, clock }
}

impl World {
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 50_000_000).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// An API token of the person with this role.
    pub async fn token(&self, role: Role) -> String {
        let actor = self.app.actor_of_person(city(), person(role)).unwrap();
        self.app.create_token(&actor, "test", 1).await.unwrap().token
    }

    pub async fn ask(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(value) => {
                request = request.header("content-type", "application/json");
                Body::from(value.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("", "GET", path, None).await
    }

    /// A photo, uploaded by the owner of the token; by the public when it is empty.
    pub async fn upload(&self, token: &str) -> String {
        let path = if token.is_empty() { "/api/public/attachments" } else { "/api/attachments" };
        let mut body =
            b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n".to_vec();
        body.extend_from_slice(PNG);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let mut request = Request::post(path).header("content-type", "multipart/form-data; boundary=x");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// One grey pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
    0x60, 0x82,
];

pub fn report(text: &str) -> Value {
    json!({ "id": uuid::Uuid::now_v7(), "source": "hotline", "text": text, "class": CLASS,
        "place": { "lng": 116.005, "lat": 36.005, "address": "中山路 1 号" } })
}
