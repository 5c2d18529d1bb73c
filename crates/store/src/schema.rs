//! Versioned schemas: numbered steps, each with a text for either engine, applied in order and never edited.

use crate::db::{Conn, Db, Doing, Engine};
use crate::statement::SCHEMA_EXISTS;
use crate::value::values;
use app::ports::StoreError;

struct Step {
    version: u32,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        version: 1,
        sqlite: include_str!("schema/1.sqlite.sql"),
        postgres: include_str!("schema/1.postgres.sql"),
    },
    Step {
        version: 2,
        sqlite: include_str!("schema/2.sqlite.sql"),
        postgres: include_str!("schema/2.postgres.sql"),
    },
    Step {
        version: 3,
        sqlite: include_str!("schema/3.sqlite.sql"),
        postgres: include_str!("schema/3.postgres.sql"),
    },
];
/// What a new store has otherwise than one that grew up: only how its rows lie on the disk.
const NEW_SQLITE: &str = include_str!("schema/new.sqlite.sql");

/// The schema this program works with.
pub const SCHEMA_VERSION: u32 = STEPS[STEPS.len() - 1].version;

/// The version found; 0 for an empty database.
pub(crate) async fn found(conn: &mut Conn) -> Result<u32, sqlx::Error> {
    let exists = conn.row(SCHEMA_EXISTS.of(conn.engine()), Vec::new()).await?;
    if exists.map(|row| row.int(0)).transpose()? == Some(0) {
        return Ok(0);
    }
    let newest = conn.row("SELECT coalesce(max(version), 0) FROM schema_versions", Vec::new()).await?;
    let newest = newest.map(|row| row.int(0)).transpose()?.unwrap_or(0);
    u32::try_from(newest).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Brings the schema up to date, all steps in one transaction. Answers the version it was.
pub(crate) async fn migrate(db: &Db) -> Result<u32, StoreError> {
    let mut conn = db.writer().await.doing("open the store")?;
    let result = migrate_on(&mut conn).await;
    match result {
        Ok(before) => Ok(before),
        Err(error) => {
            conn.discard().await;
            Err(error).doing("migrate the schema")
        }
    }
}

async fn migrate_on(conn: &mut Conn) -> Result<u32, sqlx::Error> {
    conn.begin().await?;
    if conn.engine() == Engine::Postgres {
        // Two processes may start at once; the second finds the work done.
        conn.script("SELECT pg_advisory_xact_lock(7921001)").await?;
    }
    let before = found(conn).await?;
    if before == 0 {
        conn.script("CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)").await?;
    }
    for step in STEPS.iter().filter(|step| step.version > before) {
        match conn.engine() {
            Engine::Sqlite => conn.script(step.sqlite).await?,
            Engine::Postgres => conn.script(step.postgres).await?,
        }
        conn.run("INSERT INTO schema_versions (version) VALUES ($1)", values![step.version]).await?;
    }
    if before == 0 && conn.engine() == Engine::Sqlite {
        conn.script(NEW_SQLITE).await?;
    }
    conn.commit().await?;
    Ok(before)
}
