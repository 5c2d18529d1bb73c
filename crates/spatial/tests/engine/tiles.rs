use crate::made::{self, CORNER, Dice, STEP};
use crate::reading::{self, Read, ReadFeature, doubled_area};
use geo::{Coord, LineString, MultiLineString, MultiPolygon, Polygon, Validation, polygon};
use std::collections::BTreeMap;
use yiwang_spatial::mercator::{EXTENT, TileId};
use yiwang_spatial::outline::Outline;
use yiwang_spatial::points::shape::{Geometry, Shape};
use yiwang_spatial::points::{ClassPlace, ClassSet, Filter, Thing, Things, Traits};
use yiwang_spatial::region::{Regions, UnitGrids};
use yiwang_spatial::tile::{CLUSTER_BIT, Layer, ShapeLayer, Tags, ThingLayer, Value, region_layer};

const CLASSES: u16 = 15;

fn bytes(layer: Layer) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer.finish(&mut bytes);
    bytes
}

fn features(layer: Layer) -> Vec<ReadFeature> {
    reading::tile(&bytes(layer)).into_iter().flat_map(|layer| layer.features).collect()
}

fn tile(x: f64, y: f64, z: u8) -> TileId {
    TileId::at(CORNER[0] + x * STEP[0], CORNER[1] + y * STEP[1], z)
}

fn buffered(buffer: u16) -> ThingLayer<'static> {
    ThingLayer { buffer, ..ThingLayer::default() }
}

#[test]
fn a_tile_says_what_was_put_in() {
    let mut layer = Layer::new("things");
    let mut tags = Tags::default();
    layer.tag(&mut tags, "class", Value::Text("井盖"));
    layer.tag(&mut tags, "count", Value::Number(3));
    let mut other = Tags::default();
    layer.tag(&mut other, "class", Value::Text("路灯"));
    layer.tag(&mut other, "depth", Value::Number(-2));
    layer.tag(&mut other, "height", Value::Real(7.5));
    layer.tag(&mut other, "open", Value::Truth(true));
    layer.point(7, &tags, 25, -17);
    layer.point(u64::from(u32::MAX) + 5, &other, 4096, 4160);
    let mut tile = Vec::new();
    layer.finish(&mut tile);
    Layer::new("empty").finish(&mut tile);
    let layers = reading::tile(&tile);
    assert_eq!(layers.len(), 1);
    let read = &layers[0];
    assert_eq!((read.name.as_str(), read.version, read.extent), ("things", 2, 4096));
    assert_eq!(read.features[0].id, 7);
    assert_eq!(read.features[0].points(), [[25, -17]]);
    assert_eq!(read.features[0].get("class"), Some(&Read::Text("井盖".to_owned())));
    assert_eq!(read.features[0].get("count"), Some(&Read::Number(3)));
    let second = &read.features[1];
    assert_eq!((second.id, second.points()), (4_294_967_300, vec![[4096, 4160]]));
    assert_eq!(second.get("depth"), Some(&Read::Number(-2)));
    assert_eq!(second.get("height"), Some(&Read::Real(7.5)));
    assert_eq!(second.get("open"), Some(&Read::Truth(true)));
}

/// Where `ST_AsMVTGeom` puts a point of EPSG:3857: metres, then units, rounded with halves to even.
fn slow_place(thing: &Thing, tile: TileId) -> [f64; 2] {
    const RADIUS: f64 = 6_378_137.0;
    let world = std::f64::consts::TAU * RADIUS;
    let x = thing.position.lng().to_radians() * RADIUS;
    let y = (std::f64::consts::FRAC_PI_4 + thing.position.lat().to_radians() / 2.0).tan().ln() * RADIUS;
    let size = world / f64::from(1_u32 << tile.z());
    let (west, north) = (f64::from(tile.x()) * size - world / 2.0, world / 2.0 - f64::from(tile.y()) * size);
    let scale = f64::from(EXTENT) / size;
    [((x - west) * scale).round_ties_even(), ((north - y) * scale).round_ties_even()]
}

