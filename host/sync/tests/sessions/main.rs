//! Sessions against a scripted source and a real SQLite store: what may be applied, and above all what may be removed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod absences;
mod actions;
mod anew;
mod changed;
mod completeness;
mod dropped_lists;
mod failures;
mod filters;
mod mapped;
mod model;
mod parents;
mod property;
mod rereading;
mod resuming;
mod scopes;
mod script;
mod shared_records;
mod unproven;
