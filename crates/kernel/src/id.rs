//! Identities. Each is its own type, so that a person cannot be passed where a department is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Why a text is not the identity it should be. `field` is the glossary word of the identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {text:?} is not valid: {why}")]
pub struct BadId {
    pub field: &'static str,
    pub text: String,
    pub why: &'static str,
}

/// The tenant (租户): a 6-digit division code after GB/T 2260; 99xxxx are ours for places without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CityCode(u32);

impl CityCode {
    /// `None` unless `code` has exactly six digits.
    #[must_use]
    pub const fn new(code: u32) -> Option<Self> {
        if code >= 100_000 && code <= 999_999 { Some(Self(code)) } else { None }
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for CityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl FromStr for CityCode {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { field: "city", text: clip(text), why: "six digits are expected" };
        if text.len() != 6 {
            return Err(bad());
        }
        text.parse().ok().and_then(Self::new).ok_or_else(bad)
    }
}

impl TryFrom<String> for CityCode {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<CityCode> for String {
    fn from(code: CityCode) -> Self {
        code.to_string()
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Identity of a case (案卷), made by the client as a UUIDv7 so that a report may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(pub Uuid);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CaseId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        Uuid::parse_str(text).map(Self).map_err(|_| BadId {
            field: "case id",
            text: clip(text),
            why: "a UUID is expected",
        })
    }
}

macro_rules! small_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

small_id!(
    /// A department (部门), numbered inside its city.
    DepartmentId
);
small_id!(
    /// A person (人员), numbered inside the city.
    PersonId
);

/// Case number (案卷号): 6 city, 8 date, 5 sequence digits; the sequence widens to six digits
/// on a day with more than 99,999 reports. No national composition is known: `standards/codes.md` §5 [P].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseNumber(String);

impl CaseNumber {
    /// `date` is the local day as yyyymmdd; `sequence` starts at 1.
    #[must_use]
    pub fn new(city: CityCode, date: u32, sequence: u32) -> Self {
        Self(format!("{city}{date:08}{sequence:05}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        let digits = text.len() == 19 || text.len() == 20;
        if digits && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Err(BadId { field: "case number", text: clip(&text), why: "19 or 20 digits are expected" })
    }
}

impl From<CaseNumber> for String {
    fn from(number: CaseNumber) -> Self {
        number.0
    }
}

/// Code of a place in the division tree, by length: county 6, street 9, community 12,
/// unit grid 15 digits (单元网格; GB/T 47678.3 / DB11/T 2157-2023, 5.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GridCode(String);

impl GridCode {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when this place lies inside `area` (or is it).
    #[must_use]
    pub fn is_within(&self, area: &Self) -> bool {
        self.0.starts_with(&area.0)
    }
}

impl fmt::Display for GridCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GridCode {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        if matches!(text.len(), 6 | 9 | 12 | 15) && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(BadId { field: "grid", text: clip(text), why: "6, 9, 12 or 15 digits are expected" })
    }
}

impl TryFrom<String> for GridCode {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<GridCode> for String {
    fn from(code: GridCode) -> Self {
        code.0
    }
}

/// A stored photo, video or document (附件): the SHA-256 of its bytes, 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttachmentId(String);

impl AttachmentId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AttachmentId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        let hex = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex {
            return Ok(Self(text));
        }
        Err(BadId { field: "attachment", text: clip(&text), why: "64 hex digits are expected" })
    }
}

impl From<AttachmentId> for String {
    fn from(id: AttachmentId) -> Self {
        id.0
    }
}
