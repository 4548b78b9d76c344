//! Answers that hold the credential of the request.

use anyhow::Result;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{Request, whole};

/// Sends the credential back, in the way that is asked for.
pub(super) async fn answer(stream: &mut TlsStream<TcpStream>, request: &Request, how: &str) -> Result<()> {
    let secret = request.header("x-api-key").unwrap_or_default();
    match how {
        "raw" => whole(stream, "200 OK", &[], format!("you sent: {secret}").as_bytes()).await,
        _ => whole(stream, "404 Not Found", &[], b"no such echo").await,
    }
}
