//! Limits, defaults and ends of pages.

use headcount_vendors::Vendor;

use crate::client::{all_rows, get, kandji_users, start};

fn rows(body: &serde_json::Value) -> usize {
    let list = body.as_object().and_then(|fields| fields.values().find(|value| value.is_array())).unwrap_or(body);
    list.as_array().unwrap().len()
}

#[tokio::test]
async fn each_list_has_its_default_and_its_largest_page() {
    let servers = start(1_000).await;
    let cases = [
        (Vendor::JetBrains, "/api/v1/customer/licenses", 100),
        (Vendor::JetBrains, "/api/v1/customer/licenses?perPage=7", 7),
        (Vendor::Tines, "/api/v1/admin/users", 20),
        (Vendor::Tines, "/api/v1/admin/users?per_page=10000", 500),
        (Vendor::Kandji, "/api/v1/users", 300),
        (Vendor::Kandji, "/api/v1/devices", 300),
        (Vendor::JumpCloud, "/api/systemusers", 10),
        (Vendor::JumpCloud, "/api/systemusers?limit=10000", 100),
        (Vendor::JumpCloud, "/api/v2/usergroups", 10),
        (Vendor::JumpCloud, "/api/v2/usergroups?limit=100", 30),
    ];
    for (vendor, target, expected) in cases {
        let answer = get(&servers, vendor, target).await;
        assert_eq!((answer.status, rows(&answer.json())), (200, expected), "{target}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_refused_or_empty_and_never_a_crash() {
    let servers = start(100).await;
    let cases = [
        (Vendor::JetBrains, "/api/v1/customer/licenses?page=0", 400),
        (Vendor::JetBrains, "/api/v1/customer/licenses?page=18446744073709551615", 200),
        (Vendor::JetBrains, "/api/v1/customer/licenses?perPage=x", 400),
        (Vendor::Tines, "/api/v1/admin/users?page=-1", 422),
        (Vendor::Tines, "/api/v1/admin/users?page=18446744073709551615&per_page=500", 200),
        (Vendor::Kandji, "/api/v1/devices?offset=18446744073709551615", 200),
        (Vendor::Kandji, "/api/v1/users?cursor=cD05OTk5OTk5OTk5OTk5", 400),
        (Vendor::JumpCloud, "/api/systemusers?skip=18446744073709551615", 200),
        (Vendor::JumpCloud, "/api/v2/usergroups?limit=101", 400),
        (Vendor::JumpCloud, "/api/systemusers?filter=username", 400),
    ];
    for (vendor, target, status) in cases {
        assert_eq!(get(&servers, vendor, target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn paging_to_the_end_gives_each_row_once() {
    let servers = start(1_000).await;
    let lists = [
        (Vendor::JetBrains, "/api/v1/customer/licenses", 100, "licenseId"),
        (Vendor::Tines, "/api/v1/admin/users", 500, "id"),
        (Vendor::Kandji, "/api/v1/devices", 300, "device_id"),
        (Vendor::JumpCloud, "/api/systemusers?sort=_id", 100, "_id"),
    ];
    for (vendor, target, size, id) in lists {
        let mut ids: Vec<String> = all_rows(&servers, vendor, target, size).await.iter().map(|row| row[id].to_string()).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert!(all > 500 && ids.len() == all, "{target}: {} of {all}", ids.len());
    }
    let users = kandji_users(&servers).await;
    assert_eq!(users.len(), servers.truth(Vendor::Kandji).users.len());
}

#[tokio::test]
async fn the_reads_of_a_thousand_people_fit_the_documented_pages() {
    let servers = start(1_000).await;
    let total = get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses").await.header("x-total-count").to_owned();
    assert_eq!(total, "1300");
    let groups = all_rows(&servers, Vendor::JumpCloud, "/api/v2/usergroups?sort=id", 100).await;
    let mut everybody = 0;
    for group in &groups {
        let target = format!("/api/v2/usergroups/{}/members?limit=100", group["id"].as_str().unwrap());
        let members: u32 = get(&servers, Vendor::JumpCloud, &target).await.header("x-total-count").parse().unwrap();
        everybody += u32::from(members == 1_000);
        assert!(members <= 100 || members == 1_000, "{members} members");
    }
    assert_eq!((groups.len(), everybody), (30, 1));
    let count =
        |target: &'static str| async { get(&servers, Vendor::JumpCloud, target).await.json()["totalCount"].as_u64().unwrap() };
    assert_eq!((count("/api/users").await, count("/api/applications").await, count("/api/radiusservers").await), (20, 15, 2));
}

#[tokio::test]
async fn a_million_people_are_served_at_once() {
    let servers = start(1_000_000).await;
    let user = get(&servers, Vendor::JumpCloud, "/api/systemusers?sort=_id&limit=100&skip=999900").await.json();
    assert_eq!((user["totalCount"].as_u64(), rows(&user)), (Some(1_000_000), 100));
    let license = get(&servers, Vendor::JetBrains, "/api/v1/customer/licenses?page=13000").await;
    assert_eq!((license.header("x-total-count"), rows(&license.json())), ("1300000", 100));
}
