use super::*;
use crate::check::{ComponentChecker, ComponentRow, GridRow, Limits, check_grids};
use city::Catalogue;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MIX: &str = "# an assumption\ncode,name,count,where\n\
    04002,行道树,2400,kerb\n01037,路灯,900,kerb\n01003,雨水井盖,500,carriageway\n01005,电力井盖,200,pavement\n\
    02014,交通信号灯,60,crossing\n02017,交通护栏,50,road\n02001,停车场,40,block\n02025,非机动车停放点,30,pavement\n\
    03007,牌匾标识,220,front\n04003,独立树,700,block\n01026,沟槽盖板,40,kerb\n";

fn plan(seed: u64) -> Plan {
    let county = |code: &str| code.parse().expect("a code");
    Plan {
        seed,
        middle: (119.13, 36.71),
        area_m2: 6_000_000.0,
        grids: 600,
        patrol_grids: 14,
        supervision_grids: 6,
        shops: 300,
        anchors: vec![
            Anchor { county: county("370702"), east: -1.0, north: 0.0 },
            Anchor { county: county("370705"), east: 1.0, north: 0.0 },
        ],
    }
}

fn rows() -> (Vec<Named>, Vec<Named>) {
    let (mut communities, mut streets) = (Vec::new(), Vec::new());
    for (street, count) in [("370702001", 5), ("370702002", 4), ("370705001", 7), ("370705002", 8)] {
        streets.push(Named { code: street.parse().expect("a code"), name: format!("街道{street}") });
        for n in 1..=count {
            let code = format!("{street}{n:03}").parse().expect("a code");
            communities.push(Named { code, name: format!("社区{n}") });
        }
    }
    (communities, streets)
}

fn town(seed: u64) -> Town {
    let (communities, streets) = rows();
    Town::draw(&communities, &streets, &plan(seed)).expect("draws")
}

fn findings(town: &Town, mix: &Mix) -> Vec<String> {
    let grids: Vec<GridRow> = town
        .divided
        .grids
        .iter()
        .map(|g| GridRow { code: g.code.to_string(), shape: g.shape.clone() })
        .collect();
    let outlines: Vec<Community> = town
        .communities
        .iter()
        .zip(&town.divided.outlines)
        .map(|(c, shape)| Community { code: c.code.clone(), shape: shape.clone() })
        .collect();
    let limits = Limits { near_m: 0.0, ..Limits::default() };
    let mut all: Vec<String> =
        check_grids(&grids, &outlines, &limits).findings.iter().map(|f| format!("{f:?}")).collect();
    let codes: Vec<GridCode> = town.divided.grids.iter().map(|g| g.code.clone()).collect();
    let mut checker = ComponentChecker::new(town.locator(), &codes, Catalogue::national_ref(), limits);
    for placed in town.components(mix) {
        let code = placed.code();
        let grid = Some(codes[placed.grid].as_str());
        placed.spot.with_site(|site| checker.see(&ComponentRow { code: &code, site, grid }));
    }
    all.extend(checker.finish().findings.iter().map(|f| format!("{f:?}")));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_seed_draws_a_city_without_a_fault_and_in_full_number(seed in any::<u64>()) {
        let mix = Mix::from_csv(MIX, Catalogue::national_ref()).expect("reads");
        let town = town(seed);
        prop_assert_eq!(findings(&town, &mix), Vec::<String>::new());
        prop_assert_eq!(town.divided.grids.len(), 600);
        let area: f64 = town.divided.grids.iter().map(|g| g.area_m2).sum();
        prop_assert!((area / 6_000_000.0 - 1.0).abs() < 1e-3, "{}", area);
        prop_assert_eq!(town.components(&mix).count(), mix.total());
        prop_assert_eq!(town.shops().count(), 300);
        for sets in [&town.patrol, &town.supervision] {
            let members: Vec<u32> = sets.iter().flat_map(|set| set.grids.iter().copied()).collect();
            let once: BTreeSet<u32> = members.iter().copied().collect();
            prop_assert_eq!((members.len(), once.len()), (600, 600));
        }
        for patrol in &town.patrol {
            let of = &town.supervision[patrol.within.expect("nested")];
            prop_assert!(patrol.grids.iter().all(|g| of.grids.contains(g)));
        }
    }
}

#[test]
fn a_seed_draws_the_same_city_and_another_seed_another() {
    let mix = Mix::from_csv(MIX, Catalogue::national_ref()).expect("reads");
    let (one, again, other) = (town(7), town(7), town(8));
    assert_eq!((&one.divided, &one.streets, &one.patrol), (&again.divided, &again.streets, &again.patrol));
    assert_eq!(one.shops().collect::<Vec<_>>(), again.shops().collect::<Vec<_>>());
    assert!(one.components(&mix).eq(again.components(&mix)));
    assert_ne!(one.divided, other.divided);
}

