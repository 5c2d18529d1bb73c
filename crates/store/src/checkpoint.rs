//! Moves SQLite's write-ahead log into the database file beside the writer, on a connection of its own, so
//! that no commit has to wait for it.

use sqlx::SqlitePool;
use std::time::Duration;
use tokio::sync::oneshot;

/// At 2,000 reports a second some ten thousand pages; an idle store has nothing to move.
const EVERY: Duration = Duration::from_millis(500);

/// Ends with the writer, which holds the other end of `over`.
pub(crate) async fn serve(pool: SqlitePool, mut over: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            _ = &mut over => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        // Passive: readers and the writer go on; what it cannot move now it moves the next time.
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
            if matches!(error, sqlx::Error::PoolClosed) {
                return;
            }
            tracing::warn!(%error, "the write-ahead log could not be moved into the database file");
        }
    }
}
