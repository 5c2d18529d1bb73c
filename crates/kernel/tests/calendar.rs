//! The working calendar: the vectors of `standards/workflow.md` §7, seasons, holidays, clock changes, checks.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use std::time::Instant;
use yiwang_kernel::calendar::{
    Calendar, CalendarProblem, CalendarSpec, DayKind, MonthDay, Season, Slot, SpecialDay, Weekday, Zone,
};
use yiwang_kernel::{LimitUnit, Millis, Pause, TimeLimit, Timestamp};

fn at(zone: &str, local: &str) -> Timestamp {
    let local: DateTime = local.parse().expect("a local time");
    let zone = TimeZone::get(zone).expect("a zone");
    Timestamp(local.to_zoned(zone).expect("a moment").timestamp().as_millisecond())
}

fn shanghai(local: &str) -> Timestamp {
    at("Asia/Shanghai", local)
}

fn chinese() -> CalendarSpec {
    CalendarSpec::chinese(Zone::shanghai())
}

fn ready(spec: CalendarSpec) -> Calendar {
    Calendar::new(spec).expect("a sound calendar")
}

fn special(kind: DayKind) -> SpecialDay {
    SpecialDay { kind, name_zh: "假日".into(), name_en: "Holiday".into() }
}

fn day(text: &str) -> MonthDay {
    text.parse().expect("a day of the year")
}

fn due(calendar: &Calendar, start: Timestamp, limit: TimeLimit, pauses: &[Pause]) -> Timestamp {
    calendar.due(start, calendar.length_of(limit, start), limit.unit, pauses)
}

/// 2026-01-05 is a Monday.
#[test]
fn the_eight_vectors_of_the_standard_hold() {
    let none: &[(&str, &str)] = &[];
    let hours = TimeLimit::work_hours;
    let urgent = TimeLimit::new(4, LimitUnit::UrgentWorkHour);
    let by_day = [&[("2026-01-05T10:00", "2026-01-05T16:00")][..]];
    let by_night = [&[("2026-01-05T18:30", "2026-01-06T07:30")][..]];
    let vectors = [
        ("2026-01-09T17:00", hours(4), none, false, "2026-01-12T11:00"),
        ("2026-01-09T17:00", urgent, none, false, "2026-01-09T21:00"),
        ("2026-01-09T17:00", TimeLimit::work_days(1), none, false, "2026-01-12T17:00"),
        ("2026-01-05T11:30", hours(2), none, false, "2026-01-05T15:30"),
        ("2026-01-10T10:00", hours(1), none, false, "2026-01-12T09:00"),
        ("2026-01-05T08:00", hours(8), by_day[0], false, "2026-01-06T12:00"),
        ("2026-01-05T08:00", hours(9), by_night[0], false, "2026-01-06T09:00"),
        ("2026-01-09T17:00", hours(2), none, true, "2026-01-10T09:00"),
    ];
    for (start, limit, pauses, saturday_works, expected) in vectors {
        let mut spec = chinese();
        if saturday_works {
            spec.days.insert(date(2026, 1, 10), special(DayKind::Work));
        }
        let calendar = ready(spec);
        let pauses: Vec<Pause> =
            pauses.iter().map(|(from, to)| Pause { from: shanghai(from), to: Some(shanghai(to)) }).collect();
        let start_at = shanghai(start);
        let due_at = due(&calendar, start_at, limit, &pauses);
        assert_eq!(due_at, shanghai(expected), "{start} + {limit:?}");
        let length = calendar.length_of(limit, start_at);
        assert_eq!(calendar.elapsed_without(limit.unit, start_at, due_at, &pauses), length);
    }
}

#[test]
fn a_deadline_may_fall_on_the_end_of_a_slot() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let friday = shanghai("2026-01-09T17:00");
    assert_eq!(due(&calendar, friday, TimeLimit::work_hours(1), &[]), shanghai("2026-01-09T18:00"));
    let morning = shanghai("2026-01-05T08:00");
    assert_eq!(due(&calendar, morning, TimeLimit::work_hours(4), &[]), shanghai("2026-01-05T12:00"));
    assert_eq!(due(&calendar, morning, TimeLimit::work_days(1), &[]), shanghai("2026-01-05T18:00"));
    let half = TimeLimit { hundredths: 50, unit: LimitUnit::WorkDay };
    assert_eq!(due(&calendar, morning, half, &[]), shanghai("2026-01-05T12:00"));
}

