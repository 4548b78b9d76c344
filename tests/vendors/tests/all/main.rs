//! The vendors' servers, tried as a client meets them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod determinism;
mod failures;
mod keys;
mod oracle;
mod paging;
mod quirks;
mod specs;
mod writes;
