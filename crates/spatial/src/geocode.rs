//! The geocoder (地理编码): from what people say to a place, and from a place to its address. After GB/T 30428.3:
//! regions, zones, streets, door plates, points of interest, and our components and grids.
//!
//! Everything is in memory and can be made again from the address store. One million entries take some 200 MB.

mod doors;
mod fill;
mod find;
mod ground;
mod image;
mod names;
mod phrase;
mod reverse;
mod sound;
mod store;
mod text;
mod words;

pub use doors::DoorNumber;
pub use fill::Filling;
pub use image::ImageFault;
pub use reverse::{Address, NearDoor, NearPlace};
pub use text::BadShape;

use find::{Hit, Search, name_of};
use ground::Spot;
use kernel::{Cgcs2000, Point, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Record, Slot, Store};

/// Characters of a query that are read; what follows is cut.
pub const QUERY_CHARS_MAX: usize = 200;
/// Answers to one query.
pub const ANSWERS_MAX: usize = 50;
/// Texts of one batch.
pub const BATCH_MAX: usize = 10_000;

/// Base location types (基础位置类型) of GB/T 30428.3, and the things of the city that have a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 区域: a division, from province to community. Its `area` is its own code.
    Region,
    /// 地片 and 区片: an estate, a park, an industrial area.
    Zone,
    /// 街巷
    Street,
    /// 门(楼)牌: `name` is the street or the estate, `door` the number.
    Door,
    /// 兴趣点
    Poi,
    Component,
    Grid,
}

impl Kind {
    pub const ALL: [Self; 7] =
        [Self::Region, Self::Zone, Self::Street, Self::Door, Self::Poi, Self::Component, Self::Grid];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Zone => "zone",
            Self::Street => "street",
            Self::Door => "door",
            Self::Poi => "poi",
            Self::Component => "component",
            Self::Grid => "grid",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Point(Point<Cgcs2000>),
    Lines(Vec<Vec<Point<Cgcs2000>>>),
    Area { at: Point<Cgcs2000>, rings: Vec<Vec<Point<Cgcs2000>>> },
}

/// One row of the address store.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Unique among all kinds; putting an entry with a known id replaces it.
    pub id: String,
    pub kind: Kind,
    pub name_zh: String,
    pub name_en: String,
    pub aliases: Vec<String>,
    /// Door number as written on the plate (12, 12甲, 145-151). Only for doors.
    pub door: Option<String>,
    /// Division code, 6 to 12 digits; may be empty.
    pub area: String,
    pub shape: Shape,
    /// How well known it is; among equals the heavier comes first.
    pub weight: u8,
    pub source: String,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
}

/// Why an entry cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("address entry {id:?}: {field}: {why}")]
pub struct EntryFault {
    pub id: String,
    pub field: &'static str,
    pub why: &'static str,
}

/// What a query is asked with. `Ask::default()` asks for ten answers anywhere.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Among equals, what is near this place comes first.
    pub near: Option<Point<Cgcs2000>>,
    /// Among equals, what lies in this division comes first.
    pub area: Option<String>,
    /// Only what lies in this division.
    pub within: Option<String>,
    pub kinds: Option<Vec<Kind>>,
    /// Only what was valid then.
    pub on: Option<Timestamp>,
    /// 0 means ten; at most `ANSWERS_MAX`.
    pub limit: usize,
}

/// How the words agreed with the name, from certain to guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// Coordinates were typed.
    Typed,
    Exact,
    /// The ending was left out (东风 for 东风街).
    Variant,
    /// A part of the name, or the beginning of a word.
    Partial,
    /// A word was spelled nearly so.
    Typo,
    /// Pinyin, or characters of the same sound.
    Sound,
    /// First letters of the pinyin.
    Initials,
}

