//! Why a connector can't be had or taken.

use headcount_model::manifest::Asks;
use headcount_model::{ConnectorId, Digest};

/// Why a connector can't be had or taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectorError {
    /// No such connector.
    #[error("there is no connector {0}: add one with `headcount connector add FILE`")]
    None(ConnectorId),
    /// Another component is installed under this id.
    #[error(
        "connector {id} is installed with digest {installed}; this file is {offered}\n{asks}\naccept it with `headcount connector add --accept FILE`"
    )]
    OtherDigest {
        /// The connector.
        id: ConnectorId,
        /// What was accepted.
        installed: Digest,
        /// What was offered.
        offered: Digest,
        /// What its manifest asks for beyond the accepted one's.
        asks: Box<Asks>,
    },
    /// The accepted component's file is missing or changed.
    #[error(
        "the accepted component of connector {0} is missing or was changed on disk: add it again with `headcount connector add FILE`"
    )]
    Lost(ConnectorId),
    /// The connector has no such secret.
    #[error("{connector} has no secret field {field}; it has: {known}")]
    NoSecretField {
        /// The connector.
        connector: String,
        /// What was given.
        field: String,
        /// What there is.
        known: String,
    },
}
