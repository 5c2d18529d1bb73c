//! FlatGeobuf 3: a header, an optional index that is skipped, then features one after the other, each a
//! FlatBuffer of its own. Read with every offset checked, since none of them can be trusted.

use super::source::{Cursor, read_up_to};
use super::{bad, prj};
use app::FieldProblem;
use app::ports::files::{
    COLUMNS_MAX, Column, ColumnKind, FileCell, FileRow, RawShape, RowFault, TakeRow, VERTICES_MAX,
};
use kernel::coordinate::Crs;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::ops::ControlFlow;

/// Three letters, the major version, the same again, the patch, which may be any.
const MAGIC: &[u8; 7] = b"fgb\x03fgb";
/// Bytes of the header; 200 columns with long descriptions have 50 kB.
const HEADER_MAX: usize = 4 << 20;
/// Bytes of one feature: its vertices with height and measure, and its cells.
const FEATURE_MAX: usize = 32 << 20;
/// Bytes of a node of the index.
const NODE: u64 = 40;

const COLUMN_STRING: u8 = 11;
const COLUMN_DOUBLE: u8 = 10;

pub struct Header {
    pub columns: Vec<String>,
    pub crs: Option<Crs>,
    pub crs_named: Option<String>,
    kinds: Vec<u8>,
    geometry: u8,
    /// Where the first feature begins.
    begin: u64,
}

/// # Errors
/// When it does not begin as such a file.
pub fn header(file: &File) -> Result<Header, FieldProblem> {
    let broken = |why: &dyn std::fmt::Display| bad("file_bad_flatgeobuf", why);
    let mut source = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    let mut head = [0; 12];
    let filled = read_up_to(&mut source, &mut head).map_err(|cause| broken(&cause))?;
    if filled < 12 || &head[..7] != MAGIC {
        return Err(broken(&"it does not begin as one of version 3"));
    }
    let size = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
    if size > HEADER_MAX {
        return Err(broken(&"its header is too large"));
    }
    let mut bytes = vec![0; size];
    if read_up_to(&mut source, &mut bytes).map_err(|cause| broken(&cause))? < size {
        return Err(broken(&"it breaks off in its header"));
    }
    let parsed = || -> Option<Header> {
        let table = Table::root(&bytes)?;
        let mut columns = Vec::new();
        let mut kinds = Vec::new();
        for column in table.tables(7)?.into_iter().take(COLUMNS_MAX + 1) {
            columns.push(column.text(0)?.to_owned());
            kinds.push(column.u8(1)?);
        }
        let count = table.u64(8)?;
        let node = table.u16(9, 16)?;
        let crs = table.table(10)?;
        let mut named = None;
        let mut found = None;
        if let Some(crs) = crs {
            let code = crs.i32(1)?;
            let organisation = crs.text(0)?;
            let organisation = if organisation.is_empty() { "EPSG" } else { organisation };
            if code > 0 {
                let name = format!("{organisation}:{code}");
                found = prj::from_name(&name);
                named = Some(name);
            }
            let wkt = crs.text(4)?;
            if found.is_none() && !wkt.is_empty() {
                found = prj::from_wkt(wkt);
                named = named.or_else(|| Some(wkt.chars().take(200).collect()));
            }
        }
        let index = if node == 0 || count == 0 { 0 } else { index_bytes(count, node)? };
        Some(Header {
            columns,
            kinds,
            crs: found,
            crs_named: named,
            geometry: table.u8(2)?,
            begin: 12u64.checked_add(size as u64)?.checked_add(index)?,
        })
    };
    let header = parsed().ok_or_else(|| broken(&"its header cannot be read"))?;
    if header.columns.len() > COLUMNS_MAX {
        return Err(FieldProblem::new("file", "file_too_many_columns")
            .with("line", 1)
            .with("max", COLUMNS_MAX));
    }
    Ok(header)
}

/// Size of a packed R-tree: nodes of every level, the leaves first.
fn index_bytes(count: u64, node: u16) -> Option<u64> {
    let node = u64::from(node);
    if node < 2 {
        return None;
    }
    let (mut level, mut nodes) = (count, count);
    while level > 1 {
        level = level.div_ceil(node);
        nodes = nodes.checked_add(level)?;
    }
    nodes.checked_mul(NODE)
}

