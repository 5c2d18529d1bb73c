//! Working papers of the registry — edit batches, survey rounds, captures, samples — kept among the things, so that
//! a paper and the components it is about are written in one transaction. Most have no place and are on no map.

use crate::app::App;
use crate::error::AppError;
use crate::ports::{PutThing, StoreError, StoredThing, ThingQuery};
use kernel::CityCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Batches of edits, and their commands.
pub const EDIT: &str = "edit";
pub const EDIT_COMMAND: &str = "edit_command";
/// Survey rounds, what was captured in them, and samples of that.
pub const ROUND: &str = "survey_round";
pub const CAPTURE: &str = "survey";
pub const SAMPLE: &str = "survey_sample";

/// A paper as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Paper<T> {
    pub row: StoredThing,
    pub value: T,
}

impl<T: DeserializeOwned> Paper<T> {
    pub fn read(row: StoredThing) -> Result<Self, AppError> {
        let value = serde_json::from_str(&row.body).map_err(|why| {
            AppError::Store(StoreError::Corrupt {
                table: "things",
                id: row.serial.to_string(),
                why: why.to_string(),
            })
        })?;
        Ok(Self { row, value })
    }
}

impl<T: Serialize> Paper<T> {
    /// The next version of it.
    pub fn put(&self, value: &T) -> PutThing {
        PutThing {
            serial: Some(self.row.serial),
            register: self.row.register.clone(),
            code: self.row.code.clone(),
            name: self.row.name.clone(),
            class: self.row.class.clone(),
            expected_version: self.row.version,
            removed: false,
            change: "[]".into(),
            body: text(value),
        }
    }

    /// Takes it away; its history stays.
    pub fn remove(&self) -> PutThing {
        PutThing { removed: true, ..self.put(&self.value) }
    }
}

/// A new paper.
pub(crate) fn new_paper<T: Serialize>(
    register: &str,
    code: String,
    name: &str,
    class: &str,
    value: &T,
) -> PutThing {
    PutThing {
        serial: None,
        register: register.to_owned(),
        code,
        name: name.to_owned(),
        class: class.to_owned(),
        expected_version: 0,
        removed: false,
        change: "[]".into(),
        body: text(value),
    }
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl App {
    pub(crate) async fn paper<T: DeserializeOwned>(
        &self,
        city: CityCode,
        register: &'static str,
        code: &str,
    ) -> Result<Paper<T>, AppError> {
        self.paper_if_there(city, register, code).await?.ok_or(AppError::NotFound(register))
    }

    pub(crate) async fn paper_if_there<T: DeserializeOwned>(
        &self,
        city: CityCode,
        register: &str,
        code: &str,
    ) -> Result<Option<Paper<T>>, AppError> {
        if code.len() > 80 {
            return Ok(None);
        }
        let found = self.store().thing_by_code(city, register, code).await?;
        found.filter(|row| !row.removed).map(Paper::read).transpose()
    }

    /// Papers of a register in order of code; `class` is what they belong to.
    pub(crate) async fn papers<T: DeserializeOwned>(
        &self,
        city: CityCode,
        register: &str,
        class: Option<&str>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<Paper<T>>, AppError> {
        let query = ThingQuery {
            register: register.to_owned(),
            class: class.map(str::to_owned),
            text: None,
            after,
            with_removed: false,
            limit,
        };
        self.store().list_things(city, &query).await?.into_iter().map(Paper::read).collect()
    }
}
