//! A text as the units by which names are compared: one for each Chinese character, Latin word and number.
//! Written variants fall together here, in names and in queries alike, so that nothing later needs to know them:
//! traditional and simplified characters (臺/台), Chinese and Arabic numerals (三/3), full-width forms, accents,
//! English abbreviations (Street/St, North/N, Fifth/5th) and plural or possessive `s`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// Units of a text that are looked at. A query of more is cut; a bit set of the units fits a `u64`.
pub const UNITS_MAX: usize = 48;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A Chinese character, or a letter of another script without words of ours.
    Letter,
    Word,
    Number,
}

/// What stands between a unit and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    None,
    Blank,
    Hyphen,
    Break,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Equal for units that mean the same. Letters: the code point; numbers: `NUMBER` and the value.
    pub key: u64,
    pub sort: Sort,
    /// Says little by itself: 路, street, the.
    pub generic: bool,
    pub gap: Gap,
}

const WORD: u64 = 1 << 63;
const PAIR: u64 = 1 << 62;
const NUMBER: u64 = 1 << 30;

impl Unit {
    /// Letters and numbers beside letters are indexed in pairs; words alone.
    pub const fn pairs_with(&self, next: &Self) -> bool {
        !matches!(self.sort, Sort::Word)
            && !matches!(next.sort, Sort::Word)
            && (matches!(self.sort, Sort::Letter) || matches!(next.sort, Sort::Letter))
    }
}

/// Term of two neighbouring units.
pub const fn pair_term(a: u64, b: u64) -> u64 {
    PAIR | ((a & 0x7fff_ffff) << 31) | (b & 0x7fff_ffff)
}

/// The characters of a pair term, where both are characters.
pub fn letters_of(term: u64) -> Option<(char, char)> {
    if term & (WORD | PAIR) != PAIR {
        return None;
    }
    let (a, b) = ((term >> 31) & 0x7fff_ffff, term & 0x7fff_ffff);
    let letter =
        |k: u64| if k & NUMBER == 0 { char::from_u32(u32::try_from(k).ok()?) } else { digit_letter(k) };
    Some((letter(a)?, letter(b)?))
}

/// 1 to 10 are spoken as one syllable, so they take part in searching by sound.
pub fn digit_letter(key: u64) -> Option<char> {
    let index = usize::try_from(key ^ NUMBER).ok()?;
    ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十'].get(index).copied()
}

/// Calls `each` for every unit of `text` with its canonical text (for words and numbers).
pub fn scan(text: &str, mut each: impl FnMut(Unit, &str)) {
    let chars: Vec<char> = city::tokens::normalise(text).chars().map(simplified).collect();
    let mut gap = Gap::None;
    let mut i = 0;
    let mut word = String::new();
    while let Some(&c) = chars.get(i) {
        if c.is_ascii_alphanumeric() {
            word.clear();
            i = latin_word(&chars, i, &mut word);
            let unit = latin_unit(&mut word, gap);
            each(unit, &word);
            gap = Gap::None;
        } else if numeral_value(c).is_some() {
            let end = (i..chars.len()).find(|j| numeral_value(chars[*j]).is_none()).unwrap_or(chars.len());
            if let Some(value) = numeral(&chars[i..end]) {
                word.clear();
                word.push_str(&value.to_string());
                each(number_unit(value, gap), &word);
            } else {
                for c in &chars[i..end] {
                    each(letter_unit(*c, gap), "");
                    gap = Gap::None;
                }
            }
            gap = Gap::None;
            i = end;
        } else if c.is_alphanumeric() {
            each(letter_unit(c, gap), "");
            gap = Gap::None;
            i += 1;
        } else {
            if c == '&' {
                each(Unit { key: word_key("and"), sort: Sort::Word, generic: true, gap }, "and");
            }
            gap = match c {
                '-' | '–' | '—' | '~' => Gap::Hyphen,
                c if c.is_whitespace() && gap != Gap::Hyphen && gap != Gap::Break => Gap::Blank,
                c if c.is_whitespace() => gap,
                _ => Gap::Break,
            };
            i += 1;
        }
    }
}

