use super::*;
use crate::shape::Extent;
use proptest::prelude::*;

/// Steps of about a metre at the latitude of the tests, north and east alike is near enough.
const METRE: i32 = 100;

fn v(x: i32, y: i32) -> Vertex {
    Vertex { x: 1_191_000_000 + x * METRE, y: 367_000_000 + y * METRE }
}

fn ring(points: &[(i32, i32)]) -> Ring {
    Ring(points.iter().map(|(x, y)| v(*x, *y)).collect())
}

fn community(number: usize, points: &[(i32, i32)]) -> Community {
    Community {
        code: format!("370705001{number:03}").parse().expect("a code"),
        shape: Shape::plain(ring(points)),
    }
}

fn boxed(number: usize, west: i32, south: i32, width: i32, height: i32) -> Community {
    community(
        number,
        &[(west, south), (west + width, south), (west + width, south + height), (west, south + height)],
    )
}

/// Every edge is shared by two grids of a community or lies on its outline: then the grids tile it exactly.
fn tiles(divided: &Divided) {
    for (number, outline_) in divided.outlines.iter().enumerate() {
        let shapes: Vec<Shape> =
            divided.grids.iter().filter(|g| g.community == number).map(|g| g.shape.clone()).collect();
        assert_eq!(&outline(&shapes), outline_);
        let sum: i128 = shapes.iter().map(|s| s.outer.area2()).sum();
        let whole: i128 = outline_.rings().map(Ring::area2).sum();
        assert_eq!(sum, whole, "community {number}");
        for shape in &shapes {
            assert!(shape.outer.area2() > 0 && is_simple(&shape.outer), "{shape:?}");
        }
    }
}

fn is_simple(ring: &Ring) -> bool {
    let edges: Vec<_> = ring.edges().collect();
    let n = edges.len();
    (0..n).all(|i| {
        (i + 1..n).all(|j| {
            let next = j == i + 1 || (i == 0 && j == n - 1);
            next || !crate::shape::touches(edges[i].0, edges[i].1, edges[j].0, edges[j].1)
        })
    })
}

#[test]
fn a_plain_community_is_cut_into_grids_of_the_size_wanted() {
    let divided = divide(&[boxed(1, 0, 0, 800, 500)], &[], &Options::default()).expect("divides");
    tiles(&divided);
    let area: f64 = divided.grids.iter().map(|g| g.area_m2).sum();
    assert!((divided.grids.len() as f64 - area / 10_000.0).abs() <= 2.0, "{}", divided.grids.len());
    for grid in &divided.grids {
        assert!((5_000.0..20_000.0).contains(&grid.area_m2), "{grid:?}");
    }
    assert_eq!(divided.grids[0].code.as_str(), "370705001001001");
}

#[test]
fn grids_follow_the_streets() {
    let street = vec![v(310, -20), v(310, 520)];
    let divided = divide(&[boxed(1, 0, 0, 800, 500)], &[street], &Options::default()).expect("divides");
    tiles(&divided);
    for grid in &divided.grids {
        let extent = grid.shape.extent().expect("vertices");
        let (west, east) = (v(309, 0).x, v(311, 0).x);
        assert!(extent.east < east || extent.west > west, "{grid:?} lies across the street");
    }
}

#[test]
fn neighbours_share_every_vertex_of_their_boundary() {
    let divided =
        divide(&[boxed(1, 0, 0, 500, 500), boxed(2, 500, -130, 420, 777)], &[], &Options::default())
            .expect("divides");
    tiles(&divided);
    let on = |number: usize| {
        divided.outlines[number].edges().collect::<std::collections::BTreeSet<(Vertex, Vertex)>>()
    };
    let (one, other) = (on(0), on(1));
    let shared: i64 = one
        .iter()
        .filter(|(a, b)| other.contains(&(*b, *a)))
        .map(|(a, b)| i64::from((a.y - b.y).abs()))
        .sum();
    assert_eq!(shared, i64::from(500 * METRE), "the whole common boundary is one line for both");
}

#[test]
fn the_exact_number_of_grids_is_made() {
    for count in [2, 7, 40, 63] {
        let options = Options { count: Some(count), ..Options::default() };
        let streets = [vec![v(200, 0), v(260, 500)], vec![v(0, 260), v(900, 240)]];
        let divided = divide(&[boxed(1, 0, 0, 500, 500), boxed(2, 500, 0, 400, 500)], &streets, &options)
            .expect("divides");
        tiles(&divided);
        assert_eq!(divided.grids.len(), count);
    }
}

