//! Every row of workflow.md §4: one way it goes, one way it is refused.

use crate::world::*;
use case::procedure::FastChannel;
use case::{
    ApprovalKind, Command, ConfirmOutcome, EvidenceKind, Level, Report, Source, StageName, VerifyOutcome,
};
use kernel::{Actor, Millis, TimeLimit};
use std::collections::BTreeMap;

type Expected = Result<StageName, &'static str>;
type Row<'a> = (&'static str, Play<'a>, Actor, Command, Expected);

fn report_rows(w: &World) -> Vec<Row<'_>> {
    let new = || Play::new(w);
    let bare = |source| Report { evidence: Vec::new(), ..seen(source) };
    let one_photo = || {
        let Command::ReportSelfHandled { id, number, report, procedure } = self_handled() else {
            unreachable!("self_handled makes this command")
        };
        let report = Report { evidence: vec![photo(EvidenceKind::Before)], ..report };
        Command::ReportSelfHandled { id, number, report, procedure }
    };
    let to_audit = || new().go(COLLECTOR, self_handled());
    let refuse =
        |ordinary, opinion: &str| Command::RefuseSelfHandled { ordinary, opinion: opinion.to_owned() };
    vec![
        ("T01", new(), who(COLLECTOR), report(seen(Source::Collector)), Ok(StageName::Reported)),
        ("T01", new(), who(COLLECTOR), report(bare(Source::Collector)), Err("evidence_missing")),
        (
            "T01",
            new(),
            who(COLLECTOR),
            report(Report { evidence: vec![photo(EvidenceKind::Near); 10], ..seen(Source::Collector) }),
            Err("too_many_attachments"),
        ),
        (
            "T01",
            new(),
            who(COLLECTOR),
            report(Report { class: None, ..seen(Source::Collector) }),
            Err("incomplete"),
        ),
        ("T01", new(), who(INTAKE), report(seen(Source::Collector)), Err("role_may_not")),
        ("T02", new(), who(INTAKE), report(bare(Source::Hotline)), Ok(StageName::Reported)),
        ("T02", new(), citizen(), report(bare(Source::CitizenWeb)), Ok(StageName::Reported)),
        ("T02", new(), system(), report(bare(Source::Sensor)), Ok(StageName::Reported)),
        ("T02", new(), citizen(), report(seen(Source::Leader)), Err("role_may_not")),
        ("T02", new(), who(DISPATCHER), report(seen(Source::Hotline)), Err("role_may_not")),
        ("T03", new(), who(COLLECTOR), self_handled(), Ok(StageName::SelfHandled)),
        ("T03", new(), who(COLLECTOR), one_photo(), Err("evidence_missing")),
        (
            "T04",
            to_audit(),
            who(INTAKE),
            Command::PassSelfHandled { opinion: nothing() },
            Ok(StageName::ClosedSelfHandled),
        ),
        (
            "T04",
            to_audit(),
            who(COLLECTOR),
            Command::PassSelfHandled { opinion: nothing() },
            Err("handler_may_not_judge"),
        ),
        ("T05", to_audit(), who(SHIFT_LEADER), refuse(false, "无效"), Ok(StageName::Declined)),
        ("T05", to_audit(), who(SHIFT_LEADER), refuse(true, "转普通"), Ok(StageName::Reported)),
        ("T05", to_audit(), who(SHIFT_LEADER), refuse(false, " "), Err("reason_missing")),
    ]
}

