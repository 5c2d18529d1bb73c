//! Procedures, calendars and rules as data: what changes with them, and what does not.

use crate::figures::append;
use crate::lap::citizens_report;
use crate::world::{CLASS, CLEANING, NOW, OTHER_CLASS, World, city, new_id, person, record};
use app::AppError;
use app::list_query::ListQuery;
use case::procedure::{Controlled, FastChannel};
use case::{Case, Fact, Procedure, Source};
use kernel::calendar::{CalendarSpec, Season, Slot, Zone};
use kernel::{CaseId, CaseNumber, Clock, Millis, Role, TimeLimit};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

async fn put(w: &World, kind: &str, key: &str, value: Value) {
    w.app.put_record(&w.who(Role::SystemAdmin), kind, key, 0, Some(value)).await.expect("a sound record");
}

async fn procedure(w: &World, change: impl FnOnce(&mut Procedure)) {
    let mut procedure = Procedure::standard(2);
    change(&mut procedure);
    put(w, "procedures", "2", serde_json::to_value(procedure).expect("json")).await;
}

#[tokio::test]
async fn a_controlled_class_may_not_be_reported_there() {
    let w = World::new().await;
    procedure(&w, |p| {
        p.controlled = vec![Controlled {
            classes: vec![CLASS.parse().expect("a class")],
            areas: vec!["990401001".parse().expect("a street")],
            minutes: Some((8 * 60, 18 * 60)),
            message: "此时此处不受理".into(),
        }];
    })
    .await;
    let intake = w.who(Role::IntakeOperator);
    let sent = w.report_json("坑洞", json!({})).await;
    let refused = w.try_report(&intake, sent.clone()).await;
    let Err(AppError::Refused(case::Refusal::Controlled { message })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(message, "此时此处不受理");
    assert_eq!(w.store.head(city()).await.expect("a store"), (0, 0), "nothing was written");
    // Another class, the next street, the evening: all are free.
    for (more, wait) in [
        (json!({ "class": OTHER_CLASS }), 0),
        (json!({ "place": { "lng": 116.015, "lat": 36.005 } }), 0),
        (json!({}), 12),
    ] {
        w.clock.set(NOW + Millis::hours(wait));
        let sent = w.report_json("坑洞", more).await;
        w.try_report(&intake, sent).await.expect("free");
    }
}

#[tokio::test]
async fn the_fast_channel_files_and_dispatches_and_is_audited_later() {
    let w = World::new().await;
    put(&w, "responsibility", "1", json!({ "class": CLASS, "department": CLEANING, "level": "city", "weight_permille": 900, "basis": { "zh": "清单", "en": "Table" } })).await;
    procedure(&w, |p| {
        p.fast_channels = vec![FastChannel {
            name: "citizen_roads".into(),
            sources: vec![Source::CitizenWeb],
            classes: vec![CLASS.parse().expect("a class")],
            areas: Vec::new(),
            file: true,
            dispatch: true,
            audit_percent: 100,
        }];
    })
    .await;
    let id = citizens_report(&w, new_id(), "a-secret-of-the-citizen-1", "坑洞", "13900000001").await.id;
    let case = w.case(&id).await;
    assert_eq!(case.stage.name().as_str(), "dispatched");
    assert_eq!(case.department().map(|d| d.0), Some(CLEANING));
    assert_eq!(case.audit, case::case::Audit::Due);
    let facts = w.facts(&id).await;
    let by_rule = facts.iter().filter(
        |r| matches!(&r.by, case::By::System { rule, version } if rule == "citizen_roads" && *version == 2),
    );
    assert_eq!(by_rule.count(), 3, "accepted, filed and dispatched in the rule's name");
    // By hand it goes the ordinary way.
    let desk = w.reported("坑洞", json!({})).await;
    assert_eq!(w.stage(&desk).await, "reported");
    let leader = w.who(Role::ShiftLeader);
    let q = ListQuery { queue: Some("audits".into()), ..ListQuery::default() };
    let due = w.app.list_cases(&leader, &q).await.expect("a queue");
    assert_eq!((due.total, due.items[0].id.as_str()), (1, id.as_str()));
    w.go(Role::ShiftLeader, &id, json!({ "step": "audit", "passed": true })).await;
    assert_eq!(w.app.list_cases(&leader, &q).await.expect("a queue").total, 0);
    w.proved().await;
}

#[tokio::test]
async fn a_changed_calendar_moves_every_open_deadline_and_no_other() {
    let w = World::new().await;
    let open = w.reported("坑洞", json!({})).await;
    w.bring(&open, "handling").await;
    let ended = w.reported("坑洞二", json!({})).await;
    w.bring(&ended, "closed").await;
    let due = |case: &case::Case| {
        case.clock(kernel::ClockKind::Handle).and_then(kernel::Clock::due_at).expect("a clock")
    };
    let (before, closed_before) = (w.case(&open).await, w.case(&ended).await);
    // Mornings only: five working days of eight hours become ten mornings.
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.version = 2;
    spec.seasons = vec![Season::whole_year(vec![Slot::hours(8, 12)])];
    put(&w, "calendars", "main", serde_json::to_value(&spec).expect("json")).await;
    assert_eq!(w.case(&open).await, before, "the request moves nothing");
    let job = |w: &World| {
        let (app, admin) = (w.app.clone(), w.who(Role::SystemAdmin));
        async move { app.jobs(&admin).await.expect("jobs").remove(0) }
    };
    let asked = job(&w).await;
    assert_eq!((asked.job.as_str(), asked.state.as_str()), ("recompute_clocks", "waiting"));
    assert_eq!(asked.asked_by.map(|p| p.id), Some(person(Role::SystemAdmin).0));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("jobs"), 0, "other processes read the calendar first");
    w.clock.advance(Millis::seconds(5));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("jobs"), 1);
    let done = job(&w).await;
    assert_eq!((done.state.as_str(), done.done, done.total, done.changed), ("done", 2, 2, 1));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("jobs"), 0, "done once");
    assert!(w.app.jobs(&w.who(Role::ShiftLeader)).await.is_err());
    let after = w.case(&open).await;
    assert_ne!(due(&after), due(&before), "the open deadline moved");
    assert_eq!(w.facts(&open).await.last().map(|r| r.fact.name()), Some("clocks_recomputed"));
    assert_eq!(w.case(&ended).await, closed_before, "what has ended stays as it was");
    let config = w.app.config(city()).expect("a city");
    let clock = after.clock(kernel::ClockKind::Handle).expect("a clock");
    let fresh = config.calendar.due(clock.started_at, clock.length, clock.limit.unit, &[]);
    assert_eq!(due(&after), fresh, "the hours that were granted, in the new office hours");
    w.proved().await;
    // A calendar without seasons is refused and changes nothing.
    spec.version = 3;
    spec.seasons = Vec::new();
    let bad = serde_json::to_value(&spec).expect("json");
    let refused = w.app.put_record(&w.who(Role::SystemAdmin), "calendars", "main", 1, Some(bad)).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
    assert_eq!(w.app.config(city()).expect("a city").calendar.version(), 2);
}