/// Reads the features in the order of the file.
///
/// # Errors
/// When it breaks off or a feature is larger than the largest that is read.
pub fn read(file: &File, header: &Header, take: TakeRow<'_>) -> Result<(), FieldProblem> {
    let broken = |why: &dyn std::fmt::Display| bad("file_bad_flatgeobuf", why);
    let mut cursor = Cursor::new(file).map_err(|cause| bad("file_unreadable", &cause))?;
    if header.begin > cursor.len() {
        return Err(broken(&"it ends before its features"));
    }
    cursor.seek(SeekFrom::Start(header.begin)).map_err(|cause| broken(&cause))?;
    let mut source = BufReader::with_capacity(256 * 1024, cursor);
    let mut bytes = Vec::new();
    let mut row = 0;
    loop {
        let mut size = [0; 4];
        match read_up_to(&mut source, &mut size).map_err(|cause| broken(&cause))? {
            0 => return Ok(()),
            4 => {}
            _ => return Err(broken(&format!("it breaks off after feature {row}"))),
        }
        row += 1;
        let size = u32::from_le_bytes(size) as usize;
        if size > FEATURE_MAX {
            return Err(broken(&format!("feature {row} is larger than the largest that is read")));
        }
        bytes.resize(size, 0);
        if read_up_to(&mut source, &mut bytes).map_err(|cause| broken(&cause))? < size {
            return Err(broken(&format!("it breaks off in feature {row}")));
        }
        let mut cells = vec![String::new(); header.columns.len()];
        let (shape, fault) = match feature(&bytes, header, &mut cells) {
            Ok(shape) => (shape, None),
            Err(code) => (None, Some(RowFault { field: "shape".to_owned(), code })),
        };
        if take(FileRow { row, cells, shape, fault }) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}

fn feature(bytes: &[u8], header: &Header, cells: &mut [String]) -> Result<Option<RawShape>, &'static str> {
    let table = Table::root(bytes).ok_or("bad_feature")?;
    let properties = table.vector(1, 1).ok_or("bad_feature")?;
    read_cells(properties, header, cells).ok_or("bad_feature")?;
    match table.table(0).ok_or("bad_feature")? {
        None => Ok(None),
        Some(geometry) => shape(&geometry, header.geometry).map(Some),
    }
}

fn read_cells(mut rest: &[u8], header: &Header, cells: &mut [String]) -> Option<()> {
    while !rest.is_empty() {
        let column = usize::from(u16::from_le_bytes(take_bytes(&mut rest)?));
        let kind = *header.kinds.get(column)?;
        let text = match kind {
            0 => i8::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            1 => u8::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            2 => (u8::from_le_bytes(take_bytes(&mut rest)?) != 0).to_string(),
            3 => i16::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            4 => u16::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            5 => i32::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            6 => u32::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            7 => i64::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            8 => u64::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            9 => f32::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            COLUMN_DOUBLE => f64::from_le_bytes(take_bytes(&mut rest)?).to_string(),
            COLUMN_STRING..=14 => {
                let length = u32::from_le_bytes(take_bytes(&mut rest)?) as usize;
                let bytes = rest.get(..length)?;
                rest = &rest[length..];
                // What is binary is of no use in a cell.
                if kind == 14 { String::new() } else { String::from_utf8_lossy(bytes).trim().to_owned() }
            }
            _ => return None,
        };
        *cells.get_mut(column)? = text;
    }
    Some(())
}

fn take_bytes<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let bytes = rest.get(..N)?.try_into().ok()?;
    *rest = &rest[N..];
    Some(bytes)
}

