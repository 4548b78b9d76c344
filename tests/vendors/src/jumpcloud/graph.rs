//! Connections: direct ones, and those that groups bring about.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::Visit;
use super::refusal::Refusal;
use crate::books::JumpCloud;
use crate::books::jumpcloud::{Group, Principal, Resource};
use crate::wire::Reply;

/// One end of a connection.
#[derive(Serialize)]
pub(super) struct End {
    id: String,
    r#type: &'static str,
    attributes: Option<()>,
}

/// A direct connection.
#[derive(Serialize)]
pub(super) struct Connection {
    to: End,
}

/// A direct connection to something.
pub(super) fn connection(kind: &'static str, id: String) -> Connection {
    Connection { to: End { id, r#type: kind, attributes: None } }
}

/// Something reached, directly or not.
pub(super) fn with_paths(kind: &'static str, id: String) -> Value {
    let path = json!([{ "to": { "id": id, "type": kind } }]);
    json!({ "id": id, "type": kind, "paths": [path] })
}

/// A group reached, named only if it has attributes.
fn group_with_paths(group: Group) -> Value {
    let path = json!([{ "to": { "id": group.id, "type": "user_group" } }]);
    if group.attributes {
        let attributes = json!({ "ldapGroups": [{ "name": group.name }] });
        json!({ "id": group.id, "type": "user_group", "compiledAttributes": attributes, "paths": [path] })
    } else {
        json!({ "id": group.id, "type": "user_group", "paths": [path] })
    }
}

/// The number of a resource's id.
pub(super) fn number_of(books: &JumpCloud, resource: Resource, id: &str) -> Result<u32, Refusal> {
    let number = match resource {
        Resource::Application => books.application_number(id),
        Resource::Ldap => books.ldap_number(id),
        Resource::Radius => books.radius_number(id),
    };
    number.ok_or(Refusal::NotFound)
}

/// `?targets=`: required; one kind, or several where that is switched on.
pub(super) fn associations(books: &JumpCloud, visit: &Visit<'_>, resource: Resource, id: &str) -> Result<Reply, Refusal> {
    let number = number_of(books, resource, id)?;
    let targets: Vec<&str> =
        visit.request.query.all("targets").flat_map(|value| value.split(',')).filter(|one| !one.is_empty()).collect();
    if targets.is_empty() || targets.iter().any(|one| !matches!(*one, "user" | "user_group")) {
        return Err(Refusal::Invalid("targets must be user or user_group".to_owned()));
    }
    if targets.len() > 1 && !visit.switches.jumpcloud_combined_targets {
        return Err(Refusal::Invalid("targets takes one value".to_owned()));
    }
    let wanted = |principal: &Principal| match principal {
        Principal::User(_) => targets.contains(&"user"),
        Principal::Group(_) => targets.contains(&"user_group"),
    };
    let bound: Vec<Principal> = books.access(resource, number).into_iter().filter(wanted).collect();
    visit.connections(&bound, |principal| match principal {
        Principal::User(key) => connection("user", books.user_id(key)),
        Principal::Group(number) => connection("user_group", books.group_id(number)),
    })
}

/// Users or groups that reach an application.
pub(super) fn reaching(books: &JumpCloud, visit: &Visit<'_>, id: &str, users: bool) -> Result<Reply, Refusal> {
    let number = number_of(books, Resource::Application, id)?;
    let mut reached: BTreeSet<Principal> = BTreeSet::new();
    for principal in books.access(Resource::Application, number) {
        match (principal, users) {
            (Principal::User(_), true) | (Principal::Group(_), false) => {
                reached.insert(principal);
            }
            (Principal::Group(group), true) => reached.extend(books.members(group).iter().copied().map(Principal::User)),
            (Principal::User(_), false) => {}
        }
    }
    let reached: Vec<Principal> = reached.into_iter().collect();
    visit.connections(&reached, |principal| match principal {
        Principal::User(key) => with_paths("user", books.user_id(key)),
        Principal::Group(number) => with_paths("user_group", books.group_id(number)),
    })
}

/// Applications that a group reaches.
pub(super) fn applications_of_group(books: &JumpCloud, visit: &Visit<'_>, group: u32) -> Result<Reply, Refusal> {
    let reaches = |number: &u32| books.access(Resource::Application, *number).contains(&Principal::Group(group));
    let found: Vec<u32> = (0..books.application_count()).filter(reaches).collect();
    visit.connections(&found, |number| with_paths("application", books.application(number).id))
}

/// Groups of a user. A group is named only through its LDAP name, which may be missing.
pub(super) fn groups_of_user(books: &JumpCloud, visit: &Visit<'_>, id: &str) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    let found: Vec<u32> = (0..books.group_count()).filter(|number| books.members(*number).binary_search(&key).is_ok()).collect();
    visit.connections(&found, |number| group_with_paths(books.group(number)))
}
