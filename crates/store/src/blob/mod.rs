//! Bytes of attachments: in a local folder or in S3-compatible storage.
//!
//! Both keep the same promises, which `conformance.rs` checks on both: an acknowledged `put` survives
//! power loss, the same `put` twice is one blob, an original whose bytes are not what its name says is
//! neither taken nor given out, a missing blob is `None` and never an error, and every size is bounded.

#[cfg(test)]
mod conformance;
mod error;
mod key;
mod local;
mod port;
mod s3;

pub use error::BlobStoreError;
pub use key::{BlobFolder, BlobKey};
pub use local::LocalBlobs;
pub use s3::{S3Blobs, S3Config};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Largest blob: a video of 50 MB (`media::Limits`) and room for documents. Held in memory while it passes.
pub const BLOB_BYTES_MAX: usize = 64 << 20;
/// Longest part given out at once: some seconds of video, so that a player cannot make us hold it all.
pub const RANGE_BYTES_MAX: usize = 8 << 20;
/// Longest page of a listing, which is also what S3 gives at most.
pub const PAGE_MAX: usize = 1000;

/// Where attachments live. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Blobs {
    Local(LocalBlobs),
    S3(S3Blobs),
}

/// A stretch of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPart {
    /// Empty when the stretch begins behind the end.
    pub bytes: Bytes,
    /// Length of the whole blob.
    pub total: u64,
}

/// One page of a listing, in order of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPage {
    pub blobs: Vec<BlobEntry>,
    /// Where the next page goes on; `None` when this was the last.
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobEntry {
    pub key: BlobKey,
    pub bytes: u64,
}

impl Blobs {
    /// Stores `bytes` durably before it returns. Storing them again changes nothing; a derived blob (a
    /// thumbnail made anew) replaces the older one whole.
    pub async fn put(&self, key: &BlobKey, bytes: Bytes, content_type: &str) -> Result<(), BlobStoreError> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(BlobStoreError::too_large(key, bytes.len() as u64));
        }
        let bytes = checked(key, bytes).await?;
        match self {
            Self::Local(folder) => folder.put(key, bytes).await,
            Self::S3(bucket) => bucket.put(key, bytes, content_type).await,
        }
    }

    /// The whole blob. An original is compared with its name, so damage on disk is an error, not evidence.
    pub async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, BlobStoreError> {
        let found = match self {
            Self::Local(folder) => folder.get(key).await?,
            Self::S3(bucket) => bucket.get(key).await?,
        };
        match found {
            Some(bytes) => checked(key, bytes).await.map(Some),
            None => Ok(None),
        }
    }

    /// At most `length` bytes (and at most [`RANGE_BYTES_MAX`]) from `start`. Not compared with the name.
    pub async fn get_range(
        &self,
        key: &BlobKey,
        start: u64,
        length: usize,
    ) -> Result<Option<BlobPart>, BlobStoreError> {
        let length = length.clamp(1, RANGE_BYTES_MAX);
        match self {
            Self::Local(folder) => folder.get_range(key, start, length).await,
            Self::S3(bucket) => bucket.get_range(key, start, length).await,
        }
    }

    pub async fn exists(&self, key: &BlobKey) -> Result<bool, BlobStoreError> {
        match self {
            Self::Local(folder) => folder.exists(key).await,
            Self::S3(bucket) => bucket.exists(key).await,
        }
    }

    /// Deleting what is not there is fine.
    pub async fn delete(&self, key: &BlobKey) -> Result<(), BlobStoreError> {
        match self {
            Self::Local(folder) => folder.delete(key).await,
            Self::S3(bucket) => bucket.delete(key).await,
        }
    }

    /// Up to `limit` (and at most [`PAGE_MAX`]) blobs of a folder such as `990100/photos`, or of all for
    /// `""`, after `after` (the `next` of the page before). Things that are not blobs are passed over.
    pub async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<BlobPage, BlobStoreError> {
        let prefix = key::prefix(folder)?;
        let limit = limit.clamp(1, PAGE_MAX);
        match self {
            Self::Local(folder) => folder.list(prefix, after.map(str::to_owned), limit).await,
            Self::S3(bucket) => bucket.list(&prefix, after, limit).await,
        }
    }

    /// Whether the folder or bucket can be reached, for start-up and health checks.
    pub async fn ready(&self) -> Result<(), BlobStoreError> {
        match self {
            Self::Local(folder) => folder.ready().await,
            Self::S3(bucket) => bucket.ready().await,
        }
    }
}

/// `bytes` again, if they are what the key names. Off the async threads: 50 MB take up to 0.2 s.
async fn checked(key: &BlobKey, bytes: Bytes) -> Result<Bytes, BlobStoreError> {
    if key.is_derived() {
        return Ok(bytes);
    }
    let hashed = bytes.clone();
    let digest = tokio::task::spawn_blocking(move || hex::encode(Sha256::digest(&hashed))).await;
    if digest.is_ok_and(|digest| digest == key.sha256()) {
        return Ok(bytes);
    }
    Err(BlobStoreError::NotItsContent { key: key.clone() })
}
