//! The parameter `datetime`: a moment, or an interval that may be open on one side.

use crate::ogc::answer::Fault;
use app::features::Period;
use kernel::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// # Errors
/// 400 when it is neither a moment nor an interval, or ends before it begins.
pub fn period(text: Option<&str>) -> Result<Period, Fault> {
    let Some(text) = text else { return Ok(Period::default()) };
    let bad = || Fault::parameter("datetime", "not_a_time");
    let Some((from, to)) = text.split_once('/') else {
        let (from, to) = moment(text).ok_or_else(bad)?;
        return Ok(Period { from: Some(from), to: Some(to) });
    };
    let side = |text: &str| -> Result<Option<(Timestamp, Timestamp)>, Fault> {
        if text.is_empty() || text == ".." { Ok(None) } else { moment(text).map(Some).ok_or_else(bad) }
    };
    let (from, to) = (side(from)?.map(|(first, _)| first), side(to)?.map(|(_, after)| after));
    let (open, backwards) =
        (from.is_none() && to.is_none(), from.zip(to).is_some_and(|(from, to)| from >= to));
    if open || backwards {
        return Err(bad());
    }
    Ok(Period { from, to })
}

/// The first moment and the first after it: of a second, or of a day in UTC.
fn moment(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        let ms = at.as_millisecond();
        let next = if ms % 1_000 == 0 { ms + 1_000 } else { ms + 1 };
        return Some((Timestamp(ms), Timestamp(next)));
    }
    let day: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    Some((Timestamp(start), Timestamp(start + DAY_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_intervals_are_read_as_the_standard_says() {
        let at = |ms| Some(Timestamp(ms));
        let table = [
            ("1970-01-01T00:00:10Z", at(10_000), at(11_000)),
            ("1970-01-01T08:00:10+08:00", at(10_000), at(11_000)),
            ("1970-01-02", at(DAY_MS), at(2 * DAY_MS)),
            ("1970-01-01/1970-01-02", at(0), at(2 * DAY_MS)),
            ("../1970-01-01T00:00:01Z", None, at(2_000)),
            ("1970-01-01T00:00:01Z/..", at(1_000), None),
            ("1970-01-01T00:00:01Z/", at(1_000), None),
        ];
        for (text, from, to) in table {
            assert_eq!(period(Some(text)).expect(text), Period { from, to }, "{text}");
        }
        for text in ["", "yesterday", "..", "../..", "/", "1970-01-02/1970-01-01", "1970-01-01/x", "1970"] {
            assert!(period(Some(text)).is_err(), "{text}");
        }
        assert_eq!(period(None).expect("all"), Period::default());
    }
}
