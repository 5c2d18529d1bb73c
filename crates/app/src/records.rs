//! Administration: the records of a city with version, history, and a check of the whole before a change.

use crate::app::App;
use crate::config::{Config, KINDS, KnownGrids, with_changes};
use crate::error::{AppError, FieldProblem, Problems};
use crate::job::JobKind;
use crate::line::person_view;
use crate::ports::{PutRecord, StoredRecord};
use crate::rights;
use crate::session::SavedView;
use crate::view::PersonView;
use kernel::{Actor, CityCode, PersonId, Role};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

const KEY_MAX: usize = 80;
/// Largest record as JSON text; the unit grids of a large city are the biggest.
const VALUE_MAX: usize = 8 * 1024 * 1024;
const VIEWS_MAX: usize = 50;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordView {
    pub kind: String,
    pub key: String,
    pub version: u32,
    pub changed_at: i64,
    pub changed_by: Option<PersonView>,
    /// Absent in the history where the record was removed.
    #[schema(value_type = Option<Object>)]
    pub value: Option<Value>,
}

/// Who may change records of a kind; three administrators, each with their own.
fn writers(kind: &str) -> &'static [Role] {
    match kind {
        "people" => &[Role::SecurityAdmin],
        "shifts" => &[Role::SystemAdmin, Role::ShiftLeader, Role::IntakeOperator],
        "templates" => &[Role::SystemAdmin, Role::ShiftLeader],
        _ => &[Role::SystemAdmin],
    }
}

fn readers(kind: &str) -> &'static [Role] {
    match kind {
        "people" => &[Role::SecurityAdmin, Role::SystemAdmin],
        "unit_grids" | "streets" | "learned" => &[Role::SystemAdmin],
        _ => &[
            Role::SystemAdmin,
            Role::SecurityAdmin,
            Role::ShiftLeader,
            Role::IntakeOperator,
            Role::Dispatcher,
            Role::Leader,
            Role::Supervisor,
        ],
    }
}

fn known_kind(kind: &str) -> Result<(), AppError> {
    if KINDS.contains(&kind) { Ok(()) } else { Err(AppError::NotFound("kind of record")) }
}

impl App {
    /// All records of a kind, those without own record in the compiled-in tables included only as changed.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to read them.
    pub async fn records(
        &self,
        actor: &Actor,
        kind: &str,
        q: Option<&str>,
    ) -> Result<Vec<RecordView>, AppError> {
        known_kind(kind)?;
        rights::one_of(actor, readers(kind), "read the configuration")?;
        let config = self.config(actor.city)?;
        let wanted = q.map(str::to_lowercase).filter(|text| !text.is_empty());
        let stored = self.store().records(actor.city, kind).await?;
        let found = stored.into_iter().filter(|record| {
            wanted.as_ref().is_none_or(|text| {
                let value = record.value.as_ref().map(ToString::to_string).unwrap_or_default();
                record.key.to_lowercase().contains(text) || value.to_lowercase().contains(text)
            })
        });
        Ok(found.map(|record| record_view(&config, record)).collect())
    }

    /// # Errors
    /// [`AppError::NotFound`] when there is no such record.
    pub async fn record(&self, actor: &Actor, kind: &str, key: &str) -> Result<RecordView, AppError> {
        let records = self.records(actor, kind, None).await?;
        records.into_iter().find(|record| record.key == key).ok_or(AppError::NotFound("record"))
    }

    /// Every version of a record, newest first.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to read them.
    pub async fn record_history(
        &self,
        actor: &Actor,
        kind: &str,
        key: &str,
    ) -> Result<Vec<RecordView>, AppError> {
        known_kind(kind)?;
        rights::one_of(actor, readers(kind), "read the configuration")?;
        let config = self.config(actor.city)?;
        let history = self.store().record_history(actor.city, kind, key).await?;
        Ok(history.into_iter().map(|record| record_view(&config, record)).collect())
    }

    /// Writes or removes (`None`) a record after checking the whole configuration with it.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every problem, [`AppError::Stale`] when somebody else changed it.
    pub async fn put_record(
        &self,
        actor: &Actor,
        kind: &str,
        key: &str,
        expected_version: u32,
        value: Option<Value>,
    ) -> Result<RecordView, AppError> {
        known_kind(kind)?;
        rights::one_of(actor, writers(kind), "change the configuration")?;
        let put = PutRecord { kind: kind.to_owned(), key: key.to_owned(), expected_version, value };
        self.put_checked(actor.city, actor.person_id(), vec![put.clone()]).await?;
        let action = if put.value.is_some() { "record_changed" } else { "record_removed" };
        let before = expected_version.to_string();
        self.note(actor.city, actor.person_id(), action, &format!("{kind}/{key}"), &before, "").await?;
        let config = self.config(actor.city)?;
        // A record made again goes on counting where the removed one ended.
        let written = config.record_versions.get(&(put.kind.clone(), put.key.clone())).copied();
        let stored = StoredRecord {
            kind: put.kind,
            key: put.key,
            version: written.unwrap_or(expected_version + 1),
            changed_at: self.now(),
            changed_by: actor.person_id(),
            value: put.value,
        };
        Ok(record_view(&config, stored))
    }

