//! Clocks: lights, pauses, extension, rework, a changed calendar.

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use yiwang_kernel::calendar::{Calendar, CalendarSpec, DayKind, SpecialDay, Zone};
use yiwang_kernel::{Clock, ClockKind, Light, LimitUnit, Millis, TimeLimit, Timestamp};

fn at(local: &str) -> Timestamp {
    let local: DateTime = local.parse().expect("a local time");
    let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
    Timestamp(local.to_zoned(zone).expect("a moment").timestamp().as_millisecond())
}

fn calendar() -> Calendar {
    Calendar::chinese(Zone::shanghai())
}

/// A handling clock of so many work hours from Monday 5 January 2026, 08:00.
fn monday(hours: u32, calendar: &Calendar) -> Clock {
    Clock::start(ClockKind::Handle, TimeLimit::work_hours(hours), at("2026-01-05T08:00"), calendar)
}

#[test]
fn lights_change_at_80_and_after_100_percent() {
    let calendar = calendar();
    let clock = monday(10, &calendar);
    let due_at = at("2026-01-06T10:00");
    let warn_at = at("2026-01-05T18:00");
    assert_eq!(clock.due_at(), Some(due_at));
    assert_eq!(clock.warn_at(&calendar), Some(warn_at));
    for (moment, light) in [
        (clock.started_at, Light::Green),
        (warn_at - Millis(1), Light::Green),
        (warn_at, Light::Yellow),
        (due_at, Light::Yellow),
        (due_at + Millis(1), Light::Red),
        (due_at + Millis::days(30), Light::Red),
    ] {
        assert_eq!(clock.light(moment, &calendar), light, "{moment:?}");
        assert_eq!(clock.is_overdue_at(moment), light == Light::Red);
    }
    assert_eq!(clock.used(at("2026-01-05T15:00"), &calendar), Millis::hours(5));
    assert_eq!(clock.left(at("2026-01-05T15:00"), &calendar), Millis::hours(5));
    assert_eq!(clock.left(at("2026-01-06T11:30"), &calendar), Millis::minutes(-90));
    assert_eq!(clock.overdue_by(at("2026-01-06T11:30"), &calendar), Millis::minutes(90));
    assert_eq!(clock.overdue_by(due_at, &calendar), Millis::ZERO);
}

#[test]
fn an_odd_length_turns_yellow_no_earlier_than_at_80_percent() {
    let calendar = calendar();
    let limit = TimeLimit::new(1, LimitUnit::UrgentMinute);
    for length in 0..50 {
        let clock = Clock::start_with_length(
            ClockKind::Accept,
            limit,
            Millis(length),
            at("2026-01-05T08:00"),
            &calendar,
        );
        let warn_at = clock.warn_at(&calendar).expect("not paused");
        assert!(clock.used(warn_at, &calendar).0 * 5 >= length * 4);
        assert!(length == 0 || (clock.used(warn_at, &calendar).0 - 1) * 5 < length * 4);
        assert_eq!(clock.light(warn_at, &calendar), Light::Yellow);
    }
}

#[test]
fn a_suspended_case_never_falls_due() {
    let calendar = calendar();
    let mut clock = monday(8, &calendar);
    clock.pause(at("2026-01-05T10:00"), &calendar);
    assert!(clock.is_paused());
    assert_eq!(clock.due_at(), None);
    assert_eq!(clock.warn_at(&calendar), None);
    let years_later = at("2030-01-01T00:00");
    assert!(!clock.is_overdue_at(years_later));
    assert_eq!(clock.light(years_later, &calendar), Light::Grey);
    assert_eq!(clock.used(years_later, &calendar), Millis::hours(2));
    clock.pause(at("2026-01-05T11:00"), &calendar);
    assert_eq!(clock.pauses.len(), 1, "a paused clock cannot be paused again");
    clock.resume(at("2026-01-05T16:00"), &calendar);
    assert_eq!(clock.due_at(), Some(at("2026-01-06T12:00")));
    clock.resume(at("2026-01-05T17:00"), &calendar);
    assert_eq!(clock.due_at(), Some(at("2026-01-06T12:00")), "a running clock cannot be resumed");
    assert_eq!(clock.light(at("2026-01-05T12:00"), &calendar), Light::Grey, "as it was then");
}