#[test]
fn deep_tiles_show_each_thing_where_postgis_would() {
    let things = made::components(20_000, CLASSES, 40.0, 40.0, 31);
    for z in [14, 15, 16, 18, 20, 22] {
        for (x, y, buffer) in [(3.0, 3.0, 0), (20.0, 20.0, 64), (39.9, 11.0, 256), (-0.2, 20.0, 256)] {
            let tile = tile(x, y, z);
            let span = f64::from(buffer);
            let inside =
                |place: &[f64; 2]| place.iter().all(|at| *at >= -span && *at <= f64::from(EXTENT) + span);
            let slow: BTreeMap<u64, [f64; 2]> = things
                .iter()
                .map(|thing| (thing.id, slow_place(&thing, tile)))
                .filter(|(_, place)| inside(place))
                .collect();
            let found: BTreeMap<u64, [f64; 2]> =
                features(things.layer(tile, &Filter::default(), &buffered(buffer)))
                    .iter()
                    .map(|feature| (feature.id, feature.points()[0].map(f64::from)))
                    .collect();
            assert_eq!(found, slow, "z{z}");
        }
    }
}

#[test]
fn things_have_the_attributes_that_were_asked_for() {
    let mut things = made::components(300, CLASSES, 4.0, 4.0, 1);
    let mut thing = things.get(9).expect("there");
    thing.traits.flags = 5;
    things.put(thing);
    let tile = TileId::at(thing.position.lng(), thing.position.lat(), 15);
    let of = |options: &ThingLayer| {
        let found = features(things.layer(tile, &Filter::default(), options));
        found.into_iter().find(|feature| feature.id == 9).expect("on the tile").tags
    };
    let text = |text: &str| Read::Text(text.to_owned());
    let (class, group) = (things.classes().name(thing.traits.class), thing.traits.class.0 % 5 + 1);
    let expected = vec![
        ("class".to_owned(), text(class.expect("known"))),
        ("group".to_owned(), text(&format!("{group:02}"))),
        ("state".to_owned(), text(made::STATES[usize::from(thing.traits.state)])),
        ("flags".to_owned(), Read::Number(5)),
    ];
    assert_eq!(of(&ThingLayer::default()), expected);
    let score = |thing: &Thing, layer: &mut Layer, tags: &mut Tags| {
        layer.tag(tags, "score", Value::Real(f64::from(thing.traits.class.0) + 0.5));
    };
    let options = ThingLayer {
        class: false,
        group: false,
        state: false,
        flags: false,
        extra: Some(&score),
        ..ThingLayer::default()
    };
    assert_eq!(of(&options), [("score".to_owned(), Read::Real(f64::from(thing.traits.class.0) + 0.5))]);
}

#[test]
fn clusters_lose_nobody_and_count_by_group_and_state() {
    let things = made::components(5000, CLASSES, 300.0, 300.0, 5);
    for z in 0..14 {
        let (mut total, mut damaged, mut second) = (0, 0, 0);
        let west = tile(0.0, 0.0, z);
        let east = tile(300.0, 300.0, z);
        for x in west.x()..=east.x() {
            for y in east.y()..=west.y() {
                let tile = TileId::new(z, x, y).expect("in the world");
                let mut own = 0;
                for feature in features(things.layer(tile, &Filter::default(), &buffered(0))) {
                    // What lies on the far edges lies on the near edges of the next tiles as well.
                    if feature.points()[0].contains(&4096) {
                        continue;
                    }
                    if feature.id & CLUSTER_BIT != 0 {
                        own += feature.number("count").expect("a count");
                        damaged += feature.number("state.damaged").unwrap_or_default();
                        second += feature.number("group.02").unwrap_or_default();
                    } else {
                        own += 1;
                        damaged += i64::from(feature.get("state") == Some(&Read::Text("damaged".into())));
                        second += i64::from(feature.get("group") == Some(&Read::Text("02".into())));
                    }
                }
                total += own;
            }
        }
        assert_eq!(total, 5000, "z{z}");
        assert_eq!(
            damaged,
            i64::try_from(things.iter().filter(|t| t.traits.state == 1).count()).expect("few")
        );
        assert_eq!(
            second,
            i64::try_from(things.iter().filter(|t| t.traits.class.0 % 5 == 1).count()).expect("few")
        );
    }
}

