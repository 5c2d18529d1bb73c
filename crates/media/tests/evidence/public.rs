use crate::build::{
    encoded, film, jpeg, jpeg_segment, jpeg_with_exif, phone_exif, png_chunk, real_photos, scene,
    webp_with_exif, with_chunks, with_segments,
};
use image::ImageFormat;
use yiwang_media::{Limits, MediaRefusal, Picture, inspect_photo, strip};

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|w| w == secret)
}

#[test]
fn a_public_copy_keeps_pixels_and_orientation_and_says_nothing_else() {
    let picture = scene(5, 96, 64);
    let exif = phone_exif(|_| {});
    let plain = jpeg(&picture, 85);
    let icc = jpeg_segment(0xE2, b"ICC_PROFILE\0\x01\x01colours");
    let noisy_jpeg = with_segments(
        &jpeg_with_exif(&plain, &exif),
        &[
            jpeg_segment(0xE0, &[&b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01"[..], b"sec"].concat()),
            jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0secret"),
            icc.clone(),
            jpeg_segment(0xE2, b"MPF\0secret"),
            jpeg_segment(0xED, b"Photoshop 3.0\0secret"),
            jpeg_segment(0xFE, b"secret comment"),
            jpeg_segment(0xF3, b"secret in a reserved segment"),
        ],
    );
    // A second picture with its own Exif behind the end, as phones write it.
    let noisy_jpeg = [noisy_jpeg, jpeg_with_exif(&plain, b"secret")].concat();
    let noisy_png = with_chunks(
        &encoded(&picture, ImageFormat::Png),
        &[
            png_chunk(b"eXIf", &exif),
            png_chunk(b"tEXt", b"Comment\0secret"),
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0secret"),
            png_chunk(b"tIME", &[7, 232, 5, 1, 8, 30, 15]),
            png_chunk(b"maKr", b"secret"),
        ],
    );
    let noisy_webp = webp_with_exif(&encoded(&picture, ImageFormat::WebP), 96, 64, &exif);
    for noisy in [noisy_jpeg, noisy_png, noisy_webp] {
        let public = strip(&noisy).unwrap();
        let bytes = public.bytes();
        assert!(bytes.len() < noisy.len());
        for secret in [&b"secret"[..], b"HUAWEI", b"LNA-AL00", b"2024:05:01", b"tIME", b"XMP "] {
            assert!(!holds(bytes, secret), "{:?} in {:?}", String::from_utf8_lossy(secret), public.format());
        }
        let photo = inspect_photo(bytes, &Limits::STANDARD).unwrap();
        assert_eq!((photo.position, photo.device, photo.shot_at, photo.heading), (None, None, None, None));
        assert_eq!((photo.width, photo.height), (64, 96), "the turn is kept");
        let pixels = |file: &[u8]| image::load_from_memory(file).unwrap().into_rgb8();
        assert!(pixels(bytes) == pixels(&noisy), "lossless");
        assert_eq!(strip(bytes).unwrap().bytes(), bytes, "stripping twice changes nothing");
        if public.format() == yiwang_media::Format::Jpeg {
            assert!(holds(bytes, &icc), "the colour profile stays");
        }
        // The turned original and its public copy look the same to the hash.
        let hash = |file: &[u8]| Picture::decode(file, &Limits::STANDARD).unwrap().hash();
        assert_eq!(hash(bytes), hash(&noisy));
    }
}

#[test]
fn real_photos_keep_their_pixels() {
    for (name, file) in real_photos() {
        let public = strip(&file).unwrap();
        let pixels = |file: &[u8]| image::load_from_memory(file).unwrap().into_rgb8();
        assert!(pixels(public.bytes()) == pixels(&file), "{name}");
        println!("{name}: {} bytes, {} of them public", file.len(), public.bytes().len());
    }
}

#[test]
fn an_upright_photo_gets_no_exif_at_all() {
    let plain = jpeg(&scene(6, 64, 48), 85);
    assert!(!holds(strip(&plain).unwrap().bytes(), b"Exif"));
    let webp = encoded(&scene(6, 64, 48), ImageFormat::WebP);
    assert_eq!(strip(&webp).unwrap().bytes(), webp, "a simple WebP has nothing to lose");
}

#[test]
fn a_video_is_never_public() {
    assert_eq!(strip(&film(b"isom", 0, 5000, &[])), Err(MediaRefusal::VideoNeverPublic));
}
