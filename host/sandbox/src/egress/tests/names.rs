//! Names that stand for addresses which are not for connectors, as a DNS server that means harm would answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::net::UdpSocket;
use tokio::sync::OnceCell;

use super::*;

/// A DNS server that answers every question with the same addresses.
async fn dns(answers: &[&str]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let answers: Vec<IpAddr> = answers.iter().map(|answer| answer.parse().unwrap()).collect();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(&reply(&buffer[..length], &answers), from).await;
        }
    });
    address
}

/// RFC 1035 in a nutshell: the question again, and an answer of the asked family for each address.
fn reply(question: &[u8], answers: &[IpAddr]) -> Vec<u8> {
    let name = question[12..].iter().position(|byte| *byte == 0).unwrap() + 13;
    let family = question[name + 1];
    let fitting = answers.iter().filter(|address| family == if address.is_ipv4() { 1 } else { 28 });
    let mut reply = [&question[..2], &[0x81, 0x80, 0, 1], &[0, fitting.clone().count() as u8], &[0; 4]].concat();
    reply.extend_from_slice(&question[12..name + 4]);
    for address in fitting {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        reply.extend_from_slice(&[0xc0, 12, 0, family, 0, 1, 0, 0, 0, 60, 0, octets.len() as u8]);
        reply.extend_from_slice(&octets);
    }
    reply
}

/// A gate whose names are resolved by that server.
async fn gate_with(server: &Server, answers: &[&str], allow_loopback: bool) -> Arc<Gate> {
    let address = dns(answers).await;
    let mut udp = ConnectionConfig::udp();
    udp.port = address.port();
    let servers = vec![NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![udp])];
    let mut builder = TokioResolver::builder_with_config(
        ResolverConfig::from_parts(None, Vec::new(), servers),
        TokioRuntimeProvider::default(),
    );
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let resolver = builder.build().unwrap();
    let options = EgressOptions { resolve: BTreeMap::new(), allow_loopback, ..options(server) };
    let mut egress = Egress::new(options).unwrap();
    Arc::get_mut(&mut egress).unwrap().names.system = OnceCell::new_with(Some(resolver));
    let base_url = format!("https://api.example.com:{}/v1", server.address.port());
    let settings = Settings { base_url, ..settings() };
    egress.gate(GateOptions { settings, ..gate_options(Budget::default()) }).unwrap()
}

#[tokio::test]
async fn a_name_for_a_private_address_is_never_dialled() {
    let server = Server::saying("[]").await;
    let url = format!("https://api.example.com:{}/v1/users", server.address.port());
    for answers in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["1.1.1.1", "127.0.0.1"],
        &["2606:4700::1111", "127.0.0.1"],
        &["1.1.1.1", "fd00::1"],
    ] {
        let gate = gate_with(&server, answers, false).await;
        let refusal = get(&gate, &url).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Address { .. }), "{answers:?}: {refusal}");
        assert!(matches!(refusal.code(), wasmtime_wasi_http::Error::DestinationIpProhibited));
    }
    assert_eq!(server.seen().len(), 0);
    // The same server, once the operator opens loopback: what kept the requests away was the rule.
    let gate = gate_with(&server, &["127.0.0.1"], true).await;
    assert_eq!(get(&gate, &url).await.unwrap().body(), "[]");
}

#[tokio::test]
async fn a_name_without_addresses_is_an_error() {
    let server = Server::saying("[]").await;
    let gate = gate_with(&server, &[], false).await;
    let url = format!("https://api.example.com:{}/v1/users", server.address.port());
    assert!(matches!(get(&gate, &url).await, Err(Refusal::Resolve { .. })));
}
