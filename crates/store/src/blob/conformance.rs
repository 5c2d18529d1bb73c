//! One suite for both stores. The folder needs nothing; the bucket needs a real S3 server at
//! `YIWANG_TEST_S3` (`cargo xtask test` starts one), and without it says so and passes.

use super::{BLOB_BYTES_MAX, BlobFolder, BlobKey, BlobStoreError, Blobs, LocalBlobs, S3Blobs, S3Config};
use bytes::Bytes;
use kernel::{AttachmentId, CityCode};
use reqwest::header::CONTENT_LENGTH;
use rusty_s3::S3Action;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_folder_keeps_the_promises_of_blobs() -> Outcome {
    let folder = Folder::new();
    keeps_its_promises(&Blobs::Local(LocalBlobs::open(&folder.0)?)).await
}

#[tokio::test]
async fn a_bucket_keeps_the_promises_of_blobs() -> Outcome {
    let Some(config) = s3_server() else { return Ok(()) };
    make_bucket(&config).await?;
    keeps_its_promises(&Blobs::S3(S3Blobs::open(&config)?)).await
}

#[tokio::test]
async fn a_bucket_is_also_reached_by_its_own_host_name() -> Outcome {
    let Some(config) = s3_server() else { return Ok(()) };
    make_bucket(&config).await?;
    let address: SocketAddr = config.endpoint.trim_start_matches("http://").parse()?;
    let endpoint = format!("http://localhost:{}", address.port());
    let own = S3Config { endpoint, path_style: false, ..config };
    let host = format!("{}.localhost", own.bucket);
    let bucket = S3Blobs::with_client(&own, |client| client.resolve(&host, address))?;
    keeps_its_promises(&Blobs::S3(bucket)).await
}

/// The suite. Uses a city of its own, so that it may run on a bucket with other things in it.
async fn keeps_its_promises(blobs: &Blobs) -> Outcome {
    blobs.ready().await?;
    let city = CityCode::new(990_000 + Uuid::new_v4().as_fields().1 as u32 % 9_999).ok_or("a valid city")?;
    let photo = Bytes::from(vec![0xD8; 100_000]);
    let key = original(city, BlobFolder::Photos, &photo)?;

    // Nothing there yet.
    assert_eq!(blobs.get(&key).await?, None);
    assert_eq!(blobs.get_range(&key, 0, 10).await?, None);
    assert!(!blobs.exists(&key).await?);
    blobs.delete(&key).await?;
    assert!(blobs.list(&format!("{city}/photos"), None, 10).await?.blobs.is_empty());

    // Stored once or twice, it is the same blob.
    blobs.put(&key, photo.clone(), "image/jpeg").await?;
    blobs.put(&key, photo.clone(), "image/jpeg").await?;
    assert_eq!(blobs.get(&key).await?.as_ref(), Some(&photo));
    assert!(blobs.exists(&key).await?);

    // Parts, as a video player asks for them.
    for (start, length, expected) in
        [(0, 10, 10), (99_990, 10, 10), (99_990, 500, 10), (100_000, 1, 0), (u64::MAX - 5, 100, 0)]
    {
        let part = blobs.get_range(&key, start, length).await?.ok_or("the blob is there")?;
        assert_eq!((part.bytes.len(), part.total), (expected, 100_000), "{length} from {start}");
    }

    // Bytes that are not what the name says, and too many bytes.
    let wrong = blobs.put(&key, Bytes::from_static(b"another"), "image/jpeg").await;
    assert!(matches!(wrong, Err(BlobStoreError::NotItsContent { .. })), "{wrong:?}");
    let huge = blobs.put(&key, Bytes::from(vec![0; BLOB_BYTES_MAX + 1]), "image/jpeg").await;
    assert!(matches!(huge, Err(BlobStoreError::TooLarge { .. })), "{huge:?}");
    assert_eq!(blobs.get(&key).await?.as_ref(), Some(&photo), "unchanged by refused bytes");

    // A thumbnail has the name of its photo and may be made anew; it may even be empty.
    let id = content_id(&photo)?;
    let thumb = BlobKey::new(city, BlobFolder::Thumbs, &id, "jpg")?;
    for small in ["first", "second, longer", ""] {
        blobs.put(&thumb, Bytes::from_static(small.as_bytes()), "image/jpeg").await?;
        assert_eq!(blobs.get(&thumb).await?.as_deref(), Some(small.as_bytes()));
    }

    // Many writers of the same and of other blobs at once.
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..40_u8 {
        let (blobs, bytes) = (blobs.clone(), Bytes::from(vec![n / 2; 50]));
        let key = original(city, BlobFolder::Videos, &bytes)?;
        writers.spawn(async move { blobs.put(&key, bytes, "video/mp4").await });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }

    // Listed in order, by pages, each blob once.
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = blobs.list(&format!("{city}/videos"), after.as_deref(), 7).await?;
        assert!(page.blobs.len() <= 7);
        listed.extend(page.blobs);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 20);
    assert!(listed.is_sorted_by(|a, b| a.key < b.key));
    assert!(listed.iter().all(|entry| entry.bytes == 50));
    assert_eq!(blobs.list(&format!("{city}"), None, 1000).await?.blobs.len(), 22, "photo, thumb, 20 videos");
    let bad = blobs.list("../etc", None, 1).await;
    assert!(matches!(bad, Err(BlobStoreError::BadKey { .. })));

    for entry in listed {
        blobs.delete(&entry.key).await?;
        assert!(!blobs.exists(&entry.key).await?);
    }
    blobs.delete(&key).await?;
    blobs.delete(&thumb).await?;
    assert_eq!(blobs.get(&key).await?, None);
    assert!(blobs.list(&format!("{city}"), None, 10).await?.blobs.is_empty());
    Ok(())
}

