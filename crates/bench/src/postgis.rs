//! PostGIS on the same data in the same run: a fresh server of its own.

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use testkit::postgres::Fixture;

/// A database with PostGIS; the server ends with it.
pub struct PostGis {
    pub connection: PgConnection,
    pub address: String,
    _server: Fixture,
}

impl PostGis {
    /// `None` where PostgreSQL or PostGIS is not installed.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        let server = match Fixture::start() {
            Ok(server) => server,
            Err(error) => {
                eprintln!("  no PostgreSQL: {error}");
                return Ok(None);
            }
        };
        let address = server.database().await.context("a database")?;
        let mut connection = PgConnection::connect(&address).await?;
        if let Err(error) = sqlx::raw_sql("CREATE EXTENSION postgis").execute(&mut connection).await {
            eprintln!("  no PostGIS (Debian: postgresql-15-postgis-3): {error}");
            return Ok(None);
        }
        Ok(Some(Self { connection, address, _server: server }))
    }

    /// Statements one after the other, each in a transaction of its own, as VACUUM must be.
    pub async fn run(&mut self, sql: &str) -> anyhow::Result<()> {
        for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut self.connection)
                .await
                .with_context(|| statement.to_owned())?;
        }
        Ok(())
    }

    pub async fn version(&mut self) -> anyhow::Result<String> {
        let row = sqlx::query(
            "SELECT postgis_lib_version() || ', PostgreSQL ' || current_setting('server_version')",
        )
        .fetch_one(&mut self.connection)
        .await?;
        Ok(row.try_get(0)?)
    }
}
