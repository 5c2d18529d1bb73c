//! The loop through [`app::App::take_step`]: once round, sent twice, changed meanwhile, split, merged.

use crate::lap::{self, citizens_report};
use crate::world::{CLEANING, NOW, ROADS, ROADS_OFFICER, SECOND_INTAKE, World, city, new_id, person};
use app::AppError;
use app::list_query::ListQuery;
use kernel::{Millis, Role};
use serde_json::json;

#[tokio::test]
async fn a_case_goes_all_the_way_round() {
    let w = World::new().await;
    let id = lap::lap(&w).await;
    // Another process on the same store finds the same columns.
    let other = World::on(w.store.clone()).await;
    let page =
        other.app.list_cases(&other.who(Role::ShiftLeader), &ListQuery::default()).await.expect("a list");
    assert_eq!(
        (page.total, page.items[0].id.as_str(), page.items[0].stage.as_str()),
        (1, id.as_str(), "closed")
    );
}

#[tokio::test]
async fn a_report_and_a_step_sent_twice_count_once() {
    let w = World::new().await;
    let intake = w.who(Role::IntakeOperator);
    let sent = w.report_json("坑洞", json!({})).await;
    let first = w.try_report(&intake, sent.clone()).await.expect("taken");
    let again = w.try_report(&intake, sent.clone()).await.expect("answered the same way");
    assert_eq!((first["created"].as_bool(), again["created"].as_bool()), (Some(true), Some(false)));
    assert_eq!((&first["number"], &first["version"]), (&again["number"], &again["version"]));
    assert_eq!(w.store.head(city()).await.expect("a store").1, 1);
    // Somebody else cannot learn of a case by guessing its id.
    let taken = w.try_report(&w.as_person(SECOND_INTAKE), sent).await.expect_err("it is taken");
    assert!(matches!(&taken, AppError::Invalid(p) if p[0].code == "taken"), "{taken:?}");

    let id = first["id"].as_str().expect("an id").to_owned();
    let command = new_id();
    let step = json!({ "step": "accept", "command_id": command });
    let once = w.attempt(&intake, &id, step.clone()).await.expect("accepted");
    w.go(Role::ShiftLeader, &id, json!({ "step": "file", "criterion": 1 })).await;
    let before = w.trace(&id).await;
    // The answer got lost and the phone sends it again, long after the case moved on.
    let twice = w.attempt(&intake, &id, step).await.expect("answered the same way");
    assert_eq!((once["stage"].as_str(), twice["stage"].as_str()), (Some("accepted"), Some("filed")));
    assert_eq!(w.trace(&id).await, before);
    w.proved().await;
}

#[tokio::test]
async fn a_stale_version_is_refused_and_a_fresh_one_taken() {
    let w = World::new().await;
    let id = w.reported("坑洞", json!({})).await;
    let before = w.trace(&id).await;
    let stale = w.attempt(&w.who(Role::IntakeOperator), &id, json!({ "step": "accept", "version": 7 })).await;
    assert!(matches!(stale, Err(AppError::Stale)), "{stale:?}");
    assert_eq!(w.trace(&id).await, before);
    let version = before.0.version;
    w.go(Role::IntakeOperator, &id, json!({ "step": "accept", "version": version })).await;
    // Two leaders file at the same moment: one wins, the other is told.
    let version = w.case(&id).await.version;
    let leader = w.who(Role::ShiftLeader);
    let file = json!({ "step": "file", "criterion": 1, "version": version });
    let (one, two) = tokio::join!(w.attempt(&leader, &id, file.clone()), w.attempt(&leader, &id, file));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    w.proved().await;
}

/// Sign, reply, pass on, verify, close: what is left of the way after a dispatch, by one department's officer.
async fn finish(w: &World, id: &str, officer: u32) {
    let officer = w.as_person(officer);
    let after = w.evidence(2, "after").await;
    let seen = w.evidence(3, "on_spot").await;
    w.attempt(&officer, id, json!({ "step": "sign_for" })).await.expect("signed for");
    w.attempt(&officer, id, json!({ "step": "reply", "text": "已处理", "evidence": after }))
        .await
        .expect("replied");
    w.go(Role::Dispatcher, id, json!({ "step": "pass_on" })).await;
    let collector = person(Role::Collector);
    w.go(Role::IntakeOperator, id, json!({ "step": "request_verification", "collector": collector })).await;
    let passed = json!({ "step": "answer_verification", "outcome": "passed", "evidence": seen,
        "position": { "lng": 116.005, "lat": 36.005 } });
    w.go(Role::Collector, id, passed).await;
    w.go(Role::ShiftLeader, id, json!({ "step": "close", "opinion": "子案完成" })).await;
}

