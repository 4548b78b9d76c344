//! Why a request did not leave or its response did not arrive: in words for the operator, as a bare code for the connector.

use std::net::IpAddr;
use std::time::Duration;

use wasmtime_wasi_http::Error as Code;

use super::policy::Denial;
use crate::budget::{Excess, Resource};
use crate::fair::Crowded;
use crate::vault::TokenError;

/// Why a request did not leave, or its response did not arrive.
///
/// The text is for the operator. A connector gets [`code`](Refusal::code) alone, which says nothing of rules, addresses or causes.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The URL is not one that egress takes.
    #[error("the URL is refused: {0}")]
    Url(String),
    /// The manifest, or the operator, does not allow this request.
    #[error("the request is not allowed: {0}")]
    Policy(Denial),
    /// The connector set a header that is the host's to set.
    #[error("the connector set the header {0}, which only the host sets")]
    Header(String),
    /// The request holds a secret of its connection before the host put it there.
    #[error("the request holds the secret of the field {field} in its {place}; a connector must never have it")]
    Leak {
        /// Whose secret.
        field: String,
        /// URL, header or body.
        place: &'static str,
    },
    /// A budget is used up.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// The process has as many open connections as it may, and others wait, too.
    #[error(transparent)]
    Crowded(#[from] Crowded),
    /// The next request may only leave after the call has ended.
    #[error("the rate limit lets the next request leave in {0:?}, after the end of this call")]
    Paced(Duration),
    /// The name could not be resolved.
    #[error("{host} can't be resolved: {why}")]
    Resolve {
        /// The host name.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// The name stands for an address that is not public.
    #[error(
        "{host} stands for {address}, which is not a public address ({why}); an operator can give the name an address of his own"
    )]
    Address {
        /// The host name.
        host: String,
        /// What it stands for.
        address: IpAddr,
        /// What that address is.
        why: &'static str,
    },
    /// A message's place has an address that is not public.
    #[error(
        "{host} stands for {address}, which is not a public address ({why}), and messages go to such only where the operator opens the host for them: allow-webhook = [\"{host}\"]"
    )]
    MessageAddress {
        /// The host name.
        host: String,
        /// What it stands for.
        address: IpAddr,
        /// What that address is.
        why: &'static str,
    },
    /// No connection.
    #[error("no connection to {host}: {why}")]
    Connect {
        /// The host name.
        host: String,
        /// What the system says.
        why: String,
    },
    /// The operator's proxy gives no connection.
    #[error("the proxy {proxy} gives no connection to {host}: {why}")]
    Proxy {
        /// The proxy's address.
        proxy: String,
        /// The host name.
        host: String,
        /// What the proxy, or the system, says.
        why: String,
        /// Whether it refused, and will again.
        refused: bool,
    },
    /// No secure connection.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// The host name.
        host: String,
        /// What is wrong, mostly with the certificate.
        why: String,
        /// Whether the certificate was refused.
        certificate: bool,
    },
    /// It took too long.
    #[error("{what} took longer than {limit:?}, {}", .what.whose())]
    Timeout {
        /// Connecting, the response, the next bytes of it, the call.
        what: Wait,
        /// The limit.
        limit: Duration,
    },
    /// The connection broke, or what came over it is no HTTP.
    #[error("the exchange with {host} failed: {why}")]
    Exchange {
        /// The host name.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// The body of the request is too long.
    #[error("the request's body is longer than {0} bytes, which nobody can raise: the connector's author must send less at once")]
    RequestBody(u64),
    /// The body of the request is not as long as its header says.
    #[error("the request's body has another length than the connector announced: {0}")]
    RequestLength(String),
    /// The body of the request broke off.
    #[error("the connector did not finish the request's body")]
    RequestAborted,
    /// The response's header is too long.
    #[error("the response's header has more than {most} {unit}, which nobody can raise: the vendor must send fewer")]
    ResponseHeader {
        /// How many are read.
        most: usize,
        /// Fields or bytes.
        unit: &'static str,
    },
    /// The response's body is in a coding that was not asked for.
    #[error("the response's body is coded as {0}, which was not asked for")]
    Coding(&'static str),
    /// The response's body could not be decoded.
    #[error("the response's body is not what its Content-Encoding says: {0}")]
    Decode(String),
    /// There is no access token to send with it.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The host itself failed.
    #[error("the host failed: {0}")]
    Host(String),
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// An answer from DNS.
    Resolve,
    /// The connection, TLS included.
    Connect,
    /// The first byte of the response.
    Response,
    /// The next bytes of the response.
    Body,
    /// The whole call.
    Call,
    /// Room for a record in the audit trail.
    Audit,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Wait::Resolve => "resolving the name",
            Wait::Connect => "connecting",
            Wait::Response => "the response",
            Wait::Body => "the next bytes of the response",
            Wait::Call => "the call",
            Wait::Audit => "room in the audit trail",
        })
    }
}

