//! What Kandji's people and devices become, page by page, and what its refusals do.

use headcount_connector::prelude::*;
use headcount_kandji::Kandji;

fn vendor() -> TestVendor<Kandji> {
    TestVendor::new(json!({ "api-url": "acme.api.kandji.io" }))
}

fn account(id: &str, rest: Value) -> Value {
    let mut account = json!({
        "id": id, "name": "Ada Lovelace", "email": "ada@example.com", "active": true, "archived": false, "device_count": 1,
        "deprecated_user_id": "29360", "department": "Research", "job_title": "Analyst",
        "created_at": "2024-09-06T21:00:04.304248Z", "updated_at": "2024-09-07T21:00:04.304248Z",
        "integration": { "id": 5, "name": "Acme Entra", "type": "office365", "uuid": "e2c0-77" },
    });
    if let (Some(account), Some(rest)) = (account.as_object_mut(), rest.as_object()) {
        account.extend(rest.clone());
    }
    account
}

fn last(rows: Value) -> Reply {
    Reply::json(json!({ "next": null, "previous": null, "results": rows }))
}

#[test]
fn a_person_is_kept_with_the_directory_it_came_from() {
    let row = account("u-1", json!({}));
    let page = vendor().on("GET /users", last(json!([row]))).read_all("users").unwrap();
    let user = &page.users()[0];
    assert_eq!(
        (user.id.as_str(), user.user_name.as_deref(), user.email.as_deref()),
        ("u-1", Some("ada@example.com"), Some("ada@example.com"))
    );
    assert_eq!((user.display_name.as_deref(), user.external_id.as_deref()), (Some("Ada Lovelace"), Some("29360")));
    assert_eq!((user.title.as_deref(), user.department.as_deref()), (Some("Analyst"), Some("Research")));
    assert_eq!(user.created_at.as_deref(), Some("2024-09-06T21:00:04.304248Z"));
    assert_eq!(user.updated_at.as_deref(), Some("2024-09-07T21:00:04.304248Z"));
    assert_eq!((user.status, user.last_seen_at.as_deref()), (Some(UserStatus::Active), None));
    assert_eq!(serde_json::from_str::<Value>(user.attributes.as_deref().unwrap()).unwrap(), row);
    let group = &page.groups()[0];
    assert_eq!(
        (group.id.as_str(), group.name.as_str(), group.category.as_deref()),
        ("e2c0-77", "Acme Entra", Some("integration"))
    );
    assert_eq!(page.grants(), [Grant::new(Reference::user("u-1"), Reference::group("e2c0-77"))]);
    assert_eq!((page.rows, page.total), (1, None));
}

#[test]
fn only_who_is_active_and_not_archived_is_active() {
    for (active, archived, status) in [
        (true, false, UserStatus::Active),
        (true, true, UserStatus::Inactive),
        (false, false, UserStatus::Inactive),
        (false, true, UserStatus::Inactive),
    ] {
        let row = account("u-1", json!({ "active": active, "archived": archived }));
        let page = vendor().on("GET /users", last(json!([row]))).read_all("users").unwrap();
        assert_eq!(page.users()[0].status, Some(status), "active {active}, archived {archived}");
    }
}

#[test]
fn a_person_without_an_address_goes_by_its_id() {
    let rows = json!([
        account("u-1", json!({ "email": "" })),
        account("u-2", json!({ "email": null, "integration": null, "department": null, "job_title": null })),
        { "id": "u-3" },
    ]);
    let page = vendor().on("GET /users", last(rows)).read_all("users").unwrap();
    for (user, id) in page.users().iter().zip(["u-1", "u-2", "u-3"]) {
        assert_eq!((user.user_name.as_deref(), user.email.as_deref()), (Some(id), None));
    }
    assert_eq!(page.grants().len(), 1);
    assert_eq!(page.skipped, None);
}

#[test]
fn one_address_in_two_directories_is_two_accounts() {
    let other = json!({ "integration": { "id": 6, "name": "Okta", "type": "scim", "uuid": "" } });
    let page =
        vendor().on("GET /users", last(json!([account("u-1", json!({})), account("u-2", other)]))).read_all("users").unwrap();
    assert_eq!(page.users().len(), 2);
    assert_eq!(page.groups().iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), ["e2c0-77", "6"]);
}

