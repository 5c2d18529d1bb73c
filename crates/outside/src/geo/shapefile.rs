//! Shapefiles (ESRI, 1998) in a ZIP file: `.shp` for the shapes, `.dbf` for the cells, `.prj` for the system,
//! `.cpg` for the encoding. Records are read one by one; a `.shx` is written but not needed for reading.

use super::dbf::{self, Table};
use super::source::{Cursor, read_up_to};
use super::{bad, prj};
use app::FieldProblem;
use app::ports::files::{FileRow, RawShape, RowFault, TakeRow, TextEncoding, VERTICES_MAX};
use kernel::coordinate::Crs;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::ops::ControlFlow;

/// Bytes of one shape: its vertices with height and measure, and room for the parts.
const RECORD_BYTES_MAX: usize = VERTICES_MAX * 40;
/// Bytes one part may have after unpacking; a small ZIP file can unpack to terabytes. Shapefiles end at 2 GB.
const UNPACKED_MAX: u64 = 2 << 30;
const FILE_CODE: i32 = 9_994;
const HEADER: usize = 100;

/// The parts of a shapefile, unpacked.
pub struct Parts {
    pub shp: File,
    pub dbf: Option<File>,
    pub prj: Option<String>,
    pub encoding: TextEncoding,
}

/// Unpacks the first shapefile of a ZIP file into spooled files. The encoding is the one asked for, else what
/// `.cpg` or the table say, else what the texts look like.
///
/// # Errors
/// When it is no ZIP file, unpacks to too much, or holds no `.shp`.
pub fn unpack(
    file: &File,
    wish: Option<TextEncoding>,
    spool: &dyn Fn() -> io::Result<File>,
) -> Result<Parts, FieldProblem> {
    let broken = |why: &dyn std::fmt::Display| bad("file_bad_shapefile", why);
    let cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(cursor)).map_err(|cause| broken(&cause))?;
    let names: Vec<String> = archive.file_names().filter_map(Result::ok).map(Cow::into_owned).collect();
    let lower = |name: &str| name.to_ascii_lowercase();
    let shp = names
        .iter()
        .filter(|name| lower(name).ends_with(".shp") && !name.starts_with("__MACOSX"))
        .min()
        .ok_or_else(|| bad("file_no_shp", &""))?;
    let stem = lower(&shp[..shp.len() - 4]);
    let part = |ending: &str| names.iter().find(|name| lower(name) == format!("{stem}.{ending}")).cloned();
    let mut out = |name: &str| -> Result<File, FieldProblem> {
        let mut source = archive.by_name(name).map_err(|cause| broken(&cause))?.take(UNPACKED_MAX + 1);
        let mut target = spool().map_err(|cause| bad("file_unreadable", &cause))?;
        let size = io::copy(&mut source, &mut target).map_err(|cause| broken(&cause))?;
        if size > UNPACKED_MAX {
            return Err(FieldProblem::new("file", "file_unpacks_too_large").with("max", UNPACKED_MAX));
        }
        Ok(target)
    };
    let text = |file: File| -> String {
        let mut text = Vec::new();
        let read = Cursor::new(&file).and_then(|c| c.take(prj::PRJ_MAX as u64).read_to_end(&mut text));
        read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&text).trim().to_owned())
    };
    let shp = out(shp)?;
    let dbf = part("dbf").map(|name| out(&name)).transpose()?;
    let prj = part("prj").map(|name| out(&name)).transpose()?.map(text);
    let cpg = part("cpg").map(|name| out(&name)).transpose()?.map(text);
    let named = wish.or_else(|| cpg.and_then(|name| dbf::encoding_named(&name)));
    let encoding = match (named, &dbf) {
        (Some(encoding), _) => encoding,
        (None, Some(table)) => dbf::encoding_of(table)?,
        (None, None) => TextEncoding::Utf8,
    };
    Ok(Parts { shp, dbf, prj, encoding })
}

impl Parts {
    /// # Errors
    /// When the table cannot be read.
    pub fn columns(&self) -> Result<Vec<String>, FieldProblem> {
        match &self.dbf {
            Some(file) => Ok(Table::open(file, self.encoding)?.columns()),
            None => Ok(Vec::new()),
        }
    }

