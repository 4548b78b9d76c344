//! Groups, and what people sign in to: SSO applications, LDAP and RADIUS servers.

use headcount_connector::prelude::*;

/// Private keys and shared secrets, which JumpCloud sends along.
const NEVER_KEPT: [&str; 3] = ["sharedSecret", "idpPrivateKey", "spPrivateKey"];

#[derive(Deserialize)]
pub struct UserGroup {
    id: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    description: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sso {
    #[serde(rename = "_id")]
    id: String,
    name: Option<String>,
    display_name: Option<String>,
    display_label: Option<String>,
    description: Option<String>,
    active: Option<bool>,
    created: Option<String>,
    sso_url: Option<String>,
    logo: Option<Logo>,
    sso: Option<Protocol>,
}

#[derive(Deserialize)]
struct Logo {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Protocol {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
pub struct LdapServer {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize)]
pub struct RadiusServer {
    #[serde(rename = "_id")]
    id: String,
    name: Option<String>,
}

pub fn group(group: UserGroup, raw: Raw<'_>, out: &mut Out) {
    out.group(Group {
        name: first([group.name], &group.id),
        id: group.id,
        category: group.kind,
        description: group.description,
        email: group.email,
        attributes: raw.attributes(),
    });
}

pub fn application(app: Sso, raw: Raw<'_>, out: &mut Out) {
    out.application(Application {
        // What administrators called it, before what the catalogue calls it.
        name: first([app.display_label, app.display_name, app.name], &app.id),
        id: app.id,
        protocol: app.sso.and_then(|sso| sso.kind).map(|kind| kind.to_ascii_lowercase()),
        active: app.active,
        description: app.description,
        sign_in_url: app.sso_url,
        logo_url: app.logo.and_then(|logo| logo.url),
        created_at: app.created,
        attributes: raw.without(&NEVER_KEPT),
    });
}

pub fn ldap(server: LdapServer, raw: Raw<'_>, out: &mut Out) {
    server_of("ldap", server.id, server.name, raw, out);
}

pub fn radius(server: RadiusServer, raw: Raw<'_>, out: &mut Out) {
    server_of("radius", server.id, server.name, raw, out);
}

/// Ids are unique throughout JumpCloud, so that servers and SSO applications share one kind.
fn server_of(protocol: &str, id: String, name: Option<String>, raw: Raw<'_>, out: &mut Out) {
    out.application(Application {
        name: first([name], &id),
        id,
        protocol: Some(protocol.to_owned()),
        attributes: raw.without(&NEVER_KEPT),
        ..Default::default()
    });
}

/// The first name that says something, else the id.
fn first<const N: usize>(names: [Option<String>; N], id: &str) -> String {
    names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or_else(|| id.to_owned())
}
