//! Manifests: a good one survives its journey, and every mistake is told with its line and field.

use headcount_model::Manifest;
use headcount_model::manifest::{MAX_BYTES, ManifestError};

const GOOD: &str = r#"id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://{domain}/api/v1"
vendor = { name = "Acme" }
auth = [{ type = "bearer", secret = "key" }]

[[config]]
name = "domain"
label = "Domain"
type = "host"
host-suffixes = [".acme.example"]

[[config]]
name = "key"
label = "API key"
type = "secret"

[[feeds]]
name = "groups"
proves = ["group"]

[[feeds]]
name = "members"
parent = "groups"
proves = ["grant"]
"#;

fn refused(text: &str) -> String {
    Manifest::from_toml(text).unwrap_err().to_string()
}

#[test]
fn a_good_manifest_travels_as_json_and_comes_back_the_same() {
    let manifest = Manifest::from_toml(GOOD).unwrap();
    assert_eq!(Manifest::from_json(manifest.to_json().as_bytes()).unwrap(), manifest);
    assert_eq!(manifest.to_json(), manifest.to_json());
}

#[test]
fn mistakes_are_told_with_line_and_field() {
    for (right, wrong, line, field) in [
        ("name = \"Acme\"\nversion", "nmae = \"Acme\"\nversion", "line 2", "nmae"),
        ("version = \"1.0.0\"", "version = 1", "line 3", "version"),
        ("parent = \"groups\"", "parent = \"grups\"", "line 25", "feeds[1].parent"),
        ("type = \"host\"", "type = \"hots\"", "line 11", "config[0].type"),
        ("{domain}", "{domian}", "line 4", "base-url"),
        ("https://{domain}", "http://{domain}", "line 4", "base-url"),
        ("secret = \"key\"", "secret = \"kay\"", "line 6", "auth[0].secret"),
        ("proves = [\"group\"]", "proves = [\"groop\"]", "line 21", "feeds[0].proves[0]"),
        ("host-suffixes = [\".acme.example\"]", "host-suffixes = [\"acme.example\"]", "line 12", "config[0].host-suffixes"),
        ("name = \"members\"", "name = \"groups\"", "line 24", "feeds[1].name"),
    ] {
        assert!(GOOD.contains(right), "{right}");
        let said = refused(&GOOD.replacen(right, wrong, 1));
        assert!(said.contains(line) && said.contains(field), "{wrong}: {said}");
    }
}

#[test]
fn a_secret_that_goes_nowhere_is_refused() {
    assert!(refused(&GOOD.replace("auth = [{ type = \"bearer\", secret = \"key\" }]", "")).contains("where the secret key goes"));
}

#[test]
fn a_client_certificate_goes_nowhere_else_and_there_is_one() {
    let with = |auth: &str| GOOD.replace("{ type = \"bearer\", secret = \"key\" }", auth);
    let certificate = "{ type = \"client-certificate\", secret = \"key\" }";
    let manifest = Manifest::from_toml(&with(certificate)).unwrap();
    assert_eq!((manifest.auth[0].secret(), manifest.auth[0].header()), ("key", None));
    let sent = refused(&with(&format!("{certificate}, {{ type = \"bearer\", secret = \"key\" }}")));
    assert!(sent.contains("auth[0].secret") && sent.contains("a private key never does"), "{sent}");
    assert!(refused(&with(&format!("{certificate}, {certificate}"))).contains("one client certificate"));
}

