//! Code that never ends.

use crate::attacks;

attacks!(
    copy_without_end,
    fill_without_end,
    poll_without_pause,
    sleep_for_ever,
    spin_between_host_calls,
    spin_in_check,
    spin_in_invoke,
    spin_in_read,
    spin_in_start,
);
