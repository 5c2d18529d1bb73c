//! Procedures, calendars and rules as data: what changes with them, and what does not.

use crate::lap::citizens_report;
use crate::world::{CLASS, CLEANING, NOW, OTHER_CLASS, World, city, new_id, record};
use app::AppError;
use app::list_query::ListQuery;
use case::procedure::{Controlled, FastChannel};
use case::{Procedure, Source};
use kernel::calendar::{CalendarSpec, Season, Slot, Zone};
use kernel::{Millis, Role, TimeLimit};
use serde_json::{Value, json};

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