#[test]
fn a_pause_after_the_due_moment_does_not_excuse() {
    let calendar = calendar();
    let mut clock = monday(4, &calendar);
    clock.pause(at("2026-01-05T15:00"), &calendar);
    assert_eq!(clock.due_at(), Some(at("2026-01-05T12:00")));
    assert!(clock.is_overdue_at(at("2026-01-05T16:00")));
    assert_eq!(clock.overdue_by(at("2026-01-07T16:00"), &calendar), Millis::hours(1));
    assert_eq!(clock.light(at("2026-01-05T16:00"), &calendar), Light::Grey);
    assert_eq!(clock.light(at("2026-01-05T14:30"), &calendar), Light::Red);
}

#[test]
fn pauses_are_measured_in_the_unit_of_the_clock() {
    let calendar = calendar();
    let mut work = monday(9, &calendar);
    let urgent = TimeLimit::new(20, LimitUnit::UrgentWorkHour);
    let mut wall = Clock::start(ClockKind::Handle, urgent, work.started_at, &calendar);
    for clock in [&mut work, &mut wall] {
        clock.pause(at("2026-01-05T18:30"), &calendar);
        clock.resume(at("2026-01-06T07:30"), &calendar);
    }
    assert_eq!(work.due_at(), Some(at("2026-01-06T09:00")), "the night costs no working time");
    assert_eq!(wall.due_at(), Some(at("2026-01-06T17:00")), "20 h and the 13 h of the pause");
}

#[test]
fn an_extension_enlarges_the_clock_also_while_it_is_paused() {
    let calendar = calendar();
    let mut clock = monday(4, &calendar);
    clock.extend(TimeLimit::work_hours(4), &calendar);
    assert_eq!(clock.length, Millis::hours(8));
    assert_eq!(clock.due_at(), Some(at("2026-01-05T18:00")));
    clock.pause(at("2026-01-05T17:00"), &calendar);
    clock.extend(TimeLimit::work_hours(1), &calendar);
    clock.resume(at("2026-01-06T08:00"), &calendar);
    assert_eq!(clock.due_at(), Some(at("2026-01-06T10:00")));
    assert_eq!(clock.extra, [TimeLimit::work_hours(4), TimeLimit::work_hours(1)]);
}

#[test]
fn an_extension_counts_in_the_time_of_the_clock() {
    let calendar = calendar();
    let mut work = monday(4, &calendar);
    work.extend(TimeLimit::new(2, LimitUnit::NaturalDay), &calendar);
    assert_eq!(work.length, Millis::hours(20), "two work days of 8 h");
    let mut wall =
        Clock::start(ClockKind::Handle, TimeLimit::new(1, LimitUnit::NaturalDay), work.started_at, &calendar);
    wall.extend(TimeLimit::work_hours(5), &calendar);
    wall.extend(TimeLimit::work_minutes(10), &calendar);
    wall.extend(TimeLimit::work_days(1), &calendar);
    assert_eq!(wall.length, Millis::hours(53) + Millis::minutes(10));
}

#[test]
fn rework_goes_on_with_what_was_left() {
    let calendar = calendar();
    let mut clock = monday(8, &calendar);
    clock.end(at("2026-01-05T11:00"));
    assert_eq!(clock.left(at("2026-01-06T17:00"), &calendar), Millis::hours(5));
    assert_eq!(clock.light(at("2026-01-09T17:00"), &calendar), Light::Green, "ended in time");
    clock.reopen(at("2026-01-06T17:00"), &calendar);
    assert_eq!(clock.ended_at, None);
    assert_eq!(clock.left(at("2026-01-06T17:00"), &calendar), Millis::hours(5));
    assert_eq!(clock.due_at(), Some(at("2026-01-07T12:00")));
    clock.end(at("2026-01-07T14:30"));
    assert_eq!(clock.overdue_by(at("2026-02-01T00:00"), &calendar), Millis::minutes(30));
    assert_eq!(clock.light(at("2026-02-01T00:00"), &calendar), Light::Red);
    clock.reopen(at("2026-01-08T08:00"), &calendar);
    assert!(clock.is_overdue_at(at("2026-01-08T08:00")), "nothing was left");
}