fn shape(geometry: &Table<'_>, of_layer: u8) -> Result<RawShape, &'static str> {
    let bad = || "bad_geometry";
    let own = geometry.u8(6).ok_or_else(bad)?;
    let kind = if own == 0 { of_layer } else { own };
    let xy = geometry.vector(1, 8).ok_or_else(bad)?;
    if xy.len() / 16 > VERTICES_MAX {
        return Err("too_many_vertices");
    }
    let points: Vec<[f64; 2]> = xy
        .chunks_exact(16)
        .map(|pair| {
            let half = |at: usize| pair[at..at + 8].try_into().map_or(f64::NAN, f64::from_le_bytes);
            [half(0), half(8)]
        })
        .collect();
    let lists = || -> Option<Vec<Vec<[f64; 2]>>> {
        let ends = geometry.vector(0, 4)?;
        if ends.is_empty() {
            return Some(vec![points.clone()]);
        }
        let mut start = 0;
        let mut lists = Vec::new();
        for end in ends.chunks_exact(4) {
            let end = u32::from_le_bytes(end.try_into().ok()?) as usize;
            lists.push(points.get(start..end)?.to_vec());
            start = end;
        }
        Some(lists)
    };
    let filled = |lists: Vec<Vec<[f64; 2]>>| {
        let whole = !lists.is_empty() && lists.iter().all(|list| !list.is_empty());
        whole.then_some(lists)
    };
    match kind {
        1 => points.first().copied().map(RawShape::Point).ok_or_else(bad),
        2 if !points.is_empty() => Ok(RawShape::Line(points)),
        3 => lists().and_then(filled).map(RawShape::Polygon).ok_or_else(bad),
        4 if !points.is_empty() => Ok(RawShape::Points(points)),
        5 => lists().and_then(filled).map(RawShape::Lines).ok_or_else(bad),
        6 => {
            let mut shapes = Vec::new();
            let mut vertices = 0;
            for part in geometry.tables(7).ok_or_else(bad)? {
                // Parts are polygons; a part with parts would let a small file ask for endless work.
                match shape_of_part(&part).ok_or_else(bad)? {
                    RawShape::Polygon(rings) => {
                        vertices += rings.iter().map(Vec::len).sum::<usize>();
                        shapes.push(rings);
                    }
                    _ => return Err(bad()),
                }
                if vertices > VERTICES_MAX {
                    return Err("too_many_vertices");
                }
            }
            if shapes.is_empty() { Err(bad()) } else { Ok(RawShape::Polygons(shapes)) }
        }
        _ => Err("unknown_geometry"),
    }
}

fn shape_of_part(part: &Table<'_>) -> Option<RawShape> {
    if !matches!(part.u8(6)?, 0 | 3) {
        return None;
    }
    // Its own type may be left out; a polygon is what it is then.
    let plain = Table { typed: Some(3), ..*part };
    shape(&plain, 3).ok()
}

/// A table of a FlatBuffer. Every answer is `None` when the bytes are not what they should be.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Offsets of the fields: the virtual table.
    fields: &'a [u8],
    /// Stands in for the type of a geometry.
    typed: Option<u8>,
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Option<Self> {
        let at = u32_at(bytes, 0)? as usize;
        Self::at(bytes, at)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let back = i64::from(i32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
        let fields = usize::try_from(i64::try_from(at).ok()?.checked_sub(back)?).ok()?;
        let size = usize::from(u16_at(bytes, fields)?);
        let fields = bytes.get(fields.checked_add(4)?..fields.checked_add(size)?)?;
        Some(Self { bytes, at, fields, typed: None })
    }

    /// Where the field is; `Some(None)` when it was left out.
    #[allow(clippy::option_option)] // broken is another thing than absent
    fn field(&self, slot: usize) -> Option<Option<usize>> {
        match u16_at(self.fields, slot * 2) {
            None | Some(0) => Some(None),
            Some(offset) => {
                let at = self.at.checked_add(usize::from(offset))?;
                (at < self.bytes.len()).then_some(Some(at))
            }
        }
    }

    fn fixed<const N: usize>(&self, slot: usize) -> Option<Option<[u8; N]>> {
        match self.field(slot)? {
            None => Some(None),
            Some(at) => Some(Some(self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()?)),
        }
    }

    fn u8(&self, slot: usize) -> Option<u8> {
        if slot == 6 && self.typed.is_some() {
            return self.typed;
        }
        Some(self.fixed::<1>(slot)?.map_or(0, u8::from_le_bytes))
    }

    fn u16(&self, slot: usize, default: u16) -> Option<u16> {
        Some(self.fixed::<2>(slot)?.map_or(default, u16::from_le_bytes))
    }

    fn i32(&self, slot: usize) -> Option<i32> {
        Some(self.fixed::<4>(slot)?.map_or(0, i32::from_le_bytes))
    }

    fn u64(&self, slot: usize) -> Option<u64> {
        Some(self.fixed::<8>(slot)?.map_or(0, u64::from_le_bytes))
    }

    #[allow(clippy::option_option)]
    fn target(&self, slot: usize) -> Option<Option<usize>> {
        match self.field(slot)? {
            None => Some(None),
            Some(at) => Some(Some(at.checked_add(u32_at(self.bytes, at)? as usize)?)),
        }
    }

    /// The bytes of a vector of elements of `size` bytes; empty when it was left out.
    fn vector(&self, slot: usize, size: usize) -> Option<&'a [u8]> {
        let Some(at) = self.target(slot)? else { return Some(&[]) };
        let count = u32_at(self.bytes, at)? as usize;
        let begin = at.checked_add(4)?;
        self.bytes.get(begin..begin.checked_add(count.checked_mul(size)?)?)
    }

    fn text(&self, slot: usize) -> Option<&'a str> {
        std::str::from_utf8(self.vector(slot, 1)?).ok()
    }

    #[allow(clippy::option_option)]
    fn table(&self, slot: usize) -> Option<Option<Table<'a>>> {
        match self.target(slot)? {
            None => Some(None),
            Some(at) => Some(Some(Table::at(self.bytes, at)?)),
        }
    }

    fn tables(&self, slot: usize) -> Option<Vec<Table<'a>>> {
        let Some(at) = self.target(slot)? else { return Some(Vec::new()) };
        let count = u32_at(self.bytes, at)? as usize;
        // Checked before anything is reserved for it.
        self.bytes.get(at.checked_add(4)?..at.checked_add(4)?.checked_add(count.checked_mul(4)?)?)?;
        (0..count)
            .map(|i| {
                let own = at + 4 + i * 4;
                Table::at(self.bytes, own.checked_add(u32_at(self.bytes, own)? as usize)?)
            })
            .collect()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// A FlatBuffer written from front to back: tables first, what they point to after them.
