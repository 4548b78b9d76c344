//! A connection's life from draft to removed, and its health as checks and actions find it.

use std::process::{Command, Output};

use headcount::store::{Contact, Decision, Filter, HealthState, LifeState, Rhythm, Witness};
use headcount::{ActionRequest, ConnectionId, Draft, Error, Records, Secret, SessionState, SyncOptions};
use headcount_tests::{Lab, component, program};
use headcount_vendors::{Fault, Reach, Rule, Vendor};
use serde_json::json;

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap()
}

fn secret(text: String) -> Secret {
    Secret::new(text)
}

/// Where a connection is in its life, who brought it there, and what to do.
async fn life(lab: &Lab, id: &ConnectionId) -> (LifeState, Witness, String) {
    let life = lab.acme.connection(id).await.unwrap().life;
    (life.state, life.by, life.next)
}

async fn users(lab: &Lab) -> u64 {
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    counts.iter().filter(|count| count.kind == headcount::Kind::User).map(|count| count.present).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_completed_checked_launched_paused_and_resumed() {
    let lab = Lab::new(20).await.unwrap();
    lab.host.install(component("tines").unwrap()).await.unwrap();
    let id: ConnectionId = "tines".parse().unwrap();
    let ana = lab.acme.acting_for("ana");
    ana.save_draft(Draft::new(id.clone(), "tines".parse().unwrap()).owner("Ana")).await.unwrap();
    assert_eq!(life(&lab, &id).await.0, LifeState::Draft);

    // Nothing runs, and each refusal says what to do.
    let refused = lab.acme.sync(&id, &SyncOptions::default()).await.unwrap_err().to_string();
    assert!(refused.contains("is draft") && refused.contains("connection edit tines"), "{refused}");
    let refused = lab.acme.act(&id, &ActionRequest::new("anything", json!({}), "ana")).await.unwrap_err();
    assert!(matches!(refused, Error::Life { state: LifeState::Draft, .. }), "{refused}");
    let refused = lab.acme.check(&id).await.unwrap_err().to_string();
    assert!(refused.contains("tenant-domain: is missing"), "{refused}");
    // A secret is kept for hosts: these come first.
    let key = secret(lab.servers.secret(Vendor::Tines));
    let refused = lab.acme.set_credential(&id, "api-key", &key).await.unwrap_err().to_string();
    assert!(refused.contains("tenant-domain") && refused.contains("before a secret"), "{refused}");

    lab.acme.edit(&id, lab.servers.settings(Vendor::Tines).into_iter().collect()).await.unwrap();
    lab.acme.set_credential(&id, "api-key", &key).await.unwrap();
    lab.acme.check(&id).await.unwrap();
    assert!(
        matches!(life(&lab, &id).await, (LifeState::Ready, Witness::Check, next) if next.contains("connection launch tines"))
    );
    assert!(matches!(ana.pause(&id, "").await, Err(Error::Life { .. })), "a ready one does not run");

    ana.launch(&id).await.unwrap();
    assert_eq!(life(&lab, &id).await, (LifeState::Active, Witness::Person("ana".into()), String::new()));
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);
    ana.pause(&id, "the vendor asked us to").await.unwrap();
    let refused = lab.acme.sync(&id, &SyncOptions::default()).await.unwrap_err().to_string();
    assert!(refused.contains("is paused") && refused.contains("connection resume tines"), "{refused}");
    assert_eq!(lab.acme.connection(&id).await.unwrap().life.why, "the vendor asked us to");
    lab.acme.resume(&id).await.unwrap();
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_second_refusal_asks_to_reconnect_and_a_passing_check_clears_it() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    lab.acme.launch(&id).await.unwrap();
    // A vendor's slip is no reason.
    let refusal = || Fault::Status { status: 401, content_type: "application/json".into(), body: "{}".into() };
    lab.servers.faults(Vendor::Tines).set(Rule::nth("/api/v1/info", 1, refusal()));
    lab.acme.check(&id).await.unwrap();
    assert_eq!(lab.acme.connection(&id).await.unwrap().health.state, HealthState::Ok);

    // A vendor that echoes the key in its refusal does not get it into the store.
    let key = lab.servers.secret(Vendor::Tines);
    let body = json!({ "error": format!("the key {key} was revoked") }).to_string();
    let echo = Fault::Status { status: 401, content_type: "application/json".into(), body };
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1", echo));
    lab.acme.check(&id).await.unwrap_err();
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert_eq!((health.state, &health.by), (HealthState::Reconnect, &Witness::Check));
    assert!(health.next.contains("headcount connection credential tines"), "{health:?}");
    assert!(!health.why.is_empty() && !health.why.contains(&key), "{health:?}");

    lab.servers.faults(Vendor::Tines).clear();
    lab.acme.check(&id).await.unwrap();
    assert_eq!(lab.acme.connection(&id).await.unwrap().health.state, HealthState::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_works_again_leaves_what_else_is_the_matter() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::Kandji).await.unwrap();
    lab.sync(&id).await.unwrap();
    let answer = |status: u16, body: &str| Fault::Status { status, content_type: "application/json".into(), body: body.into() };
    let health = async || lab.acme.connection(&id).await.unwrap().health;
    // Each is found by a session; then the credential is refused, and works again.
    let nobody = r#"{"count":0,"next":null,"previous":null,"results":[]}"#;
    let always = |fault| Rule::always("/api/v1/users", fault);
    // The check reads a page of them, too.
    let troubles = [Rule { from: 2, ..always(answer(500, "{}")) }, always(answer(200, nobody))];
    for (trouble, state) in troubles.into_iter().zip([HealthState::Incomplete, HealthState::Held]) {
        lab.servers.faults(Vendor::Kandji).clear();
        lab.servers.faults(Vendor::Kandji).set(trouble);
        lab.sync(&id).await.unwrap();
        let before = health().await;
        assert_eq!(before.state, state, "{before:?}");
        lab.servers.faults(Vendor::Kandji).clear();
        lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1", answer(401, "{}")));
        lab.acme.check(&id).await.unwrap_err();
        assert_eq!(health().await.state, HealthState::Reconnect);
        lab.servers.faults(Vendor::Kandji).clear();
        lab.acme.check(&id).await.unwrap();
        let after = health().await;
        assert_eq!((after.state, &after.why, &after.next), (state, &before.why, &before.next));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_several_use_is_rotated_and_no_connection_is_taken_from_it_by_the_way() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    lab.sync(&id).await.unwrap();
    lab.acme.share_credential(&id, "all".parse().unwrap()).await.unwrap();
    let key = lab.data.path().join("key");
    std::fs::write(&key, lab.servers.rotate(Vendor::Tines)).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    };
    let (code, said) = run(&["sync", "tines"]);
    assert!(code == 4 && said.contains("headcount credential rotate all") && !said.contains("connection credential"), "{said}");
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert!(health.state == HealthState::Reconnect && health.next.contains("`headcount credential rotate all`"), "{health:?}");
    let key = key.to_str().unwrap();
    let (code, said) = run(&["connection", "credential", "tines", "api-key", "--secret-file", key]);
    assert!(code == 2 && said.contains("credential rotate all") && said.contains("--own"), "{said}");
    assert!(lab.acme.connection(&id).await.unwrap().credential.is_some());
    let (code, said) = run(&["connection", "credential", "tines", "api-key", "--own", "--secret-file", key]);
    assert_eq!(code, 0, "{said}");
    let connection = lab.acme.connection(&id).await.unwrap();
    assert_eq!((connection.credential, connection.health.state), (None, HealthState::Ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_credential_is_refused_asks_to_reconnect_and_one_that_is_forbidden_does_not() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    lab.sync(&id).await.unwrap();
    lab.acme.permit_actions(&id, &["revoke-license".to_owned()], "ana", None).await.unwrap();
    let request = || ActionRequest::new("revoke-license", json!({ "license-id": "NOSUCHLICENSE" }), "ana");
    lab.servers.rescope(Vendor::JetBrains, Reach::ReadOnly);
    lab.acme.act(&id, &request()).await.unwrap_err();
    assert_eq!(lab.acme.connection(&id).await.unwrap().health.state, HealthState::Ok);
    lab.servers.rescope(Vendor::JetBrains, Reach::Revoked);
    lab.acme.act(&id, &request()).await.unwrap_err();
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert_eq!((health.state, health.by), (HealthState::Reconnect, Witness::Action("revoke-license".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_credential_keeps_identity_and_history_and_another_organisations_replaces_nothing() {
    let lab = Lab::new(40).await.unwrap();
    let id = lab.connect(Vendor::JumpCloud).await.unwrap();
    lab.sync(&id).await.unwrap();
    let before = lab.acme.connection(&id).await.unwrap();
    let people = users(&lab).await;

    let foreign = secret(lab.servers.key(Vendor::JumpCloud, Reach::OtherOrganization));
    let refused = lab.acme.set_credential(&id, "api-key", &foreign).await.unwrap_err();
    assert!(matches!(refused, Error::OtherOrganization(..)), "{refused}");
    let revoked = secret(lab.servers.key(Vendor::JumpCloud, Reach::Revoked));
    lab.acme.set_credential(&id, "api-key", &revoked).await.unwrap_err();
    // The one there was is there still.
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);

    let fresh = lab.servers.rotate(Vendor::JumpCloud);
    lab.sync(&id).await.unwrap();
    assert_eq!(lab.acme.connection(&id).await.unwrap().health.state, HealthState::Reconnect);
    let checked = lab.acme.set_credential(&id, "api-key", &secret(fresh)).await.unwrap();
    assert_eq!(checked.unwrap().scope.organization, before.baseline.as_ref().unwrap().organization);
    let after = lab.acme.connection(&id).await.unwrap();
    assert_eq!(after.health.state, HealthState::Ok);
    assert_eq!((after.id, after.created_at), (before.id, before.created_at));
    assert_eq!(after.baseline.unwrap().organization, before.baseline.unwrap().organization);
    let report = lab.sync(&id).await.unwrap();
    let counted = report.counters.kinds[&headcount::Kind::User];
    assert_eq!((counted.created, counted.removed, users(&lab).await), (0, 0, people));
    // Each run says which credential it was.
    let sessions = lab.acme.sessions(Some(&id), 10).await.unwrap();
    let versions: Vec<String> = sessions.iter().map(|session| session.credential.as_ref().unwrap().version.clone()).collect();
    assert!(sessions.len() == 4 && versions[0] != versions[1] && versions[1] == versions[3], "{versions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_connection_keeps_its_records_until_they_are_purged() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    lab.sync(&id).await.unwrap();
    let people = users(&lab).await;
    let removal = lab.acme.removal(&id).await.unwrap();
    assert_eq!(removal.secrets, ["api-key"]);
    assert!(!removal.revoke.is_empty() && removal.records.iter().any(|count| count.present > 0), "{removal:?}");

    lab.acme.acting_for("bo").remove(&id, Records::Keep).await.unwrap();
    assert!(matches!(life(&lab, &id).await, (LifeState::Removed, Witness::Person(who), _) if who == "bo"));
    assert_eq!(users(&lab).await, people);
    assert_eq!(lab.acme.sessions(Some(&id), 9).await.unwrap().len(), 1);
    assert!(lab.acme.store().credentials(lab.acme.id(), &id).await.unwrap().is_empty());
    let barred = |error: Error| assert!(matches!(error, Error::Life { state: LifeState::Removed, .. }), "{error}");
    barred(lab.acme.sync(&id, &SyncOptions::default()).await.unwrap_err());
    barred(lab.acme.check(&id).await.unwrap_err());
    barred(lab.acme.rename(&id, "again").await.unwrap_err());
    barred(lab.acme.set_credential(&id, "api-key", &secret("another".into())).await.unwrap_err());
    barred(lab.acme.remove(&id, Records::Keep).await.unwrap_err());
    barred(lab.acme.connect(Draft::new(id.clone(), "tines".parse().unwrap())).await.unwrap_err());

    lab.acme.remove(&id, Records::Purge).await.unwrap();
    assert_eq!(users(&lab).await, 0);
    assert!(lab.acme.connections().await.unwrap().is_empty());
    lab.connect(Vendor::Tines).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_connection_says_all_that_goes_and_what_goes_only_with_the_records() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    lab.sync(&id).await.unwrap();
    let plain = lab.acme.removal(&id).await.unwrap();
    assert!(!plain.scheduled && !plain.directory && plain.permits.is_empty() && plain.waiting == 0, "{plain:?}");
    lab.acme.permit_actions(&id, &["revoke-license".to_owned()], "ana", None).await.unwrap();
    lab.acme.set_schedule(&id, &Rhythm::Every { seconds: 7_200 }).await.unwrap();
    lab.acme.set_directory(Some(&id)).await.unwrap();
    let store = lab.acme.store();
    let filter = Filter { connection: Some(id.clone()), limit: 1, ..Filter::default() };
    let person = store.people(lab.acme.id(), &filter, 1).await.unwrap().remove(0);
    let decision = Decision { person: "ana".into(), reason: String::new(), at: headcount::Timestamp::now() };
    store.unlink(lab.acme.id(), &id, &person.accounts[0].id, &decision).await.unwrap();

    let removal = lab.acme.removal(&id).await.unwrap();
    assert_eq!((removal.permits.as_slice(), removal.decided_accounts), (["revoke-license".to_owned()].as_slice(), 1));
    assert!(removal.scheduled && removal.directory && !removal.mapping && removal.filters.is_empty(), "{removal:?}");
    let refused = headcount(&lab, &["connection", "remove", "jetbrains", "--keep-records"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    for part in ["the permission of revoke-license", "its schedule", "its mark as the directory", "decided about 1 account"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let removed = headcount(&lab, &["--json", "connection", "remove", "jetbrains", "--keep-records", "--yes"]);
    let line: serde_json::Value = serde_json::from_slice(&removed.stdout).unwrap();
    let went = &line["went"];
    assert_eq!(
        (&went["permits"], &went["schedule"], &went["directory"]),
        (&json!(["revoke-license"]), &json!(true), &json!(true))
    );
    assert!(line["with-records"]["records"]["licenses"]["present"].as_u64() > Some(0), "{line}");
    let left = lab.acme.removal(&id).await.unwrap();
    assert!(!left.scheduled && !left.directory && left.permits.is_empty() && left.decided_accounts == 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_for_a_connection_is_kept_and_hostile_names_are_not() {
    let lab = Lab::new(5).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let bo = Contact { name: "Bo".into(), email: "bo@acme.example".into() };
    lab.acme.set_owner(&id, "Ana").await.unwrap();
    lab.acme.set_contacts(&id, vec![bo.clone()]).await.unwrap();
    lab.acme.rename(&id, "Stories").await.unwrap();
    for blank in ["", "   "] {
        assert!(matches!(lab.acme.rename(&id, blank).await, Err(Error::Contact(_))), "{blank:?}");
    }
    for address in ["nobody", "a@b\r\nBcc: eve@evil.example", "<eve@evil.example>"] {
        let hostile = Contact { name: "Eve".into(), email: address.into() };
        assert!(matches!(lab.acme.set_contacts(&id, vec![hostile]).await, Err(Error::Contact(_))), "{address:?}");
    }
    assert!(lab.acme.set_owner(&id, "Ana\nBcc: eve@evil.example").await.is_err());
    let connection = lab.acme.connection(&id).await.unwrap();
    assert_eq!((connection.owner.as_str(), connection.name.as_str(), connection.contacts), ("Ana", "Stories", vec![bo]));
}
