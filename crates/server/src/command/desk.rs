//! The store and the application for commands that work beside a running server, or without one.

use crate::config::Config;
use crate::open;
use crate::serve::WallClock;
use anyhow::Context;
use app::{App, AppError, Parts};
use kernel::{Actor, CityCode};
use std::sync::Arc;
use store::Store;

/// Rule named in the facts and the audit log for what is done from here.
const RULE: &str = "command_line";

pub struct Desk {
    pub store: Store,
    pub app: App,
    wanted: String,
}

impl Desk {
    /// # Errors
    /// When the store cannot be opened or a city's configuration is broken.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let store = open::store(config).await?;
        let blobs = open::blobs(config)?;
        let parts = Parts {
            store: Arc::new(store.clone()),
            blobs: Arc::new(blobs),
            time: Arc::new(WallClock),
            public_url: config.address(),
            demo_accounts: Vec::new(),
        };
        let app = App::open_with(parts, open::saved(config))
            .await
            .map_err(told)
            .context("could not open the cities")?;
        app.bring_files(open::files(config));
        Ok(Self { store, app, wanted: config.city.clone() })
    }

    /// The city meant: the one named, else the only one. Says what is wrong and answers `None` otherwise.
    #[must_use]
    pub fn city(&self) -> Option<CityCode> {
        let cities = self.app.cities();
        if let Ok(code) = self.wanted.parse::<CityCode>() {
            if cities.contains(&code) {
                return Some(code);
            }
            eprintln!("yiwang: there is no city {code} in this store");
            return None;
        }
        match cities.as_slice() {
            [only] => Some(*only),
            [] => {
                eprintln!(
                    "yiwang: the store holds no city yet; make one with `yiwang city add CODE --name NAME`"
                );
                None
            }
            several => {
                let codes: Vec<String> = several.iter().map(ToString::to_string).collect();
                eprintln!("yiwang: several cities: name one with --city ({})", codes.join(", "));
                None
            }
        }
    }

    /// Whoever sits at the machine may do everything; the log says that it was done from here.
    #[must_use]
    pub fn actor(city: CityCode) -> Actor {
        Actor::system(city, RULE, 1)
    }

    /// # Errors
    /// When the store cannot be closed.
    pub async fn close(self) -> anyhow::Result<()> {
        self.store.close().await.context("could not close the store")
    }
}

/// An application error with everything it says, one problem a line.
#[must_use]
pub fn told(error: AppError) -> anyhow::Error {
    match error {
        AppError::Invalid(problems) => {
            let lines: Vec<String> = problems.iter().map(line).collect();
            anyhow::anyhow!("{}", lines.join("\n  "))
        }
        other => other.into(),
    }
}

fn line(problem: &app::FieldProblem) -> String {
    let params: Vec<String> = problem.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}: {} {}", problem.field, problem.code, params.join(" ")).trim_end().to_owned()
}

/// Prints what was refused of an input.
pub fn refuse(error: AppError) -> super::Ended {
    eprintln!("yiwang: {:#}", told(error));
    super::Ended::BadInput
}

/// True for errors that say something about the input rather than about the world.
#[must_use]
pub const fn is_about_input(error: &AppError) -> bool {
    matches!(error, AppError::Invalid(_) | AppError::NotFound(_) | AppError::Refused(_) | AppError::Stale)
}
