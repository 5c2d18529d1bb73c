//! What every store promises, as checks. Each uses a city of its own, so that they may run on one store.

use crate::sample::{self, MONDAY, MONDAY_NINE, append, commented, new_case, other_city, restarted};
use app::ports::{
    AuditEntry, Credential, Forget, Forgotten, Notice, Outcome, PutRecord, Reporter, Session, Store,
    StoreError, StoredAttachment,
};
use city::tokens::query_tokens;
use kernel::{CityCode, ClockKind, Millis, PersonId, Timestamp};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::sync::Arc;

type Dyn = Arc<dyn Store>;

/// Runs every check. `store` must be empty.
///
/// # Panics
/// With the name of the promise that was broken.
pub async fn run(store: Dyn) {
    // In parts and boxed: one after the other they would not fit on a test's stack.
    Box::pin(changes_are_kept(&store)).await;
    Box::pin(everything_else_is_kept(&store)).await;
    Box::pin(crate::registry_conformance::run(&store)).await;
    // Last: it forgets across all cities.
    Box::pin(what_was_kept_long_enough_is_forgotten(&store, other_city(27))).await;
    let cities = store.cities().await.expect("cities");
    assert!(cities.is_sorted() && cities.contains(&other_city(4)) && cities.contains(&other_city(20)));
}

async fn changes_are_kept(store: &Dyn) {
    assert_eq!(store.cities().await.expect("cities"), [], "an empty store has no city");
    store.ping().await.expect("a store answers");
    // First, while nothing else is due anywhere.
    due_moments_are_leased_and_end_once(store, other_city(1)).await;
    notices_are_leased_and_tried_again(store, other_city(2)).await;
    an_inbox_is_read_by_its_person(store, other_city(3)).await;
    a_new_case_is_found_by_every_key(store, other_city(4)).await;
    the_same_command_writes_once(store, other_city(5)).await;
    a_stale_change_is_refused(store, other_city(6)).await;
    a_second_case_of_the_same_id_is_refused(store, other_city(7)).await;
    a_batch_is_all_or_nothing(store, other_city(8)).await;
    facts_must_lead_to_their_case(store, other_city(9)).await;
    serials_are_dense_and_positions_grow(store, other_city(10)).await;
    changes_come_in_the_order_of_commits(store, other_city(11)).await;
    one_bad_write_does_not_hurt_its_neighbours(store, other_city(12)).await;
}

async fn everything_else_is_kept(store: &Dyn) {
    a_bulk_writes_each_for_itself(store, other_city(13)).await;
    two_chinese_characters_are_found(store, other_city(14)).await;
    numbers_are_unique_and_without_gaps(store, other_city(15)).await;
    concurrent_changes_of_one_case_lose_nothing(store, other_city(16)).await;
    a_reporter_can_be_erased(store, other_city(17)).await;
    cases_are_found_by_phone_and_secret(store, other_city(18)).await;
    similar_photos_are_found(store, other_city(19)).await;
    records_keep_their_history(store, other_city(20)).await;
    credentials_and_sessions_are_kept(store, other_city(21)).await;
    the_audit_log_is_paged(store, other_city(22)).await;
    attachments_are_kept_as_first_put(store, other_city(23)).await;
    cities_do_not_see_each_other(store, other_city(24), other_city(25)).await;
    a_nul_character_is_no_failure(store, other_city(26)).await;
}

async fn write(store: &Dyn, one: app::ports::Append) -> app::ports::Appended {
    store.append(vec![one]).await.expect("an append").remove(0)
}

fn notice(channel: &str, to: &str, template: &str) -> Notice {
    let mut params = Map::new();
    params.insert("number".to_owned(), json!("井盖-1"));
    Notice {
        channel: channel.to_owned(),
        to: to.to_owned(),
        template: template.to_owned(),
        language: "zh".to_owned(),
        params,
    }
}

async fn a_new_case_is_found_by_every_key(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "人民路井盖丢失");
    one.secret_hash = Some("abc".to_owned());
    let (case, facts) = (one.state.clone(), one.facts.clone());
    let appended = write(store, one).await;
    assert_eq!((appended.outcome, appended.serial, appended.position), (Outcome::Written, 0, 1));
    let found = store.case(city, case.id).await.expect("read").expect("the case");
    assert_eq!((&found.case, found.serial, found.position), (&case, 0, 1));
    let by_number = store.case_by_number(city, case.number.as_str()).await.expect("read");
    let by_secret = store.case_by_secret(city, "abc").await.expect("read");
    let by_serial = store.cases_by_serial(city, &[7, 0, 0]).await.expect("read");
    assert_eq!(by_number, Some(found.clone()));
    assert_eq!(by_secret, Some(found.clone()));
    assert_eq!(by_serial, [found]);
    assert_eq!(store.facts(city, case.id).await.expect("read"), facts.clone());
    assert_eq!(store.head(city).await.expect("head"), (1, 1));
    assert_eq!(store.case(city, sample::case_id(99)).await.expect("read"), None);
    assert_eq!(store.case_by_number(city, "1").await.expect("read"), None);
    assert_eq!(store.case_by_secret(city, "abd").await.expect("read"), None);
    assert_eq!(store.facts(city, sample::case_id(99)).await.expect("read"), []);
    let of = [sample::case_id(99), case.id, case.id];
    assert_eq!(store.facts_of(city, &of).await.expect("read"), [vec![], facts.clone(), facts]);
}

