//! Texts in both languages, and what is wrong with a field in words for the person who filled it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A language people read: 中文 or English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// Reads `zh`, `zh-CN`, `en`, `en-GB` …, and a whole `Accept-Language` header, whose first known
    /// language counts. Chinese when nothing is known.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        for part in text.split(',') {
            let tag = part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            match tag.split(['-', '_']).next() {
                Some("zh") => return Self::Zh,
                Some("en") => return Self::En,
                _ => {}
            }
        }
        Self::Zh
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct L10n {
    pub zh: String,
    pub en: String,
}

impl L10n {
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The text in `lang`, or in the other language when it is missing.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        let (first, second) = match lang {
            Lang::Zh => (&self.zh, &self.en),
            Lang::En => (&self.en, &self.zh),
        };
        if first.is_empty() { second } else { first }
    }

    /// True when neither language has a visible character.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.zh.trim().is_empty() && self.en.trim().is_empty()
    }
}

/// Why a field cannot be accepted. `code` is stable; `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// Path of the field, such as `name.zh` or `attributes[2].code`.
    pub field: String,
    pub code: &'static str,
    pub message: L10n,
}

impl FieldProblem {
    #[must_use]
    pub fn new(
        field: impl Into<String>,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, message: L10n::new(zh, en) }
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message.en)
    }
}

/// Refuses a missing Chinese text and anything longer than `max` characters; the English may be left out.
pub(crate) fn check_text(field: &str, text: &L10n, max: usize, problems: &mut Vec<FieldProblem>) {
    if text.zh.trim().is_empty() {
        problems.push(FieldProblem::new(
            format!("{field}.zh"),
            "required",
            "请填写中文",
            "the Chinese text is required",
        ));
    }
    for (lang, value) in [("zh", &text.zh), ("en", &text.en)] {
        if value.chars().count() > max {
            problems.push(FieldProblem::new(
                format!("{field}.{lang}"),
                "too_long",
                format!("最多 {max} 个字符"),
                format!("at most {max} characters"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_language_falls_back_to_the_other() {
        let only_zh = L10n::new("路灯", "");
        assert_eq!(only_zh.get(Lang::En), "路灯");
        assert_eq!(L10n::new("路灯", "Street light").get(Lang::En), "Street light");
    }

    #[test]
    fn accept_language_headers_are_understood() {
        let table = [
            ("zh-CN", Lang::Zh),
            ("en-GB,en;q=0.8,zh;q=0.5", Lang::En),
            ("fr-FR, en;q=0.5", Lang::En),
            ("", Lang::Zh),
        ];
        for (header, expected) in table {
            assert_eq!(Lang::parse(header), expected, "{header}");
        }
    }
}
