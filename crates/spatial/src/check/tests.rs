use super::*;
use crate::divide::{Community, Options, divide};
use crate::shape::{Extent, Locator, Ring, Scale, Shape, Vertex};
use city::Catalogue;
use kernel::GridCode;
use std::collections::BTreeSet;

const SIDE: i32 = 20;
const WIDE: i32 = 250;
const HIGH: i32 = 240;

/// A corner of the lattice of communities, moved a little so that no two borders are alike.
fn corner(column: i32, row: i32) -> Vertex {
    let play = |seed: i32| ((column * 37 + row * 101 + seed * 53) % 29) - 14;
    let scale = Scale::at(367_000_000.0);
    let steps = |metres: i32, scale: f64| crate::shape::to_steps(f64::from(metres) / scale);
    Vertex {
        x: 1_191_000_000 + steps(column * WIDE + play(1), scale.x),
        y: 367_000_000 + steps(row * HIGH + play(2), scale.y),
    }
}

struct City {
    communities: Vec<Community>,
    rows: Vec<GridRow>,
}

fn city(side: i32) -> City {
    let mut communities = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let ring = vec![
                corner(column, row),
                corner(column + 1, row),
                corner(column + 1, row + 1),
                corner(column, row + 1),
            ];
            communities.push(Community {
                code: format!("370705{:03}{:03}", row + 1, column + 1).parse().expect("a code"),
                shape: Shape::plain(Ring(ring)),
            });
        }
    }
    let streets: Vec<Vec<Vertex>> = (0..side)
        .map(|i| {
            let (a, b) = (corner(i, 0), corner(i, side));
            let half = crate::shape::to_steps(f64::from(WIDE) / 2.2 / Scale::at(367_000_000.0).x);
            vec![Vertex { x: a.x + half, y: a.y }, Vertex { x: b.x + half, y: b.y }]
        })
        .collect();
    let options = Options { target_m2: 5_000.0, ..Options::default() };
    let divided = divide(&communities, &streets, &options).expect("divides");
    for (community, outline) in communities.iter_mut().zip(divided.outlines) {
        community.shape = outline;
    }
    let rows =
        divided.grids.into_iter().map(|g| GridRow { code: g.code.to_string(), shape: g.shape }).collect();
    City { communities, rows }
}

impl City {
    fn of(&self, community: usize) -> Vec<usize> {
        let code = self.communities[community].code.as_str();
        (0..self.rows.len()).filter(|i| self.rows[*i].code.starts_with(code)).collect()
    }

    /// A row of the community and a corner of it that lies on the border (or does not).
    fn corner_of(&self, community: usize, on_border: bool) -> (usize, usize) {
        let border: BTreeSet<Vertex> = self.communities[community].shape.outer.0.iter().copied().collect();
        let place = self.of(community).into_iter().find_map(|row| {
            let ring = &self.rows[row].shape.outer.0;
            let n = ring.len();
            (0..n)
                .find(|i| {
                    let neighbours = [(i + n - 1) % n, (i + 1) % n];
                    // A corner between two of its kind, so that only the sides meant move.
                    border.contains(&ring[*i]) == on_border
                        && (!on_border || neighbours.iter().all(|j| border.contains(&ring[*j])))
                })
                .map(|i| (row, i))
        });
        place.expect("every community has such a corner")
    }

    /// Moves one corner of one row by metres away from a centre, or towards it.
    fn push(&mut self, (row, at): (usize, usize), from: Vertex, metres: f64) {
        let scale = Scale::at(f64::from(from.y));
        let v = self.rows[row].shape.outer.0[at];
        let (dx, dy) = (f64::from(v.x - from.x) * scale.x, f64::from(v.y - from.y) * scale.y);
        let far = (dx * dx + dy * dy).sqrt();
        self.rows[row].shape.outer.0[at] = Vertex {
            x: crate::shape::to_steps(f64::from(v.x) + dx / far * metres / scale.x),
            y: crate::shape::to_steps(f64::from(v.y) + dy / far * metres / scale.y),
        };
    }

