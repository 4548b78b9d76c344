//! What keeps a session from being resumed: each thing by itself.

use super::*;

const HOUR: i64 = 3_600 * 1_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_micros(hours * HOUR)
}

fn basis() -> Basis {
    let credentials = vec![CredentialBasis { field: "api-key".into(), entered_at: at(1) }];
    let (version, contract, settings) = ("1.0.0".into(), CONTRACT.into(), r#"{"region":"eu"}"#.into());
    Basis { connector: "acme".parse().unwrap(), version, contract, settings, credentials, test: false }
}

/// One that began at ten.
fn session() -> Session {
    Session {
        id: SessionId(1),
        tenant: "t".parse().unwrap(),
        connection: "c".parse().unwrap(),
        digest: Digest::from_bytes([1; 32]),
        credential: None,
        state: SessionState::Reading,
        started_at: at(10),
        ended_at: None,
        counters: Counters::default(),
        scope: None,
        failure: None,
        notes: Vec::new(),
        basis: Some(basis()),
        resumed: Vec::new(),
        touched_at: at(10),
        cancel_asked_at: None,
        action: None,
    }
}

/// What is in the way of a session at eleven, of this component, in a job that would run under this.
fn found(session: &Session, digest: Digest, basis: &Basis, options: &SyncOptions, now: Timestamp) -> String {
    match obstacle(session, (digest, None), basis, options, now) {
        None => "nothing".to_owned(),
        Some(Obstacle::Cancelled) => "cancelled".to_owned(),
        Some(Obstacle::Precious) => "precious".to_owned(),
        Some(Obstacle::Other { reason, .. }) => reason,
    }
}

#[test]
fn a_session_is_resumed_under_the_same_alone() {
    let (same, options) = (Digest::from_bytes([1; 32]), SyncOptions::default());
    let under = |change: fn(&mut Basis)| {
        let mut basis = basis();
        change(&mut basis);
        found(&session(), same, &basis, &options, at(11))
    };
    assert_eq!(under(|_| {}), "nothing");
    assert_eq!(under(|basis| basis.version = "1.0.1".into()), "nothing", "its digest decides");
    assert_eq!(under(|basis| basis.connector = "other".parse().unwrap()), "its connector was replaced");
    assert_eq!(under(|basis| basis.contract = "0.2".into()), "this host speaks another version of the contract");
    assert_eq!(under(|basis| basis.settings.push(' ')), "the connection's settings or filters were changed");
    assert_eq!(under(|basis| basis.credentials[0].entered_at = at(2)), "a credential was replaced");
    assert_eq!(under(|basis| basis.credentials.clear()), "a credential was replaced");
    let other = Digest::from_bytes([2; 32]);
    assert_eq!(found(&session(), other, &basis(), &options, at(11)), "its connector was replaced");
}

#[test]
fn a_test_run_takes_nothing_from_a_real_one_that_could_go_on() {
    let same = Digest::from_bytes([1; 32]);
    let real = SyncOptions::default();
    let test = SyncOptions { test: true, ..SyncOptions::default() };
    let anew = SyncOptions { test: true, anew: true, ..SyncOptions::default() };
    let tested = || Basis { test: true, ..basis() };
    assert_eq!(found(&session(), same, &tested(), &test, at(11)), "precious");
    assert_eq!(found(&session(), same, &tested(), &anew, at(11)), "precious");
    // One that could not go on in any case is lost already.
    assert_eq!(found(&session(), same, &tested(), &test, at(40)), "it began more than 24 hours ago");
    let was_test = Session { basis: Some(tested()), ..session() };
    assert_eq!(found(&was_test, same, &tested(), &test, at(11)), "nothing");
    assert_eq!(found(&was_test, same, &tested(), &anew, at(11)), "a new beginning was asked for");
    assert_eq!(found(&was_test, same, &basis(), &real, at(11)), "one of the two is a test run");
}

#[test]
fn a_session_is_resumed_within_a_day_and_not_before_it_began() {
    let same = Digest::from_bytes([1; 32]);
    // As long as anybody may allow a session to take.
    let options = SyncOptions { deadline: Duration::from_secs(30 * 24 * 3_600), ..SyncOptions::default() };
    let at_time = |now: Timestamp| found(&session(), same, &basis(), &options, now);
    assert_eq!(at_time(at(10)), "nothing");
    assert_eq!(at_time(Timestamp::from_micros(34 * HOUR - 1)), "nothing");
    assert_eq!(at_time(at(34)), "it began more than 24 hours ago");
    assert_eq!(at_time(Timestamp::from_micros(10 * HOUR - 1)), "it began later than now, by this machine's clock");
    let options = SyncOptions { deadline: Duration::from_secs(3_600), ..SyncOptions::default() };
    assert!(found(&session(), same, &basis(), &options, at(11)).contains("longer ago than a session may take"));
}

#[test]
fn after_a_long_pause_or_one_of_unknown_length_the_check_is_repeated() {
    let doubts = |now: Timestamp| known(Session { touched_at: at(12), ..session() }, now).doubts;
    assert!(!doubts(at(12)));
    assert!(doubts(at(13)));
    assert!(doubts(at(11)), "the clock was put back");
}

#[test]
fn what_a_person_asked_for_and_what_never_ends_is_not_resumed() {
    let same = Digest::from_bytes([1; 32]);
    let options = SyncOptions::default();
    let with = |change: fn(&mut Session)| {
        let mut session = session();
        change(&mut session);
        session
    };
    let cancelled = with(|session| session.cancel_asked_at = Some(at(10)));
    assert_eq!(found(&cancelled, same, &basis(), &options, at(11)), "cancelled");
    let old = with(|session| session.basis = None);
    assert_eq!(found(&old, same, &basis(), &options, at(11)), "it does not say under what it ran");
    let again = |times: usize| {
        let mut session = session();
        let once = Resumption { stopped_at: at(10), resumed_at: at(10), state: SessionState::Reading };
        session.resumed = vec![once; times];
        session
    };
    assert_eq!(found(&again(MOST_TIMES - 1), same, &basis(), &options, at(11)), "nothing");
    assert!(found(&again(MOST_TIMES), same, &basis(), &options, at(11)).contains("interrupted each time"));
    let options = SyncOptions { anew: true, ..options };
    assert_eq!(found(&session(), same, &basis(), &options, at(11)), "a new beginning was asked for");
}
