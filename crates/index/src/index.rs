//! The index itself: columns, dictionaries, and the tables for what is rare.

use crate::column::{ABSENT, Columns, NEVER, NONE, NOTHING, NOWHERE, PAUSED, Row, flag};
use crate::dictionary::Dictionary;
use crate::filter::Query;
use crate::map::Stamps;
use crate::plan::Plan;
use crate::row;
use case::{Case, StageName};
use kernel::{CaseId, CaseNumber, CityCode, ClassKey, DepartmentId, GridCode, Light, PersonId, Timestamp};
use roaring::RoaringBitmap;
use std::collections::HashMap;

/// Serials of one city: fifty years of a million cases. A greater serial is a mistake, not a case.
pub const ROWS_MAX: u32 = 50_000_000;
/// Classes, departments and people of one city; one number means "none".
const SHORT_MAX: u32 = NONE as u32;

/// Why a case was not taken in. The index is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexProblem {
    #[error("case {case} belongs to {theirs}, this is the index of {ours}")]
    OtherCity { case: CaseId, theirs: CityCode, ours: CityCode },
    #[error("serial {serial} is beyond {ROWS_MAX}")]
    SerialTooGreat { serial: u32 },
    #[error("more than {SHORT_MAX} different {what} in one city")]
    TooMany { what: &'static str },
}

/// A department that helps with a case (协办) or handled it earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Other {
    pub department: u16,
    pub assisting: bool,
}

/// The cases of one city as columns.
#[derive(Debug)]
pub struct CaseIndex {
    pub(crate) city: CityCode,
    pub(crate) position: i64,
    /// Rows with a case.
    pub(crate) present: u32,
    pub(crate) columns: Columns,
    pub(crate) classes: Dictionary<ClassKey>,
    pub(crate) departments: Dictionary<DepartmentId>,
    pub(crate) people: Dictionary<PersonId>,
    pub(crate) grids: Dictionary<GridCode>,
    /// Few, since departments help and follow each other in the same ways.
    pub(crate) others: Dictionary<Box<[Other]>>,
    /// By serial, for rows with an open approval: see [`row::awaited_roles`].
    pub(crate) awaited: HashMap<u32, u16>,
    /// By parent.
    pub(crate) children: HashMap<CaseId, Vec<u32>>,
    /// Who handled or collected at any time, with the serials. Nobody is ever taken off a case.
    pub(crate) workers: HashMap<PersonId, RoaringBitmap>,
    /// Not part of a snapshot.
    pub(crate) stamps: Stamps,
}

/// A case on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoPoint<'a> {
    pub serial: u32,
    pub number: CaseNumber,
    pub lng: f64,
    pub lat: f64,
    pub stage: StageName,
    pub light: Option<Light>,
    pub urgent: bool,
    pub class: Option<&'a ClassKey>,
}

impl CaseIndex {
    #[must_use]
    pub fn new(city: CityCode) -> Self {
        Self {
            city,
            position: 0,
            present: 0,
            columns: Columns::default(),
            classes: Dictionary::default(),
            departments: Dictionary::default(),
            people: Dictionary::default(),
            grids: Dictionary::default(),
            others: Dictionary::default(),
            awaited: HashMap::new(),
            children: HashMap::new(),
            workers: HashMap::new(),
            stamps: Stamps::default(),
        }
    }

    #[must_use]
    pub const fn city(&self) -> CityCode {
        self.city
    }

