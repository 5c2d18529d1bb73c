//! The two languages of every text people see.

use axum::http::{HeaderMap, header};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    Zh,
    En,
}

impl Language {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The better liked of our two in `Accept-Language`; Chinese when neither is named.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(wish) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
            return Self::Zh;
        };
        let mut best = (0.0_f32, Self::Zh);
        for part in wish.split(',').take(16) {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next().unwrap_or_default().trim();
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
            let language = match tag.get(..2) {
                Some(two) if two.eq_ignore_ascii_case("zh") => Self::Zh,
                Some(two) if two.eq_ignore_ascii_case("en") => Self::En,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The words in this language, or the other ones when these are empty.
    #[must_use]
    pub fn pick(self, words: &app::view::Words) -> &str {
        let (first, second) = match self {
            Self::Zh => (&words.zh, &words.en),
            Self::En => (&words.en, &words.zh),
        };
        if first.is_empty() { second } else { first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_liked_language_wins_and_chinese_is_the_default() {
        let table = [
            ("", Language::Zh),
            ("en-US,en;q=0.9", Language::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("fr, en;q=0.5, zh;q=0.4", Language::En),
            ("de", Language::Zh),
            ("en;q=nonsense", Language::Zh),
            ("语", Language::Zh),
        ];
        for (wish, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_LANGUAGE,
                axum::http::HeaderValue::from_bytes(wish.as_bytes()).unwrap(),
            );
            assert_eq!(Language::of(&headers), expected, "{wish}");
        }
    }
}
