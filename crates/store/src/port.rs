//! The application's port, filled by [`Store`]; each method lives where its subject does.

use crate::Store;
use crate::append::Prepared;
use crate::db::Doing;
use crate::number;
use crate::statement::{PING_READ, PING_WRITE};
use app::ports::{
    Append, Appended, AuditEntry, Credential, DueMoment, Forget, Forgotten, Notice, PutRecord, QueuedNotice,
    Reporter, Session, StoreError, StoredAttachment, StoredAudit, StoredCase, StoredRecord,
};
use async_trait::async_trait;
use case::FactRecord;
use city::tokens::QueryToken;
use kernel::{CaseId, CaseNumber, CityCode, PersonId, Timestamp};
use uuid::Uuid;

/// Case numbers taken at once.
const NUMBERS_MAX: u32 = 100_000;

#[async_trait]
impl app::ports::Store for Store {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        let batch = batch.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.append(batch).await
    }

    async fn append_bulk(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        let batch = batch.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        self.writer.append_each(batch).await
    }

    async fn case(&self, city: CityCode, id: CaseId) -> Result<Option<StoredCase>, StoreError> {
        Self::case(self, city, id).await
    }

    async fn case_by_number(&self, city: CityCode, number: &str) -> Result<Option<StoredCase>, StoreError> {
        Self::case_by_number(self, city, number).await
    }

    async fn case_by_secret(
        &self,
        city: CityCode,
        secret_hash: &str,
    ) -> Result<Option<StoredCase>, StoreError> {
        Self::case_by_secret(self, city, secret_hash).await
    }

    async fn cases_by_serial(&self, city: CityCode, serials: &[u32]) -> Result<Vec<StoredCase>, StoreError> {
        Self::cases_by_serial(self, city, serials).await
    }

    async fn changed_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        Self::changed_since(self, city, position, limit).await
    }

    async fn facts(&self, city: CityCode, id: CaseId) -> Result<Vec<FactRecord>, StoreError> {
        Self::facts(self, city, id).await
    }

    async fn facts_of(&self, city: CityCode, ids: &[CaseId]) -> Result<Vec<Vec<FactRecord>>, StoreError> {
        Self::facts_of(self, city, ids).await
    }

    async fn command(&self, city: CityCode, command: Uuid) -> Result<Option<CaseId>, StoreError> {
        Self::command(self, city, command).await
    }

    async fn head(&self, city: CityCode) -> Result<(i64, u32), StoreError> {
        Self::head(self, city).await
    }

    async fn search(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Vec<u32>, StoreError> {
        Self::search(self, city, tokens, limit).await
    }

    async fn search_newest(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Option<Vec<u32>>, StoreError> {
        Self::search_newest(self, city, tokens, limit).await
    }

    async fn next_number(&self, city: CityCode, date: u32) -> Result<CaseNumber, StoreError> {
        let sequence = self.numbers.next(&self.writer, city, date).await?;
        Ok(CaseNumber::new(city, date, sequence))
    }

    async fn next_numbers(
        &self,
        city: CityCode,
        date: u32,
        count: u32,
    ) -> Result<Vec<CaseNumber>, StoreError> {
        let count = count.min(NUMBERS_MAX);
        if count == 0 {
            return Ok(Vec::new());
        }
        let first = number::lease(&self.writer, city, date, count).await?;
        Ok((first..first + count).map(|sequence| CaseNumber::new(city, date, sequence)).collect())
    }

    async fn reporter(&self, city: CityCode, id: CaseId) -> Result<Option<Reporter>, StoreError> {
        Self::reporter(self, city, id).await
    }

    async fn reporters_of(
        &self,
        city: CityCode,
        ids: &[CaseId],
    ) -> Result<Vec<Option<Reporter>>, StoreError> {
        Self::reporters_of(self, city, ids).await
    }

    async fn erase_reporter(&self, city: CityCode, id: CaseId) -> Result<(), StoreError> {
        Self::erase_reporter(self, city, id).await
    }

    async fn cases_by_phone(
        &self,
        city: CityCode,
        phone: &str,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        Self::cases_by_phone(self, city, phone, limit).await
    }

    async fn similar_photos(
        &self,
        city: CityCode,
        hash: u64,
        distance: u32,
        since: Timestamp,
    ) -> Result<Vec<(CaseId, u32)>, StoreError> {
        Self::similar_photos(self, city, hash, distance, since).await
    }

    async fn take_due(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<DueMoment>, StoreError> {
        Self::take_due(self, now, lease_ms, limit).await
    }

    async fn done_due(&self, ended: Vec<(DueMoment, Vec<Notice>)>) -> Result<(), StoreError> {
        Self::done_due(self, ended).await
    }

    async fn take_notices(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        Self::take_notices(self, now, lease_ms, limit).await
    }

    async fn done_notice(&self, city: CityCode, id: i64) -> Result<(), StoreError> {
        Self::done_notice(self, city, id).await
    }

    async fn done_notices(&self, city: CityCode, ids: &[i64]) -> Result<(), StoreError> {
        Self::done_notices(self, city, ids).await
    }

    async fn failed_notice(
        &self,
        city: CityCode,
        id: i64,
        error: &str,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        Self::failed_notice(self, city, id, error, again_at).await
    }

    async fn queue_notices(
        &self,
        city: CityCode,
        at: Timestamp,
        notices: Vec<Notice>,
    ) -> Result<(), StoreError> {
        Self::queue_notices(self, city, at, notices).await
    }

    async fn inbox(
        &self,
        city: CityCode,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        Self::inbox(self, city, person, limit).await
    }

    async fn cities(&self) -> Result<Vec<CityCode>, StoreError> {
        Self::cities(self).await
    }

    async fn records(&self, city: CityCode, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        Self::records(self, city, kind).await
    }

    async fn record_history(
        &self,
        city: CityCode,
        kind: &str,
        key: &str,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        Self::record_history(self, city, kind, key).await
    }

    async fn put_records(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutRecord>,
    ) -> Result<Vec<u32>, StoreError> {
        Self::put_records(self, city, by, at, puts).await
    }

    async fn records_version(&self, city: CityCode) -> Result<i64, StoreError> {
        Self::records_version(self, city).await
    }

    async fn credential(&self, city: CityCode, person: PersonId) -> Result<Option<Credential>, StoreError> {
        Self::credential(self, city, person).await
    }

    async fn put_credential(
        &self,
        city: CityCode,
        person: PersonId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        Self::put_credential(self, city, person, credential).await
    }

    async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        Self::put_session(self, session).await
    }

    async fn session(&self, hash: &str) -> Result<Option<Session>, StoreError> {
        Self::session(self, hash).await
    }

    async fn sessions_of(&self, city: CityCode, person: PersonId) -> Result<Vec<Session>, StoreError> {
        Self::sessions_of(self, city, person).await
    }

    async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        Self::end_session(self, hash).await
    }

    async fn touch_session(&self, hash: &str, at: Timestamp) -> Result<(), StoreError> {
        Self::touch_session(self, hash, at).await
    }

    async fn audit(&self, city: CityCode, entry: AuditEntry) -> Result<(), StoreError> {
        Self::audit(self, city, entry).await
    }

    async fn audit_log(
        &self,
        city: CityCode,
        before: Option<i64>,
        action: Option<&str>,
        person: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        Self::audit_log(self, city, before, action, person, limit).await
    }

    async fn put_attachment(&self, city: CityCode, attachment: &StoredAttachment) -> Result<(), StoreError> {
        Self::put_attachment(self, city, attachment).await
    }

    async fn attachment(&self, city: CityCode, id: &str) -> Result<Option<StoredAttachment>, StoreError> {
        Self::attachment(self, city, id).await
    }

    async fn forget(&self, before: &Forget, limit: u32) -> Result<Forgotten, StoreError> {
        Self::forget(self, before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reader().await?.row(PING_READ, Vec::new()).await.doing("reach the store")?;
        self.run(PING_WRITE, Vec::new(), "write to the store").await
    }
}
