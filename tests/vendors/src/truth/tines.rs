//! Tines: accounts, teams with their members, and roles.

use std::collections::BTreeMap;

use super::{Expected, Grant, Group, Role, User, text};
use crate::books::Tines;
use crate::books::tines::{Account, CUSTOM_ROLES, DEFAULT_ROLES};

/// What a perfect read by a tenant owner's key keeps: all teams, personal ones too.
///
/// Owners hold the role `tenant-owner`, a tenant permission is the role `permission:<name>`, a membership is a grant of the team with
/// the membership's role as the vendor names it.
pub fn tines(books: &Tines) -> Expected {
    let mut expected = Expected::default();
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    for (id, name, permissions) in DEFAULT_ROLES {
        roles.insert((*id).to_owned(), role(id, name, Some(format!("{name} of a team")), permissions));
    }
    for (id, name, permissions) in CUSTOM_ROLES {
        roles.insert((*id).to_owned(), role(id, name, None, permissions));
    }
    for key in books.rows() {
        let account = books.account(*key);
        let id = account.id.to_string();
        if account.admin {
            expected.grants.push(Grant::of_user(&id, "role", "tenant-owner"));
            roles.entry("tenant-owner".to_owned()).or_insert_with(|| role("tenant-owner", "Tenant owner", None, &[]));
        }
        for permission in &account.permissions {
            let held = format!("permission:{permission}");
            expected.grants.push(Grant::of_user(&id, "role", &held));
            roles.entry(held.clone()).or_insert_with(|| role(&held, permission, None, &[permission]));
        }
        for membership in &account.memberships {
            let grant = Grant::of_user(&id, "group", &membership.team.to_string());
            expected.grants.push(Grant { role: text(membership.role.clone()), ..grant });
        }
        expected.users.push(user(account));
    }
    let standard = (0..books.standard_teams()).map(|number| books.team(number));
    let personal = books.owners_of_personal().into_iter().map(|key| books.personal(key));
    expected.groups = standard
        .chain(personal)
        .map(|team| Group { id: team.id.to_string(), name: team.name, category: "team", description: None, email: None })
        .collect();
    expected.roles = roles.into_values().collect();
    expected.sorted()
}

fn user(account: Account) -> User {
    User {
        id: account.id.to_string(),
        status: match (account.active, account.seen) {
            (false, _) => "inactive",
            (true, None) => "pending",
            (true, Some(_)) => "active",
        },
        display_name: match [account.first.as_str(), account.last.as_str()].join(" ").trim() {
            "" => text(account.email.clone()),
            name => Some(name.to_owned()),
        },
        user_name: text(account.email.clone()),
        email: text(account.email),
        given_name: text(account.first),
        family_name: text(account.last),
        external_id: account.scim,
        administrator: Some(account.admin),
        created_at: Some(account.created.0),
        updated_at: Some(account.updated.0),
        last_seen_at: account.seen.map(|seen| seen.0),
        ..User::default()
    }
}

fn role(id: &str, name: &str, description: Option<String>, permissions: &[&str]) -> Role {
    let permissions = permissions.iter().map(|permission| (*permission).to_owned()).collect();
    Role { id: id.to_owned(), name: name.to_owned(), description, permissions }
}
