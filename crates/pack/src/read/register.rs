//! One register's file. Two passes: first everything that stands for itself, then the conditions, which are
//! typed against the fields, states and documents just read.

use super::table::{Tab, is_id};
use crate::condition::{Condition, RESERVED as RESERVED_WORDS};
use crate::model::{
    Band, CaseRule, Check, Choice, CodeScheme, Colour, Document, Duty, Field, FieldType, Geometry, Item,
    Kind, Level, Offence, Plan, Rating, Register, Relation, Rights, Section, State, Style,
};
use crate::problem::{At, Problem};
use city::L10n;
use kernel::{ClassKey, Role};
use std::collections::BTreeSet;

/// Characters of a name.
const NAME_MAX: usize = 60;
/// Characters of a help text or message.
const HELP_MAX: usize = 300;
/// Characters of a text field, when the pack does not say.
const TEXT_MAX: u32 = 200;
/// Columns the list shows besides fields.
const COLUMNS: [&str; 7] = ["code", "name", "kind", "state", "grid", "score", "documents"];
/// Icons the map and the lists can draw.
const ICONS: [&str; 16] = [
    "shop",
    "billboard",
    "sign",
    "toilet",
    "bin",
    "transfer",
    "house",
    "tree",
    "lamp",
    "building",
    "water",
    "road",
    "parking",
    "park",
    "warning",
    "dot",
];

pub(super) fn read(tab: &Tab<'_>, file: &str, problems: &mut Vec<Problem>) -> Option<Register> {
    let id = tab.id("id", problems);
    if !id.is_empty() && id != file {
        problems.push(tab.wrong(
            "id",
            "id_not_file",
            format!("登记簿的 id 必须与文件同名：{file}"),
            format!("the id of a register is the name of its file: {file}"),
        ));
    }
    if super::RESERVED.contains(&id.as_str()) {
        problems.push(tab.wrong("id", "reserved", format!("{id} 是保留名"), format!("{id} is reserved")));
    }
    let name = tab.text_pair("name", true, NAME_MAX, problems).unwrap_or_default();
    let entry_name = tab.text_pair("entry_name", false, NAME_MAX, problems).unwrap_or_else(|| name.clone());
    let about = tab.text_pair("about", false, 600, problems).unwrap_or_default();
    let geometries = [("point", Geometry::Point), ("line", Geometry::Line), ("polygon", Geometry::Polygon)];
    let geometry = tab.one_of("geometry", Some(Geometry::Point), &geometries, problems)?;
    let icons: Vec<(&str, &str)> = ICONS.iter().map(|icon| (*icon, *icon)).collect();
    let icon = tab.one_of("icon", Some("dot"), &icons, problems)?.to_owned();
    let styles = [("state", Style::State), ("score", Style::Score), ("expiry", Style::Expiry)];
    let style = tab.one_of("style", Some(Style::State), &styles, problems)?;
    let mut register = Register {
        id,
        name,
        entry_name,
        about,
        geometry,
        icon,
        style,
        code: code(tab, problems),
        kinds: tab.rows("kind", problems).iter().map(|row| kind(row, problems)).collect(),
        states: states(tab, problems),
        fields: tab.rows("field", problems).iter().map(|row| field(row, problems)).collect(),
        sections: Vec::new(),
        columns: Vec::new(),
        relations: tab.rows("relation", problems).iter().map(|row| relation(row, problems)).collect(),
        documents: tab.rows("document", problems).iter().map(|row| document(row, problems)).collect(),
        inspections: Vec::new(),
        duties: tab.rows("duty", problems).iter().map(|row| duty(row, problems)).collect(),
        rating: tab.table("rating", problems).map(|row| rating(&row, problems)),
        cases: Vec::new(),
        checks: Vec::new(),
        rights: rights(tab, problems),
        at: tab.at(),
    };
    register.inspections =
        tab.rows("inspection", problems).iter().map(|row| plan(row, &register, problems)).collect();
    register.cases = tab.rows("case", problems).iter().map(|row| case(row, &register, problems)).collect();
    for row in tab.rows("check", problems) {
        row.text("holds", true, 1_000, problems);
        known_field(&row, "field", &register, problems);
        row.text_pair("message", true, HELP_MAX, problems);
        row.end(problems);
    }
    register.sections = sections(tab, &register, problems);
    register.columns = columns(tab, &register, problems);
    within_register(tab, &register, problems);
    tab.end(problems);
    Some(register)
}

