//! `cargo xtask`: every chore of the project, so that continuous integration needs no cleverness.

mod bench;
mod clients;
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
    /// A measurement by the release program: intake, list, live or start. Prints one JSON object.
    Bench {
        name: String,
        /// Passed on, such as `--cases 100000`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        more: Vec<String>,
    },
    /// Kill -9 at random moments under load; fails when anything acknowledged is missing.
    Crash {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
        /// sqlite, postgres or both.
        #[arg(long, default_value = "both")]
        store: String,
        #[arg(long, default_value_t = 1)]
        seed: u64,
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
        Task::Bench { name, more } => bench::run(&name, &more),
        Task::Crash { rounds, store, seed } => {
            let more = ["--rounds", &rounds.to_string(), "--store", &store, "--seed", &seed.to_string()];
            bench::run("crash", &more.map(str::to_owned))
        }
        Task::Tidy { fix } => tidy::run(fix),
    }
}
