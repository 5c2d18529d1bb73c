//! Entries are made, changed, moved, closed. Every wrong field is named; what a pack no longer knows may stay as it
//! was; every step is a version with what changed.

use super::book::Book;
use super::entry::{Body, Entry, anchor};
use super::see::EntryView;
use super::{keeps, may_edit, sees_entry};
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{COMPONENTS, PutThing, PutThings};
use city::component::Place;
use jiff::civil::Date;
use kernel::{Actor, AttachmentId, Cgcs2000, CityCode, PersonId, Point, Role, Timestamp};
use pack::entry::{Held, check_documents, check_values, colour};
use pack::score::{Inspected, score};
use pack::{FieldType, Geometry, Register};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

const NAME_MAX: usize = 100;
const REASON_MAX: usize = 500;
const PHOTOS_MAX: usize = 20;
const DOCUMENTS_MAX: usize = 60;
/// Related entries of one relation.
const RELATED_MAX: usize = 50;
/// Characters of a place: a polygon with some hundred vertices.
const PLACE_MAX: usize = 20_000;

/// A document of an entry, as sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldIn {
    /// Id of the pack's document.
    #[schema(max_length = 40)]
    pub document: String,
    #[serde(default)]
    #[schema(max_length = 80)]
    pub number: String,
    #[schema(value_type = Option<String>, format = Date)]
    pub issued_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<Date>,
    /// A photo of it.
    pub file: Option<String>,
}

/// A new entry.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryIn {
    /// UUIDv7 made by the client; the same again makes no second entry.
    pub id: Uuid,
    #[schema(max_length = 100)]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 40)]
    pub kind: String,
    /// WKT in degrees, such as `POINT(116.39 39.91)`.
    #[schema(max_length = 20000)]
    pub place: String,
    /// The register's first state when left out.
    #[schema(max_length = 40)]
    pub state: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    #[serde(default)]
    #[schema(max_items = 60)]
    pub documents: Vec<HeldIn>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub photos: Vec<String>,
    /// Codes of related entries, by relation.
    #[serde(default)]
    pub relations: BTreeMap<String, Vec<String>>,
    /// Set by the demonstration only.
    #[serde(skip)]
    pub made_up: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct EntryStepRequest {
    /// UUIDv7 made by the client; the same again changes nothing.
    pub id: Uuid,
    /// Version the caller saw.
    pub expected_version: u32,
    #[serde(flatten)]
    pub step: EntryStepIn,
}

/// One step on an entry; `step` names it.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum EntryStepIn {
    /// What is left out stays; a field sent as null is emptied.
    Change {
        #[schema(max_length = 100)]
        name: Option<String>,
        #[schema(max_length = 40)]
        kind: Option<String>,
        #[serde(default)]
        #[schema(value_type = Object)]
        fields: Map<String, Value>,
        documents: Option<Vec<HeldIn>>,
        photos: Option<Vec<String>>,
        relations: Option<BTreeMap<String, Vec<String>>>,
    },
    Move {
        #[schema(max_length = 20000)]
        place: String,
    },
    /// Into another state of the pack, closed ones included.
    State {
        #[schema(max_length = 40)]
        state: String,
        #[serde(default)]
        #[schema(max_length = 500)]
        reason: String,
    },
    /// Taken off the register because it should never have stood there.
    Remove {
        #[schema(max_length = 500)]
        reason: String,
    },
}

/// What is about to be written.
pub(super) struct Draft {
    pub name: String,
    pub kind: String,
    pub body: Body,
}

