//! The working calendar (工作日历): which moments count as working time, and when a length of it is over.
//!
//! [`CalendarSpec`] is what people edit; [`Calendar`] is the same, checked, ready to answer in well under a
//! microsecond, and cheap to clone. Slots are local wall time: a moment is working time when its local date
//! is a working day and its local time lies in a slot of that date's season.

mod spec;
mod table;

pub use spec::{
    CalendarProblem, CalendarSpec, DayKind, MINUTES_PER_DAY, MonthDay, SEASONS_MAX, SLOTS_MAX,
    SPECIAL_DAYS_MAX, Season, Slot, SpecialDay, Weekday, Zone,
};

use crate::clock::Pause;
use crate::limit::{LimitUnit, TimeLimit};
use crate::time::{Millis, Timestamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use table::Table;

/// A checked working calendar. Reads and writes as its [`CalendarSpec`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "CalendarSpec", into = "CalendarSpec")]
pub struct Calendar(Arc<Inner>);

struct Inner {
    spec: CalendarSpec,
    table: Table,
}

impl Calendar {
    /// The answer for "at no time": 9999-12-30T00:00Z, which every store and date library can hold.
    pub const NEVER: Timestamp = Timestamp(253_402_128_000_000);

    pub fn new(spec: CalendarSpec) -> Result<Self, CalendarProblem> {
        spec.check()?;
        Ok(Self(Arc::new(Inner { spec, table: Table::new() })))
    }

    /// Monday to Friday, 08:00–12:00 and 14:00–18:00, no holidays.
    #[must_use]
    pub fn chinese(zone: Zone) -> Self {
        Self::new(CalendarSpec::chinese(zone)).expect("one season with two slots covers the year")
    }

    #[must_use]
    pub fn spec(&self) -> &CalendarSpec {
        &self.0.spec
    }

    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.spec.version
    }

    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.0.spec.zone
    }

    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.0.spec.is_working_day(date)
    }

    /// True while the office is open.
    #[must_use]
    pub fn is_working_at(&self, at: Timestamp) -> bool {
        self.working_between(at, at + Millis(1)) > Millis::ZERO
    }

    #[must_use]
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.0.spec.zone.rules().to_datetime(table::instant(at.0)).date()
    }

    /// Minutes of the local day that have passed: 0 to 1439.
    #[must_use]
    pub fn local_minute(&self, at: Timestamp) -> u16 {
        let time = self.0.spec.zone.rules().to_datetime(table::instant(at.0)).time();
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    }

    /// The local date as the number of case numbers and exchange files: 20260105.
    #[must_use]
    pub fn yyyymmdd(&self, at: Timestamp) -> u32 {
        let date = self.local_date(at);
        u32::from(date.year().max(0).unsigned_abs()) * 10_000
            + u32::from(date.month().unsigned_abs()) * 100
            + u32::from(date.day().unsigned_abs())
    }

    /// Office hours of an ordinary working day in the season of `date`, whether or not it is one itself.
    #[must_use]
    pub fn daily_length(&self, date: Date) -> Millis {
        let minutes = self.0.spec.season_on(date).map_or(0, Season::daily_minutes);
        Millis::minutes(i64::from(minutes))
    }

    /// Working time from `from` to `to`; zero when `to` is not later.
    #[must_use]
    pub fn working_between(&self, from: Timestamp, to: Timestamp) -> Millis {
        Millis(self.0.table.between(&self.0.spec, from.0, to.0))
    }

    /// Time from `from` to `to` as a limit of this unit counts it; zero when `to` is not later.
    #[must_use]
    pub fn elapsed(&self, unit: LimitUnit, from: Timestamp, to: Timestamp) -> Millis {
        if unit.is_continuous() { (to - from).max(Millis::ZERO) } else { self.working_between(from, to) }
    }

    /// [`Self::elapsed`] without the pauses, which may overlap and come in any order.
    #[must_use]
    pub fn elapsed_without(
        &self,
        unit: LimitUnit,
        from: Timestamp,
        to: Timestamp,
        pauses: &[Pause],
    ) -> Millis {
        let mut elapsed = Millis::ZERO;
        let mut cursor = from;
        for pause in in_order(pauses).iter() {
            let resumed = pause.to.unwrap_or(to);
            if pause.from >= to || cursor >= to {
                break;
            }
            if resumed <= cursor || resumed <= pause.from {
                continue;
            }
            elapsed = elapsed + self.elapsed(unit, cursor, pause.from);
            cursor = resumed;
        }
        elapsed + self.elapsed(unit, cursor, to)
    }

    /// How much time a limit allows to a clock that starts at `start`, in the unit's own time.
    ///
    /// A work day is the daily office hours of the season of the start date.
    #[must_use]
    pub fn length_of(&self, limit: TimeLimit, start: Timestamp) -> Millis {
        let whole = match limit.unit {
            LimitUnit::UrgentMinute | LimitUnit::WorkMinute => Millis::minutes(1),
            LimitUnit::UrgentWorkHour | LimitUnit::WorkHour => Millis::hours(1),
            LimitUnit::UrgentWorkDay | LimitUnit::NaturalDay => Millis::days(1),
            LimitUnit::WorkDay => self.daily_length(self.local_date(start)),
        };
        // Every whole is a number of minutes, so that a hundredth of it is exact.
        Millis(whole.0 / 100 * i64::from(limit.hundredths))
    }

    /// The first moment at which `length` has passed since `start`, pauses not counted. A moment may be the
    /// end of a slot. [`Self::NEVER`] under an open pause, and when there is no working time for 20 years.
    #[must_use]
    pub fn due(&self, start: Timestamp, length: Millis, unit: LimitUnit, pauses: &[Pause]) -> Timestamp {
        let mut left = length;
        if left <= Millis::ZERO {
            return start;
        }
        let mut cursor = start;
        for pause in in_order(pauses).iter() {
            if pause.to.is_some_and(|to| to <= cursor || to <= pause.from) {
                continue;
            }
            let run = self.elapsed(unit, cursor, pause.from);
            if run >= left {
                break;
            }
            left = left - run;
            match pause.to {
                Some(to) => cursor = to,
                None => return Self::NEVER,
            }
        }
        self.after(unit, cursor, left)
    }

    fn after(&self, unit: LimitUnit, from: Timestamp, length: Millis) -> Timestamp {
        if unit.is_continuous() {
            return (from + length).min(Self::NEVER);
        }
        self.0.table.after(&self.0.spec, from.0, length.0).map_or(Self::NEVER, Timestamp)
    }

    /// The years that have holidays (法定节假日) in the table.
    #[must_use]
    pub fn years_covered(&self) -> BTreeSet<i16> {
        let days = self.0.spec.days.iter();
        days.filter(|(_, day)| day.kind == DayKind::Off).map(|(date, _)| date.year()).collect()
    }

    /// The year whose holidays should be entered now: this one, and from 1 October the next.
    #[must_use]
    pub fn year_missing(&self, now: Timestamp) -> Option<i16> {
        let today = self.local_date(now);
        let covered = self.years_covered();
        let last = if today.month() >= 10 { today.year() + 1 } else { today.year() };
        (today.year()..=last).find(|year| !covered.contains(year))
    }
}

impl TryFrom<CalendarSpec> for Calendar {
    type Error = CalendarProblem;
    fn try_from(spec: CalendarSpec) -> Result<Self, CalendarProblem> {
        Self::new(spec)
    }
}

impl From<Calendar> for CalendarSpec {
    fn from(calendar: Calendar) -> Self {
        calendar.0.spec.clone()
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.spec == other.0.spec
    }
}

impl Eq for Calendar {}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calendar").field(&self.0.spec).finish()
    }
}

/// The pauses by their beginning. Those of a clock always are, so that nothing is copied.
fn in_order(pauses: &[Pause]) -> Cow<'_, [Pause]> {
    if pauses.is_sorted_by_key(|pause| pause.from) {
        return Cow::Borrowed(pauses);
    }
    let mut sorted = pauses.to_vec();
    sorted.sort_by_key(|pause| pause.from);
    Cow::Owned(sorted)
}
