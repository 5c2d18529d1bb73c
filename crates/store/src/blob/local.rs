//! Blobs as files in a folder: `ROOT/990100/photos/ab/ab….jpg`.

use super::{BLOB_BYTES_MAX, BlobEntry, BlobKey, BlobPage, BlobPart, BlobStoreError};
use bytes::Bytes;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Where files are written before they get their name. Not a possible key, so never listed.
const INCOMING: &str = ".incoming";
/// A file this old in `.incoming` was left by a crash; no upload takes so long.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(3600);

/// A folder of blobs. Several processes may use it at once.
#[derive(Debug, Clone)]
pub struct LocalBlobs {
    root: Arc<Path>,
}

impl LocalBlobs {
    /// Makes the folder if needed and clears what crashes left half written. Blocks: call at start-up.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, BlobStoreError> {
        let root = root.into();
        let failed = |cause| disk("open", root.display().to_string(), cause);
        fs::create_dir_all(root.join(INCOMING)).map_err(failed)?;
        sync_folder(&root).map_err(failed)?;
        for entry in fs::read_dir(root.join(INCOMING)).map_err(failed)?.flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).map(|at| at.elapsed());
            if matches!(age, Ok(Ok(age)) if age > LEFT_OVER_AFTER) {
                // Another process may have been quicker.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { root: root.into() })
    }

    pub(super) async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), BlobStoreError> {
        let work = move |root: &Path, path: &Path| {
            let temporary = root.join(INCOMING).join(Uuid::new_v4().simple().to_string());
            let written = write_durably(root, &temporary, path, &bytes);
            if written.is_err() {
                let _ = fs::remove_file(&temporary);
            }
            written
        };
        self.with_file("store", key, work).await
    }

    pub(super) async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, BlobStoreError> {
        let read = |_: &Path, path: &Path| {
            let Some(file) = open_if_there(path)? else { return Ok(None) };
            let mut bytes = Vec::new();
            file.take(BLOB_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
            Ok(Some(Bytes::from(bytes)))
        };
        let found = self.with_file("read", key, read).await?;
        match found {
            Some(bytes) if bytes.len() > BLOB_BYTES_MAX => {
                Err(BlobStoreError::too_large(key, bytes.len() as u64))
            }
            found => Ok(found),
        }
    }

    pub(super) async fn get_range(
        &self,
        key: &BlobKey,
        start: u64,
        length: usize,
    ) -> Result<Option<BlobPart>, BlobStoreError> {
        let read = move |_: &Path, path: &Path| {
            let Some(mut file) = open_if_there(path)? else { return Ok(None) };
            let total = file.metadata()?.len();
            let mut bytes = Vec::new();
            if start < total {
                file.seek(SeekFrom::Start(start))?;
                file.take(length as u64).read_to_end(&mut bytes)?;
            }
            Ok(Some(BlobPart { bytes: bytes.into(), total }))
        };
        self.with_file("read", key, read).await
    }

    pub(super) async fn exists(&self, key: &BlobKey) -> Result<bool, BlobStoreError> {
        self.with_file("look for", key, |_, path| path.try_exists()).await
    }

    pub(super) async fn delete(&self, key: &BlobKey) -> Result<(), BlobStoreError> {
        let remove = |_: &Path, path: &Path| match fs::remove_file(path) {
            Ok(()) => path.parent().map_or(Ok(()), sync_folder),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        self.with_file("delete", key, remove).await
    }

    pub(super) async fn list(
        &self,
        prefix: String,
        after: Option<String>,
        limit: usize,
    ) -> Result<BlobPage, BlobStoreError> {
        let root = Arc::clone(&self.root);
        let what = format!("blobs of {prefix:?}");
        let walk = move || {
            let mut walk = Walk { after: after.unwrap_or_default(), limit, found: Vec::new() };
            walk.folder(&root.join(&prefix), &prefix)?;
            let more = walk.found.len() > limit;
            walk.found.truncate(limit);
            let next = walk.found.last().filter(|_| more).map(|entry| entry.key.to_string());
            Ok(BlobPage { blobs: walk.found, next })
        };
        blocking(walk).await.map_err(|cause| disk("list", what, cause))
    }

    pub(super) async fn ready(&self) -> Result<(), BlobStoreError> {
        let folder = self.root.join(INCOMING);
        let what = self.root.display().to_string();
        blocking(move || fs::metadata(folder)).await.map(|_| ()).map_err(|cause| disk("open", what, cause))
    }

    /// Runs `work(root, path of the blob)` where blocking is allowed.
    async fn with_file<T: Send + 'static>(
        &self,
        doing: &'static str,
        key: &BlobKey,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BlobStoreError> {
        let root = Arc::clone(&self.root);
        let path = root.join(key.as_str());
        let done = blocking(move || work(&root, &path)).await;
        done.map_err(|cause| disk(doing, format!("blob {key}"), cause))
    }
}

/// The whole file is on disk before it gets its name, and the name is on disk before we return.
fn write_durably(root: &Path, temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let Some(folder) = path.parent() else { return Err(ErrorKind::InvalidInput.into()) };
    make_folders(root, folder)?;
    fs::rename(temporary, path)?;
    sync_folder(folder)
}

/// Makes `folder` below `root`, each level durable before the next.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder == root || folder.is_dir() {
        return Ok(());
    }
    let Some(parent) = folder.parent() else { return Ok(()) };
    make_folders(root, parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

/// Makes names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn open_if_there(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Goes through folders in the order of keys; folders that lie wholly before `after` are not opened.
struct Walk {
    after: String,
    limit: usize,
    /// One more than `limit` tells that there is a next page.
    found: Vec<BlobEntry>,
}

impl Walk {
    fn folder(&mut self, path: &Path, prefix: &str) -> io::Result<()> {
        let entries = match fs::read_dir(path) {
            // Gone since its parent was read, or a file with the name of a folder.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() > self.limit {
                break;
            }
            self.entry(&path.join(&name), format!("{prefix}{name}"))?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: String) -> io::Result<()> {
        let below = format!("{name}/");
        let before = below < self.after && !self.after.starts_with(&below);
        if super::key::prefix(&name).is_ok() || is_shard(&name) {
            return if before { Ok(()) } else { self.folder(path, &below) };
        }
        if name <= self.after {
            return Ok(());
        }
        let Ok(key) = name.parse() else { return Ok(()) };
        match fs::metadata(path) {
            Ok(about) => self.found.push(BlobEntry { key, bytes: about.len() }),
            // Deleted since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The deepest allowed folders with a shard below them have one level more than a prefix may have.
fn is_shard(name: &str) -> bool {
    let Some((folders, shard)) = name.rsplit_once('/') else { return false };
    super::key::prefix(folders).is_ok() && shard.len() == 2
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

fn disk(doing: &'static str, what: String, cause: io::Error) -> BlobStoreError {
    BlobStoreError::Disk { doing, what, cause }
}
