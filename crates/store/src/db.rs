//! The two engines behind one small face: connect, run a statement, read rows.

use crate::statement::Many;
use crate::value::{Row, Value, postgres_arguments, sqlite_arguments};
use app::ports::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Readers beside the writer. More do not help: SQLite reads are CPU-bound.
const SQLITE_READERS: u32 = 4;
/// Two megabytes each, in kibibytes: what a reader keeps beyond that the system has in its own cache.
const READER_CACHE: &str = "-2048";
/// PostgreSQL sessions of one process. The driver's default follows the cores and is far too small.
const POSTGRES_CONNECTIONS: u32 = 16;
/// Longest wait for a connection; then the store is overloaded.
const ACQUIRE_FOR: Duration = Duration::from_secs(10);
/// Longest wait for another process that writes the same SQLite file.
const SQLITE_BUSY_FOR: Duration = Duration::from_secs(10);
/// Room for every statement, the multi-row ones in all their lengths included.
const STATEMENTS_CACHED: usize = 400;

#[derive(Debug, Clone)]
pub(crate) enum Db {
    Lite {
        read: SqlitePool,
        /// One connection, so that writes queue here and never meet in the file.
        write: SqlitePool,
        /// One connection that moves the log into the file.
        tend: SqlitePool,
    },
    Pg(PgPool),
}

/// Which engine a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl Db {
    /// `postgres://…`, or the path of an SQLite file (with or without `sqlite://`), made when missing.
    pub(crate) async fn connect(target: &str) -> Result<Self, sqlx::Error> {
        if target.starts_with("postgres://") || target.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(target)?
                .application_name("yiwang")
                .statement_cache_capacity(STATEMENTS_CACHED)
                .disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(ACQUIRE_FOR)
                .connect_with(options)
                .await?;
            return Ok(Self::Pg(pool));
        }
        let path =
            target.strip_prefix("sqlite://").or_else(|| target.strip_prefix("sqlite:")).unwrap_or(target);
        let path = Path::new(path);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_FOR)
            .connect_with(sqlite_options(path).create_if_missing(true).pragma("cache_size", "-32768"))
            .await?;
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_FOR)
            .connect_with(sqlite_options(path).pragma("cache_size", READER_CACHE).pragma("query_only", "ON"))
            .await?;
        let tend = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(sqlite_options(path).pragma("cache_size", "-256"));
        Ok(Self::Lite { read, write, tend })
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Lite { .. } => Engine::Sqlite,
            Self::Pg(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn reader(&self) -> Result<Conn, sqlx::Error> {
        Ok(match self {
            Self::Lite { read, .. } => Conn::Lite(read.acquire().await?),
            Self::Pg(pool) => Conn::Pg(pool.acquire().await?),
        })
    }

    /// On SQLite only the writer task may ask for it.
    pub(crate) async fn writer(&self) -> Result<Conn, sqlx::Error> {
        Ok(match self {
            Self::Lite { write, .. } => Conn::Lite(write.acquire().await?),
            Self::Pg(pool) => Conn::Pg(pool.acquire().await?),
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Lite { read, write, tend } => {
                tend.close().await;
                read.close().await;
                write.close().await;
            }
            Self::Pg(pool) => pool.close().await,
        }
    }
}

fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        // Every commit reaches the disk before it is acknowledged; the group commit shares the cost.
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "ON")
        .busy_timeout(SQLITE_BUSY_FOR)
        // Seldom reached: `checkpoint` moves the log before, without a commit waiting for it.
        .pragma("wal_autocheckpoint", "16000")
        .pragma("journal_size_limit", "67108864")
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging()
}

/// SQLite's page: a case's row and its facts fit into one.
const PAGE_BYTES: u32 = 4096;

/// One session with either engine.
pub(crate) enum Conn {
    Lite(PoolConnection<Sqlite>),
    Pg(PoolConnection<Postgres>),
}

