//! The engine against slow references: regions, things, tiles, snapshots.

mod made;
mod reading;
mod regions;
mod snapshots;
mod things;
mod tiles;
