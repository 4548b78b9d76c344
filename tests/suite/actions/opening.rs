//! What somebody changes while a connection is opened for an action, which can take minutes: what counts is what is so when the
//! vendor is asked.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use headcount::{
    ActionFilter, ActionState, ConnectionId, CredentialSource, Draft, Error, Headcount, Manifest, Provided, Secret, SourceError,
    Tenant, Wanted, async_trait,
};
use headcount_tests::{compiler, component, egress};
use headcount_vendors::{Company, Options, Servers, Vendor};
use serde_json::json;

use super::request;

/// A vault that does something else, once, before it gives the key.
struct Meddler {
    key: String,
    host: OnceLock<Headcount>,
    next: Mutex<Option<Meddling>>,
}

enum Meddling {
    /// Another version of the connector is installed.
    Update(&'static str),
    /// All actions are stopped.
    Stop,
    /// The connection permits nothing any more.
    Forbid,
}

#[async_trait]
impl CredentialSource for Meddler {
    async fn secrets(&self, wanted: &Wanted) -> Result<Provided, SourceError> {
        let next = self.next.lock().unwrap().take();
        if let (Some(next), Some(host)) = (next, self.host.get()) {
            let tenant = host.tenant(wanted.tenant.clone());
            match next {
                Meddling::Update(version) => drop(host.replace(of_version(version)).await.unwrap()),
                Meddling::Stop => tenant.stop_actions("ruth", None).await.unwrap(),
                Meddling::Forbid => drop(tenant.forbid_actions(&wanted.connection, &[]).await.unwrap()),
            }
        }
        Ok(Provided::new("vault", "1").secret("api-key", Secret::new(self.key.clone())))
    }
}

fn of_version(version: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/tines/manifest.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("version = ")).unwrap();
    let manifest = Manifest::from_toml(&text.replacen(line, &format!("version = \"{version}\""), 1)).unwrap();
    headcount::sandbox::pack(&component("tines").unwrap(), &manifest).unwrap()
}

struct World {
    servers: Servers,
    vault: Arc<Meddler>,
    acme: Tenant,
    id: ConnectionId,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let servers = Servers::start(Company::new(7, 20), Options::default()).await.unwrap();
        let vault = Arc::new(Meddler { key: servers.secret(Vendor::Tines), host: OnceLock::new(), next: Mutex::default() });
        let data = tempfile::tempdir().unwrap();
        let builder = Headcount::builder(data.path()).egress(egress(&servers)).compiler(compiler().unwrap());
        let host = builder.credential_source(vault.clone(), Duration::from_secs(600)).open().await.unwrap();
        host.install(component("tines").unwrap()).await.unwrap();
        assert!(vault.host.set(host.clone()).is_ok());
        let acme = host.tenant("acme".parse().unwrap());
        let draft = Draft::new("tines".parse().unwrap(), "tines".parse().unwrap()).provided("api-key");
        let draft = servers.settings(Vendor::Tines).into_iter().fold(draft, |draft, (field, value)| draft.setting(field, value));
        let id = acme.connect(draft).await.unwrap().id;
        acme.permit_actions(&id, &[], "ruth", None).await.unwrap();
        World { servers, vault, acme, id, _data: data }
    }

    /// Asks for an action while that happens; gives why it was not done, and what stands in the history.
    async fn act_while(&self, meddling: Meddling) -> (Error, ActionState) {
        *self.vault.next.lock().unwrap() = Some(meddling);
        let user = self.servers.truth(Vendor::Tines).users[0].id.clone();
        let error = self.acme.act(&self.id, &request("deactivate", json!({ "user-id": user }))).await.unwrap_err();
        assert!(self.servers.requests(Vendor::Tines).is_empty(), "the vendor was asked");
        (error, self.acme.action_runs(&ActionFilter::default()).await.unwrap().remove(0).state)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_done_by_the_component_that_was_looked_at_or_not_at_all() {
    let world = World::new().await;
    let (error, state) = world.act_while(Meddling::Update("8.0.0")).await;
    assert!(matches!(&error, Error::Changed(what) if what == "connector tines"), "{error}");
    assert_eq!(state, ActionState::Failed);
    // What looks at nothing first is done by the newer one.
    *world.vault.next.lock().unwrap() = Some(Meddling::Update("9.0.0"));
    world.acme.check(&world.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_stopped_or_forbidden_meanwhile_is_not_done() {
    let world = World::new().await;
    let (error, state) = world.act_while(Meddling::Forbid).await;
    assert!(matches!(error, Error::ActionForbidden { .. }) && state == ActionState::Forbidden, "{error}");
    world.acme.permit_actions(&world.id, &[], "ruth", None).await.unwrap();
    let (error, state) = world.act_while(Meddling::Stop).await;
    assert!(matches!(error, Error::ActionForbidden { .. }) && state == ActionState::Forbidden, "{error}");
}
