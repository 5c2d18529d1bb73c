//! `yiwang restore FILE`

use super::backup::{beside, tell_missing};
use super::{Ended, configured};
use crate::cli::Common;
use crate::config::BlobKind;
use crate::lock::DataLock;
use crate::{backup, open};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use store::BackupError;

#[derive(Debug, Args)]
pub struct Options {
    /// 备份文件 · The backup
    file: PathBuf,
    /// 附件所在目录 · Folder of the attachments [default: attachments beside FILE]
    #[arg(long, value_name = "DIR")]
    attachments: Option<PathBuf>,
    /// 覆盖现有数据 · Replace what the store holds now
    #[arg(long)]
    force: bool,
}

pub async fn run(common: &Common, options: Options) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let _lock = DataLock::take(&config.data_dir)?;
    let store = open::store(&config).await?;
    let restored = store.restore(&options.file, options.force).await;
    let summary = match restored {
        Ok(summary) => summary,
        Err(BackupError::NotEmpty) => {
            eprintln!("yiwang: the store is not empty; --force replaces what is in it");
            return Ok(Ended::BadInput);
        }
        Err(error @ (BackupError::Damaged(_) | BackupError::Schema { .. })) => {
            eprintln!("yiwang: {}: {error}", options.file.display());
            return Ok(Ended::BadInput);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("could not restore {}", options.file.display()));
        }
    };
    open::forget_columns(&config)?;
    println!("{}: {} rows restored", options.file.display(), summary.rows);
    let folder = options.attachments.unwrap_or_else(|| beside(&options.file));
    let blobs = open::blobs(&config)?;
    if folder.is_dir() {
        let copied = backup::copy_attachments(&open::folder_blobs(&folder)?, &blobs).await?;
        println!("{}: {} attachments, {} of them new", folder.display(), copied.all, copied.new);
    } else {
        println!("{}: no such folder, no attachments were restored", folder.display());
    }
    let place = match config.blobs.kind {
        BlobKind::Local => "attachments".to_owned(),
        BlobKind::S3 => format!("bucket {}", config.blobs.bucket),
    };
    let ended = tell_missing(&store, &blobs, &place).await?;
    store.close().await.context("could not close the store")?;
    Ok(ended)
}