#[test]
fn oauth_names_its_fields_its_scopes_and_where_tokens_are_had() {
    let bearer = "{ type = \"bearer\", secret = \"key\" }";
    let with = |auth: &str| {
        let id = "\n[[config]]\nname = \"client\"\nlabel = \"Client\"\n\n[[feeds]]\nname = \"groups\"";
        GOOD.replace(bearer, auth).replacen("\n[[feeds]]\nname = \"groups\"", id, 1)
    };
    let client = r#"{ type = "oauth-client-credentials", client-id = "client", secret = "key", token-url = "https://{domain}/oauth/token", scopes = ["read:users"], audience = "api", auth = "body" }"#;
    let refresh = r#"{ type = "oauth-refresh-token", client-id = "client", secret = "key", token-url = "https://login.acme.example/token" }"#;
    for good in [client, refresh] {
        let manifest = Manifest::from_toml(&with(good)).unwrap();
        assert_eq!(Manifest::from_json(manifest.to_json().as_bytes()).unwrap(), manifest);
        assert_eq!(manifest.auth[0].header(), Some("authorization"));
        let given = [("domain".to_owned(), "one.acme.example".into()), ("client".to_owned(), "me".into())].into();
        let settings = manifest.settings(&given, |_| false).unwrap();
        assert!(manifest.token_url(&settings).unwrap().unwrap().ends_with("/token"));
    }
    for (wrong, field) in [
        (client.replace("\"client\"", "\"none\""), "client-id"),
        (client.replace("\"key\"", "\"client\""), "secret"),
        (client.replace("https://{domain}", "http://{domain}"), "https"),
        (client.replace("{domain}", "{key}"), "token-url"),
        (client.replace("{domain}", "{domain}.evil.example"), "token-url"),
        (client.replace("read:users", "read users"), "scopes"),
        (client.replace("\"api\"", "\"\""), "audience"),
        (client.replace("\"body\"", "\"query\""), "auth"),
        (refresh.replace(", token-url", ", client-secret = \"client\", token-url"), "client-secret"),
        (format!("{client}, {bearer}"), "auth"),
        (format!("{client}, {refresh}"), "auth"),
    ] {
        let said = refused(&with(&wrong));
        assert!(said.contains(field), "{wrong}: {said}");
    }
}

#[test]
fn a_schema_may_not_refer_to_the_outside() {
    let action = "\n[[actions]]\nname = \"run\"\nlabel = \"Run\"\ninput = { type = \"object\", properties = { a = { \"$ref\" = \"https://evil.example/\" } } }\n";
    assert!(refused(&format!("{GOOD}{action}")).contains("actions[0].input"));
}

#[test]
fn requests_are_methods_and_plain_paths() {
    let with = |rule: &str| format!("read-requests = [{rule:?}]\n{GOOD}");
    assert!(Manifest::from_toml(&with("POST /search/users")).is_ok());
    for rule in ["post /search", "POST search", "POST /a/../b", "POST /a//b", "CONNECT /x", "POST /a%2fb", "POST"] {
        assert!(Manifest::from_toml(&with(rule)).is_err(), "{rule}");
    }
}

#[test]
fn what_is_too_long_or_no_text_is_refused_unread() {
    let long = format!("{GOOD}# {}", "x".repeat(MAX_BYTES));
    assert!(matches!(Manifest::from_toml(&long), Err(ManifestError::TooLong(_))));
    assert_eq!(Manifest::from_json(&[0xff, 0xfe]), Err(ManifestError::NotText));
    assert!(matches!(Manifest::from_json(b"{}garbage"), Err(ManifestError::Malformed { .. })));
}

#[test]
fn lists_are_bounded() {
    let many: String = (0..100).map(|n| format!("\n[[feeds]]\nname = \"f{n}\"\nproves = [\"user\"]\n")).collect();
    assert!(refused(&format!("{GOOD}{many}")).contains("at most 64"));
}

#[test]
fn a_list_that_is_too_long_is_refused_for_that_alone() {
    let feeds: Vec<serde_json::Value> = (0..5_000).map(|_| serde_json::json!({ "name": "Bad", "parent": "none" })).collect();
    let mut manifest: serde_json::Value = serde_json::from_str(&Manifest::from_toml(GOOD).unwrap().to_json()).unwrap();
    manifest["feeds"] = feeds.into();
    let Err(ManifestError::Wrong(problems)) = Manifest::from_json(manifest.to_string().as_bytes()) else {
        panic!("a manifest of 5,000 feeds is taken");
    };
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_port_is_plain_digits_and_no_default_is_nothing() {
    for port in ["0", "+443", "0443", "65536", ""] {
        let said = refused(&GOOD.replace("{domain}/api/v1", &format!("api.acme.example:{port}/api/v1")));
        assert!(said.contains("port"), "{port}: {said}");
    }
    let number = "type = \"number\"\ndefault = nan";
    assert!(refused(&GOOD.replacen("type = \"secret\"", number, 1)).contains("default"));
}
