//! What is wrong with a pack, said so that a clerk finds the place and knows what to write instead.

use serde::Serialize;
use std::fmt;

/// A place in a file of a pack; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct At {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

/// One thing wrong with a pack. `code` is stable; the sentences are for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

impl Problem {
    #[must_use]
    pub fn new(at: &At, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { file: at.file.clone(), line: at.line, column: at.column, code, zh: zh.into(), en: en.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, code, zh, en } = self;
        write!(f, "{file}:{line}:{column}: {zh} · {en} [{code}]")
    }
}
