//! What the map needs of a thing's body: the top-level fields every register has.

use super::GridAt;
use crate::papers::CAPTURE;
use crate::ports::COMPONENTS;
use city::component::Place;
use geo::{Coord, LineString, MultiLineString, MultiPolygon, Polygon};
use jiff::civil::Date;
use kernel::{Cgcs2000, GridCode, Point};
use serde::Deserialize;
use spatial::outline::Outline;
use spatial::points::Position;
use spatial::points::shape::Geometry;
use std::borrow::Cow;

/// The bits of [`spatial::points::Traits::facets`].
pub mod facet {
    use jiff::civil::Date;

    /// Colour by score or expiry, as the body's `band` says.
    pub const GREEN: u64 = 1;
    pub const YELLOW: u64 = 1 << 1;
    pub const RED: u64 = 1 << 2;
    pub const GREY: u64 = 1 << 3;
    /// How exactly the position is known.
    pub const ACCURACY_A: u64 = 1 << 4;
    pub const ACCURACY_B: u64 = 1 << 5;
    pub const ACCURACY_C: u64 = 1 << 6;
    /// Ownership is confirmed (确权).
    pub const CONFIRMED: u64 = 1 << 7;
    pub const HAS_PHOTOS: u64 = 1 << 8;
    /// Who captured it, for captures of a survey, is kept above this bit in 32 bits.
    const PERSON: u32 = 16;
    /// The day it was last surveyed is kept above this bit; 0 for never.
    const SURVEYED: u32 = 48;
    const FIRST_DAY: Date = jiff::civil::date(2000, 1, 1);

    /// The word of a band.
    #[must_use]
    pub const fn band(facets: u64) -> Option<&'static str> {
        match facets & (GREEN | YELLOW | RED | GREY) {
            GREEN => Some("green"),
            YELLOW => Some("yellow"),
            RED => Some("red"),
            GREY => Some("grey"),
            _ => None,
        }
    }

    /// The bit of a band; 0 for other words.
    #[must_use]
    pub fn of_band(word: &str) -> u64 {
        match word {
            "green" => GREEN,
            "yellow" => YELLOW,
            "red" => RED,
            "grey" => GREY,
            _ => 0,
        }
    }

    /// Days since 2000-01-01, from 1; what lies before or after 179 years counts as never.
    #[must_use]
    pub fn day(date: Date) -> u64 {
        let days = (date - FIRST_DAY).get_days();
        u64::from(u16::try_from(days + 1).unwrap_or_default())
    }

    #[must_use]
    pub fn surveyed_on(date: Date) -> u64 {
        day(date) << SURVEYED
    }

    #[must_use]
    pub fn of_person(person: u32) -> u64 {
        u64::from(person) << PERSON
    }

    /// Who captured it; 0 for what is no capture.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // 32 bits are kept
    pub const fn person(facets: u64) -> u32 {
        (facets >> PERSON) as u32
    }

    /// The [`day`] of the last survey; 0 for never.
    #[must_use]
    pub const fn last_survey(facets: u64) -> u64 {
        facets >> SURVEYED
    }
}

/// Where it is drawn.
pub(super) enum Placed {
    /// Removed, or without a place that can be read.
    Nowhere,
    Point(Position),
    Shape(Geometry),
}

/// A thing as the map keeps it, its words not yet looked up.
pub(super) struct Face {
    pub placed: Placed,
    pub class: String,
    pub group: String,
    pub state: String,
    pub flags: u8,
    pub facets: u64,
    pub grid: Option<GridCode>,
    /// Codes of the components it belongs to, as numbers.
    pub relations: Vec<u64>,
}

/// What every register has. A field of another type than said is a field the register means otherwise.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default, borrow)]
    place: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    grid: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    state: Option<Cow<'a, str>>,
    #[serde(default)]
    flags: u8,
    #[serde(default, borrow)]
    band: Option<Cow<'a, str>>,
}

/// What only components have.
#[derive(Default, Deserialize)]
struct OfComponent<'a> {
    #[serde(default, borrow)]
    accuracy: Option<Cow<'a, str>>,
    #[serde(default)]
    confirmed: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    surveyed: Option<Surveyed>,
    #[serde(default)]
    photos: Vec<serde::de::IgnoredAny>,
    #[serde(default, borrow)]
    relations: Vec<Related<'a>>,
}

#[derive(Deserialize)]
struct Related<'a> {
    #[serde(borrow)]
    to: Cow<'a, str>,
}

/// What only captures of a survey have.
#[derive(Default, Deserialize)]
struct OfCapture {
    #[serde(default)]
    by: u32,
}

#[derive(Deserialize)]
struct Surveyed {
    #[serde(default)]
    on: Option<Date>,
}

