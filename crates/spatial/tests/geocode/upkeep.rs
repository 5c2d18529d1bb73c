//! A small Chinese city whose every place is known: grammar of queries, positions, and keeping the store up to date.

use super::city::entry;
use kernel::{Cgcs2000, Point, Timestamp};
use proptest::prelude::*;
use yiwang_spatial::geocode::{Ask, Entry, Geocoder, Kind, Matched, Placed, Shape};

fn at(lng: f64, lat: f64) -> Point<Cgcs2000> {
    Point::new(lng, lat).expect("in range")
}

/// Metres east and north of the crossing of 东风街 and 四平路.
fn spot(east: f64, north: f64) -> Point<Cgcs2000> {
    let lat = 36.7;
    at(119.1 + east / (111_195.08 * f64::to_radians(lat).cos()), lat + north / 111_195.08)
}

fn city() -> Vec<Entry> {
    let mut all = Vec::new();
    let region = |code: &str, zh: &str, en: &str| Entry {
        area: code.to_owned(),
        ..entry(code.to_owned(), Kind::Region, zh, en, Shape::Point(spot(0.0, 0.0)))
    };
    all.push(region("370700", "潍坊市", "Weifang"));
    all.push(region("370705", "奎文区", "Kuiwen District"));
    all.push(region("370702", "潍城区", "Weicheng District"));
    let street = |id: &str, zh: &str, en: &str, from: (f64, f64), to: (f64, f64)| {
        let line = vec![spot(from.0, from.1), spot(to.0, to.1)];
        Entry {
            area: "370705".to_owned(),
            ..entry(id.to_owned(), Kind::Street, zh, en, Shape::Lines(vec![line]))
        }
    };
    all.push(street("s1", "东风街", "Dongfeng Street", (-2000.0, 0.0), (2000.0, 0.0)));
    all.push(street("s2", "四平路", "Siping Road", (0.0, -2000.0), (0.0, 2000.0)));
    all.push(street("s3", "八一路", "Bayi Road", (800.0, -2000.0), (800.0, 2000.0)));
    all.push(street("s4", "健康东街", "East Jiankang Street", (-2000.0, 600.0), (2000.0, 600.0)));
    // Odd numbers on the north side, even on the south; 10 m a number from the crossing eastwards.
    for number in [1u32, 11, 21, 41, 61, 2, 12, 22, 42, 62] {
        let side = if number % 2 == 1 { 12.0 } else { -12.0 };
        let here = Shape::Point(spot(f64::from(number) * 10.0, side));
        let door = entry(format!("d{number}"), Kind::Door, "东风街", "Dongfeng Street", here);
        all.push(Entry { door: Some(number.to_string()), area: "370705001".to_owned(), ..door });
    }
    let poi = |id: &str, zh: &str, en: &str, east: f64, north: f64| Entry {
        area: "370705001".to_owned(),
        ..entry(id.to_owned(), Kind::Poi, zh, en, Shape::Point(spot(east, north)))
    };
    all.push(poi("p1", "人民广场", "People's Square", -500.0, 300.0));
    all.push(poi("p2", "潍坊市人民医院", "Weifang People's Hospital", 300.0, -400.0));
    all.push(poi("p3", "泰华城", "Taihua City", 500.0, 60.0));
    all.push(poi("p4", "臺北風味小館", "Taipei Kitchen", -900.0, -700.0));
    for (i, (east, north)) in [(100.0, 900.0), (1500.0, -900.0)].into_iter().enumerate() {
        all.push(poi(&format!("shop{i}"), "全家便利店", "FamilyMart", east, north));
    }
    let estate = Entry {
        area: "370705001".to_owned(),
        ..entry(
            "z1".to_owned(),
            Kind::Zone,
            "阳光花园",
            "Sunshine Garden",
            Shape::Point(spot(-1200.0, 900.0)),
        )
    };
    all.push(estate);
    for number in [1u32, 3, 5] {
        let here = Shape::Point(spot(-1200.0 + f64::from(number) * 20.0, 900.0));
        let door = entry(format!("b{number}"), Kind::Door, "阳光花园", "Sunshine Garden", here);
        all.push(Entry { door: Some(format!("{number}号楼")), area: "370705001".to_owned(), ..door });
    }
    let square = |east: f64, north: f64| {
        let corner = |dx: f64, dy: f64| spot(east + dx, north + dy);
        vec![vec![corner(-50.0, -50.0), corner(50.0, -50.0), corner(50.0, 50.0), corner(-50.0, 50.0)]]
    };
    let shape = Shape::Area { at: spot(300.0, 0.0), rings: square(300.0, 0.0) };
    let grid = entry("g1".to_owned(), Kind::Grid, "370705001001001", "", shape);
    all.push(Entry { area: "370705001001".to_owned(), ..grid });
    let lamp =
        entry("c1".to_owned(), Kind::Component, "路灯 3707050127000123", "", Shape::Point(spot(50.0, 8.0)));
    all.push(lamp);
    all
}

