//! The boxes of MP4 and QuickTime (ISO/IEC 14496-12), whole or in fragments as browsers record them.

use crate::video::{Video, as_millis, iso_6709};
use crate::{Format, MediaRefusal};
use kernel::{Cgcs2000, Millis, Point, Timestamp};

/// From 1904-01-01, where these files begin to count, to 1970-01-01, in seconds.
const EPOCH_1904: i64 = 2_082_844_800;
/// Tracks of a phone film: picture, sound and up to five of metadata.
const TRACKS_MAX: usize = 32;

pub(crate) fn read(format: Format, bytes: &[u8]) -> Result<Video, MediaRefusal> {
    let mut film = Film::default();
    let mut boxes = Boxes::of(bytes);
    for (kind, body) in boxes.by_ref() {
        match kind {
            b"moov" => film.read_movie(body),
            b"moof" => film.read_fragment(body),
            _ => {}
        }
    }
    if boxes.cut_off {
        return Err(MediaRefusal::Truncated);
    }
    if !film.seen {
        return Err(MediaRefusal::Damaged { what: "a video without its table of contents" });
    }
    if !film.tracks.iter().any(|track| track.is_picture) {
        return Err(MediaRefusal::NoPictureTrack);
    }
    let fragments = film.tracks.iter().filter_map(|t| as_millis(t.fragments_end, t.timescale));
    let length = fragments.chain(film.length).max().unwrap_or(Millis(0));
    Ok(Video { format, length, shot_at: film.shot_at, position: film.position })
}

#[derive(Default)]
struct Film {
    seen: bool,
    length: Option<Millis>,
    shot_at: Option<Timestamp>,
    position: Option<Point<Cgcs2000>>,
    tracks: Vec<Track>,
}

#[derive(Default)]
struct Track {
    id: u32,
    is_picture: bool,
    timescale: u64,
    sample_length: u64,
    fragments_end: u64,
}

impl Film {
    fn read_movie(&mut self, movie: &[u8]) {
        self.seen = true;
        for (kind, body) in Boxes::of(movie) {
            match kind {
                b"mvhd" => self.read_movie_header(body),
                b"trak" if self.tracks.len() < TRACKS_MAX => self.tracks.push(read_track(body)),
                b"mvex" => self.read_defaults(body),
                b"udta" => self.position = self.position.or_else(|| user_position(body)),
                b"meta" => self.position = self.position.or_else(|| apple_position(body)),
                _ => {}
            }
        }
    }

    fn read_movie_header(&mut self, body: &[u8]) {
        let long = body.first() == Some(&1);
        let created = number(body, 4, long);
        let timescale = u32_at(body, if long { 20 } else { 12 });
        let length = number(body, if long { 24 } else { 16 }, long);
        let unknown = if long { u64::MAX } else { u64::from(u32::MAX) };
        self.length = match (length, timescale) {
            (Some(length), Some(scale)) if length != unknown => as_millis(length, scale.into()),
            _ => None,
        };
        // Cameras without a clock write 0; a time before 1970 is that or damage.
        let seconds = created.and_then(|s| i64::try_from(s).ok()).map(|s| s.saturating_sub(EPOCH_1904));
        self.shot_at = seconds.filter(|s| *s > 0).and_then(|s| s.checked_mul(1000)).map(Timestamp);
    }

    /// Default sample lengths for films in fragments.
    fn read_defaults(&mut self, body: &[u8]) {
        for (_, extends) in Boxes::of(body).filter(|(kind, _)| *kind == b"trex") {
            let (Some(id), Some(length)) = (u32_at(extends, 4), u32_at(extends, 12)) else { continue };
            if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) {
                track.sample_length = length.into();
            }
        }
    }

    fn read_fragment(&mut self, body: &[u8]) {
        for (_, part) in Boxes::of(body).filter(|(kind, _)| *kind == b"traf") {
            self.read_track_fragment(part);
        }
    }

    fn read_track_fragment(&mut self, part: &[u8]) -> Option<()> {
        let inside = |wanted: &[u8; 4]| Boxes::of(part).find(|(kind, _)| *kind == wanted).map(|(_, b)| b);
        let header = inside(b"tfhd")?;
        let (flags, id) = (u32_at(header, 0)?, u32_at(header, 4)?);
        let track = self.tracks.iter_mut().find(|track| track.id == id)?;
        let mut sample_length = track.sample_length;
        if flags & 0x8 != 0 {
            let skipped = if flags & 0x1 != 0 { 8 } else { 0 } + if flags & 0x2 != 0 { 4 } else { 0 };
            sample_length = u32_at(header, 8 + skipped)?.into();
        }
        let start = inside(b"tfdt").and_then(|body| number(body, 4, body.first() == Some(&1)));
        let mut end = start.unwrap_or(track.fragments_end);
        for (_, run) in Boxes::of(part).filter(|(kind, _)| *kind == b"trun") {
            end = end.saturating_add(run_length(run, sample_length)?);
        }
        track.fragments_end = track.fragments_end.max(end);
        Some(())
    }
}

