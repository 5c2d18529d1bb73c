//! A query made ready for the columns: a list of tests, the cheap ones first.

use crate::column::{ABSENT, NEVER, NONE, NOWHERE, flag, grades};
use crate::dictionary::{Dictionary, PlaceSet};
use crate::filter::{AppealStep, Bounds, Filter, Grant, Near, Period, Query, Visibility};
use crate::index::{CaseIndex, Other, light};
use crate::row;
use crate::scan::{keep, keep_rows, keep2};
use crate::serial_set::SerialSet;
use kernel::{Area, Cgcs2000, ClassKey, DepartmentId, Light, PersonId, Point};
use std::hash::Hash;

/// Rows looked at together, so that what one test leaves is still in the nearest cache for the next.
const BLOCK: usize = 4_096;

/// Columns that hold one byte with a few meanings.
#[derive(Debug, Clone, Copy)]
enum ByteColumn {
    Stage,
    Source,
    Grades,
}

/// Columns that hold a dictionary number.
#[derive(Debug, Clone, Copy)]
enum NameColumn {
    Class,
    Department,
    ReportedBy,
    Intake,
    ClaimedBy,
    Handler,
    Collector,
}

#[derive(Debug, Clone, Copy)]
enum TimeColumn {
    Reported,
    Filed,
    Ended,
    Updated,
    Due,
}

#[derive(Debug, Clone, Copy)]
enum CountColumn {
    Reworks,
    Returns,
    Extensions,
    Suspensions,
}

