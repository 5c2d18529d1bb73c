//! The stores against the suite every store must pass, and what only real ones can show: backups that fit
//! either engine, damage that is noticed, versions that are refused.

use app::ports::{Store as _, StoreError};
use city::tokens::query_tokens;
use kernel::{Millis, PersonId};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use testkit::postgres::Fixture;
use testkit::sample::{self, MONDAY, MONDAY_NINE, append, commented, new_case};
use testkit::store_conformance;
use yiwang_store::{self as store, BackupError, OpenError, SCHEMA_VERSION, Store};

async fn sqlite(folder: &Path, name: &str) -> Store {
    let path = folder.join(name);
    Store::open(path.to_str().expect("a plain path")).await.expect("a store")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_a_store() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    store_conformance::run(Arc::new(store.clone())).await;
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_promises_of_a_store() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let store = Store::open(&fixture.database().await.expect("a database")).await.expect("a store");
    store_conformance::run(Arc::new(store.clone())).await;
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_postgres_store() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let target = fixture.database().await.expect("a database");
    let (one, two) = tokio::join!(Store::open(&target), Store::open(&target));
    let stores = [one.expect("a store"), two.expect("a store")];
    appends_of_two_stores_do_not_collide(stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_an_sqlite_file() {
    let folder = folder();
    let stores = [sqlite(folder.path(), "city.db").await, sqlite(folder.path(), "city.db").await];
    appends_of_two_stores_do_not_collide(stores).await;
}

async fn appends_of_two_stores_do_not_collide(stores: [Store; 2]) {
    let city = sample::city();
    let mut tasks = Vec::new();
    for number in 1..=200_u32 {
        let store = stores[number as usize % 2].clone();
        tasks.push(tokio::spawn(async move {
            let taken = store.next_number(city, MONDAY).await.expect("a number");
            let appended =
                store.append(vec![new_case(city, number, "并发")]).await.expect("an append").remove(0);
            (taken, appended.serial, appended.position)
        }));
    }
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.expect("a task"));
    }
    let mut serials: Vec<u32> = seen.iter().map(|one| one.1).collect();
    let mut positions: Vec<i64> = seen.iter().map(|one| one.2).collect();
    let mut numbers: Vec<_> = seen.into_iter().map(|one| one.0).collect();
    serials.sort_unstable();
    positions.sort_unstable();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(serials, (0..200).collect::<Vec<_>>());
    assert_eq!(positions, (1..=200).collect::<Vec<_>>());
    assert_eq!(numbers.len(), 200);
    assert_eq!(stores[0].head(city).await.expect("head"), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_found_again_as_it_was() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    let city = sample::city();
    store.append(vec![new_case(city, 1, "井盖丢失")]).await.expect("an append");
    for _ in 0..5 {
        store.next_number(city, MONDAY).await.expect("a number");
    }
    store.close().await.expect("closed");
    let store = sqlite(folder.path(), "city.db").await;
    assert_eq!(store.head(city).await.expect("head"), (1, 1));
    assert_eq!(store.search(city, &query_tokens("井盖"), 9).await.expect("a search"), [0]);
    // Numbers go on where they ended: leased ones were given back.
    let next = store.next_number(city, MONDAY).await.expect("a number");
    assert_eq!(next, kernel::CaseNumber::new(city, MONDAY, 6));
}

/// A store with something in every table.
async fn fill(store: &Store) {
    let city = sample::city();
    for number in 1..=300 {
        let mut one = new_case(city, number, "人民路井盖丢失 O'Brien");
        one.command = Some(sample::command_id(number.into()));
        one.secret_hash = Some(format!("secret{number}"));
        one.reporter =
            Some(app::ports::Reporter { phone: format!("1380000{number:04}"), ..Default::default() });
        one.photo_hashes = vec![(format!("{number:064x}"), u64::from(number) | 1 << 63)];
        one.notices = vec![app::ports::Notice {
            channel: "inbox".into(),
            to: "7".into(),
            template: "case_reported".into(),
            language: "zh".into(),
            params: serde_json::Map::new(),
        }];
        store.append(vec![one]).await.expect("an append");
    }
    let put = app::ports::PutRecord {
        kind: "department".into(),
        key: "1".into(),
        expected_version: 0,
        value: Some(serde_json::json!({ "name": "市政处" })),
    };
    let gone = app::ports::PutRecord { expected_version: 1, value: None, ..put.clone() };
    store.put_records(city, None, MONDAY_NINE, vec![put]).await.expect("put");
    store.put_records(city, Some(PersonId(1)), MONDAY_NINE, vec![gone]).await.expect("removed");
    let credential = app::ports::Credential { hash: "x".into(), ..Default::default() };
    store.put_credential(city, PersonId(1), &credential).await.expect("put");
    let session = app::ports::Session {
        city,
        hash: "s".into(),
        person: PersonId(1),
        kind: "session".into(),
        name: String::new(),
        created_at: MONDAY_NINE,
        expires_at: MONDAY_NINE,
        last_seen_at: MONDAY_NINE,
        from: String::new(),
    };
    store.put_session(&session).await.expect("put");
    let entry = app::ports::AuditEntry {
        at: MONDAY_NINE,
        person: None,
        action: "login".into(),
        target: String::new(),
        detail: String::new(),
        from: String::new(),
    };
    store.audit(city, entry).await.expect("written");
    let attachment = app::ports::StoredAttachment {
        id: "ab".repeat(32),
        content_type: "image/png".into(),
        bytes: 1,
        width: 1,
        height: 1,
        shot_at: None,
        lng: Some(0.1 + 0.2),
        lat: None,
        photo_hash: Some(u64::MAX),
        uploaded_by: None,
        uploaded_at: MONDAY_NINE,
    };
    store.put_attachment(city, &attachment).await.expect("put");
    store.next_numbers(city, MONDAY, 300).await.expect("numbers");
}

async fn assert_equal(one: &Store, other: &Store) {
    let city = sample::city();
    assert_eq!(one.head(city).await.expect("head"), other.head(city).await.expect("head"));
    let all = one.changed_since(city, 0, 10_000).await.expect("changes");
    assert!(!all.is_empty());
    assert_eq!(all, other.changed_since(city, 0, 10_000).await.expect("changes"));
    for found in all.iter().step_by(50) {
        let id = found.case.id;
        assert_eq!(one.facts(city, id).await.expect("facts"), other.facts(city, id).await.expect("facts"));
        assert_eq!(
            one.reporter(city, id).await.expect("read"),
            other.reporter(city, id).await.expect("read")
        );
    }
    let tokens = query_tokens("井盖 o'brien");
    let found = other.search(city, &tokens, 10).await.expect("a search");
    assert_eq!(one.search(city, &tokens, 10).await.expect("a search"), found);
    assert_eq!(found.len(), 10);
    let secret = other.case_by_secret(city, "secret7").await.expect("read");
    assert_eq!(one.case_by_secret(city, "secret7").await.expect("read"), secret);
    assert!(secret.is_some());
    let photos = other.similar_photos(city, 1 << 63, 2, MONDAY_NINE).await.expect("photos");
    assert_eq!(one.similar_photos(city, 1 << 63, 2, MONDAY_NINE).await.expect("photos"), photos);
    assert!(!photos.is_empty());
    let inbox = other.inbox(city, PersonId(7), 1_000).await.expect("inbox");
    assert_eq!(one.inbox(city, PersonId(7), 1_000).await.expect("inbox"), inbox);
    assert_eq!(inbox.len(), 300);
    let history = other.record_history(city, "department", "1").await.expect("history");
    assert_eq!(one.record_history(city, "department", "1").await.expect("history"), history);
    assert_eq!(history.len(), 2);
    let attachment = other.attachment(city, &"ab".repeat(32)).await.expect("read");
    assert_eq!(one.attachment(city, &"ab".repeat(32)).await.expect("read"), attachment);
    assert!(attachment.is_some());
    assert!(other.session("s").await.expect("read").is_some());
    assert_eq!(other.audit_log(city, None, None, None, 9).await.expect("read").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_fits_either_engine() {
    let folder = folder();
    let first = sqlite(folder.path(), "first.db").await;
    fill(&first).await;
    let file = folder.path().join("one.backup");
    let made = first.backup(&file, MONDAY_NINE).await.expect("a backup");
    assert_eq!((made.schema, made.engine.as_str(), made.made_at), (SCHEMA_VERSION, "sqlite", MONDAY_NINE));
    assert_eq!(made.bytes, std::fs::metadata(&file).expect("the file").len());
    assert_eq!(store::backup::check(&file).expect("a sound backup"), made);

    let second = sqlite(folder.path(), "second.db").await;
    assert_eq!(second.restore(&file, false).await.expect("restored").rows, made.rows);
    assert_equal(&first, &second).await;
    // A second time only when asked to replace, and then it is the same again.
    assert!(matches!(second.restore(&file, false).await, Err(BackupError::NotEmpty)));
    second.append(vec![new_case(sample::city(), 301, "之后")]).await.expect("an append");
    second.restore(&file, true).await.expect("restored");
    assert_equal(&first, &second).await;
    let next = second.next_number(sample::city(), MONDAY).await.expect("a number");
    assert_eq!(next, kernel::CaseNumber::new(sample::city(), MONDAY, 301));

    let Some(fixture) = Fixture::start_or_skip() else { return };
    let third = Store::open(&fixture.database().await.expect("a database")).await.expect("a store");
    third.restore(&file, false).await.expect("restored");
    assert_equal(&first, &third).await;
    let back = folder.path().join("back.backup");
    let of_postgres = third.backup(&back, MONDAY_NINE).await.expect("a backup");
    assert_eq!((of_postgres.engine.as_str(), of_postgres.rows), ("postgres", made.rows));
    let fourth = sqlite(folder.path(), "fourth.db").await;
    fourth.restore(&back, false).await.expect("restored");
    assert_equal(&first, &fourth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_one_moment() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    let city = sample::city();
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for number in 1..=400 {
            writing.append(vec![new_case(city, number, "写入")]).await.expect("an append");
        }
    });
    while store.head(city).await.expect("head").1 < 50 {
        tokio::task::yield_now().await;
    }
    let file = folder.path().join("busy.backup");
    store.backup(&file, MONDAY_NINE).await.expect("a backup");
    writer.await.expect("the writer");
    let copy = sqlite(folder.path(), "copy.db").await;
    copy.restore(&file, false).await.expect("restored");
    let (position, cases) = copy.head(city).await.expect("head");
    assert!((50..=400).contains(&cases));
    let all = copy.changed_since(city, 0, 10_000).await.expect("changes");
    assert_eq!((all.len(), all.last().map(|last| last.position)), (cases as usize, Some(position)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_changes_nothing() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    fill(&store).await;
    let file = folder.path().join("one.backup");
    store.backup(&file, MONDAY_NINE).await.expect("a backup");
    let whole = std::fs::read(&file).expect("the file");
    let other = sqlite(folder.path(), "other.db").await;
    let damaged = folder.path().join("damaged.backup");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for bytes in [&flipped[..], &whole[..whole.len() - 1], &whole[..whole.len() / 2], b"", b"hello"] {
        std::fs::write(&damaged, bytes).expect("written");
        let refused = other.restore(&damaged, true).await;
        assert!(matches!(refused, Err(BackupError::Damaged(_))), "{refused:?}");
    }
    assert!(matches!(other.restore(&folder.path().join("none"), false).await, Err(BackupError::File { .. })));
    assert_eq!(other.cities().await.expect("cities"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_row_is_reported_with_table_and_id() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    let city = sample::city();
    for number in 1..=4 {
        let one = new_case(city, number, "损坏");
        let (after, facts) = commented(&one.state, "补充", MONDAY_NINE + Millis(1));
        store.append(vec![one]).await.expect("an append");
        store.append(vec![append(after, facts)]).await.expect("an append");
    }
    let path = folder.path().join("city.db");
    let mut vandal = SqliteConnection::connect(path.to_str().expect("a path")).await.expect("a connection");
    for sql in [
        "UPDATE cases SET state = substr(state, 1, 80) WHERE serial = 0",
        "UPDATE cases SET version = 7 WHERE serial = 1",
        "UPDATE cases SET state = replace(state, '\"reported\"', '\"evaporated\"') WHERE serial = 2",
        "DELETE FROM facts WHERE seq = 1 AND case_id = (SELECT id FROM cases WHERE serial = 3)",
        "UPDATE facts SET body = '{}' WHERE seq = 2 AND case_id = (SELECT id FROM cases WHERE serial = 0)",
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut vandal).await.expect("damaged");
    }
    for number in 1..=3 {
        let result = store.case(city, sample::case_id(number)).await;
        let id = sample::case_id(number).to_string();
        assert!(
            matches!(&result, Err(StoreError::Corrupt { table: "cases", id: row, .. }) if row.contains(&id)),
            "{result:?}"
        );
    }
    assert!(matches!(store.changed_since(city, 0, 10).await, Err(StoreError::Corrupt { .. })));
    assert!(store.case(city, sample::case_id(4)).await.expect("read").is_some());
    for number in [1, 4] {
        let result = store.facts(city, sample::case_id(number)).await;
        assert!(matches!(result, Err(StoreError::Corrupt { table: "facts", .. })), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_schema_is_refused() {
    let folder = folder();
    let path = folder.path().join("city.db");
    let target = path.to_str().expect("a path");
    assert_eq!(Store::version_of(target).await.expect("a version"), 0);
    assert_eq!(Store::migrate(target).await.expect("migrated"), 0);
    assert_eq!(Store::migrate(target).await.expect("nothing to do"), SCHEMA_VERSION);
    sqlite(folder.path(), "city.db").await.close().await.expect("closed");
    let mut conn = SqliteConnection::connect(target).await.expect("a connection");
    sqlx::raw_sql("INSERT INTO schema_versions VALUES (1000)").execute(&mut conn).await.expect("changed");
    assert!(matches!(Store::open(target).await, Err(OpenError::Newer { found: 1000, .. })));
    assert!(matches!(Store::migrate(target).await, Err(OpenError::Newer { .. })));
    sqlx::raw_sql("DELETE FROM schema_versions; INSERT INTO schema_versions VALUES (0)")
        .execute(&mut conn)
        .await
        .expect("changed");
    assert_eq!(Store::version_of(target).await.expect("a version"), 0);
}

/// Digits that no compression makes shorter.
fn noise(length: usize) -> String {
    let next =
        |n: &u64| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(1_u64), next)
        .take(length)
        .map(|n| char::from(b'!' + (n >> 33) as u8 % 90))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_an_engine_cannot_hold_hurts_only_itself() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let target = fixture.database().await.expect("a database");
    let store = Store::open(&target).await.expect("a store");
    let city = sample::city();
    let mut tasks = Vec::new();
    for number in 1..=20_u32 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut one = new_case(city, number, "文字");
            // PostgreSQL's index holds no number that long.
            let phone = if number == 7 { noise(20_000) } else { format!("139{number:08}") };
            one.reporter = Some(app::ports::Reporter { phone, ..Default::default() });
            store.append(vec![one]).await.is_ok()
        }));
    }
    let mut refused = 0;
    for task in tasks {
        refused += u32::from(!task.await.expect("a task"));
    }
    assert_eq!(refused, 1);
    // A reader that does not know the engine's own table types would not notice a lost index.
    let mut conn = PgConnection::connect(&target).await.expect("a connection");
    let counted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM reporters").fetch_one(&mut conn).await.expect("a count");
    assert_eq!(counted, 19);
}

/// What a schema consists of, as the engine itself says it.
async fn shape(target: &str) -> Vec<String> {
    let mut shape: Vec<String> = if target.starts_with("postgres://") {
        let mut conn = PgConnection::connect(target).await.expect("a connection");
        let columns = "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) \
            FROM information_schema.columns WHERE table_schema = 'public'";
        let mut found: Vec<String> =
            sqlx::query_scalar(columns).fetch_all(&mut conn).await.expect("the columns");
        let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'";
        found.extend(
            sqlx::query_scalar::<_, String>(indexes).fetch_all(&mut conn).await.expect("the indexes"),
        );
        found
    } else {
        let mut conn = SqliteConnection::connect(target).await.expect("a connection");
        let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL";
        sqlx::query_scalar(sql).fetch_all(&mut conn).await.expect("the schema")
    };
    for text in &mut shape {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\"facts\"", "facts");
    }
    shape.sort();
    shape
}

/// A store with something in every table, left by a program of schema 1, and a backup of what was in it.
async fn left_by_schema_1(target: &str, backup: &Path) {
    let store = Store::open(target).await.expect("a store");
    fill(&store).await;
    store.backup(backup, MONDAY_NINE).await.expect("a backup");
    store.close().await.expect("closed");
    testkit::older::back_to_schema_1(target).await;
}

async fn an_older_store_is_upgraded(target: &str, first_schema: Vec<String>, folder: &Path) {
    let backup = folder.join("before.backup");
    left_by_schema_1(target, &backup).await;
    assert_eq!(shape(target).await, first_schema, "it is what schema 1 made");

    let known = SCHEMA_VERSION;
    let refused = Store::open(target).await.map(drop).expect_err("not opened before it is migrated");
    assert!(matches!(refused, OpenError::Older { found: 1, known: k } if k == known), "{refused:?}");
    assert_eq!(Store::version_of(target).await.expect("a version"), 1);
    assert_eq!(Store::migrate(target).await.expect("migrated"), 1);
    assert_eq!(Store::version_of(target).await.expect("a version"), known);

    let store = Store::open(target).await.expect("the upgraded store");
    let before = sqlite(folder, "before.db").await;
    before.restore(&backup, false).await.expect("restored");
    assert_equal(&before, &store).await;
    // Work goes on: a command of then is still known, and a new one is remembered.
    let city = sample::city();
    assert!(store.command(city, sample::command_id(7)).await.expect("read").is_some());
    let (changed, facts) = commented(
        &store.case(city, sample::case_id(1)).await.expect("read").expect("a case").case,
        "升级后",
        MONDAY_NINE,
    );
    store.append(vec![append(changed, facts)]).await.expect("an append");
    // Commands done before count as done at the upgrade: none of them is forgotten early.
    let forget = app::ports::Forget {
        commands: MONDAY_NINE,
        audit: MONDAY_NINE,
        messages: MONDAY_NINE,
        sessions: MONDAY_NINE,
    };
    assert_eq!(store.forget(&forget, 1_000).await.expect("forgotten").commands, 0);
    store.close().await.expect("closed");

    testkit::older::claim_schema(target, known + 1).await;
    let refused = Store::open(target).await.map(drop).expect_err("of a newer program");
    let words = refused.to_string();
    assert!(words.contains("use a newer program") && words.contains(&(known + 1).to_string()), "{words}");
    assert!(matches!(Store::migrate(target).await, Err(OpenError::Newer { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_sqlite_store_is_upgraded() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let first = path("first.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&first).create_if_missing(true);
    let mut conn = sqlx::ConnectOptions::connect(&options).await.expect("a file");
    for sql in [
        include_str!("../src/schema/1.sqlite.sql"),
        "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)",
    ] {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("schema 1");
    }
    conn.close().await.expect("closed");
    an_older_store_is_upgraded(&path("city.db"), shape(&first).await, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_postgres_store_is_upgraded() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let folder = folder();
    let first = fixture.database().await.expect("a database");
    let mut conn = PgConnection::connect(&first).await.expect("a connection");
    for sql in [
        include_str!("../src/schema/1.postgres.sql"),
        "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)",
    ] {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("schema 1");
    }
    let target = fixture.database().await.expect("a database");
    an_older_store_is_upgraded(&target, shape(&first).await, folder.path()).await;
}

/// The backup as a program of schema 1 would have written it.
fn of_schema_1(file: &Path) -> Vec<u8> {
    use sha2::Digest as _;
    use std::io::{Read as _, Write as _};
    const FIRST_LINE: &[u8] = b"YIWANG BACKUP 1\n";
    let bytes = std::fs::read(file).expect("the file");
    let mut text = String::new();
    let packed = &bytes[FIRST_LINE.len()..bytes.len() - 65];
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    let mut packed = flate2::write::GzEncoder::new(FIRST_LINE.to_vec(), flate2::Compression::fast());
    let mut table = String::new();
    for line in text.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("a line");
        if let Some(name) = value["table"].as_str() {
            table = name.to_owned();
        } else if value["head"].is_object() {
            value["head"]["schema"] = 1.into();
        } else if let (Some(cells), "commands") = (value.as_array_mut(), table.as_str()) {
            cells.pop();
        }
        writeln!(packed, "{value}").expect("a line");
    }
    let mut bytes = packed.finish().expect("gzip");
    let hash = hex::encode(sha2::Sha256::digest(&bytes));
    bytes.extend(format!("{hash}\n").bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_older_program_is_restored() {
    let folder = folder();
    let store = sqlite(folder.path(), "city.db").await;
    fill(&store).await;
    let file = folder.path().join("one.backup");
    store.backup(&file, MONDAY_NINE).await.expect("a backup");
    std::fs::write(&file, of_schema_1(&file)).expect("written");
    assert_eq!(store::backup::check(&file).expect("a sound backup").schema, 1);
    let other = sqlite(folder.path(), "other.db").await;
    other.restore(&file, false).await.expect("restored");
    assert_equal(&store, &other).await;
    assert!(other.command(sample::city(), sample::command_id(7)).await.expect("read").is_some());
}
