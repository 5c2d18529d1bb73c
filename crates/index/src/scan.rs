//! Going over columns 64 rows at a time: a word of bits says which rows are still in.

/// Below this many rows of a word each is looked at for itself.
const SPARSE: u32 = 12;

/// Keeps the rows whose cell passes. `column` begins at the first row of `mask`.
#[inline]
pub fn keep<T: Copy>(mask: &mut [u64], column: &[T], test: impl Fn(T) -> bool) {
    for (word, cells) in mask.iter_mut().zip(column.chunks(64)) {
        if *word == 0 {
            continue;
        }
        *word &= match cells.first_chunk::<64>() {
            Some(cells) if word.count_ones() > SPARSE => {
                let mut passed = [0_u8; 64];
                for (passed, &cell) in passed.iter_mut().zip(cells) {
                    *passed = u8::from(test(cell));
                }
                pack(&passed)
            }
            _ => each_bit(*word, |bit| cells.get(bit).is_some_and(|&cell| test(cell))),
        };
    }
}

/// The same with two columns.
#[inline]
pub fn keep2<A: Copy, B: Copy>(mask: &mut [u64], a: &[A], b: &[B], test: impl Fn(A, B) -> bool) {
    for (word, (a, b)) in mask.iter_mut().zip(a.chunks(64).zip(b.chunks(64))) {
        if *word == 0 {
            continue;
        }
        *word &= match (a.first_chunk::<64>(), b.first_chunk::<64>()) {
            (Some(a), Some(b)) if word.count_ones() > SPARSE => {
                let mut passed = [0_u8; 64];
                for (passed, (&a, &b)) in passed.iter_mut().zip(a.iter().zip(b)) {
                    *passed = u8::from(test(a, b));
                }
                pack(&passed)
            }
            _ => each_bit(*word, |bit| match (a.get(bit), b.get(bit)) {
                (Some(&a), Some(&b)) => test(a, b),
                _ => false,
            }),
        };
    }
}

/// Keeps the rows that pass, given their place in the mask; for tests that look into side tables.
#[inline]
pub fn keep_rows(mask: &mut [u64], test: impl Fn(usize) -> bool) {
    for (at, word) in mask.iter_mut().enumerate() {
        if *word != 0 {
            *word = each_bit(*word, |bit| test(at * 64 + bit));
        }
    }
}

/// The bits of `word` that pass.
#[inline]
fn each_bit(word: u64, test: impl Fn(usize) -> bool) -> u64 {
    let (mut left, mut passed) = (word, 0);
    while left != 0 {
        let bit = left.trailing_zeros();
        passed |= u64::from(test(bit as usize)) << bit;
        left &= left - 1;
    }
    passed
}

/// 64 bytes of 0 or 1 as bits: the product moves the lowest bit of each of eight bytes into the top byte.
#[inline]
fn pack(passed: &[u8; 64]) -> u64 {
    let mut word = 0;
    let (eights, _) = passed.as_chunks::<8>();
    for (at, &eight) in eights.iter().enumerate() {
        let byte = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= byte << (at * 8);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_the_same_as_bit_by_bit() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let want = state ^ state >> 29;
            let bytes: [u8; 64] = std::array::from_fn(|bit| u8::from(want >> bit & 1 == 1));
            assert_eq!(pack(&bytes), want);
        }
    }

    #[test]
    fn dense_sparse_and_short_words_agree() {
        let cells: Vec<u32> = (0..200).map(|n| n * 7 % 13).collect();
        for mask in [u64::MAX, 0x8000_0000_0000_0001, 0xffff_0000_1111_0001] {
            let mut masks = [mask; 4];
            keep(&mut masks, &cells, |cell| cell > 6);
            for (row, &cell) in cells.iter().enumerate() {
                let want = mask >> (row % 64) & 1 == 1 && cell > 6;
                assert_eq!(masks[row / 64] >> (row % 64) & 1 == 1, want, "row {row}");
            }
        }
    }
}