#[test]
fn the_pyramid_says_what_the_points_say() {
    let mut things = made::components(4000, CLASSES, 200.0, 200.0, 6);
    let mut dice = Dice(8);
    for _ in 0..3000 {
        let id = dice.below(5000);
        if dice.below(3) == 0 {
            things.remove(id);
        } else {
            things.put(made::component(&mut dice, id, CLASSES, 200.0, 200.0));
        }
    }
    let whole_groups: ClassSet = (0..CLASSES).filter(|n| n % 5 < 2).map(ClassPlace).collect();
    let parts: ClassSet = (0..7).map(ClassPlace).collect();
    let states = [0b0110, 0, 0, 0];
    for z in 0..14 {
        let tile = tile(100.0, 100.0, z);
        for (classes, states) in [
            (None, None),
            (Some(&whole_groups), None),
            (Some(&parts), None),
            (Some(&whole_groups), Some(&states)),
            (None, Some(&states)),
        ] {
            let filter = Filter { classes, states, ..Filter::default() };
            // The same question, asked so that only the points can answer.
            let closely = |_: u64, traits: &Traits| {
                classes.is_none_or(|set| set.contains(traits.class))
                    && states.is_none_or(|set| set[0] >> traits.state & 1 == 1)
            };
            let slow = Filter { only: Some(&closely), ..Filter::default() };
            let (fast, slow) = (
                bytes(things.layer(tile, &filter, &ThingLayer::default())),
                bytes(things.layer(tile, &slow, &ThingLayer::default())),
            );
            assert!(fast.len() > 50, "z{z}");
            assert!(fast == slow, "z{z} {classes:?} {states:?}");
        }
    }
}

#[test]
fn a_change_moves_no_cluster_but_its_own() {
    let mut things = made::components(3000, CLASSES, 150.0, 150.0, 7);
    for z in [3, 8, 11, 13] {
        let thing = things.iter().nth(usize::from(z) * 100).expect("there");
        let tile = TileId::at(thing.position.lng(), thing.position.lat(), z);
        let read = |things: &Things| -> BTreeMap<u64, String> {
            features(things.layer(tile, &Filter::default(), &ThingLayer::default()))
                .into_iter()
                .map(|feature| (feature.id, format!("{feature:?}")))
                .collect()
        };
        let before = read(&things);
        things.remove(thing.id);
        let after = read(&things);
        let gone = before.keys().filter(|id| !after.contains_key(id)).count();
        let new = after.keys().filter(|id| !before.contains_key(id)).count();
        let other =
            after.iter().filter(|(id, feature)| before.get(id).is_some_and(|old| old != *feature)).count();
        assert!(
            gone + other >= 1 && gone <= 1 && new <= 1 && gone.max(new) + other == 1,
            "z{z}: {gone} {new} {other}"
        );
        things.put(thing);
        assert_eq!(read(&things), before, "z{z}");
    }
}

#[test]
fn more_than_a_browser_can_draw_is_clustered_at_any_zoom() {
    // All in a few houses in the middle of a tile.
    let tile = tile(20.0, 20.0, 14);
    let middle = tile.bounds();
    let mut things = made::components(70_000, CLASSES, 2.0, 2.0, 2);
    let moved: Vec<Thing> = things
        .iter()
        .map(|mut thing| {
            thing.position.lng_e7 += ((f64::midpoint(middle.west, middle.east) - CORNER[0]) * 1e7) as i32;
            thing.position.lat_e7 += ((f64::midpoint(middle.south, middle.north) - CORNER[1]) * 1e7) as i32;
            thing
        })
        .collect();
    moved.into_iter().for_each(|thing| {
        things.put(thing);
    });
    let found = features(things.layer(tile, &Filter::default(), &buffered(0)));
    assert!(found.len() < 1500 && found.iter().any(|feature| feature.id & CLUSTER_BIT != 0));
    let total: i64 = found.iter().map(|feature| feature.number("count").unwrap_or(1)).sum();
    assert_eq!(total, 70_000);
    // A filter that leaves few shows each of them again.
    let few = ClassSet::from_iter([ClassPlace(14)]);
    let filter = Filter { classes: Some(&few), ..Filter::default() };
    let found = features(things.layer(tile, &filter, &buffered(0)));
    assert!(found.len() > 1000 && found.iter().all(|feature| feature.id & CLUSTER_BIT == 0));
}

