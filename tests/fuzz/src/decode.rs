//! Content codings: the same bytes however the wire cuts them, in bounded memory, and an error rather than a panic for the rest.
//!
//! An input has the `Content-Encoding` on its first line; the body follows.

use bytes::Bytes;
use headcount_sandbox::egress::fuzzing::{Body, decode};
use http::{HeaderMap, HeaderValue, header};

/// Bombs are left at this length.
const MOST: usize = 256 * 1024;

pub(crate) fn run(data: &[u8]) {
    let Some(end) = data.iter().position(|b| *b == b'\n') else { return };
    let (coding, body) = (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default());
    let Ok(coding) = HeaderValue::from_bytes(coding) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, coding);
    let whole = if body.is_empty() { Vec::new() } else { vec![Bytes::copy_from_slice(body)] };
    let pieces = crate::pieces(body).into_iter().map(Bytes::copy_from_slice).collect();
    let whole = decode(&headers, whole, MOST);
    if let Some(Body::Whole(once)) = &whole
        && matches!(headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes), Some(b"gzip" | b"zstd"))
        && !body.is_empty()
    {
        // What is good once is good twice.
        let twice = decode(&headers, vec![Bytes::from(body.repeat(2))], MOST * 2);
        assert!(twice == Some(Body::Whole(once.repeat(2))), "once: {once:?}\ntwice: {twice:?}");
    }
    match (whole, decode(&headers, pieces, MOST)) {
        (Some(Body::Long(whole)), Some(Body::Long(pieces))) => {
            assert!(whole.len().max(pieces.len()) <= MOST + body.len().max(64 * 1024), "a piece is too long");
            assert!(whole.iter().zip(&pieces).all(|(a, b)| a == b), "cut otherwise, the body is another one");
        }
        // How much of a broken body comes out first is the decoder's affair.
        (Some(Body::Broken(_)), Some(Body::Broken(_))) => {}
        (whole, pieces) => assert!(whole == pieces, "whole: {whole:?}\nin pieces: {pieces:?}"),
    }
}
