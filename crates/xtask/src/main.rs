//! `cargo xtask`: every chore of the project, so that continuous integration needs no cleverness.

mod needs;
mod run;
mod test;
mod tidy;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, tests, benches and crash rounds of Yiwang")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Every test: tidy, web, Rust on SQLite and PostgreSQL, a real browser, foreign clients.
    Test {
        /// Adds the long ones: crash rounds, the whole rights matrix, long fuzzing.
        #[arg(long)]
        full: bool,
        /// Only the named parts: tidy, web, rust, browser, clients.
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Arrows between crates, formatting, clippy, licences, generated files.
    Tidy {
        /// Rewrites generated files instead of complaining.
        #[arg(long)]
        fix: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Test { full, only } => test::run(full, &only),
        Task::Tidy { fix } => tidy::run(fix),
    }
}
