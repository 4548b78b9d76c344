//! Looking up, assigning and revoking licenses. What an action changed is read back from JetBrains.

use std::collections::BTreeSet;

use FailureCode::{Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated};
use headcount_connector::prelude::*;

use crate::license::{self, Row, user_id};
use crate::{Config, LIST, with_code};

/// Pages of one person's licenses that are looked at, and licenses that are read back one by one.
const MOST: usize = 32;

/// What JetBrains' refusals mean, whatever status they come with: the code, the field that is wrong, and what can be done.
pub const REFUSALS: [(&str, FailureCode, &str, &str); 12] = [
    ("INVALID_TOKEN", Unauthenticated, "", "The API key is unknown, or of another customer code."),
    ("RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE", Conflict, "", "A license can be revoked 30 days after assigning."),
    ("LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", Conflict, "", "This license is taken, expired, or not for a person."),
    ("NO_AVAILABLE_LICENSE_TO_ASSIGN", Conflict, "", "This team has no free license of this product."),
    ("TEAM_MISMATCH", Forbidden, "", "The API key is of another team than this license."),
    ("INSUFFICIENT_PERMISSIONS", Forbidden, "", "The API key may only read."),
    ("LICENSE_NOT_FOUND", NotFound, "license-id", "There is no license of this id."),
    ("TEAM_NOT_FOUND", NotFound, "team-id", "There is no team of this id."),
    ("PRODUCT_NOT_FOUND", NotFound, "product-code", "There is no product of this code."),
    ("INVALID_CONTACT_EMAIL", InvalidInput, "email", "JetBrains does not take this e-mail address."),
    ("INVALID_CONTACT_NAME", InvalidInput, "first-name", "JetBrains wants a first and a last name."),
    ("MISSING_FIELD", InvalidInput, "license-id", "JetBrains wants a license id, or a team id and a product code."),
];

/// The refusal that says more in its description than in its code, and what the description means.
const TAKEN: &str = "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN";
const REASONS: [(&str, &str); 3] = [
    ("ALLOCATED", "Somebody else has this license: revoke it first, or choose a free one."),
    ("EXPIRED_WITHOUT_FALLBACK", "This license has expired, and no older version may be used with it."),
    ("NON_PER_USER", "This license belongs to a license server or an activation key, and can't go to a person."),
];

/// What a refusal means, in words, before the vendor's own.
pub fn explained(failure: Failure) -> Failure {
    let is_taken = failure.vendor_code.as_deref() == Some(TAKEN);
    let reason = REASONS.iter().find(|(word, _)| is_taken && failure.message.contains(word)).map(|(_, reason)| *reason);
    let said = failure.message.clone();
    let failure = failure.explain(&REFUSALS);
    match reason {
        Some(reason) => Failure { message: format!("{reason} ({said})"), ..failure },
        None => failure,
    }
}

/// The input of any action; the manifest says what each must have.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wanted {
    license_id: Option<String>,
    team_id: Option<i64>,
    product_code: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    send_email: Option<bool>,
    include_offline_code: Option<bool>,
}

impl Wanted {
    fn email(&self) -> Result<&str> {
        let email = self.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
        email.ok_or_else(|| Failure::invalid_input("email", "The e-mail address is missing."))
    }
}

/// The licenses that a person holds.
pub fn licenses_of_user(vendor: &Vendor<Config>, wanted: &Wanted) -> Result<Outcome> {
    let held = held_by(vendor, wanted.email()?, None)?;
    let more = if held.whole { "" } else { ", and perhaps more: the list was not read to its end" };
    let summary = format!("Licenses of {}: {}{more}", wanted.email()?, held.records.licenses().len());
    Ok(outcome(summary, Ok(held.records)))
}