async fn the_same_command_writes_once(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "重复提交");
    one.command = Some(sample::command_id(1));
    one.notices = vec![notice("inbox", "5", "report_received")];
    assert_eq!(store.command(city, sample::command_id(1)).await.expect("read"), None);
    let first = write(store, one.clone()).await;
    assert_eq!(store.command(city, sample::command_id(1)).await.expect("read"), Some(one.state.id));
    // Someone else goes on meanwhile: the answer stays what it was then.
    let (later, facts) = commented(&one.state, "补充", MONDAY_NINE + Millis::minutes(1));
    let second = write(store, append(later.clone(), facts)).await;
    assert_eq!(second.position, first.position + 1);
    for _ in 0..2 {
        let again = write(store, one.clone()).await;
        assert_eq!(again.outcome, Outcome::Repeated { version: 1 });
        assert_eq!((again.serial, again.position), (0, second.position));
    }
    assert_eq!(store.case(city, one.state.id).await.expect("read").expect("the case").case, later);
    assert_eq!(store.head(city).await.expect("head"), (2, 1));
    assert_eq!(store.inbox(city, PersonId(5), 10).await.expect("inbox").len(), 1);
    // The same command in one group, as an impatient phone sends it.
    let mut two = new_case(city, 2, "重复提交");
    two.command = Some(sample::command_id(2));
    let (a, b) = tokio::join!(store.append(vec![two.clone()]), store.append(vec![two]));
    let mut outcomes = [a.expect("an append")[0].outcome, b.expect("an append")[0].outcome];
    outcomes.sort_unstable_by_key(|outcome| *outcome != Outcome::Written);
    assert_eq!(outcomes, [Outcome::Written, Outcome::Repeated { version: 1 }]);
    // A batch whose command is known is repeated as a whole, although a child would get a new id.
    let mut parent = new_case(city, 3, "拆分");
    parent.command = Some(sample::command_id(3));
    store.append(vec![parent.clone(), new_case(city, 4, "子案件")]).await.expect("a batch");
    let again = store.append(vec![parent, new_case(city, 5, "子案件")]).await.expect("a batch");
    assert!(again.iter().all(|one| one.outcome == Outcome::Repeated { version: 1 }));
    assert_eq!(store.case(city, sample::case_id(5)).await.expect("read"), None);
}

async fn a_stale_change_is_refused(store: &Dyn, city: CityCode) {
    let one = new_case(city, 1, "并发修改");
    write(store, one.clone()).await;
    let (after, facts) = commented(&one.state, "甲", MONDAY_NINE);
    write(store, append(after, facts)).await;
    let (late, facts) = commented(&one.state, "乙", MONDAY_NINE);
    let refused = store.append(vec![append(late, facts)]).await;
    assert!(matches!(refused, Err(StoreError::Stale { id }) if id == one.state.id), "{refused:?}");
    let unknown = new_case(city, 2, "未知案件");
    let (unknown, facts) = commented(&unknown.state, "丙", MONDAY_NINE);
    let refused = store.append(vec![append(unknown, facts)]).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    assert_eq!(store.facts(city, one.state.id).await.expect("facts").len(), 2);
}

async fn a_second_case_of_the_same_id_is_refused(store: &Dyn, city: CityCode) {
    let one = new_case(city, 1, "第一次");
    write(store, one.clone()).await;
    let mut other = one.clone();
    other.command = Some(sample::command_id(9));
    let refused = store.append(vec![other]).await;
    assert!(matches!(refused, Err(StoreError::Exists { id }) if id == one.state.id), "{refused:?}");
    // The number is taken as well, under another id: no second case may bear it.
    let (mut state, mut facts) = (new_case(city, 2, "号码重复").state, new_case(city, 2, "号码重复").facts);
    state.number = one.state.number.clone();
    if let case::Fact::Reported { number, .. } = &mut facts[0].fact {
        *number = one.state.number.clone();
    }
    assert!(store.append(vec![append(state, facts)]).await.is_err());
    assert_eq!(store.head(city).await.expect("head").1, 1);
}

