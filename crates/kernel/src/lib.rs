//! The words every other crate uses: identities, actors, time, calendars, clocks, places.
//!
//! Pure: no async, files, sockets, clocks or random numbers. Callers bring `now`.

pub mod actor;
pub mod calendar;
pub mod class;
pub mod clock;
pub mod coordinate;
pub mod id;
pub mod limit;
pub mod place;
pub mod time;

pub use actor::{Actor, Area, Post, Role, Scope};
pub use calendar::Calendar;
pub use class::{ClassKey, Edition, Kind};
pub use clock::{Clock, ClockKind, Light, Pause};
pub use coordinate::{CoordinateFault, Crs, GaussKruger, Plane, ZoneWidth};
pub use id::{AttachmentId, CaseId, CaseNumber, CityCode, DepartmentId, GridCode, PersonId};
pub use limit::{LimitUnit, TimeLimit};
pub use place::{Bd09, Cgcs2000, Gcj02, Point, Wgs84};
pub use time::{Millis, Timestamp};
