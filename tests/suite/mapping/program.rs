//! Mappings and filters as a person at a terminal has them.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use headcount_tests::{Lab, program};
use headcount_vendors::Vendor;
use serde_json::Value;

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(lab.flags().unwrap()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn done(lab: &Lab, arguments: &[&str]) -> String {
    let output = headcount(lab, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn json(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = headcount(lab, &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_tells_how_many_accounts_the_mapping_changed_and_a_test_run_how_many_it_would() {
    let lab = Lab::new(60).await.unwrap();
    lab.connect(Vendor::Tines).await.unwrap();
    let accounts = lab.servers.truth(Vendor::Tines).users.len();
    let (run, test) = (["sync", "tines"].as_slice(), ["sync", "tines", "--test"].as_slice());
    for (sync, told) in [
        (test, format!("the mapping would change {accounts} of {accounts} accounts")),
        (run, format!("the mapping changed {accounts} of {accounts} accounts")),
        (run, format!("the mapping changed none of {accounts} accounts")),
        (test, format!("the mapping would change none of {accounts} accounts")),
    ] {
        let lines = json(&lab, sync);
        let session = lines.last().unwrap()["session"].as_str().unwrap();
        has(&done(&lab, &["sessions", "show", session]), &[&told]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_from_show_to_apply() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let accounts = lab.servers.truth(Vendor::Tines).users.len();
    let all = format!("changed {accounts} of {accounts}");
    has(&done(&lab, &["mapping", "show", "tines"]), &["standard mapping", "email (sync key)", "saas-role", "next: headcount"]);
    has(&done(&lab, &["mapping", "test", "tines"]), &["account ", "FIELD", "BEFORE", "AFTER", "(sync key)"]);
    assert_eq!(done(&lab, &["mapping", "test", "tines", "--value", "1 + 1"]).trim(), "2");
    let wrong = headcount(&lab, &["mapping", "test", "tines", "--value", "user.emial"]);
    has(&said(&wrong), &["line 1, column 5: there is no emial"]);
    // What would fail for each account is not stored.
    let misspelt = headcount(&lab, &["mapping", "set", "tines", "team", "--value", "user.deparment", "--yes"]);
    assert_eq!(misspelt.status.code(), Some(2), "{}", said(&misspelt));
    has(&said(&misspelt), &["field team: line 1, column 5: user has no deparment; it has", "department"]);
    let drop = ["filter", "add", "tines", "eng", "--drop", "user.departmnt == 'Eng'", "--stored", "keep"];
    let misspelt = headcount(&lab, &drop);
    assert_eq!(misspelt.status.code(), Some(2), "{}", said(&misspelt));
    has(&said(&misspelt), &["user has no departmnt"]);
    let wrong = headcount(&lab, &["mapping", "test", "tines", "--value", "user.email +"]);
    has(&said(&wrong), &["user.email +\n", "^"]);
    assert_eq!(wrong.status.code(), Some(2));

    let file = lab.data.path().join("mapping.toml");
    let path = file.to_str().unwrap();
    let toml = done(&lab, &["mapping", "show", "tines", "--toml"]);
    std::fs::write(&file, format!("{toml}\n[[rules]]\nfield = \"shouted\"\nvalue = \"user.email.upperAscii()\"\n")).unwrap();
    has(
        &done(&lab, &["mapping", "preview", "tines", path]),
        &[&format!("would change {accounts} of {accounts} accounts"), "shouted"],
    );
    // Ten are shown, with where to see the rest; every one can be read, in each form.
    let few = done(&lab, &["mapping", "preview", "tines", path]);
    has(&few, &[&format!("these are 10 of {accounts} changes: headcount mapping preview tines {path} --all shows every one")]);
    assert_eq!(few.matches("@").count(), 10, "{few}");
    let told = json(&lab, &["mapping", "preview", "tines", path]);
    let (summary, changes) = told.split_last().unwrap();
    assert_eq!((&summary["event"], &summary["changed"]), (&"mapping-preview".into(), &accounts.into()));
    let shouted: BTreeMap<&str, &str> =
        changes.iter().map(|change| (change["account"].as_str().unwrap(), change["after"].as_str().unwrap())).collect();
    let truth = lab.servers.truth(Vendor::Tines).users;
    let emails: Vec<String> = truth.iter().map(|user| user.email.as_deref().unwrap().to_ascii_uppercase()).collect();
    let expected: BTreeMap<&str, &str> =
        truth.iter().zip(&emails).map(|(user, email)| (user.id.as_str(), email.as_str())).collect();
    assert_eq!((changes.len(), shouted), (accounts, expected));
    let every = done(&lab, &["mapping", "preview", "tines", path, "--all"]);
    let csv = done(&lab, &["mapping", "preview", "tines", path, "--csv"]);
    assert!(csv.starts_with("account,field,before,after\n") && csv.matches(",shouted,,").count() == accounts, "{csv}");
    assert!(emails.iter().all(|email| every.contains(email) && csv.contains(email)), "{every}");
    let unasked = headcount(&lab, &["mapping", "apply", "tines", path]);
    assert_eq!(unasked.status.code(), Some(2), "nobody can be asked: {}", said(&unasked));
    let applied = json(&lab, &["mapping", "apply", "tines", path, "--yes"]).remove(0);
    assert_eq!((&applied["event"], &applied["changed"]), (&"mapping-applied".into(), &accounts.into()));
    let user = json(&lab, &["users", "--connection", "tines", "--limit", "1"]).remove(0);
    assert_eq!(user["fields"]["shouted"], user["email"].as_str().unwrap().to_ascii_uppercase());
    assert_eq!(user["sync-key"], user["email"].as_str().unwrap().to_lowercase());

    has(&done(&lab, &["mapping", "set", "tines", "saas-role", "--value", "'Everybody'", "--yes"]), &[&all]);
    has(&done(&lab, &["mapping", "unset", "tines", "shouted", "--yes"]), &[&all]);
    assert_eq!(headcount(&lab, &["mapping", "unset", "tines", "shouted", "--yes"]).status.code(), Some(5));
    std::fs::write(&file, "[[rules]]\nfeild = \"x\"\n").unwrap();
    has(&said(&headcount(&lab, &["mapping", "preview", "tines", path])), &["line 2", "feild"]);
    has(&done(&lab, &["mapping", "apply", "tines", "--standard", "--yes"]), &[&all]);
    has(&done(&lab, &["mapping", "show", "tines"]), &["standard mapping"]);
    done(&lab, &["mapping", "propose", "tines", "--all"]);
    let proposed = done(&lab, &["mapping", "propose", "tines", "--all", "--toml"]);
    std::fs::write(&file, proposed).unwrap();
    done(&lab, &["mapping", "apply", "tines", path, "--yes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_what_accounts_hold_are_proposed_with_all_others() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let all = done(&lab, &["mapping", "propose", "jetbrains", "--all"]);
    has(&all, &["license.attributes.?perpetual.?upgradeDueDate", "groups.map(g, g.name).distinct()", "own name"]);
    let rule = json(&lab, &["mapping", "propose", "jetbrains", "--all"])
        .into_iter()
        .find(|proposal| proposal["rule"]["field"] == "license-perpetual-upgrade-due-date");
    assert_eq!(rule.unwrap()["rule"]["rows"], "license");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_asks_what_becomes_of_stored_records() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let drop = ["--drop", "user.status == \"inactive\""];
    has(&done(&lab, &[&["filter", "try", "tines", "leavers"][..], &drop].concat()), &["would drop", "stored users"]);
    let unasked = headcount(&lab, &[&["filter", "add", "tines", "leavers"][..], &drop].concat());
    assert_eq!(unasked.status.code(), Some(2));
    has(&said(&unasked), &["stored records", "--stored keep, or --stored remove"]);
    assert!(json(&lab, &["filter", "list", "tines"]).is_empty());
    has(&done(&lab, &[&["filter", "add", "tines", "leavers", "--stored", "keep"][..], &drop].concat()), &["drops from now on"]);
    assert_eq!(json(&lab, &["filter", "list", "tines"])[0]["name"], "leavers");
    has(&done(&lab, &["sync", "tines"]), &["the filter leavers dropped"]);
    let wrong = headcount(&lab, &["filter", "try", "tines", "x", "--drop", "usr.id == '1'"]);
    has(&said(&wrong), &["filter x: line 1, column 1", "there is no variable usr; there are user", "^"]);
    done(&lab, &["filter", "remove", "tines", "leavers"]);
    assert_eq!(headcount(&lab, &["filter", "remove", "tines", "leavers"]).status.code(), Some(5));
}

#[test]
fn a_manifest_whose_mapping_cannot_be_used_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let good = std::fs::read_to_string(root.join("connectors/hello/manifest.toml")).unwrap();
    for (rules, words) in [
        ("[[mapping.rules]]\nfield = \"e\"\nvalue = \"user.email\"\n", "no rule makes the sync key"),
        ("[[mapping.rules]]\nfield = \"e\"\nvalue = \"usr.email\"\nkey = true\n", "there is no variable usr"),
    ] {
        let manifest = folder.path().join("manifest.toml");
        std::fs::write(&manifest, format!("{good}\n{rules}")).unwrap();
        let component = headcount_tests::target().unwrap().join("connectors/hello.wasm");
        let mut command = Command::new(program().unwrap());
        let output =
            command.args(["connector", "pack"]).args([&component, &manifest]).arg("-o").arg(folder.path().join("out.wasm"));
        let output = output.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        has(&said(&output), &[words]);
    }
}
