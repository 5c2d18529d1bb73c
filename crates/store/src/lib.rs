//! The ports of the application on SQLite and PostgreSQL, and attachments on a folder or S3.
//!
//! Start reading at [`Store`]; `writer` is how a write gets to the disk, `append` what it consists of,
//! `statement` has every SQL text. SQL exists in this crate only.

mod account;
mod address;
mod append;
mod attachment;
mod audit;
pub mod backup;
pub mod blob;
mod checkpoint;
mod db;
mod forget;
mod grid;
mod notice;
mod number;
mod port;
mod read;
mod record;
mod schema;
mod statement;
mod thing;
mod value;
mod words;
mod writer;

pub use backup::BackupError;
pub use schema::SCHEMA_VERSION;

use crate::db::{Conn, Db, Doing};
use crate::number::Numbers;
use crate::writer::Writer;
use app::ports::StoreError;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A later program has used it; going on could lose what only that one knows.
    #[error("the store has schema {found}, this program knows {known}: use a newer program")]
    Newer { found: u32, known: u32 },
    /// An earlier program made it. Make a backup, then `Store::migrate`.
    #[error("the store has schema {found}, this program needs {known}: it must be migrated first")]
    Older { found: u32, known: u32 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything that must survive, on either engine. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    writer: Writer,
    numbers: Arc<Numbers>,
}

impl Store {
    /// Opens `postgres://…` or the path of an SQLite file. An empty database gets the schema; one of
    /// another version is refused.
    pub async fn open(target: &str) -> Result<Self, OpenError> {
        let db = Db::connect(target).await.doing("open the store")?;
        let found = found_version(&db).await?;
        match found {
            0 => drop(schema::migrate(&db).await?),
            SCHEMA_VERSION => {}
            found => {
                // Whoever goes on from here, as with a copy of the file, finds nobody at work on it.
                db.close().await;
                let known = SCHEMA_VERSION;
                return Err(if found > known {
                    OpenError::Newer { found, known }
                } else {
                    OpenError::Older { found, known }
                });
            }
        }
        let writer = Writer::start(db.clone());
        Ok(Self { db, writer, numbers: Arc::default() })
    }

    /// The schema a database has, without changing it: 0 when it is empty.
    pub async fn version_of(target: &str) -> Result<u32, OpenError> {
        let db = Db::connect(target).await.doing("open the store")?;
        let found = found_version(&db).await?;
        db.close().await;
        Ok(found)
    }

    /// Brings a database up to [`SCHEMA_VERSION`], all or nothing. Answers the version it had.
    pub async fn migrate(target: &str) -> Result<u32, OpenError> {
        let db = Db::connect(target).await.doing("open the store")?;
        let found = found_version(&db).await?;
        if found > SCHEMA_VERSION {
            db.close().await;
            return Err(OpenError::Newer { found, known: SCHEMA_VERSION });
        }
        let before = schema::migrate(&db).await?;
        db.close().await;
        Ok(before)
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        self.db.engine().as_str()
    }

    /// Gives unused case numbers back and closes every connection. Writes that were acknowledged are on disk
    /// with or without it.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.numbers.close(&self.writer).await?;
        self.db.close().await;
        Ok(())
    }

    async fn reader(&self) -> Result<Conn, StoreError> {
        self.db.reader().await.doing("reach the store")
    }
}

async fn found_version(db: &Db) -> Result<u32, StoreError> {
    let mut conn = db.writer().await.doing("open the store")?;
    schema::found(&mut conn).await.doing("read the schema version")
}
