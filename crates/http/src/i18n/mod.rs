//! Texts people see, by stable code. A message says why, and what would make it possible.

pub mod en;
pub mod zh;

use crate::language::Language;
use serde_json::{Map, Value};

/// Texts of one language.
#[derive(Debug)]
pub struct Texts {
    /// Code → sentence with `{param}` in it.
    pub messages: &'static [(&'static str, &'static str)],
    /// Group → code → word.
    pub words: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// Between the items of a list.
    pub comma: &'static str,
}

const fn texts(language: Language) -> &'static Texts {
    match language {
        Language::Zh => &zh::TEXTS,
        Language::En => &en::TEXTS,
    }
}

/// The word for `code` in `group` (`role`, `stage`, `step` …); the code itself when there is none.
#[must_use]
pub fn word(language: Language, group: &str, code: &str) -> String {
    find_word(language, group, code).map_or_else(|| code.to_owned(), str::to_owned)
}

fn find_word(language: Language, group: &str, code: &str) -> Option<&'static str> {
    let (_, words) = texts(language).words.iter().find(|(name, _)| *name == group)?;
    words.iter().find(|(name, _)| *name == code).map(|(_, word)| *word)
}

/// The sentence for `code` with its parameters filled in; `None` for an unknown code.
#[must_use]
pub fn message(language: Language, code: &str, params: &Map<String, Value>) -> Option<String> {
    let (_, template) = texts(language).messages.iter().find(|(name, _)| *name == code)?;
    Some(fill(language, template, params))
}

/// Like [`message`]; an unknown code is shown as it is rather than hidden.
#[must_use]
pub fn message_or_code(language: Language, code: &str, params: &Map<String, Value>) -> String {
    message(language, code, params).unwrap_or_else(|| code.to_owned())
}

/// The sentence for a field: its own words when the city's tables sent some, else the one of its code.
#[must_use]
pub fn field_message(language: Language, code: &str, params: &Map<String, Value>) -> String {
    match params.get(language.as_str()).and_then(Value::as_str) {
        Some(words) => words.to_owned(),
        None => message_or_code(language, code, params),
    }
}

fn fill(language: Language, template: &str, params: &Map<String, Value>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        let name = &rest[open + 1..open + close];
        out.push_str(&render(language, name, params.get(name)));
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// Which group of words a parameter's value belongs to.
fn group_of(param: &str) -> &'static str {
    match param {
        "step" => "step",
        "stage" => "stage",
        "allowed" | "role" | "roles" => "role",
        "needed" => "evidence",
        "field" => "field",
        "approval" => "approval",
        _ => "",
    }
}

fn render(language: Language, name: &str, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => word(language, "any", name),
        Some(Value::Array(items)) => {
            let words: Vec<String> = items.iter().map(|item| render(language, name, Some(item))).collect();
            words.join(texts(language).comma)
        }
        Some(Value::String(text)) => match group_of(name) {
            "" => text.clone(),
            group => word(language, group, text),
        },
        Some(other) => other.to_string(),
    }
}

/// The sentence of a refusal from its code and its parameters, as kept in
/// [`app::view::Because`].
#[must_use]
pub fn because(language: Language, because: &app::view::Because) -> String {
    match &because.params {
        Value::Object(params) => message_or_code(language, &because.code, params),
        _ => message_or_code(language, &because.code, &Map::new()),
    }
}

/// Parameters of a refusal: everything it says besides its code.
#[must_use]
pub fn params_of(refusal: &case::Refusal) -> Map<String, Value> {
    match serde_json::to_value(refusal) {
        Ok(Value::Object(mut params)) => {
            params.remove("code");
            params
        }
        _ => Map::new(),
    }
}

/// The sentence of a refusal: why, and what would make it possible.
#[must_use]
pub fn because_message(refusal: &case::Refusal, language: Language) -> String {
    message_or_code(language, refusal.code(), &params_of(refusal))
}

#[cfg(test)]
mod tests;
