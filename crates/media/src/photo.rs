//! What a photo says about itself.

use crate::exif_tags::{self, Heading, Orientation, ShotAt};
use crate::{Format, Limits, MediaRefusal, jpeg, picture, png, sniff, webp};
use kernel::{Cgcs2000, Point};
use serde::{Deserialize, Serialize};

/// A photo (照片) and what its camera noted. For the parties of the case only: position and device
/// never go to the public.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Photo {
    pub format: Format,
    /// Pixels as shown, after turning upright.
    pub width: u32,
    pub height: u32,
    pub orientation: Orientation,
    pub shot_at: Option<ShotAt>,
    pub position: Option<Point<Cgcs2000>>,
    /// Radius of the position's error, if the camera knew it.
    pub accuracy_m: Option<f64>,
    pub heading: Option<Heading>,
    pub device: Option<String>,
}

/// Checks size, structure to the last byte, and dimensions; reads the camera's notes. Decodes no
/// pixels, so a photo that passes may still be refused as damaged by [`Picture::decode`](crate::Picture::decode).
pub fn inspect_photo(bytes: &[u8], limits: &Limits) -> Result<Photo, MediaRefusal> {
    let format = photo_format(bytes)?;
    if bytes.len() > limits.photo_bytes {
        return Err(MediaRefusal::TooManyBytes { bytes: bytes.len(), limit: limits.photo_bytes });
    }
    let notes = exif_block(format, bytes)?.map(exif_tags::read).unwrap_or_default();
    let (width, height) = picture::dimensions(format, bytes, limits)?;
    let orientation = notes.orientation.unwrap_or(Orientation::UPRIGHT);
    let (width, height) = if orientation.swaps_sides() { (height, width) } else { (width, height) };
    Ok(Photo {
        format,
        width,
        height,
        orientation,
        shot_at: notes.shot_at,
        position: notes.position,
        accuracy_m: notes.accuracy_m,
        heading: notes.heading,
        device: notes.device,
    })
}

/// The format, if it is one of a photo.
pub(crate) fn photo_format(bytes: &[u8]) -> Result<Format, MediaRefusal> {
    let format = sniff(bytes)?;
    if format.is_photo() { Ok(format) } else { Err(MediaRefusal::NotAPhoto(format)) }
}

/// The Exif block, after checking that the file is whole.
pub(crate) fn exif_block(format: Format, bytes: &[u8]) -> Result<Option<&[u8]>, MediaRefusal> {
    match format {
        Format::Jpeg => jpeg::walk(bytes).map(|file| file.exif),
        Format::Png => png::walk(bytes).map(|file| file.exif),
        Format::WebP => webp::walk(bytes).map(|file| file.exif),
        other => Err(MediaRefusal::NotAPhoto(other)),
    }
}

/// How the stored pixels must be turned.
pub(crate) fn orientation(format: Format, bytes: &[u8]) -> Result<Orientation, MediaRefusal> {
    let notes = exif_block(format, bytes)?.map(exif_tags::read).unwrap_or_default();
    Ok(notes.orientation.unwrap_or(Orientation::UPRIGHT))
}
