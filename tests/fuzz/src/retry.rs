//! Waits that vendors ask for: plain numbers mean what they say, and a repeat never comes sooner than asked nor later than allowed.
//!
//! An input is a status on the first line, and a header on each further one.

use std::time::{Duration, SystemTime};

use headcount_sandbox::egress::fuzzing;
use http::StatusCode;

/// 14 November 2023.
const NOW: u64 = 1_700_000_000;

pub(crate) fn run(data: &[u8]) {
    let mut lines = data.split(|b| *b == b'\n');
    let Some(status) = lines.next().and_then(|status| StatusCode::from_bytes(status).ok()) else { return };
    let headers = crate::headers(lines);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let asked = fuzzing::asked(status, &headers, now);
    let first = headers.get("retry-after").and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(seconds) = first.filter(|text| (1..=9).contains(&text.len())).and_then(plain) {
        assert_eq!(asked, Some(Duration::from_secs(seconds)), "{headers:?}");
    }
    if asked.is_some() {
        assert!(first.is_some() || status == StatusCode::TOO_MANY_REQUESTS, "{status} {headers:?}");
    }
    for attempt in 1..6 {
        for elapsed in [0, 1, 5_000, 9_999, 10_000].map(Duration::from_millis) {
            for jitter in [0, 1, 127, 255] {
                let Some(wait) = fuzzing::wait(attempt, elapsed, asked, jitter) else { continue };
                assert!(asked.is_none_or(|asked| wait >= asked), "{wait:?} for {asked:?}");
                assert!(elapsed + wait <= fuzzing::LONGEST_REPEAT, "{wait:?} after {elapsed:?}");
            }
        }
    }
}

fn plain(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}
