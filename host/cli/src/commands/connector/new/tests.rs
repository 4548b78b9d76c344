//! What the vendor answers, and what is made of it.

use super::*;

fn vendor() -> TestVendor<AcmeConnector> {
    TestVendor::new(json!({}))
}

#[test]
fn users_are_read_page_by_page() {
    let ada = json!({ "id": "u1", "email": "ada@acme.example", "name": "Ada", "state": "active" });
    let ben = json!({ "id": "u2", "email": null, "name": "Ben", "state": "on a journey" });
    let vendor = vendor()
        .on("GET /users?cursor=c2", Reply::json(json!({ "users": [ben], "next": null })))
        .on("GET /users?limit=100", Reply::json(json!({ "users": [ada], "next": "c2" })));
    let page = vendor.read_all("users").unwrap();
    let seen: Vec<_> = page.users().iter().map(|user| (user.id.as_str(), user.status)).collect();
    assert_eq!(seen, [("u1", Some(UserStatus::Active)), ("u2", None)]);
    assert!(matches!(page.progress, Progress::Complete));
}

#[test]
fn members_are_read_for_each_group() {
    let vendor = vendor()
        .on("GET /groups/g1/members", Reply::json(json!({ "members": [{ "user_id": "u1" }], "next": null })))
        .on("GET /groups", Reply::json(json!({ "groups": [{ "id": "g1", "name": "Staff" }], "next": null })));
    assert_eq!(vendor.read_all("groups").unwrap().groups()[0].name, "Staff");
    let members = vendor.read_all_of("members", "g1").unwrap();
    assert_eq!(members.grants(), [Grant::new(Reference::user("u1"), Reference::group("g1"))]);
}

#[test]
fn a_refused_key_is_told() {
    let vendor = vendor().on("GET /users", Reply::json(json!({ "error": "no such key" })).status(401));
    assert_eq!(vendor.check().unwrap_err().code, FailureCode::Unauthenticated);
}