/// How the position was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    Typed,
    /// The position of the entry.
    Entry,
    Door,
    /// Between known door numbers.
    Interpolated,
    NearestDoor,
    StreetMiddle,
    AreaMiddle,
    Crossing,
    /// On a street between two others.
    Between,
    /// A distance away from a place.
    Offset,
    Opposite,
    Near,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub at: Point<Cgcs2000>,
    /// 0 to 1: how much of the query is explained, how surely, and whether another place fits as well.
    pub confidence: f32,
    /// The place is probably within so many metres.
    pub accuracy_m: f64,
    pub matched: Matched,
    pub placed: Placed,
    pub kind: Option<Kind>,
    /// The entry; for a door that is not in the store the nearest known one.
    pub id: Option<String>,
    /// The second street of a crossing.
    pub other_id: Option<String>,
    pub door: Option<String>,
    pub area: String,
    pub label_zh: String,
    pub label_en: String,
}

/// The address store in memory.
#[derive(Debug, Default)]
pub struct Geocoder {
    store: Store,
}

impl Geocoder {
    /// Loads many entries. Those that cannot be kept are returned with the reason; the rest is loaded.
    pub fn build(entries: impl IntoIterator<Item = Entry>) -> (Self, Vec<EntryFault>) {
        let mut filling = Filling::default();
        let faults = entries.into_iter().filter_map(|entry| filling.put(&entry).err()).collect();
        (filling.done(), faults)
    }

    /// Adds or replaces one entry; `true` when it is new. A refused entry changes nothing.
    pub fn put(&mut self, entry: &Entry) -> Result<bool, EntryFault> {
        self.store.check(entry)?;
        Ok(self.store.put(entry))
    }

    /// `false` when there was none.
    pub fn remove(&mut self, id: &str) -> bool {
        self.store.remove(id).is_some()
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<Entry> {
        self.store.entry(self.store.slot(id)?)
    }

    /// Identities that begin so.
    #[must_use]
    pub fn ids_starting(&self, with: &str) -> Vec<String> {
        let begins = |(_, id): &(Slot, &str)| id.starts_with(with);
        self.store.live_ids().filter(begins).map(|(_, id)| id.to_owned()).collect()
    }

    /// Entries after `after` in order of identity, at most `limit`, of those that `wanted` takes by kind and
    /// identity. Looks at every entry.
    #[must_use]
    pub fn page(&self, after: &str, limit: usize, wanted: impl Fn(Kind, &str) -> bool) -> Vec<Entry> {
        let mut first: std::collections::BinaryHeap<(&str, Slot)> = std::collections::BinaryHeap::new();
        for (slot, id) in self.store.live_ids() {
            let full = first.len() >= limit;
            if id <= after || full && first.peek().is_none_or(|(last, _)| id >= *last) {
                continue;
            }
            if self.store.record(slot).is_some_and(|record| wanted(record.kind, id)) {
                first.push((id, slot));
                if full {
                    first.pop();
                }
            }
        }
        first.into_sorted_vec().into_iter().filter_map(|(_, slot)| self.store.entry(slot)).collect()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.store.live
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.live == 0
    }

    /// Places of replaced and removed entries: worth making the geocoder anew when they are many.
    #[must_use]
    pub fn wasted(&self) -> usize {
        self.store.records.len() - self.store.live
    }

    /// Bytes held, by the capacities of what is held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.store.memory()
    }

    /// Places that `text` may mean, best first. Empty for a text without letters or digits.
    #[must_use]
    pub fn find(&self, text: &str, ask: &Ask) -> Vec<Answer> {
        let text: String = text.chars().take(QUERY_CHARS_MAX).collect();
        let limit = if ask.limit == 0 { 10 } else { ask.limit.min(ANSWERS_MAX) };
        if let Some(answer) = self.typed(&text) {
            return vec![answer];
        }
        let hits = Search::new(&self.store, ask).hits(&text);
        let best = hits.first().map_or(0.0, |h| h.rank);
        hits.iter()
            .take(limit)
            .map(|hit| {
                // Places elsewhere that fit as well make each of them less sure.
                let rivals = hits
                    .iter()
                    .filter(|o| {
                        o.rank > hit.rank - 0.02 && o.rank > best - 0.05 && o.spot.distance(hit.spot) > 300.0
                    })
                    .count();
                let doubt = 1.0 / (1.0 + 0.15 * rivals.min(8) as f32);
                self.answer(hit, (hit.score * doubt).clamp(0.0, 1.0))
            })
            .collect()
    }

