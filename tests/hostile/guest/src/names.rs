//! Host names that the manifest allows, and that stand for addresses inside.

use headcount_connector::Failure;

use crate::attack::attacks;
use crate::http::{Ask, reach, setting};

attacks!(name_that_stands_for_loopback);

/// Asks for `/` of a host below the attacker's domain, at the port of the server inside.
fn knock(label: &str) -> Failure {
    let inside = setting("inside");
    let port = inside.rsplit(':').next().unwrap_or_default();
    reach([Ask::get(format!("{label}.mallory.example:{port}"), "/")])
}
