//! Lists of components: by class, grid, state and place from memory; by words from the store.

use super::select::{Select, Selected};
use super::write;
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::ground::facet;
use crate::ports::things::COMPONENTS;
use crate::ports::{StoredThing, ThingQuery};
use crate::rights;
use crate::view::ClassView;
use jiff::ToSpan;
use jiff::civil::Date;
use kernel::Actor;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BinaryHeap};
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: usize = 200;
const LIMIT: usize = 50;
const Q_MAX: usize = 100;
/// Rows read for one page of a search by words: after so many the page is answered as it is, with where to go on.
const SEARCHED_MAX: usize = 10_000;
const SEARCH_PAGE: u32 = 500;

/// Any combination of conditions; a key given several times means any of the values.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ComponentQuery {
    /// The code begins so, or the name holds it.
    #[param(max_length = 100)]
    pub q: Option<String>,
    /// Class keys or their beginnings, such as `2026-component-01`.
    pub class: Vec<String>,
    /// Division or grid codes; everything inside counts.
    pub grid: Vec<String>,
    /// `intact`, `damaged`, `lost`, `abandoned`.
    pub state: Vec<String>,
    /// west,south,east,north in degrees.
    #[param(max_length = 120)]
    pub bbox: Option<String>,
    /// A polygon as well-known text.
    #[param(max_length = 20_000)]
    pub within: Option<String>,
    /// Whether ownership is confirmed.
    pub confirmed: Option<bool>,
    /// Not surveyed on this day or later: `2026-01-31`.
    #[param(value_type = Option<String>, format = Date)]
    pub surveyed_before: Option<Date>,
    /// What `next` said.
    #[param(max_length = 40)]
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
}

impl ComponentQuery {
    fn select(&self) -> Select {
        Select {
            class: self.class.clone(),
            grid: self.grid.clone(),
            state: self.state.clone(),
            bbox: self.bbox.clone(),
            within: self.within.clone(),
            confirmed: self.confirmed,
            surveyed_before: self.surveyed_before,
            codes: Vec::new(),
        }
    }
}

/// A component as one line of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentLine {
    /// Its id on the map.
    pub serial: u64,
    pub code: String,
    pub version: u32,
    pub name: String,
    pub class: ClassView,
    /// `intact`, `damaged`, `lost`, `abandoned` or `removed`.
    pub state: String,
    pub grid: String,
    pub street_name: String,
    pub community_name: String,
    /// A place to show it by.
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub accuracy: String,
    pub owner: Option<String>,
    /// Ownership is confirmed.
    pub confirmed: bool,
    #[schema(value_type = Option<String>, format = Date)]
    pub surveyed_on: Option<Date>,
    pub changed_at: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentPage {
    pub items: Vec<ComponentLine>,
    pub next: Option<String>,
    /// How many there are in all; absent for a search by words.
    pub total: Option<u64>,
}

/// How many components there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentSummary {
    pub total: u64,
    pub confirmed: u64,
    /// Not surveyed within a year.
    pub not_surveyed: u64,
    pub classes: Vec<SummaryRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SummaryRow {
    pub class: ClassView,
    pub total: u64,
    /// By state.
    pub states: BTreeMap<String, u64>,
    pub confirmed: u64,
    pub not_surveyed: u64,
}

/// Whoever is signed in reads the registry.
pub(crate) fn may_read(actor: &Actor, config: &Config) -> Result<(), AppError> {
    if rights::sees_register(actor, config, COMPONENTS) {
        Ok(())
    } else {
        Err(AppError::Forbidden("read the registry"))
    }
}

/// The day before which a survey is too long ago (年度更新).
pub(crate) fn a_year_before(today: Date) -> Date {
    today.checked_sub(1.year()).unwrap_or(today)
}

pub(crate) fn component_line(config: &Config, stored: &StoredThing) -> Result<ComponentLine, AppError> {
    let component = write::read(stored)?;
    let anchor = component.place.anchor();
    Ok(ComponentLine {
        serial: stored.serial,
        code: stored.code.clone(),
        version: stored.version,
        name: component.name,
        class: ClassView {
            key: component.code.class.to_string(),
            name: config.class_name(&component.code.class),
        },
        state: super::change::state_word(component.state).to_owned(),
        grid: component.grid.to_string(),
        street_name: component.street_name,
        community_name: component.community_name,
        lng: anchor.map(|point| point.lng()),
        lat: anchor.map(|point| point.lat()),
        accuracy: format!("{:?}", component.accuracy),
        owner: component.owner.map(|owner| owner.name),
        confirmed: component.confirmed.is_some(),
        surveyed_on: component.surveyed.map(|survey| survey.on),
        changed_at: stored.changed_at.millis(),
    })
}

