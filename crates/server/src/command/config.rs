//! `yiwang config print|check`

use super::{Ended, configured_with};
use crate::cli::Common;
use crate::config::{Config, print};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 打印生效的配置（带注释，密码隐藏）· Print the effective configuration with comments, secrets hidden
    Print {
        /// 打印默认配置 · Print the defaults instead
        #[arg(long)]
        defaults: bool,
    },
    /// 检查配置 · Check the configuration
    Check,
}

pub fn run(common: &Common, action: &Action) -> Ended {
    if let Action::Print { defaults: true } = action {
        print!("{}", print(&Config::default()));
        return Ended::Fine;
    }
    let Some(loaded) = configured_with(&common.flags()) else { return Ended::BadInput };
    match action {
        Action::Print { .. } => print!("{}", print(&loaded.config)),
        Action::Check => {
            let from = loaded.file.map_or_else(|| "defaults".to_owned(), |file| file.display().to_string());
            for warning in &loaded.warnings {
                println!("{warning}");
            }
            println!("the configuration is sound ({from})");
        }
    }
    Ended::Fine
}
