//! The address store as people keep it: rows with versions, checked before they are written.

use super::keep::{DIVISIONS, STREETS};
use crate::app::App;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::ports::addresses::ADDRESSES_PER_WRITE_MAX;
use crate::ports::{PutAddress, StoredAddress};
use crate::rights;
use crate::view::PersonView;
use kernel::{Actor, Cgcs2000, CityCode, PersonId, Point, Role, Timestamp};
use serde::{Deserialize, Serialize};
use spatial::geocode::{ANSWERS_MAX, Ask, BadShape, DoorNumber, Entry, Kind, Shape};
use utoipa::ToSchema;

/// Rows of one page of the list.
pub const ADDRESSES_PER_PAGE_MAX: usize = 200;
const ID_MAX: usize = 80;
const NAME_MAX: usize = 160;
const ALIASES_MAX: usize = 16;
const VERTICES_MAX: usize = 50_000;
/// Among equals nobody thought about.
const USUAL_WEIGHT: u8 = 100;

/// An address (地址) as it is kept: a region, zone, street, door or point of interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressRow {
    /// `region`, `zone`, `street`, `door` or `poi`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 160)]
    pub name_zh: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 160)]
    pub name_en: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16)]
    pub aliases: Vec<String>,
    /// The number on the plate; only for doors, whose name is that of the street or the estate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// Code of the division it lies in, 6 to 12 digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub area: String,
    /// Well-known text in CGCS2000: POINT, (MULTI)LINESTRING for streets, (MULTI)POLYGON for areas.
    pub place: String,
    /// How well known it is, 0 to 255.
    #[serde(default = "usual_weight")]
    pub weight: u8,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Epoch milliseconds between which it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
}

const fn usual_weight() -> u8 {
    USUAL_WEIGHT
}

/// A row to be written by a bulk import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressIn {
    pub id: String,
    /// `None` takes it out.
    pub row: Option<AddressRow>,
}

/// Why a row of a bulk import was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressFault {
    /// Place in the rows given, from 0.
    pub at: usize,
    pub problems: Vec<FieldProblem>,
}

/// What became of a bulk import.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddressesPut {
    pub written: u64,
    pub faults: Vec<AddressFault>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AddressView {
    pub id: String,
    /// Absent in a list; asked with the address itself.
    pub version: Option<u32>,
    pub changed_at: Option<i64>,
    pub changed_by: Option<PersonView>,
    pub removed: bool,
    /// Where it is shown.
    pub lng: f64,
    pub lat: f64,
    pub grid: Option<String>,
    pub address: AddressRow,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AddressPage {
    pub items: Vec<AddressView>,
    /// To be given as `after` for the next page.
    pub next: Option<String>,
    /// In force in the whole store.
    pub total: u64,
    /// True while a large store is being read after a start: not everything is found yet.
    pub filling: bool,
}

impl AddressRow {
    /// As the geocoder has it.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            kind: entry.kind.as_str().to_owned(),
            name_zh: entry.name_zh.clone(),
            name_en: entry.name_en.clone(),
            aliases: entry.aliases.clone(),
            door: entry.door.clone(),
            area: entry.area.clone(),
            place: entry.shape.to_string(),
            weight: entry.weight,
            source: entry.source.clone(),
            valid_from: entry.valid_from.map(Timestamp::millis),
            valid_until: entry.valid_until.map(Timestamp::millis),
        }
    }

    /// The entry of the geocoder, or the field that is no address.
    pub(super) fn entry(&self, id: &str) -> Result<Entry, FieldProblem> {
        let kind = Kind::parse(&self.kind).filter(|kind| kept(*kind));
        Ok(Entry {
            id: id.to_owned(),
            kind: kind.ok_or_else(|| FieldProblem::new("kind", "unknown_value"))?,
            name_zh: self.name_zh.trim().to_owned(),
            name_en: self.name_en.trim().to_owned(),
            aliases: self.aliases.iter().map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect(),
            door: self.door.as_ref().map(|d| d.trim().to_owned()).filter(|d| !d.is_empty()),
            area: self.area.trim().to_owned(),
            shape: Shape::from_wkt(&self.place).map_err(shape_problem)?,
            weight: self.weight,
            source: self.source.trim().to_owned(),
            valid_from: self.valid_from.map(Timestamp),
            valid_until: self.valid_until.map(Timestamp),
        })
    }
}

