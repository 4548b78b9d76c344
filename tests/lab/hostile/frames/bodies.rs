//! Answers over HTTP/2 that are too long, too slow or not what they say they are.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response};

use crate::hostile::vendor::{UNPACKED, name_of, pack};

/// For ever, as far as a client can tell.
const EVER: Duration = Duration::from_secs(600);

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>;
type Body = StreamBody<Pieces>;

/// Answers a request in the way that its path asks for.
pub(super) async fn answer(request: Request<Incoming>, trailers: Arc<AtomicU64>) -> Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    match path.strip_prefix("/v1/body/") {
        Some(how) => bad(how).await,
        None => {
            // To its end, if it has one.
            let came = body.collect().await?;
            trailers.fetch_add(came.trailers().map_or(0, |fields| fields.len() as u64), Ordering::SeqCst);
            Ok(whole(&[], format!("you sent: {} {path}", parts.method).into_bytes())?)
        }
    }
}

async fn bad(how: &str) -> Result<Response<Body>> {
    let half = || stream::iter([Ok(Bytes::from_static(b"the first half"))]);
    let endless = || stream::repeat_with(|| Ok(Bytes::from_static(&[b'a'; 0x8000])));
    match how {
        "slow" => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            whole(&[], b"late".to_vec())
        }
        "endless" => said(&[], endless()),
        "giant-length" => said(&[("content-length", "10000000000")], endless()),
        "trickle" => said(
            &[],
            stream::repeat(()).then(|()| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(Bytes::from_static(b"a"))
            }),
        ),
        "stops" => said(&[("content-length", "100")], half().chain(stream::pending())),
        "broken" => said(&[("content-length", "100")], half().chain(stream::iter([Err(io::ErrorKind::Other.into())]))),
        "twice" => whole(&[("content-encoding", "gzip, gzip")], pack("gzip", &pack("gzip", &vec![0; UNPACKED]).await?).await?),
        "unknown-coding" => whole(&[("content-encoding", "rot13")], b"uryyb".to_vec()),
        "false-coding" => whole(&[("content-encoding", "gzip")], b"this is not packed".to_vec()),
        "many-fields" => {
            let fields: Vec<String> = (0..5_000).map(|number| format!("x-{number}")).collect();
            whole(&fields.iter().map(|name| (name.as_str(), "a")).collect::<Vec<_>>(), b"so many".to_vec())
        }
        "never" => {
            tokio::time::sleep(EVER).await;
            whole(&[], Vec::new())
        }
        "busy" => {
            let mut busy = whole(&[("retry-after", "1000000000")], b"busy".to_vec())?;
            *busy.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
            Ok(busy)
        }
        other => match other.strip_suffix("-bomb") {
            Some(coding) => whole(&[("content-encoding", name_of(coding))], pack(coding, &vec![0; UNPACKED]).await?),
            None => anyhow::bail!("there is no body {other}"),
        },
    }
}

fn whole(headers: &[(&str, &str)], body: Vec<u8>) -> Result<Response<Body>> {
    said(headers, stream::iter([Ok(Bytes::from(body))]))
}

fn said(headers: &[(&str, &str)], pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Result<Response<Body>> {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let pieces: Pieces = Box::pin(pieces.map(|piece| piece.map(Frame::data)));
    Ok(response.body(StreamBody::new(pieces))?)
}
