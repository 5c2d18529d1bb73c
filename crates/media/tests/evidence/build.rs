//! Builders of test files.

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use std::io::Cursor;
use std::path::PathBuf;

/// Real photos, name and bytes, if they are beside the checkout or under `YIWANG_DATA`. They are not
/// ours to ship, so without them this says what is missing and gives none.
pub fn real_photos() -> Vec<(String, Vec<u8>)> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("YIWANG_DATA").map_or(beside, PathBuf::from).join("photos");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: no photos in {}; set YIWANG_DATA to a folder that has photos/", folder.display());
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "jpg")).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

/// A made-up street scene: overlapping rectangles with slopes, the same for the same seed.
pub fn scene(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut dice = move |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32 % below
    };
    let mut picture = RgbImage::from_pixel(width, height, Rgb([120, 130, 140]));
    for _ in 0..24 {
        let (x, y) = (dice(width), dice(height));
        let (w, h) = (width / 6 + dice(width / 3), height / 6 + dice(height / 3));
        let colour = [dice(256), dice(256), dice(256)];
        let slope = dice(160);
        for py in y..(y + h).min(height) {
            for px in x..(x + w).min(width) {
                let shade = slope * (px - x) / w;
                picture.put_pixel(px, py, Rgb(colour.map(|c| c.saturating_sub(shade) as u8)));
            }
        }
    }
    picture
}

pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(picture).unwrap();
    out
}

pub fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Vec::new();
    picture.write_to(&mut Cursor::new(&mut out), format).unwrap();
    out
}

/// What a phone at the Bund would write; `change` edits it.
pub fn phone_exif(change: impl FnOnce(&mut Vec<Field>)) -> Vec<u8> {
    let text = |tag, text: &str| field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]));
    let mut fields = vec![
        text(Tag::Make, "HUAWEI"),
        text(Tag::Model, "LNA-AL00"),
        field(Tag::Orientation, Value::Short(vec![6])),
        text(Tag::DateTimeOriginal, "2024:05:01 08:30:15"),
        text(Tag::SubSecTimeOriginal, "250"),
        text(Tag::OffsetTimeOriginal, "+08:00"),
        text(Tag::GPSLatitudeRef, "N"),
        field(Tag::GPSLatitude, dms(31, 14, 2172)),
        text(Tag::GPSLongitudeRef, "E"),
        field(Tag::GPSLongitude, dms(121, 29, 1500)),
        text(Tag::GPSImgDirectionRef, "M"),
        field(Tag::GPSImgDirection, Value::Rational(vec![Rational { num: 27050, denom: 100 }])),
        field(Tag::GPSHPositioningError, Value::Rational(vec![Rational { num: 48, denom: 10 }])),
    ];
    change(&mut fields);
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, false).unwrap();
    out.into_inner()
}

pub fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

pub fn dms(degrees: u32, minutes: u32, centiseconds: u32) -> Value {
    Value::Rational(vec![
        Rational { num: degrees, denom: 1 },
        Rational { num: minutes, denom: 1 },
        Rational { num: centiseconds, denom: 100 },
    ])
}

pub fn jpeg_segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], body].concat()
}

/// The JPEG with more segments right after its start marker.
pub fn with_segments(jpeg: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&jpeg[..2], &segments.concat(), &jpeg[2..]].concat()
}

pub fn jpeg_with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    with_segments(jpeg, &[jpeg_segment(0xE1, &[b"Exif\0\0", exif].concat())])
}

pub fn png_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let data = [&kind[..], body].concat();
    let mut crc = u32::MAX;
    for byte in &data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[..], &data, &(!crc).to_be_bytes()].concat()
}

/// The PNG with more chunks right after its header chunk.
pub fn with_chunks(png: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [&png[..33], &chunks.concat(), &png[33..]].concat()
}

/// A simple WebP made an extended one with Exif and XMP.
pub fn webp_with_exif(simple: &[u8], width: u32, height: u32, exif: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let pad = vec![0; body.len() % 2];
        [&kind[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &pad].concat()
    };
    let mut extended = vec![0x08 | 0x04, 0, 0, 0];
    extended.extend(&(width - 1).to_le_bytes()[..3]);
    extended.extend(&(height - 1).to_le_bytes()[..3]);
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &extended),
        simple[12..].to_vec(),
        chunk(b"EXIF", exif),
        chunk(b"XMP ", b"<x:xmpmeta>secret</x:xmpmeta>"),
    ]
    .concat();
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

pub fn mp4_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], kind, body].concat()
}

pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A picture track with id 1 and this many units a second.
pub fn mp4_track(handler: &[u8; 4], timescale: u32) -> Vec<u8> {
    let header = mp4_box(b"tkhd", &words(&[0, 0, 0, 1, 0, 0]));
    let media_header = mp4_box(b"mdhd", &words(&[0, 0, 0, timescale, 0, 0]));
    let kind = mp4_box(b"hdlr", &[&words(&[0, 0]), &handler[..], &[0; 12]].concat());
    mp4_box(b"trak", &[header, mp4_box(b"mdia", &[media_header, kind].concat())].concat())
}

/// A whole film of `ms`, created at `created` (seconds since 1904), with more boxes in its `moov`.
pub fn film(brand: &[u8; 4], created: u32, ms: u32, more: &[Vec<u8>]) -> Vec<u8> {
    let header = mp4_box(b"mvhd", &words(&[0, created, created, 1000, ms, 0x10000]));
    let movie = [vec![header, mp4_track(b"vide", 1000)], more.to_vec()].concat().concat();
    let start = mp4_box(b"ftyp", &[&brand[..], &[0; 4]].concat());
    [start, mp4_box(b"moov", &movie), mp4_box(b"mdat", &[7; 64])].concat()
}

pub fn ebml(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap() | 0x1000_0000;
    [id, &size.to_be_bytes(), body].concat()
}

/// A film as a browser records it: unknown sizes, no duration, one block each 40 ms.
pub fn recorded_webm(frames: u32, kind: u8) -> Vec<u8> {
    const UNKNOWN: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    let mut out = ebml(&[0x1A, 0x45, 0xDF, 0xA3], &ebml(&[0x42, 0x82], b"webm"));
    out.extend([0x18, 0x53, 0x80, 0x67]);
    out.extend(UNKNOWN);
    let scale = ebml(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes());
    // One second after 2001-01-01.
    let date = ebml(&[0x44, 0x61], &1_000_000_000_i64.to_be_bytes());
    out.extend(ebml(&[0x15, 0x49, 0xA9, 0x66], &[scale, date].concat()));
    out.extend(ebml(&[0x16, 0x54, 0xAE, 0x6B], &ebml(&[0xAE], &ebml(&[0x83], &[kind]))));
    for second in 0..frames.div_ceil(25) {
        out.extend([0x1F, 0x43, 0xB6, 0x75]);
        out.extend(UNKNOWN);
        out.extend(ebml(&[0xE7], &(second * 1000).to_be_bytes()));
        for frame in 0..25.min(frames - second * 25) {
            let at = u16::try_from(frame * 40).unwrap().to_be_bytes();
            out.extend(ebml(&[0xA3], &[0x81, at[0], at[1], 0x80, 1, 2, 3]));
        }
    }
    out
}