impl Conn {
    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Lite(_) => Engine::Sqlite,
            Self::Pg(_) => Engine::Postgres,
        }
    }

    /// Runs one statement, answers the number of rows it changed.
    pub(crate) async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        self.run_text(sql, values).await
    }

    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.rows_text(sql, values).await
    }

    /// The first row, if there is one.
    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Reads with a statement that is planned anew each time, for what it asks this time.
    pub(crate) async fn rows_once(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Lite(_) => self.rows_text(sql, values).await,
            Self::Pg(conn) => {
                let query =
                    sqlx::query_with::<Postgres, _>(sql, postgres_arguments(values)?).persistent(false);
                Ok(query.fetch_all(&mut **conn).await?.into_iter().map(Row::Pg).collect())
            }
        }
    }

    /// Runs a multi-row statement; `rows` holds the values of all rows, one row after the other.
    pub(crate) async fn run_many(
        &mut self,
        many: &'static Many,
        lead: &[Value],
        rows: Vec<Value>,
    ) -> Result<(), sqlx::Error> {
        let engine = self.engine();
        let mut rows = rows.into_iter();
        for length in many.lengths(rows.len()) {
            let values = lead.iter().cloned().chain(rows.by_ref().take(length * many.width())).collect();
            self.run_text(AssertSqlSafe(many.text(engine, length)), values).await?;
        }
        Ok(())
    }

    /// Reads by a list of keys; the rows come in no order.
    pub(crate) async fn rows_many(
        &mut self,
        many: &'static Many,
        lead: &[Value],
        keys: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let engine = self.engine();
        let mut found = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter();
        for length in many.lengths(keys.len()) {
            let values = lead.iter().cloned().chain(keys.by_ref().take(length * many.width())).collect();
            found.extend(self.rows_text(AssertSqlSafe(many.text(engine, length)), values).await?);
        }
        Ok(found)
    }

    /// A statement whose text was built from names of our own; for backups.
    pub(crate) async fn run_built(&mut self, sql: String, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        self.run_text(AssertSqlSafe(sql), values).await
    }

    pub(crate) async fn rows_built(
        &mut self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.rows_text(AssertSqlSafe(sql), values).await
    }

    /// Statements without values, several in one text; for schemas.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Lite(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop),
            Self::Pg(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop),
        }
    }

    async fn run_text(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Lite(conn) => sqlx::query_with::<Sqlite, _>(sql, sqlite_arguments(values)?)
                .execute(&mut **conn)
                .await?
                .rows_affected(),
            Self::Pg(conn) => sqlx::query_with::<Postgres, _>(sql, postgres_arguments(values)?)
                .execute(&mut **conn)
                .await?
                .rows_affected(),
        })
    }

    async fn rows_text(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Self::Lite(conn) => sqlx::query_with::<Sqlite, _>(sql, sqlite_arguments(values)?)
                .fetch_all(&mut **conn)
                .await?
                .into_iter()
                .map(Row::Lite)
                .collect(),
            Self::Pg(conn) => sqlx::query_with::<Postgres, _>(sql, postgres_arguments(values)?)
                .fetch_all(&mut **conn)
                .await?
                .into_iter()
                .map(Row::Pg)
                .collect(),
        })
    }

    /// Begins a transaction that will write: SQLite takes its write lock at once.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let begin = match self.engine() {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        self.run(begin, Vec::new()).await.map(drop)
    }

    /// Begins a transaction that sees one moment of the store throughout.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), sqlx::Error> {
        let begin = match self.engine() {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        self.run(begin, Vec::new()).await.map(drop)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.run("COMMIT", Vec::new()).await.map(drop)
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.run("ROLLBACK", Vec::new()).await.map(drop)
    }

    /// Gives the session up instead of back: nobody shall find it in the middle of something.
    pub(crate) async fn discard(self) {
        // Its state is unknown, so whether it closes well tells nothing.
        match self {
            Self::Lite(conn) => drop(conn.close().await),
            Self::Pg(conn) => drop(conn.close().await),
        }
    }
}

/// Turns what the engine says into what a caller can act on.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| store_error(doing, error))
    }
}

pub(crate) fn store_error(doing: &'static str, error: sqlx::Error) -> StoreError {
    if is_busy(&error) { StoreError::Busy } else { StoreError::Failed { doing, cause: Box::new(error) } }
}

/// True when the same again may work: locks, dead locks, no free connection.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // PostgreSQL: serialization, dead lock, lock not available, too many connections.
            Some("40001" | "40P01" | "55P03" | "53300") => true,
            // SQLite: busy, locked, busy in recovery, busy snapshot.
            Some("5" | "6" | "261" | "517") => true,
            _ => false,
        },
        _ => false,
    }
}

/// True when it is the values of some row that the engine refuses: without that row the rest may pass.
pub(crate) fn is_about_a_row(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let Some(code) = error.code() else { return false };
    match code.parse::<u32>() {
        // SQLite: too big, constraint, mismatch, with any extended part.
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 18..=20),
        // PostgreSQL: cardinality, data and integrity violations, rows too large for an index.
        _ => ["21", "22", "23", "54"].iter().any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{DIFFERENT, LENGTHS, LISTS, PLAIN};
    use sqlx::{Executor as _, SqlStr};

    async fn prepare(conn: &mut Conn, name: &str, sql: SqlStr) {
        let engine = conn.engine().as_str();
        let result = match conn {
            Conn::Lite(conn) => (&mut **conn).prepare(sql).await.map(drop),
            Conn::Pg(conn) => (&mut **conn).prepare(sql).await.map(drop),
        };
        if let Err(error) = result {
            panic!("{engine} refuses {name}: {error}");
        }
    }

    /// Of every text; also of those that no test happens to reach.
    async fn prepare_all(db: &Db) {
        crate::schema::migrate(db).await.expect("a schema");
        let mut conn = db.writer().await.expect("a session");
        let engine = conn.engine();
        for (name, sql) in PLAIN.iter().filter(|(_, sql)| !sql.contains("SAVEPOINT")) {
            prepare(&mut conn, name, sql.into_sql_str()).await;
        }
        for (name, both) in DIFFERENT {
            prepare(&mut conn, name, both.of(engine).into_sql_str()).await;
        }
        for (name, many) in LISTS {
            for length in [1, 2, LENGTHS[0]] {
                prepare(&mut conn, name, AssertSqlSafe(many.text(engine, length)).into_sql_str()).await;
            }
        }
    }

    #[tokio::test]
    async fn sqlite_takes_every_statement() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("city.db");
        prepare_all(&Db::connect(path.to_str().expect("a path")).await.expect("a database")).await;
    }

    #[tokio::test]
    async fn postgres_takes_every_statement() {
        let Some(fixture) = testkit::postgres::Fixture::start_or_skip() else { return };
        let target = fixture.database().await.expect("a database");
        prepare_all(&Db::connect(&target).await.expect("a database")).await;
    }
}
