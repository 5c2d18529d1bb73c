//! dBASE tables, the cells of a shapefile. Texts are in UTF-8 or GBK; memo fields are in a file of their own
//! that is not read.

use super::bad;
use super::source::{Cursor, read_up_to};
use app::FieldProblem;
use app::ports::files::{COLUMNS_MAX, Column, ColumnKind, FileCell, TextEncoding};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Language driver of the People's Republic.
const DRIVER_GBK: u8 = 0x4D;
/// Bytes looked at when nothing says the encoding.
const GUESSED_FROM: u64 = 4 << 20;
const TEXT_WIDTH: u8 = 254;
const NUMBER_WIDTH: u8 = 24;
const NUMBER_DECIMALS: u8 = 9;

/// The encoding a `.cpg` names.
pub fn encoding_named(name: &str) -> Option<TextEncoding> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    match plain.as_str() {
        "UTF8" | "65001" | "CP65001" => Some(TextEncoding::Utf8),
        "GBK" | "GB2312" | "GB18030" | "936" | "CP936" | "EUCCN" | "OEM936" | "ANSI936" | "CHINESE" => {
            Some(TextEncoding::Gbk)
        }
        _ => None,
    }
}

/// The encoding the table says it has, else the one its bytes fit.
///
/// # Errors
/// When it cannot be read.
pub fn encoding_of(file: &File) -> Result<TextEncoding, FieldProblem> {
    let mut cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    let mut header = [0; 32];
    read_up_to(&mut cursor, &mut header).map_err(|cause| bad("file_unreadable", &cause))?;
    if header[29] == DRIVER_GBK {
        return Ok(TextEncoding::Gbk);
    }
    // Names of columns count too; the numbers of the header do not, and they are no text.
    let mut bytes = Vec::new();
    cursor.take(GUESSED_FROM).read_to_end(&mut bytes).map_err(|cause| bad("file_unreadable", &cause))?;
    let length = usize::from(u16::from_le_bytes([header[10], header[11]])).max(1);
    let begin = usize::from(u16::from_le_bytes([header[8], header[9]])).saturating_sub(32);
    let rows = bytes.get(begin..).unwrap_or_default().chunks_exact(length);
    // Row by row, since a text cut at the width of its field ends within a character.
    let wrong = rows.filter(|row| !row.is_ascii()).take(2_000).fold((0, 0), |(wrong, all), row| {
        let split = row.split(|b| *b == b' ').filter(|word| !word.is_ascii());
        let bad = split.filter(|word| std::str::from_utf8(word).is_err()).count();
        (wrong + usize::from(bad > 0), all + 1)
    });
    Ok(if wrong.0 * 2 > wrong.1 { TextEncoding::Gbk } else { TextEncoding::Utf8 })
}

struct Field {
    name: String,
    kind: u8,
    length: usize,
}

/// A table being read.
pub struct Table<'a> {
    source: BufReader<Cursor<'a>>,
    encoding: &'static encoding_rs::Encoding,
    fields: Vec<Field>,
    bytes: Vec<u8>,
    left: u32,
}

