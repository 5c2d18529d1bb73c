//! `yiwang import KIND FILE`: tables of an old system, as CSV or XLSX.

use super::desk::{Desk, is_about_input, refuse, told};
use super::{Ended, configured};
use crate::cli::Common;
use app::import::{ROWS_MAX, Table};
use clap::{Args, ValueEnum};
use outside::table::{TableLimits, read};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Options {
    /// 种类 · What the rows are
    kind: Kind,
    /// CSV（UTF-8 或 GBK）或 XLSX 文件 · CSV (UTF-8 or GBK) or XLSX file
    file: PathBuf,
    /// 只检查，不写入 · Only check, write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Departments,
    People,
    Responsibility,
    Cases,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Departments => "departments",
            Self::People => "people",
            Self::Responsibility => "responsibility",
            Self::Cases => "cases",
        }
    }
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let bytes = match std::fs::read(&options.file) {
        Ok(bytes) => bytes,
        Err(cause) => {
            eprintln!("yiwang: could not read {}: {cause}", options.file.display());
            return Ok(Ended::BadInput);
        }
    };
    let limits = TableLimits { rows: ROWS_MAX, ..TableLimits::default() };
    let table = match read(&bytes, &limits) {
        Ok(table) => Table { headers: table.headers, rows: table.rows },
        Err(error) => {
            eprintln!("yiwang: {}: {error}", options.file.display());
            return Ok(Ended::BadInput);
        }
    };
    let desk = Desk::open(&config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let done = desk.app.import(&Desk::actor(city), options.kind.as_str(), &table, options.dry_run).await;
    desk.close().await?;
    let view = match done {
        Ok(view) => view,
        Err(error) if is_about_input(&error) => return Ok(refuse(error)),
        Err(error) => return Err(told(error)),
    };
    if !view.errors.is_empty() {
        println!("{:>8}  {:<24}  problem", "line", "column");
    }
    for error in &view.errors {
        println!("{:>8}  {:<24}  {}", error.row, error.field, error.code);
    }
    if view.error_count > view.errors.len() {
        println!("… and {} more", view.error_count - view.errors.len());
    }
    let verb = if view.dry_run { "would be written" } else { "written" };
    println!("{}: {} rows, {} {verb}, {} with problems", view.kind, view.rows, view.ok, view.error_count);
    Ok(if view.error_count == 0 { Ended::Fine } else { Ended::BadInput })
}
