//! SMS through the HTTP gateway a city has a contract with. All gateways differ, so the request is configured.

use crate::{BadSettings, Secret, client, text::Message};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SmsMethod {
    Get,
    #[default]
    Post,
}

/// How to ask the gateway. `{phone}`, `{text}` and `{secret}` stand for themselves in `url` and `body`,
/// escaped as the place needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    /// Empty: no SMS is sent.
    pub url: String,
    pub method: SmsMethod,
    pub content_type: String,
    pub body: String,
    pub headers: BTreeMap<String, String>,
    pub secret: Secret,
    pub secret_file: PathBuf,
    /// The answer must contain this text; empty: status 2xx is enough. Many gateways say 200 to a refusal.
    pub success_text: String,
    pub timeout_s: u64,
    pub trust_file: PathBuf,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: SmsMethod::Post,
            content_type: "application/json".into(),
            body: r#"{"phone":"{phone}","text":"{text}"}"#.into(),
            headers: BTreeMap::new(),
            secret: Secret::default(),
            secret_file: PathBuf::new(),
            success_text: String::new(),
            timeout_s: 10,
            trust_file: PathBuf::new(),
        }
    }
}

/// Longest SMS handed to a gateway: ten parts of 67 Chinese characters.
const TEXT_MAX_CHARS: usize = 670;

#[derive(Clone)]
pub struct Sms {
    settings: SmsSettings,
    secret: Secret,
    headers: HeaderMap,
    client: reqwest::Client,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sms").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Escape {
    Json,
    Percent,
    None,
}

impl Sms {
    /// # Errors
    /// Names the key that cannot be used.
    pub fn new(settings: SmsSettings) -> Result<Self, BadSettings> {
        let url: reqwest::Url = filled(&settings.url, "1", "1", "1", Escape::Percent)
            .parse()
            .map_err(|cause| BadSettings::new("sms.url", cause))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadSettings::new("sms.url", "http:// or https:// is expected"));
        }
        let everything = format!("{}{}", settings.url, settings.body);
        for hole in ["{phone}", "{text}"] {
            let inside = if settings.method == SmsMethod::Get { &settings.url } else { &everything };
            if !inside.contains(hole) {
                return Err(BadSettings::new("sms.body", format!("{hole} is missing")));
            }
        }
        if settings.content_type == "application/json" && settings.method == SmsMethod::Post {
            let sample = filled(&settings.body, "1", "1", "1", Escape::Json);
            match serde_json::from_str::<serde_json::Value>(&sample) {
                Ok(value) if value.is_object() || value.is_array() => {}
                Ok(_) => return Err(BadSettings::new("sms.body", "a JSON object is expected")),
                Err(cause) => return Err(BadSettings::new("sms.body", format!("is not JSON: {cause}"))),
            }
        }
        let secret = settings.secret.or_file(&settings.secret_file, "sms.secret")?;
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let bad =
                |cause: &dyn std::fmt::Display| BadSettings::new("sms.headers", format!("{name}: {cause}"));
            let value = value.replace("{secret}", secret.expose());
            let mut value = HeaderValue::from_str(&value).map_err(|cause| bad(&cause))?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|cause| bad(&cause))?, value);
        }
        let kind = HeaderValue::from_str(&settings.content_type)
            .map_err(|cause| BadSettings::new("sms.content_type", cause))?;
        headers.insert(CONTENT_TYPE, kind);
        let client = client::client(settings.timeout_s.clamp(1, 60), &settings.trust_file, "sms.trust_file")?;
        Ok(Self { settings, secret, headers, client })
    }

    /// Sends `message` to `phone`. The reason of a failure never holds the number.
    pub async fn send(&self, phone: &str, message: &Message) -> Result<(), String> {
        let phone = phone_number(phone).ok_or("this is not a phone number")?;
        let text: String = message.body.chars().take(TEXT_MAX_CHARS).collect();
        let url = filled(&self.settings.url, &phone, &text, self.secret.expose(), Escape::Percent);
        let request = match self.settings.method {
            SmsMethod::Get => self.client.get(url),
            SmsMethod::Post => {
                let body = filled(&self.settings.body, &phone, &text, self.secret.expose(), self.escape());
                self.client.post(url).body(body)
            }
        };
        let answer =
            request.headers(self.headers.clone()).send().await.map_err(|cause| client::reason(&cause))?;
        let status = answer.status();
        let words = client::bounded_text(answer).await?;
        if !status.is_success() {
            return Err(format!("the SMS gateway answered {}", status.as_u16()));
        }
        if !words.contains(&self.settings.success_text) {
            return Err("the SMS gateway refused the message".to_owned());
        }
        Ok(())
    }

    fn escape(&self) -> Escape {
        match self.settings.content_type.split(';').next().unwrap_or_default().trim() {
            "application/json" => Escape::Json,
            "application/x-www-form-urlencoded" => Escape::Percent,
            _ => Escape::None,
        }
    }
}

/// Digits of a phone number, with a leading `+` kept; `None` when it cannot be one.
fn phone_number(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let sound = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    sound.then_some(plain)
}

