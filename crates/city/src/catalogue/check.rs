//! What a class and a criterion must be, field by field.

use super::{AttributeQuestion, Catalogue, Class, ClassEntry, Criterion};
use crate::text::{FieldProblem, check_text};
use kernel::{ClassKey, Edition, Kind, TimeLimit};
use std::collections::BTreeSet;

/// Extensions take minor numbers from here up; national numbers reach 77 in the 2026 edition.
/// Source: `standards/codes.md` §1 (one implementer reserves 080–999).
pub const EXTENSION_FLOOR: u16 = 80;
/// An own major of a city starts here (Shenzhen used 21); the national majors end at 10.
const OWN_MAJOR_FLOOR: u8 = 21;
/// Questions of one class: a form people still fill in.
pub const ATTRIBUTES_MAX: usize = 30;
/// Answers to choose from in one question.
pub const VALUES_MAX: usize = 200;
/// Conditions of one class; the widest published table has 7.
pub const CRITERIA_MAX: usize = 99;
/// A limit above this is taken for a slip of the pen: ten years of natural days.
const LIMIT_HUNDREDTHS_MAX: u32 = 3_650 * 100;

const NAME_MAX: usize = 100;
const CONDITION_MAX: usize = 500;

pub(super) fn class(
    catalogue: &Catalogue,
    old: Option<&ClassEntry>,
    entry: &ClassEntry,
    problems: &mut Vec<FieldProblem>,
) {
    version(old.map_or(0, |old| old.version), entry.version, problems);
    match old {
        Some(old) => {
            if old.extension != entry.extension {
                problems.push(FieldProblem::new(
                    "extension",
                    "immutable",
                    "国标类别与扩展类别不能互改",
                    "a national class cannot become an extension or the reverse",
                ));
            }
            if old.component != entry.component {
                problems.push(FieldProblem::new(
                    "component",
                    "immutable",
                    "异常事项对应的部件不能更改",
                    "the component of a matter cannot be changed",
                ));
            }
        }
        None => new_class(catalogue, entry, problems),
    }
    check_text("name", &entry.name, NAME_MAX, problems);
    if catalogue.minors(entry.key.edition, entry.key.kind, entry.key.major()).next().is_none() {
        check_text("major_name", &entry.major_name, NAME_MAX, problems);
    }
    let same_name = catalogue
        .minors(entry.key.edition, entry.key.kind, entry.key.major())
        .find(|other| other.key != entry.key && other.name.zh == entry.name.zh && !other.name.zh.is_empty());
    if let Some(other) = same_name {
        problems.push(FieldProblem::new(
            "name.zh",
            "taken",
            format!("同一大类中 {} 已用此名称", other.key.code()),
            format!("{} of the same major already has this name", other.key.code()),
        ));
    }
    match (entry.key.kind, entry.geometry) {
        (Kind::Component, None) => problems.push(FieldProblem::new(
            "geometry",
            "required",
            "部件须指定点、线或面",
            "a component needs a geometry: point, line or polygon",
        )),
        (Kind::Event, Some(_)) => problems.push(FieldProblem::new(
            "geometry",
            "not_allowed",
            "事件没有几何类型",
            "an event has no geometry",
        )),
        _ => {}
    }
    attributes(&entry.attributes, problems);
}

fn new_class(catalogue: &Catalogue, entry: &ClassEntry, problems: &mut Vec<FieldProblem>) {
    if !entry.extension {
        problems.push(FieldProblem::new(
            "key",
            "not_national",
            "国标中没有此类别；如为本市新增，请标为扩展类别",
            "the national table has no such class; mark it as an extension if the city adds it",
        ));
        return;
    }
    if entry.component.is_some() {
        problems.push(FieldProblem::new(
            "component",
            "not_allowed",
            "扩展类别不能是异常事项",
            "an extension cannot be the matter of a component",
        ));
    }
    let top = match entry.key.edition {
        Edition::E2013 => 99,
        Edition::E2026 => 999,
    };
    let major: u8 = entry.key.major().parse().unwrap_or_default();
    let minor: u16 = entry.key.code()[2..].parse().unwrap_or_default();
    let national_major =
        Catalogue::national_ref().minors(entry.key.edition, entry.key.kind, entry.key.major()).next();
    if national_major.is_none() && major < OWN_MAJOR_FLOOR {
        problems.push(FieldProblem::new(
            "key",
            "unknown_major",
            format!("没有大类 {}；自建大类须从 {OWN_MAJOR_FLOOR} 起", entry.key.major()),
            format!("there is no major {}; an own major starts at {OWN_MAJOR_FLOOR}", entry.key.major()),
        ));
    }
    if national_major.is_some() && minor < EXTENSION_FLOOR {
        let next = catalogue
            .next_extension(entry.key.edition, entry.key.kind, entry.key.major())
            .map_or_else(String::new, |key| key.code().to_owned());
        problems.push(FieldProblem::new(
            "key",
            "not_an_extension_number",
            format!("扩展类别从 {top} 倒编，不小于 {EXTENSION_FLOOR}；下一个可用编码 {next}"),
            format!(
                "extensions are numbered backwards from {top}, not below {EXTENSION_FLOOR}; next free: {next}"
            ),
        ));
    }
    if minor == 0 {
        problems.push(FieldProblem::new(
            "key",
            "zero",
            "小类编码不能为零",
            "the minor number cannot be zero",
        ));
    }
}

