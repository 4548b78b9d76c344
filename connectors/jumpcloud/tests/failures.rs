//! Which organisation a key is of, what JumpCloud's errors become, and suspending people.

use headcount_connector::prelude::*;
use headcount_jumpcloud::JumpCloud;

const ACME: &str = "5f1b2c3d4e5f6a7b8c9d0e1f";
const OTHER: &str = "6a1b2c3d4e5f6a7b8c9d0e1f";

fn vendor(organization: &str) -> TestVendor<JumpCloud> {
    TestVendor::new(json!({ "region": "console.jumpcloud.com", "organization-id": organization }))
}

fn organizations(ids: &[&str]) -> Reply {
    let rows: Vec<Value> = ids.iter().map(|id| json!({ "_id": id, "id": id, "displayName": "ACME" })).collect();
    Reply::json(json!({ "totalCount": ids.len(), "results": rows }))
}

#[test]
fn a_key_of_one_organisation_needs_no_setting_and_one_request() {
    let vendor = vendor("").on("GET /organizations", organizations(&[ACME]));
    let scope = vendor.check().unwrap();
    assert_eq!((scope.organization.as_str(), vendor.requests().len()), (ACME, 1));
    assert!(scope.label.contains("ACME"));
}

#[test]
fn a_key_of_several_organisations_must_be_told_which() {
    let failure = vendor("").on("GET /organizations", organizations(&[ACME, OTHER])).check().unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidConfiguration, Some("organization-id")));
    assert!(failure.message.contains(ACME) && failure.message.contains(OTHER), "{}", failure.message);
    let scope = vendor(OTHER).on("GET /organizations", organizations(&[ACME, OTHER])).check().unwrap();
    assert_eq!(scope.organization, OTHER);
}

#[test]
fn an_organisation_that_the_key_does_not_see_is_a_wrong_setting() {
    let failure = vendor(OTHER).on("GET /organizations", organizations(&[ACME])).check().unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidConfiguration, Some("organization-id")));
    let malformed = vendor("acme");
    assert_eq!(malformed.check().unwrap_err().field.as_deref(), Some("organization-id"));
    assert!(malformed.requests().is_empty());
}

#[test]
fn where_organisations_may_not_be_listed_people_tell_theirs() {
    let refused = || Reply::json(json!({ "message": "Forbidden" })).status(403);
    let users = Reply::json(json!({ "totalCount": 1, "results": [{ "_id": "5f00", "organization": ACME }] }));
    let scope = vendor("").on("GET /organizations", refused()).on("GET /systemusers?limit=1", users).check().unwrap();
    assert_eq!(scope.organization, ACME);
    let none = Reply::json(json!({ "totalCount": 0, "results": [] }));
    let failure = vendor("").on("GET /organizations", refused()).on("GET /systemusers?limit=1", none).check().unwrap_err();
    assert_eq!(failure.code, FailureCode::Forbidden);
}

