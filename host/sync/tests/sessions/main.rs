//! Sessions against a scripted source and a real SQLite store: what may be applied, and above all what may be removed.

mod completeness;
mod failures;
mod parents;
mod scopes;
mod script;
