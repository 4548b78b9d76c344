//! A token endpoint (OAuth 2) over TLS, whose refresh tokens work once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::hostile::certificates::Authority;

/// The longest request that it reads.
const LONGEST: usize = 16 * 1024;

/// The server. It ends when dropped.
pub struct TokenServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate authority, as PEM.
    pub authority: String,
    used: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TokenServer {
    /// A server of this name, which gives this access token, for a minute, and first for this refresh token.
    pub async fn start(name: &str, access_token: String, refresh_token: &str) -> Result<Self> {
        let authority = Authority::new()?;
        let acceptor = TlsAcceptor::from(authority.server(&[name], &["http/1.1"])?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let used = Arc::new(Mutex::new(Vec::new()));
        let (log, mut good) = (used.clone(), refresh_token.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One that breaks off is the client's loss.
                let _ = answer(&acceptor, stream, &access_token, &mut good, &log).await;
            }
        });
        Ok(TokenServer { address, authority: authority.pem(), used, task })
    }

    /// The refresh tokens that were used, in order.
    pub fn used(&self) -> Vec<String> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    access_token: &str,
    good: &mut String,
    log: &Mutex<Vec<String>>,
) -> Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut request = Vec::new();
    let form = loop {
        anyhow::ensure!(stream.read_buf(&mut request).await? > 0 && request.len() < LONGEST, "the request broke off");
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.context("the request has no length")? {
            break body.to_owned();
        }
    };
    let token = form.split('&').find_map(|pair| pair.strip_prefix("refresh_token=")).unwrap_or_default();
    let (status, body) = if token == good.as_str() {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(token.to_owned());
        *good = format!("refresh-token-number-{}", log.len());
        (
            "200 OK",
            format!(r#"{{"access_token":"{access_token}","token_type":"Bearer","expires_in":60,"refresh_token":"{good}"}}"#),
        )
    } else {
        ("400 Bad Request", r#"{"error":"invalid_grant"}"#.to_owned())
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(response.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}
