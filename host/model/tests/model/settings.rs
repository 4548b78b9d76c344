//! Settings: what an administrator fills in, pastes or forgets.

use std::collections::BTreeMap;

use headcount_model::Manifest;
use serde_json::{Value, json};

const MANIFEST: &str = r#"
id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://{host}/api"
vendor = { name = "Acme" }
auth = [{ type = "bearer", secret = "key" }]
config = [
    { name = "host", label = "API URL", type = "host", host-suffixes = [".api.acme.example", ".api.eu.acme.example"] },
    { name = "code", label = "Customer code", example = "123456" },
    { name = "limit", label = "Limit", type = "number", default = 10 },
    { name = "eu", label = "In Europe", type = "boolean", required = false },
    { name = "key", label = "Key", type = "secret" },
]
feeds = [{ name = "users", proves = ["user"] }]
"#;

fn fill(given: Value) -> Result<headcount_model::manifest::Settings, String> {
    let manifest = Manifest::from_toml(MANIFEST).unwrap();
    let given: BTreeMap<String, Value> = serde_json::from_value(given).unwrap();
    let problems = |problems: Vec<headcount_model::manifest::SettingsError>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    manifest.settings(&given, |host| host == "hr.customer.example").map_err(problems)
}

#[test]
fn a_pasted_url_is_reduced_to_its_host() {
    for pasted in [
        "one.api.acme.example",
        "https://one.api.acme.example",
        "https://ONE.api.acme.example:443/api/v1?x=1#y",
        "  one.api.acme.example/  ",
    ] {
        let settings = fill(json!({ "host": pasted, "code": 1 })).unwrap();
        assert_eq!(settings.base_url, "https://one.api.acme.example/api", "{pasted}");
        assert_eq!(settings.values["limit"], 10);
    }
}

#[test]
fn a_host_that_is_not_the_vendors_is_refused_and_the_right_one_offered() {
    let said = fill(json!({ "host": "https://one.acme.example", "code": "1" })).unwrap_err();
    assert!(said.contains("one.api.acme.example or one.api.eu.acme.example"), "{said}");
    for host in [
        "evil.example",
        "10.0.0.1",
        "[::1]",
        "localhost",
        "one.api.acme.example.evil.example",
        "user:pass@one.api.acme.example",
        "http://one.api.acme.example",
        "one.api.acme.example:8443",
        "öne.api.acme.example",
        ".api.acme.example",
        "evil.one.api.acme.example",
        "one..api.acme.example",
        "one.api.acme.example.",
        "one%2eapi.acme.example",
        "one.api.acme.example\\@evil.example",
        "evil.example/one.api.acme.example",
        "evil.example#.api.acme.example",
        "2130706433",
    ] {
        assert!(fill(json!({ "host": host, "code": "1" })).is_err(), "{host}");
    }
}

#[test]
fn a_field_inside_a_host_is_one_label_and_nothing_else() {
    let manifest = MANIFEST.replace("https://{host}/api", "https://{code}.acme.example/api").replace(
        r#"{ name = "host", label = "API URL", type = "host", host-suffixes = [".api.acme.example", ".api.eu.acme.example"] },"#,
        "",
    );
    let manifest = Manifest::from_toml(&manifest).unwrap();
    let fill = |code: &str| manifest.settings(&BTreeMap::from([("code".to_owned(), code.into())]), |_| true);
    assert_eq!(fill(" one-2 ").unwrap().base_url, "https://one-2.acme.example/api");
    let long = "x".repeat(64);
    for code in [
        "",
        " ",
        ".",
        "a.b",
        "evil.example/",
        "a/b",
        "a\\b",
        "a:1",
        "u@a",
        "u:p@evil.example",
        "a?b",
        "a#b",
        "a%2eb",
        "a_b",
        "-a",
        "a-",
        "ä",
        "ａ",
        "a\u{3002}b",
        "a b",
        "a\0b",
        "a\r\nb",
        "A",
        "{code}",
        &long,
    ] {
        assert!(fill(code).is_err(), "{code:?}");
    }
}

#[test]
fn a_host_that_the_operator_allows_is_accepted() {
    assert_eq!(fill(json!({ "host": "hr.customer.example", "code": "1" })).unwrap().base_url, "https://hr.customer.example/api");
}

#[test]
fn every_field_that_is_missing_unknown_or_malformed_is_named() {
    let said = fill(json!({ "limit": "many", "eu": "perhaps", "cod": 1 })).unwrap_err();
    for field in ["field host", "field code", "123456", "field limit", "field eu", "field cod"] {
        assert!(said.contains(field), "{field}: {said}");
    }
}

#[test]
fn a_secret_is_no_setting() {
    let said = fill(json!({ "host": "one.api.acme.example", "code": "1", "key": "hunter2hunter2" })).unwrap_err();
    assert!(said.contains("credential") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_connector_gets_its_settings_and_the_base_url_and_nothing_else() {
    let settings = fill(json!({ "host": "one.api.acme.example", "code": "1" })).unwrap();
    let seen: Value = serde_json::from_str(&settings.to_json()).unwrap();
    assert_eq!(
        seen,
        json!({ "host": "one.api.acme.example", "code": "1", "limit": 10, "base-url": "https://one.api.acme.example/api" })
    );
}

#[test]
fn labels_that_make_an_address_or_too_long_a_host_are_refused() {
    let manifest = r#"
id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://{a}.{b}.{c}.{d}"
vendor = { name = "Acme" }
config = [{ name = "a", label = "A" }, { name = "b", label = "B" }, { name = "c", label = "C" }, { name = "d", label = "D" }]
feeds = [{ name = "users", proves = ["user"] }]
"#;
    let manifest = Manifest::from_toml(manifest).unwrap();
    let fill = |values: [&str; 4]| {
        let given = ["a", "b", "c", "d"].into_iter().zip(values).map(|(name, value)| (name.to_owned(), value.into())).collect();
        manifest.settings(&given, |_| false)
    };
    assert_eq!(fill(["one", "acme", "example", "com"]).unwrap().base_url, "https://one.acme.example.com");
    let long = "x".repeat(63);
    for values in [["127", "0", "0", "1"], ["0x7f", "0", "0", "0x1"], [long.as_str(); 4]] {
        assert!(fill(values).is_err(), "{values:?}");
    }
}