impl Face {
    pub fn of(register: &str, class: &str, removed: bool, body: &str, grids: &impl GridAt) -> Self {
        let (class, group) = dictionary_words(register, class);
        let off = |class, group| Self {
            placed: Placed::Nowhere,
            class,
            group,
            state: String::new(),
            flags: 0,
            facets: 0,
            grid: None,
            relations: Vec::new(),
        };
        if removed {
            return off(class, group);
        }
        let text = body;
        let body: Body = match serde_json::from_str(text) {
            Ok(body) => body,
            Err(why) => {
                // The register keeps what it was given; only the map cannot show it.
                tracing::warn!(register, class, %why, "a thing's body cannot be drawn");
                return off(class, group);
            }
        };
        let Some((anchor, placed)) = body.place.as_deref().and_then(placed) else { return off(class, group) };
        let mut facets = body.band.as_deref().map_or(0, facet::of_band);
        let mut relations = Vec::new();
        match register {
            COMPONENTS => {
                let own: OfComponent = serde_json::from_str(text).unwrap_or_default();
                facets |= facets_of(&own);
                relations = own.relations.iter().filter_map(|related| related.to.parse().ok()).collect();
            }
            CAPTURE => {
                let own: OfCapture = serde_json::from_str(text).unwrap_or_default();
                facets |= facet::of_person(own.by);
            }
            _ => {}
        }
        let written = || body.grid.as_deref().and_then(|grid| grid.parse().ok());
        Self {
            placed,
            grid: grids.grid_at(anchor).cloned().or_else(written),
            facets,
            relations,
            state: body.state.map(Cow::into_owned).unwrap_or_default(),
            flags: body.flags,
            class,
            group,
        }
    }
}

fn facets_of(own: &OfComponent) -> u64 {
    let mut facets = match own.accuracy.as_deref() {
        Some("A") => facet::ACCURACY_A,
        Some("B") => facet::ACCURACY_B,
        Some("C") => facet::ACCURACY_C,
        _ => 0,
    };
    if own.confirmed.is_some() {
        facets |= facet::CONFIRMED;
    }
    if !own.photos.is_empty() {
        facets |= facet::HAS_PHOTOS;
    }
    if let Some(on) = own.surveyed.as_ref().and_then(|surveyed| surveyed.on) {
        facets |= facet::surveyed_on(on);
    }
    facets
}

/// The words of the map's dictionary for a thing's class and its group.
pub(super) fn dictionary_words(register: &str, class: &str) -> (String, String) {
    if register == COMPONENTS {
        let code = class.rsplit('-').next().unwrap_or_default();
        let major = code.get(..2).unwrap_or(code);
        return (class.to_owned(), format!("{COMPONENTS}.{major}"));
    }
    let own = if class.is_empty() { register.to_owned() } else { format!("{register}/{class}") };
    (own, register.to_owned())
}

fn placed(wkt: &str) -> Option<(Point<Cgcs2000>, Placed)> {
    let place = Place::from_wkt(wkt).ok()?;
    let anchor = place.anchor()?;
    let line = |points: &[Point<Cgcs2000>]| -> LineString<f64> {
        points.iter().map(|point| Coord { x: point.lng(), y: point.lat() }).collect()
    };
    let placed = match &place {
        Place::Point(point) => Placed::Point(Position::from(*point)),
        Place::Line(points) => Placed::Shape(Geometry::lines(MultiLineString(vec![line(points)]))?),
        Place::Polygon(rings) => {
            let (outer, holes) = rings.split_first()?;
            let polygon = Polygon::new(line(outer), holes.iter().map(|hole| line(hole)).collect());
            // A polygon that crosses itself is still shown where it begins.
            match Outline::new(&MultiPolygon(vec![polygon])) {
                Ok(outline) => Placed::Shape(Geometry::Area(outline)),
                Err(_) => Placed::Point(Position::from(anchor)),
            }
        }
    };
    Some((anchor, placed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_for_179_years() {
        let table = [("2000-01-01", 1), ("2026-11-30", 9_831), ("1999-12-31", 0), ("2179-06-05", 65_535)];
        for (date, day) in table {
            let date: Date = date.parse().expect("a date");
            assert_eq!(facet::day(date), day, "{date}");
            assert_eq!(facet::last_survey(facet::surveyed_on(date) | facet::RED), day);
            assert_eq!(facet::person(facet::surveyed_on(date) | facet::of_person(u32::MAX)), u32::MAX);
        }
    }

    #[test]
    fn a_class_is_counted_in_its_register_or_major_class() {
        let table = [
            ("component", "2026-component-01037", "2026-component-01037", "component.01"),
            ("shop", "", "shop", "shop"),
            ("shop", "food", "shop/food", "shop"),
        ];
        for (register, class, word, group) in table {
            assert_eq!(dictionary_words(register, class), (word.to_owned(), group.to_owned()));
        }
    }

    #[test]
    fn whatever_the_body_is_it_is_drawn_or_left_out() {
        let grids = city::Grids::default();
        let face = |body: &str| Face::of("shop", "", false, body, &grids);
        let drawn = face(
            r#"{"place":"POINT(116.1 36.2)","grid":"990401001001001","state":"open","band":"red","flags":3}"#,
        );
        assert!(matches!(drawn.placed, Placed::Point(_)));
        assert_eq!((drawn.state.as_str(), drawn.flags, drawn.facets), ("open", 3, facet::RED));
        assert_eq!(drawn.grid.map(|grid| grid.to_string()).as_deref(), Some("990401001001001"));
        for body in ["", "[]", "{}", r#"{"place":"POINT(500 1)"}"#, r#"{"place":7}"#, r#"{"place":null}"#] {
            assert!(matches!(face(body).placed, Placed::Nowhere), "{body}");
        }
    }
}
