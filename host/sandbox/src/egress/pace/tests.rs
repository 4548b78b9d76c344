//! Paces: a connection's own limits, and what its vendor says.

use futures::FutureExt;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn rate(per_second: u32, per_minute: u32) -> Rate {
    Rate { per_second: Some(per_second), per_minute: Some(per_minute), per_hour: None, concurrent: None }
}

/// How long each of so many requests that come at once waits.
fn waits(pace: &Pace, now: Instant, count: usize) -> Vec<Duration> {
    (0..count).map(|_| pace.take(now, now + HOUR).unwrap() - now).collect()
}

#[test]
fn a_burst_passes_and_then_the_rate_holds() {
    let pace = Pace::new(&rate(5, 1_000));
    let now = Instant::now();
    let expected: Vec<Duration> = [0, 0, 0, 0, 0, 200, 400, 600, 800, 1_000].map(Duration::from_millis).into();
    assert_eq!(waits(&pace, now, 10), expected);
    // Ten seconds later the bucket is full again, and no fuller.
    assert_eq!(waits(&pace, now + Duration::from_secs(10), 10), expected);
}

#[test]
fn the_tighter_of_two_limits_holds() {
    let pace = Pace::new(&rate(100, 6));
    let now = Instant::now();
    assert_eq!(waits(&pace, now, 8).last(), Some(&Duration::from_secs(20)));
}

#[test]
fn no_rate_means_no_wait() {
    let pace = Pace::new(&Rate { per_second: Some(0), ..Rate::default() });
    assert!(waits(&pace, Instant::now(), 10_000).iter().all(Duration::is_zero));
}

#[test]
fn a_wait_past_the_end_of_the_call_is_refused_at_once_and_takes_nothing() {
    let pace = Pace::new(&rate(1, 1_000));
    let now = Instant::now();
    assert_eq!(waits(&pace, now, 1), [Duration::ZERO]);
    for _ in 0..10 {
        assert!(matches!(pace.take(now, now + Duration::from_millis(10)), Err(Refusal::Paced(_))));
    }
    assert_eq!(waits(&pace, now, 1), [Duration::from_secs(1)]);
}

#[test]
fn a_call_that_is_over_before_its_turn_is_late_and_not_held_up_by_the_rate() {
    let pace = Pace::new(&rate(1, 1_000));
    let now = Instant::now() + MINUTE;
    assert_eq!(pace.take(now, now - Duration::from_millis(10)).unwrap(), now);
    assert!(matches!(pace.take(now, now - Duration::from_millis(10)), Err(Refusal::Paced(_))), "the rate is used up");
}

#[tokio::test]
async fn a_cancelled_wait_gives_its_place_back() {
    let pace = Pace::new(&Rate { per_hour: Some(1), ..Rate::default() });
    let far = Instant::now() + 10 * HOUR;
    pace.wait(far).await.unwrap();
    for _ in 0..50 {
        assert!(pace.wait(far).now_or_never().is_none());
    }
    let now = Instant::now();
    assert!(pace.take(now, far).unwrap() - now <= HOUR);
}

#[test]
fn sessions_of_one_connection_share_a_pace_and_others_do_not() {
    let paces = Paces::default();
    let (acme, globex): (TenantId, TenantId) = ("acme".parse().unwrap(), "globex".parse().unwrap());
    let connection: ConnectionId = "hello".parse().unwrap();
    let slow = Rate { per_hour: Some(1), ..Rate::default() };
    let held = paces.of(&acme, &connection, &slow);
    let now = Instant::now();
    assert!(held.take(now, now).is_ok());
    assert!(paces.of(&acme, &connection, &slow).take(now, now).is_err());
    let other = paces.of(&globex, &connection, &slow);
    let now = Instant::now();
    assert!(other.take(now, now).is_ok());
}

#[test]
fn rested_paces_are_forgotten() {
    let paces = Paces::default();
    let connection: ConnectionId = "hello".parse().unwrap();
    for at in 0..3 * REMEMBERED {
        drop(paces.of(&format!("t{at}").parse().unwrap(), &connection, &rate(1, 100)));
    }
    assert!(paces.0.lock().unwrap().len() <= REMEMBERED);
}

