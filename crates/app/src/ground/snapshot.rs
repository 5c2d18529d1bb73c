//! The map as a file beside the columns: a header with the grids things were located in, then what
//! [`spatial::snapshot`] writes. Only ever a saving: whatever cannot be read is rebuilt from the store.

use super::{Ground, Map};
use crate::app::City;
use kernel::{CityCode, GridCode};
use spatial::region::UnitGrids;
use spatial::snapshot::{self, Mark, SnapshotProblem};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};

const MAGIC: [u8; 8] = *b"yiwanggd";
/// Grows with every change of what is written.
const VERSION: u32 = 1;
/// Grids of a city at most: a hundred times the largest known.
const GRIDS_MAX: u32 = 2_000_000;
/// Digits of a grid's code.
const CODE_MAX: usize = 32;

/// A map read from a file, not yet compared with the store.
#[derive(Debug)]
pub struct SavedGround {
    pub city: CityCode,
    pub(crate) map: Map,
}

impl SavedGround {
    #[must_use]
    pub fn position(&self) -> i64 {
        self.map.position
    }
}

impl City {
    /// The map as a file's bytes. Made under the lock and written without it, so that a slow disk keeps nobody waiting.
    ///
    /// # Errors
    /// When a count does not fit its number.
    pub fn ground_snapshot(&self) -> io::Result<Vec<u8>> {
        self.ground.encode(self.code)
    }
}

impl Ground {
    pub(crate) fn encode(&self, city: CityCode) -> io::Result<Vec<u8>> {
        let map = self.read();
        let mut head = Vec::with_capacity(32 + map.grids.len() * 16);
        head.extend(map.mark.to_le_bytes());
        let count = u32::try_from(map.grids.len()).map_err(io::Error::other)?;
        head.extend(count.to_le_bytes());
        for grid in &map.grids {
            let code = grid.as_str().as_bytes();
            head.push(u8::try_from(code.len()).map_err(io::Error::other)?);
            head.extend(code);
        }
        let pairs =
            || map.related.iter().flat_map(|(serial, codes)| codes.iter().map(move |code| (serial, code)));
        head.extend(u32::try_from(pairs().count()).map_err(io::Error::other)?.to_le_bytes());
        for (serial, code) in pairs() {
            head.extend(serial.to_le_bytes());
            head.extend(code.to_le_bytes());
        }
        // 32 bytes a point, and room for what else there is.
        let mut bytes = Vec::with_capacity(head.len() + map.things.len() * 36 + (1 << 16));
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(sum(&head).to_le_bytes());
        bytes.extend(head);
        let mark = Mark { city, position: map.position };
        snapshot::write_to(&mut bytes, mark, &UnitGrids::default(), &map.things)?;
        Ok(bytes)
    }
}

/// # Errors
/// [`SnapshotProblem`] when it is not what this program writes, down to a single changed bit.
pub fn read_from(input: &mut impl Read) -> Result<SavedGround, SnapshotProblem> {
    let damaged = |what| SnapshotProblem::Damaged { what };
    if bytes::<8>(input)? != MAGIC {
        return Err(SnapshotProblem::NotASnapshot);
    }
    let found = u32::from_le_bytes(bytes(input)?);
    if found != VERSION {
        return Err(SnapshotProblem::OtherFormat { found });
    }
    let expected = u64::from_le_bytes(bytes(input)?);
    let mut head = Vec::new();
    let mark = bytes::<8>(input)?;
    let count = bytes::<4>(input)?;
    head.extend(mark);
    head.extend(count);
    let count = u32::from_le_bytes(count);
    if count > GRIDS_MAX {
        return Err(damaged("the number of grids"));
    }
    let mut grids: Vec<GridCode> = Vec::new();
    let mut places = HashMap::new();
    for place in 0..count {
        let [length] = bytes(input)?;
        let mut code = [0; CODE_MAX];
        let code = code.get_mut(..usize::from(length)).ok_or(damaged("the code of a grid"))?;
        input.read_exact(code)?;
        head.push(length);
        head.extend_from_slice(code);
        let text = std::str::from_utf8(code).map_err(|_| damaged("the code of a grid"))?;
        let code: GridCode = text.parse().map_err(|_| damaged("the code of a grid"))?;
        places.insert(code.clone(), place);
        grids.push(code);
    }
    let pairs = bytes::<4>(input)?;
    head.extend(pairs);
    let mut relations: HashMap<u64, Vec<u64>> = HashMap::new();
    for _ in 0..u32::from_le_bytes(pairs) {
        let (serial, code) = (bytes::<8>(input)?, bytes::<8>(input)?);
        head.extend(serial);
        head.extend(code);
        relations.entry(u64::from_le_bytes(serial)).or_default().push(u64::from_le_bytes(code));
    }
    if sum(&head) != expected {
        return Err(damaged("the tables of grids and relations"));
    }
    let (Mark { city, position }, _, things) = snapshot::read_from(input)?;
    let mark = u64::from_le_bytes(mark);
    let mut map = Map { things, grids, places, position, mark, ..Map::default() };
    for (serial, codes) in relations {
        map.relate(serial, &codes);
    }
    Ok(SavedGround { city, map })
}

fn sum(bytes: &[u8]) -> u64 {
    let mut hash = DefaultHasher::new();
    hash.write(bytes);
    hash.finish()
}

fn bytes<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}
