//! `yiwang serve`

use super::{Ended, configured_with};
use crate::cli::Common;
use crate::config::{Demo, Flags, RunRole};
use clap::Args;

#[derive(Debug, Args)]
pub struct Options {
    /// 监听地址，如 0.0.0.0:8080 · Address to listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// 本进程的职责 · What this process does
    #[arg(long)]
    role: Option<RunRole>,
    /// 演示城市 · Run a demo city: boston with its cases, empty without, or weifang, drawn in full size
    #[arg(long, value_name = "KIND", num_args = 0..=1, require_equals = true, default_missing_value = "boston")]
    demo: Option<Demo>,
    /// 演示节奏，1 约为白天每分钟一件，0 静止 · Pace of the demo: 1 is about one new report a minute by day
    #[arg(long, value_name = "TIMES")]
    demo_speed: Option<f64>,
    /// 只演示最近若干天的历史 · Only the last so many days of the demo's history
    #[arg(long, value_name = "DAYS")]
    demo_days: Option<u16>,
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let flags = Flags {
        listen: options.listen,
        role: options.role,
        demo: options.demo,
        demo_speed: options.demo_speed,
        demo_days: options.demo_days,
        ..common.flags()
    };
    let Some(loaded) = configured_with(&flags) else { return Ok(Ended::BadInput) };
    crate::logs::begin(&loaded.config.logs);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    crate::serve::serve(loaded).await?;
    Ok(Ended::Fine)
}
