//! The chunks of a WebP file (RFC 9649), without decoding.

use crate::MediaRefusal;
use crate::exif_tags::{Orientation, only_orientation};

const HAS_PROFILE: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;

/// A file taken apart: the Exif block and the chunks that make up the picture itself.
pub(crate) struct WebP<'a> {
    pub exif: Option<&'a [u8]>,
    /// The `VP8X` body, without which there can be no Exif, profile or alpha chunk.
    extended: Option<[u8; 10]>,
    picture: Vec<&'a [u8]>,
}

pub(crate) fn walk(bytes: &[u8]) -> Result<WebP<'_>, MediaRefusal> {
    let size = bytes.get(4..8).ok_or(MediaRefusal::Truncated)?;
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
    let mut rest = size.checked_add(8).and_then(|end| bytes.get(12..end)).ok_or(MediaRefusal::Truncated)?;
    let mut webp = WebP { exif: None, extended: None, picture: Vec::new() };
    while let Some(head) = rest.get(..8) {
        let kind = &head[..4];
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = length.checked_add(8).and_then(|end| rest.get(8..end)).ok_or(MediaRefusal::Truncated)?;
        // Chunks are padded to even length; the last pad byte is sometimes missing.
        let end = (8 + length + length % 2).min(rest.len());
        match kind {
            b"ANIM" | b"ANMF" => return Err(MediaRefusal::Animated),
            b"VP8X" => webp.extended = body.get(..10).and_then(|b| b.try_into().ok()),
            b"VP8 " | b"VP8L" | b"ALPH" | b"ICCP" => webp.picture.push(&rest[..end]),
            b"EXIF" => webp.exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            _ => {}
        }
        rest = &rest[end..];
    }
    if webp.picture.is_empty() {
        return Err(MediaRefusal::Damaged { what: "a WebP without a picture" });
    }
    if webp.extended.is_none() {
        webp.exif = None;
    }
    Ok(webp)
}

impl WebP<'_> {
    /// The same picture with nothing but its orientation said about it.
    pub(crate) fn write(&self, orientation: Orientation) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
        let turned = orientation != Orientation::UPRIGHT;
        if let Some(mut extended) = self.extended {
            extended[0] &= HAS_PROFILE | HAS_ALPHA;
            extended[0] |= if turned { HAS_EXIF } else { 0 };
            out.extend(b"VP8X\x0a\0\0\0");
            out.extend(extended);
        }
        for chunk in &self.picture {
            out.extend(*chunk);
            if chunk.len() % 2 == 1 {
                out.push(0);
            }
        }
        if self.extended.is_some() && turned {
            out.extend(b"EXIF\x1a\0\0\0");
            out.extend(only_orientation(orientation));
        }
        let size = u32::try_from(out.len() - 8).expect("no longer than the input, whose size is 32 bits");
        out[4..8].copy_from_slice(&size.to_le_bytes());
        out
    }
}
