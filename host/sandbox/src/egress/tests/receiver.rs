//! A TLS server that watches bodies as they come, and knows a whole one from one that was cut off.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::watch;

use super::server::{listen, tls};
use super::*;

#[derive(Clone, Default)]
struct Received {
    bytes: usize,
    /// For each body that has ended, whether it came whole.
    ends: Vec<bool>,
}

pub struct Receiver {
    address: SocketAddr,
    authority: String,
    received: watch::Receiver<Received>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One that speaks a protocol, and answers after the body, or as soon as it has begun.
    pub async fn new(protocol: &[u8], early: bool) -> Self {
        let (authority, mut config) = tls("api.example.com");
        config.alpn_protocols = vec![protocol.to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen().await;
        let (sender, received) = watch::channel(Received::default());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                        let sender = sender.clone();
                        async move {
                            let watching = tokio::spawn(watch_body(request.into_body(), sender));
                            if !early {
                                let _ = watching.await;
                            }
                            let answer = if early { "too long" } else { "whole" };
                            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from_static(answer.as_bytes()))))
                        }
                    });
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Receiver { address, authority, received, task }
    }

    /// A gate that leads to it.
    pub fn gate(&self) -> Arc<Gate> {
        let options = EgressOptions {
            resolve: BTreeMap::from([("api.example.com".to_owned(), self.address)]),
            extra_ca_pem: vec![self.authority.clone()],
            ..EgressOptions::default()
        };
        Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap()
    }

    /// Waits until so many bytes have come.
    pub async fn has_received(&self, bytes: usize) {
        self.received.clone().wait_for(|received| received.bytes >= bytes).await.unwrap();
    }

    /// Waits until a body has ended.
    pub async fn has_ended(&self) {
        self.received.clone().wait_for(|received| !received.ends.is_empty()).await.unwrap();
    }

    /// For each body that has ended, whether it came whole.
    pub fn ends(&self) -> Vec<bool> {
        self.received.borrow().ends.clone()
    }
}

async fn watch_body(mut body: hyper::body::Incoming, sender: watch::Sender<Received>) {
    let whole = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => {
                let bytes = frame.into_data().map(|piece| piece.len()).unwrap_or_default();
                sender.send_modify(|received| received.bytes += bytes);
            }
        }
    };
    sender.send_modify(|received| received.ends.push(whole));
}
