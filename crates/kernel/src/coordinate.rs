//! Coordinate systems of data that comes in or goes out. Inside there is only `Point<Cgcs2000>`; a file that
//! names its system is brought there by `Crs::locate`, row by row, and a number that cannot be what the file
//! claims is refused with the reason instead of landing in the sea.

use crate::place::{Bd09, Cgcs2000, Gcj02, Point, Wgs84};
use std::fmt;
use std::str::FromStr;

/// Semi-major axis of the CGCS2000 ellipsoid in metres.
const A: f64 = 6_378_137.0;
/// Flattening of the CGCS2000 ellipsoid.
const F: f64 = 1.0 / 298.257_222_101;
/// Third flattening.
const N: f64 = F / (2.0 - F);
/// Added to eastings so that they are positive on both sides of the central meridian.
const FALSE_EASTING_M: f64 = 500_000.0;
/// Distance in degrees from the central meridian up to which a zone is accepted. A 3° zone ends at 1.5°, but
/// cities that lie across a border keep one zone for all their data.
const REACH_DEG: f64 = 4.5;
/// One million metres of easting for each zone number.
const PREFIX_M: f64 = 1_000_000.0;

/// Why numbers are not a position in the system they were said to be in.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CoordinateFault {
    #[error("the number is not finite")]
    NotFinite,
    #[error("longitude {lng} is not within -180 to 180 or latitude {lat} not within -90 to 90")]
    OutOfRange { lng: f64, lat: f64 },
    #[error("longitude and latitude seem to be swapped: {first}, {second}")]
    Swapped { first: f64, second: f64 },
    #[error("{easting}, {northing} are metres, not degrees: name a projected system")]
    Metres { easting: f64, northing: f64 },
    #[error("{easting}, {northing} are degrees, not metres of a projection")]
    Degrees { easting: f64, northing: f64 },
    #[error("easting {easting} has zone number {found}, the system is zone {expected}")]
    OtherZone { easting: f64, found: u8, expected: u8 },
    #[error("easting {easting} has no zone number, zone {expected} was expected before it")]
    ZoneMissing { easting: f64, expected: u8 },
    #[error("easting {easting} begins with zone number {found}, the system has none")]
    ZoneUnexpected { easting: f64, found: u8 },
    #[error("easting {easting} is more than 4.5 degrees from the central meridian {central}")]
    TooFarEast { easting: f64, central: f64 },
    #[error("longitude {lng} is more than 4.5 degrees from the central meridian {central}")]
    OutsideZone { lng: f64, central: f64 },
    #[error("northing {northing} is not within China (0 to 6,000,000 m)")]
    TooFarNorth { northing: f64 },
}

impl CoordinateFault {
    /// Stable code for the message table.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFinite => "coordinate_not_finite",
            Self::OutOfRange { .. } => "coordinate_out_of_range",
            Self::Swapped { .. } => "coordinate_swapped",
            Self::Metres { .. } => "coordinate_in_metres",
            Self::Degrees { .. } => "coordinate_in_degrees",
            Self::OtherZone { .. } => "coordinate_other_zone",
            Self::ZoneMissing { .. } => "coordinate_zone_missing",
            Self::ZoneUnexpected { .. } => "coordinate_zone_unexpected",
            Self::TooFarEast { .. } => "coordinate_too_far_east",
            Self::OutsideZone { .. } => "coordinate_outside_zone",
            Self::TooFarNorth { .. } => "coordinate_too_far_north",
        }
    }
}

/// A coordinate system that files may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crs {
    Cgcs2000,
    Wgs84,
    Gcj02,
    Bd09,
    GaussKruger(GaussKruger),
}

impl Crs {
    /// The stored position of `x`, `y` (longitude and latitude, or easting and northing: the order of files,
    /// not the order X north, Y east of survey tables, which is reported as swapped).
    pub fn locate(&self, x: f64, y: f64) -> Result<Point<Cgcs2000>, CoordinateFault> {
        match self {
            Self::GaussKruger(zone) => zone.locate(Plane { easting: x, northing: y }),
            Self::Cgcs2000 => degrees(x, y),
            Self::Wgs84 => degrees::<Wgs84>(x, y).map(Point::<Wgs84>::to_cgcs2000),
            Self::Gcj02 => degrees::<Gcj02>(x, y).map(Point::<Gcj02>::to_cgcs2000),
            Self::Bd09 => degrees::<Bd09>(x, y).map(|p| p.to_gcj02().to_cgcs2000()),
        }
    }

