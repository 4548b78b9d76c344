//! Assigning, revoking and moving licenses.

use serde::Deserialize;
use serde_json::json;

use super::refusal::Refusal;
use super::{NARROW_TEAM, team_id};
use crate::books::JetBrains;
use crate::books::jetbrains::{Holder, License, PRODUCTS, TEAMS, Use};
use crate::front::Reach;
use crate::wire::{Reply, Request};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    license_id: Option<String>,
    license: Option<Wanted>,
    contact: Contact,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    team: i64,
    product_code: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Contact {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Move {
    license_ids: Vec<String>,
    target_team_id: Option<i64>,
}

/// The least number of days between an assignment and its revocation.
const BOUND_DAYS: i64 = 30;

/// POST /customer/licenses/assign
pub(super) fn assign(books: &mut JetBrains, request: &Request, reach: Reach) -> Result<Reply, Refusal> {
    let body: Assignment = serde_json::from_slice(&request.body).map_err(|_| Refusal::Html(400))?;
    let email = body.contact.email.unwrap_or_default();
    let is_address =
        email.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.') && !email.contains(' '));
    if !is_address {
        return Err(Refusal::ContactEmail(email));
    }
    let (first, last) = (body.contact.first_name.unwrap_or_default(), body.contact.last_name.unwrap_or_default());
    if first.trim().is_empty() || last.trim().is_empty() {
        return Err(Refusal::ContactName);
    }
    let key = match (body.license_id, body.license) {
        (Some(id), _) => by_id(books, &id, reach)?,
        (None, Some(wanted)) => by_product(books, &wanted, reach)?,
        (None, None) => return Err(Refusal::MissingField),
    };
    let license = books.license(key);
    let used = Some(Use { assigned: Some(books.company().now().to_millis()), seen: None, offline: Some(false) });
    let holder = Holder::User { name: Some(format!("{first} {last}")), email: Some(email) };
    books.put(key, License { holder, used, available: false, ..license });
    Ok(Reply::empty(200))
}

fn by_id(books: &JetBrains, id: &str, reach: Reach) -> Result<u32, Refusal> {
    let key = books.key(id).ok_or_else(|| Refusal::LicenseNotFound(id.to_owned()))?;
    let license = books.license(key);
    if reach == Reach::Narrow && license.team != NARROW_TEAM {
        return Err(Refusal::TeamMismatch(team_id(NARROW_TEAM)));
    }
    let outdated = license.subscription.as_ref().is_none_or(|subscription| subscription.outdated);
    match license.holder {
        Holder::Server { .. } | Holder::Key { .. } => Err(Refusal::NotAvailable("NON_PER_USER")),
        Holder::User { .. } => Err(Refusal::NotAvailable("ALLOCATED")),
        _ if outdated && license.perpetual.is_none() => Err(Refusal::NotAvailable("EXPIRED_WITHOUT_FALLBACK")),
        _ => Ok(key),
    }
}

fn by_product(books: &JetBrains, wanted: &Wanted, reach: Reach) -> Result<u32, Refusal> {
    let team = TEAMS.iter().position(|team| team.0 == wanted.team);
    let team = team.ok_or_else(|| Refusal::TeamNotFound(wanted.team.to_string()))?;
    if reach == Reach::Narrow && team != NARROW_TEAM {
        return Err(Refusal::TeamMismatch(team_id(NARROW_TEAM)));
    }
    let product = PRODUCTS.iter().position(|product| product.0 == wanted.product_code);
    let product = product.ok_or_else(|| Refusal::ProductNotFound(wanted.product_code.clone()))?;
    books
        .keys()
        .filter(|key| books.product_of(*key) == product && books.team_of(*key) == team && !books.is_held(*key))
        .find(|key| books.license(*key).available)
        .ok_or_else(|| Refusal::NoneAvailable { team: wanted.team, product: wanted.product_code.clone() })
}

/// POST /customer/licenses/revoke
pub(super) fn revoke(books: &mut JetBrains, request: &Request, reach: Reach) -> Result<Reply, Refusal> {
    let product = request.query.get("productCode").map(|code| PRODUCTS.iter().position(|product| product.0 == code));
    let keys: Vec<u32> = match (request.query.get("licenseId"), request.query.get("email")) {
        (Some(id), _) => vec![books.key(id).ok_or_else(|| Refusal::LicenseNotFound(id.to_owned()))?],
        (None, Some(email)) => {
            let email = email.to_lowercase();
            let wanted = |key: &u32| product.is_none_or(|product| product == Some(books.product_of(*key)));
            books.keys().filter(wanted).filter(|key| is_held_by(books, *key, &email)).collect()
        }
        (None, None) => return Err(Refusal::MissingField),
    };
    if reach == Reach::Narrow && keys.iter().any(|key| books.team_of(*key) != NARROW_TEAM) {
        return Err(Refusal::TeamMismatch(team_id(NARROW_TEAM)));
    }
    let held: Vec<(u32, License)> =
        keys.into_iter().filter(|key| books.is_held(*key)).map(|key| (key, books.license(key))).collect();
    let now = books.company().now();
    let is_recent = |license: &License| {
        let assigned = license.used.as_ref().and_then(|used| used.assigned);
        assigned.is_some_and(|assigned| now.days_since(assigned) < BOUND_DAYS)
    };
    // All or nothing.
    if held.iter().any(|(_, license)| is_recent(license)) {
        return Err(Refusal::Recent);
    }
    let ids: Vec<String> = held.iter().map(|(_, license)| license.id.clone()).collect();
    for (key, license) in held {
        let outdated = license.subscription.as_ref().is_some_and(|subscription| subscription.outdated);
        let available = !license.suspended && !outdated;
        books.put(key, License { holder: Holder::Absent, used: None, available, ..license });
    }
    Ok(Reply::ok(&json!({ "licenseIds": ids })))
}

/// POST /customer/changeLicensesTeam
pub(super) fn change_team(books: &mut JetBrains, request: &Request, reach: Reach) -> Result<Reply, Refusal> {
    if reach == Reach::Narrow {
        return Err(Refusal::TokenType);
    }
    let body: Move = serde_json::from_slice(&request.body).map_err(|_| Refusal::Html(400))?;
    let target = body.target_team_id.unwrap_or(0);
    let team = TEAMS.iter().position(|team| team.0 == target).ok_or_else(|| Refusal::TeamNotFound(target.to_string()))?;
    let mut moved = Vec::new();
    for key in body.license_ids.iter().filter_map(|id| books.key(id)).collect::<Vec<_>>() {
        let license = books.license(key);
        if license.transferable && license.team != team {
            moved.push(license.id.clone());
            books.put(key, License { team, ..license });
        }
    }
    Ok(Reply::ok(&json!({ "licenseIds": moved })))
}

/// Whether a license is held by the person with this address, in lower case.
pub(super) fn is_held_by(books: &JetBrains, key: u32, email: &str) -> bool {
    if !books.is_held(key) {
        return false;
    }
    matches!(books.license(key).holder, Holder::User { email: Some(held), .. } if held.to_lowercase() == email)
}
