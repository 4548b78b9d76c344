//! Faults strike what they are told to, and nothing else.

use std::time::Duration;

use headcount_vendors::{Fault, Rule, Vendor};
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
