//! The operator's proxy: a tunnel by CONNECT to the very address that was checked. What goes through it is TLS with the vendor.

use std::fmt;
use std::net::SocketAddr;

use headcount_model::Secret;
use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::EgressError;
use super::refusal::Refusal;
use crate::vault;

/// The longest header of a proxy's answer, in bytes.
const ANSWER_BYTES: usize = 8 * 1024;

/// An HTTP proxy that everything goes through but plain text to this machine's own loopback. It is named on purpose: the environment's
/// proxy variables are never read.
#[derive(Clone)]
pub struct Proxy {
    /// Its host and port: `proxy.example.com:3128`.
    pub address: String,
    /// Who asks, with the password. Both travel to the proxy as plain text.
    pub login: Option<(String, Secret)>,
}

/// Shows neither user nor password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

/// A proxy that can be asked.
pub(crate) struct Way {
    address: String,
    authorization: Option<Zeroizing<String>>,
}

impl Way {
    pub fn new(proxy: &Proxy) -> Result<Self, EgressError> {
        let wrong = |why: &str| EgressError::Proxy(proxy.address.clone(), why.to_owned());
        let (host, port) = proxy.address.rsplit_once(':').ok_or_else(|| wrong("it has no port"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if host.is_empty() || !host.chars().all(plain) || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(wrong("it is no host and port"));
        }
        let authorization = proxy.login.as_ref().map(|(user, password)| vault::basic(user, password));
        if authorization.as_ref().is_some_and(|text| HeaderValue::from_str(text).is_err()) {
            return Err(wrong("its user name or password can't be sent"));
        }
        if proxy.login.as_ref().is_some_and(|(user, _)| user.contains(':')) {
            return Err(wrong("its user name has a colon"));
        }
        Ok(Way { address: proxy.address.clone(), authorization })
    }

    /// A tunnel to one of the addresses, and to which: the first that the proxy reaches.
    pub async fn tunnel(&self, host: &str, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Refusal> {
        let mut last = self.failed(host, "there is no address", true);
        for address in addresses {
            match self.connect(host, *address).await {
                Err(refusal @ Refusal::Proxy { refused: false, .. }) => last = refusal,
                other => return other.map(|stream| (stream, *address)),
            }
        }
        Err(last)
    }

    async fn connect(&self, host: &str, address: SocketAddr) -> Result<TcpStream, Refusal> {
        let broke = |error: std::io::Error| self.failed(host, error.to_string(), false);
        let mut stream = TcpStream::connect(&self.address).await.map_err(broke)?;
        let login = self.authorization.as_ref().map_or("", |authorization| authorization.as_str());
        // As long as it will ever be, so that it does not move and leave a copy.
        let mut ask = Zeroizing::new(String::with_capacity(256 + login.len()));
        ask.push_str(&format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n"));
        for part in if login.is_empty() { ["", "", ""] } else { ["Proxy-Authorization: ", login, "\r\n"] } {
            ask.push_str(part);
        }
        ask.push_str("\r\n");
        stream.write_all(ask.as_bytes()).await.map_err(broke)?;
        let mut answer = Vec::with_capacity(ANSWER_BYTES);
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= ANSWER_BYTES {
                return Err(self.failed(host, format!("its answer is longer than {ANSWER_BYTES} bytes"), true));
            }
            // One byte at a time: the next ones may be the vendor's.
            answer.push(stream.read_u8().await.map_err(broke)?);
        }
        let status = status(&answer).ok_or_else(|| self.failed(host, "what it answers is no HTTP", true))?;
        match status {
            200..=299 => Ok(stream),
            407 => Err(self.failed(host, "it wants a user name and password, or others (407)", true)),
            // It may reach the next address.
            500..=599 => Err(self.failed(host, format!("it answers {status}"), false)),
            _ => Err(self.failed(host, format!("it refuses with {status}"), true)),
        }
    }

    fn failed(&self, host: &str, why: impl Into<String>, refused: bool) -> Refusal {
        Refusal::Proxy { proxy: self.address.clone(), host: host.to_owned(), why: why.into(), refused }
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    rest.get(2..5).filter(|_| rest.get(1..2) == Some(" "))?.parse().ok()
}