/// One pass over the template, so that a text holding `{phone}` is not filled a second time.
fn filled(template: &str, phone: &str, text: &str, secret: &str, escape: Escape) -> String {
    let mut out = String::with_capacity(template.len() + text.len() + 64);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let hole = [("{phone}", phone), ("{text}", text), ("{secret}", secret)]
            .into_iter()
            .find(|(name, _)| rest.starts_with(name));
        match hole {
            Some((name, value)) => {
                out.push_str(&escaped(value, escape));
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn escaped(value: &str, escape: Escape) -> String {
    match escape {
        Escape::None => value.to_owned(),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Escape::Percent => value
            .bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    (b as char).to_string()
                }
                _ => format!("%{b:02X}"),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::{Request, State};
    use axum::http::StatusCode;
    use std::sync::{Arc, Mutex};

    type Seen = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

    async fn gateway(status: StatusCode, answer: &'static str) -> (String, Seen) {
        let seen = Seen::default();
        let app = Router::new()
            .fallback(move |State(seen): State<Seen>, request: Request| async move {
                let (parts, body) = request.into_parts();
                let bytes = axum::body::to_bytes(body, 100_000).await.unwrap();
                let line = format!("{} {}", parts.method, parts.uri);
                seen.lock().unwrap().push((line, parts.headers, String::from_utf8(bytes.to_vec()).unwrap()));
                (status, answer)
            })
            .with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, seen)
    }

    fn message(body: &str) -> Message {
        Message { subject: String::new(), body: body.into() }
    }

    #[tokio::test]
    async fn a_json_gateway_gets_escaped_text_and_the_secret_header() {
        let (url, seen) = gateway(StatusCode::OK, r#"{"code":0}"#).await;
        let sms = Sms::new(SmsSettings {
            url,
            headers: BTreeMap::from([("authorization".into(), "Bearer {secret}".into())]),
            secret: Secret::new("s3"),
            success_text: "\"code\":0".into(),
            ..SmsSettings::default()
        })
        .unwrap();
        sms.send("138 0000-1111", &message("井盖\"坏\"了 {phone}")).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].0, "POST /send");
        assert_eq!(seen[0].1["authorization"], "Bearer s3");
        let body: serde_json::Value = serde_json::from_str(&seen[0].2).unwrap();
        assert_eq!(body["phone"], "13800001111");
        assert_eq!(body["text"], "井盖\"坏\"了 {phone}");
    }

    #[tokio::test]
    async fn form_and_query_gateways_get_percent_encoding() {
        let (url, seen) = gateway(StatusCode::OK, "OK").await;
        let form = Sms::new(SmsSettings {
            url: url.clone(),
            content_type: "application/x-www-form-urlencoded".into(),
            body: "mobile={phone}&content={text}&key={secret}".into(),
            secret: Secret::new("a&b"),
            ..SmsSettings::default()
        })
        .unwrap();
        form.send("+8613800001111", &message("好 1&2")).await.unwrap();
        let query = Sms::new(SmsSettings {
            url: format!("{url}?to={{phone}}&msg={{text}}"),
            method: SmsMethod::Get,
            ..SmsSettings::default()
        })
        .unwrap();
        query.send("13800001111", &message("好")).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].2, "mobile=%2B8613800001111&content=%E5%A5%BD%201%262&key=a%26b");
        assert_eq!(seen[1].0, "GET /send?to=13800001111&msg=%E5%A5%BD");
    }

    #[tokio::test]
    async fn refusals_are_failures_that_do_not_tell_the_number() {
        let (url, _) = gateway(StatusCode::OK, r#"{"code":-2}"#).await;
        let sms = |url: &str| {
            Sms::new(SmsSettings {
                url: url.into(),
                success_text: "\"code\":0".into(),
                timeout_s: 1,
                ..SmsSettings::default()
            })
            .unwrap()
        };
        let refused = sms(&url).send("13800001111", &message("x")).await.unwrap_err();
        assert_eq!(refused, "the SMS gateway refused the message");
        let (down, _) = gateway(StatusCode::BAD_GATEWAY, "").await;
        let failed = sms(&down).send("13800001111", &message("x")).await.unwrap_err();
        assert_eq!(failed, "the SMS gateway answered 502");
        let nowhere = sms("http://127.0.0.1:1/{phone}").send("13800001111", &message("x")).await.unwrap_err();
        assert!(nowhere.starts_with("could not connect") && !nowhere.contains("1380000"), "{nowhere}");
        for bad in ["", "12", "not a number", "1380000\r\n1111", "12345678901234567890"] {
            assert_eq!(sms(&url).send(bad, &message("x")).await.unwrap_err(), "this is not a phone number");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let table = [
            (SmsSettings { url: "ftp://x/".into(), ..SmsSettings::default() }, "sms.url"),
            (
                SmsSettings { url: "http://x/".into(), body: "{}".into(), ..SmsSettings::default() },
                "sms.body",
            ),
            (
                SmsSettings {
                    url: "http://x/".into(),
                    body: "{phone}{text}".into(),
                    ..SmsSettings::default()
                },
                "sms.body",
            ),
            (
                SmsSettings {
                    url: "http://x/".into(),
                    headers: BTreeMap::from([("bad name".into(), String::new())]),
                    ..SmsSettings::default()
                },
                "sms.headers",
            ),
        ];
        for (settings, key) in table {
            assert_eq!(Sms::new(settings).unwrap_err().key, key);
        }
    }
}