impl App {
    /// A page of components in order of registration; of a search by words, in order of code.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub async fn list_components(
        &self,
        actor: &Actor,
        q: &ComponentQuery,
    ) -> Result<ComponentPage, AppError> {
        let config = self.config(actor.city)?;
        may_read(actor, &config)?;
        let selected = Selected::parse(&q.select())?;
        let limit = q.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let words = q.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if words.is_some_and(|text| text.chars().count() > Q_MAX) {
            return Err(AppError::invalid("q", "too_long"));
        }
        if let Some(words) = words {
            return self.search_components(actor, &config, &selected, words, q.after.clone(), limit).await;
        }
        let after = match q.after.as_deref() {
            None => 0,
            Some(text) => text.parse::<u64>().map_err(|_| AppError::invalid("after", "unknown_value"))?,
        };
        let (serials, total) = self.select_serials(actor, &selected, after, limit)?;
        let stored = self.store().things_by_serial(actor.city, &serials).await?;
        let items = stored.iter().map(|one| component_line(&config, one)).collect::<Result<_, _>>()?;
        let next = (serials.len() == limit).then(|| serials.last().map(ToString::to_string)).flatten();
        Ok(ComponentPage { items, next, total: Some(total) })
    }

    /// Serials after `after` in order, at most `limit`, and how many there are in all.
    pub(crate) fn select_serials(
        &self,
        actor: &Actor,
        selected: &Selected,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<u64>, u64), AppError> {
        let city = self.city(actor.city)?;
        let map = city.ground.read();
        let (mut first, mut total) = (BinaryHeap::with_capacity(limit + 1), 0_u64);
        selected.on(&map, COMPONENTS).each(&map, |serial, _| {
            total += 1;
            if serial <= after || first.len() == limit && first.peek().is_some_and(|most| serial >= *most) {
                return;
            }
            first.push(serial);
            if first.len() > limit {
                first.pop();
            }
        });
        Ok((first.into_sorted_vec(), total))
    }

    async fn search_components(
        &self,
        actor: &Actor,
        config: &Config,
        selected: &Selected,
        words: &str,
        mut after: Option<String>,
        limit: usize,
    ) -> Result<ComponentPage, AppError> {
        let city = self.city(actor.city)?;
        let mut items = Vec::new();
        let mut searched = 0;
        loop {
            let query = ThingQuery {
                register: COMPONENTS.to_owned(),
                class: None,
                text: Some(words.to_owned()),
                after: after.clone(),
                with_removed: false,
                limit: SEARCH_PAGE,
            };
            let page = self.store().list_things(actor.city, &query).await?;
            let ended = page.len() < SEARCH_PAGE as usize;
            searched += page.len();
            for stored in &page {
                after = Some(stored.code.clone());
                let meant = {
                    let map = city.ground.read();
                    let ready = selected.on(&map, COMPONENTS);
                    map.traits(stored.serial).is_some_and(|traits| ready.admits(&traits))
                        && selected.holds(&map, stored.serial)
                };
                if !meant {
                    continue;
                }
                items.push(component_line(config, stored)?);
                if items.len() == limit {
                    return Ok(ComponentPage { items, next: after, total: None });
                }
            }
            if ended {
                return Ok(ComponentPage { items, next: None, total: None });
            }
            if searched >= SEARCHED_MAX {
                return Ok(ComponentPage { items, next: after, total: None });
            }
        }
    }

    /// Counts by class and state of what is selected.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub fn summarise_components(
        &self,
        actor: &Actor,
        q: &ComponentQuery,
    ) -> Result<ComponentSummary, AppError> {
        let config = self.config(actor.city)?;
        may_read(actor, &config)?;
        if q.q.is_some() {
            return Err(AppError::invalid("q", "not_supported"));
        }
        let selected = Selected::parse(&q.select())?;
        let year = facet::day(a_year_before(config.calendar.local_date(self.now())));
        let city = self.city(actor.city)?;
        let map = city.ground.read();
        let mut rows: BTreeMap<u16, ([u64; 256], u64, u64)> = BTreeMap::new();
        selected.on(&map, COMPONENTS).each(&map, |_, traits| {
            let row = rows.entry(traits.class.0).or_insert(([0; 256], 0, 0));
            row.0[usize::from(traits.state)] += 1;
            row.1 += u64::from(traits.facets & facet::CONFIRMED != 0);
            row.2 += u64::from(facet::last_survey(traits.facets) < year);
        });
        let classes = map.things.classes();
        let mut found: Vec<SummaryRow> = rows
            .into_iter()
            .map(|(place, (states, confirmed, not_surveyed))| {
                let key = classes.name(spatial::points::ClassPlace(place)).unwrap_or_default();
                let name = key.parse().map_or_else(
                    |_| crate::view::Words { zh: key.to_owned(), en: key.to_owned() },
                    |class| config.class_name(&class),
                );
                let named = (0_u8..=255).zip(states).filter(|(_, count)| *count > 0);
                let word = |state| classes.state_name(state).unwrap_or_default().to_owned();
                SummaryRow {
                    class: ClassView { key: key.to_owned(), name },
                    total: states.iter().sum(),
                    states: named.map(|(state, count)| (word(state), count)).collect(),
                    confirmed,
                    not_surveyed,
                }
            })
            .collect();
        found.sort_by(|a, b| a.class.key.cmp(&b.class.key));
        Ok(ComponentSummary {
            total: found.iter().map(|row| row.total).sum(),
            confirmed: found.iter().map(|row| row.confirmed).sum(),
            not_surveyed: found.iter().map(|row| row.not_surveyed).sum(),
            classes: found,
        })
    }
}
