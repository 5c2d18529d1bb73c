//! Time limits (时限): a number and the kind of time it is counted in. Never a bare number of hours.

use serde::{Deserialize, Serialize};

/// How a limit is counted. Source: `rulings.md`, The loop; `standards/workflow.md` §7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// 紧急(分钟): runs always.
    UrgentMinute,
    /// 紧急工作时: hours that run always, nights and holidays too.
    UrgentWorkHour,
    /// 紧急工作日: counted as natural days.
    UrgentWorkDay,
    /// Minutes inside office hours.
    WorkMinute,
    /// 工作时: hours inside office hours of working days.
    WorkHour,
    /// 工作日: n × the daily office hours of the season in which the clock starts.
    WorkDay,
    /// 自然日: n × 24 h.
    NaturalDay,
}

impl LimitUnit {
    /// True when the clock also runs outside office hours.
    #[must_use]
    pub const fn is_continuous(self) -> bool {
        matches!(self, Self::UrgentMinute | Self::UrgentWorkHour | Self::UrgentWorkDay | Self::NaturalDay)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UrgentMinute => "urgent_minute",
            Self::UrgentWorkHour => "urgent_work_hour",
            Self::UrgentWorkDay => "urgent_work_day",
            Self::WorkMinute => "work_minute",
            Self::WorkHour => "work_hour",
            Self::WorkDay => "work_day",
            Self::NaturalDay => "natural_day",
        }
    }
}

/// A limit such as 4 work hours. `value` is counted in `unit`; hundredths allow half days (50 = 0.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeLimit {
    /// Hundredths of the unit, so that 0.5 work day is exact.
    pub hundredths: u32,
    pub unit: LimitUnit,
}

impl TimeLimit {
    #[must_use]
    pub const fn new(value: u32, unit: LimitUnit) -> Self {
        Self { hundredths: value * 100, unit }
    }

    #[must_use]
    pub const fn work_minutes(n: u32) -> Self {
        Self::new(n, LimitUnit::WorkMinute)
    }

    #[must_use]
    pub const fn work_hours(n: u32) -> Self {
        Self::new(n, LimitUnit::WorkHour)
    }

    #[must_use]
    pub const fn work_days(n: u32) -> Self {
        Self::new(n, LimitUnit::WorkDay)
    }
}
