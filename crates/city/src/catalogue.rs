//! The catalogue (立案、处置、结案标准): classes of components and events in both editions, and for each the
//! conditions under which a case is filed and closed, with its time limit.
//!
//! The national classes come with the program. A city switches classes off, adds extension classes at the
//! top of a major's numbers, and changes criteria; every change raises the entry's version, and the store
//! keeps the versions. Nothing is ever deleted, because running cases are pinned to what they were filed under.

mod check;
mod load;
mod pinyin;
mod search;
mod synonyms;

pub use check::{ATTRIBUTES_MAX, CRITERIA_MAX, EXTENSION_FLOOR, VALUES_MAX};
pub use search::{ClassHit, ClassSearch, SearchFilter};

use crate::text::{FieldProblem, L10n};
use kernel::{ClassKey, Edition, Kind, TimeLimit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How a component is drawn (几何类型). Events have no geometry of their own: they are points of their cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    Point,
    Line,
    Polygon,
}

/// Grade of an area (区域类别) that may change a limit: A key, B general, C other.
/// Source: `standards/codes.md` §5, city practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AreaGrade {
    A,
    B,
    C,
}

impl AreaGrade {
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// Reads `A`, `B` or `C`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.as_str() == text)
    }
}

/// Kind of answer to a question; the words are those of Open311 GeoReport v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    String,
    Number,
    Datetime,
    Text,
    SingleValueList,
    MultiValueList,
}

impl Datatype {
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(self, Self::SingleValueList | Self::MultiValueList)
    }

    /// The Open311 word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Datetime => "datetime",
            Self::Text => "text",
            Self::SingleValueList => "singlevaluelist",
            Self::MultiValueList => "multivaluelist",
        }
    }
}

/// One answer that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeValue {
    pub key: String,
    pub name: L10n,
}

/// A further question asked when this class is reported (附加属性), as in an Open311 service definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeQuestion {
    pub code: String,
    /// False for a text that is only shown and expects no answer.
    #[serde(default = "yes")]
    pub variable: bool,
    pub datatype: Datatype,
    #[serde(default)]
    pub required: bool,
    pub description: L10n,
    /// How to answer, such as 以米计.
    #[serde(default)]
    pub datatype_description: L10n,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<AttributeValue>,
    #[serde(default)]
    pub order: u16,
}

const fn yes() -> bool {
    true
}

/// A minor class (小类) of components or events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassEntry {
    pub key: ClassKey,
    pub major_name: L10n,
    pub name: L10n,
    /// Components only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Geometry>,
    #[serde(default)]
    pub typical_responsible_zh: String,
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub confidence: String,
    /// Added by the city; not part of the national table.
    #[serde(default)]
    pub extension: bool,
    /// Not offered for new cases. Running cases keep it.
    #[serde(default)]
    pub disabled: bool,
    /// Of a "…异常" matter of 2026: the component it is the problem of. Such a class is used in exports only;
    /// the case itself is stored under the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ClassKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeQuestion>,
    /// 0 before it is stored, then 1 and up by one with each change.
    #[serde(default)]
    pub version: u32,
}

impl ClassEntry {
    /// True when a new case may be classified so: not switched off and not an export-only matter.
    #[must_use]
    pub const fn is_offered(&self) -> bool {
        !self.disabled && self.component.is_none()
    }
}

/// One condition of a class (立案条件, 结案条件, 处置时限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Number inside the class, from 1.
    pub seq: u16,
    pub filing: L10n,
    pub closing: L10n,
    pub limit: TimeLimit,
    /// Limits that differ by grade of area; a grade left out has `limit`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_area: BTreeMap<AreaGrade, TimeLimit>,
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub source_note: String,
    /// Not offered for filing. Running cases keep it.
    #[serde(default)]
    pub disabled: bool,
    /// 0 before it is stored, then 1 and up by one with each change.
    #[serde(default)]
    pub version: u32,
}

