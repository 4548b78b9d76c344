//! What the licenses become: people, teams, grants, and every field of a license.

use headcount_connector::prelude::*;
use headcount_jetbrains::JetBrains;

fn vendor(rows: Value) -> TestVendor<JetBrains> {
    let total = rows.as_array().map_or(0, Vec::len);
    TestVendor::new(json!({ "customer-code": "1234567" }))
        .on("GET /customer/licenses?page=1", Reply::json(rows).header("X-Total-Count", total))
}

fn row(id: &str, rest: Value) -> Value {
    let mut row = json!({
        "licenseId": id,
        "product": { "code": "II", "name": "IntelliJ IDEA Ultimate" },
        "isTransferableBetweenTeams": true, "isTrial": false, "isSuspended": false, "isAvailableToAssign": false,
    });
    if let (Some(row), Some(rest)) = (row.as_object_mut(), rest.as_object()) {
        row.extend(rest.clone());
    }
    row
}

fn person(email: &str) -> Value {
    json!({ "type": "USER", "name": "Ada Lovelace", "email": email })
}

#[test]
fn every_field_of_a_license_is_kept() {
    let whole = row(
        "ABC1234567",
        json!({
            "assignee": person("ada@example.com"),
            "domain": "example.com",
            "subscription": {
                "subscriptionPackRef": "1215/1JGQR", "validUntilDate": "2023-05-20T00:00:00.000+03:00",
                "isOutdated": false, "isAutomaticallyRenewed": true,
            },
            "lastSeen": { "lastAssignmentDate": "2023-01-02", "lastSeenDate": "2023-03-04T05:06:07Z", "isOfflineCodeGenerated": true },
            "team": { "id": 9_007_199_254_740_993_i64, "name": "Acquired" },
            "isTrial": true,
        }),
    );
    let page = vendor(json!([whole])).read_all("licenses").unwrap();
    let license = &page.licenses()[0];
    assert_eq!((license.id.as_str(), license.product_id.as_str()), ("ABC1234567", "II"));
    assert_eq!(license.product_name, "IntelliJ IDEA Ultimate");
    assert_eq!(license.state, Some(LicenseState::Active));
    assert_eq!((license.trial, license.assignable), (Some(true), Some(false)));
    assert_eq!((license.transferable, license.auto_renews), (Some(true), Some(true)));
    assert_eq!(license.subscription.as_deref(), Some("1215/1JGQR"));
    assert_eq!(license.group_id.as_deref(), Some("9007199254740993"));
    assert_eq!(license.valid_until.as_deref(), Some("2023-05-20T00:00:00.000+03:00"));
    assert_eq!(license.assigned_at.as_deref(), Some("2023-01-02"));
    assert_eq!(license.last_used_at.as_deref(), Some("2023-03-04T05:06:07Z"));
    let kept: Value = serde_json::from_str(license.attributes.as_deref().unwrap()).unwrap();
    assert_eq!(kept, whole);
    assert_eq!((page.rows, page.total, &page.progress), (1, Some(1), &Progress::Complete));
}

#[test]
fn attributes_are_the_vendors_own_bytes() {
    let body = r#"[{"licenseId":"A", "product":{"code":"II","name":"\u0049dea"},"ratio":1.10,"big":123456789012345678901}]"#;
    let vendor = TestVendor::<JetBrains>::new(json!({ "customer-code": "1" }))
        .on("GET /customer/licenses?assigned=true", Reply::json(json!([])))
        .on("GET /customer/licenses?page=1", Reply::text("application/json", body))
        .on("GET /customer/licenses?page=2", Reply::json(json!([])));
    let page = vendor.read_all("licenses").unwrap();
    assert_eq!(page.licenses()[0].attributes.as_deref(), body.strip_prefix('[').and_then(|body| body.strip_suffix(']')));
}

#[test]
fn one_address_in_several_spellings_is_one_user_with_the_most_able_status_the_latest_use_and_the_earliest_assignment() {
    let team = json!({ "id": 7, "name": "Engineering" });
    let page = vendor(json!([
        row("A", json!({
            "assignee": { "type": "USER", "name": null, "email": "Ada@Example.com" }, "team": team, "isSuspended": true,
            "lastSeen": { "lastSeenDate": "2026-02-01T00:00:00Z", "lastAssignmentDate": "2025-02-01" },
        })),
        row("B", json!({ "assignee": person(" ada@example.com"), "team": team, "lastSeen": { "lastSeenDate": "2026-01-01T00:00:00Z", "lastAssignmentDate": "2024-01-01" } })),
        row("C", json!({ "assignee": person("grace@example.com"), "isSuspended": true, "lastSeen": null, "team": null })),
    ]))
    .read_all("licenses")
    .unwrap();
    let [ada, grace] = page.users() else { panic!("two users: {:?}", page.users()) };
    assert_eq!((ada.id.as_str(), ada.status), ("ada@example.com", Some(UserStatus::Active)));
    assert_eq!((ada.email.as_deref(), ada.display_name.as_deref()), (Some("ada@example.com"), Some("Ada Lovelace")));
    assert_eq!((ada.last_seen_at.as_deref(), ada.created_at.as_deref()), (Some("2026-02-01T00:00:00Z"), Some("2024-01-01")));
    assert_eq!((grace.id.as_str(), grace.status), ("grace@example.com", Some(UserStatus::Suspended)));
    assert_eq!(page.groups().len(), 1);
    assert_eq!((page.groups()[0].id.as_str(), page.groups()[0].category.as_deref()), ("7", Some("team")));
    let held =
        |user: &str, target: Reference| page.grants().iter().any(|g| g.principal == Reference::user(user) && g.target == target);
    assert!(held("ada@example.com", Reference::license("A")) && held("ada@example.com", Reference::license("B")));
    assert!(held("ada@example.com", Reference::group(7)) && held("grace@example.com", Reference::license("C")));
    assert_eq!(page.grants().len(), 4);
}

