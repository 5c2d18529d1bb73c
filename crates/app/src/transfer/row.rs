//! One row under a mapping: values by field, and its shape in the stored datum.

use super::Fault;
use super::plan::{FieldMap, Plan, ShapeFrom};
use super::wkt;
use crate::config::Config;
use crate::error::{AppError, FieldProblem};
use crate::ports::files::{FileRow, RawShape, Reading};
use city::component::Place;
use kernel::coordinate::Crs;
use kernel::{Cgcs2000, Point};
use std::collections::BTreeMap;

/// A mapping with its columns found.
pub struct Mapping {
    crs: Crs,
    shape: Columns,
    fields: BTreeMap<String, Source>,
}

enum Columns {
    Nowhere,
    File,
    Wkt(usize),
    Xy(usize, usize),
}

struct Source {
    column: Option<usize>,
    map: FieldMap,
}

impl Mapping {
    /// # Errors
    /// [`AppError::Invalid`] as [`Plan::check`].
    pub fn new(plan: &Plan, config: &Config, reading: &Reading) -> Result<Self, AppError> {
        plan.check(config, Some(reading))?;
        let at = |name: &String| reading.columns.iter().position(|column| column == name);
        let missing = || AppError::invalid("shape", "unknown_column");
        let shape = match &plan.shape {
            ShapeFrom::None => Columns::Nowhere,
            ShapeFrom::File => Columns::File,
            ShapeFrom::Wkt { column } => Columns::Wkt(at(column).ok_or_else(missing)?),
            ShapeFrom::Xy { x, y } => Columns::Xy(at(x).ok_or_else(missing)?, at(y).ok_or_else(missing)?),
        };
        let source = |(name, map): (&String, &FieldMap)| {
            (name.clone(), Source { column: map.column.as_ref().and_then(at), map: map.clone() })
        };
        Ok(Self {
            crs: plan.crs.parse().map_err(|_| AppError::invalid("crs", "unknown_system"))?,
            shape,
            fields: plan.fields.iter().map(source).collect(),
        })
    }

    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Names of the mapped fields that a class has of its own.
    fn extra(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().filter_map(|name| name.strip_prefix("extra."))
    }
}

/// A row being understood; what is wrong with it is collected.
pub struct Row<'a> {
    pub number: u64,
    cells: &'a [String],
    raw: Option<&'a RawShape>,
    mapping: &'a Mapping,
    at: Option<Point<Cgcs2000>>,
    pub faults: Vec<Fault>,
}

impl<'a> Row<'a> {
    pub fn new(row: &'a FileRow, mapping: &'a Mapping) -> Self {
        let mut new = Self {
            number: row.row,
            cells: &row.cells,
            raw: row.shape.as_ref(),
            mapping,
            at: None,
            faults: Vec::new(),
        };
        if let Some(fault) = &row.fault {
            new.bad(&fault.field, fault.code);
        }
        new
    }

    pub fn bad(&mut self, field: &str, code: &str) {
        self.say(field, code, "", "");
    }

    /// As a check of the screen found it.
    pub fn problem(&mut self, problem: FieldProblem) {
        self.bad(&problem.field, problem.code);
        if let Some(fault) = self.faults.last_mut() {
            fault.params = problem.params;
        }
    }

    /// With the sentences of the city's own tables.
    pub fn say(&mut self, field: &str, code: &str, zh: &str, en: &str) {
        self.faults.push(Fault {
            row: self.number,
            field: field.to_owned(),
            code: code.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
            params: serde_json::Map::new(),
            lng: self.at.map(|p| p.lng()),
            lat: self.at.map(|p| p.lat()),
        });
    }

    /// The value of a field, empty when it has none.
    pub fn get(&mut self, field: &str) -> &'a str {
        let Some(source) = self.mapping.fields.get(field) else { return "" };
        let otherwise = source.map.otherwise.as_deref().unwrap_or_default();
        let Some(column) = source.column else { return otherwise };
        let cell = self.cells.get(column).map_or("", |cell| cell.trim());
        if cell.is_empty() {
            return otherwise;
        }
        if source.map.values.is_empty() {
            return cell;
        }
        match source.map.values.get(cell) {
            Some(value) => value,
            None if source.map.otherwise.is_some() => otherwise,
            None => {
                let shown: String = cell.chars().take(60).collect();
                self.say(
                    field,
                    "untranslated",
                    &format!("“{shown}”没有对应的值"),
                    &format!("nothing is set for “{shown}”"),
                );
                ""
            }
        }
    }

    /// The values of fields that the class has of its own.
    pub fn extra(&mut self) -> BTreeMap<String, String> {
        let mapping = self.mapping;
        let value = |name: &str| {
            let value = self.get(&format!("extra.{name}"));
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        mapping.extra().filter_map(value).collect()
    }

    /// The shape in the stored datum, a multi shape of one part as that part.
    pub fn shape(&mut self) -> Option<RawShape> {
        let raw = match self.mapping.shape {
            Columns::Nowhere => None,
            Columns::File => self.raw.cloned(),
            Columns::Wkt(column) => match self.cells.get(column).map_or("", |cell| cell.trim()) {
                "" => None,
                text => match wkt::parse(text) {
                    Ok(shape) => Some(shape),
                    Err(code) => {
                        self.bad("shape", code);
                        return None;
                    }
                },
            },
            Columns::Xy(x, y) => {
                let number = |column: usize| {
                    let cell = self.cells.get(column).map_or("", |cell| cell.trim());
                    (!cell.is_empty()).then(|| cell.parse::<f64>().ok())
                };
                match (number(x), number(y)) {
                    (None, None) => None,
                    (Some(Some(x)), Some(Some(y))) => Some(RawShape::Point([x, y])),
                    _ => {
                        self.bad("shape", "not_numbers");
                        return None;
                    }
                }
            }
        };
        let Some(raw) = raw else {
            if !self.faults.iter().any(|fault| fault.field == "shape") {
                self.bad("shape", "required");
            }
            return None;
        };
        let crs = self.mapping.crs;
        let turned = raw.single().turned(|[x, y]| crs.locate(x, y).map(|p| [p.lng(), p.lat()]));
        match turned {
            Ok(shape) => {
                self.at = shape.first().and_then(|[lng, lat]| Point::new(lng, lat));
                Some(shape)
            }
            Err(fault) => {
                self.bad("shape", fault.code());
                None
            }
        }
    }

    /// The shape as the place of a component.
    pub fn place(&mut self) -> Option<Place> {
        let shape = self.shape()?;
        if shape.kind() == "multi" {
            self.bad("shape", "several_parts");
            return None;
        }
        match Place::from_wkt(&wkt::write(&shape)) {
            Ok(place) => Some(place),
            Err(problem) => {
                self.say("shape", problem.code, &problem.message.zh, &problem.message.en);
                None
            }
        }
    }
}
