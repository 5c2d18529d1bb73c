//! One door for all channels.

use crate::{
    BadSettings, Email, EmailSettings, LogMessenger, Sms, SmsSettings, WebhookTarget, Webhooks, text,
};
use app::ports::{Messenger, Notice};
use async_trait::async_trait;
use serde_json::Value;

/// What is configured of the channels. What is not configured is written to the log.
#[derive(Debug, Clone, Default)]
pub struct MessengerSettings {
    /// `https://city.example.org`, put before links that begin with `/`.
    pub public_url: String,
    pub email: EmailSettings,
    pub sms: SmsSettings,
    pub webhooks: Vec<WebhookTarget>,
}

/// Sends a notice by the channel it names.
#[derive(Debug, Clone)]
pub struct Messengers {
    public_url: String,
    email: Option<Email>,
    sms: Option<Sms>,
    webhooks: Webhooks,
}

impl Messengers {
    /// # Errors
    /// Names the key of the configuration that cannot be used.
    pub fn new(settings: MessengerSettings) -> Result<Self, BadSettings> {
        let email = if settings.email.host.is_empty() { None } else { Some(Email::new(&settings.email)?) };
        let sms = if settings.sms.url.is_empty() { None } else { Some(Sms::new(settings.sms)?) };
        Ok(Self {
            public_url: settings.public_url.trim_end_matches('/').to_owned(),
            email,
            sms,
            webhooks: Webhooks::new(&settings.webhooks)?,
        })
    }

    /// The channels that reach somebody, for the start-up line.
    #[must_use]
    pub fn channels(&self) -> Vec<&'static str> {
        [("email", self.email.is_some()), ("sms", self.sms.is_some())]
            .into_iter()
            .filter_map(|(name, on)| on.then_some(name))
            .collect()
    }

    fn with_whole_link(&self, notice: &Notice) -> Notice {
        let mut notice = notice.clone();
        if let Some(Value::String(link)) = notice.params.get_mut("link")
            && link.starts_with('/')
        {
            link.insert_str(0, &self.public_url);
        }
        notice
    }
}

#[async_trait]
impl Messenger for Messengers {
    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let notice = self.with_whole_link(notice);
        let message = text::message(&notice.template, &notice.language, &notice.params)
            .ok_or_else(|| format!("there is no text for {}", notice.template))?;
        match notice.channel.as_str() {
            "email" => match &self.email {
                Some(email) => email.send(&notice.to, &message).await,
                None => LogMessenger.send(&notice).await,
            },
            "sms" => match &self.sms {
                Some(sms) => sms.send(&notice.to, &message).await,
                None => LogMessenger.send(&notice).await,
            },
            "webhook" => self.webhooks.send(&notice, &message).await,
            // The person finds it in the inbox: it is where it should be.
            "inbox" => Ok(()),
            other => Err(format!("there is no channel {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notice(channel: &str) -> Notice {
        Notice {
            channel: channel.into(),
            to: "7".into(),
            template: "task_verify".into(),
            language: "zh".into(),
            params: json!({"number": "1", "link": "/citizen/f/abc"}).as_object().cloned().unwrap(),
        }
    }

    #[tokio::test]
    async fn channels_without_an_adapter_end_in_the_log_and_unknown_ones_fail() {
        let messengers = Messengers::new(MessengerSettings::default()).unwrap();
        assert!(messengers.channels().is_empty());
        for channel in ["email", "sms", "inbox"] {
            assert_eq!(messengers.send(&notice(channel)).await, Ok(()));
        }
        assert!(messengers.send(&notice("webhook")).await.is_err());
        assert!(messengers.send(&notice("pigeon")).await.is_err());
    }

    #[test]
    fn a_link_is_made_whole_once() {
        let settings =
            MessengerSettings { public_url: "https://city.example.org/".into(), ..Default::default() };
        let messengers = Messengers::new(settings).unwrap();
        let whole = messengers.with_whole_link(&notice("sms"));
        assert_eq!(whole.params["link"], "https://city.example.org/citizen/f/abc");
        assert_eq!(
            messengers.with_whole_link(&whole).params["link"],
            "https://city.example.org/citizen/f/abc"
        );
    }
}
