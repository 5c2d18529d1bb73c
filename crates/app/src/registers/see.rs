//! Registers and entries as people see them: definitions for forms and lists, one entry on one page, what the
//! caller may do with it.

use super::cases::case_stage;
use super::entry::Entry;
use super::list::{entry_standing, flag_words};
use super::{everywhere, may_edit, may_inspect, sees, sees_entry, sees_personal};
use crate::app::App;
use crate::config::{Config, words};
use crate::error::AppError;
use crate::line::person_view;
use crate::ports::COMPONENTS;
use crate::view::{CaseLine, PersonView, Words};
use jiff::civil::Date;
use kernel::{Actor, Role, Timestamp};
use pack::Register;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Versions shown in an entry's history.
const HISTORY_MAX: u32 = 200;
/// Entries named as related from the other side.
const REVERSE_MAX: usize = 50;

/// A register with its definition, for forms and lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegisterView {
    pub pack: String,
    pub pack_name: Words,
    /// The register as its pack defines it.
    #[schema(value_type = Object)]
    pub register: Value,
    pub entries: u64,
    /// The caller may make entries, at least somewhere.
    pub may_edit: bool,
    pub may_inspect: bool,
    pub sees_personal: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryView {
    pub serial: u64,
    pub register: String,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub version: u32,
    pub removed: bool,
    pub state: String,
    pub state_since: i64,
    pub created_at: i64,
    pub changed_at: i64,
    pub changed_by: Option<PersonView>,
    /// WKT.
    pub place: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub grid: Option<String>,
    /// Names from the city down to the community.
    pub path: Vec<Words>,
    pub band: String,
    pub score: Option<f64>,
    pub flags: Vec<String>,
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// Fields that are filled in but hidden from the caller.
    pub hidden: Vec<String>,
    /// Words for values that are ids: people and departments.
    pub names: BTreeMap<String, Words>,
    pub documents: Vec<EntryDocumentView>,
    pub photos: Vec<String>,
    pub relations: Vec<RelatedView>,
    pub cases: Vec<EntryCaseView>,
    pub due: Vec<DueStateView>,
    pub may: MayView,
    pub made_up: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryDocumentView {
    pub document: String,
    pub number: String,
    #[schema(value_type = Option<String>, format = Date)]
    pub issued_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<Date>,
    pub file: Option<String>,
    /// Of the newest one of its kind; an older one has none.
    pub standing: Option<entry_standing::Standing>,
    /// Days left, negative when expired.
    pub days_left: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RelatedView {
    pub relation: String,
    pub title: Words,
    pub register: String,
    pub code: String,
    pub name: String,
    pub state: String,
    /// The other one names this one.
    pub reverse: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryCaseView {
    pub id: String,
    pub number: String,
    pub rule: String,
    pub at: i64,
    pub by: Option<PersonView>,
    /// By the pack's rule, not by a person.
    pub automatic: bool,
    pub stage: String,
    pub ended: bool,
    /// When the caller may see the case.
    pub line: Option<Box<CaseLine>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DueStateView {
    pub plan: String,
    #[schema(value_type = String, format = Date)]
    pub due_on: Date,
    pub due: bool,
    pub last_at: Option<i64>,
}

/// What the caller may do with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MayView {
    pub edit: bool,
    pub remove: bool,
    pub inspect: bool,
    /// Plans the caller may carry out.
    pub plans: Vec<String>,
    /// Case rules the caller may raise by hand.
    pub raise: Vec<String>,
}

/// One version of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryHistoryLine {
    pub version: u32,
    pub at: i64,
    pub by: Option<PersonView>,
    /// What changed, with personal fields left out for those who may not see them.
    #[schema(value_type = Object)]
    pub change: Value,
}

impl App {
    /// The registers the caller may see, by pack.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person.
    pub async fn registers(&self, actor: &Actor) -> Result<Vec<RegisterView>, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let config = self.config(actor.city)?;
        let counts = self.store().count_things(actor.city).await?;
        let mut views = Vec::new();
        for (id, active) in config.packs.iter().filter(|(_, active)| active.record.enabled) {
            for register in active.pack.registers.iter().filter(|register| sees(actor, register)) {
                let of = counts.iter().filter(|count| count.register == register.id);
                views.push(RegisterView {
                    pack: id.to_owned(),
                    pack_name: words(&active.pack.name),
                    register: serde_json::to_value(register).unwrap_or_default(),
                    // How many there are of a sensitive one says something about each area.
                    entries: if register.rights.sensitive && !everywhere(actor, register) {
                        self.count_seen(actor, &config, register).await?
                    } else {
                        of.map(|count| count.count).sum()
                    },
                    may_edit: actor.has(Role::SystemAdmin)
                        || register.rights.edit.iter().any(|role| actor.has(*role)),
                    may_inspect: register.rights.inspect.iter().any(|role| actor.has(*role)),
                    sees_personal: sees_personal(actor, register),
                });
            }
        }
        Ok(views)
    }

    async fn count_seen(&self, actor: &Actor, config: &Config, register: &Register) -> Result<u64, AppError> {
        let cell = self.book(actor.city, &register.id).await?;
        let book = cell.book.read();
        let seen = book
            .entries
            .values()
            .filter(|entry| !entry.removed && sees_entry(actor, config, register, &entry.body));
        Ok(seen.count() as u64)
    }

    /// One entry with everything the caller may see of it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also for an entry that is hidden from the caller.
    pub async fn see_entry(&self, actor: &Actor, register: &str, code: &str) -> Result<EntryView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        let today = self.today(&config);
        let day_of = |ms: i64| config.calendar.local_date(Timestamp(ms));
        let body = &entry.body;
        let personal = sees_personal(actor, &register);
        let hides = |id: &str| !personal && register.field(id).is_some_and(|field| field.personal);
        let fields: Map<String, Value> =
            body.fields.iter().filter(|(id, _)| !hides(id)).map(|(id, v)| (id.clone(), v.clone())).collect();
        let hidden = body.fields.keys().filter(|id| hides(id)).cloned().collect();
        let grid = body.grid();
        let point = body.point();
        let edit = !entry.removed && may_edit(actor, &config, &register, body);
        let inspect = !entry.removed
            && !register.is_closed(&body.state)
            && may_inspect(actor, &config, &register, body);
        let plans = register
            .inspections
            .iter()
            .filter(|plan| inspect && plan.roles.iter().any(|role| actor.has(*role)));
        let raises = reports(actor) && !entry.removed && !register.is_closed(&body.state);
        let due = register.inspections.iter().filter_map(|plan| {
            let due_on = entry.due_on(&register, plan, today, day_of)?;
            let last_at = body.inspected.get(&plan.id).copied();
            Some(DueStateView { plan: plan.id.clone(), due_on, due: due_on <= today, last_at })
        });
        Ok(EntryView {
            serial: entry.serial,
            register: register.id.clone(),
            code: entry.code.clone(),
            name: entry.name.clone(),
            kind: entry.kind.clone(),
            version: entry.version,
            removed: entry.removed,
            state: body.state.clone(),
            state_since: body.state_since,
            created_at: body.created_at,
            changed_at: entry.changed_at.millis(),
            changed_by: entry.changed_by.map(|id| person_view(&config, id)),
            place: body.place.clone(),
            lng: point.map(|(lng, _)| lng),
            lat: point.map(|(_, lat)| lat),
            path: grid
                .as_ref()
                .map(|grid| config.divisions.path(grid).into_iter().map(words).collect())
                .unwrap_or_default(),
            grid: body.grid.clone(),
            band: body.band.clone().unwrap_or_else(|| "grey".to_owned()),
            score: body.score,
            flags: flag_words(entry.flags(&register, today, day_of)),
            names: names(&config, &register, &fields),
            fields,
            hidden,
            documents: documents(&register, &entry, today),
            photos: body.photos.clone(),
            relations: self.related(actor, &config, &register, &entry).await?,
            cases: self.entry_cases(actor, &config, &entry).await?,
            due: due.collect(),
            may: MayView {
                edit,
                remove: edit && actor.has(Role::SystemAdmin),
                inspect,
                plans: plans.map(|plan| plan.id.clone()).collect(),
                raise: register
                    .cases
                    .iter()
                    .filter(|rule| rule.by_hand && raises)
                    .map(|rule| rule.id.clone())
                    .collect(),
            },
            made_up: body.made_up,
        })
    }

    /// Every version of an entry, newest first.
    ///
    /// # Errors
    /// As [`App::see_entry`].
    pub async fn entry_history(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
    ) -> Result<Vec<EntryHistoryLine>, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        let personal = sees_personal(actor, &register);
        let versions = self.store().thing_history(actor.city, entry.serial, HISTORY_MAX).await?;
        let lines = versions.into_iter().map(|thing| {
            let mut change: Value = serde_json::from_str(&thing.change).unwrap_or_default();
            if let Some(fields) = change.get_mut("fields").and_then(Value::as_object_mut) {
                fields.retain(|id, _| personal || register.field(id).is_none_or(|field| !field.personal));
            }
            EntryHistoryLine {
                version: thing.version,
                at: thing.changed_at.millis(),
                by: thing.changed_by.map(|id| person_view(&config, id)),
                change,
            }
        });
        Ok(lines.collect())
    }

    async fn entry_cases(
        &self,
        actor: &Actor,
        config: &Config,
        entry: &Entry,
    ) -> Result<Vec<EntryCaseView>, AppError> {
        let mut views = Vec::new();
        for known in entry.body.cases.iter().rev() {
            let stored = match known.id.parse() {
                Ok(id) => self.store().case(actor.city, id).await?,
                Err(_) => None,
            };
            let seen = stored.as_ref().filter(|s| self.may_see(actor, config, s.serial, &s.case));
            let (stage, ended) = case_stage(known, stored.as_ref().map(|stored| &stored.case));
            views.push(EntryCaseView {
                id: known.id.clone(),
                number: known.number.clone(),
                rule: known.rule.clone(),
                at: known.at,
                by: known.by.map(|id| person_view(config, kernel::PersonId(id))),
                automatic: known.by.is_none(),
                stage,
                ended,
                line: seen.map(|stored| Box::new(self.line_of(actor, config, &stored.case))),
            });
        }
        Ok(views)
    }

    /// Entries this one names, and those that name it.
    async fn related(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
        entry: &Entry,
    ) -> Result<Vec<RelatedView>, AppError> {
        let mut found = Vec::new();
        for relation in &register.relations {
            for code in entry.body.relations.get(&relation.id).into_iter().flatten() {
                let mut view = RelatedView {
                    relation: relation.id.clone(),
                    title: words(&relation.name),
                    register: relation.register.clone(),
                    code: code.clone(),
                    name: String::new(),
                    state: String::new(),
                    reverse: false,
                };
                if relation.register == COMPONENTS {
                    let thing = self.store().thing_by_code(actor.city, COMPONENTS, code).await?;
                    view.name = thing.map(|thing| thing.name).unwrap_or_default();
                } else if let Some(other) =
                    config.packs.register(&relation.register).filter(|other| sees(actor, other))
                {
                    let cell = self.book(actor.city, &other.id).await?;
                    let book = cell.book.read();
                    let named = book.entries.get(code);
                    if let Some(named) = named.filter(|named| sees_entry(actor, config, other, &named.body)) {
                        view.name.clone_from(&named.name);
                        view.state.clone_from(&named.body.state);
                    }
                }
                found.push(view);
            }
        }
        for other in config.packs.registers().filter(|other| sees(actor, other)) {
            for relation in other.relations.iter().filter(|relation| relation.register == register.id) {
                let cell = self.book(actor.city, &other.id).await?;
                let book = cell.book.read();
                let naming = book.entries.values().filter(|one| {
                    !one.removed
                        && sees_entry(actor, config, other, &one.body)
                        && one
                            .body
                            .relations
                            .get(&relation.id)
                            .is_some_and(|codes| codes.contains(&entry.code))
                });
                found.extend(naming.take(REVERSE_MAX).map(|one| RelatedView {
                    relation: relation.id.clone(),
                    title: words(&relation.reverse),
                    register: other.id.clone(),
                    code: one.code.clone(),
                    name: one.name.clone(),
                    state: one.body.state.clone(),
                    reverse: true,
                }));
            }
        }
        Ok(found)
    }
}

