//! Host names that the manifest allows, and that stand for addresses inside.

use headcount_connector::Failure;

use crate::attack::attacks;
use crate::http::{Ask, inside_port, reach};

attacks!(
    alias_of_a_name_inside,
    flood_of_names,
    inside_among_public,
    inside_in_the_other_family,
    name_that_stands_for_a_local_address_in_ipv6,
    name_that_stands_for_a_mapped_address,
    name_that_stands_for_a_private_address,
    name_that_stands_for_a_translated_address,
    name_that_stands_for_loopback,
    name_that_stands_for_loopback_in_ipv6,
    name_that_stands_for_metadata,
    name_that_stands_for_nothing,
    name_without_an_answer,
    rebinding,
);

/// Asks for a host below the attacker's domain, at the port of the server inside.
fn knock(label: &str) -> Failure {
    reach([Ask::get(format!("{label}.mallory.example:{}", inside_port()), "/")])
}