#[tokio::test]
async fn damage_on_disk_is_an_error_and_leftovers_are_invisible() -> Outcome {
    let folder = Folder::new();
    let blobs = Blobs::Local(LocalBlobs::open(&folder.0)?);
    let city = CityCode::new(990_100).ok_or("a valid city")?;
    let photo = Bytes::from_static(b"a photo");
    let key = original(city, BlobFolder::Photos, &photo)?;
    blobs.put(&key, photo, "image/jpeg").await?;
    let path = folder.0.join(key.as_str());
    std::fs::write(path.with_extension("tmp~"), "not a blob")?;
    std::fs::write(folder.0.join(".incoming/half"), "half a photo")?;
    assert_eq!(blobs.list("", None, 10).await?.blobs.len(), 1);
    std::fs::write(&path, "b photo")?;
    let damaged = blobs.get(&key).await;
    assert!(matches!(damaged, Err(BlobStoreError::NotItsContent { .. })), "{damaged:?}");
    Ok(())
}

/// A server that says 503 `failures` times, then 200; counts what it was asked.
async fn unsteady_server(failures: usize) -> std::io::Result<(S3Config, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let n = count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).await;
            let status = if n < failures { "503 Slow Down" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Ok((config(endpoint), asked))
}

#[tokio::test]
async fn a_store_that_restarts_is_asked_again_but_not_for_ever() -> Outcome {
    let city = CityCode::new(990_100).ok_or("a valid city")?;
    let photo = Bytes::from_static(b"a photo");
    let key = original(city, BlobFolder::Photos, &photo)?;
    for (failures, good, asks) in [(0, true, 1), (2, true, 3), (9, false, 3)] {
        let (config, asked) = unsteady_server(failures).await?;
        let blobs = Blobs::S3(S3Blobs::open(&config)?);
        let done = blobs.put(&key, photo.clone(), "image/jpeg").await;
        assert_eq!((done.is_ok(), asked.load(Ordering::SeqCst)), (good, asks), "{failures} failures");
    }
    // Nobody listens: refused at once, said without the signed address.
    let started = Instant::now();
    let blobs = Blobs::S3(S3Blobs::open(&config("http://127.0.0.1:1".into()))?);
    let Err(error) = blobs.get(&key).await else { return Err("nobody listens on port 1".into()) };
    let told = format!("{error} {:?}", error);
    assert!(!told.contains("Signature") && !told.contains("secret"), "{told}");
    assert!(started.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_blob() -> Outcome {
    let Some(config) = s3_server() else { return Ok(()) };
    let nowhere = S3Config { bucket: format!("nowhere-{}", Uuid::new_v4().simple()), ..config };
    let blobs = Blobs::S3(S3Blobs::open(&nowhere)?);
    assert!(blobs.ready().await.is_err());
    let city = CityCode::new(990_100).ok_or("a valid city")?;
    let answer = blobs.get(&original(city, BlobFolder::Photos, b"a photo")?).await;
    assert!(matches!(answer, Err(BlobStoreError::Answered { status: 404, .. })), "{answer:?}");
    Ok(())
}

#[test]
fn a_configuration_that_cannot_work_is_refused_and_never_shows_its_secret() {
    let good = config("http://127.0.0.1:9000".into());
    for bad in [
        S3Config { endpoint: "no address".into(), ..good.clone() },
        S3Config { endpoint: "ftp://host".into(), ..good.clone() },
        S3Config { path_style: false, ..good.clone() },
    ] {
        let refused = S3Blobs::open(&bad);
        assert!(matches!(refused, Err(BlobStoreError::BadConfig { .. })), "{bad:?}");
    }
    assert!(!format!("{good:?} {:?}", S3Blobs::open(&good)).contains("test-secret"));
}

fn original(city: CityCode, folder: BlobFolder, bytes: &[u8]) -> Result<BlobKey, Box<dyn std::error::Error>> {
    Ok(BlobKey::new(city, folder, &content_id(bytes)?, "jpg")?)
}

fn content_id(bytes: &[u8]) -> Result<AttachmentId, kernel::id::BadId> {
    AttachmentId::try_from(hex::encode(Sha256::digest(bytes)))
}

fn config(endpoint: String) -> S3Config {
    S3Config {
        endpoint,
        region: "us-east-1".into(),
        bucket: "yiwang-blobs".into(),
        path_style: true,
        access_key: "test-key".into(),
        secret_key: "test-secret".into(),
        session_token: None,
    }
}

fn s3_server() -> Option<S3Config> {
    let address = std::env::var("YIWANG_TEST_S3").ok().map(|text| text.trim_end_matches('/').to_owned());
    if address.is_none() {
        println!("SKIPPED: no S3 server; set YIWANG_TEST_S3=http://127.0.0.1:PORT (moto_server -p PORT)");
    }
    address.map(config)
}

async fn make_bucket(config: &S3Config) -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bucket = rusty_s3::Bucket::new(
        config.endpoint.parse()?,
        rusty_s3::UrlStyle::Path,
        config.bucket.clone(),
        config.region.clone(),
    )?;
    let credentials = rusty_s3::Credentials::new(&config.access_key, &config.secret_key);
    let url = bucket.create_bucket(&credentials).sign(Duration::from_secs(60));
    // 409 when another test has made it.
    let status = reqwest::Client::new().put(url).header(CONTENT_LENGTH, 0).send().await?.status();
    assert!(status.is_success() || status == reqwest::StatusCode::CONFLICT, "{status}");
    Ok(())
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("yiwang-blobs-{}", Uuid::new_v4().simple())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