    /// Plants a fault; answers what has to be found and the code that has to be named.
    fn plant(&mut self, community: usize, fault: usize) -> (FindingKind, String) {
        let own = self.of(community);
        let prefix = self.communities[community].code.to_string();
        let first = own[0];
        let last = own[own.len() - 1];
        let code = self.rows[first].code.clone();
        let inner = |city: &Self| {
            let place = city.corner_of(community, false);
            let centre = city.rows[place.0].shape.centroid().expect("a centre");
            (place, centre)
        };
        match fault {
            0 => {
                self.rows.remove(own[own.len() / 2]);
                (FindingKind::Gap, prefix)
            }
            1 | 2 => {
                let (place, centre) = inner(self);
                let (metres, kind) =
                    if fault == 1 { (-9.0, FindingKind::Gap) } else { (-0.4, FindingKind::SliverGap) };
                self.push(place, centre, metres);
                (kind, self.rows[place.0].code.clone())
            }
            3 | 4 => {
                let (place, centre) = inner(self);
                let (metres, kind) =
                    if fault == 3 { (9.0, FindingKind::Overlap) } else { (0.4, FindingKind::SliverOverlap) };
                self.push(place, centre, metres);
                (kind, self.rows[place.0].code.clone())
            }
            5 => {
                let place = self.corner_of(community, true);
                let centre = self.communities[community].shape.centroid().expect("a centre");
                self.push(place, centre, 15.0);
                (FindingKind::CrossesCommunity, self.rows[place.0].code.clone())
            }
            6 => {
                let other = if community.is_multiple_of(2) { community + 1 } else { community - 1 };
                let code = format!("{}950", self.communities[other].code);
                self.rows[first].code.clone_from(&code);
                (FindingKind::OutsideCommunity, code)
            }
            7 => {
                let code = format!("{}999{}", &code[..9], &code[12..]);
                self.rows[first].code.clone_from(&code);
                (FindingKind::UnknownCommunity, code)
            }
            8 => {
                let code = format!("{}A", &code[..14]);
                self.rows[first].code.clone_from(&code);
                (FindingKind::BadGridCode, code)
            }
            9 => {
                self.rows[last].code.clone_from(&code);
                (FindingKind::DuplicateGridCode, code)
            }
            10 => {
                self.rows[first].code = std::mem::replace(&mut self.rows[last].code, code.clone());
                (FindingKind::SequenceOrder, code)
            }
            11 => {
                let row =
                    own.into_iter().find(|i| self.rows[*i].shape.outer.0.len() >= 4).expect("a quadrangle");
                self.rows[row].shape.outer.0.swap(0, 1);
                (FindingKind::SelfCrossing, self.rows[row].code.clone())
            }
            12 => {
                let code = format!("{prefix}990");
                let ring = &self.rows[first].shape.outer.0;
                let (a, b) = (ring[0], ring[1]);
                let centre = self.rows[first].shape.centroid().expect("a centre");
                let share = |p: i32, q: i32, c: i32| {
                    let middle = f64::midpoint(f64::from(p), f64::from(q));
                    crate::shape::to_steps(middle + (f64::from(c) - middle) * 0.1)
                };
                let tip = Vertex { x: share(a.x, b.x, centre.x), y: share(a.y, b.y, centre.y) };
                self.rows.push(GridRow { code: code.clone(), shape: Shape::plain(Ring(vec![a, b, tip])) });
                (FindingKind::Sliver, code)
            }
            _ => {
                let code = format!("{}{}", &code[..12], &code[13..]);
                self.rows[first].code.clone_from(&code);
                (FindingKind::LegacyGridCode, code)
            }
        }
    }
}

const FAULTS: usize = 14;

#[test]
fn a_clean_city_has_no_findings_even_when_nothing_adds_up_edge_by_edge() {
    let mut city = city(6);
    assert!(check_grids(&city.rows, &city.communities, &Limits::default()).is_clean());
    // The communities as they were before their grids put vertices on their borders.
    for (i, community) in city.communities.iter_mut().enumerate() {
        let (column, row) = (i32::try_from(i % 6).expect("small"), i32::try_from(i / 6).expect("small"));
        community.shape.outer.0 = vec![
            corner(column, row),
            corner(column + 1, row),
            corner(column + 1, row + 1),
            corner(column, row + 1),
        ];
    }
    let report = check_grids(&city.rows, &city.communities, &Limits::default());
    assert!(report.is_clean(), "{:?}", report.findings);
}

