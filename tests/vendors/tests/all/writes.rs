//! Changes, and refusals to change.

use headcount_vendors::{Reach, Servers, Vendor};
use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, all_rows, ask, get, kandji_users, start};

async fn post(servers: &Servers, vendor: Vendor, target: &str, body: &Value) -> Answer {
    ask(servers, vendor, Reach::Full, Method::POST, target, &body.to_string()).await
}

fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn jetbrains_assigns_a_free_license_and_refuses_to_take_it_back_at_once() {
    let servers = start(300).await;
    let vendor = Vendor::JetBrains;
    let licenses = all_rows(&servers, vendor, "/api/v1/customer/licenses", 100).await;
    let free = licenses.iter().find(|license| license["isAvailableToAssign"] == true).unwrap();
    let contact = json!({ "email": "new.hire@acme.example", "firstName": "New", "lastName": "Hire" });
    let body = json!({ "licenseId": free["licenseId"], "contact": contact, "sendEmail": false });
    let assigned = post(&servers, vendor, "/api/v1/customer/licenses/assign", &body).await;
    assert_eq!((assigned.status, assigned.body.len()), (200, 0));
    let again = post(&servers, vendor, "/api/v1/customer/licenses/assign", &body).await;
    assert_eq!((again.status, again.json()["description"].clone()), (400, json!("ALLOCATED")));
    assert!(servers.truth(vendor).users.iter().any(|user| user.id == "new.hire@acme.example"));
    let revoked = post(&servers, vendor, "/api/v1/customer/licenses/revoke?email=new.hire%40acme.example", &json!(null)).await;
    assert_eq!(code(&revoked), "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE");
}

#[tokio::test]
async fn jetbrains_revokes_an_old_license_and_moves_what_it_knows() {
    let servers = start(300).await;
    let vendor = Vendor::JetBrains;
    let licenses = all_rows(&servers, vendor, "/api/v1/customer/licenses", 100).await;
    let old = |license: &&Value| license["lastSeen"]["lastAssignmentDate"].as_str().is_some_and(|date| date < "2026-04-01");
    let id = licenses.iter().find(old).unwrap()["licenseId"].as_str().unwrap().to_owned();
    let revoked = post(&servers, vendor, &format!("/api/v1/customer/licenses/revoke?licenseId={id}"), &json!(null)).await;
    assert_eq!((revoked.status, revoked.json()), (200, json!({ "licenseIds": [id] })));
    assert!(get(&servers, vendor, &format!("/api/v1/customer/licenses/{id}")).await.json().get("assignee").is_none());
    let target = "/api/v1/customer/changeLicensesTeam";
    let movable = licenses
        .iter()
        .find(|license| license["isTransferableBetweenTeams"] == true && license["team"]["id"] != 1_310_002)
        .unwrap();
    let body = json!({ "licenseIds": [movable["licenseId"], "UNKNOWN000"], "targetTeamId": 1_310_002 });
    assert_eq!(post(&servers, vendor, target, &body).await.json(), json!({ "licenseIds": [movable["licenseId"]] }));
    let nowhere = post(&servers, vendor, target, &json!({ "licenseIds": [] })).await;
    assert_eq!((nowhere.status, nowhere.json()), (404, json!({ "code": "TEAM_NOT_FOUND", "description": "0" })));
    assert_eq!(
        post(&servers, vendor, target, &json!({ "licenseIds": [], "targetTeamId": 1_310_002 })).await.json()["licenseIds"],
        json!([])
    );
}

#[tokio::test]
async fn jetbrains_refuses_each_bad_assignment_with_its_code() {
    let servers = start(300).await;
    let vendor = Vendor::JetBrains;
    let target = "/api/v1/customer/licenses/assign";
    let contact = json!({ "email": "a@acme.example", "firstName": "A", "lastName": "B" });
    let cases = [
        (json!({ "contact": contact }), "MISSING_FIELD"),
        (json!({ "licenseId": "NONE", "contact": contact }), "LICENSE_NOT_FOUND"),
        (json!({ "license": { "team": 5, "productCode": "II" }, "contact": contact }), "TEAM_NOT_FOUND"),
        (json!({ "license": { "team": 1_204_411, "productCode": "??" }, "contact": contact }), "PRODUCT_NOT_FOUND"),
        (
            json!({ "licenseId": "NONE", "contact": { "email": "nobody", "firstName": "A", "lastName": "B" } }),
            "INVALID_CONTACT_EMAIL",
        ),
        (json!({ "licenseId": "NONE", "contact": { "email": "a@acme.example", "lastName": "B" } }), "INVALID_CONTACT_NAME"),
    ];
    for (body, expected) in cases {
        assert_eq!(code(&post(&servers, vendor, target, &body).await), expected);
    }
    let body = json!({ "licenseId": "NONE", "contact": contact }).to_string();
    let viewer = ask(&servers, vendor, Reach::ReadOnly, Method::POST, target, &body).await;
    assert_eq!((viewer.status, code(&viewer).as_str()), (403, "INSUFFICIENT_PERMISSIONS"));
    let team = ask(&servers, vendor, Reach::Narrow, Method::POST, "/api/v1/customer/changeLicensesTeam", "{}").await;
    assert_eq!(code(&team), "TOKEN_TYPE_MISMATCH");
}

