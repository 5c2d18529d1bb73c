//! The live stream: who may see a change hears of it at once, and whoever was away gets what was missed.

use crate::world::{World, city, report, world, world_with};
use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use kernel::Role;
use std::time::Duration;
use tower::ServiceExt;
use yiwang_http::{HttpOptions, RateLimits};

type Stream = axum::body::BodyDataStream;

async fn listen(world: &World, token: &str, last: Option<&str>) -> (u16, Stream) {
    let mut request = Request::get("/api/live").header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    (response.status().as_u16(), response.into_body().into_data_stream())
}

/// The next event, or nothing within a moment.
async fn next(stream: &mut Stream) -> Option<String> {
    let piece = tokio::time::timeout(Duration::from_millis(400), stream.next()).await.ok()??;
    Some(String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

async fn make(world: &World) {
    let actor = world.app.actor_of_person(city(), crate::world::person(Role::IntakeOperator)).unwrap();
    let sent = serde_json::from_value(report("井盖")).unwrap();
    world.app.report_case(&actor, sent).await.unwrap();
}

#[tokio::test]
async fn those_who_may_see_a_change_hear_of_it_and_others_do_not() {
    let world = world().await;
    let leader = world.token(Role::Leader).await;
    let handler = world.token(Role::Handler).await;
    let (status, mut sees) = listen(&world, &leader, None).await;
    let (_, mut blind) = listen(&world, &handler, None).await;
    assert_eq!(status, 200);
    assert!(next(&mut sees).await.unwrap().starts_with("event: hello"));
    assert!(next(&mut blind).await.unwrap().starts_with("event: hello"));
    make(&world).await;
    let event = next(&mut sees).await.unwrap();
    assert!(event.contains("event: case") && event.contains("\"stage\":\"reported\""), "{event}");
    assert_eq!(next(&mut blind).await, None);
}

#[tokio::test]
async fn whoever_was_away_gets_what_was_missed_or_reads_anew() {
    let world = world().await;
    let leader = world.token(Role::Leader).await;
    let (_, mut first) = listen(&world, &leader, None).await;
    next(&mut first).await;
    make(&world).await;
    let seen = next(&mut first).await.unwrap();
    let position = seen.lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned();
    drop(first);
    make(&world).await;
    make(&world).await;
    let (_, mut back) = listen(&world, &leader, Some(&position)).await;
    next(&mut back).await;
    assert!(next(&mut back).await.unwrap().contains("event: case"));
    assert!(next(&mut back).await.unwrap().contains("event: case"));
    assert_eq!(next(&mut back).await, None);
    let (_, mut lost) = listen(&world, &leader, Some("999999")).await;
    next(&mut lost).await;
    assert!(next(&mut lost).await.unwrap().starts_with("event: reset"));
}

#[tokio::test]
async fn five_hundred_listeners_hear_one_change() {
    let world = world_with(HttpOptions { limits: RateLimits::NONE, ..HttpOptions::default() }).await;
    let mut streams = Vec::new();
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push(world.token(role).await);
    }
    // 32 screens of one person at most.
    for i in 0..320 {
        let (status, mut stream) = listen(&world, &tokens[i % 10], None).await;
        assert_eq!(status, 200);
        next(&mut stream).await;
        streams.push((i % 10, stream));
    }
    let (status, _) = {
        let extra = listen(&world, &tokens[0], None).await;
        (extra.0, ())
    };
    assert_eq!(status, 429);
    make(&world).await;
    let mut heard = 0;
    for (who, stream) in &mut streams {
        let may = [1, 2, 3, 6, 7].contains(who);
        if may {
            heard += usize::from(next(stream).await.is_some_and(|event| event.contains("event: case")));
        }
    }
    assert_eq!(heard, 160, "intake, shift leader, dispatcher, leader, supervisor: 32 screens each");
}

#[tokio::test]
async fn badges_move_without_being_asked_for_and_only_by_what_one_may_see() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let handler = world.token(Role::Handler).await;
    let admin = world.token(Role::SystemAdmin).await;
    let mut streams = Vec::new();
    for token in [&intake, &handler, &admin] {
        let (_, mut stream) = listen(&world, token, None).await;
        next(&mut stream).await;
        streams.push(stream);
    }
    let counted = async |stream: &mut Stream| loop {
        let piece = tokio::time::timeout(Duration::from_secs(3), stream.next()).await.ok()??.unwrap();
        let text = String::from_utf8(piece.to_vec()).unwrap();
        if let Some(data) = text.strip_prefix("event: count\ndata: ") {
            let view: serde_json::Value = serde_json::from_str(data.trim()).unwrap();
            let queues = view["queues"].as_array().unwrap().clone();
            let count = |name: &str| queues.iter().find(|q| q["queue"] == name).map(|q| q["count"].clone());
            return Some((count("intake"), count("my_orders")));
        }
    };
    make(&world).await;
    assert_eq!(counted(&mut streams[0]).await, Some((Some(1.into()), None)));
    // The handler hears of own queues only, and an administrator without any hears nothing.
    assert_eq!(counted(&mut streams[1]).await, Some((None, Some(0.into()))));
    assert_eq!(counted(&mut streams[2]).await, None);
    // A burst is counted once, and what changed nothing for the handler is not said again.
    make(&world).await;
    make(&world).await;
    assert_eq!(counted(&mut streams[0]).await, Some((Some(3.into()), None)));
    assert_eq!(counted(&mut streams[1]).await, None);
    // The numbers are those of the workbench.
    let bench = world.ask(&intake, "GET", "/api/workbench", None).await.json();
    assert_eq!(
        bench["queues"].as_array().unwrap().iter().find(|q| q["queue"] == "intake").unwrap()["count"],
        3
    );
}
