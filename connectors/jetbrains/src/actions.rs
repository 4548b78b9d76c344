//! Looking up, assigning and revoking licenses. What an action changed is read back from JetBrains.

use headcount_connector::prelude::*;

use crate::license::{self, Row, user_id};
use crate::{Config, LIST, licenses, with_code};

/// Pages of one person's licenses that are looked at.
const MOST_PAGES: usize = 20;

/// Licenses that are read back one by one.
const MOST_READ_BACK: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    email: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assignment {
    license_id: Option<String>,
    team_id: Option<i64>,
    product_code: Option<String>,
    email: String,
    first_name: String,
    last_name: String,
    send_email: Option<bool>,
    include_offline_code: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Revocation {
    license_id: Option<String>,
    email: Option<String>,
    product_code: Option<String>,
}

#[derive(Deserialize)]
struct Revoked {
    #[serde(rename = "licenseIds")]
    ids: Vec<String>,
}

/// The licenses that a person holds.
pub fn licenses_of_user(vendor: &Vendor<Config>, person: Person) -> Result<Outcome> {
    let held = held_by(vendor, &person.email, None)?;
    let rows: Vec<Value> = held.licenses().iter().map(for_people).collect();
    let summary = format!("{} holds {}", person.email.trim(), count(rows.len()));
    Ok(Outcome { summary, records: held, output: Some(json!({ "licenses": rows }).to_string()), ..Default::default() })
}

/// Gives a license to a person: a certain one, or any free one of a team and product.
pub fn assign(vendor: &Vendor<Config>, wanted: Assignment) -> Result<Outcome> {
    let mut body = json!({
        "contact": { "email": wanted.email.trim(), "firstName": wanted.first_name, "lastName": wanted.last_name },
        "sendEmail": wanted.send_email.unwrap_or(true),
        "includeOfflineActivationCode": wanted.include_offline_code.unwrap_or(false),
    });
    let part = match (&wanted.license_id, wanted.team_id, &wanted.product_code) {
        (Some(id), ..) => ("licenseId", json!(id)),
        (None, Some(team), Some(product)) => ("license", json!({ "team": team, "productCode": product })),
        _ => return Err(Failure::invalid_input("license-id", "Give a license id, or a team id and a product code.")),
    };
    if let Some(object) = body.as_object_mut() {
        object.insert(part.0.to_owned(), part.1);
    }
    with_code(vendor, vendor.post("/customer/licenses/assign")).body(body).send().map_err(explain)?;
    // It is done: what can't be read back now comes with the next sync.
    let read_back = match &wanted.license_id {
        Some(id) => one(vendor, id),
        None => held_by(vendor, &wanted.email, wanted.product_code.as_deref()),
    };
    let (records, note) =
        read_back.map_or_else(|failure| (Records::default(), unread(&failure)), |records| (records, String::new()));
    let what = match (&wanted.license_id, &wanted.product_code) {
        (Some(id), _) => format!("License {id}"),
        (None, product) => format!("A license of {}", product.as_deref().unwrap_or_default()),
    };
    let rows: Vec<Value> = records.licenses().iter().map(for_people).collect();
    Ok(Outcome {
        summary: format!("{what} is assigned to {}{note}", wanted.email.trim()),
        records,
        output: Some(json!({ "licenses": rows }).to_string()),
        ..Default::default()
    })
}

/// Takes back one license, or those of a person.
pub fn revoke(vendor: &Vendor<Config>, wanted: Revocation) -> Result<Outcome> {
    let request = with_code(vendor, vendor.post("/customer/licenses/revoke"));
    let (request, holder) = match (&wanted.license_id, &wanted.email) {
        (Some(id), None) => {
            // Afterwards nothing says who held it.
            let before = one(vendor, id)?;
            let holder = before.users().first().map(|user| user.id.clone());
            (request.query("licenseId", id), holder)
        }
        (None, Some(email)) => {
            let request = request.query("email", email.trim());
            let request = wanted.product_code.iter().fold(request, |request, code| request.query("productCode", code));
            (request, user_id(email))
        }
        _ => return Err(Failure::invalid_input("license-id", "Give either a license id or an e-mail address.")),
    };
    let answer = request.send().map_err(explain)?;
    // It is done from here on, whatever the answer looks like.
    let ids = answer.json().map_or_else(|_| wanted.license_id.into_iter().collect(), |Revoked { ids }| ids);
    let mut out = Out::default();
    let mut note = String::new();
    for answer in vendor.all(ids.iter().take(MOST_READ_BACK).map(|id| license(vendor, id))) {
        if let Err(failure) = answer.and_then(|answer| add(&answer, &mut out)) {
            note = unread(&failure);
        }
    }
    let records = out.records();
    let still =
        |grant: &Grant| records.grants().iter().any(|held| held.principal == grant.principal && held.target == grant.target);
    let gone: Vec<Grant> = holder
        .iter()
        .flat_map(|holder| ids.iter().map(move |id| Grant::new(Reference::user(holder), Reference::license(id))))
        .filter(|grant| !still(grant))
        .collect();
    let whose = holder.map(|holder| format!(" of {holder}")).unwrap_or_default();
    Ok(Outcome {
        summary: format!("{} revoked{whose}{note}", count(ids.len())),
        output: Some(json!({ "license-ids": ids }).to_string()),
        records,
        gone_grants: (!gone.is_empty()).then_some(gone),
        gone: None,
    })
}

/// What a person holds, page by page.
fn held_by(vendor: &Vendor<Config>, email: &str, product: Option<&str>) -> Result<Records> {
    let wanted = user_id(email).ok_or_else(|| Failure::invalid_input("email", "The e-mail address is empty."))?;
    let mut records = Records::default();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let request = licenses(vendor).query("assigned", true).query("assigneeEmail", email.trim());
        let request = product.iter().fold(request, |request, code| request.query("productCode", code));
        let page = request.list(&LIST, cursor.as_deref(), "")?.each(|row: Row, raw, out| {
            // Whatever else the filter lets through is somebody else's.
            if row.holder().as_ref() == Some(&wanted) {
                license::add(row, raw, out);
            }
        })?;
        records.append(page.records);
        match page.progress {
            Progress::More(next) => cursor = Some(next),
            _ => break,
        }
    }
    Ok(records)
}

