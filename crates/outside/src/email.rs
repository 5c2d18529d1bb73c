//! E-mail by SMTP.

use crate::{BadSettings, Secret, text::Message};
use lettre::message::{Mailbox, SinglePart, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailTls {
    /// Plain at first, then TLS, which the server must offer (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// Never encrypted: only for a relay on the same machine or net.
    None,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailSettings {
    /// Empty: no e-mail is sent.
    pub host: String,
    pub port: u16,
    pub tls: EmailTls,
    pub user: String,
    pub password: Secret,
    pub password_file: PathBuf,
    /// Sender, such as `城管 <no-reply@example.org>`.
    pub from: String,
    /// Name in EHLO; empty: the address of this machine.
    pub hello: String,
    pub timeout_s: u64,
    pub trust_file: PathBuf,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: EmailTls::Starttls,
            user: String::new(),
            password: Secret::default(),
            password_file: PathBuf::new(),
            from: String::new(),
            hello: String::new(),
            timeout_s: 20,
            trust_file: PathBuf::new(),
        }
    }
}

#[derive(Clone)]
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Email {
    /// # Errors
    /// Names the key that cannot be used.
    pub fn new(settings: &EmailSettings) -> Result<Self, BadSettings> {
        let from: Mailbox = settings.from.parse().map_err(|cause| BadSettings::new("smtp.from", cause))?;
        let password = settings.password.or_file(&settings.password_file, "smtp.password")?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(Duration::from_secs(settings.timeout_s.clamp(1, 120))))
            .tls(match settings.tls {
                EmailTls::None => Tls::None,
                EmailTls::Starttls => Tls::Required(tls(settings)?),
                EmailTls::Tls => Tls::Wrapper(tls(settings)?),
            });
        if !settings.hello.is_empty() {
            builder = builder.hello_name(ClientId::Domain(settings.hello.clone()));
        }
        if !settings.user.is_empty() {
            if settings.tls == EmailTls::None {
                return Err(BadSettings::new("smtp.tls", "a password is not sent without encryption"));
            }
            builder =
                builder.credentials(Credentials::new(settings.user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Sends `message` to `address`. The reason of a failure never holds the address.
    pub async fn send(&self, address: &str, message: &Message) -> Result<(), String> {
        let address: Address = address.trim().parse().map_err(|_| "this is not an e-mail address")?;
        let email = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(message.subject.clone())
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.body.clone()))
            .map_err(|cause| format!("could not write the e-mail: {cause}"))?;
        self.transport.send(email).await.map(drop).map_err(|cause| reason(&cause))
    }
}

fn tls(settings: &EmailSettings) -> Result<TlsParameters, BadSettings> {
    let bad = |cause: &dyn std::fmt::Display| BadSettings::new("smtp.trust_file", cause);
    let mut builder =
        TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
    if !settings.trust_file.as_os_str().is_empty() {
        let pem = std::fs::read(&settings.trust_file)
            .map_err(|cause| bad(&format!("{}: {cause}", settings.trust_file.display())))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|cause| bad(&cause))?);
    }
    builder.build().map_err(|cause| BadSettings::new("smtp.host", cause))
}

