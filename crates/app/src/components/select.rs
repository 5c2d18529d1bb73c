//! Which components somebody means: answered from the map in memory, without asking the store.

use super::change::{parse_place, parse_state};
use crate::error::{AppError, FieldProblem, Problems};
use crate::ground::{Map, facet};
use city::component::Place;
use city::grid::Bounds;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use jiff::civil::Date;
use kernel::Point;
use serde::{Deserialize, Serialize};
use spatial::outline::Outline;
use spatial::points::{ClassSet, Filter, Traits};
use utoipa::ToSchema;

/// Values of one condition.
const VALUES_MAX: usize = 200;
/// Codes named one by one: as many as are written at once.
pub(super) const CODES_MAX: usize = 5_000;
/// Characters of a polygon in a request.
const AREA_MAX: usize = 20_000;

/// Components by conditions that must all hold; of several values of one, any.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Select {
    /// Class keys or their beginnings, such as `2026-component-01`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<String>,
    /// Division or grid codes; everything inside counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grid: Vec<String>,
    /// `intact`, `damaged`, `lost`, `abandoned`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<String>,
    /// west,south,east,north in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bbox: Option<String>,
    /// A polygon as well-known text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Whether ownership is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
    /// Not surveyed on this day or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub surveyed_before: Option<Date>,
    /// Only these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
}

impl Select {
    /// True when nothing narrows it: the whole registry.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// A selection whose words are understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selected {
    classes: Vec<String>,
    grids: Vec<String>,
    states: Vec<&'static str>,
    bounds: Option<Bounds>,
    area: Option<Outline>,
    confirmed: Option<bool>,
    /// [`facet::day`].
    surveyed_before: Option<u64>,
}

impl Selected {
    /// # Errors
    /// [`AppError::Invalid`] with everything that cannot be understood.
    pub fn parse(sent: &Select) -> Result<Self, AppError> {
        let mut problems = Problems::default();
        for (field, values) in [("class", &sent.class), ("grid", &sent.grid), ("state", &sent.state)] {
            if values.len() > VALUES_MAX {
                problems.push(FieldProblem::new(field, "too_many").with("max", VALUES_MAX as u64));
            }
        }
        let plain =
            |text: &str| text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if sent.class.iter().any(|class| !plain(class)) {
            problems.add("class", "not_a_class");
        }
        if sent.grid.iter().any(|grid| grid.len() > 15 || !grid.bytes().all(|b| b.is_ascii_digit())) {
            problems.add("grid", "bad_grid");
        }
        let mut states = Vec::new();
        for state in &sent.state {
            match parse_state(state) {
                Ok(state) => states.push(super::change::state_word(state)),
                Err(problem) => problems.push(problem),
            }
        }
        let bounds = sent.bbox.as_deref().and_then(|text| {
            let read = bounds(text);
            if read.is_none() {
                problems.add("bbox", "bad_bbox");
            }
            read
        });
        let area = sent.within.as_deref().and_then(|text| match area(text) {
            Ok(area) => Some(area),
            Err(problem) => {
                problems.push(problem);
                None
            }
        });
        problems.done()?;
        Ok(Self {
            classes: sent.class.clone(),
            grids: sent.grid.clone(),
            states,
            bounds,
            area,
            confirmed: sent.confirmed,
            surveyed_before: sent.surveyed_before.map(facet::day),
        })
    }

    /// Whether a thing stands in the box and polygon.
    pub fn holds(&self, map: &Map, serial: u64) -> bool {
        if self.bounds.is_none() && self.area.is_none() {
            return true;
        }
        let point = map.things.get(serial).map(|thing| (thing.position.lng(), thing.position.lat()));
        let shape = || map.things.shape(serial)?.anchor().map(|point| (point.lng(), point.lat()));
        point.or_else(shape).is_some_and(|at| {
            self.bounds.is_none_or(|bounds| holds(&bounds, at))
                && self.area.as_ref().is_none_or(|area| area.holds(at.0, at.1))
        })
    }

    /// The same in the words of a map; good for as long as its lock is held.
    pub fn on(&self, map: &Map, register: &str) -> Ready<'_> {
        let classes = map
            .classes_of(register)
            .filter(|(_, name)| self.classes.is_empty() || self.classes.iter().any(|c| name.starts_with(c)))
            .map(|(place, _)| place)
            .collect();
        let grids = (!self.grids.is_empty()).then(|| {
            let within = |grid: &kernel::GridCode| self.grids.iter().any(|g| grid.as_str().starts_with(g));
            map.grids().iter().map(within).collect()
        });
        let states = (!self.states.is_empty()).then(|| {
            let mut bits = [0_u64; 4];
            for (place, _) in map
                .things
                .classes()
                .states()
                .iter()
                .enumerate()
                .filter(|(_, name)| self.states.contains(&name.as_str()))
            {
                bits[place / 64] |= 1 << (place % 64);
            }
            bits
        });
        Ready { asked: self, classes, grids, states }
    }
}