impl App {
    /// Makes an entry.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field, [`AppError::Forbidden`] without the right to keep such entries.
    pub async fn create_entry(
        &self,
        actor: &Actor,
        register: &str,
        sent: EntryIn,
    ) -> Result<EntryView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let now = self.now();
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        let (place, grid) = self.entry_place(&config, &register, &sent.place, &mut problems);
        let state = sent.state.unwrap_or_else(|| first_state(&register));
        let mut fields = sent.fields;
        trim(&mut fields);
        own_department(actor, &config, &register, &mut fields);
        let body = Body {
            place,
            grid,
            state,
            created_at: now.millis(),
            state_since: now.millis(),
            fields,
            documents: sent.documents.into_iter().map(held).collect(),
            photos: sent.photos,
            relations: sent.relations,
            made_up: sent.made_up && actor.is_system(),
            ..Body::default()
        };
        let draft = Draft { name: sent.name.trim().to_owned(), kind: sent.kind, body };
        if !may_edit(actor, &config, &register, &draft.body) && problems.is_empty() {
            return Err(AppError::Forbidden("make entries of this register here"));
        }
        self.check_draft(actor.city, &config, &register, &draft, None, &mut problems).await?;
        problems.done()?;
        let code = self.next_code(actor.city, &register, draft.body.grid.as_deref()).await?;
        let mut entry = Entry {
            serial: 0,
            code,
            name: draft.name,
            kind: draft.kind,
            version: 0,
            removed: false,
            changed_at: now,
            changed_by: actor.person_id(),
            body: draft.body,
        };
        let cell = self.book(actor.city, &register.id).await?;
        self.derive(&config, &register, &mut entry, &cell.book.read());
        let change = json!({ "what": "created" });
        let put = put_of(&register, &entry, true, &change);
        let puts = PutThings {
            city: actor.city,
            by: actor.person_id(),
            at: now,
            command: Some(sent.id),
            puts: vec![put],
        };
        let done = self.commit_things(puts).await?;
        let serial = done.first().map(|done| done.serial).unwrap_or_default();
        // Sent twice: the first one's code counts.
        let stored = self.store().thing(actor.city, serial).await?.ok_or(AppError::NotFound("entry"))?;
        self.see_entry(actor, &register.id, &stored.code).await
    }

    /// Takes a step on an entry.
    ///
    /// # Errors
    /// [`AppError::Stale`] when somebody else changed it since, [`AppError::Invalid`] with every wrong field.
    pub async fn step_entry(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        sent: EntryStepRequest,
    ) -> Result<EntryView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let before = self.entry(actor, &config, &register, code).await?;
        if !may_edit(actor, &config, &register, &before.body) {
            return Err(AppError::Forbidden("change this entry"));
        }
        if before.removed {
            return Err(AppError::NotFound("entry"));
        }
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        let mut entry = (*before).clone();
        let change = match sent.step {
            EntryStepIn::Change { name, kind, fields, documents, photos, relations } => {
                entry.name = name.map_or(entry.name, |name| name.trim().to_owned());
                entry.kind = kind.unwrap_or(entry.kind);
                merge(&mut entry.body.fields, fields);
                if let Some(sent) = documents {
                    entry.body.documents = sent.into_iter().map(held).collect();
                }
                entry.body.photos = photos.unwrap_or(entry.body.photos);
                entry.body.relations = relations.unwrap_or(entry.body.relations);
                changed(&before, &entry)
            }
            EntryStepIn::Move { place } => {
                let (place, grid) = self.entry_place(&config, &register, &place, &mut problems);
                let change = json!({ "what": "moved", "from": before.body.place, "to": place });
                entry.body.place = place;
                entry.body.grid = grid;
                change
            }
            EntryStepIn::State { state, reason } => {
                problems.bounded("reason", &reason, REASON_MAX);
                let change =
                    json!({ "what": "state", "from": before.body.state, "to": state, "reason": reason });
                entry.body.state = state;
                entry.body.state_since = self.now().millis();
                change
            }
            EntryStepIn::Remove { reason } => {
                if !actor.is_system() && !actor.has(Role::SystemAdmin) {
                    return Err(AppError::Forbidden("take an entry off the register"));
                }
                problems.bounded("reason", &reason, REASON_MAX);
                if reason.trim().is_empty() {
                    problems.add("reason", "required");
                }
                entry.removed = true;
                json!({ "what": "removed", "reason": reason })
            }
        };
        let draft = Draft { name: entry.name.clone(), kind: entry.kind.clone(), body: entry.body.clone() };
        self.check_draft(actor.city, &config, &register, &draft, Some(&before), &mut problems).await?;
        problems.done()?;
        if !may_edit(actor, &config, &register, &entry.body) {
            return Err(AppError::Forbidden("give this entry away"));
        }
        entry.version = sent.expected_version;
        self.save_entry(actor.city, actor.person_id(), &config, &register, entry, &change, Some(sent.id))
            .await?;
        self.see_entry(actor, &register.id, code).await
    }

    /// The entry, if the actor may see it; hidden ones look like missing ones.
    pub(super) async fn entry(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
        code: &str,
    ) -> Result<Arc<Entry>, AppError> {
        let cell = self.book(actor.city, &register.id).await?;
        let found = cell.book.read().entries.get(code).cloned();
        found
            .filter(|entry| sees_entry(actor, config, register, &entry.body))
            .ok_or(AppError::NotFound("entry"))
    }

    /// Writes the next version of an entry; `entry.version` is the one it was made from.
    #[allow(clippy::too_many_arguments)] // who, when and which city stand apart from the entry
    pub(super) async fn save_entry(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        config: &Config,
        register: &Register,
        mut entry: Entry,
        change: &Value,
        command: Option<Uuid>,
    ) -> Result<(), AppError> {
        let cell = self.book(city, &register.id).await?;
        self.derive(config, register, &mut entry, &cell.book.read());
        let puts = vec![put_of(register, &entry, false, change)];
        self.commit_things(PutThings { city, by, at: self.now(), command, puts }).await?;
        Ok(())
    }

    /// Flags, score and colour as they are today.
    pub(super) fn derive(&self, config: &Config, register: &Register, entry: &mut Entry, book: &Book) {
        let today = self.today(config);
        entry.body.score = register.rating.as_ref().map(|rating| {
            let since = self.now().millis() - i64::from(rating.period_days) * 86_400_000;
            let (deductions, inspected) = book.record_of(&entry.code, since, i64::MAX);
            score(rating, &deductions, &inspected)
        });
        let day_of = |ms: i64| config.calendar.local_date(Timestamp(ms));
        entry.body.flags = entry.flags(register, today, day_of);
        let shade = colour(register, &entry.body.state, entry.body.score, entry.body.flags);
        entry.body.band = Some(shade.as_str().to_owned());
    }

    /// The place as it is stored, and the unit grid it lies in.
    pub(super) fn entry_place(
        &self,
        config: &Config,
        register: &Register,
        sent: &str,
        problems: &mut Problems,
    ) -> (String, Option<String>) {
        problems.bounded("place", sent, PLACE_MAX);
        if sent.trim().is_empty() {
            problems.add("place", "required");
            return (String::new(), None);
        }
        let place = match Place::from_wkt(sent) {
            Ok(place) => place,
            Err(problem) => {
                problems.push(
                    FieldProblem::new("place", problem.code)
                        .with("zh", problem.message.zh)
                        .with("en", problem.message.en),
                );
                return (String::new(), None);
            }
        };
        let fits = matches!(
            (&place, register.geometry),
            (Place::Point(_), Geometry::Point)
                | (Place::Line(_), Geometry::Line)
                | (Place::Polygon(_), Geometry::Polygon)
        );
        if !fits {
            problems.add("place", "wrong_geometry");
        }
        let grid = anchor(&place).and_then(|(lng, lat)| {
            let [west, south, east, north] = config.settings.bounds;
            if lng < west || lng > east || lat < south || lat > north {
                problems.add("place", "outside_city");
                return None;
            }
            let grid = Point::<Cgcs2000>::new(lng, lat).and_then(|point| config.grids.at(point).cloned());
            if grid.is_none() {
                problems.add("place", "outside_grids");
            }
            grid
        });
        (place.to_string(), grid.map(|grid| grid.to_string()))
    }

    async fn next_code(
        &self,
        city: CityCode,
        register: &Register,
        grid: Option<&str>,
    ) -> Result<String, AppError> {
        let division = division_of(register, grid);
        let division = division.ok_or_else(|| AppError::invalid("place", "outside_grids"))?;
        let number = self.store().take_sequence(city, &sequence_of(register, division), 1).await?;
        Ok(code_of(register, division, number))
    }

    pub(super) async fn check_draft(
        &self,
        city: CityCode,
        config: &Config,
        register: &Register,
        draft: &Draft,
        before: Option<&Entry>,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        problems.bounded("name", &draft.name, NAME_MAX);
        if draft.name.is_empty() {
            problems.add("name", "required");
        }
        let body = &draft.body;
        let same_kind = before.is_some_and(|before| before.kind == draft.kind);
        if register.kinds.is_empty() {
            if !draft.kind.is_empty() && !same_kind {
                problems.add("kind", "unknown_kind");
            }
        } else if draft.kind.is_empty() {
            problems.add("kind", "required");
        } else if register.kinds.iter().all(|kind| kind.id != draft.kind) && !same_kind {
            problems.add("kind", "unknown_kind");
        }
        let same_state = before.is_some_and(|before| before.body.state == body.state);
        if register.state(&body.state).is_none() && !same_state {
            problems.add("state", "unknown_state");
        }
        for found in check_values(register, &body.fields, before.map(|before| &before.body.fields)) {
            let field = format!("fields.{}", found.field);
            problems.push(with_params(FieldProblem::new(field, found.code), found.params));
        }
        if body.documents.len() > DOCUMENTS_MAX {
            problems.push(FieldProblem::new("documents", "too_many").with("max", DOCUMENTS_MAX as u64));
        }
        let held_before = before.map(|before| before.body.documents.as_slice()).unwrap_or_default();
        for found in check_documents(register, &body.documents, held_before) {
            problems.push(with_params(FieldProblem::new(found.field, found.code), found.params));
        }
        let entry = Entry {
            serial: 0,
            code: String::new(),
            name: draft.name.clone(),
            kind: draft.kind.clone(),
            version: 0,
            removed: false,
            changed_at: self.now(),
            changed_by: None,
            body: body.clone(),
        };
        let facts = entry.facts(self.today(config));
        for check in register.checks.iter().filter(|check| !check.holds.holds(&facts, register)) {
            problems.push(
                FieldProblem::new(format!("fields.{}", check.field), "pack_check")
                    .with("zh", check.message.zh.clone())
                    .with("en", check.message.en.clone()),
            );
        }
        self.check_references(city, config, register, body, before, problems).await
    }

    /// What an entry points to exists: people, departments, other entries, photos.
    async fn check_references(
        &self,
        city: CityCode,
        config: &Config,
        register: &Register,
        body: &Body,
        before: Option<&Entry>,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        let unchanged =
            |id: &str| before.is_some_and(|before| before.body.fields.get(id) == body.fields.get(id));
        let mut files: Vec<(String, &str)> = Vec::new();
        for field in register.fields.iter().filter(|field| !field.retired && !unchanged(&field.id)) {
            let Some(value) = body.fields.get(&field.id) else { continue };
            let path = format!("fields.{}", field.id);
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            match field.kind {
                FieldType::Person if number.is_none_or(|id| !config.people.contains_key(&PersonId(id))) => {
                    problems.add(path, "unknown_person");
                }
                FieldType::Department
                    if number
                        .is_none_or(|id| config.organisation.get(kernel::DepartmentId(id)).is_none()) =>
                {
                    problems.add(path, "unknown_department");
                }
                FieldType::Reference => {
                    let target = field.register.as_deref().unwrap_or_default();
                    let code = value.as_str().unwrap_or_default();
                    if !code.is_empty() && !self.entry_exists(city, target, code).await? {
                        problems.add(path, "unknown_entry");
                    }
                }
                FieldType::Photo | FieldType::Documents => {
                    let ids = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                    files.extend(ids.enumerate().map(|(i, id)| (format!("{path}[{i}]"), id)));
                }
                _ => {}
            }
        }
        for (relation, codes) in &body.relations {
            let path = format!("relations.{relation}");
            if before.is_some_and(|before| before.body.relations.get(relation) == Some(codes)) {
                continue;
            }
            let Some(known) = register.relations.iter().find(|known| known.id == *relation) else {
                problems.add(path, "unknown_relation");
                continue;
            };
            let max = if known.many { RELATED_MAX } else { 1 };
            if codes.len() > max {
                problems.push(FieldProblem::new(path, "too_many").with("max", max as u64));
                continue;
            }
            for (i, code) in codes.iter().enumerate() {
                if !self.entry_exists(city, &known.register, code).await? {
                    problems.add(format!("{path}[{i}]"), "unknown_entry");
                }
            }
        }
        if body.photos.len() > PHOTOS_MAX {
            problems.push(FieldProblem::new("photos", "too_many").with("max", PHOTOS_MAX as u64));
        } else {
            files.extend(body.photos.iter().enumerate().map(|(i, id)| (format!("photos[{i}]"), id.as_str())));
        }
        for (i, held) in body.documents.iter().enumerate().take(DOCUMENTS_MAX) {
            files.extend(held.file.iter().map(|id| (format!("documents[{i}].file"), id.as_str())));
        }
        self.check_files(city, &files, problems).await
    }

    /// Attachments that were uploaded.
    pub(super) async fn check_files(
        &self,
        city: CityCode,
        files: &[(String, &str)],
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        for (path, id) in files {
            if AttachmentId::try_from((*id).to_owned()).is_err() {
                problems.add(path.clone(), "not_an_attachment");
            } else if self.store().attachment(city, id).await?.is_none() {
                problems.add(path.clone(), "unknown_attachment");
            }
        }
        Ok(())
    }

    async fn entry_exists(&self, city: CityCode, register: &str, code: &str) -> Result<bool, AppError> {
        if register == COMPONENTS {
            let found = self.store().thing_by_code(city, register, code).await?;
            return Ok(found.is_some_and(|thing| !thing.removed));
        }
        let cell = self.book(city, register).await?;
        let book = cell.book.read();
        Ok(book.entries.get(code).is_some_and(|entry| !entry.removed))
    }
}

