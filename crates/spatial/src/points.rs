//! Registered things in memory: a million points, and lines and polygons beside them; what is near, inside,
//! along a road, on a tile.
//!
//! Points live in the cells of one zoom of the tile grid ([`LEAF_ZOOM`]), next to each other, so that a tile or
//! a neighbourhood is read in one go. Each cell also keeps its tallies by group and state, and so do the cells
//! of a pyramid above, so that a whole city is counted without looking at its points. There is no lock inside:
//! callers share it behind theirs.

pub mod dictionary;
mod query;
pub mod shape;
pub mod tally;

use crate::mercator::{self, Square, TileId};
use crate::tile::CLUSTER_UNITS;
use city::grid::Bounds;
use dictionary::Classes;
use hashbrown::HashTable;
use kernel::{Cgcs2000, Point};
use shape::{Shape, Shapes};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use tally::{Tallies, Tally};

pub use dictionary::{ClassPlace, ClassSet};
pub use query::{Beside, Filter, Only};

/// Zoom of the cells: 245 m wide at 36.7° north, a few hundred points in a dense city.
pub const LEAF_ZOOM: u8 = 17;
/// Zooms of the pyramid above the cells.
pub(crate) const LEVELS: [u8; 6] = [5, 7, 9, 11, 13, 15];
/// No grid.
pub const NOWHERE: u32 = u32::MAX;

/// A position in ten-millionths of a degree: 11 mm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub lng_e7: i32,
    pub lat_e7: i32,
}

impl From<Point<Cgcs2000>> for Position {
    #[allow(clippy::cast_possible_truncation)] // a point is within ±180 degrees
    fn from(point: Point<Cgcs2000>) -> Self {
        let e7 = |degrees: f64| (degrees * 1e7).round() as i32;
        Self { lng_e7: e7(point.lng()), lat_e7: e7(point.lat()) }
    }
}

impl Position {
    #[must_use]
    pub fn lng(self) -> f64 {
        f64::from(self.lng_e7) / 1e7
    }

    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// `None` for numbers that are no position.
    #[must_use]
    pub fn point(self) -> Option<Point<Cgcs2000>> {
        Point::new(self.lng(), self.lat())
    }

    fn bounds(self) -> Bounds {
        let (lng, lat) = (self.lng(), self.lat());
        Bounds { west: lng, south: lat, east: lng, north: lat }
    }
}

/// What is known of a thing without asking the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    pub class: ClassPlace,
    /// Place in the dictionary of states.
    pub state: u8,
    /// Eight bits of the caller's.
    pub flags: u8,
    /// Sixty-four more, such as rights and what filters ask for.
    pub facets: u64,
    /// Place of its unit grid in [`crate::region::Regions`], or [`NOWHERE`].
    pub grid: u32,
}

/// A registered thing with one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thing {
    /// Its serial in the registry, below 2^52 so that browsers can hold it.
    pub id: u64,
    pub position: Position,
    pub traits: Traits,
}

/// Where a change was seen: callers tell the tiles of both ([`Things::changed_tiles`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub old: Option<Bounds>,
    pub new: Option<Bounds>,
}

/// One point in its cell: 40 bytes. `y` is kept because it costs a logarithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub id: u64,
    pub facets: u64,
    pub y: f64,
    pub position: Position,
    pub grid: u32,
    pub class: ClassPlace,
    pub state: u8,
    pub flags: u8,
}

impl Entry {
    pub fn new(thing: &Thing) -> Self {
        let Traits { class, state, flags, facets, grid } = thing.traits;
        let y = mercator::project_lat(thing.position.lat());
        Self { id: thing.id, facets, y, position: thing.position, grid, class, state, flags }
    }

    #[inline]
    pub fn x(&self) -> f64 {
        mercator::project_lng(self.position.lng())
    }

    #[inline]
    pub fn traits(&self) -> Traits {
        let Self { class, state, flags, facets, grid, .. } = *self;
        Traits { class, state, flags, facets, grid }
    }

    #[inline]
    pub fn thing(&self) -> Thing {
        Thing { id: self.id, position: self.position, traits: self.traits() }
    }
}

