//! One vendor on one port: connections, the fault that may strike, and the answer on its way out.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::faults::{Faults, Sent, header_map, spoil};
use crate::log::{Log, LoggedRequest};
use crate::wire::{Reply, Request};

/// The largest request body.
const LARGEST_BODY: usize = 4 * 1024 * 1024;
/// Connections that one port serves at once.
const CONNECTIONS: usize = 1_024;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a hung request stays.
const HUNG: Duration = Duration::from_secs(600);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What answers the requests of one vendor.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(&self, request: &Request) -> Reply;
}

/// One vendor's server.
pub(crate) struct Server {
    pub(crate) site: Arc<dyn Answers>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
}

/// Serves a port until the task is dropped.
pub(crate) async fn serve(server: Arc<Server>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        // A failed accept is one client's trouble, or a shortage that passes.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (server, tls) = (Arc::clone(&server), tls.clone());
        connections.spawn(async move {
            let _place = place;
            connect(server, stream, tls).await;
        });
    }
}

async fn connect(server: Arc<Server>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => exchange(server, stream).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                exchange(server, stream).await;
            }
        }
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(server: Arc<Server>, stream: S) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(move |request| handle(Arc::clone(&server), request));
    // A connection that ends badly is the client's doing, or a fault's.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(server: Arc<Server>, request: hyper::Request<Incoming>) -> Result<hyper::Response<Body>, io::Error> {
    let (parts, body) = request.into_parts();
    let host = parts.uri.host().map(str::to_owned).or_else(|| {
        let host = parts.headers.get(http::header::HOST)?.to_str().ok()?;
        Some(host.split(':').next().unwrap_or(host).to_owned())
    });
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else { return Ok(whole(Reply::empty(413))) };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or(""));
    let request = Request::new(parts.method, host.unwrap_or_default(), path, query, parts.headers, body.to_bytes());
    let request = Request { most_rows: server.faults.most_rows(&request.path), ..request };
    let fault = server.faults.strike(&request);
    // Filters over a million rows take a while: the runtime's threads stay free.
    let answering = {
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || {
            let sent = spoil(&request, fault, &server.faults.memory, |request| server.site.answer(request));
            server.log.add(logged(&request, &sent));
            sent
        })
    };
    send(answering.await.map_err(io::Error::other)?).await
}

fn logged(request: &Request, sent: &Sent) -> LoggedRequest {
    LoggedRequest {
        method: request.method.to_string(),
        host: request.host.clone(),
        path: request.path.clone(),
        query: request.raw_query.clone(),
        with_credential: request.has_credential(),
        status: match sent {
            Sent::Whole(reply) | Sent::Late(reply, _) | Sent::Slow(reply, ..) | Sent::Cut(reply) => reply.status,
            Sent::Huge(_) => 200,
            Sent::Never | Sent::Hung => 0,
        },
    }
}

async fn send(sent: Sent) -> Result<hyper::Response<Body>, io::Error> {
    match sent {
        Sent::Whole(reply) => Ok(whole(reply)),
        Sent::Late(reply, pause) => {
            tokio::time::sleep(pause).await;
            Ok(whole(reply))
        }
        Sent::Slow(reply, piece, pause) => {
            let body = reply.body.clone();
            Ok(response(&reply, in_pieces(body, piece, pause)))
        }
        Sent::Cut(reply) => {
            let half = reply.body.slice(..reply.body.len() / 2);
            let pieces = [Ok(Frame::data(half)), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
            let body = BodyExt::boxed_unsync(StreamBody::new(stream::iter(pieces)));
            Ok(response(&reply, body))
        }
        Sent::Huge(bytes) => Ok(response(&Reply::typed(200, "application/json", ""), huge(bytes))),
        Sent::Never => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        Sent::Hung => {
            tokio::time::sleep(HUNG).await;
            Err(io::Error::from(io::ErrorKind::TimedOut))
        }
    }
}

fn whole(reply: Reply) -> hyper::Response<Body> {
    let body = Full::new(reply.body.clone()).map_err(|never: Infallible| match never {}).boxed_unsync();
    response(&reply, body)
}

fn response(reply: &Reply, body: Body) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = header_map(&reply.headers);
    response
}

fn in_pieces(body: Bytes, piece: usize, pause: Duration) -> Body {
    let pieces = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let sent = rest.split_to(piece.min(rest.len()));
        tokio::time::sleep(pause).await;
        Some((Ok(Frame::data(sent)), rest))
    });
    BodyExt::boxed_unsync(StreamBody::new(pieces))
}

/// A JSON string of so many bytes, made as it is sent.
fn huge(bytes: u64) -> Body {
    const PIECE: u64 = 65_536;
    let letters = bytes.saturating_sub(2);
    let pieces = (0..letters.div_ceil(PIECE)).map(move |number| {
        let length = PIECE.min(letters - number * PIECE);
        Bytes::from(vec![b'a'; usize::try_from(length).unwrap_or(0)])
    });
    let quote = || std::iter::once(Bytes::from_static(b"\""));
    let all = quote().chain(pieces).chain(quote()).map(|piece| Ok(Frame::data(piece)));
    BodyExt::boxed_unsync(StreamBody::new(stream::iter(all)))
}
