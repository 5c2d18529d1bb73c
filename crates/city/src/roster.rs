//! The duty roster (排班): who is on shift, where, so that confirming and verifying find a collector.

use jiff::civil::Date;
use kernel::calendar::{MINUTES_PER_DAY, Weekday};
use kernel::{GridCode, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::text::{FieldProblem, L10n, check_text};

/// What a set of unit grids is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyKind {
    /// 责任网格: a collector's.
    #[default]
    Duty,
    /// 监督网格.
    Supervision,
    /// 巡查网格.
    Patrol,
    /// 处置网格: a department's handlers'.
    Handler,
}

impl DutyKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Supervision => "supervision",
            Self::Patrol => "patrol",
            Self::Handler => "handler",
        }
    }
}

/// A duty grid (责任网格): the unit grids one collector, or a team, answers for, by grid or community code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DutyGrid {
    /// Six division digits, `Z` and four sequence digits: `standards/codes.md` §3 [P].
    pub code: String,
    pub name: L10n,
    pub areas: Vec<GridCode>,
    #[serde(default)]
    pub kind: DutyKind,
    /// Whose it is, beside the shifts that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonId>,
    /// The day since which it is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_on: Option<Date>,
}

/// On which days a shift is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum ShiftDays {
    /// Every week on these days.
    Weekly { days: BTreeSet<Weekday> },
    /// On these dates alone.
    Dates { dates: BTreeSet<Date> },
}

impl ShiftDays {
    fn contains(&self, date: Date) -> bool {
        match self {
            Self::Weekly { days } => days.contains(&Weekday::of(date)),
            Self::Dates { dates } => dates.contains(&date),
        }
    }
}

/// A shift (班次) of one person. `to_minute` at or before `from_minute` means the next morning; the shift then
/// belongs to the day it begins on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub person: PersonId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duty_grids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<GridCode>,
    /// Local minutes since midnight.
    pub from_minute: u16,
    pub to_minute: u16,
    #[serde(flatten)]
    pub days: ShiftDays,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// The last day on which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Shift {
    /// Minutes from start to end; a shift from and to the same minute is a whole day.
    #[must_use]
    pub const fn minutes(&self) -> u16 {
        if self.to_minute > self.from_minute {
            self.to_minute - self.from_minute
        } else {
            self.to_minute.saturating_add(MINUTES_PER_DAY).saturating_sub(self.from_minute)
        }
    }

    fn begins_on(&self, date: Date) -> bool {
        self.days.contains(date)
            && self.valid_from.is_none_or(|from| from <= date)
            && self.valid_to.is_none_or(|to| date <= to)
    }

    /// Minutes since this shift began, when it is running at that moment.
    fn running_for(&self, at: LocalMoment) -> Option<u16> {
        let today = self.begins_on(at.date) && at.minute >= self.from_minute;
        if today && at.minute - self.from_minute < self.minutes() {
            return Some(at.minute - self.from_minute);
        }
        let yesterday = at.date.yesterday().ok().filter(|date| self.begins_on(*date))?;
        let since = at.minute.saturating_add(MINUTES_PER_DAY).saturating_sub(self.from_minute);
        (yesterday < at.date && since < self.minutes()).then_some(since)
    }
}

/// A moment by the wall clock of the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalMoment {
    pub date: Date,
    pub minute: u16,
}

/// What is known of people at that moment, for the order among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Staffing {
    /// Open confirm and verify tasks.
    pub open_tasks: BTreeMap<PersonId, u32>,
    /// Distance of the last known position to the task.
    pub metres: BTreeMap<PersonId, f64>,
    /// Collectors with the areas of their posts (empty means everywhere), for when nobody is on shift.
    pub collectors: Vec<(PersonId, Vec<GridCode>)>,
}

/// Why these people were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// On shift, and the place is theirs.
    OnShift,
    /// On shift, but the place is not theirs: the nearest help.
    OnShiftElsewhere,
    /// Nobody is on shift; theirs is the next one that covers the place.
    NextShift {
        begins: LocalMoment,
    },
    /// Nobody on the roster covers the place; their post does.
    PostCoversPlace,
    Nobody,
}

/// Collectors for a task, best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub people: Vec<PersonId>,
    #[serde(flatten)]
    pub because: Because,
}

/// The shifts of a city.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roster {
    #[serde(default)]
    pub duty_grids: Vec<DutyGrid>,
    #[serde(default)]
    pub shifts: Vec<Shift>,
}

/// How far ahead the next shift is looked for: a week, and the day itself.
const DAYS_AHEAD: usize = 8;
/// A shift longer than this is taken for a mistake.
pub const SHIFT_MINUTES_MAX: u16 = 24 * 60;

