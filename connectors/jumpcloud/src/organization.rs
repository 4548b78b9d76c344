//! Which organisation a key is of. No endpoint tells the key's own administrator or role.

use headcount_connector::prelude::*;

use crate::{Config, of_organization};

/// Version 1's envelope.
#[derive(Deserialize)]
struct Listed {
    results: Vec<Organization>,
    #[serde(rename = "totalCount")]
    total: Option<usize>,
}

#[derive(Deserialize)]
struct Organization {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "displayName")]
    name: Option<String>,
}

pub fn check(vendor: &Vendor<Config>) -> Result<Scope> {
    let chosen = vendor.config.organization_id();
    if chosen.is_some_and(|id| id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(wrong("An organisation's id is 24 digits and letters from a to f."));
    }
    // This list takes no organisation: from it, an administrator of several learns which there are.
    let request = vendor.get("/organizations").header("content-type", "application/json");
    let known: Listed = match request.query("limit", 100).query("skip", 0).query("sort", "_id").json() {
        Ok(listed) => listed,
        // Some roles may not list organisations, though they may list people, who name theirs.
        Err(failure) if matches!(failure.code, FailureCode::Forbidden | FailureCode::NotFound) => {
            return by_person(vendor, failure);
        }
        Err(failure) => return Err(failure),
    };
    let all_known = known.total.is_none_or(|total| total <= known.results.len());
    let found = known.results.iter().find(|one| chosen.is_none_or(|id| id.eq_ignore_ascii_case(&one.id)));
    let seen: Vec<String> = known.results.iter().take(5).map(Organization::spelt).collect();
    let seen = format!("It sees {}{}.", seen.join(", "), if known.results.len() > 5 || !all_known { " and others" } else { "" });
    match (chosen, found) {
        (None, Some(_)) if known.results.len() > 1 || !all_known => {
            Err(wrong(format_args!("This key sees several organisations: say which. {seen}")))
        }
        (_, Some(one)) => Ok(Scope::of(&one.id).label(one.spelt())),
        (Some(id), None) if all_known && !known.results.is_empty() => {
            Err(wrong(format_args!("This key does not see the organisation {id}. {seen}")))
        }
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

fn wrong(message: impl std::fmt::Display) -> Failure {
    Failure::invalid_configuration("organization-id", message)
}

impl Organization {
    fn spelt(&self) -> String {
        match self.name.as_deref() {
            None | Some("") => format!("Organisation {}", self.id),
            Some(name) => format!("{name} ({})", self.id),
        }
    }
}
