//! When a safe request is repeated, and how long that waits. Longer waits are the sync's to do: the response is handed over as it is.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::rate::{self, seconds};

/// Times that one request is sent at most.
pub(crate) const ATTEMPTS: u32 = 4;
/// How long a request may be repeated for, waits included.
pub(crate) const TOTAL: Duration = Duration::from_secs(10);

const FIRST: Duration = Duration::from_millis(200);

/// Whether a status may go away by itself.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// How long to wait before the next attempt; none: don't.
///
/// `attempt` counts those made so far, from 1; `asked` is what the vendor asks for; `jitter` is 0 to 255, at random.
pub(crate) fn wait(attempt: u32, elapsed: Duration, asked: Option<Duration>, jitter: u8) -> Option<Duration> {
    if attempt >= ATTEMPTS {
        return None;
    }
    let wait = match asked {
        // Never sooner than asked, and not all connections at the same instant.
        Some(asked) => asked + scatter(asked, jitter),
        None => {
            let most = FIRST * 2_u32.saturating_pow(attempt);
            most / 2 + most / 2 * u32::from(jitter) / 255
        }
    };
    // A vendor may ask for more than a duration holds.
    (elapsed.saturating_add(wait) <= TOTAL).then_some(wait)
}

/// What is added to a wait, so that not all who wait leave at once: a tenth of it, and of a second, at most.
pub(crate) fn scatter(wait: Duration, jitter: u8) -> Duration {
    wait.min(Duration::from_secs(1)) * u32::from(jitter) / 2_550
}

/// At random.
pub(crate) fn jitter() -> u8 {
    let mut byte = [128];
    // Without randomness the waits are only less spread.
    let _ = getrandom::fill(&mut byte);
    let [byte] = byte;
    byte
}

/// How long a response asks to wait.
pub(crate) fn asked(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(wait) = text(header::RETRY_AFTER.as_str()).and_then(|text| retry_after(text, now)) {
        return Some(wait);
    }
    // The window's end says nothing about an error that is not about the rate.
    if status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let alone = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];
    let used_up = rate::windows(headers, now).into_iter().filter(|window| window.remaining == 0).map(|window| window.reset).max();
    used_up.or_else(|| alone.iter().find_map(|name| rate::reset(text(name)?, now)))
}

/// `Retry-After`: seconds, or a date in one of HTTP's three forms.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = seconds(text) {
        return Some(seconds);
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn asks(status: u16, name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        asked(StatusCode::from_u16(status).unwrap(), &headers, now())
    }

    #[test]
    fn every_way_to_ask_for_a_wait_is_read() {
        let secs = |seconds| Some(Duration::from_secs(seconds));
        for (status, name, value, wait) in [
            (429, "retry-after", "0", secs(0)),
            (429, "retry-after", " 7 ", secs(7)),
            (503, "retry-after", "120", secs(120)),
            (429, "retry-after", "1.5", Some(Duration::from_millis(1_500))),
            // 1,700,000,000 is Tue, 14 Nov 2023 22:13:20 GMT.
            (429, "retry-after", "Tue, 14 Nov 2023 22:13:25 GMT", secs(5)),
            (429, "retry-after", "Tuesday, 14-Nov-23 22:13:25 GMT", secs(5)),
            (429, "retry-after", "Tue Nov 14 22:13:25 2023", secs(5)),
            (429, "retry-after", "Tue, 14 Nov 2023 22:13:00 GMT", secs(0)),
            (429, "retry-after", "soon", None),
            (429, "retry-after", "-1", None),
            (429, "retry-after", "inf", None),
            (429, "retry-after", "9999999999999999999999", None),
            (429, "ratelimit-reset", "12", secs(12)),
            (429, "x-ratelimit-reset", "3", secs(3)),
            (429, "x-ratelimit-reset", "1700000009", secs(9)),
            (429, "x-ratelimit-reset", "1700000009000", secs(9)),
            (429, "x-ratelimit-reset", "1600000000", secs(0)),
            (429, "x-ratelimit-reset", "never", None),
            (503, "x-ratelimit-reset", "3", None),
            (429, "ratelimit", r#""default";r=0;t=8"#, secs(8)),
            (200, "ratelimit", r#""default";r=0;t=8"#, None),
        ] {
            assert_eq!(asks(status, name, value), wait, "{status} {name}: {value}");
        }
    }

    #[test]
    fn waits_grow_are_never_shorter_than_asked_and_end() {
        let none = Duration::ZERO;
        let waits: Vec<Duration> = (1..4).filter_map(|attempt| wait(attempt, none, None, 255)).collect();
        assert_eq!(waits, [400, 800, 1_600].map(Duration::from_millis));
        assert_eq!(wait(1, none, None, 0), Some(Duration::from_millis(200)));
        assert_eq!(wait(ATTEMPTS, none, None, 0), None);
        for jitter in [0, 128, 255] {
            let asked = Duration::from_secs(5);
            let given = wait(1, none, Some(asked), jitter).unwrap();
            assert!(given >= asked && given <= asked + Duration::from_millis(100), "{given:?}");
        }
        assert_eq!(wait(1, none, Some(Duration::from_secs(11)), 0), None);
        assert_eq!(wait(2, Duration::from_secs(8), Some(Duration::from_secs(3)), 0), None);
        assert_eq!(wait(1, none, Some(Duration::ZERO), 255), Some(Duration::ZERO));
        assert_eq!(wait(1, Duration::from_secs(1), Some(Duration::from_secs(u64::MAX)), 255), None);
    }

    #[test]
    fn only_errors_that_may_go_away_are_repeated() {
        for status in [429, 500, 502, 503, 504] {
            assert!(is_transient(StatusCode::from_u16(status).unwrap()));
        }
        for status in [200, 204, 302, 400, 401, 403, 404, 409, 422, 501, 505] {
            assert!(!is_transient(StatusCode::from_u16(status).unwrap()));
        }
    }
}
