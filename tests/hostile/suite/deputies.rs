//! Rights that were given for one thing, used for another.

use crate::attacks;

attacks!(
    connection_by_another_tenants_name,
    outcome_about_others,
    rights_that_outlive_an_action,
    write_beyond_the_action,
    write_in_an_action_that_reads,
    write_while_reading,
);
