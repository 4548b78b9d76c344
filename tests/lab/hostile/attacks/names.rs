//! Host names that stand for addresses inside.

use anyhow::ensure;
use headcount::sandbox::Resource;

use super::super::{Attack, End};

const fn stands_for(
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    refused: &'static [&'static str],
) -> Attack {
    Attack::check(name, End::Says("DestinationIpProhibited")).with(settings).refused(refused)
}

pub(super) const ATTACKS: &[Attack] = &[
    stands_for("name_that_stands_for_loopback", &[("name", "loopback")], &["127.0.0.1"]),
    stands_for("name_that_stands_for_a_private_address", &[("name", "private")], &["10.1.2.3"]),
    stands_for("name_that_stands_for_metadata", &[("name", "metadata")], &["169.254.169.254", "metadata services"]),
    stands_for("name_that_stands_for_nothing", &[("name", "unspecified")], &["0.0.0.0"]),
    stands_for("name_that_stands_for_loopback_in_ipv6", &[("name", "loopback6")], &["::1"]),
    stands_for("name_that_stands_for_a_mapped_address", &[("name", "mapped")], &["::ffff:127.0.0.1"]),
    stands_for("name_that_stands_for_a_translated_address", &[("name", "nat64")], &["64:ff9b::7f00:1"]),
    stands_for("name_that_stands_for_a_local_address_in_ipv6", &[("name", "local6")], &["fd00:ec2::254"]),
    stands_for("inside_among_public", &[("name", "mixed")], &["127.0.0.1"]),
    stands_for("inside_in_the_other_family", &[("name", "families")], &["::1"]),
    stands_for("alias_of_a_name_inside", &[("name", "alias")], &["127.0.0.1"]),
    Attack::check("name_without_an_answer", End::Late).budget(super::short).with(&[("name", "silent")]),
    Attack::check("flood_of_names", End::Excess(Resource::Requests)).refused(&["is not a host of this connection"]).afterwards(
        |world| {
            let asked = world.dns.asked("leak7");
            ensure!(asked == 0, "the name server was asked {asked} times for a name that is not allowed");
            Ok(())
        },
    ),
    Attack::check("rebinding", End::Says("first 200, then ErrorCode::DestinationIpProhibited"))
        .with(&[("name", "rebinding")])
        .refused(&["10.9.8.7"])
        .in_glass(),
];
