//! From commands to a row: load, decide, apply, save.

use crate::app::App;
use crate::config::{Config, city_problem};
use crate::error::{AppError, FieldProblem};
use crate::ports::things::COMPONENTS;
use crate::ports::{PutThing, PutThingDone, PutThings, StoreError, StoredThing};
use city::codes::ComponentCode;
use city::component::{Command, Component, Context, Fact, FactRecord, Place, State, apply, decide};
use kernel::{Actor, CityCode, ClassKey, GridCode, PersonId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Codes taken in a row by somebody else before it is given up: they were written around the sequence.
const CODES_TRIED_MAX: u32 = 5;

/// A component while commands are applied to it: what the store has, and what has become of it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    serial: Option<u64>,
    /// Of the row; the record counts its facts.
    row_version: u32,
    pub component: Option<Component>,
    facts: Vec<FactRecord>,
}

impl Draft {
    /// For one that is to be registered.
    pub const fn new() -> Self {
        Self { serial: None, row_version: 0, component: None, facts: Vec::new() }
    }

    /// # Errors
    /// When the row is no component.
    pub fn of(stored: &StoredThing) -> Result<Self, AppError> {
        let component = read(stored)?;
        let (serial, row_version) = (Some(stored.serial), stored.version);
        Ok(Self { serial, row_version, component: Some(component), facts: Vec::new() })
    }

    /// `None` for one that is to be registered.
    pub const fn serial(&self) -> Option<u64> {
        self.serial
    }

    pub fn is_changed(&self) -> bool {
        !self.facts.is_empty()
    }

    /// # Errors
    /// Every field that cannot be accepted.
    pub fn take(
        &mut self,
        config: &Config,
        command: Command,
        by: PersonId,
        now: Timestamp,
    ) -> Result<(), Vec<city::FieldProblem>> {
        let class = match (&self.component, &command) {
            (Some(component), _) => Some(component.code.class.clone()),
            (None, Command::Register(component)) => Some(component.code.class.clone()),
            _ => None,
        };
        let context = Context {
            divisions: &config.divisions,
            catalogue: &config.catalogue,
            fields: class.as_ref().map_or(&[], |class| config.component_fields_of(class)),
            today: config.calendar.local_date(now),
        };
        let facts = decide(self.component.as_ref(), command, &context)?;
        for fact in facts {
            let seq = self.component.as_ref().map_or(0, |component| component.version) + 1;
            let record = FactRecord { seq, at: now, on: context.today, by, fact };
            match apply(self.component.clone(), &record) {
                Ok(next) => self.component = Some(next),
                Err(why) => {
                    let text = why.to_string();
                    return Err(vec![city::FieldProblem::new("state", "bad_history", text.clone(), text)]);
                }
            }
            self.facts.push(record);
        }
        Ok(())
    }

    /// The next version of the row; `None` when nothing happened.
    pub fn into_put(self) -> Option<PutThing> {
        let component = self.component.filter(|_| !self.facts.is_empty())?;
        let change: Vec<Value> = self.facts.iter().map(slim).collect();
        Some(PutThing {
            serial: self.serial,
            register: COMPONENTS.to_owned(),
            code: component.code.to_string(),
            name: component.name.clone(),
            class: component.code.class.to_string(),
            expected_version: self.row_version,
            removed: component.state == State::Removed,
            change: Value::Array(change).to_string(),
            body: serde_json::to_string(&component).unwrap_or_default(),
        })
    }
}

/// A fact as it is kept beside the version it led to; a new component stands in that version itself.
fn slim(record: &FactRecord) -> Value {
    let fact = match &record.fact {
        Fact::Registered { .. } => json!({ "fact": "registered" }),
        other => serde_json::to_value(other).unwrap_or_default(),
    };
    json!({ "seq": record.seq, "at": record.at, "on": record.on, "by": record.by, "fact": fact })
}

/// The record of a row.
///
/// # Errors
/// When the row is no component: it was written around the application.
pub(crate) fn read(stored: &StoredThing) -> Result<Component, AppError> {
    serde_json::from_str(&stored.body).map_err(|why| {
        AppError::Store(StoreError::Corrupt {
            table: "things",
            id: stored.serial.to_string(),
            why: why.to_string(),
        })
    })
}

/// Problems of the city's rules as the use cases name them, with `prefix` before each field.
pub(crate) fn problems_of(prefix: &str, problems: &[city::FieldProblem]) -> Vec<FieldProblem> {
    let named = |problem: &city::FieldProblem| {
        let mut named = city_problem(prefix, problem);
        if prefix.is_empty() {
            named.field.clone_from(&problem.field);
        }
        named
    };
    problems.iter().map(named).collect()
}

