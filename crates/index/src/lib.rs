//! All cases of a city as columns in memory: lists, counts and rights at a million cases.
//!
//! [`CaseIndex`] keeps 96 bytes a case, found by the dense serial that the store gives it. A [`Query`] joins
//! what is asked ([`Filter`]) with what may be seen ([`Visibility`]); [`CaseIndex::page`], [`CaseIndex::count`],
//! [`CaseIndex::group_count`] and [`CaseIndex::geo`] answer it by one pass over the columns. The index is a
//! cache: it can be rebuilt from the store at any time, and a snapshot of it only saves that work.
//!
//! Times are kept and compared by the whole second: a light is the light at the whole second of `now`.

mod column;
mod dictionary;
mod filter;
mod group;
mod index;
mod map;
mod page;
mod plan;
mod row;
mod scan;
mod serial_set;
mod snapshot;

pub use filter::{AppealStep, Bounds, Filter, Grant, MajorClass, Near, Period, Query, Visibility};
pub use group::{AreaLevel, GroupBy, GroupKey, TimeOf};
pub use index::{CaseIndex, GeoPoint, IndexProblem, ROWS_MAX};
pub use map::MapCase;
pub use page::{Cursor, Page, Sort, SortBy};
pub use serial_set::SerialSet;
pub use snapshot::SnapshotProblem;
