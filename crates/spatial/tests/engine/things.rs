use crate::made::{self, CORNER, Dice, STEP};
use city::grid::Bounds;
use geo::{LineString, MultiLineString, MultiPolygon, polygon};
use kernel::{Cgcs2000, Point};
use proptest::prelude::*;
use std::collections::BTreeMap;
use yiwang_spatial::outline::Outline;
use yiwang_spatial::points::shape::{Geometry, Shape};
use yiwang_spatial::points::{ClassPlace, ClassSet, Filter, Position, Thing, Things};

const CLASSES: u16 = 12;

fn point(lng: f64, lat: f64) -> Point<Cgcs2000> {
    Point::new(lng, lat).expect("on the earth")
}

fn place(thing: &Thing) -> Point<Cgcs2000> {
    thing.position.point().expect("on the earth")
}

fn ids(found: impl Iterator<Item = Thing>) -> Vec<u64> {
    let mut ids: Vec<u64> = found.map(|thing| thing.id).collect();
    ids.sort_unstable();
    ids
}

/// Things and the plain list they must agree with, after random changes.
fn changed(seed: u64, changes: usize, size: f64) -> (Things, BTreeMap<u64, Thing>, Dice) {
    let mut dice = Dice(seed);
    let mut things = made::registry(CLASSES);
    let mut list = BTreeMap::new();
    for _ in 0..changes {
        let id = dice.below(200);
        if dice.below(4) == 0 {
            assert_eq!(things.remove(id).is_some(), list.remove(&id).is_some());
        } else {
            let thing = made::component(&mut dice, id, CLASSES, size, size);
            let change = things.put(thing);
            assert_eq!(change.old.is_some(), list.insert(id, thing).is_some());
        }
    }
    (things, list, dice)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_question_has_the_answer_of_a_plain_list(seed in any::<u64>(), changes in 1_usize..600, size in 0.5_f64..60.0) {
        let (mut things, list, mut dice) = changed(seed, changes, size);
        prop_assert_eq!(things.len(), list.len());
        for round in 0..2 {
            prop_assert_eq!(ids(things.iter()), list.keys().copied().collect::<Vec<_>>());
            for id in 0..200 {
                prop_assert_eq!(things.get(id), list.get(&id).copied());
            }
            let some: ClassSet = (0..CLASSES).filter(|n| n % 3 == 0).map(ClassPlace).collect();
            let filter = Filter { classes: Some(&some), ..Filter::default() };
            let admitted = |thing: &Thing| some.contains(thing.traits.class);
            for _ in 0..12 {
                let (x, y) = (CORNER[0] + dice.share() * size * STEP[0], CORNER[1] + dice.share() * size * STEP[1]);
                let p = point(x, y);

                let metres = dice.share() * dice.share() * 9000.0;
                let count = dice.index(12);
                let mut slow: Vec<(f64, u64)> = list
                    .values()
                    .filter(|thing| admitted(thing))
                    .map(|thing| (p.metres_to(&place(thing)), thing.id))
                    .filter(|(far, _)| *far <= metres)
                    .collect();
                slow.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                slow.truncate(count);
                let near: Vec<(f64, u64)> =
                    things.nearest(p, metres, count, &filter).iter().map(|(thing, far)| (*far, thing.id)).collect();
                prop_assert_eq!(near, slow);

                let bounds = Bounds { west: x, south: y, east: x + dice.share() * 0.02, north: y + dice.share() * 0.02 };
                let in_box = |thing: &&Thing| {
                    // Positions are rounded to a ten-millionth of a degree: half a step counts as on the edge.
                    let (lng, lat) = (f64::from(thing.position.lng_e7), f64::from(thing.position.lat_e7));
                    lng >= bounds.west * 1e7 - 0.5
                        && lng <= bounds.east * 1e7 + 0.5
                        && lat >= bounds.south * 1e7 - 0.5
                        && lat <= bounds.north * 1e7 + 0.5
                };
                let slow: Vec<u64> = list.values().filter(in_box).filter(|t| admitted(t)).map(|t| t.id).collect();
                prop_assert_eq!(ids(things.in_box(&bounds, &filter)), slow.clone());
                let counted: u32 = things.counts_in_box(&bounds, &filter).iter().map(|(_, n)| n).sum();
                prop_assert_eq!(counted as usize, slow.len());

                let triangle = polygon![(x: x, y: y), (x: x + 0.02, y: y + 0.003), (x: x + 0.004, y: y + 0.02)];
                let area = Outline::new(&MultiPolygon(vec![triangle])).expect("an area");
                let slow: Vec<u64> = list
                    .values()
                    .filter(|t| area.holds(t.position.lng(), t.position.lat()) && admitted(t))
                    .map(|t| t.id)
                    .collect();
                prop_assert_eq!(ids(things.within(&area, &filter)), slow);
            }
            for class in 0..CLASSES {
                let slow = list.values().filter(|thing| thing.traits.class == ClassPlace(class)).count();
                prop_assert_eq!(things.count_of(ClassPlace(class)) as usize, slow);
            }
            if round == 0 {
                things.shrink();
            }
        }
    }

    #[test]
    fn things_along_a_road_come_in_the_order_of_a_walk(seed in any::<u64>()) {
        let (things, list, mut dice) = changed(seed, 400, 12.0);
        let mut end = (CORNER[0], CORNER[1]);
        let road: Vec<(f64, f64)> = (0..6)
            .map(|_| {
                end = (end.0 + dice.share() * 3.0 * STEP[0], end.1 + (dice.share() * 4.0 - 1.0) * STEP[1]);
                end
            })
            .collect();
        let road = LineString::from(road);
        let found = things.along(&road, 40.0, &Filter::default());
        prop_assert!(found.windows(2).all(|pair| pair[0].along <= pair[1].along));
        // Slow: a walk in steps of a metre.
        let mut steps = Vec::new();
        let mut walked = 0.0;
        for line in road.lines() {
            let (a, b) = (point(line.start.x, line.start.y), point(line.end.x, line.end.y));
            let length = a.metres_to(&b);
            for n in 0..=u32::try_from(length as i64).expect("short") {
                let t = (f64::from(n) / length).min(1.0);
                let step = point(a.lng() + (b.lng() - a.lng()) * t, a.lat() + (b.lat() - a.lat()) * t);
                steps.push((walked + t * length, step));
            }
            walked += length;
        }
        for thing in list.values() {
            let p = place(thing);
            let (far, along) = steps
                .iter()
                .map(|(along, step)| (p.metres_to(step), *along))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .expect("steps");
            let beside = found.iter().find(|beside| beside.thing.id == thing.id);
            if far < 39.0 {
                let beside = beside.expect("near the road");
                prop_assert!((beside.aside - far).abs() < 1.0, "{} {far}", beside.aside);
                let at = steps.iter().map(|(a, s)| ((a - beside.along).abs(), s)).min_by(|a, b| a.0.total_cmp(&b.0));
                let there = p.metres_to(at.expect("steps").1);
                prop_assert!((there - far).abs() < 2.0, "{} {along}", beside.along);
            } else if far > 41.0 {
                prop_assert!(beside.is_none());
            }
        }
    }
}

