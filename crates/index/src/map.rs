//! The cases on the map: those of a section, and when something in a section last changed.

use crate::column::{NEVER, NONE, NOWHERE, PAUSED, flag};
use crate::filter::{Bounds, Query};
use crate::index::{CaseIndex, light};
use crate::plan::Plan;
use crate::row;
use case::StageName;
use kernel::{CaseNumber, ClassKey, Light};
use std::collections::HashMap;

/// Side of a cell in ten-millionths of a degree: about a kilometre, a few thousand cells for a large city.
const CELL: i32 = 100_000;

/// When something in a cell of the map last changed.
///
/// Counts begin anew with every process: whoever compares them needs a mark of the process beside them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamps {
    latest: u64,
    cells: HashMap<(i16, i16), u64>,
}

fn cell(lng: i32, lat: i32) -> (i16, i16) {
    // Degrees times a hundred: far below the limits of the type.
    let along = |e7: i32| i16::try_from(e7.div_euclid(CELL)).unwrap_or(i16::MAX);
    (along(lng), along(lat))
}

impl Stamps {
    /// One case changed; it was at one place and is at another.
    pub(crate) fn touch(&mut self, places: [Option<(i32, i32)>; 2]) {
        self.latest += 1;
        for (lng, lat) in places.into_iter().flatten().filter(|(lng, _)| *lng != NOWHERE) {
            self.cells.insert(cell(lng, lat), self.latest);
        }
    }

    fn within(&self, bounds: &Bounds) -> u64 {
        let (west, south) = cell(row::fixed(bounds.west), row::fixed(bounds.south));
        let (east, north) = cell(row::fixed(bounds.east), row::fixed(bounds.north));
        let count = (i64::from(east) - i64::from(west) + 1) * (i64::from(north) - i64::from(south) + 1);
        if count > self.cells.len() as i64 {
            let inside = |(x, y): &(i16, i16)| (west..=east).contains(x) && (south..=north).contains(y);
            return self.cells.iter().filter(|(at, _)| inside(at)).map(|(_, v)| *v).max().unwrap_or_default();
        }
        let all = (south..=north).flat_map(|y| (west..=east).map(move |x| (x, y)));
        all.filter_map(|at| self.cells.get(&at)).copied().max().unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.cells.capacity() * (size_of::<((i16, i16), u64)>() + 1)
    }
}

/// A case as a map draws it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapCase<'a> {
    pub serial: u32,
    pub lng_e7: i32,
    pub lat_e7: i32,
    pub stage: StageName,
    pub light: Option<Light>,
    /// The second from which on it is another light if nothing happens.
    pub light_until: Option<u32>,
    pub urgent: bool,
    pub class: Option<&'a ClassKey>,
}

impl CaseIndex {
    /// Grows whenever a case inside the bounds changes, comes or goes, and now and then when one beside does.
    /// `west` must not be greater than `east`.
    #[must_use]
    pub fn version_in(&self, bounds: &Bounds) -> u64 {
        self.stamps.within(bounds)
    }

    /// The number of the case with this serial.
    #[must_use]
    pub fn number(&self, serial: u32) -> Option<CaseNumber> {
        let at = serial as usize;
        self.contains(serial).then(|| row::case_number(self.city, self.columns.number[at]))
    }

    /// Calls `visit` with each matching case that has a position, in order of serial.
    pub fn on_map<'a>(&'a self, query: &Query<'_>, mut visit: impl FnMut(MapCase<'a>)) {
        let c = &self.columns;
        let now = row::second(query.now);
        Plan::for_all(self, query).each_row(self, false, |at| {
            if c.lng[at] == NOWHERE {
                return;
            }
            let (Some(stage), Ok(serial)) = (StageName::from_number(c.stage[at]), u32::try_from(at)) else {
                return;
            };
            let class = Some(c.class[at]).filter(|class| *class != NONE);
            visit(MapCase {
                serial,
                lng_e7: c.lng[at],
                lat_e7: c.lat[at],
                stage,
                light: light(c.due_at[at], c.warn_at[at], now),
                light_until: light_until(c.due_at[at], c.warn_at[at], now),
                urgent: c.flags[at] & flag::URGENT != 0,
                class: class.and_then(|class| self.classes.value(u32::from(class))),
            });
        });
    }
}

/// When [`light`] answers something else.
const fn light_until(due_at: u32, warn_at: u32, now: u32) -> Option<u32> {
    match warn_at {
        NEVER | PAUSED => None,
        _ if now > due_at => None,
        _ if now >= warn_at => Some(due_at + 1),
        _ => Some(warn_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_in_its_own_cells_and_in_none_far_away() {
        let mut stamps = Stamps::default();
        let bounds = |west: f64, south: f64, east: f64, north: f64| Bounds { west, south, east, north };
        let (here, there, world) = (
            bounds(119.1, 36.7, 119.12, 36.71),
            bounds(-71.07, 42.35, -71.06, 42.36),
            bounds(-180.0, -90.0, 180.0, 90.0),
        );
        stamps.touch([None, Some((1_191_100_000, 367_050_000))]);
        assert_eq!([here, there, world].map(|b| stamps.within(&b)), [1, 0, 1]);
        stamps.touch([Some((1_191_100_000, 367_050_000)), Some((-710_650_000, 423_550_000))]);
        assert_eq!([here, there, world].map(|b| stamps.within(&b)), [2, 2, 2]);
        stamps.touch([Some((NOWHERE, NOWHERE)), None]);
        assert_eq!([here, there, world].map(|b| stamps.within(&b)), [2, 2, 2]);
    }

    #[test]
    fn a_light_says_until_when_it_holds() {
        // due at 100, yellow from 80
        for now in 0..130 {
            let until = light_until(100, 80, now);
            let same = |at: u32| light(100, 80, at) == light(100, 80, now);
            match until {
                Some(until) => assert!(until > now && (now..until).all(same) && !same(until), "{now}"),
                None => assert!((now..200).all(same), "{now}"),
            }
        }
        assert_eq!((light_until(100, PAUSED, 5), light_until(NEVER, NEVER, 5)), (None, None));
    }
}
