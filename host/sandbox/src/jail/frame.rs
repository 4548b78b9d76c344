//! What a worker writes to its standard output: frames of a tag, a length and as many bytes. Whoever reads them says how many bytes
//! he takes, and believes no length before that.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The most code that is taken: JavaScript connectors have 37 MB.
pub(super) const MAX_CODE: u64 = 128 << 20;
/// The most that any other frame may hold.
pub(super) const MAX_TEXT: u64 = 1 << 20;

/// The first frame: what the worker is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    /// What its code depends on: the engine's version and settings.
    pub settings: [u8; 32],
    /// Bytes of memory that it may use.
    pub memory: u64,
    /// Seconds of CPU time that it may use.
    pub cpu: u64,
    /// What it could not be kept from, as text.
    pub lacks: Vec<String>,
}

/// Why a worker gives no code.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Refusal {
    /// The component is invalid.
    Invalid(String),
    /// There was no more memory.
    Memory,
    /// The code is longer than the host takes.
    Output,
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Hello = 1,
    Facts = 2,
    Code = 3,
    Refusal = 4,
}

impl Tag {
    fn of(byte: u8) -> Option<Tag> {
        [Tag::Hello, Tag::Facts, Tag::Code, Tag::Refusal].into_iter().find(|tag| *tag as u8 == byte)
    }

    fn max(self) -> u64 {
        if self == Tag::Code { MAX_CODE } else { MAX_TEXT }
    }
}

/// Why no frame could be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The worker wrote no more.
    Ended,
    /// It would be longer than is taken.
    TooLong,
    /// It is no frame, or not one that may stand here.
    Garbage(&'static str),
}

/// Writes a frame.
pub(super) fn write(to: &mut impl Write, tag: Tag, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&[tag as u8])?;
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads a frame. Memory grows with what has arrived, not with what was announced.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<(Tag, Vec<u8>), Unreadable> {
    let tag = Tag::of(from.read_u8().await.map_err(|_| Unreadable::Ended)?).ok_or(Unreadable::Garbage("an unknown frame"))?;
    let length = from.read_u64_le().await.map_err(|_| Unreadable::Ended)?;
    if length > tag.max() {
        return Err(Unreadable::TooLong);
    }
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).await.map_err(|_| Unreadable::Ended)?;
    if bytes.len() as u64 == length { Ok((tag, bytes)) } else { Err(Unreadable::Ended) }
}
