//! The header of a response, held to what was asked for and to its limits.

use http::response::Parts;
use http::{StatusCode, header};

use super::pool::{HEADER_BYTES, HEADER_FIELDS};
use super::refusal::Refusal;

/// Refuses a header that nobody asked for, that leaves the body's end or coding in doubt, or that is too long.
pub(super) fn judge(parts: &Parts, host: &str) -> Result<(), Refusal> {
    let broken = |why: &str| Err(Refusal::Exchange { host: host.to_owned(), why: why.to_owned() });
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return broken("it switches to another protocol, which nobody asked for");
    }
    if parts.status == StatusCode::PARTIAL_CONTENT {
        return broken("it sends a part of a body, which nobody asked for");
    }
    if parts.headers.contains_key(header::TRANSFER_ENCODING) && parts.headers.contains_key(header::CONTENT_LENGTH) {
        return broken("its response has a Content-Length and a Transfer-Encoding: where it ends is anyone's guess");
    }
    let mut codings = parts.headers.get_all(header::TRANSFER_ENCODING).iter();
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return broken("its response has a transfer coding other than chunked, which nobody asked for");
    }
    if parts.headers.len() > HEADER_FIELDS {
        return Err(Refusal::ResponseHeader { most: HEADER_FIELDS, unit: "fields" });
    }
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES {
        return Err(Refusal::ResponseHeader { most: HEADER_BYTES, unit: "bytes" });
    }
    Ok(())
}