    /// The greatest store position taken in; catching up goes on after it.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Cases in the index.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.present
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.present == 0
    }

    #[must_use]
    pub fn contains(&self, serial: u32) -> bool {
        self.columns.stage.get(serial as usize).is_some_and(|&stage| stage != ABSENT)
    }

    /// Makes room for serials below `rows` at once, before many are brought in.
    pub fn reserve(&mut self, rows: u32) {
        self.columns.reserve(rows.min(ROWS_MAX) as usize);
    }

    /// Takes in a case as it is after the change at `position` of the store. Changes may come in any order and
    /// more than once: a state with fewer facts than the one held is passed over.
    ///
    /// # Errors
    /// [`IndexProblem`]; the row is as it was.
    pub fn upsert(&mut self, serial: u32, position: i64, case: &Case) -> Result<(), IndexProblem> {
        if case.city != self.city {
            return Err(IndexProblem::OtherCity { case: case.id, theirs: case.city, ours: self.city });
        }
        if serial >= ROWS_MAX {
            return Err(IndexProblem::SerialTooGreat { serial });
        }
        let row = row::row(case);
        if self.columns.version.get(serial as usize).is_some_and(|&held| held > row.version) {
            self.position = self.position.max(position);
            return Ok(());
        }
        self.take_in(serial, case, row)?;
        self.position = self.position.max(position);
        Ok(())
    }

    fn take_in(&mut self, serial: u32, case: &Case, mut row: Row) -> Result<(), IndexProblem> {
        row.class = short(&mut self.classes, case.class.as_ref(), "classes")?;
        row.department = short(&mut self.departments, row::department(case).as_ref(), "departments")?;
        row.grid = match &case.report.place.grid {
            None => NOTHING,
            Some(grid) => self.grids.intern(grid, NOTHING).ok_or(IndexProblem::TooMany { what: "grids" })?,
        };
        row.reported_by = self.person(case.reported_by)?;
        row.intake = self.person(case.intake)?;
        row.claimed_by = self.person(case.claimed_by)?;
        row.handler = self.person(case.stage.handler())?;
        row.collector = self.person(case.stage.collector())?;
        row.others = self.others_of(case, row.department)?;
        self.put(serial, row, row::awaited_roles(case));
        for person in case.handled_by.iter().chain(&case.collected_by) {
            self.workers.entry(*person).or_default().insert(serial);
        }
        if let Some(parent) = case.parent {
            let children = self.children.entry(parent).or_default();
            if !children.contains(&serial) {
                children.push(serial);
            }
        }
        Ok(())
    }

    fn put(&mut self, serial: u32, row: Row, awaited: u16) {
        if !self.contains(serial) {
            self.present += 1;
            self.columns.grow_to(serial as usize + 1);
        }
        let at = serial as usize;
        let before = (self.columns.lng[at], self.columns.lat[at]);
        self.stamps.touch([Some(before), Some((row.lng, row.lat))]);
        self.columns.put(serial as usize, row);
        if awaited == 0 {
            self.awaited.remove(&serial);
        } else {
            self.awaited.insert(serial, awaited);
        }
    }

    fn person(&mut self, person: Option<PersonId>) -> Result<u16, IndexProblem> {
        short(&mut self.people, person.as_ref(), "people")
    }

    fn others_of(&mut self, case: &Case, main: u16) -> Result<u32, IndexProblem> {
        let assisting = case.stage.assignment().map_or(&[][..], |to| &to.assisting);
        let named =
            assisting.iter().map(|id| (id, true)).chain(case.departments.iter().map(|id| (id, false)));
        let mut others: Vec<Other> = Vec::new();
        for (id, assisting) in named {
            let department = short(&mut self.departments, Some(id), "departments")?;
            let known = others.iter().any(|other| other.department == department);
            if department != main && !known {
                others.push(Other { department, assisting });
            }
        }
        if others.is_empty() {
            return Ok(NOTHING);
        }
        others.sort_unstable_by_key(|other| other.department);
        let set = self.others.intern(&others.into_boxed_slice(), NOTHING);
        set.ok_or(IndexProblem::TooMany { what: "sets of departments" })
    }

    /// True when the case at `serial` is one the query would list.
    #[must_use]
    pub fn matches(&self, serial: u32, query: &Query<'_>) -> bool {
        self.contains(serial) && Plan::for_one(self, query).holds(self, serial)
    }

    /// How many cases there are.
    #[must_use]
    pub fn count(&self, query: &Query<'_>) -> u32 {
        let mut count = 0;
        Plan::for_all(self, query).each_block(self, false, |_, mask| {
            count += mask.iter().map(|word| word.count_ones()).sum::<u32>();
        });
        count
    }

    /// The newest `limit` cases that have a position, and how many there are in all.
    #[must_use]
    pub fn geo(&self, query: &Query<'_>, limit: usize) -> (Vec<GeoPoint<'_>>, u32) {
        let mut points = Vec::new();
        let mut total = 0;
        let columns = &self.columns;
        Plan::for_all(self, query).each_row(self, true, |at| {
            if columns.lng[at] == NOWHERE {
                return;
            }
            total += 1;
            if let Some(stage) = StageName::from_number(columns.stage[at])
                && let Ok(serial) = u32::try_from(at)
                && points.len() < limit
            {
                points.push(GeoPoint {
                    serial,
                    number: row::case_number(self.city, columns.number[at]),
                    lng: f64::from(columns.lng[at]) / 1e7,
                    lat: f64::from(columns.lat[at]) / 1e7,
                    stage,
                    light: light(columns.due_at[at], columns.warn_at[at], row::second(query.now)),
                    urgent: columns.flags[at] & flag::URGENT != 0,
                    class: self.classes.value(u32::from(columns.class[at])),
                });
            }
        });
        (points, total)
    }

    /// Light of the stage clock of a case; none when it has ended or has no clock.
    #[must_use]
    pub fn light(&self, serial: u32, now: Timestamp) -> Option<Light> {
        let at = serial as usize;
        let (due_at, warn_at) = (self.columns.due_at.get(at)?, self.columns.warn_at.get(at)?);
        light(*due_at, *warn_at, row::second(now))
    }

    /// When a case was reported, in whole seconds.
    #[must_use]
    pub fn reported_at(&self, serial: u32) -> Option<u32> {
        self.columns.reported_at.get(serial as usize).copied().filter(|_| self.contains(serial))
    }

    /// The latest report among the cases with a smaller serial, in whole seconds.
    #[must_use]
    pub fn newest_report_before(&self, serial: u32) -> Option<u32> {
        let end = (serial as usize).min(self.columns.rows());
        self.columns.reported_at[..end].iter().copied().filter(|at| *at != NEVER).max()
    }

    /// Bytes of the columns for each case.
    pub const BYTES_PER_ROW: usize = Columns::BYTES_PER_ROW;

    /// About the memory the whole index takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let children: usize = self.children.values().map(|list| list.capacity() * 4 + 16).sum();
        let workers: usize = self.workers.values().map(RoaringBitmap::serialized_size).sum();
        self.columns.bytes()
            + self.classes.bytes(8)
            + self.departments.bytes(0)
            + self.people.bytes(0)
            + self.grids.bytes(16)
            + self.others.bytes(16)
            + self.awaited.capacity() * (size_of::<(u32, u16)>() + 1)
            + self.children.capacity() * (size_of::<(CaseId, Vec<u32>)>() + 1)
            + children
            + self.workers.capacity() * (size_of::<(PersonId, RoaringBitmap)>() + 1)
            + workers
            + self.stamps.bytes()
    }
}

fn short<T: Clone + Eq + std::hash::Hash>(
    dictionary: &mut Dictionary<T>,
    value: Option<&T>,
    what: &'static str,
) -> Result<u16, IndexProblem> {
    let Some(value) = value else { return Ok(NONE) };
    let place = dictionary.intern(value, SHORT_MAX);
    place.and_then(|place| u16::try_from(place).ok()).ok_or(IndexProblem::TooMany { what })
}

/// The light as [`kernel::Clock::light`] has it at a whole second.
#[inline]
pub(crate) const fn light(due_at: u32, warn_at: u32, now: u32) -> Option<Light> {
    match warn_at {
        NEVER => None,
        PAUSED => Some(Light::Grey),
        _ if now > due_at => Some(Light::Red),
        _ if now >= warn_at => Some(Light::Yellow),
        _ => Some(Light::Green),
    }
}
