//! What the server tells the door about where it stands.

use crate::network::Network;
use app::FieldProblem;
use app::import::Table;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;

/// How often one address or person may do something in a minute; 0 means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    pub logins_per_minute: u32,
    pub public_reports_per_minute: u32,
    pub uploads_per_minute: u32,
    /// Everything, for one signed-in person or one anonymous address.
    pub requests_per_minute: u32,
}

impl Default for RateLimits {
    /// - 10 log-ins: a person who mistypes needs 3; a guesser gets nowhere.
    /// - 20 reports and 60 uploads: a family behind one address, three photos each.
    /// - 1,200 requests: a desk that scrolls fast makes about 5 a second.
    fn default() -> Self {
        Self {
            logins_per_minute: 10,
            public_reports_per_minute: 20,
            uploads_per_minute: 60,
            requests_per_minute: 1_200,
        }
    }
}

impl RateLimits {
    /// For load tests and simulated staff.
    pub const NONE: Self = Self {
        logins_per_minute: 0,
        public_reports_per_minute: 0,
        uploads_per_minute: 0,
        requests_per_minute: 0,
    };
}

/// An OpenID Connect provider people may sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Part of the address: lower-case letters, digits, hyphen.
    pub id: String,
    /// Shown on the log-in page.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    /// Claim that holds the account: `email` (verified only) or `preferred_username` or `sub`.
    pub account_claim: String,
    /// PEM of a private authority in front of the provider, when it has no public certificate.
    pub ca_pem: Option<String>,
}

/// Reads an uploaded table; says what is wrong with the file. May take long: it is run on a thread of its own.
pub type TableReader = Arc<dyn Fn(&[u8]) -> Result<Table, FieldProblem> + Send + Sync>;

pub struct HttpOptions {
    /// Cookies are sent over HTTPS only.
    pub secure_cookie: bool,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    pub limits: RateLimits,
    pub oidc: Vec<OidcProvider>,
    /// Address people reach this server at, without a slash at the end.
    pub public_url: String,
    /// Answers what no route answers: the web pages.
    pub pages: Option<axum::Router>,
    /// Renders `/metrics`; without it the address does not exist.
    pub metrics: Option<PrometheusHandle>,
    /// Longest time one request may take; uploads, exports and the like have five minutes.
    pub timeout: Duration,
    /// Open311 takes reports only with the API token of a signed-in person.
    pub open311_key_required: bool,
    /// Most live listeners at once.
    pub listeners_max: usize,
    /// Reads what is uploaded for an import; without it there is no import.
    pub read_table: Option<TableReader>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            secure_cookie: true,
            trusted_proxies: Vec::new(),
            limits: RateLimits::default(),
            oidc: Vec::new(),
            public_url: String::new(),
            pages: None,
            metrics: None,
            timeout: Duration::from_secs(30),
            open311_key_required: false,
            listeners_max: 4_096,
            read_table: None,
        }
    }
}
