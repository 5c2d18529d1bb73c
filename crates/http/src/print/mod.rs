//! The case file (案卷) on paper: what the page shows, as a PDF.

pub mod case_file;
pub mod draw;
pub mod layout;
pub mod typeface;
