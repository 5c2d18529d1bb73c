//! What the address store (地址库) needs from the store: rows for the geocoder.

use super::StoreError;
use async_trait::async_trait;
use kernel::{CityCode, PersonId, Timestamp};

/// One row of the address store: a region, street, door number or point of interest, as it is now or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAddress {
    pub id: String,
    pub version: u32,
    /// Position of the change in the order in which the city's addresses changed.
    pub position: i64,
    pub removed: bool,
    pub changed_at: Timestamp,
    pub changed_by: Option<PersonId>,
    /// JSON of `app::places::AddressRow`.
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAddress {
    pub id: String,
    /// `None` puts it whatever is there, for imports; 0 for a new one.
    pub expected_version: Option<u32>,
    /// `None` removes it.
    pub body: Option<String>,
}

/// Addresses written by one call at most.
pub const ADDRESSES_PER_WRITE_MAX: usize = 5_000;

#[async_trait]
pub trait AddressStore: Send + Sync + 'static {
    /// All or nothing, in the order given. [`StoreError::StaleRecord`] when one was changed meanwhile.
    async fn put_addresses(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutAddress>,
    ) -> Result<Vec<u32>, StoreError>;
    async fn address(&self, city: CityCode, id: &str) -> Result<Option<StoredAddress>, StoreError>;
    /// Every version, newest first.
    async fn address_history(&self, city: CityCode, id: &str) -> Result<Vec<StoredAddress>, StoreError>;
    /// Addresses changed after `position`, oldest change first.
    async fn addresses_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredAddress>, StoreError>;
    /// Position of the latest change, and how many are in force.
    async fn addresses_head(&self, city: CityCode) -> Result<(i64, u64), StoreError>;
}
