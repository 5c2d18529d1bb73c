//! Grids and things as a file, so that a start need not read every component again.
//!
//! Little-endian: a header of 44 bytes (magic, version, city, position, points, version of the things, CRC-32
//! of these), the dictionaries, the points cell by cell, lines and polygons, unit grids, and a CRC-32 of
//! everything between. A snapshot is only ever a saving: whoever gets a [`SnapshotProblem`] rebuilds from the
//! store.

use crate::mercator;
use crate::outline::Outline;
use crate::points::shape::{Geometry, Shape};
use crate::points::{ClassPlace, Entry, LEAF_ZOOM, Position, Thing, Things, Traits};
use crate::region::{Region, Regions, UnitGrid, UnitGrids};
use city::AreaGrade;
use crc32fast::Hasher;
use geo::{Coord, LineString, MultiLineString};
use kernel::{CityCode, GridCode};
use std::io::{self, Read, Write};

const MAGIC: [u8; 8] = *b"yiwangsp";
/// Grows with every change of what is written.
const VERSION: u32 = 1;
/// Bytes of one point.
const POINT: usize = 32;
/// Points of a city at most: twenty times the largest register known.
const POINTS_MAX: u64 = 20_000_000;

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotProblem {
    #[error("could not read the snapshot")]
    Unreadable(#[source] io::Error),
    #[error("not a snapshot of grids and things")]
    NotASnapshot,
    #[error("snapshot of format {found}, this program writes {VERSION}")]
    OtherFormat { found: u32 },
    #[error("damaged snapshot: {what}")]
    Damaged { what: &'static str },
}

const fn damaged(what: &'static str) -> SnapshotProblem {
    SnapshotProblem::Damaged { what }
}

impl From<io::Error> for SnapshotProblem {
    fn from(cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::UnexpectedEof {
            return damaged("it ends too early");
        }
        Self::Unreadable(cause)
    }
}

/// What was taken: which city, and up to which place in the store's line of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub city: CityCode,
    pub position: i64,
}

/// The snapshot as bytes.
///
/// # Errors
/// When a text or a count does not fit its number.
pub fn encode(mark: Mark, grids: &UnitGrids, things: &Things) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(things.len() * POINT + (1 << 20));
    write_to(&mut bytes, mark, grids, things)?;
    Ok(bytes)
}