fn window(limit: u64, remaining: u64, reset: u64) -> Window {
    Window { limit: Some(limit), remaining, reset: Duration::from_secs(reset) }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_window_that_is_used_up_holds_the_connection_until_it_ends() {
    let pace = Pace::new(&Rate::default());
    let now = Instant::now();
    assert_eq!(pace.heed(&[window(100, 1, 60)], None, now, 0), None);
    assert_eq!(pace.held(now), Duration::ZERO);
    pace.heed(&[window(100, 0, 60), window(10, 0, 2)], None, now, 0);
    assert_eq!(waits(&pace, now, 3), [MINUTE; 3]);
    // Another answer, of before, shortens nothing.
    pace.heed(&[window(100, 3, 60)], None, now, 0);
    assert_eq!(pace.held(now), MINUTE);
    assert_eq!(pace.take(now + MINUTE, now + HOUR).unwrap(), now + MINUTE);
}

#[test]
fn requests_under_way_count_against_what_remains() {
    let pace = Pace::new(&Rate { concurrent: Some(4), ..Rate::default() });
    let _three = Arc::clone(&pace.concurrent).try_acquire_many_owned(3).unwrap();
    let now = Instant::now();
    pace.heed(&[window(10, 3, 60)], None, now, 0);
    assert_eq!(pace.held(now), Duration::ZERO);
    pace.heed(&[window(10, 2, 60)], None, now, 0);
    assert_eq!(pace.held(now), MINUTE);
}

#[test]
fn retry_after_holds_the_whole_connection_with_jitter() {
    let pace = Pace::new(&Rate::default());
    let now = Instant::now();
    pace.heed(&[], Some(Duration::from_secs(7)), now, 255);
    assert_eq!(pace.held(now), Duration::from_millis(7_100));
}

#[test]
fn the_last_quarter_of_a_long_window_is_spread_over_it() {
    let pace = Pace::new(&Rate::default());
    let now = Instant::now();
    pace.heed(&[window(100, 25, 50)], None, now, 0);
    assert_eq!(waits(&pace, now, 3), [Duration::ZERO; 3]);
    pace.heed(&[window(100, 5, 50)], None, now, 0);
    assert_eq!(waits(&pace, now, 4), [0, 10, 20, 30].map(Duration::from_secs));
    // The next window has all its requests again.
    pace.heed(&[window(100, 99, 50)], None, now, 0);
    assert_eq!(waits(&pace, now, 2), [Duration::ZERO; 2]);
    // A short window may end in a burst.
    pace.heed(&[window(100, 5, 9)], None, now, 0);
    assert_eq!(waits(&pace, now, 2), [Duration::ZERO; 2]);
}

#[test]
fn an_absurd_wait_is_given_back_and_holds_nobody() {
    let pace = Pace::new(&Rate::default());
    let now = Instant::now();
    let day = Duration::from_secs(86_400);
    assert_eq!(pace.heed(&[window(100, 0, 86_400), window(100, 1, 86_400)], None, now, 255), Some(day));
    assert_eq!(pace.heed(&[], Some(Duration::MAX), now, 255), Some(Duration::MAX));
    assert_eq!(waits(&pace, now, 2), [Duration::ZERO; 2]);
    // It takes nothing from what is believed.
    assert_eq!(pace.heed(&[window(100, 0, 86_400), window(100, 0, 60)], None, now, 0), Some(day));
    assert_eq!(pace.held(now), MINUTE);
}

#[test]
fn a_hold_past_the_end_of_the_call_is_refused_and_touches_no_other_connection() {
    let paces = Paces::default();
    let tenant: TenantId = "acme".parse().unwrap();
    let [one, two] = ["one", "two"].map(|id| paces.of(&tenant, &id.parse().unwrap(), &Rate::default()));
    let now = Instant::now();
    one.heed(&[window(100, 0, 60)], None, now, 0);
    assert!(matches!(one.take(now, now + MINUTE / 2), Err(Refusal::Paced(wait)) if wait == MINUTE));
    assert!(two.take(now, now).is_ok());
    drop((one, two));
    // What is on hold is not forgotten.
    for at in 0..2 * REMEMBERED {
        drop(paces.of(&format!("t{at}").parse().unwrap(), &"one".parse().unwrap(), &Rate::default()));
    }
    assert_eq!(paces.of(&tenant, &"one".parse().unwrap(), &Rate::default()).held(now), MINUTE);
}

#[tokio::test]
async fn one_who_waits_already_waits_on_when_the_vendor_asks_for_more() {
    let pace = Pace::new(&rate(20, 1_000));
    let now = Instant::now();
    for _ in 0..20 {
        pace.take(now, now + HOUR).unwrap();
    }
    let hold = Duration::from_millis(200);
    let more = async { pace.heed(&[Window { limit: None, remaining: 0, reset: hold }], None, Instant::now(), 0) };
    let (waited, _) = tokio::join!(pace.wait(now + HOUR), more);
    waited.unwrap();
    assert!(now.elapsed() >= hold);
}

#[test]
fn another_rate_frees_no_request_that_was_used_and_no_hold() {
    let paces = Paces::default();
    let (tenant, connection): (TenantId, ConnectionId) = ("acme".parse().unwrap(), "hello".parse().unwrap());
    let of = |per_hour, concurrent| {
        let rate = Rate { per_hour: Some(per_hour), concurrent: Some(concurrent), ..Rate::default() };
        paces.of(&tenant, &connection, &rate)
    };
    let (first, now) = (of(4, 8), Instant::now());
    assert_eq!(waits(&first, now, 5).last(), Some(&(HOUR / 4)));
    for (per_hour, concurrent) in [(4, 7), (2, 8), (4, 8)] {
        let pace = of(per_hour, concurrent);
        assert!(pace.take(now, now).is_err(), "{per_hour} an hour");
        assert_eq!(pace.concurrent.available_permits(), concurrent as usize);
    }
    first.heed(&[], Some(MINUTE), now, 0);
    assert_eq!(of(1_000, 3).held(now), MINUTE, "the vendor's word holds at any rate");
    assert_eq!(first.concurrent.available_permits(), 3, "also for a session that is under way");
}

#[tokio::test]
async fn a_wait_that_is_given_up_under_another_rate_gives_back_no_more_than_it_took() {
    let paces = Paces::default();
    let (tenant, connection): (TenantId, ConnectionId) = ("acme".parse().unwrap(), "hello".parse().unwrap());
    let of = |per_hour| paces.of(&tenant, &connection, &Rate { per_hour: Some(per_hour), ..Rate::default() });
    let (pace, now) = (of(10), Instant::now());
    let used = waits(&pace, now, 10);
    assert!(used.iter().all(Duration::is_zero));
    let mut waiting = Box::pin(pace.wait(now + HOUR));
    assert!(waiting.as_mut().now_or_never().is_none());
    of(1);
    drop(waiting);
    assert!(of(10).take(now, now).is_err());
}

#[test]
fn after_a_hold_requests_leave_at_the_rate_and_not_at_once() {
    let pace = Pace::new(&rate(2, 1_000));
    let now = Instant::now();
    pace.heed(&[], Some(MINUTE), now, 0);
    let expected = [0, 0, 500, 1_000, 1_500].map(|late| MINUTE + Duration::from_millis(late));
    assert_eq!(waits(&pace, now, 5), expected);
}

#[tokio::test]
async fn those_who_wait_when_a_hold_begins_take_places_behind_it() {
    let pace = Pace::new(&rate(2, 1_000));
    let (now, far) = (Instant::now(), Instant::now() + HOUR);
    assert_eq!(waits(&pace, now, 2), [Duration::ZERO; 2]);
    let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(pace.wait(far))).collect();
    assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
    pace.heed(&[], Some(MINUTE), now, 0);
    assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
    // Two leave as it ends, one half a second later, and one a second later: the next one is after these.
    assert_eq!(waits(&pace, now, 1), [MINUTE + Duration::from_millis(1_500)]);
    // Whoever gives up makes room.
    drop(waiting);
    assert_eq!(waits(&pace, now, 1), [MINUTE]);
}

