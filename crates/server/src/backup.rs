//! Backups: made and read back, attachments copied beside them, daily ones kept for a while.

use crate::config::Config;
use crate::lock::make_private_folder;
use crate::open;
use anyhow::{Context, ensure};
use jiff::civil::Time;
use jiff::{Timestamp, Zoned};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::Store;
use store::backup::Summary;
use store::blob::Blobs;
use tokio_util::sync::CancellationToken;

/// Attachments listed at once.
const PAGE: usize = 1_000;
/// What daily backups are called, so that others in the folder are never removed.
const DAILY: &str = "daily";

/// Writes a backup of the database to `file` and reads it back.
///
/// # Errors
/// When it cannot be written, or what was written cannot be read.
pub async fn write(store: &Store, file: &Path) -> anyhow::Result<Summary> {
    let made_at = kernel::Timestamp(Timestamp::now().as_millisecond());
    let written =
        store.backup(file, made_at).await.with_context(|| format!("could not write {}", file.display()))?;
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let path = file.to_owned();
    let read = tokio::task::spawn_blocking(move || store::backup::check(&path)).await?;
    let read = read.with_context(|| format!("the backup {} cannot be read back", file.display()))?;
    ensure!(
        read.rows == written.rows,
        "the backup {} holds {} rows, not {}",
        file.display(),
        read.rows,
        written.rows
    );
    Ok(written)
}

/// How many attachments there are and how many had to be copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    pub all: u64,
    pub new: u64,
}

