//! Components and the entries of registers as features: every plain field of the body as a property.

use super::{
    COMPONENT_COLLECTION, Collection, Feature, FeaturePage, FeatureQuery, has, moment, only_known,
    plain_text, position,
};
use crate::app::App;
use crate::error::AppError;
use crate::ports::{COMPONENTS, StoredThing};
use crate::tiles::filter::ThingFilter;
use crate::tiles::layer;
use crate::view::Words;
use city::component::Place;
use city::grid::Bounds;
use index::Period;
use kernel::Actor;
use serde_json::{Map, Value, json};
use spatial::outline::union;

/// Properties the map itself knows: quick whatever there is.
const QUICK: [&str; 2] = ["class", "state"];
/// Properties looked for in the things themselves.
const COMPONENT_FILTERS: [&str; 14] = [
    "class",
    "state",
    "code",
    "name",
    "grid",
    "street_name",
    "community_name",
    "source",
    "accuracy",
    "supervisor_code",
    "owner_code",
    "owner_name",
    "maintainer_code",
    "maintainer_name",
];
const REGISTER_FILTERS: [&str; 6] = ["class", "state", "code", "name", "grid", "band"];
/// Things read by one question that only the things themselves can answer; the rest is left to the next page.
const READ_MAX: usize = 20_000;
const READ_AT_ONCE: usize = 2_000;

fn filters(register: &str) -> &'static [&'static str] {
    if register == COMPONENTS { &COMPONENT_FILTERS } else { &REGISTER_FILTERS }
}

impl App {
    pub(super) fn thing_collection(&self, actor: &Actor, register: &str) -> Result<Collection, AppError> {
        let (city, config) = (self.city(actor.city)?, self.config(actor.city)?);
        let name = layer::register_name(&config, register);
        let bounds = {
            let map = city.ground.read();
            let reach = layer::reach(actor, &config, register);
            let numbers = ThingFilter::default().known(register, reach)?.numbers(&map);
            numbers.with(|filter| bounds_of(&map, filter))
        };
        let components = register == COMPONENTS;
        Ok(Collection {
            id: if components { COMPONENT_COLLECTION.to_owned() } else { register.to_owned() },
            about: Words {
                zh: format!("{}：现有登记，不含已移除的", name.zh),
                en: format!("{} on the register, without removed ones", name.en),
            },
            title: name,
            bounds,
            filters: filters(register).to_vec(),
            moment: Some("changed_at"),
        })
    }

    pub(super) async fn thing_features(
        &self,
        actor: &Actor,
        register: &str,
        query: &FeatureQuery,
    ) -> Result<FeaturePage, AppError> {
        only_known(&query.properties, filters(register))?;
        let of = |name: &str| -> Vec<String> {
            query.properties.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone()).collect()
        };
        // A value that no thing can have is a question without an answer, not a mistake.
        let wanted = ThingFilter { class: of("class"), state: of("state"), major: Vec::new() };
        let config = self.config(actor.city)?;
        let known = match wanted.known(register, layer::reach(actor, &config, register)) {
            Ok(known) => known,
            Err(AppError::Invalid(_)) => {
                return Ok(FeaturePage { matched: Some(0), ..FeaturePage::default() });
            }
            Err(error) => return Err(error),
        };
        let hidden = layer::hidden_fields(actor, &config, register);
        let mut after: u64 = match &query.after {
            Some(text) => text.parse().map_err(|_| AppError::invalid("after", "unknown_value"))?,
            None => 0,
        };
        let slow: Vec<&(String, String)> =
            query.properties.iter().filter(|(name, _)| !QUICK.contains(&name.as_str())).collect();
        let by_map = slow.is_empty() && query.period == Period::default();
        let code = slow.iter().find(|(name, _)| name == "code").map(|(_, code)| code.clone());
        let city = self.city(actor.city)?;
        let mut features = Vec::new();
        let (mut read, mut matched) = (0, None);
        loop {
            let ask = if by_map { query.limit } else { READ_AT_ONCE };
            let (serials, total) = match &code {
                Some(code) => {
                    let found = self.store().thing_by_code(actor.city, register, code).await?;
                    let serial = found.filter(|thing| !thing.removed).map(|thing| thing.serial);
                    let shown =
                        serial.filter(|serial| *serial > after && on_map(&city, &known, query, *serial));
                    (shown.into_iter().collect::<Vec<_>>(), 0)
                }
                None => {
                    let (city, known, section) = (city.clone(), known.clone(), query.section.clone());
                    let work = move || {
                        let map = city.ground.read();
                        known.numbers(&map).with(|filter| section.serials(&map, filter, after, ask + 1))
                    };
                    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)?
                }
            };
            if by_map {
                matched = Some(total);
            }
            let more = serials.len() > ask;
            let page = &serials[..serials.len().min(ask)];
            read += page.len();
            let stored = self.store().things_by_serial(actor.city, page).await?;
            let mut full = false;
            for thing in stored.iter().filter(|thing| !thing.removed) {
                if full {
                    break;
                }
                after = thing.serial;
                if let Some(feature) = feature(thing, &hidden)
                    && inside(&query.period, thing)
                    && slow.iter().all(|(name, value)| has(&feature, name, value))
                {
                    features.push(feature);
                    full = features.len() == query.limit;
                }
            }
            let rest = more || (full && page.last().is_some_and(|last| *last > after));
            if !rest {
                return Ok(FeaturePage { features, matched, next: None });
            }
            if !full {
                after = page.last().copied().unwrap_or(after);
            }
            if full || by_map || read >= READ_MAX {
                return Ok(FeaturePage { features, matched, next: Some(after.to_string()) });
            }
        }
    }

    pub(super) async fn thing_feature(
        &self,
        actor: &Actor,
        register: &str,
        id: &str,
    ) -> Result<Feature, AppError> {
        let gone = || AppError::NotFound("feature");
        let stored = self.store().thing_by_code(actor.city, register, id).await?.ok_or_else(gone)?;
        let config = self.config(actor.city)?;
        let hidden = layer::hidden_fields(actor, &config, register);
        let seen = !stored.removed && layer::sees(actor, &config, &stored);
        feature(&stored, &hidden).filter(|_| seen).ok_or_else(gone)
    }
}

