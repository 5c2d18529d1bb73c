//! What lies at a place of the map, and the line of any registered thing.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, Problems};
use crate::ports::{COMPONENTS, StoredThing};
use crate::rights::visibility;
use crate::section::Section;
use crate::tiles::filter::{ThingFilter, parts};
use crate::tiles::layer::{self, CASE_LAYER, COMPONENT_LAYER, DUTY_LAYER, GRID_LAYER, Layer};
use crate::view::{CaseLine, ClassView, Words};
use city::component::Place;
use index::{Filter, Near, Query};
use kernel::{Actor, Cgcs2000, ClassKey, Point};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Things of one layer told for one place: a person reads a list of so many.
const HITS_MAX: usize = 20;
const METRES_MAX: f64 = 500.0;
/// A list beside the map is read a page at a time.
const PAGE_MAX: usize = 200;

/// A registered thing as one line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ThingLine {
    /// Its id on the tiles.
    pub serial: u64,
    /// `component`, or the register of a pack.
    pub register: String,
    /// The layer it is drawn on.
    pub layer: String,
    pub code: String,
    pub name: String,
    pub class: Option<ClassView>,
    pub state: String,
    pub state_name: Words,
    /// `green`, `yellow`, `red` or `grey`, where the register colours its entries.
    pub band: Option<String>,
    pub grid: Option<String>,
    /// A place to show it by.
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub version: u32,
    pub removed: bool,
    pub changed_at: i64,
}

/// Something that lies at a place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HitView {
    pub layer: String,
    /// From the place; 0 inside a polygon.
    pub metres: f64,
    /// Of a layer of things.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thing: Option<ThingLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaHit>,
}