#[test]
fn a_few_things_in_a_wide_land_are_found() {
    let mut things = made::registry(1);
    let mut dice = Dice(5);
    let mut thing = made::component(&mut dice, 1, 1, 1.0, 1.0);
    thing.position = Position { lng_e7: 1_000_000_000, lat_e7: 300_000_000 };
    things.put(thing);
    thing.id = 2;
    thing.position = Position { lng_e7: 1_100_000_000, lat_e7: 400_000_000 };
    things.put(thing);
    let found = things.nearest(point(100.5, 30.5), 2_000_000.0, 5, &Filter::default());
    assert_eq!(found.iter().map(|(thing, _)| thing.id).collect::<Vec<_>>(), [1, 2]);
    let found = things.nearest(point(100.5, 30.5), 100_000.0, 5, &Filter::default());
    assert_eq!(found.len(), 1);
    assert!(things.nearest(point(100.5, 30.5), 70_000.0, 5, &Filter::default()).is_empty());
}

#[test]
fn a_filter_asks_for_states_facets_and_rights() {
    let things = made::components(2000, CLASSES, 10.0, 10.0, 4);
    let everywhere = Bounds { west: 118.0, south: 36.0, east: 120.0, north: 38.0 };
    let damaged = [1 << 1, 0, 0, 0];
    let found: Vec<Thing> =
        things.in_box(&everywhere, &Filter { states: Some(&damaged), ..Filter::default() }).collect();
    assert!(!found.is_empty() && found.iter().all(|thing| thing.traits.state == 1));
    let found: Vec<Thing> =
        things.in_box(&everywhere, &Filter { facets: 0b110, ..Filter::default() }).collect();
    assert!(!found.is_empty() && found.iter().all(|thing| thing.traits.facets & 0b110 != 0));
    let even = |id: u64, _: &yiwang_spatial::points::Traits| id.is_multiple_of(2);
    let found = ids(things.in_box(&everywhere, &Filter { only: Some(&even), ..Filter::default() }));
    assert_eq!(found.len(), 1000);
}

