//! What the connector makes of a tenant's answers, the odd ones among them.

use headcount_connector::prelude::*;

use super::Tines;

const USER: &str = "GET /admin/users?include=team_memberships";

fn tenant() -> TestVendor<Tines> {
    let domain = "bold-tree-1234.tines.com";
    TestVendor::new(json!({ "tenant-domain": domain, "base-url": format!("https://{domain}/api/v1") }))
}

fn account(id: u64) -> Value {
    json!({
        "id": id, "scim_uid": null, "email": format!("u{id}@example.com"), "first_name": "Ada", "last_name": "Byron",
        "admin": false, "is_active": true, "tenant_permissions": [], "created_at": "2019-07-08T14:16:11.967Z",
        "updated_at": "2019-07-08T14:16:11.967Z", "last_seen": "2026-07-01T08:00:00.000Z", "team_memberships": [],
    })
}

fn with(id: u64, change: Value) -> Value {
    let mut account = account(id);
    for (name, value) in change.as_object().unwrap() {
        account[name] = value.clone();
    }
    account
}

fn list(key: &str, rows: Value, next: Value) -> Reply {
    Reply::json(json!({ key: rows, "meta": { "next_page": next, "per_page": 1, "pages": 1, "count": 2 } }))
}

fn users(rows: Value) -> Page {
    tenant().on(USER, list("admin/users", rows, Value::Null)).read_all("users").unwrap()
}

fn info() -> Reply {
    Reply::json(json!({ "stack": { "name": "us1", "type": "shared", "region": "us-west-2", "egress_ips": ["192.0.2.1"] } }))
}

