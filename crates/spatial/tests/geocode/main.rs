//! The geocoder against real places: what people type, and where it should lead.

mod city;
mod questions;
mod upkeep;
