//! The whole loop of the application's tests, on the store that ships: once round on SQLite, then closed, opened
//! again and proved.

#[path = "../../app/tests/usecases/lap.rs"]
mod lap;
#[path = "../../app/tests/usecases/world.rs"]
#[allow(dead_code, reason = "shared with tests that need all of it")]
mod world;

use app::list_query::ListQuery;
use kernel::Role;
use std::sync::Arc;
use store::Store;
use world::{World, city};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_goes_all_the_way_round_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("city.db");
    let target = path.to_str().expect("a plain path");
    let store = Store::open(target).await.expect("a store");
    let w = World::on(Arc::new(store.clone())).await;
    let id = lap::lap(&w).await;
    let before = w.trace(&id).await;
    drop(w);
    store.close().await.expect("closed");

    let store = Store::open(target).await.expect("the same store");
    let w = World::on(Arc::new(store.clone())).await;
    assert_eq!(w.trace(&id).await, before);
    w.proved().await;
    let words = ListQuery { q: Some("绊倒".into()), ..ListQuery::default() };
    let found = w.app.list_cases(&w.who(Role::ShiftLeader), &words).await.expect("a list");
    assert_eq!((found.total, found.items[0].id.as_str()), (1, id.as_str()));
    assert_eq!(w.app.cities(), [city()]);
    drop(w);
    store.close().await.expect("closed");
}
