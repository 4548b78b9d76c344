//! What manifests, settings, times and ids accept and refuse, and how they say so.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod asking;
mod bombs;
mod manifests;
mod merging;
mod settings;
mod times;
