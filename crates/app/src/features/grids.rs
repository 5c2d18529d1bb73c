//! Unit grids as features.

use super::{Collection, Feature, FeaturePage, FeatureQuery, GRID_COLLECTION, only_known, position};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::section::Section;
use crate::view::Words;
use kernel::{Actor, GridCode};
use serde_json::{Map, Value, json};
use spatial::outline::Outline;
use spatial::region::UnitGrid;

const FILTERS: [&str; 5] = ["code", "grade", "county", "street", "community"];

pub(super) fn collection(config: &Config) -> Collection {
    Collection {
        id: GRID_COLLECTION.to_owned(),
        title: Words { zh: "单元网格".into(), en: "Unit grids".into() },
        about: Words {
            zh: "现行版本的单元网格，编码 15 位".into(),
            en: "The unit grids in force, with their codes of 15 digits".into(),
        },
        bounds: config.grids.all_bounds(),
        filters: FILTERS.to_vec(),
        moment: None,
    }
}

impl App {
    pub(super) async fn grid_features(
        &self,
        actor: &Actor,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, AppError> {
        only_known(&query.properties, &FILTERS)?;
        let config = self.config(actor.city)?;
        let query = query.clone();
        let work = move || page(&config, &query);
        tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)
    }

    pub(super) fn grid_feature(&self, actor: &Actor, id: &str) -> Result<Feature, AppError> {
        let config = self.config(actor.city)?;
        let code: GridCode = id.parse().map_err(|_| AppError::NotFound("unit grid"))?;
        config.grids.get(&code).map(|grid| feature(&config, grid)).ok_or(AppError::NotFound("unit grid"))
    }
}

fn page(config: &Config, query: &FeatureQuery) -> FeaturePage {
    let inside = |grid: &&UnitGrid| match &query.section {
        Section::Everywhere => true,
        Section::Boxes(boxes) => {
            let own = grid.outline.bounds();
            boxes.iter().any(|b| {
                own.west <= b.east && own.east >= b.west && own.south <= b.north && own.north >= b.south
            })
        }
        Section::Polygon(_) => {
            let centre = grid.outline.centre();
            query.section.holds(centre.lng(), centre.lat())
        }
    };
    let wanted = |grid: &&UnitGrid| {
        query.properties.iter().all(|(name, value)| match name.as_str() {
            "code" => grid.key.as_str() == value,
            "grade" => grid.value.is_some_and(|grade| grade.as_str() == value),
            "county" => grid.key.as_str().get(..6) == Some(value),
            "street" => grid.key.as_str().get(..9) == Some(value),
            _ => grid.key.as_str().get(..12) == Some(value),
        })
    };
    let mut found: Vec<&UnitGrid> = config.grids.iter().filter(inside).filter(wanted).collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    let matched = found.len() as u64;
    let start = query.after.as_deref().map_or(0, |after| found.partition_point(|g| g.key.as_str() <= after));
    let rest = &found[start..];
    let shown = &rest[..rest.len().min(query.limit)];
    let next = if shown.len() < rest.len() { shown.last().map(|g| g.key.to_string()) } else { None };
    let features = shown.iter().map(|grid| feature(config, grid)).collect();
    FeaturePage { features, matched: Some(matched), next }
}

fn feature(config: &Config, grid: &UnitGrid) -> Feature {
    let code = grid.key.as_str();
    let mut properties = Map::new();
    properties.insert("code".into(), json!(code));
    properties.insert("grade".into(), json!(grid.value.map(city::AreaGrade::as_str)));
    for (level, digits) in [("county", 6), ("street", 9), ("community", 12)] {
        let own = code.get(..digits).unwrap_or_default();
        let name = own.parse().ok().and_then(|own| config.divisions.get(&own)).map(|d| d.name.zh.clone());
        properties.insert(level.into(), json!(own));
        properties.insert(format!("{level}_name"), json!(name));
    }
    Feature { id: code.to_owned(), geometry: polygon(&grid.outline), properties }
}

/// An outline as GeoJSON: outer rings counter-clockwise, holes clockwise, as they are kept.
pub(super) fn polygon(outline: &Outline) -> Value {
    let mut parts: Vec<Vec<Value>> = Vec::new();
    for (ring, hole) in outline.rings() {
        let ring = Value::Array(ring.iter().map(|[lng, lat]| position(*lng, *lat)).collect());
        match parts.last_mut() {
            Some(part) if hole => part.push(ring),
            _ => parts.push(vec![ring]),
        }
    }
    match parts.len() {
        1 => json!({ "type": "Polygon", "coordinates": parts.pop() }),
        _ => json!({ "type": "MultiPolygon", "coordinates": parts }),
    }
}
