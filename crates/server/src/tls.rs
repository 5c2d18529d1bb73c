//! HTTPS: a certificate from files, or for trials an authority of our own.

use crate::config::{Config, TlsMode};
use crate::lock::make_private_folder;
use anyhow::{Context, bail};
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};

/// Browsers refuse server certificates that are valid for longer.
const CERTIFICATE_DAYS: i64 = 397;
const RENEW_BEFORE_DAYS: i64 = 30;
const AUTHORITY_YEARS: i32 = 10;

/// The certificate to serve with, or `None` when HTTPS is off.
///
/// # Errors
/// When a certificate or key cannot be read or made.
pub async fn certificate(config: &Config) -> anyhow::Result<Option<RustlsConfig>> {
    let (cert, key) = match config.tls.mode {
        TlsMode::Off => return Ok(None),
        TlsMode::Files => (config.tls.cert.clone(), config.tls.key.clone()),
        TlsMode::Generated => {
            generated(&config.data_dir.join("tls"), &hosts(&config.tls.hosts), jiff::Timestamp::now())?
        }
    };
    let read = RustlsConfig::from_pem_file(&cert, &key).await;
    read.map(Some)
        .with_context(|| format!("could not use certificate {} with key {}", cert.display(), key.display()))
}

/// Reads certificate and key again when SIGHUP comes, so that a renewed certificate needs no restart.
#[cfg(unix)]
pub fn reload_on_hangup(config: &Config, tls: RustlsConfig, stop: tokio_util::sync::CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let config = config.clone();
    tokio::spawn(async move {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hangup.recv() => match certificate(&config).await {
                    Ok(Some(fresh)) => {
                        tls.reload_from_config(fresh.get_inner());
                        tracing::info!("certificate read again");
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(error = format!("{error:#}"), "certificate kept: the new one cannot be used"),
                },
            }
        }
    });
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    hosts: BTreeSet<String>,
    not_after: jiff::Timestamp,
}

/// Certificate and key files for `hosts` in `folder`, made when missing, nearly over or for other hosts.
fn generated(
    folder: &Path,
    hosts: &BTreeSet<String>,
    now: jiff::Timestamp,
) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (cert, key, note) = (folder.join("cert.pem"), folder.join("key.pem"), folder.join("made.json"));
    let made: Option<Made> = std::fs::read(&note).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let renew_at = now + jiff::SignedDuration::from_hours(24 * RENEW_BEFORE_DAYS);
    if made.is_some_and(|m| m.hosts == *hosts && m.not_after > renew_at) && cert.is_file() && key.is_file() {
        return Ok((cert, key));
    }
    make_private_folder(folder)?;
    let authority = authority(folder, now)?;
    let not_after = now + jiff::SignedDuration::from_hours(24 * CERTIFICATE_DAYS);
    let mut params = CertificateParams::new(hosts.iter().cloned().collect::<Vec<_>>())
        .context("a host name of the certificate is not valid (tls.hosts)")?;
    params.distinguished_name.push(DnType::CommonName, "Yiwang trial");
    set_days(&mut params, day(now - jiff::SignedDuration::from_hours(24)), day(not_after));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let own_key = KeyPair::generate()?;
    let certificate = params.signed_by(&own_key, &authority)?;
    let chain = format!("{}{}", certificate.pem(), std::fs::read_to_string(folder.join("authority.pem"))?);
    write_private(&key, own_key.serialize_pem().as_bytes())?;
    std::fs::write(&cert, chain)?;
    std::fs::write(&note, serde_json::to_vec(&Made { hosts: hosts.clone(), not_after })?)?;
    tracing::info!(hosts = ?hosts, authority = %folder.join("authority.pem").display(),
        "made a certificate for trials; install the authority on phones to trust it");
    Ok((cert, key))
}

