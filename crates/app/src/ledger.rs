//! Ledgers of return, void, extension and suspension with their share (Jiangsu rules art. 21), and the
//! overview by department. Every number names the list it counts.

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::line::department_view;
use crate::list_cases::NEWEST;
use crate::rights::{self, visibility, with_sub_units};
use crate::view::{CaseLine, DepartmentView};
use case::StageName;
use index::{Filter, GroupBy, GroupKey, Period, Query, TimeOf, Visibility};
use kernel::{Actor, CityCode, DepartmentId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Cases a ledger lists at most; its figures count all.
const ITEMS_MAX: usize = 1_000;
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Reported from, epoch milliseconds.
    pub from: Option<i64>,
    /// Reported before, epoch milliseconds.
    pub to: Option<i64>,
    pub department: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LedgerView {
    pub kind: String,
    /// Cases of the ledger, of all cases of the period that were filed (for `void`: reported).
    pub count: u32,
    pub of: u32,
    pub share_percent: f64,
    pub by_month: Vec<LedgerMonth>,
    pub by_department: Vec<LedgerDepartment>,
    pub items: Vec<CaseLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LedgerMonth {
    /// yyyymm
    pub month: u32,
    pub count: u32,
    pub of: u32,
    pub share_percent: f64,
}

/// A department with its sub-units, or the cases no department has.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LedgerDepartment {
    pub department: Option<DepartmentView>,
    pub count: u32,
    pub of: u32,
    pub share_percent: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OverviewView {
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub total: OverviewRow,
    pub departments: Vec<OverviewRow>,
    pub now_at: i64,
}

/// Figures of one department with its sub-units, of the cases no department has (filter value 0), or of the
/// whole city; each is a count of `GET /api/cases` with the same filter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct OverviewRow {
    pub department: Option<DepartmentView>,
    pub filed: u32,
    pub open: u32,
    pub overdue: u32,
    pub closed: u32,
    pub closed_on_time: u32,
    /// Closed inside the total time of all closed with one, in percent.
    pub on_time_percent: Option<f64>,
    pub reworked: u32,
    pub returned: u32,
    pub extended: u32,
    pub suspended: u32,
}

fn percent(part: u32, of: u32) -> f64 {
    if of == 0 { 0.0 } else { (f64::from(part) * 10_000.0 / f64::from(of)).round() / 100.0 }
}

fn in_ledger(kind: &str, base: &Filter) -> Option<Filter> {
    Some(match kind {
        "return" => Filter { returns_min: 1, ..base.clone() },
        "void" => Filter { stages: vec![StageName::Cancelled], ..base.clone() },
        "extension" => Filter { extensions_min: 1, ..base.clone() },
        "suspension" => Filter { suspensions_min: 1, ..base.clone() },
        _ => return None,
    })
}

/// Counts of departments as the department filter counts: each with everything below it.
pub(crate) fn roll_up(
    config: &Config,
    own: impl IntoIterator<Item = (Option<DepartmentId>, u32)>,
) -> BTreeMap<Option<DepartmentId>, u32> {
    let mut all = BTreeMap::new();
    for (id, count) in own {
        *all.entry(id).or_insert(0) += count;
        let parent = |id: DepartmentId| config.organisation.get(id).and_then(|d| d.parent);
        let mut above = id.and_then(parent);
        // A tree of a city is a handful of levels deep; a circle is refused when it is written.
        for _ in 0..DEPTH_MAX {
            let Some(id) = above else { break };
            *all.entry(Some(id)).or_insert(0) += count;
            above = parent(id);
        }
    }
    all
}

impl App {
    fn tally(
        &self,
        city: CityCode,
        filter: &Filter,
        seen: &Visibility,
        by: GroupBy<'_>,
    ) -> Vec<(GroupKey, u32)> {
        let Ok(held) = self.city(city) else { return Vec::new() };
        let query = Query { filter, visibility: seen, now: self.now(), within: None };
        held.index.read().group_count(&query, by)
    }

    fn tally_departments(
        &self,
        city: CityCode,
        filter: &Filter,
        seen: &Visibility,
    ) -> BTreeMap<Option<DepartmentId>, u32> {
        let groups = self.tally(city, filter, seen, GroupBy::Department);
        groups
            .into_iter()
            .filter_map(|(key, n)| if let GroupKey::Department(id) = key { Some((id, n)) } else { None })
            .collect()
    }

    fn tally_months(&self, config: &Config, filter: &Filter, seen: &Visibility) -> BTreeMap<u32, u32> {
        let mut months = BTreeMap::new();
        for (key, n) in
            self.tally(config.city, filter, seen, GroupBy::Day(TimeOf::Reported, &config.calendar))
        {
            if let GroupKey::Day(Some(day)) = key {
                *months.entry(day / 100).or_insert(0) += n;
            }
        }
        months
    }

    /// A ledger: `return`, `void`, `extension` or `suspension`.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right; [`AppError::NotFound`] for another word.
    pub async fn ledger(&self, actor: &Actor, kind: &str, q: &LedgerQuery) -> Result<LedgerView, AppError> {
        if !rights::features(actor).contains(&"ledgers") {
            return Err(AppError::Forbidden("read ledgers"));
        }
        let config = self.config(actor.city)?;
        let seen = visibility(actor, &config);
        let base = Filter {
            reported: Period { from: q.from.map(Timestamp), to: q.to.map(Timestamp) },
            filed: Period { from: Some(Timestamp(0)), to: None },
            departments: q.department.map(|id| with_sub_units(&config, DepartmentId(id))).unwrap_or_default(),
            ..Filter::default()
        };
        if q.department.is_some() && base.departments.is_empty() {
            return Err(AppError::invalid("department", "unknown_department"));
        }
        let filter = in_ledger(kind, &base).ok_or(AppError::NotFound("ledger"))?;
        let all = self.tally_departments(actor.city, &base, &seen);
        let part = self.tally_departments(actor.city, &filter, &seen);
        let (all_months, part_months) =
            (self.tally_months(&config, &base, &seen), self.tally_months(&config, &filter, &seen));
        let page = {
            let held = self.city(actor.city)?;
            let query = Query { filter: &filter, visibility: &seen, now: self.now(), within: None };
            let index = held.index.read();
            index.page(&query, NEWEST, None, ITEMS_MAX)
        };
        let stored = self.store().cases_by_serial(actor.city, &page.serials).await?;
        let (count, of) = (part.values().sum(), all.values().sum());
        let (all, part) = (roll_up(&config, all), roll_up(&config, part));
        let mut by_department: Vec<LedgerDepartment> = all
            .iter()
            .filter(|(id, _)| {
                id.is_none_or(|id| base.departments.is_empty() || base.departments.contains(&id))
            })
            .map(|(id, of)| {
                let count = part.get(id).copied().unwrap_or(0);
                LedgerDepartment {
                    department: id.map(|id| department_view(&config, id)),
                    count,
                    of: *of,
                    share_percent: percent(count, *of),
                }
            })
            .collect();
        by_department.sort_by_key(|row| std::cmp::Reverse(row.count));
        let by_month = all_months.iter().map(|(month, of)| {
            let count = part_months.get(month).copied().unwrap_or(0);
            LedgerMonth { month: *month, count, of: *of, share_percent: percent(count, *of) }
        });
        Ok(LedgerView {
            kind: kind.to_owned(),
            count,
            of,
            share_percent: percent(count, of),
            by_month: by_month.collect(),
            by_department,
            items: stored.iter().map(|s| self.line_of(actor, &config, &s.case)).collect(),
        })
    }

    /// Figures by department for the cases reported in a period.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn overview(
        &self,
        actor: &Actor,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<OverviewView, AppError> {
        if !rights::features(actor).contains(&"overview") {
            return Err(AppError::Forbidden("read the overview"));
        }
        let config = self.config(actor.city)?;
        let seen = visibility(actor, &config);
        let base = Filter {
            reported: Period { from: from.map(Timestamp), to: to.map(Timestamp) },
            filed: Period { from: Some(Timestamp(0)), to: None },
            is_child: Some(false),
            ..Filter::default()
        };
        let mut rows: BTreeMap<Option<DepartmentId>, OverviewRow> = BTreeMap::new();
        type Put = fn(&mut OverviewRow, u32);
        let figures: [(Filter, Put); 9] = [
            (base.clone(), |row, n| row.filed = n),
            (Filter { ended: Some(false), ..base.clone() }, |row, n| row.open = n),
            (Filter { ended: Some(false), overdue: Some(true), ..base.clone() }, |row, n| row.overdue = n),
            (Filter { stages: vec![StageName::Closed], ..base.clone() }, |row, n| row.closed = n),
            (Filter { stages: vec![StageName::Closed], on_time: Some(true), ..base.clone() }, |row, n| {
                row.closed_on_time = n
            }),
            (Filter { reworks_min: 1, ..base.clone() }, |row, n| row.reworked = n),
            (Filter { returns_min: 1, ..base.clone() }, |row, n| row.returned = n),
            (Filter { extensions_min: 1, ..base.clone() }, |row, n| row.extended = n),
            (Filter { suspensions_min: 1, ..base }, |row, n| row.suspended = n),
        ];
        let mut total = OverviewRow::default();
        for (filter, put) in &figures {
            let counts = self.tally_departments(actor.city, filter, &seen);
            put(&mut total, counts.values().sum());
            for (id, n) in roll_up(&config, counts) {
                put(rows.entry(id).or_default(), n);
            }
        }
        let finish = |row: &mut OverviewRow| {
            row.on_time_percent = (row.closed > 0).then(|| percent(row.closed_on_time, row.closed));
        };
        finish(&mut total);
        let mut departments: Vec<OverviewRow> = rows
            .into_iter()
            .map(|(id, mut row)| {
                row.department = id.map(|id| department_view(&config, id));
                finish(&mut row);
                row
            })
            .collect();
        departments.sort_by_key(|row| std::cmp::Reverse(row.filed));
        Ok(OverviewView { from, to, total, departments, now_at: self.now().millis() })
    }
}
