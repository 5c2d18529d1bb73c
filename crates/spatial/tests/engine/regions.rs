use crate::made::{self, CORNER, Dice, STEP};
use city::AreaGrade;
use city::grid::{Bounds, UnitGrid as Rectangle};
use geo::{Contains, LineString, MultiPolygon, Polygon, coord, polygon};
use kernel::{Cgcs2000, GridCode, Point};
use proptest::prelude::*;
use yiwang_spatial::outline::{BadOutline, Outline};
use yiwang_spatial::region::{GridRow, RegionProblem, Regions, UnitGrids};

fn point(lng: f64, lat: f64) -> Point<Cgcs2000> {
    Point::new(lng, lat).expect("on the earth")
}

fn code(text: &str) -> GridCode {
    text.parse().expect("a code")
}

fn anywhere(dice: &mut Dice, side: f64) -> Point<Cgcs2000> {
    point(
        CORNER[0] + (dice.share() * (side + 2.0) - 1.0) * STEP[0],
        CORNER[1] + (dice.share() * (side + 2.0) - 1.0) * STEP[1],
    )
}

/// Every grid that holds the point inside, by another library.
fn slow_at(rows: &[GridRow], p: Point<Cgcs2000>) -> Vec<&GridCode> {
    let p = geo::Point::new(p.lng(), p.lat());
    rows.iter().filter(|row| row.shape.contains(&p)).map(|row| &row.code).collect()
}

#[test]
fn a_point_inside_a_grid_is_in_that_grid_and_in_no_other() {
    let rows = made::grids(12, 12, 3);
    let grids = UnitGrids::new(rows.clone()).expect("good grids");
    let mut dice = Dice(1);
    let mut inside = 0;
    for _ in 0..20_000 {
        let p = anywhere(&mut dice, 12.0);
        let slow = slow_at(&rows, p);
        assert!(slow.len() <= 1);
        inside += slow.len();
        assert_eq!(grids.at(p), slow.first().copied(), "{p:?}");
        assert_eq!(grids.regions().all_at(p).len(), slow.len());
    }
    assert!(inside > 10_000);
}

#[test]
fn a_point_on_an_inner_edge_or_corner_is_in_exactly_one_grid() {
    let rows = made::grids(8, 8, 3);
    let grids = UnitGrids::new(rows.clone()).expect("good grids");
    let hull = grids.all_bounds().expect("there are grids");
    let mut on_edges = 0;
    for row in &rows {
        for line in row.shape.0[0].exterior().lines() {
            let middle = coord! { x: f64::midpoint(line.start.x, line.end.x), y: f64::midpoint(line.start.y, line.end.y) };
            for c in [line.start, middle] {
                let holding = grids.iter().filter(|grid| grid.outline.holds(c.x, c.y)).count();
                let inner = c.x > hull.west + STEP[0]
                    && c.x < hull.east - STEP[0]
                    && c.y > hull.south + STEP[1]
                    && c.y < hull.north - STEP[1];
                if inner {
                    assert_eq!(holding, 1, "{c:?}");
                    on_edges += 1;
                }
                // On the outer edge the grid beside it answers all the same.
                assert!(grids.at(point(c.x, c.y)).is_some(), "{c:?}");
            }
        }
    }
    assert!(on_edges > 1000);
}

