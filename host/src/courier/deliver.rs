//! One delivery: a message by one channel to one recipient, within its time, and what that comes to.

use headcount_model::{ChannelId, Timestamp};
use headcount_notify::{ATTEMPTS, Letter, MailError, Recipient, again};
use headcount_sandbox::egress::Message;
use headcount_sandbox::vault;
use headcount_store::{Channel, ChannelTarget, Contact, Parcel, Settled};

use super::Courier;
use crate::clock::after;

/// The answer of a receiver that is gone for good.
const GONE: u16 = 410;

/// Why a message did not arrive, and whether trying again can help.
pub(super) struct Undelivered {
    pub(super) problem: String,
    is_final: bool,
}

pub(super) fn undelivered(problem: impl ToString, is_final: bool) -> Undelivered {
    Undelivered { problem: problem.to_string(), is_final }
}

impl Courier {
    /// Sends one message, and says what came of it.
    pub(super) async fn deliver(&self, parcel: &Parcel) -> Settled {
        // Half of the lease is left to note it.
        let limit = self.options.lease / 2;
        let result = match parcel.attempt > ATTEMPTS {
            true => Err(undelivered("the attempts before ended without a result", true)),
            false => tokio::time::timeout(limit, self.attempt(parcel))
                .await
                .unwrap_or_else(|_| Err(undelivered(format!("it took longer than {limit:?}"), false))),
        };
        let at = self.options.clock.now();
        let Err(Undelivered { problem, is_final }) = result else { return Settled::Delivered { at } };
        let spread = parcel.notice.number.wrapping_mul(7_919);
        match again(parcel.attempt, spread).filter(|_| !is_final) {
            Some(wait) => Settled::Again { due_at: after(at, wait), problem },
            None => {
                let (tenant, channel, notice) = (&parcel.notice.tenant, &parcel.channel.id, parcel.notice.number);
                tracing::warn!(%tenant, %channel, notice, problem, "a notice can't be delivered: it is a dead letter");
                Settled::Dead { at, problem }
            }
        }
    }

    async fn attempt(&self, parcel: &Parcel) -> Result<(), Undelivered> {
        let id = message_id(parcel);
        match &parcel.channel.target {
            ChannelTarget::Webhook { url } => self.post(&parcel.channel, &id, url, &self.letter(parcel).await?).await,
            ChannelTarget::Email { to } => {
                let Some(address) = &parcel.recipient else { return Err(undelivered(MailError::Nobody, true)) };
                let recipient = self.recipient(parcel, address, to).await?;
                self.mail(&id, &recipient, &self.letter(parcel).await?).await
            }
        }
    }

    /// Sends a letter to a channel's URL.
    pub(super) async fn post(&self, channel: &Channel, id: &str, url: &str, letter: &Letter) -> Result<(), Undelivered> {
        let tenant = &channel.tenant;
        let host = |error: &dyn std::fmt::Display| undelivered(error, true);
        let binding = self.inner.channel_binding(tenant, &channel.id, url).map_err(|error| host(&error))?;
        let sealed = channel.sealed.as_deref().ok_or_else(|| undelivered("it has nothing to sign with", true))?;
        let entered_again = |error: vault::VaultError| {
            let problem = format!("what signs can't be opened ({error}): remove the channel and add it again");
            undelivered(problem, true)
        };
        let secret = self.inner.vault.open(&binding, sealed).map_err(entered_again)?;
        let connection = channel.id.as_str().parse().map_err(|error| host(&error))?;
        let body = letter.json().to_string();
        let seconds = self.options.clock.now().micros().div_euclid(1_000_000);
        let signature = vault::sign_webhook(&secret, id, seconds, body.as_bytes()).map_err(|error| host(&error))?;
        let mut message = Message::new(tenant.clone(), connection, url, body);
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", &seconds.to_string()), ("webhook-signature", &signature)]
        {
            message.header(name, value).map_err(|error| host(&error))?;
        }
        match self.inner.egress.post(&message).await {
            Ok(200..=299) => Ok(()),
            Ok(GONE) => Err(undelivered("the receiver answers 410: it wants no more messages", true)),
            Ok(status) => Err(undelivered(format!("the receiver answers {status}"), false)),
            Err(refusal) => {
                let is_final = refusal.is_denied();
                Err(undelivered(refusal, is_final))
            }
        }
    }

    /// Sends a letter by e-mail.
    pub(super) async fn mail(&self, id: &str, recipient: &Recipient, letter: &Letter) -> Result<(), Undelivered> {
        let mailer = self.mailer.as_ref();
        let mailer =
            mailer.ok_or_else(|| undelivered("the operator has set no mail server ([mail] in the configuration)", true))?;
        mailer.send(letter, id, recipient).await.map_err(|error| {
            let is_final = !error.is_transient();
            undelivered(error, is_final)
        })
    }

    /// Somebody who still is to get it: contacts and channels may have changed since.
    async fn recipient(&self, parcel: &Parcel, address: &str, to: &[String]) -> Result<Recipient, Undelivered> {
        let is_it = |one: &str| one.trim().eq_ignore_ascii_case(address);
        let connection = self.inner.store.connection(&parcel.notice.tenant, &parcel.notice.connection).await;
        let connection = connection.map_err(|error| undelivered(error, false))?;
        let contacts: Vec<Contact> = connection.map(|connection| connection.contacts).unwrap_or_default();
        let name = match contacts.into_iter().find(|contact| is_it(&contact.email)) {
            Some(contact) => contact.name,
            None if to.iter().any(|one| is_it(one)) => String::new(),
            None => return Err(undelivered("this address is no contact of the connection any more", true)),
        };
        Ok(Recipient { name, email: address.to_owned() })
    }

    async fn letter(&self, parcel: &Parcel) -> Result<Letter, Undelivered> {
        let notice = &parcel.notice;
        let connection = self.inner.store.connection(&notice.tenant, &notice.connection).await;
        let connection = connection.map_err(|error| undelivered(error, false))?;
        Ok(Letter {
            tenant: notice.tenant.clone(),
            number: Some(notice.number),
            connection: Some(notice.connection.clone()),
            name: connection.map_or_else(|| notice.connection.to_string(), |connection| connection.name),
            cause: notice.cause.as_str().to_owned(),
            kind: notice.kind.as_str().to_owned(),
            at: notice.at,
            session: notice.session,
            what: notice.what.clone(),
            next: notice.next.clone(),
        })
    }
}

/// The same for each attempt, and for no other message.
fn message_id(parcel: &Parcel) -> String {
    let (notice, channel): (_, &ChannelId) = (&parcel.notice, &parcel.channel.id);
    let at: Timestamp = notice.at;
    let to = parcel.recipient.as_ref().map(|to| format!("/{to}")).unwrap_or_default();
    vault::fingerprint(&format!("{}/{}/{channel}/{}{to}", notice.tenant, notice.number, at.micros()))
}
