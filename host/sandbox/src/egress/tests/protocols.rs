//! What a server may and may not do with TLS and HTTP.

use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::{listen, said, tls, tls_for};
use super::*;

/// A TLS server that answers each request with bytes, and then goes on with others for ever.
struct Raw {
    address: SocketAddr,
    authority: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Raw {
    async fn answering(first: impl Into<Vec<u8>>, endlessly: impl Into<Vec<u8>>) -> Self {
        let (first, endlessly) = (first.into(), endlessly.into());
        let (authority, mut config) = tls("api.example.com");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen().await;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, first, endlessly) = (acceptor.clone(), first.clone(), endlessly.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let mut sent = stream.write_all(&first).await;
                    while sent.is_ok() && stream.flush().await.is_ok() {
                        if endlessly.is_empty() {
                            std::future::pending::<()>().await;
                        }
                        sent = stream.write_all(&endlessly).await;
                        tokio::task::yield_now().await;
                    }
                });
            }
        });
        Raw { address, authority, task }
    }

    /// One that ends an HTTP/2 connection with these words as soon as a request is there.
    async fn going_away(words: &'static str) -> Self {
        let (authority, mut config) = tls("api.example.com");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen().await;
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            stream.read_exact(&mut [0; 24]).await.unwrap();
            let mut head = [0; 9];
            // Frames up to that of the request's header.
            while head[3] != 1 {
                stream.read_exact(&mut head).await.unwrap();
                let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                stream.read_exact(&mut payload).await.unwrap();
            }
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            let length = 8 + u8::try_from(words.len()).unwrap();
            let go_away = [0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
            stream.write_all(&[&settings, &go_away[..], words.as_bytes()].concat()).await.unwrap();
            stream.flush().await.unwrap();
            std::future::pending::<()>().await;
        });
        Raw { address, authority, task }
    }

    fn gate(&self, response_timeout: Duration) -> Arc<Gate> {
        let options = EgressOptions {
            resolve: BTreeMap::from([("api.example.com".to_owned(), self.address)]),
            extra_ca_pem: vec![self.authority.clone()],
            response_timeout,
            ..EgressOptions::default()
        };
        Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap()
    }

    /// Asks with a request that is not repeated.
    async fn ask(&self) -> Result<Response<Bytes>, Refusal> {
        let post = request("POST", "https://api.example.com/v1/search/users");
        self.gate(Duration::from_secs(20)).send(&Purpose::Read, post).await
    }
}

#[tokio::test]
async fn origins_never_share_a_connection_though_one_certificate_is_for_both() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let (authority, mut config) = tls_for(&["api.example.com", "files.example.com"], WebPkiClientVerifier::no_client_auth());
        config.alpn_protocols = vec![protocol.to_vec()];
        let server = Server::over(config, authority, |_| Box::pin(async { Some(said("[]")) })).await;
        let mut options = options(&server);
        options.resolve.insert("files.example.com".to_owned(), server.address);
        let mut settings = settings();
        settings.hosts = vec!["https://files.example.com/public".to_owned()];
        let egress = Egress::new(options).unwrap();
        let gate = egress.gate(GateOptions { settings, ..gate_options(Budget::default()) }).unwrap();
        for url in [USERS, "https://files.example.com/public/x", USERS] {
            get(&gate, url).await.unwrap();
        }
        let seen = server.seen();
        assert_eq!(seen.iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1, 0]);
        // The name in TLS, and in HTTP, is the checked URL's.
        let names: Vec<_> = seen.iter().map(|seen| seen.client.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["api.example.com", "files.example.com", "api.example.com"]);
        for seen in &seen {
            let host = seen.headers.get("host").map(|host| host.to_str().unwrap().to_owned());
            let authority = seen.uri.strip_prefix("https://").and_then(|rest| rest.split('/').next()).map(str::to_owned);
            assert_eq!(host.or(authority), seen.client.name);
        }
    }
}

#[tokio::test]
async fn a_session_of_tls_is_resumed_by_its_own_connection_and_by_no_other() {
    let server = Server::new(|_| {
        let mut answer = said("[]");
        answer.headers_mut().insert("connection", "close".parse().unwrap());
        answer
    })
    .await;
    let egress = Egress::new(options(&server)).unwrap();
    let gate = |tenant: &str, connection: &str| {
        let (tenant, connection) = (tenant.parse().unwrap(), connection.parse().unwrap());
        egress.gate(GateOptions { tenant, connection, ..gate_options(Budget::default()) }).unwrap()
    };
    let (one, other, stranger) = (gate("acme", "example"), gate("acme", "other"), gate("globex", "example"));
    for gate in [&one, &one, &other, &stranger, &one, &stranger] {
        get(gate, USERS).await.unwrap();
    }
    let resumed: Vec<bool> = server.seen().iter().map(|seen| seen.client.resumed).collect();
    assert_eq!(resumed, [false, true, false, false, true, true]);
}

