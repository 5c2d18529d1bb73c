//! A case through the doors: report, refusal with its reason, steps, tags, exports, paper.

use crate::world::{CLASS, World, city, person, report, world};
use axum::body::Body;
use axum::http::Request;
use kernel::Role;
use serde_json::{Value, json};

async fn reported(world: &World, token: &str) -> Value {
    let mut sent = report("井盖破损，=SUM(1)");
    let photo = world.upload(token).await;
    sent["evidence"] = json!([{ "attachment": photo, "kind": "near" }]);
    let answer = world.ask(token, "POST", "/api/cases", Some(sent.clone())).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.header("location").starts_with("/api/cases/"));
    let again = world.ask(token, "POST", "/api/cases", Some(sent)).await;
    assert_eq!((again.status.as_u16(), &again.json()["number"]), (201, &answer.json()["number"]));
    answer.json()
}

#[tokio::test]
async fn steps_are_taken_or_refused_with_the_reason() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let path = format!("/api/cases/{}/steps", case["id"].as_str().unwrap());
    let close = json!({ "step": "close" });
    let refused = world.ask(&intake, "POST", &path, Some(close)).await;
    assert!(refused.status == 403 || refused.status == 409, "{}", refused.text());
    refused.problem();
    let command = uuid::Uuid::now_v7();
    let accept = json!({ "step": "accept", "command_id": command, "version": case["version"] });
    let accepted = world.ask(&intake, "POST", &path, Some(accept.clone())).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert_eq!(accepted.json()["stage"], "accepted");
    let repeated = world.ask(&intake, "POST", &path, Some(accept)).await;
    assert_eq!((repeated.status.as_u16(), &repeated.json()["version"]), (200, &accepted.json()["version"]));
    let stale = json!({ "step": "send_back", "reason": "x", "version": 1 });
    let leader = world.token(Role::ShiftLeader).await;
    let answer = world.ask(&leader, "POST", &path, Some(stale)).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (412, "stale"));
    for bad in [
        json!({ "step": "fly" }),
        json!({ "step": "file" }),
        json!({ "step": "accept", "extra": 1 }),
        json!({}),
    ] {
        assert_eq!(world.ask(&intake, "POST", &path, Some(bad.clone())).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn the_case_says_what_may_be_done_and_why_not_in_both_languages() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let path = format!("/api/cases/{}", case["id"].as_str().unwrap());
    for (language, part) in [("zh", "您的岗位不能"), ("en", "Your post may not")] {
        let request = Request::get(&path)
            .header("authorization", format!("Bearer {intake}"))
            .header("accept-language", language)
            .body(Body::empty())
            .unwrap();
        let view = world.send(request).await.json();
        let actions = view["actions"].as_array().unwrap();
        assert!(actions.iter().any(|a| a["step"] == "accept" && a["allowed"] == true));
        let mut seen = 0;
        for action in actions.iter().filter(|a| a["allowed"] == false) {
            let because = &action["because"];
            let message = because["message"].as_str().unwrap();
            assert!(!message.is_empty() && message != because["code"], "{action}");
            assert!(!message.contains('{') && !message.contains('–'), "{message}");
            seen += usize::from(message.contains(part));
        }
        assert!(seen > 0, "no action says {part}");
    }
}

#[tokio::test]
async fn a_reader_who_has_it_gets_304_until_it_changes() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let path = format!("/api/cases/{}", case["id"].as_str().unwrap());
    let first = world.ask(&intake, "GET", &path, None).await;
    let tag = first.header("etag").to_owned();
    let ask = |tag: &str| {
        let request = Request::get(&path).header("authorization", format!("Bearer {intake}"));
        request.header("if-none-match", tag).body(Body::empty()).unwrap()
    };
    world.clock.advance(kernel::Millis::seconds(5));
    assert_eq!(world.send(ask(&tag)).await.status, 304);
    let step = json!({ "step": "comment", "text": "已联系" });
    assert_eq!(world.ask(&intake, "POST", &format!("{path}/steps"), Some(step)).await.status, 200);
    assert_eq!(world.send(ask(&tag)).await.status, 200);
    let vocabulary = world.ask(&intake, "GET", "/api/vocabulary", None).await;
    assert!(vocabulary.status == 200 && !vocabulary.header("etag").is_empty());
}

#[tokio::test]
async fn lists_counts_map_and_workbench_agree() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    for _ in 0..3 {
        reported(&world, &intake).await;
    }
    let list = world
        .ask(
            &intake,
            "GET",
            "/api/cases?stage=reported&q=井盖&limit=2".replace("井盖", "%E4%BA%95%E7%9B%96").as_str(),
            None,
        )
        .await
        .json();
    assert_eq!((list["total"].as_u64(), list["items"].as_array().unwrap().len()), (Some(3), 2));
    let next = list["next"].as_str().unwrap();
    let rest =
        world.ask(&intake, "GET", &format!("/api/cases?stage=reported&limit=2&cursor={next}"), None).await;
    assert!(rest.status == 200 || rest.status == 422, "{}", rest.text());
    let count = world.ask(&intake, "GET", "/api/cases/count?group_by=stage", None).await.json();
    assert_eq!(count["groups"][0]["count"], 3);
    let map = world.ask(&intake, "GET", "/api/cases/geo", None).await;
    assert_eq!(map.header("content-type"), "application/geo+json");
    assert_eq!(map.json()["features"].as_array().unwrap().len(), 3);
    let bench = world.ask(&intake, "GET", "/api/workbench", None).await.json();
    assert!(bench["queues"].as_array().unwrap().iter().any(|q| q["count"] == 3), "{bench}");
}

