//! Web Mercator and its tiles: where a position falls on the square of the world, which tiles a place touches.
//!
//! The square has its origin in the north-west corner (-180°, 85.0511°) and side 1: `x` grows east, `y` south.

use city::grid::Bounds;

/// The deepest zoom that is served; a tile is then about 10 m wide.
pub const ZOOM_MAX: u8 = 22;
/// Units along the side of a vector tile.
pub const EXTENT: u32 = 4096;
/// The square ends here, so that it is a square.
const LATITUDE_MAX: f64 = 85.051_128_779_806_59;

/// Where a position falls on the square of the world. Latitudes beyond the square fall on its edge.
#[must_use]
pub fn project(lng: f64, lat: f64) -> (f64, f64) {
    (project_lng(lng), project_lat(lat))
}

pub(crate) fn project_lng(lng: f64) -> f64 {
    lng / 360.0 + 0.5
}

pub(crate) fn project_lat(lat: f64) -> f64 {
    let sine = lat.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians().sin();
    0.5 - sine.atanh() / std::f64::consts::TAU
}

/// The position of a place on the square of the world, in degrees.
#[must_use]
pub fn unproject(x: f64, y: f64) -> (f64, f64) {
    let lat = ((0.5 - y) * std::f64::consts::TAU).sinh().atan().to_degrees();
    ((x - 0.5) * 360.0, lat)
}

/// Cells along a side at a zoom.
#[must_use]
pub fn side(zoom: u8) -> f64 {
    f64::from(1_u32 << zoom.min(31))
}

/// The cell of a zoom in which a place of the square lies; its far edges belong to the last cell.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped into the row of cells
pub(crate) fn cell(x: f64, y: f64, zoom: u8) -> (u32, u32) {
    let last = side(zoom) - 1.0;
    let along = |value: f64| (value * side(zoom)).clamp(0.0, last) as u32;
    (along(x), along(y))
}

/// One tile of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    z: u8,
    x: u32,
    y: u32,
}

impl TileId {
    /// `None` beyond [`ZOOM_MAX`] or outside the world.
    #[must_use]
    pub fn new(z: u8, x: u32, y: u32) -> Option<Self> {
        (z <= ZOOM_MAX && x < 1 << z && y < 1 << z).then_some(Self { z, x, y })
    }

    /// The tile of a position.
    #[must_use]
    pub fn at(lng: f64, lat: f64, z: u8) -> Self {
        let z = z.min(ZOOM_MAX);
        let (x, y) = cell(project_lng(lng), project_lat(lat), z);
        Self { z, x, y }
    }

    #[must_use]
    pub const fn z(self) -> u8 {
        self.z
    }

    #[must_use]
    pub const fn x(self) -> u32 {
        self.x
    }

    #[must_use]
    pub const fn y(self) -> u32 {
        self.y
    }

    /// Its edges in degrees.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        self.square(0.0).bounds()
    }

    /// Its part of the square of the world, wider by `units` of its [`EXTENT`] on each side.
    pub(crate) fn square(self, units: f64) -> Square {
        let (n, wide) = (side(self.z), units / f64::from(EXTENT));
        Square {
            west: (f64::from(self.x) - wide) / n,
            north: (f64::from(self.y) - wide) / n,
            east: (f64::from(self.x) + 1.0 + wide) / n,
            south: (f64::from(self.y) + 1.0 + wide) / n,
        }
    }

    /// Where a place of the square falls in the tile, in units from its north-west corner.
    #[inline]
    pub(crate) fn units(self, x: f64, y: f64) -> (f64, f64) {
        let n = side(self.z);
        ((x * n - f64::from(self.x)) * f64::from(EXTENT), (y * n - f64::from(self.y)) * f64::from(EXTENT))
    }
}

/// A rectangle on the square of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Square {
    pub west: f64,
    pub north: f64,
    pub east: f64,
    pub south: f64,
}

impl Square {
    pub fn of(bounds: &Bounds) -> Self {
        Self {
            west: project_lng(bounds.west),
            north: project_lat(bounds.north),
            east: project_lng(bounds.east),
            south: project_lat(bounds.south),
        }
    }

    pub fn bounds(&self) -> Bounds {
        let ((west, north), (east, south)) =
            (unproject(self.west, self.north), unproject(self.east, self.south));
        Bounds { west, south, east, north }
    }

