//! Those who were active are judged apart: the many accounts that are out of use don't make much of few.

use headcount_model::{Records, UserStatus};
use headcount_store::{Apply, Holds, SyncRules};

use crate::acme::*;
use crate::world::*;

/// A hundred users, of whom all but the first so many are inactive.
fn active(count: usize) -> Records {
    inactive(people(1..=100), count..100)
}

async fn with_active(count: usize) -> Acme {
    let acme = Acme { world: World::new().await };
    acme.sync(active(count), &complete(0)).await;
    acme
}

/// What a run proves that read all of these, and something else not to its end.
fn nearly(hour: i64) -> Apply {
    let whole = complete(hour);
    let rules = whole.rules.clone().map(|rules| SyncRules { complete: false, ..rules });
    Apply { rules, ..whole }
}

#[tokio::test]
async fn the_last_five_of_a_hundred_do_not_all_turn_inactive() {
    let acme = with_active(5).await;
    let (session, applied) = acme.sync(active(0), &complete(1)).await;
    assert_eq!(applied.held, ["all 5 users who were active are newly inactive at the vendor: more than 3 wait for a person"]);
    assert_eq!((applied.waiting, acme.status("1").await), (Some(session), None));
    acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!(acme.status("1").await, Some(UserStatus::Inactive));
}

#[tokio::test]
async fn nor_do_they_all_vanish() {
    let acme = with_active(5).await;
    let (_, applied) = acme.sync(inactive(people(5..=100), 1..96), &complete(1)).await;
    assert_eq!(applied.held, ["4 of 5 users who were active are missing at the vendor: more than 3 wait for a person"]);
    let (_, applied) = acme.sync(inactive(people(3..=100), 0..98), &complete(2)).await;
    assert!(
        applied.held[0].starts_with("all 5 users who were active are missing at the vendor, or newly inactive there (3): "),
        "{applied:?}"
    );
    assert_eq!(acme.present().await, 100);
}

#[tokio::test]
async fn three_or_a_share_of_those_who_were_active_may_go() {
    let acme = with_active(5).await;
    let (_, applied) = acme.sync(active(2), &complete(1)).await;
    assert_eq!((applied.held.len(), acme.status("3").await), (0, Some(UserStatus::Inactive)));
    // Who is inactive already loses nothing: ten of a hundred may go.
    let (_, applied) = acme.sync(inactive(people(1..=90), 2..90), &complete(30)).await;
    assert_eq!((applied.held.len(), acme.present().await), (0, 90));

    let acme = with_active(60).await;
    let (_, applied) = acme.sync(active(54), &complete(1)).await;
    assert!(applied.held.is_empty(), "{applied:?}");
    let (_, applied) = acme.sync(active(46), &complete(30)).await;
    assert_eq!(
        applied.held,
        ["8 of 54 users who were active are newly inactive at the vendor: more than 5 (10 %) wait for a person"]
    );
}

#[tokio::test]
async fn small_losses_of_those_who_were_active_add_up_whatever_becomes_of_them() {
    let acme = with_active(5).await;
    let (_, applied) = acme.sync(active(2), &complete(1)).await;
    assert!(applied.held.is_empty(), "{applied:?}");
    // The three are gone by now, and the last two are inactive.
    let rest = || inactive(people((1..=2).chain(6..=100)), 0..97);
    let (_, applied) = acme.sync(rest(), &complete(2)).await;
    assert_eq!(
        applied.held,
        [
            "all 2 users who were active are newly inactive at the vendor, 3 more were lost in the 24 hours before: more than 3 wait for a person"
        ]
    );
    // A day later these two alone are not too many.
    let (_, applied) = acme.sync(rest(), &complete(60)).await;
    assert_eq!((applied.held.len(), acme.status("1").await), (0, Some(UserStatus::Inactive)));
}

#[tokio::test]
async fn who_comes_with_a_session_makes_nothing_of_those_who_were_active_before() {
    let acme = with_active(3).await;
    // The three turn inactive, two others are active again, and ten are new.
    let mut records = inactive(people(1..=110), 0..100);
    records.users[50..52].iter_mut().for_each(|user| user.status = Some(UserStatus::Active));
    let (_, applied) = acme.sync(records, &complete(1)).await;
    assert_eq!(applied.held, ["all 3 users who were active are newly inactive at the vendor: none would be left"]);
    assert_eq!((acme.present().await, acme.status("51").await), (110, Some(UserStatus::Active)));
}

#[tokio::test]
async fn what_waits_and_what_was_turned_down_count_for_those_who_were_active() {
    let acme = with_active(30).await;
    let (first, applied) = acme.sync(active(26), &complete(1)).await;
    assert_eq!(applied.waiting, Some(first), "{applied:?}");
    // One more, in a run that decides nothing.
    let (second, applied) = acme.sync(active(25), &nearly(26)).await;
    assert_eq!(
        applied.held,
        [
            "1 of 30 users who were active is newly inactive at the vendor, 4 more were waiting already: more than 3 wait for a person"
        ]
    );
    acme.world.store.reject(&tenant("acme"), second, &by(27)).await.unwrap();
    // The five stay active here: of the others, all are lost.
    let (_, applied) = acme.sync(active(0), &complete(60)).await;
    assert_eq!(applied.held, ["25 of 100 users are newly inactive at the vendor: more than 10 (10 %) wait for a person"]);
    let acme = with_active(10).await;
    let (first, _) = acme.sync(active(3), &complete(1)).await;
    acme.world.store.reject(&tenant("acme"), first, &by(2)).await.unwrap();
    let (_, applied) = acme.sync(active(0), &complete(60)).await;
    assert_eq!(applied.held, ["all 3 users who were active are newly inactive at the vendor: none would be left"]);
}
