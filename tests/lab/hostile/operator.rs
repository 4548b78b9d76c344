//! What the operator of the world set: where names lead, how long things may take, and what a session may use.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use headcount::Budget;
use headcount::sandbox::egress::EgressOptions;

use super::certificates::Authority;
use super::dns::Dns;
use super::twins;

/// The operator's settings: the attacker's servers have addresses of their own, all other names are asked for.
pub(super) fn egress(authority: &Authority, [vendor, impostor, twins]: [SocketAddr; 3], dns: &Dns) -> EgressOptions {
    let hosts = ["api.mallory.example", "files.mallory.example", "hello.example"];
    let mut resolve = BTreeMap::from(hosts.map(|host| (host.to_owned(), vendor)));
    resolve.insert("impostor.mallory.example".to_owned(), impostor);
    resolve.extend(twins::NAMES.map(|host| (host.to_owned(), twins)));
    EgressOptions {
        resolve,
        nameservers: vec![dns.address],
        extra_ca_pem: vec![authority.pem()],
        connect_timeout: Duration::from_secs(10),
        response_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_secs(2),
        ..EgressOptions::default()
    }
}

/// What a session may use: little, so that each attack ends soon.
pub(super) fn budget() -> Budget {
    let mut budget = Budget::default();
    budget.memory = 64 << 20;
    budget.cpu = Duration::from_millis(150);
    // Far more than the processor's time, as a busy machine gives that late.
    budget.call = Duration::from_secs(30);
    budget.requests = 60;
    // Attacks end by what they do, not by how slowly they may do it.
    budget.requests_per_second = Some(1_000_000);
    budget.concurrent_requests = 4;
    budget.request_bytes = 1 << 20;
    budget.response_bytes = 1 << 20;
    budget.received_bytes = 4 << 20;
    budget.page_records = 1_000;
    budget.record_bytes = 64 << 10;
    budget.records = 5_000;
    budget.stored_bytes = 16 << 20;
    budget.log_bytes = 64 << 10;
    budget
}
