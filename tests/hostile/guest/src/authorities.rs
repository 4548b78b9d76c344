//! Requests that say to one reader that they go to another host, or by another protocol, than to the next.

use crate::attack::attacks;

attacks!(
    another_port,
    another_scheme,
    certificate_of_another,
    host_header_of_another,
    plain_text,
    target_in_absolute_form,
    trace,
    tunnel_by_connect,
    upgrade_to_another_protocol,
    user_name_in_the_authority,
);
