//! Writing rows in every format. What is written in the shapes' own numbers is named where the format can.

use super::shapefile::Layer;
use super::{dbf, flatgeobuf, geojson};
use crate::table::{Cell, Format, TableWriter};
use app::ports::files::{FileCell, FileFormat, RawShape, RowWriter, TextEncoding, Writing};
use app::transfer::wkt;
use kernel::coordinate::Crs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// The column that holds the shapes of a table, after `lng` and `lat`.
const WKT: &str = "wkt";

pub fn begin(how: &Writing, folder: PathBuf) -> io::Result<Box<dyn RowWriter>> {
    let file = tempfile::tempfile_in(&folder)?;
    Ok(match how.format {
        FileFormat::Csv | FileFormat::Xlsx => {
            let format = match (how.format, how.encoding) {
                (FileFormat::Xlsx, _) => Format::Xlsx,
                (_, TextEncoding::Gbk) => Format::Csv,
                (_, TextEncoding::Utf8) => Format::CsvForExcel,
            };
            let own = ["x", "y", WKT];
            let headers: Vec<&str> = how.columns.iter().map(|c| c.name.as_str()).chain(own).collect();
            let out = Coded {
                out: BufWriter::new(file),
                gbk: how.encoding == TextEncoding::Gbk && format != Format::Xlsx,
                rest: Vec::new(),
            };
            Box::new(Sheet(TableWriter::new(out, format, &headers)?))
        }
        FileFormat::Geojson | FileFormat::Geojsonl => Box::new(Features::begin(BufWriter::new(file), how)?),
        FileFormat::Shapefile => {
            Box::new(Shapes { how: how.clone(), folder, out: file, layers: BTreeMap::new() })
        }
        FileFormat::Flatgeobuf => {
            Box::new(Flat(flatgeobuf::Writer::new(file, &how.name, how.crs, &how.columns)?))
        }
    })
}

/// Turns UTF-8 into GB 18030 on the way, where asked for.
struct Coded {
    out: BufWriter<File>,
    gbk: bool,
    rest: Vec<u8>,
}

impl Write for Coded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.gbk {
            return self.out.write(bytes);
        }
        self.rest.extend_from_slice(bytes);
        // A character may be cut in two by the writer before us.
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.out.write_all(&encoding_rs::GB18030.encode(&text).0)?;
        self.rest.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A workbook is written at once and asks where it is; text never goes back.
impl io::Seek for Coded {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.out.seek(to)
    }
}

struct Sheet(TableWriter<Coded>);

impl RowWriter for Sheet {
    fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        let mut row: Vec<Cell> = cells
            .iter()
            .map(|cell| match cell {
                FileCell::Text(text) => Cell::Text(text.clone()),
                FileCell::Number(value) => Cell::Number(*value),
                FileCell::Empty => Cell::Empty,
            })
            .collect();
        match shape {
            Some(RawShape::Point([x, y])) => row.extend([Cell::Number(*x), Cell::Number(*y)]),
            _ => row.extend([Cell::Empty, Cell::Empty]),
        }
        row.push(shape.map_or(Cell::Empty, |shape| Cell::Text(wkt::write(shape))));
        self.0.row(&row)
    }

    fn finish(self: Box<Self>) -> io::Result<File> {
        self.0.finish()?.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

struct Features {
    out: BufWriter<File>,
    names: Vec<String>,
    lines: bool,
    first: bool,
}

impl Features {
    fn begin(mut out: BufWriter<File>, how: &Writing) -> io::Result<Self> {
        let lines = how.format == FileFormat::Geojsonl;
        if !lines {
            out.write_all(b"{\"type\":\"FeatureCollection\",\"name\":")?;
            serde_json::to_writer(&mut out, &how.name)?;
            // Its standard knows WGS-84 only; anything else has to be said, as GDAL says it.
            if let (Some(code), false) = (how.crs.epsg(), how.crs == Crs::Wgs84) {
                let name = format!("urn:ogc:def:crs:EPSG::{code}");
                let crs = serde_json::json!({ "type": "name", "properties": { "name": name } });
                out.write_all(b",\"crs\":")?;
                serde_json::to_writer(&mut out, &crs)?;
            }
            out.write_all(b",\"features\":[\n")?;
        }
        let names = how.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self { out, names, lines, first: true })
    }
}

impl RowWriter for Features {
    fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        let value = |cell: &FileCell| match cell {
            FileCell::Text(text) => Value::from(text.clone()),
            FileCell::Number(value) => Value::from(*value),
            FileCell::Empty => Value::Null,
        };
        let properties: Vec<(&str, Value)> =
            self.names.iter().map(String::as_str).zip(cells.iter().map(value)).collect();
        if !std::mem::take(&mut self.first) && !self.lines {
            self.out.write_all(b",\n")?;
        }
        geojson::write_feature(&mut self.out, &properties, shape)?;
        if self.lines {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<File> {
        if !self.lines {
            self.out.write_all(b"\n]}\n")?;
        }
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// One layer for each kind of shape, since a shapefile holds one kind only.
struct Shapes {
    how: Writing,
    folder: PathBuf,
    out: File,
    layers: BTreeMap<i32, Layer>,
}

impl RowWriter for Shapes {
    fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        let kind = Layer::kind_of(shape);
        let folder = &self.folder;
        let spool = || tempfile::tempfile_in(folder);
        if !self.layers.contains_key(&kind) {
            let table = dbf::TableWriter::new(spool()?, &self.how.columns, self.how.encoding)?;
            self.layers.insert(kind, Layer::new(kind, table, &spool)?);
        }
        match self.layers.get_mut(&kind) {
            Some(layer) => layer.row(cells, shape),
            None => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<File> {
        if self.layers.is_empty() {
            let spool = || tempfile::tempfile_in(&self.folder);
            let table = dbf::TableWriter::new(spool()?, &self.how.columns, self.how.encoding)?;
            self.layers.insert(1, Layer::new(1, table, &spool)?);
        }
        let mut archive = zip::ZipWriter::new(self.out);
        let several = self.layers.len() > 1;
        for (kind, layer) in self.layers {
            let name = match (several, kind) {
                (false, _) => self.how.name.clone(),
                (true, 0) => format!("{}_table", self.how.name),
                (true, 1) => format!("{}_point", self.how.name),
                (true, 3) => format!("{}_line", self.how.name),
                (true, 5) => format!("{}_polygon", self.how.name),
                (true, _) => format!("{}_multipoint", self.how.name),
            };
            layer.finish(&name, self.how.crs, self.how.encoding, &mut archive)?;
        }
        archive.finish().map_err(io::Error::other)
    }
}

struct Flat(flatgeobuf::Writer);

impl RowWriter for Flat {
    fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        self.0.row(cells, shape)
    }

    fn finish(self: Box<Self>) -> io::Result<File> {
        self.0.finish()
    }
}