#[test]
fn a_change_is_told_to_every_tile_that_it_changes() {
    let mut things = made::components(600, CLASSES, 30.0, 30.0, 3);
    let mut dice = Dice(4);
    let watched: Vec<TileId> = [0, 4, 9, 11, 12, 13, 14, 15, 17, 19]
        .iter()
        .flat_map(|z| (0..3).map(move |k| (z, k)))
        .map(|(z, k)| tile(f64::from(k) * 11.0 + 1.3, f64::from(k * 2 % 3) * 12.0 + 0.4, *z))
        .collect();
    let (points, shapes) = (ThingLayer::default(), ShapeLayer { name: "lines", buffer: 64, extra: None });
    let draw = |things: &Things, tile: TileId| {
        let mut drawn = bytes(things.layer(tile, &Filter::default(), &points));
        things.shape_layer(tile, &Filter::default(), &shapes).finish(&mut drawn);
        (drawn, things.tile_version(tile, 64))
    };
    let mut before: Vec<_> = watched.iter().map(|tile| draw(&things, *tile)).collect();
    let mut changed = 0;
    for _ in 0..100 {
        let id = dice.below(700);
        let change = match dice.below(4) {
            0 => things.remove(id),
            1 => {
                let thing = made::component(&mut dice, 2000 + id % 20, CLASSES, 30.0, 30.0);
                let (x, y) = (thing.position.lng(), thing.position.lat());
                let line = LineString::from(vec![(x, y), (x + dice.share() * 0.01, y + 0.003)]);
                let line = Geometry::lines(MultiLineString(vec![line])).expect("a line");
                Some(things.put_shape(Shape::new(thing.id, thing.traits, line)))
            }
            _ => Some(things.put(made::component(&mut dice, id, CLASSES, 30.0, 30.0))),
        };
        let Some(change) = change else { continue };
        let ranges = Things::changed_tiles(change.old.as_ref(), change.new.as_ref(), 0..=19, 64);
        for (tile, before) in watched.iter().zip(&mut before) {
            let after = draw(&things, *tile);
            // Another order within the tile is no change.
            if after.0 != before.0 && shown(&after.0) != shown(&before.0) {
                changed += 1;
                assert!(after.1 > before.1, "{tile:?} has the version it had");
                assert!(ranges.iter().any(|range| range.contains(*tile)), "{tile:?} was not told");
            }
            *before = after;
        }
    }
    assert!(changed > 200, "{changed}");
}

/// What a tile shows, in whatever order.
fn shown(tile: &[u8]) -> Vec<String> {
    let mut shown: Vec<String> = reading::tile(tile)
        .iter()
        .flat_map(|layer| layer.features.iter().map(|feature| format!("{} {feature:?}", layer.name)))
        .collect();
    shown.sort_unstable();
    shown
}

/// Polygons of a feature as `geo` sees them: valid, or the test fails.
fn valid(feature: &ReadFeature) -> MultiPolygon<f64> {
    assert_eq!(feature.kind, 3);
    let mut parts: Vec<Polygon<f64>> = Vec::new();
    for ring in &feature.parts {
        let line: LineString<f64> =
            ring.iter().map(|[x, y]| Coord { x: f64::from(*x), y: f64::from(*y) }).collect();
        if doubled_area(ring) > 0 {
            parts.push(Polygon::new(line, Vec::new()));
        } else {
            parts.last_mut().expect("after its outer ring").interiors_push(line);
        }
    }
    let all = MultiPolygon(parts);
    assert!(all.is_valid(), "{:?} {feature:?}", all.validation_errors());
    all
}

fn grid_layer(grids: &UnitGrids, tile: TileId, buffer: u16) -> Layer {
    region_layer(grids.regions(), tile, "grids", buffer, |grid, layer, tags| {
        layer.tag(tags, "code", Value::Text(grid.key.as_str()));
        grid.key.as_str().parse().ok()
    })
}

#[test]
fn grids_fill_a_tile_without_gap_or_overlap() {
    let grids = UnitGrids::new(made::grids(40, 40, 3)).expect("good grids");
    for z in [14, 15, 16, 17, 19] {
        let tile = tile(20.3, 20.3, z);
        let found = features(grid_layer(&grids, tile, 0));
        let whole = tile.bounds();
        let covered = whole.west > CORNER[0] + STEP[0] && whole.east < CORNER[0] + 39.0 * STEP[0];
        let area: i64 = found.iter().flat_map(|feature| &feature.parts).map(|ring| doubled_area(ring)).sum();
        let full = 2 * i64::from(EXTENT).pow(2);
        found.iter().for_each(|feature| {
            valid(feature);
        });
        if covered {
            assert!((area - full).abs() * 10_000 < full, "z{z}: {area} of {full}");
        }
        assert!(
            found
                .iter()
                .flat_map(|f| f.parts.iter().flatten())
                .all(|p| p.iter().all(|u| (0..=4096).contains(u)))
        );
    }
    // Low zooms are thinned and stay valid.
    for z in 8..14 {
        features(grid_layer(&grids, tile(20.3, 20.3, z), 64)).iter().for_each(|feature| {
            valid(feature);
        });
    }
}

