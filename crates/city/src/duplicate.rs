//! What may be the same problem reported twice (重复上报): near in place and time, and of the same class or in
//! like words, or with the same photo.

pub use crate::tokens::{QueryToken, bigrams, query_tokens};

use crate::crosswalk;
use crate::tokens::normalise;
use kernel::{CaseId, Cgcs2000, ClassKey, Millis, Point, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// When two reports count as likely the same. The defaults are one city's (`standards/codes.md` §9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DuplicateSettings {
    pub metres: f64,
    pub hours: u32,
    /// Likeness of the words that stands in for the same class.
    pub text_percent: u8,
    /// Likeness of the words that suffices where one of the two has no place.
    pub unlocated_text_percent: u8,
    /// Bits in which two perceptual hashes of 64 may differ and still be the same photo.
    pub photo_distance: u32,
    /// How long ago the same photo still counts, wherever it was reported.
    pub photo_hours: u32,
    pub limit: usize,
}

impl Default for DuplicateSettings {
    fn default() -> Self {
        Self {
            metres: 50.0,
            hours: 24,
            text_percent: 50,
            unlocated_text_percent: 75,
            photo_distance: 6,
            photo_hours: 30 * 24,
            limit: 10,
        }
    }
}

/// What is compared of a report. An unlocated case (a point shared by thousands) is given without its point.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    pub class: Option<ClassKey>,
    pub point: Option<Point<Cgcs2000>>,
    pub reported_at: Timestamp,
    pub text: String,
    pub photo_hashes: Vec<u64>,
}

/// Why a case may be the same; the numbers are for the text shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum DuplicateReason {
    Near { metres: u32 },
    SameClass,
    SameMajor,
    TextAlike { percent: u8 },
    SamePhoto { distance: u32 },
}

/// A case that may be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likely {
    pub case: CaseId,
    /// 1 to 100, for the order.
    pub score: u8,
    pub minutes_apart: u32,
    pub reasons: Vec<DuplicateReason>,
}

/// Cases that may be the same as `new`, likeliest first.
///
/// A candidate counts when it lies within distance and time and has the same class or like words; when one of
/// the two has no place, class and words must both agree; the same photo counts by itself, for longer.
#[must_use]
pub fn likely_duplicates<'a>(
    new: &Sketch,
    candidates: impl IntoIterator<Item = (CaseId, &'a Sketch)>,
    settings: &DuplicateSettings,
) -> Vec<Likely> {
    let words = Profile::of(&new.text);
    let mut found: Vec<Likely> = candidates
        .into_iter()
        .filter_map(|(case, other)| compare(new, &words, case, other, settings))
        .collect();
    found.sort_by(|a, b| {
        b.score.cmp(&a.score).then(a.minutes_apart.cmp(&b.minutes_apart)).then(a.case.cmp(&b.case))
    });
    found.truncate(settings.limit);
    found
}

