//! Positions. The datum is part of the type: a GCJ-02 point cannot be stored as CGCS2000 by mistake.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::marker::PhantomData;

/// China Geodetic Coordinate System 2000; equal to WGS-84 within centimetres, the datum we store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cgcs2000 {}
/// What GNSS receivers give. Differs from CGCS2000 by centimetres, so the numbers are taken over as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wgs84 {}
/// The shifted datum of Gaode and Tencent maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gcj02 {}
/// The shifted datum of Baidu maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bd09 {}

/// A position in degrees, finite and within ±180 / ±90.
pub struct Point<Datum> {
    lng: f64,
    lat: f64,
    datum: PhantomData<fn() -> Datum>,
}

impl<D> Point<D> {
    /// `None` when a number is not finite or out of range.
    #[must_use]
    pub fn new(lng: f64, lat: f64) -> Option<Self> {
        let ok = lng.is_finite() && lat.is_finite() && lng.abs() <= 180.0 && lat.abs() <= 90.0;
        ok.then_some(Self { lng, lat, datum: PhantomData })
    }

    #[must_use]
    pub const fn lng(&self) -> f64 {
        self.lng
    }

    #[must_use]
    pub const fn lat(&self) -> f64 {
        self.lat
    }

    /// Great-circle distance in metres (sphere of 6,371,008.8 m; good to 0.5 %).
    #[must_use]
    pub fn metres_to(&self, other: &Self) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let (dlat, dlng) = (b - a, (other.lng - self.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + a.cos() * b.cos() * (dlng / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().clamp(0.0, 1.0).asin()
    }
}

impl<D> Clone for Point<D> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<D> Copy for Point<D> {}
impl<D> PartialEq for Point<D> {
    fn eq(&self, other: &Self) -> bool {
        self.lng == other.lng && self.lat == other.lat
    }
}
impl<D> fmt::Debug for Point<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.lng, self.lat)
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    lng: f64,
    lat: f64,
}

impl<D> Serialize for Point<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { lng: self.lng, lat: self.lat }.serialize(serializer)
    }
}

impl<'de, D> Deserialize<'de> for Point<D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::new(wire.lng, wire.lat).ok_or_else(|| de::Error::custom("position out of range"))
    }
}

const A: f64 = 6_378_245.0;
const EE: f64 = 0.006_693_421_622_965_943;

fn outside_china(lng: f64, lat: f64) -> bool {
    !(72.004..=137.8347).contains(&lng) || !(0.8293..=55.8271).contains(&lat)
}

fn shift(lng: f64, lat: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    let (x, y) = (lng - 105.0, lat - 35.0);
    let wave = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let mut dlat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt() + wave;
    dlat += (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0;
    dlat += (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let mut dlng = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt() + wave;
    dlng += (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0;
    dlng += (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - EE * radians.sin().powi(2);
    let root = magic.sqrt();
    (
        (dlng * 180.0) / (A / root * radians.cos() * PI),
        (dlat * 180.0) / ((A * (1.0 - EE)) / (magic * root) * PI),
    )
}

impl Point<Gcj02> {
    /// Back to the stored datum, by fixed-point iteration (error below 1e-8 degree).
    #[must_use]
    pub fn to_cgcs2000(self) -> Point<Cgcs2000> {
        if outside_china(self.lng, self.lat) {
            return Point { lng: self.lng, lat: self.lat, datum: PhantomData };
        }
        let (mut lng, mut lat) = (self.lng, self.lat);
        for _ in 0..6 {
            let (dlng, dlat) = shift(lng, lat);
            (lng, lat) = (self.lng - dlng, self.lat - dlat);
        }
        Point { lng, lat, datum: PhantomData }
    }
}

impl Point<Wgs84> {
    #[must_use]
    pub const fn to_cgcs2000(self) -> Point<Cgcs2000> {
        Point { lng: self.lng, lat: self.lat, datum: PhantomData }
    }
}

impl Point<Cgcs2000> {
    #[must_use]
    pub const fn to_wgs84(self) -> Point<Wgs84> {
        Point { lng: self.lng, lat: self.lat, datum: PhantomData }
    }

    #[must_use]
    pub fn to_gcj02(self) -> Point<Gcj02> {
        if outside_china(self.lng, self.lat) {
            return Point { lng: self.lng, lat: self.lat, datum: PhantomData };
        }
        let (dlng, dlat) = shift(self.lng, self.lat);
        Point { lng: self.lng + dlng, lat: self.lat + dlat, datum: PhantomData }
    }
}

const BD_PI: f64 = std::f64::consts::PI * 3000.0 / 180.0;

impl Point<Bd09> {
    /// The published inverse is off by half a metre; three corrections bring it below 1e-8 degree.
    #[must_use]
    pub fn to_gcj02(self) -> Point<Gcj02> {
        let (x, y) = (self.lng - 0.0065, self.lat - 0.006);
        let z = x.hypot(y) - 0.000_02 * (y * BD_PI).sin();
        let theta = y.atan2(x) - 0.000_003 * (x * BD_PI).cos();
        let mut guess: Point<Gcj02> =
            Point { lng: z * theta.cos(), lat: z * theta.sin(), datum: PhantomData };
        for _ in 0..3 {
            let there = guess.to_bd09();
            guess.lng += self.lng - there.lng;
            guess.lat += self.lat - there.lat;
        }
        guess
    }
}

impl Point<Gcj02> {
    #[must_use]
    pub fn to_bd09(self) -> Point<Bd09> {
        let z = self.lng.hypot(self.lat) + 0.000_02 * (self.lat * BD_PI).sin();
        let theta = self.lat.atan2(self.lng) + 0.000_003 * (self.lng * BD_PI).cos();
        Point { lng: z * theta.cos() + 0.0065, lat: z * theta.sin() + 0.006, datum: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_railway_station_moves_as_published() {
        // Example of standards/codes.md §7 (geoChina).
        let station: Point<Cgcs2000> = Point::new(116.42079, 39.90105).expect("in range");
        let shifted = station.to_gcj02();
        assert!((shifted.lng() - 116.42703).abs() < 1e-5 && (shifted.lat() - 39.90245).abs() < 1e-5);
        let back = shifted.to_cgcs2000();
        assert!((back.lng() - 116.42079).abs() < 1e-8 && (back.lat() - 39.90105).abs() < 1e-8);
    }

    #[test]
    fn bd09_and_back_stays_within_a_metre() {
        let p: Point<Gcj02> = Point::new(116.404, 39.915).expect("in range");
        let back = p.to_bd09().to_gcj02();
        assert!(back.metres_to(&p) < 1.0);
    }

    #[test]
    fn boston_is_not_shifted() {
        let p: Point<Cgcs2000> = Point::new(-71.06, 42.36).expect("in range");
        assert_eq!(p.to_gcj02().lng(), -71.06);
    }
}
