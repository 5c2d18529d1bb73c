//! Tables and maps in the formats people send and ask for: CSV and XLSX, GeoJSON, Shapefile, FlatGeobuf. Files
//! in, files out, row by row. GeoPackage is absent: see `docs/decisions`.

mod dbf;
mod flatgeobuf;
mod geojson;
mod prj;
mod shapefile;
mod source;
mod write;

use crate::table::{
    Decoded, Records, TableError, TableLimits, delimiter, encoding_of, first_line, xlsx_rows,
};
use app::FieldProblem;
use app::ports::Files;
use app::ports::files::{
    CELL_CHARS_MAX, COLUMNS_MAX, FileFormat, FileRow, Look, Reading, RowFault, RowWriter, TakeRow,
    TextEncoding, Writing,
};
use source::{Cursor, read_up_to};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Rows of a sample: what fits a screen.
const SAMPLE: usize = 20;
/// Positions shown on the little map.
const POSITIONS: usize = 500;
/// Bytes in which a format is recognised.
const BEGINNING: usize = 64 * 1024;
/// XLSX after unpacking, of which the shared texts are held in memory.
const XLSX_UNPACKED_MAX: u64 = 768 << 20;

/// Breaks a parser off when no more rows are wanted.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
struct Stopped;

fn bad(code: &'static str, why: &dyn std::fmt::Display) -> FieldProblem {
    FieldProblem::new("file", code).with("why", why.to_string().chars().take(300).collect::<String>())
}

/// The readers and writers; unpacked and unfinished files lie in `folder` and vanish with the process.
#[derive(Debug, Clone)]
pub struct GeoFiles {
    folder: PathBuf,
}

impl GeoFiles {
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Files for GeoFiles {
    fn spool(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.folder)
    }

    fn look(&self, file: &File, encoding: Option<TextEncoding>) -> Result<Look, FieldProblem> {
        let format = format_of(file)?;
        let mut columns = Vec::new();
        let mut watch = Watch::default();
        let mut take = |row: FileRow| watch.row(row);
        let (mut crs, mut crs_named) = (None, None);
        let mut used = encoding.unwrap_or(TextEncoding::Utf8);
        match format {
            FileFormat::Csv => {
                used = match encoding {
                    Some(encoding) => encoding,
                    None => csv_encoding(file)?,
                };
                columns = read_csv(file, used, &mut take)?;
            }
            FileFormat::Xlsx => columns = read_xlsx(file, &mut take)?,
            FileFormat::Geojson => {
                let found =
                    geojson::read_collection(file, geojson::Columns::Collect(&mut columns), &mut take)?;
                // Without a name it is WGS-84 by its standard, though in China often GCJ-02 is meant.
                crs = found.crs.as_deref().map_or(Some(kernel::Crs::Wgs84), prj::from_name);
                crs_named = found.crs;
            }
            FileFormat::Geojsonl => {
                geojson::read_lines(file, geojson::Columns::Collect(&mut columns), &mut take)?;
                crs = Some(kernel::Crs::Wgs84);
            }
            FileFormat::Shapefile => {
                let parts = shapefile::unpack(file, encoding, &|| self.spool())?;
                used = parts.encoding;
                columns = parts.columns()?;
                parts.read(&mut take)?;
                crs = parts.prj.as_deref().and_then(prj::from_wkt);
                crs_named = parts.prj.map(|text| text.chars().take(200).collect());
            }
            FileFormat::Flatgeobuf => {
                let header = flatgeobuf::header(file)?;
                flatgeobuf::read(file, &header, &mut take)?;
                columns = header.columns;
                (crs, crs_named) = (header.crs, header.crs_named);
            }
        }
        let wide = columns.len();
        for row in &mut watch.sample {
            row.cells.resize(wide, String::new());
        }
        Ok(Look {
            reading: Reading { format, encoding: used, columns },
            rows: watch.rows,
            sample: watch.sample,
            shapes: watch.shapes.into_iter().collect(),
            positions: watch.positions,
            crs: crs.map(|crs| crs.to_string()),
            crs_named,
            faults: watch.faults,
        })
    }

