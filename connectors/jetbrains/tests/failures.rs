//! Who a key is, and what JetBrains' refusals and broken answers become.

use headcount_connector::prelude::*;
use headcount_jetbrains::JetBrains;

fn vendor(request: &str, reply: Reply) -> TestVendor<JetBrains> {
    TestVendor::new(json!({ "customer-code": "1234567" })).on(request, reply)
}

#[test]
fn a_key_of_the_organisation_is_told_with_its_role_and_teams() {
    let body = json!({ "type": "CUSTOMER", "role": "ORG_ADMIN", "teams": [{ "id": 7, "name": "A" }, { "id": 9_007_199_254_740_993_i64, "name": "B" }] });
    let vendor = vendor("GET /token", Reply::json(body));
    let scope = vendor.check().unwrap();
    assert_eq!(scope.organization, "1234567");
    assert!(scope.label.contains("1234567") && scope.label.contains("ORG_ADMIN"), "{}", scope.label);
    let facts: Vec<(&str, Vec<&str>)> =
        scope.facts.iter().flatten().map(|f| (f.name.as_str(), f.values.iter().map(String::as_str).collect())).collect();
    assert_eq!(facts, [("token-type", vec!["CUSTOMER"]), ("role", vec!["ORG_ADMIN"]), ("teams", vec!["7", "9007199254740993"])]);
    let sent = &vendor.requests()[0];
    assert!(sent.headers.contains(&("x-customer-code".to_owned(), "1234567".to_owned())), "{:?}", sent.headers);
    assert_eq!(vendor.requests().len(), 1);
}

#[test]
fn a_key_of_one_team_is_told_from_one_of_the_organisation() {
    let body = json!({ "type": "TEAM", "team": { "id": 7, "name": "A", "role": "TEAM_ADMIN" } });
    let scope = vendor("GET /token", Reply::json(body)).check().unwrap();
    assert!(scope.label.contains("TEAM API key") && scope.label.contains("TEAM_ADMIN"), "{}", scope.label);
    let teams = scope.facts.unwrap().into_iter().find(|fact| fact.name == "teams").unwrap();
    assert_eq!(teams.values, ["7"]);
}

#[test]
fn a_key_that_is_not_accepted_is_the_administrators_affair() {
    let body = json!({ "code": "INVALID_TOKEN", "description": "The token provided is invalid" });
    let failure = vendor("GET /token", Reply::json(body).status(401)).check().unwrap_err();
    assert_eq!((failure.code, failure.vendor_code.as_deref()), (FailureCode::Unauthenticated, Some("INVALID_TOKEN")));
    assert!(failure.message.contains("another customer code"), "{}", failure.message);
}

#[test]
fn answers_that_are_no_list_become_failures_and_never_an_empty_list() {
    let html = || Reply::text("text/html", "<html><head><title>x</title></head><body><h1>Method not allowed</h1></body></html>");
    let cases = [
        (
            Reply::json(json!({ "code": "MISSING_CUSTOMER_HEADER", "description": "required" })).status(401),
            FailureCode::Unauthenticated,
        ),
        (
            Reply::json(json!({ "code": "TEAM_MISMATCH", "description": "Token was generated for team with id 7" })).status(403),
            FailureCode::Forbidden,
        ),
        (Reply::empty().status(429).header("retry-after", 17), FailureCode::RateLimited),
        (html().status(500), FailureCode::Unavailable),
        (html().status(405), FailureCode::UnexpectedResponse),
        (html().status(400), FailureCode::UnexpectedResponse),
        (html(), FailureCode::UnexpectedResponse),
        (Reply::text("application/json", r#"[{"licenseId":"A","product":{"#), FailureCode::UnexpectedResponse),
        (Reply::text("application/json", ""), FailureCode::UnexpectedResponse),
        (Reply::json(json!({ "licenses": [] })), FailureCode::UnexpectedResponse),
        (Reply::json(json!(null)), FailureCode::UnexpectedResponse),
        (Reply::broken(Failure::unavailable("The vendor did not answer in time.")), FailureCode::Unavailable),
    ];
    for (reply, code) in cases {
        let failure = vendor("GET /customer/licenses", reply.clone()).read_all("licenses").unwrap_err();
        assert_eq!(failure.code, code, "{reply:?}");
        assert!(!failure.message.contains('<'), "no page is shown: {}", failure.message);
        if code == FailureCode::RateLimited {
            assert_eq!(failure.retry_after, Some(17));
        }
    }
}

#[test]
fn a_setting_that_is_missing_is_named() {
    let failure = TestVendor::<JetBrains>::new(json!({})).check().unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidConfiguration, Some("customer-code")));
}
