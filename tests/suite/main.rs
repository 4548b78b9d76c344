//! The whole, proven from outside: the components as they ship, over real TLS, against servers that behave like the vendors.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

mod actions;
mod audit;
mod authoring;
mod bad_files;
mod bad_vendors;
mod budgets;
mod compiling;
mod components;
mod connections;
mod credentials;
mod dependencies;
#[cfg(target_os = "linux")]
mod disks;
mod exports;
mod holding;
mod interruption;
#[cfg(target_os = "linux")]
mod keyring;
mod keys;
mod mapping;
mod new_connector;
mod notices;
mod odd_rows;
mod people;
mod program;
mod provided;
mod requests;
mod resyncing;
mod rooms;
mod schedule;
mod scopes;
mod secrets;
mod serving;
mod shared;
#[cfg(target_os = "linux")]
mod sweep;
mod tidy;
mod tokens;
mod truth;