    /// The numbers of a stored position in this system.
    pub fn express(&self, point: Point<Cgcs2000>) -> Result<(f64, f64), CoordinateFault> {
        Ok(match self {
            Self::Cgcs2000 => (point.lng(), point.lat()),
            Self::Wgs84 => pair(point.to_wgs84()),
            Self::Gcj02 => pair(point.to_gcj02()),
            Self::Bd09 => pair(point.to_gcj02().to_bd09()),
            Self::GaussKruger(zone) => {
                let plane = zone.project(point)?;
                (plane.easting, plane.northing)
            }
        })
    }

    /// EPSG number, where there is one. GCJ-02 and BD-09 have none.
    #[must_use]
    pub fn epsg(&self) -> Option<u16> {
        match self {
            Self::Cgcs2000 => Some(4490),
            Self::Wgs84 => Some(4326),
            Self::Gcj02 | Self::Bd09 => None,
            Self::GaussKruger(zone) => zone.epsg(),
        }
    }

    /// The system of an EPSG number: 4326, 4490 and the Gauss-Krüger zones of CGCS2000 (4491–4554).
    #[must_use]
    pub fn from_epsg(number: u16) -> Option<Self> {
        let zone = |width, first: u8, base: u16| {
            let zone = GaussKruger::zone(width, first + u8::try_from(number - base).ok()?)?;
            Some(zone)
        };
        Some(Self::GaussKruger(match number {
            4490 => return Some(Self::Cgcs2000),
            4326 => return Some(Self::Wgs84),
            4491..=4501 => zone(ZoneWidth::Six, 13, 4491)?,
            4502..=4512 => zone(ZoneWidth::Six, 13, 4502)?.without_prefix(),
            4513..=4533 => zone(ZoneWidth::Three, 25, 4513)?,
            4534..=4554 => zone(ZoneWidth::Three, 25, 4534)?.without_prefix(),
            _ => return None,
        }))
    }
}

/// `cgcs2000`, `wgs84`, `gcj02`, `bd09`, `epsg:4528`, `gk3:40` and `gk6:20` (easting with zone number),
/// `gk3:cm120` and `gk6:cm117` (without), `gk:cm118.5` for a central meridian of a city's own.
impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cgcs2000 => f.write_str("cgcs2000"),
            Self::Wgs84 => f.write_str("wgs84"),
            Self::Gcj02 => f.write_str("gcj02"),
            Self::Bd09 => f.write_str("bd09"),
            Self::GaussKruger(zone) => {
                let width = match zone.width {
                    Some(ZoneWidth::Three) => "3",
                    Some(ZoneWidth::Six) => "6",
                    None => "",
                };
                match zone.prefix {
                    Some(number) => write!(f, "gk{width}:{number}"),
                    None => write!(f, "gk{width}:cm{}", zone.central),
                }
            }
        }
    }
}

impl FromStr for Crs {
    type Err = UnknownCrs;

