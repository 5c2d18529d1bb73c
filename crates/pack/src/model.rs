//! What a checked pack says. Every name is in both languages, every reference resolves, every condition is typed.

use crate::condition::Condition;
use crate::problem::At;
use city::L10n;
use kernel::{ClassKey, Role};
use serde::{Deserialize, Serialize};

/// An industry pack (行业应用包).
#[derive(Debug, Clone, Serialize)]
pub struct Pack {
    pub id: String,
    /// Raised by whoever changes the pack; shown to people, never compared.
    pub version: u32,
    pub name: L10n,
    pub about: L10n,
    pub registers: Vec<Register>,
}

/// A register (登记簿): one kind of thing a city keeps a file of, such as its shops.
#[derive(Debug, Clone, Serialize)]
pub struct Register {
    pub id: String,
    pub name: L10n,
    /// One entry in words: 门店, "shop".
    pub entry_name: L10n,
    pub about: L10n,
    pub geometry: Geometry,
    pub icon: String,
    pub style: Style,
    pub code: CodeScheme,
    pub kinds: Vec<Kind>,
    /// The first one is that of a new entry.
    pub states: Vec<State>,
    pub fields: Vec<Field>,
    pub sections: Vec<Section>,
    /// Columns of the list, in order: fields, or `code name kind state grid score band`.
    pub columns: Vec<String>,
    pub relations: Vec<Relation>,
    pub documents: Vec<Document>,
    pub inspections: Vec<Plan>,
    pub duties: Vec<Duty>,
    pub rating: Option<Rating>,
    pub cases: Vec<CaseRule>,
    pub checks: Vec<Check>,
    pub rights: Rights,
    #[serde(skip)]
    pub at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    Point,
    Line,
    Polygon,
}

/// What colours an entry on the map and in lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    State,
    Score,
    Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    Green,
    Yellow,
    Red,
    Grey,
}

impl Colour {
    pub const ALL: [Self; 4] = [Self::Green, Self::Yellow, Self::Red, Self::Grey];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "grey",
        }
    }
}

/// How codes of entries are made: the division's code, the prefix, a number of fixed width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeScheme {
    pub prefix: String,
    pub level: Level,
    pub digits: u8,
}

/// Level of a division in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    District,
    Street,
    Community,
}

impl Level {
    /// Digits of a division code of this level.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::District => 6,
            Self::Street => 9,
            Self::Community => 12,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    pub id: String,
    pub name: L10n,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    pub id: String,
    pub name: L10n,
    pub colour: Colour,
    /// The entry's file is closed in this state: no inspections fall due and no case follows by rule.
    pub closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Text,
    Number,
    Date,
    Choice,
    Boolean,
    Phone,
    Person,
    Department,
    Reference,
    Photo,
    Documents,
}

impl FieldType {
    pub const ALL: [(&'static str, Self); 11] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("date", Self::Date),
        ("choice", Self::Choice),
        ("boolean", Self::Boolean),
        ("phone", Self::Phone),
        ("person", Self::Person),
        ("department", Self::Department),
        ("reference", Self::Reference),
        ("photo", Self::Photo),
        ("documents", Self::Documents),
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    pub name: L10n,
}

/// One field (字段) of a register's entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub id: String,
    pub name: L10n,
    #[serde(rename = "type")]
    pub kind: FieldType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<L10n>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<L10n>,
    pub required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Characters of a text, numbers of photos or references.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Of a reference: the register meant; `component` for a component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Personal data: shown only to the roles of [`Rights::personal`].
    pub personal: bool,
    /// No longer in the pack; its values are kept and shown as they were.
    pub retired: bool,
    #[serde(skip)]
    pub at: At,
}

/// One section of the form, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    pub id: String,
    pub name: L10n,
    pub fields: Vec<String>,
}