    /// The cells of a zoom that it meets: columns, then rows, both ends included.
    pub fn cells(&self, zoom: u8) -> (std::ops::RangeInclusive<u32>, std::ops::RangeInclusive<u32>) {
        let ((x0, y0), (x1, y1)) = (cell(self.west, self.north, zoom), cell(self.east, self.south, zoom));
        (x0..=x1, y0..=y1)
    }
}

/// Tiles of one zoom side by side: columns and rows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileRange {
    pub z: u8,
    pub west: u32,
    pub east: u32,
    pub north: u32,
    pub south: u32,
}

impl TileRange {
    /// Tiles whose buffer of `units` meets the bounds.
    #[must_use]
    pub fn touching(bounds: &Bounds, z: u8, units: u16) -> Self {
        let z = z.min(ZOOM_MAX);
        let square = Square::of(bounds);
        // One unit more: coordinates are rounded to whole units.
        let wide = (f64::from(units) + 1.0) / f64::from(EXTENT) / side(z);
        let ((west, north), (east, south)) = (
            cell(square.west - wide, square.north - wide, z),
            cell(square.east + wide, square.south + wide, z),
        );
        Self { z, west, east, north, south }
    }

    #[must_use]
    pub fn contains(&self, tile: TileId) -> bool {
        tile.z == self.z
            && (self.west..=self.east).contains(&tile.x)
            && (self.north..=self.south).contains(&tile.y)
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        u64::from(self.east - self.west + 1) * u64::from(self.south - self.north + 1)
    }

    pub fn iter(&self) -> impl Iterator<Item = TileId> + use<> {
        let Self { z, west, east, north, south } = *self;
        (north..=south).flat_map(move |y| (west..=east).map(move |x| TileId { z, x, y }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_has_the_published_corners_and_middle() {
        assert_eq!(project(0.0, 0.0), (0.5, 0.5));
        let (x, y) = project(-180.0, LATITUDE_MAX);
        assert!(x.abs() < 1e-12 && y.abs() < 1e-12, "{x} {y}");
        // EPSG:3857 of (119.1, 36.7): 13,258,151.353 m east on a sphere of 6,378,137 m.
        let (x, y) = project(119.1, 36.7);
        let world = std::f64::consts::TAU * 6_378_137.0;
        assert!(((x - 0.5) * world - 13_258_151.353_479).abs() < 1e-5, "{}", (x - 0.5) * world);
        let closed = 6_378_137.0 * (std::f64::consts::FRAC_PI_4 + 36.7_f64.to_radians() / 2.0).tan().ln();
        assert!(((0.5 - y) * world - closed).abs() < 1e-6);
    }

    #[test]
    fn projecting_and_back_is_exact_to_a_millionth_of_a_metre() {
        for k in 0..1000_u32 {
            let (lng, lat) = (f64::from(k) * 0.35 - 175.0, f64::from(k % 170) - 84.5);
            let (x, y) = project(lng, lat);
            let (lng2, lat2) = unproject(x, y);
            assert!((lng - lng2).abs() < 1e-11 && (lat - lat2).abs() < 1e-11, "{lng} {lat}");
        }
    }

    #[test]
    fn a_tile_is_found_by_its_position() {
        // 潍坊: z14 as every slippy map counts it.
        assert_eq!(TileId::at(119.1, 36.7, 14), TileId::new(14, 13_612, 6_394).expect("in the world"));
        assert_eq!(TileId::new(3, 8, 0), None);
        assert_eq!(TileId::new(ZOOM_MAX + 1, 0, 0), None);
        let bounds = TileId::at(119.1, 36.7, 14).bounds();
        assert!(bounds.west <= 119.1 && 119.1 < bounds.east && bounds.south < 36.7 && 36.7 <= bounds.north);
    }

    #[test]
    fn a_point_at_the_edge_of_a_tile_touches_the_tiles_beside_it() {
        let edge = TileId::new(14, 13_612, 6_394).expect("in the world").bounds();
        let corner = Bounds { west: edge.west, east: edge.west, south: edge.north, north: edge.north };
        let touched = TileRange::touching(&corner, 14, 64);
        assert_eq!(
            (touched.west, touched.east, touched.north, touched.south),
            (13_611, 13_612, 6_393, 6_394)
        );
        assert_eq!(touched.count(), 4);
        assert_eq!(touched.iter().filter(|tile| touched.contains(*tile)).count(), 4);
    }
}
