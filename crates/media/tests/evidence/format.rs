use crate::build::{film, jpeg, scene};
use yiwang_media::{Format, Limits, Media, MediaRefusal, content_id, inspect, sniff};

#[test]
fn a_format_is_told_by_content_and_others_are_refused_by_name() {
    let ftyp = |brand: &[u8]| [b"\0\0\0\x18ftyp", brand, &[0; 12]].concat();
    let not_taken = |name| Err(MediaRefusal::FormatNotTaken { name });
    let table = [
        (b"\xFF\xD8\xFF\xE0".to_vec(), Ok(Format::Jpeg)),
        (b"\x89PNG\r\n\x1a\n".to_vec(), Ok(Format::Png)),
        (b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), Ok(Format::WebP)),
        (b"RIFF\0\0\0\0WAVE".to_vec(), Err(MediaRefusal::UnknownFormat)),
        (ftyp(b"isom"), Ok(Format::Mp4)),
        (ftyp(b"mp42"), Ok(Format::Mp4)),
        (ftyp(b"qt  "), Ok(Format::QuickTime)),
        (b"\0\0\0\x08wide\0\0".to_vec(), Ok(Format::QuickTime)),
        (ftyp(b"heic"), Err(MediaRefusal::HeicNotSupported)),
        (ftyp(b"mif1"), Err(MediaRefusal::HeicNotSupported)),
        (ftyp(b"avif"), not_taken("AVIF")),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm".to_vec(), Ok(Format::WebM)),
        (b"\x1A\x45\xDF\xA3\xA3\x42\x82\x88matroska".to_vec(), not_taken("Matroska")),
        (b"GIF89a".to_vec(), not_taken("GIF")),
        (b"II*\0\x08\0\0\0".to_vec(), not_taken("TIFF")),
        (b"<svg onload=alert(1)>".to_vec(), Err(MediaRefusal::UnknownFormat)),
        (b"%PDF-1.7".to_vec(), Err(MediaRefusal::UnknownFormat)),
        (Vec::new(), Err(MediaRefusal::Empty)),
    ];
    for (bytes, expected) in table {
        assert_eq!(sniff(&bytes), expected, "{bytes:?}");
    }
    assert_eq!(MediaRefusal::HeicNotSupported.code(), "heic_not_supported");
}

#[test]
fn inspection_takes_photos_and_videos_alike() {
    let photo = jpeg(&scene(1, 64, 48), 80);
    let video = film(b"isom", 0, 5000, &[]);
    assert!(matches!(inspect(&photo, &Limits::STANDARD), Ok(Media::Photo(_))));
    assert!(matches!(inspect(&video, &Limits::STANDARD), Ok(Media::Video(_))));
}

#[test]
fn the_identity_of_bytes_is_their_sha_256() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(content_id(b"").as_str(), empty);
    assert_ne!(content_id(b"a"), content_id(b"b"));
}
