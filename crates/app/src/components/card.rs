//! The identity card of a component (部件身份证): everything known of it on one page.

use super::change::{BodyIn, state_word};
use super::list::may_read;
use super::write;
use crate::app::App;
use crate::attachments::Size;
use crate::config::{Config, words};
use crate::error::AppError;
use crate::line::{department_view, person_view};
use crate::ports::StoredThing;
use crate::ports::things::{COMPONENTS, THINGS_PER_READ_MAX};
use crate::rights;
use crate::view::{CaseLine, ClassView, DepartmentView, PersonView, Words};
use bytes::Bytes;
use city::catalogue::Datatype;
use city::component::attribute::to_values;
use city::component::{AttributeKind, Body, Component, RelationKind, Requirement, State, attributes};
use jiff::civil::Date;
use kernel::{Actor, CityCode, DepartmentId, PersonId, Role, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Versions of a history that are shown.
const HISTORY_MAX: u32 = 200;
/// Cases of one component that are shown; more happen to a manhole cover in ten years hardly.
const CASES_MAX: u32 = 200;
/// Relations to this component that are shown: the lamps of a cabinet.
const RELATED_MAX: usize = 200;

/// One of the 18 standard attributes. Source: GB/T 47678.5-2026, table 2.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributeView {
    /// Its name in exchange, such as `GLBJBSM`.
    pub abbr: String,
    pub name: Words,
    pub value: String,
    /// `text` or `date` (YYYYMMDD).
    pub kind: String,
    /// `mandatory`, `conditional` or `optional`.
    pub requirement: String,
    pub length: usize,
}

/// A further field of the class.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldView {
    pub code: String,
    pub name: Words,
    /// How to answer, such as 以米计.
    pub hint: Words,
    /// `string`, `number`, `datetime`, `text`, `single_value_list` or `multi_value_list`.
    pub datatype: String,
    pub required: bool,
    pub value: String,
    pub choices: Vec<ChoiceView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChoiceView {
    pub key: String,
    pub name: Words,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RelationView {
    /// `hangs_on`, `part_of` or `fed_by`.
    pub kind: String,
    /// `to`: this one hangs on that. `from`: that one hangs on this.
    pub direction: String,
    pub code: String,
    /// Absent when the other one is not registered.
    pub name: Option<String>,
    pub class: Option<ClassView>,
    pub state: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DocumentView {
    pub id: String,
    pub title: String,
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<Date>,
    /// Days until it expires, negative after.
    pub days_left: Option<i32>,
}

/// Who said or saw something, and when.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SeenView {
    pub by: PersonView,
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    /// The survey round.
    pub round: Option<String>,
}

/// Cases on this component that the caller may see.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct ComponentCases {
    pub open: Vec<CaseLine>,
    pub past: Vec<CaseLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentView {
    /// Its id on the map.
    pub serial: u64,
    pub code: String,
    /// To send with a step.
    pub version: u32,
    pub name: String,
    pub class: ClassView,
    pub state: String,
    /// Well-known text, CGCS2000.
    pub place: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub accuracy: String,
    pub accuracy_m: f64,
    pub height_m: Option<f64>,
    pub grid: String,
    /// The unit grid it lies in by its place, when that is another one.
    pub grid_by_place: Option<String>,
    /// Names of its divisions from above.
    pub divisions: Vec<Words>,
    /// All 18 of the standard, in its order.
    pub attributes: Vec<AttributeView>,
    pub fields: Vec<FieldView>,
    pub supervisor: BodyIn,
    pub owner: Option<BodyIn>,
    pub maintainer: Option<BodyIn>,
    /// Who a case on it would go to.
    pub department: Option<DepartmentView>,
    pub source: String,
    pub note: String,
    #[schema(value_type = String, format = Date)]
    pub first_on: Date,
    #[schema(value_type = Option<String>, format = Date)]
    pub changed_on: Option<Date>,
    pub confirmed: Option<SeenView>,
    pub surveyed: Option<SeenView>,
    /// Not surveyed within a year.
    pub survey_due: bool,
    pub relations: Vec<RelationView>,
    pub documents: Vec<DocumentView>,
    pub photos: Vec<String>,
    pub cases: ComponentCases,
    /// Steps the caller may take: `change`, `move`, `set_state`, `confirm_ownership`, `survey`, `remove`.
    pub actions: Vec<String>,
    /// What the QR code says.
    pub link: String,
    pub changed_at: i64,
    pub changed_by: Option<PersonView>,
}

/// A version of a component: who made it, by which facts, and what was different before.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HistoryView {
    pub version: u32,
    pub at: i64,
    pub by: Option<PersonView>,
    /// `registered`, `changed`, `moved`, `state_changed`, `ownership_confirmed`, `surveyed` or `removed`.
    pub facts: Vec<String>,
    /// The reason given, or the survey round.
    pub words: Option<String>,
    pub changes: Vec<HistoryChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HistoryChange {
    /// Path of the field, such as `owner.name`.
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

const fn relation_word(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::HangsOn => "hangs_on",
        RelationKind::PartOf => "part_of",
        RelationKind::FedBy => "fed_by",
    }
}

const fn datatype_word(datatype: Datatype) -> &'static str {
    match datatype {
        Datatype::String => "string",
        Datatype::Number => "number",
        Datatype::Datetime => "datetime",
        Datatype::Text => "text",
        Datatype::SingleValueList => "single_value_list",
        Datatype::MultiValueList => "multi_value_list",
    }
}

