//! The doors from outside, through the whole router, over a store in memory.
#![allow(clippy::unwrap_used)] // Every line here is a test; a panic says where.

extern crate spatial as yiwang_spatial;

mod admin;
mod case_work;
mod live;
mod map;
mod open311;
mod problem;
mod public;
#[path = "../../../spatial/tests/engine/reading.rs"]
#[allow(dead_code)] // shared with the tests of the tiles themselves
mod reading;
mod session;
mod world;