    fn from_str(text: &str) -> Result<Self, UnknownCrs> {
        let unknown = || UnknownCrs { text: text.chars().take(40).collect() };
        let word: String =
            text.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect::<String>().to_lowercase();
        if let Some(number) = word.strip_prefix("epsg:") {
            return number.parse().ok().and_then(Self::from_epsg).ok_or_else(unknown);
        }
        if let Some((kind, value)) = word.split_once(':') {
            let width = match kind {
                "gk3" => Some(ZoneWidth::Three),
                "gk6" => Some(ZoneWidth::Six),
                "gk" => None,
                _ => return Err(unknown()),
            };
            let zone = match (width, value.strip_prefix("cm")) {
                (None, Some(central)) => central.parse().ok().and_then(GaussKruger::own_meridian),
                (Some(width), Some(central)) => {
                    central.parse().ok().and_then(|c| GaussKruger::at_meridian(width, c))
                }
                (Some(width), None) => value.parse().ok().and_then(|n| GaussKruger::zone(width, n)),
                (None, None) => None,
            };
            return zone.map(Self::GaussKruger).ok_or_else(unknown);
        }
        Ok(match word.as_str() {
            "cgcs2000" => Self::Cgcs2000,
            "wgs84" | "gps" => Self::Wgs84,
            "gcj02" | "gaode" | "amap" | "tencent" => Self::Gcj02,
            "bd09" | "bd09ll" | "baidu" => Self::Bd09,
            _ => return Err(unknown()),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "coordinate system {text:?} is not one of cgcs2000, wgs84, gcj02, bd09, gk3:N, gk6:N, gk:cmDEGREES, epsg:N"
)]
pub struct UnknownCrs {
    pub text: String,
}

fn pair<D>(point: Point<D>) -> (f64, f64) {
    (point.lng(), point.lat())
}

fn degrees<D>(x: f64, y: f64) -> Result<Point<D>, CoordinateFault> {
    if !x.is_finite() || !y.is_finite() {
        return Err(CoordinateFault::NotFinite);
    }
    if x.abs() <= 90.0 && y.abs() > 90.0 && y.abs() <= 180.0 {
        return Err(CoordinateFault::Swapped { first: x, second: y });
    }
    if x.abs() > 1_000.0 && y.abs() > 1_000.0 {
        return Err(CoordinateFault::Metres { easting: x, northing: y });
    }
    Point::new(x, y).ok_or(CoordinateFault::OutOfRange { lng: x, lat: y })
}

/// Width of a Gauss-Krüger zone in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneWidth {
    Three,
    Six,
}

/// Metres on the plane of a projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// Y of Chinese survey tables.
    pub easting: f64,
    /// X of Chinese survey tables.
    pub northing: f64,
}

/// A Gauss-Krüger projection (高斯-克吕格投影) of CGCS2000: scale 1 on the central meridian, false easting 500 km.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussKruger {
    central: f64,
    /// Zone number written before the easting.
    prefix: Option<u8>,
    /// `None` for a central meridian that is no standard zone's (城市独立坐标系 on CGCS2000).
    width: Option<ZoneWidth>,
}

impl GaussKruger {
    /// A standard zone, eastings carrying its number: 3° zones 25–45, 6° zones 13–23 (those that touch China).
    #[must_use]
    pub fn zone(width: ZoneWidth, number: u8) -> Option<Self> {
        let central = match width {
            ZoneWidth::Three if (25..=45).contains(&number) => f64::from(number) * 3.0,
            ZoneWidth::Six if (13..=23).contains(&number) => f64::from(number) * 6.0 - 3.0,
            _ => return None,
        };
        Some(Self { central, prefix: Some(number), width: Some(width) })
    }

    /// The standard zone of this central meridian, eastings without its number.
    #[must_use]
    pub fn at_meridian(width: ZoneWidth, central: f64) -> Option<Self> {
        let number = match width {
            ZoneWidth::Three => central / 3.0,
            ZoneWidth::Six => (central + 3.0) / 6.0,
        };
        let whole = (25..=45u8).chain(13..=23).find(|n| f64::from(*n) == number)?;
        Self::zone(width, whole).map(Self::without_prefix)
    }

    /// Any central meridian between 70° and 140° east, eastings without a number.
    #[must_use]
    pub fn own_meridian(central: f64) -> Option<Self> {
        (70.0..=140.0).contains(&central).then_some(Self { central, prefix: None, width: None })
    }

    /// The zone in whose middle this longitude lies.
    #[must_use]
    pub fn of(width: ZoneWidth, point: Point<Cgcs2000>) -> Option<Self> {
        let number = match width {
            ZoneWidth::Three => (point.lng() / 3.0).round(),
            ZoneWidth::Six => (point.lng() / 6.0).floor() + 1.0,
        };
        (13..=45u8).find(|n| f64::from(*n) == number).and_then(|n| Self::zone(width, n))
    }

    #[must_use]
    pub const fn without_prefix(self) -> Self {
        Self { prefix: None, ..self }
    }

    /// Degrees east.
    #[must_use]
    pub const fn central_meridian(&self) -> f64 {
        self.central
    }

    /// Zone number before the easting, if eastings carry one.
    #[must_use]
    pub const fn prefix(&self) -> Option<u8> {
        self.prefix
    }

