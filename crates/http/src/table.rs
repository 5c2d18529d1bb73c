//! Tables people take away: CSV and XLSX, in their language, safe to open in a spreadsheet.

use crate::error::HttpError;
use crate::i18n;
use crate::language::Language;
use crate::local_time::LocalTime;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Deserialize;
use utoipa::ToSchema;

/// Rows written to the network at once.
const CSV_CHUNK_ROWS: usize = 500;
/// Excel's own limit for a text.
const CELL_CHARS_MAX: usize = 32_767;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    Csv,
    Xlsx,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(f64),
    /// Epoch milliseconds.
    Time(i64),
    Empty,
}

impl Cell {
    #[must_use]
    pub fn time(at: Option<i64>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }

    #[must_use]
    pub fn number(value: Option<f64>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }
}

/// Column words, headed by their `column` text, and rows made one at a time.
pub struct Table<R> {
    pub name: &'static str,
    pub columns: Vec<&'static str>,
    pub rows: Vec<R>,
    /// The cell of a row under a column word.
    pub cell: fn(&R, &str, Language) -> Cell,
    pub language: Language,
    pub time: LocalTime,
}

impl<R: Send + 'static> Table<R> {
    /// The table as a download.
    ///
    /// # Errors
    /// When the workbook cannot be made.
    pub async fn answer(self, format: TableFormat) -> Result<Response, HttpError> {
        let (name, extension, kind) = match format {
            TableFormat::Csv => (self.name, "csv", "text/csv; charset=utf-8"),
            TableFormat::Xlsx => {
                (self.name, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            }
        };
        let body = match format {
            TableFormat::Csv => self.csv(),
            TableFormat::Xlsx => {
                let made = tokio::task::spawn_blocking(move || self.xlsx()).await;
                match made {
                    Ok(Ok(bytes)) => Body::from(bytes),
                    Ok(Err(error)) => return Err(failed(&error)),
                    Err(error) => return Err(failed(&error)),
                }
            }
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{extension}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        Ok(response)
    }

    /// UTF-8 with a byte-order mark, without which Excel reads Chinese wrongly. Written piece by piece.
    fn csv(self) -> Body {
        let head = self.headers();
        let mut rows = self.rows.into_iter();
        let (columns, cell, language, time) = (self.columns, self.cell, self.language, self.time);
        let mut first = Some(head);
        let pieces = std::iter::from_fn(move || {
            let mut out = Vec::with_capacity(64 * 1024);
            if let Some(head) = first.take() {
                out.extend_from_slice("\u{feff}".as_bytes());
                csv_line(&mut out, head.iter().map(String::as_str));
            }
            for row in rows.by_ref().take(CSV_CHUNK_ROWS) {
                let cells: Vec<String> =
                    columns.iter().map(|column| csv_text(&cell(&row, column, language), &time)).collect();
                csv_line(&mut out, cells.iter().map(String::as_str));
            }
            (!out.is_empty()).then(|| Ok::<_, std::convert::Infallible>(Bytes::from(out)))
        });
        Body::from_stream(futures::stream::iter(pieces))
    }

    fn headers(&self) -> Vec<String> {
        self.columns.iter().map(|column| i18n::word(self.language, "column", column)).collect()
    }

    fn xlsx(self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(self.name)?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let widths = (0_u16..).zip(&self.columns);
        for (at, column) in widths {
            let width = match *column {
                "headline" | "address" | "reason" | "opinion" => 36.0,
                "number" => 22.0,
                word if word.ends_with("_at") || word == "until" => 19.0,
                _ => 14.0,
            };
            sheet.set_column_width(at, width)?;
        }
        for (at, text) in (0_u16..).zip(self.headers()) {
            sheet.write_string_with_format(0, at, text, &bold)?;
        }
        for (line, row) in (1_u32..).zip(&self.rows) {
            for (at, column) in (0_u16..).zip(&self.columns) {
                match (self.cell)(row, column, self.language) {
                    Cell::Empty => {}
                    Cell::Text(text) => {
                        let text: String =
                            text.chars().filter(|c| !forbidden(*c)).take(CELL_CHARS_MAX).collect();
                        sheet.write_string(line, at, text)?;
                    }
                    Cell::Number(value) => {
                        sheet.write_number(line, at, value)?;
                    }
                    Cell::Time(ms) => {
                        sheet.write_number_with_format(line, at, self.time.serial(ms), &moment)?;
                    }
                }
            }
        }
        workbook.save_to_buffer()
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> HttpError {
    tracing::warn!(error, "could not make a workbook");
    HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed")
}

/// Characters XML 1.0 cannot hold.
const fn forbidden(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn csv_line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn csv_text(cell: &Cell, time: &LocalTime) -> String {
    match cell {
        Cell::Text(text) => harmless(text),
        Cell::Number(value) => value.to_string(),
        Cell::Time(ms) => time.text(*ms),
        Cell::Empty => String::new(),
    }
}

/// A text a spreadsheet would run as a formula gets an apostrophe in front.
fn harmless(text: &str) -> String {
    if text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']) {
        return format!("'{text}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: Vec<&'static str>) -> Table<&'static str> {
        Table {
            name: "cases",
            columns: vec!["number", "headline", "lng", "reported_at"],
            rows,
            cell: |row, column, _| match column {
                "headline" => Cell::Text((*row).to_owned()),
                "lng" => Cell::Number(121.5),
                "reported_at" => Cell::Time(1_795_307_400_000),
                _ => Cell::Empty,
            },
            language: Language::Zh,
            time: LocalTime::new("Asia/Shanghai"),
        }
    }

    async fn text(table: Table<&'static str>) -> String {
        let response = table.answer(TableFormat::Csv).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_csv_has_a_mark_chinese_headers_and_no_formulas() {
        let csv = text(table(vec!["井盖, \"破损\"", "=HYPERLINK(1)", " @x", "-1+2"])).await;
        let lines: Vec<&str> = csv.trim_end().split("\r\n").collect();
        assert_eq!(lines[0], "\u{feff}案卷号,问题描述,经度,上报时间");
        assert_eq!(lines[1], ",\"井盖, \"\"破损\"\"\",121.5,2026-11-22 08:30:00");
        assert_eq!(lines[2], ",'=HYPERLINK(1),121.5,2026-11-22 08:30:00");
        assert!(lines[3].starts_with(",' @x") && lines[4].starts_with(",'-1+2"));
    }

    #[tokio::test]
    async fn many_rows_come_in_pieces_and_all_arrive() {
        assert_eq!(text(table(vec!["x"; 2_501])).await.lines().count(), 2_502);
        assert_eq!(text(table(vec![])).await.lines().count(), 1);
    }

    #[tokio::test]
    async fn an_xlsx_is_a_zip_and_survives_control_characters() {
        let response = table(vec!["=1+1", "a\u{0}b\u{b}"]).answer(TableFormat::Xlsx).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.unwrap();
        assert!(bytes.starts_with(b"PK"));
    }
}
