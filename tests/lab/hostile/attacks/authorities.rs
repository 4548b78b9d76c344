//! Requests that go to another host, or by another protocol, than they say.

use super::super::{Attack, End, intruders};

const NOWHERE: End = End::Says("reached nothing");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("user_name_in_the_authority", NOWHERE).refused(&["it has a user name"]),
    Attack::check("another_port", NOWHERE).refused(&["is not a host of this connection"]),
    Attack::check("plain_text", NOWHERE).refused(&["its scheme is not https"]),
    Attack::check("another_scheme", NOWHERE),
    Attack::check("tunnel_by_connect", NOWHERE).refused(&["CONNECT"]),
    Attack::check("trace", NOWHERE).refused(&["TRACE"]),
    Attack::check("upgrade_to_another_protocol", NOWHERE),
    Attack::check("target_in_absolute_form", NOWHERE),
    Attack::check("host_header_of_another", NOWHERE),
    Attack::intruder("proxy_of_the_environment", |world| Box::pin(intruders::proxy_of_the_environment(world)), End::Answers),
    Attack::check("certificate_of_another", End::Says("TlsCertificateError")).with(&[("name", "impostor")]),
];
