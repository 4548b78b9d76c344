//! Answers that hold the credential of the request, in one spelling each.

use anyhow::{Context, Result};
use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tokio::io::AsyncWriteExt;

use super::{Request, Stream, whole};

/// Sends the credential back, in the way that is asked for.
pub(super) async fn answer(stream: &mut Stream, request: &Request, how: &str) -> Result<()> {
    let secret = request.header("x-api-key").unwrap_or_default();
    let told = format!("you sent: {secret}");
    let each = |write: fn(u8) -> String| secret.bytes().map(write).collect::<String>();
    let text = match how {
        "raw" => told,
        "percent" => each(|byte| format!("%{byte:02X}")),
        "form" => each(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        }),
        "json" => serde_json::json!({ "key": secret }).to_string(),
        "unicode" => each(|byte| format!("\\u{byte:04x}")),
        "hex" => each(|byte| format!("{byte:02x}")),
        "base64" => ["", "u", "us"].map(|user| STANDARD.encode(format!("{user}{secret}"))).join(" "),
        "base64url" => ["", "u", "us"].map(|user| URL_SAFE_NO_PAD.encode(format!("{user}{secret}"))).join(" "),
        "authorization" => request.header("authorization").context("no authorization came")?.to_owned(),
        "path" => format!("{{\"next\":\"https://api.mallory.example{}\"}}", request.path),
        "request" => format!("{request:?}"),
        "header" => return whole(stream, "200 OK", &[&format!("x-echo: {secret}")], b"see the header").await,
        "cookie" => return whole(stream, "200 OK", &[&format!("set-cookie: key={secret}")], b"see the cookie").await,
        "location" => {
            let location = format!("location: https://api.mallory.example/v1/?key={secret}");
            return whole(stream, "302 Found", &[&location], b"see the location").await;
        }
        "error" => return whole(stream, "403 Forbidden", &[], told.as_bytes()).await,
        "reason" => return whole(stream, &format!("200 {secret}"), &[], b"see the reason").await,
        "utf16" => {
            let bytes: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return whole(stream, "200 OK", &[], &bytes).await;
        }
        "trailer" => return in_chunks(stream, b"see the trailer", 100, &format!("x-echo: {secret}\r\n")).await,
        "part" => {
            let asked = ["range", "request-range", "x-part"].iter().find_map(|name| request.header(name));
            let (first, last) = asked.and_then(|asked| asked.strip_prefix("bytes=")?.split_once('-')).context("no range came")?;
            let (first, last): (usize, usize) = (first.parse()?, last.parse()?);
            let part = told.get(first..told.len().min(last + 1)).unwrap_or_default();
            return whole(stream, "206 Partial Content", &[], part.as_bytes()).await;
        }
        "chunks" => return in_chunks(stream, told.as_bytes(), 1, "").await,
        coding => {
            let packed = pack(coding, told.as_bytes()).await?;
            return whole(stream, "200 OK", &[&format!("content-encoding: {}", name_of(coding))], &packed).await;
        }
    };
    whole(stream, "200 OK", &[], text.as_bytes()).await
}

/// What a coding is called in a header.
pub(in crate::hostile) fn name_of(coding: &str) -> &str {
    if coding == "brotli" { "br" } else { coding }
}

/// Packs a body.
pub(in crate::hostile) async fn pack(coding: &str, body: &[u8]) -> Result<Vec<u8>> {
    macro_rules! with {
        ($encoder:ident) => {{
            let mut encoder = $encoder::with_quality(Vec::new(), async_compression::Level::Fastest);
            encoder.write_all(body).await?;
            encoder.shutdown().await?;
            encoder.into_inner()
        }};
    }
    Ok(match coding {
        "gzip" => with!(GzipEncoder),
        "brotli" => with!(BrotliEncoder),
        "zstd" => with!(ZstdEncoder),
        "deflate" => with!(ZlibEncoder),
        "raw-deflate" => with!(DeflateEncoder),
        other => anyhow::bail!("there is no echo {other}"),
    })
}

/// A body in chunks of so many bytes, each sent on its own, and a trailer.
async fn in_chunks(stream: &mut Stream, body: &[u8], size: usize, trailer: &str) -> Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-echo\r\n\r\n").await?;
    for chunk in body.chunks(size) {
        let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        stream.write_all(&bytes).await?;
        stream.flush().await?;
    }
    Ok(stream.write_all(format!("0\r\n{trailer}\r\n").as_bytes()).await?)
}
