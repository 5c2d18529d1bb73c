//! The index says what a slow reading of the cases themselves says.

#![allow(clippy::unwrap_used)]

mod common;

use case::case::Audit;
use case::stage::VerifyOutcome;
use case::{ApprovalKind, ApprovalState, Case, Level, Source, Stage, StageName, UrgingLevel};
use common::*;
use kernel::{
    Calendar, CaseId, Clock, ClockKind, Edition, GridCode, Kind, Light, PersonId, Point, Role, Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use yiwang_index::{
    AppealStep, AreaLevel, Bounds, CaseIndex, Cursor, Filter, Grant, GroupBy, GroupKey, MajorClass, Near,
    Period, Query, SerialSet, Sort, SortBy, TimeOf, Visibility,
};

// ---- the slow reading ----

struct Reader {
    now: Timestamp,
    calendar: Calendar,
}

fn whole(at: Timestamp) -> i64 {
    at.0 / 1_000
}

fn inside(period: Period, at: Option<Timestamp>) -> bool {
    match (period.from, period.to) {
        (None, None) => true,
        (from, to) => at.is_some_and(|at| {
            from.is_none_or(|from| whole(at) >= whole(from)) && to.is_none_or(|to| whole(at) < whole(to))
        }),
    }
}

fn one_of<T: PartialEq>(wanted: &[T], value: Option<&T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
}

fn same(wanted: Option<bool>, value: bool) -> bool {
    wanted.is_none_or(|wanted| wanted == value)
}

fn responsible(case: &Case) -> Option<kernel::DepartmentId> {
    match case.stage.assignment() {
        Some(to) => Some(to.department),
        None if case.stage.name().is_end() => case.departments.last().copied(),
        None => None,
    }
}

fn worked(case: &Case, person: PersonId) -> bool {
    case.handled_by.contains(&person) || case.collected_by.contains(&person)
}

fn satisfied(case: &Case) -> Option<bool> {
    match (&case.rating, &case.callback) {
        (Some(rating), _) => Some(rating.stars > 2),
        (None, callback) => callback.as_ref().and_then(|callback| callback.satisfied),
    }
}

fn highest_urging(case: &Case) -> Option<UrgingLevel> {
    case.urgings.iter().filter_map(|urging| urging.level).max()
}

impl Reader {
    fn ended(&self, case: &Case) -> bool {
        case.stage.name() as u8 >= 90
    }

    fn stage_clock<'c>(&self, case: &'c Case) -> Option<&'c Clock> {
        let open =
            |word: &str| case.clocks.iter().rev().find(|c| c.ended_at.is_none() && c.kind.as_str() == word);
        let failed = matches!(case.stage, Stage::Verified { outcome: VerifyOutcome::Failed, .. });
        match case.stage.name().number() {
            10 | 12 => open("accept"),
            11 => open("confirm"),
            13 => open("audit_self_handled"),
            20 => open("file"),
            30 => open("dispatch"),
            40 => open("sign").or(open("handle")),
            41 | 42 => open("handle"),
            50 => open("review"),
            60 => open("send_verification"),
            61 => open("verify"),
            62 if failed => open("send_verification"),
            62 => open("close"),
            _ => None,
        }
    }

    fn light(&self, case: &Case) -> Option<Light> {
        let now = Timestamp(whole(self.now) * 1_000);
        self.stage_clock(case).map(|clock| clock.light(now, &self.calendar))
    }

    fn overdue(&self, case: &Case) -> bool {
        let now = Timestamp(whole(self.now) * 1_000);
        if self.ended(case) {
            return case
                .clocks
                .iter()
                .any(|clock| clock.kind != ClockKind::Total && clock.is_overdue_at(now));
        }
        self.stage_clock(case).is_some_and(|clock| clock.is_overdue_at(now))
    }

    fn total_overdue(&self, case: &Case) -> bool {
        let now = Timestamp(whole(self.now) * 1_000);
        let total = case.clocks.iter().rev().find(|clock| clock.kind == ClockKind::Total);
        if self.ended(case) {
            return total.is_some_and(|total| total.is_overdue_at(now));
        }
        total.is_some_and(|total| total.ended_at.is_none() && total.is_overdue_at(now))
    }

    fn on_time(&self, case: &Case) -> Option<bool> {
        let closed = matches!(
            case.stage,
            Stage::Closed { .. } | Stage::ClosedSelfHandled { .. } | Stage::ForceClosed { .. }
        );
        let has_total = case.clocks.iter().any(|clock| clock.kind == ClockKind::Total);
        (closed && has_total).then(|| !self.total_overdue(case))
    }

    fn handled_on_time(&self, case: &Case) -> Option<bool> {
        let clock = case.clocks.iter().rfind(|clock| clock.kind == ClockKind::Handle)?;
        clock.ended_at?;
        Some(!clock.is_overdue_at(self.now))
    }

    fn passes(&self, case: &Case, f: &Filter) -> bool {
        let class = case.class.as_ref();
        let open: Vec<_> = case.approvals.iter().filter(|approval| approval.is_open()).collect();
        let awaited: Vec<Role> = open
            .iter()
            .filter_map(|approval| match approval.state {
                ApprovalState::Open { passed } => approval.chain.get(passed as usize),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        let appeal = case.appeal.as_ref().and_then(|appeal| match (appeal.dispatcher, appeal.intake) {
            (_, Some(_)) | (Some(false), None) => None,
            (None, None) => Some(AppealStep::Dispatcher),
            (Some(true), None) => Some(AppealStep::Intake),
        });
        let point = case.report.place.point;
        let in_bounds = |b: &Bounds| {
            point.is_some_and(|p| {
                let lng = if b.west <= b.east {
                    b.west <= p.lng() && p.lng() <= b.east
                } else {
                    b.west <= p.lng() || p.lng() <= b.east
                };
                lng && b.south <= p.lat() && p.lat() <= b.north
            })
        };
        let parts = [
            one_of(&f.stages, Some(&case.stage.name())),
            one_of(&f.sources, Some(&case.report.source)),
            one_of(&f.kinds, class.map(|class| &class.kind)),
            one_of(&f.editions, class.map(|class| &class.edition)),
            f.majors.is_empty()
                || class.is_some_and(|class| {
                    f.majors.iter().any(|major| {
                        let text = class.to_string();
                        let (head, code) = text.rsplit_once('-').unwrap();
                        let want = major.to_string();
                        want == code[..2] || want == format!("{head}-{}", &code[..2])
                    })
                }),
            one_of(&f.classes, class),
            f.areas.is_empty()
                || case
                    .report
                    .place
                    .grid
                    .as_ref()
                    .is_some_and(|grid| f.areas.iter().any(|area| grid.as_str().starts_with(area.as_str()))),
            match responsible(case) {
                Some(id) => (f.departments.is_empty() && !f.undispatched) || f.departments.contains(&id),
                None => f.departments.is_empty() || f.undispatched,
            },
            one_of(&f.handlers, case.stage.handler().as_ref()),
            one_of(&f.collectors, case.stage.collector().as_ref()),
            one_of(&f.intakes, case.intake.as_ref()),
            one_of(&f.claimed_by, case.claimed_by.as_ref()),
            one_of(&f.reported_by, case.reported_by.as_ref()),
            f.involving.is_empty()
                || f.involving.iter().any(|one| worked(case, *one) || case.reported_by == Some(*one)),
            same(f.has_handler, case.stage.handler().is_some()),
            same(f.has_intake, case.intake.is_some()),
            same(f.is_claimed, case.claimed_by.is_some()),
            one_of(&f.levels, Some(&case.level)),
            f.lights.is_empty() || self.light(case).is_some_and(|light| f.lights.contains(&light)),
            same(f.overdue, self.overdue(case)),
            same(f.total_overdue, self.total_overdue(case)),
            f.on_time.is_none() || f.on_time == self.on_time(case),
            f.handled_on_time.is_none() || f.handled_on_time == self.handled_on_time(case),
            same(f.urgent, case.urgent),
            same(f.major, case.major),
            one_of(&f.urged, highest_urging(case).as_ref()),
            same(f.urging_unanswered, case.urgings.iter().any(|u| u.reply_needed && u.answered_at.is_none())),
            case.reworks >= u16::from(f.reworks_min),
            case.returns >= u16::from(f.returns_min),
            case.extensions >= u16::from(f.extensions_min),
            case.suspensions >= u16::from(f.suspensions_min),
            f.approvals.is_empty() || open.iter().any(|approval| f.approvals.contains(&approval.kind)),
            f.approvals_of.is_empty() || awaited.iter().any(|role| f.approvals_of.contains(role)),
            same(f.public, case.report.source.is_public()),
            same(f.called_back, case.callback.is_some()),
            f.satisfied.is_none() || f.satisfied == satisfied(case),
            same(f.has_duplicates, !case.duplicates.is_empty()),
            same(f.merged, matches!(case.stage, Stage::Withdrawn { merged_into: Some(_), .. })),
            one_of(&f.parents, case.parent.as_ref()),
            same(f.is_child, case.parent.is_some()),
            same(f.has_children, !case.children.is_empty()),
            same(f.has_open_children, case.children.iter().any(|child| child.ended.is_none())),
            one_of(&f.audits, Some(&case.audit)),
            one_of(&f.appeals, appeal.as_ref()),
            same(f.exempted, case.exempted),
            same(f.reopened, case.reopened > 0),
            same(
                f.verification_failed,
                matches!(case.stage, Stage::Verified { outcome: VerifyOutcome::Failed, .. }),
            ),
            same(f.synthesised, case.synthesised),
            same(f.located, point.is_some()),
            same(f.ended, self.ended(case)),
            inside(f.reported, Some(case.reported_at)),
            inside(f.filed, case.filed_at),
            inside(f.closed, case.ended_at),
            inside(f.updated, Some(case.updated_at)),
            inside(f.due, self.stage_clock(case).and_then(Clock::due_at)),
            f.bounds.as_ref().is_none_or(in_bounds),
            f.near.is_none_or(|near| point.is_some_and(|p| p.metres_to(&near.centre) <= near.metres)),
            f.any_of.is_empty() || f.any_of.iter().any(|choice| self.passes(case, choice)),
        ];
        parts.iter().all(|&part| part)
    }

    fn granted(&self, case: &Case, g: &Grant) -> bool {
        let scope = kernel::Scope { areas: g.areas.clone(), classes: g.classes.clone() };
        let departments = g.departments.as_ref().is_none_or(|wanted| {
            let assisting = case.stage.assignment().map_or(&[][..], |to| &to.assisting);
            let past = if g.also_past { &case.departments[..] } else { &[] };
            responsible(case).iter().chain(assisting).chain(past).any(|id| wanted.contains(id))
        });
        let person = |wanted: Option<PersonId>, is: Option<PersonId>| wanted.is_none() || wanted == is;
        scope.covers(case.report.place.grid.as_ref(), case.class.as_ref())
            && departments
            && one_of(&g.stages, Some(&case.stage.name()))
            && one_of(&g.levels, Some(&case.level))
            && person(g.collector, case.stage.collector())
            && person(g.handler, case.stage.handler())
            && person(g.reported_by, case.reported_by)
            && person(g.intake, case.intake)
            && person(g.claimed_by, case.claimed_by)
            && g.worker.is_none_or(|one| worked(case, one))
    }

    fn sees(&self, case: &Case, visibility: &Visibility) -> bool {
        match visibility {
            Visibility::All => true,
            Visibility::Any(grants) => grants.iter().any(|grant| self.granted(case, grant)),
        }
    }

    fn list(&self, cases: &BTreeMap<u32, Case>, query: &Query<'_>) -> Vec<u32> {
        let listed = cases.iter().filter(|(serial, case)| {
            query.within.is_none_or(|within| within.contains(**serial))
                && self.sees(case, query.visibility)
                && self.passes(case, query.filter)
        });
        listed.map(|(&serial, _)| serial).collect()
    }

    /// A text or number that sorts like the case; none comes last.
    fn key(&self, case: &Case, by: SortBy) -> Option<String> {
        let time = |at: Option<Timestamp>| at.map(|at| format!("{:020}", whole(at)));
        match by {
            SortBy::Due => time(self.stage_clock(case).and_then(Clock::due_at)),
            SortBy::Reported => time(Some(case.reported_at)),
            SortBy::Filed => time(case.filed_at),
            SortBy::Closed => time(case.ended_at),
            SortBy::Updated => time(Some(case.updated_at)),
            SortBy::Number => {
                Some(format!("{}{:0>8}", &case.number.as_str()[6..14], &case.number.as_str()[14..]))
            }
            SortBy::Class => case.class.as_ref().map(ToString::to_string),
            SortBy::Department => responsible(case).map(|id| format!("{:010}", id.0)),
            SortBy::Street => {
                case.report.place.grid.as_ref().map(|grid| grid.as_str().chars().take(9).collect())
            }
            SortBy::Rework => Some(format!("{:05}", case.reworks)),
            SortBy::Urged => {
                let rank = highest_urging(case).map_or(0, |level| level as u8 + 1);
                Some(format!("{rank}-{:05}", case.urgings.len()))
            }
        }
    }

    fn sorted(&self, cases: &BTreeMap<u32, Case>, mut serials: Vec<u32>, sort: Sort) -> Vec<u32> {
        serials.sort_by_key(|serial| *serial);
        if sort.descending {
            serials.reverse();
        }
        serials.sort_by(|a, b| match (self.key(&cases[a], sort.by), self.key(&cases[b], sort.by)) {
            (Some(a), Some(b)) if sort.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        serials
    }

    fn group(&self, case: &Case, by: GroupBy<'_>) -> GroupKey {
        match by {
            GroupBy::Stage => GroupKey::Stage(case.stage.name()),
            GroupBy::Light => GroupKey::Light(self.light(case)),
            GroupBy::Department => GroupKey::Department(responsible(case)),
            GroupBy::Class => GroupKey::Class(case.class.clone()),
            GroupBy::Major => GroupKey::Major(case.class.as_ref().map(|class| {
                format!("{}-{}-{}", class.edition.as_str(), class.kind.as_str(), class.major())
                    .parse()
                    .unwrap()
            })),
            GroupBy::Source => GroupKey::Source(case.report.source),
            GroupBy::Level => GroupKey::Level(case.level),
            GroupBy::Area(level) => {
                let digits = match level {
                    AreaLevel::County => 6,
                    AreaLevel::Street => 9,
                    AreaLevel::Community => 12,
                    AreaLevel::Grid => 15,
                };
                let cut = |grid: &GridCode| grid.as_str().chars().take(digits).collect::<String>();
                GroupKey::Area(case.report.place.grid.as_ref().map(|grid| cut(grid).parse().unwrap()))
            }
            GroupBy::Handler => GroupKey::Person(case.stage.handler()),
            GroupBy::Collector => GroupKey::Person(case.stage.collector()),
            GroupBy::Intake => GroupKey::Person(case.intake),
            GroupBy::Day(of, calendar) => {
                let at = match of {
                    TimeOf::Reported => Some(case.reported_at),
                    TimeOf::Filed => case.filed_at,
                    TimeOf::Closed => case.ended_at,
                    TimeOf::Updated => Some(case.updated_at),
                    TimeOf::Due => self.stage_clock(case).and_then(Clock::due_at),
                };
                // The last day the columns can hold stands for all later ones.
                let held = Timestamp((i64::from(u32::MAX) - 1) * 1_000);
                GroupKey::Day(at.map(|at| calendar.yyyymmdd(at.min(held))))
            }
        }
    }
}

// ---- random questions ----

fn some<T>(dice: &mut Dice, percent: u64, one: impl Fn(&mut Dice) -> T) -> Vec<T> {
    if !dice.percent(percent) {
        return Vec::new();
    }
    (0..=dice.below(3)).map(|_| one(dice)).collect()
}

fn area(dice: &mut Dice) -> GridCode {
    let grid = grid(dice);
    let digits = dice.one(&[6, 9, 12, 15]).min(grid.as_str().len());
    grid.as_str()[..digits].parse().unwrap()
}

fn period(dice: &mut Dice, percent: u64) -> Period {
    if !dice.percent(percent) {
        return Period::default();
    }
    let (from, to) =
        (dice.moment(BEGIN - DAY, BEGIN + 30 * DAY), dice.moment(BEGIN + 5 * DAY, BEGIN + 60 * DAY));
    match dice.below(3) {
        0 => Period { from: Some(from), to: None },
        1 => Period { from: None, to: Some(to) },
        _ => Period { from: Some(from), to: Some(to) },
    }
}

fn degrees(dice: &mut Dice, from_thousandths: u32) -> f64 {
    f64::from(from_thousandths + dice.small(100)) / 1e3
}

/// Each thing is asked with a chance of `p` percent, so that some filters are empty and some are long.
fn filter(dice: &mut Dice, p: u64, depth: u32, known: &[CaseId]) -> Filter {
    let flag = |dice: &mut Dice| maybe(dice, p, |dice| dice.percent(50));
    let least = |dice: &mut Dice| if dice.percent(p) { dice.small(3) as u8 } else { 0 };
    let majors = ["01", "02", "03", "2013-event-01", "2026-component-02", "2026-event-03", "09"];
    Filter {
        stages: some(dice, p, |dice| dice.one(&StageName::ALL)),
        sources: some(dice, p, |dice| dice.one(&Source::ALL)),
        kinds: some(dice, p, |dice| dice.one(&[Kind::Component, Kind::Event])),
        editions: some(dice, p, |dice| dice.one(&[Edition::E2013, Edition::E2026])),
        majors: some(dice, p, |dice| dice.one(&majors).parse::<MajorClass>().unwrap()),
        classes: some(dice, p, class),
        areas: some(dice, p, area),
        departments: some(dice, p, department),
        undispatched: dice.percent(p),
        handlers: some(dice, p, person),
        collectors: some(dice, p, person),
        intakes: some(dice, p, person),
        claimed_by: some(dice, p, person),
        reported_by: some(dice, p, person),
        involving: some(dice, p, person),
        has_handler: flag(dice),
        has_intake: flag(dice),
        is_claimed: flag(dice),
        levels: some(dice, p, |dice| dice.one(&[Level::City, Level::District, Level::Street])),
        lights: some(dice, p, |dice| dice.one(&Light::ALL)),
        overdue: flag(dice),
        total_overdue: flag(dice),
        on_time: flag(dice),
        handled_on_time: flag(dice),
        urgent: flag(dice),
        major: flag(dice),
        urged: some(dice, p, |dice| {
            dice.one(&[UrgingLevel::Remind, UrgingLevel::Urge, UrgingLevel::UrgeListed])
        }),
        urging_unanswered: flag(dice),
        reworks_min: least(dice),
        returns_min: least(dice),
        extensions_min: least(dice),
        suspensions_min: least(dice),
        approvals: some(dice, p, |dice| dice.one(&ApprovalKind::ALL)),
        approvals_of: some(dice, p, |dice| dice.one(&Role::ALL)),
        public: flag(dice),
        called_back: flag(dice),
        satisfied: flag(dice),
        has_duplicates: flag(dice),
        merged: flag(dice),
        parents: some(dice, p, |dice| dice.one(known)),
        is_child: flag(dice),
        has_children: flag(dice),
        has_open_children: flag(dice),
        audits: some(dice, p, |dice| dice.one(&[Audit::NotDue, Audit::Due, Audit::Passed, Audit::Refused])),
        appeals: some(dice, p, |dice| dice.one(&[AppealStep::Dispatcher, AppealStep::Intake])),
        exempted: flag(dice),
        reopened: flag(dice),
        verification_failed: flag(dice),
        synthesised: flag(dice),
        located: flag(dice),
        ended: flag(dice),
        reported: period(dice, p),
        filed: period(dice, p),
        closed: period(dice, p),
        updated: period(dice, p),
        due: period(dice, p),
        bounds: maybe(dice, p, |dice| {
            let (south, north) = (degrees(dice, 36_700), degrees(dice, 36_750));
            Bounds { west: degrees(dice, 119_000), south, east: degrees(dice, 119_030), north }
        }),
        near: maybe(dice, p, |dice| Near {
            centre: Point::new(degrees(dice, 119_000), degrees(dice, 36_700)).unwrap(),
            metres: dice.below(6_000) as f64,
        }),
        any_of: if depth > 0 && dice.percent(15) {
            (0..=dice.below(3)).map(|_| filter(dice, p.max(5), depth - 1, known)).collect()
        } else {
            Vec::new()
        },
    }
}

fn grant(dice: &mut Dice) -> Grant {
    Grant {
        areas: some(dice, 30, area),
        classes: some(dice, 20, class),
        departments: maybe(dice, 40, |dice| some(dice, 90, department)),
        also_past: dice.percent(50),
        stages: some(dice, 20, |dice| dice.one(&StageName::ALL)),
        levels: some(dice, 15, |dice| dice.one(&[Level::City, Level::District, Level::Street])),
        collector: maybe(dice, 10, person),
        handler: maybe(dice, 10, person),
        reported_by: maybe(dice, 10, person),
        intake: maybe(dice, 10, person),
        claimed_by: maybe(dice, 10, person),
        worker: maybe(dice, 10, person),
    }
}

fn visibility(dice: &mut Dice) -> Visibility {
    if dice.percent(40) {
        Visibility::All
    } else {
        Visibility::Any((0..dice.below(4)).map(|_| grant(dice)).collect())
    }
}

const SORTS: [SortBy; 11] = [
    SortBy::Due,
    SortBy::Reported,
    SortBy::Filed,
    SortBy::Closed,
    SortBy::Updated,
    SortBy::Number,
    SortBy::Class,
    SortBy::Department,
    SortBy::Street,
    SortBy::Rework,
    SortBy::Urged,
];

fn groupings(calendar: &Calendar) -> [GroupBy<'_>; 19] {
    [
        GroupBy::Stage,
        GroupBy::Light,
        GroupBy::Department,
        GroupBy::Class,
        GroupBy::Major,
        GroupBy::Source,
        GroupBy::Level,
        GroupBy::Area(AreaLevel::County),
        GroupBy::Area(AreaLevel::Street),
        GroupBy::Area(AreaLevel::Community),
        GroupBy::Area(AreaLevel::Grid),
        GroupBy::Handler,
        GroupBy::Collector,
        GroupBy::Intake,
        GroupBy::Day(TimeOf::Reported, calendar),
        GroupBy::Day(TimeOf::Filed, calendar),
        GroupBy::Day(TimeOf::Closed, calendar),
        GroupBy::Day(TimeOf::Updated, calendar),
        GroupBy::Day(TimeOf::Due, calendar),
    ]
}

// ---- the comparison ----

struct City {
    index: CaseIndex,
    cases: BTreeMap<u32, Case>,
    ids: Vec<CaseId>,
}

/// Upserts in any order of serials, some of them again, some serials left out.
fn grow(dice: &mut Dice, city_: &mut City, steps: u64, serials: u64, calendar: &Calendar) {
    for _ in 0..steps {
        let serial = dice.below(serials) as u32;
        let mut case = case(dice, u64::from(serial), &city_.ids, calendar);
        if let Some(before) = city_.cases.get(&serial) {
            case.parent = before.parent;
            case.handled_by.extend(&before.handled_by);
            case.collected_by.extend(&before.collected_by);
        }
        if city_.ids.len() < 20 {
            city_.ids.push(case.id);
        }
        let position = city_.index.position() + 1;
        city_.index.upsert(serial, position, &case).unwrap();
        city_.cases.insert(serial, case);
    }
}

fn compare(dice: &mut Dice, city: &City, rounds: u64, calendar: &Calendar) {
    let reader_calendar = calendar.clone();
    for _ in 0..rounds {
        let now = dice.moment(LAST_CHANGE, LAST_CHANGE + 20 * DAY);
        let reader = Reader { now, calendar: reader_calendar.clone() };
        let p = dice.one(&[0, 2, 2, 4, 4, 8]);
        let filter = filter(dice, p, 2, &city.ids);
        let visibility = visibility(dice);
        let hits: Option<SerialSet> =
            maybe(dice, 20, |dice| city.cases.keys().copied().filter(|_| dice.percent(50)).collect());
        let query = Query { filter: &filter, visibility: &visibility, now, within: hits.as_ref() };
        let want = reader.list(&city.cases, &query);

        assert_eq!(city.index.count(&query) as usize, want.len(), "{filter:?} {visibility:?}");
        for _ in 0..20 {
            let serial = dice.small(u64::from(city.cases.keys().last().unwrap() + 70));
            assert_eq!(city.index.matches(serial, &query), want.contains(&serial), "{serial} {filter:?}");
        }

        let sort = Sort { by: dice.one(&SORTS), descending: dice.percent(50) };
        let sorted = reader.sorted(&city.cases, want.clone(), sort);
        let limit = dice.one(&[1, 3, 10, 50, 5_000]).max(sorted.len() / 12 + 1);
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = city.index.page(&query, sort, after, limit);
            assert_eq!(page.total as usize, sorted.len());
            assert!(page.serials.len() <= limit);
            listed.extend(page.serials);
            match page.next {
                None => break,
                Some(next) => {
                    let again = Cursor::parse(&next.to_string(), sort).unwrap();
                    assert_eq!(again, next);
                    after = Some(again);
                }
            }
        }
        assert_eq!(listed, sorted, "{sort:?} {filter:?}");

        let by = dice.one(&groupings(calendar));
        let mut groups: BTreeMap<GroupKey, u32> = BTreeMap::new();
        for serial in &want {
            *groups.entry(reader.group(&city.cases[serial], by)).or_default() += 1;
        }
        assert_eq!(city.index.group_count(&query, by), groups.into_iter().collect::<Vec<_>>(), "{by:?}");

        let located: Vec<u32> =
            want.iter().rev().copied().filter(|s| city.cases[s].report.place.point.is_some()).collect();
        let (points, total) = city.index.geo(&query, 25);
        assert_eq!(total as usize, located.len());
        assert_eq!(
            points.iter().map(|point| point.serial).collect::<Vec<_>>(),
            located[..located.len().min(25)]
        );
        for point in points {
            let case = &city.cases[&point.serial];
            let at = case.report.place.point.unwrap();
            assert!((point.lng - at.lng()).abs() < 1e-7 && (point.lat - at.lat()).abs() < 1e-7);
            assert_eq!((point.stage, point.light), (case.stage.name(), reader.light(case)));
            assert_eq!(point.class, case.class.as_ref());
            assert_eq!((&point.number, point.urgent), (&case.number, case.urgent));
            assert_eq!(city.index.light(point.serial, now), reader.light(case));
        }
    }
}

fn new_city() -> City {
    City { index: CaseIndex::new(city()), cases: BTreeMap::new(), ids: vec![case_id(1_000_000)] }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_the_cases_do(seed: u64, steps in 1_u64..500) {
        let mut dice = Dice(seed);
        let calendar = calendar();
        let mut city = new_city();
        grow(&mut dice, &mut city, steps, 400, &calendar);
        compare(&mut dice, &city, 12, &calendar);
        grow(&mut dice, &mut city, steps, 500, &calendar);
        compare(&mut dice, &city, 12, &calendar);
        let again = CaseIndex::decode(&city.index.encode()).unwrap();
        prop_assert_eq!(again.position(), city.index.position());
        let mut again = City { index: again, ..city };
        compare(&mut dice, &again, 6, &calendar);
        grow(&mut dice, &mut again, steps / 4, 600, &calendar);
        compare(&mut dice, &again, 6, &calendar);
    }
}

/// More rows than a block and than the page's buffer, so that both borders are crossed.
#[test]
fn twelve_thousand_cases_answer_as_they_do() {
    let mut dice = Dice(311);
    let calendar = calendar();
    let mut city = new_city();
    grow(&mut dice, &mut city, 14_000, 12_000, &calendar);
    compare(&mut dice, &city, 60, &calendar);
}

#[test]
fn a_light_changes_at_the_same_second_as_the_clock() {
    let calendar = calendar();
    let mut dice = Dice(7);
    let mut seen = [0; 4];
    for n in 0..400 {
        let case = case(&mut dice, n, &[], &calendar);
        let mut index = CaseIndex::new(city());
        index.upsert(0, 1, &case).unwrap();
        let reader = Reader { now: Timestamp(0), calendar: calendar.clone() };
        let Some(clock) = reader.stage_clock(&case) else { continue };
        for moment in [clock.due_at(), clock.warn_at(&calendar)].into_iter().flatten() {
            for around in -2..=2 {
                let now = Timestamp((whole(moment) + around) * 1_000);
                if now.0 < LAST_CHANGE || now.0 > LAST_CHANGE + 10_000 * DAY {
                    continue;
                }
                let light = clock.light(now, &calendar);
                seen[light as usize] += 1;
                assert_eq!(index.light(0, now), Some(light), "at {now:?} of {clock:?}");
            }
        }
    }
    assert!(seen[..3].iter().all(|&count| count > 50), "{seen:?}");
}

#[test]
fn a_cursor_of_another_sort_is_refused() {
    let mut city = new_city();
    grow(&mut Dice(3), &mut city, 50, 50, &calendar());
    let (filter, visibility) = (Filter::default(), Visibility::All);
    let query = Query { filter: &filter, visibility: &visibility, now: Timestamp(LAST_CHANGE), within: None };
    let due = Sort { by: SortBy::Due, descending: false };
    let cursor = city.index.page(&query, due, None, 5).next.unwrap().to_string();
    assert!(Cursor::parse(&cursor, due).is_some());
    assert!(Cursor::parse(&cursor, Sort { descending: true, ..due }).is_none());
    assert!(Cursor::parse(&cursor, Sort { by: SortBy::Number, ..due }).is_none());
    for bad in ["", "00", "zz000000000000000000000000", &format!("{cursor}0"), "１２３４５６７８９"]
    {
        assert!(Cursor::parse(bad, due).is_none(), "{bad}");
    }
}

#[test]
fn nobody_sees_anything_without_a_grant() {
    let mut city = new_city();
    grow(&mut Dice(5), &mut city, 100, 100, &calendar());
    let filter = Filter::default();
    for visibility in [
        Visibility::nothing(),
        Visibility::Any(vec![Grant { departments: Some(vec![]), ..Grant::default() }]),
        Visibility::Any(vec![Grant { handler: Some(PersonId(4_711)), ..Grant::default() }]),
    ] {
        let query =
            Query { filter: &filter, visibility: &visibility, now: Timestamp(LAST_CHANGE), within: None };
        assert_eq!(city.index.count(&query), 0);
        assert!((0..100).all(|serial| !city.index.matches(serial, &query)));
    }
}

#[test]
fn a_case_of_another_city_and_an_absurd_serial_are_refused() {
    let mut dice = Dice(1);
    let case = case(&mut dice, 1, &[], &calendar());
    let mut other = CaseIndex::new(kernel::CityCode::new(110_000).unwrap());
    assert!(other.upsert(0, 1, &case).is_err());
    let mut index = CaseIndex::new(city());
    assert!(index.upsert(u32::MAX, 1, &case).is_err());
    assert_eq!((index.len(), index.position(), other.len()), (0, 0, 0));
}

#[test]
fn an_older_state_never_replaces_a_newer_one() {
    let (mut dice, calendar) = (Dice(9), calendar());
    let mut index = CaseIndex::new(city());
    let states: Vec<Case> =
        (1..=5).map(|version| Case { version, ..case(&mut dice, 1, &[], &calendar) }).collect();
    for at in [2, 0, 4, 3, 1, 4] {
        index.upsert(0, at as i64 + 1, &states[at]).unwrap();
    }
    let visibility = Visibility::All;
    for (at, state) in states.iter().enumerate() {
        let period = Period { from: Some(state.updated_at), to: Some(Timestamp(state.updated_at.0 + 1_000)) };
        let filter = Filter { updated: period, ..Filter::default() };
        let query = Query { filter: &filter, visibility: &visibility, now: Timestamp(0), within: None };
        assert_eq!(index.count(&query), u32::from(at == 4), "state {at}");
    }
    assert_eq!((index.len(), index.position()), (1, 5));
}