fn code(tab: &Tab<'_>, problems: &mut Vec<Problem>) -> CodeScheme {
    let Some(row) = tab.table("code", problems) else {
        problems.push(tab.wrong("code", "required", "缺少 [code]", "[code] is missing"));
        return CodeScheme { prefix: String::new(), level: Level::Street, digits: 5 };
    };
    let prefix = row.text("prefix", true, 6, problems).unwrap_or_default();
    if !prefix.bytes().all(|byte| byte.is_ascii_uppercase()) {
        problems.push(row.wrong(
            "prefix",
            "bad_prefix",
            "前缀用大写字母，如 MD",
            "the prefix has capital letters, such as MD",
        ));
    }
    let levels = [("district", Level::District), ("street", Level::Street), ("community", Level::Community)];
    let level = row.one_of("level", Some(Level::Street), &levels, problems).unwrap_or(Level::Street);
    let digits = row.count("digits", Some(5), 3, 8, problems);
    row.end(problems);
    CodeScheme { prefix, level, digits: u8::try_from(digits).unwrap_or(8) }
}

fn kind(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Kind {
    let kind = Kind {
        id: row.id("id", problems),
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
    };
    row.end(problems);
    kind
}

fn colours() -> Vec<(&'static str, Colour)> {
    Colour::ALL.iter().map(|colour| (colour.as_str(), *colour)).collect()
}

fn states(tab: &Tab<'_>, problems: &mut Vec<Problem>) -> Vec<State> {
    let states: Vec<State> = tab
        .rows("state", problems)
        .iter()
        .map(|row| {
            let state = State {
                id: row.id("id", problems),
                name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
                colour: row
                    .one_of("colour", Some(Colour::Green), &colours(), problems)
                    .unwrap_or(Colour::Grey),
                closed: row.flag("closed", false, problems),
            };
            row.end(problems);
            state
        })
        .collect();
    if states.is_empty() {
        problems.push(tab.wrong(
            "state",
            "required",
            "至少写一个状态 [[state]]",
            "write at least one [[state]]",
        ));
    } else if states.first().is_some_and(|state| state.closed) {
        problems.push(tab.wrong(
            "state",
            "first_state_closed",
            "第一个状态是新登记的状态，不能是 closed",
            "the first state is that of a new entry and cannot be closed",
        ));
    }
    states
}

fn field(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Field {
    let id = row.id("id", problems);
    if RESERVED_WORDS.contains(&id.as_str()) {
        problems.push(row.wrong(
            "id",
            "reserved",
            format!("{id} 是保留名，请换一个"),
            format!("{id} is reserved; choose another name"),
        ));
    }
    let kind = row.one_of("type", None, &FieldType::ALL, problems).unwrap_or(FieldType::Text);
    let min = row.number("min", problems);
    let max = row.number("max", problems);
    let choices: Vec<Choice> = row
        .rows("choice", problems)
        .iter()
        .map(|choice| {
            let found = Choice {
                id: choice.id("id", problems),
                name: choice.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
            };
            choice.end(problems);
            found
        })
        .collect();
    let length = row.has("length").then(|| row.count("length", Some(TEXT_MAX), 1, 2_000, problems));
    let pattern = row.text("pattern", false, 200, problems);
    let register = row.text("register", false, 60, problems);
    let field = Field {
        id,
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
        kind,
        unit: row.text_pair("unit", false, 20, problems),
        help: row.text_pair("help", false, HELP_MAX, problems),
        required: row.flag("required", false, problems),
        min,
        max,
        length,
        pattern,
        choices,
        register,
        personal: row.flag("personal", false, problems),
        retired: false,
        at: row.at(),
    };
    row.end(problems);
    field_agrees(row, &field, problems);
    field
}

/// Keys that say nothing for the field's type are a misunderstanding.
fn field_agrees(row: &Tab<'_>, field: &Field, problems: &mut Vec<Problem>) {
    let kind = field.kind;
    let long = matches!(kind, FieldType::Text | FieldType::Photo | FieldType::Documents);
    let allowed = [
        ("min", kind == FieldType::Number),
        ("max", kind == FieldType::Number),
        ("unit", kind == FieldType::Number),
        ("length", long),
        ("pattern", kind == FieldType::Text),
        ("choice", kind == FieldType::Choice),
        ("register", kind == FieldType::Reference),
    ];
    for (key, fits) in allowed {
        if row.has(key) && !fits {
            let word = kind.as_str();
            problems.push(row.wrong(
                key,
                "not_for_type",
                format!("{word} 类型的字段不用 {key}"),
                format!("a field of type {word} has no {key}"),
            ));
        }
    }
    if kind == FieldType::Choice && field.choices.is_empty() {
        problems.push(row.wrong("choice", "required", "写出选项 choice", "write the choices"));
    }
    if kind == FieldType::Reference && field.register.is_none() {
        problems.push(row.wrong("register", "required", "写明引用的登记簿 register", "name the register"));
    }
    if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
        problems.push(row.wrong("max", "range_empty", "max 小于 min", "max is below min"));
    }
    twice(row, "choice", field.choices.iter().map(|choice| choice.id.as_str()), problems);
    if let Some(pattern) = &field.pattern
        && let Err(error) = crate::entry::pattern(pattern)
    {
        let what = error.to_string();
        let what = what.lines().last().unwrap_or_default();
        problems.push(row.wrong(
            "pattern",
            "bad_pattern",
            format!("格式无法解析：{what}"),
            format!("the pattern cannot be read: {what}"),
        ));
    }
}

fn relation(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Relation {
    let name = row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default();
    let relation = Relation {
        id: row.id("id", problems),
        reverse: row.text_pair("reverse", false, NAME_MAX, problems).unwrap_or_else(|| name.clone()),
        name,
        register: row.text("register", true, 60, problems).unwrap_or_default(),
        many: row.flag("many", true, problems),
        at: row.at_of("register"),
    };
    row.end(problems);
    relation
}

fn document(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Document {
    let document = Document {
        id: row.id("id", problems),
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
        required: row.flag("required", false, problems),
        expires: row.flag("expires", false, problems),
        warn_days: row.count("warn_days", Some(30), 0, 730, problems),
        at: row.at(),
    };
    if row.has("warn_days") && !document.expires {
        problems.push(row.wrong(
            "warn_days",
            "not_for_type",
            "不会到期的证照不用 warn_days",
            "a document that does not expire has no warn_days",
        ));
    }
    row.end(problems);
    document
}

fn duty(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Duty {
    let duty = Duty {
        id: row.id("id", problems),
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
        offences: row
            .rows("offence", problems)
            .iter()
            .map(|offence| {
                let found = Offence {
                    id: offence.id("id", problems),
                    name: offence.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
                    deduction: offence.count("deduction", None, 0, 100, problems),
                    case: offence.text("case", false, 40, problems),
                    at: offence.at(),
                };
                offence.end(problems);
                found
            })
            .collect(),
    };
    row.end(problems);
    duty
}

fn plan(row: &Tab<'_>, register: &Register, problems: &mut Vec<Problem>) -> Plan {
    row.text("when", false, 1_000, problems);
    let plan = Plan {
        id: row.id("id", problems),
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
        every_days: row.count("every_days", None, 1, 1_100, problems),
        roles: roles(row, "roles", &[Role::Collector, Role::DepartmentOfficer], problems),
        when: None,
        items: row
            .rows("item", problems)
            .iter()
            .map(|item| {
                let found = Item {
                    id: item.id("id", problems),
                    name: item.text_pair("name", true, 200, problems).unwrap_or_default(),
                    points: item.count("points", Some(10), 0, 100, problems),
                    photo: item.flag("photo", false, problems),
                    offence: item.text("offence", false, 40, problems),
                    at: item.at(),
                };
                if let Some(offence) = found.offence.as_deref().filter(|id| register.offence(id).is_none()) {
                    problems.push(item.wrong(
                        "offence",
                        "unknown_offence",
                        format!("没有违规行为 {offence}"),
                        format!("there is no offence {offence}"),
                    ));
                }
                item.end(problems);
                found
            })
            .collect(),
    };
    if plan.items.is_empty() {
        problems.push(row.wrong("item", "required", "写出检查项 item", "write the items of the checklist"));
    }
    twice(row, "item", plan.items.iter().map(|item| item.id.as_str()), problems);
    row.end(problems);
    plan
}

fn rating(row: &Tab<'_>, problems: &mut Vec<Problem>) -> Rating {
    let inspections = row.number("inspections", problems).unwrap_or(0.0);
    if !(0.0..=100.0).contains(&inspections) {
        problems.push(row.wrong(
            "inspections",
            "out_of_range",
            "inspections 应为 0 到 100",
            "inspections is from 0 to 100",
        ));
    }
    let bands: Vec<Band> = row
        .rows("band", problems)
        .iter()
        .map(|band| {
            let found = Band {
                from: band.number("from", problems).unwrap_or_default(),
                colour: band.one_of("colour", None, &colours(), problems).unwrap_or(Colour::Grey),
                name: band.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
            };
            band.end(problems);
            found
        })
        .collect();
    let falling = bands.windows(2).all(|pair| matches!(pair, [first, second] if first.from > second.from));
    let complete = bands.first().is_some_and(|best| best.from <= 100.0)
        && bands.last().is_some_and(|last| last.from.abs() < f64::EPSILON);
    if !falling || !complete {
        problems.push(row.wrong(
            "band",
            "bands_open",
            "等级要从高到低写，最后一个从 0 开始",
            "bands go from high to low and the last begins at 0",
        ));
    }
    let rating =
        Rating { period_days: row.count("period_days", Some(90), 1, 366, problems), inspections, bands };
    row.end(problems);
    rating
}

fn case(row: &Tab<'_>, register: &Register, problems: &mut Vec<Problem>) -> CaseRule {
    row.text("when", false, 1_000, problems);
    let class_text = row.text("class", true, 40, problems).unwrap_or_default();
    let class = class_text.parse::<ClassKey>().ok();
    if class.is_none() && !class_text.is_empty() {
        problems.push(row.wrong(
            "class",
            "bad_class",
            "类别写作 2026-event-07003",
            "a class is written 2026-event-07003",
        ));
    }
    let document = row.text("document", false, 40, problems);
    if let Some(id) = &document
        && register.document(id).is_none_or(|found| !found.expires)
    {
        problems.push(row.wrong(
            "document",
            "unknown_document",
            format!("没有会到期的证照 {id}"),
            format!("there is no document {id} that expires"),
        ));
    }
    let closed_state = row.text("closed_state", false, 40, problems);
    if let Some(id) = closed_state.as_deref().filter(|id| register.state(id).is_none()) {
        problems.push(row.wrong(
            "closed_state",
            "unknown_state",
            format!("没有状态 {id}"),
            format!("there is no state {id}"),
        ));
    }
    if document.is_some() && !row.has("when") {
        problems.push(row.wrong(
            "document",
            "not_for_type",
            "document 与 when 一起用",
            "document goes with when",
        ));
    }
    let rule = CaseRule {
        id: row.id("id", problems),
        name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
        // A placeholder is never seen: a pack with a problem is no pack.
        class: class.or_else(|| "2026-event-06010".parse().ok()).unwrap_or_else(unreachable_class),
        text: row.text_pair("text", true, HELP_MAX, problems).unwrap_or_default(),
        by_hand: row.flag("by_hand", true, problems),
        when: None,
        document,
        closed_state,
        at: if row.has("class") { row.at_of("class") } else { row.at() },
    };
    if !rule.by_hand && !row.has("when") {
        problems.push(row.wrong(
            "by_hand",
            "unreachable",
            "既不能手动也没有 when，永远不会立案",
            "neither by hand nor by a rule: this case can never be raised",
        ));
    }
    row.end(problems);
    rule
}

fn unreachable_class() -> ClassKey {
    "2013-event-0110".parse().expect("a class key")
}

fn roles(tab: &Tab<'_>, key: &'static str, default: &[Role], problems: &mut Vec<Problem>) -> Vec<Role> {
    if !tab.has(key) {
        return default.to_vec();
    }
    let mut roles = Vec::new();
    for (word, at) in tab.words(key, problems) {
        match Role::parse(&word) {
            Some(role) => roles.push(role),
            None => problems.push(Problem::new(
                &at,
                "unknown_role",
                format!("没有角色 {word}"),
                format!("there is no role {word}"),
            )),
        }
    }
    roles
}

fn rights(tab: &Tab<'_>, problems: &mut Vec<Problem>) -> Rights {
    let everybody = [
        Role::Collector,
        Role::IntakeOperator,
        Role::ShiftLeader,
        Role::Dispatcher,
        Role::DepartmentOfficer,
        Role::Handler,
        Role::Leader,
        Role::Supervisor,
        Role::SystemAdmin,
    ];
    let desks = [Role::SystemAdmin, Role::DepartmentOfficer, Role::Leader];
    let Some(row) = tab.table("rights", problems) else {
        return Rights {
            sensitive: false,
            see: everybody.to_vec(),
            edit: vec![Role::SystemAdmin],
            inspect: vec![Role::Collector, Role::DepartmentOfficer],
            personal: desks.to_vec(),
            keeper: None,
        };
    };
    let sensitive = row.flag("sensitive", false, problems);
    if sensitive && !row.has("see") {
        problems.push(row.wrong(
            "sensitive",
            "required",
            "敏感登记簿要写明谁能看 see",
            "a sensitive register names who may see it",
        ));
    }
    if row.has("see") && !sensitive {
        problems.push(row.wrong(
            "see",
            "not_for_type",
            "只有 sensitive = true 的登记簿才写 see",
            "only a sensitive register has see",
        ));
    }
    let rights = Rights {
        sensitive,
        see: roles(&row, "see", &everybody, problems),
        edit: roles(&row, "edit", &[Role::SystemAdmin], problems),
        inspect: roles(&row, "inspect", &[Role::Collector, Role::DepartmentOfficer], problems),
        personal: roles(&row, "personal", &desks, problems),
        keeper: row.text("keeper", false, 40, problems),
    };
    for (key, roles) in [("edit", &rights.edit), ("inspect", &rights.inspect)] {
        for role in roles.iter().filter(|role| **role != Role::SystemAdmin && !rights.see.contains(role)) {
            let word = role.as_str();
            problems.push(row.wrong(
                key,
                "cannot_see",
                format!("{word} 看不到这个登记簿"),
                format!("{word} cannot see this register"),
            ));
        }
    }
    row.end(problems);
    rights
}

fn known_field(row: &Tab<'_>, key: &'static str, register: &Register, problems: &mut Vec<Problem>) -> String {
    let Some(id) = row.text(key, true, 40, problems) else { return String::new() };
    if register.field(&id).is_none() {
        problems.push(row.wrong(
            key,
            "unknown_field",
            format!("没有名为 {id} 的字段"),
            format!("there is no field {id}"),
        ));
    }
    id
}

fn sections(tab: &Tab<'_>, register: &Register, problems: &mut Vec<Problem>) -> Vec<Section> {
    let rows = tab.rows("section", problems);
    if rows.is_empty() {
        let fields = register.fields.iter().map(|field| field.id.clone()).collect();
        return vec![Section { id: "general".into(), name: L10n::new("基本情况", "General"), fields }];
    }
    let mut placed = BTreeSet::new();
    let sections: Vec<Section> = rows
        .iter()
        .map(|row| {
            let mut fields = Vec::new();
            for (id, at) in row.words("fields", problems) {
                if register.field(&id).is_none() {
                    problems.push(unknown_field(&at, &id));
                } else if !placed.insert(id.clone()) {
                    problems.push(Problem::new(
                        &at,
                        "twice",
                        format!("字段 {id} 已在另一节中"),
                        format!("the field {id} stands in another section"),
                    ));
                }
                fields.push(id);
            }
            let section = Section {
                id: row.id("id", problems),
                name: row.text_pair("name", true, NAME_MAX, problems).unwrap_or_default(),
                fields,
            };
            row.end(problems);
            section
        })
        .collect();
    for field in register.fields.iter().filter(|field| !placed.contains(&field.id)) {
        let id = &field.id;
        problems.push(Problem::new(
            &field.at,
            "not_placed",
            format!("字段 {id} 不在任何一节中，无法填写"),
            format!("the field {id} stands in no section, so nobody could fill it in"),
        ));
    }
    sections
}

fn unknown_field(at: &At, id: &str) -> Problem {
    Problem::new(at, "unknown_field", format!("没有名为 {id} 的字段"), format!("there is no field {id}"))
}

fn columns(tab: &Tab<'_>, register: &Register, problems: &mut Vec<Problem>) -> Vec<String> {
    let words = tab.words("columns", problems);
    if words.is_empty() {
        return ["code", "name", "state", "grid"].map(str::to_owned).to_vec();
    }
    for (id, at) in &words {
        if register.field(id).is_none() && !COLUMNS.contains(&id.as_str()) {
            problems.push(unknown_field(at, id));
        }
    }
    words.into_iter().map(|(id, _)| id).collect()
}

fn twice<'a>(row: &Tab<'_>, key: &str, ids: impl Iterator<Item = &'a str>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if is_id(id) && !seen.insert(id) {
            problems.push(row.wrong(
                key,
                "twice",
                format!("{id} 出现了两次"),
                format!("{id} stands there twice"),
            ));
        }
    }
}

/// What must agree inside one register.
fn within_register(tab: &Tab<'_>, register: &Register, problems: &mut Vec<Problem>) {
    twice(tab, "kind", register.kinds.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "state", register.states.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "field", register.fields.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "relation", register.relations.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "document", register.documents.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "duty", register.duties.iter().map(|one| one.id.as_str()), problems);
    let offences = register.duties.iter().flat_map(|duty| &duty.offences);
    twice(tab, "duty", offences.clone().map(|one| one.id.as_str()), problems);
    twice(tab, "inspection", register.inspections.iter().map(|one| one.id.as_str()), problems);
    twice(tab, "case", register.cases.iter().map(|one| one.id.as_str()), problems);
    for offence in offences {
        if let Some(id) = offence.case.as_deref().filter(|id| register.case_rule(id).is_none()) {
            problems.push(Problem::new(
                &offence.at,
                "unknown_case",
                format!("没有可立的案件 {id}"),
                format!("there is no case {id}"),
            ));
        }
    }
    if register.style == Style::Score && register.rating.is_none() {
        problems.push(tab.wrong(
            "style",
            "rating_missing",
            "按得分着色需要 [rating]",
            "colouring by score needs [rating]",
        ));
    }
    if register.style == Style::Expiry && !register.documents.iter().any(|document| document.expires) {
        problems.push(tab.wrong(
            "style",
            "document_missing",
            "按到期着色需要会到期的证照",
            "colouring by expiry needs a document that expires",
        ));
    }
    if let Some(keeper) = &register.rights.keeper
        && register.field(keeper).is_none_or(|field| field.kind != FieldType::Department)
    {
        problems.push(tab.wrong(
            "rights",
            "unknown_field",
            format!("keeper 应为部门字段，没有 {keeper}"),
            format!("keeper names a field of type department; there is no {keeper}"),
        ));
    }
}

/// The register with its conditions, typed against it; `None` when one is wrong.
pub(super) fn with_conditions(
    mut register: Register,
    tab: &Tab<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Register> {
    // What was wrong with these rows was told in the first pass.
    let quiet = &mut Vec::new();
    let mut plans = Vec::new();
    for row in tab.rows("inspection", quiet) {
        plans.push(condition(&row, "when", &register, true, problems));
    }
    let mut rules = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for row in tab.rows("case", quiet) {
        let when = condition(&row, "when", &register, false, problems);
        if let Some(text) = when.as_ref().map(|when| when.text().to_owned())
            && !seen.insert(text)
        {
            problems.push(row.wrong(
                "when",
                "unreachable",
                "前面已有同样的条件",
                "an earlier rule has the same condition",
            ));
        }
        rules.push(when);
    }
    let mut checks = Vec::new();
    for row in tab.rows("check", quiet) {
        checks.extend(condition(&row, "holds", &register, true, problems).map(|holds| Check {
            holds,
            field: row.text("field", false, 40, quiet).unwrap_or_default(),
            message: row.text_pair("message", false, HELP_MAX, quiet).unwrap_or_default(),
        }));
    }
    for (plan, when) in register.inspections.iter_mut().zip(plans) {
        plan.when = when;
    }
    for (rule, when) in register.cases.iter_mut().zip(rules) {
        rule.when = when;
    }
    register.checks = checks;
    Some(register)
}

fn condition(
    row: &Tab<'_>,
    key: &'static str,
    register: &Register,
    may_be_constant: bool,
    problems: &mut Vec<Problem>,
) -> Option<Condition> {
    let text = row.text(key, false, 1_000, &mut Vec::new())?;
    match Condition::check(&text, register) {
        Ok(found) => {
            if found.never_holds(register) {
                problems.push(row.wrong(
                    key,
                    "unreachable",
                    "条件永远不成立",
                    "this condition can never hold",
                ));
            } else if found.always_holds(register) && !may_be_constant {
                problems.push(row.wrong(
                    key,
                    "always",
                    "条件永远成立，每个登记都会立案",
                    "this condition always holds: every entry would become a case",
                ));
            }
            Some(found)
        }
        Err(faults) => {
            for fault in faults {
                let at = row.at_inside(key, fault.offset);
                problems.push(Problem::new(&at, fault.code, fault.zh, fault.en));
            }
            None
        }
    }
}
