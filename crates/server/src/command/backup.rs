//! `yiwang backup FILE`

use super::{Ended, configured};
use crate::cli::Common;
use crate::config::BlobKind;
use crate::{backup, open};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};
use store::Store;
use store::blob::Blobs;

#[derive(Debug, Args)]
pub struct Options {
    /// 备份文件 · File to write; must not exist yet
    file: PathBuf,
    /// 附件复制到此目录（只复制新增的）· Folder for the attachments; only new ones are copied [default: attachments beside FILE, for a bucket none]
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
    println!(
        "{}: {} rows, {} bytes, checked by reading it back",
        options.file.display(),
        summary.rows,
        summary.bytes
    );
    let mut ended = Ended::Fine;
    if options.attachments.is_none() && config.blobs.kind == BlobKind::S3 && !options.no_attachments {
        println!(
            "bucket {}: attachments were not copied; whoever runs the bucket backs it up (--attachments DIR copies them)",
            config.blobs.bucket
        );
    } else if !options.no_attachments {
        let folder = options.attachments.unwrap_or_else(|| beside(&options.file));
        let copy = open::folder_blobs(&folder)?;
        let copied = backup::copy_attachments(&open::blobs(&config)?, &copy).await?;
        println!("{}: {} attachments, {} of them new", folder.display(), copied.all, copied.new);
        ended = tell_missing(&store, &copy, &folder.display().to_string()).await?;
    }
    store.close().await.context("could not close the store")?;
    Ok(ended)
}

/// Says which attachments of the store are not in `blobs`; that is a failed check.
pub async fn tell_missing(store: &Store, blobs: &Blobs, place: &str) -> anyhow::Result<Ended> {
    let (count, example) = backup::missing(store, blobs).await?;
    let Some(example) = example else { return Ok(Ended::Fine) };
    eprintln!("yiwang: {place}: {count} attachments that the store knows of are missing, such as {example}");
    Ok(Ended::CheckFailed)
}

/// The folder of attachments that belongs to the backups in the folder of `file`.
pub fn beside(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join("attachments")
}
