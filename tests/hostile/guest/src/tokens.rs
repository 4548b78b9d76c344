//! Tokens that the host gets for a connector, out of its sight.

use crate::attack::attacks;

attacks!(
    ask_for_the_token_itself,
    echo_of_a_token,
    token_by_a_redirect,
    token_from_inside,
    token_of_another_tenant,
    token_without_end,
);
