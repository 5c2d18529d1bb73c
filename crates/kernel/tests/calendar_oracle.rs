//! The calendar and the clocks against a slow oracle that walks minute by minute.
//!
//! The oracle shares nothing with the code it judges: it marks every minute of 300 days as working or not by
//! asking the date library for local wall time, then counts minutes one at a time.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use yiwang_kernel::calendar::{
    Calendar, CalendarSpec, DayKind, MonthDay, Season, Slot, SpecialDay, Weekday, Zone,
};
use yiwang_kernel::{Clock, ClockKind, LimitUnit, Millis, Pause, TimeLimit, Timestamp};

const PLANS: u64 = 50;
const CASES_PER_PLAN: u64 = 2_200;
const DAY: usize = 1_440;
const HORIZON: usize = 300 * DAY;

const ZONES: [&str; 10] = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe", // half an hour of summer time
    "America/Santiago",    // changes at midnight
    "Africa/Cairo",        // changes at midnight
    "Asia/Kathmandu",      // +05:45
    "Asia/Urumqi",
    "Pacific/Auckland",
    "UTC",
];

/// Splitmix64: the same cases in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    fn within(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    /// Some hours, sometimes days.
    fn pause_length(&mut self) -> usize {
        let longest = if self.one_in(3) { 3 * DAY } else { 300 };
        self.within(0, longest)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// Office hours from a day of the year until the next such day, round the year.
type YearPlan = Vec<((i8, i8), Vec<(usize, usize)>)>;

/// A random calendar in the oracle's own words.
struct Plan {
    zone: &'static str,
    /// 0 is Monday.
    weekend: BTreeSet<usize>,
    hours: YearPlan,
    /// Other hours from a date on.
    later: Option<(Date, YearPlan)>,
    works: BTreeMap<Date, bool>,
    first: Date,
}

impl Plan {
    fn random(dice: &mut Dice, zone: &'static str) -> Self {
        let first = date(2023, 1, 1).saturating_add(jiff::Span::new().days(dice.within(0, 1_800) as i64));
        let in_horizon =
            |dice: &mut Dice| first.saturating_add(jiff::Span::new().days(dice.within(0, 299) as i64));
        let weekend = match dice.within(0, 4) {
            0 => BTreeSet::new(),
            1 => BTreeSet::from([6]),
            2 => BTreeSet::from([4, 5]),
            _ => BTreeSet::from([5, 6]),
        };
        let hours = random_hours(dice);
        let later = dice.one_in(2).then(|| (in_horizon(dice), random_hours(dice)));
        let works = (0..dice.within(0, 40)).map(|_| (in_horizon(dice), dice.one_in(3))).collect();
        Self { zone, weekend, hours, later, works, first }
    }

    fn slots_on(&self, date: Date) -> &[(usize, usize)] {
        let hours = match &self.later {
            Some((from, later)) if date >= *from => later,
            _ => &self.hours,
        };
        let today = (date.month(), date.day());
        let begun = hours.iter().rev().find(|(from, _)| *from <= today);
        &begun.or(hours.last()).expect("never empty").1
    }

    fn works_on(&self, date: Date) -> bool {
        let weekday = date.weekday().to_monday_zero_offset() as usize;
        self.works.get(&date).copied().unwrap_or(!self.weekend.contains(&weekday))
    }

    fn spec(&self) -> CalendarSpec {
        const WEEK: [Weekday; 7] = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ];
        let change = self.later.as_ref().map(|(from, _)| *from);
        let day_before = |date: Date| date.yesterday().expect("a date");
        let mut seasons = seasons_of(&self.hours, None, change.map(day_before));
        if let Some((from, later)) = &self.later {
            seasons.extend(seasons_of(later, Some(*from), None));
        }
        let special = |works: bool| SpecialDay {
            kind: if works { DayKind::Work } else { DayKind::Off },
            name_zh: String::new(),
            name_en: String::new(),
        };
        CalendarSpec {
            version: 1,
            zone: Zone::new(self.zone).expect("a zone"),
            weekend: self.weekend.iter().map(|n| WEEK[*n]).collect(),
            seasons,
            days: self.works.iter().map(|(date, works)| (*date, special(*works))).collect(),
        }
    }
}

fn seasons_of(hours: &YearPlan, valid_from: Option<Date>, valid_to: Option<Date>) -> Vec<Season> {
    let mut seasons = Vec::new();
    for (i, ((month, day), slots)) in hours.iter().enumerate() {
        let (next_month, next_day) = hours[(i + 1) % hours.len()].0;
        let last = date(2024, next_month, next_day).yesterday().expect("a date");
        let minutes =
            slots.iter().map(|(from, to)| Slot { from_minute: *from as u16, to_minute: *to as u16 });
        seasons.push(Season {
            from: MonthDay::new(*month, *day).expect("a day"),
            to: MonthDay::of(last),
            slots: minutes.collect(),
            valid_from,
            valid_to,
        });
    }
    seasons
}

