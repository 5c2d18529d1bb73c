//! The application's port, filled by [`Blobs`].

use super::{BlobKey, BlobStoreError, Blobs};
use app::ports::BlobError;
use async_trait::async_trait;
use bytes::Bytes;

#[async_trait]
impl app::ports::Blobs for Blobs {
    async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), BlobError> {
        let doing = told("store", key);
        Self::put(self, &parse("store", key)?, bytes, content_type).await.map_err(doing)
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, BlobError> {
        Self::get(self, &parse("read", key)?).await.map_err(told("read", key))
    }

    async fn delete(&self, key: &str) -> Result<(), BlobError> {
        Self::delete(self, &parse("delete", key)?).await.map_err(told("delete", key))
    }
}

fn parse(doing: &'static str, key: &str) -> Result<BlobKey, BlobError> {
    key.parse().map_err(told(doing, key))
}

fn told(doing: &'static str, key: &str) -> impl FnOnce(BlobStoreError) -> BlobError {
    let key = key.chars().take(120).collect();
    move |cause| BlobError { doing, key, cause: Box::new(cause) }
}
