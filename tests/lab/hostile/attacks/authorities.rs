//! Requests that go to another host, or by another protocol, than they say.

use super::super::{Attack, End, intruders};

const NOWHERE: End = End::Says("reached nothing");
/// And an honest ask of the same kind arrives.
const HONEST: End = End::Says("reached only what is honest: 200");
/// The scheme is none of HTTP's, so that there is no request to refuse either.
const NO_HTTP: End = End::Says("reached only what is honest: 200; api.mallory.example: ErrorCode::HttpProtocolError");
/// The host takes no such field, so that there is no request to refuse.
const FORBIDDEN: End = End::Says("reached only what is honest: 200; api.mallory.example: HeaderError::Forbidden");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("user_name_in_the_authority", NOWHERE).refused(&["it has a user name"]),
    Attack::check("another_port", NOWHERE).refused(&["is not a host of this connection"]),
    Attack::check("plain_text", NOWHERE).refused(&["its scheme is not https"]),
    Attack::check("another_scheme", NO_HTTP),
    Attack::check("tunnel_by_connect", NOWHERE).refused(&["CONNECT"]),
    Attack::check("trace", NOWHERE).refused(&["TRACE"]),
    Attack::check("upgrade_to_another_protocol", FORBIDDEN),
    Attack::check("target_in_absolute_form", HONEST).refused(&["the URL is refused"]),
    Attack::check("host_header_of_another", FORBIDDEN),
    Attack::intruder("proxy_of_the_environment", |world| Box::pin(intruders::proxy_of_the_environment(world)), End::Answers),
    Attack::check("certificate_of_another", End::Says("TlsCertificateError")).with(&[("name", "impostor")]),
];
