//! The 18 standard attributes of a component, as the table in `data/attributes_2026.csv` has them.

use super::record::{Accuracy, Body, Component, State, check_body};
use crate::area::{self, PlaceLevel};
use crate::codes::{self, ComponentCode};
use crate::table;
use crate::text::FieldProblem;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Kind of value: 字符型 or 日期型 (YYYYMMDD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    Text,
    Date,
}

/// M 必填, C 条件必填, O 可选.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    Mandatory,
    Conditional,
    Optional,
}

/// One attribute. Source: GB/T 47678.5-2026, table 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Such as `GLBJBSM`, the name of the field in exchange.
    pub abbr: String,
    pub zh: String,
    pub en: &'static str,
    pub kind: AttributeKind,
    /// Characters at most.
    pub length: usize,
    pub requirement: Requirement,
}

const ENGLISH: [(&str, &str); 18] = [
    ("GLBJBSM", "Component code"),
    ("GLBJMC", "Component name"),
    ("ZGBMDM", "Supervising body, code"),
    ("ZGBMMC", "Supervising body, name"),
    ("QSDWDM", "Owner, code"),
    ("QSDWMC", "Owner, name"),
    ("YHDWDM", "Maintainer, code"),
    ("YHDWMC", "Maintainer, name"),
    ("SZDYWGBSM", "Unit grid code"),
    ("GLBJZT", "State"),
    ("CSRQ", "First registered on"),
    ("BGRQ", "Changed on"),
    ("SJLY", "Source of the data"),
    ("BZ", "Remark"),
    ("SZJDDM", "Street code"),
    ("SZJDMC", "Street name"),
    ("SZSQDM", "Community code"),
    ("SZSQMC", "Community name"),
];

static TABLE: LazyLock<Vec<Attribute>> =
    LazyLock::new(|| read().expect("the compiled-in table is read by a test"));

/// The 18 attributes in the order of the standard.
#[must_use]
pub fn attributes() -> &'static [Attribute] {
    &TABLE
}

fn read() -> Result<Vec<Attribute>, table::TableProblem> {
    let csv = include_str!("../../data/attributes_2026.csv");
    let mut found = Vec::new();
    let columns = ["object", "field_zh", "field_abbr", "type_zh", "length", "requirement"];
    table::read("attributes_2026.csv", csv, &columns, |row| {
        if row.get("object") != "component" {
            return Ok(());
        }
        let abbr = row.get("field_abbr");
        let (_, en) = ENGLISH
            .iter()
            .find(|(known, _)| *known == abbr)
            .ok_or_else(|| row.bad("field_abbr", "it has no English name"))?;
        found.push(Attribute {
            abbr: abbr.to_owned(),
            zh: row.get("field_zh").to_owned(),
            en,
            kind: match row.get("type_zh") {
                "字符型" => AttributeKind::Text,
                "日期型" => AttributeKind::Date,
                _ => return Err(row.bad("type_zh", "字符型 or 日期型 is expected")),
            },
            length: row.parse("length")?,
            requirement: match row.get("requirement") {
                "M" => Requirement::Mandatory,
                "C" => Requirement::Conditional,
                "O" => Requirement::Optional,
                _ => return Err(row.bad("requirement", "M, C or O is expected")),
            },
        });
        Ok(())
    })?;
    Ok(found)
}

/// Everything wrong with a record of exchange: missing and overlong values, unknown fields, dates that are none,
/// and codes without the form the standard gives them. An empty value counts as missing.
#[must_use]
pub fn check_values(values: &BTreeMap<String, String>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for attribute in attributes() {
        let value = values.get(&attribute.abbr).map_or("", |value| value.trim());
        if value.is_empty() {
            if attribute.requirement == Requirement::Mandatory {
                problems.push(FieldProblem::new(
                    &attribute.abbr,
                    "required",
                    format!("请填写{}", attribute.zh),
                    format!("{} is required", attribute.en),
                ));
            }
            continue;
        }
        if value.chars().count() > attribute.length {
            problems.push(FieldProblem::new(
                &attribute.abbr,
                "too_long",
                format!("{}最多 {} 个字符", attribute.zh, attribute.length),
                format!("{} has at most {} characters", attribute.en, attribute.length),
            ));
        }
        if attribute.kind == AttributeKind::Date && date(value).is_none() {
            problems.push(FieldProblem::new(
                &attribute.abbr,
                "bad_date",
                format!("{}须为 YYYYMMDD 格式的有效日期", attribute.zh),
                format!("{} must be a real date as YYYYMMDD", attribute.en),
            ));
        }
        if let Some((zh, en)) = wrong_form(&attribute.abbr, value) {
            problems.push(FieldProblem::new(&attribute.abbr, "bad_value", zh, en));
        }
    }
    for unknown in values.keys().filter(|key| attributes().iter().all(|a| a.abbr != **key)) {
        problems.push(FieldProblem::new(
            unknown,
            "unknown_field",
            "标准中没有该字段",
            "the standard has no such field",
        ));
    }
    problems
}

