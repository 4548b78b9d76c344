//! The operator's proxy, and those that the environment names.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::listen;
use super::*;

/// A proxy that answers what it is told to, and makes the tunnel where that is 200.
struct Stub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    async fn answering(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        let (listener, address) = listen().await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, answer) = (log.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    let target = head.split(' ').nth(1).unwrap().to_owned();
                    log.lock().unwrap().push(head);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.contains(" 200 ")
                        && let Ok(mut vendor) = TcpStream::connect(target).await
                    {
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut vendor).await;
                    }
                });
            }
        });
        Stub { address, asked, task }
    }

    fn options(&self, server: &Server, login: Option<(&str, &str)>) -> EgressOptions {
        let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password.to_owned())));
        EgressOptions { proxy: Some(Proxy { address: self.address.to_string(), login }), ..options(server) }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn through(options: EgressOptions) -> Arc<Gate> {
    Egress::new(options).unwrap().gate(gate_options(Budget { requests: 1, ..Budget::default() })).unwrap()
}

#[tokio::test]
async fn a_request_goes_through_the_proxy_to_the_checked_address_and_only_the_vendor_reads_it() {
    let server = Server::saying("[]").await;
    let proxy = Stub::answering("HTTP/1.1 200 Connection established\r\nx-any: 1\r\n\r\n").await;
    let gate = through(proxy.options(&server, Some(("ana", "correct horse"))));
    assert_eq!(get(&gate, USERS).await.unwrap().body(), "[]");
    let address = server.address;
    let basic = "Proxy-Authorization: Basic YW5hOmNvcnJlY3QgaG9yc2U=";
    assert_eq!(proxy.asked(), [format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n{basic}\r\n\r\n")]);
    let seen = &server.seen()[0];
    assert!(seen.headers["host"] == "api.example.com" && seen.headers["x-api-key"] == SECRET);
    assert!(!seen.headers.contains_key("proxy-authorization"));
    assert_eq!(gate.events()[0].address, Some(address), "the vendor's, not the proxy's");
}

#[tokio::test]
async fn plain_text_for_this_machines_own_loopback_never_goes_to_the_proxy() {
    let server = Server::plain("hello").await;
    let proxy = Stub::answering("HTTP/1.1 200 ok\r\n\r\n").await;
    let egress = Egress::new(EgressOptions { allow_loopback: true, ..proxy.options(&server, None) }).unwrap();
    let settings = Settings { base_url: "http://api.example.com/v1".to_owned(), ..settings() };
    let gate = egress.gate(GateOptions { settings, ..gate_options(Budget::default()) }).unwrap();
    assert_eq!(get(&gate, "http://api.example.com/v1/users").await.unwrap().body(), "hello");
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
    assert_eq!(gate.events()[0].address, Some(server.address));
}

#[tokio::test]
async fn without_a_login_none_is_sent_and_the_vendors_certificate_is_checked_all_the_same() {
    let server = Server::with("other.example.com", &[b"http/1.1"], |_| Box::pin(async { None })).await;
    let proxy = Stub::answering("HTTP/1.0 200 ok\r\n\r\n").await;
    let refusal = get(&through(proxy.options(&server, None)), USERS).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Tls { certificate: true, .. }), "{refusal}");
    assert!(!proxy.asked()[0].to_lowercase().contains("authorization"));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_proxy_that_refuses_or_talks_nonsense_is_named_and_nothing_goes_around_it() {
    let server = Server::saying("[]").await;
    let endless = "x".repeat(20_000);
    for (answer, why) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "refuses with 403"),
        ("HTTP/1.1 101 Switching\r\n\r\n", "refuses with 101"),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", "no HTTP"),
        ("\r\n\r\n", "no HTTP"),
        (endless.as_str(), "longer than"),
    ] {
        let proxy = Stub::answering(answer).await;
        let refusal = get(&through(proxy.options(&server, Some(("ana", "correct horse")))), USERS).await.unwrap_err();
        let text = refusal.to_string();
        assert!(matches!(refusal, Refusal::Proxy { refused: true, .. }), "{text}");
        assert!(text.contains(&proxy.address.to_string()) && text.contains(why) && !text.contains("horse"), "{text}");
        assert!(matches!(refusal.code(), wasmtime_wasi_http::Error::ConnectionRefused));
        assert_eq!(proxy.asked().len(), 1, "{answer} is asked once");
    }
    let gone = Stub::answering("").await.options(&server, None);
    // Not a request that is repeated.
    let post = request("POST", "https://api.example.com/v1/search/users");
    let refusal = through(gone).send(&Purpose::Read, post).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Proxy { refused: false, .. }), "{refusal}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_proxy_never_loosens_what_may_be_reached() {
    let server = Server::saying("[]").await;
    let proxy = Stub::answering("HTTP/1.1 200 ok\r\n\r\n").await;
    let mut options = proxy.options(&server, None);
    options.resolve.clear();
    let gate = through(options);
    // Its name is resolved and judged here, not by the proxy.
    for url in ["https://127.0.0.1/v1/users", "https://other.example.com/v1/users"] {
        assert!(get(&gate, url).await.is_err());
    }
    assert_eq!(proxy.asked().len(), 0);
}

#[test]
fn a_proxy_that_can_not_be_one_is_refused_at_once() {
    for address in
        ["", "proxy.example.com", "proxy.example.com:0", ":3128", "http://proxy:3128", "user@proxy:3128", "p:99999", "a b:1"]
    {
        let proxy = Some(Proxy { address: address.to_owned(), login: None });
        let refused = Egress::new(EgressOptions { proxy, ..EgressOptions::default() }).err();
        assert!(matches!(&refused, Some(EgressError::Proxy(named, _)) if named == address), "{address}: {refused:?}");
    }
    for (user, password) in [("a:b", "x"), ("a", "x\ny")] {
        let login = Some((user.to_owned(), Secret::new(password.to_owned())));
        let proxy = Some(Proxy { address: "proxy:3128".to_owned(), login });
        assert_eq!(format!("{proxy:?}"), "Some(Proxy(proxy:3128))");
        let refused = Egress::new(EgressOptions { proxy, ..EgressOptions::default() });
        // A line break disappears in base64; a colon would move the password's beginning.
        assert_eq!(refused.is_err(), user.contains(':'));
    }
}

#[tokio::test]
async fn the_environments_proxies_are_ignored() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}", trap.local_addr().unwrap());
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let itself = "egress::tests::proxies::the_environments_proxies_are_ignored";
    if in_a_child(itself, &names.map(|name| (name, url.as_str()))) {
        let server = Server::saying("[]").await;
        assert_eq!(get(&gate(&server), USERS).await.unwrap().body(), "[]");
    } else {
        assert!(matches!(trap.accept(), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock), "a proxy was asked");
    }
}
