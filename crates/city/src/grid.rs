//! Unit grids (单元网格) as rectangles: which grid a point is in, its neighbours, its centre.
//!
//! Rectangles are enough for a plain grid; polygons come with the map. Edges belong to the grid north or east of
//! them, so a point lies in at most one grid; the outer edge of the whole belongs to the grid inside.

use crate::area::{self, PlaceLevel};
use crate::catalogue::AreaGrade;
use crate::codes;
use crate::table::{self, TableProblem};
use kernel::{Cgcs2000, GridCode, Point};
use serde::{Deserialize, Serialize};

/// A rectangle in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Bounds {
    fn holds(&self, lng: f64, lat: f64) -> bool {
        lng >= self.west && lng < self.east && lat >= self.south && lat < self.north
    }

    fn holds_closed(&self, lng: f64, lat: f64) -> bool {
        lng >= self.west && lng <= self.east && lat >= self.south && lat <= self.north
    }

    fn centre(&self) -> Option<Point<Cgcs2000>> {
        Point::new(f64::midpoint(self.west, self.east), f64::midpoint(self.south, self.north))
    }

    fn union(&self, other: &Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }
}

/// One unit grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitGrid {
    pub code: GridCode,
    pub bounds: Bounds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<AreaGrade>,
}

/// Shared edges may differ by this much (a tenth of a millimetre) and still be shared.
const TOUCH_DEGREES: f64 = 1e-9;
/// Cells of the lookup raster for each grid; bounds the memory of a scattered city.
const CELLS_PER_GRID: usize = 8;

/// The unit grids of a city, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Grids {
    /// In order of code, so that a division is a contiguous run.
    grids: Vec<UnitGrid>,
    raster: Raster,
}