fn random_hours(dice: &mut Dice) -> YearPlan {
    let mut days = BTreeSet::new();
    for _ in 0..dice.within(1, 4) {
        let day = date(2024, 1, 1).saturating_add(jiff::Span::new().days(dice.within(0, 365) as i64));
        days.insert((day.month(), day.day()));
    }
    days.into_iter().map(|day| (day, random_slots(dice))).collect()
}

/// Mostly office hours, sometimes anything, so that nights with a clock change are worked too.
fn random_slots(dice: &mut Dice) -> Vec<(usize, usize)> {
    match dice.within(0, 5) {
        0 => vec![(480, 720), (840, 1_080)],
        1 => vec![(510, 720), (780, 1_050)],
        2 => vec![(0, 1_440)],
        3 => vec![(0, 90), (120, 150), (1_380, 1_440)],
        _ => {
            let cuts: BTreeSet<usize> = (0..dice.within(2, 9)).map(|_| dice.within(0, 144) * 10).collect();
            let cuts: Vec<usize> = cuts.into_iter().collect();
            let slots: Vec<_> = cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            if slots.is_empty() { vec![(600, 660)] } else { slots }
        }
    }
}

/// What the minute walk finds.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Found {
    Due(usize),
    /// An open pause comes first.
    Stopped,
    /// Not within the horizon.
    Beyond,
}

struct Oracle {
    /// Milliseconds of minute 0.
    base: i64,
    works: Vec<bool>,
    paused: Vec<bool>,
}

impl Oracle {
    fn new(plan: &Plan) -> Self {
        let zone = TimeZone::get(plan.zone).expect("a zone");
        let base = plan.first.to_zoned(TimeZone::UTC).expect("a moment").timestamp().as_millisecond();
        let mut works = Vec::with_capacity(HORIZON);
        // No clock changes inside a quarter of an hour, so local time is asked for at each quarter only.
        for quarter in 0..HORIZON / 15 {
            let moment =
                jiff::Timestamp::from_millisecond(base + quarter as i64 * 900_000).expect("a moment");
            let local = zone.to_datetime(moment);
            let works_today = plan.works_on(local.date());
            let slots = plan.slots_on(local.date());
            let now = local.hour() as usize * 60 + local.minute() as usize;
            for minute in now..now + 15 {
                works.push(works_today && slots.iter().any(|(from, to)| (*from..*to).contains(&minute)));
            }
        }
        Self { base, works, paused: vec![false; HORIZON] }
    }

    fn at(&self, minute: usize) -> Timestamp {
        Timestamp(self.base + minute as i64 * 60_000)
    }

    fn mark(&mut self, pauses: &[(usize, usize)], paused: bool) {
        for (from, to) in pauses {
            self.paused[*from..(*to).max(*from)].fill(paused);
        }
    }

    fn due(&self, start: usize, length: usize, continuous: bool, open_from: usize) -> Found {
        let mut counted = 0;
        let mut minute = start;
        while counted < length {
            if minute >= open_from {
                return Found::Stopped;
            }
            if minute >= HORIZON {
                return Found::Beyond;
            }
            if !self.paused[minute] && (continuous || self.works[minute]) {
                counted += 1;
            }
            minute += 1;
        }
        Found::Due(minute)
    }

    fn used(&self, start: usize, now: usize, continuous: bool, open_from: usize) -> i64 {
        let mut counted = 0;
        let mut minute = start;
        while minute < now && minute < open_from {
            if !self.paused[minute] && (continuous || self.works[minute]) {
                counted += 1;
            }
            minute += 1;
        }
        counted
    }

    /// Compares a due moment; true if it lay within the horizon.
    fn agrees(&self, found: Found, due_at: Option<Timestamp>, case: &str) -> bool {
        match found {
            Found::Due(minute) => assert_eq!(due_at, Some(self.at(minute)), "{case}"),
            Found::Stopped => assert_eq!(due_at, None, "{case}"),
            Found::Beyond => assert!(due_at.is_some_and(|due_at| due_at > self.at(HORIZON)), "{case}"),
        }
        found != Found::Beyond
    }
}

