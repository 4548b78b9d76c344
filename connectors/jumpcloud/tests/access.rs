//! Pages: how lists end, how two lists of holders are read as one, and how many requests that takes.

use headcount_connector::prelude::*;
use headcount_jumpcloud::JumpCloud;

fn vendor() -> TestVendor<JumpCloud> {
    TestVendor::new(json!({ "region": "console.jumpcloud.com" }))
}

fn edges(kind: &str, from: usize, count: usize) -> Value {
    json!((from..from + count).map(|n| json!({ "to": { "id": format!("{kind}{n}"), "type": kind } })).collect::<Vec<_>>())
}

fn people(from: usize, count: usize, total: usize) -> Reply {
    let rows: Vec<Value> = (from..from + count).map(|n| json!({ "_id": format!("u{n}") })).collect();
    Reply::json(json!({ "totalCount": total, "results": rows }))
}

#[test]
fn a_list_with_a_number_ends_with_its_last_row() {
    let vendor =
        vendor().on("GET /systemusers?skip=0", people(0, 100, 200)).on("GET /systemusers?skip=100", people(100, 100, 200));
    let page = vendor.read_all("users").unwrap();
    assert_eq!((page.users().len(), page.total, vendor.requests().len()), (200, Some(200), 2));
}

#[test]
fn a_list_without_a_number_ends_with_a_short_page() {
    let path = "GET /v2/usergroups/5f10/members";
    let vendor = vendor()
        .on(&format!("{path}?skip=0"), Reply::json(edges("user", 0, 100)))
        .on(&format!("{path}?skip=100"), Reply::json(edges("user", 100, 3)));
    let page = vendor.read_all_of("members", "5f10").unwrap();
    assert_eq!((page.grants().len(), page.total, vendor.requests().len()), (103, None, 2));
}

#[test]
fn a_full_page_with_a_number_costs_no_request_more() {
    let vendor = vendor().on("GET /v2/usergroups/5f10/members", Reply::json(edges("user", 0, 100)).header("x-total-count", 100));
    let page = vendor.read_all_of("members", "5f10").unwrap();
    assert_eq!((page.grants().len(), page.total, vendor.requests().len()), (100, Some(100), 1));
}

#[test]
fn users_and_groups_that_reach_an_application_take_one_request_each() {
    for (feed, path) in [
        ("app-access", "/v2/applications/5f20/associations"),
        ("ldap-access", "/v2/ldapservers/5f20/associations"),
        ("radius-access", "/v2/radiusservers/5f20/associations"),
    ] {
        let vendor = vendor()
            .on(&format!("GET {path}?targets=user"), Reply::json(edges("user", 0, 2)))
            .on(&format!("GET {path}?targets=user_group"), Reply::json(edges("user_group", 0, 1)));
        let page = vendor.read_all_of(feed, "5f20").unwrap();
        assert_eq!(
            page.grants(),
            [
                Grant::new(Reference::user("user0"), Reference::application("5f20")),
                Grant::new(Reference::user("user1"), Reference::application("5f20")),
                Grant::new(Reference::group("user_group0"), Reference::application("5f20")),
            ]
        );
        assert_eq!((page.rows, page.total, vendor.requests().len()), (3, None, 2));
    }
}

#[test]
fn an_application_that_nobody_reaches_takes_the_same_two_requests() {
    let vendor = vendor().on("GET /v2/applications/5f20/associations", Reply::json(json!([])));
    let page = vendor.read_all_of("app-access", "5f20").unwrap();
    assert_eq!((page.rows, page.progress, vendor.requests().len()), (0, Progress::Complete, 2));
}

#[test]
fn two_lists_of_several_pages_are_told_as_one_number() {
    let path = "GET /v2/applications/5f20/associations";
    let of = |kind: &str, from: usize, count: usize, total: usize| {
        Reply::json(edges(kind, from, count)).header("x-total-count", total)
    };
    let vendor = vendor()
        .on(&format!("{path}?targets=user&skip=0"), of("user", 0, 100, 130))
        .on(&format!("{path}?targets=user&skip=100"), of("user", 100, 30, 130))
        .on(&format!("{path}?targets=user_group&skip=0"), of("user_group", 0, 100, 101))
        .on(&format!("{path}?targets=user_group&skip=100"), of("user_group", 100, 1, 101));
    let (mut cursor, mut rows, mut totals) = (None, 0, Vec::new());
    loop {
        let page = vendor.read("app-access", Some("5f20"), cursor.as_deref()).unwrap();
        rows += page.rows;
        totals.extend(page.total);
        match page.progress {
            Progress::More(next) => cursor = Some(next),
            _ => break,
        }
    }
    assert_eq!((rows, vendor.requests().len()), (231, 4));
    assert_eq!(totals, [231, 231]);
}

#[test]
fn a_cursor_of_another_make_starts_the_list_again() {
    let vendor = vendor();
    for cursor in ["", "user", "system~0~0", "user_group~~x", "user~~x"] {
        assert_eq!(
            vendor.read("app-access", Some("5f20"), Some(cursor)).unwrap_err().code,
            FailureCode::CursorExpired,
            "{cursor:?}"
        );
    }
    assert!(vendor.requests().is_empty());
}

#[test]
fn an_id_that_leads_elsewhere_is_not_asked_for() {
    let vendor = vendor();
    for feed in ["members", "app-access", "ldap-access", "radius-access"] {
        assert!(vendor.read(feed, Some("../../users"), None).is_err());
    }
    assert!(vendor.requests().is_empty());
}

#[test]
fn a_group_that_is_gone_is_not_found() {
    let vendor = vendor().on("GET /v2/usergroups/5f10/members", Reply::json(json!({ "message": "Not Found" })).status(404));
    assert_eq!(vendor.read_all_of("members", "5f10").unwrap_err().code, FailureCode::NotFound);
}

#[test]
fn every_request_names_the_organisation_where_one_is_set_but_the_list_of_organisations() {
    let id = "5f1b2c3d4e5f6a7b8c9d0e1f";
    let vendor = TestVendor::<JumpCloud>::new(json!({ "region": "console.jumpcloud.com", "organization-id": id }))
        .on("GET /organizations", Reply::json(json!({ "totalCount": 1, "results": [{ "_id": id }] })))
        .on("GET /systemusers", people(0, 0, 0))
        .on("GET /v2/usergroups", Reply::json(json!([])));
    vendor.check().unwrap();
    vendor.read_all("users").unwrap();
    vendor.read_all("groups").unwrap();
    let named: Vec<bool> =
        vendor.requests().iter().map(|sent| sent.headers.contains(&("x-org-id".to_owned(), id.to_owned()))).collect();
    assert_eq!(named, [false, true, true]);
    let typed = |sent: &headcount_connector::testing::Sent| {
        sent.headers.contains(&("content-type".to_owned(), "application/json".to_owned()))
    };
    assert!(vendor.requests().iter().all(typed));
}
