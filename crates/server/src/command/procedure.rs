//! `yiwang procedure list|migrate`

use super::desk::{Desk, is_about_input, refuse, told};
use super::{Ended, configured};
use crate::cli::Common;
use anyhow::Context;
use clap::Subcommand;
use jiff::tz::TimeZone;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 列出程序版本 · List the versions
    List,
    /// 把在办案卷迁移到另一版本 · Move running cases to another version
    Migrate {
        /// 目标版本 · The version to move to
        #[arg(long)]
        to: u32,
        /// 只显示会有什么变化 · Only show what would change
        #[arg(long)]
        dry_run: bool,
    },
}

pub async fn run(common: &Common, action: Action) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let desk = Desk::open(&config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let known = desk.app.config(city).map_err(told)?;
    let ended = match action {
        Action::List => {
            for procedure in known.procedures.values() {
                let mark = if procedure.version == known.procedure { "in force" } else { "" };
                let history = if procedure.history { "for history" } else { "" };
                println!("{:>4}  {}  {mark}{history}", procedure.version, procedure.name);
            }
            Ended::Fine
        }
        Action::Migrate { to, dry_run } => {
            let zone = TimeZone::get(known.calendar.zone().name())?;
            match desk.app.migrate_procedure(&Desk::actor(city), to, dry_run).await {
                Ok(view) => {
                    for change in &view.changes {
                        let (old, new) =
                            (moment(change.old_due_at, &zone)?, moment(change.new_due_at, &zone)?);
                        println!(
                            "{}  {} → {to}  {}: {old} → {new}",
                            change.number, change.from, change.clock
                        );
                    }
                    let verb = if dry_run { "would move" } else { "moved" };
                    println!("{verb} {} of {} running cases to version {to}", view.changed, view.cases);
                    Ended::Fine
                }
                Err(error) if is_about_input(&error) => refuse(error),
                Err(error) => return Err(told(error)),
            }
        }
    };
    desk.close().await?;
    Ok(ended)
}

fn moment(at: Option<i64>, zone: &TimeZone) -> anyhow::Result<String> {
    let Some(at) = at else { return Ok("none".to_owned()) };
    let at = jiff::Timestamp::from_millisecond(at).context("a deadline has an impossible time")?;
    Ok(at.to_zoned(zone.clone()).strftime("%F %T").to_string())
}