async fn a_batch_is_all_or_nothing(store: &Dyn, city: CityCode) {
    let one = new_case(city, 1, "主案件");
    write(store, one.clone()).await;
    let (parent, facts) = commented(&one.state, "拆分", MONDAY_NINE);
    let child = new_case(city, 2, "子案件");
    let refused = store.append(vec![append(parent.clone(), facts.clone()), one.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    let refused =
        store.append(vec![child.clone(), append(parent.clone(), facts.clone()), child.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    assert_eq!(store.case(city, child.state.id).await.expect("read"), None);
    assert_eq!(store.facts(city, one.state.id).await.expect("facts").len(), 1);
    assert_eq!(store.head(city).await.expect("head"), (1, 1));
    let (twice, more) = commented(&parent, "再补充", MONDAY_NINE);
    let batch = vec![append(parent, facts), child.clone(), append(twice.clone(), more)];
    let written = store.append(batch).await.expect("a batch");
    assert_eq!(
        written.iter().map(|one| (one.serial, one.position)).collect::<Vec<_>>(),
        [(0, 2), (1, 3), (0, 4)]
    );
    assert_eq!(store.case(city, one.state.id).await.expect("read").expect("the case").case, twice);
    assert_eq!(store.facts(city, one.state.id).await.expect("facts").len(), 3);
}

async fn facts_must_lead_to_their_case(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "缺少事实");
    one.facts.clear();
    assert!(matches!(store.append(vec![one]).await, Err(StoreError::Failed { .. })));
    let mut one = new_case(city, 1, "城市不符");
    one.city = sample::city();
    assert!(matches!(store.append(vec![one]).await, Err(StoreError::Failed { .. })));
    let mut one = new_case(city, 1, "序号不符");
    one.facts[0].seq = 2;
    assert!(matches!(store.append(vec![one]).await, Err(StoreError::Failed { .. })));
    assert_eq!(store.head(city).await.expect("head"), (0, 0));
    assert_eq!(store.append(Vec::new()).await.expect("nothing to do"), []);
}

async fn serials_are_dense_and_positions_grow(store: &Dyn, city: CityCode) {
    let mut tasks = Vec::new();
    for number in 1..=40 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let first = write(&store, new_case(city, number, "并发上报")).await;
            // Whoever was answered sees its own write.
            let seen =
                store.case(city, sample::case_id(number.into())).await.expect("read").expect("the case");
            assert_eq!((seen.serial, seen.position), (first.serial, first.position));
            first
        }));
    }
    let mut serials = BTreeSet::new();
    let mut positions = BTreeSet::new();
    for task in tasks {
        let appended = task.await.expect("a report");
        serials.insert(appended.serial);
        positions.insert(appended.position);
    }
    assert_eq!(serials.into_iter().collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    assert_eq!(positions.into_iter().collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    let asked: Vec<u32> = (0..40).rev().collect();
    let found = store.cases_by_serial(city, &asked).await.expect("read");
    assert_eq!(found.iter().map(|one| one.serial).collect::<Vec<_>>(), asked);
}

async fn changes_come_in_the_order_of_commits(store: &Dyn, city: CityCode) {
    let mut states = Vec::new();
    for number in 1..=5 {
        let one = new_case(city, number, "变更顺序");
        states.push(one.state.clone());
        write(store, one).await;
    }
    let (after, facts) = commented(&states[1], "变更", MONDAY_NINE);
    write(store, append(after, facts)).await;
    let all = store.changed_since(city, 0, 100).await.expect("changes");
    assert_eq!(all.iter().map(|one| one.serial).collect::<Vec<_>>(), [0, 2, 3, 4, 1]);
    assert_eq!(all.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 3, 4, 5, 6]);
    let page = store.changed_since(city, 3, 2).await.expect("changes");
    assert_eq!(page.iter().map(|one| one.serial).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(store.changed_since(city, 6, 10).await.expect("changes"), []);
    assert_eq!(store.head(city).await.expect("head"), (6, 5));
}

async fn one_bad_write_does_not_hurt_its_neighbours(store: &Dyn, city: CityCode) {
    let first = new_case(city, 1, "第一");
    write(store, first.clone()).await;
    let mut tasks = Vec::new();
    for number in 2..=30_u32 {
        let store = store.clone();
        let mut one = new_case(city, number, "同组");
        let is_bad = number % 7 == 0;
        let is_double = number % 11 == 0;
        if is_bad {
            one = first.clone();
        } else if is_double {
            // The same number under another id: only the table itself can tell.
            one.state.number = first.state.number.clone();
            if let case::Fact::Reported { number, .. } = &mut one.facts[0].fact {
                *number = first.state.number.clone();
            }
        }
        tasks.push((is_bad || is_double, tokio::spawn(async move { store.append(vec![one]).await })));
    }
    let mut written = 1;
    for (is_bad, task) in tasks {
        let result = task.await.expect("a task");
        assert_eq!(result.is_err(), is_bad, "{result:?}");
        written += u32::from(!is_bad);
    }
    assert_eq!(store.head(city).await.expect("head"), (written.into(), written));
}

async fn a_bulk_writes_each_for_itself(store: &Dyn, city: CityCode) {
    let batch: Vec<_> = (1..=1_500).map(|number| new_case(city, number, "导入")).collect();
    let written = store.append_bulk(batch).await.expect("a bulk");
    assert_eq!(written.iter().map(|one| one.serial).collect::<Vec<_>>(), (0..1_500).collect::<Vec<_>>());
    let batch = vec![new_case(city, 1_501, "导入"), new_case(city, 1, "导入"), new_case(city, 1_502, "导入")];
    assert!(matches!(store.append_bulk(batch).await, Err(StoreError::Exists { .. })));
    assert_eq!(store.head(city).await.expect("head"), (1_502, 1_502));
    let page = store.changed_since(city, 0, 10_000).await.expect("changes");
    assert_eq!(page.len(), 1_502);
}

async fn two_chinese_characters_are_found(store: &Dyn, city: CityCode) {
    let texts = [
        "人民路井盖丢失",
        "井边的盖子坏了",
        "Manhole cover missing, Main Street",
        "建设路井盖破损 24h",
        "O'Brien 的店外 \"占道\" 经营",
        "Ёлка упала",
    ];
    for (number, text) in (1..).zip(texts) {
        write(store, new_case(city, number, text)).await;
    }
    let search = async |text: &str, limit: u32| {
        store.search(city, &query_tokens(text), limit).await.expect("a search")
    };
    assert_eq!(search("井盖", 10).await, [3, 0]);
    assert_eq!(search("井盖", 1).await, [3]);
    assert_eq!(search("井盖 人民路", 10).await, [0]);
    assert_eq!(search("井盖丢失", 10).await, [0]);
    assert_eq!(search("井", 10).await, [3, 1, 0]);
    assert_eq!(search("manhole", 10).await, [2]);
    assert_eq!(search("MANH", 10).await, [2]);
    assert_eq!(search("24h", 10).await, [3]);
    assert_eq!(search("o'brien 占道", 10).await, [4]);
    assert_eq!(search("ёлк", 10).await, [5]);
    assert_eq!(search("街灯", 10).await, [] as [u32; 0]);
    assert_eq!(search("", 10).await, [] as [u32; 0]);
    assert_eq!(search("\" OR * AND NEAR( ' & | ! :*", 10).await, [] as [u32; 0]);
    // A corrected text is found by its new words only.
    let first = store.cases_by_serial(city, &[0]).await.expect("read").remove(0).case;
    let (after, facts) = commented(&first, "更正", MONDAY_NINE);
    let mut one = append(after.clone(), facts);
    one.words = Some(vec!["路灯".to_owned(), "灯".to_owned()]);
    write(store, one).await;
    assert_eq!(search("井盖", 10).await, [3]);
    assert_eq!(search("路灯", 10).await, [0]);
    // A change without words leaves them.
    let (after, facts) = commented(&after, "无关", MONDAY_NINE);
    write(store, append(after, facts)).await;
    assert_eq!(search("路灯", 10).await, [0]);
    // The newest of many: the same serials in the same order, or the word that all must be asked for.
    for limit in [1, 2, 1_000] {
        let newest = store.search_newest(city, &query_tokens("路灯"), limit).await.expect("a search");
        let all = store.search(city, &query_tokens("路灯"), limit).await.expect("a search");
        assert!(newest.is_none_or(|newest| newest == all && newest.len() == limit as usize));
    }
    assert_eq!(store.search_newest(city, &query_tokens("没有这个词"), 1).await.expect("a search"), None);
    assert_eq!(store.search_newest(city, &[], 1).await.expect("a search"), None);
}

async fn numbers_are_unique_and_without_gaps(store: &Dyn, city: CityCode) {
    let mut tasks = Vec::new();
    for _ in 0..64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..5 {
                numbers.push(store.next_number(city, MONDAY).await.expect("a number"));
            }
            assert!(numbers.is_sorted(), "later numbers are larger");
            numbers
        }));
    }
    let mut numbers = BTreeSet::new();
    for task in tasks {
        numbers.extend(task.await.expect("a task"));
    }
    let expected: BTreeSet<_> =
        (1..=320).map(|sequence| kernel::CaseNumber::new(city, MONDAY, sequence)).collect();
    assert_eq!(numbers, expected);
    let other_day = store.next_number(city, MONDAY + 1).await.expect("a number");
    assert_eq!(other_day, kernel::CaseNumber::new(city, MONDAY + 1, 1));
    let many = store.next_numbers(city, MONDAY + 2, 1_000).await.expect("numbers");
    assert_eq!(
        (many.len(), many[0].as_str()),
        (1_000, kernel::CaseNumber::new(city, MONDAY + 2, 1).as_str())
    );
    let after = store.next_number(city, MONDAY + 2).await.expect("a number");
    assert_eq!(after, kernel::CaseNumber::new(city, MONDAY + 2, 1_001));
    assert_eq!(store.next_numbers(city, MONDAY + 3, 0).await.expect("no number"), []);
}

