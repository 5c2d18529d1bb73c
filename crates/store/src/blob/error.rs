//! What can go wrong with blobs.

use super::{BLOB_BYTES_MAX, BlobKey};

#[derive(Debug, thiserror::Error)]
pub enum BlobStoreError {
    #[error("{text:?} is not a blob key: folder/ab/sha256.extension is expected")]
    BadKey { text: String },
    #[error("blob {key} has {bytes} bytes, at most {limit} are kept")]
    TooLarge { key: BlobKey, bytes: u64, limit: usize },
    #[error("the bytes of blob {key} are not what its name says")]
    NotItsContent { key: BlobKey },
    #[error("could not {doing} {what}")]
    Disk {
        doing: &'static str,
        /// Key or folder.
        what: String,
        #[source]
        cause: std::io::Error,
    },
    /// The address is left out of the cause: it carries a signature.
    #[error("could not {doing} {what} in the bucket")]
    Unreachable {
        doing: &'static str,
        what: String,
        #[source]
        cause: reqwest::Error,
    },
    #[error("could not {doing} {what} in the bucket: status {status} {code}")]
    Answered {
        doing: &'static str,
        what: String,
        status: u16,
        /// The S3 error code, if the answer had one.
        code: String,
    },
    #[error("the bucket cannot be used: {why}")]
    BadConfig { why: String },
}

impl BlobStoreError {
    pub(super) fn too_large(key: &BlobKey, bytes: u64) -> Self {
        Self::TooLarge { key: key.clone(), bytes, limit: BLOB_BYTES_MAX }
    }
}
