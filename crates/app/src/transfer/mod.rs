//! Files in and out (导入导出): a file is looked at, its columns are mapped, every row is tried, then all are
//! written or none.
//!
//! A transfer is a record of its own, worked on by whichever process holds its lease. What was written is known
//! from the things themselves: each change carries the transfer it came with, and each batch a command that a
//! repetition cannot do twice. So a process that dies leaves nothing to be guessed.

mod address;
mod component;
mod entry;
pub mod export;
pub mod field;
pub mod plan;
pub mod receive;
mod row;
mod undo;
pub mod view;
pub mod wkt;
mod work;

use crate::app::App;
use crate::error::AppError;
use crate::ports::files::Reading;
use crate::ports::{Files, PutRecord, StoreError, StoredRecord};
use kernel::{Actor, CityCode, PersonId, Role, Timestamp};
use plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Kind of the records transfers are kept in. Not part of the configuration.
pub(crate) const RECORDS: &str = "transfers";
/// Kind of the records of saved mappings.
pub(crate) const PROFILES: &str = "transfer_profiles";
/// Bytes of one file: a million rows of an office table with 500 bytes each.
pub const FILE_BYTES_MAX: u64 = 512 << 20;
/// Transfers kept; the oldest finished one goes when another comes.
const KEPT_MAX: usize = 200;
/// Faults kept of one pass; nobody mends more by hand.
const FAULTS_MAX: u64 = 100_000;
/// Faults shown on the screen, with their places.
const FAULTS_SHOWN: usize = 300;

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TransferState)]
pub enum State {
    /// Looked at; waits for its mapping.
    #[default]
    Looked,
    /// Every row is being tried.
    Checking,
    /// Tried; nothing is written yet.
    Checked,
    Running,
    /// What was written is being taken back.
    Undoing,
    Done,
    /// Nothing of it is in the city: rows were wrong, or the writing failed and was taken back.
    Failed,
    Cancelled,
}

impl State {
    #[must_use]
    pub const fn is_working(self) -> bool {
        matches!(self, Self::Checking | Self::Running | Self::Undoing)
    }
}

/// What a pass has counted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = TransferCounts)]
pub struct Counts {
    pub rows: u64,
    /// Rows that are (or would be) new.
    pub new: u64,
    pub changed: u64,
    /// Rows that are in the city just so.
    pub unchanged: u64,
    /// Rows with something wrong.
    pub wrong: u64,
    /// Faults, of which a row may have several.
    pub faults: u64,
    /// Of an undoing: things put back, and things left because somebody changed them since.
    pub undone: u64,
    pub left: u64,
}

/// One thing wrong with a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TransferFault)]
pub struct Fault {
    /// Line, row of the sheet or number of the feature.
    pub row: u64,
    pub field: String,
    pub code: String,
    /// The sentence, where the city's tables have their own; else the one of the code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zh: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
    /// Numbers and words for the sentence of the code.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// Where the row lies, when that much is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
}

/// A transfer as its record holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Transfer {
    pub name: String,
    pub by: Option<PersonId>,
    pub at: Timestamp,
    pub bytes: u64,
    /// Keys of the blobs that make up the file, in order.
    pub parts: Vec<String>,
    pub look: Looked,
    pub plan: Option<Plan>,
    pub state: State,
    pub counts: Counts,
    /// Rows of the file gone through, of `look.rows`.
    pub done: u64,
    /// The blob with the faults of the last pass, one JSON a line.
    pub faults_key: Option<String>,
    pub faults: Vec<Fault>,
    /// Position of the things before the first write, from which an undoing looks.
    pub since: Option<i64>,
    /// The last dry run found nothing wrong, at this position of the things.
    pub proved_at: Option<i64>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub lease_until: Timestamp,
    pub stop_asked: bool,
    /// Why it failed, when it was not the rows.
    pub why: String,
}

/// What the first look found, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Looked {
    pub reading: Option<Reading>,
    pub rows: u64,
    pub sample: Vec<Vec<String>>,
    pub shapes: Vec<String>,
    pub positions: Vec<[f64; 2]>,
    pub crs: Option<String>,
    pub crs_named: Option<String>,
}

/// A transfer read from its record, to be written back over the same version.
pub(crate) struct Held {
    pub city: CityCode,
    pub id: Uuid,
    pub version: u32,
    pub transfer: Transfer,
}

/// # Errors
/// [`AppError::Forbidden`] for anyone but the system administrator.
pub fn may_transfer(actor: &Actor) -> Result<(), AppError> {
    crate::rights::only(actor, Role::SystemAdmin, "import")
}

impl App {
    /// Gives the application its readers and writers of files; without them there are no transfers.
    pub fn bring_files(&self, files: Arc<dyn Files>) {
        // A second one changes nothing: the first stands.
        let _ = self.0.files.set(files);
    }

    pub(crate) fn files(&self) -> Result<Arc<dyn Files>, AppError> {
        self.0.files.get().cloned().ok_or(AppError::NotFound("reader of files"))
    }

    pub(crate) async fn held_transfer(&self, city: CityCode, id: Uuid) -> Result<Held, AppError> {
        let records = self.store().records(city, RECORDS).await?;
        let key = id.to_string();
        let record = records.into_iter().find(|record| record.key == key);
        held(city, record.ok_or(AppError::NotFound("transfer"))?)
    }

    pub(crate) async fn held_transfers(&self, city: CityCode) -> Result<Vec<Held>, AppError> {
        let records = self.store().records(city, RECORDS).await?;
        let mut all = records.into_iter().map(|r| held(city, r)).collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|held| std::cmp::Reverse((held.transfer.at, held.id)));
        Ok(all)
    }

    /// Writes it back; [`AppError::Stale`] when somebody else did meanwhile.
    pub(crate) async fn save_transfer(&self, held: &mut Held) -> Result<(), AppError> {
        let put = PutRecord {
            kind: RECORDS.to_owned(),
            key: held.id.to_string(),
            expected_version: held.version,
            value: serde_json::to_value(&held.transfer).ok(),
        };
        let versions = self.store().put_records(held.city, held.transfer.by, self.now(), vec![put]).await?;
        held.version = versions.first().copied().unwrap_or(held.version + 1);
        Ok(())
    }
}

fn held(city: CityCode, record: StoredRecord) -> Result<Held, AppError> {
    let corrupt = |why: String| {
        AppError::Store(StoreError::Corrupt {
            table: "records",
            id: format!("{city}/{RECORDS}/{}", record.key),
            why,
        })
    };
    let id = record.key.parse().map_err(|why: uuid::Error| corrupt(why.to_string()))?;
    let value = record.value.clone().unwrap_or_default();
    let transfer = serde_json::from_value(value).map_err(|why| corrupt(why.to_string()))?;
    Ok(Held { city, id, version: record.version, transfer })
}
