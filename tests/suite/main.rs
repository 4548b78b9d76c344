//! The whole, proven from outside: the components as they ship, over real TLS, against servers that behave like the vendors.

mod bad_files;
mod bad_vendors;
mod components;
mod dependencies;
mod interruption;
mod program;
mod requests;
mod secrets;
mod tidy;
mod truth;
