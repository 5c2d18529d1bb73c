//! Query 10: every component has a valid code of its own and lies in exactly one grid, the one it is registered in.

use super::{CheckRow, nothing, row};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::ports::things::{COMPONENTS, THINGS_PER_READ_MAX};
use city::component::Place;
use kernel::{Cgcs2000, CityCode, GridCode, Point};
use serde::Deserialize;
use spatial::check::{ComponentChecker, ComponentRow, FindingKind, Limits, Report, Site};
use spatial::shape::{Locator, Shape, Vertex};
use std::borrow::Cow;

const NAME: (&str, &str) = ("部件编码与网格归属", "component codes and grids");
/// Findings kept of each kind; the rest is counted.
const EACH_MAX: usize = 1_000;
/// What must not be found. Neighbours and lines across grids are looked at when components are edited.
const FAULTS: [FindingKind; 7] = [
    FindingKind::TooFewVertices,
    FindingKind::BadComponentCode,
    FindingKind::UnknownClass,
    FindingKind::WrongDivision,
    FindingKind::DuplicateComponentCode,
    FindingKind::OutsideGrids,
    FindingKind::WrongGrid,
];

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    place: Cow<'a, str>,
    #[serde(default, borrow)]
    grid: Option<Cow<'a, str>>,
}

fn vertices(points: &[Point<Cgcs2000>]) -> Vec<Vertex> {
    points.iter().map(|point| Vertex::of(*point)).collect()
}

/// Shows one row to the checker; a row that cannot be read counts as one without a code.
fn see(checker: &mut ComponentChecker<'_>, code: &str, body: &str) {
    let nowhere = Site::Line(&[]);
    let Ok(body) = serde_json::from_str::<Body>(body) else {
        return checker.see(&ComponentRow { code, site: nowhere, grid: None });
    };
    // The code in the record is the one that is looked at; the row's own must be the same.
    let own = if body.code == code { code } else { "" };
    let grid = body.grid.as_deref();
    match Place::from_wkt(&body.place) {
        Ok(Place::Point(point)) => {
            checker.see(&ComponentRow { code: own, site: Site::Point(Vertex::of(point)), grid });
        }
        Ok(Place::Line(line)) => {
            checker.see(&ComponentRow { code: own, site: Site::Line(&vertices(&line)), grid });
        }
        Ok(Place::Polygon(rings)) => {
            let degrees: Vec<Vec<[f64; 2]>> =
                rings.iter().map(|ring| ring.iter().map(|p| [p.lng(), p.lat()]).collect()).collect();
            match Shape::from_degrees(degrees.iter().map(Vec::as_slice)) {
                Some(shape) => checker.see(&ComponentRow { code: own, site: Site::Area(&shape), grid }),
                None => checker.see(&ComponentRow { code: own, site: nowhere, grid }),
            }
        }
        Err(_) => checker.see(&ComponentRow { code: own, site: nowhere, grid }),
    }
}

fn row_of(seen: u64, report: &Report) -> CheckRow {
    let faults: usize = FAULTS.iter().map(|kind| report.count(*kind)).sum();
    let examples = report
        .findings
        .iter()
        .filter(|finding| FAULTS.contains(&finding.kind))
        .map(|finding| format!("{}: {}", finding.kind.code(), finding.codes.join(" ")))
        .collect();
    let state = if faults == 0 { "ok" } else { "failed" };
    let each = |zh: bool| {
        let some = FAULTS.iter().map(|kind| (kind, report.count(*kind))).filter(|(_, count)| *count > 0);
        let words = some.map(|(kind, count)| {
            let text = kind.text();
            format!("{} {count}", if zh { text.zh } else { text.en })
        });
        words.collect::<Vec<_>>().join(if zh { "；" } else { "; " })
    };
    let found = if faults == 0 {
        (format!("{seen} 个部件均有效"), format!("{seen} components, all valid"))
    } else {
        (
            format!("{seen} 个部件，{faults} 处问题：{}", each(true)),
            format!("{seen} components, {faults} faults: {}", each(false)),
        )
    };
    row(10, NAME, state, found, examples)
}

impl App {
    /// Walks over every component in the store; a million take a few bytes each.
    pub(super) async fn check_components(
        &self,
        city: CityCode,
        config: &Config,
    ) -> Result<CheckRow, AppError> {
        let (codes, shapes): (Vec<GridCode>, Vec<Shape>) = config
            .grids
            .iter()
            .filter_map(|grid| {
                let shape = Shape::from_degrees(grid.outline.rings().map(|(ring, _)| ring))?;
                Some((grid.key.clone(), shape))
            })
            .unzip();
        if codes.is_empty() {
            return Ok(nothing(10, NAME, ("尚无网格", "no grids yet")));
        }
        let locator = Locator::new(&shapes);
        let limits = Limits { near_m: 0.0, each_max: EACH_MAX, ..Limits::default() };
        let mut checker = ComponentChecker::new(&locator, &codes, &config.catalogue, limits);
        let (mut position, mut seen) = (0, 0_u64);
        loop {
            let page = self.store().things_since(city, position, THINGS_PER_READ_MAX).await?;
            let ended = page.len() < THINGS_PER_READ_MAX as usize;
            for thing in page {
                position = thing.position;
                if thing.register == COMPONENTS && !thing.removed {
                    seen += 1;
                    see(&mut checker, &thing.code, &thing.body);
                }
            }
            // Requests go first.
            tokio::task::yield_now().await;
            if ended {
                break;
            }
        }
        if seen == 0 {
            return Ok(nothing(10, NAME, ("尚无部件登记", "no components yet")));
        }
        Ok(row_of(seen, &checker.finish()))
    }
}