fn attribute_views(component: &Component) -> Vec<AttributeView> {
    let mut values = to_values(component);
    let view = |attribute: &city::component::Attribute| AttributeView {
        abbr: attribute.abbr.clone(),
        name: Words { zh: attribute.zh.clone(), en: attribute.en.to_owned() },
        value: values.remove(&attribute.abbr).unwrap_or_default(),
        kind: match attribute.kind {
            AttributeKind::Text => "text",
            AttributeKind::Date => "date",
        }
        .to_owned(),
        requirement: match attribute.requirement {
            Requirement::Mandatory => "mandatory",
            Requirement::Conditional => "conditional",
            Requirement::Optional => "optional",
        }
        .to_owned(),
        length: attribute.length,
    };
    attributes().iter().map(view).collect()
}

fn field_views(config: &Config, component: &Component) -> Vec<FieldView> {
    let fields = config.component_fields_of(&component.code.class).iter();
    let view = |field: &city::catalogue::AttributeQuestion| FieldView {
        code: field.code.clone(),
        name: words(&field.description),
        hint: words(&field.datatype_description),
        datatype: datatype_word(field.datatype).to_owned(),
        required: field.required,
        value: component.extra.get(&field.code).cloned().unwrap_or_default(),
        choices: field
            .values
            .iter()
            .map(|choice| ChoiceView { key: choice.key.clone(), name: words(&choice.name) })
            .collect(),
    };
    fields.filter(|field| field.variable).map(view).collect()
}

impl App {
    /// The card of a component; of a removed one too.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown code.
    pub async fn see_component(&self, actor: &Actor, code: &str) -> Result<ComponentView, AppError> {
        let config = self.config(actor.city)?;
        may_read(actor, &config)?;
        // `s` and the serial is what a map knows.
        let stored = match code.strip_prefix('s').and_then(|serial| serial.parse().ok()) {
            Some(serial) => {
                let found = self.store().thing(actor.city, serial).await?;
                found.filter(|thing| thing.register == COMPONENTS).ok_or(AppError::NotFound("component"))?
            }
            None => self.component_row(actor.city, code).await?,
        };
        self.component_view(actor, &config, stored).await
    }

