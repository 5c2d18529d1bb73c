//! Tables in the formats offices send and ask for: CSV (UTF-8 or GBK) and XLSX.

mod read;
mod split;
mod write;

pub use read::{Table, TableError, TableLimits, TakeCells, read, xlsx_rows};
pub use split::{Decoded, Records, delimiter, encoding_of, first_line};
pub use write::{Cell, Format, TableWriter};
