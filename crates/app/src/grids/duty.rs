//! Duty grids (责任网格) and their like: sets of unit grids with people, and the monthly rotation of the teams.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::ports::PutRecord;
use crate::rights;
use crate::view::{PersonView, Words};
use city::roster::{DutyGrid, DutyKind, Shift};
use jiff::civil::Date;
use kernel::{Actor, PersonId, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Duty grids of one rotation: those of a district.
const GROUP_MAX: usize = 500;
/// A rotation is planned this long ahead at most.
const AHEAD_DAYS: i64 = 400;

const EDITORS: &[Role] = &[Role::SystemAdmin, Role::ShiftLeader];

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyGridView {
    pub code: String,
    /// `duty`, `supervision`, `patrol` or `handler`.
    pub kind: String,
    pub name: Words,
    /// Codes of unit grids, communities or wider divisions.
    pub areas: Vec<String>,
    pub people: Vec<PersonView>,
    /// The day since which these people have it.
    pub since_on: Option<String>,
    /// Unit grids it is made of, and their m² together, as far as the grids are known.
    pub grids: usize,
    pub version: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DutyGridsView {
    pub items: Vec<DutyGridView>,
    /// Unit grids that lie in no duty grid of the kind; with duty grids of that kind only.
    pub uncovered: BTreeMap<String, usize>,
    /// Unit grids that lie in two or more of one kind.
    pub twice: BTreeMap<String, Vec<String>>,
}

/// A rotation of teams: the people of each grid go to the next one in the order given, those of the last to the
/// first.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct RotationIn {
    /// Codes of duty grids, in the order in which teams move on.
    pub grids: Vec<String>,
    /// How many places they move.
    #[schema(minimum = 1, maximum = 499)]
    pub by: Option<u32>,
    /// The first day of the new order, `yyyy-mm-dd`.
    pub from_on: String,
    /// Only say what it would do.
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RotationRowView {
    pub code: String,
    pub name: Words,
    pub before: Vec<PersonView>,
    pub after: Vec<PersonView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RotationView {
    pub rows: Vec<RotationRowView>,
    /// Shifts that end the day before, and begin again in their new grid.
    pub shifts: usize,
    pub from_on: String,
    /// False for a plan.
    pub applied: bool,
}

impl App {
    /// Duty grids of all kinds, and which unit grids are in none or in several.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub fn duty_grids(&self, actor: &Actor) -> Result<DutyGridsView, AppError> {
        rights::one_of(actor, &Role::ALL, "read the grids")?;
        let config = self.config(actor.city)?;
        let mut covered: BTreeMap<DutyKind, BTreeMap<&str, u32>> = BTreeMap::new();
        let mut items = Vec::new();
        for duty in &config.roster.duty_grids {
            let own: BTreeSet<&str> = duty
                .areas
                .iter()
                .flat_map(|area| config.grids.of_area(area))
                .map(|grid| grid.key.as_str())
                .collect();
            for code in &own {
                *covered.entry(duty.kind).or_default().entry(code).or_default() += 1;
            }
            items.push(duty_view(&config, duty, own.len()));
        }
        let word = |kind: DutyKind| kind.as_str().to_owned();
        Ok(DutyGridsView {
            items,
            uncovered: covered
                .iter()
                .map(|(kind, own)| (word(*kind), config.grids.len() - own.len()))
                .collect(),
            twice: covered
                .iter()
                .map(|(kind, own)| {
                    let many = own.iter().filter(|(_, n)| **n > 1).map(|(code, _)| (*code).to_owned());
                    (word(*kind), many.take(GROUP_MAX).collect())
                })
                .collect(),
        })
    }

    /// Plans a rotation, or carries it out: people and their shifts move on from a day.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right; [`AppError::Invalid`] with what is wrong.
    pub async fn rotate_duty_grids(&self, actor: &Actor, sent: RotationIn) -> Result<RotationView, AppError> {
        rights::one_of(actor, EDITORS, "rotate teams")?;
        let config = self.config(actor.city)?;
        let today = config.calendar.local_date(self.now());
        let plan = plan(&config, &sent, today)?;
        let mut puts = Vec::new();
        for (code, people) in &plan.people {
            let duty = config.roster.duty_grids.iter().find(|duty| duty.code == *code);
            if let Some(duty) = duty {
                let moved = DutyGrid { people: people.clone(), since_on: Some(plan.from_on), ..duty.clone() };
                puts.push(put(&config, "duty_grids", code, &moved)?);
            }
        }
        let mut shifts = 0;
        for record in self.store().records(actor.city, "shifts").await? {
            let Some(Ok(shift)) = record.value.as_ref().map(Shift::deserialize) else { continue };
            if let Some((old, new)) = moved_shift(&shift, &plan) {
                shifts += 1;
                puts.push(put(&config, "shifts", &record.key, &old)?);
                let key = format!("{}-{}", root(&record.key), plan.from_on.strftime("%Y%m%d"));
                puts.push(put(&config, "shifts", &key, &new)?);
            }
        }
        if !sent.dry_run {
            self.put_checked(actor.city, actor.person_id(), puts).await?;
            let target = sent.grids.join(",");
            self.note(actor.city, actor.person_id(), "teams_rotated", &target, &sent.from_on, "").await?;
        }
        let people = |ids: &[PersonId]| ids.iter().map(|id| person_view(&config, *id)).collect();
        let rows = plan.people.iter().filter_map(|(code, after)| {
            let duty = config.roster.duty_grids.iter().find(|duty| duty.code == *code)?;
            Some(RotationRowView {
                code: code.clone(),
                name: words(&duty.name),
                before: people(&duty.people),
                after: people(after),
            })
        });
        Ok(RotationView {
            rows: rows.collect(),
            shifts,
            from_on: plan.from_on.to_string(),
            applied: !sent.dry_run,
        })
    }
}

/// Who is where after a rotation.
struct Plan {
    from_on: Date,
    /// In the order given.
    people: Vec<(String, Vec<PersonId>)>,
    /// The grid whose people go to which.
    next: BTreeMap<String, String>,
}

fn plan(config: &Config, sent: &RotationIn, today: Date) -> Result<Plan, AppError> {
    let mut problems = Problems::default();
    let from_on = sent.from_on.parse::<Date>().ok();
    match from_on {
        None => problems.add("from_on", "malformed"),
        Some(day) if day < today || i64::from((day - today).get_days()) > AHEAD_DAYS => {
            problems.add("from_on", "out_of_range");
        }
        Some(_) => {}
    }
    if sent.grids.len() < 2 {
        problems.add("grids", "choose_two_grids");
    }
    if sent.grids.len() > GROUP_MAX {
        problems.push(FieldProblem::new("grids", "too_many").with("max", GROUP_MAX as u64));
    }
    let mut group: Vec<&DutyGrid> = Vec::new();
    for (at, code) in sent.grids.iter().take(GROUP_MAX).enumerate() {
        match config.roster.duty_grids.iter().find(|duty| duty.code == *code) {
            None => problems.add(format!("grids[{at}]"), "unknown_duty_grid"),
            Some(duty) if group.iter().any(|one| one.code == duty.code) => {
                problems.add(format!("grids[{at}]"), "code_twice");
            }
            Some(duty) => group.push(duty),
        }
    }
    problems.done()?;
    let count = group.len();
    let by = sent.by.unwrap_or(1) as usize % count;
    if by == 0 {
        return Err(AppError::invalid("by", "out_of_range"));
    }
    let next = (0..count).map(|at| (group[at].code.clone(), group[(at + by) % count].code.clone())).collect();
    let people = (0..count)
        .map(|at| (group[at].code.clone(), group[(at + count - by) % count].people.clone()))
        .collect();
    Ok(Plan { from_on: from_on.unwrap_or(today), people, next })
}

/// A shift in a grid of the group ends the day before and begins anew in the next grid.
fn moved_shift(shift: &Shift, plan: &Plan) -> Option<(Shift, Shift)> {
    let affected = shift.duty_grids.iter().any(|code| plan.next.contains_key(code));
    let over = shift.valid_to.is_some_and(|last| last < plan.from_on);
    if !affected || over {
        return None;
    }
    let next = |code: &String| plan.next.get(code).unwrap_or(code).clone();
    let new = Shift {
        duty_grids: shift.duty_grids.iter().map(next).collect(),
        valid_from: Some(shift.valid_from.map_or(plan.from_on, |from| from.max(plan.from_on))),
        ..shift.clone()
    };
    let old = Shift { valid_to: plan.from_on.yesterday().ok(), ..shift.clone() };
    Some((old, new))
}

/// The key of a shift without the day of an earlier rotation.
fn root(key: &str) -> &str {
    match key.rsplit_once('-') {
        Some((root, day)) if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) => root,
        _ => key,
    }
}

fn put<T: Serialize>(config: &Config, kind: &str, key: &str, value: &T) -> Result<PutRecord, AppError> {
    let version = config.record_versions.get(&(kind.to_owned(), key.to_owned())).copied().unwrap_or(0);
    let value: Value = serde_json::to_value(value).map_err(|_| AppError::Busy)?;
    Ok(PutRecord {
        kind: kind.to_owned(),
        key: key.to_owned(),
        expected_version: version,
        value: Some(value),
    })
}

fn duty_view(config: &Config, duty: &DutyGrid, grids: usize) -> DutyGridView {
    let key = ("duty_grids".to_owned(), duty.code.clone());
    DutyGridView {
        code: duty.code.clone(),
        kind: duty.kind.as_str().to_owned(),
        name: words(&duty.name),
        areas: duty.areas.iter().map(ToString::to_string).collect(),
        people: duty.people.iter().map(|id| person_view(config, *id)).collect(),
        since_on: duty.since_on.map(|day| day.to_string()),
        grids,
        version: config.record_versions.get(&key).copied().unwrap_or(0),
    }
}
