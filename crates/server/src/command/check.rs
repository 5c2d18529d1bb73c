//! `yiwang check`: the ten acceptance queries on the live store.

use super::desk::{Desk, told};
use super::{Ended, configured};
use crate::cli::Common;

pub async fn run(common: &Common) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let desk = Desk::open(&config).await?;
    let cities = if config.city.is_empty() {
        desk.app.cities()
    } else {
        match desk.city() {
            Some(city) => vec![city],
            None => return Ok(Ended::BadInput),
        }
    };
    if cities.is_empty() {
        println!("no city yet: nothing to check");
    }
    let mut failed = 0;
    for city in cities {
        println!("{city}");
        for row in desk.app.check(city).await.map_err(told)? {
            failed += usize::from(row.state == "failed");
            println!("{:>3}  {}  {} · {}", row.number, state(&row.state), row.name.zh, row.name.en);
            println!("              {} · {}", row.found.zh, row.found.en);
            for example in row.examples {
                println!("              - {example}");
            }
        }
    }
    desk.close().await?;
    if failed == 0 {
        return Ok(Ended::Fine);
    }
    println!("{failed} failed");
    Ok(Ended::CheckFailed)
}

/// The state in a column of its own width.
fn state(word: &str) -> String {
    format!("{word:<7}")
}
