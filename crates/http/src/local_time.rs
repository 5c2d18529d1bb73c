//! Moments as the people of a city write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The city's own time.
#[derive(Debug, Clone)]
pub struct LocalTime(TimeZone);

/// Days from 1899-12-30, where spreadsheets begin, to 1970-01-01.
const SPREADSHEET_EPOCH_DAYS: f64 = 25_569.0;

impl LocalTime {
    /// By IANA name; an unknown one is UTC.
    #[must_use]
    pub fn new(zone: &str) -> Self {
        Self(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }

    #[must_use]
    pub fn of(config: &app::config::Config) -> Self {
        Self::new(config.calendar.zone().name())
    }

    fn at(&self, epoch_ms: i64) -> jiff::Zoned {
        Timestamp::from_millisecond(epoch_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.0.clone())
    }

    /// `2026-11-22 08:30:00`
    #[must_use]
    pub fn text(&self, epoch_ms: i64) -> String {
        self.at(epoch_ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `2026-11-22 08:30`
    #[must_use]
    pub fn minute(&self, epoch_ms: i64) -> String {
        self.at(epoch_ms).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// RFC 3339 with the city's offset, whole seconds: `2026-11-22T08:30:00+08:00`.
    #[must_use]
    pub fn rfc3339(&self, epoch_ms: i64) -> String {
        self.at(epoch_ms).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The number a spreadsheet shows as this local moment.
    #[must_use]
    pub fn serial(&self, epoch_ms: i64) -> f64 {
        let offset_s = f64::from(self.at(epoch_ms).offset().seconds());
        (epoch_ms as f64 / 1_000.0 + offset_s) / 86_400.0 + SPREADSHEET_EPOCH_DAYS
    }

    /// Reads RFC 3339, also where a `+` became a space on the way, with a date alone, or without offset
    /// (then in the city's time).
    #[must_use]
    pub fn read(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        let whole = match text.rsplit_once(' ') {
            // "2010-04-14T06:37:38 08:00": the plus sign of an unescaped query.
            Some((moment, offset)) if moment.contains('T') => format!("{moment}+{offset}"),
            _ => text.to_owned(),
        };
        if let Ok(moment) = whole.parse::<Timestamp>() {
            return Some(moment.as_millisecond());
        }
        if let Ok(moment) = whole.parse::<jiff::civil::DateTime>() {
            return moment.to_zoned(self.0.clone()).ok().map(|z| z.timestamp().as_millisecond());
        }
        let date = whole.parse::<jiff::civil::Date>().ok()?;
        date.to_zoned(self.0.clone()).ok().map(|z| z.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T00:30:00Z
    const MOMENT: i64 = 1_795_307_400_000;

    #[test]
    fn moments_are_written_in_the_citys_time() {
        let shanghai = LocalTime::new("Asia/Shanghai");
        assert_eq!(shanghai.text(MOMENT), "2026-11-22 08:30:00");
        assert_eq!(shanghai.rfc3339(MOMENT), "2026-11-22T08:30:00+08:00");
        assert_eq!(LocalTime::new("America/New_York").rfc3339(MOMENT), "2026-11-21T19:30:00-05:00");
        assert_eq!(LocalTime::new("UTC").serial(0), 25_569.0);
        assert!((shanghai.serial(MOMENT).fract() - 8.5 / 24.0).abs() < 1e-9);
        assert_eq!(shanghai.text(i64::MAX), "1970-01-01 08:00:00");
    }

    #[test]
    fn moments_are_read_as_clients_write_them() {
        let shanghai = LocalTime::new("Asia/Shanghai");
        let table = [
            ("2026-11-22T08:30:00+08:00", Some(MOMENT)),
            ("2026-11-22T08:30:00 08:00", Some(MOMENT)),
            ("2026-11-22T00:30:00Z", Some(MOMENT)),
            ("2026-11-21T19:30:00-05:00", Some(MOMENT)),
            ("2026-11-22T08:30:00", Some(MOMENT)),
            ("2026-11-22 08:30:00", Some(MOMENT)),
            ("2026-11-22", Some(MOMENT - 8 * 3_600_000 - 1_800_000)),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(shanghai.read(text), expected, "{text}");
        }
    }
}
