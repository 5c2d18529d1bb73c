//! Regions of a city: unit grids (单元网格), communities, duty grids, any area; which of them a point is in.
//!
//! Where regions cover a plane without gap, a point lies in exactly one: edges are half open (see
//! [`crate::outline`]), and a point on the outer edge, or in a crack narrower than a tenth of a millimetre,
//! belongs to the region beside it with the smallest key. Where regions overlap, the smallest key answers and
//! [`Regions::all_at`] tells all.

use crate::outline::{BadOutline, Outline, bounds_of, meet, union, widen};
use crate::raster::{Cell, Raster};
use city::AreaGrade;
use city::area::{self, PlaceLevel};
use city::grid::Bounds;
use geo::{MultiPolygon, Rect, coord};
use kernel::{Cgcs2000, GridCode, Point};
use std::collections::BTreeMap;
use std::fmt;

/// Regions of one kind: a province has fewer unit grids.
const REGIONS_MAX: usize = 1 << 24;

/// Why polygons cannot be the regions of a city. `at` is the position of the row as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionProblem<K: fmt::Display + fmt::Debug> {
    #[error("{key} is there twice")]
    KeyTwice { at: usize, key: K },
    #[error("{key}: {problem}")]
    Outline { at: usize, key: K, problem: BadOutline },
    #[error("{key} is no unit grid: 15 digits are expected")]
    NotAGrid { at: usize, key: K },
    #[error("more than {REGIONS_MAX} regions")]
    TooMany,
}

/// One region: its key, its outline, and what the caller knows of it.
#[derive(Debug, Clone)]
pub struct Region<K, V = ()> {
    pub key: K,
    pub value: V,
    pub outline: Outline,
}

/// Polygons with a key, ready to be asked.
///
/// Each has a place, a small number that stays while the region does, whatever becomes of the others.
#[derive(Debug, Clone)]
pub struct Regions<K, V = ()> {
    slots: Vec<Option<Region<K, V>>>,
    free: Vec<u32>,
    places: BTreeMap<K, u32>,
    raster: Raster,
    version: u64,
}

impl<K, V> Default for Regions<K, V> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            places: BTreeMap::new(),
            raster: Raster::default(),
            version: 0,
        }
    }
}

impl<K: Ord + Clone + fmt::Display + fmt::Debug, V> Regions<K, V> {
    /// # Errors
    /// A key twice, or the first polygon that encloses no area or leaves the earth.
    pub fn new(rows: Vec<(K, V, MultiPolygon<f64>)>) -> Result<Self, RegionProblem<K>> {
        let mut regions = Vec::with_capacity(rows.len());
        for (at, (key, value, shape)) in rows.into_iter().enumerate() {
            match Outline::new(&shape) {
                Ok(outline) => regions.push((at, Region { key, value, outline })),
                Err(problem) => return Err(RegionProblem::Outline { at, key, problem }),
            }
        }
        Self::from_regions(regions)
    }