/// As many more cases like this one, past the rules, under ids and numbers of their own.
async fn copies(w: &World, id: &str, count: u32) {
    let (state, facts) = (w.case(id).await, w.facts(id).await);
    for n in 0..count {
        let (mut state, mut facts): (Case, _) = (state.clone(), facts.clone());
        state.id = CaseId(new_id());
        state.number = CaseNumber::new(city(), 20_260_303, n + 1);
        if let Fact::Reported { id, number, .. } = &mut facts[0].fact {
            (*id, *number) = (state.id, state.number.clone());
        }
        w.store.append(vec![append(state, facts)]).await.expect("a copy");
    }
}

#[tokio::test]
async fn deadlines_go_on_moving_where_a_killed_process_left_them() {
    let first = World::new().await;
    let open = first.reported("坑洞", json!({})).await;
    first.bring(&open, "handling").await;
    let ended = first.reported("坑洞二", json!({})).await;
    first.bring(&ended, "closed").await;
    copies(&first, &open, 1_200).await;
    let w = World::on(first.store.clone()).await;
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.version = 2;
    spec.seasons = vec![Season::whole_year(vec![Slot::hours(8, 12)])];
    put(&w, "calendars", "main", serde_json::to_value(&spec).expect("json")).await;
    w.clock.advance(Millis::seconds(5));
    let moved = || async {
        let mut moved = 0;
        for serial in 0..1_202 {
            let stored = w.store.cases_by_serial(city(), &[serial]).await.expect("a store").remove(0);
            let facts = w.store.facts(city(), stored.case.id).await.expect("a store");
            let times = facts.iter().filter(|r| r.fact.name() == "clocks_recomputed").count();
            assert!(times <= 1, "case {serial} was moved {times} times");
            moved += times;
        }
        moved
    };
    // Killed after the second batch: a slow one, so that progress was saved before the third would begin.
    let (asked, clock) = (AtomicU32::new(0), w.clock.clone());
    let killed = move || {
        clock.advance(Millis::seconds(6));
        asked.fetch_add(1, Ordering::Relaxed) < 3
    };
    assert_eq!(w.app.work_jobs(&killed).await.expect("jobs"), 0);
    let half = moved().await;
    assert!((400..1_201).contains(&half), "{half} moved before the kill");
    let admin = w.who(Role::SystemAdmin);
    let job = w.app.jobs(&admin).await.expect("jobs").remove(0);
    assert_eq!((job.state.as_str(), job.total), ("running", 1_202));
    assert!(job.done >= 500, "{job:?}");
    // Another process on the same store: not before the lease of the dead one has run out.
    let next = World::on(first.store.clone()).await;
    next.clock.set(w.app.now());
    assert_eq!(next.app.work_jobs(&|| true).await.expect("jobs"), 0);
    assert_eq!(moved().await, half);
    next.clock.advance(Millis::minutes(2));
    assert_eq!(next.app.work_jobs(&|| true).await.expect("jobs"), 1);
    assert_eq!(moved().await, 1_201, "each open case once, the ended one never");
    let job = next.app.jobs(&admin).await.expect("jobs").remove(0);
    assert_eq!((job.state.as_str(), job.done, job.changed, job.failed), ("done", 1_202, 1_201, 0));
    let config = next.app.config(city()).expect("a city");
    for serial in 0..1_202 {
        let case = next.store.cases_by_serial(city(), &[serial]).await.expect("a store").remove(0).case;
        for clock in case.clocks.iter().filter(|clock| case.is_open() && clock.ended_at.is_none()) {
            let fresh = config.calendar.due(clock.started_at, clock.length, clock.limit.unit, &[]);
            assert_eq!(Clock::due_at(clock), Some(fresh), "{:?} of case {serial}", clock.kind);
        }
    }
    next.proved().await;
    // Asked for anew while it runs, it begins anew.
    spec.version = 3;
    let again = serde_json::to_value(&spec).expect("json");
    next.app.put_record(&admin, "calendars", "main", 1, Some(again.clone())).await.expect("a calendar");
    next.clock.advance(Millis::seconds(5));
    let (app, once) = (next.app.clone(), AtomicU32::new(0));
    assert_eq!(app.work_jobs(&move || once.fetch_add(1, Ordering::Relaxed) < 2).await.expect("jobs"), 0);
    next.app.put_record(&admin, "calendars", "main", 2, Some(again)).await.expect("a calendar");
    let job = next.app.jobs(&admin).await.expect("jobs").remove(0);
    assert_eq!((job.state.as_str(), job.done), ("waiting", 0));
}

