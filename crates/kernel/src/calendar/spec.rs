//! A working calendar as people write it: zone, weekend, seasonal office hours, holiday table.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Minutes in a nominal day; a slot may end here (24:00).
pub const MINUTES_PER_DAY: u16 = 1_440;
/// Seasons of one calendar: two a year and a change every other year for two decades.
pub const SEASONS_MAX: usize = 24;
/// Office-hour slots of one day: one an hour.
pub const SLOTS_MAX: usize = 24;
/// Rows of the holiday table: more than a hundred years of Chinese holidays with make-up days.
pub const SPECIAL_DAYS_MAX: usize = 10_000;

/// The dates a calendar answers for; outside them nothing is working time.
pub(super) const FIRST_DATE: Date = Date::constant(1900, 1, 1);
pub(super) const LAST_DATE: Date = Date::constant(2299, 12, 31);

/// Why a calendar cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarProblem {
    #[error("unknown time zone {0:?}")]
    UnknownZone(String),
    #[error("not a time of day (HH:MM, up to 24:00): {0:?}")]
    NotATime(String),
    #[error("not a day of the year (MM-DD): {0:?}")]
    NotAMonthDay(String),
    #[error("all seven days are weekend")]
    NoWorkingDay,
    #[error("there are no office hours")]
    NoSeason,
    #[error("{0} seasons; at most {SEASONS_MAX} are possible")]
    TooManySeasons(usize),
    #[error("season {season} has no slots")]
    NoSlots { season: usize },
    #[error("season {season} has more than {SLOTS_MAX} slots")]
    TooManySlots { season: usize },
    #[error("season {season}, slot {slot} does not end after it begins, or ends after 24:00")]
    BadSlot { season: usize, slot: usize },
    #[error("season {season}, slot {slot} begins before the one above it ends")]
    OverlappingSlots { season: usize, slot: usize },
    #[error("season {season} ends its validity before it begins")]
    NeverValid { season: usize },
    #[error("no season covers {on}")]
    SeasonGap { on: Date },
    #[error("more than one season covers {on}")]
    SeasonOverlap { on: Date },
    #[error("{0} special days; at most {SPECIAL_DAYS_MAX} are possible")]
    TooManyDays(usize),
}

impl CalendarProblem {
    /// The stable code under which the text for people is found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownZone(_) => "unknown_zone",
            Self::NotATime(_) => "not_a_time",
            Self::NotAMonthDay(_) => "not_a_month_day",
            Self::NoWorkingDay => "no_working_day",
            Self::NoSeason => "no_season",
            Self::TooManySeasons(_) => "too_many_seasons",
            Self::NoSlots { .. } => "no_slots",
            Self::TooManySlots { .. } => "too_many_slots",
            Self::BadSlot { .. } => "bad_slot",
            Self::OverlappingSlots { .. } => "overlapping_slots",
            Self::NeverValid { .. } => "never_valid",
            Self::SeasonGap { .. } => "season_gap",
            Self::SeasonOverlap { .. } => "season_overlap",
            Self::TooManyDays(_) => "too_many_days",
        }
    }
}

