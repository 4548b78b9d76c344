//! Ways to have the credential put where it does not belong, and to learn what only the host knows.

use crate::attack::attacks;

attacks!(
    ask_the_settings_for_it,
    clock_finer_than_a_millisecond,
    error_that_tells_too_much,
    path_outside_of_a_further_host,
    paths_outside_of_the_prefix,
    query_of_its_own,
    send_a_pasted_secret,
    write_its_name_in_braces,
);
