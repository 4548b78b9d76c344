//! The vendor of the connector that teaches: one list of people, over TLS, at `hello.example`. As slow as a bench wants it to be.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use headcount::sandbox::egress::EgressOptions;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The vendor's name.
pub const HOST: &str = "hello.example";
/// Its further names, for several vendors in one bench.
pub const HOSTS: &str = "*.hello.example";

/// People on a page; some 38 KB of JSON.
pub const PAGE: usize = 100;

/// The vendor's server. Stops when dropped.
pub struct People {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate authority, as PEM.
    pub authority: String,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

struct Desk {
    /// The full pages, from 1.
    pages: Vec<Bytes>,
    /// Requests for a first page that wait for their answer.
    waiting: watch::Sender<usize>,
    /// First pages are answered.
    open: watch::Sender<bool>,
}

impl Drop for People {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl People {
    /// Starts on a loopback port with so many full pages, offering these protocols (`h2`, `http/1.1`).
    ///
    /// # Errors
    /// A port or a certificate can't be had.
    pub async fn start(pages: usize, protocols: &[&str]) -> Result<Self> {
        let (authority, mut config) = tls()?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let pages = (1..=pages).map(|number| page(number, PAGE).into()).collect();
        let desk = Arc::new(Desk { pages, waiting: watch::Sender::new(0), open: watch::Sender::new(true) });
        let at_work = Arc::clone(&desk);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&at_work), stream, acceptor.clone()));
            }
        });
        Ok(People { address, authority, desk, task })
    }

    /// Lets requests for a first page wait from now on, or lets all go that wait.
    pub fn hold(&self, hold: bool) {
        self.desk.open.send_replace(!hold);
    }

    /// Requests that wait.
    pub fn waiting(&self) -> watch::Receiver<usize> {
        self.desk.waiting.subscribe()
    }

    /// The operator's settings under which the vendor's name stands for this server.
    pub fn egress(&self) -> EgressOptions {
        egress(self.address, self.authority.clone())
    }
}

/// The operator's settings under which the vendor's name stands for this address.
pub fn egress(address: SocketAddr, authority: String) -> EgressOptions {
    EgressOptions { resolve: [(HOST.to_owned(), address)].into(), extra_ca_pem: vec![authority], ..EgressOptions::default() }
}

fn tls() -> Result<(String, ServerConfig)> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([HOST, HOSTS].map(str::to_owned))?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .context("the server's certificate")?;
    Ok((issuer.pem(), config))
}

async fn serve(desk: Arc<Desk>, stream: TcpStream, acceptor: TlsAcceptor) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(hyper::Response::new(Full::new(desk.answer(request.uri().query()).await))) }
    });
    // A connection that ends badly is the client's doing.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

impl Desk {
    async fn answer(&self, query: Option<&str>) -> Bytes {
        let number = |name: &str| {
            let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<usize>().ok())
        };
        if number("per_page") == Some(1) {
            return page(1, 1).into();
        }
        let number = number("page").unwrap_or(1);
        if number == 1 {
            self.wait().await;
        }
        number.checked_sub(1).and_then(|at| self.pages.get(at)).cloned().unwrap_or_else(|| page(number, 0).into())
    }

    async fn wait(&self) {
        let mut open = self.open.subscribe();
        if *open.borrow() {
            return;
        }
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The sender lives as long as this desk.
        let _ = open.wait_for(|open| *open).await;
        self.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

/// One page of so many people, as the connector that teaches expects it.
pub fn page(number: usize, people: usize) -> String {
    let mut text = String::from("{\"people\":[");
    for place in 0..people {
        let id = (number - 1) * PAGE + place;
        let comma = if place == 0 { "" } else { "," };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "{comma}{{\"id\":{id},\"email\":\"user{id}@corporation.example\",\"name\":\"Given{id} Family{id}\",\"state\":\"ACTIVATED\",\
             \"activated\":true,\"suspended\":false,\"mfa\":{{\"configured\":{},\"exclusion\":false}},\
             \"department\":\"Research and Development\",\"jobTitle\":\"Engineer {}\",\"costCenter\":\"{}\",\
             \"location\":\"Lisbon\",\"created\":\"2024-03-{:02}T08:30:00.000Z\",\"lastLogin\":\"2026-11-{:02}T17:05:42.120Z\",\
             \"phoneNumbers\":[],\"tags\":[\"staff\",\"eu\"]}}",
            id.is_multiple_of(2),
            id % 5,
            id % 50,
            id % 28 + 1,
            id % 20 + 1,
        );
    }
    text.push_str("]}");
    text
}