#[tokio::test]
async fn a_case_never_loses_its_procedure_without_a_word() {
    use app::config::{Config, KnownGrids};
    use app::ports::StoredRecord;
    let stored = |key: &str, procedure: &Procedure| StoredRecord {
        kind: "procedures".into(),
        key: key.into(),
        version: 1,
        changed_at: NOW,
        changed_by: None,
        value: serde_json::to_value(procedure).ok(),
    };
    let (own, history) = (
        |v: u32| stored(&v.to_string(), &Procedure::standard(v)),
        |v: u32| stored(&v.to_string(), &Procedure::history(v)),
    );
    // The records of a city, the versions there are then, and the one in force.
    let table = [
        (vec![], vec![1], 1),
        (vec![own(1)], vec![1], 1),
        (vec![own(5)], vec![1, 5], 5),
        (vec![history(1)], vec![1, 2], 2),
        (vec![history(1), own(2)], vec![1, 2], 2),
        (vec![history(1), own(4)], vec![1, 2, 4], 4),
        (vec![own(2), history(7)], vec![1, 2, 7], 2),
    ];
    for (records, versions, in_force) in table {
        let config = Config::build(city(), 0, &records, KnownGrids::default()).expect("sound");
        let found: Vec<u32> = config.procedures.keys().copied().collect();
        assert_eq!((found, config.procedure), (versions, in_force));
        assert!(config.procedure(config.procedure).is_ok());
        assert!(matches!(config.procedure(9), Err(AppError::ProcedureMissing(9))));
    }
    let records = [stored("2", &Procedure::standard(3))];
    let wrong = Config::build(city(), 0, &records, KnownGrids::default()).expect_err("two names");
    assert_eq!((wrong[0].field.as_str(), wrong[0].code), ("procedures/2.version", "not_its_key"));
    // A version stays: a case may be pinned to it.
    let w = World::new().await;
    let removed = w.app.put_record(&w.who(Role::SystemAdmin), "procedures", "1", 1, None).await;
    let Err(AppError::Invalid(problems)) = removed else { panic!("{removed:?}") };
    assert_eq!(problems[0].code, "procedure_stays");
    // Where it is missing all the same, the case says so instead of following another.
    let id = w.reported("坑洞", json!({})).await;
    let (mut state, mut facts) = (w.case(&id).await, w.facts(&id).await);
    (state.id, state.number) = (CaseId(new_id()), CaseNumber::new(city(), 20_260_303, 1));
    state.procedure = 8;
    if let Fact::Reported { id, number, procedure, .. } = &mut facts[0].fact {
        (*id, *number, *procedure) = (state.id, state.number.clone(), 8);
    }
    let lost = state.id.to_string();
    w.store.append(vec![append(state, facts)]).await.expect("written past the rules");
    let w = World::on(w.store.clone()).await;
    let intake = w.who(Role::IntakeOperator);
    let seen = w.app.see_case(&intake, &lost).await;
    assert!(matches!(seen, Err(AppError::ProcedureMissing(8))), "{seen:?}");
    let step = w.attempt(&intake, &lost, json!({ "step": "accept" })).await;
    assert!(matches!(step, Err(AppError::ProcedureMissing(8))), "{step:?}");
    let list = w.app.list_cases(&intake, &ListQuery::default()).await.expect("a list stays readable");
    assert_eq!(list.total, 2);
}

