//! Measurements and crash rounds of Yiwang: the real program, a real store on a real disk, real HTTP.
//! Run them by `cargo xtask bench` and `cargo xtask crash`, which build the release programs first.
//!
//! A measurement prints one JSON object on standard output; what goes on is told on standard error.

mod city;
mod client;
mod crash;
mod fill;
mod freshness;
mod geocode;
mod import;
mod intake;
mod list;
mod live;
mod load;
mod locate;
mod machine;
mod mvt;
mod postgis;
mod registry;
mod server;
mod start;
mod start_city;
mod texts;
mod tiles;
mod timing;
mod town;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "yiwang-bench", about = "Measurements and crash rounds of Yiwang")]
struct Args {
    /// The program to measure [default: `yiwang` beside this one]
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    /// Where data are made; a filled store is kept here for the next run
    #[arg(long, global = true, default_value = "target/bench")]
    folder: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Citizen reports through HTTP, on SQLite and on PostgreSQL
    Intake {
        #[arg(long, value_enum, default_value = "both")]
        store: Stores,
        /// Seconds of the open loop at 1,000 reports a second
        #[arg(long, default_value_t = 30)]
        seconds: u32,
    },
    /// Lists, counts and full text over a million cases
    List {
        #[arg(long, default_value_t = 1_000_000)]
        cases: u32,
        #[arg(long, default_value_t = 600)]
        queries: u32,
    },
    /// From a fact to every open screen
    Live {
        #[arg(long, default_value_t = 500)]
        listeners: usize,
        #[arg(long, default_value_t = 30)]
        seconds: u32,
    },
    /// Start and memory with a million cases, size of the program
    Start {
        #[arg(long, default_value_t = 1_000_000)]
        cases: u32,
    },
    /// From a point to its unit grid, against PostGIS
    Locate {
        #[arg(long, default_value_t = 1_000_000)]
        points: usize,
    },
    /// Tiles over a million components: drawn anew, from the cache, against PostGIS and TiPg
    Tiles {
        #[arg(long, default_value_t = 1_000_000)]
        components: usize,
        /// Seconds of each measurement of the cache
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// From a written change to a tile that shows it: 1,000 writes a second beside 2,000 reads
    Freshness {
        #[arg(long, default_value_t = 1_000_000)]
        components: usize,
        #[arg(long, default_value_t = 20)]
        seconds: u32,
    },
    /// Real inventories of street assets through the ordinary importer
    Import {
        /// Folder with the inventories, each a gzipped CSV file
        #[arg(long, default_value = "../shared/data/assets")]
        assets: PathBuf,
    },
    /// Places by words over a million entries, real questions among them
    Geocode {
        #[arg(long, default_value_t = 1_000_000)]
        entries: usize,
    },
    /// Start and memory with the drawn city: 960,000 components
    #[command(name = "start_city")]
    StartCity,
    /// Kills the server at random moments under load; nothing acknowledged may be missing
    Crash {
        #[arg(long, default_value_t = 10)]
        rounds: u32,
        #[arg(long, value_enum, default_value = "both")]
        store: Stores,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stores {
    Sqlite,
    Postgres,
    Both,
}

impl Stores {
    pub const fn sqlite(self) -> bool {
        matches!(self, Self::Sqlite | Self::Both)
    }

    pub const fn postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::Both)
    }
}

/// Where the program and its data are.
pub struct Place {
    pub program: PathBuf,
    pub folder: PathBuf,
}

/// Named numbers, and what others need for the same.
#[derive(Default)]
pub struct Figures {
    pub figures: Map<String, Value>,
    pub peers: Map<String, Value>,
}

impl Figures {
    pub fn put(&mut self, name: &str, value: f64) {
        let rounded = (value * 1_000.0).round() / 1_000.0;
        eprintln!("  {name}: {rounded}");
        self.figures.insert(name.to_owned(), json!(rounded));
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yiwang-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let program = match args.server {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("yiwang"),
    };
    std::fs::create_dir_all(&args.folder)?;
    // The server runs elsewhere: both must be found from there.
    let place = Place { program: program.canonicalize()?, folder: args.folder.canonicalize()? };
    // One thread: on a small machine the load must not take more than it needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let machine = machine::describe();
    let (name, figures) = runtime.block_on(async {
        Ok::<_, anyhow::Error>(match args.task {
            Task::Intake { store, seconds } => ("intake", intake::run(&place, store, seconds).await?),
            Task::List { cases, queries } => ("list", list::run(&place, cases, queries).await?),
            Task::Live { listeners, seconds } => ("live", live::run(&place, listeners, seconds).await?),
            Task::Start { cases } => ("start", start::run(&place, cases).await?),
            Task::Locate { points } => ("locate", locate::run(points).await?),
            Task::Tiles { components, seconds } => ("tiles", tiles::run(&place, components, seconds).await?),
            Task::Freshness { components, seconds } => {
                ("freshness", freshness::run(&place, components, seconds).await?)
            }
            Task::Import { assets } => ("import", import::run(&place, &assets).await?),
            Task::Geocode { entries } => ("geocode", geocode::run(entries)?),
            Task::StartCity => ("start_city", start_city::run(&place).await?),
            Task::Crash { rounds, store, seed } => ("crash", crash::run(&place, rounds, store, seed).await?),
        })
    })?;
    let answer = json!({
        "bench": name,
        "figures": figures.figures,
        "peers": figures.peers,
        "machine": machine,
        "commit": machine::commit(),
    });
    println!("{answer}");
    Ok(())
}
