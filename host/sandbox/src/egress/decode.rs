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
                _ => return Err(Refusal::Coding(text)),
            };
            if found.replace(coding).is_some() {
                return Err(Refusal::Coding("several codings, one inside the other".to_owned()));
            }
        }
        Ok(found)
    }
}

type Source = StreamReader<Faults, Bytes>;

/// A body without its coding.
pub(crate) enum Decoded {
    Plain(Box<Wire>),
    Gzip(Box<GzipDecoder<Source>>, BytesMut),
    Deflate(Box<ZlibDecoder<Source>>, BytesMut),
    Brotli(Box<BrotliDecoder<Source>>, BytesMut),
    Zstd(Box<ZstdDecoder<Source>>, BytesMut),
}

impl Decoded {
    pub fn new(coding: Option<Coding>, wire: Wire) -> Self {
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
                Decoded::Zstd(Box::new(ZstdDecoder::with_params(source, &[window])), room)
            }
            Some(Coding::Gzip) | None => Decoded::Gzip(Box::new(GzipDecoder::new(source)), room),
        }
    }

    pub fn wire(&mut self) -> &mut Wire {
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
pub(crate) struct Faults(Wire);

impl Stream for Faults {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx).map_err(io::Error::other)
    }
}
