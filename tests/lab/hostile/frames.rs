//! The attackers' servers that speak HTTP/2: one that floods with frames which it writes itself, as no library would, and one whose
//! answers are too long, too slow or not what they say they are.

mod bodies;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The hosts of floods.
pub(super) const FLOODS: [&str; 5] = [
    "frames.mallory.example",
    "pings.mallory.example",
    "settings.mallory.example",
    "continuations.mallory.example",
    "hints.mallory.example",
];
/// What a client writes first.
const PREFACE: usize = 24;
// The types of frames that are written here, by RFC 9113.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
/// A header is whole.
const END_HEADERS: u8 = 4;
/// `:status: 200`, as HPACK has it.
const OK: &[u8] = &[0x88];
/// `:status: 103`, as HPACK has it without a table.
const HINT: &[u8] = b"\x08\x03103";

/// The servers: hosts by what they do, all at one address.
pub struct Frames {
    /// Where they listen.
    pub address: SocketAddr,
    trailers: Arc<AtomicU64>,
}

impl Frames {
    pub(super) async fn start(tls: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let frames = Frames { address: listener.local_addr()?, trailers: Arc::default() };
        let (tls, trailers) = (TlsAcceptor::from(tls), Arc::clone(&frames.trailers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, trailers) = (tls.clone(), Arc::clone(&trailers));
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let host = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                    // The client went away, which it may.
                    let _ = match host.split('.').next().unwrap_or_default() {
                        "api" => serve(stream, trailers).await,
                        how => flood(stream, how).await,
                    };
                });
            }
        });
        Ok(frames)
    }

    /// Trailers that came behind requests.
    pub fn trailers(&self) -> u64 {
        self.trailers.load(Ordering::SeqCst)
    }
}

/// Answers as the path says.
async fn serve(stream: TlsStream<TcpStream>, trailers: Arc<AtomicU64>) -> Result<()> {
    let answer = service_fn(move |request| bodies::answer(request, Arc::clone(&trailers)));
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    Ok(server.serve_connection(TokioIo::new(stream), answer).await?)
}

/// Waits for the first request, then writes without end what the host's name says. What the client writes is read and not heeded.
async fn flood(stream: TlsStream<TcpStream>, how: &str) -> Result<()> {
    let (mut reading, mut writing) = tokio::io::split(stream);
    reading.read_exact(&mut [0; PREFACE]).await?;
    write(&mut writing, SETTINGS, 0, 0, &[]).await?;
    let asked = loop {
        let mut head = [0; 9];
        reading.read_exact(&mut head).await?;
        let [high, middle, low, kind, _, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
        reading.read_exact(&mut payload).await?;
        if kind == HEADERS {
            break u32::from_be_bytes(stream);
        }
    };
    write(&mut writing, SETTINGS, 1, 0, &[]).await?;
    tokio::spawn(async move { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await });
    match how {
        "frames" => write(&mut writing, HEADERS, END_HEADERS, asked, OK).await?,
        "continuations" => write(&mut writing, HEADERS, 0, asked, OK).await?,
        _ => {}
    }
    loop {
        match how {
            "frames" => write(&mut writing, DATA, 0, asked, &[]).await?,
            "pings" => write(&mut writing, PING, 0, 0, &[0; 8]).await?,
            "settings" => write(&mut writing, SETTINGS, 0, 0, &[]).await?,
            // One more field, of a name and a value that stand in no table.
            "continuations" => write(&mut writing, CONTINUATION, 0, asked, b"\0\x03x-a\x01a").await?,
            "hints" => write(&mut writing, HEADERS, END_HEADERS, asked, HINT).await?,
            _ => anyhow::bail!("there are no floods of {how}"),
        }
    }
}

async fn write(to: &mut (impl AsyncWrite + Unpin), kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<()> {
    let [_, high, middle, low] = u32::try_from(payload.len())?.to_be_bytes();
    let frame = [&[high, middle, low, kind, flags], stream.to_be_bytes().as_slice(), payload].concat();
    to.write_all(&frame).await?;
    Ok(to.flush().await?)
}