/// Kinds that stand in the address store; components and grids have stores of their own.
const fn kept(kind: Kind) -> bool {
    matches!(kind, Kind::Region | Kind::Zone | Kind::Street | Kind::Door | Kind::Poi)
}

fn shape_problem(bad: BadShape) -> FieldProblem {
    match bad {
        BadShape::OutOfRange => FieldProblem::new("place", "out_of_range"),
        BadShape::TooLong => FieldProblem::new("place", "too_long").with("max", VERTICES_MAX as u64),
        other => FieldProblem::new("place", "malformed").with("why", other.to_string()),
    }
}

/// Everything wrong with a row.
fn problems(id: &str, row: &AddressRow) -> Vec<FieldProblem> {
    let mut problems = Problems::default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '~');
    if id.is_empty() || id.len() > ID_MAX || !id.chars().all(plain) {
        problems.push(
            FieldProblem::new("id", "bad_key").with("key", id.chars().take(ID_MAX).collect::<String>()),
        );
    }
    let entry = match row.entry(id) {
        Ok(entry) => entry,
        Err(problem) => {
            problems.push(problem);
            return problems.into_vec();
        }
    };
    let lettered = |name: &str| name.is_empty() || name.chars().any(char::is_alphanumeric);
    for (field, name) in [("name_zh", &entry.name_zh), ("name_en", &entry.name_en)] {
        problems.bounded(field, name, NAME_MAX);
        if !lettered(name) {
            problems.add(field, "no_letter");
        }
    }
    if entry.name_zh.is_empty() && entry.name_en.is_empty() {
        problems.add("name_zh", "required");
    }
    if entry.aliases.len() > ALIASES_MAX {
        problems.push(FieldProblem::new("aliases", "too_many").with("max", ALIASES_MAX as u64));
    }
    for (at, alias) in entry.aliases.iter().enumerate().take(ALIASES_MAX) {
        problems.bounded(&format!("aliases[{at}]"), alias, NAME_MAX);
        if !lettered(alias) {
            problems.add(format!("aliases[{at}]"), "no_letter");
        }
    }
    let area_fits = matches!(entry.area.len(), 0 | 6 | 9 | 12 | 15);
    if !area_fits || !entry.area.bytes().all(|b| b.is_ascii_digit()) {
        problems.add("area", "not_a_place_code");
    }
    if entry.source.len() > 80 {
        problems.push(FieldProblem::new("source", "too_long").with("max", 80));
    }
    match (entry.kind, entry.door.as_deref()) {
        (Kind::Door, None) => problems.add("door", "required"),
        (Kind::Door, Some(text)) if DoorNumber::parse(text).is_none() => {
            problems.add("door", "not_a_door_number")
        }
        (Kind::Door, Some(_)) | (_, None) => {}
        _ => problems.add("door", "only_for_doors"),
    }
    let vertices: usize = match &entry.shape {
        Shape::Point(_) => 0,
        Shape::Lines(lines) | Shape::Area { rings: lines, .. } => lines.iter().map(Vec::len).sum(),
    };
    if vertices > VERTICES_MAX {
        problems.push(FieldProblem::new("place", "too_long").with("max", VERTICES_MAX as u64));
    }
    if matches!(
        (entry.kind, &entry.shape),
        (Kind::Street, Shape::Area { .. })
            | (Kind::Door | Kind::Region | Kind::Zone | Kind::Poi, Shape::Lines(_))
    ) {
        problems.add("place", "wrong_geometry");
    }
    if entry.valid_from.zip(entry.valid_until).is_some_and(|(from, until)| until <= from) {
        problems.add("valid_until", "before_start");
    }
    problems.into_vec()
}