    #[must_use]
    pub fn epsg(&self) -> Option<u16> {
        let (first, base_prefixed, base_plain) = match self.width? {
            ZoneWidth::Three => (75.0, 4513, 4534),
            ZoneWidth::Six => (75.0, 4491, 4502),
        };
        let step = if self.width == Some(ZoneWidth::Three) { 3.0 } else { 6.0 };
        let index = (0..=20u16).find(|i| first + f64::from(*i) * step == self.central)?;
        Some(index + if self.prefix.is_some() { base_prefixed } else { base_plain })
    }

    fn shift(&self) -> f64 {
        FALSE_EASTING_M + self.prefix.map_or(0.0, |number| f64::from(number) * PREFIX_M)
    }

    /// Metres of a position; good to a tenth of a millimetre within the accepted reach.
    pub fn project(&self, point: Point<Cgcs2000>) -> Result<Plane, CoordinateFault> {
        let away = point.lng() - self.central;
        if away.abs() > REACH_DEG {
            return Err(CoordinateFault::OutsideZone { lng: point.lng(), central: self.central });
        }
        let (x, y) = forward(point.lat().to_radians(), away.to_radians());
        Ok(Plane { easting: x + self.shift(), northing: y })
    }

    /// The position of metres on the plane. Refuses what cannot be a place in China in this zone.
    pub fn locate(&self, plane: Plane) -> Result<Point<Cgcs2000>, CoordinateFault> {
        let Plane { easting, northing } = plane;
        if !easting.is_finite() || !northing.is_finite() {
            return Err(CoordinateFault::NotFinite);
        }
        if easting.abs() <= 180.0 && northing.abs() <= 180.0 {
            return Err(CoordinateFault::Degrees { easting, northing });
        }
        let found = prefix_of(easting);
        // Survey tables name the northing X and write it first: then the second number looks like an easting.
        let like_northing = |v: f64| (1_000_000.0..=6_000_000.0).contains(&v);
        let swapped = match self.prefix {
            Some(number) => found != Some(number) && prefix_of(northing) == Some(number),
            None => like_northing(easting) && (50_000.0..=950_000.0).contains(&northing),
        };
        if swapped {
            return Err(CoordinateFault::Swapped { first: easting, second: northing });
        }
        match (self.prefix, found) {
            (Some(expected), Some(found)) if found != expected => {
                return Err(CoordinateFault::OtherZone { easting, found, expected });
            }
            (Some(expected), None) => return Err(CoordinateFault::ZoneMissing { easting, expected }),
            (None, Some(found)) => return Err(CoordinateFault::ZoneUnexpected { easting, found }),
            _ => {}
        }
        if !(0.0..=6_000_000.0).contains(&northing) {
            return Err(CoordinateFault::TooFarNorth { northing });
        }
        let too_far = CoordinateFault::TooFarEast { easting, central: self.central };
        let (lat, away) = inverse(easting - self.shift(), northing);
        if away.to_degrees().abs() > REACH_DEG {
            return Err(too_far);
        }
        Point::new(self.central + away.to_degrees(), lat.to_degrees()).ok_or(too_far)
    }
}

/// Zone number an easting begins with: eight digits before the point, the first two from 13 to 45.
fn prefix_of(easting: f64) -> Option<u8> {
    let number = (easting / PREFIX_M).floor();
    (13..=45u8).find(|n| f64::from(*n) == number)
}

/// Radius of the sphere on which the meridian has its true length.
fn rectifying_radius() -> f64 {
    let n2 = N * N;
    A / (1.0 + N) * (1.0 + n2 / 4.0 + n2 * n2 / 64.0)
}

/// Krüger's series in the third flattening, to the fourth power: coefficients from the conformal sphere to the
/// rectifying one (`alpha`) and back (`beta`). Karney, "Transverse Mercator with an accuracy of a few
/// nanometers", 2011, equations 35 and 36.
fn alpha() -> [f64; 4] {
    let (n, n2, n3, n4) = (N, N.powi(2), N.powi(3), N.powi(4));
    [
        n / 2.0 - 2.0 / 3.0 * n2 + 5.0 / 16.0 * n3 + 41.0 / 180.0 * n4,
        13.0 / 48.0 * n2 - 3.0 / 5.0 * n3 + 557.0 / 1440.0 * n4,
        61.0 / 240.0 * n3 - 103.0 / 140.0 * n4,
        49_561.0 / 161_280.0 * n4,
    ]
}

