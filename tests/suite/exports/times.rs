//! Times in JSON are text that people and programs read: nowhere a count of microseconds.

use headcount_tests::Lab;
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::Value;
use tempfile::TempDir;

use super::values::full;
use super::{headcount, lines};

/// From here on a number is taken for a time: microseconds since some day in 2001.
const MICROSECONDS: f64 = 1e15;

/// Where a value has such numbers.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number.abs() >= MICROSECONDS) => {
            found.push(format!("{path}: {number}"));
        }
        Value::Array(list) => list.iter().for_each(|value| numbers(value, path, found)),
        // A vendor's own fields are as the vendor has them.
        Value::Object(object) => {
            let ours = object.iter().filter(|(name, _)| *name != "attributes");
            ours.for_each(|(name, value)| numbers(value, &format!("{path} {name}"), found));
        }
        _ => {}
    }
}

/// A laboratory whose sessions also met an error, and whose connections may do something.
async fn eventful() -> Lab {
    let lab = full().await;
    headcount(&lab, &["action", "permit", "jetbrains", "revoke-license", "--as", "ana"]);
    lab.servers.faults(Vendor::JetBrains).set(Rule::always("/api/v1/customer/licenses", Fault::HtmlOk));
    let report = lab.sync(&"jetbrains".parse().unwrap()).await.unwrap();
    let shown = headcount(&lab, &["--json", "sessions", "show", &report.session.to_string()]);
    assert!(!lines(&shown.stdout)[0]["errors"].as_array().unwrap().is_empty());
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_and_no_export_tells_a_time_in_microseconds() {
    let lab = eventful().await;
    let session = lines(&headcount(&lab, &["--json", "sessions", "--limit", "1"]).stdout)[0]["id"].as_str().unwrap().to_owned();
    let account = lab.servers.truth(Vendor::JetBrains).users[0].id.clone();
    let mut found = Vec::new();
    for command in [
        "connector list",
        "connection list",
        "connection preferences kandji",
        "credential list",
        "shared list",
        "sessions",
        "sessions show SESSION",
        "sessions diff 1 --all",
        "sessions held --all",
        "schedule show",
        "notices list",
        "notices channel list",
        "notices deliveries",
        "users --all",
        "groups --all",
        "roles --all",
        "apps --all",
        "licenses --all",
        "licenses --by-product --all",
        "assets --all",
        "grants --all",
        "people --all",
        "people conflicts",
        "people unlinked --all",
        "people show ACCOUNT",
        "access ACCOUNT",
        "admins --all",
        "catalogue list",
        "action jetbrains",
        "action history",
        "action show 1",
        "action answers jetbrains",
        "action permit jetbrains revoke-license",
        "budget show",
        "filter list kandji",
        "mapping show jetbrains",
        "changes --after 0",
        "audit --all",
    ] {
        let word = |word| match word {
            "ACCOUNT" => account.as_str(),
            "SESSION" => session.as_str(),
            word => word,
        };
        let arguments: Vec<&str> = command.split(' ').map(word).chain(["--json"]).collect();
        for line in lines(&headcount(&lab, &arguments).stdout) {
            numbers(&line, command, &mut found);
        }
    }
    let folder = TempDir::new().unwrap();
    headcount(&lab, &["export", "all", "--gone", "--output", folder.path().to_str().unwrap()]);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        if file.path().extension().is_some_and(|extension| extension == "jsonl") {
            let name = format!("export {}", file.file_name().display());
            lines(&std::fs::read(file.path()).unwrap()).iter().for_each(|line| numbers(line, &name, &mut found));
        }
    }
    found.sort();
    found.dedup_by_key(|line| line.split(": ").next().map(str::to_owned));
    assert_eq!(found, [""; 0]);
}