/// Writes the snapshot; callers give a buffered writer.
///
/// # Errors
/// Those of `out`, or when a text or a count does not fit its number.
pub fn write_to(out: &mut impl Write, mark: Mark, grids: &UnitGrids, things: &Things) -> io::Result<()> {
    let mut header = Vec::with_capacity(44);
    header.extend(MAGIC);
    header.extend(VERSION.to_le_bytes());
    header.extend(mark.city.get().to_le_bytes());
    header.extend(mark.position.to_le_bytes());
    header.extend((things.leaves.iter().map(|leaf| leaf.entries.len()).sum::<usize>() as u64).to_le_bytes());
    header.extend(things.version.to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    out.write_all(&header)?;

    let mut body = Summed { inner: out, sum: Hasher::new() };
    write_classes(&mut body, things)?;
    let cells = things.leaves.iter().filter(|leaf| !leaf.entries.is_empty());
    write_count(&mut body, cells.clone().count())?;
    let mut bytes = Vec::new();
    for leaf in cells {
        write_count(&mut body, leaf.entries.len())?;
        bytes.clear();
        leaf.entries.iter().for_each(|entry| put_point(&mut bytes, &entry.thing()));
        body.write_all(&bytes)?;
    }
    write_count(&mut body, things.iter_shapes().count())?;
    for shape in things.iter_shapes() {
        write_shape(&mut body, shape)?;
    }
    write_count(&mut body, grids.len())?;
    for grid in grids.iter() {
        write_grid(&mut body, grid)?;
    }
    let sum = body.sum.finalize();
    out.write_all(&sum.to_le_bytes())
}

/// Reads what [`encode`] made.
///
/// # Errors
/// [`SnapshotProblem`] when it is anything else, down to a single changed bit.
pub fn decode(mut bytes: &[u8]) -> Result<(Mark, UnitGrids, Things), SnapshotProblem> {
    let found = read_from(&mut bytes)?;
    if bytes.is_empty() { Ok(found) } else { Err(damaged("it goes on after its end")) }
}

/// Reads what [`write_to`] wrote, a piece at a time; callers give a buffered reader.
///
/// # Errors
/// As [`decode`].
pub fn read_from(input: &mut impl Read) -> Result<(Mark, UnitGrids, Things), SnapshotProblem> {
    let mut header = [0; 44];
    input.read_exact(&mut header)?;
    let (head, sum) = header.split_at(40);
    let mut fields = head;
    if read_bytes::<8>(&mut fields)? != MAGIC {
        return Err(SnapshotProblem::NotASnapshot);
    }
    if crc32fast::hash(head).to_le_bytes() != sum {
        return Err(damaged("the header"));
    }
    let found = read_u32(&mut fields)?;
    if found != VERSION {
        return Err(SnapshotProblem::OtherFormat { found });
    }
    let city = CityCode::new(read_u32(&mut fields)?).ok_or(damaged("the city"))?;
    let position = i64::from_le_bytes(read_bytes(&mut fields)?);
    let points = u64::from_le_bytes(read_bytes(&mut fields)?);
    let version = u64::from_le_bytes(read_bytes(&mut fields)?);
    if points > POINTS_MAX {
        return Err(damaged("the number of points"));
    }

    let mut body = Summed { inner: input, sum: Hasher::new() };
    let mut things = Things::new();
    things.version = version;
    read_classes(&mut body, &mut things)?;
    let cells = read_cells(&mut body, points, things.classes().len())?;
    for _ in 0..read_u32(&mut body)? {
        let shape = read_shape(&mut body, things.classes().len())?;
        if things.shapes.get(shape.id).is_some() {
            return Err(damaged("a thing stands twice"));
        }
        things.shapes.insert(shape, version);
    }
    let grids = read_grids(&mut body)?;
    let sum = body.sum.finalize();
    if sum != read_u32(input)? {
        return Err(damaged("the checksum"));
    }
    if !things.load(cells) {
        return Err(damaged("a thing stands twice"));
    }
    Ok((Mark { city, position }, grids, things))
}

fn write_classes(out: &mut impl Write, things: &Things) -> io::Result<()> {
    let classes = things.classes();
    for words in [classes.groups(), classes.states()] {
        write_count(out, words.len())?;
        words.iter().try_for_each(|word| write_text(out, word))?;
    }
    write_count(out, classes.len())?;
    for (place, name, _) in classes.iter() {
        write_text(out, name)?;
        out.write_all(&[classes.group_of(place)])?;
    }
    Ok(())
}

fn read_classes(input: &mut impl Read, things: &mut Things) -> Result<(), SnapshotProblem> {
    let mut groups = Vec::new();
    for _ in 0..read_u32(input)? {
        groups.push(read_text(input)?);
        if groups.len() > usize::from(u8::MAX) {
            return Err(damaged("the number of groups"));
        }
    }
    for group in &groups {
        things.classes.intern_group(group).ok_or(damaged("a group"))?;
    }
    for place in 0..read_u32(input)? {
        let state = things.state(&read_text(input)?).ok_or(damaged("the number of states"))?;
        if u32::from(state) != place {
            return Err(damaged("a state stands twice"));
        }
    }
    for place in 0..read_u32(input)? {
        let name = read_text(input)?;
        let [group] = read_bytes(input)?;
        let group = groups.get(usize::from(group)).ok_or(damaged("the group of a class"))?;
        let class = things.class(&name, group).ok_or(damaged("the number of classes"))?;
        if u32::from(class.0) != place {
            return Err(damaged("a class stands twice"));
        }
    }
    Ok(())
}

fn put_point(bytes: &mut Vec<u8>, thing: &Thing) {
    bytes.extend(thing.id.to_le_bytes());
    bytes.extend(thing.position.lng_e7.to_le_bytes());
    bytes.extend(thing.position.lat_e7.to_le_bytes());
    bytes.extend(traits_bytes(&thing.traits));
}

fn traits_bytes(traits: &Traits) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&traits.facets.to_le_bytes());
    bytes[8..12].copy_from_slice(&traits.grid.to_le_bytes());
    bytes[12..14].copy_from_slice(&traits.class.0.to_le_bytes());
    bytes[14] = traits.state;
    bytes[15] = traits.flags;
    bytes
}

