//! The index as a file, so that a start need not read every case again.
//!
//! Little-endian: a header of 40 bytes (magic, version, city, position, rows, cases, CRC-32 of these), the
//! dictionaries, the columns, the side tables, and a CRC-32 of everything between. A snapshot is only ever
//! a saving: whoever gets a [`SnapshotProblem`] rebuilds from the store.

use crate::column::{ABSENT, Columns, NONE, NOTHING};
use crate::dictionary::Dictionary;
use crate::index::{CaseIndex, Other, ROWS_MAX};
use case::{Source, StageName};
use crc32fast::Hasher;
use kernel::id::BadId;
use kernel::{CaseId, CityCode, DepartmentId, PersonId};
use roaring::RoaringBitmap;
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::str::FromStr;

const MAGIC: [u8; 8] = *b"yiwangix";
/// Grows with every change of a column, of a bit in one, or of the order of an enum kept by place.
const VERSION: u32 = 4;

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotProblem {
    #[error("could not read the snapshot")]
    Unreadable(#[source] io::Error),
    #[error("not a snapshot of the case index")]
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

impl CaseIndex {
    /// The snapshot as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.columns.rows() * Columns::BYTES_PER_ROW + (1 << 20));
        self.write_to(&mut bytes).expect("a vector takes any bytes");
        bytes
    }

    /// Writes the snapshot; callers give a buffered writer.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let mut header = Vec::with_capacity(40);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend(self.city.get().to_le_bytes());
        header.extend(self.position.to_le_bytes());
        header.extend((self.columns.rows() as u64).to_le_bytes());
        header.extend(self.present.to_le_bytes());
        header.extend(crc32fast::hash(&header).to_le_bytes());
        out.write_all(&header)?;

        let mut body = Summed { inner: out, sum: Hasher::new() };
        write_texts(&mut body, self.classes.values())?;
        write_texts(&mut body, self.grids.values())?;
        write_numbers(&mut body, self.departments.values().iter().map(|id| id.0))?;
        write_numbers(&mut body, self.people.values().iter().map(|id| id.0))?;
        write_sets(&mut body, self.others.values())?;
        self.columns.write(&mut body)?;
        self.write_side_tables(&mut body)?;
        let sum = body.sum.finalize();
        out.write_all(&sum.to_le_bytes())
    }

    fn write_side_tables(&self, out: &mut impl Write) -> io::Result<()> {
        write_count(out, self.awaited.len())?;
        for (serial, roles) in &self.awaited {
            out.write_all(&serial.to_le_bytes())?;
            out.write_all(&roles.to_le_bytes())?;
        }
        write_count(out, self.children.len())?;
        for (parent, serials) in &self.children {
            out.write_all(parent.0.as_bytes())?;
            write_numbers(out, serials.iter().copied())?;
        }
        write_count(out, self.workers.len())?;
        for (person, serials) in &self.workers {
            out.write_all(&person.0.to_le_bytes())?;
            write_count(out, serials.serialized_size())?;
            serials.serialize_into(&mut *out)?;
        }
        Ok(())
    }

    /// Reads what [`Self::encode`] made.
    ///
    /// # Errors
    /// [`SnapshotProblem`] when it is anything else, down to a single changed bit.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, SnapshotProblem> {
        let index = Self::read_from(&mut bytes)?;
        if bytes.is_empty() { Ok(index) } else { Err(damaged("it goes on after its end")) }
    }

    /// Reads what [`Self::write_to`] wrote, a piece at a time: needs no memory beyond that of the index.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn read_from(input: &mut impl Read) -> Result<Self, SnapshotProblem> {
        let mut header = [0; 40];
        input.read_exact(&mut header)?;
        let (head, sum) = header.split_at(36);
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
        let rows = u64::from_le_bytes(read_bytes(&mut fields)?);
        let present = read_u32(&mut fields)?;
        if rows > u64::from(ROWS_MAX) {
            return Err(damaged("the number of rows"));
        }

        let mut body = Summed { inner: input, sum: Hasher::new() };
        let mut index = Self::new(city);
        index.position = position;
        index.present = present;
        read_texts(&mut body, &mut index.classes, u32::from(NONE))?;
        read_texts(&mut body, &mut index.grids, NOTHING)?;
        read_numbers(&mut body, |id| intern(&mut index.departments, &DepartmentId(id), u32::from(NONE)))?;
        read_numbers(&mut body, |id| intern(&mut index.people, &PersonId(id), u32::from(NONE)))?;
        read_sets(&mut body, &mut index.others)?;
        let rows = usize::try_from(rows).map_err(|_| damaged("the number of rows"))?;
        index.columns = Columns::read(rows, &mut body)?;
        index.read_side_tables(&mut body)?;
        let sum = body.sum.finalize();
        if sum != read_u32(input)? {
            return Err(damaged("the checksum"));
        }
        index.check()?;
        Ok(index)
    }

    fn read_side_tables(&mut self, input: &mut impl Read) -> Result<(), SnapshotProblem> {
        for _ in 0..read_u32(input)? {
            let serial = read_u32(input)?;
            self.awaited.insert(serial, u16::from_le_bytes(read_bytes(input)?));
        }
        for _ in 0..read_u32(input)? {
            let parent = CaseId(uuid::Uuid::from_bytes(read_bytes(input)?));
            let mut serials = Vec::new();
            read_numbers(input, |serial| {
                serials.push(serial);
                Ok(())
            })?;
            self.children.insert(parent, serials);
        }
        for _ in 0..read_u32(input)? {
            let person = PersonId(read_u32(input)?);
            let length = u64::from(read_u32(input)?);
            let mut bytes = input.by_ref().take(length);
            let serials =
                RoaringBitmap::deserialize_from(&mut bytes).map_err(|_| damaged("a person's cases"))?;
            if bytes.limit() != 0 {
                return Err(damaged("a person's cases"));
            }
            self.workers.insert(person, serials);
        }
        Ok(())
    }

    /// What a right checksum cannot say: that another program version meant the same by the numbers.
    fn check(&self) -> Result<(), SnapshotProblem> {
        let c = &self.columns;
        let mut stages = [false; 256];
        StageName::ALL.iter().for_each(|stage| stages[usize::from(stage.number())] = true);
        stages[usize::from(ABSENT)] = true;
        if !c.stage.iter().all(|&stage| stages[usize::from(stage)]) {
            return Err(damaged("a stage"));
        }
        if c.stage.iter().filter(|&&stage| stage != ABSENT).count() != self.present as usize {
            return Err(damaged("the number of cases"));
        }
        if c.source.iter().any(|&source| usize::from(source) >= Source::ALL.len()) {
            return Err(damaged("a source"));
        }
        let people = self.people.values().len();
        for (column, known, what) in [
            (&c.class, self.classes.values().len(), "a class"),
            (&c.department, self.departments.values().len(), "a department"),
            (&c.reported_by, people, "a person"),
            (&c.intake, people, "a person"),
            (&c.claimed_by, people, "a person"),
            (&c.handler, people, "a person"),
            (&c.collector, people, "a person"),
        ] {
            if column.iter().any(|&place| place != NONE && usize::from(place) >= known) {
                return Err(damaged(what));
            }
        }
        for (column, known, what) in [
            (&c.grid, self.grids.values().len(), "a grid"),
            (&c.others, self.others.values().len(), "a set of departments"),
        ] {
            if column.iter().any(|&place| place != NOTHING && place as usize >= known) {
                return Err(damaged(what));
            }
        }
        Ok(())
    }
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