impl Roster {
    /// Everybody on shift whose shift covers the place (or everybody, without a place), responsible for the
    /// smallest area first, then the nearest, then who has the fewest open tasks.
    #[must_use]
    pub fn on_duty(&self, at: LocalMoment, place: Option<&GridCode>, staffing: &Staffing) -> Vec<PersonId> {
        let covering = self.running(at).filter_map(|shift| {
            let digits = self.covers(shift, place)?;
            Some((shift.person, digits))
        });
        ranked(covering, staffing)
    }

    /// Who is to confirm or verify at a place: those on duty there; else those on duty in the same community,
    /// street or district; else whoever has the next shift there; else any collector whose post covers it.
    #[must_use]
    pub fn find(&self, at: LocalMoment, place: Option<&GridCode>, staffing: &Staffing) -> Found {
        let people = self.on_duty(at, place, staffing);
        if !people.is_empty() {
            return Found { people, because: Because::OnShift };
        }
        if let Some(place) = place {
            let neighbours = self.running(at).filter_map(|shift| {
                let shared = self.areas(shift).map(|area| shared_digits(area, place)).max()?;
                (shared >= 6).then_some((shift.person, shared))
            });
            let people = ranked(neighbours, staffing);
            if !people.is_empty() {
                return Found { people, because: Because::OnShiftElsewhere };
            }
        }
        if let Some((begins, people)) = self.next_shift(at, place, staffing) {
            return Found { people, because: Because::NextShift { begins } };
        }
        let standby = staffing.collectors.iter().filter_map(|(person, areas)| {
            let digits = match place {
                _ if areas.is_empty() => Some(0),
                None => Some(0),
                Some(place) => areas.iter().filter(|a| place.is_within(a)).map(|a| a.as_str().len()).max(),
            };
            Some((*person, digits?))
        });
        let people = ranked(standby, staffing);
        let because = if people.is_empty() { Because::Nobody } else { Because::PostCoversPlace };
        Found { people, because }
    }

