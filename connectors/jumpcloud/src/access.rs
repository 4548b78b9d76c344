//! Groups, what people sign in to (SSO applications, LDAP and RADIUS servers), and the edges: who is in a group, who reaches what.

use headcount_connector::{Path, prelude::*};

use crate::{Config, V2, of_organization};

/// What holders are: the kinds of target that associations are asked for.
const USERS: &str = "user";
const GROUPS: &str = "user_group";

/// Private keys and shared secrets, which JumpCloud sends along.
const NEVER_KEPT: [&str; 3] = ["sharedSecret", "idpPrivateKey", "spPrivateKey"];

/// What JumpCloud's graph knows besides: not sought here, and nothing is lost with them.
const OTHERS: [&str; 11] = [
    "active_directory",
    "application",
    "command",
    "g_suite",
    "ldap_server",
    "office_365",
    "policy",
    "policy_group",
    "radius_server",
    "system",
    "system_group",
];

/// An edge, by what it leads to. One that can't be read could be anybody's.
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

pub fn group(id: String, raw: Raw<'_>, out: &mut Out) {
    let fields = raw.fields();
    out.group(Group {
        name: fields.text("/name").unwrap_or_else(|| id.clone()),
        category: fields.text("/type"),
        description: fields.text("/description"),
        email: fields.text("/email"),
        attributes: raw.attributes(),
        ..Group::of(id)
    });
}

/// An SSO application, an LDAP or a RADIUS server. Ids are unique throughout JumpCloud, so that they share one kind.
pub fn application(id: String, protocol: Option<&str>, raw: Raw<'_>, out: &mut Out) {
    let fields = raw.fields();
    // What administrators called it comes before what the catalogue calls it.
    let names = ["/displayLabel", "/displayName", "/name"];
    out.application(Application {
        name: names.iter().find_map(|name| fields.text(name)).unwrap_or_else(|| id.clone()),
        protocol: fields.text("/sso/type").as_deref().or(protocol).map(str::to_ascii_lowercase),
        active: fields.flag("/active"),
        description: fields.text("/description"),
        sign_in_url: fields.text("/ssoUrl"),
        logo_url: fields.text("/logo/url"),
        created_at: fields.text("/created"),
        attributes: raw.without(&NEVER_KEPT),
        ..Application::of(id)
    });
}

pub fn members(vendor: &Vendor<Config>, group: &str, cursor: Option<&str>) -> Result<Page> {
    let request = of_organization(vendor, vendor.get(path!("/v2/usergroups/{}/members", group)));
    let list = request.list(&V2, cursor, "")?;
    list.each(|edge, _, out| hold(edge, Reference::group(group), out))
}

/// Users, then groups, that have direct access: two lists, since JumpCloud may take but one kind of target at a time.
pub fn associations(vendor: &Vendor<Config>, path: Path, id: &str, cursor: Option<&str>) -> Result<Page> {
    let part = Part::of(cursor, &[USERS, GROUPS])?;
    let request = of_organization(vendor, vendor.get(path)).query("targets", part.name);
    let page = request.list(&V2, part.cursor, "")?.each(|edge, _, out| hold(edge, Reference::application(id), out))?;
    Ok(if part.name == USERS { part.then(page, GROUPS) } else { part.end(page) })
}

fn hold(edge: Edge, target: Reference, out: &mut Out) {
    let Node { id, kind } = edge.to;
    match kind.as_str() {
        _ if id.is_empty() => out.skip_unknown(format!("A {kind} without an id is tied to {}.", target.id)),
        USERS => out.grant(Grant::new(Reference::user(id), target)),
        GROUPS => out.grant(Grant::new(Reference::group(id), target)),
        kind if OTHERS.contains(&kind) => {
            out.skip_harmless(format!("A {kind} is tied to {}; only users and groups count.", target.id));
        }
        _ => out.skip_unknown(format!("It is not known what {id}, tied to {}, is.", target.id)),
    }
}
