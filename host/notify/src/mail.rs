//! E-mail through the operator's own mail server, always over TLS.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use headcount_model::printable;
use lettre::Address;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Letter;

/// How long a server is waited for that does not say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);
/// Characters of a mail server's words that are kept.
const LONGEST_WORDS: usize = 300;

/// How a connection to the mail server is secured. There is no third way: plain text is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// TLS from the first byte (port 465).
    #[default]
    Tls,
    /// Plain text until STARTTLS, without which nothing is sent (port 587).
    Starttls,
}

/// The operator's mail server.
#[derive(Clone)]
pub struct MailOptions {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Who sends: `headcount@example.com`, or `Headcount <headcount@example.com>`.
    pub from: String,
    /// Who logs in; none where the server asks nobody.
    pub login: Option<MailLogin>,
    /// The address to dial in place of what its name stands for.
    pub address: Option<SocketAddr>,
    /// Certificate authorities in PEM, trusted beside Mozilla's as they were when this program was built.
    pub extra_ca_pem: Vec<String>,
    /// How long the server may take for a whole message; a minute serves well.
    pub patience: Duration,
}

/// A login at the mail server.
#[derive(Clone)]
pub struct MailLogin {
    /// The user.
    pub user: String,
    /// The password, zeroed when dropped.
    pub password: Zeroizing<String>,
}

/// Names the user, never the password.
impl fmt::Debug for MailLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Somebody who gets a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// For people; may be empty.
    pub name: String,
    /// The address.
    pub email: String,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The operator's settings can't be used.
    #[error("the mail server's settings can't be used: {0}")]
    Options(String),
    /// Nobody can get it.
    #[error("there is nobody to send it to: add a contact to the connection, or an address to the channel")]
    Nobody,
    /// An address is none.
    #[error("{} is no e-mail address", printable(.0))]
    Address(String),
    /// The mail server refuses it for good.
    #[error("the mail server refuses it: {0}")]
    Refused(String),
    /// The mail server can't be reached, is too slow, or refuses for now.
    #[error("the mail server did not take it: {0}")]
    Unavailable(String),
}

impl MailError {
    /// Whether sending it again can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, MailError::Unavailable(_))
    }
}

/// Whether a text is an e-mail address, alone: no name, no line break.
///
/// # Errors
/// It is none.
pub fn check_address(email: &str) -> Result<(), MailError> {
    email.parse::<Address>().map(|_| ()).map_err(|_| MailError::Address(email.to_owned()))
}

/// Sends messages through the operator's mail server. Each takes a connection of its own.
pub struct Mailer {
    server: (String, u16),
    tls: TlsParameters,
    security: Security,
    login: Option<Credentials>,
    from: Mailbox,
    patience: Duration,
}

