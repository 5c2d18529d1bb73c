//! Entries, inspections and offences of a register in memory, read when somebody first asks for the register.
//! A cache: everything in it is in the store.

use super::entry::Entry;
use super::inspect::{Inspection, Offence};
use super::{INSPECTIONS, OFFENCES};
use crate::app::App;
use crate::error::AppError;
use crate::ports::{COMPONENTS, PutThing, StoredThing, ThingQuery};
use jiff::civil::Date;
use kernel::{CityCode, Millis, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Rows read at once while a register is read.
const PAGE: u32 = 1_000;
/// Inspections and offences kept in memory; a score looks back a year at most.
pub(super) const KEPT: Millis = Millis::days(400);

/// One register of one city.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub entries: BTreeMap<String, Arc<Entry>>,
    /// By entry, oldest first.
    pub inspections: HashMap<String, Vec<Arc<Inspection>>>,
    pub offences: HashMap<String, Vec<Arc<Offence>>>,
    /// Entries whose rules have to be looked at again.
    pub dirty: BTreeSet<String>,
    /// The day all of them were last looked at.
    pub day: Option<Date>,
    /// Entry of each open case.
    pub open_cases: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Cell {
    pub book: RwLock<Book>,
    /// Whether all of it was read; held while it is.
    read: tokio::sync::Mutex<bool>,
}

#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<HashMap<(CityCode, String), Arc<Cell>>>);

impl Books {
    /// Takes note of something written, when its register is in memory.
    pub(crate) fn see(&self, city: CityCode, thing: &StoredThing, since: Timestamp) {
        let register = book_of(&thing.register, &thing.class).to_owned();
        let Some(cell) = self.0.lock().get(&(city, register)).cloned() else { return };
        if let Err(error) = cell.book.write().take(thing, since) {
            tracing::error!(%city, register = thing.register, code = thing.code, %error, "a row cannot be read");
        }
    }

    fn holds(&self, city: CityCode, register: &str, class: &str) -> bool {
        register != COMPONENTS && self.0.lock().contains_key(&(city, book_of(register, class).to_owned()))
    }

    /// A case changed that may have been raised on an entry of this register.
    pub(crate) fn case_changed(&self, city: CityCode, register: &str, case: &str) {
        let Some(cell) = self.0.lock().get(&(city, register.to_owned())).cloned() else { return };
        let known = cell.book.read().open_cases.get(case).cloned();
        if let Some(code) = known {
            cell.book.write().dirty.insert(code);
        }
    }

    fn cell(&self, city: CityCode, register: &str) -> Arc<Cell> {
        self.0.lock().entry((city, register.to_owned())).or_default().clone()
    }
}

/// The register a row is kept in memory with.
fn book_of<'a>(register: &'a str, class: &'a str) -> &'a str {
    if matches!(register, INSPECTIONS | OFFENCES) { class } else { register }
}

impl Book {
    fn take(&mut self, thing: &StoredThing, since: Timestamp) -> Result<(), AppError> {
        match thing.register.as_str() {
            INSPECTIONS => {
                let found = Inspection::read(thing)?;
                if found.at >= since.millis() {
                    put_newest(self.inspections.entry(found.entry.clone()).or_default(), Arc::new(found));
                }
            }
            OFFENCES => {
                let found = Offence::read(thing)?;
                self.dirty.insert(found.entry.clone());
                if found.at >= since.millis() {
                    put_newest(self.offences.entry(found.entry.clone()).or_default(), Arc::new(found));
                }
            }
            _ => {
                let found = Arc::new(Entry::read(thing)?);
                if self.entries.get(&found.code).is_some_and(|known| known.version >= found.version) {
                    return Ok(());
                }
                self.open_cases.retain(|_, code| *code != found.code);
                for case in found.body.cases.iter().filter(|case| case.ended.is_none()) {
                    self.open_cases.insert(case.id.clone(), found.code.clone());
                }
                self.dirty.insert(found.code.clone());
                self.entries.insert(found.code.clone(), found);
            }
        }
        Ok(())
    }
}

/// Something with a code and versions.
pub(super) trait Versioned {
    fn code(&self) -> &str;
    fn version(&self) -> u32;
}

fn put_newest<T: Versioned>(list: &mut Vec<Arc<T>>, new: Arc<T>) {
    match list.binary_search_by(|known| known.code().cmp(new.code())) {
        Ok(at) => {
            if list.get(at).is_some_and(|known| known.version() < new.version()) {
                list[at] = new;
            }
        }
        Err(at) => list.insert(at, new),
    }
}

impl App {
    /// The register's entries in memory, read from the store the first time.
    pub(super) async fn book(&self, city: CityCode, register: &str) -> Result<Arc<Cell>, AppError> {
        let cell = self.0.books.cell(city, register);
        let mut read = cell.read.lock().await;
        if !*read {
            let since = self.now() - KEPT;
            for (name, class) in [(register, None), (INSPECTIONS, Some(register)), (OFFENCES, Some(register))]
            {
                self.read_all(city, &cell, name, class, since).await?;
            }
            *read = true;
        }
        drop(read);
        Ok(cell)
    }

    async fn read_all(
        &self,
        city: CityCode,
        cell: &Cell,
        register: &str,
        class: Option<&str>,
        since: Timestamp,
    ) -> Result<(), AppError> {
        let mut query = ThingQuery {
            register: register.to_owned(),
            class: class.map(str::to_owned),
            with_removed: true,
            limit: PAGE,
            ..ThingQuery::default()
        };
        loop {
            let page = self.store().list_things(city, &query).await?;
            let full = page.len() == PAGE as usize;
            query.after = page.last().map(|thing| thing.code.clone());
            let mut book = cell.book.write();
            for thing in &page {
                if let Err(error) = book.take(thing, since) {
                    // Never papered over: it is missing from the list and the log says which.
                    tracing::error!(%city, register, code = thing.code, %error, "a row cannot be read");
                }
            }
            drop(book);
            if !full {
                return Ok(());
            }
        }
    }

    /// Which of these rows belong to a register in memory.
    pub(crate) fn in_books(&self, city: CityCode, puts: &[PutThing]) -> Vec<usize> {
        let known = |put: &PutThing| self.0.books.holds(city, &put.register, &put.class);
        puts.iter().enumerate().filter(|(_, put)| known(put)).map(|(at, _)| at).collect()
    }

    /// What was written, here or by another process, for the registers in memory.
    pub(crate) fn books_see(&self, city: CityCode, things: &[StoredThing]) {
        let since = self.now() - KEPT;
        for thing in things.iter().filter(|thing| thing.register != COMPONENTS) {
            self.0.books.see(city, thing, since);
        }
    }
}
