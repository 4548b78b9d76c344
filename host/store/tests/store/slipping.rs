//! Losses of several partial runs don't slip under the threshold one by one while others wait.

use headcount_model::{Kind, Records};
use headcount_store::{Apply, Holds, MappingStore, SyncRules};

use crate::acme::*;
use crate::world::*;

/// What a run proves that read all of these, and something else not to its end.
fn nearly(hour: i64) -> Apply {
    let whole = complete(hour);
    let rules = whole.rules.clone().map(|rules| SyncRules { complete: false, ..rules });
    Apply { rules, ..whole }
}

#[tokio::test]
async fn what_waits_counts_with_what_a_partial_run_lacks() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(people(21..=100), &complete(1)).await;
    // A few more each day, none of them many.
    let mut waiting = first;
    for (day, from) in [(1, 24), (2, 27), (3, 30)] {
        let (session, applied) = acme.sync(people(from..=100), &nearly(1 + day * 24)).await;
        assert!(applied.held.iter().any(|why| why.contains("waiting already")), "day {day}: {applied:?}");
        assert_eq!((applied.waiting, acme.present().await), (Some(session), 100), "day {day}");
        assert_eq!(applied.kinds[&Kind::User].held, u64::from(from - 1));
        waiting = session;
    }
    let outcome = acme.world.store.release(&tenant("acme"), waiting, &by(80)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], acme.present().await), (29, 71));
}

#[tokio::test]
async fn what_waited_and_is_back_does_not_count() {
    let acme = Acme::of_a_hundred().await;
    acme.sync(people(21..=100), &complete(1)).await;
    let back = (1..=20).chain(24..=100);
    let (_, applied) = acme.sync(people(back), &nearly(25)).await;
    assert_eq!((applied.held.len(), applied.waiting, acme.present().await), (0, None, 97), "{applied:?}");
}

#[tokio::test]
async fn changed_addresses_that_wait_count_with_those_of_a_partial_run() {
    let acme = Acme::of_a_hundred().await;
    let moved =
        |count: u32| users((1..=100).map(|id| user(&id.to_string(), &format!("{id}@{}", if id <= count { "y" } else { "x" }))));
    acme.sync(moved(11), &complete(1)).await;
    let (_, applied) = acme.sync(moved(13), &nearly(25)).await;
    assert!(applied.held.iter().any(|why| why.contains("addresses of 13 of 100")), "{applied:?}");
    assert_eq!(acme.world.user("acme", "13").await.1.email.as_deref(), Some("13@x"));
}

#[tokio::test]
async fn holders_that_wait_count_towards_half_of_a_target() {
    let acme = Acme { world: World::new().await };
    let company = |held: std::ops::RangeInclusive<u32>| -> Records {
        let mut records = people(1..=40);
        records.groups = (0..5).map(|id| group(&id.to_string(), "g")).collect();
        let others = (1..5).flat_map(|group| (1..=40).map(move |id| grant(&format!("user:{id}"), &format!("group:{group}"))));
        records.grants = held.map(|id| grant(&format!("user:{id}"), "group:0")).chain(others).collect();
        records
    };
    acme.sync(company(1..=12), &complete(0)).await;
    let (_, more) = acme.sync(company(8..=12), &complete(1)).await;
    assert!(more.held.iter().any(|why| why.contains("7 of 12 holders of group 0")), "{more:?}");
    let (_, again) = acme.sync(company(9..=12), &nearly(25)).await;
    assert!(again.held.iter().any(|why| why.contains("8 of 12 holders of group 0")), "{again:?}");
    assert_eq!(acme.world.present("acme", Kind::Grant).await.len(), 172);
}

#[tokio::test]
async fn who_stays_by_a_decision_is_none_of_those_that_can_be_lost() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(people(93..=100), &complete(1)).await;
    acme.world.store.reject(&tenant("acme"), first, &by(2)).await.unwrap();
    // All that were still listed, and few of a hundred.
    let (_, applied) = acme.sync(people([]), &complete(30)).await;
    assert!(applied.held.iter().any(|why| why.contains("all 8 users")), "{applied:?}");
    assert_eq!(acme.present().await, 100);
}

#[tokio::test]
async fn who_was_taken_out_of_scope_today_makes_nothing_of_who_is_left() {
    let acme = Acme::of_a_hundred().await;
    let out: Vec<String> = (10..=100).map(|id| id.to_string()).collect();
    let left = acme.world.store.leave_out(&tenant("acme"), &connection_id("one"), Kind::User, &out, at(1)).await.unwrap();
    assert_eq!((left, acme.present().await), (91, 9));
    let (_, applied) = acme.sync(people(6..=9), &complete(1)).await;
    assert!(applied.held.iter().any(|why| why.contains("5 of 9 users")), "{applied:?}");
    assert_eq!(acme.present().await, 9);
}
