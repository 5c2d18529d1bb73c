//! The question of a list as it comes by URL, and the filter it means.

use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, Problems};
use crate::queue;
use crate::rights::with_sub_units;
use case::case::Audit;
use case::{ApprovalKind, Level, Source, StageName, UrgingLevel};
use index::{Bounds, Filter, MajorClass, Near, Period, Sort, SortBy};
use kernel::{Actor, Area, CaseId, ClassKey, DepartmentId, Edition, Kind, Light, PersonId, Point, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

pub const LIMIT_MAX: usize = 200;
/// Value of the department filter for cases without one; departments are numbered from 1.
pub const NO_DEPARTMENT: u32 = 0;
/// Values of one filter in a URL.
const VALUES_MAX: usize = 50;

/// Any combination of filters; a key given several times means any of the values. Times are epoch milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// A ready-made list of the caller's work, such as `to_file` or `my_orders`.
    pub queue: Option<String>,
    /// Full text: words of the report, the place, the number, the reply.
    #[param(max_length = 100)]
    pub q: Option<String>,
    pub stage: Vec<String>,
    pub source: Vec<String>,
    pub kind: Vec<String>,
    pub edition: Vec<String>,
    pub major: Vec<String>,
    pub class: Vec<String>,
    /// Division or grid codes; everything inside counts.
    pub area: Vec<String>,
    /// With its sub-units; 0 for cases no department has (or had when they ended).
    pub department: Vec<u32>,
    pub handler: Vec<u32>,
    pub collector: Vec<u32>,
    pub intake: Vec<u32>,
    pub reported_by: Vec<u32>,
    /// `true`: cases the caller handled (signed, was assigned, replied), confirmed, verified or reported, at
    /// any time and wherever they are now. With `updated_from` those of late. `false` asks nothing.
    pub handled_by_me: Option<bool>,
    pub level: Vec<String>,
    pub light: Vec<String>,
    pub overdue: Option<bool>,
    pub total_overdue: Option<bool>,
    pub on_time: Option<bool>,
    pub urgent: Option<bool>,
    pub major_case: Option<bool>,
    pub urged: Vec<String>,
    #[param(minimum = 0, maximum = 255)]
    pub rework_min: Option<u8>,
    /// Approved returns at least.
    #[param(minimum = 0, maximum = 255)]
    pub return_min: Option<u8>,
    /// Approved extensions at least.
    #[param(minimum = 0, maximum = 255)]
    pub extension_min: Option<u8>,
    /// Approved suspensions at least.
    #[param(minimum = 0, maximum = 255)]
    pub suspension_min: Option<u8>,
    /// Kinds of open approval.
    pub approval: Vec<String>,
    pub public: Option<bool>,
    pub satisfied: Option<bool>,
    pub has_duplicates: Option<bool>,
    pub merged: Option<bool>,
    pub parent: Vec<String>,
    pub is_child: Option<bool>,
    pub audit: Vec<String>,
    pub ended: Option<bool>,
    pub synthesised: Option<bool>,
    pub located: Option<bool>,
    pub reported_from: Option<i64>,
    pub reported_to: Option<i64>,
    pub filed_from: Option<i64>,
    pub filed_to: Option<i64>,
    pub closed_from: Option<i64>,
    pub closed_to: Option<i64>,
    pub updated_from: Option<i64>,
    pub updated_to: Option<i64>,
    pub due_from: Option<i64>,
    pub due_to: Option<i64>,
    /// west,south,east,north in degrees.
    pub bbox: Option<String>,
    /// lng,lat,metres
    pub near: Option<String>,
    /// due, reported, filed, closed, updated, number, class, department, street, rework or urged;
    /// a minus sign in front turns it round.
    pub sort: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    pub cursor: Option<String>,
}

/// A list question as the columns understand it.
pub(crate) struct Asked {
    pub filter: Filter,
    pub sort: Sort,
    pub limit: usize,
}

