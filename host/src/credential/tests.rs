//! Credentials of a tenant's on a host without connectors' code: sealed, sealed anew, and used by one connection alone where they
//! must.

use headcount_model::{ConnectionId, CredentialName, Digest, Manifest, Secret, Timestamp};
use headcount_store::InstalledConnector;

use crate::{Draft, Error, Headcount, NamedCredentialError, Tenant};

const MANIFEST: &str = r#"
id = "example"
name = "Example"
version = "1.0.0"
base-url = "https://{domain}/v1"
vendor = { name = "Example" }
auth = [{ type = "bearer", secret = "token" }]
config = [
    { name = "domain", label = "Domain", type = "host", host-suffixes = [".example.com"] },
    { name = "team", label = "Team" },
    { name = "token", label = "Token", type = "secret" },
]
feeds = [{ name = "users", proves = ["user"] }]
"#;

const USED_UP: &str =
    r#"auth = [{ type = "oauth-refresh-token", client-id = "team", secret = "token", token-url = "https://{domain}/token" }]"#;

async fn tenant(data: &std::path::Path, manifest: &str) -> Tenant {
    let host = Headcount::open(data).await.unwrap();
    let manifest = Manifest::from_toml(manifest).unwrap();
    let (id, digest) = (manifest.id.clone(), Digest::from_bytes([7; 32]));
    let connector = InstalledConnector { id, digest, manifest, size: 1, installed_at: Timestamp::now() };
    host.store().put_connector(&connector).await.unwrap();
    host.tenant("acme".parse().unwrap())
}

fn name() -> CredentialName {
    "all".parse().unwrap()
}

fn token(text: &str) -> Vec<(String, Secret)> {
    vec![("token".to_owned(), Secret::new(text.to_owned()))]
}

fn draft(id: &str) -> Draft {
    Draft::new(id.parse().unwrap(), "example".parse().unwrap()).setting("domain", "a.example.com").setting("team", "7")
}

async fn added(acme: &Tenant) {
    let hosts = [("domain".to_owned(), "a.example.com".into())].into();
    acme.add_credential(name(), &"example".parse().unwrap(), &hosts, token("as it was entered")).await.unwrap();
}

#[tokio::test]
async fn a_new_key_seals_credentials_anew_too() {
    let data = tempfile::tempdir().unwrap();
    let id: ConnectionId = "one".parse().unwrap();
    {
        let acme = tenant(data.path(), MANIFEST).await;
        added(&acme).await;
        acme.connect(draft("one").credential(name())).await.unwrap();
        acme.connect(draft("own").secret("token", Secret::new("its own".to_owned()))).await.unwrap();
    }
    let rotation = Headcount::builder(data.path()).rotate_key().await.unwrap();
    assert_eq!((rotation.resealed, rotation.unreadable.len()), (2, 0));
    let acme = tenant(data.path(), MANIFEST).await;
    let connection = acme.connection(&id).await.unwrap();
    let manifest = Manifest::from_toml(MANIFEST).unwrap();
    let opened = acme.inner.secrets(&manifest, &connection).await.unwrap();
    assert_eq!(opened.credentials.get("token").unwrap().expose(), "as it was entered");
    assert_eq!(opened.used.unwrap().name, "all");
}

#[tokio::test]
async fn a_credential_takes_the_settings_that_form_its_hosts_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let acme = tenant(data.path(), MANIFEST).await;
    let example = "example".parse().unwrap();
    let with = |field: &str, value: &str| [(field.to_owned(), value.into())].into();
    let refused = acme.add_credential(name(), &example, &Default::default(), token("x")).await.unwrap_err().to_string();
    assert!(refused.contains("domain: is missing"), "{refused}");
    assert!(acme.add_credential(name(), &example, &with("domain", "evil.example"), token("x")).await.is_err());
    assert!(acme.add_credential(name(), &example, &with("team", "7"), token("x")).await.is_err());
    let none = acme.add_credential(name(), &example, &with("domain", "a.example.com"), Vec::new()).await.unwrap_err();
    assert!(matches!(none, Error::Secret { .. }), "{none}");
    added(&acme).await;
    let hosts = with("domain", "b.example.com");
    assert!(matches!(
        acme.add_credential(name(), &example, &hosts, token("another")).await,
        Err(Error::Named(NamedCredentialError::Exists(..)))
    ));
}

#[tokio::test]
async fn a_refresh_token_that_works_once_is_one_connections() {
    let data = tempfile::tempdir().unwrap();
    let manifest = MANIFEST.replace(r#"auth = [{ type = "bearer", secret = "token" }]"#, USED_UP);
    let acme = tenant(data.path(), &manifest).await;
    added(&acme).await;
    acme.connect(draft("one").credential(name())).await.unwrap();
    let refused = acme.connect(draft("two").credential(name())).await.unwrap_err().to_string();
    assert!(refused.contains("work once"), "{refused}");
    assert_eq!(acme.connections().await.unwrap().len(), 1);
}
