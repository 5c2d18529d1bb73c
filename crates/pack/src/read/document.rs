//! A TOML file with the line and column of everything in it.

use super::table::Tab;
use crate::problem::{At, Problem};
use std::ops::Range;
use toml_edit::ImDocument;

pub(super) struct Source {
    file: String,
    /// Byte at which each line begins.
    lines: Vec<usize>,
    document: ImDocument<String>,
}

impl Source {
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let lines = line_starts(text);
        match ImDocument::parse(text.to_owned()) {
            Ok(document) => Ok(Self { file: file.to_owned(), lines, document }),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let at = at(file, text, &lines, &span);
                let what = error.message().lines().next().unwrap_or_default().to_owned();
                Err(Problem::new(
                    &at,
                    "toml",
                    format!("不是有效的 TOML：{what}"),
                    format!("this is not TOML: {what}"),
                ))
            }
        }
    }

    pub(super) fn root(&self) -> Tab<'_> {
        let end = 0..0;
        Tab::new(self, self.document.as_table(), end)
    }

    pub(super) fn at(&self, span: &Range<usize>) -> At {
        at(&self.file, self.document.raw(), &self.lines, span)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

fn at(file: &str, text: &str, lines: &[usize], span: &Range<usize>) -> At {
    let byte = span.start.min(text.len());
    let line = lines.partition_point(|start| *start <= byte).max(1);
    let start = lines.get(line - 1).copied().unwrap_or_default();
    let column = text.get(start..byte).map_or(0, |before| before.chars().count());
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    At { file: file.to_owned(), line: small(line), column: small(column + 1) }
}