    fn read(&self, file: &File, how: &Reading, take: TakeRow<'_>) -> Result<(), FieldProblem> {
        match how.format {
            FileFormat::Csv => read_csv(file, how.encoding, take).map(|_| ()),
            FileFormat::Xlsx => read_xlsx(file, take).map(|_| ()),
            FileFormat::Geojson => {
                geojson::read_collection(file, geojson::Columns::Known(&how.columns), take).map(|_| ())
            }
            FileFormat::Geojsonl => {
                geojson::read_lines(file, geojson::Columns::Known(&how.columns), take).map(|_| ())
            }
            FileFormat::Shapefile => {
                shapefile::unpack(file, Some(how.encoding), &|| self.spool())?.read(take)
            }
            FileFormat::Flatgeobuf => flatgeobuf::read(file, &flatgeobuf::header(file)?, take),
        }
    }

    fn write(&self, how: &Writing) -> io::Result<Box<dyn RowWriter>> {
        write::begin(how, self.folder.clone())
    }
}

/// What a look keeps of the rows that pass.
#[derive(Default)]
struct Watch {
    rows: u64,
    faults: u64,
    sample: Vec<FileRow>,
    shapes: BTreeSet<&'static str>,
    positions: Vec<[f64; 2]>,
    /// Every so many rows one position is kept; doubled whenever there are too many.
    every: u64,
}

impl Watch {
    fn row(&mut self, row: FileRow) -> ControlFlow<()> {
        self.every = self.every.max(1);
        self.faults += u64::from(row.fault.is_some());
        if let Some(shape) = &row.shape {
            self.shapes.insert(shape.kind());
            if self.rows.is_multiple_of(self.every)
                && let Some(first) = shape.first()
            {
                self.positions.push(first);
                if self.positions.len() > POSITIONS {
                    let mut nth = 0u32;
                    self.positions.retain(|_| {
                        nth += 1;
                        nth % 2 == 1
                    });
                    self.every *= 2;
                }
            }
        }
        self.rows += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(row);
        }
        ControlFlow::Continue(())
    }
}

/// The format, seen from the beginning of a file.
fn format_of(file: &File) -> Result<FileFormat, FieldProblem> {
    let mut beginning = vec![0; BEGINNING];
    let unread = |cause: io::Error| bad("file_unreadable", &cause);
    let mut cursor = Cursor::new(file).map_err(unread)?;
    let filled = read_up_to(&mut cursor, &mut beginning).map_err(unread)?;
    beginning.truncate(filled);
    if beginning.starts_with(b"fgb\x03") {
        return Ok(FileFormat::Flatgeobuf);
    }
    if beginning.starts_with(b"SQLite format 3\0") {
        return Err(FieldProblem::new("file", "file_geopackage"));
    }
    if beginning.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(FieldProblem::new("file", "file_old_xls"));
    }
    if beginning.starts_with(b"\x00\x00\x27\x0A") {
        // A bare .shp: without its table it says nothing.
        return Err(FieldProblem::new("file", "file_shp_alone"));
    }
    if beginning.starts_with(b"PK\x03\x04") || beginning.starts_with(b"PK\x05\x06") {
        let archive = zip::ZipArchive::new(io::BufReader::new(Cursor::new(file).map_err(unread)?))
            .map_err(|cause| bad("file_bad_zip", &cause))?;
        let has = |what: &str| {
            let mut names = archive.file_names().filter_map(Result::ok);
            names.any(|name| name.to_ascii_lowercase().ends_with(what))
        };
        return if has(".shp") {
            Ok(FileFormat::Shapefile)
        } else if has("xl/workbook.xml") {
            Ok(FileFormat::Xlsx)
        } else {
            Err(FieldProblem::new("file", "file_no_shp").with("why", ""))
        };
    }
    let plain = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&beginning);
    match plain.trim_ascii_start().first() {
        Some(b'{') if geojson::is_lines(plain.trim_ascii_start()) => Ok(FileFormat::Geojsonl),
        Some(b'{') => Ok(FileFormat::Geojson),
        Some(0x1e) => Ok(FileFormat::Geojsonl),
        Some(_) => Ok(FileFormat::Csv),
        None => Err(FieldProblem::new("file", "file_no_headers")),
    }
}

const fn limits() -> TableLimits {
    TableLimits {
        bytes: usize::MAX,
        rows: usize::MAX,
        columns: COLUMNS_MAX,
        cell_chars: CELL_CHARS_MAX,
        unpacked_bytes: XLSX_UNPACKED_MAX,
    }
}

fn csv_encoding(file: &File) -> Result<TextEncoding, FieldProblem> {
    let found = encoding_of(|| Cursor::new(file)).map_err(|error| problem(&error))?;
    Ok(if found == encoding_rs::UTF_8 { TextEncoding::Utf8 } else { TextEncoding::Gbk })
}