/// A unit grid or duty grid at a place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AreaHit {
    pub code: String,
    pub name: Words,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HitsView {
    /// Nearest first, layer by layer as asked.
    pub items: Vec<HitView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ThingsPage {
    pub items: Vec<ThingLine>,
    /// Send as `after` for the next page; absent on the last.
    pub next: Option<u64>,
    /// How many there are in all.
    pub total: u64,
}

impl App {
    /// What lies at a place, of the layers asked for; of all when none is named.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a place that is none, [`AppError::NotFound`] for a layer hidden or unknown.
    pub async fn things_at(
        &self,
        actor: &Actor,
        lng: f64,
        lat: f64,
        metres: f64,
        layers: &[String],
    ) -> Result<HitsView, AppError> {
        let mut problems = Problems::default();
        let point = Point::<Cgcs2000>::new(lng, lat);
        if point.is_none() {
            problems.add("lng", "out_of_range");
        }
        if !(0.0..=METRES_MAX).contains(&metres) {
            problems.add("metres", "out_of_range");
        }
        problems.done()?;
        let Some(point) = point else { return Err(AppError::invalid("lng", "out_of_range")) };
        let config = self.config(actor.city)?;
        let named = |name: &str| layer::find(actor, &config, name).ok_or(AppError::NotFound("layer"));
        let layers: Vec<Layer> = if layers.is_empty() {
            let registers = layer::registers(actor, &config).into_iter().map(Layer::Register);
            [Layer::Cases, Layer::Register(COMPONENTS.to_owned())]
                .into_iter()
                .chain(registers)
                .chain([Layer::DutyGrids, Layer::Grids])
                .collect()
        } else {
            layers.iter().map(|name| named(name)).collect::<Result<_, _>>()?
        };
        let mut items = Vec::new();
        for layer in &layers {
            match layer {
                Layer::Register(register) => {
                    items.extend(self.register_hits(actor, &config, register, point, metres).await?);
                }
                Layer::Cases => items.extend(self.case_hits(actor, &config, point, metres).await?),
                Layer::Grids => items.extend(grid_hit(&config, point)),
                Layer::DutyGrids => items.extend(duty_hits(&config, point)),
            }
        }
        Ok(HitsView { items })
    }

    async fn register_hits(
        &self,
        actor: &Actor,
        config: &Config,
        register: &str,
        point: Point<Cgcs2000>,
        metres: f64,
    ) -> Result<Vec<HitView>, AppError> {
        let city = self.city(actor.city)?;
        let mut found: Vec<(u64, f64)> = {
            let map = city.ground.read();
            let reach = layer::reach(actor, config, register);
            let numbers = ThingFilter::default().known(register, reach)?.numbers(&map);
            numbers.with(|filter| {
                let points = map.things.nearest(point, metres, HITS_MAX, filter);
                let shapes = map.things.shapes_near(point, metres, filter);
                points
                    .into_iter()
                    .map(|(thing, far)| (thing.id, far))
                    .chain(shapes.into_iter().map(|(shape, far)| (shape.id, far)))
                    .collect()
            })
        };
        found.sort_by(|(a, a_far), (b, b_far)| a_far.total_cmp(b_far).then(a.cmp(b)));
        found.truncate(HITS_MAX);
        let serials: Vec<u64> = found.iter().map(|(serial, _)| *serial).collect();
        let stored = self.store().things_by_serial(actor.city, &serials).await?;
        let far = |serial: u64| found.iter().find(|(own, _)| *own == serial).map_or(0.0, |(_, far)| *far);
        let hits = stored.iter().map(|thing| {
            let line = thing_line(config, thing);
            HitView {
                layer: line.layer.clone(),
                metres: rounded(far(thing.serial)),
                thing: Some(line),
                case: None,
                area: None,
            }
        });
        Ok(hits.collect())
    }

    async fn case_hits(
        &self,
        actor: &Actor,
        config: &Config,
        point: Point<Cgcs2000>,
        metres: f64,
    ) -> Result<Vec<HitView>, AppError> {
        let (city, seen) = (self.city(actor.city)?, visibility(actor, config));
        let filter = Filter { near: Some(Near { centre: point, metres }), ..Filter::default() };
        let mut found: Vec<(f64, u32)> = Vec::new();
        {
            let index = city.index.read();
            let query = Query { filter: &filter, visibility: &seen, now: self.now(), within: None };
            index.on_map(&query, |case| {
                let (lng, lat) = (f64::from(case.lng_e7) / 1e7, f64::from(case.lat_e7) / 1e7);
                let far = Point::new(lng, lat).map_or(f64::INFINITY, |at| point.metres_to(&at));
                let place = found.partition_point(|(other, serial)| {
                    // Of equally near ones the newest first.
                    other.total_cmp(&far).then(case.serial.cmp(serial)).is_lt()
                });
                found.insert(place, (far, case.serial));
                found.truncate(HITS_MAX);
            });
        }
        let serials: Vec<u32> = found.iter().map(|(_, serial)| *serial).collect();
        let stored = self.store().cases_by_serial(actor.city, &serials).await?;
        let far = |serial: u32| found.iter().find(|(_, own)| *own == serial).map_or(0.0, |(far, _)| *far);
        let hits = stored.iter().map(|stored| HitView {
            layer: CASE_LAYER.to_owned(),
            metres: rounded(far(stored.serial)),
            case: Some(self.line_of(actor, config, &stored.case)),
            thing: None,
            area: None,
        });
        Ok(hits.collect())
    }

    /// The line of any registered thing, removed ones too.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also when its register is hidden from this actor.
    pub async fn thing_line(&self, actor: &Actor, serial: u64) -> Result<ThingLine, AppError> {
        let config = self.config(actor.city)?;
        let stored = self.store().thing(actor.city, serial).await?.ok_or(AppError::NotFound("thing"))?;
        if !layer::sees(actor, &config, &stored) {
            return Err(AppError::NotFound("thing"));
        }
        Ok(thing_line(&config, &stored))
    }

    /// The things of a layer in a section of the map, a page at a time: what the map shows, as a list.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a layer hidden or unknown or not one of things, [`AppError::Invalid`] naming what
    /// cannot be understood.
    pub async fn things_in(
        &self,
        actor: &Actor,
        layer: &str,
        filter: &ThingFilter,
        section: Section,
        after: u64,
        limit: usize,
    ) -> Result<ThingsPage, AppError> {
        let config = self.config(actor.city)?;
        let Some(Layer::Register(register)) = layer::find(actor, &config, layer) else {
            return Err(AppError::NotFound("layer"));
        };
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(AppError::invalid("limit", "out_of_range"));
        }
        let known = filter.known(&register, layer::reach(actor, &config, &register))?;
        let city = self.city(actor.city)?;
        let work = move || {
            let map = city.ground.read();
            known.numbers(&map).with(|filter| section.serials(&map, filter, after, limit + 1))
        };
        let (mut serials, total) = tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)?;
        let more = serials.len() > limit;
        serials.truncate(limit);
        let next = serials.last().copied().filter(|_| more);
        let stored = self.store().things_by_serial(actor.city, &serials).await?;
        let items = stored.iter().map(|thing| thing_line(&config, thing)).collect();
        Ok(ThingsPage { items, next, total })
    }
}

