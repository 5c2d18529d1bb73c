//! A fingerprint that survives re-encoding, resizing and brightening.

use image::DynamicImage;
use image_hasher::{HashAlg, HasherConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a photo shows, in 64 bits (感知哈希): the same photo sent twice, shrunk or brightened gives
/// nearly the same bits; see [`distance`]. Written as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhotoHash(pub u64);

impl PhotoHash {
    /// Up to this many differing bits two photos count as the same.
    pub const SAME_WITHIN: u32 = 10;
    /// Pictures are averaged down to this edge first, so that size and encoder noise do not matter.
    pub(crate) const EDGE: u32 = 256;
    /// A night shot or a covered lens has nearly no gradient: almost all bits are equal, and any two
    /// such photos look alike.
    const FEATURES_MIN: u32 = 6;

    pub(crate) fn of(picture: &DynamicImage) -> Self {
        let config = HasherConfig::with_bytes_type::<[u8; 8]>().hash_size(8, 8).hash_alg(HashAlg::Gradient);
        let hash = config.to_hasher().hash_image(picture);
        Self(u64::from_be_bytes(hash.into_inner()))
    }

    /// Whether both are probably the same photo. Featureless pictures never are.
    #[must_use]
    pub const fn same_photo(self, other: Self) -> bool {
        self.has_features() && other.has_features() && distance(self, other) <= Self::SAME_WITHIN
    }

    const fn has_features(self) -> bool {
        let ones = self.0.count_ones();
        ones >= Self::FEATURES_MIN && ones <= 64 - Self::FEATURES_MIN
    }
}

/// How many of the 64 bits differ.
#[must_use]
pub const fn distance(a: PhotoHash, b: PhotoHash) -> u32 {
    (a.0 ^ b.0).count_ones()
}

impl fmt::Display for PhotoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<PhotoHash> for String {
    fn from(hash: PhotoHash) -> Self {
        hash.to_string()
    }
}

/// A text that is not 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a photo hash has 16 hex digits")]
pub struct BadPhotoHash;

impl TryFrom<String> for PhotoHash {
    type Error = BadPhotoHash;
    fn try_from(text: String) -> Result<Self, BadPhotoHash> {
        let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bits = if hex { u64::from_str_radix(&text, 16).ok() } else { None };
        bits.map(Self).ok_or(BadPhotoHash)
    }
}