#[test]
fn rectangles_answer_as_the_plain_grid_does() {
    let rectangle = |n: u32| {
        let (west, south) = (117.0 + f64::from(n % 9) * 0.001, 36.0 + f64::from(n / 9) * 0.001);
        Rectangle {
            code: code(&format!("990101001{:03}{:03}", n / 40 + 1, n % 40 + 1)),
            bounds: Bounds {
                west,
                south,
                east: 117.0 + f64::from(n % 9 + 1) * 0.001,
                north: 36.0 + f64::from(n / 9 + 1) * 0.001,
            },
            grade: n.is_multiple_of(3).then_some(AreaGrade::B),
        }
    };
    let plain = city::Grids::new((0..81).map(rectangle).collect()).expect("no overlap");
    let mut grids = UnitGrids::from(&plain);
    assert_eq!(grids.len(), 81);
    let mut dice = Dice(3);
    for k in 0..5000 {
        // Every fourth point has a longitude on an edge, every fifth a latitude.
        let mut lng = 116.999 + dice.share() * 0.011;
        let mut lat = 35.999 + dice.share() * 0.011;
        if k % 4 == 0 {
            lng = 117.0 + f64::from(u32::try_from(dice.below(10)).expect("small")) * 0.001;
        }
        if k % 5 == 0 {
            lat = 36.0 + f64::from(u32::try_from(dice.below(10)).expect("small")) * 0.001;
        }
        let p = point(lng, lat);
        assert_eq!(grids.at(p), plain.at(p), "{p:?}");
        let (new, old) = (grids.nearest(p, 60.0), plain.nearest(p, 60.0));
        assert_eq!(new.is_some(), old.is_some(), "{p:?}");
        if let Some(((_, far), (_, old_far))) = new.zip(old) {
            assert!((far - old_far).abs() < 0.01, "{far} {old_far}");
        }
    }
    for grid in plain.iter() {
        assert_eq!(grids.neighbours(&grid.code), plain.neighbours(&grid.code));
        assert_eq!(grids.bounds(&grid.code), plain.bounds(&grid.code));
        assert_eq!(grids.grade(&grid.code), grid.grade);
        let (a, b) = (grids.centre(&grid.code), plain.centre(&grid.code));
        assert!(a.zip(b).expect("both").0.metres_to(&b.expect("there")) < 0.01);
    }
    assert_eq!(grids.communities(), plain.communities());
    assert_eq!(grids.all_bounds(), plain.all_bounds());
    let second = code("990101001002");
    assert_eq!(grids.of_area(&second).count(), plain.of_area(&second).len());
    assert!(grids.at(grids.centre(&second).expect("grids")).expect("inside").is_within(&second));
    assert_eq!(grids.set_grade(&second, Some(AreaGrade::A)), 40);
    assert_eq!(grids.grade(&code("990101001002001")), Some(AreaGrade::A));
}

