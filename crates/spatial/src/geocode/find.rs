//! From a text to places. Names that may be meant are gathered from the index, laid against the units of the query
//! one by one, and scored by how much of the query and of the name they explain; what one name leaves open another
//! may explain (the district before the street, the street before the shop, the number behind it).

use super::doors::{self, DoorNumber, Placing};
use super::ground::{self, Spot};
use super::names::{self, NO_NAME, NameId};
use super::phrase::{self, Reading};
use super::sound;
use super::store::{Record, Slot, Store};
use super::words::{self, Gap, KeyMap, Sort, Unit};
use super::{Ask, Kind, Matched, Placed};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// Postings read for one text; the rarest terms come first, so what is left out says least.
const POSTINGS_MAX: usize = 8_000;
/// Names laid against the query.
const CANDIDATES_MAX: usize = 112;
/// Entries of one name looked through (chain shops, lamps).
const USERS_SCANNED: usize = 1_000;
const USERS_KEPT: usize = 24;
const TARGETS_MAX: usize = 400;
const ALTERNATIVES_MAX: usize = 24;
/// A query explained this well is not searched again more loosely.
const GOOD: f32 = 0.82;
/// So well that no other reading is tried.
const CERTAIN: f32 = 0.93;
/// Names that may explain what the name of a place leaves open.
const CONTEXTS_MAX: usize = 12;
/// Hits below this are noise.
const LEAST: f32 = 0.22;

/// A place found, before it is worded.
#[derive(Debug, Clone)]
pub struct Hit {
    pub spot: Spot,
    /// 0 to 1, without bias.
    pub score: f32,
    /// Score and what speaks for this one among equals.
    pub rank: f32,
    pub matched: Matched,
    pub placed: Placed,
    /// The entry, or for a door that is not known the street or the nearest door.
    pub slot: Option<Slot>,
    /// The other street of a crossing.
    pub other: Option<Slot>,
    /// The number asked for.
    pub door: Option<String>,
    pub accuracy_m: f64,
}

struct Query {
    units: Vec<Unit>,
    texts: Vec<String>,
    weights: Vec<f32>,
    total: f32,
    /// For each unit: other keys that may be meant, how likely, and why.
    others: Vec<Vec<(u64, f32, Matched)>>,
    /// Sounds of the query and the unit each belongs to.
    tones: Vec<(u64, usize)>,
}

struct Candidate {
    name: NameId,
    mask: u64,
    /// Share of the name that the query says.
    cover: f32,
    quality: f32,
    matched: Matched,
}

struct Number {
    door: DoorNumber,
    mask: u64,
    first: usize,
    last: usize,
    marked: bool,
}

/// An entry, or a street known only by its doors.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Entry(Slot),
    Street(u64, Slot),
}

struct Aim {
    target: Target,
    candidate: usize,
}

/// A text with the names it may hold.
struct Parsed {
    query: Query,
    candidates: Vec<Candidate>,
    /// What may stand beside a name: units and entries.
    contexts: Vec<(u64, Vec<Slot>)>,
}

/// By text, and whether it was read loosely.
type KnownTexts = HashMap<(String, bool), Option<Rc<Parsed>>>;

pub struct Search<'a> {
    store: &'a Store,
    ask: &'a Ask,
    /// Several readings of a query ask for the same words.
    parsed: RefCell<KnownTexts>,
    /// The query names two streets that are known and do not meet.
    apart: Cell<bool>,
}

fn bits(from: usize, to: usize) -> u64 {
    (from..to.min(64)).fold(0, |mask, i| mask | 1 << i)
}

impl<'a> Search<'a> {
    pub fn new(store: &'a Store, ask: &'a Ask) -> Self {
        Self { store, ask, parsed: RefCell::default(), apart: Cell::new(false) }
    }

    pub fn hits(&self, text: &str) -> Vec<Hit> {
        let clean = phrase::clean(text);
        let readings = phrase::readings(&clean);
        let mut hits = Vec::new();
        // First what the words say as they are, then what they may have meant.
        for loose in [false, true] {
            for reading in &readings {
                hits.extend(self.read(reading, loose));
                if best(&hits) >= CERTAIN {
                    return self.sorted(hits);
                }
            }
            if best(&hits) >= GOOD || self.apart.get() {
                break;
            }
        }
        if best(&hits) < GOOD {
            for other in self.respelled(&clean) {
                let found = self.read(&Reading::Plain(other), false).into_iter();
                hits.extend(found.map(|h| scaled(h, 0.97, Some(Matched::Typo))));
            }
        }
        self.sorted(hits)
    }

    fn sorted(&self, mut hits: Vec<Hit>) -> Vec<Hit> {
        hits.retain(|h| h.score >= LEAST && h.rank.is_finite());
        hits.sort_by(|a, b| {
            let id = |h: &Hit| h.slot.map_or("", |s| self.store.ids.get(s));
            b.rank.total_cmp(&a.rank).then_with(|| id(a).cmp(id(b)))
        });
        let mut kept: Vec<Hit> = Vec::new();
        for hit in hits {
            let name = |h: &Hit| h.slot.and_then(|s| self.store.record(s)).map(|r| (r.zh, r.en));
            let same = kept.iter().any(|k| {
                (k.slot.is_some()
                    && k.slot == hit.slot
                    && k.other == hit.other
                    && k.door == hit.door
                    && k.spot.distance(hit.spot) < 60.0)
                    || (k.spot.distance(hit.spot) < 25.0 && name(k) == name(&hit))
            });
            if !same {
                kept.push(hit);
            }
            if kept.len() >= 60 {
                break;
            }
        }
        kept
    }

