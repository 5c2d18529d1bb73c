//! Inspections (检查) answer a checklist; offences (违规) break a duty and cost points. Both are rows of their own,
//! so that an entry's history stays short.

use super::book::Versioned;
use super::entry::Entry;
use super::{INSPECTIONS, OFFENCES, may_inspect};
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::ports::{PutThing, PutThings, StoreError, StoredThing};
use crate::step::Position;
use crate::view::PersonView;
use jiff::civil::Date;
use kernel::{Actor, Timestamp};
use pack::Register;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const NOTE_MAX: usize = 500;
const PHOTOS_MAX: usize = 6;
/// Inspections and offences shown with an entry.
const SHOWN: usize = 100;
/// How often a write that met another one is tried again.
const TRIES: usize = 4;

/// An inspection as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    #[serde(skip)]
    pub code: String,
    #[serde(skip)]
    pub version: u32,
    pub entry: String,
    pub plan: String,
    pub at: i64,
    pub by: Option<u32>,
    pub answers: Vec<Answer>,
    pub reached: u32,
    pub possible: u32,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub lng: Option<f64>,
    #[serde(default)]
    pub lat: Option<f64>,
    #[serde(default)]
    pub made_up: bool,
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub item: String,
    pub passed: bool,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub photos: Vec<String>,
}

/// An offence as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Offence {
    #[serde(skip)]
    pub code: String,
    #[serde(skip)]
    pub version: u32,
    #[serde(skip)]
    pub serial: u64,
    pub entry: String,
    pub duty: String,
    pub offence: String,
    pub deduction: u32,
    pub at: i64,
    pub by: Option<u32>,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub photos: Vec<String>,
    /// The inspection that found it.
    #[serde(default)]
    pub inspection: Option<String>,
    #[serde(default)]
    pub case: Option<String>,
    #[serde(default)]
    pub withdrawn: Option<Withdrawn>,
    #[serde(default)]
    pub made_up: bool,
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Withdrawn {
    pub at: i64,
    pub by: Option<u32>,
    pub reason: String,
}

fn corrupt(thing: &StoredThing, why: &serde_json::Error) -> AppError {
    AppError::Store(StoreError::Corrupt {
        table: "thing",
        id: format!("{}/{}", thing.register, thing.code),
        why: why.to_string(),
    })
}

impl Inspection {
    pub fn read(thing: &StoredThing) -> Result<Self, AppError> {
        let found: Self = serde_json::from_str(&thing.body).map_err(|why| corrupt(thing, &why))?;
        Ok(Self { code: thing.code.clone(), version: thing.version, ..found })
    }
}

impl Offence {
    pub fn read(thing: &StoredThing) -> Result<Self, AppError> {
        let found: Self = serde_json::from_str(&thing.body).map_err(|why| corrupt(thing, &why))?;
        Ok(Self { code: thing.code.clone(), version: thing.version, serial: thing.serial, ..found })
    }
}

impl Versioned for Inspection {
    fn code(&self) -> &str {
        &self.code
    }
    fn version(&self) -> u32 {
        self.version
    }
}

impl Versioned for Offence {
    fn code(&self) -> &str {
        &self.code
    }
    fn version(&self) -> u32 {
        self.version
    }
}

/// An inspection carried out.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectIn {
    /// UUIDv7 made by the client; the same again records nothing.
    pub id: Uuid,
    #[schema(max_length = 40)]
    pub plan: String,
    /// One for each item of the checklist.
    #[schema(max_items = 200)]
    pub answers: Vec<ItemAnswerIn>,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    /// Record the offences that failed items stand for.
    #[serde(default)]
    pub record_offences: bool,
    pub position: Option<Position>,
    /// When it was carried out; the demonstration only.
    #[serde(skip)]
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemAnswerIn {
    #[schema(max_length = 40)]
    pub item: String,
    pub passed: bool,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    #[serde(default)]
    #[schema(max_items = 6)]
    pub photos: Vec<String>,
}

