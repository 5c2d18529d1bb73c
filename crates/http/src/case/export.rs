//! Taking lists away as CSV or XLSX. Every export is written into the audit log.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::filters::{Extra, Filters};
use crate::i18n;
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::table::{Cell, Table, TableFormat};
use app::App;
use app::list_query::ListQuery;
use app::view::CaseLine;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Columns of an export, in the order of the sheet.
const COLUMNS: [&str; 32] = [
    "number",
    "stage",
    "light",
    "class",
    "class_key",
    "headline",
    "address",
    "street",
    "grid",
    "lng",
    "lat",
    "source",
    "level",
    "urgent",
    "major",
    "reported_at",
    "filed_at",
    "due_at",
    "total_due_at",
    "ended_at",
    "updated_at",
    "department",
    "handler",
    "collector",
    "intake",
    "urged_times",
    "reworks",
    "returns",
    "extensions",
    "suspensions",
    "duplicates",
    "id",
];

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(export_cases))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wish {
    #[param(inline)]
    format: TableFormat,
    /// Column words separated by commas; all when left out.
    #[param(max_length = 500)]
    columns: Option<String>,
}

impl Extra for Wish {
    const NAMES: &'static [&'static str] = &["format", "columns"];
}

/// Matching cases as a file, at most 100,000 rows.
#[utoipa::path(get, path = "/api/cases/export", tag = "case", params(ListQuery, Wish),
    responses((status = 200, description = "The file", content(
        (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
async fn export_cases(
    State(door): State<Door>,
    caller: Caller,
    filters: Filters<Wish>,
) -> Result<Response, HttpError> {
    let columns = columns(filters.own.columns.as_deref())?;
    let rows = door.app.export_cases(&caller.actor, &filters.list, &caller.address.to_string()).await?;
    let table = Table { columns, ..table("cases", rows, &door.app, &caller)? };
    table.answer(filters.own.format).await
}

/// Lines of a list as a table with every column, in the caller's language and the city's time.
///
/// # Errors
/// For a city this server does not run.
pub fn table(
    name: &'static str,
    rows: Vec<CaseLine>,
    app: &App,
    caller: &Caller,
) -> Result<Table<CaseLine>, HttpError> {
    let time = LocalTime::of(&*app.config(caller.actor.city)?);
    Ok(Table { name, columns: COLUMNS.to_vec(), rows, cell, language: caller.language, time })
}

fn columns(wish: Option<&str>) -> Result<Vec<&'static str>, HttpError> {
    let Some(wish) = wish.filter(|text| !text.is_empty()) else { return Ok(COLUMNS.to_vec()) };
    wish.split(',')
        .map(|word| COLUMNS.into_iter().find(|known| *known == word.trim()))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| HttpError::field("columns", "unknown_value"))
}

fn cell(line: &CaseLine, column: &str, language: Language) -> Cell {
    let word = |group, code: &str| Cell::Text(i18n::word(language, group, code));
    let flag = |on: bool| word("yes_no", if on { "true" } else { "false" });
    let person = |p: &Option<app::view::PersonView>| {
        p.as_ref().map_or(Cell::Empty, |p| Cell::Text(language.pick(&p.name).to_owned()))
    };
    match column {
        "number" => Cell::Text(line.number.clone()),
        "stage" => word("stage", &line.stage),
        "light" => word("light", &line.light),
        "class" => line.class.as_ref().map_or(Cell::Empty, |c| Cell::Text(language.pick(&c.name).to_owned())),
        "class_key" => line.class.as_ref().map_or(Cell::Empty, |c| Cell::Text(c.key.clone())),
        "headline" => Cell::Text(line.headline.clone()),
        "address" => Cell::Text(line.address.clone()),
        "street" => {
            line.street_name.as_ref().map_or(Cell::Empty, |w| Cell::Text(language.pick(w).to_owned()))
        }
        "grid" => line.grid.clone().map_or(Cell::Empty, Cell::Text),
        "lng" => Cell::number(line.lng),
        "lat" => Cell::number(line.lat),
        "source" => word("source", &line.source),
        "level" => word("level", &line.level),
        "urgent" => flag(line.urgent),
        "major" => flag(line.major),
        "reported_at" => Cell::Time(line.reported_at),
        "filed_at" => Cell::time(line.filed_at),
        "due_at" => Cell::time(line.due_at),
        "total_due_at" => Cell::time(line.total_due_at),
        "ended_at" => Cell::time(line.ended_at),
        "updated_at" => Cell::Time(line.updated_at),
        "department" => {
            line.department.as_ref().map_or(Cell::Empty, |d| Cell::Text(language.pick(&d.name).to_owned()))
        }
        "handler" => person(&line.handler),
        "collector" => person(&line.collector),
        "intake" => person(&line.intake),
        "urged_times" => Cell::Number(f64::from(line.urged_times)),
        "reworks" => Cell::Number(f64::from(line.reworks)),
        "returns" => Cell::Number(f64::from(line.returns)),
        "extensions" => Cell::Number(f64::from(line.extensions)),
        "suspensions" => Cell::Number(f64::from(line.suspensions)),
        "duplicates" => Cell::Number(f64::from(line.duplicates)),
        "id" => Cell::Text(line.id.clone()),
        _ => Cell::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_by_name() {
        assert_eq!(columns(None).unwrap().len(), COLUMNS.len());
        assert_eq!(columns(Some("stage, number")).unwrap(), ["stage", "number"]);
        assert_eq!(columns(Some("stage,phone")).unwrap_err().status, 422);
    }

    #[test]
    fn every_column_has_a_heading() {
        for column in COLUMNS {
            assert_ne!(i18n::word(Language::Zh, "column", column), column);
        }
    }
}
