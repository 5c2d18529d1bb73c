//! Checks of a grid system and of components (网格与部件数据检查). Every finding says where, which codes, and a stable
//! code under which the text for people is found; what is safe to mend, [`repair`] mends.

mod component;
mod finding;
mod grid;
mod repair;

pub use component::{ComponentChecker, ComponentRow, Site};
pub use finding::{Finding, FindingKind, Report, Severity};
pub use grid::{GridRow, check_grids};
pub use repair::{Mended, Repair, RepairOptions, Repaired, repair};

/// What the checks allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Gaps, overlaps and crossings narrower than this are rounding, in metres.
    pub tolerance_m: f64,
    /// Gaps and overlaps narrower than this are reported as slivers.
    pub sliver_m: f64,
    /// A grid narrower than this on average (twice its area over its perimeter) is a sliver.
    pub narrow_m: f64,
    /// Sizes outside this range are a warning. Source: `standards/codes.md` §3.
    pub area_m2: (f64, f64),
    /// Two components of a class nearer than this are reported, in metres; 0 switches it off.
    pub near_m: f64,
    /// Findings kept of each kind; the rest is counted. Bounds memory on a hopeless file.
    pub each_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tolerance_m: 0.05,
            sliver_m: 0.5,
            narrow_m: 8.0,
            area_m2: (1_000.0, 100_000.0),
            near_m: 0.5,
            each_max: 10_000,
        }
    }
}

#[cfg(test)]
mod tests;
