//! A draft is handed in, looked at by somebody else, and becomes the next edition or goes back.

use super::areas::{Area, Areas, community_of, is_grid};
use super::draft::{DraftDetail, DraftState, EDITORS, READERS, net};
use super::edit::Changes;
use super::findings::examine;
use crate::app::App;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::GridChange;
use crate::rights;
use jiff::civil::Date;
use kernel::{Actor, GridCode};
use serde::Deserialize;
use spatial::check::{Finding, Severity};
use spatial::wkt;
use std::collections::BTreeSet;
use utoipa::ToSchema;

const NOTE_MAX: usize = 400;
/// An edition may be published this long ahead: a new year's division, prepared in summer.
const AHEAD_DAYS: i64 = 400;
/// Findings named in a refusal; all of them are in the check of the draft.
const NAMED: usize = 20;

/// What becomes of a draft.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DraftStepIn {
    pub version: u32,
    /// `submit` (note), `return` (note), `publish` (valid_from, note), `discard`.
    pub step: String,
    /// The local day from which the edition counts, `yyyy-mm-dd`; today when empty.
    pub valid_from: String,
    #[schema(max_length = 400)]
    pub note: String,
}

impl App {
    /// Hands a draft in, sends it back, publishes it or gives it up.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::Stale`] when somebody drew meanwhile,
    /// [`AppError::Invalid`] with what is wrong.
    pub async fn step_grid_draft(
        &self,
        actor: &Actor,
        id: &str,
        sent: DraftStepIn,
    ) -> Result<DraftDetail, AppError> {
        let editing = matches!(sent.step.as_str(), "submit" | "discard");
        rights::one_of(actor, if editing { EDITORS } else { READERS }, "review grids")?;
        let mut opened = self.open_draft(actor.city, id).await?;
        if sent.version != opened.version {
            return Err(AppError::Stale);
        }
        let mut problems = Problems::default();
        problems.bounded("note", &sent.note, NOTE_MAX);
        problems.done()?;
        let state = opened.draft.state;
        let note = sent.note.trim().to_owned();
        match (sent.step.as_str(), state) {
            ("submit", DraftState::Open) => {
                if opened.draft.at == 0 {
                    return Err(AppError::invalid("step", "nothing_changed"));
                }
                opened.draft.state = DraftState::InReview;
                opened.draft.submitted_at = Some(self.now());
                opened.draft.note = note;
                opened.draft.answer = String::new();
            }
            ("return", DraftState::InReview) => {
                if note.is_empty() {
                    return Err(AppError::invalid("note", "required"));
                }
                opened.draft.state = DraftState::Open;
                opened.draft.answer = note;
                opened.draft.reviewed_by = actor.person_id();
            }
            ("discard", DraftState::Open | DraftState::InReview) => {
                opened.draft.state = DraftState::Discarded;
            }
            ("publish", DraftState::InReview) => {
                if actor.person_id().is_some_and(|id| opened.draft.editors.contains(&id)) {
                    return Err(AppError::invalid("step", "own_draft"));
                }
                let valid_from = self.first_day(actor, &sent.valid_from)?;
                let note = if note.is_empty() { opened.draft.name.clone() } else { note };
                let edition =
                    self.publish_areas(actor, opened.draft.base, &opened.areas, valid_from, &note).await?;
                opened.draft.state = DraftState::Published;
                opened.draft.reviewed_by = actor.person_id();
                opened.draft.edition = Some(edition);
            }
            ("submit" | "return" | "discard" | "publish", _) => {
                return Err(AppError::invalid("step", "draft_not_in_that_state"));
            }
            _ => return Err(AppError::invalid("step", "unknown_value")),
        }
        let version = self.put_draft(actor, id, opened.version, &opened.draft, None).await?;
        opened.version = version;
        if opened.draft.state == DraftState::Published {
            self.open_city(actor.city).await?;
        }
        let action = format!("grid_draft_{}", sent.step);
        self.note(actor.city, actor.person_id(), &action, &format!("grid_drafts/{id}"), &sent.note, "")
            .await?;
        self.detail(actor, &opened, Vec::new()).await
    }