/// A row that is right, in the shape in which it is kept.
pub(crate) fn checked(id: &str, row: &AddressRow) -> Result<String, Vec<FieldProblem>> {
    let found = problems(id, row);
    if !found.is_empty() {
        return Err(found);
    }
    let entry = row.entry(id).map_err(|problem| vec![problem])?;
    serde_json::to_string(&AddressRow::of(&entry)).map_err(|_| vec![FieldProblem::new("id", "malformed")])
}

impl App {
    /// Addresses in order of identity, or those found by words, best first.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person, [`AppError::Invalid`] for an unknown kind.
    pub async fn list_addresses(
        &self,
        actor: &Actor,
        q: Option<&str>,
        kind: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<AddressPage, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let kind = match kind {
            None => None,
            Some(word) => {
                let known = Kind::parse(word).filter(|kind| kept(*kind));
                Some(known.ok_or_else(|| AppError::invalid("kind", "unknown_value"))?)
            }
        };
        let limit = limit.clamp(1, ADDRESSES_PER_PAGE_MAX);
        let city = self.city(actor.city)?;
        let (_, total) = self.store().addresses_head(actor.city).await?;
        let (q, after) = (q.unwrap_or_default().trim().to_owned(), after.unwrap_or_default().to_owned());
        let (config, words) = (city.config.read().clone(), !q.is_empty());
        let searched = city.clone();
        let search = move || {
            let own = |id: &str| !id.starts_with(DIVISIONS) && !id.starts_with(STREETS);
            searched.places.read(|geocoder| {
                if q.is_empty() {
                    return geocoder
                        .page(&after, limit, |k, id| own(id) && kind.is_none_or(|wanted| wanted == k));
                }
                let ask = Ask { kinds: kind.map(|kind| vec![kind]), limit: ANSWERS_MAX, ..Ask::default() };
                let mut found: Vec<Entry> = Vec::new();
                for id in geocoder.find(&q, &ask).into_iter().filter_map(|answer| answer.id) {
                    if own(&id) && !found.iter().any(|entry| entry.id == id) {
                        found.extend(geocoder.get(&id));
                    }
                }
                found
            })
        };
        let entries = tokio::task::spawn_blocking(search).await.map_err(|_| AppError::Busy)?;
        // What was searched is ranked and has no next page.
        let full = !words && entries.len() == limit;
        let next = entries.last().filter(|_| full).map(|entry| entry.id.clone());
        let items = entries.iter().filter_map(|entry| {
            let at = anchor(&entry.shape)?;
            Some(AddressView {
                id: entry.id.clone(),
                version: None,
                changed_at: None,
                changed_by: None,
                removed: false,
                lng: at.lng(),
                lat: at.lat(),
                grid: config.grids.at(at).map(ToString::to_string),
                address: AddressRow::of(entry),
            })
        });
        Ok(AddressPage { items: items.collect(), next, total, filling: city.places.is_filling() })
    }

