//! Blobs as objects of an S3-compatible bucket (AWS, MinIO, Ceph, OSS, OBS, COS).

use super::{BLOB_BYTES_MAX, BlobEntry, BlobKey, BlobPage, BlobPart, BlobStoreError};
use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, StatusCode, Url, redirect};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Tries of one request. A person waits for the upload, so 0.6 s of pauses is what we grant a store
/// that restarts; the phone's outbox tries again later anyway.
const TRIES: u32 = 3;
/// Pause before the second try; doubled before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Nothing received for so long means the connection is dead.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// 50 MB at 1 MB/s, and some more.
const DONE_WITHIN: Duration = Duration::from_secs(60);
/// A signed address is used at once; clocks may differ by a minute.
const SIGNATURE_VALID: Duration = Duration::from_secs(300);

/// Where the bucket is and who we are there.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// `https://s3.cn-north-1.amazonaws.com.cn`, `http://minio:9000`.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    /// `endpoint/bucket/key` (MinIO, Ceph) instead of `bucket.endpoint/key` (AWS, OSS, OBS, COS).
    #[serde(default)]
    pub path_style: bool,
    pub access_key: String,
    pub secret_key: String,
    /// Only with temporary credentials.
    #[serde(default)]
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, bucket, path_style, .. } = self;
        write!(f, "S3Config({bucket} at {endpoint}, region {region}, path style {path_style})")
    }
}

/// A bucket of blobs.
#[derive(Debug, Clone)]
pub struct S3Blobs {
    client: Client,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    bucket: Bucket,
    credentials: Credentials,
}

