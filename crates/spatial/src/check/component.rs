//! Checks of components one after the other, a million of them in a few bytes each.

use super::{Finding, FindingKind, Limits, Report};
use crate::shape::{Extent, FastMap, Locator, Scale, Shape, Vertex};
use city::Catalogue;
use city::codes::ComponentCode;
use kernel::{Edition, GridCode, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Where a component stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Site<'a> {
    Point(Vertex),
    Line(&'a [Vertex]),
    Area(&'a Shape),
}

/// A component as it stands in the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComponentRow<'a> {
    pub code: &'a str,
    pub site: Site<'a>,
    /// The unit grid recorded for it, where one is.
    pub grid: Option<&'a str>,
}

/// What is kept of a component for the checks that need all of them.
#[derive(Clone, Copy)]
struct Kept {
    /// The digits of the code; a 17-digit code is above every 16-digit one.
    number: u64,
    class: u32,
    at: Vertex,
}

/// Takes components one by one and answers at the end.
pub struct ComponentChecker<'a> {
    locator: &'a Locator,
    grids: &'a [GridCode],
    classes: BTreeSet<u32>,
    limits: Limits,
    kept: Vec<Kept>,
    /// Components in each grid, in the order of the grids.
    per_grid: Vec<u32>,
    findings: Vec<Finding>,
    counts: BTreeMap<FindingKind, usize>,
}

impl<'a> ComponentChecker<'a> {
    /// `grids` are the codes of the locator's shapes, in their order.
    #[must_use]
    pub fn new(locator: &'a Locator, grids: &'a [GridCode], catalogue: &Catalogue, limits: Limits) -> Self {
        let classes = catalogue
            .iter()
            .map(|class| &class.entry.key)
            .filter(|key| key.kind == Kind::Component)
            .filter_map(|key| class_number(key.edition, key.code()))
            .collect();
        Self {
            locator,
            grids,
            classes,
            limits,
            kept: Vec::new(),
            per_grid: vec![0; grids.len()],
            findings: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    pub fn see(&mut self, row: &ComponentRow<'_>) {
        let at = match row.site {
            Site::Point(v) => Some(v),
            Site::Line(line) => line.get(line.len() / 2).copied(),
            Site::Area(shape) => shape.inner_point().or_else(|| shape.outer.0.first().copied()),
        };
        let Some(at) = at else {
            self.say(FindingKind::TooFewVertices, vec![row.code.to_owned()], Vertex { x: 0, y: 0 }, None);
            return;
        };
        let code = row.code.parse::<ComponentCode>().ok();
        match &code {
            None => self.say(FindingKind::BadComponentCode, vec![row.code.to_owned()], at, None),
            Some(code) => {
                let class = class_number(code.class.edition, code.class.code());
                if !class.is_some_and(|class| self.classes.contains(&class)) {
                    self.say(FindingKind::UnknownClass, vec![row.code.to_owned()], at, None);
                }
                if let (Ok(number), Some(class)) = (row.code.parse::<u64>(), class) {
                    self.kept.push(Kept { number, class, at });
                }
            }
        }
        let Some(grid) = self.locator.at(at) else {
            self.say(FindingKind::OutsideGrids, vec![row.code.to_owned()], at, None);
            return;
        };
        if let Some(count) = self.per_grid.get_mut(grid) {
            *count += 1;
        }
        let Some(own) = self.grids.get(grid) else { return };
        if code.is_some_and(|code| !own.is_within(&code.division)) {
            self.say(FindingKind::WrongDivision, vec![row.code.to_owned(), own.to_string()], at, None);
        }
        if row.grid.is_some_and(|recorded| recorded != own.as_str()) {
            self.say(FindingKind::WrongGrid, vec![row.code.to_owned(), own.to_string()], at, None);
        }
        let shape = self.locator.shape(grid);
        let whole = match row.site {
            Site::Point(_) => true,
            Site::Line(line) => line.windows(2).all(|pair| shape.holds_segment(pair[0], pair[1])),
            Site::Area(area) => area.edges().all(|(a, b)| shape.holds_segment(a, b)),
        };
        if !whole {
            self.say(FindingKind::CutByGridLine, vec![row.code.to_owned(), own.to_string()], at, None);
        }
    }

    /// Components found in each grid so far.
    #[must_use]
    pub fn per_grid(&self) -> &[u32] {
        &self.per_grid
    }

    /// Looks at all of them together: codes used twice, components very near each other.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_unstable_by_key(|k| (k.number, k.at));
        for group in kept.chunk_by(|a, b| a.number == b.number).filter(|group| group.len() > 1) {
            for one in group {
                self.say(FindingKind::DuplicateComponentCode, vec![digits(*one)], one.at, None);
            }
        }
        if self.limits.near_m > 0.0 {
            kept.sort_unstable_by_key(|k| (k.class, k.at, k.number));
            for class in kept.chunk_by(|a, b| a.class == b.class) {
                self.near(class);
            }
        }
        let each_max = self.limits.each_max;
        let counts = self.counts;
        let mut report = Report::new(self.findings, each_max);
        for (kind, count) in counts {
            if count > each_max {
                report.left_out.insert(kind, count - each_max);
            }
        }
        report
    }

    /// Pairs nearer than the limit; sorted by longitude, so only a short run to the east is looked at.
    fn near(&mut self, class: &[Kept]) {
        let Some(first) = class.first() else { return };
        let scale = Scale::at(f64::from(first.at.y));
        #[allow(clippy::cast_possible_truncation)] // a few hundred steps
        let steps = (self.limits.near_m / scale.x.min(scale.y)).ceil().clamp(1.0, 1e9) as i32;
        let cell = |v: Vertex| (v.x.div_euclid(steps), v.y.div_euclid(steps));
        let mut cells: FastMap<(i32, i32), Vec<usize>> = FastMap::default();
        for (i, one) in class.iter().enumerate() {
            let (cx, cy) = cell(one.at);
            for x in cx - 1..=cx + 1 {
                for y in cy - 1..=cy + 1 {
                    for j in cells.get(&(x, y)).into_iter().flatten() {
                        let other = class[*j];
                        let far = one.at.metres_to(other.at);
                        if far < self.limits.near_m && other.number != one.number {
                            let codes = vec![digits(other), digits(*one)];
                            self.say(FindingKind::TooNear, codes, one.at, Some(far));
                        }
                    }
                }
            }
            cells.entry((cx, cy)).or_default().push(i);
        }
    }

    fn say(&mut self, kind: FindingKind, codes: Vec<String>, at: Vertex, amount: Option<f64>) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= self.limits.each_max {
            let extent = Extent { west: at.x, south: at.y, east: at.x, north: at.y };
            self.findings.push(Finding { kind, codes, at, extent, amount });
        }
    }
}

fn class_number(edition: Edition, code: &str) -> Option<u32> {
    let number: u32 = code.parse().ok()?;
    Some(match edition {
        Edition::E2013 => number,
        Edition::E2026 => number + 1_000_000,
    })
}

fn digits(kept: Kept) -> String {
    let width = if kept.class >= 1_000_000 { 17 } else { 16 };
    format!("{:0width$}", kept.number)
}