fn compare(
    new: &Sketch,
    words: &Profile,
    case: CaseId,
    other: &Sketch,
    settings: &DuplicateSettings,
) -> Option<Likely> {
    let apart = Millis((new.reported_at - other.reported_at).0.saturating_abs());
    let photo = closest_photo(&new.photo_hashes, &other.photo_hashes)
        .filter(|distance| *distance <= settings.photo_distance)
        .filter(|_| apart <= Millis::hours(i64::from(settings.photo_hours)));
    let in_time = apart <= Millis::hours(i64::from(settings.hours));
    if !in_time && photo.is_none() {
        return None;
    }
    let classes = new.class.as_ref().zip(other.class.as_ref());
    let same_class = classes.is_some_and(|(a, b)| crosswalk::same_class(a, b));
    let same_major = classes.is_some_and(|(a, b)| {
        let (a, b) = (crosswalk::canonical(a), crosswalk::canonical(b));
        a.edition == b.edition && a.kind == b.kind && a.major() == b.major()
    });
    let metres = new.point.zip(other.point).map(|(a, b)| a.metres_to(&b));
    let near = metres.is_some_and(|metres| metres <= settings.metres);
    let percent = words.percent(&Profile::of(&other.text));
    let alike = percent >= settings.text_percent;
    let by_report = match metres {
        Some(_) => near && (same_class || alike),
        None => same_class && percent >= settings.unlocated_text_percent,
    };
    if !(in_time && by_report) && photo.is_none() {
        return None;
    }
    let mut reasons = Vec::new();
    let mut score = 0.0;
    if let (true, Some(metres)) = (near, metres) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded by settings.metres
        reasons.push(DuplicateReason::Near { metres: metres.round() as u32 });
        score += 20.0 + 15.0 * (1.0 - metres / settings.metres.max(1.0));
    }
    if same_class {
        reasons.push(DuplicateReason::SameClass);
        score += 25.0;
    } else if same_major {
        reasons.push(DuplicateReason::SameMajor);
        score += 8.0;
    }
    if alike {
        reasons.push(DuplicateReason::TextAlike { percent });
    }
    score += 0.25 * f64::from(percent);
    if let Some(distance) = photo {
        reasons.push(DuplicateReason::SamePhoto { distance });
        score += 45.0;
    }
    #[allow(clippy::cast_precision_loss)] // hours of a case
    let share = apart.0 as f64 / Millis::hours(i64::from(settings.hours.max(1))).0 as f64;
    score += 10.0 * (1.0 - share).max(0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 100
    let score = score.round().clamp(1.0, 100.0) as u8;
    let minutes_apart = u32::try_from(apart.0 / 60_000).unwrap_or(u32::MAX);
    Some(Likely { case, score, minutes_apart, reasons })
}

fn closest_photo(a: &[u64], b: &[u64]) -> Option<u32> {
    a.iter().flat_map(|x| b.iter().map(move |y| (x ^ y).count_ones())).min()
}

/// How alike two texts are, 0 to 100: the Dice coefficient of their character pairs (words for Latin letters),
/// after [`normalise`], with Chinese numerals read as digits and words without meaning left out. 0 when one is
/// empty.
#[must_use]
pub fn text_percent(a: &str, b: &str) -> u8 {
    Profile::of(a).percent(&Profile::of(b))
}

/// Characters compared; descriptions are cut here.
const TEXT_CHARS_MAX: usize = 2_000;

/// The pairs of a text with their counts.
struct Profile {
    pairs: HashMap<(char, char), u32>,
    total: u32,
}

impl Profile {
    fn of(text: &str) -> Self {
        let mut profile = Self { pairs: HashMap::new(), total: 0 };
        let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let mut before: Option<char> = None;
        let mut alone = false;
        for c in normalise(&cut).chars().map(digit) {
            if FILLER.contains(&c) {
                continue;
            }
            if !c.is_alphanumeric() {
                if let (Some(single), true) = (before.take(), alone) {
                    profile.add(single, ' ');
                }
                alone = false;
                continue;
            }
            // Latin words are compared by their pairs too, which forgives endings and slips of the pen.
            match before.replace(c) {
                Some(first) => {
                    profile.add(first, c);
                    alone = false;
                }
                None => alone = true,
            }
        }
        if let (Some(single), true) = (before, alone) {
            profile.add(single, ' ');
        }
        profile
    }

    fn add(&mut self, first: char, second: char) {
        *self.pairs.entry((first, second)).or_default() += 1;
        self.total += 1;
    }

    fn percent(&self, other: &Self) -> u8 {
        if self.total == 0 || other.total == 0 {
            return 0;
        }
        let shared: u32 =
            self.pairs.iter().map(|(pair, n)| other.pairs.get(pair).map_or(0, |m| *n.min(m))).sum();
        let percent = 200 * u64::from(shared) / u64::from(self.total + other.total);
        u8::try_from(percent.min(100)).unwrap_or(100)
    }
}

/// Particles that carry no meaning.
const FILLER: [char; 8] = ['的', '了', '着', '啊', '呢', '吧', '吗', '们'];