#[test]
fn rework_with_a_fresh_share_is_a_new_clock() {
    let calendar = calendar();
    let mut first = monday(8, &calendar);
    first.end(at("2026-01-05T16:00"));
    let back = at("2026-01-09T17:00");
    let second =
        Clock::start_with_length(first.kind, first.limit, first.left(back, &calendar), back, &calendar);
    assert_eq!(second.due_at(), Some(at("2026-01-12T09:00")));
}

#[test]
fn a_pause_ends_with_its_clock() {
    let calendar = calendar();
    let mut clock = monday(8, &calendar);
    clock.pause(at("2026-01-05T09:00"), &calendar);
    clock.end(at("2026-01-05T11:00"));
    assert!(!clock.is_paused());
    assert_eq!(clock.used(at("2026-01-09T09:00"), &calendar), Millis::hours(1));
    clock.end(at("2026-01-06T11:00"));
    assert_eq!(clock.ended_at, Some(at("2026-01-05T11:00")), "the first end stands");
    clock.pause(at("2026-01-06T12:00"), &calendar);
    clock.extend(TimeLimit::work_hours(1), &calendar);
    assert!(!clock.is_paused());
    assert_eq!(clock.length, Millis::hours(8), "an ended clock is left alone");
    clock.reopen(at("2026-01-06T08:00"), &calendar);
    assert_eq!(clock.due_at(), Some(at("2026-01-06T17:00")));
}

#[test]
fn a_changed_calendar_moves_open_deadlines_only() {
    let old = calendar();
    let mut open = monday(12, &old);
    let mut paused = open.clone();
    let mut ended = open.clone();
    paused.pause(at("2026-01-05T12:00"), &old);
    ended.end(at("2026-01-05T12:00"));
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.version = 2;
    let holiday = SpecialDay { kind: DayKind::Off, name_zh: "停工".into(), name_en: "Closed".into() };
    spec.days.insert(date(2026, 1, 6), holiday);
    let new = Calendar::new(spec).expect("a sound calendar");
    for clock in [&mut open, &mut paused, &mut ended] {
        clock.recompute(&new);
        assert_eq!(clock.length, Millis::hours(12));
    }
    assert_eq!(open.due_at(), Some(at("2026-01-07T12:00")));
    assert_eq!(paused.due_at(), None);
    assert_eq!(ended.due_at(), Some(at("2026-01-06T12:00")));
    paused.resume(at("2026-01-06T12:00"), &new);
    assert_eq!(paused.due_at(), Some(at("2026-01-07T18:00")), "the afternoon of Monday was paused");
}

#[test]
fn a_work_day_keeps_the_length_it_had_when_the_hours_change() {
    let old = calendar();
    let start = at("2026-01-05T08:00");
    let mut clock = Clock::start(ClockKind::Handle, TimeLimit::work_days(1), start, &old);
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.seasons[0].slots.pop();
    let mornings = Calendar::new(spec).expect("a sound calendar");
    clock.recompute(&mornings);
    assert_eq!(clock.due_at(), Some(at("2026-01-06T12:00")), "eight hours, at four a day");
}

#[test]
fn a_clock_reads_back_as_it_was_written() {
    let calendar = calendar();
    let mut clock = monday(4, &calendar);
    let json = serde_json::to_value(&clock).expect("JSON");
    assert_eq!(
        json,
        serde_json::json!({
            "kind": "handle",
            "limit": {"hundredths": 400, "unit": "work_hour"},
            "started_at": 1_767_571_200_000_i64,
            "length": 14_400_000,
            "due_at": 1_767_585_600_000_i64,
        })
    );
    clock.pause(at("2026-01-05T09:00"), &calendar);
    clock.extend(TimeLimit::work_hours(1), &calendar);
    clock.end(at("2026-01-05T10:00"));
    clock.reopen(at("2026-01-05T11:00"), &calendar);
    let text = serde_json::to_string(&clock).expect("JSON");
    assert_eq!(serde_json::from_str::<Clock>(&text).expect("a clock"), clock);
}

#[test]
fn words_on_the_wire_are_those_of_serde() {
    for kind in ClockKind::ALL {
        assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        assert_eq!(ClockKind::parse(kind.as_str()), Some(kind));
    }
    for light in Light::ALL {
        assert_eq!(serde_json::to_value(light).expect("JSON"), light.as_str());
        assert_eq!(Light::parse(light.as_str()), Some(light));
    }
    assert_eq!(ClockKind::parse("Total"), None);
}