    /// Writes several records as one change, checked as a whole; for imports and the command line.
    ///
    /// # Errors
    /// As [`App::put_record`]; nothing is written then.
    pub async fn put_checked(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        puts: Vec<PutRecord>,
    ) -> Result<(), AppError> {
        let mut problems = Problems::default();
        for put in &puts {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#' | '.');
            if put.key.is_empty() || put.key.len() > KEY_MAX || !put.key.chars().all(plain) {
                problems.push(FieldProblem::new("key", "bad_key").with("key", put.key.clone()));
            }
            if put.value.as_ref().is_some_and(|value| value.to_string().len() > VALUE_MAX) {
                problems.push(FieldProblem::new(format!("{}/{}", put.kind, put.key), "too_long"));
            }
        }
        for put in puts.iter().filter(|put| put.kind == "procedures" && put.value.is_none()) {
            problems.push(FieldProblem::new("key", "procedure_stays").with("version", put.key.clone()));
        }
        problems.done()?;
        self.check_change(city, by, &puts).await?;
        let moved = puts.iter().any(|put| put.kind == "calendars");
        // Deadlines follow a changed calendar in the background: a large city has too many for one request.
        if moved && self.store().head(city).await?.1 > 0 {
            self.put_with_job(city, by, puts, JobKind::RecomputeClocks).await?;
        } else {
            self.store().put_records(city, by, self.now(), puts).await?;
        }
        self.open_city(city).await?;
        self.0.actors.lock().retain(|_, cached| cached.city != city);
        Ok(())
    }

    /// Builds the configuration as it would be. Problems that were there before are not held against the change.
    pub(crate) async fn check_change(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        puts: &[PutRecord],
    ) -> Result<(), AppError> {
        let mut records = Vec::new();
        for kind in KINDS {
            records.extend(self.store().records(city, kind).await?);
        }
        let changes: Vec<StoredRecord> = puts
            .iter()
            .map(|put| StoredRecord {
                kind: put.kind.clone(),
                key: put.key.clone(),
                version: put.expected_version + 1,
                changed_at: self.now(),
                changed_by: by,
                value: put.value.clone(),
            })
            .collect();
        let candidate = with_changes(&records, &changes);
        let known = self.config(city).map(|config| config.grids_from.clone()).unwrap_or_default();
        // Grids of a changed record are made again, whatever its version will be.
        let touched = puts.iter().any(|put| put.kind == "unit_grids") && known.edition() == 0;
        let known = if touched { KnownGrids::default() } else { known };
        tokio::task::spawn_blocking(move || Config::build(city, 0, &candidate, known).map(drop))
            .await
            .map_err(|_| AppError::Busy)?
            .map_err(AppError::Invalid)
    }

    /// Saved views of a person.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person.
    pub async fn views(&self, actor: &Actor) -> Result<Vec<SavedView>, AppError> {
        let person = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let stored = self.store().records(actor.city, "views").await?;
        let own = stored.into_iter().find(|record| record.key == person.to_string());
        Ok(own
            .and_then(|record| record.value)
            .and_then(|v| serde_json::from_value(v).ok())
            .unwrap_or_default())
    }

    /// # Errors
    /// [`AppError::Invalid`] for too many or too long ones.
    pub async fn put_views(&self, actor: &Actor, views: Vec<SavedView>) -> Result<Vec<SavedView>, AppError> {
        let person = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let mut problems = Problems::default();
        if views.len() > VIEWS_MAX {
            problems.push(FieldProblem::new("views", "too_many").with("max", VIEWS_MAX as u64));
        }
        for (i, view) in views.iter().enumerate() {
            problems.bounded(&format!("views[{i}].id"), &view.id, 40);
            problems.bounded(&format!("views[{i}].name"), &view.name, 80);
            problems.bounded(&format!("views[{i}].url"), &view.url, 1_000);
            if view.name.trim().is_empty() {
                problems.add(format!("views[{i}].name"), "required");
            }
            if !view.url.starts_with('/') || view.url.starts_with("//") {
                problems.add(format!("views[{i}].url"), "not_a_path");
            }
        }
        problems.done()?;
        let stored = self.store().records(actor.city, "views").await?;
        let version = stored.iter().find(|r| r.key == person.to_string()).map_or(0, |r| r.version);
        let value = serde_json::to_value(&views).unwrap_or_default();
        let put = PutRecord {
            kind: "views".into(),
            key: person.to_string(),
            expected_version: version,
            value: Some(value),
        };
        self.store().put_records(actor.city, Some(person), self.now(), vec![put]).await?;
        Ok(views)
    }
}

fn record_view(config: &Config, record: StoredRecord) -> RecordView {
    RecordView {
        kind: record.kind,
        key: record.key,
        version: record.version,
        changed_at: record.changed_at.millis(),
        changed_by: record.changed_by.map(|id| person_view(config, id)),
        value: record.value,
    }
}
