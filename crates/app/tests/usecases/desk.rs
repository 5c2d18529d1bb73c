//! At the desk: shifts handed over, duplicates found.

use crate::world::{CLASS, OTHER_CLASS, SECOND_INTAKE, World, jpeg, person};
use app::AppError;
use app::duplicates::DuplicateQuery;
use kernel::{Millis, Role};
use serde_json::json;

#[tokio::test]
async fn a_shift_is_handed_over_in_one_action() {
    let w = World::new().await;
    let intake = w.who(Role::IntakeOperator);
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(w.reported(&format!("坑洞 {n}"), json!({})).await);
    }
    for id in &ids[..3] {
        let done = w.attempt(&intake, id, json!({ "step": "claim" })).await;
        assert!(done.is_ok() || w.case(id).await.intake.is_some(), "{done:?}");
    }
    let mine = {
        let mut mine = Vec::new();
        for id in &ids {
            if w.case(id).await.intake == intake.person_id() {
                mine.push(id.clone());
            }
        }
        mine
    };
    assert!(mine.len() >= 3);
    let stranger = w
        .app
        .hand_over_shift(&w.as_person(SECOND_INTAKE), Some(person(Role::IntakeOperator).0), SECOND_INTAKE)
        .await;
    assert!(matches!(stranger, Err(AppError::Forbidden(_))), "nobody takes another's tasks");
    let same = w.app.hand_over_shift(&intake, None, person(Role::IntakeOperator).0).await;
    assert!(matches!(same, Err(AppError::Invalid(_))));
    let done = w.app.hand_over_shift(&intake, None, SECOND_INTAKE).await.expect("handed over");
    assert_eq!((done.moved as usize, done.left.len()), (mine.len(), 0), "{:?}", done.left);
    for id in &mine {
        assert_eq!(w.case(id).await.intake.map(|p| p.0), Some(SECOND_INTAKE));
    }
    let nothing = w.app.hand_over_shift(&intake, None, SECOND_INTAKE).await.expect("nothing left");
    assert_eq!(nothing.moved, 0);
    w.proved().await;
}

#[tokio::test]
async fn the_same_photo_and_the_same_words_are_found_while_a_report_is_typed() {
    let w = World::new().await;
    let intake = w.who(Role::IntakeOperator);
    let words = w.reported("中山路口路面破损严重影响通行", json!({})).await;
    let pictured = w
        .reported(
            "垃圾成堆",
            json!({ "class": OTHER_CLASS, "place": { "lng": 116.019, "lat": 36.009 }, "evidence": w.evidence(77, "near").await }),
        )
        .await;
    w.clock.advance(Millis::minutes(30));
    let ask = |q: DuplicateQuery| {
        let (app, intake) = (w.app.clone(), intake.clone());
        async move { app.find_duplicates(&intake, q).await.expect("an answer") }
    };
    // The same picture, made smaller and sent from elsewhere in the city under another class.
    let again = w.upload(jpeg(77)).await;
    let q = DuplicateQuery {
        class: Some(CLASS.into()),
        text: "完全不同的话".into(),
        lng: Some(116.001),
        lat: Some(36.001),
        attachments: vec![again],
    };
    let found = ask(q).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].line.id.as_str(), found[0].minutes_apart), (pictured.as_str(), 30));
    assert!(
        found[0].reasons.iter().any(|reason| reason.to_string().contains("same_photo")),
        "{:?}",
        found[0].reasons
    );
    // Words that say the same, close by.
    let q = |text: &str, lng: f64| DuplicateQuery {
        class: None,
        text: text.into(),
        lng: Some(lng),
        lat: Some(36.005),
        attachments: Vec::new(),
    };
    let found = ask(q("中山路口路面破损影响通行", 116.005_2)).await;
    assert_eq!(found.first().map(|d| d.line.id.as_str()), Some(words.as_str()), "{found:?}");
    assert!(found[0].reasons.iter().any(|reason| reason.to_string().contains("text_alike")));
    assert!(ask(q("中山路口路面破损影响通行", 116.015)).await.is_empty(), "a kilometre away");
    assert!(ask(q("路灯不亮", 116.005_2)).await.is_empty(), "other words, no class");
    // Another picture is another picture.
    let other = w.photo(4_242).await;
    let q = DuplicateQuery {
        attachments: vec![other],
        lng: Some(116.001),
        lat: Some(36.001),
        ..DuplicateQuery::default()
    };
    let found = ask(q).await;
    assert!(found.is_empty(), "{found:?}");
    // What has ended is no duplicate.
    w.bring(&words, "closed").await;
    assert!(
        ask(DuplicateQuery {
            class: Some(CLASS.into()),
            lng: Some(116.005),
            lat: Some(36.005),
            ..DuplicateQuery::default()
        })
        .await
        .is_empty()
    );
}
