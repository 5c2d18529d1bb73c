//! The whole catalogue as administration edits it: every class of an edition, switched-off ones too, each with
//! its counterpart in the other edition.

use crate::app::App;
use crate::error::AppError;
use crate::rights;
use city::catalogue::Class;
use city::crosswalk::{self, CrosswalkAnswer};
use kernel::{Actor, Edition};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueView {
    /// Version of the configuration it was read from.
    pub version: i64,
    pub edition: String,
    pub classes: Vec<CatalogueClass>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueClass {
    /// The class with its criteria, in the shape of the records `classes` and `criteria`.
    #[schema(value_type = Object)]
    pub class: Class,
    /// The class in the other edition, or why there is none.
    #[schema(value_type = Object)]
    pub counterpart: CrosswalkAnswer,
}

impl App {
    /// Every class of an edition with its criteria, in order of kind and code.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to read the configuration.
    pub fn catalogue(&self, actor: &Actor, edition: Edition) -> Result<CatalogueView, AppError> {
        if !rights::features(actor).contains(&"configuration_read") {
            return Err(AppError::Forbidden("read the configuration"));
        }
        let config = self.config(actor.city)?;
        let other = match edition {
            Edition::E2013 => Edition::E2026,
            Edition::E2026 => Edition::E2013,
        };
        let of_edition = config.catalogue.iter().filter(|class| class.entry.key.edition == edition);
        let classes = of_edition
            .map(|class| CatalogueClass {
                counterpart: crosswalk::to(other, &class.entry.key),
                class: class.clone(),
            })
            .collect();
        Ok(CatalogueView { version: config.version, edition: edition.as_str().to_owned(), classes })
    }
}
