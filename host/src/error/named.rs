//! Why a credential that several connections may use can't be had, made, rotated or removed.

use headcount_model::{ConnectionId, CredentialName, TenantId};

/// Why a credential that several connections may use can't be had, made, rotated or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamedCredentialError {
    /// No such credential.
    #[error("tenant {0} has no credential {1}: see `headcount credential list`")]
    None(TenantId, CredentialName),
    /// There is one already.
    #[error("tenant {0} already has a credential {1}: choose another name, or rotate that one")]
    Exists(TenantId, CredentialName),
    /// Connections use it.
    #[error("the credential {name} is used by {used_by}: give them another one first")]
    InUse {
        /// The credential.
        name: CredentialName,
        /// By which connections.
        used_by: String,
    },
    /// The new secrets were refused.
    #[error("the credential {name} was not rotated, and everything is as it was:\n{}", listed(.refused))]
    NotRotated {
        /// The credential.
        name: CredentialName,
        /// By which connections, and why.
        refused: Vec<(ConnectionId, String)>,
    },
}

/// A line for each connection.
fn listed(refused: &[(ConnectionId, String)]) -> String {
    refused.iter().map(|(id, why)| format!("connection {id}: {why}")).collect::<Vec<_>>().join("\n")
}