impl Book {
    /// What counts for an entry's score between two moments: deductions and inspections.
    pub(super) fn record_of(&self, code: &str, from: i64, to: i64) -> (Vec<u32>, Vec<Inspected>) {
        let within = |at: i64| at >= from && at <= to;
        let offences = self.offences.get(code).into_iter().flatten();
        let deductions = offences
            .filter(|offence| within(offence.at) && offence.withdrawn.is_none())
            .map(|offence| offence.deduction);
        let inspections = self.inspections.get(code).into_iter().flatten();
        let inspected = inspections
            .filter(|one| within(one.at))
            .map(|one| Inspected { reached: one.reached, possible: one.possible });
        (deductions.collect(), inspected.collect())
    }
}

pub(super) fn put_of(register: &Register, entry: &Entry, new: bool, change: &Value) -> PutThing {
    PutThing {
        serial: (!new).then_some(entry.serial),
        register: register.id.clone(),
        code: entry.code.clone(),
        name: entry.name.clone(),
        class: entry.kind.clone(),
        expected_version: entry.version,
        removed: entry.removed,
        change: change.to_string(),
        body: serde_json::to_string(&entry.body).unwrap_or_default(),
    }
}

/// The division whose codes an entry in this grid gets.
pub(super) fn division_of<'a>(register: &Register, grid: Option<&'a str>) -> Option<&'a str> {
    grid.and_then(|grid| grid.get(..register.code.level.digits()))
}

