//! What the types cannot say.

use super::{BlobKind, Config, Problem, TlsMode};
use outside::Messengers;
use std::collections::BTreeSet;
use std::net::ToSocketAddrs;

/// The longest six months: July to December.
const AUDIT_DAYS_MIN: u32 = 184;
/// A century.
const RETENTION_DAYS_MAX: u32 = 36_500;

/// Everything that would fail at start or later, found now. `source` tells where a key came from.
pub fn problems(config: &Config, source: &dyn Fn(&str) -> String) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |key: &str, reason: String| {
        found.push(Problem { key: key.to_owned(), source: source(key), reason });
    };
    if config.listen.to_socket_addrs().map_or(true, |mut a| a.next().is_none()) {
        add("listen", format!("{:?} is not an address with a port, such as 0.0.0.0:8080", config.listen));
    }
    if !config.public_url.is_empty() && !is_web_address(&config.public_url) {
        add("public_url", "http:// or https:// and a host are expected, without a path".into());
    }
    if !config.city.is_empty() && config.city.parse::<kernel::CityCode>().is_err() {
        add("city", "six digits are expected".into());
    }
    if !(0.0..=1000.0).contains(&config.demo_speed) {
        add("demo_speed", "0 to 1000 are possible".into());
    }
    if config.tls.mode == TlsMode::Files {
        for (key, file) in [("tls.cert", &config.tls.cert), ("tls.key", &config.tls.key)] {
            if let Err(cause) = std::fs::File::open(file) {
                add(key, format!("{:?} cannot be read: {cause}", file.display()));
            }
        }
    }
    if config.tls.mode == TlsMode::Off && config.tls.redirect_http_port != 0 {
        add("tls.redirect_http_port", "there is no HTTPS to redirect to; set tls.mode".into());
    }
    let url = &config.database.url;
    if !(url.is_empty()
        || url.starts_with("postgres://")
        || url.starts_with("postgresql://")
        || url.starts_with("sqlite:"))
    {
        add("database.url", "sqlite:PATH or postgres://… is expected".into());
    }
    if url.contains(&format!(":{}@", outside::HIDDEN)) {
        add(
            "database.url",
            "holds the stars that stand for a password where it is printed, not the password".into(),
        );
    }
    if config.blobs.kind == BlobKind::S3 {
        if !is_web_address(&config.blobs.endpoint) {
            add("blobs.endpoint", "http:// or https:// and a host are expected".into());
        }
        for (key, value) in
            [("blobs.bucket", &config.blobs.bucket), ("blobs.access_key", &config.blobs.access_key)]
        {
            if value.is_empty() {
                add(key, "is needed for s3".into());
            }
        }
        match config.blobs.secret_key.or_file(&config.blobs.secret_key_file, "blobs.secret_key") {
            Err(bad) => add(&bad.key, bad.reason),
            Ok(secret) if secret.is_empty() => add("blobs.secret_key", "is needed for s3".into()),
            Ok(_) => {}
        }
    }
    if !config.backups.at.is_empty() && crate::backup::parse_at(&config.backups.at).is_none() {
        add("backups.at", format!("{:?} is not a time of day as HH:MM", config.backups.at));
    }
    if config.backups.keep == 0 {
        add("backups.keep", "at least one must be kept".into());
    }
    for (key, value, least) in [
        ("retention.commands_days", config.retention.commands_days, 7),
        ("retention.audit_days", config.retention.audit_days, AUDIT_DAYS_MIN),
        ("retention.messages_days", config.retention.messages_days, 7),
    ] {
        if !(least..=RETENTION_DAYS_MAX).contains(&value) {
            add(key, format!("{least} to {RETENTION_DAYS_MAX} are possible"));
        }
    }
    for (key, value, most) in [
        ("limits.request_timeout_s", config.limits.request_timeout_s, 600),
        ("limits.listeners", config.limits.listeners, 100_000),
    ] {
        if value == 0 || value > most {
            add(key, format!("1 to {most} are possible"));
        }
    }
    for range in &config.limits.trusted_proxies {
        if let Err(bad) = range.parse::<http::Network>() {
            add("limits.trusted_proxies", bad.to_string());
        }
    }
    if tracing_subscriber::EnvFilter::try_new(&config.logs.level).is_err() {
        add("logs.level", format!("{:?} is not a level", config.logs.level));
    }
    let mut ids = BTreeSet::new();
    for provider in &config.oidc {
        let sound = !provider.id.is_empty()
            && provider.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !sound || !ids.insert(&provider.id) {
            add(
                "oidc",
                format!("id {:?}: letters, digits, - and _ are expected, and each id once", provider.id),
            );
        }
        if !is_web_address_with_path(&provider.issuer) {
            add("oidc", format!("{}: issuer must be an http(s) address", provider.id));
        }
        if !matches!(provider.account_claim.as_str(), "email" | "preferred_username" | "sub") {
            add("oidc", format!("{}: account_claim must be email, preferred_username or sub", provider.id));
        }
        if !provider.trust_file.as_os_str().is_empty()
            && let Err(cause) = std::fs::File::open(&provider.trust_file)
        {
            add("oidc", format!("{}: trust_file: {cause}", provider.id));
        }
        if let Err(bad) = provider.client_secret.or_file(&provider.client_secret_file, "client_secret") {
            add("oidc", format!("{}: {bad}", provider.id));
        }
    }
    if let Err(bad) = Messengers::new(config.messenger_settings()) {
        add(&bad.key, bad.reason);
    }
    found
}

