//! One process per data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Held while this process owns the data directory; given back when dropped or when the process ends in any way.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "holding the file holds the lock")] File);

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("the data directory {folder} is in use by process {process}; stop it first")]
    InUse { folder: String, process: String },
    #[error("could not lock the data directory {folder}")]
    Failed {
        folder: String,
        #[source]
        cause: std::io::Error,
    },
}

impl DataLock {
    /// Makes the directory if needed (readable by its owner only) and takes it.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let failed = |cause| LockError::Failed { folder: folder.display().to_string(), cause };
        make_private_folder(folder).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("yiwang.lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.read_to_string(&mut process);
                return Err(LockError::InUse {
                    folder: folder.display().to_string(),
                    process: process.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self(file))
    }
}

/// Makes `folder`; what is in it concerns people.
///
/// # Errors
/// When it cannot be made.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("data");
        let first = DataLock::take(&inner).unwrap();
        match DataLock::take(&inner) {
            Err(LockError::InUse { process, .. }) => assert_eq!(process, std::process::id().to_string()),
            other => panic!("{other:?}"),
        }
        drop(first);
        DataLock::take(&inner).unwrap();
    }
}
