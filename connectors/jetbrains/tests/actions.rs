//! Looking up, assigning and revoking licenses, and what JetBrains refuses.

use headcount_connector::prelude::*;
use headcount_jetbrains::JetBrains;

fn vendor() -> TestVendor<JetBrains> {
    TestVendor::new(json!({ "customer-code": "1" }))
}

fn license(id: &str, email: Option<&str>) -> Value {
    json!({
        "licenseId": id, "product": { "code": "II", "name": "IDEA" }, "team": { "id": 7, "name": "Engineering" },
        "assignee": email.map(|email| json!({ "type": "USER", "name": "Ada", "email": email })),
    })
}

fn refusal(status: u16, code: &str) -> Reply {
    Reply::json(json!({ "code": code, "description": null })).status(status)
}

/// What Ada holds, asked for in a spelling that is not hers.
const LISTED: &str = "GET /customer/licenses?assigned=true&assigneeEmail=aDa@eXaMpLe.cOm";

fn listed(ids: &[&str]) -> Reply {
    let rows: Vec<Value> = ids.iter().map(|id| license(id, Some("ada@example.com"))).collect();
    Reply::json(json!(rows)).header("x-total-count", ids.len())
}

fn assignment() -> Value {
    json!({ "license-id": "A", "email": "ada@example.com", "first-name": "Ada", "last-name": "Lovelace" })
}

