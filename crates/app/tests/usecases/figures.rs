//! Ledgers and overviews are counts of lists; the checks find what was planted.

use crate::lap;
use crate::world::{CLEANING, World, city};
use app::ledger::LedgerQuery;
use app::list_query::ListQuery;
use app::ports::Append;
use case::{Case, Fact, FactRecord};
use kernel::{Millis, Role};
use serde_json::json;

/// A bit of everything.
async fn busy(w: &World) {
    for stage in ["accepted", "filed", "handling", "replied", "closed", "closed"] {
        let id = w.reported("坑洞", json!({})).await;
        w.bring(&id, stage).await;
        w.clock.advance(Millis::minutes(1));
    }
    let returned = w.reported("不属于", json!({})).await;
    w.bring(&returned, "dispatched").await;
    w.go(Role::DepartmentOfficer, &returned, json!({ "step": "request_return", "reason": "不属于我单位" }))
        .await;
    w.go(Role::Dispatcher, &returned, json!({ "step": "approve_return", "opinion": "同意" })).await;
    let extended = w.reported("延期", json!({})).await;
    w.bring(&extended, "handling").await;
    let ask = json!({ "step": "request_extension", "reason": "雨天", "extra": { "value": 1.0, "unit": "work_day" } });
    w.go(Role::DepartmentOfficer, &extended, ask).await;
    w.go(Role::Dispatcher, &extended, json!({ "step": "approve_extension", "opinion": "同意" })).await;
    let suspended = w.reported("缓办", json!({})).await;
    w.bring(&suspended, "handling").await;
    let until = w.app.now().millis() + 86_400_000 * 5;
    w.go(
        Role::DepartmentOfficer,
        &suspended,
        json!({ "step": "request_suspension", "reason": "材料", "until": until }),
    )
    .await;
    w.go(Role::Dispatcher, &suspended, json!({ "step": "approve_suspension", "opinion": "同意" })).await;
    let void = w.reported("作废", json!({})).await;
    w.bring(&void, "dispatched").await;
    w.go(Role::Dispatcher, &void, json!({ "step": "request_cancellation", "reason": "误立" })).await;
    w.go(Role::ShiftLeader, &void, json!({ "step": "approve_cancellation", "opinion": "同意" })).await;
    assert_eq!(w.stage(&void).await, "cancelled");
    // Long enough that what is open is late.
    w.clock.advance(Millis::days(40));
}

#[tokio::test]
async fn every_figure_is_the_length_of_a_list() {
    let w = World::new().await;
    busy(&w).await;
    for role in [Role::ShiftLeader, Role::DepartmentOfficer] {
        let actor = w.who(role);
        let total = |q: ListQuery| {
            let (app, actor) = (w.app.clone(), actor.clone());
            async move { app.list_cases(&actor, &ListQuery { limit: Some(200), ..q }).await.expect("a list") }
        };
        let filed = ListQuery { filed_from: Some(0), ..ListQuery::default() };
        let of = total(filed.clone()).await.total;
        let lists = [
            ("return", ListQuery { return_min: Some(1), ..filed.clone() }),
            ("extension", ListQuery { extension_min: Some(1), ..filed.clone() }),
            ("suspension", ListQuery { suspension_min: Some(1), ..filed.clone() }),
            ("void", ListQuery { stage: vec!["cancelled".into()], ..filed.clone() }),
        ];
        for (kind, q) in lists {
            let ledger = w.app.ledger(&actor, kind, &LedgerQuery::default()).await.expect("a ledger");
            let list = total(q).await;
            assert_eq!((ledger.count, ledger.of), (list.total, of), "{kind} for {role:?}");
            let mut ids: Vec<&str> = ledger.items.iter().map(|line| line.id.as_str()).collect();
            let mut listed: Vec<&str> = list.items.iter().map(|line| line.id.as_str()).collect();
            ids.sort_unstable();
            listed.sort_unstable();
            assert_eq!(ids, listed, "{kind}");
            assert_eq!(ledger.by_month.iter().map(|m| m.count).sum::<u32>(), ledger.count);
            assert_eq!(ledger.by_department.iter().map(|d| d.of).sum::<u32>(), of);
            if role == Role::ShiftLeader {
                assert_eq!(ledger.count, 1, "{kind}");
            }
        }
        let view = w.app.overview(&actor, None, None).await.expect("an overview");
        let base = ListQuery { is_child: Some(false), ..filed };
        let closed = vec!["closed".to_owned()];
        let figures = [
            ("filed", view.total.filed, base.clone()),
            ("open", view.total.open, ListQuery { ended: Some(false), ..base.clone() }),
            (
                "overdue",
                view.total.overdue,
                ListQuery { ended: Some(false), overdue: Some(true), ..base.clone() },
            ),
            ("closed", view.total.closed, ListQuery { stage: closed.clone(), ..base.clone() }),
            (
                "closed on time",
                view.total.closed_on_time,
                ListQuery { stage: closed, on_time: Some(true), ..base.clone() },
            ),
            ("reworked", view.total.reworked, ListQuery { rework_min: Some(1), ..base.clone() }),
            ("returned", view.total.returned, ListQuery { return_min: Some(1), ..base.clone() }),
            ("extended", view.total.extended, ListQuery { extension_min: Some(1), ..base.clone() }),
            ("suspended", view.total.suspended, ListQuery { suspension_min: Some(1), ..base.clone() }),
        ];
        for (name, figure, q) in figures {
            assert_eq!(figure, total(q).await.total, "{name} for {role:?}");
        }
        let row = view
            .departments
            .iter()
            .find(|row| row.department.as_ref().is_some_and(|d| d.id == CLEANING))
            .expect("a row");
        let own = ListQuery { department: vec![CLEANING], ..base };
        assert_eq!(row.filed, total(own).await.total);
        assert_eq!(view.departments.iter().map(|row| row.filed).sum::<u32>(), view.total.filed);
        assert!(view.total.closed == 2 && view.total.overdue > 0, "{:?}", view.total);
    }
    assert!(w.app.ledger(&w.who(Role::ShiftLeader), "moon", &LedgerQuery::default()).await.is_err());
    assert!(w.app.overview(&w.who(Role::Collector), None, None).await.is_err());
}

