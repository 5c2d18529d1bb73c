//! Surveys (普查): rounds with their area, classes and people; what is captured in the field; samples of it; how far
//! it has come; ownership to be confirmed; and the yearly update duty.

mod capture;
mod ownership;
mod progress;
mod sample;

pub use capture::{
    CaptureIn, CaptureKind, CapturePage, CaptureQuery, CaptureState, CaptureView, DecisionIn, DecisionView,
};
pub use ownership::{OwnershipAsk, OwnershipPage, OwnershipQuery, OwnershipView};
pub use progress::{AreaProgress, DutyQuery, DutyView, PersonProgress, ProgressQuery, ProgressView};
pub use sample::{SampleIn, SampleItemView, SampleView, VisitIn};

use crate::app::App;
use crate::components::{ComponentPage, ComponentQuery, Select, Selected};
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::papers::{Paper, ROUND, new_paper};
use crate::ports::PutThings;
use crate::rights;
use crate::view::PersonView;
use jiff::civil::Date;
use kernel::{Actor, GridCode, PersonId, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const NAME_MAX: usize = 80;
/// Classes or areas of one round.
const VALUES_MAX: usize = 200;
/// Every grid of a large city with somebody.
const ASSIGNMENTS_MAX: usize = 5_000;
const ROUNDS_MAX: u32 = 500;

/// Who surveys what part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentIn {
    /// Division or grid code; everything inside.
    #[schema(max_length = 15)]
    pub area: String,
    pub person: u32,
}

