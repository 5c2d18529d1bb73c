//! What the use cases need from the outside. Real adapters live in `store` and `outside`; the
//! in-memory ones in `testkit`. One conformance suite runs against all of them.

pub mod addresses;
pub mod files;
pub mod grids;
pub mod things;

pub use addresses::{AddressStore, PutAddress, StoredAddress};
pub use files::Files;
pub use grids::{GridChange, GridEdition, GridStore, StoredGrid};
pub use things::{
    COMPONENTS, PutThing, PutThingDone, PutThings, StoredThing, ThingCount, ThingQuery, ThingStore,
};

use async_trait::async_trait;
use bytes::Bytes;
use case::{Case, FactRecord};
use city::tokens::QueryToken;
use kernel::{CaseId, CaseNumber, CityCode, ClockKind, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else changed the case since it was read.
    #[error("case {id} was changed by someone else")]
    Stale { id: CaseId },
    /// A case with this id exists and was not made by the same command.
    #[error("case {id} exists already")]
    Exists { id: CaseId },
    /// Someone else changed a registered thing since it was read.
    #[error("{register} {code} was changed by someone else")]
    StaleThing { register: String, code: String },
    /// A new thing's code is in use in its register, or was once.
    #[error("{register} {code} exists already")]
    CodeTaken { register: String, code: String },
    #[error("record {kind}/{key} was changed by someone else")]
    StaleRecord { kind: String, key: String },
    /// A row that cannot be what it should be. Never papered over.
    #[error("row {id} of {table} is corrupt: {why}")]
    Corrupt { table: &'static str, id: String, why: String },
    /// The store is too busy; nothing was written.
    #[error("the store is overloaded")]
    Busy,
    #[error("could not {doing}")]
    Failed {
        doing: &'static str,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Identity and wishes of a reporter, kept apart from the facts so that it can be hidden and erased.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reporter {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
    /// The reporter agrees that the case may be shown to the public.
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub callback: bool,
    /// `zh` or `en`.
    #[serde(default)]
    pub language: String,
}

/// New facts of one case. Several of them in one call are one transaction: all or nothing.
#[derive(Debug, Clone)]
pub struct Append {
    pub city: CityCode,
    /// The case after the facts. `state.version` = `expected_version + facts.len()`.
    pub state: Case,
    /// 0 for a new case.
    pub expected_version: u32,
    pub facts: Vec<FactRecord>,
    /// The client's UUIDv7; the same one again is answered [`Outcome::Repeated`] and writes nothing.
    pub command: Option<Uuid>,
    /// Words for full-text search, already tokenised (`city::tokens::bigrams`); `None` leaves them.
    pub words: Option<Vec<String>>,
    pub reporter: Option<Reporter>,
    /// SHA-256 (hex) of the secret with which the reporter follows the case; set once.
    pub secret_hash: Option<String>,
    /// Messages to be sent after the commit (outbox).
    pub notices: Vec<Notice>,
    /// Perceptual hashes of photos added, for finding the same photo again.
    pub photo_hashes: Vec<(String, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Written,
    /// This command was done before; `version` is what it led to then.
    Repeated {
        version: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    pub outcome: Outcome,
    /// Dense number of the case inside its city, from 0; index of the in-memory columns.
    pub serial: u32,
    /// Position of this change in the city's order of commits.
    pub position: i64,
}

/// A stored case with its place in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCase {
    pub serial: u32,
    pub position: i64,
    pub case: Case,
}

/// A moment at which something is due for a case: warning at 80 %, due, resume after suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueMoment {
    pub city: CityCode,
    pub case: CaseId,
    pub clock: ClockKind,
    /// `warn`, `due` or `resume`.
    pub moment: String,
    pub at: Timestamp,
}

/// A message to a person or machine, written in the same transaction as the facts it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// `sms`, `email`, `webhook` or `inbox`.
    pub channel: String,
    /// Phone number, address, URL, or person id.
    pub to: String,
    /// Template word, such as `case_closed`; texts live in i18n.
    pub template: String,
    pub language: String,
    pub params: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedNotice {
    pub city: CityCode,
    pub id: i64,
    pub case: Option<CaseId>,
    pub notice: Notice,
    pub queued_at: Timestamp,
    /// Tries before this one.
    pub attempts: u32,
}

/// A configuration record (department, person, class, calendar, procedure …) with its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRecord {
    pub kind: String,
    pub key: String,
    pub version: u32,
    pub changed_at: Timestamp,
    pub changed_by: Option<PersonId>,
    /// `None` in the history of a removed record.
    pub value: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PutRecord {
    pub kind: String,
    pub key: String,
    /// 0 for a new record.
    pub expected_version: u32,
    /// `None` removes it (its history stays).
    pub value: Option<serde_json::Value>,
}

/// Secrets of a local account. The password itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credential {
    pub hash: String,
    pub failures: u32,
    pub locked_until: Option<Timestamp>,
    pub changed_at: Timestamp,
    pub must_change: bool,
}

/// A session or API token, known by the SHA-256 of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub city: CityCode,
    pub hash: String,
    pub person: PersonId,
    /// `session` or `token`.
    pub kind: String,
    pub name: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub from: String,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub at: Timestamp,
    pub person: Option<PersonId>,
    /// `login`, `login_failed`, `logout`, `change`, `export`, `reveal` …
    pub action: String,
    pub target: String,
    pub detail: String,
    pub from: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAudit {
    pub id: i64,
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// Metadata of a stored attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAttachment {
    pub id: String,
    pub content_type: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    pub shot_at: Option<Timestamp>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub photo_hash: Option<u64>,
    pub uploaded_by: Option<PersonId>,
    pub uploaded_at: Timestamp,
}

/// Moments before which things are not needed any more. Cases, facts and records are kept for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forget {
    /// Ids of commands: one that is sent again later than this is taken for a new one.
    pub commands: Timestamp,
    pub audit: Timestamp,
    /// Messages that were given up, or that nobody took out of an inbox. Those still to be sent stay.
    pub messages: Timestamp,
    /// Log-ins and tokens that ended before.
    pub sessions: Timestamp,
}

