//! Every way of paging, to its end, and what a vendor that misbehaves can't make of it.

use super::vendor;
use crate::prelude::*;

fn ids(page: &Page) -> Vec<&str> {
    page.groups().iter().map(|group| group.id.as_str()).collect()
}

fn rows(ids: &[u64]) -> Value {
    ids.iter().map(|id| json!({ "id": id })).collect()
}

#[test]
fn page_numbers_go_on_until_a_page_is_empty() {
    let vendor = vendor()
        .on("GET /rows?page=1&per_page=2", Reply::json(json!({ "rows": rows(&[1, 2]) })))
        .on("GET /rows?page=2&per_page=2", Reply::json(json!({ "rows": rows(&[3]) })))
        .on("GET /rows?page=3&per_page=2", Reply::json(json!({ "rows": [] })));
    let page = vendor.read_all("empty").unwrap();
    assert_eq!(ids(&page), ["g-1", "g-2", "g-3"]);
    assert_eq!((page.rows, page.total, page.progress), (3, None, Progress::Complete));
}

#[test]
fn a_short_page_ends_a_list_that_says_so() {
    let vendor = vendor()
        .on("GET /rows?page=0&per_page=2", Reply::json(rows(&[1, 2])))
        .on("GET /rows?page=1&per_page=2", Reply::json(rows(&[3])));
    assert_eq!(ids(&vendor.read_all("short").unwrap()), ["g-1", "g-2", "g-3"]);
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn a_null_ends_a_list_and_its_absence_does_not() {
    let vendor = vendor()
        .on("GET /rows?page=1", Reply::json(json!({ "rows": rows(&[1]), "meta": {} })))
        .on("GET /rows?page=2", Reply::json(json!({ "rows": rows(&[2]), "meta": { "next": null } })));
    assert_eq!(ids(&vendor.read_all("null").unwrap()), ["g-1", "g-2"]);
}

#[test]
fn a_page_that_was_announced_and_is_empty_at_the_end_lost_its_rows() {
    let vendor = vendor()
        .on("GET /rows?page=1", Reply::json(json!({ "rows": rows(&[1]), "meta": { "next": "?page=2" } })))
        .on("GET /rows?page=2", Reply::json(json!({ "rows": [], "meta": { "next": null } })));
    let by_cursor = super::vendor()
        .on("GET /rows?cursor=b", Reply::json(json!({ "next": null, "rows": [] })))
        .on("GET /rows", Reply::json(json!({ "next": "?cursor=b", "rows": rows(&[1]) })));
    for failure in [vendor.read_all("null").unwrap_err(), by_cursor.read_all("next").unwrap_err()] {
        assert_eq!((failure.code, failure.retry_after), (FailureCode::Unavailable, Some(0)), "it is asked for again: {failure}");
        assert!(failure.message.contains("no rows"), "{failure}");
    }
    assert_eq!(ids(&by_cursor.read_all("sparse").unwrap()), ["g-1"], "unless pages may be empty");
    let empty = super::vendor().on("GET /rows", Reply::json(json!({ "next": null, "rows": [] })));
    assert_eq!(empty.read_all("next").unwrap().rows, 0, "or the list is");
}

#[test]
fn offsets_rise_by_the_rows_that_came_until_the_stated_total() {
    let vendor = vendor()
        .on("GET /rows?skip=0&limit=2", Reply::json(json!({ "total": 3, "rows": rows(&[1]) })))
        .on("GET /rows?skip=1&limit=2", Reply::json(json!({ "total": 3, "rows": rows(&[2, 3]) })));
    let page = vendor.read_all("offset").unwrap();
    assert_eq!((page.rows, page.total), (3, Some(3)));
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn a_total_outweighs_a_short_page_and_without_one_the_short_page_decides() {
    let vendor = vendor()
        .on("GET /rows?skip=0", Reply::json(rows(&[1])).header("X-Total-Count", 2))
        .on("GET /rows?skip=1", Reply::json(rows(&[2])).header("X-Total-Count", "two"));
    let page = vendor.read_all("counted").unwrap();
    assert_eq!((page.rows, page.total, page.progress), (2, Some(2), Progress::Complete));
}

#[test]
fn an_empty_page_before_the_total_ends_the_list_and_leaves_the_total_to_tell() {
    let vendor = vendor()
        .on("GET /rows?skip=0", Reply::json(json!({ "total": 9, "rows": rows(&[1]) })))
        .on("GET /rows?skip=1", Reply::json(json!({ "total": 9, "rows": [] })));
    let page = vendor.read_all("offset").unwrap();
    assert_eq!((page.rows, page.total, page.progress), (1, Some(9), Progress::Complete));
}

#[test]
fn a_cursor_in_the_body_leads_on_until_it_is_null_empty_or_absent() {
    for end in [json!({ "cursor": null }), json!({ "cursor": "" }), json!({})] {
        let vendor = vendor()
            .on("GET /rows?after=c%2F2", Reply::json(json!({ "data": { "rows": rows(&[2]) }, "meta": end })))
            .on("GET /rows", Reply::json(json!({ "data": { "rows": rows(&[1]) }, "meta": { "cursor": "c/2" } })));
        assert_eq!(ids(&vendor.read_all("cursor").unwrap()), ["g-1", "g-2"]);
        assert_eq!(vendor.requests()[0].query, []);
    }
}

#[test]
fn of_a_next_url_only_the_parameter_is_used_whatever_its_host() {
    let vendor = vendor()
        .on("GET /rows?cursor=cD0y%3D", Reply::json(json!({ "next": null, "rows": rows(&[2]) })))
        .on("GET /rows", Reply::json(json!({ "next": "http://evil.example/x?cursor=cD0y%3D&limit=9", "rows": rows(&[1]) })));
    assert_eq!(ids(&vendor.read_all("next").unwrap()), ["g-1", "g-2"]);
    let second = &vendor.requests()[1];
    assert_eq!((second.path.as_str(), second.query.len()), ("/rows", 1));
}

#[test]
fn a_link_header_leads_on_and_a_link_to_none_ends() {
    let vendor = vendor()
        .on("GET /rows?cursor=b", Reply::json(rows(&[2])).header("Link", "<None>; rel=\"next\""))
        .on("GET /rows", Reply::json(rows(&[1])).header("Link", "<https://v.example/rows?cursor=b>; rel=\"next\""));
    assert_eq!(ids(&vendor.read_all("link").unwrap()), ["g-1", "g-2"]);
}

#[test]
fn a_next_page_that_is_this_page_or_can_not_be_asked_for_is_unexpected() {
    for next in ["https://v.example/rows?cursor=c", "https://v.example/rows?page=2", "nonsense"] {
        let vendor = vendor().on("GET /rows", Reply::json(json!({ "next": next, "rows": rows(&[1]) })));
        assert_eq!(vendor.read("next", None, Some("c")).unwrap_err().code, FailureCode::UnexpectedResponse, "{next}");
    }
    let long = format!("https://v.example/rows?cursor={}", "x".repeat(5_000));
    let vendor = vendor().on("GET /rows", Reply::json(json!({ "next": long, "rows": rows(&[1]) })));
    assert_eq!(vendor.read("next", None, None).unwrap_err().code, FailureCode::UnexpectedResponse);
}

#[test]
fn a_cursor_of_another_list_has_expired_and_asks_nothing() {
    let vendor = vendor();
    for (feed, cursor) in [("empty", "x"), ("empty", "1"), ("empty", "1.-1"), ("offset", "1.1"), ("offset", ""), ("single", "1")]
    {
        assert_eq!(vendor.read(feed, None, Some(cursor)).unwrap_err().code, FailureCode::CursorExpired, "{feed} {cursor}");
    }
    assert!(vendor.requests().is_empty());
}

#[test]
fn the_last_page_number_there_is_ends_the_list() {
    let vendor = vendor().on("GET /rows", Reply::json(json!({ "rows": rows(&[1]) })));
    let page = vendor.read("empty", None, Some("4294967295.4294967295")).unwrap();
    assert_eq!(page.progress, Progress::Complete);
}

#[test]
fn a_feed_that_goes_round_in_circles_fails_the_test_that_reads_it() {
    let vendor = vendor()
        .on("GET /rows?cursor=a", Reply::json(json!({ "next": "?cursor=b", "rows": rows(&[1]) })))
        .on("GET /rows", Reply::json(json!({ "next": "?cursor=a", "rows": rows(&[2]) })));
    assert!(vendor.read_all("next").unwrap_err().message.contains("never ends"));
}

#[test]
fn a_page_without_rows_that_names_a_next_one_is_unexpected_unless_the_vendor_leaves_rows_out() {
    let vendor = vendor()
        .on("GET /rows?cursor=b", Reply::json(json!({ "next": null, "rows": rows(&[2]) })))
        .on("GET /rows?page=1", Reply::json(json!({ "meta": { "next": 2 }, "rows": [] })))
        .on("GET /rows", Reply::json(json!({ "next": "?cursor=b", "rows": [] })));
    for feed in ["next", "null"] {
        assert_eq!(vendor.read(feed, None, None).unwrap_err().code, FailureCode::UnexpectedResponse, "{feed}");
    }
    assert_eq!(ids(&vendor.read_all("sparse").unwrap()), ["g-2"]);
}
