//! How large evidence may be, and why.

use kernel::Millis;

/// What an upload may cost. Checked before anything is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one photo.
    pub photo_bytes: usize,
    /// Width × height of one photo.
    pub photo_pixels: u64,
    /// Bytes of one video.
    pub video_bytes: usize,
    /// Playing time of one video.
    pub video_length: Millis,
}

impl Limits {
    /// - 15 MB: a 50-megapixel phone writes JPEGs of 8 to 14 MB; ordinary photos are 2 to 6 MB.
    /// - 50 Mi pixels: holds the 8192 × 6144 of such a phone; keeps one decoding below 0.5 GB.
    /// - 50 MB and 60 s: a minute of 1080p at 6 Mbit/s is 45 MB, and nobody at a desk watches longer.
    pub const STANDARD: Self = Self {
        photo_bytes: 15_000_000,
        photo_pixels: 50 * 1024 * 1024,
        video_bytes: 50_000_000,
        video_length: Millis::seconds(60),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::STANDARD
    }
}