struct Buffer(Vec<u8>);

/// A field of a table.
enum Slot {
    Absent,
    U8(u8),
    U16(u16),
    I32(i32),
    U64(u64),
    /// Filled in by [`Buffer::point`].
    Offset,
}

impl Buffer {
    /// Begins with the size of the whole and the offset of the first table.
    fn new() -> Self {
        Self(vec![0; 8])
    }

    fn align(&mut self, to: usize, ahead: usize) {
        while !(self.0.len() + ahead).is_multiple_of(to) {
            self.0.push(0);
        }
    }

    /// Writes a table; answers where it is and where each of its fields is.
    fn table(&mut self, slots: &[Slot]) -> (usize, Vec<usize>) {
        let size = |slot: &Slot| match slot {
            Slot::Absent => 0,
            Slot::U8(_) => 1,
            Slot::U16(_) => 2,
            Slot::I32(_) | Slot::Offset => 4,
            Slot::U64(_) => 8,
        };
        let mut offsets = Vec::new();
        let mut end = 4usize;
        for slot in slots {
            let size = size(slot);
            if size == 0 {
                offsets.push(0);
                continue;
            }
            end = end.next_multiple_of(size);
            offsets.push(end);
            end += size;
        }
        self.align(2, 0);
        let fields = self.0.len();
        let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes();
        self.0.extend(short(4 + slots.len() * 2));
        self.0.extend(short(end));
        offsets.iter().for_each(|offset| self.0.extend(short(*offset)));
        self.align(8, 0);
        let at = self.0.len();
        self.0.resize(at + end, 0);
        let back = i32::try_from(at - fields).unwrap_or(i32::MAX);
        self.0[at..at + 4].copy_from_slice(&back.to_le_bytes());
        for (slot, offset) in slots.iter().zip(&offsets) {
            let put = |bytes: &mut Vec<u8>, value: &[u8]| {
                bytes[at + offset..at + offset + value.len()].copy_from_slice(value);
            };
            match slot {
                Slot::Absent | Slot::Offset => {}
                Slot::U8(n) => put(&mut self.0, &n.to_le_bytes()),
                Slot::U16(n) => put(&mut self.0, &n.to_le_bytes()),
                Slot::I32(n) => put(&mut self.0, &n.to_le_bytes()),
                Slot::U64(n) => put(&mut self.0, &n.to_le_bytes()),
            }
        }
        (at, offsets.into_iter().map(|offset| at + offset).collect())
    }

