//! A receiver of webhooks, or a vendor of a few answers: an HTTP server over TLS that answers as it is told, and keeps what it gets.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::hostile::certificates::Authority;

/// What it got.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Its header fields, in lower case.
    pub headers: HashMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The server. It ends when dropped.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate authority, as PEM.
    pub authority: String,
    state: Arc<Mutex<State>>,
    got: watch::Sender<usize>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    /// The status of the answers; 0 is none at all.
    status: u16,
    /// By path and query, what is answered in JSON, with 200.
    pages: HashMap<String, String>,
    requests: Vec<Request>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// A server of this name, which answers 204.
    pub async fn start(name: &str) -> Result<Self> {
        let authority = Authority::new()?;
        let acceptor = TlsAcceptor::from(authority.server(&[name], &["http/1.1"])?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { status: 204, pages: HashMap::new(), requests: Vec::new() }));
        let (shared, got) = (state.clone(), watch::Sender::new(0));
        let told = got.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state, got) = (acceptor.clone(), shared.clone(), told.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| answer(request, state.clone(), got.clone()));
                    // A client that breaks off is its own loss.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Receiver { address, authority: authority.pem(), state, got, task })
    }

    /// Answers with this status from now on; 0 is no answer, and an open connection.
    pub fn answer(&self, status: u16) {
        self.lock().status = status;
    }

    /// Answers a request for this path and query with this JSON, whatever it answers else.
    pub fn page(&self, path: &str, page: &serde_json::Value) {
        self.lock().pages.insert(path.to_owned(), page.to_string());
    }

    /// What it got, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Waits until it got so many requests.
    pub async fn until(&self, requests: usize) {
        // The sender lives as long as the receiver.
        let _ = self.got.subscribe().wait_for(|got| *got >= requests).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    state: Arc<Mutex<State>>,
    told: watch::Sender<usize>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let got = Request {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default(),
    };
    let (status, page) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let page = state.pages.get(&got.path).cloned();
        state.requests.push(got);
        told.send_replace(state.requests.len());
        (state.status, page)
    };
    if let Some(page) = page {
        let mut response = hyper::Response::new(Full::new(Bytes::from(page)));
        let json = hyper::header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
        return Ok(response);
    }
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let mut response = hyper::Response::new(Full::new(Bytes::new()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    if (300..400).contains(&status) {
        let elsewhere = hyper::header::HeaderValue::from_static("https://hooks.example.com/elsewhere");
        response.headers_mut().insert(hyper::header::LOCATION, elsewhere);
    }
    Ok(response)
}
