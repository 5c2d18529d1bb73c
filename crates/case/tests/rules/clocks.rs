//! Clocks of a case: workflow.md §7 and the clock rulings, seen from the loop.

use crate::world::*;
use case::{ApprovalKind, Command, Report, Source, StageName, VerifyOutcome, replay};
use kernel::calendar::{CalendarSpec, DayKind, SpecialDay, Zone};
use kernel::{Calendar, ClockKind, LimitUnit, Millis, TimeLimit, Timestamp};

fn used(play: &Play, kind: ClockKind) -> Millis {
    let clock = play.case().clocks.iter().rfind(|clock| clock.kind == kind).expect("it was started");
    clock.used(play.now, &play.world.calendar)
}

const TEN: Millis = Millis::minutes(10);

#[test]
fn the_acceptors_clock_stands_still_while_a_collector_looks() {
    let w = World::new();
    let play = Play::reported(&w)
        .wait(Millis::minutes(3))
        .go(INTAKE, Command::RequestConfirmation { collector: COLLECTOR, note: nothing() })
        .wait(Millis::minutes(20));
    assert_eq!(used(&play, ClockKind::Accept), Millis::minutes(3));
    assert_eq!(used(&play, ClockKind::Confirm), Millis::minutes(20));
    let play = play.go(COLLECTOR, confirmed(case::ConfirmOutcome::True)).wait(Millis::minutes(2));
    assert_eq!(used(&play, ClockKind::Accept), Millis::minutes(5));
    assert_eq!(play.case().due_at(), Some(MONDAY_NINE + Millis::minutes(30)));
}

#[test]
fn sending_a_verification_pauses_intake_as_well() {
    let w = World::new();
    let play = Play::ready_to_verify(&w)
        .wait(TEN)
        .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
        .wait(TEN)
        .go(COLLECTOR, verified(VerifyOutcome::Failed))
        .wait(Millis::minutes(1));
    assert_eq!(used(&play, ClockKind::SendVerification), Millis::minutes(11));
    assert_eq!(used(&play, ClockKind::Verify), TEN);
}

#[test]
fn suspension_stops_handling_and_the_whole_and_nothing_falls_due() {
    let w = World::new();
    let play = Play::signed(&w).wait(TEN);
    let until = play.now + Millis::days(10);
    let play = play.go(OFFICER, ask_to_suspend(until)).wait(TEN);
    // Waiting for the answer counts.
    assert_eq!(used(&play, ClockKind::Handle), Millis::minutes(20));
    let play = play.go(DISPATCHER, approve(ApprovalKind::Suspension)).wait(Millis::days(3));
    assert_eq!(play.case().due_at(), None);
    assert_eq!(play.case().total_due_at(), None);
    assert_eq!(play.case().light(play.now, &w.calendar), kernel::Light::Grey);
    let play = play.go(DISPATCHER, Command::Resume { reason: because() }).wait(TEN);
    assert_eq!(used(&play, ClockKind::Handle), Millis::minutes(30));
    assert_eq!(used(&play, ClockKind::Total), Millis::minutes(30));
}

#[test]
fn an_extension_enlarges_handling_and_the_whole() {
    let w = World::new();
    let before = Play::handling(&w);
    let length = |play: &Play, kind| play.case().clock(kind).expect("it runs").length;
    let after = before
        .clone()
        .go(HANDLER, ask(ApprovalKind::Extension))
        .go(DISPATCHER, approve(ApprovalKind::Extension));
    for kind in [ClockKind::Handle, ClockKind::Total] {
        assert_eq!(length(&after, kind) - length(&before, kind), Millis::hours(4));
    }
}

#[test]
fn the_total_is_handling_and_the_stages_between_filing_and_closing() {
    let w = World::new();
    let play = Play::filed(&w);
    let total = play.case().clock(ClockKind::Total).expect("it runs").length;
    // 4 h + dispatch 15 + review 15 + send verification 15 + verify 60 + close 30 minutes.
    assert_eq!(total, Millis::minutes(240 + 15 + 15 + 15 + 60 + 30));
}

