//! What tests share: a store and attachments in memory, clocks that stand still, sample cases, the one suite
//! that every store must pass, and a PostgreSQL server of one's own.

mod blobs;
mod clock;
mod memory;
pub mod older;
pub mod postgres;
pub mod registry_conformance;
pub mod sample;
pub mod store_conformance;

pub use blobs::MemoryBlobs;
pub use clock::{FixedClock, ManualClock};
pub use memory::MemoryStore;
