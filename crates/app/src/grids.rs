//! The grid system (网格体系): unit grids as polygons in editions.

pub mod in_force;
