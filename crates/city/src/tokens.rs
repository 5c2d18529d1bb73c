//! The words by which texts are found and compared. Both stores index these tokens, so that a word of two
//! Chinese characters (井盖) is found by either.
//!
//! A text is first normalised: full-width forms become half-width, capitals small, Latin accents go.
//! Then a run of `a`–`z` and digits is one token, and a run of other letters (Chinese, kana, Cyrillic …)
//! becomes its overlapping pairs plus its last character alone: 井盖丢失 → 井盖 盖丢 丢失 失.
//! That last character makes a query of one character, asked as a prefix, complete: every character of the
//! text begins some token. Everything else separates.

/// Letters of one Latin token; longer runs are cut, in the index and in queries alike.
pub const TOKEN_CHARS_MAX: usize = 40;

/// One token of a query, to be matched exactly or as a prefix of the indexed token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryToken {
    pub text: String,
    pub prefix: bool,
}

/// The tokens of a text as they are indexed, in order, repeats included.
pub fn bigrams(text: &str) -> impl Iterator<Item = String> {
    let mut tokens = Vec::new();
    for run in runs(text) {
        match run {
            Run::Latin(word) => tokens.push(word),
            Run::Letters(letters) => {
                tokens.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
                tokens.extend(letters.last().map(|last| last.to_string()));
            }
        }
    }
    tokens.into_iter()
}

/// The tokens of a text joined by blanks: what a full-text column holds.
#[must_use]
pub fn document(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for token in bigrams(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&token);
    }
    out
}

/// The tokens that must all be present for a text to match a query. A single Chinese character and Latin
/// words of three letters or more are prefixes. Repeats are left out; an empty list matches nothing.
#[must_use]
pub fn query_tokens(text: &str) -> Vec<QueryToken> {
    let mut tokens: Vec<QueryToken> = Vec::new();
    let mut push = |text: String, prefix: bool| {
        let token = QueryToken { text, prefix };
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    };
    for run in runs(text) {
        match run {
            Run::Latin(word) => {
                let prefix = word.len() >= 3;
                push(word, prefix);
            }
            Run::Letters(letters) => match letters.as_slice() {
                [only] => push(only.to_string(), true),
                many => many.windows(2).for_each(|pair| push(pair.iter().collect(), false)),
            },
        }
    }
    tokens
}

/// Half-width, small, without Latin accents. Length in characters may change (ß → ss).
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_normal(c, &mut out);
    }
    out
}

enum Run {
    Latin(String),
    Letters(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut latin = String::new();
    let mut letters: Vec<char> = Vec::new();
    for c in normalise(text).chars() {
        let is_latin = c.is_ascii_alphanumeric();
        let is_letter = !is_latin && c.is_alphanumeric();
        if !is_latin && !latin.is_empty() {
            runs.push(Run::Latin(std::mem::take(&mut latin)));
        }
        if !is_letter && !letters.is_empty() {
            runs.push(Run::Letters(std::mem::take(&mut letters)));
        }
        if is_latin && latin.len() < TOKEN_CHARS_MAX {
            latin.push(c);
        }
        if is_letter {
            letters.push(c);
        }
    }
    if !latin.is_empty() {
        runs.push(Run::Latin(latin));
    }
    if !letters.is_empty() {
        runs.push(Run::Letters(letters));
    }
    runs
}

fn push_normal(c: char, out: &mut String) {
    let c = match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    };
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for small in c.to_lowercase() {
        match plain_latin(small) {
            Some(plain) => out.push_str(plain),
            None => out.push(small),
        }
    }
}

const fn plain_latin(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' | 'ǐ' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' | 'ǒ' => "o",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ť' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ǔ' | 'ǚ' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        // Combining accents left by decomposed text.
        '\u{300}'..='\u{36f}' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let indexed: Vec<String> = bigrams(text).collect();
        let wanted = query_tokens(query);
        !wanted.is_empty()
            && wanted
                .iter()
                .all(|q| indexed.iter().any(|t| if q.prefix { t.starts_with(&q.text) } else { *t == q.text }))
    }

    #[test]
    fn two_characters_find_the_text_that_holds_them() {
        let table = [
            ("井盖", "东风街上的井盖丢失", true),
            ("井盖丢失", "东风街上的井盖丢失", true),
            ("井", "东风街上的井盖丢失", true),
            ("失", "东风街上的井盖丢失", true),
            ("盖井", "东风街上的井盖丢失", false),
            ("路灯", "东风街上的井盖丢失", false),
            ("东风街 井盖", "井盖丢失，在东风街", true),
            ("12345", "热线１２３４５转来", true),
            ("light", "Street LIGHTS out", true),
            ("cafe", "Café in the road", true),
            ("3号", "三号楼", false),
            ("，。", "东风街", false),
            ("", "东风街", false),
        ];
        for (query, text, expected) in table {
            assert_eq!(finds(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn tokens_are_pairs_words_and_the_last_character() {
        let tokens: Vec<String> = bigrams("东风街No.３井盖！").collect();
        assert_eq!(tokens, ["东风", "风街", "街", "no", "3", "井盖", "盖"]);
        assert_eq!(document("井盖 lost"), "井盖 盖 lost");
    }

    #[test]
    fn tokens_never_hold_punctuation_or_blanks() {
        let nasty = "\"井盖\" OR 1=1; -- * ^ : ( ) \u{0} 'x' AND NEAR/3 🕳️ é́ ﬁ";
        for token in bigrams(nasty).chain(query_tokens(nasty).into_iter().map(|t| t.text)) {
            assert!(!token.is_empty() && token.chars().all(char::is_alphanumeric), "{token:?}");
        }
    }

    #[test]
    fn an_endless_word_is_cut_alike_in_index_and_query() {
        let word = "a".repeat(5_000);
        assert_eq!(bigrams(&word).map(|t| t.len()).collect::<Vec<_>>(), [TOKEN_CHARS_MAX]);
        assert!(finds(&word, &word));
    }
}