#[test]
fn the_licenses_of_a_person_are_theirs_alone_even_if_the_filter_is_not_honoured() {
    let rows = json!([license("A", Some("Ada@example.com")), license("B", Some("grace@example.com")), license("C", None)]);
    let vendor = vendor()
        .on("GET /customer/licenses?assigned=true&assigneeEmail=ada@example.com", Reply::json(rows).header("x-total-count", 3));
    let outcome = vendor.invoke("licenses-of-user", json!({ "email": "ada@example.com" })).unwrap();
    let output: Value = serde_json::from_str(outcome.output.as_deref().unwrap()).unwrap();
    assert_eq!(output["licenses"].as_array().map(Vec::len), Some(1));
    assert_eq!(output["licenses"][0]["license-id"], "A");
    assert_eq!(outcome.records.licenses().len(), 1);
    assert!(outcome.summary.ends_with("ada@example.com: 1"), "{}", outcome.summary);
    assert!(vendor.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_certain_license_is_assigned_and_read_back() {
    let vendor = vendor()
        .on("POST /customer/licenses/assign", Reply::empty().status(200))
        .on("GET /customer/licenses/A", Reply::json(license("A", Some("ada@example.com"))));
    let outcome = vendor.invoke("assign-license", assignment()).unwrap();
    assert_eq!(
        vendor.requests()[0].body,
        Some(json!({
            "licenseId": "A", "sendEmail": true, "includeOfflineActivationCode": false,
            "contact": { "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace" },
        }))
    );
    assert_eq!(outcome.records.users()[0].id, "ada@example.com");
    assert!(outcome.records.grants().iter().any(|grant| grant.target == Reference::license("A")));
}

#[test]
fn any_license_of_a_team_and_product_is_assigned() {
    let vendor = vendor().on("POST /customer/licenses/assign", Reply::empty().status(200)).on(
        "GET /customer/licenses?assigneeEmail=ada@example.com&productCode=II",
        Reply::json(json!([license("A", Some("ada@example.com"))])).header("x-total-count", 1),
    );
    let given = json!({
        "team-id": 9_007_199_254_740_993_i64, "product-code": "II", "send-email": false,
        "email": "ada@example.com", "first-name": "Ada", "last-name": "Lovelace",
    });
    let outcome = vendor.invoke("assign-license", given).unwrap();
    let body = vendor.requests()[0].body.clone().unwrap();
    assert_eq!(body["license"], json!({ "team": 9_007_199_254_740_993_i64, "productCode": "II" }));
    assert_eq!((&body["sendEmail"], body.get("licenseId")), (&json!(false), None));
    assert_eq!(outcome.records.licenses().len(), 1);
}

#[test]
fn what_is_done_stays_done_when_it_cant_be_read_back() {
    let vendor = vendor()
        .on("POST /customer/licenses/assign", Reply::empty().status(200))
        .on("GET /customer/licenses/A", Reply::empty().status(503));
    let outcome = vendor.invoke("assign-license", assignment()).unwrap();
    assert!(outcome.summary.contains("assigned") && outcome.summary.contains("503"), "{}", outcome.summary);
    assert!(outcome.records.licenses().is_empty());
}

#[test]
fn a_license_is_revoked_by_its_id_and_its_holder_no_longer_holds_it() {
    let vendor = vendor()
        .once("GET /customer/licenses/A", Reply::json(license("A", Some("Ada@example.com"))))
        .on("POST /customer/licenses/revoke?licenseId=A", Reply::json(json!({ "licenseIds": ["A"] })))
        .on("GET /customer/licenses/A", Reply::json(license("A", None)))
        .once(LISTED, listed(&["A"]))
        .on(LISTED, listed(&[]));
    let outcome = vendor.invoke("revoke-license", json!({ "license-id": "A" })).unwrap();
    let ada = || Reference::user("ada@example.com");
    let gone = vec![Grant::new(ada(), Reference::license("A")), Grant::new(ada(), Reference::group(7))];
    assert_eq!((outcome.gone_grants, outcome.gone), (Some(gone), Some(vec![ada()])), "it was the last one");
    assert_eq!(outcome.records.licenses()[0].id, "A");
    assert!(outcome.records.users().is_empty());
    assert!(vendor.requests().iter().all(|request| request.method == "GET" || request.body.is_none()));
}

#[test]
fn the_licenses_of_a_person_are_revoked_together() {
    let vendor = vendor()
        .on(
            "POST /customer/licenses/revoke?email=Ada@example.com&productCode=II",
            Reply::json(json!({ "licenseIds": ["A", "B"] })),
        )
        .on("GET /customer/licenses/A", Reply::json(license("A", None)))
        .on("GET /customer/licenses/B", Reply::json(license("B", Some("grace@example.com"))))
        .once(LISTED, listed(&["A", "B", "C"]))
        .on(LISTED, listed(&["C"]));
    let outcome = vendor.invoke("revoke-license", json!({ "email": "Ada@example.com", "product-code": "II" })).unwrap();
    assert_eq!(outcome.gone, None, "she holds another one still, and is in its team");
    let gone = outcome.gone_grants.unwrap();
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().all(|grant| grant.principal == Reference::user("ada@example.com")));
    assert!(outcome.summary.ends_with("A, B"), "{}", outcome.summary);
    assert_eq!(outcome.output.as_deref(), Some(r#"{"license-ids":["A","B"]}"#));
}

#[test]
fn nobody_is_gone_by_a_list_that_proves_nothing() {
    let unreadable = json!([license("A", Some("ada@example.com")), { "assignee": { "email": "ada@example.com" } }]);
    let short = |total: u32| Reply::json(json!([license("A", Some("ada@example.com"))])).header("x-total-count", total);
    let down = || Reply::empty().status(503);
    let cases = [
        ("letter case matters to the list", listed(&[]), listed(&[])),
        ("it could not be asked before", down(), listed(&[])),
        ("nor afterwards", listed(&["A"]), down()),
        ("it loses more than was revoked", listed(&["A", "B"]), listed(&[])),
        ("it never had what was revoked", listed(&["B"]), listed(&["B"])),
        ("it ends before its total", short(2), listed(&[])),
        ("it goes on and on", short(100_000), listed(&[])),
        ("one of its rows can't be read", Reply::json(unreadable).header("x-total-count", 2), listed(&[])),
        ("afterwards it ends before its total", listed(&["A"]), Reply::json(json!([])).header("x-total-count", 1)),
    ];
    for (why, before, after) in cases {
        let vendor = vendor()
            .once("GET /customer/licenses/A", Reply::json(license("A", Some("ada@example.com"))))
            .on("POST /customer/licenses/revoke?licenseId=A", Reply::json(json!({ "licenseIds": ["A"] })))
            .on("GET /customer/licenses/A", Reply::json(license("A", None)))
            .once(LISTED, before)
            .on("GET /customer/licenses?assigned=true", after);
        let outcome = vendor.invoke("revoke-license", json!({ "license-id": "A" })).unwrap();
        let license = Grant::new(Reference::user("ada@example.com"), Reference::license("A"));
        assert_eq!((outcome.gone, outcome.gone_grants), (None, Some(vec![license])), "{why}");
        assert!(outcome.summary.contains("revoked: A"), "{why}: {}", outcome.summary);
    }
}

#[test]
fn licenses_that_were_not_all_listed_are_not_called_all() {
    let rows = || Reply::json(json!([license("A", Some("ada@example.com"))]));
    for (total, all) in [(1, true), (100_000, false)] {
        let vendor = vendor().on("GET /customer/licenses?assigned=true", rows().header("x-total-count", total));
        let outcome = vendor.invoke("licenses-of-user", json!({ "email": "ada@example.com" })).unwrap();
        assert_eq!(!outcome.summary.contains("perhaps more"), all, "{}", outcome.summary);
    }
}

#[test]
fn a_revocation_that_is_answered_with_nothing_is_done_all_the_same() {
    let vendor = vendor()
        .once("GET /customer/licenses/A", Reply::json(license("A", Some("ada@example.com"))))
        .on("POST /customer/licenses/revoke?licenseId=A", Reply::empty().status(200))
        .on("GET /customer/licenses/A", Reply::empty().status(503));
    let outcome = vendor.invoke("revoke-license", json!({ "license-id": "A" })).unwrap();
    assert_eq!(outcome.gone_grants.map(|gone| gone.len()), Some(1));
    assert!(outcome.summary.contains("read back"), "{}", outcome.summary);
}

#[test]
fn a_license_that_the_person_has_already_is_as_good_as_assigned() {
    let taken = Reply::json(json!({ "code": "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", "description": "ALLOCATED" })).status(400);
    for (holder, theirs) in [("Ada@Example.com", true), ("grace@example.com", false)] {
        let vendor = vendor()
            .on("POST /customer/licenses/assign", taken.clone())
            .on("GET /customer/licenses/A", Reply::json(license("A", Some(holder))));
        match vendor.invoke("assign-license", assignment()) {
            Ok(outcome) => assert!(theirs && outcome.summary.contains("nothing was changed"), "{}", outcome.summary),
            Err(failure) => {
                assert!(!theirs && failure.code == FailureCode::Conflict);
                assert!(failure.message.contains("Somebody else has this license"), "{}", failure.message);
            }
        }
    }
}

#[test]
fn why_a_license_is_not_available_is_told_in_words() {
    for (reason, words) in [("EXPIRED_WITHOUT_FALLBACK", "has expired"), ("NON_PER_USER", "license server")] {
        let taken = json!({ "code": "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", "description": reason });
        let vendor = vendor()
            .on("POST /customer/licenses/assign", Reply::json(taken).status(400))
            .on("GET /customer/licenses/A", Reply::json(license("A", None)));
        let failure = vendor.invoke("assign-license", assignment()).unwrap_err();
        assert_eq!(failure.code, FailureCode::Conflict);
        assert!(failure.message.contains(words) && failure.message.contains(reason), "{}", failure.message);
    }
}

#[test]
fn revoking_what_nobody_holds_changes_nothing_and_says_so() {
    let vendor = vendor()
        .on("GET /customer/licenses/A", Reply::json(license("A", None)))
        .on("POST /customer/licenses/revoke", Reply::json(json!({ "licenseIds": [] })));
    for (given, who) in [(json!({ "license-id": "A" }), "Nobody"), (json!({ "email": "ada@example.com" }), "ada@example.com")] {
        let outcome = vendor.invoke("revoke-license", given).unwrap();
        assert!(outcome.summary.starts_with(who) && outcome.summary.contains("nothing was revoked"), "{}", outcome.summary);
        assert_eq!((outcome.gone_grants, outcome.output.as_deref()), (None, Some(r#"{"license-ids":[]}"#)));
    }
}

#[test]
fn what_is_still_held_after_a_revocation_is_not_called_gone() {
    let vendor = vendor()
        .on("GET /customer/licenses/A", Reply::json(license("A", Some("ada@example.com"))))
        .on("POST /customer/licenses/revoke?licenseId=A", Reply::json(json!({ "licenseIds": ["A"] })));
    assert_eq!(vendor.invoke("revoke-license", json!({ "license-id": "A" })).unwrap().gone_grants, None);
}

#[test]
fn refusals_say_what_can_be_done_whatever_status_they_come_with() {
    let cases = [
        (400, "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE", FailureCode::Conflict, "30 days"),
        (403, "INSUFFICIENT_PERMISSIONS", FailureCode::Forbidden, "only read"),
        (403, "TEAM_MISMATCH", FailureCode::Forbidden, "another team"),
        (404, "LICENSE_NOT_FOUND", FailureCode::NotFound, "no license"),
    ];
    for (status, vendor_code, code, words) in cases {
        let vendor = vendor().on("POST /customer/licenses/revoke", refusal(status, vendor_code));
        let failure = vendor.invoke("revoke-license", json!({ "email": "ada@example.com" })).unwrap_err();
        assert_eq!((failure.code, failure.vendor_code.as_deref()), (code, Some(vendor_code)));
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.http_status, Some(status));
    }
    let cases = [
        (400, "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", FailureCode::Conflict, None),
        (400, "NO_AVAILABLE_LICENSE_TO_ASSIGN", FailureCode::Conflict, None),
        (400, "INVALID_CONTACT_EMAIL", FailureCode::InvalidInput, Some("email")),
        (400, "INVALID_CONTACT_NAME", FailureCode::InvalidInput, Some("first-name")),
        (400, "MISSING_FIELD", FailureCode::InvalidInput, Some("license-id")),
        (404, "TEAM_NOT_FOUND", FailureCode::NotFound, Some("team-id")),
        (404, "PRODUCT_NOT_FOUND", FailureCode::NotFound, Some("product-code")),
    ];
    for (status, vendor_code, code, field) in cases {
        let vendor = vendor().on("POST /customer/licenses/assign", refusal(status, vendor_code));
        let failure = vendor.invoke("assign-license", assignment()).unwrap_err();
        assert_eq!((failure.code, failure.field.as_deref()), (code, field), "{vendor_code}");
    }
}

#[test]
fn a_page_of_html_in_place_of_a_refusal_is_a_failure_all_the_same() {
    for status in [400, 405, 500] {
        let page = Reply::text("text/html", "<!doctype html><title>Bad</title><p>Bad request</p>").status(status);
        let failure = vendor().on("POST /customer/licenses/assign", page).invoke("assign-license", assignment()).unwrap_err();
        assert_eq!(failure.http_status, Some(status));
        assert!(!failure.message.contains('<'), "{}", failure.message);
    }
}

#[test]
fn input_that_says_too_little_or_too_much_asks_the_vendor_nothing() {
    let vendor = vendor();
    let cases = [
        ("assign-license", json!({ "email": "a@b.c", "first-name": "A", "last-name": "B" })),
        ("assign-license", json!({ "email": "a@b.c", "first-name": "A", "last-name": "B", "team-id": 1 })),
        ("assign-license", json!({ "license-id": "A" })),
        ("revoke-license", json!({})),
        ("revoke-license", json!({ "license-id": "A", "email": "a@b.c" })),
        ("revoke-license", json!({ "license-id": "../token" })),
        ("licenses-of-user", json!({ "email": " " })),
    ];
    for (action, given) in cases {
        assert_eq!(vendor.invoke(action, given.clone()).unwrap_err().code, FailureCode::InvalidInput, "{given}");
    }
    assert_eq!(vendor.invoke("rotate-token", json!({})).unwrap_err().code, FailureCode::Unsupported);
    assert!(vendor.requests().is_empty());
}

#[test]
fn a_license_that_is_not_there_is_not_revoked() {
    let vendor = vendor().on("GET /customer/licenses/NONE", refusal(404, "LICENSE_NOT_FOUND"));
    let failure = vendor.invoke("revoke-license", json!({ "license-id": "NONE" })).unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::NotFound, Some("license-id")));
    assert_eq!(vendor.requests().len(), 1);
}
