//! Between the component's exports and a connector. Used by [`connector!`](crate::connector!) alone.

use std::sync::Once;

pub use crate::contract::connector::export_connector as export;
pub use crate::contract::connector::exports::headcount::connector::api::Guest;

use crate::contract::connector::headcount::connector::config;
use crate::transport::wasi::Wasi;
use crate::{Connector, Failure, Outcome, Page, Result, Scope, Vendor};

/// Runs `check`.
///
/// # Errors
/// The connector's own, or `invalid-configuration`.
pub fn check<C: Connector>() -> Result<Scope> {
    C::check(&vendor::<C>()?)
}

/// Runs `read`.
///
/// # Errors
/// The connector's own, or `invalid-configuration`.
pub fn read<C: Connector>(feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
    C::read(&vendor::<C>()?, feed, parent, cursor)
}

/// Runs `invoke`.
///
/// # Errors
/// The connector's own, `invalid-input` where the input is no JSON, or `invalid-configuration`.
pub fn invoke<C: Connector>(action: &str, input: &str) -> Result<Outcome> {
    let input = serde_json::from_str(input).map_err(|_| Failure::invalid_input("", "The input is not JSON."))?;
    C::invoke(&vendor::<C>()?, action, input)
}

fn vendor<C: Connector>() -> Result<Vendor<C::Config>> {
    static HOOK: Once = Once::new();
    // A trap says only "unreachable"; the log is shown with it.
    HOOK.call_once(|| std::panic::set_hook(Box::new(|panic| crate::log::error(panic.to_string()))));
    Vendor::new(&config::get(), Wasi)
}
