//! Industry packs (行业应用包): registers that need no programming.
//!
//! A pack is a folder of TOML files a county's clerk can write: `pack.toml` and one file a register. [`check`]
//! reads the whole folder and answers either the pack or everything that is wrong with it, each with file, line
//! and column. What a register says about its entries is applied by [`entry`] (values, documents, colour),
//! [`score`] (rating) and [`Condition`] (CEL). [`compare`] says what a changed pack means for entries that exist.

pub mod compare;
mod condition;
pub mod entry;
mod model;
mod problem;
mod read;
pub mod score;

pub use compare::{Change, compare, refusals, with_retired};
pub use condition::{Condition, Facts};
pub use model::{
    Band, CaseRule, Check, Choice, CodeScheme, Colour, Document, Duty, Field, FieldType, Geometry, Item,
    Kind, Level, Offence, Pack, Plan, Rating, Register, Relation, Rights, Section, State, Style,
};
pub use problem::{At, Problem};
pub use read::{FILE_BYTES_MAX, FILES_MAX, File, Folder, Others, REGISTERS_MAX, RESERVED, check, check_all};
