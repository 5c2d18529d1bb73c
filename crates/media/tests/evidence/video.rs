use crate::build::{film, mp4_box, mp4_track, recorded_webm, words};
use kernel::{Millis, Timestamp};
use yiwang_media::{Format, Limits, MediaRefusal, Video, inspect_video};

/// 2024-05-01T00:30:15Z in seconds since 1904.
const CREATED: u32 = 1_714_523_415 + 2_082_844_800;
const PLACE: &[u8] = b"+31.2394+121.4875+004.500/";

fn read(bytes: &[u8]) -> Result<Video, MediaRefusal> {
    inspect_video(bytes, &Limits::STANDARD)
}

fn user_place() -> Vec<u8> {
    let text = [&[0, 26, 0x15, 0xC7], PLACE].concat();
    mp4_box(b"udta", &mp4_box(b"\xA9xyz", &text))
}

fn apple_place() -> Vec<u8> {
    let names = [
        words(&[0, 2]),
        mp4_box(b"mdta", b"com.apple.quicktime.make"),
        mp4_box(b"mdta", b"com.apple.quicktime.location.ISO6709"),
    ];
    let value = mp4_box(b"data", &[&words(&[1, 0]), PLACE].concat());
    let item = mp4_box(&[0, 0, 0, 2], &value);
    let handler = mp4_box(b"hdlr", &[0; 24]);
    mp4_box(b"meta", &[handler, mp4_box(b"keys", &names.concat()), mp4_box(b"ilst", &item)].concat())
}

#[test]
fn a_phone_film_says_how_long_when_and_where() {
    let table = [(b"isom", Format::Mp4, user_place()), (b"qt  ", Format::QuickTime, apple_place())];
    for (brand, format, place) in table {
        let video = read(&film(brand, CREATED, 12_345, &[place])).unwrap();
        assert_eq!(video.format, format);
        assert_eq!(video.length, Millis(12_345));
        assert_eq!(video.shot_at, Some(Timestamp(1_714_523_415_000)));
        let position = video.position.unwrap();
        assert_eq!((position.lng(), position.lat()), (121.4875, 31.2394));
    }
}

#[test]
fn a_film_in_fragments_is_as_long_as_its_samples() {
    let header = mp4_box(b"mvhd", &words(&[0, 0, 0, 1000, 0, 0x10000]));
    let defaults = mp4_box(b"mvex", &mp4_box(b"trex", &words(&[0, 1, 1, 3000, 0, 0])));
    let movie = mp4_box(b"moov", &[header, mp4_track(b"vide", 90_000), defaults].concat());
    let fragment = |start: u32, run: Vec<u8>| {
        let head = mp4_box(b"tfhd", &words(&[0x02_0000, 1]));
        let at = mp4_box(b"tfdt", &words(&[0, start]));
        mp4_box(b"moof", &mp4_box(b"traf", &[head, at, mp4_box(b"trun", &run)].concat()))
    };
    // 30 samples of the default 3000, then 2 samples of 45,000 with sizes.
    let first = fragment(0, words(&[0x01, 30, 0]));
    let second = fragment(90_000, words(&[0x301, 2, 0, 45_000, 9, 45_000, 9]));
    let start = mp4_box(b"ftyp", b"iso5\0\0\0\0");
    let video = read(&[start, movie, first, second].concat()).unwrap();
    assert_eq!(video.length, Millis(2000));
    assert_eq!(video.shot_at, None, "a camera without a clock writes 0");
}

#[test]
fn a_browser_recording_is_measured_by_its_blocks() {
    let video = read(&recorded_webm(75, 1)).unwrap();
    assert_eq!(video.format, Format::WebM);
    assert_eq!(video.length, Millis(2960));
    assert_eq!(video.shot_at, Some(Timestamp(978_307_201_000)));
}

#[test]
fn films_that_break_a_limit_are_refused_and_say_why() {
    let long = film(b"isom", 0, 60_001, &[]);
    assert_eq!(read(&long), Err(MediaRefusal::TooLong { length: Millis(60_001), limit: Millis(60_000) }));
    let table = [
        (film(b"isom", 0, 0, &[]), "video_length_unknown"),
        (film(b"isom", 0, u32::MAX, &[]), "video_length_unknown"),
        (film(b"isom", 0, 5000, &[])[..60].to_vec(), "media_truncated"),
        (mp4_box(b"ftyp", b"isom\0\0\0\0"), "media_damaged"),
        (recorded_webm(75, 2), "video_without_picture"),
        (recorded_webm(1501 + 25, 1), "video_too_long"),
        (b"\xFF\xD8\xFF\xE0".to_vec(), "not_a_video"),
    ];
    for (bytes, code) in table {
        assert_eq!(read(&bytes).unwrap_err().code(), code);
    }
    let few = Limits { video_bytes: 10, ..Limits::STANDARD };
    assert_eq!(inspect_video(&film(b"isom", 0, 1, &[]), &few).unwrap_err().code(), "media_too_many_bytes");
}
