//! When connections run: the next time of a rhythm, spread so that not all come at once. Pure: the same for the same input,
//! whichever process asks.
//!
//! - `daily` is at a minute of the day (UTC) that follows from tenant and connection.
//! - An interval counts from a point that follows from them, so that a restart moves nothing.
//! - A cron pattern means the clock of its time zone. A time that the clock skips in spring comes right after the
//!   gap; one that it shows twice in autumn comes once. Patterns with `*` or steps for the hour follow the hours that pass.
//! - A run comes up to a minute after its time, by an amount that follows from tenant, connection and time.

#[cfg(test)]
mod tests;

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use headcount_model::{ConnectionId, TenantId, Timestamp};
use headcount_store::{Planned, Rhythm};
use jiff::tz::TimeZone;

/// The shortest time from one run to the next, in seconds.
pub const SHORTEST: u64 = 300;
/// The longest interval, in seconds: 31 days.
pub const LONGEST: u64 = 31 * DAY;
/// Characters of a cron pattern, and of the name of a time zone.
const LONGEST_TEXT: usize = 100;
/// Times of a cron pattern whose distances are looked at.
const LOOKED_AT: usize = 100;
/// In seconds.
const DAY: u64 = 86_400;
/// By how much a run may come after its time.
pub const JITTER: Duration = Duration::from_secs(60);
/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// Why a rhythm can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRhythm {
    /// The interval is too short or too long.
    #[error("an interval is 5 minutes to 31 days long")]
    Interval,
    /// The pattern is none.
    #[error("{pattern:?} is no cron pattern ({why}); write five fields: minute, hour, day of the month, month, day of the week")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// The pattern names no time.
    #[error("the cron pattern {0:?} names no time that ever comes")]
    Never(String),
    /// The pattern names times that are too close together.
    #[error("the cron pattern {0:?} names times that are less than 5 minutes apart")]
    TooOften(String),
    /// There is no such time zone.
    #[error("{0:?} is no time zone; write it like Europe/Berlin or UTC")]
    Zone(String),
    /// The year 9999 is over.
    #[error("there is no time after {0}")]
    End(Timestamp),
}

/// Whether a rhythm can be used.
///
/// # Errors
/// What is wrong with it, and how to write it.
pub fn check(rhythm: &Rhythm, now: Timestamp) -> Result<(), InvalidRhythm> {
    let (pattern, zone) = match rhythm {
        Rhythm::Daily => return Ok(()),
        Rhythm::Every { seconds } if (SHORTEST..=LONGEST).contains(seconds) => return Ok(()),
        Rhythm::Every { .. } => return Err(InvalidRhythm::Interval),
        Rhythm::Cron { pattern, zone } => (pattern, zone),
    };
    let (cron, zone) = (parse(pattern)?, self::zone(zone)?);
    let mut last = after_of(&cron, pattern, &zone, now)?;
    for _ in 0..LOOKED_AT {
        let Ok(next) = after_of(&cron, pattern, &zone, last) else { break };
        if next.micros() - last.micros() < SHORTEST as i64 * SECOND {
            return Err(InvalidRhythm::TooOften(pattern.clone()));
        }
        last = next;
    }
    Ok(())
}

/// The next run of a connection after a time.
///
/// ```
/// use headcount_model::Timestamp;
/// use headcount_store::Rhythm;
/// use headcount_sync::schedule::next;
/// let cron = Rhythm::Cron { pattern: "30 6 * * 1-5".into(), zone: "Europe/Berlin".into() };
/// let friday = Timestamp::parse("2026-11-20T12:00:00Z")?.unwrap();
/// let next = next(&cron, &"acme".parse()?, &"tines".parse()?, friday)?;
/// assert_eq!(next.planned_at.to_string(), "2026-11-23T05:30:00Z");
/// assert!((0..60_000_000).contains(&(next.due_at.micros() - next.planned_at.micros())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The rhythm can't be used.
pub fn next(rhythm: &Rhythm, tenant: &TenantId, connection: &ConnectionId, after: Timestamp) -> Result<Planned, InvalidRhythm> {
    let spread = hash(tenant, connection, "spread");
    let planned_at = match rhythm {
        Rhythm::Daily => grid(after, DAY, spread % (DAY / 60) * 60)?,
        Rhythm::Every { seconds } if (SHORTEST..=LONGEST).contains(seconds) => grid(after, *seconds, spread % seconds)?,
        Rhythm::Every { .. } => return Err(InvalidRhythm::Interval),
        Rhythm::Cron { pattern, zone } => after_of(&parse(pattern)?, pattern, &self::zone(zone)?, after)?,
    };
    let jitter = hash(tenant, connection, &planned_at.micros().to_string()) % JITTER.as_micros() as u64;
    Ok(Planned { planned_at, due_at: later(planned_at, jitter) })
}

/// When a run that was missed is caught up with: within a time from now, each connection at a point of its own.
pub fn catch_up(tenant: &TenantId, connection: &ConnectionId, now: Timestamp, within: Duration) -> Timestamp {
    let within = u64::try_from(within.as_micros()).unwrap_or(u64::MAX).max(1);
    later(now, hash(tenant, connection, "catch up") % within)
}

/// The first time after another that lies `offset` seconds past a whole number of periods since 1970.
fn grid(after: Timestamp, period: u64, offset: u64) -> Result<Timestamp, InvalidRhythm> {
    let unit = |seconds: u64| i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(SECOND));
    let next = unit(period).zip(unit(offset)).and_then(|(period, offset)| {
        let passed = after.micros().checked_sub(offset)?.div_euclid(period);
        passed.checked_add(1)?.checked_mul(period)?.checked_add(offset)
    });
    next.map(Timestamp::from_micros).ok_or(InvalidRhythm::End(after))
}

fn after_of(cron: &Cron, pattern: &str, zone: &TimeZone, after: Timestamp) -> Result<Timestamp, InvalidRhythm> {
    let from = jiff::Timestamp::from_microsecond(after.micros()).map_err(|_| InvalidRhythm::End(after))?;
    let next = cron.find_next_occurrence(&from.to_zoned(zone.clone()), false);
    let next = next.map_err(|_| InvalidRhythm::Never(pattern.to_owned()))?;
    Ok(Timestamp::from_micros(next.timestamp().as_microsecond()))
}

fn parse(pattern: &str) -> Result<Cron, InvalidRhythm> {
    let wrong = |why: String| InvalidRhythm::Pattern { pattern: pattern.chars().take(LONGEST_TEXT).collect(), why };
    if pattern.len() > LONGEST_TEXT {
        return Err(wrong(format!("it is longer than {LONGEST_TEXT} bytes")));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(pattern).map_err(|error| wrong(error.to_string()))
}

fn zone(name: &str) -> Result<TimeZone, InvalidRhythm> {
    let unknown = || InvalidRhythm::Zone(name.chars().take(LONGEST_TEXT).collect());
    if name.len() > LONGEST_TEXT {
        return Err(unknown());
    }
    TimeZone::get(name).map_err(|_| unknown())
}

/// A number that follows from a connection and a purpose, and from nothing else.
fn hash(tenant: &TenantId, connection: &ConnectionId, purpose: &str) -> u64 {
    // No id has a slash in it.
    let hash = blake3::hash(format!("{tenant}/{connection}/{purpose}").as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn later(at: Timestamp, micros: u64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(i64::try_from(micros).unwrap_or(i64::MAX)))
}
