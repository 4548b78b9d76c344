//! What JumpCloud's people, administrators, groups and applications become.

use headcount_connector::prelude::*;
use headcount_jumpcloud::JumpCloud;

fn vendor() -> TestVendor<JumpCloud> {
    TestVendor::new(json!({ "region": "console.jumpcloud.com" }))
}

fn v1(rows: Value) -> Reply {
    let count = rows.as_array().map_or(0, Vec::len);
    Reply::json(json!({ "totalCount": count, "results": rows }))
}

fn only<T: Clone>(list: &[T]) -> T {
    assert_eq!(list.len(), 1);
    list[0].clone()
}

#[test]
fn a_person_is_kept_with_everything_that_says_something() {
    let row = json!({
        "_id": "5f00", "id": "5f00", "username": "ada", "email": "ada@example.com", "alternateEmail": "ada@home.example",
        "firstname": "Ada", "middlename": "", "lastname": "Lovelace", "displayname": "Ada L.", "state": "ACTIVATED", "activated": true,
        "suspended": false, "account_locked": false, "totp_enabled": false, "created": "2021-02-12T17:45:42.369Z",
        "department": "Research", "jobTitle": "Analyst", "employeeIdentifier": "E-7", "manager": "5f01",
        "mfa": { "configured": false }, "mfaEnrollment": { "overallStatus": "ENROLLED", "totpStatus": "NOT_ENROLLED" },
        "externally_managed": { "by": "workday" }, "admin": null, "tags": ["a"], "badLoginAttempts": 0,
    });
    let page = vendor().on("GET /systemusers?limit=100&skip=0&sort=_id", v1(json!([row]))).read_all("users").unwrap();
    let user = only(page.users());
    assert_eq!(
        (user.id.as_str(), user.user_name.as_deref(), user.email.as_deref()),
        ("5f00", Some("ada"), Some("ada@example.com"))
    );
    assert_eq!(user.aliases, Some(vec!["ada@home.example".to_owned()]));
    assert_eq!(user.display_name.as_deref(), Some("Ada L."));
    assert_eq!(user.external_id.as_deref(), Some("E-7"));
    assert_eq!((user.given_name.as_deref(), user.family_name.as_deref()), (Some("Ada"), Some("Lovelace")));
    assert_eq!((user.employee_number.as_deref(), user.manager_id.as_deref()), (Some("E-7"), Some("5f01")));
    assert_eq!((user.title.as_deref(), user.department.as_deref()), (Some("Analyst"), Some("Research")));
    assert_eq!((user.mfa, user.status), (Some(true), Some(UserStatus::Active)));
    assert_eq!(user.created_at.as_deref(), Some("2021-02-12T17:45:42.369Z"));
    assert_eq!(serde_json::from_str::<Value>(user.attributes.as_deref().unwrap()).unwrap(), row);
}

#[test]
fn states_and_flags_become_one_status() {
    for (row, status) in [
        (json!({}), UserStatus::Active),
        (json!({ "state": "" }), UserStatus::Active),
        (json!({ "state": "ACTIVATED" }), UserStatus::Active),
        (json!({ "state": "STAGED" }), UserStatus::Pending),
        (json!({ "state": "SUSPENDED" }), UserStatus::Suspended),
        (json!({ "state": "ACTIVATED", "suspended": true }), UserStatus::Suspended),
        (json!({ "state": "ACTIVATED", "account_locked": true }), UserStatus::Locked),
        (json!({ "state": "SUSPENDED", "account_locked": true }), UserStatus::Suspended),
    ] {
        let mut row = row;
        row["_id"] = "5f00".into();
        let page = vendor().on("GET /systemusers", v1(json!([row]))).read_all("users").unwrap();
        assert_eq!(only(page.users()).status, Some(status), "{row}");
    }
}

#[test]
fn a_second_factor_is_told_in_three_ways() {
    for (row, mfa) in [
        (json!({}), None),
        (json!({ "totp_enabled": true }), Some(true)),
        (json!({ "totp_enabled": false, "mfa": { "configured": true } }), Some(true)),
        (json!({ "mfa": { "configured": true }, "mfaEnrollment": { "overallStatus": "NOT_ENROLLED" } }), Some(false)),
    ] {
        let mut row = row;
        row["_id"] = "5f00".into();
        let page = vendor().on("GET /systemusers", v1(json!([row]))).read_all("users").unwrap();
        assert_eq!(only(page.users()).mfa, mfa, "{row}");
    }
}