fn read_traits(bytes: &[u8; 16]) -> Traits {
    let (facets, rest) = bytes.split_first_chunk().expect("16 bytes hold 8");
    let (grid, rest) = rest.split_first_chunk().expect("8 bytes hold 4");
    let (class, rest) = rest.split_first_chunk().expect("4 bytes hold 2");
    Traits {
        class: ClassPlace(u16::from_le_bytes(*class)),
        state: rest[0],
        flags: rest[1],
        facets: u64::from_le_bytes(*facets),
        grid: u32::from_le_bytes(*grid),
    }
}

fn read_cells(
    input: &mut impl Read,
    points: u64,
    classes: usize,
) -> Result<Vec<Vec<Entry>>, SnapshotProblem> {
    let mut cells = Vec::new();
    let mut bytes = Vec::new();
    let mut left = points;
    for _ in 0..read_u32(input)? {
        let count = u64::from(read_u32(input)?);
        left = left.checked_sub(count).filter(|_| count > 0).ok_or(damaged("the points of a cell"))?;
        read_blob(input, &mut bytes, count * POINT as u64)?;
        let (points, _) = bytes.as_chunks::<POINT>();
        let cell: Vec<Entry> =
            points.iter().map(|point| read_point(point, classes)).collect::<Result<_, _>>()?;
        let place = |entry: &Entry| mercator::cell(entry.x(), entry.y, LEAF_ZOOM);
        if cell.windows(2).any(|pair| place(&pair[0]) != place(&pair[1])) {
            return Err(damaged("a point of another cell"));
        }
        cells.push(cell);
    }
    if left > 0 {
        return Err(damaged("the number of points"));
    }
    Ok(cells)
}

fn read_point(bytes: &[u8; POINT], classes: usize) -> Result<Entry, SnapshotProblem> {
    let (id, rest) = bytes.split_first_chunk().expect("32 bytes hold 8");
    let (lng, rest) = rest.split_first_chunk().expect("24 bytes hold 4");
    let (lat, rest) = rest.split_first_chunk().expect("20 bytes hold 4");
    let (traits, _) = rest.split_first_chunk().expect("16 bytes hold 16");
    let position = Position { lng_e7: i32::from_le_bytes(*lng), lat_e7: i32::from_le_bytes(*lat) };
    if position.point().is_none() {
        return Err(damaged("a position"));
    }
    let traits = known(read_traits(traits), classes)?;
    Ok(Entry::new(&Thing { id: u64::from_le_bytes(*id), position, traits }))
}

fn known(traits: Traits, classes: usize) -> Result<Traits, SnapshotProblem> {
    if usize::from(traits.class.0) < classes { Ok(traits) } else { Err(damaged("a class")) }
}

fn write_shape(out: &mut impl Write, shape: &Shape) -> io::Result<()> {
    out.write_all(&shape.id.to_le_bytes())?;
    out.write_all(&traits_bytes(&shape.traits))?;
    match shape.geometry() {
        Geometry::Lines(lines) => {
            out.write_all(&[1])?;
            write_count(out, lines.0.len())?;
            for line in lines {
                write_count(out, line.0.len())?;
                line.coords().try_for_each(|c| write_place(out, [c.x, c.y]))?;
            }
            Ok(())
        }
        Geometry::Area(outline) => {
            out.write_all(&[2])?;
            write_outline(out, outline)
        }
    }
}

fn read_shape(input: &mut impl Read, classes: usize) -> Result<Shape, SnapshotProblem> {
    let id = u64::from_le_bytes(read_bytes(input)?);
    let traits = known(read_traits(&read_bytes(input)?), classes)?;
    let geometry = match read_bytes(input)? {
        [1] => {
            let mut lines = Vec::new();
            for _ in 0..read_u32(input)? {
                let count = read_u32(input)?;
                let places = read_places(input, count)?;
                let line: LineString<f64> = places.into_iter().map(|[x, y]| Coord { x, y }).collect();
                lines.push(line);
            }
            Geometry::lines(MultiLineString(lines)).ok_or(damaged("a line"))?
        }
        [2] => Geometry::Area(read_outline(input)?),
        _ => return Err(damaged("the kind of a shape")),
    };
    Ok(Shape::new(id, traits, geometry))
}

