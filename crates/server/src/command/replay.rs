//! `yiwang replay CASE|--all`: a case from its facts, and the proof that its row equals them.

use super::desk::{Desk, told};
use super::{Ended, configured};
use crate::cli::Common;
use anyhow::Context;
use app::check::ReplayReport;
use app::ports::Store;
use case::{FactRecord, fact::By};
use clap::Args;
use jiff::tz::TimeZone;
use kernel::{CaseId, CityCode};

#[derive(Debug, Args)]
pub struct Options {
    /// 案卷号或编号 · Number or id of the case
    #[arg(required_unless_present = "all")]
    case: Option<String>,
    /// 全部案卷 · Every case
    #[arg(long, conflicts_with = "case")]
    all: bool,
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let desk = Desk::open(&config).await?;
    let ended = match options.case {
        Some(case) => {
            let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
            one(&desk, city, &case).await?
        }
        None => all(&desk).await?,
    };
    desk.close().await?;
    Ok(ended)
}

async fn all(desk: &Desk) -> anyhow::Result<Ended> {
    let mut clean = true;
    for city in desk.app.cities() {
        let report = desk.app.replay(city, None).await.map_err(told)?;
        clean &= report.differing.is_empty();
        println!("{city}: {} cases, {} facts, {} differ", report.cases, report.facts, report.differing.len());
        differences(&report);
    }
    Ok(if clean { Ended::Fine } else { Ended::CheckFailed })
}

async fn one(desk: &Desk, city: CityCode, text: &str) -> anyhow::Result<Ended> {
    let stored = match text.parse::<CaseId>() {
        Ok(id) => desk.store.case(city, id).await?,
        Err(_) => desk.store.case_by_number(city, text).await?,
    };
    let Some(stored) = stored else {
        eprintln!("yiwang: there is no case {text} in {city}");
        return Ok(Ended::BadInput);
    };
    let zone = TimeZone::get(desk.app.config(city).map_err(told)?.calendar.zone().name())?;
    let facts = desk.store.facts(city, stored.case.id).await?;
    println!("{}  {}", stored.case.number, stored.case.id);
    for fact in &facts {
        println!("{}", line(fact, &zone)?);
    }
    println!("→ version {}, stage {}", stored.case.version, stored.case.stage.name().as_str());
    let report = desk.app.replay(city, Some(stored.case.id)).await.map_err(told)?;
    differences(&report);
    if report.differing.is_empty() {
        println!("the row equals the replay of its {} facts", facts.len());
        return Ok(Ended::Fine);
    }
    Ok(Ended::CheckFailed)
}

fn differences(report: &ReplayReport) {
    for (case, why) in &report.differing {
        println!("  {case}: {why}");
    }
}

fn line(record: &FactRecord, zone: &TimeZone) -> anyhow::Result<String> {
    let at =
        jiff::Timestamp::from_millisecond(record.at.millis()).context("a fact has an impossible time")?;
    let by = match &record.by {
        By::Person { person, role, department } => format!("{} {person} of {department}", role.as_str()),
        By::Citizen => "citizen".to_owned(),
        By::System { rule, version } => format!("system {rule} {version}"),
    };
    let fact = serde_json::to_string(&record.fact).context("a fact cannot be written")?;
    Ok(format!("{:>4}  {}  {by}  {fact}", record.seq, at.to_zoned(zone.clone()).strftime("%F %T")))
}
