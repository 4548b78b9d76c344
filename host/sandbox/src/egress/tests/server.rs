//! A vendor's stand-in: a TLS server that remembers what it was asked, and over which connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;

pub type Answer = Response<BoxBody<Bytes, Infallible>>;

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub connection: usize,
    /// Among all requests, from 0.
    pub number: usize,
    pub method: String,
    pub uri: String,
    pub version: Version,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What TLS told of the client.
    pub client: Client,
}

/// What a server learns from TLS.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The name that it asked for.
    pub name: Option<String>,
    /// Its certificate, in DER.
    pub certificate: Option<Vec<u8>>,
    /// It came back with a ticket.
    pub resumed: bool,
}

impl Client {
    fn of(tls: &rustls::ServerConnection) -> Self {
        let first = tls.peer_certificates().and_then(|chain| chain.first());
        Client {
            name: tls.server_name().map(str::to_owned),
            certificate: first.map(|first| first.to_vec()),
            resumed: tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        }
    }
}

pub struct Server {
    pub address: SocketAddr,
    /// Its certificate authority, as PEM.
    pub authority: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server for `api.example.com` over HTTP/1.1.
    pub async fn new(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::with("api.example.com", &[b"http/1.1"], move |seen| {
            let answer = answer(&seen);
            Box::pin(async move { Some(answer) })
        })
        .await
    }

    /// A server that always says the same.
    pub async fn saying(text: &'static str) -> Self {
        Self::new(move |_| said(text)).await
    }

    /// A server with a certificate for a name. Where the answer is none, it closes the connection.
    pub async fn with(
        name: &str,
        alpn: &[&[u8]],
        answer: impl Fn(Seen) -> BoxFuture<'static, Option<Answer>> + Send + Sync + 'static,
    ) -> Self {
        let (authority, mut config) = tls(name);
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Self::over(config, authority, answer).await
    }

    /// A server with TLS of its own making.
    pub async fn over(
        config: ServerConfig,
        authority: String,
        answer: impl Fn(Seen) -> BoxFuture<'static, Option<Answer>> + Send + Sync + 'static,
    ) -> Self {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen().await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let answer = Arc::new(answer);
        let connections = AtomicUsize::new(0);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = connections.fetch_add(1, Ordering::Relaxed);
                let (acceptor, answer, log) = (acceptor.clone(), answer.clone(), log.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let client = Client::of(stream.get_ref().1);
                    serve(stream, connection, client, answer, log).await;
                });
            }
        });
        Server { address, authority, seen, task }
    }

    /// A server without TLS.
    pub async fn plain(text: &'static str) -> Self {
        let (listener, address) = listen().await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::new(move |_| Box::pin(async move { Some(said(text)) }) as BoxFuture<'static, _>);
                tokio::spawn(serve(stream, 0, Client::default(), answer, log.clone()));
            }
        });
        Server { address, authority: tls("api.example.com").0, seen, task }
    }

    /// Everything it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn serve<S, F>(stream: S, connection: usize, client: Client, answer: Arc<F>, log: Arc<Mutex<Vec<Seen>>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    F: Fn(Seen) -> BoxFuture<'static, Option<Answer>> + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (answer, log, client) = (answer.clone(), log.clone(), client.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let seen = {
                let mut log = log.lock().unwrap();
                let seen = Seen {
                    connection,
                    number: log.len(),
                    method: parts.method.to_string(),
                    uri: parts.uri.to_string(),
                    version: parts.version,
                    headers: parts.headers,
                    body,
                    client,
                };
                log.push(seen.clone());
                seen
            };
            answer(seen).await.ok_or("closed")
        }
    });
    let _ =
        hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

pub fn tls(name: &str) -> (String, ServerConfig) {
    tls_for(&[name], WebPkiClientVerifier::no_client_auth())
}

/// TLS for those clients that a verifier lets in.
pub fn tls_for(names: &[&str], clients: Arc<dyn ClientCertVerifier>) -> (String, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (issuer.pem(), config)
}

pub fn said(text: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(text.into()).boxed())
}

pub fn status(status: u16, headers: &[(&str, &str)]) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(Bytes::from_static(b"{}")).boxed()).unwrap()
}
