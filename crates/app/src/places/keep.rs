//! The geocoder of a city in memory, and how it keeps up.

use super::address::AddressRow;
use crate::app::{App, City};
use crate::config::Config;
use crate::error::AppError;
use crate::ports::{StoreError, StoredAddress};
use kernel::{CityCode, GridCode, Point};
use parking_lot::RwLock;
use spatial::geocode::{Entry, Filling, Geocoder, Kind, Shape};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows read at once: about 3 MB.
const PAGE: u32 = 5_000;
/// So many addresses are read before a city is open (a third of a second); more are read beside the work, and
/// found by and by.
const READ_AT_OPENING_MAX: u64 = 20_000;
/// Identities of what the configuration names, so that nobody mistakes it for a row of the address store.
pub(super) const DIVISIONS: &str = "division/";
pub(super) const STREETS: &str = "street-name/";
/// Replaced entries in memory that make it worth being filled anew.
const WASTED_MAX: usize = 100_000;

const MAGIC: &[u8; 8] = b"ywplace1";

/// Everything a city can find by name, in memory.
#[derive(Default)]
pub struct Places {
    known: RwLock<Known>,
    /// One catches up at a time.
    catching_up: tokio::sync::Mutex<()>,
    filling: AtomicBool,
}

#[derive(Default)]
struct Known {
    geocoder: Geocoder,
    /// Of the latest change of the address store that is in it.
    position: i64,
    /// Hash of the versions of the records that are in it.
    of_config: u64,
    /// As it was when it was last saved.
    saved: (i64, u64),
}

impl Places {
    pub(super) fn read<T>(&self, ask: impl FnOnce(&Geocoder) -> T) -> T {
        ask(&self.known.read().geocoder)
    }

    /// True while a large address store is being read: not everything is found yet.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.filling.load(Ordering::Relaxed)
    }

    /// Position of the latest change it knows, and how many places it holds.
    #[must_use]
    pub fn extent(&self) -> (i64, usize) {
        let known = self.known.read();
        (known.position, known.geocoder.len())
    }

    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.known.read().geocoder.memory_bytes()
    }

    /// The places as bytes for a quick start; `None` when nothing changed since they were last saved.
    #[must_use]
    pub fn to_image(&self) -> Option<Vec<u8>> {
        let known = self.known.read();
        let state = (known.position, known.of_config);
        if self.is_filling() || state == known.saved {
            return None;
        }
        let mut image = MAGIC.to_vec();
        image.extend_from_slice(&known.position.to_le_bytes());
        image.extend_from_slice(&known.of_config.to_le_bytes());
        image.extend_from_slice(&known.geocoder.to_image());
        Some(image)
    }

    /// The image with this state is safe on disk.
    pub fn saved(&self, image: &[u8]) {
        if let Some((position, of_config, _)) = parts(image) {
            self.known.write().saved = (position, of_config);
        }
    }

    /// Entries of the configuration that changed are put or taken out.
    fn follow_config(&self, config: &Config) {
        let of_config = hash(config);
        if self.known.read().of_config == of_config {
            return;
        }
        let wanted = entries(config);
        let ids: HashSet<&str> = wanted.iter().map(|entry| entry.id.as_str()).collect();
        let known = &mut *self.known.write();
        let geocoder = &mut known.geocoder;
        for begins in [DIVISIONS, STREETS] {
            for id in geocoder.ids_starting(begins) {
                if !ids.contains(id.as_str()) {
                    geocoder.remove(&id);
                }
            }
        }
        for entry in &wanted {
            if geocoder.get(&entry.id).as_ref() != Some(entry)
                && let Err(fault) = geocoder.put(entry)
            {
                tracing::debug!(%fault, "a name of the configuration cannot be found");
            }
        }
        known.of_config = of_config;
    }
}

fn parts(image: &[u8]) -> Option<(i64, u64, &[u8])> {
    let rest = image.strip_prefix(MAGIC)?;
    let (position, rest) = rest.split_first_chunk::<8>()?;
    let (of_config, rest) = rest.split_first_chunk::<8>()?;
    Some((i64::from_le_bytes(*position), u64::from_le_bytes(*of_config), rest))
}

