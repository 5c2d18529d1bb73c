//! What a camera wrote into the picture: Exif 2.32, the few tags a case needs.

use exif::{Exif, In, Reader, Tag, Value};
use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use kernel::{Cgcs2000, Gcj02, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// Exif is at most 64 KiB in a JPEG; PNG and WebP could carry more, and never need to.
const EXIF_BYTES_MAX: usize = 1 << 20;
/// Longest camera name kept, in characters.
const DEVICE_CHARS_MAX: usize = 80;

/// When the shutter opened, as far as the camera says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known_as", content = "at", rename_all = "snake_case")]
pub enum ShotAt {
    /// The camera gave its UTC offset.
    Instant(Timestamp),
    /// Only the camera's wall clock is known.
    WallClock(civil::DateTime),
}

impl ShotAt {
    /// The moment, reading a wall clock as one in `zone` (the city's). `None` outside representable time.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(at) => Some(at),
            Self::WallClock(wall) => zone.to_timestamp(wall).ok().map(|at| Timestamp(at.as_millisecond())),
        }
    }
}

/// How the stored pixels must be turned to stand upright (Exif orientation, 1 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32")]
pub struct Orientation(u8);

impl Orientation {
    pub const UPRIGHT: Self = Self(1);

    /// The Exif value; anything unknown counts as upright.
    #[must_use]
    pub const fn from_exif(value: u32) -> Self {
        if value >= 1 && value <= 8 { Self(value as u8) } else { Self::UPRIGHT }
    }

    #[must_use]
    pub const fn exif_value(self) -> u8 {
        self.0
    }

    /// Whether width and height change places when shown.
    #[must_use]
    pub const fn swaps_sides(self) -> bool {
        self.0 >= 5
    }
}

impl From<u32> for Orientation {
    fn from(value: u32) -> Self {
        Self::from_exif(value)
    }
}

/// Which north a heading is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum North {
    True,
    Magnetic,
}

/// Where the camera looked, clockwise from north, 0 ≤ degrees < 360.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    pub degrees: f64,
    pub north: North,
}

/// Everything we take from Exif.
#[derive(Debug, Default)]
pub(crate) struct CameraNotes {
    pub orientation: Option<Orientation>,
    pub shot_at: Option<ShotAt>,
    pub position: Option<Point<Cgcs2000>>,
    pub accuracy_m: Option<f64>,
    pub heading: Option<Heading>,
    pub device: Option<String>,
}

/// Reads a TIFF-structured Exif block. What is damaged is left out; the rest is still used.
pub(crate) fn read(block: &[u8]) -> CameraNotes {
    if block.len() > EXIF_BYTES_MAX {
        return CameraNotes::default();
    }
    let read = Reader::new().continue_on_error(true).read_raw(block.to_vec());
    let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) else {
        return CameraNotes::default();
    };
    CameraNotes {
        orientation: number(&exif, Tag::Orientation).map(Orientation::from_exif),
        shot_at: shot_at(&exif),
        position: position(&exif),
        accuracy_m: rational(&exif, Tag::GPSHPositioningError, 0).filter(|m| *m >= 0.0),
        heading: heading(&exif),
        device: device(&exif),
    }
}

/// The smallest Exif block that says how to turn the picture, and nothing else.
pub(crate) fn only_orientation(orientation: Orientation) -> [u8; 26] {
    let mut block = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0";
    block[18] = orientation.0;
    block
}

