//! The fault matrix: everything that a vendor can do wrong, at every page of every list that the four connectors read. The verdict
//! for each stands in `matrix.md`; none ends in a wrong removal, and the next good sync heals them all.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod boundaries;
mod cell;
mod ghosts;
mod matrix;
mod nights;
mod troubles;
mod world;
