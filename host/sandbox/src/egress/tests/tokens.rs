//! Access tokens: got out of the connector's sight, kept while they hold, and never told to anybody.

mod refused;
mod rotation;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use headcount_model::FailureCode;
use http::StatusCode;

use super::server::{Answer, Seen, said, status};
use super::*;
use crate::vault::{CredentialKeeper, Refused, TokenError};

const TOKEN_URL: &str = "https://api.example.com/v1/oauth/token";
const CLIENT_SECRET: &str = "cs-9876543210-zyxwvutsrq";
const REFRESH_TOKEN: &str = "rt-first-0123456789abcdef";

/// A vendor with a token endpoint, which is told how often it was asked before, and an API.
async fn vendor(
    token: impl Fn(usize) -> Answer + Send + Sync + 'static,
    api: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
) -> Server {
    let asked = AtomicUsize::new(0);
    Server::new(move |seen| match seen.uri.as_str() {
        "/v1/oauth/token" => token(asked.fetch_add(1, Ordering::Relaxed)),
        _ => api(seen),
    })
    .await
}

fn given(token: &str, more: &str) -> Answer {
    said(format!(r#"{{"access_token":"{token}","token_type":"Bearer"{more}}}"#))
}

/// The token that the vendor gives first, second, …
fn numbered(number: usize) -> String {
    format!("at-{number}-0123456789abcdef")
}

fn problem(code: u16, body: &str) -> Answer {
    let mut answer = said(body.to_owned());
    *answer.status_mut() = StatusCode::from_u16(code).unwrap();
    answer
}

fn oauth(kind: &str) -> Manifest {
    let text = format!(
        r#"
id = "example"
name = "Example"
version = "1.0.0"
base-url = "https://api.example.com/v1"
read-requests = ["POST /search"]
vendor = {{ name = "Example" }}
auth = [
    {{ {kind}, client-id = "client", token-url = "{TOKEN_URL}", scopes = ["read:users", "read:roles"] }},
    {{ type = "header", secret = "api-key", name = "x-api-key" }},
]
config = [
    {{ name = "client", label = "Client" }},
    {{ name = "client-secret", label = "Client secret", type = "secret", required = false }},
    {{ name = "refresh-token", label = "Refresh token", type = "secret", required = false }},
    {{ name = "api-key", label = "API key", type = "secret" }},
]
feeds = [{{ name = "users", proves = ["user"] }}]
"#
    );
    // A secret that nothing uses is refused.
    let unused = text.lines().filter(|line| kind.contains("refresh") || !line.contains("name = \"refresh-token\""));
    let text: String = unused.map(|line| format!("{line}\n")).collect();
    Manifest::from_toml(&text).unwrap()
}

const CLIENT: &str = r#"type = "oauth-client-credentials", secret = "client-secret", audience = "https://api""#;
const REFRESH: &str = r#"type = "oauth-refresh-token", secret = "refresh-token", client-secret = "client-secret", auth = "body""#;

fn secrets() -> Credentials {
    let secrets = [("client-secret", CLIENT_SECRET), ("refresh-token", REFRESH_TOKEN), ("api-key", SECRET)];
    secrets.into_iter().map(|(field, text)| (field.to_owned(), Secret::new(text.to_owned()))).collect()
}

/// A session of its own, in the same process.
fn session(egress: &Arc<Egress>, kind: &str, credentials: Credentials, budget: Budget) -> Arc<Gate> {
    let mut settings = settings();
    settings.values.insert("client".to_owned(), "me:you".into());
    let options = GateOptions { manifest: Arc::new(oauth(kind)), settings, credentials, ..gate_options(budget) };
    egress.gate(options).unwrap()
}

fn gate_of(server: &Server, kind: &str) -> Arc<Gate> {
    session(&Egress::new(options(server)).unwrap(), kind, secrets(), Budget::default())
}

fn exchanges(server: &Server) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.uri == "/v1/oauth/token").collect()
}