fn words<T>(
    field: &str,
    sent: &[String],
    read: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Vec<T> {
    if sent.len() > VALUES_MAX {
        problems.add(field, "too_many");
        return Vec::new();
    }
    let mut values = Vec::with_capacity(sent.len());
    for text in sent {
        match read(text) {
            Some(value) => values.push(value),
            None => problems.add(field, "unknown_value"),
        }
    }
    values
}

fn period(from: Option<i64>, to: Option<i64>) -> Period {
    Period { from: from.map(Timestamp), to: to.map(Timestamp) }
}

fn numbers<const N: usize>(field: &str, text: Option<&str>, problems: &mut Problems) -> Option<[f64; N]> {
    let text = text?;
    let parts: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match <[f64; N]>::try_from(parts) {
        Ok(values) if values.iter().all(|v: &f64| v.is_finite()) && text.split(',').count() == N => {
            Some(values)
        }
        _ => {
            problems.add(field, "not_numbers");
            None
        }
    }
}

fn audit(text: &str) -> Option<Audit> {
    Some(match text {
        "not_due" => Audit::NotDue,
        "due" => Audit::Due,
        "passed" => Audit::Passed,
        "refused" => Audit::Refused,
        _ => return None,
    })
}

fn sort(text: Option<&str>, problems: &mut Problems) -> Sort {
    let text = text.unwrap_or("due");
    let (descending, word) = text.strip_prefix('-').map_or((false, text), |word| (true, word));
    let by = match word {
        "due" => SortBy::Due,
        "reported" => SortBy::Reported,
        "filed" => SortBy::Filed,
        "closed" => SortBy::Closed,
        "updated" => SortBy::Updated,
        "number" => SortBy::Number,
        "class" => SortBy::Class,
        "department" => SortBy::Department,
        "street" => SortBy::Street,
        "rework" => SortBy::Rework,
        "urged" => SortBy::Urged,
        _ => {
            problems.add("sort", "unknown_value");
            SortBy::Due
        }
    };
    Sort { by, descending }
}

impl App {
    /// Understands a list question, or names every part of it that is wrong.
    pub(crate) fn asked(&self, actor: &Actor, config: &Config, q: &ListQuery) -> Result<Asked, AppError> {
        let mut problems = Problems::default();
        let p = &mut problems;
        let bbox = numbers::<4>("bbox", q.bbox.as_deref(), p);
        let near = numbers::<3>("near", q.near.as_deref(), p);
        let near = near.and_then(|[lng, lat, metres]| Some(Near { centre: Point::new(lng, lat)?, metres }));
        let parents = words("parent", &q.parent, |t| t.parse::<CaseId>().ok(), p);
        let whole = config.city.to_string();
        let areas: Vec<Area> = words("area", &q.area, |t| t.parse().ok(), p);
        let mut filter = Filter {
            stages: words("stage", &q.stage, StageName::parse, p),
            sources: words("source", &q.source, |t| Source::ALL.into_iter().find(|s| s.as_str() == t), p),
            kinds: words(
                "kind",
                &q.kind,
                |t| [Kind::Component, Kind::Event].into_iter().find(|k| k.as_str() == t),
                p,
            ),
            editions: words(
                "edition",
                &q.edition,
                |t| [Edition::E2013, Edition::E2026].into_iter().find(|e| e.as_str() == t),
                p,
            ),
            majors: words("major", &q.major, |t| t.parse::<MajorClass>().ok(), p),
            classes: words("class", &q.class, |t| t.parse::<ClassKey>().ok(), p),
            areas: if areas.iter().any(|a| a.as_str() == whole) { Vec::new() } else { areas },
            departments: q
                .department
                .iter()
                .filter(|id| **id != NO_DEPARTMENT)
                .flat_map(|id| with_sub_units(config, DepartmentId(*id)))
                .collect(),
            undispatched: q.department.contains(&NO_DEPARTMENT),
            involving: actor.person_id().filter(|_| q.handled_by_me == Some(true)).into_iter().collect(),
            handlers: q.handler.iter().copied().map(PersonId).collect(),
            collectors: q.collector.iter().copied().map(PersonId).collect(),
            intakes: q.intake.iter().copied().map(PersonId).collect(),
            reported_by: q.reported_by.iter().copied().map(PersonId).collect(),
            levels: words("level", &q.level, level, p),
            lights: words("light", &q.light, Light::parse, p),
            overdue: q.overdue,
            total_overdue: q.total_overdue,
            on_time: q.on_time,
            urgent: q.urgent,
            major: q.major_case,
            urged: words("urged", &q.urged, urging, p),
            reworks_min: q.rework_min.unwrap_or(0),
            returns_min: q.return_min.unwrap_or(0),
            extensions_min: q.extension_min.unwrap_or(0),
            suspensions_min: q.suspension_min.unwrap_or(0),
            approvals: words(
                "approval",
                &q.approval,
                |t| ApprovalKind::ALL.into_iter().find(|k| k.as_str() == t),
                p,
            ),
            public: q.public,
            satisfied: q.satisfied,
            has_duplicates: q.has_duplicates,
            merged: q.merged,
            parents,
            is_child: q.is_child,
            audits: words("audit", &q.audit, audit, p),
            ended: q.ended,
            synthesised: q.synthesised,
            located: q.located,
            reported: period(q.reported_from, q.reported_to),
            filed: period(q.filed_from, q.filed_to),
            closed: period(q.closed_from, q.closed_to),
            updated: period(q.updated_from, q.updated_to),
            due: period(q.due_from, q.due_to),
            bounds: bbox.map(|[west, south, east, north]| Bounds { west, south, east, north }),
            near,
            ..Filter::default()
        };
        // A department that does not exist has no cases; an empty list would mean every department.
        if !q.department.is_empty() && filter.departments.is_empty() && !filter.undispatched {
            p.add("department", "unknown_department");
        }
        if let Some(word) = &q.queue {
            match queue::filter(actor, config, word, self.now()) {
                Some(queue) => filter.any_of.push(queue),
                None => p.add("queue", "unknown_value"),
            }
        }
        let limit = q.limit.unwrap_or(50);
        if !(1..=LIMIT_MAX).contains(&limit) {
            p.add("limit", "out_of_range");
        }
        let sort = sort(q.sort.as_deref(), p);
        problems.done()?;
        Ok(Asked { filter, sort, limit })
    }
}

fn level(text: &str) -> Option<Level> {
    [Level::City, Level::District, Level::Street].into_iter().find(|l| crate::line::level_word(*l) == text)
}

fn urging(text: &str) -> Option<UrgingLevel> {
    let all = [UrgingLevel::Remind, UrgingLevel::Urge, UrgingLevel::UrgeListed];
    all.into_iter().find(|l| crate::line::urging_word(*l) == text)
}
