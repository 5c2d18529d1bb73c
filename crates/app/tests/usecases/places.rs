//! Places: found by words and by position, kept with versions, in step with the store.

use crate::world::{World, city, new_id};
use app::AppError;
use app::places::{AddressIn, AddressRow, PlaceAsk};
use kernel::Role;
use serde_json::json;

fn row(value: serde_json::Value) -> AddressRow {
    serde_json::from_value(value).expect("a row")
}

fn ask(q: &str) -> PlaceAsk {
    PlaceAsk { q: q.to_owned(), ..PlaceAsk::default() }
}

fn streets() -> Vec<AddressIn> {
    let one = |id: &str, value| AddressIn { id: id.to_owned(), row: Some(row(value)) };
    vec![
        one(
            "s1",
            json!({ "kind": "street", "name_zh": "东风街", "name_en": "Dongfeng Street",
            "place": "LINESTRING(116.001 36.005, 116.019 36.005)" }),
        ),
        one(
            "s2",
            json!({ "kind": "street", "name_zh": "民生路", "place": "LINESTRING(116.008 36.001, 116.008 36.009)" }),
        ),
        one(
            "d1",
            json!({ "kind": "door", "name_zh": "东风街", "door": "12", "place": "POINT(116.004 36.0051)" }),
        ),
        one(
            "p1",
            json!({ "kind": "poi", "name_zh": "人民广场", "place": "POINT(116.0045 36.0062)", "weight": 200 }),
        ),
        one("bad", json!({ "kind": "door", "name_zh": "东风街", "place": "POINT(116.004 36.0051)" })),
        one("worse", json!({ "kind": "river", "name_zh": "白浪河", "place": "POINT(116.004 36.0051)" })),
    ]
}

async fn world() -> World {
    let w = World::new().await;
    let put = w.app.put_addresses_bulk(city(), None, streets()).await.expect("a store");
    assert_eq!((put.written, put.faults.len()), (4, 2), "{:?}", put.faults);
    let fault = |at: usize| (put.faults[at].problems[0].field.clone(), put.faults[at].problems[0].code);
    assert_eq!((fault(0), fault(1)), (("door".to_owned(), "required"), ("kind".to_owned(), "unknown_value")));
    w.app.catch_up_places(&w.app.city(city()).expect("the city")).await.expect("a store");
    w
}

#[tokio::test]
async fn what_people_say_leads_to_a_place_with_its_grid() {
    let w = world().await;
    let intake = w.who(Role::IntakeOperator);
    let table = [
        ("东风街12号", "东风街12号", "door", "990401001001001"),
        ("东风街与民生路路口", "东风街与民生路路口", "crossing", "990401001001001"),
        ("dongfeng street", "东风街", "street_middle", "990401002001001"),
        ("人民广场东200米", "人民广场", "offset", "990401001001001"),
        ("116.015, 36.005", "", "typed", "990401002001001"),
        ("990401002001001", "990401002001001", "area_middle", "990401002001001"),
    ];
    for (q, label, placed, grid) in table {
        let found = w.app.find_places(&intake, &ask(q)).await.expect("found");
        let first = found.first().unwrap_or_else(|| panic!("nothing for {q}"));
        assert!(first.label.zh.contains(label), "{q}: {first:?}");
        assert_eq!((first.placed.as_str(), first.grid.as_deref()), (placed, Some(grid)), "{q}: {first:?}");
    }
    let wrong = w.app.find_places(&intake, &PlaceAsk { kinds: vec!["river".into()], ..ask("东风街") }).await;
    assert!(matches!(wrong, Err(AppError::Invalid(problems)) if problems[0].field == "kinds"));
}

#[tokio::test]
async fn a_report_that_only_points_at_the_map_gets_its_address_in_words() {
    let w = world().await;
    let sent = w
        .report_json(
            "井盖破损",
            json!({ "id": new_id(), "place": { "lng": 116.00402, "lat": 36.00508, "address": "" } }),
        )
        .await;
    let view = w.try_report(&w.who(Role::IntakeOperator), sent).await.expect("taken");
    let case = w.case(view["id"].as_str().expect("an id")).await;
    assert!(case.report.place.address.contains("东风街12号"), "{}", case.report.place.address);
    let at = w.app.place_at(city(), 116.00402, 36.00508).expect("a position");
    assert_eq!(at.grid.as_deref(), Some("990401001001001"));
    assert_eq!(at.address.expect("words").zh, case.report.place.address);
    assert_eq!((at.door.as_deref(), at.landmark.expect("near").name.zh.as_str()), (Some("12"), "人民广场"));
}