    fn first_day(&self, actor: &Actor, text: &str) -> Result<Date, AppError> {
        let today = self.config(actor.city)?.calendar.local_date(self.now());
        if text.is_empty() {
            return Ok(today);
        }
        let day: Date = text.parse().map_err(|_| AppError::invalid("valid_from", "malformed"))?;
        let ahead = (day - today).get_days();
        let far = i64::from(ahead) > AHEAD_DAYS;
        if far { Err(AppError::invalid("valid_from", "out_of_range")) } else { Ok(day) }
    }

    /// Publishes what a draft changed of `base` on top of the latest edition. What others published meanwhile
    /// stays, unless it changed the same grids.
    pub(crate) async fn publish_areas(
        &self,
        actor: &Actor,
        base: u32,
        areas: &Areas,
        valid_from: Date,
        note: &str,
    ) -> Result<u32, AppError> {
        let editions = self.store().grid_editions(actor.city).await?;
        let latest = editions.first().map_or(0, |edition| edition.edition);
        if editions.first().is_some_and(|edition| edition.valid_from > valid_from) {
            return Err(AppError::invalid("valid_from", "before_the_last_edition"));
        }
        let before = self.areas_of_edition(actor.city, base).await?;
        let changes = net(&before, areas);
        if changes.is_empty() {
            return Err(AppError::invalid("step", "nothing_changed"));
        }
        let mut after = areas.clone();
        if latest != base {
            let meanwhile = self.areas_of_edition(actor.city, latest).await?;
            let others = net(&before, &meanwhile);
            if let Some(code) = changes.keys().find(|code| others.contains_key(*code)) {
                let problem = FieldProblem::new("step", "changed_meanwhile").with("code", code.to_string());
                return Err(AppError::Invalid(vec![problem]));
            }
            after = merged(meanwhile, &changes);
        }
        let touched: BTreeSet<String> = changes.keys().flat_map(around).collect();
        let checked = after.clone();
        let known = self.communities_today(actor.city)?;
        let look = move || examine(&checked, &known);
        let report = tokio::task::spawn_blocking(look).await.map_err(|_| AppError::Busy)?;
        // What was wrong before and was not touched does not hold up what is right.
        let wrong = |finding: &&Finding| {
            finding.kind.severity() == Severity::Error
                && finding.codes.iter().any(|code| touched.contains(code))
        };
        let problems: Vec<FieldProblem> = report
            .findings
            .iter()
            .filter(wrong)
            .take(NAMED)
            .map(|finding| {
                let (text, codes) = (finding.kind.text(), finding.codes.join(", "));
                FieldProblem::new(finding.codes.first().cloned().unwrap_or_default(), "grid_fault")
                    .with("zh", format!("{}：{codes}", text.zh))
                    .with("en", format!("{}: {codes}", text.en))
                    .with("codes", codes)
            })
            .collect();
        if !problems.is_empty() {
            return Err(AppError::Invalid(problems));
        }
        // From rectangles of a record the first edition takes over everything.
        let written = if latest == 0 { net(&Areas::new(), &after) } else { changes };
        let rows = written.into_iter().map(|(code, area)| change(code, area)).collect();
        let city = actor.city;
        let by = actor.person_id();
        let edition =
            self.store().publish_grids(city, latest, valid_from, by, self.now(), note, rows).await?;
        Ok(edition.edition)
    }
}

fn merged(mut areas: Areas, changes: &Changes) -> Areas {
    for (code, area) in changes {
        match area {
            Some(area) => {
                areas.insert(code.clone(), std::sync::Arc::new(area.clone()));
            }
            None => {
                areas.remove(code);
            }
        }
    }
    areas
}

/// The code itself; of a grid that is no more, its community, where a gap would be.
fn around(code: &GridCode) -> Vec<String> {
    if is_grid(code) {
        vec![code.to_string(), community_of(code).to_string()]
    } else {
        vec![code.to_string()]
    }
}

fn change(code: GridCode, area: Option<Area>) -> GridChange {
    match area {
        Some(area) => GridChange::Put {
            code,
            body: serde_json::to_string(&area.attributes).unwrap_or_default(),
            shape: wkt::write(&area.shape),
        },
        None => GridChange::Remove { code },
    }
}