    fn read(&self, reading: &Reading, loose: bool) -> Vec<Hit> {
        match reading {
            Reading::Plain(text) => {
                self.parse(text, loose).map_or_else(Vec::new, |parsed| self.compose(&parsed))
            }
            Reading::Crossing(a, b) => self.crossing_of(a, b, loose),
            Reading::CrossingWithin(text) => self.crossing_within(text, loose),
            Reading::Between { on, a, b } => self.between(on, a, b, loose),
            Reading::Offset { base, east_m, north_m, vague_m } => self.based(base, loose, |hit| {
                let spot = hit.spot.moved(*east_m, *north_m);
                let accuracy_m = hit.accuracy_m.hypot(*vague_m);
                Hit { spot, accuracy_m, placed: Placed::Offset, ..hit }
            }),
            Reading::Near(base, metres) => self.based(base, loose, |hit| Hit {
                accuracy_m: hit.accuracy_m.hypot(*metres),
                placed: Placed::Near,
                ..hit
            }),
            Reading::Opposite(base) => self.based(base, loose, |hit| Hit {
                spot: self.across(hit.spot),
                accuracy_m: hit.accuracy_m.hypot(20.0),
                placed: Placed::Opposite,
                ..hit
            }),
        }
    }

    fn based(&self, base: &Reading, loose: bool, change: impl Fn(Hit) -> Hit) -> Vec<Hit> {
        let mut hits = self.read(base, loose);
        hits.sort_by(|a, b| b.rank.total_cmp(&a.rank));
        hits.truncate(12);
        // A little less than a name that says the same words in full.
        hits.into_iter().map(|hit| scaled(change(hit), 0.98, None)).collect()
    }

    /// The other side of the nearest street.
    fn across(&self, spot: Spot) -> Spot {
        let mut nearest: Option<ground::Foot> = None;
        self.store.ground.outwards(
            spot,
            |slot| {
                if let Some(record) = self.store.record(slot).filter(|r| r.kind == Kind::Street)
                    && let Some(foot) = ground::foot(self.store.street_lines(record), spot)
                    && nearest.is_none_or(|n| foot.distance < n.distance)
                {
                    nearest = Some(foot);
                }
                nearest.map_or(80.0, |n| n.distance)
            },
            80.0,
        );
        match nearest.filter(|n| n.distance > 0.5 && n.distance < 80.0) {
            Some(foot) => foot.spot.between(spot, -(foot.distance.clamp(8.0, 25.0) / foot.distance)),
            None => spot,
        }
    }

    // ---- one name or address ---------------------------------------------------------------------------------

    fn parse(&self, text: &str, loose: bool) -> Option<Rc<Parsed>> {
        let key = (text.to_owned(), loose);
        if let Some(known) = self.parsed.borrow().get(&key) {
            return known.clone();
        }
        let parsed = self.query(text).map(|mut query| {
            let candidates = self.candidates(&mut query, loose);
            let contexts = candidates
                .iter()
                .filter(|c| c.cover * c.quality >= 0.6)
                .map(|c| (c.mask, self.store.names.users(c.name).take(CONTEXTS_MAX).collect::<Vec<Slot>>()))
                .filter(|(_, slots)| !slots.is_empty())
                .take(CONTEXTS_MAX)
                .collect();
            Rc::new(Parsed { query, candidates, contexts })
        });
        self.parsed.borrow_mut().insert(key, parsed.clone());
        parsed
    }

    fn query(&self, text: &str) -> Option<Query> {
        let mut units = Vec::new();
        let mut texts = Vec::new();
        words::scan(text, |unit, word| {
            if units.len() < words::UNITS_MAX {
                units.push(unit);
                texts.push(word.to_owned());
            }
        });
        if units.is_empty() {
            return None;
        }
        let weights: Vec<f32> = units.iter().map(|u| self.weight(u)).collect();
        let total = weights.iter().sum();
        let mut tones = Vec::new();
        for (i, unit) in units.iter().enumerate() {
            if let Some(tone) = names::unit_sound(unit) {
                tones.push((tone, i));
            } else if unit.sort == Sort::Word
                && let Some(syllables) = texts.get(i).and_then(|t| sound::syllables(t))
            {
                tones.extend(syllables.into_iter().map(|s| (s, i)));
            }
        }
        let others = vec![Vec::new(); units.len()];
        Some(Query { units, texts, weights, total, others, tones })
    }

    /// How much a unit says: rare words more than common ones, endings little.
    fn weight(&self, unit: &Unit) -> f32 {
        match unit.sort {
            _ if unit.generic => 0.35,
            Sort::Letter | Sort::Number => 1.0,
            Sort::Word => {
                let all = (self.store.names.len() as f32 + 2.0).ln();
                let seen = (self.store.names.with_term(unit.key).len() as f32 + 1.0).ln();
                0.6 + 1.4 * (1.0 - seen / all).clamp(0.0, 1.0)
            }
        }
    }

    /// Other words that may be meant: begun ones, misspelled ones.
    fn fill_others(&self, query: &mut Query, loose: bool) {
        let names = &self.store.names;
        let last = query.units.len() - 1;
        for (i, unit) in query.units.iter().enumerate() {
            if unit.sort != Sort::Word || !query.others[i].is_empty() && !loose {
                continue;
            }
            let word = &query.texts[i];
            let known = !names.with_term(unit.key).is_empty();
            let mut others: Vec<(u64, f32, Matched)> = Vec::new();
            if word.len() >= 3
                && (!unit.generic || i == last)
                && (!known || i == last || word.len() >= 4 || loose)
            {
                for longer in names.vocabulary.with_start(word, ALTERNATIVES_MAX) {
                    let share = word.len() as f32 / longer.len() as f32;
                    others.push((words::word_key(longer), 0.78 + 0.2 * share, Matched::Partial));
                }
            }
            if (!known || loose) && word.len() >= 4 {
                let most = if word.len() >= 7 { 2 } else { 1 };
                let mut found: Vec<(u64, f32)> = Vec::new();
                let likely = |other: &str, edits: usize| {
                    let same_start = other.as_bytes().first() == word.as_bytes().first();
                    1.0 - 0.9 * edits as f32 / word.len() as f32 - if same_start { 0.0 } else { 0.08 }
                };
                names.vocabulary.like(word, most, |other, edits| {
                    if edits > 0 {
                        found.push((words::word_key(other), likely(other, edits)));
                    }
                });
                for (long, short) in words::long_forms() {
                    if let Some(edits) = names::edits_within(word.as_bytes(), long.as_bytes(), most) {
                        found.push((words::word_key(short), likely(long, edits)));
                    }
                }
                found.sort_by(|a, b| b.1.total_cmp(&a.1));
                found.truncate(ALTERNATIVES_MAX);
                others.extend(found.into_iter().map(|(key, quality)| (key, quality, Matched::Typo)));
            }
            others.retain(|(key, ..)| *key != unit.key);
            query.others[i] = others;
        }
    }

