//! Pictures for the simulated staff: plainly drawn scenes with the time and position a phone would write, so
//! that evidence, maps and before-and-after views have something to show. They are drawings, not photos.

use super::chance::Chance;
use anyhow::Context;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use jiff::tz::TimeZone;
use kernel::{Cgcs2000, Point, Timestamp};

const WIDTH: u32 = 800;
const HEIGHT: u32 = 600;
const QUALITY: u8 = 80;

/// What a scene is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Motif {
    Lamp,
    Road,
    Litter,
    Tree,
    Sign,
    Signal,
    Wall,
    Car,
    House,
    Snow,
}

impl Motif {
    /// By words in the name of the type.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let table: &[(&[&str], Self)] = &[
            (&["snow", "ice"], Self::Snow),
            (&["light", "lamp"], Self::Lamp),
            (&["signal"], Self::Signal),
            (&["sign", "marking", "crosswalk"], Self::Sign),
            (&["graffiti", "poster"], Self::Wall),
            (&["tree", "ground", "park", "flower"], Self::Tree),
            (&["vehicle", "parking", "car", "space saver"], Self::Car),
            (
                &["pothole", "sidewalk", "road", "street", "utility", "catchbasin", "highway", "contractor"],
                Self::Road,
            ),
            (
                &[
                    "building",
                    "housing",
                    "heat",
                    "living",
                    "unsafe",
                    "electrical",
                    "plumbing",
                    "construction",
                ],
                Self::House,
            ),
        ];
        table
            .iter()
            .find(|(words, _)| words.iter().any(|word| name.contains(word)))
            .map_or(Self::Litter, |(_, m)| *m)
    }
}

/// A JPEG of the scene, with EXIF time and position.
///
/// # Errors
/// When it cannot be encoded.
pub fn draw(
    motif: Motif,
    solved: bool,
    seed: u64,
    at: Timestamp,
    zone: &TimeZone,
    from: Option<Point<Cgcs2000>>,
) -> anyhow::Result<Vec<u8>> {
    let picture = scene(motif, solved, seed);
    let mut jpeg = Vec::with_capacity(60_000);
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture).context("draw a picture")?;
    let block = exif(at, zone, from)?;
    // After the start marker, before everything else.
    let mut bytes = Vec::with_capacity(jpeg.len() + block.len());
    bytes.extend_from_slice(jpeg.get(..2).context("a JPEG begins with two bytes")?);
    bytes.extend_from_slice(&block);
    bytes.extend_from_slice(jpeg.get(2..).unwrap_or_default());
    Ok(bytes)
}

struct Canvas(RgbImage);

type Colour = [u8; 3];

impl Canvas {
    fn rect(&mut self, x: i64, y: i64, w: i64, h: i64, colour: Colour) {
        for py in y.max(0)..(y + h).min(i64::from(HEIGHT)) {
            for px in x.max(0)..(x + w).min(i64::from(WIDTH)) {
                self.put(px, py, colour);
            }
        }
    }

    fn ellipse(&mut self, cx: i64, cy: i64, rx: i64, ry: i64, colour: Colour) {
        for py in cy - ry..=cy + ry {
            for px in cx - rx..=cx + rx {
                let (dx, dy) = ((px - cx) * ry, (py - cy) * rx);
                if dx * dx + dy * dy <= rx * rx * ry * ry {
                    self.put(px, py, colour);
                }
            }
        }
    }

    /// A stroke from one point to another.
    fn line(&mut self, from: (i64, i64), to: (i64, i64), width: i64, colour: Colour) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let x = from.0 + (to.0 - from.0) * step / steps;
            let y = from.1 + (to.1 - from.1) * step / steps;
            self.rect(x - width / 2, y - width / 2, width, width, colour);
        }
    }

    fn put(&mut self, x: i64, y: i64, colour: Colour) {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
        {
            *pixel = Rgb(colour);
        }
    }
}

fn mixed(a: Colour, b: Colour, part: i64, of: i64) -> Colour {
    let mix = |from: u8, to: u8| {
        let value = i64::from(from) + (i64::from(to) - i64::from(from)) * part / of.max(1);
        u8::try_from(value.clamp(0, 255)).unwrap_or(255)
    };
    [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])]
}

const SKIES: [(Colour, Colour); 5] = [
    ([126, 178, 222], [222, 236, 245]),
    ([150, 165, 180], [214, 219, 224]),
    ([88, 140, 200], [240, 226, 200]),
    ([58, 72, 110], [160, 140, 150]),
    ([170, 196, 214], [238, 240, 236]),
];
const HOUSES: [Colour; 6] =
    [[168, 92, 74], [196, 170, 138], [142, 128, 120], [112, 120, 136], [206, 190, 160], [126, 84, 72]];
