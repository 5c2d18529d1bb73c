//! Reading what people upload. Nothing is trusted: sizes are checked before memory is taken.

use super::split::{Decoded, Records, delimiter, encoding_of, first_line};
use calamine::{DataRef, Reader, Xlsx, XlsxError};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::ops::ControlFlow;

/// Rows of text under headers, with the line (CSV) or row (XLSX) each came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub headers: Vec<String>,
    /// Each row has as many cells as there are headers. Empty rows are left out.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    /// Position of the first header among `names`, compared without spaces and case.
    #[must_use]
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        let plain =
            |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        self.headers.iter().position(|h| names.iter().any(|n| plain(n) == plain(h)))
    }
}

/// Bounds of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLimits {
    pub bytes: usize,
    pub rows: usize,
    pub columns: usize,
    pub cell_chars: usize,
    /// Of an XLSX file after unpacking: a small file can unpack to gigabytes.
    pub unpacked_bytes: u64,
}

impl Default for TableLimits {
    /// An old system's cases of ten years of a county fit.
    fn default() -> Self {
        Self {
            bytes: 64 * 1024 * 1024,
            rows: 500_000,
            columns: 200,
            cell_chars: 32_767,
            unpacked_bytes: 1024 * 1024 * 1024,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("the file has {bytes} bytes, at most {max} are read")]
    TooLarge { bytes: usize, max: usize },
    #[error("the file has more than {max} rows")]
    TooManyRows { max: usize },
    #[error("line {line} has more than {max} columns")]
    TooManyColumns { line: usize, max: usize },
    #[error("a cell of line {line} is longer than {max} characters")]
    CellTooLong { line: usize, max: usize },
    #[error("the file unpacks to more than {max} bytes")]
    TooLargeUnpacked { max: u64 },
    #[error("the text is neither UTF-8 nor GBK")]
    UnknownEncoding,
    #[error("there is no header line")]
    NoHeaders,
    #[error("the header {0:?} is there twice")]
    RepeatedHeader(String),
    #[error("line {line} has {cells} cells but there are {headers} headers")]
    Ragged { line: usize, cells: usize, headers: usize },
    #[error("line {line} cannot be read: {why}")]
    BadCsv { line: usize, why: String },
    #[error("the workbook cannot be read: {0}")]
    BadXlsx(String),
    #[error("old .xls files are not read; save it as .xlsx or .csv")]
    OldXls,
}

/// Reads a CSV or XLSX file; which one is seen from its first bytes. Of a workbook, the first sheet.
///
/// # Errors
/// When the file breaks a bound or is not such a table; the message names the line.
pub fn read(bytes: &[u8], limits: &TableLimits) -> Result<Table, TableError> {
    if bytes.len() > limits.bytes {
        return Err(TableError::TooLarge { bytes: bytes.len(), max: limits.bytes });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return read_xlsx(bytes, limits);
    }
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(TableError::OldXls);
    }
    read_csv(bytes, limits)
}

fn read_csv(bytes: &[u8], limits: &TableLimits) -> Result<Table, TableError> {
    let encoding = encoding_of(|| Ok(bytes))?;
    let first = first_line(&mut Decoded::new(bytes, encoding)).map_err(|_| TableError::UnknownEncoding)?;
    let mut records = Records::new(Decoded::new(bytes, encoding), delimiter(&first), limits);
    let mut builder = Builder::new(limits);
    while let Some((line, cells)) = records.record()? {
        builder.add(line, cells)?;
    }
    builder.done()
}

fn read_xlsx(bytes: &[u8], limits: &TableLimits) -> Result<Table, TableError> {
    let mut builder = Builder::new(limits);
    xlsx_rows(|| Ok(Cursor::new(bytes)), limits, &mut |row, cells| {
        builder.add(row, cells).map(|()| ControlFlow::Continue(()))
    })?;
    builder.done()
}

/// Called with the number of a row and its cells.
pub type TakeCells<'a> = &'a mut dyn FnMut(usize, Vec<String>) -> Result<ControlFlow<()>, TableError>;

