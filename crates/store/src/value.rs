//! Values that go into a statement and rows that come out, the same for both engines.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Row as _};

/// One bound value. Nothing else is ever bound, so both engines agree on every type.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(i64),
    OptInt(Option<i64>),
    OptReal(Option<f64>),
    Text(String),
    OptText(Option<String>),
    Bytes(Vec<u8>),
    OptBytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => { $(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )* };
}

from! {
    i64 => Int, u32 => Int, bool => Int, Option<i64> => OptInt, Option<f64> => OptReal,
    Vec<u8> => Bytes, Option<Vec<u8>> => OptBytes,
}

/// PostgreSQL's text cannot hold the character NUL, which strangers do send: both engines get the sign for
/// something unreadable instead.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(storable(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(storable(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::OptText(text.map(storable))
    }
}

impl From<kernel::CityCode> for Value {
    fn from(city: kernel::CityCode) -> Self {
        Self::Int(city.get().into())
    }
}

impl From<kernel::CaseId> for Value {
    fn from(id: kernel::CaseId) -> Self {
        Self::Bytes(id.0.as_bytes().to_vec())
    }
}

impl From<kernel::Timestamp> for Value {
    fn from(at: kernel::Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<kernel::PersonId> for Value {
    fn from(person: kernel::PersonId) -> Self {
        Self::Int(person.0.into())
    }
}

/// `values![a, b]` is the list of arguments of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;

pub(crate) fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::OptInt(value) => arguments.add(value),
            Value::OptReal(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::OptText(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::OptBytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

pub(crate) fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::OptInt(value) => arguments.add(value),
            Value::OptReal(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::OptText(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::OptBytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// One row. Columns are read by place and type; a NULL or another type where a value must be is an error.
#[derive(Debug)]
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

macro_rules! column {
    ($($name:ident -> $type:ty),* $(,)?) => { $(
        pub(crate) fn $name(&self, column: usize) -> Result<$type, sqlx::Error> {
            match self {
                Self::Lite(row) => row.try_get(column),
                Self::Pg(row) => row.try_get(column),
            }
        }
    )* };
}

impl Row {
    column! {
        int -> i64, opt_int -> Option<i64>, opt_real -> Option<f64>, text -> String, opt_text -> Option<String>,
        bytes -> Vec<u8>, opt_bytes -> Option<Vec<u8>>,
    }
}