#[test]
fn an_island_and_a_street_that_leads_nowhere_do_no_harm() {
    let square = vec![v(300, 200), v(450, 200), v(450, 330), v(300, 330), v(300, 200)];
    let tail = vec![v(450, 330), v(520, 380)];
    let mut ringed = boxed(1, 0, 0, 800, 500);
    ringed.shape.holes.push(Ring(vec![v(600, 100), v(600, 300), v(700, 300), v(700, 100)]));
    let inner = community(2, &[(600, 100), (700, 100), (700, 300), (600, 300)]);
    let divided = divide(&[ringed, inner], &[square, tail], &Options::default()).expect("divides");
    tiles(&divided);
    assert_eq!(divided.outlines[0].holes.len(), 1);
    assert!(divided.grids.iter().filter(|g| g.community == 1).count() == 2);
}

#[test]
fn codes_run_in_reading_order_and_convert_to_the_legacy_form() {
    let divided = divide(&[boxed(1, 0, 0, 300, 300)], &[], &Options { count: Some(9), ..Options::default() })
        .expect("divides");
    let first = divided.grids[0].shape.centroid().expect("a centre");
    let last = divided.grids[8].shape.centroid().expect("a centre");
    assert!(first.x < last.x && first.y > last.y, "first north-west, last south-east");
    let code = &divided.grids[0].code;
    assert_eq!(legacy_code(code).as_deref(), Some("37070500100101"));
    assert_eq!(city::codes::unit_grid("37070500100101").expect("14 digits"), *code);
    assert_eq!(legacy_code(&"370705001001100".parse().expect("a code")), None);
    assert_eq!(grid_code(code, 1), None);
    assert_eq!(grid_code(&"370705001001".parse().expect("a code"), 1_000), None);
}

#[test]
fn input_that_cannot_be_divided_is_refused() {
    let refuse = |communities: &[Community], options: &Options| {
        divide(communities, &[], options).expect_err("refused").code()
    };
    let plain = Options::default();
    assert_eq!(
        refuse(&[boxed(1, 0, 0, 500, 500), boxed(2, 300, 0, 500, 500)], &plain),
        "communities_overlap"
    );
    assert_eq!(refuse(&[boxed(1, 0, 0, 500, 500), boxed(1, 600, 0, 500, 500)], &plain), "community_twice");
    assert_eq!(refuse(&[boxed(1, 0, 0, 500, 0)], &plain), "no_area");
    assert_eq!(refuse(&[boxed(1, 0, 0, 5_000, 5_000)], &plain), "too_many_grids");
    assert_eq!(
        refuse(&[boxed(1, 0, 0, 500, 500)], &Options { target_m2: 1.0, ..plain.clone() }),
        "target_out_of_range"
    );
    let mut wrong = boxed(1, 0, 0, 500, 500);
    wrong.code = "370705001".parse().expect("a code");
    assert_eq!(refuse(&[wrong], &plain), "not_a_community");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn any_streets_give_a_tiling_and_the_same_one_each_time(
        lines in proptest::collection::vec(
            proptest::collection::vec((-50..950_i32, -50..650_i32), 2..5), 0..12),
        bend in -120..120_i32,
    ) {
        let communities = [
            community(1, &[(0, 0), (450, 0), (450 + bend, 300), (450, 600), (0, 600)]),
            community(2, &[(450, 0), (900, 0), (900, 600), (450, 600), (450 + bend, 300)]),
        ];
        let streets: Vec<Vec<Vertex>> =
            lines.iter().map(|line| line.iter().map(|(x, y)| v(*x, *y)).collect()).collect();
        let divided = divide(&communities, &streets, &Options::default()).expect("divides");
        tiles(&divided);
        prop_assert!(divided.grids.len() > 30);
        prop_assert_eq!(&divided, &divide(&communities, &streets, &Options::default()).expect("divides"));
        let all = Extent::of(divided.outlines.iter().flat_map(|s| s.outer.0.iter().copied())).expect("vertices");
        // A meeting of streets beside the boundary becomes one vertex with it: half a metre is `snap_m`.
        let near = |a: i32, b: i32| (a - b).abs() <= 50;
        prop_assert!(near(all.west, v(0, 0).x) && near(all.north, v(0, 600).y));
    }
}
