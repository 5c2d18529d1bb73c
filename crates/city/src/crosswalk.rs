//! The same class in another edition. Codes must never be converted by arithmetic: see `standards/codes.md` §0
//! for the traps (event majors shifted by five, water facilities moved, gaps, matters with a component's digits).

use crate::catalogue::Catalogue;
use crate::table;
use crate::text::L10n;
use kernel::{ClassKey, Edition, Kind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// Why a class has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoCounterpart {
    /// Its number is left unused in 2026.
    RemovedIn2026,
    /// Pipe bursts, road collapse and standing water: no matter of 2026 has a code for them.
    NoMatterIn2026,
    /// New in 2026, or a local extension before.
    NewIn2026,
    /// A city's extension; only the city can say.
    Extension,
    /// A class of 2007 that later editions do not list.
    OnlyIn2007,
    UnknownClass,
}

impl NoCounterpart {
    #[must_use]
    pub fn text(self) -> L10n {
        let (zh, en) = match self {
            Self::RemovedIn2026 => ("2026 版已取消该类", "removed in the 2026 edition"),
            Self::NoMatterIn2026 => {
                ("2026 版管理事项中没有该类（管网、道路险情）", "the 2026 edition has no matter for it")
            }
            Self::NewIn2026 => ("2013 版中没有该类", "the 2013 edition has no such class"),
            Self::Extension => ("本市扩展类别，需人工对应", "an extension of the city; choose by hand"),
            Self::OnlyIn2007 => ("仅见于 2007 版", "listed in 2007 only"),
            Self::UnknownClass => ("没有该类别", "there is no such class"),
        };
        L10n::new(zh, en)
    }
}

/// The counterpart of a class in another edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum CrosswalkAnswer {
    Exact {
        key: ClassKey,
    },
    /// One of these; a person chooses.
    Several {
        keys: Vec<ClassKey>,
    },
    None {
        why: NoCounterpart,
    },
}

impl CrosswalkAnswer {
    /// The key when there is exactly one.
    #[must_use]
    pub fn exact(self) -> Option<ClassKey> {
        match self {
            Self::Exact { key } => Some(key),
            _ => None,
        }
    }
}

/// The class in the edition of 2026. A 2013 component stays a component; its problem is exported as a matter
/// by [`Catalogue::exported_as`]. A class of 2026 answers itself.
#[must_use]
pub fn to_2026(key: &ClassKey) -> CrosswalkAnswer {
    if key.edition == Edition::E2026 {
        return known_or_extension(key);
    }
    if let Some(found) = WALK.to_2026.get(key) {
        return CrosswalkAnswer::Exact { key: found.clone() };
    }
    if Catalogue::national_ref().get(key).is_none() {
        return CrosswalkAnswer::None { why: unknown(key) };
    }
    let emergency = key.kind == Kind::Event && ("0501"..="0506").contains(&key.code());
    let why = if emergency { NoCounterpart::NoMatterIn2026 } else { NoCounterpart::RemovedIn2026 };
    CrosswalkAnswer::None { why }
}

/// The class in the edition of 2013. A "…异常" matter answers the component it is the problem of.
/// A class of 2013 answers itself.
#[must_use]
pub fn to_2013(key: &ClassKey) -> CrosswalkAnswer {
    if key.edition == Edition::E2013 {
        return known_or_extension(key);
    }
    let key = Catalogue::national_ref().stored_as(key);
    if let Some(found) = WALK.to_2013.get(key) {
        return CrosswalkAnswer::Exact { key: found.clone() };
    }
    let known = Catalogue::national_ref().get(key).is_some();
    CrosswalkAnswer::None { why: if known { NoCounterpart::NewIn2026 } else { unknown(key) } }
}

/// [`to_2013`] or [`to_2026`].
#[must_use]
pub fn to(edition: Edition, key: &ClassKey) -> CrosswalkAnswer {
    match edition {
        Edition::E2013 => to_2013(key),
        Edition::E2026 => to_2026(key),
    }
}

/// What a class code of CJ/T 214-2007 (4 digits), found in old data, is called in `edition`. For import only.
#[must_use]
pub fn from_2007(kind: Kind, code: &str, edition: Edition) -> CrosswalkAnswer {
    let Some(row) = WALK.legacy.get(&(kind, code.to_owned())) else {
        return CrosswalkAnswer::None { why: NoCounterpart::UnknownClass };
    };
    let keys = match edition {
        Edition::E2013 => &row.to_2013,
        Edition::E2026 => &row.to_2026,
    };
    match keys.as_slice() {
        [key] => CrosswalkAnswer::Exact { key: key.clone() },
        [] => match (edition, row.to_2013.as_slice()) {
            (Edition::E2026, [key]) => to_2026(key),
            _ => CrosswalkAnswer::None { why: NoCounterpart::OnlyIn2007 },
        },
        several => CrosswalkAnswer::Several { keys: several.to_vec() },
    }
}