fn intake_rows(w: &World) -> Vec<Row<'_>> {
    let request = || Command::RequestConfirmation { collector: COLLECTOR, note: nothing() };
    let change = |collector| Command::ChangeCollector { collector, reason: because() };
    let far = || {
        let evidence = vec![photo(EvidenceKind::OnSpot)];
        let at = kernel::Point::new(119.2, 36.7);
        Command::AnswerConfirmation { outcome: ConfirmOutcome::True, opinion: nothing(), evidence, at }
    };
    let asked = |consultation| {
        let report_of = Report { consultation, ..seen(Source::Hotline) };
        Play::new(w).go(INTAKE, report(report_of))
    };
    let unseen = || {
        let report_of = Report { evidence: Vec::new(), ..seen(Source::Hotline) };
        Play::new(w).go(INTAKE, report(report_of))
    };
    let accept = || Command::Accept { opinion: nothing() };
    let decline = || Command::Decline { reason: because() };
    let answered = |outcome| Play::confirming(w).go(COLLECTOR, confirmed(outcome));
    vec![
        ("T06", Play::reported(w), who(INTAKE), request(), Ok(StageName::Confirming)),
        ("T06", Play::accepted(w), who(INTAKE), request(), Err("wrong_stage")),
        (
            "T07",
            Play::confirming(w),
            who(COLLECTOR),
            confirmed(ConfirmOutcome::True),
            Ok(StageName::Confirmed),
        ),
        (
            "T07",
            Play::confirming(w),
            who(OTHER_COLLECTOR),
            confirmed(ConfirmOutcome::True),
            Err("not_your_task"),
        ),
        ("T07", Play::confirming(w), who(COLLECTOR), far(), Err("too_far")),
        ("T08", Play::confirming(w), who(INTAKE), change(OTHER_COLLECTOR), Ok(StageName::Confirming)),
        ("T08", Play::confirming(w), who(INTAKE), change(COLLECTOR), Err("already_done")),
        ("T09", Play::reported(w), who(INTAKE), decline(), Ok(StageName::Declined)),
        (
            "T09",
            Play::reported(w),
            who(INTAKE),
            Command::Decline { reason: nothing() },
            Err("reason_missing"),
        ),
        ("T10", asked(true), who(INTAKE), Command::AnswerAtOnce { answer: because() }, Ok(StageName::Closed)),
        (
            "T10",
            asked(false),
            who(INTAKE),
            Command::AnswerAtOnce { answer: because() },
            Err("not_a_consultation"),
        ),
        ("T11", Play::reported(w), who(INTAKE), accept(), Ok(StageName::Accepted)),
        ("T11", answered(ConfirmOutcome::True), who(INTAKE), accept(), Ok(StageName::Accepted)),
        ("T11", answered(ConfirmOutcome::False), who(INTAKE), accept(), Err("not_confirmed")),
        ("T11", unseen(), who(INTAKE), accept(), Err("not_confirmed")),
        ("T12", Play::accepted(w), who(SHIFT_LEADER), file(TimeLimit::work_hours(4)), Ok(StageName::Filed)),
        ("T12", Play::accepted(w), who(SHIFT_LEADER), file(TimeLimit::work_hours(0)), Err("invalid")),
        ("T12", Play::accepted(w), who(INTAKE), file(TimeLimit::work_hours(4)), Err("role_may_not")),
        ("T13", Play::accepted(w), who(SHIFT_LEADER), decline(), Ok(StageName::Declined)),
        ("T13", Play::accepted(w), who(INTAKE), decline(), Err("role_may_not")),
        ("T14", Play::accepted(w), who(SHIFT_LEADER), send_back(), Ok(StageName::Reported)),
        ("T14", Play::accepted(w), who(INTAKE), send_back(), Err("role_may_not")),
        ("T14", Play::accepted(w).go(SHIFT_LEADER, send_back()), who(INTAKE), accept(), Err("correct_first")),
    ]
}

