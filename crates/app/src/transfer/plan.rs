//! How the rows of a file become things of the city: the mapping of columns, saved as a profile under a name.

use super::field;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::files::Reading;
use kernel::coordinate::Crs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Translations of one column; the classes of an inventory and its spellings.
const VALUES_MAX: usize = 2_000;
const TEXT_MAX: usize = 1_000;

/// What the rows become.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
#[schema(as = TransferTarget)]
pub enum Target {
    #[default]
    Components,
    /// Entries of a pack's register.
    Register { register: String },
    /// Regions, streets, doors and points of interest of the geocoder.
    Addresses,
}

/// Where the shape of a row is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
#[schema(as = TransferShape)]
pub enum ShapeFrom {
    #[default]
    None,
    /// In the file, beside its columns.
    File,
    Wkt {
        column: String,
    },
    /// Longitude and latitude, or easting and northing.
    Xy {
        x: String,
        y: String,
    },
}

/// Where the value of a field comes from: a column, its words translated, and what stands in for an empty cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = TransferFieldMap)]
pub struct FieldMap {
    pub column: Option<String>,
    /// Word of the file → value. When there are any, every other word is a fault, unless `otherwise` is set.
    pub values: BTreeMap<String, String>,
    /// Value of an empty cell, of a word without translation, or of every row when there is no column.
    pub otherwise: Option<String>,
}

/// What happens when a row is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TransferMode)]
pub enum Mode {
    /// One wrong row and nothing is written; a failure takes back what was.
    #[default]
    AllOrNothing,
    /// Right rows are written, wrong ones named.
    BestEffort,
}

/// A mapping; with the name of a profile it is kept for the next file of its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = TransferPlan)]
pub struct Plan {
    pub target: Target,
    /// Such as `cgcs2000`, `gcj02`, `gk3:40`.
    pub crs: String,
    pub shape: ShapeFrom,
    pub fields: BTreeMap<String, FieldMap>,
    pub mode: Mode,
}

/// A saved mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TransferProfile)]
pub struct Profile {
    pub name: String,
    pub version: u32,
    pub plan: Plan,
}

impl Plan {
    /// Everything wrong with the mapping itself; with `reading`, also columns the file does not have.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming each field.
    pub fn check(&self, config: &Config, reading: Option<&Reading>) -> Result<(), AppError> {
        let mut problems = Problems::default();
        if let Target::Register { register } = &self.target
            && config.packs.register(register).is_none()
        {
            problems.add("target.register", "unknown_register");
            return problems.done();
        }
        let known = field::fields(&self.target, config);
        if self.crs.parse::<Crs>().is_err() {
            problems.add("crs", "unknown_system");
        }
        let has = |name: &String| reading.is_none_or(|reading| reading.columns.contains(name));
        let mut column = |at: String, name: &String| {
            if !has(name) {
                problems.push(FieldProblem::new(at, "unknown_column").with("column", name.clone()));
            }
        };
        match &self.shape {
            ShapeFrom::None | ShapeFrom::File => {}
            ShapeFrom::Wkt { column: name } => column("shape.column".to_owned(), name),
            ShapeFrom::Xy { x, y } => {
                column("shape.x".to_owned(), x);
                column("shape.y".to_owned(), y);
            }
        }
        for (name, map) in &self.fields {
            if let Some(from) = &map.column {
                column(format!("fields.{name}.column"), from);
            }
        }
        let shape_from_file = matches!(self.shape, ShapeFrom::File);
        if shape_from_file && reading.is_some_and(|reading| !reading.format.has_shapes()) {
            problems.add("shape", "no_shapes_in_file");
        }
        if matches!(self.shape, ShapeFrom::None) {
            problems.add("shape", "required");
        }
        for (name, map) in &self.fields {
            let at = |part: &str| format!("fields.{name}{part}");
            let own = self.target == Target::Components && name.starts_with("extra.");
            if !own && known.iter().all(|one| one.field != *name) {
                problems.add(at(""), "unknown_field");
            }
            if map.column.is_none() && map.otherwise.is_none() {
                problems.add(at(""), "required");
            }
            if map.values.len() > VALUES_MAX {
                problems.push(FieldProblem::new(at(".values"), "too_many").with("max", VALUES_MAX));
            }
            let texts = map.values.iter().flat_map(|(a, b)| [a, b]).chain(&map.otherwise).chain(&map.column);
            if texts.into_iter().any(|text| text.chars().count() > TEXT_MAX) {
                problems.push(FieldProblem::new(at(""), "too_long").with("max", TEXT_MAX));
            }
        }
        for required in known.iter().filter(|field| field.required) {
            if !self.fields.contains_key(&required.field) {
                problems.add(format!("fields.{}", required.field), "required");
            }
        }
        if self.target == Target::Components
            && !self.fields.contains_key("code")
            && !self.fields.contains_key("class")
        {
            problems.add("fields.class", "required");
        }
        problems.done()
    }

    /// What is likely meant by the columns of a file.
    #[must_use]
    pub fn guess(target: Target, config: &Config, reading: &Reading, crs: &str) -> Self {
        let map = |(field, column): (String, String)| {
            (field, FieldMap { column: Some(column), ..FieldMap::default() })
        };
        let shape =
            if reading.format.has_shapes() { ShapeFrom::File } else { field::guess_shape(&reading.columns) };
        let fields = field::guess(&target, &field::fields(&target, config), &reading.columns)
            .into_iter()
            .map(map)
            .collect();
        Self { target, crs: crs.to_owned(), shape, fields, mode: Mode::default() }
    }
}