    pub(crate) async fn component_view(
        &self,
        actor: &Actor,
        config: &Config,
        stored: StoredThing,
    ) -> Result<ComponentView, AppError> {
        let component = write::read(&stored)?;
        let today = config.calendar.local_date(self.now());
        let anchor = component.place.anchor();
        let by_place =
            anchor.and_then(|point| config.grids.at(point)).filter(|grid| **grid != component.grid);
        let seen = |by: PersonId, on: Date, round: Option<&String>| SeenView {
            by: person_view(config, by),
            on,
            round: round.cloned(),
        };
        let surveyed_on = component.surveyed.as_ref().map(|survey| survey.on);
        let class = &component.code.class;
        Ok(ComponentView {
            serial: stored.serial,
            code: stored.code.clone(),
            version: stored.version,
            name: component.name.clone(),
            class: ClassView { key: class.to_string(), name: config.class_name(class) },
            state: state_word(component.state).to_owned(),
            place: component.place.to_string(),
            lng: anchor.map(|point| point.lng()),
            lat: anchor.map(|point| point.lat()),
            accuracy: format!("{:?}", component.accuracy),
            accuracy_m: component.accuracy.metres(),
            height_m: component.height_m,
            grid: component.grid.to_string(),
            grid_by_place: by_place.map(ToString::to_string),
            divisions: config.divisions.path(&component.grid).into_iter().map(words).collect(),
            attributes: attribute_views(&component),
            fields: field_views(config, &component),
            supervisor: (&component.supervisor).into(),
            owner: component.owner.as_ref().map(BodyIn::from),
            maintainer: component.maintainer.as_ref().map(BodyIn::from),
            department: self.department_for(config, &component).map(|id| department_view(config, id)),
            source: component.source.clone(),
            note: component.note.clone(),
            first_on: component.first_on,
            changed_on: component.changed_on,
            confirmed: component.confirmed.as_ref().map(|one| seen(one.by, one.on, None)),
            surveyed: component.surveyed.as_ref().map(|one| seen(one.by, one.on, Some(&one.round))),
            survey_due: component.state != State::Removed
                && surveyed_on.is_none_or(|on| on < super::list::a_year_before(today)),
            relations: self.relation_views(actor.city, config, &component).await?,
            documents: document_views(&component, today),
            photos: component.photos.iter().map(ToString::to_string).collect(),
            cases: self.cases_on(actor, config, &stored.code).await?,
            actions: self.component_actions(actor, config, &component),
            link: self.component_link(actor.city, &stored.code),
            changed_at: stored.changed_at.millis(),
            changed_by: stored.changed_by.map(|id| person_view(config, id)),
        })
    }

    /// Where a scan of its QR code leads.
    #[must_use]
    pub fn component_link(&self, city: CityCode, code: &str) -> String {
        format!("{}/citizen/c/{code}?city={city}", self.public_url())
    }

    /// The link of a component that exists, for its label.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown code.
    pub async fn component_label(&self, actor: &Actor, code: &str) -> Result<String, AppError> {
        may_read(actor, &*self.config(actor.city)?)?;
        let stored = self.component_row(actor.city, code).await?;
        Ok(self.component_link(actor.city, &stored.code))
    }

    fn component_actions(&self, actor: &Actor, config: &Config, component: &Component) -> Vec<String> {
        if component.state == State::Removed {
            return Vec::new();
        }
        let edits = rights::one_of(actor, &rights::REGISTRY_EDITORS, "").is_ok();
        let all = ["change", "move", "set_state", "confirm_ownership", "survey", "remove"];
        let confirms = self.may_confirm(actor, config, component);
        let open = all.into_iter().filter(|step| edits || *step == "confirm_ownership" && confirms);
        open.map(str::to_owned).collect()
    }

    /// Departments a component belongs to: those that are one of its bodies, and the one responsible for its class.
    pub(crate) fn departments_of(&self, config: &Config, component: &Component) -> BTreeSet<DepartmentId> {
        let bodies = [Some(&component.supervisor), component.owner.as_ref(), component.maintainer.as_ref()];
        let mut found: BTreeSet<DepartmentId> =
            bodies.into_iter().flatten().filter_map(|body| department_of(config, body)).collect();
        found.extend(self.department_for(config, component));
        found
    }

    /// Who is to say whether a component is theirs: the owner's department, else the supervisor's, else the one
    /// responsible for its class.
    pub(crate) fn department_of_owner(&self, config: &Config, component: &Component) -> Option<DepartmentId> {
        let owner = component.owner.as_ref().and_then(|owner| department_of(config, owner));
        owner
            .or_else(|| department_of(config, &component.supervisor))
            .or_else(|| self.department_for(config, component))
    }

