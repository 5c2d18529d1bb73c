//! Looking at the grid system: now, and as it was on another day.

use super::areas::{Areas, grids, is_grid, read_area};
use super::draft::drawn;
use super::geojson::geometry;
use crate::app::App;
use crate::config::{Config, words};
use crate::error::AppError;
use crate::line::person_view;
use crate::ports::{GridEdition, StoredGrid};
use crate::rights;
use crate::view::{PersonView, Words};
use city::GridAttributes;
use city::grid::Bounds;
use jiff::civil::Date;
use kernel::{Actor, CityCode, GridCode, Point, Role};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Grids of one page.
pub const PAGE_MAX: usize = 500;

/// Everybody at a desk or on the street reads the grids.
fn may_look(actor: &Actor) -> Result<(), AppError> {
    rights::one_of(actor, &Role::ALL, "read the grids")
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridView {
    pub code: String,
    /// District, street, community by name.
    pub path: Vec<Words>,
    /// Whole m².
    pub area_m2: u64,
    /// yyyy-mm-dd.
    pub since_on: Option<String>,
    /// `A`, `B`, `C`.
    pub grade: Option<String>,
    pub land_use: String,
    pub level: String,
    pub responsible: String,
    pub remark: String,
    pub duty_grids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridPage {
    pub items: Vec<GridView>,
    pub next: Option<String>,
    pub total: usize,
    /// The edition asked; 0 for the rectangles of the record, absent when there was none on that day.
    pub edition: Option<u32>,
}

/// A version of a grid, from one edition to another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridVersionView {
    pub from_edition: u32,
    pub from_on: String,
    /// The first edition that has it otherwise, or not at all.
    pub until_edition: Option<u32>,
    pub until_on: Option<String>,
    pub area_m2: u64,
    #[schema(value_type = Object)]
    pub geometry: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridCardView {
    #[serde(flatten)]
    pub grid: GridView,
    /// `in_force` or `voided` (作废).
    pub state: String,
    /// GeoJSON.
    #[schema(value_type = Object)]
    pub geometry: Value,
    pub neighbours: Vec<String>,
    /// Newest first; empty for a grid of the record, which has none.
    pub history: Vec<GridVersionView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridAtView {
    /// The day asked for, yyyy-mm-dd.
    pub on: String,
    pub edition: Option<u32>,
    /// Absent outside all grids.
    pub grid: Option<GridView>,
    #[schema(value_type = Option<Object>)]
    pub geometry: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridEditionView {
    pub edition: u32,
    pub valid_from: String,
    pub published_at: i64,
    pub published_by: Option<PersonView>,
    pub note: String,
    pub grids: u32,
    pub added: u32,
    pub changed: u32,
    pub removed: u32,
    /// It counts today.
    pub in_force: bool,
}

/// What an edition changed of the one before.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GridDiffView {
    #[serde(flatten)]
    pub edition: GridEditionView,
    pub added_codes: Vec<String>,
    pub changed_codes: Vec<String>,
    pub removed_codes: Vec<String>,
}

/// Which grids are asked for.
#[derive(Debug, Clone, Default)]
pub struct GridQuery {
    /// A division; all when absent.
    pub area: Option<GridCode>,
    pub bounds: Option<Bounds>,
    /// As they were on this day.
    pub on: Option<Date>,
    /// As in this edition; goes before `on`.
    pub edition: Option<u32>,
    pub after: Option<GridCode>,
    pub limit: usize,
}

impl App {
    /// Grids in order of code, a page at a time.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::NotFound`] for an unknown edition.
    pub async fn list_grids(&self, actor: &Actor, query: &GridQuery) -> Result<GridPage, AppError> {
        may_look(actor)?;
        let config = self.config(actor.city)?;
        let (edition, areas) = self.areas_asked(actor.city, query).await?;
        let limit = query.limit.clamp(1, PAGE_MAX);
        let wanted: Vec<_> = grids(&areas).filter(|(code, area)| fits(query, code, &area.shape)).collect();
        let total = wanted.len();
        let rest = wanted.iter().filter(|(code, _)| query.after.as_ref().is_none_or(|after| *code > after));
        let page: Vec<_> = rest.take(limit + 1).collect();
        let next = (page.len() > limit).then(|| page[limit - 1].0.to_string());
        let items = page.iter().take(limit).map(|(code, area)| grid_view(&config, code, &area.attributes));
        Ok(GridPage { items: items.collect(), next, total, edition })
    }

    /// Grids as GeoJSON, for maps and other programs; at most 5,000, `left_out` says how many more there are.
    ///
    /// # Errors
    /// As [`App::list_grids`].
    pub async fn draw_grids(&self, actor: &Actor, query: &GridQuery) -> Result<Value, AppError> {
        may_look(actor)?;
        let (_, areas) = self.areas_asked(actor.city, query).await?;
        let asked = |code: &GridCode| query.area.as_ref().is_none_or(|area| code.is_within(area));
        let wanted: Areas = areas
            .iter()
            .filter(|(code, _)| is_grid(code) && asked(code))
            .map(|(code, area)| (code.clone(), area.clone()))
            .collect();
        Ok(drawn(&wanted, None, query.bounds))
    }

    /// The grid of a place, today or on another day.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for numbers that are no position.
    pub async fn grid_at(
        &self,
        actor: &Actor,
        lng: f64,
        lat: f64,
        on: Option<Date>,
    ) -> Result<GridAtView, AppError> {
        may_look(actor)?;
        let config = self.config(actor.city)?;
        let point = Point::new(lng, lat).ok_or_else(|| AppError::invalid("lng", "out_of_range"))?;
        let today = config.calendar.local_date(self.now());
        let day = on.unwrap_or(today);
        let query = GridQuery { on: Some(day), ..GridQuery::default() };
        if day == today {
            // The map asks with every click.
            let found = config.grids.regions().at(point);
            let view = match found {
                Some(grid) => Some(self.grid_body(actor.city, &config, &grid.key).await?),
                None => None,
            };
            let shape =
                found.and_then(|grid| spatial::wkt::shape(grid.outline.to_multi_polygon().0.first()?));
            let edition = Some(config.grids_from.edition());
            return Ok(GridAtView {
                on: day.to_string(),
                edition,
                grid: view,
                geometry: shape.as_ref().map(geometry),
            });
        }
        let (edition, areas) = self.areas_asked(actor.city, &query).await?;
        let spot = spatial::shape::Vertex::of(point);
        let found = grids(&areas).find(|(_, area)| area.shape.holds(spot));
        Ok(GridAtView {
            on: day.to_string(),
            edition,
            grid: found.map(|(code, area)| grid_view(&config, code, &area.attributes)),
            geometry: found.map(|(_, area)| geometry(&area.shape)),
        })
    }

    /// One grid with its versions. A voided one (作废) is answered too.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a code that never was.
    pub async fn see_grid(&self, actor: &Actor, code: &GridCode) -> Result<GridCardView, AppError> {
        may_look(actor)?;
        let config = self.config(actor.city)?;
        let history = self.store().grid_history(actor.city, code).await?;
        let in_force = config.grids.get(code);
        let neighbours = config.grids.neighbours(code).into_iter().map(ToString::to_string).collect();
        if history.is_empty() {
            let grid = in_force.ok_or(AppError::NotFound("grid"))?;
            let drawn = grid.outline.to_multi_polygon();
            let shape = drawn.0.first().and_then(spatial::wkt::shape).ok_or(AppError::NotFound("grid"))?;
            let attributes = GridAttributes { grade: grid.value, ..super::areas::attributes_of(&shape) };
            return Ok(GridCardView {
                grid: grid_view(&config, code, &attributes),
                state: "in_force".to_owned(),
                geometry: geometry(&shape),
                neighbours,
                history: Vec::new(),
            });
        }
        let days: BTreeMap<u32, Date> = self
            .store()
            .grid_editions(actor.city)
            .await?
            .into_iter()
            .map(|edition| (edition.edition, edition.valid_from))
            .collect();
        let day = |edition: u32| days.get(&edition).map(ToString::to_string).unwrap_or_default();
        let mut versions = Vec::new();
        for stored in &history {
            let area = read_area(stored)?;
            versions.push(GridVersionView {
                from_edition: stored.from_edition,
                from_on: day(stored.from_edition),
                until_edition: stored.until_edition,
                until_on: stored.until_edition.map(day),
                area_m2: area.attributes.area_m2,
                geometry: geometry(&area.shape),
            });
        }
        let now = config.grids_from.edition();
        let current = history.iter().find(|one| counts_in(one, now)).unwrap_or(&history[0]);
        let area = read_area(current)?;
        Ok(GridCardView {
            grid: grid_view(&config, code, &area.attributes),
            state: if in_force.is_some() { "in_force" } else { "voided" }.to_owned(),
            geometry: geometry(&area.shape),
            neighbours,
            history: versions,
        })
    }

    /// Editions, newest first.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn grid_editions(&self, actor: &Actor) -> Result<Vec<GridEditionView>, AppError> {
        may_look(actor)?;
        let config = self.config(actor.city)?;
        let editions = self.store().grid_editions(actor.city).await?;
        Ok(editions.iter().map(|edition| edition_view(&config, edition)).collect())
    }

    /// What an edition changed.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an edition that was never published.
    pub async fn grid_edition(&self, actor: &Actor, number: u32) -> Result<GridDiffView, AppError> {
        may_look(actor)?;
        let config = self.config(actor.city)?;
        let editions = self.store().grid_editions(actor.city).await?;
        let edition = editions
            .iter()
            .find(|edition| edition.edition == number)
            .ok_or(AppError::NotFound("edition of the grids"))?;
        let codes = |stored: Vec<StoredGrid>| -> BTreeMap<GridCode, u32> {
            stored.into_iter().map(|grid| (grid.code, grid.from_edition)).collect()
        };
        let after = codes(self.store().grids(actor.city, Some(number)).await?);
        let before = match number {
            1 => BTreeMap::new(),
            _ => codes(self.store().grids(actor.city, Some(number - 1)).await?),
        };
        let texts = |codes: Vec<&GridCode>| codes.into_iter().map(ToString::to_string).collect();
        let new = |code: &&GridCode| !before.contains_key(*code);
        Ok(GridDiffView {
            edition: edition_view(&config, edition),
            added_codes: texts(after.keys().filter(new).collect()),
            changed_codes: texts(
                after
                    .iter()
                    .filter(|(code, from)| **from == number && before.contains_key(*code))
                    .map(|(code, _)| code)
                    .collect(),
            ),
            removed_codes: texts(before.keys().filter(|code| !after.contains_key(*code)).collect()),
        })
    }

    /// The areas a query asks for, with the number of their edition.
    async fn areas_asked(&self, city: CityCode, query: &GridQuery) -> Result<(Option<u32>, Areas), AppError> {
        let config = self.config(city)?;
        let latest = self.store().grid_editions(city).await?.first().map_or(0, |one| one.edition);
        let edition = match (query.edition, query.on) {
            (Some(number), _) if number > latest => return Err(AppError::NotFound("edition of the grids")),
            (Some(number), _) => Some(number),
            (None, Some(day)) => self.edition_number_on(city, day).await?,
            (None, None) => Some(config.grids_from.edition()),
        };
        // Before the first edition the rectangles of the record stood, as long as nothing took their place.
        let edition = edition.or((latest == 0).then_some(0));
        match edition {
            Some(number) => Ok((Some(number), self.areas_of_edition(city, number).await?)),
            None => Ok((None, Areas::new())),
        }
    }

    async fn grid_body(
        &self,
        city: CityCode,
        config: &Config,
        code: &GridCode,
    ) -> Result<GridView, AppError> {
        let history = self.store().grid_history(city, code).await?;
        let now = config.grids_from.edition();
        if let Some(stored) = history.iter().find(|one| counts_in(one, now)) {
            return Ok(grid_view(config, code, &read_area(stored)?.attributes));
        }
        let grid = config.grids.get(code);
        let shape = grid.and_then(|g| spatial::wkt::shape(g.outline.to_multi_polygon().0.first()?));
        let attributes = shape.as_ref().map(super::areas::attributes_of).unwrap_or_default();
        let attributes = GridAttributes { grade: grid.and_then(|g| g.value), ..attributes };
        Ok(grid_view(config, code, &attributes))
    }
}

fn counts_in(stored: &StoredGrid, edition: u32) -> bool {
    stored.from_edition <= edition && stored.until_edition.is_none_or(|until| until > edition)
}

fn fits(query: &GridQuery, code: &GridCode, shape: &spatial::shape::Shape) -> bool {
    let degrees = |steps: i32| f64::from(steps) / spatial::shape::STEPS_PER_DEGREE;
    let in_area = query.area.as_ref().is_none_or(|area| code.is_within(area));
    in_area
        && query.bounds.is_none_or(|b| {
            shape.extent().is_some_and(|extent| {
                degrees(extent.west) <= b.east
                    && degrees(extent.east) >= b.west
                    && degrees(extent.south) <= b.north
                    && degrees(extent.north) >= b.south
            })
        })
}

fn grid_view(config: &Config, code: &GridCode, attributes: &GridAttributes) -> GridView {
    let duty = config.roster.duty_grids.iter();
    GridView {
        code: code.to_string(),
        path: config.divisions.path(code).into_iter().map(words).collect(),
        area_m2: attributes.area_m2,
        since_on: attributes.since_on.map(|day| day.to_string()),
        grade: attributes.grade.map(|grade| grade.as_str().to_owned()),
        land_use: attributes.land_use.clone(),
        level: attributes.level.clone(),
        responsible: attributes.responsible.clone(),
        remark: attributes.remark.clone(),
        duty_grids: duty
            .filter(|duty| duty.areas.iter().any(|area| code.is_within(area)))
            .map(|duty| duty.code.clone())
            .collect(),
    }
}

fn edition_view(config: &Config, edition: &GridEdition) -> GridEditionView {
    GridEditionView {
        edition: edition.edition,
        valid_from: edition.valid_from.to_string(),
        published_at: edition.published_at.millis(),
        published_by: edition.published_by.map(|id| person_view(config, id)),
        note: edition.note.clone(),
        grids: edition.grids,
        added: edition.added,
        changed: edition.changed,
        removed: edition.removed,
        in_force: config.grids_from.edition() == edition.edition,
    }
}