pub fn units(text: &str) -> Vec<Unit> {
    let mut out = Vec::with_capacity(12);
    scan(text, |unit, _| {
        if out.len() < UNITS_MAX {
            out.push(unit);
        }
    });
    out
}

/// One number for a whole name: equal for names that differ only in written form.
pub fn name_key(units: &[Unit]) -> u64 {
    let mut hasher = KeyHasher::default();
    for unit in units {
        hasher.write_u64(unit.key);
    }
    hasher.finish()
}

fn letter_unit(c: char, gap: Gap) -> Unit {
    Unit { key: u64::from(u32::from(c)), sort: Sort::Letter, generic: GENERIC_LETTERS.contains(&c), gap }
}

fn number_unit(value: u64, gap: Gap) -> Unit {
    Unit { key: NUMBER | (value & 0x3fff_ffff), sort: Sort::Number, generic: false, gap }
}

/// Characters that stand at the end of many names.
const GENERIC_LETTERS: [char; 28] = [
    '路', '街', '道', '巷', '弄', '号', '市', '区', '县', '镇', '乡', '村', '里', '店', '站', '楼', '的',
    '大', '处', '院', '段', '口', '省', '苑', '附', '近', '旁', '边',
];

fn latin_word(chars: &[char], from: usize, word: &mut String) -> usize {
    let mut i = from;
    while let Some(&c) = chars.get(i) {
        let next = chars.get(i + 1);
        if c.is_ascii_alphanumeric() {
            if word.len() < 40 {
                word.push(c);
            }
        } else if matches!(c, '\'' | '’' | '`') && next.is_some_and(char::is_ascii_alphabetic) {
            // Thompson's, O'Brien
        } else if c == '.'
            && next.is_some_and(char::is_ascii_alphabetic)
            && chars[i - 1].is_ascii_alphabetic()
            && (i < 2 || !chars[i - 2].is_ascii_alphanumeric())
            && chars.get(i + 2).is_none_or(|c| !c.is_ascii_alphanumeric())
        {
            // U.S., N.E.
        } else {
            break;
        }
        i += 1;
    }
    i
}

fn latin_unit(word: &mut String, gap: Gap) -> Unit {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if digits == word.len() && digits <= 9 {
        let value: u64 = word.parse().unwrap_or(0);
        *word = value.to_string();
        return number_unit(value, gap);
    }
    if digits > 0 && digits + 1 == word.len() {
        // 12a: a number of its own, near 12 only through the door table.
        return Unit { key: word_key(word), sort: Sort::Number, generic: false, gap };
    }
    if let Some(short) = abbreviations().get(word.as_str()) {
        word.clear();
        word.push_str(short);
    } else if digits == 0 && word.len() > 4 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
        if let Some(short) = abbreviations().get(word.as_str()) {
            word.clear();
            word.push_str(short);
        }
    }
    Unit { key: word_key(word), sort: Sort::Word, generic: is_generic(word), gap }
}

pub fn word_key(word: &str) -> u64 {
    text_hash(word) | WORD
}

/// A hash that is the same in every run and on every machine, because images of the index hold it.
pub fn text_hash(text: &str) -> u64 {
    let mut hasher = KeyHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[derive(Debug, Default, Clone, Copy)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        // The last multiplication leaves the low bits weak.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.0 >> 29)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut block = [0; 8];
            block[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(block) ^ (chunk.len() as u64) << 56);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

pub type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

fn numeral_value(c: char) -> Option<u64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        '十' | '拾' => 10,
        '百' => 100,
        '千' => 1000,
        _ => return None,
    })
}

/// 十五 → 15, 一百零三 → 103, 八一 → 81. `None` for 百 or 千 alone, which are parts of words (百货).
pub fn numeral(run: &[char]) -> Option<u64> {
    let values: Vec<u64> = run.iter().filter_map(|c| numeral_value(*c)).collect();
    if values.len() != run.len() || values.is_empty() || values.len() > 9 {
        return None;
    }
    if values.iter().all(|v| *v < 10) {
        return Some(values.iter().fold(0, |sum, v| sum * 10 + v)).filter(|_| values != [0]);
    }
    if values.iter().all(|v| *v >= 100) {
        return None;
    }
    let (mut total, mut digit, mut last_scale) = (0, None, u64::MAX);
    for v in values {
        if v < 10 {
            if digit.is_some_and(|d| d != 0) {
                return None;
            }
            digit = Some(v);
        } else {
            if v >= last_scale {
                return None;
            }
            last_scale = v;
            total += digit.take().unwrap_or(1) * v;
        }
    }
    Some(total + digit.unwrap_or(0))
}

