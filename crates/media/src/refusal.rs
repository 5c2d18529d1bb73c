//! Why a file is not taken as evidence.

use crate::Format;
use kernel::Millis;

/// Why bytes were refused. [`code`](Self::code) is the stable word on the wire; people read a
/// translation of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefusal {
    #[error("the file is empty")]
    Empty,
    #[error("the file is neither a photo nor a video we know")]
    UnknownFormat,
    #[error("{name} files are not taken; send JPEG, PNG, WebP, MP4 or WebM")]
    FormatNotTaken { name: &'static str },
    /// Phones convert when asked: iOS does so by itself when the file field accepts `image/jpeg`.
    #[error("HEIC is not taken because no sound decoder is free to ship; set the camera to JPEG")]
    HeicNotSupported,
    #[error("animated pictures are not photos")]
    Animated,
    #[error("a photo was expected, not {0:?}")]
    NotAPhoto(Format),
    #[error("a video was expected, not {0:?}")]
    NotAVideo(Format),
    #[error("the file has no picture track")]
    NoPictureTrack,
    #[error("the file has {bytes} bytes, at most {limit} are taken")]
    TooManyBytes { bytes: usize, limit: usize },
    #[error("the photo has {width} × {height} pixels, at most {limit} in all are taken")]
    TooManyPixels { width: u32, height: u32, limit: u64 },
    #[error("the video runs for {} ms, at most {} ms are taken", length.0, limit.0)]
    TooLong { length: Millis, limit: Millis },
    #[error("the video does not say how long it runs")]
    LengthUnknown,
    #[error("the file ends too early; the upload was cut off")]
    Truncated,
    #[error("the file is damaged: {what}")]
    Damaged { what: &'static str },
    /// Removing position and device from a video needs a re-encoder we do not have.
    #[error("videos are shown to case parties only and cannot be made public")]
    VideoNeverPublic,
}

impl MediaRefusal {
    /// The stable `snake_case` word for this refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "media_empty",
            Self::UnknownFormat => "media_format_unknown",
            Self::FormatNotTaken { .. } => "media_format_not_taken",
            Self::HeicNotSupported => "heic_not_supported",
            Self::Animated => "media_animated",
            Self::NotAPhoto(_) => "not_a_photo",
            Self::NotAVideo(_) => "not_a_video",
            Self::NoPictureTrack => "video_without_picture",
            Self::TooManyBytes { .. } => "media_too_many_bytes",
            Self::TooManyPixels { .. } => "photo_too_many_pixels",
            Self::TooLong { .. } => "video_too_long",
            Self::LengthUnknown => "video_length_unknown",
            Self::Truncated => "media_truncated",
            Self::Damaged { .. } => "media_damaged",
            Self::VideoNeverPublic => "video_never_public",
        }
    }
}