/// Gives a license to a person: a certain one, or any free one of a team and product.
pub fn assign(vendor: &Vendor<Config>, wanted: &Wanted) -> Result<Outcome> {
    let email = wanted.email()?;
    let (part, value) = match (&wanted.license_id, wanted.team_id, &wanted.product_code) {
        (Some(id), ..) => ("licenseId", json!(id)),
        (None, Some(team), Some(product)) => ("license", json!({ "team": team, "productCode": product })),
        _ => return Err(Failure::invalid_input("license-id", "Give a license id, or a team id and a product code.")),
    };
    let body = json!({
        part: value,
        "contact": { "email": email, "firstName": wanted.first_name, "lastName": wanted.last_name },
        "sendEmail": wanted.send_email.unwrap_or(true),
        "includeOfflineActivationCode": wanted.include_offline_code.unwrap_or(false),
    });
    if let Err(failure) = with_code(vendor, vendor.post("/customer/licenses/assign")).body(body).send() {
        return assigned_already(vendor, wanted, email).ok_or(failure);
    }
    let read_back = match &wanted.license_id {
        Some(id) => these(vendor, [id]),
        None => held_by(vendor, email, wanted.product_code.as_deref()).map(|held| held.records),
    };
    Ok(outcome(format!("A license is assigned to {email}"), read_back))
}

/// A certain license that this person has is as good as assigned, whatever JetBrains says.
fn assigned_already(vendor: &Vendor<Config>, wanted: &Wanted, email: &str) -> Option<Outcome> {
    let held = these(vendor, [wanted.license_id.as_ref()?]).ok()?;
    let theirs = held.users().first().map(|user| user.id.clone()) == user_id(email);
    theirs.then(|| outcome(format!("{email} has this license already: nothing was changed"), Ok(held)))
}

/// Takes back one license, or those of a person.
pub fn revoke(vendor: &Vendor<Config>, wanted: Wanted) -> Result<Outcome> {
    let holder = match (&wanted.license_id, &wanted.email) {
        // Afterwards nothing says who held it.
        (Some(id), None) => these(vendor, [id])?.users().first().map(|user| user.id.clone()),
        (None, Some(email)) => user_id(email),
        _ => return Err(Failure::invalid_input("license-id", "Give either a license id or an e-mail address.")),
    };
    let before = holder.as_deref().and_then(|id| held_by(vendor, &oddly_spelled(id), None).ok()).unwrap_or_default();
    let request = with_code(vendor, vendor.post("/customer/licenses/revoke"))
        .maybe_query("licenseId", wanted.license_id.as_ref())
        .maybe_query("email", wanted.email.as_deref().map(str::trim))
        .maybe_query("productCode", wanted.product_code.filter(|_| wanted.email.is_some()));
    // It is done from here on, whatever the answer looks like.
    let answer = request.send()?;
    let listed = answer.raw().map(|raw| raw.fields().texts("/licenseIds")).ok().filter(|ids| !ids.is_empty());
    let told: Value = answer.json().unwrap_or_default();
    if told.get("licenseIds").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let what = wanted.email.map_or("Nobody holds this license".to_owned(), |email| format!("{email} holds no such license"));
        let outcome = Outcome::done(format!("{what}: nothing was revoked"), these(vendor, &wanted.license_id));
        return Ok(outcome.with_output(&json!({ "license-ids": [] })));
    }
    let ids = listed.unwrap_or_else(|| wanted.license_id.into_iter().collect());
    let mut read_back = these(vendor, ids.iter().take(MOST));
    let asked = |id: &String| if before.any_spelling { oddly_spelled(id) } else { id.clone() };
    let rest = holder.as_ref().map_or_else(|| Ok(Held::default()), |id| held_by(vendor, &asked(id), None));
    // Whoever holds nothing any more is in no list of JetBrains', and leaves the teams of what was revoked.
    let (mut teams, mut left) = (Vec::new(), false);
    if let (Ok(revoked), Ok(rest)) = (&mut read_back, rest) {
        if before.proves(&rest, &ids) {
            left = rest.records.users().is_empty() && revoked.users().iter().all(|user| Some(&user.id) != holder.as_ref());
            teams.extend(revoked.licenses().iter().filter_map(|license| license.group_id.clone()));
        }
        revoked.append(rest.records);
    }
    let targets = || ids.iter().map(Reference::license).chain(teams.iter().map(Reference::group));
    let gone = holder.iter().flat_map(|id| targets().map(move |target| Grant::new(Reference::user(id), target)));
    let mut outcome = Outcome::done(format!("Licenses revoked: {}", ids.join(", ")), read_back).with_gone(gone);
    outcome.gone = holder.as_ref().filter(|_| left).map(|id| vec![Reference::user(id)]);
    Ok(outcome.with_output(&json!({ "license-ids": ids })))
}

