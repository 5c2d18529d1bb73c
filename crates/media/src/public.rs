//! Photos that may leave the house.

use crate::photo::{orientation, photo_format};
use crate::{Format, MediaRefusal, jpeg, png, webp};

/// A photo without position, time, device, comment or embedded second picture: the only kind of media
/// that may be served to the public. Faces and plates are another matter; this is about metadata.
///
/// Only [`strip`] and [`Picture::thumbnail`](crate::Picture::thumbnail) make one. There is none for
/// video: taking the metadata out of a film needs a re-encoder, so a video is never public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPhoto {
    format: Format,
    bytes: Vec<u8>,
}

impl PublicPhoto {
    pub(crate) const fn new(format: Format, bytes: Vec<u8>) -> Self {
        Self { format, bytes }
    }

    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Removes everything a photo says about its maker, without touching a pixel: only what a decoder needs
/// is copied, plus the colour profile and, if the picture must be turned, a bare orientation.
pub fn strip(bytes: &[u8]) -> Result<PublicPhoto, MediaRefusal> {
    let format = photo_format(bytes).map_err(|refusal| match refusal {
        MediaRefusal::NotAPhoto(_) => MediaRefusal::VideoNeverPublic,
        other => other,
    })?;
    let turned = orientation(format, bytes)?;
    let bytes = match format {
        Format::Png => png::walk(bytes)?.write(turned),
        Format::WebP => webp::walk(bytes)?.write(turned),
        _ => jpeg::walk(bytes)?.write(turned),
    };
    Ok(PublicPhoto::new(format, bytes))
}