impl Mailer {
    /// A mailer with the operator's settings. It asks nobody yet.
    ///
    /// # Errors
    /// The sender is no address, or an authority can't be read.
    pub fn new(options: &MailOptions) -> Result<Self, MailError> {
        let wrong = |why: String| MailError::Options(why);
        let from: Mailbox = options.from.parse().map_err(|_| wrong(format!("{:?} is no sender", options.from)))?;
        let mut tls = TlsParameters::builder(options.host.clone());
        for pem in &options.extra_ca_pem {
            // The library takes what holds none for none.
            if !pem.contains("BEGIN CERTIFICATE") {
                return Err(wrong("there is no CERTIFICATE in an authority's file".to_owned()));
            }
            tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(|error| wrong(error.to_string()))?);
        }
        let tls = tls.build().map_err(|error| wrong(error.to_string()))?;
        let server = match options.address {
            Some(address) => (address.ip().to_string(), address.port()),
            None => (options.host.clone(), options.port),
        };
        let login = options.login.as_ref();
        let login = login.map(|login| Credentials::new(login.user.clone(), login.password.as_str().to_owned()));
        Ok(Mailer { server, tls, security: options.security, login, from, patience: options.patience })
    }

    /// Sends a letter to one recipient.
    ///
    /// # Errors
    /// It was not taken. What the server says of this letter or its recipient for good is final; whatever else is wrong, with the
    /// connection, the login or the server, can be mended meanwhile.
    pub async fn send(&self, letter: &Letter, id: &str, to: &Recipient) -> Result<(), MailError> {
        let message = self.message(letter, id, to)?;
        let sent = tokio::time::timeout(self.patience, self.send_message(&message)).await;
        let mut connection = sent.map_err(|_| MailError::Unavailable(format!("it took longer than {:?}", self.patience)))??;
        // The letter is the server's by now, whether it says goodbye or not.
        tokio::spawn(async move {
            let _ = tokio::time::timeout(GOODBYE, connection.abort()).await;
        });
        Ok(())
    }

    fn message(&self, letter: &Letter, id: &str, to: &Recipient) -> Result<Message, MailError> {
        let to = mailbox(to).ok_or_else(|| MailError::Address(to.email.clone()))?;
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(letter.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text())
            .map_err(|error| MailError::Refused(error.to_string()))
    }

    async fn send_message(&self, message: &Message) -> Result<AsyncSmtpConnection, MailError> {
        let mut connection = self.connected().await.map_err(|error| MailError::Unavailable(words(&error)))?;
        match connection.send(message.envelope(), &message.formatted()).await {
            Ok(_) => Ok(connection),
            // What the server can't take at all, such as a foreign letter in an address, the library finds out by itself.
            Err(error) if error.is_client() => Err(MailError::Refused(words(&error))),
            Err(error) if error.is_permanent() && !is_the_operators(&error) => Err(MailError::Refused(words(&error))),
            Err(error) => Err(MailError::Unavailable(words(&error))),
        }
    }

    /// A connection under TLS, logged in.
    async fn connected(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let hello = ClientId::Domain("localhost".to_owned());
        let at_once = (self.security == Security::Tls).then(|| self.tls.clone());
        let server = (self.server.0.as_str(), self.server.1);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(self.patience), &hello, at_once, None).await?;
        if self.security == Security::Starttls {
            // Fails where the server offers none.
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(connection)
    }
}

/// Whether a refusal for good is of the operator's settings, which can be mended: a login is missing or refused, or too weak.
fn is_the_operators(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

/// What is told of an error.
fn words(error: &SmtpError) -> String {
    printable(&error.to_string()).trim().chars().take(LONGEST_WORDS).collect()
}

/// A recipient whose address is one; the name can't break out of its line.
fn mailbox(recipient: &Recipient) -> Option<Mailbox> {
    let email: Address = recipient.email.trim().parse().ok()?;
    let name = printable(recipient.name.trim()).into_owned();
    Some(Mailbox::new((!name.is_empty()).then_some(name), email))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(name: &str, email: &str) -> Recipient {
        Recipient { name: name.to_owned(), email: email.to_owned() }
    }

    #[test]
    fn an_address_with_more_in_it_is_none() {
        assert!(check_address("ana@example.com").is_ok());
        for wrong in
            ["", "ana", "ana@example.com\r\nBcc: eve@example.com", "Ana <ana@example.com>", "ana@example.com,eve@example.com"]
        {
            assert!(check_address(wrong).is_err(), "{wrong:?}");
            assert!(mailbox(&recipient("Ana", wrong)).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_stays_in_its_line() {
        let boxed = mailbox(&recipient("Ana\r\nBcc: eve@example.com", "ana@example.com")).unwrap();
        assert!(!boxed.to_string().contains(['\r', '\n']), "{boxed}");
        assert!(mailbox(&recipient(" ", "ana@example.com")).unwrap().name.is_none());
    }

    #[test]
    fn settings_that_can_not_be_used_are_refused_and_a_password_is_not_shown() {
        let login = MailLogin { user: "headcount".into(), password: Zeroizing::new("hunter2".into()) };
        assert!(!format!("{login:?}").contains("hunter2"));
        let options = MailOptions {
            host: "mail.example.com".into(),
            port: 465,
            security: Security::Tls,
            from: "Headcount <headcount@example.com>".into(),
            login: Some(login),
            address: None,
            extra_ca_pem: Vec::new(),
            patience: Duration::from_secs(1),
        };
        assert!(Mailer::new(&options).is_ok());
        assert!(Mailer::new(&MailOptions { from: "nobody".into(), ..options.clone() }).is_err());
        assert!(Mailer::new(&MailOptions { extra_ca_pem: vec!["no pem".into()], ..options }).is_err());
    }
}
