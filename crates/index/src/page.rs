//! Sorted pages.

use crate::column::{NEVER, NONE, NOTHING, grades};
use crate::filter::Query;
use crate::index::CaseIndex;
use crate::plan::Plan;
use kernel::{ClassKey, Edition, GridCode, Kind};

/// What a list is sorted by. Cases without it come last in both directions; equal ones by serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SortBy {
    /// The due moment of the open stage clock.
    Due = 0,
    Reported = 1,
    Filed = 2,
    Closed = 3,
    Updated = 4,
    /// Date, then sequence.
    Number = 5,
    /// Edition, kind, code.
    Class = 6,
    /// By its number.
    Department = 7,
    /// By the code of the street.
    Street = 8,
    Rework = 9,
    /// Highest level, then how often.
    Urged = 10,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub by: SortBy,
    pub descending: bool,
}

impl Sort {
    const fn code(self) -> u8 {
        self.by as u8 * 2 + self.descending as u8
    }
}

/// Where a page ended; the next one begins after it. Written as 26 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    sort: u8,
    rank: Rank,
}

impl Cursor {
    /// Reads the text of a cursor made under the same sort; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str, sort: Sort) -> Option<Self> {
        if text.len() != 26 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let code = u8::from_str_radix(text.get(..2)?, 16).ok()?;
        let key = u64::from_str_radix(text.get(2..18)?, 16).ok()?;
        let tie = u32::from_str_radix(text.get(18..)?, 16).ok()?;
        (code == sort.code()).then_some(Self { sort: code, rank: Rank { key, tie } })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x}{:016x}{:08x}", self.sort, self.rank.key, self.rank.tie)
    }
}

/// A part of a sorted list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    pub serials: Vec<u32>,
    /// Set when more follow.
    pub next: Option<Cursor>,
    /// How many match in all, on every page.
    pub total: u32,
}

/// Place in the order asked for: smaller comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    key: u64,
    tie: u32,
}

impl CaseIndex {
    /// The first `limit` matching cases after `after` in the order of `sort`. A cursor of another sort is
    /// none: [`Cursor::parse`] refuses it, and here the list begins anew.
    #[must_use]
    pub fn page(&self, query: &Query<'_>, sort: Sort, after: Option<Cursor>, limit: usize) -> Page {
        let c = &self.columns;
        let after = after.filter(|cursor| cursor.sort == sort.code()).map(|cursor| cursor.rank);
        let best = Best::new(after, limit);
        let time =
            |column: &[u32], at: usize| Some(column[at]).filter(|&second| second != NEVER).map(u64::from);
        let plan = Plan::for_all(self, query);
        match sort.by {
            SortBy::Due => self.best(&plan, sort, best, |at| time(&c.due_at, at)),
            SortBy::Reported => self.best(&plan, sort, best, |at| time(&c.reported_at, at)),
            SortBy::Filed => self.best(&plan, sort, best, |at| time(&c.filed_at, at)),
            SortBy::Closed => self.best(&plan, sort, best, |at| time(&c.ended_at, at)),
            SortBy::Updated => self.best(&plan, sort, best, |at| time(&c.updated_at, at)),
            SortBy::Number => self.best(&plan, sort, best, |at| Some(c.number[at])),
            SortBy::Class => {
                let keys: Vec<u64> = self.classes.values().iter().map(class_key).collect();
                self.best(&plan, sort, best, |at| keys.get(usize::from(c.class[at])).copied())
            }
            SortBy::Department => {
                let keys: Vec<u64> = self.departments.values().iter().map(|id| u64::from(id.0)).collect();
                self.best(&plan, sort, best, |at| match c.department[at] {
                    NONE => None,
                    place => keys.get(usize::from(place)).copied(),
                })
            }
            SortBy::Street => {
                let keys: Vec<u64> = self.grids.values().iter().map(street_key).collect();
                self.best(&plan, sort, best, |at| match c.grid[at] {
                    NOTHING => None,
                    place => keys.get(place as usize).copied(),
                })
            }
            SortBy::Rework => self.best(&plan, sort, best, |at| Some(u64::from(c.reworks[at]))),
            SortBy::Urged => self.best(&plan, sort, best, |at| {
                Some(u64::from(grades::urging_rank(c.grades[at])) << 8 | u64::from(c.urgings[at]))
            }),
        }
    }

    fn best(&self, plan: &Plan<'_>, sort: Sort, mut best: Best, key: impl Fn(usize) -> Option<u64>) -> Page {
        // Newer cases mostly have greater serials: going backwards finds the first page of them sooner.
        plan.each_row(self, sort.descending, |at| {
            let serial = u32::try_from(at).unwrap_or(u32::MAX);
            best.offer(match (key(at), sort.descending) {
                (Some(key), false) => Rank { key, tie: serial },
                (Some(key), true) => Rank { key: u64::MAX - 1 - key, tie: !serial },
                (None, false) => Rank { key: u64::MAX, tie: serial },
                (None, true) => Rank { key: u64::MAX, tie: !serial },
            });
        });
        best.page(sort)
    }
}

/// Street of a grid code, or the shorter code itself: at most nine digits.
fn street_key(grid: &GridCode) -> u64 {
    let text = grid.as_str();
    let digits = text.get(..9).unwrap_or(text);
    let value: u64 = digits.parse().unwrap_or(0);
    // A county comes before its streets.
    if digits.len() < 9 { value * 1_000 } else { value }
}

fn class_key(class: &ClassKey) -> u64 {
    let edition = match class.edition {
        Edition::E2013 => 0,
        Edition::E2026 => 2,
    };
    let kind = match class.kind {
        Kind::Component => 0,
        Kind::Event => 1,
    };
    (edition + kind) * 1_000_000 + class.code().parse::<u64>().unwrap_or(0)
}

/// Keeps the `limit` smallest ranks after `after` out of any number, in a small buffer that is thinned
/// out when full.
struct Best {
    after: Option<Rank>,
    limit: usize,
    kept: Vec<Rank>,
    /// With a thinned-out buffer: what is not below this cannot be on the page.
    bound: Option<Rank>,
    total: u32,
    following: u32,
}

impl Best {
    /// Room beyond the page, so that thinning out is rare.
    const SPARE: usize = 4_096;

    const fn new(after: Option<Rank>, limit: usize) -> Self {
        Self { after, limit, kept: Vec::new(), bound: None, total: 0, following: 0 }
    }

    #[inline]
    fn offer(&mut self, rank: Rank) {
        self.total += 1;
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        self.following += 1;
        if self.bound.is_some_and(|bound| rank >= bound) {
            return;
        }
        self.kept.push(rank);
        if self.kept.len() >= self.limit.saturating_add(Self::SPARE) {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        if self.kept.len() > self.limit {
            let (_, &mut bound, _) = self.kept.select_nth_unstable(self.limit);
            self.bound = Some(bound);
            self.kept.truncate(self.limit);
        }
    }

    fn page(mut self, sort: Sort) -> Page {
        self.thin_out();
        self.kept.sort_unstable();
        let more = self.following as usize > self.kept.len();
        let last = self.kept.last().filter(|_| more);
        let next = last.map(|&rank| Cursor { sort: sort.code(), rank });
        let serial = |rank: &Rank| if sort.descending { !rank.tie } else { rank.tie };
        Page { serials: self.kept.iter().map(serial).collect(), next, total: self.total }
    }
}