/// A round as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundIn {
    #[schema(max_length = 80)]
    pub name: String,
    /// Class keys or their beginnings; none means every class.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub classes: Vec<String>,
    /// Division or grid codes; none means the whole city.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub areas: Vec<String>,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    #[serde(default)]
    #[schema(max_items = 5_000)]
    pub assignments: Vec<AssignmentIn>,
    /// Nothing is captured any more.
    #[serde(default)]
    pub closed: bool,
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRound {
    /// Made by the client; the same again makes no second round.
    pub id: Uuid,
    pub round: RoundIn,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RoundView {
    pub id: String,
    pub version: u32,
    pub round: RoundIn,
    /// Between its dates and not closed.
    pub open: bool,
    /// Components of its classes in its areas.
    pub total: u64,
    /// Of these, surveyed since it began.
    pub surveyed: u64,
    /// Captures that wait for a decision.
    pub pending: u64,
    pub people: Vec<PersonView>,
    /// Whether the caller captures in it, and where.
    pub own_areas: Vec<String>,
}

impl RoundIn {
    fn check(&self, config: &Config) -> Result<(), AppError> {
        let mut problems = Problems::default();
        if self.name.trim().is_empty() {
            problems.add("name", "required");
        }
        problems.bounded("name", &self.name, NAME_MAX);
        problems.bounded("note", &self.note, 1_000);
        for (field, count) in [("classes", self.classes.len()), ("areas", self.areas.len())] {
            if count > VALUES_MAX {
                problems.push(FieldProblem::new(field, "too_many").with("max", VALUES_MAX as u64));
            }
        }
        if self.until < self.from {
            problems.add("until", "before_from");
        }
        let known = |class: &String| {
            config.catalogue.iter().any(|one| {
                let key = one.entry.key.to_string();
                key.starts_with(class.as_str()) && one.entry.key.kind == kernel::Kind::Component
            })
        };
        for (i, class) in self.classes.iter().enumerate() {
            if class.is_empty() || !known(class) {
                problems.add(format!("classes[{i}]"), "unknown_class");
            }
        }
        for (i, area) in self.areas.iter().enumerate() {
            if area.parse::<GridCode>().is_err() {
                problems.add(format!("areas[{i}]"), "bad_grid");
            }
        }
        if self.assignments.len() > ASSIGNMENTS_MAX {
            let problem = FieldProblem::new("assignments", "too_many");
            problems.push(problem.with("max", ASSIGNMENTS_MAX as u64));
        }
        for (i, one) in self.assignments.iter().enumerate() {
            if one.area.parse::<GridCode>().is_err() {
                problems.add(format!("assignments[{i}].area"), "bad_grid");
            }
            let person = config.people.get(&PersonId(one.person));
            if !person.is_some_and(|person| person.active && surveys(&person.posts)) {
                problems.add(format!("assignments[{i}].person"), "no_collector");
            }
        }
        problems.done()
    }

    fn is_open(&self, today: Date) -> bool {
        !self.closed && self.from <= today && today <= self.until
    }

    /// The components it is about.
    fn select(&self) -> Select {
        Select { class: self.classes.clone(), grid: self.areas.clone(), ..Select::default() }
    }

    /// Parts of the city a person surveys.
    fn areas_of(&self, person: Option<PersonId>) -> impl Iterator<Item = &str> {
        let own = move |one: &&AssignmentIn| person == Some(PersonId(one.person));
        self.assignments.iter().filter(own).map(|one| one.area.as_str())
    }

    fn covers(&self, class: &str, grid: &str) -> bool {
        let any = |values: &[String], text: &str| {
            values.is_empty() || values.iter().any(|value| text.starts_with(value.as_str()))
        };
        any(&self.classes, class) && any(&self.areas, grid)
    }
}

fn surveys(posts: &[kernel::Post]) -> bool {
    posts.iter().any(|post| matches!(post.role, Role::Collector | Role::SystemAdmin))
}

/// Who sees rounds and what came of them.
fn may_see(actor: &Actor) -> Result<(), AppError> {
    let mut roles = vec![Role::Collector, Role::SystemAdmin];
    roles.extend(rights::REGISTRY_REVIEWERS);
    rights::one_of(actor, &roles, "see surveys")
}

/// Who decides about captures and draws samples.
fn may_decide(actor: &Actor) -> Result<(), AppError> {
    let mut roles = rights::REGISTRY_EDITORS.to_vec();
    roles.extend(rights::REGISTRY_REVIEWERS);
    rights::one_of(actor, &roles, "decide about surveys")
}

impl App {
    /// Every round, the latest first.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn surveys(&self, actor: &Actor) -> Result<Vec<RoundView>, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let mut papers: Vec<Paper<RoundIn>> = self.papers(actor.city, ROUND, None, None, ROUNDS_MAX).await?;
        papers.sort_by_key(|paper| std::cmp::Reverse((paper.value.from, paper.row.serial)));
        papers.iter().map(|paper| self.round_view(actor, &config, paper)).collect()
    }

    /// # Errors
    /// [`AppError::NotFound`] when there is no such round.
    pub async fn survey(&self, actor: &Actor, id: &str) -> Result<RoundView, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let paper = self.paper(actor.city, ROUND, id).await?;
        self.round_view(actor, &config, &paper)
    }

    /// Begins a round.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless the caller keeps the registry; [`AppError::Invalid`] with every wrong field.
    pub async fn begin_survey(&self, actor: &Actor, sent: NewRound) -> Result<RoundView, AppError> {
        rights::one_of(actor, &rights::REGISTRY_EDITORS, "plan surveys")?;
        let config = self.config(actor.city)?;
        sent.round.check(&config)?;
        let id = sent.id.to_string();
        if self.paper_if_there::<RoundIn>(actor.city, ROUND, &id).await?.is_none() {
            let puts = vec![new_paper(ROUND, id.clone(), &sent.round.name, "", &sent.round)];
            let put =
                PutThings { city: actor.city, by: actor.person_id(), at: self.now(), command: None, puts };
            self.commit_things(put).await?;
        }
        self.survey(actor, &id).await
    }

    /// Changes a round: people, dates, the end.
    ///
    /// # Errors
    /// As [`App::begin_survey`], and [`AppError::Stale`] when somebody else changed it.
    pub async fn change_survey(
        &self,
        actor: &Actor,
        id: &str,
        version: u32,
        round: RoundIn,
    ) -> Result<RoundView, AppError> {
        rights::one_of(actor, &rights::REGISTRY_EDITORS, "plan surveys")?;
        let config = self.config(actor.city)?;
        round.check(&config)?;
        let paper: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        if paper.row.version != version {
            return Err(AppError::Stale);
        }
        let mut put = paper.put(&round);
        put.name.clone_from(&round.name);
        let put = PutThings {
            city: actor.city,
            by: actor.person_id(),
            at: self.now(),
            command: None,
            puts: vec![put],
        };
        self.commit_things(put).await?;
        self.survey(actor, id).await
    }

    fn round_view(
        &self,
        actor: &Actor,
        config: &Config,
        paper: &Paper<RoundIn>,
    ) -> Result<RoundView, AppError> {
        let round = &paper.value;
        let (total, surveyed) = self.count_round(actor.city, round)?;
        let mut people: Vec<u32> = round.assignments.iter().map(|one| one.person).collect();
        people.sort_unstable();
        people.dedup();
        Ok(RoundView {
            id: paper.row.code.clone(),
            version: paper.row.version,
            open: round.is_open(config.calendar.local_date(self.now())),
            total,
            surveyed,
            pending: self.pending_captures(actor.city, &paper.row.code)?,
            people: people.into_iter().map(|id| person_view(config, PersonId(id))).collect(),
            own_areas: round.areas_of(actor.person_id()).map(str::to_owned).collect(),
            round: round.clone(),
        })
    }

    /// What the caller still has to see in a round: components of their areas not surveyed since it began.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such round.
    pub async fn survey_tasks(
        &self,
        actor: &Actor,
        id: &str,
        after: Option<String>,
        limit: Option<usize>,
    ) -> Result<ComponentPage, AppError> {
        may_see(actor)?;
        let round: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let own: Vec<String> = round.value.areas_of(actor.person_id()).map(str::to_owned).collect();
        if own.is_empty() {
            return Ok(ComponentPage { items: Vec::new(), next: None, total: Some(0) });
        }
        let areas = both(&round.value.areas, &own);
        if areas.is_empty() {
            return Ok(ComponentPage { items: Vec::new(), next: None, total: Some(0) });
        }
        let query = ComponentQuery {
            class: round.value.classes.clone(),
            grid: areas,
            surveyed_before: Some(round.value.from),
            after,
            limit,
            ..ComponentQuery::default()
        };
        self.list_components(actor, &query).await
    }

    fn selected_round(round: &RoundIn) -> Result<Selected, AppError> {
        Selected::parse(&round.select())
    }
}

/// Areas that lie in both lists; an empty first one means everywhere.
fn both(all: &[String], own: &[String]) -> Vec<String> {
    if all.is_empty() {
        return own.to_vec();
    }
    let mut found = Vec::new();
    for a in all {
        for b in own {
            if b.starts_with(a.as_str()) {
                found.push(b.clone());
            } else if a.starts_with(b.as_str()) {
                found.push(a.clone());
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_meet_where_one_lies_in_the_other() {
        let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let table = [
            (list(&[]), list(&["990101"]), list(&["990101"])),
            (list(&["990101"]), list(&["990101001", "990102"]), list(&["990101001"])),
            (list(&["990101001"]), list(&["990101"]), list(&["990101001"])),
            (list(&["990101"]), list(&["990102"]), list(&[])),
        ];
        for (all, own, expected) in table {
            assert_eq!(both(&all, &own), expected, "{all:?} {own:?}");
        }
    }
}
