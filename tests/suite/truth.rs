//! What is stored is exactly what the vendors hold, record by record. The expectation comes straight from the company's books.

use std::collections::{BTreeMap, BTreeSet};

use headcount::store::{Filter, Row, StoredRecord};
use headcount::{Kind, SessionState, Timestamp};
use headcount_tests::Lab;
use headcount_vendors::{Assigned, Vendor, truth};

/// Every record of a kind that is present.
async fn stored(lab: &Lab, kind: Kind) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map(|row| (row.connection.to_string(), row.key.clone()));
        let more = lab.acme.store().list(lab.acme.id(), kind, &Filter { after, ..Filter::default() }).await.unwrap();
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}

/// Compares two sets of records, each told in full by a line of text, and shows the first few differences.
fn compare(what: &str, expected: impl IntoIterator<Item = String>, found: impl IntoIterator<Item = String>) {
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.into_iter().collect(), found.into_iter().collect());
    let missing: Vec<_> = expected.difference(&found).take(3).collect();
    let surplus: Vec<_> = found.difference(&expected).take(3).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{what}: {} expected, {} found; missing: {missing:#?}; surplus: {surplus:#?}",
        expected.len(),
        found.len()
    );
}

/// Fields as one line.
fn line(fields: &[(&str, Option<String>)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-"))).collect::<Vec<_>>().join(" ")
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn micros(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.micros().to_string())
}

async fn compare_all(lab: &Lab, expected: &truth::Expected) {
    compare(
        "users",
        expected.users.iter().map(|u| {
            line(&[
                ("id", text(&u.id)),
                ("status", text(u.status)),
                ("user-name", u.user_name.clone()),
                ("email", u.email.clone()),
                ("aliases", text(u.aliases.join(","))),
                ("display", u.display_name.clone()),
                ("given", u.given_name.clone()),
                ("family", u.family_name.clone()),
                ("external", u.external_id.clone()),
                ("number", u.employee_number.clone()),
                ("manager", u.manager_id.clone()),
                ("title", u.title.clone()),
                ("department", u.department.clone()),
                ("admin", u.administrator.and_then(text)),
                ("mfa", u.mfa.and_then(text)),
                ("created", u.created_at.and_then(text)),
                ("updated", u.updated_at.and_then(text)),
                ("seen", u.last_seen_at.and_then(text)),
            ])
        }),
        stored(lab, Kind::User).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::User(u) => Some(line(&[
                ("id", text(&u.id)),
                ("status", text(u.status.map_or("active", |status| status.as_str()))),
                ("user-name", u.user_name),
                ("email", u.email),
                ("aliases", text(u.aliases.join(","))),
                ("display", u.display_name),
                ("given", u.given_name),
                ("family", u.family_name),
                ("external", u.external_id),
                ("number", u.employee_number),
                ("manager", u.manager_id),
                ("title", u.title),
                ("department", u.department),
                ("admin", u.administrator.and_then(text)),
                ("mfa", u.mfa.and_then(text)),
                ("created", micros(u.created_at)),
                ("updated", micros(u.updated_at)),
                ("seen", micros(u.last_seen_at)),
            ])),
            _ => None,
        }),
    );
    compare(
        "groups",
        expected.groups.iter().map(|g| {
            line(&[
                ("id", text(&g.id)),
                ("name", text(&g.name)),
                ("category", text(g.category)),
                ("description", g.description.clone()),
                ("email", g.email.clone()),
            ])
        }),
        stored(lab, Kind::Group).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::Group(g) => Some(line(&[
                ("id", text(&g.id)),
                ("name", text(&g.name)),
                ("category", g.category),
                ("description", g.description),
                ("email", g.email),
            ])),
            _ => None,
        }),
    );
    compare(
        "roles",
        expected.roles.iter().map(|r| {
            let permissions: BTreeSet<&str> = r.permissions.iter().map(String::as_str).collect();
            line(&[("id", text(&r.id)), ("name", text(&r.name)), ("permissions", text(format!("{permissions:?}")))])
        }),
        stored(lab, Kind::Role).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::Role(r) => {
                let permissions: BTreeSet<&str> = r.permissions.iter().map(String::as_str).collect();
                Some(line(&[("id", text(&r.id)), ("name", text(&r.name)), ("permissions", text(format!("{permissions:?}")))]))
            }
            _ => None,
        }),
    );
    compare(
        "applications",
        expected.applications.iter().map(|a| {
            line(&[
                ("id", text(&a.id)),
                ("name", text(&a.name)),
                ("protocol", text(a.protocol)),
                ("active", a.active.and_then(text)),
                ("url", a.sign_in_url.clone()),
                ("logo", a.logo_url.clone()),
                ("created", a.created_at.and_then(text)),
            ])
        }),
        stored(lab, Kind::Application).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::Application(a) => Some(line(&[
                ("id", text(&a.id)),
                ("name", text(&a.name)),
                ("protocol", a.protocol),
                ("active", a.active.and_then(text)),
                ("url", a.sign_in_url),
                ("logo", a.logo_url),
                ("created", micros(a.created_at)),
            ])),
            _ => None,
        }),
    );
    compare(
        "licenses",
        expected.licenses.iter().map(|l| {
            line(&[
                ("id", text(&l.id)),
                ("product", text(format!("{}/{}", l.product_id, l.product_name))),
                ("state", text(l.state)),
                ("flags", text(format!("{} {} {} {:?}", l.trial, l.assignable, l.transferable, l.auto_renews))),
                ("subscription", l.subscription.clone()),
                ("group", text(&l.group_id)),
                ("until", l.valid_until.and_then(text)),
                ("assigned", l.assigned_at.and_then(text)),
                ("used", l.last_used_at.and_then(text)),
            ])
        }),
        stored(lab, Kind::License).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::License(l) => {
                let flag = |flag: Option<bool>| flag.map_or("-".to_owned(), |flag| flag.to_string());
                let flags = format!("{} {} {} {:?}", flag(l.trial), flag(l.assignable), flag(l.transferable), l.auto_renews);
                Some(line(&[
                    ("id", text(&l.id)),
                    ("product", text(format!("{}/{}", l.product_id, l.product_name))),
                    ("state", l.state.map(|state| state.as_str().to_owned())),
                    ("flags", text(flags)),
                    ("subscription", l.subscription),
                    ("group", l.group_id),
                    ("until", micros(l.valid_until)),
                    ("assigned", micros(l.assigned_at)),
                    ("used", micros(l.last_used_at)),
                ]))
            }
            _ => None,
        }),
    );
    compare(
        "assets",
        expected.assets.iter().map(|a| {
            let used = a.last_used_at.and_then(text);
            line(&[("id", text(&a.id)), ("name", text(&a.name)), ("category", text(a.category)), ("used", used)])
        }),
        stored(lab, Kind::Asset).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::Asset(a) => {
                let used = micros(a.last_used_at);
                Some(line(&[("id", text(&a.id)), ("name", text(&a.name)), ("category", text(a.category)), ("used", used)]))
            }
            _ => None,
        }),
    );
    compare(
        "grants",
        expected.grants.iter().map(|g| {
            let role = g.role.as_deref().unwrap_or("-");
            format!("{}:{} > {}:{} as {role}", g.principal_kind, g.principal, g.target_kind, g.target)
        }),
        stored(lab, Kind::Grant).await.into_iter().filter_map(|row| match row.record {
            StoredRecord::Grant(g) => Some(format!("{} > {} as {}", g.principal, g.target, g.role.as_deref().unwrap_or("-"))),
            _ => None,
        }),
    );
}

