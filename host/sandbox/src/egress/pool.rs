//! Connections to vendors, kept open between requests. Two tenants, or two connections of one tenant, never share one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use headcount_model::{ConnectionId, TenantId};
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::refusal::{Refusal, Wait};
use super::url::Origin;

/// Bytes of a response's header, and its fields.
pub(crate) const HEADER_BYTES: usize = 64 * 1024;
pub(crate) const HEADER_FIELDS: usize = 100;

/// Idle connections kept for one key, and in all.
const IDLE_EACH: usize = 8;
const IDLE_ALL: usize = 1024;
/// How long a connection that has just been given back may need to be ready again.
const READY: Duration = Duration::from_millis(50);
/// The head start of each address before the next: one that doesn't answer must not use up the time of all.
const STAGGER: Duration = Duration::from_millis(250);

/// What must be the same for a connection to be used again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub tenant: TenantId,
    pub connection: ConnectionId,
    pub origin: Origin,
    /// Which TLS settings it was made with; they are the same for all connections of one `Egress` until clients have certificates.
    pub identity: u64,
}

/// One connection's sending end.
pub(crate) enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// The idle connections of one `Egress`.
pub(crate) struct Pool {
    idle_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: HashMap<Key, Vec<Idle>>,
    count: usize,
    /// A task drops connections that stay idle; it ends when there are none.
    sweeping: bool,
}

impl Pool {
    pub fn new(idle_timeout: Duration) -> Arc<Self> {
        Arc::new(Pool { idle_timeout, state: Mutex::new(State::default()) })
    }

    /// An open connection with this key, if there is one.
    pub async fn take(&self, key: &Key) -> Option<Sender> {
        loop {
            let mut sender = self.pop(key)?;
            let ready = match &mut sender {
                Sender::Http1(sender) => tokio::time::timeout(READY, sender.ready()).await.is_ok_and(|ready| ready.is_ok()),
                Sender::Http2(sender) => !sender.is_closed(),
            };
            if ready {
                return Some(sender);
            }
        }
    }

    fn pop(&self, key: &Key) -> Option<Sender> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let idle = state.idle.get_mut(key)?;
        while let Some(mut last) = idle.pop() {
            state.count = state.count.saturating_sub(1);
            if last.since.elapsed() > self.idle_timeout {
                continue;
            }
            // HTTP/2 carries several requests at once: a copy stays.
            if let Sender::Http2(sender) = &last.sender
                && !sender.is_closed()
            {
                let copy = Sender::Http2(sender.clone());
                last.since = Instant::now();
                idle.push(last);
                state.count += 1;
                return Some(copy);
            }
            return Some(last.sender);
        }
        state.idle.remove(key);
        None
    }

    /// Keeps a connection for the next request with this key.
    pub fn give(self: &Arc<Self>, key: Key, sender: Sender) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.count >= IDLE_ALL {
            return;
        }
        let idle = state.idle.entry(key).or_default();
        if idle.len() >= IDLE_EACH {
            return;
        }
        idle.push(Idle { sender, since: Instant::now() });
        state.count += 1;
        if !state.sweeping {
            state.sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.idle_timeout));
        }
    }

    /// Drops what has been idle for too long; false once nothing is left.
    fn drop_idle(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.retain(|_, idle| {
            idle.retain(|one| {
                let closed = match &one.sender {
                    Sender::Http1(sender) => sender.is_closed(),
                    Sender::Http2(sender) => sender.is_closed(),
                };
                !closed && one.since.elapsed() <= self.idle_timeout
            });
            !idle.is_empty()
        });
        state.count = state.idle.values().map(Vec::len).sum();
        state.sweeping = state.count > 0;
        state.sweeping
    }
}

async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        tokio::time::sleep(every.max(Duration::from_millis(10))).await;
        if !pool.upgrade().is_some_and(|pool| pool.drop_idle()) {
            return;
        }
    }
}

/// Opens a connection to whichever of the addresses answers first, the earlier ones with a head start, and says which that is.
pub(crate) async fn connect(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: Option<Arc<ClientConfig>>,
    limit: Duration,
) -> Result<(Sender, Option<SocketAddr>), Refusal> {
    let connecting = async {
        let stream = dial(origin, addresses).await?;
        let dialled = stream.peer_addr().ok();
        let sender = match tls {
            Some(config) => secure(origin, stream, config).await?,
            None => handshake(origin, stream, false).await?,
        };
        Ok((sender, dialled))
    };
    tokio::time::timeout(limit, connecting).await.map_err(|_| Refusal::Timeout { what: Wait::Connect, limit })?
}

async fn dial(origin: &Origin, addresses: &[SocketAddr]) -> Result<TcpStream, Refusal> {
    let failed = |why: String| Refusal::Connect { host: origin.host.clone(), why };
    let attempts = addresses.iter().zip(0..).map(|(address, place)| {
        let attempt = async move {
            tokio::time::sleep(STAGGER * place).await;
            TcpStream::connect(address).await
        };
        Box::pin(attempt)
    });
    let attempts: Vec<_> = attempts.collect();
    if attempts.is_empty() {
        return Err(failed("there is no address".to_owned()));
    }
    let (stream, _) = futures::future::select_ok(attempts).await.map_err(|error| failed(error.to_string()))?;
    // A request is one small write that waits for its answer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn secure(origin: &Origin, stream: TcpStream, config: Arc<ClientConfig>) -> Result<Sender, Refusal> {
    let failed = |why: String, certificate| Refusal::Tls { host: origin.host.clone(), why, certificate };
    let name = ServerName::try_from(origin.host.clone()).map_err(|error| failed(error.to_string(), true))?;
    let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let certificate = matches!(cause, Some(rustls::Error::InvalidCertificate(_)));
        failed(error.to_string(), certificate)
    })?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    handshake(origin, stream, http2).await
}

async fn handshake<S>(origin: &Origin, stream: S, http2: bool) -> Result<Sender, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Refusal::Exchange { host: origin.host.clone(), why: error.to_string() };
    let io = TokioIo::new(stream);
    // The tasks end with the connection, which ends when its sender and its last body are gone.
    if http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .handshake(io)
            .await
            .map_err(failed)?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Sender::Http2(sender))
    } else {
        let (sender, connection) = http1::Builder::new()
            .max_headers(HEADER_FIELDS)
            .max_header_size(HEADER_BYTES)
            .max_buf_size(HEADER_BYTES * 2)
            .handshake(io)
            .await
            .map_err(failed)?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Sender::Http1(sender))
    }
}