impl<'a> Table<'a> {
    /// # Errors
    /// When it does not begin as a table.
    pub fn open(file: &'a File, encoding: TextEncoding) -> Result<Self, FieldProblem> {
        let broken = |why: &dyn std::fmt::Display| bad("file_bad_shapefile", why);
        let cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
        let mut source = BufReader::with_capacity(256 * 1024, cursor);
        let encoding = match encoding {
            TextEncoding::Utf8 => encoding_rs::UTF_8,
            TextEncoding::Gbk => encoding_rs::GB18030,
        };
        let mut header = [0; 32];
        if read_up_to(&mut source, &mut header).map_err(|cause| broken(&cause))? < 32 {
            return Err(broken(&"the .dbf is too short"));
        }
        let records = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let begin = usize::from(u16::from_le_bytes([header[8], header[9]]));
        let length = usize::from(u16::from_le_bytes([header[10], header[11]]));
        let mut rest = vec![0; begin.saturating_sub(32)];
        if read_up_to(&mut source, &mut rest).map_err(|cause| broken(&cause))? < rest.len() {
            return Err(broken(&"the .dbf breaks off in its header"));
        }
        let mut fields = Vec::new();
        for descriptor in rest.chunks_exact(32).take_while(|d| d[0] != 0x0D) {
            let name = &descriptor[..11];
            let name = &name[..name.iter().position(|b| *b == 0).unwrap_or(11)];
            let name = encoding.decode_without_bom_handling(name).0.trim().to_owned();
            // Wide texts of some writers keep the upper half of their length where decimals are.
            let wide = if descriptor[11] == b'C' { usize::from(descriptor[17]) << 8 } else { 0 };
            fields.push(Field { name, kind: descriptor[11], length: usize::from(descriptor[16]) + wide });
        }
        let sum: usize = fields.iter().map(|field| field.length).sum();
        if fields.len() > COLUMNS_MAX || sum + 1 > length {
            return Err(broken(&"the columns of the .dbf do not fit its records"));
        }
        Ok(Self { source, encoding, fields, bytes: vec![0; length], left: records })
    }

    pub fn columns(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// The next record, `Some(None)` for one marked deleted, `None` at the end.
    ///
    /// # Errors
    /// When the table breaks off.
    #[allow(clippy::option_option)] // a deleted record still has its place beside a shape
    pub fn record(&mut self) -> Result<Option<Option<Vec<String>>>, FieldProblem> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let read = read_up_to(&mut self.source, &mut self.bytes)
            .map_err(|cause| bad("file_bad_shapefile", &cause))?;
        if read < self.bytes.len() {
            return Err(bad("file_bad_shapefile", &"the .dbf breaks off"));
        }
        if self.bytes[0] == b'*' {
            return Ok(Some(None));
        }
        let mut at = 1;
        let mut cells = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let bytes = &self.bytes[at..at + field.length];
            at += field.length;
            cells.push(cell(field, bytes, self.encoding));
        }
        Ok(Some(Some(cells)))
    }
}

fn cell(field: &Field, bytes: &[u8], encoding: &'static encoding_rs::Encoding) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text = || encoding.decode_without_bom_handling(&bytes[..end]).0.trim().to_owned();
    match field.kind {
        b'D' => {
            let text = text();
            match (text.len() == 8 && text.is_ascii()).then(|| text.split_at(4)) {
                Some((year, rest)) if text != "00000000" => format!("{year}-{}-{}", &rest[..2], &rest[2..]),
                _ => String::new(),
            }
        }
        b'L' => match bytes.first() {
            Some(b'T' | b't' | b'Y' | b'y') => "true".to_owned(),
            Some(b'F' | b'f' | b'N' | b'n') => "false".to_owned(),
            _ => String::new(),
        },
        b'I' | b'+' => match <[u8; 4]>::try_from(bytes) {
            Ok(four) => i32::from_le_bytes(four).to_string(),
            Err(_) => String::new(),
        },
        b'O' | b'B' if bytes.len() == 8 => match <[u8; 8]>::try_from(bytes) {
            Ok(eight) => f64::from_le_bytes(eight).to_string(),
            Err(_) => String::new(),
        },
        // Stars fill a number that did not fit.
        b'N' | b'F' => {
            let text = text();
            if text.starts_with('*') { String::new() } else { trimmed(&text) }
        }
        b'M' | b'G' | b'P' => String::new(),
        _ => text(),
    }
}

