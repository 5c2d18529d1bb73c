//! The elements of WebM (RFC 8794, RFC 9559). Browsers record with unknown sizes and without a
//! duration, so the end is found from the last block.

use crate::video::Video;
use crate::{Format, MediaRefusal};
use kernel::{Millis, Timestamp};

/// From 1970-01-01 to 2001-01-01, where WebM dates begin, in milliseconds.
const EPOCH_2001: i64 = 978_307_200_000;

const SEGMENT: u32 = 0x1853_8067;
const HEADER: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x002A_D7B1;
const DURATION: u32 = 0x4489;
const DATE: u32 = 0x4461;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const CLUSTER: u32 = 0x1F43_B675;
const CLUSTER_TIMESTAMP: u32 = 0xE7;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;

pub(crate) fn read(bytes: &[u8]) -> Result<Video, MediaRefusal> {
    let mut scale_ns = 1_000_000_u64;
    let mut duration = None;
    let mut shot_at = None;
    let mut has_picture = false;
    let mut cluster_at = 0_u64;
    let mut last_block = 0_u64;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (id, after) = element_id(rest).ok_or(MediaRefusal::Truncated)?;
        let (size, after) = element_size(after).ok_or(MediaRefusal::Truncated)?;
        // Containers are entered by going on after their header: that also covers unknown sizes.
        if matches!(id, SEGMENT | HEADER | TRACKS | TRACK | CLUSTER | BLOCK_GROUP) {
            rest = after;
            continue;
        }
        let size = size.ok_or(MediaRefusal::Damaged { what: "a WebM element has no size" })?;
        let size = usize::try_from(size).map_err(|_| MediaRefusal::Truncated)?;
        let body = after.get(..size).ok_or(MediaRefusal::Truncated)?;
        rest = &after[size..];
        match id {
            TIMESTAMP_SCALE => scale_ns = unsigned(body).filter(|n| *n > 0).unwrap_or(scale_ns),
            DURATION => duration = float(body),
            DATE => shot_at = date(body),
            TRACK_TYPE => has_picture |= unsigned(body) == Some(1),
            CLUSTER_TIMESTAMP => cluster_at = unsigned(body).unwrap_or(cluster_at),
            BLOCK | SIMPLE_BLOCK => last_block = last_block.max(block_at(body, cluster_at).unwrap_or(0)),
            _ => {}
        }
    }
    if !has_picture {
        return Err(MediaRefusal::NoPictureTrack);
    }
    let units = duration.unwrap_or(0.0).max(last_block as f64);
    let ms = units * scale_ns as f64 / 1_000_000.0;
    if !ms.is_finite() {
        return Err(MediaRefusal::LengthUnknown);
    }
    // `as` saturates; a length beyond i64 is refused as too long all the same.
    Ok(Video { format: Format::WebM, length: Millis(ms.ceil() as i64), shot_at, position: None })
}

/// An element id keeps its length marker: one to four bytes.
fn element_id(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 4 {
        return None;
    }
    let (id, rest) = bytes.split_at_checked(length)?;
    Some((id.iter().fold(0, |n, b| n << 8 | u32::from(*b)), rest))
}

/// An element size loses its length marker: one to eight bytes, all ones for "unknown".
fn element_size(bytes: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let (size, rest) = bytes.split_at_checked(length)?;
    let marked = size.iter().fold(0, |n, b| n << 8 | u64::from(*b));
    let mask = (1_u64 << (7 * length)) - 1;
    let size = marked & mask;
    Some(((size != mask).then_some(size), rest))
}

fn unsigned(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| body.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn float(body: &[u8]) -> Option<f64> {
    let value = match body.len() {
        4 => f64::from(f32::from_be_bytes(body.try_into().ok()?)),
        8 => f64::from_be_bytes(body.try_into().ok()?),
        _ => return None,
    };
    (value.is_finite() && value > 0.0).then_some(value)
}

fn date(body: &[u8]) -> Option<Timestamp> {
    let ns = i64::from_be_bytes(body.try_into().ok()?);
    Some(Timestamp(EPOCH_2001 + ns / 1_000_000))
}

/// A block: track number, then its time relative to the cluster.
fn block_at(body: &[u8], cluster_at: u64) -> Option<u64> {
    let (_, rest) = element_size(body)?;
    let relative = i16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
    Some(cluster_at.saturating_add_signed(relative.into()))
}
