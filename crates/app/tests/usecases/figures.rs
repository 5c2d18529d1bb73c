//! Ledgers and overviews are counts of lists; the checks find what was planted.

use crate::lap;
use crate::world::{BUREAU, CLEANING, World, city};
use app::ledger::LedgerQuery;
use app::list_query::{ListQuery, NO_DEPARTMENT};
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
            for row in &ledger.by_department {
                let id = row.department.as_ref().map_or(NO_DEPARTMENT, |d| d.id);
                let list = ListQuery { department: vec![id], ..filed.clone() };
                assert_eq!(row.of, total(list).await.total, "{kind} of department {id} for {role:?}");
            }
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
        let own = ListQuery { department: vec![CLEANING], ..base.clone() };
        assert_eq!(row.filed, total(own).await.total);
        // Every row is the length of the list it opens: a department with its sub-units, or none at all.
        let mut top = 0;
        for row in &view.departments {
            let id = row.department.as_ref().map_or(NO_DEPARTMENT, |d| d.id);
            let list = ListQuery { department: vec![id], ..base.clone() };
            assert_eq!(row.filed, total(list.clone()).await.total, "department {id} for {role:?}");
            let open = ListQuery { ended: Some(false), ..list };
            assert_eq!(row.open, total(open).await.total, "open of department {id} for {role:?}");
            top += if id == CLEANING { 0 } else { row.filed };
        }
        assert_eq!(top, view.total.filed, "what lies inside another is counted there");
        let has = |id: u32| view.departments.iter().any(|r| r.department.as_ref().map_or(0, |d| d.id) == id);
        assert!(has(BUREAU) && has(CLEANING) && has(NO_DEPARTMENT), "{role:?}");
        for asked in
            [vec![], vec![BUREAU], vec![CLEANING], vec![NO_DEPARTMENT], vec![CLEANING, NO_DEPARTMENT]]
        {
            let q = ListQuery { department: asked.clone(), ..ListQuery::default() };
            let counts = w.app.count_cases(&actor, &q, Some("department")).await.expect("counts");
            assert_eq!(counts.total, total(q).await.total, "{asked:?}");
            for group in &counts.groups {
                let q =
                    ListQuery { department: vec![group.key.parse().expect("an id")], ..ListQuery::default() };
                assert_eq!(group.count, total(q).await.total, "{} of {asked:?} for {role:?}", group.key);
            }
            assert!(!counts.groups.is_empty() || counts.total == 0, "{asked:?}");
        }
        assert!(view.total.closed == 2 && view.total.overdue > 0, "{:?}", view.total);
    }
    assert!(w.app.ledger(&w.who(Role::ShiftLeader), "moon", &LedgerQuery::default()).await.is_err());
    assert!(w.app.overview(&w.who(Role::Collector), None, None).await.is_err());
}

pub fn append(state: Case, facts: Vec<FactRecord>) -> Append {
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
async fn the_check_runs_in_the_background_and_its_last_result_is_kept() {
    let w = World::new().await;
    lap::lap(&w).await;
    let admin = w.who(Role::AuditAdmin);
    for role in [Role::IntakeOperator, Role::Dispatcher, Role::SecurityAdmin, Role::Handler] {
        assert!(
            w.app.ask_check(&w.who(role)).await.is_err() && w.app.last_check(&w.who(role)).await.is_err()
        );
    }
    let none = w.app.last_check(&admin).await.expect("a view");
    assert_eq!((none.job.state.as_str(), none.checked_at, none.rows.len()), ("none", None, 0));
    for _ in 0..2 {
        let asked = w.app.ask_check(&admin).await.expect("asked");
        assert_eq!((asked.job.state.as_str(), asked.rows.len()), ("waiting", 0));
    }
    // Stopped before it began: nothing is lost.
    let mut asked = 0;
    let stopped = std::sync::atomic::AtomicU32::new(0);
    let go_on = move || stopped.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
    asked += w.app.work_jobs(&go_on).await.expect("jobs");
    assert_eq!(asked, 0);
    assert_eq!(w.app.last_check(&admin).await.expect("a view").job.state, "running");
    w.clock.advance(Millis::minutes(2));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("jobs"), 1);
    let done = w.app.last_check(&admin).await.expect("a view");
    assert_eq!((done.job.state.as_str(), done.job.done, done.job.total), ("done", 1, 1));
    assert_eq!(done.rows, w.app.check(city()).await.expect("a check"), "the same as at once");
    assert_eq!(done.checked_at, Some(w.app.now().millis()));
    w.clock.advance(Millis::hours(1));
    let again = w.app.ask_check(&w.who(Role::Leader)).await.expect("asked");
    assert_eq!((again.job.state.as_str(), again.checked_at), ("waiting", done.checked_at));
    assert_eq!(again.rows, done.rows, "the last result stays until there is a new one");
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
