//! Procedures: the ones that come with the product are sound, bad ones are told so.

use crate::world::*;
use case::procedure::{ApprovalRule, Controlled, FastChannel};
use case::{ApprovalKind, Command, Procedure, Report, Source, StageName, Step, fast_channel};
use kernel::{LimitUnit, Role, TimeLimit};

#[test]
fn the_shipped_procedures_have_no_problem() {
    for procedure in [Procedure::standard(1), Procedure::history(2)] {
        assert_eq!(procedure.check(), []);
        let text = serde_json::to_string(&procedure).expect("it is plain data");
        assert_eq!(serde_json::from_str::<Procedure>(&text).expect("it reads back"), procedure);
    }
}

#[test]
fn each_mistake_is_named() {
    type Mistake = fn(&mut Procedure);
    let table: [(Mistake, &str, &str); 14] = [
        (|p| p.limits.sign = TimeLimit::work_minutes(0), "limits.sign", "zero"),
        (|p| p.evidence.photos_max = 0, "evidence.photos_max", "zero"),
        (|p| p.evidence.reply_min = 10, "evidence.photos_max", "less_than_needed"),
        (|p| p.evidence.waived = true, "evidence.waived", "only_for_history"),
        (|p| p.suspension.days_max = 0, "suspension.days_max", "zero"),
        (|p| p.rework.fresh_percent = 101, "rework.fresh_percent", "above_100"),
        (
            |p| {
                p.approvals.remove(&ApprovalKind::Return);
            },
            "approvals.return",
            "no_rule",
        ),
        (
            |p| {
                let rule = ApprovalRule { up_to: None, times: None, chain: Vec::new() };
                p.approvals.insert(ApprovalKind::Return, vec![rule]);
            },
            "approvals.return.0.chain",
            "empty_chain",
        ),
        (
            |p| {
                let chain = vec![vec![Role::Dispatcher], vec![Role::DepartmentOfficer]];
                p.approvals
                    .insert(ApprovalKind::Return, vec![ApprovalRule { up_to: None, times: None, chain }]);
            },
            "approvals.return.0.chain",
            "handler_decides",
        ),
        (
            |p| {
                let rule = ApprovalRule { up_to: None, times: Some(1), chain: vec![vec![Role::Leader]] };
                p.approvals.insert(ApprovalKind::Return, vec![rule]);
            },
            "approvals.return",
            "last_rule_is_bounded",
        ),
        (
            |p| {
                p.may.insert(Step::Close, vec![Role::ShiftLeader, Role::Handler]);
            },
            "may.close",
            "handler_may_not_judge",
        ),
        (
            |p| {
                p.may.insert(Step::File, vec![Role::SystemAdmin]);
            },
            "may.file",
            "administrator",
        ),
        (
            |p| {
                let message = "message".to_owned();
                let minutes = Some((60, 60));
                p.controlled.push(Controlled { classes: Vec::new(), areas: Vec::new(), minutes, message });
            },
            "controlled.0.minutes",
            "not_in_a_day",
        ),
        (
            |p| {
                p.fast_channels.push(FastChannel {
                    name: "x".to_owned(),
                    sources: Vec::new(),
                    classes: Vec::new(),
                    areas: Vec::new(),
                    file: false,
                    dispatch: false,
                    audit_percent: 0,
                });
            },
            "fast_channels.0",
            "does_nothing",
        ),
    ];
    for (mistake, field, code) in table {
        let mut procedure = Procedure::standard(1);
        mistake(&mut procedure);
        let problems = procedure.check();
        assert!(
            problems.iter().any(|problem| problem.field == field && problem.code == code),
            "{field} {code}: {problems:?}"
        );
    }
}

#[test]
fn long_and_repeated_extensions_go_higher() {
    let procedure = Procedure::standard(1);
    let days = |n| Some(TimeLimit::work_days(n));
    let chain = |amount, granted| {
        procedure.chain(ApprovalKind::Extension, amount, granted, Some(Role::Handler)).len()
    };
    assert_eq!(chain(days(1), 0), 1);
    assert_eq!(chain(days(15), 0), 1);
    assert_eq!(chain(days(16), 0), 2);
    assert_eq!(chain(days(1), 1), 2);
    assert_eq!(chain(days(31), 0), 3);
    assert_eq!(chain(Some(TimeLimit::new(8 * 16, LimitUnit::WorkHour)), 0), 2);
}

#[test]
fn a_step_of_the_chain_that_the_asker_would_answer_is_left_out() {
    let mut procedure = Procedure::standard(1);
    let chain = vec![vec![Role::DepartmentOfficer], vec![Role::Dispatcher]];
    let rule = ApprovalRule { up_to: None, times: None, chain };
    procedure.approvals.insert(ApprovalKind::Extension, vec![rule]);
    let length = |role| procedure.chain(ApprovalKind::Extension, None, 0, Some(role)).len();
    assert_eq!((length(Role::Handler), length(Role::DepartmentOfficer)), (2, 1));
    let w = World { procedure, ..World::new() };
    let play = Play::handling(&w).go(HANDLER, ask(ApprovalKind::Extension));
    let play = play.go(OFFICER, approve(ApprovalKind::Extension));
    assert_eq!(play.case().extensions, 0);
    let play = play.go(DISPATCHER, approve(ApprovalKind::Extension));
    assert_eq!(play.case().extensions, 1);
}

#[test]
fn a_history_goes_through_without_photos_and_says_that_it_was_made_up() {
    let mut w = World::new();
    w.procedure = Procedure::history(1);
    let bare = Report { evidence: Vec::new(), ..seen(Source::Hotline) };
    let play = Play::new(&w)
        .go(INTAKE, report(bare))
        .go(INTAKE, Command::Accept { opinion: nothing() })
        .go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
        .go(DISPATCHER, dispatch(CLEANING))
        .go(OFFICER, Command::SignFor)
        .go(OFFICER, Command::Reply { text: because(), evidence: Vec::new() })
        .go(DISPATCHER, Command::PassOn { opinion: nothing() })
        .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
        .go(
            COLLECTOR,
            Command::AnswerVerification {
                outcome: case::VerifyOutcome::Passed,
                opinion: nothing(),
                evidence: Vec::new(),
                at: None,
            },
        )
        .go(SHIFT_LEADER, Command::Close { opinion: nothing() });
    assert_eq!(play.case().stage.name(), StageName::Closed);
    assert!(play.case().synthesised);
}

#[test]
fn the_first_channel_that_fits_decides() {
    let mut procedure = Procedure::standard(1);
    let channel = |name: &str, sources: Vec<Source>| FastChannel {
        name: name.to_owned(),
        sources,
        classes: vec![class("0101")],
        areas: vec!["370705".parse().expect("a county")],
        file: true,
        dispatch: false,
        audit_percent: 0,
    };
    procedure.fast_channels = vec![channel("one", vec![Source::Ai]), channel("two", Vec::new())];
    let name = |report: &Report| fast_channel(report, &procedure).map(|channel| channel.name.clone());
    assert_eq!(name(&seen(Source::Ai)).as_deref(), Some("one"));
    assert_eq!(name(&seen(Source::Collector)).as_deref(), Some("two"));
    let other = Report { class: Some(class("0202")), ..seen(Source::Ai) };
    assert_eq!(name(&other), None);
}
