//! What a city is made of: its divisions and grids, its classes and their criteria, its departments and
//! people, who is responsible for what, who is on duty, and what looks like the same problem twice.
//!
//! Pure: no async, files, sockets, clocks or random numbers. Tables of the national standards are compiled in.

pub mod area;
pub mod catalogue;
pub mod codes;
pub mod component;
pub mod crosswalk;
pub mod duplicate;
pub mod grid;
pub mod holiday;
pub mod organisation;
pub mod password;
pub mod responsibility;
pub mod roster;
pub mod table;
pub mod template;
pub mod text;
pub mod tokens;
pub mod unit_grid;

pub use area::{Division, Divisions};
pub use catalogue::{
    AreaGrade, AttributeQuestion, Catalogue, ClassEntry, Criterion, Datatype, Geometry, Standard,
};
pub use crosswalk::CrosswalkAnswer;
pub use grid::Grids;
pub use organisation::{Department, DepartmentKind, DepartmentLevel, Organisation, Person};
pub use table::TableProblem;
pub use text::{FieldProblem, L10n, Lang};
pub use unit_grid::GridAttributes;
