//! Which regions meet each cell of a raster over a city: the first, and mostly the only, step from a point to
//! its region.

use crate::outline::{Outline, TOUCH_DEGREES, union};
use city::grid::Bounds;

/// Cells for each region: most points then fall into a cell that lies wholly inside one.
const CELLS_PER_REGION: usize = 64;
const CELLS_MIN: usize = 1 << 14;
/// 16 MB, whatever the number of regions.
const CELLS_MAX: usize = 1 << 22;
/// A cell with this bit lies wholly inside one region and meets no other; the rest is that region.
const WHOLE: u32 = 1 << 31;
/// Unused list entries that are not worth a clean-up.
const GARBAGE_MIN: usize = 1 << 14;

/// What a cell says about the points in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    Nothing,
    /// All of it lies in this region and in no other.
    Whole(u32),
    /// It meets these; see [`Meeting`].
    Some(&'a [Meeting]),
}

/// A region that meets a cell, and whether it holds all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting(u32);

impl Meeting {
    fn new(region: u32, whole: bool) -> Self {
        Self(region << 1 | u32::from(whole))
    }

    #[inline]
    pub fn region(self) -> u32 {
        self.0 >> 1
    }

    #[inline]
    pub fn whole(self) -> bool {
        self.0 & 1 == 1
    }
}

#[derive(Debug, Clone, Default)]
pub struct Raster {
    frame: Frame,
    /// 0 without a region, [`WHOLE`] and the region, or 1 + the place of a list in `lists`.
    cells: Vec<u32>,
    /// Lists of changed cells are appended; what they replace is garbage until the next clean-up.
    lists: Vec<Meeting>,
    garbage: usize,
}

/// Where the cells lie.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
    per_lng: f64,
    per_lat: f64,
    columns: usize,
    rows: usize,
}

