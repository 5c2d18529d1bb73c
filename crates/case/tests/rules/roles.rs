//! Who may do what, and what the buttons say.

use crate::world::*;
use case::{Command, Refusal, StageName, Step, VerifyOutcome, actions, main_step};
use kernel::{Role, Scope, TimeLimit};

#[test]
fn each_step_belongs_to_its_roles() {
    let w = World::new();
    // At the stage where the step is possible: who may, of everyone.
    let table: Vec<(Play, Step, &[kernel::PersonId])> = vec![
        (Play::new(&w), Step::Report, &[COLLECTOR, INTAKE, SHIFT_LEADER, OFFICER, LEADER, SUPERVISOR]),
        (Play::new(&w), Step::ReportSelfHandled, &[COLLECTOR]),
        (Play::reported(&w), Step::Correct, &[INTAKE, SHIFT_LEADER]),
        (Play::reported(&w), Step::RequestConfirmation, &[INTAKE]),
        (Play::reported(&w), Step::Decline, &[INTAKE]),
        (Play::reported(&w), Step::Accept, &[INTAKE]),
        (Play::confirming(&w), Step::AnswerConfirmation, &[COLLECTOR]),
        (Play::confirming(&w), Step::ChangeCollector, &[INTAKE, SHIFT_LEADER]),
        (Play::accepted(&w), Step::File, &[SHIFT_LEADER]),
        (Play::accepted(&w), Step::Decline, &[SHIFT_LEADER]),
        (Play::accepted(&w), Step::SendBack, &[SHIFT_LEADER]),
        (Play::filed(&w), Step::Dispatch, &[DISPATCHER]),
        (Play::filed(&w), Step::Split, &[DISPATCHER]),
        (Play::filed(&w), Step::DispatchDown, &[DISPATCHER]),
        (Play::filed(&w), Step::SendBack, &[DISPATCHER]),
        (Play::filed(&w), Step::RequestCancellation, &[INTAKE, DISPATCHER]),
        (Play::dispatched(&w), Step::SignFor, &[OFFICER]),
        (Play::dispatched(&w), Step::RequestReturn, &[OFFICER]),
        (Play::handling(&w), Step::Assign, &[OFFICER]),
        (Play::handling(&w), Step::Reply, &[OFFICER, HANDLER]),
        (Play::handling(&w), Step::SendBack, &[OFFICER, HANDLER]),
        (Play::handling(&w), Step::RequestExtension, &[OFFICER, HANDLER]),
        (Play::handling(&w), Step::RequestSuspension, &[OFFICER]),
        (Play::handling(&w), Step::RequestWithdrawal, &[INTAKE]),
        (Play::handling(&w), Step::Merge, &[INTAKE, SHIFT_LEADER]),
        (Play::handling(&w), Step::Urge, &[SHIFT_LEADER, LEADER, SUPERVISOR]),
        (Play::handling(&w), Step::Instruct, &[LEADER, SUPERVISOR]),
        (Play::handling(&w), Step::MarkMajor, &[SHIFT_LEADER]),
        (Play::handling(&w), Step::ForceClose, &[LEADER, SUPERVISOR]),
        (
            Play::handling(&w),
            Step::Comment,
            &[COLLECTOR, INTAKE, SHIFT_LEADER, DISPATCHER, OFFICER, HANDLER, LEADER, SUPERVISOR],
        ),
        (Play::suspended(&w), Step::Resume, &[DISPATCHER]),
        (Play::replied(&w), Step::RejectReply, &[DISPATCHER, OFFICER]),
        (Play::replied(&w), Step::PassOn, &[DISPATCHER]),
        (Play::ready_to_verify(&w), Step::RequestVerification, &[INTAKE]),
        (Play::verifying(&w), Step::AnswerVerification, &[COLLECTOR]),
        (Play::failed(&w), Step::OrderRework, &[INTAKE]),
        (Play::verified(&w), Step::CallBack, &[INTAKE]),
        (Play::verified(&w), Step::Close, &[SHIFT_LEADER]),
        (Play::verified(&w), Step::RefuseClosing, &[SHIFT_LEADER]),
        (Play::closed(&w), Step::Rate, &[INTAKE]),
        (Play::merged(&w), Step::Unmerge, &[INTAKE, SHIFT_LEADER]),
        (Play::handling(&w), Step::ChildEnded, &[]),
        (Play::handling(&w), Step::RecomputeClocks, &[]),
        (Play::handling(&w), Step::Migrate, &[]),
    ];
    for (play, step, allowed) in table {
        for person in everyone() {
            let expected = allowed.contains(&person);
            assert_eq!(allows(&play, person, step), expected, "{person:?} {step:?}");
            if !expected {
                let ctx = w.at(play.now);
                let refusal = case::by(play.case.as_ref(), step, &who(person), &ctx).expect_err("not theirs");
                assert!(refusal.is_about_rights(), "{person:?} {step:?}: {refusal:?}");
            }
        }
    }
}