#[tokio::test]
async fn running_cases_move_to_another_procedure_only_when_told_to() {
    let w = World::new().await;
    let mut ids = Vec::new();
    for stage in ["accepted", "handling", "closed"] {
        let id = w.reported("坑洞", json!({})).await;
        w.bring(&id, stage).await;
        ids.push(id);
    }
    procedure(&w, |p| p.limits.file = TimeLimit::work_minutes(45)).await;
    let admin = w.who(Role::SystemAdmin);
    let mut before = Vec::new();
    for id in &ids {
        before.push(w.trace(id).await);
    }
    let tried = w.app.migrate_procedure(&admin, 2, true).await.expect("a dry run");
    assert_eq!((tried.cases, tried.changed, tried.dry_run), (2, 2, true));
    assert!(tried.changes.iter().all(|change| change.from == 1));
    for (id, before) in ids.iter().zip(&before) {
        assert_eq!(w.trace(id).await, *before, "a dry run writes nothing");
    }
    let done = w.app.migrate_procedure(&admin, 2, false).await.expect("migrated");
    assert_eq!((done.changed, &done.changes), (2, &tried.changes));
    let procedures =
        [w.case(&ids[0]).await.procedure, w.case(&ids[1]).await.procedure, w.case(&ids[2]).await.procedure];
    assert_eq!(procedures, [2, 2, 1], "what has ended stays under its procedure");
    let old = &before[1].0;
    let new = w.case(&ids[1]).await;
    let handle = kernel::ClockKind::Handle;
    assert_eq!(new.clock(handle), old.clock(handle), "no clock is lost");
    assert_eq!(w.app.migrate_procedure(&admin, 2, false).await.expect("again").changed, 0);
    assert!(matches!(w.app.migrate_procedure(&admin, 9, true).await, Err(AppError::NotFound(_))));
    assert!(matches!(
        w.app.migrate_procedure(&w.who(Role::ShiftLeader), 2, true).await,
        Err(AppError::Forbidden(_))
    ));
    w.proved().await;
}

#[tokio::test]
async fn a_return_teaches_the_ranking() {
    let w = World::new().await;
    let rule = record(
        "responsibility",
        1,
        json!({ "class": CLASS, "department": CLEANING, "level": "city", "weight_permille": 900, "basis": { "zh": "清单", "en": "Table" } }),
    );
    w.app.put_checked(city(), None, vec![rule]).await.expect("a rule");
    let id = w.reported("坑洞", json!({})).await;
    w.bring(&id, "dispatched").await;
    let dispatcher = w.who(Role::Dispatcher);
    let confidence = || async {
        let ranked = w.app.proposals(&dispatcher, &id).await.expect("proposals");
        let found = ranked.iter().find(|p| p.department.id == CLEANING).expect("still proposed");
        (found.confidence_percent, found.reason.params["returned"].as_u64())
    };
    let (before, _) = confidence().await;
    w.go(Role::DepartmentOfficer, &id, json!({ "step": "request_return", "reason": "不属于我单位" })).await;
    w.go(Role::Dispatcher, &id, json!({ "step": "approve_return", "opinion": "同意" })).await;
    let (after, returned) = confidence().await;
    assert!(after < before, "{after} is not less than {before}");
    assert_eq!(returned, Some(1));
    // Learned, not forgotten: another process reads it from the store.
    let other = World::on(w.store.clone()).await;
    let ranked = other.app.proposals(&dispatcher, &id).await.expect("proposals");
    assert_eq!(
        ranked.iter().find(|p| p.department.id == CLEANING).map(|p| p.confidence_percent),
        Some(after)
    );
}