/// Somebody whose reports become cases.
fn reports(actor: &Actor) -> bool {
    [
        Role::Collector,
        Role::IntakeOperator,
        Role::Leader,
        Role::Supervisor,
        Role::DepartmentOfficer,
        Role::Handler,
    ]
    .iter()
    .any(|role| actor.has(*role))
}

fn names(config: &Config, register: &Register, fields: &Map<String, Value>) -> BTreeMap<String, Words> {
    let mut names = BTreeMap::new();
    for field in &register.fields {
        let Some(id) = fields.get(&field.id).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok())
        else {
            continue;
        };
        match field.kind {
            pack::FieldType::Person => {
                names.insert(field.id.clone(), config.person_name(kernel::PersonId(id)));
            }
            pack::FieldType::Department => {
                names.insert(field.id.clone(), config.department_name(kernel::DepartmentId(id)));
            }
            _ => {}
        }
    }
    names
}

fn documents(register: &Register, entry: &Entry, today: Date) -> Vec<EntryDocumentView> {
    let held = &entry.body.documents;
    let mut views: Vec<EntryDocumentView> = held
        .iter()
        .map(|one| {
            let newest = register
                .document(&one.document)
                .and_then(|document| pack::entry::standing(document, held, today))
                .filter(|(_, newest)| newest.is_some_and(|newest| newest == one));
            EntryDocumentView {
                document: one.document.clone(),
                number: one.number.clone(),
                issued_on: one.issued_on,
                expires_on: one.expires_on,
                file: one.file.clone(),
                standing: newest.map(|(standing, _)| standing.into()),
                days_left: one.expires_on.map(|last| last.since(today).map_or(0, |span| span.get_days())),
            }
        })
        .collect();
    for document in &register.documents {
        if let Some((pack::entry::Standing::Missing, _)) = pack::entry::standing(document, held, today) {
            views.push(EntryDocumentView {
                document: document.id.clone(),
                number: String::new(),
                issued_on: None,
                expires_on: None,
                file: None,
                standing: Some(entry_standing::Standing::Missing),
                days_left: None,
            });
        }
    }
    views
}
