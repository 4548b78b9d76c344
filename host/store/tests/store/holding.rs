//! Removals that are too many wait for a person.

use headcount_model::{Kind, Records, Scope, User, UserStatus};
use headcount_store::{Apply, Deactivate, Extent, Holds, How, Preferences, SessionState, StoreError, What, Writes};

use crate::acme::*;
use crate::world::*;

#[tokio::test]
async fn what_is_new_comes_in_while_too_many_removals_wait() {
    let acme = Acme::of_a_hundred().await;
    let (session, applied) = acme.sync(people(12..=101), &complete(1)).await;
    assert_eq!(applied.waiting, Some(session));
    assert!(applied.held[0].contains("11 of 100 users are missing at the vendor: more than 10 (10 %)"), "{:?}", applied.held);
    let tally = applied.kinds[&Kind::User];
    assert_eq!((tally.created, tally.removed, tally.held, tally.kept), (1, 0, 11, 11));
    assert_eq!((acme.present().await, acme.state(session).await), (101, SessionState::Held));
    let diff = acme.world.store.diff(&tenant("acme"), session, 0, 100).await.unwrap();
    assert_eq!(diff.iter().filter(|row| row.held == Some(How::Missing)).count(), 11);
    assert_eq!(diff.iter().filter(|row| row.what == Some(What::Created)).count(), 1);
    assert!(diff.iter().all(|row| row.name.is_some()));
}

#[tokio::test]
async fn ten_of_a_hundred_go_and_ten_more_the_same_day_wait() {
    let acme = Acme::of_a_hundred().await;
    let (_, first) = acme.sync(people(6..=100), &complete(30)).await;
    assert_eq!((first.held.len(), acme.present().await), (0, 95));
    let (_, second) = acme.sync(people(11..=100), &complete(31)).await;
    assert_eq!((second.held.len(), acme.present().await), (0, 90));
    let (_, third) = acme.sync(people(12..=100), &complete(32)).await;
    assert!(
        third.held[0].contains("1 of 90 users is") && third.held[0].contains("10 more were lost in the 24 hours before"),
        "{third:?}"
    );
    assert_eq!(acme.present().await, 90);
    // A day after the first two, that one alone is not too many.
    let (_, later) = acme.sync(people(12..=100), &complete(60)).await;
    assert_eq!((later.held.len(), later.waiting, acme.present().await), (0, None, 89));
}

#[tokio::test]
async fn newly_inactive_users_count_as_lost_and_keep_their_status_while_they_wait() {
    let acme = Acme::of_a_hundred().await;
    let mut records = inactive(people(1..=100), 0..11);
    records.users[0].title = Some("Dr".into());
    let (session, applied) = acme.sync(records.clone(), &complete(1)).await;
    assert_eq!(applied.kinds[&Kind::User].held, 11);
    let (_, first) = acme.world.user("acme", "1").await;
    assert_eq!((first.status, first.title.as_deref()), (None, Some("Dr")), "the rest of the record is brought in");
    // The same again is held again under its own number, since it was the same day's.
    let (again, _) = acme.sync(records, &complete(2)).await;
    assert_eq!((acme.state(session).await, acme.waiting().await), (SessionState::Superseded, Some(again)));
    let outcome = acme.world.store.release(&tenant("acme"), again, &by(3)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.left), (11, 0));
    assert_eq!((acme.status("1").await, acme.status("12").await), (Some(UserStatus::Inactive), None));
    assert_eq!(acme.state(again).await, SessionState::Released);
}

#[tokio::test]
async fn missing_and_inactive_ones_add_up() {
    let acme = Acme::of_a_hundred().await;
    let (_, few) = acme.sync(inactive(people(6..=100), 0..5), &complete(1)).await;
    assert!(few.held.is_empty());
    assert_eq!((acme.present().await, acme.status("6").await), (95, Some(UserStatus::Inactive)));
    let (_, more) = acme.sync(inactive(people(6..=100), 0..6), &complete(2)).await;
    assert!(more.held[0].contains("1 of 95 users is newly inactive at the vendor, 10 more were lost"), "{more:?}");
    assert_eq!(acme.status("11").await, None);
}

