//! Wrong, missing, narrow and foreign keys, in each vendor's own words.

use headcount_vendors::{Reach, Vendor};
use http::Method;
use serde_json::json;

use crate::client::{ask, credential, get, send, start};

#[tokio::test]
async fn jetbrains_names_the_header_that_is_missing_or_wrong() {
    let servers = start(60).await;
    let vendor = Vendor::JetBrains;
    let (key, code) = (servers.secret(vendor), servers.customer_code(Reach::Full));
    let cases: [(&[(&str, String)], &str); 4] = [
        (&[("x-customer-code", code.clone())], "MISSING_TOKEN_HEADER"),
        (&[("x-api-key", key.clone())], "MISSING_CUSTOMER_HEADER"),
        (&[("x-api-key", "nonsense".into()), ("x-customer-code", code.clone())], "INVALID_TOKEN"),
        (&[("x-api-key", key.clone()), ("x-customer-code", "1".into())], "INVALID_TOKEN"),
    ];
    for (headers, expected) in cases {
        let answer = send(&servers, vendor, vendor.host(), Method::GET, "/api/v1/token", headers, "").await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), (401, expected));
    }
    assert_eq!(get(&servers, vendor, "/api/v1/token").await.json()["type"], "CUSTOMER");
}

#[tokio::test]
async fn a_jetbrains_team_token_sees_its_team_alone() {
    let servers = start(200).await;
    let vendor = Vendor::JetBrains;
    let token = ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/v1/token", "").await.json();
    let team = token["team"]["id"].as_i64().unwrap();
    let licenses = ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/v1/customer/licenses", "").await;
    assert!(licenses.json().as_array().unwrap().iter().all(|license| license["team"]["id"] == team));
    assert!(licenses.header("x-total-count").parse::<u32>().unwrap() < 200);
    let other = "/api/v1/customer/teams/9007199254740993/licenses";
    let refused = ask(&servers, vendor, Reach::Narrow, Method::GET, other, "").await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (403, json!("TEAM_MISMATCH")));
    assert_eq!(get(&servers, vendor, other).await.status, 200);
}

#[tokio::test]
async fn tines_takes_the_key_in_either_header_and_refuses_with_three_shapes() {
    let servers = start(60).await;
    let vendor = Vendor::Tines;
    let key = [("x-user-token", servers.secret(vendor))];
    let target = "/api/v1/admin/users";
    assert_eq!(send(&servers, vendor, vendor.host(), Method::GET, target, &key, "").await.unwrap().status, 200);
    let unauthorized = ask(&servers, vendor, Reach::Revoked, Method::GET, target, "").await;
    assert_eq!(unauthorized.status, 401);
    assert!(unauthorized.json()["errors"][0]["message"].is_string());
    let forbidden = ask(&servers, vendor, Reach::Narrow, Method::GET, target, "").await;
    assert_eq!(forbidden.status, 403);
    assert!(forbidden.json()[0]["message"].is_string());
    let missing = get(&servers, vendor, "/api/v1/admin/users/1").await;
    assert_eq!((missing.status, missing.text().as_str()), (404, "Not found"));
    assert_eq!(ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/v1/info", "").await.status, 200);
}

#[tokio::test]
async fn kandji_refuses_in_five_shapes() {
    let servers = start(60).await;
    let vendor = Vendor::Kandji;
    let unauthorized = ask(&servers, vendor, Reach::Revoked, Method::GET, "/api/v1/users", "").await;
    assert_eq!((unauthorized.status, unauthorized.json()), (401, json!({ "error": "Unauthorized" })));
    let forbidden = ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/v1/devices", "").await;
    assert_eq!(forbidden.status, 403);
    assert!(forbidden.json()["detail"].is_string());
    assert_eq!(ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/v1/users", "").await.status, 200);
    let field = get(&servers, vendor, "/api/v1/users?archived=maybe").await;
    assert!(field.json()["archived"][0].is_string());
    let list = get(&servers, vendor, "/api/v1/devices?limit=301").await;
    assert!(list.status == 400 && list.json()[0].is_string());
    let text = get(&servers, vendor, "/api/v1/users?cursor=%00").await;
    assert!(text.status == 400 && text.json().is_string());
    let route = get(&servers, vendor, "/api/v1/nothing").await;
    assert!(route.status == 404 && route.json()["request_id"].is_string());
}

#[tokio::test]
async fn jumpcloud_refuses_with_nothing_or_little_and_checks_the_organization() {
    let servers = start(60).await;
    let vendor = Vendor::JumpCloud;
    let empty = ask(&servers, vendor, Reach::Revoked, Method::GET, "/api/systemusers", "").await;
    assert_eq!((empty.status, empty.body.len()), (401, 0));
    let message = ask(&servers, vendor, Reach::Revoked, Method::GET, "/api/v2/usergroups", "").await;
    assert_eq!((message.status, message.json()), (401, json!({ "message": "Unauthorized" })));
    let forbidden = ask(&servers, vendor, Reach::Narrow, Method::GET, "/api/applications", "").await;
    assert_eq!((forbidden.status, forbidden.json()["code"].clone()), (403, json!(403)));
    let ours = servers.organization_id();
    for (id, status) in [(ours.as_str(), 200), ("short", 400), ("0123456789abcdef01234567", 404)] {
        let mut headers = credential(&servers, vendor, Reach::Full);
        headers.push(("x-org-id", id.to_owned()));
        let answer = send(&servers, vendor, vendor.host(), Method::GET, "/api/systemusers", &headers, "").await.unwrap();
        assert_eq!(answer.status, status, "{id}");
    }
    servers.switch(|switches| switches.jumpcloud_multi_tenant = true);
    assert_eq!(get(&servers, vendor, "/api/systemusers").await.status, 401);
    assert_eq!(get(&servers, vendor, "/api/organizations").await.status, 200);
}

#[tokio::test]
async fn a_foreign_key_shows_another_organization_and_a_rescoped_or_rotated_one_what_it_may() {
    let servers = start(300).await;
    let vendor = Vendor::JumpCloud;
    let ours = get(&servers, vendor, "/api/organizations").await.json();
    let theirs = ask(&servers, vendor, Reach::OtherOrganization, Method::GET, "/api/organizations", "").await.json();
    assert_ne!(ours["results"][0]["_id"], theirs["results"][0]["_id"]);
    servers.rescope(Vendor::Tines, Reach::Narrow);
    assert_eq!(get(&servers, Vendor::Tines, "/api/v1/admin/users").await.status, 403);
    let old = credential(&servers, Vendor::Kandji, Reach::Full);
    servers.rotate(Vendor::Kandji);
    let host = Vendor::Kandji.host();
    let refused = send(&servers, Vendor::Kandji, host, Method::GET, "/api/v1/users", &old, "").await.unwrap();
    assert_eq!(refused.status, 401);
    assert_eq!(get(&servers, Vendor::Kandji, "/api/v1/users").await.status, 200);
    let log = servers.requests(Vendor::Kandji);
    assert_eq!((log.len(), log[0].status, log[0].with_credential, log[0].host.as_str()), (2, 401, true, host));
}