/// The simplified form of a traditional or variant character; others stay.
/// Table: OpenCC TSCharacters (Apache-2.0), those with a target in GB 2312, and street-name variants of Hong Kong.
pub fn simplified(c: char) -> char {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    const FIRST: u32 = 0x4e00;
    const LAST: u32 = 0x9fff;
    let code = u32::from(c);
    if !(FIRST..=LAST).contains(&code) {
        return c;
    }
    let table = TABLE.get_or_init(|| {
        let mut table: Vec<u16> = (FIRST..=LAST).filter_map(|c| u16::try_from(c).ok()).collect();
        for line in include_str!("simplified.txt").lines() {
            let mut chars = line.chars().map(u32::from);
            let Some(target) = chars.next().and_then(|c| u16::try_from(c).ok()) else { continue };
            for variant in chars {
                if let Some(slot) = variant.checked_sub(FIRST).and_then(|i| table.get_mut(i as usize)) {
                    *slot = target;
                }
            }
        }
        table
    });
    table.get((code - FIRST) as usize).and_then(|c| char::from_u32(u32::from(*c))).unwrap_or(c)
}

/// Long form and the short one that stands for both. Saint and street share `st`, drive and doctor `dr`: the
/// written form does not tell them apart either.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("street", "st"),
    ("saint", "st"),
    ("str", "st"),
    ("ste", "st"),
    ("avenue", "av"),
    ("ave", "av"),
    ("aven", "av"),
    ("road", "rd"),
    ("boulevard", "blvd"),
    ("boul", "blvd"),
    ("drive", "dr"),
    ("doctor", "dr"),
    ("drv", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("crt", "ct"),
    ("place", "pl"),
    ("plc", "pl"),
    ("square", "sq"),
    ("sqr", "sq"),
    ("terrace", "ter"),
    ("terr", "ter"),
    ("terace", "ter"),
    ("ters", "ter"),
    ("tce", "ter"),
    ("parkway", "pkwy"),
    ("pky", "pkwy"),
    ("pkway", "pkwy"),
    ("highway", "hwy"),
    ("circle", "cir"),
    ("circ", "cir"),
    ("cirt", "cir"),
    ("plaza", "plz"),
    ("wharf", "whf"),
    ("alley", "aly"),
    ("causeway", "cwy"),
    ("cswy", "cwy"),
    ("crescent", "cres"),
    ("extension", "ext"),
    ("expressway", "expy"),
    ("green", "grn"),
    ("heights", "hts"),
    ("height", "hts"),
    ("hill", "hl"),
    ("mount", "mt"),
    ("mountain", "mt"),
    ("fort", "ft"),
    ("center", "ctr"),
    ("centre", "ctr"),
    ("cntr", "ctr"),
    ("building", "bldg"),
    ("bld", "bldg"),
    ("station", "sta"),
    ("stn", "sta"),
    ("university", "univ"),
    ("uni", "univ"),
    ("school", "sch"),
    ("international", "intl"),
    ("int", "intl"),
    ("garden", "gdn"),
    ("estate", "est"),
    ("house", "hse"),
    ("market", "mkt"),
    ("bridge", "brg"),
    ("hospital", "hosp"),
    ("church", "chch"),
    ("apartment", "apt"),
    ("library", "lib"),
    ("playground", "plgd"),
    ("park", "pk"),
    ("government", "govt"),
    ("department", "dept"),
    ("building's", "bldg"),
    ("number", "no"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("southeast", "se"),
    ("southwest", "sw"),
    ("first", "1st"),
    ("second", "2nd"),
    ("third", "3rd"),
    ("fourth", "4th"),
    ("fifth", "5th"),
    ("sixth", "6th"),
    ("seventh", "7th"),
    ("eighth", "8th"),
    ("ninth", "9th"),
    ("tenth", "10th"),
    ("eleventh", "11th"),
    ("twelfth", "12th"),
    ("thirteenth", "13th"),
    ("fourteenth", "14th"),
    ("fifteenth", "15th"),
    ("sixteenth", "16th"),
    ("junior", "jr"),
    ("martin", "martin"),
    ("theatre", "theater"),
    ("harbour", "harbor"),
    ("hotel", "htl"),
    ("restaurant", "rest"),
    ("company", "co"),
    ("corporation", "corp"),
];

fn abbreviations() -> &'static HashMap<&'static str, &'static str> {
    static MAP: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    MAP.get_or_init(|| ABBREVIATIONS.iter().copied().collect())
}