#[test]
fn check_tells_the_tenant_and_that_memberships_come_with_users() {
    let vendor = tenant().on("GET /info", info()).on(USER, list("admin/users", json!([account(1)]), "https://x/?page=2".into()));
    let scope = vendor.check().unwrap();
    assert_eq!(scope.organization, "bold-tree-1234.tines.com");
    let facts: Vec<_> = scope.facts.unwrap().into_iter().map(|fact| (fact.name, fact.values)).collect();
    assert_eq!(facts, [("stack".into(), vec!["us1".to_owned()]), ("region".into(), vec!["us-west-2".to_owned()])]);
    let feeds: Vec<_> = scope.feeds.unwrap().into_iter().map(|feed| (feed.feed, feed.access)).collect();
    assert_eq!(feeds, [("users".to_owned(), Access::Readable), ("members".to_owned(), Access::NotOffered)]);
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn without_included_memberships_members_are_read_by_team() {
    let mut bare = account(1);
    bare.as_object_mut().unwrap().remove("team_memberships");
    let vendor = tenant().on("GET /info", info()).on(USER, list("admin/users", json!([bare]), Value::Null)).on(
        "GET /teams/7/members?page=1",
        list(
            "members",
            json!([
                { "id": 1, "email": "u1@example.com", "is_admin": false, "invitation_accepted": true, "role": "EDITOR" },
                { "id": 2, "email": "u2@example.com", "is_admin": true, "invitation_accepted": false, "role": "Night watch" },
            ]),
            Value::Null,
        ),
    );
    let members = vendor.check().unwrap().feeds.unwrap().into_iter().find(|feed| feed.feed == "members").unwrap();
    assert_eq!(members.access, Access::Readable);
    let page = vendor.read_all_of("members", "7").unwrap();
    let held: Vec<_> = page.grants().iter().map(|g| (g.principal.id.as_str(), g.target.id.as_str(), g.role.as_deref())).collect();
    assert_eq!(held, [("1", "7", Some("EDITOR")), ("2", "7", Some("Night watch"))]);
    assert!(page.users().is_empty());
    let page = vendor.read_all("users").unwrap();
    assert_eq!((page.users().len(), page.grants().len()), (1, 0));
}

#[test]
fn a_key_that_is_not_an_owners_is_forbidden_whatever_the_shape_of_the_error() {
    let shapes = [
        ("application/json", r#"{"errors":[{"message":"Not an owner","details":"ask one"}]}"#),
        ("application/json", r#"[{"message":"Not an owner","details":"ask one"}]"#),
        ("text/plain", "Not an owner"),
    ];
    for (kind, body) in shapes {
        let vendor = tenant().on("GET /info", info()).on(USER, Reply::text(kind, body).status(403));
        let failure = vendor.check().unwrap_err();
        assert_eq!(failure.code, FailureCode::Forbidden);
        assert_eq!(failure.message, "GET /admin/users was answered with 403: Not an owner.");
    }
}

#[test]
fn a_bad_key_is_unauthenticated() {
    let bad = || Reply::json(json!({ "errors": [] })).status(401);
    let failure = tenant().on("GET /info", bad()).on(USER, bad()).check().unwrap_err();
    assert_eq!((failure.code, failure.http_status), (FailureCode::Unauthenticated, Some(401)));
}

#[test]
fn a_user_comes_with_teams_roles_and_permissions() {
    let page = users(json!([with(
        5,
        json!({
            "admin": true, "scim_uid": "s-5", "tenant_permissions": ["AUDIT_LOG_READ"],
            "team_memberships": [
                { "team_id": 7, "team_name": "Ops", "role": "TEAM_ADMIN" },
                { "team_id": 8, "team_name": "Night", "role": "Night watch" },
            ],
        })
    )]));
    let user = &page.users()[0];
    assert_eq!((user.id.as_str(), user.external_id.as_deref(), user.administrator), ("5", Some("s-5"), Some(true)));
    assert_eq!(user.display_name.as_deref(), Some("Ada Byron"));
    assert_eq!(user.status, Some(UserStatus::Active));
    let held: Vec<_> = page.grants().iter().map(|g| (g.target.id.as_str(), g.role.as_deref())).collect();
    let expected =
        [("tenant-owner", None), ("permission:AUDIT_LOG_READ", None), ("7", Some("TEAM_ADMIN")), ("8", Some("Night watch"))];
    assert_eq!(held, expected);
    let groups: Vec<_> = page.groups().iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["Ops", "Night"]);
    assert_eq!(page.roles()[0].administrator, Some(true));
    assert_eq!(page.progress, Progress::Complete);
}

#[test]
fn a_user_without_names_is_called_by_the_address() {
    let page = users(json!([with(1, json!({ "first_name": "", "last_name": "" })), with(2, json!({ "first_name": "" }))]));
    let names: Vec<_> = page.users().iter().map(|user| user.display_name.as_deref()).collect();
    assert_eq!(names, [Some("u1@example.com"), Some("Byron")]);
}

#[test]
fn a_user_never_seen_is_pending_and_a_deactivated_one_inactive() {
    let page = users(json!([
        with(1, json!({ "last_seen": null })),
        with(2, json!({ "last_seen": null, "is_active": false })),
        with(3, json!({ "is_active": false })),
    ]));
    let statuses: Vec<_> = page.users().iter().map(|user| user.status.unwrap()).collect();
    assert_eq!(statuses, [UserStatus::Pending, UserStatus::Inactive, UserStatus::Inactive]);
}

#[test]
fn a_bad_row_is_skipped_with_its_id_and_the_rest_is_read() {
    let page = users(json!([account(1), with(2, json!({ "is_active": "yes" })), { "id": "three", "email": 3 }, 17]));
    assert_eq!((page.users().len(), page.rows), (1, 4));
    let skipped: Vec<_> = page.skipped.unwrap().into_iter().map(|row| row.subject).collect();
    // Ids are numbers: "three" is nobody's, and somebody's row is lacking.
    assert_eq!(skipped, [Some(Reference::user(2)), None, None]);
}

#[test]
fn a_user_whose_teams_are_not_told_is_kept_with_them() {
    let bare = |id| {
        let mut bare = account(id);
        bare.as_object_mut().unwrap().remove("team_memberships");
        bare
    };
    let subjects =
        |page: &Page| -> Vec<_> { page.skipped.iter().flatten().map(|row| (row.subject.clone(), row.harmless)).collect() };
    let page = users(json!([account(1), bare(2), with(3, json!({ "team_memberships": null })), account(4)]));
    assert_eq!((page.users().len(), page.rows), (4, 4), "who it is was read");
    assert_eq!(subjects(&page), [2, 3].map(|id| (Some(Reference::user(id)), false)));
    // A page on which nobody has any: other users tell whether they are included.
    let next = "https://x/?page=2";
    let vendor = tenant()
        .on(&format!("{USER}&page=1"), list("admin/users", json!([account(1)]), next.into()))
        .on(&format!("{USER}&page=2"), list("admin/users", json!([bare(2)]), Value::Null))
        .on(&format!("{USER}&per_page=10"), list("admin/users", json!([bare(9), account(1)]), next.into()));
    assert_eq!(subjects(&vendor.read_all("users").unwrap()), [(Some(Reference::user(2)), false)]);
    assert_eq!(vendor.requests().len(), 3);
}

#[test]
fn a_user_of_whom_something_is_not_told_that_decides_is_skipped_by_the_id() {
    for field in ["admin", "is_active", "tenant_permissions"] {
        let mut row = account(2);
        row.as_object_mut().unwrap().remove(field);
        for row in [row, with(2, json!({ field: null })), with(2, json!({ field: "?" }))] {
            let page = users(json!([account(1), row.clone()]));
            assert_eq!(page.users().len(), 1, "{row}");
            assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::user(2)), "{row}");
        }
    }
    for membership in
        [json!({ "team_id": 7 }), json!({ "role": "VIEWER" }), json!({ "team_id": "7", "role": "VIEWER" }), json!(7)]
    {
        let page = users(json!([with(2, json!({ "team_memberships": [membership] }))]));
        assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::user(2)), "{membership}");
        assert!(page.records.grants.is_none());
    }
}