    /// One list of answers for each text, in order; texts beyond `BATCH_MAX` are left out.
    #[must_use]
    pub fn find_all<T: AsRef<str>>(&self, texts: &[T], ask: &Ask) -> Vec<Vec<Answer>> {
        texts.iter().take(BATCH_MAX).map(|text| self.find(text.as_ref(), ask)).collect()
    }

    /// The address of a position: divisions, street, nearest door number and landmark.
    #[must_use]
    pub fn address_of(&self, at: Point<Cgcs2000>, on: Option<Timestamp>) -> Address {
        reverse::address(&self.store, Spot::of(at), on, None)
    }

    /// The same where it is known in which division the position lies.
    #[must_use]
    pub fn address_within(&self, at: Point<Cgcs2000>, on: Option<Timestamp>, area: &str) -> Address {
        reverse::address(&self.store, Spot::of(at), on, Some(area))
    }

    fn typed(&self, text: &str) -> Option<Answer> {
        let (first, second) = phrase::coordinates(text)?;
        let known = |(lng, lat): (f64, f64)| {
            let spot = Spot::at(lng, lat);
            self.store.bounds.is_some_and(|[w, s, e, n]| {
                let margin = 5_000_000;
                spot.x >= w.saturating_sub(margin)
                    && spot.x <= e.saturating_add(margin)
                    && spot.y >= s.saturating_sub(margin)
                    && spot.y <= n.saturating_add(margin)
            })
        };
        // Two orders are possible: the one that lies where our entries are.
        let (lng, lat) = match second {
            Some(second) if known(second) && !known(first) => second,
            _ => first,
        };
        let at = Point::new(lng, lat)?;
        let address = self.address_of(at, None);
        Some(Answer {
            at,
            confidence: 1.0,
            accuracy_m: 1.0,
            matched: Matched::Typed,
            placed: Placed::Typed,
            kind: None,
            id: None,
            other_id: None,
            door: None,
            area: address.area,
            label_zh: address.label_zh,
            label_en: address.label_en,
        })
    }

    fn answer(&self, hit: &Hit, confidence: f32) -> Answer {
        let store = &self.store;
        let id = |slot: Slot| store.ids.get(slot).to_owned();
        let record = hit.slot.and_then(|s| store.record(s));
        let (label_zh, label_en) = record.map_or_else(Default::default, |record| self.label(hit, record));
        Answer {
            at: hit.spot.point(),
            confidence,
            accuracy_m: hit.accuracy_m.round(),
            matched: hit.matched,
            placed: hit.placed,
            kind: record.map(|r| r.kind),
            id: hit.slot.map(id),
            other_id: hit.other.map(id),
            door: hit.door.clone(),
            area: record.map(|r| store.area(r).to_owned()).unwrap_or_default(),
            label_zh,
            label_en,
        }
    }

    fn label(&self, hit: &Hit, record: &Record) -> (String, String) {
        let store = &self.store;
        let (mut zh, mut en) = name_of(store, record);
        if let Some(other) = hit.other.and_then(|s| store.record(s)) {
            let (other_zh, other_en) = name_of(store, other);
            zh = format!("{zh}与{other_zh}路口");
            en = format!("{en} & {other_en}");
        } else if record.kind == Kind::Door && hit.placed != Placed::StreetMiddle {
            let number = hit.door.clone().unwrap_or_else(|| store.door_text(record));
            en = format!("{number} {en}");
            zh = if zh.is_ascii() { en.clone() } else { format!("{zh}{number}号") };
        }
        reverse::with_district(store, record, zh, en)
    }
}