/// A limit that is a whole number of minutes, and that number.
fn random_limit(dice: &mut Dice, daily_minutes: usize) -> (TimeLimit, usize) {
    let (unit, hundredths, whole) = match dice.within(0, 9) {
        0 => (LimitUnit::UrgentMinute, dice.within(0, 600) * 100, 1),
        1 => (LimitUnit::UrgentWorkHour, dice.within(0, 240) * 5, 60),
        2 => (LimitUnit::UrgentWorkDay, dice.within(0, 60) * 5, DAY),
        3 => (LimitUnit::NaturalDay, dice.within(0, 60) * 5, DAY),
        4 | 5 => (LimitUnit::WorkMinute, dice.within(0, 300) * 100, 1),
        6 | 7 => (LimitUnit::WorkHour, dice.within(0, 240) * 5, 60),
        _ => (LimitUnit::WorkDay, dice.within(0, 100) * 10, daily_minutes),
    };
    (TimeLimit { hundredths: hundredths as u32, unit }, hundredths * whole / 100)
}

#[test]
fn a_hundred_thousand_random_cases_agree_with_a_minute_walk() {
    let mut dice = Dice(20_260_105);
    let (mut cases, mut within, mut stopped) = (0_u64, 0_u64, 0_u64);
    for n in 0..PLANS {
        let plan = Plan::random(&mut dice, ZONES[n as usize % ZONES.len()]);
        let calendar = Calendar::new(plan.spec()).expect("a sound calendar");
        let mut oracle = Oracle::new(&plan);
        for k in 0..CASES_PER_PLAN {
            let found = if k % 2 == 0 {
                any_pauses(&mut dice, &plan, &calendar, &mut oracle)
            } else {
                a_clock(&mut dice, &plan, &calendar, &mut oracle)
            };
            cases += 1;
            within += u64::from(found != Found::Beyond);
            stopped += u64::from(found == Found::Stopped);
        }
    }
    println!("{cases} cases, {within} due or stopped within the horizon, {stopped} under an open pause");
    assert!(within >= 100_000, "too few cases prove something: {within}");
    assert!(stopped > 1_000);
}

/// A random start and limit with the local start date's work day.
fn random_start(
    dice: &mut Dice,
    plan: &Plan,
    calendar: &Calendar,
    oracle: &Oracle,
) -> (usize, TimeLimit, usize) {
    let start = dice.within(2 * DAY, 200 * DAY);
    let zone = TimeZone::get(plan.zone).expect("a zone");
    let moment = jiff::Timestamp::from_millisecond(oracle.at(start).0).expect("a moment");
    let daily = plan.slots_on(zone.to_datetime(moment).date()).iter().map(|(from, to)| to - from).sum();
    let (limit, minutes) = random_limit(dice, daily);
    let length = calendar.length_of(limit, oracle.at(start));
    assert_eq!(length, Millis::minutes(minutes as i64), "{limit:?} from {moment} in {}", plan.zone);
    (start, limit, minutes)
}

/// The calendar's own functions under pauses that overlap, come in any order and begin before the start.
fn any_pauses(dice: &mut Dice, plan: &Plan, calendar: &Calendar, oracle: &mut Oracle) -> Found {
    let (start, limit, minutes) = random_start(dice, plan, calendar, oracle);
    let continuous = limit.unit.is_continuous();
    let mut marks = Vec::new();
    let mut pauses = Vec::new();
    for _ in 0..dice.within(0, 5).saturating_sub(1) {
        let from = start - DAY + dice.within(0, 5 * DAY);
        let to = from + dice.pause_length();
        marks.push((from, to));
        pauses.push(Pause { from: oracle.at(from), to: Some(oracle.at(to)) });
    }
    let mut open_from = usize::MAX;
    if dice.one_in(12) {
        open_from = start - 60 + dice.within(0, 2 * DAY);
        pauses.insert(dice.within(0, pauses.len()), Pause { from: oracle.at(open_from), to: None });
    }
    oracle.mark(&marks, true);
    let found = oracle.due(start, minutes, continuous, open_from);
    let case = format!("{:?} {:?} + {limit:?}, {pauses:?}", plan.zone, oracle.at(start));
    let due_at =
        calendar.due(oracle.at(start), calendar.length_of(limit, oracle.at(start)), limit.unit, &pauses);
    if found == Found::Stopped {
        assert_eq!(due_at, Calendar::NEVER, "{case}");
    } else {
        oracle.agrees(found, Some(due_at), &case);
    }
    let now = start + dice.within(0, 6 * DAY);
    let used = calendar.elapsed_without(limit.unit, oracle.at(start), oracle.at(now), &pauses);
    let expected = Millis::minutes(oracle.used(start, now, continuous, open_from));
    assert_eq!(used, expected, "{case}, used at {:?}", oracle.at(now));
    oracle.mark(&marks, false);
    found
}

