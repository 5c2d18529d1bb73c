//! Divisions (行政区划): as they are on a day, and a table of them brought in.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem};
use crate::ports::PutRecord;
use crate::rights;
use crate::view::Words;
use city::area::{Division, PlaceLevel};
use city::{Divisions, TableProblem};
use jiff::civil::Date;
use kernel::{Actor, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Divisions of one city: a large one has some eight thousand villages.
const ROWS_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DivisionRowView {
    pub code: String,
    pub name: Words,
    pub parent: Option<String>,
    /// `county`, `street`, `community`.
    pub level: String,
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
    /// Unit grids in it.
    pub grids: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DivisionsView {
    /// In order of code.
    pub items: Vec<DivisionRowView>,
}

/// A table of divisions.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DivisionsIn {
    /// CSV with a header line: `code`, `name_zh`, and where there are such `parent_code`, `name_en`, `valid_from`,
    /// `valid_to`. The national table of statistics (`code,name,level,parent_code`) is read too.
    #[schema(max_length = 4_000_000)]
    pub csv: String,
    /// Only rows whose code begins so, such as `3707` for a city; all when empty.
    #[schema(max_length = 12)]
    pub under: String,
    /// Only say what it would do.
    pub dry_run: bool,
}

/// What a table would change, or changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DivisionsLoadView {
    pub rows: usize,
    pub added: usize,
    pub changed: usize,
    pub same: usize,
    pub applied: bool,
}

impl App {
    /// Divisions that count on a day, today when absent.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub fn list_divisions(&self, actor: &Actor, on: Option<Date>) -> Result<DivisionsView, AppError> {
        rights::one_of(actor, &Role::ALL, "read the divisions")?;
        let config = self.config(actor.city)?;
        let day = on.unwrap_or_else(|| config.calendar.local_date(self.now()));
        let valid = config.divisions.iter().filter(|division| division.is_valid_on(day));
        Ok(DivisionsView { items: valid.map(|division| division_view(&config, division)).collect() })
    }

    /// Brings in a table of divisions: all of it, or nothing and what is wrong with it.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right; [`AppError::Invalid`] with line and reason.
    pub async fn load_divisions(
        &self,
        actor: &Actor,
        sent: DivisionsIn,
    ) -> Result<DivisionsLoadView, AppError> {
        rights::only(actor, Role::SystemAdmin, "change the divisions")?;
        let table = national(&sent.csv, &sent.under).unwrap_or_else(|| sent.csv.clone());
        let read = Divisions::from_csv(&table).map_err(|problem| unreadable(&problem))?;
        let under = |division: &&Division| division.code.as_str().starts_with(&sent.under);
        let rows: Vec<&Division> = read.iter().filter(under).collect();
        if rows.is_empty() {
            return Err(AppError::invalid("csv", "required"));
        }
        if rows.len() > ROWS_MAX {
            return Err(AppError::Invalid(vec![
                FieldProblem::new("csv", "too_many").with("max", ROWS_MAX as u64),
            ]));
        }
        let config = self.config(actor.city)?;
        let (mut added, mut changed, mut same) = (0, 0, 0);
        let mut puts = Vec::new();
        for division in &rows {
            match config.divisions.get(&division.code) {
                Some(old) if old == *division => {
                    same += 1;
                    continue;
                }
                Some(_) => changed += 1,
                None => added += 1,
            }
            let key = division.code.to_string();
            let version = config.record_versions.get(&("divisions".to_owned(), key.clone())).copied();
            puts.push(PutRecord {
                kind: "divisions".to_owned(),
                key,
                expected_version: version.unwrap_or(0),
                value: Some(serde_json::to_value(division).unwrap_or(Value::Null)),
            });
        }
        let view = DivisionsLoadView { rows: rows.len(), added, changed, same, applied: !sent.dry_run };
        if sent.dry_run {
            self.check_change(actor.city, actor.person_id(), &puts).await?;
            return Ok(view);
        }
        if !puts.is_empty() {
            self.put_checked(actor.city, actor.person_id(), puts).await?;
            let detail = format!("{added} added, {changed} changed");
            self.note(actor.city, actor.person_id(), "divisions_loaded", &sent.under, &detail, "").await?;
        }
        Ok(view)
    }
}

fn unreadable(problem: &TableProblem) -> AppError {
    AppError::Invalid(vec![FieldProblem::new("csv", "bad_table").with("why", problem.to_string())])
}

/// The national table (`code,name,level,parent_code`) in the columns of ours: counties, streets and communities;
/// provinces and prefectures are no part of a city's own codes, and a county's parent outside it is left out.
fn national(csv: &str, under: &str) -> Option<String> {
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next()?.trim_start_matches('\u{feff}').trim().split(',').collect();
    let column = |name: &str| head.iter().position(|one| *one == name);
    let (code, name, level) = (column("code")?, column("name")?, column("level")?);
    let parent = column("parent_code");
    let kept: Vec<Vec<&str>> = lines
        .map(|line| line.trim().split(',').collect::<Vec<_>>())
        .filter(|cells| cells.len() > level && cells[level] >= "3" && cells[code].starts_with(under))
        .collect();
    let known: BTreeMap<&str, ()> = kept.iter().map(|cells| (cells[code], ())).collect();
    let mut table = String::from("code,name_zh,name_en,parent_code\n");
    for cells in &kept {
        let above = parent.and_then(|at| cells.get(at)).filter(|above| known.contains_key(**above));
        table.push_str(&format!("{},{},,{}\n", cells[code], cells[name], above.copied().unwrap_or("")));
    }
    Some(table)
}

fn division_view(config: &Config, division: &Division) -> DivisionRowView {
    let level = match PlaceLevel::of(&division.code) {
        PlaceLevel::County => "county",
        PlaceLevel::Street => "street",
        PlaceLevel::Community | PlaceLevel::UnitGrid => "community",
    };
    DivisionRowView {
        code: division.code.to_string(),
        name: words(&division.name),
        parent: division.parent.as_ref().map(ToString::to_string),
        level: level.to_owned(),
        valid_from: division.valid_from.map(|day| day.to_string()),
        valid_to: division.valid_to.map(|day| day.to_string()),
        grids: config.grids.of_area(&division.code).count(),
    }
}