    /// One address with its version.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none, or it was taken out.
    pub async fn see_address(&self, actor: &Actor, id: &str) -> Result<AddressView, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let found = self.store().address(actor.city, id).await?.filter(|row| !row.removed);
        self.address_view(actor.city, found.ok_or(AppError::NotFound("address"))?)
    }

    /// Every version of an address, newest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there never was one.
    pub async fn address_history(&self, actor: &Actor, id: &str) -> Result<Vec<AddressView>, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let rows = self.store().address_history(actor.city, id).await?;
        if rows.is_empty() {
            return Err(AppError::NotFound("address"));
        }
        rows.into_iter().map(|row| self.address_view(actor.city, row)).collect()
    }

    /// Writes an address, or takes it out (`None`); it is found, or not found any more, when this is answered.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field, [`AppError::Stale`] when somebody else changed it.
    pub async fn put_address(
        &self,
        actor: &Actor,
        id: &str,
        expected_version: u32,
        row: Option<AddressRow>,
    ) -> Result<AddressView, AppError> {
        rights::only(actor, Role::SystemAdmin, "change the addresses")?;
        let body = row.as_ref().map(|row| checked(id, row)).transpose().map_err(AppError::Invalid)?;
        let action = if body.is_some() { "address_changed" } else { "address_removed" };
        let put = PutAddress { id: id.to_owned(), expected_version: Some(expected_version), body };
        self.store().put_addresses(actor.city, actor.person_id(), self.now(), vec![put]).await?;
        self.note(actor.city, actor.person_id(), action, id, &expected_version.to_string(), "").await?;
        let city = self.city(actor.city)?;
        // A large store still being read comes to this change by itself.
        if !city.places.is_filling() {
            self.catch_up_places(&city).await?;
        }
        let written = self.store().address(actor.city, id).await?.ok_or(AppError::NotFound("address"))?;
        self.address_view(actor.city, written)
    }

    /// Writes very many addresses, whatever was there before: wrong ones are left out and named, the others are
    /// written in pieces. For imports, whose rights were checked; the caller says when all pieces are written
    /// ([`App::catch_up_places`]).
    ///
    /// # Errors
    /// When the store cannot be written; the pieces before stay.
    pub async fn put_addresses_bulk(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        rows: Vec<AddressIn>,
    ) -> Result<AddressesPut, AppError> {
        let mut done = AddressesPut::default();
        let mut puts: Vec<PutAddress> = Vec::with_capacity(rows.len().min(ADDRESSES_PER_WRITE_MAX));
        let mut in_piece = std::collections::HashSet::new();
        for (at, AddressIn { id, row }) in rows.into_iter().enumerate() {
            let body = match row.as_ref().map(|row| checked(&id, row)).transpose() {
                Ok(body) => body,
                Err(problems) => {
                    done.faults.push(AddressFault { at, problems });
                    continue;
                }
            };
            // The store takes an identity once in a write; the later row counts.
            if puts.len() == ADDRESSES_PER_WRITE_MAX || !in_piece.insert(id.clone()) {
                done.written += puts.len() as u64;
                self.store().put_addresses(city, by, self.now(), std::mem::take(&mut puts)).await?;
                in_piece.clear();
                in_piece.insert(id.clone());
            }
            puts.push(PutAddress { id, expected_version: None, body });
        }
        done.written += puts.len() as u64;
        self.store().put_addresses(city, by, self.now(), puts).await?;
        Ok(done)
    }

    fn address_view(&self, city: CityCode, row: StoredAddress) -> Result<AddressView, AppError> {
        let config = self.config(city)?;
        let corrupt = |why: String| {
            AppError::Store(crate::ports::StoreError::Corrupt { table: "addresses", id: row.id.clone(), why })
        };
        let address: AddressRow =
            serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?;
        let shape = Shape::from_wkt(&address.place).map_err(|bad| corrupt(bad.to_string()))?;
        let at = anchor(&shape).ok_or_else(|| corrupt("no position".to_owned()))?;
        Ok(AddressView {
            id: row.id.clone(),
            version: Some(row.version),
            changed_at: Some(row.changed_at.millis()),
            changed_by: row.changed_by.map(|id| person_view(&config, id)),
            removed: row.removed,
            lng: at.lng(),
            lat: at.lat(),
            grid: config.grids.at(at).map(ToString::to_string),
            address,
        })
    }
}

/// A position to show a shape by.
fn anchor(shape: &Shape) -> Option<Point<Cgcs2000>> {
    match shape {
        Shape::Point(at) | Shape::Area { at, .. } => Some(*at),
        Shape::Lines(lines) => {
            let longest = lines.iter().max_by_key(|line| line.len());
            longest.and_then(|line| line.get(line.len() / 2)).copied()
        }
    }
}