#[test]
fn an_administrator_decides_no_case_even_if_the_procedure_says_so() {
    let mut w = World::new();
    w.procedure.may.insert(Step::File, vec![Role::SystemAdmin, Role::ShiftLeader]);
    let play = Play::accepted(&w);
    assert_eq!(play.refused(ADMIN, file(TimeLimit::work_hours(4))), "role_may_not");
    play.go(SHIFT_LEADER, file(TimeLimit::work_hours(4)));
}

#[test]
fn who_handles_never_judges_whatever_the_procedure_says() {
    let mut w = World::new();
    let everyone_may = vec![Role::DepartmentOfficer, Role::Handler, Role::ShiftLeader, Role::Collector];
    w.procedure.may.insert(Step::Close, everyone_may.clone());
    w.procedure.may.insert(Step::AnswerVerification, everyone_may);
    let close = || Command::Close { opinion: nothing() };
    let play = Play::verified(&w);
    for person in [OFFICER, HANDLER, BUREAU_OFFICER, OTHER_HANDLER, TWO_HATS] {
        assert_eq!(play.refused(person, close()), "handler_may_not_judge", "{person:?}");
    }
    // The other department's officer holds no post that may close.
    assert_eq!(play.refused(ROADS_OFFICER, close()), "handler_may_not_judge");
    // Nor may someone of the department who happens to be a collector as well.
    let play = Play::ready_to_verify(&w)
        .go(INTAKE, Command::RequestVerification { collector: TWO_HATS, note: nothing() });
    assert_eq!(play.refused(TWO_HATS, verified(VerifyOutcome::Passed)), "handler_may_not_judge");
}

#[test]
fn one_person_centres_let_intake_file_and_close() {
    let mut w = World::new();
    for step in [Step::File, Step::Close] {
        w.procedure.may.insert(step, vec![Role::ShiftLeader, Role::IntakeOperator]);
    }
    let play = Play::accepted(&w).go(INTAKE, file(TimeLimit::work_hours(4)));
    assert_eq!(play.case().stage.name(), StageName::Filed);
    Play::verified(&w).go(INTAKE, Command::Close { opinion: nothing() });
}

#[test]
fn a_post_counts_in_its_area_and_for_its_classes_only() {
    let w = World::new();
    let play = Play::accepted(&w);
    let area = |text: &str| Scope { areas: vec![text.parse().expect("a code")], classes: Vec::new() };
    let table = [
        (area("370705"), None),
        (area("370705001"), None),
        (area("370702"), Some("out_of_scope")),
        (Scope { areas: Vec::new(), classes: vec![class("0101")] }, None),
        (Scope { areas: Vec::new(), classes: vec![class("0202")] }, Some("out_of_scope")),
    ];
    for (scope, expected) in table {
        let actor = scoped(SHIFT_LEADER, Role::ShiftLeader, scope.clone());
        let refusal = play.clone().attempt(&actor, file(TimeLimit::work_hours(4))).err();
        assert_eq!(refusal.as_ref().map(Refusal::code), expected, "{scope:?}");
    }
}

#[test]
fn a_person_of_another_city_sees_no_way_in() {
    let w = World::new();
    let other = kernel::CityCode::new(370_800).expect("six digits");
    let actor = kernel::Actor::person(other, SHIFT_LEADER, who(SHIFT_LEADER).posts().to_vec());
    let refusal = Play::accepted(&w).attempt(&actor, file(TimeLimit::work_hours(4))).expect_err("not theirs");
    assert_eq!(refusal, Refusal::OutOfScope);
}