const fn digit(c: char) -> char {
    match c {
        '零' | '〇' => '0',
        '一' => '1',
        '二' | '两' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn id(n: u128) -> CaseId {
        CaseId(Uuid::from_u128(n))
    }

    fn report(class: &str, metres_north: f64, minutes_ago: i64, text: &str) -> Sketch {
        Sketch {
            class: class.parse().ok(),
            point: Point::new(117.0, 36.0 + metres_north / 111_195.0),
            reported_at: NOW - Millis::minutes(minutes_ago),
            text: text.to_owned(),
            photo_hashes: Vec::new(),
        }
    }

    #[test]
    fn like_texts_are_alike_in_both_languages() {
        let table = [
            ("东风街上的井盖丢失", "东风街井盖丢失了", 70, 100),
            ("东风街３号门口井盖破损", "东风街三号门口井盖破损！", 100, 100),
            ("东风街上的井盖丢失", "西风路路灯不亮", 0, 10),
            ("Street light out on Main St", "street lights out, Main St.", 80, 100),
            ("Street light out on Main St", "Dead animal in the park", 0, 25),
            ("", "东风街", 0, 0),
            ("井", "井", 100, 100),
        ];
        for (a, b, low, high) in table {
            let percent = text_percent(a, b);
            assert!((low..=high).contains(&percent), "{a} / {b}: {percent}");
            assert_eq!(percent, text_percent(b, a));
        }
    }

    #[test]
    fn near_in_place_and_time_and_alike_is_a_duplicate() {
        let new = report("2026-component-01023", 0.0, 0, "东风街井盖丢失");
        let table = [
            ("same class near", report("2026-component-01023", 30.0, 60, "井盖没了"), true),
            ("other edition of the class", report("2013-component-0123", 30.0, 60, "盖子"), true),
            ("too far", report("2026-component-01023", 60.0, 60, "东风街井盖丢失"), false),
            ("too long ago", report("2026-component-01023", 30.0, 25 * 60, "东风街井盖丢失"), false),
            ("other class, like words", report("2026-component-01002", 10.0, 5, "东风街上井盖丢失了"), true),
            ("other class, other words", report("2026-component-01037", 10.0, 5, "路灯不亮"), false),
        ];
        for (name, other, expected) in table {
            let found = likely_duplicates(&new, [(id(1), &other)], &DuplicateSettings::default());
            assert_eq!(!found.is_empty(), expected, "{name}: {found:?}");
        }
    }

    #[test]
    fn without_a_place_class_and_words_must_agree() {
        let new = report("2026-component-01023", 0.0, 0, "东风街井盖丢失");
        let mut other = report("2026-component-01023", 0.0, 10, "东风街的井盖丢失了");
        other.point = None;
        assert_eq!(likely_duplicates(&new, [(id(1), &other)], &DuplicateSettings::default()).len(), 1);
        other.text = "井盖响".into();
        assert!(likely_duplicates(&new, [(id(1), &other)], &DuplicateSettings::default()).is_empty());
    }

    #[test]
    fn the_same_photo_counts_for_longer_and_elsewhere() {
        let mut new = report("2026-component-01023", 0.0, 0, "井盖");
        new.photo_hashes = vec![0xffff_0000_ffff_0000];
        let mut other = report("2026-event-06010", 5_000.0, 10 * 24 * 60, "垃圾");
        other.photo_hashes = vec![0, 0xffff_0000_ffff_0003];
        let found = likely_duplicates(&new, [(id(1), &other)], &DuplicateSettings::default());
        assert_eq!(found[0].reasons, [DuplicateReason::SamePhoto { distance: 2 }]);
        other.reported_at = NOW - Millis::days(31);
        assert!(likely_duplicates(&new, [(id(1), &other)], &DuplicateSettings::default()).is_empty());
    }

    #[test]
    fn the_likeliest_goes_first() {
        let new = report("2026-component-01023", 0.0, 0, "东风街井盖丢失");
        let candidates = [
            report("2026-component-01023", 45.0, 23 * 60, "有问题"),
            report("2026-component-01023", 5.0, 10, "东风街上的井盖丢失"),
            report("2026-component-01023", 20.0, 60, "井盖丢失"),
        ];
        let found = likely_duplicates(
            &new,
            candidates.iter().enumerate().map(|(i, c)| (id(i as u128), c)),
            &DuplicateSettings { limit: 2, ..DuplicateSettings::default() },
        );
        assert_eq!(found.iter().map(|f| f.case).collect::<Vec<_>>(), [id(1), id(2)]);
    }
}
