//! Nobody goes missing, whatever JetBrains makes of a request that does not say whether licenses are assigned; and no request is
//! made that is not needed.

use headcount_connector::prelude::*;
use headcount_jetbrains::JetBrains;

/// A vendor with these licenses, of which a request that says nothing lists all, or only the free ones.
fn vendor(held: &[Value], free: &[Value], all_by_default: bool, with_total: bool) -> TestVendor<JetBrains> {
    let everything: Vec<Value> = if all_by_default { held.iter().chain(free).cloned().collect() } else { free.to_vec() };
    let vendor = TestVendor::new(json!({ "customer-code": "1" }));
    let vendor = pages(vendor, "assigned=true&", held, with_total);
    let vendor = pages(vendor, "assigned=false&", free, with_total);
    pages(vendor, "", &everything, with_total)
}

fn pages(vendor: TestVendor<JetBrains>, assigned: &str, rows: &[Value], with_total: bool) -> TestVendor<JetBrains> {
    let mut pages: Vec<&[Value]> = rows.chunks(100).collect();
    pages.push(&[]);
    (1..).zip(pages).fold(vendor, |vendor, (number, page)| {
        let reply = Reply::json(json!(page));
        let reply = if with_total { reply.header("x-total-count", rows.len()) } else { reply };
        vendor.on(&format!("GET /customer/licenses?{assigned}page={number}&perPage=100"), reply)
    })
}

fn licenses(count: usize, from: usize, assignee: impl Fn(usize) -> Value) -> Vec<Value> {
    (from..from + count)
        .map(|n| json!({ "licenseId": format!("L{n}"), "product": { "code": "II", "name": "IDEA" }, "assignee": assignee(n) }))
        .collect()
}

fn person(n: usize) -> Value {
    json!({ "type": "USER", "name": "Somebody", "email": format!("p{n}@example.com") })
}

fn machine(_: usize) -> Value {
    json!({ "type": "SERVER", "serverType": "LICENSE_SERVER", "uid": "u" })
}

fn nobody(_: usize) -> Value {
    Value::Null
}

/// Reads everything; holds it to the rules by which the host believes a list; gives the number of requests.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn read(vendor: &TestVendor<JetBrains>, rows: usize, users: usize, with_total: bool) -> usize {
    let mut totals = Vec::new();
    let mut cursor: Option<String> = None;
    let (mut ids, mut people, mut count) = (Vec::new(), Vec::new(), 0);
    loop {
        let page = vendor.read("licenses", None, cursor.as_deref()).unwrap();
        totals.extend(page.total);
        ids.extend(page.licenses().iter().map(|license| license.id.clone()));
        people.extend(page.users().iter().map(|user| user.id.clone()));
        count += page.rows as usize;
        match page.progress {
            Progress::More(next) => cursor = Some(next),
            end => {
                assert_eq!(end, Progress::Complete);
                break;
            }
        }
    }
    let distinct = |mut list: Vec<String>| {
        list.sort();
        list.dedup();
        list.len()
    };
    assert_eq!((count, distinct(ids.clone()), ids.len()), (rows, rows, rows), "each license comes once");
    assert_eq!(distinct(people), users);
    assert!(totals.iter().all(|total| *total as usize == rows), "{totals:?} of {rows}");
    assert_eq!(totals.is_empty(), !with_total);
    vendor.requests().len()
}

#[test]
fn a_list_of_all_takes_no_more_requests_than_it_has_pages() {
    for (held, free) in [(1, 0), (100, 0), (130, 120), (250, 99)] {
        let vendor = vendor(&licenses(held, 0, person), &licenses(free, 1000, nobody), true, true);
        assert_eq!(read(&vendor, held + free, held, true), (held + free).div_ceil(100), "{held} held, {free} free");
        assert!(vendor.requests().iter().all(|request| request.parameter("assigned").is_none()));
    }
}

#[test]
fn a_list_of_all_that_begins_with_free_licenses_is_read_in_two() {
    let all = [licenses(120, 1000, nobody), licenses(130, 0, person)].concat();
    let vendor = TestVendor::<JetBrains>::new(json!({ "customer-code": "1" }));
    let vendor = pages(pages(vendor, "assigned=true&", &all[120..], true), "assigned=false&", &all[..120], true);
    let first = Reply::json(json!(&all[..100])).header("x-total-count", 250);
    let vendor = vendor.on("GET /customer/licenses?page=1", first);
    assert_eq!(read(&vendor, 250, 130, true), 5);
}

#[test]
fn where_a_request_lists_free_licenses_only_those_that_are_held_are_asked_for() {
    for (held, free) in [(1, 0), (1, 1), (101, 1), (250, 120), (200, 300)] {
        let vendor = vendor(&licenses(held, 0, person), &licenses(free, 1000, nobody), false, true);
        let requests = read(&vendor, held + free, held, true);
        // One more is made by `check`.
        assert!(requests <= (held + free).div_ceil(100) + 2, "{held} held, {free} free took {requests}");
    }
}

#[test]
fn where_nobody_holds_anything_that_is_found_out_with_two_requests() {
    let none_held = vendor(&[], &licenses(150, 0, nobody), true, true);
    assert_eq!(read(&none_held, 150, 0, true), 4);
    let nothing = vendor(&[], &[], true, true);
    assert_eq!(read(&nothing, 0, 0, true), 3);
}

#[test]
fn licenses_that_only_machines_hold_come_once() {
    let machines = vendor(&licenses(3, 0, machine), &licenses(150, 1000, nobody), true, true);
    assert_eq!(read(&machines, 153, 0, true), 4);
}

#[test]
fn without_a_stated_number_an_empty_page_ends_each_list() {
    for all_by_default in [true, false] {
        let vendor = vendor(&licenses(130, 0, person), &licenses(100, 1000, nobody), all_by_default, false);
        let requests = read(&vendor, 230, 130, false);
        assert_eq!(requests, if all_by_default { 4 } else { 6 });
    }
}

#[test]
fn a_license_that_is_assigned_between_the_two_lists_comes_twice_with_its_holder() {
    let vendor = TestVendor::<JetBrains>::new(json!({ "customer-code": "1" }))
        .on("GET /customer/licenses?assigned=true", Reply::json(json!(licenses(1, 9, person))).header("x-total-count", 1))
        .on("GET /customer/licenses", Reply::json(json!(licenses(1, 9, nobody))).header("x-total-count", 1));
    let page = vendor.read_all("licenses").unwrap();
    assert_eq!((page.licenses().len(), page.users().len(), page.total), (2, 1, Some(2)));
}

#[test]
fn a_cursor_of_another_make_starts_the_list_again() {
    let vendor = vendor(&[], &[], true, true);
    for cursor in ["", "2", "all", "free~1", "held~x~", "later~1~1"] {
        assert_eq!(vendor.read("licenses", None, Some(cursor)).unwrap_err().code, FailureCode::CursorExpired, "{cursor:?}");
    }
    assert!(vendor.requests().is_empty());
}

#[test]
fn a_feed_that_there_is_not_is_unsupported() {
    assert_eq!(vendor(&[], &[], true, true).read("people", None, None).unwrap_err().code, FailureCode::Unsupported);
}