const ASPHALT: Colour = [84, 86, 90];
const KERB: Colour = [172, 170, 166];
const POLE: Colour = [60, 64, 70];

/// Street, houses and sky drawn by the seed; the thing itself by the motif.
fn scene(motif: Motif, solved: bool, seed: u64) -> RgbImage {
    let mut chance = Chance::new(0x9107, seed);
    let mut canvas = Canvas(RgbImage::new(WIDTH, HEIGHT));
    let (top, low) = SKIES[usize::try_from(chance.draw() % 5).unwrap_or(0)];
    let horizon = chance.between(250, 380);
    for y in 0..horizon {
        canvas.rect(0, y, i64::from(WIDTH), 1, mixed(top, low, y, horizon));
    }
    let mut x = -chance.between(0, 80);
    while x < i64::from(WIDTH) {
        let (w, h) = (chance.between(60, 190), chance.between(40, 240));
        let wall = HOUSES[usize::try_from(chance.draw() % 6).unwrap_or(0)];
        if chance.one_in(780) {
            canvas.rect(x, horizon - h, w, h, wall);
            let glass = mixed(wall, [236, 226, 180], chance.between(1, 4), 5);
            for row in 0..h / 44 {
                for column in 0..w / 36 {
                    canvas.rect(x + 10 + column * 36, horizon - h + 12 + row * 44, 16, 22, glass);
                }
            }
        }
        x += w + chance.between(0, 50);
    }
    let snow = motif == Motif::Snow;
    let pavement = if snow { [226, 230, 236] } else { mixed(KERB, [150, 160, 140], chance.between(0, 3), 4) };
    canvas.rect(0, horizon, i64::from(WIDTH), 600 - horizon, pavement);
    let road = horizon + chance.between(40, 90);
    let surface = if snow && !solved {
        [206, 212, 222]
    } else {
        mixed(ASPHALT, [120, 116, 110], chance.between(0, 4), 6)
    };
    canvas.rect(0, road, i64::from(WIDTH), 600 - road, surface);
    canvas.rect(0, road - 8, i64::from(WIDTH), 8, [198, 196, 190]);
    for dash in 0..6 {
        canvas.rect(dash * 150 + chance.between(0, 20), road + (600 - road) / 2, 76, 8, [224, 218, 190]);
    }
    let at = chance.between(180, 620);
    thing(&mut canvas, motif, solved, at, road, &mut chance);
    canvas.0
}

