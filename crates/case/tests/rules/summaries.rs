//! What lists and reminders see.

use crate::world::*;
use case::{Command, Moment, VerifyOutcome};
use kernel::{ClockKind, Light, Millis, Role};

#[test]
fn it_is_known_who_has_the_next_move() {
    let w = World::new();
    let table = [
        (Play::reported(&w), Some((Role::IntakeOperator, None, None))),
        (Play::called_in(&w), Some((Role::IntakeOperator, None, Some(INTAKE)))),
        (Play::confirming(&w), Some((Role::Collector, None, Some(COLLECTOR)))),
        (Play::accepted(&w), Some((Role::ShiftLeader, None, None))),
        (Play::filed(&w).go(DISPATCHER, Command::Claim), Some((Role::Dispatcher, None, Some(DISPATCHER)))),
        (Play::dispatched(&w), Some((Role::DepartmentOfficer, Some(CLEANING), None))),
        (Play::handling(&w), Some((Role::Handler, Some(CLEANING), Some(HANDLER)))),
        (Play::split(&w), None),
        (Play::replied(&w), Some((Role::Dispatcher, None, None))),
        (Play::verifying(&w), Some((Role::Collector, None, Some(COLLECTOR)))),
        (Play::verified(&w), Some((Role::ShiftLeader, None, None))),
        (Play::failed(&w), Some((Role::IntakeOperator, None, Some(INTAKE)))),
        (Play::closed(&w), None),
    ];
    for (play, expected) in table {
        assert_eq!(play.case().waits_for(), expected, "{:?}", play.case().stage.name());
    }
}

#[test]
fn lights_follow_the_clock_of_the_stage() {
    let w = World::new();
    let play = Play::reported(&w);
    let light = |minutes| play.case().light(play.now + Millis::minutes(minutes), &w.calendar);
    assert_eq!(
        [light(0), light(8), light(10), light(11)],
        [Light::Green, Light::Yellow, Light::Yellow, Light::Red]
    );
}

#[test]
fn moments_tell_when_to_warn_and_when_it_is_due() {
    let w = World::new();
    let moments = Play::reported(&w).case().moments();
    let expected = [
        (ClockKind::Accept, Moment::Warn, MONDAY_NINE + Millis::minutes(8)),
        (ClockKind::Accept, Moment::Due, MONDAY_NINE + Millis::minutes(10)),
    ];
    assert_eq!(moments, expected);
    let suspended = Play::suspended(&w);
    let resume = (ClockKind::Handle, Moment::Resume, MONDAY_NINE + Millis::days(10));
    assert_eq!(suspended.case().moments(), [resume]);
    let resumed = suspended.wait(Millis::days(1)).go(DISPATCHER, Command::Resume { reason: because() });
    assert!(resumed.case().moments().iter().any(|(kind, ..)| *kind == ClockKind::Total));
}

#[test]
fn the_collectors_answer_moves_the_case_to_whom_it_concerns() {
    let w = World::new();
    let impossible = Play::verifying(&w).go(COLLECTOR, verified(VerifyOutcome::Impossible));
    assert_eq!(impossible.case().waits_for().map(|next| next.0), Some(Role::ShiftLeader));
}
