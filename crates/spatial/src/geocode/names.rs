//! The names of all entries, each text once, and the ways to find them: by the whole name, by pairs of characters
//! and words, by sound, by initials, and by words nearly spelled.

use super::sound;
use super::words::{self, KeyMap, Sort, Unit};
use hashbrown::HashTable;

pub type NameId = u32;
pub const NO_NAME: NameId = u32::MAX;

/// Entries of a list, without an allocation for the many lists of one.
#[derive(Debug, Clone)]
pub enum List {
    One(u32),
    Many(Vec<u32>),
}

impl List {
    pub fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Many(all) => all,
        }
    }

    pub fn push(&mut self, value: u32) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, value]),
            Self::Many(all) => all.push(value),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Many(all) => all.capacity() * 4 + 16,
        }
    }
}

/// Texts one after another.
#[derive(Debug, Default)]
pub struct Texts {
    pub bytes: String,
    pub ends: Vec<u32>,
}

impl Texts {
    pub fn push(&mut self, text: &str) -> u32 {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u32);
        (self.ends.len() - 1) as u32
    }

    pub fn get(&self, index: u32) -> &str {
        let index = index as usize;
        let from = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        self.ends.get(index).and_then(|to| self.bytes.get(from as usize..*to as usize)).unwrap_or("")
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }
}

/// Words of Latin letters that occur in names.
#[derive(Debug, Default)]
pub struct Vocabulary {
    pub texts: Texts,
    /// Which letters a word has: most words are told apart by this alone.
    masks: Vec<u32>,
    /// Sorted by text.
    pub order: Vec<u32>,
}

fn letter_mask(word: &str) -> u32 {
    word.bytes().fold(0, |mask, b| match b {
        b'a'..=b'z' => mask | 1 << (b - b'a'),
        b'0'..=b'9' => mask | 1 << 26,
        _ => mask | 1 << 27,
    })
}

impl Vocabulary {
    pub fn of(texts: Texts, order: Vec<u32>) -> Self {
        let masks = (0..texts.len()).map(|w| letter_mask(texts.get(w as u32))).collect();
        Self { texts, masks, order }
    }

    fn push(&mut self, word: &str, settled: bool) {
        let id = self.texts.push(word);
        self.masks.push(letter_mask(word));
        if settled {
            let at = self.order.partition_point(|other| self.texts.get(*other) < word);
            self.order.insert(at, id);
        } else {
            self.order.push(id);
        }
    }

    fn settle(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable_by(|a, b| self.texts.get(*a).cmp(self.texts.get(*b)));
        order.shrink_to_fit();
        self.order = order;
    }

    /// Words that begin with `start`, at most `limit`.
    pub fn with_start<'a>(&'a self, start: &'a str, limit: usize) -> impl Iterator<Item = &'a str> {
        let from = self.order.partition_point(|w| self.texts.get(*w) < start);
        let rest = self.order.get(from..).unwrap_or(&[]);
        rest.iter().map(|w| self.texts.get(*w)).take_while(move |w| w.starts_with(start)).take(limit)
    }

    /// Words within `most` edits (a letter left out, put in, changed, or two neighbours swapped).
    pub fn like(&self, word: &str, most: usize, mut each: impl FnMut(&str, usize)) {
        let mask = letter_mask(word);
        let len = word.len();
        for (id, other_mask) in self.masks.iter().enumerate() {
            // One edit takes at most one letter away and brings at most one in.
            if (mask & !other_mask).count_ones() as usize > most
                || (other_mask & !mask).count_ones() as usize > most
            {
                continue;
            }
            let other = self.texts.get(id as u32);
            if other.len().abs_diff(len) <= most
                && let Some(edits) = edits_within(word.as_bytes(), other.as_bytes(), most)
            {
                each(other, edits);
            }
        }
    }

    fn memory(&self) -> usize {
        self.texts.memory() + self.masks.capacity() * 4 + self.order.capacity() * 4
    }
}

