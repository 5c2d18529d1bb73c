//! A set of serials, such as the hits of a full-text search.

/// Serials as bits: 125 kB for a million cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SerialSet {
    words: Vec<u64>,
}

impl SerialSet {
    pub fn insert(&mut self, serial: u32) {
        let word = serial as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (serial % 64);
    }

    #[must_use]
    pub fn contains(&self, serial: u32) -> bool {
        self.word(serial as usize / 64) >> (serial % 64) & 1 == 1
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Serials `64 * at` to `64 * at + 63`, lowest bit first.
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }
}

impl FromIterator<u32> for SerialSet {
    fn from_iter<I: IntoIterator<Item = u32>>(serials: I) -> Self {
        let mut set = Self::default();
        for serial in serials {
            set.insert(serial);
        }
        set
    }
}
