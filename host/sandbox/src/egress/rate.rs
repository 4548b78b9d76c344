//! What vendors say of their rates in response headers, before they answer 429. What is unknown or can't be read is ignored.
//!
//! | who | example |
//! |---|---|
//! | IETF draft, from version 8 | `RateLimit: "default";r=0;t=30` with `RateLimit-Policy: "default";q=100;w=60` |
//! | IETF draft, version 7 | `RateLimit: limit=100, remaining=0, reset=30` |
//! | IETF draft, before; GitLab, Kong | `RateLimit-Limit: 100`, `RateLimit-Remaining: 0`, `RateLimit-Reset: 30` (or since 1970) |
//! | GitHub | `X-RateLimit-Remaining: 0`, `X-RateLimit-Reset: 1700000030` (seconds since 1970; others milliseconds, or seconds from now) |
//! | Atlassian | `X-RateLimit-Remaining: 0`, `X-RateLimit-Reset: 2023-11-14T22:13:50Z` |
//! | Discord | `X-RateLimit-Remaining: 0`, `X-RateLimit-Reset-After: 30.5` |
//! | Okta, X | `X-Rate-Limit-Limit: 600`, `X-Rate-Limit-Remaining: 0`, `X-Rate-Limit-Reset: 1700000030` |
//! | HubSpot | `X-HubSpot-RateLimit-Remaining: 0`, `X-HubSpot-RateLimit-Interval-Milliseconds: 10000` |
//! | Shopify | `X-Shopify-Shop-Api-Call-Limit: 40/40`, a bucket that leaks two requests a second |
//!
//! `Retry-After`, which Slack and most others send with a 429, is read where requests are repeated.

use std::time::{Duration, SystemTime};

use headcount_model::Timestamp;
use http::{HeaderMap, HeaderName, header};

/// Seconds that no wait means; larger numbers are points in time.
const EPOCH: u64 = 1_000_000_000;
/// The time in which Shopify's bucket leaks one request.
const SHOPIFY_LEAK: Duration = Duration::from_millis(500);
/// Windows of one `RateLimit`; vendors have two or three.
const MOST_WINDOWS: usize = 8;

/// The headers of a limit, of what remains of it, and of its reset.
const TRIPLES: [[&str; 3]; 4] = [
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset-after"],
    ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"],
];

/// What is left of one of the vendor's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Requests in a whole window, where the vendor says.
    pub limit: Option<u64>,
    /// Requests left.
    pub remaining: u64,
    /// Until there are as many as at first.
    pub reset: Duration,
}

/// The windows that a response tells of.
pub(crate) fn windows(headers: &HeaderMap, now: SystemTime) -> Vec<Window> {
    // Most responses tell nothing.
    let tells = |name: &HeaderName| name.as_str().contains("limit");
    if !headers.keys().any(tells) {
        return Vec::new();
    }
    let now = vendors_now(headers, now);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Lists may come in several lines.
    let list = |name: &str| {
        let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        lines.join(", ")
    };
    let mut found = structured(&list("ratelimit"), &list("ratelimit-policy"));
    for [limit, remaining, until] in TRIPLES {
        if let (Some(remaining), Some(reset)) = (text(remaining).and_then(leading), text(until).and_then(|text| reset(text, now)))
        {
            found.push(Window { limit: text(limit).and_then(leading), remaining, reset });
        }
    }
    let hubspot = |name: &str| text(&format!("x-hubspot-ratelimit-{name}")).and_then(leading);
    if let (Some(remaining), Some(millis)) = (hubspot("remaining"), hubspot("interval-milliseconds")) {
        found.push(Window { limit: hubspot("max"), remaining, reset: Duration::from_millis(millis) });
    }
    if let Some((used, limit)) = text("x-shopify-shop-api-call-limit").and_then(|text| text.split_once('/'))
        && let (Some(used), Some(limit)) = (leading(used), leading(limit))
    {
        found.push(Window { limit: Some(limit), remaining: limit.saturating_sub(used), reset: SHOPIFY_LEAK });
    }
    found
}

/// How long from `now` a reset header says: seconds, a point in time in seconds or milliseconds since 1970, or a date.
pub(crate) fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let since = |then: Duration| SystemTime::UNIX_EPOCH.checked_add(then)?.duration_since(now).ok().or(Some(Duration::ZERO));
    let Some(wait) = seconds(text) else {
        if let Ok(then) = httpdate::parse_http_date(text) {
            return Some(then.duration_since(now).unwrap_or_default());
        }
        let then = Timestamp::parse(text).ok().flatten().filter(|_| text.contains('-'))?;
        return since(Duration::from_micros(u64::try_from(then.micros()).ok()?));
    };
    match wait.as_secs() {
        0..EPOCH => Some(wait),
        number if number < EPOCH * 1_000 => since(wait),
        number => since(Duration::from_millis(number)),
    }
}