/// A relation to entries of another register (这块招牌挂在这家店).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relation {
    pub id: String,
    pub name: L10n,
    /// How it reads from the other side.
    pub reverse: L10n,
    pub register: String,
    pub many: bool,
    #[serde(skip)]
    pub at: At,
}

/// A document (证照) an entry may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    pub id: String,
    pub name: L10n,
    pub required: bool,
    pub expires: bool,
    /// Yellow from so many days before it expires.
    pub warn_days: u32,
    #[serde(skip)]
    pub at: At,
}

/// An inspection plan (检查计划): who looks how often at what.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub id: String,
    pub name: L10n,
    pub every_days: u32,
    pub roles: Vec<Role>,
    /// Which entries it is for; all when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    pub items: Vec<Item>,
}

/// One item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub id: String,
    pub name: L10n,
    pub points: u32,
    /// A failed item needs a photo.
    pub photo: bool,
    /// The offence a failed item is recorded as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offence: Option<String>,
    #[serde(skip)]
    pub at: At,
}

/// A duty (责任) of an entry, with what counts as breaking it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duty {
    pub id: String,
    pub name: L10n,
    pub offences: Vec<Offence>,
}

/// An offence (违规行为) with its deduction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offence {
    pub id: String,
    pub name: L10n,
    pub deduction: u32,
    /// The case that may be raised with it: one of the register's case rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    #[serde(skip)]
    pub at: At,
}

/// How the score (得分) of an entry follows from its inspections and offences in a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rating {
    pub period_days: u32,
    /// Points that inspections lost in the whole cost, 0 to 100.
    pub inspections: f64,
    /// From the best; the last one begins at 0.
    pub bands: Vec<Band>,
}

/// A band (等级) of scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    pub from: f64,
    pub colour: Colour,
    pub name: L10n,
}

/// A case that may be raised on an entry, by hand or by rule.
#[derive(Debug, Clone, Serialize)]
pub struct CaseRule {
    pub id: String,
    pub name: L10n,
    pub class: ClassKey,
    /// What the report says.
    pub text: L10n,
    pub by_hand: bool,
    /// Raised by itself when this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Once for each expiry of this document; otherwise once for each stay in a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The entry's state after the case was closed as handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_state: Option<String>,
    #[serde(skip)]
    pub at: At,
}

/// What must hold for every entry that is written.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub holds: Condition,
    /// The field the message stands at.
    pub field: String,
    pub message: L10n,
}

/// Who may do what with the entries. The system administrator may edit every register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// Hidden from everybody but `see`, in lists, on the map and in exports alike.
    pub sensitive: bool,
    pub see: Vec<Role>,
    pub edit: Vec<Role>,
    /// Who records inspections and offences.
    pub inspect: Vec<Role>,
    /// Who sees personal fields.
    pub personal: Vec<Role>,
    /// A field of type department: officers edit only entries of their own department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeper: Option<String>,
}

impl Pack {
    #[must_use]
    pub fn register(&self, id: &str) -> Option<&Register> {
        self.registers.iter().find(|register| register.id == id)
    }
}

impl Register {
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.id == id)
    }

    #[must_use]
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.id == id)
    }

    #[must_use]
    pub fn plan(&self, id: &str) -> Option<&Plan> {
        self.inspections.iter().find(|plan| plan.id == id)
    }

    #[must_use]
    pub fn case_rule(&self, id: &str) -> Option<&CaseRule> {
        self.cases.iter().find(|rule| rule.id == id)
    }

    /// The offence and the duty it breaks.
    #[must_use]
    pub fn offence(&self, id: &str) -> Option<(&Duty, &Offence)> {
        self.duties
            .iter()
            .find_map(|duty| Some((duty, duty.offences.iter().find(|offence| offence.id == id)?)))
    }

    /// Entries in this state are not worked on any more. An unknown (retired) state is not closed.
    #[must_use]
    pub fn is_closed(&self, state: &str) -> bool {
        self.state(state).is_some_and(|state| state.closed)
    }
}