/// How many rows of each kind were forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    pub commands: u64,
    pub audit: u64,
    pub messages: u64,
    pub sessions: u64,
}

impl Forgotten {
    /// Of the kind that lost most.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.commands.max(self.audit).max(self.messages).max(self.sessions)
    }
}

/// Everything that must survive. One transaction per [`Store::append`].
#[async_trait]
pub trait Store: ThingStore + GridStore + AddressStore {
    /// Writes facts, current rows, due moments, words, outbox: all of the batch or nothing. Returns only after
    /// the bytes are on disk. When one of its commands is known, the whole batch is [`Outcome::Repeated`].
    /// [`StoreError::Busy`] when too many writes wait already.
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError>;
    /// The same for many cases at once, each standing alone and in the order given; waits for room instead of
    /// being refused. The first error is answered after the others were tried. For imports and the demo.
    async fn append_bulk(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError>;
    async fn case(&self, city: CityCode, id: CaseId) -> Result<Option<StoredCase>, StoreError>;
    async fn case_by_number(&self, city: CityCode, number: &str) -> Result<Option<StoredCase>, StoreError>;
    async fn case_by_secret(
        &self,
        city: CityCode,
        secret_hash: &str,
    ) -> Result<Option<StoredCase>, StoreError>;
    /// Cases by serial, in the order asked; unknown serials are left out. At most 1,000.
    async fn cases_by_serial(&self, city: CityCode, serials: &[u32]) -> Result<Vec<StoredCase>, StoreError>;
    /// Cases changed after `position`, oldest change first; for catching up.
    async fn changed_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError>;
    async fn facts(&self, city: CityCode, id: CaseId) -> Result<Vec<FactRecord>, StoreError>;
    /// Facts of several cases, in the order asked; at most 1,000 cases.
    async fn facts_of(&self, city: CityCode, ids: &[CaseId]) -> Result<Vec<Vec<FactRecord>>, StoreError>;
    /// The case a command id was used on, if it was.
    async fn command(&self, city: CityCode, command: Uuid) -> Result<Option<CaseId>, StoreError>;
    /// Highest position and number of cases of a city.
    async fn head(&self, city: CityCode) -> Result<(i64, u32), StoreError>;
    /// Serials of cases that hold all `tokens` (`city::tokens::query_tokens`), newest first, at most `limit`.
    /// No token finds nothing.
    async fn search(&self, city: CityCode, tokens: &[QueryToken], limit: u32)
    -> Result<Vec<u32>, StoreError>;
    /// The newest `limit` hits, when there are that many close to the newest case and looking for all would be
    /// dear. `None`: ask [`Store::search`].
    async fn search_newest(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Option<Vec<u32>>, StoreError>;
    /// The next case number of `date` (yyyymmdd, local day). Gaps only after a crash.
    async fn next_number(&self, city: CityCode, date: u32) -> Result<CaseNumber, StoreError>;
    /// The next `count` case numbers of `date` at once, at most 100,000; for imports.
    async fn next_numbers(
        &self,
        city: CityCode,
        date: u32,
        count: u32,
    ) -> Result<Vec<CaseNumber>, StoreError>;
    async fn reporter(&self, city: CityCode, id: CaseId) -> Result<Option<Reporter>, StoreError>;
    /// Who reported each of these, in the order asked; at most 1,000 cases.
    async fn reporters_of(&self, city: CityCode, ids: &[CaseId])
    -> Result<Vec<Option<Reporter>>, StoreError>;
    /// Erases who reported (personal data), keeps the case.
    async fn erase_reporter(&self, city: CityCode, id: CaseId) -> Result<(), StoreError>;
    /// Cases reported from this phone number, newest first.
    async fn cases_by_phone(
        &self,
        city: CityCode,
        phone: &str,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError>;
    /// Cases with a photo within `distance` bits of `hash` added since `since`, and how far it is; nearest
    /// first, at most 50.
    async fn similar_photos(
        &self,
        city: CityCode,
        hash: u64,
        distance: u32,
        since: Timestamp,
    ) -> Result<Vec<(CaseId, u32)>, StoreError>;

    /// Due moments up to `now`, taken under a lease so that one process works on each.
    async fn take_due(&self, now: Timestamp, lease_ms: i64, limit: u32)
    -> Result<Vec<DueMoment>, StoreError>;
    /// Ends due moments (nothing happens to one that was ended or moved before) and queues what is to be said about
    /// each, all in one transaction.
    async fn done_due(&self, ended: Vec<(DueMoment, Vec<Notice>)>) -> Result<(), StoreError>;
    async fn take_notices(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError>;
    async fn done_notice(&self, city: CityCode, id: i64) -> Result<(), StoreError>;
    /// The same for several at once, in one write.
    async fn done_notices(&self, city: CityCode, ids: &[i64]) -> Result<(), StoreError>;
    /// Try again at `again_at`, or give up with `None` (kept, marked failed).
    async fn failed_notice(
        &self,
        city: CityCode,
        id: i64,
        error: &str,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;
    /// Queues messages that speak of no case, all or nothing.
    async fn queue_notices(
        &self,
        city: CityCode,
        at: Timestamp,
        notices: Vec<Notice>,
    ) -> Result<(), StoreError>;
    /// Messages of channel `inbox` to this person, newest first; [`Store::done_notice`] takes one away.
    async fn inbox(
        &self,
        city: CityCode,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError>;

    async fn cities(&self) -> Result<Vec<CityCode>, StoreError>;
    async fn records(&self, city: CityCode, kind: &str) -> Result<Vec<StoredRecord>, StoreError>;
    async fn record_history(
        &self,
        city: CityCode,
        kind: &str,
        key: &str,
    ) -> Result<Vec<StoredRecord>, StoreError>;
    /// All or nothing, with history. Returns the new versions.
    async fn put_records(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutRecord>,
    ) -> Result<Vec<u32>, StoreError>;
    /// Grows with every change of any record of the city; lets other processes notice.
    async fn records_version(&self, city: CityCode) -> Result<i64, StoreError>;

    async fn credential(&self, city: CityCode, person: PersonId) -> Result<Option<Credential>, StoreError>;
    async fn put_credential(
        &self,
        city: CityCode,
        person: PersonId,
        credential: &Credential,
    ) -> Result<(), StoreError>;
    async fn put_session(&self, session: &Session) -> Result<(), StoreError>;
    async fn session(&self, hash: &str) -> Result<Option<Session>, StoreError>;
    async fn sessions_of(&self, city: CityCode, person: PersonId) -> Result<Vec<Session>, StoreError>;
    async fn end_session(&self, hash: &str) -> Result<(), StoreError>;
    /// Kept to the minute: a session seen less than a minute ago is left as it is.
    async fn touch_session(&self, hash: &str, at: Timestamp) -> Result<(), StoreError>;

    async fn audit(&self, city: CityCode, entry: AuditEntry) -> Result<(), StoreError>;
    /// Newest first, before `before` (exclusive id), filtered by action and person.
    async fn audit_log(
        &self,
        city: CityCode,
        before: Option<i64>,
        action: Option<&str>,
        person: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError>;

    /// The first one of an id stands.
    async fn put_attachment(&self, city: CityCode, attachment: &StoredAttachment) -> Result<(), StoreError>;
    async fn attachment(&self, city: CityCode, id: &str) -> Result<Option<StoredAttachment>, StoreError>;

    /// Forgets what has been kept long enough, the oldest first and at most `limit` rows of each kind, and says
    /// how many went.
    async fn forget(&self, before: &Forget, limit: u32) -> Result<Forgotten, StoreError>;

    /// Answers quickly whether reads and writes work.
    async fn ping(&self) -> Result<(), StoreError>;
}

#[derive(Debug, thiserror::Error)]
#[error("could not {doing} attachment {key}")]
pub struct BlobError {
    pub doing: &'static str,
    pub key: String,
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// Bytes of attachments, by content-derived key.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), BlobError>;
    async fn get(&self, key: &str) -> Result<Option<Bytes>, BlobError>;
    async fn delete(&self, key: &str) -> Result<(), BlobError>;
}

/// The only source of the present moment; the demo and the tests bring their own.
pub trait TimeSource: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// Sends one notice to the outside (SMS gateway, SMTP, webhook).
#[async_trait]
pub trait Messenger: Send + Sync + 'static {
    /// `Err` carries the reason; the outbox tries again later.
    async fn send(&self, notice: &Notice) -> Result<(), String>;
}
