//! The same change to many components: counted first, then written in one piece.

use super::change::{ChangeIn, parse_state};
use super::select::{CODES_MAX, Select, Selected};
use super::write::Draft;
use crate::app::App;
use crate::error::{AppError, FieldProblem};
use crate::ports::PutThings;
use crate::ports::things::{COMPONENTS, THINGS_PER_WRITE_MAX};
use crate::rights;
use city::component::Command;
use kernel::{Actor, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Refusals that are named; the rest is counted.
const REFUSED_MAX: usize = 50;

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchIn {
    /// Made by the client: the same again writes nothing.
    pub command_id: Option<Uuid>,
    pub select: Select,
    /// New attributes; lists are replaced whole.
    #[serde(default)]
    pub change: Option<ChangeIn>,
    /// A new state, with its reason.
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: String,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// What the dry run said would change: refused when it is another number by now.
    #[serde(default)]
    pub expected: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentBatchView {
    pub matched: u64,
    pub changed: u64,
    /// They are so already.
    pub unchanged: u64,
    pub refused: u64,
    /// The first of the refused, with the reason.
    pub refusals: Vec<BatchRefused>,
    /// True when something was written.
    pub written: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchRefused {
    pub code: String,
    /// Path of the field.
    pub field: String,
    /// Stable code of the reason.
    pub reason: String,
    pub message: crate::view::Words,
}

impl App {
    /// Changes all of a selection, or none of it.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless the caller keeps the registry. [`AppError::Invalid`] for more than
    /// 5,000 at once, for any that cannot take the change, or when `expected` is another number.
    pub async fn change_components(
        &self,
        actor: &Actor,
        sent: BatchIn,
    ) -> Result<ComponentBatchView, AppError> {
        rights::one_of(actor, &rights::REGISTRY_EDITORS, "edit the registry")?;
        let config = self.config(actor.city)?;
        let mut commands = Vec::new();
        if let Some(change) = sent.change {
            commands.push(Command::Change(Box::new(change.parse().map_err(AppError::Invalid)?)));
        }
        if let Some(state) = &sent.state {
            let state = parse_state(state).map_err(|problem| AppError::Invalid(vec![problem]))?;
            commands.push(Command::SetState { state, reason: sent.reason.clone() });
        }
        if commands.is_empty() {
            return Err(AppError::invalid("change", "required"));
        }
        if sent.select.is_everything() {
            return Err(AppError::invalid("select", "required"));
        }
        let rows = self.selected_rows(actor, &sent.select).await?;
        let (by, now) = (actor.person_id().unwrap_or(PersonId(0)), self.now());
        let mut view = ComponentBatchView {
            matched: rows.len() as u64,
            changed: 0,
            unchanged: 0,
            refused: 0,
            refusals: Vec::new(),
            written: false,
        };
        let mut puts = Vec::new();
        for stored in &rows {
            let mut draft = Draft::of(stored)?;
            let mut refused = None;
            for command in &commands {
                match draft.take(&config, command.clone(), by, now) {
                    Ok(()) => {}
                    // It is so already: nothing to do for this one.
                    Err(problems) if problems.iter().all(|p| matches!(p.code, "empty" | "unchanged")) => {}
                    Err(problems) => {
                        refused = problems.into_iter().next();
                        break;
                    }
                }
            }
            if let Some(problem) = refused {
                view.refused += 1;
                if view.refusals.len() < REFUSED_MAX {
                    view.refusals.push(BatchRefused {
                        code: stored.code.clone(),
                        field: problem.field,
                        reason: problem.code.to_owned(),
                        message: crate::config::words(&problem.message),
                    });
                }
            } else if draft.is_changed() {
                view.changed += 1;
                puts.extend(draft.into_put());
            } else {
                view.unchanged += 1;
            }
        }
        if sent.dry_run {
            return Ok(view);
        }
        if sent.expected.is_some_and(|expected| expected != view.changed) {
            return Err(AppError::Stale);
        }
        if view.refused > 0 {
            let problem = FieldProblem::new("select", "some_refused").with("count", view.refused);
            return Err(AppError::Invalid(vec![problem]));
        }
        let put =
            PutThings { city: actor.city, by: actor.person_id(), at: now, command: sent.command_id, puts };
        view.written = !self.commit_things(put).await?.is_empty();
        let detail = format!("{} changed of {}", view.changed, view.matched);
        self.note(actor.city, actor.person_id(), "components_changed", "component", &detail, "").await?;
        Ok(view)
    }

    /// The rows of a selection, at most as many as are written at once.
    pub(crate) async fn selected_rows(
        &self,
        actor: &Actor,
        select: &Select,
    ) -> Result<Vec<crate::ports::StoredThing>, AppError> {
        let too_many = |count: u64| {
            let max = THINGS_PER_WRITE_MAX as u64;
            AppError::Invalid(vec![
                FieldProblem::new("select", "too_many").with("max", max).with("count", count),
            ])
        };
        if select.codes.len() > CODES_MAX {
            return Err(too_many(select.codes.len() as u64));
        }
        let selected = Selected::parse(select)?;
        if !select.codes.is_empty() {
            let rows = self.store().things_by_code(actor.city, COMPONENTS, &select.codes).await?;
            let city = self.city(actor.city)?;
            let map = city.ground.read();
            let ready = selected.on(&map, COMPONENTS);
            let meant = |row: &crate::ports::StoredThing| {
                map.traits(row.serial).is_some_and(|traits| ready.admits(&traits))
                    && selected.holds(&map, row.serial)
            };
            return Ok(rows.into_iter().filter(meant).collect());
        }
        let (serials, total) = self.select_serials(actor, &selected, 0, THINGS_PER_WRITE_MAX)?;
        if total > THINGS_PER_WRITE_MAX as u64 {
            return Err(too_many(total));
        }
        Ok(self.store().things_by_serial(actor.city, &serials).await?)
    }
}