/// Edits between two words if there are at most `most`; a swap of neighbours is one edit.
pub fn edits_within(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    const LONGEST: usize = 40;
    if a.len() > LONGEST || b.len() > LONGEST || a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before = [0usize; LONGEST + 1];
    let mut last: [usize; LONGEST + 1] = std::array::from_fn(|j| j);
    let mut row = [0usize; LONGEST + 1];
    for i in 1..=a.len() {
        row[0] = i;
        let mut least = i;
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut cost = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row[j] = cost;
            least = least.min(cost);
        }
        if least > most {
            return None;
        }
        before = last;
        last = row;
    }
    (last[b.len()] <= most).then_some(last[b.len()])
}

#[derive(Debug, Default)]
pub struct Names {
    pub texts: Texts,
    /// Canonical key of each name, halved; equal for names that differ only in written form.
    pub keys: Vec<u32>,
    by_key: HashTable<NameId>,
    /// Lists of the entries that bear a name: newest first, `uses[i]` = entry and the next use.
    pub heads: Vec<u32>,
    pub uses: Vec<(u32, u32)>,
    pub terms: KeyMap<u64, List>,
    /// Pairs of sounds → the pairs of characters that sound so.
    pub sounds: KeyMap<u64, Vec<u64>>,
    /// Packed initials and name, sorted.
    pub initials: Vec<(u64, NameId)>,
    pub vocabulary: Vocabulary,
    settled: bool,
    /// During a load: names by the hash of their text, so that a text seen before is not read again.
    seen: KeyMap<u64, NameId>,
}

