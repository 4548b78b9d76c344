//! People, and the administrators of the console, who are accounts of their own.

use headcount_connector::prelude::*;

/// Somebody in the directory.
#[derive(Deserialize)]
pub struct Person {
    #[serde(rename = "_id")]
    id: String,
    username: Option<String>,
    email: Option<String>,
    #[serde(rename = "alternateEmail")]
    alternate_email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    displayname: Option<String>,
    state: Option<String>,
    suspended: Option<bool>,
    account_locked: Option<bool>,
    totp_enabled: Option<bool>,
    department: Option<String>,
    #[serde(rename = "jobTitle")]
    job_title: Option<String>,
    #[serde(rename = "employeeIdentifier")]
    employee_identifier: Option<String>,
    manager: Option<String>,
    created: Option<String>,
    mfa: Option<Mfa>,
    #[serde(rename = "mfaEnrollment")]
    mfa_enrollment: Option<Enrollment>,
}

#[derive(Deserialize)]
struct Mfa {
    configured: Option<bool>,
}

#[derive(Deserialize)]
struct Enrollment {
    #[serde(rename = "overallStatus")]
    overall_status: Option<String>,
}

/// Somebody who may sign in to the console, with a password of its own.
#[derive(Deserialize)]
pub struct Admin {
    #[serde(rename = "_id")]
    id: String,
    email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    role: Option<String>,
    #[serde(rename = "roleName")]
    role_name: Option<String>,
    suspended: Option<bool>,
    #[serde(rename = "totpEnrolled")]
    totp_enrolled: Option<bool>,
    created: Option<String>,
}

/// A person.
pub fn user(person: Person, raw: Raw<'_>, out: &mut Out) {
    out.user(User {
        status: Some(person.status()),
        mfa: person.mfa(),
        user_name: person.username,
        email: person.email,
        aliases: filled(person.alternate_email).map(|address| vec![address]),
        display_name: person.displayname,
        given_name: person.firstname,
        family_name: person.lastname,
        // What the directory that people are imported from calls them.
        external_id: person.employee_identifier.clone(),
        employee_number: person.employee_identifier,
        manager_id: person.manager,
        title: person.job_title,
        department: person.department,
        created_at: person.created,
        attributes: raw.attributes(),
        id: person.id,
        ..Default::default()
    });
}

/// An administrator, and the role that it has.
pub fn admin(admin: Admin, raw: Raw<'_>, out: &mut Out) {
    let id = format!("admin:{}", admin.id);
    let role_name = filled(admin.role_name);
    if let Some(role) = filled(admin.role).or_else(|| role_name.clone()) {
        out.grant(Grant::new(Reference::user(&id), Reference::role(&role)));
        // Other roles administer a part: devices, invoices, passwords.
        let administrator = role_name.as_deref().map(|name| name.starts_with("Administrator"));
        out.role(Role { name: role_name.unwrap_or_else(|| role.clone()), id: role, administrator, ..Default::default() });
    }
    out.user(User {
        id,
        status: Some(if admin.suspended == Some(true) { UserStatus::Suspended } else { UserStatus::Active }),
        administrator: Some(true),
        mfa: admin.totp_enrolled,
        user_name: admin.email.clone(),
        email: admin.email,
        given_name: admin.firstname,
        family_name: admin.lastname,
        created_at: admin.created,
        attributes: raw.attributes(),
        ..Default::default()
    });
}

impl Person {
    /// Without a state, or with one that is not known: active.
    fn status(&self) -> UserStatus {
        let state = self.state.as_deref().unwrap_or_default();
        match state {
            _ if self.suspended == Some(true) || state == "SUSPENDED" => UserStatus::Suspended,
            "STAGED" => UserStatus::Pending,
            _ if self.account_locked == Some(true) => UserStatus::Locked,
            _ => UserStatus::Active,
        }
    }

    /// The newest of three ways in which it is told.
    fn mfa(&self) -> Option<bool> {
        let overall = self.mfa_enrollment.as_ref().and_then(|enrollment| enrollment.overall_status.as_deref());
        overall
            .filter(|status| !status.is_empty())
            .map(|status| status == "ENROLLED")
            .or(self.mfa.as_ref().and_then(|mfa| mfa.configured))
            .or(self.totp_enabled)
    }
}

/// JumpCloud says "" where there is nothing.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