async fn holds_exactly(people: u32, vendor: Vendor, lab: Lab) {
    let report = lab.connect_and_sync(vendor).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?} {:?}", report.failure, report.notes);
    let expected = lab.servers.truth(vendor);
    assert!(expected.users.len() as u32 * 10 >= people * 4, "{} users", expected.users.len());
    compare_all(&lab, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jetbrains_is_stored_record_by_record() {
    holds_exactly(1_000, Vendor::JetBrains, Lab::new(1_000).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tines_is_stored_record_by_record() {
    holds_exactly(1_000, Vendor::Tines, Lab::new(1_000).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kandji_is_stored_record_by_record() {
    holds_exactly(1_000, Vendor::Kandji, Lab::new(1_000).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jumpcloud_is_stored_record_by_record() {
    holds_exactly(1_000, Vendor::JumpCloud, Lab::new(1_000).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jetbrains_loses_nobody_where_free_licenses_are_the_default() {
    let lab = Lab::new(300).await.unwrap();
    lab.servers.switch(|switches| switches.jetbrains_assigned = Assigned::FreeOnly);
    holds_exactly(300, Vendor::JetBrains, lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jetbrains_without_totals_is_read_to_its_end() {
    let lab = Lab::new(300).await.unwrap();
    lab.servers.switch(|switches| switches.jetbrains_total = false);
    holds_exactly(300, Vendor::JetBrains, lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tines_memberships_are_read_by_team_where_they_are_not_included() {
    let lab = Lab::new(300).await.unwrap();
    lab.servers.switch(|switches| switches.tines_memberships = false);
    holds_exactly(300, Vendor::Tines, lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jumpcloud_without_totals_and_with_single_targets_is_stored_record_by_record() {
    let lab = Lab::new(300).await.unwrap();
    lab.servers.switch(|switches| {
        switches.jumpcloud_total = false;
        switches.jumpcloud_combined_targets = false;
    });
    holds_exactly(300, Vendor::JumpCloud, lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_changes_is_followed_through_several_syncs() {
    let lab = Lab::new(300).await.unwrap();
    let id = lab.connect(Vendor::JumpCloud).await.unwrap();
    lab.sync(&id).await.unwrap();
    let mut removed = 0;
    for step in 1..=3 {
        lab.servers.evolve(step);
        let report = lab.sync(&id).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{:?} {:?}", report.failure, report.notes);
        removed += report.counters.kinds.get(&Kind::User).map_or(0, |users| users.removed);
        compare_all(&lab, &lab.servers.truth(Vendor::JumpCloud)).await;
    }
    assert!(removed > 0, "nobody ever left");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_through_groups_is_computed_from_direct_grants() {
    let lab = Lab::new(300).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let expected = lab.servers.truth(Vendor::JumpCloud);
    let mut groups_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for grant in expected.grants.iter().filter(|grant| grant.principal_kind == "user" && grant.target_kind == "group") {
        groups_of.entry(&grant.principal).or_default().insert(&grant.target);
    }
    let user = expected
        .users
        .iter()
        .filter(|user| user.email.is_some())
        .max_by_key(|user| groups_of.get(user.id.as_str()).map(BTreeSet::len));
    let user = user.unwrap();
    let mine = &groups_of[user.id.as_str()];
    let reached: BTreeSet<&str> = expected
        .grants
        .iter()
        .filter(|grant| grant.target_kind == "application")
        .filter(|grant| {
            grant.principal == user.id || (grant.principal_kind == "group" && mine.contains(grant.principal.as_str()))
        })
        .map(|grant| grant.target.as_str())
        .collect();
    assert!(!reached.is_empty());
    let paths = lab.acme.store().access(lab.acme.id(), user.email.as_deref().unwrap()).await.unwrap();
    let found: BTreeSet<&str> = paths
        .iter()
        .filter(|path| path.target.kind == Kind::Application && path.account == user.id)
        .map(|path| path.target.id.as_str())
        .collect();
    assert_eq!(found, reached);
    assert!(paths.iter().any(|path| path.target.kind == Kind::Application && !path.through.is_empty()));
}
