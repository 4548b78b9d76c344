//! People, whom actions suspend and let back in, and the administrators of the console, who are accounts of their own.

use headcount_connector::prelude::*;

use crate::{Config, of_organization};

/// What must be right about an account of either kind, so that none is taken for another or for active; the rest is taken as found.
#[derive(Deserialize)]
pub struct Account {
    #[serde(rename = "_id")]
    id: String,
    email: Option<String>,
    state: Option<String>,
    suspended: Option<bool>,
    account_locked: Option<bool>,
}

/// An administrator of the console. Each has a role; JumpCloud knows of none without.
#[derive(Deserialize)]
pub struct Admin {
    #[serde(flatten)]
    account: Account,
    role: Option<String>,
    #[serde(rename = "roleName")]
    role_name: Option<String>,
}

impl Account {
    /// Without a state, or with one that is not known: active.
    fn status(&self) -> UserStatus {
        match self.state.as_deref() {
            state if state == Some("SUSPENDED") || self.suspended == Some(true) => UserStatus::Suspended,
            Some("STAGED") => UserStatus::Pending,
            _ if self.account_locked == Some(true) => UserStatus::Locked,
            _ => UserStatus::Active,
        }
    }
}

pub fn person(account: Account, raw: Raw<'_>, out: &mut Out) {
    let fields = raw.fields();
    // Told in three ways, the newest first.
    let enrolled = fields.text("/mfaEnrollment/overallStatus").map(|status| status == "ENROLLED");
    out.user(User {
        status: Some(account.status()),
        mfa: enrolled.or(fields.flag("/mfa/configured")).or(fields.flag("/totp_enabled")),
        user_name: fields.text("/username"),
        email: account.email,
        aliases: fields.text("/alternateEmail").map(|address| vec![address]),
        display_name: fields.text("/displayname").or_else(|| fields.joined(&["/firstname", "/lastname"])),
        given_name: fields.text("/firstname"),
        family_name: fields.text("/lastname"),
        external_id: fields.text("/employeeIdentifier"),
        employee_number: fields.text("/employeeIdentifier"),
        manager_id: fields.text("/manager"),
        title: fields.text("/jobTitle"),
        department: fields.text("/department"),
        created_at: fields.text("/created"),
        attributes: raw.attributes(),
        ..User::of(account.id)
    });
}

/// An administrator, and the role that it has.
pub fn admin(admin: Admin, raw: Raw<'_>, out: &mut Out) {
    let fields = raw.fields();
    let Admin { account, role, role_name } = admin;
    let id = format!("admin:{}", account.id);
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (role, name) = (said(role), said(role_name));
    if let Some(role) = &role {
        out.grant(Grant::new(Reference::user(&id), Reference::role(role)));
    }
    match role.zip(name) {
        Some((role, name)) => {
            // Other roles administer a part: devices, invoices, passwords.
            let administrator = Some(name.starts_with("Administrator"));
            out.role(Role { name, administrator, ..Role::of(role) });
        }
        // The role that is stored, and the administrator's grant of it, stay.
        None => out.skip(Reference::user(&id), "A console administrator comes without a role, or without its name."),
    }
    out.user(User {
        status: Some(account.status()),
        administrator: Some(true),
        mfa: fields.flag("/totpEnrolled"),
        user_name: account.email.clone(),
        email: account.email,
        display_name: fields.joined(&["/firstname", "/lastname"]),
        given_name: fields.text("/firstname"),
        family_name: fields.text("/lastname"),
        created_at: fields.text("/created"),
        attributes: raw.attributes(),
        ..User::of(id)
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Target {
    user_id: String,
}

/// Sets a person's state, and reads back what JumpCloud then says of them.
pub fn set_state(vendor: &Vendor<Config>, target: &Target, active: bool) -> Result<Outcome> {
    let id = target.user_id.trim();
    if id.starts_with("admin:") {
        return Err(Failure::invalid_input("user-id", "Only the console itself can suspend its administrators."));
    }
    let unknown = |failure: Failure| match failure.code {
        FailureCode::NotFound => failure.with_field("user-id"),
        _ => failure,
    };
    let before = of_organization(vendor, vendor.get(path!("/systemusers/{}", id))).send().map_err(unknown)?;
    let account: Account = before.json()?;
    match account.status() {
        UserStatus::Pending if active => {
            return Err(Failure::conflict(
                "This person was never let in: activate the account in the console, which sends the invitation.",
            ));
        }
        status if (status == UserStatus::Suspended) != active => {
            let name = account.email.filter(|email| !email.is_empty()).unwrap_or_else(|| id.to_owned());
            let state = if active { "not suspended" } else { "suspended already" };
            return Ok(Outcome::done(format!("{name} is {state}: nothing was changed"), before.record(person)));
        }
        _ => {}
    }
    let state = if active { "ACTIVATED" } else { "SUSPENDED" };
    let change = of_organization(vendor, vendor.put(path!("/systemusers/{}", id))).body(json!({ "state": state }));
    change.send().map_err(unknown)?;
    let answer = of_organization(vendor, vendor.get(path!("/systemusers/{}", id))).send();
    let read_back = answer.and_then(|answer| answer.record(person));
    let user = read_back.as_ref().ok().and_then(|records| records.users().first());
    let name = user.and_then(|user| user.email.clone()).filter(|email| !email.is_empty()).unwrap_or_else(|| id.to_owned());
    let summary = match (active, user.and_then(|user| user.status)) {
        (true, Some(UserStatus::Suspended)) => format!("JumpCloud took the change, but still says that {name} is suspended"),
        (true, Some(UserStatus::Locked)) => format!("{name} is no longer suspended, but is locked after wrong passwords"),
        (true, _) => format!("{name} may sign in again"),
        (false, None | Some(UserStatus::Suspended)) => format!("{name} is suspended"),
        (false, _) => format!("JumpCloud took the change, but does not say that {name} is suspended"),
    };
    Ok(Outcome::done(summary, read_back))
}
