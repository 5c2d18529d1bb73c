//! Evidence from the outside: files built here byte by byte, real photos where they are found, and
//! arbitrary bytes.

#![allow(clippy::unwrap_used, reason = "a test that cannot build its file should stop")]

mod any_bytes;
mod build;
mod format;
mod likeness;
mod photo;
mod public;
mod video;