impl Criterion {
    #[must_use]
    pub fn limit_in(&self, grade: Option<AreaGrade>) -> TimeLimit {
        grade.and_then(|grade| self.by_area.get(&grade)).copied().unwrap_or(self.limit)
    }
}

/// What a case is filed under: class, condition, and the limit that follows from the grade of its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standard<'a> {
    pub class: &'a ClassEntry,
    pub criterion: &'a Criterion,
    pub limit: TimeLimit,
}

/// A class with its criteria, in order of `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    #[serde(flatten)]
    pub entry: ClassEntry,
    #[serde(default)]
    pub criteria: Vec<Criterion>,
}

/// All classes of a city, both editions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Class>", into = "Vec<Class>")]
pub struct Catalogue {
    classes: BTreeMap<ClassKey, Class>,
}

impl From<Vec<Class>> for Catalogue {
    fn from(classes: Vec<Class>) -> Self {
        let classes = classes.into_iter().map(|mut class| {
            class.criteria.sort_by_key(|criterion| criterion.seq);
            (class.entry.key.clone(), class)
        });
        Self { classes: classes.collect() }
    }
}

impl From<Catalogue> for Vec<Class> {
    fn from(catalogue: Catalogue) -> Self {
        catalogue.classes.into_values().collect()
    }
}

/// The compiled-in tables, each entry at version 1.
static NATIONAL: LazyLock<Catalogue> =
    LazyLock::new(|| load::national().expect("the compiled-in tables are read by a test"));

impl Catalogue {
    /// The national classes of both editions with one city's published criteria; see `data/README.md`.
    #[must_use]
    pub fn national() -> Self {
        NATIONAL.clone()
    }

