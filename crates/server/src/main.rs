//! `yiwang`: the whole platform in one program.

mod assets;
mod backup;
mod cli;
mod command;
mod config;
mod demo;
mod lock;
mod logs;
mod open;
mod packs;
mod serve;
mod stop;
mod table;
mod tls;
mod worker;

use clap::Parser;
use command::Ended;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // One crypto library for everything that speaks TLS.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("another crypto provider was installed before ours");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("could not start the runtime: {cause}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command::run(cli)) {
        Ok(Ended::Fine) => ExitCode::SUCCESS,
        Ok(Ended::CheckFailed) => ExitCode::from(1),
        Ok(Ended::BadInput) => ExitCode::from(2),
        Err(error) => {
            eprintln!("yiwang: {error:#}");
            ExitCode::from(1)
        }
    }
}