#[tokio::test]
async fn a_newer_complete_run_replaces_what_waits_and_a_partial_one_does_not() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(people(21..=100), &complete(1)).await;
    let (_, applied) = acme.sync(people(21..=50), &partial(2)).await;
    assert_eq!((applied.waiting, applied.kinds[&Kind::User].held), (Some(first), 20));
    // A partial run that sees some of them again takes these from what waits.
    let (_, applied) = acme.sync(people(11..=50), &partial(3)).await;
    assert_eq!((applied.waiting, applied.kinds[&Kind::User].held), (Some(first), 10));
    let (second, applied) = acme.sync(people(31..=100), &complete(4)).await;
    assert_eq!((applied.waiting, applied.kinds[&Kind::User].held), (Some(second), 30));
    assert_eq!((acme.state(first).await, acme.waiting().await), (SessionState::Superseded, Some(second)));
    let refused = acme.world.store.release(&tenant("acme"), first, &by(5)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::NothingHeld { reason, .. } if reason.contains("newer")), "{refused}");
    assert_eq!(acme.present().await, 100);
}

#[tokio::test]
async fn what_is_back_ends_the_wait() {
    let acme = Acme::of_a_hundred().await;
    let (session, _) = acme.sync(people(21..=100), &complete(1)).await;
    let (_, applied) = acme.sync(people(1..=100), &complete(2)).await;
    assert_eq!((applied.waiting, acme.state(session).await), (None, SessionState::Superseded));
    assert_eq!((acme.present().await, acme.waiting().await), (100, None));
}

#[tokio::test]
async fn a_partial_run_does_not_slip_through_what_waits() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(inactive(people(1..=100), 0..20), &complete(1)).await;
    // Three of them alone are few; but they wait.
    let (_, applied) = acme.sync(inactive(people(1..=3), 0..3), &partial(2)).await;
    assert_eq!((applied.held.len(), applied.waiting), (0, Some(first)));
    assert_eq!(acme.status("1").await, None);
}

#[tokio::test]
async fn all_of_a_kind_or_half_of_a_targets_holders_wait() {
    let acme = Acme { world: World::new().await };
    let company = |groups: u32, holders: u32| {
        let mut records = people(1..=40);
        records.groups = (0..groups).map(|id| group(&id.to_string(), "g")).collect();
        let held = |group: u32, count: u32| (1..=count).map(move |id| grant(&format!("user:{id}"), &format!("group:{group}")));
        records.grants = held(0, holders).chain((1..groups).flat_map(|group| held(group, 40))).collect();
        records
    };
    acme.sync(company(4, 12), &complete(0)).await;
    let (_, half) = acme.sync(company(4, 6), &complete(1)).await;
    assert!(half.held.is_empty(), "six of twelve are half, not more: {half:?}");
    let (_, more) = acme.sync(company(4, 5), &complete(2)).await;
    assert!(more.held.iter().any(|why| why.contains("7 of 12 holders of group 0")), "{more:?}");
    let (_, all) = acme.sync(company(0, 0), &complete(3)).await;
    assert!(all.held.iter().any(|why| why.contains("all 4 groups are missing")), "{all:?}");
    assert_eq!(acme.world.present("acme", Kind::Group).await.len(), 4);
}

#[tokio::test]
async fn too_many_changed_addresses_wait_and_few_do_not() {
    let acme = Acme::of_a_hundred().await;
    let moved =
        |count: u32| users((1..=100).map(|id| user(&id.to_string(), &format!("{id}@{}", if id <= count { "y" } else { "x" }))));
    let (_, few) = acme.sync(moved(10), &complete(1)).await;
    assert!(few.held.is_empty() && few.kinds[&Kind::User].updated == 10);
    let (session, many) = acme.sync(moved(11), &complete(2)).await;
    assert!(many.held[0].contains("the e-mail addresses of 11 of 100 users would change"), "{many:?}");
    assert_eq!(acme.world.user("acme", "11").await.1.email.as_deref(), Some("11@x"));
    acme.world.store.release(&tenant("acme"), session, &by(3)).await.unwrap();
    assert_eq!(acme.world.user("acme", "11").await.1.email.as_deref(), Some("11@y"));
}

