//! The doors from outside, through the whole router, over a store in memory.
#![allow(clippy::unwrap_used)] // Every line here is a test; a panic says where.

mod admin;
mod case_work;
mod live;
mod open311;
mod problem;
mod public;
mod session;
mod world;
