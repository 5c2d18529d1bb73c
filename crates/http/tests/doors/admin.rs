//! The administrator's side: tables brought in, long work in the background, reminders.

use crate::world::{Answer, World, world, world_with};
use app::FieldProblem;
use app::import::Table;
use axum::body::Body;
use axum::http::Request;
use kernel::{Millis, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use yiwang_http::{HttpOptions, RateLimits};

/// Commas and lines, as simple as can be; the real reader is the server's.
fn read(bytes: &[u8]) -> Result<Table, FieldProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| FieldProblem::new("file", "file_encoding"))?;
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let headers = lines.next().ok_or_else(|| FieldProblem::new("file", "file_no_headers"))?;
    Ok(Table { headers, rows: lines.enumerate().map(|(at, cells)| (at + 2, cells)).collect() })
}

async fn importing() -> World {
    world_with(HttpOptions {
        limits: RateLimits::NONE,
        read_table: Some(Arc::new(read)),
        ..HttpOptions::default()
    })
    .await
}

async fn import(world: &World, token: &str, path: &str, table: &[u8]) -> Answer {
    let mut body =
        b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n".to_vec();
    body.extend_from_slice(table);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = Request::post(format!("/api/import/{path}"))
        .header("content-type", "multipart/form-data; boundary=x")
        .header("accept-language", "en")
        .header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::from(body)).unwrap()).await
}

const DEPARTMENTS: &[u8] =
    b"code,name_zh,name_en,parent_code,level,kind\nlight,L,Lights,D10,city,responsible";

#[tokio::test]
async fn a_table_is_tried_then_brought_in_and_noted() {
    let world = importing().await;
    let admin = world.token(Role::SystemAdmin).await;
    let tried = import(&world, &admin, "departments?dry_run=true", DEPARTMENTS).await;
    assert_eq!(tried.status, 200, "{}", tried.text());
    let expected =
        json!({ "kind": "departments", "dry_run": true, "rows": 1, "ok": 1, "error_count": 0, "errors": [] });
    assert_eq!(tried.json(), expected);
    let count = async || {
        let all = world.ask(&admin, "GET", "/api/records/departments", None).await.json();
        all["items"].as_array().unwrap().len()
    };
    assert_eq!(count().await, 2, "a dry run writes nothing");
    let mut bad = DEPARTMENTS.to_vec();
    bad.extend_from_slice(b"\nx,X,X,nowhere,city,responsible\ny,Y,Y,D10,galaxy,responsible");
    let refused = import(&world, &admin, "departments", &bad).await;
    assert_eq!(refused.status, 200, "wrong rows are an answer, not a failure");
    let errors = json!([{ "row": 3, "field": "parent_code", "code": "unknown_department" },
        { "row": 4, "field": "level", "code": "unknown_value" }]);
    assert_eq!((&refused.json()["ok"], &refused.json()["errors"]), (&json!(0), &errors));
    assert_eq!(count().await, 2, "all or nothing");
    let done = import(&world, &admin, "departments", DEPARTMENTS).await;
    assert_eq!((done.status.as_u16(), &done.json()["ok"], count().await), (200, &json!(1), 3));
    let audit = world.token(Role::AuditAdmin).await;
    let log = world.ask(&audit, "GET", "/api/audit?action=import", None).await.json();
    let notes: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|n| n["detail"].as_str().unwrap()).collect();
    assert_eq!(
        notes,
        ["1 of 1 rows", "0 of 3 rows"],
        "each attempt to write, newest first; tries are not noted"
    );
}