const fn spread(key: u32) -> u64 {
    (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn half(key: u64) -> u32 {
    (key >> 32) as u32 ^ key as u32
}

impl Names {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn text(&self, name: NameId) -> &str {
        if name == NO_NAME { "" } else { self.texts.get(name) }
    }

    /// The name of this exact text, made if it is new.
    pub fn intern(&mut self, text: &str) -> NameId {
        if self.settled {
            return self.intern_read(text);
        }
        let hash = words::text_hash(text);
        if let Some(name) = self.seen.get(&hash).copied().filter(|n| self.text(*n) == text) {
            return name;
        }
        let name = self.intern_read(text);
        self.seen.insert(hash, name);
        name
    }

    fn intern_read(&mut self, text: &str) -> NameId {
        let units = words::units(text);
        let key = half(words::name_key(&units));
        let found = self.by_key.iter_hash(spread(key)).copied();
        for name in found {
            if self.text(name) == text {
                return name;
            }
        }
        let name = self.texts.push(text);
        self.keys.push(key);
        self.heads.push(u32::MAX);
        let keys = &self.keys;
        self.by_key.insert_unique(spread(key), name, |n| spread(keys.get(*n as usize).copied().unwrap_or(0)));
        self.index(name, text, &units);
        name
    }

    /// After an image was read: the table of keys, which is not in it.
    pub fn index_keys(&mut self) {
        let keys = &self.keys;
        self.by_key = HashTable::with_capacity(keys.len());
        for (name, key) in keys.iter().enumerate() {
            let hasher = |n: &NameId| spread(keys.get(*n as usize).copied().unwrap_or(0));
            self.by_key.insert_unique(spread(*key), name as NameId, hasher);
        }
        self.settled = true;
    }

    fn index(&mut self, name: NameId, text: &str, units: &[Unit]) {
        for (term, pair) in terms(units) {
            match self.terms.get_mut(&term) {
                Some(list) => {
                    if list.as_slice().last() != Some(&name) {
                        list.push(name);
                    }
                }
                None => {
                    self.terms.insert(term, List::One(name));
                    if pair && let Some(sounds) = pair_sound(term) {
                        self.sounds.entry(sounds).or_default().push(term);
                    }
                }
            }
        }
        if units.iter().any(|u| u.sort == Sort::Word) {
            let mut fresh: Vec<String> = Vec::new();
            words::scan(text, |unit, word| {
                let only_use =
                    || self.terms.get(&unit.key).is_some_and(|l| matches!(l, List::One(n) if *n == name));
                if unit.sort == Sort::Word
                    && word.len() >= 2
                    && only_use()
                    && !fresh.iter().any(|w| w == word)
                {
                    fresh.push(word.to_owned());
                }
            });
            for word in fresh {
                self.vocabulary.push(&word, self.settled);
            }
        }
        if let Some(packed) = initials_of(units) {
            let item = (packed, name);
            if self.settled {
                let at = self.initials.partition_point(|other| *other < item);
                self.initials.insert(at, item);
            } else {
                self.initials.push(item);
            }
        }
    }

    /// After a load of many names: sorts what single insertions keep sorted.
    pub fn settle(&mut self) {
        self.vocabulary.settle();
        self.initials.sort_unstable();
        self.initials.shrink_to_fit();
        for list in self.terms.values_mut() {
            if let List::Many(all) = list {
                all.shrink_to_fit();
            }
        }
        self.keys.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.uses.shrink_to_fit();
        self.texts.bytes.shrink_to_fit();
        self.texts.ends.shrink_to_fit();
        self.seen = KeyMap::default();
        self.settled = true;
    }

    pub fn unsettle(&mut self) {
        self.settled = false;
    }

    pub fn add_use(&mut self, name: NameId, entry: u32) {
        if let Some(head) = self.heads.get_mut(name as usize) {
            self.uses.push((entry, *head));
            *head = (self.uses.len() - 1) as u32;
        }
    }

    pub fn drop_use(&mut self, name: NameId, entry: u32) {
        let Some(mut at) = self.heads.get(name as usize).copied() else { return };
        let mut before = None;
        while let Some((user, next)) = self.uses.get(at as usize).copied() {
            if user == entry {
                match before {
                    None => self.heads[name as usize] = next,
                    Some(before) => self.uses[before as usize].1 = next,
                }
                return;
            }
            before = Some(at);
            at = next;
        }
    }

    /// Entries that bear a name.
    pub fn users(&self, name: NameId) -> impl Iterator<Item = u32> {
        let mut at = self.heads.get(name as usize).copied().unwrap_or(u32::MAX);
        std::iter::from_fn(move || {
            let (entry, next) = self.uses.get(at as usize).copied()?;
            at = next;
            Some(entry)
        })
    }

    /// Names whose canonical key is this one. A chance clash is possible: compare the units.
    pub fn with_key(&self, key: u64) -> impl Iterator<Item = NameId> {
        let key = half(key);
        self.by_key.iter_hash(spread(key)).copied().filter(move |n| self.keys.get(*n as usize) == Some(&key))
    }

    pub fn with_term(&self, term: u64) -> &[NameId] {
        self.terms.get(&term).map_or(&[], List::as_slice)
    }

    /// Pairs of characters that sound like this pair of sounds.
    pub fn sounding(&self, first: u64, second: u64) -> &[u64] {
        self.sounds.get(&words::pair_term(first, second)).map_or(&[], Vec::as_slice)
    }

    pub fn knows_sounds(&self) -> bool {
        !self.sounds.is_empty()
    }

    /// Names whose initials begin with these letters; the shortest first, at most `limit`.
    pub fn with_initials(&self, letters: &[u8], limit: usize) -> Vec<(NameId, bool)> {
        let low = sound::pack_initials(letters);
        let spare = 12usize.saturating_sub(letters.len());
        let high = low | ((1u64 << (5 * spare)) - 1);
        let from = self.initials.partition_point(|(packed, _)| *packed < low);
        let rest = self.initials.get(from..).unwrap_or(&[]);
        rest.iter()
            .take_while(|(packed, _)| *packed <= high)
            .take(limit)
            .map(|(p, n)| (*n, *p == low))
            .collect()
    }

    pub fn memory(&self) -> usize {
        self.texts.memory()
            + self.keys.capacity() * 4
            + self.by_key.capacity() * 5
            + self.heads.capacity() * 4
            + self.uses.capacity() * 8
            + self.terms.capacity() * 33
            + self.terms.values().map(List::bytes).sum::<usize>()
            + self.sounds.capacity() * 33
            + self.sounds.values().map(|v| v.capacity() * 8 + 16).sum::<usize>()
            + self.initials.capacity() * 16
            + self.vocabulary.memory()
    }
}

/// Terms of a name, and whether each is a pair.
pub fn terms(units: &[Unit]) -> impl Iterator<Item = (u64, bool)> {
    units.iter().enumerate().flat_map(move |(i, unit)| {
        let next = units.get(i + 1).filter(|next| unit.pairs_with(next));
        let joined =
            next.is_some() || i.checked_sub(1).and_then(|j| units.get(j)).is_some_and(|b| b.pairs_with(unit));
        let pair = next.map(|next| (words::pair_term(unit.key, next.key), true));
        let alone = (!joined).then_some((unit.key, false));
        pair.into_iter().chain(alone)
    })
}

/// Sound of a unit, for letters and the numbers one to ten.
pub fn unit_sound(unit: &Unit) -> Option<u64> {
    let letter = match unit.sort {
        Sort::Letter => char::from_u32(u32::try_from(unit.key).ok()?),
        Sort::Number => words::digit_letter(unit.key),
        Sort::Word => None,
    };
    letter.and_then(sound::sound)
}

fn pair_sound(term: u64) -> Option<u64> {
    let (a, b) = words::letters_of(term)?;
    Some(words::pair_term(sound::sound(a)?, sound::sound(b)?))
}

/// Initials of a name of at least two Chinese characters; digits and Latin words end it.
fn initials_of(units: &[Unit]) -> Option<u64> {
    let mut letters = Vec::with_capacity(12);
    for unit in units.iter().take(12) {
        let letter = match unit.sort {
            Sort::Letter => char::from_u32(u32::try_from(unit.key).ok()?),
            Sort::Number => words::digit_letter(unit.key),
            Sort::Word => None,
        };
        let Some(initial) = letter.and_then(sound::initial) else { break };
        letters.push(initial);
    }
    (letters.len() >= 2).then(|| sound::pack_initials(&letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_counted() {
        let table = [
            ("beacon", "beacon", 2, Some(0)),
            ("beacon", "becon", 2, Some(1)),
            ("beacon", "baecon", 2, Some(1)),
            ("beacon", "bcn", 2, None),
            ("washington", "washingtn", 1, Some(1)),
            ("washington", "wahsingotn", 2, Some(2)),
            ("a", "", 1, Some(1)),
        ];
        for (a, b, most, expected) in table {
            assert_eq!(edits_within(a.as_bytes(), b.as_bytes(), most), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_name_is_found_by_key_pair_word_start_sound_and_initials() {
        let mut names = Names::default();
        let square = names.intern("人民广场");
        let street = names.intern("Commonwealth Avenue");
        names.settle();
        let late = names.intern("Common Street");
        assert_eq!(names.intern("人民广场"), square);
        assert_eq!(names.with_key(words::name_key(&words::units("人民廣場"))).collect::<Vec<_>>(), [square]);
        assert_eq!(
            names.with_term(words::pair_term(u64::from(u32::from('民')), u64::from(u32::from('广')))),
            [square]
        );
        assert_eq!(names.with_term(words::word_key("commonwealth")), [street]);
        assert_eq!(names.vocabulary.with_start("common", 9).collect::<Vec<_>>(), ["common", "commonwealth"]);
        let mut like = Vec::new();
        names.vocabulary.like("comonwealth", 1, |w, n| like.push((w.to_owned(), n)));
        assert_eq!(like, [("commonwealth".to_owned(), 1)]);
        let spelled = sound::syllables("renmin").expect("pinyin");
        assert_eq!(names.sounding(spelled[0], spelled[1]).len(), 1);
        assert_eq!(names.with_initials(b"rmg", 9), [(square, false)]);
        assert_eq!(names.with_initials(b"rmgc", 9), [(square, true)]);
        names.add_use(late, 7);
        names.add_use(late, 8);
        names.add_use(late, 9);
        names.drop_use(late, 8);
        assert_eq!(names.users(late).collect::<Vec<_>>(), [9, 7]);
    }
}
