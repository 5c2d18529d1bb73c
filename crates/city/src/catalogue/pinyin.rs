//! Initials of the pinyin of common characters, so that `ldbl` finds 路灯不亮.
//! The table holds the 3,755 characters of GB 2312 level 1, which that standard orders by pinyin, one line for
//! each initial, and the rarer characters of class names. A character with several readings has its first.

use std::collections::HashMap;
use std::sync::LazyLock;

static INITIALS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut initials = HashMap::with_capacity(4_096);
    for line in include_str!("pinyin_initials.txt").lines() {
        let mut chars = line.chars();
        if let Some(initial) = chars.next() {
            initials.extend(chars.map(|c| (c, initial)));
        }
    }
    initials
});

/// Initials of a Chinese text; Latin letters and digits stay, everything else is left out.
pub(super) fn initials(text: &str) -> String {
    text.chars()
        .filter_map(|c| {
            if c.is_ascii_alphanumeric() { Some(c.to_ascii_lowercase()) } else { INITIALS.get(&c).copied() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_common_words() {
        let table = [
            ("路灯不亮", "ldbl"),
            ("雨水箅子", "ysbz"),
            ("井盖", "jg"),
            ("暴露垃圾", "bllj"),
            ("SOS点", "sosd"),
        ];
        for (word, expected) in table {
            assert_eq!(initials(word), expected, "{word}");
        }
    }
}
