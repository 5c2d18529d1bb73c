//! What the use cases need of files that people bring in and take away: tables and maps, read row by row and
//! written row by row, so that a million rows need no more memory than a thousand.

use crate::error::FieldProblem;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use utoipa::ToSchema;

/// Columns of one file; the widest office table seen has about 90.
pub const COLUMNS_MAX: usize = 200;
/// Characters of one cell, Excel's own bound.
pub const CELL_CHARS_MAX: usize = 32_767;
/// Vertices of one shape; the outline of a district has some ten thousand.
pub const VERTICES_MAX: usize = 200_000;

/// Formats that are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    Csv,
    Xlsx,
    /// One FeatureCollection.
    Geojson,
    /// One feature a line.
    Geojsonl,
    /// A ZIP file of `.shp`, `.dbf` and, where there, `.prj` and `.cpg`.
    Shapefile,
    Flatgeobuf,
}

impl FileFormat {
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Xlsx, Self::Geojson, Self::Geojsonl, Self::Shapefile, Self::Flatgeobuf];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Geojson => "geojson",
            Self::Geojsonl => "geojsonl",
            Self::Shapefile => "shapefile",
            Self::Flatgeobuf => "flatgeobuf",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Whether its rows carry shapes of their own, besides their cells.
    #[must_use]
    pub const fn has_shapes(self) -> bool {
        !matches!(self, Self::Csv | Self::Xlsx)
    }

    /// Ending of a file name, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Geojson => "geojson",
            Self::Geojsonl => "geojsonl",
            Self::Shapefile => "zip",
            Self::Flatgeobuf => "fgb",
        }
    }

    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Geojson => "application/geo+json",
            Self::Geojsonl => "application/geo+json-seq",
            Self::Shapefile => "application/zip",
            Self::Flatgeobuf => "application/vnd.flatgeobuf",
        }
    }
}

/// Encodings of text in files. GBK is read as its superset GB 18030.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    Utf8,
    Gbk,
}

/// A shape in the numbers of its file, whatever coordinate system they are in.
#[derive(Debug, Clone, PartialEq)]
pub enum RawShape {
    Point([f64; 2]),
    Line(Vec<[f64; 2]>),
    /// The outer ring and its holes.
    Polygon(Vec<Vec<[f64; 2]>>),
    Points(Vec<[f64; 2]>),
    Lines(Vec<Vec<[f64; 2]>>),
    Polygons(Vec<Vec<Vec<[f64; 2]>>>),
}

/// Something wrong with one row; the rest of the file can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    pub field: String,
    pub code: &'static str,
}

/// One row of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRow {
    /// As people count them: the line of a text file, the row of a sheet, the number of a feature.
    pub row: u64,
    /// As many as there are columns.
    pub cells: Vec<String>,
    pub shape: Option<RawShape>,
    /// The reader could not make the whole of it.
    pub fault: Option<RowFault>,
}

/// How a file is to be read; found by [`Files::look`], corrected by people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    pub format: FileFormat,
    pub encoding: TextEncoding,
    pub columns: Vec<String>,
}

/// What a look through the whole file found.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub reading: Reading,
    pub rows: u64,
    /// The first rows.
    pub sample: Vec<FileRow>,
    /// Kinds of shape found: `point`, `line`, `polygon`, `multi`.
    pub shapes: Vec<&'static str>,
    /// A position of every so many rows, spread over the file, in the file's own numbers.
    pub positions: Vec<[f64; 2]>,
    /// The coordinate system the file names, in our word for it.
    pub crs: Option<String>,
    /// What the file calls its system, when it names one.
    pub crs_named: Option<String>,
    /// Rows with a fault of their own.
    pub faults: u64,
}

/// Kind of a column that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Number,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FileCell {
    Text(String),
    Number(f64),
    Empty,
}

impl FileCell {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

/// How a file is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Writing {
    pub format: FileFormat,
    /// Of tables and shapefiles; the other formats know UTF-8 only.
    pub encoding: TextEncoding,
    /// The coordinate system its shapes are given in, to be named where the format can.
    pub crs: kernel::coordinate::Crs,
    /// Name of the layer: letters, digits, `_`.
    pub name: String,
    pub columns: Vec<Column>,
}

/// A file being written; nothing is complete before [`RowWriter::finish`].
pub trait RowWriter: Send {
    /// # Errors
    /// When the disk is full or the row does not fit the format.
    fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()>;
    /// # Errors
    /// When the rest cannot be written.
    fn finish(self: Box<Self>) -> io::Result<File>;
}

/// Called with each row; answers whether to go on.
pub type TakeRow<'a> = &'a mut dyn FnMut(FileRow) -> ControlFlow<()>;

/// Readers and writers of files. They block: call them on a thread of their own.
pub trait Files: Send + Sync + 'static {
    /// An empty file that vanishes when it is dropped.
    ///
    /// # Errors
    /// When the disk refuses.
    fn spool(&self) -> io::Result<File>;
    /// Recognises a file and reads through all of it. `encoding` is taken over what would be guessed.
    ///
    /// # Errors
    /// What is wrong with the file, as a problem of the field `file`.
    fn look(&self, file: &File, encoding: Option<TextEncoding>) -> Result<Look, FieldProblem>;
    /// Reads the rows in the order of the file until `take` breaks off.
    ///
    /// # Errors
    /// What is wrong with the file from some row on, as a problem of the field `file`.
    fn read(&self, file: &File, how: &Reading, take: TakeRow<'_>) -> Result<(), FieldProblem>;
    /// # Errors
    /// When the disk refuses.
    fn write(&self, how: &Writing) -> io::Result<Box<dyn RowWriter>>;
}
