//! At the desk: shifts handed over, duplicates found, finished work looked back at, reminders read.

use crate::lap;
use crate::world::{CLASS, OTHER_CLASS, ROADS_OFFICER, SECOND_INTAKE, World, city, jpeg, person};
use app::AppError;
use app::duplicates::DuplicateQuery;
use app::list_query::ListQuery;
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

#[tokio::test]
async fn who_worked_on_a_case_keeps_seeing_it_and_nobody_else_does() {
    let w = World::new().await;
    let id = lap::lap(&w).await;
    let untouched = w.reported("别的", json!({})).await;
    w.bring(&untouched, "filed").await;
    let mine = ListQuery { handled_by_me: Some(true), ..ListQuery::default() };
    for (role, queue) in [(Role::Handler, "my_orders_ended"), (Role::Collector, "my_tasks_ended")] {
        let actor = w.who(role);
        let list = w.app.list_cases(&actor, &mine).await.expect("a list");
        let ids: Vec<&str> = list.items.iter().map(|line| line.id.as_str()).collect();
        assert_eq!((list.total, ids), (1, vec![id.as_str()]), "{role:?}");
        let view = w.app.see_case(&actor, &id).await.expect("still to be read");
        assert!(view.reporter.is_none() && view.reporter_hidden);
        let steps: Vec<&str> = view.actions.iter().filter(|a| a.allowed).map(|a| a.step.as_str()).collect();
        assert!(steps.iter().all(|step| *step == "comment"), "{role:?} may only read and remark: {steps:?}");
        assert!(matches!(w.app.see_case(&actor, &untouched).await, Err(AppError::NotFound(_))));
        // The badge is the length of its list, and a month later the case has left it, but not the filter.
        let lately = ListQuery { queue: Some(queue.into()), ..ListQuery::default() };
        let badge = w.app.workbench(&actor).await.expect("queues");
        let badge = badge.queues.iter().find(|one| one.queue == queue).expect("a queue").count;
        assert_eq!((badge, w.app.list_cases(&actor, &lately).await.expect("a list").total), (1, 1));
        let before = w.app.now();
        w.clock.advance(Millis::days(31));
        assert_eq!(w.app.list_cases(&actor, &lately).await.expect("a list").total, 0);
        assert_eq!(w.app.list_cases(&actor, &mine).await.expect("a list").total, 1);
        let late = ListQuery { updated_from: Some(before.millis() + 1_000), ..mine.clone() };
        assert_eq!(w.app.list_cases(&actor, &late).await.expect("a list").total, 0);
        w.clock.set(before);
    }
    // A stranger of the same kind sees nothing of it; whoever asks for "mine" gets no more than rights allow.
    let officer = w.as_person(ROADS_OFFICER);
    assert_eq!(w.app.list_cases(&officer, &mine).await.expect("a list").total, 0);
    assert!(w.app.see_case(&officer, &id).await.is_err());
    // The columns agree after they were saved and read back.
    let index = w.app.city(city()).expect("a city").index.read().encode();
    let index = index::CaseIndex::decode(&index).expect("a snapshot");
    let handler = w.who(Role::Handler);
    let filter = index::Filter { involving: handler.person_id().into_iter().collect(), ..Default::default() };
    let query =
        index::Query { filter: &filter, visibility: &index::Visibility::All, now: w.app.now(), within: None };
    assert_eq!(index.count(&query), 1);
    w.proved().await;
}

#[tokio::test]
async fn a_missing_holiday_table_is_told_once_a_month_to_the_system_administrator() {
    let w = World::new().await;
    let admin = w.who(Role::SystemAdmin);
    let inbox = || async { w.app.inbox(&admin).await.expect("an inbox").items };
    for _ in 0..3 {
        assert_eq!(w.app.remind_of_holidays(city()).await.expect("a look"), Some(2026));
        let told = inbox().await;
        assert_eq!(told.len(), 1, "once a month");
        assert_eq!(
            (told[0].template.as_str(), told[0].params["year"].as_u64()),
            ("holidays_missing", Some(2026))
        );
        assert_eq!((told[0].at, &told[0].case), (w.app.now().millis(), &None));
    }
    let other = w.who(Role::AuditAdmin);
    assert!(w.app.inbox(&other).await.expect("an inbox").items.is_empty());
    let id = inbox().await[0].id.clone();
    assert!(matches!(w.app.read_message(&other, &id).await, Err(AppError::NotFound(_))), "not theirs");
    w.app.read_message(&admin, &id).await.expect("read");
    assert!(inbox().await.is_empty() && w.app.read_message(&admin, &id).await.is_err());
    w.clock.advance(Millis::days(30));
    w.app.remind_of_holidays(city()).await.expect("a look");
    assert_eq!(inbox().await.len(), 1, "again the month after");
    // Entered, nobody is reminded any more.
    let mut spec = kernel::calendar::CalendarSpec::chinese(kernel::calendar::Zone::shanghai());
    spec.version = 2;
    let days = serde_json::to_value(city::holiday::china()).expect("json")["2026"]["days"].clone();
    let mut value = serde_json::to_value(&spec).expect("json");
    value["days"] = days;
    w.app.put_record(&admin, "calendars", "main", 0, Some(value)).await.expect("a calendar");
    w.clock.advance(Millis::days(30));
    assert_eq!(w.app.remind_of_holidays(crate::world::city()).await.expect("a look"), None);
    assert_eq!(inbox().await.len(), 1);
}
