//! Sends notices: takes what is due from the outbox, sends it by webhook or e-mail, and notes what became of it. What does not
//! arrive is sent again, some 32 hours long, and is then a dead letter.
//!
//! A message goes out at least once: a courier that dies between sending and noting sends it again, under the same id, by which
//! receivers know it.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::{ConnectionId, Timestamp};
use headcount_notify::{Letter, MailOptions, Mailer, Recipient, again};
use headcount_sandbox::egress::Message;
use headcount_sandbox::vault;
use headcount_store::{ChannelTarget, Parcel, Settled};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock, after};
use crate::{Error, Headcount, Inner};

/// The answer of a receiver that is gone for good.
const GONE: u16 = 410;

/// How notices are sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct CourierOptions {
    /// Messages at once.
    pub at_once: u32,
    /// How long a message is the courier's: longer than sending one ever takes.
    pub lease: Duration,
    /// How often the outbox is looked at when nothing is due: another process may have put something there.
    pub look_again: Duration,
    /// The operator's mail server; without one, e-mail is given up at once, with the reason.
    pub mail: Option<MailOptions>,
    /// What it goes by.
    pub clock: Arc<dyn Clock>,
}

impl Default for CourierOptions {
    /// Eight at once, a lease of five minutes, no mail server.
    fn default() -> Self {
        CourierOptions {
            at_once: 8,
            lease: Duration::from_secs(300),
            look_again: Duration::from_secs(5),
            mail: None,
            clock: Arc::new(SystemClock),
        }
    }
}

/// What one turn of a courier came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Messages that arrived.
    pub delivered: u32,
    /// Those that are tried again.
    pub again: u32,
    /// Those that were given up.
    pub dead: u32,
}

/// Sends the notices of all tenants. Made by [`Headcount::courier`].
#[derive(Clone)]
pub struct Courier {
    inner: Arc<Inner>,
    options: Arc<CourierOptions>,
    mailer: Option<Arc<Mailer>>,
}

impl Headcount {
    /// What sends the notices of all tenants.
    ///
    /// # Errors
    /// The mail server's settings can't be used.
    pub fn courier(&self, options: CourierOptions) -> Result<Courier, Error> {
        let mailer = options.mail.as_ref().map(Mailer::new).transpose()?.map(Arc::new);
        Ok(Courier { inner: self.inner.clone(), options: Arc::new(options), mailer })
    }
}

/// Why a message did not arrive, and whether trying again can help.
struct Undelivered {
    problem: String,
    is_final: bool,
}

fn undelivered(problem: impl ToString, is_final: bool) -> Undelivered {
    Undelivered { problem: problem.to_string(), is_final }
}