    /// Minute and people of the next shift that covers the place, within a week.
    fn next_shift(
        &self,
        at: LocalMoment,
        place: Option<&GridCode>,
        staffing: &Staffing,
    ) -> Option<(LocalMoment, Vec<PersonId>)> {
        let mut date = at.date;
        for _ in 0..DAYS_AHEAD {
            let coming: Vec<(&Shift, usize)> = self
                .shifts
                .iter()
                .filter(|shift| shift.begins_on(date) && (date > at.date || shift.from_minute > at.minute))
                .filter_map(|shift| self.covers(shift, place).map(|digits| (shift, digits)))
                .collect();
            if let Some(minute) = coming.iter().map(|(shift, _)| shift.from_minute).min() {
                let first = coming.into_iter().filter(|(shift, _)| shift.from_minute == minute);
                let people = ranked(first.map(|(shift, digits)| (shift.person, digits)), staffing);
                return Some((LocalMoment { date, minute }, people));
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// Everything wrong with a shift.
    #[must_use]
    pub fn check(&self, shift: &Shift) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        for (field, minute) in [("from_minute", shift.from_minute), ("to_minute", shift.to_minute)] {
            if minute > MINUTES_PER_DAY {
                problems.push(FieldProblem::new(
                    field,
                    "out_of_range",
                    "时间须在 0:00 至 24:00 之间",
                    "a time lies between 0:00 and 24:00",
                ));
            }
        }
        if problems.is_empty() && shift.minutes() > SHIFT_MINUTES_MAX {
            problems.push(FieldProblem::new(
                "to_minute",
                "too_long",
                "班次不能超过 24 小时",
                "a shift is at most 24 hours",
            ));
        }
        let no_days = match &shift.days {
            ShiftDays::Weekly { days } => days.is_empty(),
            ShiftDays::Dates { dates } => dates.is_empty(),
        };
        if no_days {
            problems.push(FieldProblem::new("days", "required", "请选择日期", "choose the days"));
        }
        for (i, code) in shift.duty_grids.iter().enumerate() {
            if !self.duty_grids.iter().any(|grid| grid.code == *code) {
                problems.push(FieldProblem::new(
                    format!("duty_grids[{i}]"),
                    "unknown_duty_grid",
                    format!("责任网格 {code} 不存在"),
                    format!("there is no duty grid {code}"),
                ));
            }
        }
        problems
    }

    /// Everything wrong with a duty grid.
    #[must_use]
    pub fn check_duty_grid(&self, grid: &DutyGrid) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let (division, rest) = grid.code.split_at_checked(6).unwrap_or(("", ""));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !(digits(division) && rest.len() == 5 && rest.strip_prefix('Z').is_some_and(digits)) {
            problems.push(FieldProblem::new(
                "code",
                "bad_code",
                "责任网格编码为 6 位区划码 + Z + 4 位序号",
                "a duty grid code has six division digits, Z and four digits",
            ));
        }
        check_text("name", &grid.name, 60, &mut problems);
        if grid.areas.is_empty() {
            problems.push(FieldProblem::new(
                "areas",
                "required",
                "请选择单元网格或社区",
                "choose grids or communities",
            ));
        }
        problems
    }

    fn running(&self, at: LocalMoment) -> impl Iterator<Item = &Shift> {
        self.shifts.iter().filter(move |shift| shift.running_for(at).is_some())
    }

    fn areas<'a>(&'a self, shift: &'a Shift) -> impl Iterator<Item = &'a GridCode> {
        let duty = self.duty_grids.iter().filter(|grid| shift.duty_grids.contains(&grid.code));
        shift.areas.iter().chain(duty.flat_map(|grid| &grid.areas))
    }

    /// Digits of the smallest area of the shift that holds the place; 0 for a shift without areas or a task
    /// without a place.
    fn covers(&self, shift: &Shift, place: Option<&GridCode>) -> Option<usize> {
        let Some(place) = place else { return Some(0) };
        if self.areas(shift).next().is_none() {
            return Some(0);
        }
        self.areas(shift).filter(|area| place.is_within(area)).map(|area| area.as_str().len()).max()
    }
}

fn ranked(people: impl Iterator<Item = (PersonId, usize)>, staffing: &Staffing) -> Vec<PersonId> {
    let mut best: BTreeMap<PersonId, usize> = BTreeMap::new();
    for (person, digits) in people {
        let held = best.entry(person).or_default();
        *held = (*held).max(digits);
    }
    let mut order: Vec<(PersonId, usize)> = best.into_iter().collect();
    // Whole hundreds of metres: a few steps nearer do not outweigh a shorter list of tasks.
    let hundreds = |person: &PersonId| {
        staffing.metres.get(person).map_or(f64::INFINITY, |metres| (metres / 100.0).floor())
    };
    let tasks = |person: &PersonId| staffing.open_tasks.get(person).copied().unwrap_or_default();
    order.sort_by(|(a, a_digits), (b, b_digits)| {
        b_digits
            .cmp(a_digits)
            .then_with(|| hundreds(a).total_cmp(&hundreds(b)))
            .then_with(|| tasks(a).cmp(&tasks(b)))
            .then_with(|| a.cmp(b))
    });
    order.into_iter().map(|(person, _)| person).collect()
}

/// Digits two places share in whole steps: 12 in one community, 9 in one street, 6 in one county.
fn shared_digits(a: &GridCode, b: &GridCode) -> usize {
    let same = a.as_str().bytes().zip(b.as_str().bytes()).take_while(|(x, y)| x == y).count();
    [15, 12, 9, 6].into_iter().find(|step| same >= *step).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const LI: PersonId = PersonId(1);
    const WU: PersonId = PersonId(2);
    const HE: PersonId = PersonId(3);

    fn place(text: &str) -> GridCode {
        text.parse().expect("a place")
    }

    fn shift(person: PersonId, area: &str, from: u16, to: u16) -> Shift {
        Shift {
            person,
            duty_grids: Vec::new(),
            areas: (!area.is_empty()).then(|| place(area)).into_iter().collect(),
            from_minute: from * 60,
            to_minute: to * 60,
            days: ShiftDays::Weekly {
                days: [Weekday::Monday, Weekday::Tuesday, Weekday::Friday].into_iter().collect(),
            },
            valid_from: None,
            valid_to: None,
        }
    }

    /// 2026-11-23 is a Monday.
    fn monday(hour: u16) -> LocalMoment {
        LocalMoment { date: date(2026, 11, 23), minute: hour * 60 }
    }

    fn roster() -> Roster {
        Roster {
            duty_grids: vec![DutyGrid {
                code: "990101Z0001".into(),
                name: L10n::new("一号责任网格", ""),
                areas: vec![place("990101001001")],
                ..DutyGrid::default()
            }],
            shifts: vec![
                Shift { duty_grids: vec!["990101Z0001".into()], ..shift(LI, "", 8, 16) },
                shift(WU, "990101001", 8, 16),
                shift(HE, "990101002", 22, 6),
            ],
        }
    }

    #[test]
    fn the_smallest_covering_area_goes_first() {
        let roster = roster();
        let grid = place("990101001001004");
        assert_eq!(roster.on_duty(monday(9), Some(&grid), &Staffing::default()), [LI, WU]);
        let other = place("990101001002001");
        assert_eq!(roster.on_duty(monday(9), Some(&other), &Staffing::default()), [WU]);
    }

    #[test]
    fn shifts_end_on_the_minute_and_run_past_midnight() {
        let roster = roster();
        let grid = place("990101002001001");
        let none = Staffing::default();
        let table = [
            (LocalMoment { date: date(2026, 11, 23), minute: 22 * 60 - 1 }, false),
            (LocalMoment { date: date(2026, 11, 23), minute: 22 * 60 }, true),
            (LocalMoment { date: date(2026, 11, 24), minute: 0 }, true),
            (LocalMoment { date: date(2026, 11, 24), minute: 6 * 60 - 1 }, true),
            (LocalMoment { date: date(2026, 11, 24), minute: 6 * 60 }, false),
            // Monday's early morning would belong to Sunday's shift, and there is none.
            (LocalMoment { date: date(2026, 11, 23), minute: 60 }, false),
            // Wednesday's early morning belongs to Tuesday's.
            (LocalMoment { date: date(2026, 11, 25), minute: 60 }, true),
        ];
        for (at, expected) in table {
            assert_eq!(!roster.on_duty(at, Some(&grid), &none).is_empty(), expected, "{at:?}");
        }
    }

    #[test]
    fn nearer_then_less_busy() {
        let mut roster = roster();
        roster.shifts =
            vec![shift(LI, "990101001", 8, 16), shift(WU, "990101001", 8, 16), shift(HE, "990101001", 8, 16)];
        let staffing = Staffing {
            open_tasks: BTreeMap::from([(LI, 4), (WU, 1)]),
            metres: BTreeMap::from([(LI, 120.0), (WU, 180.0), (HE, 900.0)]),
            collectors: Vec::new(),
        };
        let grid = place("990101001001001");
        assert_eq!(roster.on_duty(monday(9), Some(&grid), &staffing), [WU, LI, HE]);
    }

    #[test]
    fn when_nobody_is_there_help_comes_from_near_then_the_next_shift_then_a_post() {
        let roster = roster();
        let staffing = Staffing {
            collectors: vec![(LI, vec![place("990109")]), (HE, Vec::new())],
            ..Staffing::default()
        };
        let find = |at, text: &str| roster.find(at, Some(&place(text)), &staffing);
        assert_eq!(
            find(monday(9), "990101001001001"),
            Found { people: vec![LI, WU], because: Because::OnShift }
        );
        assert_eq!(
            find(monday(9), "990101002001001"),
            Found { people: vec![LI, WU], because: Because::OnShiftElsewhere }
        );
        let next = LocalMoment { date: date(2026, 11, 24), minute: 8 * 60 };
        assert_eq!(
            find(monday(18), "990101001001001"),
            Found { people: vec![LI, WU], because: Because::NextShift { begins: next } }
        );
        assert_eq!(
            find(monday(18), "990109001001001"),
            Found { people: vec![LI, HE], because: Because::PostCoversPlace }
        );
        let empty = Roster::default().find(monday(9), None, &Staffing::default());
        assert_eq!(empty, Found { people: Vec::new(), because: Because::Nobody });
    }

    #[test]
    fn wrong_shifts_and_duty_grids_are_refused_by_field() {
        let roster = roster();
        let mut wrong = shift(LI, "", 25, 6);
        wrong.days = ShiftDays::Dates { dates: BTreeSet::new() };
        wrong.duty_grids = vec!["990101Z0009".into()];
        let codes: Vec<_> = roster.check(&wrong).into_iter().map(|p| p.code).collect();
        assert_eq!(codes, ["out_of_range", "required", "unknown_duty_grid"]);
        assert_eq!(roster.check(&roster.shifts[0]), []);
        assert_eq!(roster.check_duty_grid(&roster.duty_grids[0]), []);
        let bad =
            DutyGrid { code: "一二三四五六".into(), name: L10n::new("x", ""), ..DutyGrid::default() };
        assert_eq!(roster.check_duty_grid(&bad).len(), 2);
    }

    #[test]
    fn a_roster_reads_back_as_it_was_written() {
        let roster = roster();
        let json = serde_json::to_string(&roster).expect("writes");
        assert_eq!(serde_json::from_str::<Roster>(&json).expect("reads"), roster);
        assert!(json.contains(r#""on":"weekly","days":["monday""#), "{json}");
    }
}