fn rounded(metres: f64) -> f64 {
    (metres * 10.0).round() / 10.0
}

fn grid_hit(config: &Config, point: Point<Cgcs2000>) -> Option<HitView> {
    let code = config.grids.at(point)?;
    let community = code.as_str().get(..12).and_then(|code| code.parse().ok());
    let name = community.and_then(|code| config.divisions.get(&code)).map(|d| words(&d.name));
    let name = name.unwrap_or_else(|| Words { zh: code.to_string(), en: code.to_string() });
    let area = AreaHit { code: code.to_string(), name };
    Some(HitView { layer: GRID_LAYER.to_owned(), metres: 0.0, thing: None, case: None, area: Some(area) })
}

fn duty_hits(config: &Config, point: Point<Cgcs2000>) -> Vec<HitView> {
    let Some(code) = config.grids.at(point) else { return Vec::new() };
    let covers = |duty: &&city::roster::DutyGrid| duty.areas.iter().any(|area| code.is_within(area));
    let hit = |duty: &city::roster::DutyGrid| HitView {
        layer: DUTY_LAYER.to_owned(),
        metres: 0.0,
        thing: None,
        case: None,
        area: Some(AreaHit { code: duty.code.clone(), name: words(&duty.name) }),
    };
    config.roster.duty_grids.iter().filter(covers).map(hit).collect()
}

/// Shapes a line from what the store holds.
#[must_use]
pub(crate) fn thing_line(config: &Config, thing: &StoredThing) -> ThingLine {
    let body: Value = serde_json::from_str(&thing.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let state = text("state").unwrap_or_default();
    let anchor = text("place").and_then(|wkt| Place::from_wkt(&wkt).ok()).and_then(|place| place.anchor());
    let class = (!thing.class.is_empty()).then(|| ClassView {
        key: thing.class.clone(),
        name: match thing.class.parse::<ClassKey>() {
            Ok(key) => config.class_name(&key),
            Err(_) => layer::kind_name(config, &thing.register, parts(&thing.class).0),
        },
    });
    let layer = if thing.register == COMPONENTS { COMPONENT_LAYER } else { &thing.register };
    ThingLine {
        serial: thing.serial,
        register: thing.register.clone(),
        layer: layer.to_owned(),
        code: thing.code.clone(),
        name: thing.name.clone(),
        class,
        state_name: layer::state_name(config, &thing.register, &state),
        state,
        band: text("band"),
        grid: text("grid"),
        lng: anchor.map(|at| at.lng()),
        lat: anchor.map(|at| at.lat()),
        version: thing.version,
        removed: thing.removed,
        changed_at: thing.changed_at.millis(),
    }
}
