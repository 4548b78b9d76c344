//! OAuth through the whole: what an administrator learns when a vendor gives no token.

use headcount::store::Health;
use headcount::{Draft, Manifest, Secret, SessionState};
use headcount_tests::{Lab, component};
use headcount_vendors::Vendor;

/// The Tines connector, which believes that its vendor speaks OAuth.
fn connector() -> Vec<u8> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/tines/manifest.toml")).unwrap();
    let bearer = "type = \"bearer\"\nsecret = \"api-key\"\n";
    assert!(text.contains(bearer));
    let oauth = "type = \"oauth-client-credentials\"\nclient-id = \"client\"\nsecret = \"api-key\"\n\
                 token-url = \"https://{tenant-domain}/api/v1/oauth/token\"\n\n\
                 [[config]]\nname = \"client\"\nlabel = \"Client\"\n";
    let manifest = Manifest::from_toml(&text.replace(bearer, oauth)).unwrap();
    headcount::sandbox::pack(&component("tines").unwrap(), &manifest).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_vendor_refuses_must_be_reconnected_and_the_administrator_is_told_why() {
    let lab = Lab::new(20).await.unwrap();
    let installed = lab.host.install(connector()).await.unwrap();
    let mut draft = Draft::new("tines".parse().unwrap(), installed.id)
        .setting("client", "me")
        .secret("api-key", Secret::new("a client's secret, which is wrong".to_owned()));
    for (field, value) in lab.servers.settings(Vendor::Tines) {
        draft = draft.setting(field, value);
    }
    let id = lab.acme.connect(draft).await.unwrap().id;
    let refused = lab.acme.check(&id).await.unwrap_err().to_string();
    assert!(refused.contains("unauthenticated") && refused.contains("invalid_client"), "{refused}");
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Failed);
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert!(matches!(&health, Health::Reconnect { .. }) && format!("{health:?}").contains("enter them again"), "{health:?}");
}
