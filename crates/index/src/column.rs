//! The columns and what one case is in them.

use std::io::{self, Read, Write};

/// No entry of a dictionary.
pub const NONE: u16 = u16::MAX;
/// No unit grid, no set of departments.
pub const NOTHING: u32 = u32::MAX;
/// No such moment.
pub const NEVER: u32 = u32::MAX;
/// In `warn_at`: the clock is paused.
pub const PAUSED: u32 = 0;
/// In `stage`: no case has this serial (yet).
pub const ABSENT: u8 = u8::MAX;
/// No position.
pub const NOWHERE: i32 = i32::MIN;

/// A number of a column, as it is written into a snapshot.
pub trait Cell: Copy + Default {
    const SIZE: usize;
    fn put(self, to: &mut [u8]);
    fn get(from: &[u8]) -> Self;
}

macro_rules! cell {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            const SIZE: usize = size_of::<$type>();
            fn put(self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_le_bytes());
            }
            fn get(from: &[u8]) -> Self {
                let mut bytes = [0; Self::SIZE];
                bytes.copy_from_slice(from);
                Self::from_le_bytes(bytes)
            }
        }
    )+};
}
cell!(u8, u16, u32, u64, u128, i32);

/// One list of the columns makes the columns, the row, and both ways of the snapshot.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $empty:expr;)+) => {
        /// Struct of arrays, all of the same length.
        #[derive(Debug, Default)]
        pub struct Columns { $($(#[$doc])* pub $name: Vec<$type>,)+ }

        /// One case in the columns.
        #[derive(Debug, Clone, Copy)]
        pub struct Row { $($(#[$doc])* pub $name: $type,)+ }

        impl Columns {
            pub const BYTES_PER_ROW: usize = 0 $(+ size_of::<$type>())+;

            pub fn rows(&self) -> usize {
                self.stage.len()
            }

            /// Makes room for `rows` without the doubling of a growing vector.
            pub fn grow_to(&mut self, rows: usize) {
                $(grow(&mut self.$name, rows, $empty);)+
            }

            pub fn reserve(&mut self, rows: usize) {
                $(self.$name.reserve_exact(rows.saturating_sub(self.$name.len()));)+
            }

            pub fn put(&mut self, at: usize, row: Row) {
                $(self.$name[at] = row.$name;)+
            }

            pub fn bytes(&self) -> usize {
                0 $(+ self.$name.capacity() * size_of::<$type>())+
            }

            pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
                $(write_column(&self.$name, out)?;)+
                Ok(())
            }

            pub fn read(rows: usize, input: &mut impl Read) -> io::Result<Self> {
                Ok(Self { $($name: read_column(rows, input)?,)+ })
            }
        }
    };
}

columns! {
    /// [`case::StageName::number`], or [`ABSENT`].
    stage: u8 = ABSENT;
    /// Place in [`case::Source::ALL`].
    source: u8 = 0;
    /// See [`grades`].
    grades: u8 = 0;
    /// See [`flag`].
    flags: u32 = 0;
    class: u16 = NONE;
    /// Who has the case now; of an ended case, who had it last.
    department: u16 = NONE;
    /// Departments that help, or had it earlier: place of the set, or [`NOTHING`].
    others: u32 = NOTHING;
    grid: u32 = NOTHING;
    /// Facts of the case, so that an older state never replaces a newer one.
    version: u16 = 0;
    /// Date and sequence of the case number: `yyyymmdd * 1,000,000 + sequence`.
    number: u64 = 0;
    reported_at: u32 = NEVER;
    filed_at: u32 = NEVER;
    ended_at: u32 = NEVER;
    updated_at: u32 = NEVER;
    /// The last second of the open stage clock that is in time.
    due_at: u32 = NEVER;
    /// The first second in which the light is yellow, [`PAUSED`], or [`NEVER`] without a clock.
    warn_at: u32 = NEVER;
    total_due_at: u32 = NEVER;
    /// Ten-millionths of a degree, or [`NOWHERE`].
    lng: i32 = NOWHERE;
    lat: i32 = NOWHERE;
    reported_by: u16 = NONE;
    intake: u16 = NONE;
    claimed_by: u16 = NONE;
    handler: u16 = NONE;
    collector: u16 = NONE;
    reworks: u8 = 0;
    urgings: u8 = 0;
    returns: u8 = 0;
    extensions: u8 = 0;
    suspensions: u8 = 0;
}

/// Bits of `flags`.
pub mod flag {
    pub const URGENT: u32 = 1;
    pub const MAJOR: u32 = 1 << 1;
    pub const PUBLIC: u32 = 1 << 2;
    pub const CHILD: u32 = 1 << 3;
    pub const PARENT: u32 = 1 << 4;
    pub const CHILDREN_OPEN: u32 = 1 << 5;
    /// Ended, and a stage clock had run out before it ended.
    pub const STAGE_LATE: u32 = 1 << 6;
    /// Ended, and the total clock had run out.
    pub const TOTAL_LATE: u32 = 1 << 7;
    /// Closed with a total clock: on time or late.
    pub const CLOSED_IN_TIME_KNOWN: u32 = 1 << 8;
    /// The handling clock has ended: on time or late.
    pub const HANDLED: u32 = 1 << 9;
    pub const HANDLED_LATE: u32 = 1 << 10;
    pub const SATISFIED: u32 = 1 << 11;
    pub const DISSATISFIED: u32 = 1 << 12;
    pub const SYNTHESISED: u32 = 1 << 13;
    pub const HAS_DUPLICATES: u32 = 1 << 14;
    pub const MERGED: u32 = 1 << 15;
    pub const CALLED_BACK: u32 = 1 << 16;
    pub const EXEMPTED: u32 = 1 << 17;
    pub const APPEAL_AT_DISPATCHER: u32 = 1 << 18;
    pub const APPEAL_AT_INTAKE: u32 = 1 << 19;
    pub const URGING_UNANSWERED: u32 = 1 << 20;
    pub const REOPENED: u32 = 1 << 21;
    /// Open approvals: five bits in the order of [`case::ApprovalKind::ALL`].
    pub const APPROVALS_FROM: u32 = 22;
    pub const APPROVALS: u32 = 0b1_1111 << APPROVALS_FROM;
    pub const VERIFICATION_FAILED: u32 = 1 << 27;
}

/// `grades`: two bits each for level, audit, and the highest urging (0 none).
pub mod grades {
    use case::Level;
    use case::UrgingLevel;
    use case::case::Audit;

    pub const fn pack(level: Level, audit: Audit, urging: Option<UrgingLevel>) -> u8 {
        let urging = match urging {
            None => 0,
            Some(level) => urging_bits(level),
        };
        level_bits(level) | audit_bits(audit) << 2 | urging << 4
    }

    pub const fn urging_bits(level: UrgingLevel) -> u8 {
        match level {
            UrgingLevel::Remind => 1,
            UrgingLevel::Urge => 2,
            UrgingLevel::UrgeListed => 3,
        }
    }

    pub const fn level_bits(level: Level) -> u8 {
        match level {
            Level::City => 0,
            Level::District => 1,
            Level::Street => 2,
        }
    }

    pub const fn audit_bits(audit: Audit) -> u8 {
        match audit {
            Audit::NotDue => 0,
            Audit::Due => 1,
            Audit::Passed => 2,
            Audit::Refused => 3,
        }
    }

    pub const fn urging_rank(grades: u8) -> u8 {
        grades >> 4 & 3
    }
}

/// Bytes written or read at once.
const PIECE: usize = 1 << 18;

fn grow<T: Clone>(column: &mut Vec<T>, rows: usize, empty: T) {
    if rows > column.capacity() {
        // A sixteenth more than needed: a million cases never carry a million empty ones.
        let room = rows + rows / 16 + 1_024;
        column.reserve_exact(room - column.len());
    }
    if rows > column.len() {
        column.resize(rows, empty);
    }
}

fn write_column<T: Cell>(column: &[T], out: &mut impl Write) -> io::Result<()> {
    let mut bytes = vec![0; PIECE.min(column.len() * T::SIZE)];
    for piece in column.chunks(PIECE / T::SIZE) {
        let bytes = &mut bytes[..piece.len() * T::SIZE];
        for (cell, to) in piece.iter().zip(bytes.chunks_exact_mut(T::SIZE)) {
            cell.put(to);
        }
        out.write_all(bytes)?;
    }
    Ok(())
}

fn read_column<T: Cell>(rows: usize, input: &mut impl Read) -> io::Result<Vec<T>> {
    let mut column = Vec::with_capacity(rows);
    let mut bytes = vec![0; PIECE.min(rows * T::SIZE)];
    while column.len() < rows {
        let take = (rows - column.len()).min(PIECE / T::SIZE);
        let bytes = &mut bytes[..take * T::SIZE];
        input.read_exact(bytes)?;
        column.extend(bytes.chunks_exact(T::SIZE).map(T::get));
    }
    Ok(column)
}
