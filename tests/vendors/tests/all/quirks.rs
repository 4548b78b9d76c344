//! The ten traps that the vendors lay for a client.

use std::collections::HashSet;

use headcount_vendors::{Assigned, Dialect, Fault, Reach, RetryAfter, Rule, Vendor};
use http::Method;
use serde_json::{Value, json};

use crate::client::{all_rows, ask, get, kandji_users, send, start};

#[tokio::test]
async fn one_envelopes_differ_within_and_between_vendors() {
    let servers = start(60).await;
    let is_array = |body: Value| body.is_array();
    assert!(is_array(get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses").await.json()));
    assert!(is_array(get(&servers, Vendor::Kandji, "/api/v1/devices").await.json()));
    assert!(is_array(get(&servers, Vendor::JumpCloud, "/api/v2/usergroups").await.json()));
    let users = get(&servers, Vendor::Kandji, "/api/v1/users").await.json();
    assert!(users["results"].is_array() && users.get("next").is_some() && users.get("count").is_none());
    let directory = get(&servers, Vendor::JumpCloud, "/api/systemusers").await.json();
    assert!(directory["results"].is_array() && directory["totalCount"] == 60);
    let accounts = get(&servers, Vendor::Tines, "/api/v1/admin/users").await.json();
    assert!(accounts["admin/users"].is_array() && accounts["meta"]["next_page"].is_string());
}

#[tokio::test]
async fn two_pages_begin_at_one_at_zero_or_at_a_cursor() {
    let servers = start(1_000).await;
    let first = get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses").await.body;
    assert_eq!(first, get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses?page=1").await.body);
    let skipped = get(&servers, Vendor::JumpCloud, "/api/systemusers?sort=_id&skip=3&limit=1").await.json();
    let from_start = get(&servers, Vendor::JumpCloud, "/api/systemusers?sort=_id&limit=4").await.json();
    assert_eq!(skipped["results"][0], from_start["results"][3]);
    let page = get(&servers, Vendor::Kandji, "/api/v1/users").await.json();
    assert!(page["next"].as_str().unwrap().contains("cursor=cD0") && page["previous"].is_null());
}

#[tokio::test]
async fn three_default_pages_are_much_smaller_than_the_largest() {
    let servers = start(200).await;
    let tines = get(&servers, Vendor::Tines, "/api/v1/admin/users").await.json();
    assert_eq!(tines["admin/users"].as_array().unwrap().len(), 20);
    assert_eq!(get(&servers, Vendor::JumpCloud, "/api/systemusers").await.json()["results"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn four_next_links_lead_astray() {
    let servers = start(1_000).await;
    let next = get(&servers, Vendor::Kandji, "/api/v1/users").await.json()["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("https://acme.kandji.io/api/v1/users?cursor="), "{next}");
    let target = next.strip_prefix("https://acme.kandji.io").unwrap();
    let astray = send(&servers, Vendor::Kandji, "acme.kandji.io", Method::GET, target, &[], "").await.unwrap();
    assert_eq!((astray.status, astray.header("content-type")), (404, "text/html;charset=utf-8"));
    let last = get(&servers, Vendor::Kandji, "/api/v1/devices?offset=1200").await;
    assert_eq!(last.header("link"), "<None>; rel=\"next\"");
    let meta = get(&servers, Vendor::Tines, "/api/v1/admin/roles?per_page=3").await.json()["meta"].clone();
    assert_eq!((meta["pages"].clone(), meta["next_page"].is_string()), (json!(1), true));
}

#[tokio::test]
async fn five_missing_null_and_empty_all_occur() {
    let servers = start(500).await;
    let licenses = all_rows(&servers, Vendor::JetBrains, "/api/v1/customer/licenses", 100).await;
    let holder = |test: &dyn Fn(Option<&Value>) -> bool| licenses.iter().any(|license| test(license.get("assignee")));
    assert!(holder(&|assignee| assignee.is_none()) && holder(&|assignee| assignee == Some(&Value::Null)));
    for kind in ["USER", "SERVER", "LICENSE_KEY"] {
        assert!(holder(&|assignee| assignee.is_some_and(|assignee| assignee["type"] == kind)), "{kind}");
    }
    assert!(holder(&|assignee| assignee.is_some_and(|assignee| assignee["type"] == "USER" && assignee["email"].is_null())));
    for flag in ["isTrial", "isSuspended", "isAvailableToAssign"] {
        assert!(
            licenses.iter().any(|license| license[flag] == true) && licenses.iter().any(|license| license[flag] == false),
            "{flag}"
        );
    }
    assert!(licenses.iter().any(|license| license["subscription"]["isOutdated"] == true));
    assert!(licenses.iter().any(|license| license.get("lastSeen").is_none()));
    let devices = all_rows(&servers, Vendor::Kandji, "/api/v1/devices", 300).await;
    assert!(devices.iter().any(|device| device["user"] == "") && devices.iter().any(|device| device["user"].is_object()));
    assert!(devices.iter().any(|device| device["last_check_in"] == ""));
    let users = kandji_users(&servers).await;
    assert!(users.iter().any(|user| user["email"] == "") && users.iter().any(|user| user["archived"] == true));
    let accounts = all_rows(&servers, Vendor::Tines, "/api/v1/admin/users", 500).await;
    assert!(
        accounts.iter().any(|account| account["first_name"] == "")
            && accounts.iter().any(|account| account["last_seen"].is_null())
    );
    let directory = all_rows(&servers, Vendor::JumpCloud, "/api/systemusers?sort=_id", 100).await;
    assert!(directory.iter().any(|user| user.get("state").is_none()) && directory.iter().any(|user| user["displayname"] == ""));
}

#[tokio::test]
async fn six_each_vendor_writes_dates_in_its_own_shapes() {
    let servers = start(500).await;
    let licenses = all_rows(&servers, Vendor::JetBrains, "/api/v1/customer/licenses", 100).await;
    let until = licenses.iter().find_map(|license| license["subscription"]["validUntilDate"].as_str()).unwrap();
    assert!(until.ends_with("T00:00:00.000+03:00"), "{until}");
    let account = get(&servers, Vendor::Tines, "/api/v1/admin/users").await.json()["admin/users"][0]["created_at"].clone();
    let members = get(&servers, Vendor::Tines, "/api/v1/teams/701/members").await.json();
    let member = members["members"][0]["created_at"].as_str().unwrap();
    assert_eq!((account.as_str().unwrap().len(), member.len()), ("2019-07-08T14:16:11.967Z".len(), "2021-03-11T09:00:58Z".len()));
    let device = get(&servers, Vendor::Kandji, "/api/v1/devices?limit=1").await.json()[0].clone();
    assert!(device["first_enrollment"].as_str().is_some_and(|date| date.contains(' ') && date.ends_with("+00:00")));
    let users = kandji_users(&servers).await;
    let created = |date: &str| users.iter().any(|user| user["created_at"] == date);
    assert!(created("2024-13-45T99:00:00.000000Z") && created(""));
    assert_eq!(users[0]["created_at"].as_str().unwrap().len(), "2024-09-06T21:00:04.304248Z".len());
}

#[tokio::test]
async fn seven_errors_come_as_html_json_text_or_nothing() {
    let servers = start(60).await;
    let full = Reach::Full;
    let method = ask(&servers, Vendor::JetBrains, full, Method::DELETE, "/api/v1/customer/licenses", "").await;
    assert_eq!((method.status, method.header("content-type")), (405, "text/html;charset=utf-8"));
    let broken = ask(&servers, Vendor::JetBrains, full, Method::POST, "/api/v1/customer/licenses/assign", "{").await;
    assert!(broken.status == 400 && broken.text().starts_with("<!doctype html>"));
    let jumpcloud = get(&servers, Vendor::JumpCloud, "/api/systemusers/nobody").await;
    assert_eq!(
        (jumpcloud.status, jumpcloud.json()),
        (404, json!({ "code": 404, "message": "Not Found", "status": "NOT_FOUND" }))
    );
    let required = get(&servers, Vendor::JumpCloud, "/api/v2/ldapservers?sort=id&limit=1").await.json()[0]["id"].clone();
    let target = format!("/api/v2/ldapservers/{}/associations", required.as_str().unwrap());
    assert_eq!(get(&servers, Vendor::JumpCloud, &target).await.json()["status"], "INVALID_ARGUMENT");
}

#[tokio::test]
async fn eight_rows_repeat_and_go_missing_unless_they_are_sorted() {
    let servers = start(300).await;
    let ids = |rows: Vec<Value>, id: &str| rows.iter().map(|row| row[id].to_string()).collect::<Vec<_>>();
    let unsorted = ids(all_rows(&servers, Vendor::JumpCloud, "/api/systemusers", 100).await, "_id");
    let distinct: HashSet<&String> = unsorted.iter().collect();
    assert!(unsorted.len() == 300 && distinct.len() < 300);
    servers.switch(|switches| switches.jumpcloud_unsorted_shifts = false);
    let steady: HashSet<String> =
        ids(all_rows(&servers, Vendor::JumpCloud, "/api/systemusers", 100).await, "_id").into_iter().collect();
    assert_eq!(steady.len(), 300);
    servers.switch(|switches| switches.jetbrains_rows_shift = true);
    let shifting = ids(all_rows(&servers, Vendor::JetBrains, "/api/v1/customer/licenses", 100).await, "licenseId");
    let distinct: HashSet<&String> = shifting.iter().collect();
    assert!(shifting.len() > distinct.len() && distinct.len() == 390);
}

#[tokio::test]
async fn nine_what_documents_leave_open_is_a_switch() {
    let servers = start(300).await;
    let count = || async {
        let answer = get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses").await;
        answer.header("x-total-count").parse::<u32>().unwrap()
    };
    let all = count().await;
    servers.switch(|switches| switches.jetbrains_assigned = Assigned::FreeOnly);
    assert!(count().await < all / 4);
    let include = "/api/v1/admin/users?include=team_memberships";
    assert!(get(&servers, Vendor::Tines, include).await.json()["admin/users"][0].get("team_memberships").is_some());
    servers.switch(|switches| switches.tines_memberships = false);
    assert!(get(&servers, Vendor::Tines, include).await.json()["admin/users"][0].get("team_memberships").is_none());
    let application = get(&servers, Vendor::JumpCloud, "/api/applications?sort=_id").await.json()["results"][0].clone();
    assert!(application["config"]["idpPrivateKey"]["value"].as_str().unwrap().contains("PRIVATE KEY"));
    let both =
        format!("/api/v2/applications/{}/associations?targets=user,user_group&limit=100", application["_id"].as_str().unwrap());
    let one = both.replace("user,user_group", "user_group");
    assert_eq!(
        (get(&servers, Vendor::JumpCloud, &both).await.status, get(&servers, Vendor::JumpCloud, &one).await.status),
        (200, 200)
    );
    servers.switch(|switches| switches.jumpcloud_combined_targets = false);
    assert_eq!(
        (get(&servers, Vendor::JumpCloud, &both).await.status, get(&servers, Vendor::JumpCloud, &one).await.status),
        (400, 200)
    );
    servers.switch(|switches| switches.kandji_devices_forbidden = true);
    assert_eq!(get(&servers, Vendor::Kandji, "/api/v1/devices").await.status, 403);
    let radius = get(&servers, Vendor::JumpCloud, "/api/radiusservers").await.json();
    assert!(radius["results"][0]["sharedSecret"].is_string());
}

#[tokio::test]
async fn ten_limits_are_told_with_and_without_a_time_to_wait() {
    let servers = start(60).await;
    let within = get(&servers, Vendor::Kandji, "/api/v1/users").await;
    assert_eq!((within.header("x-ratelimit-limit-hour"), within.header("ratelimit-limit")), ("10000", "50"));
    servers.switch(|switches| switches.rate_limits = true);
    let mut over = None;
    for _ in 0..600 {
        let answer = get(&servers, Vendor::Tines, "/api/v1/admin/users?per_page=1").await;
        if answer.status == 429 {
            over = Some(answer);
            break;
        }
    }
    assert_eq!(over.unwrap().header("retry-after"), "");
    let kinds = [
        RetryAfter::Nothing,
        RetryAfter::Seconds(9),
        RetryAfter::Date(9),
        RetryAfter::Reset(9),
        RetryAfter::In(Dialect::Draft6, 9),
    ];
    for kind in kinds {
        servers.faults(Vendor::JumpCloud).clear();
        servers.faults(Vendor::JumpCloud).set(Rule::always("", Fault::TooManyRequests(kind)));
        let answer = get(&servers, Vendor::JumpCloud, "/api/systemusers").await;
        assert_eq!(answer.status, 429);
        let (wait, reset) = (answer.header("retry-after"), answer.header("ratelimit-reset"));
        match kind {
            RetryAfter::Nothing => assert_eq!((wait, reset), ("", "")),
            RetryAfter::Seconds(_) => assert_eq!((wait, reset), ("9", "")),
            RetryAfter::Date(_) => assert!(wait.ends_with(" GMT") && reset.is_empty()),
            RetryAfter::Reset(_) | RetryAfter::In(..) => assert_eq!((wait, reset), ("", "9")),
        }
    }
}