/// One thing that must hold.
#[derive(Debug)]
enum Test<'a> {
    Never,
    Within(&'a SerialSet),
    Serials(SerialSet),
    /// One of these worked on it: for a single case, where preparing a set would not pay.
    Worked(&'a [PersonId]),
    Byte(ByteColumn, Box<[bool; 256]>),
    Flags {
        mask: u32,
        value: u32,
    },
    AnyFlag(u32),
    Name(NameColumn, PlaceSet),
    /// Somebody is named there, or nobody is.
    Named(NameColumn, bool),
    Grids(PlaceSet),
    /// For a single case, where preparing all grids would not pay.
    Areas(&'a [Area]),
    Between(TimeColumn, u32, u32),
    AtLeast(CountColumn, u8),
    /// The due moment is over, or the flag says it was when the case ended.
    Late {
        total: bool,
        now: u32,
        want: bool,
    },
    Lights {
        now: u32,
        wanted: [bool; 4],
    },
    Located(bool),
    Bounds {
        west: i32,
        south: i32,
        east: i32,
        north: i32,
    },
    Near(Near),
    /// One of these departments has the case, or one of these sets of departments helps or had it.
    Involved {
        departments: PlaceSet,
        sets: PlaceSet,
    },
    /// The same for a single case.
    InvolvedHere {
        departments: PlaceSet,
        past: bool,
    },
    Awaited(u16),
    AnyOf(Vec<Vec<Test<'a>>>),
}

/// The tests of a query.
#[derive(Debug)]
pub struct Plan<'a>(Vec<Test<'a>>);

impl<'a> Plan<'a> {
    /// To go over all rows.
    pub fn for_all(index: &CaseIndex, query: &Query<'a>) -> Self {
        Self::new(index, query, true)
    }

    /// To look at one row.
    pub fn for_one(index: &CaseIndex, query: &Query<'a>) -> Self {
        Self::new(index, query, false)
    }

    fn new(index: &CaseIndex, query: &Query<'a>, all: bool) -> Self {
        let mut planner = Planner { index, now: row::second(query.now), all, tests: Vec::new() };
        if let Some(within) = query.within {
            planner.tests.push(Test::Within(within));
        }
        planner.filter(query.filter);
        planner.visibility(query.visibility);
        Self(planner.done())
    }

    /// Calls `visit` with the first row and the bits of each block in which something is left.
    pub fn each_block(&self, index: &CaseIndex, backwards: bool, mut visit: impl FnMut(usize, &[u64])) {
        let rows = index.columns.rows();
        let blocks = rows.div_ceil(BLOCK);
        let mut mask = [0_u64; BLOCK / 64];
        for turn in 0..blocks {
            let base = if backwards { blocks - 1 - turn } else { turn } * BLOCK;
            let here = (rows - base).min(BLOCK);
            let mask = &mut mask[..here.div_ceil(64)];
            mask.fill(u64::MAX);
            if let Some(last) = mask.last_mut()
                && !here.is_multiple_of(64)
            {
                *last = (1 << (here % 64)) - 1;
            }
            if index.present as usize != rows {
                keep(mask, &index.columns.stage[base..], |stage| stage != ABSENT);
            }
            if apply(&self.0, index, base, mask) {
                visit(base, mask);
            }
        }
    }

    /// Calls `visit` with each row that passes.
    pub fn each_row(&self, index: &CaseIndex, backwards: bool, mut visit: impl FnMut(usize)) {
        self.each_block(index, backwards, |base, mask| {
            let mut words = mask.iter().enumerate();
            while let Some((at, &word)) = if backwards { words.next_back() } else { words.next() } {
                let mut left = word;
                while left != 0 {
                    let bit = if backwards { 63 - left.leading_zeros() } else { left.trailing_zeros() };
                    visit(base + at * 64 + bit as usize);
                    left &= !(1 << bit);
                }
            }
        });
    }

    /// True when the row passes.
    pub fn holds(&self, index: &CaseIndex, serial: u32) -> bool {
        let base = serial as usize / 64 * 64;
        let mut mask = [1 << (serial % 64)];
        apply(&self.0, index, base, &mut mask)
    }
}

/// False when nothing is left.
fn apply(tests: &[Test<'_>], index: &CaseIndex, base: usize, mask: &mut [u64]) -> bool {
    for test in tests {
        test.apply(index, base, mask);
        if mask.iter().all(|&word| word == 0) {
            return false;
        }
    }
    true
}

impl Test<'_> {
    /// Order of use: first what is cheap and leaves little.
    const fn cost(&self) -> u8 {
        match self {
            Self::Never => 0,
            Self::Within(_) | Self::Serials(_) | Self::Worked(_) => 1,
            Self::Byte(..) => 2,
            Self::Named(..) | Self::Name(_, PlaceSet::One(_)) | Self::AtLeast(..) => 3,
            Self::Flags { .. } | Self::AnyFlag(_) | Self::Between(..) | Self::Grids(PlaceSet::One(_)) => 4,
            Self::Name(..) | Self::Located(_) | Self::Bounds { .. } => 5,
            Self::Grids(_) | Self::Involved { .. } | Self::Late { .. } | Self::Lights { .. } => 6,
            Self::Near(_) => 7,
            Self::Areas(_) | Self::Awaited(_) | Self::InvolvedHere { .. } => 8,
            Self::AnyOf(_) => 9,
        }
    }

    fn apply(&self, index: &CaseIndex, base: usize, mask: &mut [u64]) {
        let c = &index.columns;
        let end = (base + mask.len() * 64).min(c.rows());
        match self {
            Self::Never => mask.fill(0),
            Self::Within(serials) => keep_serials(mask, serials, base),
            Self::Serials(serials) => keep_serials(mask, serials, base),
            Self::Worked(people) => keep_rows(mask, |at| {
                let worked = |person: &PersonId| {
                    let serials = index.workers.get(person);
                    serials.is_some_and(|all| serial(base + at).is_some_and(|one| all.contains(one)))
                };
                people.iter().any(worked)
            }),
            Self::Byte(column, wanted) => {
                let cells = match column {
                    ByteColumn::Stage => &c.stage,
                    ByteColumn::Source => &c.source,
                    ByteColumn::Grades => &c.grades,
                };
                keep(mask, &cells[base..end], |cell| wanted[usize::from(cell)]);
            }
            Self::Flags { mask: bits, value } => {
                keep(mask, &c.flags[base..end], |flags| flags & bits == *value);
            }
            Self::AnyFlag(bits) => keep(mask, &c.flags[base..end], |flags| flags & bits != 0),
            Self::Name(column, set) => {
                let cells = &column.cells(index)[base..end];
                match set {
                    PlaceSet::One(one) => keep(mask, cells, |cell| u32::from(cell) == *one),
                    PlaceSet::Many(_) => keep(mask, cells, |cell| set.has(u32::from(cell))),
                }
            }
            Self::Named(column, want) => {
                keep(mask, &column.cells(index)[base..end], |cell| (cell != NONE) == *want);
            }
            Self::Grids(set) => match set {
                PlaceSet::One(one) => keep(mask, &c.grid[base..end], |cell| cell == *one),
                PlaceSet::Many(_) => keep(mask, &c.grid[base..end], |cell| set.has(cell)),
            },
            Self::Areas(areas) => keep(mask, &c.grid[base..end], |cell| {
                index.grids.value(cell).is_some_and(|grid| areas.iter().any(|area| grid.is_within(area)))
            }),
            Self::Between(column, from, to) => {
                let cells = match column {
                    TimeColumn::Reported => &c.reported_at,
                    TimeColumn::Filed => &c.filed_at,
                    TimeColumn::Ended => &c.ended_at,
                    TimeColumn::Updated => &c.updated_at,
                    TimeColumn::Due => &c.due_at,
                };
                keep(mask, &cells[base..end], |cell| (cell >= *from) & (cell < *to));
            }
            Self::AtLeast(column, least) => {
                let cells = match column {
                    CountColumn::Reworks => &c.reworks,
                    CountColumn::Returns => &c.returns,
                    CountColumn::Extensions => &c.extensions,
                    CountColumn::Suspensions => &c.suspensions,
                };
                keep(mask, &cells[base..end], |cell| cell >= *least);
            }
            Self::Late { total, now, want } => {
                let (due_at, bit) =
                    if *total { (&c.total_due_at, flag::TOTAL_LATE) } else { (&c.due_at, flag::STAGE_LATE) };
                keep2(mask, &due_at[base..end], &c.flags[base..end], |due_at, flags| {
                    ((*now > due_at) | (flags & bit != 0)) == *want
                });
            }
            Self::Lights { now, wanted } => {
                keep2(mask, &c.due_at[base..end], &c.warn_at[base..end], |due_at, warn_at| {
                    light(due_at, warn_at, *now).is_some_and(|light| wanted[light as usize])
                });
            }
            Self::Located(want) => keep(mask, &c.lng[base..end], |lng| (lng != NOWHERE) == *want),
            Self::Bounds { west, south, east, north } => {
                keep2(mask, &c.lng[base..end], &c.lat[base..end], |lng, lat| {
                    let across = west > east;
                    let inside =
                        ((lng >= *west) & (lng <= *east)) | (across & ((lng >= *west) | (lng <= *east)));
                    inside & (lng != NOWHERE) & (lat >= *south) & (lat <= *north)
                });
            }
            Self::Near(near) => keep2(mask, &c.lng[base..end], &c.lat[base..end], |lng, lat| {
                lng != NOWHERE
                    && Point::<Cgcs2000>::new(f64::from(lng) / 1e7, f64::from(lat) / 1e7)
                        .is_some_and(|point| point.metres_to(&near.centre) <= near.metres)
            }),
            Self::Involved { departments, sets } => {
                keep2(mask, &c.department[base..end], &c.others[base..end], |department, set| {
                    departments.has(u32::from(department)) | sets.has(set)
                });
            }
            Self::InvolvedHere { departments, past } => {
                keep2(mask, &c.department[base..end], &c.others[base..end], |department, set| {
                    departments.has(u32::from(department))
                        || index.others.value(set).is_some_and(|set| has_one(set, departments, *past))
                });
            }
            Self::Awaited(roles) => keep_rows(mask, |at| {
                c.flags[base + at] & flag::APPROVALS != 0
                    && serial(base + at)
                        .and_then(|serial| index.awaited.get(&serial))
                        .is_some_and(|awaited| awaited & roles != 0)
            }),
            Self::AnyOf(choices) => any_of(choices, index, base, mask),
        }
    }
}

fn has_one(set: &[Other], departments: &PlaceSet, past: bool) -> bool {
    set.iter().any(|other| (other.assisting || past) && departments.has(u32::from(other.department)))
}

fn serial(at: usize) -> Option<u32> {
    u32::try_from(at).ok()
}

fn keep_serials(mask: &mut [u64], serials: &SerialSet, base: usize) {
    for (at, word) in mask.iter_mut().enumerate() {
        *word &= serials.word(base / 64 + at);
    }
}

/// Each choice looks only at what no earlier one has taken.
fn any_of(choices: &[Vec<Test<'_>>], index: &CaseIndex, base: usize, mask: &mut [u64]) {
    let mut left = [0_u64; BLOCK / 64];
    let mut one = [0_u64; BLOCK / 64];
    let words = mask.len();
    let (left, one) = (&mut left[..words], &mut one[..words]);
    left.copy_from_slice(mask);
    for choice in choices {
        one.copy_from_slice(left);
        apply(choice, index, base, one);
        for (left, one) in left.iter_mut().zip(one.iter()) {
            *left &= !one;
        }
    }
    for (word, left) in mask.iter_mut().zip(left.iter()) {
        *word &= !left;
    }
}

impl NameColumn {
    fn cells(self, index: &CaseIndex) -> &[u16] {
        let c = &index.columns;
        match self {
            Self::Class => &c.class,
            Self::Department => &c.department,
            Self::ReportedBy => &c.reported_by,
            Self::Intake => &c.intake,
            Self::ClaimedBy => &c.claimed_by,
            Self::Handler => &c.handler,
            Self::Collector => &c.collector,
        }
    }
}

struct Planner<'i, 'a> {
    index: &'i CaseIndex,
    now: u32,
    all: bool,
    tests: Vec<Test<'a>>,
}

impl<'a> Planner<'_, 'a> {
    fn done(mut self) -> Vec<Test<'a>> {
        self.tests.sort_by_key(Test::cost);
        if self.tests.iter().any(|test| matches!(test, Test::Never)) {
            self.tests.truncate(1);
        }
        self.tests
    }

    fn part(&self, fill: impl FnOnce(&mut Self)) -> Vec<Test<'a>> {
        let mut part = Self { index: self.index, now: self.now, all: self.all, tests: Vec::new() };
        fill(&mut part);
        part.done()
    }

    fn visibility(&mut self, visibility: &'a Visibility) {
        let Visibility::Any(grants) = visibility else { return };
        let choices = grants.iter().map(|grant| self.part(|part| part.grant(grant))).collect();
        self.choice(choices);
    }

    fn choice(&mut self, mut choices: Vec<Vec<Test<'a>>>) {
        choices.retain(|choice| !matches!(choice.first(), Some(Test::Never)));
        if choices.iter().any(Vec::is_empty) {
            return;
        }
        match choices.len() {
            0 => self.tests.push(Test::Never),
            1 => self.tests.extend(choices.pop().into_iter().flatten()),
            _ => self.tests.push(Test::AnyOf(choices)),
        }
    }

    fn grant(&mut self, grant: &'a Grant) {
        self.areas(&grant.areas);
        self.classes(&grant.classes);
        if let Some(departments) = &grant.departments {
            self.departments(departments, grant.also_past);
        }
        self.bytes(ByteColumn::Stage, &grant.stages, |stage| move |cell| cell == stage.number());
        self.bytes(ByteColumn::Grades, &grant.levels, |level| {
            move |cell| cell & 3 == grades::level_bits(level)
        });
        self.people(NameColumn::Collector, grant.collector.as_slice());
        self.people(NameColumn::Handler, grant.handler.as_slice());
        self.people(NameColumn::ReportedBy, grant.reported_by.as_slice());
        self.people(NameColumn::Intake, grant.intake.as_slice());
        self.people(NameColumn::ClaimedBy, grant.claimed_by.as_slice());
        if let Some(person) = &grant.worker {
            self.workers(std::slice::from_ref(person));
        }
    }

    /// One of these worked on it.
    fn workers(&mut self, people: &'a [PersonId]) {
        if !self.all {
            self.tests.push(Test::Worked(people));
            return;
        }
        let lists = people.iter().filter_map(|person| self.index.workers.get(person));
        let serials: SerialSet = lists.flatten().collect();
        self.push_unless(serials.is_empty(), Test::Serials(serials));
    }

    fn departments(&mut self, departments: &[DepartmentId], past: bool) {
        let departments = places(&self.index.departments, departments);
        if departments.is_empty() {
            self.tests.push(Test::Never);
        } else if self.all {
            let sets = self.index.others.values().iter().zip(0..);
            let sets = sets.filter(|(set, _)| has_one(set, &departments, past)).map(|(_, place)| place);
            self.tests.push(Test::Involved { sets: PlaceSet::new(sets), departments });
        } else {
            self.tests.push(Test::InvolvedHere { departments, past });
        }
    }

    fn filter(&mut self, f: &'a Filter) {
        self.bytes(ByteColumn::Stage, &f.stages, |stage| move |cell| cell == stage.number());
        self.bytes(ByteColumn::Source, &f.sources, |source| move |cell| cell == row::source_place(source));
        self.bytes(ByteColumn::Grades, &f.levels, |level| move |cell| cell & 3 == grades::level_bits(level));
        self.bytes(ByteColumn::Grades, &f.audits, |audit| {
            move |cell| cell >> 2 & 3 == grades::audit_bits(audit)
        });
        self.bytes(ByteColumn::Grades, &f.urged, |level| {
            move |cell| grades::urging_rank(cell) == grades::urging_bits(level)
        });
        if let Some(ended) = f.ended {
            self.tests.push(byte(ByteColumn::Stage, |cell| (cell >= 90) == ended));
        }
        self.kinds_of_class(f);
        self.classes(&f.classes);
        self.areas(&f.areas);
        if f.undispatched {
            let wanted = f.departments.iter().filter_map(|id| self.index.departments.place(id));
            self.names(NameColumn::Department, PlaceSet::new(wanted.chain([u32::from(NONE)])));
        } else if !f.departments.is_empty() {
            self.names(NameColumn::Department, places(&self.index.departments, &f.departments));
        }
        self.people(NameColumn::Handler, &f.handlers);
        self.people(NameColumn::Collector, &f.collectors);
        self.people(NameColumn::Intake, &f.intakes);
        self.people(NameColumn::ClaimedBy, &f.claimed_by);
        self.people(NameColumn::ReportedBy, &f.reported_by);
        if !f.involving.is_empty() {
            let worked = self.part(|part| part.workers(&f.involving));
            let reported = self.part(|part| part.people(NameColumn::ReportedBy, &f.involving));
            self.choice(vec![worked, reported]);
        }
        for (column, wanted) in [
            (NameColumn::Handler, f.has_handler),
            (NameColumn::Intake, f.has_intake),
            (NameColumn::ClaimedBy, f.is_claimed),
        ] {
            self.tests.extend(wanted.map(|want| Test::Named(column, want)));
        }
        self.flags(f);
        if !f.lights.is_empty() {
            let mut wanted = [false; 4];
            f.lights.iter().for_each(|&light: &Light| wanted[light as usize] = true);
            self.tests.push(Test::Lights { now: self.now, wanted });
        }
        for (total, wanted) in [(false, f.overdue), (true, f.total_overdue)] {
            self.tests.extend(wanted.map(|want| Test::Late { total, now: self.now, want }));
        }
        for (column, least) in [
            (CountColumn::Reworks, f.reworks_min),
            (CountColumn::Returns, f.returns_min),
            (CountColumn::Extensions, f.extensions_min),
            (CountColumn::Suspensions, f.suspensions_min),
        ] {
            if least > 0 {
                self.tests.push(Test::AtLeast(column, least));
            }
        }
        for (column, period) in [
            (TimeColumn::Reported, f.reported),
            (TimeColumn::Filed, f.filed),
            (TimeColumn::Ended, f.closed),
            (TimeColumn::Updated, f.updated),
            (TimeColumn::Due, f.due),
        ] {
            if period != Period::default() {
                let to = period.to.map_or(NEVER, row::second);
                self.tests.push(Test::Between(column, period.from.map_or(0, row::second), to));
            }
        }
        self.place(f);
        if !f.parents.is_empty() {
            let children = f.parents.iter().filter_map(|parent| self.index.children.get(parent));
            let children: SerialSet = children.flatten().copied().collect();
            self.push_unless(children.is_empty(), Test::Serials(children));
        }
        if !f.any_of.is_empty() {
            let choices = f.any_of.iter().map(|choice| self.part(|part| part.filter(choice))).collect();
            self.choice(choices);
        }
    }

    fn flags(&mut self, f: &Filter) {
        let (mut mask, mut value) = (0, 0);
        for (bit, wanted) in [
            (flag::URGENT, f.urgent),
            (flag::MAJOR, f.major),
            (flag::URGING_UNANSWERED, f.urging_unanswered),
            (flag::PUBLIC, f.public),
            (flag::CALLED_BACK, f.called_back),
            (flag::HAS_DUPLICATES, f.has_duplicates),
            (flag::MERGED, f.merged),
            (flag::CHILD, f.is_child),
            (flag::PARENT, f.has_children),
            (flag::CHILDREN_OPEN, f.has_open_children),
            (flag::EXEMPTED, f.exempted),
            (flag::REOPENED, f.reopened),
            (flag::VERIFICATION_FAILED, f.verification_failed),
            (flag::SYNTHESISED, f.synthesised),
        ] {
            if let Some(want) = wanted {
                mask |= bit;
                value |= if want { bit } else { 0 };
            }
        }
        for (known, late, wanted) in [
            (flag::CLOSED_IN_TIME_KNOWN, flag::TOTAL_LATE, f.on_time),
            (flag::HANDLED, flag::HANDLED_LATE, f.handled_on_time),
        ] {
            if let Some(on_time) = wanted {
                mask |= known | late;
                value |= known | if on_time { 0 } else { late };
            }
        }
        if mask != 0 {
            self.tests.push(Test::Flags { mask, value });
        }
        if let Some(satisfied) = f.satisfied {
            let bit = if satisfied { flag::SATISFIED } else { flag::DISSATISFIED };
            self.tests.push(Test::AnyFlag(bit));
        }
        if !f.approvals.is_empty() {
            let bits = f.approvals.iter().fold(0, |bits, &kind| bits | row::approval_bit(kind));
            self.tests.push(Test::AnyFlag(bits));
        }
        if !f.approvals_of.is_empty() {
            let roles = f.approvals_of.iter().fold(0, |bits, &role| bits | row::role_bit(role));
            self.tests.push(Test::Awaited(roles));
        }
        if !f.appeals.is_empty() {
            let bits = f.appeals.iter().fold(0, |bits, step| {
                bits | match step {
                    AppealStep::Dispatcher => flag::APPEAL_AT_DISPATCHER,
                    AppealStep::Intake => flag::APPEAL_AT_INTAKE,
                }
            });
            self.tests.push(Test::AnyFlag(bits));
        }
    }

    fn place(&mut self, f: &Filter) {
        if let Some(located) = f.located {
            self.tests.push(Test::Located(located));
        }
        if let Some(Bounds { west, south, east, north }) = f.bounds {
            let [west, south, east, north] = [west, south, east, north].map(row::fixed);
            self.tests.push(Test::Bounds { west, south, east, north });
        }
        if let Some(near) = f.near {
            let degrees = near.metres.max(0.0) / 111_000.0;
            let (lng, lat) = (near.centre.lng(), near.centre.lat());
            let widest = (lat.abs() + degrees).min(89.0).to_radians().cos();
            let (wide, high) = (degrees / widest + 1e-6, degrees + 1e-6);
            if lat.abs() + high < 89.0 && lng.abs() + wide < 180.0 {
                let [west, south, east, north] =
                    [lng - wide, lat - high, lng + wide, lat + high].map(row::fixed);
                self.tests.push(Test::Bounds { west, south, east, north });
            }
            self.tests.push(Test::Near(near));
        }
    }

    /// Kind, edition and major class are properties of the class: one set of classes for all three.
    fn kinds_of_class(&mut self, f: &Filter) {
        if f.kinds.is_empty() && f.editions.is_empty() && f.majors.is_empty() {
            return;
        }
        let wanted = |class: &ClassKey| {
            (f.kinds.is_empty() || f.kinds.contains(&class.kind))
                && (f.editions.is_empty() || f.editions.contains(&class.edition))
                && (f.majors.is_empty() || f.majors.iter().any(|major| major.covers(class)))
        };
        let classes = self.index.classes.values().iter().zip(0..);
        let set = PlaceSet::new(classes.filter(|(class, _)| wanted(class)).map(|(_, place)| place));
        self.names(NameColumn::Class, set);
    }

    fn classes(&mut self, classes: &[ClassKey]) {
        if !classes.is_empty() {
            self.names(NameColumn::Class, places(&self.index.classes, classes));
        }
    }

    fn people(&mut self, column: NameColumn, people: &[PersonId]) {
        if !people.is_empty() {
            self.names(column, places(&self.index.people, people));
        }
    }

    fn names(&mut self, column: NameColumn, set: PlaceSet) {
        self.push_unless(set.is_empty(), Test::Name(column, set));
    }

    fn areas(&mut self, areas: &'a [Area]) {
        if areas.is_empty() {
            return;
        }
        if !self.all {
            self.tests.push(Test::Areas(areas));
            return;
        }
        let grids = self.index.grids.values().iter().zip(0..);
        let inside = grids.filter(|(grid, _)| areas.iter().any(|area| grid.is_within(area)));
        let set = PlaceSet::new(inside.map(|(_, place)| place));
        self.push_unless(set.is_empty(), Test::Grids(set));
    }

    /// A byte that one of the tests made of `wanted` takes.
    fn bytes<T: Copy, F: Fn(u8) -> bool>(&mut self, column: ByteColumn, wanted: &[T], test: impl Fn(T) -> F) {
        if !wanted.is_empty() {
            let tests: Vec<F> = wanted.iter().map(|&value| test(value)).collect();
            self.tests.push(byte(column, |cell| tests.iter().any(|test| test(cell))));
        }
    }

    fn push_unless(&mut self, nothing: bool, test: Test<'a>) {
        self.tests.push(if nothing { Test::Never } else { test });
    }
}

fn byte<'a>(column: ByteColumn, wanted: impl Fn(u8) -> bool) -> Test<'a> {
    let mut table = Box::new([false; 256]);
    for (cell, slot) in (0..=u8::MAX).zip(table.iter_mut()) {
        *slot = wanted(cell);
    }
    Test::Byte(column, table)
}

fn places<T: Clone + Eq + Hash>(dictionary: &Dictionary<T>, values: &[T]) -> PlaceSet {
    PlaceSet::new(values.iter().filter_map(|value| dictionary.place(value)))
}
