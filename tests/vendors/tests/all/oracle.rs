//! The oracle and the servers tell the same story, though neither reads the other.

use std::collections::BTreeSet;

use headcount_vendors::Vendor;
use headcount_vendors::truth::Grant;
use serde_json::Value;

use crate::client::{all_rows, kandji_users, start};

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn grant(principal: (&'static str, String), target: (&'static str, String), role: Option<String>) -> Grant {
    Grant { principal_kind: principal.0, principal: principal.1, target_kind: target.0, target: target.1, role }
}

/// Compares as sets and says what differs.
fn same(mut ours: Vec<Grant>, theirs: &[Grant]) {
    ours.sort();
    ours.dedup();
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (ours.iter().collect(), theirs.iter().collect());
    let differing: Vec<_> = ours.symmetric_difference(&theirs).take(3).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[tokio::test]
async fn jetbrains_rows_are_the_expected_users_and_grants() {
    let servers = start(400).await;
    let expected = servers.truth(Vendor::JetBrains);
    let rows = all_rows(&servers, Vendor::JetBrains, "/api/v1/customer/licenses", 100).await;
    let mut grants = Vec::new();
    for row in &rows {
        if let (Some("USER"), Some(email)) = (row["assignee"]["type"].as_str(), row["assignee"]["email"].as_str()) {
            let user = ("user", email.to_lowercase());
            grants.push(grant(user.clone(), ("license", text(&row["licenseId"])), None));
            grants.push(grant(user, ("group", text(&row["team"]["id"])), None));
        }
    }
    same(grants, &expected.grants);
    let users: BTreeSet<&str> = expected.grants.iter().map(|grant| grant.principal.as_str()).collect();
    assert_eq!(users, expected.users.iter().map(|user| user.id.as_str()).collect());
    assert_eq!((rows.len(), expected.groups.len()), (expected.licenses.len(), 6));
    let active = |id: &str| {
        let held = |row: &&Value| row["assignee"]["email"].as_str().is_some_and(|email| email.to_lowercase() == id);
        rows.iter().filter(held).any(|row| row["isSuspended"] == false)
    };
    assert!(expected.users.iter().all(|user| (user.status == "active") == active(&user.id)));
    assert!(expected.users.iter().any(|user| user.status == "suspended"));
}

#[tokio::test]
async fn tines_rows_are_the_expected_users_teams_and_grants_by_either_way() {
    let servers = start(400).await;
    let expected = servers.truth(Vendor::Tines);
    let rows = all_rows(&servers, Vendor::Tines, "/api/v1/admin/users?include=team_memberships", 500).await;
    let mut grants = Vec::new();
    for row in &rows {
        let user = || ("user", text(&row["id"]));
        if row["admin"] == true {
            grants.push(grant(user(), ("role", "tenant-owner".into()), None));
        }
        for permission in row["tenant_permissions"].as_array().unwrap() {
            grants.push(grant(user(), ("role", format!("permission:{}", text(permission))), None));
        }
        for team in row["team_memberships"].as_array().unwrap() {
            grants.push(grant(user(), ("group", text(&team["team_id"])), Some(text(&team["role"]))));
        }
    }
    let in_teams: Vec<Grant> = grants.iter().filter(|grant| grant.target_kind == "group").cloned().collect();
    same(grants, &expected.grants);
    let teams = all_rows(&servers, Vendor::Tines, "/api/v1/teams?scope=all", 500).await;
    let standard = all_rows(&servers, Vendor::Tines, "/api/v1/teams", 500).await;
    assert!(teams.len() == expected.groups.len() && standard.len() < teams.len());
    let mut by_team = Vec::new();
    for team in &teams {
        let target = format!("/api/v1/teams/{}/members", team["id"]);
        for member in all_rows(&servers, Vendor::Tines, &target, 500).await {
            by_team.push(grant(("user", text(&member["id"])), ("group", text(&team["id"])), Some(text(&member["role"]))));
        }
    }
    same(by_team, &in_teams);
    let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
    assert_eq!(ids, expected.users.iter().map(|user| user.id.clone()).collect());
}

#[tokio::test]
async fn kandji_rows_are_the_expected_users_devices_and_grants() {
    let servers = start(400).await;
    let expected = servers.truth(Vendor::Kandji);
    let (users, devices) = (kandji_users(&servers).await, all_rows(&servers, Vendor::Kandji, "/api/v1/devices", 300).await);
    let mut grants = Vec::new();
    for user in &users {
        grants.push(grant(("user", text(&user["id"])), ("group", text(&user["integration"]["uuid"])), None));
        let own = devices.iter().filter(|device| device["user"]["id"] == user["id"]).count();
        assert_eq!(user["device_count"], own, "{user}");
    }
    for device in devices.iter().filter(|device| device["user"].is_object()) {
        grants.push(grant(("user", text(&device["user"]["id"])), ("asset", text(&device["device_id"])), None));
    }
    same(grants, &expected.grants);
    assert_eq!((users.len(), devices.len()), (expected.users.len(), expected.assets.len()));
    let emails: Vec<&str> = users.iter().filter_map(|user| user["email"].as_str()).filter(|email| !email.is_empty()).collect();
    assert!(emails.iter().collect::<BTreeSet<_>>().len() < emails.len(), "an address stands in two integrations");
}

#[tokio::test]
async fn jumpcloud_rows_are_the_expected_users_groups_applications_and_grants() {
    let servers = start(400).await;
    let vendor = Vendor::JumpCloud;
    let expected = servers.truth(vendor);
    let mut grants = Vec::new();
    let users = all_rows(&servers, vendor, "/api/systemusers?sort=_id", 100).await;
    let admins = all_rows(&servers, vendor, "/api/users?sort=_id", 100).await;
    for admin in &admins {
        grants.push(grant(("user", format!("admin:{}", text(&admin["_id"]))), ("role", text(&admin["role"])), None));
    }
    for group in all_rows(&servers, vendor, "/api/v2/usergroups?sort=id", 100).await {
        let target = format!("/api/v2/usergroups/{}/members", text(&group["id"]));
        for member in all_rows(&servers, vendor, &target, 100).await {
            grants.push(grant(("user", text(&member["to"]["id"])), ("group", text(&group["id"])), None));
        }
    }
    let mut count = 0;
    for (list, kind) in [
        ("/api/applications?sort=_id", "applications"),
        ("/api/v2/ldapservers?sort=id", "ldapservers"),
        ("/api/radiusservers?sort=_id", "radiusservers"),
    ] {
        for row in all_rows(&servers, vendor, list, 100).await {
            let id = text(&row["id"]);
            let target = format!("/api/v2/{kind}/{id}/associations?targets=user,user_group");
            for bound in all_rows(&servers, vendor, &target, 100).await {
                let kind = if bound["to"]["type"] == "user" { "user" } else { "group" };
                grants.push(grant((kind, text(&bound["to"]["id"])), ("application", id.clone()), None));
            }
            count += 1;
        }
    }
    same(grants, &expected.grants);
    assert_eq!((users.len() + admins.len(), count), (expected.users.len(), expected.applications.len()));
    for status in ["active", "pending", "suspended", "locked"] {
        assert!(expected.users.iter().any(|user| user.status == status), "{status}");
    }
}

#[tokio::test]
async fn one_company_stands_behind_all_four_and_leavers_linger() {
    let servers = start(600).await;
    let emails = |vendor| -> BTreeSet<String> {
        servers.truth(vendor).users.iter().filter_map(|user| user.email.as_ref()).map(|email| email.to_lowercase()).collect()
    };
    let directory = emails(Vendor::JumpCloud);
    for vendor in [Vendor::JetBrains, Vendor::Tines, Vendor::Kandji] {
        let here = emails(vendor);
        assert!(here.intersection(&directory).count() * 10 > here.len() * 9, "{vendor:?}");
    }
    let suspended: BTreeSet<String> = servers
        .truth(Vendor::JumpCloud)
        .users
        .iter()
        .filter(|user| user.status == "suspended")
        .filter_map(|user| user.email.clone())
        .collect();
    let active =
        servers.truth(Vendor::Kandji).users.into_iter().filter(|user| user.status == "active").filter_map(|user| user.email);
    assert!(active.filter(|email| suspended.contains(email)).count() > 0);
}
