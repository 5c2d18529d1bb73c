//! What a use case answers instead of its result.

use crate::ports::{BlobError, StoreError};
use case::Refusal;
use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// One thing wrong with what was sent: the field, a stable code, and numbers for the sentence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldProblem {
    /// Path of the field, such as `place.lng` or `evidence[2].kind`.
    pub field: String,
    pub code: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

impl FieldProblem {
    #[must_use]
    pub fn new(field: impl Into<String>, code: &'static str) -> Self {
        Self { field: field.into(), code, params: Map::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The city's rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Bad input: every problem found, not only the first.
    #[error("{} field(s) are not valid", .0.len())]
    Invalid(Vec<FieldProblem>),
    /// Unseen, or hidden from this actor.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("changed by someone else meanwhile")]
    Stale,
    #[error("not signed in")]
    NotSignedIn,
    #[error("account or password is wrong")]
    BadCredentials,
    #[error("the account is locked")]
    Locked { until: Timestamp },
    /// None of the actor's roles may use this function.
    #[error("no right to {0}")]
    Forbidden(&'static str),
    /// A case is pinned to a version of the procedure that the configuration lacks.
    #[error("there is no version {0} of the procedure")]
    ProcedureMissing(u32),
    #[error("too much at once")]
    Busy,
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } | StoreError::StaleRecord { .. } | StoreError::StaleThing { .. } => {
                Self::Stale
            }
            StoreError::CodeTaken { code, .. } => {
                Self::Invalid(vec![FieldProblem::new("code", "taken").with("code", code)])
            }
            StoreError::Busy => Self::Busy,
            other => Self::Store(other),
        }
    }
}

impl AppError {
    #[must_use]
    pub fn invalid(field: impl Into<String>, code: &'static str) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, code)])
    }
}

/// Collects problems, so that a person learns of all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<FieldProblem>);

impl Problems {
    pub fn add(&mut self, field: impl Into<String>, code: &'static str) {
        self.0.push(FieldProblem::new(field, code));
    }

    pub fn push(&mut self, problem: FieldProblem) {
        self.0.push(problem);
    }

    /// Refuses text longer than `max` characters.
    pub fn bounded(&mut self, field: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.push(FieldProblem::new(field, "too_long").with("max", max as u64));
        }
    }

    /// # Errors
    /// [`AppError::Invalid`] when anything was added.
    pub fn done(self) -> Result<(), AppError> {
        if self.0.is_empty() { Ok(()) } else { Err(AppError::Invalid(self.0)) }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn into_vec(self) -> Vec<FieldProblem> {
        self.0
    }
}
