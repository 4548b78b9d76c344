//! The audit trail, as an operator reads it: every request, why it was denied, and the policy that would allow it.

use std::process::{Command, Output};

use headcount::model::{AuditRecord, Decision, RequestEvent, Timestamp};
use headcount::sandbox::egress::EgressOptions;
use headcount::store::{AuditFilter, AuditKeep};
use headcount::{AuditOptions, Headcount, SyncOptions};
use headcount_tests::{Lab, component, program};
use headcount_vendors::Vendor;
use serde_json::Value;

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn trail(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = headcount(lab, &[&["audit", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    told(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_a_sync_is_in_the_trail_with_its_credentials_name_and_never_its_value() {
    let lab = Lab::new(100).await.unwrap();
    let report = lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let found = trail(&lab, &["--all"]);
    assert_eq!(found.len() as u64, report.counters.requests);
    for record in &found {
        assert_eq!((&record["connection"], &record["session"]), (&"tines".into(), &report.session.0.into()), "{record}");
        assert_eq!((&record["decision"], &record["status"]), (&"allowed".into(), &200.into()), "{record}");
        assert_eq!(record["rule"], "base-url https://acme.tines.com/api/v1");
        assert_eq!(record["address"], lab.servers.addr(Vendor::Tines).to_string());
        assert_eq!(record["credentials"], serde_json::json!(["api-key"]));
        assert!(record["connector"].as_str().unwrap().starts_with("sha256:"));
        assert!(!record["path"].as_str().unwrap().contains("=1"), "no values of parameters: {record}");
    }
    assert!(found.windows(2).all(|pair| pair[0]["number"].as_u64() > pair[1]["number"].as_u64()), "the newest first");
    let text = told(&headcount(&lab, &["audit", "--all", "--csv"]));
    assert_eq!(text.lines().count(), found.len() + 1);
    assert!(!text.contains(&lab.servers.secret(Vendor::Tines)));
    assert_eq!(trail(&lab, &["--limit", "3"]).len(), 3);
    assert!(trail(&lab, &["--denied"]).is_empty() && trail(&lab, &["--session", "99"]).is_empty());
    // A check outside of a session is in it, too.
    lab.acme.check(&"tines".parse().unwrap()).await.unwrap();
    assert_eq!(trail(&lab, &["--limit", "1"])[0]["session"], Value::Null);
    let others = [&lab.flags().unwrap()[..2], &["--tenant".into(), "other".into(), "audit".into(), "--json".into()]].concat();
    assert!(Command::new(program().unwrap()).args(others).output().unwrap().stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_the_trail_names_for_a_denied_sync_makes_the_next_one_complete() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect(Vendor::Tines).await.unwrap();
    let narrow = ["sync", "tines", "--allow-egress", "https://acme.tines.com/api/v1/nothing"];
    assert!(!headcount(&lab, &narrow).status.success());
    let session = told(&headcount(&lab, &["sessions", "show", "1"]));
    assert!(session.contains("denied") && session.contains("headcount audit --session 1 --denied"), "{session}");
    let denied = trail(&lab, &["--denied", "--host", "acme.tines.com"]);
    assert!(!denied.is_empty() && denied.iter().all(|record| record["rule"] == "allow-egress"), "{denied:?}");
    assert!(denied.iter().all(|record| record["address"].is_null() && record["status"].is_null()), "nothing left");
    let text = told(&headcount(&lab, &["audit", "--session", "1", "--denied"]));
    let line = text.lines().last().unwrap().trim();
    assert_eq!(line, r#"allow-egress = ["https://acme.tines.com/api/v1"] # in the operator's configuration"#);
    let config = lab.data.path().join("operator.toml");
    std::fs::write(&config, line).unwrap();
    let synced = headcount(&lab, &["sync", "tines", "--config", config.to_str().unwrap()]);
    assert!(synced.status.success(), "{}", String::from_utf8_lossy(&synced.stderr));
    let (newest, rule) = (trail(&lab, &["--limit", "1"]), "allow-egress https://acme.tines.com/api/v1");
    assert!(newest[0]["rule"].as_str().unwrap().ends_with(rule), "{newest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_bounds_the_trail_or_takes_its_records_himself() {
    let lab = Lab::new(10).await.unwrap();
    lab.connect(Vendor::Tines).await.unwrap();
    let tines = "tines".parse().unwrap();
    let host = |egress, records| {
        let audit = AuditOptions { records, ..AuditOptions::default() };
        let compiler = headcount_tests::compiler().unwrap();
        Headcount::builder(lab.data.path()).egress(egress).compiler(compiler).audit(audit).open()
    };
    let bounded = host(headcount_tests::egress(&lab.servers), 2).await.unwrap().tenant(lab.acme.id().clone());
    bounded.sync(&tines, &SyncOptions::default()).await.unwrap();
    let kept = bounded.audit(&AuditFilter::default()).await.unwrap();
    assert_eq!(kept.len(), 2);

    let (sender, mut records) = tokio::sync::mpsc::channel(64);
    let own = EgressOptions { audit: Some(sender), ..headcount_tests::egress(&lab.servers) };
    let own = host(own, 1_000).await.unwrap().tenant(lab.acme.id().clone());
    own.check(&tines).await.unwrap();
    assert_eq!(records.try_recv().unwrap().connection, tines);
    assert_eq!(own.audit(&AuditFilter::default()).await.unwrap(), kept, "the store gets none of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_who_runs_a_feed_is_told_the_line_that_a_refused_request_lacks() {
    let lab = Lab::new(10).await.unwrap();
    let folder = lab.data.path();
    let (file, key) = (folder.join("tines.wasm"), folder.join("key"));
    std::fs::write(&file, component("tines").unwrap()).unwrap();
    std::fs::write(&key, lab.servers.secret(Vendor::Tines)).unwrap();
    let secret = format!("api-key={}", key.display());
    let mut arguments =
        vec!["connector", "run", file.to_str().unwrap(), "--feed", "users", "--set", "tenant-domain=acme.tines.com"];
    arguments.extend(["--secret-file", &secret, "--allow-egress", "https://acme.tines.com/api/v1/nothing"]);
    let output = headcount(&lab, &arguments);
    assert!(!output.status.success());
    let line = r#"to allow it: allow-egress = ["https://acme.tines.com/api/v1"] # in the operator's configuration"#;
    assert!(told(&output).contains(line), "{}", told(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_rule_and_counting_without_rules_are_usage_errors_that_say_why() {
    let lab = Lab::new(10).await.unwrap();
    for (arguments, words) in [
        (&["users", "--allow-egress", "https://*.*.example.com"][..], &["https://*.*.example.com", "whole label"][..]),
        (&["users", "--let-denied-requests-out"], &["let-denied-requests-out", "--allow-egress"]),
    ] {
        let output = headcount(&lab, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_smuggles_into_a_request_is_escaped_where_it_is_shown() {
    let lab = Lab::new(10).await.unwrap();
    let hostile = "/\u{1b}]0;owned\u{7}\u{202e}txt\r\n=1+1".to_owned();
    let record = AuditRecord {
        at: Timestamp::now(),
        tenant: lab.acme.id().clone(),
        connection: "tines".parse().unwrap(),
        session: None,
        connector: None,
        request: RequestEvent {
            method: "=cmd()".to_owned(),
            host: hostile.clone(),
            path: hostile.clone(),
            decision: Decision::Denied,
            refused: Some(hostile.clone()),
            allow: vec![format!("hosts = [\"{hostile}\"] # in the manifest")],
            ..RequestEvent::default()
        },
    };
    let keep = AuditKeep { newest: 10, since: Timestamp::from_micros(0) };
    lab.acme.store().append_audit(&[record], &keep).await.unwrap();
    for arguments in [&["audit"][..], &["audit", "--csv"], &["audit", "--json"]] {
        let text = told(&headcount(&lab, arguments));
        assert!(text.contains("owned") && !text.contains(['\u{1b}', '\u{7}', '\r']), "{text:?}");
        if arguments != ["audit", "--json"] {
            assert!(!text.contains('\u{202e}'), "{text:?}");
        }
    }
    let sheet = told(&headcount(&lab, &["audit", "--csv"]));
    assert!(sheet.contains("'=cmd()"), "{sheet}");
}
