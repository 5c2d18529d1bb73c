//! Tables in the formats offices send and ask for: CSV (UTF-8 or GBK) and XLSX.

mod read;
mod write;

pub use read::{Table, TableError, TableLimits, read};
pub use write::{Cell, Format, TableWriter};
