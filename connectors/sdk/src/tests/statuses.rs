//! What a status becomes, and that a hostile answer becomes a failure and never more than a few words.

use super::vendor;
use crate::prelude::*;

fn failed(reply: Reply) -> Failure {
    vendor().on("GET /rows", reply).read_all("single").unwrap_err()
}

#[test]
fn each_status_has_its_code() {
    for (status, code) in [
        (400, FailureCode::UnexpectedResponse),
        (401, FailureCode::Unauthenticated),
        (402, FailureCode::Unsupported),
        (403, FailureCode::Forbidden),
        (404, FailureCode::NotFound),
        (405, FailureCode::UnexpectedResponse),
        (408, FailureCode::Unavailable),
        (409, FailureCode::Conflict),
        (410, FailureCode::NotFound),
        (418, FailureCode::UnexpectedResponse),
        (429, FailureCode::RateLimited),
        (500, FailureCode::Unavailable),
        (501, FailureCode::Unsupported),
        (503, FailureCode::Unavailable),
    ] {
        let failure = failed(Reply::json(json!({ "code": "X", "message": "Because" })).status(status));
        assert_eq!(failure.code, code, "{status}");
        assert_eq!(failure.message, format!("GET /rows was answered with {status}: Because."));
        assert_eq!((failure.http_status, failure.vendor_code.as_deref()), (Some(status), Some("X")));
    }
}

#[test]
fn a_bad_request_is_the_callers_fault_only_when_it_changes_something() {
    let vendor = vendor().on("POST /acts", Reply::json(json!({ "email": ["is taken"] })).status(422));
    let failure = vendor.invoke("hire", json!({})).unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidInput, Some("email")));
}

#[test]
fn the_wait_that_the_vendor_asks_for_is_passed_on_in_seconds() {
    let busy = |value: &str| failed(Reply::empty().status(429).header("Retry-After", value)).retry_after;
    assert_eq!(busy("17"), Some(17));
    assert_eq!(busy("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    assert_eq!(busy("-1"), None);
    let reset = |value: &str| failed(Reply::empty().status(429).header("RateLimit-Reset", value)).retry_after;
    assert_eq!((reset("23"), reset("soon")), (Some(23), None));
    let both = Reply::empty().status(429).header("RateLimit-Reset", 23).header("Retry-After", 17);
    assert_eq!(failed(both).retry_after, Some(17));
    assert_eq!(failed(Reply::empty().status(503).header("retry-after", 5)).retry_after, Some(5));
    assert_eq!(failed(Reply::empty().status(403).header("retry-after", 5)).retry_after, None);
}

#[test]
fn a_gone_cursor_has_expired() {
    let vendor = vendor().on("GET /rows", Reply::empty().status(410));
    assert_eq!(vendor.read("cursor", None, Some("c")).unwrap_err().code, FailureCode::CursorExpired);
    assert_eq!(vendor.read("cursor", None, None).unwrap_err().code, FailureCode::NotFound);
}

#[test]
fn of_a_redirect_only_the_host_is_told() {
    let to = |location: &str| failed(Reply::empty().status(302).header("location", location));
    let failure = to("https://user:pass@login.example/sso?ticket=secret");
    assert_eq!(failure.code, FailureCode::UnexpectedResponse);
    assert!(failure.message.contains("login.example"), "{}", failure.message);
    assert!(!failure.message.contains("secret") && !failure.message.contains("pass"), "{}", failure.message);
    assert!(!to("https://<script>/").message.contains("script"));
    assert!(!to("/signin?ticket=secret").message.contains("secret"));
}

#[test]
fn of_a_page_a_short_piece_of_its_text_is_told() {
    let page = format!("<html><head><title>403 Forbidden</title></head><body>{}</body></html>", "<p>no</p>".repeat(10_000));
    let failure = failed(Reply::text("text/html", page).status(403));
    assert_eq!(failure.code, FailureCode::Forbidden);
    assert!(failure.message.starts_with("GET /rows was answered with 403: 403 Forbidden no no"), "{}", failure.message);
    assert!(failure.message.len() < 250 && !failure.message.contains('<'));
}

#[test]
fn an_answer_that_is_not_the_json_it_should_be_is_unexpected() {
    for (reply, part) in [
        (Reply::text("text/html; charset=utf-8", "<html></html>"), "text/html instead of JSON"),
        (Reply::text("application/json", r#"{"rows": [{"id""#), "ends in the middle"),
        (Reply::text("application/json", r#"{"rows": nope}"#), "not what this connector expects"),
        (Reply::text("application/json", [b'"', 0xff, b'"']), "not UTF-8"),
        (Reply::text("application/json", ""), "with nothing"),
        (Reply::empty(), "with nothing"),
        (Reply::json(json!({ "rows": null })), "no list \"rows\""),
        (Reply::json(json!({ "rows": { "0": 1 } })), "no list \"rows\""),
        (Reply::json(json!({})), "no list \"rows\""),
        (Reply::json(json!([])), "expected an object"),
    ] {
        let failure = failed(reply);
        assert_eq!(failure.code, FailureCode::UnexpectedResponse);
        assert!(failure.message.contains(part), "{}", failure.message);
    }
}

#[test]
fn json_under_a_kindred_content_type_or_none_is_read() {
    let body = r#"{"rows":[]}"#;
    assert!(vendor().on("GET /rows", Reply::text("application/vnd.api+json", body)).read_all("single").is_ok());
    let bare = Reply::empty().status(200);
    assert!(vendor().on("GET /rows", bare).read_all("single").is_err());
}

#[test]
fn no_answer_is_the_transports_failure() {
    assert_eq!(failed(Reply::broken(Failure::unavailable("Down."))).message, "Down.");
}