#[test]
fn components_stand_where_their_class_stands() {
    let mix = Mix::from_csv(MIX, Catalogue::national_ref()).expect("reads");
    let town = town(1);
    let mut per_class: BTreeMap<&str, usize> = BTreeMap::new();
    for placed in town.components(&mix) {
        *per_class.entry(placed.class.class.code()).or_default() += 1;
        let code: city::codes::ComponentCode = placed.code().parse().expect("17 digits");
        assert_eq!(code.class, placed.class.class);
        if let (Where::Carriageway, Spot::Point(at), Some(street)) =
            (placed.class.place, placed.spot, placed.street)
        {
            let street = &town.streets[street];
            let off =
                street.line.windows(2).map(|pair| off_line(at, pair[0], pair[1])).fold(f64::MAX, f64::min);
            assert!(off > 0.5 && off < street.class.width_m() / 2.0, "{off} m from the middle");
        }
    }
    assert_eq!(per_class["01037"], 900);
}

fn off_line(p: Vertex, a: Vertex, b: Vertex) -> f64 {
    let scale = crate::shape::Scale::at(f64::from(a.y));
    let m = |v: Vertex| (f64::from(v.x - a.x) * scale.x, f64::from(v.y - a.y) * scale.y);
    let (p, b) = (m(p), m(b));
    let t = ((p.0 * b.0 + p.1 * b.1) / (b.0 * b.0 + b.1 * b.1)).clamp(0.0, 1.0);
    ((p.0 - t * b.0).powi(2) + (p.1 - t * b.1).powi(2)).sqrt()
}

#[test]
fn shops_have_doors_on_both_sides_and_readable_names() {
    let town = town(3);
    let shops: Vec<Shop<'_>> = town.shops().collect();
    let odd = shops
        .iter()
        .filter(|s| s.address.trim_end_matches('号').ends_with(['1', '3', '5', '7', '9']))
        .count();
    assert!((100..200).contains(&odd), "{odd} odd doors of 300");
    for shop in &shops {
        assert!((2..=12).contains(&shop.name.chars().count()), "{}", shop.name);
        assert!(shop.address.starts_with(shop.street_name));
        assert_eq!(town.grid_at(shop.at), Some(shop.grid));
    }
    let trades: BTreeSet<&str> = shops.iter().map(|s| s.trade.code).collect();
    assert!(trades.len() > 10);
}

#[test]
fn duty_sets_are_connected() {
    let town = town(5);
    let edges = |grid: u32| town.divided.grids[grid as usize].shape.edges().collect::<BTreeSet<_>>();
    for set in town.patrol.iter().chain(&town.supervision) {
        let mut left: BTreeSet<u32> = set.grids.iter().copied().collect();
        let mut queue: Vec<u32> = left.pop_first().into_iter().collect();
        while let Some(at) = queue.pop() {
            let own = edges(at);
            let beside: Vec<u32> = left
                .iter()
                .copied()
                .filter(|other| edges(*other).iter().any(|(a, b)| own.contains(&(*b, *a))))
                .collect();
            for other in beside {
                left.remove(&other);
                queue.push(other);
            }
        }
        assert!(left.is_empty(), "{} falls apart", set.code);
    }
}

#[test]
fn input_that_cannot_be_drawn_is_refused() {
    let (communities, streets) = rows();
    let refuse =
        |communities: &[Named], plan: &Plan| Town::draw(communities, &streets, plan).expect_err("refused");
    assert_eq!(refuse(&[], &plan(1)), TownProblem::NoCommunity);
    assert_eq!(refuse(&communities, &Plan { area_m2: -1.0, ..plan(1) }), TownProblem::Place);
    let few = Plan { supervision_grids: 1, ..plan(1) };
    assert_eq!(refuse(&communities, &few), TownProblem::Count { what: "supervision grids", wanted: 1 });
    let street = vec![Named { code: "370702001".parse().expect("a code"), name: String::new() }];
    assert!(matches!(refuse(&street, &plan(1)), TownProblem::Code(_)));
}

#[test]
fn a_mix_with_a_wrong_line_is_refused_with_its_place() {
    let table = [
        ("code,count\n", "line 1, column where"),
        ("code,count,where\n01016,1,kerb\n", "line 2, column code"),
        ("code,count,where\n01037,x,kerb\n", "line 2, column count"),
        ("code,count,where\n01037,1,sky\n", "line 2, column where"),
        ("code,count,where\n01037,1,kerb\n\n01037,1,kerb\n", "line 4, column code"),
    ];
    for (csv, expected) in table {
        let problem = Mix::from_csv(csv, Catalogue::national_ref()).expect_err(csv).to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    let mix = Mix::from_csv(MIX, Catalogue::national_ref()).expect("reads");
    assert_eq!(mix.scaled(0.5).rows[0].count, 1_200);
}

#[test]
fn only_residents_committees_of_the_counties_are_urban() {
    let named = |code: &str| Named { code: code.parse().expect("a code"), name: String::new() };
    let all = [named("370702001001"), named("370702001200"), named("370781001001")];
    let found = urban(&all, &["370702".parse().expect("a code")]);
    assert_eq!(found, [named("370702001001")]);
}