fn thing(canvas: &mut Canvas, motif: Motif, solved: bool, at: i64, road: i64, chance: &mut Chance) {
    let ground = road + chance.between(60, 150);
    match motif {
        Motif::Lamp => {
            canvas.rect(at, road - 290, 12, 290, POLE);
            canvas.line((at + 6, road - 288), (at + 96, road - 300), 8, POLE);
            let light = if solved { [255, 238, 150] } else { [70, 70, 72] };
            if solved {
                canvas.ellipse(at + 98, road - 286, 46, 40, [250, 240, 200]);
            }
            canvas.ellipse(at + 98, road - 290, 26, 13, light);
        }
        Motif::Signal => {
            canvas.rect(at, road - 240, 12, 240, POLE);
            canvas.rect(at - 22, road - 250, 56, 130, [40, 42, 46]);
            let lit = chance.between(0, 2);
            for (row, colour) in (0..).zip([[220, 60, 50], [240, 200, 60], [70, 190, 100]]) {
                let shown = if solved && row == lit { colour } else { [66, 68, 70] };
                canvas.ellipse(at + 6, road - 228 + row * 42, 15, 15, shown);
            }
        }
        Motif::Sign => {
            let lean = if solved { 0 } else { chance.between(50, 110) };
            canvas.line((at, road), (at + lean, road - 200), 10, POLE);
            canvas.ellipse(at + lean, road - 214, 48, 48, [244, 244, 244]);
            canvas.ellipse(at + lean, road - 214, 42, 42, [196, 44, 44]);
            canvas.rect(at + lean - 28, road - 222, 56, 16, [244, 244, 244]);
        }
        Motif::Tree => {
            canvas.rect(at - 14, road - 190, 28, 190, [104, 76, 52]);
            canvas.ellipse(at, road - 230, 110, 86, [76, 130, 70]);
            canvas.ellipse(at - 56, road - 190, 64, 50, [90, 146, 80]);
            if !solved {
                canvas.line((at + 20, road - 170), (at + 170, road + 14), 14, [104, 76, 52]);
                canvas.ellipse(at + 168, road + 10, 72, 34, [84, 120, 66]);
            }
        }
        Motif::Wall => {
            canvas.rect(at - 170, road - 200, 340, 190, [190, 176, 158]);
            for row in 0..6 {
                canvas.rect(at - 170, road - 170 + row * 30, 340, 2, [168, 154, 138]);
            }
            if !solved {
                let paint = [[206, 40, 120], [30, 120, 190], [30, 30, 36]]
                    [usize::try_from(chance.draw() % 3).unwrap_or(0)];
                let mut from = (at - 140, road - 110);
                for _ in 0..7 {
                    let to = (from.0 + chance.between(20, 60), road - chance.between(40, 180));
                    canvas.line(from, to, 12, paint);
                    from = to;
                }
            }
        }
        Motif::Road => {
            if solved {
                canvas.rect(at - 110, ground - 40, 220, 84, [58, 58, 62]);
            } else {
                canvas.ellipse(at, ground, 120, 48, [54, 50, 46]);
                canvas.ellipse(at + 10, ground + 8, 84, 30, [34, 31, 29]);
                canvas.line((at - 120, ground), (at - 230, ground - 36), 5, [52, 50, 48]);
                canvas.line((at + 116, ground + 8), (at + 220, ground + 46), 5, [52, 50, 48]);
            }
        }
        Motif::Car => {
            let paint = HOUSES[usize::try_from(chance.draw() % 6).unwrap_or(0)];
            if !solved {
                canvas.rect(at - 150, ground - 70, 300, 66, paint);
                canvas.rect(at - 90, ground - 118, 170, 52, mixed(paint, [40, 40, 44], 1, 3));
                canvas.rect(at - 78, ground - 110, 64, 40, [150, 170, 180]);
                canvas.rect(at + 2, ground - 110, 64, 40, [150, 170, 180]);
                canvas.ellipse(at - 92, ground - 2, 30, 30, [28, 28, 30]);
                canvas.ellipse(at + 92, ground + 6, 34, 18, [28, 28, 30]);
                canvas.rect(at - 30, ground - 60, 60, 30, [236, 150, 60]);
            } else {
                canvas.rect(at - 160, ground - 10, 320, 6, [220, 220, 214]);
            }
        }
        Motif::House => {
            canvas.rect(at - 150, road - 260, 300, 252, [204, 188, 162]);
            canvas.rect(at - 34, road - 120, 68, 112, [96, 66, 50]);
            for column in [-118, 62] {
                let glass = if solved { [170, 200, 220] } else { [52, 56, 64] };
                canvas.rect(at + column, road - 220, 56, 66, glass);
            }
            if !solved {
                let mut from = (at + 20, road - 258);
                for _ in 0..5 {
                    let to = (from.0 + chance.between(-36, 44), from.1 + 42);
                    canvas.line(from, to, 6, [70, 58, 50]);
                    from = to;
                }
            }
        }
        Motif::Snow => {
            if !solved {
                for _ in 0..9 {
                    let (x, y) = (at + chance.between(-260, 260), road + chance.between(0, 150));
                    canvas.ellipse(x, y, chance.between(50, 130), chance.between(18, 46), [240, 243, 248]);
                }
            }
        }
        Motif::Litter => {
            canvas.rect(at + 130, ground - 130, 80, 120, [70, 110, 90]);
            canvas.rect(at + 122, ground - 142, 96, 16, [54, 88, 72]);
            if !solved {
                for _ in 0..8 {
                    let (x, y) = (at + chance.between(-150, 110), ground - chance.between(-30, 30));
                    let bag = [[44, 46, 52], [226, 226, 220], [180, 150, 110]]
                        [usize::try_from(chance.draw() % 3).unwrap_or(0)];
                    canvas.ellipse(x, y, chance.between(22, 46), chance.between(16, 36), bag);
                }
            }
        }
    }
}

