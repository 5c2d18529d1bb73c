//! Does the hash find the same photo again, and only the same? Distances are printed.

use crate::build::{encoded, jpeg, real_photos, scene};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};
use yiwang_media::{PhotoHash, distance, perceptual_hash};

fn hash(file: &[u8]) -> PhotoHash {
    perceptual_hash(file).unwrap()
}

/// What happens to a photo on its way through phones and chats.
fn copies(picture: &RgbImage) -> Vec<(&'static str, Vec<u8>)> {
    let (w, h) = picture.dimensions();
    let whole = DynamicImage::ImageRgb8(picture.clone());
    let resized = |n: u32, d: u32, filter| whole.resize_exact(w * n / d, h * n / d, filter).into_rgb8();
    vec![
        ("jpeg quality 40", jpeg(picture, 40)),
        ("png", encoded(picture, ImageFormat::Png)),
        ("half size", jpeg(&resized(1, 2, FilterType::CatmullRom), 70)),
        ("a third", jpeg(&resized(1, 3, FilterType::Triangle), 70)),
        ("1.5 times", jpeg(&resized(3, 2, FilterType::Lanczos3), 80)),
        ("brighter by 30", jpeg(&whole.brighten(30).into_rgb8(), 80)),
        ("darker by 30", jpeg(&whole.brighten(-30).into_rgb8(), 80)),
        ("more contrast", jpeg(&whole.adjust_contrast(15.0).into_rgb8(), 80)),
    ]
}

/// Prints and checks: every copy within the threshold, every other photo beyond it.
fn measure(name: &str, photos: &[(String, RgbImage)]) {
    let hashes: Vec<_> = photos.iter().map(|(_, p)| hash(&jpeg(p, 90))).collect();
    let mut farthest: Vec<(&str, u32)> = Vec::new();
    for ((photo, picture), original) in photos.iter().zip(&hashes) {
        for (how, copy) in copies(picture) {
            let bits = distance(*original, hash(&copy));
            assert!(bits <= PhotoHash::SAME_WITHIN, "{photo}, {how}: {bits} bits");
            assert!(original.same_photo(hash(&copy)), "{photo}, {how}");
            match farthest.iter_mut().find(|(known, _)| *known == how) {
                Some((_, most)) => *most = bits.max(*most),
                None => farthest.push((how, bits)),
            }
        }
    }
    let mut others = Vec::new();
    for (i, a) in hashes.iter().enumerate() {
        for (j, b) in hashes.iter().enumerate().skip(i + 1) {
            others.push((distance(*a, *b), &photos[i].0, &photos[j].0));
        }
    }
    others.sort();
    println!("{name}: {} photos; farthest copy by change, in bits of 64: {farthest:?}", photos.len());
    println!("{name}: {} pairs of different photos, nearest: {:?}", others.len(), &others[..3]);
    assert!(others[0].0 > PhotoHash::SAME_WITHIN, "{:?} look the same", others[0]);
}

#[test]
fn a_changed_copy_is_found_and_another_scene_is_not() {
    let photos: Vec<_> = (0..24).map(|n| (format!("scene {n}"), scene(100 + n, 240, 180))).collect();
    measure("made-up scenes", &photos);
}

#[test]
fn real_photos_are_told_apart() {
    let photos: Vec<_> = real_photos()
        .into_iter()
        .map(|(name, file)| {
            // A third of a megapixel at most, or making the copies takes a minute.
            let picture = image::load_from_memory(&file).unwrap();
            let picture = picture.thumbnail(picture.width().min(640), picture.height().min(640));
            (name, picture.into_rgb8())
        })
        .collect();
    if photos.is_empty() {
        return;
    }
    measure("real photos", &photos);
}

#[test]
fn featureless_pictures_are_never_the_same_photo() {
    let black = |shade| hash(&jpeg(&RgbImage::from_pixel(64, 64, image::Rgb([shade; 3])), 90));
    assert!(distance(black(0), black(9)) <= PhotoHash::SAME_WITHIN);
    assert!(!black(0).same_photo(black(9)));
}

#[test]
fn a_hash_is_written_as_sixteen_hex_digits() {
    let hash = PhotoHash(0x00ff_1234_5678_9abc);
    assert_eq!(hash.to_string(), "00ff123456789abc");
    assert_eq!(PhotoHash::try_from(hash.to_string()), Ok(hash));
    assert!(PhotoHash::try_from("+0ff123456789abc".to_owned()).is_err());
}
