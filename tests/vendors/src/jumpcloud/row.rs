//! Users, administrators, groups, applications and servers on the wire.

use serde::Serialize;
use serde_json::{Value, json};

use crate::books::JumpCloud;
use crate::books::jumpcloud::{Admin, Application, Group, Protocol, Server, SystemUser};

/// A user of the directory.
#[derive(Serialize)]
pub(super) struct User {
    _id: String,
    id: String,
    username: String,
    email: String,
    #[serde(rename = "alternateEmail")]
    alternate_email: String,
    firstname: String,
    middlename: String,
    lastname: String,
    displayname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    activated: bool,
    suspended: bool,
    account_locked: bool,
    account_locked_date: Option<String>,
    password_expired: bool,
    password_never_expires: bool,
    password_date: Option<String>,
    password_expiration_date: Option<String>,
    totp_enabled: bool,
    enable_user_portal_multifactor: bool,
    sudo: bool,
    passwordless_sudo: bool,
    ldap_binding_user: bool,
    samba_service_user: bool,
    enable_managed_uid: bool,
    allow_public_key: bool,
    externally_managed: bool,
    external_dn: &'static str,
    external_source_type: &'static str,
    created: String,
    #[serde(rename = "creationSource")]
    creation_source: &'static str,
    company: &'static str,
    #[serde(rename = "costCenter")]
    cost_center: &'static str,
    department: String,
    description: &'static str,
    #[serde(rename = "jobTitle")]
    job_title: String,
    location: String,
    #[serde(rename = "employeeType")]
    employee_type: &'static str,
    #[serde(rename = "employeeIdentifier")]
    employee_identifier: Option<String>,
    manager: String,
    admin: Option<AdminOf>,
    organization: String,
    unix_uid: u32,
    unix_guid: u32,
    #[serde(rename = "badLoginAttempts")]
    bad_login_attempts: u32,
    mfa: Mfa,
    #[serde(rename = "mfaEnrollment")]
    mfa_enrollment: MfaEnrollment,
    attributes: [(); 0],
    addresses: [(); 0],
    #[serde(rename = "phoneNumbers")]
    phone_numbers: [(); 0],
    ssh_keys: [(); 0],
    tags: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdminOf {
    id: String,
    role_name: &'static str,
    role_names: [&'static str; 1],
}

#[derive(Serialize)]
struct Mfa {
    configured: bool,
    exclusion: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MfaEnrollment {
    overall_status: &'static str,
    totp_status: &'static str,
    push_status: &'static str,
    web_authn_status: &'static str,
    jc_go_status: &'static str,
}

/// Puts a user on the wire.
pub(super) fn user(user: SystemUser, organization: &str) -> User {
    let enrolled = if user.mfa { "ENROLLED" } else { "NOT_ENROLLED" };
    User {
        _id: user.id.clone(),
        id: user.id,
        username: user.user_name,
        email: user.email,
        alternate_email: user.alternate_email,
        firstname: user.first,
        middlename: user.middle,
        lastname: user.last,
        displayname: user.display,
        state: user.state.map(|state| state.word()),
        activated: user.activated,
        suspended: user.suspended,
        account_locked: user.locked.is_some(),
        account_locked_date: user.locked.map(|moment| moment.millis()),
        password_expired: false,
        password_never_expires: false,
        password_date: user.activated.then(|| user.created.plus_days(1).millis()),
        password_expiration_date: None,
        totp_enabled: user.mfa,
        enable_user_portal_multifactor: user.mfa,
        sudo: false,
        passwordless_sudo: false,
        ldap_binding_user: false,
        samba_service_user: false,
        enable_managed_uid: false,
        allow_public_key: true,
        externally_managed: false,
        external_dn: "",
        external_source_type: "",
        created: user.created.millis(),
        creation_source: "jumpcloud:bulk",
        company: "Acme",
        cost_center: "",
        department: user.department,
        description: "",
        job_title: user.title,
        location: user.location,
        employee_type: "",
        employee_identifier: user.employee,
        manager: user.manager,
        admin: user.admin.map(|(id, role)| AdminOf { id, role_name: role, role_names: [role] }),
        organization: organization.to_owned(),
        unix_uid: user.unix,
        unix_guid: user.unix,
        bad_login_attempts: 0,
        mfa: Mfa { configured: user.mfa, exclusion: false },
        mfa_enrollment: MfaEnrollment {
            overall_status: enrolled,
            totp_status: enrolled,
            push_status: "NOT_ENROLLED",
            web_authn_status: "NOT_ENROLLED",
            jc_go_status: "NOT_ENROLLED",
        },
        attributes: [],
        addresses: [],
        phone_numbers: [],
        ssh_keys: [],
        tags: [],
    }
}

/// Puts a console administrator on the wire.
pub(super) fn admin(admin: &Admin, organization: &str) -> Value {
    let (role, name) = &admin.role;
    json!({
        "_id": admin.id, "email": admin.email, "firstname": admin.first, "lastname": admin.last, "role": role, "roleName": name,
        "roleNames": [name], "roles": [role], "suspended": admin.suspended, "enableMultiFactor": admin.mfa, "totpEnrolled": admin.enrolled,
        "apiKeyAllowed": true, "apiKeySet": admin.enrolled, "created": admin.created.millis(), "organization": organization,
        "sessionCount": 3, "usersTimeZone": "Etc/UTC", "disableIntroduction": true, "growthData": {},
    })
}

/// Puts a group on the wire.
pub(super) fn group(group: Group) -> Value {
    let attributes =
        group.attributes.then(|| json!({ "ldapGroups": [{ "name": group.name }], "posixGroups": [], "sambaEnabled": false }));
    let query = group.dynamic.then(
        || json!({ "queryType": "FilterQuery", "filters": [{ "field": "department", "operator": "eq", "value": group.name }] }),
    );
    json!({
        "id": group.id, "name": group.name, "type": "user_group", "description": group.description, "email": group.email,
        "attributes": attributes, "memberQuery": query, "memberQueryExemptions": [],
        "membershipMethod": if group.dynamic { "DYNAMIC_AUTOMATED" } else { "STATIC" }, "membershipAutomated": group.dynamic,
        "memberSuggestionsNotify": false, "suggestionCounts": { "add": 0, "remove": 0, "total": 0 },
    })
}

/// Puts an application on the wire, its private key included, as the vendor does.
pub(super) fn application(application: &Application, organization: &str) -> Value {
    let field = |label: &str, value: &str| {
        json!({ "label": label, "type": "text", "position": 1, "readOnly": false, "required": false, "visible": true, "value": value,
            "options": "", "toggle": "", "tooltip": { "template": "", "variables": { "icon": "", "message": "" } } })
    };
    let saml = application.private_key.as_ref().map(|key| {
        json!({ "idpEntityId": field("IdP Entity ID", "JumpCloud"), "spEntityId": field("SP Entity ID", &application.name),
            "acsUrl": field("ACS URL", "https://app.acme.example/saml"), "idpCertificate": field("IdP Certificate", "NOT-A-CERTIFICATE"),
            "idpPrivateKey": field("IdP Private Key", key) })
    });
    json!({
        "_id": application.id, "id": application.id, "name": application.name, "displayName": application.display_name,
        "displayLabel": application.display_label, "description": "", "active": application.active, "beta": false,
        "organization": organization, "created": application.created.millis(), "ssoUrl": application.sso_url, "learnMore": "",
        "logo": { "color": if application.logo.is_empty() { "#006CAC" } else { "" }, "url": application.logo }, "color": "",
        "sso": { "type": application.protocol.word(), "jit": false, "beta": false, "hidden": application.protocol == Protocol::Bookmark,
            "idpCertExpirationAt": application.created.plus_days(1_825).millis() },
        "config": saml.unwrap_or_else(|| json!({})),
    })
}

/// Puts a RADIUS server on the wire, its secret included, as the vendor does.
pub(super) fn radius(server: &Server, organization: &str) -> Value {
    json!({
        "_id": server.id, "id": server.id, "name": server.name, "sharedSecret": server.shared_secret, "networkSourceIp": "192.0.2.1",
        "organization": organization, "mfa": "DISABLED", "authIdp": "JUMPCLOUD", "tags": [], "tagNames": [], "userLockoutAction": "REMOVE",
        "userPasswordExpirationAction": "REMOVE", "userPasswordEnabled": true, "userCertEnabled": false, "deviceCertEnabled": false,
        "caCert": "",
    })
}

/// Puts an LDAP server on the wire.
pub(super) fn ldap(server: &Server) -> Value {
    json!({ "id": server.id, "name": server.name, "userLockoutAction": "disable", "userPasswordExpirationAction": "disable" })
}

/// The organisation's id, for rows that name it.
pub(super) fn organization(books: &JumpCloud) -> String {
    books.organization().0
}