/// An offence found.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffenceIn {
    /// UUIDv7 made by the client; the same again records nothing.
    pub id: Uuid,
    #[schema(max_length = 40)]
    pub offence: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    #[serde(default)]
    #[schema(max_items = 6)]
    pub photos: Vec<String>,
    /// A case raised with it.
    pub case: Option<String>,
    /// When it was found; the demonstration only.
    #[serde(skip)]
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawIn {
    #[schema(max_length = 500)]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InspectionView {
    pub code: String,
    pub plan: String,
    pub at: i64,
    pub by: Option<PersonView>,
    pub reached: u32,
    pub possible: u32,
    pub note: String,
    pub answers: Vec<ItemAnswerView>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub made_up: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ItemAnswerView {
    pub item: String,
    pub passed: bool,
    pub note: String,
    pub photos: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OffenceView {
    pub code: String,
    pub duty: String,
    pub offence: String,
    pub deduction: u32,
    pub at: i64,
    pub by: Option<PersonView>,
    pub note: String,
    pub photos: Vec<String>,
    pub inspection: Option<String>,
    pub case: Option<String>,
    pub withdrawn_at: Option<i64>,
    pub withdrawn_by: Option<PersonView>,
    pub withdrawn_reason: Option<String>,
    pub made_up: bool,
}

/// Inspections and offences of an entry, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordsView {
    pub inspections: Vec<InspectionView>,
    pub offences: Vec<OffenceView>,
    /// As it is after them.
    pub score: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    #[param(max_length = 40)]
    pub plan: Option<String>,
    /// Division or grid code.
    #[param(max_length = 15)]
    pub area: Option<String>,
    /// Also what falls due within so many days.
    #[param(minimum = 0, maximum = 366)]
    pub within_days: Option<u32>,
    /// Code of the last line seen.
    #[param(max_length = 40)]
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DuePage {
    pub items: Vec<DueView>,
    pub next: Option<String>,
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DueView {
    pub code: String,
    pub name: String,
    pub plan: String,
    #[schema(value_type = String, format = Date)]
    pub due_on: Date,
    pub overdue_days: i32,
    pub last_at: Option<i64>,
    pub grid: Option<String>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
}

impl App {
    /// Records an inspection: every item answered, photos where the pack asks for them.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field, [`AppError::Forbidden`] without the right to inspect here.
    pub async fn inspect_entry(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        sent: InspectIn,
    ) -> Result<RecordsView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        if entry.removed || !may_inspect(actor, &config, &register, &entry.body) {
            return Err(AppError::Forbidden("inspect this entry"));
        }
        let plan = register.plan(&sent.plan).ok_or_else(|| AppError::invalid("plan", "unknown_plan"))?;
        if !actor.is_system() && !plan.roles.iter().any(|role| actor.has(*role)) {
            return Err(AppError::Forbidden("carry out this plan"));
        }
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        problems.bounded("note", &sent.note, NOTE_MAX);
        let mut files = Vec::new();
        for (i, answer) in sent.answers.iter().enumerate() {
            let path = format!("answers[{i}]");
            let Some(item) = plan.items.iter().find(|item| item.id == answer.item) else {
                problems.add(format!("{path}.item"), "unknown_item");
                continue;
            };
            problems.bounded(&format!("{path}.note"), &answer.note, NOTE_MAX);
            if answer.photos.len() > PHOTOS_MAX {
                let problem = FieldProblem::new(format!("{path}.photos"), "too_many");
                problems.push(problem.with("max", PHOTOS_MAX as u64));
            }
            if item.photo && !answer.passed && answer.photos.is_empty() && !actor.is_system() {
                problems.add(format!("{path}.photos"), "photo_required");
            }
            let photos = answer.photos.iter().enumerate();
            files.extend(photos.map(|(n, id)| (format!("{path}.photos[{n}]"), id.as_str())));
        }
        let answered: BTreeSet<&str> = sent.answers.iter().map(|answer| answer.item.as_str()).collect();
        if answered.len() < sent.answers.len() {
            problems.add("answers", "answered_twice");
        }
        for item in plan.items.iter().filter(|item| !answered.contains(item.id.as_str())) {
            problems.add(format!("answers.{}", item.id), "required");
        }
        self.check_files(actor.city, &files, &mut problems).await?;
        problems.done()?;
        let at = sent.at.filter(|_| actor.is_system()).unwrap_or_else(|| self.now()).millis();
        let points = |passed: bool| -> u32 {
            let counts = |answer: &&ItemAnswerIn| !passed || answer.passed;
            let given = sent.answers.iter().filter(counts);
            given
                .filter_map(|answer| plan.items.iter().find(|item| item.id == answer.item))
                .map(|item| item.points)
                .sum()
        };
        let inspection = Inspection {
            code: String::new(),
            version: 0,
            entry: entry.code.clone(),
            plan: plan.id.clone(),
            at,
            by: actor.person_id().map(|person| person.0),
            reached: points(true),
            possible: points(false),
            note: sent.note.trim().to_owned(),
            lng: sent.position.map(|position| position.lng),
            lat: sent.position.map(|position| position.lat),
            made_up: entry.body.made_up && actor.is_system(),
            state: "recorded".to_owned(),
            answers: sent
                .answers
                .iter()
                .map(|answer| Answer {
                    item: answer.item.clone(),
                    passed: answer.passed,
                    note: answer.note.trim().to_owned(),
                    photos: answer.photos.clone(),
                })
                .collect(),
        };
        let number = self.row_code(actor, INSPECTIONS, &register, &entry.code).await?;
        let mut puts =
            vec![row(INSPECTIONS, &register, &number, &plan.id, &json!({ "what": "recorded" }), &inspection)];
        if sent.record_offences {
            for answer in sent.answers.iter().filter(|answer| !answer.passed) {
                let found = plan.items.iter().find(|item| item.id == answer.item);
                let Some((duty, offence)) =
                    found.and_then(|item| item.offence.as_deref()).and_then(|id| register.offence(id))
                else {
                    continue;
                };
                let row_of = Offence {
                    code: String::new(),
                    version: 0,
                    serial: 0,
                    entry: entry.code.clone(),
                    duty: duty.id.clone(),
                    offence: offence.id.clone(),
                    deduction: offence.deduction,
                    at,
                    by: actor.person_id().map(|person| person.0),
                    note: answer.note.trim().to_owned(),
                    photos: answer.photos.clone(),
                    inspection: Some(number.clone()),
                    case: None,
                    withdrawn: None,
                    made_up: inspection.made_up,
                    state: "standing".to_owned(),
                };
                let code = self.row_code(actor, OFFENCES, &register, &entry.code).await?;
                puts.push(row(
                    OFFENCES,
                    &register,
                    &code,
                    &offence.id,
                    &json!({ "what": "recorded" }),
                    &row_of,
                ));
            }
        }
        self.keep_record(actor, &config, &register, &entry.code, sent.id, puts, |entry| {
            let last = entry.body.inspected.entry(plan.id.clone()).or_insert(at);
            *last = (*last).max(at);
            json!({ "what": "inspected", "plan": plan.id, "inspection": number })
        })
        .await?;
        self.entry_records(actor, &register.id, code).await
    }

    /// Records an offence.
    ///
    /// # Errors
    /// As [`App::inspect_entry`].
    pub async fn record_offence(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        sent: OffenceIn,
    ) -> Result<RecordsView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        if entry.removed || !may_inspect(actor, &config, &register, &entry.body) {
            return Err(AppError::Forbidden("record offences of this entry"));
        }
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        problems.bounded("note", &sent.note, NOTE_MAX);
        if sent.photos.len() > PHOTOS_MAX {
            problems.push(FieldProblem::new("photos", "too_many").with("max", PHOTOS_MAX as u64));
        }
        let known = register.offence(&sent.offence);
        if known.is_none() {
            problems.add("offence", "unknown_offence");
        }
        if let Some(case) = &sent.case
            && entry.body.cases.iter().all(|known| known.id != *case)
        {
            problems.add("case", "unknown_case");
        }
        let files: Vec<(String, &str)> =
            sent.photos.iter().enumerate().map(|(i, id)| (format!("photos[{i}]"), id.as_str())).collect();
        self.check_files(actor.city, &files, &mut problems).await?;
        problems.done()?;
        let Some((duty, offence)) = known else { return Err(AppError::NotFound("offence")) };
        let at = sent.at.filter(|_| actor.is_system()).unwrap_or_else(|| self.now()).millis();
        let found = Offence {
            code: String::new(),
            version: 0,
            serial: 0,
            entry: entry.code.clone(),
            duty: duty.id.clone(),
            offence: offence.id.clone(),
            deduction: offence.deduction,
            at,
            by: actor.person_id().map(|person| person.0),
            note: sent.note.trim().to_owned(),
            photos: sent.photos,
            inspection: None,
            case: sent.case,
            withdrawn: None,
            made_up: entry.body.made_up && actor.is_system(),
            state: "standing".to_owned(),
        };
        let number = self.row_code(actor, OFFENCES, &register, &entry.code).await?;
        let puts =
            vec![row(OFFENCES, &register, &number, &offence.id, &json!({ "what": "recorded" }), &found)];
        self.keep_record(
            actor,
            &config,
            &register,
            &entry.code,
            sent.id,
            puts,
            |_| json!({ "what": "offence", "offence": offence.id, "deduction": offence.deduction }),
        )
        .await?;
        self.entry_records(actor, &register.id, code).await
    }

    /// Takes an offence back: it was wrong. It stays to be seen and costs nothing any more.
    ///
    /// # Errors
    /// [`AppError::Invalid`] without a reason, [`AppError::NotFound`] for one that is none of the entry's.
    pub async fn withdraw_offence(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        offence: &str,
        sent: WithdrawIn,
    ) -> Result<RecordsView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        // Whoever keeps the register decides, not whoever found it.
        if !super::may_edit(actor, &config, &register, &entry.body) {
            return Err(AppError::Forbidden("take offences back"));
        }
        let mut problems = Problems::default();
        problems.bounded("reason", &sent.reason, NOTE_MAX);
        if sent.reason.trim().is_empty() {
            problems.add("reason", "required");
        }
        problems.done()?;
        let full = format!("{}/{}/{offence}", register.id, entry.code);
        let cell = self.book(actor.city, &register.id).await?;
        let found = {
            let book = cell.book.read();
            let mut own = book.offences.get(&entry.code).into_iter().flatten();
            own.find(|one| one.code == full).cloned()
        };
        let found = found.filter(|found| found.withdrawn.is_none()).ok_or(AppError::NotFound("offence"))?;
        let taken = Offence {
            withdrawn: Some(Withdrawn {
                at: self.now().millis(),
                by: actor.person_id().map(|person| person.0),
                reason: sent.reason.trim().to_owned(),
            }),
            state: "withdrawn".to_owned(),
            ..(*found).clone()
        };
        let change = json!({ "what": "withdrawn", "reason": sent.reason.trim() });
        let mut put = row(OFFENCES, &register, &full, &taken.offence, &change, &taken);
        put.serial = Some(found.serial);
        put.expected_version = found.version;
        self.keep_record(actor, &config, &register, &entry.code, Uuid::now_v7(), vec![put], |_| {
            json!({ "what": "offence_withdrawn", "offence": taken.offence, "reason": sent.reason.trim() })
        })
        .await?;
        self.entry_records(actor, &register.id, code).await
    }

    /// Writes rows, then the entry with its new score. The rows count as soon as they are there: an entry that
    /// meets another change is tried again, and a score left behind by a crash is put right by the worker.
    #[allow(clippy::too_many_arguments)] // rows and what they mean for the entry go together
    async fn keep_record(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
        code: &str,
        command: Uuid,
        puts: Vec<PutThing>,
        change: impl Fn(&mut Entry) -> Value,
    ) -> Result<(), AppError> {
        let (city, by) = (actor.city, actor.person_id());
        self.commit_things(PutThings { city, by, at: self.now(), command: Some(command), puts }).await?;
        for _ in 0..TRIES {
            let cell = self.book(city, &register.id).await?;
            let current = cell.book.read().entries.get(code).cloned();
            let Some(current) = current else { return Ok(()) };
            let mut entry = (*current).clone();
            let said = change(&mut entry);
            match self.save_entry(city, by, config, register, entry, &said, None).await {
                Err(AppError::Stale) => {}
                other => return other,
            }
        }
        Err(AppError::Stale)
    }

    async fn row_code(
        &self,
        actor: &Actor,
        kind: &str,
        register: &Register,
        entry: &str,
    ) -> Result<String, AppError> {
        let sequence = format!("{kind}/{}/{entry}", register.id);
        let number = self.store().take_sequence(actor.city, &sequence, 1).await?;
        Ok(format!("{}/{entry}/{number:06}", register.id))
    }

    /// Inspections and offences of an entry.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an entry the caller may not see.
    pub async fn entry_records(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
    ) -> Result<RecordsView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        let cell = self.book(actor.city, &register.id).await?;
        let book = cell.book.read();
        let person = |id: Option<u32>| id.map(|id| person_view(&config, kernel::PersonId(id)));
        let short = |code: &str| code.rsplit('/').next().unwrap_or_default().to_owned();
        let inspections = book.inspections.get(&entry.code).into_iter().flatten().rev().take(SHOWN);
        let offences = book.offences.get(&entry.code).into_iter().flatten().rev().take(SHOWN);
        Ok(RecordsView {
            inspections: inspections
                .map(|one| InspectionView {
                    code: short(&one.code),
                    plan: one.plan.clone(),
                    at: one.at,
                    by: person(one.by),
                    reached: one.reached,
                    possible: one.possible,
                    note: one.note.clone(),
                    answers: one
                        .answers
                        .iter()
                        .map(|answer| ItemAnswerView {
                            item: answer.item.clone(),
                            passed: answer.passed,
                            note: answer.note.clone(),
                            photos: answer.photos.clone(),
                        })
                        .collect(),
                    lng: one.lng,
                    lat: one.lat,
                    made_up: one.made_up,
                })
                .collect(),
            offences: offences
                .map(|one| OffenceView {
                    code: short(&one.code),
                    duty: one.duty.clone(),
                    offence: one.offence.clone(),
                    deduction: one.deduction,
                    at: one.at,
                    by: person(one.by),
                    note: one.note.clone(),
                    photos: one.photos.clone(),
                    inspection: one.inspection.as_deref().map(short),
                    case: one.case.clone(),
                    withdrawn_at: one.withdrawn.as_ref().map(|withdrawn| withdrawn.at),
                    withdrawn_by: person(one.withdrawn.as_ref().and_then(|withdrawn| withdrawn.by)),
                    withdrawn_reason: one.withdrawn.as_ref().map(|withdrawn| withdrawn.reason.clone()),
                    made_up: one.made_up,
                })
                .collect(),
            score: entry.body.score,
        })
    }

    /// Inspections that are due, the longest overdue first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a register the caller may not see.
    pub async fn due_inspections(
        &self,
        actor: &Actor,
        register: &str,
        q: &DueQuery,
    ) -> Result<DuePage, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let today = self.today(&config);
        let days = jiff::Span::new().try_days(q.within_days.unwrap_or(0).min(366)).unwrap_or_default();
        let until = today.checked_add(days).unwrap_or(today);
        let area = super::list::area_of(q.area.as_deref())?;
        let cell = self.book(actor.city, &register.id).await?;
        let entries: Vec<Arc<Entry>> = cell.book.read().entries.values().cloned().collect();
        let day_of = |ms: i64| config.calendar.local_date(Timestamp(ms));
        let mut found = Vec::new();
        for entry in &entries {
            if !super::sees_entry(actor, &config, &register, &entry.body)
                || !super::list::in_area(&config, &entry.body, area.as_ref())
            {
                continue;
            }
            for plan in &register.inspections {
                if q.plan.as_ref().is_some_and(|wanted| *wanted != plan.id) {
                    continue;
                }
                let Some(due) = entry.due_on(&register, plan, today, day_of).filter(|due| *due <= until)
                else {
                    continue;
                };
                found.push((due, format!("{}:{}", entry.code, plan.id), entry, plan));
            }
        }
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let total = found.len() as u64;
        let limit = q.limit.unwrap_or(50).clamp(1, 200) as usize;
        let start = match &q.after {
            None => 0,
            Some(after) => {
                found.iter().position(|(_, key, _, _)| key == after).map_or(found.len(), |at| at + 1)
            }
        };
        let page = found.get(start..).unwrap_or_default();
        let next = page.get(limit - 1).filter(|_| page.len() > limit).map(|(_, key, _, _)| key.clone());
        let items = page.iter().take(limit).map(|(due, _, entry, plan)| {
            let point = entry.body.point();
            DueView {
                code: entry.code.clone(),
                name: entry.name.clone(),
                plan: plan.id.clone(),
                due_on: *due,
                overdue_days: today.since(*due).map_or(0, |span| span.get_days()),
                last_at: entry.body.inspected.get(&plan.id).copied(),
                grid: entry.body.grid.clone(),
                lng: point.map(|(lng, _)| lng),
                lat: point.map(|(_, lat)| lat),
            }
        });
        Ok(DuePage { items: items.collect(), next, total })
    }
}

fn row(
    kind: &str,
    register: &Register,
    code: &str,
    name: &str,
    change: &Value,
    body: &impl Serialize,
) -> PutThing {
    PutThing {
        serial: None,
        register: kind.to_owned(),
        code: code.to_owned(),
        name: name.to_owned(),
        class: register.id.clone(),
        expected_version: 0,
        removed: false,
        change: change.to_string(),
        body: serde_json::to_string(body).unwrap_or_default(),
    }
}
