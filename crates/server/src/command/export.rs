//! `yiwang export KIND FILE`: tables to take away. Those of the configuration can be imported again.

use super::desk::{Desk, told};
use super::import::Kind;
use super::{Ended, configured};
use crate::cli::Common;
use anyhow::{Context, bail};
use app::Config;
use app::list_query::ListQuery;
use app::view::CaseLine;
use clap::Args;
use jiff::tz::TimeZone;
use kernel::{Actor, CityCode, DepartmentId, GridCode, PersonId, Post, Role, Scope};
use outside::table::{Cell, Format, TableWriter};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Options {
    /// 种类 · What to export
    kind: Kind,
    /// 输出文件，.csv 或 .xlsx · File to write, .csv or .xlsx
    file: PathBuf,
    /// 只写表头（作为导入模板）· Only the headers, as a form for an import
    #[arg(long)]
    template: bool,
    /// CSV 不写 BOM（默认写，便于 Excel 打开）· CSV without the mark by which Excel knows UTF-8
    #[arg(long)]
    plain: bool,
}

const DEPARTMENTS: &[&str] =
    &["code", "name_zh", "name_en", "parent_code", "level", "kind", "areas", "phone", "active"];
const PEOPLE: &[&str] = &[
    "account",
    "name_zh",
    "name_en",
    "department_code",
    "roles",
    "areas",
    "classes",
    "phone",
    "email",
    "active",
];
const RESPONSIBILITY: &[&str] =
    &["class", "place", "owner", "department_code", "weight_permille", "basis_zh", "basis_en"];
/// Columns by which running cases of an old system come in.
const OLD_CASES: &[&str] = &[
    "old_number",
    "reported_at",
    "text",
    "source",
    "lng",
    "lat",
    "address",
    "class",
    "criterion",
    "stage",
    "department_code",
    "urgent",
];
/// Columns by which components come in.
const COMPONENTS: &[&str] = &[
    "code",
    "source_id",
    "class",
    "name",
    "supervisor_code",
    "supervisor_name",
    "owner_code",
    "owner_name",
    "maintainer_code",
    "maintainer_name",
    "lng",
    "lat",
    "state",
    "first_on",
    "source",
    "note",
    "height_m",
    "accuracy",
];
const CASES: &[&str] = &[
    "number",
    "stage",
    "class",
    "class_name",
    "text",
    "address",
    "lng",
    "lat",
    "grid",
    "source",
    "reported_at",
    "filed_at",
    "due_at",
    "ended_at",
    "light",
    "department",
    "urgent",
    "reworks",
    "returns",
    "extensions",
    "suspensions",
];

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let is_map = options.kind == Kind::Components && !options.template;
    let Some(format) = format(&options).or_else(|| is_map.then_some(Format::Csv)) else {
        eprintln!("yiwang: {}: .csv or .xlsx is expected", options.file.display());
        return Ok(Ended::BadInput);
    };
    if options.template {
        let headers = match options.kind {
            Kind::Departments => DEPARTMENTS,
            Kind::People => PEOPLE,
            Kind::Responsibility => RESPONSIBILITY,
            Kind::Cases => OLD_CASES,
            Kind::Components => COMPONENTS,
        };
        write(&options.file, format, headers, Vec::new())?;
        return Ok(Ended::Fine);
    }
    if options.kind == Kind::Components {
        return super::transfer::export(&config, &options.file).await;
    }
    let desk = Desk::open(&config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let known = desk.app.config(city).map_err(told)?;
    let (headers, rows) = match options.kind {
        Kind::Departments => (DEPARTMENTS, departments(&known)),
        Kind::People => (PEOPLE, people(&known)),
        Kind::Responsibility => (RESPONSIBILITY, responsibility(&known)),
        Kind::Cases => (CASES, cases(&desk, city, &known).await?),
        Kind::Components => return Ok(Ended::BadInput),
    };
    let count = rows.len();
    write(&options.file, format, headers, rows)?;
    desk.close().await?;
    println!("{}: {count} rows", options.file.display());
    Ok(Ended::Fine)
}

fn format(options: &Options) -> Option<Format> {
    match options.file.extension()?.to_str()? {
        "csv" if options.plain => Some(Format::Csv),
        "csv" => Some(Format::CsvForExcel),
        "xlsx" => Some(Format::Xlsx),
        _ => None,
    }
}

