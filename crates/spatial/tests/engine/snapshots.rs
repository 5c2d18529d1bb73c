use crate::made::{self, Dice};
use geo::{LineString, MultiLineString, MultiPolygon, polygon};
use kernel::CityCode;
use yiwang_spatial::mercator::TileId;
use yiwang_spatial::outline::Outline;
use yiwang_spatial::points::shape::{Geometry, Shape};
use yiwang_spatial::points::{Filter, Things};
use yiwang_spatial::region::UnitGrids;
use yiwang_spatial::snapshot::{self, Mark, SnapshotProblem};
use yiwang_spatial::tile::ThingLayer;

const MARK: Mark = Mark { city: CityCode::new(370_700).expect("six digits"), position: 4711 };

fn city() -> (UnitGrids, Things) {
    let mut grids = UnitGrids::new(made::grids(7, 5, 2)).expect("good grids");
    let codes: Vec<_> = grids.iter().map(|grid| grid.key.clone()).take(3).collect();
    grids.set_grade(&codes[1], Some(city::AreaGrade::C));
    let mut things = made::components(3000, 20, 7.0, 5.0, 12);
    let traits = made::component(&mut Dice(3), 1, 20, 7.0, 5.0).traits;
    let line = LineString::from(vec![(119.06, 36.66), (119.07, 36.67), (119.08, 36.66)]);
    let line = Geometry::lines(MultiLineString(vec![line.clone(), line])).expect("lines");
    things.put_shape(Shape::new(9001, traits, line));
    let mut green = polygon![(x: 119.06, y: 36.66), (x: 119.07, y: 36.66), (x: 119.065, y: 36.67)];
    green.interiors_push(vec![(119.064, 36.662), (119.066, 36.662), (119.065, 36.664)]);
    let green = Outline::new(&MultiPolygon(vec![green])).expect("an area");
    things.put_shape(Shape::new(9002, traits, Geometry::Area(green)));
    things.remove(5);
    (grids, things)
}

fn tile_of(things: &Things, z: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    things
        .layer(TileId::at(119.055, 36.652, z), &Filter::default(), &ThingLayer::default())
        .finish(&mut bytes);
    bytes
}

#[test]
fn what_was_written_is_read_again() {
    let (grids, things) = city();
    let bytes = snapshot::encode(MARK, &grids, &things).expect("writes");
    let (mark, grids2, things2) = snapshot::decode(&bytes).expect("reads");
    assert_eq!(mark, MARK);
    assert_eq!(things2.len(), things.len());
    assert_eq!(things2.version(), things.version());
    assert!(things.iter().all(|thing| things2.get(thing.id) == Some(thing)));
    assert_eq!(things2.classes(), things.classes());
    for z in [6, 10, 12, 13, 14, 16] {
        assert!(tile_of(&things, z).len() > 20);
        assert_eq!(tile_of(&things, z), tile_of(&things2, z), "z{z}");
    }
    assert_eq!(grids2.len(), grids.len());
    for (a, b) in grids.iter().zip(grids2.iter()) {
        assert_eq!((&a.key, a.value), (&b.key, b.value));
        assert_eq!(a.outline.to_multi_polygon(), b.outline.to_multi_polygon());
    }
    for id in [9001, 9002] {
        assert_eq!(things2.shape(id).map(Shape::bounds), things.shape(id).map(Shape::bounds));
    }
    assert_eq!(snapshot::encode(MARK, &grids2, &things2).expect("writes"), bytes);
    let empty = snapshot::encode(MARK, &UnitGrids::default(), &Things::new()).expect("writes");
    assert!(snapshot::decode(&empty).expect("reads").2.is_empty());
}

#[test]
fn a_damaged_snapshot_is_refused_wherever_the_damage_is() {
    let (grids, things) = city();
    let bytes = snapshot::encode(MARK, &grids, &things).expect("writes");
    let mut dice = Dice(77);
    for _ in 0..400 {
        let mut bad = bytes.clone();
        let at = dice.index(bad.len());
        bad[at] ^= 1 << dice.below(8);
        assert!(snapshot::decode(&bad).is_err(), "byte {at}");
        let short = &bytes[..dice.index(bytes.len())];
        assert!(snapshot::decode(short).is_err(), "{} bytes", short.len());
    }
    for at in 0..44 {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        assert!(snapshot::decode(&bad).is_err(), "byte {at}");
    }
    let mut long = bytes.clone();
    long.push(0);
    assert!(matches!(snapshot::decode(&long), Err(SnapshotProblem::Damaged { .. })));
    assert!(matches!(snapshot::decode(&[7; 100]), Err(SnapshotProblem::NotASnapshot)));
}
