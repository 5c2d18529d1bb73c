//! `yiwang import KIND FILE`: tables of an old system, as CSV or XLSX, and components from any file that is read.

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
    pub(super) kind: Kind,
    /// CSV（UTF-8 或 GBK）或 XLSX 文件；部件还可用 GeoJSON、Shapefile（ZIP）、FlatGeobuf · CSV (UTF-8 or GBK) or XLSX file; components also GeoJSON, Shapefile (ZIP), FlatGeobuf
    pub(super) file: PathBuf,
    /// 部件：使用保存的映射方案 · Components: the saved mapping to use
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// 部件：JSON 文件中的映射方案；都不给时按列名猜测 · Components: a mapping as a JSON file; without either the columns' names decide
    #[arg(long, conflicts_with = "profile")]
    pub(super) mapping: Option<PathBuf>,
    /// 部件：坐标系，如 cgcs2000、gcj02、gk3:40 · Components: coordinate system
    #[arg(long)]
    pub(super) crs: Option<String>,
    /// 部件：有错的行跳过，其余写入 · Components: leave wrong rows out and write the others
    #[arg(long)]
    pub(super) best_effort: bool,
    /// 部件：错误表写入此 CSV 文件 · Components: write the table of what is wrong to this CSV file
    #[arg(long)]
    pub(super) faults: Option<PathBuf>,
    /// 只检查，不写入 · Only check, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Departments,
    People,
    Responsibility,
    Cases,
    Components,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Departments => "departments",
            Self::People => "people",
            Self::Responsibility => "responsibility",
            Self::Cases => "cases",
            Self::Components => "components",
        }
    }
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    if options.kind == Kind::Components {
        return super::transfer::run(&config, options).await;
    }
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
