//! Reading what connectors give: leniently where a vendor fills in anything, strictly where the host would suffer.

use headcount_model::{Kind, Reference};

use super::*;
use crate::budget::Budget;

fn user(id: &str) -> wit::User {
    wit::User {
        id: id.to_owned(),
        status: None,
        account_type: None,
        user_name: None,
        email: None,
        aliases: None,
        display_name: None,
        given_name: None,
        family_name: None,
        external_id: None,
        employee_number: None,
        manager_id: None,
        title: None,
        department: None,
        administrator: None,
        mfa: None,
        created_at: None,
        updated_at: None,
        last_seen_at: None,
        attributes: None,
    }
}

fn records(users: Vec<wit::User>) -> wit::Records {
    wit::Records { users: Some(users), groups: None, roles: None, applications: None, licenses: None, assets: None, grants: None }
}

fn of(users: Vec<wit::User>) -> wit::Page {
    wit::Page { records: records(users), skipped: None, rows: 1, total: None, progress: wit::Progress::Complete }
}

fn read(page_of: Vec<wit::User>) -> Page {
    page(of(page_of), &Meter::new(Budget::default())).unwrap()
}

#[test]
fn empty_text_and_empty_items_mean_none() {
    let some = |text: &str| Some(text.to_owned());
    let page = read(vec![wit::User {
        email: some(""),
        title: some("CEO"),
        created_at: some(""),
        attributes: some(""),
        aliases: Some(vec![String::new(), "a".to_owned()]),
        ..user("1")
    }]);
    let user = &page.records.users[0];
    assert_eq!((user.email.as_deref(), user.title.as_deref()), (None, Some("CEO")));
    assert_eq!((user.created_at, user.attributes.as_deref()), (None, None));
    assert_eq!(user.aliases, ["a"]);
    assert!(page.unreadable.is_empty());
}

#[test]
fn a_time_that_cannot_be_read_is_noted_and_its_record_kept() {
    let page = read(vec![
        wit::User { last_seen_at: Some("2024-02-29".to_owned()), ..user("1") },
        wit::User { last_seen_at: Some("soon\u{1b}[31m".to_owned()), ..user("2") },
    ]);
    assert_eq!(page.records.users[0].last_seen_at.unwrap().to_string(), "2024-02-29T00:00:00Z");
    assert_eq!(page.records.users[1].last_seen_at, None);
    assert_eq!(page.unreadable.len(), 1);
    assert!(page.unreadable[0].starts_with("last-seen-at of user:2"), "{:?}", page.unreadable);
    assert!(!page.unreadable[0].contains('\u{1b}'));
}

#[test]
fn attributes_are_the_json_text_of_an_object_or_dropped() {
    for (given, kept) in [
        (r#"{"id": 9007199254740993}"#, true),
        (" {} ", true),
        ("[1]", false),
        ("{", false),
        ("null", false),
        ("{} {}", false),
        ("nonsense", false),
    ] {
        let page = read(vec![wit::User { attributes: Some(given.to_owned()), ..user("1") }]);
        assert_eq!(page.records.users[0].attributes.as_deref(), kept.then_some(given), "{given}");
        assert_eq!(page.unreadable.is_empty(), kept, "{given}");
    }
    let brackets = format!(r#"{{"a": "{}\"{}"}}"#, "[".repeat(1_000), "{".repeat(1_000));
    assert!(read(vec![wit::User { attributes: Some(brackets), ..user("1") }]).unreadable.is_empty());
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(vec![wit::User { attributes: Some(deep), ..user("1") }]).records.users[0].attributes, None);
}

#[test]
fn notes_are_bounded() {
    let users = (0..5_000).map(|at| wit::User { created_at: Some("soon".to_owned()), ..user(&at.to_string()) });
    let page = read(users.collect());
    assert_eq!(page.unreadable.len(), 101);
    assert_eq!(page.unreadable[100], "and more");
    let long = wit::User { created_at: Some("soon".repeat(10_000)), ..user(&"1".repeat(10_000)) };
    assert!(read(vec![long]).unreadable[0].len() <= MAX_TEXT + '…'.len_utf8());
}

#[test]
fn ids_are_kept_as_they_came() {
    let page = read(vec![user(""), user(" 1 "), user("1"), user("1")]);
    let ids: Vec<&str> = page.records.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["", " 1 ", "1", "1"]);
}

#[test]
fn a_page_may_carry_as_many_records_as_its_budget_allows() {
    let budget = Budget { page_records: 10, ..Budget::default() };
    let users = |count: usize| (0..count).map(|at| user(&at.to_string())).collect();
    assert!(page(of(users(10)), &Meter::new(budget.clone())).is_ok());
    let meter = Meter::new(budget);
    let Err(CallError::Excess(excess)) = page(of(users(11)), &meter) else { panic!("it was taken") };
    assert_eq!((excess.resource, excess.limit), (Resource::PageRecords, 10));
    assert_eq!(meter.excess(), Some(excess), "it is latched");
}

