//! Drafts of the next edition: who works on them, and every step, so that each can be undone.
//!
//! A draft keeps what its steps changed and not the whole system. Its state is the edition it began from with
//! the steps up to `at` applied; steps after `at` were undone and can be done again.

use super::areas::{Areas, Kept, grids, is_grid};
use super::edit::{self, EditIn};
use super::findings::{FindingsView, examine, findings_view};
use super::geojson::{collection, geometry};
use super::in_force::edition_on;
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::ports::{PutRecord, StoredRecord};
use crate::rights;
use crate::view::PersonView;
use city::grid::Bounds;
use kernel::{Actor, CityCode, GridCode, PersonId, Role, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// Kind of the records drafts are kept in. Not part of the configuration.
const RECORDS: &str = "grid_drafts";
/// Drafts that are open at a time: a county's surveyors, each with one.
const OPEN_MAX: usize = 20;
/// Steps of one draft; a surveyor makes a few hundred in a day.
const STEPS_MAX: u32 = 5_000;
/// Steps shown of a draft, the latest.
const STEPS_SHOWN: usize = 200;
/// Drafts whose state is held ready between two steps.
const HELD_MAX: usize = 4;
/// Areas drawn on a map at once; more than that nobody can tell apart.
const DRAWN_MAX: usize = 5_000;

pub(crate) const EDITORS: &[Role] = &[Role::SystemAdmin];
pub(crate) const READERS: &[Role] = &[Role::SystemAdmin, Role::ShiftLeader, Role::Leader, Role::Supervisor];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DraftState {
    #[default]
    Open,
    InReview,
    Published,
    Discarded,
}

impl DraftState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InReview => "in_review",
            Self::Published => "published",
            Self::Discarded => "discarded",
        }
    }
}

/// A draft as its record holds it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Draft {
    pub name: String,
    pub state: DraftState,
    /// The edition it began from; 0 for the city's rectangles, or nothing.
    pub base: u32,
    /// Steps in force, of how many made.
    pub at: u32,
    pub steps: u32,
    pub made_at: Timestamp,
    pub made_by: Option<PersonId>,
    /// Everybody who drew; none of them publishes.
    pub editors: BTreeSet<PersonId>,
    pub submitted_at: Option<Timestamp>,
    /// What the editor says to the reviewer, and what the reviewer answered.
    pub note: String,
    pub answer: String,
    pub reviewed_by: Option<PersonId>,
    /// The edition it became.
    pub edition: Option<u32>,
}

/// One step: what each code was before and is after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub edit: String,
    pub at: Timestamp,
    pub by: Option<PersonId>,
    pub changes: Vec<StepChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepChange {
    pub code: GridCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Kept>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Kept>,
}

/// A draft with its version and state.
pub(crate) struct Opened {
    pub id: String,
    pub version: u32,
    pub draft: Draft,
    pub areas: Arc<Areas>,
}

/// States of drafts between two steps; can be built again from the store.
#[derive(Default)]
#[allow(clippy::type_complexity)] // city, draft, version, and what it holds
pub(crate) struct HeldDrafts(Mutex<Vec<(CityCode, String, u32, Arc<Areas>)>>);

impl HeldDrafts {
    fn get(&self, city: CityCode, id: &str, version: u32) -> Option<Arc<Areas>> {
        let held = self.0.lock();
        held.iter().find(|one| one.0 == city && one.1 == id && one.2 == version).map(|one| one.3.clone())
    }