fn read_track(body: &[u8]) -> Track {
    let mut track = Track::default();
    for (kind, body) in Boxes::of(body) {
        match kind {
            b"tkhd" => {
                track.id = u32_at(body, if body.first() == Some(&1) { 20 } else { 12 }).unwrap_or(0);
            }
            b"mdia" => {
                for (kind, body) in Boxes::of(body) {
                    match kind {
                        b"mdhd" => {
                            let at = if body.first() == Some(&1) { 20 } else { 12 };
                            track.timescale = u32_at(body, at).unwrap_or(0).into();
                        }
                        b"hdlr" => track.is_picture = body.get(8..12) == Some(b"vide"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    track
}

/// The playing time of one run of samples, in the track's units.
fn run_length(run: &[u8], sample_length: u64) -> Option<u64> {
    let (flags, samples) = (u32_at(run, 0)?, u32_at(run, 4)?);
    if flags & 0x100 == 0 {
        return sample_length.checked_mul(samples.into());
    }
    let head = 8 + if flags & 0x1 != 0 { 4 } else { 0 } + if flags & 0x4 != 0 { 4 } else { 0 };
    let width = 4 * (flags & 0xF00).count_ones() as usize;
    // Counted over the rows that are there, not over the number the file claims.
    let rows = run.get(head..)?.chunks_exact(width).take(samples as usize);
    Some(rows.filter_map(|row| u32_at(row, 0)).map(u64::from).sum())
}

/// `©xyz`: two bytes length, two bytes language, then ISO 6709.
fn user_position(udta: &[u8]) -> Option<Point<Cgcs2000>> {
    let (_, body) = Boxes::of(udta).find(|(kind, _)| *kind == b"\xA9xyz")?;
    iso_6709(body.get(4..)?)
}

/// Apple's `meta`: names in `keys`, values in `ilst` under the number of the name.
fn apple_position(meta: &[u8]) -> Option<Point<Cgcs2000>> {
    // A plain box in QuickTime; in MP4 a version and flags come first.
    let plain = meta.get(4..8) == Some(b"hdlr");
    let meta = if plain { meta } else { meta.get(4..)? };
    let inside = |wanted: &[u8; 4]| Boxes::of(meta).find(|(kind, _)| *kind == wanted).map(|(_, b)| b);
    let names = Boxes::of(inside(b"keys")?.get(8..)?);
    let place = names.map(|(_, name)| name).position(|n| n == b"com.apple.quicktime.location.ISO6709")?;
    let number = u32::try_from(place + 1).ok()?.to_be_bytes();
    let (_, item) = Boxes::of(inside(b"ilst")?).find(|(kind, _)| **kind == number)?;
    let (_, value) = Boxes::of(item).find(|(kind, _)| *kind == b"data")?;
    iso_6709(value.get(8..)?)
}

/// The boxes of a stretch of bytes; stops at the first that does not fit.
struct Boxes<'a> {
    rest: &'a [u8],
    /// A box says it is longer than the bytes that are there.
    cut_off: bool,
}

impl<'a> Boxes<'a> {
    const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, cut_off: false }
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.rest.get(4..8)?.try_into().ok()?;
        let (head, size) = match u32_at(self.rest, 0)? {
            0 => (8, self.rest.len() as u64),
            1 => (16, number(self.rest, 8, true)?),
            size => (8, size.into()),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > self.rest.len() {
            self.cut_off = true;
            self.rest = &[];
            return None;
        }
        let body = self.rest.get(head..size)?;
        self.rest = &self.rest[size..];
        Some((kind, body))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// A 64-bit number if `long`, else a 32-bit one.
fn number(bytes: &[u8], at: usize, long: bool) -> Option<u64> {
    if long {
        return bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    }
    u32_at(bytes, at).map(u64::from)
}