#[tokio::test]
async fn an_address_is_changed_by_the_administrator_and_found_at_once() {
    let w = world().await;
    let admin = w.who(Role::SystemAdmin);
    let shop = || row(json!({ "kind": "poi", "name_zh": "青年书店", "place": "POINT(116.012 36.006)" }));
    let intake = w.who(Role::IntakeOperator);
    assert!(matches!(w.app.put_address(&intake, "p2", 0, Some(shop())).await, Err(AppError::Forbidden(_))));
    let made = w.app.put_address(&admin, "p2", 0, Some(shop())).await.expect("written");
    assert_eq!((made.version, made.grid.as_deref()), (Some(1), Some("990401002001001")));
    assert!(matches!(w.app.put_address(&admin, "p2", 0, Some(shop())).await, Err(AppError::Stale)));
    let found = |q: &'static str| {
        let (app, intake) = (w.app.clone(), intake.clone());
        async move { app.find_places(&intake, &ask(q)).await.expect("found").into_iter().find_map(|f| f.id) }
    };
    assert_eq!(found("青年书店").await.as_deref(), Some("p2"));
    let moved = AddressRow { name_zh: "少年书店".into(), ..shop() };
    w.app.put_address(&admin, "p2", 1, Some(moved)).await.expect("written");
    assert_eq!(found("少年书店").await.as_deref(), Some("p2"));
    w.app.put_address(&admin, "p2", 2, None).await.expect("removed");
    assert_ne!(found("少年书店").await.as_deref(), Some("p2"));
    let history = w.app.address_history(&admin, "p2").await.expect("read");
    assert_eq!(
        history.iter().map(|v| (v.version, v.removed)).collect::<Vec<_>>(),
        [(Some(3), true), (Some(2), false), (Some(1), false)]
    );
    assert!(matches!(w.app.see_address(&admin, "p2").await, Err(AppError::NotFound(_))));
    let bad = row(
        json!({ "kind": "street", "name_zh": "…", "area": "12", "place": "POLYGON((0 0, 1 0, 1 1, 0 0))" }),
    );
    let Err(AppError::Invalid(problems)) = w.app.put_address(&admin, "p 3", 0, Some(bad)).await else {
        panic!("taken")
    };
    let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["id", "name_zh", "area", "place"]);
}

#[tokio::test]
async fn the_list_goes_page_by_page_and_an_image_saves_reading_it_again() {
    let w = world().await;
    let admin = w.who(Role::SystemAdmin);
    let first = w.app.list_addresses(&admin, None, None, None, 3).await.expect("a page");
    let ids = |page: &app::places::AddressPage| page.items.iter().map(|i| i.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        (ids(&first), first.next.as_deref(), first.total),
        (vec!["d1".into(), "p1".into(), "s1".into()], Some("s1"), 4)
    );
    let rest = w.app.list_addresses(&admin, None, None, first.next.as_deref(), 3).await.expect("a page");
    assert_eq!((ids(&rest), rest.next), (vec!["s2".to_owned()], None));
    let streets = w.app.list_addresses(&admin, None, Some("street"), None, 10).await.expect("a page");
    assert_eq!(ids(&streets), ["s1", "s2"]);
    let searched = w.app.list_addresses(&admin, Some("人民广场"), None, None, 10).await.expect("a page");
    assert_eq!(ids(&searched).first().map(String::as_str), Some("p1"));

    let code = city();
    let image = w.app.city(code).expect("the city").places.to_image().expect("something to save");
    let other = World::on(w.store.clone()).await;
    assert!(other.app.restore_places(code, image.clone()).await.expect("read"));
    let places = &other.app.city(code).expect("the city").places;
    assert_eq!(places.extent(), w.app.city(code).expect("the city").places.extent());
    let mut damaged = image;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let fresh = World::new().await;
    assert!(!fresh.app.restore_places(code, damaged).await.expect("read"), "the store knows nothing of it");
}