/// Which grids meet each cell of a raster: cell `i` holds `items[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default)]
struct Raster {
    west: f64,
    south: f64,
    cells_per_degree_lng: f64,
    cells_per_degree_lat: f64,
    columns: usize,
    rows: usize,
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Grids {
    /// Reads `code,community_code,west,south,east,north` and, where present, `area_grade` (A, B, C).
    ///
    /// # Errors
    /// The first line that cannot be a grid: a code not of 15 digits or not of its community, a code twice, bounds
    /// without area, a grid that overlaps another.
    pub fn from_csv(csv: &str) -> Result<Self, TableProblem> {
        let mut grids = Vec::new();
        let mut lines = Vec::new();
        table::read("unit_grids", csv, &["code", "west", "south", "east", "north"], |row| {
            let code = codes::unit_grid(row.get("code")).map_err(|why| row.bad("code", why))?;
            if !code.as_str().starts_with(row.get("community_code")) {
                return Err(row.bad("community_code", "the grid's code does not begin with it"));
            }
            let bounds = Bounds {
                west: row.parse("west")?,
                south: row.parse("south")?,
                east: row.parse("east")?,
                north: row.parse("north")?,
            };
            let corners = Point::<Cgcs2000>::new(bounds.west, bounds.south)
                .zip(Point::<Cgcs2000>::new(bounds.east, bounds.north));
            if corners.is_none() || bounds.west >= bounds.east || bounds.south >= bounds.north {
                return Err(row.bad("east", "the bounds enclose no area on the earth"));
            }
            let grade = match row.get("area_grade") {
                "" => None,
                word => Some(
                    AreaGrade::parse(word).ok_or_else(|| row.bad("area_grade", "A, B or C is expected"))?,
                ),
            };
            grids.push(UnitGrid { code, bounds, grade });
            lines.push(row.line);
            Ok(())
        })?;
        Self::new(grids).map_err(|problem| {
            let (at, reason) = match &problem {
                GridProblem::CodeTwice { at, .. } | GridProblem::Overlap { at, .. } => {
                    (*at, problem.to_string())
                }
            };
            TableProblem::Unreadable {
                table: "unit_grids".to_owned(),
                line: lines.get(at).copied().unwrap_or_default(),
                reason,
            }
        })
    }

    /// # Errors
    /// Two grids with one code, or two that overlap.
    pub fn new(rows: Vec<UnitGrid>) -> Result<Self, GridProblem> {
        let mut indexed: Vec<(usize, UnitGrid)> = rows.into_iter().enumerate().collect();
        indexed.sort_by(|(_, a), (_, b)| a.code.cmp(&b.code));
        if let Some(pair) = indexed.windows(2).find(|pair| pair[0].1.code == pair[1].1.code) {
            let at = pair[0].0.max(pair[1].0);
            return Err(GridProblem::CodeTwice { at, code: pair[1].1.code.clone() });
        }
        let (order, grids): (Vec<usize>, Vec<UnitGrid>) = indexed.into_iter().unzip();
        let raster = Raster::new(&grids);
        let found = Self { grids, raster };
        for (i, grid) in found.grids.iter().enumerate() {
            let overlap = found.near(&grid.bounds, 0.0).find(|j| *j > i && overlap(grid, &found.grids[*j]));
            if let Some(j) = overlap {
                return Err(GridProblem::Overlap {
                    at: order[i].max(order[j]),
                    one: grid.code.clone(),
                    other: found.grids[j].code.clone(),
                });
            }
        }
        Ok(found)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.grids.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grids.is_empty()
    }

    /// In order of code.
    pub fn iter(&self) -> impl Iterator<Item = &UnitGrid> {
        self.grids.iter()
    }

    #[must_use]
    pub fn get(&self, code: &GridCode) -> Option<&UnitGrid> {
        self.position(code).map(|i| &self.grids[i])
    }

    /// The unit grid a point lies in.
    #[must_use]
    pub fn at(&self, point: Point<Cgcs2000>) -> Option<&GridCode> {
        self.index_at(point).map(|i| &self.grids[i].code)
    }

    /// The grid of a point, or the nearest one within `metres`: a position of a telephone may lie a little
    /// outside. With its distance, 0 inside.
    #[must_use]
    pub fn nearest(&self, point: Point<Cgcs2000>, metres: f64) -> Option<(&GridCode, f64)> {
        if let Some(i) = self.index_at(point) {
            return Some((&self.grids[i].code, 0.0));
        }
        let spot = Bounds { west: point.lng(), south: point.lat(), east: point.lng(), north: point.lat() };
        let degrees_lat = metres / METRES_PER_DEGREE;
        let degrees = degrees_lat / point.lat().to_radians().cos().max(0.01);
        self.near(&spot, degrees)
            .map(|i| (&self.grids[i].code, metres_to(point, &self.grids[i].bounds)))
            .filter(|(_, far)| *far <= metres)
            .min_by(|(a, a_far), (b, b_far)| a_far.total_cmp(b_far).then_with(|| a.cmp(b)))
    }

    /// Metres from a point to the nearest edge of a grid, 0 inside; `None` for an unknown grid.
    #[must_use]
    pub fn metres_to(&self, point: Point<Cgcs2000>, code: &GridCode) -> Option<f64> {
        self.get(code).map(|grid| metres_to(point, &grid.bounds))
    }

    /// Grids that share an edge or a corner with this one, in order of code.
    #[must_use]
    pub fn neighbours(&self, code: &GridCode) -> Vec<&GridCode> {
        let Some(own) = self.position(code) else { return Vec::new() };
        let bounds = self.grids[own].bounds;
        let mut found: Vec<usize> = self
            .near(&bounds, TOUCH_DEGREES)
            .filter(|i| {
                let other = &self.grids[*i].bounds;
                *i != own
                    && other.west <= bounds.east + TOUCH_DEGREES
                    && other.east >= bounds.west - TOUCH_DEGREES
                    && other.south <= bounds.north + TOUCH_DEGREES
                    && other.north >= bounds.south - TOUCH_DEGREES
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|i| &self.grids[i].code).collect()
    }

    /// The grids of a division, or the grid itself, in order of code.
    #[must_use]
    pub fn of_area(&self, area: &GridCode) -> &[UnitGrid] {
        let first = self.grids.partition_point(|grid| grid.code < *area);
        let count = self.grids[first..].iter().take_while(|grid| grid.code.is_within(area)).count();
        &self.grids[first..first + count]
    }

    /// The bounds of a grid, or of all grids of a division.
    #[must_use]
    pub fn bounds(&self, area: &GridCode) -> Option<Bounds> {
        self.of_area(area).iter().map(|grid| grid.bounds).reduce(|all, one| all.union(&one))
    }

    /// The bounds of the whole.
    #[must_use]
    pub fn all_bounds(&self) -> Option<Bounds> {
        self.grids.iter().map(|grid| grid.bounds).reduce(|all, one| all.union(&one))
    }

    /// The middle of a grid. For a division, the middle of the grid nearest to the mean of its grids, so that the
    /// answer lies inside however the division is shaped.
    #[must_use]
    pub fn centre(&self, area: &GridCode) -> Option<Point<Cgcs2000>> {
        let centres: Vec<Point<Cgcs2000>> =
            self.of_area(area).iter().filter_map(|grid| grid.bounds.centre()).collect();
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
        self.get(code).and_then(|grid| grid.grade)
    }

    /// Sets the grade of a grid or of a whole division; answers how many grids have it now.
    pub fn set_grade(&mut self, area: &GridCode, grade: Option<AreaGrade>) -> usize {
        let first = self.grids.partition_point(|grid| grid.code < *area);
        let count = self.of_area(area).len();
        for grid in &mut self.grids[first..first + count] {
            grid.grade = grade;
        }
        count
    }

    /// Communities that have grids, in order.
    #[must_use]
    pub fn communities(&self) -> Vec<GridCode> {
        let mut found: Vec<GridCode> =
            self.grids.iter().filter_map(|grid| area::prefix(&grid.code, PlaceLevel::Community)).collect();
        found.dedup();
        found
    }

    fn position(&self, code: &GridCode) -> Option<usize> {
        self.grids.binary_search_by(|grid| grid.code.cmp(code)).ok()
    }

    fn index_at(&self, point: Point<Cgcs2000>) -> Option<usize> {
        let (lng, lat) = (point.lng(), point.lat());
        let cell = self.raster.cell(lng, lat)?;
        let items = self.raster.items(cell);
        items
            .iter()
            .map(|i| *i as usize)
            .find(|i| self.grids[*i].bounds.holds(lng, lat))
            .or_else(|| self.on_outer_edge(items, lng, lat))
    }

    #[cold]
    fn on_outer_edge(&self, items: &[u32], lng: f64, lat: f64) -> Option<usize> {
        items.iter().map(|i| *i as usize).find(|i| self.grids[*i].bounds.holds_closed(lng, lat))
    }

    /// Grids whose raster cells lie within `degrees` of the bounds; each once.
    fn near(&self, bounds: &Bounds, degrees: f64) -> impl Iterator<Item = usize> {
        let wide = Bounds {
            west: bounds.west - degrees,
            south: bounds.south - degrees,
            east: bounds.east + degrees,
            north: bounds.north + degrees,
        };
        let mut found: Vec<u32> =
            self.raster.cells(&wide).flat_map(|cell| self.raster.items(cell).iter().copied()).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|i| i as usize)
    }
}

/// Why rectangles cannot be the grids of a city. `at` is the position of the later row as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridProblem {
    #[error("grid {code} is there twice")]
    CodeTwice { at: usize, code: GridCode },
    #[error("grids {one} and {other} overlap")]
    Overlap { at: usize, one: GridCode, other: GridCode },
}

