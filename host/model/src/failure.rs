//! Why something did not succeed, and who must act. The codes are a closed set, the same as the contract's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The closed set of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// The vendor does not accept the credential.
    Unauthenticated,
    /// The credential may not do this.
    Forbidden,
    /// Too many requests.
    RateLimited,
    /// The vendor is down, slow or unreachable.
    Unavailable,
    /// A setting is wrong.
    InvalidConfiguration,
    /// The input of an action is wrong.
    InvalidInput,
    /// What was asked for does not exist.
    NotFound,
    /// Understood, and refused as things stand.
    Conflict,
    /// The vendor no longer knows the cursor.
    CursorExpired,
    /// The vendor answered what the connector does not understand.
    UnexpectedResponse,
    /// Not in this organisation, plan or connector.
    Unsupported,
}

/// Who must act for a failure to go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The vendor: wait.
    Vendor,
    /// Whoever wrote the connector.
    Author,
    /// Whoever administers the connection.
    Administrator,
    /// The host, by itself.
    Host,
}

impl FailureCode {
    /// The name in the store, on the command line and in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureCode::Unauthenticated => "unauthenticated",
            FailureCode::Forbidden => "forbidden",
            FailureCode::RateLimited => "rate-limited",
            FailureCode::Unavailable => "unavailable",
            FailureCode::InvalidConfiguration => "invalid-configuration",
            FailureCode::InvalidInput => "invalid-input",
            FailureCode::NotFound => "not-found",
            FailureCode::Conflict => "conflict",
            FailureCode::CursorExpired => "cursor-expired",
            FailureCode::UnexpectedResponse => "unexpected-response",
            FailureCode::Unsupported => "unsupported",
        }
    }

    /// Who must act.
    pub fn actor(self) -> Actor {
        match self {
            FailureCode::RateLimited | FailureCode::Unavailable => Actor::Vendor,
            FailureCode::UnexpectedResponse => Actor::Author,
            FailureCode::CursorExpired => Actor::Host,
            FailureCode::Unauthenticated
            | FailureCode::Forbidden
            | FailureCode::InvalidConfiguration
            | FailureCode::InvalidInput
            | FailureCode::NotFound
            | FailureCode::Conflict
            | FailureCode::Unsupported => Actor::Administrator,
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(self) -> bool {
        matches!(self, FailureCode::RateLimited | FailureCode::Unavailable)
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a connector's call did not succeed, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// What went wrong.
    pub code: FailureCode,
    /// For the administrator, in a sentence. Shown through [`printable`](crate::printable).
    pub message: String,
    /// The setting or input field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The vendor's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_code: Option<String>,
    /// The status the vendor answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Failure {
    /// A failure with nothing but a code and a message.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Failure { code, message: message.into(), field: None, vendor_code: None, http_status: None, retry_after: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, crate::printable(&self.message))?;
        if let Some(field) = &self.field {
            write!(f, " (field {})", crate::printable(field))?;
        }
        match (self.http_status, &self.vendor_code) {
            (Some(status), Some(code)) => write!(f, " [HTTP {status}, {}]", crate::printable(code)),
            (Some(status), None) => write!(f, " [HTTP {status}]"),
            (None, Some(code)) => write!(f, " [{}]", crate::printable(code)),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