    pub(crate) fn from_regions(mut rows: Vec<(usize, Region<K, V>)>) -> Result<Self, RegionProblem<K>> {
        if rows.len() > REGIONS_MAX {
            return Err(RegionProblem::TooMany);
        }
        rows.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].1.key == pair[1].1.key) {
            return Err(RegionProblem::KeyTwice { at: pair[0].0.max(pair[1].0), key: pair[1].1.key.clone() });
        }
        let places = (0_u32..).zip(&rows).map(|(place, (_, region))| (region.key.clone(), place)).collect();
        let slots: Vec<_> = rows.into_iter().map(|(_, region)| Some(region)).collect();
        let mut regions = Self { slots, places, ..Self::default() };
        regions.rebuild();
        Ok(regions)
    }

    fn rebuild(&mut self) {
        let Self { slots, places, raster, .. } = self;
        let slots = &*slots;
        let outlines = places
            .values()
            .filter_map(|&place| slots[place as usize].as_ref().map(|region| (place, &region.outline)));
        *raster = Raster::new(outlines);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Grows with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// In order of key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Region<K, V>> {
        self.places.values().filter_map(|&place| self.by_place(place))
    }

    /// From a key on, in order.
    pub fn iter_from(&self, first: &K) -> impl Iterator<Item = &Region<K, V>> {
        self.places.range(first..).filter_map(|(_, &place)| self.by_place(place))
    }

    #[must_use]
    pub fn get(&self, key: &K) -> Option<&Region<K, V>> {
        self.by_place(self.place(key)?)
    }

    #[must_use]
    pub fn place(&self, key: &K) -> Option<u32> {
        self.places.get(key).copied()
    }

    #[must_use]
    pub fn by_place(&self, place: u32) -> Option<&Region<K, V>> {
        self.slots.get(place as usize)?.as_ref()
    }

    pub fn value_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.version += 1;
        self.slots[place as usize].as_mut().map(|region| &mut region.value)
    }

    /// The region of a point.
    #[must_use]
    pub fn at(&self, point: Point<Cgcs2000>) -> Option<&Region<K, V>> {
        self.by_place(self.place_at(point)?)
    }

    /// The place of the region of a point.
    #[inline]
    #[must_use]
    pub fn place_at(&self, point: Point<Cgcs2000>) -> Option<u32> {
        let (lng, lat) = (point.lng(), point.lat());
        match self.raster.at(lng, lat) {
            Cell::Nothing => None,
            Cell::Whole(place) => Some(place),
            Cell::Some(list) => {
                let holds = |place: u32| {
                    self.slots[place as usize].as_ref().is_some_and(|region| region.outline.holds(lng, lat))
                };
                list.iter()
                    .find(|meeting| meeting.whole() || holds(meeting.region()))
                    .map(|meeting| meeting.region())
                    .or_else(|| self.on_an_edge(point))
            }
        }
    }

    #[cold]
    fn on_an_edge(&self, point: Point<Cgcs2000>) -> Option<u32> {
        let Cell::Some(list) = self.raster.at(point.lng(), point.lat()) else { return None };
        let touches = |place: &u32| {
            self.by_place(*place).is_some_and(|region| region.outline.edge_touches(point.lng(), point.lat()))
        };
        list.iter().map(|meeting| meeting.region()).find(touches)
    }

    /// Every region a point is in, in order of key.
    #[must_use]
    pub fn all_at(&self, point: Point<Cgcs2000>) -> Vec<&Region<K, V>> {
        let found: Vec<_> = match self.raster.at(point.lng(), point.lat()) {
            Cell::Nothing => Vec::new(),
            Cell::Whole(place) => self.by_place(place).into_iter().collect(),
            Cell::Some(list) => list
                .iter()
                .filter_map(|meeting| Some((meeting.whole(), self.by_place(meeting.region())?)))
                .filter(|(whole, region)| *whole || region.outline.holds(point.lng(), point.lat()))
                .map(|(_, region)| region)
                .collect(),
        };
        if found.is_empty() { self.at(point).into_iter().collect() } else { found }
    }

    /// The region of a point, or the nearest one within `metres`, with its distance, 0 inside.
    #[must_use]
    pub fn nearest(&self, point: Point<Cgcs2000>, metres: f64) -> Option<(&Region<K, V>, f64)> {
        if let Some(region) = self.at(point) {
            return Some((region, 0.0));
        }
        let spot = bounds_of([point.lng(), point.lat()], [point.lng(), point.lat()]);
        let mut reach = self.raster.cell_metres(point.lat()).max(10.0).min(metres);
        loop {
            let best = self
                .near(&widen(&spot, reach))
                .map(|region| (region, region.outline.metres_to(point)))
                .min_by(|(a, a_far), (b, b_far)| a_far.total_cmp(b_far).then_with(|| a.key.cmp(&b.key)));
            match best {
                Some((region, far)) if far <= reach => return Some((region, far)),
                _ if reach >= metres => return None,
                _ => reach = (reach * 2.0).min(metres),
            }
        }
    }

    /// Metres from a point to the edge of a region, 0 inside; `None` for an unknown one.
    #[must_use]
    pub fn metres_to(&self, point: Point<Cgcs2000>, key: &K) -> Option<f64> {
        self.get(key).map(|region| region.outline.metres_to(point))
    }

    /// Regions that share an edge, a part of one, or a corner with this one, in order of key.
    #[must_use]
    pub fn neighbours(&self, key: &K) -> Vec<&Region<K, V>> {
        let Some(own) = self.get(key) else { return Vec::new() };
        let mut found: Vec<_> = self
            .near(&own.outline.bounds())
            .filter(|other| other.key != own.key && own.outline.touches(&other.outline))
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    /// Regions whose bounds meet these, in order of place.
    pub fn in_box<'a>(&'a self, bounds: &Bounds) -> impl Iterator<Item = &'a Region<K, V>> + use<'a, K, V> {
        let bounds = *bounds;
        self.near(&bounds).filter(move |region| meet(&region.outline.bounds(), &bounds, 0.0))
    }

    fn near<'a>(&'a self, bounds: &Bounds) -> impl Iterator<Item = &'a Region<K, V>> + use<'a, K, V> {
        self.raster.near(bounds).into_iter().filter_map(|place| self.by_place(place))
    }

    /// The bounds of all.
    #[must_use]
    pub fn all_bounds(&self) -> Option<Bounds> {
        self.iter().map(|region| region.outline.bounds()).reduce(|a, b| union(&a, &b))
    }

    /// Adds a region, or gives the region of this key another value and outline; it keeps its place. Only the
    /// cells it meets are touched, unless it reaches beyond all others. Answers what it replaced.
    ///
    /// # Errors
    /// [`BadOutline`]; nothing has changed then.
    pub fn put(
        &mut self,
        key: K,
        value: V,
        shape: &MultiPolygon<f64>,
    ) -> Result<Option<Region<K, V>>, RegionProblem<K>> {
        let outline = match Outline::new(shape) {
            Ok(outline) => outline,
            Err(problem) => return Err(RegionProblem::Outline { at: 0, key, problem }),
        };
        if self.len() >= REGIONS_MAX {
            return Err(RegionProblem::TooMany);
        }
        let old = self.take_out(&key);
        let place = match &old {
            Some((place, _)) => *place,
            None => self.free.pop().unwrap_or_else(|| {
                self.slots.push(None);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        let roomy = self.raster.has_room_for(&outline.bounds());
        if roomy {
            let slots = &self.slots;
            let before = |other: u32| slots[other as usize].as_ref().is_some_and(|other| other.key < key);
            self.raster.add(place, &outline, before);
        }
        self.places.insert(key.clone(), place);
        self.slots[place as usize] = Some(Region { key, value, outline });
        if !roomy {
            self.rebuild();
        }
        self.version += 1;
        Ok(old.map(|(_, region)| region))
    }

    /// Removes a region; its place may be given to another later.
    pub fn remove(&mut self, key: &K) -> Option<Region<K, V>> {
        let (place, region) = self.take_out(key)?;
        self.free.push(place);
        self.version += 1;
        Some(region)
    }

    fn take_out(&mut self, key: &K) -> Option<(u32, Region<K, V>)> {
        let place = self.places.remove(key)?;
        let region = self.slots[place as usize].take()?;
        self.raster.remove(place, &region.outline);
        Some((place, region))
    }

    /// Bytes of memory, near enough.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let slots = self.slots.capacity() * size_of::<Option<Region<K, V>>>();
        let outlines: usize = self.iter().map(|region| region.outline.bytes()).sum();
        self.raster.bytes() + slots + outlines + self.places.len() * (size_of::<(K, u32)>() + 8)
    }
}

/// The unit grids of a city as polygons, keyed by their 15-digit code; what they know is their grade.
#[derive(Debug, Clone, Default)]
pub struct UnitGrids {
    regions: Regions<GridCode, Option<AreaGrade>>,
}

/// One unit grid as it is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct GridRow {
    pub code: GridCode,
    pub grade: Option<AreaGrade>,
    pub shape: MultiPolygon<f64>,
}

