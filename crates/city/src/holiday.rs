//! The Chinese holiday table (节假日与调休): which dates are off, and which Saturdays and Sundays are worked.

use crate::table::{self, TableProblem};
use jiff::civil::Date;
use kernel::calendar::{DayKind, SpecialDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How sure a year's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Only the statutory days: make-up days and bridges are not announced yet.
    StatutoryOnly,
    /// The State Council's notice for the year.
    Announced,
}

/// The special days of one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayYear {
    /// The least sure of its rows.
    pub state: SourceState,
    pub days: BTreeMap<Date, SpecialDay>,
}

/// Years with their special days.
pub type Holidays = BTreeMap<i16, HolidayYear>;

/// Reads `date,kind,name_zh,name_en,source_state`; the kind is `off` or `work`.
///
/// # Errors
/// The first line that cannot be a special day, or a date that stands there twice.
pub fn parse(csv: &str) -> Result<Holidays, TableProblem> {
    let mut years = Holidays::new();
    table::read("holidays", csv, &["date", "kind", "name_zh"], |row| {
        let date: Date = row.parse("date")?;
        let kind = match row.get("kind") {
            "off" => DayKind::Off,
            "work" => DayKind::Work,
            _ => return Err(row.bad("kind", "off or work is expected")),
        };
        let state = match row.get("source_state") {
            "" | "announced" => SourceState::Announced,
            "statutory_only" => SourceState::StatutoryOnly,
            _ => return Err(row.bad("source_state", "announced or statutory_only is expected")),
        };
        let day = SpecialDay {
            kind,
            name_zh: row.get("name_zh").to_owned(),
            name_en: row.get("name_en").to_owned(),
        };
        let year = years.entry(date.year()).or_insert_with(|| HolidayYear { state, days: BTreeMap::new() });
        year.state = year.state.min(state);
        if year.days.insert(date, day).is_some() {
            return Err(row.bad("date", "it stands in the table twice"));
        }
        Ok(())
    })?;
    Ok(years)
}

/// The table that comes with the program: mainland China 2024 to 2027.
#[must_use]
pub fn china() -> Holidays {
    parse(include_str!("../data/holidays_cn.csv")).expect("the compiled-in table is read by a test")
}

/// All days of all years, as a working calendar wants them.
#[must_use]
pub fn days(holidays: &Holidays) -> BTreeMap<Date, SpecialDay> {
    holidays.values().flat_map(|year| year.days.clone()).collect()
}

/// What is missing for the year after `today`, from 1 November on, when the notice is due: `None` while all is
/// well, otherwise that year and what is known of it.
#[must_use]
pub fn reminder(holidays: &Holidays, today: Date) -> Option<(i16, Option<SourceState>)> {
    let next = today.year() + 1;
    let this = today.year();
    let state = |year| holidays.get(&year).map(|year: &HolidayYear| year.state);
    if state(this) != Some(SourceState::Announced) {
        return Some((this, state(this)));
    }
    (today.month() >= 11 && state(next) != Some(SourceState::Announced)).then(|| (next, state(next)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use kernel::calendar::{CalendarSpec, Zone};

    #[test]
    fn four_years_come_with_the_program() {
        let holidays = china();
        assert_eq!(holidays.keys().copied().collect::<Vec<_>>(), [2024, 2025, 2026, 2027]);
        assert_eq!(holidays[&2026].state, SourceState::Announced);
        assert_eq!(holidays[&2027].state, SourceState::StatutoryOnly);
        assert!(days(&holidays).len() >= 110);
        // The Sunday before the Spring Festival of 2024 was worked.
        assert_eq!(holidays[&2024].days[&date(2024, 2, 4)].kind, DayKind::Work);
        // A worked day is always a Saturday or Sunday.
        for (date, day) in days(&holidays) {
            let weekend = date.weekday().to_monday_one_offset() >= 6;
            assert!(day.kind == DayKind::Off || weekend, "{date}");
        }
    }

    #[test]
    fn the_table_fits_the_working_calendar() {
        let mut spec = CalendarSpec::chinese(Zone::shanghai());
        spec.days = days(&china());
        let calendar = kernel::Calendar::new(spec).expect("fits");
        assert!(!calendar.is_working_day(date(2026, 10, 1)));
        assert!(calendar.is_working_day(date(2024, 2, 4)));
    }

    #[test]
    fn a_missing_next_year_is_called_for_from_november() {
        let holidays = china();
        let table = [
            (date(2026, 10, 31), None),
            (date(2026, 11, 1), Some((2027, Some(SourceState::StatutoryOnly)))),
            (date(2025, 12, 1), None),
            (date(2027, 3, 1), Some((2027, Some(SourceState::StatutoryOnly)))),
            (date(2028, 3, 1), Some((2028, None))),
        ];
        for (today, expected) in table {
            assert_eq!(reminder(&holidays, today), expected, "{today}");
        }
    }

    #[test]
    fn wrong_rows_are_refused() {
        let table =
            ["2026-13-01,off,x,x,announced", "2026-01-01,rest,x,x,announced", "2026-01-01,off,x,x,maybe"];
        for line in table {
            let csv = format!("date,kind,name_zh,name_en,source_state\n{line}\n");
            assert!(parse(&csv).expect_err(line).to_string().contains("line 2"));
        }
    }
}
