//! Talking to the outside: e-mail, SMS, webhooks, and tables in the formats offices use.
//!
//! Every adapter has a time limit and reads a bounded answer. Nothing here writes a phone number,
//! an address or a secret into a log.

mod client;
mod email;
pub mod geo;
mod log;
mod messenger;
mod secret;
mod sms;
pub mod table;
pub mod text;
mod webhook;

pub use email::{Email, EmailSettings, EmailTls};
pub use log::LogMessenger;
pub use messenger::{MessengerSettings, Messengers};
pub use secret::{HIDDEN, Secret};
pub use sms::{Sms, SmsMethod, SmsSettings};
pub use webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookTarget, Webhooks, signature};

/// An adapter cannot be built from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct BadSettings {
    /// Key of the configuration, such as `sms.url`.
    pub key: String,
    pub reason: String,
}

impl BadSettings {
    fn new(key: &str, reason: impl std::fmt::Display) -> Self {
        Self { key: key.to_owned(), reason: reason.to_string() }
    }
}