/// The authority of this installation: its key is kept, so that a phone that trusts it stays content.
fn authority(folder: &Path, now: jiff::Timestamp) -> anyhow::Result<Issuer<'static, KeyPair>> {
    let (cert, key) = (folder.join("authority.pem"), folder.join("authority.key"));
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if key.is_file() != cert.is_file() {
        bail!("{} and {} belong together, one is missing; remove both", cert.display(), key.display());
    }
    let existing = if key.is_file() {
        let pem = std::fs::read_to_string(&key)?;
        Some(KeyPair::from_pem(&pem).with_context(|| format!("could not read {}", key.display()))?)
    } else {
        None
    };
    let is_new = existing.is_none();
    let pair = existing.map_or_else(KeyPair::generate, Ok)?;
    // The name holds the key's own mark, so that two installations are not taken for one.
    let mark = hex::encode(&<sha2::Sha256 as sha2::Digest>::digest(pair.public_key_raw())[..4]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Yiwang trial authority {mark}"));
    if is_new {
        let (year, month, _) = day(now);
        set_days(
            &mut params,
            day(now - jiff::SignedDuration::from_hours(24)),
            (year + AUTHORITY_YEARS, month, 1),
        );
        write_private(&key, pair.serialize_pem().as_bytes())?;
        std::fs::write(&cert, params.self_signed(&pair)?.pem())?;
    }
    Ok(Issuer::new(params, pair))
}

/// Year, month and day in UTC, as `rcgen` takes them.
fn day(at: jiff::Timestamp) -> (i32, u8, u8) {
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn set_days(params: &mut CertificateParams, from: (i32, u8, u8), to: (i32, u8, u8)) {
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
}

/// Writes `bytes` to a file that only its owner may read.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// Names under which phones on the same net reach this machine.
fn hosts(configured: &[String]) -> BTreeSet<String> {
    let mut hosts: BTreeSet<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    hosts.extend(configured.iter().cloned());
    if let Ok(name) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
        let name = name.trim().to_lowercase();
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
            hosts.insert(format!("{name}.local"));
            hosts.insert(name);
        }
    }
    hosts.extend(lan_address("0.0.0.0:0", "192.0.2.1:9"));
    hosts.extend(lan_address("[::]:0", "[2001:db8::1]:9"));
    hosts
}

/// The address this machine would send from. Nothing is sent: connecting a datagram socket only picks a route.
fn lan_address(from: &str, to: &str) -> Option<String> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    let usable = match ip {
        IpAddr::V4(v4) => !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unspecified(),
    };
    usable.then(|| ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_certificate_is_made_once_and_renewed_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let now: jiff::Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let names = hosts(&["city.test".to_owned()]);
        assert!(names.contains("localhost") && names.contains("city.test"));
        let (cert, key) = generated(&folder, &names, now).unwrap();
        let first = std::fs::read_to_string(&cert).unwrap();
        let authority = std::fs::read_to_string(folder.join("authority.pem")).unwrap();
        assert_eq!(first.matches("BEGIN CERTIFICATE").count(), 2);
        #[cfg(unix)]
        for private in [&key, &folder.join("authority.key")] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o600);
        }
        generated(&folder, &names, now).unwrap();
        assert_eq!(std::fs::read_to_string(&cert).unwrap(), first, "kept");

        let later = now + jiff::SignedDuration::from_hours(24 * (CERTIFICATE_DAYS - 10));
        generated(&folder, &names, later).unwrap();
        let second = std::fs::read_to_string(&cert).unwrap();
        assert_ne!(second, first, "renewed");
        generated(&folder, &["other.test".to_owned()].into(), later).unwrap();
        assert_ne!(std::fs::read_to_string(&cert).unwrap(), second, "other hosts");
        assert_eq!(
            std::fs::read_to_string(folder.join("authority.pem")).unwrap(),
            authority,
            "the authority stays"
        );
    }

    #[tokio::test]
    async fn a_client_that_trusts_the_authority_is_content() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: folder.path().into(),
            tls: crate::config::Tls { mode: TlsMode::Generated, ..Default::default() },
            ..Config::default()
        };
        let tls = certificate(&config).await.unwrap().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = axum::Router::new().route("/", axum::routing::get(|| async { "hello" }));
        let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
        tokio::spawn(server.serve(app.into_make_service()));
        let pem = std::fs::read(folder.path().join("tls/authority.pem")).unwrap();
        let trust = reqwest::Certificate::from_pem(&pem).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([trust]).build().unwrap();
        let text =
            client.get(format!("https://localhost:{port}/")).send().await.unwrap().text().await.unwrap();
        assert_eq!(text, "hello");
        let stranger = reqwest::Client::builder().build().unwrap();
        assert!(stranger.get(format!("https://localhost:{port}/")).send().await.is_err());
    }
}