    fn put(&self, city: CityCode, id: &str, version: u32, areas: Arc<Areas>) {
        let mut held = self.0.lock();
        held.retain(|one| !(one.0 == city && one.1 == id));
        held.push((city, id.to_owned(), version, areas));
        if held.len() > HELD_MAX {
            held.remove(0);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DraftStepView {
    pub number: u32,
    /// `draw`, `reshape`, `split`, `merge`, `void`, `attributes`, `divide`, `outline`, `import`, `renumber`, `repair`.
    pub edit: String,
    pub at: i64,
    pub by: Option<PersonView>,
    /// Codes it changed; of many, the first.
    pub codes: Vec<String>,
    pub changed: usize,
    /// False for a step that was undone.
    pub in_force: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DraftView {
    pub id: String,
    pub version: u32,
    pub name: String,
    /// `open`, `in_review`, `published` or `discarded`.
    pub state: String,
    /// The edition it began from, 0 for none.
    pub base: u32,
    pub made_at: i64,
    pub made_by: Option<PersonView>,
    pub editors: Vec<PersonView>,
    pub submitted_at: Option<i64>,
    pub note: String,
    /// Why a reviewer sent it back.
    pub answer: String,
    pub reviewed_by: Option<PersonView>,
    /// The edition it became.
    pub edition: Option<u32>,
    pub can_undo: bool,
    pub can_redo: bool,
    /// The caller may publish it: it waits for review and they drew nothing in it.
    pub can_publish: bool,
    /// The caller may draw in it.
    pub can_edit: bool,
}

/// A draft with what its state holds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DraftDetail {
    #[serde(flatten)]
    pub draft: DraftView,
    pub grids: usize,
    /// Against the edition it began from.
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
    /// Newest first.
    pub steps: Vec<DraftStepView>,
    /// West, south, east, north of all of it.
    pub bounds: Option<[f64; 4]>,
    /// Codes the last edit made or changed.
    pub touched: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DraftIn {
    pub name: String,
}

impl App {
    /// Drafts, newest first.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn grid_drafts(&self, actor: &Actor) -> Result<Vec<DraftView>, AppError> {
        rights::one_of(actor, READERS, "read drafts of the grids")?;
        let config = self.config(actor.city)?;
        let mut drafts = self.draft_records(actor.city).await?;
        drafts.reverse();
        Ok(drafts.iter().map(|(id, version, draft)| view(actor, &config, id, *version, draft)).collect())
    }

    /// A new draft of the next edition.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, or too many open ones.
    pub async fn start_grid_draft(&self, actor: &Actor, sent: DraftIn) -> Result<DraftDetail, AppError> {
        rights::one_of(actor, EDITORS, "draw grids")?;
        let mut problems = Problems::default();
        if sent.name.trim().is_empty() {
            problems.add("name", "required");
        }
        problems.bounded("name", &sent.name, 80);
        let drafts = self.draft_records(actor.city).await?;
        let open = |draft: &Draft| matches!(draft.state, DraftState::Open | DraftState::InReview);
        if drafts.iter().filter(|(_, _, draft)| open(draft)).count() >= OPEN_MAX {
            problems.push(FieldProblem::new("name", "too_many").with("max", OPEN_MAX as u64));
        }
        problems.done()?;
        let id = (drafts.len() + 1).to_string();
        let latest = self.store().grid_editions(actor.city).await?.first().map_or(0, |one| one.edition);
        let draft = Draft {
            name: sent.name.trim().to_owned(),
            base: latest,
            made_at: self.now(),
            made_by: actor.person_id(),
            ..Draft::default()
        };
        self.put_draft(actor, &id, 0, &draft, None).await?;
        self.see_grid_draft(actor, &id).await
    }

    /// # Errors
    /// [`AppError::NotFound`] when there is no such draft.
    pub async fn see_grid_draft(&self, actor: &Actor, id: &str) -> Result<DraftDetail, AppError> {
        rights::one_of(actor, READERS, "read drafts of the grids")?;
        let opened = self.open_draft(actor.city, id).await?;
        self.detail(actor, &opened, Vec::new()).await
    }

    /// One edit, undo or redo. The state after it is the answer.
    ///
    /// # Errors
    /// [`AppError::Stale`] when somebody else drew meanwhile; [`AppError::Invalid`] with what is wrong.
    pub async fn edit_grid_draft(
        &self,
        actor: &Actor,
        id: &str,
        sent: EditIn,
    ) -> Result<DraftDetail, AppError> {
        rights::one_of(actor, EDITORS, "draw grids")?;
        let opened = self.open_draft(actor.city, id).await?;
        if opened.draft.state != DraftState::Open {
            return Err(AppError::invalid("edit", "draft_not_open"));
        }
        if sent.version != opened.version {
            return Err(AppError::Stale);
        }
        let mut draft = opened.draft.clone();
        let (areas, step, touched) = match sent.edit.as_str() {
            "undo" if draft.at > 0 => {
                let step = self.step(actor.city, id, draft.at).await?;
                draft.at -= 1;
                (walked(&opened.areas, &step, false)?, None, codes(&step))
            }
            "redo" if draft.at < draft.steps => {
                draft.at += 1;
                let step = self.step(actor.city, id, draft.at).await?;
                (walked(&opened.areas, &step, true)?, None, codes(&step))
            }
            "undo" | "redo" => return Err(AppError::invalid("edit", "nothing_to_undo")),
            _ => {
                if draft.at >= STEPS_MAX {
                    return Err(AppError::Invalid(vec![
                        FieldProblem::new("edit", "too_many").with("max", STEPS_MAX),
                    ]));
                }
                let voided = self.store().voided_grids(actor.city).await?;
                let issued = self.areas_of_edition(actor.city, draft.base).await?;
                let taken = voided.into_iter().map(|grid| grid.code).chain(issued.keys().cloned()).collect();
                let config = self.config(actor.city)?;
                let before = opened.areas.clone();
                let edit = sent.edit.clone();
                let today = config.calendar.local_date(self.now());
                let changes = tokio::task::spawn_blocking(move || {
                    edit::changes(&before, &sent, &edit::Ground { config: &config, taken, today })
                })
                .await
                .map_err(|_| AppError::Busy)??;
                let step = Step {
                    edit,
                    at: self.now(),
                    by: actor.person_id(),
                    changes: told(&opened.areas, changes),
                };
                if step.changes.is_empty() {
                    return Err(AppError::invalid("edit", "nothing_changed"));
                }
                draft.at += 1;
                draft.steps = draft.at;
                draft.editors.extend(actor.person_id());
                let touched = codes(&step);
                (walked(&opened.areas, &step, true)?, Some(step), touched)
            }
        };
        let version = self.put_draft(actor, id, opened.version, &draft, step.as_ref()).await?;
        let areas = Arc::new(areas);
        self.0.grid_drafts.put(actor.city, id, version, areas.clone());
        self.detail(actor, &Opened { id: id.to_owned(), version, draft, areas }, touched).await
    }

    /// Everything wrong with the grids as a draft has them.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such draft.
    pub async fn check_grid_draft(&self, actor: &Actor, id: &str) -> Result<FindingsView, AppError> {
        rights::one_of(actor, READERS, "read drafts of the grids")?;
        let areas = self.open_draft(actor.city, id).await?.areas;
        let known = self.communities_today(actor.city)?;
        let check = move || findings_view(&examine(&areas, &known), grids(&areas).count());
        tokio::task::spawn_blocking(check).await.map_err(|_| AppError::Busy)
    }

    /// The areas of a draft in a box, for the map: grids, and outlines of communities (`outline`).
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such draft.
    pub async fn draw_grid_draft(
        &self,
        actor: &Actor,
        id: &str,
        bounds: Option<Bounds>,
    ) -> Result<Value, AppError> {
        rights::one_of(actor, READERS, "read drafts of the grids")?;
        let opened = self.open_draft(actor.city, id).await?;
        let base = self.areas_of_edition(actor.city, opened.draft.base).await?;
        Ok(drawn(&opened.areas, Some(&base), bounds))
    }

    pub(crate) async fn draft_records(&self, city: CityCode) -> Result<Vec<(String, u32, Draft)>, AppError> {
        let mut found = Vec::new();
        for record in self.store().records(city, RECORDS).await? {
            let draft = record.value.as_ref().map(Draft::deserialize);
            if let Some(Ok(draft)) = draft {
                found.push((record.key, record.version, draft));
            }
        }
        found.sort_by_key(|(id, ..)| id.parse::<u32>().unwrap_or(u32::MAX));
        Ok(found)
    }

    pub(crate) async fn open_draft(&self, city: CityCode, id: &str) -> Result<Opened, AppError> {
        let drafts = self.draft_records(city).await?;
        let found = drafts.into_iter().find(|(key, ..)| key == id);
        let (id, version, draft) = found.ok_or(AppError::NotFound("draft"))?;
        if let Some(areas) = self.0.grid_drafts.get(city, &id, version) {
            return Ok(Opened { id, version, draft, areas });
        }
        let mut areas = self.areas_of_edition(city, draft.base).await?;
        for record in self.steps(city, &id).await? {
            let (number, step) = record?;
            if number <= draft.at {
                areas = walked(&areas, &step, true)?;
            }
        }
        let areas = Arc::new(areas);
        self.0.grid_drafts.put(city, &id, version, areas.clone());
        Ok(Opened { id, version, draft, areas })
    }

    /// Steps in the order they were made.
    async fn steps(&self, city: CityCode, id: &str) -> Result<Vec<Result<(u32, Step), AppError>>, AppError> {
        let mut found: Vec<(u32, StoredRecord)> = self
            .store()
            .records(city, &steps_of(id))
            .await?
            .into_iter()
            .filter_map(|record| Some((record.key.parse().ok()?, record)))
            .collect();
        found.sort_by_key(|(number, _)| *number);
        let read = |(number, record): (u32, StoredRecord)| {
            let step = Step::deserialize(record.value.as_ref().unwrap_or(&Value::Null)).map_err(|why| {
                AppError::Store(super::in_force::corrupt(&format!("draft {id} step {number}"), &why))
            })?;
            Ok((number, step))
        };
        Ok(found.into_iter().map(read).collect())
    }

    async fn step(&self, city: CityCode, id: &str, number: u32) -> Result<Step, AppError> {
        for record in self.steps(city, id).await? {
            let (found, step) = record?;
            if found == number {
                return Ok(step);
            }
        }
        Err(AppError::NotFound("step of the draft"))
    }

    /// Writes the draft, and a step in the same transaction.
    pub(crate) async fn put_draft(
        &self,
        actor: &Actor,
        id: &str,
        expected_version: u32,
        draft: &Draft,
        step: Option<&Step>,
    ) -> Result<u32, AppError> {
        let value = |value: Result<Value, serde_json::Error>| Some(value.unwrap_or_default());
        let mut puts = vec![PutRecord {
            kind: RECORDS.to_owned(),
            key: id.to_owned(),
            expected_version,
            value: value(serde_json::to_value(draft)),
        }];
        if let Some(step) = step {
            // A step made after others were undone takes their place.
            let key = draft.at.to_string();
            let history = self.store().record_history(actor.city, &steps_of(id), &key).await?;
            puts.push(PutRecord {
                kind: steps_of(id),
                key,
                expected_version: history.first().map_or(0, |record| record.version),
                value: value(serde_json::to_value(step)),
            });
        }
        let versions = self.store().put_records(actor.city, actor.person_id(), self.now(), puts).await?;
        Ok(versions.first().copied().unwrap_or(expected_version + 1))
    }

    pub(crate) async fn detail(
        &self,
        actor: &Actor,
        opened: &Opened,
        touched: Vec<String>,
    ) -> Result<DraftDetail, AppError> {
        let config = self.config(actor.city)?;
        let base = self.areas_of_edition(actor.city, opened.draft.base).await?;
        let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (code, area) in grids(&opened.areas) {
            match base.get(code) {
                None => added.push(code.to_string()),
                Some(old) if old != area => changed.push(code.to_string()),
                Some(_) => {}
            }
        }
        let gone = grids(&base).filter(|(code, _)| !opened.areas.contains_key(*code));
        removed.extend(gone.map(|(code, _)| code.to_string()));
        let mut steps = Vec::new();
        for record in self.steps(actor.city, &opened.id).await? {
            let (number, step) = record?;
            if number <= opened.draft.steps {
                steps.push(step_view(&config, number, &step, opened.draft.at));
            }
        }
        steps.reverse();
        steps.truncate(STEPS_SHOWN);
        Ok(DraftDetail {
            draft: view(actor, &config, &opened.id, opened.version, &opened.draft),
            grids: grids(&opened.areas).count(),
            added,
            changed,
            removed,
            steps,
            bounds: bounds_of(&opened.areas),
            touched,
        })
    }

    /// The edition that counted on a day, by number; `None` before the first.
    pub(crate) async fn edition_number_on(
        &self,
        city: CityCode,
        day: jiff::civil::Date,
    ) -> Result<Option<u32>, AppError> {
        let editions = self.store().grid_editions(city).await?;
        Ok(edition_on(&editions, day).map(|edition| edition.edition))
    }
}

fn steps_of(id: &str) -> String {
    format!("grid_draft_{id}")
}

fn codes(step: &Step) -> Vec<String> {
    step.changes.iter().map(|change| change.code.to_string()).collect()
}

/// Areas after a step, or before it again.
fn walked(areas: &Areas, step: &Step, forward: bool) -> Result<Areas, AppError> {
    let mut areas = areas.clone();
    for change in &step.changes {
        match if forward { &change.after } else { &change.before } {
            Some(kept) => {
                areas.insert(change.code.clone(), Arc::new(kept.read(&change.code)?));
            }
            None => {
                areas.remove(&change.code);
            }
        }
    }
    Ok(areas)
}

/// Changes with what they replace; what stays as it is is left out.
fn told(before: &Areas, changes: edit::Changes) -> Vec<StepChange> {
    changes
        .into_iter()
        .filter_map(|(code, after)| {
            let old = before.get(&code);
            if old.map(AsRef::as_ref) == after.as_ref() {
                return None;
            }
            let before = old.map(|area| Kept::of(area));
            Some(StepChange { code, before, after: after.as_ref().map(Kept::of) })
        })
        .collect()
}

fn bounds_of(areas: &Areas) -> Option<[f64; 4]> {
    let all = areas.values().filter_map(|area| area.shape.extent()).reduce(|a, b| a.union(&b))?;
    let degrees = |steps: i32| f64::from(steps) / spatial::shape::STEPS_PER_DEGREE;
    Some([degrees(all.west), degrees(all.south), degrees(all.east), degrees(all.north)])
}

/// Areas as GeoJSON; `base` tells which are new or changed.
pub(crate) fn drawn(areas: &Areas, base: Option<&Areas>, bounds: Option<Bounds>) -> Value {
    let inside = |shape: &spatial::shape::Shape| {
        let Some((extent, b)) = shape.extent().zip(bounds) else { return bounds.is_none() };
        let degrees = |steps: i32| f64::from(steps) / spatial::shape::STEPS_PER_DEGREE;
        degrees(extent.west) <= b.east
            && degrees(extent.east) >= b.west
            && degrees(extent.south) <= b.north
            && degrees(extent.north) >= b.south
    };
    let mut features = Vec::new();
    let mut left_out = 0;
    for (code, area) in areas.iter().filter(|(_, area)| inside(&area.shape)) {
        if features.len() >= DRAWN_MAX {
            left_out += 1;
            continue;
        }
        let state = match base.map(|base| base.get(code)) {
            None => "",
            Some(None) => "added",
            Some(Some(old)) if old == area => "",
            Some(Some(_)) => "changed",
        };
        let mut properties = serde_json::to_value(&area.attributes).unwrap_or_default();
        properties["code"] = json!(code);
        properties["outline"] = json!(!is_grid(code));
        properties["state"] = json!(state);
        features.push(json!({ "type": "Feature", "id": code.as_str().parse::<u64>().unwrap_or_default(),
            "properties": properties, "geometry": geometry(&area.shape) }));
    }
    collection(features, left_out)
}

fn step_view(config: &Config, number: u32, step: &Step, at: u32) -> DraftStepView {
    DraftStepView {
        number,
        edit: step.edit.clone(),
        at: step.at.millis(),
        by: step.by.map(|id| person_view(config, id)),
        codes: step.changes.iter().take(6).map(|change| change.code.to_string()).collect(),
        changed: step.changes.len(),
        in_force: number <= at,
    }
}

pub(crate) fn view(actor: &Actor, config: &Config, id: &str, version: u32, draft: &Draft) -> DraftView {
    let person = |id: PersonId| person_view(config, id);
    let open = draft.state == DraftState::Open;
    let editor = actor.has(Role::SystemAdmin);
    let drew = actor.person_id().is_some_and(|id| draft.editors.contains(&id));
    let reviewer = READERS.iter().any(|role| actor.has(*role));
    DraftView {
        id: id.to_owned(),
        version,
        name: draft.name.clone(),
        state: draft.state.as_str().to_owned(),
        base: draft.base,
        made_at: draft.made_at.millis(),
        made_by: draft.made_by.map(person),
        editors: draft.editors.iter().copied().map(person).collect(),
        submitted_at: draft.submitted_at.map(Timestamp::millis),
        note: draft.note.clone(),
        answer: draft.answer.clone(),
        reviewed_by: draft.reviewed_by.map(person),
        edition: draft.edition,
        can_undo: open && editor && draft.at > 0,
        can_redo: open && editor && draft.at < draft.steps,
        can_publish: draft.state == DraftState::InReview && reviewer && !drew,
        can_edit: open && editor,
    }
}

/// Net changes of a draft against an edition, by code.
pub(crate) fn net(base: &Areas, areas: &Areas) -> edit::Changes {
    let mut changes: BTreeMap<_, _> = edit::Changes::new();
    for (code, area) in areas {
        if base.get(code) != Some(area) {
            changes.insert(code.clone(), Some(area.as_ref().clone()));
        }
    }
    for code in base.keys().filter(|code| !areas.contains_key(*code)) {
        changes.insert(code.clone(), None);
    }
    changes
}