#[test]
fn handling_ends_with_the_hand_over_and_a_rejected_reply_takes_it_up_again() {
    let w = World::new();
    let play = Play::handling(&w).wait(TEN).go(HANDLER, reply()).wait(Millis::minutes(7));
    assert_eq!(used(&play, ClockKind::Handle), TEN);
    let play = play.go(DISPATCHER, Command::RejectReply { reason: because() }).wait(TEN);
    assert_eq!(used(&play, ClockKind::Handle), Millis::minutes(20));
    let play = play.go(HANDLER, reply());
    let handed_over_at = play.now;
    let play = play.wait(TEN).go(DISPATCHER, Command::PassOn { opinion: nothing() });
    assert_eq!(play.case().handed_over_at, Some(handed_over_at));
    assert_eq!(play.case().handling_clock().and_then(|clock| clock.ended_at), Some(handed_over_at));
    // One clock through all of it.
    assert_eq!(play.case().clocks.iter().filter(|clock| clock.kind == ClockKind::Handle).count(), 1);
}

#[test]
fn rework_goes_on_with_what_was_left() {
    let w = World::new();
    let play = Play::handling(&w)
        .wait(Millis::hours(1))
        .go(HANDLER, reply())
        .go(DISPATCHER, Command::PassOn { opinion: nothing() })
        .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
        .wait(Millis::minutes(30))
        .go(COLLECTOR, verified(VerifyOutcome::Failed))
        .go(INTAKE, Command::OrderRework { opinion: nothing(), department: None });
    assert_eq!(play.case().reworks, 1);
    let handle = play.case().clock(ClockKind::Handle).expect("it runs again");
    assert_eq!(handle.left(play.now, &w.calendar), Millis::hours(3));
}

#[test]
fn a_procedure_may_grant_rework_a_fresh_share() {
    let mut w = World::new();
    w.procedure.rework.fresh_percent = 50;
    let play = Play::failed(&w).go(INTAKE, Command::OrderRework { opinion: nothing(), department: None });
    let handle = play.case().clock(ClockKind::Handle).expect("it runs again");
    assert_eq!(handle.left(play.now, &w.calendar), Millis::hours(6));
}

#[test]
fn the_time_of_the_wrong_department_is_not_charged_to_the_next() {
    let w = World::new();
    let play = Play::dispatched(&w)
        .wait(Millis::hours(2))
        .go(OFFICER, ask(ApprovalKind::Return))
        .go(DISPATCHER, approve(ApprovalKind::Return));
    let reassign = Command::Reassign { department: ROADS, assisting: Vec::new(), opinion: nothing() };
    let play = play.go(DISPATCHER, reassign);
    let handle = play.case().clock(ClockKind::Handle).expect("it runs");
    assert_eq!(handle.left(play.now, &w.calendar), Millis::hours(4));
    assert_eq!(used(&play, ClockKind::Total), Millis::hours(2));
}

#[test]
fn a_rejected_return_never_stopped_the_clock() {
    let w = World::new();
    let play = Play::dispatched(&w)
        .go(OFFICER, ask(ApprovalKind::Return))
        .wait(TEN)
        .go(DISPATCHER, reject(ApprovalKind::Return))
        .wait(TEN);
    assert_eq!(used(&play, ClockKind::Handle), Millis::minutes(20));
}

#[test]
fn urgent_cases_are_timed_day_and_night() {
    let w = World::new();
    let urgent = Report { urgent: true, ..seen(Source::Collector) };
    let friday_evening = MONDAY_NINE + Millis::days(4) + Millis::hours(11);
    let mut play = Play::new(&w);
    play.now = friday_evening;
    let play = play.go(COLLECTOR, report(urgent));
    assert_eq!(play.case().due_at(), Some(friday_evening + TEN));
    let play = play
        .go(INTAKE, Command::Accept { opinion: nothing() })
        .go(SHIFT_LEADER, file(TimeLimit::new(4, LimitUnit::UrgentWorkHour)))
        .go(DISPATCHER, dispatch(CLEANING));
    let handle = play.case().clock(ClockKind::Handle).expect("it runs");
    assert_eq!(handle.due_at(), Some(friday_evening + Millis::hours(4)));
    assert_eq!(play.case().due_at(), Some(friday_evening + Millis::hours(1)));
}

#[test]
fn an_ordinary_case_waits_for_office_hours() {
    let w = World::new();
    let mut play = Play::new(&w);
    play.now = MONDAY_NINE + Millis::days(4) + Millis::hours(11);
    let play = play.go(COLLECTOR, report(seen(Source::Collector)));
    let next_monday_ten_past_eight = MONDAY_NINE + Millis::days(7) - Millis::minutes(50);
    assert_eq!(play.case().due_at(), Some(next_monday_ten_past_eight));
}

