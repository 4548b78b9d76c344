//! When something that did not arrive is sent again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The waits after each attempt, in seconds: some 32 hours in all, which outlast a night and a morning.
const WAITS: [u64; 7] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR];
/// Attempts before it is given up.
pub const ATTEMPTS: u32 = WAITS.len() as u32 + 1;

/// How long to wait after an attempt, counted from 1; none after the last. `spread` is any number: the wait is up to a tenth
/// longer by it, so that what failed together does not come back together.
///
/// ```
/// use headcount_notify::{ATTEMPTS, again};
/// assert_eq!(again(1, 0).unwrap().as_secs(), 5);
/// assert!(again(ATTEMPTS - 1, 7).is_some() && again(ATTEMPTS, 7).is_none());
/// ```
pub fn again(attempt: u32, spread: u64) -> Option<Duration> {
    let at = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let wait = Duration::from_secs(*WAITS.get(at)?);
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(0).max(1);
    Some(wait + Duration::from_millis(spread % tenth))
}
