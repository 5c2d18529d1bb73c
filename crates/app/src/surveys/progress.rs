//! How far a round has come, by area and by person; and what was not surveyed for a year.

use super::{RoundIn, may_see};
use crate::app::App;
use crate::components::{Select, Selected};
use crate::error::AppError;
use crate::ground::facet;
use crate::line::person_view;
use crate::papers::{CAPTURE, Paper, ROUND};
use crate::ports::things::COMPONENTS;
use crate::view::{PersonView, Words};
use jiff::ToSpan;
use jiff::civil::Date;
use kernel::{Actor, CityCode, GridCode, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Areas of one answer; a large city has more grids, which are asked for by street.
const AREAS_MAX: usize = 5_000;

#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgressQuery {
    /// `county`, `street` (default), `community` or `grid`.
    #[param(max_length = 20)]
    pub by: Option<String>,
    /// Only inside this division or grid.
    #[param(max_length = 15)]
    pub area: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AreaProgress {
    pub code: String,
    /// Its own name, or its code.
    pub name: Words,
    pub total: u64,
    pub surveyed: u64,
    pub confirmed: u64,
    pub people: Vec<PersonView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonProgress {
    pub person: PersonView,
    /// Captures by kind: `confirm`, `not_found`, `correction`, `new`.
    pub captures: BTreeMap<String, u64>,
    pub pending: u64,
    pub refused: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProgressView {
    pub total: u64,
    pub surveyed: u64,
    pub areas: Vec<AreaProgress>,
    /// True when there are more areas than are told.
    pub more_areas: bool,
    pub people: Vec<PersonProgress>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DutyQuery {
    /// `county`, `street` (default), `community` or `grid`.
    #[param(max_length = 20)]
    pub by: Option<String>,
    /// Class keys or their beginnings.
    pub class: Vec<String>,
    #[param(max_length = 15)]
    pub area: Option<String>,
}

/// The yearly update duty (年度更新).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyView {
    /// What was last surveyed before this day is due; `surveyed_before` of the list of components takes it.
    #[schema(value_type = String, format = Date)]
    pub before: Date,
    pub total: u64,
    pub due: u64,
    /// `surveyed` counts what is not due.
    pub areas: Vec<AreaProgress>,
    pub more_areas: bool,
}

fn digits(by: Option<&str>) -> Result<usize, AppError> {
    match by.unwrap_or("street") {
        "county" => Ok(6),
        "street" => Ok(9),
        "community" => Ok(12),
        "grid" => Ok(15),
        _ => Err(AppError::invalid("by", "unknown_value")),
    }
}

#[derive(Default, Clone, Copy)]
struct Count {
    total: u64,
    surveyed: u64,
    confirmed: u64,
}

impl App {
    /// Components of a round, and how many of them were surveyed since it began.
    pub(super) fn count_round(&self, city: CityCode, round: &RoundIn) -> Result<(u64, u64), AppError> {
        let counts = self.count_areas(city, &Self::selected_round(round)?, round.from, 0)?;
        let sum = counts.values().fold(Count::default(), |sum, one| Count {
            total: sum.total + one.total,
            surveyed: sum.surveyed + one.surveyed,
            confirmed: 0,
        });
        Ok((sum.total, sum.surveyed))
    }

    /// Counts by the first digits of the grids; surveyed are those on `since` or later.
    fn count_areas(
        &self,
        city: CityCode,
        selected: &Selected,
        since: Date,
        digits: usize,
    ) -> Result<BTreeMap<String, Count>, AppError> {
        let since = facet::day(since);
        let city = self.city(city)?;
        let map = city.ground.read();
        // By place in the map's dictionary of grids first: a million components, few grids.
        let mut by_grid = vec![Count::default(); map.grids().len() + 1];
        let nowhere = map.grids().len();
        selected.on(&map, COMPONENTS).each(&map, |_, traits| {
            let at = usize::try_from(traits.grid).unwrap_or(nowhere).min(nowhere);
            let count = &mut by_grid[at];
            count.total += 1;
            count.surveyed += u64::from(facet::last_survey(traits.facets) >= since);
            count.confirmed += u64::from(traits.facets & facet::CONFIRMED != 0);
        });
        let mut areas: BTreeMap<String, Count> = BTreeMap::new();
        for (at, one) in by_grid.into_iter().enumerate().filter(|(_, one)| one.total > 0) {
            let code = map.grids().get(at).map_or("", |grid| grid.as_str());
            let area = areas.entry(code.get(..digits).unwrap_or(code).to_owned()).or_default();
            area.total += one.total;
            area.surveyed += one.surveyed;
            area.confirmed += one.confirmed;
        }
        Ok(areas)
    }

    fn area_views(
        &self,
        city: CityCode,
        areas: BTreeMap<String, Count>,
        people: impl Fn(&str) -> Vec<PersonView>,
    ) -> Result<(Vec<AreaProgress>, bool), AppError> {
        let config = self.config(city)?;
        let more = areas.len() > AREAS_MAX;
        let name = |code: &str| {
            let division =
                code.parse::<GridCode>().ok().and_then(|code| config.divisions.get(&code).cloned());
            division.map_or_else(
                || Words { zh: code.to_owned(), en: code.to_owned() },
                |division| crate::config::words(&division.name),
            )
        };
        let views = areas.into_iter().take(AREAS_MAX).map(|(code, count)| AreaProgress {
            name: name(&code),
            total: count.total,
            surveyed: count.surveyed,
            confirmed: count.confirmed,
            people: people(&code),
            code,
        });
        Ok((views.collect(), more))
    }

    /// Progress of a round.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such round.
    pub async fn survey_progress(
        &self,
        actor: &Actor,
        id: &str,
        q: &ProgressQuery,
    ) -> Result<ProgressView, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let paper: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let round = paper.value;
        let mut select = round.select();
        if let Some(area) = &q.area {
            select.grid = super::both(&round.areas, std::slice::from_ref(area));
            if select.grid.is_empty() {
                return Err(AppError::invalid("area", "outside_round"));
            }
        }
        let areas =
            self.count_areas(actor.city, &Selected::parse(&select)?, round.from, digits(q.by.as_deref())?)?;
        let total = areas.values().map(|count| count.total).sum();
        let surveyed = areas.values().map(|count| count.surveyed).sum();
        let people = |code: &str| {
            let near = |one: &&super::AssignmentIn| {
                code.starts_with(one.area.as_str()) || one.area.starts_with(code)
            };
            let mut ids: Vec<u32> = round.assignments.iter().filter(near).map(|one| one.person).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().map(|id| person_view(&config, PersonId(id))).collect()
        };
        let (areas, more_areas) = self.area_views(actor.city, areas, people)?;
        let people = self.people_of_round(actor.city, id, &round)?;
        Ok(ProgressView { total, surveyed, areas, more_areas, people })
    }

    /// What everybody captured; whoever is assigned is there even without any.
    fn people_of_round(
        &self,
        city: CityCode,
        id: &str,
        round: &RoundIn,
    ) -> Result<Vec<PersonProgress>, AppError> {
        let config = self.config(city)?;
        let mut people: BTreeMap<u32, ([u64; 4], u64, u64)> =
            round.assignments.iter().map(|one| (one.person, ([0; 4], 0, 0))).collect();
        let city = self.city(city)?;
        let map = city.ground.read();
        let selected = Selected::parse(&Select::default())?;
        let class = map.things.classes().place(&format!("{CAPTURE}/{id}"));
        selected.on(&map, CAPTURE).each(&map, |_, traits| {
            if Some(traits.class) != class {
                return;
            }
            let row = people.entry(facet::person(traits.facets)).or_insert(([0; 4], 0, 0));
            row.0[usize::from(traits.flags & 3)] += 1;
            let state = map.things.classes().state_name(traits.state);
            row.1 += u64::from(state == Some("pending"));
            row.2 += u64::from(state == Some("refused"));
        });
        let words = ["confirm", "not_found", "correction", "new"];
        Ok(people
            .into_iter()
            .map(|(person, (kinds, pending, refused))| PersonProgress {
                person: person_view(&config, PersonId(person)),
                captures: words.into_iter().map(str::to_owned).zip(kinds).collect(),
                pending,
                refused,
            })
            .collect())
    }

    pub(super) fn pending_captures(&self, city: CityCode, id: &str) -> Result<u64, AppError> {
        let city = self.city(city)?;
        let map = city.ground.read();
        let Some(class) = map.things.classes().place(&format!("{CAPTURE}/{id}")) else { return Ok(0) };
        let selected = Selected::parse(&Select::default())?;
        let mut pending = 0;
        selected.on(&map, CAPTURE).each(&map, |_, traits| {
            let waits = map.things.classes().state_name(traits.state) == Some("pending");
            pending += u64::from(traits.class == class && waits);
        });
        Ok(pending)
    }

    /// Components that were not surveyed within a year, by area.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub fn survey_duty(&self, actor: &Actor, q: &DutyQuery) -> Result<DutyView, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let today = config.calendar.local_date(self.now());
        let before = today.checked_sub(1.year()).unwrap_or(today);
        let grid = q.area.clone().into_iter().collect();
        let select = Select { class: q.class.clone(), grid, ..Select::default() };
        let areas =
            self.count_areas(actor.city, &Selected::parse(&select)?, before, digits(q.by.as_deref())?)?;
        let total: u64 = areas.values().map(|count| count.total).sum();
        let surveyed: u64 = areas.values().map(|count| count.surveyed).sum();
        let (areas, more_areas) = self.area_views(actor.city, areas, |_| Vec::new())?;
        Ok(DutyView { before, total, due: total - surveyed, areas, more_areas })
    }
}
