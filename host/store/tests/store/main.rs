//! What the store promises, on SQLite.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't be set up has failed")]

mod access;
mod applying;
mod audit;
mod cancelling;
mod catalogue;
mod changes;
mod connections;
mod decided;
mod grants;
mod holding;
mod leavers;
mod listing;
mod merging;
mod people;
mod sessions;
mod tenants;
mod world;
