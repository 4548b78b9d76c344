//! What the benches share: sides that are measured in turn, the middle of many rounds, and a verdict beside each target.

use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

/// Measures every side once a round, each round beginning with another, so that a noisy machine is as unkind to all of them.
///
/// # Errors
/// A side's own.
pub fn in_turn<const SIDES: usize>(
    rounds: usize,
    mut measure: impl FnMut(usize) -> Result<Duration>,
) -> Result<[Vec<Duration>; SIDES]> {
    let mut times = [const { Vec::new() }; SIDES];
    for round in 0..rounds {
        for turn in 0..SIDES {
            let side = (round + turn) % SIDES;
            let time = measure(side)?;
            if let Some(times) = times.get_mut(side) {
                times.push(time);
            }
        }
    }
    Ok(times)
}

/// The time that this share of all is under.
pub fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    let at = (times.len() as f64 * share) as usize;
    times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The middle one.
pub fn median(times: &[Duration]) -> Duration {
    quantile(times, 0.5)
}

/// How many times longer.
pub fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

/// In milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// In microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What stands behind a number that has a target.
pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// What this thread has computed so far: other programs on the machine don't count.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
