//! Opening one connection to a vendor: the first address that answers, TLS, and HTTP over it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::pool::{Connected, HEADER_BYTES, HEADER_FIELDS, Sender};
use super::proxy::Way;
use super::refusal::{Refusal, Wait};
use super::url::Origin;
use crate::fair::Permit;

/// The head start of each address before the next: one that doesn't answer must not use up the time of all.
const STAGGER: Duration = Duration::from_millis(250);
/// How long a connection that nobody uses any more may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// While a request waits over HTTP/2: how often the server is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(15);
const PONG: Duration = Duration::from_secs(10);

/// Opens a connection to whichever of the addresses answers first, the earlier ones with a head start. It holds its place until its
/// socket is closed.
pub(crate) async fn connect(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: Option<Arc<ClientConfig>>,
    limit: Duration,
    place: Permit,
    proxy: Option<&Way>,
) -> Result<Connected, Refusal> {
    let connecting = async {
        let (stream, address) = match proxy {
            Some(proxy) if origin.secure => {
                let (stream, address) = proxy.tunnel(&origin.host, addresses).await?;
                (stream, Some(address))
            }
            // Plain text is for this machine's own loopback, which no proxy reaches.
            _ => {
                let stream = dial(origin, addresses).await?;
                let address = stream.peer_addr().ok();
                (stream, address)
            }
        };
        // A request is one small write that waits for its answer.
        let _ = stream.set_nodelay(true);
        let mut connected = match tls {
            Some(config) => secure(origin, stream, config, place).await?,
            None => handshake(origin, stream, false, place).await?,
        };
        connected.address = address;
        Ok(connected)
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
    Ok(stream)
}

async fn secure(origin: &Origin, stream: TcpStream, config: Arc<ClientConfig>, place: Permit) -> Result<Connected, Refusal> {
    let failed = |why: String, certificate| Refusal::Tls { host: origin.host.clone(), why, certificate };
    let name = ServerName::try_from(origin.host.clone()).map_err(|error| failed(error.to_string(), true))?;
    let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let certificate = matches!(cause, Some(rustls::Error::InvalidCertificate(_)));
        failed(error.to_string(), certificate)
    })?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    handshake(origin, stream, http2, place).await
}

async fn handshake<S>(origin: &Origin, stream: S, http2: bool, place: Permit) -> Result<Connected, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Refusal::Exchange { host: origin.host.clone(), why: error.to_string() };
    let io = TokioIo::new(stream);
    if http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .handshake(io)
            .await
            .map_err(failed)?;
        Ok(keep(Sender::Http2(sender), connection, place))
    } else {
        let (sender, connection) = http1::Builder::new()
            .max_headers(HEADER_FIELDS)
            .max_header_size(HEADER_BYTES)
            .max_buf_size(HEADER_BYTES * 2)
            .handshake(io)
            .await
            .map_err(failed)?;
        Ok(keep(Sender::Http1(sender), connection, place))
    }
}

/// Drives a connection until nobody uses it any more, and a moment longer. It ends then, whatever the server does.
fn keep<C>(sender: Sender, connection: C, place: Permit) -> Connected
where
    C: Future<Output = hyper::Result<()>> + Send + 'static,
{
    let (connected, let_go): (_, oneshot::Receiver<()>) = Connected::new(sender);
    tokio::spawn(async move {
        let _place = place;
        let mut connection = Box::pin(connection);
        // How a connection ends is told to its requests.
        tokio::select! {
            _ = &mut connection => {}
            _ = let_go => drop(tokio::time::timeout(GOODBYE, connection).await),
        }
    });
    connected
}