    /// Lets the field at `from` point to `to`.
    fn point(&mut self, from: usize, to: usize) {
        let offset = u32::try_from(to - from).unwrap_or(u32::MAX);
        self.0[from..from + 4].copy_from_slice(&offset.to_le_bytes());
    }

    fn vector(&mut self, count: usize, align: usize, bytes: &[u8]) -> usize {
        self.align(align.max(4), 4);
        let at = self.0.len();
        self.0.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend(bytes);
        at
    }

    fn text(&mut self, text: &str) -> usize {
        let at = self.vector(text.len(), 1, text.as_bytes());
        self.0.push(0);
        at
    }

    fn done(mut self, root: usize) -> Vec<u8> {
        self.align(8, 0);
        self.point(4, root);
        let size = u32::try_from(self.0.len() - 4).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&size.to_le_bytes());
        self.0
    }
}

/// A file being written, without index: programs read it from front to back.
pub struct Writer {
    out: BufWriter<File>,
    kinds: Vec<ColumnKind>,
    features: u64,
    /// Where the number of features is in the file.
    count_at: u64,
}

impl Writer {
    pub fn new(file: File, name: &str, crs: Crs, columns: &[Column]) -> io::Result<Self> {
        let mut out = BufWriter::new(file);
        let mut buffer = Buffer::new();
        let code = crs.epsg();
        let wkt = if code.is_none() { prj::to_wkt(crs) } else { None };
        let has_crs = code.is_some() || wkt.is_some();
        let mut slots: Vec<Slot> = (0..11).map(|_| Slot::Absent).collect();
        slots[0] = Slot::Offset;
        slots[2] = Slot::U8(0);
        slots[7] = Slot::Offset;
        slots[8] = Slot::U64(0);
        slots[9] = Slot::U16(0);
        if has_crs {
            slots[10] = Slot::Offset;
        }
        let (root, fields) = buffer.table(&slots);
        let text = buffer.text(name);
        buffer.point(fields[0], text);
        let list = buffer.vector(columns.len(), 4, &vec![0; columns.len() * 4]);
        buffer.point(fields[7], list);
        for (at, column) in columns.iter().enumerate() {
            let kind = match column.kind {
                ColumnKind::Text => COLUMN_STRING,
                ColumnKind::Number => COLUMN_DOUBLE,
            };
            let (table, own) = buffer.table(&[Slot::Offset, Slot::U8(kind)]);
            buffer.point(list + 4 + at * 4, table);
            let text = buffer.text(&column.name);
            buffer.point(own[0], text);
        }
        if has_crs {
            let wkt_slot = if wkt.is_some() { Slot::Offset } else { Slot::Absent };
            let code_slot = code.map_or(Slot::Absent, |code| Slot::I32(i32::from(code)));
            let (table, own) = buffer.table(&[Slot::Offset, code_slot, Slot::Absent, Slot::Absent, wkt_slot]);
            buffer.point(fields[10], table);
            let text = buffer.text("EPSG");
            buffer.point(own[0], text);
            if let Some(wkt) = wkt {
                let text = buffer.text(&wkt);
                buffer.point(own[4], text);
            }
        }
        let count_at = 8 + fields[8] as u64;
        out.write_all(MAGIC)?;
        out.write_all(&[1])?;
        out.write_all(&buffer.done(root))?;
        Ok(Self { out, kinds: columns.iter().map(|c| c.kind).collect(), features: 0, count_at })
    }