#[test]
fn two_hundred_planted_faults_are_all_found_and_nothing_else() {
    let mut city = city(SIDE);
    assert!(check_grids(&city.rows, &city.communities, &Limits::default()).is_clean());
    let side = usize::try_from(SIDE).expect("small");
    // On the white squares of the board, so that the neighbours stay clean.
    let squares: Vec<usize> = (0..side * side).filter(|i| (i % side + i / side).is_multiple_of(2)).collect();
    assert_eq!(squares.len(), 200);
    let mut planted = Vec::new();
    for (n, community) in squares.iter().enumerate() {
        let extent = city.communities[*community].shape.extent().expect("vertices");
        let fault = n % FAULTS;
        let (kind, code) = city.plant(*community, fault);
        planted.push((fault, kind, code, extent));
    }
    let report = check_grids(&city.rows, &city.communities, &Limits::default());
    let wide = |e: &Extent| Extent {
        west: e.west - 2_500,
        south: e.south - 2_500,
        east: e.east + 2_500,
        north: e.north + 2_500,
    };
    for (fault, kind, code, extent) in &planted {
        let found = report
            .findings
            .iter()
            .any(|f| f.kind == *kind && f.codes.contains(code) && (wide(extent).holds(f.at) || *fault == 10));
        assert!(found, "fault {fault}: no {} of {code}", kind.code());
    }
    for finding in &report.findings {
        let explained = planted
            .iter()
            .any(|(_, _, code, extent)| finding.codes.contains(code) || wide(extent).holds(finding.at));
        assert!(explained, "false alarm: {finding:?}");
    }
}

#[test]
fn communities_that_overlap_are_found() {
    let mut city = city(3);
    let ring = &mut city.communities[4].shape.outer.0;
    let east = *ring.iter().max_by_key(|v| v.x).expect("vertices");
    let at = ring.iter().position(|v| *v == east).expect("there");
    ring[at].x += 3_000;
    let report = check_grids(&[], &city.communities, &Limits::default());
    let overlap = report.findings.iter().find(|f| f.kind == FindingKind::CommunityOverlap).expect("found");
    assert!(overlap.codes.contains(&city.communities[4].code.to_string()));
    assert_eq!(report.count(FindingKind::Gap), 9, "and all nine communities are one gap each");
}

#[test]
fn what_is_safe_is_mended_and_the_rest_reported() {
    let City { mut rows, communities } = city(4);
    let clean = rows.clone();
    for (i, row) in rows.iter_mut().enumerate() {
        match i % 5 {
            0 => row.shape.outer.0.reverse(),
            1 => {
                let first = row.shape.outer.0[0];
                row.shape.outer.0.push(first);
            }
            // A jitter of up to 6 cm, as after two conversions of the datum.
            2 => {
                let n = row.shape.outer.0.len();
                row.shape.outer.0[i % n].x += 5;
                row.shape.outer.0[(i + 1) % n].y -= 4;
            }
            3 => row.code = format!(" {}{} ", &row.code[..12], &row.code[13..]),
            _ => {}
        }
    }
    let limits = Limits { tolerance_m: 0.01, ..Limits::default() };
    assert!(check_grids(&rows, &communities, &limits).findings.len() > rows.len() / 2);
    let repaired = repair(&rows, &communities, &RepairOptions::default(), &limits);
    assert!(repaired.left.is_clean(), "{:?}", repaired.left.findings);
    let kinds: BTreeSet<Repair> = repaired.mended.iter().map(|m| m.repair).collect();
    assert_eq!(kinds, [Repair::Code, Repair::Ring, Repair::Snapped].into());
    for (before, after) in clean.iter().zip(&repaired.rows) {
        assert_eq!(before.code, after.code);
        assert!((before.shape.area_m2() - after.shape.area_m2()).abs() < 40.0);
    }
    // A hole of a whole grid is not mended.
    rows.remove(7);
    let repaired = repair(&rows, &communities, &RepairOptions::default(), &limits);
    assert_eq!(repaired.left.count(FindingKind::Gap), 1);
    assert_eq!(repaired.rows.len(), rows.len());
}

#[test]
fn sequences_are_issued_anew_only_when_asked() {
    let City { mut rows, communities } = city(2);
    let (a, b) = (rows[0].code.clone(), rows[3].code.clone());
    rows[0].code = b;
    rows[3].code = a;
    let limits = Limits::default();
    let kept = repair(&rows, &communities, &RepairOptions::default(), &limits);
    assert_eq!(kept.left.count(FindingKind::SequenceOrder), 1);
    let options = RepairOptions { renumber: true, ..RepairOptions::default() };
    let renumbered = repair(&rows, &communities, &options, &limits);
    assert!(renumbered.left.is_clean());
    assert_eq!(renumbered.mended.len(), 2);
}

