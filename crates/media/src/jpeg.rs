//! The segments of a JPEG file (ITU-T T.81 annex B), without decoding.

use crate::MediaRefusal;
use crate::exif_tags::{Orientation, only_orientation};

/// A camera writes about 20 segments; a large profile or many restart tables stay below 500.
const SEGMENTS_MAX: usize = 4096;
/// Progressive encoders write 6 to 14 scans. Thousands of tiny scans over large dimensions are the
/// known way to make a decoder work for minutes.
const SCANS_MAX: usize = 64;

const SOI: [u8; 2] = [0xFF, 0xD8];
const EOI: [u8; 2] = [0xFF, 0xD9];
const SOS: u8 = 0xDA;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;

/// A file taken apart: the Exif block and the spans that make up the picture itself.
pub(crate) struct Jpeg<'a> {
    pub exif: Option<&'a [u8]>,
    /// What a decoder needs, in order, without the start and end markers. Whatever follows the end
    /// marker (a phone's second picture, a "motion photo" film) belongs to none of it.
    picture: Vec<&'a [u8]>,
}

pub(crate) fn walk(bytes: &[u8]) -> Result<Jpeg<'_>, MediaRefusal> {
    let mut jpeg = Jpeg { exif: None, picture: Vec::new() };
    let mut scans = 0;
    let mut at = SOI.len();
    for _ in 0..SEGMENTS_MAX {
        let start = at;
        if *bytes.get(at).ok_or(MediaRefusal::Truncated)? != 0xFF {
            return Err(MediaRefusal::Damaged { what: "a JPEG segment does not start where it should" });
        }
        // A marker may be preceded by any number of fill bytes.
        while bytes.get(at) == Some(&0xFF) {
            at += 1;
        }
        let marker = *bytes.get(at).ok_or(MediaRefusal::Truncated)?;
        at += 1;
        match marker {
            0xD9 if scans == 0 => return Err(MediaRefusal::Damaged { what: "a JPEG without a picture" }),
            0xD9 => return Ok(jpeg),
            0x01 | 0xD0..=0xD7 => continue,
            0x00 | 0xD8 => return Err(MediaRefusal::Damaged { what: "a JPEG marker is out of place" }),
            _ => {}
        }
        let length = bytes.get(at..at + 2).ok_or(MediaRefusal::Truncated)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err(MediaRefusal::Damaged { what: "a JPEG segment has no length" });
        }
        let body = bytes.get(at + 2..at + length).ok_or(MediaRefusal::Truncated)?;
        at += length;
        if marker == SOS {
            scans += 1;
            if scans > SCANS_MAX {
                return Err(MediaRefusal::Damaged { what: "a JPEG with too many scans" });
            }
            at = end_of_scan(bytes, at)?;
        }
        if marker == APP1 && jpeg.exif.is_none() {
            jpeg.exif = body.strip_prefix(b"Exif\0\0");
        }
        if shows_the_picture(marker, body) {
            jpeg.picture.push(&bytes[start..at]);
        }
    }
    Err(MediaRefusal::Damaged { what: "a JPEG with too many segments" })
}

impl Jpeg<'_> {
    /// The same picture, pixel for pixel, with nothing but its orientation said about it.
    pub(crate) fn write(&self, orientation: Orientation) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.picture.iter().map(|p| p.len()).sum::<usize>() + 64);
        out.extend(SOI);
        // JFIF must be the first segment.
        let jfif = self.picture.iter().take_while(|p| p.get(1) == Some(&APP0)).count();
        out.extend(self.picture[..jfif].concat());
        if orientation != Orientation::UPRIGHT {
            let block = only_orientation(orientation);
            out.extend([0xFF, APP1, 0, 2 + 6 + 26]);
            out.extend(b"Exif\0\0");
            out.extend(block);
        }
        for part in &self.picture[jfif..] {
            out.extend(*part);
        }
        out.extend(EOI);
        out
    }
}

/// Frames, scans and their tables; of application data only the colour profile, the colour transform
/// (Adobe) and JFIF without its own thumbnail. Reserved markers can say anything and are left behind.
fn shows_the_picture(marker: u8, body: &[u8]) -> bool {
    match marker {
        APP0 => body.starts_with(b"JFIF\0") && body.len() == 14,
        APP2 => body.starts_with(b"ICC_PROFILE\0"),
        APP14 => body.starts_with(b"Adobe") && body.len() == 12,
        0xC0..=0xCF | SOS..=0xDF => true,
        _ => false,
    }
}

/// The position of the marker that ends the entropy-coded data starting at `at`.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Result<usize, MediaRefusal> {
    loop {
        let rest = bytes.get(at..).ok_or(MediaRefusal::Truncated)?;
        at += rest.iter().position(|b| *b == 0xFF).ok_or(MediaRefusal::Truncated)?;
        match bytes.get(at + 1).ok_or(MediaRefusal::Truncated)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Ok(at),
        }
    }
}
