//! The store as bytes, for a start without reading a million rows: the entries and the indexes that take long to
//! make. An image is a cache. One that is damaged or of another make is refused, and the store is made from the rows.

use super::names::{List, Names, Texts, Vocabulary};
use super::store::{Form, Part, Pool, Record, Store};
use super::{Geocoder, Kind};
use crate::geocode::ground::Spot;

const MAGIC: &[u8; 8] = b"ywgeoc01";

/// Why bytes are not an image of a geocoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    #[error("the image of the geocoder is of another make")]
    OtherMake,
    #[error("the image of the geocoder is damaged")]
    Damaged,
}

pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub fn u8(&mut self, v: u8) {
        self.0.push(v);
    }
    pub fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn count(&mut self, v: usize) {
        self.u64(v as u64);
    }
    pub fn text(&mut self, v: &str) {
        self.count(v.len());
        self.0.extend_from_slice(v.as_bytes());
    }
    pub fn u32s(&mut self, all: &[u32]) {
        self.count(all.len());
        for v in all {
            self.u32(*v);
        }
    }
    pub fn spot(&mut self, s: Spot) {
        self.u32(s.x.cast_unsigned());
        self.u32(s.y.cast_unsigned());
    }
}

pub(super) struct Reader<'a>(&'a [u8]);

type Read<T> = Result<T, ImageFault>;

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Read<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(ImageFault::Damaged)?;
        self.0 = tail;
        Ok(head)
    }
    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.take(1)?[0])
    }
    pub fn u32(&mut self) -> Read<u32> {
        let bytes = self.take(4)?.try_into().map_err(|_| ImageFault::Damaged)?;
        Ok(u32::from_le_bytes(bytes))
    }
    pub fn u64(&mut self) -> Read<u64> {
        let bytes = self.take(8)?.try_into().map_err(|_| ImageFault::Damaged)?;
        Ok(u64::from_le_bytes(bytes))
    }
    /// A count of things of at least `size` bytes each: never more than the bytes that are left can hold.
    pub fn count(&mut self, size: usize) -> Read<usize> {
        let count = usize::try_from(self.u64()?).map_err(|_| ImageFault::Damaged)?;
        if count.checked_mul(size).is_none_or(|bytes| bytes > self.0.len()) {
            return Err(ImageFault::Damaged);
        }
        Ok(count)
    }
    pub fn text(&mut self) -> Read<String> {
        let count = self.count(1)?;
        String::from_utf8(self.take(count)?.to_vec()).map_err(|_| ImageFault::Damaged)
    }
    pub fn u32s(&mut self) -> Read<Vec<u32>> {
        let count = self.count(4)?;
        (0..count).map(|_| self.u32()).collect()
    }
    pub fn spot(&mut self) -> Read<Spot> {
        let spot = Spot { x: self.u32()?.cast_signed(), y: self.u32()?.cast_signed() };
        let ok = spot.x.abs_diff(0) <= 1_800_000_000 && spot.y.abs_diff(0) <= 900_000_000;
        ok.then_some(spot).ok_or(ImageFault::Damaged)
    }
}

impl Geocoder {
    /// The store as bytes. The same store gives the same bytes; entries that were taken out are still in them.
    #[must_use]
    pub fn to_image(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(self.store.memory()));
        write_store(&self.store, &mut out);
        let body = out.0;
        let mut image = Vec::with_capacity(body.len() + 12);
        image.extend_from_slice(MAGIC);
        image.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        image.extend_from_slice(&body);
        image
    }

    /// The store of an image.
    pub fn from_image(image: &[u8]) -> Result<Self, ImageFault> {
        let body = image.strip_prefix(MAGIC).ok_or(ImageFault::OtherMake)?;
        let (sum, body) = body.split_at_checked(4).ok_or(ImageFault::Damaged)?;
        if crc32fast::hash(body).to_le_bytes() != sum {
            return Err(ImageFault::Damaged);
        }
        let mut reader = Reader(body);
        let store = read_store(&mut reader)?;
        if !reader.0.is_empty() {
            return Err(ImageFault::Damaged);
        }
        Ok(Self { store })
    }
}

fn write_texts(texts: &Texts, out: &mut Writer) {
    out.text(&texts.bytes);
    out.u32s(&texts.ends);
}

fn read_texts(from: &mut Reader) -> Read<Texts> {
    let texts = Texts { bytes: from.text()?, ends: from.u32s()? };
    let rising = texts.ends.windows(2).all(|w| w[0] <= w[1]);
    let inside = texts.ends.iter().all(|e| texts.bytes.is_char_boundary(*e as usize));
    (rising && inside).then_some(texts).ok_or(ImageFault::Damaged)
}

fn write_pool(pool: &Pool, out: &mut Writer) {
    out.count(pool.texts.len());
    for text in &pool.texts {
        out.text(text);
    }
}

fn read_pool(from: &mut Reader) -> Read<Pool> {
    let mut pool = Pool::default();
    for _ in 0..from.count(8)? {
        let text = from.text()?;
        pool.intern(&text);
    }
    Ok(pool)
}

