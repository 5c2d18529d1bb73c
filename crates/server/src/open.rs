//! Opening what the configuration names: the store (upgraded when an older program made it), the
//! attachments, and the columns saved by an earlier run.

use crate::config::{BlobKind, Config};
use crate::lock::make_private_folder;
use anyhow::{Context, bail};
use app::ground::snapshot::{self, SavedGround};
use app::{App, Saved};
use index::CaseIndex;
use jiff::Zoned;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use store::blob::{Blobs, LocalBlobs, S3Blobs, S3Config};
use store::{OpenError, SCHEMA_VERSION, Store};

/// What the store is opened with.
#[must_use]
pub fn target(config: &Config) -> String {
    if config.database.url.is_empty() {
        config.data_dir.join("yiwang.db").to_string_lossy().into_owned()
    } else {
        config.database.url.clone()
    }
}

/// Where backups go.
#[must_use]
pub fn backup_folder(config: &Config) -> PathBuf {
    if config.backups.folder.as_os_str().is_empty() {
        config.data_dir.join("backups")
    } else {
        config.backups.folder.clone()
    }
}

/// Opens the store as it is.
///
/// # Errors
/// Also when another program version made it.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    make_private_folder(&config.data_dir)
        .with_context(|| format!("could not make {}", config.data_dir.display()))?;
    match Store::open(&target(config)).await {
        Ok(store) => Ok(store),
        Err(error @ OpenError::Older { .. }) => {
            Err(error).context("start the server once: `yiwang serve` makes a backup and upgrades the store")
        }
        Err(error) => Err(error).context("could not open the store"),
    }
}

/// Opens the store, and when an older program made it, backs it up and migrates it first.
/// The caller holds the data directory.
///
/// # Errors
/// When no backup could be made nothing is migrated.
pub async fn store_upgraded(config: &Config) -> anyhow::Result<Store> {
    match Store::open(&target(config)).await {
        Ok(store) => return Ok(store),
        Err(OpenError::Older { found, known }) => {
            tracing::info!(
                from = found,
                to = known,
                "the store is of an older program: backing up, then upgrading"
            );
        }
        Err(error) => return Err(error).context("could not open the store"),
    }
    let before = back_up_as_it_is(config).await?;
    tracing::info!(file = %before.display(), "backed up before the upgrade");
    let from =
        Store::migrate(&target(config)).await.context("could not upgrade the store; it is as it was")?;
    tracing::info!(from, to = SCHEMA_VERSION, "upgraded");
    Store::open(&target(config)).await.context("could not open the upgraded store")
}

/// A copy in the engine's own format: the rows of an older schema are not ours to read.
async fn back_up_as_it_is(config: &Config) -> anyhow::Result<PathBuf> {
    let folder = backup_folder(config);
    make_private_folder(&folder)?;
    let stamp = Zoned::now().strftime("%Y%m%dT%H%M%S").to_string();
    if config.is_embedded() {
        let to = folder.join(format!("yiwang-before-upgrade-{stamp}.db"));
        let target = target(config);
        let from = target
            .strip_prefix("sqlite://")
            .or_else(|| target.strip_prefix("sqlite:"))
            .unwrap_or(&target)
            .to_owned();
        // Nobody else has the file open: the data directory is ours and the store was closed, which emptied the log.
        for suffix in ["", "-wal"] {
            let part = PathBuf::from(format!("{from}{suffix}"));
            if part.exists() {
                let copy = PathBuf::from(format!("{}{suffix}", to.display()));
                tokio::fs::copy(&part, &copy)
                    .await
                    .with_context(|| format!("could not copy {}", part.display()))?;
                tokio::fs::File::open(&copy).await?.sync_all().await?;
            }
        }
        return Ok(to);
    }
    let to = folder.join(format!("yiwang-before-upgrade-{stamp}.dump"));
    let (address, password) = without_password(&config.database.url);
    let status = tokio::process::Command::new("pg_dump")
        .arg("--format=custom")
        .arg("--file")
        .arg(&to)
        .arg("--dbname")
        .arg(&address)
        .envs(password.map(|word| ("PGPASSWORD", word)))
        .stdin(Stdio::null())
        .status()
        .await
        .context("pg_dump is needed to back up before the upgrade (Debian: apt install postgresql-client)")?;
    if !status.success() {
        bail!("pg_dump failed: nothing was upgraded");
    }
    Ok(to)
}

/// The address of a database and its password apart: every user of a machine can read its command lines.
fn without_password(url: &str) -> (String, Option<String>) {
    let apart = || {
        let (scheme, rest) = url.split_once("://")?;
        let (who, host) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())).0.rsplit_once('@')?;
        let (user, password) = who.split_once(':')?;
        let tail = &rest[who.len() + 1 + host.len()..];
        Some((format!("{scheme}://{user}@{host}{tail}"), decoded(password)))
    };
    apart().map_or_else(|| (url.to_owned(), None), |(address, password)| (address, Some(password)))
}