fn dispatch_rows(w: &World) -> Vec<Row<'_>> {
    let split = |shares| Command::Split { shares, opinion: nothing() };
    let down = |level| Command::DispatchDown { share: share(2, DISTRICT, level), opinion: nothing() };
    let reassign = |department| Command::Reassign { department, assisting: Vec::new(), opinion: nothing() };
    let ahead = || Command::DispatchAhead { department: ROADS, reason: because() };
    let assign = || Command::Assign { handler: HANDLER, note: nothing() };
    let urgent = || {
        Play::new(w)
            .go(COLLECTOR, report(Report { urgent: true, ..seen(Source::Collector) }))
            .go(INTAKE, Command::Accept { opinion: nothing() })
            .go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
    };
    let asked = || Play::dispatched(w).go(OFFICER, ask(ApprovalKind::Return));
    vec![
        ("T15", Play::filed(w), who(DISPATCHER), dispatch(CLEANING), Ok(StageName::Dispatched)),
        ("T15", Play::filed(w), who(DISPATCHER), dispatch(kernel::DepartmentId(99)), Err("invalid")),
        ("T15", Play::filed(w), who(SHIFT_LEADER), dispatch(CLEANING), Err("role_may_not")),
        ("T16", Play::filed(w), who(DISPATCHER), two_shares(), Ok(StageName::Handling)),
        ("T16", Play::filed(w), who(DISPATCHER), split(vec![share(2, ROADS, Level::City)]), Err("invalid")),
        ("T16", Play::split(w), who(OFFICER), reply(), Err("children_open")),
        ("T17", Play::filed(w), who(DISPATCHER), send_back(), Ok(StageName::Accepted)),
        (
            "T17",
            Play::filed(w).go(DISPATCHER, send_back()),
            who(SHIFT_LEADER),
            file(TimeLimit::work_hours(4)),
            Err("correct_first"),
        ),
        ("T18", Play::filed(w), who(DISPATCHER), down(Level::District), Ok(StageName::Handling)),
        ("T18", Play::filed(w), who(DISPATCHER), down(Level::City), Err("invalid")),
        ("T19", Play::dispatched(w), who(OFFICER), Command::SignFor, Ok(StageName::Handling)),
        ("T19", Play::dispatched(w), who(BUREAU_OFFICER), assign(), Ok(StageName::Handling)),
        ("T19", Play::dispatched(w), who(ROADS_OFFICER), Command::SignFor, Err("not_your_department")),
        ("T20", asked(), who(DISPATCHER), approve(ApprovalKind::Return), Ok(StageName::Filed)),
        ("T20", asked(), who(OFFICER), ask(ApprovalKind::Return), Err("approval_open")),
        ("T20", Play::handling(w), who(OFFICER), ask(ApprovalKind::Return), Err("correct_first")),
        ("T21", asked(), who(DISPATCHER), reject(ApprovalKind::Return), Ok(StageName::Dispatched)),
        (
            "T21",
            asked(),
            who(DISPATCHER),
            Command::Reject { approval: ApprovalKind::Return, opinion: nothing() },
            Err("reason_missing"),
        ),
        ("T22", Play::returned(w), who(DISPATCHER), reassign(ROADS), Ok(StageName::Dispatched)),
        ("T22", Play::returned(w), who(DISPATCHER), reassign(CLEANING), Err("correct_first")),
        ("T22", Play::returned(w), who(DISPATCHER), dispatch(ROADS), Err("correct_first")),
        ("T22", Play::filed(w), who(DISPATCHER), reassign(ROADS), Err("wrong_stage")),
        ("T42", urgent(), who(DISPATCHER), ahead(), Ok(StageName::Dispatched)),
        ("T42", Play::filed(w), who(DISPATCHER), ahead(), Err("incomplete")),
    ]
}

fn handling_rows(w: &World) -> Vec<Row<'_>> {
    let soon = MONDAY_NINE + Millis::days(10);
    let resume = || Command::Resume { reason: because() };
    let asked_more = || Play::handling(w).go(HANDLER, ask(ApprovalKind::Extension));
    let asked_rest = || Play::signed(w).go(OFFICER, ask_to_suspend(soon));
    let bare = || Command::Reply { text: because(), evidence: Vec::new() };
    let back = || Command::RejectReply { reason: because() };
    let pass = || Command::PassOn { opinion: nothing() };
    vec![
        ("T23", Play::handling(w), who(HANDLER), send_back(), Ok(StageName::Dispatched)),
        ("T23", Play::handling(w), who(OTHER_HANDLER), send_back(), Err("not_your_task")),
        ("T24", asked_more(), who(DISPATCHER), approve(ApprovalKind::Extension), Ok(StageName::Handling)),
        ("T24", asked_more(), who(SHIFT_LEADER), approve(ApprovalKind::Extension), Err("role_may_not")),
        (
            "T24",
            Play::handling(w).wait(Millis::days(2)),
            who(HANDLER),
            ask(ApprovalKind::Extension),
            Err("already_overdue"),
        ),
        ("T25", asked_rest(), who(DISPATCHER), approve(ApprovalKind::Suspension), Ok(StageName::Suspended)),
        ("T25", Play::signed(w), who(OFFICER), ask_to_suspend(MONDAY_NINE), Err("bad_date")),
        (
            "T25",
            Play::signed(w),
            who(OFFICER),
            ask_to_suspend(MONDAY_NINE + Millis::days(366)),
            Err("bad_date"),
        ),
        ("T26", Play::suspended(w).wait(Millis::days(10)), system(), resume(), Ok(StageName::Handling)),
        ("T26", Play::suspended(w), who(DISPATCHER), resume(), Ok(StageName::Handling)),
        ("T26", Play::suspended(w).wait(Millis::days(9)), system(), resume(), Err("bad_date")),
        ("T26", Play::suspended(w), who(OFFICER), reply(), Err("wrong_stage")),
        ("T27", Play::handling(w), who(HANDLER), reply(), Ok(StageName::Replied)),
        ("T27", Play::handling(w), who(HANDLER), bare(), Err("evidence_missing")),
        ("T28", Play::replied(w), who(DISPATCHER), back(), Ok(StageName::Handling)),
        ("T28", Play::replied(w), who(HANDLER), back(), Err("role_may_not")),
        ("T29", Play::replied(w), who(DISPATCHER), pass(), Ok(StageName::ReadyToVerify)),
        ("T29", Play::replied(w), who(OFFICER), pass(), Err("role_may_not")),
    ]
}