/// The unit grid a place lies in: by the city's grids where it has some, else as given.
///
/// # Errors
/// The place lies in no grid, or in another than the one given.
pub(crate) fn grid_of(config: &Config, place: &Place, given: Option<&str>) -> Result<GridCode, FieldProblem> {
    let given = match given.filter(|code| !code.is_empty()) {
        Some(code) => Some(city::codes::unit_grid(code).map_err(|_| FieldProblem::new("grid", "bad_grid"))?),
        None => None,
    };
    if config.grids.is_empty() {
        return given.ok_or_else(|| FieldProblem::new("grid", "required"));
    }
    let found = place.anchor().and_then(|point| config.grids.at(point)).cloned();
    match (found, given) {
        (None, _) => Err(FieldProblem::new("place", "outside_grids")),
        (Some(found), Some(given)) if given != found => {
            Err(FieldProblem::new("grid", "other_grid").with("found", found.to_string()))
        }
        (Some(found), _) => Ok(found),
    }
}

/// Name of the sequence that codes of a class in a division come from.
pub(crate) fn sequence_of(division: &str, class: &ClassKey) -> String {
    format!("component:{division}:{class}")
}

impl App {
    /// The row of a component; removed ones too.
    pub(crate) async fn component_row(&self, city: CityCode, code: &str) -> Result<StoredThing, AppError> {
        let plain = (16..=17).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        let found = if plain { self.store().thing_by_code(city, COMPONENTS, code).await? } else { None };
        found.ok_or(AppError::NotFound("component"))
    }

    /// The next `count` codes of a class in the division of a grid.
    pub(crate) async fn issue_codes(
        &self,
        city: CityCode,
        grid: &GridCode,
        class: &ClassKey,
        count: u32,
    ) -> Result<Vec<ComponentCode>, AppError> {
        let bad = |code| AppError::invalid("class", code);
        let division: GridCode =
            grid.as_str().get(..6).and_then(|code| code.parse().ok()).ok_or_else(|| bad("bad_grid"))?;
        let first = self.store().take_sequence(city, &sequence_of(division.as_str(), class), count).await?;
        (first..first + u64::from(count))
            .map(|number| {
                let number = u32::try_from(number).map_err(|_| bad("sequence_used_up"))?;
                ComponentCode::new(division.clone(), class.clone(), number)
                    .map_err(|_| bad("sequence_used_up"))
            })
            .collect()
    }

    /// Sees to it that codes brought in from elsewhere are not issued again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_component_codes<'a>(
        &self,
        city: CityCode,
        codes: impl IntoIterator<Item = &'a ComponentCode>,
    ) -> Result<(), AppError> {
        let mut highest: BTreeMap<String, u64> = BTreeMap::new();
        for code in codes {
            let most = highest.entry(sequence_of(code.division.as_str(), &code.class)).or_default();
            *most = (*most).max(u64::from(code.sequence()));
        }
        for (name, used) in highest {
            self.store().raise_sequence(city, &name, used).await?;
        }
        Ok(())
    }

    /// Registers a component under a code issued to it, or under its own when `code` is given.
    pub(crate) async fn save_new(
        &self,
        actor: &Actor,
        config: &Config,
        mut component: Component,
        own_code: bool,
        command: Option<Uuid>,
    ) -> Result<PutThingDone, AppError> {
        let by = actor.person_id().unwrap_or(PersonId(0));
        for _ in 0..CODES_TRIED_MAX {
            let now = self.now();
            let mut draft = Draft::new();
            draft
                .take(config, Command::Register(Box::new(component.clone())), by, now)
                .map_err(|problems| AppError::Invalid(problems_of("", &problems)))?;
            let puts = draft.into_put().into_iter().collect();
            let put = PutThings { city: config.city, by: actor.person_id(), at: now, command, puts };
            match self.commit_things(put).await {
                Ok(done) => {
                    if own_code {
                        self.note_component_codes(config.city, [&component.code]).await?;
                    }
                    return done.first().copied().ok_or(AppError::Busy);
                }
                Err(AppError::Invalid(problems))
                    if !own_code && problems.iter().all(|problem| problem.code == "taken") =>
                {
                    let codes =
                        self.issue_codes(config.city, &component.grid, &component.code.class, 1).await?;
                    component.code = codes.into_iter().next().ok_or(AppError::Busy)?;
                }
                Err(other) => return Err(other),
            }
        }
        Err(AppError::invalid("code", "taken"))
    }
}
