//! What can be done to a component, and what then has happened to it.

use super::attribute::{attributes, to_values};
use super::code::check_code;
use super::place::Place;
use super::record::{Accuracy, Body, Component, Confirmation, Document, Relation, State, Survey, check_body};
use crate::area::{Divisions, PlaceLevel};
use crate::catalogue::{AttributeQuestion, Catalogue, Datatype};
use crate::text::FieldProblem;
use jiff::civil::Date;
use kernel::{AttachmentId, GridCode, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Lists on one card; more than anyone looks through.
const RELATIONS_MAX: usize = 50;
const DOCUMENTS_MAX: usize = 50;
const PHOTOS_MAX: usize = 30;
/// Characters of a reason, a title, or the name of a survey round.
const TEXT_MAX: usize = 200;
/// Characters of the value of a further field.
const EXTRA_MAX: usize = 1_000;

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Register a new component; its code has been issued.
    Register(Box<Component>),
    Change(Box<Change>),
    /// It stands elsewhere, in the same division: elsewhere else it is another component.
    Move {
        place: Place,
        grid: GridCode,
        accuracy: Accuracy,
    },
    SetState {
        state: State,
        reason: String,
    },
    /// 确权.
    ConfirmOwnership {
        owner: Body,
    },
    /// Seen in a survey round, in this state.
    Survey {
        round: String,
        state: State,
    },
    Remove {
        reason: String,
    },
}

/// New values; a field left out stays. Lists are replaced whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relations: Option<Vec<Relation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<Document>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos: Option<Vec<AttachmentId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<BTreeMap<String, String>>,
}

/// What happened. Past tense, append-only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    Registered { component: Box<Component> },
    Changed { change: Box<Change> },
    Moved { place: Place, grid: GridCode, street_name: String, community_name: String, accuracy: Accuracy },
    StateChanged { state: State, reason: String },
    OwnershipConfirmed { owner: Body },
    Surveyed { round: String },
    Removed { reason: String },
}

/// A fact with its place in the component's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRecord {
    /// 1 for the first fact of a component.
    pub seq: u32,
    pub at: Timestamp,
    /// The local day of `at`, which becomes 变更日期.
    pub on: Date,
    pub by: PersonId,
    pub fact: Fact,
}

/// What has to be known to decide.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub divisions: &'a Divisions,
    pub catalogue: &'a Catalogue,
    /// The further fields of the component's class.
    pub fields: &'a [AttributeQuestion],
    pub today: Date,
}

/// Decides what `command` means for a component; `None` for one that does not exist yet. Changes nothing.
///
/// # Errors
/// Every field that cannot be accepted, with the reason in both languages.
pub fn decide(
    component: Option<&Component>,
    command: Command,
    context: &Context<'_>,
) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    let Some(component) = component else {
        return match command {
            Command::Register(component) => register(*component, context),
            _ => Err(one("code", "unknown_component", "没有该部件", "there is no such component")),
        };
    };
    if component.state == State::Removed {
        return Err(one(
            "state",
            "removed",
            "部件已移除，不能再更改；标识码不再使用",
            "the component was removed; it cannot change and its code is not used again",
        ));
    }
    match command {
        Command::Register(_) => {
            Err(one("code", "taken", "该标识码已被登记", "the code is registered already"))
        }
        Command::Change(change) => changed(component, *change, context),
        Command::Move { place, grid, accuracy } => moved(component, place, grid, accuracy, context),
        Command::SetState { state: State::Removed, .. } => {
            Err(one("state", "use_remove", "移除部件请使用“移除”操作", "use the command to remove"))
        }
        Command::SetState { state, reason } => {
            let mut problems = Vec::new();
            text("reason", &reason, TEXT_MAX, true, &mut problems);
            if state == component.state {
                problems.push(FieldProblem::new(
                    "state",
                    "unchanged",
                    "状态没有变化",
                    "it is in that state already",
                ));
            }
            done(problems, Fact::StateChanged { state, reason })
        }
        Command::ConfirmOwnership { owner } => {
            let mut problems = Vec::new();
            body("owner", &owner, &mut problems);
            done(problems, Fact::OwnershipConfirmed { owner })
        }
        Command::Survey { round, state } => survey(component, round, state),
        Command::Remove { reason } => {
            let mut problems = Vec::new();
            text("reason", &reason, TEXT_MAX, true, &mut problems);
            done(problems, Fact::Removed { reason })
        }
    }
}