fn write_store(store: &Store, out: &mut Writer) {
    out.count(store.records.len());
    for r in &store.records {
        out.spot(r.at);
        for v in [r.zh, r.en, r.area, r.shape, r.number, r.period] {
            out.u32(v);
        }
        out.u32(u32::from(r.tail) << 16 | u32::from(r.source));
        let kind = Kind::ALL.iter().position(|k| *k == r.kind).unwrap_or(0) as u8;
        out.u8(kind << 1 | u8::from(r.live));
        out.u8(r.weight);
    }
    write_texts(&store.ids, out);
    for pool in [&store.areas, &store.sources, &store.tails] {
        write_pool(pool, out);
    }
    out.count(store.periods.len());
    for (from, until) in &store.periods {
        out.u64(from.cast_unsigned());
        out.u64(until.cast_unsigned());
    }
    out.count(store.forms.len());
    for form in &store.forms {
        out.u32(form.first);
        out.u32(form.end);
        out.u8(u8::from(form.is_area));
    }
    out.count(store.parts.len());
    for part in &store.parts {
        out.u32(part.first);
        out.u32(part.end);
    }
    out.count(store.vertices.len());
    for spot in &store.vertices {
        out.spot(*spot);
    }
    let mut aliases: Vec<_> = store.aliases.iter().collect();
    aliases.sort_unstable();
    out.count(aliases.len());
    for (slot, names) in aliases {
        out.u32(*slot);
        out.u32s(names);
    }
    write_names(&store.names, out);
}

fn read_store(from: &mut Reader) -> Read<Store> {
    let mut store = Store::default();
    let count = from.count(38)?;
    store.records.reserve_exact(count);
    for _ in 0..count {
        let at = from.spot()?;
        let (zh, en, area, shape, number, period) =
            (from.u32()?, from.u32()?, from.u32()?, from.u32()?, from.u32()?, from.u32()?);
        let (both, flags, weight) = (from.u32()?, from.u8()?, from.u8()?);
        let kind = *Kind::ALL.get(usize::from(flags >> 1)).ok_or(ImageFault::Damaged)?;
        let (tail, source) = ((both >> 16) as u16, both as u16);
        store.records.push(Record {
            at,
            zh,
            en,
            area,
            shape,
            number,
            tail,
            source,
            period,
            kind,
            weight,
            live: flags & 1 == 1,
        });
    }
    store.ids = read_texts(from)?;
    (store.areas, store.sources, store.tails) = (read_pool(from)?, read_pool(from)?, read_pool(from)?);
    for _ in 0..from.count(16)? {
        let period = (from.u64()?.cast_signed(), from.u64()?.cast_signed());
        store.keep_period(period);
    }
    for _ in 0..from.count(9)? {
        store.forms.push(Form { first: from.u32()?, end: from.u32()?, is_area: from.u8()? == 1 });
    }
    for _ in 0..from.count(8)? {
        store.parts.push(Part { first: from.u32()?, end: from.u32()? });
    }
    for _ in 0..from.count(8)? {
        store.vertices.push(from.spot()?);
    }
    for _ in 0..from.count(12)? {
        let slot = from.u32()?;
        store.aliases.insert(slot, from.u32s()?);
    }
    store.names = read_names(from)?;
    // Indexes that are made quickly from the rest.
    if store.ids.len() != store.records.len() || !store.rebuild() {
        return Err(ImageFault::Damaged);
    }
    Ok(store)
}

fn write_names(names: &Names, out: &mut Writer) {
    write_texts(&names.texts, out);
    out.u32s(&names.keys);
    out.u32s(&names.heads);
    out.count(names.uses.len());
    for (entry, next) in &names.uses {
        out.u32(*entry);
        out.u32(*next);
    }
    let mut terms: Vec<_> = names.terms.iter().collect();
    terms.sort_unstable_by_key(|(term, _)| **term);
    out.count(terms.len());
    for (term, list) in terms {
        out.u64(*term);
        out.u32(list.as_slice().len() as u32);
        for name in list.as_slice() {
            out.u32(*name);
        }
    }
    let mut sounds: Vec<_> = names.sounds.iter().collect();
    sounds.sort_unstable_by_key(|(sound, _)| **sound);
    out.count(sounds.len());
    for (sound, terms) in sounds {
        out.u64(*sound);
        out.u32(terms.len() as u32);
        for term in terms {
            out.u64(*term);
        }
    }
    out.count(names.initials.len());
    for (packed, name) in &names.initials {
        out.u64(*packed);
        out.u32(*name);
    }
    write_texts(&names.vocabulary.texts, out);
    out.u32s(&names.vocabulary.order);
}

fn read_names(from: &mut Reader) -> Read<Names> {
    let mut names = Names::default();
    (names.texts, names.keys, names.heads) = (read_texts(from)?, from.u32s()?, from.u32s()?);
    if names.keys.len() != names.texts.len() || names.heads.len() != names.texts.len() {
        return Err(ImageFault::Damaged);
    }
    for _ in 0..from.count(8)? {
        let (entry, next) = (from.u32()?, from.u32()?);
        // A use points at an older one, so that a list ends.
        if next != u32::MAX && next as usize >= names.uses.len() {
            return Err(ImageFault::Damaged);
        }
        names.uses.push((entry, next));
    }
    let count = from.count(16)?;
    names.terms.reserve(count);
    for _ in 0..count {
        let (term, many) = (from.u64()?, from.u32()?);
        let list = match many {
            1 => List::One(from.u32()?),
            many => List::Many((0..many).map(|_| from.u32()).collect::<Read<_>>()?),
        };
        names.terms.insert(term, list);
    }
    for _ in 0..from.count(12)? {
        let (sound, many) = (from.u64()?, from.u32()?);
        names.sounds.insert(sound, (0..many).map(|_| from.u64()).collect::<Read<_>>()?);
    }
    let count = from.count(12)?;
    names.initials = (0..count).map(|_| Ok((from.u64()?, from.u32()?))).collect::<Read<_>>()?;
    names.vocabulary = Vocabulary::of(read_texts(from)?, from.u32s()?);
    Ok(names)
}