#[test]
fn errors_of_any_shape_become_failures_and_never_an_empty_list() {
    for (reply, code) in [
        (Reply::empty().status(401), FailureCode::Unauthenticated),
        (Reply::json(json!({ "message": "Unauthorized" })).status(401), FailureCode::Unauthenticated),
        (Reply::text("text/plain", "Unauthorized").status(401), FailureCode::Unauthenticated),
        (
            Reply::json(json!({ "code": 403, "message": "Forbidden", "status": "PERMISSION_DENIED" })).status(403),
            FailureCode::Forbidden,
        ),
        (Reply::json(json!({ "code": 429 })).status(429).header("retry-after", 9), FailureCode::RateLimited),
        (Reply::json(json!({ "status": "INTERNAL" })).status(500), FailureCode::Unavailable),
        (Reply::text("text/html", "<h1>Bad gateway</h1>").status(502), FailureCode::Unavailable),
        (
            Reply::json(json!({ "code": 400, "message": "bad", "status": "INVALID", "details": [{ "x": 1 }] })).status(400),
            FailureCode::UnexpectedResponse,
        ),
        (Reply::text("text/html", "<h1>Sign in</h1>"), FailureCode::UnexpectedResponse),
        (Reply::text("application/json", r#"{"totalCount":1,"results":[{"_id""#), FailureCode::UnexpectedResponse),
        (Reply::json(json!({ "totalCount": 0 })), FailureCode::UnexpectedResponse),
        (Reply::json(json!([])), FailureCode::UnexpectedResponse),
    ] {
        let failure = vendor("").on("GET /systemusers", reply.clone()).read_all("users").unwrap_err();
        assert_eq!(failure.code, code, "{reply:?}");
    }
}

#[test]
fn an_address_that_is_blocked_is_no_lack_of_permission() {
    let body = json!({ "message": "IP blocked due to suspected abuse" });
    let failure = vendor("").on("GET /applications", Reply::json(body).status(403)).read_all("applications").unwrap_err();
    assert_eq!((failure.code, failure.retry_after), (FailureCode::Unavailable, Some(3600)));
}

#[test]
fn a_person_is_suspended_and_let_back_in_and_read_back() {
    for (action, state, status) in
        [("deactivate", "SUSPENDED", UserStatus::Suspended), ("reactivate", "ACTIVATED", UserStatus::Active)]
    {
        let person = |state: &str| Reply::json(json!({ "_id": "5f00", "email": "ada@example.com", "state": state }));
        let before = if state == "SUSPENDED" { "ACTIVATED" } else { "SUSPENDED" };
        let vendor = vendor(ACME)
            .once("GET /systemusers/5f00", person(before))
            .on("PUT /systemusers/5f00", Reply::json(json!({})))
            .on("GET /systemusers/5f00", person(state));
        let outcome = vendor.invoke(action, json!({ "user-id": "5f00" })).unwrap();
        assert_eq!(vendor.requests()[1].body, Some(json!({ "state": state })));
        assert_eq!(outcome.records.users()[0].status, Some(status));
        assert!(outcome.summary.starts_with("ada@example.com "), "{}", outcome.summary);
    }
}

#[test]
fn what_jumpcloud_says_afterwards_is_told_as_it_is() {
    let after = |action: &str, person: Reply| {
        let before = if action == "deactivate" { "ACTIVATED" } else { "SUSPENDED" };
        let vendor = vendor("")
            .once("GET /systemusers/5f00", Reply::json(json!({ "_id": "5f00", "state": before })))
            .on("PUT /systemusers/5f00", Reply::json(json!({})))
            .on("GET /systemusers/5f00", person);
        vendor.invoke(action, json!({ "user-id": "5f00" })).unwrap().summary
    };
    let person =
        |state: &str, locked: bool| Reply::json(json!({ "_id": "5f00", "email": "", "state": state, "account_locked": locked }));
    assert!(after("deactivate", person("ACTIVATED", false)).contains("does not say"));
    assert!(after("reactivate", person("SUSPENDED", false)).contains("still says"));
    assert!(after("reactivate", person("ACTIVATED", true)).contains("locked"));
    assert!(after("deactivate", Reply::empty().status(503)).contains("read back"));
}

#[test]
fn suspending_is_refused_for_administrators_and_for_nobody() {
    let vendor = vendor("").on("GET /systemusers/5f99", Reply::json(json!({ "message": "not found" })).status(404));
    for id in ["admin:5f01", "", "../users/5f01"] {
        assert_eq!(vendor.invoke("deactivate", json!({ "user-id": id })).unwrap_err().code, FailureCode::InvalidInput, "{id:?}");
    }
    assert!(vendor.requests().is_empty());
    let failure = vendor.invoke("deactivate", json!({ "user-id": "5f99" })).unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::NotFound, Some("user-id")));
    assert_eq!(vendor.invoke("delete", json!({})).unwrap_err().code, FailureCode::Unsupported);
    assert_eq!(vendor.invoke("reactivate", json!({})).unwrap_err().code, FailureCode::InvalidInput);
}

#[test]
fn a_role_that_may_not_suspend_is_forbidden_to() {
    let vendor = vendor("")
        .on("GET /systemusers/5f00", Reply::json(json!({ "_id": "5f00", "state": "ACTIVATED" })))
        .on("PUT /systemusers/5f00", Reply::empty().status(403));
    assert_eq!(vendor.invoke("deactivate", json!({ "user-id": "5f00" })).unwrap_err().code, FailureCode::Forbidden);
    assert_eq!(vendor.requests().len(), 2, "nothing is read back from what was not done");
}

#[test]
fn what_is_so_already_is_not_asked_for_and_nobody_is_let_in_who_never_was() {
    for (action, state, words) in [
        ("deactivate", "SUSPENDED", "suspended already"),
        ("reactivate", "ACTIVATED", "not suspended"),
        ("reactivate", "STAGED", ""),
    ] {
        let person = json!({ "_id": "5f00", "email": "ada@example.com", "state": state });
        let vendor = vendor("").on("GET /systemusers/5f00", Reply::json(person));
        match vendor.invoke(action, json!({ "user-id": "5f00" })) {
            Ok(outcome) => assert!(!words.is_empty() && outcome.summary.contains(words), "{}", outcome.summary),
            Err(failure) => assert!(words.is_empty() && failure.code == FailureCode::Conflict, "{}", failure.message),
        }
        assert_eq!(vendor.requests().len(), 1);
    }
}
