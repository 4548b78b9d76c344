//! How vendors say, with a 429, when to try again.

use std::time::SystemTime;

use super::spoil::http_date;

/// A way to say when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `Retry-After` in seconds.
    Seconds,
    /// `Retry-After` as a date.
    Date,
    /// The IETF's draft from version 8: `RateLimit: "default";r=0;t=30`.
    Draft8,
    /// Its version 7: `RateLimit: limit=100, remaining=0, reset=30`.
    Draft7,
    /// Before that, and GitLab: `RateLimit-Reset: 30`.
    Draft6,
    /// GitHub: `X-RateLimit-Reset` in seconds since 1970.
    GitHub,
    /// The same in milliseconds.
    Millis,
    /// Atlassian: `X-RateLimit-Reset` as a date of ISO 8601.
    Atlassian,
    /// Discord: `X-RateLimit-Reset-After`.
    Discord,
    /// Okta: `X-Rate-Limit-Reset` in seconds since 1970.
    Okta,
    /// HubSpot: the window's length in milliseconds.
    HubSpot,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 11] = [
        Dialect::Seconds,
        Dialect::Date,
        Dialect::Draft8,
        Dialect::Draft7,
        Dialect::Draft6,
        Dialect::GitHub,
        Dialect::Millis,
        Dialect::Atlassian,
        Dialect::Discord,
        Dialect::Okta,
        Dialect::HubSpot,
    ];

    /// The headers of a limit that is used up for so many seconds from now by the real clock.
    pub(super) fn headers(self, seconds: u32) -> Vec<(&'static str, String)> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let then = now + u64::from(seconds);
        let of = |prefix: [&'static str; 3], reset: String| {
            vec![(prefix[0], "100".to_owned()), (prefix[1], "0".to_owned()), (prefix[2], reset)]
        };
        const X: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
        match self {
            Dialect::Seconds => vec![("retry-after", seconds.to_string())],
            Dialect::Date => vec![("retry-after", http_date(then))],
            Dialect::Draft8 => vec![
                ("ratelimit", format!("\"default\";r=0;t={seconds}")),
                ("ratelimit-policy", "\"default\";q=100;w=60".to_owned()),
            ],
            Dialect::Draft7 => vec![("ratelimit", format!("limit=100, remaining=0, reset={seconds}"))],
            Dialect::Draft6 => of(["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"], seconds.to_string()),
            Dialect::GitHub => of(X, then.to_string()),
            Dialect::Millis => of(X, (then * 1_000).to_string()),
            Dialect::Atlassian => of(X, crate::company::Moment(i64::try_from(then).unwrap_or(0) * 1_000_000).seconds()),
            Dialect::Discord => of([X[0], X[1], "x-ratelimit-reset-after"], format!("{seconds}.0")),
            Dialect::Okta => of(["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"], then.to_string()),
            Dialect::HubSpot => of(
                ["x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-interval-milliseconds"],
                (u64::from(seconds) * 1_000).to_string(),
            ),
        }
    }
}
