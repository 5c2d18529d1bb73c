//! `yiwang backup FILE`

use super::{Ended, configured};
use crate::cli::Common;
use crate::{backup, open};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Options {
    /// 备份文件 · File to write; must not exist yet
    file: PathBuf,
    /// 附件复制到此目录（只复制新增的）· Folder for the attachments; only new ones are copied [default: attachments beside FILE]
    #[arg(long, value_name = "DIR")]
    attachments: Option<PathBuf>,
    /// 不复制附件 · Leave the attachments out
    #[arg(long, conflicts_with = "attachments")]
    no_attachments: bool,
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    if options.file.exists() {
        eprintln!("yiwang: {} exists already", options.file.display());
        return Ok(Ended::BadInput);
    }
    let store = open::store(&config).await?;
    let summary = backup::write(&store, &options.file).await?;
    store.close().await.context("could not close the store")?;
    println!(
        "{}: {} rows, {} bytes, checked by reading it back",
        options.file.display(),
        summary.rows,
        summary.bytes
    );
    if !options.no_attachments {
        let folder = options.attachments.unwrap_or_else(|| beside(&options.file));
        let blobs = open::blobs(&config)?;
        let copied = backup::copy_attachments(&blobs, &open::folder_blobs(&folder)?).await?;
        println!("{}: {} attachments, {} of them new", folder.display(), copied.all, copied.new);
    }
    Ok(Ended::Fine)
}

/// The folder of attachments that belongs to the backups in the folder of `file`.
pub fn beside(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join("attachments")
}
