//! Why there is no access token, in words for an administrator: nothing that a token endpoint says is repeated.

use headcount_model::{Failure, FailureCode};

/// Why there is no access token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token endpoint refuses the credential.
    #[error("{host} gives no access token: {code}")]
    Refused {
        /// The token endpoint's host.
        host: String,
        /// Why.
        code: Refused,
    },
    /// The token endpoint's answer can't be used.
    #[error("the answer of {host} to a request for an access token can't be used: {why}")]
    Answer {
        /// The token endpoint's host.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The token endpoint has no time.
    #[error("{host} gives no access token now: it answers {status}")]
    Unavailable {
        /// The token endpoint's host.
        host: String,
        /// Its answer.
        status: u16,
    },
    /// The token endpoint was not reached, or the request could not leave.
    #[error("the request for an access token failed: {0}")]
    Unreached(String),
    /// The vendor replaced the secret, and the new one could not be stored.
    #[error(
        "the vendor replaced the secret {field}, and the new one could not be stored: {why}; \
         once the host ends without storing it, the connection must be authorised again"
    )]
    Unkept {
        /// Which field.
        field: String,
        /// Why not.
        why: String,
    },
}

/// The errors of RFC 6749, 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// `invalid_client`
    #[error("it does not accept the client's id and secret (invalid_client); enter them again")]
    InvalidClient,
    /// `invalid_grant`
    #[error("the authorisation has expired or was revoked (invalid_grant); reconnect")]
    InvalidGrant,
    /// `unauthorized_client`
    #[error("the client may not get tokens in this way (unauthorized_client); allow it at the vendor")]
    UnauthorizedClient,
    /// `invalid_scope`
    #[error("the client may not have the scopes that the connector needs (invalid_scope); allow them at the vendor")]
    InvalidScope,
    /// `access_denied`, which many vendors use beyond its place
    #[error("access is denied (access_denied); allow it at the vendor")]
    AccessDenied,
    /// `invalid_request`
    #[error("it does not understand the request (invalid_request); tell the connector's author")]
    InvalidRequest,
    /// `unsupported_grant_type`
    #[error("it does not offer this kind of authorisation (unsupported_grant_type); tell the connector's author")]
    UnsupportedGrantType,
}

impl Refused {
    /// The error of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "invalid_client" => Refused::InvalidClient,
            "invalid_grant" => Refused::InvalidGrant,
            "unauthorized_client" => Refused::UnauthorizedClient,
            "invalid_scope" => Refused::InvalidScope,
            "access_denied" => Refused::AccessDenied,
            "invalid_request" => Refused::InvalidRequest,
            "unsupported_grant_type" => Refused::UnsupportedGrantType,
            _ => return None,
        })
    }
}

impl TokenError {
    /// What it means for a session: the failure that its calls end with, whatever the connector makes of it. None where asking again
    /// may help; then the connector's own failure stands.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let code = match self {
            TokenError::Refused { code: Refused::InvalidRequest | Refused::UnsupportedGrantType, .. } => {
                FailureCode::InvalidConfiguration
            }
            TokenError::Refused { .. } => FailureCode::Unauthenticated,
            TokenError::Answer { .. } => FailureCode::UnexpectedResponse,
            TokenError::Unkept { .. } => FailureCode::Unavailable,
            TokenError::Unavailable { .. } | TokenError::Unreached(_) => return None,
        };
        Some(Failure::new(code, self.to_string()))
    }
}
