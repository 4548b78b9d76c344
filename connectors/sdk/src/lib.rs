//! Write a Headcount connector in Rust: say what a vendor's rows mean, and leave paging, failures and transport to this crate.
//!
//! # A connector
//! ```
//! use headcount_connector::prelude::*;
//!
//! // ?page=1&per_page=100, until a page is empty.
//! const LIST: Paging = Paging::pages("page", 1).size("per_page", 100);
//!
//! #[derive(Deserialize)]
//! struct Person { id: u64, email: String, name: String }
//!
//! struct Hello;
//!
//! impl Connector for Hello {
//!     type Config = Value;
//!
//!     fn check(vendor: &Vendor<Value>) -> Result<Scope> {
//!         Scope::of("hello").probe("people", vendor.get("/people").query("per_page", 1))
//!     }
//!
//!     fn read(vendor: &Vendor<Value>, _feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
//!         vendor.get("/people").list(&LIST, cursor, "people")?.of(Kind::User).each(|p: Person, raw, out| {
//!             out.user(User {
//!                 id: p.id.to_string(), email: Some(p.email), display_name: Some(p.name),
//!                 attributes: raw.attributes(), ..Default::default()
//!             });
//!         })
//!     }
//! }
//!
//! connector!(Hello);
//!
//! // Its test, in plain `cargo test`.
//! let vendor = TestVendor::<Hello>::new(json!({}))
//!     .on("GET /people?page=1", Reply::json(json!({ "people": [{ "id": 7, "email": "ada@example.com", "name": "Ada" }] })))
//!     .on("GET /people?page=2", Reply::json(json!({ "people": [] })));
//! let page = vendor.read_all("people").unwrap();
//! assert_eq!(page.users()[0].email.as_deref(), Some("ada@example.com"));
//! ```
//!
//! # What helps with what
//! | for | there is |
//! |---|---|
//! | settings | [`Vendor::config`]: `#[serde(rename_all = "kebab-case")]` on your `Config` |
//! | a request | [`Vendor::get`] and its like, [`path!`] for values in paths, [`Request::query`], [`Request::body`] |
//! | its answer | [`Request::json`], [`Request::send`] (2xx or a [`Failure`]), [`Request::answer`] (any status) |
//! | several at once | [`Vendor::all`], [`Scope::probe_all`] |
//! | a list | [`Request::list`] with a [`Paging`] constant, [`List::each`] |
//! | several lists as one | [`Part`] |
//! | an id, text or number | [`Id`] |
//! | a row's own fields | [`Raw::attributes`], [`Raw::without`] for those that must not be kept, [`Raw::fields`] for one at a time |
//! | records | [`Out`], [`Reference`], [`Grant::new`] |
//! | an action | [`input`], [`Outcome::done`], [`Records::gather`] (which says whether it has all), [`Out::records`] |
//! | a refusal | [`Failure::explain`] for what the vendor's codes mean |
//! | time, randomness, log | [`now`], [`rfc3339`], [`random_bytes`], [`log`] |
//! | tests | [`testing::TestVendor`], or a [`Transport`] of your own |
//!
//! A row that can't be read is skipped with its id rather than failing the page; say with [`List::of`] what the rows are.
//! Statuses become failures as [`Response::checked`] lists.
//!
//! # In a component
//! The crate is a `cdylib` for `wasm32-unknown-unknown`, made a component by `headcount connector pack`. There are no files, no
//! environment, no sockets and no threads; `SystemTime::now` and the `getrandom` crate fail there. A connector keeps nothing between
//! calls.