fn append(state: Case, facts: Vec<FactRecord>) -> Append {
    Append {
        city: city(),
        state,
        expected_version: 0,
        facts,
        command: None,
        words: None,
        reporter: None,
        secret_hash: None,
        notices: Vec::new(),
        photo_hashes: Vec::new(),
    }
}

/// Picks the facts that get lost.
type Lost = fn(&Fact) -> bool;

/// The case and its facts without those that `lost` picks, numbered anew so that the store takes them.
async fn damaged(w: &World, id: &str, lost: Lost) -> Append {
    let mut facts: Vec<FactRecord> =
        w.facts(id).await.into_iter().filter(|record| !lost(&record.fact)).collect();
    for (at, record) in facts.iter_mut().enumerate() {
        record.seq = u32::try_from(at).expect("few") + 1;
    }
    let mut state = w.case(id).await;
    state.version = u32::try_from(facts.len()).expect("few");
    append(state, facts)
}

#[tokio::test]
async fn the_check_finds_what_was_planted() {
    let sound = World::new().await;
    let id = lap::lap(&sound).await;
    let state = |rows: &[app::check::CheckRow], number: u8| {
        rows.iter().find(|row| row.number == number).map(|row| row.state.clone()).expect("ten rows")
    };
    let faults: [(&str, Lost, &[u8]); 3] = [
        ("no verification", |fact| matches!(fact, Fact::VerificationAnswered { .. }), &[4, 5]),
        ("nobody called back", |fact| matches!(fact, Fact::CalledBack { .. }), &[6]),
        ("no reply", |fact| matches!(fact, Fact::Replied { .. }), &[4, 5]),
    ];
    for (what, lost, rows) in faults {
        let w = World::new().await;
        w.store.append(vec![damaged(&sound, &id, lost).await]).await.expect("written past the rules");
        let found = w.app.check(city()).await.expect("a check");
        assert_eq!(found.len(), 10);
        for number in rows {
            assert_eq!(state(&found, *number), "failed", "{what}: row {number}");
            let row = found.iter().find(|row| row.number == *number).expect("a row");
            assert!(row.examples[0].contains(&id), "{what}: {row:?}");
        }
    }
    let whole = sound.app.check(city()).await.expect("a check");
    assert!([4, 5, 6].iter().all(|number| state(&whole, *number) == "ok"));
}

#[tokio::test]
async fn the_replay_finds_a_row_that_was_tampered_with() {
    let sound = World::new().await;
    let id = lap::lap(&sound).await;
    let facts = sound.facts(&id).await;
    let changes: [fn(&mut Case); 4] = [
        |case| case.report.text = "没有问题".into(),
        |case| case.reworks = 3,
        |case| case.ended_at = case.ended_at.map(|at| at - Millis::hours(1)),
        |case| case.clocks.clear(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let w = World::new().await;
        let mut state = sound.case(&id).await;
        change(&mut state);
        w.store.append(vec![append(state, facts.clone())]).await.expect("written past the rules");
        let report = w.app.replay(city(), None).await.expect("a replay");
        assert_eq!((report.cases, report.differing.len()), (1, 1), "change {at}");
        assert!(report.differing[0].0.contains(&id));
        let one = w.app.replay(city(), id.parse().ok()).await.expect("a replay");
        assert_eq!(one.differing, report.differing);
    }
    let report = sound.app.replay(city(), None).await.expect("a replay");
    assert_eq!((report.differing.len(), report.facts), (0, facts.len() as u64));
}
