//! Mappings: what they make of accounts.

use headcount_model::mapping::Mapping;
use headcount_model::{AccountInputs, Grant, Kind, License, MappedAccount, Reference, Role, Timestamp, User};
use serde_json::{Value, json};

use crate::record::Tracking;
use crate::{CompiledMapping, MappingError, standard};

fn mapping(rules: Value) -> Mapping {
    serde_json::from_value(json!({ "rules": rules })).unwrap()
}

fn ana() -> AccountInputs {
    let held = |id: &str, product: &str, at: i64| {
        let grant = Grant::new(Reference::new(Kind::User, "1"), Reference::new(Kind::License, id));
        let license = License { id: id.into(), product_name: product.into(), trial: Some(at > 5), ..License::default() };
        (license, Grant { assigned_at: Some(Timestamp::from_micros(at)), ..grant })
    };
    let user = User { id: "1".into(), email: Some(" Ana@Example.com ".into()), title: Some("Chief".into()), ..User::default() };
    let licenses = vec![held("b", "Rider", 9), held("a", "IntelliJ", 1)];
    let answers = [("licenses-of-user".to_owned(), r#"{"licenses": [{"product-name": "GoLand"}]}"#.to_owned())].into();
    AccountInputs { user, licenses, answers, ..AccountInputs::default() }
}

fn made(rules: Value, inputs: &AccountInputs, before: Option<MappedAccount>) -> MappedAccount {
    let compiled = CompiledMapping::new(&mapping(rules)).unwrap();
    let tracking = Tracking { organization: Some("1234567".into()), ..Tracking::default() };
    let (variables, _) = compiled.read(inputs, &tracking);
    compiled.map(&[(variables, before)]).unwrap().remove(0)
}

fn key() -> Value {
    json!({ "field": "email", "value": "user.email", "key": true })
}

#[test]
fn fields_come_from_the_account_its_licenses_answers_and_connection() {
    let license =
        |field: &str, value: &str, pick: &str| json!({ "field": field, "value": value, "rows": "license", "pick": pick });
    let rules = json!([
        key(),
        { "field": "title", "value": "user.title", "target": "person" },
        license("first-product", "license.product_name", "first"),
        license("last-product", "license.product_name", "latest"),
        license("products", "license.product_name", "all"),
        license("on-trial", "license.trial", "any"),
        license("only-trials", "license.trial", "all"),
        { "field": "answered", "value": "answers['licenses-of-user'].licenses.map(l, l['product-name'])" },
        { "field": "company-code", "value": "tracking.organization" },
        { "field": "role", "value": "user.attributes.?role", "default": "Member" },
    ]);
    let account = made(rules, &ana(), None);
    assert_eq!(account.sync_key.as_deref(), Some("ana@example.com"));
    assert_eq!(account.person_fields["title"], "Chief");
    for (field, value) in [
        ("email", json!(" Ana@Example.com ")),
        ("first-product", json!("IntelliJ")),
        ("last-product", json!("Rider")),
        ("products", json!(["IntelliJ", "Rider"])),
        ("on-trial", json!(true)),
        ("only-trials", json!(false)),
        ("answered", json!(["GoLand"])),
        ("company-code", json!("1234567")),
        ("role", json!("Member")),
        // The two that every account has.
        ("saas-role", json!("User")),
    ] {
        assert_eq!(account.fields[field], value, "{field}");
    }
    assert!(account.failures.is_empty(), "{:?}", account.failures);
}

#[test]
fn an_expression_that_fails_leaves_the_field_as_it_was() {
    let rules = json!([
        { "field": "email", "value": "user.attributes.mail", "key": true },
        { "field": "city", "value": "user.attributes.city", "default": "nowhere" },
        { "field": "seats", "value": "license.attributes.seats", "rows": "license", "pick": "all" },
    ]);
    let before = MappedAccount {
        sync_key: Some("old@example.com".into()),
        fields: [("city".to_owned(), json!("Rome")), ("gone".to_owned(), json!(1))].into_iter().collect(),
        ..MappedAccount::default()
    };
    let account = made(rules.clone(), &ana(), Some(before));
    assert_eq!((account.sync_key.as_deref(), &account.fields["city"]), (Some("old@example.com"), &json!("Rome")));
    assert_eq!(account.failures.keys().collect::<Vec<_>>(), ["city", "email", "seats"]);
    assert!(account.failures["city"].contains("column 16"), "{}", account.failures["city"]);
    // A field that no rule makes any more is gone.
    assert!(!account.fields.contains_key("gone"));
    assert_eq!(made(rules, &ana(), None).sync_key, None);
}

#[test]
fn what_is_required_and_empty_is_counted() {
    let rules = json!([{ "field": "key", "value": "user.external_id", "key": true, "required": true }]);
    let account = made(rules, &ana(), None);
    assert_eq!((account.sync_key, account.failures["key"].as_str()), (None, "it is required, and has no value"));
    let list = json!([{ "field": "key", "value": "[user.email, user.email]", "key": true }]);
    assert!(made(list, &ana(), None).failures["key"].contains("one text or number"));
}

#[test]
fn an_account_that_holds_too_much_keeps_its_fields() {
    let inputs = AccountInputs { too_many: true, ..ana() };
    let rules =
        json!([key(), { "field": "n", "value": "size(licenses)" }, { "field": "p", "value": "license.id", "rows": "license" }]);
    let account = made(rules, &inputs, None);
    assert!(account.failures["n"].contains("holds more"), "{:?}", account.failures);
    assert!(account.failures.contains_key("p") && account.sync_key.is_some());
}

#[test]
fn the_usual_mapping_fits_every_account() {
    let compiled = CompiledMapping::new(&standard::usual()).unwrap();
    let roles = ["Viewer", "Admin", "Viewer"].map(|name| {
        let grant = Grant::new(Reference::new(Kind::User, "1"), Reference::new(Kind::Role, name));
        (Role { name: name.into(), ..Role::default() }, grant)
    });
    let with = AccountInputs { roles: roles.into(), ..ana() };
    let admin = AccountInputs { user: User { administrator: Some(true), ..User::default() }, ..AccountInputs::default() };
    let read = |inputs: &AccountInputs| (compiled.read(inputs, &Tracking::default()).0, None);
    let made = compiled.map(&[read(&with), read(&admin), read(&AccountInputs::default())]).unwrap();
    let roles: Vec<&Value> = made.iter().map(|account| &account.fields["saas-role"]).collect();
    assert_eq!(roles, ["Admin, Viewer", "Administrator", "User"]);
    assert!(made.iter().all(|account| account.failures.is_empty()), "{made:?}");
}

#[test]
fn a_mapping_that_cannot_be_used_says_where() {
    let wrong = mapping(json!([key(), { "field": "x", "value": "license.id" }]));
    let Err(MappingError::Expressions(errors)) = CompiledMapping::new(&wrong) else { panic!("it was taken") };
    assert_eq!((errors.len(), errors[0].0.as_str(), errors[0].1.column), (1, "x", 1));
    assert!(matches!(CompiledMapping::new(&mapping(json!([]))), Err(MappingError::Rules(_))));
}

#[test]
fn a_persons_field_that_fails_does_not_fail_the_accounts_of_the_same_name() {
    let failing = |field: &str| json!({ "field": field, "value": "user.attributes.nothing", "target": "person" });
    let required = json!({ "field": "level", "value": "''", "required": true });
    let account = made(json!([failing("email"), key(), failing("level"), required]), &ana(), None);
    assert_eq!(account.sync_key.as_deref(), Some("ana@example.com"));
    assert_eq!(account.failures.keys().collect::<Vec<_>>(), ["email", "level"]);
    assert_eq!(account.failures["level"], "it is required, and has no value");
}

#[test]
fn the_same_inputs_have_the_same_hash() {
    let one = CompiledMapping::new(&mapping(json!([key()]))).unwrap();
    let other = CompiledMapping::new(&mapping(json!([key(), { "field": "x", "value": "1" }]))).unwrap();
    let digest = |compiled: &CompiledMapping, inputs: &AccountInputs| compiled.read(inputs, &Tracking::default()).1;
    assert_eq!(digest(&one, &ana()), digest(&one, &ana()));
    assert_ne!(digest(&one, &ana()), digest(&other, &ana()));
    assert_ne!(digest(&one, &ana()), digest(&one, &AccountInputs { user: User::default(), ..ana() }));
}

#[test]
fn a_field_that_no_account_has_is_found_in_what_is_new() {
    let none = Mapping::default();
    let bad = |value: &str, rows: &str| json!([key(), { "field": "x", "value": value, "rows": rows }]);
    for (value, rows, problem) in [
        ("user.deparment", "account", "line 1, column 5: user has no deparment; it has "),
        ("size(licenses.filter(l, l.id == user.ident)) > 0", "account", "user has no ident"),
        ("has(user.phone)", "account", "user has no phone"),
        ("license.product", "license", "license has no product"),
        ("tracking.org", "account", "tracking has no org"),
    ] {
        let rules = mapping(bad(value, rows));
        let compiled = CompiledMapping::new(&rules).unwrap();
        let error = compiled.reads_known(&none).unwrap_err().to_string();
        assert!(error.starts_with("field x: ") && error.contains(problem), "{value}: {error}");
        // What was taken before goes on as it was.
        assert_eq!(compiled.reads_known(&rules), Ok(()), "{value}");
    }
    for (value, rows) in [
        ("user.department", "account"),
        ("user.attributes.anything", "account"),
        ("user.?deparment", "account"),
        ("licenses.map(user, user.grant.role)", "account"),
        ("license.grant.assigned_at + license.product_name + tracking.synced_at", "license"),
        ("answers.whatever", "account"),
    ] {
        assert_eq!(CompiledMapping::new(&mapping(bad(value, rows))).unwrap().reads_known(&none), Ok(()), "{value}");
    }
}