#[test]
fn a_large_area_is_searched_by_raster_and_right() {
    let things = made::components(12_000, CLASSES, 20.0, 20.0, 8);
    let (x, y) = (CORNER[0], CORNER[1]);
    let star = polygon![
        (x: x, y: y), (x: x + 0.011, y: y + 0.004), (x: x + 0.022, y: y), (x: x + 0.016, y: y + 0.009),
        (x: x + 0.02, y: y + 0.018), (x: x + 0.01, y: y + 0.012), (x: x + 0.001, y: y + 0.017),
    ];
    let area = Outline::new(&MultiPolygon(vec![star])).expect("an area");
    let slow = things.iter().filter(|thing| area.holds(thing.position.lng(), thing.position.lat()));
    let slow = ids(slow);
    assert!(slow.len() > 4000, "{}", slow.len());
    assert_eq!(ids(things.within(&area, &Filter::default())), slow);
    let counted: u32 = things.counts_within(&area, &Filter::default()).iter().map(|(_, n)| n).sum();
    assert_eq!(counted as usize, slow.len());
}

fn road(dice: &mut Dice, id: u64) -> Shape {
    let thing = made::component(dice, id, CLASSES, 40.0, 40.0);
    let (x, y) = (thing.position.lng(), thing.position.lat());
    // From a few metres to tens of kilometres.
    let size = 10_f64.powf(dice.share() * 5.0 - 5.0);
    let geometry = if dice.below(2) == 0 {
        let line = LineString::from(vec![(x, y), (x + size, y + size / 2.0), (x + size, y - size)]);
        Geometry::lines(MultiLineString(vec![line])).expect("a line")
    } else {
        let shape = polygon![(x: x, y: y), (x: x + size, y: y), (x: x, y: y + size)];
        Geometry::Area(Outline::new(&MultiPolygon(vec![shape])).expect("an area"))
    };
    Shape::new(id, thing.traits, geometry)
}

#[test]
fn lines_and_polygons_are_found_by_their_boxes() {
    let mut dice = Dice(21);
    let mut things = made::registry(CLASSES);
    let mut list: BTreeMap<u64, Shape> = BTreeMap::new();
    for _ in 0..600 {
        let id = dice.below(250);
        if dice.below(5) == 0 {
            assert_eq!(things.remove(id).is_some(), list.remove(&id).is_some());
        } else {
            let shape = road(&mut dice, id);
            assert_eq!(things.put_shape(shape.clone()).old.is_some(), list.insert(id, shape).is_some());
        }
    }
    assert_eq!(things.len(), list.len());
    for _ in 0..200 {
        let (x, y) = (CORNER[0] + dice.share() * 0.05, CORNER[1] + dice.share() * 0.05);
        let size = 10_f64.powf(dice.share() * 6.0 - 5.0);
        let b = Bounds { west: x, south: y, east: x + size, north: y + size };
        let slow: Vec<u64> = list
            .values()
            .filter(|shape| {
                let o = shape.bounds();
                o.west <= b.east && b.west <= o.east && o.south <= b.north && b.south <= o.north
            })
            .map(|shape| shape.id)
            .collect();
        let found: Vec<u64> = things.shapes_in_box(&b, &Filter::default()).map(|shape| shape.id).collect();
        assert_eq!(found, slow);
        let near = things.shapes_near(point(x, y), 300.0, &Filter::default());
        assert!(near.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        for (shape, far) in near {
            assert!(far <= 300.0);
            if let Geometry::Area(area) = shape.geometry() {
                assert_eq!(far == 0.0, area.holds(x, y));
            }
        }
    }
}

#[test]
fn a_thing_may_turn_from_point_to_polygon_and_back() {
    let mut dice = Dice(2);
    let mut things = made::registry(CLASSES);
    let thing = made::component(&mut dice, 7, CLASSES, 1.0, 1.0);
    things.put(thing);
    let mut shape = road(&mut dice, 7);
    shape.traits.class = thing.traits.class;
    assert!(things.put_shape(shape).old.is_some());
    assert_eq!((things.len(), things.get(7), things.count_of(thing.traits.class)), (1, None, 1));
    assert!(things.put(thing).old.is_some());
    assert_eq!((things.len(), things.get(7), things.count_of(thing.traits.class)), (1, Some(thing), 1));
    assert!(things.shape(7).is_none());
}

#[test]
fn a_class_that_changes_its_group_is_counted_there() {
    let mut things = made::components(500, CLASSES, 3.0, 3.0, 6);
    let before = things.count_of(ClassPlace(0));
    let name = things.classes().name(ClassPlace(0)).expect("known").to_owned();
    assert_eq!(things.class(&name, "another"), Some(ClassPlace(0)));
    assert_eq!(things.count_of(ClassPlace(0)), before);
    assert_eq!(
        things.classes().iter().next().map(|(_, _, group)| group.to_owned()),
        Some("another".to_owned())
    );
}
