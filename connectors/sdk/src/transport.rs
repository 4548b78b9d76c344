//! How requests leave: `wasi:http` in a component, and anything that implements [`Transport`] elsewhere.

#[cfg(target_arch = "wasm32")]
pub(crate) mod wasi;

use crate::Result;

/// The longest answer that is read, in bytes. The host has its own, usually lower, limit.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How many requests are under way at once, at most.
pub const MOST_AT_ONCE: usize = 8;

/// Sends requests and brings back answers.
///
/// A component has one over `wasi:http`. Natively, [`testing::TestVendor`](crate::testing::TestVendor) is one that answers from a
/// script; a program may bring its own to run a connector without a sandbox.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the whole answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    /// No answer came: `unavailable`, or `unexpected-response` where the request was refused or the answer is too large.
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse>;

    /// Sends several, at once where it can. One result a request, in their order.
    fn send_all(&self, requests: &[HttpRequest]) -> Vec<Result<HttpResponse>> {
        requests.iter().map(|request| self.send(request)).collect()
    }
}

/// A request as it leaves the connector: without credentials, which the host adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// In capitals: `GET`.
    pub method: &'static str,
    /// The whole URL, percent-encoded.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// None: no body, rather than an empty one.
    pub body: Option<Vec<u8>>,
}

/// An answer as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// 100 to 599.
    pub status: u16,
    /// Names are compared without regard to case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded.
    pub body: Vec<u8>,
}
