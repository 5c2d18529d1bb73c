//! Cases on a tile, straight from the columns and through the same rights as every list.

use super::Sheet;
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, Problems};
use crate::list_query::ListQuery;
use crate::rights::visibility;
use index::{Bounds, CaseIndex, Filter, Query, Visibility};
use kernel::{Actor, Light, Timestamp};
use spatial::mercator::TileId;
use spatial::points::Position;
use spatial::tile::{BUFFER, Describe, Layer, Spot, Tags, Value, spot_bounds, spot_layer};

use super::layer::CASE_LAYER;

/// A tile whose filter asks for the time (what is late, a queue that looks back) is drawn anew after this long.
const TIMED_FOR_S: u32 = 30;

/// The filters of a list, but for full text and pages.
pub type CaseFilter = ListQuery;

pub(super) struct CasePen {
    filter: Filter,
    visibility: Visibility,
    /// What the filter admits changes by itself.
    timed: bool,
    /// Question and rights as a text.
    asked: String,
}

/// Grows with every change of a case on the tile or close to it.
pub(super) fn version(index: &CaseIndex, tile: TileId) -> u64 {
    index.version_in(&around(tile))
}

fn around(tile: TileId) -> Bounds {
    let wide = spot_bounds(tile, BUFFER);
    Bounds { west: wide.west.max(-180.0), south: wide.south, east: wide.east.min(180.0), north: wide.north }
}

impl App {
    pub(super) fn case_pen(
        &self,
        actor: &Actor,
        config: &Config,
        q: &CaseFilter,
    ) -> Result<CasePen, AppError> {
        let mut problems = Problems::default();
        // Full text is looked up in the store, and a tile is a section by itself.
        for (field, sent) in [("q", q.q.is_some()), ("bbox", q.bbox.is_some())] {
            if sent {
                problems.add(field, "not_on_tiles");
            }
        }
        problems.done()?;
        let filter = self.asked(actor, config, q)?.filter;
        let visibility = visibility(actor, config);
        let timed =
            q.queue.is_some() || q.overdue.is_some() || q.total_overdue.is_some() || !q.light.is_empty();
        // Which page of a list it was says nothing about the map.
        let plain = ListQuery { sort: None, limit: None, cursor: None, ..q.clone() };
        let asked = format!("{plain:?} {}", self.rights_text(actor)?);
        // Some questions are about whoever asks.
        let mine = (q.queue.is_some() || q.handled_by_me == Some(true)).then(|| actor.person_id());
        let asked = format!("{asked} {mine:?}");
        Ok(CasePen { filter, visibility, timed, asked })
    }
}

impl CasePen {
    pub fn asked(&self) -> String {
        self.asked.clone()
    }

    pub fn draw(&self, index: &CaseIndex, tile: TileId, now: Timestamp) -> Sheet {
        let filter = Filter { bounds: Some(around(tile)), ..self.filter.clone() };
        let query = Query { filter: &filter, visibility: &self.visibility, now, within: None };
        let mut spots: Vec<Spot<Look>> = Vec::new();
        let mut until: Option<u32> = self.timed.then(|| super::second(now) + TIMED_FOR_S);
        index.on_map(&query, |case| {
            until = [until, case.light_until].into_iter().flatten().min();
            spots.push(Spot {
                id: u64::from(case.serial),
                position: Position { lng_e7: case.lng_e7, lat_e7: case.lat_e7 },
                what: Look {
                    serial: case.serial,
                    stage: case.stage.as_str(),
                    light: case.light,
                    urgent: case.urgent,
                    class: case.class,
                },
            });
        });
        let mut body = Vec::new();
        spot_layer(CASE_LAYER, tile, BUFFER, &spots, &Describer { index }).finish(&mut body);
        Sheet { body, version: version(index, tile), until: until.unwrap_or(0) }
    }
}

/// What a map shows of a case.
#[derive(Clone, Copy)]
struct Look<'a> {
    serial: u32,
    stage: &'static str,
    light: Option<Light>,
    urgent: bool,
    class: Option<&'a kernel::ClassKey>,
}

/// Several cases together.
#[derive(Default)]
struct Crowd {
    red: i64,
    yellow: i64,
    urgent: i64,
    open: i64,
}

struct Describer<'a> {
    index: &'a CaseIndex,
}

impl<'a> Describe<Look<'a>> for Describer<'a> {
    type Sum = Crowd;

    fn add(&self, sum: &mut Crowd, one: &Look<'a>) {
        sum.red += i64::from(one.light == Some(Light::Red));
        sum.yellow += i64::from(one.light == Some(Light::Yellow));
        sum.urgent += i64::from(one.urgent);
        sum.open += i64::from(one.light.is_some());
    }

    fn one(&self, spot: &Spot<Look<'a>>, layer: &mut Layer, tags: &mut Tags) {
        let look = &spot.what;
        layer.tag(tags, "stage", Value::Text(look.stage));
        layer.tag(tags, "light", Value::Text(look.light.map_or("none", Light::as_str)));
        if look.urgent {
            layer.tag(tags, "urgent", Value::Truth(true));
        }
        if let Some(class) = look.class {
            layer.tag(tags, "class", Value::Text(&class.to_string()));
        }
        if let Some(number) = self.index.number(look.serial) {
            layer.tag(tags, "number", Value::Text(number.as_str()));
        }
    }

    fn many(&self, sum: &Crowd, layer: &mut Layer, tags: &mut Tags) {
        for (name, count) in
            [("red", sum.red), ("yellow", sum.yellow), ("urgent", sum.urgent), ("open", sum.open)]
        {
            if count > 0 {
                layer.tag(tags, name, Value::Number(count));
            }
        }
        let worst = match (sum.red, sum.yellow, sum.open) {
            (1.., ..) => "red",
            (_, 1.., _) => "yellow",
            (_, _, 1..) => "green",
            _ => "none",
        };
        layer.tag(tags, "light", Value::Text(worst));
    }
}
