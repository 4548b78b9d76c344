//! Plain hyper over one TLS connection: what egress stands on, without egress.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use headcount_tests::people::{HOST, People};
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// A connection that stays open.
#[derive(Clone)]
pub enum Plain {
    Http1(Arc<Mutex<http1::SendRequest<Full<Bytes>>>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Plain {
    /// Connects and agrees on the protocol that the server offers.
    ///
    /// # Errors
    /// The server can't be reached, or speaks the other protocol.
    pub async fn connect(server: &People, http2: bool) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(server.authority.as_bytes())?)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(HOST)?, stream).await?;
        ensure!((stream.get_ref().1.alpn_protocol() == Some(b"h2")) == http2, "the other protocol was agreed on");
        let io = TokioIo::new(stream);
        if http2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            Ok(Plain::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(io).await?;
            tokio::spawn(connection);
            Ok(Plain::Http1(Arc::new(Mutex::new(sender))))
        }
    }

    /// Sends a request with the headers that egress adds, and reads its answer whole.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let mut request = request.map(Full::new);
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("gzip, deflate, br, zstd"));
        headers.insert(header::USER_AGENT, header::HeaderValue::from_static("headcount/0.1.0"));
        let response = match self {
            Plain::Http1(sender) => {
                let path = request.uri().path_and_query().context("a path")?.as_str().parse()?;
                request.headers_mut().insert(header::HOST, header::HeaderValue::from_static(HOST));
                *request.uri_mut() = path;
                let mut sender = sender.lock().await;
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Plain::Http2(sender) => {
                *request.version_mut() = http::Version::HTTP_2;
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}