    /// Reads shapes and cells side by side. Rows marked deleted are left out.
    ///
    /// # Errors
    /// When a part is broken from some record on.
    pub fn read(&self, take: TakeRow<'_>) -> Result<(), FieldProblem> {
        let broken = |why: &dyn std::fmt::Display| bad("file_bad_shapefile", why);
        let cursor = Cursor::new(&self.shp).map_err(|cause| bad("file_unreadable", &cause))?;
        let mut source = BufReader::with_capacity(256 * 1024, cursor);
        let mut header = [0; HEADER];
        let filled = read_up_to(&mut source, &mut header).map_err(|cause| broken(&cause))?;
        if filled < HEADER || i32::from_be_bytes(four(&header, 0)) != FILE_CODE {
            return Err(broken(&"the .shp does not begin as one"));
        }
        let mut table = self.dbf.as_ref().map(|file| Table::open(file, self.encoding)).transpose()?;
        let width = table.as_ref().map_or(0, |table| table.columns().len());
        let mut row = 0u64;
        let mut record = Vec::new();
        loop {
            let mut head = [0; 8];
            match read_up_to(&mut source, &mut head).map_err(|cause| broken(&cause))? {
                0 => return Ok(()),
                8 => {}
                _ => return Err(broken(&format!("the .shp breaks off after record {row}"))),
            }
            row += 1;
            let words = u32::from_be_bytes(four(&head, 4)) as usize;
            let length = words.saturating_mul(2);
            if length > RECORD_BYTES_MAX {
                return Err(broken(&format!("record {row} is larger than the largest that is read")));
            }
            record.resize(length, 0);
            if read_up_to(&mut source, &mut record).map_err(|cause| broken(&cause))? < length {
                return Err(broken(&format!("the .shp breaks off in record {row}")));
            }
            let cells = match &mut table {
                Some(table) => match table.record()? {
                    Some(Some(cells)) => cells,
                    Some(None) => continue,
                    None => return Err(broken(&format!("the .dbf has no record {row}"))),
                },
                None => vec![String::new(); width],
            };
            let (shape, fault) = match shape(&record) {
                Ok(shape) => (shape, None),
                Err(code) => (None, Some(RowFault { field: "shape".to_owned(), code })),
            };
            if take(FileRow { row, cells, shape, fault }) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    let mut four = [0; 4];
    if let Some(found) = bytes.get(at..at + 4) {
        four.copy_from_slice(found);
    }
    four
}

fn number(bytes: &[u8], at: usize) -> Option<f64> {
    let eight: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(f64::from_le_bytes(eight))
}

fn count(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(i32::from_le_bytes(four)).ok()
}

fn shape(record: &[u8]) -> Result<Option<RawShape>, &'static str> {
    let kind = count(record, 0).ok_or("bad_geometry")?;
    // 1x has heights, 2x measures; both come after the plain vertices.
    match kind {
        0 => Ok(None),
        1 | 11 | 21 => {
            let (x, y) = number(record, 4).zip(number(record, 12)).ok_or("bad_geometry")?;
            Ok(Some(RawShape::Point([x, y])))
        }
        8 | 18 | 28 => {
            let points = vertices(record, 40, count(record, 36).ok_or("bad_geometry")?)?;
            Ok(Some(RawShape::Points(points)))
        }
        3 | 13 | 23 => {
            let mut parts = parts(record)?;
            Ok(Some(if parts.len() == 1 {
                RawShape::Line(parts.swap_remove(0))
            } else {
                RawShape::Lines(parts)
            }))
        }
        5 | 15 | 25 => Ok(Some(polygons(parts(record)?))),
        _ => Err("unknown_geometry"),
    }
}

fn vertices(record: &[u8], at: usize, count: usize) -> Result<Vec<[f64; 2]>, &'static str> {
    if count > VERTICES_MAX {
        return Err("too_many_vertices");
    }
    let bytes = record.get(at..at + count * 16).ok_or("bad_geometry")?;
    if count == 0 {
        return Err("bad_geometry");
    }
    let pair = |at: usize| Some([number(bytes, at)?, number(bytes, at + 8)?]);
    (0..count).map(|i| pair(i * 16).ok_or("bad_geometry")).collect()
}

