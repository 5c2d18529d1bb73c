//! Codes of single things and matters, as other platforms write them. Digits only; no code has a checksum.

use kernel::{ClassKey, Edition, GridCode, Kind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeProblem {
    #[error("{0:?} has neither 16 digits (2013) nor 17 (2026)")]
    ComponentLength(String),
    #[error("{0:?} has neither 10 digits (2013) nor 11 (2026)")]
    MatterLength(String),
    #[error("{0:?} has neither 14 nor 15 digits")]
    GridLength(String),
    #[error("the sequence of {0:?} is zero")]
    ZeroSequence(String),
    #[error("the first six digits of {0:?} are not a division")]
    Division(String),
    #[error("sequence {0} does not fit its place in the code")]
    SequenceTooLarge(u32),
}

/// Component identification code (部件标识码): 6 division, class, 6 sequence; 16 digits in the edition of 2013,
/// 17 in that of 2026. The length selects the edition. Source: `standards/codes.md` §1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ComponentCode {
    pub division: GridCode,
    pub class: ClassKey,
    sequence: u32,
}

impl ComponentCode {
    /// # Errors
    /// A sequence outside 1 to 999999, a division that is not a county, or a class of events.
    pub fn new(division: GridCode, class: ClassKey, sequence: u32) -> Result<Self, CodeProblem> {
        if sequence == 0 {
            return Err(CodeProblem::ZeroSequence(class.to_string()));
        }
        if sequence > 999_999 {
            return Err(CodeProblem::SequenceTooLarge(sequence));
        }
        if division.as_str().len() != 6 {
            return Err(CodeProblem::Division(division.to_string()));
        }
        if class.kind != Kind::Component {
            return Err(CodeProblem::ComponentLength(class.to_string()));
        }
        Ok(Self { division, class, sequence })
    }

    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }
}

impl fmt::Display for ComponentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:06}", self.division, self.class.code(), self.sequence)
    }
}

impl FromStr for ComponentCode {
    type Err = CodeProblem;
    fn from_str(text: &str) -> Result<Self, CodeProblem> {
        let bad = || CodeProblem::ComponentLength(clip(text));
        let edition = match text.len() {
            16 => Edition::E2013,
            17 => Edition::E2026,
            _ => return Err(bad()),
        };
        if !all_digits(text) {
            return Err(bad());
        }
        let (division, rest) = text.split_at(6);
        let (class, sequence) = rest.split_at(edition.code_len());
        Self::new(
            division.parse().map_err(|_| CodeProblem::Division(clip(text)))?,
            ClassKey::new(edition, Kind::Component, class).map_err(|_| bad())?,
            sequence.parse().map_err(|_| bad())?,
        )
    }
}

impl TryFrom<String> for ComponentCode {
    type Error = CodeProblem;
    fn try_from(text: String) -> Result<Self, CodeProblem> {
        text.parse()
    }
}

impl From<ComponentCode> for String {
    fn from(code: ComponentCode) -> Self {
        code.to_string()
    }
}

/// Matter code (事项代码): division and class, 10 digits in 2013, 11 in 2026. A class code, not the number of
/// an occurrence: many cases share it. Source: `standards/codes.md` §2.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatterCode {
    pub division: GridCode,
    pub class: ClassKey,
}

impl fmt::Display for MatterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.division, self.class.code())
    }
}

impl FromStr for MatterCode {
    type Err = CodeProblem;
    fn from_str(text: &str) -> Result<Self, CodeProblem> {
        let bad = || CodeProblem::MatterLength(clip(text));
        let edition = match text.len() {
            10 => Edition::E2013,
            11 => Edition::E2026,
            _ => return Err(bad()),
        };
        if !all_digits(text) {
            return Err(bad());
        }
        let (division, class) = text.split_at(6);
        Ok(Self {
            division: division.parse().map_err(|_| CodeProblem::Division(clip(text)))?,
            class: ClassKey::new(edition, Kind::Event, class).map_err(|_| bad())?,
        })
    }
}

