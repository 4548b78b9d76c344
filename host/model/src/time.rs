//! Points in time: microseconds since 1970 in UTC, read leniently from what vendors send.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a date or time")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// The time this many microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Timestamp(micros)
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Now, by the system's clock.
    pub fn now() -> Self {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }

    /// Reads a vendor's date: RFC 3339 with any offset and precision, "T" or a space; without an offset, UTC; a bare date, its first
    /// instant; seconds or milliseconds since 1970. Empty text is none.
    ///
    /// ```
    /// use headcount_model::Timestamp;
    /// let read = |text| Timestamp::parse(text).unwrap().map(|time| time.to_string());
    /// assert_eq!(read("2023-05-20T00:00:00.000+03:00").as_deref(), Some("2023-05-19T21:00:00Z"));
    /// assert_eq!(read("2022-12-13 19:14:20.455640+00:00").as_deref(), Some("2022-12-13T19:14:20.45564Z"));
    /// assert_eq!(read("2024-02-29").as_deref(), Some("2024-02-29T00:00:00Z"));
    /// assert_eq!(read(""), None);
    /// assert!(Timestamp::parse("soon").is_err());
    /// ```
    ///
    /// # Errors
    /// The text is neither empty nor any of these.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidTimestamp> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let invalid = || InvalidTimestamp(text.chars().take(64).collect());
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Some(Timestamp(time.as_microsecond())));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let number: i64 = text.parse().map_err(|_| invalid())?;
            return match text.len() {
                9..=10 => Ok(Some(Timestamp(number * 1_000_000))),
                12..=13 => Ok(Some(Timestamp(number * 1_000))),
                _ => Err(invalid()),
            };
        }
        let utc = |civil: jiff::civil::DateTime| civil.to_zoned(jiff::tz::TimeZone::UTC).ok();
        text.parse::<jiff::civil::DateTime>()
            .ok()
            .and_then(utc)
            .map(|zoned| Some(Timestamp(zoned.timestamp().as_microsecond())))
            .ok_or_else(invalid)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} µs since 1970", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        Timestamp::parse(text)?.ok_or_else(|| InvalidTimestamp(String::new()))
    }
}