fn shot_at(exif: &Exif) -> Option<ShotAt> {
    let mut taken = exif::DateTime::from_ascii(ascii(exif, Tag::DateTimeOriginal)?).ok()?;
    if let Some(fraction) = ascii(exif, Tag::SubSecTimeOriginal) {
        let _ = taken.parse_subsec(fraction);
    }
    let offset = ascii(exif, Tag::OffsetTimeOriginal).or_else(|| ascii(exif, Tag::OffsetTime));
    let offset = offset.and_then(utc_offset);
    let small = |n: u8| i8::try_from(n).ok();
    let wall = civil::DateTime::new(
        i16::try_from(taken.year).ok()?,
        small(taken.month)?,
        small(taken.day)?,
        small(taken.hour)?,
        small(taken.minute)?,
        small(taken.second)?,
        taken.nanosecond.and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
    )
    .ok()?;
    let Some(offset) = offset else { return Some(ShotAt::WallClock(wall)) };
    let at = offset.to_timestamp(wall).ok()?;
    Some(ShotAt::Instant(Timestamp(at.as_millisecond())))
}

/// `+08:00`, at most 14 hours from UTC (the widest zone on earth).
fn utc_offset(text: &[u8]) -> Option<Offset> {
    let [sign, h1, h2, b':', m1, m2, ..] = *text else { return None };
    let digit = |c: u8| c.is_ascii_digit().then(|| i32::from(c - b'0'));
    let minutes = (digit(h1)? * 10 + digit(h2)?) * 60 + digit(m1)? * 10 + digit(m2)?;
    let minutes = match sign {
        b'+' => minutes,
        b'-' => -minutes,
        _ => return None,
    };
    if minutes.abs() > 14 * 60 {
        return None;
    }
    Offset::from_seconds(minutes * 60).ok()
}

/// Exif positions are WGS-84, which CGCS2000 equals within centimetres, unless the camera says GCJ-02.
/// Exactly 0, 0 is what cameras write without a fix.
fn position(exif: &Exif) -> Option<Point<Cgcs2000>> {
    let degrees = |tag| {
        let [d, m, s] = [0, 1, 2].map(|i| rational(exif, tag, i));
        Some(d? + m.unwrap_or(0.0) / 60.0 + s.unwrap_or(0.0) / 3600.0)
    };
    let signed = |value: f64, tag, negative: u8| match ascii(exif, tag).and_then(<[u8]>::first) {
        Some(letter) if letter.eq_ignore_ascii_case(&negative) => -value,
        _ => value,
    };
    let lat = signed(degrees(Tag::GPSLatitude)?, Tag::GPSLatitudeRef, b'S');
    let lng = signed(degrees(Tag::GPSLongitude)?, Tag::GPSLongitudeRef, b'W');
    if lat == 0.0 && lng == 0.0 {
        return None;
    }
    let datum = ascii(exif, Tag::GPSMapDatum).unwrap_or_default().to_ascii_uppercase();
    if datum.starts_with(b"GCJ") {
        return Point::<Gcj02>::new(lng, lat).map(Point::<Gcj02>::to_cgcs2000);
    }
    Point::new(lng, lat)
}

fn heading(exif: &Exif) -> Option<Heading> {
    let degrees = rational(exif, Tag::GPSImgDirection, 0)?;
    if !(0.0..=360.0).contains(&degrees) {
        return None;
    }
    let magnetic = ascii(exif, Tag::GPSImgDirectionRef).is_some_and(|r| r.starts_with(b"M"));
    let north = if magnetic { North::Magnetic } else { North::True };
    Some(Heading { degrees: degrees % 360.0, north })
}

/// Maker and model, the maker once: "Apple iPhone 15", "HUAWEI P60".
fn device(exif: &Exif) -> Option<String> {
    let text = |tag| {
        let raw = String::from_utf8_lossy(ascii(exif, tag)?).replace(char::is_control, " ");
        let text = raw.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let name = match (text(Tag::Make), text(Tag::Model)) {
        (Some(make), Some(model)) if !model.starts_with(&make) => format!("{make} {model}"),
        (make, model) => model.or(make)?,
    };
    Some(name.chars().take(DEVICE_CHARS_MAX).collect())
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    }
}

fn rational(exif: &Exif, tag: Tag, index: usize) -> Option<f64> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(parts) => parts.get(index).map(exif::Rational::to_f64).filter(|n| n.is_finite()),
        _ => None,
    }
}
