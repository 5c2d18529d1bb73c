//! The entries themselves, some forty bytes each beside their names, and where they lie.

use super::doors::{DoorNumber, Doors};
use super::ground::{self, Ground};
use super::names::{NO_NAME, NameId, Names, Texts};
use super::words::{self, KeyMap};
use super::{Entry, EntryFault, Kind, Shape};
use hashbrown::HashTable;
use kernel::{Cgcs2000, Point, Timestamp};

pub type Slot = u32;
pub const NO_SHAPE: u32 = u32::MAX;

/// Letters of an identity.
const ID_MAX: usize = 80;
const NAME_CHARS_MAX: usize = 160;
const ALIASES_MAX: usize = 16;
/// Vertices of one shape: a ring road of a large city has some thousand.
const VERTICES_MAX: usize = 50_000;
/// Entries of one store: slots, vertices and texts are counted in 32 bits.
const ENTRIES_MAX: usize = 50_000_000;

#[derive(Debug, Clone, Copy)]
pub struct Record {
    pub at: ground::Spot,
    pub zh: NameId,
    pub en: NameId,
    /// Index into `areas`.
    pub area: u32,
    pub shape: u32,
    /// Door number, else 0.
    pub number: u32,
    /// Index into `tails`: what follows the number.
    pub tail: u16,
    pub source: u16,
    /// Index into `periods`.
    pub period: u32,
    pub kind: Kind,
    pub weight: u8,
    pub live: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub first: u32,
    pub end: u32,
}

/// A shape: its parts in `parts`, and whether they bound an area.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub first: u32,
    pub end: u32,
    pub is_area: bool,
}

/// Texts that repeat a lot (areas, sources, tails), each once.
#[derive(Debug, Default)]
pub struct Pool {
    pub texts: Vec<String>,
    index: KeyMap<u64, Vec<u32>>,
}

impl Pool {
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = words::text_hash(text);
        let same = self.index.entry(hash).or_default();
        if let Some(found) = same.iter().find(|i| self.texts.get(**i as usize).is_some_and(|t| t == text)) {
            return *found;
        }
        let id = self.texts.len() as u32;
        same.push(id);
        self.texts.push(text.to_owned());
        id
    }

    pub fn get(&self, index: u32) -> &str {
        self.texts.get(index as usize).map_or("", String::as_str)
    }

    fn memory(&self) -> usize {
        self.texts.iter().map(|t| t.capacity() + 24).sum::<usize>() + self.index.len() * 60
    }
}

#[derive(Debug, Default)]
pub struct Store {
    pub records: Vec<Record>,
    pub ids: Texts,
    by_id: HashTable<Slot>,
    pub names: Names,
    pub aliases: KeyMap<u32, Vec<NameId>>,
    pub areas: Pool,
    pub sources: Pool,
    pub tails: Pool,
    pub periods: Vec<(i64, i64)>,
    period_of: KeyMap<(i64, i64), u32>,
    pub forms: Vec<Form>,
    pub parts: Vec<Part>,
    pub vertices: Vec<ground::Spot>,
    pub ground: Ground,
    pub doors: Doors,
    /// Area code → entry of the region that has it.
    pub regions: KeyMap<u64, Slot>,
    pub live: usize,
    /// Keys of the streets that have doors: a street has hundreds.
    keys: KeyMap<NameId, u64>,
    /// Bounds of all entries: west, south, east, north.
    pub bounds: Option<[i32; 4]>,
}

