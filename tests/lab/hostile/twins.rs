//! Two hosts at one address, with one certificate, over HTTP/2: a client that is too clever asks for both over one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The names of the two.
pub(super) const NAMES: [&str; 2] = ["one.twins.example", "two.twins.example"];

/// The server of both.
pub struct Twins {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Twins {
    pub(super) async fn start(tls: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let twins = Twins { address: listener.local_addr()?, asked: Arc::default() };
        let (tls, asked) = (TlsAcceptor::from(tls), Arc::clone(&twins.asked));
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (tls, asked) = (tls.clone(), Arc::clone(&asked));
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                        let host = request.uri().host().unwrap_or_default().to_owned();
                        asked.lock().unwrap_or_else(PoisonError::into_inner).push((connection, host));
                        async { Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(b"{}")))) }
                    });
                    // The client went away, which it may.
                    let _ = Builder::new(TokioExecutor::new()).http2_only().serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Ok(twins)
    }

    /// The connections over which a host was asked for, one for each request.
    pub fn connections(&self, host: &str) -> Vec<u64> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(_, name)| name == host).map(|(connection, _)| *connection).collect()
    }
}