fn verification_rows(w: &World) -> Vec<Row<'_>> {
    let request = |collector| Command::RequestVerification { collector, note: nothing() };
    let close = |opinion: &str| Command::Close { opinion: opinion.to_owned() };
    let rework = || Command::OrderRework { opinion: nothing(), department: None };
    let refuse = || Command::RefuseClosing { reason: because() };
    let no_photo = || Command::AnswerVerification {
        outcome: VerifyOutcome::Passed,
        opinion: nothing(),
        evidence: Vec::new(),
        at: here(),
    };
    let impossible = || Play::verifying(w).go(COLLECTOR, verified(VerifyOutcome::Impossible));
    let public = || {
        Play::called_in(w)
            .go(INTAKE, Command::Accept { opinion: nothing() })
            .go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
            .go(DISPATCHER, dispatch(CLEANING))
            .go(OFFICER, Command::SignFor)
            .go(OFFICER, reply())
            .go(DISPATCHER, Command::PassOn { opinion: nothing() })
            .go(INTAKE, request(COLLECTOR))
            .go(COLLECTOR, verified(VerifyOutcome::Passed))
    };
    let reopen = || Command::Reopen { reason: because() };
    vec![
        ("T30", Play::ready_to_verify(w), who(INTAKE), request(COLLECTOR), Ok(StageName::Verifying)),
        ("T30", Play::ready_to_verify(w), who(INTAKE), request(HANDLER), Err("handler_may_not_judge")),
        ("T31", Play::verifying(w), who(COLLECTOR), verified(VerifyOutcome::Passed), Ok(StageName::Verified)),
        ("T31", Play::verifying(w), who(COLLECTOR), no_photo(), Err("evidence_missing")),
        (
            "T31",
            Play::verifying(w),
            who(HANDLER),
            verified(VerifyOutcome::Passed),
            Err("handler_may_not_judge"),
        ),
        ("T32", Play::failed(w), who(INTAKE), rework(), Ok(StageName::Dispatched)),
        ("T32", Play::verified(w), who(INTAKE), rework(), Err("wrong_stage")),
        ("T32", Play::failed(w), who(SHIFT_LEADER), close(""), Err("not_verified")),
        ("T33", impossible(), who(SHIFT_LEADER), close("照片可见"), Ok(StageName::Closed)),
        ("T33", impossible(), who(SHIFT_LEADER), close(""), Err("reason_missing")),
        ("T34", Play::verified(w), who(SHIFT_LEADER), close(""), Ok(StageName::Closed)),
        ("T34", Play::verified(w), who(HANDLER), close(""), Err("handler_may_not_judge")),
        ("T34", public(), who(SHIFT_LEADER), close(""), Err("reporter_not_told")),
        ("T34", public().go(INTAKE, call_back(None)), who(SHIFT_LEADER), close(""), Ok(StageName::Closed)),
        ("T35", Play::verified(w), who(SHIFT_LEADER), refuse(), Ok(StageName::Dispatched)),
        ("T35", Play::verified(w), who(DISPATCHER), refuse(), Err("role_may_not")),
        ("T36", public().go(INTAKE, call_back(Some(false))), who(INTAKE), reopen(), Ok(StageName::Filed)),
        ("T36", public().go(INTAKE, call_back(Some(true))), who(INTAKE), reopen(), Err("incomplete")),
    ]
}

