//! The `headcount` program, as a person uses it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use headcount_tests::{Lab, component, program, target};
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::Value;
use tempfile::TempDir;

/// Runs the program against the laboratory, with something on its standard input.
fn headcount(lab: &Lab, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program().unwrap())
        .args(lab.flags().unwrap())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The lines of JSON that a command prints; it must succeed.
fn json(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = headcount(lab, &[&["--json"], arguments].concat(), "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn the_demonstration_ends_with_four_synced_connections() {
    let folder = TempDir::new().unwrap();
    let output = Command::new(program().unwrap())
        .args(["demo", "--people", "200", "--components"])
        .arg(target().unwrap().join("connectors"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for word in ["jetbrains", "tines", "kandji", "jumpcloud", "People with access in several apps", "Administrators", "Licenses"]
    {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
    assert_eq!(said.matches("complete").count(), 4, "{said}");
    // The commands that it suggests work as they stand.
    let suggested: Vec<&str> = said.lines().map(str::trim).filter(|line| line.contains(" --data headcount-demo ")).collect();
    assert!(suggested.len() >= 4, "{said}");
    for line in suggested {
        let arguments = line.split_whitespace().skip(1);
        let output = Command::new(program().unwrap()).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_adding_a_connector_to_asking_who_has_access() {
    let lab = Lab::new(200).await.unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("jumpcloud.wasm");
    std::fs::write(&file, component("jumpcloud").unwrap()).unwrap();
    let added = headcount(&lab, &["connector", "add", file.to_str().unwrap()], "");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));

    // The secret comes on standard input, and never among the arguments.
    let arguments = ["connection", "add", "jumpcloud", "--set", "region=console.jumpcloud.com", "--secret-stdin", "api-key"];
    let added = headcount(&lab, &arguments, &lab.servers.secret(Vendor::JumpCloud));
    let said = String::from_utf8_lossy(&added.stdout).into_owned() + &String::from_utf8_lossy(&added.stderr);
    assert!(added.status.success(), "{said}");
    assert!(!said.contains(&lab.servers.secret(Vendor::JumpCloud)));

    let synced = json(&lab, &["sync"]);
    let end = synced.iter().find(|line| line["event"] == "end").unwrap();
    assert_eq!(end["state"], "complete");

    let truth = lab.servers.truth(Vendor::JumpCloud);
    assert_eq!(json(&lab, &["users", "--all"]).len(), truth.users.len());
    assert_eq!(json(&lab, &["groups", "--all"]).len(), truth.groups.len());
    assert_eq!(json(&lab, &["apps", "--all"]).len(), truth.applications.len());
    assert_eq!(json(&lab, &["grants", "--all"]).len(), truth.grants.len());
    let admins = truth.users.iter().filter(|user| user.administrator == Some(true)).count();
    assert_eq!(json(&lab, &["users", "--admins", "--all"]).len(), admins);
    assert_eq!(json(&lab, &["users", "--limit", "5"]).len(), 5);

    let grant = truth.grants.iter().find(|grant| grant.target_kind == "application" && grant.principal_kind == "user").unwrap();
    let user = truth.users.iter().find(|user| user.id == grant.principal).unwrap();
    let access = json(&lab, &["access", user.email.as_deref().unwrap()]);
    let targets: Vec<&str> = access
        .iter()
        .flat_map(|person| person["access"].as_array().unwrap())
        .filter_map(|path| path["target"]["id"].as_str())
        .collect();
    assert!(targets.contains(&grant.target.as_str()), "{targets:?}");
    let holders = json(&lab, &["holders", "jumpcloud", "application", &grant.target]);
    assert!(holders.iter().any(|holder| holder.to_string().contains(&user.id)));
    // By its name it is the same; a name that nothing has is no empty list.
    let name = truth.applications.iter().find(|application| application.id == grant.target).unwrap().name.to_uppercase();
    assert_eq!(json(&lab, &["holders", "jumpcloud", "application", &name]), holders);
    assert_eq!(headcount(&lab, &["holders", "jumpcloud", "application", "nothing\u{1b}[2J"], "").status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holders_of_all_licenses_of_a_product_are_found_by_its_name() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let truth = lab.servers.truth(Vendor::JetBrains);
    let product = truth.licenses[0].product_name;
    let ids: Vec<&str> = truth.licenses.iter().filter(|one| one.product_name == product).map(|one| one.id.as_str()).collect();
    assert!(ids.len() > 1, "{product}");
    let held = truth.grants.iter().filter(|grant| grant.principal_kind == "user" && ids.contains(&grant.target.as_str()));
    let mut expected: Vec<(String, String)> = held.map(|grant| (grant.target.clone(), grant.principal.clone())).collect();
    let found = json(&lab, &["holders", "jetbrains", "license", &product.to_lowercase()]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<(String, String)> = found.iter().map(|one| (text(&one["of"]), text(&one["user"]))).collect();
    expected.sort();
    found.sort();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    let table = headcount(&lab, &["holders", "jetbrains", "license", product], "");
    assert!(String::from_utf8_lossy(&table.stdout).lines().next().unwrap().contains("LICENSE"));
    // A day of its own stands beside what is counted from it.
    let unused = headcount(&lab, &["licenses", "--unused", "90"], "");
    assert!(String::from_utf8_lossy(&unused.stderr).contains("given to the holder since 20"));
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_safe_to_open_in_a_spreadsheet() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let output = headcount(&lab, &["users", "--all", "--csv"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() > 50);
    for cell in text.lines().skip(1).flat_map(|line| line.split(',')) {
        assert!(!cell.trim_matches('"').starts_with(['=', '+', '-', '@', '\t']), "{cell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_runs_one_feed_without_installing_anything() {
    let lab = Lab::new(100).await.unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tines.wasm");
    std::fs::write(&file, component("tines").unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let arguments =
        ["connector", "run", file, "--feed", "users", "--set", "tenant-domain=acme.tines.com", "--secret-stdin", "api-key"];
    let output = headcount(&lab, &[&["--json"], &arguments[..]].concat(), &lab.servers.secret(Vendor::Tines));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert!(of("request") >= 2 && of("record") > 50 && of("page") == 1, "{} lines", lines.len());
    let end = lines.iter().find(|line| line["event"] == "end").unwrap();
    assert_eq!(end["complete"], true, "{end}");
    assert!(lab.host.connectors().await.unwrap().is_empty(), "nothing was installed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_license_is_found_revoked_and_gone_from_its_holder() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    json(&lab, &["action", "permit", "jetbrains"]);
    let held: Vec<String> = lab
        .servers
        .truth(Vendor::JetBrains)
        .grants
        .into_iter()
        .filter(|grant| grant.target_kind == "license" && grant.principal_kind == "user")
        .map(|grant| grant.target)
        .collect();
    let mut refused = 0;
    for license in held.iter().take(40) {
        let output =
            headcount(&lab, &["action", "jetbrains", "revoke-license", "--set", &format!("license-id={license}"), "--yes"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            let holders = json(&lab, &["holders", "jetbrains", "license", license]);
            assert!(holders.is_empty(), "{license} is still held: {holders:?}");
            return;
        }
        assert!(said.contains("30 days") || said.contains("conflict"), "the vendor's refusal is explained: {said}");
        refused += 1;
    }
    panic!("all {refused} were refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_deactivated_and_the_store_knows_at_once() {
    let lab = Lab::new(100).await.unwrap();
    for (vendor, status) in [(Vendor::Tines, "inactive"), (Vendor::JumpCloud, "suspended")] {
        lab.connect_and_sync(vendor).await.unwrap();
        json(&lab, &["action", "permit", vendor.name()]);
        let truth = lab.servers.truth(vendor);
        let user = truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap();
        let set = format!("user-id={}", user.id);
        let output = headcount(&lab, &["action", vendor.name(), "deactivate", "--set", &set, "--yes"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found = json(&lab, &["users", "--connection", vendor.name(), "--text", &user.id]);
        assert_eq!(found[0]["status"], status, "{}", found[0]);
        let output = headcount(&lab, &["action", vendor.name(), "reactivate", "--set", &set, "--yes"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found = json(&lab, &["users", "--connection", vendor.name(), "--text", &user.id]);
        assert_eq!(found[0]["status"], "active", "{}", found[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_explain_a_run_to_whoever_was_not_there() {
    let lab = Lab::new(100).await.unwrap();
    let report = lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    let shown = headcount(&lab, &["sessions", "show", &report.session.to_string()], "");
    let text = String::from_utf8(shown.stdout).unwrap();
    for word in ["kandji", "complete", "acme.api.kandji.io", "users", "requests"] {
        assert!(text.to_lowercase().contains(word), "{word} is not in: {text}");
    }
    let missing = headcount(&lab, &["sessions", "show", "999"], "");
    assert_eq!(missing.status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_could_not_read_a_row_does_not_say_that_it_read_everything() {
    let lab = Lab::new(20).await.unwrap();
    let body = r#"{"count":2,"next":null,"previous":null,"results":[{"id":"a","email":"a@acme.example"},{"id":"b","email":7}]}"#;
    let fault = Fault::Status { status: 200, content_type: "application/json".into(), body: body.into() };
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", fault));
    let report = lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    let shown = headcount(&lab, &["sessions", "show", &report.session.to_string()], "");
    let text = String::from_utf8(shown.stdout).unwrap();
    let told = "everything was read; 1 row could not be, and what it holds stays as it was; nothing was missing";
    assert!(text.contains(told), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_see_only_what_is_theirs() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let output = Command::new(program().unwrap())
        .arg("--data")
        .arg(lab.data.path())
        .args(["--tenant", "other", "--json", "users", "--all"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connections_life_from_draft_to_removed() {
    let lab = Lab::new(20).await.unwrap();
    lab.host.install(component("tines").unwrap()).await.unwrap();
    let key = lab.servers.secret(Vendor::Tines);
    json(&lab, &["shared", "set", "domain", "acme.tines.com"]);
    json(&lab, &["connection", "add", "tines", "--draft", "--owner", "Ana", "--contact", "Bo <bo@acme.example>"]);
    let refused = headcount(&lab, &["sync", "tines"], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned() + &String::from_utf8_lossy(&refused.stdout);
    assert!(refused.status.code() == Some(2) && said.contains("connection edit tines"), "{said}");
    // Without being named, it is left out, and nothing is left to do.
    let output = headcount(&lab, &["sync"], "");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("tines is draft"));

    json(&lab, &["connection", "edit", "tines", "--set", "tenant-domain=@domain"]);
    let entered = headcount(&lab, &["connection", "credential", "tines", "--secret-stdin"], &key);
    assert!(entered.status.success(), "{}", String::from_utf8_lossy(&entered.stderr));
    json(&lab, &["connection", "launch", "tines"]);
    assert_eq!(json(&lab, &["sync"]).iter().find(|line| line["event"] == "end").unwrap()["state"], "complete");
    json(&lab, &["connection", "pause", "tines", "--why", "holidays"]);
    let shown = &json(&lab, &["connection", "show", "tines"])[0];
    assert_eq!(
        (&shown["life"]["state"], &shown["life"]["why"], &shown["owner"]),
        (&"paused".into(), &"holidays".into(), &"Ana".into())
    );
    assert_eq!((&shown["shared"]["tenant-domain"], &shown["contacts"][0]["name"]), (&"domain".into(), &"Bo".into()));
    json(&lab, &["connection", "resume", "tines"]);

    // One secret for two connections, in one place.
    json(&lab, &["credential", "share", "tines", "owner-key"]);
    let second = ["connection", "add", "tines", "--id", "second", "--set", "tenant-domain=@domain", "--credential", "owner-key"];
    json(&lab, &second);
    let listed = &json(&lab, &["credential", "list"])[0];
    assert_eq!((&listed["name"], &listed["used-by"]), (&"owner-key".into(), &serde_json::json!(["second", "tines"])));
    let fresh = lab.servers.rotate(Vendor::Tines);
    let rotated = headcount(&lab, &["--json", "credential", "rotate", "owner-key", "--secret-stdin", "api-key"], &fresh);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let ends: Vec<Value> = json(&lab, &["sync"]).into_iter().filter(|line| line["event"] == "end").collect();
    assert!(ends.len() == 2 && ends.iter().all(|end| end["state"] == "complete"), "{ends:?}");
    // A shared value that moves the hosts asks for the credential again.
    let moved = headcount(&lab, &["shared", "set", "domain", "other.tines.com"], "");
    let said = String::from_utf8_lossy(&moved.stdout);
    assert!(moved.status.code() == Some(4) && said.contains("the credential owner-key is for other hosts"), "{said}");

    let refused = headcount(&lab, &["connection", "remove", "second", "--yes"], "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--keep-records or --purge"));
    let removed = headcount(&lab, &["connection", "remove", "second", "--yes", "--keep-records"], "");
    let said = String::from_utf8_lossy(&removed.stdout);
    assert!(said.contains("still used by tines: do not revoke it"), "{said}");
    assert_eq!(json(&lab, &["connection", "show", "second"])[0]["life"]["state"], "removed");
    json(&lab, &["connection", "remove", "second", "--yes"]);
    assert_eq!(json(&lab, &["connection", "list"]).len(), 1);
}