#[test]
fn an_administrator_is_an_account_of_its_own_with_a_role() {
    let admin = |id: &str, role: &str, name: &str| {
        json!({
            "_id": id, "email": "ada@example.com", "firstname": "Ada", "lastname": "", "role": role, "roleName": name,
            "suspended": false, "totpEnrolled": true, "enableMultiFactor": false, "created": "2021-02-12T17:45:42.369Z", "organization": null,
        })
    };
    let mut suspended = admin("5f03", "r2", "Help Desk");
    suspended["suspended"] = true.into();
    let rows = json!([admin("5f01", "r1", "Administrator With Billing"), admin("5f02", "r2", "Help Desk"), suspended]);
    let page = vendor().on("GET /users?sort=_id", v1(rows)).read_all("admins").unwrap();
    let [billing, desk, former] = page.users() else { panic!("three") };
    assert_eq!((billing.id.as_str(), billing.email.as_deref()), ("admin:5f01", Some("ada@example.com")));
    assert_eq!((billing.administrator, desk.administrator), (Some(true), Some(true)));
    assert_eq!((billing.mfa, billing.given_name.as_deref()), (Some(true), Some("Ada")));
    assert_eq!(former.status, Some(UserStatus::Suspended));
    let roles: Vec<_> = page.roles().iter().map(|role| (role.id.as_str(), role.name.as_str(), role.administrator)).collect();
    assert_eq!(roles, [("r1", "Administrator With Billing", Some(true)), ("r2", "Help Desk", Some(false))]);
    assert_eq!(page.grants()[0], Grant::new(Reference::user("admin:5f01"), Reference::role("r1")));
    assert_eq!(page.grants().len(), 3);
}

#[test]
fn an_administrator_whose_role_cant_be_read_keeps_the_one_that_is_known() {
    let admin = |role: Value, name: Value| json!({ "_id": "5f01", "email": "ada@example.com", "role": role, "roleName": name });
    let read = |row: Value| vendor().on("GET /users", v1(json!([row]))).read_all("admins").unwrap();
    let seen = |page: &Page| page.skipped.as_ref().unwrap()[0].subject == Some(Reference::user("admin:5f01"));
    for (role, name) in [(json!(7), Value::Null), (json!({ "id": "r1" }), json!("Manager")), (json!("r1"), json!(7))] {
        let page = read(admin(role, name));
        assert!(page.users().is_empty() && page.grants().is_empty() && page.roles().is_empty() && seen(&page));
    }
    for role in [Value::Null, json!("")] {
        let page = read(admin(role, json!("Manager")));
        assert!(page.users().len() == 1 && page.grants().is_empty() && page.roles().is_empty() && seen(&page));
    }
    // The grant is told, and the role's name is not made up.
    let page = read(admin(json!("r1"), Value::Null));
    assert_eq!(page.grants(), [Grant::new(Reference::user("admin:5f01"), Reference::role("r1"))]);
    assert!(page.users().len() == 1 && page.roles().is_empty() && seen(&page));
    let whole = read(admin(json!("r1"), json!("Manager")));
    assert!(whole.roles().len() == 1 && whole.skipped.is_none());
}

#[test]
fn an_edge_that_cant_be_read_leaves_its_list_incomplete() {
    for to in [
        json!({ "id": "5f00", "type": 7 }),
        json!({ "id": "5f00", "type": "person" }),
        json!({ "id": "5f00" }),
        json!({ "id": 7, "type": "user" }),
        json!({ "id": "", "type": "user" }),
        json!({ "type": "system" }),
    ] {
        let path = "GET /v2/usergroups/5f10/members";
        let page = vendor().on(path, Reply::json(json!([{ "to": to }]))).read_all_of("members", "5f10").unwrap();
        let skipped = &page.skipped.as_ref().unwrap()[0];
        assert!(page.grants().is_empty() && skipped.subject.is_none() && !skipped.harmless, "{to}");
    }
}

#[test]
fn a_group_is_kept_with_its_members() {
    let groups =
        json!([{ "id": "5f10", "name": "Engineers", "type": "user_group", "description": "", "email": "", "attributes": null }]);
    let members = json!([
        { "to": { "id": "5f00", "type": "user" }, "attributes": null },
        { "to": { "id": "5f11", "type": "user_group" } },
        { "to": { "id": "5f12", "type": "system" } },
    ]);
    let vendor = vendor()
        .on("GET /v2/usergroups?limit=100&skip=0&sort=id", Reply::json(groups))
        .on("GET /v2/usergroups/5f10/members?limit=100&skip=0", Reply::json(members));
    let group = only(vendor.read_all("groups").unwrap().groups());
    assert_eq!((group.id.as_str(), group.name.as_str(), group.category.as_deref()), ("5f10", "Engineers", Some("user_group")));
    let page = vendor.read_all_of("members", "5f10").unwrap();
    assert_eq!(
        page.grants(),
        [
            Grant::new(Reference::user("5f00"), Reference::group("5f10")),
            Grant::new(Reference::group("5f11"), Reference::group("5f10")),
        ]
    );
    let skipped = page.skipped.unwrap();
    assert!(skipped[0].harmless && skipped[0].reason.contains("system"));
    assert_eq!((page.rows, vendor.requests().len()), (3, 2));
}

