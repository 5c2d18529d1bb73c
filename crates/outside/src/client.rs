//! The HTTP client of all adapters: TLS by rustls, no redirects, bounded time and answers.

use crate::BadSettings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes read of an answer. Gateways answer with a line or two.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// A client that trusts the public authorities and those in `trust_file` (PEM; empty for none).
pub fn client(timeout_s: u64, trust_file: &Path, key: &str) -> Result<reqwest::Client, BadSettings> {
    let bad =
        |cause: &dyn std::fmt::Display| BadSettings::new(key, format!("{}: {cause}", trust_file.display()));
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if !trust_file.as_os_str().is_empty() {
        for certificate in CertificateDer::pem_file_iter(trust_file).map_err(|cause| bad(&cause))? {
            roots.add(certificate.map_err(|cause| bad(&cause))?).map_err(|cause| bad(&cause))?;
        }
    }
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| bad(&cause))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(timeout_s))
        .connect_timeout(Duration::from_secs(timeout_s.min(10)))
        .user_agent(concat!("yiwang/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|cause| bad(&cause))
}

/// Reads the answer up to its bound; what comes after is dropped with the connection.
pub async fn bounded_text(mut answer: reqwest::Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|cause| reason(&cause))? {
        let room = ANSWER_MAX_BYTES - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_MAX_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Why a request failed, without its address: that may hold a phone number or a secret.
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if error.is_connect() {
        return format!("could not connect{}", deepest(error));
    }
    format!("the request failed{}", deepest(error))
}

fn deepest(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    let mut text = String::new();
    while let Some(error) = cause {
        text = format!(": {error}");
        cause = error.source();
    }
    text
}