#[test]
fn a_session_may_give_as_many_records_as_its_budget_allows() {
    let meter = Meter::new(Budget { records: 3, ..Budget::default() });
    assert!(page(of(vec![user("1"), user("2")]), &meter).is_ok());
    let Err(CallError::Excess(excess)) = page(of(vec![user("3"), user("4")]), &meter) else { panic!("it was taken") };
    assert_eq!(excess.resource, Resource::Records);
}

#[test]
fn a_skipped_row_counts_as_a_record() {
    let skipped = |id: &str| {
        let subject = Some(wit::Reference { kind: wit::Kind::User, id: id.to_owned() });
        wit::Skipped { subject, harmless: false, reason: "no name".to_owned() }
    };
    let page_of = |ids: &[&str]| wit::Page { skipped: Some(ids.iter().copied().map(skipped).collect()), ..of(vec![user("1")]) };
    let meter = Meter::new(Budget { records: 4, page_records: 3, ..Budget::default() });
    assert!(page(page_of(&["2", "3"]), &meter).is_ok());
    let Err(CallError::Excess(excess)) = page(page_of(&["4"]), &meter) else { panic!("it was taken") };
    assert_eq!(excess.resource, Resource::Records);
    let meter = Meter::new(Budget { page_records: 3, ..Budget::default() });
    let Err(CallError::Excess(excess)) = page(page_of(&["2", "3", "4"]), &meter) else { panic!("it was taken") };
    assert_eq!(excess.resource, Resource::PageRecords);
}

#[test]
fn a_record_may_be_as_long_as_its_budget_allows() {
    let budget = Budget { record_bytes: 100, ..Budget::default() };
    let long = |bytes: usize| vec![wit::User { title: Some("x".repeat(bytes - 1)), ..user("1") }];
    assert!(page(of(long(100)), &Meter::new(budget.clone())).is_ok());
    let Err(CallError::Excess(excess)) = page(of(long(101)), &Meter::new(budget)) else { panic!("it was taken") };
    assert_eq!(excess.resource, Resource::RecordBytes);
}

#[test]
fn a_session_may_give_as_many_bytes_to_store_as_its_budget_allows() {
    let meter = Meter::new(Budget { stored_bytes: 100, ..Budget::default() });
    let long = |bytes: usize| of(vec![wit::User { title: Some("x".repeat(bytes - 1)), ..user("1") }]);
    let cursor = |bytes: usize| wit::Page { progress: wit::Progress::More("c".repeat(bytes)), ..of(Vec::new()) };
    assert!(page(long(60), &meter).is_ok());
    assert!(page(cursor(40), &meter).is_ok());
    assert_eq!(meter.usage().stored_bytes, 100);
    let Err(CallError::Excess(excess)) = page(cursor(1), &meter) else { panic!("it was taken") };
    assert_eq!((excess.resource, excess.limit), (Resource::StoredBytes, 100));
    assert_eq!(meter.excess(), Some(excess), "it is latched");
}

#[test]
fn a_scope_is_bounded() {
    let scope_of = |facts: Vec<wit::Fact>| wit::Scope {
        organization: "acme".to_owned(),
        label: "x".repeat(10_000),
        facts: Some(facts),
        feeds: None,
        expires_at: None,
    };
    let meter = Meter::new(Budget::default());
    let fact = |values: usize| wit::Fact { name: "teams".to_owned(), values: vec!["1".to_owned(); values] };
    let good = scope(scope_of(vec![fact(100)]), &meter).unwrap();
    assert!(good.label.len() <= MAX_TEXT + '…'.len_utf8());
    assert!(matches!(scope(scope_of(vec![fact(MAX_SCOPE_ITEMS)]), &meter), Err(CallError::Contract(_))));
    let long = wit::Fact { name: "x".repeat(MAX_SCOPE_TEXT + 1), values: Vec::new() };
    assert!(matches!(scope(scope_of(vec![long]), &meter), Err(CallError::Contract(_))));
}

#[test]
fn an_actions_output_is_json_or_breaks_the_contract() {
    let of = |output: &str| wit::Outcome {
        summary: "done".to_owned(),
        records: records(Vec::new()),
        gone: Some(vec![wit::Reference { kind: wit::Kind::License, id: "7".to_owned() }]),
        gone_grants: None,
        output: Some(output.to_owned()),
    };
    let meter = Meter::new(Budget::default());
    let good = outcome(of("[1]"), &meter).unwrap();
    assert_eq!((good.output.as_deref(), good.gone), (Some("[1]"), vec![Reference::new(Kind::License, "7")]));
    assert_eq!(outcome(of(""), &meter).unwrap().output, None);
    assert!(matches!(outcome(of("nonsense"), &meter), Err(CallError::Contract(_))));
}

#[test]
fn long_messages_are_cut_between_characters() {
    let failure = failure(wit::Failure {
        code: wit::FailureCode::RateLimited,
        message: "é".repeat(10_000),
        field: Some(String::new()),
        vendor_code: None,
        http_status: Some(429),
        retry_after: Some(7),
    });
    assert!(failure.message.len() <= MAX_TEXT + '…'.len_utf8());
    assert_eq!((failure.field, failure.retry_after), (None, Some(7)));
    assert!(failure.code.is_retryable());
}
