//! Notices on their way: signed webhooks to a real receiver, repeats, dead letters, and hostile places.

mod audited;
mod courier;
mod mail;
mod places;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount::sandbox::egress::EgressOptions;
use headcount::store::{Cause, Connection, Contact, DeliveryState, NewNotice};
use headcount::{Clock, Courier, CourierOptions, Headcount, MailOptions, Secret, Sent, Tenant, Timestamp};
use headcount_tests::{HandClock, Receiver, Request};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const URL: &str = "https://hooks.example.com/headcount?team=7";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A host with one connection, and a clock.
struct World {
    host: Headcount,
    acme: Tenant,
    clock: Arc<HandClock>,
    _data: TempDir,
}

impl World {
    async fn new(egress: EgressOptions) -> Self {
        let data = TempDir::new().unwrap();
        let host = Headcount::builder(data.path()).egress(egress).open().await.unwrap();
        let acme = host.tenant("acme".parse().unwrap());
        let settings = headcount::model::manifest::Settings {
            values: Default::default(),
            base_url: "https://vendor.example".into(),
            hosts: vec![],
        };
        let (id, connector) = ("tines".parse().unwrap(), "tines".parse().unwrap());
        let mut connection = Connection::new(acme.id().clone(), id, connector, settings, Timestamp::from_micros(0));
        connection.name = "Tines\r\nBcc: everybody@example.com".into();
        connection.contacts = vec![
            Contact { name: "Ana \"A\" Sousa\r\nBcc: eve@example.com".into(), email: "ana@example.com".into() },
            Contact { name: "Eve".into(), email: "eve@example.com>\r\nBcc: <all@example.com".into() },
        ];
        host.store().put_connection(&connection).await.unwrap();
        let clock = Arc::new(HandClock::at(Timestamp::now()));
        World { host, acme, clock, _data: data }
    }

    /// One that reaches this receiver by its name, and soon has enough of it.
    async fn with(receiver: &Receiver) -> Self {
        World::new(EgressOptions { response_timeout: Duration::from_millis(300), ..reaching(receiver) }).await
    }

    /// One that waits for its answers.
    async fn patient(receiver: &Receiver) -> Self {
        World::new(reaching(receiver)).await
    }

    fn options(&self) -> CourierOptions {
        let mut options = CourierOptions::default();
        options.clock = self.clock.clone();
        // A place for each, so that one turn is all there is to do.
        options.each_tenant = options.at_once;
        options
    }

    fn courier(&self, mail: Option<MailOptions>) -> Courier {
        let mut options = self.options();
        options.mail = mail;
        self.host.courier(options).unwrap()
    }

    fn notice(&self, cause: Cause) -> NewNotice {
        NewNotice {
            tenant: self.acme.id().clone(),
            connection: "tines".parse().unwrap(),
            cause,
            session: None,
            at: self.clock.now(),
            what: "the credential of tines no longer works: 401".into(),
            next: "enter a new one".into(),
        }
    }

    async fn webhook(&self) {
        let made = self.acme.add_webhook(&"ops".parse().unwrap(), URL, Some(Secret::new(SECRET.into()))).await.unwrap();
        assert!(made.is_none(), "a secret was brought");
    }

    async fn contacts(&self, contacts: &[&str]) {
        let mut connection = self.acme.connection(&"tines".parse().unwrap()).await.unwrap();
        connection.contacts = contacts.iter().map(|email| Contact { name: String::new(), email: (*email).into() }).collect();
        self.host.store().put_connection(&connection).await.unwrap();
    }

    /// With Ana as the only contact.
    async fn without_bad_contacts(&self) {
        self.contacts(&["ana@example.com"]).await;
    }

    async fn raise(&self, cause: Cause) {
        self.host.store().raise(&self.notice(cause)).await.unwrap().unwrap();
    }

    async fn recover(&self, cause: Cause) {
        self.host.store().recover(&self.notice(cause)).await.unwrap().unwrap();
    }

    async fn dead(&self) -> Vec<String> {
        let dead = self.acme.deliveries(Some(DeliveryState::Dead), 10).await.unwrap();
        dead.into_iter().map(|one| one.problem.unwrap()).collect()
    }
}

/// Egress that reaches this receiver by its name, as the operator opened it for messages.
fn reaching(receiver: &Receiver) -> EgressOptions {
    let mut egress = EgressOptions::default();
    egress.resolve.insert("hooks.example.com".to_owned(), receiver.address);
    egress.message_hosts.insert("hooks.example.com".to_owned());
    egress.extra_ca_pem.push(receiver.authority.clone());
    egress
}

/// What a turn comes to: delivered, again, dead.
async fn turn(courier: &Courier) -> (u32, u32, u32) {
    let Sent { delivered, again, dead, .. } = courier.turn().await.unwrap();
    (delivered, again, dead)
}