#[test]
fn outside_office_hours_the_next_slot_counts() {
    let calendar = Calendar::chinese(Zone::shanghai());
    for start in ["2026-01-05T12:00", "2026-01-05T13:00", "2026-01-05T14:00"] {
        assert_eq!(
            due(&calendar, shanghai(start), TimeLimit::work_minutes(15), &[]),
            shanghai("2026-01-05T14:15")
        );
    }
    assert!(!calendar.is_working_at(shanghai("2026-01-05T07:59:59")));
    assert!(calendar.is_working_at(shanghai("2026-01-05T08:00")));
    assert!(!calendar.is_working_at(shanghai("2026-01-05T12:00")));
}

#[test]
fn every_unit_counts_in_its_own_way() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let start = shanghai("2026-01-09T17:30");
    for (limit, expected) in [
        (TimeLimit::new(45, LimitUnit::UrgentMinute), "2026-01-09T18:15"),
        (TimeLimit::new(2, LimitUnit::UrgentWorkHour), "2026-01-09T19:30"),
        (TimeLimit::new(1, LimitUnit::UrgentWorkDay), "2026-01-10T17:30"),
        (TimeLimit::new(45, LimitUnit::WorkMinute), "2026-01-12T08:15"),
        (TimeLimit::new(2, LimitUnit::WorkHour), "2026-01-12T09:30"),
        (TimeLimit::new(2, LimitUnit::WorkDay), "2026-01-13T17:30"),
        (TimeLimit::new(2, LimitUnit::NaturalDay), "2026-01-11T17:30"),
    ] {
        assert_eq!(due(&calendar, start, limit, &[]), shanghai(expected), "{limit:?}");
    }
}

fn seasonal() -> CalendarSpec {
    let mut spec = chinese();
    spec.seasons = vec![
        Season {
            from: day("05-01"),
            to: day("09-30"),
            ..Season::whole_year(vec![Slot::hours(8, 12), Slot::hours(15, 19)])
        },
        Season {
            from: day("10-01"),
            to: day("04-30"),
            ..Season::whole_year(vec![Slot::hours(9, 12), Slot::hours(13, 17)])
        },
    ];
    spec
}

#[test]
fn a_work_day_has_the_length_of_the_season_in_which_it_starts() {
    let calendar = ready(seasonal());
    assert_eq!(calendar.daily_length(date(2026, 9, 30)), Millis::hours(8));
    assert_eq!(calendar.daily_length(date(2027, 1, 1)), Millis::hours(7));
    // Wednesday, the last day of summer hours: 8 h allowed, 4 of them left on Thursday's winter hours.
    let start = shanghai("2026-09-30T15:00");
    assert_eq!(calendar.length_of(TimeLimit::work_days(1), start), Millis::hours(8));
    assert_eq!(due(&calendar, start, TimeLimit::work_days(1), &[]), shanghai("2026-10-01T14:00"));
    // Saturday in winter: the season of the start date counts, though nobody works.
    let saturday = shanghai("2026-10-10T10:00");
    assert_eq!(due(&calendar, saturday, TimeLimit::work_days(1), &[]), shanghai("2026-10-12T17:00"));
}

#[test]
fn office_hours_change_on_the_day_their_validity_says() {
    let mut spec = chinese();
    let mut new_hours = Season::whole_year(vec![Slot::hours(9, 17)]);
    new_hours.valid_from = Some(date(2026, 7, 1));
    spec.seasons[0].valid_to = Some(date(2026, 6, 30));
    spec.seasons.push(new_hours);
    let calendar = ready(spec);
    // Tuesday 30 June 2026 by the old hours, Wednesday by the new.
    let start = shanghai("2026-06-30T17:00");
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(2), &[]), shanghai("2026-07-01T10:00"));
}

#[test]
fn holidays_and_make_up_days_count_as_the_table_says() {
    let mut spec = chinese();
    for n in 1..=7 {
        spec.days.insert(date(2026, 10, n), special(DayKind::Off));
    }
    spec.days.insert(date(2026, 10, 10), special(DayKind::Work));
    let calendar = ready(spec);
    assert!(!calendar.is_working_day(date(2026, 10, 1)));
    assert!(calendar.is_working_day(date(2026, 10, 10)));
    assert!(!calendar.is_working_day(date(2026, 10, 11)));
    let start = shanghai("2026-09-30T17:00");
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(2), &[]), shanghai("2026-10-08T09:00"));
    assert_eq!(due(&calendar, start, TimeLimit::work_days(3), &[]), shanghai("2026-10-10T17:00"));
}

