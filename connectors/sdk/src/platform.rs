//! What a connector has instead of an operating system: the time, randomness and the session's log.
//!
//! `SystemTime::now`, `Instant::now` and the `getrandom` crate don't work in a component; these do, natively as well.

use std::time::Duration;

/// The most bytes that [`random_bytes`] gives at once.
pub const MOST_RANDOM: usize = 64 * 1024;

/// The time since 1970-01-01T00:00:00Z.
pub fn now() -> Duration {
    #[cfg(target_arch = "wasm32")]
    {
        let now = crate::contract::wasi::wasi::clocks::wall_clock::now();
        Duration::new(now.seconds, now.nanoseconds.min(999_999_999))
    }
    #[cfg(not(target_arch = "wasm32"))]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// A time since 1970 as RFC 3339 text, to the second: `2026-07-05T09:30:00Z`. For requests that want a date.
///
/// ```
/// # use std::time::Duration;
/// assert_eq!(headcount_connector::rfc3339(Duration::from_secs(951_782_400)), "2000-02-29T00:00:00Z");
/// ```
pub fn rfc3339(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March, in eras of 400 years: the leap day is then the last day of its year.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + carry;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// This many random bytes, at most [`MOST_RANDOM`]. Natively they are not fit for secrets.
pub fn random_bytes(count: usize) -> Vec<u8> {
    let count = count.min(MOST_RANDOM);
    #[cfg(target_arch = "wasm32")]
    {
        crate::contract::wasi::wasi::random::random::get_random_bytes(count as u64)
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        use std::hash::{BuildHasher, Hasher, RandomState};
        let state = RandomState::new();
        let words = (0..count.div_ceil(8) as u64).flat_map(|word| {
            let mut hasher = state.build_hasher();
            hasher.write_u64(word);
            hasher.finish().to_ne_bytes()
        });
        words.take(count).collect()
    }
}

/// Lines for the session's log: bounded and scrubbed by the host, and shown with a trap. Natively they go to standard error.
pub mod log {
    use crate::contract::connector::headcount::connector::log::Level;

    /// Of use to the author alone.
    pub fn debug(message: impl AsRef<str>) {
        write(Level::Debug, message.as_ref());
    }

    /// What happened.
    pub fn info(message: impl AsRef<str>) {
        write(Level::Info, message.as_ref());
    }

    /// Something is odd, and the connector went on.
    pub fn warn(message: impl AsRef<str>) {
        write(Level::Warn, message.as_ref());
    }

    /// Something is wrong.
    pub fn error(message: impl AsRef<str>) {
        write(Level::Error, message.as_ref());
    }

    fn write(level: Level, message: &str) {
        #[cfg(target_arch = "wasm32")]
        crate::contract::connector::headcount::connector::log::write(level, message);
        #[cfg(not(target_arch = "wasm32"))]
        eprintln!("{level:?}: {message}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_year_ends() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn randomness_is_bounded_and_differs() {
        assert_eq!(random_bytes(usize::MAX).len(), MOST_RANDOM);
        assert_eq!(random_bytes(3).len(), 3);
        assert_ne!(random_bytes(16), random_bytes(16));
    }
}