async fn concurrent_changes_of_one_case_lose_nothing(store: &Dyn, city: CityCode) {
    let one = new_case(city, 1, "抢单");
    let id = one.state.id;
    write(store, one).await;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..5 {
                // Load, decide, write; when someone was faster, again.
                loop {
                    let case = store.case(city, id).await.expect("read").expect("the case").case;
                    let (after, facts) = commented(&case, &format!("{task}-{round}"), MONDAY_NINE);
                    match store.append(vec![append(after, facts)]).await {
                        Ok(_) => break,
                        Err(StoreError::Stale { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("a task");
    }
    let facts = store.facts(city, id).await.expect("facts");
    let stored = store.case(city, id).await.expect("read").expect("the case").case;
    assert_eq!((facts.len(), stored.version), (41, 41));
    assert_eq!(case::replay(&facts).expect("a replay"), stored);
}

async fn due_moments_are_leased_and_end_once(store: &Dyn, city: CityCode) {
    let one = new_case(city, 1, "将超期");
    let case = one.state.id;
    write(store, one.clone()).await;
    let warn_at = MONDAY_NINE + Millis::minutes(24);
    let due_at = MONDAY_NINE + sample::FIRST_LIMIT;
    let lease = Millis::minutes(1).0;
    let take = async |now: Timestamp| store.take_due(now, lease, 10).await.expect("due moments");
    assert_eq!(take(warn_at - Millis(1)).await, []);
    let taken = take(warn_at).await;
    assert_eq!(taken.len(), 1);
    let warning = &taken[0];
    let words = (warning.city, warning.case, warning.clock, warning.moment.as_str(), warning.at);
    assert_eq!(words, (city, case, ClockKind::Accept, "warn", warn_at));
    assert_eq!(take(warn_at + Millis(1)).await, [], "it is leased");
    assert_eq!(take(warn_at + Millis::minutes(1)).await, taken, "the lease has run out");
    // An unrelated change neither frees the lease nor brings an ended moment back.
    let (after, facts) = commented(&one.state, "无关", MONDAY_NINE + Millis::minutes(25));
    write(store, append(after.clone(), facts)).await;
    assert_eq!(take(warn_at + Millis::minutes(1)).await, []);
    let reminder = || vec![notice("inbox", "3", "clock_warning")];
    // Twice in one go and once more afterwards; and none at all.
    store.done_due(vec![(warning.clone(), reminder()), (warning.clone(), reminder())]).await.expect("ended");
    store.done_due(vec![(warning.clone(), reminder())]).await.expect("ended again");
    store.done_due(Vec::new()).await.expect("nothing to end");
    assert_eq!(store.inbox(city, PersonId(3), 10).await.expect("inbox").len(), 1, "said once");
    let (after, facts) = commented(&after, "无关", MONDAY_NINE + Millis::minutes(26));
    write(store, append(after.clone(), facts)).await;
    assert_eq!(take(due_at - Millis(1)).await, []);
    // The clock starts anew: its old moments are gone, the new one comes in its own time.
    let late = take(due_at).await;
    assert_eq!(late.len(), 1);
    let (after, facts) = restarted(&after, due_at);
    write(store, append(after, facts)).await;
    store.done_due(vec![(late[0].clone(), reminder())]).await.expect("nothing to end");
    assert_eq!(
        store.inbox(city, PersonId(3), 10).await.expect("inbox").len(),
        1,
        "a moved moment says nothing"
    );
    let anew = due_at + sample::FIRST_LIMIT;
    assert_eq!(take(anew - Millis(1)).await, []);
    let taken = take(anew).await;
    assert_eq!(taken.iter().map(|one| (one.moment.as_str(), one.at)).collect::<Vec<_>>(), [("due", anew)]);
    store.done_due(vec![(taken[0].clone(), Vec::new())]).await.expect("ended");
    assert_eq!(take(anew + Millis::days(9)).await, []);
}

async fn notices_are_leased_and_tried_again(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "通知");
    let case = one.state.id;
    one.notices = vec![
        notice("sms", "13800000000", "report_received"),
        notice("email", "a@example.org", "report_received"),
    ];
    let sent = one.notices.clone();
    write(store, one).await;
    let now = MONDAY_NINE + Millis::minutes(1);
    let take = async |now: Timestamp| store.take_notices(now, 1_000, 10).await.expect("notices");
    let taken = take(now).await;
    assert_eq!(taken.iter().map(|one| one.notice.clone()).collect::<Vec<_>>(), sent);
    assert!(
        taken.iter().all(|one| one.case == Some(case) && one.attempts == 0 && one.queued_at == MONDAY_NINE)
    );
    assert_eq!(take(now + Millis(999)).await, [], "they are leased");
    store.done_notices(city, &[taken[0].id]).await.expect("sent");
    store.done_notices(city, &[]).await.expect("none");
    let again_at = now + Millis::minutes(5);
    store.failed_notice(city, taken[1].id, "connection refused", Some(again_at)).await.expect("put off");
    assert_eq!(take(again_at - Millis(1)).await, []);
    let again = take(again_at).await;
    assert_eq!(again.iter().map(|one| (one.id, one.attempts)).collect::<Vec<_>>(), [(taken[1].id, 1)]);
    store.failed_notice(city, taken[1].id, "no such mailbox", None).await.expect("given up");
    assert_eq!(take(again_at + Millis::days(1)).await, []);
}

async fn an_inbox_is_read_by_its_person(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "站内信");
    one.notices =
        vec![notice("inbox", "7", "first"), notice("inbox", "8", "other"), notice("inbox", "7", "second")];
    write(store, one).await;
    let inbox = store.inbox(city, PersonId(7), 10).await.expect("inbox");
    assert_eq!(inbox.iter().map(|one| one.notice.template.as_str()).collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!(store.inbox(city, PersonId(7), 1).await.expect("inbox").len(), 1);
    let sent = store.take_notices(MONDAY_NINE + Millis::days(1), 1, 10).await.expect("notices");
    assert!(sent.iter().all(|one| one.city != city), "an inbox is read, not sent");
    store.done_notice(city, inbox[0].id).await.expect("read");
    assert_eq!(store.inbox(city, PersonId(7), 10).await.expect("inbox").len(), 1);
    // Some messages speak of no case.
    let at = MONDAY_NINE + Millis::days(2);
    let reminder = vec![notice("inbox", "7", "reminder"), notice("inbox", "8", "reminder")];
    store.queue_notices(city, at, reminder).await.expect("queued");
    store.queue_notices(city, at, Vec::new()).await.expect("nothing to queue");
    let inbox = store.inbox(city, PersonId(7), 10).await.expect("inbox");
    let newest = &inbox[0];
    assert_eq!((newest.notice.template.as_str(), newest.case, newest.queued_at), ("reminder", None, at));
    assert_eq!((inbox.len(), store.inbox(city, PersonId(8), 10).await.expect("inbox").len()), (2, 2));
}

fn reporter(phone: &str) -> Reporter {
    Reporter {
        name: "王小明".to_owned(),
        phone: phone.to_owned(),
        email: "wang@example.org".to_owned(),
        public: true,
        callback: false,
        language: "zh".to_owned(),
    }
}

async fn a_reporter_can_be_erased(store: &Dyn, city: CityCode) {
    let mut one = new_case(city, 1, "举报人");
    let id = one.state.id;
    one.reporter = Some(reporter("13900000001"));
    one.notices =
        vec![notice("sms", "13900000001", "report_received"), notice("inbox", "9", "case_reported")];
    write(store, one.clone()).await;
    assert_eq!(store.reporter(city, id).await.expect("read"), Some(reporter("13900000001")));
    // A change that says nothing of the reporter leaves it.
    let (after, facts) = commented(&one.state, "无关", MONDAY_NINE);
    write(store, append(after, facts)).await;
    assert!(store.reporter(city, id).await.expect("read").is_some());
    let unknown = sample::case_id(99);
    let of = store.reporters_of(city, &[unknown, id, id]).await.expect("read");
    assert_eq!(of, [None, Some(reporter("13900000001")), Some(reporter("13900000001"))]);
    store.erase_reporter(city, id).await.expect("erased");
    assert_eq!(store.reporters_of(city, &[id]).await.expect("read"), [None]);
    store.erase_reporter(city, id).await.expect("erased twice");
    assert_eq!(store.reporter(city, id).await.expect("read"), None);
    assert_eq!(store.cases_by_phone(city, "13900000001", 10).await.expect("read"), []);
    assert!(store.case(city, id).await.expect("read").is_some());
    let waiting = store.take_notices(MONDAY_NINE, 1, 100).await.expect("notices");
    assert!(waiting.iter().all(|one| one.city != city), "the number is gone from the outbox too");
    assert_eq!(store.inbox(city, PersonId(9), 10).await.expect("inbox").len(), 1);
}

async fn cases_are_found_by_phone_and_secret(store: &Dyn, city: CityCode) {
    for number in 1..=3 {
        let mut one = new_case(city, number, "电话");
        let phone = if number == 2 { "" } else { "13900000002" };
        one.reporter = Some(reporter(phone));
        one.secret_hash = Some(format!("secret{number}"));
        write(store, one).await;
    }
    let found = store.cases_by_phone(city, "13900000002", 10).await.expect("read");
    assert_eq!(found.iter().map(|one| one.serial).collect::<Vec<_>>(), [2, 0]);
    assert_eq!(store.cases_by_phone(city, "13900000002", 1).await.expect("read").len(), 1);
    assert_eq!(store.cases_by_phone(city, "", 10).await.expect("read"), [], "no number is nobody's number");
    // The secret is set once.
    let (after, facts) = commented(&found[1].case, "无关", MONDAY_NINE);
    let mut again = append(after, facts);
    again.secret_hash = Some("another".to_owned());
    write(store, again).await;
    assert!(store.case_by_secret(city, "secret1").await.expect("read").is_some());
    assert_eq!(store.case_by_secret(city, "another").await.expect("read"), None);
}

async fn similar_photos_are_found(store: &Dyn, city: CityCode) {
    let hashes = [0xffff_0000_ffff_0000, 0xffff_0000_ffff_0003, 0x0000_ffff_0000_ffff];
    for (number, hash) in (1..).zip(hashes) {
        let mut one = new_case(city, number, "照片");
        one.photo_hashes = vec![(format!("{number:064x}"), hash), (format!("{:064x}", number + 100), !0)];
        write(store, one).await;
    }
    let near = store.similar_photos(city, hashes[0], 4, MONDAY_NINE).await.expect("photos");
    assert_eq!(near, [(sample::case_id(1), 0), (sample::case_id(2), 2)]);
    let later = store.similar_photos(city, hashes[0], 4, MONDAY_NINE + Millis(1)).await.expect("photos");
    assert_eq!(later, []);
    let all = store.similar_photos(city, hashes[0], 64, MONDAY_NINE).await.expect("photos");
    assert_eq!(all.len(), 3, "a case is answered once, by its nearest photo");
}

async fn records_keep_their_history(store: &Dyn, city: CityCode) {
    let put = |key: &str, expected_version: u32, value: Option<serde_json::Value>| PutRecord {
        kind: "department".to_owned(),
        key: key.to_owned(),
        expected_version,
        value,
    };
    let by = Some(PersonId(1));
    assert_eq!(store.records_version(city).await.expect("version"), 0);
    let first =
        vec![put("b", 0, Some(json!({ "name": "园林局" }))), put("a", 0, Some(json!({ "name": "市政处" })))];
    assert_eq!(store.put_records(city, by, MONDAY_NINE, first).await.expect("put"), [1, 1]);
    let version = store.records_version(city).await.expect("version");
    assert!(version > 0);
    let records = store.records(city, "department").await.expect("records");
    assert_eq!(records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(records[0].value, Some(json!({ "name": "市政处" })));
    assert_eq!((records[0].changed_at, records[0].changed_by), (MONDAY_NINE, by));
    // One stale record spoils all of them.
    let mixed = vec![put("a", 1, Some(json!(2))), put("b", 7, Some(json!(2)))];
    let refused = store.put_records(city, by, MONDAY_NINE, mixed).await;
    assert!(matches!(refused, Err(StoreError::StaleRecord { ref key, .. }) if key == "b"), "{refused:?}");
    let again = store.put_records(city, by, MONDAY_NINE, vec![put("a", 0, Some(json!(2)))]).await;
    assert!(matches!(again, Err(StoreError::StaleRecord { .. })), "{again:?}");
    let absent = store.put_records(city, by, MONDAY_NINE, vec![put("c", 0, None)]).await;
    assert!(matches!(absent, Err(StoreError::StaleRecord { .. })), "{absent:?}");
    assert_eq!(store.records(city, "department").await.expect("records"), records);
    assert_eq!(store.records_version(city).await.expect("version"), version);
    // Removed, and made anew: the history goes on.
    let at = MONDAY_NINE + Millis::days(1);
    assert_eq!(store.put_records(city, None, at, vec![put("a", 1, None)]).await.expect("removed"), [2]);
    assert_eq!(store.records(city, "department").await.expect("records").len(), 1);
    assert_eq!(store.put_records(city, by, at, vec![put("a", 0, Some(json!(3)))]).await.expect("put"), [3]);
    let history = store.record_history(city, "department", "a").await.expect("history");
    let told: Vec<_> = history.iter().map(|record| (record.version, record.value.clone())).collect();
    assert_eq!(told, [(1, Some(json!({ "name": "市政处" }))), (2, None), (3, Some(json!(3)))]);
    assert_eq!((history[1].changed_at, history[1].changed_by), (at, None));
    assert!(store.records_version(city).await.expect("version") > version);
    assert_eq!(store.records(city, "person").await.expect("records"), []);
}

async fn credentials_and_sessions_are_kept(store: &Dyn, city: CityCode) {
    let person = PersonId(4);
    assert_eq!(store.credential(city, person).await.expect("read"), None);
    let mut credential = Credential {
        hash: "$argon2id$…".to_owned(),
        failures: 0,
        locked_until: None,
        changed_at: MONDAY_NINE,
        must_change: true,
    };
    store.put_credential(city, person, &credential).await.expect("put");
    credential.failures = 3;
    credential.locked_until = Some(MONDAY_NINE + Millis::minutes(15));
    store.put_credential(city, person, &credential).await.expect("put");
    assert_eq!(store.credential(city, person).await.expect("read"), Some(credential));

    let hash = |number: u32| format!("{city}-{number}");
    let session = |number: u32| Session {
        city,
        hash: hash(number),
        person,
        kind: "session".to_owned(),
        name: "Firefox".to_owned(),
        created_at: MONDAY_NINE + Millis(number.into()),
        expires_at: MONDAY_NINE + Millis::hours(12),
        last_seen_at: MONDAY_NINE,
        from: "192.0.2.1".to_owned(),
    };
    store.put_session(&session(1)).await.expect("put");
    store.put_session(&session(2)).await.expect("put");
    assert_eq!(store.session(&hash(1)).await.expect("read"), Some(session(1)));
    assert_eq!(store.sessions_of(city, person).await.expect("read"), [session(2), session(1)]);
    // Seen is kept to the minute.
    store.touch_session(&hash(1), MONDAY_NINE + Millis::seconds(5)).await.expect("touched");
    assert_eq!(store.session(&hash(1)).await.expect("read"), Some(session(1)));
    store.touch_session(&hash(1), MONDAY_NINE + Millis::minutes(2)).await.expect("touched");
    let seen = store.session(&hash(1)).await.expect("read").expect("the session").last_seen_at;
    assert_eq!(seen, MONDAY_NINE + Millis::minutes(2));
    store.touch_session("nobody", MONDAY_NINE).await.expect("nothing to touch");
    store.end_session(&hash(1)).await.expect("ended");
    assert_eq!(store.session(&hash(1)).await.expect("read"), None);
    assert_eq!(store.sessions_of(city, person).await.expect("read"), [session(2)]);
    assert_eq!(store.sessions_of(sample::city(), person).await.expect("read"), []);
}

/// Strangers send it, and PostgreSQL's text cannot hold it.
async fn a_nul_character_is_no_failure(store: &Dyn, city: CityCode) {
    let entry = AuditEntry {
        at: MONDAY_NINE,
        person: None,
        action: "login_failed".to_owned(),
        target: "ac\0count".to_owned(),
        detail: String::new(),
        from: "192.0.2.1".to_owned(),
    };
    store.audit(city, entry).await.expect("written");
    let lines = store.audit_log(city, None, None, None, 10).await.expect("read");
    assert!(lines[0].entry.target.starts_with("ac") && lines[0].entry.target.ends_with("count"));
    assert_eq!(store.cases_by_phone(city, "139\x000000", 10).await.expect("asked"), []);
}

async fn the_audit_log_is_paged(store: &Dyn, city: CityCode) {
    for number in 0..10_u32 {
        let entry = AuditEntry {
            at: MONDAY_NINE + Millis::minutes(number.into()),
            person: (number % 2 == 0).then_some(PersonId(number % 4)),
            action: if number < 5 { "login" } else { "change" }.to_owned(),
            target: format!("case/{number}"),
            detail: "井盖".to_owned(),
            from: "192.0.2.1".to_owned(),
        };
        store.audit(city, entry).await.expect("written");
    }
    let all = store.audit_log(city, None, None, None, 100).await.expect("read");
    let ids: Vec<i64> = all.iter().map(|line| line.id).collect();
    assert_eq!(ids, (1..=10).rev().collect::<Vec<_>>(), "dense, newest first");
    assert_eq!(all[0].entry.target, "case/9");
    let page = store.audit_log(city, Some(ids[3]), None, None, 2).await.expect("read");
    assert_eq!(page, all[4..6]);
    let logins = store.audit_log(city, None, Some("login"), None, 100).await.expect("read");
    assert_eq!(logins, all[5..]);
    let mine = store.audit_log(city, None, None, Some(PersonId(0)), 100).await.expect("read");
    assert_eq!(mine.iter().map(|line| line.id).collect::<Vec<_>>(), [9, 5, 1]);
    let both = store.audit_log(city, Some(9), Some("change"), Some(PersonId(2)), 100).await.expect("read");
    assert_eq!(both.iter().map(|line| line.id).collect::<Vec<_>>(), [7]);
}

/// Things far older than any other check leaves, so that only these go.
async fn what_was_kept_long_enough_is_forgotten(store: &Dyn, city: CityCode) {
    let day = |number: i64| Timestamp(0) + Millis::days(number);
    for number in 1..=4_u32 {
        let mut one = new_case(city, number, "很久以前");
        one.state.updated_at = day(number.into());
        one.command = Some(sample::command_id(number.into()));
        one.notices = vec![notice("inbox", "9", "old"), notice("sms", "13800000000", "to be sent")];
        write(store, one).await;
        let entry = AuditEntry {
            at: day(number.into()),
            person: None,
            action: "login".to_owned(),
            target: String::new(),
            detail: String::new(),
            from: String::new(),
        };
        store.audit(city, entry).await.expect("written");
        let session = Session {
            city,
            hash: format!("{city}-old-{number}"),
            person: PersonId(9),
            kind: "session".to_owned(),
            name: String::new(),
            created_at: day(0),
            expires_at: day(number.into()),
            last_seen_at: day(0),
            from: String::new(),
        };
        store.put_session(&session).await.expect("put");
    }
    let given_up = store.take_notices(day(4), 1, 1_000).await.expect("notices");
    let given_up = given_up.iter().find(|one| one.city == city).expect("one to be sent");
    store.failed_notice(city, given_up.id, "no such number", None).await.expect("given up");

    let before = Forget { commands: day(3), audit: day(2), messages: day(4), sessions: day(5) };
    // Few at a time, the oldest first, until nothing is left to forget.
    let first = store.forget(&before, 1).await.expect("forgotten");
    assert_eq!(first, Forgotten { commands: 1, audit: 1, messages: 1, sessions: 1 });
    assert_eq!(store.session(&format!("{city}-old-1")).await.expect("read"), None);
    assert!(store.session(&format!("{city}-old-2")).await.expect("read").is_some());
    assert_eq!(store.command(city, sample::command_id(1)).await.expect("read"), None);
    let second = store.forget(&before, 1_000).await.expect("forgotten");
    assert_eq!(second, Forgotten { commands: 1, audit: 0, messages: 3, sessions: 3 });
    assert_eq!(store.forget(&before, 1_000).await.expect("nothing left"), Forgotten::default());

    assert_eq!(store.command(city, sample::command_id(2)).await.expect("read"), None);
    assert!(store.command(city, sample::command_id(3)).await.expect("read").is_some());
    let lines = store.audit_log(city, None, None, None, 10).await.expect("read");
    assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), [4, 3, 2]);
    assert_eq!(store.inbox(city, PersonId(9), 10).await.expect("inbox").len(), 1, "the newest is kept");
    let waiting = store.take_notices(day(5), 1, 1_000).await.expect("notices");
    assert_eq!(waiting.iter().filter(|one| one.city == city).count(), 3, "what is still to be sent is kept");
    // Cases and facts stay; the next line of the log goes on counting.
    assert_eq!(store.head(city).await.expect("head"), (4, 4));
    let entry = AuditEntry { at: day(9), ..lines[0].entry.clone() };
    store.audit(city, entry).await.expect("written");
    assert_eq!(store.audit_log(city, None, None, None, 1).await.expect("read")[0].id, 5);
}

async fn attachments_are_kept_as_first_put(store: &Dyn, city: CityCode) {
    let one = StoredAttachment {
        id: "ab".repeat(32),
        content_type: "image/jpeg".to_owned(),
        bytes: 5_000_000_000,
        width: 4_000,
        height: 3_000,
        shot_at: Some(MONDAY_NINE),
        lng: Some(119.106_982),
        lat: None,
        photo_hash: Some(u64::MAX - 1),
        uploaded_by: Some(PersonId(2)),
        uploaded_at: MONDAY_NINE,
    };
    store.put_attachment(city, &one).await.expect("put");
    let again = StoredAttachment { uploaded_by: None, uploaded_at: MONDAY_NINE + Millis(1), ..one.clone() };
    store.put_attachment(city, &again).await.expect("put again");
    assert_eq!(store.attachment(city, &one.id).await.expect("read"), Some(one));
    assert_eq!(store.attachment(city, "cd").await.expect("read"), None);
}

async fn cities_do_not_see_each_other(store: &Dyn, city: CityCode, other: CityCode) {
    // The same ids, numbers of the day, words, phones and secrets in both.
    for city in [city, other] {
        let mut one = new_case(city, 1, "井盖丢失");
        one.command = Some(sample::command_id(1));
        one.reporter = Some(reporter("13900000003"));
        one.secret_hash = Some("same".to_owned());
        assert_eq!(write(store, one).await.outcome, Outcome::Written);
        let found = store.case_by_secret(city, "same").await.expect("read").expect("the case");
        assert_eq!((found.case.city, found.serial), (city, 0));
        assert_eq!(store.search(city, &query_tokens("井盖"), 10).await.expect("a search"), [0]);
        let by_phone = store.cases_by_phone(city, "13900000003", 10).await.expect("read");
        assert_eq!(by_phone.iter().map(|one| one.case.city).collect::<Vec<_>>(), [city]);
    }
}
