//! What a short video says about itself. Nothing is decoded.

use crate::{Format, Limits, MediaRefusal, mp4, sniff, webm};
use kernel::{Cgcs2000, Millis, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// A short video (短视频). For the parties of the case only; there is no way to make it public.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Video {
    pub format: Format,
    pub length: Millis,
    pub shot_at: Option<Timestamp>,
    pub position: Option<Point<Cgcs2000>>,
}

/// Checks bytes and playing time and reads when and where it was taken.
pub fn inspect_video(bytes: &[u8], limits: &Limits) -> Result<Video, MediaRefusal> {
    let format = sniff(bytes)?;
    if format.is_photo() {
        return Err(MediaRefusal::NotAVideo(format));
    }
    if bytes.len() > limits.video_bytes {
        return Err(MediaRefusal::TooManyBytes { bytes: bytes.len(), limit: limits.video_bytes });
    }
    let video = if format == Format::WebM { webm::read(bytes)? } else { mp4::read(format, bytes)? };
    if video.length <= Millis(0) {
        return Err(MediaRefusal::LengthUnknown);
    }
    if video.length > limits.video_length {
        return Err(MediaRefusal::TooLong { length: video.length, limit: limits.video_length });
    }
    Ok(video)
}

/// A position after ISO 6709 annex H in decimal degrees: `+31.2304+121.4737+010.000/`.
pub(crate) fn iso_6709(text: &[u8]) -> Option<Point<Cgcs2000>> {
    let text = std::str::from_utf8(text.get(..64).unwrap_or(text)).ok()?;
    let second = text.get(1..)?.find(['+', '-'])? + 1;
    let after = text.get(second + 1..)?;
    let third = after.find(['+', '-', '/', '\0']).map_or(text.len(), |n| n + second + 1);
    let lat = text.get(..second)?.parse().ok()?;
    let lng = text.get(second..third)?.parse().ok()?;
    if lat == 0.0 && lng == 0.0 {
        return None;
    }
    Point::new(lng, lat)
}

/// `units / per_second` seconds as milliseconds, without overflow.
pub(crate) fn as_millis(units: u64, per_second: u64) -> Option<Millis> {
    let ms = u128::from(units) * 1000 / u128::from((per_second != 0).then_some(per_second)?);
    i64::try_from(ms).ok().map(Millis)
}