/// A whole answer, its body bounded.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl S3Blobs {
    /// Checks the configuration; asks nobody yet (see [`Blobs::ready`](super::Blobs::ready)). Installs
    /// ring as the TLS provider of the process if none is installed.
    pub fn open(config: &S3Config) -> Result<Self, BlobStoreError> {
        Self::with_client(config, |client| client)
    }

    /// `adjust` lets tests resolve names of their own.
    pub(super) fn with_client(
        config: &S3Config,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, BlobStoreError> {
        // An error means that the process has chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = adjust(Client::builder())
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENCE_MAX)
            .timeout(DONE_WITHIN)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| BlobStoreError::BadConfig { why: error.to_string() })?;
        let bad = |why: String| BlobStoreError::BadConfig { why };
        let endpoint = Url::parse(&config.endpoint).map_err(|e| bad(format!("endpoint: {e}")))?;
        let style = if config.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(endpoint, style, config.bucket.clone(), config.region.clone())
            .map_err(|e| bad(format!("endpoint and bucket: {e}")))?;
        let (key, secret) = (config.access_key.clone(), config.secret_key.clone());
        let credentials = match config.session_token.clone() {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        };
        Ok(Self { client, place: Arc::new(Place { bucket, credentials }) })
    }

    pub(super) async fn put(
        &self,
        key: &BlobKey,
        bytes: Bytes,
        content_type: &str,
    ) -> Result<(), BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let request = || {
            let action = bucket.put_object(Some(credentials), key.as_str());
            let request = self.request(Method::PUT, &action);
            // Said even when it is 0, which the client would leave out and S3 insists on.
            let request = request.header(CONTENT_LENGTH, bytes.len());
            request.header(CONTENT_TYPE, content_type).body(bytes.clone())
        };
        let answer = self.ask("store", key.as_str(), request).await?;
        answer.expect("store", key.as_str(), &[StatusCode::OK, StatusCode::CREATED])
    }

    pub(super) async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>, BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let request = || self.request(Method::GET, &bucket.get_object(Some(credentials), key.as_str()));
        let answer = self.ask("read", key.as_str(), request).await?;
        if answer.says_missing() {
            return Ok(None);
        }
        answer.expect("read", key.as_str(), &[StatusCode::OK])?;
        if answer.body.len() > BLOB_BYTES_MAX {
            return Err(BlobStoreError::too_large(key, answer.body.len() as u64));
        }
        Ok(Some(answer.body))
    }

    pub(super) async fn get_range(
        &self,
        key: &BlobKey,
        start: u64,
        length: usize,
    ) -> Result<Option<BlobPart>, BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let last = start.saturating_add(length as u64 - 1);
        let request = || {
            let action = bucket.get_object(Some(credentials), key.as_str());
            self.request(Method::GET, &action).header(RANGE, format!("bytes={start}-{last}"))
        };
        let answer = self.ask("read", key.as_str(), request).await?;
        if answer.says_missing() {
            return Ok(None);
        }
        if answer.status == StatusCode::RANGE_NOT_SATISFIABLE {
            let total = match answer.total() {
                Some(total) => Some(total),
                // Some stores do not say how long the blob is.
                None => self.length(key).await?,
            };
            return Ok(total.map(|total| BlobPart { bytes: Bytes::new(), total }));
        }
        answer.expect("read", key.as_str(), &[StatusCode::OK, StatusCode::PARTIAL_CONTENT])?;
        let Answer { status, ref body, .. } = answer;
        if status == StatusCode::PARTIAL_CONTENT {
            let total = answer.total().unwrap_or(start + body.len() as u64);
            let bytes = body.slice(..length.min(body.len()));
            return Ok(Some(BlobPart { bytes, total }));
        }
        // A store that ignores ranges sent everything.
        let from = usize::try_from(start).map_or(body.len(), |start| start.min(body.len()));
        let to = from.saturating_add(length).min(body.len());
        Ok(Some(BlobPart { bytes: body.slice(from..to), total: body.len() as u64 }))
    }

    pub(super) async fn exists(&self, key: &BlobKey) -> Result<bool, BlobStoreError> {
        self.length(key).await.map(|length| length.is_some())
    }

    pub(super) async fn delete(&self, key: &BlobKey) -> Result<(), BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let request = || self.request(Method::DELETE, &bucket.delete_object(Some(credentials), key.as_str()));
        let answer = self.ask("delete", key.as_str(), request).await?;
        if answer.says_missing() {
            return Ok(());
        }
        answer.expect("delete", key.as_str(), &[StatusCode::OK, StatusCode::NO_CONTENT])
    }

    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<BlobPage, BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let request = || {
            let mut action = bucket.list_objects_v2(Some(credentials));
            action.with_prefix(prefix);
            action.with_max_keys(limit);
            if let Some(after) = after {
                action.with_start_after(after);
            }
            self.request(Method::GET, &action)
        };
        let answer = self.ask("list", prefix, request).await?;
        answer.expect("list", prefix, &[StatusCode::OK])?;
        let listed = std::str::from_utf8(&answer.body).ok().map(ListObjectsV2::parse_response);
        let Some(Ok(listed)) = listed else {
            let code = "but not a listing".to_owned();
            return Err(BlobStoreError::Answered {
                doing: "list",
                what: prefix.to_owned(),
                status: answer.status.as_u16(),
                code,
            });
        };
        let last = listed.contents.last().map(|object| object.key.clone());
        let next = listed.next_continuation_token.and(last);
        let known = listed.contents.into_iter().filter_map(|object| {
            let key = object.key.parse().ok()?;
            Some(BlobEntry { key, bytes: object.size.unwrap_or(0) })
        });
        Ok(BlobPage { blobs: known.collect(), next })
    }

    pub(super) async fn ready(&self) -> Result<(), BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        // Not HEAD: its answer has no body, and so does not say what was wrong.
        let request = || {
            let mut action = bucket.list_objects_v2(Some(credentials));
            action.with_max_keys(1);
            self.request(Method::GET, &action)
        };
        let answer = self.ask("reach", bucket.name(), request).await?;
        answer.expect("reach", bucket.name(), &[StatusCode::OK])
    }

    /// Length of a blob, if it is there.
    async fn length(&self, key: &BlobKey) -> Result<Option<u64>, BlobStoreError> {
        let Place { bucket, credentials } = &*self.place;
        let request = || self.request(Method::HEAD, &bucket.head_object(Some(credentials), key.as_str()));
        let answer = self.ask("look for", key.as_str(), request).await?;
        if answer.says_missing() {
            return Ok(None);
        }
        answer.expect("look for", key.as_str(), &[StatusCode::OK])?;
        let length = answer.headers.get(CONTENT_LENGTH);
        Ok(Some(length.and_then(|n| n.to_str().ok()?.parse().ok()).unwrap_or(0)))
    }

    fn request<'a>(&self, method: Method, action: &impl S3Action<'a>) -> RequestBuilder {
        self.client.request(method, action.sign(SIGNATURE_VALID))
    }

    /// Asks until there is an answer that another try would not change. Every request here may be sent
    /// twice without harm; each try is signed anew.
    async fn ask(
        &self,
        doing: &'static str,
        what: &str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, BlobStoreError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match whole_answer(request()).await {
                Ok(answer) if !passes_by_itself(answer.status) => return Ok(answer),
                Ok(answer) => tracing::warn!(doing, what, status = answer.status.as_u16(), "trying again"),
                Err(error) => tracing::warn!(doing, what, %error, "trying again"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let last = whole_answer(request()).await;
        last.map_err(|cause| BlobStoreError::Unreachable { doing, what: what.to_owned(), cause })
    }
}

impl Answer {
    /// Not there; a bucket that is not there is something else.
    fn says_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.code() != "NoSuchBucket"
    }

    fn expect(&self, doing: &'static str, what: &str, good: &[StatusCode]) -> Result<(), BlobStoreError> {
        if good.contains(&self.status) {
            return Ok(());
        }
        let (status, code) = (self.status.as_u16(), self.code().to_owned());
        Err(BlobStoreError::Answered { doing, what: what.to_owned(), status, code })
    }

    /// `<Code>…</Code>` of an error answer; empty if there is none.
    fn code(&self) -> &str {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        code.map(|(code, _)| code).filter(|code| code.len() <= 64).unwrap_or_default()
    }

    /// The whole length, from `Content-Range: bytes 0-99/1234` or `bytes */1234`.
    fn total(&self) -> Option<u64> {
        let range = self.headers.get(CONTENT_RANGE)?.to_str().ok()?;
        range.rsplit_once('/')?.1.parse().ok()
    }
}

/// Sends and receives all. Reads one chunk more than a blob may have and stops, so that a wrong
/// length cannot fill the memory.
async fn whole_answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        body.extend_from_slice(&chunk);
        if body.len() > BLOB_BYTES_MAX {
            break;
        }
    }
    Ok(Answer { status: response.status(), headers: response.headers().clone(), body: body.freeze() })
}

/// Overload and restarts pass; everything else stays as it is.
fn passes_by_itself(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}
