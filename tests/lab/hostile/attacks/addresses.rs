//! Addresses in place of host names.

use super::super::{Attack, End};

const NOWHERE: End = End::Says("reached nothing");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("literal_addresses", NOWHERE).refused(&["is a number or an address", "its host is an address"]),
    Attack::check("spelled_addresses", NOWHERE).refused(&["is a number or an address", "is not a host name"]),
    Attack::check("addresses_in_ipv6", NOWHERE).refused(&["is an address"]),
    Attack::check("names_of_this_machine", NOWHERE).refused(&["is a single label", "is not a host of this connection"]),
    Attack::check("look_alike_hosts", NOWHERE).refused(&["is not a host of this connection"]),
    Attack::check("host_with_a_dot_at_its_end", NOWHERE).refused(&["is not a host name"]),
];