fn oversight_rows(w: &World) -> Vec<Row<'_>> {
    let cancel = || Play::filed(w).go(DISPATCHER, ask(ApprovalKind::Cancellation));
    let withdraw = || Play::reported(w).go(INTAKE, ask(ApprovalKind::Withdrawal));
    let merge = |n| Command::Merge { into: case_id(n), reason: because() };
    let force = || Command::ForceClose { order: because() };
    let major = || Command::MarkMajor { reason: because() };
    let instruct = || Command::Instruct { text: because(), reply_needed: true };
    let late = || Play::dispatched(w).wait(Millis::days(3)).finish();
    let appeal = || Command::Appeal { reason: because() };
    let unmerge = || Command::Unmerge { reason: because() };
    let rated = |stars| {
        let mut play = Play::closed(w);
        play.attempt(&citizen(), Command::Rate { stars, remark: nothing() }).expect("the reporter may rate");
        play
    };
    let reopen = || Command::Reopen { reason: because() };
    vec![
        ("T37", cancel(), who(SHIFT_LEADER), approve(ApprovalKind::Cancellation), Ok(StageName::Cancelled)),
        ("T37", cancel(), who(DISPATCHER), approve(ApprovalKind::Cancellation), Err("role_may_not")),
        ("T37", Play::reported(w), who(INTAKE), ask(ApprovalKind::Cancellation), Err("wrong_stage")),
        ("T38", withdraw(), who(SHIFT_LEADER), approve(ApprovalKind::Withdrawal), Ok(StageName::Withdrawn)),
        ("T38", Play::replied(w), who(INTAKE), ask(ApprovalKind::Withdrawal), Err("wrong_stage")),
        ("T38", Play::reported(w), who(INTAKE), merge(9), Ok(StageName::Withdrawn)),
        ("T38", Play::reported(w), who(INTAKE), merge(1), Err("cannot_merge")),
        ("T39", Play::verified(w), who(LEADER), force(), Ok(StageName::ForceClosed)),
        ("T39", Play::split(w), who(SUPERVISOR), force(), Err("children_open")),
        ("T39", Play::reported(w), who(LEADER), force(), Err("wrong_stage")),
        ("T40", Play::handling(w), who(SHIFT_LEADER), urge(), Ok(StageName::Handling)),
        ("T40", Play::handling(w), who(LEADER), instruct(), Ok(StageName::Handling)),
        ("T40", Play::handling(w), who(SHIFT_LEADER), instruct(), Err("role_may_not")),
        ("T40", Play::closed(w), who(SHIFT_LEADER), urge(), Err("wrong_stage")),
        ("T41", Play::handling(w), who(SHIFT_LEADER), major(), Ok(StageName::Handling)),
        ("T41", Play::handling(w).go(SHIFT_LEADER, major()), who(SHIFT_LEADER), major(), Err("already_done")),
        ("T43", late(), who(OFFICER), appeal(), Ok(StageName::Closed)),
        ("T43", Play::closed(w), who(OFFICER), appeal(), Err("not_late")),
        ("T43", late(), who(ROADS_OFFICER), appeal(), Err("not_your_department")),
        ("T43", late().wait(Millis::days(16)), who(OFFICER), appeal(), Err("too_late")),
        ("T44", Play::merged(w), who(SHIFT_LEADER), unmerge(), Ok(StageName::Reported)),
        (
            "T44",
            withdraw().go(SHIFT_LEADER, approve(ApprovalKind::Withdrawal)),
            who(SHIFT_LEADER),
            unmerge(),
            Err("wrong_stage"),
        ),
        ("T46", rated(1), citizen(), reopen(), Ok(StageName::Filed)),
        ("T46", rated(5), citizen(), reopen(), Err("incomplete")),
        ("T46", rated(1).wait(Millis::days(8)), citizen(), reopen(), Err("too_late")),
        ("T46", rated(1), Actor::citizen(city(), Some(case_id(7))), reopen(), Err("out_of_scope")),
    ]
}