#[test]
fn licenses_that_no_person_holds_are_kept_without_a_user() {
    let page = vendor(json!([
        row("FREE", json!({ "isAvailableToAssign": true })),
        row("NULL", json!({ "assignee": null })),
        row("SERV", json!({ "assignee": { "type": "SERVER", "serverType": "LICENSE_VAULT", "uid": "u-1" } })),
        row(
            "KEYS",
            json!({ "assignee": { "type": "LICENSE_KEY", "key": "hush", "legacyKey": "hush", "registrationName": "Acme" } })
        ),
        row("WHO", json!({ "assignee": { "type": "USER", "name": "Former colleague", "email": null } })),
        row("ADA", json!({ "assignee": person("ada@example.com") })),
    ]))
    .read_all("licenses")
    .unwrap();
    assert_eq!((page.licenses().len(), page.users().len(), page.grants().len()), (6, 1, 1));
    assert_eq!(page.licenses()[0].assignable, Some(true));
    let key = page.licenses()[3].attributes.as_deref().unwrap();
    assert!(!key.contains("hush") && key.contains("Acme"), "an activation key is a secret: {key}");
    let [nameless] = page.skipped.as_deref().unwrap() else { panic!("one row became no user") };
    assert_eq!(nameless.subject, Some(Reference::license("WHO")), "whoever held it stays");
    assert!(nameless.reason.contains("without an e-mail address"), "{}", nameless.reason);
    assert_eq!((page.rows, page.total), (6, Some(6)));
}

#[test]
fn a_license_is_expired_by_its_subscription_or_else_by_its_perpetual_part_and_suspended_before_both() {
    let subscription = |outdated: bool| json!({ "isOutdated": outdated, "validUntilDate": null, "subscriptionPackRef": null });
    let cases = [
        (json!({ "subscription": subscription(true) }), LicenseState::Expired),
        (json!({ "subscription": subscription(true), "perpetual": { "isOutdated": false } }), LicenseState::Expired),
        (json!({ "subscription": subscription(false), "perpetual": { "isOutdated": true } }), LicenseState::Active),
        (
            json!({ "subscription": null, "perpetual": { "isOutdated": true, "upgradeDueDate": "2020-01-01" } }),
            LicenseState::Expired,
        ),
        (json!({ "perpetual": { "isOutdated": false } }), LicenseState::Active),
        (json!({}), LicenseState::Active),
        (json!({ "isSuspended": true, "subscription": subscription(true) }), LicenseState::Suspended),
    ];
    for (rest, state) in cases {
        let page = vendor(json!([row("A", rest.clone()), row("B", json!({ "assignee": person("a@b.c") }))]))
            .read_all("licenses")
            .unwrap();
        assert_eq!(page.licenses()[0].state, Some(state), "{rest}");
    }
}

#[test]
fn a_license_that_cant_be_read_loses_neither_its_holder_nor_its_place() {
    let page = vendor(json!([
        { "licenseId": "BAD", "product": "II", "assignee": person("ada@example.com"), "team": { "id": 7, "name": "Engineering" } },
    ]))
    .read_all("licenses")
    .unwrap();
    assert_eq!(page.users().len(), 1);
    assert_eq!(page.grants().len(), 2);
    let skipped = &page.skipped.as_deref().unwrap()[0];
    assert_eq!(skipped.subject, Some(Reference::license("BAD")));
}

#[test]
fn a_license_that_doesnt_say_who_holds_it_keeps_whoever_did() {
    for assignee in [
        json!({}),
        json!({ "type": "USER", "name": "Ada Lovelace" }),
        json!({ "type": "USER", "email": " " }),
        json!({ "type": "PERSON", "email": "ada@example.com" }),
    ] {
        let rows = json!([row("A", json!({ "assignee": person("ada@example.com") })), row("B", json!({ "assignee": assignee }))]);
        let page = vendor(rows).read_all("licenses").unwrap();
        assert_eq!((page.licenses().len(), page.users().len(), page.grants().len()), (2, 1, 1), "{assignee}");
        assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::license("B")), "{assignee}");
    }
}

#[test]
fn a_part_of_the_wrong_shape_is_not_taken_for_none() {
    for rest in [
        json!({ "assignee": { "type": "USER", "email": 7 } }),
        json!({ "assignee": { "type": 7, "email": "ada@example.com" } }),
        json!({ "assignee": "ada@example.com" }),
        json!({ "team": { "name": "Engineering" } }),
        json!({ "team": { "id": null, "name": "Engineering" } }),
        json!({ "team": { "id": "" } }),
        json!({ "team": { "id": [7] } }),
        json!({ "team": 7 }),
        json!({ "isSuspended": "yes" }),
        json!({ "subscription": true }),
        json!({ "subscription": { "isOutdated": "no" } }),
        json!({ "perpetual": [] }),
    ] {
        let page = vendor(json!([row("A", json!({ "assignee": person("ada@example.com") })), row("B", rest.clone())]));
        let page = page.read_all("licenses").unwrap();
        assert_eq!((page.licenses().len(), page.users().len(), page.groups().len()), (1, 1, 0), "{rest}");
        assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::license("B")), "{rest}");
    }
    let page = vendor(json!([row("A", json!({ "assignee": person("ada@example.com") })), row("B", json!({ "licenseId": 7 }))]));
    let skipped = page.read_all("licenses").unwrap().skipped.unwrap();
    assert!(skipped[0].subject.is_none() && !skipped[0].harmless, "which license it is can't be told");
}
