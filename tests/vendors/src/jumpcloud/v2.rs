//! Version 2: bare arrays, with the total in a header.

use serde_json::json;

use super::refusal::Refusal;
use super::v1::numbers;
use super::{Visit, graph, organizations, row, writes};
use crate::books::JumpCloud;
use crate::books::jumpcloud::Resource;
use crate::guarded::Guarded;
use crate::wire::Reply;

/// Answers below `/api/v2`.
pub(super) fn answer(books: &Guarded<JumpCloud>, visit: &Visit<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    match (visit.request.method.as_str(), parts) {
        ("GET", _) => read(&books.read(), visit, parts),
        ("POST", ["usergroups", id, "members"]) => writes::change_members(&mut books.write(), id, visit.request),
        ("POST", [kind, id, "associations"]) => {
            let resource = resource(kind).ok_or(Refusal::NotFound)?;
            writes::change_access(&mut books.write(), resource, id, visit.request)
        }
        ("POST", ["bulk", "userstates"]) => writes::bulk_states(&mut books.write(), visit.request),
        (_, ["usergroups" | "applications" | "users" | "ldapservers" | "radiusservers" | "directories", ..]) => {
            Err(Refusal::Method)
        }
        _ => Err(Refusal::NotFound),
    }
}

fn read(books: &JumpCloud, visit: &Visit<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    match parts {
        ["usergroups"] | ["groups"] => visit.list(&numbers(books.group_count()), |number| row::group(books.group(number))),
        ["usergroups", id] => Ok(Reply::ok(&row::group(books.group(group(books, id)?)))),
        ["usergroups", id, "members"] => {
            let members = books.members(group(books, id)?);
            visit.connections(&members, |key| graph::connection("user", books.user_id(key)))
        }
        ["usergroups", id, "membership"] => {
            let members = books.members(group(books, id)?);
            visit.connections(&members, |key| graph::with_paths("user", books.user_id(key)))
        }
        ["usergroups", id, "applications"] => graph::applications_of_group(books, visit, group(books, id)?),
        ["users", id, "memberof"] => graph::groups_of_user(books, visit, id),
        ["applications", id, "usergroups"] => graph::reaching(books, visit, id, false),
        ["applications", id, "users"] => graph::reaching(books, visit, id, true),
        [kind, id, "associations"] => graph::associations(books, visit, resource(kind).ok_or(Refusal::NotFound)?, id),
        ["ldapservers"] => visit.list(&numbers(books.ldap_count()), |number| row::ldap(&books.ldap(number))),
        ["ldapservers", id] => {
            let number = books.ldap_number(id).ok_or(Refusal::NotFound)?;
            Ok(Reply::ok(&row::ldap(&books.ldap(number))))
        }
        ["directories"] => visit.list(&numbers(books.ldap_count()), |number| {
            let server = books.ldap(number);
            json!({ "id": server.id, "name": server.name, "type": "ldap_server" })
        }),
        ["organizations"] => Ok(organizations(books)),
        _ => Err(Refusal::NotFound),
    }
}

fn group(books: &JumpCloud, id: &str) -> Result<u32, Refusal> {
    books.group_number(id).ok_or(Refusal::NotFound)
}

fn resource(kind: &str) -> Option<Resource> {
    Some(match kind {
        "applications" => Resource::Application,
        "ldapservers" => Resource::Ldap,
        "radiusservers" => Resource::Radius,
        _ => return None,
    })
}
