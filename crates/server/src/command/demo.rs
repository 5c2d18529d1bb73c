//! `yiwang demo weifang`

use super::desk::Desk;
use super::{Ended, configured};
use crate::cli::Common;
use crate::demo::weifang;
use crate::open;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 潍坊（绘制）：区划代码与名称真实，其余均为程序绘制；数分钟 · Weifang, drawn: real names and codes, everything else from a seed; takes minutes
    Weifang(Weifang),
}

#[derive(Debug, Args)]
pub struct Weifang {
    /// 种子，相同的种子得到相同的城市 · The same seed draws the same city
    #[arg(long, default_value_t = weifang::SEED)]
    seed: u64,
    /// 部件、商铺、案卷的千分比 · Components, shops and cases in a thousandth of the whole
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000), value_name = "PERMILLE")]
    share: u32,
}

pub async fn run(common: &Common, action: Action) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let Action::Weifang(wanted) = action;
    let desk = Desk::open(&config).await?;
    let made = weifang::make(&desk.app, wanted.seed, wanted.share, &config.data_dir).await;
    if made.is_ok() {
        // The server starts in a second or two with what is in memory here.
        open::save_columns(&config, &desk.app)?;
    }
    desk.close().await?;
    made.map(|()| Ended::Fine)
}