#[test]
fn a_merged_case_stands_still_and_goes_on_after_the_un_merge() {
    let w = World::new();
    let play = Play::confirming(&w)
        .wait(Millis::minutes(5))
        .go(INTAKE, Command::Merge { into: case_id(9), reason: because() })
        .wait(Millis::days(1))
        .go(INTAKE, Command::Unmerge { reason: because() })
        .wait(Millis::minutes(5));
    assert_eq!(used(&play, ClockKind::Confirm), TEN);
    assert_eq!(used(&play, ClockKind::Accept), Millis::ZERO);
    let play = play.go(COLLECTOR, confirmed(case::ConfirmOutcome::True)).wait(Millis::minutes(1));
    assert_eq!(used(&play, ClockKind::Accept), Millis::minutes(1));
}

#[test]
fn ended_cases_have_no_open_clock_and_no_moments() {
    let w = World::new();
    for play in [Play::closed(&w), Play::merged(&w)] {
        assert!(play.case().moments().is_empty());
    }
    assert!(Play::closed(&w).case().clocks.iter().all(|clock| clock.ended_at.is_some()));
}

/// The same calendar with next Tuesday off.
fn with_a_holiday(version: u32) -> Calendar {
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.version = version;
    let tuesday = Calendar::chinese(Zone::shanghai()).local_date(MONDAY_NINE + Millis::days(1));
    let day = SpecialDay { kind: DayKind::Off, name_zh: "假日".to_owned(), name_en: "holiday".to_owned() };
    spec.days.insert(tuesday, day);
    Calendar::new(spec).expect("one day off")
}

#[test]
fn a_changed_calendar_moves_open_deadlines_and_the_replay_agrees() {
    let w = World::new();
    let play = Play::accepted(&w)
        .go(SHIFT_LEADER, file(TimeLimit::work_hours(8)))
        .go(DISPATCHER, dispatch(CLEANING))
        .go(OFFICER, Command::SignFor);
    // 9:00 Monday + 8 work hours = 9:00 Tuesday.
    assert_eq!(play.case().due_at(), Some(MONDAY_NINE + Millis::days(1)));
    let mut changed = World::new();
    changed.calendar = with_a_holiday(2);
    let mut later = Play { world: &changed, ..play.clone() };
    let wrong = later.attempt(&system(), Command::RecomputeClocks { calendar: 3 });
    assert_eq!(wrong.map_err(|why| why.code()), Err("invalid"));
    later.attempt(&system(), Command::RecomputeClocks { calendar: 2 }).expect("the calendar changed");
    assert_eq!(later.case().due_at(), Some(MONDAY_NINE + Millis::days(2)));
    let finished: Vec<_> = play.case().clocks.iter().filter(|clock| clock.ended_at.is_some()).collect();
    let still: Vec<_> = later.case().clocks.iter().filter(|clock| clock.ended_at.is_some()).collect();
    assert_eq!(finished, still);
    assert_eq!(replay(&later.records).as_ref(), Ok(later.case()));
    assert_eq!(replay(&play.records).as_ref(), Ok(play.case()));
}

#[test]
fn migrating_loses_no_clock() {
    let w = World::new();
    let play = Play::handling(&w);
    let mut second = World::new();
    second.procedure.version = 2;
    second.procedure.limits.sign = TimeLimit::work_minutes(5);
    let mut later = Play { world: &second, ..play.clone() };
    later.attempt(&system(), Command::Migrate { procedure: 2 }).expect("version 2 is in force");
    assert_eq!(later.case().clocks, play.case().clocks);
    assert_eq!(later.case().procedure, 2);
    let again = later.attempt(&system(), Command::Migrate { procedure: 2 });
    assert_eq!(again.map_err(|why| why.code()), Err("already_done"));
}

#[test]
fn facts_never_go_back_in_time() {
    let w = World::new();
    let mut play =
        Play::reported(&w).wait(Millis::minutes(5)).go(INTAKE, Command::Accept { opinion: nothing() });
    let at: Timestamp = play.now;
    play.now = MONDAY_NINE;
    let play = play.go(SHIFT_LEADER, file(TimeLimit::work_hours(4)));
    assert_eq!(play.records.last().map(|record| record.at), Some(at));
    assert_eq!(play.case().stage.name(), StageName::Filed);
}
