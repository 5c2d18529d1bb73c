//! Pinyin without tones: for people who type Latin letters, and for the commonest slip in typed Chinese, a
//! character of the same sound. Sounds that many speakers do not tell apart (zh/z, ch/c, sh/s, ng/n) are one.

use pinyin::ToPinyin;
use std::sync::OnceLock;

const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;
/// Keeps syllables apart from the other unit keys.
const SYLLABLE: u64 = 1 << 29;
const NONE: u16 = u16::MAX;

struct Table {
    /// All syllables, sorted.
    syllables: Vec<String>,
    /// The first syllable that sounds like each of them.
    class: Vec<u16>,
    /// Syllable of each character.
    of: Vec<u16>,
}

fn blurred(syllable: &str) -> String {
    syllable.replace("zh", "z").replace("ch", "c").replace("sh", "s").replace("ng", "n")
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let read = |code: u32| {
            let plain = char::from_u32(code)?.to_pinyin()?.plain();
            Some(plain.replace('ü', "u").replace('ê', "e"))
        };
        let texts: Vec<Option<String>> = (FIRST..=LAST).map(read).collect();
        let mut syllables: Vec<String> = texts.iter().flatten().cloned().collect();
        syllables.sort();
        syllables.dedup();
        let index = |text: Option<String>| {
            let found = text.and_then(|text| syllables.binary_search(&text).ok());
            found.and_then(|i| u16::try_from(i).ok()).unwrap_or(NONE)
        };
        let of = texts.into_iter().map(index).collect();
        let blurs: Vec<String> = syllables.iter().map(|s| blurred(s)).collect();
        let first =
            |b: &String| blurs.iter().position(|other| other == b).and_then(|i| u16::try_from(i).ok());
        let class = blurs.iter().map(|b| first(b).unwrap_or(NONE)).collect();
        Table { syllables, class, of }
    })
}

/// Key of the sound of a character; `None` for other signs.
pub fn sound(c: char) -> Option<u64> {
    let index = u32::from(c).checked_sub(FIRST)? as usize;
    let syllable = table().of.get(index).copied().filter(|s| *s != NONE)?;
    class_key(usize::from(syllable))
}

fn class_key(syllable: usize) -> Option<u64> {
    table().class.get(syllable).map(|class| SYLLABLE | u64::from(*class))
}

/// First letter of the sound.
pub fn initial(c: char) -> Option<u8> {
    let index = u32::from(c).checked_sub(FIRST)? as usize;
    let syllable = table().of.get(index)?;
    table().syllables.get(usize::from(*syllable))?.bytes().next()
}

/// A word of Latin letters as syllables: `renmin` → ren, min. `None` when it is not made of syllables. Of several
/// readings the one with the fewest syllables is taken (`xian` is one syllable), long ones first.
pub fn syllables(word: &str) -> Option<Vec<u64>> {
    let word = word.replace("lv", "lu").replace("nv", "nu");
    let bytes = word.as_bytes();
    if bytes.is_empty() || bytes.len() > 40 || !bytes.iter().all(u8::is_ascii_lowercase) {
        return None;
    }
    // best[i]: fewest syllables that spell the rest from i, and the length of the first of them.
    let mut best: Vec<Option<(usize, usize, u64)>> = vec![None; bytes.len() + 1];
    best[bytes.len()] = Some((0, 0, 0));
    for i in (0..bytes.len()).rev() {
        for len in (1..=6.min(bytes.len() - i)).rev() {
            let Some((rest, ..)) = best[i + len] else { continue };
            let Ok(index) = table().syllables.binary_search_by(|s| s.as_str().cmp(&word[i..i + len])) else {
                continue;
            };
            if let Some(key) = class_key(index).filter(|_| best[i].is_none_or(|(count, ..)| rest + 1 < count))
            {
                best[i] = Some((rest + 1, len, key));
            }
        }
    }
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let (_, len, key) = best[i]?;
        out.push(key);
        i += len;
    }
    Some(out)
}

/// Initials packed five bits a letter, the first highest, so that names sharing a beginning are neighbours.
pub fn pack_initials(letters: &[u8]) -> u64 {
    let mut packed = 0;
    for slot in 0..12 {
        let letter = letters.get(slot).map_or(0, |b| u64::from(b.to_ascii_lowercase() - b'a' + 1) & 31);
        packed = packed << 5 | letter;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_those_of_the_characters() {
        let spelled: Vec<u64> = "人民广场".chars().filter_map(sound).collect();
        assert_eq!(syllables("renminguangchang"), Some(spelled));
        assert_eq!(sound('凤'), sound('风'));
        assert_eq!(sound('名'), sound('民'));
        assert_ne!(sound('路'), sound('街'));
        assert_eq!(syllables("lvyuan"), Some("绿园".chars().filter_map(sound).collect()));
        assert_eq!(syllables("beacon"), None);
        assert_eq!(syllables("xian").map(|s| s.len()), Some(1));
        let letters: Vec<u8> = "人民广场".chars().filter_map(initial).collect();
        assert_eq!(letters, b"rmgc");
        assert!(
            pack_initials(b"rmgc") > pack_initials(b"rmg") && pack_initials(b"rmgc") < pack_initials(b"rmh")
        );
    }
}
