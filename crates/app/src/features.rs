//! The map's collections as features with plain properties, page by page: what other programs read.
//!
//! Everything here goes through the same rights as tiles and lists; a collection hidden from somebody is not there.

mod cases;
mod grids;
mod things;

use crate::app::App;
use crate::error::AppError;
use crate::section::Section;
use crate::tiles::layer;
use crate::view::Words;
use city::grid::Bounds;
pub use index::Period;
use kernel::Actor;
use serde_json::{Map, Value};

pub const COMPONENT_COLLECTION: &str = "components";
pub const GRID_COLLECTION: &str = "unit_grids";
pub const CASE_COLLECTION: &str = "cases";

/// Features of one page at most: about 5 MB of components.
pub const PAGE_MAX: usize = 5_000;

/// A property of the features of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    pub name: &'static str,
    pub kind: PropertyKind,
    /// May be asked for.
    pub filter: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    Text,
    Whole,
    Real,
    Truth,
    /// RFC 3339 text.
    Moment,
}

/// A collection somebody may see.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    pub id: String,
    pub title: Words,
    pub about: Words,
    /// Around all of it; `None` while it is empty.
    pub bounds: Option<Bounds>,
    /// Properties that may be filtered by, in the order of documents.
    pub filters: Vec<&'static str>,
    /// What `datetime` is about; `None` when features have no time.
    pub moment: Option<&'static str>,
}

/// Which features of a collection are wanted.
#[derive(Debug, Clone, Default)]
pub struct FeatureQuery {
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<String>,
    pub section: Section,
    pub period: Period,
    /// Property and value; all must be equal.
    pub properties: Vec<(String, String)>,
}

/// A feature as GeoJSON has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub id: String,
    /// A GeoJSON geometry.
    pub geometry: Value,
    pub properties: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeaturePage {
    pub features: Vec<Feature>,
    /// How many match in all, when that is known without reading every one.
    pub matched: Option<u64>,
    /// Where the next page begins; absent on the last.
    pub next: Option<String>,
}

pub(crate) enum Known {
    Register(String),
    Grids,
    Cases,
}

impl App {
    /// The collections `actor` may see.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub async fn collections(&self, actor: &Actor) -> Result<Vec<Collection>, AppError> {
        let (app, actor) = (self.clone(), actor.clone());
        // The box around a million things takes some milliseconds.
        let work = move || app.collect(&actor);
        tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)?
    }

    fn collect(&self, actor: &Actor) -> Result<Vec<Collection>, AppError> {
        let config = self.config(actor.city)?;
        let mut all = vec![self.thing_collection(actor, crate::ports::COMPONENTS)?];
        for register in layer::registers(actor, &config) {
            all.push(self.thing_collection(actor, &register)?);
        }
        all.push(grids::collection(&config));
        all.push(self.case_collection(actor)?);
        Ok(all)
    }

    /// # Errors
    /// [`AppError::NotFound`] also when it is hidden from this actor.
    pub async fn collection(&self, actor: &Actor, id: &str) -> Result<Collection, AppError> {
        let all = self.collections(actor).await?;
        all.into_iter().find(|one| one.id == id).ok_or(AppError::NotFound("collection"))
    }

    fn known_collection(&self, actor: &Actor, id: &str) -> Result<Known, AppError> {
        let config = self.config(actor.city)?;
        Ok(match id {
            COMPONENT_COLLECTION => Known::Register(crate::ports::COMPONENTS.to_owned()),
            GRID_COLLECTION => Known::Grids,
            CASE_COLLECTION => Known::Cases,
            register if layer::registers(actor, &config).iter().any(|own| own == register) => {
                Known::Register(register.to_owned())
            }
            _ => return Err(AppError::NotFound("collection")),
        })
    }

    /// One page of a collection.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a collection hidden or unknown, [`AppError::Invalid`] naming what cannot be
    /// understood.
    pub async fn features(
        &self,
        actor: &Actor,
        collection: &str,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, AppError> {
        if !(1..=PAGE_MAX).contains(&query.limit) {
            return Err(AppError::invalid("limit", "out_of_range"));
        }
        match self.known_collection(actor, collection)? {
            Known::Register(register) => self.thing_features(actor, &register, query).await,
            Known::Grids => self.grid_features(actor, query).await,
            Known::Cases => self.case_features(actor, query).await,
        }
    }

    /// One feature.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also when it is hidden from this actor.
    pub async fn feature(&self, actor: &Actor, collection: &str, id: &str) -> Result<Feature, AppError> {
        match self.known_collection(actor, collection)? {
            Known::Register(register) => self.thing_feature(actor, &register, id).await,
            Known::Grids => self.grid_feature(actor, id),
            Known::Cases => self.case_feature(actor, id).await,
        }
    }
}

/// A moment as RFC 3339 text in UTC.
fn moment(millis: i64) -> Value {
    jiff::Timestamp::from_millisecond(millis).map_or(Value::Null, |at| Value::from(at.to_string()))
}

fn degrees(value: f64) -> f64 {
    // Eleven millimetres, as positions are kept.
    (value * 1e7).round() / 1e7
}

fn position(lng: f64, lat: f64) -> Value {
    serde_json::json!([degrees(lng), degrees(lat)])
}

/// A plain value as the text somebody would ask for it by.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Whether a feature has a property of this value.
fn has(feature: &Feature, name: &str, value: &str) -> bool {
    feature.properties.get(name).and_then(plain_text).is_some_and(|own| own == value)
}

/// A property nobody may ask for is refused, so that a typing error never shows everything.
fn only_known(properties: &[(String, String)], known: &[&str]) -> Result<(), AppError> {
    let unknown = properties.iter().find(|(name, _)| !known.contains(&name.as_str()));
    match unknown {
        Some((name, _)) => Err(AppError::invalid(name.clone(), "unknown_parameter")),
        None => Ok(()),
    }
}
