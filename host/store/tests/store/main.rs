//! What the store promises, on SQLite.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't be set up has failed")]

mod absences;
mod access;
mod acme;
mod actions;
mod active;
mod applying;
mod audit;
mod cancelling;
mod catalogue;
mod changes;
mod commons;
mod confirmed;
mod connections;
mod decided;
mod deciding;
mod foreign;
mod gone;
mod grants;
mod holding;
mod inputs;
mod leavers;
mod listing;
mod merging;
mod notices;
mod out_of_scope;
mod outbox;
mod people;
mod resuming;
mod same;
mod schedules;
mod sessions;
mod slipping;
mod tenants;
mod unclaimed;
mod world;