fn write_grid(out: &mut impl Write, grid: &UnitGrid) -> io::Result<()> {
    write_text(out, grid.key.as_str())?;
    let grade = match grid.value {
        None => 0,
        Some(AreaGrade::A) => 1,
        Some(AreaGrade::B) => 2,
        Some(AreaGrade::C) => 3,
    };
    out.write_all(&[grade])?;
    write_outline(out, &grid.outline)
}

fn read_grids(input: &mut impl Read) -> Result<UnitGrids, SnapshotProblem> {
    let mut rows = Vec::new();
    for at in 0..read_u32(input)? {
        let key: GridCode = read_text(input)?.parse().map_err(|_| damaged("the code of a grid"))?;
        let value = match read_bytes(input)? {
            [0] => None,
            [1] => Some(AreaGrade::A),
            [2] => Some(AreaGrade::B),
            [3] => Some(AreaGrade::C),
            _ => return Err(damaged("the grade of a grid")),
        };
        rows.push((at as usize, Region { key, value, outline: read_outline(input)? }));
    }
    let regions = Regions::from_regions(rows).map_err(|_| damaged("a grid stands twice"))?;
    Ok(UnitGrids::from_regions(regions))
}

fn write_outline(out: &mut impl Write, outline: &Outline) -> io::Result<()> {
    let (rings, places) = outline.parts();
    write_count(out, rings.len())?;
    for (length, hole) in rings {
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&[u8::from(hole)])?;
    }
    places.iter().try_for_each(|place| write_place(out, *place))
}

fn read_outline(input: &mut impl Read) -> Result<Outline, SnapshotProblem> {
    let mut rings = Vec::new();
    let mut total = 0_u32;
    for _ in 0..read_u32(input)? {
        let length = read_u32(input)?;
        let [hole] = read_bytes(input)?;
        total = total.checked_add(length).ok_or(damaged("the length of a ring"))?;
        rings.push((length, hole == 1));
    }
    let places = read_places(input, total)?;
    Outline::from_parts(&rings, places).ok_or(damaged("a polygon"))
}

fn write_place(out: &mut impl Write, [lng, lat]: [f64; 2]) -> io::Result<()> {
    out.write_all(&lng.to_le_bytes())?;
    out.write_all(&lat.to_le_bytes())
}

fn read_places(input: &mut impl Read, count: u32) -> Result<Vec<[f64; 2]>, SnapshotProblem> {
    let mut bytes = Vec::new();
    read_blob(input, &mut bytes, u64::from(count) * 16)?;
    let (numbers, _) = bytes.as_chunks::<8>();
    let numbers: Vec<f64> = numbers.iter().map(|number| f64::from_le_bytes(*number)).collect();
    let (places, _) = numbers.as_chunks::<2>();
    Ok(places.to_vec())
}

/// Sums up what passes through.
struct Summed<'a, T> {
    inner: &'a mut T,
    sum: Hasher,
}

impl<T: Write> Write for Summed<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Summed<'_, T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.sum.update(&bytes[..read]);
        Ok(read)
    }
}

fn read_bytes<const N: usize>(input: &mut impl Read) -> Result<[u8; N], SnapshotProblem> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads so many bytes; a wrong length costs no more memory than the file has bytes.
fn read_blob(input: &mut impl Read, bytes: &mut Vec<u8>, length: u64) -> Result<(), SnapshotProblem> {
    bytes.clear();
    let read = input.by_ref().take(length).read_to_end(bytes)?;
    if read as u64 == length { Ok(()) } else { Err(damaged("it ends too early")) }
}

fn read_u32(input: &mut impl Read) -> Result<u32, SnapshotProblem> {
    Ok(u32::from_le_bytes(read_bytes(input)?))
}

fn write_count(out: &mut impl Write, count: usize) -> io::Result<()> {
    let count =
        u32::try_from(count).map_err(|_| io::Error::other("a table is longer than 4 billion rows"))?;
    out.write_all(&count.to_le_bytes())
}

/// Texts of at most 255 bytes: keys, codes, words.
fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    let length = u8::try_from(text.len()).map_err(|_| io::Error::other("a word is longer than 255 bytes"))?;
    out.write_all(&[length])?;
    out.write_all(text.as_bytes())
}

fn read_text(input: &mut impl Read) -> Result<String, SnapshotProblem> {
    let [length] = read_bytes(input)?;
    let mut text = vec![0; usize::from(length)];
    input.read_exact(&mut text)?;
    String::from_utf8(text).map_err(|_| damaged("a word"))
}
