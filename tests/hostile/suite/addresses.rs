//! Addresses in place of host names.

use crate::attacks;

attacks!(
    addresses_in_ipv6,
    host_with_a_dot_at_its_end,
    literal_addresses,
    look_alike_hosts,
    names_of_this_machine,
    spelled_addresses,
);
