//! What of a response reaches the connector.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use futures::StreamExt;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::AsyncWriteExt;

use super::server::{Answer, said, status};
use super::*;
use crate::budget::Resource;

async fn encoded(coding: &str, text: &[u8]) -> Vec<u8> {
    macro_rules! encode {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(text).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match coding {
        "gzip" => encode!(GzipEncoder),
        "deflate" => encode!(ZlibEncoder),
        "br" => encode!(BrotliEncoder),
        _ => encode!(ZstdEncoder),
    }
}

fn coded(coding: &str, body: Vec<u8>) -> Answer {
    let mut answer = said(body);
    answer.headers_mut().insert("content-encoding", coding.parse().unwrap());
    answer.headers_mut().insert("etag", "\"1\"".parse().unwrap());
    answer
}

/// A body in pieces, without a length.
fn pieces(pieces: impl Iterator<Item = Bytes> + Send + Sync + 'static) -> Answer {
    let frames = futures::stream::iter(pieces).map(|piece| Ok(Frame::data(piece)));
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

fn small(server: &Server, response_bytes: u64) -> Arc<Gate> {
    let budget = Budget { response_bytes, ..Budget::default() };
    Egress::new(options(server)).unwrap().gate(gate_options(budget)).unwrap()
}

#[tokio::test]
async fn each_coding_is_undone_and_its_traces_go() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let text = b"{\"users\":[{\"id\":1}]}".repeat(10_000);
        let body = encoded(coding, &text).await;
        let length = body.len() as u64;
        let server = Server::new(move |_| coded(coding, body.clone())).await;
        let gate = gate(&server);
        for _ in 0..2 {
            let response = get(&gate, USERS).await.unwrap();
            assert!(response.body() == &text, "{coding}");
            for name in ["content-encoding", "content-length", "etag"] {
                assert!(!response.headers().contains_key(name), "{coding}: {name}");
            }
        }
        assert_eq!(gate.meter().usage().received_bytes, 2 * length);
        // The coding's end is not taken for the connection's.
        assert_eq!(server.seen()[1].connection, 0, "{coding}");
    }
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_refused() {
    for coding in ["lzma", "compress", "gzip, br", SECRET] {
        let server = Server::new(move |_| coded(coding, b"x".to_vec())).await;
        let refusal = get(&gate(&server), USERS).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Coding(_)), "{coding}");
        assert!(!refusal.to_string().contains(&SECRET.to_lowercase()), "{refusal}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_its_coding_says_is_refused() {
    let cut = encoded("gzip", &b"text ".repeat(1_000)).await;
    let cut = cut[..cut.len() - 20].to_vec();
    for body in [b"not gzip at all".to_vec(), cut] {
        let server = Server::new(move |_| coded("gzip", body.clone())).await;
        assert!(matches!(get(&gate(&server), USERS).await, Err(Refusal::Decode(_))));
    }
}

#[tokio::test]
async fn an_empty_body_with_a_coding_is_empty() {
    let server = Server::new(|_| coded("gzip", Vec::new())).await;
    assert_eq!(get(&gate(&server), USERS).await.unwrap().body().len(), 0);
    let head = gate(&server).send(&Purpose::Read, request("HEAD", USERS)).await.unwrap();
    assert_eq!(head.body().len(), 0);
}

#[tokio::test]
async fn a_body_past_the_budget_ends_with_an_error_whether_announced_or_not() {
    let server = Server::new(|seen| match seen.number {
        0 => said(vec![b'x'; 2_000]),
        _ => pieces(std::iter::repeat_with(|| Bytes::from(vec![b'x'; 300]))),
    })
    .await;
    for _ in 0..2 {
        let gate = small(&server, 1_000);
        assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))));
        assert_eq!(gate.meter().excess().map(|excess| excess.resource), Some(Resource::ResponseBytes));
        assert!(gate.events()[0].refused.is_some());
    }
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_decoded_limit() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let bomb = encoded(coding, &vec![0; 50 << 20]).await;
        assert!(bomb.len() < 100_000);
        let server = Server::new(move |_| coded(coding, bomb.clone())).await;
        let gate = small(&server, 1 << 20);
        assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))), "{coding}");
    }
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let server = Server::new(|_| said(vec![b'x'; 600])).await;
    let budget = Budget { received_bytes: 1_000, ..Budget::default() };
    let gate = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
    assert!(get(&gate, USERS).await.is_ok());
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))));
}