#[test]
fn holes_and_parts_count_as_drawn() {
    let square = |x: f64, y: f64, side: f64| {
        LineString::from(vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
    };
    // The first part is drawn clockwise, and its hole too: the drawing does not matter.
    let mut first = square(117.0, 36.0, 0.01);
    first.0.reverse();
    let shape = MultiPolygon(vec![
        Polygon::new(first, vec![square(117.002, 36.002, 0.004)]),
        Polygon::new(square(117.02, 36.0, 0.01), Vec::new()),
    ]);
    let lake = MultiPolygon(vec![Polygon::new(square(117.002, 36.002, 0.004), Vec::new())]);
    let rows = vec![("land".to_owned(), (), shape.clone()), ("water".to_owned(), (), lake)];
    let regions = Regions::new(rows).expect("good");
    let at = |lng, lat| regions.at(point(lng, lat)).map(|region| region.key.as_str());
    assert_eq!(at(117.001, 36.001), Some("land"));
    assert_eq!(at(117.004, 36.004), Some("water"));
    assert_eq!(at(117.015, 36.004), None);
    assert_eq!(at(117.025, 36.004), Some("land"));
    // The edge of the hole belongs to one of the two.
    assert_eq!(at(117.002, 36.004), Some("water"));
    assert_eq!(at(117.006, 36.004), Some("land"));
    let outline = Outline::new(&shape).expect("good");
    assert_eq!(outline.rings().map(|(_, hole)| hole).collect::<Vec<_>>(), [false, true, false]);
    let back = outline.to_multi_polygon();
    assert_eq!((back.0.len(), back.0[0].interiors().len()), (2, 1));
    let metres = outline.metres_to(point(117.004, 36.004));
    assert!((metres - 0.002 * 111_195.0 * 36.004_f64.to_radians().cos()).abs() < 0.1, "{metres}");
    let centre = outline.centre();
    assert!(outline.holds(centre.lng(), centre.lat()));
}

#[test]
fn overlapping_areas_are_all_told() {
    let area = |x: f64| polygon![(x: x, y: 36.0), (x: x + 0.02, y: 36.0), (x: x + 0.01, y: 36.02)];
    let rows = (0..5).map(|n| (n, (), MultiPolygon(vec![area(117.0 + f64::from(n) * 0.003)]))).collect();
    let duties = Regions::new(rows).expect("good");
    let p = point(117.0125, 36.004);
    let all: Vec<i32> = duties.all_at(p).iter().map(|region| region.key).collect();
    assert_eq!(all, [0, 1, 2, 3]);
    assert_eq!(duties.at(p).map(|region| region.key), Some(0));
}

#[test]
fn the_centre_of_a_crescent_lies_in_it() {
    let crescent = polygon![
        (x: 117.0, y: 36.0), (x: 117.03, y: 36.0), (x: 117.03, y: 36.03), (x: 117.0, y: 36.03),
        (x: 117.0, y: 36.025), (x: 117.025, y: 36.025), (x: 117.025, y: 36.005), (x: 117.0, y: 36.005),
    ];
    let outline = Outline::new(&MultiPolygon(vec![crescent])).expect("good");
    let centre = outline.centre();
    assert!(outline.holds(centre.lng(), centre.lat()), "{centre:?}");
}

#[test]
fn what_is_no_region_is_refused() {
    let good = polygon![(x: 117.0, y: 36.0), (x: 117.1, y: 36.0), (x: 117.0, y: 36.1)];
    let line = polygon![(x: 117.0, y: 36.0), (x: 117.1, y: 36.0), (x: 117.0, y: 36.0)];
    let off = polygon![(x: 117.0, y: 36.0), (x: 217.1, y: 36.0), (x: 117.0, y: 36.1)];
    let row = |code: &str, shape: &Polygon| GridRow {
        code: code.parse().expect("a code"),
        grade: None,
        shape: MultiPolygon(vec![shape.clone()]),
    };
    let (one, two) = ("990101001001001", "990101001001002");
    let problem = |rows| UnitGrids::new(rows).expect_err("bad");
    assert!(matches!(
        problem(vec![row(one, &good), row(two, &line)]),
        RegionProblem::Outline { at: 1, problem: BadOutline::NoArea, .. }
    ));
    assert!(matches!(
        problem(vec![row(one, &off)]),
        RegionProblem::Outline { problem: BadOutline::OffTheEarth, .. }
    ));
    assert!(matches!(
        problem(vec![row(one, &good), row(two, &good), row(one, &good)]),
        RegionProblem::KeyTwice { at: 2, .. }
    ));
    assert!(matches!(problem(vec![row("990101001001", &good)]), RegionProblem::NotAGrid { at: 0, .. }));
}

#[test]
fn the_nearest_grid_is_the_nearest_of_all() {
    let rows = made::grids(6, 6, 2);
    let grids = UnitGrids::new(rows).expect("good grids");
    let mut dice = Dice(9);
    for _ in 0..500 {
        let p = point(
            CORNER[0] + (dice.share() * 60.0 - 27.0) * STEP[0],
            CORNER[1] + (dice.share() * 60.0 - 27.0) * STEP[1],
        );
        let slow = grids
            .iter()
            .map(|grid| grid.outline.metres_to(p))
            .min_by(f64::total_cmp)
            .filter(|far| *far <= 1500.0);
        let found = grids.nearest(p, 1500.0);
        assert_eq!(found.map(|(_, far)| far), slow, "{p:?}");
        if let Some((code, far)) = found {
            assert_eq!(grids.metres_to(p, code), Some(far));
        }
    }
}

#[test]
fn neighbours_share_at_least_a_corner() {
    let rows = made::grids(5, 5, 3);
    let grids = UnitGrids::new(rows.clone()).expect("good grids");
    let middle = &rows[12].code;
    let around: Vec<&GridCode> = [6, 7, 8, 11, 13, 16, 17, 18].iter().map(|n| &rows[*n].code).collect();
    assert_eq!(grids.neighbours(middle), around);
    assert_eq!(grids.neighbours(&rows[0].code), [&rows[1].code, &rows[5].code, &rows[6].code]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is changed in place, the answers are those of a city built anew.
    #[test]
    fn changing_in_place_is_as_good_as_building_anew(seed in any::<u64>(), changes in 1_usize..60) {
        let mut dice = Dice(seed);
        let mut rows = made::grids(6, 6, 1);
        let mut grids = UnitGrids::new(rows.clone()).expect("good grids");
        for _ in 0..changes {
            let at = dice.index(rows.len());
            match dice.below(3) {
                0 => {
                    prop_assert!(grids.remove(&rows[at].code).is_some());
                    rows.remove(at);
                    if rows.is_empty() { break; }
                }
                1 => {
                    // Another outline, now and then far beyond the others.
                    let (x, y) = (CORNER[0] + dice.share() * 0.008, CORNER[1] + dice.share() * 0.006);
                    let size = if dice.below(8) == 0 { 0.05 } else { 0.001 };
                    let triangle = polygon![(x: x, y: y), (x: x + size, y: y), (x: x, y: y + size)];
                    rows[at].shape = MultiPolygon(vec![triangle]);
                    prop_assert!(grids.put(rows[at].clone()).expect("good").is_some());
                }
                _ => {
                    let mut row = rows[at].clone();
                    row.code = code(&format!("3707020010{:02}{:03}", dice.below(90), dice.below(1000)));
                    if grids.get(&row.code).is_none() {
                        prop_assert!(grids.put(row.clone()).expect("good").is_none());
                        rows.push(row);
                    }
                }
            }
        }
        let anew = UnitGrids::new(rows).expect("good grids");
        prop_assert_eq!(grids.len(), anew.len());
        for _ in 0..300 {
            let p = anywhere(&mut dice, 7.0);
            prop_assert_eq!(grids.at(p), anew.at(p));
            let keys = |grids: &UnitGrids| -> Vec<GridCode> {
                grids.regions().all_at(p).iter().map(|grid| grid.key.clone()).collect()
            };
            prop_assert_eq!(keys(&grids), keys(&anew));
        }
    }

    /// Any polygon, however it crosses itself: the bands give the answer of a plain walk along all edges.
    #[test]
    fn bands_never_change_the_answer(places in prop::collection::vec((0_i32..40, 0_i32..40), 3..60)) {
        let ring: Vec<(f64, f64)> =
            places.iter().map(|(x, y)| (117.0 + f64::from(*x) * 0.01, 36.0 + f64::from(*y) * 0.01)).collect();
        let shape = MultiPolygon(vec![Polygon::new(LineString::from(ring.clone()), Vec::new())]);
        let Ok(outline) = Outline::new(&shape) else { return Ok(()) };
        for x in 0..40 {
            for y in 0..40 {
                let (lng, lat) = (117.005_133_7 + f64::from(x) * 0.01, 36.004_771_3 + f64::from(y) * 0.01);
                let mut slow = false;
                for i in 0..ring.len() {
                    let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                    if (a.1 <= lat) != (b.1 <= lat) && a.0 + (b.0 - a.0) * (lat - a.1) / (b.1 - a.1) < lng {
                        slow = !slow;
                    }
                }
                prop_assert_eq!(outline.holds(lng, lat), slow, "{} {}", lng, lat);
            }
        }
    }
}
