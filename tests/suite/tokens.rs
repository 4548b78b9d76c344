//! OAuth through the whole: tokens that are renewed from what is stored, and what an administrator learns when there is none.

use headcount::sandbox::egress::EgressOptions;
use headcount::store::HealthState;
use headcount::{Draft, Headcount, Manifest, Secret, SessionState, SyncOptions};
use headcount_tests::{Lab, TokenServer, compiler, component, egress};
use headcount_vendors::{Company, Fault, Options, Rule, Servers, Vendor};

/// The Tines connector, which believes that its vendor speaks OAuth.
fn connector(placement: &str) -> Vec<u8> {
    connector_with(placement, "")
}

/// The same with more fields.
fn connector_with(placement: &str, fields: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/tines/manifest.toml")).unwrap();
    let bearer = "type = \"bearer\"\nsecret = \"api-key\"\n";
    assert!(text.contains(bearer));
    let oauth = format!(
        "{placement}\nclient-id = \"client\"\nsecret = \"api-key\"\n\n[[config]]\nname = \"client\"\nlabel = \"Client\"\n{fields}"
    );
    let manifest = Manifest::from_toml(&text.replace(bearer, &oauth)).unwrap();
    headcount::sandbox::pack(&component("tines").unwrap(), &manifest).unwrap()
}

fn draft(servers: &Servers, secret: &str) -> Draft {
    let draft = Draft::new("tines".parse().unwrap(), "tines".parse().unwrap());
    let settings = servers.settings(Vendor::Tines).into_iter();
    let draft = settings.fold(draft, |draft, (field, value)| draft.setting(field, value));
    draft.setting("client", "me").secret("api-key", Secret::new(secret.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_works_once_serves_one_host_after_another() {
    let servers = Servers::start(Company::new(7, 20), Options::default()).await.unwrap();
    // What the vendor takes as an API key it takes as a token.
    let first = "refresh-token-as-it-was-entered";
    let tokens = TokenServer::start("login.example.com", servers.secret(Vendor::Tines), first).await.unwrap();
    let mut options: EgressOptions = egress(&servers);
    options.resolve.insert("login.example.com".to_owned(), tokens.address);
    options.extra_ca_pem.push(tokens.authority.clone());
    let data = tempfile::tempdir().unwrap();
    let placement = "type = \"oauth-refresh-token\"\ntoken-url = \"https://login.example.com/token\"";
    for round in 0..3 {
        let host = Headcount::builder(data.path()).egress(options.clone()).compiler(compiler().unwrap()).open().await.unwrap();
        let acme = host.tenant("acme".parse().unwrap());
        if round == 0 {
            host.install(connector(placement)).await.unwrap();
            acme.connect(draft(&servers, first)).await.unwrap();
        }
        let report = acme.sync(&"tines".parse().unwrap(), &SyncOptions::default()).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
    }
    assert_eq!(tokens.used(), [first, "refresh-token-number-1", "refresh-token-number-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_a_failed_check_used_up_is_kept() {
    let servers = Servers::start(Company::new(7, 20), Options::default()).await.unwrap();
    let first = "refresh-token-as-it-was-entered";
    let tokens = TokenServer::start("login.example.com", servers.secret(Vendor::Tines), first).await.unwrap();
    let mut options: EgressOptions = egress(&servers);
    options.resolve.insert("login.example.com".to_owned(), tokens.address);
    options.extra_ca_pem.push(tokens.authority.clone());
    let data = tempfile::tempdir().unwrap();
    let open = async || {
        let host = Headcount::builder(data.path()).egress(options.clone()).compiler(compiler().unwrap()).open().await.unwrap();
        (host.tenant("acme".parse().unwrap()), host)
    };
    let id = "tines".parse().unwrap();
    let placement = "type = \"oauth-refresh-token\"\ntoken-url = \"https://login.example.com/token\"\nclient-secret = \"app\"";
    let (acme, host) = open().await;
    let field = "\n[[config]]\nname = \"app\"\nlabel = \"Client secret\"\ntype = \"secret\"\n";
    host.install(connector_with(placement, field)).await.unwrap();
    acme.connect(draft(&servers, first).secret("app", Secret::new("the-first-secret-of-the-app".to_owned()))).await.unwrap();
    assert_eq!(acme.sync(&id, &SyncOptions::default()).await.unwrap().state, SessionState::Complete);
    drop((acme, host));

    // The app's secret is replaced while the vendor is down: the check gets a token, and fails.
    let (acme, host) = open().await;
    servers.faults(Vendor::Tines).set(Rule::always("/", Fault::Reset));
    let new = Secret::new("the-second-secret-of-the-app".to_owned());
    acme.set_credential(&id, "app", &new).await.unwrap_err();
    assert_eq!(tokens.used().len(), 2);
    servers.faults(Vendor::Tines).clear();
    drop((acme, host));
    let (acme, _host) = open().await;
    let report = acme.sync(&id, &SyncOptions::default()).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.failure);
    assert_eq!(tokens.used(), [first, "refresh-token-number-1", "refresh-token-number-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_vendor_refuses_must_be_reconnected_and_the_administrator_is_told_why() {
    let lab = Lab::new(20).await.unwrap();
    let url = "https://{tenant-domain}/api/v1/oauth/token";
    let placement = format!("type = \"oauth-client-credentials\"\ntoken-url = \"{url}\"");
    lab.host.install(connector(&placement)).await.unwrap();
    let draft = draft(&lab.servers, "a client's secret, which is wrong");
    let id = lab.acme.connect(draft).await.unwrap().id;
    let refused = lab.acme.check(&id).await.unwrap_err().to_string();
    assert!(refused.contains("unauthenticated") && refused.contains("invalid_client"), "{refused}");
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Failed);
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert!(health.state == HealthState::Reconnect && health.why.contains("enter them again"), "{health:?}");
}