    fn candidates(&self, query: &mut Query, loose: bool) -> Vec<Candidate> {
        let names = &self.store.names;
        self.fill_others(query, loose);
        let mut out: Vec<Candidate> = Vec::new();
        let units = &query.units;
        // Names said in full.
        for from in 0..units.len() {
            for to in from + 1..=units.len().min(from + 24) {
                let span = &units[from..to];
                if span.len() == 1 && span[0].generic {
                    continue;
                }
                for name in names.with_key(words::name_key(span)).take(8) {
                    let own = words::units(names.text(name));
                    if own.len() == span.len() && own.iter().zip(span).all(|(a, b)| a.key == b.key) {
                        let mask = bits(from, to);
                        out.push(Candidate { name, mask, cover: 1.0, quality: 1.0, matched: Matched::Exact });
                    }
                }
            }
        }
        // Names that share terms.
        let mut terms: Vec<(u64, f32)> = names::terms(units).map(|(term, _)| (term, 1.0)).collect();
        for others in &query.others {
            terms.extend(others.iter().map(|(key, quality, _)| (*key, quality * 0.8)));
        }
        let exact = out.len();
        let found = self.gather(&terms);
        let known: Vec<NameId> = out.iter().take(exact).map(|c| c.name).collect();
        for name in found {
            if let Some(candidate) = self.laid(query, name, false) {
                let already = known.contains(&name)
                    && out.iter().any(|c| c.name == name && c.mask & candidate.mask == candidate.mask);
                if !already {
                    out.push(candidate);
                }
            }
        }
        if loose && names.knows_sounds() && query.tones.len() >= 2 {
            let mut terms: Vec<(u64, f32)> = Vec::new();
            for pair in query.tones.windows(2) {
                terms.extend(names.sounding(pair[0].0, pair[1].0).iter().take(64).map(|term| (*term, 1.0)));
            }
            for name in self.gather(&terms) {
                if !out.iter().any(|c| c.name == name && c.cover > 0.99) {
                    out.extend(self.laid(query, name, true));
                }
            }
        }
        if loose && names.knows_sounds() {
            for (i, unit) in units.iter().enumerate() {
                let word = &query.texts[i];
                let letters =
                    word.len() >= 2 && word.len() <= 12 && word.bytes().all(|b| b.is_ascii_lowercase());
                if unit.sort == Sort::Word && letters && !unit.generic {
                    for (name, whole) in names.with_initials(word.as_bytes(), 48) {
                        let count = words::units(names.text(name)).len().max(1) as f32;
                        let cover = if whole { 1.0 } else { (word.len() as f32 / count).min(0.9) };
                        let quality = if word.len() >= 3 { 0.8 } else { 0.55 };
                        out.push(Candidate {
                            name,
                            mask: 1 << i,
                            cover,
                            quality,
                            matched: Matched::Initials,
                        });
                    }
                }
            }
        }
        let worth = |c: &Candidate| self.said(query, c.mask) * c.cover * c.quality;
        out.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.name.cmp(&b.name)));
        out.truncate(CANDIDATES_MAX);
        out
    }

    fn said(&self, query: &Query, mask: u64) -> f32 {
        query.weights.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, w)| w).sum()
    }

    /// Names that hold many of the terms, most first.
    fn gather(&self, terms: &[(u64, f32)]) -> Vec<NameId> {
        let names = &self.store.names;
        let mut lists: Vec<(&[NameId], f32)> = terms
            .iter()
            .map(|(term, quality)| (names.with_term(*term), *quality))
            .filter(|(list, _)| !list.is_empty())
            .collect();
        lists.sort_by_key(|(list, _)| list.len());
        let all = (names.len() as f32 + 2.0).ln();
        let mut scores: KeyMap<u32, f32> = KeyMap::default();
        let mut budget = POSTINGS_MAX;
        for (list, quality) in lists {
            let rare = (all - (list.len() as f32 + 1.0).ln()).max(0.3) * quality;
            let taken = list.len().min(budget.max(400));
            for name in &list[..taken] {
                *scores.entry(*name).or_insert(0.0) += rare;
            }
            budget = budget.saturating_sub(taken);
            if budget == 0 && scores.len() > CANDIDATES_MAX {
                break;
            }
        }
        let mut best: Vec<(f32, NameId)> = scores
            .into_iter()
            .map(|(name, score)| (score - 0.02 * names.text(name).len() as f32, name))
            .collect();
        let order = |a: &(f32, NameId), b: &(f32, NameId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if best.len() > CANDIDATES_MAX {
            best.select_nth_unstable_by(CANDIDATES_MAX, order);
            best.truncate(CANDIDATES_MAX);
        }
        best.sort_by(order);
        best.into_iter().map(|(_, name)| name).collect()
    }

    /// Lays a name against the query: the heaviest common sequence, then words in another order.
    fn laid(&self, query: &Query, name: NameId, by_sound: bool) -> Option<Candidate> {
        let own = words::units(self.store.names.text(name));
        let columns = if by_sound { query.tones.len() } else { query.units.len() };
        let likeness = |i: usize, j: usize| -> (f32, Matched) {
            let unit = &own[i];
            if by_sound {
                let Some((tone, source)) = query.tones.get(j) else { return (0.0, Matched::Sound) };
                if query.units[*source].key == unit.key {
                    return (1.0, Matched::Exact);
                }
                return if names::unit_sound(unit) == Some(*tone) {
                    (0.85, Matched::Sound)
                } else {
                    (0.0, Matched::Sound)
                };
            }
            let said = &query.units[j];
            if said.key == unit.key {
                return (1.0, Matched::Exact);
            }
            if unit.sort != Sort::Word {
                return (0.0, Matched::Exact);
            }
            let other = query.others[j]
                .iter()
                .filter(|(key, ..)| *key == unit.key)
                .max_by(|a, b| a.1.total_cmp(&b.1));
            other.map_or((0.0, Matched::Exact), |(_, quality, why)| (*quality, *why))
        };
        let weights: Vec<f32> = own.iter().map(|u| self.weight(u)).collect();
        let width = columns + 1;
        let mut table = vec![0.0f32; (own.len() + 1) * width];
        for i in (0..own.len()).rev() {
            for j in (0..columns).rev() {
                let skip = table[(i + 1) * width + j].max(table[i * width + j + 1]);
                let (like, _) = likeness(i, j);
                let take = if like > 0.0 { weights[i] * like + table[(i + 1) * width + j + 1] } else { 0.0 };
                table[i * width + j] = skip.max(take);
            }
        }
        let mut pairs: Vec<(usize, usize, f32, Matched)> = Vec::new();
        let (mut i, mut j) = (0, 0);
        while i < own.len() && j < columns {
            let (like, why) = likeness(i, j);
            let here = table[i * width + j];
            if like > 0.0 && (here - (weights[i] * like + table[(i + 1) * width + j + 1])).abs() < 1e-4 {
                pairs.push((i, j, like, why));
                i += 1;
                j += 1;
            } else if table[(i + 1) * width + j] >= table[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        // A character that agrees alone, between others that do not, is chance.
        let letters = own.iter().filter(|u| u.sort != Sort::Word).count();
        if letters > 2 {
            let all = pairs.clone();
            pairs.retain(|(i, j, ..)| {
                own[*i].sort == Sort::Word
                    || all
                        .iter()
                        .any(|(k, l, ..)| (*k + 1 == *i && *l + 1 == *j) || (*i + 1 == *k && *j + 1 == *l))
            });
        }
        if !by_sound {
            for (i, unit) in own.iter().enumerate() {
                if unit.sort == Sort::Word && !unit.generic && !pairs.iter().any(|p| p.0 == i) {
                    let free = |j: &usize| !pairs.iter().any(|p| p.1 == *j);
                    let found = (0..columns)
                        .filter(free)
                        .map(|j| (j, likeness(i, j)))
                        .find(|(_, (like, _))| *like > 0.0);
                    if let Some((j, (like, why))) = found {
                        pairs.push((i, j, like * 0.93, why));
                    }
                }
            }
        }
        if pairs.is_empty() {
            return None;
        }
        let whole: f32 = weights.iter().sum();
        let said: f32 = pairs.iter().map(|p| weights[p.0]).sum();
        let quality: f32 = pairs.iter().map(|p| weights[p.0] * p.2).sum::<f32>() / said.max(0.01);
        let mut matched = pairs.iter().map(|p| p.3).max().unwrap_or(Matched::Exact);
        let missing = own.iter().enumerate().filter(|(i, _)| !pairs.iter().any(|p| p.0 == *i));
        if pairs.len() < own.len() {
            let only_endings = missing.map(|(_, u)| u).all(|u| u.generic);
            matched = matched.max(if only_endings { Matched::Variant } else { Matched::Partial });
        }
        let mask: u64 = if by_sound {
            (0..query.units.len()).fold(0, |mask, unit| {
                let of = query.tones.iter().enumerate().filter(|(_, t)| t.1 == unit);
                let (count, hit) = of.fold((0, 0), |(count, hit), (j, _)| {
                    (count + 1, hit + usize::from(pairs.iter().any(|p| p.1 == j)))
                });
                if hit > 0 && hit * 2 >= count { mask | 1 << unit } else { mask }
            })
        } else {
            pairs.iter().fold(0, |mask, p| mask | 1 << p.1)
        };
        let cover = said / whole.max(0.01);
        // The right words far apart are rarely one name.
        let (low, high) = (mask.trailing_zeros(), 63 - mask.leading_zeros().min(63));
        let spread = (high - low + 1).saturating_sub(mask.count_ones()) as f32;
        let quality = quality * (1.0 - 0.02 * spread.min(10.0));
        (cover >= 0.3 && mask != 0).then_some(Candidate { name, mask, cover, quality, matched })
    }

    // ---- putting an address together --------------------------------------------------------------------------

    fn allowed(&self, record: &Record) -> bool {
        let store = self.store;
        store.valid(record, self.ask.on)
            && self.ask.within.as_deref().is_none_or(|code| in_area(store.area(record), code))
    }

    fn bias(&self, record: &Record) -> f32 {
        let mut bias = 0.02 * f32::from(record.weight) / 255.0;
        if let Some(near) = self.ask.near {
            bias += 0.08 * (-record.at.distance(Spot::of(near)) / 1_500.0).exp() as f32;
        }
        if self.ask.area.as_deref().is_some_and(|code| in_area(self.store.area(record), code)) {
            bias += 0.06;
        }
        bias + match record.kind {
            Kind::Region | Kind::Street => 0.012,
            Kind::Zone | Kind::Door => 0.008,
            Kind::Poi => 0.004,
            Kind::Grid => -0.01,
            Kind::Component => -0.02,
        }
    }

    /// Entries of a name; of many the ones near `anchor`.
    fn users(&self, name: NameId, anchor: Option<Spot>) -> Vec<Slot> {
        let store = self.store;
        let anchor = self.ask.near.map(Spot::of).or(anchor);
        let fits = |slot: &Slot| store.record(*slot).is_some_and(|r| self.allowed(r));
        let mut found: Vec<Slot> = store.names.users(name).take(USERS_SCANNED).filter(fits).collect();
        let many = found.len() >= USERS_SCANNED / 2;
        let distance = |slot: &Slot| match (anchor, store.record(*slot)) {
            (Some(anchor), Some(record)) => record.at.distance(anchor),
            _ => 0.0,
        };
        if let (true, Some(anchor)) = (many, anchor) {
            // More than were looked through: those around the anchor are found on the ground.
            let mut near = 0;
            let mut looked = 0;
            store.ground.outwards(
                anchor,
                |slot| {
                    looked += 1;
                    if store.record(slot).is_some_and(|r| (r.zh == name || r.en == name) && self.allowed(r)) {
                        found.push(slot);
                        near += 1;
                    }
                    if near >= USERS_KEPT || looked > 5_000 { 0.0 } else { 3_000.0 }
                },
                3_000.0,
            );
        }
        if found.len() > USERS_KEPT {
            let wanted = |slot: &Slot| {
                let area = store.record(*slot).map_or("", |r| store.area(r));
                u8::from(!self.ask.area.as_deref().is_some_and(|code| in_area(area, code)))
            };
            found.sort_by(|a, b| {
                wanted(a).cmp(&wanted(b)).then(distance(a).total_cmp(&distance(b))).then(a.cmp(b))
            });
            found.dedup();
            found.truncate(USERS_KEPT);
        }
        found
    }

    fn numbers(&self, query: &Query) -> Vec<Number> {
        const LEADS: [char; 10] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '附', '临', '副'];
        let letter = |i: usize| {
            query.units.get(i).filter(|u| u.sort == Sort::Letter).and_then(|u| char::from_u32(u.key as u32))
        };
        let mut out = Vec::new();
        let mut i = 0;
        while let Some(unit) = query.units.get(i) {
            if unit.sort != Sort::Number {
                i += 1;
                continue;
            }
            let mut text = query.texts[i].clone();
            let (mut first, mut last) = (i, i);
            if query.units.get(i + 1).is_some_and(|u| u.sort == Sort::Number && u.gap == Gap::Hyphen) {
                text = format!("{text}-{}", query.texts[i + 1]);
                last = i + 1;
            } else if letter(i + 1) == Some('之')
                && query.units.get(i + 2).is_some_and(|u| u.sort == Sort::Number)
            {
                text = format!("{text}-{}", query.texts[i + 2]);
                last = i + 2;
            }
            let mut marked = false;
            while let Some(mark) = letter(last + 1) {
                if matches!(mark, '号' | '弄' | '栋' | '幢' | '座' | '楼' | '室' | '单' | '元' | '院' | '层')
                {
                    marked = true;
                    last += 1;
                } else {
                    break;
                }
            }
            if marked {
                if let Some(lead) = letter(last + 1).filter(|c| LEADS.contains(c)) {
                    text.push(lead);
                    last += 1;
                }
                if let Some(lead) = first.checked_sub(1).and_then(letter).filter(|c| LEADS.contains(c)) {
                    text.insert(0, lead);
                    first -= 1;
                }
            } else if let Some(before) = first.checked_sub(1)
                && query.texts[before] == "no"
            {
                first = before;
                marked = true;
            }
            if let Some(door) = DoorNumber::parse(&text) {
                out.push(Number { door, mask: bits(first, last + 1), first, last, marked });
            }
            i = last + 1;
        }
        out
    }

    /// The number that belongs to a street whose name takes the units of `mask`, and the numbers after it that
    /// go on (building, unit, room).
    fn number_of<'n>(&self, query: &Query, mask: u64, numbers: &'n [Number]) -> Option<(&'n Number, u64)> {
        let (low, high) = (mask.trailing_zeros() as usize, 63 - mask.leading_zeros() as usize);
        let free = |n: &&Number| n.mask & mask == 0;
        let plain_between = |from: usize, to: usize| {
            (from..to).all(|i| {
                query.units[i].generic || query.units[i].sort == Sort::Word && query.texts[i].len() <= 2
            })
        };
        let before =
            numbers.iter().rev().filter(free).find(|n| n.last < low && plain_between(n.last + 1, low));
        let after = numbers
            .iter()
            .filter(free)
            .find(|n| n.first > high && (n.marked || plain_between(high + 1, n.first)));
        let is_latin = query.units[low].sort == Sort::Word;
        let chosen = match (before, after) {
            (Some(b), Some(a)) => {
                if is_latin && !a.marked {
                    b
                } else {
                    a
                }
            }
            (b, a) => a.or(if is_latin || b.is_some_and(|b| !b.marked) { b } else { None })?,
        };
        let more = numbers.iter().filter(|n| n.first > chosen.last && n.marked && n.mask & mask == 0);
        Some((chosen, more.fold(0, |mask, n| mask | n.mask)))
    }

    fn compose(&self, parsed: &Parsed) -> Vec<Hit> {
        let (store, query, candidates) = (self.store, &parsed.query, &parsed.candidates);
        let numbers = self.numbers(query);
        // The best street or landmark said in full anchors names that stand everywhere.
        let anchor = candidates
            .iter()
            .filter(|c| c.cover > 0.9)
            .filter_map(|c| {
                let mut users = store.names.users(c.name);
                let (first, more) = (users.next()?, users.nth(3));
                more.is_none().then_some(first)
            })
            .find_map(|slot| store.record(slot).map(|r| r.at));
        let mut aims: Vec<Aim> = Vec::new();
        for (index, candidate) in candidates.iter().enumerate() {
            let users = self.users(candidate.name, anchor);
            let key = self.key(candidate.name);
            let has_street = users.iter().any(|s| store.record(*s).is_some_and(|r| r.kind == Kind::Street));
            aims.extend(users.into_iter().map(|slot| Aim { target: Target::Entry(slot), candidate: index }));
            let doors = store.doors.of(key);
            if let (false, Some((_, middle))) = (has_street, doors.get(doors.len() / 2)) {
                aims.push(Aim { target: Target::Street(key, *middle), candidate: index });
            }
            if aims.len() >= TARGETS_MAX {
                break;
            }
        }
        let mut hits: Vec<Hit> = Vec::new();
        let mut top = 0.0f32;
        let mut placed_names: Vec<(NameId, u64)> = Vec::new();
        for aim in &aims {
            let candidate = &candidates[aim.candidate];
            let (slot, is_street) = match aim.target {
                Target::Entry(slot) => (slot, false),
                Target::Street(_, slot) => (slot, true),
            };
            let Some(record) = store.record(slot) else { continue };
            if is_street && !self.allowed(record) {
                continue;
            }
            let number = self.number_of(query, candidate.mask, &numbers);
            let quality = candidate.quality * (0.4 + 0.6 * candidate.cover);
            // Even with everything else explained it would stay behind.
            if quality < top - 0.25 {
                continue;
            }
            if let Some((number, more)) = number
                && !placed_names.contains(&(candidate.name, candidate.mask))
            {
                placed_names.push((candidate.name, candidate.mask));
                top = top.max(self.at_doors(parsed, aim.candidate, number, more, quality, &mut hits));
            }
            if self.ask.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&record.kind) && !is_street) {
                continue;
            }
            let as_street = is_street || record.kind == Kind::Street;
            let explained = self.with_context(parsed, record, candidate.mask, as_street);
            let score = quality * self.coverage(query, explained);
            top = top.max(score);
            let placed = match record.kind {
                _ if is_street => Placed::StreetMiddle,
                Kind::Street => Placed::StreetMiddle,
                Kind::Region | Kind::Zone => Placed::AreaMiddle,
                _ => Placed::Entry,
            };
            let accuracy_m = match record.kind {
                Kind::Street => self.half_length(record),
                Kind::Region => 2_000.0,
                Kind::Zone => 200.0,
                Kind::Grid => 70.0,
                _ if is_street => 300.0,
                _ => 15.0,
            };
            hits.push(Hit {
                spot: record.at,
                score,
                rank: score + self.bias(record),
                matched: candidate.matched,
                placed,
                slot: Some(slot),
                other: None,
                door: None,
                accuracy_m,
            });
        }
        hits
    }

    fn at_doors(
        &self,
        parsed: &Parsed,
        index: usize,
        number: &Number,
        more: u64,
        quality: f32,
        hits: &mut Vec<Hit>,
    ) -> f32 {
        let mut top = 0.0f32;
        if self.ask.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&Kind::Door)) {
            return top;
        }
        let store = self.store;
        let candidate = &parsed.candidates[index];
        let key = self.key(candidate.name);
        for place in doors::place(store, key, &number.door, |record| self.allowed(record)) {
            let Some(record) = store.record(place.door) else { continue };
            // What follows the number (building, room) is not in the store; the door is still right.
            let mask = candidate.mask | number.mask | more;
            let explained = self.with_context(parsed, record, mask, false);
            let score = quality * self.coverage(&parsed.query, explained) * place.trust;
            top = top.max(score);
            let placed = match place.placing {
                Placing::Known => Placed::Door,
                Placing::Between => Placed::Interpolated,
                Placing::Nearest => Placed::NearestDoor,
            };
            hits.push(Hit {
                spot: place.spot,
                score,
                rank: score + self.bias(record),
                matched: candidate.matched,
                placed,
                slot: Some(place.door),
                other: None,
                door: Some(number.door.to_string()),
                accuracy_m: place.accuracy_m,
            });
        }
        top
    }

    fn half_length(&self, record: &Record) -> f64 {
        let lines = self.store.street_lines(record);
        lines.map(ground::line_length).sum::<f64>().clamp(30.0, 20_000.0) / 2.0
    }

    fn coverage(&self, query: &Query, explained: u64) -> f32 {
        (self.said(query, explained) / query.total.max(0.01)).clamp(0.0, 1.0).powf(1.25)
    }

    fn key(&self, name: NameId) -> u64 {
        words::name_key(&words::units(self.store.names.text(name)))
    }

    /// Adds what other names explain, where they agree with the place of `record`.
    fn with_context(&self, parsed: &Parsed, record: &Record, mask: u64, is_street: bool) -> u64 {
        let all = bits(0, parsed.query.units.len());
        let mut explained = mask;
        for (other, slots) in &parsed.contexts {
            if explained == all {
                break;
            }
            let agrees = |slot: &Slot| {
                // Two streets are a crossing, not one street beside another.
                let context = self.store.record(*slot).filter(|c| !(is_street && c.kind == Kind::Street));
                context.is_some_and(|context| self.agrees(context, record))
            };
            if other & explained == 0 && slots.iter().any(agrees) {
                explained |= other;
            }
        }
        explained
    }

    fn agrees(&self, context: &Record, record: &Record) -> bool {
        let store = self.store;
        match context.kind {
            Kind::Region => {
                let (code, own) = (store.area(context), store.area(record));
                if !code.is_empty() && !own.is_empty() && in_area(own, code) {
                    return true;
                }
                match store.form(context).filter(|f| f.is_area) {
                    Some(form) => ground::contains(store.lines(form), record.at),
                    None => own.is_empty() && context.at.distance(record.at) < 15_000.0,
                }
            }
            Kind::Street => {
                let reach = 250.0;
                ground::foot(store.street_lines(context), record.at).is_some_and(|f| f.distance < reach)
            }
            Kind::Grid | Kind::Component => context.at.distance(record.at) < 300.0,
            Kind::Zone | Kind::Poi | Kind::Door => {
                let inside = store.form(context).filter(|f| f.is_area);
                context.at.distance(record.at) < 600.0
                    || inside.is_some_and(|form| ground::contains(store.lines(form), record.at))
            }
        }
    }

    // ---- crossings -------------------------------------------------------------------------------------------

    /// Streets a text may mean, with the score of each.
    fn streets(&self, text: &str, loose: bool) -> Vec<(Target, f32, Matched, u64)> {
        let Some(parsed) = self.parse(text, loose) else { return Vec::new() };
        let mut found = self.street_aims(&parsed);
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut kept: Vec<(Target, f32, Matched, u64)> = Vec::new();
        for item in found {
            if kept.len() < 12 && item.1 > 0.3 && !kept.iter().any(|k| k.0 == item.0) {
                kept.push(item);
            }
        }
        kept
    }

    fn street_aims(&self, parsed: &Parsed) -> Vec<(Target, f32, Matched, u64)> {
        let (store, query) = (self.store, &parsed.query);
        let mut out = Vec::new();
        let mut top = 0.0f32;
        for candidate in &parsed.candidates {
            let quality = candidate.quality * (0.4 + 0.6 * candidate.cover);
            if quality < top - 0.3 || quality < 0.35 {
                continue;
            }
            let mut has_street = false;
            for slot in store.names.users(candidate.name).take(200) {
                let Some(record) = store.record(slot).filter(|r| r.kind == Kind::Street && self.allowed(r))
                else {
                    continue;
                };
                has_street = true;
                let score =
                    quality * self.coverage(query, self.with_context(parsed, record, candidate.mask, true));
                top = top.max(score);
                out.push((Target::Entry(slot), score, candidate.matched, candidate.mask));
            }
            let key = self.key(candidate.name);
            let doors = store.doors.of(key);
            let middle = doors.get(doors.len() / 2).map(|d| d.1);
            let record = middle.and_then(|d| store.record(d)).filter(|r| self.allowed(r));
            if let (Some(middle), Some(record)) = (middle, record) {
                // Where the line of a street is known, the one drawn through its doors is only a second guess.
                let guess = if has_street { 0.93 } else { 0.98 };
                let score = quality
                    * self.coverage(query, self.with_context(parsed, record, candidate.mask, true))
                    * guess;
                out.push((Target::Street(key, middle), score, candidate.matched, candidate.mask));
            }
        }
        out
    }

    /// Lines of a street, drawn through its doors in the order of their numbers where nothing better is known.
    fn lines(&self, target: Target) -> Vec<Vec<Spot>> {
        let store = self.store;
        match target {
            Target::Entry(slot) => store
                .record(slot)
                .map(|r| store.street_lines(r).map(<[Spot]>::to_vec).collect())
                .unwrap_or_default(),
            Target::Street(key, _) => {
                let mut open: Vec<(u32, Vec<Spot>)> = Vec::new();
                for (number, slot) in store.doors.of(key).iter().take(1_000) {
                    let Some(record) = store.record(*slot).filter(|r| self.allowed(r)) else { continue };
                    let fits = open.iter_mut().rev().take(12).find(|(last, line)| {
                        let steps = f64::from(number.saturating_sub(*last));
                        line.last()
                            .is_some_and(|end| end.distance(record.at) <= 80.0 + 12.0 * steps.min(40.0))
                    });
                    match fits {
                        Some((last, line)) => {
                            *last = *number;
                            line.push(record.at);
                        }
                        None => open.push((*number, vec![record.at])),
                    }
                }
                open.into_iter()
                    .map(|(_, mut line)| {
                        if let [only] = line[..] {
                            line.push(only);
                        }
                        line
                    })
                    .collect()
            }
        }
    }

    /// By known lines, and if these do not meet by lines drawn through doors.
    fn crossing_of(&self, a: &str, b: &str, loose: bool) -> Vec<Hit> {
        let (a, b) = (self.streets(a, loose), self.streets(b, loose));
        let drawn = |all: &[(Target, f32, Matched, u64)]| -> Vec<(Target, f32, Matched, u64)> {
            all.iter().filter(|s| matches!(s.0, Target::Entry(_))).copied().collect()
        };
        let hits = self.crossing(&drawn(&a), &drawn(&b));
        if best(&hits) >= 0.6 {
            return hits;
        }
        let hits = self.crossing(&a, &b);
        let known = |streets: &[(Target, f32, Matched, u64)]| streets.first().is_some_and(|s| s.1 > 0.95);
        if hits.is_empty() && known(&a) && known(&b) {
            self.apart.set(true);
        }
        hits
    }

    fn crossing(&self, a: &[(Target, f32, Matched, u64)], b: &[(Target, f32, Matched, u64)]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let lines_b: Vec<Vec<Vec<Spot>>> = b.iter().map(|s| self.lines(s.0)).collect();
        let mut top = 0.0f32;
        for street in a {
            let own = self.lines(street.0);
            for (other, lines) in b.iter().zip(&lines_b) {
                let score = 0.5 * (street.1 + other.1).min(2.0) * 0.5 + 0.5 * street.1.min(other.1);
                if score < 0.35 || score < top - 0.25 || street.0 == other.0 {
                    continue;
                }
                let met = self.meetings(street, other, &own, lines, score);
                top = top.max(best(&met));
                hits.extend(met);
            }
        }
        hits
    }

    fn meetings(
        &self,
        a: &(Target, f32, Matched, u64),
        b: &(Target, f32, Matched, u64),
        lines_a: &[Vec<Spot>],
        lines_b: &[Vec<Spot>],
        score: f32,
    ) -> Vec<Hit> {
        let drawn = matches!(a.0, Target::Street(..)) || matches!(b.0, Target::Street(..));
        let gap_m = if drawn { 110.0 } else { 45.0 };
        let slot_of = |target| match target {
            Target::Entry(slot) | Target::Street(_, slot) => slot,
        };
        let (slot, other) = (slot_of(a.0), slot_of(b.0));
        let met =
            ground::crossings(lines_a.iter().map(Vec::as_slice), lines_b.iter().map(Vec::as_slice), gap_m);
        let bias = |spot: Spot, record: &Record| self.bias(&Record { at: spot, ..*record });
        met.into_iter()
            .filter_map(|(spot, gap)| {
                let record = self.store.record(slot)?;
                let score = score * (1.0 - 0.2 * (gap / 110.0) as f32);
                Some(Hit {
                    spot,
                    score,
                    rank: score + bias(spot, record) + 0.01,
                    matched: a.2.max(b.2),
                    placed: Placed::Crossing,
                    slot: Some(slot),
                    other: Some(other),
                    door: None,
                    accuracy_m: if drawn { 30.0 + gap / 2.0 } else { 12.0 + gap / 2.0 },
                })
            })
            .collect()
    }

    fn crossing_within(&self, text: &str, loose: bool) -> Vec<Hit> {
        let Some(parsed) = self.parse(text, loose) else { return Vec::new() };
        let (query, candidates) = (&parsed.query, &parsed.candidates);
        let mut streets: Vec<(Target, f32, Matched, u64)> = Vec::new();
        for candidate in candidates {
            let quality = candidate.quality * (0.4 + 0.6 * candidate.cover);
            let records = self.store.names.users(candidate.name).take(60);
            let own = records
                .filter(|s| self.store.record(*s).is_some_and(|r| r.kind == Kind::Street && self.allowed(r)));
            streets.extend(own.map(|slot| (Target::Entry(slot), quality, candidate.matched, candidate.mask)));
        }
        streets.sort_by(|a, b| (b.1 * self.said(query, b.3)).total_cmp(&(a.1 * self.said(query, a.3))));
        streets.truncate(24);
        let mut hits = Vec::new();
        for (i, a) in streets.iter().enumerate() {
            let lines_a = self.lines(a.0);
            for b in streets.iter().skip(i + 1).filter(|b| b.3 & a.3 == 0) {
                let score = a.1.min(b.1) * self.coverage(query, a.3 | b.3);
                if score >= 0.4 {
                    // The street said first is named first.
                    let lines_b = self.lines(b.0);
                    hits.extend(if a.3.trailing_zeros() < b.3.trailing_zeros() {
                        self.meetings(a, b, &lines_a, &lines_b, score)
                    } else {
                        self.meetings(b, a, &lines_b, &lines_a, score)
                    });
                }
            }
        }
        hits
    }

    fn between(&self, on: &str, a: &str, b: &str, loose: bool) -> Vec<Hit> {
        let street = self.streets(on, loose);
        let first = self.crossing(&street, &self.streets(a, loose));
        let second = self.crossing(&street, &self.streets(b, loose));
        let mut hits = Vec::new();
        for x in &first {
            for y in second.iter().filter(|y| y.slot == x.slot) {
                let apart = x.spot.distance(y.spot);
                if apart < 3_000.0 {
                    let score = x.score.min(y.score) * (1.0 - (apart / 20_000.0) as f32);
                    hits.push(Hit {
                        spot: x.spot.between(y.spot, 0.5),
                        score,
                        rank: score + 0.01,
                        matched: x.matched.max(y.matched),
                        placed: Placed::Between,
                        slot: x.slot,
                        other: None,
                        door: None,
                        accuracy_m: apart / 2.0 + 15.0,
                    });
                }
            }
        }
        hits
    }

    // ---- words run together or torn apart ----------------------------------------------------------------------

    /// `backbay` → `back bay`, `water town` → `watertown`, where the index knows the words that result.
    fn respelled(&self, text: &str) -> Vec<String> {
        let names = &self.store.names;
        let words: Vec<&str> = text.split(' ').collect();
        let key = |word: &str| words::units(word).first().map(|u| u.key);
        let known = |word: &str| key(word).is_some_and(|k| !names.with_term(k).is_empty());
        let mut out = Vec::new();
        for (i, word) in words.iter().enumerate() {
            let plain = word.len() >= 6 && word.bytes().all(|b| b.is_ascii_lowercase());
            if plain {
                let cut = (3..=word.len() - 3).find(|at| known(&word[..*at]) && known(&word[*at..]));
                if let Some(at) = cut {
                    let mut changed: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
                    changed[i] = format!("{} {}", &word[..at], &word[at..]);
                    out.push(changed.join(" "));
                }
            }
            if let Some(next) = words.get(i + 1) {
                let joined = format!("{word}{next}");
                if joined.bytes().all(|b| b.is_ascii_lowercase()) && known(&joined) {
                    let mut changed: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
                    changed[i] = joined;
                    changed.remove(i + 1);
                    out.push(changed.join(" "));
                }
            }
        }
        out.truncate(2);
        out
    }
}

fn best(hits: &[Hit]) -> f32 {
    hits.iter().map(|h| h.score).fold(0.0, f32::max)
}

fn scaled(hit: Hit, factor: f32, matched: Option<Matched>) -> Hit {
    Hit {
        score: hit.score * factor,
        rank: hit.rank * factor,
        matched: matched.map_or(hit.matched, |m| m.max(hit.matched)),
        ..hit
    }
}

/// Whether a code lies in an area: codes of higher divisions end in zeros up to six digits.
pub fn in_area(code: &str, area: &str) -> bool {
    let stem = if area.len() == 6 {
        area.strip_suffix("0000").or(area.strip_suffix("00")).unwrap_or(area)
    } else {
        area
    };
    !area.is_empty() && code.starts_with(stem)
}

/// The name of an entry in both languages; one stands in for the other.
pub fn name_of(store: &Store, record: &Record) -> (String, String) {
    let text = |id: NameId| if id == NO_NAME { "" } else { store.names.text(id) };
    let (zh, en) = (text(record.zh), text(record.en));
    (if zh.is_empty() { en } else { zh }.to_owned(), if en.is_empty() { zh } else { en }.to_owned())
}