/// `12.50000` as `12.5` and `7.000` as `7`.
fn trimmed(number: &str) -> String {
    if number.contains('.') && !number.contains(['e', 'E']) {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

/// A table being written.
pub struct TableWriter {
    out: BufWriter<File>,
    columns: Vec<ColumnKind>,
    encoding: TextEncoding,
    records: u32,
}

impl TableWriter {
    pub fn new(file: File, columns: &[Column], encoding: TextEncoding) -> io::Result<Self> {
        let mut out = BufWriter::new(file);
        let width = |kind: ColumnKind| match kind {
            ColumnKind::Text => TEXT_WIDTH,
            ColumnKind::Number => NUMBER_WIDTH,
        };
        let too_wide = |_| io::Error::other("too many columns for a shapefile");
        let begin = u16::try_from(32 + columns.len() * 32 + 1).map_err(too_wide)?;
        let length: usize = columns.iter().map(|column| usize::from(width(column.kind))).sum();
        let length = u16::try_from(length + 1).map_err(too_wide)?;
        let mut header = vec![0; 32];
        header[0] = 3;
        // The date is of no meaning; 1970 keeps the same rows the same bytes.
        header[1..4].copy_from_slice(&[70, 1, 1]);
        header[8..10].copy_from_slice(&begin.to_le_bytes());
        header[10..12].copy_from_slice(&length.to_le_bytes());
        header[29] = if encoding == TextEncoding::Gbk { DRIVER_GBK } else { 0 };
        let mut taken = Vec::new();
        for column in columns {
            let mut descriptor = [0; 32];
            let name = short(&column.name, &taken);
            descriptor[..name.len()].copy_from_slice(name.as_bytes());
            taken.push(name);
            descriptor[11] = if column.kind == ColumnKind::Text { b'C' } else { b'N' };
            descriptor[16] = width(column.kind);
            descriptor[17] = if column.kind == ColumnKind::Text { 0 } else { NUMBER_DECIMALS };
            header.extend(descriptor);
        }
        header.push(0x0D);
        out.write_all(&header)?;
        Ok(Self { out, columns: columns.iter().map(|c| c.kind).collect(), encoding, records: 0 })
    }

    pub fn row(&mut self, cells: &[FileCell]) -> io::Result<()> {
        self.records += 1;
        self.out.write_all(b" ")?;
        for (at, kind) in self.columns.clone().iter().enumerate() {
            let width = usize::from(if *kind == ColumnKind::Text { TEXT_WIDTH } else { NUMBER_WIDTH });
            match (kind, cells.get(at)) {
                (ColumnKind::Number, Some(FileCell::Number(value))) => {
                    let text = format!("{value:.9}");
                    let text = if text.len() > width { String::new() } else { text };
                    write!(self.out, "{text:>width$}")?;
                }
                (ColumnKind::Text, Some(FileCell::Number(value))) => self.text(&value.to_string(), width)?,
                (ColumnKind::Text, Some(FileCell::Text(text))) => self.text(text, width)?,
                _ => write!(self.out, "{:width$}", "")?,
            }
        }
        Ok(())
    }

    /// Cut at the width of the field, between characters.
    fn text(&mut self, text: &str, width: usize) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(width);
        for character in text.chars().filter(|c| !c.is_control()) {
            let mut buffer = [0; 4];
            let one = character.encode_utf8(&mut buffer);
            let coded = match self.encoding {
                TextEncoding::Utf8 => std::borrow::Cow::Borrowed(one.as_bytes()),
                TextEncoding::Gbk => encoding_rs::GB18030.encode(one).0,
            };
            if bytes.len() + coded.len() > width {
                break;
            }
            bytes.extend_from_slice(&coded);
        }
        bytes.resize(width, b' ');
        self.out.write_all(&bytes)
    }

    pub fn finish(mut self) -> io::Result<File> {
        self.out.write_all(&[0x1A])?;
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(4))?;
        file.write_all(&self.records.to_le_bytes())?;
        Ok(file)
    }
}

/// Ten letters at most, each name once.
fn short(name: &str, taken: &[String]) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(10).collect();
    let plain = if plain.is_empty() { "field".to_owned() } else { plain };
    if !taken.contains(&plain) {
        return plain;
    }
    (2..)
        .map(|n: u32| {
            let end = n.to_string();
            format!("{}{end}", &plain[..plain.len().min(10 - end.len())])
        })
        .find(|name| !taken.contains(name))
        .unwrap_or(plain)
}
