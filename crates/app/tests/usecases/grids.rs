//! The grid system: which edition counts, drafts of the next one, and what the rest of the city sees of it.

use crate::world::{World, city, person, place, record};
use app::ports::GridChange;
use jiff::civil::date;
use kernel::{GridCode, Role, Timestamp};
use serde_json::json;
use std::sync::Arc;

const DAY: i64 = 86_400_000;

fn code(text: &str) -> GridCode {
    text.parse().expect("a code")
}

fn put(text: &str, shape: &str, body: &str) -> GridChange {
    GridChange::Put { code: code(text), body: body.to_owned(), shape: shape.to_owned() }
}

#[tokio::test]
async fn an_edition_takes_the_place_of_the_record_and_is_kept_until_the_next() {
    let w = World::new().await;
    let grid_of_report = async |w: &World, text: &str| {
        let id = w.reported(text, json!({ "place": place() })).await;
        w.case(&id).await.report.place.grid.map(|grid| grid.to_string())
    };
    assert_eq!(grid_of_report(&w, "第一").await.as_deref(), Some("990401001001001"));
    assert_eq!(w.app.config(city()).expect("open").grids_from.edition(), 0);

    // A part that holds the place, and the rest of the square.
    let changes = vec![
        put(
            "990401001001002",
            "POLYGON((116 36,116.01 36,116.01 36.01,116.001 36.01,116 36))",
            r#"{"grade":"A"}"#,
        ),
        put("990401001001003", "POLYGON((116 36,116.001 36.01,116 36.01,116 36))", "{}"),
        put("990401001001", "POLYGON((116 36,116.01 36,116.01 36.01,116 36.01,116 36))", "{}"),
    ];
    let march = date(2026, 3, 1);
    w.store.publish_grids(city(), 0, march, None, w.app.now(), "", changes).await.expect("published");
    w.app.refresh_config(city()).await.expect("read again");
    let held = w.app.config(city()).expect("open").grids_from.clone();
    assert_eq!((held.edition(), held.grids.len()), (1, 2));
    assert_eq!(grid_of_report(&w, "第二").await.as_deref(), Some("990401001001002"));

    // A change elsewhere leaves the grids as they were made.
    let hydrant = json!({ "name": "青年路", "lng": 116.0, "lat": 36.0 });
    let streets = record("streets", "all", json!([hydrant]));
    w.app.put_checked(city(), Some(person(Role::SystemAdmin)), vec![streets]).await.expect("written");
    let config = w.app.config(city()).expect("open");
    assert_eq!(config.streets.len(), 1);
    assert!(Arc::ptr_eq(&config.grids, &held.grids), "20,936 polygons are not made again");

    // An edition of next Thursday counts from next Thursday on.
    let changes = vec![GridChange::Remove { code: code("990401001001002") }];
    let thursday = date(2026, 3, 5);
    w.store.publish_grids(city(), 1, thursday, None, w.app.now(), "", changes).await.expect("published");
    w.app.refresh_config(city()).await.expect("read again");
    let config = w.app.config(city()).expect("open");
    assert_eq!((config.grids_from.edition(), config.grids_from.until), (1, Some(thursday)));
    w.clock.set(Timestamp(w.app.now().0 + 3 * DAY));
    w.app.refresh_config(city()).await.expect("read again");
    let config = w.app.config(city()).expect("open");
    assert_eq!((config.grids_from.edition(), config.grids.len(), config.grids_from.until), (2, 1, None));
}

#[tokio::test]
async fn a_changed_record_makes_its_rectangles_again() {
    let w = World::new().await;
    let before = w.app.config(city()).expect("open");
    let table = "code,community_code,west,south,east,north\n\
        990401001001009,990401001001,116.000,36.000,116.010,36.010\n";
    let admin = w.who(Role::SystemAdmin);
    w.app.put_record(&admin, "unit_grids", "all", 1, Some(json!(table))).await.expect("written");
    let after = w.app.config(city()).expect("open");
    assert!(!Arc::ptr_eq(&before.grids, &after.grids));
    assert_eq!(after.grids.len(), 1);
    let broken = w.app.put_record(&admin, "unit_grids", "all", 2, Some(json!("code\n1\n"))).await;
    assert!(broken.is_err());
    w.app.put_record(&admin, "unit_grids", "all", 2, None).await.expect("removed");
    assert!(w.app.config(city()).expect("open").grids.is_empty());
}