fn wrong_form(abbr: &str, value: &str) -> Option<(&'static str, &'static str)> {
    let digits = |n: usize| value.len() == n && value.bytes().all(|b| b.is_ascii_digit());
    let (right, zh, en) = match abbr {
        "GLBJBSM" => (
            value.parse::<ComponentCode>().is_ok(),
            "部件标识码须为 17 位（2013 版 16 位）数字",
            "a component code has 17 digits (16 in the 2013 edition)",
        ),
        "ZGBMDM" | "QSDWDM" | "YHDWDM" => (
            check_body(value),
            "须为有效的 18 位统一社会信用代码",
            "a valid unified social credit code of 18 characters is expected",
        ),
        "SZDYWGBSM" => (
            value.len() == 15 && codes::unit_grid(value).is_ok(),
            "单元网格标识码须为 15 位数字",
            "a unit grid code has 15 digits",
        ),
        "GLBJZT" => (
            State::from_zh(value).is_some(),
            "状态须为完好、破损、丢失、废弃、移除之一",
            "the state must be one of 完好, 破损, 丢失, 废弃, 移除",
        ),
        "SZJDDM" => (digits(9), "街道代码须为 9 位数字", "a street code has 9 digits"),
        "SZSQDM" => (digits(12), "社区代码须为 12 位数字", "a community code has 12 digits"),
        _ => return None,
    };
    if right { None } else { Some((zh, en)) }
}

fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?).ok()
}

fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// The 18 attributes of a component, by abbreviation; optional ones without a value are left out.
#[must_use]
pub fn to_values(component: &Component) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut put = |abbr: &str, value: String| {
        if !value.is_empty() {
            values.insert(abbr.to_owned(), value);
        }
    };
    put("GLBJBSM", component.code.to_string());
    put("GLBJMC", component.name.clone());
    put("ZGBMDM", component.supervisor.code.clone());
    put("ZGBMMC", component.supervisor.name.clone());
    for (body, code, name) in
        [(&component.owner, "QSDWDM", "QSDWMC"), (&component.maintainer, "YHDWDM", "YHDWMC")]
    {
        if let Some(body) = body {
            put(code, body.code.clone());
            put(name, body.name.clone());
        }
    }
    put("SZDYWGBSM", component.grid.to_string());
    put("GLBJZT", component.state.zh().to_owned());
    put("CSRQ", compact(component.first_on));
    put("BGRQ", component.changed_on.map(compact).unwrap_or_default());
    put("SJLY", component.source.clone());
    put("BZ", component.note.clone());
    for (level, code, name, text) in [
        (PlaceLevel::Street, "SZJDDM", "SZJDMC", &component.street_name),
        (PlaceLevel::Community, "SZSQDM", "SZSQMC", &component.community_name),
    ] {
        put(code, area::prefix(&component.grid, level).map(|c| c.to_string()).unwrap_or_default());
        put(name, text.clone());
    }
    values
}

/// A component from the 18 attributes and its place, which the attributes do not hold.
///
/// # Errors
/// What [`check_values`] finds, and street or community codes that are not those of the grid.
pub fn from_values(
    values: &BTreeMap<String, String>,
    place: super::Place,
    accuracy: Accuracy,
) -> Result<Component, Vec<FieldProblem>> {
    let mut problems = check_values(values);
    let get = |abbr: &str| values.get(abbr).map_or("", |value| value.trim());
    for (abbr, level) in [("SZJDDM", PlaceLevel::Street), ("SZSQDM", PlaceLevel::Community)] {
        let grid = get("SZDYWGBSM");
        if !get(abbr).is_empty() && grid.get(..level.digits()) != Some(get(abbr)) {
            problems.push(FieldProblem::new(
                abbr,
                "not_of_grid",
                "与所在单元网格标识码不一致",
                "it is not the one the unit grid code begins with",
            ));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let body = |code: &str, name: &str| {
        (!get(code).is_empty() || !get(name).is_empty())
            .then(|| Body { code: get(code).to_owned(), name: get(name).to_owned() })
    };
    // Checked above; a value that still cannot be read is named again rather than guessed.
    let unread = |abbr: &str| vec![FieldProblem::new(abbr, "bad_value", "无法识别", "it cannot be read")];
    Ok(Component {
        code: get("GLBJBSM").parse().map_err(|_| unread("GLBJBSM"))?,
        name: get("GLBJMC").to_owned(),
        supervisor: body("ZGBMDM", "ZGBMMC").ok_or_else(|| unread("ZGBMDM"))?,
        owner: body("QSDWDM", "QSDWMC"),
        maintainer: body("YHDWDM", "YHDWMC"),
        grid: codes::unit_grid(get("SZDYWGBSM")).map_err(|_| unread("SZDYWGBSM"))?,
        street_name: get("SZJDMC").to_owned(),
        community_name: get("SZSQMC").to_owned(),
        state: State::from_zh(get("GLBJZT")).ok_or_else(|| unread("GLBJZT"))?,
        first_on: date(get("CSRQ")).ok_or_else(|| unread("CSRQ"))?,
        changed_on: date(get("BGRQ")),
        source: get("SJLY").to_owned(),
        note: get("BZ").to_owned(),
        place,
        accuracy,
        height_m: None,
        relations: Vec::new(),
        documents: Vec::new(),
        photos: Vec::new(),
        extra: BTreeMap::new(),
        confirmed: None,
        surveyed: None,
        source_id: String::new(),
        version: 0,
    })
}
