//! The chunks of a PNG file (W3C PNG third edition), without decoding.

use crate::MediaRefusal;
use crate::exif_tags::{Orientation, only_orientation};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that change how the still picture looks. Everything else (text, times, Exif, animation,
/// private chunks) is left behind, because an unknown chunk can say anything.
const PICTURE: [&[u8; 4]; 14] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs",
    b"bKGD", b"cICP", b"mDCV",
];

/// A file taken apart: the Exif block and the chunks that make up the picture itself.
pub(crate) struct Png<'a> {
    pub exif: Option<&'a [u8]>,
    header: &'a [u8],
    picture: Vec<&'a [u8]>,
}

pub(crate) fn walk(bytes: &[u8]) -> Result<Png<'_>, MediaRefusal> {
    let mut png = Png { exif: None, header: &[], picture: Vec::new() };
    let mut at = SIGNATURE.len();
    loop {
        let head = bytes.get(at..at + 8).ok_or(MediaRefusal::Truncated)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let kind = &head[4..];
        // Two 32-bit numbers: the sum fits.
        let end = u64::from(length) + at as u64 + 12;
        let end = usize::try_from(end).map_err(|_| MediaRefusal::Truncated)?;
        let chunk = bytes.get(at..end).ok_or(MediaRefusal::Truncated)?;
        if (kind == b"IHDR") != png.header.is_empty() {
            return Err(MediaRefusal::Damaged { what: "a PNG header is out of place" });
        }
        if kind == b"IHDR" {
            png.header = chunk;
        } else if PICTURE.iter().any(|known| *known == kind) {
            png.picture.push(chunk);
        } else if kind == b"eXIf" {
            png.exif = Some(&chunk[8..chunk.len() - 4]);
        }
        if kind == b"IEND" {
            return Ok(png);
        }
        at = end;
    }
}

impl Png<'_> {
    /// The same picture with nothing but its orientation said about it.
    pub(crate) fn write(&self, orientation: Orientation) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.picture.iter().map(|p| p.len()).sum::<usize>() + 96);
        out.extend(SIGNATURE);
        out.extend(self.header);
        if orientation != Orientation::UPRIGHT {
            let mut chunk = b"eXIf".to_vec();
            chunk.extend(only_orientation(orientation));
            out.extend(26_u32.to_be_bytes());
            out.extend(&chunk);
            out.extend(crc(&chunk).to_be_bytes());
        }
        for chunk in &self.picture {
            out.extend(*chunk);
        }
        out
    }
}

/// The CRC of PNG annex D, bit by bit: it runs over 30 bytes only.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}
