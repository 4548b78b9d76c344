//! Room for instances: who waits for it, who frees it, and which instance serves whom.

use std::time::{Duration, Instant};

use futures::FutureExt as _;

use super::super::*;
use super::{SPIN, excess};
use crate::engine::RuntimeOptions;
use crate::fair::Crowded;
use crate::guests::{Guest, OUTCOME, PAGE, ROWS, open, open_for, options, run};

fn counting() -> Guest {
    let count = format!("(i32.store (i32.const {ROWS}) (i32.add (i32.load (i32.const {ROWS})) (i32.const 1)))");
    Guest {
        check: format!("{count} i32.const 512"),
        read: format!("{count} i32.const {PAGE}"),
        // Its summary is as long as the count.
        invoke: format!("{count} (i32.store (i32.const {}) (i32.load (i32.const {ROWS}))) i32.const {OUTCOME}", OUTCOME + 8),
        ..Guest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_ends_and_frees_its_room() {
    let runtime = Runtime::new(RuntimeOptions { max_instances: Some(1), ..options() }).unwrap();
    let spins = runtime.load(&Guest::reading(SPIN).package()).await.unwrap();
    let honest = runtime.load(&Guest::default().package()).await.unwrap();
    let budget = Budget { call: Duration::from_millis(50), ..Budget::default() };
    let run = open(&runtime, &spins, budget);
    assert_eq!(excess(run.read("users", None, None).await).resource, Resource::Call);
    open(&runtime, &honest, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_future_is_dropped_frees_its_room() {
    let runtime = Runtime::new(RuntimeOptions { max_instances: Some(1), ..options() }).unwrap();
    let spins = runtime.load(&Guest::reading(SPIN).package()).await.unwrap();
    let honest = runtime.load(&Guest::default().package()).await.unwrap();
    let run = open(&runtime, &spins, Budget::default());
    let mut call = Box::pin(run.read("users", None, None));
    while runtime.core.room.free() > 0 {
        assert!(call.as_mut().now_or_never().is_none());
    }
    drop(call);
    open(&runtime, &honest, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_waits_for_its_rate_holds_no_instance() {
    let runtime = Runtime::new(RuntimeOptions { keep_instance: Duration::ZERO, max_instances: Some(1), ..options() }).unwrap();
    let connector = runtime.load(&counting().package()).await.unwrap();
    let run = open(&runtime, &connector, Budget { requests_per_minute: Some(1), ..Budget::default() });
    // Pages that ask the vendor for nothing cost no turn.
    for _ in 0..3 {
        run.read("users", None, None).await.unwrap();
    }
    let turn = run.session.gate.ahead().await.unwrap();
    while runtime.core.room.free() == 0 {
        tokio::task::yield_now().await;
    }
    let mut page = Box::pin(run.read("users", None, None));
    assert!(page.as_mut().now_or_never().is_none());
    assert_eq!(runtime.core.room.free(), 1, "it took room for an instance before its turn");
    open_for("another", &runtime, &connector, Budget::default()).check().await.unwrap();
    assert!(page.as_mut().now_or_never().is_none());
    // Who gives up gives the turn back; one whose turn is past the call's end doesn't wait for it.
    drop(page);
    drop(turn);
    run.read("users", None, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_page_is_served_beside_connectors_that_spin() {
    let runtime = Runtime::new(options()).unwrap();
    let spins = runtime.load(&Guest::reading(SPIN).package()).await.unwrap();
    let honest = runtime.load(&Guest::default().package()).await.unwrap();
    let spinning = open(&runtime, &spins, Budget::default());
    let spinning = Arc::new(spinning);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let run = Arc::clone(&spinning);
            tokio::spawn(async move { run.read("users", None, None).await })
        })
        .collect();
    let started = Instant::now();
    let run = open(&runtime, &honest, Budget::default());
    for _ in 0..20 {
        run.read("users", None, None).await.unwrap();
    }
    // Twenty ticks of twenty spinning connectors would be 0.4 s a page; the bound is for machines that do other things, too.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_serves_the_next_page_but_never_an_action() {
    let (_runtime, run) = run(&counting(), Budget::default()).await;
    let mut rows = Vec::new();
    for _ in 0..3 {
        rows.push(run.read("users", None, None).await.unwrap().rows);
    }
    assert_eq!(rows, [1, 2, 3]);
    for _ in 0..2 {
        assert_eq!(run.invoke("act", &serde_json::json!({})).await.unwrap().summary.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_nobody_needs_is_dropped() {
    let runtime = Runtime::new(RuntimeOptions { keep_instance: Duration::ZERO, max_instances: Some(1), ..options() }).unwrap();
    let connector = runtime.load(&counting().package()).await.unwrap();
    let (one, two) = (open(&runtime, &connector, Budget::default()), open(&runtime, &connector, Budget::default()));
    for _ in 0..20 {
        one.read("users", None, None).await.unwrap();
        two.read("users", None, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_run_may_run_at_once() {
    let (_runtime, run) = run(&counting(), Budget::default()).await;
    let calls = (0..16).map(|_| run.read("users", None, None));
    for page in futures::future::join_all(calls).await {
        page.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_room_ends_and_says_for_whom() {
    let options = RuntimeOptions { max_instances: Some(1), max_queueing: Duration::from_millis(20), ..options() };
    let runtime = Runtime::new(options).unwrap();
    let connector = runtime.load(&Guest::default().package()).await.unwrap();
    let _held = runtime.core.room.enter(&"acme".parse().unwrap(), Duration::ZERO).await.unwrap();
    let waits = open(&runtime, &connector, Budget::default());
    let late = waits.check().await.err().unwrap();
    assert!(matches!(&late, CallError::Crowded(Crowded::Late { permits: 1, .. })) && late.is_retryable(), "{late}");
    assert!(late.to_string().contains("got no room for an instance within"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_a_full_queue_is_refused_at_once_and_the_waiting_are_served() {
    let runtime =
        Runtime::new(RuntimeOptions { max_instances: Some(1), max_queued: 2, keep_instance: Duration::ZERO, ..options() })
            .unwrap();
    let connector = runtime.load(&Guest::default().package()).await.unwrap();
    let held = runtime.core.room.enter(&"acme".parse().unwrap(), Duration::ZERO).await.unwrap();
    let run = open(&runtime, &connector, Budget::default());
    let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(run.read("users", None, None))).collect();
    assert!(waiting.iter_mut().all(|call| call.as_mut().now_or_never().is_none()));
    let refused = run.check().await;
    assert!(matches!(refused, Err(CallError::Crowded(Crowded::Tenant { limit: 2, .. }))));
    drop(held);
    for page in futures::future::join_all(waiting).await {
        page.unwrap();
    }
}