#[test]
fn an_application_goes_by_the_name_that_administrators_gave_it_and_its_private_key_is_not_kept() {
    let app = json!({
        "_id": "5f20", "id": "5f20", "name": "slack", "displayName": "Slack", "displayLabel": "Slack of ACME", "description": "Chat",
        "active": true, "created": "2021-02-12T17:45:42.369Z", "ssoUrl": "https://sso.jumpcloud.com/saml2/slack",
        "logo": { "url": "https://cdn.example/slack.png", "color": "" }, "sso": { "type": "SAML", "jit": false },
        "config": { "idpPrivateKey": { "value": "hush" }, "acsUrl": { "value": "https://slack.example" } },
    });
    let rows = json!([app, { "_id": "5f21", "name": "jira", "displayName": "Jira", "displayLabel": "" }, { "_id": "5f22", "name": "wiki" }]);
    let page = vendor().on("GET /applications?sort=_id", v1(rows)).read_all("applications").unwrap();
    let app = &page.applications()[0];
    assert_eq!((app.id.as_str(), app.name.as_str(), app.protocol.as_deref()), ("5f20", "Slack of ACME", Some("saml")));
    assert_eq!((app.active, app.description.as_deref()), (Some(true), Some("Chat")));
    assert_eq!(app.sign_in_url.as_deref(), Some("https://sso.jumpcloud.com/saml2/slack"));
    assert_eq!(app.logo_url.as_deref(), Some("https://cdn.example/slack.png"));
    let kept = app.attributes.as_deref().unwrap();
    assert!(!kept.contains("hush") && kept.contains("slack.example"), "{kept}");
    assert_eq!(page.applications()[1].name, "Jira");
    assert_eq!(page.applications()[2].name, "wiki");
}

#[test]
fn ldap_and_radius_servers_are_applications_and_shared_secrets_are_not_kept() {
    let radius = json!([{ "_id": "5f40", "name": "Office Wi-Fi", "networkSourceIp": "192.0.2.1", "sharedSecret": "hush" }]);
    let vendor = vendor()
        .on("GET /v2/ldapservers?sort=id", Reply::json(json!([{ "id": "5f30", "name": "jumpcloud" }])))
        .on("GET /radiusservers?sort=_id", v1(radius));
    let ldap = only(vendor.read_all("ldap").unwrap().applications());
    assert_eq!((ldap.id.as_str(), ldap.name.as_str(), ldap.protocol.as_deref()), ("5f30", "jumpcloud", Some("ldap")));
    let radius = only(vendor.read_all("radius").unwrap().applications());
    assert_eq!((radius.id.as_str(), radius.name.as_str(), radius.protocol.as_deref()), ("5f40", "Office Wi-Fi", Some("radius")));
    let kept = radius.attributes.unwrap();
    assert!(!kept.contains("hush") && !kept.contains("sharedSecret") && kept.contains("192.0.2.1"), "{kept}");
}

#[test]
fn a_row_that_cant_be_read_is_passed_over_by_the_id_of_the_record_it_would_have_been() {
    let vendor = vendor()
        .on("GET /systemusers", v1(json!([{ "_id": "5f00", "email": 7 }])))
        .on("GET /users", v1(json!([{ "_id": "5f01", "email": 7 }])))
        .on("GET /v2/usergroups/5f10/members", Reply::json(json!([{ "to": null }])));
    let skipped = |page: Page| page.skipped.unwrap()[0].clone();
    assert_eq!(skipped(vendor.read_all("users").unwrap()).subject, Some(Reference::user("5f00")));
    assert_eq!(skipped(vendor.read_all("admins").unwrap()).subject, Some(Reference::user("admin:5f01")));
    let lost = skipped(vendor.read_all_of("members", "5f10").unwrap());
    assert!(lost.subject.is_none() && !lost.harmless, "who it would have been is not known");
    // A number is no id here: whose row it is isn't known.
    let vendor = self::vendor()
        .on("GET /systemusers", v1(json!([{ "_id": 7, "email": 7 }])))
        .on("GET /v2/usergroups", Reply::json(json!([{ "id": 7, "name": "Engineers" }])));
    for feed in ["users", "groups"] {
        let page = vendor.read_all(feed).unwrap();
        assert!(page.groups().is_empty() && page.skipped.unwrap()[0].subject.is_none(), "{feed}");
    }
}

#[test]
fn a_feed_that_there_is_not_is_unsupported() {
    for (feed, parent) in [("devices", None), ("members", None), ("users", Some("5f10"))] {
        assert_eq!(vendor().read(feed, parent, None).unwrap_err().code, FailureCode::Unsupported);
    }
}