pub(crate) struct Ready<'a> {
    asked: &'a Selected,
    classes: ClassSet,
    grids: Option<Vec<bool>>,
    states: Option<[u64; 4]>,
}

impl Ready<'_> {
    /// Whether a thing is meant, its place apart.
    pub fn admits(&self, traits: &Traits) -> bool {
        let state = self
            .states
            .as_ref()
            .is_none_or(|bits| bits[usize::from(traits.state / 64)] >> (traits.state % 64) & 1 == 1);
        state && self.classes.contains(traits.class) && self.rest(traits)
    }

    fn rest(&self, traits: &Traits) -> bool {
        let grid = self.grids.as_ref().is_none_or(|grids| grids.get(traits.grid as usize) == Some(&true));
        let confirmed = traits.facets & facet::CONFIRMED != 0;
        let day = facet::last_survey(traits.facets);
        grid && self.asked.confirmed.is_none_or(|wanted| wanted == confirmed)
            && self.asked.surveyed_before.is_none_or(|before| day < before)
    }

    /// Every thing that is meant, in no order.
    pub fn each(&self, map: &Map, mut see: impl FnMut(u64, &Traits)) {
        let only = |_: u64, traits: &Traits| self.rest(traits);
        let filter = Filter {
            classes: Some(&self.classes),
            states: self.states.as_ref(),
            facets: 0,
            only: Some(&only),
        };
        let bounds = self.asked.bounds;
        match (&self.asked.area, bounds) {
            (Some(area), _) => {
                for thing in map.things.within(area, &filter) {
                    let at = (thing.position.lng(), thing.position.lat());
                    if bounds.is_none_or(|bounds| holds(&bounds, at)) {
                        see(thing.id, &thing.traits);
                    }
                }
                for shape in map.things.shapes_in_box(&area.bounds(), &filter) {
                    let at = shape.anchor().map(|point| (point.lng(), point.lat()));
                    let inside = at.is_some_and(|at| {
                        area.holds(at.0, at.1) && bounds.is_none_or(|bounds| holds(&bounds, at))
                    });
                    if inside {
                        see(shape.id, &shape.traits);
                    }
                }
            }
            (None, Some(bounds)) => {
                map.things.in_box(&bounds, &filter).for_each(|thing| see(thing.id, &thing.traits));
                map.things.shapes_in_box(&bounds, &filter).for_each(|shape| see(shape.id, &shape.traits));
            }
            (None, None) => {
                map.things
                    .iter()
                    .filter(|thing| filter.admits(thing.id, &thing.traits))
                    .for_each(|thing| see(thing.id, &thing.traits));
                map.things
                    .iter_shapes()
                    .filter(|shape| filter.admits(shape.id, &shape.traits))
                    .for_each(|shape| see(shape.id, &shape.traits));
            }
        }
    }
}

fn holds(bounds: &Bounds, (lng, lat): (f64, f64)) -> bool {
    lng >= bounds.west && lng <= bounds.east && lat >= bounds.south && lat <= bounds.north
}

fn bounds(text: &str) -> Option<Bounds> {
    let mut sides = text.split(',').map(|side| side.trim().parse::<f64>());
    let (Some(Ok(west)), Some(Ok(south)), Some(Ok(east)), Some(Ok(north)), None) =
        (sides.next(), sides.next(), sides.next(), sides.next(), sides.next())
    else {
        return None;
    };
    let on_earth =
        Point::<kernel::Cgcs2000>::new(west, south).and(Point::<kernel::Cgcs2000>::new(east, north));
    (on_earth.is_some() && west <= east && south <= north).then_some(Bounds { west, south, east, north })
}

fn area(text: &str) -> Result<Outline, FieldProblem> {
    if text.len() > AREA_MAX {
        return Err(FieldProblem::new("within", "too_long").with("max", AREA_MAX as u64));
    }
    let bad = || FieldProblem::new("within", "not_a_polygon");
    let Ok(Place::Polygon(rings)) = parse_place(text) else { return Err(bad()) };
    let ring = |points: &Vec<Point<kernel::Cgcs2000>>| -> LineString<f64> {
        points.iter().map(|point| Coord { x: point.lng(), y: point.lat() }).collect()
    };
    let (outer, holes) = rings.split_first().ok_or_else(bad)?;
    let polygon = Polygon::new(ring(outer), holes.iter().map(ring).collect());
    Outline::new(&MultiPolygon(vec![polygon])).map_err(|_| bad())
}