fn parts(record: &[u8]) -> Result<Vec<Vec<[f64; 2]>>, &'static str> {
    let parts = count(record, 36).ok_or("bad_geometry")?;
    let points = count(record, 40).ok_or("bad_geometry")?;
    if parts == 0 || parts > points || points > VERTICES_MAX {
        return Err(if points > VERTICES_MAX { "too_many_vertices" } else { "bad_geometry" });
    }
    let all = vertices(record, 44 + parts * 4, points)?;
    let mut starts = Vec::with_capacity(parts + 1);
    for part in 0..parts {
        starts.push(count(record, 44 + part * 4).ok_or("bad_geometry")?);
    }
    starts.push(points);
    starts
        .windows(2)
        .map(|pair| all.get(pair[0]..pair[1]).filter(|part| !part.is_empty()).map(<[_]>::to_vec))
        .collect::<Option<Vec<_>>>()
        .ok_or("bad_geometry")
}

/// Twice the signed area, positive for a ring against the clock.
pub fn turning(ring: &[[f64; 2]]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

fn holds(ring: &[[f64; 2]], p: [f64; 2]) -> bool {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .filter(|(a, b)| {
            (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]
        })
        .count()
        % 2
        == 1
}

/// Outer rings run with the clock, holes against it; a hole belongs to the ring around it.
fn polygons(rings: Vec<Vec<[f64; 2]>>) -> RawShape {
    if rings.len() == 1 {
        return RawShape::Polygon(rings);
    }
    let (holes, outer): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| turning(ring) > 0.0);
    if outer.is_empty() {
        // Written by a program that does not know the rule.
        return RawShape::Polygons(holes.into_iter().map(|ring| vec![ring]).collect());
    }
    let mut shapes: Vec<Vec<Vec<[f64; 2]>>> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let around = shapes.iter().position(|shape| holds(&shape[0], hole[0]));
        match around {
            Some(at) => shapes[at].push(hole),
            None => shapes.push(vec![hole]),
        }
    }
    if shapes.len() == 1 { RawShape::Polygon(shapes.swap_remove(0)) } else { RawShape::Polygons(shapes) }
}

/// One layer being written: the shapes of one kind.
pub struct Layer {
    kind: i32,
    shp: File,
    shx: File,
    table: dbf::TableWriter,
    bounds: [f64; 4],
    bytes: u64,
    records: u64,
}

/// Shapefiles count in 16-bit words with 32 bits; other programs end at 2 GB.
const BYTES_MAX: u64 = 2 << 30;

impl Layer {
    pub fn new(kind: i32, table: dbf::TableWriter, spool: &dyn Fn() -> io::Result<File>) -> io::Result<Self> {
        let (mut shp, mut shx) = (spool()?, spool()?);
        shp.write_all(&[0; HEADER])?;
        shx.write_all(&[0; HEADER])?;
        let nothing = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        Ok(Self { kind, shp, shx, table, bounds: nothing, bytes: HEADER as u64, records: 0 })
    }

    /// The kind of layer a shape belongs to; 0 for a row without one.
    pub const fn kind_of(shape: Option<&RawShape>) -> i32 {
        match shape {
            None => 0,
            Some(RawShape::Point(_)) => 1,
            Some(RawShape::Line(_) | RawShape::Lines(_)) => 3,
            Some(RawShape::Polygon(_) | RawShape::Polygons(_)) => 5,
            Some(RawShape::Points(_)) => 8,
        }
    }

