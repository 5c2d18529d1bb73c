//! Stores as earlier programs left them, for tests of upgrades.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// What leads back from the newest schema to the first one, on SQLite.
const BACK_ON_SQLITE: &str = "
    DROP TABLE thing_heads;
    DROP TABLE things;
    DROP TABLE thing_history;
    DROP TABLE thing_commands;
    DROP TABLE grid_editions;
    DROP TABLE unit_grids;
    DROP TABLE addresses;
    DROP TABLE address_history;
    DROP INDEX commands_by_time;
    DROP INDEX audit_by_time;
    DROP INDEX sessions_by_end;
    DROP INDEX outbox_by_time;
    ALTER TABLE commands DROP COLUMN at;
    ALTER TABLE facts RENAME TO newer_facts;
    CREATE TABLE facts (
        city     INTEGER NOT NULL,
        case_id  BLOB    NOT NULL,
        seq      INTEGER NOT NULL,
        position INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        body     TEXT    NOT NULL,
        PRIMARY KEY (city, case_id, seq)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO facts SELECT city, case_id, seq, position, at, body FROM newer_facts;
    DROP TABLE newer_facts;
    DELETE FROM schema_versions WHERE version > 1;";
/// The same on PostgreSQL.
const BACK_ON_POSTGRES: &str = "
    DROP TABLE thing_heads;
    DROP TABLE things;
    DROP TABLE thing_history;
    DROP TABLE thing_commands;
    DROP TABLE grid_editions;
    DROP TABLE unit_grids;
    DROP TABLE addresses;
    DROP TABLE address_history;
    DROP INDEX commands_by_time, audit_by_time, sessions_by_end, outbox_by_time;
    ALTER TABLE commands DROP COLUMN at;
    DELETE FROM schema_versions WHERE version > 1;";

/// Makes a store that nobody has open what a program of schema 1 would have made of it.
///
/// # Panics
/// When `target` is no store of the newest schema.
pub async fn back_to_schema_1(target: &str) {
    let is_postgres = target.starts_with("postgres://");
    run(target, if is_postgres { BACK_ON_POSTGRES } else { BACK_ON_SQLITE }).await;
}

/// Makes a store look as if a program of `version` had used it.
///
/// # Panics
/// When `target` is no store.
pub async fn claim_schema(target: &str, version: u32) {
    run(target, &format!("INSERT INTO schema_versions (version) VALUES ({version})")).await;
}

async fn run(target: &str, sql: &str) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if target.starts_with("postgres://") {
        let mut conn = PgConnection::connect(target).await.expect("a server");
        sql.execute(&mut conn).await.expect("changed");
        conn.close().await.expect("closed");
    } else {
        let mut conn = SqliteConnection::connect(target).await.expect("a file");
        sql.execute(&mut conn).await.expect("changed");
        conn.close().await.expect("closed");
    }
}
