//! A test message over one channel: sent at once, once, and what came of it told to whoever asked.

use headcount_model::{ChannelId, ConnectionId};
use headcount_notify::{Letter, Recipient};
use headcount_sandbox::vault;
use headcount_store::{Channel, ChannelTarget, Contact};

use super::Courier;
use super::deliver::{Undelivered, undelivered};
use crate::{ChannelError, Error, Tenant};

/// What came of a test message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Where it went: a webhook's URL, or an address.
    pub to: String,
    /// Why it did not arrive; none where the receiver or the mail server took it.
    pub problem: Option<String>,
}

impl Courier {
    /// Sends a test message over a channel, told as such, and says what came of it for each recipient. An e-mail channel's are its
    /// own addresses and, with a connection, that one's contacts. It is no notice: it stands in no list and is not sent again. It
    /// counts among the messages that the operator lets the tenant send in an hour.
    ///
    /// # Errors
    /// There is no such channel or connection, or the channel has nobody to send to.
    pub async fn test_channel(
        &self,
        tenant: &Tenant,
        channel: &ChannelId,
        connection: Option<&ConnectionId>,
    ) -> Result<Vec<Tested>, Error> {
        let contacts = match connection {
            Some(id) => tenant.connection(id).await?.contacts,
            None => Vec::new(),
        };
        let found = tenant.channels().await?.into_iter().find(|one| one.id == *channel);
        let found = found.ok_or_else(|| ChannelError::None(tenant.id().clone(), channel.clone()))?;
        let recipients = recipients(&found, contacts);
        if recipients.is_empty() {
            let problem = "it has no addresses of its own: name a connection, whose contacts get the test message";
            return Err(ChannelError::Unusable { channel: channel.clone(), problem: problem.to_owned() }.into());
        }
        let mut tested = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let problem = self.test(&found, &recipient).await?.err().map(|undelivered| undelivered.problem);
            tested.push(Tested { to: recipient.email, problem });
        }
        self.inner.flush_audit().await;
        Ok(tested)
    }

    async fn test(&self, channel: &Channel, recipient: &Recipient) -> Result<Result<(), Undelivered>, Error> {
        let (tenant, at) = (&channel.tenant, self.options.clock.now());
        let most = self.options.an_hour.max(1);
        if !self.inner.store.spend_message(tenant, at, most).await? {
            let problem =
                format!("not sent: the tenant had used up the {most} messages that the operator lets it send in an hour");
            return Ok(Err(undelivered(problem, true)));
        }
        let letter = Letter::test(tenant.clone(), &channel.id, at);
        let id = vault::fingerprint(&format!("{tenant}/test/{}/{}/{}", channel.id, at.micros(), recipient.email));
        let limit = self.options.lease / 2;
        let sending = async {
            match &channel.target {
                ChannelTarget::Webhook { url } => self.post(channel, &id, url, &letter).await,
                ChannelTarget::Email { .. } => self.mail(&id, recipient, &letter).await,
            }
        };
        let sent = tokio::time::timeout(limit, sending).await;
        Ok(sent.unwrap_or_else(|_| Err(undelivered(format!("it took longer than {limit:?}"), false))))
    }
}

/// Who gets a channel's messages, each once.
fn recipients(channel: &Channel, contacts: Vec<Contact>) -> Vec<Recipient> {
    let own = match &channel.target {
        ChannelTarget::Webhook { url } => return vec![Recipient { name: String::new(), email: url.clone() }],
        ChannelTarget::Email { to } => to.iter().map(|email| Recipient { name: String::new(), email: email.clone() }),
    };
    let contacts = contacts.into_iter().map(|Contact { name, email, .. }| Recipient { name, email });
    let mut all: Vec<Recipient> = Vec::new();
    for one in contacts.chain(own) {
        if !all.iter().any(|other| other.email.trim().eq_ignore_ascii_case(one.email.trim())) {
            all.push(one);
        }
    }
    all
}