/// A unit grid in place.
pub type UnitGrid = Region<GridCode, Option<AreaGrade>>;

impl From<&city::Grids> for UnitGrids {
    /// Plain rectangles, as `city` reads them.
    fn from(grids: &city::Grids) -> Self {
        let row = |grid: &city::grid::UnitGrid| {
            let b = grid.bounds;
            let corners = Rect::new(coord! { x: b.west, y: b.south }, coord! { x: b.east, y: b.north });
            GridRow {
                code: grid.code.clone(),
                grade: grid.grade,
                shape: MultiPolygon(vec![corners.to_polygon()]),
            }
        };
        Self::new(grids.iter().map(row).collect())
            .expect("rectangles of a city enclose areas, each code once")
    }
}

impl UnitGrids {
    /// Overlaps and gaps are not looked for here: that is a check of its own.
    ///
    /// # Errors
    /// A code twice or not of 15 digits, or a polygon that encloses no area or leaves the earth.
    pub fn new(rows: Vec<GridRow>) -> Result<Self, RegionProblem<GridCode>> {
        if let Some(at) = rows.iter().position(|row| PlaceLevel::of(&row.code) != PlaceLevel::UnitGrid) {
            return Err(RegionProblem::NotAGrid { at, key: rows[at].code.clone() });
        }
        let rows = rows.into_iter().map(|row| (row.code, row.grade, row.shape)).collect();
        Ok(Self { regions: Regions::new(rows)? })
    }

    pub(crate) fn from_regions(regions: Regions<GridCode, Option<AreaGrade>>) -> Self {
        Self { regions }
    }

