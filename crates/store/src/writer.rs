//! Writes. On SQLite one task owns the only writing connection; on both engines appends are committed in
//! groups, so that many callers share one sync of the disk.

use crate::append::{self, Prepared};
use crate::checkpoint;
use crate::db::{Conn, Db, Doing, Engine, is_about_a_row, is_busy, store_error};
use crate::statement::{RELEASE, ROLLBACK_TO, SAVEPOINT};
use app::ports::{Appended, StoreError};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes waiting for the next group. At 2,000 a second this is two seconds; beyond it callers are told
/// that the store is overloaded.
pub(crate) const WAITING_MAX: usize = 4_096;
/// Writes in one group: keeps a commit, and what is lost with a failed one, small.
const GROUP_MAX: usize = 1_000;
/// Tries of a group that lost against another process (a dead lock, a lock that was not to be had).
const TRIES_MAX: u32 = 3;

pub(crate) type Reply = oneshot::Sender<Result<Vec<Appended>, StoreError>>;
/// A write of any other kind, done inside a transaction of the writer's.
pub(crate) type Work = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<(), StoreError>> + Send>;

pub(crate) enum Request {
    Append { batch: Vec<Prepared>, reply: Reply },
    Work { work: Work, reply: oneshot::Sender<Result<(), StoreError>> },
}

/// The way in to the writer task, which ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    db: Db,
    requests: mpsc::Sender<Request>,
}

impl Writer {
    pub(crate) fn start(db: Db) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING_MAX);
        let (alive, over) = oneshot::channel();
        if let Db::Lite { tend, .. } = &db {
            tokio::spawn(checkpoint::serve(tend.clone(), over));
        }
        tokio::spawn(serve(db.clone(), waiting, alive));
        Self { db, requests }
    }

    /// All or nothing. Refused at once when too many are waiting already.
    pub(crate) async fn append(&self, batch: Vec<Prepared>) -> Result<Vec<Appended>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(Request::Append { batch, reply }).map_err(|_| StoreError::Busy)?;
        answer.await.map_err(|_| gone())?
    }

    /// Each of them stands alone; waits for room instead of being refused.
    pub(crate) async fn append_each(&self, batch: Vec<Prepared>) -> Result<Vec<Appended>, StoreError> {
        let mut answers = Vec::with_capacity(batch.len());
        for one in batch {
            let (reply, answer) = oneshot::channel();
            self.requests.send(Request::Append { batch: vec![one], reply }).await.map_err(|_| gone())?;
            answers.push(answer);
        }
        let mut appended = Vec::with_capacity(answers.len());
        let mut first_error = None;
        for answer in answers {
            match answer.await.map_err(|_| gone()).flatten() {
                Ok(one) => appended.extend(one),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(appended), Err)
    }

    /// Runs `work` in a transaction of its own (PostgreSQL) or inside the next group (SQLite, where a failed
    /// one does not disturb the others). Goes on when the caller goes away.
    pub(crate) async fn transact<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let result = slot.clone();
        let work: Work = Box::new(move |conn| {
            Box::pin(async move {
                let value = work(conn).await?;
                *result.lock() = Some(value);
                Ok(())
            })
        });
        match self.db.engine() {
            Engine::Sqlite => {
                let (reply, answer) = oneshot::channel();
                self.requests.try_send(Request::Work { work, reply }).map_err(|_| StoreError::Busy)?;
                answer.await.map_err(|_| gone())??;
            }
            Engine::Postgres => {
                let db = self.db.clone();
                tokio::spawn(async move { transact_alone(&db, work).await }).await.map_err(|_| gone())??;
            }
        }
        let value = slot.lock().take();
        value.ok_or_else(gone)
    }
}

/// The writer task has ended or panicked: nothing is known to be written.
fn gone() -> StoreError {
    StoreError::Failed { doing: "reach the writer", cause: "the store is closed".into() }
}

async fn transact_alone(db: &Db, work: Work) -> Result<(), StoreError> {
    let mut conn = db.writer().await.doing("open a transaction")?;
    if let Err(error) = conn.begin().await {
        conn.discard().await;
        return Err(error).doing("open a transaction");
    }
    let result = match work(&mut conn).await {
        Ok(()) => conn.commit().await.doing("commit"),
        Err(error) => Err(error),
    };
    if result.is_err() && conn.rollback().await.is_err() {
        conn.discard().await;
    }
    result
}

/// `_alive` is dropped at the end, which ends what tends the store beside the writer.
async fn serve(db: Db, mut waiting: mpsc::Receiver<Request>, _alive: oneshot::Sender<()>) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
        write_group(&db, std::mem::take(&mut group)).await;
    }
}

/// An answer that may be given only after the commit.
enum Answer {
    Append(Reply, Result<Vec<Appended>, StoreError>),
    Work(oneshot::Sender<Result<(), StoreError>>, Result<(), StoreError>),
}

