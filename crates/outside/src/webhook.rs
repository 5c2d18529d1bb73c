//! Notices to other systems: a signed JSON document posted to an address from the configuration.

use crate::{BadSettings, Secret, client, text::Message};
use app::ports::Notice;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// `sha256=` and the hex HMAC-SHA256 of `<timestamp>.<body>` under the shared secret.
pub const SIGNATURE_HEADER: &str = "x-yiwang-signature";
/// Seconds since 1970; a receiver refuses old ones, so that a caught message cannot be sent again.
pub const TIMESTAMP_HEADER: &str = "x-yiwang-timestamp";

/// One system that may be told. Only configured addresses are ever called: a record or a person
/// cannot make this server knock on another door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTarget {
    /// What a notice names as its `to`.
    pub name: String,
    pub url: String,
    #[serde(default)]
    pub secret: Secret,
    #[serde(default)]
    pub secret_file: PathBuf,
    #[serde(default = "default_timeout")]
    pub timeout_s: u64,
    #[serde(default)]
    pub trust_file: PathBuf,
}

fn default_timeout() -> u64 {
    10
}

#[derive(Debug, Clone, Default)]
pub struct Webhooks(Vec<Ready>);

#[derive(Debug, Clone)]
struct Ready {
    name: String,
    url: reqwest::Url,
    secret: Secret,
    client: reqwest::Client,
}

impl Webhooks {
    /// # Errors
    /// Names the key that cannot be used.
    pub fn new(targets: &[WebhookTarget]) -> Result<Self, BadSettings> {
        let mut names = BTreeSet::new();
        let mut ready = Vec::new();
        for target in targets {
            let bad = |reason: &dyn std::fmt::Display| {
                BadSettings::new("webhooks", format!("{}: {reason}", target.name))
            };
            if target.name.is_empty() || !names.insert(&target.name) {
                return Err(bad(&"every webhook needs a name of its own"));
            }
            let url: reqwest::Url = target.url.parse().map_err(|cause| bad(&cause))?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(bad(&"http:// or https:// is expected"));
            }
            let secret = target.secret.or_file(&target.secret_file, "webhooks.secret")?;
            if secret.is_empty() {
                return Err(bad(&"a secret is needed to sign with"));
            }
            let client =
                client::client(target.timeout_s.clamp(1, 60), &target.trust_file, "webhooks.trust_file")?;
            ready.push(Ready { name: target.name.clone(), url, secret, client });
        }
        Ok(Self(ready))
    }

    pub async fn send(&self, notice: &Notice, message: &Message) -> Result<(), String> {
        let target = self
            .0
            .iter()
            .find(|t| t.name == notice.to)
            .ok_or_else(|| "no webhook of this name is configured".to_owned())?;
        let body = json!({
            "template": notice.template,
            "language": notice.language,
            "subject": message.subject,
            "text": message.body,
            "params": notice.params,
        })
        .to_string();
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default();
        let answer = target
            .client
            .post(target.url.clone())
            .header("content-type", "application/json")
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature(target.secret.expose(), timestamp, body.as_bytes()))
            .body(body)
            .send()
            .await
            .map_err(|cause| client::reason(&cause))?;
        let status = answer.status();
        client::bounded_text(answer).await?;
        if status.is_success() { Ok(()) } else { Err(format!("the webhook answered {}", status.as_u16())) }
    }
}

/// What a receiver computes to know that the message is ours.
#[must_use]
pub fn signature(secret: &str, timestamp: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use std::sync::{Arc, Mutex};

    type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

    fn notice(to: &str) -> Notice {
        Notice {
            channel: "webhook".into(),
            to: to.into(),
            template: "case_closed".into(),
            language: "zh".into(),
            params: json!({"number": "9901002026112200001"}).as_object().cloned().unwrap(),
        }
    }

    fn target(name: &str, url: &str, secret: &str) -> WebhookTarget {
        WebhookTarget {
            name: name.into(),
            url: url.into(),
            secret: Secret::new(secret),
            secret_file: PathBuf::new(),
            timeout_s: 1,
            trust_file: PathBuf::new(),
        }
    }

    #[tokio::test]
    async fn the_receiver_can_check_the_signature() {
        let seen = Seen::default();
        let app = axum::Router::new()
            .route(
                "/in",
                post(|State(seen): State<Seen>, headers: HeaderMap, body: Bytes| async move {
                    seen.lock().unwrap().push((headers, body));
                    // An endless answer is cut off, not read.
                    "x".repeat(1_000_000)
                }),
            )
            .route("/slow", post(|| async { std::future::pending::<StatusCode>().await }))
            .route("/moved", post(|| async { (StatusCode::FOUND, [("location", "/in")]) }))
            .with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });

        let hooks = Webhooks::new(&[
            target("hotline", &format!("{base}/in"), "k1"),
            target("slow", &format!("{base}/slow"), "k2"),
            target("moved", &format!("{base}/moved"), "k3"),
        ])
        .unwrap();
        let message = crate::text::message("case_closed", "zh", &notice("").params).unwrap();
        hooks.send(&notice("hotline"), &message).await.unwrap();
        {
            let seen = seen.lock().unwrap();
            let (headers, body) = &seen[0];
            let at: u64 = headers[TIMESTAMP_HEADER].to_str().unwrap().parse().unwrap();
            assert_eq!(headers[SIGNATURE_HEADER].to_str().unwrap(), signature("k1", at, body));
            assert_ne!(headers[SIGNATURE_HEADER].to_str().unwrap(), signature("k1", at + 1, body));
            let body: serde_json::Value = serde_json::from_slice(body).unwrap();
            assert_eq!(body["params"]["number"], "9901002026112200001");
            assert!(body["text"].as_str().unwrap().contains("结案"));
        }
        assert_eq!(hooks.send(&notice("slow"), &message).await.unwrap_err(), "no answer in time");
        assert_eq!(hooks.send(&notice("moved"), &message).await.unwrap_err(), "the webhook answered 302");
        assert_eq!(seen.lock().unwrap().len(), 1, "a redirect is not followed");
        let elsewhere = hooks.send(&notice("http://169.254.169.254/"), &message).await.unwrap_err();
        assert_eq!(elsewhere, "no webhook of this name is configured");
    }

    #[test]
    fn a_webhook_needs_name_address_and_secret() {
        assert!(Webhooks::new(&[target("a", "http://x/", "")]).is_err());
        assert!(Webhooks::new(&[target("a", "file:///etc", "k")]).is_err());
        assert!(Webhooks::new(&[target("a", "http://x/", "k"), target("a", "http://y/", "k")]).is_err());
        assert!(Webhooks::new(&[target("a", "http://x/", "k")]).is_ok());
    }

    #[test]
    fn the_signature_is_the_published_one() {
        // RFC 4231 test case 2 key; data "1.body" checked with Python's hmac module.
        assert_eq!(
            signature("Jefe", 1, b"body"),
            "sha256=25d254c27761adb1423727084ca395476858b2401387226230b6358cf07fad8b"
        );
    }
}
