//! What a manifest newly asks for: permission that creeps in is named line by line, and what is taken back is not.

use headcount_model::Manifest;
use headcount_model::manifest::News;

const ACCEPTED: &str = r#"id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://{region}.acme.example/api"
hosts = ["https://files.acme.example/export"]
vendor = { name = "Acme" }
auth = [{ type = "bearer", secret = "key" }]
read-requests = ["POST /search"]
never-kept = ["password", "ssn"]
rate = { per-second = 10 }

[setup]
permissions = ["users:read"]

[[config]]
name = "region"
label = "Region"
type = "choice"
choices = [{ value = "eu", label = "Europe" }]

[[config]]
name = "key"
label = "API key"
type = "secret"

[[feeds]]
name = "users"
proves = ["user"]
repeats = ["role"]

[[actions]]
name = "suspend"
label = "Suspend"
destructive = true
input = { type = "object" }
requests = ["POST /suspend"]
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::from_toml(text).unwrap()
}

/// What the accepted manifest asks for anew once this stands in it instead.
fn news(before: &str, now: &str) -> Vec<String> {
    assert!(ACCEPTED.contains(before), "{before}");
    let asks = manifest(&ACCEPTED.replacen(before, now, 1)).asks_beyond(&manifest(ACCEPTED));
    asks.news.iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_manifest_asks_for_nothing_new() {
    assert!(manifest(ACCEPTED).asks_beyond(&manifest(ACCEPTED)).is_nothing());
    assert!(news("1.0.0", "2.0.0").is_empty(), "a new version by itself is none");
    assert!(news("label = \"API key\"", "label = \"Your key\"").is_empty(), "nor is another wording");
}

#[test]
fn each_thing_that_creeps_in_is_one_line() {
    for (before, now, said) in [
        ("id = \"acme\"", "id = \"acne\"", "another connector: acne"),
        ("name = \"Acme\"\nversion", "name = \"Acrne\"\nversion", "calls itself Acrne, not Acme"),
        ("vendor = { name = \"Acme\" }", "vendor = { name = \"Evil\" }", "its vendor Evil"),
        ("acme.example/api", "acme.example", "its requests go to https://{region}.acme.example, not"),
        ("hosts = [", "hosts = [\"https://evil.example\", ", "may reach https://evil.example"),
        ("files.acme.example/export", "files.acme.example", "may reach https://files.acme.example"),
        ("choices = [", "choices = [{ value = \"evil\", label = \"Evil\" }, ", "evil in region"),
        ("[[feeds]]", "[[config]]\nname = \"card\"\nlabel = \"Card\"\n\n[[feeds]]", "the setting card"),
        ("type = \"bearer\"", "type = \"query\", name = \"k\"", "key goes into the query parameter k"),
        ("[\"POST /search\"]", "[\"POST /search\", \"DELETE /users\"]", "while reading it may send DELETE /users"),
        ("[\"POST /suspend\"]", "[\"POST /suspend\", \"DELETE /users\"]", "to suspend it may send DELETE /users"),
        ("destructive = true", "destructive = false", "suspend counts as milder"),
        ("[\"users:read\"]", "[\"users:read\", \"users:write\"]", "permission users:write"),
        ("per-second = 10", "per-second = 50", "requests a second: 50, not 10"),
        ("rate = { per-second = 10 }", "rate = {}", "without a bound of its own, not 10"),
        ("repeats = [\"role\"]", "repeats = [\"role\"]\nyields = [\"asset\"]", "records of the kind asset"),
        ("repeats = [\"role\"]", "yields = [\"role\"]", "each record of the kind role once"),
        ("proves = [\"user\"]", "yields = [\"user\"]", "user are no longer removed"),
        ("proves = [\"user\"]", "proves = [\"user\", \"role\"]", "role that the list users lacks are removed"),
        ("proves = [\"user\"]", "proves = [\"user\"]\nrequired = false", "good without the list users"),
        ("[\"password\", \"ssn\"]", "[\"password\"]", "field ssn is kept"),
    ] {
        let news = news(before, now);
        assert_eq!(news.len(), 1, "{now}: {news:?}");
        assert!(news[0].contains(said), "{now}: {news:?}");
    }
}

#[test]
fn what_comes_with_something_new_is_told_with_it() {
    let action =
        "\n[[actions]]\nname = \"purge\"\nlabel = \"Purge\"\ninput = { type = \"object\" }\nrequests = [\"DELETE /all\"]\n";
    let asks = manifest(&format!("{ACCEPTED}{action}")).asks_beyond(&manifest(ACCEPTED));
    let request = News::ActionRequest { action: "purge".to_owned(), request: "DELETE /all".parse().unwrap() };
    assert_eq!(asks.news, [News::Action("purge".to_owned()), request]);
    let feed = "\n[[feeds]]\nname = \"secrets\"\nproves = [\"asset\"]\n";
    let asks = manifest(&format!("{ACCEPTED}{feed}")).asks_beyond(&manifest(ACCEPTED));
    assert_eq!(asks.news, [News::Feed("secrets".to_owned())]);
    let fewer = manifest(ACCEPTED).asks_beyond(&manifest(&format!("{ACCEPTED}{feed}")));
    assert!(fewer.news.contains(&News::Dropped("secrets".to_owned())), "{fewer}");
}

#[test]
fn tokens_for_more_or_from_elsewhere_are_told_and_the_secrets_entered_again() {
    let oauth = |url: &str, scopes: &str| {
        let auth = format!(
            "auth = [{{ type = \"oauth-client-credentials\", client-id = \"region\", secret = \"key\", token-url = \"{url}\", scopes = [{scopes}] }}]"
        );
        manifest(&ACCEPTED.replacen("auth = [{ type = \"bearer\", secret = \"key\" }]", &auth, 1))
    };
    let accepted = oauth("https://login.acme.example/token", "\"read\"");
    let more = oauth("https://login.acme.example/token", "\"read\", \"write\"").asks_beyond(&accepted);
    assert!(more.to_string().contains("tokens at https://login.acme.example/token for read write"), "{more}");
    assert_eq!((more.news.len(), more.enter_again), (1, vec!["key".to_owned()]));
    let elsewhere = oauth("https://login.evil.example/token", "\"read\"").asks_beyond(&accepted);
    assert!(elsewhere.to_string().contains("tokens at https://login.evil.example/token"), "{elsewhere}");
    assert_eq!(elsewhere.enter_again, ["key"]);
}

#[test]
fn what_is_taken_back_is_not_told() {
    for (before, now) in [
        ("hosts = [\"https://files.acme.example/export\"]", ""),
        ("read-requests = [\"POST /search\"]", ""),
        ("never-kept = [", "never-kept = [\"phone\", "),
        ("per-second = 10", "per-second = 5"),
        ("requests = [\"POST /suspend\"]", ""),
        ("permissions = [\"users:read\"]", ""),
    ] {
        assert_eq!(news(before, now), Vec::<String>::new(), "{before}");
    }
}

#[test]
fn credentials_that_would_go_elsewhere_have_to_be_entered_again() {
    let again = |before: &str, now: &str| {
        assert!(ACCEPTED.contains(before));
        manifest(&ACCEPTED.replacen(before, now, 1)).asks_beyond(&manifest(ACCEPTED)).enter_again
    };
    for (before, now) in [
        ("acme.example/api", "acme.test/api"),
        ("hosts = [", "hosts = [\"https://evil.example\", "),
        ("hosts = [\"https://files.acme.example/export\"]", ""),
        ("type = \"bearer\"", "type = \"query\", name = \"k\""),
    ] {
        assert_eq!(again(before, now), ["key"], "{now}");
    }
    assert!(again("per-second = 10", "per-second = 50").is_empty());
    let secret = "[[config]]\nname = \"other\"\nlabel = \"Other\"\ntype = \"secret\"\n\n[[feeds]]";
    let placed = ACCEPTED.replacen("[[feeds]]", secret, 1).replacen(
        "auth = [",
        "auth = [{ type = \"header\", name = \"X-Other\", secret = \"other\" }, ",
        1,
    );
    let asks = manifest(&placed).asks_beyond(&manifest(ACCEPTED));
    assert_eq!(asks.news[0], News::Secret("other".to_owned()));
    assert!(asks.news[1].to_string().contains("the header X-Other") && asks.enter_again.is_empty());
}

#[test]
fn hostile_text_in_a_line_is_escaped() {
    let news = news("vendor = { name = \"Acme\" }", "vendor = { name = \"Ac\\u001b[2J\\u202eme\" }");
    assert!(!news[0].contains('\u{1b}') && !news[0].contains('\u{202e}'), "{news:?}");
}
