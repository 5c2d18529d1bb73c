//! Due moments and the outbox: work that must happen once, taken under a lease.

use crate::Store;
use crate::append::{NoticeRow, queue};
use crate::db::{Conn, Doing};
use crate::read::{case_id, city_code, whole};
use crate::statement::{
    ANY_DUE, ANY_NOTICE, DONE_DUE, DONE_NOTICE, DONE_NOTICES, FAILED_NOTICE, INBOX, LOCK_HEAD, TAKE_DUE,
    TAKE_NOTICES,
};
use crate::value::{Row, Value, values};
use app::ports::{DueMoment, Notice, QueuedNotice, StoreError};
use kernel::{CityCode, ClockKind, PersonId, Timestamp};
use std::collections::BTreeMap;

/// Moments or messages taken, or listed, at once.
const TAKEN_MAX: u32 = 1_000;
/// The reason of a failed message is kept to this length.
const ERROR_CHARS_MAX: usize = 1_000;

impl Store {
    pub(crate) async fn take_due(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<DueMoment>, StoreError> {
        let sql = TAKE_DUE.of(self.db.engine());
        let rows = self.take(ANY_DUE, sql, now, lease_ms, limit, "take due moments").await?;
        let mut moments = rows.iter().map(due_moment).collect::<Result<Vec<_>, _>>()?;
        moments.sort_unstable_by_key(|moment| (moment.at, moment.case));
        Ok(moments)
    }

    pub(crate) async fn take_notices(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        let sql = TAKE_NOTICES.of(self.db.engine());
        let rows = self.take(ANY_NOTICE, sql, now, lease_ms, limit, "take notices").await?;
        let mut notices = rows.iter().map(queued_notice).collect::<Result<Vec<_>, _>>()?;
        notices.sort_unstable_by_key(|notice| (notice.city, notice.id));
        Ok(notices)
    }

    /// Asks first whether there is anything, so that waiting for work writes nothing.
    async fn take(
        &self,
        any: &'static str,
        take: &'static str,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
        doing: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        if self.reader().await?.row(any, values![now]).await.doing(doing)?.is_none() {
            return Ok(Vec::new());
        }
        let values = values![now, now.0.saturating_add(lease_ms), limit.min(TAKEN_MAX)];
        self.writer
            .transact(move |conn| Box::pin(async move { conn.rows(take, values).await.doing(doing) }))
            .await
    }

    /// A moment that was ended before, or moved since it was taken, says nothing any more.
    pub(crate) async fn done_due(&self, ended: Vec<(DueMoment, Vec<Notice>)>) -> Result<(), StoreError> {
        let mut by_city: BTreeMap<CityCode, Vec<(DueMoment, Vec<NoticeRow>)>> = BTreeMap::new();
        for (moment, notices) in ended {
            let rows = notices.into_iter().map(NoticeRow::of).collect::<Result<Vec<_>, _>>()?;
            by_city.entry(moment.city).or_default().push((moment, rows));
        }
        if by_city.is_empty() {
            return Ok(());
        }
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    for (city, ended) in &by_city {
                        end_moments(conn, *city, ended).await.doing("end due moments")?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Messages that speak of no case, such as what is said to a person about the post.
    pub(crate) async fn queue_notices(
        &self,
        city: CityCode,
        at: Timestamp,
        notices: Vec<Notice>,
    ) -> Result<(), StoreError> {
        let rows = notices.into_iter().map(NoticeRow::of).collect::<Result<Vec<_>, _>>()?;
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    let rows = rows.iter().map(|row| (None, at, row)).collect();
                    queue(conn, city, rows).await.doing("queue notices")
                })
            })
            .await
    }

    /// A message that was sent is forgotten: it holds a phone number or an address.
    pub(crate) async fn done_notice(&self, city: CityCode, id: i64) -> Result<(), StoreError> {
        self.run(DONE_NOTICE, values![city, id], "end a notice").await
    }

    pub(crate) async fn done_notices(&self, city: CityCode, ids: &[i64]) -> Result<(), StoreError> {
        let ids: Vec<Value> = ids.iter().copied().map(Value::from).collect();
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    conn.run_many(&DONE_NOTICES, &[Value::from(city)], ids).await.doing("end notices")?;
                    Ok(())
                })
            })
            .await
    }

    pub(crate) async fn failed_notice(
        &self,
        city: CityCode,
        id: i64,
        error: &str,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
        let values = values![city, id, error, again_at.unwrap_or_default(), again_at.is_none()];
        self.run(FAILED_NOTICE, values, "put a notice off").await
    }

    pub(crate) async fn inbox(
        &self,
        city: CityCode,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        let values: Vec<Value> = values![city, person.to_string(), limit.min(TAKEN_MAX)];
        let rows = self.reader().await?.rows(INBOX, values).await.doing("read an inbox")?;
        rows.iter().map(queued_notice).collect()
    }
}

async fn end_moments(
    conn: &mut Conn,
    city: CityCode,
    ended: &[(DueMoment, Vec<NoticeRow>)],
) -> Result<(), sqlx::Error> {
    // Appends move moments under this lock: two that touch the same ones wait here, not for each other.
    conn.row(LOCK_HEAD, values![city]).await?;
    let mut said = Vec::new();
    for (moment, notices) in ended {
        let DueMoment { case, clock, moment, at, .. } = moment;
        let values = values![city, *case, clock.as_str(), moment.as_str(), *at];
        if conn.run(DONE_DUE, values).await? == 1 {
            said.extend(notices.iter().map(|row| (Some(*case), *at, row)));
        }
    }
    queue(conn, city, said).await
}

/// Columns: city, case_id, clock, moment, at.
fn due_moment(row: &Row) -> Result<DueMoment, StoreError> {
    let doing = "take due moments";
    let case = case_id("due_moments", &row.bytes(1).doing(doing)?)?;
    let clock = row.text(2).doing(doing)?;
    Ok(DueMoment {
        city: city_code("due_moments", row.int(0).doing(doing)?)?,
        case,
        clock: ClockKind::parse(&clock).ok_or_else(|| StoreError::Corrupt {
            table: "due_moments",
            id: case.to_string(),
            why: format!("there is no clock {clock:?}"),
        })?,
        moment: row.text(3).doing(doing)?,
        at: Timestamp(row.int(4).doing(doing)?),
    })
}

/// Columns: city, id, case_id, queued_at, attempts, body.
fn queued_notice(row: &Row) -> Result<QueuedNotice, StoreError> {
    let doing = "read a notice";
    let id = row.int(1).doing(doing)?;
    let case = row.opt_bytes(2).doing(doing)?;
    let notice = serde_json::from_str(&row.text(5).doing(doing)?);
    Ok(QueuedNotice {
        city: city_code("outbox", row.int(0).doing(doing)?)?,
        id,
        case: case.map(|bytes| case_id("outbox", &bytes)).transpose()?,
        queued_at: Timestamp(row.int(3).doing(doing)?),
        attempts: whole("outbox", &id.to_string(), row.int(4).doing(doing)?)?,
        notice: notice.map_err(|error| StoreError::Corrupt {
            table: "outbox",
            id: id.to_string(),
            why: error.to_string(),
        })?,
    })
}
