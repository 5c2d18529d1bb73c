//! What the map can show somebody: layers with their classes and states, and how many there are of each in a
//! section of the map.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::AppError;
use crate::ground::Map;
use crate::ports::COMPONENTS;
use crate::rights::visibility;
use crate::section::Section;
use crate::tiles::filter::{KnownFilter, ThingFilter, major, parts};
use crate::tiles::layer::{self, CASE_LAYER, COMPONENT_LAYER, DUTY_LAYER, GRID_LAYER};
use crate::view::Words;
use city::roster::DutyGrid;
use index::{Bounds, Filter, GroupBy, GroupKey, Query};
use kernel::{Actor, ClassKey, GridCode};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LayersView {
    pub layers: Vec<LayerView>,
}

/// A layer of `/api/tiles`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LayerView {
    /// Part of the address of its tiles, and the name of the layer inside them.
    pub id: String,
    /// `things`, `cases` or `grids`: which filters its tiles take.
    pub kind: &'static str,
    pub name: Words,
    /// In the section asked for.
    pub count: u64,
    /// Those that there are in the section, in order of code.
    pub classes: Vec<LayerClass>,
    pub states: Vec<LayerState>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LayerClass {
    /// Value for the filter `class`.
    pub class: String,
    pub name: Words,
    /// Value for the filter `major`; empty in registers.
    pub major: String,
    pub major_name: Words,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LayerState {
    /// Value for the filter `state`; of cases, `stage`.
    pub state: String,
    pub name: Words,
    pub count: u64,
}

fn both(zh: &str, en: &str) -> Words {
    Words { zh: zh.to_owned(), en: en.to_owned() }
}

/// The words of a component's state.
#[must_use]
pub fn state_words(state: &str) -> Words {
    match state {
        "intact" => both("完好", "Intact"),
        "damaged" => both("破损", "Damaged"),
        "lost" => both("丢失", "Lost"),
        "abandoned" => both("废弃", "Abandoned"),
        "removed" => both("移除", "Removed"),
        other => both(other, other),
    }
}

impl App {
    /// The layers `actor` may see, counted in a section.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub async fn layers(&self, actor: &Actor, section: Section) -> Result<LayersView, AppError> {
        let (app, actor) = (self.clone(), actor.clone());
        // A million things are counted in some milliseconds.
        tokio::task::spawn_blocking(move || app.count_layers(&actor, &section))
            .await
            .map_err(|_| AppError::Busy)?
    }

    fn count_layers(&self, actor: &Actor, section: &Section) -> Result<LayersView, AppError> {
        let (city, config) = (self.city(actor.city)?, self.config(actor.city)?);
        let mut layers = Vec::new();
        {
            let map = city.ground.read();
            let registers = layer::registers(actor, &config);
            for register in std::iter::once(COMPONENTS.to_owned()).chain(registers) {
                let reach = layer::reach(actor, &config, &register);
                let known = ThingFilter::default().known(&register, reach)?;
                layers.push(count_register(&config, &map, &register, &known, section));
            }
        }
        layers.push(self.count_case_layer(actor, &config, section)?);
        let within: Vec<&GridCode> = config
            .grids
            .iter()
            .filter(|grid| {
                let centre = grid.outline.centre();
                section.holds(centre.lng(), centre.lat())
            })
            .map(|grid| &grid.key)
            .collect();
        let plain = |id: &str, name: Words, count| LayerView {
            id: id.to_owned(),
            kind: "grids",
            name,
            count,
            classes: Vec::new(),
            states: Vec::new(),
        };
        layers.push(plain(GRID_LAYER, both("单元网格", "Unit grids"), within.len() as u64));
        if !config.roster.duty_grids.is_empty() {
            let count = duty_grids_of(&config.roster.duty_grids, &within);
            layers.push(plain(DUTY_LAYER, both("责任网格", "Duty grids"), count));
        }
        Ok(LayersView { layers })
    }

    fn count_case_layer(
        &self,
        actor: &Actor,
        config: &Config,
        section: &Section,
    ) -> Result<LayerView, AppError> {
        let (city, seen) = (self.city(actor.city)?, visibility(actor, config));
        // A polygon is counted by its box: the columns know rectangles.
        let bounds = section.boxes().map(|boxes| case_bounds(&boxes));
        let filter = Filter { ended: Some(false), located: Some(true), bounds, ..Filter::default() };
        let query = Query { filter: &filter, visibility: &seen, now: self.now(), within: None };
        let index = city.index.read();
        let mut classes: BTreeMap<ClassKey, u64> = BTreeMap::new();
        let mut states: Vec<(&'static str, u64)> = Vec::new();
        let mut count = 0;
        let polygon = matches!(section, Section::Polygon(_));
        if polygon {
            index.on_map(&query, |case| {
                if !section.holds(f64::from(case.lng_e7) / 1e7, f64::from(case.lat_e7) / 1e7) {
                    return;
                }
                count += 1;
                if let Some(class) = case.class {
                    *classes.entry(class.clone()).or_default() += 1;
                }
                match states.iter_mut().find(|(stage, _)| *stage == case.stage.as_str()) {
                    Some((_, n)) => *n += 1,
                    None => states.push((case.stage.as_str(), 1)),
                }
            });
        } else {
            count = u64::from(index.count(&query));
            for (key, n) in index.group_count(&query, GroupBy::Class) {
                if let GroupKey::Class(Some(class)) = key {
                    classes.insert(class, u64::from(n));
                }
            }
            for (key, n) in index.group_count(&query, GroupBy::Stage) {
                if let GroupKey::Stage(stage) = key {
                    states.push((stage.as_str(), u64::from(n)));
                }
            }
        }
        drop(index);
        let states = states.into_iter().map(|(stage, count)| LayerState {
            state: stage.to_owned(),
            name: both(stage, stage),
            count,
        });
        Ok(LayerView {
            id: CASE_LAYER.to_owned(),
            kind: "cases",
            name: both("案件", "Cases"),
            count,
            classes: classes
                .into_iter()
                .map(|(class, count)| layer_class(config, COMPONENTS, &class.to_string(), count))
                .collect(),
            states: states.collect(),
        })
    }
}

/// How many duty grids have one of these unit grids.
fn duty_grids_of(duty_grids: &[DutyGrid], within: &[&GridCode]) -> u64 {
    let areas: BTreeSet<&str> = within
        .iter()
        .flat_map(|code| [6, 9, 12, 15].into_iter().filter_map(|length| code.as_str().get(..length)))
        .collect();
    let there = |duty: &&DutyGrid| duty.areas.iter().any(|area| areas.contains(area.as_str()));
    duty_grids.iter().filter(there).count() as u64
}

/// One box of the columns for one or two of ours.
pub(crate) fn case_bounds(boxes: &[city::grid::Bounds]) -> Bounds {
    match boxes {
        // On both sides of the date line: `west` is the greater one.
        [east_of, west_of, ..] => {
            Bounds { west: east_of.west, south: east_of.south, east: west_of.east, north: east_of.north }
        }
        [one] => Bounds { west: one.west, south: one.south, east: one.east, north: one.north },
        [] => Bounds { west: -180.0, south: -90.0, east: 180.0, north: 90.0 },
    }
}

fn count_register(
    config: &Config,
    map: &Map,
    register: &str,
    filter: &KnownFilter,
    section: &Section,
) -> LayerView {
    let known = map.things.classes();
    let mut classes = vec![0_u64; known.len()];
    let mut states = [0_u64; 256];
    let mut count = 0;
    filter.numbers(map).with(|filter| {
        section.each_thing(map, filter, |_, traits| {
            count += 1;
            classes[usize::from(traits.class.0)] += 1;
            states[usize::from(traits.state)] += 1;
        });
    });
    let mut found: Vec<LayerClass> = known
        .iter()
        .zip(&classes)
        .filter(|(_, count)| **count > 0)
        .map(|((_, name, _), count)| layer_class(config, register, parts(name).1, *count))
        .collect();
    found.sort_by(|a, b| a.class.cmp(&b.class));
    let states = known.states().iter().zip(states).filter(|(_, count)| *count > 0).map(|(state, count)| {
        LayerState { state: state.clone(), name: layer::state_name(config, register, state), count }
    });
    let id = if register == COMPONENTS { COMPONENT_LAYER } else { register };
    LayerView {
        id: id.to_owned(),
        kind: "things",
        name: layer::register_name(config, register),
        count,
        classes: found,
        states: states.collect(),
    }
}

pub(crate) fn layer_class(config: &Config, register: &str, class: &str, count: u64) -> LayerClass {
    let key = class.parse::<ClassKey>().ok();
    let entry = key.as_ref().and_then(|key| config.catalogue.get(key));
    let code = key.as_ref().and_then(|_| major(class)).unwrap_or_default();
    LayerClass {
        class: class.to_owned(),
        name: match &key {
            Some(key) => config.class_name(key),
            None => layer::kind_name(config, register, class),
        },
        major: code.to_owned(),
        major_name: entry.map_or_else(|| both(code, code), |entry| words(&entry.major_name)),
        count,
    }
}