impl Store {
    /// What is wrong with an entry, before anything is changed.
    pub fn check(&self, entry: &Entry) -> Result<(), EntryFault> {
        let fault = |field, why| Err(EntryFault { id: entry.id.chars().take(80).collect(), field, why });
        if entry.id.is_empty() || entry.id.len() > ID_MAX {
            return fault("id", "1 to 80 bytes are expected");
        }
        if entry.name_zh.trim().is_empty() && entry.name_en.trim().is_empty() {
            return fault("name", "a Chinese or an English name is needed");
        }
        let names = [&entry.name_zh, &entry.name_en].into_iter().chain(&entry.aliases);
        if names.clone().any(|name| name.chars().count() > NAME_CHARS_MAX) {
            return fault("name", "names have at most 160 characters");
        }
        if names.into_iter().any(|name| !name.is_empty() && !name.chars().any(char::is_alphanumeric)) {
            return fault("name", "a name needs a letter or digit");
        }
        if entry.aliases.len() > ALIASES_MAX {
            return fault("aliases", "at most 16 aliases are kept");
        }
        if entry.area.len() > 24 || !entry.area.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return fault("area", "an area code has up to 24 digits or letters");
        }
        if entry.source.len() > 80 {
            return fault("source", "at most 80 bytes");
        }
        match (&entry.kind, &entry.door) {
            (Kind::Door, None) => return fault("door", "a door needs its number"),
            (Kind::Door, Some(text)) if DoorNumber::parse(text).is_none() => {
                return fault("door", "the number does not begin with a number of 1 to 99999");
            }
            (Kind::Door, _) | (_, None) => {}
            _ => return fault("door", "only doors have a number"),
        }
        let vertices: usize = match &entry.shape {
            Shape::Point(_) => 0,
            Shape::Lines(lines) | Shape::Area { rings: lines, .. } => {
                let least = if matches!(entry.shape, Shape::Lines(_)) { 2 } else { 3 };
                if lines.is_empty() || lines.iter().any(|l| l.len() < least) {
                    return fault("shape", "a line needs two points, a ring three");
                }
                lines.iter().map(Vec::len).sum()
            }
        };
        if vertices > VERTICES_MAX {
            return fault("shape", "at most 50,000 points");
        }
        if let (Some(from), Some(until)) = (entry.valid_from, entry.valid_until)
            && until <= from
        {
            return fault("valid_until", "the end is not after the beginning");
        }
        if self.records.len() >= ENTRIES_MAX || self.vertices.len() > u32::MAX as usize - VERTICES_MAX {
            return fault("id", "the address store is full");
        }
        Ok(())
    }

    pub fn slot(&self, id: &str) -> Option<Slot> {
        self.by_id.find(words::text_hash(id), |slot| self.ids.get(*slot) == id).copied()
    }

    /// Every entry in force with its identity, in no order.
    pub fn live_ids(&self) -> impl Iterator<Item = (Slot, &str)> {
        let live = |(slot, record): (usize, &Record)| record.live.then_some(slot as Slot);
        self.records.iter().enumerate().filter_map(live).map(|slot| (slot, self.ids.get(slot)))
    }

    /// Adds a checked entry; one of the same id is replaced. `true` when it is new.
    pub fn put(&mut self, entry: &Entry) -> bool {
        let replaced = self.remove(&entry.id);
        let slot = self.records.len() as Slot;
        self.ids.push(&entry.id);
        let ids = &self.ids;
        self.by_id.insert_unique(words::text_hash(&entry.id), slot, |s| words::text_hash(ids.get(*s)));

        let mut intern = |text: &str| {
            let text = text.trim();
            if text.is_empty() { NO_NAME } else { self.names.intern(text) }
        };
        let (zh, en) = (intern(&entry.name_zh), intern(&entry.name_en));
        let mut aliases: Vec<NameId> =
            entry.aliases.iter().map(|a| intern(a)).filter(|n| *n != NO_NAME).collect();
        aliases.retain(|n| *n != zh && *n != en);

        let (shape, at) = self.add_shape(&entry.shape);
        let number = entry.door.as_deref().and_then(DoorNumber::parse);
        let period = (
            entry.valid_from.map_or(i64::MIN, Timestamp::millis),
            entry.valid_until.map_or(i64::MAX, Timestamp::millis),
        );
        let period = self.keep_period(period);
        let tail = number.as_ref().map_or("", |n| n.tail.as_str());
        let record = Record {
            at,
            zh,
            en,
            area: self.areas.intern(&entry.area),
            shape,
            number: number.as_ref().map_or(0, |n| n.value),
            tail: u16::try_from(self.tails.intern(tail)).unwrap_or(0),
            source: u16::try_from(self.sources.intern(&entry.source)).unwrap_or(0),
            period,
            kind: entry.kind,
            weight: entry.weight,
            live: true,
        };
        self.records.push(record);
        self.live += 1;
        if entry.kind == Kind::Door {
            for name in [zh, en].into_iter().chain(aliases.iter().copied()).filter(|n| *n != NO_NAME) {
                let names = &self.names;
                let key = *self
                    .keys
                    .entry(name)
                    .or_insert_with(|| words::name_key(&words::units(names.text(name))));
                self.doors.add(key, record.number, slot);
            }
        } else {
            for name in [zh, en].into_iter().chain(aliases.iter().copied()).filter(|n| *n != NO_NAME) {
                self.names.add_use(name, slot);
            }
        }
        if !aliases.is_empty() {
            self.aliases.insert(slot, aliases);
        }
        if entry.kind == Kind::Region && !entry.area.is_empty() {
            self.regions.insert(words::text_hash(&entry.area), slot);
        }
        let cells = self.cells(&record);
        self.ground.add(slot, &cells);
        self.widen(at);
        replaced.is_none()
    }

    pub fn keep_period(&mut self, period: (i64, i64)) -> u32 {
        let next = self.periods.len() as u32;
        *self.period_of.entry(period).or_insert_with(|| {
            self.periods.push(period);
            next
        })
    }

    /// Makes the tables that an image leaves out: identities, doors, regions, cells. `false` when the records point
    /// at what is not there.
    pub fn rebuild(&mut self) -> bool {
        let sound = self.records.iter().all(|r| {
            let name = |n: NameId| n == NO_NAME || (n as usize) < self.names.len();
            let shape = r.shape == NO_SHAPE || (r.shape as usize) < self.forms.len();
            name(r.zh) && name(r.en) && shape && (r.area as usize) < self.areas.texts.len()
        });
        if !sound {
            return false;
        }
        self.unsettle();
        self.by_id = HashTable::with_capacity(self.records.len());
        for slot in 0..self.records.len() as Slot {
            let record = self.records[slot as usize];
            if !record.live {
                continue;
            }
            let ids = &self.ids;
            self.by_id
                .insert_unique(words::text_hash(ids.get(slot)), slot, |s| words::text_hash(ids.get(*s)));
            self.live += 1;
            if record.kind == Kind::Door {
                let aliases = self.aliases.get(&slot).cloned().unwrap_or_default();
                for name in [record.zh, record.en].into_iter().chain(aliases).filter(|n| *n != NO_NAME) {
                    let names = &self.names;
                    let key = *self
                        .keys
                        .entry(name)
                        .or_insert_with(|| words::name_key(&words::units(names.text(name))));
                    self.doors.add(key, record.number, slot);
                }
            }
            if record.kind == Kind::Region && !self.area(&record).is_empty() {
                self.regions.insert(words::text_hash(self.area(&record)), slot);
            }
            let cells = self.cells(&record);
            self.ground.add(slot, &cells);
            self.widen(record.at);
        }
        self.doors.settle();
        self.ground.settle();
        self.names.index_keys();
        true
    }

    fn widen(&mut self, at: ground::Spot) {
        self.bounds = Some(match self.bounds {
            None => [at.x, at.y, at.x, at.y],
            Some([w, s, e, n]) => [w.min(at.x), s.min(at.y), e.max(at.x), n.max(at.y)],
        });
    }

    /// Takes an entry out. Its names and shape stay in memory until the store is made anew.
    pub fn remove(&mut self, id: &str) -> Option<Slot> {
        let hash = words::text_hash(id);
        let slot = match self.by_id.find_entry(hash, |slot| self.ids.get(*slot) == id) {
            Ok(found) => found.remove().0,
            Err(_) => return None,
        };
        let record = *self.records.get(slot as usize)?;
        self.records[slot as usize].live = false;
        self.live -= 1;
        let aliases = self.aliases.remove(&slot).unwrap_or_default();
        for name in [record.zh, record.en].into_iter().chain(aliases).filter(|n| *n != NO_NAME) {
            if record.kind == Kind::Door {
                let key = words::name_key(&words::units(self.names.text(name)));
                self.doors.drop(key, record.number, slot);
            } else {
                self.names.drop_use(name, slot);
            }
        }
        if record.kind == Kind::Region {
            let key = words::text_hash(self.areas.get(record.area));
            if self.regions.get(&key) == Some(&slot) {
                self.regions.remove(&key);
            }
        }
        let cells = self.cells(&record);
        self.ground.drop(slot, &cells);
        Some(slot)
    }

    fn cells(&self, record: &Record) -> Vec<u64> {
        match self.form(record) {
            None => vec![ground::cell(record.at)],
            Some(form) => ground::cells_of(self.lines(form), form.is_area),
        }
    }

    fn add_shape(&mut self, shape: &Shape) -> (u32, ground::Spot) {
        let (lines, is_area, at) = match shape {
            Shape::Point(p) => return (NO_SHAPE, ground::Spot::of(*p)),
            Shape::Lines(lines) => (lines, false, None),
            Shape::Area { rings, at } => (rings, true, Some(ground::Spot::of(*at))),
        };
        let first = self.parts.len() as u32;
        for line in lines {
            let from = self.vertices.len() as u32;
            self.vertices.extend(line.iter().map(|p| ground::Spot::of(*p)));
            self.parts.push(Part { first: from, end: self.vertices.len() as u32 });
        }
        let form = Form { first, end: self.parts.len() as u32, is_area };
        self.forms.push(form);
        let at = at.unwrap_or_else(|| ground::middle(self.lines(form)));
        ((self.forms.len() - 1) as u32, at)
    }

    pub fn record(&self, slot: Slot) -> Option<&Record> {
        self.records.get(slot as usize).filter(|r| r.live)
    }

    pub fn form(&self, record: &Record) -> Option<Form> {
        self.forms.get(record.shape as usize).copied()
    }

    pub fn lines(&self, form: Form) -> impl Iterator<Item = &[ground::Spot]> + Clone {
        let parts = self.parts.get(form.first as usize..form.end as usize).unwrap_or(&[]);
        parts.iter().filter_map(|p| self.vertices.get(p.first as usize..p.end as usize))
    }

    /// Lines of a street; nothing for what has no line.
    pub fn street_lines(&self, record: &Record) -> impl Iterator<Item = &[ground::Spot]> + Clone {
        let form = self.form(record).filter(|f| !f.is_area);
        form.into_iter().flat_map(|form| self.lines(form))
    }

    pub fn valid(&self, record: &Record, on: Option<Timestamp>) -> bool {
        let Some(on) = on else { return true };
        let (from, until) = self.periods.get(record.period as usize).copied().unwrap_or((i64::MIN, i64::MAX));
        (from..until).contains(&on.millis())
    }

    pub fn area(&self, record: &Record) -> &str {
        self.areas.get(record.area)
    }

    pub fn point(record: &Record) -> Point<Cgcs2000> {
        record.at.point()
    }

    pub fn entry(&self, slot: Slot) -> Option<Entry> {
        let record = self.record(slot)?;
        let (from, until) = self.periods.get(record.period as usize).copied().unwrap_or((i64::MIN, i64::MAX));
        let lines = |form| self.lines(form).map(|l| l.iter().map(|s| s.point()).collect()).collect();
        let shape = match self.form(record) {
            None => Shape::Point(Self::point(record)),
            Some(form) if form.is_area => Shape::Area { at: Self::point(record), rings: lines(form) },
            Some(form) => Shape::Lines(lines(form)),
        };
        Some(Entry {
            id: self.ids.get(slot).to_owned(),
            kind: record.kind,
            name_zh: self.names.text(record.zh).to_owned(),
            name_en: self.names.text(record.en).to_owned(),
            aliases: self
                .aliases
                .get(&slot)
                .map(|all| all.iter().map(|n| self.names.text(*n).to_owned()).collect())
                .unwrap_or_default(),
            door: (record.kind == Kind::Door).then(|| self.door_text(record)),
            area: self.area(record).to_owned(),
            shape,
            weight: record.weight,
            source: self.sources.get(u32::from(record.source)).to_owned(),
            valid_from: (from != i64::MIN).then_some(Timestamp(from)),
            valid_until: (until != i64::MAX).then_some(Timestamp(until)),
        })
    }

    pub fn door_text(&self, record: &Record) -> String {
        DoorNumber { value: record.number, tail: self.tails.get(u32::from(record.tail)).to_owned() }
            .to_string()
    }

    pub fn settle(&mut self) {
        self.names.settle();
        self.doors.settle();
        self.ground.settle();
        self.records.shrink_to_fit();
        self.ids.bytes.shrink_to_fit();
        self.ids.ends.shrink_to_fit();
        self.vertices.shrink_to_fit();
        self.parts.shrink_to_fit();
        self.forms.shrink_to_fit();
    }

    pub fn unsettle(&mut self) {
        self.names.unsettle();
        self.doors.unsettle();
    }

    pub fn memory(&self) -> usize {
        self.records.capacity() * size_of::<Record>()
            + self.ids.memory()
            + self.by_id.capacity() * 5
            + self.names.memory()
            + self.aliases.len() * 60
            + self.keys.capacity() * 17
            + self.areas.memory()
            + self.tails.memory()
            + self.periods.len() * 64
            + self.forms.capacity() * size_of::<Form>()
            + self.parts.capacity() * size_of::<Part>()
            + self.vertices.capacity() * size_of::<ground::Spot>()
            + self.ground.memory()
            + self.doors.memory()
    }
}
