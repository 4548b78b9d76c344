//! Egress against real TLS servers on this machine.

mod audit;
mod bodies;
mod certificates;
mod connections;
mod crowding;
mod hooks;
mod leaving;
mod names;
mod placements;
mod protocols;
mod proxies;
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

/// Set for tests that run in a process of their own.
const CHILD: &str = "HEADCOUNT_TEST_CHILD";

/// Whether this process is the one in which `test` runs under another environment. In any other, runs it in such a one.
fn in_a_child(test: &str, environment: &[(&str, &str)]) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).envs(environment.iter().copied()).env(CHILD, "1");
    let child = child.output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    false
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
