//! The attacker's own server, on real TLS: it does what no honest vendor does. It writes its answers byte by byte, so that none is
//! put right by a library.

mod bodies;
mod echoes;

pub(super) use bodies::UNPACKED;
pub(super) use echoes::{name_of, pack};

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

type Stream = TlsStream<TcpStream>;

/// The most that is read of a request's header.
const LONGEST: usize = 64 << 10;
/// Requests that are remembered.
const REMEMBERED: usize = 10_000;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Its first line.
    pub line: String,
    /// Its path, with the query.
    pub path: String,
    /// Its header fields, as they were written.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Which of the server's connections it came over.
    pub connection: u64,
    /// Whether that connection went on with the TLS session of another.
    pub resumed: bool,
}

impl Request {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The attacker's server.
pub struct Vendor {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Vendor {
    pub(super) async fn start(tls: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let vendor = Vendor { address: listener.local_addr()?, requests: Arc::default() };
        let requests = Arc::clone(&vendor.requests);
        let tls = TlsAcceptor::from(tls);
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (tls, requests) = (tls.clone(), Arc::clone(&requests));
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        // The client went away, which it may.
                        let _ = serve(stream, connection, &requests).await;
                    }
                });
            }
        });
        Ok(vendor)
    }

    /// The requests whose path begins so.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().filter(|request| request.path.starts_with(path)).cloned().collect()
    }
}

async fn serve(mut stream: Stream, connection: u64, requests: &Mutex<Vec<Request>>) -> Result<()> {
    let mut buffer = Vec::new();
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    loop {
        let request = Request { connection, resumed, ..read(&mut stream, &mut buffer).await? };
        {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            if requests.len() < REMEMBERED {
                requests.push(request.clone());
            }
        }
        answer(&mut stream, &request).await?;
        stream.flush().await?;
    }
}

/// Reads one request; what follows it stays in the buffer.
async fn read(stream: &mut Stream, buffer: &mut Vec<u8>) -> Result<Request> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        anyhow::ensure!(buffer.len() < LONGEST, "the header is too long");
        anyhow::ensure!(stream.read_buf(buffer).await? > 0, "the client is gone");
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).context("the first line has a path")?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    let mut request = Request { line, path, headers, ..Request::default() };
    buffer.drain(..end);
    if request.header("transfer-encoding").is_some() {
        loop {
            let size = line_of(stream, buffer).await?;
            let size = usize::from_str_radix(size.trim(), 16)?;
            if size == 0 {
                break;
            }
            let chunk = taken(stream, buffer, size + 2).await?;
            request.body.extend(chunk.get(..size).unwrap_or_default());
        }
        // What follows the body in a trailer counts like what came before it.
        while let Some((name, value)) = line_of(stream, buffer).await?.split_once(':') {
            request.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    } else {
        let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        request.body = taken(stream, buffer, length).await?;
    }
    Ok(request)
}

/// The next bytes, so many.
async fn taken(stream: &mut Stream, buffer: &mut Vec<u8>, length: usize) -> Result<Vec<u8>> {
    while buffer.len() < length {
        anyhow::ensure!(stream.read_buf(buffer).await? > 0, "the client is gone");
    }
    Ok(buffer.drain(..length).collect())
}

/// The next line.
async fn line_of(stream: &mut Stream, buffer: &mut Vec<u8>) -> Result<String> {
    loop {
        if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
            return Ok(String::from_utf8_lossy(&buffer.drain(..end + 2).collect::<Vec<u8>>()).into_owned());
        }
        anyhow::ensure!(buffer.len() < LONGEST && stream.read_buf(buffer).await? > 0, "the client is gone");
    }
}

async fn answer(stream: &mut Stream, request: &Request) -> Result<()> {
    let path = request.path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        ["api", "people"] => people(stream, request).await,
        ["v1", "body", how] => bodies::answer(stream, how).await,
        ["v1", "redirect"] => {
            let location = format!("location: {}", request.header("x-to").unwrap_or_default());
            whole(stream, "302 Found", &[&location], b"elsewhere").await
        }
        ["close"] | ["v1", "close", ..] => {
            whole(stream, "200 OK", &["connection: close"], b"{}").await?;
            stream.shutdown().await?;
            anyhow::bail!("the connection is ended")
        }
        ["oauth", "token", ..] => {
            let body =
                serde_json::json!({ "access_token": super::TOKEN, "token_type": "Bearer", "expires_in": 3600 }).to_string();
            whole(stream, "200 OK", &["content-type: application/json"], body.as_bytes()).await
        }
        ["oauth", "elsewhere"] => {
            whole(stream, "307 Temporary Redirect", &["location: https://api.mallory.example/oauth/collect"], b"").await
        }
        ["oauth", how] => bodies::answer(stream, how).await,
        ["v1", "search"] => whole(stream, "200 OK", &[], told(request).as_bytes()).await,
        ["v1", "echo", how] => echoes::answer(stream, request, how).await,
        _ => whole(stream, "200 OK", &[], b"{}").await,
    }
}

/// A request but for its credential, as text.
fn told(request: &Request) -> String {
    let mut request = request.clone();
    request.headers.retain(|(name, _)| name != "x-api-key");
    format!("you sent: {} {:?} {}", request.line, request.headers, String::from_utf8_lossy(&request.body))
}

/// The page of an honest vendor: three people, and then none.
async fn people(stream: &mut Stream, request: &Request) -> Result<()> {
    let body: &[u8] = if request.path.contains("page=1") && !request.path.contains("per_page=1&") {
        br#"{"people":[{"id":1,"email":"ada@hello.example","name":"Ada"},{"id":2,"email":"bob@hello.example","name":"Bob"},
            {"id":3,"email":"eve@hello.example","name":"Eve"}]}"#
    } else {
        br#"{"people":[]}"#
    };
    whole(stream, "200 OK", &["content-type: application/json"], body).await
}

/// A well-formed answer.
async fn whole(stream: &mut Stream, status: &str, headers: &[&str], body: &[u8]) -> Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    Ok(stream.write_all(&bytes).await?)
}