/// Long words that names keep only in their short form: `government` is `govt` in the index.
pub fn long_forms() -> impl Iterator<Item = (&'static str, &'static str)> {
    ABBREVIATIONS.iter().copied().filter(|(long, short)| long.len() >= 5 && long.len() > short.len())
}

/// The ending of a street name or a filler: leaving it out is no mistake.
fn is_generic(word: &str) -> bool {
    matches!(
        word,
        "st" | "av"
            | "rd"
            | "blvd"
            | "dr"
            | "ln"
            | "ct"
            | "pl"
            | "sq"
            | "ter"
            | "pkwy"
            | "hwy"
            | "cir"
            | "plz"
            | "whf"
            | "aly"
            | "cwy"
            | "cres"
            | "ext"
            | "way"
            | "expy"
            | "the"
            | "of"
            | "and"
            | "at"
            | "in"
            | "on"
            | "to"
            | "a"
            | "an"
            | "for"
            | "no"
            | "near"
            | "de"
            | "apt"
            | "floor"
            | "suite"
            | "unit"
            | "city"
            | "inc"
            | "ltd"
            | "co"
            | "corp"
            | "district"
            | "county"
            | "subdistrict"
            | "town"
            | "village"
            | "ctr"
            | "bldg"
            | "sta"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        name_key(&units(a)) == name_key(&units(b))
    }

    #[test]
    fn written_variants_of_a_name_are_one() {
        let table = [
            ("Beacon Street", "beacon st.", true),
            ("North Washington Street", "N. Washington St", true),
            ("Fifth Avenue", "5th Ave", true),
            ("Thompson's Court", "Thompsons Ct", true),
            ("Boston Common", "BOSTON  COMMON", true),
            ("Marks & Spencer", "Marks and Spencer", true),
            ("７-Eleven", "7 Eleven", true),
            ("Saint Botolph Street", "St. Botolph St", true),
            ("三里屯", "3里屯", true),
            ("十五号", "15號", true),
            ("一百零三号", "103号", true),
            ("八一路", "81路", true),
            ("臺灣街", "台湾街", true),
            ("彌敦道", "弥敦道", true),
            ("百货大楼", "100货大楼", false),
            ("Beacon Street", "Bacon Street", false),
            ("中山路", "中山东路", false),
        ];
        for (a, b, expected) in table {
            assert_eq!(same(a, b), expected, "{a} / {b}: {:?} {:?}", units(a), units(b));
        }
    }

    #[test]
    fn numerals_are_read_as_spoken() {
        let read = |text: &str| numeral(&text.chars().collect::<Vec<_>>());
        let table = [
            ("十", Some(10)),
            ("十二", Some(12)),
            ("二十", Some(20)),
            ("三十五", Some(35)),
            ("一百", Some(100)),
            ("一百零五", Some(105)),
            ("二百三十", Some(230)),
            ("一千二百", Some(1200)),
            ("一二三", Some(123)),
            ("二零零八", Some(2008)),
            ("百", None),
            ("千", None),
            ("零", None),
            ("十十", None),
            ("二三十", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_read() {
        for text in
            ["", "....", "'", "a.", "1.", "\u{0}\u{300}", "𠮷野家", "é", "&&", "U.S.A.", "9999999999999"]
        {
            let _ = units(text);
        }
        assert_eq!(units(&"路".repeat(500)).len(), UNITS_MAX);
    }
}