/// Copies the attachments that `to` does not have. Their names are the hashes of their bytes, so those it has are the same.
///
/// # Errors
/// When one cannot be read or written, or is damaged.
pub async fn copy_attachments(from: &Blobs, to: &Blobs) -> anyhow::Result<Copied> {
    let mut copied = Copied::default();
    let mut after: Option<String> = None;
    loop {
        let page = from.list("", after.as_deref(), PAGE).await?;
        for entry in page.blobs {
            copied.all += 1;
            if to.exists(&entry.key).await? {
                continue;
            }
            // One that was deleted since it was listed is no loss.
            if let Some(bytes) = from.get(&entry.key).await? {
                to.put(&entry.key, bytes, "application/octet-stream").await?;
                copied.new += 1;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(copied),
        }
    }
}

/// Originals the store knows of that `blobs` does not have, and one of them. Thumbnails and public copies come along
/// with them.
///
/// # Errors
/// When the store or the attachments cannot be read.
pub async fn missing(store: &Store, blobs: &Blobs) -> anyhow::Result<(u64, Option<String>)> {
    let (mut count, mut example) = (0, None);
    let mut after = None;
    loop {
        let page = store.attachments_after(after.as_ref()).await?;
        let Some((city, id, _)) = page.last() else { return Ok((count, example)) };
        after = Some((*city, id.clone()));
        for (city, id, content_type) in &page {
            let key = app::attachments::original_key(*city, id, content_type);
            if !blobs.exists(&key.parse()?).await? {
                count += 1;
                example.get_or_insert(key);
            }
        }
    }
}

/// Backs up every day until `stop`.
pub async fn daily(config: Config, store: Store, stop: CancellationToken) {
    let Some(at) = parse_at(&config.backups.at) else { return };
    loop {
        let now = Zoned::now();
        let wait = match next(&now, at) {
            Ok(next) => Duration::try_from(now.duration_until(&next)).unwrap_or_default(),
            Err(cause) => {
                tracing::error!(%cause, "no more backups: the calendar ends");
                return;
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        match once(&config, &store).await {
            Ok((file, summary)) => {
                metrics::gauge!("yiwang_backup_last_success_seconds")
                    .set(Timestamp::now().as_second() as f64);
                tracing::info!(file = %file.display(), rows = summary.rows, bytes = summary.bytes, "backed up and read back");
            }
            Err(error) => {
                metrics::counter!("yiwang_backup_failures_total").increment(1);
                tracing::error!(error = format!("{error:#}"), "the daily backup failed");
            }
        }
    }
}

/// One daily backup: the database, the local attachments, and old ones removed.
async fn once(config: &Config, store: &Store) -> anyhow::Result<(PathBuf, Summary)> {
    let folder = open::backup_folder(config);
    make_private_folder(&folder)?;
    let file = folder.join(file_name(&Zoned::now(), DAILY));
    let summary = write(store, &file).await?;
    // A bucket is kept by whoever runs it; a folder on this disk is not.
    match open::blobs(config)? {
        blobs @ Blobs::Local(_) => {
            let copy = open::folder_blobs(&folder.join("attachments"))?;
            let copied = copy_attachments(&blobs, &copy).await?;
            tracing::info!(all = copied.all, new = copied.new, "attachments backed up");
            if let (count @ 1.., example) = missing(store, &copy).await? {
                tracing::error!(count, example, "attachments that the store knows of are missing");
            }
        }
        Blobs::S3(_) => {
            tracing::info!(
                bucket = config.blobs.bucket,
                "attachments stay in the bucket, which is backed up apart"
            );
        }
    }
    for gone in prune(&folder, DAILY, usize::from(config.backups.keep))? {
        tracing::info!(file = %gone.display(), "old backup removed");
    }
    Ok((file, summary))
}

/// Reads `HH:MM`.
#[must_use]
pub fn parse_at(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// The next moment after `now` at which the clock on the wall shows `at`.
///
/// # Errors
/// Only at the end of the calendar.
pub fn next(now: &Zoned, at: Time) -> Result<Zoned, jiff::Error> {
    let today = now.date().to_datetime(at).to_zoned(now.time_zone().clone())?;
    if today > *now {
        return Ok(today);
    }
    now.date().tomorrow()?.to_datetime(at).to_zoned(now.time_zone().clone())
}

/// File name of a backup made at `now`; in the order of names is the order of time.
#[must_use]
pub fn file_name(now: &Zoned, kind: &str) -> String {
    format!("yiwang-{kind}-{}.backup", now.strftime("%Y%m%dT%H%M%S"))
}

/// Removes all but the newest `keep` backups of `kind` and says which went.
///
/// # Errors
/// When the folder cannot be read or a file not removed.
pub fn prune(folder: &Path, kind: &str, keep: usize) -> std::io::Result<Vec<PathBuf>> {
    let prefix = format!("yiwang-{kind}-");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with(&prefix) && name.ends_with(".backup")
        })
        .collect();
    found.sort();
    found.truncate(found.len().saturating_sub(keep));
    for path in &found {
        std::fs::remove_file(path)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_strictly() {
        assert_eq!(parse_at("03:30"), Time::new(3, 30, 0, 0).ok());
        for bad in ["", "3:30", "24:00", "03:60", "03-30", "03:30:00", "aa:bb"] {
            assert_eq!(parse_at(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_next_backup_is_today_or_tomorrow_by_the_wall_clock() {
        let at = parse_at("03:30").unwrap();
        let table = [
            ("2026-11-22T01:00:00+08:00[Asia/Shanghai]", "2026-11-22T03:30:00+08:00[Asia/Shanghai]"),
            ("2026-11-22T03:30:00+08:00[Asia/Shanghai]", "2026-11-23T03:30:00+08:00[Asia/Shanghai]"),
            ("2026-12-31T12:00:00+08:00[Asia/Shanghai]", "2027-01-01T03:30:00+08:00[Asia/Shanghai]"),
            // The night the clocks go forward has 23 hours.
            ("2026-03-07T12:00:00-05:00[America/New_York]", "2026-03-08T03:30:00-04:00[America/New_York]"),
        ];
        for (now, expected) in table {
            let now: Zoned = now.parse().unwrap();
            assert_eq!(next(&now, at).unwrap(), expected.parse::<Zoned>().unwrap());
        }
    }

    #[test]
    fn only_the_newest_are_kept_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "yiwang-daily-20261120T033000.backup",
            "yiwang-daily-20261121T033000.backup",
            "yiwang-daily-20261122T033000.backup",
            "yiwang-upgrade-20250101T000000.backup",
            "notes.txt",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let gone = prune(folder.path(), "daily", 2).unwrap();
        assert_eq!(gone, [folder.path().join(names[0])]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
        assert!(prune(folder.path(), "daily", 2).unwrap().is_empty());
    }
}