#[test]
fn the_reminder_comes_from_october() {
    let mut spec = chinese();
    spec.days.insert(date(2026, 10, 1), special(DayKind::Off));
    spec.days.insert(date(2027, 2, 6), special(DayKind::Work));
    let calendar = ready(spec);
    assert_eq!(calendar.years_covered().into_iter().collect::<Vec<_>>(), [2026]);
    assert_eq!(calendar.year_missing(shanghai("2026-09-30T23:59")), None);
    assert_eq!(calendar.year_missing(shanghai("2026-10-01T00:00")), Some(2027));
    assert_eq!(calendar.year_missing(shanghai("2027-01-01T00:00")), Some(2027));
    assert_eq!(calendar.year_missing(shanghai("2025-06-01T00:00")), Some(2025));
}

#[test]
fn local_dates_follow_the_zone() {
    let midnight = Timestamp(1_767_225_600_000); // 2026-01-01T00:00Z
    assert_eq!(Calendar::chinese(Zone::shanghai()).yyyymmdd(midnight), 20_260_101);
    let boston = Calendar::chinese(Zone::new("America/New_York").expect("known"));
    assert_eq!(boston.yyyymmdd(midnight), 20_251_231);
    assert_eq!(boston.local_date(midnight), date(2025, 12, 31));
}

#[test]
fn wall_time_slots_survive_a_clock_change() {
    let zone = "America/New_York";
    let boston = Calendar::chinese(Zone::new(zone).expect("known"));
    // Clocks go forward on Sunday 8 March 2026 and back on Sunday 1 November.
    for (start, expected) in
        [("2026-03-06T17:00", "2026-03-09T09:00"), ("2026-10-30T17:00", "2026-11-02T09:00")]
    {
        assert_eq!(due(&boston, at(zone, start), TimeLimit::work_hours(2), &[]), at(zone, expected));
    }
    // A natural day is 24 hours, not the next day at the same time.
    let one_day = TimeLimit::new(1, LimitUnit::NaturalDay);
    assert_eq!(due(&boston, at(zone, "2026-03-07T12:00"), one_day, &[]), at(zone, "2026-03-08T13:00"));
}

#[test]
fn hours_that_a_clock_change_skips_or_repeats_count_as_they_pass() {
    let zone = "America/New_York";
    let mut spec = CalendarSpec::chinese(Zone::new(zone).expect("known"));
    spec.weekend.clear();
    spec.seasons = vec![Season::whole_year(vec![Slot::hours(0, 24)])];
    let always = ready(spec.clone());
    let length_of_day = |date: Date| {
        let from = at(zone, &format!("{date}T00:00"));
        let to = at(zone, &format!("{}T00:00", date.tomorrow().expect("a date")));
        always.working_between(from, to)
    };
    assert_eq!(length_of_day(date(2026, 3, 8)), Millis::hours(23));
    assert_eq!(length_of_day(date(2026, 3, 9)), Millis::hours(24));
    assert_eq!(length_of_day(date(2026, 11, 1)), Millis::hours(25));
    // 01:00–01:30 happens twice on the night the clocks go back, with half an hour between.
    spec.seasons = vec![Season::whole_year(vec![Slot { from_minute: 60, to_minute: 90 }])];
    let night = ready(spec);
    let midnight = at(zone, "2026-11-01T00:00");
    assert_eq!(due(&night, midnight, TimeLimit::work_minutes(30), &[]), midnight + Millis::minutes(90));
    assert_eq!(due(&night, midnight, TimeLimit::work_minutes(31), &[]), midnight + Millis::minutes(121));
}

#[test]
fn pauses_may_overlap_and_come_in_any_order() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let pause = |from: &str, to: &str| Pause { from: shanghai(from), to: Some(shanghai(to)) };
    let start = shanghai("2026-01-05T08:00");
    let pauses = [
        pause("2026-01-05T14:00", "2026-01-05T15:00"),
        pause("2026-01-05T09:00", "2026-01-05T10:00"),
        pause("2026-01-05T09:30", "2026-01-05T11:00"),
        pause("2026-01-05T09:40", "2026-01-05T09:50"),
        pause("2026-01-05T16:00", "2026-01-05T15:30"),
        pause("2026-01-04T16:00", "2026-01-05T08:30"),
    ];
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(3), &pauses), shanghai("2026-01-05T16:30"));
    let evening = shanghai("2026-01-05T18:00");
    let used = calendar.elapsed_without(LimitUnit::WorkHour, start, evening, &pauses);
    assert_eq!(used, Millis::minutes(270));
    let wall = calendar.elapsed_without(LimitUnit::NaturalDay, start, evening, &pauses);
    assert_eq!(wall, Millis::minutes(390));
}