    pub fn row(&mut self, cells: &[FileCell], shape: Option<&RawShape>) -> io::Result<()> {
        let mut properties = Vec::new();
        for (at, (cell, kind)) in cells.iter().zip(&self.kinds).enumerate() {
            let column = u16::try_from(at).map_err(|_| io::Error::other("too many columns"))?.to_le_bytes();
            let text = match (cell, kind) {
                (FileCell::Empty, _) => continue,
                (FileCell::Number(value), ColumnKind::Number) => {
                    properties.extend(column);
                    properties.extend(value.to_le_bytes());
                    continue;
                }
                (FileCell::Text(_), ColumnKind::Number) => continue,
                (FileCell::Number(value), ColumnKind::Text) => value.to_string(),
                (FileCell::Text(text), ColumnKind::Text) => text.clone(),
            };
            properties.extend(column);
            properties.extend(u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes());
            properties.extend(text.as_bytes());
        }
        let mut buffer = Buffer::new();
        let geometry = if shape.is_some() { Slot::Offset } else { Slot::Absent };
        let (root, fields) = buffer.table(&[geometry, Slot::Offset]);
        if let Some(shape) = shape {
            let at = write_shape(&mut buffer, shape);
            buffer.point(fields[0], at);
        }
        let at = buffer.vector(properties.len(), 1, &properties);
        buffer.point(fields[1], at);
        self.features += 1;
        self.out.write_all(&buffer.done(root))
    }

    pub fn finish(self) -> io::Result<File> {
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(self.count_at))?;
        file.write_all(&self.features.to_le_bytes())?;
        Ok(file)
    }
}

fn write_shape(buffer: &mut Buffer, shape: &RawShape) -> usize {
    let lists = |lists: &[Vec<[f64; 2]>]| (lists.concat(), lists.iter().map(Vec::len).collect::<Vec<_>>());
    let (kind, (points, lengths)) = match shape {
        RawShape::Point(point) => (1, (vec![*point], Vec::new())),
        RawShape::Line(points) => (2, (points.clone(), Vec::new())),
        RawShape::Polygon(rings) => (3, lists(rings)),
        RawShape::Points(points) => (4, (points.clone(), Vec::new())),
        RawShape::Lines(lines) => (5, lists(lines)),
        RawShape::Polygons(shapes) => {
            let nothing =
                [Slot::Absent, Slot::Absent, Slot::Absent, Slot::Absent, Slot::Absent, Slot::Absent];
            let mut slots: Vec<Slot> = nothing.into();
            slots.extend([Slot::U8(6), Slot::Offset]);
            let (table, fields) = buffer.table(&slots);
            let list = buffer.vector(shapes.len(), 4, &vec![0; shapes.len() * 4]);
            buffer.point(fields[7], list);
            for (at, rings) in shapes.iter().enumerate() {
                let part = write_shape(buffer, &RawShape::Polygon(rings.clone()));
                buffer.point(list + 4 + at * 4, part);
            }
            return table;
        }
    };
    let with_ends = lengths.len() > 1;
    let ends = if with_ends { Slot::Offset } else { Slot::Absent };
    let (table, fields) = buffer.table(&[
        ends,
        Slot::Offset,
        Slot::Absent,
        Slot::Absent,
        Slot::Absent,
        Slot::Absent,
        Slot::U8(kind),
    ]);
    if with_ends {
        let mut end = 0;
        let bytes: Vec<u8> = lengths
            .iter()
            .flat_map(|length| {
                end += length;
                u32::try_from(end).unwrap_or(u32::MAX).to_le_bytes()
            })
            .collect();
        let at = buffer.vector(lengths.len(), 4, &bytes);
        buffer.point(fields[0], at);
    }
    let bytes: Vec<u8> = points.iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
    let at = buffer.vector(points.len() * 2, 8, &bytes);
    buffer.point(fields[1], at);
    table
}
