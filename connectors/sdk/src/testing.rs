//! A vendor that answers from a script, so that a connector is tested in plain `cargo test`.

mod script;

use std::sync::Arc;

use serde_json::Value;

use crate::{Connector, Failure, Outcome, Page, Progress, Result, Scope, Vendor};
pub use script::{Reply, Sent};
use script::{Rule, Script};

/// The base URL, unless the settings say another.
pub const BASE_URL: &str = "https://vendor.example";

/// More pages than this, and [`TestVendor::read_all`] gives up.
pub const MOST_PAGES: usize = 1_000;

/// A connector with a scripted vendor behind it.
///
/// Requests are described as `METHOD /path?name=value&…`, below the base URL; the parameters named must be there, others may be. The first description
/// that fits a request answers it. A request that none fits fails as `unexpected-response`, naming itself.
pub struct TestVendor<C: Connector> {
    settings: String,
    script: Arc<Script>,
    connector: std::marker::PhantomData<fn() -> C>,
}

impl<C: Connector> TestVendor<C> {
    /// A vendor that has no answers yet, for a connection with these settings (an object; `base-url` is added).
    pub fn new(settings: Value) -> Self {
        let mut settings = settings;
        if let Some(object) = settings.as_object_mut() {
            object.entry("base-url").or_insert_with(|| BASE_URL.into());
        }
        let base_url = settings.get("base-url").and_then(Value::as_str).unwrap_or(BASE_URL);
        let script = Arc::new(Script::new(base_url));
        TestVendor { settings: settings.to_string(), script, connector: std::marker::PhantomData }
    }

    /// Answers every request that fits.
    #[must_use]
    pub fn on(self, request: &str, reply: Reply) -> Self {
        self.script.add(Rule::new(request, reply, None));
        self
    }

    /// Answers the first request that fits, and no other.
    #[must_use]
    pub fn once(self, request: &str, reply: Reply) -> Self {
        self.script.add(Rule::new(request, reply, Some(1)));
        self
    }

    /// Runs `check`.
    ///
    /// # Errors
    /// The connector's own.
    pub fn check(&self) -> Result<Scope> {
        C::check(&self.vendor()?)
    }

    /// Reads one page.
    ///
    /// # Errors
    /// The connector's own.
    pub fn read(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        C::read(&self.vendor()?, feed, parent, cursor)
    }

    /// Reads a feed to its end, as one page.
    ///
    /// # Errors
    /// The connector's own; or a cursor that comes again, or more than [`MOST_PAGES`] pages.
    pub fn read_all(&self, feed: &str) -> Result<Page> {
        self.read_to_end(feed, None)
    }

    /// Reads a feed to its end for one parent, as one page.
    ///
    /// # Errors
    /// As [`read_all`](Self::read_all).
    pub fn read_all_of(&self, feed: &str, parent: &str) -> Result<Page> {
        self.read_to_end(feed, Some(parent))
    }

    /// Does an action. As in a component, the input passes through JSON text.
    ///
    /// # Errors
    /// The connector's own.
    pub fn invoke(&self, action: &str, input: Value) -> Result<Outcome> {
        C::invoke(&self.vendor()?, action, input)
    }

    /// The requests made so far, in order.
    pub fn requests(&self) -> Vec<Sent> {
        self.script.sent()
    }

    /// The vendor as the connector gets it.
    ///
    /// # Errors
    /// `invalid-configuration`: the settings are not what the connector's `Config` wants.
    pub fn vendor(&self) -> Result<Vendor<C::Config>> {
        Vendor::new(&self.settings, Arc::clone(&self.script))
    }

    fn read_to_end(&self, feed: &str, parent: Option<&str>) -> Result<Page> {
        let mut all = self.read(feed, parent, None)?;
        let mut cursors: Vec<String> = Vec::new();
        while let Progress::More(cursor) = &all.progress {
            let cursor = cursor.clone();
            if cursors.contains(&cursor) || cursors.len() >= MOST_PAGES {
                return Err(Failure::unexpected(format_args!("The feed {feed} never ends: its cursor {cursor:?} came again.")));
            }
            let page = self.read(feed, parent, Some(&cursor))?;
            cursors.push(cursor);
            all.records.append(page.records);
            if let Some(skipped) = page.skipped {
                all.skipped.get_or_insert_with(Vec::new).extend(skipped);
            }
            all.rows = all.rows.saturating_add(page.rows);
            all.total = page.total.or(all.total);
            all.progress = page.progress;
        }
        Ok(all)
    }
}
