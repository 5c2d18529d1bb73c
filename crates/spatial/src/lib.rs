//! Where things are, in memory: unit grids as polygons, a million points, what lies around a place, vector tiles.
//! CPU only: no files, sockets, clocks or random numbers. Everything here can be rebuilt from the store.

pub mod divide;
pub mod edit;
mod plane;
pub mod shape;
pub mod wkt;

pub mod mercator;
pub mod outline;
pub mod points;
mod raster;
pub mod region;
pub mod snapshot;
pub mod tile;

pub mod geocode;

pub mod check;
pub mod town;
