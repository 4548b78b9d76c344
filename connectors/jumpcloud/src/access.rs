//! The edges: who is in a group, and which users and groups reach an application or server.

use headcount_connector::{Path, prelude::*};

use crate::{Config, V2, of_organization};

/// What an application's direct associations can be, in the order in which they are asked for.
const USERS: &str = "user";
const GROUPS: &str = "user_group";

#[derive(Deserialize)]
struct Edge {
    to: Node,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Direct members of a group.
pub fn members(vendor: &Vendor<Config>, group: &str, cursor: Option<&str>) -> Result<Page> {
    let request = of_organization(vendor, vendor.get(path!("/v2/usergroups/{}/members", group)));
    request.list(&V2, cursor, "")?.each(|edge: Edge, _, out| hold(edge, Reference::group(group), out))
}

/// Users, then groups, that have direct access: two lists, since JumpCloud may take but one kind of target at a time.
pub fn associations(vendor: &Vendor<Config>, path: Path, id: &str, cursor: Option<&str>) -> Result<Page> {
    let unknown = || Failure::new(FailureCode::CursorExpired, "This connector gave no such cursor.");
    let (targets, before, at) = match cursor {
        None => (USERS, None, None),
        Some(cursor) => {
            let mut parts = cursor.splitn(3, '~');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(USERS), Some(_), Some(at)) => (USERS, None, Some(at)),
                (Some(GROUPS), Some(users), Some(at)) => (GROUPS, users.parse::<u32>().ok(), Some(at)),
                _ => return Err(unknown()),
            }
        }
    };
    let request = of_organization(vendor, vendor.get(path)).query("targets", targets);
    let list = request.list(&V2, at.filter(|at| !at.is_empty()), "")?;
    let mut page = list.each(|edge: Edge, _, out| hold(edge, Reference::application(id), out))?;
    let spelt = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    page.progress = match page.progress {
        Progress::More(next) => Progress::More(format!("{targets}~{}~{next}", spelt(before))),
        // The number of users goes along, so that the two numbers can be told as one.
        Progress::Complete if targets == USERS => Progress::More(format!("{GROUPS}~{}~", spelt(page.total))),
        end => end,
    };
    page.total = match targets {
        USERS => None,
        _ => page.total.zip(before).map(|(groups, users)| groups.saturating_add(users)),
    };
    Ok(page)
}

fn hold(edge: Edge, target: Reference, out: &mut Out) {
    let principal = match edge.to.kind.as_str() {
        USERS => Reference::user(edge.to.id),
        GROUPS => Reference::group(edge.to.id),
        kind => {
            let reason = format!("A {kind} is tied to {}; only users and groups of users count as holders.", target.id);
            return out.skip_harmless(reason);
        }
    };
    out.grant(Grant::new(principal, target));
}