/// A time zone (时区) known by its IANA name, such as `Asia/Shanghai`. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn new(name: &str) -> Result<Self, CalendarProblem> {
        let known = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown() && zone.iana_name().is_some());
        known.map(Self).ok_or_else(|| CalendarProblem::UnknownZone(name.to_owned()))
    }

    /// 北京时间.
    #[must_use]
    pub fn shanghai() -> Self {
        Self::new("Asia/Shanghai").expect("the zone database is part of the program")
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub(super) const fn rules(&self) -> &TimeZone {
        &self.0
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = CalendarProblem;
    fn from_str(name: &str) -> Result<Self, CalendarProblem> {
        Self::new(name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(&name).map_err(serde::de::Error::custom)
    }
}

/// A day of the week (星期).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    #[must_use]
    pub fn of(date: Date) -> Self {
        match date.weekday() {
            jiff::civil::Weekday::Monday => Self::Monday,
            jiff::civil::Weekday::Tuesday => Self::Tuesday,
            jiff::civil::Weekday::Wednesday => Self::Wednesday,
            jiff::civil::Weekday::Thursday => Self::Thursday,
            jiff::civil::Weekday::Friday => Self::Friday,
            jiff::civil::Weekday::Saturday => Self::Saturday,
            jiff::civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A day of any year. Written `MM-DD`; 29 February is a day of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: i8,
    day: i8,
}

impl MonthDay {
    pub const NEW_YEAR: Self = Self { month: 1, day: 1 };
    pub const NEW_YEARS_EVE: Self = Self { month: 12, day: 31 };

    pub fn new(month: i8, day: i8) -> Result<Self, CalendarProblem> {
        // 2000 is a leap year, so that 29 February passes.
        match Date::new(2000, month, day) {
            Ok(_) => Ok(Self { month, day }),
            Err(_) => Err(CalendarProblem::NotAMonthDay(format!("{month:02}-{day:02}"))),
        }
    }

    #[must_use]
    pub fn of(date: Date) -> Self {
        Self { month: date.month(), day: date.day() }
    }

    #[must_use]
    pub const fn month(self) -> i8 {
        self.month
    }

    #[must_use]
    pub const fn day(self) -> i8 {
        self.day
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for MonthDay {
    type Err = CalendarProblem;
    fn from_str(text: &str) -> Result<Self, CalendarProblem> {
        let problem = || CalendarProblem::NotAMonthDay(text.to_owned());
        let (month, day) = two_digit_pair(text, b'-').ok_or_else(problem)?;
        Self::new(month as i8, day as i8).map_err(|_| problem())
    }
}

impl TryFrom<String> for MonthDay {
    type Error = CalendarProblem;
    fn try_from(text: String) -> Result<Self, CalendarProblem> {
        text.parse()
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> Self {
        day.to_string()
    }
}

/// A stretch of office hours (办公时段) in minutes of the local day: `from_minute` belongs to it, `to_minute` does not.
/// Written `{"from": "08:00", "to": "12:00"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    #[serde(rename = "from", with = "time_of_day")]
    pub from_minute: u16,
    #[serde(rename = "to", with = "time_of_day")]
    pub to_minute: u16,
}

impl Slot {
    /// From one full hour to another.
    #[must_use]
    pub const fn hours(from: u16, to: u16) -> Self {
        Self { from_minute: from * 60, to_minute: to * 60 }
    }
}

/// Office hours of a part of the year (冬令 / 夏令作息), while valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    pub from: MonthDay,
    /// The last day that belongs to it. Before `from`: the season runs over New Year.
    pub to: MonthDay,
    /// In the order of the day, not overlapping.
    pub slots: Vec<Slot>,
    /// First date on which the hours are in force; none: always were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last date on which they are; none: until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Season {
    /// The same hours all year, always.
    #[must_use]
    pub const fn whole_year(slots: Vec<Slot>) -> Self {
        Self {
            from: MonthDay::NEW_YEAR,
            to: MonthDay::NEW_YEARS_EVE,
            slots,
            valid_from: None,
            valid_to: None,
        }
    }

    #[must_use]
    pub fn covers(&self, date: Date) -> bool {
        let day = MonthDay::of(date);
        let in_season = if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            self.from <= day || day <= self.to
        };
        in_season
            && self.valid_from.is_none_or(|first| first <= date)
            && self.valid_to.is_none_or(|last| date <= last)
    }

    /// Minutes of office hours in one ordinary working day.
    #[must_use]
    pub fn daily_minutes(&self) -> u16 {
        self.slots.iter().map(|slot| slot.to_minute.saturating_sub(slot.from_minute)).sum()
    }
}

/// What the holiday table says about a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// 法定节假日: nobody works, whatever the weekday.
    Off,
    /// 调休工作日: everybody works, whatever the weekday.
    Work,
}

/// A row of the holiday table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialDay {
    pub kind: DayKind,
    pub name_zh: String,
    pub name_en: String,
}

/// A working calendar as it is edited and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Goes up by one with each change.
    pub version: u32,
    pub zone: Zone,
    pub weekend: BTreeSet<Weekday>,
    /// Together they cover every date exactly once.
    pub seasons: Vec<Season>,
    /// The holiday table (节假日表), by date.
    #[serde(default)]
    pub days: BTreeMap<Date, SpecialDay>,
}

impl CalendarSpec {
    /// Monday to Friday, 08:00–12:00 and 14:00–18:00, no holidays.
    #[must_use]
    pub fn chinese(zone: Zone) -> Self {
        Self {
            version: 1,
            zone,
            weekend: BTreeSet::from([Weekday::Saturday, Weekday::Sunday]),
            seasons: vec![Season::whole_year(vec![Slot::hours(8, 12), Slot::hours(14, 18)])],
            days: BTreeMap::new(),
        }
    }

