//! When a request is repeated.

use super::server::{Answer, said, status};
use super::*;

/// Answers in turn; the last one for good.
async fn answering(answers: &'static [fn() -> Option<Answer>]) -> Server {
    Server::with("api.example.com", &[b"http/1.1"], move |seen| {
        let answer = answers[seen.number.min(answers.len() - 1)]();
        Box::pin(async move { answer })
    })
    .await
}

fn wait(seconds: &str) -> Option<Answer> {
    Some(status(429, &[("retry-after", seconds)]))
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_asked() {
    let server = answering(&[|| wait("0"), || Some(status(503, &[("retry-after", "0")])), || Some(said("[]"))]).await;
    let gate = gate(&server);
    assert_eq!(get(&gate, USERS).await.unwrap().body(), "[]");
    let usage = gate.meter().usage();
    assert_eq!((usage.requests, usage.retries, gate.events()[0].attempts), (3, 2, 3));
    // The answers that nobody got were read, so one connection served all.
    assert!(server.seen().iter().all(|seen| seen.connection == 0));
}

#[tokio::test]
async fn after_four_attempts_the_answer_is_handed_over() {
    let server = answering(&[|| wait("0")]).await;
    let gate = gate(&server);
    assert_eq!(get(&gate, USERS).await.unwrap().status(), 429);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_long_wait_is_the_connectors_to_see() {
    let server = answering(&[|| wait("3600")]).await;
    let response = get(&gate(&server), USERS).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"3600".parse().unwrap()));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_vendor_that_has_no_requests_left_gets_none_until_its_window_ends() {
    let server = answering(&[
        || Some(status(200, &[("x-ratelimit-limit", "9"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")])),
        || Some(said("[]")),
    ])
    .await;
    let gate = gate(&server);
    get(&gate, USERS).await.unwrap();
    let held = gate.held();
    assert!(!held.is_zero(), "before the vendor says 429");
    let begun = std::time::Instant::now();
    get(&gate, USERS).await.unwrap();
    assert!(begun.elapsed() >= held, "{:?} instead of {held:?}", begun.elapsed());
    assert!(server.seen().len() == 2 && gate.notes().is_empty());
}

#[tokio::test]
async fn a_window_that_ends_after_the_call_is_refused_at_once_and_others_are_not_held() {
    let server = answering(&[|| Some(status(200, &[("ratelimit", r#""default";r=0;t=900"#)]))]).await;
    let egress = Egress::new(options(&server)).unwrap();
    let (held, other) = (gate_options(Budget::default()), gate_options(Budget::default()));
    let other = egress.gate(GateOptions { connection: "other".parse().unwrap(), ..other }).unwrap();
    let held = egress.gate(held).unwrap();
    get(&held, USERS).await.unwrap();
    assert!(matches!(get(&held, USERS).await, Err(Refusal::Paced(wait)) if wait > Duration::from_secs(600)));
    get(&other, USERS).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_hostile_window_is_not_heeded_and_noted() {
    let server =
        answering(&[|| Some(status(200, &[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "99999999999")]))]).await;
    let gate = gate(&server);
    get(&gate, USERS).await.unwrap();
    get(&gate, USERS).await.unwrap();
    let notes = gate.notes();
    assert!(gate.held().is_zero() && notes.len() == 1 && notes[0].contains("too long to be heeded"), "{notes:?}");
}

#[tokio::test]
async fn a_request_that_changes_something_is_never_repeated() {
    let server = answering(&[|| wait("0"), || None]).await;
    let gate = gate(&server);
    let url = "https://api.example.com/v1/users/7/licenses";
    let revoke = Purpose::Action("revoke".to_owned());
    assert_eq!(gate.send(&revoke, request("DELETE", url)).await.unwrap().status(), 429);
    assert!(matches!(gate.send(&revoke, request("DELETE", url)).await, Err(Refusal::Exchange { .. })));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let server = answering(&[|| None, || Some(said("[]"))]).await;
    let gate = gate(&server);
    assert_eq!(get(&gate, USERS).await.unwrap().body(), "[]");
    assert_eq!((server.seen().len(), gate.meter().usage().retries), (2, 1));
}

#[tokio::test]
async fn repeats_end_with_the_budget_of_requests() {
    let server = answering(&[|| wait("0")]).await;
    let budget = Budget { requests: 2, ..Budget::default() };
    let gate = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn errors_that_do_not_go_away_are_not_repeated() {
    let server = answering(&[|| Some(status(401, &[("retry-after", "0")]))]).await;
    assert_eq!(get(&gate(&server), USERS).await.unwrap().status(), 401);
    assert_eq!(server.seen().len(), 1);
}
