//! Code that never ends, in each place where the host calls it.

use crate::attack::attacks;

attacks!(poll_without_pause, sleep_for_ever, spin_between_host_calls, spin_in_check, spin_in_invoke, spin_in_read);

/// Computes for ever.
fn spin() -> ! {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}
