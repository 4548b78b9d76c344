//! What `headcount connector new` writes is good Rust, and its own tests pass.

#[path = "../../../host/cli/src/commands/connector/new/lib.rs"]
mod acme;
