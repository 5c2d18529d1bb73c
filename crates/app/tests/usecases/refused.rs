//! What the rules refuse changes nothing: every step by every role at every stage of the plain way.

use crate::world::{CLEANING, World, city, person};
use kernel::Role;
use serde_json::{Value, json};

/// One of each step with everything it needs, so that only the rules can say no.
async fn every_step(w: &World, other: &str) -> Vec<Value> {
    let collector = person(Role::Collector);
    let here = json!({ "lng": 116.005, "lat": 36.005 });
    let (seen, after) = (w.evidence(3, "on_spot").await, w.evidence(2, "after").await);
    let until = w.app.now().millis() + 5 * 86_400_000;
    let mut steps = vec![
        json!({ "step": "correct", "text": "更正" }),
        json!({ "step": "claim" }),
        json!({ "step": "hand_over", "to": 22 }),
        json!({ "step": "pass_self_handled" }),
        json!({ "step": "refuse_self_handled", "ordinary": true, "opinion": "x" }),
        json!({ "step": "request_confirmation", "collector": collector }),
        json!({ "step": "answer_confirmation", "outcome": "true", "evidence": seen, "position": here }),
        json!({ "step": "change_collector", "collector": collector, "reason": "x" }),
        json!({ "step": "decline", "reason": "x" }),
        json!({ "step": "answer_at_once", "answer": "x" }),
        json!({ "step": "accept" }),
        json!({ "step": "file", "criterion": 1 }),
        json!({ "step": "send_back", "reason": "x" }),
        json!({ "step": "dispatch", "department": CLEANING }),
        json!({ "step": "dispatch_down", "department": CLEANING, "level": "district" }),
        json!({ "step": "split", "shares": [{ "department": CLEANING }, { "department": 20 }] }),
        json!({ "step": "sign_for" }),
        json!({ "step": "assign", "handler": person(Role::Handler) }),
        json!({ "step": "request_extension", "reason": "x", "extra": { "value": 1.0, "unit": "work_day" } }),
        json!({ "step": "request_return", "reason": "x" }),
        json!({ "step": "request_suspension", "reason": "x", "until": until }),
        json!({ "step": "request_cancellation", "reason": "x" }),
        json!({ "step": "request_withdrawal", "reason": "x" }),
        json!({ "step": "reassign", "department": 20 }),
        json!({ "step": "resume", "reason": "x" }),
        json!({ "step": "reply", "text": "x", "evidence": after }),
        json!({ "step": "reject_reply", "reason": "x" }),
        json!({ "step": "pass_on" }),
        json!({ "step": "request_verification", "collector": collector }),
        json!({ "step": "answer_verification", "outcome": "passed", "evidence": seen, "position": here }),
        json!({ "step": "order_rework", "opinion": "x" }),
        json!({ "step": "call_back", "reached": true, "satisfied": true }),
        json!({ "step": "close" }),
        json!({ "step": "refuse_closing", "reason": "x" }),
        json!({ "step": "reopen", "reason": "x" }),
        json!({ "step": "merge", "into": other, "reason": "x" }),
        json!({ "step": "unmerge", "reason": "x" }),
        json!({ "step": "force_close", "order": "x" }),
        json!({ "step": "urge", "level": "urge", "requirement": "x" }),
        json!({ "step": "instruct", "text": "x" }),
        json!({ "step": "answer_urging", "urging": 0, "text": "x" }),
        json!({ "step": "mark_major", "reason": "x" }),
        json!({ "step": "dispatch_ahead", "department": CLEANING, "reason": "x" }),
        json!({ "step": "appeal", "reason": "x" }),
        json!({ "step": "answer_appeal", "granted": true }),
        json!({ "step": "audit", "passed": true }),
        json!({ "step": "rate", "stars": 3 }),
        json!({ "step": "comment", "text": "x" }),
    ];
    for kind in ["extension", "return", "suspension", "cancellation", "withdrawal"] {
        steps.push(json!({ "step": format!("approve_{kind}") }));
        steps.push(json!({ "step": format!("reject_{kind}"), "opinion": "x" }));
        steps.push(json!({ "step": "take_back", "approval": kind }));
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_rules_refuse_changes_nothing() {
    let w = World::new().await;
    let other = w.reported("另一处坑洞", json!({})).await;
    let id = w.reported("坑洞", json!({})).await;
    let steps = every_step(&w, &other).await;
    let mut stages = vec!["reported"];
    let way = w.way(CLEANING).await;
    stages.extend(way.iter().map(|(stage, _, _)| *stage));
    let (mut refused, mut unseen) = (0u32, 0u32);
    for (at, stage) in stages.iter().enumerate() {
        assert_eq!(w.stage(&id).await, *stage);
        let before = w.trace(&id).await;
        for role in Role::ALL {
            let actor = w.who(role);
            let view = w.app.see_case(&actor, &id).await;
            for step in &steps {
                let word = step["step"].as_str().expect("a step");
                let allowed = view.as_ref().is_ok_and(|view| {
                    view.actions.iter().any(|action| action.step == word && action.allowed)
                });
                if allowed {
                    continue;
                }
                let done = w.attempt(&actor, &id, step.clone()).await;
                assert!(done.is_err(), "{step} by {role:?} at {stage} was offered to nobody and yet taken");
                match view {
                    Ok(_) => refused += 1,
                    Err(_) => unseen += 1,
                }
            }
            assert_eq!(w.trace(&id).await, before, "{role:?} at {stage}");
        }
        if let Some((_, role, step)) = way.get(at) {
            w.go(*role, &id, step.clone()).await;
        }
    }
    println!("{refused} refused, {unseen} on a case unseen");
    assert!(refused > 3_000, "{refused}");
    assert_eq!(w.store.head(city()).await.expect("a store").1, 2);
    w.proved().await;
}

#[tokio::test]
async fn who_handles_is_told_why_they_may_not_close() {
    let w = World::new().await;
    let id = w.reported("坑洞", json!({})).await;
    w.bring(&id, "replied").await;
    for (role, stage) in [
        (Role::Handler, "replied"),
        (Role::DepartmentOfficer, "replied"),
        (Role::DepartmentOfficer, "verified"),
    ] {
        if w.stage(&id).await != stage {
            for (_, role, step) in w.way(CLEANING).await.into_iter().skip(6).take(4) {
                w.go(role, &id, step).await;
            }
        }
        let view = w.app.see_case(&w.who(role), &id).await.expect("a party of the case sees it");
        let close = view.actions.iter().find(|action| action.step == "close").expect("every step is listed");
        let code = close.because.as_ref().map(|why| why.code.as_str());
        assert_eq!((close.allowed, code), (false, Some("handler_may_not_judge")), "{role:?}");
        let done = w.attempt(&w.who(role), &id, json!({ "step": "close" })).await;
        assert!(
            matches!(done, Err(app::AppError::Refused(case::Refusal::HandlerMayNotJudge))),
            "{role:?}: {done:?}"
        );
    }
}
