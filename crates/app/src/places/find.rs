//! What is asked of the places: where is this, and what is here.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{COMPONENTS, StoredThing, ThingQuery};
use crate::view::Words;
use city::component::Place;
use kernel::{Actor, Cgcs2000, CityCode, GridCode, Point};
use serde::Serialize;
use serde_json::Value;
use spatial::geocode::{ANSWERS_MAX, Address, Answer, Ask, Kind, NearPlace, QUERY_CHARS_MAX};
use utoipa::ToSchema;

/// Digits of a component's code from which its beginning is looked up: a county and a class.
const CODE_DIGITS_MIN: usize = 8;
/// A place outside all unit grids gives way to one inside that fits nearly as well.
const OUTSIDE_HANDICAP: f32 = 0.1;
/// A street farther away is not where something is.
const NEAR_M: f64 = 300.0;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlaceAsk {
    pub q: String,
    /// Longitude and latitude; among equals the nearer place comes first.
    pub near: Option<(f64, f64)>,
    /// Empty for all.
    pub kinds: Vec<String>,
    /// Among equals what lies in this division comes first.
    pub area: Option<String>,
    /// 0 means ten.
    pub limit: usize,
}

/// A place that may be meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaceFound {
    pub label: Words,
    pub lng: f64,
    pub lat: f64,
    /// 0 to 1: how much of the words is explained, how surely, and whether another place fits as well.
    pub confidence: f32,
    /// The place is probably within so many metres.
    pub accuracy_m: f64,
    /// How the words agreed: `typed`, `exact`, `variant`, `partial`, `typo`, `sound`, `initials` or `code`.
    pub matched: String,
    /// How the position was found: `typed`, `entry`, `door`, `interpolated`, `nearest_door`, `street_middle`,
    /// `area_middle`, `crossing`, `between`, `offset`, `opposite` or `near`.
    pub placed: String,
    /// `region`, `zone`, `street`, `door`, `poi`, `component` or `grid`; none for typed coordinates.
    pub kind: Option<String>,
    pub id: Option<String>,
    /// The other street of a crossing.
    pub other_id: Option<String>,
    pub door: Option<String>,
    pub grid: Option<String>,
    /// The street office (街道) it lies in.
    pub street: Option<Words>,
}

/// Something near a position.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NearView {
    pub id: String,
    pub name: Words,
    pub metres: f64,
    /// Where the position lies seen from it: `n`, `ne` …
    pub direction: Option<String>,
}

/// What lies at a position.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaceView {
    /// The address in words; none where nothing with a name is near.
    pub address: Option<Words>,
    pub grid: Option<String>,
    /// Edges of the grid in degrees: west, south, east, north.
    pub grid_bounds: Option<[f64; 4]>,
    /// Names from the city down to the community.
    pub path: Vec<Words>,
    /// Duty grids that hold it.
    pub duty_grids: Vec<DutyGridName>,
    pub zone: Option<NearView>,
    pub street: Option<NearView>,
    /// The nearest number of that street.
    pub door: Option<String>,
    pub landmark: Option<NearView>,
    pub inside_city: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyGridName {
    pub code: String,
    pub name: Words,
}

