//! Evidence (佐证): photos and short videos, as bytes. What they are, when and where they were taken,
//! a thumbnail, a copy that gives nobody away, and a fingerprint that finds the same photo again.
//!
//! Pure: bytes in, values out. Everything here is read from strangers, so every length is checked
//! against the bytes that are there, dimensions are checked before pixels are decoded, and a file we
//! cannot read is refused with a [`MediaRefusal`]; nothing panics.
//!
//! Decoding needs up to 9 bytes of memory per pixel (a progressive JPEG of 50 megapixels: 450 MB for a
//! moment), so callers bound how many decode at once.

mod exif_tags;
mod format;
mod hash;
mod jpeg;
mod limits;
mod mp4;
mod photo;
mod picture;
mod png;
mod public;
mod refusal;
mod video;
mod webm;
mod webp;

use kernel::AttachmentId;
use sha2::{Digest, Sha256};

pub use exif_tags::{Heading, North, Orientation, ShotAt};
pub use format::{Format, sniff};
pub use hash::{PhotoHash, distance};
pub use limits::Limits;
pub use photo::{Photo, inspect_photo};
pub use picture::{Picture, perceptual_hash, thumbnail};
pub use public::{PublicPhoto, strip};
pub use refusal::MediaRefusal;
pub use video::{Video, inspect_video};

use serde::{Deserialize, Serialize};

/// One piece of evidence after inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    Photo(Photo),
    Video(Video),
}

/// Recognises `bytes` by content (never by name or declared type) and inspects them as what they are.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Media, MediaRefusal> {
    if sniff(bytes)?.is_photo() {
        return inspect_photo(bytes, limits).map(Media::Photo);
    }
    inspect_video(bytes, limits).map(Media::Video)
}

/// The identity of these bytes: their SHA-256.
#[must_use]
pub fn content_id(bytes: &[u8]) -> AttachmentId {
    AttachmentId::try_from(hex::encode(Sha256::digest(bytes))).expect("SHA-256 in hex is 64 hex digits")
}
