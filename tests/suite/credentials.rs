//! Credentials that several connections use: rotated in one place, drawn to no other host.

use headcount::store::{Cause, HealthState, NoticeFilter, NoticeKind, Witness};
use headcount::{ConnectionId, CredentialName, Draft, Error, NamedCredentialError, Secret, SessionState, SyncOptions};
use headcount_tests::{Lab, component};
use headcount_vendors::{Reach, Vendor};
use serde_json::json;

fn name() -> CredentialName {
    "all-of-acme".parse().unwrap()
}

fn secrets(text: String) -> Vec<(String, Secret)> {
    vec![("api-key".to_owned(), Secret::new(text))]
}

/// Two connections to Tines, `one` and `two`, with one credential.
async fn shared(lab: &Lab) -> [ConnectionId; 2] {
    lab.host.install(component("tines").unwrap()).await.unwrap();
    let settings = lab.servers.settings(Vendor::Tines).into_iter().collect();
    let tines = "tines".parse().unwrap();
    lab.acme.add_credential(name(), &tines, &settings, secrets(lab.servers.secret(Vendor::Tines))).await.unwrap();
    let ids = ["one", "two"].map(|id| id.parse::<ConnectionId>().unwrap());
    for id in &ids {
        lab.acme.connect(draft(id, &settings).credential(name())).await.unwrap();
    }
    ids
}

fn draft(id: &ConnectionId, settings: &std::collections::BTreeMap<String, serde_json::Value>) -> Draft {
    let draft = Draft::new(id.clone(), "tines".parse().unwrap());
    settings.iter().fold(draft, |draft, (field, value)| draft.setting(field, value.clone()))
}