impl App {
    /// Places that some words may mean, best first: addresses, door numbers, crossings, points of interest, a
    /// distance from a place, positions as two numbers; unit grids and components by their code.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person, [`AppError::Invalid`] with every wrong field.
    pub async fn find_places(&self, actor: &Actor, ask: &PlaceAsk) -> Result<Vec<PlaceFound>, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let limit = if ask.limit == 0 { 10 } else { ask.limit.min(ANSWERS_MAX) };
        let mut found = self.known_places(actor.city, ask)?;
        let wanted = ask.kinds.is_empty() || ask.kinds.iter().any(|kind| kind == Kind::Component.as_str());
        if let Some(digits) = code_in(&ask.q).filter(|_| wanted) {
            let components = self.components_by_code(actor.city, &digits, limit).await?;
            found.splice(0..0, components);
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The same for everybody: no components.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field.
    pub fn public_places(&self, city: CityCode, ask: &PlaceAsk) -> Result<Vec<PlaceFound>, AppError> {
        self.known_places(city, ask)
    }

    pub(super) fn known_places(&self, code: CityCode, ask: &PlaceAsk) -> Result<Vec<PlaceFound>, AppError> {
        let city = self.city(code)?;
        let config = city.config.read().clone();
        let limit = if ask.limit == 0 { 10 } else { ask.limit.min(ANSWERS_MAX) };
        // Some may lie outside all grids and are put behind.
        let asked = Ask { limit: (limit + 10).min(ANSWERS_MAX), ..understood(ask)? };
        let answers = city.places.read(|geocoder| geocoder.find(&ask.q, &asked));
        let mut found: Vec<PlaceFound> =
            answers.into_iter().map(|answer| place_found(&config, answer)).collect();
        let best_inside = found.iter().filter(|f| f.grid.is_some()).map(|f| f.confidence).fold(0.0, f32::max);
        found.sort_by_key(|f| f.grid.is_none() && best_inside >= f.confidence - OUTSIDE_HANDICAP);
        let grids = ask.kinds.is_empty() || ask.kinds.iter().any(|kind| kind == Kind::Grid.as_str());
        let grid = code_in(&ask.q).filter(|_| grids).and_then(|digits| grid_by_code(&config, &digits));
        if let Some(grid) = grid {
            found.insert(0, grid);
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn components_by_code(
        &self,
        city: CityCode,
        digits: &str,
        limit: usize,
    ) -> Result<Vec<PlaceFound>, AppError> {
        let config = self.config(city)?;
        let mut things: Vec<StoredThing> = Vec::new();
        things.extend(self.store().thing_by_code(city, COMPONENTS, digits).await?.filter(|t| !t.removed));
        if things.is_empty() && digits.len() >= CODE_DIGITS_MIN {
            // In order of code, those that begin so stand behind it.
            let query = ThingQuery {
                register: COMPONENTS.to_owned(),
                after: Some(digits.to_owned()),
                limit: u32::try_from(limit).unwrap_or(1),
                ..ThingQuery::default()
            };
            let next = self.store().list_things(city, &query).await?;
            things.extend(next.into_iter().filter(|thing| thing.code.starts_with(digits)));
        }
        Ok(things.iter().filter_map(|thing| component_found(&config, thing, digits)).collect())
    }

    /// What lies at a position: address in words, divisions, unit grid and duty grids, street, door, landmark.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for numbers that are no position.
    pub fn place_at(&self, code: CityCode, lng: f64, lat: f64) -> Result<PlaceView, AppError> {
        let point = Point::new(lng, lat).ok_or_else(|| AppError::invalid("lng", "out_of_range"))?;
        let city = self.city(code)?;
        let config = city.config.read().clone();
        let [west, south, east, north] = config.settings.bounds;
        let grid = config.grids.at(point);
        let address = self.address_near(code, point)?;
        let near = |place: &NearPlace| NearView {
            id: place.id.clone(),
            name: both(&place.name_zh, &place.name_en),
            metres: place.distance_m,
            direction: place.direction.map(str::to_owned),
        };
        let duty_grids = config.roster.duty_grids.iter();
        let duty_grids =
            duty_grids.filter(|duty| grid.is_some_and(|g| duty.areas.iter().any(|a| g.is_within(a))));
        Ok(PlaceView {
            path: grid.map(|g| config.divisions.path(g).into_iter().map(words).collect()).unwrap_or_default(),
            grid: grid.map(ToString::to_string),
            grid_bounds: grid.and_then(|g| config.grids.get(g)).map(|g| {
                let edges = g.outline.bounds();
                [edges.west, edges.south, edges.east, edges.north]
            }),
            duty_grids: duty_grids
                .map(|duty| DutyGridName { code: duty.code.clone(), name: words(&duty.name) })
                .collect(),
            zone: address.zone.as_ref().map(near),
            street: address.street.as_ref().map(near),
            door: address.door.as_ref().map(|door| door.number.clone()),
            landmark: address.poi.as_ref().map(near),
            address: address_words(&address),
            inside_city: lng >= west && lng <= east && lat >= south && lat <= north,
        })
    }

    pub(super) fn address_near(&self, code: CityCode, at: Point<Cgcs2000>) -> Result<Address, AppError> {
        let city = self.city(code)?;
        let config = city.config.read().clone();
        // The street office is enough in an address; the community is said beside it.
        let area = config.grids.at(at).and_then(|grid| grid.as_str().get(..9));
        let now = Some(self.now());
        Ok(city.places.read(|geocoder| match area {
            Some(area) => geocoder.address_within(at, now, area),
            None => geocoder.address_of(at, now),
        }))
    }

    /// The address of a position in the language of the city, for a report that has no words for its place.
    pub(crate) fn address_in_words(&self, config: &Config, at: Point<Cgcs2000>) -> Option<String> {
        let address = address_words(&self.address_near(config.city, at).ok()?)?;
        Some(if config.settings.default_language == "en" { address.en } else { address.zh })
    }
}

fn address_words(address: &Address) -> Option<Words> {
    // Divisions alone are no address.
    let named = address.street.as_ref().filter(|s| s.distance_m <= NEAR_M).or(address.poi.as_ref());
    named.map(|_| both(&address.label_zh, &address.label_en))
}

/// What the words of a query ask for, or every field that is wrong.
fn understood(ask: &PlaceAsk) -> Result<Ask, AppError> {
    let mut problems = Problems::default();
    problems.bounded("q", &ask.q, QUERY_CHARS_MAX);
    let near = ask.near.and_then(|(lng, lat)| {
        let point = Point::new(lng, lat);
        if point.is_none() {
            problems.add("near", "out_of_range");
        }
        point
    });
    let mut kinds = Vec::new();
    for word in &ask.kinds {
        match Kind::parse(word) {
            Some(kind) => kinds.push(kind),
            None => problems.push(FieldProblem::new("kinds", "unknown_value").with("value", word.clone())),
        }
    }
    problems.done()?;
    let kinds = (!kinds.is_empty()).then_some(kinds);
    Ok(Ask { near, area: ask.area.clone(), within: None, kinds, on: None, limit: ask.limit })
}

/// A query that is a code and nothing else.
fn code_in(q: &str) -> Option<String> {
    let digits: String = q.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let code = (6..=17).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    code.then_some(digits)
}

fn grid_by_code(config: &Config, digits: &str) -> Option<PlaceFound> {
    let code: GridCode = digits.parse().ok()?;
    let at = config.grids.centre(&code)?;
    let division = config.divisions.get(&code);
    let label = division.map_or_else(|| both(digits, digits), |division| words(&division.name));
    let kind = if division.is_some() { Kind::Region } else { Kind::Grid };
    Some(PlaceFound {
        kind: Some(kind.as_str().to_owned()),
        id: Some(digits.to_owned()),
        ..by_code(config, label, at, "area_middle")
    })
}

fn component_found(config: &Config, thing: &StoredThing, digits: &str) -> Option<PlaceFound> {
    let body: Value = serde_json::from_str(&thing.body).ok()?;
    let at = Place::from_wkt(body.get("place")?.as_str()?).ok()?.anchor()?;
    let class =
        thing.class.parse().ok().map_or_else(|| both(&thing.class, ""), |key| config.class_name(&key));
    let named =
        |name: &str| format!("{} {}", if thing.name.is_empty() { name } else { &thing.name }, thing.code);
    let label = Words { zh: named(&class.zh), en: named(&class.en) };
    let exact = thing.code == digits;
    let found = by_code(config, label, at, "entry");
    Some(PlaceFound {
        kind: Some(Kind::Component.as_str().to_owned()),
        id: Some(thing.code.clone()),
        confidence: if exact { 1.0 } else { 0.7 },
        accuracy_m: 2.0,
        ..found
    })
}

fn by_code(config: &Config, label: Words, at: Point<Cgcs2000>, placed: &str) -> PlaceFound {
    let grid = config.grids.at(at);
    PlaceFound {
        label,
        lng: at.lng(),
        lat: at.lat(),
        confidence: 1.0,
        accuracy_m: 50.0,
        matched: "code".to_owned(),
        placed: placed.to_owned(),
        kind: None,
        id: None,
        other_id: None,
        door: None,
        street: grid.and_then(|g| config.street_name(g)),
        grid: grid.map(ToString::to_string),
    }
}

fn place_found(config: &Config, answer: Answer) -> PlaceFound {
    let grid = config.grids.at(answer.at);
    PlaceFound {
        label: both(&answer.label_zh, &answer.label_en),
        lng: answer.at.lng(),
        lat: answer.at.lat(),
        confidence: answer.confidence,
        accuracy_m: answer.accuracy_m,
        matched: word(&answer.matched),
        placed: word(&answer.placed),
        kind: answer.kind.map(|kind| kind.as_str().to_owned()),
        id: answer.id,
        other_id: answer.other_id,
        door: answer.door,
        street: grid.and_then(|g| config.street_name(g)),
        grid: grid.map(ToString::to_string),
    }
}

/// The word an enum is written with.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Both languages, one standing in for the other.
fn both(zh: &str, en: &str) -> Words {
    let (zh, en) = (if zh.is_empty() { en } else { zh }, if en.is_empty() { zh } else { en });
    Words { zh: zh.to_owned(), en: en.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_digits_and_nothing_else() {
        let table = [
            ("370702001001001", Some("370702001001001")),
            (" 3707 0200 1001 ", Some("370702001001")),
            ("东风街12号", None),
            ("12345", None),
            ("12 Beacon St", None),
            ("123456789012345678", None),
        ];
        for (q, code) in table {
            assert_eq!(code_in(q).as_deref(), code, "{q}");
        }
    }
}