#[tokio::test]
async fn a_test_run_keeps_the_diff_that_a_real_one_would_make() {
    let acme = Acme::of_a_hundred().await;
    let found = || people(21..=102);
    let (test, _) = acme.test(found(), &complete(1)).await;
    let (real, _) = acme.sync(found(), &complete(2)).await;
    let diff = async |session| {
        let rows = acme.world.store.diff(&tenant("acme"), session, 0, 1_000).await.unwrap();
        rows.into_iter().map(|row| (row.what, row.held, row.kind, row.id, row.name, row.fields)).collect::<Vec<_>>()
    };
    assert_eq!(diff(test).await.len(), 22);
    assert_eq!(diff(test).await, diff(real).await);
    assert_eq!(acme.waiting().await, Some(real));
}

#[tokio::test]
async fn a_diff_that_is_no_longer_kept_says_so_and_what_took_its_place() {
    let acme = Acme::of_a_hundred().await;
    let told = async |session| match acme.world.store.diff(&tenant("acme"), session, 0, 10).await {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(error @ StoreError::DiffDropped { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
    };
    let (nothing, _) = acme.test(people(1..=100), &complete(1)).await;
    let (first, _) = acme.test(people(21..=100), &complete(1)).await;
    let (second, _) = acme.test(people(1..=101), &complete(1)).await;
    assert_eq!((told(nothing).await, told(second).await), ("0 rows".to_owned(), "1 rows".to_owned()));
    assert!(
        told(first).await.contains(&format!("no longer kept: session {second} is a newer test run")),
        "{}",
        told(first).await
    );

    let (older, _) = acme.sync(people(21..=100), &complete(2)).await;
    let (newer, _) = acme.sync(people(22..=100), &complete(3)).await;
    assert!(told(older).await.contains(&format!("session {newer} took its place")), "{}", told(older).await);
    acme.sync(people(1..=100), &complete(4)).await;
    assert!(told(newer).await.contains("or the records are back"), "{}", told(newer).await);

    let foreign = headcount_store::Foreign {
        scope: Scope { organization: "other".into(), label: String::new(), facts: vec![], feeds: vec![], expires_at: None },
        reason: "it is of other".into(),
    };
    let (other, _) = acme.sync(people(201..=230), &Apply { foreign: Some(foreign), ..complete(5) }).await;
    assert_eq!(told(other).await, "10 rows");
    acme.world.store.reject(&tenant("acme"), other, &by(6)).await.unwrap();
    assert!(told(other).await.contains("it is rejected"), "{}", told(other).await);
}

#[tokio::test]
async fn preferences_say_what_is_written_and_what_is_taken_away() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let set = async |preferences| store.put_preferences(&tenant("acme"), &connection_id("one"), &preferences).await.unwrap();
    let named = |id: &str, title: &str| User { title: Some(title.into()), ..user(id, &format!("{id}@x")) };
    let with = |ids: std::ops::RangeInclusive<u32>, more: Vec<User>| {
        let mut records = people(ids);
        records.users.extend(more);
        records
    };
    set(Preferences { writes: Writes::CreateOnly, ..Preferences::default() }).await;
    let (_, applied) = acme.sync(with(2..=100, vec![named("1", "Dr"), named("101", "Dr")]), &complete(1)).await;
    assert_eq!((applied.kinds[&Kind::User].created, applied.kinds[&Kind::User].updated), (1, 0));
    assert_eq!(acme.world.user("acme", "1").await.1.title, None);

    set(Preferences { writes: Writes::UpdateOnly, ..Preferences::default() }).await;
    let (_, applied) = acme.sync(with(2..=101, vec![named("1", "Dr"), named("102", "Dr")]), &complete(2)).await;
    assert_eq!((applied.kinds[&Kind::User].left, applied.kinds[&Kind::User].updated), (1, 2));
    assert_eq!((acme.world.user("acme", "1").await.1.title.as_deref(), acme.present().await), (Some("Dr"), 101));

    set(Preferences { deactivate: Deactivate::Inactive, ..Preferences::default() }).await;
    let (_, applied) = acme.sync(inactive(people(2..=101), 0..1), &complete(3)).await;
    assert_eq!((applied.kinds[&Kind::User].removed, acme.present().await), (0, 101));
    assert_eq!(acme.status("2").await, Some(UserStatus::Inactive));

    set(Preferences { deactivate: Deactivate::Never, ..Preferences::default() }).await;
    let (_, applied) = acme.sync(inactive(people(2..=101), 0..90), &complete(4)).await;
    assert!(applied.held.is_empty());
    assert_eq!((acme.status("3").await, acme.present().await), (None, 101));

    set(Preferences { extent: Extent::PeopleOnly, ..Preferences::default() }).await;
    let mut records = people(2..=101);
    records.groups = vec![group("g", "Staff")];
    let (_, applied) = acme.sync(records, &complete(5)).await;
    assert_eq!((applied.kinds.get(&Kind::Group), applied.kinds[&Kind::User].removed), (None, 1));
}

#[tokio::test]
async fn where_who_is_missing_stays_so_do_his_grants() {
    let acme = Acme { world: World::new().await };
    let company = |users: std::ops::RangeInclusive<u32>, held: std::ops::RangeInclusive<u32>| {
        let mut records = people(users);
        records.groups = vec![group("g", "Staff")];
        records.grants = held.map(|id| grant(&format!("user:{id}"), "group:g")).collect();
        records
    };
    acme.sync(company(1..=40, 1..=40), &complete(0)).await;
    let inactive = Preferences { deactivate: Deactivate::Inactive, ..Preferences::default() };
    acme.world.store.put_preferences(&tenant("acme"), &connection_id("one"), &inactive).await.unwrap();
    // Ten are missing, and one has left the group.
    let (_, applied) = acme.sync(company(11..=40, 12..=40), &complete(1)).await;
    assert!(applied.held.is_empty(), "{applied:?}");
    assert_eq!((acme.present().await, applied.kinds[&Kind::Grant].removed), (40, 1));
    assert_eq!(acme.world.present("acme", Kind::Grant).await.len(), 39);
}

#[tokio::test]
async fn those_that_came_since_the_first_sync_are_not_all_of_them() {
    let acme = Acme { world: World::new().await };
    acme.sync(people(1..=115), &complete(0)).await;
    acme.sync(people(1..=230), &complete(1)).await;
    let (_, applied) = acme.sync(people(1..=115), &complete(2)).await;
    assert_eq!(
        applied.held,
        ["115 of 230 users are missing at the vendor: more than 11 (10 % of the 115 of 24 hours ago) wait for a person"]
    );
    assert_eq!(applied.kinds[&Kind::User].held, 115);
    let (_, none) = acme.sync(Records::default(), &complete(3)).await;
    assert!(none.held[0].starts_with("all 230 users are missing at the vendor: more than 11 "), "{none:?}");
}

#[tokio::test]
async fn grants_of_a_diff_are_told_by_the_names_of_what_they_connect() {
    let acme = Acme::of_a_hundred().await;
    let whole = |grants: bool| {
        let mut records = people(1..=100);
        records.users[0].display_name = Some("Ana Novak".into());
        records.groups = vec![group("g", "Staff"), group("lead", "Leads")];
        let held = |id: u32| {
            let role = (id == 1).then(|| "owner".to_owned());
            let via = (id == 1).then(|| reference("group:lead"));
            headcount_model::Grant { role, via, ..grant(&format!("user:{id}"), "group:g") }
        };
        records.grants = if grants { (1..=30).map(held).collect() } else { vec![] };
        records
    };
    // Another connection has the same ids, and another tenant, too.
    for (tenant, connection) in [("acme", "two"), ("globex", "one")] {
        let mut others = people(1..=2);
        others.groups = vec![group("g", "Others")];
        acme.world.sync(tenant, connection, &[page("all", others)], &proven(1, &["all"])).await;
    }
    let named = async |session| {
        let rows = acme.world.store.diff(&tenant("acme"), session, 0, 1_000).await.unwrap();
        let grants = rows.into_iter().filter(|row| row.kind == "grant");
        grants.map(|row| (row.held.is_some(), row.name.unwrap_or_default())).collect::<std::collections::BTreeSet<_>>()
    };
    let (session, _) = acme.sync(whole(true), &complete(1)).await;
    let brought = named(session).await;
    assert_eq!(brought.len(), 30);
    assert!(brought.contains(&(false, "Ana Novak holds group Staff as owner through group Leads".into())), "{brought:?}");
    assert!(brought.contains(&(false, "2@x holds group Staff".into())), "{brought:?}");
    // All of them are gone at once: they wait, and whoever decides reads whose they are.
    let (session, applied) = acme.sync(whole(false), &complete(2)).await;
    assert_eq!(applied.kinds[&Kind::Grant].held, 30);
    assert_eq!(named(session).await, brought.into_iter().map(|(_, name)| (true, name)).collect());
}
