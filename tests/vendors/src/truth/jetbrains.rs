//! JetBrains: licenses, their holders, and the teams that own them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expected, Grant, Group, License, User, text};
use crate::books::JetBrains;
use crate::books::jetbrains::{Holder, License as Row, TEAMS};

/// What a perfect read of all licenses keeps.
///
/// A user is one lower-cased address among the holders of type USER: the first name in the order of the list, last seen at the latest
/// use, made at the earliest assignment, active while one license is not suspended. A holder without an address is nobody.
pub fn jetbrains(books: &JetBrains) -> Expected {
    let mut expected = Expected::default();
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    let mut teams: BTreeSet<usize> = BTreeSet::new();
    for key in books.keys() {
        let row = books.license(key);
        teams.insert(row.team);
        if let Holder::User { name, email: Some(email) } = &row.holder {
            let id = email.to_lowercase();
            expected.grants.push(Grant::of_user(&id, "license", &row.id));
            expected.grants.push(Grant::of_user(&id, "group", &row.team().0.to_string()));
            merge(
                users.entry(id.clone()).or_insert_with(|| User { id, status: "suspended", ..User::default() }),
                name.as_deref(),
                &row,
            );
        }
        expected.licenses.push(license(&row));
    }
    expected.users = users.into_values().collect();
    let team = |index: usize| TEAMS.get(index).copied();
    expected.groups = teams
        .into_iter()
        .filter_map(team)
        .map(|(id, name)| Group { id: id.to_string(), name: name.to_owned(), category: "team", description: None, email: None })
        .collect();
    expected.sorted()
}

fn merge(user: &mut User, name: Option<&str>, row: &Row) {
    user.user_name = Some(user.id.clone());
    user.email = Some(user.id.clone());
    if user.display_name.is_none() {
        user.display_name = name.and_then(text);
    }
    if !row.suspended {
        user.status = "active";
    }
    let (seen, assigned) = row.used.as_ref().map_or((None, None), |used| (used.seen, used.assigned));
    user.last_seen_at = user.last_seen_at.max(seen.map(|seen| seen.0));
    let assigned = assigned.map(|assigned| assigned.0);
    user.created_at = [user.created_at, assigned].into_iter().flatten().min();
}

fn license(row: &Row) -> License {
    let (product_id, product_name) = row.product();
    let outdated = row
        .subscription
        .as_ref()
        .map_or(row.perpetual.is_some_and(|perpetual| perpetual.0), |subscription| subscription.outdated);
    License {
        id: row.id.clone(),
        product_id,
        product_name,
        state: match (row.suspended, outdated) {
            (true, _) => "suspended",
            (false, true) => "expired",
            (false, false) => "active",
        },
        trial: row.trial,
        assignable: row.available,
        transferable: row.transferable,
        auto_renews: row.subscription.as_ref().map(|subscription| subscription.renews),
        subscription: row.subscription.as_ref().and_then(|subscription| subscription.pack.clone()),
        group_id: row.team().0.to_string(),
        valid_until: row.subscription.as_ref().and_then(|subscription| subscription.valid_until).map(|until| until.0),
        assigned_at: row.used.as_ref().and_then(|used| used.assigned).map(|assigned| assigned.0),
        last_used_at: row.used.as_ref().and_then(|used| used.seen).map(|seen| seen.0),
    }
}