#[tokio::test]
async fn tines_deactivates_creates_and_deletes_an_account() {
    let servers = start(100).await;
    let vendor = Vendor::Tines;
    let id = servers.truth(vendor).users.iter().find(|user| user.status == "active").unwrap().id.clone();
    let target = format!("/api/v1/admin/users/{id}");
    let off = ask(&servers, vendor, Reach::Full, Method::PUT, &target, r#"{"is_active":false}"#).await;
    assert_eq!((off.status, off.json()["is_active"].clone()), (200, json!(false)));
    assert_eq!(servers.truth(vendor).users.iter().find(|user| user.id == id).unwrap().status, "inactive");
    let made = post(&servers, vendor, "/api/v1/admin/users", &json!({ "email": "x@acme.example" })).await;
    assert_eq!((made.status, made.json()["last_seen"].clone()), (201, Value::Null));
    assert_eq!(post(&servers, vendor, "/api/v1/admin/users", &json!({})).await.status, 422);
    assert_eq!(ask(&servers, vendor, Reach::Full, Method::DELETE, &target, "").await.status, 204);
    assert_eq!(get(&servers, vendor, &target).await.status, 404);
}

#[tokio::test]
async fn tines_invites_and_removes_a_member() {
    let servers = start(100).await;
    let vendor = Vendor::Tines;
    let id = servers.truth(vendor).users[0].id.parse::<u64>().unwrap();
    let body = json!({ "user_id": id, "role": "VIEWER" });
    let member = post(&servers, vendor, "/api/v1/teams/704/invite_member", &body).await;
    assert_eq!((member.status, member.json()["invitation_accepted"].clone()), (200, json!(false)));
    let members = all_rows(&servers, vendor, "/api/v1/teams/704/members", 500).await;
    assert!(members.iter().any(|member| member["id"] == id));
    let removed = post(&servers, vendor, "/api/v1/teams/704/remove_member", &body).await;
    assert_eq!(removed.json(), json!({ "deleted_id": id }));
    assert_eq!(post(&servers, vendor, "/api/v1/teams/704/remove_member", &body).await.status, 404);
}

#[tokio::test]
async fn kandji_deletes_a_user_only_once_no_device_is_left() {
    let servers = start(100).await;
    let vendor = Vendor::Kandji;
    let holder = kandji_users(&servers).await.into_iter().find(|user| user["device_count"] == 1).unwrap();
    let id = holder["id"].as_str().unwrap();
    let user = format!("/api/v1/users/{id}");
    let refused = ask(&servers, vendor, Reach::Full, Method::DELETE, &user, "").await;
    assert_eq!((refused.status, refused.json()), (400, json!({ "detail": "User still assigned to one or more devices." })));
    let devices = get(&servers, vendor, &format!("/api/v1/devices?user_id={id}")).await.json();
    let device = format!("/api/v1/devices/{}", devices[0]["device_id"].as_str().unwrap());
    let old_id = ask(&servers, vendor, Reach::Full, Method::PATCH, &device, r#"{"user":29360}"#).await;
    assert_eq!(old_id.status, 400);
    let freed = ask(&servers, vendor, Reach::Full, Method::PATCH, &device, r#"{"user":null}"#).await;
    assert_eq!((freed.status, freed.json()["user"].clone()), (200, json!("")));
    assert_eq!(ask(&servers, vendor, Reach::Full, Method::DELETE, &user, "").await.status, 204);
    assert_eq!(get(&servers, vendor, &user).await.status, 404);
    assert!(servers.truth(vendor).users.iter().all(|kept| kept.id != id));
}

#[tokio::test]
async fn jumpcloud_suspends_activates_and_binds_once() {
    let servers = start(100).await;
    let vendor = Vendor::JumpCloud;
    let (active, staged) = {
        let users = servers.truth(vendor).users;
        let with = |status: &str| users.iter().find(|user| user.status == status).unwrap().id.clone();
        (with("active"), with("pending"))
    };
    let user = format!("/api/systemusers/{active}");
    let suspended = ask(&servers, vendor, Reach::Full, Method::PUT, &user, r#"{"state":"SUSPENDED"}"#).await;
    assert_eq!((suspended.status, suspended.json()["suspended"].clone()), (200, json!(true)));
    assert_eq!(ask(&servers, vendor, Reach::Full, Method::PUT, &user, r#"{"state":"GONE"}"#).await.status, 400);
    let activate = format!("/api/systemusers/{staged}/state/activate");
    assert_eq!(post(&servers, vendor, &activate, &json!({ "email": "x@acme.example" })).await.status, 200);
    assert_eq!(post(&servers, vendor, &activate, &json!({})).await.status, 409);
    let groups = get(&servers, vendor, "/api/v2/usergroups?sort=id").await.json();
    let members = format!("/api/v2/usergroups/{}/members", groups[0]["id"].as_str().unwrap());
    let operation = |op: &str| json!({ "op": op, "type": "user", "id": active });
    assert_eq!(post(&servers, vendor, &members, &operation("add")).await.json()["code"], 409);
    assert_eq!(post(&servers, vendor, &members, &operation("remove")).await.status, 204);
    assert_eq!(post(&servers, vendor, &members, &operation("remove")).await.status, 404);
    let bulk = post(&servers, vendor, "/api/v2/bulk/userstates", &json!({ "user_ids": [active], "state": "ACTIVATED" })).await;
    assert_eq!((bulk.status, bulk.json()[0]["state"].clone()), (201, json!("ACTIVATED")));
}