fn built() -> Geocoder {
    let (geocoder, faults) = Geocoder::build(city());
    assert_eq!(faults, []);
    geocoder
}

#[test]
fn what_people_say_in_chinese_leads_to_the_place() {
    let geocoder = built();
    let diagonal = 200.0 / 2f64.sqrt();
    let table = [
        ("东风街21号", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("潍坊市奎文区东风街21号", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("東風街２１號", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("东风街二十一号", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("东风街21", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("东风街21号3单元501室", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("21 Dongfeng St", spot(210.0, 12.0), Matched::Exact, Placed::Door),
        ("东风街31号", spot(310.0, 12.0), Matched::Exact, Placed::Interpolated),
        ("东风街52号", spot(520.0, -12.0), Matched::Exact, Placed::Interpolated),
        ("东风街71号", spot(610.0, 12.0), Matched::Exact, Placed::NearestDoor),
        ("阳光花园3号楼2单元", spot(-1140.0, 900.0), Matched::Exact, Placed::Door),
        ("阳光花园5栋", spot(-1100.0, 900.0), Matched::Exact, Placed::Door),
        ("人民广场", spot(-500.0, 300.0), Matched::Exact, Placed::Entry),
        ("人民广场东北200米", spot(-500.0 + diagonal, 300.0 + diagonal), Matched::Exact, Placed::Offset),
        ("人民广场以东五十米", spot(-450.0, 300.0), Matched::Exact, Placed::Offset),
        ("人民广场附近", spot(-500.0, 300.0), Matched::Exact, Placed::Near),
        ("东风街与四平路交叉口", spot(0.0, 0.0), Matched::Exact, Placed::Crossing),
        ("四平路东风街路口", spot(0.0, 0.0), Matched::Exact, Placed::Crossing),
        ("东风街/81路", spot(800.0, 0.0), Matched::Exact, Placed::Crossing),
        ("Dongfeng & Siping", spot(0.0, 0.0), Matched::Variant, Placed::Crossing),
        ("东风街与四平路交叉口以东50米", spot(50.0, 0.0), Matched::Exact, Placed::Offset),
        ("东风街21号对面", spot(210.0, -12.0), Matched::Exact, Placed::Opposite),
        ("renmin guangchang", spot(-500.0, 300.0), Matched::Sound, Placed::Entry),
        ("renminguangchang", spot(-500.0, 300.0), Matched::Sound, Placed::Entry),
        ("rmgc", spot(-500.0, 300.0), Matched::Initials, Placed::Entry),
        ("人名广场", spot(-500.0, 300.0), Matched::Sound, Placed::Entry),
        ("台北风味", spot(-900.0, -700.0), Matched::Partial, Placed::Entry),
        ("人民医院", spot(300.0, -400.0), Matched::Partial, Placed::Entry),
        ("peoples hospital", spot(300.0, -400.0), Matched::Partial, Placed::Entry),
        ("Peoples Sqare", spot(-500.0, 300.0), Matched::Typo, Placed::Entry),
        ("370705001001001", spot(300.0, 0.0), Matched::Exact, Placed::Entry),
        ("3707050127000123", spot(50.0, 8.0), Matched::Partial, Placed::Entry),
        ("119.1,36.7", spot(0.0, 0.0), Matched::Typed, Placed::Typed),
    ];
    for (query, place, matched, placed) in table {
        let answers = geocoder.find(query, &Ask::default());
        let first = answers.first().unwrap_or_else(|| panic!("{query}: nothing found"));
        let away = first.at.metres_to(&place);
        assert!(away < 20.0, "{query}: {away:.0} m away: {first:?}");
        assert_eq!((first.matched, first.placed), (matched, placed), "{query}: {first:?}");
        assert!(answers.windows(2).all(|w| (0.0..=1.0).contains(&w[1].confidence)), "{query}");
    }
    for query in ["", "，。", "   ", "🙂"] {
        assert_eq!(geocoder.find(query, &Ask::default()), [], "{query}");
    }
}

#[test]
fn certainty_falls_with_every_guess() {
    let geocoder = built();
    let sure = |query: &str| geocoder.find(query, &Ask::default()).first().map_or(0.0, |a| a.confidence);
    let falling = ["东风街21号", "东风街31号", "东风街171号", "西风街171号"];
    for pair in falling.windows(2) {
        assert!(sure(pair[0]) > sure(pair[1]), "{pair:?} {} {}", sure(pair[0]), sure(pair[1]));
    }
    assert!(sure("人民广场") > 0.99 && sure("人名广场") < 0.97 && sure("rmgc") < sure("人名广场"));
    assert!(sure("人民广场") > sure("全家便利店"), "one of two shops is a guess");
    assert!(sure("天安门") < 0.3);
}

#[test]
fn place_area_kind_and_day_choose_among_equals() {
    let geocoder = built();
    let first = |ask: &Ask| geocoder.find("全家便利店", ask).first().and_then(|a| a.id.clone());
    let near = |p| Ask { near: Some(p), ..Ask::default() };
    assert_eq!(first(&near(spot(100.0, 800.0))), Some("shop0".to_owned()));
    assert_eq!(first(&near(spot(1400.0, -800.0))), Some("shop1".to_owned()));
    assert_eq!(first(&Ask { within: Some("370702".to_owned()), ..Ask::default() }), None);
    assert_eq!(first(&Ask { kinds: Some(vec![Kind::Street]), ..Ask::default() }), None);

    let mut geocoder = built();
    let mut old = geocoder.get("p1").expect("known");
    old.valid_from = Some(Timestamp(1_000));
    old.valid_until = Some(Timestamp(2_000));
    assert_eq!(geocoder.put(&old), Ok(false));
    let on = |ms| geocoder.find("人民广场", &Ask { on: Some(Timestamp(ms)), ..Ask::default() });
    let is_square =
        |answers: &[yiwang_spatial::geocode::Answer]| answers.iter().any(|a| a.id.as_deref() == Some("p1"));
    assert!(is_square(&on(1_000)) && is_square(&on(1_999)) && !is_square(&on(2_000)) && !is_square(&on(999)));
}

#[test]
fn a_position_has_an_address() {
    let geocoder = built();
    let at_door = geocoder.address_of(spot(212.0, 10.0), None);
    assert_eq!(at_door.door.as_ref().map(|d| d.number.as_str()), Some("21"));
    assert_eq!(at_door.street.as_ref().map(|s| s.name_zh.as_str()), Some("东风街"));
    assert!(at_door.label_zh.starts_with("潍坊市奎文区东风街21号"), "{}", at_door.label_zh);
    assert!(at_door.label_en.starts_with("21 Dongfeng Street"), "{}", at_door.label_en);
    let in_grid = geocoder.address_of(spot(330.0, 20.0), None);
    assert_eq!(in_grid.grid.as_ref().map(|g| g.id.as_str()), Some("g1"));
    let by_square = geocoder.address_of(spot(-500.0, 400.0), None);
    let poi = by_square.poi.expect("the square is near");
    assert_eq!((poi.id.as_str(), poi.direction), ("p1", Some("n")));
    assert!((poi.distance_m - 100.0).abs() < 2.0);
    let nowhere = geocoder.address_of(at(100.0, 20.0), None);
    assert!(nowhere.street.is_none() && nowhere.poi.is_none() && nowhere.label_zh.is_empty());
}

#[test]
fn entries_that_cannot_be_kept_are_refused_with_field_and_reason() {
    let good = city().swap_remove(3);
    let change = |f: fn(&mut Entry)| {
        let mut entry = good.clone();
        f(&mut entry);
        entry
    };
    let table = [
        (change(|e| e.id.clear()), "id"),
        (change(|e| e.id = "x".repeat(81)), "id"),
        (
            change(|e| {
                e.name_zh.clear();
                e.name_en.clear();
            }),
            "name",
        ),
        (change(|e| e.name_zh = "街".repeat(200)), "name"),
        (change(|e| e.name_zh = "……".to_owned()), "name"),
        (change(|e| e.aliases = vec!["a".to_owned(); 20]), "aliases"),
        (change(|e| e.area = "奎文".to_owned()), "area"),
        (change(|e| e.door = Some("3".to_owned())), "door"),
        (change(|e| e.kind = Kind::Door), "door"),
        (
            change(|e| {
                e.kind = Kind::Door;
                e.door = Some("x".to_owned());
            }),
            "door",
        ),
        (change(|e| e.shape = Shape::Lines(vec![])), "shape"),
        (change(|e| e.shape = Shape::Lines(vec![vec![spot(0.0, 0.0)]])), "shape"),
        (
            change(|e| {
                e.valid_from = Some(Timestamp(5));
                e.valid_until = Some(Timestamp(5));
            }),
            "valid_until",
        ),
    ];
    let mut geocoder = built();
    let before = geocoder.len();
    for (entry, field) in table {
        assert_eq!(geocoder.put(&entry).expect_err("refused").field, field, "{entry:?}");
    }
    assert_eq!(geocoder.len(), before);
}

#[test]
fn entries_come_back_as_they_were_put() {
    let geocoder = built();
    for wanted in city() {
        let got = geocoder.get(&wanted.id).expect("known");
        assert_eq!(
            (&got.name_zh, &got.name_en, &got.area, got.kind),
            (&wanted.name_zh, &wanted.name_en, &wanted.area, wanted.kind)
        );
        assert_eq!(got.aliases, wanted.aliases);
    }
}

#[test]
fn an_image_gives_the_same_store_and_a_broken_one_is_refused() {
    let geocoder = built();
    let image = geocoder.to_image();
    let again = Geocoder::from_image(&image).expect("sound");
    assert_eq!(again.len(), geocoder.len());
    for entry in city() {
        assert_eq!(again.get(&entry.id), geocoder.get(&entry.id));
    }
    for query in ["东风街31号", "四平路东风街路口", "人名广场", "rmgc", "Peoples Sqare", "370705001001001"]
    {
        assert_eq!(again.find(query, &Ask::default()), geocoder.find(query, &Ask::default()), "{query}");
    }
    assert_eq!(again.to_image(), image);
    for cut in [0, 3, 20, image.len() / 2, image.len() - 1] {
        assert!(Geocoder::from_image(&image[..cut]).is_err(), "{cut}");
    }
    for at in [0, 6, 14, image.len() / 3, image.len() - 1] {
        let mut broken = image.clone();
        broken[at] ^= 0x40;
        assert!(Geocoder::from_image(&broken).is_err(), "{at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is put, replaced and taken out, the store answers as one made anew from what is left.
    #[test]
    fn upkeep_equals_a_new_store(steps in prop::collection::vec((0usize..30, any::<bool>()), 1..60)) {
        let all = city();
        let mut geocoder = Geocoder::default();
        let mut kept: Vec<Entry> = Vec::new();
        for (index, keep) in steps {
            let entry = &all[index % all.len()];
            kept.retain(|e| e.id != entry.id);
            if keep {
                let known = geocoder.get(&entry.id).is_some();
                prop_assert_eq!(geocoder.put(entry), Ok(!known));
                kept.push(entry.clone());
            } else {
                let known = geocoder.get(&entry.id).is_some();
                prop_assert_eq!(geocoder.remove(&entry.id), known);
            }
        }
        prop_assert_eq!(geocoder.len(), kept.len());
        let (fresh, _) = Geocoder::build(kept);
        for query in ["东风街21号", "东风街31号", "人民广场", "四平路东风街路口", "阳光花园3号楼", "全家便利店"] {
            let ids = |g: &Geocoder| {
                let mut ids: Vec<_> = g.find(query, &Ask::default()).into_iter().filter(|a| a.confidence > 0.8).map(|a| a.id).collect();
                ids.sort();
                ids
            };
            prop_assert_eq!(ids(&geocoder), ids(&fresh), "{}", query);
        }
        for (east, north) in [(210.0, 10.0), (-500.0, 300.0), (300.0, 0.0)] {
            prop_assert_eq!(
                geocoder.address_of(spot(east, north), None).label_zh,
                fresh.address_of(spot(east, north), None).label_zh
            );
        }
    }

    #[test]
    fn no_text_makes_it_stumble(text in "[东风街与四平路口人民广场0-9a-z&,./ 号米北对面\\-°]{0,40}") {
        let (geocoder, _) = Geocoder::build(city());
        for answer in geocoder.find(&text, &Ask::default()) {
            prop_assert!((0.0..=1.0).contains(&answer.confidence) && answer.accuracy_m.is_finite());
        }
    }
}
