//! Answers that are too long, too slow or not what they say they are.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::AsyncWriteExt;

use super::echoes::pack;
use super::{Stream, whole};

/// What a bomb is when it is unpacked.
pub(in crate::hostile) const UNPACKED: usize = 24 << 20;
/// For ever, as far as a client can tell.
const EVER: Duration = Duration::from_secs(600);

/// Sends an answer in the way that is asked for.
pub(super) async fn answer(stream: &mut Stream, how: &str) -> Result<()> {
    let coding = how.strip_suffix("-bomb");
    match how {
        "slow" => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            whole(stream, "200 OK", &[], b"late").await
        }
        "long" => whole(stream, "200 OK", &[], &vec![b'a'; 200_000]).await,
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            without_end(stream, format!("8000\r\n{}\r\n", "a".repeat(0x8000)).as_bytes(), Duration::ZERO).await
        }
        "trickle" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            without_end(stream, b"1\r\na\r\n", Duration::from_millis(50)).await
        }
        "stops" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe first half").await?;
            stream.flush().await?;
            tokio::time::sleep(EVER).await;
            Ok(())
        }
        "broken" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe first half").await?;
            hang_up(stream).await
        }
        "cut" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").await?;
            hang_up(stream).await
        }
        "twice" => {
            let packed = pack("gzip", &pack("gzip", &vec![0; UNPACKED]).await?).await?;
            whole(stream, "200 OK", &["content-encoding: gzip, gzip"], &packed).await
        }
        "unknown-coding" => whole(stream, "200 OK", &["content-encoding: rot13"], b"uryyb").await,
        "false-coding" => whole(stream, "200 OK", &["content-encoding: gzip"], b"this is not packed").await,
        "giant-length" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await?;
            without_end(stream, &[b'a'; 0x8000], Duration::ZERO).await
        }
        "giant-chunk" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n").await?;
            without_end(stream, &[b'a'; 0x8000], Duration::ZERO).await
        }
        "endless-header" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ").await?;
            without_end(stream, &[b'a'; 0x8000], Duration::ZERO).await
        }
        "many-fields" => {
            let fields: Vec<String> = (0..5_000).map(|number| format!("x-{number}: a")).collect();
            whole(stream, "200 OK", &fields.iter().map(String::as_str).collect::<Vec<_>>(), b"so many").await
        }
        "hints" => without_end(stream, b"HTTP/1.1 103 Early Hints\r\n\r\n", Duration::ZERO).await,
        "two-lengths" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef").await?;
            hang_up(stream).await
        }
        "length-and-chunks" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(format!("{head}7\r\nchunked\r\n0\r\n\r\n").as_bytes()).await?;
            hang_up(stream).await
        }
        "no-http" => {
            stream.write_all(b"220 mail.mallory.example ESMTP\r\n").await?;
            hang_up(stream).await
        }
        "never" => {
            tokio::time::sleep(EVER).await;
            Ok(())
        }
        "two" => {
            whole(stream, "200 OK", &[], b"the first").await?;
            whole(stream, "200 OK", &[], b"hijacked").await
        }
        "busy" => whole(stream, "503 Service Unavailable", &["retry-after: 1000000000"], b"busy").await,
        _ => match coding {
            Some(coding) => {
                let packed = pack(coding, &vec![0; UNPACKED]).await?;
                whole(stream, "200 OK", &[&format!("content-encoding: {}", super::echoes::name_of(coding))], &packed).await
            }
            None => bail!("there is no body {how}"),
        },
    }
}

/// Writes the same again and again, until the client is gone.
async fn without_end(stream: &mut Stream, piece: &[u8], pause: Duration) -> Result<()> {
    loop {
        stream.write_all(piece).await?;
        stream.flush().await?;
        tokio::time::sleep(pause).await;
    }
}

/// Ends the connection.
async fn hang_up(stream: &mut Stream) -> Result<()> {
    stream.flush().await?;
    stream.shutdown().await?;
    bail!("the connection is ended")
}
