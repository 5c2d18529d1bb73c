//! Registered things, grid editions and addresses of the store in memory.

use super::MemoryStore;
use app::ports::{
    AddressStore, GridChange, GridEdition, GridStore, PutAddress, PutThingDone, PutThings, StoreError,
    StoredAddress, StoredGrid, StoredThing, ThingCount, ThingQuery, ThingStore,
};
use async_trait::async_trait;
use city::area::PlaceLevel;
use jiff::civil::Date;
use kernel::{CityCode, GridCode, PersonId, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

#[derive(Default, Clone)]
pub(super) struct Registry {
    position: i64,
    /// By serial, from 1; each with every version, the latest last.
    things: Vec<Vec<StoredThing>>,
    codes: HashMap<(String, String), u64>,
    pub(super) commands: HashMap<Uuid, (Timestamp, Vec<PutThingDone>)>,
    sequences: HashMap<String, u64>,
    editions: Vec<GridEdition>,
    grids: Vec<StoredGrid>,
    address_position: i64,
    addresses: BTreeMap<String, Vec<StoredAddress>>,
}

impl Registry {
    fn latest(&self, serial: u64) -> Option<&StoredThing> {
        let at = usize::try_from(serial.checked_sub(1)?).ok()?;
        self.things.get(at)?.last()
    }

    fn all(&self) -> impl Iterator<Item = &StoredThing> {
        self.things.iter().filter_map(|versions| versions.last())
    }

    fn put(&mut self, put: PutThings) -> Result<Vec<PutThingDone>, StoreError> {
        if let Some((_, done)) = put.command.and_then(|command| self.commands.get(&command)) {
            return Ok(done.clone());
        }
        let mut seen = HashSet::new();
        let mut fresh = HashSet::new();
        for one in &put.puts {
            let known = match one.serial {
                None => one.expected_version == 0,
                Some(serial) => {
                    seen.insert(serial)
                        && self.latest(serial).is_some_and(|thing| {
                            thing.version == one.expected_version
                                && thing.register == one.register
                                && thing.code == one.code
                        })
                }
            };
            let (register, code) = (one.register.clone(), one.code.clone());
            if !known {
                return Err(StoreError::StaleThing { register, code });
            }
            let key = (register.clone(), code.clone());
            if one.serial.is_none() && (self.codes.contains_key(&key) || !fresh.insert(key)) {
                return Err(StoreError::CodeTaken { register, code });
            }
        }
        let mut done = Vec::new();
        for one in put.puts {
            self.position += 1;
            let serial = one.serial.unwrap_or(self.things.len() as u64 + 1);
            let thing = StoredThing {
                serial,
                register: one.register,
                code: one.code,
                name: one.name,
                class: one.class,
                version: one.expected_version + 1,
                position: self.position,
                removed: one.removed,
                changed_at: put.at,
                changed_by: put.by,
                change: one.change,
                body: one.body,
            };
            done.push(PutThingDone { serial, version: thing.version, position: thing.position });
            match self.things.get_mut(usize::try_from(serial - 1).unwrap_or(usize::MAX)) {
                Some(versions) => {
                    // What it is called by is what it was made with.
                    versions.push(thing);
                }
                None => {
                    self.codes.insert((thing.register.clone(), thing.code.clone()), serial);
                    self.things.push(vec![thing]);
                }
            }
        }
        if let Some(command) = put.command {
            self.commands.insert(command, (put.at, done.clone()));
        }
        Ok(done)
    }

    fn of_edition(&self, edition: Option<u32>, level: PlaceLevel) -> Vec<StoredGrid> {
        let edition = edition.unwrap_or(u32::MAX);
        let in_force = |grid: &&StoredGrid| {
            PlaceLevel::of(&grid.code) == level
                && grid.from_edition <= edition
                && grid.until_edition.is_none_or(|until| until > edition)
        };
        let mut found: Vec<_> = self.grids.iter().filter(in_force).cloned().collect();
        found.sort_by(|a, b| a.code.cmp(&b.code));
        found
    }

    fn publish(
        &mut self,
        mut edition: GridEdition,
        changes: Vec<GridChange>,
    ) -> Result<GridEdition, StoreError> {
        let number = edition.edition;
        let stale = || StoreError::StaleRecord { kind: "grid_editions".to_owned(), key: number.to_string() };
        let latest = self.editions.last();
        let follows = latest.map_or(0, |latest| latest.edition) + 1 == number
            && latest.is_none_or(|latest| latest.valid_from <= edition.valid_from);
        if !follows {
            return Err(stale());
        }
        let mut grids = self.grids.clone();
        let mut seen = HashSet::new();
        for change in changes {
            let (code, put) = match change {
                GridChange::Put { code, body, shape } => (code, Some((body, shape))),
                GridChange::Remove { code } => (code, None),
            };
            if !seen.insert(code.clone()) {
                return Err(stale());
            }
            let old = grids.iter_mut().find(|grid| grid.code == code && grid.until_edition.is_none());
            let in_force = old.is_some();
            if let Some(old) = old {
                old.until_edition = Some(number);
            }
            let one = u32::from(PlaceLevel::of(&code) == PlaceLevel::UnitGrid);
            match (in_force, put.is_some()) {
                (true, true) => edition.changed += one,
                (true, false) => edition.removed += one,
                (false, true) => edition.added += one,
                (false, false) => return Err(stale()),
            }
            if let Some((body, shape)) = put {
                grids.push(StoredGrid { code, from_edition: number, until_edition: None, body, shape });
            }
        }
        let in_force = |grid: &&StoredGrid| {
            grid.until_edition.is_none() && PlaceLevel::of(&grid.code) == PlaceLevel::UnitGrid
        };
        let in_force = grids.iter().filter(in_force).count();
        edition.grids = u32::try_from(in_force).unwrap_or(u32::MAX);
        self.grids = grids;
        self.editions.push(edition.clone());
        Ok(edition)
    }

    fn put_addresses(
        &mut self,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutAddress>,
    ) -> Result<Vec<u32>, StoreError> {
        let stale = |id: &str| StoreError::StaleRecord { kind: "addresses".to_owned(), key: id.to_owned() };
        let mut seen = HashSet::new();
        for put in &puts {
            let latest = self.addresses.get(&put.id).and_then(|versions| versions.last());
            let there = latest.filter(|latest| !latest.removed);
            let fits = match put.expected_version {
                None => true,
                Some(0) => there.is_none(),
                Some(expected) => there.is_some_and(|latest| latest.version == expected),
            };
            if !seen.insert(put.id.as_str()) || !fits || there.is_none() && put.body.is_none() {
                return Err(stale(&put.id));
            }
        }
        let mut written = Vec::new();
        for put in puts {
            self.address_position += 1;
            let versions = self.addresses.entry(put.id.clone()).or_default();
            let (version, last) = versions.last().map_or((0, ""), |one| (one.version, one.body.as_str()));
            let removed = put.body.is_none();
            let body = put.body.unwrap_or_else(|| last.to_owned());
            written.push(version + 1);
            versions.push(StoredAddress {
                id: put.id,
                version: version + 1,
                position: self.address_position,
                removed,
                changed_at: at,
                changed_by: by,
                body,
            });
        }
        Ok(written)
    }
}

#[async_trait]
impl ThingStore for MemoryStore {
    async fn put_things(&self, put: PutThings) -> Result<Vec<PutThingDone>, StoreError> {
        self.change(put.city, |city| city.registry.put(put))
    }

    async fn thing(&self, city: CityCode, serial: u64) -> Result<Option<StoredThing>, StoreError> {
        Ok(self.with(city, |city| city.registry.latest(serial).cloned()))
    }

    async fn things_by_serial(
        &self,
        city: CityCode,
        serials: &[u64],
    ) -> Result<Vec<StoredThing>, StoreError> {
        let mut seen = HashSet::new();
        let asked = serials.iter().filter(|serial| seen.insert(**serial));
        Ok(self
            .with(city, |city| asked.filter_map(|serial| city.registry.latest(*serial).cloned()).collect()))
    }

    async fn thing_by_code(
        &self,
        city: CityCode,
        register: &str,
        code: &str,
    ) -> Result<Option<StoredThing>, StoreError> {
        let key = (register.to_owned(), code.to_owned());
        Ok(self.with(city, |city| {
            city.registry.codes.get(&key).and_then(|serial| city.registry.latest(*serial)).cloned()
        }))
    }

    async fn things_by_code(
        &self,
        city: CityCode,
        register: &str,
        codes: &[String],
    ) -> Result<Vec<StoredThing>, StoreError> {
        let codes: HashSet<&str> = codes.iter().map(String::as_str).collect();
        Ok(self.with(city, |city| {
            let wanted =
                |thing: &&StoredThing| thing.register == register && codes.contains(thing.code.as_str());
            city.registry.all().filter(wanted).cloned().collect()
        }))
    }

    async fn list_things(&self, city: CityCode, query: &ThingQuery) -> Result<Vec<StoredThing>, StoreError> {
        let text = query.text.as_deref().unwrap_or_default().to_lowercase();
        let wanted = |thing: &&StoredThing| {
            thing.register == query.register
                && query.after.as_ref().is_none_or(|after| thing.code > *after)
                && query.class.as_ref().is_none_or(|class| thing.class == *class)
                && (text.is_empty()
                    || thing.code.to_lowercase().starts_with(&text)
                    || thing.name.to_lowercase().contains(&text))
                && (query.with_removed || !thing.removed)
        };
        Ok(self.with(city, |city| {
            let mut found: Vec<_> = city.registry.all().filter(wanted).cloned().collect();
            found.sort_by(|a, b| a.code.cmp(&b.code));
            found.truncate(query.limit as usize);
            found
        }))
    }

    async fn thing_history(
        &self,
        city: CityCode,
        serial: u64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError> {
        Ok(self.with(city, |city| {
            let at = usize::try_from(serial.saturating_sub(1)).unwrap_or(usize::MAX);
            let versions = city.registry.things.get(at);
            versions.into_iter().flatten().rev().take(limit as usize).cloned().collect()
        }))
    }

    async fn things_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredThing>, StoreError> {
        Ok(self.with(city, |city| {
            let mut changed: Vec<_> =
                city.registry.all().filter(|thing| thing.position > position).cloned().collect();
            changed.sort_unstable_by_key(|thing| thing.position);
            changed.truncate(limit as usize);
            changed
        }))
    }

    async fn things_head(&self, city: CityCode) -> Result<(i64, u64), StoreError> {
        Ok(self.with(city, |city| (city.registry.position, city.registry.things.len() as u64)))
    }

    async fn count_things(&self, city: CityCode) -> Result<Vec<ThingCount>, StoreError> {
        Ok(self.with(city, |city| {
            let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
            for thing in city.registry.all().filter(|thing| !thing.removed) {
                *counts.entry((thing.register.clone(), thing.class.clone())).or_default() += 1;
            }
            let count = |((register, class), count)| ThingCount { register, class, count };
            counts.into_iter().map(count).collect()
        }))
    }

    async fn take_sequence(&self, city: CityCode, name: &str, count: u32) -> Result<u64, StoreError> {
        Ok(self.change(city, |city| {
            let last = city.registry.sequences.entry(name.to_owned()).or_default();
            *last += u64::from(count);
            *last - u64::from(count) + 1
        }))
    }

    async fn raise_sequence(&self, city: CityCode, name: &str, used: u64) -> Result<(), StoreError> {
        self.change(city, |city| {
            let last = city.registry.sequences.entry(name.to_owned()).or_default();
            *last = used.max(*last);
        });
        Ok(())
    }
}

#[async_trait]
impl GridStore for MemoryStore {
    async fn grids(&self, city: CityCode, edition: Option<u32>) -> Result<Vec<StoredGrid>, StoreError> {
        Ok(self.with(city, |city| city.registry.of_edition(edition, PlaceLevel::UnitGrid)))
    }

    async fn grid_outlines(
        &self,
        city: CityCode,
        edition: Option<u32>,
    ) -> Result<Vec<StoredGrid>, StoreError> {
        Ok(self.with(city, |city| city.registry.of_edition(edition, PlaceLevel::Community)))
    }

    async fn voided_grids(&self, city: CityCode) -> Result<Vec<StoredGrid>, StoreError> {
        Ok(self.with(city, |city| {
            let mut last: BTreeMap<GridCode, StoredGrid> = BTreeMap::new();
            for grid in &city.registry.grids {
                last.insert(grid.code.clone(), grid.clone());
            }
            let voided = |grid: &StoredGrid| {
                grid.until_edition.is_some() && PlaceLevel::of(&grid.code) == PlaceLevel::UnitGrid
            };
            last.into_values().filter(voided).collect()
        }))
    }

    async fn grid_history(&self, city: CityCode, code: &GridCode) -> Result<Vec<StoredGrid>, StoreError> {
        Ok(self.with(city, |city| {
            city.registry.grids.iter().rev().filter(|grid| grid.code == *code).cloned().collect()
        }))
    }

    async fn grid_editions(&self, city: CityCode) -> Result<Vec<GridEdition>, StoreError> {
        Ok(self.with(city, |city| city.registry.editions.iter().rev().cloned().collect()))
    }

    async fn publish_grids(
        &self,
        city: CityCode,
        expected: u32,
        valid_from: Date,
        by: Option<PersonId>,
        at: Timestamp,
        note: &str,
        changes: Vec<GridChange>,
    ) -> Result<GridEdition, StoreError> {
        let edition = GridEdition {
            edition: expected + 1,
            valid_from,
            published_at: at,
            published_by: by,
            note: note.to_owned(),
            grids: 0,
            added: 0,
            changed: 0,
            removed: 0,
        };
        self.change(city, |city| {
            let published = city.registry.publish(edition, changes)?;
            city.records_version += 1;
            Ok(published)
        })
    }
}

#[async_trait]
impl AddressStore for MemoryStore {
    async fn put_addresses(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutAddress>,
    ) -> Result<Vec<u32>, StoreError> {
        self.change(city, |city| city.registry.put_addresses(by, at, puts))
    }

    async fn address(&self, city: CityCode, id: &str) -> Result<Option<StoredAddress>, StoreError> {
        Ok(self.with(city, |city| city.registry.addresses.get(id).and_then(|all| all.last()).cloned()))
    }

    async fn address_history(&self, city: CityCode, id: &str) -> Result<Vec<StoredAddress>, StoreError> {
        Ok(self.with(city, |city| {
            city.registry.addresses.get(id).into_iter().flatten().rev().cloned().collect()
        }))
    }

    async fn addresses_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredAddress>, StoreError> {
        Ok(self.with(city, |city| {
            let latest = city.registry.addresses.values().filter_map(|versions| versions.last());
            let mut changed: Vec<_> = latest.filter(|one| one.position > position).cloned().collect();
            changed.sort_unstable_by_key(|one| one.position);
            changed.truncate(limit as usize);
            changed
        }))
    }

    async fn addresses_head(&self, city: CityCode) -> Result<(i64, u64), StoreError> {
        Ok(self.with(city, |city| {
            let latest = city.registry.addresses.values().filter_map(|versions| versions.last());
            (city.registry.address_position, latest.filter(|one| !one.removed).count() as u64)
        }))
    }
}