fn bearers(server: &Server) -> Vec<String> {
    let api = server.seen().into_iter().filter(|seen| seen.uri != "/v1/oauth/token");
    api.map(|seen| seen.headers["authorization"].to_str().unwrap().to_owned()).collect()
}

/// Remembers what it is given to keep, or refuses it.
#[derive(Default)]
struct Shelf {
    stored: Mutex<Option<String>>,
    is_full: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl CredentialKeeper for Shelf {
    async fn keep(&self, field: &str, secret: &Secret, _: &Secret) -> Result<(), String> {
        assert_eq!(field, "refresh-token");
        if self.is_full.load(Ordering::Relaxed) {
            return Err("the disk is full".to_owned());
        }
        *self.stored.lock().unwrap() = Some(secret.expose().to_owned());
        Ok(())
    }

    async fn stored(&self, _: &str) -> Result<Option<Secret>, String> {
        Ok(self.stored.lock().unwrap().clone().map(Secret::new))
    }
}

#[tokio::test]
async fn a_token_is_had_for_client_credentials_once_and_goes_on_every_request() {
    let server = vendor(|number| given(&numbered(number), r#","expires_in":3600"#), |_| said("[]")).await;
    let gate = gate_of(&server, CLIENT);
    for _ in 0..3 {
        assert_eq!(get(&gate, USERS).await.unwrap().status(), 200);
    }
    let [exchange] = exchanges(&server).try_into().unwrap();
    assert_eq!(exchange.method, "POST");
    assert_eq!(exchange.headers["content-type"], "application/x-www-form-urlencoded");
    // Id and secret are encoded as in a form before they are joined.
    assert_eq!(exchange.headers["authorization"], "Basic bWUlM0F5b3U6Y3MtOTg3NjU0MzIxMC16eXh3dnV0c3Jx");
    assert_eq!(exchange.body, "grant_type=client_credentials&scope=read%3Ausers%20read%3Aroles&audience=https%3A%2F%2Fapi");
    assert!(!exchange.headers.contains_key("x-api-key"), "the connection's other credential went along");
    assert_eq!(bearers(&server), vec![format!("Bearer {}", numbered(0)); 3]);
    assert_eq!(gate.meter().usage().requests, 4);
    let events = format!("{:?}", gate.events());
    assert!(events.contains("/v1/oauth/token") && !events.contains(CLIENT_SECRET) && !events.contains(&numbered(0)), "{events}");
}

#[tokio::test]
async fn sessions_of_one_connection_share_a_token_until_the_secret_changes() {
    let server = vendor(|number| given(&numbered(number), r#","expires_in":3600"#), |_| said("[]")).await;
    let egress = Egress::new(options(&server)).unwrap();
    for _ in 0..2 {
        get(&session(&egress, CLIENT, secrets(), Budget::default()), USERS).await.unwrap();
    }
    let mut changed = secrets();
    changed.insert("client-secret", Secret::new("another-client-secret".to_owned()));
    get(&session(&egress, CLIENT, changed, Budget::default()), USERS).await.unwrap();
    assert_eq!(bearers(&server), [0, 0, 1].map(|number| format!("Bearer {}", numbered(number))));
}

#[tokio::test]
async fn a_token_that_is_said_not_to_hold_is_used_until_it_is_refused() {
    let server = vendor(|number| given(&numbered(number), r#","expires_in":0"#), |_| said("[]")).await;
    let gate = gate_of(&server, CLIENT);
    for _ in 0..3 {
        get(&gate, USERS).await.unwrap();
    }
    assert_eq!(bearers(&server), [0, 0, 0].map(|number| format!("Bearer {}", numbered(number))));
}

#[tokio::test]
async fn many_requests_at_once_wait_for_one_exchange() {
    let server = vendor(|number| given(&numbered(number), ""), |_| said("[]")).await;
    let gate = gate_of(&server, CLIENT);
    let answers = join_all((0..50).map(|_| get(&gate, USERS))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(exchanges(&server).len(), 1);

    let refuses = vendor(|_| problem(503, "{}"), |_| said("[]")).await;
    let gate = gate_of(&refuses, CLIENT);
    let answers = join_all((0..50).map(|_| get(&gate, USERS))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(Refusal::Token(TokenError::Unavailable { status: 503, .. })))));
    assert_eq!((exchanges(&refuses).len(), refuses.seen().len()), (1, 1));
    // Later it is worth another try.
    assert!(gate.token_failure().is_none());
    assert!(get(&gate, USERS).await.is_err());
    assert_eq!(exchanges(&refuses).len(), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_anew_once_and_the_request_repeated() {
    let good = |number| format!("Bearer {}", numbered(number));
    let server = vendor(
        |number| given(&numbered(number), ""),
        move |seen| if seen.headers["authorization"] == good(1).as_str() { said(seen.body.clone()) } else { problem(401, "") },
    )
    .await;
    let gate = gate_of(&server, CLIENT);
    let asked = Request::post("https://api.example.com/v1/search").body(Bytes::from_static(b"{\"q\":1}")).unwrap();
    assert_eq!(gate.send(&Purpose::Read, asked).await.unwrap().body(), "{\"q\":1}");
    assert_eq!(bearers(&server), [good(0), good(1)]);

    let never = vendor(|number| given(&numbered(number), ""), |_| problem(401, "")).await;
    assert_eq!(get(&gate_of(&never, CLIENT), USERS).await.unwrap().status(), 401);
    assert_eq!((exchanges(&never).len(), bearers(&never).len()), (2, 2));
}

#[tokio::test]
async fn a_connector_can_neither_reach_the_token_endpoint_nor_see_a_token() {
    let server =
        vendor(|number| given(&numbered(number), ""), |seen| said(seen.headers["authorization"].as_bytes().to_vec())).await;
    let gate = gate_of(&server, CLIENT);
    for url in [
        TOKEN_URL,
        "https://API.example.com:443/v1/oauth/token/?x=1",
        "https://api.example.com/v1/OAuth/Token",
        "https://api.example.com/v1/oauth/%74oken",
        "https://api.example.com/v1/oauth;v=1/token",
    ] {
        for method in ["GET", "POST"] {
            let refusal = gate.send(&Purpose::Read, request(method, url)).await.unwrap_err();
            assert!(matches!(refusal, Refusal::Policy(_)), "{url}: {refusal}");
        }
    }
    assert!(server.seen().is_empty());
    let echoed = get(&gate, USERS).await.unwrap();
    assert_eq!(String::from_utf8_lossy(echoed.body()), format!("Bearer {}", "*".repeat(numbered(0).len())));
    let mut leak = request("GET", &format!("{USERS}?q={}", numbered(0)));
    let refusal = gate.send(&Purpose::Read, leak).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Leak { field, .. } if field == "access token"), "{refusal}");
    leak = request("GET", USERS);
    leak.headers_mut().insert("authorization", "Bearer mine".parse().unwrap());
    assert!(matches!(gate.send(&Purpose::Read, leak).await, Err(Refusal::Header(_))));
}

#[tokio::test]
async fn the_operators_ceiling_holds_for_the_token_endpoint_too() {
    let server = Server::saying("[]").await;
    let mut manifest = oauth(CLIENT).to_json();
    manifest = manifest.replace(TOKEN_URL, "https://login.example.com/token");
    let mut settings = settings();
    settings.values.insert("client".to_owned(), "me".into());
    let ceiling = Ceiling::parse(["api.example.com"]).unwrap();
    let egress = Egress::new(EgressOptions { ceiling, ..options(&server) }).unwrap();
    let manifest = Arc::new(Manifest::from_json(manifest.as_bytes()).unwrap());
    let gate = egress.gate(GateOptions { manifest, settings, credentials: secrets(), ..gate_options(Budget::default()) });
    assert!(matches!(gate, Err(EgressError::Ceiling(place)) if place == "https://login.example.com/token"));
}
