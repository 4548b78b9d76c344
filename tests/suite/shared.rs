//! Shared values: one change for all settings that refer to it, and no credential that follows it to another host.

use headcount::store::HealthState;
use headcount::{ConnectionId, Draft, Error, Secret, SessionState, SharedError, SyncOptions};
use headcount_tests::{Lab, component};
use headcount_vendors::Vendor;

async fn connect(lab: &Lab, id: &str) -> ConnectionId {
    let draft = Draft::new(id.parse().unwrap(), "tines".parse().unwrap())
        .setting("tenant-domain", "@domain")
        .secret("api-key", Secret::new(lab.servers.secret(Vendor::Tines)));
    lab.acme.connect(draft).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_value_changes_all_settings_that_refer_to_it_or_none() {
    let lab = Lab::new(20).await.unwrap();
    lab.host.install(component("tines").unwrap()).await.unwrap();
    let domain = "domain".parse().unwrap();
    let draft = Draft::new("one".parse().unwrap(), "tines".parse().unwrap()).setting("tenant-domain", "@domain");
    assert!(matches!(lab.acme.connect(draft).await, Err(Error::Shared(SharedError::None { .. }))));
    assert!(lab.acme.set_shared(&domain, lab.servers.host(Vendor::Tines)).await.unwrap().is_empty());
    let ids = [connect(&lab, "one").await, connect(&lab, "two").await];
    for id in &ids {
        assert_eq!(lab.sync(id).await.unwrap().state, SessionState::Complete);
    }

    // What no setting can take is not set, and what refers to it is as it was.
    let refused = lab.acme.set_shared(&domain, "mallory.example").await.unwrap_err().to_string();
    assert!(refused.contains("connection one") && refused.contains("nothing was changed"), "{refused}");
    assert_eq!(lab.acme.shared_values().await.unwrap()[0].value, "acme.tines.com");
    assert_eq!(lab.sync(&ids[0]).await.unwrap().state, SessionState::Complete);

    // Another host asks for the credentials again; nothing is sent there.
    let touched = lab.acme.set_shared(&domain, "attacker.tines.com").await.unwrap();
    assert_eq!(touched.iter().map(|one| &one.connection).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
    assert!(touched.iter().all(|one| one.enter_again == ["api-key"]), "{touched:?}");
    for id in &ids {
        assert_eq!(lab.acme.connection(id).await.unwrap().settings.base_url, "https://attacker.tines.com/api/v1");
        let health = lab.acme.connection(id).await.unwrap().health;
        assert_eq!(health.state, HealthState::Reconnect, "{health:?}");
        assert!(health.next.contains(&format!("headcount connection credential {id}")), "{health:?}");
        let refused = lab.acme.sync(id, &SyncOptions::default()).await.unwrap_err().to_string();
        assert!(refused.contains("other hosts"), "{refused}");
    }
    let asked = lab.acme.audit(&headcount::store::AuditFilter::default()).await.unwrap();
    assert!(asked.iter().all(|row| row.record.request.host == "acme.tines.com"));

    // Back again, it opens again; a setting of its own refers to nothing.
    lab.acme.set_shared(&domain, "acme.tines.com").await.unwrap();
    assert_eq!(lab.acme.connection(&ids[1]).await.unwrap().health.state, HealthState::Ok);
    assert_eq!(lab.sync(&ids[0]).await.unwrap().state, SessionState::Complete);
    let refused = lab.acme.remove_shared(&domain).await.unwrap_err().to_string();
    assert!(refused.contains("one, two"), "{refused}");
    for id in &ids {
        lab.acme.edit(id, [("tenant-domain".to_owned(), "acme.tines.com".into())].into()).await.unwrap();
    }
    lab.acme.remove_shared(&domain).await.unwrap();
    assert_eq!(lab.sync(&ids[1]).await.unwrap().state, SessionState::Complete);
}
