//! Filling a geocoder with very many entries, which come piece by piece.

use super::store::Store;
use super::{Entry, EntryFault, Geocoder};

/// A geocoder being filled: nothing is found before it is [`done`](Filling::done), and what many entries cost is paid once.
#[derive(Debug)]
pub struct Filling {
    store: Store,
}

impl Default for Filling {
    fn default() -> Self {
        let mut store = Store::default();
        store.unsettle();
        Self { store }
    }
}

impl Filling {
    /// Adds or replaces one entry.
    ///
    /// # Errors
    /// What is wrong with it; it is left out then.
    pub fn put(&mut self, entry: &Entry) -> Result<(), EntryFault> {
        self.store.check(entry)?;
        self.store.put(entry);
        Ok(())
    }

    /// Takes out what was put before.
    pub fn remove(&mut self, id: &str) {
        self.store.remove(id);
    }

    #[must_use]
    pub fn done(mut self) -> Geocoder {
        self.store.settle();
        Geocoder { store: self.store }
    }
}