impl App {
    /// What an earlier run saved, when the store has it all; `false` when it is of no use.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn restore_places(&self, code: CityCode, image: Vec<u8>) -> Result<bool, AppError> {
        let city = self.city(code)?;
        let (head, _) = self.store().addresses_head(code).await?;
        let read = tokio::task::spawn_blocking(move || {
            let (position, of_config, rest) = parts(&image)?;
            if position > head {
                return None;
            }
            match Geocoder::from_image(rest) {
                Ok(geocoder) => Some(Known { geocoder, position, of_config, saved: (position, of_config) }),
                Err(problem) => {
                    tracing::info!(city = %code, %problem, "saved places are not usable and are read again");
                    None
                }
            }
        });
        let Some(known) = read.await.map_err(|_| AppError::Busy)? else { return Ok(false) };
        if city.places.known.read().position >= known.position && known.position > 0 {
            return Ok(true);
        }
        *city.places.known.write() = known;
        self.catch_up_places(&city).await?;
        Ok(true)
    }

    /// At the opening of a city: what is few is read at once.
    pub(crate) async fn open_places(&self, city: &City) -> Result<(), AppError> {
        city.places.follow_config(&city.config.read().clone());
        let (position, count) = self.store().addresses_head(city.code).await?;
        if position > 0 && count <= READ_AT_OPENING_MAX {
            self.catch_up_places(city).await?;
        }
        Ok(())
    }

    /// Brings the places up to the address store and the configuration. Returns how many addresses changed.
    ///
    /// # Errors
    /// When the store cannot be read or holds what cannot be an address.
    pub async fn catch_up_places(&self, city: &City) -> Result<u64, AppError> {
        let _alone = city.places.catching_up.lock().await;
        city.places.follow_config(&city.config.read().clone());
        let (empty, wasted) = {
            let known = city.places.known.read();
            (known.position == 0, known.geocoder.wasted())
        };
        if empty || wasted > WASTED_MAX {
            return self.fill_places(city).await;
        }
        let mut changed = 0;
        loop {
            let position = city.places.known.read().position;
            let page = self.store().addresses_since(city.code, position, PAGE).await?;
            let Some(last) = page.last().map(|row| row.position) else { return Ok(changed) };
            let full = page.len() == PAGE as usize;
            changed += page.len() as u64;
            let entries = page.into_iter().map(entry_of).collect::<Result<Vec<_>, _>>()?;
            let known = &mut *city.places.known.write();
            for (id, entry) in entries {
                match entry {
                    Some(entry) => {
                        if let Err(fault) = known.geocoder.put(&entry) {
                            tracing::warn!(city = %city.code, %fault, "an address cannot be found");
                        }
                    }
                    None => {
                        known.geocoder.remove(&id);
                    }
                }
            }
            known.position = last;
            if !full {
                return Ok(changed);
            }
        }
    }

    /// Reads the whole address store into a geocoder of its own, then swaps it in.
    async fn fill_places(&self, city: &City) -> Result<u64, AppError> {
        let (head, _) = self.store().addresses_head(city.code).await?;
        if head == 0 {
            return Ok(0);
        }
        city.places.filling.store(true, Ordering::Relaxed);
        let filled = self.filled(city).await;
        city.places.filling.store(false, Ordering::Relaxed);
        let (geocoder, position, of_config, changed) = filled?;
        let known = &mut *city.places.known.write();
        (known.geocoder, known.position, known.of_config) = (geocoder, position, of_config);
        Ok(changed)
    }

    async fn filled(&self, city: &City) -> Result<(Geocoder, i64, u64, u64), AppError> {
        let config = city.config.read().clone();
        let mut filling = Filling::default();
        let (mut position, mut changed) = (0, 0);
        for entry in entries(&config) {
            // Said when the configuration was followed.
            let _ = filling.put(&entry);
        }
        loop {
            let page = self.store().addresses_since(city.code, position, PAGE).await?;
            let full = page.len() == PAGE as usize;
            position = page.last().map_or(position, |row| row.position);
            changed += page.len() as u64;
            let put = move || {
                for row in page {
                    if let (_, Some(entry)) = entry_of(row)?
                        && let Err(fault) = filling.put(&entry)
                    {
                        tracing::warn!(%fault, "an address cannot be found");
                    }
                }
                Ok::<_, AppError>(filling)
            };
            filling = tokio::task::spawn_blocking(put).await.map_err(|_| AppError::Busy)??;
            if !full {
                let done = tokio::task::spawn_blocking(move || filling.done()).await;
                return Ok((done.map_err(|_| AppError::Busy)?, position, hash(&config), changed));
            }
        }
    }
}

fn entry_of(row: StoredAddress) -> Result<(String, Option<Entry>), AppError> {
    if row.removed {
        return Ok((row.id, None));
    }
    let corrupt =
        |why: String| AppError::Store(StoreError::Corrupt { table: "addresses", id: row.id.clone(), why });
    let read: AddressRow = serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?;
    let entry = read.entry(&row.id).map_err(|problem| corrupt(problem.field))?;
    Ok((row.id, Some(entry)))
}

/// Changes when one of the records changes that have names.
fn hash(config: &Config) -> u64 {
    let mut hasher = DefaultHasher::new();
    for ((kind, key), version) in &config.record_versions {
        if matches!(kind.as_str(), "divisions" | "streets" | "settings" | "unit_grids") {
            (kind, key, version).hash(&mut hasher);
        }
    }
    // Where a division is follows from its grids.
    config.grids_from.edition().hash(&mut hasher);
    // Zero is "nothing yet".
    hasher.finish().max(1)
}

/// What the configuration names: divisions that have a place, and streets.
fn entries(config: &Config) -> Vec<Entry> {
    let plain = |id: String, kind, zh: &str, en: &str, area: &str, at| Entry {
        id,
        kind,
        name_zh: zh.to_owned(),
        name_en: en.to_owned(),
        aliases: Vec::new(),
        door: None,
        area: area.to_owned(),
        shape: Shape::Point(at),
        weight: 150,
        source: "configuration".to_owned(),
        valid_from: None,
        valid_until: None,
    };
    let whole = config.city.to_string();
    let middle = Point::new(config.settings.lng, config.settings.lat);
    let mut found = Vec::new();
    for division in config.divisions.iter() {
        let code = division.code.as_str();
        let at = if code == whole { middle } else { config.grids.centre(&division.code) };
        if let Some(at) = at {
            let id = format!("{DIVISIONS}{code}");
            found.push(plain(id, Kind::Region, &division.name.zh, &division.name.en, code, at));
        }
    }
    for (number, street) in config.streets.iter().enumerate() {
        if let Some(at) = Point::new(street.lng, street.lat) {
            let (zh, en) =
                if street.name.is_ascii() { ("", street.name.as_str()) } else { (street.name.as_str(), "") };
            let area = street.area.parse::<GridCode>().map(|code| code.to_string()).unwrap_or_default();
            let entry = plain(format!("{STREETS}{number}"), Kind::Street, zh, en, &area, at);
            found.push(Entry { weight: 100, ..entry });
        }
    }
    found
}