impl Raster {
    fn new(grids: &[UnitGrid]) -> Self {
        let Some(all) = grids.iter().map(|grid| grid.bounds).reduce(|all, one| all.union(&one)) else {
            return Self::default();
        };
        let smallest = |size: fn(&Bounds) -> f64| {
            grids.iter().map(|grid| size(&grid.bounds)).fold(f64::INFINITY, f64::min)
        };
        let (width, height) = (all.east - all.west, all.north - all.south);
        let mut columns = width / smallest(|b| b.east - b.west);
        let mut rows = height / smallest(|b| b.north - b.south);
        #[allow(clippy::cast_precision_loss)] // far fewer than 2^52 grids
        let most = (grids.len() * CELLS_PER_GRID).max(64) as f64;
        if columns * rows > most {
            let shrink = (most / (columns * rows)).sqrt();
            // A long thin city keeps one row and spends all cells on columns, or the reverse.
            columns = (columns * shrink).clamp(1.0, most);
            rows = (rows * shrink).clamp(1.0, most / columns);
            columns = columns.min(most / rows);
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded just above
        let (columns, rows) = (columns.ceil().max(1.0) as usize, rows.ceil().max(1.0) as usize);
        #[allow(clippy::cast_precision_loss)]
        let mut raster = Self {
            west: all.west,
            south: all.south,
            cells_per_degree_lng: columns as f64 / width,
            cells_per_degree_lat: rows as f64 / height,
            columns,
            rows,
            starts: vec![0; columns * rows + 1],
            items: Vec::new(),
        };
        for grid in grids {
            for cell in raster.cells(&grid.bounds).collect::<Vec<_>>() {
                raster.starts[cell + 1] += 1;
            }
        }
        for cell in 0..columns * rows {
            raster.starts[cell + 1] += raster.starts[cell];
        }
        let mut next = raster.starts.clone();
        let mut items = vec![0; raster.starts[columns * rows] as usize];
        for (i, grid) in (0_u32..).zip(grids) {
            for cell in raster.cells(&grid.bounds) {
                items[next[cell] as usize] = i;
                next[cell] += 1;
            }
        }
        raster.items = items;
        raster
    }

    fn column(&self, lng: f64) -> f64 {
        ((lng - self.west) * self.cells_per_degree_lng).floor()
    }

    fn row(&self, lat: f64) -> f64 {
        ((lat - self.south) * self.cells_per_degree_lat).floor()
    }

    /// The cell of a point; the outer edges belong to the last column and row.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // checked here
    fn cell(&self, lng: f64, lat: f64) -> Option<usize> {
        let (column, row) = (self.column(lng), self.row(lat));
        let inside = column >= 0.0 && row >= 0.0 && column <= self.columns as f64 && row <= self.rows as f64;
        if !inside || self.columns == 0 {
            return None;
        }
        Some((row as usize).min(self.rows - 1) * self.columns + (column as usize).min(self.columns - 1))
    }

    /// Cells the bounds meet.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // clamped
    fn cells(&self, bounds: &Bounds) -> impl Iterator<Item = usize> + use<> {
        let clamp = |value: f64, count: usize| value.clamp(0.0, count.saturating_sub(1) as f64) as usize;
        let columns = self.columns;
        let (first, last) =
            (clamp(self.column(bounds.west), columns), clamp(self.column(bounds.east), columns));
        let (bottom, top) =
            (clamp(self.row(bounds.south), self.rows), clamp(self.row(bounds.north), self.rows));
        let rows = if self.rows == 0 { 0..0 } else { bottom..top + 1 };
        rows.flat_map(move |row| (first..=last).map(move |column| row * columns + column))
    }

    fn items(&self, cell: usize) -> &[u32] {
        &self.items[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }
}

const METRES_PER_DEGREE: f64 = 111_195.08;

fn metres_to(point: Point<Cgcs2000>, bounds: &Bounds) -> f64 {
    let lng = point.lng().clamp(bounds.west, bounds.east);
    let lat = point.lat().clamp(bounds.south, bounds.north);
    Point::new(lng, lat).map_or(f64::INFINITY, |edge| point.metres_to(&edge))
}

fn overlap(a: &UnitGrid, b: &UnitGrid) -> bool {
    let (a, b) = (&a.bounds, &b.bounds);
    a.west + TOUCH_DEGREES < b.east
        && b.west + TOUCH_DEGREES < a.east
        && a.south + TOUCH_DEGREES < b.north
        && b.south + TOUCH_DEGREES < a.north
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(n: usize) -> GridCode {
        format!("990101001{:03}{:03}", n / 900 + 1, n % 900 + 1).parse().expect("a grid code")
    }

    /// `side` × `side` grids of about 100 m from (117, 36), row by row.
    fn square(side: usize) -> Grids {
        let step = 0.001;
        let grids = (0..side * side).map(|n| {
            let (row, column) = (n / side, n % side);
            #[allow(clippy::cast_precision_loss)]
            let (west, south) = (117.0 + column as f64 * step, 36.0 + row as f64 * step);
            // The next edge is computed as the neighbour computes it, so that they are equal.
            #[allow(clippy::cast_precision_loss)]
            let (east, north) = (117.0 + (column + 1) as f64 * step, 36.0 + (row + 1) as f64 * step);
            UnitGrid { code: code(n), bounds: Bounds { west, south, east, north }, grade: None }
        });
        Grids::new(grids.collect()).expect("no overlap")
    }

    fn point(lng: f64, lat: f64) -> Point<Cgcs2000> {
        Point::new(lng, lat).expect("on the earth")
    }

    #[test]
    fn every_point_inside_is_in_exactly_the_grid_that_holds_it() {
        let grids = square(30);
        for k in 0..20_000_u32 {
            let (x, y) =
                (f64::from(k * 7919 % 20_011) / 20_011.0, f64::from(k * 104_729 % 20_021) / 20_021.0);
            let p = point(116.999 + 0.032 * x, 35.999 + 0.032 * y);
            let slow: Vec<_> =
                grids.iter().filter(|g| g.bounds.holds(p.lng(), p.lat())).map(|g| &g.code).collect();
            assert!(slow.len() <= 1);
            assert_eq!(grids.at(p), slow.first().copied(), "{p:?}");
        }
    }

    #[test]
    fn an_inner_edge_belongs_to_one_grid_and_the_outer_edge_to_the_last() {
        let grids = square(3);
        let east_of_first = grids.get(&code(0)).expect("there").bounds.east;
        assert_eq!(grids.at(point(east_of_first, 36.0005)), Some(&code(1)));
        let all = grids.all_bounds().expect("there are grids");
        assert_eq!(grids.at(point(all.east, all.north)), Some(&code(8)));
        assert_eq!(grids.at(point(all.west, all.south)), Some(&code(0)));
        assert_eq!(grids.at(point(all.east + 1e-6, all.north)), None);
        assert_eq!(Grids::default().at(point(117.0, 36.0)), None);
    }

    #[test]
    fn neighbours_share_an_edge_or_a_corner() {
        let grids = square(3);
        assert_eq!(grids.neighbours(&code(4)).len(), 8);
        assert_eq!(grids.neighbours(&code(0)), [&code(1), &code(3), &code(4)]);
    }

    #[test]
    fn a_point_a_little_outside_finds_the_nearest_grid() {
        let grids = square(3);
        let p = point(116.9999, 36.0015);
        let (found, metres) = grids.nearest(p, 10.0).expect("nine metres away");
        assert_eq!(found, &code(3));
        assert!((metres - 9.0).abs() < 0.1, "{metres}");
        assert_eq!(grids.metres_to(p, &code(3)), Some(metres));
        assert_eq!(grids.nearest(p, 8.0), None);
        assert_eq!(grids.nearest(point(117.0005, 36.0005), 8.0), Some((&code(0), 0.0)));
    }

    #[test]
    fn a_division_has_bounds_centre_and_grade() {
        let mut grids = square(31);
        let second: GridCode = "990101001002".parse().expect("a community");
        assert_eq!(grids.of_area(&second).len(), 61);
        assert_eq!(grids.communities().len(), 2);
        let centre = grids.centre(&second).expect("it has grids");
        assert!(grids.at(centre).expect("inside").is_within(&second));
        assert_eq!(grids.set_grade(&second, Some(AreaGrade::A)), 61);
        assert_eq!(grids.grade(&code(900)), Some(AreaGrade::A));
        assert_eq!(grids.grade(&code(0)), None);
        let unknown: GridCode = "990109".parse().expect("a county");
        assert_eq!(grids.centre(&unknown), None);
    }

    #[test]
    fn wrong_tables_are_refused_with_their_line() {
        let head = "code,community_code,west,south,east,north\n";
        let good = "990101001001001,990101001001,117.0,36.0,117.001,36.001\n";
        let table = [
            ("990101001001,990101001001,117.0,36.0,117.001,36.001\n", "line 2, column code"),
            ("990101001001001,990101001002,117.0,36.0,117.001,36.001\n", "column community_code"),
            ("990101001001001,990101001001,117.0,36.0,117.0,36.001\n", "no area"),
            ("990101001001001,990101001001,117.0,96.0,117.1,97\n", "no area"),
            ("990101001001001,990101001001,x,36.0,117.0,36.001\n", "column west"),
        ];
        for (line, expected) in table {
            let problem = Grids::from_csv(&format!("{head}{line}")).expect_err(line).to_string();
            assert!(problem.contains(expected), "{problem}");
        }
        let twice = Grids::from_csv(&format!("{head}{good}{good}")).expect_err("twice").to_string();
        assert!(twice.contains("line 3: grid 990101001001001 is there twice"), "{twice}");
        let over = "990101001001002,990101001001,117.0005,36.0,117.0015,36.001\n";
        let problem = Grids::from_csv(&format!("{head}{good}{over}")).expect_err("overlap").to_string();
        assert!(problem.contains("line 3") && problem.contains("overlap"), "{problem}");
    }

    #[test]
    fn two_far_towns_do_not_cost_a_raster_of_the_land_between() {
        let grid = |n: usize, west: f64| UnitGrid {
            code: code(n),
            bounds: Bounds { west, south: 36.0, east: west + 0.001, north: 36.001 },
            grade: None,
        };
        let grids = Grids::new(vec![grid(0, 80.0), grid(1, 120.0)]).expect("no overlap");
        assert!(grids.raster.starts.len() < 200, "{}", grids.raster.starts.len());
        assert_eq!(grids.at(point(120.0005, 36.0005)), Some(&code(1)));
    }
}
