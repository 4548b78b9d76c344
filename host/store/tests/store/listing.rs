//! Lists, people, licenses and counts.

use headcount_model::{Grant, Kind, License, LicenseState, Records, User, UserStatus};
use headcount_store::{Filter, LicenseFilter, People, Store, StoredRecord};

use crate::world::*;

async fn keys(world: &World, kind: Kind, filter: Filter) -> Vec<String> {
    world.store.list(&tenant("acme"), kind, &filter).await.unwrap().into_iter().map(|row| row.key).collect()
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.into()), ..Filter::default() }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_without_gap_or_repeat() {
    let world = World::new().await;
    for connection in ["one", "two"] {
        world
            .sync("acme", connection, &[page("u", users((0..7).map(|id| user(&format!("{id}"), "a@x"))))], &proven(1, &[]))
            .await;
    }
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let filter = Filter { after: after.clone(), limit: 3, ..Filter::default() };
        let rows = world.store.list(&tenant("acme"), Kind::User, &filter).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some((last.connection.to_string(), last.key.clone()));
        all.extend(rows.into_iter().map(|row| format!("{}/{}", row.connection, row.key)));
    }
    assert_eq!(all.len(), 14);
    assert!(all.is_sorted());
}

#[tokio::test]
async fn text_is_found_in_any_letter_case_and_taken_as_it_is() {
    let world = World::new().await;
    let named = |id: &str, name: &str| User { display_name: Some(name.into()), ..user(id, "a@x") };
    let all = [named("1", "ÉMILE Zola"), named("2", "50% off_er"), named("3", "O'Brien \\ \"quoted\""), named("4", "plain")];
    world.sync("acme", "one", &[page("u", users(all))], &proven(1, &[])).await;
    assert_eq!(keys(&world, Kind::User, text("émile")).await, ["1"]);
    assert_eq!(keys(&world, Kind::User, text("ZOLA")).await, ["1"]);
    assert_eq!(keys(&world, Kind::User, text("%")).await, ["2"]);
    assert_eq!(keys(&world, Kind::User, text("f_e")).await, ["2"]);
    assert_eq!(keys(&world, Kind::User, text("_____")).await, [""; 0]);
    assert_eq!(keys(&world, Kind::User, text("' OR 1=1 --")).await, [""; 0]);
    assert_eq!(keys(&world, Kind::User, text("\\")).await, ["3"]);
    assert_eq!(keys(&world, Kind::User, text(&"long".repeat(50_000))).await, [""; 0]);
}