/// One license, as it is now.
fn one(vendor: &Vendor<Config>, id: &str) -> Result<Records> {
    let answer = license(vendor, id).send().map_err(explain)?;
    let mut out = Out::default();
    add(&answer, &mut out)?;
    Ok(out.records())
}

fn license<'a>(vendor: &'a Vendor<Config>, id: &str) -> Request<'a> {
    with_code(vendor, vendor.get(path!("/customer/licenses/{}", id)))
}

fn add(answer: &Response, out: &mut Out) -> Result<()> {
    license::add(answer.json()?, answer.raw()?, out);
    Ok(())
}

fn for_people(license: &License) -> Value {
    json!({
        "license-id": license.id,
        "product-code": license.product_id,
        "product-name": license.product_name,
        "team-id": license.group_id,
        "suspended": license.state == Some(LicenseState::Suspended),
        "expired": license.state == Some(LicenseState::Expired),
        "valid-until": license.valid_until,
        "assigned-at": license.assigned_at,
        "last-used-at": license.last_used_at,
    })
}

fn count(licenses: usize) -> String {
    if licenses == 1 { "1 license".to_owned() } else { format!("{licenses} licenses") }
}

fn unread(failure: &Failure) -> String {
    format!("; it could not be read back: {}", failure.message)
}

/// What JetBrains' refusals mean, whatever status they come with, and what can be done about them.
const REFUSALS: [(&str, FailureCode, &str, &str); 12] = [
    (
        "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE",
        FailureCode::Conflict,
        "",
        "JetBrains lets a license be revoked only when 30 days have passed since it was assigned; of several, none was revoked.",
    ),
    ("LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", FailureCode::Conflict, "", "This license is taken, expired, or not for a person."),
    ("NO_AVAILABLE_LICENSE_TO_ASSIGN", FailureCode::Conflict, "", "This team has no free license of this product."),
    ("TEAM_MISMATCH", FailureCode::Forbidden, "", "The API key is of another team than this license."),
    ("TOKEN_TYPE_MISMATCH", FailureCode::Forbidden, "", "This takes an API key of the whole organisation."),
    ("INSUFFICIENT_PERMISSIONS", FailureCode::Forbidden, "", "The API key may only read."),
    ("LICENSE_NOT_FOUND", FailureCode::NotFound, "license-id", "There is no license of this id."),
    ("TEAM_NOT_FOUND", FailureCode::NotFound, "team-id", "There is no team of this id."),
    ("PRODUCT_NOT_FOUND", FailureCode::NotFound, "product-code", "There is no product of this code."),
    ("INVALID_CONTACT_EMAIL", FailureCode::InvalidInput, "email", "JetBrains does not take this e-mail address."),
    ("INVALID_CONTACT_NAME", FailureCode::InvalidInput, "first-name", "JetBrains wants a first and a last name."),
    ("MISSING_FIELD", FailureCode::InvalidInput, "license-id", "JetBrains wants a license id, or a team id and a product code."),
];

fn explain(failure: Failure) -> Failure {
    let known = REFUSALS.iter().find(|(vendor_code, ..)| failure.vendor_code.as_deref() == Some(vendor_code));
    let Some((_, code, field, meaning)) = known else { return failure };
    Failure { code: *code, message: format!("{meaning} ({})", failure.message), ..failure }.with_field(field)
}
