//! Cases with a place as features: those the reader's lists show.

use super::{
    CASE_COLLECTION, Collection, Feature, FeaturePage, FeatureQuery, has, moment, only_known, position,
};
use crate::app::App;
use crate::error::AppError;
use crate::layers::case_bounds;
use crate::list_query::ListQuery;
use crate::rights::visibility;
use crate::section::Section;
use crate::view::{CaseLine, Words};
use index::{Cursor, Query, Sort, SortBy};
use kernel::Actor;
use serde_json::{Map, Value, json};

/// Properties one may filter by: filters of a list that take one plain value.
const FILTERS: [&str; 11] =
    ["number", "stage", "light", "class", "source", "kind", "level", "department", "area", "urgent", "ended"];
/// Newest first, so that a reader of the first pages sees what is going on.
const ORDER: Sort = Sort { by: SortBy::Number, descending: true };

impl App {
    pub(super) fn case_collection(&self, actor: &Actor) -> Result<Collection, AppError> {
        let config = self.config(actor.city)?;
        let [west, south, east, north] = config.settings.bounds;
        Ok(Collection {
            id: CASE_COLLECTION.to_owned(),
            title: Words { zh: "案件".into(), en: "Cases".into() },
            about: Words {
                zh: "有位置的案件，仅含您有权查看的".into(),
                en: "Cases with a place, those you may see".into(),
            },
            bounds: Some(city::grid::Bounds { west, south, east, north }),
            filters: FILTERS.to_vec(),
            moment: Some("reported_at"),
        })
    }

    pub(super) async fn case_features(
        &self,
        actor: &Actor,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, AppError> {
        only_known(&query.properties, &FILTERS)?;
        let config = self.config(actor.city)?;
        if let Some(number) = query.properties.iter().find(|(name, _)| name == "number").map(|(_, v)| v) {
            return self.case_of_number(actor, query, number).await;
        }
        let mut asked = self.asked(actor, &config, &list_query(&query.properties)?)?;
        asked.filter.located = Some(true);
        asked.filter.reported = query.period;
        asked.filter.bounds = query.section.boxes().map(|boxes| case_bounds(&boxes));
        let after = match &query.after {
            Some(text) => {
                Some(Cursor::parse(text, ORDER).ok_or_else(|| AppError::invalid("after", "unknown_value"))?)
            }
            None => None,
        };
        let seen = visibility(actor, &config);
        let city = self.city(actor.city)?;
        let page = {
            let question = Query { filter: &asked.filter, visibility: &seen, now: self.now(), within: None };
            city.index.read().page(&question, ORDER, after, query.limit)
        };
        let mut features = Vec::with_capacity(page.serials.len());
        for serials in page.serials.chunks(1_000) {
            let stored = self.store().cases_by_serial(actor.city, serials).await?;
            let lines = stored.iter().map(|stored| self.line_of(actor, &config, &stored.case));
            features.extend(lines.filter_map(|line| feature(&line)));
        }
        let exact = !matches!(query.section, Section::Polygon(_));
        Ok(FeaturePage {
            features,
            matched: exact.then_some(u64::from(page.total)),
            next: page.next.map(|cursor| cursor.to_string()),
        })
    }

    async fn case_of_number(
        &self,
        actor: &Actor,
        query: &FeatureQuery,
        number: &str,
    ) -> Result<FeaturePage, AppError> {
        let found = match self.case_feature(actor, number).await {
            Ok(feature) => Some(feature),
            Err(AppError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let others: Vec<&(String, String)> =
            query.properties.iter().filter(|(name, _)| name != "number").collect();
        let equal = |feature: &Feature| others.iter().all(|(name, value)| has(feature, name, value));
        let inside = |feature: &Feature| {
            let at = |n: usize| feature.geometry["coordinates"][n].as_f64().unwrap_or(f64::NAN);
            query.section.holds(at(0), at(1))
        };
        let features: Vec<Feature> = found.into_iter().filter(equal).filter(inside).collect();
        Ok(FeaturePage { matched: Some(features.len() as u64), features, next: None })
    }

    pub(super) async fn case_feature(&self, actor: &Actor, id: &str) -> Result<Feature, AppError> {
        feature(&self.line(actor, id).await?).ok_or(AppError::NotFound("case"))
    }
}

/// The properties as the filters of a list.
fn list_query(properties: &[(String, String)]) -> Result<ListQuery, AppError> {
    let mut q = ListQuery::default();
    for (name, value) in properties {
        let truth = || match value.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(AppError::invalid(name.clone(), "unknown_value")),
        };
        match name.as_str() {
            "stage" => q.stage.push(value.clone()),
            "light" => q.light.push(value.clone()),
            "class" => q.class.push(value.clone()),
            "source" => q.source.push(value.clone()),
            "kind" => q.kind.push(value.clone()),
            "level" => q.level.push(value.clone()),
            "area" => q.area.push(value.clone()),
            "urgent" => q.urgent = truth()?,
            "ended" => q.ended = truth()?,
            _ => {
                let id = value.parse().map_err(|_| AppError::invalid(name.clone(), "unknown_value"))?;
                q.department.push(id);
            }
        }
    }
    Ok(q)
}

fn feature(line: &CaseLine) -> Option<Feature> {
    let (lng, lat) = line.lng.zip(line.lat)?;
    let time = |at: Option<i64>| at.map_or(Value::Null, moment);
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("number", json!(line.number));
    put("case_id", json!(line.id));
    put("stage", json!(line.stage));
    put("light", json!(line.light));
    put("class", json!(line.class.as_ref().map(|class| &class.key)));
    put("class_zh", json!(line.class.as_ref().map(|class| &class.name.zh)));
    put("class_en", json!(line.class.as_ref().map(|class| &class.name.en)));
    put("headline", json!(line.headline));
    put("address", json!(line.address));
    put("grid", json!(line.grid));
    put("source", json!(line.source));
    put("level", json!(line.level));
    put("department", json!(line.department.as_ref().map(|department| department.id)));
    put("department_zh", json!(line.department.as_ref().map(|department| &department.name.zh)));
    put("department_en", json!(line.department.as_ref().map(|department| &department.name.en)));
    put("urgent", json!(line.urgent));
    put("major", json!(line.major));
    put("reported_at", moment(line.reported_at));
    put("filed_at", time(line.filed_at));
    put("due_at", time(line.due_at));
    put("ended_at", time(line.ended_at));
    put("updated_at", moment(line.updated_at));
    let geometry = json!({ "type": "Point", "coordinates": position(lng, lat) });
    Some(Feature { id: line.number.clone(), geometry, properties })
}
