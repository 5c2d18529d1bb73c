//! Whatever a stranger sends, nothing panics.

use crate::build::{
    encoded, film, jpeg_with_exif, phone_exif, png_chunk, recorded_webm, scene, webp_with_exif, with_chunks,
};
use image::ImageFormat;
use proptest::prelude::*;
use std::sync::LazyLock;
use yiwang_media::{Limits, inspect, perceptual_hash, strip, thumbnail};

/// One good file of each format.
static GOOD: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = scene(7, 32, 24);
    let exif = phone_exif(|_| {});
    vec![
        jpeg_with_exif(&crate::build::jpeg(&picture, 80), &exif),
        with_chunks(&encoded(&picture, ImageFormat::Png), &[png_chunk(b"eXIf", &exif)]),
        webp_with_exif(&encoded(&picture, ImageFormat::WebP), 32, 24, &exif),
        film(b"isom", 9, 5000, &[]),
        recorded_webm(30, 1),
    ]
});

/// Small limits, so that a damaged header costs no time.
const LIMITS: Limits = Limits { photo_pixels: 1 << 20, ..Limits::STANDARD };

fn try_everything(bytes: &[u8]) {
    let inspected = inspect(bytes, &LIMITS);
    if let Ok(public) = strip(bytes) {
        // What is public is whole and says nothing.
        if let Ok(yiwang_media::Media::Photo(photo)) = inspect(public.bytes(), &LIMITS) {
            assert_eq!((photo.position, photo.device, photo.shot_at), (None, None, None));
        }
        assert!(strip(public.bytes()).is_ok());
    }
    if inspected.is_ok() {
        let _ = thumbnail(bytes, 64);
        let _ = perceptual_hash(bytes);
    }
}

#[test]
fn every_truncation_is_refused_or_read() {
    for file in GOOD.iter() {
        for end in 0..file.len() {
            try_everything(&file[..end]);
        }
        assert!(inspect(file, &LIMITS).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        try_everything(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(
        which in 0..5_usize,
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = GOOD[which].clone();
        for (place, byte) in hits {
            let at = place.index(file.len());
            file[at] = byte;
        }
        try_everything(&file);
    }
}
