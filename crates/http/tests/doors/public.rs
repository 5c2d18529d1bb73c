//! A citizen without account: report, follow, join.

use crate::world::{CLASS, World, world, world_with};
use serde_json::{Value, json};
use yiwang_http::{HttpOptions, RateLimits};

fn sent(photos: Value) -> Value {
    json!({ "id": uuid::Uuid::now_v7(), "text": "路灯不亮", "class": CLASS, "photos": photos,
        "place": { "lng": 116.005, "lat": 36.005, "address": "中山路" },
        "reporter": { "name": "李四", "phone": "13800000000" } })
}

async fn reported(world: &World) -> Value {
    let photo = world.upload("").await;
    let answer = world.ask("", "POST", "/api/public/cases", Some(sent(json!([photo])))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_report_is_followed_by_its_secret_and_shows_no_person() {
    let world = world().await;
    let made = reported(&world).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(made["follow_url"].as_str().unwrap().ends_with(secret));
    let path = format!("/api/public/cases/{secret}");
    let seen = world.get(&path).await;
    assert_eq!(seen.json()["state"], "received");
    assert!(!seen.text().contains("李四") && !seen.text().contains("13800000000"));
    let photo = seen.json()["photos"][0]["id"].as_str().unwrap().to_owned();
    let image = world.get(&format!("/api/public/attachments/{photo}?secret={secret}")).await;
    assert!(image.status == 200 && image.header("content-type").starts_with("image/"), "{}", image.text());
    assert_eq!(world.get(&format!("/api/public/attachments/{photo}?secret=wrong")).await.status, 404);
    assert_eq!(world.get("/api/public/cases/wrong").await.problem(), "not_found");
    let rated = world.ask("", "POST", &format!("{path}/rate"), Some(json!({ "stars": 5 }))).await;
    assert_eq!(rated.status, 409, "{}", rated.text());
    let added = world.ask("", "POST", &format!("{path}/add"), Some(json!({ "text": "还在" }))).await;
    assert_eq!(added.status, 200, "{}", added.text());
}

#[tokio::test]
async fn a_neighbour_joins_and_gets_a_link_of_his_own() {
    let world = world().await;
    let made = reported(&world).await;
    let near = json!({ "class": CLASS, "text": "路灯不亮", "lng": 116.005, "lat": 36.005 });
    let found = world.ask("", "POST", "/api/public/duplicates", Some(near)).await;
    assert_eq!(found.json()[0]["id"], made["id"], "{}", found.text());
    let path = format!("/api/public/cases/{}/me-too", made["id"].as_str().unwrap());
    let joined = world.ask("", "POST", &path, Some(json!({ "id": uuid::Uuid::now_v7() }))).await;
    assert_eq!(joined.status, 201, "{}", joined.text());
    assert_ne!(joined.json()["secret"], made["secret"]);
    let services = world.get("/api/public/services").await.json();
    assert!(services["services"].as_array().unwrap().len() > 50 && services["phone"] == "12319");
}

#[tokio::test]
async fn reports_from_one_address_are_limited() {
    let limits = RateLimits { public_reports_per_minute: 2, ..RateLimits::NONE };
    let world = world_with(HttpOptions { limits, ..HttpOptions::default() }).await;
    for _ in 0..2 {
        reported(&world).await;
    }
    let answer = world.ask("", "POST", "/api/public/cases", Some(sent(json!([])))).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (429, "too_many_requests"));
}