#[tokio::test]
async fn a_case_for_two_departments_is_replied_when_both_parts_have_ended() {
    let w = World::new().await;
    let id = w.reported("路面破损并有垃圾", json!({})).await;
    w.bring(&id, "filed").await;
    let shares = json!([{ "department": CLEANING, "task": "清运" }, { "department": ROADS, "task": "修补" }]);
    w.go(Role::Dispatcher, &id, json!({ "step": "split", "shares": shares })).await;
    let children = w.case(&id).await.children;
    assert_eq!(children.len(), 2);
    let child = |department: u32| {
        let found = children.iter().find(|child| child.department.0 == department);
        found.expect("a child for each share").id.to_string()
    };
    for department in [CLEANING, ROADS] {
        let case = w.case(&child(department)).await;
        assert_eq!(case.stage.name().as_str(), "dispatched");
        assert_eq!(case.parent.map(|p| p.to_string()), Some(id.clone()));
    }
    let refused = w.attempt(&w.who(Role::Leader), &id, json!({ "step": "force_close", "order": "x" })).await;
    assert!(
        matches!(refused, Err(AppError::Refused(case::Refusal::ChildrenOpen { open: 2 }))),
        "{refused:?}"
    );
    finish(&w, &child(CLEANING), person(Role::DepartmentOfficer).0).await;
    assert_eq!(w.stage(&id).await, "handling", "the other part is still open");
    finish(&w, &child(ROADS), ROADS_OFFICER).await;
    assert_eq!(w.stage(&id).await, "replied");
    assert_eq!(w.case(&id).await.open_children(), 0);
    w.proved().await;
}

#[tokio::test]
async fn a_duplicate_is_joined_told_and_let_go_again() {
    let w = World::new().await;
    let one =
        citizens_report(&w, new_id(), "secret-of-the-first-one-1", "井盖旁路面破损", "13900000001").await.id;
    w.clock.advance(Millis::minutes(5));
    let two =
        citizens_report(&w, new_id(), "secret-of-the-second-one", "路面破损有坑", "13900000002").await.id;

    let itself = json!({ "step": "merge", "into": one, "reason": "重复" });
    let refused = w.attempt(&w.who(Role::IntakeOperator), &one, itself).await;
    assert!(matches!(refused, Err(AppError::Refused(case::Refusal::CannotMerge))), "{refused:?}");

    w.go(Role::IntakeOperator, &two, json!({ "step": "merge", "into": one, "reason": "重复" })).await;
    assert_eq!((w.stage(&two).await.as_str(), w.case(&one).await.duplicates.len()), ("withdrawn", 1));
    let follow = w.app.public_case(city(), "secret-of-the-second-one").await.expect("the link still works");
    assert_eq!(follow.state, "joined");
    // A mistake: it goes back to where it was, and its reporter hears of that too.
    w.go(Role::IntakeOperator, &two, json!({ "step": "unmerge", "reason": "不是同一处" })).await;
    assert_eq!((w.stage(&two).await.as_str(), w.case(&one).await.duplicates.len()), ("reported", 0));
    assert_eq!(w.told("13900000002").await, ["report_received", "case_merged", "case_unmerged"]);

    w.go(Role::IntakeOperator, &two, json!({ "step": "merge", "into": one, "reason": "确是同一处" })).await;
    // Into an ended case nothing is merged, and a case with duplicates is merged into none.
    let third = w.reported("另一处", json!({})).await;
    let chained = w
        .attempt(&w.who(Role::IntakeOperator), &one, json!({ "step": "merge", "into": third, "reason": "x" }))
        .await;
    assert!(chained.is_err());
    let seen = w.evidence(5, "on_spot").await;
    let collector = person(Role::Collector);
    w.go(Role::IntakeOperator, &one, json!({ "step": "request_confirmation", "collector": collector })).await;
    let true_one = json!({ "step": "answer_confirmation", "outcome": "true", "evidence": seen,
        "position": { "lng": 116.005, "lat": 36.005 } });
    w.go(Role::Collector, &one, true_one).await;
    w.bring(&one, "closed").await;
    assert!(w.told("13900000001").await.contains(&"case_closed".to_owned()));
    assert!(
        w.told("13900000002").await.contains(&"case_closed".to_owned()),
        "the duplicate's reporter is told as well"
    );
    let ended = w
        .attempt(&w.who(Role::IntakeOperator), &third, json!({ "step": "merge", "into": one, "reason": "x" }))
        .await;
    assert!(matches!(ended, Err(AppError::Refused(case::Refusal::CannotMerge))), "{ended:?}");
    w.proved().await;
}

#[tokio::test]
async fn a_suspended_case_resumes_at_its_date_by_itself() {
    let w = World::new().await;
    let id = w.reported("坑洞", json!({})).await;
    w.bring(&id, "handling").await;
    let until = NOW + Millis::days(10);
    let ask = json!({ "step": "request_suspension", "reason": "等候材料", "until": until.millis() });
    w.go(Role::DepartmentOfficer, &id, ask).await;
    w.go(Role::Dispatcher, &id, json!({ "step": "approve_suspension", "opinion": "同意" })).await;
    assert_eq!(w.stage(&id).await, "suspended");
    w.clock.set(until - Millis::minutes(1));
    assert_eq!(w.app.tick().await.expect("a tick").resumed, 0);
    w.clock.set(until + Millis::minutes(1));
    assert_eq!(w.app.tick().await.expect("a tick").resumed, 1);
    assert_eq!(w.stage(&id).await, "handling");
    w.proved().await;
}

#[tokio::test]
async fn many_cases_take_a_step_each_by_itself() {
    let w = World::new().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(w.reported(&format!("坑洞 {n}"), json!({})).await);
    }
    w.go(Role::IntakeOperator, &ids[1], json!({ "step": "accept" })).await;
    let step = serde_json::from_value(json!({ "step": "accept" })).expect("a step");
    let batch = w.app.take_steps(&w.who(Role::IntakeOperator), ids.clone(), step).await.expect("a batch");
    assert_eq!(batch.done, [ids[0].clone(), ids[2].clone()]);
    assert_eq!((batch.refused.len(), batch.refused[0].id.as_str()), (1, ids[1].as_str()));
}
