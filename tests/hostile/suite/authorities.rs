//! Requests that go to another host, or by another protocol, than they say.

use crate::attacks;

attacks!(
    another_port,
    another_scheme,
    certificate_of_another,
    host_header_of_another,
    plain_text,
    proxy_of_the_environment,
    target_in_absolute_form,
    trace,
    tunnel_by_connect,
    upgrade_to_another_protocol,
    user_name_in_the_authority,
);