/// A cell of [`LEAF_ZOOM`]. It stays when its last point leaves, because its version must never go back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    pub x: u32,
    pub y: u32,
    pub version: u64,
    pub entries: Vec<Entry>,
    pub tallies: Tallies,
}

/// A cell of the pyramid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub version: u64,
    pub tallies: Tallies,
}

/// Where a point is kept.
#[derive(Debug, Clone, Copy)]
struct Slot {
    leaf: u32,
    at: u32,
}

/// Numbers that count up or stand for cells need mixing before they choose a bucket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }
}

#[inline]
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ (number >> 29)
}

pub(crate) type Mixed<V> = HashMap<u64, V, BuildHasherDefault<Mix>>;

pub(crate) fn key(x: u32, y: u32) -> u64 {
    u64::from(x) << 32 | u64::from(y)
}

/// The things of a city.
#[derive(Debug, Clone, Default)]
pub struct Things {
    pub(crate) leaves: Vec<Leaf>,
    leaf_of: Mixed<u32>,
    slots: HashTable<Slot>,
    pub(crate) levels: [Mixed<Node>; LEVELS.len()],
    pub(crate) shapes: Shapes,
    pub(crate) classes: Classes,
    /// Things of each class, lines and polygons too.
    counts: Vec<u32>,
    pub(crate) version: u64,
}

impl Things {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Points, lines and polygons.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() + self.shapes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The classes, their groups and the states.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The place of a class, new or known. The group is what low zooms count by: a major class, a register.
    /// `None` when a dictionary is full (65,535 classes, 255 groups) or a word has more than 255 bytes.
    pub fn class(&mut self, key: &str, group: &str) -> Option<ClassPlace> {
        let (place, regrouped) = self.classes.intern(key, group)?;
        if regrouped {
            self.recount();
        }
        if self.counts.len() <= usize::from(place.0) {
            self.counts.resize(usize::from(place.0) + 1, 0);
        }
        Some(place)
    }

    /// The place of a state, new or known; `None` beyond 255 states.
    pub fn state(&mut self, name: &str) -> Option<u8> {
        self.classes.intern_state(name)
    }

    /// How many things there are of a class.
    #[must_use]
    pub fn count_of(&self, class: ClassPlace) -> u32 {
        self.counts.get(usize::from(class.0)).copied().unwrap_or_default()
    }