impl Wait {
    /// Who can make it longer.
    fn whose(self) -> &'static str {
        match self {
            Wait::Connect | Wait::Response | Wait::Body => {
                "which only whoever embeds Headcount can raise (EgressOptions), and a connector can shorten"
            }
            Wait::Resolve => "which nobody can raise: the name servers must answer sooner",
            Wait::Call | Wait::Audit => "within the budget `call`: `headcount budget show` says who can raise it",
        }
    }
}

impl Refusal {
    /// What the connector gets: one of the closed set of `wasi:http`, without text.
    pub fn code(&self) -> Code {
        match self {
            Refusal::Url(_) => Code::HttpRequestUriInvalid,
            Refusal::Policy(_) | Refusal::Header(_) | Refusal::Leak { .. } => Code::HttpRequestDenied,
            Refusal::Excess(excess) => match excess.resource {
                Resource::ResponseBytes | Resource::ReceivedBytes | Resource::DecodedBytes => Code::HttpResponseBodySize(None),
                Resource::RequestBytes => Code::HttpRequestBodySize(None),
                _ => Code::ConnectionLimitReached,
            },
            Refusal::Crowded(_) | Refusal::Paced(_) => Code::ConnectionLimitReached,
            Refusal::Resolve { .. } => Code::DnsError { rcode: None, info_code: None },
            Refusal::Address { .. } | Refusal::MessageAddress { .. } => Code::DestinationIpProhibited,
            Refusal::Connect { .. } | Refusal::Proxy { .. } => Code::ConnectionRefused,
            Refusal::Tls { certificate: true, .. } => Code::TlsCertificateError,
            Refusal::Tls { .. } => Code::TlsProtocolError,
            Refusal::Timeout { what, .. } => match what {
                Wait::Resolve => Code::DnsTimeout,
                Wait::Connect => Code::ConnectionTimeout,
                Wait::Response | Wait::Call | Wait::Audit => Code::HttpResponseTimeout,
                Wait::Body => Code::ConnectionReadTimeout,
            },
            Refusal::Exchange { .. } => Code::ConnectionTerminated,
            Refusal::RequestBody(_) | Refusal::RequestLength(_) => Code::HttpRequestBodySize(None),
            Refusal::RequestAborted => Code::HttpProtocolError,
            Refusal::ResponseHeader { .. } => Code::HttpResponseHeaderSectionSize(None),
            Refusal::Coding(_) | Refusal::Decode(_) => Code::HttpResponseContentCoding(None),
            Refusal::Token(TokenError::Refused { .. }) => Code::HttpRequestDenied,
            Refusal::Token(TokenError::Unavailable { .. } | TokenError::Unreached(_)) => Code::ConnectionTerminated,
            Refusal::Token(_) | Refusal::Host(_) => Code::InternalError(None),
        }
    }

    /// Whether a rule, rather than the network or the other side, stood in the way: then trying again does not help.
    pub fn is_denied(&self) -> bool {
        self.rule().is_some()
    }

    /// The rule that denied the request; none where it was allowed and something else went wrong.
    pub(crate) fn rule(&self) -> Option<&'static str> {
        match self {
            Refusal::Url(_) => Some("the reading of URLs"),
            Refusal::Policy(denial) => Some(denial.rule()),
            Refusal::Header(_) => Some("the host's headers"),
            Refusal::Leak { .. } => Some("the scan for secrets"),
            Refusal::Excess(_) | Refusal::RequestBody(_) => Some("the budget"),
            Refusal::Address { .. } | Refusal::MessageAddress { .. } => Some("public addresses only"),
            _ => None,
        }
    }

    /// Lines of policy that would allow the request, each with a comment that says where it belongs.
    pub fn allow(&self) -> &[String] {
        match self {
            Refusal::Policy(denial) => denial.allow(),
            _ => &[],
        }
    }

    /// Whether the vendor, rather than a rule, stood in the way: then a safe request may be repeated.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self,
            Refusal::Connect { .. }
                | Refusal::Proxy { refused: false, .. }
                | Refusal::Exchange { .. }
                | Refusal::Tls { certificate: false, .. }
                | Refusal::Timeout { what: Wait::Connect, .. }
        )
    }
}