fn one(field: &str, code: &'static str, zh: &str, en: &str) -> Vec<FieldProblem> {
    vec![FieldProblem::new(field, code, zh, en)]
}

fn done(problems: Vec<FieldProblem>, fact: Fact) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    if problems.is_empty() { Ok(vec![fact]) } else { Err(problems) }
}

fn register(mut component: Component, context: &Context<'_>) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    fill_names(&mut component, context.divisions);
    component.version = 0;
    component.confirmed = None;
    component.surveyed = None;
    let mut problems = check_code(
        &component.code,
        Some(&component.grid),
        context.divisions,
        context.catalogue,
        context.today,
    );
    problems.extend(check(&component, context));
    if component.state == State::Removed {
        problems.push(FieldProblem::new(
            "state",
            "removed",
            "不能登记已移除的部件",
            "a component that was removed cannot be registered",
        ));
    }
    if component.first_on > context.today {
        problems.push(FieldProblem::new(
            "first_on",
            "in_future",
            "初始日期晚于今天",
            "the first date lies in the future",
        ));
    }
    done(problems, Fact::Registered { component: Box::new(component) })
}

fn changed(
    component: &Component,
    change: Change,
    context: &Context<'_>,
) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    if change == Change::default() {
        return Err(one("change", "empty", "没有任何更改", "nothing is changed"));
    }
    let mut after = component.clone();
    put(&mut after, change.clone());
    if after == *component {
        return Err(one("change", "empty", "没有任何更改", "nothing is changed"));
    }
    done(check(&after, context), Fact::Changed { change: Box::new(change) })
}

fn moved(
    component: &Component,
    place: Place,
    grid: GridCode,
    accuracy: Accuracy,
    context: &Context<'_>,
) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    let mut after = Component { place, grid, accuracy, ..component.clone() };
    fill_names(&mut after, context.divisions);
    let mut problems = check(&after, context);
    if !after.grid.is_within(&component.code.division) {
        problems.push(FieldProblem::new(
            "grid",
            "other_division",
            "新位置不在标识码所属区划内，请移除后重新登记",
            "the new place lies in another division than the code; remove it and register it anew",
        ));
    }
    let Component { place, grid, street_name, community_name, accuracy, .. } = after;
    done(problems, Fact::Moved { place, grid, street_name, community_name, accuracy })
}

/// A survey that finds another state is two facts: seen, and changed.
fn survey(component: &Component, round: String, state: State) -> Result<Vec<Fact>, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    text("round", &round, TEXT_MAX, true, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let reason = format!("普查：{round}");
    let mut facts = vec![Fact::Surveyed { round }];
    if state == State::Removed {
        facts.push(Fact::Removed { reason });
    } else if state != component.state {
        facts.push(Fact::StateChanged { state, reason });
    }
    Ok(facts)
}

/// Street and community are what the grid's code says they are.
fn fill_names(component: &mut Component, divisions: &Divisions) {
    let name = |level| {
        crate::area::prefix(&component.grid, level)
            .and_then(|code| divisions.get(&code))
            .map(|row| row.name.zh.clone())
    };
    let (street, community) = (name(PlaceLevel::Street), name(PlaceLevel::Community));
    if let Some(street) = street {
        component.street_name = street;
    }
    if let Some(community) = community {
        component.community_name = community;
    }
}

