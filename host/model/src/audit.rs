//! What the operator may know of a connector's requests: no headers, no bodies, no query values, no secrets.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, Digest, SessionId, TenantId, Timestamp};

/// What the rules made of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may leave.
    Allowed,
    /// It may not. Whatever was not judged counts as denied.
    #[default]
    Denied,
    /// The manifest denies it; the operator let it out without any credential, to see what a policy would have to name.
    Counted,
}

impl Decision {
    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::Denied => "denied",
            Decision::Counted => "counted",
        }
    }
}

/// One request, as the operator may see it. Text in it is shown through [`printable`](crate::printable).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RequestEvent {
    /// The method.
    pub method: String,
    /// The host; with its port where that is not the scheme's own.
    pub host: String,
    /// The path, and the names of the query's parameters.
    pub path: String,
    /// What the rules made of it.
    pub decision: Decision,
    /// The rule that decided.
    pub rule: String,
    /// The address that was dialled, for it or for an earlier request over the same connection; none where it did not leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// The secret fields whose credentials it carried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// The status of the last response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Milliseconds from the request to its response's last byte, waits and repeats included.
    pub millis: u64,
    /// Bytes of the request's body.
    pub sent: u64,
    /// Bytes of the response's body on the wire.
    pub received: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// Secrets that were overwritten in its response.
    pub scrubbed: u64,
    /// Why it did not leave, or its response did not arrive whole; of one that was only counted, why it would have been denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Lines of policy that would allow it, each with a comment that says where it belongs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

impl RequestEvent {
    /// The rule of a request for an access token, which the host makes itself.
    pub const TOKEN_URL: &str = "token-url";
    /// The rule of a notice's way to a webhook, which the host sends itself. In the connection's place stands the channel; the path is
    /// left out, as a receiver's path is often its key.
    pub const WEBHOOK: &str = "notice-webhook";
}

/// One request in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditRecord {
    /// When it was asked for.
    pub at: Timestamp,
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Of which session; none outside of one.
    pub session: Option<SessionId>,
    /// By which component.
    pub connector: Option<Digest>,
    /// The request itself.
    pub request: RequestEvent,
}
