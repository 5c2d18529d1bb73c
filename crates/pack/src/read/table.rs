//! One table of a file: typed reading of its keys, every wrong one told, every unknown one too.

use super::document::Source;
use crate::problem::{At, Problem};
use city::L10n;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// Characters of an id.
pub(super) const ID_MAX: usize = 40;
/// Rows of one list inside a register.
const ROWS_MAX: usize = 200;

pub(super) struct Tab<'a> {
    source: &'a Source,
    table: &'a dyn TableLike,
    span: Range<usize>,
    read: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Tab<'a> {
    pub(super) fn new(source: &'a Source, table: &'a dyn TableLike, span: Range<usize>) -> Self {
        Self { source, table, span, read: RefCell::default() }
    }

    pub(super) fn at(&self) -> At {
        self.source.at(&self.span)
    }

    /// Where the value of `key` stands, or the table when it has none.
    pub(super) fn at_of(&self, key: &str) -> At {
        self.source.at(&self.span_of(key))
    }

    /// The place `offset` characters into the text of `key`, for what is wrong inside it.
    pub(super) fn at_inside(&self, key: &str, offset: u32) -> At {
        let mut at = self.at_of(key);
        // A text over several lines begins after its three quotes; its own lines are not counted here.
        at.column = at.column.saturating_add(1).saturating_add(offset);
        at
    }

    fn span_of(&self, key: &str) -> Range<usize> {
        let found = self.table.get_key_value(key);
        found
            .and_then(|(name, item)| item.span().or_else(|| name.span()))
            .unwrap_or_else(|| self.span.clone())
    }

    fn item(&self, key: &'static str) -> Option<&'a Item> {
        self.read.borrow_mut().insert(key);
        self.table.get(key).filter(|item| !item.is_none())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn wrong(
        &self,
        key: &str,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Problem {
        Problem::new(&self.at_of(key), code, zh, en)
    }

    fn missing(&self, key: &str) -> Problem {
        self.wrong(key, "required", format!("缺少 {key}"), format!("{key} is missing"))
    }

    pub(super) fn text(
        &self,
        key: &'static str,
        required: bool,
        max: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let Some(item) = self.item(key) else {
            if required {
                problems.push(self.missing(key));
            }
            return None;
        };
        let Some(text) = item.as_str() else {
            problems.push(self.wrong(
                key,
                "not_a_text",
                format!("{key} 应为文字"),
                format!("{key} is a text"),
            ));
            return None;
        };
        if text.trim().is_empty() {
            problems.push(self.wrong(
                key,
                "required",
                format!("{key} 不能为空"),
                format!("{key} must not be empty"),
            ));
        }
        if text.chars().count() > max {
            problems.push(self.wrong(
                key,
                "too_long",
                format!("{key} 最多 {max} 个字符"),
                format!("{key} has at most {max} characters"),
            ));
        }
        Some(text.to_owned())
    }

    /// An id: small letters, digits and `_`, beginning with a letter.
    pub(super) fn id(&self, key: &'static str, problems: &mut Vec<Problem>) -> String {
        let Some(id) = self.text(key, true, ID_MAX, problems) else { return String::new() };
        if !is_id(&id) {
            problems.push(self.wrong(
                key,
                "bad_id",
                format!("{key} 只能用小写字母、数字和下划线，并以字母开头"),
                format!("{key} has small letters, digits and _ only, and begins with a letter"),
            ));
        }
        id
    }

    /// A text in both languages: `{ zh = "…", en = "…" }`.
    pub(super) fn text_pair(
        &self,
        key: &'static str,
        required: bool,
        max: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<L10n> {
        let Some(item) = self.item(key) else {
            if required {
                problems.push(self.missing(key));
            }
            return None;
        };
        let Some(table) = item.as_table_like() else {
            problems.push(self.wrong(
                key,
                "both_languages",
                format!("{key} 要写两种语言：{{ zh = \"…\", en = \"…\" }}"),
                format!("{key} is in both languages: {{ zh = \"…\", en = \"…\" }}"),
            ));
            return None;
        };
        let pair = Tab::new(self.source, table, self.span_of(key));
        let zh = pair.text("zh", true, max, problems).unwrap_or_default();
        let en = pair.text("en", true, max, problems).unwrap_or_default();
        pair.end(problems);
        Some(L10n::new(zh, en))
    }

    pub(super) fn flag(&self, key: &'static str, default: bool, problems: &mut Vec<Problem>) -> bool {
        let Some(item) = self.item(key) else { return default };
        item.as_bool().unwrap_or_else(|| {
            problems.push(self.wrong(
                key,
                "not_a_boolean",
                format!("{key} 应为 true 或 false"),
                format!("{key} is true or false"),
            ));
            default
        })
    }

    /// A whole number between `min` and `max`; required when there is no default.
    pub(super) fn count(
        &self,
        key: &'static str,
        default: Option<u32>,
        min: u32,
        max: u32,
        problems: &mut Vec<Problem>,
    ) -> u32 {
        let Some(item) = self.item(key) else {
            if default.is_none() {
                problems.push(self.missing(key));
            }
            return default.unwrap_or(min);
        };
        let number = item.as_integer().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| (min..=max).contains(number)) {
            return number;
        }
        problems.push(self.wrong(
            key,
            "out_of_range",
            format!("{key} 应为 {min} 到 {max} 的整数"),
            format!("{key} is a whole number from {min} to {max}"),
        ));
        default.unwrap_or(min)
    }

    pub(super) fn number(&self, key: &'static str, problems: &mut Vec<Problem>) -> Option<f64> {
        let item = self.item(key)?;
        #[allow(clippy::cast_precision_loss)] // bounds of fields are small
        let number = item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64));
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            problems.push(self.wrong(
                key,
                "not_a_number",
                format!("{key} 应为数字"),
                format!("{key} is a number"),
            ));
        }
        number
    }

    /// A list of texts with the place of each.
    pub(super) fn words(&self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<(String, At)> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let Some(array) = item.as_array() else {
            problems.push(self.wrong(
                key,
                "not_a_list",
                format!("{key} 应为列表：[\"…\", \"…\"]"),
                format!("{key} is a list: [\"…\", \"…\"]"),
            ));
            return Vec::new();
        };
        let mut words: Vec<(String, At)> = Vec::new();
        for value in array {
            let at = self.source.at(&value.span().unwrap_or_else(|| self.span_of(key)));
            match value.as_str() {
                Some(word) if words.iter().any(|(known, _)| known == word) => {
                    problems.push(Problem::new(
                        &at,
                        "twice",
                        format!("{word} 出现了两次"),
                        format!("{word} stands there twice"),
                    ));
                }
                Some(word) => words.push((word.to_owned(), at)),
                None => problems.push(Problem::new(
                    &at,
                    "not_a_text",
                    format!("{key} 中只能写文字"),
                    format!("{key} holds texts only"),
                )),
            }
        }
        words
    }

    /// One of the words of a table.
    pub(super) fn one_of<T: Copy>(
        &self,
        key: &'static str,
        default: Option<T>,
        known: &[(&str, T)],
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let Some(text) = self.text(key, default.is_none(), ID_MAX, problems) else { return default };
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all = known.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            problems.push(self.wrong(
                key,
                "unknown_word",
                format!("{key} 没有 {text}，只有 {all}"),
                format!("{key} is one of {all}, not {text}"),
            ));
        }
        found.or(default)
    }

    pub(super) fn table(&self, key: &'static str, problems: &mut Vec<Problem>) -> Option<Tab<'a>> {
        let item = self.item(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            problems.push(self.wrong(
                key,
                "not_a_table",
                format!("{key} 应写成一节 [{key}]"),
                format!("{key} is a section [{key}]"),
            ));
        }
        Some(Tab::new(self.source, table?, self.span_of(key)))
    }

    /// Tables of a list: `[[key]]` sections or `[{ … }, { … }]`.
    pub(super) fn rows(&self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<Tab<'a>> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let mut rows = Vec::new();
        let mut odd = false;
        match item {
            Item::ArrayOfTables(tables) => {
                for table in tables {
                    let span = table.span().unwrap_or_else(|| self.span_of(key));
                    rows.push(Tab::new(self.source, table, span));
                }
            }
            Item::Value(Value::Array(array)) => {
                for value in array {
                    match value.as_inline_table() {
                        Some(table) => {
                            let span = table.span().unwrap_or_else(|| self.span_of(key));
                            rows.push(Tab::new(self.source, table, span));
                        }
                        None => odd = true,
                    }
                }
            }
            _ => odd = true,
        }
        if odd {
            problems.push(self.wrong(
                key,
                "not_a_table",
                format!("{key} 的每一项写成一节 [[{key}]]"),
                format!("each {key} is a section [[{key}]]"),
            ));
        }
        if rows.len() > ROWS_MAX {
            problems.push(self.wrong(
                key,
                "too_many",
                format!("{key} 最多 {ROWS_MAX} 项"),
                format!("at most {ROWS_MAX} of {key}"),
            ));
            rows.truncate(ROWS_MAX);
        }
        rows
    }

    /// Tells every key that was never asked for.
    pub(super) fn end(&self, problems: &mut Vec<Problem>) {
        let read = self.read.borrow();
        for (key, item) in self.table.iter() {
            if read.contains(key) {
                continue;
            }
            let name = self.table.get_key_value(key).and_then(|(name, _)| name.span());
            let at = self.source.at(&name.or_else(|| item.span()).unwrap_or_else(|| self.span.clone()));
            problems.push(Problem::new(
                &at,
                "unknown_key",
                format!("不认识 {key}"),
                format!("{key} is not known here"),
            ));
        }
    }
}

pub(super) fn is_id(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