#[test]
fn a_parent_department_acts_for_those_below_it_and_not_the_other_way_round() {
    let w = World::new();
    Play::dispatched(&w).go(BUREAU_OFFICER, Command::SignFor);
    let play = Play::filed(&w).go(DISPATCHER, dispatch(BUREAU));
    assert_eq!(play.refused(OFFICER, Command::SignFor), "not_your_department");
}

#[test]
fn buttons_say_what_the_server_would_say() {
    let w = World::new();
    let plays = [
        Play::reported(&w),
        Play::confirming(&w),
        Play::accepted(&w),
        Play::filed(&w),
        Play::returned(&w),
        Play::dispatched(&w),
        Play::handling(&w),
        Play::suspended(&w),
        Play::replied(&w),
        Play::ready_to_verify(&w),
        Play::verifying(&w),
        Play::verified(&w),
        Play::failed(&w),
        Play::closed(&w),
        Play::merged(&w),
    ];
    for play in &plays {
        for person in everyone().into_iter().chain([TWO_HATS, ROADS_OFFICER]) {
            let ctx = w.at(play.now);
            for action in actions(play.case(), &who(person), &ctx) {
                let answer = case::by(play.case.as_ref(), action.step, &who(person), &ctx);
                assert_eq!(answer.err(), action.because, "{person:?} {action:?}");
                assert_eq!(action.allowed, action.because.is_none());
            }
            if let Some(step) = main_step(play.case(), &who(person), &ctx) {
                assert!(allows(play, person, step));
            }
        }
    }
}

#[test]
fn a_handler_sees_the_closing_button_and_why_it_is_grey() {
    let w = World::new();
    for play in [Play::handling(&w), Play::verified(&w)] {
        let list = actions(play.case(), &who(HANDLER), &w.at(play.now));
        let close = list.iter().find(|action| action.step == Step::Close).expect("it is shown");
        assert_eq!(close.because, Some(Refusal::HandlerMayNotJudge));
    }
}

#[test]
fn everyone_is_led_to_their_next_step() {
    let w = World::new();
    let table = [
        (Play::reported(&w), INTAKE, Step::Accept),
        (Play::confirming(&w), COLLECTOR, Step::AnswerConfirmation),
        (Play::accepted(&w), SHIFT_LEADER, Step::File),
        (Play::filed(&w), DISPATCHER, Step::Dispatch),
        (Play::returned(&w), DISPATCHER, Step::Reassign),
        (Play::dispatched(&w), OFFICER, Step::Assign),
        (Play::handling(&w), HANDLER, Step::Reply),
        (Play::replied(&w), DISPATCHER, Step::PassOn),
        (Play::ready_to_verify(&w), INTAKE, Step::RequestVerification),
        (Play::verifying(&w), COLLECTOR, Step::AnswerVerification),
        (Play::verified(&w), SHIFT_LEADER, Step::Close),
        (Play::failed(&w), INTAKE, Step::OrderRework),
        (
            Play::handling(&w).go(HANDLER, ask(case::ApprovalKind::Extension)),
            DISPATCHER,
            Step::ApproveExtension,
        ),
    ];
    for (play, person, expected) in table {
        assert_eq!(main_step(play.case(), &who(person), &w.at(play.now)), Some(expected));
    }
}

#[test]
fn a_shift_is_handed_over() {
    let w = World::new();
    let play = Play::confirming(&w).go(COLLECTOR, Command::HandOver { to: OTHER_COLLECTOR });
    assert_eq!(play.case().stage.collector(), Some(OTHER_COLLECTOR));
    assert_eq!(play.refused(COLLECTOR, Command::HandOver { to: COLLECTOR }), "not_your_task");
    let play = play.go(INTAKE, Command::HandOver { to: kernel::PersonId(112) });
    assert_eq!(play.case().intake, Some(kernel::PersonId(112)));
    assert_eq!(play.refused(INTAKE, Command::HandOver { to: INTAKE }), "not_your_task");
}

#[test]
fn the_pool_gives_a_case_to_the_first_who_claims_it() {
    let w = World::new();
    let play = Play::filed(&w).go(DISPATCHER, Command::Claim);
    assert_eq!(play.case().claimed_by, Some(DISPATCHER));
    assert_eq!(play.refused(DISPATCHER, Command::Claim), "already_done");
    let play = play.go(DISPATCHER, dispatch(CLEANING));
    assert_eq!(play.case().claimed_by, None);
}
