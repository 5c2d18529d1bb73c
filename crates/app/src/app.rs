//! The application: a store, blobs, a clock, and for every city its configuration and its columns.

use crate::config::{Config, zone_of};
use crate::error::AppError;
use crate::grids::draft::HeldDrafts;
use crate::ground::Ground;
use crate::ground::snapshot::SavedGround;
use crate::live::{Change, Live};
use crate::places::Places;
use crate::ports::{Append, Appended, Blobs, Files, Outcome, Store, StoreError, TimeSource};
use crate::tiles::Tiles;
use case::Case;
use index::CaseIndex;
use kernel::{Calendar, CityCode, PersonId, Timestamp};
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use utoipa::ToSchema;

use crate::registers::{Books, Shelf};
use crate::session::CachedActor;
use crate::view::Words;

/// Rows read at once when the columns catch up with the store: about 2 MB, since what a larger page takes
/// for a moment stays with the process.
const CATCH_UP_PAGE: u32 = 250;

/// Commits are applied to the columns in the order they are answered, not in the order they were
/// written: a snapshot may lack one a little older than its position. At most this many are on the way.
const CATCH_UP_OVERLAP: i64 = 5_000;

/// What the application is made of.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub time: Arc<dyn TimeSource>,
    /// Address people reach this server at, without a slash at the end; for links in messages.
    pub public_url: String,
    /// Ready-made accounts shown on the log-in page; only the demo has any.
    pub demo_accounts: Vec<DemoAccount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DemoAccount {
    pub account: String,
    pub password: String,
    pub role: String,
    pub name: Words,
    pub department: Words,
}

/// A city as this process holds it. Everything here can be rebuilt from the store.
pub struct City {
    pub code: CityCode,
    pub config: RwLock<Arc<Config>>,
    pub index: RwLock<CaseIndex>,
    pub ground: Ground,
    /// Addresses, streets and divisions by name and position.
    pub places: Places,
}

/// What an earlier run saved of the cities, for a quick start. Everything is compared with the store.
#[derive(Debug, Default)]
pub struct Saved {
    pub columns: Vec<CaseIndex>,
    pub grounds: Vec<SavedGround>,
}

pub(crate) struct Inner {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub time: Arc<dyn TimeSource>,
    pub public_url: String,
    pub demo_accounts: Vec<DemoAccount>,
    pub cities: RwLock<BTreeMap<CityCode, Arc<City>>>,
    pub live: Live,
    /// Readers and writers of files, when there are any.
    pub files: OnceLock<Arc<dyn Files>>,
    /// The version of the records at which no transfer had work left.
    pub transfers_seen: Mutex<BTreeMap<CityCode, i64>>,
    /// The edition of the grids to which everything registered was last moved.
    pub settled: Mutex<BTreeMap<CityCode, u32>>,
    /// Signed-in actors by hash of their secret; read on every request.
    pub actors: Mutex<HashMap<String, CachedActor>>,
    pub tiles: Tiles,
    /// Registers of packs in memory.
    pub books: Books,
    /// Packs this server has.
    pub shelf: Shelf,
    pub grid_drafts: HeldDrafts,
}

#[derive(Clone)]
pub struct App(pub(crate) Arc<Inner>);

impl App {
    /// Opens every city of the store: configuration, then columns and map caught up with cases and things.
    ///
    /// # Errors
    /// When the store cannot be read or a stored configuration is broken.
    pub async fn open(parts: Parts) -> Result<Self, AppError> {
        Self::open_with(parts, Saved::default()).await
    }

    /// # Errors
    /// As [`App::open`].
    pub async fn open_with(parts: Parts, saved: Saved) -> Result<Self, AppError> {
        let app = Self(Arc::new(Inner {
            store: parts.store,
            blobs: parts.blobs,
            time: parts.time,
            public_url: parts.public_url,
            demo_accounts: parts.demo_accounts,
            cities: RwLock::default(),
            live: Live::default(),
            files: OnceLock::new(),
            transfers_seen: Mutex::default(),
            settled: Mutex::default(),
            actors: Mutex::default(),
            tiles: Tiles::default(),
            books: Books::default(),
            shelf: Shelf::default(),
            grid_drafts: HeldDrafts::default(),
        }));
        let mut columns: BTreeMap<CityCode, CaseIndex> =
            saved.columns.into_iter().map(|s| (s.city(), s)).collect();
        let mut grounds: BTreeMap<CityCode, SavedGround> =
            saved.grounds.into_iter().map(|s| (s.city, s)).collect();
        for city in app.0.store.cities().await? {
            app.open_saved(city, columns.remove(&city), grounds.remove(&city)).await?;
        }
        Ok(app)
    }

    /// Opens a city new to this process, or reads its configuration again.
    ///
    /// # Errors
    /// When the store cannot be read or the configuration is broken.
    pub async fn open_city(&self, code: CityCode) -> Result<(), AppError> {
        self.open_saved(code, None, None).await
    }

    async fn open_saved(
        &self,
        code: CityCode,
        columns: Option<CaseIndex>,
        ground: Option<SavedGround>,
    ) -> Result<(), AppError> {
        let config = Arc::new(self.read_config(code).await?);
        let known = self.0.cities.read().get(&code).cloned();
        if let Some(city) = known {
            city.ground.regrid(&*config.grids);
            *city.config.write() = config;
            self.open_places(&city).await?;
            return Ok(());
        }
        let (head, count) = self.0.store.head(code).await?;
        let usable = columns.filter(|s| s.position() <= head && s.len() as u64 <= u64::from(count));
        let index = usable.unwrap_or_else(|| CaseIndex::new(code));
        let ground = self.ground_of(code, ground).await?;
        ground.regrid(&*config.grids);
        let city = Arc::new(City {
            code,
            config: RwLock::new(config),
            index: RwLock::new(index),
            ground,
            places: Places::default(),
        });
        self.catch_up(&city).await?;
        self.catch_up_things(&city).await?;
        self.open_places(&city).await?;
        self.0.cities.write().insert(code, city);
        Ok(())
    }