#[tokio::test]
async fn a_table_needs_the_right_a_bound_and_sense() {
    let world = importing().await;
    let admin = world.token(Role::SystemAdmin).await;
    let security = world.token(Role::SecurityAdmin).await;
    for role in Role::ALL {
        let token = world.token(role).await;
        let answer = import(&world, &token, "departments?dry_run=true", DEPARTMENTS).await;
        let expected = if role == Role::SystemAdmin { 200 } else { 403 };
        assert_eq!(answer.status, expected, "{role:?}");
    }
    // People are another administrator's.
    let people = "account,name_zh,department_code,roles\nlisi,Li,D10,handler".as_bytes();
    assert_eq!(import(&world, &admin, "people?dry_run=true", people).await.status, 403);
    assert_eq!(import(&world, &security, "people?dry_run=true", people).await.json()["ok"], 1);
    let field = |answer: Answer| {
        let problem = answer.json();
        (answer.status.as_u16(), problem["errors"][0]["field"].clone(), problem["errors"][0]["code"].clone())
    };
    let file = |code: &str| (422, json!("file"), json!(code));
    assert_eq!(field(import(&world, &admin, "departments", b"\xff\xfe").await), file("file_encoding"));
    assert_eq!(field(import(&world, &admin, "departments", b"").await), file("file_no_headers"));
    let lacking = import(&world, &admin, "departments", b"code,name_zh\nx,X").await;
    assert_eq!(lacking.status, 422);
    assert!(lacking.text().contains("column.level") && lacking.text().contains("column.kind"));
    assert_eq!(import(&world, &admin, "planets", b"a\n1").await.status, 404);
    let large = vec![b'x'; 33 * 1024 * 1024];
    assert_eq!(import(&world, &admin, "departments", &large).await.status, 413);
    let json = world.ask(&admin, "POST", "/api/import/departments", Some(json!({}))).await;
    assert_eq!(json.status, 415);
}

#[tokio::test]
async fn the_check_is_asked_for_and_read_later() {
    let world = world().await;
    let leader = world.token(Role::Leader).await;
    let before = world.ask(&leader, "GET", "/api/check", None).await;
    assert_eq!((before.status.as_u16(), before.json()["job"]["state"].as_str()), (200, Some("none")));
    let asked = world.ask(&leader, "POST", "/api/check", None).await;
    assert_eq!((asked.status.as_u16(), asked.json()["job"]["state"].as_str()), (202, Some("waiting")));
    assert_eq!(world.app.work_jobs(&|| true).await.unwrap(), 1);
    let done = world.ask(&leader, "GET", "/api/check", None).await.json();
    assert_eq!((done["job"]["state"].as_str(), done["rows"].as_array().unwrap().len()), (Some("done"), 10));
    assert!(done["checked_at"].is_i64() && done["rows"][3]["name"]["en"].is_string());
    let admin = world.token(Role::SystemAdmin).await;
    let jobs = world.ask(&admin, "GET", "/api/jobs", None).await.json();
    let states: Vec<&str> = jobs.as_array().unwrap().iter().map(|j| j["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["none", "done", "none"]);
}

#[tokio::test]
async fn a_reminder_is_read_in_the_readers_language_and_taken_away() {
    let world = world().await;
    world.clock.advance(Millis::days(582));
    world.app.remind_of_holidays(crate::world::city()).await.unwrap();
    let admin = world.token(Role::SystemAdmin).await;
    let items = async |language: &str| -> Vec<Value> {
        let request = Request::get("/api/inbox")
            .header("authorization", format!("Bearer {admin}"))
            .header("accept-language", language);
        world.send(request.body(Body::empty()).unwrap()).await.json()["items"].as_array().unwrap().clone()
    };
    let (zh, en) = (items("zh").await, items("en").await);
    assert!(zh[0]["message"].as_str().unwrap().contains("2027 年的节假日"), "{zh:?}");
    assert!(en[0]["message"].as_str().unwrap().contains("no holidays for 2027"), "{en:?}");
    let path = format!("/api/inbox/{}", zh[0]["id"].as_str().unwrap());
    let leader = world.token(Role::Leader).await;
    assert_eq!(world.ask(&leader, "DELETE", &path, None).await.status, 404);
    assert_eq!(world.ask(&admin, "DELETE", &path, None).await.status, 204);
    assert!(items("zh").await.is_empty());
}