/// The version of the credential that the newest session of a connection used.
async fn used(lab: &Lab, id: &ConnectionId) -> (String, String) {
    let session = lab.acme.sessions(Some(id), 1).await.unwrap().remove(0);
    let used = session.credential.unwrap();
    (used.name, used.version)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rotation_serves_all_connections_and_each_run_names_what_it_used() {
    let lab = Lab::new(20).await.unwrap();
    let ids = shared(&lab).await;
    for id in &ids {
        assert_eq!(lab.sync(id).await.unwrap().state, SessionState::Complete);
        assert_eq!(used(&lab, id).await, ("all-of-acme".to_owned(), "1".to_owned()));
    }
    let fresh = lab.servers.rotate(Vendor::Tines);
    // A slip of the hand changes nothing, and says for which connections.
    let wrong = lab.servers.key(Vendor::Tines, Reach::Revoked);
    let refused = lab.acme.rotate_credential(&name(), secrets(wrong)).await.unwrap_err().to_string();
    assert!(
        refused.contains("connection one") && refused.contains("connection two") && refused.contains("as it was"),
        "{refused}"
    );
    assert_eq!(lab.acme.credentials().await.unwrap()[0].credential.version, 1);

    let rotated = lab.acme.rotate_credential(&name(), secrets(fresh)).await.unwrap();
    assert_eq!((rotated.checked.len(), rotated.unchecked.len(), rotated.credential.version), (2, 0, 2));
    for id in &ids {
        assert_eq!(lab.sync(id).await.unwrap().state, SessionState::Complete);
        assert_eq!(used(&lab, id).await, ("all-of-acme".to_owned(), "2".to_owned()));
    }
    let refused = lab.acme.remove_credential(&name()).await.unwrap_err().to_string();
    assert!(refused.contains("one, two"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_credential_is_drawn_to_no_other_host_connector_or_tenant() {
    let lab = Lab::new(20).await.unwrap();
    let [one, two] = shared(&lab).await;
    let elsewhere = [("tenant-domain".to_owned(), json!("attacker.tines.com"))];
    // A new connection with other hosts can't use it, and leaves nothing behind.
    let third: ConnectionId = "third".parse().unwrap();
    let refused = lab.acme.connect(draft(&third, &elsewhere.clone().into()).credential(name())).await.unwrap_err();
    assert!(matches!(&refused, Error::Unusable { problem, .. } if problem.contains("other hosts")), "{refused}");
    assert!(matches!(lab.acme.connection(&third).await, Err(Error::NoConnection(..))));

    // One that is turned to other hosts can't use it any more, nor gets the next one.
    let (_, stale) = lab.acme.edit(&two, elsewhere.into()).await.unwrap();
    assert_eq!(stale, ["api-key"]);
    let health = lab.acme.connection(&two).await.unwrap().health;
    assert!(health.state == HealthState::Reconnect && health.next.contains("headcount credential use NAME two"), "{health:?}");
    let refused = lab.acme.sync(&two, &SyncOptions::default()).await.unwrap_err();
    assert!(matches!(refused, Error::Unusable { .. }), "{refused}");
    let fresh = lab.servers.rotate(Vendor::Tines);
    let rotated = lab.acme.rotate_credential(&name(), secrets(fresh)).await.unwrap();
    assert_eq!(rotated.checked.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&one]);
    assert!(rotated.unchecked[0].0 == two && rotated.unchecked[0].1.contains("hosts"), "{:?}", rotated.unchecked);
    assert!(lab.acme.check(&two).await.is_err());
    let asked = lab.acme.audit(&headcount::store::AuditFilter::default()).await.unwrap();
    assert!(asked.iter().all(|row| row.record.request.host == "acme.tines.com"), "{asked:?}");

    // Another tenant's does not exist, and another connector's does not fit.
    let globex = lab.host.tenant("globex".parse().unwrap());
    let settings = lab.servers.settings(Vendor::Tines).into_iter().collect();
    let refused = globex.connect(draft(&one, &settings).credential(name())).await.unwrap_err();
    assert!(matches!(refused, Error::Named(NamedCredentialError::None(..))), "{refused}");
    let jumpcloud = lab.connect(Vendor::JumpCloud).await.unwrap();
    let refused = lab.acme.use_credential(&jumpcloud, &name()).await.unwrap_err();
    assert!(refused.to_string().contains("another connector"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_secret_no_longer_opens_says_so_until_it_is_entered_again() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let health = async || lab.acme.connection(&id).await.unwrap().health;
    let notices = async |kind| {
        let all = lab.acme.notices(&NoticeFilter { limit: 100, ..NoticeFilter::default() }).await.unwrap();
        all.into_iter().filter(|notice| notice.cause == Cause::Reconnect && notice.kind == kind).count()
    };
    let set = |domain: &str| std::collections::BTreeMap::from([("tenant-domain".to_owned(), json!(domain))]);
    lab.acme.edit(&id, set("other.tines.com")).await.unwrap();
    let found = health().await;
    assert_eq!((found.state, &found.by), (HealthState::Reconnect, &Witness::Host));
    assert!(found.why.contains("api-key") && found.next.contains("headcount connection credential tines"), "{found:?}");
    assert_eq!((notices(NoticeKind::Raised).await, notices(NoticeKind::Recovered).await), (1, 0));
    lab.acme.set_credential(&id, "api-key", &Secret::new("another".into())).await.unwrap();
    assert_eq!(health().await.state, HealthState::Ok);
    assert_eq!((notices(NoticeKind::Raised).await, notices(NoticeKind::Recovered).await), (1, 1));
    lab.acme.edit(&id, set("acme.tines.com")).await.unwrap();
    assert_eq!(health().await.state, HealthState::Reconnect);
    lab.acme.edit(&id, set("other.tines.com")).await.unwrap();
    assert_eq!(health().await.state, HealthState::Ok, "it opens again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_neither_copied_nor_given_up_while_an_action_is_under_way() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let actions = lab.data.path().join("leases").join("actions");
    std::fs::create_dir_all(&actions).unwrap();
    let acting = std::fs::File::create(actions.join("acme.tines")).unwrap();
    acting.lock().unwrap();
    // Which could be given another refresh token in the place of the one that is copied.
    let refused = lab.acme.share_credential(&id, name()).await.unwrap_err();
    assert!(matches!(refused, Error::Acting(..)), "{refused}");
    let refused = lab.acme.use_credential(&id, &name()).await.unwrap_err();
    assert!(matches!(refused, Error::Acting(..)), "{refused}");
    let refused = lab.acme.remove(&id, headcount::Records::Purge).await.unwrap_err();
    assert!(matches!(refused, Error::Acting(..)), "{refused}");
    acting.unlock().unwrap();
    lab.acme.share_credential(&id, name()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connections_own_secret_is_made_a_credential_and_given_up_again() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    lab.sync(&id).await.unwrap();
    lab.acme.share_credential(&id, name()).await.unwrap();
    assert!(lab.acme.store().credentials(lab.acme.id(), &id).await.unwrap().is_empty());
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);
    assert_eq!(used(&lab, &id).await.0, "all-of-acme");
    // An own one takes its place; then nobody uses it.
    let key = Secret::new(lab.servers.secret(Vendor::Tines));
    lab.acme.set_credential(&id, "api-key", &key).await.unwrap().unwrap();
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);
    assert_eq!(used(&lab, &id).await.0, "tines");
    assert!(!lab.acme.remove_credential(&name()).await.unwrap().is_empty());
    assert!(lab.acme.credentials().await.unwrap().is_empty());
}
