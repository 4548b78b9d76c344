//! A tenant's side of notices: the list, what was read, and the channels by which they are sent.

use headcount_model::{ChannelId, Secret, Timestamp};
use headcount_notify::check_address;
use headcount_sandbox::vault::{self, Binding};
use headcount_store::{Channel, ChannelTarget, Delivery, DeliveryState, Notice, NoticeFilter};

use crate::{ChannelError, Error, Inner, Tenant};

/// Addresses that one channel has.
const ADDRESSES: usize = 20;
/// Channels that one tenant has.
const CHANNELS: usize = 32;

impl Tenant {
    /// What this tenant was told, the newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<Notice>, Error> {
        Ok(self.inner.store.notices(&self.id, filter).await?)
    }

    /// One notice.
    ///
    /// # Errors
    /// The store failed.
    pub async fn notice(&self, number: u64) -> Result<Option<Notice>, Error> {
        Ok(self.inner.store.notice(&self.id, number).await?)
    }

    /// Marks notices as read: these, or all where none is named. Returns how many had not been.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read_notices(&self, numbers: &[u64]) -> Result<u64, Error> {
        Ok(self.inner.store.read_notices(&self.id, numbers, Timestamp::now()).await?)
    }

    /// The ways that this tenant's notices are sent by, by id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn channels(&self) -> Result<Vec<Channel>, Error> {
        Ok(self.inner.store.channels(&self.id).await?)
    }

    /// Sends notices from now on to a URL, signed by Standard Webhooks with this secret, which the receiver must have, too. The
    /// secret is sealed to tenant, channel and URL. Without one it is made, and returned for once.
    ///
    /// # Errors
    /// There is such a channel already, the URL is refused, or the secret is none.
    pub async fn add_webhook(&self, id: &ChannelId, url: &str, secret: Option<Secret>) -> Result<Option<Secret>, Error> {
        let wrong = |problem: String| ChannelError::Unusable { channel: id.clone(), problem };
        self.inner.egress.may_post(url).map_err(|refusal| wrong(refusal.to_string()))?;
        let (secret, made) = match secret {
            Some(secret) => (secret, None),
            None => {
                let made = vault::new_signing_secret().map_err(|error| wrong(error.to_string()))?;
                (made.clone(), Some(made))
            }
        };
        vault::check_signing_secret(&secret).map_err(|error| wrong(error.to_string()))?;
        let binding = self.inner.channel_binding(&self.id, id, url)?;
        let sealed = self.inner.vault.seal(&binding, &secret).map_err(|error| wrong(error.to_string()))?;
        self.add_channel(id, ChannelTarget::Webhook { url: url.to_owned() }, Some(sealed)).await?;
        Ok(made)
    }

    /// Sends notices from now on by e-mail: to the contacts of the connection that each is of, and to these addresses.
    ///
    /// # Errors
    /// There is such a channel already, or an address is none.
    pub async fn add_email(&self, id: &ChannelId, to: Vec<String>) -> Result<(), Error> {
        let wrong = |problem: String| ChannelError::Unusable { channel: id.clone(), problem };
        if to.len() > ADDRESSES {
            return Err(wrong(format!("it has more than {ADDRESSES} addresses")).into());
        }
        to.iter().try_for_each(|email| check_address(email)).map_err(|error| wrong(error.to_string()))?;
        self.add_channel(id, ChannelTarget::Email { to }, None).await
    }

    /// Removes a channel with what is still to be sent by it.
    ///
    /// # Errors
    /// There is no such channel.
    pub async fn remove_channel(&self, id: &ChannelId) -> Result<(), Error> {
        if self.inner.store.remove_channel(&self.id, id).await? {
            return Ok(());
        }
        Err(ChannelError::None(self.id.clone(), id.clone()).into())
    }

    /// What became of notices on their way: in one state, or in any; those of the newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn deliveries(&self, state: Option<DeliveryState>, limit: u32) -> Result<Vec<Delivery>, Error> {
        Ok(self.inner.store.deliveries(&self.id, state, limit).await?)
    }

    /// Sends dead letters again: of one notice, or all. Returns how many.
    ///
    /// # Errors
    /// The store failed.
    pub async fn redeliver(&self, notice: Option<u64>) -> Result<u64, Error> {
        Ok(self.inner.store.revive(&self.id, notice, Timestamp::now()).await?)
    }

    async fn add_channel(&self, id: &ChannelId, target: ChannelTarget, sealed: Option<Vec<u8>>) -> Result<(), Error> {
        if self.channels().await?.len() >= CHANNELS {
            let problem = format!("tenant {} has {CHANNELS} channels already; remove one first", self.id);
            return Err(ChannelError::Unusable { channel: id.clone(), problem }.into());
        }
        let channel = Channel { tenant: self.id.clone(), id: id.clone(), target, sealed, created_at: Timestamp::now() };
        if self.inner.store.add_channel(&channel).await? {
            return Ok(());
        }
        Err(ChannelError::Exists(self.id.clone(), id.clone()).into())
    }
}

impl Inner {
    /// What a channel's signing secret is sealed to.
    pub(crate) fn channel_binding(
        &self,
        tenant: &headcount_model::TenantId,
        id: &ChannelId,
        url: &str,
    ) -> Result<Binding, Error> {
        let (channel, kind) = (id.as_str().parse()?, "webhook".parse()?);
        Ok(Binding::of_webhook(tenant.clone(), channel, kind, url, &self.overrides))
    }
}