/// Everything wrong with a record apart from its code.
fn check(component: &Component, context: &Context<'_>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let lengths: BTreeMap<&str, usize> = attributes().iter().map(|a| (a.abbr.as_str(), a.length)).collect();
    let most = |abbr: &str| lengths.get(abbr).copied().unwrap_or(TEXT_MAX);
    text("name", &component.name, most("GLBJMC"), true, &mut problems);
    text("source", &component.source, most("SJLY"), false, &mut problems);
    text("note", &component.note, most("BZ"), false, &mut problems);
    body("supervisor", &component.supervisor, &mut problems);
    for (field, value) in [("owner", &component.owner), ("maintainer", &component.maintainer)] {
        if let Some(value) = value {
            body(field, value, &mut problems);
        }
    }
    if PlaceLevel::of(&component.grid) != PlaceLevel::UnitGrid {
        problems.push(FieldProblem::new(
            "grid",
            "not_a_unit_grid",
            "须为 15 位单元网格标识码",
            "a unit grid code of 15 digits is expected",
        ));
    }
    let expected = context.catalogue.get(&component.code.class).and_then(|class| class.geometry);
    if expected.is_some_and(|expected| expected != component.place.geometry()) {
        problems.push(FieldProblem::new(
            "place",
            "wrong_geometry",
            "图形类型与部件类别不符",
            "the geometry is not the one of its class",
        ));
    }
    // Between the lowest and the highest ground on earth, with room for towers.
    if component.height_m.is_some_and(|height| !(-500.0..=9_000.0).contains(&height)) {
        problems.push(FieldProblem::new("height_m", "out_of_range", "高程不合理", "no such height on earth"));
    }
    lists(component, &mut problems);
    extra(&component.extra, context.fields, &mut problems);
    // What is exchanged must fit the standard's table; fields named above are not named twice.
    if problems.is_empty() {
        problems.extend(super::check_values(&to_values(component)));
    }
    problems
}