#[test]
fn a_member_whose_role_is_not_told_leaves_the_team_incomplete() {
    let vendor = tenant().on("GET /teams/7/members", list("members", json!([{ "id": 1, "role": null }]), Value::Null));
    let skipped = vendor.read_all_of("members", "7").unwrap().skipped.unwrap();
    assert!(skipped[0].subject.is_none() && !skipped[0].harmless);
}

#[test]
fn a_change_that_is_read_back_badly_is_done_all_the_same() {
    let vendor = tenant()
        .on("GET /admin/users/5", Reply::json(account(5)))
        .on("PUT /admin/users/5", Reply::json(json!({ "id": 5, "is_active": false })));
    let outcome = vendor.invoke("deactivate", json!({ "user-id": "5" })).unwrap();
    assert!(outcome.summary.starts_with("5 is inactive now; it could not be read back"), "{}", outcome.summary);
    assert!(outcome.records.users().is_empty());
}

#[test]
fn pages_are_read_until_the_next_is_null_by_number_and_never_by_url() {
    let next = |page: u32| json!(format!("https://elsewhere.example/api/v1/admin/users?page={page}"));
    let vendor = tenant()
        .on(&format!("{USER}&page=1&per_page=500"), list("admin/users", json!([account(1)]), next(2)))
        .on(&format!("{USER}&page=2"), list("admin/users", json!([account(2)]), Value::Null));
    let page = vendor.read_all("users").unwrap();
    assert_eq!((page.users().len(), page.rows, page.progress), (2, 2, Progress::Complete));
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn an_empty_page_that_names_a_next_is_not_believed() {
    let vendor = tenant()
        .on(&format!("{USER}&page=1"), list("admin/users", json!([account(1)]), "https://x/?page=2".into()))
        .on(&format!("{USER}&page=2"), list("admin/users", json!([]), "https://x/?page=3".into()));
    let failure = vendor.read_all("users").unwrap_err();
    assert_eq!(failure.code, FailureCode::UnexpectedResponse, "{failure}");
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn without_meta_a_list_goes_on_until_a_page_is_empty() {
    let vendor = tenant()
        .on("GET /teams?page=1&scope=all", Reply::json(json!({ "teams": [{ "id": 7, "name": "Ops", "groups": [] }] })))
        .on("GET /teams?page=2", Reply::json(json!({ "teams": [] })));
    let page = vendor.read_all("teams").unwrap();
    assert_eq!((page.groups()[0].id.as_str(), page.groups()[0].name.as_str()), ("7", "Ops"));
    assert_eq!(vendor.requests().len(), 2);
}

#[test]
fn a_thousand_users_take_six_requests() {
    let rows = |from: u64| Value::Array((from..from + 500).map(account).collect());
    let vendor = tenant()
        .on("GET /info", info())
        .on(&format!("{USER}&per_page=10"), list("admin/users", json!([account(1)]), "https://x/?page=2".into()))
        .on(&format!("{USER}&page=1"), list("admin/users", rows(1), "https://x/?page=2".into()))
        .on(&format!("{USER}&page=2"), list("admin/users", rows(501), Value::Null))
        .on("GET /teams", list("teams", json!([{ "id": 7, "name": "Ops" }]), Value::Null))
        .on(
            "GET /admin/roles",
            list("admin/roles", json!([{ "id": "TEAM_ADMIN", "name": "Team admin", "description": null }]), Value::Null),
        );
    vendor.check().unwrap();
    assert_eq!(vendor.read_all("users").unwrap().users().len(), 1_000);
    vendor.read_all("teams").unwrap();
    assert_eq!(vendor.read_all("roles").unwrap().roles()[0].id, "TEAM_ADMIN");
    assert_eq!(vendor.requests().len(), 6);
}

#[test]
fn deactivating_puts_one_field_and_gives_back_the_user() {
    let vendor = tenant()
        .on("GET /admin/users/5", Reply::json(account(5)))
        .on("PUT /admin/users/5", Reply::json(with(5, json!({ "is_active": false }))));
    let outcome = vendor.invoke("deactivate", json!({ "user-id": "5" })).unwrap();
    assert_eq!(outcome.summary, "u5@example.com is inactive now");
    assert_eq!(outcome.records.users()[0].status, Some(UserStatus::Inactive));
    assert_eq!(vendor.requests()[1].body, Some(json!({ "is_active": false })));
}

#[test]
fn a_user_that_is_so_already_is_not_changed() {
    let vendor = tenant().on("GET /admin/users/5", Reply::json(account(5)));
    let outcome = vendor.invoke("reactivate", json!({ "user-id": "5" })).unwrap();
    assert!(outcome.summary.contains("nothing was changed"), "{}", outcome.summary);
    assert_eq!(outcome.records.users().len(), 1);
}

#[test]
fn reactivating_a_user_that_stays_inactive_is_a_conflict() {
    let inactive = || Reply::json(with(5, json!({ "is_active": false })));
    let vendor = tenant().on("GET /admin/users/5", inactive()).on("PUT /admin/users/5", inactive());
    assert_eq!(vendor.invoke("reactivate", json!({ "user-id": "5" })).unwrap_err().code, FailureCode::Conflict);
}

#[test]
fn an_action_with_a_wrong_input_makes_no_request() {
    let vendor = tenant();
    let failure = vendor.invoke("deactivate", json!({})).unwrap_err();
    assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidInput, Some("user-id")));
    let elsewhere = vendor.invoke("deactivate", json!({ "user-id": "../teams/7" })).unwrap_err();
    assert_eq!(elsewhere.code, FailureCode::InvalidInput);
    assert_eq!(vendor.invoke("delete", json!({})).unwrap_err().code, FailureCode::Unsupported);
    assert_eq!(vendor.read("devices", None, None).unwrap_err().code, FailureCode::Unsupported);
    assert!(vendor.requests().is_empty());
}

#[test]
fn a_user_that_is_gone_is_not_found() {
    let vendor = tenant().on("GET /admin/users/5", Reply::json(json!({ "errors": [{ "message": "Gone" }] })).status(404));
    assert_eq!(vendor.invoke("deactivate", json!({ "user-id": "5" })).unwrap_err().code, FailureCode::NotFound);
}