    /// The same, without copying it.
    #[must_use]
    pub fn national_ref() -> &'static Self {
        &NATIONAL
    }

    #[must_use]
    pub fn get(&self, key: &ClassKey) -> Option<&ClassEntry> {
        self.classes.get(key).map(|class| &class.entry)
    }

    /// All classes in order of edition, kind and code.
    pub fn iter(&self) -> impl Iterator<Item = &Class> {
        self.classes.values()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The major classes (大类) of one edition and kind, in order of code.
    #[must_use]
    pub fn majors(&self, edition: Edition, kind: Kind) -> Vec<(&str, &L10n)> {
        let mut majors: Vec<(&str, &L10n)> = Vec::new();
        for key_class in self.classes.iter().filter(|(key, _)| key.edition == edition && key.kind == kind) {
            let (key, class) = key_class;
            if majors.last().is_none_or(|(code, _)| *code != key.major()) {
                majors.push((key.major(), &class.entry.major_name));
            }
        }
        majors
    }

    /// The classes of one major, in order of code.
    pub fn minors<'a>(
        &'a self,
        edition: Edition,
        kind: Kind,
        major: &'a str,
    ) -> impl Iterator<Item = &'a ClassEntry> {
        self.classes
            .values()
            .map(|class| &class.entry)
            .filter(move |e| e.key.edition == edition && e.key.kind == kind && e.key.major() == major)
    }

    /// The criteria of a class. Those of a "…异常" matter are its component's.
    #[must_use]
    pub fn criteria(&self, key: &ClassKey) -> &[Criterion] {
        self.resolved(key).map_or(&[], |class| &class.criteria)
    }

    /// The standard for a filing condition in an area of that grade; `None` when there is no such condition.
    /// Switched-off entries answer too, because running cases are pinned to them.
    #[must_use]
    pub fn standard(&self, key: &ClassKey, seq: u16, grade: Option<AreaGrade>) -> Option<Standard<'_>> {
        let class = self.resolved(key)?;
        let criterion = class.criteria.iter().find(|criterion| criterion.seq == seq)?;
        Some(Standard { class: &class.entry, criterion, limit: criterion.limit_in(grade) })
    }

    /// The matter under which a case of this class is exported: of a 2026 component its "…异常" matter, of an
    /// event itself. A component of 2013, or an extension without a matter, has none.
    #[must_use]
    pub fn exported_as(&self, key: &ClassKey) -> Option<ClassKey> {
        if key.kind == Kind::Event {
            return self.classes.contains_key(key).then(|| key.clone());
        }
        let matter = ClassKey::new(key.edition, Kind::Event, key.code()).ok()?;
        let entry = self.get(&matter)?;
        (entry.component.as_ref() == Some(key)).then_some(matter)
    }

    /// The class a case is stored under: a component instead of its "…异常" matter.
    #[must_use]
    pub fn stored_as<'a>(&'a self, key: &'a ClassKey) -> &'a ClassKey {
        self.get(key).and_then(|entry| entry.component.as_ref()).unwrap_or(key)
    }

    /// Classes that can be offered but have no criterion in force: no case can be filed under them yet.
    pub fn lacking_criteria(&self) -> impl Iterator<Item = &ClassEntry> {
        self.classes
            .values()
            .filter(|class| class.entry.is_offered() && class.criteria.iter().all(|c| c.disabled))
            .map(|class| &class.entry)
    }

    /// The next free number for a city extension: backwards from 99 (2013) or 999 (2026) inside the major,
    /// so that it never meets a later national number. `None` when all are taken.
    #[must_use]
    pub fn next_extension(&self, edition: Edition, kind: Kind, major: &str) -> Option<ClassKey> {
        let (top, width) = match edition {
            Edition::E2013 => (99, 2),
            Edition::E2026 => (999, 3),
        };
        (EXTENSION_FLOOR..=top)
            .rev()
            .filter_map(|minor| ClassKey::new(edition, kind, &format!("{major}{minor:0width$}")).ok())
            .find(|key| !self.classes.contains_key(key))
    }

    /// Adds or changes a class and answers it as stored. `entry.version` is the version it was read at,
    /// 0 for a new one.
    ///
    /// # Errors
    /// Every field that cannot be accepted, with the reason.
    pub fn put_class(&mut self, mut entry: ClassEntry) -> Result<&ClassEntry, Vec<FieldProblem>> {
        let old = self.classes.get(&entry.key);
        let mut problems = Vec::new();
        check::class(self, old.map(|class| &class.entry), &entry, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        if let Some((_, name)) = self
            .majors(entry.key.edition, entry.key.kind)
            .into_iter()
            .find(|(code, _)| *code == entry.key.major())
        {
            entry.major_name = name.clone();
        }
        entry.version += 1;
        let key = entry.key.clone();
        let class = self
            .classes
            .entry(key)
            .and_modify(|class| class.entry = entry.clone())
            .or_insert_with(|| Class { entry, criteria: Vec::new() });
        Ok(&class.entry)
    }

    /// Adds or changes a criterion of a class and answers it as stored. `criterion.version` is the version it
    /// was read at, 0 for a new one.
    ///
    /// # Errors
    /// Every field that cannot be accepted, with the reason.
    pub fn put_criterion(
        &mut self,
        key: &ClassKey,
        mut criterion: Criterion,
    ) -> Result<&Criterion, Vec<FieldProblem>> {
        let Some(class) = self.classes.get_mut(key) else {
            return Err(vec![check::unknown_class(key)]);
        };
        let problems = check::criterion(class, &criterion);
        if !problems.is_empty() {
            return Err(problems);
        }
        criterion.version += 1;
        let at = match class.criteria.binary_search_by_key(&criterion.seq, |c| c.seq) {
            Ok(at) => {
                class.criteria[at] = criterion;
                at
            }
            Err(at) => {
                class.criteria.insert(at, criterion);
                at
            }
        };
        Ok(&class.criteria[at])
    }

    fn resolved(&self, key: &ClassKey) -> Option<&Class> {
        let class = self.classes.get(key)?;
        match &class.entry.component {
            Some(component) => self.classes.get(component),
            None => Some(class),
        }
    }
}