#[test]
fn the_next_page_is_asked_of_this_host_whatever_host_it_names() {
    let next = "https://accuhive.kandji.io/api/v1/users?cursor=cD0yOTE0Mw%3D%3D";
    let first = Reply::json(json!({ "next": next, "previous": null, "results": [account("u-1", json!({}))] }));
    let vendor = vendor().on("GET /users?cursor=cD0yOTE0Mw==", last(json!([account("u-2", json!({}))]))).on("GET /users", first);
    let page = vendor.read_all("users").unwrap();
    assert_eq!((page.users().len(), page.rows), (2, 2));
    assert_eq!(
        vendor.requests().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["GET /users", "GET /users?cursor=cD0yOTE0Mw=="]
    );
}

#[test]
fn a_person_who_cant_be_read_is_passed_over_by_its_id() {
    let page = vendor()
        .on("GET /users", last(json!([account("u-1", json!({ "active": "perhaps" })), account("u-2", json!({}))])))
        .read_all("users")
        .unwrap();
    assert_eq!(page.users().len(), 1);
    assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::user("u-1")));
}

#[test]
fn devices_are_held_by_whoever_has_them() {
    let rows = json!([
        { "device_id": "d-1", "device_name": "Ada's Mac", "last_check_in": "2026-01-18T21:46:26.879113Z", "platform": "Mac",
          "user": { "id": "u-1", "email": "ada@example.com", "name": "Ada", "is_archived": false } },
        { "device_id": "d-2", "device_name": "", "serial_number": "C02", "last_check_in": "", "user": "" },
        { "device_id": "d-3", "device_name": null, "user": { "id": 29360, "email": "grace@example.com" } },
        { "device_id": "d-4", "device_name": "Spare", "user": null },
    ]);
    let page = vendor().on("GET /devices?limit=300&offset=0", Reply::json(rows)).read_all("devices").unwrap();
    assert_eq!(page.assets().iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>(), ["Ada's Mac", "C02", "d-3", "Spare"]);
    assert!(page.assets().iter().all(|asset| asset.category == "device"));
    assert_eq!(page.assets()[0].last_used_at.as_deref(), Some("2026-01-18T21:46:26.879113Z"));
    assert_eq!(
        page.grants(),
        [
            Grant::new(Reference::user("u-1"), Reference::asset("d-1")),
            Grant::new(Reference::user("29360"), Reference::asset("d-3")),
        ]
    );
}

#[test]
fn a_device_whose_holder_cant_be_read_is_not_taken_for_nobodys() {
    let person = json!({ "email": "ada@example.com", "name": "Ada" });
    let unread = [
        json!({}),
        person.clone(),
        json!([person]),
        json!("u-1"),
        json!(7),
        json!(false),
        json!({ "id": null }),
        json!({ "id": "" }),
    ];
    let mut rows: Vec<Value> = unread.iter().map(|user| json!({ "device_id": "d-1", "user": user })).collect();
    rows.push(json!({ "device_id": "d-1" }));
    for row in rows {
        let reply = Reply::json(json!([row, { "device_id": "d-2", "user": "" }]));
        let page = vendor().on("GET /devices", reply).read_all("devices").unwrap();
        assert_eq!(page.assets().iter().map(|asset| asset.id.as_str()).collect::<Vec<_>>(), ["d-2"], "{row}");
        assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::asset("d-1")), "{row}");
    }
}

#[test]
fn a_person_whose_directory_cant_be_read_is_not_taken_for_one_of_none() {
    for integration in [
        json!({ "name": "Acme Entra", "type": "office365" }),
        json!({ "uuid": "", "name": "Acme Entra" }),
        json!({ "uuid": null, "id": 5 }),
        json!({ "uuid": 7, "id": 5 }),
        json!("Acme Entra"),
        json!([]),
    ] {
        let row = account("u-1", json!({ "integration": integration }));
        let page = vendor().on("GET /users", last(json!([row, account("u-2", json!({}))]))).read_all("users").unwrap();
        assert_eq!((page.users().len(), page.groups()[0].id.as_str()), (1, "e2c0-77"), "{integration}");
        assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::user("u-1")), "{integration}");
    }
}

