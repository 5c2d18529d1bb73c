//! Small numbers for values that many cases share.

use std::collections::HashMap;
use std::hash::Hash;

/// Values in the order in which they were first met; a value's number is its place.
#[derive(Debug)]
pub struct Dictionary<T> {
    values: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { values: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Dictionary<T> {
    /// The number of `value`, new if need be. `None` when there are `max` values already.
    pub fn intern(&mut self, value: &T, max: u32) -> Option<u32> {
        if let Some(&place) = self.places.get(value) {
            return Some(place);
        }
        let place = u32::try_from(self.values.len()).ok().filter(|&place| place < max)?;
        self.values.push(value.clone());
        self.places.insert(value.clone(), place);
        Some(place)
    }

    pub fn place(&self, value: &T) -> Option<u32> {
        self.places.get(value).copied()
    }

    pub fn value(&self, place: u32) -> Option<&T> {
        self.values.get(place as usize)
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// About the memory it takes, for values of `heap` bytes each beyond their own size.
    pub fn bytes(&self, heap: usize) -> usize {
        self.values.capacity() * (size_of::<T>() + heap)
            + self.places.capacity() * (size_of::<(T, u32)>() + heap + 1)
    }
}

/// A set of dictionary numbers.
#[derive(Debug, Clone)]
pub enum PlaceSet {
    One(u32),
    Many(Vec<u64>),
}

impl PlaceSet {
    pub fn new(places: impl IntoIterator<Item = u32>) -> Self {
        let mut bits: Vec<u64> = Vec::new();
        let mut last = None;
        let mut several = false;
        for place in places {
            several |= last.is_some_and(|last| last != place);
            last = Some(place);
            let word = place as usize / 64;
            if bits.len() <= word {
                bits.resize(word + 1, 0);
            }
            bits[word] |= 1 << (place % 64);
        }
        match last {
            Some(place) if !several => Self::One(place),
            _ => Self::Many(bits),
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Many(bits) if bits.iter().all(|&word| word == 0))
    }

    #[inline]
    pub fn has(&self, place: u32) -> bool {
        match self {
            Self::One(one) => *one == place,
            Self::Many(bits) => {
                bits.get(place as usize / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
            }
        }
    }
}