    pub fn row(&mut self, cells: &[app::ports::files::FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        let record = self.record(shape);
        let too_large = || io::Error::other("a shapefile ends at 2 GB");
        let length = record.len() as u64;
        if self.bytes + length + 8 > BYTES_MAX {
            return Err(too_large());
        }
        let words = |bytes: u64| u32::try_from(bytes / 2).map(u32::to_be_bytes).map_err(|_| too_large());
        self.records += 1;
        let number = u32::try_from(self.records).map_err(|_| too_large())?;
        let mut head = [0; 8];
        head[..4].copy_from_slice(&number.to_be_bytes());
        head[4..].copy_from_slice(&words(length)?);
        self.shp.write_all(&[&head[..], &record].concat())?;
        self.shx.write_all(&[words(self.bytes)?, words(length)?].concat())?;
        self.bytes += length + 8;
        self.table.row(cells)
    }

    fn record(&mut self, shape: Option<&RawShape>) -> Vec<u8> {
        let mut lists: Vec<Vec<[f64; 2]>> = match shape {
            None => return 0i32.to_le_bytes().to_vec(),
            Some(RawShape::Point([x, y])) => {
                self.grow([*x, *y]);
                return [&1i32.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes()].concat();
            }
            Some(RawShape::Line(points) | RawShape::Points(points)) => vec![points.clone()],
            Some(RawShape::Lines(lines)) => lines.clone(),
            Some(RawShape::Polygon(rings)) => wound(rings),
            Some(RawShape::Polygons(shapes)) => shapes.iter().flat_map(|rings| wound(rings)).collect(),
        };
        lists.retain(|list| !list.is_empty());
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for point in lists.iter().flatten() {
            self.grow(*point);
            bounds = grown(bounds, *point);
        }
        let mut out = self.kind.to_le_bytes().to_vec();
        bounds.iter().for_each(|n| out.extend(n.to_le_bytes()));
        let points: usize = lists.iter().map(Vec::len).sum();
        let four = |n: usize| i32::try_from(n).unwrap_or(i32::MAX).to_le_bytes();
        if self.kind != 8 {
            out.extend(four(lists.len()));
        }
        out.extend(four(points));
        if self.kind != 8 {
            let mut start = 0;
            for list in &lists {
                out.extend(four(start));
                start += list.len();
            }
        }
        for [x, y] in lists.iter().flatten() {
            out.extend(x.to_le_bytes());
            out.extend(y.to_le_bytes());
        }
        out
    }

    fn grow(&mut self, point: [f64; 2]) {
        self.bounds = grown(self.bounds, point);
    }

    fn header(&self, bytes: u64) -> io::Result<[u8; HEADER]> {
        let words = u32::try_from(bytes / 2).map_err(|_| io::Error::other("a shapefile ends at 2 GB"))?;
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&FILE_CODE.to_be_bytes());
        header[24..28].copy_from_slice(&words.to_be_bytes());
        header[28..32].copy_from_slice(&1_000i32.to_le_bytes());
        header[32..36].copy_from_slice(&self.kind.to_le_bytes());
        if self.bounds[0].is_finite() {
            for (at, n) in self.bounds.iter().enumerate() {
                header[36 + at * 8..44 + at * 8].copy_from_slice(&n.to_le_bytes());
            }
        }
        Ok(header)
    }

    /// Writes the parts into the archive under `name`.
    pub fn finish<W: Write + Seek>(
        mut self,
        name: &str,
        crs: Crs,
        encoding: TextEncoding,
        archive: &mut zip::ZipWriter<W>,
    ) -> io::Result<()> {
        let header = self.header(self.bytes)?;
        let index = self.header(HEADER as u64 + self.records * 8)?;
        let options = zip::write::SimpleFileOptions::default().large_file(true);
        let mut put = |ending: &str, file: &mut File, begin: Option<&[u8]>| -> io::Result<()> {
            archive.start_file(format!("{name}.{ending}"), options).map_err(io::Error::other)?;
            file.rewind()?;
            if let Some(begin) = begin {
                archive.write_all(begin)?;
                file.seek(io::SeekFrom::Start(begin.len() as u64))?;
            }
            io::copy(&mut BufReader::with_capacity(256 * 1024, file), archive)?;
            Ok(())
        };
        put("shp", &mut self.shp, Some(&header))?;
        put("shx", &mut self.shx, Some(&index))?;
        put("dbf", &mut self.table.finish()?, None)?;
        let cpg = match encoding {
            TextEncoding::Utf8 => "UTF-8",
            TextEncoding::Gbk => "GBK",
        };
        archive.start_file(format!("{name}.cpg"), options).map_err(io::Error::other)?;
        archive.write_all(cpg.as_bytes())?;
        if let Some(text) = prj::to_wkt(crs) {
            archive.start_file(format!("{name}.prj"), options).map_err(io::Error::other)?;
            archive.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

fn grown(b: [f64; 4], [x, y]: [f64; 2]) -> [f64; 4] {
    [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]
}

/// The outer ring with the clock, its holes against it.
fn wound(rings: &[Vec<[f64; 2]>]) -> Vec<Vec<[f64; 2]>> {
    let turn = |(at, ring): (usize, &Vec<[f64; 2]>)| {
        let mut ring = ring.clone();
        if (turning(&ring) > 0.0) == (at == 0) {
            ring.reverse();
        }
        ring
    };
    rings.iter().enumerate().map(turn).collect()
}