impl Raster {
    /// A raster of the outlines; lists are in the order given.
    pub fn new<'a>(outlines: impl Iterator<Item = (u32, &'a Outline)> + Clone) -> Self {
        let count = outlines.clone().count();
        let Some(all) = outlines.clone().map(|(_, o)| o.bounds()).reduce(|a, b| union(&a, &b)) else {
            return Self::default();
        };
        let frame = Frame::over(&all, (count * CELLS_PER_REGION).clamp(CELLS_MIN, CELLS_MAX));
        let mut met: Vec<(u32, Meeting)> = Vec::new();
        let mut starts = vec![0_u32; frame.columns * frame.rows + 1];
        for (region, outline) in outlines {
            frame.cover(outline, |cell, whole| {
                starts[cell] += 1;
                met.push((u32::try_from(cell).unwrap_or(u32::MAX), Meeting::new(region, whole)));
            });
        }
        let mut next = 0;
        for start in &mut starts {
            (*start, next) = (next, next + *start);
        }
        let mut sorted = vec![Meeting(0); met.len()];
        for (cell, meeting) in met {
            let at = &mut starts[cell as usize];
            sorted[*at as usize] = meeting;
            *at += 1;
        }
        // Each start has moved to the end of its list.
        let mut raster = Self { frame, cells: vec![0; starts.len() - 1], lists: Vec::new(), garbage: 0 };
        let mut first = 0;
        for (cell, &end) in starts[..starts.len() - 1].iter().enumerate() {
            raster.cells[cell] = raster.kept(&sorted[first..end as usize]);
            first = end as usize;
        }
        raster.lists.shrink_to_fit();
        raster
    }

    #[inline]
    pub fn at(&self, lng: f64, lat: f64) -> Cell<'_> {
        self.frame.cell(lng, lat).map_or(Cell::Nothing, |cell| self.read(cell))
    }

    #[inline]
    fn read(&self, cell: usize) -> Cell<'_> {
        match self.cells[cell] {
            0 => Cell::Nothing,
            value if value & WHOLE != 0 => Cell::Whole(value & !WHOLE),
            value => Cell::Some(self.list(value)),
        }
    }

    #[inline]
    fn list(&self, value: u32) -> &[Meeting] {
        let at = value as usize;
        &self.lists[at..at + self.lists[at - 1].0 as usize]
    }

    /// Stores what a cell meets; the value for the cell.
    fn kept(&mut self, list: &[Meeting]) -> u32 {
        match list {
            [] => 0,
            [one] if one.whole() => WHOLE | one.region(),
            _ => {
                self.lists.push(Meeting(u32::try_from(list.len()).unwrap_or(u32::MAX)));
                let at = self.lists.len();
                self.lists.extend_from_slice(list);
                u32::try_from(at).unwrap_or(u32::MAX)
            }
        }
    }

    /// Whether an outline can be added without a new raster.
    pub fn has_room_for(&self, bounds: &Bounds) -> bool {
        let f = &self.frame;
        f.columns > 0
            && bounds.west >= f.west
            && bounds.south >= f.south
            && bounds.east <= f.east
            && bounds.north <= f.north
    }

    /// Adds a region to the cells it meets, each list in the order of `before(other)`: true when the other
    /// region comes first.
    pub fn add(&mut self, region: u32, outline: &Outline, before: impl Fn(u32) -> bool) {
        self.change(outline, |list, whole| {
            let place = list.partition_point(|other| before(other.region()));
            list.insert(place, Meeting::new(region, whole));
        });
    }

    /// Removes a region that was added with this outline.
    pub fn remove(&mut self, region: u32, outline: &Outline) {
        self.change(outline, |list, _| list.retain(|other| other.region() != region));
    }

    fn change(&mut self, outline: &Outline, mut change: impl FnMut(&mut Vec<Meeting>, bool)) {
        let frame = self.frame;
        let mut list = Vec::new();
        frame.cover(outline, |cell, whole| {
            list.clear();
            match self.read(cell) {
                Cell::Nothing => {}
                Cell::Whole(region) => list.push(Meeting::new(region, true)),
                Cell::Some(meetings) => {
                    list.extend_from_slice(meetings);
                    self.garbage += list.len() + 1;
                }
            }
            change(&mut list, whole);
            self.cells[cell] = self.kept(&list);
        });
        if self.garbage > GARBAGE_MIN.max(self.lists.len() / 2) {
            self.clean();
        }
    }

    fn clean(&mut self) {
        let old = std::mem::take(&mut self.lists);
        for cell in 0..self.cells.len() {
            let value = self.cells[cell];
            if value != 0 && value & WHOLE == 0 {
                let at = value as usize;
                self.cells[cell] = self.kept(&old[at..at + old[at - 1].0 as usize]);
            }
        }
        self.garbage = 0;
    }

    /// Regions that meet cells the bounds meet; each once, in order of number.
    pub fn near(&self, bounds: &Bounds) -> Vec<u32> {
        let mut found = Vec::new();
        let mut full = 1 << 16;
        for cell in self.frame.cells(bounds) {
            match self.read(cell) {
                Cell::Nothing => {}
                Cell::Whole(region) => found.push(region),
                Cell::Some(list) => found.extend(list.iter().map(|meeting| meeting.region())),
            }
            // Large regions stand in thousands of cells.
            if found.len() >= full {
                found.sort_unstable();
                found.dedup();
                full = full.max(found.len() * 2);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Metres of the shorter side of a cell near a latitude.
    pub fn cell_metres(&self, lat: f64) -> f64 {
        let f = &self.frame;
        if f.columns == 0 {
            return f64::INFINITY;
        }
        let metres = crate::outline::METRES_PER_DEGREE;
        (metres / f.per_lat).min(metres * lat.to_radians().cos() / f.per_lng)
    }

    pub fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<u32>() + self.lists.capacity() * size_of::<Meeting>()
    }
}

impl Frame {
    /// About `cells` square cells (on the ground) over the bounds and a little beyond.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded
    fn over(all: &Bounds, cells: usize) -> Self {
        let widest = f64::midpoint(all.south, all.north).to_radians().cos().max(0.01);
        // A line has one row; a thousandth of the longer side keeps its cells from being none.
        let (width, height) = ((all.east - all.west) * widest, all.north - all.south);
        let least = (width.max(height) / 1000.0).max(1e-6);
        let (width, height) = (width.max(least), height.max(least));
        let side = (width * height / cells as f64).sqrt();
        let (columns, rows) = ((width / side).ceil().max(1.0), (height / side).ceil().max(1.0));
        // Half a cell to spare on each side, so that a corner moved a little needs no new raster.
        let (columns, rows) = (columns as usize + 1, rows as usize + 1);
        let (lng, lat) = (side / widest, side);
        let (west, south) = (all.west - lng / 2.0, all.south - lat / 2.0);
        Self {
            west,
            south,
            east: all.east.max(west + lng * (columns as f64 - 0.5)),
            north: all.north.max(south + lat * (rows as f64 - 0.5)),
            per_lng: 1.0 / lng,
            per_lat: 1.0 / lat,
            columns,
            rows,
        }
    }

    #[inline]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
    fn cell(&self, lng: f64, lat: f64) -> Option<usize> {
        let (column, row) = ((lng - self.west) * self.per_lng, (lat - self.south) * self.per_lat);
        let inside = column >= 0.0 && row >= 0.0 && column < self.columns as f64 && row < self.rows as f64;
        inside.then(|| row as usize * self.columns + column as usize)
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
    fn column(&self, lng: f64) -> usize {
        ((lng - self.west) * self.per_lng).clamp(0.0, (self.columns - 1) as f64) as usize
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
    fn row(&self, lat: f64) -> usize {
        ((lat - self.south) * self.per_lat).clamp(0.0, (self.rows - 1) as f64) as usize
    }

    #[allow(clippy::cast_precision_loss)]
    fn south_of(&self, row: usize) -> f64 {
        self.south + row as f64 / self.per_lat
    }

    fn cells(&self, bounds: &Bounds) -> impl Iterator<Item = usize> + use<> {
        let columns = self.columns;
        let meets = columns > 0
            && bounds.east >= self.west
            && bounds.north >= self.south
            && self.column(bounds.west) <= self.column(bounds.east);
        let (rows, across) = if meets {
            (
                self.row(bounds.south)..self.row(bounds.north) + 1,
                self.column(bounds.west)..self.column(bounds.east) + 1,
            )
        } else {
            (0..0, 0..0)
        };
        rows.flat_map(move |row| across.clone().map(move |column| row * columns + column))
    }

    /// Tells every cell that an outline meets, and whether the outline holds all of it.
    fn cover(&self, outline: &Outline, mut tell: impl FnMut(usize, bool)) {
        let (pad_lng, pad_lat) =
            (TOUCH_DEGREES.max(1e-6 / self.per_lng), TOUCH_DEGREES.max(1e-6 / self.per_lat));
        let b = outline.bounds();
        let (left, right) = (self.column(b.west - pad_lng), self.column(b.east + pad_lng));
        let (bottom, top) = (self.row(b.south - pad_lat), self.row(b.north + pad_lat));
        let across = right - left + 1;
        let mut crossed = vec![false; across * (top - bottom + 1)];
        for (a, b) in outline.edges() {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            let slope = if high[1] > low[1] { (high[0] - low[0]) / (high[1] - low[1]) } else { 0.0 };
            let (west, east) = (a[0].min(b[0]), a[0].max(b[0]));
            for row in self.row(low[1] - pad_lat)..=self.row(high[1] + pad_lat) {
                // The stretch of the edge inside the row, a little longer.
                let from = (self.south_of(row) - pad_lat).max(low[1]);
                let to = (self.south_of(row + 1) + pad_lat).min(high[1]);
                let (mut x0, mut x1) = (west, east);
                if high[1] > low[1] {
                    let (p, q) = (low[0] + (from - low[1]) * slope, low[0] + (to - low[1]) * slope);
                    x0 = p.min(q).clamp(west, east);
                    x1 = p.max(q).clamp(west, east);
                }
                let line = (row - bottom) * across;
                crossed[line + self.column(x0 - pad_lng) - left..=line + self.column(x1 + pad_lng) - left]
                    .fill(true);
            }
        }
        for row in bottom..=top {
            let middle = self.south_of(row) + 0.5 / self.per_lat;
            let mut inside = None;
            for column in left..=right {
                if crossed[(row - bottom) * across + column - left] {
                    inside = None;
                    tell(row * self.columns + column, false);
                    continue;
                }
                // No edge lies between this cell and the one before, so they answer alike.
                #[allow(clippy::cast_precision_loss)]
                let lng = self.west + (column as f64 + 0.5) / self.per_lng;
                if *inside.get_or_insert_with(|| outline.holds(lng, middle)) {
                    tell(row * self.columns + column, true);
                }
            }
        }
    }
}