/// T45 and T47 need a fast channel.
fn automatic_rows(w: &World) -> Vec<Row<'_>> {
    let accept = || Command::Accept { opinion: nothing() };
    let filed = || Play::reported(w).auto(accept()).auto(file(TimeLimit::work_hours(4)));
    let audit = |passed| Command::Audit { passed, reason: because() };
    vec![
        ("T45", filed(), who(SHIFT_LEADER), audit(true), Ok(StageName::Filed)),
        ("T45", filed(), who(SHIFT_LEADER), audit(false), Ok(StageName::Cancelled)),
        ("T45", filed(), who(DISPATCHER), audit(true), Err("role_may_not")),
        ("T45", Play::filed(w), who(SHIFT_LEADER), audit(true), Err("wrong_stage")),
        ("T47", filed(), system(), dispatch(CLEANING), Ok(StageName::Dispatched)),
        ("T47", Play::verified(w), system(), Command::Close { opinion: nothing() }, Err("role_may_not")),
        (
            "T47",
            Play::called_in(w).go(INTAKE, accept()),
            system(),
            file(TimeLimit::work_hours(4)),
            Err("role_may_not"),
        ),
    ]
}

#[test]
fn every_row_goes_as_written_and_no_other_way() {
    let plain = World::new();
    let mut fast = World::new();
    fast.procedure.fast_channels.push(FastChannel {
        name: "采集即派".to_owned(),
        sources: vec![Source::Collector],
        classes: Vec::new(),
        areas: Vec::new(),
        file: true,
        dispatch: true,
        audit_percent: 100,
    });
    let mut rows = report_rows(&plain);
    rows.extend(intake_rows(&plain));
    rows.extend(dispatch_rows(&plain));
    rows.extend(handling_rows(&plain));
    rows.extend(verification_rows(&plain));
    rows.extend(oversight_rows(&plain));
    rows.extend(automatic_rows(&fast));

    let mut covered: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (row, mut play, actor, command, expected) in rows {
        let step = command.step();
        let before = play.case.clone();
        let answer = play.attempt(&actor, command);
        let found = answer.as_ref().map(|stage| *stage).map_err(case::Refusal::code);
        assert_eq!(found, expected, "{row}: {step:?} from {:?}: {answer:?}", before.map(|case| case.stage));
        let count = covered.entry(row).or_default();
        *(if expected.is_ok() { &mut count.0 } else { &mut count.1 }) += 1;
    }
    for n in 1..=47 {
        let row = format!("T{n:02}");
        let (allowed, refused) = covered.get(row.as_str()).copied().unwrap_or_default();
        assert!(allowed > 0 && refused > 0, "{row} has {allowed} allowed and {refused} refused examples");
    }
}

#[test]
fn at_most_one_approval_of_a_kind_is_open() {
    let w = World::new();
    let play = Play::handling(&w).go(HANDLER, ask(ApprovalKind::Extension));
    assert_eq!(play.refused(OFFICER, ask(ApprovalKind::Extension)), "approval_open");
    // Another kind may be open beside it.
    let play = play.go(INTAKE, ask(ApprovalKind::Cancellation));
    assert_eq!(play.case().approvals.iter().filter(|one| one.is_open()).count(), 2);
    // Answered, the same kind may be asked for again, twice at most.
    let play = play
        .go(DISPATCHER, reject(ApprovalKind::Extension))
        .go(HANDLER, ask(ApprovalKind::Extension))
        .go(DISPATCHER, approve(ApprovalKind::Extension))
        .go(HANDLER, ask(ApprovalKind::Extension));
    // The second one goes to the shift leader as well.
    let play = play.go(DISPATCHER, approve(ApprovalKind::Extension));
    assert_eq!(play.case().extensions, 1);
    let play = play.go(SHIFT_LEADER, approve(ApprovalKind::Extension));
    assert_eq!(play.case().extensions, 2);
    assert_eq!(play.refused(HANDLER, ask(ApprovalKind::Extension)), "too_often");
}

#[test]
fn a_request_lapses_when_the_case_leaves_the_stage() {
    let w = World::new();
    let play = Play::handling(&w).go(HANDLER, ask(ApprovalKind::Extension)).go(HANDLER, reply());
    assert!(matches!(play.case().approvals[0].state, case::ApprovalState::Lapsed { .. }));
    assert_eq!(play.refused(DISPATCHER, approve(ApprovalKind::Extension)), "no_approval");
}