fn is_web_address(text: &str) -> bool {
    is_web_address_with_path(text)
        && text
            .split_once("://")
            .is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains(['/', '?', '#']))
}

fn is_web_address_with_path(text: &str) -> bool {
    text.parse::<axum::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{OidcProvider, Tls};

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(problems(&Config::default(), &|_| String::new()), []);
    }

    #[test]
    fn each_mistake_is_named() {
        let d = Config::default;
        let oidc = OidcProvider {
            id: "a b".into(),
            name: String::new(),
            issuer: "https://x".into(),
            client_id: String::new(),
            client_secret: outside::Secret::default(),
            client_secret_file: "".into(),
            account_claim: "email".into(),
            trust_file: "".into(),
        };
        let table = [
            (Config { public_url: "city.example.org".into(), ..d() }, "public_url"),
            (Config { public_url: "https://city.example.org/x".into(), ..d() }, "public_url"),
            (Config { city: "12".into(), ..d() }, "city"),
            (Config { tls: Tls { mode: TlsMode::Files, ..Tls::default() }, ..d() }, "tls.cert"),
            (
                Config { tls: Tls { redirect_http_port: 80, ..Tls::default() }, ..d() },
                "tls.redirect_http_port",
            ),
            (Config { database: super::super::Database { url: "mysql://x".into() }, ..d() }, "database.url"),
            (
                Config {
                    database: super::super::Database { url: "postgres://u:********@db/city".into() },
                    ..d()
                },
                "database.url",
            ),
            (
                Config {
                    blobs: super::super::BlobSettings { kind: BlobKind::S3, ..Default::default() },
                    ..d()
                },
                "blobs.endpoint",
            ),
            (
                Config { backups: super::super::Backups { at: "9".into(), ..Default::default() }, ..d() },
                "backups.at",
            ),
            (
                Config { smtp: outside::EmailSettings { host: "mail".into(), ..Default::default() }, ..d() },
                "smtp.from",
            ),
            (
                Config { sms: outside::SmsSettings { url: "x".into(), ..Default::default() }, ..d() },
                "sms.url",
            ),
            (
                Config {
                    retention: super::super::Retention { audit_days: 183, ..Default::default() },
                    ..d()
                },
                "retention.audit_days",
            ),
            (
                Config {
                    retention: super::super::Retention { commands_days: 0, ..Default::default() },
                    ..d()
                },
                "retention.commands_days",
            ),
            (Config { oidc: vec![oidc], ..d() }, "oidc"),
        ];
        for (config, key) in table {
            let found = problems(&config, &|_| "here".into());
            assert!(found.iter().any(|p| p.key == key && p.source == "here"), "{key}: {found:?}");
        }
    }
}
