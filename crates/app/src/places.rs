//! Places of a city by name and by position: the geocoder, kept in step with the address store, the divisions
//! and the street names of the configuration; and what is asked of it.
//!
//! Components and unit grids are found by their code through the registry and the grid index: a million names in
//! memory would cost more than they find.

mod address;
mod batch;
mod find;
mod keep;

pub(crate) use address::checked as checked_address;
pub use address::{
    ADDRESSES_PER_PAGE_MAX, AddressFault, AddressIn, AddressPage, AddressRow, AddressView, AddressesPut,
};
pub use batch::{BATCH_TEXTS_MAX, BatchAnswer, BatchRow};
pub use find::{NearView, PlaceAsk, PlaceFound, PlaceView};
pub use keep::Places;