fn read_csv(file: &File, encoding: TextEncoding, take: TakeRow<'_>) -> Result<Vec<String>, FieldProblem> {
    let encoding = match encoding {
        TextEncoding::Utf8 => encoding_rs::UTF_8,
        TextEncoding::Gbk => encoding_rs::GB18030,
    };
    let open = || Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause));
    let first = first_line(&mut Decoded::new(open()?, encoding))
        .map_err(|_| problem(&TableError::UnknownEncoding))?;
    let limits = limits();
    let mut records = Records::new(Decoded::new(open()?, encoding), delimiter(&first), &limits);
    let Some((_, headers)) = records.record().map_err(|error| problem(&error))? else {
        return Err(problem(&TableError::NoHeaders));
    };
    let headers = named(headers)?;
    while let Some((line, cells)) = records.record().map_err(|error| problem(&error))? {
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if take(fitted(line, cells, headers.len())).is_break() {
            break;
        }
    }
    Ok(headers)
}

fn read_xlsx(file: &File, take: TakeRow<'_>) -> Result<Vec<String>, FieldProblem> {
    let mut headers: Option<Vec<String>> = None;
    let mut repeated = None;
    xlsx_rows(|| Cursor::new(file), &limits(), &mut |row, cells| {
        match &headers {
            None => match named(cells) {
                Ok(names) => headers = Some(names),
                Err(problem) => {
                    repeated = Some(problem);
                    return Ok(ControlFlow::Break(()));
                }
            },
            Some(names) => return Ok(take(fitted(row, cells, names.len()))),
        }
        Ok(ControlFlow::Continue(()))
    })
    .map_err(|error| problem(&error))?;
    match (repeated, headers) {
        (Some(problem), _) => Err(problem),
        (None, Some(headers)) => Ok(headers),
        (None, None) => Err(problem(&TableError::NoHeaders)),
    }
}

/// Headers as names of columns: each once, none empty.
fn named(mut headers: Vec<String>) -> Result<Vec<String>, FieldProblem> {
    while headers.last().is_some_and(String::is_empty) {
        headers.pop();
    }
    if headers.is_empty() {
        return Err(problem(&TableError::NoHeaders));
    }
    let mut seen = BTreeSet::new();
    for (at, header) in headers.iter_mut().enumerate() {
        if header.is_empty() {
            *header = format!("#{}", at + 1);
        }
        if !seen.insert(header.clone()) {
            return Err(problem(&TableError::RepeatedHeader(header.clone())));
        }
    }
    Ok(headers)
}

fn fitted(row: usize, mut cells: Vec<String>, width: usize) -> FileRow {
    let beyond = cells.get(width..).is_some_and(|rest| rest.iter().any(|cell| !cell.is_empty()));
    cells.resize(width, String::new());
    let fault = beyond.then(|| RowFault { field: String::new(), code: "ragged" });
    FileRow { row: row as u64, cells, shape: None, fault }
}

/// What is wrong with a table, as a problem of the field `file`.
#[must_use]
pub fn problem(error: &TableError) -> FieldProblem {
    let file = |code| FieldProblem::new("file", code);
    match error {
        TableError::TooLarge { max, .. } => file("file_too_large").with("max", *max),
        TableError::TooManyRows { max } => file("file_too_many_rows").with("max", *max),
        TableError::TooManyColumns { line, max } => {
            file("file_too_many_columns").with("line", *line).with("max", *max)
        }
        TableError::CellTooLong { line, max } => {
            file("file_cell_too_long").with("line", *line).with("max", *max)
        }
        TableError::TooLargeUnpacked { max } => file("file_unpacks_too_large").with("max", *max),
        TableError::UnknownEncoding => file("file_encoding"),
        TableError::NoHeaders => file("file_no_headers"),
        TableError::RepeatedHeader(name) => file("file_repeated_header").with("name", name.clone()),
        TableError::Ragged { line, cells, headers } => {
            file("file_ragged").with("line", *line).with("cells", *cells).with("headers", *headers)
        }
        TableError::BadCsv { line, why } => file("file_bad_csv").with("line", *line).with("why", why.clone()),
        TableError::BadXlsx(why) => file("file_bad_workbook").with("why", why.clone()),
        TableError::OldXls => file("file_old_xls"),
    }
}
