//! Writing tables row by row, in constant memory.

use rust_xlsxwriter::{Format as Style, Workbook, XlsxError};
use std::io::{self, Write};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With a byte-order mark, so that Excel opens it as UTF-8.
    CsvForExcel,
    Csv,
    Xlsx,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(f64),
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Excel's own bounds; a longer table goes on in a further sheet, a longer cell is cut.
const SHEET_ROWS_MAX: u32 = 1_048_576;
const CELL_CHARS_MAX: usize = 32_767;

/// Takes rows one after the other. Nothing is complete before [`TableWriter::finish`].
pub struct TableWriter<W: Write + io::Seek + Send> {
    kind: Kind<W>,
}

enum Kind<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Xlsx { book: Box<Workbook>, sheet: usize, row: u32, headers: Vec<String>, out: W },
}

impl<W: Write + io::Seek + Send> TableWriter<W> {
    /// Begins a table and writes its headers.
    ///
    /// # Errors
    /// When `out` cannot be written, or no temporary file can be made (XLSX).
    pub fn new(mut out: W, format: Format, headers: &[&str]) -> io::Result<Self> {
        let kind = match format {
            Format::Csv | Format::CsvForExcel => {
                if format == Format::CsvForExcel {
                    out.write_all(b"\xEF\xBB\xBF")?;
                }
                let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                csv.write_record(headers.iter().map(|h| harmless(h)))?;
                Kind::Csv(Box::new(csv))
            }
            Format::Xlsx => {
                let headers = headers.iter().map(|h| (*h).to_owned()).collect();
                let mut kind = Kind::Xlsx { book: Box::new(Workbook::new()), sheet: 0, row: 0, headers, out };
                kind.begin_sheet()?;
                kind
            }
        };
        Ok(Self { kind })
    }

    /// # Errors
    /// When the row cannot be written.
    pub fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Csv(csv) => {
                for cell in cells {
                    match cell {
                        Cell::Text(text) => csv.write_field(harmless(text).as_bytes())?,
                        Cell::Number(number) => csv.write_field(number.to_string())?,
                        Cell::Empty => csv.write_field("")?,
                    }
                }
                csv.write_record(None::<&[u8]>)?;
                Ok(())
            }
            kind @ Kind::Xlsx { .. } => kind.xlsx_row(cells),
        }
    }

    /// Completes the table and gives `out` back.
    ///
    /// # Errors
    /// When the rest cannot be written.
    pub fn finish(self) -> io::Result<W> {
        match self.kind {
            Kind::Csv(csv) => csv.into_inner().map_err(|cause| io::Error::other(cause.to_string())),
            Kind::Xlsx { mut book, mut out, .. } => {
                book.save_to_writer(&mut out).map_err(xlsx)?;
                Ok(out)
            }
        }
    }
}

impl<W: Write> Kind<W> {
    fn begin_sheet(&mut self) -> io::Result<()> {
        let Self::Xlsx { book, sheet, row, headers, .. } = self else { return Ok(()) };
        let page = book.add_worksheet_with_constant_memory().map_err(xlsx)?;
        let bold = Style::new().set_bold();
        page.set_freeze_panes(1, 0).map_err(xlsx)?;
        for (column, header) in headers.iter().enumerate() {
            let column = u16::try_from(column).map_err(|_| io::Error::other("too many columns"))?;
            page.set_column_width(column, 18).map_err(xlsx)?;
            page.write_with_format(0, column, clipped(header), &bold).map_err(xlsx)?;
        }
        *sheet = book.worksheets().len() - 1;
        *row = 1;
        Ok(())
    }

    fn xlsx_row(&mut self, cells: &[Cell]) -> io::Result<()> {
        if matches!(self, Self::Xlsx { row, .. } if *row == SHEET_ROWS_MAX) {
            self.begin_sheet()?;
        }
        let Self::Xlsx { book, sheet, row, .. } = self else { return Ok(()) };
        let page = book.worksheet_from_index(*sheet).map_err(xlsx)?;
        for (column, cell) in cells.iter().enumerate() {
            let column = u16::try_from(column).map_err(|_| io::Error::other("too many columns"))?;
            match cell {
                // A string cell is never a formula, whatever it begins with.
                Cell::Text(text) => page.write_string(*row, column, clipped(text)).map_err(xlsx)?,
                Cell::Number(number) => page.write_number(*row, column, *number).map_err(xlsx)?,
                Cell::Empty => continue,
            };
        }
        *row += 1;
        Ok(())
    }
}

fn xlsx(cause: XlsxError) -> io::Error {
    io::Error::other(cause)
}

fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(CELL_CHARS_MAX).collect()
}

/// A text that Excel would take for a formula gets an apostrophe before it; numbers stay numbers.
fn harmless(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky && text.parse::<f64>().is_err() { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{TableLimits, read};
    use std::io::Cursor;

    fn written(format: Format, rows: &[Vec<Cell>]) -> Vec<u8> {
        let mut writer = TableWriter::new(Cursor::new(Vec::new()), format, &["编号", "内容"]).unwrap();
        for row in rows {
            writer.row(row).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rows = vec![
            vec![Cell::Number(1.5), Cell::from("井盖,\"坏\"了")],
            vec![Cell::from("9901002026112200001"), Cell::Empty],
        ];
        for format in [Format::Csv, Format::CsvForExcel, Format::Xlsx] {
            let table = read(&written(format, &rows), &TableLimits::default()).unwrap();
            assert_eq!(table.headers, ["编号", "内容"], "{format:?}");
            assert_eq!(table.rows[0].1, ["1.5", "井盖,\"坏\"了"], "{format:?}");
            assert_eq!(table.rows[1].1, ["9901002026112200001", ""], "{format:?}");
        }
    }

    #[test]
    fn no_text_becomes_a_formula() {
        for evil in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "＝1"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
        }
        for fine in ["-5", "+1.5", "a=b", "", "-1e3"] {
            assert_eq!(harmless(fine), fine);
        }
        let csv =
            String::from_utf8(written(Format::CsvForExcel, &[vec![Cell::from("=1"), Cell::Number(-3.0)]]))
                .unwrap();
        assert_eq!(csv, "\u{feff}编号,内容\r\n'=1,-3\r\n");
    }

    #[test]
    fn long_cells_are_cut_at_excels_bound() {
        let long = "长".repeat(40_000);
        let table = read(&written(Format::Xlsx, &[vec![Cell::Text(long)]]), &TableLimits::default()).unwrap();
        assert_eq!(table.rows[0].1[0].chars().count(), CELL_CHARS_MAX);
    }
}
