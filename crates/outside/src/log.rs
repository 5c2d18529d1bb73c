//! For trials: a message is written to the log instead of being sent.

use crate::text;
use app::ports::{Messenger, Notice};
use async_trait::async_trait;

/// Writes what would be sent, with the address hidden but for its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMessenger;

#[async_trait]
impl Messenger for LogMessenger {
    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let message = text::message(&notice.template, &notice.language, &notice.params)
            .ok_or_else(|| format!("there is no text for {}", notice.template))?;
        // The link is the reporter's secret: it does not belong in a log either.
        tracing::info!(
            channel = notice.channel,
            to = masked(&notice.to),
            template = notice.template,
            subject = message.subject,
            "not sent: no adapter is configured for this channel"
        );
        Ok(())
    }
}

/// `***` and the last two characters.
pub(crate) fn masked(to: &str) -> String {
    let tail: Vec<char> = to.chars().rev().take(2).collect();
    format!("***{}", tail.iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn the_log_takes_known_templates_only_and_hides_the_address() {
        let mut notice = Notice {
            channel: "sms".into(),
            to: "13800001111".into(),
            template: "case_closed".into(),
            language: "zh".into(),
            params: json!({"number": "1"}).as_object().cloned().unwrap(),
        };
        assert_eq!(LogMessenger.send(&notice).await, Ok(()));
        assert_eq!(masked(&notice.to), "***11");
        notice.template = "unheard_of".into();
        assert!(LogMessenger.send(&notice).await.is_err());
    }
}