impl Courier {
    /// Sends until it is told to stop. Messages on their way are waited for.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let clock = &self.options.clock;
            let look = after(clock.now(), self.options.look_again);
            let next = match self.turn().await {
                Ok(sent) if sent != Sent::default() => Ok(Some(clock.now())),
                Ok(_) => self.inner.store.next_parcel().await.map_err(Error::from),
                Err(error) => Err(error),
            };
            let next = next.unwrap_or_else(|error| {
                tracing::error!(%error, "notices can't be sent: trying again");
                None
            });
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep_until(next.map_or(look, |due| due.min(look))) => {}
            }
        }
    }

    /// Sends what is due now, as much as may be sent at once.
    ///
    /// # Errors
    /// The store failed.
    pub async fn turn(&self) -> Result<Sent, Error> {
        let now = self.options.clock.now();
        let parcels = self.inner.store.take_parcels(now, after(now, self.options.lease), self.options.at_once).await?;
        let mut sending = JoinSet::new();
        for parcel in parcels {
            let courier = self.clone();
            sending.spawn(async move {
                let settled = courier.deliver(&parcel).await;
                courier.inner.store.settle_parcel(&parcel, &settled).await.map(|_| settled)
            });
        }
        let mut sent = Sent::default();
        while let Some(joined) = sending.join_next().await {
            match joined {
                Ok(settled) => match settled? {
                    Settled::Delivered { .. } => sent.delivered += 1,
                    Settled::Again { .. } => sent.again += 1,
                    Settled::Dead { .. } => sent.dead += 1,
                },
                // Its lease runs out, and it is sent again.
                Err(error) => tracing::error!(%error, "a message ended without a result"),
            }
        }
        Ok(sent)
    }

    async fn deliver(&self, parcel: &Parcel) -> Settled {
        let id = message_id(parcel);
        let result = match &parcel.channel.target {
            ChannelTarget::Webhook { url } => self.post(parcel, &id, url).await,
            ChannelTarget::Email { to } => self.mail(parcel, &id, to).await,
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

    async fn post(&self, parcel: &Parcel, id: &str, url: &str) -> Result<(), Undelivered> {
        let (tenant, channel) = (&parcel.notice.tenant, &parcel.channel);
        let host = |error: &dyn std::fmt::Display| undelivered(error, true);
        let binding = self.inner.channel_binding(tenant, &channel.id, url).map_err(|error| host(&error))?;
        let sealed = channel.sealed.as_deref().ok_or_else(|| undelivered("it has nothing to sign with", true))?;
        let entered_again = |error: vault::VaultError| {
            let problem = format!("what signs can't be opened ({error}): remove the channel and add it again");
            undelivered(problem, true)
        };
        let secret = self.inner.vault.open(&binding, sealed).map_err(entered_again)?;
        let connection = channel.id.as_str().parse().map_err(|error| host(&error))?;
        let letter = self.letter(parcel).await?;
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

    async fn mail(&self, parcel: &Parcel, id: &str, to: &[String]) -> Result<(), Undelivered> {
        let mailer = self.mailer.as_ref();
        let mailer =
            mailer.ok_or_else(|| undelivered("the operator has set no mail server ([mail] in the configuration)", true))?;
        let contacts = self.contacts(parcel).await?;
        let further = to.iter().map(|email| Recipient { name: String::new(), email: email.clone() });
        let mut recipients: Vec<Recipient> = Vec::new();
        for one in contacts.into_iter().chain(further) {
            if !recipients.iter().any(|known| known.email.eq_ignore_ascii_case(&one.email)) {
                recipients.push(one);
            }
        }
        let letter = self.letter(parcel).await?;
        match mailer.send(&letter, id, &recipients).await {
            Ok(None) => Ok(()),
            Ok(Some(refused)) => {
                tracing::warn!(tenant = %parcel.notice.tenant, notice = parcel.notice.number, refused, "not everybody got a notice");
                Ok(())
            }
            Err(error) => {
                let is_final = !error.is_transient();
                Err(undelivered(error, is_final))
            }
        }
    }

    async fn letter(&self, parcel: &Parcel) -> Result<Letter, Undelivered> {
        let notice = &parcel.notice;
        let connection = self.inner.store.connection(&notice.tenant, &notice.connection).await;
        let connection = connection.map_err(|error| undelivered(error, false))?;
        Ok(Letter {
            tenant: notice.tenant.clone(),
            number: notice.number,
            connection: notice.connection.clone(),
            name: connection.map_or_else(|| notice.connection.to_string(), |connection| connection.name),
            cause: notice.cause.as_str().to_owned(),
            kind: notice.kind.as_str().to_owned(),
            at: notice.at,
            session: notice.session,
            what: notice.what.clone(),
            next: notice.next.clone(),
        })
    }

    async fn contacts(&self, parcel: &Parcel) -> Result<Vec<Recipient>, Undelivered> {
        let (tenant, connection): (_, &ConnectionId) = (&parcel.notice.tenant, &parcel.notice.connection);
        let connection = self.inner.store.connection(tenant, connection).await.map_err(|error| undelivered(error, false))?;
        let contacts = connection.map(|connection| connection.contacts).unwrap_or_default();
        Ok(contacts.into_iter().map(|contact| Recipient { name: contact.name, email: contact.email }).collect())
    }
}

/// The same for each attempt, and for no other message.
fn message_id(parcel: &Parcel) -> String {
    let (notice, channel): (_, &str) = (&parcel.notice, parcel.channel.id.as_str());
    let at: Timestamp = notice.at;
    vault::fingerprint(&format!("{}/{}/{channel}/{}", notice.tenant, notice.number, at.micros()))
}