/// One name for a class whatever its edition: the 2026 component or event where there is one.
#[must_use]
pub fn canonical(key: &ClassKey) -> &ClassKey {
    let key = Catalogue::national_ref().stored_as(key);
    WALK.to_2026.get(key).unwrap_or(key)
}

/// True when both keys mean the same class, in whatever edition.
#[must_use]
pub fn same_class(a: &ClassKey, b: &ClassKey) -> bool {
    a == b || canonical(a) == canonical(b)
}

fn known_or_extension(key: &ClassKey) -> CrosswalkAnswer {
    if Catalogue::national_ref().get(key).is_some() || unknown(key) == NoCounterpart::Extension {
        return CrosswalkAnswer::Exact { key: key.clone() };
    }
    CrosswalkAnswer::None { why: NoCounterpart::UnknownClass }
}

fn unknown(key: &ClassKey) -> NoCounterpart {
    let major: u8 = key.major().parse().unwrap_or_default();
    let minor: u16 = key.code()[2..].parse().unwrap_or_default();
    let extension = major >= 21 || (major >= 1 && minor >= crate::catalogue::EXTENSION_FLOOR);
    if extension { NoCounterpart::Extension } else { NoCounterpart::UnknownClass }
}

struct Walk {
    to_2026: HashMap<ClassKey, ClassKey>,
    to_2013: HashMap<ClassKey, ClassKey>,
    legacy: BTreeMap<(Kind, String), LegacyRow>,
}

struct LegacyRow {
    to_2013: Vec<ClassKey>,
    to_2026: Vec<ClassKey>,
}

static WALK: LazyLock<Walk> =
    LazyLock::new(|| read_walk().expect("the compiled-in tables are read by a test"));

fn read_walk() -> Result<Walk, table::TableProblem> {
    let mut walk = Walk { to_2026: HashMap::new(), to_2013: HashMap::new(), legacy: BTreeMap::new() };
    let tables = [
        (Kind::Component, "components.csv", include_str!("../data/components.csv")),
        (Kind::Event, "events.csv", include_str!("../data/events.csv")),
    ];
    for (kind, name, csv) in tables {
        table::read(name, csv, &["full_code", "code_2026"], |row| {
            if row.get("code_2026").is_empty() {
                return Ok(());
            }
            let old = ClassKey::new(Edition::E2013, kind, row.get("full_code"))
                .map_err(|why| row.bad("full_code", why))?;
            let new = ClassKey::new(Edition::E2026, kind, row.get("code_2026"))
                .map_err(|why| row.bad("code_2026", why))?;
            if walk.to_2013.insert(new.clone(), old.clone()).is_some() {
                return Err(row.bad("code_2026", "two classes of 2013 lead to it"));
            }
            walk.to_2026.insert(old, new);
            Ok(())
        })?;
    }
    let legacy = include_str!("../data/cjt214_2007_legacy.csv");
    table::read("cjt214_2007_legacy.csv", legacy, &["kind", "full_code", "code_2013", "code_2026"], |row| {
        let kind = if row.get("kind") == "event" { Kind::Event } else { Kind::Component };
        let found = LegacyRow {
            to_2013: range(row.get("code_2013"))
                .map(|code| ClassKey::new(Edition::E2013, kind, &code))
                .collect::<Result<_, _>>()
                .map_err(|why| row.bad("code_2013", why))?,
            to_2026: range(row.get("code_2026"))
                .map(|code| ClassKey::new(Edition::E2026, kind, &code))
                .collect::<Result<_, _>>()
                .map_err(|why| row.bad("code_2026", why))?,
        };
        walk.legacy.insert((kind, row.get("full_code").to_owned()), found);
        Ok(())
    })?;
    Ok(walk)
}

/// `0130-0134` is five codes, `0137` is one, the empty text is none.
fn range(text: &str) -> impl Iterator<Item = String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let width = first.len();
    let bounds = first.parse::<u32>().ok().zip(last.parse::<u32>().ok());
    bounds.into_iter().flat_map(|(first, last)| first..=last).map(move |n| format!("{n:0width$}"))
}