pub(super) fn sequence_of(register: &Register, division: &str) -> String {
    format!("{}/{division}", register.id)
}

pub(super) fn code_of(register: &Register, division: &str, number: u64) -> String {
    let width = usize::from(register.code.digits);
    format!("{division}{}{number:0width$}", register.code.prefix)
}

pub(super) fn first_state(register: &Register) -> String {
    register.states.first().map(|state| state.id.clone()).unwrap_or_default()
}

fn held(sent: HeldIn) -> Held {
    Held {
        document: sent.document,
        number: sent.number.trim().to_owned(),
        issued_on: sent.issued_on,
        expires_on: sent.expires_on,
        file: sent.file.filter(|file| !file.is_empty()),
    }
}

/// Empty texts and nulls are no values.
fn trim(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => {
            *text = text.trim().to_owned();
            !text.is_empty()
        }
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
}

/// Values sent take the place of those there; null and empty ones remove them.
fn merge(fields: &mut Map<String, Value>, sent: Map<String, Value>) {
    for (id, value) in sent {
        fields.insert(id, value);
    }
    trim(fields);
}

/// An officer's new entry belongs to the officer's department unless another of its own is named.
fn own_department(actor: &Actor, config: &Config, register: &Register, fields: &mut Map<String, Value>) {
    let Some(keeper) = &register.rights.keeper else { return };
    if fields.contains_key(keeper) || actor.has(Role::SystemAdmin) {
        return;
    }
    let own = actor.posts().iter().find(|post| register.rights.edit.contains(&post.role));
    if let Some(post) = own.filter(|post| keeps(actor, config, u64::from(post.department.0))) {
        fields.insert(keeper.clone(), json!(post.department.0));
    }
}

/// What differs between two versions, in words the history can show.
pub(super) fn changed(before: &Entry, after: &Entry) -> Value {
    let mut fields = Map::new();
    let keys = before.body.fields.keys().chain(after.body.fields.keys());
    for id in keys {
        let (from, to) = (before.body.fields.get(id), after.body.fields.get(id));
        if from != to {
            fields.insert(id.clone(), json!({ "from": from, "to": to }));
        }
    }
    let mut change = json!({ "what": "changed", "fields": fields });
    if before.name != after.name {
        change["name"] = json!({ "from": before.name, "to": after.name });
    }
    if before.kind != after.kind {
        change["kind"] = json!({ "from": before.kind, "to": after.kind });
    }
    for (key, differs) in [
        ("documents", before.body.documents != after.body.documents),
        ("photos", before.body.photos != after.body.photos),
        ("relations", before.body.relations != after.body.relations),
    ] {
        if differs {
            change[key] = json!(true);
        }
    }
    change
}

pub(super) fn with_params(mut problem: FieldProblem, params: Vec<(&'static str, Value)>) -> FieldProblem {
    for (name, value) in params {
        problem = problem.with(name, value);
    }
    problem
}
