//! The same from connectors that were built for other versions of WASI.

use headcount_connector::Failure;
use headcount_connector::contract::wasi::wasi::http::types::{Method, Scheme};

use crate::attack::attacks;
use crate::http::{Ask, inside_port, reach};

attacks!(ask_through_a_newer_version, ask_through_an_older_version,);

/// One attack of each kind.
fn try_everything() -> Failure {
    let port = inside_port();
    reach([
        Ask::get(format!("127.0.0.1:{port}"), "/"),
        Ask::get(format!("loopback.mallory.example:{port}"), "/"),
        Ask::get("collector.evil.example", "/"),
        Ask::get("api.mallory.example", "/v1/../admin"),
        Ask::vendor("/").scheme(Scheme::Http),
        Ask::vendor("/act").method(Method::Post).body("{}"),
        Ask::vendor("/").header("authorization", "mine"),
        Ask::vendor("/").header("x-api-key", "mine"),
    ])
}