fn beta() -> [f64; 4] {
    let (n, n2, n3, n4) = (N, N.powi(2), N.powi(3), N.powi(4));
    [
        n / 2.0 - 2.0 / 3.0 * n2 + 37.0 / 96.0 * n3 - n4 / 360.0,
        n2 / 48.0 + n3 / 15.0 - 437.0 / 1440.0 * n4,
        17.0 / 480.0 * n3 - 37.0 / 840.0 * n4,
        4397.0 / 161_280.0 * n4,
    ]
}

fn eccentricity() -> f64 {
    (F * (2.0 - F)).sqrt()
}

/// Tangent of the conformal latitude from the tangent of the geographic one.
fn conformal(tau: f64) -> f64 {
    let e = eccentricity();
    let sigma = (e * (e * tau / tau.hypot(1.0)).atanh()).sinh();
    tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0)
}

fn forward(lat: f64, away: f64) -> (f64, f64) {
    let tau = conformal(lat.tan());
    let xi0 = tau.atan2(away.cos());
    let eta0 = (away.sin() / tau.hypot(away.cos())).asinh();
    let (mut xi, mut eta) = (xi0, eta0);
    for (a, k) in alpha().into_iter().zip([2.0, 4.0, 6.0, 8.0]) {
        xi += a * (k * xi0).sin() * (k * eta0).cosh();
        eta += a * (k * xi0).cos() * (k * eta0).sinh();
    }
    (rectifying_radius() * eta, rectifying_radius() * xi)
}

