use crate::build::{
    dms, encoded, field, jpeg, jpeg_segment, jpeg_with_exif, phone_exif, png_chunk, scene, webp_with_exif,
    with_chunks, with_segments,
};
use exif::{Tag, Value};
use image::ImageFormat;
use image::imageops::FilterType;
use jiff::{civil, tz};
use kernel::Timestamp;
use yiwang_media::{
    Format, Heading, Limits, MediaRefusal, North, Orientation, Photo, Picture, ShotAt, distance,
    inspect_photo, perceptual_hash, thumbnail,
};

fn photo(exif: &[u8]) -> Photo {
    let file = jpeg_with_exif(&jpeg(&scene(1, 64, 48), 80), exif);
    inspect_photo(&file, &Limits::STANDARD).unwrap()
}

#[test]
fn the_notes_of_the_camera_are_read_from_every_photo_format() {
    let picture = scene(1, 64, 48);
    let exif = phone_exif(|_| {});
    let webp = encoded(&picture, ImageFormat::WebP);
    let files = [
        (Format::Jpeg, jpeg_with_exif(&jpeg(&picture, 80), &exif)),
        (Format::Png, with_chunks(&encoded(&picture, ImageFormat::Png), &[png_chunk(b"eXIf", &exif)])),
        (Format::WebP, webp_with_exif(&webp, 64, 48, &exif)),
    ];
    for (format, file) in files {
        let photo = inspect_photo(&file, &Limits::STANDARD).unwrap();
        assert_eq!(photo.format, format);
        assert_eq!((photo.width, photo.height), (48, 64), "orientation 6 stands the picture up");
        assert_eq!(photo.orientation, Orientation::from_exif(6));
        // 2024-05-01T08:30:15.250+08:00
        assert_eq!(photo.shot_at, Some(ShotAt::Instant(Timestamp(1_714_523_415_250))));
        let position = photo.position.unwrap();
        assert!((position.lat() - 31.239_366_7).abs() < 1e-6, "{position:?}");
        assert!((position.lng() - 121.487_5).abs() < 1e-6, "{position:?}");
        assert_eq!(photo.accuracy_m, Some(4.8));
        assert_eq!(photo.heading, Some(Heading { degrees: 270.5, north: North::Magnetic }));
        assert_eq!(photo.device.as_deref(), Some("HUAWEI LNA-AL00"));
    }
}

#[test]
fn a_photo_without_notes_says_nothing() {
    let photo = inspect_photo(&jpeg(&scene(1, 64, 48), 80), &Limits::STANDARD).unwrap();
    assert_eq!((photo.width, photo.height, photo.orientation), (64, 48, Orientation::UPRIGHT));
    assert_eq!((photo.shot_at, photo.position, photo.heading, photo.device), (None, None, None, None));
}

#[test]
fn a_camera_without_an_offset_gives_a_wall_clock_that_the_city_reads() {
    let photo = photo(&phone_exif(|fields| fields.retain(|f| f.tag != Tag::OffsetTimeOriginal)));
    let wall = civil::datetime(2024, 5, 1, 8, 30, 15, 250_000_000);
    assert_eq!(photo.shot_at, Some(ShotAt::WallClock(wall)));
    let zone = tz::TimeZone::fixed(tz::offset(8));
    assert_eq!(photo.shot_at.unwrap().in_zone(&zone), Some(Timestamp(1_714_523_415_250)));
}

#[test]
fn impossible_notes_are_left_out_one_by_one() {
    let replace = |tag, value: Value| {
        photo(&phone_exif(|fields| {
            fields.retain(|f| f.tag != tag);
            fields.push(field(tag, value));
        }))
    };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    assert_eq!(replace(Tag::DateTimeOriginal, text("2024:13:41 08:30:15")).shot_at, None);
    assert_eq!(replace(Tag::DateTimeOriginal, text("    :  :     :  :  ")).shot_at, None);
    assert_eq!(replace(Tag::GPSLatitude, dms(91, 0, 0)).position, None);
    assert_eq!(replace(Tag::Orientation, Value::Short(vec![77])).orientation, Orientation::UPRIGHT);
    let no_fix = photo(&phone_exif(|fields| {
        fields.retain(|f| f.tag != Tag::GPSLatitude && f.tag != Tag::GPSLongitude);
        fields.extend([field(Tag::GPSLatitude, dms(0, 0, 0)), field(Tag::GPSLongitude, dms(0, 0, 0))]);
    }));
    assert_eq!(no_fix.position, None);
    let south = replace(Tag::GPSLatitudeRef, text("S"));
    assert!(south.position.unwrap().lat() < 0.0);
    let offset = replace(Tag::OffsetTimeOriginal, text("+99:00"));
    assert!(matches!(offset.shot_at, Some(ShotAt::WallClock(_))));
}