#[tokio::test]
async fn a_turn_that_came_ahead_is_used_once_or_given_back() {
    let pace = Arc::new(Pace::new(&rate(100, 1)));
    let soon = || Instant::now() + Duration::from_secs(1);
    for _ in 0..3 {
        drop(pace.ahead(soon()).await.unwrap());
    }
    let turn = pace.ahead(soon()).await.unwrap();
    assert!(matches!(pace.ahead(soon()).await.err(), Some(Refusal::Paced(_))), "it counts before it is used");
    assert!(turn.leave());
    assert!(matches!(pace.ahead(soon()).await.err(), Some(Refusal::Paced(_))), "and after");
    assert_eq!(pace.turns().waiting, 0);
}

#[tokio::test]
async fn a_turn_that_came_before_the_vendor_asked_for_a_pause_is_none() {
    let pace = Arc::new(Pace::new(&rate(100, 100)));
    let turn = pace.ahead(Instant::now() + HOUR).await.unwrap();
    pace.heed(&[], Some(MINUTE), Instant::now(), 0);
    assert!(!turn.leave());
    assert_eq!(pace.turns().waiting, 0);
}

#[tokio::test]
async fn turns_that_came_long_ago_do_not_leave_all_at_once() {
    let pace = Arc::new(Pace::new(&rate(100, 1)));
    let turn = pace.ahead(Instant::now() + HOUR).await.unwrap();
    let later = Instant::now() + Duration::from_secs(7);
    assert!(!turn.leave_at(later));
    // It was given back: this request needs not wait, but the next one does.
    assert_eq!(waits(&pace, later, 2), [Duration::ZERO, MINUTE]);
}