    /// Brings the columns up to the store's last commit. Returns how many cases changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn catch_up(&self, city: &City) -> Result<u64, AppError> {
        let mut changed = 0;
        let mut position = city.index.read().position().saturating_sub(CATCH_UP_OVERLAP).max(0);
        loop {
            let page = self.0.store.changed_since(city.code, position, CATCH_UP_PAGE).await?;
            let full = page.len() == CATCH_UP_PAGE as usize;
            changed += page.len() as u64;
            position = page.last().map_or(position, |stored| stored.position);
            let mut index = city.index.write();
            for stored in page {
                index.upsert(stored.serial, stored.position, &stored.case).map_err(broken_index)?;
            }
            drop(index);
            if !full {
                return Ok(changed);
            }
        }
    }

    async fn read_config(&self, code: CityCode) -> Result<Config, AppError> {
        let version = self.0.store.records_version(code).await?;
        let mut records = Vec::new();
        for kind in crate::config::KINDS {
            records.extend(self.0.store.records(code, kind).await?);
        }
        let today = Calendar::chinese(zone_of(&records)).local_date(self.now());
        let grids = self.grids_in_force(code, today).await?;
        Config::build(code, version, &records, grids).map_err(AppError::Invalid)
    }

    /// Reads the configuration again when another process changed it, or an edition of the grids begins to count.
    ///
    /// # Errors
    /// When the store cannot be read or the configuration is broken.
    pub async fn refresh_config(&self, code: CityCode) -> Result<(), AppError> {
        let stored = self.0.store.records_version(code).await?;
        let config = self.config(code)?;
        let today = || config.calendar.local_date(self.now());
        if config.version != stored || config.grids_from.until.is_some_and(|day| day <= today()) {
            self.open_city(code).await?;
        }
        Ok(())
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.time.now()
    }

    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    #[must_use]
    pub fn cities(&self) -> Vec<CityCode> {
        self.0.cities.read().keys().copied().collect()
    }

    #[must_use]
    pub fn default_city(&self) -> Option<CityCode> {
        self.0.cities.read().keys().next().copied()
    }

    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn city(&self, code: CityCode) -> Result<Arc<City>, AppError> {
        self.0.cities.read().get(&code).cloned().ok_or(AppError::NotFound("city"))
    }

    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn config(&self, code: CityCode) -> Result<Arc<Config>, AppError> {
        Ok(self.city(code)?.config.read().clone())
    }

    /// Writes, brings the columns up to date and tells the screens.
    pub(crate) async fn commit(&self, batch: Vec<Append>) -> Result<Vec<Appended>, AppError> {
        let brief: Vec<Brief> = batch.iter().map(Brief::of).collect();
        let appended = self.0.store.append(batch).await?;
        for (brief, done) in brief.into_iter().zip(&appended) {
            if done.outcome == Outcome::Written {
                self.settle(brief, done)?;
            }
        }
        Ok(appended)
    }

    /// The same for many cases at once, without telling screens of each.
    ///
    /// # Errors
    /// As [`Store::append_bulk`].
    pub async fn commit_bulk(&self, batch: Vec<Append>) -> Result<(), AppError> {
        let Some(code) = batch.first().map(|append| append.city) else { return Ok(()) };
        let states: Vec<Case> = batch.iter().map(|append| append.state.clone()).collect();
        let appended = self.0.store.append_bulk(batch).await?;
        let city = self.city(code)?;
        let mut index = city.index.write();
        for (state, done) in states.iter().zip(&appended) {
            if done.outcome == Outcome::Written {
                index.upsert(done.serial, done.position, state).map_err(broken_index)?;
            }
        }
        Ok(())
    }

    fn settle(&self, brief: Brief, done: &Appended) -> Result<(), AppError> {
        let city = self.city(brief.city)?;
        city.index.write().upsert(done.serial, done.position, &brief.state).map_err(broken_index)?;
        self.0.live.tell(Change {
            city: brief.city,
            position: done.position,
            serial: done.serial,
            id: brief.state.id,
            version: brief.state.version,
            stage: brief.state.stage.name().as_str(),
            facts: brief.facts,
            at: brief.state.updated_at.millis(),
        });
        Ok(())
    }

    /// Ends what is cached about a person, so that changed rights count at once.
    pub(crate) fn forget_actor(&self, city: CityCode, person: PersonId) {
        self.0.actors.lock().retain(|_, cached| !(cached.city == city && cached.person == person));
    }
}

/// The columns refuse only what cannot be: another city's case, or more cases than they can number.
pub(crate) fn broken_index(problem: index::IndexProblem) -> AppError {
    AppError::Store(StoreError::Failed { doing: "bring the columns up to date", cause: Box::new(problem) })
}

/// What is still needed of an append after it was given away.
struct Brief {
    city: CityCode,
    state: Case,
    facts: Vec<&'static str>,
}

impl Brief {
    fn of(append: &Append) -> Self {
        Self {
            city: append.city,
            state: append.state.clone(),
            facts: append.facts.iter().map(|record| record.fact.name()).collect(),
        }
    }
}

/// True when the whole thing should be tried again on fresh state.
#[must_use]
pub(crate) const fn is_stale(error: &AppError) -> bool {
    matches!(error, AppError::Stale | AppError::Store(StoreError::Stale { .. }))
}
