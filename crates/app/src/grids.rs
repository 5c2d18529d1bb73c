//! The grid system (网格体系): unit grids as polygons in editions, drafts of the next one, duty grids over them.

pub mod areas;
pub mod draft;
pub mod duty;
pub mod edit;
pub mod findings;
pub mod geojson;
pub mod in_force;
pub mod look;
pub mod publish;
mod settle;