    /// The grids as regions, for places, boxes and tiles.
    #[must_use]
    pub fn regions(&self) -> &Regions<GridCode, Option<AreaGrade>> {
        &self.regions
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// In order of code.
    pub fn iter(&self) -> impl Iterator<Item = &UnitGrid> {
        self.regions.iter()
    }

    #[must_use]
    pub fn get(&self, code: &GridCode) -> Option<&UnitGrid> {
        self.regions.get(code)
    }

    /// The unit grid a point lies in.
    #[must_use]
    pub fn at(&self, point: Point<Cgcs2000>) -> Option<&GridCode> {
        self.regions.at(point).map(|grid| &grid.key)
    }

    /// The grid of a point, or the nearest one within `metres`: a position of a telephone may lie a little
    /// outside. With its distance, 0 inside.
    #[must_use]
    pub fn nearest(&self, point: Point<Cgcs2000>, metres: f64) -> Option<(&GridCode, f64)> {
        self.regions.nearest(point, metres).map(|(grid, far)| (&grid.key, far))
    }

    /// Metres from a point to the nearest edge of a grid, 0 inside; `None` for an unknown grid.
    #[must_use]
    pub fn metres_to(&self, point: Point<Cgcs2000>, code: &GridCode) -> Option<f64> {
        self.regions.metres_to(point, code)
    }

    /// Grids that share an edge or a corner with this one, in order of code.
    #[must_use]
    pub fn neighbours(&self, code: &GridCode) -> Vec<&GridCode> {
        self.regions.neighbours(code).into_iter().map(|grid| &grid.key).collect()
    }

    /// The grids of a division, or the grid itself, in order of code.
    pub fn of_area<'a>(&'a self, area: &'a GridCode) -> impl Iterator<Item = &'a UnitGrid> {
        self.regions.iter_from(area).take_while(|grid| grid.key.is_within(area))
    }

    /// The bounds of a grid, or of all grids of a division.
    #[must_use]
    pub fn bounds(&self, area: &GridCode) -> Option<Bounds> {
        self.of_area(area).map(|grid| grid.outline.bounds()).reduce(|a, b| union(&a, &b))
    }

    /// The bounds of the whole.
    #[must_use]
    pub fn all_bounds(&self) -> Option<Bounds> {
        self.regions.all_bounds()
    }

    /// A point inside a grid, its middle where that lies inside. For a division, that of the grid nearest to
    /// the mean of its grids, so that the answer lies inside however the division is shaped.
    #[must_use]
    pub fn centre(&self, area: &GridCode) -> Option<Point<Cgcs2000>> {
        let centres: Vec<Point<Cgcs2000>> = self.of_area(area).map(|grid| grid.outline.centre()).collect();
        #[allow(clippy::cast_precision_loss)] // far fewer than 2^52 grids
        let n = centres.len() as f64;
        let mean = Point::new(
            centres.iter().map(Point::lng).sum::<f64>() / n,
            centres.iter().map(Point::lat).sum::<f64>() / n,
        )?;
        centres.into_iter().min_by(|a, b| a.metres_to(&mean).total_cmp(&b.metres_to(&mean)))
    }

    #[must_use]
    pub fn grade(&self, code: &GridCode) -> Option<AreaGrade> {
        self.get(code).and_then(|grid| grid.value)
    }

    /// Sets the grade of a grid or of a whole division; answers how many grids have it now.
    pub fn set_grade(&mut self, area: &GridCode, grade: Option<AreaGrade>) -> usize {
        let codes: Vec<GridCode> = self.of_area(area).map(|grid| grid.key.clone()).collect();
        for code in &codes {
            if let Some(value) = self.regions.value_mut(code) {
                *value = grade;
            }
        }
        codes.len()
    }

    /// Communities that have grids, in order.
    #[must_use]
    pub fn communities(&self) -> Vec<GridCode> {
        let mut found: Vec<GridCode> =
            self.iter().filter_map(|grid| area::prefix(&grid.key, PlaceLevel::Community)).collect();
        found.dedup();
        found
    }

    /// Adds a grid or changes its outline and grade. Answers what it replaced.
    ///
    /// # Errors
    /// As [`Self::new`]; nothing has changed then.
    pub fn put(&mut self, row: GridRow) -> Result<Option<UnitGrid>, RegionProblem<GridCode>> {
        if PlaceLevel::of(&row.code) != PlaceLevel::UnitGrid {
            return Err(RegionProblem::NotAGrid { at: 0, key: row.code });
        }
        self.regions.put(row.code, row.grade, &row.shape)
    }

    pub fn remove(&mut self, code: &GridCode) -> Option<UnitGrid> {
        self.regions.remove(code)
    }
}
