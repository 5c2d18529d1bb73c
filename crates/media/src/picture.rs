//! Decoded pixels, and what is made from them.

use crate::exif_tags::Orientation;
use crate::photo::{orientation, photo_format};
use crate::{Format, Limits, MediaRefusal, PhotoHash, PublicPhoto};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, RgbImage};
use std::io::Cursor;
use std::ops::RangeInclusive;

/// Edges a thumbnail may have: below 16 nothing can be seen; above 1024 it is no thumbnail, and a
/// decoded picture is not kept larger than needed for that.
const THUMBNAIL_EDGES: RangeInclusive<u32> = 16..=1024;
/// JPEG quality of thumbnails: no visible blocks at 480 pixels, about 30 kB each.
const THUMBNAIL_QUALITY: u8 = 80;
/// Longest colour profile carried into a thumbnail. Phones write 500 to 4,000 bytes.
const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// Decoded bytes allowed for each pixel of the limit: 16-bit RGBA is 8, and rows need some more.
const BYTES_PER_PIXEL_MAX: u64 = 10;

/// A decoded photo, already reduced to the size of the largest thumbnail. Decode once, then take
/// thumbnail and hash from it.
#[derive(Debug)]
pub struct Picture {
    /// As stored; turned after shrinking, when that is cheap.
    pixels: DynamicImage,
    orientation: Orientation,
    profile: Option<Vec<u8>>,
}

impl Picture {
    /// Decodes after checking size, structure and dimensions. The slow part: 7 ns a
    /// pixel for JPEG, up to 90 ns for WebP.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, MediaRefusal> {
        let format = photo_format(bytes)?;
        if bytes.len() > limits.photo_bytes {
            return Err(MediaRefusal::TooManyBytes { bytes: bytes.len(), limit: limits.photo_bytes });
        }
        let orientation = orientation(format, bytes)?;
        let mut decoder = decoder(format, bytes, limits)?;
        let profile = decoder.icc_profile().ok().flatten();
        // Grey and CMYK profiles do not describe the RGB pixels we write.
        let profile = profile.filter(|p| p.len() <= PROFILE_BYTES_MAX && p.get(16..20) == Some(b"RGB "));
        let pixels = coarse(DynamicImage::from_decoder(decoder).map_err(|_| UNREADABLE)?);
        Ok(Self { pixels, orientation, profile })
    }

    /// An upright JPEG whose longer side has at most `max_edge` pixels; small pictures stay as they are.
    pub fn thumbnail(&self, max_edge: u32) -> Result<PublicPhoto, MediaRefusal> {
        let small = self.reduced(max_edge.clamp(*THUMBNAIL_EDGES.start(), *THUMBNAIL_EDGES.end()));
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY);
        if let Some(profile) = &self.profile {
            encoder.set_icc_profile(profile.clone()).map_err(|_| UNREADABLE)?;
        }
        let (width, height) = small.dimensions();
        encoder
            .write_image(&small, width, height, image::ExtendedColorType::Rgb8)
            .map_err(|_| MediaRefusal::Damaged { what: "the picture cannot be made smaller" })?;
        Ok(PublicPhoto::new(Format::Jpeg, bytes))
    }

    /// The fingerprint of what the picture shows.
    #[must_use]
    pub fn hash(&self) -> PhotoHash {
        PhotoHash::of(&DynamicImage::ImageRgb8(self.reduced(PhotoHash::EDGE)))
    }

    /// Shrunk by averaging, laid on white, turned upright.
    fn reduced(&self, edge: u32) -> RgbImage {
        let pixels = &self.pixels;
        let fits = pixels.width() <= edge && pixels.height() <= edge;
        let small = if fits { flatten(pixels) } else { flatten(&pixels.thumbnail(edge, edge)) };
        let mut upright = DynamicImage::ImageRgb8(small);
        if let Some(turn) = image::metadata::Orientation::from_exif(self.orientation.exif_value()) {
            upright.apply_orientation(turn);
        }
        upright.into_rgb8()
    }
}

/// A thumbnail straight from bytes, under the standard limits.
pub fn thumbnail(bytes: &[u8], max_edge: u32) -> Result<PublicPhoto, MediaRefusal> {
    Picture::decode(bytes, &Limits::STANDARD)?.thumbnail(max_edge)
}

/// The perceptual hash straight from bytes, under the standard limits.
pub fn perceptual_hash(bytes: &[u8]) -> Result<PhotoHash, MediaRefusal> {
    Ok(Picture::decode(bytes, &Limits::STANDARD)?.hash())
}

/// Width and height as stored, read from the header and within the limits.
pub(crate) fn dimensions(format: Format, bytes: &[u8], limits: &Limits) -> Result<(u32, u32), MediaRefusal> {
    decoder(format, bytes, limits).map(|decoder| decoder.dimensions())
}

const UNREADABLE: MediaRefusal = MediaRefusal::Damaged { what: "the pixels cannot be decoded" };

/// A decoder that has read the header only and stays within the limits.
fn decoder<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<impl ImageDecoder + 'a, MediaRefusal> {
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        other => return Err(MediaRefusal::NotAPhoto(other)),
    };
    let mut bound = image::Limits::no_limits();
    bound.max_alloc = Some(limits.photo_pixels.saturating_mul(BYTES_PER_PIXEL_MAX));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(bound);
    let decoder = reader
        .into_decoder()
        .map_err(|_| MediaRefusal::Damaged { what: "the picture header cannot be read" })?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(MediaRefusal::Damaged { what: "the picture has no pixels" });
    }
    if u64::from(width) * u64::from(height) > limits.photo_pixels {
        return Err(MediaRefusal::TooManyPixels { width, height, limit: limits.photo_pixels });
    }
    Ok(decoder)
}

/// Averages whole blocks of pixels, so that the longer side has 1024 to 2047 of them: ten times faster
/// than a resize to any size, which then has little left to do.
fn coarse(pixels: DynamicImage) -> DynamicImage {
    let (width, height) = (pixels.width(), pixels.height());
    let block = (width.max(height) / THUMBNAIL_EDGES.end()).min(width.min(height));
    let rgb = match pixels {
        DynamicImage::ImageRgb8(rgb) if block > 1 => rgb,
        other => return other,
    };
    let side = block as usize;
    let area = block * block;
    let mut small = RgbImage::new(width / block, height / block);
    let mut sums = vec![0_u32; small.width() as usize * 3];
    let row_bytes = width as usize * 3;
    let bands = rgb.as_raw().chunks_exact(row_bytes * side);
    for (band, out) in bands.zip(small.chunks_exact_mut(sums.len())) {
        sums.fill(0);
        for row in band.chunks_exact(row_bytes) {
            for (pixels, sum) in row.chunks_exact(side * 3).zip(sums.chunks_exact_mut(3)) {
                for pixel in pixels.chunks_exact(3) {
                    sum[0] += u32::from(pixel[0]);
                    sum[1] += u32::from(pixel[1]);
                    sum[2] += u32::from(pixel[2]);
                }
            }
        }
        for (byte, sum) in out.iter_mut().zip(&sums) {
            *byte = (sum / area) as u8;
        }
    }
    DynamicImage::ImageRgb8(small)
}

/// Transparent parts become white, as they do on paper.
fn flatten(pixels: &DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.to_rgb8();
    }
    let rgba = pixels.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
        let on_white = |c: u32| ((c * alpha + 255 * (255 - alpha)) / 255) as u8;
        image::Rgb([on_white(r), on_white(g), on_white(b)])
    })
}