#[test]
fn an_open_pause_stops_only_what_is_not_yet_due() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let start = shanghai("2026-01-05T08:00");
    let open = [Pause { from: shanghai("2026-01-05T10:00"), to: None }];
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(3), &open), Calendar::NEVER);
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(2), &open), shanghai("2026-01-05T10:00"));
}

#[test]
fn without_working_time_nothing_falls_due_and_the_search_ends() {
    let mut spec = chinese();
    spec.weekend =
        [Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday]
            .into_iter()
            .chain([Weekday::Sunday])
            .collect();
    let mut monday = date(2026, 1, 5);
    while monday < date(2052, 1, 1) {
        spec.days.insert(monday, special(DayKind::Off));
        monday = monday.saturating_add(jiff::Span::new().weeks(1));
    }
    let calendar = ready(spec);
    let start = shanghai("2026-01-05T08:00");
    assert_eq!(due(&calendar, start, TimeLimit::work_hours(1), &[]), Calendar::NEVER);
    // Fewer than twenty such years are waited for.
    assert_eq!(
        due(&calendar, shanghai("2035-01-01T08:00"), TimeLimit::work_hours(1), &[]),
        shanghai("2052-01-01T09:00")
    );
}

#[test]
fn the_ends_of_time_do_not_break_it() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let huge = TimeLimit { hundredths: u32::MAX, unit: LimitUnit::WorkDay };
    for start in [first, Timestamp(0), last] {
        assert_eq!(due(&calendar, start, huge, &[]), Calendar::NEVER);
        assert!(calendar.yyyymmdd(start) < 100_000_000);
    }
    assert!(calendar.working_between(first, last) > Millis::days(30_000));
    assert_eq!(calendar.working_between(last, first), Millis::ZERO);
    let start = shanghai("2026-01-10T10:00");
    assert_eq!(calendar.due(start, Millis(-5), LimitUnit::WorkHour, &[]), start);
}

#[test]
fn a_calendar_is_readable_json_and_reads_back() {
    let mut spec = seasonal();
    spec.days.insert(
        date(2026, 10, 1),
        SpecialDay { kind: DayKind::Off, name_zh: "国庆节".into(), name_en: "National Day".into() },
    );
    let calendar = ready(spec);
    let json = serde_json::to_value(&calendar).expect("JSON");
    let expected = serde_json::json!({
        "version": 1,
        "zone": "Asia/Shanghai",
        "weekend": ["saturday", "sunday"],
        "seasons": [
            {"from": "05-01", "to": "09-30",
             "slots": [{"from": "08:00", "to": "12:00"}, {"from": "15:00", "to": "19:00"}]},
            {"from": "10-01", "to": "04-30",
             "slots": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]},
        ],
        "days": {"2026-10-01": {"kind": "off", "name_zh": "国庆节", "name_en": "National Day"}},
    });
    assert_eq!(json, expected);
    let back: Calendar = serde_json::from_value(json).expect("the same calendar");
    assert_eq!(back, calendar);
}

#[test]
fn unreadable_calendars_are_refused_with_the_reason() {
    let sound = serde_json::to_value(chinese()).expect("JSON");
    for (pointer, value, reason) in [
        ("/zone", "Asia/Atlantis", "unknown time zone"),
        ("/seasons/0/from", "13-01", "not a day of the year"),
        ("/seasons/0/from", "1-1", "not a day of the year"),
        ("/seasons/0/slots/0/from", "8:00", "not a time of day"),
        ("/seasons/0/slots/1/to", "24:01", "not a time of day"),
        ("/seasons/0/slots/1/to", "12:60", "not a time of day"),
        ("/seasons/0/slots/1/to", "14:00", "does not end after it begins"),
        ("/seasons/0/to", "12-30", "no season covers"),
    ] {
        let mut json = sound.clone();
        *json.pointer_mut(pointer).expect("a field") = value.into();
        let problem = serde_json::from_value::<Calendar>(json).expect_err("must be refused").to_string();
        assert!(problem.contains(reason), "{pointer} = {value}: {problem}");
    }
}

