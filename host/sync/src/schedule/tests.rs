//! What rhythms promise: the clock's changes, spread, and refusal of what makes no sense.

use std::time::Duration;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap().unwrap()
}

fn cron(pattern: &str, zone: &str) -> Rhythm {
    Rhythm::Cron { pattern: pattern.to_owned(), zone: zone.to_owned() }
}

/// The next so many planned times after a time.
fn times(rhythm: &Rhythm, after: &str, count: usize) -> Vec<String> {
    let mut last = at(after);
    let mut next = || {
        last = super::next(rhythm, &"acme".parse().unwrap(), &"tines".parse().unwrap(), last).unwrap().planned_at;
        last.to_string()
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn a_time_that_the_clock_skips_in_spring_comes_right_after_the_gap_and_once() {
    // In Berlin the clock goes from 02:00 to 03:00 on 29 March 2026.
    let found = times(&cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00:00Z", 3);
    assert_eq!(found, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
}

#[test]
fn a_time_that_the_clock_shows_twice_in_autumn_comes_once() {
    // In Berlin the clock goes from 03:00 back to 02:00 on 25 October 2026.
    let found = times(&cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T00:00:00Z", 3);
    assert_eq!(found, ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn the_hour_of_the_clock_is_kept_over_its_changes_and_every_hour_means_each_that_passes() {
    let found = times(&cron("0 7 * * *", "America/New_York"), "2026-03-07T13:00:00Z", 2);
    assert_eq!(found, ["2026-03-08T11:00:00Z", "2026-03-09T11:00:00Z"], "12:00Z in winter, 11:00Z in summer");
    let hourly = times(&cron("0 * * * *", "Europe/Berlin"), "2026-10-24T23:30:00Z", 4);
    assert_eq!(hourly, ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"]);
}

#[test]
fn intervals_count_from_a_point_of_the_connections_own_whenever_the_question_comes() {
    let every = Rhythm::Every { seconds: 3_600 };
    let first = times(&every, "2026-01-01T00:00:00Z", 3);
    let second = times(&every, &first[0], 2);
    assert_eq!(first[1..], second, "a restart moves nothing");
    assert_eq!(at(&first[1]).micros() - at(&first[0]).micros(), 3_600 * SECOND);
    let before_1970 = grid(at("1969-12-31T23:59:59Z"), 3_600, 0).unwrap();
    assert_eq!(before_1970.to_string(), "1970-01-01T00:00:00Z");
}

#[test]
fn connections_are_spread_over_the_day_and_within_the_minute() {
    let (midnight, tenant) = (at("2026-06-01T00:00:00Z"), "acme".parse().unwrap());
    let mut hours = [0_u32; 24];
    let mut delays = std::collections::BTreeSet::new();
    for number in 0..1_000 {
        let id: ConnectionId = format!("c{number}").parse().unwrap();
        let next = super::next(&Rhythm::Daily, &tenant, &id, midnight).unwrap();
        assert_eq!(next, super::next(&Rhythm::Daily, &tenant, &id, midnight).unwrap(), "the same for the same input");
        let passed = next.planned_at.micros() - midnight.micros();
        assert!(passed > 0 && passed <= 86_400 * SECOND && passed % (60 * SECOND) == 0, "{passed}");
        let delay = next.due_at.micros() - next.planned_at.micros();
        assert!((0..60 * SECOND).contains(&delay));
        delays.insert(delay / SECOND);
        hours[(passed / SECOND / 3_600 % 24) as usize] += 1;
    }
    assert!(hours.iter().all(|count| (15..=80).contains(count)), "{hours:?}");
    assert!(delays.len() > 50, "{delays:?}");
}

#[test]
fn what_was_missed_is_caught_up_with_at_different_times_within_the_window() {
    let (now, within) = (at("2026-06-01T00:00:00Z"), Duration::from_secs(900));
    let of = |number: u32| catch_up(&"acme".parse().unwrap(), &format!("c{number}").parse().unwrap(), now, within);
    let times: std::collections::BTreeSet<_> = (0..500).map(of).collect();
    assert!(times.len() > 490);
    assert!(times.iter().all(|time| (0..900 * SECOND).contains(&(time.micros() - now.micros()))));
    assert_eq!(catch_up(&"a".parse().unwrap(), &"b".parse().unwrap(), now, Duration::ZERO), now);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let now = at("2026-06-01T00:00:00Z");
    for (rhythm, why) in [
        (Rhythm::Every { seconds: 299 }, "5 minutes"),
        (Rhythm::Every { seconds: 32 * DAY }, "31 days"),
        (Rhythm::Every { seconds: 0 }, "5 minutes"),
        (cron("", "UTC"), "five fields"),
        (cron("every day", "UTC"), "five fields"),
        (cron("61 * * * *", "UTC"), "no cron pattern"),
        (cron("0 0 0 * * *", "UTC"), "five fields"),
        (cron(&"1,".repeat(200), "UTC"), "longer"),
        (cron("0 0 30 2 *", "UTC"), "ever comes"),
        (cron("* * * * *", "UTC"), "5 minutes apart"),
        (cron("0,59 0 * * *", "Europe/Berlin"), ""),
        (cron("0,1 0 1 1 *", "Europe/Berlin"), "5 minutes apart"),
        (cron("0 0 * * *", "Mars/Olympus"), "time zone"),
        (cron("0 0 * * *", "../../etc/passwd"), "time zone"),
        (cron("0 0 * * *", ""), "time zone"),
    ] {
        match check(&rhythm, now) {
            Ok(()) => assert_eq!(why, "", "{rhythm:?}"),
            Err(error) => assert!(!why.is_empty() && error.to_string().contains(why), "{rhythm:?}: {error}"),
        }
    }
    assert!(next(&Rhythm::Daily, &"a".parse().unwrap(), &"b".parse().unwrap(), Timestamp::from_micros(i64::MAX)).is_err());
}