#[tokio::test]
async fn an_export_is_complete_harmless_and_audited() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    reported(&world, &intake).await;
    let leader = world.token(Role::Leader).await;
    let csv = world
        .ask(&leader, "GET", "/api/cases/export?format=csv&columns=number,headline,reported_at", None)
        .await;
    assert_eq!(
        (csv.status.as_u16(), csv.header("content-type")),
        (200, "text/csv; charset=utf-8"),
        "{}",
        csv.text()
    );
    let text = csv.text();
    assert!(
        text.starts_with("\u{feff}案卷号,问题描述,上报时间\r\n") && text.contains("2026-03-02 09:00:00"),
        "{text}"
    );
    let xlsx = world.ask(&leader, "GET", "/api/cases/export?format=xlsx", None).await;
    assert!(xlsx.body.starts_with(b"PK"));
    assert_eq!(world.ask(&leader, "GET", "/api/cases/export?format=pdf", None).await.status, 422);
    assert_eq!(world.ask(&leader, "GET", "/api/cases/export", None).await.status, 422);
    let audit = world.token(Role::AuditAdmin).await;
    let log = world.ask(&audit, "GET", "/api/audit?action=export", None).await.json();
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_case_file_is_a_pdf_with_its_photo() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let path = format!("/api/cases/{}/print", case["number"].as_str().unwrap());
    let pdf = world.ask(&intake, "GET", &path, None).await;
    assert_eq!((pdf.status.as_u16(), pdf.header("content-type")), (200, "application/pdf"));
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.body.len() > 5_000, "{} bytes", pdf.body.len());
    assert!(pdf.body.windows(6).any(|w| w == b"/Image"), "no photo inside");
    if let Some(folder) = std::env::var_os("YIWANG_KEEP") {
        std::fs::write(std::path::Path::new(&folder).join("case.pdf"), &pdf.body).unwrap();
    }
}

#[tokio::test]
async fn an_attachment_is_for_the_parties_and_kept_by_the_browser() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let id = case["evidence"][0]["attachment"].as_str().unwrap();
    let path = format!("/api/attachments/{id}?size=thumb&case={}", case["id"].as_str().unwrap());
    let leader = world.token(Role::Leader).await;
    let photo = world.ask(&leader, "GET", &path, None).await;
    assert_eq!(photo.status, 200, "{}", photo.text());
    assert!(
        photo.header("content-type").starts_with("image/")
            && photo.header("cache-control").contains("immutable")
    );
    assert!(photo.header("content-security-policy").contains("sandbox"));
    let admin = world.token(Role::SystemAdmin).await;
    assert_eq!(world.ask(&admin, "GET", &path, None).await.problem(), "not_found");
}

#[tokio::test]
async fn a_record_is_changed_on_its_version_only() {
    let world = world().await;
    let admin = world.token(Role::SystemAdmin).await;
    let put = |tag: (&'static str, &'static str), zh: &str| {
        let value = json!({ "value": { "id": 1, "step": "close", "text": { "zh": zh, "en": "x" } } });
        let request =
            Request::put("/api/records/templates/1").header("authorization", format!("Bearer {admin}"));
        request
            .header("content-type", "application/json")
            .header(tag.0, tag.1)
            .body(Body::from(value.to_string()))
            .unwrap()
    };
    let made = world.send(put(("if-none-match", "*"), "一")).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (200, "\"1\""), "{}", made.text());
    assert_eq!(world.send(put(("if-none-match", "*"), "二")).await.problem(), "stale");
    assert_eq!(world.send(put(("if-match", "\"1\""), "二")).await.header("etag"), "\"2\"");
    assert_eq!(world.send(put(("if-match", "\"1\""), "三")).await.problem(), "stale");
    let history = world.ask(&admin, "GET", "/api/records/templates/1/history", None).await.json();
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
    assert_eq!(world.ask(&admin, "GET", "/api/records/secrets", None).await.problem(), "not_found");
}

#[tokio::test]
async fn a_batch_tells_each_refusal() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let case = reported(&world, &intake).await;
    let sent = json!({ "ids": [case["id"], "9903002026030299999"], "step": { "step": "accept" } });
    let answer = world.ask(&intake, "POST", "/api/cases/steps", Some(sent)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let batch = answer.json();
    assert_eq!(batch["done"], json!([case["id"]]));
    assert_eq!(batch["refused"][0]["problem"]["code"], "not_found");
}

#[tokio::test]
async fn a_printed_case_is_titled_in_the_readers_language() {
    use yiwang_http::Language;
    use yiwang_http::local_time::LocalTime;
    use yiwang_http::print::case_file::CaseFile;
    let world = world().await;
    let intake = world.app.actor_of_person(city(), person(Role::IntakeOperator)).unwrap();
    let mut titles = Vec::new();
    for class in [json!(CLASS), Value::Null] {
        let mut sent = report("路面破损（Pothole）：Main Street");
        sent["class"] = class;
        let done = world.app.report_case(&intake, serde_json::from_value(sent).unwrap()).await.unwrap();
        for language in [Language::Zh, Language::En] {
            let time = LocalTime::new("Asia/Shanghai");
            let (view, facts) = (done.view.clone(), Vec::new());
            let file = CaseFile { view, facts, photos: Vec::new(), city: String::new(), language, time };
            assert!(file.print().unwrap().starts_with(b"%PDF"));
            titles.push(file.headline().to_owned());
        }
    }
    let name = world.app.config(city()).unwrap().class_name(&CLASS.parse().unwrap());
    assert_eq!(titles[..2], [name.zh, name.en]);
    assert!(!titles[0].is_ascii() && titles[1].is_ascii(), "{titles:?}");
    assert_eq!(titles[2..], ["路面破损（Pothole）：Main Street", "路面破损（Pothole）：Main Street"]);
}
