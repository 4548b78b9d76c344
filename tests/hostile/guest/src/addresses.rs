//! Addresses that are nobody's business outside, in every spelling.

use headcount_connector::Failure;

use crate::attack::attacks;
use crate::http::{Ask, inside_port, reach};

attacks!(
    addresses_in_ipv6,
    host_with_a_dot_at_its_end,
    literal_addresses,
    look_alike_hosts,
    names_of_this_machine,
    spelled_addresses,
);

/// Asks each of these hosts, at the port of the server inside.
fn knock(hosts: &[&str]) -> Failure {
    let port = inside_port();
    reach(hosts.iter().map(|host| Ask::get(format!("{host}:{port}"), "/v1/")))
}
