//! Counts of a cell by group and state, with the sums that tell where its middle is.

use super::Entry;
use crate::mercator;

/// Counts and sums of the points of one group and state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Group, then state.
    key: u16,
    count: u32,
    /// Sums of whole numbers, so that taking away undoes adding exactly.
    lng: u64,
    y: u64,
    /// All ids, each or-ed exclusively: of one point, its id.
    ids: u64,
}

impl Tally {
    pub(crate) fn of(entry: &Entry, group: u8) -> Self {
        Self {
            key: u16::from(group) << 8 | u16::from(entry.state),
            count: 1,
            lng: u64::from(entry.position.lng_e7.abs_diff(LNG_MIN)),
            y: grained(entry.y),
            ids: entry.id,
        }
    }

    #[inline]
    pub(crate) fn key(&self) -> u16 {
        self.key
    }

    #[must_use]
    pub fn group(&self) -> u8 {
        self.key.to_be_bytes()[0]
    }

    #[must_use]
    pub fn state(&self) -> u8 {
        self.key.to_be_bytes()[1]
    }

    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.lng += other.lng;
        self.y += other.y;
        self.ids ^= other.ids;
    }

    fn part(&mut self, other: &Self) {
        self.count -= other.count;
        self.lng -= other.lng;
        self.y -= other.y;
        self.ids ^= other.ids;
    }
}

const LNG_MIN: i32 = -1_800_000_000;
/// The square of the world has 2^32 grains along its side: 9 mm.
const GRAINS: f64 = 4_294_967_296.0;

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // y lies between 0 and 1
fn grained(y: f64) -> u64 {
    (y * GRAINS) as u64
}

/// The tallies of a cell in order of group and state; none is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(Vec<Tally>);

impl Tallies {
    pub(crate) fn add(&mut self, tally: &Tally) {
        match self.0.binary_search_by_key(&tally.key, |own| own.key) {
            Ok(at) => self.0[at].join(tally),
            Err(at) => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact((self.0.len() / 2).max(1));
                }
                self.0.insert(at, *tally);
            }
        }
    }

    fn subtract(&mut self, tally: &Tally) {
        if let Ok(at) = self.0.binary_search_by_key(&tally.key, |own| own.key) {
            self.0[at].part(tally);
            if self.0[at].count == 0 {
                self.0.remove(at);
            }
        }
    }

    pub(crate) fn change(&mut self, old: Option<&Tally>, new: Option<&Tally>) {
        if let Some(old) = old {
            self.subtract(old);
        }
        if let Some(new) = new {
            self.add(new);
        }
    }

    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub fn iter(&self) -> impl Iterator<Item = &Tally> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(Tally::count).sum()
    }

    /// The id of the only point, if there is only one.
    #[must_use]
    pub fn only(&self) -> Option<u64> {
        match &self.0[..] {
            [tally] if tally.count == 1 => Some(tally.ids),
            _ => None,
        }
    }

    /// The group with the most points; of several, the first.
    #[must_use]
    pub fn main_group(&self) -> Option<u8> {
        let mut best: Option<(u32, u8)> = None;
        for run in self.0.chunk_by(|a, b| a.group() == b.group()) {
            let count = run.iter().map(Tally::count).sum();
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, run[0].group()));
            }
        }
        best.map(|(_, group)| group)
    }

    /// The mean place of the points on the square of the world; `None` without points.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // sums below 2^53 for a million points; a grain matters to nobody
    pub fn middle(&self) -> Option<(f64, f64)> {
        let count = f64::from(self.count());
        if count == 0.0 {
            return None;
        }
        let (lng, y) = self.0.iter().fold((0, 0), |(lng, y), tally| (lng + tally.lng, y + tally.y));
        let lng = lng as f64 / count / 1e7 - 180.0;
        Some((mercator::project_lng(lng), (y as f64 / count + 0.5) / GRAINS))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Tally>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{ClassPlace, Position};

    fn tally(id: u64, lng_e7: i32, group: u8, state: u8) -> Tally {
        let position = Position { lng_e7, lat_e7: 367_000_000 };
        let y = mercator::project_lat(position.lat());
        let entry = Entry { id, facets: 0, y, position, grid: 0, class: ClassPlace(0), state, flags: 0 };
        Tally::of(&entry, group)
    }

    #[test]
    fn taking_away_what_was_added_leaves_nothing_behind() {
        let mut tallies = Tallies::default();
        for id in 1..=100_u64 {
            let n = u8::try_from(id % 7).expect("small");
            tallies.add(&tally(id, 1_190_000_000 + i32::from(n) * 1000, n % 3, n % 2));
        }
        assert_eq!(tallies.count(), 100);
        for id in 2..=100_u64 {
            let n = u8::try_from(id % 7).expect("small");
            tallies.change(Some(&tally(id, 1_190_000_000 + i32::from(n) * 1000, n % 3, n % 2)), None);
        }
        assert_eq!(tallies.only(), Some(1));
        let (x, y) = tallies.middle().expect("one point");
        assert!((x - mercator::project_lng(119.0001)).abs() < 1e-12);
        assert!((y - mercator::project_lat(36.7)).abs() < 1.0 / GRAINS);
        tallies.change(Some(&tally(1, 1_190_001_000, 1, 1)), None);
        assert!(tallies.is_empty() && tallies.middle().is_none() && tallies.only().is_none());
    }

    #[test]
    fn the_main_group_counts_all_its_states() {
        let mut tallies = Tallies::default();
        for (id, group, state) in [(1, 0, 0), (2, 0, 0), (3, 4, 0), (4, 4, 1), (5, 4, 2)] {
            tallies.add(&tally(id, 0, group, state));
        }
        assert_eq!(tallies.main_group(), Some(4));
        tallies.change(Some(&tally(5, 0, 4, 2)), None);
        assert_eq!(tallies.main_group(), Some(0));
    }
}
