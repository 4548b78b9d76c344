//! Egress against real TLS servers on this machine.

mod audit;
mod bodies;
mod connections;
mod crowding;
mod hooks;
mod leaving;
mod names;
mod placements;
mod receiver;
mod repeats;
mod roots;
mod server;
mod tokens;
mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use headcount_model::manifest::Settings;
use headcount_model::{Manifest, Secret};
use http::{Request, Response};

use self::server::Server;
use super::*;
use crate::budget::{Budget, Meter};
use crate::vault::Credentials;

const SECRET: &str = "sk-0123456789-abcdefghij";
const USERS: &str = "https://api.example.com/v1/users";

/// Egress that knows a server as `api.example.com`, and trusts its authority.
fn options(server: &Server) -> EgressOptions {
    EgressOptions {
        resolve: BTreeMap::from([("api.example.com".to_owned(), server.address)]),
        extra_ca_pem: vec![server.authority.clone()],
        ..EgressOptions::default()
    }
}

fn settings() -> Settings {
    Settings { values: Default::default(), base_url: "https://api.example.com/v1".to_owned(), hosts: Vec::new() }
}

fn credentials() -> Credentials {
    [("api-key".to_owned(), Secret::new(SECRET.to_owned()))].into_iter().collect()
}

fn gate_options(budget: Budget) -> GateOptions {
    GateOptions {
        tenant: "acme".parse().unwrap(),
        connection: "example".parse().unwrap(),
        manifest: Arc::new(manifest()),
        settings: settings(),
        credentials: credentials(),
        meter: Meter::new(budget),
    }
}

/// A gate with everything at its default.
fn gate(server: &Server) -> Arc<Gate> {
    Egress::new(options(server)).unwrap().gate(gate_options(Budget::default())).unwrap()
}

fn request(method: &str, url: &str) -> Request<Bytes> {
    Request::builder().method(method).uri(url).body(Bytes::new()).unwrap()
}

async fn get(gate: &Arc<Gate>, url: &str) -> Result<Response<Bytes>, Refusal> {
    gate.send(&Purpose::Read, request("GET", url)).await
}

/// A manifest with a header credential, a read request and two actions.
pub(crate) fn manifest() -> Manifest {
    Manifest::from_toml(
        r#"
id = "example"
name = "Example"
version = "1.0.0"
base-url = "https://api.example.com/v1"
hosts = ["https://files.example.com/public"]
read-requests = ["POST /search/*"]

[vendor]
name = "Example"

[[config]]
name = "api-key"
label = "API key"
type = "secret"

[[auth]]
type = "header"
secret = "api-key"
name = "x-api-key"

[[feeds]]
name = "users"
proves = ["user"]

[[actions]]
name = "revoke"
label = "Revoke"
requests = ["DELETE /users/*/licenses"]
input = { type = "object" }

[[actions]]
name = "rename"
label = "Rename"
requests = ["PATCH /users"]
input = { type = "object" }
"#,
    )
    .unwrap()
}
