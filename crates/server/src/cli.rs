//! The command line.

use crate::command;
use crate::config::Flags;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// 一网：城市问题从发现到解决的全流程平台 · One net for a city: from finding a problem to checking that it was solved
#[derive(Debug, Parser)]
#[command(name = "yiwang", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Common {
    /// 配置文件 · Configuration file [default: ./yiwang.toml or /etc/yiwang/yiwang.toml when there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// 数据目录 · Data directory
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 数据库 · Database: postgres://… or sqlite:PATH
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// 城市编码 · Code of the city
    #[arg(long, global = true, value_name = "CODE")]
    pub city: Option<String>,
}

impl Common {
    /// As a layer of the configuration.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data_dir: self.data.clone(),
            database_url: self.database.clone(),
            city: self.city.clone(),
            ..Flags::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// 启动服务 · Run the server
    Serve(command::serve::Options),
    /// 查看、检查配置 · Show or check the configuration
    #[command(subcommand)]
    Config(command::config::Action),
    /// 备份（可在运行中执行）· Back up, also while the server runs
    Backup(command::backup::Options),
    /// 恢复备份（需先停止服务）· Restore a backup; the server must be stopped
    Restore(command::restore::Options),
    /// 城市 · Cities
    #[command(subcommand)]
    City(command::city::Action),
    /// 人员与密码 · People and their passwords
    #[command(subcommand)]
    User(command::user::Action),
    /// 十项验收检查，有一项不通过则返回 1 · The ten acceptance queries; exit code 1 when one fails
    Check,
    /// 由流转记录重算案卷并与现状比较 · Replay cases from their facts and compare with their rows
    Replay(command::replay::Options),
    /// 办理程序 · Procedures
    #[command(subcommand)]
    Procedure(command::procedure::Action),
    /// 行业应用包：列出、检查 · Industry packs: list or check them
    #[command(subcommand)]
    Packs(command::packs::Action),
    /// 导入表格 · Import a table
    Import(command::import::Options),
    /// 导出表格 · Export a table
    Export(command::export::Options),
    /// 演示城市 · Demo cities
    #[command(subcommand)]
    Demo(command::demo::Action),
    /// 版本 · Version
    Version,
}
