//! Turns: who gets the next permit, and who is turned away.

use futures::FutureExt as _;

use super::*;

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn fair(permits: usize) -> Arc<Fair> {
    Fair::new("room", permits, Queue { each: 3, all: 5 })
}

type Waiting = std::pin::Pin<Box<dyn Future<Output = Result<Permit, Crowded>>>>;

/// Somebody who waits, and has been polled once.
fn waits(fair: &Arc<Fair>, name: &str) -> Waiting {
    let fair = fair.clone();
    let tenant = tenant(name);
    let mut waiting: Waiting = Box::pin(async move { fair.enter(&tenant, Duration::from_secs(3_600)).await });
    assert!(waiting.as_mut().now_or_never().is_none());
    waiting
}

fn has(waiting: &mut Waiting) -> Option<Permit> {
    Some(waiting.as_mut().now_or_never()?.unwrap())
}

#[tokio::test]
async fn tenants_are_served_in_turn_and_each_in_its_own_order() {
    let fair = fair(1);
    let mut held = fair.enter(&tenant("greedy"), Duration::ZERO).await.unwrap();
    let mut waiting: Vec<Waiting> =
        ["greedy", "greedy", "greedy", "modest", "late"].iter().map(|name| waits(&fair, name)).collect();
    for expected in [0, 3, 4, 1, 2] {
        drop(held);
        held = has(&mut waiting[expected]).unwrap_or_else(|| panic!("{expected} waits still"));
        waiting[expected] = Box::pin(futures::future::pending());
        assert!(waiting.iter_mut().all(|one| has(one).is_none()), "more than {expected} were served");
    }
    drop(held);
    assert_eq!((fair.free(), fair.waiting()), (1, 0));
}

#[tokio::test]
async fn a_full_queue_turns_away_and_says_whose_it_is() {
    let fair = fair(1);
    let held = fair.enter(&tenant("a"), Duration::ZERO).await.unwrap();
    let mut waiting: Vec<Waiting> = ["a", "a", "a"].iter().map(|name| waits(&fair, name)).collect();
    let refused = fair.enter(&tenant("a"), Duration::ZERO).await.err().unwrap();
    assert_eq!(refused, Crowded::Tenant { tenant: tenant("a"), what: "room", limit: 3 });
    assert!(refused.to_string().contains("tenant a has 3 waiting for room"), "{refused}");
    waiting.extend(["b", "b"].iter().map(|name| waits(&fair, name)));
    let refused = fair.enter(&tenant("b"), Duration::ZERO).await.err().unwrap();
    assert_eq!(refused, Crowded::All { tenant: tenant("b"), what: "room", limit: 5 });
    // Whoever leaves makes a place.
    drop(waiting.remove(0));
    let _again = waits(&fair, "b");
    drop((held, waiting));
}

#[tokio::test]
async fn a_wait_has_an_end_and_the_error_says_how_long_it_was() {
    let fair = fair(2);
    let _held = (fair.enter(&tenant("a"), Duration::ZERO).await, fair.enter(&tenant("c"), Duration::ZERO).await);
    let late = fair.enter(&tenant("b"), Duration::from_millis(5)).await.err().unwrap();
    assert!(matches!(&late, Crowded::Late { permits: 2, .. }), "{late}");
    assert!(late.to_string().starts_with("tenant b got no room within "), "{late}");
    assert_eq!(fair.waiting(), 0);
}

#[tokio::test]
async fn whoever_leaves_gives_his_place_or_his_permit_to_the_next() {
    let fair = fair(1);
    let held = fair.enter(&tenant("a"), Duration::ZERO).await.unwrap();
    let (gone, served_and_gone, mut last) = (waits(&fair, "a"), waits(&fair, "b"), waits(&fair, "c"));
    drop(gone);
    // The permit is on its way to the second, who leaves without having looked.
    drop(held);
    assert!(has(&mut last).is_none());
    drop(served_and_gone);
    drop(has(&mut last).unwrap());
    assert_eq!((fair.free(), fair.waiting()), (1, 0));
    assert!(fair.state.lock().unwrap().lines.is_empty() && fair.state.lock().unwrap().turns.is_empty());
}

#[tokio::test]
async fn no_tenant_has_more_than_half_and_whoever_has_that_waits_for_its_own() {
    let fair = fair(4);
    let mut held: Vec<Permit> = Vec::new();
    for name in ["greedy", "greedy", "modest"] {
        held.push(fair.enter(&tenant(name), Duration::ZERO).await.unwrap());
    }
    let (mut third, mut fourth) = (waits(&fair, "greedy"), waits(&fair, "greedy"));
    assert_eq!((fair.free(), fair.waiting()), (1, 2), "one is free, and greedy has its half");
    assert!(fair.is_wanted_of(&tenant("greedy")) && !fair.is_wanted_of(&tenant("modest")));
    drop(held.pop());
    assert!(has(&mut third).is_none() && fair.free() == 2, "what another gives back is not for greedy");
    let late = fair.enter(&tenant("late"), Duration::ZERO).await.unwrap();
    let modest = fair.enter(&tenant("modest"), Duration::ZERO).await.unwrap();
    let mut later = waits(&fair, "late");
    drop(held.pop());
    let third = has(&mut third).or_else(|| has(&mut fourth)).expect("greedy waited first");
    assert!(has(&mut later).is_none());
    drop(late);
    let later = has(&mut later).unwrap();
    drop((modest, held, third, later));
    drop(has(&mut fourth));
    assert_eq!((fair.free(), fair.waiting()), (4, 0));
    assert!(fair.state.lock().unwrap().held.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_permit_is_lost_or_made_however_many_come_and_go() {
    let fair = Fair::new("room", 3, Queue { each: 1_000, all: 1_000 });
    let tasks = (0..300_u32).map(|at| {
        let fair = fair.clone();
        tokio::spawn(async move {
            // Some don't wait long enough, some give up at once.
            let patience = Duration::from_micros(u64::from(at % 7) * 300);
            if let Ok(permit) = fair.enter(&tenant(&format!("t{}", at % 5)), patience).await {
                assert!(fair.free() < 3);
                tokio::task::yield_now().await;
                drop(permit);
            }
        })
    });
    futures::future::try_join_all(tasks).await.unwrap();
    assert_eq!((fair.free(), fair.waiting()), (3, 0));
    assert!(fair.state.lock().unwrap().held.is_empty());
}
