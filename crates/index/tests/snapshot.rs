//! A snapshot is the index again, or is refused.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use yiwang_index::{CaseIndex, SnapshotProblem};

fn small() -> CaseIndex {
    let (mut dice, calendar) = (Dice(11), calendar());
    let mut index = CaseIndex::new(city());
    let parents = [case_id(900), case_id(901)];
    for serial in 0..40 {
        index
            .upsert(
                serial * 2,
                i64::from(serial) + 5,
                &case(&mut dice, u64::from(serial), &parents, &calendar),
            )
            .unwrap();
    }
    index
}

#[test]
fn an_index_comes_back_from_its_snapshot() {
    let index = small();
    let again = CaseIndex::decode(&index.encode()).unwrap();
    assert_eq!((again.city(), again.position(), again.len()), (city(), 44, 40));
    assert_eq!(again.encode().len(), index.encode().len());
    let empty = CaseIndex::decode(&CaseIndex::new(city()).encode()).unwrap();
    assert!(empty.is_empty());
}

#[test]
fn every_changed_bit_and_every_shorter_file_is_refused() {
    let bytes = small().encode();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(CaseIndex::decode(&damaged).is_err(), "a changed bit in byte {at} of {}", bytes.len());
    }
    for length in 0..bytes.len() {
        assert!(CaseIndex::decode(&bytes[..length]).is_err(), "the first {length} bytes of {}", bytes.len());
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(CaseIndex::decode(&longer), Err(SnapshotProblem::Damaged { .. })));
}

#[test]
fn other_files_and_other_formats_are_told_apart() {
    assert!(matches!(CaseIndex::decode(&[7; 4_000]), Err(SnapshotProblem::NotASnapshot)));
    let mut bytes = small().encode();
    bytes[8] = 99;
    let sum = crc32fast::hash(&bytes[..36]).to_le_bytes();
    bytes[36..40].copy_from_slice(&sum);
    assert!(matches!(CaseIndex::decode(&bytes), Err(SnapshotProblem::OtherFormat { found: 99 })));
}
