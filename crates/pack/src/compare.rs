//! What a changed pack means for a city that has entries. Nothing stored is rewritten: a removed field stays
//! with its entries and is shown as retired, a choice that is gone stays where it was chosen. What would make
//! stored values unreadable is refused, and the old pack stays in force.

use crate::model::{FieldType, Pack, Register};
use crate::problem::{At, Problem};
use serde::Serialize;

/// One difference that concerns entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub register: String,
    /// `register_removed`, `field_removed`, `choices_narrowed`, `type_changed`, `kind_removed`, `state_removed`,
    /// `document_removed`, `relation_removed`, `geometry_changed` or `code_changed`.
    pub what: &'static str,
    /// Field, kind, state, document or relation.
    pub of: String,
    /// Choices that are gone, or the two types.
    pub words: Vec<String>,
    /// The change cannot be taken: stored values could not be read any more.
    pub refused: bool,
}

/// Everything in `new` that concerns entries made under `old`.
#[must_use]
pub fn compare(old: &Pack, new: &Pack) -> Vec<Change> {
    let mut changes = Vec::new();
    for before in &old.registers {
        match new.register(&before.id) {
            Some(after) => registers(before, after, &mut changes),
            None => changes.push(change(before, "register_removed", &before.id, &[], false)),
        }
    }
    changes
}

/// The refused ones as problems of the new pack's files.
#[must_use]
pub fn refusals(changes: &[Change], new: &Pack) -> Vec<Problem> {
    let mut problems = Vec::new();
    for change in changes.iter().filter(|change| change.refused) {
        let register = new.register(&change.register);
        let at = register
            .and_then(|register| register.field(&change.of).map(|field| &field.at))
            .or_else(|| register.map(|register| &register.at));
        let words = change.words.join(" → ");
        let of = &change.of;
        let problem = if change.what == "geometry_changed" {
            Problem::new(
                at.unwrap_or(&At::default()),
                "geometry_changed",
                format!("已有登记的几何类型不能由 {words} 改变"),
                format!("the geometry of existing entries cannot change ({words})"),
            )
        } else {
            Problem::new(
                at.unwrap_or(&At::default()),
                "type_changed",
                format!("字段 {of} 的类型不能这样改变（{words}）：已有的值将无法读取；请另起一个字段"),
                format!(
                    "the type of field {of} cannot change like this ({words}): values stored could not be read; \
                     add another field instead"
                ),
            )
        };
        problems.push(problem);
    }
    problems
}

fn change(register: &Register, what: &'static str, of: &str, words: &[&str], refused: bool) -> Change {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Change { register: register.id.clone(), what, of: of.to_owned(), words, refused }
}

fn registers(old: &Register, new: &Register, changes: &mut Vec<Change>) {
    if old.geometry != new.geometry {
        let words = [geometry(old), geometry(new)];
        changes.push(change(old, "geometry_changed", &old.id, &words, true));
    }
    if old.code != new.code {
        let words = [old.code.prefix.as_str(), new.code.prefix.as_str()];
        changes.push(change(old, "code_changed", &old.id, &words, false));
    }
    for field in &old.fields {
        let Some(after) = new.field(&field.id).filter(|after| !after.retired) else {
            if !field.retired {
                changes.push(change(old, "field_removed", &field.id, &[], false));
            }
            continue;
        };
        if field.kind != after.kind {
            let words = [field.kind.as_str(), after.kind.as_str()];
            let refused = !convertible(field.kind, after.kind);
            changes.push(change(old, "type_changed", &field.id, &words, refused));
        } else if field.kind == FieldType::Choice {
            let gone: Vec<&str> = field
                .choices
                .iter()
                .map(|choice| choice.id.as_str())
                .filter(|id| after.choices.iter().all(|choice| choice.id != *id))
                .collect();
            if !gone.is_empty() {
                changes.push(change(old, "choices_narrowed", &field.id, &gone, false));
            }
        }
    }
    let mut removed = |what, before: Vec<&str>, after: Vec<&str>| {
        for id in before {
            if !after.contains(&id) {
                changes.push(change(old, what, id, &[], false));
            }
        }
    };
    let kinds = |register: &'_ Register| register.kinds.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (before, after) = (kinds(old), kinds(new));
    removed("kind_removed", strs(&before), strs(&after));
    let states =
        |register: &'_ Register| register.states.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (before, after) = (states(old), states(new));
    removed("state_removed", strs(&before), strs(&after));
    let documents =
        |register: &'_ Register| register.documents.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (before, after) = (documents(old), documents(new));
    removed("document_removed", strs(&before), strs(&after));
    let relations =
        |register: &'_ Register| register.relations.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (before, after) = (relations(old), relations(new));
    removed("relation_removed", strs(&before), strs(&after));
}

fn strs(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

const fn geometry(register: &Register) -> &'static str {
    match register.geometry {
        crate::model::Geometry::Point => "point",
        crate::model::Geometry::Line => "line",
        crate::model::Geometry::Polygon => "polygon",
    }
}

/// True when every stored value of the old type can be read as one of the new.
const fn convertible(old: FieldType, new: FieldType) -> bool {
    matches!(
        (old, new),
        (
            FieldType::Number
                | FieldType::Date
                | FieldType::Choice
                | FieldType::Phone
                | FieldType::Reference
                | FieldType::Boolean,
            FieldType::Text
        ) | (FieldType::Photo, FieldType::Documents)
            | (FieldType::Documents, FieldType::Photo)
            | (FieldType::Text, FieldType::Phone)
    )
}

/// `new` with the fields of `old` that it no longer has, marked retired, so that their values can be shown.
#[must_use]
pub fn with_retired(mut new: Pack, old: &Pack) -> Pack {
    for register in &mut new.registers {
        let Some(before) = old.register(&register.id) else { continue };
        for field in &before.fields {
            if register.field(&field.id).is_none() {
                let mut retired = field.clone();
                retired.retired = true;
                retired.required = false;
                register.fields.push(retired);
            }
        }
    }
    new
}
