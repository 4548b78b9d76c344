//! Rate headers: a window that is used up holds for as long as it says, one that is not holds nobody, whatever is absurd is only
//! noted, and what one dialect says changes nothing of what another one does.
//!
//! An input has a header on each line.

use std::time::{Duration, SystemTime};

use headcount_sandbox::egress::fuzzing::{self, Heeded, LONGEST_HOLD};
use http::{HeaderMap, HeaderValue};

/// 14 November 2023.
const NOW: u64 = 1_700_000_000;
/// What holds are scattered by, at most.
const SCATTER: Duration = Duration::from_millis(100);
/// The headers of each dialect.
const DIALECTS: [&[&str]; 6] = [
    &["ratelimit", "ratelimit-policy"],
    &["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
    &["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-reset-after"],
    &["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"],
    &["x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-interval-milliseconds"],
    &["x-shopify-shop-api-call-limit"],
];

pub(crate) fn run(data: &[u8]) {
    let headers = crate::headers(data.split(|b| *b == b'\n'));
    let whole = heed(&headers, 0);
    assert!(whole.held <= LONGEST_HOLD && whole.waits.iter().all(|wait| *wait <= LONGEST_HOLD), "{whole:?} for {headers:?}");
    assert!(whole.disbelieved.is_none_or(|wait| wait > LONGEST_HOLD), "{whole:?} for {headers:?}");
    let scattered = heed(&headers, u8::MAX).held;
    assert!(scattered >= whole.held && scattered <= whole.held + SCATTER, "{scattered:?} for {whole:?}");
    let mut joined = headers.clone();
    for name in ["ratelimit", "ratelimit-policy"] {
        let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
        if let Ok(list) = HeaderValue::from_str(&lines.join(",")) {
            joined.insert(name, list);
        }
    }
    assert_eq!(heed(&joined, 0), whole, "a list in lines and in one: {headers:?}");

    let alone = DIALECTS.map(|names| {
        let mut own = headers.clone();
        for name in DIALECTS.iter().filter(|other| **other != names).copied().flatten() {
            own.remove(*name);
        }
        let alone = heed(&own, 0);
        let text = |name: &str| own.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        if let Some(expected) = expected(names, text, headers.contains_key("date")) {
            let (held, disbelieved) = if expected <= LONGEST_HOLD { (expected, None) } else { (Duration::ZERO, Some(expected)) };
            assert_eq!((alone.held, alone.disbelieved), (held, disbelieved), "{own:?}");
        }
        if !may_be_used_up(names, &own) {
            assert_eq!((alone.held, alone.disbelieved), (Duration::ZERO, None), "nothing is used up in {own:?}");
        }
        alone
    });
    // Side by side, the strictest holds.
    assert_eq!(whole.held, alone.iter().map(|alone| alone.held).max().unwrap_or_default(), "{headers:?}");
    assert_eq!(whole.disbelieved, alone.iter().filter_map(|alone| alone.disbelieved).max(), "{headers:?}");
    for (at, wait) in whole.waits.iter().enumerate() {
        let strictest = alone.iter().map(|alone| alone.waits[at]).max();
        assert_eq!(Some(*wait), strictest, "request {at} after {headers:?}");
    }
}

fn heed(headers: &HeaderMap, jitter: u8) -> Heeded {
    fuzzing::heed(headers, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW), jitter)
}

/// How long plain numbers of one dialect hold; none if they aren't that plain.
fn expected<'a>(names: &[&str], text: impl Fn(&str) -> Option<&'a str>, dated: bool) -> Option<Duration> {
    match names {
        [limit] => {
            let (used, limit) = text(limit)?.split_once('/')?;
            Some(if plain(used)? < plain(limit)? { Duration::ZERO } else { Duration::from_millis(500) })
        }
        [_, remaining, reset, others @ ..] if others.iter().all(|other| text(other).is_none()) => {
            let (remaining, reset_in) = (plain(text(remaining)?)?, plain(text(reset)?)?);
            Some(match reset_in {
                _ if remaining > 0 => Duration::ZERO,
                _ if reset.ends_with("milliseconds") => Duration::from_millis(reset_in),
                0..1_000_000_000 => Duration::from_secs(reset_in),
                _ if dated => return None,
                then => Duration::from_secs(then.saturating_sub(NOW)),
            })
        }
        _ => None,
    }
}

/// Whether a dialect's headers have a zero where remaining requests would be, or anything else than plain numbers.
fn may_be_used_up(names: &[&str], headers: &HeaderMap) -> bool {
    let texts = |name: &str| headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match names {
        [limit] => texts(limit).any(|text| {
            let parts = text.split_once('/').and_then(|(used, limit)| Some((plain(used)?, plain(limit)?)));
            parts.is_none_or(|(used, limit)| used >= limit)
        }),
        ["ratelimit", _] => texts("ratelimit").any(|text| text.split_whitespace().collect::<String>().contains("=0")),
        [_, remaining, ..] => texts(remaining).any(|text| plain(&text).is_none_or(|remaining| remaining == 0)),
        [] => false,
    }
}

/// A number of up to ten digits.
fn plain(text: &str) -> Option<u64> {
    let text = text.trim();
    ((1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}
