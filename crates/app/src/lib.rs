//! Use cases, and the ports they need. Every use case takes the [`kernel::Actor`] first.
//!
//! Load → decide → save → tell others. Nothing here knows HTTP or SQL.

pub mod app;
pub mod attachments;
pub mod audit;
mod automatic;
pub mod basemap;
pub mod catalogue;
pub mod check;
pub mod config;
mod context;
mod convert;
pub mod dispatching;
mod draft;
pub mod duplicates;
pub mod error;
pub mod features;
pub mod grids;
pub mod ground;
pub mod history;
pub mod import;
pub mod inbox;
pub mod job;
pub mod layers;
pub mod ledger;
mod line;
pub mod list_cases;
pub mod list_query;
pub mod live;
mod notices;
mod password;
pub mod pick;
pub mod places;
pub mod ports;
pub mod public;
mod queue;
pub mod records;
pub mod registers;
pub mod report;
pub mod rights;
pub mod secret;
pub mod section;
mod see_case;
pub mod session;
pub mod settings;
pub mod step;
pub mod take_step;
pub mod tiles;
pub mod transfer;
pub mod upkeep;
pub mod view;
pub mod vocabulary;

pub use app::{App, City, DemoAccount, Parts, Saved};
pub use config::Config;
pub use error::{AppError, FieldProblem};
