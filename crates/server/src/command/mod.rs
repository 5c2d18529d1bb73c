//! One file for each command.

pub mod backup;
pub mod check;
pub mod city;
pub mod config;
pub mod demo;
pub mod desk;
pub mod export;
pub mod import;
pub mod packs;
pub mod procedure;
pub mod replay;
pub mod restore;
pub mod serve;
mod transfer;
pub mod user;
pub mod version;

use crate::cli::{Cli, Command, Common};
use crate::config::{Config, Flags, Loaded, load};

/// How a command ended, for the exit code: 0, 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Fine,
    CheckFailed,
    BadInput,
}

/// # Errors
/// When the world fails; a refused input is [`Ended::BadInput`].
pub async fn run(cli: Cli) -> anyhow::Result<Ended> {
    let common = cli.common;
    match cli.command {
        Command::Serve(options) => serve::run(&common, options).await,
        Command::Config(action) => Ok(config::run(&common, &action)),
        Command::Backup(options) => backup::run(&common, options).await,
        Command::Restore(options) => restore::run(&common, options).await,
        Command::City(action) => city::run(&common, action).await,
        Command::User(action) => user::run(&common, action).await,
        Command::Check => check::run(&common).await,
        Command::Replay(options) => replay::run(&common, options).await,
        Command::Procedure(action) => procedure::run(&common, action).await,
        Command::Packs(action) => packs::run(&common, &action),
        Command::Import(options) => import::run(&common, options).await,
        Command::Export(options) => export::run(&common, options).await,
        Command::Demo(action) => demo::run(&common, action).await,
        Command::Version => Ok(version::run()),
    }
}

/// Reads the configuration for a command that only works on the store, and begins quiet logging.
/// `None` after the problems were printed.
fn configured(common: &Common) -> Option<Config> {
    let loaded = configured_with(&common.flags())?;
    let mut logs = loaded.config.logs.clone();
    if logs.level == "info" {
        "warn".clone_into(&mut logs.level);
    }
    crate::logs::begin(&logs);
    Some(loaded.config)
}

fn configured_with(flags: &Flags) -> Option<Loaded> {
    let variables: Vec<(String, String)> = std::env::vars().collect();
    match load(flags, &variables) {
        Ok(loaded) => Some(loaded),
        Err(problems) => {
            for problem in problems {
                eprintln!("yiwang: {problem}");
            }
            None
        }
    }
}
