//! Rows of which one part can't be read: what only that part would have told of stays as it was, and the rest is synced.

use std::collections::{BTreeMap, BTreeSet};

use headcount::store::{Filter, StoredRecord};
use headcount::{ConnectionId, Kind, SessionState};
use headcount_tests::Lab;
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::{Value, json};

/// A synced company.
struct World {
    lab: Lab,
    vendor: Vendor,
    connection: ConnectionId,
    before: BTreeSet<String>,
    grants: Vec<(String, String)>,
}

/// Every record that is present, as its kind and key; and the grants among them, as who holds what.
async fn present(lab: &Lab) -> (BTreeSet<String>, Vec<(String, String)>) {
    let (mut keys, mut grants) = (BTreeSet::new(), Vec::new());
    for kind in Kind::ALL {
        let mut after = None;
        loop {
            let rows = lab.acme.store().list(lab.acme.id(), kind, &Filter { after, ..Filter::default() }).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some((last.connection.to_string(), last.key.clone()));
            for row in rows {
                keys.insert(format!("{kind} {}", row.key));
                if let StoredRecord::Grant(held) = row.record {
                    grants.push((held.principal.to_string(), held.target.to_string()));
                }
            }
        }
    }
    (keys, grants)
}

impl World {
    async fn new(vendor: Vendor) -> World {
        let lab = Lab::new(300).await.unwrap();
        let connection = lab.connect(vendor).await.unwrap();
        assert_eq!(lab.sync(&connection).await.unwrap().state, SessionState::Complete);
        let (before, grants) = present(&lab).await;
        World { lab, vendor, connection, before, grants }
    }

    /// What is held, by holder, as far as it is of this kind.
    fn held(&self, kind: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (principal, target) in &self.grants {
            if let (Some(user), Some(target)) = (principal.strip_prefix("user:"), target.strip_prefix(kind)) {
                held.entry(user).or_default().insert(target);
            }
        }
        held
    }

    /// Syncs while the rows with a text are wrong at a place: all is read, and nobody and nothing is removed; nor when they are right
    /// again.
    async fn keeps_all(&self, path: &str, with: &str, at: &str, instead: Option<Value>) {
        let faults = self.lab.servers.faults(self.vendor);
        let told = format!("{path} {with} {at} {instead:?}");
        faults.set(Rule::always(path, Fault::Rows { with: with.to_owned(), at: at.to_owned(), instead }));
        let report = self.lab.sync(&self.connection).await.unwrap();
        assert!(faults.struck() > 0, "{told}");
        assert_eq!(report.state, SessionState::Complete, "{told}: {:?} {:?}", report.failure, report.notes);
        assert_eq!(present(&self.lab).await.0, self.before, "{told}: {:?}", report.notes);
        let reasons = &report.counters.skip_reasons;
        assert!(report.counters.skipped > 0 && !reasons.is_empty(), "{told}: nothing is said of it");
        assert!(report.counters.skip_examples.values().flatten().next().is_some(), "{told}: {reasons:?} of no row");
        faults.clear();
        assert_eq!(self.lab.sync(&self.connection).await.unwrap().state, SessionState::Complete, "{told}");
        assert_eq!(present(&self.lab).await.0, self.before, "{told}, and then right");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_license_that_doesnt_say_who_holds_it_or_whose_it_is_takes_nothing_away() {
    let world = World::new(Vendor::JetBrains).await;
    let (licenses, teams) = (world.held("license:"), world.held("group:"));
    let path = "/api/v1/customer/licenses";
    let (busy, _) = teams.iter().find(|(user, teams)| teams.len() > 1 && licenses[**user].len() > 1).unwrap();
    let (plain, _) = licenses.iter().find(|(_, licenses)| licenses.len() == 1).unwrap();
    for person in [busy, plain] {
        world.keeps_all(path, person, "/assignee/email", Some(Value::Null)).await;
        world.keeps_all(path, person, "/assignee/email", Some(json!(7))).await;
    }
    for license in licenses[busy].iter().chain(&licenses[plain]).take(3) {
        world.keeps_all(path, license, "/assignee/email", None).await;
        world.keeps_all(path, license, "/assignee/type", Some(json!("PERSON"))).await;
        world.keeps_all(path, license, "/team/id", None).await;
    }
    // Of a whole team, nothing says which it is.
    let team = teams.values().flatten().next().unwrap();
    world.keeps_all(path, &format!("\"id\":{team},"), "/team/id", Some(Value::Null)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_teams_or_permissions_are_not_told_keeps_them() {
    let world = World::new(Vendor::Tines).await;
    let (roles, teams) = (world.held("role:"), world.held("group:"));
    let path = "/api/v1/admin/users";
    let (allowed, _) = roles.iter().find(|(_, roles)| roles.iter().any(|role| role.starts_with("permission:"))).unwrap();
    let (owner, _) = roles.iter().find(|(_, roles)| roles.contains("tenant-owner")).unwrap();
    // The first of the list, too, by whom the check learns what comes with users.
    let first = teams.keys().min_by_key(|id| id.parse::<u64>().unwrap()).unwrap();
    for (user, place) in [
        (first, "/team_memberships"),
        (teams.keys().last().unwrap(), "/team_memberships"),
        (allowed, "/tenant_permissions"),
        (owner, "/admin"),
        (owner, "/is_active"),
    ] {
        world.keeps_all(path, &format!("\"id\":{user},"), place, None).await;
        world.keeps_all(path, &format!("\"id\":{user},"), place, Some(Value::Null)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_or_a_directory_without_an_id_is_not_nobody_and_not_none() {
    let world = World::new(Vendor::Kandji).await;
    let (devices, directories) = (world.held("asset:"), world.held("group:"));
    let holder = devices.keys().next().unwrap();
    world.keeps_all("/api/v1/devices", holder, "/user/id", None).await;
    world.keeps_all("/api/v1/devices", holder, "/user", Some(json!([holder]))).await;
    world.keeps_all("/api/v1/devices", holder, "/user", None).await;
    let (user, _) = directories.iter().next().unwrap();
    world.keeps_all("/api/v1/users", user, "/integration/uuid", None).await;
    world.keeps_all("/api/v1/users", user, "/integration", Some(json!("Entra"))).await;
    // All people of a directory, which nothing else lists.
    let directory = directories.values().flatten().next().unwrap();
    world.keeps_all("/api/v1/users", directory, "/integration/uuid", Some(Value::Null)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_a_role_that_can_be_read_keeps_the_one_there_was() {
    let world = World::new(Vendor::JumpCloud).await;
    let roles = world.held("role:");
    let times = |role: &str| roles.values().filter(|held| held.contains(role)).count();
    // The only one of a role, who alone tells of it; and another.
    let (only, _) = roles.iter().min_by_key(|(_, held)| held.iter().map(|role| times(role)).min()).unwrap();
    for admin in [only, roles.keys().next_back().unwrap()] {
        let id = admin.strip_prefix("admin:").unwrap();
        world.keeps_all("/api/users", id, "/role", Some(json!(7))).await;
        world.keeps_all("/api/users", id, "/role", None).await;
        world.keeps_all("/api/users", id, "/roleName", Some(Value::Null)).await;
        world.keeps_all("/api/users", id, "/suspended", Some(json!("no"))).await;
    }
}