/// Whole or decimal seconds.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    if text.len() > 16
        || !text.starts_with(|c: char| c.is_ascii_digit())
        || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return None;
    }
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// The vendor's own clock, where it tells the time: its points in time are by that.
fn vendors_now(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    let date = headers.get(header::DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    date.unwrap_or(now)
}

/// The number that a value begins with: `100, 100;w=60` is 100.
fn leading(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let rest = text.get(end..)?.trim_start();
    if rest.is_empty() || rest.starts_with([',', ';', '/']) { text.get(..end)?.parse().ok() } else { None }
}

/// The IETF's `RateLimit` and `RateLimit-Policy`.
fn structured(limits: &str, policies: &str) -> Vec<Window> {
    let parameter = |item: &str, name: &str| {
        split(item, ';').into_iter().find_map(|part| leading(part.trim().strip_prefix(name)?.strip_prefix('=')?))
    };
    // Version 7: one limit, as a dictionary.
    let entry = |name: &str| split(limits, ',').into_iter().find_map(|item| parameter(item, name));
    if let (Some(remaining), Some(reset)) = (entry("remaining"), entry("reset")) {
        return vec![Window { limit: entry("limit"), remaining, reset: Duration::from_secs(reset) }];
    }
    let name = |item: &str| split(item, ';').first().map(|name| name.trim().to_owned());
    let policies = split(policies, ',');
    let windows = split(limits, ',').into_iter().filter_map(|item| {
        let policy = policies.iter().find(|policy| name(policy) == name(item));
        Some(Window {
            limit: policy.and_then(|policy| parameter(policy, "q")),
            remaining: parameter(item, "r")?,
            reset: Duration::from_secs(parameter(item, "t")?),
        })
    });
    windows.take(MOST_WINDOWS).collect()
}

/// Splits at a character that stands in no quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"';
        c == at && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn read(headers: &[(&'static str, &str)]) -> Vec<(Option<u64>, u64, f64)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let windows = windows(&map, now());
        windows.into_iter().map(|window| (window.limit, window.remaining, window.reset.as_secs_f64())).collect()
    }

    #[test]
    fn every_dialect_is_read() {
        let zero = vec![(Some(100), 0, 30.0)];
        for (headers, windows) in [
            (&[("ratelimit", r#""default";r=0;t=30"#), ("ratelimit-policy", r#""default";q=100;w=60"#)][..], zero.clone()),
            (&[("ratelimit", r#""a;r=9, b";r=1;t=2, "hour";t=30;r=0"#)], vec![(None, 1, 2.0), (None, 0, 30.0)]),
            (&[("ratelimit", "limit=100, remaining=0, reset=30")], zero.clone()),
            (&[("ratelimit-limit", "100, 100;w=60"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "30")], zero.clone()),
            (&[("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000030")], zero.clone()),
            (&[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "1700000030000")], vec![(None, 7, 30.0)]),
            (&[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "30")], vec![(None, 7, 30.0)]),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2023-11-14T22:13:50Z")], vec![(None, 0, 30.0)]),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2023-11-14T22:14Z")], vec![(None, 0, 40.0)]),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "30.5")], vec![(None, 0, 30.5)]),
            (&[("x-rate-limit-limit", "100"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1700000030")], zero),
            (
                &[("x-hubspot-ratelimit-remaining", "0"), ("x-hubspot-ratelimit-interval-milliseconds", "10000")],
                vec![(None, 0, 10.0)],
            ),
            (&[("x-shopify-shop-api-call-limit", "32/40")], vec![(Some(40), 8, 0.5)]),
            (&[("x-shopify-shop-api-call-limit", "41/40")], vec![(Some(40), 0, 0.5)]),
        ] {
            assert_eq!(read(headers), windows, "{headers:?}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_ignored() {
        for headers in [
            &[][..],
            &[("x-ratelimit-remaining", "0")],
            &[("x-ratelimit-reset", "30")],
            &[("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "30")],
            &[("x-ratelimit-remaining", "none"), ("x-ratelimit-reset", "30")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-30")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1e300")],
            &[("x-ratelimit-remaining", "99999999999999999999999"), ("x-ratelimit-reset", "30")],
            &[("ratelimit", "r=0")],
            &[("ratelimit", "\"\"\";;=,,r=;t=")],
            &[("ratelimit", r#""default";r=x;t=30"#)],
            &[("x-shopify-shop-api-call-limit", "full")],
            &[("x-hubspot-ratelimit-remaining", "0")],
        ] {
            assert_eq!(read(headers), [], "{headers:?}");
        }
    }

    #[test]
    fn a_window_that_has_ended_holds_nobody() {
        for reset in ["0", "1600000000", "1600000000000", "2001-01-01T00:00:00Z"] {
            assert_eq!(read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]), [(None, 0, 0.0)], "{reset}");
        }
    }

    #[test]
    fn points_in_time_are_by_the_vendors_own_clock() {
        // Its clock is ten minutes ahead.
        let headers =
            [("date", "Tue, 14 Nov 2023 22:23:20 GMT"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000630")];
        assert_eq!(read(&headers), [(None, 0, 30.0)]);
    }

    #[test]
    fn many_windows_are_cut_off_and_push_no_other_dialect_out() {
        let many = vec![r#""a";r=9;t=1"#; 100].join(",");
        assert_eq!(read(&[("ratelimit", &many)]).len(), MOST_WINDOWS);
        let beside = read(&[("ratelimit", &many), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")]);
        assert_eq!((beside.len(), beside.last()), (MOST_WINDOWS + 1, Some(&(None, 0, 30.0))));
    }

    #[test]
    fn a_list_in_several_lines_is_one_list() {
        let mut map = HeaderMap::new();
        for (name, value) in
            [("ratelimit", r#""a";r=9;t=1"#), ("ratelimit", r#""b";r=0;t=30"#), ("ratelimit-policy", r#""a";q=10"#)]
        {
            map.append(name, value.parse().unwrap());
        }
        map.append("ratelimit-policy", r#""b";q=100"#.parse().unwrap());
        let windows: Vec<(Option<u64>, u64)> =
            windows(&map, now()).iter().map(|window| (window.limit, window.remaining)).collect();
        assert_eq!(windows, [(Some(10), 9), (Some(100), 0)]);
    }
}