fn lists(component: &Component, problems: &mut Vec<FieldProblem>) {
    for (field, count, most) in [
        ("relations", component.relations.len(), RELATIONS_MAX),
        ("documents", component.documents.len(), DOCUMENTS_MAX),
        ("photos", component.photos.len(), PHOTOS_MAX),
    ] {
        if count > most {
            problems.push(FieldProblem::new(
                field,
                "too_many",
                format!("最多 {most} 项"),
                format!("at most {most}"),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for (i, relation) in component.relations.iter().enumerate() {
        if relation.to == component.code {
            problems.push(FieldProblem::new(
                format!("relations[{i}].to"),
                "itself",
                "部件不能与自身关联",
                "a component cannot be related to itself",
            ));
        }
        if !seen.insert(relation) {
            problems.push(FieldProblem::new(
                format!("relations[{i}]"),
                "taken",
                "关联重复",
                "the relation is there twice",
            ));
        }
    }
    for (i, document) in component.documents.iter().enumerate() {
        text(&format!("documents[{i}].title"), &document.title, TEXT_MAX, true, problems);
    }
}

fn extra(values: &BTreeMap<String, String>, fields: &[AttributeQuestion], problems: &mut Vec<FieldProblem>) {
    for field in fields.iter().filter(|field| field.variable) {
        let at = format!("extra.{}", field.code);
        let value = values.get(&field.code).map_or("", |value| value.trim());
        text(&at, value, EXTRA_MAX, field.required, problems);
        if value.is_empty() {
            continue;
        }
        let listed = |value: &str| field.values.iter().any(|choice| choice.key == value);
        let right = match field.datatype {
            Datatype::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
            Datatype::Datetime => value.parse::<Date>().is_ok() || value.parse::<jiff::Timestamp>().is_ok(),
            Datatype::SingleValueList => listed(value),
            Datatype::MultiValueList => value.split(',').all(|part| listed(part.trim())),
            Datatype::String | Datatype::Text => true,
        };
        if !right {
            problems.push(FieldProblem::new(
                at,
                "bad_value",
                format!("“{}”的值不符合要求", field.description.zh),
                format!("the value does not fit {}", field.description.get(crate::text::Lang::En)),
            ));
        }
    }
    for unknown in values.keys().filter(|key| fields.iter().all(|field| field.code != **key)) {
        problems.push(FieldProblem::new(
            format!("extra.{unknown}"),
            "unknown_field",
            "该类别没有此字段",
            "the class has no such field",
        ));
    }
}

fn text(field: &str, value: &str, most: usize, required: bool, problems: &mut Vec<FieldProblem>) {
    if required && value.trim().is_empty() {
        problems.push(FieldProblem::new(field, "required", "请填写", "it is required"));
    }
    if value.chars().count() > most {
        problems.push(FieldProblem::new(
            field,
            "too_long",
            format!("最多 {most} 个字符"),
            format!("at most {most} characters"),
        ));
    }
}

fn body(field: &str, value: &Body, problems: &mut Vec<FieldProblem>) {
    text(&format!("{field}.name"), &value.name, 100, true, problems);
    if !check_body(&value.code) {
        problems.push(FieldProblem::new(
            format!("{field}.code"),
            "bad_credit_code",
            "须为有效的 18 位统一社会信用代码",
            "a valid unified social credit code of 18 characters is expected",
        ));
    }
}

fn put(component: &mut Component, change: Change) {
    let Change {
        name,
        supervisor,
        owner,
        maintainer,
        source,
        note,
        height_m,
        relations,
        documents,
        photos,
        extra,
    } = change;
    if let Some(name) = name {
        component.name = name;
    }
    if let Some(supervisor) = supervisor {
        component.supervisor = supervisor;
    }
    if let Some(owner) = owner
        && component.owner.as_ref() != Some(&owner)
    {
        // A new owner has not been confirmed by anybody.
        component.owner = Some(owner);
        component.confirmed = None;
    }
    if let Some(maintainer) = maintainer {
        component.maintainer = Some(maintainer);
    }
    if let Some(source) = source {
        component.source = source;
    }
    if let Some(note) = note {
        component.note = note;
    }
    if let Some(height) = height_m {
        component.height_m = Some(height);
    }
    if let Some(relations) = relations {
        component.relations = relations;
    }
    if let Some(documents) = documents {
        component.documents = documents;
    }
    if let Some(photos) = photos {
        component.photos = photos;
    }
    if let Some(extra) = extra {
        component.extra = extra;
    }
}

/// Why facts are not the history of a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("fact {seq} comes where fact {expected} is due")]
    OutOfOrder { seq: u32, expected: u32 },
    #[error("the first fact does not register the component")]
    NotRegistered,
    #[error("fact {seq} registers the component again")]
    RegisteredTwice { seq: u32 },
    #[error("fact {seq} changes a component that was removed")]
    AfterRemoval { seq: u32 },
}

/// The component after one more fact; `None` before the first.
///
/// # Errors
/// The fact cannot be the next one of this component.
pub fn apply(component: Option<Component>, record: &FactRecord) -> Result<Component, ReplayError> {
    let expected = component.as_ref().map_or(0, |c| c.version) + 1;
    if record.seq != expected {
        return Err(ReplayError::OutOfOrder { seq: record.seq, expected });
    }
    let mut next = match (component, &record.fact) {
        (None, Fact::Registered { component }) => (**component).clone(),
        (None, _) => return Err(ReplayError::NotRegistered),
        (Some(_), Fact::Registered { .. }) => return Err(ReplayError::RegisteredTwice { seq: record.seq }),
        (Some(component), _) if component.state == State::Removed => {
            return Err(ReplayError::AfterRemoval { seq: record.seq });
        }
        (Some(component), _) => component,
    };
    match &record.fact {
        Fact::Registered { .. } => {}
        Fact::Changed { change } => {
            put(&mut next, (**change).clone());
            next.changed_on = Some(record.on);
        }
        Fact::Moved { place, grid, street_name, community_name, accuracy } => {
            next.place.clone_from(place);
            next.grid.clone_from(grid);
            next.street_name.clone_from(street_name);
            next.community_name.clone_from(community_name);
            next.accuracy = *accuracy;
            next.changed_on = Some(record.on);
        }
        Fact::StateChanged { state, .. } => {
            next.state = *state;
            next.changed_on = Some(record.on);
        }
        Fact::OwnershipConfirmed { owner } => {
            if next.owner.as_ref() != Some(owner) {
                next.owner = Some(owner.clone());
                next.changed_on = Some(record.on);
            }
            next.confirmed = Some(Confirmation { by: record.by, on: record.on });
        }
        Fact::Surveyed { round } => {
            next.surveyed = Some(Survey { round: round.clone(), by: record.by, on: record.on });
        }
        Fact::Removed { .. } => {
            next.state = State::Removed;
            next.changed_on = Some(record.on);
        }
    }
    next.version = record.seq;
    Ok(next)
}

/// The component its facts make; `None` for no facts.
///
/// # Errors
/// The first fact that cannot stand where it stands.
pub fn replay(records: &[FactRecord]) -> Result<Option<Component>, ReplayError> {
    let mut component = None;
    for record in records {
        component = Some(apply(component, record)?);
    }
    Ok(component)
}
