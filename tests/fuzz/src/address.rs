//! Addresses: what the standard library knows not to be public is refused, in every IPv6 shape of it too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use headcount_sandbox::egress::fuzzing::{is_loopback, refusal};

pub(crate) fn run(data: &[u8]) {
    if let Some(octets) = data.first_chunk::<4>() {
        check_v4(Ipv4Addr::from(*octets));
    }
    if let Some(octets) = data.first_chunk::<16>() {
        check_v6(Ipv6Addr::from(*octets));
    }
    if let Some(address) = std::str::from_utf8(data).ok().and_then(|text| text.trim().parse::<IpAddr>().ok()) {
        match address {
            IpAddr::V4(address) => check_v4(address),
            IpAddr::V6(address) => check_v6(address),
        }
    }
}

fn check_v4(address: Ipv4Addr) {
    let refused = refusal(address.into()).is_some();
    let [first, second, ..] = address.octets();
    let known = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second));
    assert!(refused || !known, "{address} passes");
    assert!(!is_loopback(address.into()) || refused, "{address} is this machine, and passes");

    let [a, b, c, d] = address.octets().map(|octet| format!("{octet:02x}"));
    let [na, nb, nc, nd] = address.octets().map(|octet| format!("{:02x}", !octet));
    for shape in [
        format!("::ffff:{address}"),
        format!("::ffff:0:{address}"),
        format!("::{address}"),
        format!("64:ff9b:1::{address}"),
        format!("2002:{a}{b}:{c}{d}::1"),
        format!("2001:0:808:808:8000:1234:{na}{nb}:{nc}{nd}"),
        format!("2606:4700::5efe:{address}"),
        format!("2606:4700::200:5efe:{address}"),
    ] {
        let carrier = shape.parse::<Ipv6Addr>();
        assert!(carrier.is_ok_and(|carrier| refusal(carrier.into()).is_some()), "{shape} passes");
    }
    // The one shape that leads to the public address itself.
    let nat64 = format!("64:ff9b::{address}").parse::<Ipv6Addr>();
    assert_eq!(nat64.ok().map(|nat64| refusal(nat64.into()).is_some()), Some(refused), "64:ff9b::{address}");
}

fn check_v6(address: Ipv6Addr) {
    let refused = refusal(address.into()).is_some();
    let [first, second, ..] = address.segments();
    let routed = (0x2000..=0x3fff).contains(&first) || (first, second) == (0x64, 0xff9b);
    let known = address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || (first, second) == (0x2001, 0xdb8)
        || first == 0x2002
        || !routed;
    assert!(refused || !known, "{address} passes");
    assert!(!is_loopback(address.into()) || refused, "{address} is this machine, and passes");
    if let Some(v4) = address.to_ipv4() {
        assert!(refused, "{address}, which is {v4}, passes");
    }
}
