//! A case as a line of a list: names filled in, light and time left worked out for now.

use crate::config::Config;
use crate::view::{CaseLine, ClassView, DepartmentView, LimitView, PersonView, WaitsFor};
use case::report::EvidenceKind;
use case::{ApprovalKind, Case, Step};
use kernel::{DepartmentId, LimitUnit, Millis, PersonId, TimeLimit, Timestamp};

/// Longest headline in characters; a list shows one line.
const HEADLINE_MAX: usize = 80;

#[must_use]
pub fn department_view(config: &Config, id: DepartmentId) -> DepartmentView {
    DepartmentView { id: id.0, name: config.department_name(id) }
}

#[must_use]
pub fn person_view(config: &Config, id: PersonId) -> PersonView {
    PersonView { id: id.0, name: config.person_name(id) }
}

#[must_use]
pub fn limit_view(limit: TimeLimit) -> LimitView {
    LimitView { value: f64::from(limit.hundredths) / 100.0, unit: limit.unit.as_str().to_owned() }
}

/// `work` when only office hours count, else `natural`.
#[must_use]
pub const fn unit_word(unit: LimitUnit) -> &'static str {
    if unit.is_continuous() { "natural" } else { "work" }
}

/// The words a case is known by in a list: the first line of what was reported.
#[must_use]
pub fn headline(case: &Case) -> String {
    let first = case.report.text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if first.chars().count() <= HEADLINE_MAX {
        return first.to_owned();
    }
    first.chars().take(HEADLINE_MAX - 1).chain(['…']).collect()
}

/// Shapes a line. `main_step` is the caller's, when the caller is known.
#[must_use]
pub fn case_line(config: &Config, case: &Case, now: Timestamp, main_step: Option<Step>) -> CaseLine {
    let clock = case.running_clock().filter(|_| case.is_open());
    let total = case.total_clock();
    let place = &case.report.place;
    let waits = case.waits_for();
    let day = config.calendar.daily_length(config.calendar.local_date(now));
    let natural = clock.is_some_and(|c| c.limit.unit.is_continuous());
    CaseLine {
        id: case.id.to_string(),
        number: case.number.to_string(),
        version: case.version,
        stage: case.stage.name().as_str().to_owned(),
        light: clock.map_or("none", |c| c.light(now, &config.calendar).as_str()).to_owned(),
        due_at: clock.and_then(kernel::Clock::due_at).map(Timestamp::millis),
        left_ms: clock.map(|c| c.left(now, &config.calendar).0),
        left_unit: clock.map(|c| unit_word(c.limit.unit).to_owned()),
        day_ms: if natural || day == Millis::ZERO { Millis::days(1).0 } else { day.0 },
        total_due_at: total.and_then(kernel::Clock::due_at).map(Timestamp::millis),
        total_light: total.map_or("none", |c| c.light(now, &config.calendar).as_str()).to_owned(),
        paused: clock.is_some_and(kernel::Clock::is_paused),
        class: case
            .class
            .as_ref()
            .map(|key| ClassView { key: key.to_string(), name: config.class_name(key) }),
        headline: headline(case),
        address: place.address.clone(),
        lng: place.point.map(|p| p.lng()),
        lat: place.point.map(|p| p.lat()),
        grid: place.grid.as_ref().map(ToString::to_string),
        street_name: place.grid.as_ref().and_then(|grid| config.street_name(grid)),
        source: case.report.source.as_str().to_owned(),
        reported_at: case.reported_at.millis(),
        updated_at: case.updated_at.millis(),
        filed_at: case.filed_at.map(Timestamp::millis),
        ended_at: case.ended_at.map(Timestamp::millis),
        department: case
            .department()
            .or_else(|| case.departments.last().copied().filter(|_| !case.is_open()))
            .map(|id| department_view(config, id)),
        handler: case.stage.handler().map(|id| person_view(config, id)),
        collector: case.stage.collector().map(|id| person_view(config, id)),
        intake: case.intake.map(|id| person_view(config, id)),
        urgent: case.urgent,
        major: case.major,
        urging: case.urgings.iter().filter_map(|u| u.level).max().map(urging_word),
        urged_times: case.urgings.len().try_into().unwrap_or(u32::MAX),
        reworks: case.reworks,
        returns: case.returns,
        extensions: case.extensions,
        suspensions: case.suspensions,
        approvals: ApprovalKind::ALL
            .into_iter()
            .filter(|kind| case.open_approval(*kind).is_some())
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        duplicates: case.duplicates.len().try_into().unwrap_or(u32::MAX),
        children_open: case
            .children
            .iter()
            .filter(|c| c.ended.is_none())
            .count()
            .try_into()
            .unwrap_or(u32::MAX),
        parent: case.parent.map(|id| id.to_string()),
        level: level_word(case.level).to_owned(),
        audit: audit_word(case.audit).to_owned(),
        thumb: thumb(case),
        main_step: main_step.map(|step| step.as_str().to_owned()),
        waits_for: waits.map(|(role, department, person)| WaitsFor {
            role: role.as_str().to_owned(),
            department: department.map(|id| department_view(config, id)),
            person: person.map(|id| person_view(config, id)),
        }),
        synthesised: case.synthesised,
    }
}

fn thumb(case: &Case) -> Option<String> {
    let photos = case
        .report
        .evidence
        .iter()
        .filter(|e| !matches!(e.kind, EvidenceKind::Document | EvidenceKind::Video));
    photos.map(|e| e.attachment.to_string()).next()
}

#[must_use]
pub const fn level_word(level: case::Level) -> &'static str {
    match level {
        case::Level::City => "city",
        case::Level::District => "district",
        case::Level::Street => "street",
    }
}

#[must_use]
pub fn urging_word(level: case::UrgingLevel) -> String {
    match level {
        case::UrgingLevel::Remind => "remind",
        case::UrgingLevel::Urge => "urge",
        case::UrgingLevel::UrgeListed => "urge_listed",
    }
    .to_owned()
}

#[must_use]
pub const fn audit_word(audit: case::case::Audit) -> &'static str {
    match audit {
        case::case::Audit::NotDue => "not_due",
        case::case::Audit::Due => "due",
        case::case::Audit::Passed => "passed",
        case::case::Audit::Refused => "refused",
    }
}