#[tokio::test]
async fn decoded_bytes_are_counted_over_all_bodies_of_a_session() {
    let text = b"[1, 2, 3, 4]".repeat(1_000);
    let zipped = encoded("gzip", &text).await;
    let server = Server::new(move |_| coded("gzip", zipped.clone())).await;
    let limit = text.len() as u64 * 3 / 2;
    let budget = Budget { decoded_bytes: limit, ..Budget::default() };
    let gate = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
    assert!(get(&gate, USERS).await.unwrap().body() == text.as_slice());
    let Err(Refusal::Excess(excess)) = get(&gate, USERS).await else { panic!("it was not refused") };
    assert_eq!((excess.resource, excess.limit), (Resource::DecodedBytes, limit));
    assert_eq!(gate.meter().excess(), Some(excess), "it ends the session");
    assert!(gate.meter().usage().received_bytes < limit, "what came over the wire is another sum");
}

#[tokio::test]
async fn an_echoed_secret_is_overwritten_in_body_and_header() {
    let server = Server::new(|seen| {
        let key = seen.headers["x-api-key"].to_str().unwrap();
        let mut answer = said(format!("{{\"key\":\"{key}\",\"id\":7}}"));
        answer.headers_mut().insert("location", format!("https://x.example/?k={key}").parse().unwrap());
        answer.headers_mut().insert("content-md5", "x".parse().unwrap());
        answer.headers_mut().insert("etag", "\"x\"".parse().unwrap());
        answer.headers_mut().insert("set-cookie", "session=1".parse().unwrap());
        answer
    })
    .await;
    let gate = gate(&server);
    let response = get(&gate, USERS).await.unwrap();
    let stars = "*".repeat(SECRET.len());
    assert_eq!(response.body(), &format!("{{\"key\":\"{stars}\",\"id\":7}}"));
    assert_eq!(response.headers()["location"], format!("https://x.example/?k={stars}"));
    for name in ["content-md5", "etag", "set-cookie"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    assert_eq!((gate.scrubbed(), gate.events()[0].scrubbed), (2, 2));
}

#[tokio::test]
async fn an_echo_is_found_across_pieces_and_inside_a_coding() {
    let text = format!("{}<{SECRET}>{}", "a".repeat(70_000), "b".repeat(70_000));
    let want = text.replace(SECRET, &"*".repeat(SECRET.len()));
    let zipped = encoded("gzip", text.as_bytes()).await;
    let server = Server::new(move |seen| match seen.number {
        0 => coded("gzip", zipped.clone()),
        _ => {
            let bytes = Bytes::from(text.clone());
            // An empty piece after each must not end or delay anything.
            let cut = (0..bytes.len()).step_by(7).map(move |at| bytes.slice(at..bytes.len().min(at + 7)));
            pieces(cut.flat_map(|piece| [piece, Bytes::new()]))
        }
    })
    .await;
    for _ in 0..2 {
        assert!(get(&gate(&server), USERS).await.unwrap().body() == &want);
    }
}

#[tokio::test]
async fn trailers_are_dropped_and_pieces_are_short_and_never_empty() {
    let server = Server::new(|_| {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-secret", "1".parse().unwrap());
        let frames = [Frame::data(Bytes::from(vec![b'x'; 500_000])), Frame::data(Bytes::new()), Frame::trailers(trailers)];
        Response::new(BodyExt::boxed(StreamBody::new(futures::stream::iter(frames.map(Ok)))))
    })
    .await;
    let gate = gate(&server);
    let uri = USERS.parse().unwrap();
    let admitted = gate.admit(&Purpose::Read, &http::Method::GET, &uri).unwrap();
    let waits = crate::egress::waits::Waits::of(&gate);
    let mut body = admitted.send(http::HeaderMap::new(), async { Ok(Bytes::new()) }, waits).await.unwrap().into_body();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let piece = frame.unwrap().into_data().unwrap();
        assert!((1..=64 * 1024).contains(&piece.len()));
        total += piece.len();
    }
    assert_eq!(total, 500_000);
}

#[tokio::test]
async fn too_many_or_too_long_header_fields_are_refused() {
    let server = Server::new(|seen| {
        let mut answer = status(200, &[]);
        if seen.number == 0 {
            for at in 0..150 {
                answer.headers_mut().insert(http::HeaderName::try_from(format!("x-{at}")).unwrap(), "1".parse().unwrap());
            }
        } else {
            answer.headers_mut().insert("x-long", "x".repeat(70_000).parse().unwrap());
        }
        answer
    })
    .await;
    for _ in 0..2 {
        let refusal = get(&gate(&server), USERS).await.unwrap_err();
        assert!(matches!(refusal, Refusal::ResponseHeader { .. }), "{refusal}");
    }
}
