//! Counts by group.

use crate::column::NEVER;
use crate::filter::{MajorClass, Query};
use crate::index::{CaseIndex, light};
use crate::plan::Plan;
use crate::row;
use case::{Level, Source, StageName};
use kernel::{Calendar, ClassKey, DepartmentId, GridCode, Light, PersonId, Timestamp};
use std::collections::BTreeMap;

/// How much of an area code groups cases. Source: [`GridCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AreaLevel {
    County,
    Street,
    Community,
    Grid,
}

impl AreaLevel {
    const fn digits(self) -> usize {
        match self {
            Self::County => 6,
            Self::Street => 9,
            Self::Community => 12,
            Self::Grid => 15,
        }
    }
}

/// Which moment of a case is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeOf {
    Reported,
    Filed,
    Closed,
    Updated,
    /// Of the open stage clock.
    Due,
}

#[derive(Debug, Clone, Copy)]
pub enum GroupBy<'a> {
    Stage,
    Light,
    Department,
    Class,
    Major,
    Source,
    Level,
    Area(AreaLevel),
    Handler,
    Collector,
    Intake,
    /// Local days of the calendar's zone.
    Day(TimeOf, &'a Calendar),
}

/// What the cases of a group have in common; `None` for those that have no such thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKey {
    Stage(StageName),
    Light(Option<Light>),
    Department(Option<DepartmentId>),
    Class(Option<ClassKey>),
    Major(Option<MajorClass>),
    Source(Source),
    Level(Level),
    /// A case placed less exactly than asked is counted under the code it has.
    Area(Option<GridCode>),
    Person(Option<PersonId>),
    /// yyyymmdd
    Day(Option<u32>),
}

/// Seconds in which the local day does not change: zones differ by quarters of an hour.
const QUARTER: u32 = 900;

impl CaseIndex {
    /// How many cases there are of each kind, in the order of the keys. Groups without a case are left out.
    #[must_use]
    pub fn group_count(&self, query: &Query<'_>, by: GroupBy<'_>) -> Vec<(GroupKey, u32)> {
        let c = &self.columns;
        let plan = Plan::for_all(self, query);
        match by {
            GroupBy::Stage => {
                let tally = self.tally(&plan, 256, |at| usize::from(c.stage[at]));
                let stage = |at: usize| u8::try_from(at).ok().and_then(StageName::from_number);
                grouped(tally, |at| stage(at).map(GroupKey::Stage))
            }
            GroupBy::Light => {
                let now = row::second(query.now);
                let slot = |light: Option<Light>| light.map_or(Light::ALL.len(), |light| light as usize);
                let tally = self.tally(&plan, 5, |at| slot(light(c.due_at[at], c.warn_at[at], now)));
                grouped(tally, |at| Some(GroupKey::Light(Light::ALL.get(at).copied())))
            }
            GroupBy::Source => {
                let tally = self.tally(&plan, 256, |at| usize::from(c.source[at]));
                grouped(tally, |at| Source::ALL.get(at).copied().map(GroupKey::Source))
            }
            GroupBy::Level => {
                let tally = self.tally(&plan, 4, |at| usize::from(c.grades[at] & 3));
                let levels = [Level::City, Level::District, Level::Street];
                grouped(tally, |at| levels.get(at).copied().map(GroupKey::Level))
            }
            GroupBy::Department => self.by_name(&plan, &c.department, self.departments.values(), |id| {
                GroupKey::Department(id.copied())
            }),
            GroupBy::Class => {
                self.by_name(&plan, &c.class, self.classes.values(), |key| GroupKey::Class(key.cloned()))
            }
            GroupBy::Major => self.by_name(&plan, &c.class, self.classes.values(), |key| {
                GroupKey::Major(key.and_then(MajorClass::of_class))
            }),
            GroupBy::Handler => self.by_person(&plan, &c.handler),
            GroupBy::Collector => self.by_person(&plan, &c.collector),
            GroupBy::Intake => self.by_person(&plan, &c.intake),
            GroupBy::Area(level) => {
                let grids = self.grids.values();
                let tally = self.tally(&plan, grids.len() + 1, |at| (c.grid[at] as usize).min(grids.len()));
                let area = |grid: &GridCode| {
                    let text = grid.as_str();
                    text.get(..level.digits()).unwrap_or(text).parse().ok()
                };
                grouped(tally, |at| Some(GroupKey::Area(grids.get(at).and_then(area))))
            }
            GroupBy::Day(of, calendar) => {
                let cells = match of {
                    TimeOf::Reported => &c.reported_at,
                    TimeOf::Filed => &c.filed_at,
                    TimeOf::Closed => &c.ended_at,
                    TimeOf::Updated => &c.updated_at,
                    TimeOf::Due => &c.due_at,
                };
                self.by_day(&plan, cells, calendar)
            }
        }
    }

    fn by_name<T>(
        &self,
        plan: &Plan<'_>,
        column: &[u16],
        names: &[T],
        key: impl Fn(Option<&T>) -> GroupKey,
    ) -> Vec<(GroupKey, u32)> {
        let tally = self.tally(plan, names.len() + 1, |at| usize::from(column[at]).min(names.len()));
        grouped(tally, |at| Some(key(names.get(at))))
    }

    fn by_person(&self, plan: &Plan<'_>, column: &[u16]) -> Vec<(GroupKey, u32)> {
        self.by_name(plan, column, self.people.values(), |person| GroupKey::Person(person.copied()))
    }

    fn by_day(&self, plan: &Plan<'_>, column: &[u32], calendar: &Calendar) -> Vec<(GroupKey, u32)> {
        let never = (NEVER / QUARTER) as usize + 1;
        let slot = |second: u32| if second == NEVER { never } else { (second / QUARTER) as usize };
        // Only as many slots as the column spans: a few years of quarters of an hour.
        let known = column.iter().copied().filter(|&second| second != NEVER);
        let (first, last) =
            known.fold((NEVER, 0), |(first, last), second| (first.min(second), last.max(second)));
        let base = slot(first.min(last));
        let none = slot(last) + 1 - base;
        let tally = self
            .tally(plan, none + 1, |at| slot(column[at]).checked_sub(base).map_or(none, |at| at.min(none)));
        grouped(tally, |at| {
            let begin = i64::try_from(base + at).ok()? * i64::from(QUARTER) * 1_000;
            Some(GroupKey::Day((at < none).then(|| calendar.yyyymmdd(Timestamp(begin)))))
        })
    }

    fn tally(&self, plan: &Plan<'_>, slots: usize, slot: impl Fn(usize) -> usize) -> Vec<u32> {
        let mut counts = vec![0; slots];
        plan.each_row(self, false, |at| counts[slot(at)] += 1);
        counts
    }
}

/// Slots of the same key are one group.
fn grouped(tally: Vec<u32>, key: impl Fn(usize) -> Option<GroupKey>) -> Vec<(GroupKey, u32)> {
    let mut groups = BTreeMap::new();
    for (at, count) in tally.into_iter().enumerate().filter(|&(_, count)| count > 0) {
        if let Some(key) = key(at) {
            *groups.entry(key).or_insert(0) += count;
        }
    }
    groups.into_iter().collect()
}
