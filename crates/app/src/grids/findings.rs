//! What is wrong with a grid system, each with its place.

use super::areas::{Areas, communities, rows};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::view::Words;
use city::area::{Division, PlaceLevel};
use jiff::civil::Date;
use kernel::{CityCode, GridCode};
use serde::Serialize;
use spatial::check::{Finding, FindingKind, Limits, Report, Severity, check_grids};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Findings shown at once; the rest is counted.
pub const SHOWN_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FindingView {
    /// `gap`, `overlap`, `sliver`, `crosses_community`, `bad_grid_code` …
    pub kind: String,
    /// `error`: must not be published so; `warning`: worth a look.
    pub severity: String,
    pub text: Words,
    /// The grids and communities it is about.
    pub codes: Vec<String>,
    pub lng: f64,
    pub lat: f64,
    /// West, south, east, north of what to show around it.
    pub bounds: [f64; 4],
    /// Size in m², where there is one.
    pub area_m2: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FindingsView {
    pub findings: Vec<FindingView>,
    pub errors: usize,
    pub warnings: usize,
    /// Findings beyond those shown.
    pub left_out: usize,
    /// Grids that were looked at.
    pub grids: usize,
}

/// Checks all areas. A community that is neither drawn nor among `known` is unknown; with none known, those that
/// have grids are taken as they are.
#[must_use]
pub fn examine(areas: &Areas, known: &BTreeSet<GridCode>) -> Report {
    let mut communities = communities(areas);
    if !known.is_empty() {
        communities.retain(|one| areas.contains_key(&one.code) || known.contains(&one.code));
    }
    check_grids(&rows(areas), &communities, &Limits::default())
}

impl App {
    pub(crate) fn communities_today(&self, city: CityCode) -> Result<BTreeSet<GridCode>, AppError> {
        let config = self.config(city)?;
        Ok(known_communities(&config, self.today(&config)))
    }
}

/// The communities of the city's divisions that are there on `day`; none where its table does not reach so far.
#[must_use]
pub fn known_communities(config: &Config, day: Date) -> BTreeSet<GridCode> {
    let community = |one: &&Division| PlaceLevel::of(&one.code) == PlaceLevel::Community;
    let valid = config.divisions.iter().filter(community).filter(|one| one.is_valid_on(day));
    valid.map(|one| one.code.clone()).collect()
}

#[must_use]
pub fn findings_view(report: &Report, grids: usize) -> FindingsView {
    let left: usize = report.left_out.values().sum();
    let of = |severity: Severity| {
        report.findings.iter().filter(|f| f.kind.severity() == severity).count()
            + report
                .left_out
                .iter()
                .filter(|(kind, _)| kind.severity() == severity)
                .map(|(_, n)| n)
                .sum::<usize>()
    };
    let mut shown: Vec<&Finding> = report.findings.iter().collect();
    shown.sort_by_key(|finding| std::cmp::Reverse(finding.kind.severity()));
    FindingsView {
        findings: shown.iter().take(SHOWN_MAX).map(|finding| view(finding)).collect(),
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        left_out: left + shown.len().saturating_sub(SHOWN_MAX),
        grids,
    }
}

fn view(finding: &Finding) -> FindingView {
    let text = finding.kind.text();
    let degrees = |steps: i32| f64::from(steps) / spatial::shape::STEPS_PER_DEGREE;
    let extent = &finding.extent;
    FindingView {
        kind: finding.kind.code().to_owned(),
        severity: if finding.kind.severity() == Severity::Error { "error" } else { "warning" }.to_owned(),
        text: Words { zh: text.zh, en: text.en },
        codes: finding.codes.clone(),
        lng: finding.at.lng(),
        lat: finding.at.lat(),
        bounds: [degrees(extent.west), degrees(extent.south), degrees(extent.east), degrees(extent.north)],
        area_m2: finding.amount.map(f64::round),
    }
}

/// Whether a finding is about gaps, overlaps, borders or codes: what no grid system in force may have.
#[must_use]
pub const fn is_fault(kind: FindingKind) -> bool {
    matches!(kind.severity(), Severity::Error) || matches!(kind, FindingKind::Sliver)
}
