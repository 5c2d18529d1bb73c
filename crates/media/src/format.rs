//! What a file is, told by its first bytes.

use crate::MediaRefusal;
use serde::{Deserialize, Serialize};

/// A format taken as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Mp4,
    WebM,
    QuickTime,
}

impl Format {
    #[must_use]
    pub const fn is_photo(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP)
    }

    /// The media type to serve it with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::WebM => "video/webm",
            Self::QuickTime => "video/quicktime",
        }
    }

    /// The file ending, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Mp4 => "mp4",
            Self::WebM => "webm",
            Self::QuickTime => "mov",
        }
    }
}

/// Tells the format from the content; what the sender called the file does not count.
pub fn sniff(bytes: &[u8]) -> Result<Format, MediaRefusal> {
    if bytes.is_empty() {
        return Err(MediaRefusal::Empty);
    }
    let at = |from: usize, text: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(text));
    if at(0, &[0xFF, 0xD8, 0xFF]) {
        return Ok(Format::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Format::WebP);
    }
    if at(0, &[0x1A, 0x45, 0xDF, 0xA3]) {
        // The document type stands in the EBML header, which is 31 to 40 bytes long in practice.
        let head = bytes.get(..64).unwrap_or(bytes);
        let webm = head.windows(4).any(|w| w == b"webm");
        return if webm { Ok(Format::WebM) } else { Err(MediaRefusal::FormatNotTaken { name: "Matroska" }) };
    }
    if at(4, b"ftyp") {
        return brand(bytes.get(8..12).unwrap_or_default());
    }
    // QuickTime before 2003 and some dash cameras have no `ftyp`.
    if at(4, b"moov") || at(4, b"wide") || at(4, b"mdat") {
        return Ok(Format::QuickTime);
    }
    if at(0, b"GIF8") {
        return Err(MediaRefusal::FormatNotTaken { name: "GIF" });
    }
    if at(0, b"II*\0") || at(0, b"MM\0*") {
        return Err(MediaRefusal::FormatNotTaken { name: "TIFF" });
    }
    Err(MediaRefusal::UnknownFormat)
}

/// The major brand of an ISO base media file.
fn brand(brand: &[u8]) -> Result<Format, MediaRefusal> {
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            Err(MediaRefusal::HeicNotSupported)
        }
        b"avif" | b"avis" => Err(MediaRefusal::FormatNotTaken { name: "AVIF" }),
        b"M4A " | b"M4B " => Err(MediaRefusal::NoPictureTrack),
        b"qt  " => Ok(Format::QuickTime),
        _ => Ok(Format::Mp4),
    }
}