#[tokio::test]
async fn filters_meet_status_connection_and_what_is_gone() {
    let world = World::new().await;
    let suspended = User { status: Some(UserStatus::Suspended), ..user("2", "b@x") };
    world.sync("acme", "one", &[page("u", users([user("1", "a@x"), suspended, user("3", "c@x")]))], &proven(1, &[])).await;
    world.sync("acme", "two", &[page("u", users([user("4", "a@x")]))], &proven(1, &[])).await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &unproven(2)).await;
    let status = |status: &str| Filter { status: Some(status.into()), ..Filter::default() };
    assert_eq!(keys(&world, Kind::User, status("suspended")).await, ["2"]);
    assert_eq!(keys(&world, Kind::User, status("active")).await, ["1", "3", "4"]);
    let two = Filter { connection: Some(connection_id("two")), ..Filter::default() };
    assert_eq!(keys(&world, Kind::User, two).await, ["4"]);
    world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &proven(3, &[])).await;
    assert_eq!(keys(&world, Kind::User, Filter::default()).await, ["1", "4"]);
    assert_eq!(keys(&world, Kind::User, Filter { gone: true, ..Filter::default() }).await, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn administrators_are_flagged_or_hold_a_role_through_any_group() {
    let world = World::new().await;
    let flagged = User { administrator: Some(true), ..user("flagged", "a@x") };
    let through_role = Grant { role: Some("root".into()), ..grant("user:on-target", "group:other") };
    let records = Records {
        users: vec![flagged, user("direct", "b@x"), user("nested", "c@x"), user("plain", "d@x"), user("on-target", "e@x")],
        groups: vec![group("g", "G"), group("h", "H"), group("other", "O")],
        roles: vec![role("root", "Root", true), role("reader", "Reader", false)],
        grants: vec![
            grant("user:direct", "role:root"),
            grant("user:nested", "group:g"),
            grant("group:g", "group:h"),
            grant("group:h", "group:g"),
            grant("group:h", "role:root"),
            grant("user:plain", "role:reader"),
            grant("user:plain", "group:other"),
            through_role,
        ],
        ..Records::default()
    };
    world.sync_people("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let administrators = Filter { administrators: true, ..Filter::default() };
    assert_eq!(keys(&world, Kind::User, administrators.clone()).await, ["direct", "flagged", "nested", "on-target"]);
    let people = world.store.people(&tenant("acme"), &administrators, 1).await.unwrap();
    assert_eq!(people.len(), 4);
    assert!(people.iter().all(|person| person.accounts[0].administrator));
}

#[tokio::test]
async fn people_are_accounts_with_one_address_in_any_letter_case() {
    let world = World::new().await;
    let named = |id: &str, email: &str, name: &str| User { display_name: Some(name.into()), ..user(id, email) };
    world
        .sync_people(
            "acme",
            "one",
            &[page("u", users([named("1", "Ana@X.example", "Ana"), user("2", "bob@x.example")]))],
            &proven(1, &[]),
        )
        .await;
    let nobody = User { id: "9".into(), ..User::default() };
    world
        .sync_people("acme", "two", &[page("u", users([named("7", "ana@x.EXAMPLE", "Ana Silva"), nobody]))], &proven(1, &[]))
        .await;
    let people = |filter: Filter, minimum: u32| {
        let store = world.store.clone();
        async move { store.people(&tenant("acme"), &filter, minimum).await.unwrap() }
    };
    let all = people(Filter::default(), 1).await;
    assert_eq!(all.iter().map(|person| person.key.as_str()).collect::<Vec<_>>(), ["ana@x.example", "bob@x.example"]);
    assert_eq!(all[0].name.as_deref(), Some("Ana Silva"));
    assert_eq!(all[0].accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["1", "7"]);
    assert_eq!(all[1].accounts[0].status, "active");
    assert_eq!(people(Filter::default(), 2).await.len(), 1);
    assert_eq!(people(text("silva"), 0).await[0].accounts.len(), 2);
    let after = Filter { after: Some((all[0].id.to_string(), "ana@x.example".into())), ..Filter::default() };
    assert_eq!(people(after, 0).await[0].email.as_deref(), Some("bob@x.example"));
    assert_eq!(people(Filter { limit: 1, ..Filter::default() }, 0).await.len(), 1);
}

#[tokio::test]
async fn licenses_are_found_by_what_is_done_with_them() {
    let world = World::new().await;
    let mut licenses = vec![license("free", "IDE"), license("idle", "IDE"), license("used", "IDE"), license("old", "IDE")];
    licenses[2].last_used_at = Some(at(1_000));
    licenses[3].state = Some(LicenseState::Expired);
    licenses[3].last_used_at = Some(at(10));
    let records = Records {
        users: vec![user("1", "ana@x"), User { id: "2".into(), ..User::default() }],
        groups: vec![group("g", "Team")],
        licenses,
        grants: vec![
            grant("user:1", "license:idle"),
            grant("user:2", "license:used"),
            grant("user:1", "license:old"),
            grant("group:g", "license:old"),
        ],
        ..Records::default()
    };
    world.sync("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let found = |filter: LicenseFilter| {
        let store = world.store.clone();
        async move {
            let rows = store.licenses(&tenant("acme"), &filter).await.unwrap();
            rows.into_iter().map(|row| format!("{} {}", row.key, row.holders.join(","))).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(LicenseFilter { free: true, ..Default::default() }).await, ["free "]);
    // What has just come counts as used, since nobody knows better.
    assert_eq!(found(LicenseFilter { unused_since: Some(at(1)), ..Default::default() }).await, [""; 0]);
    assert_eq!(found(LicenseFilter { state: Some(LicenseState::Expired), ..Default::default() }).await, ["old Team,ana@x"]);
    assert_eq!(
        found(LicenseFilter { unused_since: Some(at(500)), ..Default::default() }).await,
        ["idle ana@x", "old Team,ana@x"]
    );
    assert_eq!(found(LicenseFilter { free: true, unused_since: Some(at(500)), ..Default::default() }).await, [""; 0]);
    assert_eq!(found(LicenseFilter::default()).await.len(), 4);
    let listed = world.store.list(&tenant("acme"), Kind::License, &text("used")).await.unwrap();
    assert_eq!(listed[0].holders, ["2"]);
}

#[tokio::test]
async fn a_license_is_free_where_a_seat_of_it_may_be_given_to_somebody() {
    let world = World::new().await;
    let of = |id: &str, change: fn(&mut License)| {
        let mut license = license(id, "IDE");
        change(&mut license);
        license
    };
    let licenses = vec![
        of("expired", |it| it.state = Some(LicenseState::Expired)),
        of("free", |it| it.assignable = Some(true)),
        of("full", |it| it.quantity = Some(2)),
        of("none", |it| it.quantity = Some(0)),
        of("seats", |it| it.quantity = Some(3)),
        of("server", |it| it.assignable = Some(false)),
        of("suspended", |it| it.state = Some(LicenseState::Suspended)),
        of("unsaid", |it| it.state = Some(LicenseState::Active)),
    ];
    let grants = ["full", "seats"]
        .into_iter()
        .flat_map(|id| ["1", "2"].map(|user| grant(&format!("user:{user}"), &format!("license:{id}"))));
    let mut grants: Vec<_> = grants.collect();
    // By two ways, and yet one seat.
    grants.push(Grant { role: Some("editor".into()), ..grant("user:1", "license:seats") });
    let records = Records { users: vec![user("1", "a@x"), user("2", "b@x")], licenses, grants, ..Records::default() };
    world.sync("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let filter = LicenseFilter { free: true, ..Default::default() };
    let free = world.store.licenses(&tenant("acme"), &filter).await.unwrap();
    assert_eq!(free.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["free", "seats", "unsaid"]);
    // Wherever it is asked, the answer is the same.
    let all = world.store.licenses(&tenant("acme"), &LicenseFilter::default()).await.unwrap();
    assert_eq!(all.iter().filter(|row| row.is_free()).collect::<Vec<_>>(), free.iter().collect::<Vec<_>>());
    let products = world.store.products(&tenant("acme"), None, at(1)).await.unwrap();
    assert_eq!((products[0].seats, products[0].held, products[0].free), (10, 4, 3));
}

#[tokio::test]
async fn a_license_that_was_given_to_somebody_lately_is_not_unused() {
    let world = World::new().await;
    let mut licenses: Vec<License> = ["1-new", "2-new", "3-old", "4-handed-on", "5-used"].map(|id| license(id, "IDE")).into();
    licenses[1].assigned_at = Some(at(900));
    licenses[3].last_used_at = Some(at(100));
    let held = |id: &str, assigned: Option<i64>, used: Option<i64>| Grant {
        assigned_at: assigned.map(at),
        last_used_at: used.map(at),
        ..grant("user:1", &format!("license:{id}"))
    };
    let grants = vec![
        held("1-new", Some(900), None),
        held("2-new", None, None),
        held("3-old", Some(100), None),
        held("4-handed-on", Some(900), None),
        held("5-used", Some(100), Some(900)),
    ];
    let records = Records { users: vec![user("1", "a@x")], licenses, grants, ..Records::default() };
    world.sync("acme", "one", &[page("all", records)], &proven(1_000, &["all"])).await;
    for (since, expected) in [(500, &["3-old"][..]), (901, &["1-new", "2-new", "3-old", "4-handed-on", "5-used"])] {
        let filter = LicenseFilter { unused_since: Some(at(since)), ..Default::default() };
        let found = world.store.licenses(&tenant("acme"), &filter).await.unwrap();
        assert_eq!(found.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), expected);
        let products = world.store.products(&tenant("acme"), None, at(since)).await.unwrap();
        assert_eq!(products[0].unused, expected.len() as u64);
    }
}

#[tokio::test]
async fn every_field_comes_back_as_it_went_in() {
    use headcount_model::{AccountType, Application, Asset, Group, Role};
    let some = |word: &str| Some(word.to_owned());
    let records = Records {
        users: vec![User {
            id: "1".into(),
            status: Some(UserStatus::Locked),
            account_type: Some(AccountType::Shared),
            user_name: some("un"),
            email: some("E@x"),
            aliases: vec!["a".into(), "b\n\"".into()],
            display_name: some("dn"),
            given_name: some("gn"),
            family_name: some("fn"),
            external_id: some("x"),
            employee_number: some("e"),
            manager_id: some("m"),
            title: some("t"),
            department: some("d"),
            administrator: Some(false),
            mfa: Some(true),
            created_at: Some(at(1)),
            updated_at: Some(at(2)),
            last_seen_at: Some(at(-3)),
            attributes: some("{\"k\":1}"),
        }],
        groups: vec![Group {
            category: some("c"),
            description: some("d"),
            email: some("e"),
            attributes: some("{}"),
            ..group("g", "n")
        }],
        roles: vec![Role {
            description: some("d"),
            permissions: vec!["p".into()],
            attributes: some("{}"),
            ..role("r", "n", true)
        }],
        applications: vec![Application {
            protocol: some("saml"),
            active: Some(true),
            description: some("d"),
            sign_in_url: some("s"),
            logo_url: some("l"),
            created_at: Some(at(4)),
            attributes: some("{}"),
            ..application("a", "n")
        }],
        licenses: vec![License {
            product_id: "pi".into(),
            quantity: Some(u32::MAX),
            state: Some(LicenseState::Suspended),
            trial: Some(true),
            assignable: Some(false),
            transferable: Some(true),
            auto_renews: Some(false),
            subscription: some("s"),
            group_id: some("g"),
            valid_until: Some(at(5)),
            assigned_at: Some(at(6)),
            last_used_at: Some(at(7)),
            attributes: some("{}"),
            ..license("l", "n")
        }],
        assets: vec![Asset {
            id: "s".into(),
            name: "n".into(),
            category: "device".into(),
            last_used_at: Some(at(8)),
            attributes: some("{}"),
        }],
        grants: vec![Grant {
            via: Some(reference("group:g")),
            role: some("r"),
            assigned_at: Some(at(9)),
            expires_at: Some(at(10)),
            last_used_at: Some(at(11)),
            attributes: some("{}"),
            ..grant("user:1", "asset:s")
        }],
    };
    let world = World::new().await;
    world.sync("acme", "one", &[page("all", records.clone())], &proven(1, &["all"])).await;
    let mut read = Vec::new();
    for kind in Kind::ALL {
        read.extend(world.rows("acme", kind).await.into_iter().map(|row| row.record));
    }
    let expected = vec![
        StoredRecord::User(records.users[0].clone()),
        StoredRecord::Group(records.groups[0].clone()),
        StoredRecord::Role(records.roles[0].clone()),
        StoredRecord::Application(records.applications[0].clone()),
        StoredRecord::License(records.licenses[0].clone()),
        StoredRecord::Asset(records.assets[0].clone()),
        StoredRecord::Grant(records.grants[0].clone()),
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn counts_tell_present_from_gone() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x"), user("2", "b@x")]))], &proven(1, &[])).await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &proven(2, &[])).await;
    let counts = world.store.counts(&tenant("acme")).await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!((counts[0].kind, counts[0].present, counts[0].gone), (Kind::User, 1, 1));
    assert!(world.store.counts(&tenant("globex")).await.unwrap().is_empty());
}
