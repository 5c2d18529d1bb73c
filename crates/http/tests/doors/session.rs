//! Signing in, by cookie and by token, and how often.

use crate::world::{PASSWORD, city, person, world, world_with};
use axum::body::Body;
use axum::http::Request;
use kernel::Role;
use serde_json::json;
use yiwang_http::{HttpOptions, RateLimits};

#[tokio::test]
async fn a_cookie_opens_the_door_and_writes_need_the_header() {
    let world = world().await;
    let sent = json!({ "account": "Dispatcher", "password": PASSWORD });
    let answer = world.ask("", "POST", "/api/session", Some(sent)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["roles"], json!(["dispatcher"]));
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["yiwang_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap().to_owned();
    let with = |method: &str, path: &str, csrf: bool| {
        let mut request = Request::builder().method(method).uri(path).header("cookie", &pair);
        if csrf {
            request = request.header("x-yiwang", "1");
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(world.send(with("GET", "/api/me", false)).await.status, 200);
    let refused = world.send(with("DELETE", "/api/session", false)).await;
    assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (403, "csrf_header_missing"));
    let gone = world.send(with("DELETE", "/api/session", true)).await;
    assert!(gone.status == 204 && gone.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(world.send(with("GET", "/api/me", false)).await.status, 401);
}

#[tokio::test]
async fn wrong_passwords_lock_the_account_and_say_until_when() {
    let world = world().await;
    let wrong = json!({ "account": "leader", "password": "wrong" });
    let mut last = 401;
    for _ in 0..10 {
        let answer = world.ask("", "POST", "/api/session", Some(wrong.clone())).await;
        last = answer.status.as_u16();
        assert_eq!(answer.problem(), if last == 423 { "locked" } else { "bad_credentials" });
        if last == 423 {
            assert!(answer.json()["params"]["until"].as_i64().unwrap() > crate::world::NOW.millis());
            break;
        }
    }
    assert_eq!(last, 423);
    let security = world.token(Role::SecurityAdmin).await;
    let path = format!("/api/people/{}/unlock", person(Role::Leader));
    assert_eq!(world.ask(&security, "POST", &path, None).await.status, 204);
    let right = json!({ "account": "leader", "password": PASSWORD });
    assert_eq!(world.ask("", "POST", "/api/session", Some(right)).await.status, 200);
}

#[tokio::test]
async fn too_many_attempts_wait() {
    let limits = RateLimits { logins_per_minute: 3, ..RateLimits::NONE };
    let world = world_with(HttpOptions { limits, ..HttpOptions::default() }).await;
    let sent = json!({ "account": "nobody", "password": "x" });
    for _ in 0..3 {
        assert_eq!(world.ask("", "POST", "/api/session", Some(sent.clone())).await.status, 401);
    }
    let answer = world.ask("", "POST", "/api/session", Some(sent)).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (429, "too_many_requests"));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn tokens_are_made_listed_and_ended() {
    let world = world().await;
    let first = world.token(Role::Leader).await;
    let made =
        world.ask(&first, "POST", "/api/me/tokens", Some(json!({ "name": "export", "days": 30 }))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let id = made.json()["view"]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.ask(&token, "GET", "/api/me/tokens", None).await.json().as_array().unwrap().len(), 2);
    assert_eq!(world.ask(&first, "DELETE", &format!("/api/me/tokens/{id}"), None).await.status, 204);
    assert_eq!(world.ask(&token, "GET", "/api/me", None).await.status, 401);
}

#[tokio::test]
async fn saved_views_are_kept_and_checked() {
    let world = world().await;
    let leader = world.token(Role::Leader).await;
    let views = json!([{ "id": "a", "name": "超期", "url": "/cases?overdue=true" }]);
    assert_eq!(world.ask(&leader, "PUT", "/api/views", Some(views.clone())).await.status, 200);
    assert_eq!(world.ask(&leader, "GET", "/api/views", None).await.json(), views);
    let bad = json!([{ "id": "a", "name": "x", "url": "https://elsewhere.test" }]);
    assert_eq!(world.ask(&leader, "PUT", "/api/views", Some(bad)).await.status, 422);
}

#[tokio::test]
async fn the_city_is_chosen_by_header_and_an_unknown_one_is_not_found() {
    let world = world().await;
    let ask =
        |code: String| Request::get("/api/login-options").header("x-city", code).body(Body::empty()).unwrap();
    assert_eq!(world.send(ask(city().to_string())).await.json()["city"]["code"], city().to_string());
    assert_eq!(world.send(ask("110000".into())).await.problem(), "not_found");
    assert_eq!(world.send(ask("abc".into())).await.problem(), "not_found");
    assert_eq!(world.get("/api/login-options?city=110000").await.status, 404);
}