/// A clock that is paused, extended, ended and reopened in the order of time.
fn a_clock(dice: &mut Dice, plan: &Plan, calendar: &Calendar, oracle: &mut Oracle) -> Found {
    let (start, limit, mut minutes) = random_start(dice, plan, calendar, oracle);
    let continuous = limit.unit.is_continuous();
    let mut clock = Clock::start(ClockKind::Handle, limit, oracle.at(start), calendar);
    let mut marks = Vec::new();
    let mut open_from = usize::MAX;
    let mut minute = start;
    for _ in 0..dice.within(0, 5).saturating_sub(1) {
        minute += dice.within(0, DAY / 2);
        if dice.one_in(4) {
            let hours = dice.within(1, 8);
            let unit = if dice.one_in(2) { LimitUnit::WorkHour } else { LimitUnit::UrgentWorkHour };
            clock.extend(TimeLimit::new(hours as u32, unit), calendar);
            minutes += hours * 60;
            continue;
        }
        let rework = dice.one_in(4);
        if rework {
            clock.end(oracle.at(minute));
        } else {
            clock.pause(oracle.at(minute), calendar);
        }
        let resumed = minute + dice.pause_length();
        if rework {
            clock.reopen(oracle.at(resumed), calendar);
        } else if dice.one_in(10) {
            open_from = minute;
            break;
        } else {
            clock.resume(oracle.at(resumed), calendar);
        }
        marks.push((minute, resumed));
        minute = resumed;
    }
    oracle.mark(&marks, true);
    let case = format!("{:?} {clock:?}", plan.zone);
    assert_eq!(clock.length, Millis::minutes(minutes as i64), "{case}");
    let found = oracle.due(start, minutes, continuous, open_from);
    oracle.agrees(found, clock.due_at(), &case);
    if minutes % 5 == 0 {
        let warned = oracle.due(start, minutes / 5 * 4, continuous, open_from);
        oracle.agrees(warned, clock.warn_at(calendar), &case);
    }
    let now = start + dice.within(0, 6 * DAY);
    let used = Millis::minutes(oracle.used(start, now, continuous, open_from));
    assert_eq!(clock.used(oracle.at(now), calendar), used, "{case}, used at {:?}", oracle.at(now));
    let overdue = matches!(found, Found::Due(due) if now > due);
    assert_eq!(clock.is_overdue_at(oracle.at(now)), overdue, "{case}, at {:?}", oracle.at(now));
    oracle.mark(&marks, false);
    found
}

#[test]
fn to_the_millisecond_a_length_is_used_up_when_it_is_due_and_not_before() {
    let mut dice = Dice(7);
    for zone in ZONES {
        let plan = Plan::random(&mut dice, zone);
        let calendar = Calendar::new(plan.spec()).expect("a sound calendar");
        let base = Timestamp(1_700_000_000_000);
        for _ in 0..1_000 {
            let start = base + Millis(dice.within(0, 100_000_000_000) as i64);
            let length = Millis(dice.within(1, 200_000_000) as i64);
            let from = start + Millis(dice.within(0, 300_000_000) as i64);
            let to = from + Millis(dice.within(0, 300_000_000) as i64);
            let pauses = [Pause { from, to: Some(to) }];
            for unit in [LimitUnit::WorkHour, LimitUnit::NaturalDay] {
                let due_at = calendar.due(start, length, unit, &pauses);
                let used = |at| calendar.elapsed_without(unit, start, at, &pauses);
                assert_eq!(used(due_at), length);
                assert_eq!(used(due_at - Millis(1)), length - Millis(1));
            }
        }
    }
}

#[test]
fn decades_are_counted_as_day_by_day() {
    let calendar = Calendar::chinese(Zone::shanghai());
    let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
    let midnight =
        |date: Date| Timestamp(date.to_zoned(zone.clone()).expect("a moment").timestamp().as_millisecond());
    let (first, last) = (date(1985, 1, 1), date(2045, 1, 1));
    let mut days = 0;
    let mut today = first;
    while today < last {
        days += i64::from(today.weekday().to_monday_zero_offset() < 5);
        today = today.tomorrow().expect("a date");
    }
    assert_eq!(calendar.working_between(midnight(first), midnight(last)), Millis::hours(8 * days));
    let due_at = calendar.due(midnight(first), Millis::hours(8 * days), LimitUnit::WorkHour, &[]);
    // The last working day before 2045 is Friday 30 December.
    assert_eq!(due_at, midnight(date(2044, 12, 30)) + Millis::hours(18));
}
