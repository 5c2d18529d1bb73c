//! The audit log: dense ids inside a city, so that a missing line shows.

use crate::Store;
use crate::db::Doing;
use crate::read::whole;
use crate::statement::{AUDIT_LOG, COUNT_ON, PUT_AUDIT};
use crate::value::{Row, values};
use app::ports::{AuditEntry, StoreError, StoredAudit};
use kernel::{CityCode, PersonId, Timestamp};

const PAGE_MAX: u32 = 10_000;

impl Store {
    pub(crate) async fn audit(&self, city: CityCode, entry: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .transact(move |conn| {
                Box::pin(async move {
                    let doing = "write the audit log";
                    let row = conn.row(COUNT_ON, values![city, "audit", 1_i64]).await.doing(doing)?;
                    let id = row.ok_or(sqlx::Error::RowNotFound).and_then(|row| row.int(0)).doing(doing)?;
                    let AuditEntry { at, person, action, target, detail, from } = entry;
                    let person = person.map(|person| i64::from(person.0));
                    conn.run(PUT_AUDIT, values![city, id, at, person, action, target, detail, from])
                        .await
                        .doing(doing)?;
                    Ok(())
                })
            })
            .await
    }

    pub(crate) async fn audit_log(
        &self,
        city: CityCode,
        before: Option<i64>,
        action: Option<&str>,
        person: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let person = person.map_or(-1, |person| i64::from(person.0));
        let values = values![city, before, action.unwrap_or_default(), person, limit.min(PAGE_MAX)];
        let rows = self.reader().await?.rows(AUDIT_LOG, values).await.doing("read the audit log")?;
        rows.iter().map(stored_audit).collect()
    }
}

/// Columns: id, at, person, action, target, detail, origin.
fn stored_audit(row: &Row) -> Result<StoredAudit, StoreError> {
    let doing = "read the audit log";
    let id = row.int(0).doing(doing)?;
    let person = row.opt_int(2).doing(doing)?;
    let entry = AuditEntry {
        at: Timestamp(row.int(1).doing(doing)?),
        person: person.map(|person| whole("audit", &id.to_string(), person).map(PersonId)).transpose()?,
        action: row.text(3).doing(doing)?,
        target: row.text(4).doing(doing)?,
        detail: row.text(5).doing(doing)?,
        from: row.text(6).doing(doing)?,
    };
    Ok(StoredAudit { id, entry })
}
