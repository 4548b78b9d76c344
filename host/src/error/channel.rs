//! Why a way that notices are sent by can't be had, made or removed.

use headcount_model::{ChannelId, TenantId};

/// Why a channel can't be had, made or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// There is a channel already.
    #[error("tenant {0} already has a channel {1}: choose another name, or remove that one")]
    Exists(TenantId, ChannelId),
    /// No such channel.
    #[error("tenant {0} has no channel {1}: see `headcount notices channel list`")]
    None(TenantId, ChannelId),
    /// A channel can't send there, or sign with that.
    #[error("the channel {channel} can't be used: {problem}")]
    Unusable {
        /// Which.
        channel: ChannelId,
        /// What is wrong.
        problem: String,
    },
}
