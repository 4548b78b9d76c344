//! Undoing a response's content coding, piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, header};
use tokio::io::AsyncRead;
use tokio_util::io::{StreamReader, poll_read_buf};

use super::refusal::Refusal;
use super::wire::Wire;

/// What egress asks for.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br, zstd";
/// Bytes decoded at once.
const PIECE: usize = 32 * 1024;
/// The largest window of zstd, as RFC 8878 has it for HTTP: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

const SEVERAL: &str = "several codings, one inside the other";

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of a body; none if it is plain.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut found = None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
            let coding = match text.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                "compress" | "x-compress" => return Err(Refusal::Coding("compress")),
                _ if text.contains(',') => return Err(Refusal::Coding(SEVERAL)),
                // Not the vendor's own words: they could be an echo.
                _ => return Err(Refusal::Coding("something unknown")),
            };
            if found.replace(coding).is_some() {
                return Err(Refusal::Coding(SEVERAL));
            }
        }
        Ok(found)
    }
}

/// Where coded bytes come from: the [`Wire`].
pub(crate) trait Coded: Stream<Item = Result<Bytes, Refusal>> + Unpin {
    /// Bytes so far.
    fn received(&self) -> u64;
    /// Whether nothing follows.
    fn has_ended(&self) -> bool;
    /// Reads what is left, as far as it is there already.
    fn poll_rest(&mut self, cx: &mut Context<'_>);
}

impl Coded for Wire {
    fn received(&self) -> u64 {
        Wire::received(self)
    }

    fn has_ended(&self) -> bool {
        Wire::has_ended(self)
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) {
        Wire::poll_rest(self, cx);
    }
}

type Source<W> = StreamReader<Faults<W>, Bytes>;

/// A body without its coding.
pub(crate) enum Decoded<W: Coded = Wire> {
    Plain(Box<W>),
    Gzip(Box<GzipDecoder<Source<W>>>, BytesMut),
    Deflate(Box<ZlibDecoder<Source<W>>>, BytesMut),
    Brotli(Box<BrotliDecoder<Source<W>>>, BytesMut),
    Zstd(Box<ZstdDecoder<Source<W>>>, BytesMut),
}

impl<W: Coded> Decoded<W> {
    pub fn new(coding: Option<Coding>, wire: W) -> Self {
        if coding.is_none() || wire.has_ended() && wire.received() == 0 {
            return Decoded::Plain(Box::new(wire));
        }
        let source = StreamReader::new(Faults(wire));
        let room = BytesMut::new();
        match coding {
            Some(Coding::Deflate) => Decoded::Deflate(Box::new(ZlibDecoder::new(source)), room),
            Some(Coding::Brotli) => Decoded::Brotli(Box::new(BrotliDecoder::new(source)), room),
            Some(Coding::Zstd) => {
                let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
                let mut decoder = ZstdDecoder::with_params(source, &[window]);
                decoder.multiple_members(true);
                Decoded::Zstd(Box::new(decoder), room)
            }
            // Gzip and zstd may be in several members, and the first alone would be a list cut short.
            Some(Coding::Gzip) | None => {
                let mut decoder = GzipDecoder::new(source);
                decoder.multiple_members(true);
                Decoded::Gzip(Box::new(decoder), room)
            }
        }
    }

    pub fn wire(&mut self) -> &mut W {
        match self {
            Decoded::Plain(wire) => wire,
            Decoded::Gzip(decoder, _) => &mut decoder.get_mut().get_mut().0,
            Decoded::Deflate(decoder, _) => &mut decoder.get_mut().get_mut().0,
            Decoded::Brotli(decoder, _) => &mut decoder.get_mut().get_mut().0,
            Decoded::Zstd(decoder, _) => &mut decoder.get_mut().get_mut().0,
        }
    }

    /// The next piece, never empty.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        let piece = match self {
            Decoded::Plain(wire) => return wire.poll_next_unpin(cx),
            Decoded::Gzip(decoder, room) => ready!(poll(decoder.as_mut(), room, cx)),
            Decoded::Deflate(decoder, room) => ready!(poll(decoder.as_mut(), room, cx)),
            Decoded::Brotli(decoder, room) => ready!(poll(decoder.as_mut(), room, cx)),
            Decoded::Zstd(decoder, room) => ready!(poll(decoder.as_mut(), room, cx)),
        };
        match piece {
            Ok(piece) if !piece.is_empty() => Poll::Ready(Some(Ok(piece))),
            Ok(_) => {
                // The coding has an end of its own, before the end of the wire.
                self.wire().poll_rest(cx);
                Poll::Ready(None)
            }
            Err(error) => match error.downcast::<Refusal>() {
                Ok(refusal) => Poll::Ready(Some(Err(refusal))),
                // Some servers announce a coding on answers without a body.
                Err(_) if self.wire().received() == 0 => Poll::Ready(None),
                Err(error) => Poll::Ready(Some(Err(Refusal::Decode(error.to_string())))),
            },
        }
    }
}

fn poll(decoder: &mut (impl AsyncRead + Unpin), room: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    room.reserve(PIECE);
    ready!(poll_read_buf(Pin::new(decoder), cx, room))?;
    Poll::Ready(Ok(room.split().freeze()))
}

/// Carries refusals through readers, which know `io::Error` only.
pub(crate) struct Faults<W>(W);

impl<W: Coded> Stream for Faults<W> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::super::fuzzing::{Body, decode};
    use super::*;

    /// A frame of zstd with its content as it is.
    fn zstd(content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, length, length << 3 | 1, 0, 0], content].concat()
    }

    #[test]
    fn every_member_of_a_body_is_read() {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"))]);
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
        let body = [zstd(b"one, ").as_slice(), &skipped, &zstd(b"two")].concat();
        for length in 1..=body.len() {
            let pieces = body.chunks(length).map(Bytes::copy_from_slice).collect();
            assert_eq!(decode(&headers, pieces, 100), Some(Body::Whole(b"one, two".to_vec())), "in pieces of {length}");
        }
        let broken = decode(&headers, vec![Bytes::from([zstd(b"one").as_slice(), b"garbage"].concat())], 100);
        assert!(matches!(broken, Some(Body::Broken(_))), "{broken:?}");
    }
}