#[test]
fn faults_of_components_are_found_and_clean_ones_pass() {
    let City { rows, .. } = city(4);
    let shapes: Vec<Shape> = rows.iter().map(|row| row.shape.clone()).collect();
    let codes: Vec<GridCode> = rows.iter().map(|row| row.code.parse().expect("a code")).collect();
    let locator = Locator::new(&shapes);
    let limits = Limits::default();
    let fresh = || ComponentChecker::new(&locator, &codes, Catalogue::national_ref(), limits.clone());
    let places: Vec<Vertex> = shapes.iter().map(|s| s.inner_point().expect("wide")).collect();
    let mut checker = fresh();
    for (i, at) in places.iter().enumerate() {
        let code = format!("37070501037{:06}", i + 1);
        checker.see(&ComponentRow { code: &code, site: Site::Point(*at), grid: Some(codes[i].as_str()) });
        let old = format!("3707050101{:06}", i + 1);
        checker.see(&ComponentRow { code: &old, site: Site::Point(*at), grid: None });
    }
    assert_eq!(checker.per_grid().iter().sum::<u32>() as usize, places.len() * 2);
    assert!(checker.finish().is_clean());

    let far = Vertex { x: places[0].x - 10_000_000, y: places[0].y };
    let beside = Vertex { x: places[1].x + 20, ..places[1] };
    let line = [places[0], places[places.len() - 1]];
    let table: [(&str, Site<'_>, Option<&str>, FindingKind); 8] = [
        ("3707050199000001", Site::Point(places[0]), None, FindingKind::UnknownClass),
        ("370705X1037000001", Site::Point(places[0]), None, FindingKind::BadComponentCode),
        ("37070501016000001", Site::Point(places[0]), None, FindingKind::UnknownClass),
        ("37070401037000001", Site::Point(places[0]), None, FindingKind::WrongDivision),
        ("37070501037000901", Site::Point(far), None, FindingKind::OutsideGrids),
        ("37070501037000902", Site::Point(places[0]), Some(codes[1].as_str()), FindingKind::WrongGrid),
        ("37070502017000001", Site::Line(&line), None, FindingKind::CutByGridLine),
        ("37070501037000903", Site::Line(&[]), None, FindingKind::TooFewVertices),
    ];
    for (code, site, grid, kind) in table {
        let mut checker = fresh();
        checker.see(&ComponentRow { code, site, grid });
        let report = checker.finish();
        assert_eq!(report.findings.len(), 1, "{code}: {:?}", report.findings);
        assert_eq!((report.findings[0].kind, report.findings[0].codes[0].as_str()), (kind, code));
    }
    let mut checker = fresh();
    for (code, at) in [
        ("37070501037000001", places[0]),
        ("37070501037000001", places[2]),
        ("37070501037000002", places[1]),
        ("37070501037000003", beside),
    ] {
        checker.see(&ComponentRow { code, site: Site::Point(at), grid: None });
    }
    let report = checker.finish();
    assert_eq!(report.count(FindingKind::DuplicateComponentCode), 2);
    assert_eq!(report.count(FindingKind::TooNear), 1);
    assert_eq!(report.findings.len(), 3);
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let City { mut rows, communities } = city(3);
    for row in &mut rows {
        row.code = "x".to_owned();
    }
    let limits = Limits { each_max: 4, ..Limits::default() };
    let report = check_grids(&rows, &communities, &limits);
    assert_eq!(report.findings.iter().filter(|f| f.kind == FindingKind::BadGridCode).count(), 4);
    assert_eq!(report.count(FindingKind::BadGridCode), rows.len());
}

#[test]
fn every_kind_of_finding_has_its_own_code_and_text() {
    let kinds = [
        FindingKind::TooFewVertices,
        FindingKind::SelfCrossing,
        FindingKind::RingOrder,
        FindingKind::RepeatedVertex,
        FindingKind::Gap,
        FindingKind::SliverGap,
        FindingKind::Overlap,
        FindingKind::SliverOverlap,
        FindingKind::Sliver,
        FindingKind::CrossesCommunity,
        FindingKind::OutsideCommunity,
        FindingKind::CommunityOverlap,
        FindingKind::TooSmall,
        FindingKind::TooLarge,
        FindingKind::BadGridCode,
        FindingKind::LegacyGridCode,
        FindingKind::UnknownCommunity,
        FindingKind::DuplicateGridCode,
        FindingKind::SequenceOrder,
        FindingKind::BadComponentCode,
        FindingKind::UnknownClass,
        FindingKind::WrongDivision,
        FindingKind::DuplicateComponentCode,
        FindingKind::OutsideGrids,
        FindingKind::WrongGrid,
        FindingKind::CutByGridLine,
        FindingKind::TooNear,
    ];
    let codes: BTreeSet<&str> = kinds.iter().map(|kind| kind.code()).collect();
    let texts: BTreeSet<String> = kinds.iter().map(|kind| kind.text().zh).collect();
    assert_eq!((codes.len(), texts.len()), (kinds.len(), kinds.len()));
}