#[test]
fn only_who_asked_takes_it_back_and_nobody_answers_their_own_request() {
    let mut w = World::new();
    let roles = vec![kernel::Role::ShiftLeader];
    w.procedure.may.insert(case::Step::RequestCancellation, roles);
    let play = Play::filed(&w).go(SHIFT_LEADER, ask(ApprovalKind::Cancellation));
    assert_eq!(play.refused(SHIFT_LEADER, approve(ApprovalKind::Cancellation)), "not_your_task");
    let play = Play::handling(&w).go(HANDLER, ask(ApprovalKind::Extension));
    let take_back = || Command::TakeBack { approval: ApprovalKind::Extension };
    assert_eq!(play.refused(OFFICER, take_back()), "not_your_task");
    let play = play.go(HANDLER, take_back());
    assert_eq!(play.case().approvals.iter().filter(|one| one.is_open()).count(), 0);
}

#[test]
fn after_a_return_only_another_department_or_filing_is_open() {
    let w = World::new();
    let play = Play::returned(&w);
    assert_eq!(play.refused(DISPATCHER, dispatch(ROADS)), "correct_first");
    let ahead = Command::DispatchAhead { department: CLEANING, reason: because() };
    assert_eq!(play.refused(DISPATCHER, ahead), "incomplete");
    assert_eq!(play.refused(DISPATCHER, two_shares()), "correct_first");
    let back = play.clone().go(DISPATCHER, send_back());
    assert_eq!(back.case().stage.name(), StageName::Accepted);
    let command = Command::Reassign { department: ROADS, assisting: Vec::new(), opinion: nothing() };
    let again = play.go(DISPATCHER, command);
    assert_eq!(again.case().wrong_dispatches, 1);
    assert_eq!(again.case().guard, None);
}

#[test]
fn a_corrected_case_may_be_passed_on_again() {
    let w = World::new();
    let play = Play::accepted(&w).go(SHIFT_LEADER, send_back());
    let correct = Command::Correct {
        class: Some(class("0102")),
        place: None,
        text: None,
        urgent: None,
        evidence: Vec::new(),
    };
    let play = play.go(INTAKE, correct).go(INTAKE, Command::Accept { opinion: nothing() });
    assert_eq!(play.case().stage.name(), StageName::Accepted);
    let play = play
        .go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
        .go(DISPATCHER, send_back())
        .go(SHIFT_LEADER, file(TimeLimit::work_hours(8)));
    assert_eq!(play.case().filing.as_ref().map(|filing| filing.limit), Some(TimeLimit::work_hours(8)));
}

#[test]
fn a_parent_waits_for_its_last_child_and_then_has_its_reply() {
    let w = World::new();
    let ended = |n: u128, text: &str| Command::ChildEnded {
        child: case_id(n),
        stage: StageName::Closed,
        text: text.to_owned(),
    };
    let play = Play::split(&w).auto(ended(2, "已清扫"));
    assert_eq!(play.case().stage.name(), StageName::Handling);
    assert_eq!(play.refused(OFFICER, reply()), "children_open");
    for approval in [ApprovalKind::Cancellation, ApprovalKind::Withdrawal] {
        assert_eq!(play.refused(INTAKE, ask(approval)), "children_open");
    }
    let play = play.auto(ended(3, "已修复"));
    assert_eq!(play.case().stage.name(), StageName::Replied);
    assert_eq!(play.case().result.as_deref(), Some("已清扫\n已修复"));
    let play = play
        .go(DISPATCHER, Command::PassOn { opinion: nothing() })
        .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
        .go(COLLECTOR, verified(VerifyOutcome::Passed))
        .go(SHIFT_LEADER, Command::Close { opinion: nothing() });
    assert_eq!(play.case().stage.name(), StageName::Closed);
}