fn read_u32(input: &mut impl Read) -> Result<u32, SnapshotProblem> {
    Ok(u32::from_le_bytes(read_bytes(input)?))
}

fn write_count(out: &mut impl Write, count: usize) -> io::Result<()> {
    let count =
        u32::try_from(count).map_err(|_| io::Error::other("a table is longer than 4 billion rows"))?;
    out.write_all(&count.to_le_bytes())
}

fn write_numbers(out: &mut impl Write, numbers: impl ExactSizeIterator<Item = u32>) -> io::Result<()> {
    write_count(out, numbers.len())?;
    let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    out.write_all(&bytes)
}

fn read_numbers(
    input: &mut impl Read,
    mut take: impl FnMut(u32) -> Result<(), SnapshotProblem>,
) -> Result<(), SnapshotProblem> {
    for _ in 0..read_u32(input)? {
        take(read_u32(input)?)?;
    }
    Ok(())
}

/// Texts of at most 255 bytes; class keys and grid codes have at most 20.
fn write_texts<T: ToString>(out: &mut impl Write, values: &[T]) -> io::Result<()> {
    write_count(out, values.len())?;
    for value in values {
        let text = value.to_string();
        let length =
            u8::try_from(text.len()).map_err(|_| io::Error::other("a code is longer than 255 bytes"))?;
        out.write_all(&[length])?;
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn read_texts<T>(
    input: &mut impl Read,
    dictionary: &mut Dictionary<T>,
    max: u32,
) -> Result<(), SnapshotProblem>
where
    T: FromStr<Err = BadId> + Clone + Eq + Hash,
{
    let mut text = [0; 255];
    for _ in 0..read_u32(input)? {
        let [length] = read_bytes(input)?;
        let text = &mut text[..usize::from(length)];
        input.read_exact(text)?;
        let value = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        intern(dictionary, &value.ok_or(damaged("a code"))?, max)?;
    }
    Ok(())
}

fn write_sets(out: &mut impl Write, sets: &[Box<[Other]>]) -> io::Result<()> {
    write_count(out, sets.len())?;
    for set in sets {
        write_numbers(
            out,
            set.iter().map(|other| u32::from(other.department) << 1 | u32::from(other.assisting)),
        )?;
    }
    Ok(())
}

fn read_sets(input: &mut impl Read, sets: &mut Dictionary<Box<[Other]>>) -> Result<(), SnapshotProblem> {
    for _ in 0..read_u32(input)? {
        let mut set = Vec::new();
        read_numbers(input, |number| {
            let department = u16::try_from(number >> 1).map_err(|_| damaged("a department"))?;
            set.push(Other { department, assisting: number & 1 == 1 });
            Ok(())
        })?;
        intern(sets, &set.into_boxed_slice(), NOTHING)?;
    }
    Ok(())
}

/// Each value once, so that the places are the same again.
fn intern<T: Clone + Eq + Hash>(
    dictionary: &mut Dictionary<T>,
    value: &T,
    max: u32,
) -> Result<(), SnapshotProblem> {
    if dictionary.place(value).is_some() {
        return Err(damaged("a value stands twice"));
    }
    dictionary.intern(value, max).map(|_| ()).ok_or(damaged("a dictionary is too long"))
}