/// The kind of failure and the server's code; a server's words often repeat the address.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    if let Some(code) = error.status() {
        let kind = if error.is_permanent() { "refused" } else { "postponed" };
        return format!("the mail server {kind} the message ({code})");
    }
    if error.is_timeout() {
        return "no answer from the mail server in time".to_owned();
    }
    if error.is_tls() {
        return "the encrypted connection to the mail server failed".to_owned();
    }
    "could not talk to the mail server".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    type Mails = Arc<Mutex<Vec<String>>>;

    /// A mail server small enough to read: takes one message a connection, refuses `nobody@`.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        stream: S,
        mails: Mails,
        greet: bool,
        starttls: bool,
    ) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            stream.write_all(b"220 test\r\n").await.ok()?;
        }
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let upper = line.to_uppercase();
            let answer: &[u8] = if upper.starts_with("EHLO") {
                if starttls {
                    b"250-test\r\n250 STARTTLS\r\n"
                } else {
                    b"250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"
                }
            } else if upper.starts_with("STARTTLS") {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            } else if upper.starts_with("AUTH") {
                mails.lock().unwrap().push(line.clone());
                b"235 ok\r\n"
            } else if upper.starts_with("RCPT TO:<NOBODY@") {
                b"550 no such user nobody@example.org\r\n"
            } else if upper.starts_with("DATA") {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail).await.ok()? == 0 {
                        return None;
                    }
                }
                mails.lock().unwrap().push(mail);
                b"250 taken\r\n"
            } else if upper.starts_with("QUIT") {
                stream.write_all(b"221 bye\r\n").await.ok()?;
                return None;
            } else {
                b"250 ok\r\n"
            };
            stream.write_all(answer).await.ok()?;
        }
    }

    fn settings(port: u16, tls: EmailTls) -> EmailSettings {
        EmailSettings {
            host: "localhost".into(),
            port,
            tls,
            from: "城管 <no-reply@example.org>".into(),
            timeout_s: 5,
            ..EmailSettings::default()
        }
    }

    fn message() -> Message {
        Message { subject: "已办结 1".into(), body: "您反映的问题已结案。".into() }
    }

    #[tokio::test]
    async fn a_plain_relay_gets_the_message_in_chinese() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Mails::default();
        let taken = mails.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, taken.clone(), true, false));
            }
        });
        let email = Email::new(&settings(port, EmailTls::None)).unwrap();
        email.send("wang@example.org", &message()).await.unwrap();
        let mail = mails.lock().unwrap()[0].clone();
        assert!(mail.contains("To: wang@example.org"), "{mail}");
        assert!(mail.contains("charset=utf-8"), "{mail}");
        assert!(!mail.contains("已办结"), "headers are encoded: {mail}");

        let refused = email.send("nobody@example.org", &message()).await.unwrap_err();
        assert_eq!(refused, "the mail server refused the message (550)");
        for bad in ["", "x", "a@b\r\nBcc: c@d", "a b@c.org", "two@x.org, three@x.org"] {
            assert_eq!(email.send(bad, &message()).await.unwrap_err(), "this is not an e-mail address");
        }
    }

    #[tokio::test]
    async fn starttls_is_required_and_certificates_are_checked() {
        let ca = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempdir();
        let trust = folder.join("ca.pem");
        std::fs::write(&trust, ca.cert.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(ca.signing_key.serialize_der().into());
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![ca.cert.der().clone()], key)
                .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Mails::default();
        let taken = mails.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, taken) = (acceptor.clone(), taken.clone());
                tokio::spawn(async move {
                    let plain = converse(stream, taken.clone(), true, true).await?;
                    let encrypted = acceptor.accept(plain).await.ok()?;
                    converse(encrypted, taken, false, false).await
                });
            }
        });
        let stranger = Email::new(&settings(port, EmailTls::Starttls)).unwrap();
        assert!(
            stranger.send("wang@example.org", &message()).await.is_err(),
            "an unknown authority is not trusted"
        );
        assert!(mails.lock().unwrap().is_empty());

        let known = EmailSettings {
            trust_file: trust,
            user: "u".into(),
            password: Secret::new("p"),
            ..settings(port, EmailTls::Starttls)
        };
        Email::new(&known).unwrap().send("wang@example.org", &message()).await.unwrap();
        assert_eq!(mails.lock().unwrap().len(), 2, "the log-in and the message");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn no_server_is_a_failure_without_the_address() {
        let email = Email::new(&settings(1, EmailTls::None)).unwrap();
        let reason = email.send("wang@example.org", &message()).await.unwrap_err();
        assert!(!reason.contains("wang"), "{reason}");
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let bad_from = EmailSettings { from: "nobody".into(), ..settings(25, EmailTls::None) };
        assert_eq!(Email::new(&bad_from).unwrap_err().key, "smtp.from");
        let open = EmailSettings { user: "u".into(), ..settings(25, EmailTls::None) };
        assert_eq!(Email::new(&open).unwrap_err().key, "smtp.tls");
        let lost = EmailSettings { trust_file: "no-such.pem".into(), ..settings(25, EmailTls::Tls) };
        assert_eq!(Email::new(&lost).unwrap_err().key, "smtp.trust_file");
    }

    fn tempdir() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("yiwang-smtp-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}
