//! What a filter drops was seen: it neither waits to be removed, nor loses what hangs on it.

use std::collections::BTreeMap;

use headcount_model::{Grant, Kind, Records, Reference, SessionId};
use headcount_store::{Applied, Apply, Holds, MappingStore, SessionState, StagedPage, Store};

use crate::acme::*;
use crate::world::*;

/// A session in which a filter dropped these.
async fn sync_dropping(acme: &Acme, mut records: Records, dropped: &[&str], apply: &Apply) -> (SessionId, Applied) {
    let world = &acme.world;
    let session = world.begin("acme", "one").await;
    let mut by_kind: BTreeMap<Kind, BTreeMap<String, String>> = BTreeMap::new();
    for Reference { kind, id } in dropped.iter().map(|one| reference(one)) {
        match kind {
            Kind::Group => records.groups.push(group(&id, "dropped")),
            Kind::License => records.licenses.push(license(&id, "dropped")),
            _ => records.users.push(user(&id, "dropped@example.com")),
        }
        by_kind.entry(kind).or_default().insert(id, "no robots".to_owned());
    }
    world.stage("acme", session, &page("all", records)).await;
    for (kind, dropped) in by_kind {
        world.store.put_dropped(&tenant("acme"), session, kind, &dropped, &[]).await.unwrap();
    }
    let applied = world.store.apply(&tenant("acme"), session, apply).await.unwrap();
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Complete)).await.unwrap();
    (session, applied)
}

#[tokio::test]
async fn what_waits_and_is_dropped_by_a_filter_waits_no_longer() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(people(21..=100), &complete(1)).await;
    let (_, applied) = sync_dropping(&acme, people(21..=100), &["user:1", "user:2"], &partial(2)).await;
    assert_eq!((applied.waiting, applied.kinds[&Kind::User].held), (Some(first), 18));
    let outcome = acme.world.store.release(&tenant("acme"), first, &by(3)).await.unwrap();
    assert_eq!(outcome.changed[&Kind::User], 18);
    assert!(acme.world.present("acme", Kind::User).await.iter().any(|id| id == "1"));
}

#[tokio::test]
async fn who_is_out_of_scope_makes_nothing_of_who_is_left() {
    let acme = Acme::of_a_hundred().await;
    let out: Vec<String> = (10..=100).map(|id| format!("user:{id}")).collect();
    let out: Vec<&str> = out.iter().map(String::as_str).collect();
    let (_, applied) = sync_dropping(&acme, people([]), &out, &complete(1)).await;
    assert!(applied.held.iter().any(|why| why.contains("all 9 users")), "{applied:?}");
    assert_eq!(acme.present().await, 100);
}

#[tokio::test]
async fn grants_of_what_a_filter_drops_or_a_row_skips_stay_whichever_end_it_is() {
    let through = |user: &str, group: &str, license: &str| Grant {
        via: Some(Reference::new(Kind::Group, group)),
        ..grant(&format!("user:{user}"), &format!("license:{license}"))
    };
    let company = |grants: Vec<Grant>| {
        let mut records = people(1..=40);
        records.groups = (1..=4).map(|id| group(&id.to_string(), "g")).collect();
        records.licenses = (1..=4).map(|id| license(&id.to_string(), "l")).collect();
        records.grants = grants;
        records
    };
    let all = || vec![through("1", "1", "1"), through("2", "2", "2"), through("3", "3", "3"), through("4", "4", "4")];
    for seen in [false, true] {
        let acme = Acme { world: World::new().await };
        acme.sync(company(all()), &complete(0)).await;
        let mut records = company(vec![through("4", "4", "4")]);
        records.users.retain(|user| user.id != "1");
        records.groups.retain(|group| group.id != "2");
        records.licenses.retain(|license| license.id != "3");
        let ends = ["user:1", "group:2", "license:3"];
        let applied = match seen {
            false => sync_dropping(&acme, records, &ends, &complete(1)).await.1,
            true => {
                let page = StagedPage { seen: ends.map(reference).to_vec(), ..page("all", records) };
                acme.world.sync("acme", "one", &[page], &complete(1)).await
            }
        };
        assert_eq!((applied.held.len(), acme.world.present("acme", Kind::Grant).await.len()), (0, 4), "seen: {seen}");
        // With their ends in sight, they are missing.
        acme.sync(company(vec![through("4", "4", "4")]), &complete(2)).await;
        assert_eq!(acme.world.present("acme", Kind::Grant).await.len(), 1, "seen: {seen}");
    }
}