    /// The department a case on a component would be proposed to first.
    pub(crate) fn department_for(&self, config: &Config, component: &Component) -> Option<DepartmentId> {
        let owner = component.owner.as_ref().map(|owner| owner.name.as_str());
        let ranked = city::responsibility::propose(
            &config.responsibility,
            &config.learned,
            &component.code.class,
            Some(&component.grid),
            owner,
            &BTreeMap::new(),
        );
        ranked
            .into_iter()
            .map(|proposal| proposal.department)
            .find(|id| config.organisation.get(*id).is_some_and(|department| department.active))
    }

    /// The owner of a component, for whoever looks for the department of a case on it.
    pub(crate) async fn owner_of(
        &self,
        city: CityCode,
        component: Option<&str>,
    ) -> Result<Option<String>, AppError> {
        let Some(code) = component else { return Ok(None) };
        match self.component_row(city, code).await {
            Ok(stored) => Ok(write::read(&stored)?.owner.map(|owner| owner.name)),
            Err(AppError::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn relation_views(
        &self,
        city: CityCode,
        config: &Config,
        component: &Component,
    ) -> Result<Vec<RelationView>, AppError> {
        let own = component.code.to_string();
        let codes: Vec<String> = component.relations.iter().map(|relation| relation.to.to_string()).collect();
        let known = self.store().things_by_code(city, COMPONENTS, &codes).await?;
        let known: BTreeMap<&str, &StoredThing> =
            known.iter().map(|thing| (thing.code.as_str(), thing)).collect();
        let mut views: Vec<RelationView> = component
            .relations
            .iter()
            .zip(&codes)
            .map(|(relation, code)| {
                relation_view(config, relation.kind, "to", code, known.get(code.as_str()))
            })
            .collect();
        let serials: Vec<u64> = {
            let city = self.city(city)?;
            let map = city.ground.read();
            map.related_to(&own).take(RELATED_MAX).collect()
        };
        debug_assert!(serials.len() <= THINGS_PER_READ_MAX as usize);
        for stored in self.store().things_by_serial(city, &serials).await? {
            let other = write::read(&stored)?;
            for relation in other.relations.iter().filter(|relation| relation.to == component.code) {
                views.push(relation_view(config, relation.kind, "from", &stored.code, Some(&&stored)));
            }
        }
        Ok(views)
    }

    /// Cases on a component that `actor` may see, newest first.
    async fn cases_on(&self, actor: &Actor, config: &Config, code: &str) -> Result<ComponentCases, AppError> {
        let tokens = city::tokens::query_tokens(code);
        if tokens.is_empty() {
            return Ok(ComponentCases::default());
        }
        let mut serials = self.store().search(actor.city, &tokens, CASES_MAX).await?;
        serials.sort_unstable_by(|a, b| b.cmp(a));
        let mut cases = ComponentCases::default();
        for stored in self.store().cases_by_serial(actor.city, &serials).await? {
            let own = stored.case.report.component.as_deref() == Some(code);
            if own && self.may_see(actor, config, stored.serial, &stored.case) {
                let line = self.line_of(actor, config, &stored.case);
                if stored.case.is_open() { cases.open.push(line) } else { cases.past.push(line) }
            }
        }
        Ok(cases)
    }

    /// A photo or paper of a component, for whoever reads the registry.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the component does not hold it.
    pub async fn component_attachment(
        &self,
        actor: &Actor,
        code: &str,
        id: &str,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        may_read(actor, &*self.config(actor.city)?)?;
        let component = write::read(&self.component_row(actor.city, code).await?)?;
        let held = component.photos.iter().chain(component.documents.iter().map(|paper| &paper.id));
        if !held.into_iter().any(|held| held.as_str() == id) {
            return Err(AppError::NotFound("attachment"));
        }
        self.attachment_bytes(actor.city, id, size).await
    }

    /// Every version of a component with what changed, newest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown code.
    pub async fn component_history(&self, actor: &Actor, code: &str) -> Result<Vec<HistoryView>, AppError> {
        let config = self.config(actor.city)?;
        may_read(actor, &config)?;
        let stored = self.component_row(actor.city, code).await?;
        let versions = self.store().thing_history(actor.city, stored.serial, HISTORY_MAX).await?;
        Ok(history_views(&config, &versions))
    }
}

/// The department that is a body: of its name or code.
fn department_of(config: &Config, body: &Body) -> Option<DepartmentId> {
    let same = |department: &&city::Department| {
        department.name.zh == body.name
            || !department.name.en.is_empty() && department.name.en == body.name
            || department.code == body.code
    };
    config.organisation.iter().find(same).map(|department| department.id)
}

fn relation_view(
    config: &Config,
    kind: RelationKind,
    direction: &str,
    code: &str,
    other: Option<&&StoredThing>,
) -> RelationView {
    let class = other.and_then(|other| other.class.parse().ok());
    RelationView {
        kind: relation_word(kind).to_owned(),
        direction: direction.to_owned(),
        code: code.to_owned(),
        name: other.map(|other| other.name.clone()),
        class: class.map(|key| ClassView { key: format!("{key}"), name: config.class_name(&key) }),
        state: other.and_then(|other| write::read(other).ok()).map(|one| state_word(one.state).to_owned()),
    }
}

fn document_views(component: &Component, today: Date) -> Vec<DocumentView> {
    let view = |document: &city::component::Document| DocumentView {
        id: document.id.to_string(),
        title: document.title.clone(),
        expires_on: document.expires_on,
        days_left: document.expires_on.map(|on| (on - today).get_days()),
    };
    component.documents.iter().map(view).collect()
}

/// Versions of any thing, newest first, with what changed from one to the next.
pub(crate) fn history_views(config: &Config, versions: &[StoredThing]) -> Vec<HistoryView> {
    let flat: Vec<BTreeMap<String, String>> = versions.iter().map(|one| flattened(&one.body)).collect();
    let view = |(i, stored): (usize, &StoredThing)| {
        let facts = facts_of(&stored.change);
        let before = flat.get(i + 1);
        // The first version that is kept is not shown against nothing.
        let changes = before.map(|before| differences(before, &flat[i])).unwrap_or_default();
        HistoryView {
            version: stored.version,
            at: Timestamp::millis(stored.changed_at),
            by: stored.changed_by.map(|id| person_view(config, id)),
            words: facts.iter().find_map(|(_, words)| words.clone()),
            facts: facts.into_iter().map(|(name, _)| name).collect(),
            changes,
        }
    };
    versions.iter().enumerate().map(view).collect()
}

/// Names of the facts that led to a version, with the words given.
fn facts_of(change: &str) -> Vec<(String, Option<String>)> {
    let records: Vec<Value> = serde_json::from_str(change).unwrap_or_default();
    let text = |fact: &Value, name: &str| fact.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = |record: &Value| {
        let fact = record.get("fact")?;
        let words = text(fact, "reason").or_else(|| text(fact, "round"));
        Some((text(fact, "fact")?, words.filter(|words| !words.is_empty())))
    };
    records.iter().filter_map(read).collect()
}

/// A body as paths and texts.
fn flattened(body: &str) -> BTreeMap<String, String> {
    fn put(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    put(&path, value, into);
                }
            }
            Value::Array(items) => {
                let texts: Vec<String> = items.iter().map(one_line).collect();
                into.insert(path.to_owned(), texts.join("; "));
            }
            Value::Null => {}
            other => {
                into.insert(path.to_owned(), one_line(other));
            }
        }
    }
    let mut found = BTreeMap::new();
    put("", &serde_json::from_str(body).unwrap_or_default(), &mut found);
    // It counts facts, and says nothing that the version does not.
    found.remove("version");
    found.remove("changed_on");
    found
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => fields.values().map(one_line).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<HistoryChange> {
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = |field: &String| {
        let (before, after) = (before.get(field).cloned(), after.get(field).cloned());
        (before != after).then(|| HistoryChange { field: field.clone(), before, after })
    };
    fields.into_iter().filter_map(changed).collect()
}

/// Posts of `actor` as department officer.
pub(crate) fn officer_of(actor: &Actor) -> impl Iterator<Item = DepartmentId> {
    actor.posts().iter().filter(|post| post.role == Role::DepartmentOfficer).map(|post| post.department)
}
