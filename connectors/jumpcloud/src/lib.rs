//! JumpCloud: people, administrators, groups with their members, and who may sign in to which application or server.

mod access;
mod account;

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
        check(vendor).map_err(explain)
    }

    fn read(vendor: &Vendor<Config>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        read(vendor, feed, parent, cursor).map_err(explain)
    }

    fn invoke(vendor: &Vendor<Config>, action: &str, given: Value) -> Result<Outcome> {
        match action {
            "deactivate" => account::set_state(vendor, &input(given)?, false),
            "reactivate" => account::set_state(vendor, &input(given)?, true),
            _ => Err(Failure::unsupported(format_args!("action {action}"))),
        }
        .map_err(explain)
    }
}

/// Which organisation the key is of. No endpoint tells its own administrator or role.
fn check(vendor: &Vendor<Config>) -> Result<Scope> {
    let wrong = |message: String| Err(Failure::invalid_configuration("organization-id", message));
    let chosen = vendor.config.organization_id();
    if chosen.is_some_and(|id| id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return wrong("An organisation's id is 24 digits and letters from a to f.".to_owned());
    }
    // This list takes no organisation: from it, an administrator of several learns which there are.
    let request = vendor.get("/organizations").header("content-type", "application/json").query("sort", "_id");
    let mut known = Vec::new();
    let add = |id: String, raw: Raw<'_>, _: &mut Out| {
        let name = raw.fields().text("/displayName").unwrap_or_else(|| "Organisation".to_owned());
        known.push((format!("{name} ({id})"), id));
    };
    let listed = request.list(&V1, None, "results").and_then(|list| list.each_by_id(add));
    if let Err(failure) = listed {
        // Some roles may not list organisations, though they may list people, who name theirs.
        let refused = matches!(failure.code, FailureCode::Forbidden | FailureCode::NotFound);
        return if refused { by_person(vendor, failure) } else { Err(failure) };
    }
    let seen = known.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(", ");
    let found = known.iter().find(|(_, id)| chosen.is_none_or(|chosen| chosen.eq_ignore_ascii_case(id)));
    match (chosen, found) {
        (None, Some(_)) if known.len() > 1 => wrong(format!("Say which organisation this key is used for: {seen}.")),
        (_, Some((label, id))) => Ok(Scope::of(id).label(label)),
        (Some(id), None) if (1..100).contains(&known.len()) => wrong(format!("This key does not see {id}, but {seen}.")),
        _ => by_person(vendor, Failure::unexpected("JumpCloud lists no organisation for this key.")),
    }
}

/// The organisation that is set, or else the one that the first person names; `failure` where there is neither.
fn by_person(vendor: &Vendor<Config>, failure: Failure) -> Result<Scope> {
    let request = of_organization(vendor, vendor.get("/systemusers"));
    let first: Value = request.query("limit", 1).query("skip", 0).query("sort", "_id").json()?;
    let named = first.pointer("/results/0/organization").and_then(Value::as_str).filter(|id| !id.is_empty());
    vendor.config.organization_id().or(named).map(|id| Scope::of(id).label(format_args!("Organisation {id}"))).ok_or(failure)
}

fn read(vendor: &Vendor<Config>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
    // Without an order that stands still, rows repeat and go missing from page to page.
    let sorted = |path: &'static str, by| of_organization(vendor, vendor.get(path)).query("sort", by);
    let v1 = |path| sorted(path, "_id").list(&V1, cursor, "results").map(List::text_ids);
    let v2 = |path| sorted(path, "id").list(&V2, cursor, "").map(List::text_ids);
    let reach = |path, id| access::associations(vendor, path, id, cursor);
    match (feed, parent) {
        ("users", None) => v1("/systemusers")?.of(Kind::User).each(account::person),
        ("admins", None) => v1("/users")?.of(Kind::User).id_prefix("admin:").each(account::admin),
        ("groups", None) => v2("/v2/usergroups")?.each_by_id(access::group),
        ("members", Some(group)) => access::members(vendor, group, cursor),
        ("applications", None) => v1("/applications")?.each_by_id(|id, raw, out| access::application(id, None, raw, out)),
        ("ldap", None) => v2("/v2/ldapservers")?.each_by_id(|id, raw, out| access::application(id, Some("ldap"), raw, out)),
        ("radius", None) => v1("/radiusservers")?.each_by_id(|id, raw, out| access::application(id, Some("radius"), raw, out)),
        ("app-access", Some(id)) => reach(path!("/v2/applications/{}/associations", id), id),
        ("ldap-access", Some(id)) => reach(path!("/v2/ldapservers/{}/associations", id), id),
        ("radius-access", Some(id)) => reach(path!("/v2/radiusservers/{}/associations", id), id),
        _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
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
fn explain(mut failure: Failure) -> Failure {
    if failure.code == FailureCode::Forbidden && failure.message.contains("suspected abuse") {
        (failure.code, failure.retry_after) = (FailureCode::Unavailable, Some(3600));
    }
    failure
}

connector!(JumpCloud);