/// Hands out the rows of the first sheet that are not empty; trailing empty cells are left out. Only the texts
/// that cells share are held in memory, and they are bounded with the rest.
///
/// # Errors
/// When the workbook breaks a bound or cannot be read, and what `take` answers.
pub fn xlsx_rows<S: Read + Seek>(
    open: impl Fn() -> io::Result<S>,
    limits: &TableLimits,
    take: TakeCells<'_>,
) -> Result<(), TableError> {
    let unread = |cause: io::Error| TableError::BadXlsx(cause.to_string());
    check_unpacked(open().map_err(unread)?, limits)?;
    let bad = |cause: XlsxError| TableError::BadXlsx(cause.to_string());
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(open().map_err(unread)?)).map_err(bad)?;
    let sheet = book.sheet_names().first().cloned().ok_or(TableError::NoHeaders)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(bad)?;
    let mut row_number = 0usize;
    let mut row: Vec<String> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(bad)? {
        let (at, column) = cell.get_position();
        let (at, column) = (at as usize + 1, column as usize);
        if at != row_number {
            if !row.is_empty() && take(row_number, std::mem::take(&mut row))?.is_break() {
                return Ok(());
            }
            row_number = at;
        }
        if column >= limits.columns {
            return Err(TableError::TooManyColumns { line: at, max: limits.columns });
        }
        let text = cell_text(cell.get_value());
        if !text.is_empty() {
            row.resize(row.len().max(column + 1), String::new());
            row[column] = text;
        }
    }
    if !row.is_empty() {
        // The last row: whether to go on is the same.
        let _ = take(row_number, row)?;
    }
    Ok(())
}

/// Unpacks every part into nothing, counting. The sizes a ZIP file declares can lie.
fn check_unpacked(source: impl Read + Seek, limits: &TableLimits) -> Result<(), TableError> {
    let bad = |cause: &dyn std::fmt::Display| TableError::BadXlsx(cause.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(source)).map_err(|cause| bad(&cause))?;
    let mut room = limits.unpacked_bytes;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|cause| bad(&cause))?;
        let size =
            std::io::copy(&mut part.take(room + 1), &mut std::io::sink()).map_err(|cause| bad(&cause))?;
        room = room.checked_sub(size).ok_or(TableError::TooLargeUnpacked { max: limits.unpacked_bytes })?;
    }
    Ok(())
}

fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(n) => n.to_string(),
        // A telephone number typed as a number must not become 1.38e10.
        DataRef::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}"),
        DataRef::Float(n) => n.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            if (hour, minute, second) == (0, 0, 0) {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

struct Builder<'a> {
    limits: &'a TableLimits,
    headers: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

impl<'a> Builder<'a> {
    fn new(limits: &'a TableLimits) -> Self {
        Self { limits, headers: Vec::new(), rows: Vec::new() }
    }

    fn add(&mut self, line: usize, mut cells: Vec<String>) -> Result<(), TableError> {
        while cells.last().is_some_and(|c| c.trim().is_empty()) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        if cells.len() > self.limits.columns {
            return Err(TableError::TooManyColumns { line, max: self.limits.columns });
        }
        for cell in &mut cells {
            if cell.chars().count() > self.limits.cell_chars {
                return Err(TableError::CellTooLong { line, max: self.limits.cell_chars });
            }
            let trimmed = cell.trim();
            if trimmed.len() != cell.len() {
                *cell = trimmed.to_owned();
            }
        }
        if self.headers.is_empty() {
            let mut seen = std::collections::BTreeSet::new();
            for header in &cells {
                if !header.is_empty() && !seen.insert(header) {
                    return Err(TableError::RepeatedHeader(header.clone()));
                }
            }
            self.headers = cells;
            return Ok(());
        }
        if cells.len() > self.headers.len() {
            return Err(TableError::Ragged { line, cells: cells.len(), headers: self.headers.len() });
        }
        if self.rows.len() == self.limits.rows {
            return Err(TableError::TooManyRows { max: self.limits.rows });
        }
        cells.resize(self.headers.len(), String::new());
        self.rows.push((line, cells));
        Ok(())
    }

    fn done(self) -> Result<Table, TableError> {
        if self.headers.is_empty() {
            return Err(TableError::NoHeaders);
        }
        Ok(Table { headers: self.headers, rows: self.rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(bytes: &[u8]) -> Result<Table, TableError> {
        read(bytes, &TableLimits::default())
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn csv_is_read_in_the_encodings_of_chinese_offices() {
        let text = "编号,名称\r\n1,城管局\r\n\r\n2,\"路灯,\n管理所\"\r\n";
        let expected = vec![row(2, &["1", "城管局"]), row(4, &["2", "路灯,\n管理所"])];
        let (gbk, _, _) = encoding_rs::GBK.encode(text);
        for bytes in [text.as_bytes().to_vec(), [b"\xEF\xBB\xBF", text.as_bytes()].concat(), gbk.into_owned()]
        {
            let table = table(&bytes).unwrap();
            assert_eq!(table.headers, ["编号", "名称"]);
            assert_eq!(table.rows, expected);
        }
    }

    #[test]
    fn the_separator_is_seen_from_the_header() {
        for text in ["a;b;c\n1;2,5;3", "a\tb\tc\n1\t2,5\t3"] {
            assert_eq!(table(text.as_bytes()).unwrap().rows, vec![row(2, &["1", "2,5", "3"])]);
        }
    }

    #[test]
    fn headers_are_found_by_any_of_their_names() {
        let table = table("部门 编码,Name\nx,y".as_bytes()).unwrap();
        assert_eq!(table.column(&["code", "部门编码"]), Some(0));
        assert_eq!(table.column(&["name"]), Some(1));
        assert_eq!(table.column(&["phone"]), None);
    }

    #[test]
    fn short_rows_are_filled_and_long_ones_named() {
        assert_eq!(table(b"a,b,c\n1\n").unwrap().rows, vec![row(2, &["1", "", ""])]);
        assert_eq!(table(b"a,b\n1,2\n1,2,3\n"), Err(TableError::Ragged { line: 3, cells: 3, headers: 2 }));
        assert_eq!(table(b"a,b,a\n"), Err(TableError::RepeatedHeader("a".into())));
        assert_eq!(table(b"\n\n"), Err(TableError::NoHeaders));
        assert_eq!(table(b""), Err(TableError::NoHeaders));
    }

    #[test]
    fn every_bound_holds() {
        let tight = TableLimits { bytes: 100, rows: 2, columns: 3, cell_chars: 5, unpacked_bytes: 1000 };
        let read = |text: &str| read(text.as_bytes(), &tight);
        assert_eq!(read(&"x".repeat(101)), Err(TableError::TooLarge { bytes: 101, max: 100 }));
        assert_eq!(read("a\n1\n2\n3\n"), Err(TableError::TooManyRows { max: 2 }));
        assert_eq!(read("a,b,c,d\n"), Err(TableError::TooManyColumns { line: 1, max: 3 }));
        assert_eq!(read("a\n123456\n"), Err(TableError::CellTooLong { line: 2, max: 5 }));
        assert_eq!(table(b"\xD0\xCF\x11\xE0\xA1\xB1"), Err(TableError::OldXls));
        assert_eq!(table(b"a\0b,c\n"), Err(TableError::UnknownEncoding));
        assert_eq!(table(b"a,\xff\xff\xff\n"), Err(TableError::UnknownEncoding));
        assert!(matches!(table(b"PK\x03\x04not a zip"), Err(TableError::BadXlsx(_))));
    }

    #[test]
    fn a_workbook_is_read_row_by_row() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_row(0, 0, ["编号", "电话", "日期", "备注"]).unwrap();
        sheet.write(1, 0, 1).unwrap();
        sheet.write(1, 1, 13_800_001_111.0).unwrap();
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 22).unwrap();
        sheet.write_with_format(1, 2, &day, &date).unwrap();
        sheet.write(3, 3, " 尾 ").unwrap();
        let bytes = book.save_to_buffer().unwrap();
        let table = table(&bytes).unwrap();
        assert_eq!(table.headers, ["编号", "电话", "日期", "备注"]);
        assert_eq!(
            table.rows,
            vec![row(2, &["1", "13800001111", "2026-11-22", ""]), row(4, &["", "", "", "尾"])]
        );
    }

    #[test]
    fn a_workbook_that_unpacks_too_far_is_refused() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for line in 0..2000 {
            sheet.write(line, 0, "0".repeat(1000)).unwrap();
        }
        let bytes = book.save_to_buffer().unwrap();
        let limits = TableLimits { unpacked_bytes: 20_000, ..TableLimits::default() };
        assert_eq!(read(&bytes, &limits), Err(TableError::TooLargeUnpacked { max: 20_000 }));
    }
}
