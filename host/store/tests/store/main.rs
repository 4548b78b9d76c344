//! What the store promises, on SQLite.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't be set up has failed")]

mod access;
mod actions;
mod applying;
mod audit;
mod cancelling;
mod changes;
mod commons;
mod connections;
mod grants;
mod holding;
mod listing;
mod merging;
mod sessions;
mod tenants;
mod world;
