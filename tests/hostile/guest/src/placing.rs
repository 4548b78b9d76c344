//! Ways to make the host put the credential where it does not belong.

use crate::attack::attacks;

attacks!(
    ask_the_settings_for_it,
    path_outside_of_a_further_host,
    paths_outside_of_the_prefix,
    query_of_its_own,
    send_a_pasted_secret,
    write_its_name_in_braces,
);
