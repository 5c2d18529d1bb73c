//! Reading a file from several places at once, and never more of it into memory than was allowed.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// A place in a file of its own: other readers of the same file do not move it.
#[derive(Debug)]
pub struct Cursor<'a> {
    file: &'a File,
    at: u64,
    len: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(file: &'a File) -> io::Result<Self> {
        Ok(Self { file, at: 0, len: file.metadata()?.len() })
    }

    pub const fn len(&self) -> u64 {
        self.len
    }
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(self.file, buffer, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Refuses to read more than `max` bytes since the last [`Room::again`].
pub struct Bounded<R> {
    inner: R,
    room: Room,
}

/// The other end of a [`Bounded`] reader.
#[derive(Debug, Clone)]
pub struct Room {
    left: Rc<Cell<usize>>,
    max: usize,
}

impl Room {
    pub fn again(&self) {
        self.left.set(self.max);
    }
}

impl<R: Read> Bounded<R> {
    pub fn new(inner: R, max: usize) -> (Self, Room) {
        let room = Room { left: Rc::new(Cell::new(max)), max };
        (Self { inner, room: room.clone() }, room)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.room.left.get().checked_sub(read) {
            Some(left) => self.room.left.set(left),
            None => {
                return Err(io::Error::other("one feature of it is larger than the largest that is read"));
            }
        }
        Ok(read)
    }
}

/// Fills as much of `buffer` as there is.
pub fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
