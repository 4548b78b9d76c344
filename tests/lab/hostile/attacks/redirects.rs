//! A vendor who sends the connector somewhere else.

use headcount::sandbox::Resource;

use super::super::{Attack, End};

const NOWHERE: End = End::Says("reached nothing");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("redirect_to_an_address_inside", NOWHERE).refused(&["is a number or an address"]),
    Attack::check("redirect_to_another_host", NOWHERE).refused(&["collector.evil.example is not a host of this connection"]),
    Attack::check("redirect_to_plain_text", NOWHERE).refused(&["its scheme is not https"]),
    Attack::check("redirect_to_another_scheme", NOWHERE),
    Attack::check("redirect_out_of_the_prefix", NOWHERE).refused(&["/admin is not below a path"]),
    Attack::check("redirect_to_a_user_name", NOWHERE).refused(&["it has a user name"]),
    Attack::check("redirect_in_a_circle", End::Excess(Resource::Requests)),
];
