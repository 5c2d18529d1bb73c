//! The use cases as people call them, on a store in memory.

extern crate yiwang_app as app;

mod configuration;
mod desk;
mod figures;
mod grid_drafts;
mod grids;
mod ground;
mod import;
mod lap;
mod places;
mod public;
mod refused;
mod registers;
mod registry;
mod transfer;
mod whole_loop;
mod world;