/// Reads a unit grid code (单元网格标识码) of today (15 digits) or of CJ/T 213-2005 (14), whose two sequence
/// digits get a zero before them. Sequence 000 is refused.
///
/// # Errors
/// [`CodeProblem`] naming what is wrong.
pub fn unit_grid(text: &str) -> Result<GridCode, CodeProblem> {
    let bad = || CodeProblem::GridLength(clip(text));
    if !all_digits(text) {
        return Err(bad());
    }
    let whole = match text.len() {
        15 => text.to_owned(),
        14 => format!("{}0{}", &text[..12], &text[12..]),
        _ => return Err(bad()),
    };
    if whole.ends_with("000") {
        return Err(CodeProblem::ZeroSequence(clip(text)));
    }
    whole.parse().map_err(|_| bad())
}

/// What the three street digits of a code say, after GB/T 10114.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetKind {
    /// 街道, 001–099.
    Subdistrict,
    /// 镇, 100–199.
    Town,
    /// 乡, 200–399.
    Township,
    /// 政企合一单位, 400–599.
    EnterpriseUnit,
    /// 000 and 600–999: outside the standard's ranges.
    Other,
}

impl StreetKind {
    /// `None` when the code has no street.
    #[must_use]
    pub fn of(code: &GridCode) -> Option<Self> {
        let number: u16 = code.as_str().get(6..9)?.parse().ok()?;
        Some(match number {
            1..=99 => Self::Subdistrict,
            100..=199 => Self::Town,
            200..=399 => Self::Township,
            400..=599 => Self::EnterpriseUnit,
            _ => Self::Other,
        })
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_component_code_selects_its_edition() {
        let old: ComponentCode = "3205080101000001".parse().expect("16 digits");
        assert_eq!((old.class.to_string().as_str(), old.sequence()), ("2013-component-0101", 1));
        let new: ComponentCode = "32050801001000001".parse().expect("17 digits");
        assert_eq!((new.class.to_string().as_str(), new.sequence()), ("2026-component-01001", 1));
        assert_eq!(old.to_string(), "3205080101000001");
        assert_eq!(new.to_string(), "32050801001000001");
        for wrong in [
            "320508010100001",
            "320508010100000x",
            "3205080101000000",
            "",
            "３２０５０８０１０１０００００１",
        ] {
            assert!(wrong.parse::<ComponentCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_matter_code_has_ten_or_eleven_digits() {
        let new: MatterCode = "32050809005".parse().expect("11 digits");
        assert_eq!(
            (new.class.to_string().as_str(), new.to_string().as_str()),
            ("2026-event-09005", "32050809005")
        );
        let old: MatterCode = "3205080405".parse().expect("10 digits");
        assert_eq!(old.class.to_string(), "2013-event-0405");
        assert!("320508040".parse::<MatterCode>().is_err());
    }

    #[test]
    fn an_old_grid_code_gets_a_zero_before_its_sequence() {
        assert_eq!(unit_grid("11010100100101").expect("14 digits").as_str(), "110101001001001");
        assert_eq!(unit_grid("110101001001001").expect("15 digits").as_str(), "110101001001001");
        for wrong in ["110101001001000", "11010100100100", "1101010010010", "11010100100100x"] {
            assert!(unit_grid(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn street_digits_tell_streets_from_towns() {
        let table = [
            ("110101001", Some(StreetKind::Subdistrict)),
            ("110101100", Some(StreetKind::Town)),
            ("110101200", Some(StreetKind::Township)),
            ("110101400", Some(StreetKind::EnterpriseUnit)),
            ("110101600", Some(StreetKind::Other)),
            ("110101", None),
        ];
        for (code, expected) in table {
            assert_eq!(StreetKind::of(&code.parse().expect("a place code")), expected, "{code}");
        }
    }
}