#[test]
fn spiteful_polygons_become_valid_ones() {
    let mut dice = Dice(99);
    let centre = tile(5.0, 5.0, 16).bounds();
    let mut shown = 0;
    for n in 0..120 {
        let vertices = 3 + dice.index(if n % 10 == 0 { 80 } else { 16 });
        let size = 10_f64.powf(dice.share() * 5.0 - 5.0);
        let mut ring: Vec<(f64, f64)> = (0..vertices)
            .map(|_| (centre.west + (dice.share() - 0.3) * size, centre.south + (dice.share() - 0.3) * size))
            .collect();
        if n % 3 == 0 {
            // Corners of a coarse lattice: edges on edges, corners on corners.
            ring.iter_mut().for_each(|(x, y)| {
                *x = (*x * 4e4).round() / 4e4;
                *y = (*y * 4e4).round() / 4e4;
            });
        }
        let shape = MultiPolygon(vec![Polygon::new(LineString::from(ring), Vec::new())]);
        let Ok(outline) = Outline::new(&shape) else { continue };
        let regions = Regions::new(vec![(n, (), outline.to_multi_polygon())]).expect("good");
        for z in [10, 14, 16, 18, 22] {
            let tile = TileId::at(centre.west, centre.south, z);
            for feature in features(region_layer(&regions, tile, "x", 64, |_, _, _| Some(1))) {
                valid(&feature);
                shown += 1;
            }
        }
    }
    assert!(shown > 200, "{shown}");
}

#[test]
fn a_polygon_much_larger_than_a_tile_is_the_whole_window() {
    let shape = polygon![(x: 73.0, y: 18.0), (x: 135.0, y: 18.0), (x: 135.0, y: 53.0), (x: 73.0, y: 53.0)];
    let regions = Regions::new(vec![(1, (), MultiPolygon(vec![shape]))]).expect("good");
    for z in [9, 14, 22] {
        let found = features(region_layer(&regions, tile(1.0, 1.0, z), "x", 64, |_, _, _| Some(1)));
        assert_eq!(found.len(), 1, "z{z}");
        let mut corners = found[0].parts[0].clone();
        corners.sort_unstable();
        assert_eq!(corners, [[-64, -64], [-64, 4160], [4160, -64], [4160, 4160]]);
    }
}

#[test]
fn lines_are_cut_at_the_buffer_and_keep_their_bends() {
    let tile = tile(3.0, 3.0, 15);
    let b = tile.bounds();
    let at = |x: f64, y: f64| (b.west + (b.east - b.west) * x, b.north + (b.south - b.north) * y);
    let mut things = made::registry(1);
    let traits = made::component(&mut Dice(1), 1, 1, 1.0, 1.0).traits;
    // In, out across the eastern edge, in again, and along a straight stretch.
    let line =
        LineString::from(vec![at(0.25, 0.25), at(1.5, 0.25), at(1.5, 0.75), at(0.25, 0.75), at(0.125, 0.75)]);
    let lines = Geometry::lines(MultiLineString(vec![line])).expect("a line");
    things.put_shape(Shape::new(5, traits, lines));
    let options = ShapeLayer { name: "pipes", buffer: 64, extra: None };
    let found = features(things.shape_layer(tile, &Filter::default(), &options));
    assert_eq!((found.len(), found[0].id, found[0].kind), (1, 5, 2));
    // Mercator bends latitude by a unit at most over a tile of this zoom.
    let near = |a: &[i32; 2], b: [i32; 2]| (a[0] - b[0]).abs() <= 1 && (a[1] - b[1]).abs() <= 1;
    let parts = &found[0].parts;
    assert_eq!(parts.len(), 2);
    assert!(near(&parts[0][0], [1024, 1024]) && near(&parts[0][1], [4160, 1024]), "{parts:?}");
    let last = parts[1].last().expect("places");
    assert!(near(&parts[1][0], [4160, 3072]) && near(last, [512, 3072]), "{parts:?}");
    assert_eq!(found[0].get("state"), Some(&Read::Text(made::STATES[usize::from(traits.state)].to_owned())));
}