fn write(file: &Path, format: Format, headers: &[&str], rows: Vec<Vec<Cell>>) -> anyhow::Result<()> {
    let doing = || format!("could not write {}", file.display());
    let out = BufWriter::new(File::create_new(file).with_context(doing)?);
    let mut table = TableWriter::new(out, format, headers).with_context(doing)?;
    for row in rows {
        table.row(&row).with_context(doing)?;
    }
    table.finish().with_context(doing)?.into_inner().map_err(|e| e.into_error()).with_context(doing)?;
    Ok(())
}

fn text(value: impl Into<String>) -> Cell {
    let value = value.into();
    if value.is_empty() { Cell::Empty } else { Cell::Text(value) }
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> Cell {
    text(values.into_iter().map(|v| v.to_string()).collect::<Vec<_>>().join(";"))
}

fn code(config: &Config, id: DepartmentId) -> String {
    config.organisation.get(id).map_or_else(String::new, |d| d.code.clone())
}

fn departments(config: &Config) -> Vec<Vec<Cell>> {
    let row = |d: &city::Department| {
        vec![
            text(&d.code),
            text(&d.name.zh),
            text(&d.name.en),
            text(d.parent.map_or_else(String::new, |p| code(config, p))),
            text(d.level.as_str()),
            text(d.kind.as_str()),
            joined(&d.areas),
            text(&d.phone),
            text(d.active.to_string()),
        ]
    };
    config.organisation.iter().map(row).collect()
}

fn people(config: &Config) -> Vec<Vec<Cell>> {
    let row = |p: &city::Person| {
        let roles: BTreeSet<&str> = p.posts.iter().map(|post| post.role.as_str()).collect();
        let areas: BTreeSet<&str> =
            p.posts.iter().flat_map(|post| post.scope.areas.iter().map(GridCode::as_str)).collect();
        let classes: BTreeSet<String> =
            p.posts.iter().flat_map(|post| post.scope.classes.iter().map(ToString::to_string)).collect();
        vec![
            text(&p.account),
            text(&p.name.zh),
            text(&p.name.en),
            text(code(config, p.department)),
            joined(roles),
            joined(areas),
            joined(classes),
            text(&p.phone),
            text(&p.email),
            text(p.active.to_string()),
        ]
    };
    config.people.values().map(row).collect()
}

fn responsibility(config: &Config) -> Vec<Vec<Cell>> {
    let row = |rule: &city::responsibility::Rule| {
        vec![
            text(rule.class.to_string()),
            text(rule.place.as_ref().map_or("", GridCode::as_str)),
            text(rule.owner.clone().unwrap_or_default()),
            text(code(config, rule.department)),
            Cell::Number(f64::from(rule.weight_permille)),
            text(&rule.basis.zh),
            text(&rule.basis.en),
        ]
    };
    config.responsibility.iter().map(row).collect()
}

async fn cases(desk: &Desk, city: CityCode, config: &Config) -> anyhow::Result<Vec<Vec<Cell>>> {
    // Exports belong to posts; at the machine one sees as much as the city's leader.
    let post = Post { role: Role::Leader, department: DepartmentId(0), scope: Scope::default() };
    let actor = Actor::person(city, PersonId(0), vec![post]);
    let lines = desk.app.export_cases(&actor, &ListQuery::default(), "command line").await.map_err(told)?;
    let (_, stored) = app::ports::Store::head(&desk.store, city).await?;
    if (lines.len() as u64) < u64::from(stored) {
        bail!(
            "{stored} cases are more than one export holds ({}); use the console with a period",
            lines.len()
        );
    }
    let zone = TimeZone::get(config.calendar.zone().name())?;
    Ok(lines.iter().map(|line| case_row(line, &zone)).collect())
}

fn case_row(line: &CaseLine, zone: &TimeZone) -> Vec<Cell> {
    let time = |at: Option<i64>| {
        let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        at.map_or(Cell::Empty, |at| Cell::Text(at.to_zoned(zone.clone()).strftime("%F %T").to_string()))
    };
    let number = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
    vec![
        text(&line.number),
        text(&line.stage),
        text(line.class.as_ref().map_or("", |c| &c.key)),
        text(line.class.as_ref().map_or("", |c| &c.name.zh)),
        text(&line.headline),
        text(&line.address),
        number(line.lng),
        number(line.lat),
        text(line.grid.clone().unwrap_or_default()),
        text(&line.source),
        time(Some(line.reported_at)),
        time(line.filed_at),
        time(line.due_at),
        time(line.ended_at),
        text(&line.light),
        text(line.department.as_ref().map_or("", |d| &d.name.zh)),
        text(line.urgent.to_string()),
        Cell::Number(f64::from(line.reworks)),
        Cell::Number(f64::from(line.returns)),
        Cell::Number(f64::from(line.extensions)),
        Cell::Number(f64::from(line.suspensions)),
    ]
}
