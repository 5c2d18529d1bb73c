//! Classes of components and events. A code alone is not unique: the key is edition + kind + code.

use crate::id::BadId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Edition of the class tables: GB/T 30428.2-2013 or GB/T 47678.5-2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Edition {
    #[serde(rename = "2013")]
    E2013,
    #[serde(rename = "2026")]
    E2026,
}

impl Edition {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::E2013 => "2013",
            Self::E2026 => "2026",
        }
    }

    /// Digits of a class code in this edition: 2 major + 2 minor, or 2 major + 3 minor.
    #[must_use]
    pub const fn code_len(self) -> usize {
        match self {
            Self::E2013 => 4,
            Self::E2026 => 5,
        }
    }
}

/// Component (部件) or event (事件).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Component,
    Event,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Event => "event",
        }
    }
}

/// Key of a minor class (小类). On the wire one text, such as `2026-component-01001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClassKey {
    pub edition: Edition,
    pub kind: Kind,
    code: String,
}

impl ClassKey {
    /// Refuses a code whose length does not fit the edition.
    ///
    /// # Errors
    /// [`BadId`] naming the class.
    pub fn new(edition: Edition, kind: Kind, code: &str) -> Result<Self, BadId> {
        if code.len() == edition.code_len() && code.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self { edition, kind, code: code.to_owned() });
        }
        Err(BadId {
            field: "class",
            text: code.chars().take(40).collect(),
            why: "4 digits in the 2013 edition, 5 in the 2026 edition",
        })
    }

    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The two digits of the major class (大类).
    #[must_use]
    pub fn major(&self) -> &str {
        &self.code[..2]
    }
}

impl fmt::Display for ClassKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.edition.as_str(), self.kind.as_str(), self.code)
    }
}

impl FromStr for ClassKey {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId {
            field: "class",
            text: text.chars().take(40).collect(),
            why: "edition-kind-code is expected, such as 2026-component-01001",
        };
        let mut parts = text.splitn(3, '-');
        let edition = match parts.next() {
            Some("2013") => Edition::E2013,
            Some("2026") => Edition::E2026,
            _ => return Err(bad()),
        };
        let kind = match parts.next() {
            Some("component") => Kind::Component,
            Some("event") => Kind::Event,
            _ => return Err(bad()),
        };
        Self::new(edition, kind, parts.next().ok_or_else(bad)?)
    }
}

impl TryFrom<String> for ClassKey {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<ClassKey> for String {
    fn from(key: ClassKey) -> Self {
        key.to_string()
    }
}