#[test]
fn a_child_is_filed_and_dispatched_by_the_system() {
    let w = World::new();
    let number = kernel::CaseNumber::new(city(), 20_260_302, 2);
    let command = |parent| Command::Report {
        id: case_id(2),
        number: number.clone(),
        report: seen(Source::Parent),
        procedure: 1,
        parent,
        level: Level::District,
    };
    let mut play = Play::new(&w);
    let refusal = play.attempt(&system(), command(None)).expect_err("a child has a parent");
    assert_eq!(refusal.code(), "invalid");
    assert_eq!(play.refused(INTAKE, command(Some(case_id(1)))), "role_may_not");
    let play = play
        .auto(command(Some(case_id(1))))
        .auto(Command::Accept { opinion: nothing() })
        .auto(file(TimeLimit::work_hours(4)))
        .auto(dispatch(CLEANING));
    assert_eq!(play.case().stage.name(), StageName::Dispatched);
    assert_eq!(play.refused(INTAKE, Command::Merge { into: case_id(9), reason: because() }), "cannot_merge");
    let play = play.finish();
    assert_eq!(play.case().level, Level::District);
}

#[test]
fn an_un_merged_case_is_as_it_was() {
    let w = World::new();
    let before = Play::handling(&w).go(SHIFT_LEADER, urge());
    let merge = Command::Merge { into: case_id(9), reason: because() };
    let after = before
        .clone()
        .go(INTAKE, merge)
        .wait(Millis::days(3))
        .go(INTAKE, Command::Unmerge { reason: because() });
    assert_eq!(after.case().stage, before.case().stage);
    assert_eq!(after.case().urgings, before.case().urgings);
    assert_eq!(after.case().ended_at, None);
    assert_eq!(after.records.len(), before.records.len() + 2);
}

#[test]
fn the_target_of_a_merge_knows_its_duplicates() {
    let w = World::new();
    let joined = || Command::DuplicateJoined { case: case_id(5) };
    let play = Play::handling(&w).auto(joined());
    assert_eq!(play.case().duplicates, [case_id(5)]);
    let mut again = play.clone();
    assert_eq!(again.attempt(&system(), joined()).map_err(|why| why.code()), Err("already_done"));
    let play = play.auto(Command::DuplicateLeft { case: case_id(5) });
    assert!(play.case().duplicates.is_empty());
    let mut closed = Play::closed(&w);
    assert_eq!(closed.attempt(&system(), joined()).map_err(|why| why.code()), Err("wrong_stage"));
}

#[test]
fn an_appeal_goes_to_the_dispatcher_and_then_to_intake() {
    let w = World::new();
    let answer = |granted| Command::AnswerAppeal { granted, opinion: because() };
    let play = Play::dispatched(&w).wait(Millis::days(3)).finish();
    let play = play.go(OFFICER, Command::Appeal { reason: because() });
    assert_eq!(play.refused(INTAKE, answer(true)), "role_may_not");
    let play = play.go(DISPATCHER, answer(true));
    assert!(!play.case().exempted);
    let granted = play.clone().go(INTAKE, answer(true));
    assert!(granted.case().exempted);
    assert_eq!(granted.refused(OFFICER, Command::Appeal { reason: because() }), "already_done");
    let refused = play.go(INTAKE, answer(false));
    assert!(!refused.case().exempted);
}

#[test]
fn a_case_is_reopened_by_its_reporter_once() {
    let w = World::new();
    let mut play = Play::closed(&w);
    let rate = || Command::Rate { stars: 1, remark: nothing() };
    let reopen = || Command::Reopen { reason: because() };
    play.attempt(&citizen(), rate()).expect("the reporter may rate");
    play.attempt(&citizen(), reopen()).expect("the reporter is dissatisfied");
    let mut play = play.go(DISPATCHER, dispatch(CLEANING)).finish();
    play.attempt(&citizen(), rate()).expect("the second round is rated too");
    let refusal = play.attempt(&citizen(), reopen()).expect_err("once only");
    assert_eq!(refusal.code(), "too_often");
}

#[test]
fn a_controlled_class_is_refused_with_its_message() {
    let mut w = World::new();
    w.procedure.controlled.push(case::procedure::Controlled {
        classes: vec![class("0101")],
        areas: Vec::new(),
        minutes: Some((8 * 60, 10 * 60)),
        message: "早市时段不予上报".to_owned(),
    });
    assert_eq!(Play::new(&w).refused(COLLECTOR, report(seen(Source::Collector))), "controlled");
    let later = Play::new(&w).wait(Millis::hours(1));
    later.go(COLLECTOR, report(seen(Source::Collector)));
}
