//! What every store promises of registered things, grid editions and addresses.

use crate::sample::{self, MONDAY_NINE};
use app::ports::{
    GridChange, PutAddress, PutThing, PutThings, Store, StoreError, StoredThing, ThingCount, ThingQuery,
};
use jiff::civil::date;
use kernel::{CityCode, GridCode, PersonId};
use std::sync::Arc;

type Dyn = Arc<dyn Store>;

/// Runs every check in cities of their own.
///
/// # Panics
/// With the name of the promise that was broken.
pub async fn run(store: &Dyn) {
    let city = |number: u32| sample::other_city(100 + number);
    Box::pin(things_keep_every_version(store, city(1))).await;
    Box::pin(things_are_written_all_or_not_at_all(store, city(2))).await;
    Box::pin(the_same_command_writes_things_once(store, city(3))).await;
    Box::pin(things_are_listed_and_counted(store, city(4))).await;
    Box::pin(many_things_are_written_in_order(store, city(5))).await;
    Box::pin(sequences_give_no_number_twice(store, city(6))).await;
    Box::pin(grids_stand_in_editions(store, city(7))).await;
    Box::pin(addresses_keep_every_version(store, city(8))).await;
}

fn new_thing(register: &str, code: &str, name: &str) -> PutThing {
    PutThing {
        serial: None,
        register: register.to_owned(),
        code: code.to_owned(),
        name: name.to_owned(),
        class: "2026-component-01037".to_owned(),
        expected_version: 0,
        removed: false,
        change: r#"{"fact":"registered"}"#.to_owned(),
        body: format!(r#"{{"name":"{name}"}}"#),
    }
}

fn next(thing: &StoredThing, name: &str) -> PutThing {
    PutThing {
        serial: Some(thing.serial),
        expected_version: thing.version,
        class: thing.class.clone(),
        change: r#"{"fact":"changed"}"#.to_owned(),
        ..new_thing(&thing.register, &thing.code, name)
    }
}

fn put(city: CityCode, puts: Vec<PutThing>) -> PutThings {
    PutThings { city, by: Some(PersonId(7)), at: MONDAY_NINE, command: None, puts }
}

async fn things_keep_every_version(store: &Dyn, city: CityCode) {
    assert_eq!(store.things_head(city).await.expect("head"), (0, 0));
    let done = store.put_things(put(city, vec![new_thing("component", "1", "路灯")])).await.expect("put");
    assert_eq!((done[0].serial, done[0].version, done[0].position), (1, 1, 1));
    let first = store.thing(city, 1).await.expect("read").expect("it is there");
    assert_eq!(
        (first.name.as_str(), first.changed_by, first.changed_at),
        ("路灯", Some(PersonId(7)), MONDAY_NINE)
    );
    let gone = PutThing { removed: true, ..next(&first, "路灯 2") };
    store.put_things(put(city, vec![gone])).await.expect("put");
    let history = store.thing_history(city, 1, 10).await.expect("history");
    assert_eq!(history.iter().map(|one| one.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(history[1], first, "an earlier version stays as it was");
    assert!(history[0].removed);
    assert_eq!(store.thing_history(city, 1, 1).await.expect("history").len(), 1);
    let by_code = store.thing_by_code(city, "component", "1").await.expect("read");
    assert_eq!(by_code.as_ref(), Some(&history[0]));
    assert_eq!(store.thing_by_code(city, "shop", "1").await.expect("read"), None);
    assert_eq!(store.things_by_serial(city, &[9, 1]).await.expect("read"), [history[0].clone()]);
    let again = store.put_things(put(city, vec![new_thing("component", "1", "路灯")])).await;
    assert!(matches!(again, Err(StoreError::CodeTaken { .. })), "a removed one's code is not used again");
    assert_eq!(store.thing(city, 5).await.expect("read"), None);
}

async fn things_are_written_all_or_not_at_all(store: &Dyn, city: CityCode) {
    let two = vec![new_thing("shop", "a", "面馆"), new_thing("shop", "b", "书店")];
    store.put_things(put(city, two)).await.expect("put");
    let a = store.thing_by_code(city, "shop", "a").await.expect("read").expect("there");
    let stale = PutThing { expected_version: 7, ..next(&a, "面馆 2") };
    let refused = store.put_things(put(city, vec![new_thing("shop", "c", "花店"), stale])).await;
    assert!(matches!(refused, Err(StoreError::StaleThing { .. })));
    let twice = store.put_things(put(city, vec![next(&a, "x"), next(&a, "y")])).await;
    assert!(matches!(twice, Err(StoreError::StaleThing { .. })), "one call changes a thing once");
    let same = vec![new_thing("shop", "d", "药店"), new_thing("shop", "d", "药店")];
    assert!(matches!(store.put_things(put(city, same)).await, Err(StoreError::CodeTaken { .. })));
    let other = PutThing { register: "billboard".to_owned(), ..next(&a, "x") };
    assert!(store.put_things(put(city, vec![other])).await.is_err(), "a thing stays in its register");
    assert_eq!(store.things_head(city).await.expect("head"), (2, 2), "nothing was half written");
    assert_eq!(store.thing_by_code(city, "shop", "c").await.expect("read"), None);
}

async fn the_same_command_writes_things_once(store: &Dyn, city: CityCode) {
    let mut one = put(city, vec![new_thing("component", "1", "井盖")]);
    one.command = Some(sample::command_id(900));
    let first = store.put_things(one.clone()).await.expect("put");
    let thing = store.thing(city, 1).await.expect("read").expect("there");
    store.put_things(put(city, vec![next(&thing, "井盖 2")])).await.expect("put");
    assert_eq!(store.put_things(one).await.expect("the same"), first);
    assert_eq!(store.things_head(city).await.expect("head"), (2, 1));
}

async fn things_are_listed_and_counted(store: &Dyn, city: CityCode) {
    let mut puts: Vec<_> =
        (1..=9).map(|n| new_thing("component", &format!("37070201{n:03}"), &format!("路灯 {n}"))).collect();
    puts.push(new_thing("shop", "S_1", "50% 折扣店"));
    puts.push(PutThing { class: "food".to_owned(), ..new_thing("shop", "S%2", "Noodle House") });
    puts.push(PutThing { removed: true, ..new_thing("shop", "S3", "旧店") });
    store.put_things(put(city, puts)).await.expect("put");
    let list = async |query: ThingQuery| {
        let found = store.list_things(city, &query).await.expect("list");
        found.into_iter().map(|thing| thing.code).collect::<Vec<_>>()
    };
    let shops = ThingQuery { register: "shop".to_owned(), limit: 10, ..ThingQuery::default() };
    assert_eq!(list(shops.clone()).await, ["S%2", "S_1"]);
    assert_eq!(list(ThingQuery { with_removed: true, ..shops.clone() }).await, ["S%2", "S3", "S_1"]);
    assert_eq!(list(ThingQuery { class: Some("food".to_owned()), ..shops.clone() }).await, ["S%2"]);
    for (text, expected) in
        [("noodle", vec!["S%2"]), ("折扣", vec!["S_1"]), ("s_", vec!["S_1"]), ("%", vec!["S_1"])]
    {
        let query = ThingQuery { text: Some(text.to_owned()), ..shops.clone() };
        assert_eq!(list(query).await, expected, "{text}");
    }
    let page = ThingQuery {
        register: "component".to_owned(),
        after: Some("37070201003".to_owned()),
        limit: 2,
        ..ThingQuery::default()
    };
    assert_eq!(list(page).await, ["37070201004", "37070201005"]);
    let counts = store.count_things(city).await.expect("counts");
    let count = |register: &str, class: &str, count| ThingCount {
        register: register.to_owned(),
        class: class.to_owned(),
        count,
    };
    let street_light = "2026-component-01037";
    assert_eq!(
        counts,
        [count("component", street_light, 9), count("shop", street_light, 1), count("shop", "food", 1)]
    );
    let codes = ["S_1".to_owned(), "none".to_owned(), "S3".to_owned()];
    assert_eq!(store.things_by_code(city, "shop", &codes).await.expect("read").len(), 2);
}

async fn many_things_are_written_in_order(store: &Dyn, city: CityCode) {
    let puts = (0..1_500).map(|n| new_thing("component", &format!("{n:06}"), "树")).collect();
    let done = store.put_things(put(city, puts)).await.expect("put");
    assert_eq!(done.len(), 1_500);
    let one = store.thing(city, 3).await.expect("read").expect("there");
    store.put_things(put(city, vec![next(&one, "树 2")])).await.expect("put");
    let mut position = 0;
    let mut serials = Vec::new();
    loop {
        let page = store.things_since(city, position, 400).await.expect("page");
        assert!(page.windows(2).all(|pair| pair[0].position < pair[1].position));
        let Some(last) = page.last() else { break };
        position = last.position;
        serials.extend(page.iter().map(|thing| thing.serial));
    }
    assert_eq!((serials.len(), serials.last()), (1_500, Some(&3)), "what changed last comes last, once");
}

async fn sequences_give_no_number_twice(store: &Dyn, city: CityCode) {
    assert_eq!(store.take_sequence(city, "37070201", 3).await.expect("numbers"), 1);
    assert_eq!(store.take_sequence(city, "37070201", 1).await.expect("numbers"), 4);
    assert_eq!(store.take_sequence(city, "37070202", 1).await.expect("numbers"), 1);
    store.raise_sequence(city, "37070201", 100).await.expect("raised");
    store.raise_sequence(city, "37070201", 50).await.expect("raised");
    assert_eq!(store.take_sequence(city, "37070201", 1).await.expect("numbers"), 101);
}

async fn grids_stand_in_editions(store: &Dyn, city: CityCode) {
    let code = |n: u32| -> GridCode { format!("370702001001{n:03}").parse().expect("a grid code") };
    let grid = |n: u32, shape: &str| GridChange::Put {
        code: code(n),
        body: "{}".to_owned(),
        shape: shape.to_owned(),
    };
    let publish = async |expected, day, changes| {
        store.publish_grids(city, expected, day, None, MONDAY_NINE, "划分", changes).await
    };
    let (march, may) = (date(2026, 3, 1), date(2026, 5, 1));
    let version = store.records_version(city).await.expect("version");
    let first = publish(0, march, vec![grid(1, "A"), grid(2, "B")]).await.expect("published");
    assert_eq!((first.edition, first.grids, first.added), (1, 2, 2));
    assert!(store.records_version(city).await.expect("version") > version, "others notice");
    assert!(matches!(publish(0, may, vec![]).await, Err(StoreError::StaleRecord { .. })));
    assert!(publish(1, date(2026, 2, 1), vec![]).await.is_err(), "not before the one before");
    let unknown = publish(1, may, vec![grid(3, "C"), GridChange::Remove { code: code(9) }]).await;
    assert!(unknown.is_err());
    let second = publish(1, may, vec![grid(1, "A2"), GridChange::Remove { code: code(2) }, grid(3, "C")])
        .await
        .expect("published");
    assert_eq!((second.grids, second.added, second.changed, second.removed), (2, 1, 1, 1));
    let shapes = async |edition| {
        let grids = store.grids(city, edition).await.expect("grids");
        grids.into_iter().map(|grid| grid.shape).collect::<Vec<_>>()
    };
    assert_eq!(shapes(Some(1)).await, ["A", "B"]);
    assert_eq!(shapes(None).await, ["A2", "C"]);
    let history = store.grid_history(city, &code(1)).await.expect("history");
    assert_eq!(
        history.iter().map(|one| (one.from_edition, one.until_edition)).collect::<Vec<_>>(),
        [(2, None), (1, Some(2))]
    );
    let outline = |shape: &str| GridChange::Put {
        code: "370702001001".parse().expect("a community"),
        body: "{}".to_owned(),
        shape: shape.to_owned(),
    };
    let third = publish(2, may, vec![outline("O"), GridChange::Remove { code: code(3) }]).await;
    let third = third.expect("published");
    assert_eq!((third.grids, third.added, third.changed, third.removed), (1, 0, 0, 1), "grids alone count");
    assert_eq!(shapes(None).await, ["A2"]);
    let outlines = async |edition| store.grid_outlines(city, edition).await.expect("outlines");
    assert_eq!(outlines(Some(2)).await, []);
    assert_eq!(outlines(None).await.iter().map(|one| one.shape.as_str()).collect::<Vec<_>>(), ["O"]);
    let voided = store.voided_grids(city).await.expect("voided");
    let told: Vec<_> = voided.iter().map(|one| (one.code.clone(), one.until_edition)).collect();
    assert_eq!(told, [(code(2), Some(2)), (code(3), Some(3))]);
    let editions = store.grid_editions(city).await.expect("editions");
    assert_eq!(editions, [third, second, first]);
}

async fn addresses_keep_every_version(store: &Dyn, city: CityCode) {
    let put = |id: &str, expected: Option<u32>, body: Option<&str>| PutAddress {
        id: id.to_owned(),
        expected_version: expected,
        body: body.map(str::to_owned),
    };
    let write = async |puts| store.put_addresses(city, None, MONDAY_NINE, puts).await;
    assert_eq!(
        write(vec![put("s1", Some(0), Some("一")), put("s2", None, Some("二"))]).await.expect("put"),
        [1, 1]
    );
    assert!(write(vec![put("s1", Some(0), Some("x"))]).await.is_err(), "it is there already");
    assert!(write(vec![put("s3", None, Some("x")), put("s2", Some(9), Some("x"))]).await.is_err());
    assert_eq!(write(vec![put("s1", Some(1), Some("一 2"))]).await.expect("put"), [2]);
    assert_eq!(write(vec![put("s1", Some(2), None)]).await.expect("removed"), [3]);
    assert!(write(vec![put("s1", None, None)]).await.is_err(), "nothing is there");
    assert_eq!(write(vec![put("s1", Some(0), Some("一 3"))]).await.expect("put"), [4]);
    let history = store.address_history(city, "s1").await.expect("history");
    let told: Vec<_> = history.iter().map(|one| (one.version, one.removed, one.body.as_str())).collect();
    assert_eq!(told, [(4, false, "一 3"), (3, true, "一 2"), (2, false, "一 2"), (1, false, "一")]);
    let (head, count) = store.addresses_head(city).await.expect("head");
    assert_eq!(count, 2);
    let all = store.addresses_since(city, 0, 10).await.expect("read");
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["s2", "s1"]);
    assert!(all.last().is_some_and(|last| last.position <= head));
    assert_eq!(store.addresses_since(city, all[0].position, 10).await.expect("read").len(), 1);
    assert_eq!(store.address(city, "s3").await.expect("read"), None, "nothing was half written");
}
