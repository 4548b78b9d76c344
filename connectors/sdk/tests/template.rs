//! What `headcount connector new` writes is good Rust, and its own tests pass.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

#[path = "../../../host/cli/src/commands/connector/new/lib.rs"]
mod acme;