fn inverse(x: f64, y: f64) -> (f64, f64) {
    let (xi0, eta0) = (y / rectifying_radius(), x / rectifying_radius());
    let (mut xi, mut eta) = (xi0, eta0);
    for (b, k) in beta().into_iter().zip([2.0, 4.0, 6.0, 8.0]) {
        xi -= b * (k * xi0).sin() * (k * eta0).cosh();
        eta -= b * (k * xi0).cos() * (k * eta0).sinh();
    }
    let tau_conformal = xi.sin() / eta.sinh().hypot(xi.cos());
    let away = eta.sinh().atan2(xi.cos());
    let e2 = F * (2.0 - F);
    let mut tau = tau_conformal / (1.0 - e2);
    // Newton; three rounds reach the precision of f64 for every latitude.
    for _ in 0..4 {
        let now = conformal(tau);
        let slope = (1.0 + (1.0 - e2) * tau * tau) / ((1.0 - e2) * tau.hypot(1.0));
        tau += (tau_conformal - now) / now.hypot(1.0) * slope;
    }
    (tau.atan(), away)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lng: f64, lat: f64) -> Point<Cgcs2000> {
        Point::new(lng, lat).expect("in range")
    }

    /// Made with PROJ 9.5.1 (`+proj=tmerc`, the EPSG numbers given): longitude, latitude, EPSG, easting, northing.
    const PROJ: &[(f64, f64, u16, f64, f64)] = &[
        (119.162, 36.7065, 4528, 40_425_121.732_2, 4_064_267.153_7),
        (119.162, 36.7065, 4549, 425_121.732_2, 4_064_267.153_7),
        (119.162, 36.7065, 4498, 20_693_193.579_8, 4_066_119.105_4),
        (119.162, 36.7065, 4509, 693_193.579_8, 4_066_119.105_4),
        (116.42079, 39.90105, 4527, 39_450_467.554_0, 4_418_702.850_3),
        (114.17, 22.3, 4526, 38_517_517.421_7, 2_467_030.030_2),
        (114.17, 22.3, 4498, 20_208_301.723_5, 2_469_755.260_8),
        (121.4737, 31.2304, 4528, 40_640_412.315_0, 3_457_455.488_6),
        (121.4737, 31.2304, 4499, 21_354_575.479_2, 3_457_523.539_0),
        (87.6168, 43.8256, 4517, 29_549_615.901_1, 4_854_629.626_6),
        (109.5, 18.2, 4545, 658_692.119_3, 2_013_767.152_3),
        (126.53, 45.8, 4500, 22_307_979.038_7, 5_076_824.241_2),
        (122.3, 53.48, 4529, 41_453_527.140_9, 5_928_268.100_8),
        (104.07, 30.66, 4507, 410_865.578_9, 3_393_648.607_2),
        (119.5, 36.7, 4548, 723_420.804_8, 4_066_132.586_2),
    ];

    #[test]
    fn gauss_kruger_agrees_with_proj_to_a_tenth_of_a_millimetre() {
        for (lng, lat, epsg, easting, northing) in PROJ {
            let crs = Crs::from_epsg(*epsg).expect("a zone of CGCS2000");
            assert_eq!(crs.epsg(), Some(*epsg));
            let (x, y) = crs.express(at(*lng, *lat)).expect("in the zone");
            assert!((x - easting).abs() < 1e-4 && (y - northing).abs() < 1e-4, "{epsg}: {x} {y}");
            let back = crs.locate(*easting, *northing).expect("in the zone");
            assert!(back.metres_to(&at(*lng, *lat)) < 2e-4, "{epsg}: {back:?}");
        }
        let own = GaussKruger::own_meridian(118.5).expect("in China").project(at(119.162, 36.7065));
        let own = own.expect("near");
        assert!((own.easting - 559_151.816_0).abs() < 1e-4 && (own.northing - 4_064_144.101_4).abs() < 1e-4);
    }

    /// Made with PyPI `prcoords` 1.0.2: WGS-84, GCJ-02, BD-09.
    const SHIFTED: &[[(f64, f64); 3]] = &[
        [(116.42079, 39.90105), (116.427_022_076, 39.902_446_308), (116.433_501_070, 39.908_499_720)],
        [(121.4737, 31.2304), (121.478_223_059, 31.228_457_738), (121.484_781_469, 31.234_310_594)],
        [(119.162, 36.7065), (119.167_881_696, 36.706_942_808), (119.174_268_747, 36.713_266_579)],
        [(87.6168, 43.8256), (87.619_649_949, 43.826_805_393), (87.626_099_771, 43.832_949_795)],
        [(109.5, 18.2), (109.504_116_110, 18.198_349_618), (109.510_653_271, 18.204_026_018)],
        [(122.3, 53.48), (122.307_360_744, 53.481_937_513), (122.313_821_926, 53.487_980_747)],
    ];

    #[test]
    fn gcj02_and_bd09_agree_with_published_code_and_invert() {
        for [wgs, gcj, bd] in SHIFTED {
            for (crs, (x, y)) in [(Crs::Gcj02, gcj), (Crs::Bd09, bd)] {
                let (ox, oy) = crs.express(at(wgs.0, wgs.1)).expect("degrees");
                assert!((ox - x).abs() < 1e-8 && (oy - y).abs() < 1e-8, "{crs} {ox} {oy}");
                let back = crs.locate(ox, oy).expect("degrees");
                assert!(
                    (back.lng() - wgs.0).abs() < 1e-8 && (back.lat() - wgs.1).abs() < 1e-8,
                    "{crs} {back:?}"
                );
            }
        }
    }

    #[test]
    fn the_shift_ends_at_the_edge_of_china() {
        for (lng, lat) in [(-71.06, 42.36), (139.7, 35.7), (2.35, 48.85), (151.2, -33.9)] {
            assert_eq!(Crs::Gcj02.express(at(lng, lat)), Ok((lng, lat)));
            assert_eq!(Crs::Gcj02.locate(lng, lat).map(|p| (p.lng(), p.lat())), Ok((lng, lat)));
        }
    }

    #[test]
    fn numbers_that_cannot_be_what_they_claim_are_refused_with_the_reason() {
        let gk40 = Crs::from_epsg(4528).expect("zone 40");
        let cm120 = Crs::from_epsg(4549).expect("120 degrees");
        let table = [
            (Crs::Cgcs2000, 36.7, 119.1, "coordinate_swapped"),
            (Crs::Cgcs2000, 425_121.0, 4_064_267.0, "coordinate_in_metres"),
            (Crs::Cgcs2000, 200.0, 10.0, "coordinate_out_of_range"),
            (Crs::Cgcs2000, f64::NAN, 10.0, "coordinate_not_finite"),
            (Crs::Wgs84, f64::INFINITY, 10.0, "coordinate_not_finite"),
            (gk40, 119.1, 36.7, "coordinate_in_degrees"),
            (gk40, 39_425_121.0, 4_064_267.0, "coordinate_other_zone"),
            (gk40, 425_121.0, 4_064_267.0, "coordinate_zone_missing"),
            (gk40, 4_064_267.0, 40_425_121.0, "coordinate_swapped"),
            (cm120, 40_425_121.0, 4_064_267.0, "coordinate_zone_unexpected"),
            (cm120, 4_064_267.0, 425_121.0, "coordinate_swapped"),
            (cm120, -400_000.0, 4_064_267.0, "coordinate_too_far_east"),
            (cm120, 425_121.0, -1.0, "coordinate_too_far_north"),
            (cm120, 425_121.0, 9_000_000.0, "coordinate_too_far_north"),
        ];
        for (crs, x, y, expected) in table {
            assert_eq!(crs.locate(x, y).expect_err("refused").code(), expected, "{crs}: {x}, {y}");
        }
        assert_eq!(cm120.express(at(90.0, 36.0)).expect_err("refused").code(), "coordinate_outside_zone");
    }

    #[test]
    fn systems_are_named_as_files_name_them() {
        for name in
            ["cgcs2000", "wgs84", "gcj02", "bd09", "gk3:40", "gk6:20", "gk3:cm120", "gk6:cm117", "gk:cm118.5"]
        {
            let crs: Crs = name.parse().expect("known");
            assert_eq!(crs.to_string(), name);
        }
        for (name, epsg) in [("EPSG:4528", 4528), ("WGS-84", 4326), ("CGCS2000", 4490), ("gk6:cm117", 4509)] {
            assert_eq!(name.parse::<Crs>().expect("known").epsg(), Some(epsg));
        }
        for name in
            ["", "beijing54", "epsg:3857", "gk3:12", "gk6:40", "gk3:cm119", "gk:cm10", "gk:40", "gk9:1"]
        {
            assert!(name.parse::<Crs>().is_err(), "{name}");
        }
        assert_eq!(
            (4491..=4554).filter(|n| Crs::from_epsg(*n).and_then(|c| c.epsg()) == Some(*n)).count(),
            64
        );
    }

    #[test]
    fn the_zone_of_a_place_is_the_one_it_lies_in() {
        let table = [(119.162, 40, 20), (116.42, 39, 20), (87.6, 29, 15), (122.3, 41, 21), (73.6, 25, 13)];
        for (lng, three, six) in table {
            let zone = |width| GaussKruger::of(width, at(lng, 36.0)).and_then(|z| z.prefix());
            assert_eq!(zone(ZoneWidth::Three), Some(three), "{lng}");
            assert_eq!(zone(ZoneWidth::Six), Some(six), "{lng}");
        }
    }

    /// A repeatable walk over China: 20,000 places, none of them round.
    fn places() -> impl Iterator<Item = Point<Cgcs2000>> {
        (0..20_000u32).map(|i| {
            let (u, v) = (f64::from(i) * 0.754_877_666_2, f64::from(i) * 0.569_840_291);
            at(73.6 + u.fract() * 61.0, 3.5 + v.fract() * 50.0)
        })
    }

    #[test]
    fn every_system_returns_every_place_of_china() {
        for p in places() {
            for crs in [Crs::Cgcs2000, Crs::Wgs84, Crs::Gcj02, Crs::Bd09] {
                let (x, y) = crs.express(p).expect("degrees");
                let back = crs.locate(x, y).expect("degrees");
                assert!(
                    (back.lng() - p.lng()).abs() < 1e-8 && (back.lat() - p.lat()).abs() < 1e-8,
                    "{crs} {p:?} {back:?}"
                );
            }
            let three = GaussKruger::of(ZoneWidth::Three, p).expect("China");
            let six = GaussKruger::of(ZoneWidth::Six, p).expect("China");
            let own = GaussKruger::own_meridian((p.lng() + 1.3).clamp(70.0, 140.0)).expect("in range");
            for zone in [three, three.without_prefix(), six, six.without_prefix(), own] {
                let back = zone.project(p).and_then(|plane| zone.locate(plane)).expect("in the zone");
                assert!(
                    (back.lng() - p.lng()).abs() < 1e-9 && (back.lat() - p.lat()).abs() < 1e-9,
                    "{zone:?} {p:?} {back:?}"
                );
            }
        }
    }
}
