//! What a register says about one entry: whether its values may be written, what its documents mean today,
//! which colour it has.

use crate::model::{Colour, Document, Field, FieldType, Register, Style};
use crate::score;
use jiff::civil::Date;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A document is past its last day.
pub const EXPIRED: u8 = 1;
/// A document expires within its warning days.
pub const EXPIRING: u8 = 2;
/// A required document is missing.
pub const DOCUMENT_MISSING: u8 = 4;
/// An inspection is due.
pub const INSPECTION_DUE: u8 = 8;
/// A case raised on the entry is open.
pub const CASE_OPEN: u8 = 16;

/// Photos or files of one field, when the pack does not say.
const FILES_MAX: u32 = 12;
/// Characters of a text, when the pack does not say.
const TEXT_MAX: u32 = 200;
/// Compiled size of a pattern: far above any code a county prints.
const PATTERN_BYTES: usize = 64 * 1024;

/// A document an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Id of the pack's document.
    pub document: String,
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub issued_on: Option<Date>,
    #[serde(default)]
    pub expires_on: Option<Date>,
    /// Attachment, when it was photographed.
    #[serde(default)]
    pub file: Option<String>,
}

/// Why a value cannot be written. `code` is stable; numbers and words for the sentence are in `params`.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueProblem {
    pub field: String,
    pub code: &'static str,
    pub params: Vec<(&'static str, Value)>,
}

impl ValueProblem {
    fn new(field: &str, code: &'static str) -> Self {
        Self { field: field.to_owned(), code, params: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.params.push((name, value.into()));
        self
    }
}

/// A pattern that must match the whole text.
///
/// # Errors
/// When it is no regular expression, or an enormous one.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_BYTES).build()
}

/// Everything wrong with an entry's values as they would be stored. What did not change since `before` may stay
/// as it is, whatever the pack says today: a pack that changed must not make old files unwritable.
#[must_use]
pub fn check_values(
    register: &Register,
    values: &Map<String, Value>,
    before: Option<&Map<String, Value>>,
) -> Vec<ValueProblem> {
    let mut problems = Vec::new();
    let unchanged =
        |id: &str| before.is_some_and(|before| before.get(id).is_some_and(|old| values.get(id) == Some(old)));
    for id in values.keys() {
        if register.field(id).is_none_or(|field| field.retired) && !unchanged(id) {
            problems.push(ValueProblem::new(id, "unknown_field"));
        }
    }
    for field in register.fields.iter().filter(|field| !field.retired) {
        match values.get(&field.id) {
            None | Some(Value::Null) => {
                if field.required {
                    problems.push(ValueProblem::new(&field.id, "required"));
                }
            }
            Some(_) if unchanged(&field.id) => {}
            Some(value) => problems.extend(check_value(field, value)),
        }
    }
    problems
}

fn check_value(field: &Field, value: &Value) -> Option<ValueProblem> {
    let id = field.id.as_str();
    match field.kind {
        FieldType::Text | FieldType::Phone | FieldType::Choice | FieldType::Reference | FieldType::Date => {
            let Some(text) = value.as_str() else { return Some(ValueProblem::new(id, "not_a_text")) };
            check_text(field, text)
        }
        FieldType::Number => {
            let Some(number) = value.as_f64().filter(|number| number.is_finite()) else {
                return Some(ValueProblem::new(id, "not_a_number"));
            };
            let low = field.min.filter(|min| number < *min);
            let high = field.max.filter(|max| number > *max);
            match (low, high) {
                (Some(min), _) => Some(ValueProblem::new(id, "too_small").with("min", min)),
                (_, Some(max)) => Some(ValueProblem::new(id, "too_large").with("max", max)),
                _ => None,
            }
        }
        FieldType::Boolean => (!value.is_boolean()).then(|| ValueProblem::new(id, "not_a_boolean")),
        FieldType::Person | FieldType::Department => {
            (!value.is_u64()).then(|| ValueProblem::new(id, "not_a_number"))
        }
        FieldType::Photo | FieldType::Documents => {
            let max = field.length.unwrap_or(FILES_MAX);
            match value.as_array() {
                Some(items) if items.len() > max as usize => {
                    Some(ValueProblem::new(id, "too_many").with("max", max))
                }
                Some(items) if items.iter().all(Value::is_string) => None,
                _ => Some(ValueProblem::new(id, "not_a_list")),
            }
        }
    }
}