#[test]
fn a_position_marked_gcj_02_is_converted() {
    let plain = photo(&phone_exif(|_| {})).position.unwrap();
    let datum = Value::Ascii(vec![b"GCJ-02".to_vec()]);
    let shifted = photo(&phone_exif(|fields| fields.push(field(Tag::GPSMapDatum, datum)))).position.unwrap();
    let metres = plain.metres_to(&shifted);
    assert!((100.0..800.0).contains(&metres), "{metres}");
}

#[test]
fn too_large_and_broken_photos_are_refused_before_decoding() {
    let file = jpeg(&scene(1, 64, 48), 80);
    let small = Limits { photo_bytes: 100, ..Limits::STANDARD };
    let refusal = inspect_photo(&file, &small).unwrap_err();
    assert_eq!(refusal, MediaRefusal::TooManyBytes { bytes: file.len(), limit: 100 });
    let few = Limits { photo_pixels: 64 * 48 - 1, ..Limits::STANDARD };
    assert_eq!(inspect_photo(&file, &few).unwrap_err().code(), "photo_too_many_pixels");
    assert_eq!(inspect_photo(&file[..file.len() - 2], &Limits::STANDARD), Err(MediaRefusal::Truncated));
    assert_eq!(inspect_photo(&file[..file.len() / 2], &Limits::STANDARD), Err(MediaRefusal::Truncated));
    let png = encoded(&scene(1, 64, 48), ImageFormat::Png);
    assert_eq!(inspect_photo(&png[..png.len() - 1], &Limits::STANDARD), Err(MediaRefusal::Truncated));
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    // 40,000 × 40,000 pixels in a file of 60 bytes.
    let size = [40_000_u32.to_be_bytes(), 40_000_u32.to_be_bytes()].concat();
    let header = png_chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat());
    let file =
        [b"\x89PNG\r\n\x1a\n".to_vec(), header, png_chunk(b"IDAT", &[]), png_chunk(b"IEND", &[])].concat();
    let refusal = Picture::decode(&file, &Limits::STANDARD).unwrap_err();
    assert!(matches!(refusal.code(), "photo_too_many_pixels" | "media_damaged"), "{refusal}");
    // The same in JPEG, by editing the frame header.
    let mut file = jpeg(&scene(1, 64, 48), 80);
    let frame = file.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let refusal = Picture::decode(&file, &Limits::STANDARD).unwrap_err();
    assert_eq!(refusal.code(), "photo_too_many_pixels");
    // Thousands of scans.
    let scan = jpeg_segment(0xDA, &[0; 6]);
    let file = with_segments(&jpeg(&scene(1, 64, 48), 80), &vec![scan; 100]);
    assert_eq!(inspect_photo(&file, &Limits::STANDARD).unwrap_err().code(), "media_damaged");
}

#[test]
fn a_thumbnail_is_small_upright_and_silent() {
    let mut picture = scene(3, 800, 400);
    // A white left edge: orientation 6 (turn right by 90°) brings it to the top.
    for y in 0..400 {
        for x in 0..100 {
            picture.put_pixel(x, y, image::Rgb([255, 255, 255]));
        }
    }
    let upright = jpeg(&picture, 90);
    let file = jpeg_with_exif(&upright, &phone_exif(|_| {}));
    let small = thumbnail(&file, 200).unwrap();
    let shown = inspect_photo(small.bytes(), &Limits::STANDARD).unwrap();
    assert_eq!((shown.width, shown.height), (100, 200));
    assert_eq!((shown.position, shown.device, shown.shot_at), (None, None, None));
    let pixels = image::load_from_memory(small.bytes()).unwrap().into_rgb8();
    assert!(pixels.get_pixel(50, 10).0.iter().all(|c| *c > 235), "{:?}", pixels.get_pixel(50, 10));

    // Block averaging of a large picture shows the same as exact averaging of a small one.
    let large = image::DynamicImage::ImageRgb8(picture).resize_exact(3300, 1650, FilterType::Triangle);
    let small = thumbnail(&jpeg(&large.into_rgb8(), 90), 200).unwrap();
    let shown = inspect_photo(small.bytes(), &Limits::STANDARD).unwrap();
    assert_eq!((shown.width, shown.height), (200, 100));
    assert!(distance(perceptual_hash(small.bytes()).unwrap(), perceptual_hash(&upright).unwrap()) <= 2);

    let tiny = thumbnail(&jpeg(&scene(4, 40, 30), 90), 480).unwrap();
    assert_eq!(inspect_photo(tiny.bytes(), &Limits::STANDARD).unwrap().width, 40, "never enlarged");
}

#[test]
fn transparent_parts_are_white_in_a_thumbnail() {
    let clear = image::RgbaImage::from_pixel(64, 64, image::Rgba([0, 0, 0, 0]));
    let mut file = Vec::new();
    clear.write_to(&mut std::io::Cursor::new(&mut file), ImageFormat::Png).unwrap();
    let small = thumbnail(&file, 32).unwrap();
    let pixels = image::load_from_memory(small.bytes()).unwrap().into_rgb8();
    assert!(pixels.pixels().all(|p| p.0.iter().all(|c| *c > 250)));
}