/// Licenses of a person.
#[derive(Default)]
struct Held {
    records: Records,
    /// Whether these are all that JetBrains has under the address that was asked for.
    whole: bool,
    /// Whether one of them is held under another spelling of it: then the list has those of every spelling.
    any_spelling: bool,
}

impl Held {
    /// Whether what is missing from a list after a revocation is gone. The documents do not say whether letter case matters to the
    /// list: one that never had what was revoked, or lacks more than that, proves nothing by having nothing.
    fn proves(&self, after: &Held, revoked: &[String]) -> bool {
        let ids = |held: &Held| held.records.licenses().iter().map(|license| license.id.clone()).collect::<BTreeSet<_>>();
        let (before, rest, revoked) = (ids(self), ids(after), revoked.iter().cloned().collect());
        self.whole && after.whole && self.any_spelling && before.is_superset(&revoked) && (&before - &revoked).is_subset(&rest)
    }
}

/// The address in a spelling that nobody uses: `aDa@eXaMpLe.cOm`.
fn oddly_spelled(id: &str) -> String {
    id.chars().enumerate().map(|(at, letter)| if at % 2 == 1 { letter.to_ascii_uppercase() } else { letter }).collect()
}

fn held_by(vendor: &Vendor<Config>, email: &str, product: Option<&str>) -> Result<Held> {
    let mut any_spelling = false;
    let gathered = Records::gather(MOST, |cursor| {
        let request = with_code(vendor, vendor.get("/customer/licenses")).query("assigned", true).query("assigneeEmail", email);
        request.maybe_query("productCode", product).list(&LIST, cursor, "")?.each(|row: Row, raw, out| {
            // Whatever else the filter lets through is somebody else's.
            if row.holder() == user_id(email) {
                any_spelling |= raw.fields().text("/assignee/email").is_some_and(|spelled| spelled.trim() != email);
                license::add(row, raw, out);
            }
        })
    })?;
    Ok(Held { records: gathered.records, whole: gathered.whole, any_spelling })
}

fn these<'a>(vendor: &Vendor<Config>, ids: impl IntoIterator<Item = &'a String>) -> Result<Records> {
    let requests = ids.into_iter().map(|id| with_code(vendor, vendor.get(path!("/customer/licenses/{}", id))));
    let mut records = Records::default();
    for answer in vendor.all(requests) {
        records.append(answer?.record(license::add)?);
    }
    Ok(records)
}

fn outcome(summary: String, records: Result<Records>) -> Outcome {
    let outcome = Outcome::done(summary, records);
    let rows = outcome.records.licenses().iter().map(|license| {
        json!({
            "license-id": license.id, "product-code": license.product_id, "product-name": license.product_name,
            "suspended": license.state == Some(LicenseState::Suspended), "expired": license.state == Some(LicenseState::Expired),
            "team-id": license.group_id, "valid-until": license.valid_until,
            "assigned-at": license.assigned_at, "last-used-at": license.last_used_at,
        })
    });
    let rows: Vec<Value> = rows.collect();
    outcome.with_output(&json!({ "licenses": rows }))
}
