//! What can be configured. `keys.rs` says what each key means; a test holds the two together.
//!
//! Later wins: defaults, the TOML file, `YIWANG_…` in the environment, flags.

mod check;
mod keys;
mod load;
mod print;

pub use load::{Flags, Loaded, load};
pub use print::print;

use outside::{EmailSettings, MessengerSettings, Secret, SmsSettings, WebhookTarget};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Something in the configuration that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key, such as `tls.cert`.
    pub key: String,
    /// File, environment variable or flag it came from.
    pub source: String,
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.key, self.reason, self.source)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: String,
    pub public_url: String,
    pub data_dir: PathBuf,
    pub city: String,
    pub role: RunRole,
    pub demo: Demo,
    pub demo_speed: f64,
    pub demo_days: u16,
    pub tls: Tls,
    pub database: Database,
    pub blobs: BlobSettings,
    pub smtp: EmailSettings,
    pub sms: SmsSettings,
    pub limits: Limits,
    pub open311: Open311,
    pub backups: Backups,
    pub retention: Retention,
    pub logs: Logs,
    pub webhooks: Vec<WebhookTarget>,
    pub oidc: Vec<OidcProvider>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: String::new(),
            data_dir: "yiwang-data".into(),
            city: String::new(),
            role: RunRole::All,
            demo: Demo::Off,
            demo_speed: 1.0,
            demo_days: 0,
            tls: Tls::default(),
            database: Database::default(),
            blobs: BlobSettings::default(),
            smtp: EmailSettings::default(),
            sms: SmsSettings::default(),
            limits: Limits::default(),
            open311: Open311::default(),
            backups: Backups::default(),
            retention: Retention::default(),
            logs: Logs::default(),
            webhooks: Vec::new(),
            oidc: Vec::new(),
        }
    }
}

impl Config {
    /// The address people open, without a slash at the end.
    #[must_use]
    pub fn address(&self) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls.mode == TlsMode::Off { "http" } else { "https" };
        let shown = self.listen.replace("0.0.0.0:", "localhost:").replace("[::]:", "localhost:");
        format!("{scheme}://{shown}")
    }

    /// What the messengers are made of.
    #[must_use]
    pub fn messenger_settings(&self) -> MessengerSettings {
        MessengerSettings {
            public_url: self.address(),
            email: self.smtp.clone(),
            sms: self.sms.clone(),
            webhooks: self.webhooks.clone(),
        }
    }

    /// True when the store is a file in `data_dir`.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        !self.database.url.starts_with("postgres")
    }
}

/// What this process does. One process may do all; a cluster runs several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum RunRole {
    #[default]
    All,
    /// Answers browsers and interfaces.
    Web,
    /// Clocks, messages, backups.
    Worker,
}

impl RunRole {
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::All | Self::Web)
    }

    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Demo {
    #[default]
    Off,
    /// The demo city with its cases, and new ones arriving.
    Boston,
    /// The demo city without cases.
    Empty,
    /// A drawn city of full size with real names and codes.
    Weifang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    #[default]
    Off,
    /// Certificate and key from files.
    Files,
    /// Own authority and certificate, made at the first start; for trials.
    Generated,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub mode: TlsMode,
    pub cert: PathBuf,
    pub key: PathBuf,
    pub hosts: Vec<String>,
    pub redirect_http_port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    pub url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    #[default]
    Local,
    S3,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobSettings {
    pub kind: BlobKind,
    pub folder: PathBuf,
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    pub path_style: bool,
    pub access_key: String,
    pub secret_key: Secret,
    pub secret_key_file: PathBuf,
}

impl Default for BlobSettings {
    fn default() -> Self {
        Self {
            kind: BlobKind::Local,
            folder: PathBuf::new(),
            endpoint: String::new(),
            bucket: String::new(),
            region: "us-east-1".into(),
            path_style: true,
            access_key: String::new(),
            secret_key: Secret::default(),
            secret_key_file: PathBuf::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub logins_per_minute: u32,
    pub public_reports_per_minute: u32,
    pub uploads_per_minute: u32,
    pub requests_per_minute: u32,
    pub request_timeout_s: u32,
    pub listeners: u32,
    pub trusted_proxies: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let http = http::RateLimits::default();
        Self {
            logins_per_minute: http.logins_per_minute,
            public_reports_per_minute: http.public_reports_per_minute,
            uploads_per_minute: http.uploads_per_minute,
            requests_per_minute: http.requests_per_minute,
            request_timeout_s: 30,
            listeners: 4096,
            trusted_proxies: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Open311 {
    pub key_required: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backups {
    pub at: String,
    pub keep: u16,
    pub folder: PathBuf,
}

impl Default for Backups {
    fn default() -> Self {
        Self { at: "03:30".into(), keep: 7, folder: PathBuf::new() }
    }
}

/// How long things are kept that are not the case itself; those are kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    pub commands_days: u32,
    pub audit_days: u32,
    pub messages_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { commands_days: 30, audit_days: 3 * 365, messages_days: 90 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    Pretty,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    pub format: LogFormat,
    pub level: String,
}

impl Default for Logs {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info".into() }
    }
}

/// An OpenID Connect provider people may sign in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret: Secret,
    #[serde(default)]
    pub client_secret_file: PathBuf,
    /// Claim that holds the account name here.
    #[serde(default = "default_claim")]
    pub account_claim: String,
    #[serde(default)]
    pub trust_file: PathBuf,
}

fn default_claim() -> String {
    "email".into()
}