#[test]
fn every_problem_is_found() {
    let problem = |change: &dyn Fn(&mut CalendarSpec)| {
        let mut spec = seasonal();
        change(&mut spec);
        spec.check().expect_err("must be found")
    };
    assert_eq!(seasonal().check(), Ok(()));
    assert_eq!(
        problem(&|spec| spec.seasons[1].from = day("10-03")),
        CalendarProblem::SeasonGap { on: date(1900, 10, 1) }
    );
    assert_eq!(
        problem(&|spec| spec.seasons[0].to = day("10-01")),
        CalendarProblem::SeasonOverlap { on: date(1900, 10, 1) }
    );
    // 29 February belongs to no season, and 2026 is the first change of hours.
    assert_eq!(
        problem(&|spec| {
            spec.seasons = vec![Season::whole_year(vec![Slot::hours(8, 16)])];
            spec.seasons[0].valid_to = Some(date(2025, 12, 31));
            for (from, to) in [("01-01", "02-28"), ("03-01", "12-31")] {
                let slots = vec![Slot::hours(9, 17)];
                let valid_from = Some(date(2026, 1, 1));
                spec.seasons.push(Season { from: day(from), to: day(to), slots, valid_from, valid_to: None });
            }
        }),
        CalendarProblem::SeasonGap { on: date(2028, 2, 29) }
    );
    assert_eq!(
        problem(&|spec| spec.seasons[0].valid_from = Some(date(2026, 1, 1))),
        CalendarProblem::SeasonGap { on: date(1900, 5, 1) }
    );
    assert_eq!(
        problem(&|spec| {
            spec.seasons[0].valid_from = Some(date(2026, 1, 2));
            spec.seasons[0].valid_to = Some(date(2026, 1, 1));
        }),
        CalendarProblem::NeverValid { season: 1 }
    );
    assert_eq!(
        problem(&|spec| spec.seasons[1].slots[1] = Slot::hours(11, 17)),
        CalendarProblem::OverlappingSlots { season: 2, slot: 2 }
    );
    assert_eq!(
        problem(&|spec| spec.seasons[1].slots[0] = Slot::hours(12, 12)),
        CalendarProblem::BadSlot { season: 2, slot: 1 }
    );
    assert_eq!(
        problem(&|spec| spec.seasons[0].slots[1] = Slot::hours(15, 25)),
        CalendarProblem::BadSlot { season: 1, slot: 2 }
    );
    assert_eq!(problem(&|spec| spec.seasons[0].slots.clear()), CalendarProblem::NoSlots { season: 1 });
    assert_eq!(
        problem(&|spec| spec.seasons[0].slots = vec![Slot::hours(1, 2); 25]),
        CalendarProblem::TooManySlots { season: 1 }
    );
    assert_eq!(problem(&|spec| spec.seasons.clear()), CalendarProblem::NoSeason);
    assert_eq!(
        problem(&|spec| spec.seasons = vec![spec.seasons[0].clone(); 25]),
        CalendarProblem::TooManySeasons(25)
    );
    assert_eq!(
        problem(&|spec| {
            spec.weekend.extend([Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday]);
            spec.weekend.extend([Weekday::Thursday, Weekday::Friday]);
        }),
        CalendarProblem::NoWorkingDay
    );
    assert_eq!(
        problem(&|spec| {
            let mut next = date(2026, 1, 1);
            for _ in 0..10_001 {
                spec.days.insert(next, special(DayKind::Off));
                next = next.tomorrow().expect("a date");
            }
        }),
        CalendarProblem::TooManyDays(10_001)
    );
    assert_eq!(Zone::new("Mars/Olympus"), Err(CalendarProblem::UnknownZone("Mars/Olympus".into())));
    assert_eq!(CalendarProblem::NoSeason.code(), "no_season");
}

/// Prints what an answer costs; run it in a release build to see figures that mean something.
#[test]
fn answers_come_quickly() {
    let calendar = ready(seasonal());
    let start = shanghai("2026-01-09T17:00");
    let limit = TimeLimit::work_days(15);
    let rounds = 20_000;
    due(&calendar, start, limit, &[]);
    let begun = Instant::now();
    let mut sum = 0_i64;
    for n in 0..rounds {
        sum = sum.wrapping_add(due(&calendar, start + Millis::minutes(n), limit, &[]).0);
    }
    let each = begun.elapsed() / rounds as u32;
    println!("length_of + due: {each:?} each ({sum})");
    assert!(each.as_micros() < 200, "{each:?} for one answer, even in a debug build");
}