#[tokio::test]
async fn a_server_that_switches_protocols_is_refused() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    let raw = Raw::answering(switch, "").await;
    let refusal = raw.ask().await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Exchange { why, .. } if why.contains("another protocol")), "{refusal}");
    let gate = raw.gate(Duration::from_secs(20));
    for (name, value) in [("upgrade", "websocket"), ("connection", "upgrade"), ("http2-settings", "AAMAAABk")] {
        let mut asked = request("GET", USERS);
        asked.headers_mut().insert(name, value.parse().unwrap());
        assert!(matches!(gate.send(&Purpose::Read, asked).await, Err(Refusal::Header(_))), "{name}");
    }
}

#[tokio::test]
async fn a_connector_gets_no_part_of_a_body_whose_cut_it_could_choose() {
    let part = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-1/9\r\ncontent-length: 2\r\n\r\n[]";
    let raw = Raw::answering(part, "").await;
    let refusal = raw.ask().await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Exchange { why, .. } if why.contains("part of a body")), "{refusal}");
    let gate = raw.gate(Duration::from_secs(20));
    for name in ["range", "if-range", "request-range"] {
        let mut asked = request("GET", USERS);
        asked.headers_mut().insert(name, "bytes=0-1".parse().unwrap());
        assert!(matches!(gate.send(&Purpose::Read, asked).await, Err(Refusal::Header(_))), "{name}");
    }
}

#[tokio::test]
async fn some_interim_responses_are_skipped_and_a_flood_of_them_ends_the_request() {
    let hint = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let few = hint.repeat(10) + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
    assert_eq!(Raw::answering(few, "").await.ask().await.unwrap().body(), "[]");
    let refusal = Raw::answering("", hint).await.ask().await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Exchange { why, .. } if why.contains("interim")), "{refusal}");
}

#[tokio::test]
async fn a_response_whose_end_is_anyones_guess_is_refused() {
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 2\r\n\r\n[]x";
    let signed = "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n[]";
    let no_chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n[]\r\n0\r\n\r\n";
    let old = "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    let coded = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    let apart = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    for answer in [both, two, signed, no_chunk, old, coded, apart, "HTTP/0.9\r\n\r\n", "garbage\r\n\r\n"] {
        let refusal = Raw::answering(answer, "").await.ask().await.err();
        assert!(matches!(refusal, Some(Refusal::Exchange { .. })), "{answer}: {refusal:?}");
    }
}

#[tokio::test]
async fn what_a_server_says_at_the_end_of_a_connection_is_not_passed_on() {
    let refusal = Raw::going_away("an \"echo\"").await.ask().await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Exchange { why, .. } if why.contains("connection error received")), "{refusal}");
    assert!(!refusal.to_string().contains("echo"), "{refusal}");
}

#[tokio::test]
async fn a_header_or_a_trailer_that_never_ends_is_cut_off() {
    let endless = [("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n"), ("HTTP/1.1 200 OK\r\nx-long: ", "xxxx"), ("", "x")];
    for (first, endlessly) in endless {
        let refusal = Raw::answering(first, endlessly.repeat(100)).await.ask().await.unwrap_err();
        let cut_off = matches!(refusal, Refusal::ResponseHeader { .. } | Refusal::Exchange { .. });
        assert!(cut_off, "{first}: {refusal}");
    }
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n";
    for endlessly in ["x-more: and more\r\n", "x"] {
        let refusal = Raw::answering(chunked, endlessly.repeat(100)).await.ask().await.unwrap_err();
        assert!(matches!(refusal, Refusal::Exchange { .. }), "{refusal}");
    }
    let whole = format!("{chunked}x-late: 1\r\nset-cookie: a=b\r\n\r\n");
    assert_eq!(Raw::answering(whole, "").await.ask().await.unwrap().body(), "[]");
}

#[tokio::test]
async fn a_header_that_does_not_end_is_waited_for_no_longer_than_a_response() {
    let raw = Raw::answering("HTTP/1.1 200 OK\r\nx-slow: ", "").await;
    let gate = raw.gate(Duration::from_millis(50));
    let post = request("POST", "https://api.example.com/v1/search/users");
    let refusal = gate.send(&Purpose::Read, post).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Timeout { what: Wait::Response, .. }), "{refusal}");
}

#[tokio::test]
async fn waits_that_a_connector_asks_for_are_clamped() {
    use wasmtime_wasi_http::RequestOptions;
    let gate = gate(&Server::saying("").await);
    for (asked, clamped) in [
        (Duration::ZERO, ["connect: 1ms", "response: 1ms", "idle: 1ms"]),
        (Duration::MAX, ["connect: 10s", "response: 60s", "idle: 30s"]),
    ] {
        let asked = Some(asked);
        let asked = RequestOptions { connect_timeout: asked, first_byte_timeout: asked, between_bytes_timeout: asked };
        let waits = format!("{:?}", crate::egress::waits::Waits::of(&gate).within(Some(asked)));
        assert!(clamped.iter().all(|wait| waits.contains(wait)), "{waits}");
    }
}