    /// Finds the first thing that makes the calendar unusable. Seasons and slots are counted from 1.
    pub fn check(&self) -> Result<(), CalendarProblem> {
        if self.weekend.len() == 7 {
            return Err(CalendarProblem::NoWorkingDay);
        }
        if self.seasons.is_empty() {
            return Err(CalendarProblem::NoSeason);
        }
        if self.seasons.len() > SEASONS_MAX {
            return Err(CalendarProblem::TooManySeasons(self.seasons.len()));
        }
        if self.days.len() > SPECIAL_DAYS_MAX {
            return Err(CalendarProblem::TooManyDays(self.days.len()));
        }
        for (season, n) in self.seasons.iter().zip(1..) {
            check_season(season, n)?;
        }
        self.check_cover()
    }

    /// Every date lies in exactly one season. Validity cuts time into pieces within which the years repeat.
    fn check_cover(&self) -> Result<(), CalendarProblem> {
        let mut pieces = BTreeSet::from([FIRST_DATE]);
        for season in &self.seasons {
            pieces.extend(season.valid_from);
            pieces.extend(season.valid_to.and_then(|last| last.tomorrow().ok()));
        }
        let starts: Vec<Date> = pieces.into_iter().filter(|start| *start >= FIRST_DATE).collect();
        for (i, &start) in starts.iter().enumerate() {
            let next = starts.get(i + 1).copied().unwrap_or(LAST_DATE);
            // Nine years hold every day of the year, 29 February too, also around 1900 and 2100.
            let end = next.min(start.saturating_add(jiff::Span::new().years(9)));
            let mut date = start;
            while date < end {
                match self.seasons.iter().filter(|season| season.covers(date)).count() {
                    0 => return Err(CalendarProblem::SeasonGap { on: date }),
                    1 => {}
                    _ => return Err(CalendarProblem::SeasonOverlap { on: date }),
                }
                let Ok(tomorrow) = date.tomorrow() else { break };
                date = tomorrow;
            }
        }
        Ok(())
    }

    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        match self.days.get(&date) {
            Some(day) => day.kind == DayKind::Work,
            None => !self.weekend.contains(&Weekday::of(date)),
        }
    }

    /// The office hours in force on a date.
    #[must_use]
    pub fn season_on(&self, date: Date) -> Option<&Season> {
        self.seasons.iter().find(|season| season.covers(date))
    }
}

fn check_season(season: &Season, n: usize) -> Result<(), CalendarProblem> {
    if season.slots.is_empty() {
        return Err(CalendarProblem::NoSlots { season: n });
    }
    if season.slots.len() > SLOTS_MAX {
        return Err(CalendarProblem::TooManySlots { season: n });
    }
    if let (Some(first), Some(last)) = (season.valid_from, season.valid_to)
        && last < first
    {
        return Err(CalendarProblem::NeverValid { season: n });
    }
    let mut free_from = 0;
    for (slot, k) in season.slots.iter().zip(1..) {
        if slot.from_minute >= slot.to_minute || slot.to_minute > MINUTES_PER_DAY {
            return Err(CalendarProblem::BadSlot { season: n, slot: k });
        }
        if slot.from_minute < free_from {
            return Err(CalendarProblem::OverlappingSlots { season: n, slot: k });
        }
        free_from = slot.to_minute;
    }
    Ok(())
}

/// Reads `12-31` or `08:00`: exactly two digits, the mark, two digits.
fn two_digit_pair(text: &str, mark: u8) -> Option<(u8, u8)> {
    let &[a, b, found, c, d] = text.as_bytes() else { return None };
    if found != mark || ![a, b, c, d].iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(((a - b'0') * 10 + (b - b'0'), (c - b'0') * 10 + (d - b'0')))
}

/// Minutes of the day as `HH:MM`.
mod time_of_day {
    use super::{CalendarProblem, MINUTES_PER_DAY, two_digit_pair};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(minute: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", minute / 60, minute % 60))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let text = String::deserialize(deserializer)?;
        let minute = two_digit_pair(&text, b':')
            .filter(|(_, minutes)| *minutes < 60)
            .map(|(hours, minutes)| u16::from(hours) * 60 + u16::from(minutes))
            .filter(|minute| *minute <= MINUTES_PER_DAY);
        minute.ok_or_else(|| serde::de::Error::custom(CalendarProblem::NotATime(text)))
    }
}
