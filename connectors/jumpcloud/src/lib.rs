//! JumpCloud: people, administrators, groups with their members, and who may sign in to what: SSO applications, LDAP and RADIUS
//! servers.

mod access;
mod account;
mod actions;
mod organization;
mod resource;

use headcount_connector::prelude::*;

/// Version 1 wraps its lists and states how many rows there are. A hundred rows is the most it gives.
const V1: Paging = Paging::offset("skip").size("limit", 100).until(End::Short).total_at("/totalCount");

/// Version 2 gives bare lists, and states the number at times.
const V2: Paging = Paging::offset("skip").size("limit", 100).until(End::Short).total_header("x-total-count");

/// The connector.
pub struct JumpCloud;

/// The connection's settings.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// Which of the organisations of an administrator who sees several.
    organization_id: Option<String>,
}

impl Connector for JumpCloud {
    type Config = Config;

    fn check(vendor: &Vendor<Config>) -> Result<Scope> {
        organization::check(vendor).map_err(explain)
    }

    fn read(vendor: &Vendor<Config>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        // Without an order that stands still, rows repeat and go missing from page to page.
        let v1 = |path: &'static str| of_organization(vendor, vendor.get(path)).query("sort", "_id").list(&V1, cursor, "results");
        let v2 = |path: &'static str| of_organization(vendor, vendor.get(path)).query("sort", "id").list(&V2, cursor, "");
        match (feed, parent) {
            ("users", None) => v1("/systemusers").and_then(|list| list.of(Kind::User).id_at("/_id").each(account::user)),
            ("admins", None) => {
                v1("/users").and_then(|list| list.of(Kind::User).id_at("/_id").id_prefix("admin:").each(account::admin))
            }
            ("groups", None) => v2("/v2/usergroups").and_then(|list| list.of(Kind::Group).each(resource::group)),
            ("members", Some(group)) => access::members(vendor, group, cursor),
            ("applications", None) => {
                v1("/applications").and_then(|list| list.of(Kind::Application).id_at("/_id").each(resource::application))
            }
            ("ldap", None) => v2("/v2/ldapservers").and_then(|list| list.of(Kind::Application).each(resource::ldap)),
            ("radius", None) => {
                v1("/radiusservers").and_then(|list| list.of(Kind::Application).id_at("/_id").each(resource::radius))
            }
            ("app-access", Some(id)) => access::associations(vendor, path!("/v2/applications/{}/associations", id), id, cursor),
            ("ldap-access", Some(id)) => access::associations(vendor, path!("/v2/ldapservers/{}/associations", id), id, cursor),
            ("radius-access", Some(id)) => {
                access::associations(vendor, path!("/v2/radiusservers/{}/associations", id), id, cursor)
            }
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
        .map_err(explain)
    }

    fn invoke(vendor: &Vendor<Config>, action: &str, given: Value) -> Result<Outcome> {
        match action {
            "deactivate" => actions::set_state(vendor, input(given)?, false),
            "reactivate" => actions::set_state(vendor, input(given)?, true),
            _ => Err(Failure::unsupported(format_args!("action {action}"))),
        }
        .map_err(explain)
    }
}

/// The headers that JumpCloud wants on every request, one without a body too; and the organisation, where one is set.
fn of_organization<'a>(vendor: &Vendor<Config>, request: Request<'a>) -> Request<'a> {
    let request = request.header("content-type", "application/json");
    vendor.config.organization_id().into_iter().fold(request, |request, id| request.header("x-org-id", id))
}

impl Config {
    fn organization_id(&self) -> Option<&str> {
        self.organization_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// A refusal of the address that asks says nothing about the key: it passes, though not soon.
fn explain(failure: Failure) -> Failure {
    let words = failure.message.to_ascii_lowercase();
    if failure.code == FailureCode::Forbidden && words.contains("blocked") && words.contains("abuse") {
        return Failure { code: FailureCode::Unavailable, retry_after: Some(3600), ..failure };
    }
    failure
}

connector!(JumpCloud);
