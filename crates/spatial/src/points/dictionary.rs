//! Words kept once: classes with their groups, and states.

use std::collections::HashMap;

/// Classes at most; the last number is left free.
const CLASSES_MAX: usize = u16::MAX as usize;
/// Bytes of a word: a snapshot keeps its length in one.
const WORD_MAX: usize = 255;
const GROUPS_MAX: usize = u8::MAX as usize;
const STATES_MAX: usize = u8::MAX as usize;

/// A class by its place in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassPlace(pub u16);

/// The classes in order of their first use, the group of each, and the states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Classes {
    names: Vec<String>,
    groups_of: Vec<u8>,
    places: HashMap<String, u16>,
    groups: Vec<String>,
    states: Vec<String>,
}

impl Classes {
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    #[must_use]
    pub fn place(&self, name: &str) -> Option<ClassPlace> {
        self.places.get(name).copied().map(ClassPlace)
    }

    #[must_use]
    pub fn name(&self, class: ClassPlace) -> Option<&str> {
        self.names.get(usize::from(class.0)).map(String::as_str)
    }

    /// In order of place: name and group.
    pub fn iter(&self) -> impl Iterator<Item = (ClassPlace, &str, &str)> {
        (0..).zip(&self.names).map(|(place, name)| {
            let place = ClassPlace(place);
            (place, name.as_str(), self.group_name(self.group_of(place)).unwrap_or_default())
        })
    }

    pub(crate) fn group_of(&self, class: ClassPlace) -> u8 {
        self.groups_of.get(usize::from(class.0)).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn group_name(&self, group: u8) -> Option<&str> {
        self.groups.get(usize::from(group)).map(String::as_str)
    }

    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    #[must_use]
    pub fn state_name(&self, state: u8) -> Option<&str> {
        self.states.get(usize::from(state)).map(String::as_str)
    }

    #[must_use]
    pub fn states(&self) -> &[String] {
        &self.states
    }

    /// The place of a class, and whether it has just left another group.
    pub(crate) fn intern(&mut self, name: &str, group: &str) -> Option<(ClassPlace, bool)> {
        if name.len() > WORD_MAX {
            return None;
        }
        let group = self.intern_group(group)?;
        if let Some(&place) = self.places.get(name) {
            let own = &mut self.groups_of[usize::from(place)];
            let moved = *own != group;
            *own = group;
            return Some((ClassPlace(place), moved));
        }
        if self.names.len() >= CLASSES_MAX {
            return None;
        }
        let place = u16::try_from(self.names.len()).ok()?;
        self.names.push(name.to_owned());
        self.groups_of.push(group);
        self.places.insert(name.to_owned(), place);
        Some((ClassPlace(place), false))
    }

    pub(crate) fn intern_group(&mut self, name: &str) -> Option<u8> {
        intern(&mut self.groups, name, GROUPS_MAX)
    }

    pub(crate) fn intern_state(&mut self, name: &str) -> Option<u8> {
        intern(&mut self.states, name, STATES_MAX)
    }
}

/// Words are few: looking through them is quick.
fn intern(words: &mut Vec<String>, word: &str, max: usize) -> Option<u8> {
    if let Some(place) = words.iter().position(|own| own == word) {
        return u8::try_from(place).ok();
    }
    if words.len() >= max || word.len() > WORD_MAX {
        return None;
    }
    words.push(word.to_owned());
    u8::try_from(words.len() - 1).ok()
}

/// Some of the classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassSet(Vec<u64>);

impl ClassSet {
    pub fn insert(&mut self, class: ClassPlace) {
        let (word, bit) = (usize::from(class.0 / 64), class.0 % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    #[inline]
    #[must_use]
    pub fn contains(&self, class: ClassPlace) -> bool {
        self.0.get(usize::from(class.0 / 64)).is_some_and(|word| word >> (class.0 % 64) & 1 == 1)
    }
}

impl FromIterator<ClassPlace> for ClassSet {
    fn from_iter<I: IntoIterator<Item = ClassPlace>>(classes: I) -> Self {
        let mut set = Self::default();
        classes.into_iter().for_each(|class| set.insert(class));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_keeps_its_place_and_may_change_its_group() {
        let mut classes = Classes::default();
        assert_eq!(classes.intern("01001", "01"), Some((ClassPlace(0), false)));
        assert_eq!(classes.intern("02001", "02"), Some((ClassPlace(1), false)));
        assert_eq!(classes.intern("01001", "01"), Some((ClassPlace(0), false)));
        assert_eq!(classes.intern("01001", "02"), Some((ClassPlace(0), true)));
        assert_eq!(classes.iter().next(), Some((ClassPlace(0), "01001", "02")));
        assert_eq!(classes.place("02001"), Some(ClassPlace(1)));
        assert_eq!(classes.place("03001"), None);
    }

    #[test]
    fn dictionaries_end_where_their_numbers_do() {
        let mut classes = Classes::default();
        for n in 0..STATES_MAX {
            assert!(classes.intern_state(&n.to_string()).is_some());
        }
        assert_eq!(classes.intern_state("one more"), None);
        assert_eq!(classes.intern_state("7"), Some(7));
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: ClassSet = [ClassPlace(3), ClassPlace(200)].into_iter().collect();
        let held: Vec<u16> = (0..300).filter(|n| set.contains(ClassPlace(*n))).collect();
        assert_eq!(held, [3, 200]);
    }
}