/// HMAC-SHA256, written from RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Checks a webhook as Standard Webhooks tells receivers to.
fn verify(request: &Request, now: Timestamp) {
    let header = |name: &str| request.headers.get(name).unwrap_or_else(|| panic!("{name} is missing")).clone();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let age = now.micros() / 1_000_000 - timestamp.parse::<i64>().unwrap();
    assert!((0..300).contains(&age), "{age} s old");
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &request.body].concat();
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(hmac(&key, &signed))));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cause_is_sent_once_signed_and_once_more_when_it_has_passed() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let courier = world.courier(None);
    world.raise(Cause::Reconnect).await;
    assert_eq!(turn(&courier).await, (1, 0, 0));
    assert_eq!(turn(&courier).await, (0, 0, 0), "once");
    world.recover(Cause::Reconnect).await;
    assert_eq!(turn(&courier).await, (1, 0, 0));
    let got = receiver.requests();
    assert_eq!(got.len(), 2);
    for request in &got {
        verify(request, world.clock.now());
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/headcount?team=7"));
        assert_eq!(request.headers["content-type"], "application/json");
    }
    assert_ne!(got[0].headers["webhook-id"], got[1].headers["webhook-id"]);
    let event = |at: usize| serde_json::from_slice::<serde_json::Value>(&got[at].body).unwrap();
    assert_eq!((&event(0)["type"], &event(1)["type"]), (&"notice.raised".into(), &"notice.recovered".into()));
    let data = event(0)["data"].clone();
    assert_eq!((&data["tenant"], &data["connection"], &data["cause"]), (&"acme".into(), &"tines".into(), &"reconnect".into()));
    assert!(data["what"].as_str().unwrap().contains("401") && data["next"] == "enter a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_later_under_the_same_id_and_is_a_dead_letter_in_the_end() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let courier = world.courier(None);
    world.raise(Cause::RunFailed).await;
    receiver.answer(503);
    assert_eq!(turn(&courier).await, (0, 1, 0));
    assert_eq!(turn(&courier).await, (0, 0, 0), "not at once");
    for attempt in 2..8 {
        world.clock.pass(Duration::from_secs(16 * 3_600));
        assert_eq!(turn(&courier).await, (0, 1, 0), "attempt {attempt}");
    }
    world.clock.pass(Duration::from_secs(16 * 3_600));
    assert_eq!(turn(&courier).await, (0, 0, 1));
    assert_eq!(world.dead().await, ["the receiver answers 503"]);
    world.clock.pass(Duration::from_secs(99 * 3_600));
    assert_eq!(turn(&courier).await, (0, 0, 0), "given up");
    receiver.answer(200);
    assert_eq!(world.acme.redeliver(Some(1)).await.unwrap(), 1);
    world.clock.set(Timestamp::from_micros(world.clock.now().micros().max(Timestamp::now().micros())));
    assert_eq!(turn(&courier).await, (1, 0, 0));
    let ids: std::collections::BTreeSet<String> =
        receiver.requests().iter().map(|request| request.headers["webhook-id"].clone()).collect();
    assert_eq!((receiver.requests().len(), ids.len()), (9, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_a_receiver_that_is_gone_is_not_asked_again_and_one_that_hangs_keeps_nobody() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let courier = world.courier(None);
    for (status, cause, expected) in
        [(307, Cause::Held, (0, 1, 0)), (410, Cause::Overran, (0, 0, 1)), (0, Cause::RunFailed, (0, 1, 0))]
    {
        receiver.answer(status);
        world.raise(cause).await;
        assert_eq!(turn(&courier).await, expected, "{status}");
    }
    assert_eq!(receiver.requests().len(), 3, "one each");
    let waiting = world.acme.deliveries(Some(DeliveryState::Waiting), 10).await.unwrap();
    let problems: Vec<&str> = waiting.iter().filter_map(|one| one.problem.as_deref()).collect();
    assert!(problems[0].contains("took longer") && problems[1].contains("307"), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_signs_opens_for_its_url_alone_and_survives_a_new_key() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    // Somebody with the database in his hands points the channel elsewhere.
    let database = rusqlite::Connection::open(world._data.path().join("headcount.db")).unwrap();
    let moved = URL.replace("headcount", "elsewhere");
    let target = serde_json::json!({ "kind": "webhook", "url": moved }).to_string();
    database.execute("UPDATE channels SET target = ?1", [&target]).unwrap();
    world.raise(Cause::Held).await;
    let courier = world.courier(None);
    assert_eq!(turn(&courier).await, (0, 0, 1));
    assert!(world.dead().await[0].contains("remove the channel and add it again"), "{:?}", world.dead().await);
    assert!(receiver.requests().is_empty());
    let target = serde_json::json!({ "kind": "webhook", "url": URL }).to_string();
    database.execute("UPDATE channels SET target = ?1", [&target]).unwrap();
    drop(database);

    let World { host, acme, clock, _data: data } = world;
    drop((host, acme, courier));
    let rotation = Headcount::builder(data.path()).rotate_key().await.unwrap();
    assert_eq!((rotation.resealed, rotation.silent.len()), (1, 0));
    let host = Headcount::builder(data.path()).egress(reaching(&receiver)).open().await.unwrap();
    let acme = host.tenant("acme".parse().unwrap());
    acme.redeliver(None).await.unwrap();
    clock.set(Timestamp::from_micros(clock.now().micros().max(Timestamp::now().micros())));
    let world = World { host, acme, clock, _data: data };
    assert_eq!(turn(&world.courier(None)).await, (1, 0, 0));
    verify(&receiver.requests()[0], world.clock.now());
}
