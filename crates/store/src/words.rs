//! Tokens as both engines store and ask for them.
//!
//! SQLite's tokenizer and PostgreSQL's lexer know fewer letters than Unicode has. A character outside plain
//! ASCII and the common Chinese ideographs is therefore spelt out, in the index and in queries alike; a token
//! stays one token, and a prefix stays a prefix.

use crate::db::Engine;
use city::tokens::QueryToken;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Longer texts are found by their first words only.
const TOKENS_OF_A_CASE_MAX: usize = 2_000;
/// A query of more words is cut: the rest hardly narrows it.
const TOKENS_OF_A_QUERY_MAX: usize = 32;
const TOKEN_CHARS_MAX: usize = 40;

/// The full-text column of one case: each token once.
pub(crate) fn document(tokens: &[String]) -> String {
    let unique: BTreeSet<String> =
        tokens.iter().take(TOKENS_OF_A_CASE_MAX).map(|token| spelt(token)).collect();
    let mut body = String::with_capacity(unique.iter().map(|token| token.len() + 1).sum());
    for token in unique.iter().filter(|token| !token.is_empty()) {
        if !body.is_empty() {
            body.push(' ');
        }
        body.push_str(token);
    }
    body
}

/// The question "all of these", in the engine's own language. `None` when there is nothing to ask.
pub(crate) fn question(engine: Engine, tokens: &[QueryToken]) -> Option<String> {
    let mut parts = Vec::new();
    for token in tokens.iter().take(TOKENS_OF_A_QUERY_MAX) {
        let text = spelt(&token.text);
        if text.is_empty() {
            continue;
        }
        parts.push(match (engine, token.prefix) {
            (Engine::Sqlite, false) => format!("\"{text}\""),
            (Engine::Sqlite, true) => format!("\"{text}\" *"),
            (Engine::Postgres, false) => format!("'{text}'"),
            (Engine::Postgres, true) => format!("'{text}':*"),
        });
    }
    let and = match engine {
        Engine::Sqlite => " AND ",
        Engine::Postgres => " & ",
    };
    (!parts.is_empty()).then(|| parts.join(and))
}

fn spelt(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for c in token.chars().take(TOKEN_CHARS_MAX).flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || matches!(c, '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fa5}') {
            out.push(c);
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "u{:05x}", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_one_token() {
        assert_eq!(spelt("井盖"), "井盖");
        assert_eq!(spelt("Road"), "road");
        assert_eq!(spelt("a\"b' c"), "au00022bu00027u00020c");
        assert_eq!(document(&["井盖".into(), "a".into(), "井盖".into()]), "a 井盖");
    }

    #[test]
    fn a_question_asks_for_all_tokens() {
        let tokens = [
            QueryToken { text: "井盖".into(), prefix: false },
            QueryToken { text: "roa".into(), prefix: true },
        ];
        assert_eq!(question(Engine::Sqlite, &tokens).as_deref(), Some("\"井盖\" AND \"roa\" *"));
        assert_eq!(question(Engine::Postgres, &tokens).as_deref(), Some("'井盖' & 'roa':*"));
        assert_eq!(question(Engine::Sqlite, &[]), None);
    }
}