fn check_text(field: &Field, text: &str) -> Option<ValueProblem> {
    let id = field.id.as_str();
    if text.trim().is_empty() {
        return field.required.then(|| ValueProblem::new(id, "required"));
    }
    let max = field.length.unwrap_or(TEXT_MAX);
    if text.chars().count() > max as usize {
        return Some(ValueProblem::new(id, "too_long").with("max", max));
    }
    match field.kind {
        FieldType::Date if text.parse::<Date>().is_err() => Some(ValueProblem::new(id, "not_a_date")),
        FieldType::Choice if field.choices.iter().all(|choice| choice.id != text) => {
            Some(ValueProblem::new(id, "unknown_choice").with("choice", text))
        }
        FieldType::Phone => {
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')');
            let digits = text.chars().filter(char::is_ascii_digit).count();
            let right = text.chars().all(plain) && (5..=20).contains(&digits);
            (!right).then(|| ValueProblem::new(id, "not_a_phone"))
        }
        _ => {
            let matches =
                field.pattern.as_deref().is_none_or(|one| pattern(one).is_ok_and(|re| re.is_match(text)));
            (!matches).then(|| ValueProblem::new(id, "bad_pattern"))
        }
    }
}

/// Everything wrong with the documents of an entry.
#[must_use]
pub fn check_documents(register: &Register, held: &[Held], before: &[Held]) -> Vec<ValueProblem> {
    let mut problems = Vec::new();
    for (i, one) in held.iter().enumerate() {
        if before.contains(one) {
            continue;
        }
        let at = |key: &str| format!("documents[{i}].{key}");
        let Some(document) = register.document(&one.document) else {
            problems.push(ValueProblem::new(&at("document"), "unknown_document"));
            continue;
        };
        if one.number.chars().count() > 80 {
            problems.push(ValueProblem::new(&at("number"), "too_long").with("max", 80));
        }
        if document.expires && one.expires_on.is_none() {
            problems.push(ValueProblem::new(&at("expires_on"), "required"));
        }
        if one.issued_on.zip(one.expires_on).is_some_and(|(issued, expires)| expires < issued) {
            problems.push(ValueProblem::new(&at("expires_on"), "before_start"));
        }
    }
    problems
}

/// How a document stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Valid,
    Expiring,
    Expired,
    Missing,
}

/// The newest of an entry's documents of one kind, and how it stands. `None` when it has none and needs none.
#[must_use]
pub fn standing<'a>(
    document: &Document,
    held: &'a [Held],
    today: Date,
) -> Option<(Standing, Option<&'a Held>)> {
    let newest = held
        .iter()
        .filter(|one| one.document == document.id)
        .max_by_key(|one| (one.expires_on, one.issued_on));
    let Some(newest) = newest else { return document.required.then_some((Standing::Missing, None)) };
    let left = newest.expires_on.map(|last| last.since(today).map_or(0, |span| i64::from(span.get_days())));
    let standing = match left {
        Some(days) if days < 0 => Standing::Expired,
        Some(days) if days <= i64::from(document.warn_days) && document.expires => Standing::Expiring,
        _ => Standing::Valid,
    };
    Some((standing, Some(newest)))
}

/// [`EXPIRED`], [`EXPIRING`] and [`DOCUMENT_MISSING`] as they are today.
#[must_use]
pub fn document_flags(register: &Register, held: &[Held], today: Date) -> u8 {
    register.documents.iter().filter_map(|document| standing(document, held, today)).fold(
        0,
        |flags, found| {
            flags
                | match found.0 {
                    Standing::Valid => 0,
                    Standing::Expiring => EXPIRING,
                    Standing::Expired => EXPIRED,
                    Standing::Missing => DOCUMENT_MISSING,
                }
        },
    )
}

/// The colour of an entry. A closed one is grey; so is one in a state the pack no longer has.
#[must_use]
pub fn colour(register: &Register, state: &str, score: Option<f64>, flags: u8) -> Colour {
    let Some(known) = register.state(state) else { return Colour::Grey };
    match register.style {
        Style::State => known.colour,
        _ if known.closed => Colour::Grey,
        Style::Score => match (&register.rating, score) {
            (Some(rating), Some(score)) => score::colour(rating, score),
            _ => Colour::Grey,
        },
        Style::Expiry if flags & (EXPIRED | DOCUMENT_MISSING) != 0 => Colour::Red,
        Style::Expiry if flags & EXPIRING != 0 => Colour::Yellow,
        Style::Expiry => Colour::Green,
    }
}