    /// Grows with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn reserve(&mut self, points: usize) {
        let leaves = &self.leaves;
        self.slots.reserve(points, |slot| hash_of(leaves, *slot));
    }

    /// Adds a point or replaces the thing of this id, whatever it was.
    pub fn put(&mut self, thing: Thing) -> Change {
        self.version += 1;
        let replaced = self.remove_shape(thing.id);
        let (entry, new) = (Entry::new(&thing), Some(thing.position.bounds()));
        self.count_in(thing.traits.class);
        let leaf = self.leaf_at(entry.x(), entry.y);
        if let Some(slot) = self.slot(thing.id) {
            let kept = &mut self.leaves[slot.leaf as usize].entries[slot.at as usize];
            let old = *kept;
            let change = Change { old: Some(old.position.bounds()), new };
            if slot.leaf == leaf {
                *kept = entry;
                self.count_out(old.class);
                self.tally(leaf, Some(&old), Some(&entry));
                return change;
            }
            self.take_out(slot);
            self.insert(leaf, entry);
            return change;
        }
        self.insert(leaf, entry);
        Change { old: replaced, new }
    }

    /// Adds a line or polygon, or replaces the thing of this id, whatever it was.
    pub fn put_shape(&mut self, shape: Shape) -> Change {
        self.version += 1;
        let as_point = self.slot(shape.id).map(|slot| self.take_out(slot).position.bounds());
        let as_shape = self.remove_shape(shape.id);
        self.count_in(shape.traits.class);
        let new = Some(shape.bounds());
        self.shapes.insert(shape, self.version);
        Change { old: as_point.or(as_shape), new }
    }

    /// Removes a thing, whatever it is; `None` for an unknown one.
    pub fn remove(&mut self, id: u64) -> Option<Change> {
        self.version += 1;
        let old = match self.slot(id) {
            Some(slot) => self.take_out(slot).position.bounds(),
            None => self.remove_shape(id)?,
        };
        Some(Change { old: Some(old), new: None })
    }

    fn remove_shape(&mut self, id: u64) -> Option<Bounds> {
        let old = self.shapes.remove(id, self.version)?;
        self.count_out(old.traits.class);
        Some(old.bounds())
    }

    /// Gives every thing its grid anew: `grid_of` gets a place (the first vertex of a shape) and the grid so far.
    /// Returns how many things changed; every tile counts as changed then, because rights may go by grid.
    pub fn regrid(&mut self, mut grid_of: impl FnMut(Option<Point<Cgcs2000>>, u32) -> u32) -> usize {
        let mut changed = 0;
        let mut put = |point, grid: &mut u32| {
            let new = grid_of(point, *grid);
            changed += usize::from(new != *grid);
            *grid = new;
        };
        for entry in self.leaves.iter_mut().flat_map(|leaf| &mut leaf.entries) {
            put(entry.position.point(), &mut entry.grid);
        }
        self.shapes.iter_mut().for_each(|shape| put(shape.anchor(), &mut shape.traits.grid));
        if changed > 0 {
            self.version += 1;
            let version = self.version;
            self.leaves.iter_mut().for_each(|leaf| leaf.version = version);
            self.levels.iter_mut().flat_map(HashMap::values_mut).for_each(|node| node.version = version);
            self.shapes.all_changed(version);
        }
        changed
    }

    /// The point of this id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Thing> {
        self.slot_entry(id).map(Entry::thing)
    }

    pub(crate) fn slot_entry(&self, id: u64) -> Option<&Entry> {
        self.slot(id).map(|slot| &self.leaves[slot.leaf as usize].entries[slot.at as usize])
    }

    /// The line or polygon of this id.
    #[must_use]
    pub fn shape(&self, id: u64) -> Option<&Shape> {
        self.shapes.get(id)
    }

    /// All points, cell by cell.
    pub fn iter(&self) -> impl Iterator<Item = Thing> {
        self.leaves.iter().flat_map(|leaf| leaf.entries.iter().map(Entry::thing))
    }

    /// All lines and polygons.
    pub fn iter_shapes(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter()
    }

    /// Bytes of memory, near enough.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entries: usize = self.leaves.iter().map(|leaf| leaf.entries.capacity()).sum();
        let tallies: usize = self.leaves.iter().map(|leaf| leaf.tallies.bytes()).sum();
        let nodes: usize = self
            .levels
            .iter()
            .flat_map(HashMap::values)
            .map(|node| node.tallies.bytes() + size_of::<Node>() + 16)
            .sum();
        entries * size_of::<Entry>()
            + tallies
            + nodes
            + self.leaves.capacity() * size_of::<Leaf>()
            + self.leaf_of.capacity() * 16
            + self.slots.capacity() * 8 / 7 * (size_of::<Slot>() + 1)
            + self.shapes.bytes()
    }

    /// Frees what growth and moves have left over, and forgets cells without points. Versions stay true.
    pub fn shrink(&mut self) {
        self.version += 1;
        let kept = std::mem::take(&mut self.leaves);
        let entries = kept.into_iter().map(|leaf| leaf.entries).filter(|entries| !entries.is_empty());
        self.load(entries.collect());
    }

    /// Takes the points of whole cells at once; each list holds the points of one cell. False when an id or a
    /// cell stands twice.
    pub(crate) fn load(&mut self, cells: Vec<Vec<Entry>>) -> bool {
        self.leaves = Vec::with_capacity(cells.len());
        self.leaf_of.clear();
        self.slots.clear();
        let points = cells.iter().map(Vec::len).sum();
        let mut unique = true;
        for mut entries in cells {
            let Some(first) = entries.first() else { continue };
            let (x, y) = mercator::cell(first.x(), first.y, LEAF_ZOOM);
            entries.shrink_to_fit();
            let place = u32::try_from(self.leaves.len()).unwrap_or(u32::MAX);
            unique &= self.leaf_of.insert(key(x, y), place).is_none();
            self.leaves.push(Leaf { x, y, version: self.version, entries, tallies: Tallies::default() });
        }
        let leaves = &self.leaves;
        let shapes = &self.shapes;
        self.slots.reserve(points, |slot| hash_of(leaves, *slot));
        for (leaf, cell) in (0_u32..).zip(leaves) {
            for (at, entry) in (0_u32..).zip(&cell.entries) {
                let same = |slot: &Slot| leaves[slot.leaf as usize].entries[slot.at as usize].id == entry.id;
                let twice = self.slots.find(mix(entry.id), same).is_some() || shapes.get(entry.id).is_some();
                unique &= !twice;
                self.slots.insert_unique(mix(entry.id), Slot { leaf, at }, |slot| hash_of(leaves, *slot));
            }
        }
        self.recount();
        unique
    }

    /// Tallies and counts anew, from the points.
    fn recount(&mut self) {
        let mut counts = vec![0_u32; self.classes.len()];
        let mut count_in = |class: ClassPlace| {
            if let Some(count) = counts.get_mut(usize::from(class.0)) {
                *count += 1;
            }
        };
        self.shapes.iter().for_each(|shape| count_in(shape.traits.class));
        self.levels = Default::default();
        for leaf in &mut self.leaves {
            leaf.tallies = Tallies::default();
            for entry in &leaf.entries {
                count_in(entry.class);
                leaf.tallies.add(&Tally::of(entry, self.classes.group_of(entry.class)));
            }
            leaf.tallies.shrink();
            for (level, nodes) in LEVELS.iter().zip(&mut self.levels) {
                let shift = LEAF_ZOOM - level;
                let node = nodes.entry(key(leaf.x >> shift, leaf.y >> shift)).or_default();
                node.version = self.version;
                leaf.tallies.iter().for_each(|tally| node.tallies.add(tally));
            }
        }
        self.counts = counts;
    }

    fn count_in(&mut self, class: ClassPlace) {
        if let Some(count) = self.counts.get_mut(usize::from(class.0)) {
            *count += 1;
        }
    }

    fn count_out(&mut self, class: ClassPlace) {
        if let Some(count) = self.counts.get_mut(usize::from(class.0)) {
            *count = count.saturating_sub(1);
        }
    }

    fn slot(&self, id: u64) -> Option<Slot> {
        let leaves = &self.leaves;
        self.slots
            .find(mix(id), |slot| leaves[slot.leaf as usize].entries[slot.at as usize].id == id)
            .copied()
    }

    /// The leaf of a place of the square, made when there is none.
    fn leaf_at(&mut self, x: f64, y: f64) -> u32 {
        let (x, y) = mercator::cell(x, y, LEAF_ZOOM);
        let leaves = &mut self.leaves;
        *self.leaf_of.entry(key(x, y)).or_insert_with(|| {
            leaves.push(Leaf { x, y, ..Leaf::default() });
            u32::try_from(leaves.len() - 1).unwrap_or(u32::MAX)
        })
    }

    pub(crate) fn leaf(&self, x: u32, y: u32) -> Option<&Leaf> {
        self.leaf_of.get(&key(x, y)).map(|&place| &self.leaves[place as usize])
    }

    /// Leaves that meet a part of the square.
    pub(crate) fn leaves_in<'a>(&'a self, square: &Square) -> impl Iterator<Item = &'a Leaf> + use<'a> {
        let (columns, rows) = square.cells(LEAF_ZOOM);
        let cells =
            (u64::from(columns.end() - columns.start()) + 1) * (u64::from(rows.end() - rows.start()) + 1);
        // Looking up more cells than there are would be slower than going through all.
        let (all, some) = if cells > self.leaves.len() as u64 {
            let within = (columns.clone(), rows.clone());
            let all = self
                .leaves
                .iter()
                .filter(move |leaf| within.0.contains(&leaf.x) && within.1.contains(&leaf.y));
            (Some(all), None)
        } else {
            let some = rows.flat_map(move |y| columns.clone().map(move |x| (x, y)));
            (None, Some(some.filter_map(|(x, y)| self.leaf(x, y))))
        };
        all.into_iter().flatten().chain(some.into_iter().flatten())
    }

    fn insert(&mut self, leaf: u32, entry: Entry) {
        let entries = &mut self.leaves[leaf as usize].entries;
        if entries.len() == entries.capacity() {
            // Grows by a quarter: cells are many and mostly stay as they are.
            entries.reserve_exact((entries.len() / 4).max(4));
        }
        entries.push(entry);
        let slot = Slot { leaf, at: u32::try_from(entries.len() - 1).unwrap_or(u32::MAX) };
        let leaves = &self.leaves;
        self.slots.insert_unique(mix(entry.id), slot, |slot| hash_of(leaves, *slot));
        self.tally(leaf, None, Some(&entry));
    }

    fn take_out(&mut self, slot: Slot) -> Entry {
        let leaves = &self.leaves;
        let entry = leaves[slot.leaf as usize].entries[slot.at as usize];
        if let Ok(found) =
            self.slots.find_entry(mix(entry.id), |other| (other.leaf, other.at) == (slot.leaf, slot.at))
        {
            found.remove();
        }
        let entries = &self.leaves[slot.leaf as usize].entries;
        let last = u32::try_from(entries.len() - 1).unwrap_or(u32::MAX);
        if last != slot.at {
            // The last point of the cell takes the free place.
            let moved = entries[last as usize].id;
            let found = self.slots.find_mut(mix(moved), |other| (other.leaf, other.at) == (slot.leaf, last));
            if let Some(found) = found {
                found.at = slot.at;
            }
        }
        self.leaves[slot.leaf as usize].entries.swap_remove(slot.at as usize);
        self.count_out(entry.class);
        self.tally(slot.leaf, Some(&entry), None);
        entry
    }

    /// Keeps the tallies of a leaf and of all cells above it in step, and their versions.
    fn tally(&mut self, leaf: u32, old: Option<&Entry>, new: Option<&Entry>) {
        let tally = |entry: &Entry| Tally::of(entry, self.classes.group_of(entry.class));
        let (old, new) = (old.map(tally), new.map(tally));
        let version = self.version;
        let leaf = &mut self.leaves[leaf as usize];
        leaf.version = version;
        leaf.tallies.change(old.as_ref(), new.as_ref());
        for (level, nodes) in LEVELS.iter().zip(&mut self.levels) {
            let shift = LEAF_ZOOM - level;
            let node = nodes.entry(key(leaf.x >> shift, leaf.y >> shift)).or_default();
            node.version = version;
            node.tallies.change(old.as_ref(), new.as_ref());
        }
    }

    /// Grows whenever something on the tile changes, and now and then when something beside it does. Versions
    /// begin anew with every process: an `ETag` needs a mark of the process beside it.
    #[must_use]
    pub fn tile_version(&self, tile: TileId, buffer: u16) -> u64 {
        // Clusters beside the tile show in its buffer.
        let square = tile.square(f64::from(buffer) + f64::from(CLUSTER_UNITS));
        let shapes = self.shapes.version_in(&square);
        // About eight cells along the side, so that little of what they tell lies outside.
        let wanted = (tile.z() + 3).max(LEVELS[0]);
        let points = match LEVELS.iter().rposition(|level| *level <= wanted) {
            Some(level) if wanted < LEAF_ZOOM => {
                let (columns, rows) = square.cells(LEVELS[level]);
                let nodes = &self.levels[level];
                rows.flat_map(|y| columns.clone().map(move |x| key(x, y)))
                    .filter_map(|key| nodes.get(&key))
                    .map(|node| node.version)
                    .max()
            }
            _ => self.leaves_in(&square).map(|leaf| leaf.version).max(),
        };
        points.unwrap_or_default().max(shapes)
    }
}

fn hash_of(leaves: &[Leaf], slot: Slot) -> u64 {
    mix(leaves[slot.leaf as usize].entries[slot.at as usize].id)
}
