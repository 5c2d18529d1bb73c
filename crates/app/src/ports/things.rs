//! What the registry needs from the store: components (部件) and the entries of every other register.

use super::StoreError;
use async_trait::async_trait;
use kernel::{CityCode, PersonId, Timestamp};
use uuid::Uuid;

/// The register that holds the components; every other one is named by the pack that brings it.
pub const COMPONENTS: &str = "component";
/// Things written by one call at most: keeps a transaction short, so that nobody's report waits for an import.
pub const THINGS_PER_WRITE_MAX: usize = 5_000;
/// Things read by one call at most.
pub const THINGS_PER_READ_MAX: u32 = 5_000;

/// A registered thing (登记对象) as it is now, or as it was in an earlier version.
///
/// `body` and `change` are JSON. Every body has these fields at its top, whatever else it holds, so that the map
/// can draw what it does not otherwise understand: `place` (WKT, CGCS2000), `grid` (15 digits, may be missing),
/// `state` (a word).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredThing {
    /// Dense number inside the city, from 1; its id on the map.
    pub serial: u64,
    /// [`COMPONENTS`], or the register of a pack, such as `shop`.
    pub register: String,
    /// Unique inside the register, never used again.
    pub code: String,
    pub name: String,
    /// A class key such as `2026-component-01037`; for other registers a kind of the pack's, or nothing.
    pub class: String,
    /// Number of its changes; 1 for a new one.
    pub version: u32,
    /// Position of the latest change in the order in which the city's things changed.
    pub position: i64,
    /// Taken off the register. Row, code and history stay.
    pub removed: bool,
    pub changed_at: Timestamp,
    pub changed_by: Option<PersonId>,
    /// What led to this version; for a new thing without the thing itself.
    pub change: String,
    pub body: String,
}

/// A new thing, or the next version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutThing {
    /// `None` for a new one, whose serial the store gives.
    pub serial: Option<u64>,
    pub register: String,
    /// Stays what it was for a thing that exists.
    pub code: String,
    pub name: String,
    pub class: String,
    /// 0 for a new one.
    pub expected_version: u32,
    pub removed: bool,
    pub change: String,
    pub body: String,
}

/// Changes written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutThings {
    pub city: CityCode,
    pub by: Option<PersonId>,
    pub at: Timestamp,
    /// The client's id of this write; the same again writes nothing and is answered as the first time.
    pub command: Option<Uuid>,
    /// At most [`THINGS_PER_WRITE_MAX`].
    pub puts: Vec<PutThing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutThingDone {
    pub serial: u64,
    pub version: u32,
    pub position: i64,
}

/// Which things of a register somebody wants listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThingQuery {
    pub register: String,
    /// Things of this class only.
    pub class: Option<String>,
    /// The code begins so, or the name holds it.
    pub text: Option<String>,
    /// After this code, in order of code.
    pub after: Option<String>,
    pub with_removed: bool,
    pub limit: u32,
}

/// How many things there are of a class in a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingCount {
    pub register: String,
    pub class: String,
    pub count: u64,
}

/// Things are rows with a history (`thing_history` holds every version but the latest), not facts.
#[async_trait]
pub trait ThingStore: Send + Sync + 'static {
    /// All or nothing, on disk when answered, in the order given. [`StoreError::StaleThing`] when one was changed
    /// meanwhile, [`StoreError::CodeTaken`] when a new one's code is in use.
    async fn put_things(&self, put: PutThings) -> Result<Vec<PutThingDone>, StoreError>;
    async fn thing(&self, city: CityCode, serial: u64) -> Result<Option<StoredThing>, StoreError>;
    /// In the order asked; unknown ones are left out. At most [`THINGS_PER_READ_MAX`].
    async fn things_by_serial(&self, city: CityCode, serials: &[u64])
    -> Result<Vec<StoredThing>, StoreError>;
    /// Removed ones too.
    async fn thing_by_code(
        &self,
        city: CityCode,
        register: &str,
        code: &str,
    ) -> Result<Option<StoredThing>, StoreError>;
    /// Those of these codes that exist, in no order, removed ones too. At most [`THINGS_PER_READ_MAX`].
    async fn things_by_code(
        &self,
        city: CityCode,
        register: &str,
        codes: &[String],
    ) -> Result<Vec<StoredThing>, StoreError>;
    async fn list_things(&self, city: CityCode, query: &ThingQuery) -> Result<Vec<StoredThing>, StoreError>;
    /// Every version, newest first, at most `limit`.
    async fn thing_history(
        &self,
        city: CityCode,
        serial: u64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError>;
    /// Things changed after `position`, oldest change first.
    async fn things_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError>;
    /// Position of the latest change, and the highest serial given.
    async fn things_head(&self, city: CityCode) -> Result<(i64, u64), StoreError>;
    /// Removed ones are not counted.
    async fn count_things(&self, city: CityCode) -> Result<Vec<ThingCount>, StoreError>;
    /// The first of `count` numbers of the sequence `name` (such as the division and class of component codes),
    /// from 1; none is given twice, not even when the thing it was for was never written.
    async fn take_sequence(&self, city: CityCode, name: &str, count: u32) -> Result<u64, StoreError>;
    /// Sees to it that `take_sequence` gives numbers above `used`: codes were brought in from elsewhere.
    async fn raise_sequence(&self, city: CityCode, name: &str, used: u64) -> Result<(), StoreError>;
}