#[doc(hidden)]
pub mod contract;
mod failure;
mod fields;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod id;
mod json;
mod list;
mod moment;
mod out;
mod outcome;
mod paging;
mod part;
mod path;
mod platform;
mod raw;
mod records;
mod request;
mod response;
mod scope;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod transport;
mod vendor;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use contract::connector::headcount::connector::model::{
    Access, AccountType, Application, Asset, Fact, Failure, FailureCode, FeedAccess, Grant, Group, Kind, License, LicenseState,
    Outcome, Page, Progress, Records, Reference, Role, Scope, Skipped, User, UserStatus,
};
pub use fields::Fields;
pub use id::Id;
pub use list::List;
pub use out::Out;
pub use paging::{End, Paging};
pub use part::Part;
pub use path::Path;
pub use platform::{MOST_RANDOM, log, now, random_bytes, rfc3339};
pub use raw::Raw;
pub use records::Gathered;
pub use request::Request;
pub use response::Response;
pub use transport::{HttpRequest, HttpResponse, MOST_AT_ONCE, MOST_BYTES, Transport};
pub use vendor::Vendor;

/// What a connector's functions give back.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A connector: what it asks one vendor, and what the answers mean. No state between calls matters.
pub trait Connector {
    /// The connection's settings: the manifest's fields, without secrets. `Value` where there are none.
    type Config: DeserializeOwned;

    /// Asks the vendor who the credential is. Called before each session.
    ///
    /// # Errors
    /// The credential is not accepted, or the vendor can't be asked.
    fn check(vendor: &Vendor<Self::Config>) -> Result<Scope>;

    /// Reads one page of a feed of the manifest. `parent` is the id of the record that the feed is read for, where the manifest names
    /// a parent feed; `cursor` is what the page before gave.
    ///
    /// # Errors
    /// The page can't be read. The failure's code says what the host does about it.
    fn read(vendor: &Vendor<Self::Config>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page>;

    /// Does one action of the manifest. `input` fits its schema; [`input`] makes a value of it.
    ///
    /// # Errors
    /// It could not be done. Without this function: `unsupported`.
    fn invoke(vendor: &Vendor<Self::Config>, action: &str, input: Value) -> Result<Outcome> {
        let _ = (vendor, input);
        Err(Failure::unsupported(format_args!("action {action}")))
    }
}

/// An action's input as a value.
///
/// # Errors
/// `invalid-input`, naming the field where it is missing or unknown.
pub fn input<T: DeserializeOwned>(input: Value) -> Result<T> {
    serde_json::from_value(input).map_err(|error| {
        let reason = failure::reason(&error);
        Failure::invalid_input(failure::field_in(&reason), format_args!("The input can't be read: {reason}."))
    })
}

/// Makes a type that implements [`Connector`] the component's connector. Once in a crate.
#[macro_export]
macro_rules! connector {
    ($connector:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::guest::Guest for Exported {
                fn check() -> $crate::Result<$crate::Scope> {
                    $crate::guest::check::<$connector>()
                }

                fn read(
                    feed: ::std::string::String,
                    parent: ::std::option::Option<::std::string::String>,
                    cursor: ::std::option::Option<::std::string::String>,
                ) -> $crate::Result<$crate::Page> {
                    $crate::guest::read::<$connector>(&feed, parent.as_deref(), cursor.as_deref())
                }

                fn invoke(action: ::std::string::String, input: ::std::string::String) -> $crate::Result<$crate::Outcome> {
                    $crate::guest::invoke::<$connector>(&action, &input)
                }
            }

    $crate::guest::export!(Exported with_types_in $crate::contract::connector);
        };

        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || {
            fn is_a_connector<C: $crate::Connector>() {}
            is_a_connector::<$connector>();
        };
    };
}

/// Everything that a connector usually names.
pub mod prelude {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::testing::{Reply, TestVendor};
    pub use crate::{
        Access, AccountType, Application, Asset, Connector, End, Failure, FailureCode, Fields, Grant, Group, Id, Kind, License,
        LicenseState, List, Out, Outcome, Page, Paging, Part, Progress, Raw, Records, Reference, Request, Response, Result, Role,
        Scope, User, UserStatus, Vendor, connector, input, log, path,
    };
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}
