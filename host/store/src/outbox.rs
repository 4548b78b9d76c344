//! Where notices are sent, and what of that is still to be done: channels, deliveries under a lease, and dead letters.

use async_trait::async_trait;
use headcount_model::{ChannelId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Notice, Result};

/// Where a channel's notices go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ChannelTarget {
    /// To a URL, signed.
    Webhook {
        /// Which.
        url: String,
    },
    /// By e-mail: to the connection's contacts, and to further addresses.
    Email {
        /// The further addresses.
        to: Vec<String>,
    },
}

/// A way that a tenant's notices are sent by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Whose.
    pub tenant: TenantId,
    /// Unique within the tenant.
    pub id: ChannelId,
    /// Where to.
    pub target: ChannelTarget,
    /// What signs them, sealed: opaque to the store.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which channel of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChannelKey {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub channel: ChannelId,
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It is to be sent, or sent again.
    Waiting,
    /// It arrived.
    Delivered,
    /// It was given up: a dead letter.
    Dead,
    /// It was not sent, as the tenant had used up what the operator lets it send in an hour.
    Withheld,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [DeliveryState; 4] =
        [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::Dead, DeliveryState::Withheld];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
            DeliveryState::Withheld => "withheld",
        }
    }
}

/// What a courier asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParcelRequest {
    /// Now.
    pub now: Timestamp,
    /// When what is taken goes back, unless it is settled.
    pub until: Timestamp,
    /// At most so many.
    pub most: u32,
    /// So many at once for each tenant, those included that are on their way already.
    pub each_tenant: u32,
    /// So many attempts in an hour of the clock for each tenant, at least one. What is due beyond that is withheld.
    pub an_hour: u32,
}

/// What a courier got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What it is to send.
    pub parcels: Vec<Parcel>,
    /// How many deliveries were withheld, as their tenants had used up their hour.
    pub withheld: u64,
}

/// One notice on its way by one channel to one recipient, taken by a courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// What is sent.
    pub notice: Notice,
    /// By which channel.
    pub channel: Channel,
    /// To which address; none for a webhook, and where nobody was to get an e-mail.
    pub recipient: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Which taking it is. Only the newest may settle it.
    pub fence: u64,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It arrived.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It did not, and is tried again.
    Again {
        /// When.
        due_at: Timestamp,
        /// Why it did not arrive.
        problem: String,
    },
    /// It did not, and is given up.
    Dead {
        /// When.
        at: Timestamp,
        /// Why it did not arrive.
        problem: String,
    },
}

/// A delivery in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Delivery {
    /// The notice's number.
    pub notice: u64,
    /// By which channel.
    pub channel: ChannelId,
    /// To which address; none for a webhook.
    pub recipient: Option<String>,
    /// Where it is.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next; of what is over, when it was last.
    pub due_at: Timestamp,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// Channels, and what is to be sent by them.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Adds a channel unless the tenant has one of this id, and says whether it did. Notices from now on are sent by it.
    ///
    /// # Errors
    /// The store failed.
    async fn add_channel(&self, channel: &Channel) -> Result<bool>;
    /// A tenant's channels, by id.
    ///
    /// # Errors
    /// The store failed.
    async fn channels(&self, tenant: &TenantId) -> Result<Vec<Channel>>;
    /// Removes a channel with its deliveries, and says whether there was one.
    ///
    /// # Errors
    /// The store failed.
    async fn remove_channel(&self, tenant: &TenantId, id: &ChannelId) -> Result<bool>;
    /// What signs, of all tenants' channels, for the operator to seal it anew: at most `limit`, in order, after `after`.
    ///
    /// # Errors
    /// The store failed.
    async fn all_channel_secrets(&self, after: Option<&ChannelKey>, limit: u32) -> Result<Vec<(ChannelKey, Vec<u8>)>>;
    /// Puts what was sealed anew in place of what it was made of, and says whether that was still there.
    ///
    /// # Errors
    /// The store failed.
    async fn reseal_channel(&self, key: &ChannelKey, from: &[u8], to: &[u8]) -> Result<bool>;
    /// Takes deliveries of all tenants that are due, tenants in turn, and withholds those of tenants that used up their hour.
    ///
    /// # Errors
    /// The store failed.
    async fn take_parcels(&self, request: &ParcelRequest) -> Result<Taken>;
    /// Counts one more message of a tenant in an hour of the clock, unless it had so many sent by then; says whether it did.
    ///
    /// # Errors
    /// The store failed.
    async fn spend_message(&self, tenant: &TenantId, now: Timestamp, an_hour: u32) -> Result<bool>;
    /// Notes what became of an attempt, and says whether it was still the taker's.
    ///
    /// # Errors
    /// The store failed.
    async fn settle_parcel(&self, parcel: &Parcel, settled: &Settled) -> Result<bool>;
    /// A tenant's deliveries in a state, or in any: at most `limit`, those of the newest notices first.
    ///
    /// # Errors
    /// The store failed.
    async fn deliveries(&self, tenant: &TenantId, state: Option<DeliveryState>, limit: u32) -> Result<Vec<Delivery>>;
    /// Sends dead letters, and what was withheld, again from a time on: of one notice, or all. Returns how many.
    ///
    /// # Errors
    /// The store failed.
    async fn revive(&self, tenant: &TenantId, notice: Option<u64>, at: Timestamp) -> Result<u64>;
    /// When the next delivery is due.
    ///
    /// # Errors
    /// The store failed.
    async fn next_parcel(&self) -> Result<Option<Timestamp>>;
}
