//! Rooms that keep to themselves: sockets and TLS are egress's, a secret's bytes are the vault's.

use crate::tidy::{files, read};

/// What only egress may name: sockets, clients, TLS and resolvers.
const OF_EGRESS: [&str; 18] = [
    "tokio::net",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "socket2",
    "libc::socket",
    "rustix::net",
    "reqwest",
    "native_tls",
    "rustls",
    "hickory_resolver",
    "hyper::client",
    "hyper_util",
    "ToSocketAddrs",
    "lettre::",
];

/// Speaks SMTP to the operator's own mail server, which no tenant and no connector names: there is nothing to hold it to but TLS, and the
/// library that speaks it brings its own sockets.
const SENDS_MAIL: &str = "host/notify/src/mail.rs";

/// What only the vault may name: the one way to a secret's bytes, called or handed on.
const OF_THE_VAULT: [&str; 2] = [".expose(", "::expose"];

/// Lines that may name what is another room's, by how they begin: the compile worker proves that it can open no socket.
const EXCEPTIONS: [&str; 2] = [
    "host/sandbox/src/jail/check.rs: (\"open an internet socket\", std::net::UdpSocket::bind(",
    "host/sandbox/src/jail/check.rs: (\"open a local socket\", std::os::unix::net::UnixDatagram::unbound(",
];

/// The lines of a source file that are code and ship.
fn code(file: &str) -> Vec<String> {
    let text = read(file);
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    shipped.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

/// The lines outside a room that name what is its own, those that may do so left out.
fn strays(room: &str, names: &[&str]) -> Vec<String> {
    let mut lines = outsiders(room, names);
    lines.retain(|line| !EXCEPTIONS.iter().any(|start| line.starts_with(start)));
    lines
}

/// All lines outside a room that name what is its own.
fn outsiders(room: &str, names: &[&str]) -> Vec<String> {
    let ships = |file: &String| {
        let tests = ["/tests/", "/benches/", "/tests.rs"].iter().any(|part| file.contains(part));
        file.starts_with("host/") && file.ends_with(".rs") && !tests
    };
    let in_room = |file: &String| file.starts_with(&format!("{room}/")) || *file == format!("{room}.rs");
    let outside: Vec<String> = files().into_iter().filter(ships).filter(|file| !in_room(file)).collect();
    assert!(outside.len() > 50, "only {} files were looked at", outside.len());
    let found = outside.iter().flat_map(|file| code(file).into_iter().map(move |line| format!("{file}: {}", line.trim())));
    found.filter(|line| names.iter().any(|name| line.contains(name))).collect()
}

/// Whether a room itself names each of them, so that a name that went out of use is noticed here.
fn names_all(room: &str, names: &[&str]) -> Vec<String> {
    let own: Vec<String> = files().into_iter().filter(|file| file.starts_with(room) && file.ends_with(".rs")).collect();
    let text: String = own.iter().map(|file| read(file)).collect();
    names.iter().filter(|name| !text.contains(**name)).map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_egress_names_sockets_tls_and_resolvers() {
    let mut strays = strays("host/sandbox/src/egress", &OF_EGRESS);
    strays.retain(|stray| !stray.starts_with(SENDS_MAIL));
    assert!(strays.is_empty(), "{strays:#?}");
    let all = outsiders("host/sandbox/src/egress", &OF_EGRESS);
    for start in EXCEPTIONS.into_iter().chain([SENDS_MAIL]) {
        assert!(all.iter().any(|line| line.starts_with(start)), "nothing needs this exception any more: {start}");
    }
    assert_eq!(names_all("host/sandbox/src/egress", &["tokio::net", "rustls", "hickory_resolver"]), Vec::<String>::new());
}

#[test]
fn only_the_vault_reads_a_secrets_bytes() {
    let strays = strays("host/sandbox/src/vault", &OF_THE_VAULT);
    assert!(strays.is_empty(), "{strays:#?}");
    assert_eq!(names_all("host/sandbox/src/vault", &OF_THE_VAULT[..1]), Vec::<String>::new());
}
