//! Working time on the absolute time line, in blocks that are computed when first asked for.

use super::spec::CalendarSpec;
use jiff::Timestamp as Instant;
use jiff::tz::Offset;
use std::sync::OnceLock;

const DAY: i64 = 86_400_000;
/// Length of a block: some 370 slots, about 9 kB.
const BLOCK: i64 = 256 * DAY;
/// 1900-01-01T00:00Z.
const BEGIN: i64 = -25_567 * DAY;
/// 400 years of blocks.
const BLOCKS: usize = 571;
/// Twenty years. A calendar without a minute of work for so long is taken to have none for ever.
const BARREN_BLOCKS_MAX: usize = 29;

/// A stretch of working time, `from` included, `to` not.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
    /// Working time of the block before `from`.
    before: i64,
}

/// The working time of one block.
#[derive(Debug, Default)]
struct Block {
    stretches: Vec<Stretch>,
    total: i64,
}

impl Block {
    fn push(&mut self, from: i64, to: i64) {
        if from < to {
            self.stretches.push(Stretch { from, to, before: self.total });
            self.total += to - from;
        }
    }

    /// Working time of the block before `at`.
    fn until(&self, at: i64) -> i64 {
        let begun = self.stretches.partition_point(|stretch| stretch.from < at);
        match begun.checked_sub(1).and_then(|last| self.stretches.get(last)) {
            Some(last) => last.before + at.min(last.to) - last.from,
            None => 0,
        }
    }

    /// The first moment at which `target` (more than 0, at most the total) has been worked.
    fn moment(&self, target: i64) -> Option<i64> {
        let index = self.stretches.partition_point(|s| s.before + (s.to - s.from) < target);
        self.stretches.get(index).map(|stretch| stretch.from + target - stretch.before)
    }
}

/// All blocks of a calendar.
#[derive(Debug)]
pub(super) struct Table {
    blocks: Box<[OnceLock<Block>]>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { blocks: (0..BLOCKS).map(|_| OnceLock::new()).collect() }
    }

    /// Working milliseconds from `from` to `to`; 0 when `to` is not later.
    pub(super) fn between(&self, spec: &CalendarSpec, from: i64, to: i64) -> i64 {
        if to <= from {
            return 0;
        }
        let (first, last) = (index_of(from), index_of(to));
        let before = self.block(spec, first).until(from);
        let whole: i64 = (first..last).map(|index| self.block(spec, index).total).sum();
        whole + self.block(spec, last).until(to) - before
    }

    /// The first moment at which `length` (more than 0) has been worked since `from`.
    pub(super) fn after(&self, spec: &CalendarSpec, from: i64, length: i64) -> Option<i64> {
        let first = index_of(from);
        let mut target = self.block(spec, first).until(from).saturating_add(length);
        let mut barren = 0;
        for index in first..BLOCKS {
            let block = self.block(spec, index);
            if target <= block.total {
                return block.moment(target);
            }
            target -= block.total;
            barren = if block.total == 0 { barren + 1 } else { 0 };
            if barren > BARREN_BLOCKS_MAX {
                return None;
            }
        }
        None
    }

    fn block(&self, spec: &CalendarSpec, index: usize) -> &Block {
        self.blocks[index].get_or_init(|| build(spec, BEGIN + index as i64 * BLOCK))
    }
}

fn index_of(at: i64) -> usize {
    let index = at.saturating_sub(BEGIN).div_euclid(BLOCK);
    index.clamp(0, BLOCKS as i64 - 1) as usize
}

/// Computes the block that begins at `begin`, offset by offset of the zone.
fn build(spec: &CalendarSpec, begin: i64) -> Block {
    let end = begin + BLOCK;
    let rules = spec.zone.rules();
    let mut block = Block::default();
    let mut from = begin;
    let mut offset = rules.to_offset(instant(begin));
    for change in rules.following(instant(begin)) {
        let at = change.timestamp().as_millisecond();
        if at >= end {
            break;
        }
        if change.offset() != offset {
            fill(&mut block, spec, from, at, offset);
            from = at;
            offset = change.offset();
        }
    }
    fill(&mut block, spec, from, end, offset);
    block
}

/// Adds the working time of a stretch in which local time runs evenly. What a clock change skips is not
/// worked; what it repeats is worked twice.
fn fill(block: &mut Block, spec: &CalendarSpec, from: i64, to: i64, offset: Offset) {
    let shift = i64::from(offset.seconds()) * 1_000;
    let mut date = offset.to_datetime(instant(from)).date();
    let mut midnight = (from + shift).div_euclid(DAY) * DAY - shift;
    while midnight < to {
        if spec.is_working_day(date)
            && let Some(season) = spec.season_on(date)
        {
            for slot in &season.slots {
                let begins = midnight + i64::from(slot.from_minute) * 60_000;
                let ends = midnight + i64::from(slot.to_minute) * 60_000;
                block.push(begins.max(from), ends.min(to));
            }
        }
        midnight += DAY;
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
}

/// The moment as the date library knows it; beyond its range, the end of its range.
pub(super) fn instant(at: i64) -> Instant {
    Instant::from_millisecond(at).unwrap_or(if at < 0 { Instant::MIN } else { Instant::MAX })
}
