//! Separated text, record by record, with the line each begins on. Nothing longer than the bounds is ever held,
//! not even of a file whose first quote is never closed.

use super::read::{TableError, TableLimits};
use encoding_rs::{Decoder, DecoderResult, Encoding};
use std::io::{self, Read};

/// Bytes asked of the file at once.
const PIECE: usize = 64 * 1024;

/// Text of a file as UTF-8, refused where it is none in its encoding.
pub struct Decoded<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    start: usize,
    end: usize,
    out: Vec<u8>,
    given: usize,
    finished: bool,
}

impl<R: Read> Decoded<R> {
    pub fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; PIECE],
            start: 0,
            end: 0,
            out: Vec::new(),
            given: 0,
            finished: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.given = 0;
        self.out.resize(PIECE * 3 + 16, 0);
        let mut written = 0;
        while written == 0 && !self.finished {
            if self.start == self.end {
                self.start = 0;
                self.end = self.source.read(&mut self.raw)?;
            }
            let last = self.end == 0;
            let (result, read, wrote) = self.decoder.decode_to_utf8_without_replacement(
                &self.raw[self.start..self.end],
                &mut self.out,
                last,
            );
            self.start += read;
            written = wrote;
            match result {
                DecoderResult::Malformed(..) => return Err(io::ErrorKind::InvalidData.into()),
                DecoderResult::InputEmpty if last => self.finished = true,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
        }
        self.out.truncate(written);
        if self.out.contains(&0) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }

    /// The next byte, left where it is.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.given == self.out.len() && !self.finished {
            self.fill()?;
        }
        Ok(self.out.get(self.given).copied())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek()?;
        let there = &self.out[self.given..];
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        self.given += count;
        Ok(count)
    }
}

/// The encoding of a text: UTF-8, else GBK (read as its superset GB 18030). Reads all of it.
///
/// # Errors
/// [`TableError::UnknownEncoding`] when it is neither, or when it cannot be read.
pub fn encoding_of<R: Read>(
    mut open: impl FnMut() -> io::Result<R>,
) -> Result<&'static Encoding, TableError> {
    for encoding in [encoding_rs::UTF_8, encoding_rs::GB18030] {
        let mut text = Decoded::new(open().map_err(|_| TableError::UnknownEncoding)?, encoding);
        if io::copy(&mut text, &mut io::sink()).is_ok() {
            return Ok(encoding);
        }
    }
    Err(TableError::UnknownEncoding)
}

/// Records of a separated text (RFC 4180, with any line ends and with empty lines left out).
pub struct Records<'l, R> {
    text: Decoded<R>,
    delimiter: u8,
    line: usize,
    limits: &'l TableLimits,
}

impl<'l, R: Read> Records<'l, R> {
    /// `delimiter` as [`delimiter`] sees it in the first line.
    pub fn new(text: Decoded<R>, delimiter: u8, limits: &'l TableLimits) -> Self {
        Self { text, delimiter, line: 1, limits }
    }

    fn peek(&mut self) -> Result<Option<u8>, TableError> {
        self.text.peek().map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => TableError::UnknownEncoding,
            _ => TableError::BadCsv { line: self.line, why: error.to_string() },
        })
    }

    fn step(&mut self) {
        self.text.given += 1;
    }

    /// The next record that is no empty line, and the line it begins on; `None` at the end.
    pub fn record(&mut self) -> Result<Option<(usize, Vec<String>)>, TableError> {
        loop {
            match self.peek()? {
                None => return Ok(None),
                Some(b'\n') => self.line += 1,
                Some(b'\r') => {}
                Some(_) => break,
            }
            self.step();
        }
        let line = self.line;
        let mut cells: Vec<String> = Vec::new();
        let mut cell: Vec<u8> = Vec::new();
        let (mut quoted, mut fresh) = (false, true);
        loop {
            let Some(byte) = self.peek()? else {
                if quoted {
                    return Err(TableError::BadCsv { line, why: "a quote is not closed".to_owned() });
                }
                cells.push(self.text_of(cell, line)?);
                return Ok(Some((line, cells)));
            };
            self.step();
            if quoted {
                match byte {
                    b'"' if self.peek()? == Some(b'"') => {
                        self.step();
                        cell.push(byte);
                    }
                    b'"' => quoted = false,
                    _ => {
                        self.line += usize::from(byte == b'\n');
                        cell.push(byte);
                    }
                }
            } else if byte == b'"' && fresh {
                quoted = true;
            } else if byte == self.delimiter || matches!(byte, b'\r' | b'\n') {
                cells.push(self.text_of(std::mem::take(&mut cell), line)?);
                if byte != self.delimiter {
                    if byte == b'\r' && self.peek()? == Some(b'\n') {
                        self.step();
                        self.line += 1;
                    } else {
                        self.line += usize::from(byte == b'\n');
                    }
                    return Ok(Some((line, cells)));
                }
                if cells.len() == self.limits.columns {
                    return Err(TableError::TooManyColumns { line, max: self.limits.columns });
                }
                fresh = true;
                continue;
            } else {
                cell.push(byte);
            }
            fresh = false;
            // A character has four bytes at most; what is longer need not be counted.
            if cell.len() > self.limits.cell_chars.saturating_mul(4) {
                return Err(TableError::CellTooLong { line, max: self.limits.cell_chars });
            }
        }
    }

    fn text_of(&self, cell: Vec<u8>, line: usize) -> Result<String, TableError> {
        let text = String::from_utf8(cell).map_err(|_| TableError::UnknownEncoding)?;
        if text.len() > self.limits.cell_chars && text.chars().count() > self.limits.cell_chars {
            return Err(TableError::CellTooLong { line, max: self.limits.cell_chars });
        }
        let plain = text.trim();
        Ok(if plain.len() == text.len() { text } else { plain.to_owned() })
    }
}

/// The separator most frequent in the first line: comma, semicolon or tab.
pub fn delimiter(first: &str) -> u8 {
    // On a draw the earlier one wins, so that a single column is read as commas.
    let mut best = (b',', first.matches(',').count());
    for candidate in [b'\t', b';'] {
        let count = first.matches(char::from(candidate)).count();
        if count > best.1 {
            best = (candidate, count);
        }
    }
    best.0
}

/// The first line of a text, as much as the longest header line needs.
pub fn first_line(text: &mut impl Read) -> io::Result<String> {
    let mut bytes = vec![0; PIECE];
    let mut filled = 0;
    while filled < bytes.len() {
        let read = text.read(&mut bytes[filled..])?;
        filled += read;
        let seen = bytes[..filled].iter().position(|b| !matches!(b, b'\r' | b'\n'));
        if read == 0 || seen.is_some_and(|from| bytes[from..filled].contains(&b'\n')) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes[..filled]);
    Ok(text.lines().find(|line| !line.is_empty()).unwrap_or_default().to_owned())
}