fn attributes(attributes: &[AttributeQuestion], problems: &mut Vec<FieldProblem>) {
    if attributes.len() > ATTRIBUTES_MAX {
        problems.push(FieldProblem::new(
            "attributes",
            "too_many",
            format!("最多 {ATTRIBUTES_MAX} 项附加属性"),
            format!("at most {ATTRIBUTES_MAX} questions"),
        ));
    }
    let mut codes = BTreeSet::new();
    for (i, question) in attributes.iter().enumerate() {
        let at = format!("attributes[{i}]");
        code(&format!("{at}.code"), &question.code, problems);
        if !codes.insert(question.code.as_str()) {
            problems.push(taken(&format!("{at}.code")));
        }
        check_text(&format!("{at}.description"), &question.description, CONDITION_MAX, problems);
        if question.required && !question.variable {
            problems.push(FieldProblem::new(
                format!("{at}.required"),
                "not_allowed",
                "仅展示的说明不能设为必填",
                "a text that is only shown cannot be required",
            ));
        }
        if question.datatype.is_list() == question.values.is_empty() {
            problems.push(FieldProblem::new(
                format!("{at}.values"),
                if question.values.is_empty() { "required" } else { "not_allowed" },
                "选择题须有选项，其他类型不能有选项",
                "a list needs values; other kinds have none",
            ));
        }
        if question.values.len() > VALUES_MAX {
            problems.push(FieldProblem::new(
                format!("{at}.values"),
                "too_many",
                format!("最多 {VALUES_MAX} 个选项"),
                format!("at most {VALUES_MAX} values"),
            ));
        }
        let mut keys = BTreeSet::new();
        for (j, value) in question.values.iter().enumerate() {
            let at = format!("{at}.values[{j}]");
            code(&format!("{at}.key"), &value.key, problems);
            if !keys.insert(value.key.as_str()) {
                problems.push(taken(&format!("{at}.key")));
            }
            check_text(&format!("{at}.name"), &value.name, NAME_MAX, problems);
        }
    }
}

pub(super) fn criterion(class: &Class, criterion: &Criterion) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let old = class.criteria.iter().find(|c| c.seq == criterion.seq);
    version(old.map_or(0, |old| old.version), criterion.version, &mut problems);
    if class.entry.component.is_some() {
        problems.push(FieldProblem::new(
            "class",
            "use_component",
            "异常事项沿用部件的标准，请修改部件",
            "this matter has the criteria of its component; change them there",
        ));
    }
    if criterion.seq == 0 || usize::from(criterion.seq) > CRITERIA_MAX {
        problems.push(FieldProblem::new(
            "seq",
            "out_of_range",
            format!("序号须在 1 至 {CRITERIA_MAX} 之间"),
            format!("the number must be between 1 and {CRITERIA_MAX}"),
        ));
    }
    check_text("filing", &criterion.filing, CONDITION_MAX, &mut problems);
    check_text("closing", &criterion.closing, CONDITION_MAX, &mut problems);
    limit("limit", criterion.limit, &mut problems);
    for (grade, value) in &criterion.by_area {
        limit(&format!("by_area.{}", grade.as_str()), *value, &mut problems);
    }
    problems
}

pub(super) fn unknown_class(key: &ClassKey) -> FieldProblem {
    FieldProblem::new("class", "unknown_class", format!("没有类别 {key}"), format!("there is no class {key}"))
}

fn version(stored: u32, read: u32, problems: &mut Vec<FieldProblem>) {
    if stored != read {
        problems.push(FieldProblem::new(
            "version",
            "stale",
            format!("已有版本 {stored}，您修改的是版本 {read}，请刷新后重试"),
            format!("version {stored} is stored, this changes version {read}; reload and try again"),
        ));
    }
}

fn limit(field: &str, value: TimeLimit, problems: &mut Vec<FieldProblem>) {
    if value.hundredths == 0 || value.hundredths > LIMIT_HUNDREDTHS_MAX {
        problems.push(FieldProblem::new(
            field,
            "out_of_range",
            format!("时限须大于零，且不超过 {}", LIMIT_HUNDREDTHS_MAX / 100),
            format!("a limit is more than zero and at most {}", LIMIT_HUNDREDTHS_MAX / 100),
        ));
    }
}

fn code(field: &str, code: &str, problems: &mut Vec<FieldProblem>) {
    let ok = (1..=40).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !ok {
        problems.push(FieldProblem::new(
            field,
            "bad_code",
            "须为 1 至 40 个字母、数字或 _ - .",
            "1 to 40 letters, digits or _ - . are expected",
        ));
    }
}

fn taken(field: &str) -> FieldProblem {
    FieldProblem::new(field, "taken", "编码重复", "this code is used twice")
}