impl Answer {
    /// A caller who went away does not hear it; what was written stays written.
    fn give(self, failed: Option<&str>) {
        let lost = |failed: &str| StoreError::Failed { doing: "commit", cause: failed.into() };
        match self {
            Self::Append(reply, result) => {
                drop(reply.send(failed.map_or(result, |failed| Err(lost(failed)))))
            }
            Self::Work(reply, result) => drop(reply.send(failed.map_or(result, |failed| Err(lost(failed))))),
        }
    }
}

async fn write_group(db: &Db, group: Vec<Request>) {
    let mut appends = Vec::new();
    let mut works = Vec::new();
    for request in group {
        match request {
            Request::Append { batch, reply } => appends.push((batch, reply)),
            Request::Work { work, reply } => works.push((work, reply)),
        }
    }
    let mut conn = match open(db).await {
        Ok(conn) => conn,
        Err(error) => {
            let text = error.to_string();
            let fail = || {
                if is_busy(&error) {
                    StoreError::Busy
                } else {
                    store_error("open a transaction", sqlx::Error::Protocol(text.clone()))
                }
            };
            appends.into_iter().for_each(|(_, reply)| Answer::Append(reply, Err(fail())).give(None));
            works.into_iter().for_each(|(_, reply)| Answer::Work(reply, Err(fail())).give(None));
            return;
        }
    };
    let mut answers = Vec::with_capacity(appends.len() + works.len());
    for (work, reply) in works {
        let result = work_inside(&mut conn, work).await;
        answers.push(Answer::Work(reply, result));
    }
    if !appends.is_empty() {
        let batches: Vec<&[Prepared]> = appends.iter().map(|(batch, _)| batch.as_slice()).collect();
        let results = append_inside(&mut conn, &batches).await;
        answers.extend(
            appends.into_iter().zip(results).map(|((_, reply), result)| Answer::Append(reply, result)),
        );
    }
    match conn.commit().await {
        Ok(()) => answers.into_iter().for_each(|answer| answer.give(None)),
        Err(error) => {
            tracing::warn!(error = %error, writes = answers.len(), "a group of writes could not be committed");
            let text = error.to_string();
            answers.into_iter().for_each(|answer| answer.give(Some(&text)));
            if conn.rollback().await.is_err() {
                conn.discard().await;
            }
        }
    }
}

async fn open(db: &Db) -> Result<Conn, sqlx::Error> {
    let mut conn = db.writer().await?;
    if let Err(error) = conn.begin().await {
        conn.discard().await;
        return Err(error);
    }
    Ok(conn)
}

async fn work_inside(conn: &mut Conn, work: Work) -> Result<(), StoreError> {
    conn.run(SAVEPOINT, Vec::new()).await.doing("open a transaction")?;
    let result = work(conn).await;
    if result.is_err() {
        conn.run(ROLLBACK_TO, Vec::new()).await.doing("roll back")?;
    }
    conn.run(RELEASE, Vec::new()).await.doing("commit")?;
    result
}

/// Writes all batches with few statements. Should the engine refuse a row for what it holds,
/// each batch is written alone, so that only the culprit fails.
async fn append_inside(conn: &mut Conn, batches: &[&[Prepared]]) -> Vec<Result<Vec<Appended>, StoreError>> {
    match append_tried(conn, batches).await {
        Ok(results) => results,
        Err(error) if batches.len() > 1 && is_about_a_row(&error) => {
            let mut results = Vec::with_capacity(batches.len());
            for batch in batches {
                results.push(match append_tried(conn, &[batch]).await {
                    Ok(mut one) => one.pop().unwrap_or_else(|| Err(gone())),
                    Err(error) => Err(store_error("append facts", error)),
                });
            }
            results
        }
        Err(error) => {
            let text = error.to_string();
            let busy = is_busy(&error);
            let fail = |_: &&[Prepared]| {
                Err(if busy {
                    StoreError::Busy
                } else {
                    store_error("append facts", sqlx::Error::Protocol(text.clone()))
                })
            };
            batches.iter().map(fail).collect()
        }
    }
}

async fn append_tried(
    conn: &mut Conn,
    batches: &[&[Prepared]],
) -> Result<Vec<Result<Vec<Appended>, StoreError>>, sqlx::Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        conn.run(SAVEPOINT, Vec::new()).await?;
        match append::write(conn, batches).await {
            Ok(results) => {
                conn.run(RELEASE, Vec::new()).await?;
                return Ok(results);
            }
            Err(error) => {
                conn.run(ROLLBACK_TO, Vec::new()).await?;
                conn.run(RELEASE, Vec::new()).await?;
                if tries >= TRIES_MAX || !is_busy(&error) {
                    return Err(error);
                }
            }
        }
    }
}
