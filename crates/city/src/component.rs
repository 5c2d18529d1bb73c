//! Components (部件): every manhole cover, lamp, tree and bench as one record with a code that is never reused.
//!
//! [`decide`] answers facts or says field by field what is wrong; [`apply`] is the only way a record changes, and
//! replaying its facts gives the same record. The 18 standard attributes of GB/T 47678.5-2026 are read and
//! written by [`attribute`]; codes are issued, checked and converted by [`code`].

pub mod attribute;
pub mod change;
pub mod code;
pub mod place;
pub mod record;

pub use attribute::{Attribute, AttributeKind, Requirement, attributes, check_values};
pub use change::{Change, Command, Context, Fact, FactRecord, ReplayError, apply, decide, replay};
pub use code::{Issuer, check_code, convert};
pub use place::Place;
pub use record::{
    Accuracy, Body, Component, Confirmation, Document, Relation, RelationKind, State, Survey,
    credit_code_check,
};

#[cfg(test)]
mod tests;