#[test]
fn devices_end_with_a_short_page_or_with_their_stated_number_and_never_by_the_link_header() {
    let rows = |from: usize, count: usize| {
        json!((from..from + count).map(|n| json!({ "device_id": format!("d-{n}"), "user": "" })).collect::<Vec<_>>())
    };
    let none = r#"<None>; rel="next""#;
    let short = vendor()
        .on("GET /devices?offset=0", Reply::json(rows(0, 300)).header("link", none))
        .on("GET /devices?offset=300", Reply::json(rows(300, 20)).header("link", none));
    let page = short.read_all("devices").unwrap();
    assert_eq!((page.assets().len(), page.total, short.requests().len()), (320, None, 2));
    let stated = vendor().on("GET /devices?offset=0", Reply::json(rows(0, 300)).header("x-total-count", 300));
    let page = stated.read_all("devices").unwrap();
    assert_eq!((page.assets().len(), page.total, stated.requests().len()), (300, Some(300), 1));
}

#[test]
fn the_check_takes_two_requests_and_tells_whether_devices_can_be_read() {
    let html = || Reply::text("text/html", "<p>Forbidden</p>");
    for (reply, access) in [
        (Reply::json(json!([])), Access::Readable),
        (Reply::json(json!({ "detail": "You do not have permission." })).status(403), Access::Forbidden),
        (html().status(403), Access::Forbidden),
        (
            Reply::json(json!({ "message": "no Route matched with those values", "request_id": "1f" })).status(404),
            Access::NotOffered,
        ),
    ] {
        let vendor = vendor().on("GET /users", last(json!([]))).on("GET /devices?limit=1", reply);
        let scope = vendor.check().unwrap();
        assert_eq!(scope.organization, "acme.api.kandji.io");
        let feeds: Vec<_> = scope.feeds.iter().flatten().map(|feed| (feed.feed.as_str(), feed.access)).collect();
        assert_eq!(feeds, [("users", Access::Readable), ("devices", access)]);
        assert_eq!(vendor.requests().len(), 2);
    }
}

#[test]
fn a_token_that_may_not_list_people_is_refused_at_once() {
    for (status, code) in [(401, FailureCode::Unauthenticated), (403, FailureCode::Forbidden)] {
        let vendor = vendor().on("GET /users", Reply::json(json!({ "error": "Unauthorized" })).status(status));
        assert_eq!(vendor.check().unwrap_err().code, code);
        assert_eq!(vendor.requests().len(), 1);
    }
}

#[test]
fn each_of_kandjis_five_error_bodies_is_read_and_none_is_needed() {
    for (body, words) in [
        (json!({ "error": "Unauthorized" }), "Unauthorized"),
        (json!({ "detail": "Token expired." }), "Token expired."),
        (json!({ "cursor": ["is not valid"] }), "is not valid"),
        (json!(["Only this"]), "Only this"),
        (json!("Just text"), "Just text"),
        (json!({ "message": "no Route matched", "request_id": "1f" }), "no Route matched"),
    ] {
        let failure = vendor().on("GET /users", Reply::json(body).status(401)).read_all("users").unwrap_err();
        assert_eq!(failure.code, FailureCode::Unauthenticated);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let failure = vendor().on("GET /users", Reply::text("text/plain", "").status(401)).read_all("users").unwrap_err();
    assert_eq!(failure.code, FailureCode::Unauthenticated);
}

#[test]
fn answers_that_are_no_list_become_failures_and_never_an_empty_list() {
    for (reply, code) in [
        (Reply::json(json!({})).status(429), FailureCode::RateLimited),
        (Reply::text("text/html", "<h1>Oops</h1>").status(500), FailureCode::Unavailable),
        (Reply::json(json!({ "detail": "maintenance" })).status(503).header("retry-after", 5), FailureCode::Unavailable),
        (Reply::text("text/html", "<h1>Sign in</h1>"), FailureCode::UnexpectedResponse),
        (Reply::text("application/json", r#"{"next":null,"results":[{"id""#), FailureCode::UnexpectedResponse),
        (Reply::json(json!({ "next": null, "results": null })), FailureCode::UnexpectedResponse),
        (
            Reply::json(json!({ "next": "https://acme.api.kandji.io/api/v1/users", "results": [] })),
            FailureCode::UnexpectedResponse,
        ),
    ] {
        let failure = vendor().on("GET /users", reply.clone()).read_all("users").unwrap_err();
        assert_eq!(failure.code, code, "{reply:?}");
    }
}

#[test]
fn there_is_nothing_else_to_read_and_nothing_to_change() {
    assert_eq!(vendor().read("tags", None, None).unwrap_err().code, FailureCode::Unsupported);
    assert_eq!(vendor().invoke("deactivate", json!({})).unwrap_err().code, FailureCode::Unsupported);
}