/// Text with `%41` read as `A`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|two| hex::decode(two).ok());
        match code {
            Some(code) => {
                bytes.extend(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The place of the attachments.
///
/// # Errors
/// When the folder or the bucket cannot be used.
pub fn blobs(config: &Config) -> anyhow::Result<Blobs> {
    let wanted = &config.blobs;
    match wanted.kind {
        BlobKind::Local if wanted.folder.as_os_str().is_empty() => {
            folder_blobs(&config.data_dir.join("attachments"))
        }
        BlobKind::Local => folder_blobs(&wanted.folder),
        BlobKind::S3 => {
            let secret = wanted.secret_key.or_file(&wanted.secret_key_file, "blobs.secret_key")?;
            let bucket = S3Blobs::open(&S3Config {
                endpoint: wanted.endpoint.clone(),
                region: wanted.region.clone(),
                bucket: wanted.bucket.clone(),
                path_style: wanted.path_style,
                access_key: wanted.access_key.clone(),
                secret_key: secret.expose().to_owned(),
                session_token: None,
            })?;
            Ok(Blobs::S3(bucket))
        }
    }
}

/// Attachments in a folder, made when missing.
///
/// # Errors
/// When the folder cannot be made.
pub fn folder_blobs(folder: &Path) -> anyhow::Result<Blobs> {
    make_private_folder(folder).with_context(|| format!("could not make {}", folder.display()))?;
    Ok(Blobs::Local(LocalBlobs::open(folder)?))
}

/// Readers and writers of files. What they unpack lies beside the data: a system's own temporary folder is often
/// memory.
#[must_use]
pub fn files(config: &Config) -> Arc<dyn app::ports::Files> {
    Arc::new(outside::geo::GeoFiles::new(config.data_dir.clone()))
}

fn columns_folder(config: &Config) -> PathBuf {
    config.data_dir.join("columns")
}

/// Columns and maps saved by an earlier run. A damaged or missing file only costs time: they are built from the store.
#[must_use]
pub fn saved(config: &Config) -> Saved {
    Saved {
        columns: read_all(config, "columns", CaseIndex::read_from),
        grounds: read_all::<SavedGround, _>(config, "ground", snapshot::read_from),
    }
}

fn read_all<T, E: std::fmt::Display>(
    config: &Config,
    ending: &str,
    read: impl Fn(&mut BufReader<std::fs::File>) -> Result<T, E>,
) -> Vec<T> {
    let Ok(entries) = std::fs::read_dir(columns_folder(config)) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == ending))
    {
        let Ok(file) = std::fs::File::open(&path) else { continue };
        match read(&mut BufReader::with_capacity(1 << 20, file)) {
            Ok(one) => found.push(one),
            Err(problem) => {
                tracing::info!(file = %path.display(), %problem, "not usable, built again from the store")
            }
        }
    }
    found
}

/// Saves the columns and the map of every city for a quick start.
///
/// # Errors
/// When a file cannot be written.
pub fn save_columns(config: &Config, app: &App) -> anyhow::Result<()> {
    let folder = columns_folder(config);
    make_private_folder(&folder)?;
    for code in app.cities() {
        let city = app.city(code)?;
        let part = folder.join(format!("{code}.part"));
        let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(&part)?);
        city.index.read().write_to(&mut file)?;
        file.flush()?;
        std::fs::rename(&part, folder.join(format!("{code}.columns")))?;
        let part = folder.join(format!("{code}.ground.part"));
        std::fs::write(&part, city.ground_snapshot()?)?;
        std::fs::rename(&part, folder.join(format!("{code}.ground")))?;
        if let Some(image) = city.places.to_image() {
            let part = folder.join(format!("{code}.places.part"));
            std::fs::write(&part, &image)?;
            std::fs::rename(&part, folder.join(format!("{code}.places")))?;
            city.places.saved(&image);
        }
    }
    Ok(())
}

/// Places saved by an earlier run are taken where the store still has what is in them; else they are read again.
///
/// # Errors
/// When the store cannot be read.
pub async fn restore_places(config: &Config, app: &App) -> anyhow::Result<()> {
    for code in app.cities() {
        let file = columns_folder(config).join(format!("{code}.places"));
        if let Ok(image) = tokio::fs::read(&file).await {
            app.restore_places(code, image).await?;
        }
    }
    Ok(())
}

/// Forgets saved columns, because the store was replaced.
///
/// # Errors
/// When they cannot be removed.
pub fn forget_columns(config: &Config) -> std::io::Result<()> {
    match std::fs::remove_dir_all(columns_folder(config)) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_put_on_a_command_line() {
        let table = [
            (
                "postgres://u:p%40ss@db:5432/city?sslmode=require",
                "postgres://u@db:5432/city?sslmode=require",
                Some("p@ss"),
            ),
            ("postgres://u:a@b@db/city", "postgres://u@db/city", Some("a@b")),
            ("postgres://u@db/city", "postgres://u@db/city", None),
            ("postgres:///city?host=/run/x", "postgres:///city?host=/run/x", None),
        ];
        for (url, address, password) in table {
            assert_eq!(without_password(url), (address.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
