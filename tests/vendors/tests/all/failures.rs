//! Faults strike what they are told to, and nothing else.

use std::time::Duration;

use headcount_vendors::{Dialect, Fault, RetryAfter, Rule, Vendor};
use http::Method;

use crate::client::{credential, get, send, start};

const USERS: &str = "/api/v1/users";
const ACCOUNTS: &str = "/api/v1/admin/users?per_page=10";

#[tokio::test]
async fn a_rule_strikes_the_nth_request_of_its_path_alone() {
    let servers = start(60).await;
    let fault = Fault::Status { status: 503, content_type: String::new(), body: String::new() };
    servers.faults(Vendor::Kandji).set(Rule::nth(USERS, 2, fault));
    let mut statuses = Vec::new();
    for target in [USERS, "/api/v1/devices", USERS, USERS] {
        statuses.push(get(&servers, Vendor::Kandji, target).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200]);
    let logged: Vec<u16> = servers.requests(Vendor::Kandji).iter().map(|request| request.status).collect();
    assert_eq!(logged, statuses);
    servers.reset_requests();
    assert!(servers.requests(Vendor::Kandji).is_empty());
}

#[tokio::test]
async fn a_broken_connection_or_body_is_an_error_to_the_client() {
    let servers = start(60).await;
    let vendor = Vendor::Tines;
    for fault in [Fault::Reset, Fault::Cut] {
        servers.faults(vendor).clear();
        servers.faults(vendor).set(Rule::always("", fault.clone()));
        let headers = credential(&servers, vendor, headcount_vendors::Reach::Full);
        let answer = send(&servers, vendor, vendor.host(), Method::GET, ACCOUNTS, &headers, "").await;
        assert!(answer.is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_spoiled_body_arrives_as_the_fault_says() {
    let servers = start(60).await;
    let vendor = Vendor::Tines;
    let right = get(&servers, vendor, ACCOUNTS).await.body;
    let with = |fault: Fault| {
        servers.faults(vendor).clear();
        servers.faults(vendor).set(Rule::always("/api/v1/admin", fault));
        get(&servers, vendor, ACCOUNTS)
    };
    let truncated = with(Fault::TruncatedJson).await;
    assert!(truncated.status == 200 && right.starts_with(&truncated.body) && truncated.body.len() == right.len() / 2);
    let html = with(Fault::HtmlOk).await;
    assert!(html.status == 200 && html.text().contains("<html>"));
    assert_eq!(with(Fault::WrongContentType).await.header("content-type"), "text/plain");
    let nothing = with(Fault::EmptyBody).await;
    assert_eq!((nothing.status, nothing.body.len()), (200, 0));
    let moved = with(Fault::Redirect("https://elsewhere.example/".into())).await;
    assert_eq!((moved.status, moved.header("location")), (302, "https://elsewhere.example/"));
    assert_eq!(with(Fault::SlowBody { piece: 4_096, pause: Duration::from_millis(1) }).await.body, right);
    assert_eq!(with(Fault::HugeBody(3_000_000)).await.body.len(), 3_000_000);
    assert_eq!(with(Fault::HeaderFlood(20)).await.headers.keys().filter(|name| name.as_str().starts_with("x-flood")).count(), 20);
    assert_eq!(with(Fault::Delay(Duration::from_millis(1))).await.body, right);
}

#[tokio::test]
async fn paging_can_repeat_turn_in_circles_or_go_on_without_rows() {
    let servers = start(900).await;
    let tines = |page: u32| format!("{ACCOUNTS}&page={page}");
    let first = get(&servers, Vendor::Tines, &tines(1)).await.body;
    servers.faults(Vendor::Tines).set(Rule::nth("/api/v1/admin", 1, Fault::RepeatPrevious));
    assert_eq!(get(&servers, Vendor::Tines, &tines(2)).await.body, first);
    servers.faults(Vendor::Tines).set(Rule::always("/api/v1/admin", Fault::CyclicNext));
    let cyclic = get(&servers, Vendor::Tines, &tines(2)).await.json();
    assert_eq!(cyclic["meta"]["next_page"], format!("https://acme.tines.com{}", tines(2)));
    servers.faults(Vendor::Kandji).set(Rule::always(USERS, Fault::EmptyPageWithNext));
    let empty = get(&servers, Vendor::Kandji, USERS).await.json();
    assert!(empty["results"].as_array().unwrap().is_empty() && empty["next"].is_string());
    servers.faults(Vendor::JetBrains).set(Rule::always("", Fault::EmptyPageWithNext));
    let licenses = get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses").await;
    assert!(licenses.json().as_array().unwrap().is_empty() && licenses.header("link").contains("rel=\"next\""));
}

#[tokio::test]
async fn a_hung_request_is_logged_as_unanswered() {
    let servers = start(60).await;
    servers.faults(Vendor::Kandji).set(Rule::always(USERS, Fault::Hang));
    let headers = credential(&servers, Vendor::Kandji, headcount_vendors::Reach::Full);
    let host = Vendor::Kandji.host();
    tokio::select! {
        answer = send(&servers, Vendor::Kandji, host, Method::GET, USERS, &headers, "") => panic!("{answer:?}"),
        () = async { while servers.requests(Vendor::Kandji).is_empty() { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(servers.requests(Vendor::Kandji)[0].status, 0);
}

#[tokio::test]
async fn a_rule_strikes_one_page_of_a_list_whatever_the_vendor_counts_pages_by() {
    let servers = start(60).await;
    let fault = || Fault::Status { status: 503, content_type: String::new(), body: String::new() };
    servers.faults(Vendor::Kandji).page_size("", 20);
    servers.faults(Vendor::Kandji).set(Rule::always(USERS, fault()).page(2));
    let first = get(&servers, Vendor::Kandji, USERS).await.json();
    assert_eq!(first["results"].as_array().unwrap().len(), 20);
    let cursor = first["next"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let mut statuses = Vec::new();
    let second = format!("{USERS}?{cursor}");
    for target in [&second, "/api/v1/devices?offset=20", &second, USERS] {
        statuses.push(get(&servers, Vendor::Kandji, target).await.status);
    }
    assert_eq!(statuses, [503, 200, 503, 200]);
    assert_eq!(servers.faults(Vendor::Kandji).struck(), 2);

    servers.faults(Vendor::Tines).set(Rule { onward: true, times: 1, ..Rule::always("/api/v1/teams", fault()).page(2) });
    let mut statuses = Vec::new();
    for target in [ACCOUNTS, "/api/v1/teams?page=1", "/api/v1/teams?page=2", ACCOUNTS, "/api/v1/teams?page=1"] {
        statuses.push(get(&servers, Vendor::Tines, target).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 503, 503]);
}

#[tokio::test]
async fn rows_are_lost_shifted_and_miscounted_as_the_fault_says() {
    let servers = start(60).await;
    let (vendor, target) = (Vendor::JumpCloud, "/api/systemusers?sort=_id&skip=10&limit=20");
    let right = get(&servers, vendor, target).await.json();
    let with = |fault: Fault| {
        servers.faults(vendor).clear();
        servers.faults(vendor).set(Rule::always("/api/systemusers", fault));
        async { get(&servers, vendor, target).await.json() }
    };
    let (rows, total) = (right["results"].as_array().unwrap(), right["totalCount"].as_u64().unwrap());
    let lost = with(Fault::LostPage).await;
    assert_eq!((lost["results"].as_array().unwrap().len(), lost["totalCount"].as_u64()), (0, Some(total)));
    let shifted = with(Fault::ShiftedPage).await;
    assert_eq!(
        (shifted["results"].as_array().unwrap().as_slice(), shifted["totalCount"].as_u64()),
        (&rows[1..], Some(total - 1))
    );
    let short = with(Fault::CutShort).await;
    assert_eq!((short["results"].as_array().unwrap().as_slice(), short["totalCount"].as_u64()), (&rows[..19], Some(total)));
    assert_eq!(with(Fault::TotalChanges).await["totalCount"].as_u64(), Some(total + 1));
    let undated = with(Fault::BadDate).await;
    assert_eq!((&undated["results"][0]["created"], &undated["results"][1]), (&"the day before yesterday".into(), &rows[1]));
    let address = rows[1]["email"].as_str().unwrap().to_uppercase();
    let at = "/mfa/configured".to_owned();
    let odd = with(Fault::Rows { with: address.clone(), at: at.clone(), instead: Some(7.into()) }).await;
    assert_eq!((&odd["results"][1]["mfa"]["configured"], &odd["results"][0]), (&7.into(), &rows[0]));
    let odd = with(Fault::Rows { with: address, at, instead: None }).await;
    assert_eq!((odd["results"][1]["mfa"].get("configured"), &odd["results"][2]), (None, &rows[2]));
    let other = servers.key(vendor, headcount_vendors::Reach::OtherOrganization);
    let foreign = with(Fault::As(vec![("x-api-key".to_owned(), other)])).await;
    assert_ne!(foreign["totalCount"].as_u64(), Some(total));
}

#[tokio::test]
async fn every_dialect_of_a_429_says_when_to_try_again() {
    let servers = start(60).await;
    for dialect in Dialect::ALL {
        servers.faults(Vendor::Kandji).clear();
        let busy = Fault::TooManyRequests(RetryAfter::In(dialect, 86_400));
        servers.faults(Vendor::Kandji).set(Rule::always(USERS, busy));
        let answer = get(&servers, Vendor::Kandji, USERS).await;
        let told = answer.headers.keys().any(|name| name.as_str().contains("ratelimit") || name.as_str().contains("rate-limit"));
        assert!(answer.status == 429 && (told || !answer.header("retry-after").is_empty()), "{dialect:?}: {answer:?}");
    }
}
