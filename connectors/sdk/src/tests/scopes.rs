//! What a credential can see, found out by asking.

use super::vendor;
use crate::prelude::*;

#[test]
fn a_probe_tells_readable_forbidden_and_not_offered() {
    let access = |reply: Reply| {
        let scope = vendor().on("GET /rows", reply).on("GET /others", Reply::empty()).check().unwrap();
        let feeds = scope.feeds.unwrap();
        assert_eq!((feeds[1].feed.as_str(), feeds[1].access), ("others", Access::Readable));
        feeds[0].access
    };
    assert_eq!(access(Reply::json(json!([]))), Access::Readable);
    assert_eq!(access(Reply::empty().status(403)), Access::Forbidden);
    assert_eq!(access(Reply::empty().status(404)), Access::NotOffered);
    assert_eq!(access(Reply::empty().status(402)), Access::NotOffered);
}

#[test]
fn a_probe_that_is_answered_otherwise_fails_the_check() {
    for (status, code) in [(401, FailureCode::Unauthenticated), (500, FailureCode::Unavailable), (429, FailureCode::RateLimited)]
    {
        let vendor = vendor().on("GET /rows", Reply::empty()).on("GET /others", Reply::empty().status(status));
        assert_eq!(vendor.check().unwrap_err().code, code);
    }
}

#[test]
fn an_empty_fact_says_nothing_and_a_label_falls_back_to_the_organisation() {
    let scope = Scope::of(17).fact("stack", None::<String>).fact("teams", [1, 7]).fact("region", [""]);
    assert_eq!((scope.organization.as_str(), scope.label.as_str()), ("17", "17"));
    let facts = scope.facts.unwrap();
    assert_eq!(
        (facts.len(), facts[0].name.as_str(), facts[0].values.as_slice()),
        (1, "teams", &["1".to_owned(), "7".to_owned()][..])
    );
}