/// Whether a thing found by its code is in the section and admitted.
fn on_map(
    city: &crate::app::City,
    known: &crate::tiles::filter::KnownFilter,
    query: &FeatureQuery,
    serial: u64,
) -> bool {
    let map = city.ground.read();
    known.numbers(&map).with(|filter| {
        let only = |own: u64, traits: &spatial::points::Traits| {
            own == serial && filter.only.is_none_or(|only| only(own, traits))
        };
        let filter = spatial::points::Filter { only: Some(&only), ..*filter };
        !query.section.serials(&map, &filter, 0, 1).0.is_empty()
    })
}

fn bounds_of(map: &crate::ground::Map, filter: &spatial::points::Filter) -> Option<Bounds> {
    let mut around: Option<(i32, i32, i32, i32)> = None;
    for thing in map.things.iter().filter(|thing| filter.admits(thing.id, &thing.traits)) {
        let (x, y) = (thing.position.lng_e7, thing.position.lat_e7);
        around = Some(match around {
            None => (x, y, x, y),
            Some((w, s, e, n)) => (w.min(x), s.min(y), e.max(x), n.max(y)),
        });
    }
    let e7 = |n: i32| f64::from(n) / 1e7;
    let points = around.map(|(w, s, e, n)| Bounds { west: e7(w), south: e7(s), east: e7(e), north: e7(n) });
    let shapes = map.things.iter_shapes().filter(|shape| filter.admits(shape.id, &shape.traits));
    shapes.map(spatial::points::shape::Shape::bounds).chain(points).reduce(|a, b| union(&a, &b))
}

fn inside(period: &Period, thing: &StoredThing) -> bool {
    period.from.is_none_or(|from| thing.changed_at >= from)
        && period.to.is_none_or(|to| thing.changed_at < to)
}

/// A thing as a feature; `None` when its place cannot be read.
fn feature(thing: &StoredThing, hidden: &[String]) -> Option<Feature> {
    let body: Value = serde_json::from_str(&thing.body).ok()?;
    let fields = body.as_object()?;
    let place = Place::from_wkt(fields.get("place")?.as_str()?).ok()?;
    let mut properties = Map::new();
    properties.insert("serial".into(), json!(thing.serial));
    properties.insert("code".into(), json!(thing.code));
    properties.insert("name".into(), json!(thing.name));
    properties.insert("class".into(), json!(thing.class));
    let shown = |name: &String| !HIDDEN.contains(&name.as_str()) && !hidden.contains(name);
    for (name, value) in fields.iter().filter(|(name, _)| shown(name)) {
        put(&mut properties, name, value);
    }
    // What a pack defines stands one level deeper.
    for (name, value) in fields.get("fields").and_then(Value::as_object).into_iter().flatten() {
        if !hidden.contains(name) {
            put(&mut properties, name, value);
        }
    }
    properties.insert("version".into(), json!(thing.version));
    properties.insert("changed_at".into(), moment(thing.changed_at.millis()));
    Some(Feature { id: thing.code.clone(), geometry: geometry(&place), properties })
}

/// Fields of a body that are told otherwise, or are nobody's outside: who surveyed, stored papers.
const HIDDEN: [&str; 13] = [
    "place",
    "code",
    "name",
    "version",
    "photos",
    "documents",
    "relations",
    "confirmed",
    "surveyed",
    "fields",
    "cases",
    "inspected",
    "state_since",
];

/// A plain value under its name; of an object its plain values under joined names.
fn put(properties: &mut Map<String, Value>, name: &str, value: &Value) {
    match value {
        Value::Object(inner) => {
            for (own, value) in inner.iter().filter(|(_, value)| !value.is_object() && !value.is_array()) {
                properties.entry(format!("{name}_{own}")).or_insert_with(|| value.clone());
            }
        }
        Value::Array(items) => {
            let plain: Option<Vec<String>> = items.iter().map(plain_text).collect();
            if let Some(plain) = plain.filter(|plain| !plain.is_empty()) {
                properties.entry(name.to_owned()).or_insert_with(|| Value::from(plain.join(", ")));
            }
        }
        plain => {
            properties.entry(name.to_owned()).or_insert_with(|| plain.clone());
        }
    }
}

fn geometry(place: &Place) -> Value {
    let line = |points: &[kernel::Point<kernel::Cgcs2000>]| {
        Value::Array(points.iter().map(|p| position(p.lng(), p.lat())).collect())
    };
    match place {
        Place::Point(at) => json!({ "type": "Point", "coordinates": position(at.lng(), at.lat()) }),
        Place::Line(points) => json!({ "type": "LineString", "coordinates": line(points) }),
        Place::Polygon(rings) => {
            let rings: Vec<Value> = rings.iter().map(|ring| line(ring)).collect();
            json!({ "type": "Polygon", "coordinates": rings })
        }
    }
}