/// An EXIF block with the moment and place of taking (EXIF 2.3, little-endian).
fn exif(at: Timestamp, zone: &TimeZone, from: Option<Point<Cgcs2000>>) -> anyhow::Result<Vec<u8>> {
    let local = jiff::Timestamp::from_millisecond(at.millis())?.to_zoned(zone.clone());
    let taken = local.strftime("%Y:%m:%d %H:%M:%S").to_string();
    let offset = local.strftime("%:z").to_string();
    const ASCII: u16 = 2;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let text = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        bytes
    };
    let degrees = |value: f64| {
        let micro = (value.abs() * 3_600_000.0).round() as u32;
        let parts = [(micro / 3_600_000, 1), (micro / 60_000 % 60, 1), (micro % 60_000, 1_000)];
        parts
            .iter()
            .flat_map(|(n, d): &(u32, u32)| [n.to_le_bytes(), d.to_le_bytes()].concat())
            .collect::<Vec<u8>>()
    };
    let camera = vec![(0x9003_u16, ASCII, text(&taken)), (0x9011, ASCII, text(&offset))];
    let place = from.map(|point| {
        vec![
            (1_u16, ASCII, text(if point.lat() < 0.0 { "S" } else { "N" })),
            (2, RATIONAL, degrees(point.lat())),
            (3, ASCII, text(if point.lng() < 0.0 { "W" } else { "E" })),
            (4, RATIONAL, degrees(point.lng())),
        ]
    });
    let pointers = if place.is_some() { 2_u32 } else { 1 };
    let first = 8_u32;
    let second = first + 2 + pointers * 12 + 4;
    let camera = directory(&camera, second);
    let third = second + u32::try_from(camera.len())?;
    let mut tiff = b"II*\0".to_vec();
    tiff.extend(first.to_le_bytes());
    tiff.extend(u16::try_from(pointers)?.to_le_bytes());
    for (tag, target) in [(0x8769_u16, second), (0x8825, third)].into_iter().take(usize::try_from(pointers)?)
    {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(LONG.to_le_bytes());
        tiff.extend(1_u32.to_le_bytes());
        tiff.extend(target.to_le_bytes());
    }
    tiff.extend(0_u32.to_le_bytes());
    tiff.extend(camera);
    if let Some(place) = place {
        tiff.extend(directory(&place, third));
    }
    let mut block = vec![0xff, 0xe1];
    block.extend(u16::try_from(tiff.len() + 8)?.to_be_bytes());
    block.extend(b"Exif\0\0");
    block.extend(tiff);
    Ok(block)
}

/// One directory at `start`, its longer values behind it.
fn directory(entries: &[(u16, u16, Vec<u8>)], start: u32) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap_or(0);
    let mut behind = start + 2 + count * 12 + 4;
    let mut bytes = u16::try_from(entries.len()).unwrap_or(0).to_le_bytes().to_vec();
    let mut values = Vec::new();
    for (tag, kind, value) in entries {
        let length = u32::try_from(value.len()).unwrap_or(0);
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((if *kind == 5 { length / 8 } else { length }).to_le_bytes());
        if value.len() <= 4 {
            let mut short = value.clone();
            short.resize(4, 0);
            bytes.extend(short);
        } else {
            bytes.extend(behind.to_le_bytes());
            behind += length;
            values.extend_from_slice(value);
        }
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(values);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_carries_its_time_and_place() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let at = Timestamp(1_700_000_000_000);
        let from = Point::new(-71.0712, 42.3398).unwrap();
        for motif in [
            Motif::Lamp,
            Motif::Road,
            Motif::Litter,
            Motif::Tree,
            Motif::Sign,
            Motif::Signal,
            Motif::Wall,
            Motif::Car,
            Motif::House,
            Motif::Snow,
        ] {
            for solved in [false, true] {
                let bytes = draw(motif, solved, 7, at, &zone, Some(from)).unwrap();
                let photo = media::inspect_photo(&bytes, &media::Limits::default()).unwrap();
                assert_eq!(photo.shot_at.and_then(|shot| shot.in_zone(&zone)), Some(at), "{motif:?}");
                let there = photo.position.unwrap();
                assert!(there.metres_to(&from) < 1.0, "{motif:?}");
            }
        }
    }

    #[test]
    fn two_scenes_are_not_taken_for_one_photo() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let hashes: Vec<media::PhotoHash> = (0..30)
            .map(|seed| {
                let bytes = draw(Motif::Road, false, seed, Timestamp(0), &zone, None).unwrap();
                media::perceptual_hash(&bytes).unwrap()
            })
            .collect();
        let close = |a: &media::PhotoHash, b: &media::PhotoHash| media::distance(*a, *b) <= 6;
        let alike = (0..30)
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .filter(|(a, b)| close(&hashes[*a], &hashes[*b]))
            .count();
        assert!(alike <= 4, "{alike} of 435 pairs look the same");
    }
}
